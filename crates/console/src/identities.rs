//! People, services and agents: who there is, and all that is known of one.

mod one;

pub use one::{Budget, Credential, Grant, One, Reached, Reaching, Task, confirm, one};

use crate::{
    Icon, Shown,
    layout::{Page, Place, Viewer, state},
    parts::{self, escaped},
};
use maud::{Markup, html};

/// One identity, as the list has it.
#[derive(Clone, Debug, Default)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// `person`, `service`, `agent`.
    pub kind: &'static str,
    /// For an agent, whom it acts for.
    pub acts_for: Option<String>,
    /// It may sign in.
    pub enabled: bool,
    /// Its groups.
    pub groups: Vec<String>,
    /// How many sessions it has open.
    pub sessions: usize,
    /// When it was last changed.
    pub changed: String,
}

/// The list.
#[derive(Clone, Debug, Default)]
pub struct Identities {
    /// Those that fit, by name.
    pub listed: Vec<Listed>,
    /// How many there are beside those that fit and are listed.
    pub more: usize,
    /// A part of a name or a group.
    pub text: String,
    /// Of one kind alone, if not empty.
    pub kind: String,
}

/// Where one identity is.
pub fn link(name: &str) -> String {
    format!("{}/{}", Place::Identities.path(), escaped(name))
}

/// The list as a page.
pub fn list(identities: &Identities, viewer: &Viewer) -> String {
    let content = html! {
        div .head { h1 { "Identities" } }
        section .card aria-labelledby="who" {
            header { h2 #who .sr { "Who there is" } (search(identities)) }
            @if identities.listed.is_empty() {
                (state(Icon::Empty, "Nobody", &html! {
                    "No identity is what you look for. " code { "weir identity add NAME" }
                    " adds one."
                }))
            } @else {
                (table(identities))
                @if identities.more > 0 {
                    p .body.soft { "and " (identities.more) " more: look for a name or a group" }
                }
            }
        }
    };
    Page::of(Place::Identities, viewer).whole(&content)
}

fn search(identities: &Identities) -> Markup {
    let kinds = [("", "all"), ("person", "people"), ("service", "services"), ("agent", "agents")];
    html! {
        form .filter.whole method="get" action=(Place::Identities.path()) role="search" {
            div .field.wide {
                label for="q" { "Name or group" }
                input #q name="q" type="search" value=(identities.text) maxlength="200";
            }
            div .field {
                label for="kind" { "Kind" }
                select #kind name="kind" {
                    @for (word, text) in kinds {
                        option value=(word) selected[identities.kind == word] { (text) }
                    }
                }
            }
            button type="submit" { "Filter" }
        }
    }
}

fn table(identities: &Identities) -> Markup {
    html! {
        div .scroll {
            table .cards role="table" aria-labelledby="who" {
                thead role="rowgroup" {
                    tr role="row" {
                        @for name in ["Name", "Kind", "State", "Groups", "Changed"] {
                            th role="columnheader" scope="col" { (name) }
                        }
                        th .num role="columnheader" scope="col" { "Sessions" }
                    }
                }
                tbody role="rowgroup" { @for one in &identities.listed { (row(one)) } }
            }
        }
    }
}

fn row(one: &Listed) -> Markup {
    html! {
        tr role="row" {
            td role="cell" data-label="Name" {
                div {
                    a .who href=(link(&one.name)) { (Shown(&one.name)) }
                    @if let Some(of) = &one.acts_for { span .for { "for " (Shown(of)) } }
                }
            }
            td role="cell" data-label="Kind" { (one.kind) }
            td role="cell" data-label="State" { (enabled(one.enabled)) }
            td role="cell" data-label="Groups" { (Shown(&one.groups.join(", "))) }
            td role="cell" data-label="Changed" { (parts::moment(&one.changed)) }
            td .num role="cell" data-label="Sessions" { (one.sessions) }
        }
    }
}

/// Whether it may sign in.
fn enabled(is: bool) -> Markup {
    match is {
        true => html! { span .badge.good { "enabled" } },
        false => html! { span .badge.bad { "disabled" } },
    }
}
