//! A plan: one text, analysed and decided. Immutable, so that sessions share it. Knows how facts
//! and verdicts are come by, not how they are carried out.

use crate::{
    cache::PlanContext,
    database::{Database, Knowledge},
    history::History,
    line::{Gate, Judged},
    preview,
    record::Literals,
    result::{Field, Masks},
    risk::{self, Watched},
    session::Client,
    turning::{Reader, Turned},
};
use ledger::record::RiskPart;
use model::{Disclosure, Durability, Facts, Identity, Outcome, Verdict};
use policy::{Context, PolicySet, Request};
use sql::{CopyShape, Guard, Scope, SyntaxError};
use std::{
    hash::{DefaultHasher, Hash, Hasher},
    ops::{Deref, Range},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::SystemTime,
};

/// One text, with what each of its statements does and what was decided on it.
#[derive(Debug)]
pub struct Plan {
    /// The exact text.
    pub text: Box<str>,
    /// What goes to the server in the place of the text, where the text's aggregates are guarded or
    /// pseudonyms in it are turned back.
    pub sent: Option<Box<str>>,
    /// The trace that a comment of the text says it belongs to.
    pub trace: Option<Box<str>>,
    /// The pseudonyms that are turned back.
    pub turned: Turned,
    /// One per statement of the text, in order. Empty for an empty text.
    pub parts: Vec<Part>,
    /// Where literals stand in the text on whose value nothing of this depends; `None` where there
    /// is none, and where not all of a text can be told by another.
    pub(crate) free: Option<Box<[Range<usize>]>>,
    /// The knowledge it was decided on; masks are compiled against the same.
    pub knowledge: Arc<Knowledge>,
    /// The identity has full rights here: what is not understood still runs and leaves raw.
    pub unrestricted: bool,
    /// A command of the replication grammar: what it returns leaves as the upstream sends it.
    pub replication: bool,
    /// The text's keyed hash, as the record has it; made when it is recorded first.
    pub(crate) hashed: OnceLock<ledger::Hash>,
    /// Whether it may run something by a name that only a session knows; told when asked first.
    pub(crate) by_name: OnceLock<bool>,
    /// What of it may stay in the server's session; told when asked first.
    pub(crate) lingering: OnceLock<crate::lingering::Stays>,
    pub(crate) policies: u64,
    pub(crate) context: PlanContext,
    /// What its names depend on, as a number.
    pub(crate) names: u64,
}

/// One statement of a plan.
#[derive(Debug)]
pub struct Part {
    meaning: Arc<Meaning>,
    /// Where it stands in the text: bytes.
    pub span: Range<usize>,
    /// Where its literals stand in the text, once somebody looked: bytes.
    places: OnceLock<Box<[Range<usize>]>>,
    /// Hashes of them, once a record needs them.
    literals: OnceLock<Literals>,
}

/// What a statement means, whatever its free literals are, and all that comes of it. Plans of texts
/// that differ in these alone share it.
#[derive(Debug)]
pub struct Meaning {
    /// What it does.
    pub facts: Arc<Facts>,
    /// What was decided.
    pub verdict: Arc<Verdict>,
    /// For COPY TO STDOUT: the stream's format.
    pub copy: Option<CopyShape>,
    /// The encoding of what it returns, where text in it cannot be taken apart by its bytes.
    pub(crate) blurred: Option<Box<str>>,
    /// The text does not parse.
    pub syntax_error: Option<SyntaxError>,
    /// Nothing but comments: runs, and returns EmptyQueryResponse in PostgreSQL.
    pub empty: bool,
    /// What makes it risky by itself.
    pub risk: Arc<[RiskPart<'static>]>,
    /// The tables with labels that it reads.
    pub(crate) watched: Box<[Watched]>,
    /// The identity's past has these tables.
    pub(crate) learned: AtomicBool,
    pub(crate) shape: ledger::ShapeId,
    pub(crate) normalised: Box<str>,
    pub(crate) shape_recorded: AtomicBool,
    /// The verdict is what policy says to these facts, and nothing was made of it since.
    pub(crate) decided: bool,
    /// The masks of the result as it was described last; the same description comes each time.
    masks: Mutex<Option<Described>>,
}

impl Deref for Part {
    type Target = Meaning;

