//! What a statement would change: the server's plan in words, true counts by table, rows before and
//! after. Shows what it is handed and masks nothing: what came is masked already.

use super::{Request, path};
use crate::{
    Shown,
    layout::{Tone, Viewer, csrf, notice},
    parts::grouped,
};
use maud::{Markup, html};

/// What a statement would do if it ran now: it was tried, and undone.
#[derive(Clone, Debug, Default)]
pub struct Preview {
    /// Why it was not tried, or no further.
    pub why: Option<String>,
    /// What to do then.
    pub next: Option<String>,
    /// It would fail: the server's words without values, and its code.
    pub fails: Option<(String, String)>,
    /// What it changed, if that was counted.
    pub changes: Option<Changes>,
    /// How the server goes about it.
    pub plan: Option<Step>,
    /// Some of the rows.
    pub sample: Option<Sample>,
    /// The record of the trial.
    pub receipt: Option<String>,
}

/// True counts.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Rows of all tables that are told.
    pub rows: u64,
    /// By table.
    pub tables: Vec<Changed>,
    /// There is more, in tables that are not told.
    pub elsewhere: bool,
}

/// Rows of one table.
#[derive(Clone, Debug, Default)]
pub struct Changed {
    /// The table.
    pub table: String,
    /// Rows that are new.
    pub inserted: u64,
    /// Rows that are others now.
    pub updated: u64,
    /// Rows that are gone.
    pub deleted: u64,
}

/// One step of the server's plan, with those that it takes its rows from.
#[derive(Clone, Debug, Default)]
pub struct Step {
    /// The server's word: `Seq Scan`, `Delete`.
    pub node: String,
    /// The relation.
    pub relation: Option<String>,
    /// The index.
    pub index: Option<String>,
    /// What it is expected to cost.
    pub cost: f64,
    /// How many rows are expected of it.
    pub rows: u64,
    /// Where its rows come from.
    pub from: Vec<Self>,
}

/// Rows before and after.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// The table.
    pub table: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Rows before, or why there are none to be seen.
    pub before: Rows,
    /// Rows after.
    pub after: Rows,
}

/// Rows, or why there are none to be seen.
#[derive(Clone, Debug)]
pub enum Rows {
    /// These, NULL where there is none.
    Seen(Vec<Vec<Option<String>>>),
    /// None, because of this.
    Not(String),
}

impl Default for Rows {
    fn default() -> Self {
        Self::Not(String::new())
    }
}

/// A column of a sample.
#[derive(Clone, Debug, Default)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// `raw`, `scanned`, `masked`, `withheld`.
    pub shown: String,
    /// What it bears.
    pub label: Option<String>,
}

/// The part of the page: what it would do, or how to find that out.
pub(super) fn part(request: &Request, viewer: &Viewer) -> Markup {
    html! {
        section #effect .card aria-labelledby="preview" aria-live="polite" {
            header {
                h2 #preview { "What it would do" }
                @if request.preview.is_some() { span .badge { "rolled back" } }
            }
            div .body {
                @if let Some(found) = &request.preview {
                    (told(found))
                } @else {
                    p .soft {
                        "Try it in a transaction that never commits, with the rights of whoever \
                         asks: how many rows of which tables would change, and some of them, \
                         masked. It takes the statement's locks for as long."
                    }
                }
                form #try method="post" action={ (path(&request.listed)) "/preview" } {
                    (csrf(viewer))
                    @let word = match request.preview {
                        Some(_) => "Try it again",
                        None => "Try it and undo it",
                    };
                    button type="submit" { (word) }
                    span #trying .soft role="status" hidden { "It is tried and undone …" }
                }
            }
        }
    }
}

fn told(found: &Preview) -> Markup {
    html! {
        @if let Some((message, code)) = &found.fails {
            (notice(Tone::Bad, &html! {
                strong { "It would fail." } " " (Shown(message)) " (" span .mono { (code) } ")"
            }))
        } @else if let Some(why) = &found.why {
            (notice(Tone::Warn, &html! {
                strong {
                    (if found.changes.is_some() { "Not all is known." } else { "No counts." })
                }
                " " (Shown(&sentence(why)))
                @if let Some(next) = &found.next { " " (Shown(&sentence(next))) }
            }))
        }
        @if let Some(changes) = &found.changes { (counts(changes)) }
        @if let Some(sample) = &found.sample { (rows(sample)) }
        @if let Some(plan) = &found.plan {
            details {
                summary { "How the server goes about it" }
                ul .plan { (step(plan)) }
            }
        }
        p .soft .small {
            "Counted by the server, triggers and cascading keys included; it may be otherwise when \
             it runs."
            @if let Some(receipt) = &found.receipt {
                " In the record as " span .mono { (Shown(receipt)) } "."
            }
        }
    }
}

/// Words with a capital at the beginning and an end.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    let end = if words.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

fn counts(changes: &Changes) -> Markup {
    let headline = match changes.rows {
        0 => "No row changes".to_owned(),
        1 => "1 row changes".to_owned(),
        rows => format!("{} rows change", grouped(rows)),
    };
    html! {
        p .figure { strong { (headline) } }
        @if !changes.tables.is_empty() {
            dl .facts {
                @for one in &changes.tables {
                    dt .mono { (Shown(&one.table)) }
                    dd .badges {
                        @for (count, class, word) in [
                            (one.inserted, "good", "new"),
                            (one.updated, "warn", "changed"),
                            (one.deleted, "bad", "gone"),
                        ] {
                            @if count > 0 { span .badge.(class) { (grouped(count)) " " (word) } }
                        }
                    }
                }
            }
        }
        @if changes.elsewhere {
            p .soft { "Tables that you may not read are not counted." }
        }
    }
}

