//! Why something would be decided so: who asks, what, and each question that policies answered.

use crate::{
    Shown,
    layout::{Page, Place, Tone, Viewer, csrf, notice},
    parts, sql,
};
use maud::{Markup, html};

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Who asks.
    pub identity: String,
    /// Of which database.
    pub database: String,
    /// What.
    pub sql: String,
}

/// What would be decided.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Who asks, with their groups.
    pub who: String,
    /// The statement.
    pub text: String,
    /// The verdict.
    pub outcome: &'static str,
    /// Why.
    pub reasons: Vec<String>,
    /// What could be done instead.
    pub advice: Vec<String>,
    /// How each output leaves.
    pub shows: Vec<String>,
    /// Whose right, the question, the answer, by which policies.
    pub questions: Vec<Vec<String>>,
    /// What alone would let it run.
    pub changes: Vec<String>,
}

/// The page's data.
#[derive(Clone, Debug, Default)]
pub struct Why {
    /// What is asked.
    pub asked: Asked,
    /// Who could ask.
    pub identities: Vec<String>,
    /// What could be asked.
    pub databases: Vec<String>,
    /// What would be decided, one for each statement.
    pub told: Vec<Told>,
    /// Why that cannot be told.
    pub said: Option<String>,
}

/// The page.
pub fn why(page: &Why, viewer: &Viewer) -> String {
    let content = html! {
        p .small { a href=(Place::Policies.path()) { "Policies" } }
        div .head { h1 { "Explain a decision" } }
        section .card aria-label="The question" { div .body { (form(page, viewer)) } }
        @if let Some(why) = &page.said { (notice(Tone::Bad, &html! { (Shown(why)) })) }
        @for one in &page.told { (told(one)) }
    };
    Page { title: "Explain a decision", ..Page::of(Place::Policies, viewer) }.whole(&content)
}

fn form(page: &Why, viewer: &Viewer) -> Markup {
    let asked = &page.asked;
    html! {
        form #why .stack method="post" action="/console/policies/explain" {
            (csrf(viewer))
            div .filter {
                div .field {
                    label for="identity" { "Who asks" }
                    input #identity name="identity" value=(asked.identity) list="identities"
                        required maxlength="63" autocomplete="off" autocapitalize="none";
                    datalist #identities {
                        @for name in &page.identities { option value=(name) {} }
                    }
                }
                div .field {
                    label for="database" { "Database" }
                    input #database name="database" value=(asked.database) list="databases"
                        required maxlength="63" autocomplete="off" autocapitalize="none";
                    datalist #databases {
                        @for name in &page.databases { option value=(name) {} }
                    }
                }
            }
            div .field {
                label for="sql" { "Statement" }
                textarea #sql .mono name="sql" rows="4" required maxlength="20000"
                    spellcheck="false" autocapitalize="none" { (asked.sql) }
            }
            div .row {
                button .main type="submit" { "Explain" }
                p .soft.small { "Nothing of the statement reaches the database." }
            }
        }
    }
}

fn told(one: &Told) -> Markup {
    html! {
        section .card aria-label="What would be decided" {
            header {
                h2 { (Shown(&one.who)) }
                (parts::verdict(one.outcome))
            }
            div .body {
                (sql::block(&one.text, &[]))
                @for reason in &one.reasons { p { (Shown(reason)) } }
                @for advice in &one.advice { p .soft { "Advice: " (Shown(advice)) } }
                @if !one.shows.is_empty() {
                    p { "It shows:" }
                    ul .badges { @for shown in &one.shows { li .badge.mask { (Shown(shown)) } } }
                }
                @if !one.changes.is_empty() {
                    p { "Each of these alone would let it run:" }
                    ul .list { @for change in &one.changes { li { (Shown(change)) } } }
                }
            }
            div .scroll {
                table .cards role="table" aria-label="Questions that policies answered" {
                    thead role="rowgroup" {
                        tr role="row" {
                            @for name in ["Whose right", "Question", "Answer", "By"] {
                                th role="columnheader" scope="col" { (name) }
                            }
                        }
                    }
                    tbody role="rowgroup" {
                        @for question in &one.questions {
                            tr role="row" {
                                @for (name, cell) in
                                    ["Whose right", "Question", "Answer", "By"].iter().zip(question)
                                {
                                    td role="cell" data-label=(name) { (Shown(cell)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
