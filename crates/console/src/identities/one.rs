//! One identity: what it is, what it may sign in with, what it has, what it reached; and the page
//! that asks before somebody is shut out.

use super::{Listed, enabled, link};
use crate::{
    Icon, Shown, ask, icon,
    layout::{Page, Place, Right, Tone, Viewer, csrf, notice, state},
    now::{Session, session_rows},
    parts::{self, grouped},
};
use maud::{Markup, html};

/// Something to sign in with, without its secret.
#[derive(Clone, Debug, Default)]
pub struct Credential {
    /// Its name, which is no secret.
    pub id: String,
    /// `token`, `key`.
    pub kind: &'static str,
    /// Where it comes from.
    pub source: String,
    /// The databases that it is for; all if empty.
    pub databases: Vec<String>,
    /// When it was made.
    pub created: String,
    /// About when it was last used.
    pub used: Option<String>,
    /// From when on it is no longer good.
    pub expires: Option<String>,
    /// It can be used.
    pub live: bool,
}

/// A right for a time.
#[derive(Clone, Debug, Default)]
pub struct Grant {
    /// Its name.
    pub id: String,
    /// The group whose rights it gives.
    pub group: String,
    /// On which databases.
    pub databases: Vec<String>,
    /// How it stands.
    pub state: &'static str,
    /// What for.
    pub purpose: String,
    /// When it ends.
    pub ends: Option<String>,
    /// In an emergency.
    pub emergency: bool,
}

/// A part of a task's budget.
#[derive(Clone, Debug, Default)]
pub struct Budget {
    /// Of what.
    pub what: &'static str,
    /// The limit.
    pub limit: u64,
    /// What is left.
    pub left: u64,
}

/// A task.
#[derive(Clone, Debug, Default)]
pub struct Task {
    /// Its name.
    pub id: String,
    /// How it stands.
    pub state: &'static str,
    /// Both actors.
    pub chain: String,
    /// What for.
    pub purpose: String,
    /// Until when.
    pub until: String,
    /// Its limits.
    pub budgets: Vec<Budget>,
    /// Its agent was shown text that others can write.
    pub tainted: bool,
}

/// A column of which values left to somebody.
#[derive(Clone, Debug, Default)]
pub struct Reached {
    /// The database.
    pub database: String,
    /// The column.
    pub column: String,
    /// The labels that its values bore.
    pub labels: String,
    /// Values as they are.
    pub raw: u64,
    /// Values that were changed.
    pub masked: u64,
    /// On which day last.
    pub last: String,
}

/// What somebody reached, as far as it can be told now.
#[derive(Clone, Debug)]
pub enum Reaching {
    /// The most first.
    Known(Vec<Reached>),
    /// It is too much to be summed up for a page.
    TooMuch,
}

/// One identity.
#[derive(Clone, Debug)]
pub struct One {
    /// What the list has of it.
    pub listed: Listed,
    /// Whom it acts for, and whom these do, to the person.
    pub chain: Vec<String>,
    /// Who acts for it.
    pub agents: Vec<String>,
    /// When it was added.
    pub created: String,
    /// What it signs in with.
    pub credentials: Vec<Credential>,
    /// Its grants.
    pub grants: Vec<Grant>,
    /// Its tasks, and those that are done for it.
    pub tasks: Vec<Task>,
    /// Its open sessions, and those of its agents.
    pub sessions: Vec<Session>,
    /// What left to it.
    pub reached: Reaching,
    /// What was done a moment ago.
    pub done: Option<(Tone, String)>,
}

/// Its page.
pub fn one(one: &One, viewer: &Viewer) -> String {
    let (listed, admin) = (&one.listed, viewer.may(Right::Administer));
    let content = html! {
        p .small { a href=(Place::Identities.path()) { "Identities" } }
        div .head {
            h1 { (Shown(&listed.name)) }
            span .badges {
                span .badge { (listed.kind) } (enabled(listed.enabled))
            }
        }
        @if let Some((tone, words)) = &one.done { (notice(*tone, &html! { (Shown(words)) })) }
        div .columns {
            div { (reached(one)) (sessions(one, viewer)) (tasks(&one.tasks)) }
            div { (about(one)) @if admin { (power(one)) } (credentials(one)) (grants(one)) }
        }
    };
    Page { title: &listed.name, ..Page::of(Place::Identities, viewer) }.whole(&content)
}

