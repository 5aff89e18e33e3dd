//! A change of policies that is tried: checked while it is written, and held against what was
//! asked.

use crate::{
    Icon, Shown,
    assets::{BUSY, POLICIES},
    icon,
    job::{self, Listed},
    layout::{Page, Place, Tone, Viewer, csrf, notice},
    parts::grouped,
    sql,
};
use maud::{Markup, html};

/// Something that is wrong, or says nothing.
#[derive(Clone, Debug, Default)]
pub struct Trouble {
    /// Where: `file:line:column`.
    pub place: String,
    /// What.
    pub message: String,
    /// What would be right.
    pub help: Option<String>,
    /// It keeps the policies from being in force.
    pub wrong: bool,
}

/// Statements that would have got another verdict.
#[derive(Clone, Debug, Default)]
pub struct Changed {
    /// How many.
    pub statements: u64,
    /// Whose.
    pub identity: String,
    /// Where.
    pub database: String,
    /// `stricter`, `looser`, `other`.
    pub direction: &'static str,
    /// What differs.
    pub what: String,
    /// The statement without literals.
    pub text: String,
    /// Why, of the verdict there would have been.
    pub reasons: Vec<String>,
    /// One of them.
    pub example: Option<String>,
}

/// What a backtest found.
#[derive(Clone, Debug, Default)]
pub struct Backtested {
    /// Statements that were decided again.
    pub statements: u64,
    /// Those with the same verdict.
    pub same: u64,
    /// Those with another, together.
    pub changed: Vec<Changed>,
    /// How many kinds of changes there are beside those.
    pub more: usize,
    /// Those that could not be decided, and why.
    pub unknowable: Vec<(String, u64)>,
    /// How long it took, in words.
    pub took: String,
}

/// The page's data.
#[derive(Clone, Debug, Default)]
pub struct Try {
    /// Files that there are.
    pub files: Vec<String>,
    /// The file's name.
    pub file: String,
    /// Its text.
    pub text: String,
    /// How many days are looked back.
    pub days: u32,
    /// What is wrong with it; nothing if it was not checked.
    pub troubles: Option<Vec<Trouble>>,
    /// How far holding it against the record is.
    pub held: Option<Held>,
    /// Why it is not held against it.
    pub said: Option<String>,
}

/// A change that is held against the record, or was.
#[derive(Clone, Debug)]
pub struct Held {
    /// How far it is.
    pub listed: Listed,
    /// What was found, once it is there.
    pub found: Option<Backtested>,
}

/// Where one is.
pub fn held_link(id: &str) -> String {
    format!("/console/policies/try/{id}")
}

/// The page.
pub fn attempt(page: &Try, viewer: &Viewer) -> String {
    let content = html! {
        p .small { a href=(Place::Policies.path()) { "Policies" } }
        div .head { h1 { "Try a change" } }
        p .soft {
            "Nothing is saved here: policies are files that Weir follows. What is written below is \
             checked, and held against the record, as it would be in the place of that file."
        }
        @if let Some(why) = &page.said { (notice(Tone::Bad, &html! { (Shown(why)) })) }
        @if let Some(one) = &page.held {
            div #list data-from=(format!("{}/how", held_link(&one.listed.id)))
                data-busy[!one.listed.how.is_over()] {
                (held(one, viewer))
            }
        }
        form #files .filter method="get" action="/console/policies/try" {
            div .field {
                label for="of" { "Begin with the file" }
                select #of name="file" {
                    option value="" { "a new one" }
                    @for file in &page.files {
                        option value=(file) selected[*file == page.file] { (Shown(file)) }
                    }
                }
            }
            button type="submit" { "Open" }
        }
        form #try .card method="post" action="/console/policies/try" {
            div .body {
                (csrf(viewer))
                div .field {
                    label for="file" { "Name of the file" }
                    input #file .mono name="file" value=(page.file) required maxlength="100"
                        pattern="[A-Za-z0-9._\\-]+" autocomplete="off" spellcheck="false";
                }
                div .field {
                    label for="text" { "Its text" }
                    textarea #text .mono name="text" rows="18" spellcheck="false"
                        autocapitalize="none" maxlength="40000" { (page.text) }
                }
                div #sound aria-live="polite" {
                    @if let Some(troubles) = &page.troubles { (sound(troubles)) }
                }
                div .filter {
                    div .field {
                        label for="days" { "Look back: days" }
                        input #days name="days" type="number" min="1" max="90" value=(page.days);
                    }
                    button #check type="submit" name="word" value="check" { "Check" }
                    button #backtest .main type="submit" name="word" value="backtest" {
                        "Hold it against the record"
                    }
                }
            }
        }
    };
    let title = "Try a change";
    Page { title, scripts: &[&POLICIES, &BUSY], ..Page::of(Place::Policies, viewer) }
        .whole(&content)
}

/// How far one is, which a script asks for again while it is under way, or what was found.
pub fn held(held: &Held, viewer: &Viewer) -> Markup {
    match &held.found {
        Some(found) => backtested(found),
        None => html! {
            section .card aria-label="Held against the record" {
                div .body { (job::row(&held.listed, &held_link(&held.listed.id), viewer)) }
            }
        },
    }
}

/// What is wrong with the text, or that nothing is.
pub fn sound(troubles: &[Trouble]) -> Markup {
    let wrong = troubles.iter().any(|trouble| trouble.wrong);
    html! {
        @if !wrong {
            p .badge.good { (icon(Icon::Check)) "sound" }
        }
        @if !troubles.is_empty() {
            ul .list {
                @for one in troubles {
                    li {
                        div .row {
                            span .badge.(if one.wrong { "bad" } else { "warn" }) {
                                (if one.wrong { "wrong" } else { "doubtful" })
                            }
                            span .mono { (Shown(&one.place)) }
                        }
                        p { (Shown(&one.message)) }
                        @if let Some(help) = &one.help { p .soft { (Shown(help)) } }
                    }
                }
            }
        }
    }
}

fn backtested(found: &Backtested) -> Markup {
    let other = found.statements - found.same.min(found.statements);
    html! {
        section #backtested .card aria-labelledby="differs" {
            header {
                h2 #differs { (grouped(other)) " of " (grouped(found.statements))
                    " statements would have been decided otherwise" }
                span .soft.small { "in " (found.took) }
            }
            div .body {
                @for (why, count) in &found.unknowable {
                    p .soft { (grouped(*count)) " could not be decided: " (Shown(why)) }
                }
                @if found.changed.is_empty() {
                    p { "None that could be decided again would have got another verdict." }
                }
                ul .list { @for one in &found.changed { li { (changed(one)) } } }
                @if found.more > 0 {
                    p .soft {
                        "and " (found.more) " more kinds: " code { "weir policy backtest" }
                        " has all"
                    }
                }
            }
        }
    }
}

fn changed(one: &Changed) -> Markup {
    let class = match one.direction {
        "looser" => "bad",
        "stricter" => "good",
        _ => "warn",
    };
    html! {
        div .row {
            span .badge.(class) { (one.direction) }
            strong { (grouped(one.statements)) " × " (Shown(&one.identity)) }
            span .soft { "on " (Shown(&one.database)) }
        }
        p { (Shown(&one.what)) }
        (sql::block(&one.text, &[]))
        @for reason in &one.reasons { p .soft { (Shown(reason)) } }
        @if let Some(id) = &one.example {
            p .small { a href=(format!("/console/statements/{id}")) { "One of them" } }
        }
    }
}
