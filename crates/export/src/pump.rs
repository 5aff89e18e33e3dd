//! One thread for each sink: reads, delivers, notes where it stands. Knows neither records nor
//! protocols.

use crate::{
    cursor::{Cursor, CursorFile},
    error::ExportError,
    event::Event,
    format::Maker,
    settings::{About, Begin, Format, Settings},
    shorten,
    sink::Sink,
    source::Source,
};
use ledger::Ledger;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};
use tokio::{sync::watch, time::sleep};

/// How many events are sent at a time.
pub const BATCH_EVENTS: usize = 500;
/// The first pause after a failure; each further one doubles it.
pub const BACKOFF_FIRST: Duration = Duration::from_millis(200);
/// The longest such pause.
pub const BACKOFF_LONGEST: Duration = Duration::from_secs(30);
/// How long after a defect of the program an export begins again.
const AFTER_DEFECT: Duration = Duration::from_secs(1);
/// How long to wait where nothing new is durable.
const IDLE: Duration = Duration::from_millis(100);
/// How many batches a sink that gathers still takes when Weir ends: what came a moment ago.
const LAST_BATCHES: usize = 10;
/// How often a sink that is down is mentioned in the log.
pub(crate) const REMINDER: Duration = Duration::from_secs(60);

/// What one sink counts.
#[derive(Debug)]
struct Counts {
    name: String,
    /// Everything before this record was acknowledged.
    next: AtomicU64,
    events: AtomicU64,
    failures: AtomicU64,
    failing: AtomicBool,
}

/// How far a sink is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lag {
    /// The sink.
    pub name: String,
    /// Durable records that it has not acknowledged.
    pub records: u64,
    /// Events that it acknowledged in this run.
    pub events: u64,
    /// Attempts that failed in this run.
    pub failures: u64,
    /// Whether the last attempt failed.
    pub failing: bool,
}

/// The running sinks. Their threads hold handles of the ledger until [`Exports::stop`].
#[derive(Debug)]
pub struct Exports {
    ledger: Ledger,
    counts: Vec<Arc<Counts>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    stop: watch::Sender<bool>,
}

impl Exports {
    /// Starts a thread for each sink. Cursors lie in `folder`.
    pub fn start(
        ledger: &Ledger,
        about: &About,
        folder: &Path,
        sinks: impl IntoIterator<Item = Settings>,
    ) -> Result<Self, ExportError> {
        let stop = watch::Sender::new(false);
        let mut exports =
            Self { ledger: ledger.clone(), counts: Vec::new(), threads: Mutex::default(), stop };
        for settings in sinks {
            let started = exports.add(about, folder, &settings);
            if let Err(error) = started {
                exports.stop();
                return Err(error);
            }
        }
        Ok(exports)
    }

    fn add(
        &mut self,
        about: &About,
        folder: &Path,
        settings: &Settings,
    ) -> Result<(), ExportError> {
        let file = CursorFile::new(folder, &settings.name)?;
        let cursor = begin(&self.ledger, &file, settings)?;
        let counts = Arc::new(Counts {
            name: settings.name.clone(),
            next: AtomicU64::new(cursor.next),
            events: AtomicU64::default(),
            failures: AtomicU64::default(),
            failing: AtomicBool::default(),
        });
        let start = Start {
            ledger: self.ledger.clone(),
            about: about.clone(),
            settings: settings.clone(),
            file,
            counts: Arc::clone(&counts),
            stop: self.stop.subscribe(),
        };
        let mut pump = Some(start.pump(cursor)?);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(ExportError::Thread)?;
        let thread = thread::Builder::new()
            .name(format!("export-{}", settings.name))
            .spawn(move || {
                while let Some(running) = pump.take() {
                    let run = AssertUnwindSafe(|| runtime.block_on(running.run()));
                    if catch_unwind(run).is_err() {
                        pump = start.again(&runtime);
                    }
                }
            })
            .map_err(ExportError::Thread)?;
        self.counts.push(counts);
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        Ok(())
    }

    /// How far each sink is.
    pub fn lag(&self) -> Vec<Lag> {
        let synced = self.ledger.stats().synced;
        let lag = |counts: &Arc<Counts>| Lag {
            name: counts.name.clone(),
            records: synced.saturating_sub(counts.next.load(Ordering::Relaxed)),
            events: counts.events.load(Ordering::Relaxed),
            failures: counts.failures.load(Ordering::Relaxed),
            failing: counts.failing.load(Ordering::Relaxed),
        };
        self.counts.iter().map(lag).collect()
    }

    /// Every sink has acknowledged all records before this one; `None` if there is no sink.
    pub fn delivered(&self) -> Option<u64> {
        self.counts.iter().map(|counts| counts.next.load(Ordering::Relaxed)).min()
    }

    /// Ends the threads. What was not acknowledged is sent when they start again.
    pub fn stop(&self) {
        self.stop.send_replace(true);
        for thread in self.threads.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            if thread.join().is_err() {
                tracing::error!("an export ended abnormally");
            }
        }
    }
}

