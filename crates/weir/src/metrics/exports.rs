//! What exports count, asked at each scrape. Knows names and numbers; a name is one of the
//! configuration.

use arc_swap::ArcSwapOption;
use export::{Exports, Lag};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};
use std::{fmt, sync::Arc};

/// The exports, while there are any.
#[derive(Debug)]
pub(super) struct ExportCounts(pub(super) Arc<ArcSwapOption<Exports>>);

/// A number of one sink.
type Of = fn(&Lag) -> u64;

const COUNTERS: [(&str, &str, Of); 2] = [
    ("export_events", "Events that an export's sink acknowledged in this run", |l| l.events),
    ("export_failures", "Attempts of an export that failed in this run", |l| l.failures),
];

const GAUGES: [(&str, &str, Of); 2] = [
    ("export_lag", "Durable records that an export's sink has not acknowledged", |l| l.records),
    ("export_failing", "1 if an export's last attempt failed", |l| u64::from(l.failing)),
];

impl Collector for ExportCounts {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let lag = self.0.load().as_deref().map(Exports::lag).unwrap_or_default();
        if lag.is_empty() {
            return Ok(());
        }
        for (name, help, of) in COUNTERS {
            let mut all = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            for one in &lag {
                let labels = [("export", one.name.as_str())];
                ConstCounter::new(of(one)).encode(all.encode_family(&labels)?)?;
            }
        }
        for (name, help, of) in GAUGES {
            let mut all = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for one in &lag {
                let labels = [("export", one.name.as_str())];
                let value = i64::try_from(of(one)).unwrap_or(i64::MAX);
                ConstGauge::new(value).encode(all.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}
