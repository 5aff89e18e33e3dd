//! What the engine counts itself, asked at each scrape. Knows names and numbers.

use engine_pg::Engine;
use gate::Counters;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::Unit,
};
use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

/// The engine, once there is one.
pub(super) struct EngineCounts(pub(super) Arc<OnceLock<Arc<Engine>>>);

impl fmt::Debug for EngineCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineCounts").finish_non_exhaustive()
    }
}

/// A count of one database.
type Of = fn(&Counters) -> &AtomicU64;

/// Counters by database: name, help, and where the number is.
const BY_DATABASE: &[(&str, &str, Of)] = &[
    ("sessions_opened", "Sessions that were opened", |c| &c.opened),
    (
        "shadow_differences",
        "Statements on which policies in shadow mode would have decided otherwise",
        |c| &c.shadowed,
    ),
    ("refusals", "Refusals that clients were given, for whatever reason", |c| &c.refusals),
    ("statement_errors", "Statements that failed in the database", |c| &c.failed),
    ("rows", "Rows that left", |c| &c.rows),
    ("row_bytes", "Bytes of rows and streams that left", |c| &c.bytes),
    ("values_raw", "Values that bear a label and left as they are", |c| &c.raw),
    ("values_masked", "Values masked by their label", |c| &c.masked),
    ("values_found", "Values changed because a scan found something in them", |c| &c.found),
    ("plan_hits", "Statement texts whose decision was remembered", |c| &c.plan_hits),
    ("plan_misses", "Statement texts that were analysed and decided", |c| &c.plan_misses),
    ("catalog_reads", "Times the catalog was read", |c| &c.catalog_reads),
    ("catalog_failures", "Times the catalog could not be looked at", |c| &c.catalog_failures),
    ("upstream_failures", "Upstream connections that failed", |c| &c.upstream_failures),
    ("upstream_reused", "Sessions that were given a kept upstream connection", |c| &c.reused),
    ("upstream_released", "Idle sessions that gave their connection up", |c| &c.released),
];

/// Statements by what was decided.
const OUTCOMES: &[(&str, Of)] = &[
    ("allow", |c| &c.allowed),
    ("modify", |c| &c.modified),
    ("hold", |c| &c.held),
    ("deny", |c| &c.denied),
];

type Counted = [(String, Arc<Counters>)];

impl Collector for EngineCounts {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let Some(engine) = self.0.get() else { return Ok(()) };
        let counted = engine.counted();
        for (name, help, of) in BY_DATABASE {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            for (database, counters) in &counted {
                let labels = [("database", database.as_str())];
                let value = ConstCounter::new(of(counters).load(Ordering::Relaxed));
                value.encode(family.encode_family(&labels)?)?;
            }
        }
        statements(&mut encoder, &counted)?;
        durations(&mut encoder, &counted)?;
        gauges(&mut encoder, engine, &counted)?;
        let help = "Sign-ins by result";
        let mut family = encoder.encode_descriptor("sign_ins", help, None, MetricType::Counter)?;
        let counters = &engine.counters;
        for (result, count) in [("taken", &counters.signed_in), ("refused", &counters.refused)] {
            let value = ConstCounter::new(count.load(Ordering::Relaxed));
            value.encode(family.encode_family(&[("result", result)])?)?;
        }
        let help = "Connections that a limit of their number turned away";
        let kind = MetricType::Counter;
        let mut family = encoder.encode_descriptor("connections_refused", help, None, kind)?;
        let pending = counters.crowd.get().map_or(0, net::listen::Crowd::turned_away);
        let sessions = counters.crowded.load(Ordering::Relaxed);
        for (limit, count) in [("signing_in", pending), ("sessions", sessions)] {
            ConstCounter::new(count).encode(family.encode_family(&[("limit", limit)])?)?;
        }
        Ok(())
    }
}

fn statements(encoder: &mut DescriptorEncoder<'_>, counted: &Counted) -> Result<(), fmt::Error> {
    let help = "Statements by what was decided";
    let mut family = encoder.encode_descriptor("statements", help, None, MetricType::Counter)?;
    for (database, counters) in counted {
        for (outcome, of) in OUTCOMES {
            let labels = [("database", database.as_str()), ("outcome", outcome)];
            let value = ConstCounter::new(of(counters).load(Ordering::Relaxed));
            value.encode(family.encode_family(&labels)?)?;
        }
    }
    Ok(())
}

fn durations(encoder: &mut DescriptorEncoder<'_>, counted: &Counted) -> Result<(), fmt::Error> {
    let help = "Time that reading the catalog took";
    let unit = Some(&Unit::Seconds);
    let mut family = encoder.encode_descriptor("catalog_read", help, unit, MetricType::Counter)?;
    for (database, counters) in counted {
        let labels = [("database", database.as_str())];
        let took = counters.catalog_read_us.load(Ordering::Relaxed);
        let took = std::time::Duration::from_micros(took).as_secs_f64();
        ConstCounter::new(took).encode(family.encode_family(&labels)?)?;
    }
    let help = "From a statement's arrival to its being forwarded";
    let kind = MetricType::Histogram;
    let mut family = encoder.encode_descriptor("statement_delay", help, unit, kind)?;
    for (database, counters) in counted {
        let labels = [("database", database.as_str())];
        let (sum, buckets) = counters.added.read();
        let count = buckets.iter().map(|(_, count)| count).sum();
        let mut metric = family.encode_family(&labels)?;
        metric.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)?;
    }
    Ok(())
}

fn gauges(
    encoder: &mut DescriptorEncoder<'_>,
    engine: &Engine,
    counted: &Counted,
) -> Result<(), fmt::Error> {
    let help = "Sessions that are open";
    let mut family = encoder.encode_descriptor("sessions", help, None, MetricType::Gauge)?;
    for (database, counters) in counted {
        // Read in this order the difference is never below zero.
        let ended = counters.ended.load(Ordering::Acquire);
        let open = counters.opened.load(Ordering::Relaxed).saturating_sub(ended);
        let value = ConstGauge::new(i64::try_from(open).unwrap_or(i64::MAX));
        value.encode(family.encode_family(&[("database", database.as_str())])?)?;
    }
    let now: [(&str, &str, Of); 2] = [
        ("upstream_spares", "Upstream connections kept for sessions to come", |c| &c.spares),
        ("sessions_resting", "Idle sessions that have no upstream connection", |c| &c.resting),
    ];
    for (name, help, of) in now {
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (database, counters) in counted {
            let value = i64::try_from(of(counters).load(Ordering::Relaxed));
            let value = ConstGauge::new(value.unwrap_or(i64::MAX));
            value.encode(family.encode_family(&[("database", database.as_str())])?)?;
        }
    }
    let help = "Upstream connections of ended sessions that are being reset or closed";
    let mut family =
        encoder.encode_descriptor("upstream_parting", help, None, MetricType::Gauge)?;
    for (database, counters) in counted {
        let parting = counters.parting.load(Ordering::Relaxed);
        let value = ConstGauge::new(i64::try_from(parting).unwrap_or(i64::MAX));
        value.encode(family.encode_family(&[("database", database.as_str())])?)?;
    }
    let help = "Columns that bear a label";
    let mut family = encoder.encode_descriptor("labels", help, None, MetricType::Gauge)?;
    for (database, labels) in engine.labels() {
        let value = ConstGauge::new(i64::try_from(labels).unwrap_or(i64::MAX));
        value.encode(family.encode_family(&[("database", database.as_str())])?)?;
    }
    Ok(())
}