/// What a pump is made of.
struct Start {
    ledger: Ledger,
    about: About,
    settings: Settings,
    file: CursorFile,
    counts: Arc<Counts>,
    stop: watch::Receiver<bool>,
}

impl Start {
    /// One that goes on there.
    fn pump(&self, cursor: Cursor) -> Result<Pump, ExportError> {
        let maker = Maker::new(&self.settings.format, &self.about, &key(&self.ledger));
        Ok(Pump {
            sink: Sink::new(&self.settings, &self.about)?,
            source: Source::new(&self.ledger, maker, &cursor),
            again: Again {
                ledger: self.ledger.clone(),
                about: self.about.clone(),
                format: self.settings.format.clone(),
                cursor,
                events: 0,
            },
            file: self.file.clone(),
            counts: Arc::clone(&self.counts),
            trouble: Trouble::default(),
            stop: self.stop.clone(),
        })
    }

    /// Another one after a defect of the program ended the last: from what was acknowledged, so
    /// nothing is lost. `None` if the program ends meanwhile.
    fn again(&self, runtime: &tokio::runtime::Runtime) -> Option<Pump> {
        self.counts.failures.fetch_add(1, Ordering::Relaxed);
        self.counts.failing.store(true, Ordering::Relaxed);
        loop {
            tracing::error!(
                export = self.settings.name,
                "a defect ended the export; it begins again"
            );
            let stops = async {
                let mut stop = self.stop.clone();
                tokio::time::timeout(AFTER_DEFECT, stop.wait_for(|stop| *stop)).await.is_ok()
            };
            if runtime.block_on(stops) {
                return None;
            }
            let cursor = begin(&self.ledger, &self.file, &self.settings);
            match cursor.and_then(|cursor| self.pump(cursor)) {
                Ok(pump) => return Some(pump),
                Err(error) => tracing::error!(export = self.settings.name, "no export: {error}"),
            }
        }
    }
}

/// The log's public key: another log of the same name has another.
fn key(ledger: &Ledger) -> String {
    ledger.keys().log.to_string()
}

/// Where a sink goes on, or begins.
fn begin(ledger: &Ledger, file: &CursorFile, settings: &Settings) -> Result<Cursor, ExportError> {
    let log = key(ledger);
    let synced = ledger.stats().synced;
    let start = Cursor { log: log.clone(), next: 0, run: 0 };
    let cursor = match (file.load()?, settings.begin) {
        // Another log, or less of it than was delivered: an old copy was put in its place.
        // Everything is sent, because nobody knows what of it was.
        (Some(kept), _) if kept.log != log || kept.next > synced => {
            tracing::error!(
                export = settings.name,
                "the ledger is not the one that was exported; it is exported from its start"
            );
            start
        }
        (Some(kept), _) => return Ok(kept),
        (None, Begin::Start) => start,
        (None, Begin::Now) => Cursor { log, next: synced, run: synced },
    };
    file.save(&cursor)?;
    Ok(cursor)
}

/// Where to begin again after a failure of a sink that gathers: what was acknowledged last.
struct Again {
    ledger: Ledger,
    about: About,
    format: Format,
    cursor: Cursor,
    /// Events that were given since.
    events: u64,
}

impl Again {
    fn source(&mut self) -> Source {
        self.events = 0;
        let maker = Maker::new(&self.format, &self.about, &key(&self.ledger));
        Source::new(&self.ledger, maker, &self.cursor)
    }
}

/// One sink's loop.
struct Pump {
    source: Source,
    sink: Sink,
    again: Again,
    file: CursorFile,
    counts: Arc<Counts>,
    trouble: Trouble,
    stop: watch::Receiver<bool>,
}

impl Pump {
    async fn run(mut self) {
        let mut stop = self.stop.clone();
        tokio::select! {
            // An error means that whoever could stop this is gone.
            _ = stop.wait_for(|stopped| *stopped) => {}
            () = self.pump() => {}
        }
        self.end().await;
    }

    /// What a sink gathers is made complete with what came last: nobody waits for the next start to
    /// read it. What does not come to that is given again then.
    async fn end(&mut self) {
        if !self.sink.gathers() || self.trouble.attempts > 0 {
            return;
        }
        if let Err(error) = self.last().await {
            tracing::warn!(export = self.counts.name, "not delivered before the end: {error}");
        }
    }

    async fn last(&mut self) -> Result<(), ExportError> {
        for _ in 0..LAST_BATCHES {
            let events = self.source.read(self.sink.batch())?;
            if events.is_empty() {
                break;
            }
            self.sink.deliver(&events).await?;
            self.again.events += events.len() as u64;
        }
        self.sink.finish()?;
        self.acknowledged(&self.source.cursor(), 0)
    }

