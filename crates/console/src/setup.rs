//! Setup: how databases, the ledger and exports are, a new database step by step, and what clients
//! are to be told. Shows no secret, and changes nothing: weir.toml is a file.

mod clients;
mod new;

pub use clients::{Endpoint, lines};
pub use new::{Attempt, Draft, Found, new};

use crate::{
    Icon, Shown, icon,
    layout::{Page, Place, Tone, Viewer, csrf, notice, state},
    parts::{self, escaped, grouped},
};
use maud::{Markup, html};

/// A database of weir.toml.
#[derive(Clone, Debug, Default)]
pub struct Database {
    /// The name clients ask for.
    pub name: String,
    /// What policies know it as.
    pub environment: String,
    /// Where it is: host and port.
    pub upstream: String,
    /// As whom Weir signs in there.
    pub user: String,
    /// How it is spoken to.
    pub tls: &'static str,
    /// It answered when it was last tried; nothing if nobody tried yet.
    pub reachable: Option<bool>,
    /// Tables, columns and labelled columns that are known of it.
    pub known: (usize, usize, usize),
    /// When its columns were last weighed.
    pub weighed: Option<String>,
}

/// How something is, in a word and in words.
#[derive(Clone, Debug)]
pub struct Fact {
    /// What.
    pub what: String,
    /// How it is.
    pub words: String,
    /// Whether that is as it should be.
    pub good: bool,
}

/// An export.
#[derive(Clone, Debug, Default)]
pub struct Export {
    /// Its name.
    pub name: String,
    /// Events that were taken in this run.
    pub events: u64,
    /// Records that it does not have yet.
    pub behind: u64,
    /// Attempts that failed in this run.
    pub failures: u64,
    /// The last attempt failed.
    pub failing: bool,
}

/// The page.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// What stands in the way of serving.
    pub obstacles: Vec<String>,
    /// Databases, in the order of the file.
    pub databases: Vec<Database>,
    /// How the ledger is.
    pub ledger: Vec<Fact>,
    /// How exports are.
    pub exports: Vec<Export>,
    /// What clients are told.
    pub endpoint: Endpoint,
    /// What came of a test.
    pub said: Option<(Tone, String)>,
}

/// The page.
pub fn page(setup: &Setup, viewer: &Viewer) -> String {
    let content = html! {
        div .head {
            h1 { "Setup" }
            a #add .button href=(format!("{}/new", Place::Setup.path())) { "Add a database" }
        }
        @if let Some((tone, words)) = &setup.said { (notice(*tone, &html! { (Shown(words)) })) }
        @for obstacle in &setup.obstacles {
            (notice(Tone::Bad, &html! { "New sessions are not served: " (Shown(obstacle)) }))
        }
        section .card aria-labelledby="databases" {
            header { h2 #databases { "Databases" } }
            (databases(setup, viewer))
        }
        div .columns {
            div { (lines(&setup.endpoint)) }
            div { (ledger(&setup.ledger)) (exports(&setup.exports)) }
        }
    };
    Page::of(Place::Setup, viewer).whole(&content)
}

fn databases(setup: &Setup, viewer: &Viewer) -> Markup {
    html! {
        div .scroll {
            table .cards role="table" aria-labelledby="databases" {
                thead role="rowgroup" {
                    tr role="row" {
                        @for name in ["Database", "Behind it", "State", "Known", "Weighed", ""] {
                            th role="columnheader" scope="col" {
                                @if name.is_empty() { span .sr { "What can be done" } }
                                (name)
                            }
                        }
                    }
                }
                tbody role="rowgroup" {
                    @for one in &setup.databases { (database(one, viewer)) }
                }
            }
        }
    }
}

fn database(one: &Database, viewer: &Viewer) -> Markup {
    let (tables, columns, labelled) = one.known;
    let any = one.name == "*";
    html! {
        tr role="row" {
            td role="cell" data-label="Database" {
                div {
                    strong { @if any { "any other name" } @else { (Shown(&one.name)) } }
                    span .for { (Shown(&one.environment)) }
                }
            }
            td role="cell" data-label="Behind it" {
                div {
                    span .mono { (Shown(&one.upstream)) }
                    span .for { "as " (Shown(&one.user)) ", " (one.tls) }
                }
            }
            td role="cell" data-label="State" { (reached(one.reachable)) }
            td role="cell" data-label="Known" {
                @if columns > 0 {
                    a href=(format!("{}?database={}", Place::DataMap.path(), escaped(&one.name))) {
                        (grouped(tables as u64)) " tables, " (grouped(labelled as u64)) " of "
                        (grouped(columns as u64)) " columns labelled"
                    }
                } @else {
                    span .soft { "nothing yet" }
                }
            }
            td role="cell" data-label="Weighed" {
                @if let Some(at) = &one.weighed { (parts::moment(at)) }
            }
            td .num role="cell" data-label="" {
                @if !any {
                    form method="post" action=(format!("{}/test", Place::Setup.path())) {
                        (csrf(viewer))
                        input type="hidden" name="database" value=(Shown(&one.name));
                        button .slim type="submit" {
                            "Test" span .sr { " the connection to " (Shown(&one.name)) }
                        }
                    }
                }
            }
        }
    }
}

fn reached(reachable: Option<bool>) -> Markup {
    match reachable {
        Some(true) => html! { span .badge.good { (icon(Icon::Check)) "answers" } },
        Some(false) => html! { span .badge.bad { (icon(Icon::Cross)) "does not answer" } },
        None => html! { span .badge { "not tried yet" } },
    }
}

fn ledger(facts: &[Fact]) -> Markup {
    html! {
        section .card aria-labelledby="ledger" {
            header { h2 #ledger { "The ledger" } }
            div .body {
                dl .facts {
                    @for fact in facts {
                        dt { (Shown(&fact.what)) }
                        dd {
                            (Shown(&fact.words))
                            @if !fact.good {
                                " " span .badge.warn { (icon(Icon::Warning)) "look here" }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn exports(exports: &[Export]) -> Markup {
    html! {
        section .card aria-labelledby="exports" {
            header { h2 #exports { "Exports" } }
            @if exports.is_empty() {
                (state(Icon::Empty, "None", &html! {
                    "Records go nowhere else. " code { "[[export]]" } " in weir.toml sends them."
                }))
            } @else {
                div .body {
                    ul .list {
                        @for one in exports {
                            li {
                                div .row {
                                    strong { (Shown(&one.name)) }
                                    @if one.failing {
                                        span .badge.bad { "the last attempt failed" }
                                    } @else {
                                        span .badge.good { "delivers" }
                                    }
                                }
                                p .soft.small {
                                    (grouped(one.events)) " events taken, " (grouped(one.behind))
                                    " records behind, " (grouped(one.failures)) " failures"
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
