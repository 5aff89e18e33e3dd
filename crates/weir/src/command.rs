//! From a parsed command line to the room that does the work. Decides nothing but which.

mod approvals;
mod ca;
mod channels;
mod check;
mod connect;
mod grants;
mod identity;
mod init;
mod keys;
mod labels;
mod login;
mod mcp;
pub(crate) mod policy;
mod preview;
mod pseudonyms;
mod reference;
mod tasks;
mod totp;
mod url;

use crate::{
    audit,
    cli::{AuditCommand, Cli, Command, Shell},
    exit::{Failure, problems},
    out::Out,
    serve,
};
use clap::CommandFactory;
use std::{future::Future, path::Path};

/// Runs one command.
pub(crate) fn run(cli: Cli) -> Result<(), Failure> {
    let file = cli.config.as_path();
    match cli.command {
        Command::Serve => Ok(serve::start(load(file)?)?),
        Command::Check(args) => check::check(file, &args),
        Command::Init(args) => init::init(file, &args),
        Command::Identity(command) => block_on(identity::run(&load(file)?, command))?,
        Command::Key(command) => block_on(keys::run(&load(file)?, command))?,
        Command::Ca(command) => block_on(ca::run(&load(file)?, command))?,
        Command::Labels(command) => block_on(labels::run(&load(file)?, command))?,
        Command::Policy(command) => policy::run(file, command),
        Command::Approvals(command) => block_on(approvals::run(&load(file)?, command))?,
        Command::Channels { json } => block_on(channels::run(&load(file)?, json))?,
        Command::Preview(args) => block_on(preview::preview(|| load(file), args))?,
        Command::Mcp(args) => block_on(mcp::mcp(|| load(file), args))?,
        Command::Grants(command) => block_on(grants::run(&load(file)?, command))?,
        Command::Task(command) => block_on(tasks::run(&load(file)?, command))?,
        Command::Pseudonyms(command) => block_on(pseudonyms::run(&load(file)?, command))?,
        Command::Audit(command) => {
            // What works on copies and files needs no weir.toml.
            let dir = || Ok::<_, Failure>(crate::layout::ledger(&load(file)?));
            let read = |what: &str| block_on(audit::noted(&load(file)?, what))?;
            let noted = |what: &str| noted(file, what);
            match command {
                AuditCommand::Tail(args) => audit::tail(&read("tail")?, &args),
                AuditCommand::Show { id, json, text, full } => {
                    let with = if text { " with its text" } else { "" };
                    let how = audit::How { json, text, full };
                    audit::show(&read(&format!("show {id}{with}"))?, &id, how)
                }
                AuditCommand::Forget { identity, before } => {
                    let (identity, before) = (identity.as_deref(), before.as_deref());
                    block_on(audit::forget(&load(file)?, identity, before))?
                }
                AuditCommand::Verify(args) => match &args.dir {
                    Some(copy) => audit::verify(copy, &args),
                    None => audit::verify(&dir()?, &args),
                },
                AuditCommand::Proof { id, outcome, entry } => {
                    let dir = read(&format!("proof of {id}"))?;
                    audit::proof(&dir, &id, outcome, entry.as_deref())
                }
                AuditCommand::CheckProof { proof, entry, key } => {
                    audit::check_proof(&proof, &entry, &key)
                }
                AuditCommand::Search(args) => audit::search(noted, &args),
                AuditCommand::Words => audit::words(),
                AuditCommand::Sql(args) => audit::sql(noted, &args),
                AuditCommand::Trace(args) => audit::trace(noted, &args),
                AuditCommand::Index(args) => audit::index(|_| load(file), &args),
                AuditCommand::Key => audit::key(&dir()?),
                AuditCommand::Checkpoint => audit::checkpoint(&dir()?),
            }
        }
        Command::Report(command) => audit::report(|what: &str| noted(file, what), &command),
        Command::Login(args) => block_on(login::login(args))?,
        Command::Logout => block_on(login::logout())?,
        Command::Token(args) => block_on(login::token(args))?,
        Command::Connect(args) => block_on(connect::connect(args))?,
        Command::Pgpass(args) => block_on(connect::pgpass(args))?,
        Command::Completions { shell } => completions(shell),
        Command::Version { json } => version(json),
        Command::Reference => reference::print(),
    }
}

/// The configuration, or every problem it has.
fn load(file: &Path) -> Result<config::Config, Failure> {
    config::load(file).map_err(problems)
}

/// The configuration, for a reading that is a record itself.
fn noted(file: &Path, what: &str) -> Result<config::Config, Failure> {
    let config = load(file)?;
    block_on(audit::noted(&config, what))??;
    Ok(config)
}

/// Runs what waits for the store, on this thread.
fn block_on<F: Future>(work: F) -> Result<F::Output, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(work);
    runtime.block_on(crate::vault::close());
    Ok(done)
}

fn completions(shell: Shell) -> Result<(), Failure> {
    use clap_complete::shells::{Bash, Fish, Zsh};
    let mut command = Cli::command();
    let mut script = Vec::new();
    match shell {
        Shell::Bash => clap_complete::generate(Bash, &mut command, "weir", &mut script),
        Shell::Zsh => clap_complete::generate(Zsh, &mut command, "weir", &mut script),
        Shell::Fish => clap_complete::generate(Fish, &mut command, "weir", &mut script),
    }
    let mut out = Out::new();
    out.data(String::from_utf8_lossy(&script).trim_end())?;
    Ok(out.flush()?)
}

fn version(json: bool) -> Result<(), Failure> {
    let mut out = Out::new();
    let version = env!("CARGO_PKG_VERSION");
    if json {
        out.json(&serde_json::json!({ "name": "weir", "version": version }))?;
    } else {
        out.line(format!("weir {version}"))?;
    }
    Ok(out.flush()?)
}
