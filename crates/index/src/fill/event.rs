//! Records that are no statement, shape or session. Works on their JSON, so that it also takes
//! those of later versions.

use ledger::{Record, Time};
use serde_json::Value;

/// What all of them have, as far as they do.
#[derive(Debug, Default)]
pub(super) struct Event {
    pub(super) time: Option<i64>,
    pub(super) kind: String,
    pub(super) by: String,
    pub(super) identity: String,
    pub(super) database: String,
    pub(super) object: String,
    pub(super) detail: String,
}

impl Event {
    /// From the record's JSON; `record` is what this version makes of it.
    pub(super) fn of(payload: &[u8], record: Option<&Record<'_>>) -> Self {
        let value: Value = serde_json::from_slice(payload).unwrap_or_default();
        let text = |names: &[&str]| -> String {
            let found = names.iter().find_map(|name| value.get(name).and_then(Value::as_str));
            found.unwrap_or_default().to_owned()
        };
        let kind = text(&["type"]);
        Self {
            time: text(&["time"]).parse::<Time>().ok().map(Time::micros),
            kind: match record {
                Some(record) => record.type_word().to_owned(),
                None if kind.is_empty() => "not_understood".to_owned(),
                None => kind,
            },
            by: text(&["by"]),
            identity: text(&["identity", "claimed"]),
            database: text(&["database"]),
            object: text(&["column", "hold", "grant", "task", "address", "node"]),
            detail: String::from_utf8_lossy(payload).into_owned(),
        }
    }
}
