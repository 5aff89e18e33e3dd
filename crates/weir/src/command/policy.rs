//! `weir policy …`: whether the policies are sound, what they are, and what they mean before they
//! are in force. Every verdict that is shown comes from what decides on the wire.

mod packs;
mod test;

use crate::{
    cli::PolicyCommand,
    exit::{Failure, Problem, problems},
    out::Out,
};
use policy::{Listed, PolicySet};
use std::path::{Path, PathBuf};

pub(super) fn run(file: &Path, command: PolicyCommand) -> Result<(), Failure> {
    match command {
        PolicyCommand::Check { dir, json } => check(folder(file, dir)?.as_deref(), json),
        PolicyCommand::List { dir, json } => list(&set(folder(file, dir)?.as_deref())?, json),
        PolicyCommand::Show { id, dir } => show(&set(folder(file, dir)?.as_deref())?, &id),
        PolicyCommand::Test(args) => test::run(file, &args),
        PolicyCommand::Packs { json } => packs::list(json),
        PolicyCommand::Add { pack, dir } => packs::add(folder(file, dir)?.as_deref(), &pack),
    }
}

/// The folder that was asked for, else the one that weir.toml names.
fn folder(file: &Path, dir: Option<PathBuf>) -> Result<Option<PathBuf>, Failure> {
    match dir {
        Some(dir) => Ok(Some(dir)),
        None => Ok(super::load(file)?.policies.dir),
    }
}

fn set(dir: Option<&Path>) -> Result<PolicySet, Failure> {
    PolicySet::load(dir).map_err(problems)
}

fn check(dir: Option<&Path>, json: bool) -> Result<(), Failure> {
    let mut out = Out::new();
    let found: Vec<Problem> = match PolicySet::load(dir) {
        Ok(_) => Vec::new(),
        Err(found) => found.into_iter().map(Problem::from).collect(),
    };
    if json {
        out.json(&serde_json::json!({ "ok": found.is_empty(), "problems": found }))?;
    } else if found.is_empty() {
        let what = dir.map_or("the shipped policies".into(), |dir| dir.display().to_string());
        out.line(format!("{what}: sound"))?;
    }
    out.flush()?;
    match (found.is_empty(), json) {
        (true, _) => Ok(()),
        (false, true) => Err(Failure::Problems(Vec::new())),
        (false, false) => Err(Failure::Problems(found)),
    }
}

fn list(set: &PolicySet, json: bool) -> Result<(), Failure> {
    let mut out = Out::new();
    if json {
        out.json(&set.policies().iter().map(object).collect::<Vec<_>>())?;
    } else {
        let rows: Vec<Vec<String>> = set.policies().iter().map(row).collect();
        out.table(&["ID", "EFFECT", "WHERE", "REASON"], &rows)?;
    }
    Ok(out.flush()?)
}

fn show(set: &PolicySet, id: &str) -> Result<(), Failure> {
    let Some(policy) = set.policies().iter().find(|policy| policy.id.as_str() == id) else {
        return Err(Failure::Refused(format!("there is no policy \"{id}\": weir policy list")));
    };
    let mut out = Out::new();
    out.line(format!("// {}:{}", policy.file.display(), policy.line))?;
    out.line(&policy.text)?;
    Ok(out.flush()?)
}

fn effect(policy: &Listed) -> &'static str {
    if policy.permits { "permit" } else { "forbid" }
}

fn object(policy: &Listed) -> serde_json::Value {
    let annotations: serde_json::Map<_, _> = policy
        .annotations
        .iter()
        .map(|(name, value)| (name.clone(), value.clone().into()))
        .collect();
    serde_json::json!({
        "id": policy.id,
        "effect": effect(policy),
        "file": policy.file.display().to_string(),
        "line": policy.line,
        "annotations": annotations,
    })
}

fn row(policy: &Listed) -> Vec<String> {
    let reason = policy.annotations.iter().find(|(name, _)| name == "reason");
    vec![
        policy.id.to_string(),
        effect(policy).to_owned(),
        format!("{}:{}", policy.file.display(), policy.line),
        reason.map(|(_, reason)| reason.clone()).unwrap_or_default(),
    ]
}
