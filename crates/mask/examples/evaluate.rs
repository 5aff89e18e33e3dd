//! What Weir finds in labelled data, for `cargo xtask eval`: reads the columns, texts and
//! documents that were generated, writes what is found beside them. Knows nothing of what is true.
//!
//! `evaluate FOLDER` reads `columns.jsonl`, `texts.jsonl`, `documents.jsonl` in the folder.

use mask::{ColumnEvidence, Find, LabelRules, find, find_in_document, weigh_together};
use model::{Labelling, TypeId, catalog::Column};
use serde_json::{Value, json};
use std::{
    error::Error,
    fs,
    io::{BufRead, BufReader, BufWriter, Write},
    path::Path,
};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("which folder?")?;
    let folder = Path::new(&folder);
    columns(folder)?;
    each(
        folder,
        "texts",
        |item| json!({ "spans": spans(at(item, "text").as_str().unwrap_or_default()) }),
    )?;
    each(folder, "documents", |item| json!({ "found": document(item) }))
}

/// Answers every line of a file with a line of another.
fn each(folder: &Path, name: &str, answer: impl Fn(&Value) -> Value) -> Result<(), Box<dyn Error>> {
    let items = BufReader::new(fs::File::open(folder.join(format!("{name}.jsonl")))?);
    let mut out = BufWriter::new(fs::File::create(folder.join(format!("{name}.weir.jsonl")))?);
    for line in items.lines() {
        let item: Value = serde_json::from_str(&line?)?;
        writeln!(out, "{}", answer(&item))?;
    }
    Ok(out.flush()?)
}

/// Answers every line of the columns. Those of one relation are weighed together.
fn columns(folder: &Path) -> Result<(), Box<dyn Error>> {
    let text = fs::read_to_string(folder.join("columns.jsonl"))?;
    let items: Vec<Value> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let mut out = BufWriter::new(fs::File::create(folder.join("columns.weir.jsonl"))?);
    // A telling name speaks for itself: those columns stand alone, although many say `customers`.
    let alone = |item: &Value| at(item, "naming") == "telling";
    for table in items.chunk_by(|one, next| {
        !alone(one) && !alone(next) && at(one, "relation") == at(next, "relation")
    }) {
        for answer in together(table) {
            writeln!(out, "{answer}")?;
        }
    }
    Ok(out.flush()?)
}

/// The label of each column by its name, its values and what stands beside it, and what is found in
/// each cell: everything, under that label, else by the scan.
fn together(table: &[Value]) -> Vec<Value> {
    let text = |item: &Value, key: &str| at(item, key).as_str().unwrap_or_default().to_owned();
    let values_of = |item: &Value| -> Vec<String> {
        let values = at(item, "values").as_array().map(Vec::as_slice).unwrap_or_default();
        values.iter().map(|value| value.as_str().unwrap_or_default().to_owned()).collect()
    };
    let columns: Vec<Column> =
        table.iter().zip(1..).map(|(item, number)| column(number, text(item, "column"))).collect();
    let values: Vec<Vec<String>> = table.iter().map(values_of).collect();
    let types: Vec<String> = table.iter().map(|item| text(item, "type")).collect();
    let relation = table.first().map(|item| text(item, "relation")).unwrap_or_default();
    let evidence: Vec<ColumnEvidence<'_>> = columns
        .iter()
        .zip(&values)
        .zip(&types)
        .map(|((column, values), type_name)| ColumnEvidence {
            schema: "public",
            relation: &relation,
            relation_comment: None,
            siblings: &columns,
            stored: true,
            column,
            type_name,
            type_category: if type_name == "text" { 'S' } else { 'N' },
            element_type_name: None,
            samples: values,
        })
        .collect();
    let found = weigh_together(&evidence, &[], &LabelRules::default());
    found
        .into_iter()
        .zip(&evidence)
        .map(|(found, evidence)| answer(found.labelling.as_ref(), evidence))
        .collect()
}

fn column(number: i16, name: String) -> Column {
    Column {
        number,
        name,
        type_id: TypeId(25),
        not_null: false,
        generated: None,
        unique: false,
        choosy: false,
        references: None,
        comment: None,
    }
}

fn answer(labelling: Option<&Labelling>, evidence: &ColumnEvidence<'_>) -> Value {
    let scanned = evidence.type_name == "text";
    let cells: Vec<Value> = evidence
        .samples
        .iter()
        .map(|value| match labelling {
            Some(found) => json!([[0, value.len(), found.label.as_str()]]),
            None if scanned => spans(value),
            None => json!([]),
        })
        .collect();
    json!({ "label": labelling.map(|found| found.label.as_str()), "cells": cells })
}

fn spans(text: &str) -> Value {
    find(text.as_bytes()).iter().map(span).collect()
}

fn span(found: &Find) -> Value {
    json!([found.start, found.end, found.label.as_str()])
}

/// What is found in each leaf, by its place; leaves in which nothing is found are left out.
fn document(item: &Value) -> Value {
    let text = at(item, "document").as_str().unwrap_or_default();
    let mut leaves = serde_json::Map::new();
    for (place, found) in find_in_document(text.as_bytes()).unwrap_or_default() {
        let leaf = leaves.entry(place).or_insert_with(|| json!([]));
        if let Some(spans) = leaf.as_array_mut() {
            spans.push(span(&found));
        }
    }
    leaves.into()
}

/// The member of an object; null where there is none.
fn at<'a>(item: &'a Value, key: &str) -> &'a Value {
    static NULL: Value = Value::Null;
    item.get(key).unwrap_or(&NULL)
}
