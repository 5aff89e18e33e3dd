//! Decided plans by text. Two statements share an entry only if they are the same bytes but for
//! literals on whose value nothing depends, asked by the same identity, in the same scope, under
//! the same knowledge.

use crate::plan::Plan;
use foldhash::fast::RandomState;
use std::{
    collections::HashMap,
    hash::{BuildHasher, DefaultHasher, Hash, Hasher, RandomState as SipKeys},
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
};

/// Shards, so that sessions on several threads seldom meet.
const SHARDS: usize = 16;
/// Plans kept per shard; past it the shard forgets what was not used since the last sweep.
const PLANS_PER_SHARD: usize = 128;
/// Texts longer than this are analysed every time: bytes.
pub(crate) const MAX_CACHED_TEXT: usize = 16 * 1024;

/// Everything a plan depends on but the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PlanContext {
    /// Identity chain with groups, client address, application, TLS.
    pub(crate) asker: u64,
    /// search_path and all else name resolution depends on.
    pub(crate) scope: u64,
    /// Version of the policies in force.
    pub(crate) policies: u64,
    /// Generation of catalog and labels.
    pub(crate) knowledge: u64,
    /// Minutes since the epoch when policies look at the clock, else 0.
    pub(crate) minute: u64,
    /// What the identity's past is, when policies look at the risk, else 0.
    pub(crate) past: u64,
    /// What the identity works on, as far as it changes: how much is left, what it was shown.
    pub(crate) standing: u64,
}

/// A hasher whose numbers nobody can tell who does not know this process: what somebody chooses
/// goes into them, and two choices that come to the same would share plans.
pub(crate) fn hasher() -> DefaultHasher {
    static KEYS: LazyLock<SipKeys> = LazyLock::new(SipKeys::new);
    KEYS.build_hasher()
}

#[derive(Debug)]
struct Entry {
    plan: Arc<Plan>,
    used: bool,
}

type Shard = HashMap<u64, Entry, RandomState>;

/// Plans by a number that is made of their texts.
#[derive(Debug, Default)]
struct Plans([Mutex<Shard>; SHARDS]);

impl Plans {
    /// What `take` makes of the plan of this number, if anything: the number is a hash, and the
    /// plan decides.
    fn find<T>(&self, key: u64, take: impl FnOnce(&Arc<Plan>) -> Option<T>) -> Option<T> {
        let mut shard = self.shard(key)?;
        let entry = shard.get_mut(&key)?;
        let found = take(&entry.plan)?;
        entry.used = true;
        Some(found)
    }

    fn keep(&self, key: u64, plan: &Arc<Plan>) {
        let Some(mut shard) = self.shard(key) else { return };
        if shard.len() >= PLANS_PER_SHARD {
            shard.retain(|_, entry| std::mem::take(&mut entry.used));
            if shard.len() >= PLANS_PER_SHARD {
                shard.clear();
            }
        }
        shard.insert(key, Entry { plan: Arc::clone(plan), used: false });
    }

    fn shard(&self, key: u64) -> Option<MutexGuard<'_, Shard>> {
        let shard = self.0.get((key >> 57) as usize % SHARDS)?;
        Some(shard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A bounded cache of plans; one per database.
#[derive(Debug, Default)]
pub(crate) struct PlanCache {
    hasher: RandomState,
    /// By their whole texts.
    exact: Plans,
    /// Those with free literals, by what stands around these.
    outlines: Plans,
}

impl PlanCache {
    /// The plan of this very text in this very context.
    pub(crate) fn find(&self, text: &str, context: &PlanContext) -> Option<Arc<Plan>> {
        let same = |plan: &Arc<Plan>| {
            (plan.context == *context && *plan.text == *text).then(|| Arc::clone(plan))
        };
        self.exact.find(self.key(text, context), same)
    }

    /// A plan made of one of a text that differs from this one in nothing on which a plan depends.
    pub(crate) fn find_alike(&self, text: &str, context: &PlanContext) -> Option<Plan> {
        if text.len() > MAX_CACHED_TEXT {
            return None;
        }
        let known = |plan: &Arc<Plan>| {
            let free = plan.free.as_deref().filter(|_| plan.context == *context)?;
            let places = sql::fits(&plan.text, free, text)?;
            Some((Arc::clone(plan), places))
        };
        let (plan, places) = self.outlines.find(self.outline(text, context), known)?;
        Some(plan.of_another(text, plan.free.as_deref()?, &places))
    }

    /// Keeps a plan, unless its text is long.
    pub(crate) fn keep(&self, plan: &Arc<Plan>) {
        if plan.text.len() > MAX_CACHED_TEXT {
            return;
        }
        self.exact.keep(self.key(&plan.text, &plan.context), plan);
        if plan.free.is_some() {
            self.outlines.keep(self.outline(&plan.text, &plan.context), plan);
        }
    }

    fn key(&self, text: &str, context: &PlanContext) -> u64 {
        self.hasher.hash_one((text, context.asker, context.scope))
    }

    /// The number of all texts with the same outline.
    fn outline(&self, text: &str, context: &PlanContext) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        (context.asker, context.scope).hash(&mut hasher);
        sql::outline(text).for_each(|piece| piece.hash(&mut hasher));
        hasher.finish()
    }
}
