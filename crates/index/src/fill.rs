//! From records to rows. Knows what records say; does not know where they come from.
//!
//! A statement's row is written when its outcome comes, if both are in one batch; what is open when
//! a batch ends is written as open and completed later.

mod event;
mod session;
mod shape;

use crate::{
    error::IndexError,
    rows::{self, End, Start},
    schema::{ROLLED_BACK, State, UNFORESEEN},
    sums::{Key, Sum, Sums, int},
    waiting::Waiting,
    words::{Map, Words},
};
use ledger::{
    Entry, Hash, Record, SessionId, ShapeId, StatementId,
    record::{Approved, Disclosed, Intent, Outcome, Refused, RiskPart, Via, Work},
};
use rusqlite::{Connection, OptionalExtension, params};
use session::Who;
use shape::Outputs;

/// How many sessions and shapes are remembered; beyond it memory is emptied, and the tables answer.
const REMEMBERED: usize = 100_000;

/// A statement without an outcome so far.
#[derive(Clone, Copy, Debug)]
struct Open {
    start: Start,
    /// Its row is in the table.
    written: bool,
}

/// Turns records into rows. One filler lives as long as its index is open.
#[derive(Debug, Default)]
pub(crate) struct Filler {
    words: Words,
    sessions: Map<SessionId, Who>,
    shapes: Map<ShapeId, i64>,
    outputs: Map<i64, Outputs>,
    open: Map<StatementId, Open>,
    waiting: Waiting,
    sums: Sums,
}

impl Filler {
    /// Takes up what an earlier run left open.
    pub(crate) fn resume(db: &Connection) -> Result<Self, IndexError> {
        let mut filler = Self::default();
        let mut query = db.prepare(
            "SELECT t.seq, t.shape, t.who, t.session, t.number, t.time, e.key
             FROM open_statement o JOIN statement t ON t.seq = o.seq
             JOIN session e ON e.id = t.session",
        )?;
        let mut found = query.query([])?;
        while let Some(row) = found.next()? {
            let start = Start {
                sequence: row.get(0)?,
                shape: row.get(1)?,
                who: row.get(2)?,
                session: row.get(3)?,
                number: row.get(4)?,
                time: row.get(5)?,
                via: 0,
                turned_back: 0,
            };
            let session: Option<SessionId> = row.get::<_, String>(6)?.parse().ok();
            if let Some(session) = session {
                let id = session.statement(u64::try_from(start.number).unwrap_or(0));
                filler.open.insert(id, Open { start, written: true });
            }
        }
        Ok(filler)
    }

