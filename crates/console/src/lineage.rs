//! From which columns the outputs of a statement come, as a picture; and the same as a list for
//! whoever does not see it.

use crate::Shown;
use maud::{Markup, html};
use std::collections::BTreeMap;

/// One output column.
#[derive(Clone, Debug, Default)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// The columns that it comes from, with their labels.
    pub sources: Vec<(String, Option<String>)>,
    /// `raw`, `masked`, `scanned`: how it may leave.
    pub shows: &'static str,
    /// What that means, in words: the labels, the method.
    pub words: String,
}

const BOX: usize = 34;
const STEP: usize = 46;
const WIDTH: usize = 270;
const RIGHT: usize = 450;
const WHOLE: usize = RIGHT + WIDTH + 2;
/// How many columns are drawn; of more, the list has all.
const DRAWN: usize = 40;
/// How many letters of a name fit into a box.
const LETTERS: usize = 34;

/// The picture.
pub fn picture(outputs: &[Output]) -> Markup {
    let drawn = outputs.get(..DRAWN).unwrap_or(outputs);
    let mut sources: BTreeMap<&str, (usize, Option<&str>)> = BTreeMap::new();
    for (name, label) in drawn.iter().flat_map(|output| &output.sources) {
        let place = sources.len();
        if place < DRAWN {
            sources.entry(name).or_insert((place, label.as_deref()));
        }
    }
    let rows = sources.len().max(drawn.len()).max(1);
    let height = rows * STEP;
    html! {
        div .scroll tabindex="0" role="region" aria-label="From columns to outputs" {
            svg .lineage viewBox=(format!("0 0 {WHOLE} {height}")) width=(WHOLE) height=(height)
                aria-hidden="true" {
                @for (at, output) in drawn.iter().enumerate() {
                    @for (name, _) in &output.sources {
                        @if let Some((from, _)) = sources.get(name.as_str()) {
                            path .(output.shows) d=(curve(*from, at)) {}
                        }
                    }
                }
                @for (name, (at, label)) in &sources {
                    (node(1, *at, name, label.unwrap_or_default(), label.is_some()))
                }
                @for (at, output) in drawn.iter().enumerate() {
                    (node(RIGHT, at, &output.name, &output.words, output.shows != "plain"))
                }
            }
        }
        ul .sr {
            @for output in outputs {
                li {
                    (Shown(&output.name)) ": " (Shown(&output.words)) "; from "
                    @for (name, _) in &output.sources { (Shown(name)) " " }
                    @if output.sources.is_empty() { "no column" }
                }
            }
        }
        @if outputs.len() > DRAWN {
            p .soft.small { "The first " (DRAWN) " of " (outputs.len()) " outputs are drawn." }
        }
    }
}

fn node(x: usize, at: usize, name: &str, words: &str, labelled: bool) -> Markup {
    let y = at * STEP + (STEP - BOX) / 2;
    html! {
        g class=(if labelled { "labelled" } else { "" }) {
            rect x=(x) y=(y) width=(WIDTH) height=(BOX) rx="6" {}
            text x=(x + 10) y=(y + if words.is_empty() { 21 } else { 15 }) { (Shown(&cut(name))) }
            @if !words.is_empty() {
                text .sub x=(x + 10) y=(y + 28) { (Shown(&cut(words))) }
            }
        }
    }
}

fn curve(from: usize, to: usize) -> String {
    let y = |at: usize| at * STEP + STEP / 2;
    let (start, end) = (WIDTH + 1, RIGHT);
    let middle = (start + end) / 2;
    let (from, to) = (y(from), y(to));
    format!("M{start} {from}C{middle} {from} {middle} {to} {end} {to}")
}

/// The end of a name says more than its beginning.
fn cut(name: &str) -> String {
    let letters = name.chars().count();
    match letters > LETTERS {
        true => {
            let end: String = name.chars().skip(letters - LETTERS + 1).collect();
            format!("…{end}")
        }
        false => name.to_owned(),
    }
}
