//! With what Weir signs in at a server where that is not written down: fetched when a session
//! begins, and given back when the last one that had it has ended. Knows no place that gives them.

use super::Secret;
use std::{fmt, future::Future, pin::Pin, sync::Arc};

/// A user and its password.
#[derive(Clone)]
pub struct Credentials {
    /// The role that signs in; the configured one if nothing.
    pub user: Option<String>,
    /// Its password.
    pub password: Secret,
    /// What is given back once nobody has it any more.
    pub lease: Option<Lease>,
}

impl Credentials {
    /// True if they sign the same user in with the same password.
    pub fn are(&self, others: &Self) -> bool {
        self.user == others.user && self.password.expose() == others.password.expose()
    }
}

/// What is held as long as credentials are in use; it is given back by being dropped.
pub type Lease = Arc<dyn Held>;

/// What somebody has for a while.
pub trait Held: Send + Sync {
    /// True if it ends soon, or has ended: whoever can connect again does so.
    fn is_over(&self) -> bool;
}

/// The answer of a [`Source`], or why there is none, in words that hold no secret.
pub type Fetched = Pin<Box<dyn Future<Output = Result<Credentials, String>> + Send>>;

/// Where credentials come from.
pub trait Source: fmt::Debug + Send + Sync {
    /// Some that are good now.
    fn fetch(&self) -> Fetched;
    /// The server took these no more: if they are what was kept, that is not given again. What
    /// came in their place since stays.
    fn refused(&self, these: &Credentials);
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}
