//! One session, statement by statement: a line of time, and what each brought back.

use super::{Session, ended, link};
use crate::{
    Icon, Shown,
    assets::REPLAY,
    icon, identities,
    layout::{Page, Place, Viewer, state},
    parts::{self, duration, grouped},
    sql,
};
use maud::{Markup, html};

/// A column of a result, as it left.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Its name.
    pub name: String,
    /// `raw`, `masked`, `scan`.
    pub shows: String,
    /// Labels that it bears.
    pub labels: String,
    /// How it was masked.
    pub method: String,
    /// How many values left as they are, masked and as NULL.
    pub counts: [u64; 3],
}

/// A statement.
#[derive(Clone, Debug, Default)]
pub struct Step {
    /// Its id.
    pub id: String,
    /// Its number in the session.
    pub number: u64,
    /// When it came.
    pub time: String,
    /// How long after the beginning: microseconds.
    pub after: u64,
    /// Its text without literals; empty if it was not analysed.
    pub text: String,
    /// What was decided.
    pub verdict: String,
    /// `done`, `failed`, `refused`, `running`, `unknown`.
    pub state: &'static str,
    /// What the client heard instead of rows: a SQLSTATE, or how it ended otherwise.
    pub error: String,
    /// Why it was refused.
    pub why: String,
    /// What the server said it did: `SELECT 3`.
    pub tag: String,
    /// Rows that left.
    pub rows: u64,
    /// Rows that it changed.
    pub affected: u64,
    /// How long it took: microseconds.
    pub took: Option<u64>,
    /// By whose consent it ran.
    pub approved_by: String,
    /// The columns of its result.
    pub seen: Vec<Seen>,
}

/// A session with some of its statements.
#[derive(Clone, Debug, Default)]
pub struct Replay {
    /// The session.
    pub session: Session,
    /// Statements, in order.
    pub steps: Vec<Step>,
    /// After which number the next ones are, if there are more.
    pub next: Option<u64>,
    /// After which number these begin; 0 for the first ones.
    pub after: u64,
}

/// The page.
pub fn replay(page: &Replay, viewer: &Viewer) -> String {
    let session = &page.session;
    let content = html! {
        p .small { a href=(Place::Replay.path()) { "Replay" } }
        div .head {
            h1 { "A session of " (Shown(&session.identity)) }
            span .badges { (ended(session)) }
        }
        section .card aria-labelledby="about" {
            header { h2 #about { "About it" } }
            div .body { (about(session)) }
        }
        section .card aria-labelledby="steps" {
            header { h2 #steps { "As the client saw it" } (controls()) }
            @if page.steps.is_empty() {
                (state(Icon::Empty, "No statement", &html! {
                    "It ran no statement, or none is in the index yet."
                }))
            } @else {
                div .body { (line(&page.steps)) }
                ol #replay .replay { @for step in &page.steps { (shown(step)) } }
                div .body.row {
                    @if page.after > 0 {
                        a .button href=(link(&session.id)) { "From the beginning" }
                    }
                    @if let Some(next) = page.next {
                        a #next .button href=(format!("{}?after={next}", link(&session.id))) {
                            "What came then"
                        }
                    }
                }
            }
        }
    };
    let page = Page::of(Place::Replay, viewer);
    Page { title: "A session", scripts: &[&REPLAY], ..page }.whole(&content)
}

fn about(session: &Session) -> Markup {
    let name = session.identity.rsplit('/').next().unwrap_or_default();
    html! {
        dl .facts {
            dt { "Who" }
            dd { a href=(identities::link(name)) { (parts::who(&session.identity)) } }
            dt { "Groups" } dd { (Shown(&session.groups)) }
            dt { "Database" } dd { (Shown(&session.database)) }
            dt { "Program" } dd { (Shown(&session.application)) }
            dt { "From" }
            dd {
                (Shown(&session.address)) " "
                @if !session.tls.is_empty() {
                    span .badge { (icon(Icon::Lock)) (Shown(&session.tls)) }
                }
            }
            dt { "Signed in by" } dd { (Shown(&session.method)) }
            dt { "Began" } dd { (parts::moment(&session.opened)) }
            @if let Some(statements) = session.statements {
                dt { "In all" }
                dd {
                    (grouped(statements)) " statement" @if statements != 1 { "s" } ", "
                    (grouped(session.rows.unwrap_or(0))) " rows"
                }
            }
            dt { "Session" } dd .mono { (Shown(&session.id)) }
        }
    }
}

/// What a script makes work; nothing without.
fn controls() -> Markup {
    html! {
        div #controls .row hidden {
            button #back .slim type="button" { "Back" }
            button #play .slim.main type="button" aria-pressed="false" { "Play" }
            button #forth .slim type="button" { "Next" }
            button #all .slim.quiet type="button" { "Show all" }
            span #place .soft.small aria-live="polite" {}
        }
    }
}

