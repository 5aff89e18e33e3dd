//! Labels that columns' own evidence speaks for, and what they were proposed from. Knows no
//! connection.

use gate::ColumnEvidence;
use model::{
    Catalog, Label, Labelling,
    catalog::{Column, Relation},
};
use std::{collections::HashMap, sync::Arc};

/// The labels proposed for a relation's columns, by number.
pub(super) struct Weighing {
    /// As it was then: the same one is not looked at twice.
    pub(super) relation: Arc<Relation>,
    pub(super) columns: HashMap<i16, Weighed>,
    /// False if its values could not be had: look again.
    pub(super) sampled: bool,
}

/// What a label was proposed from; the same evidence is not weighed twice.
pub(super) struct Weighed {
    name: String,
    type_id: model::TypeId,
    comment: Option<String>,
    pub(super) labelling: Option<Labelling>,
}

impl Weighed {
    fn new(column: &Column, labelling: Option<Labelling>) -> Self {
        Self {
            name: column.name.clone(),
            type_id: column.type_id,
            comment: column.comment.clone(),
            labelling,
        }
    }

    pub(super) fn is_of(&self, column: &Column) -> bool {
        self.name == column.name && self.type_id == column.type_id && self.comment == column.comment
    }
}

/// Proposes a label for one column.
pub(super) fn weigh(
    catalog: &Catalog,
    relation: &Relation,
    column: &Column,
    samples: &[String],
) -> Weighed {
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
    Weighed::new(column, labelling)
}

/// True of PostgreSQL's own schemas.
pub(super) fn is_system(schema: &str) -> bool {
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

/// The labels of a system catalog's columns.
pub(super) fn system(relation: &Relation) -> HashMap<i16, Weighed> {
    let mut weighed = HashMap::new();
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
            weighed.insert(column.number, Weighed::new(column, Some(labelling)));
        }
    }
    weighed
}
