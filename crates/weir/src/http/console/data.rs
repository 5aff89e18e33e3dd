//! The data map: what is where, why a column bears its label, and deciding about it, by the same
//! functions as `weir labels` and the API.

mod gather;

use super::{
    Console,
    answer::{Answer, No},
    looker::{Looker, Pressed},
    sign_in::html,
};
use crate::{
    exit::Failure,
    http::map,
    labels::{View, Word, decide},
};
use axum::{
    extract::{Query, State},
    response::{Html, Redirect},
};
use console::{
    data::{self, Map, Sought},
    layout::{Place, Right, Tone},
};
use gather::tables;
use serde::Deserialize;
use std::{sync::Arc, time::SystemTime};
use store::ColumnLabel;

/// The most tables that are listed.
const LISTED: usize = 300;
/// The longest reason: letters.
const LONGEST_REASON: usize = 500;

/// What pages are asked for with.
#[derive(Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    database: String,
    #[serde(default)]
    schema: String,
    #[serde(default)]
    table: String,
    #[serde(default)]
    column: String,
    #[serde(default)]
    label: String,
    #[serde(default)]
    order: String,
    #[serde(default)]
    said: String,
}

/// `GET /console/data`.
pub(super) async fn list(
    State(console): State<Arc<Console>>,
    looker: Looker,
    Query(asked): Query<Asked>,
) -> Answer {
    let looker = looker.need(Place::DataMap.right())?;
    let store = &console.shared.store;
    let (mut databases, mut columns) = (Vec::new(), Vec::new());
    for name in store.labelled_databases().await? {
        let known = map::columns(store, &name).await?;
        databases.push(gather::counted(&name, &known));
        if asked.database.is_empty() || asked.database == name {
            columns.extend(known);
        }
    }
    let sums = console.sums(None).await?;
    let sought = Sought {
        text: asked.q.trim().chars().take(200).collect(),
        database: asked.database,
        label: asked.label,
        hottest: asked.order == "heat",
    };
    let config = console.shared.config.load_full();
    let mut found = tables(&View { config: &config }, &columns, sums.as_ref(), &sought);
    let more = found.len().saturating_sub(LISTED);
    found.truncate(LISTED);
    let page = Map {
        databases,
        labels: gather::labels(&columns),
        tables: found,
        more,
        sought,
        days: sums.map(|_| map::DAYS),
    };
    html(data::map(&page, &looker.viewer))
}

/// `GET /console/data/table`: who looked is in the record, for it says who used it.
pub(super) async fn table(
    State(console): State<Arc<Console>>,
    looker: Looker,
    Query(asked): Query<Asked>,
) -> Answer {
    let looker = looker.need(Place::DataMap.right())?;
    let columns = map::columns(&console.shared.store, &asked.database).await?;
    let is_of = |one: &ColumnLabel| {
        one.found.place.schema == asked.schema && one.found.place.relation == asked.table
    };
    let columns: Vec<ColumnLabel> = columns.into_iter().filter(is_of).collect();
    if columns.is_empty() {
        return Err(looker.nothing());
    }
    let Asked { database, schema, table, .. } = asked;
    let read = format!("read the table {database}.{schema}.{table} by the console");
    console.shared.store.administered(SystemTime::now(), &looker.who.name, &read).await?;
    let page = console.table_page([database, schema, table], &columns).await?;
    html(data::table(&page, &looker.viewer))
}

/// `GET /console/data/column`: the same.
pub(super) async fn one(
    State(console): State<Arc<Console>>,
    looker: Looker,
    Query(asked): Query<Asked>,
) -> Answer {
    let looker = looker.need(Place::DataMap.right())?;
    let found = console.column(&asked).await?.ok_or_else(|| looker.nothing())?;
    let (place, path) = (&found.found.place, found.found.place.path());
    let read = format!("read the column {}.{path} by the console", place.database);
    console.shared.store.administered(SystemTime::now(), &looker.who.name, &read).await?;
    html(data::column(&console.column_page(&found, said(&asked.said)).await?, &looker.viewer))
}

/// `POST /console/data/column`: a decision.
pub(super) async fn say(
    State(console): State<Arc<Console>>,
    Query(asked): Query<Asked>,
    pressed: Pressed,
) -> Result<Result<Redirect, Html<String>>, No> {
    let field = |name: &str| pressed.field(name).to_owned();
    let (word, label, reason) = (field("word"), field("label"), field("reason"));
    let seen = field("decided");
    let looker = pressed.looker.need(Right::Administer)?;
    let found = console.column(&asked).await?.ok_or_else(|| looker.nothing())?;
    let config = console.shared.config.load_full();
    let holds = found.decided.as_ref().map(|one| map::moment(one.at)).unwrap_or_default();
    let word = match word.as_str() {
        _ if seen != holds => Err("Somebody decided about it meanwhile: look again.".to_owned()),
        "clear" => Ok(Word::TakeBack),
        "set" => meant(&View { config: &config }, &label),
        _ => Err("Neither decided nor taken back.".to_owned()),
    };
    let word = word.and_then(|word| match word.needs_reason() {
        Some(why) if reason.trim().is_empty() => Err(format!("Not taken: {why}: say why.")),
        _ => Ok(word),
    });
    let (store, now) = (&console.shared.store, SystemTime::now());
    match word {
        Err(why) => {
            let page = console.column_page(&found, Some((Tone::Bad, why))).await?;
            Ok(Err(Html(data::column(&page, &looker.viewer))))
        }
        Ok(word) => {
            let reason = reason.trim().chars().take(LONGEST_REASON).collect();
            let done = decide(store, &found, &word, &looker.who.name, (reason, now)).await?;
            let said = match (&word, done) {
                (Word::Is(_), _) => "decided",
                (Word::TakeBack, true) => "back",
                (Word::TakeBack, false) => "nobody",
            };
            let place = &found.found.place;
            let place = [&place.database, &place.schema, &place.relation, &place.column];
            let link = data::column_link(place.map(String::as_str));
            Ok(Ok(Redirect::to(&format!("{link}&said={said}"))))
        }
    }
}

/// A label that there is, or none.
fn meant(view: &View<'_>, label: &str) -> Result<Word, String> {
    match view.label(label) {
        Ok(label) => Ok(Word::Is(label)),
        Err(Failure::Refused(_)) => Err("There is no such label.".to_owned()),
        Err(_) => Err("Labels cannot be read now.".to_owned()),
    }
}

fn said(word: &str) -> Option<(Tone, String)> {
    let words = match word {
        "decided" => "It is decided, and holds within a second.",
        "back" => "The decision is taken back: what Weir finds holds again.",
        "nobody" => "Nobody had decided about it.",
        _ => return None,
    };
    Some((Tone::Good, words.to_owned()))
}

impl Console {
    /// The column that is meant, if it is known.
    async fn column(&self, asked: &Asked) -> Result<Option<ColumnLabel>, No> {
        let all = map::columns(&self.shared.store, &asked.database).await?;
        Ok(all.into_iter().find(|one| {
            let place = &one.found.place;
            place.schema == asked.schema
                && place.relation == asked.table
                && place.column == asked.column
        }))
    }

    /// How much each column was used, if that can be told.
    async fn sums(&self, database: Option<String>) -> Result<Option<map::Sums>, No> {
        self.ask_if_there(move |answers| map::sums(answers, database.as_deref())).await
    }
}
