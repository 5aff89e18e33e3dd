//! Columns with their labels over the API: looking, explaining, deciding, by the same functions as
//! `weir labels` and the console. Who may is said by the console's roles.

use super::{
    Api,
    body::Body,
    problem::{Kind, Problem},
    session::Caller,
};
use crate::{
    exit::Failure,
    http::map::{self, Sums},
    labels::{View, Word, decide},
};
use axum::{
    Json,
    extract::{FromRequestParts, Path, Query, State, rejection::QueryRejection},
    http::request::Parts,
};
use console::layout::Right;
use index::{Answers, IndexError};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::{sync::Arc, time::SystemTime};
use store::ColumnLabel;

/// One column.
pub(super) const ONE: &str = "/api/v1/columns/{database}/{schema}/{table}/{column}";
/// Its label.
pub(super) const LABEL: &str = "/api/v1/columns/{database}/{schema}/{table}/{column}/label";
/// The most columns that a list has.
const LISTED: usize = 10_000;
/// The longest reason: letters.
const LONGEST_REASON: usize = 500;

/// What a path names.
pub(super) struct At<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<Api>> for At<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        let named = Path::<T>::from_request_parts(parts, api).await;
        named.map(|Path(named)| Self(named)).map_err(|_| Kind::Nothing.into())
    }
}

type Four = (String, String, String, String);

/// What a list is narrowed by.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    database: Option<String>,
    schema: Option<String>,
    table: Option<String>,
    label: Option<String>,
}

/// `GET /api/v1/columns`.
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    caller: Caller,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    caller.need(&api, Right::See)?;
    let words = "a list takes `database`, `schema`, `table` and `label`, each once";
    let Query(asked) = asked.map_err(|_| Problem::new(Kind::Malformed, words))?;
    let (store, config) = (&api.shared.store, api.shared.config.load_full());
    let is = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|one| one == is);
    let fits = |one: &&ColumnLabel| {
        let place = &one.found.place;
        let label = one.label().map_or("none", model::Label::as_str);
        is(&asked.schema, &place.schema)
            && is(&asked.table, &place.relation)
            && is(&asked.label, label)
    };
    let (mut found, mut more) = (Vec::new(), false);
    for name in store.labelled_databases().await? {
        if !is(&asked.database, &name) {
            continue;
        }
        for one in map::columns(store, &name).await?.iter().filter(fits) {
            more |= found.len() >= LISTED;
            if !more {
                found.push(View { config: &config }.object(one));
            }
        }
    }
    Ok(Json(json!({ "columns": found, "more": more })))
}

/// `GET /api/v1/columns/…`: a column with all that is known of it.
pub(super) async fn show(
    State(api): State<Arc<Api>>,
    caller: Caller,
    At(place): At<Four>,
) -> Result<Json<Value>, Problem> {
    let caller = caller.need(&api, Right::See)?;
    let found = api.column(&place).await?;
    let read = format!("read the column {}.{} by the API", place.0, found.found.place.path());
    api.shared.store.administered(SystemTime::now(), &caller.who.name, &read).await?;
    api.explained(&found).await.map(Json)
}

/// What somebody decides.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Decision {
    label: String,
    #[serde(default)]
    reason: String,
}

/// `PUT /api/v1/columns/…/label`.
pub(super) async fn set(
    State(api): State<Arc<Api>>,
    caller: Caller,
    At(place): At<Four>,
    Body(Decision { label, reason }): Body<Decision>,
) -> Result<Json<Value>, Problem> {
    let caller = caller.need(&api, Right::Administer)?;
    let config = api.shared.config.load_full();
    let label = match (View { config: &config }).label(&label) {
        Err(Failure::Refused(why)) => return Err(Problem::new(Kind::Malformed, why)),
        label => label?,
    };
    api.say(&caller, &place, &Word::Is(label), &reason).await
}

/// Why somebody takes a decision back.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TakenBack {
    #[serde(default)]
    reason: String,
}

/// `DELETE /api/v1/columns/…/label`.
pub(super) async fn clear(
    State(api): State<Arc<Api>>,
    caller: Caller,
    At(place): At<Four>,
    Body(TakenBack { reason }): Body<TakenBack>,
) -> Result<Json<Value>, Problem> {
    let caller = caller.need(&api, Right::Administer)?;
    api.say(&caller, &place, &Word::TakeBack, &reason).await
}

