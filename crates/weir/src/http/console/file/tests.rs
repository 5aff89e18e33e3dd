//! Files that leave while they are made, read to their end, cut off, and not read at all.

use super::*;
use axum::body::to_bytes;
use std::{
    sync::{Arc, atomic::AtomicUsize, atomic::Ordering},
    time::Duration,
};

const NAME: (&str, &str) = ("text/csv", "weir-answer.csv");
/// Enough that it does not fit into what may wait.
const LONG: usize = PIECE * (WAITING + 4);

#[tokio::test]
async fn all_of_it_arrives_in_order() {
    let made = file(NAME, |lines| {
        for number in 0..100_000 {
            if lines.line(&number.to_string()).is_break() {
                break;
            }
        }
        Ok(())
    });
    let text = to_bytes(made.await.unwrap().into_body(), usize::MAX).await.unwrap();
    let text = std::str::from_utf8(&text).unwrap();
    assert!(text.lines().enumerate().all(|(at, line)| line == at.to_string()));
    assert_eq!(text.lines().count(), 100_000);
}

#[tokio::test]
async fn what_fails_at_once_is_no_file_and_what_fails_later_is_cut_off() {
    let at_once = file(NAME, |_| Err(IndexError::Missing)).await;
    assert!(matches!(at_once, Err(No::Unavailable(_))), "{at_once:?}");
    let later = file(NAME, |lines| {
        let _ = lines.line(&"x".repeat(LONG));
        Err(IndexError::Slow(Duration::from_secs(10)))
    });
    let body = later.await.unwrap().into_body();
    assert!(to_bytes(body, usize::MAX).await.is_err(), "a part was taken for the whole");
}

#[tokio::test]
async fn nothing_is_made_for_nobody_or_ahead_of_who_reads() {
    let written = Arc::new(AtomicUsize::new(0));
    let (ended, end) = tokio::sync::oneshot::channel();
    let count = Arc::clone(&written);
    let answer = file(NAME, move |lines| {
        let line = "x".repeat(PIECE);
        while lines.line(&line).is_continue() {
            count.fetch_add(1, Ordering::Relaxed);
        }
        let _ = ended.send(());
        Ok(())
    });
    let answer = answer.await.unwrap();
    // Nobody reads: no more is made than may wait.
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(written.load(Ordering::Relaxed) <= WAITING + 2, "{written:?} pieces");
    drop(answer);
    tokio::time::timeout(Duration::from_secs(20), end).await.unwrap().unwrap();
}
