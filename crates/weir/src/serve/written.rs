//! Says in the log when the ledger cannot be written, and when it can be again: statements are
//! refused meanwhile, and whoever runs Weir must learn why.

use super::Shared;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// How often it is looked.
const LOOK: Duration = Duration::from_millis(250);
/// What works for so long works: a full disk takes a record now and then.
const SURE: Duration = Duration::from_secs(2);

/// Looks for ever.
pub(super) async fn follow(shared: Arc<Shared>) {
    let ledger = &shared.ledger;
    let mut failures = ledger.stats().failures;
    let (mut since, mut last) = (None, Instant::now());
    loop {
        tokio::time::sleep(LOOK).await;
        let (now, cause) = (Instant::now(), ledger.cause());
        let before = std::mem::replace(&mut failures, ledger.stats().failures);
        if cause.is_some() || failures != before {
            last = now;
        }
        match (cause, since) {
            (Some(cause), None) => {
                tracing::error!("statements are refused: {cause}");
                since = Some(now);
            }
            (None, Some(began)) if last.elapsed() >= SURE => {
                let seconds = last.duration_since(began).as_secs();
                tracing::info!(seconds, "the ledger is written again: statements are served");
                since = None;
            }
            (None, None) if failures != before => {
                let failed = failures - before;
                tracing::warn!(failed, "writes of the ledger failed for a moment");
            }
            _ => {}
        }
    }
}
