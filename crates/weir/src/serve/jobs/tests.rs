//! Jobs that end before they are told to.

use super::*;
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn a_job_that_ends_is_named() {
    runtime().block_on(async {
        let mut jobs = Jobs::default();
        jobs.spawn("sleeper", std::future::pending());
        jobs.spawn("returning", async {});
        assert_eq!(jobs.ended().await, "returning: it ended by itself");
        jobs.spawn("failing", async { panic!("a defect") });
        assert_eq!(jobs.ended().await, "failing: a defect ended it");
        let nothing = tokio::time::timeout(Duration::from_millis(50), jobs.ended()).await;
        assert!(nothing.is_err(), "the sleeper goes on: {nothing:?}");
        jobs.shutdown().await;
    });
}

#[test]
fn a_job_that_is_kept_begins_again() {
    runtime().block_on(async {
        let (begun, mut seen) = tokio::sync::watch::channel(0);
        let mut jobs = Jobs::default();
        jobs.keep("kept", move || {
            let begun = begun.clone();
            async move {
                begun.send_modify(|count| *count += 1);
                let count = *begun.borrow();
                match count {
                    1 => panic!("a defect"),
                    2 => {}
                    _ => std::future::pending().await,
                }
            }
        });
        tokio::select! {
            ended = jobs.ended() => panic!("{ended}"),
            third = seen.wait_for(|count| *count == 3) => assert!(third.is_ok()),
        }
        jobs.shutdown().await;
    });
}
