//! From text to settings: every section's keys, each defined where it is read. What a setting is
//! used for stands elsewhere.

mod api;
mod approvals;
mod ca;
mod canaries;
mod channels;
mod clouds;
mod console;
mod databases;
mod end_users;
mod evidence;
mod exports;
mod keys;
mod labels;
mod providers;
mod sections;
mod transmitters;
mod vault;
mod workloads;

pub(crate) use sections::documented;

use crate::{
    kind::Fault,
    problem::{Problem, place},
    settings::{Config, Plaintext},
    table::{Found, Reader, Table, unknown_fault},
};
use std::{fs, ops::Range, path::Path};
use toml::de::DeTable;

/// A longer file is refused unread: it is not a configuration.
pub const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// Reads and checks a file. `Err` holds every problem, by line.
pub fn load(path: &Path) -> Result<Config, Vec<Problem>> {
    let fail = |message: String, help: Option<&str>| {
        let (file, help) = (path.to_owned(), help.map(str::to_owned));
        Err(vec![Problem { file, line: 0, column: 0, message, help }])
    };
    let bytes = match fs::metadata(path).and_then(|data| {
        if data.len() > MAX_FILE_BYTES { Ok(None) } else { fs::read(path).map(Some) }
    }) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return fail(format!("the file is longer than {MAX_FILE_BYTES} bytes"), None),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let help = "`weir init` writes one; `--config` names another";
            return fail("there is no such file".into(), Some(help));
        }
        Err(error) => return fail(format!("the file cannot be read: {error}"), None),
    };
    match String::from_utf8(bytes) {
        Ok(text) => parse(path, &text),
        Err(_) => fail("the file is not UTF-8 text".into(), None),
    }
}

/// Checks a text as if it were read from `file`, whose folder relative paths start from. `Err`
/// holds every problem, by line.
pub fn parse(file: &Path, text: &str) -> Result<Config, Vec<Problem>> {
    let (config, found) = read(file, text);
    let sections = documented();
    let mut faults = found.problems;
    for unknown in &found.unknown {
        faults.push((unknown.span.clone(), unknown_fault(unknown, &sections)));
    }
    faults.sort_by_key(|(span, _)| span.start);
    faults.dedup();
    if faults.is_empty() {
        return Ok(config);
    }
    let problem = |(span, fault): (Range<usize>, Fault)| {
        let (line, column) = place(text, span.start);
        let Fault { message, help } = fault;
        Problem { file: file.to_owned(), line, column, message, help }
    };
    Err(faults.into_iter().map(problem).collect())
}

/// Reads what can be read. The settings are good only if nothing was found.
fn read(file: &Path, text: &str) -> (Config, Found) {
    let reader = Reader::new(file);
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut config = sections::top(Table::new(&reader, "", sections::TOP, table));
    config.file = file.to_owned();
    config.warnings = warnings(&config);
    let mut found = reader.into_found();
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        // Where the text itself is broken the recovered value says nothing.
        found.problems.retain(|(other, _)| other.start != span.start);
        found.problems.push((span, Fault::new(format!("this is not TOML: {}", error.message()))));
    }
    (config, found)
}

/// What is allowed but deserves a second look.
fn warnings(config: &Config) -> Vec<Problem> {
    let mut warnings = Vec::new();
    let mut warn = |message: String, help: &str| {
        let (file, help) = (config.file.clone(), Some(help.to_owned()));
        warnings.push(Problem { file, line: 0, column: 0, message, help });
    };
    let address = config.listen.postgres;
    if config.tls.plaintext == Plaintext::Anywhere && !address.ip().is_loopback() {
        warn(
            format!("clients may connect to {address} without TLS from anywhere"),
            "set plaintext = \"loopback\" in [tls] unless the network itself encrypts",
        );
    }
    if config.tls.certificate.is_none() && !address.ip().is_loopback() {
        warn(
            format!("{address} is served with the development certificate"),
            "set certificate and key in [tls]; clients cannot verify this one",
        );
    }
    for database in &config.databases {
        if let Some(source) = &database.upstream.password
            && let Err(error) = source.read()
        {
            warn(format!("database \"{}\": {error}", database.name), "sessions fail until it is");
        }
    }
    databases::warnings(&config.databases, &mut warn);
    exports::warnings(&config.exports, &mut warn);
    channels::warnings(&config.channels, &mut warn);
    warnings
}

#[cfg(test)]
mod tests;
