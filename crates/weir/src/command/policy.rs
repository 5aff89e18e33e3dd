//! `weir policy …`: whether the policies are sound, what they are, and what they mean before they
//! are in force. Every verdict that is shown comes from what decides on the wire.

pub(crate) mod backtest;
pub(crate) mod check;
pub(crate) mod explain;
mod packs;
mod suggest;
mod test;

use crate::{
    cli::PolicyCommand,
    exit::{Failure, problems},
    out::Out,
    progress::Progress,
};
use policy::{Listed, PolicySet};
use std::path::{Path, PathBuf};

/// After how many records it is told how far a reading is.
pub(crate) const BETWEEN_TELLINGS: u64 = 4_096;

pub(super) fn run(file: &Path, command: PolicyCommand) -> Result<(), Failure> {
    match command {
        PolicyCommand::Check { dir, strict, json } => {
            let known = super::block_on(check::known(file))??;
            check::check(folder(file, dir)?.as_deref(), &known, strict, json)
        }
        PolicyCommand::List { dir, json } => list(&set(folder(file, dir)?.as_deref())?, json),
        PolicyCommand::Show { id, dir } => show(&set(folder(file, dir)?.as_deref())?, &id),
        PolicyCommand::Explain(args) => super::block_on(explain::run(file, &args))?,
        PolicyCommand::Backtest(args) => backtest::run(file, &args),
        PolicyCommand::Suggest(args) => suggest::run(file, &args),
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

/// The ledger's folder for a reading of the record, which is a record itself unless the folder was
/// named: then it is a copy.
fn ledger(file: &Path, named: Option<&Path>, what: &str) -> Result<PathBuf, Failure> {
    let dir = match named {
        Some(dir) => dir.to_owned(),
        None => super::block_on(crate::audit::noted(&super::load(file)?, what))??,
    };
    if !dir.is_dir() {
        let why = format!("there is no ledger in {}: has `weir serve` run yet?", dir.display());
        return Err(Failure::Refused(why));
    }
    Ok(dir)
}

/// A moment as `weir audit search` takes it.
pub(crate) fn since(text: &str) -> Result<i64, Failure> {
    let now = ledger::Time::from(std::time::SystemTime::now());
    let question = index::Question::parse(&format!("since:{text}"), now)?;
    Ok(question.begins().unwrap_or_default())
}

/// Feeds every record to `take`, and shows how far it is; damage is said and does not end the
/// reading.
pub(crate) fn each(dir: &Path, mut take: impl FnMut(&ledger::Entry)) -> Result<(), Failure> {
    let last = ledger::Reader::open_last(dir, 1)?.filter_map(Result::ok).last();
    let all = last.map_or(0, |last| last.sequence.0 + 1);
    let mut progress = Progress::new();
    for entry in ledger::Reader::open(dir)? {
        match entry {
            Ok(entry) => {
                if entry.sequence.0.is_multiple_of(BETWEEN_TELLINGS) {
                    progress.tell("records read", entry.sequence.0, all);
                }
                take(&entry);
            }
            Err(error @ ledger::LedgerError::Damaged(_)) => {
                crate::audit::warn(&error);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn set(dir: Option<&Path>) -> Result<PolicySet, Failure> {
    PolicySet::load(dir).map_err(problems)
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
    out.text(&policy.text)?;
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
