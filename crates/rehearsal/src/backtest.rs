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
/// Decisions that are made at once, by as many threads as there are processors.
const AT_ONCE: usize = 16_384;
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

/// The change that a statement is one of, if there is one.
type Decided = Result<Option<usize>, Unknowable>;

/// Statements with one key.
#[derive(Clone, Debug)]
struct Seen {
    statements: u64,
    examples: Vec<StatementId>,
    first: Time,
    last: Time,
}

/// Changes of one kind: whose, where, what was asked, what differs.
type Kind = (String, String, String, String);

/// The most that a risk can be.
const MAX_RISK: u32 = 100;

/// A backtest in the making.
#[derive(Debug)]
pub struct Backtest<'a> {
    policies: &'a PolicySet,
    looks: Looks,
    examples: usize,
    log: Log,
    decided: HashMap<Key, Decided>,
    /// What is not decided yet.
    open: HashMap<Key, Seen>,
    changes: Vec<Change>,
    change_of: HashMap<Kind, usize>,
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
            open: HashMap::new(),
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
        let one = Seen::new(&asked);
        if let Some(decided) = self.decided.get(&key) {
            let decided = *decided;
            self.count(decided, one);
            return;
        }
        match self.open.get_mut(&key) {
            Some(seen) => seen.join(one, self.examples),
            None => {
                self.open.insert(key, one);
            }
        }
        if self.open.len() >= AT_ONCE {
            self.settle();
        }
    }

    /// Decides what is open, in parts of equal size side by side, and counts it.
    fn settle(&mut self) {
        let open: Vec<(Key, Seen)> = std::mem::take(&mut self.open).into_iter().collect();
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let part = open.len().div_ceil(threads).max(1);
        let this = &*self;
        let judged: Vec<Result<Option<(Kind, Change)>, Unknowable>> = std::thread::scope(|scope| {
            let judge = |part: &[(Key, Seen)]| -> Vec<_> {
                part.iter().map(|(key, seen)| this.judge(*key, seen.first)).collect()
            };
            let parts: Vec<_> =
                open.chunks(part).map(|part| (part, scope.spawn(move || judge(part)))).collect();
            // A thread that fell over is asked again here, where the failure is seen.
            let all = parts.into_iter();
            all.flat_map(|(part, thread)| thread.join().unwrap_or_else(|_| judge(part))).collect()
        });
        if self.decided.len() + open.len() > REMEMBERED {
            self.decided.clear();
        }
        for ((key, seen), found) in open.into_iter().zip(judged) {
            let decided = found.map(|found| {
                self.decisions += 1;
                found.map(|(kind, change)| self.change(kind, change))
            });
            self.decided.insert(key, decided);
            self.count(decided, seen);
        }
    }

    /// Counts statements that were decided.
    fn count(&mut self, decided: Decided, seen: Seen) {
        match decided {
            Err(why) => *self.unknowable.entry(why).or_default() += seen.statements,
            Ok(change) => {
                self.statements += seen.statements;
                match change.and_then(|change| self.changes.get_mut(change)) {
                    Some(change) => change.take(seen, self.examples),
                    None => self.same += seen.statements,
                }
            }
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

    /// Decides one statement; nothing if it would have got the same verdict.
    fn judge(&self, key: Key, time: Time) -> Result<Option<(Kind, Change)>, Unknowable> {
        let (asker, shape, _, score) = key;
        let (Some(who), Some(known)) = (self.log.askers().get(asker), self.log.shapes().get(shape))
        else {
            return Err(Unknowable::NoShape);
        };
        let risk = Risk { score, share: 0 };
        let verdict = anew(self.policies, who, known, moment(time), risk);
        let verdict = verdict.ok_or(Unknowable::NoBasis)?;
        let Some((direction, what)) = compare(known, &verdict) else { return Ok(None) };
        let change = Change {
            identity: who.identity.chain(),
            database: who.database.to_string(),
            text: known.record.text.to_string(),
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
        };
        let Change { identity, database, text, after, what, .. } = &change;
        let differs = format!("{} {what:?}", after.as_str());
        Ok(Some(((identity.clone(), database.clone(), text.clone(), differs), change)))
    }

    /// The place of a change among those of its kind: the first of them stands for all.
    fn change(&mut self, kind: Kind, change: Change) -> usize {
        let changes = &mut self.changes;
        *self.change_of.entry(kind).or_insert_with(|| {
            changes.push(change);
            changes.len() - 1
        })
    }

    /// What came of it.
    pub fn finish(mut self) -> Report {
        self.settle();
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

impl Seen {
    fn new(asked: &Asked) -> Self {
        let (statements, examples) = (1, vec![asked.statement]);
        Self { statements, examples, first: asked.time, last: asked.time }
    }

    /// Takes more of the same in.
    fn join(&mut self, more: Self, examples: usize) {
        self.statements += more.statements;
        self.first = self.first.min(more.first);
        self.last = self.last.max(more.last);
        keep_first(&mut self.examples, more.examples, examples);
    }
}

impl Change {
    fn take(&mut self, seen: Seen, examples: usize) {
        self.statements += seen.statements;
        self.first = self.first.min(seen.first);
        self.last = self.last.max(seen.last);
        keep_first(&mut self.examples, seen.examples, examples);
    }
}

/// Adds statements to some, and keeps so many with the lowest ids.
fn keep_first(some: &mut Vec<StatementId>, more: Vec<StatementId>, count: usize) {
    some.extend(more);
    some.sort_unstable();
    some.truncate(count);
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
