//! The API: for people who sign in, over TLS, on an address of its own. Health and metrics stand on
//! another one, because that one asks nobody who they are. Knows no session of a database.
//!
//! ```text
//! routes ─▶ Caller (token ─▶ store) ─▶ approvals ─▶ store
//!    └─▶ session (password ─▶ identity, attempts) ─▶ token
//! ```
//!
//! Further resources are modules beside `approvals`, with their routes in [`routes`] and their
//! description in docs/openapi.json, which a test compares.

pub(super) mod approvals;
mod backtests;
mod body;
mod columns;
mod delegations;
mod events;
pub(super) mod grants;
mod hooks;
mod oauth;
pub(super) mod problem;
mod reports;
mod scim;
pub(super) mod session;
mod sessions;
mod status;
mod strangers;

pub(crate) use session::PERSONS_ONLY;

use super::console as pages;
use super::guard::{Guarded, Lease, MAX_CONNECTIONS, MAX_LIFETIME};
use super::{backtests::Backtests, jobs::Jobs};
use crate::{
    channels::Channel,
    mcp::{self, Mcp},
    serve::Shared,
};
use ::report::Report;
use axum::{
    Router,
    extract::{DefaultBodyLimit, State, connect_info::Connected},
    http::{HeaderMap, HeaderName, HeaderValue, Response, header},
    middleware::map_response,
    routing::{MethodRouter, delete, get, post, put},
    serve::IncomingStream,
};
use net::tls::{ALPN_HTTP, ServerTls};
use problem::{Kind, Problem};
use std::{
    future::Future,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Instant,
};
use tokio::{net::TcpListener, sync::Semaphore};

/// The longest request body that is read.
const BODY_BYTES: usize = 64 << 10;
/// The description of the API, as it stands in the documentation.
const OPENAPI: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json"));

/// What the answers are made from.
pub(crate) struct Api {
    pub(super) shared: Arc<Shared>,
    channels: Vec<Arc<Channel>>,
    /// Passwords are tried one at a time: no two guesses run before the first is counted, and
    /// strangers cannot keep every core at work.
    proofs: Semaphore,
    /// Passwords that were not looked at, and when that was noted last.
    unlooked: Mutex<(Option<Instant>, u64)>,
    strangers: strangers::Strangers,
    /// Reports that are made, and those that were.
    pub(super) reports: Jobs<Report>,
    /// The same of backtests.
    pub(super) backtests: Backtests,
}

/// From where a request comes.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// The address.
    pub(crate) address: SocketAddr,
    /// How long its connection may stay open.
    pub(crate) lease: Lease,
}

impl Connected<IncomingStream<'_, Guarded>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Guarded>) -> Self {
        Self { address: *stream.remote_addr(), lease: stream.io().lease() }
    }
}

type Route = (&'static str, &'static str, MethodRouter<Arc<Api>>);

