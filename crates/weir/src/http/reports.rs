//! Reports that are made in the background for whoever asked, as `weir report` makes them. Knows no
//! page and no route.

use super::jobs::{Asked, Job, Jobs};
use crate::{
    audit::{told, wait_for_checkpoint},
    exit::Failure,
    layout,
    serve::Shared,
};
use ::console::job::How;
use ::report::{Basis, FRAMEWORKS, Made, Report, Request, Subject, Verified};
use index::Answers;
use ledger::{Known, Time};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

/// How many records stand behind each figure.
const SAMPLES: usize = 3;
/// How long one question may take.
const PATIENCE: Duration = Duration::from_secs(300);
/// The longest name: bytes.
const LONGEST: usize = 300;

/// What somebody asks for.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) since: String,
    pub(super) until: String,
    /// The whole ledger is verified first.
    pub(super) whole: bool,
}

/// Kinds of reports that there are, with their titles.
pub(super) fn kinds() -> Vec<(String, String)> {
    let frameworks = FRAMEWORKS.iter().map(|one| (one.word, one.title));
    let others = [
        ("person", "One identity: what it did, and what is recorded of it"),
        ("access", "A column or a label: who was given its values"),
        ("job", "A job or a model: which data fed it"),
        ("application", "The same, by what its sessions called themselves"),
    ];
    frameworks.chain(others).map(|(word, title)| (word.to_owned(), title.to_owned())).collect()
}

impl Wanted {
    /// What it is about, or what is wrong with it.
    fn subject(&self) -> Result<Subject, String> {
        let name = self.name.trim();
        if name.len() > LONGEST || name.chars().any(char::is_control) {
            return Err("The name is too long, or is none.".to_owned());
        }
        let named = |subject: Subject| match name.is_empty() {
            true => Err("It needs a name: about whom or what?".to_owned()),
            false => Ok(subject),
        };
        let job = |application| Subject::Job { name: name.to_owned(), application };
        match self.kind.as_str() {
            "person" => named(Subject::Person(name.to_owned())),
            "access" => named(Subject::Access(name.to_owned())),
            "job" => named(job(false)),
            "application" => named(job(true)),
            word if FRAMEWORKS.iter().any(|one| one.word == word) => {
                Ok(Subject::Framework(word.to_owned()))
            }
            _ => Err("There is no such report.".to_owned()),
        }
    }
}

/// True for `2026-01-31`, whether or not there is such a day.
fn is_day(text: &str) -> bool {
    text.len() == 10 && text.bytes().all(|c| c.is_ascii_digit() || c == b'-')
}

fn day(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Begins one. Who asked for what is in the record before it is begun.
pub(super) async fn begin(
    reports: &Jobs<Report>,
    shared: &Shared,
    who: &str,
    how: &str,
    wanted: &Wanted,
) -> Result<Result<Arc<Job<Report>>, String>, store::StoreError> {
    let subject = match wanted.subject() {
        Ok(subject) => subject,
        Err(why) => return Ok(Err(why)),
    };
    let (since, until) = (day(&wanted.since), day(&wanted.until));
    if ![&since, &until].into_iter().flatten().all(|text| is_day(text)) {
        return Ok(Err("Days are written YYYY-MM-DD.".to_owned()));
    }
    let words = told(&subject, since.as_deref(), until.as_deref());
    let request = Request {
        subject,
        since,
        until,
        samples: SAMPLES,
        patience: PATIENCE,
        made: Made {
            time: Time::from(SystemTime::now()).to_string(),
            by: who.to_owned(),
            weir: env!("CARGO_PKG_VERSION").to_owned(),
        },
    };
    let config = shared.config.load();
    let files = Files { ledger: layout::ledger(&config), index: layout::index(&config) };
    let whole = wanted.whole;
    let asked = Asked { who, words: &words, how };
    reports.begin(&shared.store, &asked, (), move |job| make(&files, &request, whole, job)).await
}

/// Where the record and its index are.
struct Files {
    ledger: PathBuf,
    index: PathBuf,
}

/// Makes one, as `weir report` does; with whether the ledger is sound, as far as it was looked.
fn make(
    files: &Files,
    request: &Request,
    whole: bool,
    job: &Job<Report>,
) -> Result<(Report, bool), Failure> {
    let mut answers = Answers::open(&files.index)?;
    answers.stop_when(job.stops());
    let records = answers.state()?.next;
    let verified = match whole {
        false => None,
        true => {
            let mut tell = |done: u64| {
                job.tell(How::Verifies(done, records.max(done)));
                job.goes_on()
            };
            job.tell(How::Verifies(0, records));
            let found = ledger::verify_telling(&files.ledger, &Known::default(), &mut tell)?;
            Some(Verified::new(&found, false))
        }
    };
    wait_for_checkpoint(&files.ledger, answers.state()?.next)?;
    let basis = Basis::read(&files.ledger, &answers, verified)?;
    let tell = |done: usize, all: usize| job.tell(How::Asks(done as u64, all as u64));
    let report = ::report::make_telling(&answers, &files.ledger, basis, request, &tell)?;
    let sound = report.basis.verified.as_ref().is_none_or(|found| found.sound);
    Ok((report, sound))
}

/// A report in a form, with its media type; nothing if there is no such form.
pub(super) fn form(report: &Report, form: &str) -> Option<(&'static str, Vec<u8>)> {
    match form {
        "html" => Some(("text/html; charset=utf-8", report.html().into_bytes())),
        "pdf" => Some(("application/pdf", report.pdf())),
        "json" => Some(("application/json", report.json().ok()?.into_bytes())),
        _ => None,
    }
}

/// Whether the ledger as it is now grew from a checkpoint that somebody kept: how many records that
/// one has, or why it did not.
pub(super) fn grew_from(dir: &Path, note: &str) -> Result<u64, String> {
    let words = |error: ledger::LedgerError| error.to_string();
    let log = ledger::Keys::read(dir).map_err(words)?.log;
    let kept = ledger::open_checkpoint(note, &log).map_err(words)?;
    let now = ledger::checkpoint(dir).map_err(words)?.ok_or("there is no checkpoint yet")?;
    let now = ledger::open_checkpoint(&now, &log).map_err(words)?;
    if kept.size > now.size {
        return Err(format!("it has {} records, and the ledger {}", kept.size, now.size));
    }
    let root = ledger::Tiles::new(dir, now.size).root_at(kept.size).map_err(words)?;
    match root == kept.root {
        true => Ok(kept.size),
        false => Err("the ledger had another root at that size: it was changed".to_owned()),
    }
}
