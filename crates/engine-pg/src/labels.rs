//! Weighs every column of a catalog into a label: what the catalog says of it and a sample of its
//! values. Knows what was weighed before, and nothing of sessions or of where results are kept.

pub(crate) mod unseen;

use crate::catalog::{CatalogError, CatalogReader};
use gate::{ColumnEvidence, FoundBefore, LabelRules, Place};
use model::{
    Catalog, ColumnId, Label, LabelMap, Labelling, RelationId, Weighing,
    catalog::{Column, Relation, RelationKind, TypeKind},
};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

/// Rows sampled per relation.
const SAMPLE_ROWS: u32 = 200;

/// A sample of fewer values says nothing of a column.
const FEW_VALUES: usize = 3;
/// After how long a relation of few rows is sampled again, at first and at last; each pause is
/// [`LONGER`] times the one before.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LAST_PAUSE: Duration = Duration::from_secs(3600);
const LONGER: u32 = 5;

/// SQLSTATE of a lock that was not to be had in time.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// How often labels are followed along foreign keys that point to columns with foreign keys.
const MAX_HOPS: usize = 4;

/// How long relations are weighed again at a stretch, so that a change of structure that somebody
/// waits for does not wait for that.
const SLICE: Duration = Duration::from_millis(250);

/// A column of a user's schema with what its own evidence speaks for.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundColumn {
    /// Its names.
    pub place: Place,
    /// Its number.
    pub id: ColumnId,
    /// Its type's name.
    pub type_name: String,
    /// What came of weighing.
    pub weighing: Weighing,
}

/// What a label was proposed from; the same evidence is not weighed twice.
struct Weighed {
    name: String,
    type_id: model::TypeId,
    comment: Option<String>,
    weighing: Weighing,
}

/// A relation whose columns were weighed.
struct Known {
    /// As it was then: the same one is not looked at twice.
    relation: Arc<Relation>,
    columns: HashMap<i16, Weighed>,
    /// False if its values could not be had: look again.
    sampled: bool,
}

/// When a relation of few rows is sampled again.
struct Thin {
    due: Instant,
    pause: Duration,
}

/// What is kept of labels between two readings of the catalog.
#[derive(Default)]
pub struct Labeller {
    rules: Arc<LabelRules>,
    weighed: HashMap<RelationId, Known>,
    /// Labels that rested on samples alone, by place and type: another sample may miss what they
    /// saw, and then they hold on.
    earlier: HashMap<(Place, String), Labelling>,
    /// Relations that were weighed long ago.
    stale: HashSet<RelationId>,
    /// Relations that had too few rows for a sample: they may fill.
    thin: HashMap<RelationId, Thin>,
    /// Everything is to be weighed.
    anew: bool,
    /// Relations that a sample could not be taken of without losing the connection.
    unsampled: HashSet<RelationId>,
}

impl FoundColumn {
    /// What the column bore, if it was an earlier run that found it and if that is a label.
    pub fn before(&self) -> Option<FoundBefore> {
        Some(FoundBefore {
            place: self.place.clone(),
            id: self.id,
            type_name: self.type_name.clone(),
            label: self.weighing.labelling.as_ref()?.label.clone(),
        })
    }
}

impl Labeller {
    /// One that knows nothing yet.
    pub fn new(rules: Arc<LabelRules>) -> Self {
        Self { rules, ..Self::default() }
    }

    /// The rules that are followed.
    pub(crate) fn rules(&self) -> &Arc<LabelRules> {
        &self.rules
    }

    /// Takes up what was found in an earlier run.
    pub(crate) fn remember(&mut self, earlier: Vec<FoundColumn>) {
        for column in earlier {
            if let (true, Some(labelling)) = (column.weighing.by_samples, column.weighing.labelling)
            {
                self.earlier.insert((column.place, column.type_name), labelling);
            }
        }
    }

