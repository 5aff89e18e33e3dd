//! `weir policy backtest`: what would have been different. Decides nothing itself.

use crate::{
    cli::{BacktestArgs, FailOn},
    exit::{Failure, problems},
    out::Out,
};
use policy::PolicySet;
use rehearsal::{Asked, Backtest, Change, Circumstances, Direction, Report};
use serde_json::json;
use std::path::Path;

/// The longest text of a statement that a line shows.
const SHOWN: usize = 160;

pub(super) fn run(file: &Path, args: &BacktestArgs) -> Result<(), Failure> {
    let dir = match &args.dir {
        Some(dir) => Some(dir.clone()),
        None => super::folder(file, None)?,
    };
    let policies = PolicySet::load(dir.as_deref()).map_err(problems)?;
    let since = super::since(&args.since)?;
    let told = format!("policy backtest of {}", args.since);
    let ledger = super::ledger(file, args.ledger.as_deref(), &told)?;
    let mut backtest = Backtest::new(&policies, args.examples);
    let wanted = |asked: &Asked, who: Option<&Circumstances>| {
        asked.time.micros() >= since && concerns(args, who)
    };
    super::each(&ledger, |entry| backtest.feed(entry, wanted))?;
    let report = backtest.finish();
    let mut out = Out::new();
    if args.json {
        out.json(&object(&report))?;
    } else {
        tell(&mut out, &report)?;
    }
    out.flush()?;
    let fails = |change: &&Change| match args.fail_on {
        None => false,
        Some(FailOn::Any) => true,
        // What goes both ways lets something through and something not.
        Some(FailOn::Looser) => change.direction != Direction::Stricter,
        Some(FailOn::Stricter) => change.direction != Direction::Looser,
    };
    let failing: u64 = report.changes.iter().filter(fails).map(|change| change.statements).sum();
    let unknowable: u64 = report.unknowable.iter().map(|(_, count)| count).sum();
    if failing > 0 {
        return Err(Failure::Refused(format!("{failing} statements would differ")));
    }
    if args.fail_on.is_some() && unknowable > 0 {
        return Err(Failure::Refused(format!("{unknowable} statements could not be decided")));
    }
    Ok(())
}

fn concerns(args: &BacktestArgs, who: Option<&Circumstances>) -> bool {
    let named = |name: &String| {
        who.is_some_and(|who| who.identity.chain().split('/').any(|part| part == name))
    };
    let on = |name: &String| who.is_some_and(|who| who.database.as_str() == name);
    args.identity.as_ref().is_none_or(named) && args.database.as_ref().is_none_or(on)
}

fn tell(out: &mut Out, report: &Report) -> Result<(), Failure> {
    let (statements, decisions) = (report.statements, report.decisions);
    out.line(format!("{statements} statements decided again, by {decisions} decisions"))?;
    out.line(format!("{} would have got the same verdict", report.same))?;
    for direction in [Direction::Stricter, Direction::Looser, Direction::Other] {
        let of = report.changes.iter().filter(|change| change.direction == direction);
        let count: u64 = of.map(|change| change.statements).sum();
        if count > 0 {
            let word = match direction {
                Direction::Stricter => "a stricter one",
                Direction::Looser => "a looser one",
                Direction::Other => "one that is neither stricter nor looser",
            };
            out.line(format!("{count} {word}"))?;
        }
    }
    for (why, count) in &report.unknowable {
        out.line(format!("{count} could not be decided: {}", why.why()))?;
    }
    for change in &report.changes {
        let Change { statements, identity, database, .. } = change;
        out.line("")?;
        let what = change.what.join(", ");
        out.line(format!("{statements} × {identity} on {database}: {what}"))?;
        let text: String = change.text.chars().take(SHOWN).collect();
        out.line(format!("  {}", text.replace('\n', " ")))?;
        for reason in &change.reasons {
            out.line(format!("  {reason}"))?;
        }
        let ids: Vec<String> = change.examples.iter().map(ToString::to_string).collect();
        if !ids.is_empty() {
            out.line(format!("  weir audit show {}", ids.join(" ")))?;
        }
    }
    Ok(())
}

/// A report as JSON.
pub(crate) fn object(report: &Report) -> serde_json::Value {
    let changes = report.changes.iter().map(|change| {
        json!({
            "identity": change.identity,
            "database": change.database,
            "text": change.text,
            "before": change.before,
            "after": change.after,
            "direction": change.direction.as_str(),
            "what": change.what,
            "policies": change.policies,
            "reasons": change.reasons,
            "statements": change.statements,
            "examples": change.examples,
            "first": change.first,
            "last": change.last,
        })
    });
    let unknowable = report.unknowable.iter();
    let unknowable = unknowable.map(|(why, count)| json!({ "why": why.why(), "count": count }));
    json!({
        "statements": report.statements,
        "decisions": report.decisions,
        "same": report.same,
        "changes": changes.collect::<Vec<_>>(),
        "undecided": unknowable.collect::<Vec<_>>(),
    })
}
