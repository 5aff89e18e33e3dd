//! `weir audit search`, `sql`, `trace`, `words` and `index`: brings the index up to date if nobody
//! else does, asks it, prints. Every answer says how far it knows, on standard error. Whoever asks
//! is in the record itself, with the question; texts and literals in it are left out.

use crate::{
    cli::{By, Form, IndexArgs, Place, SearchArgs, SqlArgs, TraceArgs},
    exit::Failure,
    layout,
    out::Out,
};
use config::Config;
use index::{
    Answers, BY, Cell, DEFAULT_ROWS, Direction, Index, IndexError, Limits, Question, Table,
};
use ledger::Time;
use std::{
    path::PathBuf,
    thread,
    time::{Duration, Instant, SystemTime},
};

/// How long a question waits at most for the index of a running Weir to have what was recorded
/// before it was asked, and how often it looks.
const FRESH: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(20);

/// Where things are, once weir.toml has been read if it has to be.
pub(super) struct Found {
    pub(super) ledger: PathBuf,
    index: PathBuf,
}

type Load = Result<Config, Failure>;

pub(crate) fn search(load: impl Fn(&str) -> Load, args: &SearchArgs) -> Result<(), Failure> {
    let question = Question::parse(&args.question, Time::from(SystemTime::now()))?;
    let rows = if args.by.is_some() { Limits::default().rows } else { DEFAULT_ROWS };
    let limits = limits(&args.form, rows);
    let what = format!("search {}", question.told());
    let (found, answers) = open(load, &args.place, what.trim_end())?;
    let question = question.keyed(ledger::Redactor::of(&found.ledger)?.as_ref())?;
    let table = match args.by {
        Some(by) => answers.count(&question, counted(by)?, &limits)?,
        None => answers.search(&question, &limits)?,
    };
    print(&found, &answers, &table, &args.form)
}

pub(crate) fn sql(load: impl Fn(&str) -> Load, args: &SqlArgs) -> Result<(), Failure> {
    let what = format!("sql {}", without_literals(&args.query));
    let (found, answers) = open(load, &args.place, &what)?;
    answers.bound_memory()?;
    let table = answers.sql(&args.query, &limits(&args.form, Limits::default().rows))?;
    print(&found, &answers, &table, &args.form)
}

pub(crate) fn trace(load: impl Fn(&str) -> Load, args: &TraceArgs) -> Result<(), Failure> {
    let what = format!("trace {}", args.column);
    let (found, answers) = open(load, &args.place, &what)?;
    let direction = if args.back { Direction::Back } else { Direction::Forward };
    let limits = limits(&args.form, Limits::default().rows);
    let table = answers.trace(&args.column, direction, &limits)?;
    print(&found, &answers, &table, &args.form)
}

pub(crate) fn words() -> Result<(), Failure> {
    let mut out = Out::new();
    let rows: Vec<Vec<String>> = index::WORDS
        .iter()
        .map(|(word, meaning)| vec![format!("{word}:"), (*meaning).to_owned()])
        .collect();
    out.table(&["WORD", "MEANING"], &rows)?;
    Ok(out.flush()?)
}

pub(crate) fn index(load: impl Fn(&str) -> Load, args: &IndexArgs) -> Result<(), Failure> {
    let found = find(load, &args.place, "")?;
    let mut index = match Index::open(&found.index) {
        Err(IndexError::Busy) if !args.rebuild => {
            let state = Answers::open(&found.index)?.state()?;
            let lag = state.lag(&found.ledger)?;
            let mut out = Out::new();
            out.line(format!("Another process keeps it up to date; {lag} records behind."))?;
            return Ok(out.flush()?);
        }
        index => index?,
    };
    if args.rebuild {
        index.clear()?;
    }
    let caught = index.catch_up(&found.ledger, u64::MAX)?;
    let mut out = Out::new();
    let anew = if caught.anew { " It did not fit the ledger, and was made anew." } else { "" };
    let (records, next) = (caught.records, caught.next);
    out.line(format!("{records} records taken in, {next} in the index.{anew}"))?;
    Ok(out.flush()?)
}

fn find(load: impl Fn(&str) -> Load, place: &Place, what: &str) -> Result<Found, Failure> {
    let (ledger, index) = match &place.dir {
        Some(copy) => (copy.clone(), copy.join("index.sqlite")),
        None => {
            let config = load(what)?;
            (layout::ledger(&config), layout::index(&config))
        }
    };
    super::open(&ledger, ledger::Sequence(u64::MAX))?;
    Ok(Found { ledger, index: place.index.clone().unwrap_or(index) })
}

