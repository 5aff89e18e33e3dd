//! Reports that are made in the background, one after the other, each for whoever asked for it:
//! nobody else is told that there is one. They are kept in memory and end with the process. Knows
//! no page and no route.

use crate::{
    audit::{told, wait_for_checkpoint},
    exit::Failure,
    layout,
    serve::Shared,
};
use ::console::reports::{How, Listed};
use ::report::{Basis, FRAMEWORKS, Made, Report, Request, Subject, Verified};
use index::Answers;
use ledger::{Known, Time};
use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};
use tokio::sync::Semaphore;

/// The most reports of one person, and of all.
const OF_ONE: usize = 5;
const OF_ALL: usize = 50;
/// How many records stand behind each figure.
const SAMPLES: usize = 3;
/// How long one question may take.
const PATIENCE: Duration = Duration::from_secs(300);
/// The longest name: bytes.
const LONGEST: usize = 300;

/// All of them.
pub(super) struct Reports {
    kept: Mutex<VecDeque<Arc<Kept>>>,
    turn: Arc<Semaphore>,
}

/// One.
pub(super) struct Kept {
    id: String,
    by: String,
    words: String,
    asked: SystemTime,
    state: Mutex<State>,
}

struct State {
    how: How,
    report: Option<Arc<Report>>,
}

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

/// Ends a report that was not begun: whoever asked for it went away meanwhile.
struct Unbegun(Option<Arc<Kept>>);

impl Drop for Unbegun {
    fn drop(&mut self) {
        if let Some(kept) = self.0.take() {
            kept.end(Err("Whoever asked for it went away before it was begun.".to_owned()));
        }
    }
}

impl Reports {
    pub(super) fn new() -> Self {
        Self { kept: Mutex::default(), turn: Arc::new(Semaphore::new(1)) }
    }

    /// Somebody's, newest first.
    pub(super) fn of(&self, who: &str) -> Vec<Listed> {
        self.lock().iter().rev().filter(|one| one.by == who).map(|one| one.listed()).collect()
    }

    /// One of somebody's.
    pub(super) fn one(&self, who: &str, id: &str) -> Option<Arc<Kept>> {
        self.lock().iter().find(|one| one.by == who && one.id == id).map(Arc::clone)
    }

    /// Forgets one of somebody's; false if there is none, or it is not done.
    pub(super) fn forget(&self, who: &str, id: &str) -> bool {
        let mut kept = self.lock();
        let found = kept.iter().position(|one| one.by == who && one.id == id && one.is_over());
        found.and_then(|at| kept.remove(at)).is_some()
    }

    /// Begins one. Who asked for what is in the record before it is begun.
    pub(super) async fn begin(
        &self,
        shared: &Arc<Shared>,
        who: &str,
        how: &str,
        wanted: &Wanted,
    ) -> Result<Result<Arc<Kept>, String>, store::StoreError> {
        let subject = match wanted.subject() {
            Ok(subject) => subject,
            Err(why) => return Ok(Err(why)),
        };
        let (since, until) = (day(&wanted.since), day(&wanted.until));
        if ![&since, &until].into_iter().flatten().all(|text| is_day(text)) {
            return Ok(Err("Days are written YYYY-MM-DD.".to_owned()));
        }
        let words = told(&subject, since.as_deref(), until.as_deref());
        let now = SystemTime::now();
        let kept = match self.room(who, &words, now) {
            Ok(kept) => kept,
            Err(why) => return Ok(Err(why)),
        };
        let mut unbegun = Unbegun(Some(Arc::clone(&kept)));
        let read = format!("read the record: {words} by {how}");
        if let Err(error) = shared.store.administered(now, who, &read).await {
            unbegun.0 = None;
            kept.end(Err("It could not be put into the record that it was asked for.".to_owned()));
            return Err(error);
        }
        let request = Request {
            subject,
            since,
            until,
            samples: SAMPLES,
            patience: PATIENCE,
            made: Made {
                time: Time::from(now).to_string(),
                by: who.to_owned(),
                weir: env!("CARGO_PKG_VERSION").to_owned(),
            },
        };
        let config = shared.config.load();
        let files = Files { ledger: layout::ledger(&config), index: layout::index(&config) };
        let (turn, whole) = (Arc::clone(&self.turn), wanted.whole);
        let made = Arc::clone(&kept);
        unbegun.0 = None;
        tokio::spawn(async move {
            let Ok(_turn) = turn.acquire().await else { return };
            let making = Arc::clone(&made);
            let done = tokio::task::spawn_blocking(move || make(&files, &request, whole, &making));
            made.end(match done.await {
                Ok(Ok(report)) => Ok(report),
                Ok(Err(why)) => Err(words_of(why)),
                Err(error) => {
                    tracing::error!("a report came to nothing: {error}");
                    Err("It came to nothing: the log says why.".to_owned())
                }
            });
        });
        Ok(Ok(kept))
    }

