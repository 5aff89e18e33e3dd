//! One principal's right to one statement. Knows facts and the order of questions; knows nothing
//! of the chain of actors, which is folded elsewhere.
//!
//! First what is refused: effects, then uses of labelled columns, then what was not understood.
//! Only if nothing is refused: what each output may show.

mod conclude;
mod written;

use crate::Request;
use crate::ask::{Answer, Asker, Book};
use crate::entity::Object;
use crate::explain::Trace;
use crate::rule::{Ladder, Rule};
use crate::sight::{Key, Sight, View};
use crate::situation::{Circumstances, Situation};
use crate::tie::{chosen_by, is_guessed};
use crate::wording::{self, MAX_REFUSALS, Refusal, Wish, subject};
use model::facts::Effect;
use model::{
    ColumnId, Disclosure, Durability, Facts, Identity, MaskMethod, Operation, Outcome, PolicyId,
    Use, Verdict,
    verdict::{Approval, KeptFromMasks, LookUps, TurnBack},
};
use std::collections::{BTreeSet, HashSet};

/// The most rows that leave when a statement was not understood and its policy names no number.
const UNPROVEN_ROWS: u64 = 1_000;
/// The smallest group whose statistics leave where no policy names a number.
const LEAST_GROUP: u64 = 5;

/// One judgement in the making.
struct Judge<'a> {
    request: &'a Request<'a>,
    identity: &'a Identity,
    asker: &'a Asker<'a>,
    sight: Sight<'a>,
    /// Not understood, and not permitted to run so without restriction.
    limited: bool,
    refusals: Vec<Refusal>,
    /// Policies whose obligations apply.
    permits: Vec<&'a Rule>,
    read_only: bool,
    row_limit: Option<u64>,
    min_group: Option<u64>,
    look_ups: Vec<LookUps>,
    turn_back: Vec<TurnBack>,
    kept_from_masks: Vec<KeptFromMasks>,
    /// The last answer about writing masks, and of what.
    may_write_masks: Option<(Key, Answer<'a>)>,
    reasons: Vec<String>,
    /// What was held first.
    held: Option<Option<Operation>>,
    needs: Vec<Approval>,
    hold_advice: Option<String>,
    /// Consents of owners that rules ask for beyond their limits, by rule.
    owned: Vec<(PolicyId, Approval)>,
}

/// Judges a statement for one member of the chain as if it stood alone.
pub(crate) fn judge(
    book: &Book,
    request: &Request<'_>,
    identity: &Identity,
    trace: Option<&Trace>,
) -> Verdict {
    let facts = request.facts;
    let situation = Situation {
        dynamic: facts.dynamic,
        complete: complete(facts),
        acts_for: identity.acts_for.as_deref().map(|principal| principal.name.as_str()),
        database: None,
        option: None,
    };
    let circumstances = Circumstances::new(request.context, request.environment, situation);
    let asker = Asker::new(book, identity, request.database.as_str(), circumstances);
    let asker = asker.traced(trace);
    let judge = Judge {
        request,
        identity,
        asker: &asker,
        sight: Sight::new(&asker, request.catalog, request.labels),
        limited: false,
        refusals: Vec::new(),
        permits: Vec::new(),
        read_only: false,
        row_limit: None,
        min_group: None,
        look_ups: Vec::new(),
        turn_back: Vec::new(),
        kept_from_masks: Vec::new(),
        may_write_masks: None,
        reasons: Vec::new(),
        held: None,
        needs: Vec::new(),
        hold_advice: None,
        owned: Vec::new(),
    };
    judge.run()
}

fn complete(facts: &Facts) -> bool {
    facts.unknowns.is_empty() && !facts.dynamic && !facts.outputs_unknown
}

