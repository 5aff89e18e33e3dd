//! One table: its columns, what feeds it and what it feeds, and who used it.

use super::{Column, column_link, counted, giver, labelled, warmth};
use crate::{
    Icon, Shown, ask,
    flow::{self, Node},
    identities,
    layout::{Page, Place, Right, Viewer, state},
    parts::{escaped, grouped},
};
use maud::{Markup, html};

/// Somebody who used it in the last days.
#[derive(Clone, Debug, Default)]
pub struct Doer {
    /// A chain of actors.
    pub identity: String,
    /// What the outermost is.
    pub kind: &'static str,
    /// Statements that read it.
    pub read: u64,
    /// Statements that wrote it.
    pub wrote: u64,
    /// On which day last.
    pub last: String,
}

/// The table.
#[derive(Clone, Debug, Default)]
pub struct TablePage {
    /// Its place: database, schema, table.
    pub place: [String; 3],
    /// Its columns.
    pub columns: Vec<Column>,
    /// What feeds it, the most first.
    pub before: Vec<Node>,
    /// What it feeds.
    pub behind: Vec<Node>,
    /// Who used it; nothing if that is not known now.
    pub doers: Option<Vec<Doer>>,
    /// How many days were added up; nothing if that is not known now.
    pub days: Option<u64>,
}

/// Its page.
pub fn table(page: &TablePage, viewer: &Viewer) -> String {
    let [database, schema, table] = &page.place;
    let name = format!("{schema}.{table}");
    let content = html! {
        p .small {
            a href=(Place::DataMap.path()) { "Data map" } " › "
            a href=(format!("{}?database={}", Place::DataMap.path(), escaped(database))) {
                (Shown(database))
            }
        }
        div .head {
            h1 .mono { (Shown(&name)) }
            span .badge { (Shown(database)) }
            @if viewer.may(Right::Audit) {
                a #explain .button href=(explain(&page.place)) { "What would somebody see?" }
            }
        }
        section .card aria-labelledby="columns" {
            header { h2 #columns { (page.columns.len()) " columns" } }
            (columns(page))
        }
        section .card aria-labelledby="flow" {
            header { h2 #flow { "What feeds it, and what it feeds" } }
            @if page.before.is_empty() && page.behind.is_empty() {
                (state(Icon::Empty, "Nothing that is known", &html! {
                    "No statement in the index read it or wrote it."
                }))
            } @else {
                div .body { (flow::picture(&name, &page.before, &page.behind)) }
            }
        }
        (doers(page, &name, viewer))
    };
    Page { title: &name, ..Page::of(Place::DataMap, viewer) }.whole(&content)
}

/// Where it is explained what policy does to a statement that reads all of it.
fn explain([database, schema, table]: &[String; 3]) -> String {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let sql = format!("select * from {}.{}", quoted(schema), quoted(table));
    let (path, database, sql) = (Place::Policies.path(), escaped(database), escaped(&sql));
    format!("{path}/explain?database={database}&sql={sql}")
}

fn columns(page: &TablePage) -> Markup {
    let most = page.columns.iter().map(|one| one.heat.values()).max().unwrap_or(0);
    html! {
        div .scroll {
            table .cards role="table" aria-labelledby="columns" {
                thead role="rowgroup" {
                    tr role="row" {
                        @for name in ["Column", "Type", "Label", "By", "What left"] {
                            th role="columnheader" scope="col" { (name) }
                        }
                        @for name in ["Sure", "Statements"] {
                            th .num role="columnheader" scope="col" { (name) }
                        }
                    }
                }
                tbody role="rowgroup" { @for one in &page.columns { (row(one, most)) } }
            }
        }
        p .body.soft.small { (counted(page.days)) }
    }
}

fn row(one: &Column, most: u64) -> Markup {
    let [database, schema, table, column] = &one.place;
    html! {
        tr role="row" {
            td role="cell" data-label="Column" {
                a .mono href=(column_link([database, schema, table, column])) { (Shown(column)) }
            }
            td .mono role="cell" data-label="Type" { (Shown(&one.type_name)) }
            td role="cell" data-label="Label" { span { (labelled(one.label.as_ref())) } }
            td .small role="cell" data-label="By" { (giver(one.by)) }
            td role="cell" data-label="What left" { (warmth(one.heat, most)) }
            td .num role="cell" data-label="Sure" {
                @if one.label.is_some() || one.by != "machine" { (one.confidence) " %" }
            }
            td .num role="cell" data-label="Statements" { (grouped(one.heat.statements)) }
        }
    }
}

fn doers(page: &TablePage, name: &str, viewer: &Viewer) -> Markup {
    let links = viewer.may(Right::Audit);
    html! {
        section .card aria-labelledby="doers" {
            header {
                h2 #doers { "Who used it" }
                @if links {
                    a .button.slim href=(ask::link(&format!("relation:{name}"))) {
                        "All its statements"
                    }
                }
            }
            @match &page.doers {
                None => (state(Icon::Clock, "Not known now", &html! {
                    "It takes too long to be added up for a page, or the index is behind."
                })),
                Some(all) if all.is_empty() => (state(Icon::Empty, "Nobody", &html! {
                    "Nobody used it in the last days."
                })),
                Some(all) => div .scroll {
                    table .cards role="table" aria-labelledby="doers" {
                        thead role="rowgroup" {
                            tr role="row" {
                                @for name in ["Who", "Kind", "Last"] {
                                    th role="columnheader" scope="col" { (name) }
                                }
                                @for name in ["Read", "Wrote"] {
                                    th .num role="columnheader" scope="col" { (name) }
                                }
                            }
                        }
                        tbody role="rowgroup" { @for one in all { (doer(one, links)) } }
                    }
                },
            }
        }
    }
}

fn doer(one: &Doer, links: bool) -> Markup {
    let name = one.identity.rsplit('/').next().unwrap_or_default();
    html! {
        tr role="row" {
            td role="cell" data-label="Who" {
                @if links {
                    a .who href=(identities::link(name)) { (Shown(&one.identity)) }
                } @else {
                    span .who { (Shown(&one.identity)) }
                }
            }
            td role="cell" data-label="Kind" { (one.kind) }
            td .nowrap role="cell" data-label="Last" { (Shown(&one.last)) }
            td .num role="cell" data-label="Read" { (grouped(one.read)) }
            td .num role="cell" data-label="Wrote" { (grouped(one.wrote)) }
        }
    }
}
