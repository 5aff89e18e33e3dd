//! Requests for approval over the API. Who may decide is the store's to say; who may look is said
//! here: whoever was asked, and whoever asked.

use super::{
    Api,
    body::Body,
    problem::{Kind, Problem},
    session::Caller,
};
use crate::{
    approvals::{Proven, decide, object, take_back},
    preview,
    serve::Shared,
    signing::{self, Matter, Said},
};
use axum::{
    Json,
    extract::{FromRequestParts, Path, Query, State, rejection::QueryRejection},
    http::{HeaderMap, request::Parts},
};
use gate::Refusal;
use model::verdict::Approval;
use serde::Deserialize;
use serde_json::{Value, json};
use std::{collections::HashMap, net::SocketAddr, sync::Arc, time::SystemTime};
use store::{HoldState, KeptHold, SignedIn, Signing, StoreError};

/// The most requests that are looked at for a list.
const LISTED: u32 = 1_000;

/// What the path names: a request, a grant.
pub(super) struct Named(pub(super) String);

impl FromRequestParts<Arc<Api>> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        let named = Path::<String>::from_request_parts(parts, api).await;
        named.map(|Path(request)| Self(request)).map_err(|_| Kind::NoRequest.into())
    }
}

/// `GET /api/v1/approvals`.
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    caller: Caller,
    asked: Result<Query<HashMap<String, String>>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(asked) = asked.map_err(|_| Kind::Malformed)?;
    let states = states(&asked)?;
    let store = &api.shared.store;
    store.due_holds(SystemTime::now()).await?;
    let holds = store.holds(&states, LISTED).await?;
    let seen = holds.iter().filter(|hold| may_see(hold, &caller.who));
    Ok(Json(json!({ "approvals": seen.map(|hold| object(hold, false)).collect::<Vec<_>>() })))
}

/// The states that a list is asked for; those in which something may still run if none is named.
fn states(asked: &HashMap<String, String>) -> Result<Vec<HoldState>, Problem> {
    if asked.keys().any(|key| key != "state") {
        return Err(Problem::new(Kind::Malformed, "a list takes `state` and nothing else"));
    }
    match asked.get("state").map(String::as_str) {
        None => Ok(HoldState::WAITING.to_vec()),
        Some("all") => Ok(HoldState::ALL.to_vec()),
        Some(word) => {
            let state = HoldState::ALL.into_iter().find(|state| state.as_str() == word);
            let words = "`state` is open, approved, denied, expired, withdrawn, used or all";
            state.map(|state| vec![state]).ok_or_else(|| Problem::new(Kind::Malformed, words))
        }
    }
}

/// `GET /api/v1/approvals/{request}`.
pub(super) async fn show(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Named(request): Named,
) -> Result<Json<Value>, Problem> {
    let hold = seen(&api, &caller, &request).await?;
    let (name, store) = (&caller.who.name, &api.shared.store);
    let read = format!("read the request for approval {request}");
    store.administered(SystemTime::now(), name, &read).await?;
    let mut object = object(&hold, true);
    let sign = Matter::from(&hold).to_sign(store, name).await?;
    if let (Some(fields), Some(sign)) = (object.as_object_mut(), sign) {
        fields.insert("sign".to_owned(), sign);
    }
    Ok(Json(object))
}

/// `POST /api/v1/approvals/{request}/preview`: what it would change, tried and undone.
pub(super) async fn preview(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Named(request): Named,
) -> Result<Json<Value>, Problem> {
    let hold = seen(&api, &caller, &request).await?;
    Ok(Json(tried(&api.shared, &hold, &caller.who, caller.peer).await?))
}

