//! What people and Weir changed: Account Change, class 3001, Entity Management, class 3004, and
//! what was done to Weir itself: API Activity, class 6003. Knows no statement.

use super::{APPLICATION, Class, Frame, IAM, Maker, OTHER, Status, named, put};
use crate::{
    event::{Event, Severity},
    join::Single,
};
use ledger::record::{
    Administered, CatalogChanged, HoldChanged, IdentityChanged, LabelChanged, PolicyChanged, Pruned,
};
use model::Label;
use serde_json::json;

const ACCOUNT: Class = Class { uid: 3001, name: "Account Change", category_uid: 3, category: IAM };
const ENTITY: Class =
    Class { uid: 3004, name: "Entity Management", category_uid: 3, category: IAM };
const API: Class =
    Class { uid: 6003, name: "API Activity", category_uid: 6, category: APPLICATION };
const READ: (u64, &str) = (2, "Read");
const CREATE: (u64, &str) = (1, "Create");
const UPDATE: (u64, &str) = (3, "Update");
const DELETE: (u64, &str) = (4, "Delete");
/// `type_id` of a managed entity that is a policy.
const POLICY: u64 = 5;

impl Maker {
    pub(super) fn identity(&self, single: &Single, changed: &IdentityChanged<'_>) -> Event {
        let activity = match changed.what.as_ref() {
            added if added.starts_with("added") => (1, "Create"),
            "enabled" => (2, "Enable"),
            "password changed" => (3, "Password Change"),
            "disabled" => (5, "Disable"),
            other => (OTHER, other),
        };
        let message = format!("{}: {} by {}", changed.identity, changed.what, changed.by);
        let frame = Frame { kind: "identity_changed", ..done(ACCOUNT, activity, single, message) };
        let mut body = self.frame(single.sequence, &frame);
        body.insert("user".into(), named(&changed.identity));
        body.insert("actor".into(), json!({ "user": named(&changed.by) }));
        body.insert("unmapped".into(), json!({ "what": changed.what }));
        self.finish(single.sequence, frame, body)
    }

    pub(super) fn label(&self, single: &Single, changed: &LabelChanged<'_>) -> Event {
        let activity = match (&changed.before, &changed.after) {
            (None, _) => CREATE,
            (Some(_), None) => DELETE,
            (Some(_), Some(_)) => UPDATE,
        };
        let word = |label: &Option<Label>| label.as_ref().map_or("none", Label::as_str).to_owned();
        let (before, after) = (word(&changed.before), word(&changed.after));
        let message = format!("{}: {before} became {after} by {}", changed.column, changed.by);
        let frame = Frame { kind: "label_changed", ..done(ENTITY, activity, single, message) };
        let mut body = self.frame(single.sequence, &frame);
        let entity = |label: &str| {
            json!({
                "name": changed.column,
                "uid": format!("{}/{}", changed.database, changed.column),
                "type_id": OTHER,
                "type": "Column label",
                "data": { "label": label },
            })
        };
        body.insert("entity".into(), entity(&before));
        body.insert("entity_result".into(), entity(&after));
        body.insert("actor".into(), json!({ "user": named(&changed.by) }));
        let evidence = (!changed.evidence.is_empty()).then(|| changed.evidence.join("; "));
        put(&mut body, "comment", evidence);
        let own = json!({ "database": changed.database, "label_version": changed.version });
        body.insert("unmapped".into(), own);
        self.finish(single.sequence, frame, body)
    }

    pub(super) fn policy(&self, single: &Single, changed: &PolicyChanged<'_>) -> Event {
        let message = match &changed.refused {
            None => format!("{} policies are in force", changed.policies),
            Some(_) => "policies were refused and the old ones stay".to_owned(),
        };
        let mut frame = Frame { kind: "policy_changed", ..done(ENTITY, UPDATE, single, message) };
        if changed.refused.is_some() {
            (frame.status, frame.severity) = (Status::Failure, Severity::Medium);
        }
        let mut body = self.frame(single.sequence, &frame);
        let version = changed.version.to_string();
        body.insert(
            "entity".into(),
            json!({
                "name": "policies", "uid": version, "version": version,
                "type_id": POLICY, "type": "Policy",
            }),
        );
        body.insert("actor".into(), json!({ "user": named(&changed.by) }));
        put(&mut body, "comment", super::some(&changed.what));
        put(&mut body, "status_detail", changed.refused.as_deref());
        body.insert("unmapped".into(), json!({ "policies": changed.policies }));
        self.finish(single.sequence, frame, body)
    }

