//! What runs beside the sessions for as long as Weir does. Knows names, and not what a job does.
//!
//! A job that ends although nobody told it to is a defect of the program, and what it kept up to
//! date would go stale in silence: who was disabled would stay in. So one that needs nothing but
//! what it is begun with is begun again, and any other ends Weir, whose service manager starts it
//! anew.

use std::{collections::HashMap, future::Future, time::Duration};
use tokio::task::{Id, JoinError, JoinSet};

/// How long after its end a job is begun again.
const PAUSE: Duration = Duration::from_secs(1);

/// The jobs. Dropped, all of them end.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    set: JoinSet<()>,
    names: HashMap<Id, &'static str>,
}

impl Jobs {
    /// Begins a job without which Weir does not go on.
    pub(super) fn spawn(
        &mut self,
        name: &'static str,
        job: impl Future<Output = ()> + Send + 'static,
    ) {
        let id = self.set.spawn(job).id();
        self.names.insert(id, name);
    }

    /// Begins a job, and begins it again whenever it ends.
    pub(super) fn keep<F>(&mut self, name: &'static str, begin: impl Fn() -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.spawn(name, async move {
            loop {
                let mut one = JoinSet::new();
                one.spawn(begin());
                let ended = one.join_next().await.unwrap_or(Ok(()));
                tracing::error!(job = name, "{}; it begins again", words(&ended));
                tokio::time::sleep(PAUSE).await;
            }
        });
    }

    /// Resolves when a job ended without which Weir does not go on, and says which and how.
    pub(super) async fn ended(&mut self) -> String {
        let (id, ended) = match self.set.join_next_with_id().await {
            Some(Ok((id, ()))) => (id, Ok(())),
            Some(Err(error)) => (error.id(), Err(error)),
            None => return std::future::pending().await,
        };
        format!("{}: {}", self.names.get(&id).unwrap_or(&"a job"), words(&ended))
    }

    /// Ends all of them.
    pub(super) async fn shutdown(&mut self) {
        self.set.shutdown().await;
    }
}

fn words(ended: &Result<(), JoinError>) -> &'static str {
    match ended {
        Err(error) if error.is_panic() => "a defect ended it",
        _ => "it ended by itself",
    }
}

#[cfg(test)]
mod tests;
