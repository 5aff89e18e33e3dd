//! Liveness, readiness and metrics over HTTP. Answers three GETs and knows no session. It asks
//! nobody who they are, so it tells nothing but counts and states.

mod guard;

use crate::{metrics::Metrics, serve::Health};
use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use guard::{Guarded, MAX_CONNECTIONS, MAX_LIFETIME};
use std::{future::Future, sync::Arc};
use tokio::net::TcpListener;

/// What the answers are made from.
#[derive(Clone)]
struct Sources {
    health: Arc<Health>,
    metrics: Arc<Metrics>,
}

/// Serves until `stop` resolves.
pub(crate) async fn serve(
    listener: TcpListener,
    health: Arc<Health>,
    metrics: Arc<Metrics>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let router = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(scrape))
        .with_state(Sources { health, metrics });
    let listener = Guarded::new(listener, MAX_CONNECTIONS, MAX_LIFETIME);
    axum::serve(listener, router).with_graceful_shutdown(stop).await
}

/// 200 if a new session would be served, else 503; the body says what stands in the way.
async fn ready(State(sources): State<Sources>) -> impl IntoResponse {
    let obstacles = sources.health.obstacles();
    let (status, ready) = match obstacles.is_empty() {
        true => (StatusCode::OK, true),
        false => (StatusCode::SERVICE_UNAVAILABLE, false),
    };
    (status, Json(serde_json::json!({ "ready": ready, "obstacles": obstacles })))
}

async fn scrape(State(sources): State<Sources>) -> impl IntoResponse {
    const TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    match sources.metrics.render() {
        Ok(page) => ([(header::CONTENT_TYPE, TYPE)], page).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
