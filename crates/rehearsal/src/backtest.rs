//! Recorded statements, decided anew under other policies: what would have been different, for
//! whom, how often. Decides once for each identity, shape and whatever of the circumstances the
//! policies look at, and counts. What a record lacks for an exact decision is counted, not guessed.

use crate::{
    decide::Circumstances,
    log::{Asked, KnownShape, Log, Unknowable, moment, points},
    verdict::disclosure,
};
use ledger::{StatementId, Time};
use model::{Disclosure, MaskMethod, Outcome, Verdict};
use policy::{Looks, PolicySet, Request, Risk, obligations};
use std::{collections::HashMap, time::SystemTime};

/// The most decisions that are remembered; beyond it memory is emptied and they are made again.
const REMEMBERED: usize = 4_000_000;
/// Microseconds of an hour, a second.
const HOUR: i64 = 3_600_000_000;
const SECOND: i64 = 1_000_000;

/// Which way a change goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Direction {
    /// Less runs, or less is seen.
    Stricter,
    /// More runs, or more is seen.
    Looser,
    /// Neither, or both.
    Other,
}

impl Direction {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stricter => "stricter",
            Self::Looser => "looser",
            Self::Other => "other",
        }
    }
}

/// Statements that would have got another verdict, all of one kind.
#[derive(Clone, Debug)]
pub struct Change {
    /// Who: the chain of actors.
    pub identity: String,
    /// On which database.
    pub database: String,
    /// The statement without its literals.
    pub text: String,
    /// What was decided.
    pub before: Outcome,
    /// What would have been.
    pub after: Outcome,
    /// Which way.
    pub direction: Direction,
    /// What differs, part by part.
    pub what: Vec<String>,
    /// The policies that would decide.
    pub policies: Vec<String>,
    /// Why, in words: of the verdict there would have been.
    pub reasons: Vec<String>,
    /// How many statements.
    pub statements: u64,
    /// The first of them, by their ids.
    pub examples: Vec<StatementId>,
    /// When the first and the last was asked.
    pub first: Time,
    /// See `first`.
    pub last: Time,
}

/// What came of a backtest.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Statements that were decided anew.
    pub statements: u64,
    /// Decisions that this took.
    pub decisions: u64,
    /// Statements that would have got the same verdict.
    pub same: u64,
    /// The others, the most frequent first.
    pub changes: Vec<Change>,
    /// Statements that could not be decided, by why.
    pub unknowable: Vec<(Unknowable, u64)>,
}

/// Who, what, when as far as policies look at it, and how risky.
type Key = (usize, usize, i64, u32);

/// The most that a risk can be.
const MAX_RISK: u32 = 100;

/// A backtest in the making.
#[derive(Debug)]
pub struct Backtest<'a> {
    policies: &'a PolicySet,
    looks: Looks,
    examples: usize,
    log: Log,
    decided: HashMap<Key, Option<usize>>,
    changes: Vec<Change>,
    change_of: HashMap<(String, String, String, String), usize>,
    unknowable: HashMap<Unknowable, u64>,
    statements: u64,
    decisions: u64,
    same: u64,
}

impl<'a> Backtest<'a> {
    /// Of these policies; each kind of change keeps so many examples.
    pub fn new(policies: &'a PolicySet, examples: usize) -> Self {
        Self {
            policies,
            looks: policies.looks(),
            examples,
            log: Log::default(),
            decided: HashMap::new(),
            changes: Vec::new(),
            change_of: HashMap::new(),
            unknowable: HashMap::new(),
            statements: 0,
            decisions: 0,
            same: 0,
        }
    }

