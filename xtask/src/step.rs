//! Steps with progress shown: what is done now, how long it took. Knows no command.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_owned()
}

/// Says what is done, does it, says how long it took.
pub(crate) fn step<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    eprintln!("==> {what}");
    let begin = Instant::now();
    let done = work().with_context(|| format!("failed: {what}"))?;
    eprintln!("    {what}: {:.1} s", begin.elapsed().as_secs_f64());
    Ok(done)
}

/// Runs a command in the root of the repository with its output shown; fails if it does.
pub(crate) fn show(command: &mut Command) -> Result<()> {
    let line = format!("{command:?}");
    let status = command.current_dir(root()).status().with_context(|| format!("run {line}"))?;
    if !status.success() {
        bail!("{line} ended with {status}");
    }
    Ok(())
}

/// The cargo that runs us.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // Inherited from `cargo run`; they would make the inner cargo rebuild what it has.
    cargo.env_remove("CARGO_MANIFEST_DIR").env_remove("CARGO_PKG_NAME");
    cargo
}

/// Where cargo builds: two levels above ourselves.
pub(crate) fn target_folder() -> Result<PathBuf> {
    let own = std::env::current_exe().context("where are we?")?;
    Ok(own.ancestors().nth(2).context("no target folder")?.to_owned())
}

/// As what Weir is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Build {
    /// As tests have it, which is there soonest.
    Dev,
    /// As it is handed out.
    Dist,
}

/// Builds Weir and says where the program is.
pub(crate) fn build_weir(what: Build) -> Result<PathBuf> {
    let (profile, folder) = match what {
        Build::Dev => ("dev", "debug"),
        Build::Dist => ("dist", "dist"),
    };
    show(cargo().args(["build", "--package", "weir", "--profile", profile]))?;
    let program = target_folder()?.join(folder).join("weir");
    if !program.is_file() {
        bail!("{} was not built", program.display());
    }
    Ok(program)
}
