//! One provider as Weir trusts it: its addresses and its keys, read when needed and kept for a
//! while. Knows no person.
//!
//! A token with a key that is not known makes the keys be read again, since providers change them;
//! but not more often than now and then, whoever sends how many of such tokens.

use crate::{
    Claims, Expected, SsoError, Web,
    check::{Event, check, event, key_of},
};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use serde_json::Value;
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime},
};

/// How long keys are believed before they are read again.
const KEYS_KEPT: Duration = Duration::from_secs(3_600);
/// How long keys that cannot be read again are still believed: a provider may be down for a while,
/// and a key that it withdrew must not count for ever.
const KEYS_BELIEVED: Duration = Duration::from_secs(24 * 3_600);
/// How often they are read because of keys that are not known.
const KEYS_APART: Duration = Duration::from_secs(5);
/// The most keys of one provider.
const MAX_KEYS: usize = 64;
/// The longest file of keys: bytes.
const MAX_FILE: u64 = 512 << 10;

/// Where keys are: a JSON Web Key Set (RFC 7517).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeysAt {
    /// Where the issuer's own description says.
    Discovery,
    /// At an address.
    Url(String),
    /// In a file, which is read as often as an address would be.
    File(PathBuf),
}

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
    keys_at: KeysAt,
    /// Held for a moment, never while the provider is asked.
    kept: Mutex<Kept>,
    /// Held by whoever asks the provider. Who needs nothing new does not wait for it.
    reading: tokio::sync::Mutex<()>,
}

/// What is known of its keys.
#[derive(Clone, Debug, Default)]
struct Kept {
    /// The keys, and when they were read.
    keys: Option<(Arc<JwkSet>, Instant)>,
    /// When they were last asked for, with whatever outcome.
    asked: Option<Instant>,
}

impl Kept {
    /// True if a token can be checked by keys that need not be read again yet.
    fn suffices(&self, known: impl Fn(&JwkSet) -> bool, now: Instant) -> bool {
        let young = |read: &Instant| now.saturating_duration_since(*read) < KEYS_KEPT;
        self.keys.as_ref().is_some_and(|(set, read)| known(set) && young(read))
    }

    /// Keys that are not too old.
    fn believed(&self, now: Instant) -> Result<Arc<JwkSet>, SsoError> {
        let (set, read) = self.keys.as_ref().ok_or_else(|| {
            SsoError::Unreachable("its keys could not be read a moment ago".to_owned())
        })?;
        if now.saturating_duration_since(*read) < KEYS_BELIEVED {
            return Ok(Arc::clone(set));
        }
        Err(SsoError::Unreachable("its keys could not be read for a day".to_owned()))
    }
}

impl Provider {
    /// Nothing is asked before the first token comes.
    pub fn new(web: Web, expected: Expected) -> Self {
        let (kept, reading) = (Mutex::default(), tokio::sync::Mutex::default());
        Self { web, expected, keys_at: KeysAt::Discovery, kept, reading }
    }

    /// The same with keys from elsewhere.
    pub fn with_keys(self, keys_at: KeysAt) -> Self {
        Self { keys_at, ..self }
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
        let keys = self.keys_for(token, instant).await?;
        Ok(check(token, &keys, &self.expected, now)?)
    }

    /// What a security event says, if it holds.
    pub async fn event(
        &self,
        token: &str,
        now: SystemTime,
        instant: Instant,
    ) -> Result<Event, SsoError> {
        let keys = self.keys_for(token, instant).await?;
        Ok(event(token, &keys, &self.expected, now)?)
    }

    async fn keys_for(&self, token: &str, instant: Instant) -> Result<Arc<JwkSet>, SsoError> {
        let id = key_of(token)?;
        let known = |set: &JwkSet| match &id {
            Some(id) => set.find(id).is_some(),
            None => !set.keys.is_empty(),
        };
        self.keys(known, instant).await
    }

    /// The keys, read again if they are old or do not have the one that is needed. Of those whose
    /// key is known at most one waits for that, whoever else makes them be read.
    async fn keys(
        &self,
        known: impl Fn(&JwkSet) -> bool,
        now: Instant,
    ) -> Result<Arc<JwkSet>, SsoError> {
        let kept = self.kept().clone();
        if kept.suffices(&known, now) {
            return kept.believed(now);
        }
        let _reading = match kept.keys.as_ref().is_some_and(|(set, _)| known(set)) {
            true => match self.reading.try_lock() {
                Ok(reading) => reading,
                Err(_) => return kept.believed(now),
            },
            // Many tokens at once make one request.
            false => self.reading.lock().await,
        };
        let kept = self.kept().clone();
        let apart = |asked| now.saturating_duration_since(asked) >= KEYS_APART;
        if kept.suffices(&known, now) || !kept.asked.is_none_or(apart) {
            return kept.believed(now);
        }
        // Also if whoever asks goes away meanwhile.
        self.kept().asked = Some(now);
        let begun = Instant::now();
        let outcome = self.read().await;
        let mut kept = self.kept();
        kept.asked = Some(now + begun.elapsed());
        match outcome {
            Ok(set) => {
                let set = Arc::new(set);
                kept.keys = Some((Arc::clone(&set), now));
                Ok(set)
            }
            Err(error) if kept.keys.is_none() => Err(error),
            Err(_) => kept.believed(now),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Nothing is half done when somebody fails who holds it.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn read(&self) -> Result<JwkSet, SsoError> {
        let none = || SsoError::Provider("it names no keys".to_owned());
        let body = match &self.keys_at {
            KeysAt::Discovery => {
                let metadata = Metadata::read(&self.web, &self.expected.issuer).await?;
                self.get(&metadata.jwks_uri.ok_or_else(none)?).await?
            }
            KeysAt::Url(url) => self.get(url).await?,
            KeysAt::File(path) => {
                let unreadable = |error| SsoError::Unreachable(format!("{path:?}: {error}"));
                let length = tokio::fs::metadata(path).await.map_err(unreadable)?.len();
                if length > MAX_FILE {
                    return Err(SsoError::Provider("its file of keys is too long".to_owned()));
                }
                let text = tokio::fs::read(path).await.map_err(unreadable)?;
                serde_json::from_slice(&text).map_err(|_| none())?
            }
        };
        let list = body.get("keys").and_then(Value::as_array).ok_or_else(none)?;
        // A key of a kind that is not understood is none, and no reason to do without the others.
        let keys = list.iter().take(MAX_KEYS);
        let keys = keys.filter_map(|key| serde_json::from_value::<Jwk>(key.clone()).ok());
        Ok(JwkSet { keys: keys.collect() })
    }

    async fn get(&self, url: &str) -> Result<Value, SsoError> {
        let answer = self.web.get(url).await?;
        match answer.good {
            true => Ok(answer.body),
            false => Err(SsoError::Provider("its keys are not there".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests;