    /// Takes one record in. A statement counts if `wanted` says so of it and of who asked.
    pub fn feed(
        &mut self,
        entry: &ledger::Entry,
        wanted: impl Fn(&Asked, Option<&Circumstances>) -> bool,
    ) {
        let Some(asked) = self.log.feed(entry) else { return };
        let asker = asked.asker.ok().and_then(|asker| self.log.askers().get(asker));
        if !wanted(&asked, asker) {
            return;
        }
        let (asker, shape) = match (asked.asker, asked.shape) {
            (Ok(asker), Ok(shape)) => (asker, shape),
            (Err(why), _) | (Ok(_), Err(why)) => {
                *self.unknowable.entry(why).or_default() += 1;
                return;
            }
        };
        let risk = match self.risk(&asked, shape) {
            Ok(risk) => risk,
            Err(why) => {
                *self.unknowable.entry(why).or_default() += 1;
                return;
            }
        };
        let key = (asker, shape, self.bucket(asked.time), risk);
        let change = match self.decided.get(&key) {
            Some(change) => *change,
            None => {
                let change = match self.decide(key, asked.time) {
                    Ok(change) => change,
                    Err(why) => {
                        *self.unknowable.entry(why).or_default() += 1;
                        return;
                    }
                };
                if self.decided.len() >= REMEMBERED {
                    self.decided.clear();
                }
                self.decided.insert(key, change);
                change
            }
        };
        self.statements += 1;
        let Some(change) = change.and_then(|change| self.changes.get_mut(change)) else {
            self.same += 1;
            return;
        };
        change.statements += 1;
        change.first = change.first.min(asked.time);
        change.last = change.last.max(asked.time);
        if change.examples.len() < self.examples {
            change.examples.push(asked.statement);
        }
    }

    /// The part of the time that the policies tell apart.
    fn bucket(&self, time: Time) -> i64 {
        match (self.looks.now, self.looks.clock) {
            (true, _) => time.micros() / SECOND,
            (false, true) => time.micros() / HOUR,
            (false, false) => 0,
        }
    }

    /// The recorded risk, if a policy looks at it: that of the verdict which was given.
    fn risk(&self, asked: &Asked, shape: usize) -> Result<u32, Unknowable> {
        let known = self.log.shapes().get(shape);
        let labelled = || {
            let basis = known.and_then(|known| known.record.basis.as_ref());
            let columns = basis.into_iter().flat_map(|basis| basis.relations.iter());
            columns.flat_map(|one| one.columns.iter()).any(|column| column.label.is_some())
        };
        if self.looks.share && labelled() {
            return Err(Unknowable::NoShare);
        }
        match (self.looks.risk, asked.ran) {
            (false, _) => Ok(0),
            (true, false) => Err(Unknowable::NoRisk),
            (true, true) => {
                let own = known.map_or(0, |known| points(&known.record.risk));
                Ok(own.saturating_add(asked.risk).min(MAX_RISK))
            }
        }
    }

    /// Decides one statement; gives the change that it is one of.
    fn decide(&mut self, key: Key, time: Time) -> Result<Option<usize>, Unknowable> {
        let (asker, shape, _, score) = key;
        let (Some(who), Some(known)) = (self.log.askers().get(asker), self.log.shapes().get(shape))
        else {
            return Err(Unknowable::NoShape);
        };
        let now = moment(time);
        let risk = Risk { score, share: 0 };
        let verdict = anew(self.policies, who, known, now, risk).ok_or(Unknowable::NoBasis)?;
        self.decisions += 1;
        let Some((direction, what)) = compare(known, &verdict) else { return Ok(None) };
        let key = (
            who.identity.chain(),
            who.database.to_string(),
            known.record.text.to_string(),
            format!("{} {what:?}", verdict.outcome.as_str()),
        );
        if let Some(change) = self.change_of.get(&key) {
            return Ok(Some(*change));
        }
        let place = self.changes.len();
        self.changes.push(Change {
            identity: key.0.clone(),
            database: key.1.clone(),
            text: key.2.clone(),
            before: known.record.verdict,
            after: verdict.outcome,
            direction,
            what,
            policies: verdict.policies.iter().map(ToString::to_string).collect(),
            reasons: verdict.reasons,
            statements: 0,
            examples: Vec::new(),
            first: time,
            last: time,
        });
        self.change_of.insert(key, place);
        Ok(Some(place))
    }

    /// What came of it.
    pub fn finish(self) -> Report {
        let mut changes = self.changes;
        changes.sort_by(|left, right| {
            let text = || (&left.identity, &left.text).cmp(&(&right.identity, &right.text));
            right.statements.cmp(&left.statements).then_with(text)
        });
        let mut unknowable: Vec<(Unknowable, u64)> = self.unknowable.into_iter().collect();
        unknowable.sort();
        let Self { statements, decisions, same, .. } = self;
        Report { statements, decisions, same, changes, unknowable }
    }
}

