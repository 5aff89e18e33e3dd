//! What is known of each database, kept fresh: one task per database reads the catalog, proposes
//! labels and hands both to the gate. Knows when to look, not what for.

use crate::{catalog::CatalogReader, upstream, upstream::UpstreamConfig};
use gate::{CarriedLabel, ColumnEvidence, Database, DecidedLabel, Gate};
use model::{
    Catalog, ColumnId, Label, LabelMap, Labelling,
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

/// How often a database is asked whether its structure changed.
const LOOK: Duration = Duration::from_millis(1000);
/// How long a change that nobody waits for is left alone, so that a migration is read once.
const LEAVE: Duration = Duration::from_secs(5);
/// How long to wait before trying again after a failure.
const RETRY: Duration = Duration::from_secs(2);
/// States of [`Keeper::reachable`].
const UNTRIED: u8 = 0;
const REACHED: u8 = 1;
const NOT_REACHED: u8 = 2;
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
            fingerprint: None,
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
    /// Resolves when what is known is fresh, or the limit is reached. `None` if this was waited for
    /// just now, in vain.
    pub(crate) fn wait(
        &mut self,
        limit: Duration,
    ) -> Option<Pin<Box<dyn Future<Output = ()> + Send>>> {
        let wanted = self.database.wanted();
        if self.gave_up.swap(0, Ordering::Relaxed) == wanted {
            return None;
        }
        let mut known = self.known.clone();
        let gave_up = Arc::clone(&self.gave_up);
        let database = Arc::clone(&self.database);
        self.asked.notify_one();
        Some(Box::pin(async move {
            let fresh = known.wait_for(|_| database.is_fresh());
            let fresh = tokio::time::timeout(limit, fresh).await;
            if !matches!(fresh, Ok(Ok(_))) {
                gave_up.store(database.wanted(), Ordering::Relaxed);
            }
        }))
    }
}

/// What a label was proposed from; the same evidence is not weighed twice.
#[derive(PartialEq)]
struct Weighed {
    name: String,
    type_id: model::TypeId,
    comment: Option<String>,
    labelling: Option<Labelling>,
}

struct Reading {
    gate: Weak<Gate>,
    database: Arc<Database>,
    upstream: UpstreamConfig,
    asked: Arc<Notify>,
    tell: watch::Sender<u64>,
    reader: Option<CatalogReader>,
    fingerprint: Option<u64>,
    reachable: Arc<AtomicU8>,
    version: u64,
    labels: HashMap<ColumnId, Weighed>,
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
        if !asked || self.database.is_fresh() {
            let fingerprint = self.reader().await?.fingerprint().await?;
            if self.fingerprint.replace(fingerprint).is_some_and(|known| known != fingerprint) {
                self.database.changed();
            }
        }
        if self.database.is_fresh() {
            *stale_since = None;
            return Ok(());
        }
        let since = *stale_since.get_or_insert_with(tokio::time::Instant::now);
        if asked || since.elapsed() >= LEAVE {
            self.read().await?;
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
            self.reader = Some(CatalogReader::new(upstream)?);
        }
        self.reader.as_mut().ok_or_else(|| "no reader".into())
    }

    async fn read(&mut self) -> Result<(), Failure> {
        let begin = Instant::now();
        let generation = self.database.wanted();
        self.version += 1;
        let version = self.version;
        let reader = self.reader().await?;
        let fingerprint = reader.fingerprint().await?;
        let catalog = Arc::new(reader.read(version).await?);
        self.fingerprint = Some(fingerprint);
        let proposed = self.label(&catalog).await?;
        self.remember().await?;
        let relations = catalog.relations().count();
        let moved = self.database.learn(catalog, proposed, generation);
        let labelled = self.database.knowledge().labels.columns.len();
        self.keep(moved).await?;
        let counters = &self.database.counters;
        counters.catalog_reads.fetch_add(1, Ordering::Relaxed);
        let took = u64::try_from(begin.elapsed().as_micros()).unwrap_or(u64::MAX);
        counters.catalog_read_us.fetch_add(took, Ordering::Relaxed);
        if let Some(gate) = self.gate.upgrade() {
            gate.note_catalog(&self.database, version, SystemTime::now());
        }
        tracing::info!(
            database = %self.database.name, version, relations, labelled, "catalog read"
        );
        self.tell.send_replace(generation);
        Ok(())
    }

    /// Takes up the labels that were kept, and what people decided.
    async fn remember(&self) -> Result<(), Failure> {
        let Some(shelf) = &self.shelf else { return Ok(()) };
        let (carried, decided) = (shelf.load)(self.database.name.as_str()).await?;
        self.database.remember(carried, decided);
        Ok(())
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

    async fn label(&mut self, catalog: &Catalog) -> Result<LabelMap, Failure> {
        let mut weighed = HashMap::with_capacity(self.labels.len());
        let mut map = LabelMap { version: catalog.version, ..LabelMap::default() };
        for relation in catalog.relations() {
            if is_system(&relation.schema) {
                label_system(relation, &mut map);
                continue;
            }
            if matches!(relation.kind, RelationKind::Sequence | RelationKind::Composite) {
                continue;
            }
            let fresh: Vec<&Column> = relation
                .columns
                .iter()
                .filter(|column| {
                    let known = self.labels.get(&relation.column_id(column.number));
                    !known.is_some_and(|known| known.is_of(column))
                })
                .collect();
            let samples = self.samples(catalog, relation, &fresh).await?;
            for column in &relation.columns {
                let id = relation.column_id(column.number);
                let position = fresh.iter().position(|c| c.number == column.number);
                let entry = match (position, self.labels.remove(&id)) {
                    (None, Some(known)) => known,
                    (position, _) => {
                        let samples = position.and_then(|at| samples.get(at));
                        let samples = samples.map(Vec::as_slice).unwrap_or_default();
                        weigh(catalog, relation, column, samples)
                    }
                };
                if let Some(labelling) = &entry.labelling {
                    map.columns.insert(id, labelling.clone());
                }
                weighed.insert(id, entry);
            }
        }
        self.labels = weighed;
        Ok(map)
    }

    async fn samples(
        &mut self,
        catalog: &Catalog,
        relation: &Arc<Relation>,
        columns: &[&Column],
    ) -> Result<Vec<Vec<String>>, Failure> {
        let stored = matches!(
            relation.kind,
            RelationKind::Table | RelationKind::Partitioned | RelationKind::Materialized
        );
        let sampled = |column: &&Column| {
            let ty = catalog.type_by_id(column.type_id);
            ty.is_none_or(|ty| ty.category != 'B')
        };
        if !stored || !columns.iter().any(sampled) {
            return Ok(Vec::new());
        }
        let numbers: Vec<i16> = columns.iter().map(|column| column.number).collect();
        let reader = self.reader().await?;
        match reader.sample(relation, &numbers, SAMPLE_ROWS).await {
            Ok(samples) => Ok(samples),
            Err(error) => {
                // A role that may not read a table, a table that was dropped meanwhile: names and
                // types still speak.
                tracing::debug!(relation = relation.name, %error, "no samples");
                if error.is_final() {
                    self.reader = None;
                }
                Ok(Vec::new())
            }
        }
    }
}