    /// A place for one more of somebody's: the oldest that is done goes.
    fn room(&self, who: &str, words: &str, now: SystemTime) -> Result<Arc<Kept>, String> {
        let mut all = self.lock();
        for (most, of) in [(OF_ONE, Some(who)), (OF_ALL, None)] {
            let is_of = |one: &Arc<Kept>| of.is_none_or(|who| one.by == who);
            if all.iter().filter(|one| is_of(one)).count() < most {
                continue;
            }
            let oldest = all.iter().position(|one| is_of(one) && one.is_over());
            if oldest.and_then(|at| all.remove(at)).is_none() {
                return Err("Too many are under way: wait until one is done.".to_owned());
            }
        }
        let micros = Time::from(now).micros();
        let last = all.back().and_then(|one| one.id.parse::<i64>().ok()).unwrap_or(0);
        let kept = Arc::new(Kept {
            id: micros.max(last + 1).to_string(),
            by: who.to_owned(),
            words: words.to_owned(),
            asked: now,
            state: Mutex::new(State { how: How::Waits, report: None }),
        });
        all.push_back(Arc::clone(&kept));
        Ok(kept)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Arc<Kept>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// As lists have it.
    pub(super) fn listed(&self) -> Listed {
        Listed {
            id: self.id.clone(),
            words: self.words.clone(),
            asked: Time::from(self.asked).to_string(),
            how: self.lock().how.clone(),
        }
    }

    /// The report, once it is there.
    pub(super) fn report(&self) -> Option<Arc<Report>> {
        self.lock().report.clone()
    }

    fn is_over(&self) -> bool {
        matches!(self.lock().how, How::Done(_) | How::Failed(_))
    }

    fn tell(&self, how: How) {
        self.lock().how = how;
    }

    fn end(&self, made: Result<Report, String>) {
        let mut state = self.lock();
        *state = match made {
            Ok(report) => {
                let sound = report.basis.verified.as_ref().is_none_or(|found| found.sound);
                State { how: How::Done(sound), report: Some(Arc::new(report)) }
            }
            Err(why) => State { how: How::Failed(why), report: None },
        };
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where the record and its index are.
struct Files {
    ledger: PathBuf,
    index: PathBuf,
}

/// Makes one, as `weir report` does.
fn make(files: &Files, request: &Request, whole: bool, kept: &Kept) -> Result<Report, Failure> {
    let answers = Answers::open(&files.index)?;
    let records = answers.state()?.next;
    let verified = match whole {
        false => None,
        true => {
            let mut tell = |done: u64| kept.tell(How::Verifies(done, records.max(done)));
            tell(0);
            let found = ledger::verify_telling(&files.ledger, &Known::default(), &mut tell)?;
            Some(Verified::new(&found, false))
        }
    };
    wait_for_checkpoint(&files.ledger, answers.state()?.next)?;
    let basis = Basis::read(&files.ledger, &answers, verified)?;
    let tell = |done: usize, all: usize| kept.tell(How::Asks(done as u64, all as u64));
    Ok(::report::make_telling(&answers, &files.ledger, basis, request, &tell)?)
}

/// Why there is no report, as the command line says it.
fn words_of(failure: Failure) -> String {
    match failure {
        Failure::Refused(why) => why,
        failure => {
            tracing::error!("a report came to nothing: {failure:?}");
            "It came to nothing: the log says why.".to_owned()
        }
    }
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
