//! The arguments of the questions to the ledger. Knows not how they are answered.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Where the ledger and its index are.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// A copy of a ledger's folder; the one that weir.toml names unless given.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) dir: Option<PathBuf>,
    /// Where the index is kept: `index.sqlite` in the state folder, or in the copy, unless given.
    #[arg(long, value_name = "FILE")]
    pub(crate) index: Option<PathBuf>,
}

/// How an answer looks and what it may take.
#[derive(Debug, Args)]
pub(crate) struct Form {
    /// One JSON object a line.
    #[arg(long, conflicts_with = "csv")]
    pub(crate) json: bool,
    /// Comma-separated values (RFC 4180).
    #[arg(long)]
    pub(crate) csv: bool,
    /// How many rows at most.
    #[arg(short = 'n', long, value_name = "NUMBER")]
    pub(crate) rows: Option<usize>,
    /// How many seconds it may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub(crate) timeout: u64,
}

/// By what statements are counted.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum By {
    Identity,
    ActsFor,
    Kind,
    Database,
    Day,
    Operation,
    Verdict,
    Text,
}

const SEARCH: &str = "\
A question is words with values; all of them must be true, a comma between values means or, and a
- before a word excludes. Other words are looked for in the statements' texts. `weir audit words`
lists the words; docs/audit.md explains them.

Examples:
  weir audit search 'column:customers.email disclosure:raw since:2026-06-01' --by identity
  weir audit search 'agent:copilot acts_for:alice since:7d'
  weir audit search 'changes:orders since:2026-06-01T08:00 until:2026-06-01T09:30'
  weir audit search 'identity:alice -database:test verdict:deny,hold \"refund\"' --json";

const SQL: &str = "\
Examples:
  weir audit sql 'SELECT * FROM changes ORDER BY sequence DESC LIMIT 20'
  weir audit sql \"SELECT identity, sum(raw) FROM disclosed_daily
                  WHERE origin = 'public.customers.email' GROUP BY 1\" --csv

The views: sessions, statements, shapes, columns_used, effects, moves, outputs, disclosed,
daily, disclosed_daily, values_daily, days, hold_steps, holds, grant_steps, grants, changes,
events. docs/audit.md has their columns.";

#[derive(Debug, Args)]
#[command(after_help = SEARCH)]
pub(crate) struct SearchArgs {
    /// The question; everything unless given.
    #[arg(default_value = "", hide_default_value = true)]
    pub(crate) question: String,
    /// Count instead of list, by this.
    #[arg(long)]
    pub(crate) by: Option<By>,
    #[command(flatten)]
    pub(crate) form: Form,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, Args)]
#[command(after_help = SQL)]
pub(crate) struct SqlArgs {
    /// One SELECT over the views.
    pub(crate) query: String,
    #[command(flatten)]
    pub(crate) form: Form,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, Args)]
pub(crate) struct TraceArgs {
    /// relation.column or schema.relation.column, with a database before it if need be.
    pub(crate) column: String,
    /// Where its values may have come from, and not where they may have gone.
    #[arg(long)]
    pub(crate) back: bool,
    #[command(flatten)]
    pub(crate) form: Form,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, Args)]
pub(crate) struct IndexArgs {
    /// Throw it away and make it from the ledger again.
    #[arg(long)]
    pub(crate) rebuild: bool,
    #[command(flatten)]
    pub(crate) place: Place,
}
