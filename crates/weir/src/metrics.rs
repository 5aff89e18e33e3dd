//! Counts for Prometheus, in the OpenMetrics text format. Knows names and numbers; a label's value
//! is one of a few words or the name of a database or channel in the configuration, never a name
//! that a client can choose.

mod engine;
mod exports;
mod grants;

use arc_swap::ArcSwapOption;
use engine::EngineCounts;
use engine_pg::Engine;
use export::Exports;
use exports::ExportCounts;
use grants::GrantCounts;
use ledger::Ledger;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, text},
    metrics::{
        counter::{ConstCounter, Counter},
        family::Family,
        gauge::{ConstGauge, Gauge},
        info::Info,
    },
    registry::Registry,
};
use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

/// A counter for each way something can end.
pub(crate) type ByResult = Family<[(&'static str, &'static str); 1], Counter>;

/// Everything that is counted.
pub(crate) struct Metrics {
    registry: Registry,
    /// Policy folders read while running, by result.
    pub(crate) policy_loads: ByResult,
    /// weir.toml read while running, by result.
    pub(crate) config_loads: ByResult,
    /// Identities in the directory.
    pub(crate) identities: Gauge,
    /// Canaries that were met.
    pub(crate) canaries: Counter,
    /// Messages that a channel refused for good, by channel.
    pub(crate) channels_gave_up: Family<[(&'static str, String); 1], Counter>,
    /// Grants.
    pub(crate) grants: GrantCounts,
    /// Records of the ledger that are in its index.
    pub(crate) indexed: Arc<AtomicU64>,
    /// The engine, once there is one: its counts are asked for at each scrape.
    pub(crate) engine: Arc<OnceLock<Arc<Engine>>>,
    /// The exports, while there are any: asked in the same way.
    pub(crate) exports: Arc<ArcSwapOption<Exports>>,
}

impl Metrics {
    /// With what this crate counts itself.
    pub(crate) fn new(ledger: Ledger) -> Self {
        let mut registry = Registry::with_prefix("weir");
        let (policy_loads, config_loads) = (ByResult::default(), ByResult::default());
        let (identities, canaries) = (Gauge::default(), Counter::default());
        let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The version that runs", version);
        let help = "Times the policies were read again, by result";
        registry.register("policy_loads", help, policy_loads.clone());
        let help = "Times weir.toml was read again, by result";
        registry.register("config_loads", help, config_loads.clone());
        registry.register("canaries_met", "Planted values that were met", canaries.clone());
        registry.register("identities", "Identities known, disabled ones too", identities.clone());
        let channels_gave_up = Family::default();
        let help = "Messages that a channel refused for good, so that nobody heard of them";
        registry.register("channel_messages_given_up", help, channels_gave_up.clone());
        let grants = GrantCounts::registered(&mut registry);
        let indexed = Arc::default();
        let counts = LedgerCounts { ledger, indexed: Arc::clone(&indexed) };
        registry.register_collector(Box::new(counts));
        let engine = Arc::default();
        registry.register_collector(Box::new(EngineCounts(Arc::clone(&engine))));
        let exports = Arc::default();
        registry.register_collector(Box::new(ExportCounts(Arc::clone(&exports))));
        Self {
            registry,
            policy_loads,
            config_loads,
            identities,
            canaries,
            channels_gave_up,
            grants,
            indexed,
            engine,
            exports,
        }
    }

    /// The page for a scrape.
    pub(crate) fn render(&self) -> Result<String, fmt::Error> {
        let mut page = String::new();
        text::encode(&mut page, &self.registry)?;
        Ok(page)
    }
}

/// The labels of one result.
pub(crate) fn result(good: bool) -> [(&'static str, &'static str); 1] {
    [("result", if good { "taken" } else { "refused" })]
}

/// What the ledger counts itself, asked at each scrape.
#[derive(Debug)]
struct LedgerCounts {
    ledger: Ledger,
    indexed: Arc<AtomicU64>,
}

impl Collector for LedgerCounts {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let stats = self.ledger.stats();
        let counters = [
            ("ledger_written", "Records handed to the kernel since the log began", stats.written),
            ("ledger_synced", "Records on stable storage since the log began", stats.synced),
            ("ledger_writes", "write(2) calls of this run", stats.writes),
            ("ledger_bytes", "Bytes written in this run", stats.bytes),
            ("ledger_syncs", "fdatasync(2) rounds of this run", stats.syncs),
            ("ledger_failures", "Writes and syncs that failed in this run", stats.failures),
            ("ledger_withdrawn", "Records that could not be written", stats.withdrawn),
            (
                "ledger_checkpoint_failures",
                "Attempts to make a checkpoint that failed in this run",
                stats.checkpoint_failures,
            ),
        ];
        for (name, help, value) in counters {
            let metric = ConstCounter::new(value);
            metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)?;
        }
        let backlog = i64::try_from(stats.backlog_bytes).unwrap_or(i64::MAX);
        let unproven = stats.records.saturating_sub(stats.checkpointed);
        let unproven = i64::try_from(unproven).unwrap_or(i64::MAX);
        let behind = stats.records.saturating_sub(self.indexed.load(Ordering::Relaxed));
        let behind = i64::try_from(behind).unwrap_or(i64::MAX);
        let gauges = [
            ("index_lag", "Records of the ledger that are not in its index yet", behind),
            (
                "ledger_uncheckpointed",
                "Records that the newest checkpoint does not cover",
                unproven,
            ),
            ("ledger_backlog_bytes", "Bytes that wait for a write or a sync", backlog),
            (
                "ledger_healthy",
                "1 if the last write and sync succeeded, else statements are refused",
                i64::from(self.ledger.healthy()),
            ),
        ];
        for (name, help, value) in gauges {
            let metric = ConstGauge::new(value);
            metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)?;
        }
        Ok(())
    }
}
