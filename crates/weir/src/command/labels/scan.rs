//! `weir labels scan`: reads a database's catalog and samples now and weighs every column anew.

use crate::{
    exit::Failure,
    labels::View,
    out::Out,
    serve::{labels, upstream},
};
use anyhow::Context;
use engine_pg::{FoundColumn, Labeller, catalog::CatalogReader};
use gate::Database;
use model::Label;
use serde_json::json;
use std::{sync::Arc, time::SystemTime};
use store::{LabelChange, Store};

pub(super) async fn scan(
    view: &View<'_>,
    databases: Vec<String>,
    as_json: bool,
) -> Result<(), Failure> {
    let config = view.config;
    let named = config.databases.iter().map(|database| database.name.clone());
    let databases: Vec<String> = match databases.is_empty() {
        true => named.filter(|name| name != "*").collect(),
        false => databases,
    };
    if databases.is_empty() {
        let why = "weir.toml names no database but \"*\": weir labels scan DATABASE";
        return Err(Failure::Refused(why.into()));
    }
    let store = Store::open(&config.state_dir).await?;
    let (mut changes, mut columns, mut labelled) = (Vec::new(), 0, 0);
    for name in &databases {
        let now = SystemTime::now();
        let found = found(view, &store, name).await?;
        columns += found.len();
        labelled += found.iter().filter(|column| column.label.is_some()).count();
        changes.extend(store.keep_found(name, &found, now).await?);
        // Whoever serves the database weighs it anew as well.
        store.ask_scan(name, now).await?;
    }
    store.close().await;
    let mut out = Out::new();
    if as_json {
        out.json(&changes.iter().map(object).collect::<Vec<_>>())?;
    } else {
        let rows: Vec<Vec<String>> = changes.iter().map(row).collect();
        if !rows.is_empty() {
            out.table(&["DATABASE", "COLUMN", "BEFORE", "NOW", "WHY"], &rows)?;
        }
        let count = changes.len();
        out.line(format!("{columns} columns, {labelled} with a label found; {count} changed."))?;
    }
    Ok(out.flush()?)
}

async fn found(
    view: &View<'_>,
    store: &Store,
    name: &str,
) -> Result<Vec<store::FoundLabel>, Failure> {
    let Some((database, inner)) = view.config.database(name) else {
        return Err(Failure::Refused(format!("weir.toml names no database \"{name}\"")));
    };
    let mut reached = upstream(view.config, database)?;
    inner.clone_into(&mut reached.database);
    let of = || format!("database \"{name}\"");
    let mut reader = CatalogReader::connect(&reached).await.with_context(of)?;
    let catalog = reader.read(1).await.with_context(of)?;
    let mut labeller = Labeller::new(Arc::new(labels::rules(view.config, name)?));
    let found = labeller.label(&mut reader, &catalog, true).await.with_context(of)?;
    let (proposed, found) = found.unzip();
    // Columns that got another name or type since the last run keep their labels.
    let database = Database::new(name.into(), database.environment.clone());
    let known = labels::Known::read(store, name).await.with_context(of)?;
    database.remember(known.carried, known.decided);
    database.found_before(known.found.iter().filter_map(FoundColumn::before).collect());
    database.learn(catalog, proposed, database.wanted());
    labels::keep_all(store, name, database.unkept()).await?;
    Ok(labels::rows(name, found.unwrap_or_default()))
}

fn word(label: &Option<Label>) -> &str {
    label.as_ref().map_or("-", Label::as_str)
}

fn row(change: &LabelChange) -> Vec<String> {
    vec![
        change.place.database.clone(),
        change.place.path(),
        word(&change.before).to_owned(),
        word(&change.after).to_owned(),
        change.evidence.join("; "),
    ]
}

fn object(change: &LabelChange) -> serde_json::Value {
    json!({
        "database": change.place.database,
        "schema": change.place.schema,
        "table": change.place.relation,
        "column": change.place.column,
        "before": change.before,
        "after": change.after,
        "evidence": change.evidence,
    })
}
