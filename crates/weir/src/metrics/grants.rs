//! Counts of grants. Knows names and numbers.

use prometheus_client::{metrics::gauge::Gauge, registry::Registry};

/// Grants that are in force or to be reviewed.
#[derive(Default)]
pub(crate) struct GrantCounts {
    /// In force now.
    pub(crate) in_force: Gauge,
    /// To be reviewed.
    pub(crate) to_review: Gauge,
    /// To be reviewed, and nobody did in time.
    pub(crate) overdue: Gauge,
}

impl GrantCounts {
    /// Among what a scrape reads.
    pub(super) fn registered(registry: &mut Registry) -> Self {
        let counts = Self::default();
        for (name, help, gauge) in [
            ("grants", "Grants in force", &counts.in_force),
            ("grant_reviews", "Grants that are to be reviewed", &counts.to_review),
            (
                "grant_reviews_overdue",
                "Grants that are to be reviewed, and that nobody reviewed in time",
                &counts.overdue,
            ),
        ] {
            registry.register(name, help, gauge.clone());
        }
        counts
    }
}