/// What these policies say to a recorded statement; `None` if its record does not hold enough.
pub(crate) fn anew(
    policies: &PolicySet,
    who: &Circumstances,
    known: &KnownShape,
    now: SystemTime,
    risk: Risk,
) -> Option<Verdict> {
    let (facts, catalog, labels) = known.ground.as_ref()?;
    let context = policy::Context { now, risk, ..who.context() };
    let (identity, environment) = (&who.identity, who.environment.as_str());
    let database = &who.database;
    if let Err(refusal) = policies.may_connect(identity, database, environment, &context) {
        return Some(refusal);
    }
    Some(policies.decide(&Request {
        identity,
        database,
        environment,
        facts,
        catalog,
        labels,
        context: &context,
    }))
}

/// What differs between the recorded verdict and another one, part by part.
pub(crate) fn compare(known: &KnownShape, after: &Verdict) -> Option<(Direction, Vec<String>)> {
    let record = &known.record;
    let mut what = Vec::new();
    let (mut stricter, mut looser) = (false, false);
    let mut differ = |words: String, before: u64, after: u64| {
        stricter |= after > before;
        looser |= after < before;
        what.push(words);
    };
    if record.verdict != after.outcome {
        // Allow and modify both run; which of them it is says nothing that is not said below.
        let runs = |outcome| matches!(outcome, Outcome::Allow | Outcome::Modify);
        if !(runs(record.verdict) && runs(after.outcome)) {
            let words = format!("{} → {}", record.verdict.as_str(), after.outcome.as_str());
            differ(words, record.verdict as u64, after.outcome as u64);
        }
    }
    let denied = [record.verdict, after.outcome].contains(&Outcome::Deny);
    if !denied {
        for (place, (old, new)) in record.disclosures.iter().zip(&after.disclosures).enumerate() {
            if old != new {
                let name = record.outputs.get(place).map_or("?", |output| output.name.as_ref());
                let words = format!("{name}: {} → {}", disclosure(old), disclosure(new));
                differ(words, rank(old), rank(new));
            }
        }
        let unforeseen = known.ground.as_ref().is_some_and(|(facts, ..)| facts.outputs_unknown);
        if unforeseen && record.fallback != after.fallback {
            let (old, new) = (&record.fallback, &after.fallback);
            let words = format!("the rest: {} → {}", disclosure(old), disclosure(new));
            differ(words, rank(old), rank(new));
        }
        if record.row_limit != after.row_limit {
            let (old, new) = (rows(record.row_limit), rows(after.row_limit));
            let least = |limit: Option<u64>| u64::MAX - limit.unwrap_or(u64::MAX);
            let words = format!("rows: {old} → {new}");
            differ(words, least(record.row_limit), least(after.row_limit));
        }
        if record.read_only != after.read_only {
            let words = format!("read-only: {} → {}", record.read_only, after.read_only);
            differ(words, record.read_only.into(), after.read_only.into());
        }
        let new = obligations(after);
        let old = record.basis.as_ref().map(|basis| basis.obligations.to_vec()).unwrap_or_default();
        for lost in old.iter().filter(|one| !new.contains(one)) {
            differ(format!("no longer: {lost}"), 1, 0);
        }
        for gained in new.iter().filter(|one| !old.contains(one)) {
            differ(format!("now: {gained}"), 0, 1);
        }
    }
    let direction = match (stricter, looser) {
        (true, false) => Direction::Stricter,
        (false, true) => Direction::Looser,
        (true, true) | (false, false) => Direction::Other,
    };
    (!what.is_empty()).then_some((direction, what))
}

fn rows(limit: Option<u64>) -> String {
    limit.map_or("all".to_owned(), |limit| limit.to_string())
}

/// How much is hidden.
fn rank(disclosure: &Disclosure) -> u64 {
    match disclosure {
        Disclosure::Raw { .. } => 0,
        Disclosure::Scan => 1,
        Disclosure::Masked { method, .. } => match method {
            MaskMethod::Generalise => 2,
            MaskMethod::Partial => 3,
            MaskMethod::Pseudonym => 4,
            MaskMethod::Full => 5,
            MaskMethod::Null => 6,
        },
    }
}
