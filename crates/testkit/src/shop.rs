//! The sample shop: people's data that nobody owns, the same on every machine.
//!
//! Its SQL is in `shop/` at the root of the repository. Knows nothing of Weir.

use crate::{Postgres, tool};
use anyhow::{Result, bail};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The file that loads the rest.
const ENTRY: &str = "load.sql";

/// The database that holds the shop unless a test wants another.
pub const DATABASE: &str = "shop";

/// Where the shop's SQL is.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shop")
}

/// Makes `database` in the cluster and loads the shop into it.
pub fn load(upstream: &Postgres, database: &str) -> Result<()> {
    upstream.create_database(database)?;
    load_through(&upstream.url(database))
}

/// Changes with the shop's text and with `more`. Not for secrets: it only names cache entries.
pub fn fingerprint(more: &[&str]) -> Result<u64> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder())?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        fs::read(&file)?.hash(&mut hasher);
    }
    more.hash(&mut hasher);
    Ok(hasher.finish())
}

/// Loads the shop through any connection.
pub fn load_through(url: &str) -> Result<()> {
    let mut psql = Command::new("psql");
    psql.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-f", ENTRY]);
    let outcome = tool::finish(psql.current_dir(folder()))?;
    if outcome.code != Some(0) {
        bail!("{outcome}");
    }
    Ok(())
}
