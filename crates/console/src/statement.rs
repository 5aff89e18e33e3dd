//! One statement with all that the record has of it, and its proof.

use crate::{
    Icon, Shown,
    assets::{PROOF, TLOG},
    icon,
    layout::{Page, Place, Right, Viewer, state},
    lineage::{self, Output},
    parts, replay, sql,
};
use maud::{Markup, html};

/// How many values of an output left how.
#[derive(Clone, Debug, Default)]
pub struct Left {
    /// The output.
    pub name: String,
    /// As they were.
    pub raw: u64,
    /// Changed.
    pub masked: u64,
    /// As NULL.
    pub null: u64,
}

/// A record, as the log has it.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// Its number.
    pub sequence: u64,
    /// Its type.
    pub kind: String,
    /// Its JSON, indented.
    pub json: String,
}

/// The statement.
#[derive(Clone, Debug, Default)]
pub struct Statement {
    /// Its id.
    pub id: String,
    /// Its session's.
    pub session: String,
    /// When it came.
    pub time: String,
    /// Who: a chain, outermost last.
    pub identity: String,
    /// The database.
    pub database: String,
    /// What the client calls itself.
    pub application: String,
    /// From where.
    pub address: String,
    /// Its text without literals.
    pub text: String,
    /// Labelled columns that it touches, and how.
    pub marks: Vec<sql::Marked>,
    /// Columns with their uses and labels.
    pub columns: Vec<(String, String, Option<String>)>,
    /// What was decided.
    pub verdict: String,
    /// How it stands.
    pub state: &'static str,
    /// The error, or how it ended otherwise.
    pub error: String,
    /// The policies that decided.
    pub policies: Vec<String>,
    /// Why, in words.
    pub reasons: Vec<String>,
    /// Who approved.
    pub approved_by: Vec<String>,
    /// What makes it risky.
    pub risk: Vec<(String, u32)>,
    /// Its outputs.
    pub outputs: Vec<Output>,
    /// What left.
    pub left: Vec<Left>,
    /// Rows that left.
    pub rows: u64,
    /// Rows that it changed.
    pub affected: u64,
    /// How long it took: microseconds.
    pub took: Option<u64>,
    /// The records about it, for whoever may read them.
    pub records: Vec<Recorded>,
}

