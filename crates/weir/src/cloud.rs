//! Passwords of upstreams by the word of a cloud that knows who Weir is: tokens that are good for
//! minutes, made or fetched when a session begins, and kept until shortly before their end.
//!
//! ```text
//! session ─▶ kept? ─▶ else: AWS    keys of this machine ─▶ a signed request is the password
//!                           GCP    metadata server, or a service account's key ─▶ access token
//!                           Azure  metadata service, or an application's proof ─▶ access token
//! ```
//!
//! Nothing secret is part of an error. Whoever asks is not the one who fetches: what a session's
//! thread does is wait.

mod ask;
mod aws;
mod azure;
mod gcp;

use aws::Aws;
use azure::Azure;
use config::{Clouds, Iam, Upstream};
use engine_pg::upstream::credentials::{Credentials, Fetched, Source};
use gcp::Gcp;
use identity::Secret;
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime},
};
use tokio::runtime::Handle;

/// A token is given to no session any more when so much of its time is left, or half of it if that
/// is less. Metadata services keep giving the same one until minutes before its end.
const SPARE: Duration = Duration::from_secs(120);

/// A password, and how long it is good from now.
struct Token {
    secret: Secret,
    lasts: Duration,
}

/// A cloud's word for one upstream.
pub(crate) struct Cloud {
    inner: Arc<Inner>,
}

struct Inner {
    origin: Origin,
    kept: Mutex<Option<(Instant, Credentials)>>,
    /// One asks at a time: the others get what it gets.
    asking: tokio::sync::Mutex<()>,
    /// The program's runtime: the threads of sessions have enough to do.
    home: Option<Handle>,
}

enum Origin {
    Aws(Aws),
    Gcp(Gcp),
    Azure(Azure),
}

impl Cloud {
    /// For this upstream.
    ///
    /// # Errors
    /// If it cannot be told where the database is, or the HTTP client cannot be made.
    pub(crate) fn new(iam: Iam, clouds: &Clouds, upstream: &Upstream) -> anyhow::Result<Self> {
        let origin = match iam {
            Iam::Aws => Origin::Aws(Aws::new(&clouds.aws, upstream)?),
            Iam::Gcp => Origin::Gcp(Gcp::new(&clouds.gcp)?),
            Iam::Azure => Origin::Azure(Azure::new(&clouds.azure)?),
        };
        let (kept, asking) = (Mutex::default(), tokio::sync::Mutex::default());
        let home = Handle::try_current().ok();
        Ok(Self { inner: Arc::new(Inner { origin, kept, asking, home }) })
    }
}

impl fmt::Debug for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cloud({})", self.inner.origin.name())
    }
}

impl Source for Cloud {
    fn fetch(&self) -> Fetched {
        let inner = Arc::clone(&self.inner);
        Box::pin(async move {
            if let Some(known) = inner.known() {
                return Ok(known);
            }
            let Some(home) = inner.home.clone().or_else(|| Handle::try_current().ok()) else {
                return Err("the program is over".to_owned());
            };
            let asking = home.spawn(async move {
                let _alone = inner.asking.lock().await;
                match inner.known() {
                    Some(known) => Ok(known),
                    None => inner.ask().await.map_err(|error| {
                        format!("{} gives no token: {error:#}", inner.origin.name())
                    }),
                }
            });
            asking.await.unwrap_or_else(|_| Err("the cloud was not asked to the end".to_owned()))
        })
    }

    fn refused(&self, these: &Credentials) {
        let mut kept = self.inner.kept();
        if kept.as_ref().is_some_and(|(_, known)| known.are(these)) {
            *kept = None;
        }
    }
}

impl Inner {
    fn kept(&self) -> MutexGuard<'_, Option<(Instant, Credentials)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What needs no question.
    fn known(&self) -> Option<Credentials> {
        let kept = self.kept();
        let (until, known) = kept.as_ref()?;
        (Instant::now() < *until).then(|| known.clone())
    }

    async fn ask(&self) -> anyhow::Result<Credentials> {
        let (asked, now) = (Instant::now(), SystemTime::now());
        let Token { secret, lasts } = match &self.origin {
            Origin::Aws(aws) => aws.token(now).await?,
            Origin::Gcp(gcp) => gcp.token(now).await?,
            Origin::Azure(azure) => azure.token().await?,
        };
        let credentials = Credentials { user: None, password: secret, lease: None };
        *self.kept() = Some((asked + given_for(lasts), credentials.clone()));
        Ok(credentials)
    }
}

impl Origin {
    const fn name(&self) -> &'static str {
        match self {
            Self::Aws(_) => "AWS",
            Self::Gcp(_) => "GCP",
            Self::Azure(_) => "Azure",
        }
    }
}

/// For how long sessions are given a token that is good for so long.
fn given_for(lasts: Duration) -> Duration {
    lasts.saturating_sub(SPARE.min(lasts / 2))
}

#[cfg(test)]
mod tests;
