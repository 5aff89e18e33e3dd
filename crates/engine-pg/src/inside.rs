//! Sessions for parts of the program: on behalf of somebody who has proven who they are elsewhere
//! (HTTP), over a stream that never leaves the process. Knows no HTTP.
//!
//! ```text
//! Engine::open_inside ─▶ Inside ◀─ a stream ─▶ session ─▶ relay ─▶ gate ─▶ upstream
//!                          └──────── notes ◀────────────────┘
//! ```
//!
//! What runs here passes the same relay and the same gate as what comes over a wire: there is no
//! second way to a database. What a wire cannot say stands in [`Note`]s: what was decided on each
//! statement, under which id the record has it, how its values left.

mod answer;
mod talk;

pub use answer::{Answer, Ask, Column, Cut, Said, Upto};
pub use talk::{Ended, Inside};
pub use wire_pg::backend::{Status, field};

use crate::{Engine, login::Client, session};
use gate::{Counts, Plan, Preview, Refusal, Via, hold::Waiting};
use model::{Blame, Disclosure, Identity};
use net::Stream;
use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// Bytes that may be on their way in one direction.
const STREAM_BYTES: usize = 64 * 1024;
/// Notes that are kept of one exchange; what comes beyond is not noted.
const MAX_NOTES: usize = 256;
/// Protocol 3.2: a key for cancelling that cannot be guessed.
const MINOR: u16 = 2;

/// On whose behalf a session is opened, and how it is recorded.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who it is: proven.
    pub identity: Arc<Identity>,
    /// By which credential they proved it: the session ends with that one.
    pub credential: Option<Arc<identity::Credential>>,
    /// From where they came, and whether that was encrypted.
    pub peer: SocketAddr,
    /// The same.
    pub tls: bool,
    /// How they proved who they are: `token`, …
    pub method: &'static str,
    /// By which way their statements come.
    pub via: Via,
    /// What they call the program that they use. A claim, never a right.
    pub application: String,
    /// The database, by Weir's name.
    pub database: String,
    /// A statement that needs approval waits for it; else it is refused, and runs when it is sent
    /// again after approval.
    pub waits: bool,
    /// Everything is tried and undone: what waits for approval runs, and nothing of it stays.
    pub preview: Option<Preview>,
    /// The task it works on, where it has several.
    pub task: Option<String>,
}

/// How many rows of a table a statement that was tried inserted, updated and deleted, by whatever
/// it set off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The table's schema.
    pub schema: String,
    /// Its name.
    pub table: String,
    /// How many rows it got.
    pub inserted: u64,
    /// How many were changed.
    pub updated: u64,
    /// How many went.
    pub deleted: u64,
    /// The identity may read the table.
    pub readable: bool,
}

/// What happened to a statement, as no wire tells it.
#[derive(Clone, Debug)]
pub enum Note {
    /// It was understood and decided on. Nothing ran.
    Planned(Arc<Plan>),
    /// Values were bound to a statement that waits for approval: what the approval is bound to.
    Bound(Vec<u8>),
    /// It was recorded and may run: what was decided, and its ids in the record.
    Cleared(Arc<Plan>, Vec<String>),
    /// It does not run.
    Refused(Refusal),
    /// It waits for approval, and was refused for now.
    Waiting(Waiting),
    /// One statement of the text ended.
    Done(Done),
    /// What a statement that was tried changed; `None` if the server does not count.
    Changed(Option<Vec<Changed>>),
    /// What is tried puts labelled values where no label tells of them yet.
    Carries,
}

/// How a statement ended.
#[derive(Clone, Debug)]
pub struct Done {
    /// What was decided.
    pub plan: Arc<Plan>,
    /// Which statement of the text.
    pub part: usize,
    /// What it did, and how its values left.
    pub counts: Counts,
    /// What each column of the result could show in the end; `None` if no row was looked at.
    pub decided: Option<Box<[Disclosure]>>,
    /// Policy withheld rows beyond its limit.
    pub limited: bool,
}

/// What happened in one exchange.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes(Arc<Exchange>);

#[derive(Debug, Default)]
struct Exchange {
    notes: Mutex<Vec<Note>>,
    /// What runs now may only read.
    reads: AtomicBool,
    /// What comes now only asks for approval.
    asks: AtomicBool,
    /// What comes now is tried: what it changes is counted.
    tries: AtomicBool,
}

impl Notes {
    fn push(&self, note: Note) {
        let mut notes = self.0.notes.lock().unwrap_or_else(PoisonError::into_inner);
        if notes.len() < MAX_NOTES {
            notes.push(note);
        }
    }

