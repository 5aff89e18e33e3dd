//! The end of a judgement: from what was permitted to a verdict. Knows outputs and durability; asks
//! only about `disclose`.

use super::*;
use model::{
    Label, RelationId,
    verdict::{ChangeLimit, CostLimit, Estimate},
};

impl<'a> Judge<'a> {
    /// A deny. Nothing leaves, and nothing is said about values.
    pub(super) fn refused(self) -> Verdict {
        let outputs = self.request.facts.outputs.as_deref().unwrap_or_default();
        let mut verdict = wording::refuse(String::new());
        verdict.reasons = Vec::new();
        verdict.disclosures = outputs.iter().map(|_| wording::veiled()).collect();
        let hidden = self.refusals.len().saturating_sub(MAX_REFUSALS);
        verdict.advice = self.refusals.iter().find_map(|refusal| refusal.advice.clone());
        verdict.refused = self.refusals.iter().find_map(|refusal| refusal.operation);
        for refusal in self.refusals {
            for policy in refusal.policies {
                push(&mut verdict.policies, &policy);
            }
            if verdict.reasons.len() < MAX_REFUSALS {
                verdict.reasons.push(refusal.sentence);
            }
        }
        if hidden > 0 {
            verdict.reasons.push(format!("and {hidden} more refusals"));
        }
        verdict
    }

    /// A verdict that lets the statement run or wait.
    pub(super) fn verdict(mut self) -> Verdict {
        let facts = self.request.facts;
        let mut policies: Vec<PolicyId> = Vec::new();
        self.needs.iter().for_each(|approval| push(&mut policies, &approval.policy));
        let mut raw = BTreeSet::new();
        let mut masked = BTreeSet::new();
        let (mut disclosures, mut open) = (Vec::new(), Vec::new());
        for output in facts.outputs.as_deref().unwrap_or_default() {
            for column in &output.statistics {
                self.aggregates(*column);
            }
            let (disclosure, rules) = self.sight.output(output, facts);
            self.note(&disclosure, &rules, &mut masked);
            if let Disclosure::Raw { labels } = &disclosure {
                raw.extend(labels.iter().cloned());
            }
            // A scanned output can hold a label that may leave raw beside one that bears none.
            let scanned = output.sources.iter().filter(|_| disclosure == Disclosure::Scan);
            raw.extend(scanned.filter_map(|source| match self.sight.column(*source).view {
                View::Raw(label) => label,
                View::Scan | View::Masked(_, _) => None,
            }));
            open.push(self.sight.open(output, &disclosure, facts));
            disclosures.push(disclosure);
            self.oblige(rules, &output.sources);
        }
        let fallback = self.fallback(&mut raw, &mut masked);
        let (redact_diagnostics, redact_errors) = self.redacts();
        let keep_text = self.permits.iter().any(|rule| rule.keep_text);
        self.permits.iter().for_each(|rule| push(&mut policies, &rule.id));
        let hides = disclosures
            .iter()
            .chain(std::iter::once(&fallback).filter(|_| facts.outputs_unknown))
            .any(|disclosure| matches!(disclosure, Disclosure::Masked { .. }));
        let (change_limits, cost_limits) = (self.change_limits(), self.cost_limits());
        let limited = !change_limits.is_empty() || !cost_limits.is_empty();
        let limited = limited || self.row_limit.is_some() || self.min_group.is_some();
        let outcome = match self.held {
            Some(_) => Outcome::Hold,
            None if hides || self.read_only || limited => Outcome::Modify,
            None => Outcome::Allow,
        };
        self.reasons.extend(masked);
        self.reasons.extend(raw.iter().map(|label| format!("{label} leaves raw")));
        self.say_limits();
        Verdict {
            outcome,
            policies,
            reasons: self.reasons,
            advice: self.hold_advice,
            disclosures,
            open: if open.iter().all(Vec::is_empty) { Box::default() } else { open.into() },
            fallback,
            redact_diagnostics,
            redact_errors,
            read_only: self.read_only,
            row_limit: self.row_limit,
            change_limits,
            cost_limits,
            min_group: self.min_group,
            look_ups: self.look_ups,
            turn_back: self.turn_back,
            kept_from_masks: self.kept_from_masks,
            needs: self.needs,
            keep_text,
            durability: durability(facts, !raw.is_empty(), &self.permits),
            refused: self.held.flatten(),
            shadow: None,
        }
    }

    /// The limits on what it may change, if it changes anything.
    fn change_limits(&mut self) -> Vec<ChangeLimit> {
        let mut limits: Vec<ChangeLimit> = Vec::new();
        if !self.request.facts.is_write() {
            return limits;
        }
        for limit in self.permits.iter().flat_map(|rule| rule.change_limits(&self.owned)) {
            if limits.contains(&limit) {
                continue;
            }
            let ChangeLimit { rows, beyond, policy } = &limit;
            let beyond = beyond.as_ref().map(|consent| format!(", more by consent of {consent}"));
            let beyond = beyond.unwrap_or_default();
            self.reasons.push(format!("it may change {rows} rows by policy \"{policy}\"{beyond}"));
            limits.push(limit);
        }
        limits
    }

    /// The limits on what the planner may expect of it.
    fn cost_limits(&mut self) -> Vec<CostLimit> {
        let mut limits: Vec<CostLimit> = Vec::new();
        for limit in self.permits.iter().flat_map(|rule| rule.cost_limits(&self.owned)) {
            if !limits.contains(&limit) {
                let CostLimit { of, most, policy, .. } = &limit;
                let may = match of {
                    Estimate::Cost => format!("cost {most}"),
                    Estimate::Rows => format!("be expected to return or change {most} rows"),
                };
                self.reasons.push(format!("it may {may} by policy \"{policy}\""));
                limits.push(limit);
            }
        }
        limits
    }

