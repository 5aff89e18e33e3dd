//! One column: the label that holds and why, who was given its values, and what somebody may decide
//! about it.

use super::{Column, column_link, giver, labelled, table_link, warmth};
use crate::{
    Icon, Shown, identities,
    layout::{Page, Place, Right, Tone, Viewer, csrf, notice, state},
    parts::{self, grouped},
};
use maud::{Markup, html};

/// What speaks for a label that was found, or that values brought along.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// The label, with its class; nothing if none was found.
    pub label: Option<(String, &'static str)>,
    /// How sure, in hundredths.
    pub confidence: u32,
    /// A rule of weir.toml gave it.
    pub by_rule: bool,
    /// What speaks for it.
    pub lines: Vec<String>,
    /// What was weighed and did not hold.
    pub against: Vec<String>,
    /// When it was found.
    pub at: String,
}

/// What a person decided.
#[derive(Clone, Debug, Default)]
pub struct Decided {
    /// The label, with its class; nothing if it bears none.
    pub label: Option<(String, &'static str)>,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: String,
}

/// Somebody who was given its values.
#[derive(Clone, Debug, Default)]
pub struct Read {
    /// A chain of actors.
    pub identity: String,
    /// Values as they are.
    pub raw: u64,
    /// Values that were masked.
    pub masked: u64,
    /// On which day last.
    pub last: String,
}

/// A label before and after.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// When.
    pub at: String,
    /// Who.
    pub by: String,
    /// The label before.
    pub before: String,
    /// The label after.
    pub after: String,
    /// Why.
    pub why: String,
}

