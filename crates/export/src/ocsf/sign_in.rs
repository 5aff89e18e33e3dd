//! Sessions: Authentication, class 3002. Knows how a session began and ended, and no statement.

use super::{Class, Frame, IAM, Maker, OTHER, Status, actor, named, put, remote, source, user};
use crate::{
    circumstance,
    event::{Event, Severity},
    join::Single,
};
use ledger::record::{SessionClosed, SessionOpened, SessionRefused};
use serde_json::{Map, Value, json};

const CLASS: Class = Class { uid: 3002, name: "Authentication", category_uid: 3, category: IAM };
const LOGON: (u64, &str) = (1, "Logon");
const LOGOFF: (u64, &str) = (2, "Logoff");
/// `logon_type_id` of whoever comes over a network.
const NETWORK: u64 = 3;

impl Maker {
    pub(super) fn opened(&self, single: &Single, opened: &SessionOpened<'_>) -> Event {
        let frame = Frame {
            class: CLASS,
            activity: LOGON,
            severity: Severity::Informational,
            status: Status::Success,
            time: single.time,
            message: format!("{} signed in to {}", opened.identity, opened.database),
            kind: "session_opened",
        };
        let mut body = self.frame(single.sequence, &frame);
        let who = Some(opened);
        body.insert("user".into(), user(who));
        body.insert("actor".into(), actor(who, Some(opened.session)));
        body.insert("session".into(), super::session(who, opened.session));
        body.insert("src_endpoint".into(), source(who));
        body.insert("service".into(), json!({ "name": opened.database }));
        body.insert("auth_protocol_id".into(), OTHER.into());
        body.insert("auth_protocol".into(), opened.method.as_ref().into());
        logon(opened, &mut body);
        allowed(true, &mut body);
        let mut own = json!({ "environment": opened.environment, "kind": opened.kind });
        if let Some(own) = own.as_object_mut() {
            put(own, "tls", opened.tls.as_deref());
            put(own, "upstream_role", super::some(&opened.upstream_role));
            put(own, "upstream_pid", opened.upstream_pid);
            own.extend(circumstance::of_session(opened));
        }
        body.insert("unmapped".into(), own);
        self.finish(single.sequence, frame, body)
    }

    pub(super) fn session_refused(&self, single: &Single, refused: &SessionRefused<'_>) -> Event {
        let frame = Frame {
            class: CLASS,
            activity: LOGON,
            severity: Severity::Medium,
            status: Status::Failure,
            time: single.time,
            message: format!("a sign-in was refused: {}", refused.reason),
            kind: "session_refused",
        };
        let mut body = self.frame(single.sequence, &frame);
        body.insert("user".into(), named(&refused.claimed));
        body.insert("status_detail".into(), refused.reason.as_ref().into());
        let source = match refused.address {
            Some(ip) => json!({ "ip": ip.to_string() }),
            None => source(None),
        };
        body.insert("src_endpoint".into(), source);
        let service = super::some(&refused.database).unwrap_or(super::UNKNOWN);
        body.insert("service".into(), json!({ "name": service }));
        put(&mut body, "is_remote", refused.address.map(|address| !address.is_loopback()));
        allowed(false, &mut body);
        // The name was not verified.
        body.insert("unmapped".into(), json!({ "claimed": refused.claimed }));
        self.finish(single.sequence, frame, body)
    }

    pub(super) fn closed(&self, single: &Single, closed: &SessionClosed<'_>) -> Event {
        let who = single.who.as_deref();
        let name = who.map_or(super::UNKNOWN, |who| who.identity.as_ref());
        let frame = Frame {
            class: CLASS,
            activity: LOGOFF,
            severity: Severity::Informational,
            status: Status::Success,
            time: single.time,
            message: format!("the session of {name} ended: {}", closed.reason),
            kind: "session_closed",
        };
        let mut body = self.frame(single.sequence, &frame);
        body.insert("user".into(), user(who));
        body.insert("actor".into(), actor(who, Some(closed.session)));
        body.insert("session".into(), super::session(who, closed.session));
        body.insert("src_endpoint".into(), source(who));
        let service = who.map_or(super::UNKNOWN, |who| who.database.as_ref());
        body.insert("service".into(), json!({ "name": service }));
        body.insert("status_detail".into(), closed.reason.as_ref().into());
        let own = json!({
            "statements": closed.statements, "rows": closed.rows, "bytes": closed.bytes,
        });
        body.insert("unmapped".into(), own);
        self.finish(single.sequence, frame, body)
    }
}

fn logon(opened: &SessionOpened<'_>, body: &mut Map<String, Value>) {
    body.insert("logon_type_id".into(), NETWORK.into());
    body.insert("logon_type".into(), "Network".into());
    body.insert("is_cleartext".into(), opened.tls.is_none().into());
    put(body, "is_remote", remote(opened));
}

fn allowed(good: bool, body: &mut Map<String, Value>) {
    let ((action_id, action), (id, disposition)) = match good {
        true => ((1, "Allowed"), (1, "Allowed")),
        false => ((2, "Denied"), (2, "Blocked")),
    };
    body.insert("action_id".into(), action_id.into());
    body.insert("action".into(), action.into());
    body.insert("disposition_id".into(), id.into());
    body.insert("disposition".into(), disposition.into());
}
