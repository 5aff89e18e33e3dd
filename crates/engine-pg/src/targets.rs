//! The databases that sessions can be opened to. What is known of one (its catalog, its labels, the
//! plans made of them) is known once, whatever became of the settings that it was opened with: a
//! value that one session writes must not be new to another.

use crate::{
    knowledge::Keeper,
    role::Roles,
    upstream::{UpstreamConfig, parting::AsSet},
};
use std::{
    collections::HashMap,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
};

/// A database that sessions can be opened to.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) database: Arc<gate::Database>,
    pub(crate) roles: Roles,
    pub(crate) upstream: UpstreamConfig,
    pub(crate) keeper: Arc<Keeper>,
    /// Had by whoever waits for a place at a server that is full, one after the other.
    pub(crate) turn: tokio::sync::Mutex<()>,
    /// No session is opened to it any more.
    pub(crate) retired: AtomicBool,
    /// What its server sets for whoever signs in.
    pub(crate) as_set: AsSet,
}

/// See the module's own page.
#[derive(Debug, Default)]
pub(crate) struct Targets {
    open: HashMap<String, Arc<Target>>,
    /// Those before a change of settings, until it is in force.
    before: HashMap<String, Arc<Target>>,
    /// Those that no session is opened to any more, as long as one is open.
    left: HashMap<String, Weak<Keeper>>,
}

impl Targets {
    pub(crate) fn get(&self, name: &str) -> Option<Arc<Target>> {
        self.open.get(name).map(Arc::clone)
    }

    /// Those that sessions are opened to.
    pub(crate) fn open(&self) -> impl Iterator<Item = (&String, &Arc<Target>)> {
        self.open.iter()
    }

    /// What is known of the database of this name if it is where these settings say. It is reached
    /// by them from now on.
    pub(crate) fn known(
        &self,
        name: &str,
        upstream: &UpstreamConfig,
        environment: &str,
        counters: &Arc<gate::Counters>,
    ) -> Option<Arc<Keeper>> {
        let before = self.before.get(name).map(|target| Arc::clone(&target.keeper));
        let keeper = before.or_else(|| self.left.get(name).and_then(Weak::upgrade))?;
        let database = keeper.database();
        let same = keeper.is_at(upstream)
            && database.environment == environment
            && Arc::ptr_eq(&database.counters, counters);
        same.then(|| {
            keeper.reach(upstream.clone());
            keeper
        })
    }

    pub(crate) fn add(&mut self, name: &str, target: Arc<Target>) -> Arc<Target> {
        self.open.insert(name.to_owned(), Arc::clone(&target));
        target
    }

    /// Lets go of one that could not be reached.
    pub(crate) fn forget(&mut self, name: &str) {
        if let Some(target) = self.open.remove(name) {
            self.leave(name.to_owned(), &target);
        }
    }

    /// Lets go of all of them, until [`Self::settle`] within reach of those that are opened anew.
    pub(crate) fn let_go(&mut self) {
        self.before = std::mem::take(&mut self.open);
        for target in self.before.values() {
            target.retired.store(true, Ordering::Release);
        }
    }

    /// Says that those which the settings name are open.
    pub(crate) fn settle(&mut self) {
        for (name, target) in std::mem::take(&mut self.before) {
            self.leave(name, &target);
        }
    }

    fn leave(&mut self, name: String, target: &Arc<Target>) {
        target.retired.store(true, Ordering::Release);
        self.left.retain(|_, keeper| keeper.strong_count() > 0);
        self.left.insert(name, Arc::downgrade(&target.keeper));
    }
}
