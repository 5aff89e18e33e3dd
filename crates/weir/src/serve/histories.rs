//! Keeps what identities did before in the store, and brings it back. Knows not what it says.

use super::Shared;
use anyhow::Context;
use gate::history::Histories;
use std::{sync::Arc, time::Duration};
use store::Store;

/// How often it is kept; a crash forgets what is younger.
const PAUSE: Duration = Duration::from_secs(10);

/// Brings back what was kept.
pub(super) async fn restore(store: &Store) -> anyhow::Result<Histories> {
    let kept = store.histories().await.context("what identities did before cannot be read")?;
    let histories = Histories::default();
    histories.restore(kept.into_iter());
    Ok(histories)
}

/// Keeps what changes, for ever.
pub(super) async fn follow(shared: Arc<Shared>) {
    loop {
        tokio::time::sleep(PAUSE).await;
        keep(&shared).await;
    }
}

/// Keeps what changed.
pub(super) async fn keep(shared: &Shared) {
    let changed = shared.histories.changed();
    if changed.is_empty() {
        return;
    }
    if let Err(error) = shared.store.keep_histories(&changed).await {
        shared.histories.not_kept(&changed);
        tracing::error!(%error, "what identities did cannot be kept now; a restart forgets it");
    }
}
