//! One database of Weir's and what is known of it: catalog, labels, decided plans. Knows no
//! identity and no connection.

use crate::{cache::PlanCache, counters::Counters};
use arc_swap::ArcSwap;
use model::{Catalog, DatabaseName, LabelMap};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Catalog and labels as of one moment; they are replaced together.
#[derive(Debug, Default)]
pub struct Knowledge {
    /// The catalog.
    pub catalog: Arc<Catalog>,
    /// The labels.
    pub labels: Arc<LabelMap>,
    /// 0 until something was read; then the value of [`Database::wanted`] at the moment before
    /// the reading began.
    pub generation: u64,
}

/// A database that clients can ask for.
#[derive(Debug)]
pub struct Database {
    /// The name by which clients ask.
    pub name: DatabaseName,
    /// `production`, `staging`, …: for policy.
    pub environment: String,
    knowledge: ArcSwap<Knowledge>,
    wanted: AtomicU64,
    pub(crate) plans: PlanCache,
    /// What is counted of it; several databases may be counted together.
    pub counters: Arc<Counters>,
}

impl Database {
    /// A database of which nothing is known yet.
    pub fn new(name: DatabaseName, environment: String) -> Self {
        Self::counted(name, environment, Arc::default())
    }

    /// The same, counted where others are too.
    pub fn counted(name: DatabaseName, environment: String, counters: Arc<Counters>) -> Self {
        Self {
            name,
            environment,
            knowledge: ArcSwap::from_pointee(Knowledge::default()),
            wanted: AtomicU64::new(1),
            plans: PlanCache::default(),
            counters,
        }
    }

    /// What is known now.
    pub fn knowledge(&self) -> Arc<Knowledge> {
        self.knowledge.load_full()
    }

    /// Replaces what is known. `generation` is [`Self::wanted`] as it was before the reading began,
    /// so that a change which came during the reading still counts as not yet read.
    pub fn learn(&self, catalog: Arc<Catalog>, labels: Arc<LabelMap>, generation: u64) {
        self.knowledge.store(Arc::new(Knowledge { catalog, labels, generation }));
    }

    /// The generation that a fresh reading would have.
    pub fn wanted(&self) -> u64 {
        self.wanted.load(Ordering::SeqCst)
    }

    /// Says that the database's structure changed, or may have: what is known is stale from now on.
    /// Returns the generation that a reading must reach.
    pub fn changed(&self) -> u64 {
        self.wanted.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// True if nothing is known to have changed since the last reading began.
    pub fn is_fresh(&self) -> bool {
        self.knowledge.load().generation >= self.wanted()
    }
}
