//! Canaries: taken from the configuration, and what happens where one is met. Knows no bytes.

use super::Shared;
use anyhow::Context;
use config::Config;
use gate::{
    Gate,
    canary::{Canaries, Canary, Met},
};
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

/// How what suspends an identity begins, before the canary's name.
pub(crate) const CANARY: &str = "canary ";
/// The pause before a suspension that failed is tried again; each further one doubles it.
const PAUSE: Duration = Duration::from_millis(100);
/// The longest pause.
const PAUSE_LONGEST: Duration = Duration::from_secs(10);

/// Puts the configuration's canaries in force, for sessions that are open too.
pub(super) fn plant(gate: &Gate, config: &Config) -> anyhow::Result<()> {
    let canary = |canary: &config::Canary| Canary {
        name: canary.name.clone(),
        value: canary.value.clone(),
        database: canary.database.clone(),
        spare: canary.spare.clone(),
    };
    let canaries = Canaries::new(config.canaries.iter().map(canary).collect());
    gate.canaries.store(Arc::new(canaries.map_err(anyhow::Error::msg).context("[[canary]]")?));
    Ok(())
}

/// Suspends whoever met one, and wakes somebody.
pub(super) fn alarm(shared: &Arc<Shared>) -> Box<dyn Fn(Met) + Send + Sync> {
    let shared = Arc::clone(shared);
    Box::new(move |met| {
        tracing::error!(canary = met.canary, identity = met.identity, "{}", met.what);
        shared.metrics.canaries.inc();
        let store = shared.store.clone();
        tokio::spawn(async move {
            let by = format!("{CANARY}\"{}\"", met.canary);
            let mut pause = PAUSE;
            while let Err(error) = store.suspend(&met.identity, &by, SystemTime::now()).await {
                let identity = &met.identity;
                tracing::error!(%error, identity, "an identity that met a canary is not suspended");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSE_LONGEST);
            }
        });
    })
}
