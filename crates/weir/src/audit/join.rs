//! Puts the records of one statement together. Knows no file and no output format.

use ledger::{
    Entry, Record, Sequence, SessionId, ShapeId, StatementId, Time,
    record::{
        Approved, Disclosed, Intent, Outcome, Refused, RiskPart, SessionOpened, Shape, Text, Work,
    },
};
use model::Disclosure;
use serde::Serialize;
use std::{collections::HashMap, sync::Arc};

/// One entry for the reader: a statement with all that is known of it, or another record.
#[derive(Debug)]
pub(super) enum Joined {
    /// A statement that ended, was refused, or (at the end of the log) has no outcome yet.
    Statement(Box<Statement>),
    /// A record that stands for itself, with the identity and database it concerns, if any.
    Event(Box<Event>),
}

/// A record that stands for itself.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) sequence: Sequence,
    pub(super) record: Record<'static>,
    pub(super) payload: Vec<u8>,
    pub(super) identity: Option<String>,
    pub(super) database: Option<String>,
}

/// A statement with all that is known of it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Statement {
    /// The record that this entry stands at: the outcome, the refusal, or the intent alone.
    pub(super) sequence: u64,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) time: Time,
    pub(super) statement: StatementId,
    pub(super) session: SessionId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) identity: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) database: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) verdict: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) operation: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rows: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) affected: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) duration_us: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sqlstate: Option<String>,
    /// How it ended if not by the upstream; `no outcome yet` if nothing tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ended: Option<String>,
    /// Labels of which values left raw, sorted.
    pub(super) raw: Vec<String>,
    /// Labels of which values left masked, sorted.
    pub(super) masked: Vec<String>,
    /// 0 to 100; absent if its shape was not found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) risk: Option<u32>,
    /// What it is made of: `operation 15`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) risk_parts: Vec<String>,
    /// Labels of which it held a pseudonym that was turned back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) turned_back: Vec<String>,
    /// Grants that the session had from its beginning.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) grants: Vec<String>,
    /// Who approved it, where it was held.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) approved_by: Vec<String>,
    /// The task that it was part of, and what was left of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) work: Option<Box<Work<'static>>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) policies: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) reasons: Vec<String>,
    /// The statement without literals; absent if its shape was not found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
}

/// What a line needs of a session.
#[derive(Clone, Debug)]
struct Who {
    identity: String,
    database: String,
    grants: Vec<String>,
}