    /// Takes one record in. A record that this version does not know becomes an event.
    pub(crate) fn take(&mut self, db: &Connection, entry: &Entry) -> Result<(), IndexError> {
        let sequence = int(entry.sequence.0);
        // Nearly all records are of these two types; reading the type first would take longer than
        // reading the rest.
        if entry.payload.starts_with(br#"{"type":"intent""#)
            && let Ok(intent) = Intent::read(&entry.payload)
        {
            return self.intent(db, sequence, &intent);
        }
        if entry.payload.starts_with(br#"{"type":"outcome""#)
            && let Ok(outcome) = Outcome::read(&entry.payload)
        {
            return self.outcome(db, sequence, &outcome);
        }
        match entry.record() {
            Ok(Record::Intent(intent)) => self.intent(db, sequence, &intent),
            Ok(Record::Outcome(outcome)) => self.outcome(db, sequence, &outcome),
            Ok(Record::Refused(refused)) => self.refused(db, sequence, &refused),
            Ok(Record::Shape(shape)) => self.shape(db, sequence, &shape),
            Ok(Record::SessionOpened(opened)) => self.session_opened(db, sequence, &opened),
            Ok(Record::SessionClosed(closed)) => self.session_closed(db, sequence, &closed),
            Ok(record) => {
                if matches!(record, Record::Started(_)) {
                    self.nothing_more_comes(db)?;
                }
                self.event(db, entry, Some(&record))
            }
            Err(_) => self.event(db, entry, None),
        }
    }

    /// Writes what the batch gathered; to be called before each commit.
    pub(crate) fn settle(&mut self, db: &Connection) -> Result<(), IndexError> {
        let mut keep = db.prepare_cached("INSERT OR IGNORE INTO open_statement VALUES (?1)")?;
        let mut new: Vec<&mut Open> = self.open.values_mut().filter(|open| !open.written).collect();
        new.sort_unstable_by_key(|open| open.start.sequence);
        for open in new {
            self.waiting.statement(db, &open.start, State::Open, None)?;
            keep.execute([open.start.sequence])?;
            open.written = true;
        }
        self.waiting.write(db)?;
        self.sums.write(db)
    }

    /// The run before this record is over: its open statements stay without an outcome.
    fn nothing_more_comes(&mut self, db: &Connection) -> Result<(), IndexError> {
        for (_, open) in self.open.drain() {
            if open.written {
                db.prepare_cached("UPDATE statement SET state = ?2 WHERE seq = ?1")?
                    .execute([open.start.sequence, State::Unknown as i64])?;
            } else {
                self.waiting.statement(db, &open.start, State::Unknown, None)?;
            }
        }
        db.execute("DELETE FROM open_statement", [])?;
        Ok(())
    }

    fn intent(
        &mut self,
        db: &Connection,
        sequence: i64,
        intent: &Intent<'_>,
    ) -> Result<(), IndexError> {
        let turned_back = match intent.turned_back.is_empty() {
            true => 0,
            false => self.words.word(db, &joined(&intent.turned_back))?,
        };
        let (id, via) = (intent.statement, intent.via);
        let mut start =
            self.start(db, sequence, id, Some(intent.shape), intent.time.micros(), via)?;
        start.turned_back = turned_back;
        self.approved(db, sequence, intent.approval.as_ref())?;
        let named = intent.parameters.iter().chain(intent.literals.iter());
        self.waiting.values(db, sequence, named.map(value_number))?;
        self.circumstance(db, sequence, intent.work.as_deref(), &intent.risk)?;
        self.sums.came(start.key(), sequence);
        self.open.insert(id, Open { start, written: false });
        Ok(())
    }

    /// What a statement was part of, and how unlike its identity's past it was.
    fn circumstance(
        &mut self,
        db: &Connection,
        sequence: i64,
        work: Option<&Work<'_>>,
        risk: &[RiskPart<'_>],
    ) -> Result<(), IndexError> {
        if work.is_none() && risk.is_empty() {
            return Ok(());
        }
        let task = self.words.maybe(db, work.map(|work| &*work.task))?;
        let purpose = self.words.maybe(db, work.map(|work| &*work.purpose))?;
        let tainted = work.is_some_and(|work| work.tainted);
        self.waiting.circumstance(db, [sequence, task, purpose, i64::from(tainted), points(risk)])
    }

    /// By whose consent a statement ran.
    fn approved(
        &mut self,
        db: &Connection,
        sequence: i64,
        approved: Option<&Approved<'_>>,
    ) -> Result<(), IndexError> {
        let Some(approved) = approved else { return Ok(()) };
        let hold = self.words.word(db, &approved.hold)?;
        for by in approved.by.iter() {
            // `dave for carol and erin`: whose voice it was counts too. Names hold no spaces.
            let (person, others) = by.split_once(" for ").unwrap_or((by, ""));
            let others = others.split(" and ").filter(|name| !name.is_empty());
            for name in std::iter::once(person).chain(others) {
                let name = self.words.word(db, name)?;
                db.prepare_cached("INSERT OR IGNORE INTO approval VALUES (?1, ?2, ?3)")?
                    .execute([hold, name, sequence])?;
            }
        }
        Ok(())
    }

    fn outcome(
        &mut self,
        db: &Connection,
        sequence: i64,
        outcome: &Outcome<'_>,
    ) -> Result<(), IndexError> {
        // Without its intent nothing tells what it was: the ledger lost it, and says so itself.
        let Some(open) = self.open.remove(&outcome.statement) else {
            let id = outcome.statement;
            let start = self.start(db, sequence, id, None, outcome.time.micros(), Via::Simple)?;
            self.sums.came(start.key(), sequence);
            return self.end(db, sequence, &Open { start, written: false }, outcome);
        };
        self.end(db, sequence, &open, outcome)
    }

    fn end(
        &mut self,
        db: &Connection,
        sequence: i64,
        open: &Open,
        outcome: &Outcome<'_>,
    ) -> Result<(), IndexError> {
        let key = open.start.key();
        self.approved(db, open.start.sequence, outcome.approval.as_ref())?;
        let end = End {
            sequence,
            duration_us: int(outcome.duration_us),
            rows: int(outcome.rows),
            affected: int(outcome.affected),
            bytes: int(outcome.bytes),
            sqlstate: self.words.maybe(db, outcome.sqlstate.as_deref())?,
            ended: self.words.maybe(db, outcome.ended.as_deref())?,
            tag: self.words.word(db, &outcome.tag)?,
            reason: 0,
            counts: self.left(db, key, outcome)?,
        };
        if end.sqlstate != 0 {
            self.sums.failed(end.sqlstate, key);
        }
        let (rows, bytes) = (outcome.rows, outcome.bytes);
        // What was rolled back changed nothing, whatever the upstream counted while it ran.
        let (state, affected, undone) = match outcome.ended.as_deref() == Some(ROLLED_BACK) {
            true => (State::Undone, 0, 1),
            false => (State::Ended, outcome.affected, 0),
        };
        self.sums.ended(key, Sum { rows, affected, bytes, undone, ..Sum::default() });
        match open.written {
            true => rows::complete(db, open.start.sequence, state, &end),
            false => self.waiting.statement(db, &open.start, state, Some(&end)),
        }
    }

    /// Notes how many values left how, and gives the number of the counts.
    fn left(
        &mut self,
        db: &Connection,
        key: Key,
        outcome: &Outcome<'_>,
    ) -> Result<i64, IndexError> {
        let known = self.outputs(db, key.shape)?;
        // Rows that nobody looked into are counted as such: they left as the upstream sent them.
        let relayed: Vec<Disclosed>;
        let disclosed = if outcome.disclosed.is_empty() && outcome.rows > 0 && known.all_raw {
            let each = Disclosed { raw: outcome.rows, ..Disclosed::default() };
            relayed = vec![each; usize::try_from(known.count).unwrap_or(0)];
            relayed.as_slice()
        } else {
            &outcome.disclosed
        };
        if disclosed.iter().all(|one| *one == Disclosed::default()) {
            return Ok(0);
        }
        let mut text = String::with_capacity(disclosed.len() * 8);
        for (place, one) in disclosed.iter().enumerate() {
            let place = i64::try_from(place).unwrap_or(i64::MAX);
            let place = if place < known.count { place } else { UNFORESEEN };
            self.sums.left(key, place, [one.raw, one.masked, one.null]);
            text.push_str(if text.is_empty() { "[" } else { "," });
            text.push_str(&format!("[{},{},{}]", one.raw, one.masked, one.null));
        }
        text.push(']');
        Ok(self.words.counts.number(db, &text)?.0)
    }

    fn refused(
        &mut self,
        db: &Connection,
        sequence: i64,
        refused: &Refused<'_>,
    ) -> Result<(), IndexError> {
        let (id, time) = (refused.statement, refused.time.micros());
        let start = self.start(db, sequence, id, refused.shape, time, refused.via)?;
        let end = End {
            sequence,
            sqlstate: self.words.word(db, &refused.sqlstate)?,
            reason: self.words.word(db, &refused.reason)?,
            ..End::default()
        };
        self.waiting.values(db, sequence, refused.literals.iter().map(value_number))?;
        self.circumstance(db, sequence, refused.work.as_deref(), &[])?;
        self.sums.came(start.key(), sequence);
        self.sums.ended(start.key(), Sum { refused: 1, ..Sum::default() });
        self.sums.failed(end.sqlstate, start.key());
        self.waiting.statement(db, &start, State::Refused, Some(&end))
    }

    fn start(
        &mut self,
        db: &Connection,
        sequence: i64,
        id: StatementId,
        shape: Option<ShapeId>,
        time: i64,
        via: Via,
    ) -> Result<Start, IndexError> {
        let who = self.who(db, id.session())?;
        let shape = match shape {
            Some(shape) => self.shape_of(db, shape)?,
            None => 0,
        };
        Ok(Start {
            sequence,
            shape,
            who: who.who,
            session: who.session,
            number: int(id.number()),
            time,
            via: self.words.word(db, via.word())?,
            turned_back: 0,
        })
    }

    /// An event: a record that is no statement, shape or session.
    fn event(
        &mut self,
        db: &Connection,
        entry: &Entry,
        record: Option<&Record<'_>>,
    ) -> Result<(), IndexError> {
        let found = event::Event::of(&entry.payload, record);
        let mut word = |text: &str| self.words.word(db, text);
        let numbers = [
            word(&found.kind)?,
            word(&found.by)?,
            word(&found.identity)?,
            word(&found.database)?,
            word(&found.object)?,
        ];
        let [kind, by, identity, database, object] = numbers;
        db.prepare_cached("INSERT OR REPLACE INTO event VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?
            .execute(params![
                int(entry.sequence.0),
                found.time,
                kind,
                by,
                identity,
                database,
                object,
                found.detail
            ])?;
        Ok(())
    }

    /// Number of the row of a shape; one that was not met yet gets a row that says nothing.
    fn shape_of(&mut self, db: &Connection, id: ShapeId) -> Result<i64, IndexError> {
        if let Some(row) = self.shapes.get(&id) {
            return Ok(*row);
        }
        let key = id.to_string();
        let found = db
            .prepare_cached("SELECT id FROM shape WHERE key = ?1")?
            .query_row([&key], |row| row.get(0))
            .optional()?;
        let row = match found {
            Some(row) => row,
            None => {
                db.prepare_cached("INSERT INTO shape (key) VALUES (?1)")?.execute([&key])?;
                db.last_insert_rowid()
            }
        };
        if self.shapes.len() >= REMEMBERED {
            self.shapes.clear();
        }
        self.shapes.insert(id, row);
        Ok(row)
    }
}

/// The points of parts of a risk.
fn points(risk: &[RiskPart<'_>]) -> i64 {
    risk.iter().map(|part| i64::from(part.points)).sum()
}

/// The number that stands for a value's hash: half of it, which two values share by chance once in
/// a billion billion pairs.
pub(crate) fn value_number(hash: &Hash) -> i64 {
    let head = hash.bytes().first_chunk().copied().unwrap_or_default();
    i64::from_be_bytes(head)
}

/// A list as one text.
fn joined(items: &[impl ToString]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
