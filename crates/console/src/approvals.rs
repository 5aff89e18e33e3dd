//! What waits for somebody's decision: the inbox, and one request with all that it takes to decide.

pub mod preview;

use crate::{
    Icon, Shown,
    assets::{PASSKEY, TRY},
    grants,
    layout::{Page, Place, Tone, Viewer, csrf, notice, state},
    parts, passkeys, sql,
};
use maud::{Markup, html};
use preview::Preview;

/// One request, as the inbox lists it.
#[derive(Clone, Debug, Default)]
pub struct Listed {
    /// Its name.
    pub id: String,
    /// Who asks: a chain, outermost last.
    pub identity: String,
    /// The database.
    pub database: String,
    /// `open`, `approved`, …
    pub state: &'static str,
    /// When it was asked.
    pub asked: String,
    /// Seconds that are left, if it can still be decided.
    pub left: Option<u64>,
    /// Why it waits.
    pub reasons: Vec<String>,
    /// Whoever looks is whoever asked, or somebody on whose behalf it was asked.
    pub own: bool,
}

/// Somebody's word.
#[derive(Clone, Debug, Default)]
pub struct Voice {
    /// Who.
    pub person: String,
    /// When.
    pub at: String,
    /// Yes or no.
    pub consents: bool,
    /// Why.
    pub reason: String,
    /// By which way.
    pub via: String,
}

/// The inbox.
#[derive(Clone, Debug, Default)]
pub struct Inbox {
    /// What can be decided, soonest over first.
    pub open: Vec<Listed>,
    /// What is over, newest first.
    pub past: Vec<Listed>,
    /// Grants that wait for consent.
    pub grants: Vec<grants::Listed>,
}

/// One request.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// What the inbox has of it.
    pub listed: Listed,
    /// The statement with its values; empty once nobody has to see it any more.
    pub statement: String,
    /// Its bind values.
    pub values: Vec<String>,
    /// Labelled columns that it touches.
    pub marks: Vec<sql::Marked>,
    /// Until when.
    pub until: String,
    /// Whose consent it needs, one sentence each.
    pub needs: Vec<String>,
    /// What was said.
    pub voices: Vec<Voice>,
    /// How risky it is, and why.
    pub risk: Vec<(String, u32)>,
    /// It can be tried and undone, to see what it would do.
    pub tries: bool,
    /// What it would do, if it was tried.
    pub preview: Option<Preview>,
    /// What came of the last word, if there was one.
    pub said: Option<(Tone, String)>,
    /// Whoever looks may say something now.
    pub decides: bool,
    /// What else they may do: stop what nothing ran by yet.
    pub stops: Option<Stop>,
    /// What their consent is signed with.
    pub sign: Sign,
}

/// How somebody stops what nothing ran by yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// They decide, and it was approved, or they consented.
    Deny,
    /// They asked for it.
    Withdraw,
}

/// What a consent is signed with.
#[derive(Clone, Debug, Default)]
pub struct Sign {
    /// What is signed: base64url.
    pub challenge: String,
    /// The keys that can: base64url. Without any it cannot be signed.
    pub keys: Vec<String>,
    /// It counts only if it is.
    pub must: bool,
}