    /// Says what else is changed about the statement.
    fn say_limits(&mut self) {
        if let Some(least) = self.min_group {
            let words = format!("statistics leave for groups with {least} or more distinct values");
            self.reasons.push(words);
        }
        if let Some(limit) = self.row_limit {
            self.reasons.push(format!("at most {limit} rows leave"));
        }
        if self.read_only {
            self.reasons.push("it runs in a read-only transaction".to_owned());
        }
    }

    /// What stands for every value that the facts did not foresee.
    fn fallback(&mut self, raw: &mut BTreeSet<Label>, masked: &mut BTreeSet<String>) -> Disclosure {
        let seen = self.sight.unknown();
        let expected = self.request.facts.outputs_unknown;
        let disclosure = match seen.view {
            View::Raw(_) if !self.limited => {
                raw.extend(Some(Label::UNKNOWN).filter(|_| expected));
                Disclosure::Raw { labels: Vec::new() }
            }
            View::Masked(label, method) => Disclosure::Masked { label, method },
            View::Raw(_) | View::Scan => wording::veiled(),
        };
        if expected {
            self.note(&disclosure, &seen.rules, masked);
            self.oblige(seen.rules, &[]);
        }
        disclosure
    }

    /// Puts a mask into words.
    fn note(&self, disclosure: &Disclosure, rules: &[&'a Rule], masked: &mut BTreeSet<String>) {
        if let Disclosure::Masked { label, method } = disclosure {
            masked.insert(wording::masked(label, *method, rules.first().copied()));
        }
    }

    /// Obligations of the policies that let values of these columns leave; of the database where
    /// they come from none.
    pub(super) fn oblige(&mut self, rules: Vec<&'a Rule>, columns: &[ColumnId]) {
        let operation = Some(self.request.facts.operation);
        let subject = || "disclosure".to_owned();
        for rule in rules {
            let known = self.permits.iter().any(|known| known.id == rule.id);
            if known && !rule.asks_owners() {
                continue;
            }
            // Other columns may have other owners.
            for column in columns.iter().filter(|_| rule.asks_owners()) {
                let object = self.sight.place(*column).object();
                self.hold(&[rule], object, subject, operation);
            }
            if columns.is_empty() || !rule.asks_owners() {
                self.hold(&[rule], Object::Database, subject, operation);
            }
            if known {
                continue;
            }
            if let Some(limit) = rule.row_limit {
                self.limit_rows(limit);
            }
            self.permits.push(rule);
        }
    }

    /// Whether texts of any kind, and whether those of errors, may carry values.
    fn redacts(&mut self) -> (bool, bool) {
        let all = self.limited || self.touches_hidden();
        (all, all || self.reads_hidden())
    }

    /// True if an error text could show a value that the principal may not see raw: of a column
    /// that the statement uses in any way, or of one that stands in a row it writes (`Failing row
    /// contains (…)` shows the whole row).
    fn touches_hidden(&mut self) -> bool {
        let facts = self.request.facts;
        let outputs = facts.outputs.as_deref().unwrap_or_default();
        // What could not be followed can put any value into a message.
        if !complete(facts) || outputs.iter().any(|output| output.unknown) {
            let whole = matches!(self.sight.unknown().view, View::Raw(_));
            if !whole {
                return true;
            }
        }
        let mut touched: BTreeSet<ColumnId> =
            facts.columns.iter().map(|used| used.column).collect();
        touched.extend(outputs.iter().flat_map(|output| output.sources.iter().copied()));
        let written = facts.effects.iter().filter(|effect| effect.operation.is_write());
        for id in written.filter_map(|effect| effect.relation.as_ref()?.id) {
            touched.extend(self.columns_of(id));
        }
        touched.into_iter().any(|column| self.hides(column))
    }

    /// True if a relation that the statement reaches has a column that the principal may not see
    /// raw. A column that is read and dropped again is in no output and in no use, but what is
    /// computed of it on the way can fail and say so.
    fn reads_hidden(&mut self) -> bool {
        let effects = self.request.facts.effects.iter();
        let reached = effects.filter_map(|effect| effect.relation.as_ref()?.id);
        let columns: Vec<ColumnId> = reached.flat_map(|id| self.columns_of(id)).collect();
        columns.into_iter().any(|column| self.hides(column))
    }

    fn columns_of(&self, id: RelationId) -> Vec<ColumnId> {
        let relation = self.request.catalog.relation(id);
        let columns = |relation: &std::sync::Arc<model::catalog::Relation>| {
            relation.columns.iter().map(|column| relation.column_id(column.number)).collect()
        };
        relation.map(columns).unwrap_or_default()
    }

    fn hides(&mut self, column: ColumnId) -> bool {
        match self.sight.column(column).view {
            View::Masked(_, _) => true,
            View::Raw(_) | View::Scan => false,
        }
    }
}

fn push(policies: &mut Vec<PolicyId>, id: &PolicyId) {
    if !policies.contains(id) {
        policies.push(id.clone());
    }
}

/// Never less than the effect demands; a policy can demand more.
fn durability(facts: &Facts, raw: bool, permits: &[&Rule]) -> Durability {
    let own = if facts.is_write() {
        Durability::BeforeEffect
    } else if raw {
        Durability::BeforeRow
    } else {
        Durability::Soon
    };
    permits.iter().filter_map(|rule| rule.durability).fold(own, Durability::max)
}
