//! `weir policy test`: cases of files, run and told. Decides nothing itself.

use crate::{cli::TestArgs, exit::Failure, exit::problems, out::Out};
use policy::PolicySet;
use rehearsal::{CaseFile, Ran};
use serde_json::json;
use std::{
    fs,
    path::{Path, PathBuf},
};

pub(super) fn run(file: &Path, args: &TestArgs) -> Result<(), Failure> {
    let beside = args.path.as_deref().map(folder_of).filter(|dir| holds(dir, "cedar"));
    let dir = match args.dir.clone().or(beside) {
        Some(dir) => Some(dir),
        None => super::folder(file, None)?,
    };
    let from = match args.path.clone().or_else(|| dir.clone()) {
        Some(path) => path,
        None => return Err(Failure::Refused("where are the cases? weir policy test PATH".into())),
    };
    let files = cases(&from)?;
    if files.is_empty() {
        let why = format!("there are no cases (*.md) in {}", from.display());
        return Err(Failure::Refused(why));
    }
    let policies = PolicySet::load(dir.as_deref()).map_err(problems)?;
    let mut ran = Vec::new();
    for file in files {
        let read = read(&file)?;
        ran.push((read.name().to_owned(), read.run(&policies)));
    }
    tell(&ran, args.json)
}

fn folder_of(path: &Path) -> PathBuf {
    let dir = if path.is_dir() { Some(path) } else { path.parent() };
    dir.filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}

fn holds(dir: &Path, extension: &str) -> bool {
    listed(dir, extension).is_ok_and(|files| !files.is_empty())
}

fn listed(dir: &Path, extension: &str) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        let file = entry?.path();
        if file.extension().is_some_and(|found| found == extension) {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

/// A file, or those of a folder and of its folder `tests`. A README is for people.
fn cases(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let of = |error| anyhow::anyhow!("{} cannot be read: {error}", path.display());
    let mut files = listed(path, "md").map_err(of)?;
    let tests = path.join("tests");
    if tests.is_dir() {
        files.extend(listed(&tests, "md").map_err(of)?);
    }
    files.retain(|file| file.file_stem().is_none_or(|name| name != "README"));
    Ok(files)
}

fn read(file: &Path) -> Result<CaseFile, Failure> {
    let name = file.display().to_string();
    let text = fs::read_to_string(file)
        .map_err(|error| anyhow::anyhow!("{name} cannot be read: {error}"))?;
    let dir = file.parent().unwrap_or(Path::new("."));
    let other = |schema: &str| fs::read_to_string(dir.join(schema)).ok();
    CaseFile::read(&name, &text, other).map_err(|mistake| {
        let rehearsal::Mistake { file, line, message } = mistake;
        let problem = crate::exit::Problem { file, line, column: 1, message, help: None };
        Failure::Problems(vec![problem])
    })
}

fn tell(files: &[(String, Vec<Ran>)], as_json: bool) -> Result<(), Failure> {
    let mut out = Out::new();
    let all = files.iter().map(|(_, ran)| ran.len()).sum::<usize>();
    let fails = |ran: &&Ran| !ran.differences.is_empty();
    let failed = files.iter().flat_map(|(_, ran)| ran).filter(fails).count();
    if as_json {
        let cases = files.iter().flat_map(|(file, ran)| ran.iter().map(|ran| object(file, ran)));
        out.json(&json!({ "ok": failed == 0, "cases": cases.collect::<Vec<_>>() }))?;
    } else {
        for (file, ran) in files {
            for ran in ran.iter().filter(fails) {
                out.line(format!("{file}:{}: {}", ran.line, ran.title))?;
                for found in &ran.differences {
                    out.line(format!("  {file}:{}", found.line))?;
                    out.line(format!("    expected  {}", found.expected))?;
                    out.line(format!("    actual    {}", found.actual))?;
                }
                for reason in ran.verdict.iter().flat_map(|verdict| &verdict.reasons) {
                    out.line(format!("    because   {reason}"))?;
                }
            }
        }
        out.line(format!("{} of {all} cases hold", all - failed))?;
    }
    out.flush()?;
    match failed {
        0 => Ok(()),
        failed => Err(anyhow::anyhow!("{failed} of {all} cases do not hold").into()),
    }
}

fn object(file: &str, ran: &Ran) -> serde_json::Value {
    let differences = ran.differences.iter().map(
        |found| json!({ "line": found.line, "expected": found.expected, "actual": found.actual }),
    );
    json!({
        "file": file,
        "line": ran.line,
        "case": ran.title,
        "ok": ran.differences.is_empty(),
        "differences": differences.collect::<Vec<_>>(),
        "verdict": ran.verdict,
    })
}
