//! Weir itself: Application Lifecycle, class 6002, Application Error, class 6008, and whatever a
//! later version wrote, as a Base Event. Knows no statement.

use super::{APPLICATION, Class, Frame, Maker, OTHER, Status, put};
use crate::{
    event::{Event, Severity},
    join::Single,
};
use ledger::record::{Started, Stopped, Withdrawn};
use serde_json::{Value, json};

const LIFE: Class =
    Class { uid: 6002, name: "Application Lifecycle", category_uid: 6, category: APPLICATION };
const ERROR: Class =
    Class { uid: 6008, name: "Application Error", category_uid: 6, category: APPLICATION };
const BASE: Class =
    Class { uid: 0, name: "Base Event", category_uid: 0, category: "Uncategorized" };

impl Maker {
    pub(super) fn started(&self, single: &Single, started: &Started<'_>) -> Event {
        let sound = started.damage.is_none() && started.torn_bytes == 0;
        let frame = Frame {
            class: LIFE,
            activity: (3, "Start"),
            severity: if sound { Severity::Informational } else { Severity::High },
            status: Status::Success,
            time: single.time,
            message: format!("Weir {} started on {}", started.version, started.node),
            kind: "started",
        };
        let mut body = self.frame(single.sequence, &frame);
        body.insert("app".into(), self.product());
        put(&mut body, "status_detail", started.damage.as_deref());
        let own = json!({
            "node": started.node,
            "version": started.version,
            "process": started.process,
            "records": started.records,
            "clean": started.clean,
            "torn_bytes": started.torn_bytes,
            "open_sessions": started.open_sessions.len(),
            "unknown_outcomes": started.unknown_outcomes,
        });
        body.insert("unmapped".into(), own);
        self.finish(single.sequence, frame, body)
    }

    pub(super) fn stopped(&self, single: &Single, stopped: &Stopped<'_>) -> Event {
        let frame = Frame {
            class: LIFE,
            activity: (4, "Stop"),
            severity: Severity::Informational,
            status: Status::Success,
            time: single.time,
            message: format!("Weir stopped: {}", stopped.reason),
            kind: "stopped",
        };
        let mut body = self.frame(single.sequence, &frame);
        body.insert("app".into(), self.product());
        body.insert("status_detail".into(), stopped.reason.as_ref().into());
        self.finish(single.sequence, frame, body)
    }

    pub(super) fn withdrawn(&self, single: &Single, withdrawn: &Withdrawn<'_>) -> Event {
        let frame = Frame {
            class: ERROR,
            activity: (1, "General Error"),
            severity: Severity::High,
            status: Status::Failure,
            time: single.time,
            message: format!("a record could not be written: {}", withdrawn.reason),
            kind: "withdrawn",
        };
        let mut body = self.frame(single.sequence, &frame);
        body.insert("status_detail".into(), withdrawn.reason.as_ref().into());
        self.finish(single.sequence, frame, body)
    }

    /// A record that this version has no word for, as it stands.
    pub(super) fn later(&self, single: &Single, record: &Value) -> Event {
        let kind = record.get("type").and_then(Value::as_str).unwrap_or("unreadable");
        let frame = Frame {
            class: BASE,
            activity: (OTHER, "Other"),
            severity: Severity::Informational,
            status: Status::Unknown,
            time: single.time,
            message: format!("a record of type {kind}"),
            kind,
        };
        let mut body = self.frame(single.sequence, &frame);
        body.insert("unmapped".into(), json!({ "record": record }));
        self.finish(single.sequence, frame, body)
    }
}
