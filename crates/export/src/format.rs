//! What records leave as: OCSF events, OpenLineage runs, OpenTelemetry spans. Knows no schema.

use crate::{
    event::Event,
    join::Joined,
    lineage, ocsf,
    settings::{About, Format},
    spans,
};

/// Makes events of what was joined.
#[derive(Debug)]
pub(crate) enum Maker {
    Ocsf(ocsf::Maker),
    Lineage(Box<lineage::Maker>),
    Spans(spans::Maker),
}

impl Maker {
    /// For the log with this public key: `name+id+key`, as signed notes have it.
    pub(crate) fn new(format: &Format, about: &About, key: &str) -> Self {
        match format {
            Format::Ocsf => Self::Ocsf(ocsf::Maker::new(about, key)),
            Format::Spans => Self::Spans(spans::Maker::new(key)),
            Format::OpenLineage { namespace } => {
                Self::Lineage(Box::new(lineage::Maker::new(about, key, namespace.as_deref())))
            }
        }
    }

    /// Whether it wants to be told of statements that begin.
    pub(crate) fn wants_beginnings(&self) -> bool {
        matches!(self, Self::Lineage(_))
    }

    /// The events; what is not wanted is still taken in, since later events may tell of it.
    pub(crate) fn events(&mut self, joined: &Joined, wanted: bool, events: &mut Vec<Event>) {
        match self {
            Self::Ocsf(_) | Self::Spans(_) if !wanted => {}
            Self::Ocsf(maker) => events.extend(maker.event(joined)),
            Self::Spans(maker) => events.extend(maker.event(joined)),
            Self::Lineage(maker) => {
                let made = maker.feed(joined);
                if wanted {
                    events.extend(made);
                }
            }
        }
    }
}
