//! How databases, the ledger and exports are, over the API; and trying a connection. Admins alone;
//! who tried is in the record.

use super::{
    Api,
    columns::At,
    problem::{Kind, Problem},
    session::Caller,
};
use crate::http::setup;
use axum::{Json, extract::State};
use console::layout::Right;
use serde_json::{Value, json};
use std::{sync::Arc, time::SystemTime};

/// `GET /api/v1/status`.
pub(super) async fn show(
    State(api): State<Arc<Api>>,
    caller: Caller,
) -> Result<Json<Value>, Problem> {
    caller.need(&api, Right::Administer)?;
    let shared = &api.shared;
    let databases = setup::databases(shared).await?;
    let database = |one: &console::setup::Database| {
        let (tables, columns, labelled) = one.known;
        json!({
            "database": one.name, "environment": one.environment, "upstream": one.upstream,
            "user": one.user, "connection": one.tls, "reachable": one.reachable,
            "tables": tables, "columns": columns, "labelled": labelled, "weighed": one.weighed,
        })
    };
    let fact =
        |one: &console::setup::Fact| json!({ "what": one.what, "is": one.words, "good": one.good });
    let export = |one: &console::setup::Export| {
        json!({
            "export": one.name, "events": one.events, "behind": one.behind,
            "failures": one.failures, "failing": one.failing,
        })
    };
    Ok(Json(json!({
        "obstacles": shared.health.obstacles(),
        "databases": databases.iter().map(database).collect::<Vec<_>>(),
        "ledger": setup::ledger(shared).iter().map(fact).collect::<Vec<_>>(),
        "exports": setup::exports(shared).iter().map(export).collect::<Vec<_>>(),
    })))
}

/// `POST /api/v1/databases/{database}/test`.
pub(super) async fn test(
    State(api): State<Arc<Api>>,
    caller: Caller,
    At(name): At<String>,
) -> Result<Json<Value>, Problem> {
    let caller = caller.need(&api, Right::Administer)?;
    if api.shared.config.load().database(&name).is_none() {
        return Err(Kind::Nothing.into());
    }
    let what = format!("tried the connection to the database {name} by the API");
    api.shared.store.administered(SystemTime::now(), &caller.who.name, &what).await?;
    let found = setup::test(&api.shared, &name).await.ok_or(Kind::Nothing)?;
    Ok(Json(match found {
        Ok(found) => json!({
            "reached": true, "why": null, "tables": found.counts.0, "columns": found.counts.1,
            "labels": found.labels.iter().map(|(label, columns)| {
                json!({ "label": label, "columns": columns })
            }).collect::<Vec<_>>(),
        }),
        Err(why) => json!({
            "reached": false, "why": why, "tables": null, "columns": null, "labels": [],
        }),
    }))
}
