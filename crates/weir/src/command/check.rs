//! `weir check`: every problem of the configuration and the policies. Starts nothing.

use crate::{
    cli::CheckArgs,
    exit::{Failure, Problem, render},
    out::Out,
};
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
