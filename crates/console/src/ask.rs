//! Questions to the record: one box, what could be asked, and answers as a table, a picture of time
//! and a file.

use crate::{
    Icon, Shown,
    assets::ASK,
    chart::{Bar, bars},
    layout::{Page, Place, Tone, Viewer, csrf, notice, state},
    now,
    parts::{escaped, grouped},
};
use maud::{Markup, html};

/// Something that can be asked, as an example.
#[derive(Clone, Debug, Default)]
pub struct Example {
    /// In words.
    pub words: String,
    /// The question.
    pub question: String,
}

/// Statements that were found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The newest first.
    pub rows: Vec<now::Row>,
    /// Before which record the next ones are, if there are more.
    pub older: Option<u64>,
    /// These are not the first ones.
    pub later: bool,
    /// How many there are in all, where that is known.
    pub all: Option<u64>,
    /// Over time, oldest first.
    pub time: Vec<Bar>,
    /// Of what that is: all that is found, or what is listed.
    pub of: &'static str,
}

/// Counts.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    /// What each column is.
    pub columns: Vec<String>,
    /// Their cells; those of numbers are told by the first row.
    pub rows: Vec<Vec<String>>,
    /// There are more.
    pub more: bool,
}

/// What came of a question.
#[derive(Clone, Debug)]
pub enum Answered {
    /// Nothing was asked yet.
    Nothing,
    /// It is no question, or takes too long: why.
    Wrong(String),
    /// Statements.
    Found(Found),
    /// Counts.
    Counted(Counted),
}

/// The page's data.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The question.
    pub question: String,
    /// By what is counted; empty lists statements.
    pub by: String,
    /// By what can be counted.
    pub bys: Vec<&'static str>,
    /// What came of it.
    pub answered: Answered,
    /// What could be asked.
    pub examples: Vec<Example>,
    /// What this person asks again: name and question.
    pub saved: Vec<(String, String)>,
    /// What came of saving one.
    pub said: Option<(Tone, String)>,
    /// The words of the language with what they mean.
    pub words: &'static [(&'static str, &'static str)],
    /// How many rows a file has at most.
    pub most: u64,
    /// How far the index knows: records, and how many are not in it yet.
    pub known: (u64, u64),
}

/// The page.
pub fn page(ask: &Ask, viewer: &Viewer) -> String {
    let content = html! {
        div .head { h1 { "Ask the record" } }
        @if let Some((tone, words)) = &ask.said { (notice(*tone, &html! { (Shown(words)) })) }
        section .card aria-label="The question" {
            div .body { (form(ask)) (language(ask)) }
        }
        (answer(ask))
        div .columns {
            (examples(ask))
            (saved(ask, viewer))
        }
    };
    Page { scripts: &[&ASK], ..Page::of(Place::Ask, viewer) }.whole(&content)
}

/// The page with this question asked.
pub fn link(question: &str) -> String {
    format!("{}?q={}", Place::Ask.path(), escaped(question))
}

fn form(ask: &Ask) -> Markup {
    html! {
        form #ask .filter method="get" action=(Place::Ask.path()) role="search" {
            div .field.wide {
                label for="q" { "Question" }
                input #q .mono name="q" type="search" value=(ask.question) maxlength="2000"
                    list="goes-on" autocomplete="off" autocapitalize="none" spellcheck="false"
                    placeholder="column:customers.email disclosure:raw since:7d";
                datalist #goes-on {}
            }
            div .field {
                label for="by" { "Show" }
                select #by name="by" {
                    option value="" { "statements" }
                    @for by in &ask.bys {
                        option value=(by) selected[ask.by == *by] {
                            "counts by " (by.replace('_', " "))
                        }
                    }
                }
            }
            button .main type="submit" { "Ask" }
        }
    }
}

fn language(ask: &Ask) -> Markup {
    html! {
        details {
            summary .small { "What can be asked for" }
            p .small.soft {
                "All terms must be true; a comma means or; a - before a word excludes. Other words \
                 are looked for in the statements' texts."
            }
            dl .facts.small {
                @for (word, means) in ask.words { dt .mono { (word) ":" } dd { (means) } }
            }
        }
    }
}

fn answer(ask: &Ask) -> Markup {
    match &ask.answered {
        Answered::Nothing => html! {},
        Answered::Wrong(why) => html! { (notice(Tone::Bad, &html! { (Shown(why)) })) },
        Answered::Found(found) if found.rows.is_empty() => html! {
            section .card aria-label="The answer" {
                (state(Icon::Empty, "No statement", &html! {
                    "Nothing in the record is what you ask for." (known(ask))
                }))
            }
        },
        Answered::Found(found) => statements(ask, found),
        Answered::Counted(counted) => counts(ask, counted),
    }
}

fn known(ask: &Ask) -> Markup {
    let (records, lag) = ask.known;
    html! {
        " From an index of the first " (grouped(records)) " records"
        @if lag > 0 { ", " (grouped(lag)) " behind" }
        "."
    }
}

