//! What stands where in a document that a statement puts together (`row_to_json`, `json_agg`,
//! `json_build_object`). Said only where it is certain: a key that the client names as a constant,
//! a column of a row whose names the server gives to the keys.

use crate::{
    flow::{Flow, Leaf},
    query::call::Arguments,
    relate::{Stand, stand},
};
use model::{
    ColumnId,
    catalog::Function,
    facts::{Inner, Step},
};
use std::{collections::HashSet, rc::Rc};

/// Most values of a document that are told apart.
const MAX_LEAVES: usize = 512;

/// What a call of one of PostgreSQL's own functions puts where.
pub(crate) fn made_by(function: &Function, arguments: &Arguments) -> Option<Rc<[Leaf]>> {
    if function.schema != "pg_catalog" || arguments.spread {
        return None;
    }
    let values = &arguments.values;
    let named = values.iter().any(|(name, _)| name.is_some());
    let first = values.first().filter(|_| !named).map(|(_, flow)| flow)?;
    let alone = || values.iter().skip(1).all(|(_, flow)| flow.is_given());
    let leaves = match function.name.as_str() {
        "to_json" | "to_jsonb" | "row_to_json" | "array_to_json" if alone() => leaves_of(first)?,
        "json_agg" | "jsonb_agg" | "array_agg" => below(Step::Each, first)?,
        "json_build_array" | "jsonb_build_array" => {
            let mut leaves = Vec::new();
            for (place, (_, flow)) in values.iter().enumerate() {
                leaves.extend(below(Step::At(place), flow)?);
            }
            leaves
        }
        "json_build_object" | "jsonb_build_object" => object(arguments)?,
        _ => return None,
    };
    (leaves.len() <= MAX_LEAVES).then(|| leaves.into())
}

/// An object of keys that the client gives as constants, each once.
fn object(arguments: &Arguments) -> Option<Vec<Leaf>> {
    let mut seen = HashSet::new();
    let mut leaves = Vec::new();
    for (pair, key) in arguments.values.chunks(2).zip(&arguments.keys) {
        let (Some(key), [_, (_, value)]) = (key, pair) else { return None };
        if !seen.insert(key) {
            return None;
        }
        leaves.extend(below(Step::Key(key.clone()), value)?);
    }
    Some(leaves)
}

fn below(step: Step, flow: &Flow) -> Option<Vec<Leaf>> {
    let mut leaves = leaves_of(flow)?;
    for leaf in &mut leaves {
        leaf.path.insert(0, step.clone());
    }
    Some(leaves)
}

/// A value as it stands in a document: a document itself, a row, or anything else as one.
fn leaves_of(flow: &Flow) -> Option<Vec<Leaf>> {
    if let Some(document) = &flow.document {
        return Some(document.to_vec());
    }
    let Some(fields) = flow.fields.as_ref().filter(|_| flow.named) else {
        return Some(vec![Leaf { path: Vec::new(), flow: flow.clone() }]);
    };
    let mut seen = HashSet::new();
    let mut leaves = Vec::new();
    for field in fields.iter() {
        if !seen.insert(&field.name) || leaves.len() > MAX_LEAVES {
            return None;
        }
        leaves.extend(below(Step::Key(field.name.to_string()), &field.flow)?);
    }
    Some(leaves)
}

/// An object without one of its keys: what else stands in it stands where it stood. `None` for
/// everything of which it is not certain what stands where.
pub(crate) fn without_a_key(whole: &Flow) -> Option<Flow> {
    let document = whole.document.as_ref().filter(|_| !whole.unknown && !whole.keyed)?;
    let named = |leaf: &Leaf| matches!(leaf.path.first(), Some(Step::Key(_)));
    document.iter().all(named).then(|| Flow { origin: None, ..whole.clone() })
}

/// The values of a document as the model states them; none where anything of it stands nowhere
/// certain. What the client's sets in it were compared with is part of each.
pub(crate) fn inner(whole: &Flow, widen: impl Fn(&mut Flow)) -> Vec<Inner> {
    let Some(document) = whole.document.as_ref().filter(|_| !whole.unknown && !whole.keyed) else {
        return Vec::new();
    };
    let is_set = |source: &ColumnId| stand(*source) == Stand::Set;
    let known: HashSet<ColumnId> =
        document.iter().flat_map(|leaf| leaf.flow.sources.iter().copied()).collect();
    if whole.sources.iter().any(|source| !is_set(source) && !known.contains(source)) {
        return Vec::new();
    }
    let said = |leaf: &Leaf| {
        let mut flow = Flow { origin: None, fields: None, document: None, ..leaf.flow.clone() };
        flow.sources.extend(whole.sources.iter().copied().filter(is_set));
        widen(&mut flow);
        Inner { path: leaf.path.clone(), value: flow.output("") }
    };
    document.iter().map(said).collect()
}
