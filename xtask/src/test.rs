//! Everything that must hold before a change is done, in one command. Knows how to run tests and
//! count them, and nothing of what they check.

use crate::step::{cargo, root, show, step};
use crate::{fuzz, install, tidy};
use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use testkit::tool;

/// Seconds that each fuzz target gets: enough to find what is broken at once.
const FUZZ_SECONDS: u32 = 5;

/// What passed and what failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    passed: usize,
    failed: usize,
}

impl Count {
    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }

    /// A check without cases counts as one.
    fn check(&mut self, result: Result<()>) {
        match result {
            Ok(()) => self.passed += 1,
            Err(error) => {
                eprintln!("error: {error:#}");
                self.failed += 1;
            }
        }
    }
}

/// Runs all of it; the last line says how many passed and failed.
pub(crate) fn run() -> Result<()> {
    install::everything()?;
    let mut count = Count::default();
    count.check(step("tidy", tidy::run));
    if tool::find("cargo-fmt").is_some() {
        count.check(step("format", || show(cargo().args(["fmt", "--all", "--check"]))));
    }
    step("build", || show(cargo().args(["build", "--workspace", "--all-targets"])))?;
    if tool::find("cargo-clippy").is_some() {
        let arguments = ["clippy", "--quiet", "--workspace", "--all-targets", "--"];
        count.check(step("clippy", || show(cargo().args(arguments).args(["-D", "warnings"]))));
    }
    count.add(step("tests", suite)?);
    count
        .add(step("examples in docs", || counted(cargo().args(["test", "--workspace", "--doc"])))?);
    count.check(step("fuzz targets", || fuzz::run(FUZZ_SECONDS)));
    let Count { passed, failed } = count;
    println!("{passed} passed, {failed} failed");
    if failed > 0 || passed == 0 {
        bail!("not everything passed");
    }
    Ok(())
}

/// By nextest where it is installed, since it shows progress and isolates each test; building it
/// only for that would take longer than the tests.
fn suite() -> Result<Count> {
    if tool::find("cargo-nextest").is_some() {
        counted(cargo().args(["nextest", "run", "--workspace", "--no-fail-fast"]))
    } else {
        let arguments = ["test", "--workspace", "--all-targets", "--no-fail-fast"];
        counted(cargo().args(arguments))
    }
}

/// Runs a test command with its output shown, and adds up what its summaries say.
fn counted(command: &mut Command) -> Result<Count> {
    let line = format!("{command:?}");
    // One pipe for both streams, so that the lines stay in order.
    let (reader, writer) = std::io::pipe().context("no pipe")?;
    command.stdout(writer.try_clone()?).stderr(writer).stdin(Stdio::null());
    command.current_dir(root()).env("WEIR_CLIENTS", install::clients()?);
    let mut child = command.spawn().with_context(|| format!("run {line}"))?;
    // The command holds the pipe's writing end; reading would never end while it does.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let (mut count, mut closing) = (Count::default(), None);
    for line in BufReader::new(reader).lines().map_while(Result::ok) {
        eprintln!("{line}");
        match summary(&line) {
            // Nextest shows what a failed test printed, its own count among it; it closes with one
            // of all.
            Some(found) if line.trim_start().starts_with("Summary") => closing = Some(found),
            Some(found) => count.add(found),
            None => {}
        }
    }
    let count = closing.unwrap_or(count);
    let status = child.wait()?;
    if !status.success() && count.failed == 0 {
        bail!("{line} ended with {status}");
    }
    Ok(count)
}

/// Reads `test result: ok. 5 passed; 0 failed; …` and nextest's
/// `Summary [ 1.2s] 5 tests run: 5 passed, 0 skipped`.
fn summary(line: &str) -> Option<Count> {
    let line = line.trim_start();
    let rest = match line.strip_prefix("test result: ") {
        Some(rest) => rest,
        None => line.strip_prefix("Summary [")?.split_once("run:")?.1,
    };
    let number = |word: &str| -> usize {
        let before = rest.split_once(word).map_or("", |(before, _)| before);
        let digits = before.trim_end().rsplit(|c: char| !c.is_ascii_digit()).next();
        digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
    };
    let failed = number(" failed") + number(" timed out");
    Some(Count { passed: number(" passed"), failed })
}

#[cfg(test)]
mod tests;
