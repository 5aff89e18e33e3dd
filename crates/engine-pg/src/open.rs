//! The sessions that are open now, for whoever watches them, and the way to end one. Knows no
//! messages and no statement.

use crate::login::Client;
use gate::Session;
use model::IdentityKind;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};
use tokio::sync::Notify;

/// A session that is open.
#[derive(Debug)]
pub struct Opened {
    /// Its id in the record.
    pub id: String,
    /// Who: the chain of actors, outermost last.
    pub identity: String,
    /// What the outermost is.
    pub kind: IdentityKind,
    /// The database, by Weir's name.
    pub database: String,
    /// What the client calls itself: a claim.
    pub application: String,
    /// Where the client's packets come from.
    pub address: String,
    /// The connection is encrypted.
    pub tls: bool,
    /// Since when.
    pub since: SystemTime,
    ended: Arc<Notify>,
}

/// All of them, by their ids: these begin with the time.
#[derive(Debug, Default)]
pub(crate) struct Open(Mutex<BTreeMap<String, Arc<Opened>>>);

/// A session's place among them, until it is dropped.
pub(crate) struct Entered {
    open: Arc<Open>,
    opened: Arc<Opened>,
}

impl Opened {
    pub(crate) fn of(client: &Client, session: &Session) -> Self {
        Self {
            id: session.id().to_string(),
            identity: session.identity().chain(),
            kind: session.identity().kind,
            database: session.database().name.to_string(),
            application: client.application_name.clone(),
            address: client.peer.ip().to_string(),
            tls: client.tls,
            since: SystemTime::now(),
            ended: Arc::default(),
        }
    }
}

impl Open {
    pub(crate) fn enter(self: &Arc<Self>, opened: Opened) -> Entered {
        let opened = Arc::new(opened);
        self.lock().insert(opened.id.clone(), Arc::clone(&opened));
        Entered { open: Arc::clone(self), opened }
    }

    pub(crate) fn all(&self) -> Vec<Arc<Opened>> {
        self.lock().values().rev().map(Arc::clone).collect()
    }

    /// True if there was one to end.
    pub(crate) fn end(&self, session: &str) -> bool {
        let found = self.lock().get(session).map(Arc::clone);
        // One that is told before it listens hears it then.
        found.inspect(|opened| opened.ended.notify_one()).is_some()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Opened>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entered {
    /// Notified once somebody ends it.
    pub(crate) fn ended(&self) -> Arc<Notify> {
        Arc::clone(&self.opened.ended)
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.open.lock().remove(&self.opened.id);
    }
}
