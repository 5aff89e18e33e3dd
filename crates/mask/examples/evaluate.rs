//! What Weir finds in labelled data, for `cargo xtask eval`: reads the columns, texts and
//! documents that were generated, writes what is found beside them. Knows nothing of what is true.
//!
//! `evaluate FOLDER` reads `columns.jsonl`, `texts.jsonl`, `documents.jsonl` in the folder.

use mask::{Applied, ColumnEvidence, ColumnMask, Find, Format, Key, LabelRules, find, weigh};
use model::{Catalog, Disclosure, TypeId, catalog::Column};
use serde_json::{Value, json};
use std::{
    error::Error,
    fs,
    io::{BufRead, BufReader, BufWriter, Write},
    path::Path,
};

/// PostgreSQL's type of JSON documents.
const JSONB: TypeId = TypeId(3802);

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("which folder?")?;
    let folder = Path::new(&folder);
    each(folder, "columns", column)?;
    each(
        folder,
        "texts",
        |item| json!({ "spans": spans(at(item, "text").as_str().unwrap_or_default()) }),
    )?;
    each(folder, "documents", |item| json!({ "masked": document(item) }))
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

/// The column's label by its name and values, and what is found in each cell: everything, under
/// that label, else by the scan.
fn column(item: &Value) -> Value {
    let text = |key: &str| at(item, key).as_str().unwrap_or_default().to_owned();
    let values = at(item, "values").as_array().map(Vec::as_slice).unwrap_or_default();
    let values: Vec<String> =
        values.iter().map(|value| value.as_str().unwrap_or_default().to_owned()).collect();
    let column = Column {
        number: 1,
        name: text("column"),
        type_id: TypeId(25),
        not_null: false,
        generated: None,
        unique: false,
        references: None,
        comment: None,
    };
    let type_name = text("type");
    let evidence = ColumnEvidence {
        schema: "public",
        relation: &text("relation"),
        relation_comment: None,
        siblings: std::slice::from_ref(&column),
        stored: true,
        column: &column,
        type_name: &type_name,
        type_category: if type_name == "text" { 'S' } else { 'N' },
        element_type_name: None,
        samples: &values,
    };
    let labelling = weigh(&evidence, &LabelRules::default()).labelling;
    let scanned = type_name == "text";
    let cells: Vec<Value> = values
        .iter()
        .map(|value| match &labelling {
            Some(found) => json!([[0, value.len(), found.label.as_str()]]),
            None if scanned => spans(value),
            None => json!([]),
        })
        .collect();
    let label = labelling.as_ref().map(|found| found.label.as_str().to_owned());
    json!({ "label": label, "cells": cells })
}

fn spans(text: &str) -> Value {
    let span = |found: &Find| json!([found.start, found.end, found.label.as_str()]);
    find(text.as_bytes()).iter().map(span).collect()
}

/// The leaves that leave changed.
fn document(item: &Value) -> Vec<String> {
    let text = at(item, "document").as_str().unwrap_or_default();
    let key = Key::new([1; 32]);
    let catalog = Catalog::default();
    let mask = ColumnMask::compile(&Disclosure::Scan, JSONB, &catalog, Format::Text, &key);
    let mut out = Vec::new();
    let mut changed = Vec::new();
    let masked = mask.apply(text.as_bytes(), &mut out) == Applied::Masked;
    if masked
        && let (Ok(before), Ok(after)) = (serde_json::from_str(text), serde_json::from_slice(&out))
    {
        compare(&before, &after, "", &mut changed);
    }
    changed
}

fn compare(before: &Value, after: &Value, path: &str, changed: &mut Vec<String>) {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            for ((key, before), after) in before.iter().zip(after.values()) {
                compare(before, after, &format!("{path}/{key}"), changed);
            }
        }
        (Value::Array(before), Value::Array(after)) => {
            for (place, (before, after)) in before.iter().zip(after).enumerate() {
                compare(before, after, &format!("{path}/{place}"), changed);
            }
        }
        _ if before != after => changed.push(path.to_owned()),
        _ => {}
    }
}

/// The member of an object; null where there is none.
fn at<'a>(item: &'a Value, key: &str) -> &'a Value {
    static NULL: Value = Value::Null;
    item.get(key).unwrap_or(&NULL)
}
