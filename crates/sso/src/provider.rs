//! One provider as Weir trusts it: its addresses and its keys, read when needed and kept for a
//! while. Knows no person.
//!
//! A token with a key that is not known makes the keys be read again, since providers change them;
//! but not more often than now and then, whoever sends how many of such tokens.

use crate::{
    Claims, Expected, SsoError, Web,
    check::{check, key_of},
};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use serde_json::Value;
use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};
use tokio::sync::Mutex;

/// How long keys are believed before they are read again.
const KEYS_KEPT: Duration = Duration::from_secs(3_600);
/// How long keys that cannot be read again are still believed: a provider may be down for a while,
/// and a key that it withdrew must not count for ever.
const KEYS_BELIEVED: Duration = Duration::from_secs(24 * 3_600);
/// How often they are read because of keys that are not known.
const KEYS_APART: Duration = Duration::from_secs(5);
/// The most keys of one provider.
const MAX_KEYS: usize = 64;

/// Where a provider answers (OpenID Connect Discovery 1.0, RFC 8414).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// Its name for itself.
    pub issuer: String,
    /// Where browsers are sent.
    pub authorization_endpoint: Option<String>,
    /// Where codes become tokens.
    pub token_endpoint: Option<String>,
    /// Where devices begin (RFC 8628).
    pub device_authorization_endpoint: Option<String>,
    /// Where sign-ins are ended (RFC 7009).
    pub revocation_endpoint: Option<String>,
    /// Where its keys are.
    pub jwks_uri: Option<String>,
    /// It names itself when it sends a browser back (RFC 9207).
    pub names_itself: bool,
}

impl Metadata {
    /// Reads what a provider says about itself.
    pub async fn read(web: &Web, issuer: &str) -> Result<Self, SsoError> {
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let answer = web.get(&url).await?;
        if !answer.good {
            return Err(SsoError::Provider(format!("{url} is not there")));
        }
        let text = |name: &str| answer.body.get(name).and_then(Value::as_str).map(str::to_owned);
        let named = text("issuer").unwrap_or_default();
        // Discovery 4.3: else one provider could speak for another.
        if named != issuer {
            return Err(SsoError::Provider(format!("it calls itself {named:?}, not {issuer:?}")));
        }
        let names_itself = "authorization_response_iss_parameter_supported";
        Ok(Self {
            issuer: named,
            authorization_endpoint: text("authorization_endpoint"),
            token_endpoint: text("token_endpoint"),
            device_authorization_endpoint: text("device_authorization_endpoint"),
            revocation_endpoint: text("revocation_endpoint"),
            jwks_uri: text("jwks_uri"),
            names_itself: answer.body.get(names_itself) == Some(&Value::Bool(true)),
        })
    }
}

/// A provider whose tokens are checked.
#[derive(Debug)]
pub struct Provider {
    web: Web,
    expected: Expected,
    keys: Mutex<Option<Keys>>,
}

/// Keys as they were read.
#[derive(Clone, Debug)]
struct Keys {
    set: Arc<JwkSet>,
    /// When they were read.
    read: Instant,
    /// When they were last asked for, with whatever outcome.
    asked: Instant,
}

impl Provider {
    /// Nothing is asked before the first token comes.
    pub fn new(web: Web, expected: Expected) -> Self {
        Self { web, expected, keys: Mutex::new(None) }
    }

    /// What its tokens must be.
    pub fn expected(&self) -> &Expected {
        &self.expected
    }

    /// What a token says, if it holds. `now` and `instant` are the same moment.
    pub async fn check(
        &self,
        token: &str,
        now: SystemTime,
        instant: Instant,
    ) -> Result<Claims, SsoError> {
        let id = key_of(token)?;
        let known = |set: &JwkSet| match &id {
            Some(id) => set.find(id).is_some(),
            None => !set.keys.is_empty(),
        };
        let keys = self.keys(known, instant).await?;
        Ok(check(token, &keys, &self.expected, now)?)
    }

    /// The keys, read again if they are old or do not have the one that is needed.
    async fn keys(
        &self,
        known: impl Fn(&JwkSet) -> bool,
        now: Instant,
    ) -> Result<Arc<JwkSet>, SsoError> {
        // Held while they are read, so that many tokens at once make one request.
        let mut kept = self.keys.lock().await;
        if let Some(keys) = kept.as_ref() {
            let age = now.saturating_duration_since(keys.read);
            let apart = now.saturating_duration_since(keys.asked) >= KEYS_APART;
            let wanted = !known(&keys.set) || age >= KEYS_KEPT;
            if !(wanted && apart) {
                return believed(keys, now);
            }
        }
        match self.read().await {
            Ok(set) => {
                let set = Arc::new(set);
                *kept = Some(Keys { set: Arc::clone(&set), read: now, asked: now });
                Ok(set)
            }
            Err(error) => match kept.as_mut() {
                Some(keys) => {
                    keys.asked = now;
                    believed(keys, now)
                }
                None => Err(error),
            },
        }
    }

    async fn read(&self) -> Result<JwkSet, SsoError> {
        let metadata = Metadata::read(&self.web, &self.expected.issuer).await?;
        let none = || SsoError::Provider("it names no keys".to_owned());
        let answer = self.web.get(&metadata.jwks_uri.ok_or_else(none)?).await?;
        let list = answer.body.get("keys").and_then(Value::as_array).filter(|_| answer.good);
        // A key of a kind that is not understood is none, and no reason to do without the others.
        let keys = list.ok_or_else(none)?.iter().take(MAX_KEYS);
        let keys = keys.filter_map(|key| serde_json::from_value::<Jwk>(key.clone()).ok());
        Ok(JwkSet { keys: keys.collect() })
    }
}

/// Keys that are not too old.
fn believed(keys: &Keys, now: Instant) -> Result<Arc<JwkSet>, SsoError> {
    if now.saturating_duration_since(keys.read) < KEYS_BELIEVED {
        return Ok(Arc::clone(&keys.set));
    }
    Err(SsoError::Unreachable("its keys could not be read for a day".to_owned()))
}
