//! `weir approvals …` on the command line.

use clap::{Args, Subcommand};

/// `weir approvals …`
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  weir approvals list                                    what waits now
  weir approvals show 0d4q2mr8k3v0h-3f7a.0000012         the statement, why it waits, who may decide
  weir approvals show 0d4q2mr8k3v0h-3f7a.0000012 --preview --as carol    what it would change, too
  weir approvals approve 0d4q2mr8k3v0h-3f7a.0000012 --as carol --reason 'ticket OPS-17'
  weir approvals delegate dave --as carol --for 14d --reason 'on holiday'
  weir approvals deny 0d4q2mr8k3v0h-3f7a.0000012 --as carol --reason 'use the export job'
  weir approvals withdraw 0d4q2mr8k3v0h-3f7a.0000012 --as alice

A statement waits where a policy has @approval. Whoever approves proves who they are with the
password they sign in with; nobody approves what they asked for, or what an agent asked for on their
behalf. An approval is for exactly this statement with these values, once, and for no longer than
the request says.")]
pub(crate) enum ApprovalsCommand {
    /// Requests that are open or approved and not used yet, newest first.
    List {
        /// Those that are over, too.
        #[arg(long)]
        all: bool,
        /// As JSON: an array of objects.
        #[arg(long)]
        json: bool,
    },
    /// Everything about one request, the statement with its values too. Stands in the record.
    Show(Show),
    /// Let a statement run.
    Approve(Voice),
    /// Refuse a statement; one that is approved and did not run yet, too.
    Deny(Voice),
    /// Take back what one has asked for, or its approval if it was not used.
    Withdraw(Voice),
    /// Hand one's voice on to another person for a while, for requests and grants.
    #[command(after_help = "\
Examples:
  weir approvals delegate dave --as carol --for 14d --reason 'on holiday'
  weir approvals delegate dave --as carol --group dba --for 8h --reason 'at the dentist'

As long as it lasts the two are one voice: they count once, and neither decides about what the other
asked for. It can be handed on once: whoever has somebody's voice hands on none.")]
    Delegate(Delegate),
    /// End what one has handed on, or was handed.
    Undelegate(Undelegate),
    /// Whose voice is with whom.
    Delegations {
        /// Those that are over, too.
        #[arg(long)]
        all: bool,
        /// As JSON: an array of objects.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The request, as the client was told.
    pub(crate) request: String,
    /// What it would change: tried with the rights of whoever asks, and undone. Asks a running
    /// Weir, and needs --as.
    #[arg(long, requires = "person")]
    pub(crate) preview: bool,
    /// Who looks, by the name they sign in with.
    #[arg(long = "as", value_name = "NAME")]
    pub(crate) person: Option<String>,
    /// Read the password from standard input (one line); else it is asked for.
    #[arg(long)]
    pub(crate) password_stdin: bool,
    /// As JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Delegate {
    /// To whom: a person.
    pub(crate) to: String,
    /// Whose voice, by the name they sign in with.
    #[arg(long = "as", value_name = "NAME")]
    pub(crate) person: String,
    /// In which group; may be given several times. All of theirs unless given.
    #[arg(long = "group", value_name = "GROUP")]
    pub(crate) groups: Vec<String>,
    /// For how long: 90s, 15m, 8h, 2d; 31d at most.
    #[arg(long = "for", value_name = "TIME", value_parser = super::grants::lasting)]
    pub(crate) seconds: u64,
    /// Why; it stands in the record.
    #[arg(long)]
    pub(crate) reason: String,
    /// Read the password from standard input (one line); else it is asked for.
    #[arg(long)]
    pub(crate) password_stdin: bool,
    /// The result as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Undelegate {
    /// Who ends it, by the name they sign in with.
    #[arg(long = "as", value_name = "NAME")]
    pub(crate) person: String,
    /// Read the password from standard input (one line); else it is asked for.
    #[arg(long)]
    pub(crate) password_stdin: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Voice {
    /// The request, as the client was told.
    pub(crate) request: String,
    /// Who says so, by the name they sign in with: a person who decides, or who asked.
    #[arg(long = "as", value_name = "NAME")]
    pub(crate) person: String,
    /// Why; the person who asked reads it, and it stands in the record.
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) reason: String,
    /// Read the password from standard input (one line); else it is asked for.
    #[arg(long)]
    pub(crate) password_stdin: bool,
    /// The result as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}
