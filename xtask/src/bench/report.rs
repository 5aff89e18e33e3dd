//! Figures, their medians and ratios, as a table for people and as JSON. Knows nothing of how they
//! were measured.

use crate::step::target_folder;
use anyhow::Result;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// More is better.
    PerSecond,
    /// Less is better, as in all others.
    Microseconds,
    Milliseconds,
    Seconds,
    Kibibytes,
    /// Thousands of instructions.
    Thousands,
    /// Millions of instructions.
    Millions,
    /// Instructions.
    Ones,
}

impl Unit {
    const fn as_str(self) -> &'static str {
        match self {
            Self::PerSecond => "1/s",
            Self::Microseconds => "µs",
            Self::Milliseconds => "ms",
            Self::Seconds => "s",
            Self::Kibibytes => "KiB",
            Self::Thousands => "k",
            Self::Millions => "M",
            Self::Ones => "",
        }
    }
}

/// One line of the table.
#[derive(Debug)]
struct Line {
    name: String,
    unit: Unit,
    figures: BTreeMap<&'static str, Vec<f64>>,
}

/// All figures, in the order in which they first came.
#[derive(Debug, Default)]
pub(super) struct Report {
    lines: Vec<Line>,
}

/// Width of the first column.
const NAME_WIDTH: usize = 44;
/// Width of the others.
const WIDTH: usize = 18;

impl Report {
    /// Adds a figure.
    pub(super) fn add(&mut self, name: &str, unit: Unit, place: &'static str, figure: f64) {
        let at = self.lines.iter().position(|line| line.name == name).unwrap_or_else(|| {
            let line = Line { name: name.to_owned(), unit, figures: BTreeMap::new() };
            self.lines.push(line);
            self.lines.len() - 1
        });
        if let Some(line) = self.lines.get_mut(at) {
            line.figures.entry(place).or_default().push(figure);
        }
    }

    /// Medians, with the ratio to the first place that has a figure.
    pub(super) fn table(&self, places: &[&'static str]) -> String {
        let mut table = format!("\n{:<NAME_WIDTH$}", "median (ratio to the first)");
        for place in places {
            let _ = write!(table, "{place:>WIDTH$}");
        }
        table.push('\n');
        for line in &self.lines {
            let _ =
                write!(table, "{:<NAME_WIDTH$}", format!("{}, {}", line.name, line.unit.as_str()));
            let medians: Vec<Option<f64>> = places
                .iter()
                .map(|place| line.figures.get(place).map(|list| median(list)))
                .collect();
            let base = medians.iter().flatten().next().copied();
            for figure in medians {
                let cell = match (figure, base) {
                    (Some(figure), Some(base)) => {
                        format!("{} ({:.2})", short(figure), figure / base)
                    }
                    _ => "-".to_owned(),
                };
                let _ = write!(table, "{cell:>WIDTH$}");
            }
            table.push('\n');
        }
        table
    }

    /// Writes every figure to `bench.json` in the target folder.
    pub(super) fn write(&self) -> Result<PathBuf> {
        let file = target_folder()?.join("bench.json");
        let lines: Vec<Value> = self
            .lines
            .iter()
            .map(|line| {
                let figures: Map<String, Value> = line
                    .figures
                    .iter()
                    .map(|(place, list)| {
                        let value = json!({ "median": median(list), "figures": list });
                        ((*place).to_owned(), value)
                    })
                    .collect();
                json!({ "name": line.name, "unit": line.unit.as_str(), "places": figures })
            })
            .collect();
        fs::write(&file, serde_json::to_string_pretty(&lines)?)?;
        Ok(file)
    }
}

/// The middle of them; NaN of none.
pub(super) fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = sorted.get(middle).copied().unwrap_or(f64::NAN);
    match sorted.len() % 2 {
        0 => (upper + sorted.get(middle.wrapping_sub(1)).copied().unwrap_or(f64::NAN)) / 2.0,
        _ => upper,
    }
}

/// Three digits that matter.
fn short(figure: f64) -> String {
    match figure.abs() {
        size if size >= 100.0 => format!("{figure:.0}"),
        size if size >= 10.0 => format!("{figure:.1}"),
        _ => format!("{figure:.2}"),
    }
}

#[cfg(test)]
mod tests;