    async fn pump(&mut self) {
        loop {
            let place = self.source.place();
            let events = self.read().await;
            if events.is_empty() {
                self.settle().await;
                // Where damage hides what is behind it, no look finds anything for long.
                let goes_on = self.source.behind() > 0 && self.source.place() != place;
                let pause = if goes_on { Duration::ZERO } else { IDLE };
                sleep(pause).await;
                continue;
            }
            let is_full = events.len() >= self.sink.batch();
            self.deliver(events).await;
            if !is_full {
                sleep(self.sink.pause()).await;
            }
        }
    }

    async fn read(&mut self) -> Vec<Event> {
        loop {
            match self.source.read(self.sink.batch()) {
                Ok(events) => return events,
                Err(error) => self.failed(&error).await,
            }
        }
    }

    /// Until it is delivered, however long that takes. What is too long for the other side is given
    /// in parts, and a single event that is gets shorter: nothing behind it is to wait for ever.
    async fn deliver(&mut self, mut events: Vec<Event>) {
        let cursor = self.source.cursor();
        let (all, mut most) = (events.len() as u64, events.len());
        while !events.is_empty() {
            most = most.min(events.len());
            let taken = self.sink.taken();
            let given = events.get(..most).unwrap_or_default();
            let Err(error) = self.sink.deliver(given).await else {
                events.drain(..most);
                continue;
            };
            // A part of it was taken: that is not given again, and the pauses begin anew.
            let taken = usize::try_from(self.sink.taken() - taken).unwrap_or(0).min(most);
            events.drain(..taken);
            if taken > 0 {
                self.trouble.attempts = 0;
            }
            if matches!(error, ExportError::TooLong(_)) {
                if most > 1 {
                    most /= 2;
                    continue;
                }
                if events.first_mut().is_some_and(|event| self.halved(event)) {
                    continue;
                }
            }
            self.failed(&error).await;
            if self.sink.gathers() {
                self.source = self.again.source();
                return;
            }
        }
        self.note(&cursor, all).await;
        // What is only gathered is no success yet.
        if self.sink.is_settled() {
            self.recovered();
        }
    }

    /// Makes an event shorter, if it can be.
    fn halved(&self, event: &mut Event) -> bool {
        let (export, record) = (&self.counts.name, event.sequence.0);
        let halved = shorten::halve(event);
        if halved {
            tracing::warn!(export, record, "too long for the other side: it is given shortened");
        }
        halved
    }

    /// Until it is noted, however long that takes: the other side has it and is not given it again.
    async fn note(&mut self, cursor: &Cursor, events: u64) {
        while let Err(error) = self.acknowledged(cursor, events) {
            self.failed(&error).await;
        }
    }

    /// Records that are no events are over as soon as all before them are.
    async fn settle(&mut self) {
        let cursor = self.source.cursor();
        let was_open = !self.sink.is_settled();
        if let Err(error) = self.sink.settle() {
            self.failed(&error).await;
            self.source = self.again.source();
        } else if was_open && self.sink.is_settled() {
            self.note(&cursor, 0).await;
            self.recovered();
        }
        if self.sink.is_settled() {
            self.counts.next.store(self.source.cursor().next, Ordering::Relaxed);
        }
    }

    /// Notes where it stands, if the other side has everything.
    fn acknowledged(&mut self, cursor: &Cursor, events: u64) -> Result<(), ExportError> {
        if self.sink.is_settled() {
            self.file.save(cursor)?;
            let all = std::mem::take(&mut self.again.events) + events;
            self.again.cursor = cursor.clone();
            self.counts.next.store(cursor.next, Ordering::Relaxed);
            self.counts.events.fetch_add(all, Ordering::Relaxed);
        } else {
            self.again.events += events;
        }
        Ok(())
    }

    fn recovered(&mut self) {
        if std::mem::take(&mut self.trouble).attempts > 0 {
            tracing::info!(export = self.counts.name, "delivers again");
        }
        self.counts.failing.store(false, Ordering::Relaxed);
    }

    /// Counts, says so now and then, and waits.
    async fn failed(&mut self, error: &ExportError) {
        let trouble = &mut self.trouble;
        self.counts.failures.fetch_add(1, Ordering::Relaxed);
        self.counts.failing.store(true, Ordering::Relaxed);
        if trouble.mentioned.is_none_or(|last| last.elapsed() >= REMINDER) {
            trouble.mentioned = Some(Instant::now());
            let waiting = self.source.behind();
            tracing::warn!(
                export = self.counts.name,
                attempts = trouble.attempts + 1,
                waiting,
                "not delivered, tried again: {error}"
            );
        }
        let doubled = BACKOFF_FIRST.saturating_mul(1 << trouble.attempts.min(10));
        trouble.attempts = trouble.attempts.saturating_add(1);
        sleep(doubled.min(BACKOFF_LONGEST)).await;
    }
}

/// Failures since the last success.
#[derive(Debug, Default)]
struct Trouble {
    attempts: u32,
    mentioned: Option<Instant>,
}

#[cfg(test)]
mod tests;