/// The page.
pub fn page(statement: &Statement, viewer: &Viewer) -> String {
    let audits = viewer.may(Right::Audit);
    let content = html! {
        p .small { a href=(Place::Now.path()) { "Now" } }
        div .head {
            h1 { "A statement" }
            span .badges {
                @if !statement.verdict.is_empty() { (parts::verdict(&statement.verdict)) }
                (parts::state(statement.state))
                @if !statement.error.is_empty() { span .badge { (Shown(&statement.error)) } }
            }
        }
        div .columns {
            div {
                section .card aria-labelledby="text" {
                    header { h2 #text { "What was asked" } }
                    div .body { (text(statement)) }
                }
                (lineage(statement))
                (disclosed(statement))
                @if audits { (records(statement)) }
            }
            div {
                (about(statement, audits))
                (why(statement))
                @if audits { (proof(statement)) }
            }
        }
    };
    let scripts: &[&crate::assets::Asset] = if audits { &[&TLOG, &PROOF] } else { &[] };
    Page { title: "A statement", scripts, ..Page::of(Place::Now, viewer) }.whole(&content)
}

/// In the place of one that is not in the index yet.
pub fn not_yet(viewer: &Viewer) -> String {
    let content = html! {
        h1 .sr { "A statement" }
        section .card {
            (state(Icon::Clock, "Not in the index yet", &html! {
                "It was recorded a moment ago, or is no statement of this record. Load the page \
                 again in a second."
            }))
        }
    };
    Page { title: "A statement", ..Page::of(Place::Now, viewer) }.whole(&content)
}

fn text(statement: &Statement) -> Markup {
    html! {
        @if statement.text.is_empty() {
            p .soft { "It was refused before it was analysed: the record has a hash of its text." }
        } @else {
            (sql::block(&statement.text, &statement.marks))
            p .soft.small { "Literals and comments are not in the record." }
        }
        @if !statement.columns.is_empty() {
            details {
                summary { "Columns that it touches (" (statement.columns.len()) ")" }
                ul .list {
                    @for (column, uses, label) in &statement.columns {
                        li .row {
                            span .mono { (Shown(column)) }
                            span .soft.small { (Shown(uses)) }
                            @if let Some(label) = label { span .badge.mask { (Shown(label)) } }
                        }
                    }
                }
            }
        }
    }
}

fn lineage(statement: &Statement) -> Markup {
    html! {
        @if !statement.outputs.is_empty() {
            section .card aria-labelledby="lineage" {
                header { h2 #lineage { "Where its outputs come from" } }
                div .body { (lineage::picture(&statement.outputs)) }
            }
        }
    }
}

fn disclosed(statement: &Statement) -> Markup {
    html! {
        @if !statement.left.is_empty() {
            section .card aria-labelledby="left" {
                header { h2 #left { "What left" } }
                div .scroll {
                    table .cards role="table" aria-labelledby="left" {
                        thead role="rowgroup" {
                            tr role="row" {
                                th role="columnheader" scope="col" { "Output" }
                                @for name in ["As it is", "Masked", "NULL"] {
                                    th .num role="columnheader" scope="col" { (name) }
                                }
                            }
                        }
                        tbody role="rowgroup" {
                            @for one in &statement.left {
                                tr role="row" {
                                    td role="cell" data-label="Output" { (Shown(&one.name)) }
                                    @for (name, count) in [
                                        ("As it is", one.raw), ("Masked", one.masked),
                                        ("NULL", one.null),
                                    ] {
                                        td .num role="cell" data-label=(name) {
                                            (parts::grouped(count))
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
}

fn about(statement: &Statement, audits: bool) -> Markup {
    html! {
        section .card aria-labelledby="about" {
            header { h2 #about { "About it" } }
            div .body {
                dl .facts {
                    dt { "Who" } dd { (parts::who(&statement.identity)) }
                    dt { "Database" } dd { (Shown(&statement.database)) }
                    dt { "When" } dd { (parts::moment(&statement.time)) }
                    @if let Some(took) = statement.took {
                        dt { "It took" } dd { (parts::duration(took)) }
                    }
                    dt { "Rows" } dd { (parts::grouped(statement.rows)) }
                    @if statement.affected > 0 {
                        dt { "Changed" } dd { (parts::grouped(statement.affected)) }
                    }
                    @if !statement.application.is_empty() {
                        dt { "Program" } dd { (Shown(&statement.application)) }
                    }
                    @if !statement.address.is_empty() {
                        dt { "From" } dd { (Shown(&statement.address)) }
                    }
                    dt { "Session" }
                    dd .mono {
                        @if audits {
                            a href=(replay::link(&statement.session)) {
                                (Shown(&statement.session))
                            }
                        } @else {
                            (Shown(&statement.session))
                        }
                    }
                    dt { "Statement" } dd .mono { (Shown(&statement.id)) }
                }
            }
        }
    }
}

fn why(statement: &Statement) -> Markup {
    let risk: u32 = statement.risk.iter().map(|(_, points)| *points).sum();
    html! {
        section .card aria-labelledby="why" {
            header { h2 #why { "Why it was decided so" } }
            div .body {
                @for reason in &statement.reasons { p { (Shown(reason)) } }
                dl .facts {
                    dt { "Policies" }
                    dd {
                        @if statement.policies.is_empty() { span .soft { "none" } }
                        ul { @for policy in &statement.policies { li .mono { (Shown(policy)) } } }
                    }
                    @if !statement.approved_by.is_empty() {
                        dt { "Approved by" } dd { (Shown(&statement.approved_by.join(", "))) }
                    }
                    dt { "Risk" }
                    dd {
                        (parts::risk(risk.min(100)))
                        ul .small.soft {
                            @for (part, points) in &statement.risk {
                                li { (Shown(part)) " " (points) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn proof(statement: &Statement) -> Markup {
    html! {
        section .card aria-labelledby="proof" {
            header { h2 #proof { "Proof" } }
            div #check .body data-proof=(format!("/console/statements/{}/proof", statement.id)) {
                p .soft.small {
                    "That this record stands in the ledger, unchanged, is checked here in the \
                     browser: its hash, the way to the tree's root, and the signature on it."
                }
                ol #steps .list aria-live="polite" {}
                button #verify type="button" hidden { (icon(Icon::Check)) "Check it" }
                noscript {
                    p .soft {
                        "Without scripts: " code { "weir audit proof " (statement.id) }
                    }
                }
            }
        }
    }
}

fn records(statement: &Statement) -> Markup {
    html! {
        section .card aria-labelledby="records" {
            header { h2 #records { "The records" } }
            div .body {
                @for record in &statement.records {
                    details {
                        summary {
                            (Shown(&record.kind)) " " span .soft { "record " (record.sequence) }
                        }
                        pre .sql tabindex="0" role="region"
                            aria-label=(format!("record {}", record.sequence)) {
                            code { (Shown(&record.json)) }
                        }
                    }
                }
            }
        }
    }
}