    fn take(&self) -> Vec<Note> {
        std::mem::take(&mut *self.0.notes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What comes next may only read, or may do more; it may only ask for approval, or may run.
    fn begin(&self, reads: bool, upto: Upto) {
        self.take();
        self.0.reads.store(reads, Ordering::Release);
        self.0.asks.store(upto == Upto::Ask, Ordering::Release);
        self.0.tries.store(upto == Upto::Try, Ordering::Release);
    }
}

/// What a session does otherwise for a part of the program; nothing for everybody else.
#[derive(Clone, Debug, Default)]
pub(crate) struct Side(Option<Beside>);

#[derive(Clone, Debug)]
struct Beside {
    notes: Notes,
    waits: bool,
    preview: Option<Preview>,
}

impl Side {
    /// True for a part of the program.
    pub(crate) fn is_inside(&self) -> bool {
        self.0.is_some()
    }

    /// True if what runs now may only read.
    pub(crate) fn reads(&self) -> bool {
        self.0.as_ref().is_some_and(|beside| beside.notes.0.reads.load(Ordering::Acquire))
    }

    /// True if what comes now only asks for approval: it does not run, whatever was decided since.
    pub(crate) fn asks(&self) -> bool {
        self.0.as_ref().is_some_and(|beside| beside.notes.0.asks.load(Ordering::Acquire))
    }

    /// True if what comes now is tried, and what it changes is counted.
    pub(crate) fn tries(&self) -> bool {
        self.0.as_ref().is_some_and(|beside| beside.notes.0.tries.load(Ordering::Acquire))
    }

    /// For whom everything is tried and undone, if it is.
    pub(crate) fn preview(&self) -> Option<&Preview> {
        self.0.as_ref()?.preview.as_ref()
    }

    /// Whether the client waits for somebody to decide.
    pub(crate) fn waits(&self) -> bool {
        self.0.as_ref().is_none_or(|beside| beside.waits)
    }

    pub(crate) fn bound(&self, digest: Vec<u8>) {
        self.note(|| Note::Bound(digest));
    }

    pub(crate) fn cleared(&self, cleared: &gate::Cleared<gate::Statement>) {
        let statement = cleared.get();
        let ids = || statement.parts.iter().map(|part| part.id.to_string()).collect();
        self.note(|| Note::Cleared(Arc::clone(&statement.plan), ids()));
    }

    pub(crate) fn refused(&self, refusal: &Refusal) {
        self.note(|| Note::Refused(refusal.clone()));
    }

    pub(crate) fn asked(&self, waiting: &Waiting) {
        self.note(|| Note::Waiting(waiting.clone()));
    }

    /// Notes something, if anybody will read it.
    pub(crate) fn note(&self, note: impl FnOnce() -> Note) {
        if let Some(beside) = &self.0 {
            beside.notes.push(note());
        }
    }
}

impl Engine {
    /// Opens a session for somebody who has proven who they are.
    ///
    /// # Errors
    /// Whatever a client on the wire would be told: no such database, no right to connect, too many
    /// sessions, an upstream that cannot be reached.
    pub async fn open_inside(self: &Arc<Self>, caller: Caller) -> Result<Inside, Refusal> {
        let Ok(place) = Arc::clone(&self.inside).try_read_owned() else {
            return Err(stopping());
        };
        let (near, far) = tokio::io::duplex(STREAM_BYTES);
        let notes = Notes::default();
        let client = client(caller, Stream::Inside(far), notes.clone());
        let engine = Arc::clone(self);
        tokio::spawn(async move {
            session::serve(engine, Box::new(client)).await;
            drop(place);
        });
        let mut inside = Inside::new(Arc::clone(self), near, notes);
        match inside.greeted().await {
            Ok(()) => Ok(inside),
            Err(ended) => Err(inside.why_not(&ended)),
        }
    }

    /// Resolves when the last session from inside has ended. None may come while what it resolves
    /// to is kept.
    pub async fn inside_ended(&self) -> impl Drop + use<> {
        Arc::clone(&self.inside).write_owned().await
    }
}

/// The client that a session serves.
fn client(caller: Caller, stream: Stream, notes: Notes) -> Client {
    let Caller {
        identity,
        credential,
        peer,
        tls,
        method,
        via,
        application,
        database,
        waits,
        preview,
        task,
    } = caller;
    let mut settings = vec![
        ("client_encoding".to_owned(), "UTF8".to_owned()),
        ("application_name".to_owned(), application.clone()),
    ];
    settings.extend(task.map(|task| (session::TASK.to_owned(), task)));
    Client {
        stream,
        buffered: bytes::BytesMut::new(),
        identity,
        credential,
        signed_in: std::time::SystemTime::now(),
        database,
        application_name: application,
        settings,
        replication: None,
        protocol_minor: MINOR,
        peer,
        tls,
        certified: None,
        method,
        via: Some(via),
        side: Side(Some(Beside { notes, waits, preview })),
    }
}

fn stopping() -> Refusal {
    Refusal {
        sqlstate: "57P03",
        message: "Weir is shutting down".to_owned(),
        detail: None,
        hint: Some("Try again in a moment.".to_owned()),
        position: None,
        blame: Blame::Internal,
        puzzling: false,
        record: None,
    }
}

#[cfg(test)]
mod tests;
