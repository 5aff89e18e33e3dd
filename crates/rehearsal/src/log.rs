//! Records in the order of the log, put together as far as deciding anew needs it: who asked, what
//! the statement was, what was decided. Knows no file.

use crate::decide::Circumstances;
use ledger::{
    Entry, Record, SessionId, ShapeId, StatementId, Time,
    record::{RiskPart, SessionOpened, Shape},
};
use model::{Catalog, Facts, Identity, IdentityKind, LabelMap};
use serde::{Deserialize, de::IgnoredAny};
use std::{
    collections::{HashMap, HashSet},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Why a recorded statement cannot be decided anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unknowable {
    /// Its session began before the record that is there.
    NoSession,
    /// Its shape is not in the record, or it was refused before it was analysed.
    NoShape,
    /// Its shape does not say what the verdict rests on: an older version wrote it, or it is a
    /// FunctionCall or a replication command.
    NoBasis,
    /// It was refused, and a policy looks at the risk, which is not recorded as a whole then.
    NoRisk,
    /// It reads a table with labels, and a policy looks at how much of it was read before.
    NoShare,
    /// An agent whose principals' groups were not recorded.
    NoPrincipals,
    /// What stands or falls with a task, or with what an agent was shown.
    Worked,
}

impl Unknowable {
    /// In a sentence's end.
    pub const fn why(self) -> &'static str {
        match self {
            Self::NoSession => "their session is not in the record",
            Self::NoShape => "they were refused before they were analysed",
            Self::NoBasis => {
                "their record does not hold what the verdict rests on (an older version's, \
                 FunctionCall, replication)"
            }
            Self::NoRisk => {
                "they were refused, and their whole risk (context.risk) is not recorded"
            }
            Self::NoShare => "context.share is not recorded, and they read tables with labels",
            Self::NoPrincipals => {
                "their record does not hold the groups of those for whom the agent acts"
            }
            Self::Worked => {
                "they belong to a task, or the agent had been shown what others can write"
            }
        }
    }
}

/// A shape with what its verdict rests on.
#[derive(Clone, Debug)]
pub struct KnownShape {
    /// The record.
    pub record: Shape<'static>,
    /// The facts, the catalog and the labels that it was decided on, if they are recorded.
    pub ground: Option<(Facts, Catalog, LabelMap)>,
}

/// One statement of the record. `asker` and `shape` are places in the log's lists.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// Which.
    pub statement: StatementId,
    /// When.
    pub time: Time,
    /// It was about to run; else it was refused.
    pub ran: bool,
    /// It ran by an approval.
    pub approved: bool,
    /// Its session had a grant: groups for a while, which are among those of whoever asked.
    pub granted: bool,
    /// Who asked.
    pub asker: Result<usize, Unknowable>,
    /// What.
    pub shape: Result<usize, Unknowable>,
    /// How risky it was beside what makes its shape so.
    pub risk: u32,
}

/// What a line of the two most frequent records must say here.
#[derive(Deserialize)]
struct Line {
    statement: StatementId,
    time: Time,
    #[serde(default)]
    shape: Option<ShapeId>,
    #[serde(default)]
    approval: Option<IgnoredAny>,
    #[serde(default)]
    risk: Vec<RiskPart<'static>>,
    #[serde(default)]
    work: Option<IgnoredAny>,
}

/// Remembers sessions and shapes of what it was fed.
#[derive(Debug, Default)]
pub struct Log {
    askers: Vec<Circumstances>,
    asker_of: HashMap<String, usize>,
    sessions: HashMap<SessionId, Result<usize, Unknowable>>,
    /// Those with a grant.
    granted: HashSet<SessionId>,
    shapes: Vec<KnownShape>,
    shape_of: HashMap<ShapeId, usize>,
}

