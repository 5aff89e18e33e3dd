//! Counts, and the tables made of them. Knows no data.

use super::score::{Tool, at};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Where values stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// Columns with telling names.
    Telling,
    /// Columns whose names say nothing, each by itself.
    Opaque,
    /// Such columns beside each other.
    Beside,
    /// Free text.
    Text,
    /// Free text of templates and locales that were held back.
    HeldText,
    /// Free text without anything sensitive in it.
    Harmless,
    /// JSON documents.
    Document,
}

impl Place {
    const ALL: [Self; 7] = [
        Self::Telling,
        Self::Opaque,
        Self::Beside,
        Self::Text,
        Self::HeldText,
        Self::Harmless,
        Self::Document,
    ];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Telling => "columns with telling names",
            Self::Opaque => "columns whose names say nothing, each alone",
            Self::Beside => "columns whose names say nothing, in tables",
            Self::Text => "free text",
            Self::HeldText => "free text of templates and locales held back",
            Self::Harmless => "harmless text",
            Self::Document => "JSON documents",
        }
    }
}

/// Of one label, kind or decoy in one place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    /// Sensitive values, those hidden, and those of them under their own label.
    truth: u64,
    hidden: u64,
    right: u64,
    /// What was found, and what of it is right.
    found: u64,
    correct: u64,
    /// Values without anything sensitive, and those of them in which something was found.
    harmless: u64,
    harmed: u64,
}

/// What a row of a table is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Row {
    All,
    Label(String),
    Kind(String),
}

/// All counts of a run.
pub(super) struct Report {
    seed: u64,
    rows: u32,
    tallies: BTreeMap<(Place, Row, Tool), Tally>,
    speed: Vec<(String, f64)>,
}

impl Report {
    pub(super) fn new(seed: u64, rows: u32) -> Self {
        Self { seed, rows, tallies: BTreeMap::new(), speed: Vec::new() }
    }

    fn add(&mut self, tool: Tool, place: Place, row: Row, change: impl Fn(&mut Tally)) {
        change(self.tallies.entry((place, row, tool)).or_default());
        change(self.tallies.entry((place, Row::All, tool)).or_default());
    }

    /// A sensitive value, and what became of it.
    pub(super) fn truth(
        &mut self,
        tool: Tool,
        place: Place,
        label: &str,
        kind: &str,
        hidden: bool,
        right: bool,
    ) {
        let change = |tally: &mut Tally| {
            tally.truth += 1;
            tally.hidden += u64::from(hidden);
            tally.right += u64::from(right);
        };
        self.add(tool, place, Row::Label(label.to_owned()), change);
        let kind = (place, Row::Kind(kind.to_owned()), tool);
        change(self.tallies.entry(kind).or_default());
    }

    /// Something found, right or not.
    pub(super) fn found(&mut self, tool: Tool, place: Place, label: &str, correct: bool) {
        self.add(tool, place, Row::Label(label.to_owned()), |tally| {
            tally.found += 1;
            tally.correct += u64::from(correct);
        });
    }

    /// A value without anything sensitive.
    pub(super) fn harmless(&mut self, tool: Tool, place: Place, kind: &str, harmed: bool) {
        self.add(tool, place, Row::Kind(kind.to_owned()), |tally| {
            tally.harmless += 1;
            tally.harmed += u64::from(harmed);
        });
    }

    /// Reads the speeds that were measured beside the data.
    pub(super) fn speed(&mut self, folder: &Path) -> Result<()> {
        let read = |name: &str| -> Result<Option<Value>> {
            let path = folder.join(name);
            match fs::read_to_string(&path) {
                Ok(text) => Ok(Some(serde_json::from_str(&text)?)),
                Err(_) => Ok(None),
            }
        };
        let own = read("speed.weir.json")?.context("no speed was measured")?;
        for (name, rate) in own.as_object().context("speeds by name")? {
            self.speed.push((name.clone(), rate.as_f64().unwrap_or_default()));
        }
        if let Some(other) = read("speed.presidio.json")? {
            let number = |key: &str| at(&other, key).as_f64().unwrap_or_default();
            let rate = number("bytes") / number("seconds").max(1e-9) / 1e6;
            self.speed.push(("Presidio, the texts of this run".to_owned(), rate));
        }
        Ok(())
    }

    /// The line that says what run this is.
    pub(super) fn run(&self) -> String {
        format!("Seed {}, {} values a column.", self.seed, self.rows)
    }

    /// The tables that are published, in Markdown, each with its heading.
    pub(super) fn tables(&self) -> Vec<(String, String)> {
        let mut tables: Vec<(String, String)> = Place::ALL
            .into_iter()
            .filter_map(|place| Some((heading(place.as_str()), self.labels(place)?)))
            .collect();
        tables.push((heading("harmless values masked"), self.harm()));
        tables.push((heading("speed"), self.speeds()));
        tables
    }

    fn speeds(&self) -> String {
        let mut out = "| what | MB/s |\n|---|---|\n".to_owned();
        for (name, rate) in &self.speed {
            let digits = if *rate < 10.0 { 3 } else { 0 };
            let _ = writeln!(out, "| {name} | {rate:.digits$} |");
        }
        out
    }

    fn tally(&self, place: Place, row: &Row, tool: Tool) -> Tally {
        self.tallies.get(&(place, row.clone(), tool)).copied().unwrap_or_default()
    }

