//! Five are free, each further one costs more, and no clock makes it cheaper.

use super::*;
use std::time::UNIX_EPOCH;

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds)
}

fn limits() -> TryLimits<impl Fn(u32) -> Option<Duration>> {
    TryLimits {
        window: Duration::from_secs(600),
        longest: Duration::from_secs(300),
        delay: |tries: u32| Some(Duration::from_secs(1 << tries.checked_sub(6)?.min(20))),
    }
}

#[tokio::test]
async fn tries_are_counted_before_they_are_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let count = async |name: &str, seconds| {
        store.count_try(name, at(seconds), &limits()).await.unwrap().map_err(|left| left.as_secs())
    };
    for _ in 0..6 {
        assert_eq!(count("carol", 0).await, Ok(()));
    }
    assert_eq!(count("carol", 0).await, Err(1));
    assert_eq!(count("dave", 0).await, Ok(()), "others are not kept out");
    assert_eq!(count("carol", 1).await, Ok(()));
    assert_eq!(count("carol", 1).await, Err(2), "each costs twice as much");
    for _ in 0..20 {
        let left = count("carol", 0).await.err().unwrap_or(0);
        let _ = count("carol", left).await;
    }
    assert!(count("carol", 0).await.unwrap_err() <= 300, "and never more than the longest");
    store.forget_tries("carol").await.unwrap();
    assert_eq!(count("carol", 0).await, Ok(()));
    let mut taken = 0;
    let tries = (0..16).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.count_try("erin", at(9), &limits()).await.unwrap() })
    });
    for one in tries.collect::<Vec<_>>() {
        taken += usize::from(one.await.unwrap().is_ok());
    }
    assert_eq!(taken, 6, "however many try at once");
    assert!(count("erin", 700).await.is_ok(), "what is long ago does not count");
    assert_eq!(count("erin", 700).await, Ok(()));
}