impl Log {
    /// Takes one record in; gives a statement if it is one.
    pub fn feed(&mut self, entry: &Entry) -> Option<Asked> {
        // Nearly all records are of these types, and reading the type first would take longer.
        let payload = entry.payload.as_slice();
        if payload.starts_with(br#"{"type":"outcome""#) {
            return None;
        }
        let ran = payload.starts_with(br#"{"type":"intent""#);
        if ran || payload.starts_with(br#"{"type":"refused""#) {
            let line: Line = serde_json::from_slice(payload).ok()?;
            return Some(self.asked(&line, ran));
        }
        let record = entry.record().ok()?;
        if let Record::SessionOpened(opened) = &record {
            self.session(opened);
        }
        if let Record::Shape(shape) = record {
            self.shape(shape);
        }
        None
    }

    /// Everybody who asked, each with one set of circumstances but the time.
    pub fn askers(&self) -> &[Circumstances] {
        &self.askers
    }

    /// Every shape.
    pub fn shapes(&self) -> &[KnownShape] {
        &self.shapes
    }

    fn asked(&self, line: &Line, ran: bool) -> Asked {
        let session = self.sessions.get(&line.statement.session()).copied();
        let shape = line.shape.and_then(|shape| self.shape_of.get(&shape)).copied();
        Asked {
            statement: line.statement,
            time: line.time,
            ran,
            approved: line.approval.is_some(),
            granted: self.granted.contains(&line.statement.session()),
            asker: match line.work {
                Some(_) => Err(Unknowable::Worked),
                None => session.unwrap_or(Err(Unknowable::NoSession)),
            },
            shape: shape.ok_or(Unknowable::NoShape),
            risk: points(&line.risk),
        }
    }

    /// A shape is described again by every run that meets it. Where it says something else, it
    /// stands for what comes from there on: earlier versions named what differed alike.
    fn shape(&mut self, record: Shape<'static>) {
        let ground = record.basis.as_ref().map(|basis| {
            let (catalog, labels) = basis.restored();
            (basis.facts.clone().into_owned(), catalog, labels)
        });
        if let Some(known) = self.shape_of.get(&record.shape).and_then(|at| self.shapes.get(*at)) {
            let same = Shape { time: known.record.time, ..record.clone() };
            if same == known.record {
                return;
            }
        }
        self.shape_of.insert(record.shape, self.shapes.len());
        self.shapes.push(KnownShape { record, ground });
    }

    fn session(&mut self, opened: &SessionOpened<'_>) {
        let key = format!(
            "{:?}",
            (
                (&opened.identity, opened.kind, &opened.groups, &opened.principals),
                (&opened.acts_for, &opened.database, &opened.environment),
                (opened.address, &opened.tls, &opened.application),
                opened.work.as_ref().map(|work| &work.purpose),
            )
        );
        let found = match self.asker_of.get(&key) {
            Some(known) => Ok(*known),
            None => circumstances(opened).map(|asker| {
                let place = self.askers.len();
                self.asker_of.insert(key, place);
                self.askers.push(asker);
                place
            }),
        };
        self.sessions.insert(opened.session, found);
        if !opened.grants.is_empty() {
            self.granted.insert(opened.session);
        }
    }
}

fn circumstances(opened: &SessionOpened<'_>) -> Result<Circumstances, Unknowable> {
    let mut acts_for = None;
    for principal in opened.principals.iter().rev() {
        acts_for = Some(Box::new(Identity {
            name: principal.name.as_ref().into(),
            kind: principal.kind,
            groups: principal.groups.to_vec(),
            acts_for: acts_for.take(),
        }));
    }
    if acts_for.is_none() && (opened.acts_for.is_some() || opened.kind == IdentityKind::Agent) {
        return Err(Unknowable::NoPrincipals);
    }
    let name = opened.identity.rsplit('/').next().unwrap_or_default();
    Ok(Circumstances {
        identity: Identity {
            name: if acts_for.is_some() { name } else { &opened.identity }.into(),
            kind: opened.kind,
            groups: opened.groups.to_vec(),
            acts_for,
        },
        database: opened.database.as_ref().into(),
        environment: opened.environment.to_string(),
        now: UNIX_EPOCH,
        address: opened.address,
        tls: opened.tls.is_some(),
        application: opened.application.to_string(),
        risk: policy::Risk::default(),
        purpose: opened.work.as_ref().map_or_else(String::new, |work| work.purpose.to_string()),
        tainted: false,
    })
}

/// What parts add up to.
pub(crate) fn points(parts: &[RiskPart<'_>]) -> u32 {
    parts.iter().fold(0, |sum, part| sum.saturating_add(part.points))
}

/// A record's time as a clock has it.
pub(crate) fn moment(time: Time) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(u64::try_from(time.micros()).unwrap_or(0))
}
