//! `weir ca …` on the command line.

use super::grants::lasting;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `weir ca …`
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  weir ca init
  weir ca issue reports --for 8h --out /run/reports
  weir ca issue reports --out /run/reports --unless-good-for 2h      # from a timer
  weir ca revoke reports

psql 'host=weir.internal port=6432 user=reports dbname=shop sslcert=/run/reports/reports.pem \\
      sslkey=/run/reports/reports.key'")]
pub(crate) enum CaCommand {
    /// Make the authority: its key and its certificate, in the state folder.
    Init {
        /// For how long it is good: 365d, 3650d.
        #[arg(long = "for", value_name = "TIME", value_parser = lasting, default_value = "1825d")]
        seconds: u64,
    },
    /// Issue a certificate by which an identity signs in, with a key of its own.
    Issue(CaIssue),
    /// End every certificate that an identity has now, whoever signed it; its sessions end too.
    Revoke {
        /// The identity.
        identity: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct CaIssue {
    /// The person, service or agent.
    pub(crate) identity: String,
    /// For how long it is good: 15m, 8h. What `[ca]` says unless given.
    #[arg(long = "for", value_name = "TIME", value_parser = lasting)]
    pub(crate) seconds: Option<u64>,
    /// The folder for NAME.pem and NAME.key; those that are there are replaced.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub(crate) out: PathBuf,
    /// Do nothing if the certificate that is there is good for so long yet.
    #[arg(long, value_name = "TIME", value_parser = lasting)]
    pub(crate) unless_good_for: Option<u64>,
}