    /// Sees to it that everything is weighed anew at once: `thoroughly`, without regard to what
    /// earlier samples showed.
    pub(crate) fn start_anew(&mut self, rules: Arc<LabelRules>, thoroughly: bool) {
        self.rules = rules;
        self.weighed.clear();
        self.stale.clear();
        self.thin.clear();
        self.unsampled.clear();
        self.anew = true;
        if thoroughly {
            self.earlier.clear();
        }
    }

    /// Sees to it that everything is weighed anew by and by.
    pub(crate) fn grow_stale(&mut self) {
        self.stale = self.weighed.keys().copied().collect();
        self.unsampled.clear();
    }

    /// True if there is something to be weighed in a catalog that was weighed before.
    pub(crate) fn has_work(&self) -> bool {
        let now = Instant::now();
        self.anew || !self.stale.is_empty() || self.thin.values().any(|thin| thin.due <= now)
    }

    /// True if no sample was withheld by somebody's lock.
    pub(crate) fn is_complete(&self) -> bool {
        self.weighed.values().all(|known| known.sampled)
    }

    /// Weighs what has not been weighed yet, and for a while what was weighed long ago. `again`:
    /// and what somebody's lock kept from being sampled. `None` if nothing is other than before.
    ///
    /// # Errors
    /// If the connection is lost. What was weighed is kept.
    pub async fn label(
        &mut self,
        reader: &mut CatalogReader,
        catalog: &Catalog,
        again: bool,
    ) -> Result<Option<(LabelMap, Vec<FoundColumn>)>, CatalogError> {
        let begin = Instant::now();
        let before = self.weighed.len();
        self.weighed.retain(|id, _| catalog.relation(*id).is_some());
        self.stale.retain(|id| catalog.relation(*id).is_some());
        self.thin.retain(|id, _| catalog.relation(*id).is_some());
        let due = self.thin.iter().filter(|(_, thin)| thin.due <= begin);
        self.stale.extend(due.map(|(id, _)| *id));
        let mut changed = self.anew || self.weighed.len() != before;
        for relation in catalog.own_relations() {
            let unweighed = [RelationKind::Sequence, RelationKind::Composite];
            if is_system(&relation.schema) || unweighed.contains(&relation.kind) {
                continue;
            }
            let old = begin.elapsed() < SLICE && self.stale.remove(&relation.id);
            let known = self.weighed.get(&relation.id).filter(|known| {
                !old && (known.sampled || !again) && Arc::ptr_eq(&known.relation, relation)
            });
            if known.is_none() {
                let before = self.weighings(relation).filter(|_| old);
                self.weigh_relation(reader, catalog, relation, old).await?;
                changed |= before.is_none() || before != self.weighings(relation);
            }
        }
        self.anew = false;
        Ok(changed.then(|| self.found(catalog)))
    }

    /// What came of weighing a relation as it is.
    fn weighings(&self, relation: &Arc<Relation>) -> Option<HashMap<i16, Weighing>> {
        let known = self.weighed.get(&relation.id);
        let known = known.filter(|known| Arc::ptr_eq(&known.relation, relation));
        known.map(|it| it.columns.iter().map(|(at, one)| (*at, one.weighing.clone())).collect())
    }

    /// What was weighed, as labels and for whoever keeps it.
    fn found(&mut self, catalog: &Catalog) -> (LabelMap, Vec<FoundColumn>) {
        let mut map = LabelMap { version: catalog.version, ..LabelMap::default() };
        map.classes = Arc::clone(self.rules.classes());
        for relation in catalog.own_relations().filter(|one| is_system(&one.schema)) {
            label_system(relation, &mut map);
        }
        let mut found = Vec::new();
        for Known { relation, columns, .. } in self.weighed.values() {
            found.extend(relation.columns.iter().filter_map(|column| {
                Some(FoundColumn {
                    place: place(relation, column),
                    id: relation.column_id(column.number),
                    type_name: type_name(catalog, column).to_owned(),
                    weighing: columns.get(&column.number)?.weighing.clone(),
                })
            }));
        }
        follow_references(catalog, &mut found);
        for column in &mut found {
            self.hold_on(column);
            if let Some(labelling) = &column.weighing.labelling {
                map.columns.insert(column.id, labelling.clone());
            }
        }
        found.sort_by(|left, right| left.place.cmp(&right.place));
        (map, found)
    }

