//! What happens now: figures of the last hour, statements as they come, sessions that are open.
//! The same rows stand on the first page and come later over the stream of events.

use crate::{
    Icon, Shown,
    assets::LIVE,
    chart::{Tile, tiles},
    icon,
    layout::{Page, Place, Right, Viewer, csrf},
    parts, replay, sql,
};
use maud::{Markup, html};

/// One statement.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// Its id.
    pub id: String,
    /// When it came.
    pub time: String,
    /// Who: a chain, outermost last.
    pub identity: String,
    /// The database.
    pub database: String,
    /// Its text without literals.
    pub text: String,
    /// What was decided.
    pub verdict: String,
    /// `running`, `done`, `refused`, `failed`.
    pub state: &'static str,
    /// The error, or how it ended otherwise.
    pub error: String,
    /// 0 to 100.
    pub risk: Option<u32>,
    /// Rows that left.
    pub rows: Option<u64>,
    /// How long it took: microseconds.
    pub took: Option<u64>,
    /// Labels of which values left as they are.
    pub raw: Vec<String>,
    /// Labels of which values left masked.
    pub masked: Vec<String>,
}

/// One session.
#[derive(Clone, Debug, Default)]
pub struct Session {
    /// Its id.
    pub id: String,
    /// Who.
    pub identity: String,
    /// The database.
    pub database: String,
    /// What the client calls itself.
    pub application: String,
    /// From where.
    pub address: String,
    /// Since when.
    pub since: String,
    /// Encrypted.
    pub tls: bool,
}

/// How many values that bear a label left today.
#[derive(Clone, Debug, Default)]
pub struct ByLabel {
    /// The label.
    pub label: String,
    /// As they were.
    pub raw: u64,
    /// Masked.
    pub masked: u64,
}

/// What is looked for.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Letters in who, database or text.
    pub text: String,
    /// A verdict.
    pub verdict: String,
}

impl Filter {
    /// True if a statement is looked for.
    pub fn fits(&self, row: &Row) -> bool {
        let wanted = self.text.to_lowercase();
        let has = |text: &str| text.to_lowercase().contains(&wanted);
        (self.verdict.is_empty() || self.verdict == row.verdict)
            && (wanted.is_empty() || has(&row.identity) || has(&row.database) || has(&row.text))
    }
}

/// The page.
#[derive(Clone, Debug, Default)]
pub struct Now {
    /// Figures.
    pub tiles: Vec<Tile>,
    /// Statements, newest first.
    pub rows: Vec<Row>,
    /// Sessions, newest first.
    pub sessions: Vec<Session>,
    /// Sessions that are open beside those.
    pub more: usize,
    /// What left today, most first; nothing if that is not known.
    pub labels: Option<Vec<ByLabel>>,
    /// What is looked for.
    pub filter: Filter,
    /// What was just done, in words.
    pub done: Option<String>,
}

/// The whole page.
pub fn page(now: &Now, viewer: &Viewer) -> String {
    let content = html! {
        div .head {
            h1 { "Now" }
            span #live .badge hidden { span .dot {} span #live-word { "live" } }
            button #pause type="button" hidden aria-pressed="false" { "Pause" }
        }
        @if let Some(done) = &now.done {
            (crate::layout::notice(crate::layout::Tone::Good, &html! { (Shown(done)) }))
        }
        section aria-label="The last hour" { div #tiles .tiles { (tiles(&now.tiles)) } }
        (statements(now))
        div .columns { div { (sessions(now, viewer)) } div { (labels(now)) } }
    };
    let page = Page { scripts: &[&LIVE], ..Page::of(Place::Now, viewer) };
    page.whole(&content)
}

fn statements(now: &Now) -> Markup {
    let filter = &now.filter;
    html! {
        section .card aria-labelledby="statements" {
            header { h2 #statements { "Statements" } }
            div .body {
                form #filter .filter method="get" action=(Place::Now.path()) role="search" {
                    div .field.wide {
                        label for="q" { "Who, database or text" }
                        input #q name="q" type="search" value=(filter.text) maxlength="200";
                    }
                    div .field {
                        label for="verdict" { "Verdict" }
                        select #verdict name="verdict" {
                            @for (word, text) in VERDICTS {
                                option value=(word) selected[filter.verdict == *word] { (text) }
                            }
                        }
                    }
                    button type="submit" { "Filter" }
                }
            }
            div .scroll {
                table .cards.compact role="table" aria-labelledby="statements" {
                    (columns(true))
                    tbody #rows role="rowgroup" { @for one in &now.rows { (row(one)) } }
                }
            }
            div #no-rows hidden[!now.rows.is_empty()] { (nothing(filter)) }
        }
    }
}

const VERDICTS: &[(&str, &str)] = &[
    ("", "any"),
    ("allow", "allowed"),
    ("modify", "modified"),
    ("hold", "held"),
    ("deny", "denied"),
];

fn nothing(filter: &Filter) -> Markup {
    let any = filter.text.is_empty() && filter.verdict.is_empty();
    let words = match any {
        true => "Statements appear here as they come. Connect a client to Weir and run one.",
        false => "Nothing of late is what you look for. It appears here when it comes.",
    };
    crate::layout::state(Icon::Empty, "No statements", &html! { (words) })
}

/// The head of a table of statements.
pub(crate) fn columns(risk: bool) -> Markup {
    let all = ["Time (UTC)", "Who", "Database", "Statement", "Verdict", "Risk", "Rows", "Labels"];
    html! {
        thead role="rowgroup" {
            tr role="row" {
                @for name in all.into_iter().filter(|name| risk || *name != "Risk") {
                    th role="columnheader" scope="col" { (name) }
                }
            }
        }
    }
}

