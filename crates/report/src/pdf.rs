//! A report as PDF: plain pages with everything that the JSON has. Says the same as the page for
//! browsers, without its links; knows neither fonts nor files.

mod flow;
mod letters;

use crate::{
    Control, Evidence, Report, Sampled,
    html::{cell, grouped, headline, words},
};
use flow::{Flow, Style, WIDTH};
use letters::Face;

const TITLE: Style = Style { face: Face::Bold, size: 20.0, indent: 0.0, grey: 0.0 };
const CHAPTER: Style = Style { size: 14.0, ..TITLE };
const HEADING: Style = Style { size: 10.5, ..TITLE };
const TEXT: Style = Style { face: Face::Plain, size: 9.5, indent: 0.0, grey: 0.0 };
const SOFT: Style = Style { size: 8.5, grey: 0.35, ..TEXT };
const LOOK: Style = Style { face: Face::Bold, indent: 10.0, ..TEXT };
const CELL: Style = Style { size: 8.0, ..TEXT };
const NAME: Style = Style { face: Face::Bold, ..CELL };
const MONO: Style = Style { face: Face::Mono, size: 7.0, indent: 8.0, grey: 0.1 };
/// Between columns of a table.
const GAP: f32 = 8.0;

pub(crate) fn document(report: &Report) -> Vec<u8> {
    let mut flow = Flow::new();
    cover(&mut flow, report);
    basis(&mut flow, report);
    if !report.controls.is_empty() {
        flow.page();
        flow.text(CHAPTER, "Controls");
        report.controls.iter().for_each(|one| control(&mut flow, report, one));
    }
    flow.page();
    flow.text(CHAPTER, "Figures and their queries");
    let how =
        "Each query can be asked again with weir audit sql, of this ledger or of a copy of it.";
    flow.text(SOFT, how);
    report.evidence.iter().for_each(|one| evidence(&mut flow, one));
    flow.page();
    flow.text(CHAPTER, "Records and their proofs");
    let how = "Some of the records behind the figures, with their exact bytes. Each proof was \
               checked when this report was made, and can be checked by anybody who has the \
               ledger's key: weir audit check-proof record.tlog-proof record.json --key ledger.pub";
    flow.text(SOFT, how);
    report.records.iter().for_each(|one| record(&mut flow, one));
    flow.page();
    flow.text(CHAPTER, "What no record shows");
    for text in &report.limits {
        flow.space(4.0);
        flow.text(TEXT, &prose(text));
    }
    flow.finish(&report.title, &format!("Weir {}", report.made.weir))
}

/// A text of ours without the marks of code.
fn prose(text: &str) -> String {
    text.replace('`', "")
}

fn cover(flow: &mut Flow, report: &Report) {
    flow.text(SOFT, "Weir · report from the record");
    flow.space(6.0);
    flow.text(TITLE, &report.title);
    for text in &report.about {
        flow.space(5.0);
        flow.text(TEXT, &prose(text));
    }
    flow.space(8.0);
    let (period, made) = (&report.period, &report.made);
    let days = format!("{} to {} (UTC, both included)", period.since, period.until);
    fact(flow, "Days", &days);
    fact(flow, "Ledger", report.basis.log());
    fact(flow, "Made", &format!("{} by {}, with Weir {}", made.time, made.by, made.weir));
}

fn fact(flow: &mut Flow, name: &str, value: &str) {
    let cells = [(0.0, 80.0, name.to_owned()), (90.0, WIDTH - 90.0, value.to_owned())];
    flow.row(TEXT, &cells);
}

fn basis(flow: &mut Flow, report: &Report) {
    let basis = &report.basis;
    flow.space(14.0);
    flow.text(CHAPTER, "What this rests on");
    let count = |number: u64| grouped(&number.to_string());
    let indexed = count(basis.indexed);
    let newer = match basis.behind {
        0 => String::new(),
        behind => format!("; {} newer ones are not in them", count(behind)),
    };
    fact(flow, "Figures", &format!("from an index of the first {indexed} records{newer}"));
    let checkpoint = match &basis.root {
        Some(root) => format!("{} records, root {root}", count(basis.records)),
        None => "none: nothing in this report is proven".to_owned(),
    };
    fact(flow, "Checkpoint", &checkpoint);
    fact(flow, "Verified", &verified(report));
    if basis.unreadable > 0 {
        look(flow, &[format!("The ledger is damaged at {} places.", basis.unreadable)]);
    }
    if let Some(found) = basis.verified.as_ref().filter(|found| !found.sound) {
        look(flow, &found.damage);
    }
    if let (Some(first), Some(last)) = (basis.removed.first(), basis.removed.last()) {
        let gone = format!(
            "{} records were removed when their time was over, but for those that later ones \
             refer to, and are in no figure. Their hashes are in the tree.",
            count(last.last + 1 - first.first)
        );
        fact(flow, "Removed", &gone);
    }
    look(flow, &report.missing);
    for (what, text) in [
        ("The checkpoint, a signed note:", &basis.checkpoint),
        ("The key that lies in the ledger; compare it with one kept elsewhere:", &basis.key),
    ] {
        if let Some(text) = text {
            flow.space(6.0);
            flow.text(SOFT, what);
            flow.text(MONO, text.trim_end());
        }
    }
}