/// `GET /api/v1/tables/…`: who used a table, what feeds it and what it feeds.
pub(super) async fn table(
    State(api): State<Arc<Api>>,
    caller: Caller,
    At((database, schema, table)): At<(String, String, String)>,
) -> Result<Json<Value>, Problem> {
    let caller = caller.need(&api, Right::See)?;
    let (store, config) = (&api.shared.store, api.shared.config.load_full());
    let is_of =
        |one: &&ColumnLabel| one.found.place.schema == schema && one.found.place.relation == table;
    let columns = map::columns(store, &database).await?;
    let columns: Vec<&ColumnLabel> = columns.iter().filter(is_of).collect();
    if columns.is_empty() {
        return Err(Kind::Nothing.into());
    }
    let read = format!("read the table {database}.{schema}.{table} by the API");
    store.administered(SystemTime::now(), &caller.who.name, &read).await?;
    let place = (database.clone(), schema.clone(), table.clone());
    let known = api.known(move |answers| {
        let (database, schema, table) = (&place.0, &place.1, &place.2);
        let moves = map::moves(answers, database, [schema, table])?;
        let doers = map::doers(answers, database, &format!("{schema}.{table}"))?;
        Ok((map::sums(answers, Some(database))?, moves, doers))
    });
    let (sums, moves, doers) = known.await?.unwrap_or_default();
    let relations = |all: Vec<(String, u64)>| -> Vec<Value> {
        let one = |(name, kinds)| json!({ "table": name, "kinds_of_statements": kinds });
        all.into_iter().map(one).collect()
    };
    let doer = |one: &console::data::Doer| {
        json!({
            "identity": one.identity, "kind": one.kind, "read": one.read, "wrote": one.wrote,
            "last": one.last,
        })
    };
    let view = View { config: &config };
    let columns: Vec<Value> = columns.into_iter().map(|one| hot(&view, one, &sums)).collect();
    let (fed_by, feeds) = moves.map(|moves| (moves.from, moves.to)).unzip();
    Ok(Json(json!({
        "database": database, "schema": schema, "table": table, "days": map::DAYS,
        "columns": columns,
        "fed_by": fed_by.map(relations), "feeds": feeds.map(relations),
        "used_by": doers.map(|all| all.iter().map(doer).collect::<Vec<_>>()),
    })))
}

/// A column with how much it was used.
fn hot(view: &View<'_>, one: &ColumnLabel, sums: &Option<Sums>) -> Value {
    let mut object = view.object(one);
    let (place, heat) = (&one.found.place, sums.as_ref());
    let heat = heat.map(|sums| {
        let key = (place.database.clone(), place.path());
        let heat = sums.get(&key).copied().unwrap_or_default();
        json!({ "statements": heat.statements, "raw": heat.raw, "masked": heat.masked })
    });
    if let Some(fields) = object.as_object_mut() {
        fields.insert("used".into(), heat.into());
    }
    object
}

impl Api {
    /// The column of this place.
    async fn column(&self, place: &Four) -> Result<ColumnLabel, Problem> {
        let (database, schema, table, column) = place;
        let all = map::columns(&self.shared.store, database).await?;
        let found = all.into_iter().find(|one| {
            let place = &one.found.place;
            place.schema == *schema && place.relation == *table && place.column == *column
        });
        found.ok_or_else(|| Kind::Nothing.into())
    }

    /// Puts a word about a column into force.
    async fn say(
        &self,
        caller: &Caller,
        place: &Four,
        word: &Word,
        reason: &str,
    ) -> Result<Json<Value>, Problem> {
        let reason = reason.trim();
        if let Some(why) = word.needs_reason().filter(|_| reason.is_empty()) {
            return Err(Problem::new(Kind::Malformed, format!("{why}: that needs a `reason`")));
        }
        if reason.chars().count() > LONGEST_REASON {
            let why = format!("`reason` has at most {LONGEST_REASON} letters");
            return Err(Problem::new(Kind::Malformed, why));
        }
        let found = self.column(place).await?;
        let (store, by) = (&self.shared.store, &caller.who.name);
        decide(store, &found, word, by, (reason.to_owned(), SystemTime::now())).await?;
        let after = self.column(place).await?;
        self.explained(&after).await.map(Json)
    }

    async fn explained(&self, one: &ColumnLabel) -> Result<Value, Problem> {
        let config = self.shared.config.load_full();
        let mut object = View { config: &config }.explained(one);
        let (database, path) = (one.found.place.database.clone(), one.found.place.path());
        let readers = self.known(move |answers| map::readers(answers, &database, &path)).await?;
        let reader = |one: &console::data::Read| {
            json!({
                "identity": one.identity, "raw": one.raw, "masked": one.masked, "last": one.last,
            })
        };
        let readers = readers.flatten().map(|all| all.iter().map(reader).collect::<Vec<_>>());
        if let Some(fields) = object.as_object_mut() {
            fields.insert("days".into(), map::DAYS.into());
            fields.insert("given_to".into(), readers.into());
        }
        Ok(object)
    }

    /// Asks the index; nothing if there is none yet.
    pub(super) async fn known<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Answers) -> Result<T, IndexError> + Send + 'static,
    ) -> Result<Option<T>, Problem> {
        let file = crate::layout::index(&self.shared.config.load());
        let asked = tokio::task::spawn_blocking(move || match Answers::open(&file) {
            Err(IndexError::Missing | IndexError::Version) => Ok(None),
            answers => question(&answers?).map(Some),
        });
        let failed = |error: &dyn std::fmt::Display| {
            tracing::error!("the API cannot reach the index: {error}");
            Problem::from(Kind::Unavailable)
        };
        let asked = asked.await.map_err(|error| failed(&error))?;
        asked.map_err(|error| failed(&error))
    }
}
