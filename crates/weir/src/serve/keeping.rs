//! What is kept for how long: texts that policy kept, records, requests for approval that are over.
//! Knows settings and time, and no text.

use super::Shared;
use anyhow::Context;
use ledger::{Rule, Time, record::Administered};
use std::{
    borrow::Cow,
    sync::Arc,
    time::{Duration, SystemTime},
};

/// How often segments are looked through that may go because their records lie elsewhere too.
const PAUSE: Duration = Duration::from_secs(60);
/// How often records and texts are looked for whose time is over.
const ROUND: Duration = Duration::from_secs(60 * 60);
/// After records were removed others stay for so long, because the index is made anew for it; and
/// so long nothing is removed where the clock may be wrong.
const REST: Duration = Duration::from_secs(24 * 60 * 60);
/// A run that ended longer ago may have ended so by a clock that is ahead alone.
const AWAY: Duration = Duration::from_secs(3 * 24 * 60 * 60);
/// A segment is not written for longer, so that the records of a quiet ledger can go too.
const SEGMENT: Duration = Duration::from_secs(24 * 60 * 60);

/// Folds segments, and removes what is older than it is kept, for ever.
pub(super) async fn follow(shared: Arc<Shared>) {
    let mut next = tokio::time::Instant::now();
    if is_doubtful(shared.ran, SystemTime::now().into()) {
        next += REST;
        let ledger = &shared.config.load().ledger;
        if ledger.retention.is_some() || ledger.keep_text.is_some() {
            tracing::warn!(
                "the newest record of the run before is days old: should the clock be ahead, what \
                 is kept would go too early, so nothing is removed for a day"
            );
        }
    }
    loop {
        let due = tokio::time::Instant::now() >= next;
        if due {
            next += ROUND;
            if let Err(error) = texts(&shared).await {
                tracing::error!("texts whose time is over are still there: {error:#}");
            }
            if let Err(error) = holds(&shared).await {
                tracing::error!("requests whose time is over are still there: {error:#}");
            }
        }
        let working = Arc::clone(&shared);
        // It reads and removes files.
        let done = tokio::task::spawn_blocking(move || {
            fold(&working)?;
            if due { records(&working) } else { Ok(false) }
        });
        match done.await.context("the thread failed").and_then(|done| done) {
            Ok(true) => next += REST,
            Ok(false) => {}
            Err(error) => tracing::error!("the ledger is longer than it should be: {error:#}"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Whether the clock may be ahead: what would be removed by it does not come again. Many machines
/// set it some time after they start.
fn is_doubtful(ran: Option<Time>, now: Time) -> bool {
    ran.is_some_and(|ran| u128::from(now.since(ran)) > AWAY.as_micros())
}

/// Destroys the keys of months that are older than texts are kept. The record comes first: no key
/// ends unseen.
async fn texts(shared: &Shared) -> anyhow::Result<()> {
    let config = shared.config.load();
    let (Some(limit), None) = (config.ledger.keep_text, &config.ledger.hold) else {
        return Ok(());
    };
    let now = SystemTime::now();
    let Some(oldest) = now.checked_sub(limit) else { return Ok(()) };
    // A month has a key while any of its days is young enough.
    let before: String = Time::from(oldest).to_string().chars().take(7).collect();
    let (ledger, vault) = (&shared.ledger, shared.ledger.vault());
    let is_due = |key: &String| key.split('/').next().is_some_and(|month| *month < *before);
    if vault.keys()?.iter().any(is_due) && !ledger.is_held() {
        let what = format!("kept texts from before {before} are forgotten: their time is over");
        let (time, by) = (Time::from(now), Cow::Borrowed("weir"));
        let record = Administered { time, by, what: Cow::Owned(what) };
        let place = ledger.append(&record.into())?;
        ledger.hand_over(place)?;
        ledger.synced(place).await?;
    }
    ledger.unless_held(|| vault.destroy(None, Some(&before))).transpose()?;
    Ok(())
}

/// Forgets requests for approval that are over for so long; the record has them.
async fn holds(shared: &Shared) -> anyhow::Result<()> {
    let config = shared.config.load_full();
    // While a legal hold stands nothing that was kept is destroyed.
    if config.ledger.hold.is_some() {
        return Ok(());
    }
    let keep = config.approvals.keep;
    let Some(before) = SystemTime::now().checked_sub(keep) else { return Ok(()) };
    let gone = shared.store.forget_holds(before).await?;
    if gone > 0 {
        tracing::info!(requests = gone, "requests for approval that were long over are forgotten");
    }
    Ok(())
}

/// Folds the segments that can be, where records are to go some day: until then they lie on disk
/// twice. Nothing is lost by it, so a legal hold does not forbid it.
fn fold(shared: &Shared) -> anyhow::Result<()> {
    if shared.config.load().ledger.retention.is_none() {
        return Ok(());
    }
    if let Some(older) = SystemTime::now().checked_sub(SEGMENT) {
        shared.ledger.roll(Time::from(older))?;
    }
    let folding = shared.ledger.fold()?;
    for damage in folding.refused {
        tracing::error!("a segment stays, and what is older than it: {damage}");
    }
    if folding.folded > 0 {
        tracing::debug!(segments = folding.folded, "segments lie in bundles alone now");
    }
    Ok(())
}

/// Removes records that are older than they are kept and that every export has delivered. True if
/// there were any.
fn records(shared: &Shared) -> anyhow::Result<bool> {
    let config = shared.config.load();
    let (Some(limit), None) = (config.ledger.retention, &config.ledger.hold) else {
        return Ok(false);
    };
    let now = SystemTime::now();
    let Some(oldest) = now.checked_sub(limit) else { return Ok(false) };
    let exports = shared.metrics.exports.load();
    let delivered = exports.as_ref().and_then(|exports| exports.delivered());
    let rule = Rule {
        older: Time::from(oldest),
        before: delivered.unwrap_or(u64::MAX),
        words: &format!("ledger.retention = \"{}\"", words(limit)),
        now: Time::from(now),
    };
    let removed = shared.ledger.prune(&rule)?;
    if let Some(removed) = &removed {
        tracing::info!(from = removed.start, before = removed.end, "records were removed");
    }
    if shared.ledger.is_held() {
        tracing::info!("a legal hold was set: no more records are removed");
    }
    Ok(removed.is_some())
}

/// A time as it is written in the configuration.
fn words(time: Duration) -> String {
    const DAY: u64 = 24 * 60 * 60;
    let seconds = time.as_secs();
    match seconds % DAY {
        0 => format!("{}d", seconds / DAY),
        _ => format!("{seconds}s"),
    }
}
