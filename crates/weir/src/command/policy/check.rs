//! `weir policy check`: what is wrong with policies, and what in them says nothing.

use crate::{
    exit::{Failure, Problem, render},
    out::Out,
};
use config::Config;
use policy::{Known, PolicySet};
use std::{collections::BTreeSet, path::Path};
use store::Store;

pub(super) fn check(
    dir: Option<&Path>,
    known: &Known,
    strict: bool,
    json: bool,
) -> Result<(), Failure> {
    let mut out = Out::new();
    let (found, doubts) = match PolicySet::load(dir) {
        Ok(set) => (Vec::new(), set.doubts(known)),
        Err(found) => (found, Vec::new()),
    };
    let mut found: Vec<Problem> = found.into_iter().map(Problem::from).collect();
    let mut doubts: Vec<Problem> = doubts.into_iter().map(Problem::from).collect();
    if strict {
        found.append(&mut doubts);
    }
    if json {
        let (ok, warnings) = (found.is_empty(), &doubts);
        let result = serde_json::json!({ "ok": ok, "problems": found, "warnings": warnings });
        out.json(&result)?;
    } else {
        for doubt in &mut doubts {
            doubt.message = format!("warning: {}", doubt.message);
        }
        eprint!("{}", render(&doubts));
        if found.is_empty() {
            let what = dir.map_or("the shipped policies".into(), |dir| dir.display().to_string());
            let but = match doubts.len() {
                0 => String::new(),
                1 => ", with a warning".to_owned(),
                count => format!(", with {count} warnings"),
            };
            out.line(format!("{what}: sound{but}"))?;
        }
    }
    out.flush()?;
    match (found.is_empty(), json) {
        (true, _) => Ok(()),
        (false, true) => Err(Failure::Problems(Vec::new())),
        (false, false) => Err(Failure::Problems(found)),
    }
}

/// What there is beside the policies: from weir.toml and the store, as far as they are there.
pub(super) async fn known(file: &Path) -> Result<Known, Failure> {
    let Ok(config) = config::load(file) else { return Ok(Known::default()) };
    let store = Store::open_existing(&config.state_dir).await?;
    let known = known_of(&config, store.as_ref()).await?;
    if let Some(store) = store {
        store.close().await;
    }
    Ok(known)
}

/// The same, of a configuration and a store that are open already.
pub(crate) async fn known_of(config: &Config, store: Option<&Store>) -> Result<Known, Failure> {
    let mut known = Known::default();
    let names = || config.databases.iter().map(|database| database.name.clone());
    // Behind `*` there can be a database of any name.
    known.databases = (!names().any(|name| name == "*")).then(|| names().collect());
    let rules = config.labels.rules.iter().map(|rule| rule.label.clone());
    known.labels = Some(rules.collect());
    let deciders = config.console.approvers.iter().chain(&config.console.admins);
    known.deciders = config.listen.api.map(|_| deciders.cloned().collect());
    let Some(store) = store else { return Ok(known) };
    let accounts = store.identities().await?;
    if !accounts.is_empty() {
        let groups = accounts.iter().flat_map(|account| account.groups.iter().cloned());
        known.groups = Some(groups.collect());
        known.identities = Some(accounts.iter().map(|one| one.name.to_string()).collect());
    }
    let (mut tables, mut databases) = (BTreeSet::new(), BTreeSet::new());
    for name in store.labelled_databases().await? {
        let columns = store.columns(&name).await?;
        let path = |place: &store::LabelPlace| {
            policy::path(&[&place.database, &place.schema, &place.relation])
        };
        tables.extend(columns.iter().map(|column| path(&column.found.place)));
        if let Some(labels) = &mut known.labels {
            let borne = columns.iter().filter_map(|column| column.label());
            labels.extend(borne.map(ToString::to_string));
        }
        databases.insert(name);
    }
    known.tables = Some((tables, databases));
    Ok(known)
}
