//! How often identities ask whether a labelled column has a certain value. Counts; the limits are
//! policy's. Knows no statement.

use foldhash::fast::RandomState;
use model::{DatabaseName, Label, verdict::LookUps};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

/// Counters kept at once; those of past hours make room.
const MAX_COUNTERS: usize = 1 << 16;
const SECONDS_PER_HOUR: u64 = 3_600;

/// Who asks for which label where.
type Key = (String, DatabaseName, Label);

/// Look-ups of the current hour. Kept in memory: a restart begins anew, and the record has them
/// all.
#[derive(Debug, Default)]
pub(crate) struct Counters(Mutex<HashMap<Key, Count, RandomState>>);

#[derive(Clone, Copy, Debug)]
struct Count {
    hour: u64,
    values: u64,
}

/// A limit that is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reached {
    /// The limit.
    pub(crate) limit: LookUps,
    /// How many values may still be asked about in this hour.
    pub(crate) left: u64,
    /// Minutes until it begins anew.
    pub(crate) minutes: u64,
}

impl Counters {
    /// Counts a statement's look-ups, `elements` more for arrays among its parameters; all of them
    /// or none.
    pub(crate) fn charge(
        &self,
        database: &DatabaseName,
        look_ups: &[LookUps],
        elements: u64,
        now: SystemTime,
    ) -> Result<(), Reached> {
        let hour = seconds(now) / SECONDS_PER_HOUR;
        let mut counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = |one: &LookUps| key(one, database);
        reached(&counters, database, look_ups, (elements, now))?;
        if counters.len() + look_ups.len() > MAX_COUNTERS {
            counters.retain(|_, count| count.hour == hour);
        }
        for limit in look_ups {
            let count = counters.entry(key(limit)).or_insert(Count { hour, values: 0 });
            if count.hour != hour {
                *count = Count { hour, values: 0 };
            }
            count.values = count.values.saturating_add(limit.values).saturating_add(elements);
        }
        Ok(())
    }

    /// Whether all of them could be counted now. Counts nothing.
    pub(crate) fn room(
        &self,
        database: &DatabaseName,
        look_ups: &[LookUps],
        elements: u64,
        now: SystemTime,
    ) -> Result<(), Reached> {
        let counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reached(&counters, database, look_ups, (elements, now))
    }
}

/// The first limit that would be exceeded.
fn reached(
    counters: &HashMap<Key, Count, RandomState>,
    database: &DatabaseName,
    look_ups: &[LookUps],
    (elements, now): (u64, SystemTime),
) -> Result<(), Reached> {
    let (seconds, hour) = (seconds(now), seconds(now) / SECONDS_PER_HOUR);
    for limit in look_ups {
        let count = counters.get(&key(limit, database)).filter(|count| count.hour == hour);
        let left = limit.per_hour.saturating_sub(count.map_or(0, |count| count.values));
        if limit.values.saturating_add(elements) > left {
            let minutes = (SECONDS_PER_HOUR - seconds % SECONDS_PER_HOUR).div_ceil(60);
            return Err(Reached { limit: limit.clone(), left, minutes });
        }
    }
    Ok(())
}

fn key(one: &LookUps, database: &DatabaseName) -> Key {
    (one.identity.clone(), database.clone(), one.label.clone())
}

fn seconds(now: SystemTime) -> u64 {
    now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// How many more values than one a parameter holds, if it is an array: by its dimensions in the
/// binary format (PostgreSQL's `array_send`), else by its text. Never fewer than there are.
pub(crate) fn elements(value: &[u8]) -> u64 {
    let text = sql::elements(value);
    if text > 1 {
        return u64::try_from(text - 1).unwrap_or(u64::MAX);
    }
    let word = |at: usize| {
        let bytes = value.get(at..at + 4)?;
        Some(u32::from_be_bytes(bytes.try_into().ok()?))
    };
    // Dimensions, whether there are NULLs, the element's type; then a length and a bound each.
    let (Some(dimensions @ 1..=6), Some(0 | 1)) = (word(0), word(4)) else { return 0 };
    let mut count = 1_u64;
    let mut at = 12;
    for _ in 0..dimensions {
        let Some(length) = word(at) else { return 0 };
        count = count.saturating_mul(u64::from(length));
        at += 8;
    }
    count.saturating_sub(1)
}

#[cfg(test)]
mod tests;
