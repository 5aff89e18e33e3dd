//! The console: routes, sign-ins, and what gathers the data for the pages of crate `console`.
//! Served on the API's address, so always over TLS. Knows no wire and writes no HTML.
//!
//! ```text
//! request ─▶ origin ─▶ Looker (cookie ─▶ sign-ins ─▶ store) ─▶ need(right) ─▶ data ─▶ page
//!               └──── POST: Pressed (Looker, form, CSRF token) ─▶ the same code as the API's
//! ```
//!
//! A new page: a module here with its handlers, its routes in [`routes`], and a module in crate
//! `console`. Every handler takes a [`Looker`] or a [`Pressed`], there is no other way to know who
//! asks, and asks [`Looker::need`] for the right first.

mod answer;
mod approvals;
mod ask;
mod assets;
mod data;
mod elsewhere;
mod file;
mod grants;
mod halves;
mod identities;
mod kept;
mod live;
mod looker;
mod now;
mod origin;
mod passkeys;
mod policies;
mod pulse;
mod replay;
mod reports;
pub(super) mod roles;
mod setup;
mod sign_in;
mod statement;
mod stream;
mod weave;

use super::api::Api;
use crate::{serve::Shared, shares::Shares};
use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, map_response},
    response::Redirect,
    routing::{get, post},
};
use elsewhere::UnderWay;
use halves::Halves;
use kept::SignIns;
use live::{Files, Live};
use pulse::Pulse;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// The longest form that is read.
const FORM_BYTES: usize = 64 << 10;

/// Pages of what happens now that are open at once, and those of one identity.
const STREAMS: usize = 128;
const STREAMS_OF_ONE: usize = 16;

/// What the pages are made from.
pub(super) struct Console {
    api: Arc<Api>,
    shared: Arc<Shared>,
    sign_ins: SignIns,
    under_way: UnderWay,
    halves: Halves,
    live: Arc<Live>,
    /// One explanation at a time.
    explanations: Arc<Semaphore>,
    /// Pages of what happens now that are open: each renders what comes.
    streams: Arc<Shares>,
    pulse: Arc<Pulse>,
}

impl Console {
    /// Where the record and its index are.
    fn files(&self) -> Files {
        Files::of(&self.shared)
    }
}

/// Every route.
fn routes() -> Router<Arc<Console>> {
    Router::new()
        .route("/", get(|| async { Redirect::to("/console/") }))
        .route("/console", get(|| async { Redirect::to("/console/") }))
        .route("/console/", get(sign_in::home))
        .route("/console/assets/{name}", get(assets::asset))
        .route("/console/sign-in", get(sign_in::page).post(sign_in::by_password))
        .route("/console/sign-in/passkey", post(sign_in::by_passkey))
        .route("/console/sign-in/elsewhere", get(elsewhere::begin))
        .route(elsewhere::BACK, get(elsewhere::back))
        .route("/console/sign-out", post(sign_in::out))
        .route("/console/now", get(now::page))
        .route("/console/now/events", get(now::events))
        .route("/console/sessions", get(replay::list))
        .route("/console/sessions/{session}", get(replay::one))
        .route("/console/sessions/{session}/end", post(now::end))
        .route("/console/approvals", get(approvals::inbox))
        .route("/console/approvals/{request}", get(approvals::show).post(approvals::say))
        .route("/console/approvals/{request}/preview", post(approvals::attempt))
        .route("/console/grants/{grant}", get(grants::show).post(grants::say))
        .route("/console/passkeys", get(passkeys::list).post(passkeys::add))
        .route("/console/passkeys/remove", post(passkeys::remove))
        .route("/console/ask", get(ask::page))
        .route("/console/ask/suggest", get(ask::suggest))
        .route("/console/ask/export", get(ask::export))
        .route("/console/ask/save", post(ask::save))
        .route("/console/ask/forget", post(ask::forget))
        .route("/console/data", get(data::list))
        .route("/console/data/table", get(data::table))
        .route("/console/data/column", get(data::one).post(data::say))
        .route("/console/identities", get(identities::list))
        .route("/console/identities/{name}", get(identities::one))
        .route("/console/identities/{name}/{what}", get(identities::ask).post(identities::change))
        .route("/console/policies", get(policies::list))
        .route("/console/policies/one", get(policies::one))
        .route("/console/policies/try", get(policies::begin).post(policies::attempt))
        .route("/console/policies/try/{backtest}", get(policies::held))
        .route("/console/policies/try/{backtest}/how", get(policies::how))
        .route("/console/policies/try/{backtest}/stop", post(policies::stop))
        .route("/console/policies/check", post(policies::check))
        .route("/console/policies/explain", get(policies::ask).post(policies::explain))
        .route("/console/reports", get(reports::page).post(reports::ask))
        .route("/console/reports/list", get(reports::list))
        .route("/console/reports/checkpoint", post(reports::checkpoint))
        .route("/console/reports/{report}/stop", post(reports::stop))
        .route("/console/reports/{report}/forget", post(reports::forget))
        .route("/console/reports/{report}/{form}", get(reports::file))
        .route("/console/setup", get(setup::page))
        .route("/console/setup/test", post(setup::test))
        .route("/console/setup/new", get(setup::begin).post(setup::attempt))
        .route("/console/statements/{statement}", get(statement::page))
        .route("/console/statements/{statement}/proof", get(statement::proof))
}

/// The console's routes with all that holds for each of them.
pub(super) fn router(api: &Arc<Api>) -> Router {
    let shared = Arc::clone(&api.shared);
    let console = Console {
        api: Arc::clone(api),
        sign_ins: SignIns::default(),
        under_way: UnderWay::default(),
        halves: Halves::default(),
        live: Live::new(&shared),
        explanations: Arc::new(Semaphore::new(1)),
        streams: Shares::new(STREAMS, STREAMS_OF_ONE),
        pulse: Pulse::start(&shared),
        shared,
    };
    routes()
        .route("/console/{*path}", get(answer::nothing))
        .layer(DefaultBodyLimit::max(FORM_BYTES))
        .layer(from_fn(origin::same))
        .layer(map_response(|answer| async { answer::careful(answer) }))
        .with_state(Arc::new(console))
}
