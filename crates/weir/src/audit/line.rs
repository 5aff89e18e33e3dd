//! One line per entry, for people. Knows no file.
//!
//! Names are what clients called themselves and what they asked for, and those that were not let in
//! proved nothing: whatever they chose stays in the line and column where it stands.

use super::join::{Event, Joined, Statement};
use crate::visible::in_line;
use ledger::{Record, Time, record::Started};
use std::fmt::Write;

/// Longest statement text on one line, in characters; `show` prints all of it.
const MAX_TEXT: usize = 160;

/// An entry on one line.
pub(super) fn line(joined: &Joined) -> String {
    in_line(&match joined {
        Joined::Statement(statement) => statement_line(statement),
        Joined::Event(event) => event_line(event),
    })
}

/// A name in its column: one with white space stands in quotes, or it would fill the next columns.
fn name(name: Option<&str>, none: &str) -> String {
    match name {
        Some(name) if name.contains(char::is_whitespace) => {
            format!("\"{}\"", name.replace('"', "\\\""))
        }
        name => name.unwrap_or(none).to_owned(),
    }
}

/// `2026-11-22 03:15:11.000`, in UTC.
pub(super) fn moment(time: Time) -> String {
    let text = time.to_string();
    text.get(..23).unwrap_or(&text).replace('T', " ")
}

fn statement_line(one: &Statement) -> String {
    let who = name(one.identity.as_deref(), "?");
    let database = name(one.database.as_deref(), "?");
    let verdict = if one.kind == "refused" && one.verdict != Some("hold") {
        "deny"
    } else {
        one.verdict.unwrap_or("?")
    };
    let operation = one.operation.unwrap_or("?");
    let mut line =
        format!("{}  {who:<16}  {database:<10}  {verdict:<6}  {operation:<10}  ", moment(one.time));
    // Writing to a String cannot fail.
    let _ = write!(line, "{:>10}  ", result(one));
    if !one.masked.is_empty() {
        let _ = write!(line, "masked {}  ", one.masked.join(","));
    }
    if !one.raw.is_empty() {
        let _ = write!(line, "raw {}  ", one.raw.join(","));
    }
    if let Some(risk) = one.risk.filter(|risk| *risk > 0) {
        let _ = write!(line, "risk {risk}  ");
    }
    if !one.turned_back.is_empty() {
        let _ = write!(line, "turned back {}  ", one.turned_back.join(","));
    }
    if !one.grants.is_empty() {
        let _ = write!(line, "by grant {}  ", one.grants.join(","));
    }
    if let Some(work) = &one.work {
        let task =
            if work.task.is_empty() { String::new() } else { format!("task {}  ", work.task) };
        let _ = write!(line, "{task}{}", if work.tainted { "tainted  " } else { "" });
    }
    if !one.approved_by.is_empty() {
        let _ = write!(line, "approved by {}  ", one.approved_by.join(","));
    }
    line += &clip(one.text.as_deref().unwrap_or("(its text stands in an unread record)"));
    line
}

/// What came of it, in a few characters.
fn result(one: &Statement) -> String {
    match (&one.ended, &one.sqlstate, one.rows, one.affected) {
        (Some(ended), ..) => ended.clone(),
        (None, Some(sqlstate), ..) => format!("error {sqlstate}"),
        (None, None, Some(0), Some(affected)) if affected > 0 => format!("{affected} changed"),
        (None, None, Some(1), _) => "1 row".to_owned(),
        (None, None, Some(rows), _) => format!("{rows} rows"),
        (None, None, None, _) => "-".to_owned(),
    }
}

fn clip(text: &str) -> String {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match flat.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => format!("{}…", flat.get(..end).unwrap_or_default()),
        None => flat,
    }
}

fn started(r: &Started<'_>) -> String {
    let mut text = format!("weir {} started on {}", r.version, r.node);
    if !r.clean {
        text += "; the run before did not end in good order";
    }
    if let Some(damage) = &r.damage {
        let _ = write!(text, "; damage: {damage}");
    }
    text
}

fn event_line(event: &Event) -> String {
    let (time, text) = match &event.record {
        Record::Started(r) => (r.time, started(r)),
        Record::Stopped(r) => (r.time, format!("weir stopped: {}", r.reason)),
        Record::SessionOpened(r) => {
            let from = r.address.map_or("a local socket".to_owned(), |ip| ip.to_string());
            let tls = r.tls.as_deref().unwrap_or("no TLS");
            (r.time, format!("session {} from {from}, {}, {tls}", r.session, r.method))
        }
        Record::SessionRefused(r) => {
            let from = r.address.map_or("a local socket".to_owned(), |ip| ip.to_string());
            (r.time, format!("not let in from {from}: {}", r.reason))
        }
        Record::SessionClosed(r) => {
            let text = format!(
                "session {} ended: {}; {} statements, {} rows",
                r.session, r.reason, r.statements, r.rows
            );
            (r.time, text)
        }
        Record::PolicyChanged(r) => {
            let text = match &r.refused {
                Some(why) => format!("policies refused ({}): {why}", r.by),
                None => format!("policies {:016x} in force ({}) {}", r.version, r.by, r.what),
            };
            (r.time, text)
        }
        Record::CatalogChanged(r) => {
            let what = r.what.join(", ");
            (r.time, format!("catalog {} read ({}) {what}", r.version, r.cause))
        }
        Record::LabelChanged(r) => {
            let word = |label: &Option<model::Label>| {
                label.as_ref().map_or("none".to_owned(), ToString::to_string)
            };
            let (before, after) = (word(&r.before), word(&r.after));
            (r.time, format!("label of {}: {before} -> {after}, by {}", r.column, r.by))
        }
        Record::IdentityChanged(r) => (r.time, format!("{}, by {}", r.what, r.by)),
        Record::HoldChanged(r) => {
            let why = if r.reason.is_empty() { String::new() } else { format!(": {}", r.reason) };
            let via = if r.via.is_empty() { String::new() } else { format!(" ({})", r.via) };
            (r.time, format!("hold {} {} by {}{via}{why}", r.hold, r.what, r.by))
        }
        Record::Pruned(r) => {
            let last = r.before.saturating_sub(1);
            (r.time, format!("records {} to {last} removed by {}: {}", r.from, r.by, r.rule))
        }
        Record::GrantChanged(r) => {
            let why = if r.reason.is_empty() { String::new() } else { format!(": {}", r.reason) };
            let how = if r.emergency { "break-glass grant" } else { "grant" };
            (r.time, format!("{how} {} of group {} {} by {}{why}", r.grant, r.group, r.what, r.by))
        }
        Record::TaskChanged(r) => {
            let why = if r.reason.is_empty() { String::new() } else { format!(": {}", r.reason) };
            let task =
                if r.task.is_empty() { "no task".into() } else { format!("task {}", r.task) };
            (r.time, format!("{task} of {}: {} by {}{why}", r.identity, r.what, r.by))
        }
        Record::Administered(r) => (r.time, format!("{}, by {}", r.what, r.by)),
        // A withdrawn record has no time of its own: it stands where the lost one stood.
        Record::Withdrawn(r) => {
            return format!("{:<23}  not written, and nothing ran: {}", "", r.reason);
        }
        other => (Time::from_micros(0), other.type_word().to_owned()),
    };
    let who = name(event.identity.as_deref(), "-");
    let database = name(event.database.as_deref(), "-");
    format!("{}  {who:<16}  {database:<10}  {}", moment(time), text.trim_end())
}
