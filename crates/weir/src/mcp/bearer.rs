//! From a bearer token to who that is. Knows no request.

use crate::{exchange, serve::Shared};
use identity::{Admitted, Credential, IdentityError, Secret, token_hash};
use model::Identity;
use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};

/// How often it is looked whether a sign-in still stands.
const LOOK: Duration = Duration::from_secs(1);

/// Somebody whose token is good now.
#[derive(Clone, Debug)]
pub(super) struct Proven {
    /// Who it is.
    pub(super) identity: Arc<Identity>,
    /// By what.
    pub(super) proof: Proof,
    /// From where they ask.
    pub(super) peer: SocketAddr,
    /// The task that they say they work on.
    pub(super) task: Option<String>,
}

/// What somebody signed in with.
#[derive(Clone, Debug)]
pub(super) enum Proof {
    /// One of their credentials.
    Credential(Arc<Credential>),
    /// A token that a sign-in to the API gave: its hash.
    Token([u8; 32]),
}

impl Proven {
    /// By which credential, if it is one of several.
    pub(super) fn credential(&self) -> Option<&Arc<Credential>> {
        match &self.proof {
            Proof::Credential(credential) => Some(credential),
            Proof::Token(_) => None,
        }
    }

    /// How they proved who they are, for the record.
    pub(super) fn method(&self) -> &'static str {
        match &self.proof {
            Proof::Credential(credential) => credential.kind.as_str(),
            Proof::Token(_) => "token",
        }
    }

    /// Whether who they are, and what they signed in with, still stand. What cannot be looked up
    /// does not.
    pub(super) async fn stands(&self, shared: &Shared) -> bool {
        let name = self.identity.name.as_str();
        if !shared.directory.stands(&self.identity) {
            return false;
        }
        let now = SystemTime::now();
        match &self.proof {
            Proof::Credential(credential) => {
                let still = shared.directory.still(name, credential);
                still.is_some_and(|credential| credential.is_good(now))
            }
            Proof::Token(hash) => match shared.store.token(hash, now).await {
                Ok(who) => who.is_some_and(|who| who.name == name),
                Err(error) => {
                    tracing::error!(%error, "MCP cannot look tokens up");
                    false
                }
            },
        }
    }
}

/// Resolves once a sign-in does not stand any more.
pub(super) async fn over(shared: &Shared, proven: &Proven) {
    while proven.stands(shared).await {
        tokio::time::sleep(LOOK).await;
    }
}

/// Why nobody is let in.
pub(super) enum Nobody {
    /// The token is good for nobody, or not now, or made for somebody else.
    Wrong,
    /// It cannot be said now.
    Unavailable,
}

/// Who has this token. One of Weir's own is made for this Weir and kept by it as a hash, so it has
/// no other audience; a provider's counts if it names the audience that the configuration says.
pub(super) async fn prove(
    shared: &Shared,
    token: &str,
    peer: SocketAddr,
) -> Result<Proven, Nobody> {
    let (secret, now) = (Secret::from(token.to_owned()), SystemTime::now());
    match exchange::bear(shared, secret.clone()).await {
        Ok(Admitted { identity, credential }) => {
            shared.directory.used(&credential, Some(peer.ip()), now);
            let proof = Proof::Credential(credential);
            return Ok(Proven { identity, proof, peer, task: None });
        }
        Err(IdentityError::WrongProof) => {}
        Err(IdentityError::Unavailable) => return Err(Nobody::Unavailable),
        Err(_) => return Err(Nobody::Wrong),
    }
    let hash = token_hash(&secret);
    let who = shared.store.token(&hash, now).await.map_err(|error| {
        tracing::error!(%error, "MCP cannot look tokens up");
        Nobody::Unavailable
    })?;
    let identity = who.and_then(|who| shared.directory.resolve(&who.name));
    let identity = identity.ok_or(Nobody::Wrong)?;
    Ok(Proven { identity, proof: Proof::Token(hash), peer, task: None })
}
