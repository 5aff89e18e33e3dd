//! Decided plans by exact text. Never by a fingerprint: two statements share an entry only if they
//! are the same bytes, asked by the same identity, in the same scope, under the same knowledge.

use crate::plan::Plan;
use foldhash::fast::RandomState;
use std::{
    collections::HashMap,
    hash::BuildHasher,
    sync::{Arc, Mutex, PoisonError},
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

#[derive(Debug)]
struct Entry {
    context: PlanContext,
    plan: Arc<Plan>,
    used: bool,
}

/// A bounded cache of plans; one per database.
#[derive(Debug, Default)]
pub(crate) struct PlanCache {
    hasher: RandomState,
    shards: [Mutex<HashMap<u64, Entry, RandomState>>; SHARDS],
}

impl PlanCache {
    /// The plan of this very text in this very context.
    pub(crate) fn find(&self, text: &str, context: &PlanContext) -> Option<Arc<Plan>> {
        let key = self.key(text, context);
        let mut shard = self.shard(key)?.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = shard.get_mut(&key)?;
        // The key is a hash; the entry decides.
        if entry.context != *context || *entry.plan.text != *text {
            return None;
        }
        entry.used = true;
        Some(Arc::clone(&entry.plan))
    }

    /// Keeps a plan, unless its text is long.
    pub(crate) fn keep(&self, context: PlanContext, plan: &Arc<Plan>) {
        if plan.text.len() > MAX_CACHED_TEXT {
            return;
        }
        let key = self.key(&plan.text, &context);
        let Some(shard) = self.shard(key) else { return };
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if shard.len() >= PLANS_PER_SHARD {
            shard.retain(|_, entry| std::mem::take(&mut entry.used));
            if shard.len() >= PLANS_PER_SHARD {
                shard.clear();
            }
        }
        shard.insert(key, Entry { context, plan: Arc::clone(plan), used: false });
    }

    fn key(&self, text: &str, context: &PlanContext) -> u64 {
        self.hasher.hash_one((text, context.asker, context.scope))
    }

    fn shard(&self, key: u64) -> Option<&Mutex<HashMap<u64, Entry, RandomState>>> {
        self.shards.get((key >> 57) as usize % SHARDS)
    }
}
