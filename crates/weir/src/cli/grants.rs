//! `weir grants …` on the command line.

use clap::{Args, Subcommand, ValueEnum};

/// `weir grants …`
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  weir grants request --as alice --group stewards --database shop --for 1h --purpose 'OPS-17'
  weir grants approve g-0d4q2mr8k3v0h-3f7a --as carol --reason 'as agreed in OPS-17'
  weir grants request --as alice --group stewards --database shop --for 30m --break-glass \\
      --purpose 'orders are stuck, nobody of dba answers'
  weir grants review g-0d4q2mr8k3v0h-3f7a --as erin --verdict fine --reason 'OPS-18'
  weir grants revoke g-0d4q2mr8k3v0h-3f7a --as alice

Whoever has a grant has the rights of its group on its databases, in sessions that begin while
it is in force; they end with it. Policies say who may ask, for how long, and whose consent it
needs: permits that name Action::\"assume\", and for --break-glass Action::\"break_glass\".
Everybody proves who they are with the password they sign in with, and nobody decides about
their own grant.")]
pub(crate) enum GrantsCommand {
    /// Grants that wait, are in force or are to be reviewed, newest first.
    List {
        /// Those that are over, too.
        #[arg(long)]
        all: bool,
        /// As JSON: an array of objects.
        #[arg(long)]
        json: bool,
    },
    /// Everything about one grant.
    Show {
        /// The grant.
        grant: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Ask for the rights of a group for a while.
    Request(GrantRequest),
    /// Consent to a grant.
    Approve(GrantVoice),
    /// Refuse a grant.
    Deny(GrantVoice),
    /// Take a grant back: one's own, or as somebody who is asked for consent or review.
    Revoke(GrantVoice),
    /// Say, after a grant has begun, whether it was used as it should be.
    Review {
        #[command(flatten)]
        voice: GrantVoice,
        /// What the review found.
        #[arg(long)]
        verdict: ReviewVerdict,
    },
}

#[derive(Debug, Args)]
pub(crate) struct GrantRequest {
    /// Who asks, by the name they sign in with: a person, a service, or an agent.
    #[arg(long = "as", value_name = "NAME")]
    pub(crate) identity: String,
    /// The group whose rights are asked for.
    #[arg(long)]
    pub(crate) group: String,
    /// A database, by Weir's name; may be given several times.
    #[arg(long = "database", value_name = "DATABASE", required = true)]
    pub(crate) databases: Vec<String>,
    /// For how long from its beginning: 90s, 15m, 8h, 2d.
    #[arg(long = "for", value_name = "TIME", value_parser = lasting)]
    pub(crate) seconds: u64,
    /// What for; whoever decides reads it, and it stands in the record.
    #[arg(long)]
    pub(crate) purpose: String,
    /// It cannot wait: at once, announced, and reviewed afterwards.
    #[arg(long)]
    pub(crate) break_glass: bool,
    /// Read the password from standard input (one line); else it is asked for.
    #[arg(long)]
    pub(crate) password_stdin: bool,
    /// The result as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct GrantVoice {
    /// The grant.
    pub(crate) grant: String,
    /// Who decides, by the name they sign in with.
    #[arg(long = "as", value_name = "NAME")]
    pub(crate) person: String,
    /// Why; it stands in the record.
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) reason: String,
    /// Read the password from standard input (one line); else it is asked for.
    #[arg(long)]
    pub(crate) password_stdin: bool,
    /// The result as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What a review can find.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum ReviewVerdict {
    Fine,
    NotFine,
}

/// Seconds of `90s`, `15m`, `8h`, `2d`.
pub(super) fn lasting(text: &str) -> Result<u64, String> {
    let unit = match text.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3_600,
        Some('d') => 24 * 3_600,
        _ => 0,
    };
    let number: Option<u64> = text.get(..text.len().saturating_sub(1)).and_then(|n| n.parse().ok());
    let seconds = number.and_then(|number| number.checked_mul(unit)).filter(|seconds| *seconds > 0);
    seconds.ok_or_else(|| "write 90s, 15m, 8h or 2d".to_owned())
}
