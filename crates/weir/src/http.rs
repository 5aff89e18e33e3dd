//! Liveness, readiness and metrics over HTTP, and the witness. Answers three GETs and one POST and
//! knows no session. It asks nobody who they are, so it tells nothing but counts and states, and a
//! witness's questions carry their own proof. What asks who somebody is stands in `api`, on an
//! address of its own.

pub(crate) mod api;
mod backtests;
mod cells;
mod console;
mod guard;
mod jobs;
mod map;
mod replay;
mod reports;
mod secure;
mod setup;

pub(crate) use api::PERSONS_ONLY;

use crate::{
    metrics::Metrics,
    serve::Health,
    witness::{Answer, Witness},
};
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use guard::{Guarded, MAX_CONNECTIONS, MAX_LIFETIME};
use std::{
    future::Future,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};
use tokio::net::TcpListener;

/// What the answers are made from.
#[derive(Clone)]
pub(crate) struct Sources {
    pub(crate) health: Arc<Health>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) witness: Option<Arc<Witness>>,
}

/// The longest request for a cosignature that is read.
const CHECKPOINT_BYTES: usize = 64 << 10;

/// Serves until `stop` resolves.
pub(crate) async fn serve(
    listener: TcpListener,
    sources: Sources,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let router = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(scrape))
        .route("/witness/add-checkpoint", post(add_checkpoint))
        .layer(DefaultBodyLimit::max(CHECKPOINT_BYTES))
        .with_state(sources);
    let listener = Guarded::new(listener, MAX_CONNECTIONS, MAX_LIFETIME);
    axum::serve(listener, router).with_graceful_shutdown(stop).await
}

/// 200 if a new session would be served, else 503; the body says what stands in the way, and what
/// an operator should know beside it.
async fn ready(State(sources): State<Sources>) -> impl IntoResponse {
    let obstacles = sources.health.obstacles();
    let (status, ready) = match obstacles.is_empty() {
        true => (StatusCode::OK, true),
        false => (StatusCode::SERVICE_UNAVAILABLE, false),
    };
    let notes = sources.health.notes();
    (status, Json(serde_json::json!({ "ready": ready, "obstacles": obstacles, "notes": notes })))
}

/// tlog-witness, "add-checkpoint".
async fn add_checkpoint(State(sources): State<Sources>, body: String) -> Response {
    let Some(witness) = sources.witness else {
        let what = "this Weir is no witness: [witness] logs is empty\n";
        return (StatusCode::NOT_FOUND, what).into_response();
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let answer = tokio::task::spawn_blocking(move || witness.add_checkpoint(&body, now)).await;
    match answer.unwrap_or(Answer::Failed) {
        Answer::Cosigned(line) => line.into_response(),
        Answer::Malformed(what) => (StatusCode::BAD_REQUEST, format!("{what}\n")).into_response(),
        Answer::NotSigned => (StatusCode::FORBIDDEN, "not signed by its log\n").into_response(),
        Answer::Unknown => (StatusCode::NOT_FOUND, "not a log of [witness] logs\n").into_response(),
        Answer::Conflict(size) => {
            let kind = [(header::CONTENT_TYPE, "text/x.tlog.size")];
            (StatusCode::CONFLICT, kind, format!("{size}\n")).into_response()
        }
        Answer::Inconsistent => {
            let what = "it did not grow from the checkpoint that was cosigned before\n";
            (StatusCode::UNPROCESSABLE_ENTITY, what).into_response()
        }
        Answer::Failed => {
            let what = "what was cosigned cannot be kept, so nothing was\n";
            (StatusCode::INTERNAL_SERVER_ERROR, what).into_response()
        }
    }
}

async fn scrape(State(sources): State<Sources>) -> impl IntoResponse {
    const TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    match sources.metrics.render() {
        Ok(page) => ([(header::CONTENT_TYPE, TYPE)], page).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