    fn deref(&self) -> &Meaning {
        &self.meaning
    }
}

impl Meaning {
    /// The same under another verdict.
    fn under(&self, verdict: Arc<Verdict>) -> Self {
        Self {
            facts: Arc::clone(&self.facts),
            verdict,
            copy: self.copy.clone(),
            blurred: self.blurred.clone(),
            syntax_error: self.syntax_error.clone(),
            empty: self.empty,
            risk: Arc::clone(&self.risk),
            watched: self.watched.clone(),
            learned: AtomicBool::new(self.learned.load(Ordering::Relaxed)),
            shape: self.shape,
            normalised: self.normalised.clone(),
            shape_recorded: AtomicBool::new(self.shape_recorded.load(Ordering::Acquire)),
            decided: false,
            masks: Mutex::new(None),
        }
    }
}

/// A description of a result, and the masks that were compiled for it.
type Described = (Box<[Field]>, Arc<Masks>);

impl Plan {
    /// What stands for its text in records.
    pub(crate) fn text_hash(&self, redactor: &ledger::Redactor) -> ledger::Hash {
        *self.hashed.get_or_init(|| redactor.hash(self.text.as_bytes()))
    }

    /// The same plan of one statement under another verdict.
    pub(crate) fn with_verdict(mut self, verdict: Verdict) -> Self {
        let verdict = Arc::new(verdict);
        for part in &mut self.parts {
            part.meaning = Arc::new(part.meaning.under(Arc::clone(&verdict)));
        }
        self
    }

    /// The plan of another text, which differs from this one's in literals on which nothing
    /// depends: these, and where they stand in the other.
    pub(crate) fn of_another(
        &self,
        text: &str,
        free: &[Range<usize>],
        places: &[Range<usize>],
    ) -> Self {
        let place = |place| sql::moved(place, free, places);
        let moved = |at: &Range<usize>| place(at.start)..place(at.end);
        let part = |part: &Part| {
            let known = part.places.get();
            let known: Option<Box<[_]>> = known.map(|known| known.iter().map(moved).collect());
            let places = known.map_or_else(OnceLock::new, OnceLock::from);
            Part { places, ..Part::of(Arc::clone(&part.meaning), moved(&part.span)) }
        };
        Self {
            text: text.into(),
            sent: None,
            trace: self.trace.clone(),
            turned: Turned::default(),
            parts: self.parts.iter().map(part).collect(),
            free: None,
            knowledge: Arc::clone(&self.knowledge),
            unrestricted: self.unrestricted,
            replication: false,
            hashed: OnceLock::new(),
            by_name: OnceLock::new(),
            lingering: OnceLock::new(),
            policies: self.policies,
            context: self.context,
            names: self.names,
        }
    }

    /// True if another plan says the same, wherever its statements stand.
    pub(crate) fn means_the_same(&self, other: &Self) -> bool {
        let same = |(one, other): (&Part, &Part)| {
            one.facts == other.facts
                && one.verdict == other.verdict
                && (&one.copy, &one.blurred) == (&other.copy, &other.blurred)
                && (one.empty, one.syntax_error.is_none())
                    == (other.empty, other.syntax_error.is_none())
                && one.normalised == other.normalised
                && one.shape == other.shape
                && one.span == other.span
        };
        let found = |plan: &Self, part: &Part| part.look_for_literals(plan);
        let placed = |(one, fresh): (&Part, &Part)| {
            one.places.get().is_none_or(|places| *places == found(other, fresh))
        };
        self.parts.len() == other.parts.len()
            && self.parts.iter().zip(&other.parts).all(same)
            && self.parts.iter().zip(&other.parts).all(placed)
            && (&self.sent, &self.trace, &self.turned) == (&other.sent, &other.trace, &other.turned)
    }
}

impl Part {
    /// What stands for the literals of its text in records.
    pub(crate) fn literals(&self, plan: &Plan, redactor: &ledger::Redactor) -> &Literals {
        let places = || self.places.get_or_init(|| self.look_for_literals(plan));
        self.literals.get_or_init(|| Literals::of(redactor, &plan.text, places()))
    }

    fn look_for_literals(&self, plan: &Plan) -> Box<[Range<usize>]> {
        let own = plan.text.get(self.span.clone()).map(|text| (self.span.start, text));
        let (start, text) = own.unwrap_or((0, &plan.text));
        sql::literals(text).map(|at| start + at.start..start + at.end).collect()
    }

    fn of(meaning: Arc<Meaning>, span: Range<usize>) -> Self {
        Self { meaning, span, places: OnceLock::new(), literals: OnceLock::new() }
    }

