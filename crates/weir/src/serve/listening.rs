//! The two HTTP addresses: one for machines, that asks nobody who they are, and one for people, who
//! sign in over TLS. Knows no route.

use super::{Shared, Stop, engine, jobs::Jobs, stop};
use crate::{channels::Channel, http};
use anyhow::Context;
use std::sync::Arc;
use tokio::net::TcpListener;

/// Listens on both, if they are switched on. They answer until the very end, so that a drain can be
/// watched and what waits can still be decided.
pub(super) async fn start(
    shared: &Arc<Shared>,
    channels: Vec<Arc<Channel>>,
    stop: &stop::Signals,
    jobs: &mut Jobs,
) -> anyhow::Result<()> {
    let config = shared.config.load_full();
    if let Some(address) = config.listen.api {
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("listen.api: {address} cannot be listened on"))?;
        tracing::info!(address = %listener.local_addr()?, "the API listens");
        let (tls, shared) = (engine::tls(&config)?, Arc::clone(shared));
        let stopping = stop.stopping();
        jobs.spawn("the API", async move {
            let stop = async move { stopping.wait(Stop::Now).await };
            if let Err(error) = http::api::serve(listener, &tls, shared, channels, stop).await {
                tracing::error!("the API ended: {error:#}");
            }
        });
    }
    let Some(address) = config.listen.http else { return Ok(()) };
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("listen.http: {address} cannot be listened on"))?;
    tracing::info!(address = %listener.local_addr()?, "http listens");
    let sources = http::Sources {
        health: Arc::clone(&shared.health),
        metrics: Arc::clone(&shared.metrics),
        witness: shared.witness.clone(),
    };
    let stopping = stop.stopping();
    jobs.spawn("http", async move {
        let stop = async move { stopping.wait(Stop::Now).await };
        if let Err(error) = http::serve(listener, sources, stop).await {
            tracing::error!("http ended: {error}");
        }
    });
    Ok(())
}
