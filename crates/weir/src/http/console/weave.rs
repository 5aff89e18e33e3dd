//! Puts the records of a statement together as they come, for rows on a page. Unlike the record's
//! own join it shows a statement when it begins, and finds what was written long ago by asking for
//! it. Knows no file.

use console::now::Row;
use ledger::{
    Record, SessionId, ShapeId, StatementId, Time,
    record::{HoldChanged, Intent, Outcome, Refused, Shape},
};
use model::Disclosure;
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

/// The most shapes and sessions that are remembered; beyond them all are forgotten, and asked for
/// again.
const MOST: usize = 8_192;
/// The most statements without an outcome that are remembered.
const OPEN: usize = 20_000;

/// What is asked for, where its record was before the reading began.
pub(super) trait Past {
    /// A session's identity and database.
    fn session(&self, session: SessionId) -> Option<(String, String)>;
    /// A shape.
    fn shape(&self, shape: ShapeId) -> Option<Shape<'static>>;
}

/// What a row needs of a shape.
struct Known {
    text: String,
    verdict: &'static str,
    risk: u32,
    disclosures: Vec<Disclosure>,
    fallback: Disclosure,
}

impl Known {
    fn of(shape: &Shape<'_>) -> Self {
        Self {
            text: beginning(&shape.text).to_owned(),
            verdict: shape.verdict.as_str(),
            risk: shape.risk.iter().map(|part| part.points).sum(),
            disclosures: shape.disclosures.to_vec(),
            fallback: shape.fallback.clone(),
        }
    }
}

/// What of a text is kept, in bytes: a client may send megabytes. The page of a statement reads all
/// of it from the record.
const TEXT: usize = 2_048;

fn beginning(text: &str) -> &str {
    text.get(..text.floor_char_boundary(TEXT)).unwrap_or_default()
}

/// What was read so far.
#[derive(Default)]
pub(super) struct Weave {
    sessions: HashMap<SessionId, (String, String)>,
    shapes: HashMap<ShapeId, Option<Arc<Known>>>,
    open: HashMap<StatementId, (Row, Option<Arc<Known>>)>,
    held: HashMap<String, Row>,
}

impl Weave {
    /// Takes a record in; gives the row that it makes or changes.
    pub(super) fn feed(&mut self, record: &Record<'_>, past: &dyn Past) -> Option<Row> {
        match record {
            Record::SessionOpened(opened) => {
                let who = (opened.identity.to_string(), opened.database.to_string());
                bounded(&mut self.sessions).insert(opened.session, who);
                None
            }
            Record::SessionClosed(closed) => {
                self.sessions.remove(&closed.session);
                None
            }
            Record::Shape(shape) => {
                let known = Some(Arc::new(Known::of(shape)));
                bounded(&mut self.shapes).insert(shape.shape, known);
                None
            }
            Record::Intent(intent) => Some(self.intent(intent, past)),
            Record::Outcome(outcome) => self.outcome(outcome),
            Record::Refused(refused) => Some(self.refused(refused, past)),
            Record::HoldChanged(changed) => self.hold(changed, past),
            _ => None,
        }
    }

    fn intent(&mut self, intent: &Intent<'_>, past: &dyn Past) -> Row {
        let (mut row, known) = self.row(intent.statement, Some(intent.shape), intent.time, past);
        let beside: u32 = intent.risk.iter().map(|part| part.points).sum();
        row.risk = row.risk.map(|risk| (risk + beside).min(100));
        row.state = "running";
        if self.open.len() >= OPEN {
            self.open.clear();
        }
        self.open.insert(intent.statement, (row.clone(), known));
        row
    }

