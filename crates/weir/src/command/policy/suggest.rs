//! `weir policy suggest`: the least that an identity needs, from what it did. Nothing is in force
//! by it.

use crate::{
    cli::SuggestArgs,
    exit::{Failure, problems},
    out::Out,
};
use anyhow::{Context, anyhow};
use policy::PolicySet;
use rehearsal::{Backtest, Direction, NoSuggestion, Suggestion};
use std::{fs::OpenOptions, io::Write, path::Path};

/// The file that it is tried as.
const FILE: &str = "suggestion.cedar";

pub(super) fn run(file: &Path, args: &SuggestArgs) -> Result<(), Failure> {
    let dir = match &args.dir {
        Some(dir) => Some(dir.clone()),
        None => super::folder(file, None)?,
    };
    let policies = PolicySet::load(dir.as_deref()).map_err(problems)?;
    let since = super::since(&args.since)?;
    let name = args.identity.as_str();
    let told = format!("policy suggest for {name}, {}", args.since);
    let ledger = super::ledger(file, args.ledger.as_deref(), &told)?;
    let mut suggestion = Suggestion::new(&policies, name);
    super::each(&ledger, |entry| {
        suggestion.feed(entry, |asked| asked.time.micros() >= since);
    })?;
    let text = suggestion.finish().map_err(|why| match why {
        NoSuggestion::Nothing => Failure::Refused(format!(
            "{name} ran nothing since then of which the record holds enough: weir audit search \
             identity:{name}"
        )),
        NoSuggestion::TooMany => {
            Failure::Refused(format!("{name} touched too many tables to be listed"))
        }
    })?;
    let tried = policies.with(&[(FILE, &text)]).map_err(|problems| {
        let told = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        anyhow!("the suggestion is no sound policy: {told}")
    })?;
    let lost = replay(&tried, &ledger, name, since)?;
    if lost > 0 {
        let why = "would not run as they did: its rights come from elsewhere or have changed since";
        eprintln!("weir: {lost} statements that ran {why}");
    }
    put(&text, args.output.as_deref())
}

/// How many statements that ran would get a stricter verdict.
fn replay(tried: &PolicySet, ledger: &Path, name: &str, since: i64) -> Result<u64, Failure> {
    let mut backtest = Backtest::new(tried, 0);
    super::each(ledger, |entry| {
        backtest.feed(entry, |asked, who| {
            asked.ran
                && !asked.granted
                && asked.time.micros() >= since
                && who.is_some_and(|who| who.identity.name.as_str() == name)
        });
    })?;
    let report = backtest.finish();
    let stricter = report.changes.iter().filter(|one| one.direction != Direction::Looser);
    Ok(stricter.map(|change| change.statements).sum())
}

fn put(text: &str, output: Option<&Path>) -> Result<(), Failure> {
    let Some(file) = output else {
        let mut out = Out::new();
        out.text(text.trim_end())?;
        return Ok(out.flush()?);
    };
    let of = || format!("{} cannot be written", file.display());
    let mut open = OpenOptions::new().write(true).create_new(true).open(file).with_context(of)?;
    open.write_all(text.as_bytes()).with_context(of)?;
    Ok(())
}
