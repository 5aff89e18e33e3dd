//! Where security events are pushed to (RFC 8935). Errors have its own form.

use super::{Api, Peer, strangers::note_stranger};
use crate::events::{self, Unheard};
use axum::{
    Json,
    extract::{ConnectInfo, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use identity::Secret;
use serde_json::json;
use sso::Wrong;
use std::{sync::Arc, time::SystemTime};

/// What an event is sent as.
const KIND: &str = "application/secevent+jwt";

/// `POST /events`: 202 once what it says is done.
pub(super) async fn receive(
    State(api): State<Arc<Api>>,
    ConnectInfo(Peer { address: peer, .. }): ConnectInfo<Peer>,
    headers: HeaderMap,
    body: String,
) -> Response {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let kind = text(header::CONTENT_TYPE).map(|kind| kind.split(';').next().unwrap_or_default());
    let outcome = match kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case(KIND)) {
        true => {
            let shown = text(header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
            let shown = shown.map(|token| Secret::from(token.to_owned()));
            let event = Secret::from(body.trim().to_owned());
            events::receive(&api.shared, &event, shown.as_ref(), SystemTime::now()).await
        }
        false => Err(Unheard::Form("an event is application/secevent+jwt")),
    };
    let Err(why) = outcome else { return StatusCode::ACCEPTED.into_response() };
    note_stranger(&api, peer, "", format!("the events endpoint: {why}"));
    refusal(&why)
}

/// RFC 8935 section 2.3.
fn refusal(why: &Unheard) -> Response {
    let (status, error) = match why {
        Unheard::Token(Wrong::Issuer) => (StatusCode::BAD_REQUEST, "invalid_issuer"),
        Unheard::Token(Wrong::Audience) => (StatusCode::BAD_REQUEST, "invalid_audience"),
        Unheard::Token(Wrong::Key | Wrong::Signature | Wrong::Algorithm) => {
            (StatusCode::BAD_REQUEST, "invalid_key")
        }
        Unheard::Token(_) | Unheard::Form(_) => (StatusCode::BAD_REQUEST, "invalid_request"),
        Unheard::Stranger => (StatusCode::UNAUTHORIZED, "authentication_failed"),
        Unheard::Unavailable(error) => {
            tracing::warn!("a transmitter's keys cannot be read: {error}");
            (StatusCode::SERVICE_UNAVAILABLE, "access_denied")
        }
        Unheard::Failed(error) => {
            tracing::error!("an event cannot be taken in: {error:#}");
            (StatusCode::SERVICE_UNAVAILABLE, "access_denied")
        }
    };
    let body = Json(json!({ "err": error, "description": why.to_string() }));
    (status, [(header::CONTENT_LANGUAGE, "en")], body).into_response()
}
