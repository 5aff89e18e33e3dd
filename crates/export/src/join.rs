//! Puts the records of one statement together with its session and its shape. Knows no output
//! format.

use crate::shapes::Shapes;
use ledger::{
    Entry, Record, Sequence, SessionId, ShapeId, StatementId, Time,
    record::{Intent, Outcome, Refused, SessionOpened, Shape},
};
use std::{collections::HashMap, path::Path, sync::Arc};

/// What one event is about.
#[derive(Debug)]
pub(crate) enum Joined {
    /// A statement that is about to run, where it was asked for: it has no end yet.
    Begun(Box<Statement>),
    /// A statement that ended, was refused, or will never have an outcome.
    Statement(Box<Statement>),
    /// A record that stands for itself.
    Single(Box<Single>),
}

/// A statement with all that is known of it.
#[derive(Debug)]
pub(crate) struct Statement {
    /// The outcome's place, the refusal's, or that of the intent that has no outcome.
    pub(crate) sequence: Sequence,
    pub(crate) id: StatementId,
    pub(crate) began: Time,
    pub(crate) who: Option<Arc<SessionOpened<'static>>>,
    pub(crate) shape: Option<Arc<Shape<'static>>>,
    pub(crate) intent: Option<Intent<'static>>,
    pub(crate) end: End,
}

