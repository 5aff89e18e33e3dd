//! `weir login`, `weir token`, `weir connect`: the command line of people who use Weir.

use clap::Args;
use std::{ffi::OsString, path::PathBuf};

#[derive(Debug, Args)]
pub(crate) struct LoginArgs {
    /// Where Weir's API is: https://weir.internal:6443
    #[arg(value_name = "URL")]
    pub(crate) url: String,
    /// Show a code to be entered on another device, instead of opening a browser.
    #[arg(long)]
    pub(crate) device: bool,
    /// Which provider, if Weir has several.
    #[arg(long, value_name = "NAME")]
    pub(crate) provider: Option<String>,
    /// PEM file of the certificates by which Weir is believed; the system's unless given.
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// The same for the provider.
    #[arg(long, value_name = "FILE")]
    pub(crate) provider_ca: Option<PathBuf>,
    /// Sign in by your password at Weir itself, and a code if you have a second factor.
    #[arg(long, conflicts_with_all = ["device", "provider", "provider_ca"])]
    pub(crate) local: bool,
    /// Who you are there; $USER unless given.
    #[arg(long, value_name = "NAME", requires = "local")]
    pub(crate) user: Option<String>,
    /// Read the password and the code from standard input, one line each.
    #[arg(long, requires = "local")]
    pub(crate) password_stdin: bool,
    /// Where databases are, if it is another host than the API's.
    #[arg(long, value_name = "HOST")]
    pub(crate) host: Option<String>,
    /// On which port, if Weir does not know it itself.
    #[arg(long, value_name = "PORT")]
    pub(crate) port: Option<u16>,
}

#[derive(Debug, Args)]
pub(crate) struct TokenArgs {
    /// Good for this database only; may be given several times.
    #[arg(long = "database", value_name = "NAME")]
    pub(crate) databases: Vec<String>,
    /// As JSON, with who it is for and until when.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ConnectArgs {
    /// The database.
    pub(crate) database: String,
    /// Run no client, but listen on this address of this machine (127.0.0.1 and a free port unless
    /// given) for programs that know no tokens: each connection is signed in afresh, without a
    /// password, if it is of a process of your own.
    #[arg(
        long,
        value_name = "ADDRESS",
        num_args = 0..=1,
        default_missing_value = "127.0.0.1:0",
        conflicts_with = "client"
    )]
    pub(crate) forward: Option<String>,
    /// The client and its arguments; psql unless given.
    #[arg(last = true, value_name = "CLIENT")]
    pub(crate) client: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct PgpassArgs {
    /// Write a service of this name, too, into $PGSERVICEFILE or ~/.pg_service.conf.
    #[arg(long, value_name = "NAME")]
    pub(crate) service: Option<String>,
    /// The service's database; its own name unless given.
    #[arg(long, value_name = "NAME", requires = "service")]
    pub(crate) database: Option<String>,
}
