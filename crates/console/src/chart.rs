//! Small pictures of numbers: bars over the last hour, or over days. Each says in words what it
//! shows.

use crate::parts::grouped;
use maud::{Markup, html};

/// A figure with its last hour.
#[derive(Clone, Debug)]
pub struct Tile {
    /// What is counted.
    pub what: &'static str,
    /// The figure of now.
    pub value: String,
    /// Of what.
    pub unit: String,
    /// One number a minute, oldest first; empty draws nothing.
    pub series: Vec<u64>,
    /// `accent`, `bad`, `warn`, `mask` or nothing.
    pub tone: &'static str,
}

/// Figures in a row.
pub fn tiles(tiles: &[Tile]) -> Markup {
    html! {
        @for tile in tiles {
            div class=(format!("tile tone-{}", tile.tone)) {
                div .what { (tile.what) }
                div .value { (tile.value) " " span .unit { (tile.unit) } }
                @if !tile.series.is_empty() { (spark(tile.what, &tile.series)) }
            }
        }
    }
}

const BAR: usize = 4;
const HEIGHT: u64 = 36;

/// One bar a minute.
pub fn spark(what: &str, series: &[u64]) -> Markup {
    let most = series.iter().copied().max().unwrap_or(0);
    let width = series.len().max(1) * BAR;
    let sum: u64 = series.iter().sum();
    let words = format!(
        "{what} in the last hour: {} in all, {} in the busiest minute",
        grouped(sum),
        grouped(most)
    );
    let bars = series.iter().enumerate().filter(|(_, value)| **value > 0);
    html! {
        svg .spark viewBox=(format!("0 0 {width} {HEIGHT}")) preserveAspectRatio="none" role="img"
            aria-label=(words) {
            rect .base x="0" y=(HEIGHT - 1) width=(width) height="1" {}
            @for (at, value) in bars {
                @let height = (value.saturating_mul(HEIGHT) / most.max(1)).max(2);
                rect x=(at * BAR) y=(HEIGHT - height) width=(BAR - 1) height=(height) {}
            }
        }
    }
}

/// What happened in a part of a time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bar {
    /// Which part: `2026-06-01`.
    pub when: String,
    /// How much.
    pub all: u64,
    /// How much of it was refused.
    pub refused: u64,
}

/// How high the picture of a longer time is.
const TALL: u64 = 72;

/// Bars side by side, with what was refused in them.
pub fn bars(what: &str, bars: &[Bar]) -> Markup {
    let most = bars.iter().map(|bar| bar.all).max().unwrap_or(0);
    let (all, refused) =
        bars.iter().fold((0, 0), |sum, bar| (sum.0 + bar.all, sum.1 + bar.refused));
    let ends = (bars.first(), bars.last());
    let (first, last) = match ends {
        (Some(first), Some(last)) => (first.when.as_str(), last.when.as_str()),
        _ => ("", ""),
    };
    let words = format!(
        "{what} from {first} to {last}: {} in all, {} refused, {} at most at once",
        grouped(all),
        grouped(refused),
        grouped(most)
    );
    let width = bars.len().max(24) * BAR;
    let high = |count: u64| match count {
        0 => 0,
        count => (count.saturating_mul(TALL) / most.max(1)).max(2),
    };
    html! {
        figure .bars {
            svg viewBox=(format!("0 0 {width} {TALL}")) preserveAspectRatio="none" role="img"
                aria-label=(words) {
                rect .base x="0" y=(TALL - 1) width=(width) height="1" {}
                @for (at, bar) in bars.iter().enumerate().filter(|(_, bar)| bar.all > 0) {
                    g {
                        title {
                            (bar.when) ": " (grouped(bar.all)) ", " (grouped(bar.refused))
                            " refused"
                        }
                        rect x=(at * BAR) y=(TALL - high(bar.all)) width=(BAR - 1)
                            height=(high(bar.all)) {}
                        rect .refused x=(at * BAR) y=(TALL - high(bar.refused)) width=(BAR - 1)
                            height=(high(bar.refused)) {}
                    }
                }
            }
            figcaption .row.small.soft {
                span { (first) }
                span .middle { (what) ", " span .refused { "refused" } " ones marked" }
                span { (last) }
            }
        }
    }
}
