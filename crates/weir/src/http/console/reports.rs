//! Reports of whoever looks: asked for, made in the background, taken away; and checkpoints held
//! against the ledger. Each report and each file that is taken away is in the record.

use super::{
    Console,
    answer::{Answer, No},
    looker::{Looker, Pressed},
    sign_in::html,
};
use crate::http::reports::{self as made, Wanted, grew_from, kinds};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::{HeaderName, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use console::{
    Markup,
    job::{Listed, busy},
    layout::{Place, Tone},
    reports::{self as pages, Form},
};
use ledger::Keys;
use serde::Deserialize;
use serde_json::json;
use std::{sync::Arc, time::SystemTime};

/// What the page is asked for with.
#[derive(Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    said: String,
}

/// `GET /console/reports`.
pub(super) async fn page(
    State(console): State<Arc<Console>>,
    looker: Looker,
    Query(asked): Query<Asked>,
) -> Answer {
    let looker = looker.need(Place::Reports.right())?;
    let said = match asked.said.as_str() {
        "begun" => Some((Tone::Good, "It is made now: stay, or come back.".to_owned())),
        "stopped" => Some((Tone::Good, "It is stopped.".to_owned())),
        "forgotten" => Some((Tone::Good, "The report is forgotten.".to_owned())),
        _ => None,
    };
    let form = Form { kind: asked.kind, name: asked.name, ..Form::default() };
    html(console.reports_page(&looker, form, said))
}

/// `GET /console/reports/list`: the list alone, and whether it will change.
pub(super) async fn list(
    State(console): State<Arc<Console>>,
    looker: Looker,
) -> Result<Response, No> {
    let looker = looker.need(Place::Reports.right())?;
    let listed = console.api.reports.of(&looker.who.name);
    Ok(fragment(&listed, pages::list(&listed, &looker.viewer)))
}

/// A list alone, and whether it will change.
pub(super) fn fragment(listed: &[Listed], page: Markup) -> Response {
    let busy = if busy(listed) { "yes" } else { "no" };
    let page = Html(page.into_string());
    ([(HeaderName::from_static("weir-busy"), busy)], page).into_response()
}

/// `POST /console/reports`.
pub(super) async fn ask(
    State(console): State<Arc<Console>>,
    pressed: Pressed,
) -> Result<Result<Redirect, Html<String>>, No> {
    let field = |name: &str| pressed.field(name).to_owned();
    let wanted = Wanted {
        kind: field("kind"),
        name: field("name"),
        since: field("since"),
        until: field("until"),
        whole: pressed.field("whole") == "yes",
    };
    let looker = pressed.looker.need(Place::Reports.right())?;
    let (shared, who) = (&console.shared, &looker.who.name);
    let reports = &console.api.reports;
    let begun = made::begin(reports, shared, who, "the console", &wanted).await?;
    Ok(match begun {
        Ok(_) => Ok(Redirect::to("/console/reports?said=begun")),
        Err(why) => {
            let Wanted { kind, name, since, until, .. } = wanted;
            let form = Form { kind, name, since, until };
            Err(Html(console.reports_page(&looker, form, Some((Tone::Bad, why)))))
        }
    })
}

/// `GET /console/reports/{report}/{form}`: a file.
pub(super) async fn file(
    State(console): State<Arc<Console>>,
    Path((id, form)): Path<(String, String)>,
    looker: Looker,
) -> Result<Response, No> {
    let looker = looker.need(Place::Reports.right())?;
    let kept = console.api.reports.one(&looker.who.name, &id).ok_or_else(|| looker.nothing())?;
    let report = kept.made().ok_or_else(|| looker.nothing())?;
    let Some((kind, body)) = made::form(&report, &form) else {
        return Err(looker.nothing());
    };
    let words = kept.listed().words;
    let read = format!("read the record: {words} as {form} by the console");
    console.shared.store.administered(SystemTime::now(), &looker.who.name, &read).await?;
    // A file to be kept, and no page of the console's.
    let named = format!("attachment; filename=\"weir-report-{id}.{form}\"");
    let headers = [(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, &named)];
    Ok((headers, body).into_response())
}

/// `POST /console/reports/{report}/stop`.
pub(super) async fn stop(
    State(console): State<Arc<Console>>,
    Path(id): Path<String>,
    pressed: Pressed,
) -> Result<Redirect, No> {
    let looker = pressed.looker.need(Place::Reports.right())?;
    match console.api.reports.stop(&looker.who.name, &id) {
        true => Ok(Redirect::to("/console/reports?said=stopped")),
        false => Err(looker.nothing()),
    }
}

/// `POST /console/reports/{report}/forget`.
pub(super) async fn forget(
    State(console): State<Arc<Console>>,
    Path(id): Path<String>,
    pressed: Pressed,
) -> Result<Redirect, No> {
    let looker = pressed.looker.need(Place::Reports.right())?;
    match console.api.reports.forget(&looker.who.name, &id) {
        true => Ok(Redirect::to("/console/reports?said=forgotten")),
        false => Err(looker.nothing()),
    }
}

/// `POST /console/reports/checkpoint`: whether the ledger grew from it.
pub(super) async fn checkpoint(
    State(console): State<Arc<Console>>,
    pressed: Pressed,
) -> Result<Response, No> {
    let note = pressed.field("note").to_owned();
    pressed.looker.need(Place::Reports.right())?;
    let dir = console.files().ledger;
    let found = tokio::task::spawn_blocking(move || grew_from(&dir, &note)).await;
    let found = found.map_err(|error| No::because("the record", &error))?;
    Ok(Json(match found {
        Ok(size) => json!({ "holds": true, "size": size }),
        Err(why) => json!({ "holds": false, "why": why }),
    })
    .into_response())
}

impl Console {
    fn reports_page(&self, looker: &Looker, form: Form, said: Option<(Tone, String)>) -> String {
        let page = pages::Reports {
            kinds: kinds(),
            listed: self.api.reports.of(&looker.who.name),
            form,
            said,
            key: Keys::read(&self.files().ledger).ok().map(|keys| keys.log.to_string()),
        };
        pages::page(&page, &looker.viewer)
    }
}
