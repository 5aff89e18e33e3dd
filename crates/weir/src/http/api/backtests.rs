//! Backtests over the API: a text in the place of a policy file, held against the record in the
//! background for whoever asked. Auditors alone; nothing is saved.

use super::{
    Api,
    body::Body,
    columns::At,
    problem::{Kind, Problem},
    reports::progress,
    session::Caller,
};
use crate::{
    command::policy::backtest::object,
    http::{
        backtests::{self, Backtest, DAYS, MOST_DAYS, Trial, checked},
        jobs::Job,
    },
};
use axum::{Json, extract::State, http::StatusCode};
use console::{job::Listed, layout::Right};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// What somebody asks for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    file: String,
    text: String,
    #[serde(default = "days")]
    days: u32,
}

const fn days() -> u32 {
    DAYS
}

/// `POST /api/v1/backtests`.
pub(super) async fn ask(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Body(Asked { file, text, days }): Body<Asked>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let caller = caller.need(&api, Right::Audit)?;
    if !(1..=MOST_DAYS).contains(&days) {
        let why = format!("days are from 1 to {MOST_DAYS}: weir policy backtest has no such limit");
        return Err(Problem::new(Kind::Malformed, why));
    }
    let trial = Trial { file, text, days };
    let (set, troubles) = checked(&api.shared, &trial).await?;
    let Some(set) = set else {
        let wrong = troubles.iter().find(|one| one.wrong);
        let words = wrong.map(|one| format!("{} {}", one.place, one.message));
        let words = words.unwrap_or_default();
        return Err(Problem::new(Kind::Malformed, words.trim().to_owned()));
    };
    let who = (caller.who.name.as_str(), "the API");
    let begun = backtests::begin(&api.backtests, &api.shared, who, set, trial).await?;
    let job = begun.map_err(|why| Problem::new(Kind::Malformed, why))?;
    Ok((StatusCode::ACCEPTED, Json(described(&job.listed(), None))))
}

/// `GET /api/v1/backtests`.
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    caller: Caller,
) -> Result<Json<Value>, Problem> {
    let caller = caller.need(&api, Right::Audit)?;
    let all = api.backtests.of(&caller.who.name);
    let all: Vec<Value> = all.iter().map(|one| described(one, None)).collect();
    Ok(Json(json!({ "backtests": all })))
}

/// `GET /api/v1/backtests/{backtest}`: how far it is, and what came of it.
pub(super) async fn show(
    State(api): State<Arc<Api>>,
    caller: Caller,
    At(id): At<String>,
) -> Result<Json<Value>, Problem> {
    let caller = caller.need(&api, Right::Audit)?;
    let job: Arc<Job<Backtest, Trial>> =
        api.backtests.one(&caller.who.name, &id).ok_or(Kind::Nothing)?;
    Ok(Json(described(&job.listed(), job.made().as_deref())))
}

/// `DELETE /api/v1/backtests/{backtest}`: one that is under way is stopped.
pub(super) async fn forget(
    State(api): State<Arc<Api>>,
    caller: Caller,
    At(id): At<String>,
) -> Result<StatusCode, Problem> {
    let caller = caller.need(&api, Right::Audit)?;
    match api.backtests.forget(&caller.who.name, &id) {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Kind::Nothing.into()),
    }
}

fn described(one: &Listed, made: Option<&Backtest>) -> Value {
    let mut all = progress(one);
    if let Value::Object(all) = &mut all {
        all.insert("backtest".to_owned(), json!(one.id));
        all.insert("found".to_owned(), made.map_or(Value::Null, |made| object(&made.report)));
    }
    all
}
