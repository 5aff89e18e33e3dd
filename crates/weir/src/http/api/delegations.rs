//! Voices that are handed on, over the API: one's own, and those that one has.

use super::{
    Api,
    approvals::Named,
    body::Body,
    problem::{Kind, Problem},
    session::Caller,
};
use crate::{
    approvals::Proven,
    delegations::{delegate, object, words},
};
use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{sync::Arc, time::SystemTime};
use store::NoDelegation;

/// The most that are looked at for a list.
const LISTED: u32 = 1_000;

/// `GET /api/v1/delegations`.
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    caller: Caller,
) -> Result<Json<Value>, Problem> {
    let all = api.shared.store.delegations(false, SystemTime::now(), LISTED).await?;
    let name = &caller.who.name;
    let theirs = all.iter().filter(|one| one.delegator == *name || one.delegate == *name);
    Ok(Json(json!({ "delegations": theirs.map(object).collect::<Vec<_>>() })))
}

/// To whom, and for how long.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Given {
    to: String,
    #[serde(default)]
    groups: Vec<String>,
    seconds: u64,
    reason: String,
}

/// `POST /api/v1/delegations`.
pub(super) async fn hand_on(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Body(Given { to, groups, seconds, reason }): Body<Given>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let who = Proven::by_token(&caller.who);
    let given = delegate(&api.shared.store, &who, &to, groups, seconds, &reason).await?;
    let given = given.map_err(|why| Problem::new(Kind::Refused, words(&why)))?;
    Ok((StatusCode::CREATED, Json(object(&given))))
}

/// `DELETE /api/v1/delegations/{id}`.
pub(super) async fn take_back(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Named(id): Named,
) -> Result<StatusCode, Problem> {
    let id = id.parse().map_err(|_| Kind::NoRequest)?;
    let (name, now) = (caller.who.name.as_str(), SystemTime::now());
    match api.shared.store.end_delegation(id, name, now).await? {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(NoDelegation::Nothing) => Err(Kind::NoRequest.into()),
        Err(why) => Err(Problem::new(Kind::Refused, words(&why))),
    }
}
