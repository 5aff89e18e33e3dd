//! The `weir` program: reads the command line, runs one command, answers with an exit code. Knows
//! no command from inside.
//!
//! ```text
//! cli ─▶ command ─┬─▶ serve   (config, store, ledger, policies, engines, http)
//!                 ├─▶ check, init, policy, identity
//!                 └─▶ audit   (reads the ledger beside a running serve)
//! ```

mod actor;
mod anchors;
mod approvals;
mod audit;
mod channels;
mod cli;
mod cloud;
mod command;
mod delegations;
mod end_users;
mod events;
mod exchange;
mod exit;
mod fetched;
mod grants;
mod http;
mod issuers;
mod labels;
mod layout;
mod logging;
mod login;
mod mcp;
mod metrics;
mod out;
mod people;
mod preview;
mod progress;
mod providers;
mod say;
mod seal;
mod second_factor;
mod serve;
mod shares;
mod signing;
mod tasks;
mod uptake;
mod vault;
mod visible;
mod watch;
mod witness;
mod workloads;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    match command::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
