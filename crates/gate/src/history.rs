//! What identities did before: which tables, clients, addresses and hours are theirs, how busy they
//! are, and how much of a table they have read within a day. Knows counts and names, and no values;
//! distinct rows are counted by a sketch of their hashes.

mod sketch;

use crate::{risk::Watched, session::Client};
use ledger::record::RiskPart;
use serde::{Deserialize, Serialize};
use sketch::Sketch;
use std::{
    borrow::Cow,
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

/// Statements before which everything is new, so that nothing says anything.
const LEARNING: u64 = 100;
/// How long something stays new: seconds.
const NEW_SECONDS: u64 = 3_600;
/// Statements before which no hour is unusual.
const HOURS_KNOWN: u64 = 1_000;
/// An hour that had fewer than one in so many statements is unusual.
const HOUR_SHARE: u64 = 200;
/// A minute is busy if it has so many times the statements of the busiest before it, ...
const BUSY_FACTOR: u32 = 5;
/// ... and at least so many.
const BUSY_LEAST: u32 = 300;
/// An hour is heavy if it has so many times the rows of the heaviest before it, ...
const HEAVY_FACTOR: u64 = 10;
/// ... and at least so many.
pub(crate) const HEAVY_LEAST: u64 = 10_000;
/// Windows of a day in which distinct rows are counted.
const WINDOWS: u64 = 4;
const WINDOW_SECONDS: u64 = 24 * 3_600 / WINDOWS;
/// Tables, clients and addresses kept of one identity; beyond that nothing is learned.
const MOST_NAMES: usize = 512;
/// Identities kept at once; beyond that the record alone knows.
const MOST_IDENTITIES: usize = 1 << 14;

/// Points of this module's parts.
const NEW_TABLE: u32 = 10;
const NEW_CLIENT: u32 = 5;
const NEW_ADDRESS: u32 = 10;
const UNUSUAL_HOUR: u32 = 10;
const BUSY: u32 = 15;
const VOLUME: u32 = 15;
/// From so many percent of a table on, so many points.
const STREAK: [(u32, u32); 3] = [(90, 40), (50, 30), (25, 20)];

/// Every identity's past, by its chain of actors.
#[derive(Debug, Default)]
pub struct Histories(Mutex<HashMap<String, Arc<History>>>);

/// One identity's past.
#[derive(Debug, Default)]
pub struct History {
    state: Mutex<State>,
    /// Grows with each change of what [`Self::parts`] may say.
    revision: AtomicU64,
    changed: AtomicBool,
}

/// What is kept of it; sketches are not, so a restart begins a new day.
#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    statements: u64,
    tables: HashMap<Box<str>, u64>,
    clients: HashMap<Box<str>, u64>,
    addresses: HashMap<IpAddr, u64>,
    hours: [u64; 24],
    busiest: u32,
    /// The most rows that it was given or changed within an hour.
    #[serde(default)]
    heaviest: u64,
    #[serde(skip)]
    minute: (u64, u32),
    #[serde(skip)]
    hour: (u64, u64),
    #[serde(skip)]
    days: HashMap<Box<str>, Day>,
}

/// The rows of a table that were read within a day.
#[derive(Debug, Default)]
struct Day {
    windows: Vec<(u64, Sketch)>,
    percent: u32,
}

impl Histories {
    /// The past of a chain of actors.
    pub fn of(&self, chain: &str) -> Arc<History> {
        let mut all = self.lock();
        if let Some(history) = all.get(chain) {
            return Arc::clone(history);
        }
        let history = Arc::new(History::default());
        if all.len() < MOST_IDENTITIES {
            all.insert(chain.to_owned(), Arc::clone(&history));
        }
        history
    }

    /// Takes what was kept. What cannot be read is left out: its identity learns anew.
    pub fn restore(&self, kept: impl Iterator<Item = (String, String)>) {
        let mut all = self.lock();
        for (chain, text) in kept {
            let Ok(state) = serde_json::from_str(&text) else { continue };
            let state = Mutex::new(state);
            all.insert(chain, Arc::new(History { state, ..History::default() }));
        }
    }

