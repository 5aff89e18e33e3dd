//! `weir check`: every problem of the configuration and the policies. Starts nothing.

use crate::{
    cli::CheckArgs,
    exit::{Failure, Problem, render},
    out::Out,
};
use config::Config;
use std::path::Path;

pub(super) fn check(file: &Path, args: &CheckArgs) -> Result<(), Failure> {
    let mut warnings: Vec<Problem> = Vec::new();
    let mut problems: Vec<Problem> = Vec::new();
    let mut databases = 0;
    match config::load(file) {
        Ok(config) => {
            databases = config.databases.len();
            if let Err(found) = policy::PolicySet::load(config.policies.dir.as_deref()) {
                problems.extend(found.into_iter().map(Problem::from));
            }
            problems.extend(obstacles(&config));
            warnings.extend(config.warnings.into_iter().map(Problem::from));
        }
        Err(found) => problems.extend(found.into_iter().map(Problem::from)),
    }
    let mut out = Out::new();
    if args.json {
        let ok = problems.is_empty();
        let report = serde_json::json!({ "ok": ok, "problems": problems, "warnings": warnings });
        out.json(&report)?;
        out.flush()?;
    } else {
        for line in render(&warnings).lines() {
            // The help below a warning is indented and stays as it is.
            let mark = if line.starts_with(' ') { "" } else { "warning: " };
            eprintln!("{mark}{line}");
        }
        if problems.is_empty() {
            let plural = if databases == 1 { "" } else { "s" };
            let name = file.display();
            out.line(format!("{name} and the policies are sound: {databases} database{plural}"))?;
            out.flush()?;
        }
    }
    match (problems.is_empty(), args.json) {
        (true, _) => Ok(()),
        (false, true) => Err(Failure::Problems(Vec::new())),
        (false, false) => Err(Failure::Problems(problems)),
    }
}

/// What the file names and a start would fail at: told before there is a start.
fn obstacles(config: &Config) -> Vec<Problem> {
    let mut obstacles = Vec::new();
    let mut found = |message: String, help: &str| {
        let (file, help) = (config.file.display().to_string(), Some(help.to_owned()));
        obstacles.push(Problem { file, line: 0, column: 0, message, help });
    };
    if let Err(error) = crate::serve::certificate_stands(config) {
        found(format!("{error:#}"), "weir serve would not start: give PEM files that it can read");
    }
    // Whatever is there already: the folder itself, or what it would be made in.
    let standing = config.state_dir.ancestors().find(|folder| folder.exists());
    if let Some(standing) = standing.filter(|standing| !writable(standing)) {
        found(
            format!("state_dir: {} cannot be written to", standing.display()),
            "weir serve would not start: it keeps the ledger and its keys there",
        );
    }
    obstacles
}

/// Whether something can be made in a folder: tried, since a mount may refuse what modes allow.
fn writable(folder: &Path) -> bool {
    let tried = folder.join(format!(".weir-check-{}", std::process::id()));
    std::fs::create_dir(&tried).and_then(|()| std::fs::remove_dir(&tried)).is_ok()
}
