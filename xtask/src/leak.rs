//! The long run of the leak fuzzer. Knows which test it is, and nothing of what it does.

use crate::install;
use crate::step::{cargo, root, show, step};
use anyhow::{Result, bail};
use std::process::Command;

/// Statements unless said otherwise: an hour's work on a small machine.
const STATEMENTS: u64 = 100_000;

/// Runs random statements, and as many of SQLsmith's hundredth part; the words are
/// `--statements N` and `--seed S` in any order.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    let (mut statements, mut seed) = (STATEMENTS, None);
    for pair in words.chunks(2) {
        match pair {
            ["--statements", count] => statements = count.parse()?,
            ["--seed", number] => seed = Some(number.parse::<u64>()?),
            _ => bail!("cargo xtask leak [--statements N] [--seed S], not {}", pair.join(" ")),
        }
    }
    install::fuzzing()?;
    step("build", || {
        show(cargo().args(["build", "--release", "--package", "weir", "--package", "tests"]))
    })?;
    step(&format!("{statements} random statements"), || {
        let mut test = cargo();
        test.args(["test", "--release", "--package", "weir", "--package", "tests"])
            .args(["--test", "e2e", "leak::", "--", "--nocapture", "--test-threads", "1"])
            .env("WEIR_LEAK_STATEMENTS", statements.to_string())
            .envs(seed.map(|seed| ("WEIR_SEED", seed.to_string())));
        polite(&mut test)
    })
}

/// Runs a command so that the machine stays of use beside it.
fn polite(command: &mut Command) -> Result<()> {
    let mut nice = Command::new("nice");
    nice.args(["-n", "10"]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => nice.env(name, value),
            None => nice.env_remove(name),
        };
    }
    show(nice.current_dir(root()))
}
