//! Compares what was found with what is true. Knows the files' form and no recogniser.
//!
//! A value counts as hidden when every letter and digit of it is in what was found; of an address
//! half of them, since how much of a place identifies is a matter of degree; of a login or a
//! connection string its password. It counts as found when what was found says its label too. What
//! was found is right when most of it lies in values of its label, and harmful when most of it lies
//! in no sensitive value at all: a connection string is one from its beginning to its end.

use super::report::{Place, Report};
use anyhow::{Context, Result};
use serde_json::Value;
use std::fs;
use std::ops::Range;
use std::path::Path;

/// Whose findings are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tool {
    Weir,
    Presidio,
}

impl Tool {
    /// The word in file names and in the report.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Weir => "weir",
            Self::Presidio => "presidio",
        }
    }
}

/// A piece of text under a label, in bytes.
struct Span {
    start: usize,
    end: usize,
    label: String,
    kind: String,
    /// All of the value in which it stands.
    whole: Range<usize>,
}

/// Compares everything in the folder.
pub(super) fn all(folder: &Path, tool: Tool, report: &mut Report) -> Result<()> {
    for (item, answer) in pairs(folder, "columns", tool)? {
        column(&item, &answer, tool, report)?;
    }
    for (item, answer) in pairs(folder, "texts", tool)? {
        let harmless = at(&item, "kind") == "harmless";
        let place = match (harmless, at(&item, "held") == true) {
            (true, _) => Place::Harmless,
            (false, false) => Place::Text,
            (false, true) => Place::HeldText,
        };
        let (truth, found) = (spans(at(&item, "spans"))?, spans(at(&answer, "spans"))?);
        let text = at(&item, "text").as_str().context("a text")?;
        compare(text, &truth, &found, place, "text", tool, report);
    }
    for (item, answer) in pairs(folder, "documents", tool)? {
        document(&item, &answer, tool, report)?;
    }
    Ok(())
}

fn pairs(folder: &Path, name: &str, tool: Tool) -> Result<Vec<(Value, Value)>> {
    let read = |file: String| -> Result<Vec<Value>> {
        let text = fs::read_to_string(folder.join(&file)).with_context(|| file.clone())?;
        text.lines().map(|line| serde_json::from_str(line).context("a line of JSON")).collect()
    };
    let items = read(format!("{name}.jsonl"))?;
    let answers = read(format!("{name}.{}.jsonl", tool.as_str()))?;
    anyhow::ensure!(items.len() == answers.len(), "{name}: as many answers as questions");
    Ok(items.into_iter().zip(answers).collect())
}

fn spans(value: &Value) -> Result<Vec<Span>> {
    let list = value.as_array().context("spans")?;
    let number = |value: &Value| Some(usize::try_from(value.as_u64()?).unwrap_or(usize::MAX));
    let span = |item: &Value| {
        let (start, end) = (number(item.get(0)?)?, number(item.get(1)?)?);
        let edge = |place: usize, own: usize| item.get(place).and_then(number).unwrap_or(own);
        Some(Span {
            start,
            end,
            label: item.get(2)?.as_str()?.to_owned(),
            kind: item.get(3).and_then(Value::as_str).unwrap_or_default().to_owned(),
            whole: edge(4, start)..edge(5, end),
        })
    };
    list.iter().map(|item| span(item).context("a span")).collect()
}

fn column(item: &Value, answer: &Value, tool: Tool, report: &mut Report) -> Result<()> {
    let place = match at(item, "naming").as_str() {
        Some("telling") => Place::Telling,
        Some("beside") => Place::Beside,
        _ => Place::Opaque,
    };
    let kind = at(item, "kind").as_str().context("a kind")?;
    let values = at(item, "values").as_array().context("values")?;
    let cells = at(answer, "cells").as_array().context("cells")?;
    for (row, (value, cell)) in values.iter().zip(cells).enumerate() {
        let value = value.as_str().context("a value")?;
        let truth = match at(item, "label").as_str() {
            Some(label) => {
                let at = |end: usize| {
                    let number = at(item, "secrets").get(row)?.get(end)?.as_u64()?;
                    usize::try_from(number).ok()
                };
                let (start, end) = (at(0).context("a start")?, at(1).context("an end")?);
                let (label, kind, whole) = (label.to_owned(), kind.to_owned(), 0..value.len());
                vec![Span { start, end, label, kind, whole }]
            }
            None => Vec::new(),
        };
        compare(value, &truth, &spans(cell)?, place, kind, tool, report);
    }
    Ok(())
}

fn compare(
    text: &str,
    truth: &[Span],
    found: &[Span],
    place: Place,
    kind: &str,
    tool: Tool,
    report: &mut Report,
) {
    for one in truth {
        let covering: Vec<&Span> =
            found.iter().filter(|f| f.start < one.end && one.start < f.end).collect();
        let places: Vec<_> = covering.iter().map(|found| found.start..found.end).collect();
        let (all, covered) = letters(text, one.start..one.end, &places);
        let needed = if one.label == "postal_address" { all.div_ceil(2) } else { all };
        let hidden = covered >= needed && covered > 0;
        let named = covering.iter().any(|f| f.label == one.label);
        report.truth(tool, place, &one.label, &one.kind, hidden, hidden && named);
    }
    let mut harmed = false;
    for one in found {
        let values = |of: &dyn Fn(&&Span) -> bool| -> Vec<Range<usize>> {
            truth.iter().filter(of).map(|value| value.whole.clone()).collect()
        };
        let most = |values: &[Range<usize>]| {
            let (all, covered) = letters(text, one.start..one.end, values);
            covered * 2 >= all && covered > 0
        };
        report.found(tool, place, &one.label, most(&values(&|value| value.label == one.label)));
        harmed |= !most(&values(&|_| true));
    }
    if truth.is_empty() {
        report.harmless(tool, place, kind, harmed);
    }
}

/// Letters and digits of a piece, and how many of them lie in others.
fn letters(text: &str, piece: Range<usize>, others: &[Range<usize>]) -> (usize, usize) {
    let (mut all, mut covered) = (0, 0);
    for (at, c) in text.char_indices() {
        if piece.contains(&at) && c.is_alphanumeric() {
            all += 1;
            covered += usize::from(others.iter().any(|other| other.contains(&at)));
        }
    }
    (all, covered)
}

/// Each leaf of a document, as text.
fn document(item: &Value, answer: &Value, tool: Tool, report: &mut Report) -> Result<()> {
    let text = at(item, "document").as_str().context("a document")?;
    let document: Value = serde_json::from_str(text).context("a document of JSON")?;
    let none = Value::Array(Vec::new());
    for (path, truth) in at(item, "leaves").as_object().context("leaves")? {
        let leaf = match document.pointer(path).with_context(|| format!("a leaf at {path}"))? {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let found = at(answer, "found").get(path).unwrap_or(&none);
        let key = path.rsplit('/').next().unwrap_or_default();
        compare(&leaf, &spans(truth)?, &spans(found)?, Place::Document, key, tool, report);
    }
    Ok(())
}

/// The member of an object; null where there is none.
pub(super) fn at<'a>(item: &'a Value, key: &str) -> &'a Value {
    static NULL: Value = Value::Null;
    item.get(key).unwrap_or(&NULL)
}
