//! What became of tasks, and who was shown what others can write: User Access Management, class
//! 3005. Knows no statement.

use super::{Class, Frame, IAM, Maker, OTHER, Status, named};
use crate::{
    event::{Event, Severity},
    join::Single,
};
use ledger::record::TaskChanged;
use serde_json::json;

const ACCESS: Class =
    Class { uid: 3005, name: "User Access Management", category_uid: 3, category: IAM };
const ASSIGN: (u64, &str) = (1, "Assign Privileges");
const REVOKE: (u64, &str) = (2, "Revoke Privileges");

impl Maker {
    pub(super) fn task(&self, single: &Single, changed: &TaskChanged<'_>) -> Event {
        let TaskChanged { task, identity, by, what, reason, .. } = changed;
        let activity = match what.as_ref() {
            "created" => ASSIGN,
            "ended" | "expired" => REVOKE,
            other => (OTHER, other),
        };
        let severity = match what.as_ref() {
            "tainted" => Severity::Low,
            _ => Severity::Informational,
        };
        let name = if task.is_empty() { "no task".to_owned() } else { format!("task {task}") };
        let frame = Frame {
            class: ACCESS,
            activity,
            severity,
            status: Status::Success,
            time: single.time,
            message: format!("{name} of {identity}: {what} by {by}"),
            kind: "task_changed",
        };
        let mut body = self.frame(single.sequence, &frame);
        body.insert("user".into(), named(identity));
        body.insert("privileges".into(), json!([name]));
        body.insert("actor".into(), json!({ "user": named(by) }));
        let own = json!({
            "task": task, "what": what, "details": changed.details, "until": changed.until,
            "statement": changed.statement, "reason": reason,
        });
        body.insert("unmapped".into(), own);
        self.finish(single.sequence, frame, body)
    }
}
