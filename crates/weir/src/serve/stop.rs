//! Signals: when to stop and when to read files again. Knows not what is stopped.

use anyhow::Context;
use std::sync::Arc;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

/// How far stopping has come. Ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stop {
    /// Not at all.
    Run,
    /// No new sessions; those that are open may end by themselves.
    Drain,
    /// Everything ends.
    Now,
}

/// The source of what follows.
pub(crate) struct Signals {
    stop: Arc<watch::Sender<Stop>>,
    reload: watch::Receiver<u64>,
}

/// Tells when to stop. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Stopping(watch::Receiver<Stop>);

/// Tells when to read files again.
#[derive(Clone, Debug)]
pub(crate) struct Reloads(watch::Receiver<u64>);

/// Listens for SIGTERM and SIGINT (the first drains, the second ends) and SIGHUP.
pub(crate) fn listen() -> anyhow::Result<Signals> {
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT")?;
    let mut hangup = signal(SignalKind::hangup()).context("SIGHUP")?;
    let stop = Arc::new(watch::Sender::new(Stop::Run));
    let told = Arc::clone(&stop);
    let (reload, reload_seen) = watch::channel(0);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                Some(()) = terminate.recv() => further(&told),
                Some(()) = interrupt.recv() => further(&told),
                Some(()) = hangup.recv() => reload.send_modify(|count| *count += 1),
                else => return,
            }
        }
    });
    Ok(Signals { stop, reload: reload_seen })
}

fn further(stop: &watch::Sender<Stop>) {
    stop.send_modify(|now| *now = if *now == Stop::Run { Stop::Drain } else { Stop::Now });
}

impl Signals {
    /// When to stop.
    pub(crate) fn stopping(&self) -> Stopping {
        Stopping(self.stop.subscribe())
    }

    /// As if it had been told twice.
    pub(crate) fn end(&self) {
        self.stop.send_replace(Stop::Now);
    }

    /// When to read files again.
    pub(crate) fn reloads(&self) -> Reloads {
        Reloads(self.reload.clone())
    }
}

impl Stopping {
    /// Resolves when stopping has come so far, at once if it has already.
    pub(crate) async fn wait(&self, upto: Stop) {
        let mut seen = self.0.clone();
        // The sender is gone only when the runtime ends: that is a stop too.
        let _ = seen.wait_for(|now| *now >= upto).await;
    }
}

impl Reloads {
    /// Resolves at the next SIGHUP; never if none can come any more.
    pub(crate) async fn next(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