    /// Weighs a relation's columns; those that are as they were keep their labels, unless all are
    /// `old`.
    async fn weigh_relation(
        &mut self,
        reader: &mut CatalogReader,
        catalog: &Catalog,
        relation: &Arc<Relation>,
        old: bool,
    ) -> Result<(), CatalogError> {
        // A value that was not to be had may say another thing than the name.
        let known = self.weighed.remove(&relation.id).filter(|known| known.sampled && !old);
        let mut known = known.map(|known| known.columns).unwrap_or_default();
        let mut columns = HashMap::with_capacity(relation.columns.len());
        let mut fresh = Vec::new();
        for column in &relation.columns {
            match known.remove(&column.number).filter(|known| known.is_of(column)) {
                Some(weighed) => drop(columns.insert(column.number, weighed)),
                None => fresh.push(column),
            }
        }
        let samples = self.samples(reader, catalog, relation, &fresh).await?;
        self.note_thin(relation.id, samples.as_deref().unwrap_or_default());
        let mut evidence = Vec::with_capacity(fresh.len());
        for (at, column) in fresh.iter().copied().enumerate() {
            let values = samples.as_ref().and_then(|samples| samples.get(at));
            let values = values.map(Vec::as_slice).unwrap_or_default();
            evidence.push(self::evidence(catalog, relation, column, values));
        }
        let kept = columns.values().filter_map(|one| one.weighing.labelling.clone());
        let kept: Vec<Labelling> = kept.collect();
        let weighings = gate::weigh_together(&evidence, &kept, &self.rules);
        for (column, weighing) in fresh.iter().zip(weighings) {
            let weighed = Weighed {
                name: column.name.clone(),
                type_id: column.type_id,
                comment: column.comment.clone(),
                weighing,
            };
            columns.insert(column.number, weighed);
        }
        let (relation, sampled) = (Arc::clone(relation), samples.is_some());
        self.weighed.insert(relation.id, Known { relation, columns, sampled });
        Ok(())
    }

    /// Notes whether a relation had too few rows for its sample to say anything.
    fn note_thin(&mut self, relation: RelationId, samples: &[Vec<String>]) {
        let before = self.thin.remove(&relation);
        if samples.is_empty() || samples.iter().any(|values| values.len() >= FEW_VALUES) {
            return;
        }
        let pause = before.map_or(FIRST_PAUSE, |thin| (thin.pause * LONGER).min(LAST_PAUSE));
        self.thin.insert(relation, Thin { due: Instant::now() + pause, pause });
    }

    /// Values of columns, one list each. `None` if they are not to be had because of somebody's
    /// lock.
    async fn samples(
        &mut self,
        reader: &mut CatalogReader,
        catalog: &Catalog,
        relation: &Arc<Relation>,
        columns: &[&Column],
    ) -> Result<Option<Vec<Vec<String>>>, CatalogError> {
        let stored = matches!(
            relation.kind,
            RelationKind::Table | RelationKind::Partitioned | RelationKind::Materialized
        );
        let sampled = |column: &&Column| {
            let ty = catalog.type_by_id(column.type_id);
            ty.is_none_or(|ty| ty.category != 'B')
        };
        if !stored || !columns.iter().any(sampled) || self.unsampled.contains(&relation.id) {
            return Ok(Some(Vec::new()));
        }
        let numbers: Vec<i16> = columns.iter().map(|column| column.number).collect();
        match reader.sample(relation, &numbers, SAMPLE_ROWS).await {
            Ok(samples) => Ok(Some(samples)),
            // Names and types still speak, until the lock is gone.
            Err(CatalogError::Server(error)) if error.sqlstate == LOCK_NOT_AVAILABLE => Ok(None),
            Err(error) if error.is_final() => {
                self.unsampled.insert(relation.id);
                Err(error)
            }
            Err(error) => {
                // A role that may not read a table, a table that was dropped meanwhile: names and
                // types still speak.
                tracing::debug!(relation = relation.name, %error, "no samples");
                Ok(Some(Vec::new()))
            }
        }
    }

