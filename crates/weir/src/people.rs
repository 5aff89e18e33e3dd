//! Carries identities from the store into the directory, where they are asked for. Knows no session
//! and no password.

use anyhow::Context;
use identity::{Directory, Entry, ScramVerifier};
use model::{Identity, IdentityKind};
use store::{Account, Store};

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

#[cfg(test)]
mod tests;
