//! Runs as OpenLineage describes them (openlineage.io, RunEvent of 2-0-2). Knows records and the
//! schema, and no sink; makes nothing up: what a record does not say is left out.
//!
//! | Record | Event |
//! |---|---|
//! | `session_opened` | START of the session's run |
//! | `session_closed` | its COMPLETE, with the columns whose values it was given as inputs |
//! | `intent` of a statement that writes data | START of its run, whose parent is the session's |
//! | `outcome` of one | its COMPLETE, or FAIL, with where the columns that it wrote come from |
//! | `started` | ABORT of every run that the run of Weir before left open |
//!
//! A statement that was refused never ran, and has no run.

mod datasets;
mod facets;

use crate::{
    event::{Event, Severity},
    join::{End, Joined, Single, Statement, Told},
    settings::About,
};
use datasets::Given;
use ledger::{
    Record, Sequence, SessionId, Time,
    record::{SessionClosed, SessionOpened, Shape},
};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::{collections::HashMap, sync::Arc};

/// The definition that every event follows.
const SCHEMA: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";
/// A job whose identity no record names.
const UNKNOWN: &str = "unknown";

/// What a run does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transition {
    Start,
    Complete,
    Fail,
    Abort,
}

impl Transition {
    const fn word(self) -> &'static str {
        match self {
            Self::Start => "START",
            Self::Complete => "COMPLETE",
            Self::Fail => "FAIL",
            Self::Abort => "ABORT",
        }
    }
}

/// A run, as its events name it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Run {
    id: String,
    job: String,
}

/// A session that is open, and what it was given so far.
#[derive(Debug)]
struct Open {
    who: Arc<SessionOpened<'static>>,
    given: Given,
}

/// Makes events, and remembers what sessions were given until they end.
#[derive(Debug)]
pub(crate) struct Maker {
    producer: String,
    /// Of jobs.
    namespace: String,
    /// Of datasets.
    datasets: String,
    /// The log's name and its key's id: no other log has both.
    prefix: String,
    sessions: HashMap<SessionId, Open>,
}

impl Maker {
    /// For the log with this public key: `name+id+key`. Datasets stand in a namespace of their own
    /// if one is given, and else in that of jobs.
    pub(crate) fn new(about: &About, key: &str, datasets: Option<&str>) -> Self {
        let mut parts = key.split('+');
        let (log, id) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let namespace = format!("weir://{log}");
        Self {
            producer: format!("urn:weir:{}", about.version),
            datasets: datasets.map_or_else(|| namespace.clone(), str::to_owned),
            namespace,
            prefix: format!("{log}+{id}"),
            sessions: HashMap::new(),
        }
    }

    /// Takes in what was joined; gives the events that it makes.
    pub(crate) fn feed(&mut self, joined: &Joined) -> Vec<Event> {
        match joined {
            Joined::Begun(statement) => {
                self.statement(statement, Transition::Start).into_iter().collect()
            }
            Joined::Statement(statement) => {
                if let Some(open) = self.sessions.get_mut(&statement.id.session()) {
                    open.given.take(statement);
                }
                let transition = match &statement.end {
                    End::Outcome(outcome)
                        if outcome.sqlstate.is_none() && outcome.ended.is_none() =>
                    {
                        Transition::Complete
                    }
                    End::Outcome(_) => Transition::Fail,
                    End::Unknown => Transition::Abort,
                    // It was not run.
                    End::Refused(_) => return Vec::new(),
                };
                self.statement(statement, transition).into_iter().collect()
            }
            Joined::Single(single) => self.single(single),
        }
    }

