//! `weir labels …` on the command line.

use clap::{Args, Subcommand, ValueEnum};

/// `weir labels …`
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  weir labels scan                                   read catalog and samples now; what changed
  weir labels list                                   every column that bears a label
  weir labels list --all --database shop             harmless columns too
  weir labels explain public.customers.ref           why it bears its label, or none
  weir labels set public.customers.ref national_id --reason 'tax number, asked finance'
  weir labels set public.products.name none --reason 'names of products'
  weir labels set public.customers.ref --clear --reason 'a mistake'
  weir labels export --format markdown > labels.md   for a review

A decision of a person stands over what Weir finds, holds in a running `weir serve` within a second,
for sessions that are open too, and stands in the record as label_changed. Labels by rule stand in
weir.toml: [[labels.rule]].")]
pub(crate) enum LabelsCommand {
    /// Read catalogs and sample values now, weigh every column anew and print what changed.
    #[command(after_help = "\
Connects to the real database as weir.toml says; `weir serve` need not run. If it does, it weighs
every column anew too. No value is printed or kept. Where weir.toml serves any database (\"*\"),
name the ones to read.")]
    Scan {
        /// Databases, by the name clients ask for; every one that weir.toml names unless given.
        databases: Vec<String>,
        /// What changed as JSON: an array of objects.
        #[arg(long)]
        json: bool,
    },
    /// Columns with their labels: class, confidence, by whom (machine, rule, carried, person).
    List(LabelsList),
    /// Why a column bears its label or none: evidence in words, what lost, what a person decided.
    Explain {
        /// schema.table.column, or table.column where that is one column.
        column: String,
        /// The database, where several have such a column.
        #[arg(long, value_name = "NAME")]
        database: Option<String>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Decide what a column holds, over what Weir finds.
    Set(LabelsSet),
    /// All of it in one file, for a review.
    Export {
        /// The form.
        #[arg(long, default_value = "json")]
        format: ExportFormat,
        /// Only this database.
        #[arg(long, value_name = "NAME")]
        database: Option<String>,
        /// Columns without a label too.
        #[arg(long)]
        all: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct LabelsList {
    /// Only this database.
    #[arg(long, value_name = "NAME")]
    pub(crate) database: Option<String>,
    /// Only this label.
    #[arg(long, value_name = "LABEL", conflicts_with = "all")]
    pub(crate) label: Option<String>,
    /// Columns without a label too.
    #[arg(long)]
    pub(crate) all: bool,
    /// As JSON: an array of objects.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct LabelsSet {
    /// schema.table.column, or table.column where that is one column.
    pub(crate) column: String,
    /// The label, or `none` for a column that holds nothing to hide.
    #[arg(required_unless_present = "clear", conflicts_with = "clear")]
    pub(crate) label: Option<String>,
    /// Take the decision back: what Weir finds holds again.
    #[arg(long)]
    pub(crate) clear: bool,
    /// Why, for the record; needed for `none` and --clear. Write no value into it.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub(crate) reason: String,
    /// The database, where several have such a column.
    #[arg(long, value_name = "NAME")]
    pub(crate) database: Option<String>,
    /// The result as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Forms of `weir labels export`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ExportFormat {
    Json,
    Csv,
    Markdown,
}
