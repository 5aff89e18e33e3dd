//! Small pictures of numbers: bars over the last hour. Each says in words what it shows.

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
