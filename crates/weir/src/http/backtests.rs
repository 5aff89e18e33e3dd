//! A change of policies before it is one: the set in force with another text in the place of a
//! file, checked as `weir policy check` does and held against the record as `weir policy backtest`
//! does, in the background. Knows no page and no route.

use super::jobs::{Asked, Job, Jobs};
use crate::{
    command::policy::{BETWEEN_TELLINGS, check::known_of, since},
    exit::{Failure, Problem},
    layout,
    serve::Shared,
};
use ::console::{job::How, policies::Trouble};
use ledger::{LedgerError, Reader};
use policy::PolicySet;
use rehearsal::{Circumstances, Report};
use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

/// How many days are looked back unless told otherwise, and at most.
pub(super) const DAYS: u32 = 7;
pub(super) const MOST_DAYS: u32 = 90;
/// The longest text: bytes.
const LONGEST: usize = 40_000;

/// A text in the place of a file, and how many days are looked back.
#[derive(Clone, Debug, Default)]
pub(super) struct Trial {
    pub(super) file: String,
    pub(super) text: String,
    pub(super) days: u32,
}

/// What came of one.
#[derive(Debug)]
pub(super) struct Backtest {
    pub(super) report: Report,
    pub(super) took: Duration,
}

/// Those that are made and those that were.
pub(super) type Backtests = Jobs<Backtest, Trial>;

/// The file's name alone, as pages and paths have it.
pub(super) fn name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The set in force with this text in the place of that file, if it is sound, and what is wrong
/// with it or doubtful in that file.
pub(super) async fn checked(
    shared: &Shared,
    trial: &Trial,
) -> Result<(Option<PolicySet>, Vec<Trouble>), Failure> {
    let Trial { file, text, .. } = trial.clone();
    let wrong = |message: &str| {
        let trouble = Trouble { message: message.to_owned(), wrong: true, ..Trouble::default() };
        Ok((None, vec![trouble]))
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if file.is_empty() || !file.ends_with(".cedar") || !file.chars().all(plain) {
        return wrong("the name of the file has letters, digits and . _ -, and ends in .cedar");
    }
    if text.len() > LONGEST {
        return wrong("the text is too long to be tried here: use weir policy check");
    }
    let config = shared.config.load_full();
    let known = known_of(&config, Some(&shared.store)).await?;
    let set = shared.policies.load_full();
    let made = tokio::task::spawn_blocking(move || {
        let made = set.with(&[(&file, &text)]);
        made.map(|set| {
            let doubts = set.doubts(&known).into_iter().filter(|doubt| name(&doubt.file) == file);
            let doubts = doubts.map(|doubt| trouble(doubt.into(), false)).collect();
            (set, doubts)
        })
    });
    Ok(match made.await.map_err(|error| Failure::Failed(error.into()))? {
        Ok((set, doubts)) => (Some(set), doubts),
        Err(found) => {
            let all = found.into_iter().map(|problem| trouble(problem.into(), true));
            (None, all.collect())
        }
    })
}

fn trouble(problem: Problem, wrong: bool) -> Trouble {
    let Problem { file, line, column, message, help } = problem;
    let file = name(Path::new(&file));
    Trouble { place: format!("{file}:{line}:{column}"), message, help, wrong }
}

/// Begins one of a sound set. Who asked is in the record before it is begun.
pub(super) async fn begin(
    backtests: &Backtests,
    shared: &Shared,
    (who, how): (&str, &str),
    set: PolicySet,
    trial: Trial,
) -> Result<Result<Arc<Job<Backtest, Trial>>, String>, store::StoreError> {
    let days = trial.days.clamp(1, MOST_DAYS);
    let words = format!("policy backtest of {days}d");
    let ledger = layout::ledger(&shared.config.load());
    let all = shared.ledger.stats().records;
    let asked = Asked { who, words: &words, how };
    let make = move |job: &Job<Backtest, Trial>| run(&set, &ledger, days, all, job);
    backtests.begin(&shared.store, &asked, trial, make).await
}

fn run(
    set: &PolicySet,
    ledger: &Path,
    days: u32,
    all: u64,
    job: &Job<Backtest, Trial>,
) -> Result<(Backtest, bool), Failure> {
    let begun = Instant::now();
    let since = since(&format!("{days}d"))?;
    let mut backtest = rehearsal::Backtest::new(set, 1);
    let wanted = |asked: &rehearsal::Asked, _: Option<&Circumstances>| asked.time.micros() >= since;
    for entry in Reader::open(ledger)? {
        match entry {
            Ok(entry) => {
                let read = entry.sequence.0;
                if read.is_multiple_of(BETWEEN_TELLINGS) {
                    job.tell(How::Reads(read, all.max(read)));
                    if job.goes_on().is_break() {
                        return Err(LedgerError::Stopped.into());
                    }
                }
                backtest.feed(&entry, wanted);
            }
            Err(LedgerError::Damaged(damage)) => {
                tracing::warn!("a backtest reads past damage: {damage}");
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok((Backtest { report: backtest.finish(), took: begun.elapsed() }, true))
}