/// The inbox as a page.
pub fn inbox(inbox: &Inbox, viewer: &Viewer) -> String {
    let content = html! {
        div .head { h1 { "Approvals" } }
        section .card aria-labelledby="open" {
            header { h2 #open { "Waiting" } span .badge { (inbox.open.len()) } }
            @if inbox.open.is_empty() {
                (state(Icon::Check, "Nothing waits for you", &html! {
                    "Statements that need the consent of one of your groups are listed here."
                }))
            } @else { (listed(&inbox.open, "open")) }
        }
        @if !inbox.grants.is_empty() { (grants::waiting(&inbox.grants)) }
        section .card aria-labelledby="past" {
            header { h2 #past { "Decided or over" } }
            @if inbox.past.is_empty() {
                (state(Icon::Empty, "Nothing yet", &html! { "What is over is kept for a while." }))
            } @else { (listed(&inbox.past, "past")) }
        }
    };
    Page::of(Place::Approvals, viewer).whole(&content)
}

fn listed(all: &[Listed], name: &str) -> Markup {
    html! {
        div .scroll {
            table .cards role="table" aria-labelledby=(name) {
                thead role="rowgroup" {
                    tr role="row" {
                        @for name in ["Asked", "Who", "Database", "Why it waits", "State"] {
                            th role="columnheader" scope="col" { (name) }
                        }
                    }
                }
                tbody role="rowgroup" {
                    @for one in all {
                        tr role="row" {
                            td role="cell" data-label="Asked" { (parts::moment(&one.asked)) }
                            td role="cell" data-label="Who" { div { (parts::who(&one.identity)) } }
                            td role="cell" data-label="Database" { (Shown(&one.database)) }
                            td role="cell" data-label="Why it waits" {
                                a href=(path(one)) {
                                    @if one.reasons.is_empty() { "a statement" }
                                    (Shown(&one.reasons.join("; ")))
                                }
                            }
                            td role="cell" data-label="State" { span .badges { (stands(one)) } }
                        }
                    }
                }
            }
        }
    }
}

fn path(one: &Listed) -> String {
    format!("{}/{}", Place::Approvals.path(), one.id)
}

fn stands(one: &Listed) -> Markup {
    let (class, word) = match one.state {
        "open" => ("warn", "waiting"),
        "approved" => ("good", "approved"),
        "used" => ("good", "approved and run"),
        "denied" => ("bad", "denied"),
        other => ("", other),
    };
    html! {
        span .badge.(class) { (word) }
        @if let Some(left) = one.left { span .badge { (remaining(left)) " left" } }
        @if one.own { span .badge { "yours" } }
    }
}

/// Seconds in words.
pub(crate) fn remaining(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3_600),
    }
}

/// One request as a page.
pub fn request(request: &Request, viewer: &Viewer) -> String {
    let one = &request.listed;
    let content = html! {
        p .small { a href=(Place::Approvals.path()) { "Approvals" } }
        div .head {
            h1 { "May this run?" }
            span .badges { (stands(one)) }
        }
        p {
            strong { (Shown(&one.identity.replace('/', ", by "))) } " asks, on "
            strong { (Shown(&one.database)) } ". "
            @if let Some(need) = request.needs.first() { "It needs " (Shown(need)) "." }
        }
        @if let Some((tone, words)) = &request.said {
            (notice(*tone, &html! { (Shown(words)) }))
        }
        div .columns {
            div {
                (statement(request))
                @if request.tries { (preview::part(request, viewer)) }
                @if request.decides {
                    (decide(&path(&request.listed), &request.sign, viewer))
                } @else {
                    (silent(request))
                    @if let Some(stop) = request.stops { (stops(request, stop, viewer)) }
                }
            }
            div { (facts(request)) (voices(&request.voices)) }
        }
    };
    let title = "A request for approval";
    Page { title, scripts: &[&TRY, &PASSKEY], ..Page::of(Place::Approvals, viewer) }.whole(&content)
}

