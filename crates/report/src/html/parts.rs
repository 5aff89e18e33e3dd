//! The parts of a page. Knows what a report has, and not where it comes from.

use super::{Prose, Shown, cell, grouped, words};
use crate::{Bearing, Control, Evidence, Report, Sampled};
use maud::{Markup, html};
use serde_json::Value;

pub(super) fn cover(report: &Report) -> Markup {
    let (basis, period) = (&report.basis, &report.period);
    html! {
        header {
            p .mark { "Weir · report from the record" }
            h1 { (Shown(&report.title)) }
            @for text in &report.about { p { (Prose(text)) } }
            dl .facts {
                dt { "Days" }
                dd { (period.since) " to " (period.until) " (UTC, both included)" }
                dt { "Ledger" }
                dd { (Shown(basis.log())) }
                dt { "Made" }
                dd { (Shown(&report.made.time)) " by " (Shown(&report.made.by)) }
            }
        }
    }
}

pub(super) fn basis(report: &Report) -> Markup {
    let basis = &report.basis;
    html! {
        section #basis {
            h2 { "What this rests on" }
            dl .facts {
                dt { "Figures" }
                dd {
                    "from an index of the ledger's first " (grouped(&basis.indexed.to_string()))
                    " records"
                    @if basis.behind > 0 {
                        "; " (grouped(&basis.behind.to_string())) " newer ones are not in them"
                    }
                }
                dt { "Checkpoint" }
                dd {
                    @match &basis.root {
                        Some(root) => {
                            (grouped(&basis.records.to_string())) " records, root "
                            code { (root) }
                        }
                        None => "none: nothing in this report is proven",
                    }
                }
                dt { "Verified" }
                dd { (verified(report)) }
            }
            @if basis.unreadable > 0 {
                (look(&[format!("The ledger is damaged at {} places.", basis.unreadable)]))
            }
            @if let Some(verified) = basis.verified.as_ref().filter(|found| !found.sound) {
                (look(&verified.damage))
            }
            (removed(report))
            @if let Some(note) = &basis.checkpoint {
                p .soft {
                    "The checkpoint, a signed note that anybody with the ledger's key can check:"
                }
                pre tabindex="0" { (Shown(note)) }
            }
            @if let Some(key) = &basis.key {
                p .soft {
                    "The key that lies in the ledger. Compare it with the one that was kept \
                     elsewhere:"
                }
                pre tabindex="0" { (Shown(key)) }
            }
        }
    }
}

/// What was removed, and that its hashes are there.
fn removed(report: &Report) -> Markup {
    let all = &report.basis.removed;
    let (Some(first), Some(last)) = (all.first(), all.last()) else { return html! {} };
    let count = grouped(&(last.last + 1 - first.first).to_string());
    html! {
        p {
            "The first " (count) " records were removed when their time was over, but for those \
             that later ones refer to, and are in no figure. Their hashes are in the tree: who \
             has kept such a record can prove it."
        }
        (look(&report.missing))
        @if let Some(record) = last.record {
            p .soft {
                "The newest removal: record "
                a href={ "#r-" (record) } { (record) }
                @if let Some(time) = &last.time { " of " (Shown(time)) }
                @if let Some(rule) = &last.rule { ", by the rule " code { (Shown(rule)) } }
            }
        }
    }
}

fn verified(report: &Report) -> Markup {
    let Some(found) = &report.basis.verified else {
        return html! { "not for this report: run " code { "weir audit verify" } };
    };
    html! {
        @if found.sound {
            "the whole ledger, by " code { "weir audit verify" } ": nothing is damaged, missing or \
             changed. "
        } @else {
            strong { "The ledger is not sound. " }
        }
        (grouped(&found.records.to_string())) " records, "
        (grouped(&found.sealed.to_string())) " of them sealed, "
        (grouped(&found.unknown.to_string())) " statements of which nobody knows whether they ran. "
        @if found.own_key { "The keys were kept elsewhere." }
        @else { "The keys were those that lie in the ledger itself." }
        @if !found.cosigned.is_empty() {
            " Cosigned by " (Shown(&found.cosigned.join(", "))) "."
        }
    }
}

