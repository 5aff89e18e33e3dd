//! What is known of each database, kept fresh: one task per database reads the catalog, proposes
//! labels and hands both to the gate. Knows when to look, not what for.

use crate::{
    catalog::{CatalogError, CatalogReader, Snapshot},
    upstream,
    upstream::UpstreamConfig,
};
use gate::{CarriedLabel, Database, DecidedLabel, Gate};
use labels::{Weighing, is_system, system, weigh};
use model::{
    Catalog, LabelMap, RelationId,
    catalog::{Column, Relation, RelationKind},
};
use std::{
    collections::HashMap,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Weak,
        atomic::{AtomicU8, AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};
use tokio::sync::{Notify, watch};

mod labels;

/// How often a database is asked whether its structure changed.
const LOOK: Duration = Duration::from_millis(1000);
/// How long a change that nobody waits for is left alone, so that a migration is read once.
const LEAVE: Duration = Duration::from_secs(5);
/// How often everything is read, whatever seems to have changed.
const WHOLE: Duration = Duration::from_secs(3600);
/// How long to wait before trying again after a failure.
const RETRY: Duration = Duration::from_secs(2);
/// States of [`Keeper::reachable`].
const UNTRIED: u8 = 0;
const REACHED: u8 = 1;
const NOT_REACHED: u8 = 2;
/// SQLSTATE of a lock that was not to be had in time.
const LOCK_NOT_AVAILABLE: &str = "55P03";
/// Rows sampled per relation.
const SAMPLE_ROWS: u32 = 200;

/// The task that keeps what is known of one database. Ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Keeper {
    database: Arc<Database>,
    asked: Arc<Notify>,
    known: watch::Receiver<u64>,
    reachable: Arc<AtomicU8>,
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
        let reachable = Arc::new(AtomicU8::new(UNTRIED));
        let reading = Reading {
            gate: Arc::downgrade(gate),
            database: Arc::clone(database),
            upstream,
            asked: Arc::clone(&asked),
            tell,
            reader: None,
            last: None,
            connections: 0,
            looked: Instant::now(),
            whole: Instant::now(),
            reachable: Arc::clone(&reachable),
            version: 0,
            labels: HashMap::new(),
            shelf,
        };
        let task = Some(tokio::spawn(reading.run()));
        Self { database: Arc::clone(database), asked, known, reachable, task }
    }

    /// For what has nothing to be read: nothing is ever known of it.
    pub(crate) fn idle(database: &Arc<Database>) -> Self {
        let (_, known) = watch::channel(0);
        let (asked, reachable) = (Arc::default(), Arc::new(AtomicU8::new(UNTRIED)));
        Self { database: Arc::clone(database), asked, known, reachable, task: None }
    }

    /// Whether the upstream answered when it was last asked; `None` until it was.
    pub(crate) fn is_reachable(&self) -> Option<bool> {
        match self.reachable.load(Ordering::Relaxed) {
            UNTRIED => None,
            reached => Some(reached == REACHED),
        }
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

/// Lets a session wait until what is known is fresh.
pub(crate) struct KnowledgeWatch {
    database: Arc<Database>,
    asked: Arc<Notify>,
    known: watch::Receiver<u64>,
    /// The generation that was waited for in vain, once.
    gave_up: Arc<AtomicU64>,
}

impl KnowledgeWatch {
    /// Resolves when what is known is fresh (or, with `reached`, when it is as of that generation),
    /// or the limit is reached. `None` if this was waited for just now, in vain.
    pub(crate) fn wait(
        &mut self,
        limit: Duration,
        reached: Option<u64>,
    ) -> Option<Pin<Box<dyn Future<Output = ()> + Send>>> {
        let wanted = reached.unwrap_or_else(|| self.database.wanted());
        if self.gave_up.swap(0, Ordering::Relaxed) == wanted {
            return None;
        }
        let mut known = self.known.clone();
        let gave_up = Arc::clone(&self.gave_up);
        let (database, asked) = (Arc::clone(&self.database), Arc::clone(&self.asked));
        Some(Box::pin(async move {
            let fresh = async {
                loop {
                    known.mark_unchanged();
                    if database.has_reached(reached) {
                        return true;
                    }
                    // What was read meanwhile may have been too old: a reading under way did not
                    // see what came behind its beginning.
                    asked.notify_one();
                    if known.changed().await.is_err() {
                        return false;
                    }
                }
            };
            if !matches!(tokio::time::timeout(limit, fresh).await, Ok(true)) {
                gave_up.store(reached.unwrap_or_else(|| database.wanted()), Ordering::Relaxed);
            }
        }))
    }
}

struct Reading {
    gate: Weak<Gate>,
    database: Arc<Database>,
    upstream: UpstreamConfig,
    asked: Arc<Notify>,
    tell: watch::Sender<u64>,
    reader: Option<CatalogReader>,
    /// What was read over the reader's connection.
    last: Option<Snapshot>,
    /// Counts the reader's connections.
    connections: u64,
    /// When it was last asked whether anything changed.
    looked: Instant,
    /// When everything was read.
    whole: Instant,
    reachable: Arc<AtomicU8>,
    version: u64,
    labels: HashMap<RelationId, Weighing>,
    shelf: Option<Shelf>,
}

/// What was kept of a database's labels: those that values carried, and those that people decided.
pub type Kept = (Vec<CarriedLabel>, Vec<DecidedLabel>);

/// Reads what was kept of the database of this name.
pub type Load =
    Arc<dyn Fn(&str) -> Pin<Box<dyn Future<Output = Result<Kept, String>> + Send>> + Send + Sync>;

/// Where labels outlast a run. Kept by whoever has a place for them.
#[derive(Clone)]
pub struct Shelf {
    /// Reads what was kept.
    pub load: Load,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

impl Reading {
    async fn run(mut self) {
        let mut stale_since: Option<tokio::time::Instant> = None;
        let mut first = true;
        loop {
            let asked = if first {
                true
            } else {
                tokio::select! {
                    () = self.asked.notified() => true,
                    () = tokio::time::sleep(LOOK) => false,
                }
            };
            first = false;
            let result = self.look(asked, &mut stale_since).await;
            let reached = if result.is_ok() { REACHED } else { NOT_REACHED };
            self.reachable.store(reached, Ordering::Relaxed);
            if let Err(error) = result {
                self.reader = None;
                self.database.counters.catalog_failures.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(
                    database = %self.database.name, %error, "the catalog could not be read"
                );
                tokio::time::sleep(RETRY).await;
                first = true;
            }
        }
    }

    async fn look(
        &mut self,
        asked: bool,
        stale_since: &mut Option<tokio::time::Instant>,
    ) -> Result<(), Failure> {
        if asked && self.database.is_fresh() && self.looked.elapsed() < LOOK {
            // Who asked has been answered.
            return Ok(());
        }
        if !asked || self.database.is_fresh() {
            self.looked = Instant::now();
            let fingerprint = self.reader().await?.fingerprint().await?;
            match &self.last {
                Some(last) if last.fingerprint() == fingerprint => {
                    // Nobody waits for what somebody's lock withheld.
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
            return Ok(());
        }
        let since = *stale_since.get_or_insert_with(tokio::time::Instant::now);
        if asked || since.elapsed() >= LEAVE {
            self.read(false).await?;
            *stale_since = None;
        }
        Ok(())
    }

    async fn reader(&mut self) -> Result<&mut CatalogReader, Failure> {
        if self.reader.is_none() {
            let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            let settings =
                [setting("application_name", "weir catalog"), setting("client_encoding", "UTF8")];
            let upstream = upstream::connect(&self.upstream, &settings).await?;
            self.last = None;
            self.connections += 1;
            self.reader = Some(CatalogReader::new(upstream)?);
        }
        self.reader.as_mut().ok_or_else(|| "no reader".into())
    }

    /// True if nothing was withheld by somebody's lock.
    fn is_complete(&self) -> bool {
        self.last.as_ref().is_some_and(Snapshot::is_complete)
            && self.labels.values().all(|weighing| weighing.sampled)
    }

    /// Reads what changed. `again`: and samples what somebody's lock kept from being sampled, for
    /// which nobody shall wait.
    async fn read(&mut self, again: bool) -> Result<(), Failure> {
        let begin = Instant::now();
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
        self.looked = begin;
        let catalog = Arc::clone(&snapshot.catalog);
        let same = before.is_some_and(|before| Arc::ptr_eq(&before.catalog, &catalog));
        let proposed = if same && !again { None } else { self.label(&catalog, again).await? };
        self.last = Some(snapshot).filter(|_| self.connections == connection);
        let remembered = self.remember().await?;
        let known = same && !remembered && proposed.is_none();
        if known {
            self.database.confirm(generation);
        } else {
            self.version = version;
            let moved = self.database.learn(Arc::clone(&catalog), proposed, generation);
            self.keep(moved).await?;
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
        self.tell.send_replace(generation);
        Ok(())
    }

    /// Takes up the labels that were kept, and what people decided. True if any is new.
    async fn remember(&self) -> Result<bool, Failure> {
        let Some(shelf) = &self.shelf else { return Ok(false) };
        let (carried, decided) = (shelf.load)(self.database.name.as_str()).await?;
        Ok(self.database.remember(carried, decided))
    }

    /// Keeps labels whose columns have other names than before.
    async fn keep(&self, moved: Vec<CarriedLabel>) -> Result<(), Failure> {
        let Some(gate) = self.gate.upgrade().filter(|_| !moved.is_empty()) else { return Ok(()) };
        if let Some(keep) = gate.keep.get() {
            keep(self.database.name.as_str(), moved.clone()).await?;
        }
        self.database.kept(&moved);
        Ok(())
    }

    /// Proposes labels for what is new or other than before. `None` if they are the same as
    /// before.
    async fn label(&mut self, catalog: &Catalog, again: bool) -> Result<Option<LabelMap>, Failure> {
        let mut weighed = HashMap::with_capacity(self.labels.len());
        let mut changed = false;
        for relation in catalog.own_relations() {
            if matches!(relation.kind, RelationKind::Sequence | RelationKind::Composite) {
                continue;
            }
            let known = self.labels.remove(&relation.id);
            let weighing = match known {
                Some(known)
                    if (known.sampled || !again) && Arc::ptr_eq(&known.relation, relation) =>
                {
                    known
                }
                known => {
                    changed = true;
                    self.weigh(catalog, relation, known).await?
                }
            };
            weighed.insert(relation.id, weighing);
        }
        changed |= !self.labels.is_empty();
        self.labels = weighed;
        if !changed {
            return Ok(None);
        }
        let mut map = LabelMap { version: catalog.version, ..LabelMap::default() };
        for weighing in self.labels.values() {
            for (number, weighed) in &weighing.columns {
                if let Some(labelling) = &weighed.labelling {
                    map.columns.insert(weighing.relation.column_id(*number), labelling.clone());
                }
            }
        }
        Ok(Some(map))
    }

    /// Proposes labels for a relation's columns; those that are as they were keep theirs.
    async fn weigh(
        &mut self,
        catalog: &Catalog,
        relation: &Arc<Relation>,
        known: Option<Weighing>,
    ) -> Result<Weighing, Failure> {
        let shared = Arc::clone(relation);
        if is_system(&relation.schema) {
            return Ok(Weighing { relation: shared, columns: system(relation), sampled: true });
        }
        // A value that was not to be had may say another thing than the name.
        let mut known = known.filter(|known| known.sampled).map(|known| known.columns);
        let mut known = |column: &Column| {
            let weighed = known.as_mut()?.remove(&column.number)?;
            weighed.is_of(column).then_some(weighed)
        };
        let mut columns = HashMap::with_capacity(relation.columns.len());
        let mut fresh = Vec::new();
        for column in &relation.columns {
            match known(column) {
                Some(weighed) => drop(columns.insert(column.number, weighed)),
                None => fresh.push(column),
            }
        }
        let samples = self.samples(catalog, relation, &fresh).await?;
        for (at, column) in fresh.into_iter().enumerate() {
            let samples = samples.as_ref().and_then(|samples| samples.get(at));
            let samples = samples.map(Vec::as_slice).unwrap_or_default();
            columns.insert(column.number, weigh(catalog, relation, column, samples));
        }
        Ok(Weighing { relation: shared, columns, sampled: samples.is_some() })
    }

    /// Values of columns, one list each. `None` if they are not to be had because of somebody's
    /// lock.
    async fn samples(
        &mut self,
        catalog: &Catalog,
        relation: &Arc<Relation>,
        columns: &[&Column],
    ) -> Result<Option<Vec<Vec<String>>>, Failure> {
        let stored = matches!(
            relation.kind,
            RelationKind::Table | RelationKind::Partitioned | RelationKind::Materialized
        );
        let sampled = |column: &&Column| {
            let ty = catalog.type_by_id(column.type_id);
            ty.is_none_or(|ty| ty.category != 'B')
        };
        if !stored || !columns.iter().any(sampled) {
            return Ok(Some(Vec::new()));
        }
        let numbers: Vec<i16> = columns.iter().map(|column| column.number).collect();
        let reader = self.reader().await?;
        match reader.sample(relation, &numbers, SAMPLE_ROWS).await {
            Ok(samples) => Ok(Some(samples)),
            // Names and types still speak, until the lock is gone.
            Err(CatalogError::Server(error)) if error.sqlstate == LOCK_NOT_AVAILABLE => Ok(None),
            Err(error) => {
                // A role that may not read a table, a table that was dropped meanwhile: names and
                // types still speak.
                tracing::debug!(relation = relation.name, %error, "no samples");
                if error.is_final() {
                    self.reader = None;
                }
                Ok(Some(Vec::new()))
            }
        }
    }
}
