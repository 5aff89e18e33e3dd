//! What days add up to, kept in memory for the length of one batch. Knows no records.

use crate::{error::IndexError, words::Map};
use rusqlite::{Connection, params, params_from_iter};
use std::collections::BTreeMap;

/// One identity's doings with one shape on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) shape: i64,
    pub(crate) who: i64,
    pub(crate) day: i64,
}

/// What is added up.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sum {
    pub(crate) statements: u64,
    pub(crate) refused: u64,
    pub(crate) rows: u64,
    pub(crate) affected: u64,
    pub(crate) bytes: u64,
    /// Of the statements those that were rolled back; nothing is affected by them.
    pub(crate) undone: u64,
}

impl Sum {
    fn add(&mut self, more: &Self) {
        self.statements += more.statements;
        self.refused += more.refused;
        self.rows = self.rows.saturating_add(more.rows);
        self.affected = self.affected.saturating_add(more.affected);
        self.bytes = self.bytes.saturating_add(more.bytes);
        self.undone += more.undone;
    }

    /// In the order of the tables.
    fn numbers(self) -> [i64; 6] {
        let Self { statements, refused, rows, affected, bytes, undone } = self;
        [statements, refused, rows, affected, bytes, undone].map(int)
    }
}

/// Everything that a batch adds.
#[derive(Debug, Default)]
pub(crate) struct Sums {
    /// The first and the last statement of each, and how many.
    days: Map<i64, (i64, i64, i64)>,
    daily: Map<Key, Sum>,
    left: Map<(Key, i64), [u64; 3]>,
    failures: Map<(i64, Key), u64>,
}

