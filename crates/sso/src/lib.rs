//! Signing in elsewhere: what a provider of OpenID Connect says about a person, checked; and the
//! two ways in which a person's own program asks for it. Knows no identity of Weir's, no store and
//! no route.
//!
//! ```text
//! weir login:  Flow ── browser or device ──▶ provider ──▶ ID token
//! weir serve:  Provider ── discovery, keys (cached) ──▶ check(ID token, now) ──▶ Claims
//! ```
//!
//! Signatures are `jsonwebtoken`'s, over the same crypto library as TLS; every claim is checked
//! here, with the time as an argument. Only signatures with a public key are accepted: nobody who
//! knows that key can make one.

pub mod check;
pub mod error;
pub mod fetch;
pub mod flow;
pub mod provider;

pub use check::{Claims, Event, Expected, Wrong};
pub use error::SsoError;
pub use fetch::Web;
pub use flow::{Device, Flow, Pending, Tokens};
pub use jsonwebtoken::Algorithm;
pub use provider::{KeysAt, Metadata, Provider};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// 32 random bytes as letters: a state, a nonce, a PKCE verifier.
pub(crate) fn random() -> Result<String, SsoError> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|_| SsoError::Random)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