/// How a statement ended.
#[derive(Debug)]
pub(crate) enum End {
    Outcome(Outcome<'static>),
    Refused(Refused<'static>),
    /// Weir ended first: it may have run or not.
    Unknown,
}

/// A record that stands for itself.
#[derive(Debug)]
pub(crate) struct Single {
    pub(crate) sequence: Sequence,
    /// The record before's, where it has none itself.
    pub(crate) time: Time,
    pub(crate) record: Told,
    /// Of a session that closed, how it began.
    pub(crate) who: Option<Arc<SessionOpened<'static>>>,
}

/// A record, or what a later version wrote.
#[derive(Debug)]
pub(crate) enum Told {
    Known(Box<Record<'static>>),
    Later(serde_json::Value),
}

/// Remembers sessions, shapes and open intents of a run.
#[derive(Debug)]
pub(crate) struct Join {
    sessions: HashMap<SessionId, Arc<SessionOpened<'static>>>,
    shapes: Shapes,
    open: HashMap<StatementId, (Sequence, Intent<'static>)>,
    last: Time,
    began: Option<Sequence>,
    /// Statements that begin are told too.
    beginnings: bool,
}

impl Join {
    /// Over the log in this folder; `beginnings` if statements are to be told when they begin too.
    pub(crate) fn new(dir: &Path, beginnings: bool) -> Self {
        Self {
            beginnings,
            sessions: HashMap::new(),
            shapes: Shapes::new(dir),
            open: HashMap::new(),
            last: Time::from_micros(0),
            began: None,
        }
    }

    /// Takes one record in; gives what it completes.
    pub(crate) fn feed(&mut self, entry: &Entry) -> Vec<Joined> {
        let sequence = entry.sequence;
        let Ok(record) = entry.record() else {
            let value = serde_json::from_slice(&entry.payload).unwrap_or_default();
            return vec![self.single(sequence, None, Told::Later(value), None)];
        };
        let time = time(&record);
        self.last = time.unwrap_or(self.last);
        match record {
            Record::Shape(shape) => {
                self.shapes.insert(sequence, shape);
                Vec::new()
            }
            Record::Intent(intent) => {
                let begun = self.beginnings.then(|| self.begun(sequence, &intent));
                self.open.insert(intent.statement, (sequence, intent));
                begun.into_iter().collect()
            }
            Record::Outcome(outcome) => vec![self.outcome(sequence, outcome)],
            Record::Refused(refused) => vec![self.refused(sequence, refused)],
            Record::SessionOpened(opened) => {
                let who = Arc::new(opened.clone());
                self.sessions.insert(opened.session, who);
                vec![self.single(sequence, time, Told::Known(Box::new(opened.into())), None)]
            }
            Record::SessionClosed(closed) => {
                let who = self.sessions.remove(&closed.session);
                vec![self.single(sequence, time, Told::Known(Box::new(closed.into())), who)]
            }
            Record::Started(started) => {
                // Whatever the run before left open stays open for ever.
                let mut found = self.unfinished();
                self.sessions.clear();
                self.shapes.clear();
                self.began = Some(sequence);
                found.push(self.single(
                    sequence,
                    time,
                    Told::Known(Box::new(started.into())),
                    None,
                ));
                found
            }
            other => vec![self.single(sequence, time, Told::Known(Box::new(other)), None)],
        }
    }

    /// Where the run began.
    pub(crate) fn began(&self) -> Option<Sequence> {
        self.began
    }

    /// Of a statement that begins nobody knows the end: it is told as of one that has none.
    fn begun(&mut self, sequence: Sequence, intent: &Intent<'static>) -> Joined {
        let who = self.sessions.get(&intent.statement.session()).cloned();
        let shape = self.shapes.find(intent.shape);
        let (id, began, intent) = (intent.statement, intent.time, Some(intent.clone()));
        let end = End::Unknown;
        Joined::Begun(Box::new(Statement { sequence, id, began, who, shape, intent, end }))
    }

    fn unfinished(&mut self) -> Vec<Joined> {
        let mut open: Vec<_> = std::mem::take(&mut self.open).into_values().collect();
        open.sort_by_key(|(sequence, _)| *sequence);
        open.into_iter()
            .map(|(sequence, intent)| {
                let (id, began, shape) = (intent.statement, intent.time, intent.shape);
                self.statement(sequence, id, began, Some(shape), Some(intent), End::Unknown)
            })
            .collect()
    }

    fn outcome(&mut self, sequence: Sequence, outcome: Outcome<'static>) -> Joined {
        let id = outcome.statement;
        let intent = self.open.remove(&id).map(|(_, intent)| intent);
        let began = intent.as_ref().map_or(outcome.time, |intent| intent.time);
        let shape = intent.as_ref().map(|intent| intent.shape);
        self.statement(sequence, id, began, shape, intent, End::Outcome(outcome))
    }

    fn refused(&mut self, sequence: Sequence, refused: Refused<'static>) -> Joined {
        let (id, time, shape) = (refused.statement, refused.time, refused.shape);
        self.statement(sequence, id, time, shape, None, End::Refused(refused))
    }

    fn statement(
        &mut self,
        sequence: Sequence,
        id: StatementId,
        began: Time,
        shape: Option<ShapeId>,
        intent: Option<Intent<'static>>,
        end: End,
    ) -> Joined {
        let who = self.sessions.get(&id.session()).cloned();
        let shape = shape.and_then(|shape| self.shapes.find(shape));
        Joined::Statement(Box::new(Statement { sequence, id, began, who, shape, intent, end }))
    }

    fn single(
        &self,
        sequence: Sequence,
        time: Option<Time>,
        record: Told,
        who: Option<Arc<SessionOpened<'static>>>,
    ) -> Joined {
        let time = time.unwrap_or(self.last);
        Joined::Single(Box::new(Single { sequence, time, record, who }))
    }
}

/// When a record was written, for those that say.
fn time(record: &Record<'_>) -> Option<Time> {
    Some(match record {
        Record::Started(one) => one.time,
        Record::Stopped(one) => one.time,
        Record::SessionOpened(one) => one.time,
        Record::SessionRefused(one) => one.time,
        Record::SessionClosed(one) => one.time,
        Record::Shape(one) => one.time,
        Record::Intent(one) => one.time,
        Record::Outcome(one) => one.time,
        Record::Refused(one) => one.time,
        Record::PolicyChanged(one) => one.time,
        Record::CatalogChanged(one) => one.time,
        Record::LabelChanged(one) => one.time,
        Record::IdentityChanged(one) => one.time,
        Record::HoldChanged(one) => one.time,
        Record::Pruned(one) => one.time,
        Record::GrantChanged(one) => one.time,
        Record::TaskChanged(one) => one.time,
        Record::Administered(one) => one.time,
        Record::Withdrawn(_) => return None,
    })
}