pub(super) fn controls(report: &Report) -> Markup {
    html! {
        section #controls .page {
            h2 { "Controls" }
            div .wide tabindex="0" role="region" aria-label="Controls at a glance" {
                table {
                    caption { "At a glance" }
                    thead {
                        tr {
                            th scope="col" { "Control" }
                            th scope="col" { "About" }
                            th scope="col" { "Evidence" }
                            th scope="col" { "To look at" }
                        }
                    }
                    tbody {
                        @for control in &report.controls {
                            tr {
                                th scope="row" {
                                    a href={ "#" (anchor(control)) } { (control.reference) }
                                }
                                td { (control.title) }
                                td { (badge(control.bearing)) }
                                td { (control.attention.len()) }
                            }
                        }
                    }
                }
            }
            @for control in &report.controls { (one_control(report, control)) }
        }
    }
}

fn one_control(report: &Report, control: &Control) -> Markup {
    html! {
        article id=(anchor(control)) {
            h3 { span .ref { (control.reference) } (control.title) }
            p { (badge(control.bearing)) }
            p { (Prose(control.shows)) }
            @if !control.limits.is_empty() {
                p .soft { strong { "Not from here: " } (Prose(control.limits)) }
            }
            (look(&control.attention))
            @if !control.evidence.is_empty() {
                ul .plain {
                    @for id in &control.evidence {
                        @if let Some(one) = report.evidence.iter().find(|one| one.id == *id) {
                            li {
                                a href={ "#e-" (id) } { (Shown(&one.title)) } ": "
                                (Shown(&headline(one)))
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The figures of a line, in a word or two.
pub(crate) fn headline(evidence: &Evidence) -> String {
    if evidence.failed.is_some() {
        return "no answer in time".to_owned();
    }
    match evidence.rows.as_slice() {
        [] => "nothing".to_owned(),
        [row] if evidence.columns.len() > 1 && all_figures(evidence) => {
            let named = evidence.columns.iter().zip(row).take(3);
            let parts = named.map(|(name, value)| format!("{} {}", cell(value), words(name)));
            parts.collect::<Vec<_>>().join(", ")
        }
        rows => format!("{} rows", rows.len()),
    }
}

pub(super) fn evidence(report: &Report) -> Markup {
    html! {
        section #figures .page {
            h2 { "Figures and their queries" }
            p .soft {
                "Each query can be asked again with " code { "weir audit sql" } ", of this ledger \
                 or of a copy of it; the views are described in Weir's docs/audit.md."
            }
            div #evidence {
                @for one in &report.evidence { (one_evidence(one)) }
            }
        }
    }
}

fn one_evidence(one: &Evidence) -> Markup {
    html! {
        article id={ "e-" (one.id) } {
            h3 { (Shown(&one.title)) }
            p .soft { (Prose(&one.what)) }
            @if let Some(why) = &one.failed {
                (look(&[format!("There is no answer: {why}.")]))
            } @else if one.rows.is_empty() {
                p { "Nothing." }
            } @else if one.rows.len() == 1 && all_figures(one) {
                (figures(one))
            } @else {
                (table(one))
            }
            (look(&one.attention))
            @if one.more {
                p { "There are more rows than these: the query gives all." }
            }
            pre tabindex="0" { (Shown(&one.query)) }
            @if !one.records.is_empty() {
                p {
                    "Records behind it, the newest: "
                    @for (at, record) in one.records.iter().enumerate() {
                        @if at > 0 { ", " }
                        a href={ "#r-" (record) } { (record) }
                    }
                    @if let Some(by) = &one.sampled_by {
                        br;
                        span .soft { "More by " code { (Shown(by)) } }
                    }
                }
            }
        }
    }
}

/// Whether a row is of numbers, most of it, and of short texts.
fn all_figures(one: &Evidence) -> bool {
    let cells = || one.rows.iter().flatten();
    let numbers = cells().filter(|value| value.is_number()).count();
    numbers * 2 > cells().count() && cells().all(|value| cell(value).len() <= 40)
}

fn figures(one: &Evidence) -> Markup {
    html! {
        dl .figures {
            @for (name, value) in one.columns.iter().zip(one.rows.iter().flatten()) {
                div {
                    dt { (Shown(&words(name))) }
                    dd { (Shown(&cell(value))) }
                }
            }
        }
    }
}

fn table(one: &Evidence) -> Markup {
    let class = |value: &Value| value.is_number().then_some("num");
    let first = one.rows.first();
    let class_of = |at: usize| first.and_then(|row| row.get(at)).and_then(class);
    html! {
        div .wide tabindex="0" role="region" aria-label=(Shown(&one.title)) {
            table {
                thead {
                    tr {
                        @for (at, name) in one.columns.iter().enumerate() {
                            th scope="col" class=[class_of(at)] { (Shown(&words(name))) }
                        }
                    }
                }
                tbody {
                    @for row in &one.rows {
                        tr {
                            @for value in row {
                                td class=[class(value)] { (Shown(&cell(value))) }
                            }
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn records(report: &Report) -> Markup {
    html! {
        section #records .page {
            h2 { "Records and their proofs" }
            p .soft {
                "Some of the records behind the figures, with their exact bytes. The proof shows \
                 that the log has them under the checkpoint above; each was checked when this \
                 report was made, and can be checked by anybody who has the ledger's key, with \
                 the record and the proof in two files: "
                code { "weir audit check-proof record.tlog-proof record.json --key ledger.pub" }
            }
            @if report.records.is_empty() { p { "None." } }
            @for record in &report.records { (one_record(record)) }
        }
    }
}

fn one_record(record: &Sampled) -> Markup {
    html! {
        article id={ "r-" (record.sequence) } {
            h3 {
                span .ref { (record.sequence) } (Shown(&words(&record.kind)))
                @if !record.time.is_empty() { " " span .soft { (Shown(&record.time)) } }
            }
            @match (&record.leaf, &record.unproven) {
                (Some(leaf), _) => p .soft { "Proven. Leaf " code { (leaf) } },
                (None, Some(why)) => (look(&[format!("Not proven: {why}.")])),
                (None, None) => (look(&["Not proven.".to_owned()])),
            }
            p .soft { code { (Shown(&record.command)) } }
            @if let Some(entry) = &record.entry {
                pre tabindex="0" { (Shown(entry)) }
            }
            @if let Some(proof) = &record.proof {
                details .screen {
                    summary { "The proof of record " (record.sequence) }
                    pre tabindex="0" { (Shown(proof)) }
                }
            }
        }
    }
}

pub(super) fn limits(report: &Report) -> Markup {
    html! {
        section #limits {
            h2 { "What no record shows" }
            ul .plain {
                @for text in &report.limits { li { (Prose(text)) } }
            }
        }
    }
}

fn look(what: &[String]) -> Markup {
    html! {
        @if !what.is_empty() {
            div .look role="note" {
                strong { "To look at: " }
                @for (at, text) in what.iter().enumerate() {
                    @if at > 0 { "; " }
                    (Shown(text))
                }
            }
        }
    }
}

fn badge(bearing: Bearing) -> Markup {
    let class = match bearing {
        Bearing::Direct => "badge direct",
        Bearing::Partial => "badge partial",
        Bearing::None => "badge none",
    };
    html! { span class=(class) { (bearing.word()) } }
}

/// A control's name within the page.
fn anchor(control: &Control) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    format!("c-{}", control.reference.chars().map(plain).collect::<String>())
}
