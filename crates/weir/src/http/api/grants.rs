//! Grants over the API: asking, looking, deciding, taking back, reviewing. Policies say who may
//! ask, the store who decides; who may look is said here: whoever is asked, and whoever asked.

use super::{
    Api,
    approvals::{Named, SignedWords, Words},
    body::Body,
    problem::{Kind, Problem},
    session::Caller,
};
use crate::{
    approvals::Proven,
    grants::{Wanted, object, request},
    say::{Word, say},
    signing::{self, Matter},
};
use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
};
use model::verdict::Approval;
use serde::Deserialize;
use serde_json::{Value, json};
use std::{collections::HashMap, sync::Arc, time::SystemTime};
use store::{KeptGrant, Listing, Signature, SignedIn, Signing};

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
    let (store, name) = (&api.shared.store, &caller.who.name);
    store.administered(now, name, &read).await?;
    let mut object = object(&kept, now);
    let sign = Matter::from(&kept).to_sign(store, name).await?;
    if let (Some(fields), Some(sign)) = (object.as_object_mut(), sign) {
        fields.insert("sign".to_owned(), sign);
    }
    Ok(Json(object))
}

/// `POST /api/v1/grants/{grant}/approve`.
pub(super) async fn approve(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Named(grant): Named,
    headers: HeaderMap,
    Body(words): Body<SignedWords>,
) -> Result<Json<Value>, Problem> {
    decide(&api, &caller, &grant, Word::Approve, &headers, &words).await
}

/// `POST /api/v1/grants/{grant}/deny`.
pub(super) async fn deny(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Named(grant): Named,
    headers: HeaderMap,
    Body(words): Body<SignedWords>,
) -> Result<Json<Value>, Problem> {
    decide(&api, &caller, &grant, Word::Deny, &headers, &words).await
}

/// `POST /api/v1/grants/{grant}/revoke`.
pub(super) async fn revoke(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Named(grant): Named,
    Body(words): Body<Words>,
) -> Result<Json<Value>, Problem> {
    tell(&api, &caller, &grant, Word::Revoke, &words.reason, None).await
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
    tell(&api, &caller, &grant, word, &reason, None).await
}

/// Yes or no, signed or not.
async fn decide(
    api: &Api,
    caller: &Caller,
    grant: &str,
    word: Word,
    headers: &HeaderMap,
    words: &SignedWords,
) -> Result<Json<Value>, Problem> {
    let (site, name) = (signing::site(&api.shared.config.load(), headers), &caller.who.name);
    let matter = Matter::from(&seen(api, caller, grant).await?);
    let (store, consents) = (&api.shared.store, word == Word::Approve);
    let (site, assertion) = (site.as_ref(), words.assertion.as_ref());
    let signed = matter.signature(store, name, consents, site, assertion).await?;
    let signed = signed.map_err(|why| Problem::new(Kind::KeyNeeded, why))?;
    tell(api, caller, grant, word, &words.reason, signed.as_ref()).await
}

async fn tell(
    api: &Api,
    caller: &Caller,
    grant: &str,
    word: Word,
    reason: &str,
    by: Option<&Signature>,
) -> Result<Json<Value>, Problem> {
    seen(api, caller, grant).await?;
    let (store, person) = (&api.shared.store, Proven::by_token(&caller.who));
    let signing = Signing { unsigned: signing::unsigned(&api.shared.config.load()), by };
    let said = say(store, grant, &person, word, reason, &signing).await?;
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
pub(in crate::http) fn may_see(grant: &KeptGrant, who: &SignedIn) -> bool {
    let asked = &grant.asked;
    let mut groups = asked.needs.iter().chain(&asked.reviewers).flat_map(Approval::asks);
    asked.members.contains(&who.name) || groups.any(|group| who.speaks_in(group))
}