fn statements(ask: &Ask, found: &Found) -> Markup {
    let shown = found.rows.len();
    html! {
        section .card aria-labelledby="answer" {
            header {
                h2 #answer {
                    @match found.all {
                        Some(1) => { "One statement" }
                        Some(all) => { (grouped(all)) " statements" }
                        None => { "Statements" }
                    }
                }
                (files(ask))
            }
            @if !found.time.is_empty() { div .body { (bars(found.of, &found.time)) } }
            div .scroll {
                table .cards.compact role="table" aria-labelledby="answer" {
                    (now::columns(false))
                    tbody #rows role="rowgroup" {
                        @for one in &found.rows { (now::row_of(one, true)) }
                    }
                }
            }
            div .body {
                div .row {
                    @if found.later { a .button href=(link(&ask.question)) { "Newest" } }
                    @if let Some(before) = found.older {
                        a #older .button href=(format!("{}&before={before}", link(&ask.question))) {
                            "Older"
                        }
                    }
                    p .soft.small {
                        (shown) " shown, newest first. A file has the newest " (grouped(ask.most))
                        " at most." (known(ask))
                    }
                }
            }
        }
    }
}

fn files(ask: &Ask) -> Markup {
    let query = format!("q={}&by={}", escaped(&ask.question), escaped(&ask.by));
    html! {
        span .row {
            @for (form, name) in [("csv", "CSV"), ("json", "JSON lines")] {
                a .button.slim download href=(format!("/console/ask/export?{query}&form={form}")) {
                    (name) span .sr { " file of the answer" }
                }
            }
        }
    }
}

fn counts(ask: &Ask, counted: &Counted) -> Markup {
    let first = counted.rows.first();
    let numbers = |at: usize| {
        let cell = first.and_then(|row| row.get(at));
        cell.is_some_and(|cell| !cell.is_empty() && cell.chars().all(|c| c.is_ascii_digit()))
    };
    html! {
        section .card aria-labelledby="answer" {
            header { h2 #answer { "Counts by " (ask.by.replace('_', " ")) } (files(ask)) }
            @if counted.rows.is_empty() {
                (state(Icon::Empty, "Nothing to count", &html! {
                    "Nothing in the record is what you ask for." (known(ask))
                }))
            } @else {
                div .scroll {
                    table .cards role="table" aria-labelledby="answer" {
                        thead role="rowgroup" {
                            tr role="row" {
                                @for (at, name) in counted.columns.iter().enumerate() {
                                    th .num[numbers(at)] role="columnheader" scope="col" {
                                        (name.replace('_', " "))
                                    }
                                }
                            }
                        }
                        tbody role="rowgroup" {
                            @for row in &counted.rows {
                                tr role="row" {
                                    @for (at, cell) in row.iter().enumerate() {
                                        td .num[numbers(at)] role="cell"
                                            data-label=(counted.columns.get(at)
                                                .map_or("", |name| name)) {
                                            (Shown(cell))
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
                p .body.soft.small {
                    @if counted.more { "There are more: export them." }
                    (known(ask))
                }
            }
        }
    }
}

fn examples(ask: &Ask) -> Markup {
    html! {
        section .card aria-labelledby="examples" {
            header { h2 #examples { "For example" } }
            div .body {
                ul .list {
                    @for one in &ask.examples {
                        li {
                            a href=(link(&one.question)) { (Shown(&one.words)) }
                            div .soft.mono { (Shown(&one.question)) }
                        }
                    }
                }
            }
        }
    }
}

fn saved(ask: &Ask, viewer: &Viewer) -> Markup {
    html! {
        section .card aria-labelledby="saved" {
            header { h2 #saved { "Your questions" } }
            div .body {
                @if ask.saved.is_empty() {
                    p .soft { "None yet. Ask something, and give it a name to ask it again." }
                }
                ul .list {
                    @for (name, text) in &ask.saved {
                        li {
                            div .row {
                                a href=(link(text)) { (Shown(name)) }
                                form method="post" action="/console/ask/forget" {
                                    (csrf(viewer))
                                    input type="hidden" name="name" value=(name);
                                    button .slim.quiet type="submit" {
                                        "Forget" span .sr { " " (Shown(name)) }
                                    }
                                }
                            }
                            div .soft.mono { (Shown(text)) }
                        }
                    }
                }
                @if !ask.question.is_empty() && !matches!(ask.answered, Answered::Wrong(_)) {
                    form .filter method="post" action="/console/ask/save" {
                        (csrf(viewer))
                        input type="hidden" name="q" value=(ask.question);
                        div .field.wide {
                            label for="name" { "Name of this question" }
                            input #name name="name" required maxlength="80" autocomplete="off";
                        }
                        button type="submit" { "Save" }
                    }
                }
            }
        }
    }
}
