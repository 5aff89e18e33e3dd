//! What is known of each database, kept fresh: one task per database reads the catalog, proposes
//! labels and hands both to the gate. Knows when to look, not what for.

use crate::{
    catalog::{CatalogReader, Snapshot},
    labels::{FoundColumn, Labeller},
    upstream,
    upstream::{UpstreamConfig, UpstreamError},
};
use arc_swap::ArcSwap;
use gate::{Database, Gate};
use model::{Catalog, LabelMap};
use std::{
    future::Future,
    sync::{
        Arc, Weak,
        atomic::{AtomicU8, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};
use tokio::sync::{Notify, mpsc, oneshot, watch};

mod shelf;
mod waiting;

pub use shelf::{Doing, KeepFound, Kept, Load, Shelf};
pub(crate) use waiting::KnowledgeWatch;

/// How often a database is asked whether its structure changed.
const LOOK: Duration = Duration::from_millis(1000);
/// How long a change that nobody waits for is left alone, so that a migration is read once.
const LEAVE: Duration = Duration::from_secs(5);
/// How often everything is read, whatever seems to have changed.
const WHOLE: Duration = Duration::from_secs(3600);
/// How long what is known is relied on while nobody can ask whether it changed.
const TRUST: Duration = Duration::from_secs(10);
/// How long to wait before trying again after a failure.
const RETRY: Duration = Duration::from_secs(2);
/// How long a database is left alone by the look for changes when somebody is about to do what
/// nobody may be connected for: longer than a server waits for others to end (5 s), and shorter
/// than [`TRUST`].
const AWAY: Duration = Duration::from_secs(6);
/// How many may ask at once that it is left alone.
const MAX_ASKING: usize = 16;
/// States of [`Keeper::reachable`].
const UNTRIED: u8 = 0;
const REACHED: u8 = 1;
const NOT_REACHED: u8 = 2;
const NO_PASSWORD: u8 = 3;
const NO_CREDENTIALS: u8 = 4;

/// How it was when an upstream was last asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// It answered.
    Yes,
    /// It did not, or not well.
    No,
    /// It wants a password, and none is configured.
    NoPassword,
    /// What to sign in with could not be had from where it comes.
    NoCredentials,
}

/// The task that keeps what is known of one database. Ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Keeper {
    database: Arc<Database>,
    asked: Arc<Notify>,
    leave: Option<mpsc::Sender<oneshot::Sender<()>>>,
    known: watch::Receiver<u64>,
    reachable: Arc<AtomicU8>,
    upstream: Arc<ArcSwap<UpstreamConfig>>,
    task: Option<tokio::task::JoinHandle<()>>,
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl Keeper {
    /// Starts to read.
    pub(crate) fn start(
        gate: &Arc<Gate>,
        database: &Arc<Database>,
        upstream: UpstreamConfig,
        shelf: Option<Shelf>,
    ) -> Self {
        let (tell, known) = watch::channel(0);
        let asked = Arc::new(Notify::new());
        let (leave, leaving) = mpsc::channel(MAX_ASKING);
        let reachable = Arc::new(AtomicU8::new(UNTRIED));
        let upstream = Arc::new(ArcSwap::from_pointee(upstream));
        let reading = Reading {
            gate: Arc::downgrade(gate),
            database: Arc::clone(database),
            upstream: Arc::clone(&upstream),
            asked: Arc::clone(&asked),
            leaving,
            away: None,
            tell,
            reader: None,
            last: None,
            connections: 0,
            looked: Instant::now(),
            confirmed: Instant::now(),
            whole: Instant::now(),
            reachable: Arc::clone(&reachable),
            version: 0,
            labeller: Labeller::default(),
            weighed: Instant::now(),
            scanned: None,
            found: Vec::new(),
            unkept: None,
            changes: shelf.as_ref().map(|shelf| shelf.changes.clone()),
            outdated: true,
            interval: None,
            shelf,
        };
        let task = Some(tokio::spawn(reading.run()));
        let (database, leave) = (Arc::clone(database), Some(leave));
        Self { database, asked, leave, known, reachable, upstream, task }
    }

    /// For what has nothing to be read: nothing is ever known of it.
    pub(crate) fn idle(database: &Arc<Database>, upstream: UpstreamConfig) -> Self {
        let (_, known) = watch::channel(0);
        let (asked, reachable) = (Arc::default(), Arc::new(AtomicU8::new(UNTRIED)));
        let upstream = Arc::new(ArcSwap::from_pointee(upstream));
        let (database, leave, task) = (Arc::clone(database), None, None);
        Self { database, asked, leave, known, reachable, upstream, task }
    }

    /// Closes its connection, and opens none for a moment unless somebody needs to know.
    pub(crate) fn leave(&self) -> impl Future<Output = ()> + Send + use<> {
        let leave = self.leave.clone();
        async move {
            let (told, left) = oneshot::channel();
            if let Some(leave) = leave
                && leave.send(told).await.is_ok()
            {
                let _ = left.await;
            }
        }
    }

    /// What it keeps known.
    pub(crate) const fn database(&self) -> &Arc<Database> {
        &self.database
    }

    /// True if these settings speak of the database that it reads, as the role that it reads as:
    /// another one may have another search path.
    pub(crate) fn is_at(&self, upstream: &UpstreamConfig) -> bool {
        let own = self.upstream.load();
        (&own.host, own.port, &own.database, &own.user)
            == (&upstream.host, upstream.port, &upstream.database, &upstream.user)
    }

    /// Says how the same place is reached from its next connection on.
    pub(crate) fn reach(&self, upstream: UpstreamConfig) {
        self.upstream.store(Arc::new(upstream));
    }

    /// How it was when the upstream was last asked; `None` until it was.
    pub(crate) fn reached(&self) -> Option<Reached> {
        match self.reachable.load(Ordering::Relaxed) {
            UNTRIED => None,
            REACHED => Some(Reached::Yes),
            NO_PASSWORD => Some(Reached::NoPassword),
            NO_CREDENTIALS => Some(Reached::NoCredentials),
            _ => Some(Reached::No),
        }
    }

    /// Whether the upstream answered when it was last asked; `None` until it was.
    pub(crate) fn is_reachable(&self) -> Option<bool> {
        self.reached().map(|reached| reached == Reached::Yes)
    }

    /// A session's view of it.
    pub(crate) fn watch(&self) -> KnowledgeWatch {
        KnowledgeWatch {
            database: Arc::clone(&self.database),
            asked: Arc::clone(&self.asked),
            known: self.known.clone(),
            gave_up: Arc::default(),
        }
    }
}

struct Reading {
    gate: Weak<Gate>,
    database: Arc<Database>,
    upstream: Arc<ArcSwap<UpstreamConfig>>,
    asked: Arc<Notify>,
    leaving: mpsc::Receiver<oneshot::Sender<()>>,
    /// Until when it is not looked unless somebody asks.
    away: Option<Instant>,
    tell: watch::Sender<u64>,
    reader: Option<CatalogReader>,
    /// What was read over the reader's connection.
    last: Option<Snapshot>,
    /// Counts the reader's connections.
    connections: u64,
    /// When it was last asked whether anything changed.
    looked: Instant,
    /// When the server answered that last.
    confirmed: Instant,
    /// When everything was read.
    whole: Instant,
    reachable: Arc<AtomicU8>,
    version: u64,
    labeller: Labeller,
    /// When everything was weighed anew last.
    weighed: Instant,
    /// Up to which request everything was weighed anew; `None` until anything was taken up.
    scanned: Option<i64>,
    /// What was found, as it was handed on last.
    found: Vec<FoundColumn>,
    /// What was found since and is handed on when nobody waits.
    unkept: Option<Vec<FoundColumn>>,
    changes: Option<watch::Receiver<u64>>,
    /// What is kept has changed and was not taken up yet.
    outdated: bool,
    interval: Option<Duration>,
    shelf: Option<Shelf>,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Which state it is if an upstream was asked in vain.
fn not_reached(error: &Failure) -> u8 {
    match error.downcast_ref::<UpstreamError>() {
        Some(UpstreamError::NoPassword) => NO_PASSWORD,
        Some(UpstreamError::Credentials(_)) => NO_CREDENTIALS,
        _ => NOT_REACHED,
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        // Nobody will tell any more whether what is known still holds.
        self.database.changed();
    }
}

impl Reading {
    async fn run(mut self) {
        let mut stale_since: Option<tokio::time::Instant> = None;
        let mut first = true;
        loop {
            let asked = if first { true } else { self.wait().await };
            first = false;
            let result = match self.take_up().await {
                Ok(()) => self.look(asked, &mut stale_since).await,
                Err(error) => Err(error),
            };
            let reached = match &result {
                Ok(()) => REACHED,
                Err(error) => not_reached(error),
            };
            self.reachable.store(reached, Ordering::Relaxed);
            if let Err(error) = result {
                self.reader = None;
                self.database.counters.catalog_failures.fetch_add(1, Ordering::Relaxed);
                if self.confirmed.elapsed() >= TRUST && self.database.is_fresh() {
                    self.database.changed();
                }
                tracing::warn!(
                    database = %self.database.name, %error, "the catalog could not be read"
                );
                tokio::time::sleep(RETRY).await;
                first = true;
            }
        }
    }

    /// Until somebody asks for a reading (true), labels changed, or it is time to look.
    async fn wait(&mut self) -> bool {
        let changes = self.changes.as_mut();
        let changed = async {
            let told = match changes {
                Some(changes) => changes.changed().await.is_ok(),
                None => false,
            };
            if !told {
                // Nobody tells of changes (any more).
                std::future::pending::<()>().await;
            }
        };
        let (asked, changed) = tokio::select! {
            () = self.asked.notified() => (true, false),
            () = changed => (false, true),
            Some(left) = self.leaving.recv() => {
                self.away = Some(Instant::now() + AWAY);
                if let Some(reader) = self.reader.take() {
                    reader.close().await;
                }
                let _ = left.send(());
                (false, false)
            }
            () = tokio::time::sleep(LOOK) => (false, false),
        };
        self.outdated |= changed;
        asked
    }

    async fn look(
        &mut self,
        asked: bool,
        stale_since: &mut Option<tokio::time::Instant>,
    ) -> Result<(), Failure> {
        let needed = self.database.is_look_needed();
        if asked && !needed && self.database.is_fresh() && self.looked.elapsed() < LOOK {
            // Who asked has been answered.
            return Ok(());
        }
        if !asked && self.away.is_some_and(|until| Instant::now() < until) {
            return Ok(());
        }
        if !asked || self.database.is_fresh() {
            self.looked = Instant::now();
            let number = self.database.begins_look();
            let fingerprint = self.reader().await?.fingerprint().await?;
            self.confirmed = self.looked;
            match &self.last {
                Some(last) if last.fingerprint() == fingerprint => {
                    // Nobody waits for what somebody's lock withheld.
                    self.database.ends_look(number);
                    self.tell.send_replace(number);
                    if self.database.is_fresh() && !self.is_complete() {
                        self.read(true).await?;
                    }
                }
                // On another connection it may be another server.
                _ => drop(self.database.changed()),
            }
        }
        if self.database.is_fresh() {
            *stale_since = None;
            if self.labeller.has_work() {
                self.weigh_again().await?;
            }
            return if asked { Ok(()) } else { self.keep_found().await };
        }
        let since = *stale_since.get_or_insert_with(tokio::time::Instant::now);
        if asked || since.elapsed() >= LEAVE {
            self.read(false).await?;
            *stale_since = None;
        }
        Ok(())
    }

    async fn reader(&mut self) -> Result<&mut CatalogReader, Failure> {
        if self.reader.as_ref().is_none_or(CatalogReader::is_over) {
            let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            let settings =
                [setting("application_name", "weir catalog"), setting("client_encoding", "UTF8")];
            let upstream = upstream::connect(&self.upstream.load_full(), &settings).await?;
            self.last = None;
            self.connections += 1;
            self.reader = Some(CatalogReader::new(upstream)?);
        }
        self.reader.as_mut().ok_or_else(|| "no reader".into())
    }

    /// True if nothing was withheld by somebody's lock.
    fn is_complete(&self) -> bool {
        self.last.as_ref().is_some_and(Snapshot::is_complete) && self.labeller.is_complete()
    }

    /// Reads what changed. `again`: and samples what somebody's lock kept from being sampled, for
    /// which nobody shall wait.
    async fn read(&mut self, again: bool) -> Result<(), Failure> {
        let begin = Instant::now();
        let number = self.database.begins_look();
        let generation = self.database.wanted();
        let version = self.version + 1;
        self.reader().await?;
        let Some(reader) = &mut self.reader else { return Err("no reader".into()) };
        let connection = self.connections;
        let before = self.last.take().filter(|_| !self.database.take_doubt());
        let before = before.filter(|_| self.whole.elapsed() < WHOLE);
        if before.is_none() {
            self.whole = begin;
        }
        let snapshot = reader.renew(before.as_ref(), version).await?;
        (self.looked, self.confirmed) = (begin, begin);
        self.database.note_touched(number, snapshot.touched.as_ref());
        let catalog = Arc::clone(&snapshot.catalog);
        let same = before.is_some_and(|before| Arc::ptr_eq(&before.catalog, &catalog));
        let weighs = !same || again || self.labeller.has_work();
        let proposed = if weighs { self.label(&catalog, again).await? } else { None };
        self.last = Some(snapshot).filter(|_| self.connections == connection);
        let known = same && proposed.is_none();
        if known {
            self.database.confirm(generation);
        } else {
            self.version = version;
            self.database.learn(Arc::clone(&catalog), proposed, generation);
            self.keep().await?;
        }
        let counters = &self.database.counters;
        counters.catalog_reads.fetch_add(1, Ordering::Relaxed);
        let took = u64::try_from(begin.elapsed().as_micros()).unwrap_or(u64::MAX);
        counters.catalog_read_us.fetch_add(took, Ordering::Relaxed);
        if let (false, Some(gate)) = (known, self.gate.upgrade()) {
            gate.note_catalog(&self.database, version, SystemTime::now());
            let (relations, labels) =
                (catalog.own_relations().count(), &self.database.knowledge().labels);
            tracing::info!(
                database = %self.database.name, version, relations,
                labelled = labels.columns.len(), "catalog read"
            );
        }
        self.database.ends_look(number);
        self.tell.send_replace(number);
        Ok(())
    }

    /// Weighs the columns of a catalog; `None` if nothing is other than before. What is found is in
    /// force when that is learnt: whoever waits for it does not wait for the disk.
    async fn label(&mut self, catalog: &Catalog, again: bool) -> Result<Option<LabelMap>, Failure> {
        self.reader().await?;
        let reader = self.reader.as_mut().ok_or("no reader")?;
        let (proposed, found) = self.labeller.label(reader, catalog, again).await?.unzip();
        self.unkept = found.or(self.unkept.take());
        Ok(proposed)
    }

    /// Weighs columns of the catalog that is known, without making anybody wait for it.
    async fn weigh_again(&mut self) -> Result<(), Failure> {
        let knowledge = self.database.knowledge();
        let Some(proposed) = self.label(&knowledge.catalog, false).await? else { return Ok(()) };
        let catalog = Arc::clone(&knowledge.catalog);
        self.database.learn(catalog, Some(proposed), knowledge.generation);
        self.keep().await
    }

    /// Takes up what changed beside what is found: what people decided, rules, the wish to weigh
    /// everything anew. Asks the shelf only where something may have changed.
    async fn take_up(&mut self) -> Result<(), Failure> {
        let Some(shelf) = &self.shelf else { return Ok(()) };
        if self.interval.is_some_and(|interval| self.weighed.elapsed() >= interval) {
            self.weighed = Instant::now();
            self.labeller.grow_stale();
        }
        if !self.outdated {
            return Ok(());
        }
        let kept = (shelf.load)(self.database.name.as_str()).await?;
        self.interval = kept.interval;
        let first = self.scanned.is_none();
        let asked = self.scanned.replace(kept.asked).is_some_and(|scanned| scanned < kept.asked);
        self.database.remember(kept.carried, kept.decided);
        if first {
            self.database.found_before(kept.found.iter().filter_map(FoundColumn::before).collect());
            self.labeller.remember(kept.found);
        }
        if first || asked || **self.labeller.rules() != *kept.rules {
            self.database.follow_rules(Arc::clone(&kept.rules));
            self.labeller.start_anew(kept.rules, asked);
            self.weighed = Instant::now();
            // What is kept may be another's finding by now.
            self.found.clear();
        }
        self.outdated = false;
        Ok(())
    }

    /// Hands on what was found, if that is something else than before.
    async fn keep_found(&mut self) -> Result<(), Failure> {
        // What a column bore before is kept before what is found of it now.
        self.keep().await?;
        let (Some(shelf), Some(found)) = (&self.shelf, &self.unkept) else { return Ok(()) };
        if self.found != *found {
            (shelf.found)(self.database.name.as_str(), found.clone()).await?;
        }
        self.found = self.unkept.take().unwrap_or_default();
        Ok(())
    }

    /// Keeps labels whose columns have other names or types than before.
    async fn keep(&self) -> Result<(), Failure> {
        let labels = self.database.unkept();
        let Some(gate) = self.gate.upgrade().filter(|_| !labels.is_empty()) else { return Ok(()) };
        if let Some(keep) = gate.keep.get() {
            keep(self.database.name.as_str(), labels.clone()).await?;
        }
        self.database.kept(&labels);
        Ok(())
    }
}