/// One statement's row, for the page and for the stream.
pub fn row(row: &Row) -> Markup {
    row_of(row, false)
}

/// The same, with its day and without its risk where rows of the past stand.
pub(crate) fn row_of(row: &Row, day: bool) -> Markup {
    html! {
        tr id=(format!("s-{}", row.id)) role="row" {
            td role="cell" data-label="Time" {
                @if day { (parts::moment(&row.time)) } @else { (parts::clock(&row.time)) }
            }
            td role="cell" data-label="Who" { div { (parts::who(&row.identity)) } }
            td role="cell" data-label="Database" { (Shown(&row.database)) }
            td .main role="cell" data-label="Statement" {
                a .clip href=(format!("/console/statements/{}", row.id)) {
                    @if row.text.is_empty() { "a statement that was not analysed" }
                    @else { (sql::coloured(first(&row.text), &[])) }
                }
            }
            td role="cell" data-label="Verdict" {
                span .badges {
                    @if !row.verdict.is_empty() { (parts::verdict(&row.verdict)) }
                    @if row.state != "done" { (parts::state(row.state)) }
                    @if !row.error.is_empty() { span .badge { (Shown(&row.error)) } }
                }
            }
            @if !day {
                td role="cell" data-label="Risk" {
                    @if let Some(points) = row.risk { (parts::risk(points)) }
                }
            }
            td .num.nowrap role="cell" data-label="Rows" {
                @if let Some(rows) = row.rows {
                    div {
                        (parts::grouped(rows))
                        @if let Some(took) = row.took {
                            " " span .for { (parts::duration(took)) }
                        }
                    }
                }
            }
            td role="cell" data-label="Labels" { (parts::disclosure(&row.raw, &row.masked)) }
        }
    }
}

/// What of a text a row shows: bytes.
const SHOWN: usize = 400;

fn first(text: &str) -> &str {
    let mut end = text.len().min(SHOWN);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or(text)
}

fn sessions(now: &Now, viewer: &Viewer) -> Markup {
    html! {
        section .card aria-labelledby="sessions" {
            header {
                h2 #sessions { "Sessions" }
                span #open .badge { (now.sessions.len() + now.more) " open" }
            }
            div .scroll {
                table .cards role="table" aria-labelledby="sessions" {
                    thead role="rowgroup" {
                        tr role="row" {
                            @for name in ["Since", "Who", "Database", "Program", "From"] {
                                th role="columnheader" scope="col" { (name) }
                            }
                            @if viewer.may(Right::Administer) {
                                th role="columnheader" scope="col" { span .sr { "End it" } }
                            }
                        }
                    }
                    tbody #session-rows role="rowgroup" {
                        (session_rows(&now.sessions, viewer))
                    }
                }
            }
            @if now.sessions.is_empty() {
                div #no-sessions {
                    (crate::layout::state(
                        Icon::Empty, "No open sessions",
                        &html! { "Clients that are connected are listed here." },
                    ))
                }
            }
            @if now.more > 0 { p .body.soft { "and " (now.more) " more" } }
        }
    }
}

/// The rows of sessions.
pub fn session_rows(sessions: &[Session], viewer: &Viewer) -> Markup {
    html! {
        @for session in sessions {
            tr role="row" {
                td role="cell" data-label="Since" {
                    @if viewer.may(Right::Audit) {
                        a href=(replay::link(&session.id)) { (parts::moment(&session.since)) }
                    } @else {
                        (parts::moment(&session.since))
                    }
                }
                td role="cell" data-label="Who" { div { (parts::who(&session.identity)) } }
                td role="cell" data-label="Database" { (Shown(&session.database)) }
                td role="cell" data-label="Program" { (Shown(&session.application)) }
                td role="cell" data-label="From" {
                    span {
                        (Shown(&session.address)) " "
                        @if session.tls { span .badge { (icon(Icon::Lock)) "TLS" } }
                    }
                }
                @if viewer.may(Right::Administer) {
                    td .num role="cell" data-label="" {
                        form method="post" data-ask="End this session? What it runs is cancelled."
                            action=(format!("/console/sessions/{}/end", session.id)) {
                            (csrf(viewer))
                            button .slim.bad type="submit" {
                                "End" span .sr { " the session of " (Shown(&session.identity)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn labels(now: &Now) -> Markup {
    let all = now.labels.as_deref().unwrap_or_default();
    let most = all.iter().map(|one| one.raw.saturating_add(one.masked)).max().unwrap_or(0);
    html! {
        section .card aria-labelledby="labels" {
            header { h2 #labels { "What left today, by label" } }
            @if now.labels.is_none() {
                (crate::layout::state(
                    Icon::Clock, "Not known yet", &html! { "The index of the record is behind." },
                ))
            } @else if all.is_empty() {
                (crate::layout::state(
                    Icon::Mask, "Nothing yet",
                    &html! { "Values of columns that bear a label are counted here." },
                ))
            } @else {
                div .body {
                    ul .list {
                        @for one in all {
                            li {
                                strong { (Shown(&one.label)) }
                                (crate::data::warmth(heat(one), most))
                            }
                        }
                    }
                }
            }
        }
    }
}

fn heat(one: &ByLabel) -> crate::data::Heat {
    crate::data::Heat { raw: one.raw, masked: one.masked, ..Default::default() }
}
