//! Grants over the API: asking, looking, deciding, taking back, reviewing. Policies say who may
//! ask, the store who decides; who may look is said here: whoever is asked, and whoever asked.

use super::{
    Api,
    approvals::{Named, Words},
    body::Body,
    problem::{Kind, Problem},
    session::Caller,
};
use crate::{
    approvals::Proven,
    grants::{Wanted, object, request},
    say::{Word, say},
    signing,
};
use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    http::StatusCode,
};
use model::verdict::Approval;
use serde::Deserialize;
use serde_json::{Value, json};
use std::{collections::HashMap, sync::Arc, time::SystemTime};
use store::{KeptGrant, Listing, SignedIn};

/// The most grants that are looked at for a list.
const LISTED: u32 = 1_000;

/// `GET /api/v1/grants`.
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    caller: Caller,
    asked: Result<Query<HashMap<String, String>>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(asked) = asked.map_err(|_| Kind::Malformed)?;
    let words =
        || Problem::new(Kind::Malformed, "a list takes `state`: live, begun, review or all");
    if asked.keys().any(|key| key != "state") {
        return Err(words());
    }
    let listing = match asked.get("state").map(String::as_str) {
        None | Some("live") => Listing::Live,
        Some("begun") => Listing::InForce,
        Some("review") => Listing::ToReview,
        Some("all") => Listing::All,
        Some(_) => return Err(words()),
    };
    let (store, now) = (&api.shared.store, SystemTime::now());
    store.due_grants(now).await?;
    let grants = store.grants(listing, LISTED).await?;
    let seen = grants.iter().filter(|grant| may_see(grant, &caller.who));
    Ok(Json(json!({ "grants": seen.map(|grant| object(grant, now)).collect::<Vec<_>>() })))
}

/// What somebody asks for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    group: String,
    databases: Vec<String>,
    seconds: u64,
    purpose: String,
    #[serde(default)]
    break_glass: bool,
}

/// `POST /api/v1/grants`.
pub(super) async fn ask(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Body(asked): Body<Asked>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let Asked { group, databases, seconds, purpose, break_glass } = asked;
    let wanted = Wanted { group, databases, seconds, purpose, emergency: break_glass };
    let (config, policies) = (api.shared.config.load_full(), api.shared.policies.load_full());
    let who = Proven::by_token(&caller.who);
    let grant = request(&api.shared.store, &config, &policies, who, wanted).await?;
    Ok((StatusCode::CREATED, Json(object(&grant, SystemTime::now()))))
}

/// `GET /api/v1/grants/{grant}`.
pub(super) async fn show(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Named(grant): Named,
) -> Result<Json<Value>, Problem> {
    let (kept, now) = (seen(&api, &caller, &grant).await?, SystemTime::now());
    let read = format!("read the grant {grant}");
    api.shared.store.administered(now, &caller.who.name, &read).await?;
    Ok(Json(object(&kept, now)))
}

/// `POST /api/v1/grants/{grant}/approve`.
pub(super) async fn approve(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Named(grant): Named,
    Body(words): Body<Words>,
) -> Result<Json<Value>, Problem> {
    tell(&api, &caller, &grant, Word::Approve, &words.reason).await
}

/// `POST /api/v1/grants/{grant}/deny`.
pub(super) async fn deny(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Named(grant): Named,
    Body(words): Body<Words>,
) -> Result<Json<Value>, Problem> {
    tell(&api, &caller, &grant, Word::Deny, &words.reason).await
}

/// `POST /api/v1/grants/{grant}/revoke`.
pub(super) async fn revoke(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Named(grant): Named,
    Body(words): Body<Words>,
) -> Result<Json<Value>, Problem> {
    tell(&api, &caller, &grant, Word::Revoke, &words.reason).await
}

/// What a review found.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Found {
    verdict: Verdict,
    reason: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Fine,
    NotFine,
}

/// `POST /api/v1/grants/{grant}/review`.
pub(super) async fn review(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Named(grant): Named,
    Body(Found { verdict, reason }): Body<Found>,
) -> Result<Json<Value>, Problem> {
    let word = match verdict {
        Verdict::Fine => Word::Fine,
        Verdict::NotFine => Word::NotFine,
    };
    tell(&api, &caller, &grant, word, &reason).await
}

async fn tell(
    api: &Api,
    caller: &Caller,
    grant: &str,
    word: Word,
    reason: &str,
) -> Result<Json<Value>, Problem> {
    seen(api, caller, grant).await?;
    let (store, person) = (&api.shared.store, Proven::by_token(&caller.who));
    let unsigned = signing::unsigned(&api.shared.config.load());
    let said = say(store, grant, &person, word, reason, unsigned).await?;
    said.map_err(|why| Problem::no_voice(&why, &caller.who.name))?;
    let grant = store.grant(grant).await?.ok_or(Kind::NoRequest)?;
    Ok(Json(object(&grant, SystemTime::now())))
}

/// The grant, if the caller may see it; to anybody else there is none.
async fn seen(api: &Api, caller: &Caller, grant: &str) -> Result<KeptGrant, Problem> {
    let grant = api.shared.store.grant(grant).await?;
    Ok(grant.filter(|grant| may_see(grant, &caller.who)).ok_or(Kind::NoRequest)?)
}

/// Whoever is in a group that consents or reviews, and whoever asked or was asked on behalf of.
fn may_see(grant: &KeptGrant, who: &SignedIn) -> bool {
    let asked = &grant.asked;
    let mut groups = asked.needs.iter().chain(&asked.reviewers).flat_map(Approval::asks);
    asked.members.contains(&who.name) || groups.any(|group| who.speaks_in(group))
}