    pub(super) fn administered(&self, single: &Single, done: &Administered<'_>) -> Event {
        let activity = if done.what.starts_with("read") { READ } else { (OTHER, "Other") };
        let message = format!("{} by {}", done.what, done.by);
        let frame = Frame { kind: "administered", ..self::done(API, activity, single, message) };
        let mut body = self.frame(single.sequence, &frame);
        body.insert("actor".into(), json!({ "user": named(&done.by) }));
        body.insert("api".into(), json!({ "operation": done.what }));
        // The record does not say where they sat.
        body.insert("src_endpoint".into(), json!({ "name": super::UNKNOWN }));
        self.finish(single.sequence, frame, body)
    }

    pub(super) fn pruned(&self, single: &Single, pruned: &Pruned<'_>) -> Event {
        let Pruned { from, before, by, rule, .. } = pruned;
        let message =
            format!("records {from} to {} were removed by {by}: {rule}", before.saturating_sub(1));
        let frame = Frame { kind: "pruned", ..done(API, DELETE, single, message) };
        let mut body = self.frame(single.sequence, &frame);
        body.insert("actor".into(), json!({ "user": named(by) }));
        body.insert("api".into(), json!({ "operation": "remove records" }));
        body.insert("src_endpoint".into(), json!({ "name": super::UNKNOWN }));
        let own = json!({ "from": from, "before": before, "kept": pruned.kept, "rule": rule });
        body.insert("unmapped".into(), own);
        self.finish(single.sequence, frame, body)
    }

    pub(super) fn hold(&self, single: &Single, changed: &HoldChanged<'_>) -> Event {
        let HoldChanged { hold, what, by, identity, .. } = changed;
        let message = format!("hold {hold} of {identity}: {what} by {by}");
        let frame = Frame { kind: "hold_changed", ..done(API, (OTHER, "Other"), single, message) };
        let mut body = self.frame(single.sequence, &frame);
        body.insert("actor".into(), json!({ "user": named(by) }));
        body.insert("api".into(), json!({ "operation": format!("hold {what}") }));
        // The record does not say where they sat.
        body.insert("src_endpoint".into(), json!({ "name": super::UNKNOWN }));
        let own = json!({
            "hold": hold, "database": changed.database, "identity": identity,
            "needs": changed.needs, "reason": changed.reason, "via": changed.via,
            "on_behalf": changed.on_behalf,
        });
        body.insert("unmapped".into(), own);
        self.finish(single.sequence, frame, body)
    }

    pub(super) fn catalog(&self, single: &Single, changed: &CatalogChanged<'_>) -> Event {
        let message = format!("the catalog of {} has changed", changed.database);
        let frame = Frame { kind: "catalog_changed", ..done(ENTITY, UPDATE, single, message) };
        let mut body = self.frame(single.sequence, &frame);
        let version = changed.version.to_string();
        body.insert(
            "entity".into(),
            json!({
                "name": changed.database, "uid": changed.database, "version": version,
                "type_id": OTHER, "type": "Catalog",
            }),
        );
        body.insert("actor".into(), json!({ "app_name": "Weir" }));
        let own = json!({ "cause": changed.cause, "what": changed.what });
        body.insert("unmapped".into(), own);
        self.finish(single.sequence, frame, body)
    }
}

/// A change that took place.
fn done<'a>(class: Class, activity: (u64, &'a str), single: &Single, message: String) -> Frame<'a> {
    Frame {
        class,
        activity,
        severity: Severity::Informational,
        status: Status::Success,
        time: single.time,
        message,
        kind: "",
    }
}
