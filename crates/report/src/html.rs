//! A report as one HTML page: no script, nothing fetched, readable without a mouse, printable.
//!
//! Names that clients and databases chose stand in it: every text goes through [`Shown`], and
//! `maud` escapes whatever is put into the page.

mod parts;

pub(crate) use parts::headline;

use crate::Report;
use maud::{DOCTYPE, Markup, PreEscaped, Render, html};
use serde_json::Value;

const STYLE: &str = include_str!("html/style.css");
/// Nothing is loaded and nothing runs, whatever a page says.
const GUARD: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// A text from elsewhere: escaped, and with whatever would not show, or would turn the text
/// around, as its number.
pub(crate) struct Shown<'a>(pub(crate) &'a str);

impl Render for Shown<'_> {
    fn render_to(&self, out: &mut String) {
        let hidden = |c: char| {
            let turns = matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{2069}' | '\u{061c}' | '\u{feff}');
            turns || c.is_control() && c != '\n'
        };
        let clean = |c: char| match hidden(c) {
            true => format!("\\u{{{:x}}}", u32::from(c)),
            false => c.to_string(),
        };
        let text: String = self.0.chars().map(clean).collect();
        text.as_str().render_to(out);
    }
}

/// A text of ours, in which names may stand: what stands between backticks is code.
pub(crate) struct Prose<'a>(pub(crate) &'a str);

impl Render for Prose<'_> {
    fn render(&self) -> Markup {
        html! {
            @for (at, part) in self.0.split('`').enumerate() {
                @if at % 2 == 0 { (Shown(part)) } @else { code { (Shown(part)) } }
            }
        }
    }
}

pub(crate) fn page(report: &Report) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(GUARD);
                meta name="referrer" content="no-referrer";
                title { (Shown(&report.title)) " · Weir" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a .skip href="#main" { "Skip to the report" }
                (parts::cover(report))
                (contents(report))
                main #main {
                    (parts::basis(report))
                    @if !report.controls.is_empty() { (parts::controls(report)) }
                    (parts::evidence(report))
                    (parts::records(report))
                    (parts::limits(report))
                }
                footer .soft {
                    p {
                        "Made by Weir " (Shown(&report.made.weir)) " at "
                        (Shown(&report.made.time)) "."
                    }
                }
            }
        }
    };
    page.into_string()
}

fn contents(report: &Report) -> Markup {
    html! {
        nav aria-label="Contents" {
            h2 { "Contents" }
            ol {
                li { a href="#basis" { "What this rests on" } }
                @if !report.controls.is_empty() {
                    li { a href="#controls" { "Controls" } }
                }
                li { a href="#figures" { "Figures and their queries" } }
                li { a href="#records" { "Records and their proofs" } }
                li { a href="#limits" { "What no record shows" } }
            }
        }
    }
}

/// A figure's name in words.
pub(crate) fn words(name: &str) -> String {
    name.replace('_', " ")
}

/// A cell in words, with digits in groups.
pub(crate) fn cell(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::Number(number) => grouped(&number.to_string()),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// `1234567` as `1,234,567`.
pub(crate) fn grouped(digits: &str) -> String {
    let (sign, whole) = match digits.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", digits),
    };
    if !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return digits.to_owned();
    }
    let mut text = String::from(sign);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
