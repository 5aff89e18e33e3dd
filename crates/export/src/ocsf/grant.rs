//! What became of grants: User Access Management, class 3005. Knows no statement.

use super::{Class, Frame, IAM, Maker, OTHER, Status, named};
use crate::{
    event::{Event, Severity},
    join::Single,
};
use ledger::record::GrantChanged;
use serde_json::json;

const ACCESS: Class =
    Class { uid: 3005, name: "User Access Management", category_uid: 3, category: IAM };
const ASSIGN: (u64, &str) = (1, "Assign Privileges");
const REVOKE: (u64, &str) = (2, "Revoke Privileges");

impl Maker {
    pub(super) fn grant(&self, single: &Single, changed: &GrantChanged<'_>) -> Event {
        let GrantChanged { grant, group, what, by, identity, emergency, .. } = changed;
        let activity = match what.as_ref() {
            "begun" => ASSIGN,
            "ended" | "revoked" => REVOKE,
            other => (OTHER, other),
        };
        // What breaks the glass is to be seen at once.
        let severity = match (emergency, what.as_ref()) {
            (_, "review: not_fine") | (true, "begun") => Severity::High,
            (true, _) => Severity::Medium,
            (false, _) => Severity::Informational,
        };
        let how = if *emergency { "break-glass grant" } else { "grant" };
        let frame = Frame {
            class: ACCESS,
            activity,
            severity,
            status: Status::Success,
            time: single.time,
            message: format!("{how} {grant} of group {group} to {identity}: {what} by {by}"),
            kind: "grant_changed",
        };
        let mut body = self.frame(single.sequence, &frame);
        body.insert("user".into(), named(identity));
        body.insert("privileges".into(), json!([format!("group {group}")]));
        body.insert("actor".into(), json!({ "user": named(by) }));
        let own = json!({
            "grant": grant, "databases": changed.databases, "emergency": emergency,
            "seconds": changed.seconds, "until": changed.until, "needs": changed.needs,
            "reviewers": changed.reviewers, "what": what, "reason": changed.reason,
            "via": changed.via, "on_behalf": changed.on_behalf,
        });
        body.insert("unmapped".into(), own);
        self.finish(single.sequence, frame, body)
    }
}
