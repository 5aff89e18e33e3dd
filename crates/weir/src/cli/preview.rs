//! `weir preview` on the command line, and how a running Weir is reached, by `weir mcp` too.

use clap::Args;
use std::path::PathBuf;

/// `weir preview DATABASE STATEMENT`
#[derive(Debug, Args)]
#[command(after_help = "\
Calls a running Weir, as `weir mcp` does. Who asks is said by the environment: WEIR_TOKEN, or for a
person WEIR_USER and WEIR_PASSWORD; or by --as, which asks for the password. Shows the server's
plan, how many rows would change in which table, and a few rows before and after, masked. What no
rollback undoes is not tried.

Examples:
  WEIR_TOKEN=$(weir token) weir preview shop 'delete from jobs where id = 5' --url https://weir:6443
  weir preview shop 'update jobs set note = $1 where id = $2' -v done -v 5 --as alice")]
pub(crate) struct PreviewArgs {
    /// The database.
    pub(crate) database: String,
    /// The statement.
    pub(crate) statement: String,
    /// A value for $1, $2, …; may be given several times.
    #[arg(short = 'v', long = "value", value_name = "VALUE", allow_hyphen_values = true)]
    pub(crate) values: Vec<String>,
    /// Who asks: a person, by the name they sign in with.
    #[arg(long = "as", value_name = "NAME")]
    pub(crate) person: Option<String>,
    /// Read their password from standard input (one line).
    #[arg(long, requires = "person")]
    pub(crate) password_stdin: bool,
    /// As JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) remote: McpArgs,
}

// Without a doc comment: it would take the place of what the commands say of themselves.
#[derive(Debug, Args)]
pub(crate) struct McpArgs {
    /// Where Weir's API is; `api.url` or `listen.api` of weir.toml if not said.
    #[arg(long, env = "WEIR_URL")]
    pub(crate) url: Option<String>,
    /// Certificates to believe beside the system's: PEM.
    #[arg(long, value_name = "FILE", env = "WEIR_CA")]
    pub(crate) ca: Option<PathBuf>,
    /// The task that an agent works on, where it has several.
    #[arg(long, value_name = "TASK", env = "WEIR_TASK")]
    pub(crate) task: Option<String>,
}