/// As SQLite counts. Sums that long are of no use, and stay where they are.
pub(crate) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl Sums {
    /// A statement came.
    pub(crate) fn came(&mut self, key: Key, sequence: i64) {
        self.daily.entry(key).or_default().statements += 1;
        let (first, last, count) = self.days.entry(key.day).or_insert((sequence, sequence, 0));
        (*first, *last, *count) = ((*first).min(sequence), (*last).max(sequence), *count + 1);
    }

    /// It ended or was refused.
    pub(crate) fn ended(&mut self, key: Key, more: Sum) {
        self.daily.entry(key).or_default().add(&more);
    }

    /// It ended with this SQLSTATE.
    pub(crate) fn failed(&mut self, sqlstate: i64, key: Key) {
        *self.failures.entry((sqlstate, key)).or_default() += 1;
    }

    /// Values left in one of its outputs.
    pub(crate) fn left(&mut self, key: Key, place: i64, values: [u64; 3]) {
        if values == [0; 3] {
            return;
        }
        let sum = self.left.entry((key, place)).or_default();
        for (sum, more) in sum.iter_mut().zip(values) {
            *sum = sum.saturating_add(more);
        }
    }

    /// Adds all of it to the tables.
    pub(crate) fn write(&mut self, db: &Connection) -> Result<(), IndexError> {
        let mut day = db.prepare_cached(
            "INSERT INTO day VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET
             first_seq = min(first_seq, ?2), last_seq = max(last_seq, ?3),
             statements = statements + ?4",
        )?;
        for (number, (first, last, count)) in self.days.drain() {
            day.execute([number, first, last, count])?;
        }
        self.columns(db)?;
        self.totals(db)?;
        let mut daily = db.prepare_cached(
            "INSERT INTO daily_sum VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT DO UPDATE SET
             statements = statements + ?4, refused = refused + ?5, rows = rows + ?6,
             affected = affected + ?7, bytes = bytes + ?8, undone = undone + ?9",
        )?;
        for (k, sum) in sorted(self.daily.drain(), |(k, _)| (k.shape, k.day, k.who)) {
            let key = [k.shape, k.who, k.day].into_iter();
            daily.execute(params_from_iter(key.chain(sum.numbers())))?;
        }
        let mut left = db.prepare_cached(
            "INSERT INTO daily_left VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE SET
             raw = raw + ?5, masked = masked + ?6, nulls = nulls + ?7",
        )?;
        for ((k, place), values) in
            sorted(self.left.drain(), |((k, p), _)| (k.shape, k.day, k.who, *p))
        {
            let [raw, masked, nulls] = values.map(int);
            left.execute(params![k.shape, k.who, k.day, place, raw, masked, nulls])?;
        }
        let mut failure = db.prepare_cached(
            "INSERT INTO daily_failure VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET
             statements = statements + ?5",
        )?;
        for ((sqlstate, k), count) in self.failures.drain() {
            failure.execute([sqlstate, k.shape, k.who, k.day, int(count)])?;
        }
        Ok(())
    }

    /// Adds to the sums of identities, whatever they did, so that a count of everything reads few.
    fn totals(&self, db: &Connection) -> Result<(), IndexError> {
        let mut totals: BTreeMap<(i64, i64), Sum> = BTreeMap::new();
        for (k, sum) in &self.daily {
            totals.entry((k.day, k.who)).or_default().add(sum);
        }
        let mut total = db.prepare_cached(
            "INSERT INTO daily_total VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT DO UPDATE SET
             statements = statements + ?3, refused = refused + ?4, rows = rows + ?5,
             affected = affected + ?6, bytes = bytes + ?7, undone = undone + ?8",
        )?;
        for ((day, who), sum) in totals {
            total.execute(params_from_iter([day, who].into_iter().chain(sum.numbers())))?;
        }
        Ok(())
    }

    /// Adds to the sums of columns and labels, whoever it was.
    fn columns(&self, db: &Connection) -> Result<(), IndexError> {
        let mut ran: BTreeMap<(i64, i64), i64> = BTreeMap::new();
        for (k, sum) in &self.daily {
            *ran.entry((k.shape, k.day)).or_default() += int(sum.statements) - int(sum.refused);
        }
        let mut touched = db.prepare_cached(
            "INSERT INTO daily_column SELECT ?2, h.database, c.column, ?3, 0, 0
             FROM (SELECT DISTINCT column FROM shape_column WHERE shape = ?1) c, shape h
             WHERE h.id = ?1
             ON CONFLICT DO UPDATE SET statements = statements + excluded.statements",
        )?;
        for ((shape, day), count) in ran.into_iter().filter(|(_, count)| *count != 0) {
            touched.execute([shape, day, count])?;
        }
        let mut left: BTreeMap<(i64, i64, i64), [u64; 2]> = BTreeMap::new();
        for ((k, place), [raw, masked, _]) in &self.left {
            let sum = left.entry((k.shape, k.day, *place)).or_default();
            for (sum, more) in sum.iter_mut().zip([*raw, *masked]) {
                *sum = sum.saturating_add(more);
            }
        }
        let mut column = db.prepare_cached(
            "INSERT INTO daily_column SELECT ?2, h.database, s.column, 0, ?4, ?5
             FROM shape_source s, shape h WHERE s.shape = ?1 AND s.place = ?3 AND h.id = ?1
             ON CONFLICT DO UPDATE SET raw = raw + excluded.raw, masked = masked + excluded.masked",
        )?;
        let mut label = db.prepare_cached(
            "INSERT INTO daily_label SELECT ?2, l.label, ?4, ?5
             FROM shape_label l WHERE l.shape = ?1 AND l.place = ?3
             ON CONFLICT DO UPDATE SET raw = raw + excluded.raw, masked = masked + excluded.masked",
        )?;
        for ((shape, day, place), values) in left {
            let [raw, masked] = values.map(int);
            column.execute([shape, day, place, raw, masked])?;
            label.execute([shape, day, place, raw, masked])?;
        }
        Ok(())
    }
}

/// In the order of the table, so that its pages are visited once.
fn sorted<T, K: Ord>(items: impl Iterator<Item = T>, key: impl Fn(&T) -> K) -> Vec<T> {
    let mut items: Vec<T> = items.collect();
    items.sort_unstable_by_key(key);
    items
}