    /// The same statement as the FunctionCall message makes it, under a verdict of its own and
    /// therefore with a shape of its own.
    pub(crate) fn called(&self, verdict: Verdict) -> Self {
        let normalised = format!("FunctionCall: {}", self.normalised);
        let select = self.shape.to_string();
        let meaning = Meaning {
            copy: None,
            shape: ledger::ShapeId::of(&[select.as_bytes(), normalised.as_bytes()]),
            normalised: normalised.into(),
            shape_recorded: AtomicBool::new(false),
            learned: AtomicBool::new(false),
            ..self.under(Arc::new(verdict))
        };
        Self::of(Arc::new(meaning), self.span.clone())
    }

    /// Masks for the result of this part, compiled once per description.
    pub(crate) fn masks(&self, plan: &Plan, fields: &[Field], key: &mask::Key) -> Arc<Masks> {
        let mut known = self.masks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((described, masks)) = &*known
            && **described == *fields
        {
            return Arc::clone(masks);
        }
        let masks = Arc::new(Masks::compile(plan, self, fields, key));
        *known = Some((fields.into(), Arc::clone(&masks)));
        masks
    }
}

/// What planning needs to know of the session.
pub(crate) struct Asker<'a> {
    pub(crate) identity: &'a Identity,
    pub(crate) history: &'a History,
    pub(crate) client: &'a Client,
    pub(crate) now: SystemTime,
    pub(crate) database: &'a Database,
    pub(crate) context: Context<'a>,
    pub(crate) scope: &'a Scope,
    pub(crate) unrestricted: bool,
    pub(crate) names: u64,
}

impl Gate {
    /// Analyses and decides a text that no cache knows.
    pub(crate) fn make_plan(
        &self,
        text: &str,
        asker: &Asker<'_>,
        knowledge: Arc<Knowledge>,
        policies: &PolicySet,
        context: PlanContext,
    ) -> Plan {
        let analysed = knowledge.analyse(text, asker.scope);
        let (mut guards, mut free) = (Vec::new(), Vec::new());
        let mut reader = Reader::new(&self.mask_key, &knowledge, text);
        let parts = analysed.into_iter().map(|statement| {
            let Judged { verdict, risk, number } =
                self.decide(&statement.facts, asker, &knowledge, policies, context);
            free.extend(statement.free);
            reader.read(statement.given, statement.assigned, &verdict);
            if let Some(least) = verdict.min_group {
                let labelled = |guard: &Guard| {
                    guard.columns.iter().any(|column| knowledge.labels.label(*column).is_some())
                };
                let own = statement.guards.into_iter().filter(labelled);
                guards.extend(own.map(|guard| (guard, least)));
            }
            let normalised = sql::normalise(text.get(statement.span.clone()).unwrap_or(text));
            let meaning = Meaning {
                shape: shape_id(&normalised, asker, &context, number),
                normalised: normalised.into(),
                decided: true,
                shape_recorded: AtomicBool::new(false),
                masks: Mutex::new(None),
                watched: watched(&statement.facts, asker, &knowledge),
                learned: AtomicBool::new(false),
                risk,
                facts: statement.facts,
                verdict,
                copy: statement.copy,
                blurred: statement.blurred,
                syntax_error: statement.syntax_error,
                empty: statement.empty,
            };
            Part::of(Arc::new(meaning), statement.span)
        });
        let parts: Vec<Part> = parts.collect();
        reader.finish(parts.len());
        let Reader { replaced, turned, looked, .. } = reader;
        let changed = !guards.is_empty() || !replaced.is_empty();
        // What a literal says was looked at, or the text is written anew around them.
        let bound = looked || changed || turned != Turned::default();
        let free = Some(free).filter(|free| !free.is_empty() && !bound);
        let sent = changed.then(|| sql::rewritten(text, &guards, &replaced).into());
        Plan {
            text: text.into(),
            sent,
            trace: sql::traceparent(text).map(Into::into),
            turned,
            parts,
            free: free.map(Into::into),
            knowledge: Arc::clone(&knowledge),
            unrestricted: asker.unrestricted,
            replication: false,
            hashed: OnceLock::new(),
            by_name: OnceLock::new(),
            lingering: OnceLock::new(),
            policies: policies.version(),
            context,
            names: asker.names,
        }
    }

