//! Figures of the last hour: what the engine counts anyway, looked at now and then and kept by the
//! minute. Costs statements nothing. What was before the start is not known.

use crate::serve::Shared;
use console::{
    chart::Tile,
    parts::{duration, grouped},
};
use gate::Counters;
use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

/// How many minutes are kept.
const MINUTES: usize = 60;
/// How often the engine is asked.
const LOOK: Duration = Duration::from_secs(2);
const MINUTE: Duration = Duration::from_secs(60);

/// What is counted.
const COUNTS: usize = 5;
const STATEMENTS: usize = 0;
const REFUSALS: usize = 1;
const HELD: usize = 2;
const MASKED: usize = 3;
const RAW: usize = 4;

type Sums = [u64; COUNTS];

/// The last hour.
pub(super) struct Pulse {
    shared: Weak<Shared>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// What was counted when the last look was taken.
    before: Sums,
    /// Whole minutes, oldest first.
    minutes: VecDeque<Sums>,
    /// The minute that is not over, and since when it runs.
    now: Sums,
    since: Duration,
}

impl Kept {
    /// Takes one look in.
    fn look(&mut self, sums: Sums, passed: Duration) {
        for ((now, sum), before) in self.now.iter_mut().zip(sums).zip(self.before) {
            *now += sum.saturating_sub(before);
        }
        self.before = sums;
        self.since += passed;
        if self.since >= MINUTE {
            self.minutes.push_back(std::mem::take(&mut self.now));
            self.since = Duration::ZERO;
            if self.minutes.len() >= MINUTES {
                self.minutes.pop_front();
            }
        }
    }

    /// One number a minute, oldest first, the last not over yet.
    fn series(&self, which: usize) -> Vec<u64> {
        let known = self.minutes.iter().chain([&self.now]);
        let known: Vec<u64> = known.filter_map(|sums| sums.get(which).copied()).collect();
        let mut series = vec![0; MINUTES.saturating_sub(known.len())];
        series.extend(known);
        series
    }
}

impl Pulse {
    pub(super) fn start(shared: &Arc<Shared>) -> Arc<Self> {
        let pulse = Arc::new(Self { shared: Arc::downgrade(shared), kept: Mutex::default() });
        let weak = Arc::downgrade(&pulse);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(LOOK).await;
                let Some(pulse) = weak.upgrade() else { return };
                let sums = pulse.sums();
                pulse.lock().look(sums, LOOK);
            }
        });
        pulse
    }

    fn counters(&self) -> Vec<Arc<Counters>> {
        let shared = self.shared.upgrade();
        let engine = shared.as_ref().and_then(|shared| shared.metrics.engine.get());
        let counted = engine.map(|engine| engine.counted()).unwrap_or_default();
        counted.into_iter().map(|(_, counters)| counters).collect()
    }

    fn sums(&self) -> Sums {
        let mut sums = Sums::default();
        for counters in self.counters() {
            let Counters { allowed, modified, held, denied, refusals, masked, found, raw, .. } =
                &*counters;
            let of: [&[&AtomicU64]; COUNTS] = [
                &[allowed, modified, held, denied],
                &[refusals],
                &[held],
                &[masked, found],
                &[raw],
            ];
            for (sum, counts) in sums.iter_mut().zip(of) {
                *sum += counts.iter().map(|count| count.load(Relaxed)).sum::<u64>();
            }
        }
        sums
    }

    /// The figures as they are shown.
    pub(super) fn tiles(&self) -> Vec<Tile> {
        let sums = self.sums();
        let mut kept = self.lock();
        kept.look(sums, Duration::ZERO);
        let tile = |what, which, tone| {
            let series = kept.series(which);
            let value = grouped(series.iter().sum());
            Tile { what, value, unit: "last hour".to_owned(), series, tone }
        };
        let mut tiles = vec![
            tile("Statements", STATEMENTS, "accent"),
            tile("Refusals", REFUSALS, "bad"),
            tile("Held for approval", HELD, "warn"),
            tile("Values masked", MASKED, "mask"),
            tile("Labelled values raw", RAW, "bad"),
        ];
        drop(kept);
        tiles.push(Tile {
            what: "Added to a statement",
            value: self.added(50),
            unit: format!("for half, {} for 95 of 100", self.added(95)),
            series: Vec::new(),
            tone: "",
        });
        tiles
    }

    /// What so many of a hundred statements waited at most since the start, by the buckets' ends.
    fn added(&self, part: u64) -> String {
        let mut sums: Vec<(f64, u64)> = Vec::new();
        for counters in self.counters() {
            let (_, buckets) = counters.added.read();
            for (at, (end, count)) in buckets.into_iter().enumerate() {
                match sums.get_mut(at) {
                    Some((_, sum)) => *sum += count,
                    None => sums.push((end, count)),
                }
            }
        }
        let all: u64 = sums.iter().map(|(_, count)| count).sum();
        let mut seen = 0;
        let found = sums.iter().find(|(_, count)| {
            seen += count;
            all > 0 && seen * 100 >= all * part
        });
        let Some((end, _)) = found else { return "–".to_owned() };
        let us = Duration::try_from_secs_f64(*end).map(|end| end.as_micros());
        match us.map(u64::try_from) {
            Ok(Ok(us)) => format!("≤ {}", duration(us)),
            // The last bucket has no end.
            _ => "> 1 s".to_owned(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_go_by_and_the_oldest_goes() {
        let mut kept = Kept::default();
        kept.look([3, 0, 0, 0, 0], MINUTE);
        kept.look([5, 1, 0, 0, 0], Duration::from_secs(30));
        let series = kept.series(STATEMENTS);
        assert_eq!((series.len(), series.last(), series.get(58)), (MINUTES, Some(&2), Some(&3)));
        assert_eq!(kept.series(REFUSALS).iter().sum::<u64>(), 1);
        for _ in 0..MINUTES {
            kept.look([5, 1, 0, 0, 0], MINUTE);
        }
        assert_eq!(kept.series(STATEMENTS).iter().sum::<u64>(), 0);
        // An engine that counts anew is not a flood.
        kept.look([1, 0, 0, 0, 0], Duration::ZERO);
        assert_eq!(kept.series(STATEMENTS).iter().sum::<u64>(), 0);
    }
}