    /// What changed since this was asked last, to be kept.
    pub fn changed(&self) -> Vec<(String, String)> {
        let changed = |(chain, history): (&String, &Arc<History>)| {
            let changed = history.changed.swap(false, Ordering::Relaxed);
            let text = changed.then(|| serde_json::to_string(&*history.lock()).ok()).flatten()?;
            Some((chain.clone(), text))
        };
        self.lock().iter().filter_map(changed).collect()
    }

    /// What was to be kept could not be: it is told again when it is asked for next.
    pub fn not_kept(&self, changed: &[(String, String)]) {
        let all = self.lock();
        for history in changed.iter().filter_map(|(chain, _)| all.get(chain)) {
            history.changed.store(true, Ordering::Relaxed);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<History>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl History {
    /// Counts statements and the rows that they returned or changed, and learns from where and by
    /// what they come.
    pub(crate) fn count(&self, (statements, rows): (u32, u64), client: &Client, now: SystemTime) {
        let now = seconds(now);
        let mut state = self.lock();
        let first = state.when_new(now);
        let clients = state.clients.len() < MOST_NAMES;
        if clients && !state.clients.contains_key(&*client.application) {
            state.clients.insert(client.application.as_str().into(), first);
            self.revised();
        }
        if let Some(address) = client.address
            && state.addresses.len() < MOST_NAMES
            && !state.addresses.contains_key(&address)
        {
            state.addresses.insert(address, first);
            self.revised();
        }
        state.statements += u64::from(statements);
        if let Some(hour) = state.hours.get_mut(hour(now)) {
            *hour += u64::from(statements);
        }
        let minute = now / 60;
        if state.minute.0 != minute {
            state.busiest = state.busiest.max(state.minute.1);
            state.minute = (minute, 0);
            self.revised();
        }
        let was = (state.is_busy(), state.is_heavy(now));
        state.minute.1 = state.minute.1.saturating_add(statements);
        if state.hour.0 != now / 3_600 {
            state.heaviest = state.heaviest.max(state.hour.1);
            state.hour = (now / 3_600, 0);
        }
        state.hour.1 = state.hour.1.saturating_add(rows);
        if (state.is_busy(), state.is_heavy(now)) != was {
            self.revised();
        }
        self.changed.store(true, Ordering::Relaxed);
    }

    /// Learns which tables with labels are read.
    pub(crate) fn learn<'a>(&self, watched: impl Iterator<Item = &'a Watched>, now: SystemTime) {
        let mut state = self.lock();
        let first = state.when_new(seconds(now));
        for table in watched {
            if state.tables.len() < MOST_NAMES && !state.tables.contains_key(&table.name) {
                state.tables.insert(table.name.clone(), first);
                self.revised();
            }
        }
    }

    /// Counts rows that left, each by a hash of it, for every table that they may come from.
    pub(crate) fn saw<'a>(
        &self,
        watched: impl Iterator<Item = &'a Watched>,
        rows: &[u64],
        now: SystemTime,
    ) {
        let window = seconds(now) / WINDOW_SECONDS;
        let mut state = self.lock();
        for table in watched {
            if state.days.len() >= MOST_NAMES && !state.days.contains_key(&table.name) {
                continue;
            }
            let day = state.days.entry(table.name.clone()).or_default();
            day.windows.retain(|(kept, _)| kept + WINDOWS > window);
            if day.windows.last().is_none_or(|(last, _)| *last != window) {
                day.windows.push((window, Sketch::default()));
            }
            if let Some((_, sketch)) = day.windows.last_mut() {
                rows.iter().for_each(|row| sketch.add(*row));
            }
            let percent = day.share(table.rows);
            if percent != day.percent {
                day.percent = percent;
                self.revised();
            }
        }
    }

    /// How much of the table that was read most of, of these: percent, 100 at most.
    pub(crate) fn share(&self, watched: &[Watched], now: SystemTime) -> u32 {
        let window = seconds(now) / WINDOW_SECONDS;
        let state = self.lock();
        watched.iter().map(|table| state.share(table, window)).max().unwrap_or(0)
    }

    /// What is unlike its past now, of a statement that reads these tables.
    pub(crate) fn parts(
        &self,
        watched: &[Watched],
        client: &Client,
        now: SystemTime,
    ) -> Vec<RiskPart<'static>> {
        let now = seconds(now);
        let state = self.lock();
        let mut parts = Vec::new();
        let mut earn = |part: &'static str, points: u32| {
            parts.push(RiskPart { part: Cow::Borrowed(part), points });
        };
        if state.statements >= LEARNING {
            let is_new = |first: Option<&u64>| first.is_none_or(|first| now < first + NEW_SECONDS);
            if watched.iter().any(|table| is_new(state.tables.get(&table.name))) {
                earn("new table", NEW_TABLE);
            }
            if is_new(state.clients.get(&*client.application)) {
                earn("new client", NEW_CLIENT);
            }
            if client.address.is_some_and(|address| is_new(state.addresses.get(&address))) {
                earn("new address", NEW_ADDRESS);
            }
            let here = state.hours.get(hour(now)).copied().unwrap_or(0);
            if state.statements >= HOURS_KNOWN && here * HOUR_SHARE < state.statements {
                earn("unusual hour", UNUSUAL_HOUR);
            }
            if state.is_busy() {
                earn("rate", BUSY);
            }
            if state.is_heavy(now) {
                earn("volume", VOLUME);
            }
        }
        let window = now / WINDOW_SECONDS;
        let share = watched.iter().map(|table| state.share(table, window)).max().unwrap_or(0);
        if let Some((_, points)) = STREAK.iter().find(|(percent, _)| share >= *percent) {
            earn("streak", *points);
        }
        parts
    }

    /// True if no table is new and of none much was read, whichever it is.
    pub(crate) fn is_calm(&self, now: SystemTime) -> bool {
        let now = seconds(now);
        let state = self.lock();
        let least = STREAK.iter().map(|(percent, _)| *percent).min().unwrap_or(0);
        state.tables.values().all(|first| now >= first + NEW_SECONDS)
            && state.days.values().all(|day| day.percent < least)
    }

    /// Changes whenever [`Self::parts`] may say something else, time aside.
    pub(crate) fn revision(&self) -> u64 {
        self.revision.load(Ordering::Relaxed)
    }

    fn revised(&self) {
        self.revision.fetch_add(1, Ordering::Relaxed);
        self.changed.store(true, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// What is first seen while everything is new counts as known ever since.
    fn when_new(&self, now: u64) -> u64 {
        if self.statements < LEARNING { 0 } else { now }
    }

    fn is_busy(&self) -> bool {
        let usual = self.busiest.saturating_mul(BUSY_FACTOR);
        self.statements >= LEARNING && self.minute.1 >= usual.max(BUSY_LEAST)
    }

    fn is_heavy(&self, now: u64) -> bool {
        let usual = self.heaviest.saturating_mul(HEAVY_FACTOR);
        self.statements >= LEARNING
            && self.hour.0 == now / 3_600
            && self.hour.1 >= usual.max(HEAVY_LEAST)
    }

    fn share(&self, table: &Watched, window: u64) -> u32 {
        let day = self.days.get(&table.name);
        let fresh =
            day.is_some_and(|day| day.windows.iter().any(|(kept, _)| kept + WINDOWS > window));
        day.filter(|_| fresh).map_or(0, |day| day.percent)
    }
}

impl Day {
    fn share(&self, rows: u64) -> u32 {
        let mut all = Sketch::default();
        self.windows.iter().for_each(|(_, sketch)| all.join(sketch));
        let percent = all.count().saturating_mul(100) / rows.max(1);
        u32::try_from(percent.min(100)).unwrap_or(100)
    }
}

fn seconds(now: SystemTime) -> u64 {
    now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// 0 to 23, UTC.
fn hour(now: u64) -> usize {
    usize::try_from(now / 3_600 % 24).unwrap_or(0)
}

#[cfg(test)]
mod tests;