    /// Decides a command of the replication grammar. What it streams is not rows of a statement:
    /// nothing of it can be masked or counted off, so whoever may run it gets it raw, and its
    /// intent is on stable storage before it is forwarded.
    pub(crate) fn make_replication_plan(
        &self,
        text: &str,
        command: sql::ReplicationCommand,
        asker: &Asker<'_>,
        knowledge: Arc<Knowledge>,
        policies: &PolicySet,
        context: PlanContext,
    ) -> Plan {
        let facts = Arc::new(command.facts);
        let decided = self.decide(&facts, asker, &knowledge, policies, context);
        let meaning = Meaning {
            shape: shape_id(&command.normalised, asker, &context, decided.number),
            normalised: command.normalised.into(),
            decided: false,
            shape_recorded: AtomicBool::new(false),
            masks: Mutex::new(None),
            watched: Box::default(),
            learned: AtomicBool::new(true),
            risk: decided.risk,
            facts,
            verdict: Arc::new(raw_or_refused(&decided.verdict)),
            copy: None,
            blurred: None,
            syntax_error: None,
            empty: false,
        };
        let part = Part::of(Arc::new(meaning), 0..text.len());
        Plan {
            text: text.into(),
            sent: None,
            trace: None,
            turned: Turned::default(),
            parts: vec![part],
            free: None,
            knowledge,
            unrestricted: asker.unrestricted,
            replication: true,
            hashed: OnceLock::new(),
            by_name: OnceLock::new(),
            lingering: OnceLock::new(),
            policies: policies.version(),
            context,
            names: asker.names,
        }
    }

    /// One verdict, from the cache of decided facts where the same facts were decided before for
    /// the same asker: statements that differ in their literals alone meet here.
    fn decide(
        &self,
        facts: &Arc<Facts>,
        asker: &Asker<'_>,
        knowledge: &Knowledge,
        policies: &PolicySet,
        context: PlanContext,
    ) -> Judged {
        if let Some(judged) = asker.database.verdicts.find(facts, &context) {
            return judged;
        }
        let request = |context: &Context<'_>| {
            policies.decide(&Request {
                identity: asker.identity,
                database: &asker.database.name,
                environment: &asker.database.environment,
                facts,
                catalog: &knowledge.catalog,
                labels: &knowledge.labels,
                context,
            })
        };
        // What it would show is part of its risk, so it is judged as if it were not risky first.
        let mut verdict = request(&asker.context);
        let who = (asker.identity, asker.database.environment.as_str());
        let parts =
            risk::of_statement(facts, (&*knowledge.catalog, &*knowledge.labels), &verdict, who);
        if policies.risk_dependent() {
            let watched = watched(facts, asker, knowledge);
            let client = (asker.client, asker.context.work.tainted);
            let risk = risk::beside(&parts, &watched, asker.history, client, asker.now);
            verdict = request(&Context { risk, ..asker.context });
        }
        if asker.client.preview.is_some() {
            preview::strictly(&mut verdict, facts);
        }
        let number = number(facts, &verdict);
        let judged = Judged { verdict: Arc::new(verdict), risk: parts.into(), number };
        asker.database.verdicts.keep(context, facts, &judged);
        judged
    }
}

fn watched(facts: &Facts, asker: &Asker<'_>, knowledge: &Knowledge) -> Box<[Watched]> {
    risk::watched(facts, &knowledge.catalog, &knowledge.labels, asker.database.name.as_str())
}

/// A verdict on what leaves as it is or not at all.
fn raw_or_refused(decided: &Verdict) -> Verdict {
    let mut verdict = decided.clone();
    if !matches!(verdict.outcome, Outcome::Allow | Outcome::Modify) {
        return verdict;
    }
    if verdict.row_limit.is_some() || verdict.read_only {
        verdict.outcome = Outcome::Deny;
        let why = "a policy limits it, and what a replication command streams cannot be limited";
        verdict.reasons.insert(0, why.to_owned());
        return verdict;
    }
    verdict.outcome = Outcome::Allow;
    verdict.fallback = Disclosure::Raw { labels: Vec::new() };
    verdict.redact_diagnostics = false;
    verdict.redact_errors = false;
    verdict.durability = Durability::BeforeForward;
    verdict.reasons.push("what it streams leaves raw".to_owned());
    verdict
}

/// What stands for facts and what was decided on them; what is known is numbered anew by each run.
fn number(facts: &Facts, verdict: &Verdict) -> u64 {
    let mut decided = DefaultHasher::new();
    facts.hash(&mut decided);
    format!("{verdict:?}").hash(&mut decided);
    decided.finish()
}

/// Everything that a shape record depends on.
fn shape_id(
    normalised: &str,
    asker: &Asker<'_>,
    context: &PlanContext,
    decided: u64,
) -> ledger::ShapeId {
    ledger::ShapeId::of(&[
        asker.database.name.as_str().as_bytes(),
        normalised.as_bytes(),
        &context.asker.to_le_bytes(),
        &context.scope.to_le_bytes(),
        &context.policies.to_le_bytes(),
        &context.knowledge.to_le_bytes(),
        &context.past.to_le_bytes(),
        &decided.to_le_bytes(),
    ])
}