/// What a request would change, for somebody who may see it. That they asked is in the record
/// before it is tried.
pub(in crate::http) async fn tried(
    shared: &Shared,
    hold: &KeptHold,
    who: &SignedIn,
    peer: SocketAddr,
) -> Result<Value, StoreError> {
    let (name, store, now) = (&who.name, &shared.store, SystemTime::now());
    // Whoever is one person with who asked does not decide.
    let decides = decides(hold, who) && !store.is_one_with(name, &hold.asked.members, now).await?;
    let asked = format!("asked for a preview of the request for approval {}", hold.asked.hold);
    store.administered(now, name, &asked).await?;
    let tried = preview::of_hold(shared, hold, name, decides, peer).await;
    let unseen = |refusal: Refusal| {
        let mut said = json!({
            "request": hold.asked.hold, "identity": hold.asked.identity,
            "database": hold.asked.database, "asked_by": name, "ran": false,
            "why": refusal.message, "rolled_back": true,
        });
        let more = [("next", refusal.hint), ("receipt", refusal.record)];
        let more = more.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?)));
        if let Some(fields) = said.as_object_mut() {
            fields.extend(more.map(|(name, text)| (name, json!(text))));
        }
        said
    };
    Ok(tried.unwrap_or_else(unseen))
}

/// What somebody says with their yes or no.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    #[serde(default)]
    pub(super) reason: String,
}

/// The same, signed by a passkey.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignedWords {
    #[serde(default)]
    pub(super) reason: String,
    #[serde(default)]
    pub(super) assertion: Option<Said>,
}

/// `POST /api/v1/approvals/{request}/approve`.
pub(super) async fn approve(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Named(request): Named,
    headers: HeaderMap,
    Body(words): Body<SignedWords>,
) -> Result<Json<Value>, Problem> {
    say(&api, &caller, &request, true, &headers, &words).await
}

/// `POST /api/v1/approvals/{request}/deny`.
pub(super) async fn deny(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Named(request): Named,
    headers: HeaderMap,
    Body(words): Body<SignedWords>,
) -> Result<Json<Value>, Problem> {
    say(&api, &caller, &request, false, &headers, &words).await
}

/// `POST /api/v1/approvals/{request}/withdraw`: whoever asked takes it back.
pub(super) async fn withdraw(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Named(request): Named,
    Body(words): Body<Words>,
) -> Result<Json<Value>, Problem> {
    seen(&api, &caller, &request).await?;
    let (store, person) = (&api.shared.store, Proven::by_token(&caller.who));
    let said = take_back(store, &request, &person, &words.reason).await?;
    said.map_err(|why| Problem::no_voice(&why, &caller.who.name))?;
    let hold = store.hold(&request).await?.ok_or(Kind::NoRequest)?;
    Ok(Json(object(&hold, false)))
}

async fn say(
    api: &Api,
    caller: &Caller,
    request: &str,
    consents: bool,
    headers: &HeaderMap,
    words: &SignedWords,
) -> Result<Json<Value>, Problem> {
    let hold = seen(api, caller, request).await?;
    let (store, config) = (&api.shared.store, api.shared.config.load());
    let person = Proven::by_token(&caller.who);
    let (name, assertion) = (&caller.who.name, words.assertion.as_ref());
    let site = signing::site(&config, headers);
    let matter = Matter::from(&hold);
    let signed = matter.signature(store, name, consents, site.as_ref(), assertion).await?;
    let signed = signed.map_err(|why| Problem::new(Kind::KeyNeeded, why))?;
    let signing = Signing { unsigned: signing::unsigned(&config), by: signed.as_ref() };
    let said = decide(store, request, &person, consents, &words.reason, &signing).await?;
    said.map_err(|why| Problem::no_voice(&why, &caller.who.name))?;
    let hold = store.hold(request).await?.ok_or(Kind::NoRequest)?;
    Ok(Json(object(&hold, false)))
}

/// The request, if the caller may see it; to anybody else there is none.
async fn seen(api: &Api, caller: &Caller, request: &str) -> Result<KeptHold, Problem> {
    let hold = api.shared.store.hold(request).await?;
    Ok(hold.filter(|hold| may_see(hold, &caller.who)).ok_or(Kind::NoRequest)?)
}

/// Whoever is in a group that decides, and whoever asked or was asked on behalf of.
pub(in crate::http) fn may_see(hold: &KeptHold, who: &SignedIn) -> bool {
    hold.asked.members.contains(&who.name) || decides(hold, who)
}

/// Whoever is in a group that decides, and had no part in asking.
pub(in crate::http) fn decides(hold: &KeptHold, who: &SignedIn) -> bool {
    let asked = &hold.asked;
    let mut groups = asked.needs.iter().flat_map(Approval::asks);
    !asked.members.contains(&who.name) && groups.any(|group| who.speaks_in(group))
}
