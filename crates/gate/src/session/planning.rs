//! From texts to plans, by what the session and the database are at this moment. Knows when a plan
//! stands, not what is in it.

use super::Session;
use crate::{
    cache::PlanContext,
    database::Knowledge,
    plan::{Asker, Plan},
    result::{Field, Masks},
};
use policy::PolicySet;
use sql::Scope;
use std::{
    sync::{Arc, atomic::Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

/// How often a text is planned until what it puts into the session's own tables is settled.
const MAX_ROUNDS: usize = 100;

impl Session {
    /// Analyses and decides a text. Call only when [`Self::readiness`] is `Ready`, unless the
    /// session could not be made ready: then the facts are as good as what is known.
    pub fn plan(&mut self, text: &str, now: SystemTime) -> Arc<Plan> {
        for _ in 0..MAX_ROUNDS {
            let plan = self.plan_once(text, now);
            // What it puts into the session's own tables counts already for what it reads there.
            if !self.temporary.absorb_all(&plan) {
                return plan;
            }
            self.adopt();
        }
        // What flows in so large a circle is not followed.
        self.temporary_lost();
        self.plan_once(text, now)
    }

    pub(super) fn plan_once(&mut self, text: &str, now: SystemTime) -> Arc<Plan> {
        let policies = self.gate.policies.load_full();
        // What a plan is remembered for and what it was made with are one version.
        if policies.version() != self.policies_seen {
            self.follow_policies(&policies, now);
        }
        let knowledge = self.known();
        self.follow_catalog(knowledge.catalog.version);
        let context = self.plan_context(&policies, &knowledge, now);
        // What an open transaction sees is of no use to others, nor to this one once that changes.
        let shareable = !depends_on_names(text, &self.scope) && !self.structure.is_seen();
        let counters = &self.database.counters;
        if shareable && let Some(plan) = self.database.plans.find(text, &context) {
            counters.plan_hits.fetch_add(1, Ordering::Relaxed);
            return plan;
        }
        let asker = self.as_asker(now);
        let made = || self.gate.make_plan(text, &asker, Arc::clone(&knowledge), &policies, context);
        let alike = shareable.then(|| self.database.plans.find_alike(text, &context)).flatten();
        // What this crate's own tests count is what others pay, who do not look.
        debug_assert!(
            cfg!(test) || alike.as_ref().is_none_or(|plan| plan.means_the_same(&made())),
            "{text} means something else than what differs in its literals alone"
        );
        let counter = if alike.is_some() { &counters.plan_hits } else { &counters.plan_misses };
        counter.fetch_add(1, Ordering::Relaxed);
        let plan = Arc::new(alike.unwrap_or_else(made));
        if shareable {
            self.database.plans.keep(&plan);
        }
        plan
    }

    /// Everything that a plan of this session depends on but its text.
    pub(super) fn plan_context(
        &self,
        policies: &PolicySet,
        knowledge: &Knowledge,
        now: SystemTime,
    ) -> PlanContext {
        PlanContext {
            asker: self.asker,
            scope: self.scope_key,
            policies: policies.version(),
            knowledge: knowledge.revision,
            minute: if by_time(policies) { minute(now) } else { 0 },
            past: if policies.risk_dependent() { self.history.revision() + 1 } else { 0 },
            standing: self.standing(policies),
        }
    }

    /// Follows what policies say of this identity's rights.
    pub(super) fn follow_policies(&mut self, policies: &PolicySet, now: SystemTime) {
        self.policies_seen = policies.version();
        self.standing_seen = self.standing(policies);
        // What runs whether it is understood or not could leave the role, and is not tried.
        let bare = !self.client.role.bound && !self.previews();
        let (identity, database) = (&self.identity, &self.database);
        let (name, environment) = (&database.name, database.environment.as_str());
        let context = self.context(now);
        let sees_all = bare && policies.sees_all(identity, name, environment, &context);
        let free = sees_all && policies.full_rights(identity, name, environment, &context);
        (self.sees_all, self.unrestricted) = (sees_all, free);
        self.scope.lenient = self.unrestricted;
    }

    /// What planning needs to know of this session.
    pub(super) fn as_asker(&self, now: SystemTime) -> Asker<'_> {
        Asker {
            identity: &self.identity,
            history: &self.history,
            client: &self.client,
            now,
            database: &self.database,
            context: self.context(now),
            scope: &self.scope,
            unrestricted: self.unrestricted,
            names: self.names_key,
        }
    }

    /// True if a plan made earlier still stands: same policies, same knowledge, same scope.
    pub fn stands(&self, plan: &Plan, now: SystemTime) -> bool {
        let policies = self.gate.policies.load();
        plan.policies == policies.version()
            && plan.context.asker == self.asker
            && (self.unrestricted && !plan.is_waited_for()
                || (plan.knowledge.revision == self.database.revision()
                    && plan.context.scope == self.scope_key))
            && plan.unrestricted == self.unrestricted
            && plan.context.standing == self.standing(&policies)
            && (!by_time(&policies) || plan.context.minute == minute(now))
            && (!policies.risk_dependent() || plan.context.past == self.history.revision() + 1)
    }

    /// True if a plan's names mean what they meant when it was made. Full rights depend on none.
    pub fn same_scope(&self, plan: &Plan) -> bool {
        self.unrestricted || plan.names == self.names_key
    }

    /// True if a plan runs something by a name that only this session knows.
    pub fn by_name(&self, plan: &Plan) -> bool {
        !self.unrestricted && *plan.by_name.get_or_init(|| names_something(&plan.text))
    }

    /// What is decided on a plan by the labels that are in force now, if it is another decision
    /// than the plan's own: a column may have got a label since the statement was sent, and its
    /// rows may hold what was written there. Inner `None`: it cannot be told.
    pub fn decided_again(&mut self, plan: &Plan, now: SystemTime) -> Option<Option<Arc<Plan>>> {
        if !self.same_scope(plan) || self.by_name(plan) {
            return Some(None);
        }
        let again = self.plan(&plan.text, now);
        let same = again.parts.len() == plan.parts.len()
            && again.parts.iter().zip(&plan.parts).all(|(now, before)| {
                now.verdict.disclosures == before.verdict.disclosures
                    && now.verdict.open == before.verdict.open
                    && now.verdict.fallback == before.verdict.fallback
            });
        (!same).then_some(Some(again))
    }

    /// Masks for a result of which nothing is certain any more.
    pub fn masks_for_anything(&self, plan: &Plan, fields: &[Field]) -> Arc<Masks> {
        Arc::new(Masks::unforeseen(plan, fields, &self.gate.mask_key))
    }
}

/// True if the text may run something by a name that only this session knows, so that its plan
/// must not be shared. A word in a string is taken for the statement: that costs a cache entry.
fn depends_on_names(text: &str, scope: &Scope) -> bool {
    (!scope.prepared.is_empty() || !scope.cursors.is_empty()) && names_something(text)
}

/// True if a text may run a prepared statement or read a cursor.
pub(crate) fn names_something(text: &str) -> bool {
    let contains = |word: &str| {
        let window = text.as_bytes().windows(word.len());
        window.into_iter().any(|bytes| bytes.eq_ignore_ascii_case(word.as_bytes()))
    };
    contains("execute") || contains("fetch")
}

/// True if verdicts go stale by the minute: what an identity did before does too.
fn by_time(policies: &PolicySet) -> bool {
    policies.time_dependent() || policies.risk_dependent()
}

fn minute(now: SystemTime) -> u64 {
    now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() / 60)
}