    fn single(&mut self, single: &Single) -> Vec<Event> {
        let Told::Known(record) = &single.record else { return Vec::new() };
        match &**record {
            Record::SessionOpened(opened) => {
                let who = Arc::new(opened.clone());
                let open = Open { who, given: Given::default() };
                let event = self.session(single, &open, Transition::Start, None);
                self.sessions.insert(opened.session, open);
                vec![event]
            }
            Record::SessionClosed(closed) => match self.sessions.remove(&closed.session) {
                Some(open) => {
                    vec![self.session(single, &open, Transition::Complete, Some(closed))]
                }
                // It began before the first record that is exported.
                None => Vec::new(),
            },
            Record::Started(_) => {
                let mut left: Vec<_> = std::mem::take(&mut self.sessions).into_iter().collect();
                left.sort_by_key(|(id, _)| id.to_string());
                left.iter()
                    .map(|(_, open)| self.session(single, open, Transition::Abort, None))
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    fn session(
        &self,
        single: &Single,
        open: &Open,
        transition: Transition,
        closed: Option<&SessionClosed<'_>>,
    ) -> Event {
        let run = self.session_run(&open.who);
        let mut run_facets = Map::new();
        let about = facets::session(&self.producer, &open.who, closed);
        run_facets.insert("weir_session".into(), about);
        if transition == Transition::Abort {
            let message = "Weir ended before the session did";
            run_facets.insert("errorMessage".into(), facets::error(&self.producer, message));
        }
        let mut job_facets = facets::job(&self.producer, Some(&open.who), "SESSION");
        job_facets.remove("sql");
        let inputs = match transition {
            Transition::Start => Vec::new(),
            _ => open.given.inputs(&self.producer, &self.datasets, &open.who.database),
        };
        let body = self.body(Body {
            time: single.time,
            transition,
            run: &run,
            run_facets,
            job_facets,
            inputs,
            outputs: Vec::new(),
        });
        self.event(single.sequence, single.time, &run, transition, body)
    }

    /// The run of a statement that writes data.
    fn statement(&self, statement: &Statement, transition: Transition) -> Option<Event> {
        let shape = statement.shape.as_deref().filter(|shape| datasets::writes(shape))?;
        let who = statement.who.as_deref();
        let run = Run {
            id: self.run_id(statement.began, &statement.id.to_string()),
            job: job_name(who, shape),
        };
        let mut run_facets = Map::new();
        if let Some(who) = who {
            let parent = self.session_run(who);
            let parent = facets::parent(&self.producer, &parent.id, &self.namespace, &parent.job);
            run_facets.insert("parent".into(), parent);
        }
        run_facets.insert("weir_decision".into(), facets::decision(&self.producer, statement));
        if let Some(message) = failure(statement, transition) {
            run_facets.insert("errorMessage".into(), facets::error(&self.producer, &message));
        }
        let mut job_facets = facets::job(&self.producer, who, "QUERY");
        job_facets.insert("sql".into(), facets::sql(&self.producer, &shape.text));
        let affected = match &statement.end {
            End::Outcome(outcome) if transition == Transition::Complete => Some(outcome.affected),
            _ => None,
        };
        let names = datasets::Names { producer: &self.producer, namespace: &self.datasets };
        let time = match (&statement.end, transition) {
            (End::Outcome(outcome), Transition::Complete | Transition::Fail) => outcome.time,
            _ => statement.began,
        };
        let body = self.body(Body {
            time,
            transition,
            run: &run,
            run_facets,
            job_facets,
            inputs: names.inputs(shape),
            outputs: names.outputs(shape, affected),
        });
        Some(self.event(statement.sequence, time, &run, transition, body))
    }

    fn session_run(&self, who: &SessionOpened<'_>) -> Run {
        Run {
            id: self.run_id(who.time, &who.session.to_string()),
            job: who.identity.as_ref().to_owned(),
        }
    }

    /// A UUID (version 7) that is the same whenever the event is made again: its time is when the
    /// run began, the rest a hash of the log and the record's own id.
    fn run_id(&self, began: Time, name: &str) -> String {
        let hash = Sha256::digest(format!("{}/{name}", self.prefix));
        let mut low = [0; 16];
        low.iter_mut().zip(hash.iter()).for_each(|(low, byte)| *low = *byte);
        let millis = u64::try_from(began.micros().div_euclid(1000)).unwrap_or(0);
        let time = u128::from(millis & 0xffff_ffff_ffff) << 80;
        let random = u128::from_be_bytes(low) & 0x0fff_3fff_ffff_ffff_ffff;
        let id = format!("{:032x}", time | random | 7 << 76 | 2 << 62);
        let part = |from: usize, to: usize| id.get(from..to).unwrap_or_default();
        let parts = [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)];
        parts.join("-")
    }

    fn body(&self, body: Body<'_>) -> Value {
        json!({
            "eventTime": body.time,
            "producer": self.producer,
            "schemaURL": SCHEMA,
            "eventType": body.transition.word(),
            "run": { "runId": body.run.id, "facets": body.run_facets },
            "job": {
                "namespace": self.namespace, "name": body.run.job, "facets": body.job_facets,
            },
            "inputs": body.inputs,
            "outputs": body.outputs,
        })
    }

    fn event(
        &self,
        sequence: Sequence,
        time: Time,
        run: &Run,
        transition: Transition,
        body: Value,
    ) -> Event {
        let severity = Severity::Informational;
        let kind = transition.word().to_ascii_lowercase();
        let id = format!("{}/{}/{kind}", self.prefix, run.id);
        Event { sequence, id, time, body, severity, kind }
    }
}

/// What an event says.
struct Body<'a> {
    time: Time,
    transition: Transition,
    run: &'a Run,
    run_facets: Map<String, Value>,
    job_facets: Map<String, Value>,
    inputs: Vec<Value>,
    outputs: Vec<Value>,
}

/// Why a run did not complete.
fn failure(statement: &Statement, transition: Transition) -> Option<String> {
    match (&statement.end, transition) {
        (End::Outcome(outcome), Transition::Fail) => {
            let parts = [outcome.ended.as_deref(), outcome.sqlstate.as_deref()];
            Some(parts.into_iter().flatten().collect::<Vec<_>>().join(", SQLSTATE "))
        }
        (_, Transition::Abort) => {
            Some("Weir ended before the statement did: it may have run or not".to_owned())
        }
        _ => None,
    }
}

/// A statement's job: the same for the same text of the same identity.
fn job_name(who: Option<&SessionOpened<'_>>, shape: &Shape<'_>) -> String {
    let hash = Sha256::digest(shape.text.as_bytes());
    let hash: String = hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let identity = who.map_or(UNKNOWN, |who| who.identity.as_ref());
    let (database, operation) = (&shape.database, shape.operation.as_str());
    format!("{identity}.{database}.{operation}.{hash}")
}

#[cfg(test)]
pub(crate) mod tests;
