//! Reports from the record: what an auditor asks, with the records that answer it.
//!
//! ```text
//! framework ─▶ controls ─▶ measures ────────┐
//! identity, column, job, value ─▶ questions ┴▶ index ─▶ figures ─┐
//!                                              ledger ─▶ proofs ─┴▶ Report ─▶ HTML, PDF, JSON
//! ```
//!
//! Every figure stands beside the query that gave it, which anybody with the ledger can ask again
//! (`weir audit sql`), and beside some of the records behind it, each with the proof that it is in
//! the log under a signed checkpoint. Where a record alone cannot show that a control works, the
//! report says so: it never says that a control is met.
//!
//! The crate asks the index and reads tiles. It knows no files but those, prints nothing, and does
//! not know what time it is.

mod basis;
mod error;
mod frameworks;
mod gather;
mod html;
mod measure;
mod pdf;
mod period;
mod records;
mod subject;
#[cfg(test)]
mod tests;

pub use basis::{Basis, Removed, Verified};
pub use error::ReportError;
pub use frameworks::{Bearing, FRAMEWORKS, Framework};
pub use gather::{Evidence, make, make_telling};
pub use measure::Measure;
pub use period::Period;
pub use records::Sampled;

use serde::Serialize;
use std::time::Duration;

/// The version of the JSON form.
pub const FORMAT: &str = "weir-report/1";

/// What a report is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A set of controls, by its word: `soc2`.
    Framework(String),
    /// An identity: what it did, and what is recorded of it.
    Person(String),
    /// A column or a label: who was given its values.
    Access(String),
    /// One data subject: statements that named one of these values, each by its
    /// [`index::value_number`].
    Named(Vec<i64>),
    /// A model or a job: which data fed it, and on whose authority.
    Job {
        /// An identity, or what sessions called themselves.
        name: String,
        /// The name is what sessions called themselves, whoever's they were.
        application: bool,
    },
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// About what.
    pub subject: Subject,
    /// The first day, `YYYY-MM-DD`; the record's first without it.
    pub since: Option<String>,
    /// The last day; that of `made` without it.
    pub until: Option<String>,
    /// How many records stand behind each figure.
    pub samples: usize,
    /// How long one question may take.
    pub patience: Duration,
    /// By whom and when.
    pub made: Made,
}

/// By whom and when a report was made.
#[derive(Clone, Debug, Serialize)]
pub struct Made {
    /// When, in UTC.
    pub time: String,
    /// By whom: the operating system's user, or whoever is signed in.
    pub by: String,
    /// By which version of Weir.
    pub weir: String,
}

/// A finished report.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The version of this form.
    pub format: &'static str,
    /// What it is: `soc2`, `person`, …
    pub kind: String,
    /// Its heading.
    pub title: String,
    /// What it is and is not, in paragraphs.
    pub about: Vec<String>,
    /// By whom and when.
    pub made: Made,
    /// The days that it is about.
    pub period: Period,
    /// What it rests on.
    pub basis: Basis,
    /// What of the days that it is about was removed from the record.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// Controls, each with the evidence that bears on it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub controls: Vec<Control>,
    /// Figures with their queries.
    pub evidence: Vec<Evidence>,
    /// The records that stand behind figures, with their proofs.
    pub records: Vec<Sampled>,
    /// What no record shows.
    pub limits: Vec<String>,
}

/// A control with what the record says about it.
#[derive(Clone, Debug, Serialize)]
pub struct Control {
    /// As its source numbers it: `CC6.1`.
    pub reference: &'static str,
    /// What it is about, in our words.
    pub title: &'static str,
    /// How far the record bears on it.
    pub bearing: Bearing,
    /// What the record shows.
    pub shows: &'static str,
    /// What it does not.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub limits: &'static str,
    /// The evidence, by its ids.
    pub evidence: Vec<&'static str>,
    /// What deserves a look.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attention: Vec<String>,
}

impl Report {
    /// As one HTML page that needs nothing else, made to be read on a screen and printed.
    pub fn html(&self) -> String {
        html::page(self)
    }

    /// As PDF: plain pages with everything that the JSON has.
    pub fn pdf(&self) -> Vec<u8> {
        pdf::document(self)
    }

    /// As JSON.
    pub fn json(&self) -> Result<String, ReportError> {
        Ok(serde_json::to_string_pretty(self)?)
    }
}
