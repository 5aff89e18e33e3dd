//! Relations as datasets: which a statement reads and writes, where written columns come from, and
//! which columns' values a session was given. Knows facts as records tell them.
//!
//! Where a shape only says that one column is copied and another written, as those of earlier
//! versions do, each comes from each.

use super::facets;
use crate::{join::Statement, left::left};
use ledger::record::{Shape, ShapeColumn};
use model::facts::Derivation;
use model::{Operation, Use};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Catalogs that describe a database, and hold nobody's data.
const SYSTEM: [&str; 2] = ["pg_catalog.", "information_schema."];

/// How datasets are named.
pub(super) struct Names<'a> {
    pub(super) producer: &'a str,
    pub(super) namespace: &'a str,
}

/// Whether a statement writes data: changes rows, or makes a relation of what it copies.
pub(super) fn writes(shape: &Shape<'_>) -> bool {
    !outputs(shape).is_empty()
}

/// The relations that are written.
fn outputs<'s>(shape: &'s Shape<'_>) -> BTreeSet<&'s str> {
    let copies = shape.columns.iter().any(|column| column.uses.contains(&Use::Copied));
    let effects = shape.effects.iter().filter(|effect| match effect.operation {
        Operation::Insert
        | Operation::Update
        | Operation::Delete
        | Operation::Merge
        | Operation::Truncate
        | Operation::CopyIn => true,
        // What is made of nothing else is structure.
        Operation::Create | Operation::CreateTemp => copies,
        _ => false,
    });
    let objects = effects.map(|effect| effect.object.as_ref());
    let written = shape.columns.iter().filter(|column| column.uses.contains(&Use::Written));
    let written = written.filter_map(|column| Some(parts(column)?.0));
    objects.chain(written).filter(|name| !name.is_empty() && !is_system(name)).collect()
}

fn is_system(relation: &str) -> bool {
    SYSTEM.iter().any(|schema| relation.starts_with(schema))
}

/// A column's relation and its own name.
fn parts<'c>(column: &'c ShapeColumn<'_>) -> Option<(&'c str, &'c str)> {
    column.column.rsplit_once('.')
}

impl Names<'_> {
    /// The relations that are read, with the labels of their columns that are.
    pub(super) fn inputs(&self, shape: &Shape<'_>) -> Vec<Value> {
        let mut read: BTreeMap<&str, BTreeMap<&str, Option<String>>> = BTreeMap::new();
        for effect in shape.effects.iter().filter(|one| one.operation == Operation::Select) {
            read.entry(effect.object.as_ref()).or_default();
        }
        for column in shape.columns.iter() {
            let reads = column.uses.iter().any(|used| *used != Use::Written);
            if let Some((relation, field)) = parts(column).filter(|_| reads) {
                let label = column.label.as_ref().map(ToString::to_string);
                read.entry(relation).or_default().insert(field, label);
            }
        }
        read.retain(|relation, _| !relation.is_empty() && !is_system(relation));
        let dataset = |(relation, fields): (&str, BTreeMap<&str, Option<String>>)| {
            let labels = fields.iter().filter_map(|(field, label)| Some((*field, label.as_ref()?)));
            let tags = facets::tags(self.producer, labels);
            let mut dataset = self.dataset(&shape.database, relation);
            put(&mut dataset, "facets", tags.map(|tags| json!({ "tags": tags })));
            dataset
        };
        read.into_iter().map(dataset).collect()
    }

    /// The relations that are written, with where their columns come from.
    pub(super) fn outputs(&self, shape: &Shape<'_>, affected: Option<u64>) -> Vec<Value> {
        let outputs = outputs(shape);
        // The count is of all of them together.
        let affected = affected.filter(|_| outputs.len() == 1);
        let dataset = |relation: &str| {
            let mut dataset = self.dataset(&shape.database, relation);
            let lineage = self.column_lineage(shape, relation);
            put(&mut dataset, "facets", lineage.map(|found| json!({ "columnLineage": found })));
            let rows = affected.map(|rows| {
                json!({ "outputStatistics": facets::output_statistics(self.producer, rows) })
            });
            put(&mut dataset, "outputFacets", rows);
            dataset
        };
        outputs.into_iter().map(dataset).collect()
    }

    fn dataset(&self, database: &str, relation: &str) -> Value {
        json!({ "namespace": self.namespace, "name": format!("{database}.{relation}") })
    }

    /// Where the columns of one relation come from; nothing if no column is copied or decides.
    fn column_lineage(&self, shape: &Shape<'_>, relation: &str) -> Option<Value> {
        let mut fields: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        let mut whole = Vec::new();
        let passages = shape.passages();
        for passage in passages.iter().filter(|passage| passage.relation == relation) {
            let Some(input) = self.input(shape, passage.from, &transformation(passage.how)) else {
                continue;
            };
            match passage.column {
                "*" => whole.push(input),
                column => fields.entry(column).or_default().push(input),
            }
        }
        let decides = [Use::Tested, Use::LookedUp, Use::Inferred, Use::Aggregated];
        let decides = |column: &&ShapeColumn<'_>| column.uses.iter().any(|u| decides.contains(u));
        let indirect = json!({ "type": "INDIRECT" });
        let deciding = shape.columns.iter().filter(decides);
        whole.extend(deciding.filter_map(|c| self.input(shape, &c.column, &indirect)));
        if fields.is_empty() && whole.is_empty() {
            return None;
        }
        let field = |(name, inputs): (&str, Vec<Value>)| {
            (name.to_owned(), json!({ "inputFields": inputs }))
        };
        let fields: Map<String, Value> = fields.into_iter().map(field).collect();
        Some(facets::column_lineage(self.producer, fields, whole))
    }

    /// A column that something comes from; the catalogs' own are left out.
    fn input(&self, shape: &Shape<'_>, column: &str, how: &Value) -> Option<Value> {
        let (relation, field) = column.rsplit_once('.').filter(|(name, _)| !is_system(name))?;
        let mut input = self.dataset(&shape.database, relation);
        put(&mut input, "field", Some(field.into()));
        put(&mut input, "transformations", Some(json!([how])));
        Some(input)
    }
}