fn rows(sample: &Sample) -> Markup {
    let beside = match (&sample.before, &sample.after) {
        (Rows::Seen(before), Rows::Seen(after)) if before.len() == after.len() => {
            Some((before, after))
        }
        _ => None,
    };
    html! {
        @if let Some((before, after)) = beside {
            h3 { "Rows of " span .mono { (Shown(&sample.table)) } " before and after" }
            @let pairs = before.iter().zip(after).collect::<Vec<_>>();
            (table(sample, "before and after", &pairs, &pair))
        } @else {
            @for (word, rows) in [("before", &sample.before), ("after", &sample.after)] {
                h3 { "Rows of " span .mono { (Shown(&sample.table)) } " " (word) }
                @match rows {
                    Rows::Not(why) if why.is_empty() => p .soft { "They are not shown." },
                    Rows::Not(why) => p .soft { (Shown(&sentence(why))) },
                    Rows::Seen(rows) => (table(sample, word, rows, &|row: &Vec<_>, at, column| {
                        cell(row, at, column)
                    })),
                }
            }
        }
    }
}

/// At most a handful of rows, as cards on a phone.
fn table<R>(
    sample: &Sample,
    what: &str,
    rows: &[R],
    cell: &impl Fn(&R, usize, &Column) -> Markup,
) -> Markup {
    html! {
        @if rows.is_empty() { p .soft { "There are none." } }
        @else {
            div .scroll tabindex="0" role="group" aria-label={ "Rows " (what) } {
                table .cards role="table" aria-label={ "Rows " (what) } {
                    thead role="rowgroup" {
                        tr role="row" {
                            @for column in &sample.columns {
                                th role="columnheader" scope="col" {
                                    (Shown(&column.name))
                                    @if column.shown == "masked" || column.shown == "withheld" {
                                        " " span .badge.mask {
                                            @let label = column.label.as_deref();
                                            (Shown(label.unwrap_or(&column.shown)))
                                        }
                                    }
                                }
                            }
                        }
                    }
                    tbody role="rowgroup" {
                        @for row in rows {
                            tr role="row" {
                                @for (at, column) in sample.columns.iter().enumerate() {
                                    td role="cell" data-label=(column.name) {
                                        div { (cell(row, at, column)) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A value as it is shown.
fn value(value: Option<&String>, column: &Column) -> Markup {
    html! {
        @match value {
            _ if column.shown == "withheld" => span .soft { "withheld" },
            Some(text) => span .mono { (Shown(text)) },
            None => span .soft { "NULL" },
        }
    }
}

fn cell(row: &[Option<String>], at: usize, column: &Column) -> Markup {
    value(row.get(at).and_then(Option::as_ref), column)
}

/// What it was and what it is, where that can be told apart.
fn pair(
    (before, after): &(&Vec<Option<String>>, &Vec<Option<String>>),
    at: usize,
    column: &Column,
) -> Markup {
    if before.get(at) == after.get(at) {
        return cell(before, at, column);
    }
    html! {
        del { span .sr { "before " } (cell(before, at, column)) }
        " "
        ins { span .sr { "after " } (cell(after, at, column)) }
    }
}

fn step(one: &Step) -> Markup {
    html! {
        li {
            (Shown(&words(one)))
            span .soft .small { " cost " (format!("{:.1}", one.cost)) }
            @if !one.from.is_empty() { ul { @for below in &one.from { (step(below)) } } }
        }
    }
}

/// A step of the plan in words; the server's own word where there is no better one.
fn words(one: &Step) -> String {
    let relation = one.relation.as_deref().unwrap_or("what is below");
    let index = one.index.as_deref().unwrap_or("an index");
    let rows = match one.rows {
        1 => "about 1 row".to_owned(),
        rows => format!("about {} rows", grouped(rows)),
    };
    match one.node.as_str() {
        // How many these change is counted, and not guessed.
        "Delete" => format!("deletes from {relation}"),
        "Update" => format!("updates {relation}"),
        "Insert" => format!("inserts into {relation}"),
        "Merge" => format!("merges into {relation}"),
        "Seq Scan" => format!("reads all of {relation}: {rows}"),
        "Index Scan" => format!("looks {relation} up by {index}: {rows}"),
        "Index Only Scan" => format!("reads {index} of {relation} alone: {rows}"),
        "Bitmap Index Scan" => format!("finds places by {index}: {rows}"),
        "Bitmap Heap Scan" => format!("reads {relation} at these places: {rows}"),
        "Nested Loop" => format!("joins row by row: {rows}"),
        "Hash Join" => format!("joins by hashes: {rows}"),
        "Merge Join" => format!("joins what is sorted: {rows}"),
        "Sort" => format!("sorts: {rows}"),
        "Aggregate" => format!("sums up: {rows}"),
        "Result" => format!("computes: {rows}"),
        other => match &one.relation {
            Some(relation) => format!("{other} on {relation}: {rows}"),
            None => format!("{other}: {rows}"),
        },
    }
}