impl<'a> Judge<'a> {
    fn run(mut self) -> Verdict {
        if !complete(self.request.facts) {
            let answer = self.asker.ask("unproven", Object::Database, false);
            // Where something is hidden, what was not followed must not carry it elsewhere; who
            // sees everything and may be stopped must not do so what is refused or asked about.
            let kept = match self.asker.hides() {
                true => self.request.facts.is_write(),
                false => self.asker.may_be_stopped(),
            };
            self.limited = !answer.allowed || kept;
        }
        self.effects();
        self.uses();
        self.choices();
        if self.limited {
            self.ladder();
        }
        if self.refusals.is_empty() { self.verdict() } else { self.refused() }
    }

    /// One question per distinct effect.
    fn effects(&mut self) {
        let facts = self.request.facts;
        // Facts without an effect would be an empty right to everything.
        let own =
            Effect { operation: facts.operation, relation: None, object: None, unbounded: true };
        let mut asked: HashSet<&Effect> = HashSet::new();
        let stated = facts.effects.iter();
        let lone = std::iter::once(&own).filter(|_| facts.effects.is_empty());
        for effect in stated.chain(lone) {
            // What has no word is refused by the ladder, which can say what it was.
            let nameless = self.limited && effect.operation == Operation::Unknown;
            if nameless || !asked.insert(effect) {
                continue;
            }
            let object = match &effect.relation {
                Some(relation) => Object::Table { schema: &relation.schema, name: &relation.name },
                None => Object::Database,
            };
            let word = effect.operation.as_str();
            let answer = self.asker.ask(word, object, effect.unbounded);
            let operation = Some(effect.operation);
            self.settle(answer, || subject(effect), word, object, operation);
        }
    }

    /// One question per use of a labelled column, or of several that must get the same answer.
    fn uses(&mut self) {
        let mut asked = HashSet::new();
        for used in &self.request.facts.columns {
            let action = match used.usage {
                Use::Returned => continue,
                Use::Tested if is_guessed(self.request.facts, used.column, self.request.labels) => {
                    "infer"
                }
                Use::Tested => "test",
                Use::LookedUp => "look_up",
                // Where no statistic leaves, an aggregate is an inference like another.
                Use::Aggregated if self.aggregates(used.column) => continue,
                Use::Aggregated | Use::Inferred => "infer",
                Use::Written => "write_label",
                Use::Exported => "export",
                Use::Copied => "copy",
            };
            let place = self.sight.place(used.column);
            let Some(label) = place.label else { continue };
            if used.usage == Use::LookedUp {
                self.turn_back(used.column);
            } else if used.usage == Use::Written {
                self.keep_from_masks(used.column);
            }
            let by_column = self.asker.by_column(action);
            if !asked.insert((action, Sight::key(used.column, &place, by_column))) {
                continue;
            }
            let answer = self.asker.ask(action, place.object(), false);
            if used.usage == Use::LookedUp {
                self.count_look_ups(label, &answer);
            }
            let subject = || {
                let column = crate::entity::path(&[place.schema, place.table, place.name]);
                let how = match used.usage {
                    Use::Returned => "returning",
                    Use::Tested => "comparing",
                    Use::LookedUp => "looking up values of",
                    Use::Aggregated | Use::Inferred => "ordering, ranging or computing over",
                    Use::Written => "writing",
                    Use::Exported => "carrying away",
                    Use::Copied => "copying",
                };
                format!("{how} {column} ({label})")
            };
            self.settle(answer, subject, action, place.object(), None);
        }
    }

    /// Rows that are changed by what a column without a label has in common with a labelled one
    /// tell afterwards, to whoever reads them, what it was: as good as a range or a pattern.
    fn choices(&mut self) {
        let facts = self.request.facts;
        let chooses = |operation| {
            matches!(operation, Operation::Update | Operation::Delete | Operation::Merge)
        };
        let written = facts.effects.iter().filter(|effect| chooses(effect.operation));
        let written: BTreeSet<_> =
            written.filter_map(|effect| effect.relation.as_ref()?.id).collect();
        for column in written.iter().flat_map(|id| chosen_by(facts, *id, self.request.labels)) {
            let place = self.sight.place(column);
            let Some(label) = place.label else { continue };
            let answer = self.asker.ask("infer", place.object(), false);
            let subject = || {
                let column = crate::entity::path(&[place.schema, place.table, place.name]);
                format!("choosing rows to change by what equals {column} ({label})")
            };
            self.settle(answer, subject, "infer", place.object(), None);
        }
    }

