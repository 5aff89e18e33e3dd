//! A change of policies that is tried: the page that it is written on, and the one that tells how
//! far holding it against the record is and what came of it.

use super::{
    super::{
        Console,
        answer::{Answer, No},
        looker::{Looker, Pressed},
        reports::fragment,
        sign_in::html,
    },
    Named,
};
use crate::http::{
    backtests::{self, Backtest, DAYS, MOST_DAYS, Trial, checked, name},
    jobs::Job,
};
use axum::{
    extract::{Path, Query, State},
    response::{Html, IntoResponse, Redirect, Response},
};
use console::{
    layout::Place,
    parts,
    policies::{self, Backtested, Changed, Held, Trouble, Try},
};
use policy::PolicySet;
use rehearsal::Change;
use std::{collections::BTreeSet, sync::Arc};

/// How many kinds of changes are shown.
const SHOWN: usize = 50;

/// `GET /console/policies/try`.
pub(in super::super) async fn begin(
    State(console): State<Arc<Console>>,
    looker: Looker,
    Query(named): Query<Named>,
) -> Answer {
    let looker = looker.need(Place::Policies.right())?;
    let set = console.shared.policies.load_full();
    let page = Try {
        text: text(&set, &named.file),
        files: files(&set),
        file: named.file,
        days: DAYS,
        ..Try::default()
    };
    html(policies::attempt(&page, &looker.viewer))
}

/// `POST /console/policies/check`: what is wrong, for a page that is written in.
pub(in super::super) async fn check(
    State(console): State<Arc<Console>>,
    pressed: Pressed,
) -> Result<Html<String>, No> {
    let (trial, _) = asked(&pressed);
    pressed.looker.need(Place::Policies.right())?;
    let (_, troubles) = console.checked(&trial).await?;
    Ok(Html(policies::sound(&troubles).into_string()))
}

/// `POST /console/policies/try`: it is checked, and with that word held against the record.
pub(in super::super) async fn attempt(
    State(console): State<Arc<Console>>,
    pressed: Pressed,
) -> Result<Response, No> {
    let (trial, is_held) = asked(&pressed);
    let looker = pressed.looker.need(Place::Policies.right())?;
    let (set, troubles) = console.checked(&trial).await?;
    let mut said = None;
    if let (true, Some(set)) = (is_held, set) {
        let (all, who) = (&console.api.backtests, (looker.who.name.as_str(), "the console"));
        match backtests::begin(all, &console.shared, who, set, trial.clone()).await? {
            Ok(job) => return Ok(Redirect::to(&policies::held_link(job.id())).into_response()),
            Err(why) => said = Some(why),
        }
    }
    let page = Try { said, troubles: Some(troubles), ..console.page(&trial) };
    Ok(Html(policies::attempt(&page, &looker.viewer)).into_response())
}

/// `GET /console/policies/try/{backtest}`.
pub(in super::super) async fn held(
    State(console): State<Arc<Console>>,
    Path(id): Path<String>,
    looker: Looker,
) -> Answer {
    let looker = looker.need(Place::Policies.right())?;
    let job = console.held(&looker, &id)?;
    let page = Try { held: Some(shown(&job)), ..console.page(job.about()) };
    html(policies::attempt(&page, &looker.viewer))
}

/// `GET /console/policies/try/{backtest}/how`: how far it is alone, and whether that will change.
pub(in super::super) async fn how(
    State(console): State<Arc<Console>>,
    Path(id): Path<String>,
    looker: Looker,
) -> Result<Response, No> {
    let looker = looker.need(Place::Policies.right())?;
    let held = shown(&*console.held(&looker, &id)?);
    let part = policies::held(&held, &looker.viewer);
    Ok(fragment(std::slice::from_ref(&held.listed), part))
}

/// `POST /console/policies/try/{backtest}/stop`.
pub(in super::super) async fn stop(
    State(console): State<Arc<Console>>,
    Path(id): Path<String>,
    pressed: Pressed,
) -> Result<Redirect, No> {
    let looker = pressed.looker.need(Place::Policies.right())?;
    match console.api.backtests.stop(&looker.who.name, &id) {
        true => Ok(Redirect::to(&policies::held_link(&id))),
        false => Err(looker.nothing()),
    }
}

/// What a form asks for, and whether it is to be held against the record.
fn asked(pressed: &Pressed) -> (Trial, bool) {
    let days = pressed.field("days").parse().unwrap_or(DAYS).clamp(1, MOST_DAYS);
    let (file, text) = (pressed.field("file").to_owned(), pressed.field("text").to_owned());
    (Trial { file, text, days }, pressed.field("word") == "backtest")
}

/// The files of a set, by name.
fn files(set: &PolicySet) -> Vec<String> {
    let names: BTreeSet<String> = set.policies().iter().map(|one| name(&one.file)).collect();
    names.into_iter().collect()
}

/// The text of a file: as it stands on the disk, or its policies where it is a shipped one.
fn text(set: &PolicySet, wanted: &str) -> String {
    let of: Vec<_> = set.policies().iter().filter(|one| name(&one.file) == wanted).collect();
    let file = of.first().map(|one| one.file.as_path());
    let read = file.filter(|file| file.is_absolute()).map(std::fs::read_to_string);
    match read {
        Some(Ok(text)) => text,
        _ => of.iter().map(|one| format!("{}\n", one.text)).collect::<Vec<_>>().join("\n"),
    }
}

impl Console {
    async fn checked(&self, trial: &Trial) -> Result<(Option<PolicySet>, Vec<Trouble>), No> {
        let found = checked(&self.shared, trial).await;
        found.map_err(|failure| No::because("the policies", &format!("{failure:?}")))
    }

    fn held(&self, looker: &Looker, id: &str) -> Result<Arc<Job<Backtest, Trial>>, No> {
        self.api.backtests.one(&looker.who.name, id).ok_or_else(|| looker.nothing())
    }

    /// The page with what somebody wrote.
    fn page(&self, trial: &Trial) -> Try {
        let Trial { file, text, days } = trial.clone();
        Try { files: files(&self.shared.policies.load()), file, text, days, ..Try::default() }
    }
}

/// A backtest as the page shows it.
fn shown(job: &Job<Backtest, Trial>) -> Held {
    let found = job.made();
    Held { listed: job.listed(), found: found.map(|found| backtested(&found)) }
}

fn backtested(found: &Backtest) -> Backtested {
    let Backtest { report, took } = found;
    let unknowable = report.unknowable.iter();
    Backtested {
        statements: report.statements,
        same: report.same,
        changed: report.changes.iter().take(SHOWN).map(changed).collect(),
        more: report.changes.len().saturating_sub(SHOWN),
        unknowable: unknowable.map(|(why, count)| (why.why().to_string(), *count)).collect(),
        took: parts::duration(u64::try_from(took.as_micros()).unwrap_or(u64::MAX)),
    }
}

fn changed(change: &Change) -> Changed {
    Changed {
        statements: change.statements,
        identity: change.identity.clone(),
        database: change.database.clone(),
        direction: change.direction.as_str(),
        what: change.what.join(", "),
        text: change.text.clone(),
        reasons: change.reasons.clone(),
        example: change.examples.first().map(ToString::to_string),
    }
}