const WIDTH: u64 = 1_000;

/// When each came and how long it took, from the first to the last.
fn line(steps: &[Step]) -> Markup {
    let begins = steps.first().map_or("", |step| step.time.as_str());
    let first = steps.first().map_or(0, |step| step.after);
    let end = steps.iter().map(|step| step.after + step.took.unwrap_or(0)).max().unwrap_or(0);
    let long = end.saturating_sub(first).max(1);
    let at = |moment: u64| moment.saturating_sub(first).saturating_mul(WIDTH - 6) / long;
    let words = match steps.len() {
        1 => format!("1 statement in {}", duration(long)),
        count => format!("{count} statements in {}", duration(long)),
    };
    html! {
        figure .time {
            svg viewBox=(format!("0 0 {WIDTH} 24")) preserveAspectRatio="none" role="img"
                aria-label=(words) {
                rect .base y="22" width=(WIDTH) height="2" {}
                @for step in steps {
                    rect .(tone(step)) x=(at(step.after)) y="2" height="20"
                        width=((at(step.after + step.took.unwrap_or(0)) - at(step.after)).max(4)) {}
                }
            }
            figcaption .row.small.soft { span { (parts::clock(begins)) } span { (words) } }
        }
    }
}

/// Of what colour it is.
fn tone(step: &Step) -> &'static str {
    match (step.state, step.verdict.as_str()) {
        ("refused" | "failed", _) | (_, "deny") => "bad",
        (_, "modify") => "mask",
        (_, "hold") => "warn",
        _ => "good",
    }
}

fn shown(step: &Step) -> Markup {
    html! {
        li id=(format!("n-{}", step.number)) data-after=(step.after) {
            div .row {
                span .mono.soft { "#" (step.number) }
                (parts::clock(&step.time))
                @if !step.verdict.is_empty() { (parts::verdict(&step.verdict)) }
                @if step.state != "done" { (parts::state(step.state)) }
                @if !step.error.is_empty() { span .badge.bad { (Shown(&step.error)) } }
                @if let Some(took) = step.took { span .soft.small { (duration(took)) } }
                a .small href=(format!("/console/statements/{}", step.id)) {
                    "All of it" span .sr { " about statement " (step.number) }
                }
            }
            @if step.text.is_empty() {
                p .soft { "Refused before it was analysed: the record has a hash of its text." }
            } @else {
                (sql::block(&step.text, &[]))
            }
            (result(step))
        }
    }
}

/// What the client got back.
fn result(step: &Step) -> Markup {
    let all: u64 = step.seen.iter().flat_map(|seen| seen.counts).fold(0, u64::saturating_add);
    html! {
        div .result {
            @if !step.why.is_empty() { p { (Shown(&step.why)) } }
            @if !step.approved_by.is_empty() {
                p .small { "By consent of " (Shown(&step.approved_by)) "." }
            }
            @if step.state == "unknown" {
                p .small { "No outcome is recorded: it may have run or not." }
            }
            @if !step.seen.is_empty() && all > 0 {
                ul .badges {
                    @for seen in &step.seen { li { (column(seen)) } }
                }
            }
            p .soft.small {
                @if !step.tag.is_empty() { span .mono { (Shown(&step.tag)) } " " }
                (grouped(step.rows)) " rows left"
                @if step.affected > 0 { ", " (grouped(step.affected)) " changed" }
            }
        }
    }
}

/// One column of a result: how many of its values left how.
fn column(seen: &Seen) -> Markup {
    let [raw, masked, null] = seen.counts;
    let (class, picture) = match (masked > 0, raw > 0 && !seen.labels.is_empty()) {
        (_, true) => ("bad", Some(Icon::Eye)),
        (true, false) => ("mask", Some(Icon::Mask)),
        (false, false) => ("", None),
    };
    html! {
        span .badge.(class) {
            @if let Some(picture) = picture { (icon(picture)) }
            span .mono { (Shown(&seen.name)) }
            @if !seen.labels.is_empty() { " " (Shown(&seen.labels)) }
            @if masked > 0 {
                " " (grouped(masked)) " masked"
                @if !seen.method.is_empty() { " (" (Shown(&seen.method)) ")" }
            }
            @if raw > 0 { " " (grouped(raw)) " as they are" }
            @if null > 0 { " " (grouped(null)) " NULL" }
            @if raw + masked + null == 0 { " nothing" }
        }
    }
}