fn verified(report: &Report) -> String {
    let Some(found) = &report.basis.verified else {
        return "not for this report: run weir audit verify".to_owned();
    };
    let count = |number: u64| grouped(&number.to_string());
    let sound = match found.sound {
        true => "nothing is damaged, missing or changed",
        false => "THE LEDGER IS NOT SOUND",
    };
    let keys = match found.own_key {
        true => "kept elsewhere",
        false => "those that lie in the ledger itself",
    };
    let mut text = format!(
        "{sound}: {} records, {} of them sealed, {} statements of which nobody knows whether they \
         ran. The keys were {keys}.",
        count(found.records),
        count(found.sealed),
        count(found.unknown as u64)
    );
    if !found.cosigned.is_empty() {
        text.push_str(&format!(" Cosigned by {}.", found.cosigned.join(", ")));
    }
    text
}

fn control(flow: &mut Flow, report: &Report, control: &Control) {
    flow.space(12.0);
    flow.keep(60.0);
    flow.text(HEADING, &format!("{}  {}", control.reference, control.title));
    flow.text(SOFT, control.bearing.word());
    flow.text(TEXT, &prose(control.shows));
    if !control.limits.is_empty() {
        flow.text(SOFT, &format!("Not from here: {}", prose(control.limits)));
    }
    look(flow, &control.attention);
    for id in &control.evidence {
        if let Some(one) = report.evidence.iter().find(|one| one.id == *id) {
            let line = Style { indent: 10.0, ..TEXT };
            flow.text(line, &format!("• {}: {}", one.title, headline(one)));
        }
    }
}

fn evidence(flow: &mut Flow, one: &Evidence) {
    flow.space(12.0);
    flow.keep(70.0);
    flow.text(HEADING, &one.title);
    flow.text(SOFT, &prose(&one.what));
    flow.space(3.0);
    match (&one.failed, one.rows.as_slice()) {
        (Some(why), _) => look(flow, &[format!("There is no answer: {why}.")]),
        (None, []) => flow.text(TEXT, "Nothing."),
        (None, _) => table(flow, one),
    }
    look(flow, &one.attention);
    if one.more {
        flow.text(SOFT, "There are more rows than these: the query gives all.");
    }
    flow.space(3.0);
    flow.text(MONO, &one.query);
    if !one.records.is_empty() {
        let records: Vec<String> = one.records.iter().map(u64::to_string).collect();
        flow.text(SOFT, &format!("Records behind it, the newest: {}", records.join(", ")));
        if let Some(by) = &one.sampled_by {
            flow.text(MONO, by);
        }
    }
}

/// As a table where it is narrow enough; else row by row, each value behind its name.
fn table(flow: &mut Flow, one: &Evidence) {
    let rows: Vec<Vec<String>> =
        one.rows.iter().map(|row| row.iter().map(cell).collect()).collect();
    let names: Vec<String> = one.columns.iter().map(|name| words(name)).collect();
    let wide = |at: usize| {
        let of = |style: Style, text: &String| {
            letters::width(style.face, style.size, &letters::encode(text))
        };
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|text| of(CELL, text));
        // The fraction of a point that adding up may lose would break a word.
        cells.chain(names.get(at).map(|name| of(NAME, name))).fold(0.0, f32::max) + 0.5
    };
    let widths: Vec<f32> = (0..names.len()).map(wide).collect();
    let all = widths.iter().map(|width| width + GAP).sum::<f32>() - GAP;
    if all > WIDTH {
        return stacked(flow, &names, &rows);
    }
    let placed = |texts: &[String]| -> Vec<(f32, f32, String)> {
        let mut x = 0.0;
        let place = texts.iter().zip(&widths).map(|(text, width)| {
            let at = x;
            x += width + GAP;
            (at, *width, text.clone())
        });
        place.collect()
    };
    flow.row(NAME, &placed(&names));
    for row in &rows {
        flow.row(CELL, &placed(row));
    }
}

fn stacked(flow: &mut Flow, names: &[String], rows: &[Vec<String>]) {
    for row in rows {
        flow.keep(24.0);
        let parts = names.iter().zip(row).map(|(name, value)| format!("{name}: {value}"));
        flow.text(CELL, &parts.collect::<Vec<_>>().join(" · "));
        flow.space(3.0);
    }
}

fn record(flow: &mut Flow, record: &Sampled) {
    flow.space(10.0);
    flow.keep(50.0);
    let (number, kind) = (record.sequence, words(&record.kind));
    flow.text(HEADING, &format!("{number}  {kind}  {}", record.time));
    match (&record.leaf, &record.unproven) {
        (Some(leaf), _) => flow.text(SOFT, &format!("Proven. Leaf {leaf}")),
        (None, Some(why)) => look(flow, &[format!("Not proven: {why}.")]),
        (None, None) => look(flow, &["Not proven.".to_owned()]),
    }
    flow.text(MONO, &record.command);
    for text in [&record.entry, &record.proof].into_iter().flatten() {
        flow.space(2.0);
        flow.text(MONO, text.trim_end());
    }
}

fn look(flow: &mut Flow, what: &[String]) {
    if !what.is_empty() {
        flow.space(2.0);
        flow.text(LOOK, &format!("To look at: {}", what.join("; ")));
    }
}