impl Weighed {
    fn is_of(&self, column: &Column) -> bool {
        self.name == column.name && self.type_id == column.type_id && self.comment == column.comment
    }
}

fn weigh(catalog: &Catalog, relation: &Relation, column: &Column, samples: &[String]) -> Weighed {
    let ty = catalog.type_by_id(column.type_id);
    let element = ty.and_then(|ty| match ty.kind {
        model::catalog::TypeKind::Array(element) => catalog.type_by_id(element),
        _ => None,
    });
    let labelling = gate::propose(&ColumnEvidence {
        schema: &relation.schema,
        relation: &relation.name,
        column,
        type_name: ty.map_or("unknown", |ty| ty.name.as_str()),
        type_category: ty.map_or('X', |ty| ty.category),
        element_type_name: element.map(|ty| ty.name.as_str()),
        samples,
    });
    Weighed {
        name: column.name.clone(),
        type_id: column.type_id,
        comment: column.comment.clone(),
        labelling,
    }
}

fn is_system(schema: &str) -> bool {
    schema == "pg_catalog" || schema == "information_schema" || schema == "pg_toast"
}

/// Columns of the system catalogs that hold users' values, texts or secrets.
const SYSTEM_LABELS: &[(&str, &[&str], Label)] = &[
    ("pg_authid", &["rolpassword"], Label::CREDENTIAL),
    ("pg_shadow", &["passwd"], Label::CREDENTIAL),
    ("pg_user_mapping", &["umoptions"], Label::CREDENTIAL),
    ("pg_user_mappings", &["umoptions"], Label::CREDENTIAL),
    ("pg_foreign_server", &["srvoptions"], Label::CREDENTIAL),
    ("pg_subscription", &["subconninfo"], Label::CREDENTIAL),
    ("pg_stat_activity", &["query"], Label::UNKNOWN),
    ("pg_prepared_statements", &["statement"], Label::UNKNOWN),
    ("pg_cursors", &["statement"], Label::UNKNOWN),
    ("pg_largeobject", &["data"], Label::UNKNOWN),
    (
        "pg_stats",
        &[
            "most_common_vals",
            "histogram_bounds",
            "most_common_elems",
            "range_bounds_histogram",
            "range_length_histogram",
        ],
        Label::UNKNOWN,
    ),
    (
        "pg_statistic",
        &["stavalues1", "stavalues2", "stavalues3", "stavalues4", "stavalues5"],
        Label::UNKNOWN,
    ),
    ("pg_stats_ext", &["most_common_vals", "most_common_val_nulls"], Label::UNKNOWN),
    (
        "pg_stats_ext_exprs",
        &["most_common_vals", "histogram_bounds", "most_common_elems"],
        Label::UNKNOWN,
    ),
    ("pg_statistic_ext_data", &["stxdmcv", "stxdexpr"], Label::UNKNOWN),
];

fn label_system(relation: &Relation, map: &mut LabelMap) {
    for (name, columns, label) in SYSTEM_LABELS {
        if relation.name != *name || relation.schema != "pg_catalog" {
            continue;
        }
        for column in relation.columns.iter().filter(|c| columns.contains(&c.name.as_str())) {
            let labelling = Labelling {
                label: label.clone(),
                confidence: 1.0,
                evidence: vec!["a system column that holds users' values or secrets".to_owned()],
            };
            map.columns.insert(relation.column_id(column.number), labelling);
        }
    }
}
