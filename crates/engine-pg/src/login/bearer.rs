//! OAUTHBEARER (RFC 7628): a token instead of a password, over an encrypted channel. Carries the
//! messages; whose token it is, somebody else says.
//!
//! ```text
//! client: n,,^Aauth=Bearer TOKEN^A^A ─▶ who bears it? ─▶ AuthenticationOk
//!                                       └─ nobody ─▶ {"status":"invalid_token",…} ─▶ ^A ─▶ error
//! ```

use super::{Door, Reason, sasl, talk::Talk};
use bytes::BytesMut;
use identity::{Admitted, IdentityError, Secret};
use std::{
    fmt,
    future::Future,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    time::{Instant, SystemTime},
};
use wire_pg::backend::encode;

/// The mechanism's name.
pub(super) const NAME: &str = "OAUTHBEARER";
/// By this setting at start a client asks for it and for nothing else: clients that know several
/// mechanisms take the first that they know.
pub(super) const SETTING: (&str, &str) = ("weir.sign_in", "oauthbearer");
/// What separates pairs.
const SEPARATOR: char = '\x01';

/// The answer to whose a token is.
pub type Answer = Pin<Box<dyn Future<Output = Result<Admitted, IdentityError>> + Send>>;

/// Knows whose a token is.
#[derive(Clone)]
pub struct Bearers {
    admit: Arc<dyn Fn(Secret) -> Answer + Send + Sync>,
    /// Where clients learn how to get a token: a provider's discovery document.
    discovery: Option<String>,
}

impl Bearers {
    /// `admit` says whose a token is; `discovery` is where a token is to be had.
    pub fn new(
        admit: impl Fn(Secret) -> Answer + Send + Sync + 'static,
        discovery: Option<String>,
    ) -> Self {
        Self { admit: Arc::new(admit), discovery }
    }

    /// True if there is somebody from whom a client can get a token.
    pub(super) const fn has_provider(&self) -> bool {
        self.discovery.is_some()
    }

    /// What a client is told whose token is none (RFC 7628 section 3.2.2).
    fn refusal(&self) -> String {
        let mut text = r#"{"status":"invalid_token""#.to_owned();
        if let Some(discovery) = &self.discovery {
            // The address is checked where it is configured; what could end a string is left out.
            let safe: String = discovery.chars().filter(|c| !c.is_control()).collect();
            let safe = safe.replace(['"', '\\'], "");
            text += &format!(r#","scope":"openid","openid-configuration":"{safe}""#);
        }
        text + "}"
    }
}

impl fmt::Debug for Bearers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bearers").field("discovery", &self.discovery).finish_non_exhaustive()
    }
}

/// The exchange after the client's first message.
pub(super) async fn sign_in(
    talk: &mut Talk,
    bearers: &Bearers,
    first: &[u8],
    name: &str,
    (peer, now): (SocketAddr, Instant),
    door: &Door,
) -> Result<Admitted, Reason> {
    let failed = |error| Reason::Bearer { error, name: name.to_owned() };
    let token = parse(first, name).map_err(|what| Reason::Protocol(what.to_owned()))?;
    let outcome = match token {
        // It asks where a token is to be had.
        None => Err(IdentityError::WrongProof),
        Some(token) => {
            let outcome = (bearers.admit)(token).await;
            let outcome = match outcome {
                Ok(Admitted { identity, credential })
                    if credential.signs_in(identity.name.as_str()) != name =>
                {
                    Err(IdentityError::WrongProof)
                }
                other => other,
            };
            let mut attempts = sasl::lock(door);
            match &outcome {
                Ok(_) => attempts.succeeded(peer.ip(), name, now),
                Err(IdentityError::WrongProof) => attempts.failed(peer.ip(), name, now),
                Err(_) => {}
            }
            outcome
        }
    };
    let mut out = BytesMut::new();
    match outcome {
        Ok(admitted) => {
            door.directory.used(&admitted.credential, Some(peer.ip()), SystemTime::now());
            encode::authentication_ok(&mut out);
            talk.send(&out).await?;
            Ok(admitted)
        }
        Err(error) => {
            encode::authentication_sasl_continue(&mut out, bearers.refusal().as_bytes());
            talk.send(&out).await?;
            // RFC 7628 section 3.2.3: the client says that it has heard.
            let _heard = talk.response().await?;
            Err(failed(error))
        }
    }
}

/// The token of a client's first message; nothing if it has none and asks where to get one.
fn parse(first: &[u8], name: &str) -> Result<Option<Secret>, &'static str> {
    let text =
        std::str::from_utf8(first).map_err(|_| "malformed OAUTHBEARER message: not UTF-8")?;
    let (header, rest) = text.split_once(SEPARATOR).ok_or("malformed OAUTHBEARER message")?;
    let authorisation = match header.split(',').collect::<Vec<_>>()[..] {
        ["n" | "y", identity, ""] => identity,
        ["p", ..] => return Err("OAUTHBEARER has no channel binding"),
        _ => return Err("malformed OAUTHBEARER message: its header"),
    };
    // Nobody signs in as one and acts as another.
    if !authorisation.is_empty() && authorisation.strip_prefix("a=") != Some(name) {
        return Err("OAUTHBEARER for another name than the connection's");
    }
    let pairs = rest.strip_suffix(SEPARATOR).ok_or("malformed OAUTHBEARER message: its end")?;
    if !pairs.is_empty() && !pairs.ends_with(SEPARATOR) {
        return Err("malformed OAUTHBEARER message: its end");
    }
    let mut auth = None;
    for pair in pairs.split_terminator(SEPARATOR) {
        let (key, value) = pair.split_once('=').ok_or("malformed OAUTHBEARER message: a pair")?;
        let known = key.chars().all(|c| c.is_ascii_alphabetic()) && !key.is_empty();
        match key {
            "auth" if auth.is_none() => auth = Some(value),
            // RFC 7628 section 3.1: keys that are not known are ignored.
            _ if known && key != "auth" => {}
            _ => return Err("malformed OAUTHBEARER message: a key"),
        }
    }
    let auth = auth.ok_or("malformed OAUTHBEARER message: no auth")?;
    if auth.is_empty() {
        return Ok(None);
    }
    let (scheme, token) = auth.split_once(' ').ok_or("OAUTHBEARER takes a bearer token")?;
    let token = token.trim_start_matches(' ');
    let letter = |c: char| c.is_ascii_alphanumeric() || "-._~+/=".contains(c);
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() || !token.chars().all(letter) {
        return Err("OAUTHBEARER takes a bearer token");
    }
    Ok(Some(Secret::from(token.to_owned())))
}

#[cfg(test)]
mod tests;
