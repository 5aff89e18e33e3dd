//! Passwords of upstreams from Vault, or from OpenBao, which speaks the same: secrets that stand
//! there (KV), and users of a database that it makes and takes away again (the database engine).
//!
//! ```text
//! sign in (token, AppRole, Kubernetes) ─▶ read a path ─▶ KV: kept for a moment
//!                                                    └─▶ lease: renewed, revoked at the end
//! ```
//!
//! A lease is one for all sessions of an upstream. It is renewed for as long as Vault lets it; what
//! comes after that gets another, and the old one is revoked when the last session that has it
//! ends. Nothing secret is part of an error.

mod client;
mod lease;

use client::{Answer, Client};
use config::Vault;
use engine_pg::upstream::credentials::{Credentials, Fetched, Held, Source};
use identity::Secret;
use lease::Leased;
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::{Duration, Instant},
};

/// How long what stands in Vault is believed without asking again.
const KEPT: Duration = Duration::from_secs(30);

/// One path at a Vault.
pub(crate) struct Place {
    inner: Arc<Inner>,
}

struct Inner {
    client: Arc<Client>,
    path: String,
    kept: Mutex<Kept>,
    /// One asks at a time: the others get what it gets.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Kept {
    standing: Option<(Instant, Credentials)>,
    /// The place has it too, so that it lives between two sessions; [`Place::close`] gives it up.
    leased: Option<Arc<Leased>>,
    closed: bool,
}

impl Place {
    /// A path at this Vault.
    pub(crate) fn new(vault: &Vault, path: &str) -> anyhow::Result<Self> {
        let client = Arc::new(Client::new(vault)?);
        let (kept, asking) = (Mutex::default(), tokio::sync::Mutex::default());
        Ok(Self { inner: Arc::new(Inner { client, path: path.to_owned(), kept, asking }) })
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({})", self.inner.path)
    }
}

impl Source for Place {
    fn fetch(&self) -> Fetched {
        let inner = Arc::clone(&self.inner);
        Box::pin(async move {
            if let Some(known) = inner.known() {
                return Ok(known);
            }
            // Whoever waits may stop waiting: a user that Vault is making must not be lost by that.
            let Some(home) = inner.client.home() else {
                return Err("the program is over".to_owned());
            };
            let asking = home.spawn(async move {
                let _under_way = lease::under_way();
                let _alone = inner.asking.lock().await;
                match inner.known() {
                    Some(known) => Ok(known),
                    None => inner.ask().await.map_err(|error| format!("{error:#}")),
                }
            });
            asking.await.unwrap_or_else(|_| Err("Vault was not asked to the end".to_owned()))
        })
    }

    fn refused(&self, these: &Credentials) {
        let mut kept = self.inner.kept();
        if kept.standing.as_ref().is_some_and(|(_, known)| known.are(these)) {
            kept.standing = None;
        }
        if kept.leased.as_ref().is_some_and(|leased| leased.credentials().are(these)) {
            kept.leased = None;
        }
    }
}

impl Drop for Place {
    /// Sessions that have the lease keep it; without any it is revoked.
    fn drop(&mut self) {
        let mut kept = self.inner.kept();
        (kept.leased, kept.closed) = (None, true);
    }
}

impl Inner {
    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What needs no question.
    fn known(&self) -> Option<Credentials> {
        let mut kept = self.kept();
        if let Some((since, known)) = &kept.standing
            && since.elapsed() < KEPT
        {
            return Some(known.clone());
        }
        match &kept.leased {
            Some(leased) if !leased.is_over() => Some(leased.credentials()),
            _ => {
                kept.leased = None;
                None
            }
        }
    }

    async fn ask(&self) -> anyhow::Result<Credentials> {
        match self.client.read(&self.path).await? {
            Answer::Standing { user, password } => {
                let known = Credentials { user, password: Secret::from(password), lease: None };
                self.kept().standing = Some((Instant::now(), known.clone()));
                Ok(known)
            }
            Answer::Leased(granted) => {
                let leased = Leased::new(&self.client, granted);
                tracing::info!(path = self.path, user = leased.user(), "database user leased");
                tokio::spawn(lease::keep(Arc::downgrade(&leased)));
                let credentials = leased.credentials();
                let mut kept = self.kept();
                if !kept.closed {
                    kept.leased = Some(leased);
                }
                Ok(credentials)
            }
        }
    }
}

/// Gives back everything that was leased, whoever has it: the program ends.
pub(crate) async fn close() {
    lease::close().await;
}

/// For tasks that end with what they are about.
type Watched = Weak<Leased>;

#[cfg(test)]
mod tests;
