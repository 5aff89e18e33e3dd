//! The project's own commands, run as `cargo xtask COMMAND`. Needs Rust and a C compiler; what
//! else a command needs it installs or names. Knows Weir only as a program to build and start.

mod bench;
mod demo;
mod eval;
mod fuzz;
mod install;
mod leak;
mod pictures;
mod step;
mod test;
mod tidy;

use anyhow::{Result, bail};
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask COMMAND

  demo             start PostgreSQL with a sample shop and Weir before it; print lines to paste
  demo --smoke     the same, run those lines, check what they print, and end
  test             install what is missing, build, check, and run every test
  bench [--quick]  compare with a direct connection and with PgBouncer (quick: two minutes)
  bench --rows [WEIR]  what rows and COPY cost, alone
  bench --durable [WEIR]  what a durable record adds to a statement, in fdatasyncs
  bench --lag [WEIR]  how far the ledger's index stays behind under pgbench
  bench --questions N  how fast the record answers when it has N records
  bench --console [--records N] [--sessions N] [--kept FOLDER] [--weir WEIR]
                   what the console's pages take over ten million records and a thousand sessions
  bench --crowd N [WEIR]  N idle sessions rest before a server with 120 places, and come back
  bench --soak MINUTES [WEIR]  clients come and go at random; memory and files must not grow
  tidy             check the house rules
  pictures         make the documentation's pictures of the console anew
  fuzz [--seconds N]  run every fuzz target for N seconds each (10)
  eval [--quick] [--seed S]  what is found in labelled data, beside Presidio in the same run
  eval --publish [--seed S]  the same, its tables put into docs/detection.md
  leak [--statements N] [--seed S]  look for labelled values behind random statements (100000)
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Result<()> {
    match words {
        ["demo"] => demo::stay(),
        ["demo", "--smoke"] => demo::smoke(),
        ["test"] => test::run(),
        ["bench"] => bench::run(bench::Length::Full),
        ["bench", "--quick"] => bench::run(bench::Length::Quick),
        ["bench", "--rows"] => bench::rows(None),
        ["bench", "--rows", program] => bench::rows(Some(program)),
        ["bench", "--durable"] => bench::durable(None),
        ["bench", "--durable", program] => bench::durable(Some(program)),
        ["bench", "--lag"] => bench::lag(None),
        ["bench", "--lag", program] => bench::lag(Some(program)),
        ["bench", "--questions", records] => bench::questions(records),
        ["bench", "--console", words @ ..] => {
            bench::console::run(&bench::console::Scale::of(words)?)
        }
        ["bench", "--crowd", clients] => bench::crowd(clients, None),
        ["bench", "--crowd", clients, program] => bench::crowd(clients, Some(program)),
        ["bench", "--soak", minutes] => bench::soak(minutes, None),
        ["bench", "--soak", minutes, program] => bench::soak(minutes, Some(program)),
        ["tidy"] => tidy::run(),
        ["pictures"] => pictures::run(),
        ["fuzz"] => fuzz::run(fuzz::SECONDS),
        ["fuzz", "--seconds", seconds] => fuzz::run(seconds.parse()?),
        ["eval", words @ ..] => eval::run(words),
        ["leak", words @ ..] => leak::run(words),
        [] | ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(())
        }
        _ => bail!("no such command: {}\n\n{HELP}", words.join(" ")),
    }
}
