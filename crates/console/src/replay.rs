//! Sessions as their clients saw them: a list, and one of them statement by statement, with what
//! came back as a shape and never as values.

mod steps;

pub use steps::{Replay, Seen, Step, replay};

use crate::{
    Icon, Shown,
    layout::{Page, Place, Viewer, state},
    parts::{self, grouped},
};
use maud::{Markup, html};

/// A session of the record.
#[derive(Clone, Debug, Default)]
pub struct Session {
    /// Its id.
    pub id: String,
    /// Where its record is.
    pub sequence: u64,
    /// Who: a chain, outermost last.
    pub identity: String,
    /// What the outermost is.
    pub kind: String,
    /// The groups that it had.
    pub groups: String,
    /// The database.
    pub database: String,
    /// What the client called itself.
    pub application: String,
    /// From where.
    pub address: String,
    /// How it signed in.
    pub method: String,
    /// The version of TLS; empty without.
    pub tls: String,
    /// When it began.
    pub opened: String,
    /// When it ended; nothing if it did not, or nothing is known of its end.
    pub closed: Option<String>,
    /// Why it ended.
    pub reason: String,
    /// Statements, once it ended.
    pub statements: Option<u64>,
    /// Rows that left, once it ended.
    pub rows: Option<u64>,
}

/// The list.
#[derive(Clone, Debug, Default)]
pub struct Sessions {
    /// The newest first.
    pub sessions: Vec<Session>,
    /// Before which record the next ones are, if there are more.
    pub older: Option<u64>,
    /// These are not the first ones.
    pub later: bool,
    /// A part of a name: of an identity, a database or a program.
    pub text: String,
    /// It takes too long to look for that.
    pub slow: bool,
}

/// Where a session is.
pub fn link(id: &str) -> String {
    format!("{}/{id}", Place::Replay.path())
}

fn address(text: &str, before: u64) -> String {
    format!("{}?q={}&before={before}", Place::Replay.path(), parts::escaped(text))
}

/// The list as a page.
pub fn list(sessions: &Sessions, viewer: &Viewer) -> String {
    let content = html! {
        div .head { h1 { "Replay" } }
        section .card aria-labelledby="list" {
            header { h2 #list .sr { "Sessions" } (search(sessions)) }
            @if sessions.slow {
                (state(Icon::Clock, "It takes too long", &html! {
                    "Too many sessions would have to be looked through. Ask the record: "
                    code { "identity:" } ", " code { "session:" } " …"
                }))
            } @else if sessions.sessions.is_empty() {
                (state(Icon::Empty, "No session", &html! {
                    "No session of the record is what you look for. One is there within a second \
                     of its beginning."
                }))
            } @else {
                (table(sessions))
                div .body.row {
                    @if sessions.later {
                        a .button href=(Place::Replay.path()) { "Newest" }
                    }
                    @if let Some(before) = sessions.older {
                        a #older .button href=(address(&sessions.text, before)) { "Older" }
                    }
                    p .soft.small { "Newest first. What a client saw is told as a shape: how many \
                        values, and how they left; never which." }
                }
            }
        }
    };
    Page::of(Place::Replay, viewer).whole(&content)
}

fn search(sessions: &Sessions) -> Markup {
    html! {
        form .filter.whole method="get" action=(Place::Replay.path()) role="search" {
            div .field.wide {
                label for="q" { "Who, database or program" }
                input #q name="q" type="search" value=(Shown(&sessions.text)) maxlength="200";
            }
            button type="submit" { "Filter" }
        }
    }
}

fn table(sessions: &Sessions) -> Markup {
    html! {
        div .scroll {
            table .cards role="table" aria-labelledby="list" {
                thead role="rowgroup" {
                    tr role="row" {
                        @for name in ["Began", "Who", "Database", "Program", "From", "Ended"] {
                            th role="columnheader" scope="col" { (name) }
                        }
                        @for name in ["Statements", "Rows"] {
                            th .num role="columnheader" scope="col" { (name) }
                        }
                    }
                }
                tbody #rows role="rowgroup" { @for one in &sessions.sessions { (row(one)) } }
            }
        }
    }
}

fn row(one: &Session) -> Markup {
    let count = |number: Option<u64>| number.map(grouped).unwrap_or_default();
    html! {
        tr role="row" {
            td role="cell" data-label="Began" {
                a href=(link(&one.id)) { (parts::moment(&one.opened)) }
            }
            td role="cell" data-label="Who" { div { (parts::who(&one.identity)) } }
            td role="cell" data-label="Database" { (Shown(&one.database)) }
            td role="cell" data-label="Program" { (Shown(&one.application)) }
            td role="cell" data-label="From" { (Shown(&one.address)) }
            td role="cell" data-label="Ended" { (ended(one)) }
            td .num role="cell" data-label="Statements" { (count(one.statements)) }
            td .num role="cell" data-label="Rows" { (count(one.rows)) }
        }
    }
}

/// How a session ended, if it did.
pub(super) fn ended(one: &Session) -> Markup {
    html! {
        @match &one.closed {
            Some(closed) => {
                span { (parts::clock(closed)) " " span .for { (Shown(&one.reason)) } }
            }
            None => { span .badge.info { "open" } }
        }
    }
}
