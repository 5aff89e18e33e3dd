//! `/mcp` and what tells clients how to get in (RFC 9728). Every request proves by itself who asks.
//! Knows no tool.

use super::{
    Mcp,
    bearer::{self, Nobody},
    handler::Handler,
};
use crate::{http::api::Peer, serve::Shared};
use axum::{
    Json, Router,
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService, session::never::NeverSessionManager,
};
use serde_json::json;
use std::{sync::Arc, time::Duration};

/// Where clients ask what protects `/mcp`; below it, the path of the resource (RFC 9728, 3.1).
pub(crate) const METADATA: &str = "/.well-known/oauth-protected-resource";
/// The resource.
const PATH: &str = "/mcp";
/// The longest request that is read.
const REQUEST_BYTES: usize = 512 << 10;
/// How long a connection of somebody who has proven who they are may stay open: the longest wait
/// for an approval, and some.
const LONG: Duration = Duration::from_secs(10 * 60);
/// A header of earlier revisions of the protocol.
const SESSION: &str = "mcp-session-id";

/// In which a client says on which task it works, where its agent has several. It widens nothing: a
/// task is the agent's own or is refused.
pub(super) const TASK: &str = "weir-task";
/// The longest name of a task.
const TASK_BYTES: usize = 64;

/// The routes of MCP.
pub(crate) fn router<S: Clone + Send + Sync + 'static>(mcp: &Arc<Mcp>) -> Router<S> {
    let shared = Arc::clone(&mcp.shared);
    let own: Vec<String> = url(&shared).into_iter().collect();
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_max_request_body_bytes(REQUEST_BYTES)
        // No page of another origin has business here; a request without one is no page's.
        .with_allowed_origins(own)
        .enforce_origin_validation();
    let config = match hosts(&shared) {
        Some(hosts) => config.with_allowed_hosts(hosts),
        // It listens everywhere and nobody said by which name. Over TLS, with a token in each
        // request, a name that a stranger's page chose leads to a certificate that it does not
        // have.
        None => config.disable_allowed_hosts(),
    };
    let handler = Handler { mcp: Arc::clone(mcp) };
    let make = move || Ok(handler.clone());
    let service = StreamableHttpService::new(make, Arc::<NeverSessionManager>::default(), config);
    Router::new().route_service(PATH, service).layer(from_fn_with_state(shared, admit))
}

/// `GET /.well-known/oauth-protected-resource`.
pub(crate) fn metadata(shared: &Shared, headers: &HeaderMap) -> Response {
    let Some(base) = base(shared, headers) else { return StatusCode::BAD_REQUEST.into_response() };
    let mut document = json!({
        "resource": format!("{base}{PATH}"),
        "resource_name": "Weir",
        "bearer_methods_supported": ["header"],
    });
    // Their tokens count here, if they name the audience that is expected of them.
    let issuers: Vec<&str> =
        shared.providers.iter().map(|provider| provider.settings.issuer.as_str()).collect();
    if let (false, Some(fields)) = (issuers.is_empty(), document.as_object_mut()) {
        fields.insert("authorization_servers".to_owned(), json!(issuers));
    }
    Json(document).into_response()
}

/// Lets a request in whose token is good now, as whom it is.
async fn admit(State(shared): State<Arc<Shared>>, mut request: Request, next: Next) -> Response {
    // A session id is no credential: none is issued, so one that comes was made for something else.
    if request.headers().contains_key(SESSION) {
        let what = "no session ids are issued here; send each request by itself\n";
        return (StatusCode::NOT_FOUND, what).into_response();
    }
    let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<Peer>>().cloned() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let given = request.headers().get(header::AUTHORIZATION);
    let given = given.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let token = match given.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => return challenge(&shared, request.headers(), None),
    };
    let task = request.headers().get(TASK).map(|task| task.to_str().unwrap_or_default().trim());
    if task.is_some_and(|task| task.is_empty() || task.len() > TASK_BYTES) {
        return (StatusCode::BAD_REQUEST, "Weir-Task names one task\n").into_response();
    }
    let task = task.map(str::to_owned);
    let proven = match bearer::prove(&shared, token, peer.address).await {
        Ok(proven) => bearer::Proven { task, ..proven },
        Err(Nobody::Wrong) => return challenge(&shared, request.headers(), Some("invalid_token")),
        Err(Nobody::Unavailable) => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
    };
    if !peer.lease.extend(proven.identity.name.as_str(), LONG) {
        let wait = [(header::RETRY_AFTER, "5")];
        return (StatusCode::SERVICE_UNAVAILABLE, wait, "too many connections\n").into_response();
    }
    // The token goes no further than this.
    request.headers_mut().remove(header::AUTHORIZATION);
    request.extensions_mut().insert(proven);
    next.run(request).await
}

/// 401, with where to learn how to get in.
fn challenge(shared: &Shared, headers: &HeaderMap, error: Option<&str>) -> Response {
    let mut words = "Bearer".to_owned();
    if let Some(base) = base(shared, headers) {
        words.push_str(&format!(" resource_metadata=\"{base}{METADATA}{PATH}\""));
    }
    if let Some(error) = error {
        let comma = if words.contains('=') { "," } else { "" };
        words.push_str(&format!("{comma} error=\"{error}\""));
    }
    let mut answer =
        (StatusCode::UNAUTHORIZED, "send Authorization: Bearer TOKEN\n").into_response();
    let value = HeaderValue::from_str(&words).unwrap_or(HeaderValue::from_static("Bearer"));
    answer.headers_mut().insert(header::WWW_AUTHENTICATE, value);
    answer
}

/// The origin by which clients reach this: as configured, else as this client does.
fn base(shared: &Shared, headers: &HeaderMap) -> Option<String> {
    if let Some(url) = url(shared) {
        return Some(url);
    }
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~:[]".contains(c);
    (!host.is_empty() && host.chars().all(plain)).then(|| format!("https://{host}"))
}

fn url(shared: &Shared) -> Option<String> {
    shared.config.load().api.url.clone()
}

/// The names by which this is reached; `None` if they are not known.
fn hosts(shared: &Shared) -> Option<Vec<String>> {
    let config = shared.config.load();
    let mut hosts: Vec<String> =
        ["localhost", "127.0.0.1", "::1"].iter().map(|&host| host.to_owned()).collect();
    let listening = config.listen.api.map(|address| address.ip());
    match (&config.api.url, listening) {
        (Some(url), _) => {
            let authority = url.trim_start_matches("https://");
            hosts.push(authority.split('/').next().unwrap_or(authority).to_owned());
        }
        (None, Some(ip)) if ip.is_unspecified() => return None,
        (None, _) => {}
    }
    hosts.extend(listening.filter(|ip| !ip.is_unspecified()).map(|ip| ip.to_string()));
    Some(hosts)
}
