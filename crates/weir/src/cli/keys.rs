//! `weir key …` on the command line.

use super::grants::lasting;
use clap::{Args, Subcommand};

/// `weir key …`
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  weir key create svc-reports --database shop --for 30d
  weir key rotate k-8fK2mQz41xLw --overlap 24h
  weir key list svc-reports
  weir key revoke k-8fK2mQz41xLw

A key is the password in every client, and is shown once. Without --for it is good as long as
[keys] in weir.toml says. A session ends within a second when its key is revoked, and with its
key's time.")]
pub(crate) enum KeyCommand {
    /// Make a key for a service or an agent.
    Create(KeyCreate),
    /// Keys in force, newest first: whose, for what, until when, when and from where last used.
    List {
        /// Whose; everybody's unless given.
        identity: Option<String>,
        /// Keys that are over, too.
        #[arg(long)]
        all: bool,
        /// As JSON: an array of objects.
        #[arg(long)]
        json: bool,
    },
    /// Make a key in the place of another, which stays good for a while.
    Rotate(KeyRotate),
    /// End a key, or a token, at once; its sessions end with it.
    Revoke {
        /// Its name, as `list` and the record have it.
        key: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct KeyCreate {
    /// The service or agent.
    pub(crate) identity: String,
    /// Good for this database only, by Weir's name; may be given several times.
    #[arg(long = "database", value_name = "DATABASE")]
    pub(crate) databases: Vec<String>,
    /// For how long it is good: 90s, 15m, 8h, 30d.
    #[arg(long = "for", value_name = "TIME", value_parser = lasting)]
    pub(crate) seconds: Option<u64>,
    /// The result as JSON, the key included.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct KeyRotate {
    /// The key that is replaced. The new one is for the same databases.
    pub(crate) key: String,
    /// For how long the old one is still good, if its own end is not before: 90s, 15m, 8h, 2d; 0s
    /// for not at all.
    #[arg(long, value_name = "TIME", value_parser = overlap, default_value = "24h")]
    pub(crate) overlap: u64,
    /// For how long the new one is good: 90s, 15m, 8h, 30d.
    #[arg(long = "for", value_name = "TIME", value_parser = lasting)]
    pub(crate) seconds: Option<u64>,
    /// The result as JSON, the key included.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Like [`lasting`]; no time at all is one, too.
fn overlap(text: &str) -> Result<u64, String> {
    if text == "0s" { Ok(0) } else { lasting(text) }
}