    /// True if statistics over a column leave, or the column itself may. Takes the obligations of
    /// the policies that say so.
    fn aggregates(&mut self, column: ColumnId) -> bool {
        let Some(statistic) = self.sight.statistic(column) else { return true };
        if !statistic.allowed {
            return false;
        }
        let least = statistic.rules.iter().filter_map(|rule| rule.min_group).max();
        // A group of one is its member's value, and a permit for everything names no number.
        self.min_group = self.min_group.max(Some(least.unwrap_or(LEAST_GROUP)));
        self.oblige(statistic.rules, &[column]);
        true
    }

    /// Counts what the statement looks up of a label, where a policy limits that.
    fn count_look_ups(&mut self, label: &model::Label, answer: &Answer<'a>) {
        let limits = answer.rules.iter().filter_map(|rule| Some((rule.look_ups?, &rule.id)));
        let Some((per_hour, policy)) = limits.min_by_key(|(limit, _)| *limit) else { return };
        if !answer.allowed || self.look_ups.iter().any(|known| known.label == *label) {
            return;
        }
        let facts = self.request.facts;
        let of_label = facts
            .look_ups
            .iter()
            .filter(|look_up| self.sight.place(look_up.column).label == Some(label));
        // Columns that share their storage are looked up together.
        let values = of_label.map(|look_up| u64::from(look_up.values)).max().unwrap_or(1);
        let (label, policy, identity) = (label.clone(), policy.clone(), self.identity.chain());
        self.look_ups.push(LookUps { identity, label, values, per_hour, policy });
    }

    /// Whether a pseudonym that is compared with a column is turned back. Asked only where it
    /// matters: of who sees pseudonyms, and of who sees more and is one of several.
    fn turn_back(&mut self, column: ColumnId) {
        let method = match self.sight.column(column).view {
            View::Masked(_, method) => Some(method),
            View::Raw(_) | View::Scan => None,
        };
        let place = self.sight.place(column);
        let Some(label) = place.label.cloned() else { return };
        let several = self.request.identity.acts_for.is_some();
        let matters = match method {
            Some(MaskMethod::Pseudonym) => true,
            None => several,
            Some(_) => false,
        };
        let mut refused = None;
        if matters {
            let answer = self.asker.ask("turn_back", place.object(), false);
            // What would have to wait for somebody does not happen by the way.
            let waits = answer.rules.iter().any(|rule| rule.consent().is_some());
            if answer.allowed && !waits {
                self.permits.extend(answer.rules);
                if method == Some(MaskMethod::Pseudonym) {
                    let words = format!("pseudonyms of {label} that it compares are turned back");
                    self.reasons.extend((!self.reasons.contains(&words)).then_some(words));
                }
            } else {
                let subject = format!("turning back pseudonyms of {label}");
                let wish = self.wish("turn_back", place.object());
                let refusal = Refusal::new(&subject, &answer, wish, None);
                refused = Some((refusal.sentence, refusal.advice));
            }
        }
        self.turn_back.push(TurnBack { column, label, method, refused });
    }