fn about(one: &One) -> Markup {
    let listed = &one.listed;
    html! {
        section .card aria-labelledby="about" {
            header { h2 #about { "About it" } }
            div .body {
                dl .facts {
                    dt { "Kind" } dd { (listed.kind) }
                    @if !one.chain.is_empty() {
                        dt { "Acts for" }
                        dd {
                            @for (at, name) in one.chain.iter().enumerate() {
                                @if at > 0 { ", for " }
                                a href=(link(name)) { (Shown(name)) }
                            }
                        }
                    }
                    @if !one.agents.is_empty() {
                        dt { "Its agents" }
                        dd {
                            @for name in &one.agents {
                                div { a href=(link(name)) { (Shown(name)) } }
                            }
                        }
                    }
                    dt { "Groups" }
                    dd {
                        @if listed.groups.is_empty() { span .soft { "none" } }
                        (Shown(&listed.groups.join(", ")))
                    }
                    dt { "Added" } dd { (parts::moment(&one.created)) }
                    dt { "Changed" } dd { (parts::moment(&listed.changed)) }
                }
                p .small {
                    a href=(ask::link(&format!("identity:{}", listed.name))) {
                        "All its statements"
                    }
                }
            }
        }
    }
}

fn power(one: &One) -> Markup {
    let (path, listed) = (link(&one.listed.name), &one.listed);
    html! {
        section .card aria-labelledby="power" {
            header { h2 #power { "Sign-in" } }
            div .body {
                div .row {
                    @if listed.enabled {
                        a #disable .button href=(format!("{path}/disable")) { "Disable…" }
                    } @else {
                        a #enable .button href=(format!("{path}/enable")) { "Enable…" }
                    }
                    @if !one.sessions.is_empty() {
                        a #end .button href=(format!("{path}/end")) { "End its sessions…" }
                    }
                }
                p .soft.small { "You are asked before anything happens." }
            }
        }
    }
}

/// The head of a table.
fn head(names: &[&str], numbers: &[&str]) -> Markup {
    html! {
        thead role="rowgroup" {
            tr role="row" {
                @for name in names { th role="columnheader" scope="col" { (name) } }
                @for name in numbers { th .num role="columnheader" scope="col" { (name) } }
            }
        }
    }
}

fn reached(one: &One) -> Markup {
    html! {
        section .card aria-labelledby="reached" {
            header { h2 #reached { "What it reached" } }
            @match &one.reached {
                Reaching::TooMuch => (state(Icon::Warning, "Too much for a page", &html! {
                    "It reached so much that summing it up takes too long. "
                    a href=(ask::link(&format!("identity:{} since:7d", one.listed.name))) {
                        "Ask the record"
                    }
                    " for less."
                })),
                Reaching::Known(all) if all.is_empty() => {
                    (state(Icon::Empty, "Nothing yet", &html! {
                        "No value of any known column left to it."
                    }))
                },
                Reaching::Known(all) => div .scroll {
                    table .cards role="table" aria-labelledby="reached" {
                        (head(&["Column", "Labels", "Last"], &["As it is", "Masked"]))
                        tbody role="rowgroup" { @for reached in all { (reach(reached)) } }
                    }
                },
            }
        }
    }
}

fn reach(reached: &Reached) -> Markup {
    let labels = reached.labels.split(',').filter(|label| !label.is_empty());
    let (class, picture) = match reached.raw {
        0 => ("mask", Icon::Mask),
        _ => ("bad", Icon::Eye),
    };
    html! {
        tr role="row" {
            td role="cell" data-label="Column" {
                div {
                    span .mono { (Shown(&reached.column)) }
                    span .for { (Shown(&reached.database)) }
                }
            }
            td role="cell" data-label="Labels" {
                span .badges {
                    @for label in labels {
                        span .badge.(class) { (icon(picture)) (Shown(label)) }
                    }
                }
            }
            td .nowrap role="cell" data-label="Last" { (Shown(&reached.last)) }
            td .num role="cell" data-label="As it is" { (grouped(reached.raw)) }
            td .num role="cell" data-label="Masked" { (grouped(reached.masked)) }
        }
    }
}

fn sessions(one: &One, viewer: &Viewer) -> Markup {
    html! {
        section .card aria-labelledby="sessions" {
            header {
                h2 #sessions { "Sessions" } span .badge { (one.sessions.len()) " open" }
            }
            @if one.sessions.is_empty() {
                p .body.soft { "None is open now." }
            } @else {
                div .scroll {
                    table .cards role="table" aria-labelledby="sessions" {
                        thead role="rowgroup" {
                            tr role="row" {
                                @for name in ["Since", "Who", "Database", "Program", "From"] {
                                    th role="columnheader" scope="col" { (name) }
                                }
                                @if viewer.may(Right::Administer) {
                                    th role="columnheader" scope="col" {
                                        span .sr { "End it" }
                                    }
                                }
                            }
                        }
                        tbody role="rowgroup" { (session_rows(&one.sessions, viewer)) }
                    }
                }
            }
        }
    }
}

fn tasks(tasks: &[Task]) -> Markup {
    html! {
        @if !tasks.is_empty() {
            section .card aria-labelledby="tasks" {
                header { h2 #tasks { "Tasks" } }
                div .body {
                    ul .list {
                        @for task in tasks {
                            li {
                                div .row {
                                    strong .mono { (Shown(&task.id)) }
                                    span .badge.(if task.state == "live" { "good" } else { "" }) {
                                        (task.state)
                                    }
                                    @if task.tainted { span .badge.warn { "tainted" } }
                                }
                                p { (Shown(&task.purpose)) }
                                p .soft.small {
                                    (Shown(&task.chain)) ", until " (parts::moment(&task.until))
                                }
                                @for budget in &task.budgets { (meter(budget)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn meter(budget: &Budget) -> Markup {
    let share = u128::from(budget.left) * 100 / u128::from(budget.limit.max(1));
    let level = match share {
        0..=10 => "high",
        11..=40 => "mid",
        _ => "low",
    };
    html! {
        div .risk.(level) {
            svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" {
                rect width="100" height="10" {}
                rect width=(share) height="10" {}
            }
            span .small {
                (grouped(budget.left)) " of " (grouped(budget.limit)) " " (budget.what) " left"
            }
        }
    }
}

fn credentials(one: &One) -> Markup {
    html! {
        section .card aria-labelledby="credentials" {
            header { h2 #credentials { "Credentials" } }
            div .body {
                @if one.credentials.is_empty() {
                    p .soft { "None but its password, or whoever vouches for it." }
                }
                ul .list {
                    @for credential in &one.credentials {
                        li {
                            div .row {
                                strong .mono { (Shown(&credential.id)) }
                                span .badge { (credential.kind) }
                                @if !credential.live { span .badge.bad { "over" } }
                            }
                            p .soft.small {
                                "from " (Shown(&credential.source)) ", made "
                                (parts::moment(&credential.created))
                                @if let Some(used) = &credential.used {
                                    ", used " (parts::moment(used))
                                } @else { ", not used yet" }
                                @if let Some(expires) = &credential.expires {
                                    ", good until " (parts::moment(expires))
                                }
                                @if !credential.databases.is_empty() {
                                    ", for " (Shown(&credential.databases.join(", ")))
                                }
                            }
                        }
                    }
                }
                p .soft.small { "Secrets are kept nowhere: each is shown once, when it is made." }
            }
        }
    }
}

fn grants(one: &One) -> Markup {
    html! {
        section .card aria-labelledby="grants" {
            header { h2 #grants { "Grants" } }
            div .body {
                @if one.grants.is_empty() { p .soft { "None of late." } }
                ul .list {
                    @for grant in &one.grants {
                        li {
                            div .row {
                                strong { (Shown(&grant.group)) }
                                span .badge.(if grant.state == "begun" { "warn" } else { "" }) {
                                    (grant.state)
                                }
                                @if grant.emergency { span .badge.bad { "emergency" } }
                            }
                            p { (Shown(&grant.purpose)) }
                            p .soft.small {
                                (Shown(&grant.databases.join(", ")))
                                @if let Some(ends) = &grant.ends {
                                    ", until " (parts::moment(ends))
                                }
                                ", " span .mono { (Shown(&grant.id)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Asks before something is done: `disable`, `enable` or `end`.
pub fn confirm(name: &str, what: &'static str, sessions: usize, viewer: &Viewer) -> String {
    let (title, words, class) = match what {
        "disable" => (
            "Disable it?",
            "It may no longer sign in, what is open ends at once, and so do its agents.",
            "bad",
        ),
        "enable" => ("Enable it?", "It may sign in again, with what it signed in with before.", ""),
        _ => ("End its sessions?", "What runs in them is cancelled. It may sign in again.", "bad"),
    };
    let content = html! {
        section .card {
            div .body {
                h1 { (title) }
                p { strong { (Shown(name)) } }
                p { (words) }
                @if what != "enable" { p .soft { "Open now: " (sessions) "." } }
                form method="post" action=(format!("{}/{what}", link(name))) {
                    (csrf(viewer))
                    div .row {
                        button #yes .main.(class) type="submit" {
                            @match what {
                                "disable" => "Disable " , "enable" => "Enable ",
                                _ => "End the sessions of ",
                            }
                            (Shown(name))
                        }
                        a .button href=(link(name)) { "Back" }
                    }
                }
            }
        }
    };
    Page { title, ..Page::of(Place::Identities, viewer) }.whole(&content)
}
