//! What a verdict rests on, exact enough to decide anew under other policies: facts by numbers, and
//! what the numbers mean. Knows no policy.

use super::{List, Text, is_empty, is_false};
use model::{
    Catalog, Class, ColumnId, Facts, Label, LabelMap, Labelling, RelationId, TypeId,
    catalog::{Relation, RelationKind},
    facts::Unknown,
};
use serde::{Deserialize, Serialize};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// See the module's own page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Basis<'a> {
    /// The facts that policy looks at. What only the session follows is left out, and so are
    /// words about what was not understood beside its name.
    pub facts: Cow<'a, Facts>,
    /// The relations that the facts name by number.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub relations: List<'a, BasisRelation<'a>>,
    /// What was demanded beside the outcome and the masks, in words.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub obligations: List<'a, String>,
}

/// A relation that the facts name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BasisRelation<'a> {
    /// Its number.
    pub id: RelationId,
    /// Its schema.
    pub schema: Text<'a>,
    /// Its name.
    pub name: Text<'a>,
    /// It is a view.
    #[serde(default, skip_serializing_if = "is_false")]
    pub view: bool,
    /// Those of its columns that the facts name or that bear a label.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub columns: List<'a, BasisColumn<'a>>,
}

/// A column that the facts name, or that bears a label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BasisColumn<'a> {
    /// Its number.
    pub number: i16,
    /// Its name.
    pub name: Text<'a>,
    /// Its type's number.
    #[serde(rename = "type")]
    pub type_id: TypeId,
    /// Its label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Label>,
    /// The label's class, where it is not the well-known one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<Class>,
    /// It holds pieces of values of its label.
    #[serde(default, skip_serializing_if = "is_false")]
    pub derived: bool,
}

impl Basis<'_> {
    /// Takes out of a catalog and its labels what deciding on these facts looks at.
    pub fn of(facts: &Facts, catalog: &Catalog, labels: &LabelMap) -> Self {
        let mut named: BTreeMap<RelationId, BTreeSet<i16>> = BTreeMap::new();
        for column in columns(facts) {
            named.entry(column.relation).or_default().insert(column.number);
        }
        for relation in facts.effects.iter().filter_map(|effect| effect.relation.as_ref()?.id) {
            named.entry(relation).or_default();
        }
        let relations = named.iter().filter_map(|(id, numbers)| {
            let relation = catalog.relation(*id)?;
            Some(described(relation, numbers, labels))
        });
        Self {
            facts: Cow::Owned(pruned(facts)),
            relations: relations.collect::<Vec<_>>().into(),
            obligations: Vec::new().into(),
        }
    }
}

/// Every column that policy may look at.
fn columns(facts: &Facts) -> impl Iterator<Item = ColumnId> {
    let outputs = facts.outputs.iter().flatten();
    let outputs = outputs.flat_map(|output| output.sources.iter().chain(&output.statistics));
    let ties = facts.ties.iter().flat_map(|tie| tie.left.iter().chain(&tie.right));
    let used = facts.columns.iter().map(|used| used.column);
    let looked_up = facts.look_ups.iter().map(|look_up| look_up.column);
    used.chain(looked_up).chain(outputs.copied()).chain(ties.copied())
}

fn described<'a>(
    relation: &Relation,
    numbers: &BTreeSet<i16>,
    labels: &LabelMap,
) -> BasisRelation<'a> {
    let columns = relation.columns.iter().filter_map(|column| {
        let id = relation.column_id(column.number);
        let label = labels.label(id);
        if label.is_none() && !numbers.contains(&column.number) {
            return None;
        }
        let class = label.map(|label| labels.class(label));
        Some(BasisColumn {
            number: column.number,
            name: column.name.clone().into(),
            type_id: column.type_id,
            class: class.filter(|class| label.is_some_and(|label| label.class() != *class)),
            label: label.cloned(),
            derived: labels.is_derived(id),
        })
    });
    BasisRelation {
        id: relation.id,
        schema: relation.schema.clone().into(),
        name: relation.name.clone().into(),
        view: relation.kind == RelationKind::View,
        columns: columns.collect::<Vec<_>>().into(),
    }
}

fn pruned(facts: &Facts) -> Facts {
    let unknowns = facts.unknowns.iter();
    let unknowns = unknowns.map(|one| Unknown { what: one.what.clone(), why: String::new() });
    Facts {
        operation: facts.operation,
        effects: facts.effects.clone(),
        functions: Vec::new(),
        code: Vec::new(),
        columns: facts.columns.clone(),
        look_ups: facts.look_ups.clone(),
        outputs: facts.outputs.clone(),
        outputs_unknown: facts.outputs_unknown,
        dynamic: facts.dynamic,
        unknowns: unknowns.collect(),
        session: Vec::new(),
        ties: facts.ties.clone(),
        moves: Vec::new(),
        made: Vec::new(),
        renamed: Vec::new(),
        keeps_names: false,
    }
}

impl Basis<'_> {
    /// A catalog and labels that hold what was taken out.
    pub fn restored(&self) -> (Catalog, LabelMap) {
        let (mut catalog, mut labels) = (Catalog::default(), LabelMap::default());
        for relation in self.relations.iter() {
            let mut columns = Vec::with_capacity(relation.columns.len());
            for column in relation.columns.iter() {
                let id = ColumnId { relation: relation.id, number: column.number };
                if let Some(label) = &column.label {
                    if let Some(class) = column.class {
                        Arc::make_mut(&mut labels.classes).insert(label.clone(), class);
                    }
                    let (label, evidence) = (label.clone(), Vec::new());
                    labels.columns.insert(id, Labelling { label, confidence: 1.0, evidence });
                }
                if column.derived {
                    labels.derived.insert(id);
                }
                columns.push(model::catalog::Column {
                    number: column.number,
                    name: column.name.to_string(),
                    type_id: column.type_id,
                    not_null: false,
                    generated: None,
                    unique: false,
                    choosy: false,
                    references: None,
                    comment: None,
                });
            }
            let kind = if relation.view { RelationKind::View } else { RelationKind::Table };
            catalog.add_relation(Relation {
                id: relation.id,
                schema: relation.schema.to_string(),
                name: relation.name.to_string(),
                kind,
                columns,
                definition: None,
                parents: Vec::new(),
                has_rules: false,
                row_security: false,
                triggers: Vec::new(),
                attached: model::code::Attached::default(),
                refers: Vec::new(),
                carried_from: Vec::new(),
                row_type: TypeId(0),
                comment: None,
                estimated_rows: -1.0,
            });
        }
        (catalog, labels)
    }
}