    /// What was not understood.
    fn ladder(&mut self) {
        let facts = self.request.facts;
        let sentences = wording::not_understood(&facts.unknowns);
        let mut advice = Some(
            "Write the statement without the part named, or ask an identity in group admins to \
             run it."
                .to_owned(),
        );
        let answer = self.asker.ask("unproven_limited", Object::Database, false);
        let writes = facts.effects.iter().any(|effect| effect.operation.is_write());
        let ladder = answer.rules.iter().filter_map(|rule| rule.ladder).max();
        // Code that nobody has seen reads what is hidden and has ways out that no mask covers:
        // parameters, notifications, locks.
        let hidden = facts.dynamic && self.asker.hides();
        let step = match (answer.allowed, writes, ladder) {
            (false, ..) | (true, true, _) => Ladder::Deny,
            (true, false, Some(Ladder::Hold)) => Ladder::Hold,
            (true, false, _) if hidden => Ladder::Deny,
            (true, false, ladder) => ladder.unwrap_or(Ladder::Mask),
        };
        match step {
            Ladder::Mask => {
                self.reasons.extend(sentences);
                self.read_only = true;
                let limit = answer.rules.iter().filter_map(|rule| rule.row_limit).min();
                self.limit_rows(limit.unwrap_or(UNPROVEN_ROWS));
                self.permits.extend(answer.rules);
            }
            Ladder::Hold => {
                self.reasons.extend(sentences);
                let subject = || "running it nevertheless".to_owned();
                self.hold(&answer.rules, Object::Database, subject, Some(facts.operation));
                self.permits.extend(answer.rules);
            }
            Ladder::Deny => {
                let wish = self.wish("unproven_limited", Object::Database);
                let must = |sentence: &str| Refusal {
                    sentence: sentence.to_owned(),
                    advice: None,
                    policies: Vec::new(),
                    operation: None,
                };
                let mut refusal = if writes && answer.allowed {
                    must("a statement that may write does not run unless all of it is understood")
                } else if hidden && answer.allowed {
                    must(
                        "what puts its SQL together while it runs does not run for whom something \
                         is hidden: it could read that, and carry it out on ways without a mask",
                    )
                } else if answer.allowed {
                    let mut answer = answer;
                    answer.rules.retain(|rule| rule.ladder == Some(Ladder::Deny));
                    Refusal::new("a statement like this", &answer, wish, None)
                } else {
                    Refusal::new("running it nevertheless", &answer, wish, None)
                };
                advice = refusal.advice.take().filter(|_| !refusal.policies.is_empty()).or(advice);
                for sentence in sentences {
                    self.refusals.push(Refusal {
                        sentence,
                        advice: advice.clone(),
                        policies: Vec::new(),
                        operation: Some(facts.operation),
                    });
                }
                self.refusals.push(refusal);
            }
        }
    }

    /// Takes an answer: a permit's obligations, or a refusal.
    fn settle(
        &mut self,
        answer: Answer<'a>,
        subject: impl Fn() -> String,
        action: &str,
        object: Object<'_>,
        operation: Option<Operation>,
    ) {
        if answer.allowed {
            self.hold(&answer.rules, object, subject, operation);
            for limit in answer.rules.iter().filter_map(|rule| rule.row_limit) {
                self.limit_rows(limit);
            }
            self.permits.extend(answer.rules);
        } else {
            let wish = self.wish(action, object);
            self.refusals.push(Refusal::new(&subject(), &answer, wish, operation));
        }
    }

    /// Notes the consents that policies ask for.
    fn hold(
        &mut self,
        rules: &[&'a Rule],
        object: Object<'_>,
        subject: impl Fn() -> String,
        operation: Option<Operation>,
    ) {
        for rule in rules {
            let Some(approval) = self.asker.consent(rule, object) else { continue };
            if rule.limits() {
                let beyond = (rule.id.clone(), approval);
                if rule.asks_owners() && !self.owned.contains(&beyond) {
                    self.owned.push(beyond);
                }
                continue;
            }
            self.held.get_or_insert(operation);
            if self.needs.contains(&approval) {
                continue;
            }
            self.needs.push(approval.clone());
            self.hold_advice = self.hold_advice.take().or_else(|| rule.advice.clone());
            let because = rule.reason.as_ref().map_or(String::new(), |why| format!(": {why}"));
            let (id, subject) = (&rule.id, subject());
            let words = format!("{subject} waits for {approval} by policy \"{id}\"{because}");
            self.reasons.push(words);
        }
    }

    fn wish<'w>(&self, action: &'w str, object: Object<'w>) -> Wish<'w>
    where
        'a: 'w,
    {
        let (identity, database) = (self.identity, self.request.database.as_str());
        Wish { identity, database, action, object }
    }

    fn limit_rows(&mut self, limit: u64) {
        self.row_limit = Some(self.row_limit.map_or(limit, |known| known.min(limit)));
    }
}