/// Opens the index for questions; brings it up to date first, unless a running Weir does.
pub(super) fn open(
    load: impl Fn(&str) -> Load,
    place: &Place,
    what: &str,
) -> Result<(Found, Answers), Failure> {
    let found = find(load, place, what)?;
    match Index::open(&found.index) {
        Ok(mut index) => {
            index.catch_up(&found.ledger, u64::MAX)?;
        }
        Err(IndexError::Busy) => {}
        // What cannot be written may still be read; how far it knows is said below.
        Err(IndexError::File(error)) if found.index.exists() => {
            eprintln!("weir: the index is read as it is: {error}");
        }
        Err(error) => return Err(error.into()),
    }
    let answers = Answers::open(&found.index)?;
    fresh(&found, &answers)?;
    Ok((found, answers))
}

/// Waits for what the ledger has by now, if a running Weir is about to take it in.
fn fresh(found: &Found, answers: &Answers) -> Result<(), Failure> {
    let begun = Instant::now();
    let state = answers.state()?;
    let end = state.next + state.lag(&found.ledger)?;
    while answers.state()?.next < end && begun.elapsed() < FRESH {
        thread::sleep(LOOK);
    }
    Ok(())
}

/// A query with a mark for everything that stands in quotes.
fn without_literals(query: &str) -> String {
    let parts = query.split('\'').enumerate();
    parts.map(|(at, part)| if at % 2 == 0 { part } else { "'?'" }).collect()
}

fn limits(form: &Form, rows: usize) -> Limits {
    Limits { time: Duration::from_secs(form.timeout), rows: form.rows.unwrap_or(rows) }
}

fn counted(by: By) -> Result<index::By, Failure> {
    let name = match by {
        By::Identity => "identity",
        By::ActsFor => "acts_for",
        By::Kind => "kind",
        By::Database => "database",
        By::Day => "day",
        By::Operation => "operation",
        By::Verdict => "verdict",
        By::Text => "text",
    };
    let known = BY.iter().find(|known| known.name == name).copied();
    known.ok_or_else(|| Failure::Refused(format!("nothing is counted by {name}")))
}

fn print(found: &Found, answers: &Answers, table: &Table, form: &Form) -> Result<(), Failure> {
    let mut out = Out::new();
    if form.json {
        for row in &table.rows {
            out.json(&object(table, row))?;
        }
    } else if form.csv {
        out.data(csv(table.columns.iter().map(String::as_str)))?;
        for row in &table.rows {
            let cells: Vec<String> = row.iter().map(ToString::to_string).collect();
            out.data(csv(cells.iter().map(String::as_str)))?;
        }
    } else {
        let header: Vec<String> = table.columns.iter().map(|name| name.to_uppercase()).collect();
        let header: Vec<&str> = header.iter().map(String::as_str).collect();
        let cells = |row: &Vec<Cell>| row.iter().map(plain).collect();
        out.table(&header, &table.rows.iter().map(cells).collect::<Vec<_>>())?;
    }
    out.flush()?;
    if table.more {
        let shown = table.rows.len();
        eprintln!("weir: there is more than these {shown} rows; -n NUMBER shows more");
    }
    let removed = ledger::pruned(&found.ledger)?;
    if removed > 0 {
        eprintln!("weir: of records before {removed} most were removed when their time was over");
    }
    let state = answers.state()?;
    let lag = state.lag(&found.ledger)?;
    eprintln!("weir: from an index of the ledger's first {} records, {lag} behind", state.next);
    if state.damage > 0 {
        let places = state.damage;
        eprintln!("weir: the ledger is damaged at {places} places (see `weir audit verify`)");
    }
    Ok(())
}

/// A row as an object.
pub(crate) fn object(table: &Table, row: &[Cell]) -> serde_json::Map<String, serde_json::Value> {
    table.columns.iter().cloned().zip(row.iter().map(json)).collect()
}

fn json(cell: &Cell) -> serde_json::Value {
    match cell {
        Cell::Null => serde_json::Value::Null,
        Cell::Int(number) => (*number).into(),
        Cell::Real(number) => (*number).into(),
        Cell::Text(text) => text.as_str().into(),
    }
}

/// On one line: where a text was broken does not matter in a list.
fn plain(cell: &Cell) -> String {
    cell.to_string().replace(['\n', '\r', '\t'], " ")
}

/// A text that no spreadsheet takes for a formula: one that would be gets an apostrophe.
pub(crate) fn no_formula(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if formula { format!("'{text}") } else { text.to_owned() }
}

/// One line of comma-separated values.
pub(crate) fn csv<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    let quoted = |cell: &str| match cell.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.to_owned(),
    };
    cells.map(quoted).collect::<Vec<_>>().join(",")
}
