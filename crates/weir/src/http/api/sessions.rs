//! Sessions of the record over the API, and one of them statement by statement, by the same
//! functions as the console's replay. Auditors alone; whoever reads a list or one is in the record.

use super::{
    Api,
    columns::At,
    problem::{Kind, Problem},
    session::Caller,
};
use crate::http::replay;
use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use console::{
    layout::Right,
    replay::{Seen, Session, Step},
};
use ledger::SessionId;
use serde::Deserialize;
use serde_json::{Value, json};
use std::{sync::Arc, time::SystemTime};

/// What a list is narrowed by.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listed {
    q: Option<String>,
    before: Option<u64>,
}

/// `GET /api/v1/sessions`.
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    caller: Caller,
    asked: Result<Query<Listed>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let caller = caller.need(&api, Right::Audit)?;
    let words = "a list takes `q`, and `before`: the number of a record";
    let Query(asked) = asked.map_err(|_| Problem::new(Kind::Malformed, words))?;
    let sought = asked.q.unwrap_or_default();
    let read = format!("{} by the API", replay::told(&sought, asked.before));
    api.shared.store.administered(SystemTime::now(), &caller.who.name, &read).await?;
    let found = api.known(move |answers| replay::sessions(answers, &sought, asked.before));
    let found = found.await?.unwrap_or_default();
    if found.slow {
        let why = "too many sessions would have to be looked through: ask for less";
        return Err(Problem::new(Kind::Malformed, why));
    }
    let sessions: Vec<Value> = found.sessions.iter().map(session).collect();
    Ok(Json(json!({ "sessions": sessions, "before": found.older })))
}

/// Where in a session one begins.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Begins {
    after: Option<u64>,
}

/// `GET /api/v1/sessions/{session}`.
pub(super) async fn show(
    State(api): State<Arc<Api>>,
    caller: Caller,
    At(id): At<String>,
    asked: Result<Query<Begins>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let caller = caller.need(&api, Right::Audit)?;
    let words = "a session takes `after`: the number of a statement";
    let Query(asked) = asked.map_err(|_| Problem::new(Kind::Malformed, words))?;
    let id: SessionId = id.parse().map_err(|_| Kind::Nothing)?;
    let read = format!("read the record: session {id} by the API");
    api.shared.store.administered(SystemTime::now(), &caller.who.name, &read).await?;
    let after = asked.after.unwrap_or(0);
    let found = api.known(move |answers| replay::replay(answers, id, after)).await?.flatten();
    let found = found.ok_or(Kind::Nothing)?;
    let statements: Vec<Value> = found.steps.iter().map(step).collect();
    let session = session(&found.session);
    Ok(Json(json!({ "session": session, "statements": statements, "after": found.next })))
}

fn session(one: &Session) -> Value {
    json!({
        "session": one.id, "record": one.sequence, "identity": one.identity, "kind": one.kind,
        "groups": one.groups, "database": one.database, "application": one.application,
        "address": one.address, "method": one.method, "tls": one.tls, "opened": one.opened,
        "closed": one.closed, "reason": one.reason, "statements": one.statements,
        "rows": one.rows,
    })
}

fn step(one: &Step) -> Value {
    json!({
        "statement": one.id, "number": one.number, "time": one.time, "text": one.text,
        "verdict": one.verdict, "state": one.state, "error": one.error, "reason": one.why,
        "tag": one.tag, "rows": one.rows, "affected": one.affected, "duration_us": one.took,
        "approved_by": one.approved_by,
        "columns": one.seen.iter().map(seen).collect::<Vec<_>>(),
    })
}

fn seen(one: &Seen) -> Value {
    let [raw, masked, nulls] = one.counts;
    json!({
        "name": one.name, "shows": one.shows, "labels": one.labels, "method": one.method,
        "raw": raw, "masked": masked, "null": nulls,
    })
}
