//! `POST /hooks/webhook/{channel}`: decisions that somebody signed with their own key, as Standard
//! Webhooks describes.

use super::{Word, header, refused, take, timely};
use crate::{
    channels::Way,
    http::api::{
        Api, Peer,
        problem::{Kind, Problem},
    },
};
use axum::{
    Json,
    body::Bytes,
    extract::{ConnectInfo, Path, State},
    http::HeaderMap,
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{sync::Arc, time::SystemTime};

/// The longest id of a message.
const ID_BYTES: usize = 256;

/// What somebody decided.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decision {
    request: String,
    decision: What,
    #[serde(default)]
    reason: String,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum What {
    Approve,
    Deny,
}

/// Takes a decision and answers how the request stands.
pub(in crate::http::api) async fn webhook(
    State(api): State<Arc<Api>>,
    ConnectInfo(Peer { address: peer, .. }): ConnectInfo<Peer>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let (id, time) = (header(&headers, "webhook-id"), header(&headers, "webhook-timestamp"));
    let time = timely(time, SystemTime::now()).ok_or(Kind::Unsigned)?;
    if id.is_empty() || id.len() > ID_BYTES {
        return Err(Kind::Unsigned.into());
    }
    let ours = api.channels.iter().find(|channel| channel.name == name);
    // That there is no such channel is nothing that a stranger learns.
    let Some((channel, Way::Webhook(hook))) = ours.map(|one| (one, &one.way)) else {
        return Err(Kind::Unsigned.into());
    };
    let signature = header(&headers, "webhook-signature");
    let Some(person) = hook.deciders.who(id, time, &body, signature) else {
        refused(&api, peer, "", &format!("{name}: signed by nobody who decides"));
        return Err(Kind::Unsigned.into());
    };
    let decision: Decision = serde_json::from_slice(&body).map_err(|_| Kind::Malformed)?;
    let consents = decision.decision == What::Approve;
    let (request, reason) = (decision.request.as_str(), decision.reason.as_str());
    let word = Word { channel: &channel.name, person, request, consents, reason };
    // Whoever signs twice may choose another time, and not another id.
    let state = take(&api, &format!("{person} {id}"), word).await?;
    let state = state.map_err(|why| Problem::no_voice(&why, person))?;
    Ok(Json(json!({ "request": request, "state": state.as_str() })))
}
