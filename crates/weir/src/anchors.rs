//! Checkpoints where whoever takes this machine cannot change them: committed and pushed to git
//! repositories, and as locked objects in object stores. Nothing waits for it. Folders and
//! witnesses are [`crate::witness`]'s.

mod bucket;
mod git;

use crate::serve::Shared;
use anyhow::Context;
use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, SystemTime},
};
use tlog::Checkpoint;
use tokio::time::Instant;

/// How often it is looked whether an anchor's time has come, at least.
const PAUSE: Duration = Duration::from_secs(60);

/// What is known of one anchor.
#[derive(Default)]
struct Known {
    tried: Option<Instant>,
    /// The size that it has.
    done: Option<u64>,
    /// What was said last about it.
    said: String,
}

/// Writes again and again. What fails is said in the log, once until it changes, and tried again.
pub(crate) async fn follow(shared: Arc<Shared>) {
    let mut known: HashMap<String, Known> = HashMap::new();
    loop {
        let config = shared.config.load_full();
        let ledger = &config.ledger;
        let intervals = ledger.repositories.iter().map(|one| one.interval);
        let intervals = intervals.chain(ledger.buckets.iter().map(|one| one.interval));
        tokio::time::sleep(intervals.min().unwrap_or(PAUSE).min(PAUSE)).await;
        for repository in &ledger.repositories {
            let name = format!("the repository {}", repository.path.display());
            let known = known.entry(name.clone()).or_default();
            if let Some((head, note)) = due(&shared, known, repository.interval, &name) {
                known.end(&name, head.size, git::push(repository, &head, &note).await);
            }
        }
        for bucket in &ledger.buckets {
            let name = format!("the bucket {}", bucket.url);
            let known = known.entry(name.clone()).or_default();
            if let Some((head, note)) = due(&shared, known, bucket.interval, &name) {
                let now = SystemTime::now();
                known.end(&name, head.size, bucket::put(bucket, &head, &note, now).await);
            }
        }
    }
}

/// The newest checkpoint, if the anchor's time has come and it does not have that one.
fn due(
    shared: &Shared,
    known: &mut Known,
    interval: Duration,
    name: &str,
) -> Option<(Checkpoint, String)> {
    if known.tried.is_some_and(|tried| tried.elapsed() < interval) {
        return None;
    }
    known.tried = Some(Instant::now());
    match newest(shared) {
        Ok((head, note)) => (known.done != Some(head.size)).then_some((head, note)),
        Err(error) => {
            known.end(name, 0, Err(error));
            None
        }
    }
}

fn newest(shared: &Shared) -> anyhow::Result<(Checkpoint, String)> {
    let note = ledger::checkpoint(shared.ledger.dir())?.context("there is no checkpoint")?;
    let head = ledger::open_checkpoint(&note, &shared.ledger.keys().log)?;
    Ok((head, note))
}

impl Known {
    fn end(&mut self, name: &str, size: u64, done: anyhow::Result<()>) {
        match done {
            Ok(()) => {
                self.done = Some(size);
                if !std::mem::take(&mut self.said).is_empty() {
                    tracing::info!("{name} takes checkpoints again");
                }
            }
            Err(error) => {
                let what = format!("{error:#}");
                if what != self.said {
                    tracing::warn!("{name}: {what}");
                    self.said = what;
                }
            }
        }
    }
}
