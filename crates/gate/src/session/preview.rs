//! A session in which everything is tried and undone. Knows whose it is, and not how it is undone.

use super::{Counts, Session};
use crate::{
    database::Knowledge,
    plan::{Part, Plan},
    preview::{reads_alone, reads_whole},
    record,
    refusal::Refusal,
};
use ledger::record::Via;
use model::{Facts, Outcome, Verdict};
use policy::Request;
use std::{borrow::Cow, time::SystemTime};

impl Session {
    /// True if what runs here is undone.
    pub fn previews(&self) -> bool {
        self.client.preview.is_some()
    }

    /// True if its identity does this itself: what it is shown counts. What others look at on its
    /// behalf uses up nothing of what it has, and is none of its past.
    pub(crate) fn is_its_own(&self) -> bool {
        self.client.preview.as_ref().is_none_or(|preview| preview.own)
    }

    /// In a preview: refuses what is not undone, reading that waits for approval, and what would
    /// tell whoever does not decide what no rule lets its identity read.
    pub(super) fn try_only(
        &mut self,
        plan: &Plan,
        via: Via,
        now: SystemTime,
    ) -> Result<(), Refusal> {
        let Some(preview) = &self.client.preview else { return Ok(()) };
        let mut refused = plan.undone().err().map(|refusal| (refusal, plan.parts.first()));
        if refused.is_none() && plan.is_held() && !plan.changes() {
            refused = Some((reading(), plan.parts.first()));
        }
        if refused.is_none() && !preview.decides && plan.is_held() {
            let part = plan.parts.iter().find(|part| !self.may_read_alone(plan, part, now));
            refused = part.map(|part| (secret(), Some(part)));
        }
        let Some((mut refusal, part)) = refused else { return Ok(()) };
        if let Some(part) = part {
            let id = self.next_statement_id();
            refusal.record = Some(id.to_string());
            record::refused(self, plan, part, id, via, &refusal, now);
        }
        Err(refusal)
    }

    /// True if its identity may read what a statement reads, were it to do no more.
    fn may_read_alone(&self, plan: &Plan, part: &Part, now: SystemTime) -> bool {
        self.may_run_alone(&reads_alone(&part.facts), &plan.knowledge, now)
    }

    /// True if its identity may read a table as a whole now, with what it works on and what it was
    /// shown. What is not known to be readable is not.
    pub fn may_read(&mut self, schema: &str, table: &str, now: SystemTime) -> bool {
        let knowledge = self.known();
        let relation = knowledge.catalog.relation_named(schema, table);
        let relation = relation.filter(|relation| !relation.has_rules);
        relation.is_some_and(|it| self.may_run_alone(&reads_whole(it), &knowledge, now))
    }

    fn may_run_alone(&self, facts: &Facts, knowledge: &Knowledge, now: SystemTime) -> bool {
        let Verdict { outcome, .. } = self.gate.policies.load().decide(&Request {
            identity: &self.identity,
            database: &self.database.name,
            environment: &self.database.environment,
            facts,
            catalog: &knowledge.catalog,
            labels: &knowledge.labels,
            context: &self.context(now),
        });
        matches!(outcome, Outcome::Allow | Outcome::Modify)
    }

    /// True if labels would follow values into columns that do not bear them: what is there then
    /// is not to be shown.
    pub fn would_carry(&self, plan: &Plan) -> bool {
        crate::carry::would(self, plan)
    }

    /// What a statement did, with how it ended where it did not fail.
    pub(super) fn undone<'a>(&self, counts: &'a Counts) -> Cow<'a, Counts> {
        let done = counts.sqlstate.is_none() && counts.ended.is_none();
        match self.previews() && done {
            true => Cow::Owned(Counts { ended: Some("rolled back"), ..counts.clone() }),
            false => Cow::Borrowed(counts),
        }
    }
}

fn reading() -> Refusal {
    let what = "it waits for approval, and reads: nothing of that is shown before";
    Refusal::unenforceable(what, "Ask for approval: it runs once it is given.")
}

fn secret() -> Refusal {
    let what = "it waits for approval, and what it would change tells what you may not read";
    let hint = "Ask for approval: whoever approves sees it.";
    Refusal::unenforceable(what, hint)
}
