//! A checkpoint as a commit. Runs the `git` program, so that its configuration, keys and helpers
//! hold; never forces anything.

use anyhow::{Context, ensure};
use config::Repository;
use std::{ffi::OsStr, fs, process::Output, time::Duration};
use tlog::Checkpoint;
use tokio::process::Command;

/// How long one call of `git` may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Commits the checkpoint, if it is not the last one that was, and pushes.
pub(super) async fn push(
    repository: &Repository,
    head: &Checkpoint,
    note: &str,
) -> anyhow::Result<()> {
    let name = file(&head.origin);
    let path = repository.path.join(&name);
    ensure!(repository.path.is_dir(), "there is no such folder");
    fs::write(&path, note).with_context(|| format!("{} cannot be written", path.display()))?;
    done(repository, &["add", "--", &name]).await?;
    let staged = run(repository, &["diff", "--cached", "--quiet", "--", &name]).await?;
    if staged.status.code() == Some(1) {
        let message = format!("{}: {} records", head.origin, head.size);
        let author = ["-c", "user.name=Weir", "-c", "user.email=weir@localhost"];
        let commit = ["commit", "--quiet", "--message", &message, "--", &name];
        done(repository, &[author.as_slice(), &commit].concat()).await?;
    }
    // Also what was committed before and could not be pushed then.
    done(repository, &["push", "--quiet", &repository.remote, "HEAD"]).await
}

/// The file of a ledger's checkpoints: one repository can have those of several.
fn file(origin: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let name: String = origin.chars().map(plain).collect();
    format!("{}.checkpoint", name.trim_start_matches(['.', '-']))
}

async fn done(repository: &Repository, arguments: &[&str]) -> anyhow::Result<()> {
    let output = run(repository, arguments).await?;
    let said = String::from_utf8_lossy(&output.stderr);
    let verb = arguments.iter().find(|word| !word.starts_with("-c") && !word.contains('='));
    let verb = verb.copied().unwrap_or_default();
    ensure!(output.status.success(), "git {verb}: {}", said.trim());
    Ok(())
}

async fn run(repository: &Repository, arguments: &[&str]) -> anyhow::Result<Output> {
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(&repository.path)
        .args(arguments.iter().map(OsStr::new))
        // Nobody is there to be asked.
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes")
        .stdin(std::process::Stdio::null())
        .kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output()).await;
    output.context("git does not answer")?.context("git cannot be run")
}
