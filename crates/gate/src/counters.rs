//! What is counted of each database, for metrics. Knows numbers alone: no text, no name.
//!
//! Every count is a relaxed atomic: a scrape may see one statement's rows without its bytes, and
//! no statement waits for a scrape.

use crate::session::Counts;
use model::{Disclosure, Outcome, Verdict};
use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// Upper ends of the buckets of a [`Histogram`]: microseconds.
pub const BUCKETS_US: [u64; 9] = [50, 100, 250, 500, 1_000, 5_000, 25_000, 250_000, 1_000_000];

/// Counts of one database since the program started.
#[derive(Debug, Default)]
pub struct Counters {
    /// Sessions that were opened.
    pub opened: AtomicU64,
    /// Sessions that have ended; the difference is open now.
    pub ended: AtomicU64,
    /// Statements that ran as they were.
    pub allowed: AtomicU64,
    /// Statements that ran masked, limited or read-only.
    pub modified: AtomicU64,
    /// Statements that had to wait for approval.
    pub held: AtomicU64,
    /// Statements that policy refused.
    pub denied: AtomicU64,
    /// Statements on which policies in shadow mode would have decided otherwise.
    pub shadowed: AtomicU64,
    /// Refusals that clients were given, for whatever reason.
    pub refusals: AtomicU64,
    /// Statements that failed upstream.
    pub failed: AtomicU64,
    /// Rows that left.
    pub rows: AtomicU64,
    /// Bytes of rows that left.
    pub bytes: AtomicU64,
    /// Values that bear a label and left as they are.
    pub raw: AtomicU64,
    /// Values masked by their label.
    pub masked: AtomicU64,
    /// Values changed because a scan of their content found something.
    pub found: AtomicU64,
    /// Texts whose plan was remembered.
    pub plan_hits: AtomicU64,
    /// Texts that were analysed and decided.
    pub plan_misses: AtomicU64,
    /// Readings of the catalog.
    pub catalog_reads: AtomicU64,
    /// How long they took together: microseconds.
    pub catalog_read_us: AtomicU64,
    /// Times the catalog could not be looked at.
    pub catalog_failures: AtomicU64,
    /// Upstream connections for sessions that failed.
    pub upstream_failures: AtomicU64,
    /// Upstream connections that are kept for sessions to come, now.
    pub spares: AtomicU64,
    /// Upstream connections of sessions that have ended, which are being reset or closed, now.
    pub parting: AtomicU64,
    /// Sessions that were given one of those that are kept.
    pub reused: AtomicU64,
    /// Sessions that gave their upstream connection up, now.
    pub resting: AtomicU64,
    /// Times that a session gave its upstream connection up.
    pub released: AtomicU64,
    /// From a statement's arrival to its being forwarded.
    pub added: Histogram,
}

impl Counters {
    /// One verdict that was carried out.
    pub(crate) fn decided(&self, verdict: &Verdict) {
        let count = match verdict.outcome {
            Outcome::Allow => &self.allowed,
            Outcome::Modify => &self.modified,
            Outcome::Hold => &self.held,
            Outcome::Deny => &self.denied,
        };
        count.fetch_add(1, Relaxed);
        if verdict.shadow.is_some() {
            self.shadowed.fetch_add(1, Relaxed);
        }
    }

    /// What one statement did.
    pub(crate) fn did(&self, verdict: &Verdict, counts: &Counts) {
        if counts.sqlstate.is_some() {
            self.failed.fetch_add(1, Relaxed);
        }
        if counts.bytes > 0 || counts.rows > 0 {
            self.rows.fetch_add(counts.rows, Relaxed);
            self.bytes.fetch_add(counts.bytes, Relaxed);
        }
        for (column, disclosed) in counts.disclosed.iter().enumerate() {
            let how = verdict.disclosures.get(column).unwrap_or(&verdict.fallback);
            if tells_raw(how) {
                self.raw.fetch_add(disclosed.raw, Relaxed);
            }
            if disclosed.masked > 0 {
                let count = match how {
                    Disclosure::Scan => &self.found,
                    Disclosure::Raw { .. } | Disclosure::Masked { .. } => &self.masked,
                };
                count.fetch_add(disclosed.masked, Relaxed);
            }
        }
        // Relayed without a look: they left as the upstream sent them.
        if counts.disclosed.is_empty() && counts.rows > 0 {
            let columns = verdict.disclosures.iter().filter(|how| tells_raw(how)).count() as u64;
            self.raw.fetch_add(counts.rows.saturating_mul(columns), Relaxed);
        }
    }
}

/// True of a column whose values bear a label and leave as they are.
pub(crate) fn tells_raw(how: &Disclosure) -> bool {
    matches!(how, Disclosure::Raw { labels } if !labels.is_empty())
}

/// Durations in a few buckets.
#[derive(Debug, Default)]
pub struct Histogram {
    /// One count per end in [`BUCKETS_US`], and one for what is longer; not cumulative.
    buckets: [AtomicU64; BUCKETS_US.len() + 1],
    sum_us: AtomicU64,
}

impl Histogram {
    /// Notes one duration.
    pub fn note(&self, duration: Duration) {
        let us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let index = BUCKETS_US.iter().take_while(|end| us > **end).count();
        if let Some(bucket) = self.buckets.get(index) {
            bucket.fetch_add(1, Relaxed);
        }
        self.sum_us.fetch_add(us, Relaxed);
    }

    /// The sum in seconds, and each bucket's upper end in seconds with its count; the last has no
    /// end.
    pub fn read(&self) -> (f64, Vec<(f64, u64)>) {
        #[expect(clippy::cast_precision_loss, reason = "the sum is exact up to 285 years")]
        let sum = self.sum_us.load(Relaxed) as f64 / 1e6;
        let ends = BUCKETS_US.iter().map(|us| Duration::from_micros(*us).as_secs_f64());
        let ends = ends.chain(std::iter::once(f64::INFINITY));
        (sum, ends.zip(&self.buckets).map(|(end, count)| (end, count.load(Relaxed))).collect())
    }
}
