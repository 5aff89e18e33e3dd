//! What happens now, and ending a session. Whoever looks is in the record.

use super::{
    Console,
    answer::{Answer, No},
    looker::{Looker, Pressed},
    sign_in::html,
    stream::{Events, stream},
};
use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect, Response},
};
use console::{
    chart,
    layout::{Place, Right},
    now::{self, Filter, Now, Row, Session},
};
use ledger::{SessionId, Time};
use serde::Deserialize;
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::sync::broadcast::{Receiver, error::RecvError};

/// The statements of the first page.
const ROWS: usize = 50;
/// The sessions that are listed.
const SESSIONS: usize = 200;
/// How often figures and sessions are told.
const TOLD: Duration = Duration::from_secs(2);
/// How long the connection of a stream may stay open after each of these.
const STAYS: Duration = Duration::from_secs(30);

/// What the page is asked for with.
#[derive(Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    verdict: String,
    #[serde(default)]
    ended: String,
}

impl Asked {
    fn filter(&self) -> Filter {
        Filter { text: self.q.trim().chars().take(200).collect(), verdict: self.verdict.clone() }
    }
}

impl Console {
    /// Puts into the record that somebody sees statements of others as they come.
    async fn looks(&self, looker: &Looker, what: &str) -> Result<(), No> {
        let read = format!("read the record: {what} by the console");
        let (store, who) = (&self.shared.store, &looker.who.name);
        Ok(store.administered(SystemTime::now(), who, &read).await?)
    }

    /// The sessions that are open, newest first, and how many there are beside those.
    fn sessions(&self) -> (Vec<Session>, usize) {
        let engine = self.shared.metrics.engine.get();
        let all = engine.map(|engine| engine.opened()).unwrap_or_default();
        let shown = all.iter().take(SESSIONS).map(|opened| session(opened)).collect();
        (shown, all.len().saturating_sub(SESSIONS))
    }
}

/// An open session, as pages list it.
pub(super) fn session(opened: &engine_pg::Opened) -> Session {
    Session {
        id: opened.id.clone(),
        identity: opened.identity.clone(),
        database: opened.database.clone(),
        application: opened.application.clone(),
        address: opened.address.clone(),
        since: Time::from(opened.since).to_string(),
        tls: opened.tls,
    }
}

/// `GET /console/now`.
pub(super) async fn page(
    State(console): State<Arc<Console>>,
    looker: Looker,
    Query(asked): Query<Asked>,
) -> Answer {
    let looker = looker.need(Place::Now.right())?;
    console.looks(&looker, "what happens now").await?;
    let filter = asked.filter();
    let (sessions, more) = console.sessions();
    let now = Now {
        tiles: console.pulse.tiles(),
        rows: console.live.recent(&filter, ROWS).await,
        sessions,
        more,
        labels: console.ask_if_there(crate::http::map::today).await?,
        filter,
        done: (asked.ended == "yes").then(|| "The session was told to end.".to_owned()),
    };
    html(now::page(&now, &looker.viewer))
}

/// `GET /console/now/events`.
pub(super) async fn events(
    State(console): State<Arc<Console>>,
    looker: Looker,
    Query(asked): Query<Asked>,
) -> Result<Response, No> {
    let looker = looker.need(Place::Now.right())?;
    let place = console.streams.take(&looker.who.name);
    let place = place.ok_or(No::Unavailable("one more page of what happens now"))?;
    console.looks(&looker, "what happens from now on").await?;
    let rows = console.live.follow().await;
    let (events, answer) = stream();
    tokio::spawn(async move {
        let _place = place;
        let told = Told { console, looker, filter: asked.filter() };
        told.tell(&events, rows).await;
    });
    Ok(answer)
}

/// A stream, and for whom.
struct Told {
    console: Arc<Console>,
    looker: Looker,
    filter: Filter,
}

impl Told {
    /// Tells what comes until nobody listens, or whoever does may not any more.
    async fn tell(mut self, events: &Events, mut rows: Receiver<Arc<Row>>) {
        let mut people = self.console.shared.people.subscribe();
        let mut clock = tokio::time::interval(TOLD);
        let mut sessions = String::new();
        loop {
            let there = tokio::select! {
                () = events.gone() => false,
                row = rows.recv() => match row {
                    Ok(row) => self.row(events, &row).await,
                    // Faster than anybody reads; the newest are still to come.
                    Err(RecvError::Lagged(_)) => true,
                    Err(RecvError::Closed) => false,
                },
                changed = people.changed() => {
                    changed.is_ok() && self.may_still(events).await
                },
                _ = clock.tick() => {
                    self.may_still(events).await && self.figures(events, &mut sessions).await
                }
            };
            if !there {
                return;
            }
        }
    }

    async fn row(&self, events: &Events, row: &Row) -> bool {
        match self.filter.fits(row) {
            true => events.say("statement", &now::row(row).into_string()).await,
            false => true,
        }
    }

    async fn figures(&self, events: &Events, before: &mut String) -> bool {
        let (sessions, _) = self.console.sessions();
        let rows = now::session_rows(&sessions, &self.looker.viewer).into_string();
        if rows != *before {
            if !events.say("sessions", &rows).await {
                return false;
            }
            *before = rows;
        }
        events.say("tiles", &chart::tiles(&self.console.pulse.tiles()).into_string()).await
    }

    /// Whether the sign-in is still good, and allows this. Whoever's is not hears that it is over.
    async fn may_still(&mut self, events: &Events) -> bool {
        let Ok(Some((who, csrf))) = self.console.signed_in(&self.looker.hash, false).await else {
            events.say("over", "").await;
            return false;
        };
        match self.console.viewer(&who, csrf).await {
            Ok(viewer) if viewer.may(Right::See) => {
                self.looker.viewer = viewer;
                // Without a place among those who have proven who they are it ends by itself.
                self.looker.peer.lease.extend(&who.name, STAYS);
                events.beat().await
            }
            _ => {
                events.say("over", "").await;
                false
            }
        }
    }
}

/// `POST /console/sessions/{session}/end`.
pub(super) async fn end(
    State(console): State<Arc<Console>>,
    Path(session): Path<String>,
    pressed: Pressed,
) -> Result<Response, No> {
    let looker = pressed.looker.need(Right::Administer)?;
    let id: SessionId = session.parse().map_err(|_| looker.nothing())?;
    let engine = console.shared.metrics.engine.get().ok_or(No::Unavailable("the engine"))?;
    // First the record of who did it, then the deed.
    let what = format!("ended session {id} by the console");
    console.shared.store.administered(SystemTime::now(), &looker.who.name, &what).await?;
    match engine.end(&id.to_string()) {
        true => Ok(Redirect::to("/console/now?ended=yes").into_response()),
        false => Err(looker.nothing()),
    }
}
