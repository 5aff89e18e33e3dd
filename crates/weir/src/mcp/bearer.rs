//! From a bearer token to who that is. Knows no request.

use crate::{exchange, serve::Shared};
use identity::{Admitted, Credential, IdentityError, Secret, token_hash};
use model::Identity;
use std::{net::SocketAddr, sync::Arc, time::SystemTime};

/// Somebody whose token is good now.
#[derive(Clone, Debug)]
pub(super) struct Proven {
    /// Who it is.
    pub(super) identity: Arc<Identity>,
    /// By which credential, if it is one of several.
    pub(super) credential: Option<Arc<Credential>>,
    /// How they proved it, for the record.
    pub(super) method: &'static str,
    /// From where they ask.
    pub(super) peer: SocketAddr,
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
            shared.directory.used(&credential, now);
            let method = credential.kind.as_str();
            return Ok(Proven { identity, credential: Some(credential), method, peer });
        }
        Err(IdentityError::WrongProof) => {}
        Err(IdentityError::Unavailable) => return Err(Nobody::Unavailable),
        Err(_) => return Err(Nobody::Wrong),
    }
    let who = shared.store.token(&token_hash(&secret), now).await.map_err(|error| {
        tracing::error!(%error, "MCP cannot look tokens up");
        Nobody::Unavailable
    })?;
    let identity = who.and_then(|who| shared.directory.resolve(&who.name));
    let identity = identity.ok_or(Nobody::Wrong)?;
    Ok(Proven { identity, credential: None, method: "token", peer })
}
