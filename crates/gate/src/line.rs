//! What all governed sessions share: policies, ledger, keys, caches. Knows no session.

use crate::{
    cache::PlanContext,
    canary::{Canaries, Met},
    carry::Keep,
    database::Database,
    history::Histories,
    hold::Holds,
    look_ups::Counters,
    record,
    work::Works,
};
use arc_swap::ArcSwap;
use foldhash::fast::RandomState;
use ledger::{Ledger, Record, ShapeId, record::RiskPart};
use model::{Facts, Verdict};
use policy::PolicySet;
use std::{
    collections::{HashMap, HashSet},
    fmt,
    hash::BuildHasher,
    net::IpAddr,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::SystemTime,
};

/// Verdicts kept; past it the cache starts anew.
const MAX_VERDICTS: usize = 8192;
/// Shapes remembered as written; past it they are written again.
const MAX_SHAPES: usize = 1 << 17;

/// The shared half of every governed session.
pub struct Gate {
    /// The policies in force; whoever loads new ones stores them here.
    pub policies: Arc<ArcSwap<PolicySet>>,
    /// Where everything is recorded.
    pub ledger: Ledger,
    /// How carried labels are kept; set once, by whoever has a place for them.
    pub keep: OnceLock<Keep>,
    /// Where statements wait for approval; set once, by whoever keeps them.
    pub holds: OnceLock<Arc<dyn Holds>>,
    /// Values that were planted.
    pub canaries: ArcSwap<Canaries>,
    /// Who has to act where one is met; set once.
    pub alarm: OnceLock<Box<dyn Fn(Met) + Send + Sync>>,
    /// What identities did before.
    pub histories: Arc<Histories>,
    /// What agents work on.
    pub works: Arc<Works>,
    pub(crate) mask_key: mask::Key,
    pub(crate) shapes: ShapesWritten,
    pub(crate) look_ups: Counters,
    pub(crate) lost_records: AtomicU64,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").finish_non_exhaustive()
    }
}

impl Gate {
    /// A gate over these policies, this ledger and these keys.
    pub fn new(policies: Arc<ArcSwap<PolicySet>>, ledger: Ledger, mask_key: mask::Key) -> Self {
        Self {
            policies,
            ledger,
            keep: OnceLock::new(),
            holds: OnceLock::new(),
            canaries: ArcSwap::default(),
            alarm: OnceLock::new(),
            histories: Arc::default(),
            works: Arc::default(),
            mask_key,
            shapes: ShapesWritten::default(),
            look_ups: Counters::default(),
            lost_records: AtomicU64::new(0),
        }
    }

    /// The same gate over what identities did before it was made.
    #[must_use]
    pub fn with_histories(self, histories: Arc<Histories>) -> Self {
        Self { histories, ..self }
    }

    /// The same gate over what agents worked on before it was made.
    #[must_use]
    pub fn with_works(self, works: Arc<Works>) -> Self {
        Self { works, ..self }
    }

    /// Records that somebody was turned away at the door.
    pub fn note_sign_in_refused(
        &self,
        address: Option<IpAddr>,
        claimed: &str,
        database: &str,
        reason: &str,
        now: SystemTime,
    ) {
        self.keep(&record::sign_in_refused(address, claimed, database, reason, now));
    }

    /// Records that a database's catalog was read again.
    pub fn note_catalog(&self, database: &Database, version: u64, now: SystemTime) {
        self.keep(&record::catalog_changed(database, version, now));
    }

    /// For what has happened already or runs nothing: the ledger keeps such records through
    /// failures of its own and reports them by its health, so there is nothing else to do.
    pub(crate) fn keep(&self, record: &Record<'_>) {
        if self.ledger.append(record).is_err() {
            self.lost_records.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Records of what had happened that the ledger could not even stage. Anything but 0 is a
    /// reason to wake somebody.
    pub fn lost_records(&self) -> u64 {
        self.lost_records.load(Ordering::Relaxed)
    }
}

/// What was decided, on what, and under which circumstances.
type Decided = (PlanContext, Arc<Facts>, Judged);

/// A verdict, and what makes the statement risky by itself.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    pub(crate) verdict: Arc<Verdict>,
    pub(crate) risk: Arc<[RiskPart<'static>]>,
    /// What stands for the facts and the verdict in shapes.
    pub(crate) number: u64,
}

/// Verdicts by facts: statements that differ in their literals alone have the same facts. One per
/// database: its name and environment decide too, and a clone has the same oids.
#[derive(Debug, Default)]
pub(crate) struct VerdictCache {
    hasher: RandomState,
    entries: Mutex<HashMap<u64, Decided, RandomState>>,
}

impl VerdictCache {
    pub(crate) fn find(&self, facts: &Facts, context: &PlanContext) -> Option<Judged> {
        let key = self.hasher.hash_one((facts, context));
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let (known_context, known, judged) = entries.get(&key)?;
        (known_context == context && **known == *facts).then(|| judged.clone())
    }

    pub(crate) fn keep(&self, context: PlanContext, facts: &Arc<Facts>, judged: &Judged) {
        let key = self.hasher.hash_one((&**facts, &context));
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= MAX_VERDICTS {
            entries.clear();
        }
        entries.insert(key, (context, Arc::clone(facts), judged.clone()));
    }
}

/// Which shapes this run has recorded.
#[derive(Debug, Default)]
pub(crate) struct ShapesWritten(Mutex<HashSet<ShapeId, RandomState>>);

impl ShapesWritten {
    /// True once for each shape.
    pub(crate) fn is_new(&self, shape: ShapeId) -> bool {
        let mut shapes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if shapes.len() >= MAX_SHAPES {
            shapes.clear();
        }
        shapes.insert(shape)
    }
}