    fn rows_of(&self, place: Place, wanted: impl Fn(&Row, &Tally) -> bool) -> Vec<Row> {
        let rows: BTreeSet<&Row> = self
            .tallies
            .iter()
            .filter(|((at, row, _), tally)| *at == place && wanted(row, tally))
            .map(|((_, row, _), _)| row)
            .collect();
        rows.into_iter().cloned().collect()
    }

    /// Every label that has values in a place.
    fn labels(&self, place: Place) -> Option<String> {
        let rows = self.rows_of(place, |row, tally| match row {
            Row::Label(_) => tally.truth > 0,
            Row::All => tally.truth > 0,
            Row::Kind(_) => false,
        });
        if rows.is_empty() {
            return None;
        }
        let mut out = "| label | values | Weir: recall | hidden | precision ".to_owned();
        out.push_str(
            "| Presidio: recall | hidden | precision |\n|---|---|---|---|---|---|---|---|\n",
        );
        for row in rows {
            let [weir, other] =
                [Tool::Weir, Tool::Presidio].map(|tool| self.tally(place, &row, tool));
            let name = match &row {
                Row::All => "all",
                Row::Label(name) | Row::Kind(name) => name,
            };
            let _ = write!(out, "| {name} | {} ", weir.truth);
            for tally in [weir, other] {
                let _ = write!(out, "| {} ", share(tally.right, tally.truth));
                let _ = write!(out, "| {} ", share(tally.hidden, tally.truth));
                let _ = write!(out, "| {} ", share(tally.correct, tally.found));
            }
            out.push_str("|\n");
        }
        Some(out)
    }

    /// Recall of every kind of value under its own label: Weir's, Presidio's.
    pub(super) fn kinds(&self) -> String {
        let mut out = "| kind ".to_owned();
        let places = [
            Place::Telling,
            Place::Opaque,
            Place::Beside,
            Place::Text,
            Place::HeldText,
            Place::Document,
        ];
        for place in places {
            let _ = write!(out, "| {} ", place.as_str());
        }
        out.push_str("|\n|---|---|---|---|---|---|---|\n");
        let mut rows = BTreeSet::new();
        for place in places {
            rows.extend(
                self.rows_of(place, |row, tally| matches!(row, Row::Kind(_)) && tally.truth > 0),
            );
        }
        for row in rows {
            let Row::Kind(name) = &row else { continue };
            let _ = write!(out, "| {name} ");
            for place in places {
                let [weir, other] =
                    [Tool::Weir, Tool::Presidio].map(|tool| self.tally(place, &row, tool));
                let pair = [weir, other].map(|tally| share(tally.right, tally.truth));
                let _ = write!(out, "| {} ", pair.join(" / "));
            }
            out.push_str("|\n");
        }
        out
    }

    /// Harmless values in which something was found: by Weir, by Presidio, of how many.
    fn harm(&self) -> String {
        let mut out = "| kind ".to_owned();
        let places =
            [Place::Telling, Place::Opaque, Place::Beside, Place::Harmless, Place::Document];
        for place in places {
            let _ = write!(out, "| {} ", place.as_str());
        }
        out.push_str("|\n|---|---|---|---|---|---|\n");
        let mut rows = BTreeSet::new();
        for place in places {
            rows.extend(self.rows_of(place, |_, tally| tally.harmed > 0));
        }
        for row in rows {
            let name = match &row {
                Row::All => "all",
                Row::Label(name) | Row::Kind(name) => name,
            };
            let _ = write!(out, "| {name} ");
            for place in places {
                let [weir, other] =
                    [Tool::Weir, Tool::Presidio].map(|tool| self.tally(place, &row, tool));
                let of = weir.harmless;
                let _ = match of {
                    0 => write!(out, "| "),
                    of => write!(out, "| {} / {} of {of} ", weir.harmed, other.harmed),
                };
            }
            out.push_str("|\n");
        }
        out
    }

    /// Writes every count to a file beside the data.
    pub(super) fn write(&self, folder: &Path) -> Result<PathBuf> {
        let counts: Vec<Value> = self
            .tallies
            .iter()
            .map(|((place, row, tool), tally)| {
                let (what, name) = match row {
                    Row::All => ("all", ""),
                    Row::Label(name) => ("label", name.as_str()),
                    Row::Kind(name) => ("kind", name.as_str()),
                };
                json!({
                    "place": place.as_str(), "what": what, "name": name, "tool": tool.as_str(),
                    "values": tally.truth, "hidden": tally.hidden, "right": tally.right,
                    "found": tally.found, "correct": tally.correct,
                    "harmless": tally.harmless, "harmed": tally.harmed,
                })
            })
            .collect();
        let speed: Vec<Value> =
            self.speed.iter().map(|(name, rate)| json!({ "what": name, "mb_s": rate })).collect();
        let all = json!({ "seed": self.seed, "rows": self.rows, "counts": counts, "speed": speed });
        let file = folder.join("eval.json");
        fs::write(&file, serde_json::to_string_pretty(&all)?)
            .context("cannot write the figures")?;
        Ok(file)
    }
}

/// A place as a heading.
fn heading(place: &str) -> String {
    let mut letters = place.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A share with three decimals; a dash where there is nothing to have a share of.
fn share(part: u64, whole: u64) -> String {
    if whole == 0 { "–".to_owned() } else { format!("{:.3}", part as f64 / whole as f64) }
}
