//! Asks the questions and puts the report together. Knows neither controls nor pages.

use crate::{
    Control, FORMAT, Report, ReportError, Request, Subject,
    basis::{Basis, Removed},
    frameworks::{self, Framework},
    measure::{self, Ask, Sample, Source},
    period::Period,
    records, subject,
};
use index::{Answers, Cell, IndexError, Limits, Question, Table};
use ledger::Time;
use serde::Serialize;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// How many rows a table has at most.
const ROWS: usize = 200;

/// Figures with the query that gave them.
#[derive(Clone, Debug, Serialize)]
pub struct Evidence {
    /// By which controls refer to it.
    pub id: String,
    /// Its heading.
    pub title: String,
    /// What the figures are.
    pub what: String,
    /// What was asked: give it to `weir audit sql`, or run it if it is a command.
    pub query: String,
    /// The names of the columns.
    pub columns: Vec<String>,
    /// Rows of figures.
    pub rows: Vec<Vec<Value>>,
    /// There are more rows than these.
    pub more: bool,
    /// What deserves a look.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attention: Vec<String>,
    /// Why there is no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// How the records behind it are found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sampled_by: Option<String>,
    /// Some of the records behind it, the newest first.
    pub records: Vec<u64>,
}

/// What a report has beside its figures.
pub(crate) struct Frame {
    pub(crate) kind: String,
    pub(crate) title: String,
    pub(crate) about: Vec<String>,
    pub(crate) limits: Vec<String>,
    pub(crate) asks: Vec<Ask>,
    pub(crate) framework: Option<&'static Framework>,
}

/// Makes a report of the ledger in `dir`, by what its index answers.
pub fn make(
    answers: &Answers,
    dir: &Path,
    basis: Basis,
    request: &Request,
) -> Result<Report, ReportError> {
    make_telling(answers, dir, basis, request, &|_, _| {})
}

/// The same, and tells how many of how many questions were asked.
pub fn make_telling(
    answers: &Answers,
    dir: &Path,
    basis: Basis,
    request: &Request,
    tell: &dyn Fn(usize, usize),
) -> Result<Report, ReportError> {
    let limits = Limits { time: request.patience, rows: ROWS };
    let period = period(answers, request, &limits)?;
    let asker = Asker { answers, limits, samples: request.samples, period: &period };
    let frame = match &request.subject {
        Subject::Framework(word) => framework(word, &period)?,
        Subject::Person(name) => subject::person(&asker, name)?,
        Subject::Access(target) => subject::access(&asker, target)?,
        Subject::Named(values) => subject::subject(&asker, values)?,
        Subject::Job { name, application } => subject::job(&asker, name, *application)?,
    };
    let all = frame.asks.len();
    let asked = frame.asks.iter().enumerate().map(|(done, ask)| {
        tell(done, all);
        asker.gather(ask)
    });
    let evidence: Vec<Evidence> = asked.collect::<Result<_, _>>()?;
    let missing = missing(&basis, &period);
    let mut places: BTreeSet<u64> = evidence.iter().flat_map(|one| one.records.clone()).collect();
    let tell = basis.removed.iter().rev().filter_map(|one| one.record);
    places.extend(tell.take(request.samples));
    let records = records::read(dir, &basis, &places);
    let controls = frame.framework.map(|framework| controls(framework, &evidence));
    Ok(Report {
        format: FORMAT,
        kind: frame.kind,
        title: frame.title,
        about: frame.about,
        made: request.made.clone(),
        basis,
        missing,
        controls: controls.unwrap_or_default(),
        evidence,
        records,
        limits: frame.limits,
        period: period.clone(),
    })
}

/// What was removed of the days that a report is about: its figures do not have it.
fn missing(basis: &Basis, period: &Period) -> Vec<String> {
    let tell = |one: &Removed| {
        let known = |time: &Option<String>| time.clone().unwrap_or_else(|| "?".to_owned());
        let by = match one.record {
            Some(record) => format!("record {record} says so"),
            None => "the record that said so is removed itself".to_owned(),
        };
        format!(
            "Records {} to {}, written from {} to {}, were removed when their time was over; {by}",
            one.first,
            one.last,
            known(&one.oldest),
            known(&one.newest)
        )
    };
    let touches = |one: &&Removed| period.touches(one.oldest.as_deref(), one.newest.as_deref());
    basis.removed.iter().filter(touches).map(tell).collect()
}

/// The days that are asked for; without, from the first record to the day on which it is made.
fn period(answers: &Answers, request: &Request, limits: &Limits) -> Result<Period, ReportError> {
    let day = |moment: &str| moment.get(..10).unwrap_or_default().to_owned();
    let until = request.until.clone().unwrap_or_else(|| day(&request.made.time));
    let since = match &request.since {
        Some(since) => since.clone(),
        None => {
            let first = answers.sql("SELECT min(time) FROM events", limits)?;
            let first = first.rows.first().and_then(|row| row.first());
            let first = first.map(|cell| day(&cell.to_string())).filter(|day| !day.is_empty());
            first.unwrap_or_else(|| until.clone())
        }
    };
    Period::new(&since, &until)
}

