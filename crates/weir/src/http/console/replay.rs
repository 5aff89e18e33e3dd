//! Sessions of the record, and one of them statement by statement. Whoever sees a list of them, or
//! one again, is in the record.

use super::{
    Console,
    answer::{Answer, No},
    looker::Looker,
    sign_in::html,
};
use crate::http::replay;
use axum::extract::{Path, Query, State};
use console::{
    layout::Place,
    replay::{self as pages, Sessions},
};
use ledger::SessionId;
use serde::Deserialize;
use std::{sync::Arc, time::SystemTime};

/// What pages are asked for with.
#[derive(Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    before: String,
    #[serde(default)]
    after: String,
}

/// `GET /console/sessions`.
pub(super) async fn list(
    State(console): State<Arc<Console>>,
    looker: Looker,
    Query(asked): Query<Asked>,
) -> Answer {
    let looker = looker.need(Place::Replay.right())?;
    let before = asked.before.parse().ok();
    let read = format!("{} by the console", replay::told(&asked.q, before));
    console.shared.store.administered(SystemTime::now(), &looker.who.name, &read).await?;
    let found =
        console.ask_if_there(move |answers| replay::sessions(answers, &asked.q, before).map(Some));
    let found: Sessions = found.await?.unwrap_or_default();
    html(pages::list(&found, &looker.viewer))
}

/// `GET /console/sessions/{session}`.
pub(super) async fn one(
    State(console): State<Arc<Console>>,
    Path(session): Path<String>,
    looker: Looker,
    Query(asked): Query<Asked>,
) -> Answer {
    let looker = looker.need(Place::Replay.right())?;
    let id: SessionId = session.parse().map_err(|_| looker.nothing())?;
    let read = format!("read the record: session {id} by the console");
    console.shared.store.administered(SystemTime::now(), &looker.who.name, &read).await?;
    let after = asked.after.parse().unwrap_or(0);
    let found = console.ask_if_there(move |answers| replay::replay(answers, id, after)).await?;
    let found = found.ok_or_else(|| No::Nothing(Some(Box::new(looker.clone()))))?;
    html(pages::replay(&found, &looker.viewer))
}