/// Remembers sessions, shapes and open intents of what it was fed.
#[derive(Debug, Default)]
pub(super) struct Join {
    sessions: HashMap<SessionId, Who>,
    shapes: HashMap<ShapeId, Arc<Shape<'static>>>,
    open: HashMap<StatementId, (Sequence, Intent<'static>)>,
    /// A statement was met whose session or shape was not fed: reading began too late.
    pub(super) incomplete: bool,
}

/// The parts of a shape, and those of an intent beside it.
fn add_risk(found: &mut Statement, parts: &[RiskPart<'_>]) {
    let sum = parts.iter().fold(found.risk.unwrap_or(0), |sum, part| sum + part.points);
    found.risk = found.risk.map(|_| sum.min(100));
    let words = parts.iter().map(|part| format!("{} {}", part.part, part.points));
    found.risk_parts.extend(words);
}

impl Join {
    /// Takes one record in; gives an entry if it completes one. Records of later versions and ones
    /// that only feed others give nothing.
    pub(super) fn feed(&mut self, entry: Entry) -> Option<Joined> {
        let sequence = entry.sequence;
        match entry.record().ok()? {
            Record::Shape(shape) => {
                self.shapes.insert(shape.shape, Arc::new(shape));
                None
            }
            Record::Intent(intent) => {
                self.open.insert(intent.statement, (sequence, intent));
                None
            }
            Record::Outcome(outcome) => Some(self.outcome(sequence, &outcome)),
            Record::Refused(refused) => Some(self.refused(sequence, &refused)),
            record => Some(self.event(sequence, record, entry.payload)),
        }
    }

    /// Statements without an outcome so far, in the order of their intents.
    pub(super) fn unfinished(&mut self) -> Vec<Statement> {
        let mut open: Vec<_> = std::mem::take(&mut self.open).into_values().collect();
        open.sort_by_key(|(sequence, _)| *sequence);
        open.iter()
            .map(|(sequence, intent)| {
                let mut found =
                    self.statement(*sequence, intent.statement, Some(intent.shape), intent.time);
                add_risk(&mut found, &intent.risk);
                found.ended = Some("no outcome yet".to_owned());
                found.turned_back = words(&intent.turned_back);
                found.approved_by = approvers(intent.approval.as_ref());
                found.work.clone_from(&intent.work);
                found
            })
            .collect()
    }

    fn outcome(&mut self, sequence: Sequence, outcome: &Outcome<'_>) -> Joined {
        let intent = self.open.remove(&outcome.statement).map(|(_, intent)| intent);
        self.incomplete |= intent.is_none();
        let shape = intent.as_ref().map(|intent| intent.shape);
        let time = intent.as_ref().map_or(outcome.time, |intent| intent.time);
        let mut found = self.statement(sequence, outcome.statement, shape, time);
        if let Some(intent) = &intent {
            add_risk(&mut found, &intent.risk);
            found.turned_back = words(&intent.turned_back);
            found.approved_by = approvers(intent.approval.as_ref());
            found.work.clone_from(&intent.work);
        }
        if outcome.approval.is_some() {
            found.approved_by = approvers(outcome.approval.as_ref());
        }
        found.rows = Some(outcome.rows);
        found.affected = Some(outcome.affected);
        found.bytes = Some(outcome.bytes);
        found.duration_us = Some(outcome.duration_us);
        found.sqlstate = outcome.sqlstate.as_ref().map(Text::to_string);
        found.ended = outcome.ended.as_ref().map(Text::to_string);
        if let Some(shape) = shape.and_then(|id| self.shapes.get(&id)) {
            (found.raw, found.masked) = left(shape, &outcome.disclosed);
        }
        Joined::Statement(Box::new(found))
    }

    fn refused(&mut self, sequence: Sequence, refused: &Refused<'static>) -> Joined {
        let mut found = self.statement(sequence, refused.statement, refused.shape, refused.time);
        found.kind = "refused";
        found.work.clone_from(&refused.work);
        found.sqlstate = Some(refused.sqlstate.to_string());
        if !refused.reason.is_empty() {
            found.reasons.insert(0, refused.reason.to_string());
        }
        Joined::Statement(Box::new(found))
    }

    fn statement(
        &mut self,
        sequence: Sequence,
        id: StatementId,
        shape: Option<ShapeId>,
        time: Time,
    ) -> Statement {
        let who = self.sessions.get(&id.session());
        let what = shape.and_then(|shape| self.shapes.get(&shape));
        self.incomplete |= who.is_none() || (shape.is_some() && what.is_none());
        let mut found = Statement {
            sequence: sequence.0,
            kind: "statement",
            time,
            statement: id,
            session: id.session(),
            identity: who.map(|who| who.identity.clone()),
            database: who.map(|who| who.database.clone()),
            verdict: what.map(|shape| shape.verdict.as_str()),
            operation: what.map(|shape| shape.operation.as_str()),
            rows: None,
            affected: None,
            bytes: None,
            duration_us: None,
            sqlstate: None,
            ended: None,
            raw: Vec::new(),
            masked: Vec::new(),
            risk: what.map(|_| 0),
            risk_parts: Vec::new(),
            turned_back: Vec::new(),
            grants: who.map(|who| who.grants.clone()).unwrap_or_default(),
            approved_by: Vec::new(),
            work: None,
            policies: what
                .map(|shape| shape.policies.iter().map(ToString::to_string).collect())
                .unwrap_or_default(),
            reasons: what.map(|shape| shape.reasons.to_vec()).unwrap_or_default(),
            text: what.map(|shape| shape.text.to_string()),
        };
        if let Some(shape) = what {
            add_risk(&mut found, &shape.risk);
        }
        found
    }

    fn event(&mut self, sequence: Sequence, record: Record<'static>, payload: Vec<u8>) -> Joined {
        let (identity, database) = match &record {
            Record::SessionOpened(opened) => {
                let who = who(opened);
                let found = (Some(who.identity.clone()), Some(who.database.clone()));
                self.sessions.insert(opened.session, who);
                found
            }
            Record::SessionClosed(closed) => match self.sessions.remove(&closed.session) {
                Some(who) => (Some(who.identity), Some(who.database)),
                None => {
                    self.incomplete = true;
                    (None, None)
                }
            },
            Record::SessionRefused(refused) => {
                (Some(refused.claimed.to_string()), Some(refused.database.to_string()))
            }
            Record::IdentityChanged(changed) => (Some(changed.identity.to_string()), None),
            Record::GrantChanged(changed) => {
                (Some(changed.identity.to_string()), Some(changed.databases.join(",")))
            }
            Record::TaskChanged(changed) => (Some(changed.identity.to_string()), None),
            Record::CatalogChanged(changed) => (None, Some(changed.database.to_string())),
            Record::LabelChanged(changed) => (None, Some(changed.database.to_string())),
            _ => (None, None),
        };
        let identity = identity.filter(|name| !name.is_empty());
        let database = database.filter(|name| !name.is_empty());
        Joined::Event(Box::new(Event { sequence, record, payload, identity, database }))
    }
}

fn words(labels: &[model::Label]) -> Vec<String> {
    labels.iter().map(ToString::to_string).collect()
}

fn who(opened: &SessionOpened<'_>) -> Who {
    let grants = opened.grants.iter().map(|granted| granted.grant.clone()).collect();
    let (identity, database) = (opened.identity.to_string(), opened.database.to_string());
    Who { identity, database, grants }
}

/// The labels of which values left raw and masked. Without counts per column nothing is known to
/// have left.
fn left(shape: &Shape<'_>, disclosed: &[Disclosed]) -> (Vec<String>, Vec<String>) {
    let (mut raw, mut masked) = (Vec::new(), Vec::new());
    for (column, counts) in disclosed.iter().enumerate() {
        match shape.disclosures.get(column).unwrap_or(&shape.fallback) {
            Disclosure::Raw { labels } if counts.raw > 0 => {
                raw.extend(labels.iter().map(ToString::to_string));
            }
            Disclosure::Masked { label, .. } if counts.masked > 0 => masked.push(label.to_string()),
            Disclosure::Scan if counts.masked > 0 => masked.push("found in content".to_owned()),
            Disclosure::Raw { .. } | Disclosure::Masked { .. } | Disclosure::Scan => {}
        }
    }
    for labels in [&mut raw, &mut masked] {
        labels.sort();
        labels.dedup();
    }
    (raw, masked)
}

impl Joined {
    /// Its place in the log.
    pub(super) fn sequence(&self) -> u64 {
        match self {
            Self::Statement(statement) => statement.sequence,
            Self::Event(event) => event.sequence.0,
        }
    }

    /// Whether it concerns this identity (or an agent for it) and this database.
    pub(super) fn concerns(&self, identity: Option<&str>, database: Option<&str>) -> bool {
        let (who, place) = match self {
            Self::Statement(one) => (&one.identity, &one.database),
            Self::Event(one) => (&one.identity, &one.database),
        };
        let in_chain = |name: &str| {
            who.as_deref().is_some_and(|chain| chain == name || chain.split('/').any(|p| p == name))
        };
        identity.is_none_or(in_chain) && database.is_none_or(|name| place.as_deref() == Some(name))
    }
}

fn approvers(approval: Option<&Approved<'_>>) -> Vec<String> {
    let by = approval.into_iter().flat_map(|approval| approval.by.iter());
    by.map(Text::to_string).collect()
}

#[cfg(test)]
mod tests;
