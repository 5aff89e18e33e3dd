//! What a table is fed by and what it feeds, as a picture: tables, jobs, models and people to the
//! left and to the right of it, each a link that says in words what it is.

use crate::Shown;
use maud::{Markup, html};

/// What stands beside the table.
#[derive(Clone, Debug, Default)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// What it is: `table`, `service`, `agent`, `person`.
    pub kind: &'static str,
    /// How often, in words.
    pub words: String,
    /// Where it is.
    pub link: String,
}

const WIDTH: usize = 250;
const BOX: usize = 38;
const STEP: usize = 50;
const MIDDLE: usize = 330;
const RIGHT: usize = 660;
const WHOLE: usize = RIGHT + WIDTH + 2;
/// How many are drawn on a side; of more, the list has all.
const DRAWN: usize = 14;
const LETTERS: usize = 31;

/// The picture.
pub fn picture(name: &str, before: &[Node], behind: &[Node]) -> Markup {
    let rows = before.len().max(behind.len()).clamp(1, DRAWN);
    let (height, own) = (rows * STEP, (rows - 1) * STEP / 2);
    let y = |at: usize| at * STEP + STEP / 2;
    let middle = own + STEP / 2;
    html! {
        div .scroll tabindex="0" role="region" aria-label="The picture" {
            svg .lineage viewBox=(format!("0 0 {WHOLE} {height}")) width=(WHOLE) height=(height)
                role="group" aria-label=(format!("{} feed it, it feeds {}", before.len(),
                    behind.len())) {
                @for at in 0..before.len().min(DRAWN) {
                    path .in d=(curve(WIDTH + 1, y(at), MIDDLE, middle)) {}
                }
                @for at in 0..behind.len().min(DRAWN) {
                    path .out d=(curve(MIDDLE + WIDTH, middle, RIGHT, y(at))) {}
                }
                @for (at, node) in before.iter().take(DRAWN).enumerate() {
                    (drawn(1, at * STEP, node))
                }
                g .labelled { (text(MIDDLE, own, name, "this table")) }
                @for (at, node) in behind.iter().take(DRAWN).enumerate() {
                    (drawn(RIGHT, at * STEP, node))
                }
            }
        }
        @if before.len() > DRAWN || behind.len() > DRAWN {
            p .soft.small { "Of each side the first " (DRAWN) " are drawn." }
        }
    }
}

fn drawn(x: usize, top: usize, node: &Node) -> Markup {
    let words = format!("{} · {}", node.kind, node.words);
    html! {
        a href=(node.link) {
            g class=(node.kind) { (text(x, top, &node.name, &words)) }
        }
    }
}

fn text(x: usize, top: usize, name: &str, words: &str) -> Markup {
    let y = top + (STEP - BOX) / 2;
    html! {
        rect x=(x) y=(y) width=(WIDTH) height=(BOX) rx="6" {}
        text x=(x + 10) y=(y + 16) { (Shown(&cut(name))) }
        text .sub x=(x + 10) y=(y + 31) { (Shown(&cut(words))) }
    }
}

fn curve(x: usize, y: usize, to_x: usize, to_y: usize) -> String {
    let between = (x + to_x) / 2;
    format!("M{x} {y}C{between} {y} {between} {to_y} {to_x} {to_y}")
}

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