    fn outcome(&mut self, outcome: &Outcome<'_>) -> Option<Row> {
        let (mut row, known) = self.open.remove(&outcome.statement)?;
        row.rows = Some(outcome.rows);
        row.took = Some(outcome.duration_us);
        let error = outcome.sqlstate.as_ref().or(outcome.ended.as_ref());
        row.state = if error.is_some() { "failed" } else { "done" };
        row.error = error.map(ToString::to_string).unwrap_or_default();
        if let Some(known) = known {
            let (mut raw, mut masked) = (BTreeSet::new(), BTreeSet::new());
            for (place, counts) in outcome.disclosed.iter().enumerate() {
                match known.disclosures.get(place).unwrap_or(&known.fallback) {
                    Disclosure::Raw { labels } if counts.raw > 0 => {
                        raw.extend(labels.iter().map(ToString::to_string));
                    }
                    Disclosure::Masked { label, .. } if counts.masked > 0 => {
                        masked.insert(label.to_string());
                    }
                    Disclosure::Scan if counts.masked > 0 => {
                        masked.insert("found by content".to_owned());
                    }
                    Disclosure::Raw { .. } | Disclosure::Masked { .. } | Disclosure::Scan => {}
                }
            }
            (row.raw, row.masked) = (raw.into_iter().collect(), masked.into_iter().collect());
        }
        Some(row)
    }

    fn refused(&mut self, refused: &Refused<'_>, past: &dyn Past) -> Row {
        let (mut row, _) = self.row(refused.statement, refused.shape, refused.time, past);
        row.state = "refused";
        row.error = match refused.reason.is_empty() {
            true => refused.sqlstate.to_string(),
            false => refused.reason.to_string(),
        };
        row
    }

    fn hold(&mut self, changed: &HoldChanged<'_>, past: &dyn Past) -> Option<Row> {
        let state = match changed.what.as_ref() {
            "held" => "waiting",
            "approved" => "approved",
            "denied" => "refused",
            "expired" => "expired",
            "withdrawn" => "withdrawn",
            "used" => "approved",
            _ => return None,
        };
        if state == "waiting" {
            let known = changed.shape.and_then(|shape| self.shape(shape, past));
            let row = Row {
                id: changed.hold.to_string(),
                time: changed.time.to_string(),
                identity: changed.identity.to_string(),
                database: changed.database.to_string(),
                text: known.as_ref().map(|known| known.text.clone()).unwrap_or_default(),
                verdict: "hold".to_owned(),
                risk: known.as_ref().map(|known| known.risk.min(100)),
                state,
                ..Row::default()
            };
            bounded(&mut self.held).insert(row.id.clone(), row.clone());
            return Some(row);
        }
        let mut row = self.held.remove(changed.hold.as_ref())?;
        row.state = state;
        if state == "approved" {
            self.held.insert(row.id.clone(), row.clone());
        }
        Some(row)
    }

    fn row(
        &mut self,
        id: StatementId,
        shape: Option<ShapeId>,
        time: Time,
        past: &dyn Past,
    ) -> (Row, Option<Arc<Known>>) {
        let session = id.session();
        let who = match self.sessions.get(&session) {
            Some(who) => who.clone(),
            None => {
                let who = past.session(session).unwrap_or_default();
                bounded(&mut self.sessions).insert(session, who.clone());
                who
            }
        };
        let known = shape.and_then(|shape| self.shape(shape, past));
        let row = Row {
            id: id.to_string(),
            time: time.to_string(),
            identity: who.0,
            database: who.1,
            text: known.as_ref().map(|known| known.text.clone()).unwrap_or_default(),
            verdict: known.as_ref().map_or("", |known| known.verdict).to_owned(),
            risk: known.as_ref().map(|known| known.risk.min(100)),
            ..Row::default()
        };
        (row, known)
    }

    fn shape(&mut self, id: ShapeId, past: &dyn Past) -> Option<Arc<Known>> {
        if let Some(known) = self.shapes.get(&id) {
            return known.clone();
        }
        let known = past.shape(id).map(|shape| Arc::new(Known::of(&shape)));
        bounded(&mut self.shapes).insert(id, known.clone());
        known
    }
}

/// The same with room for one more.
fn bounded<K, V>(all: &mut HashMap<K, V>) -> &mut HashMap<K, V> {
    if all.len() >= MOST {
        all.clear();
    }
    all
}
