//! Statements as data: Markdown files of cases, each with a heading, what to expect, and SQL.
//!
//! ```text
//! ## what the case is called
//! - masked: email, phone
//!
//! (fence)sql
//! SELECT email, phone FROM customers WHERE id = $1;
//! --= 17
//! (fence)
//! ```
//!
//! Knows the format alone, and nothing of servers.

use anyhow::{Context, Result, bail};
use std::fs;
use std::path::Path;

/// One statement, as a client sends it in one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sql {
    /// Its text, without the semicolon at its end.
    pub text: String,
    /// Values of its parameters: a line `--= 17 | NULL` behind it.
    pub values: Option<Vec<Option<String>>>,
    /// What a COPY FROM STDIN reads: lines `--< …` behind it.
    pub input: Vec<String>,
}

/// One case.
#[derive(Clone, Debug, Default)]
pub struct Case {
    /// The file that it stands in, without its extension.
    pub origin: String,
    /// Its heading.
    pub name: String,
    /// Lines `- key: a, b` below the heading.
    pub expected: Vec<(String, Vec<String>)>,
    /// Its statements, in order, for one session.
    pub statements: Vec<Sql>,
    /// The lines of its other fences (```psql).
    pub commands: Vec<String>,
}

impl Case {
    /// What stands behind a key; nothing where it does not stand.
    pub fn expects(&self, key: &str) -> impl Iterator<Item = &str> {
        let of_key = self.expected.iter().filter(move |(known, _)| known == key);
        of_key.flat_map(|(_, values)| values.iter().map(String::as_str))
    }

    /// True if a value stands behind a key.
    pub fn says(&self, key: &str, value: &str) -> bool {
        self.expects(key).any(|expected| expected == value)
    }
}

/// Every case of every `*.md` in a folder, in order of file names. Keys that are not among `keys`
/// are errors: a misspelt expectation would expect nothing.
pub fn read(folder: &Path, keys: &[&str]) -> Result<Vec<Case>> {
    let listed = fs::read_dir(folder).with_context(|| format!("no {}", folder.display()))?;
    let mut files: Vec<_> = listed.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "md"));
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        let origin = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let found = parse(&fs::read_to_string(&file)?, &origin)
            .with_context(|| format!("in {origin}.md"))?;
        cases.extend(found);
    }
    for case in &cases {
        if let Some((key, _)) = case.expected.iter().find(|(key, _)| !keys.contains(&&**key)) {
            bail!("{}: {}: nothing is called {key:?}", case.origin, case.name);
        }
        if case.statements.is_empty() && case.commands.is_empty() {
            bail!("{}: {}: no statement", case.origin, case.name);
        }
    }
    Ok(cases)
}

/// What a line stands in.
enum Fence {
    Prose,
    Sql,
    Commands,
}

/// The cases of one text.
pub fn parse(text: &str, origin: &str) -> Result<Vec<Case>> {
    let mut cases: Vec<Case> = Vec::new();
    let mut fence = Fence::Prose;
    let mut pending = String::new();
    for line in text.lines() {
        let Some(case) = cases.last_mut().filter(|_| !line.starts_with("## ")) else {
            if let Some(name) = line.strip_prefix("## ") {
                let (origin, name) = (origin.to_owned(), name.trim().to_owned());
                cases.push(Case { origin, name, ..Case::default() });
            }
            continue;
        };
        match fence {
            Fence::Prose if line == "```sql" => fence = Fence::Sql,
            Fence::Prose if line == "```psql" => fence = Fence::Commands,
            Fence::Prose => case.expected.extend(expectation(line)),
            _ if line == "```" => {
                if !pending.trim().is_empty() {
                    bail!("{}: no semicolon ends {pending:?}", case.name);
                }
                fence = Fence::Prose;
            }
            Fence::Commands => case.commands.push(line.to_owned()),
            Fence::Sql => sql_line(case, &mut pending, line)?,
        }
    }
    Ok(cases)
}

fn expectation(line: &str) -> Option<(String, Vec<String>)> {
    let (key, values) = line.strip_prefix("- ")?.split_once(':')?;
    let values = values.split(',').map(|value| value.trim().to_owned());
    Some((key.to_owned(), values.collect()))
}

/// A line of a SQL fence. A statement ends where a line ends in a semicolon outside of `$$`, so
/// that several statements on one line are one message.
fn sql_line(case: &mut Case, pending: &mut String, line: &str) -> Result<()> {
    if let Some(values) = line.strip_prefix("--= ") {
        let last = case.statements.last_mut().context("values without a statement")?;
        let value = |text: &str| (text != "NULL").then(|| text.to_owned());
        last.values = Some(values.split(" | ").map(value).collect());
        return Ok(());
    }
    if let Some(input) = line.strip_prefix("--< ") {
        let last = case.statements.last_mut().context("input without a statement")?;
        last.input.push(input.to_owned());
        return Ok(());
    }
    if !pending.is_empty() {
        pending.push('\n');
    }
    pending.push_str(line);
    let whole = pending.matches("$$").count().is_multiple_of(2);
    if let Some(text) = pending.trim_end().strip_suffix(';').filter(|_| whole) {
        let text = text.to_owned();
        case.statements.push(Sql { text, values: None, input: Vec::new() });
        pending.clear();
    }
    Ok(())
}
