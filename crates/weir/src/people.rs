//! Carries identities from the store to where they are asked for: accounts into the directory, and
//! events into the ledger. Knows no session and no password.

use anyhow::Context;
use identity::{Directory, Entry, ScramVerifier};
use ledger::{
    Ledger,
    record::{Administered, IdentityChanged},
};
use model::{Identity, IdentityKind};
use std::{borrow::Cow, time::Duration};
use store::{Account, Store};

/// Events copied at once: between two batches the store learns that the ledger holds them.
const BATCH: u32 = 256;

/// How long a follower waits after the store failed before it tries again.
const RETRY: Duration = Duration::from_secs(1);

/// Puts everybody into the directory; gives how many there are.
pub(crate) async fn publish(store: &Store, directory: &Directory) -> anyhow::Result<usize> {
    let accounts = store.identities().await.context("identities cannot be read")?;
    let entries: Vec<Entry> = accounts.into_iter().filter_map(entry).collect();
    let count = entries.len();
    directory.publish(entries);
    Ok(count)
}

/// An account as the directory takes it. One whose verifier cannot be read is left out: nobody can
/// sign in with what is not understood.
fn entry(account: Account) -> Option<Entry> {
    let verifier = match ScramVerifier::parse(account.verifier.expose()) {
        Ok(verifier) => verifier,
        Err(_) => {
            tracing::error!(identity = %account.name, "the stored verifier cannot be read");
            return None;
        }
    };
    // Of the delegator only the name counts here: the directory fills in the rest.
    let delegator =
        |name| Identity { name, kind: IdentityKind::Person, groups: Vec::new(), acts_for: None };
    let identity = Identity {
        name: account.name,
        kind: account.kind,
        groups: account.groups,
        acts_for: account.acts_for.map(|name| Box::new(delegator(name))),
    };
    Some(Entry { identity, verifier, enabled: account.enabled })
}

/// Copies what was done to identities into the ledger, also while Weir was not running; gives how
/// many events there were. An event counts as copied once its record is on stable storage: a crash
/// in between repeats a record and loses none.
pub(crate) async fn copy_events(store: &Store, ledger: &Ledger) -> anyhow::Result<u64> {
    let mut copied = 0;
    loop {
        let events = store.events(BATCH).await.context("identity events cannot be read")?;
        let Some(newest) = events.last().map(|event| event.id) else {
            return Ok(copied);
        };
        let mut last = None;
        for event in &events {
            let (time, by, what) = (event.at.into(), event.by.as_str(), event.what.as_str());
            let (by, what) = (Cow::Borrowed(by), Cow::Borrowed(what));
            let record = match event.identity.as_str() {
                "" => Administered { time, by, what }.into(),
                identity => {
                    IdentityChanged { time, by, identity: Cow::Borrowed(identity), what }.into()
                }
            };
            last = Some(ledger.append(&record)?);
            copied += 1;
        }
        if let Some(last) = last {
            ledger.hand_over(last)?;
            ledger.synced(last).await?;
        }
        store.recorded(newest).await.context("identity events cannot be marked")?;
    }
}

/// Follows the store for ever. `seen` is told after each look how many identities there are, or
/// that the store failed; what was published last stays in force then.
pub(crate) async fn follow(
    store: Store,
    directory: std::sync::Arc<Directory>,
    ledger: Ledger,
    seen: impl Fn(Result<usize, ()>),
) {
    loop {
        if let Err(error) = follow_once(&store, &directory, &ledger, &seen).await {
            seen(Err(()));
            tracing::error!("identities are not up to date: {error:#}");
            tokio::time::sleep(RETRY).await;
        }
    }
}

async fn follow_once(
    store: &Store,
    directory: &Directory,
    ledger: &Ledger,
    seen: &impl Fn(Result<usize, ()>),
) -> anyhow::Result<()> {
    // The feed is opened before the first look, so that no change falls between the two.
    let mut feed = store.changes().await?;
    loop {
        seen(Ok(publish(store, directory).await?));
        copy_events(store, ledger).await?;
        feed.changed().await?;
    }
}

#[cfg(test)]
mod tests;
