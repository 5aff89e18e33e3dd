//! `weir task …` on the command line.

use super::grants::lasting;
use clap::{Args, Subcommand};
use model::{Access, TaskTable};
use std::path::PathBuf;

/// `weir task …`
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  weir task create --as alice --agent copilot --purpose 'refunds of OPS-17' --database shop \\
      --table public.orders=read,write --table public.customers=read --rows 500 --for 2h
  weir task create --as alice --agent copilot --details task.json --for 1h
  weir task show t-0d4q2mr8k3v0h-3f7a
  weir task end t-0d4q2mr8k3v0h-3f7a --as alice --reason 'done'
  weir task clear t-0d4q2mr8k3v0h-3f7a --as alice --reason 'I read the ticket: harmless'

In a task an agent may do what policies permit to it and to whom it acts for, with the tables that
the task names, until its budgets are used up or its time is over. It works on its only task by
itself; where it has several, its client says which: options='-c weir.task=NAME'.")]
pub(crate) enum TaskCommand {
    /// Give an agent that acts for you a task.
    Create(TaskCreate),
    /// Tasks in force and agents that are tainted, newest first.
    List {
        /// Tasks that are over, too.
        #[arg(long)]
        all: bool,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Everything about one task.
    Show {
        /// The task.
        task: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// End a task; its sessions end with it.
    End(TaskVoice),
    /// Say that what an agent was shown is harmless: it may write again.
    Clear(TaskVoice),
}

#[derive(Debug, Args)]
pub(crate) struct TaskCreate {
    /// Who gives it: a person for whom the agent acts, by the name they sign in with.
    #[arg(long = "as", value_name = "NAME")]
    pub(crate) person: String,
    /// Whose task it is.
    #[arg(long)]
    pub(crate) agent: String,
    /// The whole task as authorization_details (RFC 9396); nothing of what follows then.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["purpose", "databases", "tables", "rows",
        "bytes", "cost", "statements", "time"])]
    pub(crate) details: Option<PathBuf>,
    /// What for.
    #[arg(
        long,
        required_unless_present = "details",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) purpose: String,
    /// A database, by Weir's name; may be given several times.
    #[arg(long = "database", value_name = "DATABASE", required_unless_present = "details")]
    pub(crate) databases: Vec<String>,
    /// A table and what may be done with it: public.orders=read,write; public.*=read; *=read.
    #[arg(long = "table", value_name = "TABLE=ACTIONS", value_parser = table)]
    pub(crate) tables: Vec<TaskTable>,
    /// Rows that it may be sent in all.
    #[arg(long)]
    pub(crate) rows: Option<u64>,
    /// Bytes of rows that it may be sent in all.
    #[arg(long)]
    pub(crate) bytes: Option<u64>,
    /// What the server's planner may expect of all its statements together.
    #[arg(long)]
    pub(crate) cost: Option<u64>,
    /// Statements that it may send.
    #[arg(long)]
    pub(crate) statements: Option<u64>,
    /// How long the server may work for it in all: 90s, 15m.
    #[arg(long, value_parser = lasting)]
    pub(crate) time: Option<u64>,
    /// For how long it is in force: 90s, 15m, 8h, 2d.
    #[arg(long = "for", value_name = "TIME", value_parser = lasting)]
    pub(crate) seconds: u64,
    /// Read the password from standard input (one line); else it is asked for.
    #[arg(long)]
    pub(crate) password_stdin: bool,
    /// The result as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TaskVoice {
    /// The task; to clear an agent outside of any, its chain: alice/copilot.
    pub(crate) task: String,
    /// Who says so, by the name they sign in with.
    #[arg(long = "as", value_name = "NAME")]
    pub(crate) person: String,
    /// Why; it stands in the record.
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) reason: String,
    /// Read the password from standard input (one line); else it is asked for.
    #[arg(long)]
    pub(crate) password_stdin: bool,
}

/// `public.orders=read,write`.
fn table(text: &str) -> Result<TaskTable, String> {
    let (table, actions) = text.split_once('=').unwrap_or((text, "read"));
    let action = |word: &str| match word.trim() {
        "read" => Ok(Access::Read),
        "write" => Ok(Access::Write),
        other => Err(format!("`{other}` is neither read nor write")),
    };
    let actions = actions.split(',').map(action).collect::<Result<_, _>>()?;
    Ok(TaskTable { table: table.to_owned(), actions })
}
