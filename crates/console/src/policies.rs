//! What is allowed: policies in force with where they stand, a change that is tried before it is
//! one, and why something would be decided so.

mod attempt;
mod why;

pub use attempt::{Backtested, Changed, Held, Trouble, Try, attempt, held, held_link, sound};
pub use why::{Asked, Told, Why, why};

use crate::{
    Icon, Shown, icon,
    layout::{Page, Place, Viewer},
    parts::{self, escaped},
};
use maud::{Markup, html};

/// A policy.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Its id.
    pub id: String,
    /// It permits, and does not forbid.
    pub permits: bool,
    /// It is only watched: decides nothing.
    pub shadow: bool,
    /// Where it stands: the file's name.
    pub file: String,
    /// And the line.
    pub line: usize,
    /// Whom and what it is about, as it says so itself.
    pub scope: String,
    /// Why there is such a policy.
    pub reason: String,
    /// All of it.
    pub text: String,
}

/// Policies that were in force once, or were not taken up.
#[derive(Clone, Debug, Default)]
pub struct Version {
    /// When.
    pub at: String,
    /// `start`, `file`, `signal`.
    pub by: String,
    /// Which.
    pub version: String,
    /// How many policies.
    pub count: u64,
    /// Why they were not taken up, if they were not.
    pub refused: Option<String>,
}

/// The page of policies.
#[derive(Clone, Debug, Default)]
pub struct Policies {
    /// Those in force.
    pub policies: Vec<Policy>,
    /// What they are, as the record names it.
    pub version: String,
    /// What was before, newest first.
    pub versions: Vec<Version>,
}

/// The page.
pub fn list(policies: &Policies, viewer: &Viewer) -> String {
    let content = html! {
        div .head {
            h1 { "Policies" }
            a #attempt .button href="/console/policies/try" { "Try a change" }
            a #explain .button href="/console/policies/explain" { "Explain a decision" }
        }
        section .card aria-labelledby="force" {
            header {
                h2 #force { (policies.policies.len()) " in force" }
                span .badge .mono { (policies.version) }
            }
            div .scroll {
                table .cards role="table" aria-labelledby="force" {
                    thead role="rowgroup" {
                        tr role="row" {
                            @for name in ["Policy", "Effect", "About", "Where"] {
                                th role="columnheader" scope="col" { (name) }
                            }
                        }
                    }
                    tbody role="rowgroup" { @for one in &policies.policies { (row(one)) } }
                }
            }
        }
        (versions(&policies.versions))
    };
    Page::of(Place::Policies, viewer).whole(&content)
}

fn link(id: &str) -> String {
    format!("/console/policies/one?id={}", escaped(id))
}

fn effect(policy: &Policy) -> Markup {
    html! {
        span .badges {
            @if policy.permits {
                span .badge.good { (icon(Icon::Check)) "permit" }
            } @else {
                span .badge.bad { (icon(Icon::Cross)) "forbid" }
            }
            @if policy.shadow { span .badge.warn { "shadow" } }
        }
    }
}

fn row(policy: &Policy) -> Markup {
    html! {
        tr role="row" {
            td .name role="cell" data-label="Policy" {
                div {
                    a .mono href=(link(&policy.id)) { (Shown(&policy.id)) }
                    p .soft.small { (Shown(&policy.reason)) }
                }
            }
            td role="cell" data-label="Effect" { (effect(policy)) }
            td .mono role="cell" data-label="About" { (Shown(&policy.scope)) }
            td .mono role="cell" data-label="Where" {
                (Shown(&policy.file)) ":" (policy.line)
            }
        }
    }
}

fn versions(versions: &[Version]) -> Markup {
    html! {
        section .card aria-labelledby="versions" {
            header { h2 #versions { "What was before" } }
            div .body {
                @if versions.is_empty() { p .soft { "The index has no change of policies yet." } }
                ul .list {
                    @for one in versions {
                        li {
                            div .row {
                                (parts::moment(&one.at))
                                span .badge .mono { (Shown(&one.version)) }
                                @if one.refused.is_some() {
                                    span .badge.bad { "not taken up" }
                                }
                            }
                            p .soft.small {
                                (one.count) " policies, by " (Shown(&one.by))
                            }
                            @if let Some(why) = &one.refused {
                                pre .sql tabindex="0" role="region" aria-label="why" {
                                    code { (Shown(why)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// One policy as a page.
pub fn one(policy: &Policy, viewer: &Viewer) -> String {
    let content = html! {
        p .small { a href=(Place::Policies.path()) { "Policies" } }
        div .head { h1 .mono { (Shown(&policy.id)) } (effect(policy)) }
        @if !policy.reason.is_empty() { p { (Shown(&policy.reason)) } }
        section .card aria-labelledby="text" {
            header {
                h2 #text { "Its text" }
                span .soft.mono { (Shown(&policy.file)) ":" (policy.line) }
                a .button.slim href=(format!("/console/policies/try?file={}",
                    escaped(&policy.file))) { "Try a change of it" }
            }
            div .body {
                pre .sql tabindex="0" role="region" aria-label="policy" {
                    code { (Shown(&policy.text)) }
                }
            }
        }
    };
    Page { title: &policy.id, ..Page::of(Place::Policies, viewer) }.whole(&content)
}