fn framework(word: &str, period: &Period) -> Result<Frame, ReportError> {
    let known = || frameworks::FRAMEWORKS.iter().map(|one| one.word).collect::<Vec<_>>();
    let found = frameworks::FRAMEWORKS.iter().find(|one| one.word == word);
    let framework = found.ok_or_else(|| {
        ReportError::Asked(format!("there is no report {word}; there are {}", known().join(", ")))
    })?;
    let used: BTreeSet<&str> =
        framework.controls.iter().flat_map(|control| control.evidence.iter().copied()).collect();
    let measures = measure::all().filter(|measure| used.contains(measure.id));
    Ok(Frame {
        kind: framework.word.to_owned(),
        title: framework.title.to_owned(),
        about: framework.about.iter().map(|text| (*text).to_owned()).collect(),
        limits: frameworks::LIMITS.iter().map(|text| (*text).to_owned()).collect(),
        asks: measures.map(|measure| measure.ask(period)).collect(),
        framework: Some(framework),
    })
}

fn controls(framework: &Framework, evidence: &[Evidence]) -> Vec<Control> {
    let found: BTreeMap<&str, &Evidence> =
        evidence.iter().map(|one| (one.id.as_str(), one)).collect();
    let control = |made: &frameworks::Control| Control {
        reference: made.reference,
        title: made.title,
        bearing: made.bearing,
        shows: made.shows,
        limits: made.limits,
        evidence: made.evidence.to_vec(),
        attention: made
            .evidence
            .iter()
            .filter_map(|id| found.get(id))
            .flat_map(|evidence| evidence.attention.clone())
            .collect(),
    };
    framework.controls.iter().map(control).collect()
}

/// Asks the index.
pub(crate) struct Asker<'a> {
    answers: &'a Answers,
    limits: Limits,
    samples: usize,
    pub(crate) period: &'a Period,
}

impl Asker<'_> {
    /// A query's rows as texts, for what a report is about.
    pub(crate) fn texts(&self, query: &str) -> Result<Vec<Vec<String>>, ReportError> {
        let limits = Limits { rows: 10_000, ..self.limits };
        let table = self.answers.sql(query, &limits)?;
        Ok(table.rows.iter().map(|row| row.iter().map(ToString::to_string).collect()).collect())
    }

    fn gather(&self, ask: &Ask) -> Result<Evidence, ReportError> {
        let (query, answer) = match &ask.source {
            Source::Sql(query) => (query.clone(), self.answers.sql(query, &self.limits)),
            Source::Trace { column, direction } => {
                let back = if *direction == index::Direction::Back { " --back" } else { "" };
                let answer = self.answers.trace(column, *direction, &self.limits);
                (format!("weir audit trace {column}{back}"), answer)
            }
        };
        let (table, failed) = match answer {
            Ok(table) => (table, None),
            // What is not answered in time is said and not left out.
            Err(error @ IndexError::Slow(_)) => (Table::default(), Some(error.to_string())),
            Err(error) => return Err(error.into()),
        };
        let mut attention = attention(ask, &table);
        let records = match self.sample(&ask.sample) {
            Err(ReportError::Index(error @ IndexError::Slow(_))) => {
                attention.push(format!("{}: no records behind it: {error}", ask.title));
                Vec::new()
            }
            records => records?,
        };
        Ok(Evidence {
            id: ask.id.to_string(),
            title: ask.title.to_string(),
            what: ask.what.to_string(),
            query,
            attention,
            rows: table.rows.iter().map(|row| row.iter().map(value).collect()).collect(),
            columns: table.columns,
            more: table.more,
            failed,
            sampled_by: sampled_by(&ask.sample),
            records,
        })
    }

    /// Records behind a figure.
    fn sample(&self, sample: &Sample) -> Result<Vec<u64>, ReportError> {
        let limits = Limits { rows: self.samples, ..self.limits };
        let numbers = |table: &Table, column: &str| -> Vec<u64> {
            let at = table.columns.iter().position(|name| name == column);
            let cells = table.rows.iter().filter_map(|row| row.get(at?));
            cells.filter_map(|cell| cell.to_string().parse().ok()).collect()
        };
        Ok(match sample {
            Sample::None => Vec::new(),
            Sample::Sql(query) => numbers(&self.answers.sql(query, &limits)?, "sequence"),
            Sample::Search { question, outcome } => {
                let asked = Question::parse(question, Time::from_micros(0))?;
                let mut records = numbers(&self.answers.search(&asked, &limits)?, "sequence");
                if *outcome && !records.is_empty() {
                    let places: Vec<String> = records.iter().map(u64::to_string).collect();
                    let query = format!(
                        "SELECT outcome_sequence FROM statements WHERE sequence IN ({}) \
                         AND outcome_sequence IS NOT NULL ORDER BY sequence DESC",
                        places.join(", ")
                    );
                    records = numbers(&self.answers.sql(&query, &limits)?, "outcome_sequence");
                }
                records
            }
        })
    }
}

/// How records behind a figure are found.
fn sampled_by(sample: &Sample) -> Option<String> {
    match sample {
        Sample::None => None,
        Sample::Sql(query) => Some(format!("weir audit sql \"{query}\"")),
        Sample::Search { question, .. } => Some(format!("weir audit search '{question}'")),
    }
}

/// What should be nothing and is not.
fn attention(ask: &Ask, table: &Table) -> Vec<String> {
    let Some(row) = table.rows.first() else { return Vec::new() };
    let named = table.columns.iter().zip(row);
    let wrong = named.filter(|(name, cell)| {
        ask.zero.contains(&name.as_str()) && matches!(cell, Cell::Int(number) if *number != 0)
    });
    wrong.map(|(name, cell)| format!("{}: {} {cell}", ask.title, name.replace('_', " "))).collect()
}

fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Int(number) => (*number).into(),
        Cell::Real(number) => (*number).into(),
        Cell::Text(text) => text.as_str().into(),
    }
}
