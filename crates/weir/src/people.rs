//! Carries identities from the store into the directory, where they are asked for. Knows no session
//! and no password.

use anyhow::Context;
use identity::{Credential, Directory, Entry, ScramVerifier};
use model::{Identity, IdentityKind};
use std::{collections::HashMap, time::SystemTime};
use store::{Account, KeptCredential, Store};

/// Puts everybody into the directory; gives how many there are.
pub(crate) async fn publish(store: &Store, directory: &Directory) -> anyhow::Result<usize> {
    let accounts = store.identities().await.context("identities cannot be read")?;
    let mut credentials = credentials(store, SystemTime::now()).await?;
    let halves = store.second_factors().await.context("second factors cannot be read")?;
    let revoked = store.revoked_certificates().await.context("certificates cannot be read")?;
    directory.publish_certificates(revoked);
    directory.publish_ended(store.ended().await.context("what was ended cannot be read")?);
    let entry = |account: Account| {
        let own = credentials.remove(account.name.as_str()).unwrap_or_default();
        let half = halves.contains(account.name.as_str());
        entry(account, half, own)
    };
    let entries: Vec<Entry> = accounts.into_iter().filter_map(entry).collect();
    let count = entries.len();
    directory.publish(entries);
    Ok(count)
}

/// What everybody signs in with beside a password, by their names.
async fn credentials(
    store: &Store,
    now: SystemTime,
) -> anyhow::Result<HashMap<String, Vec<Credential>>> {
    let kept = store.credentials(None).await.context("credentials cannot be read")?;
    let mut all: HashMap<String, Vec<Credential>> = HashMap::new();
    for one in kept.into_iter().filter(|one| one.is_live(now)) {
        let name = one.new.identity.to_string();
        all.entry(name).or_default().extend(credential(one));
    }
    Ok(all)
}

/// A credential as the directory takes it; nothing if its verifier cannot be read.
fn credential(kept: KeptCredential) -> Option<Credential> {
    let new = kept.new;
    let Ok(verifier) = ScramVerifier::parse(new.verifier.expose()) else {
        tracing::error!(id = %new.id, "the verifier of a credential cannot be read");
        return None;
    };
    Some(Credential {
        id: new.id,
        kind: new.kind,
        verifier,
        hash: Some(new.hash),
        not_before: new.not_before,
        expires: new.expires,
        databases: new.databases,
        source: new.source,
        task: new.delegated.as_ref().and_then(|one| one.task.clone()),
        half: false,
        number: 0,
        acts_for: new.delegated.map(|one| one.acts_for.to_string()),
    })
}

/// An account as the directory takes it. One whose verifier cannot be read is left out: nobody can
/// sign in with what is not understood.
fn entry(account: Account, second_factor: bool, credentials: Vec<Credential>) -> Option<Entry> {
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
    let (passwords, enabled) = (account.passwords, account.enabled);
    Some(Entry { identity, verifier, passwords, enabled, second_factor, credentials })
}

#[cfg(test)]
mod tests;
