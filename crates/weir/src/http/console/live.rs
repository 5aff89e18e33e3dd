//! Statements as they come, for whoever looks: a thread that follows the ledger while somebody
//! does, and hands rows on. It only reads files; statements never wait for it.

use super::weave::{Past, Weave};
use crate::{layout, serve::Shared};
use anyhow::Context;
use console::now::{Filter, Row};
use index::{Answers, Cell, IndexError, Limits};
use ledger::{LedgerError, Reader, Record, Sequence, SessionId, ShapeId, record::Shape};
use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    thread,
    time::{Duration, Instant},
};
use tokio::sync::{broadcast, watch};

/// How far back it begins: records.
const BEGIN: u64 = 2_048;
/// The rows that are kept for whoever comes.
const KEPT: usize = 400;
/// How long it sleeps when it has read everything.
const PAUSE: Duration = Duration::from_millis(150);
/// The most rows that are handed on at once; of more, the last.
const AT_ONCE: usize = 150;
/// How long it goes on when nobody looks any more.
const LINGER: Duration = Duration::from_secs(60);
/// How long a look into the past may take.
const LOOK: Limits = Limits { time: Duration::from_secs(2), rows: 1 };

/// What comes.
pub(super) struct Live {
    shared: Weak<Shared>,
    sender: broadcast::Sender<Arc<Row>>,
    rows: Mutex<VecDeque<Arc<Row>>>,
    /// Whether the thread runs, and has read what there was.
    running: watch::Sender<Running>,
    wanted: Mutex<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Running {
    Not,
    Begins,
    Ready,
}

impl Live {
    pub(super) fn new(shared: &Arc<Shared>) -> Arc<Self> {
        Arc::new(Self {
            shared: Arc::downgrade(shared),
            sender: broadcast::Sender::new(1_024),
            rows: Mutex::default(),
            running: watch::Sender::new(Running::Not),
            wanted: Mutex::new(Instant::now()),
        })
    }

    /// What comes from now on.
    pub(super) async fn follow(self: &Arc<Self>) -> broadcast::Receiver<Arc<Row>> {
        let receiver = self.sender.subscribe();
        self.ready().await;
        receiver
    }

    /// The newest rows that are looked for, newest first.
    pub(super) async fn recent(self: &Arc<Self>, filter: &Filter, most: usize) -> Vec<Row> {
        self.ready().await;
        let rows = self.lock();
        let fitting = rows.iter().rev().filter(|row| filter.fits(row));
        fitting.take(most).map(|row| Row::clone(row)).collect()
    }

    /// Starts the thread if it does not run, and waits until it has read what there was.
    async fn ready(self: &Arc<Self>) {
        *self.wanted.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        let begins = self.running.send_if_modified(|running| {
            let not = *running == Running::Not;
            if not {
                *running = Running::Begins;
            }
            not
        });
        if begins {
            let live = Arc::clone(self);
            let thread = thread::Builder::new().name("console".to_owned());
            if thread.spawn(move || live.run()).is_err() {
                self.running.send_replace(Running::Not);
            }
        }
        let mut running = self.running.subscribe();
        let ready = running.wait_for(|running| *running != Running::Begins);
        let _ = tokio::time::timeout(Duration::from_secs(5), ready).await;
    }

    fn run(self: Arc<Self>) {
        if let Err(error) = self.read() {
            tracing::warn!("the console does not see what comes: {error:#}");
        }
        self.lock().clear();
        self.running.send_replace(Running::Not);
    }

    /// Reads until nobody looks any more.
    fn read(&self) -> anyhow::Result<()> {
        let _ = index::step_back();
        let past = Files::of(&*self.shared.upgrade().context("weir is shutting down")?);
        let mut reader = Reader::open_last(&past.ledger, BEGIN)?;
        let mut weave = Weave::default();
        loop {
            let mut fresh = VecDeque::new();
            for entry in reader.by_ref() {
                let entry = match entry {
                    Ok(entry) => entry,
                    Err(LedgerError::Damaged(_)) => continue,
                    Err(error) => return Err(error.into()),
                };
                // A type of a later version makes no row.
                let Ok(record) = entry.record() else { continue };
                fresh.extend(weave.feed(&record, &past).map(Arc::new));
                if fresh.len() > KEPT {
                    fresh.pop_front();
                }
            }
            self.hand_on(fresh);
            self.running.send_if_modified(|running| {
                std::mem::replace(running, Running::Ready) != Running::Ready
            });
            if !self.is_wanted() {
                return Ok(());
            }
            thread::sleep(PAUSE);
        }
    }

    fn hand_on(&self, fresh: VecDeque<Arc<Row>>) {
        let skipped = fresh.len().saturating_sub(AT_ONCE);
        let mut rows = self.lock();
        for (at, row) in fresh.into_iter().enumerate() {
            // A row that is there already is the same statement, further on.
            match rows.iter().rposition(|one| one.id == row.id).and_then(|at| rows.get_mut(at)) {
                Some(before) => *before = Arc::clone(&row),
                None => rows.push_back(Arc::clone(&row)),
            }
            if rows.len() > KEPT {
                rows.pop_front();
            }
            if at >= skipped {
                // Nobody may be there.
                let _ = self.sender.send(row);
            }
        }
    }

    fn is_wanted(&self) -> bool {
        let wanted = *self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        let there = self.shared.strong_count() > 0;
        there && (self.sender.receiver_count() > 0 || wanted.elapsed() < LINGER)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Arc<Row>>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was written before the reading began, by the index.
pub(super) struct Files {
    pub(super) ledger: PathBuf,
    pub(super) index: PathBuf,
}

impl Files {
    pub(super) fn of(shared: &Shared) -> Self {
        let config = shared.config.load();
        Self { ledger: layout::ledger(&config), index: layout::index(&config) }
    }

    /// Where a session or a shape was written. Its name is one that was read as such, so it holds
    /// no quotation mark.
    fn place(&self, view: &str, column: &str, id: &str) -> Result<Option<Sequence>, IndexError> {
        let query = format!(
            "SELECT sequence FROM {view} WHERE {column} = '{id}' ORDER BY sequence DESC LIMIT 1"
        );
        let table = Answers::open(&self.index)?.sql(&query, &LOOK)?;
        let cell = table.rows.first().and_then(|row| row.first());
        Ok(match cell {
            Some(Cell::Int(place)) => u64::try_from(*place).ok().map(Sequence),
            _ => None,
        })
    }

    /// The record at this place, and its bytes.
    pub(super) fn read(&self, place: Sequence) -> Option<(Record<'static>, Vec<u8>)> {
        let entry = Reader::open_at(&self.ledger, place).ok()?.next()?.ok()?;
        let record = entry.record().ok().filter(|_| entry.sequence == place)?;
        Some((record, entry.payload))
    }

    fn record(&self, place: Sequence) -> Option<Record<'static>> {
        self.read(place).map(|(record, _)| record)
    }
}

impl Past for Files {
    fn session(&self, session: SessionId) -> Option<(String, String)> {
        let place = self.place("sessions", "session", &session.to_string()).ok()??;
        match self.record(place)? {
            Record::SessionOpened(opened) => {
                Some((opened.identity.into_owned(), opened.database.into_owned()))
            }
            _ => None,
        }
    }

    fn shape(&self, shape: ShapeId) -> Option<Shape<'static>> {
        let place = self.place("shapes", "shape", &shape.to_string()).ok()??;
        match self.record(place)? {
            Record::Shape(shape) => Some(shape),
            _ => None,
        }
    }
}
