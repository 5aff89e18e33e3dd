//! Grants that wait for consent: listed in the inbox, and one with all that it takes to decide.

use crate::{
    Shown,
    approvals::{Sign, Voice, decide, remaining, voices},
    assets::PASSKEY,
    layout::{Page, Place, Tone, Viewer, notice},
    parts,
};
use maud::{Markup, html};

/// Where they are.
pub const PATH: &str = "/console/grants";

/// One grant, as the inbox lists it.
#[derive(Clone, Debug, Default)]
pub struct Listed {
    /// Its name.
    pub id: String,
    /// Who asks: a chain, outermost last.
    pub identity: String,
    /// The group whose rights it gives.
    pub group: String,
    /// On which databases.
    pub databases: Vec<String>,
    /// For how long, from its beginning: seconds.
    pub seconds: u64,
    /// What for, in their words.
    pub purpose: String,
    /// When it was asked for.
    pub asked: String,
    /// How it stands, in words.
    pub state: String,
    /// Whoever looks is whoever asked, or somebody on whose behalf it was asked.
    pub own: bool,
}

/// One grant.
#[derive(Clone, Debug, Default)]
pub struct Grant {
    /// What the inbox has of it.
    pub listed: Listed,
    /// It breaks the glass.
    pub emergency: bool,
    /// Until when it can be consented to.
    pub until: String,
    /// Whose consent it needs, one sentence each.
    pub needs: Vec<String>,
    /// Who reviews it afterwards, one sentence each.
    pub reviewers: Vec<String>,
    /// What was said.
    pub voices: Vec<Voice>,
    /// What came of the last word, if there was one.
    pub said: Option<(Tone, String)>,
    /// Whoever looks may say yes or no now.
    pub decides: bool,
    /// What their consent is signed with.
    pub sign: Sign,
}

/// The grants that wait, for the inbox.
pub(crate) fn waiting(all: &[Listed]) -> Markup {
    html! {
        section .card aria-labelledby="grants" {
            header { h2 #grants { "Grants" } span .badge { (all.len()) } }
            div .scroll {
                table .cards role="table" aria-labelledby="grants" {
                    thead role="rowgroup" {
                        tr role="row" {
                            @for name in ["Asked", "Who", "Group", "On", "What for"] {
                                th role="columnheader" scope="col" { (name) }
                            }
                        }
                    }
                    tbody role="rowgroup" { @for one in all { (row(one)) } }
                }
            }
        }
    }
}

fn row(one: &Listed) -> Markup {
    html! {
        tr role="row" {
            td role="cell" data-label="Asked" { (parts::moment(&one.asked)) }
            td role="cell" data-label="Who" {
                div { (parts::who(&one.identity)) @if one.own { " " span .badge { "yours" } } }
            }
            td role="cell" data-label="Group" { (Shown(&one.group)) }
            td role="cell" data-label="On" { (Shown(&one.databases.join(", "))) }
            td role="cell" data-label="What for" {
                a href=(path(one)) { (Shown(&one.purpose)) }
            }
        }
    }
}

fn path(one: &Listed) -> String {
    format!("{PATH}/{}", one.id)
}

/// One grant as a page.
pub fn one(grant: &Grant, viewer: &Viewer) -> String {
    let one = &grant.listed;
    let content = html! {
        p .small { a href=(Place::Approvals.path()) { "Approvals" } }
        div .head {
            h1 { "May they have this for a while?" }
            @if grant.emergency { span .badge.bad { "break-glass" } }
        }
        p {
            strong { (Shown(&one.identity.replace('/', ", by "))) } " asks to be in group "
            strong { (Shown(&one.group)) } " on " strong { (Shown(&one.databases.join(", "))) }
            " for " strong { (remaining(one.seconds)) } "."
        }
        @if let Some((tone, words)) = &grant.said { (notice(*tone, &html! { (Shown(words)) })) }
        div .columns {
            div {
                (about(grant))
                @if grant.decides { (decide(&path(one), &grant.sign, viewer)) } @else {
                    p .soft {
                        @if one.own {
                            "You asked for it, or somebody on your behalf: others must decide."
                        } @else { "There is nothing for you to decide." }
                    }
                }
            }
            div { (voices(&grant.voices)) }
        }
    };
    let title = "A grant";
    Page { title, scripts: &[&PASSKEY], ..Page::of(Place::Approvals, viewer) }.whole(&content)
}

fn about(grant: &Grant) -> Markup {
    let one = &grant.listed;
    html! {
        section .card aria-labelledby="about" {
            header { h2 #about { "About it" } }
            div .body {
                dl .facts {
                    dt { "Who asks" } dd { (parts::who(&one.identity)) }
                    dt { "Group" } dd { (Shown(&one.group)) }
                    dt { "On" } dd { (Shown(&one.databases.join(", "))) }
                    dt { "What for" } dd { (Shown(&one.purpose)) }
                    dt { "For how long" } dd { (one.seconds) " s from its beginning" }
                    @if !grant.needs.is_empty() {
                        dt { "It needs" }
                        dd { @for need in &grant.needs { p { (Shown(need)) } } }
                    }
                    @if !grant.reviewers.is_empty() {
                        dt { "Reviewed by" }
                        dd { @for need in &grant.reviewers { p { (Shown(need)) } } }
                    }
                    dt { "How it stands" } dd { (Shown(&one.state)) }
                    dt { "Asked" } dd { (parts::moment(&one.asked)) }
                    dt { "Consent until" } dd { (parts::moment(&grant.until)) }
                    dt { "Grant" } dd .mono { (Shown(&one.id)) }
                }
            }
        }
    }
}