/// Every route: method, path, and what answers.
fn routes() -> Vec<Route> {
    vec![
        ("get", "/api/v1/openapi.json", get(openapi)),
        ("post", "/api/v1/session", post(session::sign_in)),
        ("get", "/api/v1/session", get(session::show)),
        ("delete", "/api/v1/session", delete(session::sign_out)),
        ("get", "/api/v1/approvals", get(approvals::list)),
        ("get", "/api/v1/approvals/{request}", get(approvals::show)),
        ("post", "/api/v1/approvals/{request}/approve", post(approvals::approve)),
        ("post", "/api/v1/approvals/{request}/deny", post(approvals::deny)),
        ("post", "/api/v1/approvals/{request}/preview", post(approvals::preview)),
        ("post", "/api/v1/approvals/{request}/withdraw", post(approvals::withdraw)),
        ("get", "/api/v1/columns", get(columns::list)),
        ("get", columns::ONE, get(columns::show)),
        ("put", columns::LABEL, put(columns::set)),
        ("delete", columns::LABEL, delete(columns::clear)),
        ("get", "/api/v1/tables/{database}/{schema}/{table}", get(columns::table)),
        ("get", "/api/v1/reports", get(reports::list)),
        ("post", "/api/v1/reports", post(reports::ask)),
        ("get", "/api/v1/reports/{report}", get(reports::show)),
        ("delete", "/api/v1/reports/{report}", delete(reports::forget)),
        ("get", "/api/v1/reports/{report}/{form}", get(reports::file)),
        ("get", "/api/v1/backtests", get(backtests::list)),
        ("post", "/api/v1/backtests", post(backtests::ask)),
        ("get", "/api/v1/backtests/{backtest}", get(backtests::show)),
        ("delete", "/api/v1/backtests/{backtest}", delete(backtests::forget)),
        ("post", "/api/v1/checkpoints/check", post(reports::checkpoint)),
        ("get", "/api/v1/status", get(status::show)),
        ("post", "/api/v1/databases/{database}/test", post(status::test)),
        ("get", "/api/v1/sessions", get(sessions::list)),
        ("get", "/api/v1/sessions/{session}", get(sessions::show)),
        ("get", "/api/v1/grants", get(grants::list)),
        ("post", "/api/v1/grants", post(grants::ask)),
        ("get", "/api/v1/grants/{grant}", get(grants::show)),
        ("post", "/api/v1/grants/{grant}/approve", post(grants::approve)),
        ("post", "/api/v1/grants/{grant}/deny", post(grants::deny)),
        ("post", "/api/v1/grants/{grant}/revoke", post(grants::revoke)),
        ("post", "/api/v1/grants/{grant}/review", post(grants::review)),
        ("get", "/api/v1/delegations", get(delegations::list)),
        ("post", "/api/v1/delegations", post(delegations::hand_on)),
        ("delete", "/api/v1/delegations/{id}", delete(delegations::take_back)),
        ("get", "/api/v1/providers", get(oauth::providers)),
        ("post", "/oauth2/token", post(oauth::token)),
        ("post", "/oauth2/revoke", post(oauth::revoke)),
        ("get", "/.well-known/oauth-authorization-server", get(oauth::metadata)),
        ("post", "/events", post(events::receive)),
        ("post", "/hooks/slack", post(hooks::slack)),
        ("post", "/hooks/webhook/{channel}", post(hooks::webhook)),
    ]
}

/// Serves until `stop` resolves.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: &ServerTls,
    shared: Arc<Shared>,
    channels: Vec<Arc<Channel>>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let tools = Mcp::new(Arc::clone(&shared));
    let api = Arc::new(Api {
        shared,
        channels,
        proofs: Semaphore::new(1),
        unlooked: Mutex::default(),
        strangers: strangers::Strangers::default(),
        reports: Jobs::default(),
        backtests: Jobs::default(),
    });
    let router =
        routes().into_iter().fold(Router::new(), |all, (_, path, how)| all.route(path, how));
    let router = router
        .merge(scim::routes())
        .route(mcp::METADATA, get(protected))
        .route(&format!("{}/mcp", mcp::METADATA), get(protected))
        .merge(mcp::router(&tools))
        .fallback(|| async { Problem::from(Kind::NoSuchPath) })
        .method_not_allowed_fallback(|| async { Problem::from(Kind::NoSuchMethod) })
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(map_response(|answer| async { careful(answer) }))
        .with_state(Arc::clone(&api))
        // Beside it, with headers of its own.
        .merge(pages::router(&api));
    let guarded = Guarded::new(listener, MAX_CONNECTIONS, MAX_LIFETIME);
    let guarded = guarded.with_tls(tls.for_protocol(ALPN_HTTP)?);
    let service = router.into_make_service_with_connect_info::<Peer>();
    Ok(axum::serve(guarded, service).with_graceful_shutdown(stop).await?)
}

/// What holds for every answer: nobody keeps it, nobody guesses its type, no page frames it. No
/// other origin is allowed to read it, for none is named.
fn careful<B>(mut answer: Response<B>) -> Response<B> {
    const HEADERS: [(HeaderName, HeaderValue); 4] = [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
        ),
    ];
    answer.headers_mut().extend(HEADERS);
    answer
}

async fn protected(State(api): State<Arc<Api>>, headers: HeaderMap) -> axum::response::Response {
    mcp::metadata(&api.shared, &headers)
}

async fn openapi() -> impl axum::response::IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI)
}

#[cfg(test)]
mod tests;
