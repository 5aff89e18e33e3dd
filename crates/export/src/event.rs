//! One event, ready to leave. Knows no sink.

use ledger::{Sequence, Time};
use serde_json::Value;

/// How much an event asks for attention, by OCSF's `severity_id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Severity {
    /// What happens all day.
    Informational,
    /// What deserves a look: a label left raw.
    Low,
    /// Something was refused.
    Medium,
    /// The evidence itself is concerned.
    High,
}

impl Severity {
    pub(crate) const fn id(self) -> u64 {
        match self {
            Self::Informational => 1,
            Self::Low => 2,
            Self::Medium => 3,
            Self::High => 4,
        }
    }

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Informational => "Informational",
            Self::Low => "Low",
            Self::Medium => "Medium",
            Self::High => "High",
        }
    }
}

/// One event: an OCSF object with what a sink needs to know without reading it.
#[derive(Clone, Debug)]
pub struct Event {
    /// The record that it stands at.
    pub sequence: Sequence,
    /// Names it among the events of all logs: the log's name, `+`, its key's id, a slash, the
    /// sequence.
    pub id: String,
    /// When it happened.
    pub time: Time,
    /// The object.
    pub body: Value,
    pub(crate) severity: Severity,
    /// The record's type, or `statement`.
    pub(crate) kind: String,
}

impl Event {
    /// About how many bytes the object takes.
    pub(crate) fn weight(&self) -> usize {
        weight(&self.body)
    }

    /// The object as one line of JSON, without its end.
    pub fn line(&self) -> String {
        self.body.to_string()
    }
}

fn weight(value: &Value) -> usize {
    /// What a value takes beside its text.
    const EACH: usize = 16;
    EACH + match value {
        Value::String(text) => text.len(),
        Value::Array(values) => values.iter().map(weight).sum(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| name.len() + weight(value)).sum()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}