    /// A label that rested on an earlier sample holds where this one shows nothing; what this one
    /// shows is remembered.
    fn hold_on(&mut self, column: &mut FoundColumn) {
        let key = (column.place.clone(), column.type_name.clone());
        match (&column.weighing.labelling, self.earlier.get(&key)) {
            (None, Some(earlier)) => {
                let mut labelling = earlier.clone();
                labelling.evidence.insert(0, "found in an earlier sample".to_owned());
                labelling.evidence.dedup();
                column.weighing.labelling = Some(labelling);
                column.weighing.by_samples = true;
            }
            (Some(labelling), _) if column.weighing.by_samples => {
                self.earlier.insert(key, labelling.clone());
            }
            _ => {}
        }
    }
}

impl Weighed {
    fn is_of(&self, column: &Column) -> bool {
        self.name == column.name && self.type_id == column.type_id && self.comment == column.comment
    }
}

/// A column that refers to a labelled one holds its values, so it bears its label. A surrogate key
/// bears none, and so does what refers to it.
fn follow_references(catalog: &Catalog, found: &mut [FoundColumn]) {
    let label = |column: &FoundColumn| Some((column.id, column.weighing.labelling.clone()?));
    let mut labels: HashMap<ColumnId, Labelling> = found.iter().filter_map(label).collect();
    for _ in 0..MAX_HOPS {
        let mut followed = false;
        for column in found.iter_mut().filter(|column| column.weighing.labelling.is_none()) {
            let relation = catalog.relation(column.id.relation);
            let own =
                relation.and_then(|r| r.columns.iter().find(|c| c.number == column.id.number));
            let Some(to) = own.and_then(|column| column.references) else { continue };
            let Some(labelling) = labels.get(&to) else { continue };
            let named = catalog.relation(to.relation).and_then(|relation| {
                let target = relation.columns.iter().find(|column| column.number == to.number)?;
                Some(format!("{}.{}.{}", relation.schema, relation.name, target.name))
            });
            let named = named.unwrap_or_default();
            let evidence = vec![format!("it refers to {named}, which bears the label")];
            let confidence = labelling.confidence;
            let labelling = Labelling { label: labelling.label.clone(), confidence, evidence };
            labels.insert(column.id, labelling.clone());
            column.weighing.labelling = Some(labelling);
            followed = true;
        }
        if !followed {
            return;
        }
    }
}

fn place(relation: &Relation, column: &Column) -> Place {
    Place {
        schema: relation.schema.clone(),
        relation: relation.name.clone(),
        column: column.name.clone(),
    }
}

fn type_name<'c>(catalog: &'c Catalog, column: &Column) -> &'c str {
    catalog.type_by_id(column.type_id).map_or("unknown", |ty| ty.name.as_str())
}

/// Everything known of a column, but for what is found beside it.
fn evidence<'e>(
    catalog: &'e Catalog,
    relation: &'e Relation,
    column: &'e Column,
    samples: &'e [String],
) -> ColumnEvidence<'e> {
    let mut ty = catalog.type_by_id(column.type_id);
    // A domain holds what its base type holds.
    while let Some(TypeKind::Domain(base)) = ty.map(|ty| ty.kind.clone()) {
        ty = catalog.type_by_id(base);
    }
    let element = ty.and_then(|ty| match ty.kind {
        TypeKind::Array(element) => catalog.type_by_id(element),
        _ => None,
    });
    ColumnEvidence {
        schema: &relation.schema,
        relation: &relation.name,
        relation_comment: relation.comment.as_deref(),
        stored: relation.kind != RelationKind::View,
        siblings: &relation.columns,
        column,
        type_name: ty.map_or("unknown", |ty| ty.name.as_str()),
        type_category: ty.map_or('X', |ty| ty.category),
        element_type_name: element.map(|ty| ty.name.as_str()),
        samples,
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
