//! The house rules that a machine can check. A rule is a function from text to complaints.
//!
//! Exceptions stand in `xtask/tidy-exceptions.txt`, one `path: rule` a line, and may only become
//! fewer: one that is not needed any more is itself a complaint, and their number is a constant.

mod edges;
pub(crate) mod pictures;
mod source;

use crate::step::root;
use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// How many exceptions there may be. Lower it when one goes; raising it needs a good reason.
const MAX_EXCEPTIONS: usize = 0;

/// Where they are.
const EXCEPTIONS: &str = "xtask/tidy-exceptions.txt";

/// Lines of `crates/model/src` outside tests: a shared crate that grows becomes a `common`.
const MODEL_LINES: usize = 2000;

/// A broken rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Complaint {
    /// File from the root of the repository.
    file: String,
    /// Line from 1; 0 means the whole file.
    line: usize,
    /// The rule's name, as exceptions use it.
    rule: &'static str,
    /// What is wrong and what would be right.
    message: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, rule, message } = self;
        write!(f, "{file}:{line}: {rule}: {message}")
    }
}

/// Checks everything; fails with the number of complaints after printing them.
pub(crate) fn run() -> Result<()> {
    let root = root();
    let mut complaints = Vec::new();
    let files = rust_files(&root)?;
    let mut model_lines = 0;
    for file in &files {
        let text = fs::read_to_string(root.join(file)).with_context(|| file.clone())?;
        complaints.extend(source::check(file, &text));
        if file.starts_with("crates/model/src") && !source::is_test(file) {
            model_lines += text.lines().count();
        }
    }
    if model_lines > MODEL_LINES {
        complaints.push(Complaint {
            file: "crates/model".to_owned(),
            line: 0,
            rule: "model-budget",
            message: format!("{model_lines} lines; it holds data only, in {MODEL_LINES} at most"),
        });
    }
    complaints.extend(edges::check(&root)?);
    complaints.extend(pictures::check(&root)?);
    let complaints = without_exceptions(&root, complaints)?;
    for complaint in &complaints {
        println!("{complaint}");
    }
    match complaints.len() {
        0 => {
            println!("tidy: {} files, nothing to complain about", files.len());
            Ok(())
        }
        number => bail!("tidy: {number} complaints"),
    }
}

/// Takes out what is excepted; complains about exceptions that nothing needs.
fn without_exceptions(root: &Path, complaints: Vec<Complaint>) -> Result<Vec<Complaint>> {
    let text = fs::read_to_string(root.join(EXCEPTIONS)).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let exceptions: BTreeSet<&str> = lines.collect();
    if exceptions.len() > MAX_EXCEPTIONS {
        bail!("{EXCEPTIONS} has {} lines, {MAX_EXCEPTIONS} are allowed", exceptions.len());
    }
    let mut used = BTreeSet::new();
    let mut left: Vec<Complaint> = Vec::new();
    for complaint in complaints {
        let name = format!("{}: {}", complaint.file, complaint.rule);
        match exceptions.get(name.as_str()) {
            Some(exception) => {
                used.insert(*exception);
            }
            None => left.push(complaint),
        }
    }
    for unused in exceptions.difference(&used) {
        left.push(Complaint {
            file: EXCEPTIONS.to_owned(),
            line: 0,
            rule: "exception",
            message: format!("`{unused}` is not needed any more: remove it"),
        });
    }
    left.sort();
    Ok(left)
}

/// Every `.rs` file of ours, from the root, in order.
fn rust_files(root: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for top in ["crates", "xtask", "fuzz"] {
        let top = root.join(top);
        if top.is_dir() {
            walk(&top, &mut files)?;
        }
    }
    let mut names: Vec<String> = files
        .iter()
        .filter_map(|file| Some(file.strip_prefix(root).ok()?.to_string_lossy().into_owned()))
        .collect();
    names.sort();
    Ok(names)
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !["target", "node_modules", "corpus", "artifacts"].contains(&name.as_str()) {
                walk(&path, files)?;
            }
        } else if name.ends_with(".rs") {
            files.push(path);
        }
    }
    Ok(())
}