fn statement(request: &Request) -> Markup {
    html! {
        section .card aria-labelledby="statement" {
            header { h2 #statement { "The statement" } }
            div .body {
                @if request.statement.is_empty() {
                    p .soft {
                        "Its text is not kept any more: nobody has to decide about it. The record \
                         has what it was, without values."
                    }
                } @else { (sql::block(&request.statement, &request.marks)) }
                @if !request.values.is_empty() {
                    div {
                        h3 { "Values" }
                        dl .facts {
                            @for (at, value) in request.values.iter().enumerate() {
                                dt .mono { "$" (at + 1) } dd .mono { (Shown(value)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn facts(request: &Request) -> Markup {
    let one = &request.listed;
    html! {
        section .card aria-labelledby="about" {
            header { h2 #about { "About it" } }
            div .body {
                dl .facts {
                    dt { "Who asks" } dd { (parts::who(&one.identity)) }
                    dt { "Database" } dd { (Shown(&one.database)) }
                    dt { "Why it waits" }
                    dd { @for reason in &one.reasons { p { (Shown(reason)) } } }
                    dt { "It needs" }
                    dd { @for need in &request.needs { p { (Shown(need)) } } }
                    dt { "Asked" } dd { (parts::moment(&one.asked)) }
                    dt { "Until" } dd { (parts::moment(&request.until)) }
                    @if !request.risk.is_empty() {
                        dt { "Risk" }
                        dd {
                            (parts::risk(request.risk.iter().map(|(_, points)| *points).sum()))
                            ul .small.soft {
                                @for (part, points) in &request.risk {
                                    li { (Shown(part)) " " (points) }
                                }
                            }
                        }
                    }
                    dt { "Request" } dd .mono { (Shown(&one.id)) }
                }
            }
        }
    }
}

pub(crate) fn voices(voices: &[Voice]) -> Markup {
    html! {
        @if !voices.is_empty() {
            section .card aria-labelledby="voices" {
                header { h2 #voices { "What was said" } }
                div .body {
                    ul .list {
                        @for voice in voices {
                            li {
                                div .row {
                                    strong { (Shown(&voice.person)) }
                                    span .badge.(if voice.consents { "good" } else { "bad" }) {
                                        (if voice.consents { "yes" } else { "no" })
                                    }
                                }
                                @if !voice.reason.is_empty() { p { (Shown(&voice.reason)) } }
                                p .soft.small {
                                    (parts::moment(&voice.at)) ", by " (Shown(&voice.via))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Yes or no to what is at a path, which may be signed.
pub(crate) fn decide(path: &str, sign: &Sign, viewer: &Viewer) -> Markup {
    html! {
        section .card.decide aria-labelledby="decide" {
            form method="post" action=(path) data-word="approve"
                data-challenge=(sign.challenge) data-keys=(sign.keys.join(" ")) {
                header { h2 #decide .sr { "Your decision" } }
                div .body {
                    (csrf(viewer))
                    div .field {
                        label for="reason" { "Why (others read it, and it is in the record)" }
                        input #reason name="reason" maxlength="500" autocomplete="off";
                    }
                    div .row {
                        button .main type="submit" name="word" value="approve" { "Approve" }
                        button .bad type="submit" name="word" value="deny" { "Deny" }
                    }
                    (signing(sign))
                }
            }
        }
    }
}

fn stops(request: &Request, stop: Stop, viewer: &Viewer) -> Markup {
    let (value, word) = match stop {
        Stop::Deny => ("deny", "Deny after all"),
        Stop::Withdraw => ("withdraw", "Withdraw"),
    };
    html! {
        form method="post" action=(path(&request.listed)) {
            (csrf(viewer))
            button .bad type="submit" name="word" value=(value) { (word) }
        }
    }
}

/// How it is signed, and where what goes wrong with that is said.
fn signing(sign: &Sign) -> Markup {
    html! {
        @if !sign.keys.is_empty() {
            p .soft.small { "Approving asks for your passkey, which signs it; denying does not." }
        } @else if sign.must {
            p .soft.small {
                "Approving takes a signature of a passkey, and you have none: "
                a href="/console/passkeys" { "add one" } "."
            }
        }
        (passkeys::trouble())
    }
}

fn silent(request: &Request) -> Markup {
    let words = match (request.listed.state, request.listed.own) {
        ("open", true) => "You asked for it, or somebody on your behalf: others must decide.",
        ("open", false) => "You have said what you have to say, or are not asked.",
        _ => "There is nothing to decide any more.",
    };
    html! { p .soft { (words) } }
}