/// The column.
#[derive(Clone, Debug, Default)]
pub struct ColumnPage {
    /// What lists have of it.
    pub column: Column,
    /// What was found.
    pub found: Evidence,
    /// The label that values brought along, and how.
    pub carried: Option<((String, &'static str), String)>,
    /// What a person decided.
    pub decided: Option<Decided>,
    /// Who was given its values, the most first; nothing if that is not known now.
    pub readers: Option<Vec<Read>>,
    /// How its label changed, newest first.
    pub changes: Vec<Change>,
    /// Labels that there are.
    pub labels: Vec<String>,
    /// What came of a decision.
    pub said: Option<(Tone, String)>,
}

/// Its page.
pub fn column(page: &ColumnPage, viewer: &Viewer) -> String {
    let [database, schema, table, column] = &page.column.place;
    let name = format!("{schema}.{table}.{column}");
    let content = html! {
        p .small {
            a href=(Place::DataMap.path()) { "Data map" } " › "
            a href=(table_link([database, schema, table])) {
                (Shown(schema)) "." (Shown(table))
            }
        }
        div .head {
            h1 .mono { (Shown(&name)) }
            span .badges { span .badge { (Shown(database)) } }
        }
        @if let Some((tone, words)) = &page.said { (notice(*tone, &html! { (Shown(words)) })) }
        div .columns {
            div { (why(page)) (readers(page, viewer)) }
            div {
                (about(page))
                @if viewer.may(Right::Administer) { (decide(page, viewer)) }
                (changes(page))
            }
        }
    };
    Page { title: &name, ..Page::of(Place::DataMap, viewer) }.whole(&content)
}

fn about(page: &ColumnPage) -> Markup {
    let column = &page.column;
    html! {
        section .card aria-labelledby="about" {
            header { h2 #about { "About it" } }
            div .body {
                dl .facts {
                    dt { "Label" } dd #label { (labelled(column.label.as_ref())) }
                    dt { "By" } dd { (giver(column.by)) }
                    dt { "Sure" } dd { (column.confidence) " %" }
                    dt { "Type" } dd .mono { (Shown(&column.type_name)) }
                    @if column.heat.values() > 0 {
                        dt { "What left" } dd { (warmth(column.heat, column.heat.values())) }
                    }
                    dt { "Statements" } dd { (grouped(column.heat.statements)) }
                }
            }
        }
    }
}

fn why(page: &ColumnPage) -> Markup {
    let found = &page.found;
    html! {
        section .card aria-labelledby="why" {
            header { h2 #why { "Why it bears its label, or none" } }
            div .body {
                @if let Some(decided) = &page.decided {
                    h3 { "A person decided: " (labelled(decided.label.as_ref())) }
                    p {
                        (Shown(&decided.by)) ", " (parts::moment(&decided.at))
                        @if decided.reason.is_empty() { ", without a reason" }
                        @else { ": " (Shown(&decided.reason)) }
                    }
                }
                @if let Some((label, evidence)) = &page.carried {
                    h3 { "Values brought it along: " (labelled(Some(label))) }
                    p { (Shown(evidence)) }
                }
                h3 {
                    @if found.by_rule { "By a rule in weir.toml: " } @else { "What was found: " }
                    (labelled(found.label.as_ref()))
                    @if found.label.is_some() {
                        " " span .badge { (found.confidence) " % sure" }
                    }
                }
                @if found.lines.is_empty() {
                    p .soft { "Neither name, type, comment nor values speak for a label." }
                } @else {
                    ul .list { @for line in &found.lines { li { (Shown(line)) } } }
                }
                @if !found.against.is_empty() {
                    details {
                        summary .small { "What was weighed, and did not hold" }
                        ul .list.small { @for line in &found.against { li { (Shown(line)) } } }
                    }
                }
                p .soft.small {
                    "Weighed " (parts::moment(&found.at)) ". Evidence is names and counts: no \
                     value is kept."
                }
            }
        }
    }
}

fn readers(page: &ColumnPage, viewer: &Viewer) -> Markup {
    let links = viewer.may(Right::Audit);
    html! {
        section .card aria-labelledby="readers" {
            header { h2 #readers { "Who was given its values" } }
            @match &page.readers {
                None => (state(Icon::Clock, "Not known now", &html! {
                    "It takes too long to be added up for a page, or the index is behind."
                })),
                Some(all) if all.is_empty() => (state(Icon::Empty, "Nobody", &html! {
                    "No value of it left in the last days."
                })),
                Some(all) => div .scroll {
                    table .cards role="table" aria-labelledby="readers" {
                        thead role="rowgroup" {
                            tr role="row" {
                                @for name in ["Who", "Last"] {
                                    th role="columnheader" scope="col" { (name) }
                                }
                                @for name in ["As it is", "Masked"] {
                                    th .num role="columnheader" scope="col" { (name) }
                                }
                            }
                        }
                        tbody role="rowgroup" { @for one in all { (reader(one, links)) } }
                    }
                },
            }
        }
    }
}

fn reader(one: &Read, links: bool) -> Markup {
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
            td .nowrap role="cell" data-label="Last" { (Shown(&one.last)) }
            td .num role="cell" data-label="As it is" { (grouped(one.raw)) }
            td .num role="cell" data-label="Masked" { (grouped(one.masked)) }
        }
    }
}

fn decide(page: &ColumnPage, viewer: &Viewer) -> Markup {
    let [database, schema, table, column] = &page.column.place;
    let (here, label) = (column_link([database, schema, table, column]), &page.column.label);
    let now = label.as_ref().map_or("none", |(label, _)| label);
    html! {
        section .card aria-labelledby="decide" {
            header { h2 #decide { "Decide about it" } }
            div .body {
                form .stack method="post" action=(here) {
                    (csrf(viewer))
                    div .field {
                        label for="is" { "It holds" }
                        select #is name="label" {
                            option value="none" selected[now == "none"] {
                                "nothing to hide: no label"
                            }
                            @for one in &page.labels {
                                option value=(one) selected[now == one] { (one) }
                            }
                        }
                    }
                    div .field {
                        label for="reason" { "Why (stands in the record; write no value)" }
                        input #reason name="reason" maxlength="500" autocomplete="off";
                    }
                    input type="hidden" name="decided"
                        value=(page.decided.as_ref().map_or("", |one| one.at.as_str()));
                    div .row {
                        button #set .main type="submit" name="word" value="set" {
                            @if page.decided.is_some() { "Decide" } @else { "Confirm or correct" }
                        }
                        @if page.decided.is_some() {
                            button #clear type="submit" name="word" value="clear" {
                                "Take the decision back"
                            }
                        }
                    }
                }
                p .soft.small {
                    "It holds at once, for rows on their way too, and stands in the record. \
                     A reason is needed where its values leave unmasked, and to take a \
                     decision back."
                }
            }
        }
    }
}

fn changes(page: &ColumnPage) -> Markup {
    html! {
        section .card aria-labelledby="changes" {
            header { h2 #changes { "How its label changed" } }
            div .body {
                @if page.changes.is_empty() { p .soft { "The index has no change of it yet." } }
                ul .list {
                    @for one in &page.changes {
                        li {
                            div .row {
                                (parts::moment(&one.at))
                                span .badge { (Shown(&one.before)) " → " (Shown(&one.after)) }
                            }
                            p .soft.small {
                                (Shown(&one.by)) @if !one.why.is_empty() { ": " (Shown(&one.why)) }
                            }
                        }
                    }
                }
            }
        }
    }
}