/// How a written column comes from one that it comes from, in OpenLineage's words.
fn transformation(how: Option<Derivation>) -> Value {
    let (subtype, description) = match how {
        Some(Derivation::Identity) => ("IDENTITY", ""),
        Some(Derivation::Cast | Derivation::Expression) => ("TRANSFORMATION", ""),
        Some(Derivation::Aggregate) => ("AGGREGATION", ""),
        None => ("", "copied; which column goes into which is not recorded"),
    };
    let mut how = json!({ "type": "DIRECT", "masking": false });
    put(&mut how, "subtype", Some(subtype).filter(|text| !text.is_empty()).map(Into::into));
    put(&mut how, "description", Some(description).filter(|t| !t.is_empty()).map(Into::into));
    how
}

fn put(object: &mut Value, name: &str, value: Option<Value>) {
    if let (Some(object), Some(value)) = (object.as_object_mut(), value) {
        object.insert(name.to_owned(), value);
    }
}

/// How many values of a column a session was given.
#[derive(Clone, Debug, Default)]
struct Values {
    label: Option<String>,
    raw: u64,
    masked: u64,
    /// Looked into, and nothing to hide in them.
    unchanged: u64,
    nulls: u64,
}

/// The columns whose values a session was given, by relation.
#[derive(Debug, Default)]
pub(super) struct Given(BTreeMap<String, BTreeMap<String, Values>>);

impl Given {
    /// Adds what a statement gave.
    pub(super) fn take(&mut self, statement: &Statement) {
        for left in left(statement) {
            for (column, label) in left.origins {
                let parts = column.rsplit_once('.').filter(|(name, _)| !is_system(name));
                let Some((relation, field)) = parts else { continue };
                let fields = self.0.entry(relation.to_owned()).or_default();
                let values = fields.entry(field.to_owned()).or_default();
                values.label = label.map(ToString::to_string);
                values.raw += left.raw;
                values.unchanged += left.unchanged;
                values.masked += left.masked;
                values.nulls += left.nulls;
            }
        }
    }

    /// As input datasets.
    pub(super) fn inputs(&self, producer: &str, namespace: &str, database: &str) -> Vec<Value> {
        let names = Names { producer, namespace };
        let dataset = |(relation, fields): (&String, &BTreeMap<String, Values>)| {
            let mut dataset = names.dataset(database, relation);
            let labels =
                fields.iter().filter_map(|(name, v)| Some((name.as_str(), v.label.as_ref()?)));
            let tags = facets::tags(producer, labels);
            put(&mut dataset, "facets", tags.map(|tags| json!({ "tags": tags })));
            let columns: Map<String, Value> = fields
                .iter()
                .map(|(name, v)| {
                    let Values { label, raw, masked, unchanged, nulls } = v;
                    let counts = json!({ "label": label, "raw": raw, "masked": masked,
                                         "unchanged": unchanged, "nulls": nulls });
                    (name.clone(), counts)
                })
                .collect();
            let given = facets::given(producer, columns);
            put(&mut dataset, "inputFacets", Some(json!({ "weir_given": given })));
            dataset
        };
        self.0.iter().map(dataset).collect()
    }
}
