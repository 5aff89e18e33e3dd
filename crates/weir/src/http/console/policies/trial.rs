//! A change of policies before it is one: the set in force with another text in the place of a
//! file, checked as `weir policy check` does and held against the record as `weir policy backtest`
//! does.

use super::{
    super::{
        Console,
        answer::{Answer, No},
        looker::{Looker, Pressed},
        sign_in::html,
    },
    Named, name,
};
use crate::{
    command::policy::{check::known_of, since},
    exit::{Failure, Problem},
};
use axum::{
    extract::{Query, State},
    response::Html,
};
use console::{
    layout::Place,
    parts,
    policies::{self, Backtested, Changed, Trouble, Try},
};
use ledger::{LedgerError, Reader};
use policy::PolicySet;
use rehearsal::{Asked, Backtest, Change, Circumstances, Direction};
use std::{
    collections::BTreeSet,
    path::Path,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};
use tokio::sync::OwnedSemaphorePermit;

/// How many days are looked back unless told otherwise, and at most.
const DAYS: u32 = 7;
const MOST_DAYS: u32 = 90;
/// How long a backtest may take: less than its connection has, so that the answer still arrives.
const PATIENCE: Duration = Duration::from_secs(45);
/// How many kinds of changes are shown.
const SHOWN: usize = 50;
/// The longest text: bytes.
const LONGEST: usize = 40_000;

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
    let (file, text) = (pressed.field("file").to_owned(), pressed.field("text").to_owned());
    pressed.looker.need(Place::Policies.right())?;
    let (_, troubles) = console.checked(file, text).await?;
    Ok(Html(policies::sound(&troubles).into_string()))
}

/// `POST /console/policies/try`.
pub(in super::super) async fn attempt(
    State(console): State<Arc<Console>>,
    pressed: Pressed,
) -> Result<Html<String>, No> {
    let (file, text) = (pressed.field("file").to_owned(), pressed.field("text").to_owned());
    let days = pressed.field("days").parse().unwrap_or(DAYS).clamp(1, MOST_DAYS);
    let backtests = pressed.field("word") == "backtest";
    let looker = pressed.looker.need(Place::Policies.right())?;
    let files = files(&console.shared.policies.load());
    let (set, troubles) = console.checked(file.clone(), text.clone()).await?;
    let mut page = Try { files, file, text, days, ..Try::default() };
    page.troubles = Some(troubles);
    if let (true, Some(set)) = (backtests, set) {
        match Arc::clone(&console.backtests).try_acquire_owned() {
            Err(_) => {
                page.said = Some("Somebody else's runs now: try again when it is done.".into())
            }
            Ok(runs) => match console.backtest(&looker, set, days, runs).await? {
                Ok(found) => page.backtested = Some(found),
                Err(why) => page.said = Some(why),
            },
        }
    }
    html(policies::attempt(&page, &looker.viewer))
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

fn trouble(problem: Problem, wrong: bool) -> Trouble {
    let Problem { file, line, column, message, help } = problem;
    let file = Path::new(&file).file_name().unwrap_or_default().to_string_lossy().into_owned();
    Trouble { place: format!("{file}:{line}:{column}"), message, help, wrong }
}

impl Console {
    /// The set in force with this text in the place of that file, if it is sound, and what is wrong
    /// with it or doubtful in that file.
    async fn checked(
        &self,
        file: String,
        text: String,
    ) -> Result<(Option<PolicySet>, Vec<Trouble>), No> {
        let wrong = |message: &str| {
            let trouble =
                Trouble { message: message.to_owned(), wrong: true, ..Trouble::default() };
            Ok((None, vec![trouble]))
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if file.is_empty() || !file.ends_with(".cedar") || !file.chars().all(plain) {
            return wrong("the name of the file has letters, digits and . _ -, and ends in .cedar");
        }
        if text.len() > LONGEST {
            return wrong("the text is too long for a page: use weir policy check");
        }
        let config = self.shared.config.load_full();
        let known = known_of(&config, Some(&self.shared.store))
            .await
            .map_err(|failure| No::because("the control state", &format!("{failure:?}")))?;
        let set = self.shared.policies.load_full();
        let made = tokio::task::spawn_blocking(move || {
            let made = set.with(&[(&file, &text)]);
            made.map(|set| {
                let doubts =
                    set.doubts(&known).into_iter().filter(|doubt| name(&doubt.file) == file);
                let doubts = doubts.map(|doubt| trouble(doubt.into(), false)).collect();
                (set, doubts)
            })
        });
        let made = made.await.map_err(|error| No::because("the policies", &error))?;
        Ok(match made {
            Ok((set, doubts)) => (Some(set), doubts),
            Err(found) => {
                let all = found.into_iter().map(|problem| trouble(problem.into(), true));
                (None, all.collect())
            }
        })
    }

    /// What would have been decided otherwise in the last days. That somebody asked is in the
    /// record.
    async fn backtest(
        &self,
        looker: &Looker,
        set: PolicySet,
        days: u32,
        runs: OwnedSemaphorePermit,
    ) -> Result<Result<Backtested, String>, No> {
        let what = format!("read the record: policy backtest of {days}d by the console");
        self.shared.store.administered(SystemTime::now(), &looker.who.name, &what).await?;
        let ledger = self.files().ledger;
        // It is held until the reading ends, whether or not anybody still waits for it.
        let ran = tokio::task::spawn_blocking(move || {
            let _runs = runs;
            run(&set, &ledger, days)
        });
        ran.await.map_err(|error| No::because("the record", &error))
    }
}

fn run(set: &PolicySet, ledger: &Path, days: u32) -> Result<Backtested, String> {
    let begun = Instant::now();
    let failed = |failure: Failure| {
        tracing::error!("a backtest did not come to its end: {failure:?}");
        "The record cannot be read: the log says why.".to_owned()
    };
    let since = since(&format!("{days}d")).map_err(failed)?;
    let mut backtest = Backtest::new(set, 1);
    let wanted = |asked: &Asked, _: Option<&Circumstances>| asked.time.micros() >= since;
    let mut late = false;
    for entry in Reader::open(ledger).map_err(|error| failed(error.into()))? {
        late = begun.elapsed() > PATIENCE;
        if late {
            break;
        }
        match entry {
            Ok(entry) => backtest.feed(&entry, wanted),
            Err(LedgerError::Damaged(damage)) => {
                tracing::warn!("a backtest reads past damage: {damage}");
            }
            Err(error) => return Err(failed(error.into())),
        }
    }
    if late {
        let seconds = PATIENCE.as_secs();
        return Err(format!(
            "The record is too long for a page: it was not read within {seconds} s. The command \
             line has no such limit: weir policy backtest --since {days}d"
        ));
    }
    let report = backtest.finish();
    let unknowable = report.unknowable.iter();
    Ok(Backtested {
        statements: report.statements,
        same: report.same,
        changed: report.changes.iter().take(SHOWN).map(changed).collect(),
        more: report.changes.len().saturating_sub(SHOWN),
        unknowable: unknowable.map(|(why, count)| (why.why().to_string(), *count)).collect(),
        took: parts::duration(u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX)),
    })
}

fn changed(change: &Change) -> Changed {
    Changed {
        statements: change.statements,
        identity: change.identity.clone(),
        database: change.database.clone(),
        direction: match change.direction {
            Direction::Stricter => "stricter",
            Direction::Looser => "looser",
            Direction::Other => "other",
        },
        what: change.what.join(", "),
        text: change.text.clone(),
        reasons: change.reasons.clone(),
        example: change.examples.first().map(ToString::to_string),
    }
}
