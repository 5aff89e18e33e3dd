//! Counters over a sliding window, a bounded number of them. Knows not what it counts.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// When the table is full, this part of it is forgotten at once (one in so many), so that the
/// cost of choosing whom to forget is spread over that many insertions.
const FORGET_ONE_IN: usize = 8;

/// Counters by a hash of what they stand for. Two things with one hash would share a counter;
/// with 64 bits and a random key nobody can bring that about.
#[derive(Debug)]
pub(super) struct Table {
    counters: HashMap<u64, Counter>,
    room: usize,
    window: Duration,
}

/// A sliding window in two halves: what happened in the current stretch of one window's length,
/// and in the one before. `before` is weighed by how much of it the window still covers.
#[derive(Clone, Copy, Debug)]
struct Counter {
    since: Instant,
    current: u32,
    before: u32,
    until: Option<Instant>,
}

impl Counter {
    fn new(now: Instant) -> Self {
        Self { since: now, current: 0, before: 0, until: None }
    }

    /// Moves the window to now.
    fn slide(&mut self, now: Instant, window: Duration) {
        let elapsed = now.saturating_duration_since(self.since);
        if elapsed >= window.saturating_mul(2) {
            (self.since, self.current, self.before) = (now, 0, 0);
        } else if elapsed >= window {
            (self.since, self.before, self.current) = (self.since + window, self.current, 0);
        }
    }

    /// How many there were within the window that ends now, rounded up. The window has slid.
    fn within(&self, now: Instant, window: Duration) -> u32 {
        let left = window.saturating_sub(now.saturating_duration_since(self.since));
        let whole = window.as_millis().max(1);
        let weighed = (u128::from(self.before) * left.as_millis()).div_ceil(whole);
        self.current.saturating_add(u32::try_from(weighed).unwrap_or(u32::MAX))
    }
}

impl Table {
    pub(super) fn new(room: usize, window: Duration) -> Self {
        Self { counters: HashMap::new(), room: room.max(1), window }
    }

    /// Counts one, and blocks for as long as `delay` says of the new count.
    pub(super) fn count(
        &mut self,
        key: u64,
        now: Instant,
        delay: impl Fn(u32) -> Option<Duration>,
    ) {
        self.make_room(key, now);
        let window = self.window;
        let counter = self.counters.entry(key).or_insert_with(|| Counter::new(now));
        counter.slide(now, window);
        counter.current = counter.current.saturating_add(1);
        if let Some(delay) = delay(counter.within(now, window)) {
            counter.until = counter.until.max(now.checked_add(delay));
        }
    }

    /// Remembers that there was one, without counting.
    pub(super) fn note(&mut self, key: u64, now: Instant) {
        self.make_room(key, now);
        self.counters.insert(key, Counter::new(now));
    }

    pub(super) fn blocked_until(&self, key: u64) -> Option<Instant> {
        self.counters.get(&key).and_then(|counter| counter.until)
    }

    pub(super) fn holds(&self, key: u64) -> bool {
        self.counters.contains_key(&key)
    }

    pub(super) fn forget(&mut self, key: u64) {
        self.counters.remove(&key);
    }

    pub(super) fn len(&self) -> usize {
        self.counters.len()
    }

    /// Forgets those with the shortest block, the fewest counts and the longest silence, in this
    /// order, when there is no room for a new key.
    fn make_room(&mut self, key: u64, now: Instant) {
        if self.counters.len() < self.room || self.counters.contains_key(&key) {
            return;
        }
        let window = self.window;
        let mut ranked: Vec<_> = self
            .counters
            .iter()
            .map(|(key, counter)| {
                let blocked = counter.until.filter(|until| *until > now);
                let mut slid = *counter;
                slid.slide(now, window);
                ((blocked, slid.within(now, window), counter.since), *key)
            })
            .collect();
        let goes = (self.room / FORGET_ONE_IN).clamp(1, ranked.len());
        ranked.select_nth_unstable(goes.saturating_sub(1));
        for (_, key) in ranked.iter().take(goes) {
            self.counters.remove(key);
        }
    }
}
