//! Reports over the API: asked for, made in the background, taken away, each by whoever asked for
//! it; and checkpoints held against the ledger. Auditors alone.

use super::{
    Api,
    body::Body,
    columns::At,
    problem::{Kind, Problem},
    session::Caller,
};
use crate::{
    http::{
        jobs::Job,
        reports::{self, Wanted, grew_from},
    },
    layout,
};
use ::report::Report;
use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use console::{
    job::{How, Listed},
    layout::Right,
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{sync::Arc, time::SystemTime};

/// What somebody asks for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    kind: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    since: String,
    #[serde(default)]
    until: String,
    #[serde(default = "yes")]
    verify: bool,
}

const fn yes() -> bool {
    true
}

/// `POST /api/v1/reports`.
pub(super) async fn ask(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Body(asked): Body<Asked>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let caller = caller.need(&api, Right::Audit)?;
    let Asked { kind, name, since, until, verify } = asked;
    let wanted = Wanted { kind, name, since, until, whole: verify };
    let who = &caller.who.name;
    let begun = reports::begin(&api.reports, &api.shared, who, "the API", &wanted).await?;
    let kept = begun.map_err(|why| Problem::new(Kind::Malformed, why))?;
    Ok((StatusCode::ACCEPTED, Json(object(&kept.listed()))))
}

/// `GET /api/v1/reports`.
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    caller: Caller,
) -> Result<Json<Value>, Problem> {
    let caller = caller.need(&api, Right::Audit)?;
    let all: Vec<Value> = api.reports.of(&caller.who.name).iter().map(object).collect();
    Ok(Json(json!({ "reports": all })))
}

/// `GET /api/v1/reports/{report}`.
pub(super) async fn show(
    State(api): State<Arc<Api>>,
    caller: Caller,
    At(id): At<String>,
) -> Result<Json<Value>, Problem> {
    let (_, kept) = own(&api, caller, &id)?;
    Ok(Json(object(&kept.listed())))
}

/// `GET /api/v1/reports/{report}/{form}`.
pub(super) async fn file(
    State(api): State<Arc<Api>>,
    caller: Caller,
    At((id, form)): At<(String, String)>,
) -> Result<Response, Problem> {
    let (caller, kept) = own(&api, caller, &id)?;
    let report = kept.made().ok_or(Kind::Nothing)?;
    let (kind, body) = reports::form(&report, &form).ok_or(Kind::Nothing)?;
    let read = format!("read the record: {} as {form} by the API", kept.listed().words);
    api.shared.store.administered(SystemTime::now(), &caller.who.name, &read).await?;
    Ok(([(header::CONTENT_TYPE, kind)], body).into_response())
}

/// `DELETE /api/v1/reports/{report}`: one that is under way is stopped.
pub(super) async fn forget(
    State(api): State<Arc<Api>>,
    caller: Caller,
    At(id): At<String>,
) -> Result<StatusCode, Problem> {
    let caller = caller.need(&api, Right::Audit)?;
    match api.reports.forget(&caller.who.name, &id) {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Kind::Nothing.into()),
    }
}

/// A checkpoint that somebody kept.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Checkpoint {
    checkpoint: String,
}

/// `POST /api/v1/checkpoints/check`.
pub(super) async fn checkpoint(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Body(Checkpoint { checkpoint }): Body<Checkpoint>,
) -> Result<Json<Value>, Problem> {
    caller.need(&api, Right::Audit)?;
    let dir = layout::ledger(&api.shared.config.load());
    let found = tokio::task::spawn_blocking(move || grew_from(&dir, &checkpoint)).await;
    let found = found.map_err(|_| Problem::from(Kind::Unavailable))?;
    Ok(Json(match found {
        Ok(size) => json!({ "holds": true, "records": size, "why": null }),
        Err(why) => json!({ "holds": false, "records": null, "why": why }),
    }))
}

/// One of the caller's own; to everybody else there is none.
fn own(api: &Api, caller: Caller, id: &str) -> Result<(Caller, Arc<Job<Report>>), Problem> {
    let caller = caller.need(api, Right::Audit)?;
    let kept = api.reports.one(&caller.who.name, id).ok_or(Kind::Nothing)?;
    Ok((caller, kept))
}

fn object(one: &Listed) -> Value {
    let mut all = progress(one);
    if let Value::Object(all) = &mut all {
        all.insert("report".to_owned(), json!(one.id));
        if one.how == How::Done(false) {
            let why = "the ledger is not sound, and the report says so";
            all.insert("why".to_owned(), json!(why));
        }
    }
    all
}

/// What was asked for, when, how far it is, and why it came to nothing.
pub(super) fn progress(one: &Listed) -> Value {
    let (state, progress, why) = match &one.how {
        How::Waits => ("waits", None, None),
        How::Verifies(done, all) => ("verifies", Some((done, all)), None),
        How::Asks(done, all) => ("asks", Some((done, all)), None),
        How::Reads(done, all) => ("reads", Some((done, all)), None),
        How::Done(_) => ("done", None, None),
        How::Stopped => ("stopped", None, None),
        How::Failed(why) => ("failed", None, Some(why.as_str())),
    };
    json!({
        "what": one.words, "asked": one.asked, "state": state,
        "done": progress.map(|(done, _)| done), "of": progress.map(|(_, all)| all), "why": why,
    })
}
