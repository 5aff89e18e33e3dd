//! The end of texts that policy kept, when their time is over. Knows no text.

use super::Shared;
use ledger::{Time, record::Administered};
use std::{
    borrow::Cow,
    sync::Arc,
    time::{Duration, SystemTime},
};

/// How often it is looked: what is destroyed is whole months.
const PAUSE: Duration = Duration::from_secs(60 * 60);

/// Destroys the keys of months that are older than texts are kept, for ever.
pub(super) async fn follow(shared: Arc<Shared>) {
    loop {
        if let Err(error) = once(&shared) {
            tracing::error!("texts whose time is over are still there: {error:#}");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn once(shared: &Shared) -> anyhow::Result<()> {
    let config = shared.config.load();
    let (Some(limit), None) = (config.ledger.keep_text, &config.ledger.hold) else {
        return Ok(());
    };
    let now = SystemTime::now();
    let Some(oldest) = now.checked_sub(limit) else { return Ok(()) };
    // A month has a key while any of its days is young enough.
    let before: String = Time::from(oldest).to_string().chars().take(7).collect();
    let destroyed = shared.ledger.vault().destroy(None, Some(&before))?;
    if !destroyed.is_empty() {
        let what = format!("kept texts from before {before} are forgotten: their time is over");
        let (time, by) = (Time::from(now), Cow::Borrowed("weir"));
        let record = Administered { time, by, what: Cow::Owned(what) };
        shared.ledger.append(&record.into())?;
    }
    Ok(())
}
