//! What is made in the background: in turn, for its owner alone, stopped when they say so.

use super::*;
use std::time::Duration;
use tokio::sync::oneshot;

/// What one makes that goes on until it is stopped.
fn endless(job: &Job<&'static str>) -> Result<(&'static str, bool), Failure> {
    job.tell(How::Reads(1, 2));
    while job.goes_on().is_continue() {
        std::thread::sleep(Duration::from_millis(1));
    }
    Err(Failure::Refused("it was broken off".to_owned()))
}

fn asked(who: &str) -> Asked<'_> {
    Asked { who, words: "policy backtest of 7d", how: "a test" }
}

async fn until(job: &Job<&'static str>, how: impl Fn(&How) -> bool) -> How {
    let look = async {
        loop {
            let now = job.listed().how;
            if how(&now) {
                return now;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), look).await.expect("it is never so")
}

#[tokio::test]
async fn one_that_is_stopped_ends_and_lets_the_next_one_begin() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let jobs: Jobs<&'static str> = Jobs::default();
    let first = jobs.begin(&store, &asked("olga"), (), endless).await.unwrap().unwrap();
    until(&first, |how| matches!(how, How::Reads(1, 2))).await;
    let next = jobs.begin(&store, &asked("olga"), (), |_| Ok(("made", true))).await;
    let next = next.unwrap().unwrap();
    assert_eq!(next.listed().how, How::Waits, "the first is made before it");
    // Nobody else knows of it, or stops it.
    assert!(jobs.one("carol", first.id()).is_none() && jobs.of("carol").is_empty());
    assert!(!jobs.stop("carol", first.id()) && !jobs.forget("carol", first.id()));
    assert!(jobs.stop("olga", first.id()));
    assert_eq!(first.listed().how, How::Stopped);
    until(&next, |how| *how == How::Done(true)).await;
    assert_eq!(next.made().as_deref(), Some(&"made"));
    // What came of it afterwards is told to nobody.
    assert_eq!((first.listed().how, first.made()), (How::Stopped, None));
    assert!(!jobs.stop("olga", first.id()), "twice");
}

#[tokio::test]
async fn one_that_waits_is_stopped_before_it_begins() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let jobs: Jobs<&'static str> = Jobs::default();
    let first = jobs.begin(&store, &asked("olga"), (), endless).await.unwrap().unwrap();
    let (told, mut began) = oneshot::channel::<()>();
    let olgas = asked("olga");
    let waits = jobs.begin(&store, &olgas, (), move |_| {
        let _ = told.send(());
        Ok(("made", true))
    });
    let waits = waits.await.unwrap().unwrap();
    assert!(jobs.forget("olga", waits.id()), "what is forgotten is stopped");
    assert_eq!(waits.listed().how, How::Stopped);
    let last = jobs.begin(&store, &asked("olga"), (), |_| Ok(("last", false))).await;
    let last = last.unwrap().unwrap();
    assert!(jobs.stop("olga", first.id()));
    until(&last, |how| *how == How::Done(false)).await;
    assert!(began.try_recv().is_err(), "it was made though nobody wanted it");
}

#[tokio::test]
async fn nobody_has_more_than_five_under_way_and_the_oldest_that_is_over_goes() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let jobs: Jobs<&'static str> = Jobs::default();
    let mut all = Vec::new();
    for _ in 0..OF_ONE {
        all.push(jobs.begin(&store, &asked("olga"), (), endless).await.unwrap().unwrap());
    }
    let sixth = jobs.begin(&store, &asked("olga"), (), endless).await.unwrap();
    assert!(sixth.err().unwrap().contains("stop one"));
    let carols = jobs.begin(&store, &asked("carol"), (), |_| Ok(("made", true))).await;
    let carols = carols.unwrap().unwrap();
    assert!(jobs.stop("olga", all[2].id()));
    let sixth = jobs.begin(&store, &asked("olga"), (), endless).await.unwrap().unwrap();
    assert!(jobs.one("olga", all[2].id()).is_none(), "the place of the one that is over");
    for job in all.iter().chain([&sixth]) {
        job.stop();
    }
    until(&carols, |how| *how == How::Done(true)).await;
    let carols = asked("carol");
    let failed = jobs.begin(&store, &carols, (), |_| {
        Err(Failure::Refused("the period ends before it begins".to_owned()))
    });
    let failed = failed.await.unwrap().unwrap();
    let why = How::Failed("the period ends before it begins".to_owned());
    assert_eq!(until(&failed, How::is_over).await, why);
}

#[tokio::test]
async fn what_is_under_way_ends_with_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let jobs: Jobs<&'static str> = Jobs::default();
    let olgas = asked("olga");
    let (told, ended) = oneshot::channel::<()>();
    let job = jobs.begin(&store, &olgas, (), move |job| {
        let made = endless(job);
        let _ = told.send(());
        made
    });
    let job = job.await.unwrap().unwrap();
    until(&job, |how| matches!(how, How::Reads(1, 2))).await;
    drop(jobs);
    tokio::time::timeout(Duration::from_secs(20), ended).await.unwrap().unwrap();
}
