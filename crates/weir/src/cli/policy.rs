//! `weir policy …`: its commands, options and help.

use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  weir policy check                 the folder that weir.toml names, over the shipped baseline
  weir policy check ./policies      another folder, without a weir.toml
  weir policy test ./policies       the cases beside them (*.md): statement and expected verdict
  weir policy list                  what is in force, shipped policies too
  weir policy show baseline-infer   one policy with its reason and its conditions
  weir policy packs                 policies for a purpose: production, agents, pci, …
  weir policy add pci               copy one into the policy folder, with its cases
  weir policy explain --as alice 'SELECT email FROM customers'
                                    what would be decided, by which policies, and why
  weir policy backtest --dir ./new  what would have been different with other policies
  weir policy suggest --identity reports
                                    the least that it needs, from what it did

To see which policies decided a statement, look at its record: weir audit show STATEMENT.")]
pub(crate) enum PolicyCommand {
    /// Whether the policies are sound, and which of them say nothing.
    #[command(after_help = "\
Exits with 2 and every problem if they are not sound. Warns of what is certain to say nothing: a
permit that another policy forbids as a whole, an annotation without an effect; and, where there is
a weir.toml, groups that nobody is in, identities, databases, tables and labels that are not there.
Warnings alone exit with 0, with --strict with 2.")]
    Check {
        /// A folder of .cedar files; the one that weir.toml names unless given.
        dir: Option<PathBuf>,
        /// Warnings are problems.
        #[arg(long)]
        strict: bool,
        /// Problems as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Every policy in force, shipped ones too: id, effect, file and line, reason.
    List {
        /// A folder of .cedar files; the one that weir.toml names unless given.
        #[arg(long)]
        dir: Option<PathBuf>,
        /// As JSON: an array of objects, with all annotations.
        #[arg(long)]
        json: bool,
    },
    /// One policy as it stands in its file.
    Show {
        /// Its id, as `list` prints it and records name it.
        id: String,
        /// A folder of .cedar files; the one that weir.toml names unless given.
        #[arg(long)]
        dir: Option<PathBuf>,
    },
    /// Run cases: who asks which statement, and the verdict that it must get.
    #[command(after_help = "\
Examples:
  weir policy test                        every *.md of the policy folder and of its folder tests
  weir policy test ./policies             the same of another folder, under its policies
  weir policy test cases.md --dir ./new   one file, under other policies

A case is a heading of a Markdown file with blocks below it:

  ## Support sees emails
  ```schema
  table public.customers
    id     integer  unique
    email  text     email
  ```
  ```request
  as: person sam in support
  ```
  ```sql
  SELECT email FROM customers
  ```
  ```verdict
  outcome: allow
  outputs: raw email
  ```

Nothing is connected to: fit for CI. What is expected and what came, with file and line, is printed
for each case that does not hold, and the exit code is 1 then. docs/policy.md has the format.")]
    Test(TestArgs),
    /// What would be decided on a statement, which policies decide it, and what would change it.
    #[command(after_help = "\
Examples:
  weir policy explain --as alice 'SELECT email FROM customers'
  weir policy explain --as alice --group stewards 'SELECT email FROM customers'
  weir policy explain --as 'agent helper for person alice in support' 'DELETE FROM orders'
  weir policy explain --for-whom 'DROP TABLE orders'
  weir policy explain --schema shop.schema --dir ./policies --as 'person x' 'SELECT 1'

The catalog is read from the database, and labels are those that Weir knows of it; nothing of the
statement reaches the database. With --schema nothing is connected to.")]
    Explain(ExplainArgs),
    /// Decide recorded statements again under other policies, and say what would have differed.
    #[command(after_help = "\
Examples:
  weir policy backtest --dir ./new                  the last seven days under a changed folder
  weir policy backtest --dir ./new --since 30d --identity reports
  weir policy backtest --dir ./new --fail-on looser exits with 3 if anything would be let through

Statements are put together by who, what and how the verdict would differ. What the record does not
hold enough of for an exact decision is counted and named, never guessed.")]
    Backtest(BacktestArgs),
    /// The least Cedar under which an identity could have done what it did.
    #[command(after_help = "\
Examples:
  weir policy suggest --identity reports > 90-reports.cedar
  weir policy suggest --identity reports --since 90d --output policies/90-reports.cedar

The record is decided again under the suggestion before it is printed: whatever ran would run.")]
    Suggest(SuggestArgs),
    /// Packs: policies for a purpose that can be added to a folder.
    Packs {
        /// As JSON: an array of objects, texts included.
        #[arg(long)]
        json: bool,
    },
    /// Copy a pack into a policy folder, as PACK.cedar and its cases PACK.md. Overwrites nothing.
    Add {
        /// Its name, as `packs` prints it.
        pack: String,
        /// The folder; the one that weir.toml names unless given.
        #[arg(long)]
        dir: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// A file of cases or a folder of them; the policy folder unless given.
    pub(crate) path: Option<PathBuf>,
    /// A folder of .cedar files. Unless given: that of the cases if it holds policies, else the one
    /// that weir.toml names.
    #[arg(long)]
    pub(crate) dir: Option<PathBuf>,
    /// Every case with what came of it, as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The statement.
    pub(crate) sql: String,
    /// Who asks: an identity that was added, or one in words: `person alice in support`.
    #[arg(long = "as", value_name = "IDENTITY", required_unless_present = "for_whom")]
    pub(crate) identity: Option<String>,
    /// A further group of whoever asks; may be given several times.
    #[arg(long = "group", value_name = "GROUP")]
    pub(crate) groups: Vec<String>,
    /// Everybody who was added: what each would get.
    #[arg(long, conflicts_with = "identity")]
    pub(crate) for_whom: bool,
    /// On which database; the only one that weir.toml names unless given.
    #[arg(long)]
    pub(crate) database: Option<String>,
    /// The database's environment; that of weir.toml unless given.
    #[arg(long)]
    pub(crate) environment: Option<String>,
    /// A file with a schema in the lines of a case, instead of the database's own catalog.
    #[arg(long, value_name = "FILE")]
    pub(crate) schema: Option<PathBuf>,
    /// From which address.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) from: Option<std::net::IpAddr>,
    /// What the client calls itself.
    #[arg(long, default_value = "psql")]
    pub(crate) application: String,
    /// Over a connection without TLS.
    #[arg(long)]
    pub(crate) no_tls: bool,
    /// A folder of .cedar files; the one that weir.toml names unless given.
    #[arg(long)]
    pub(crate) dir: Option<PathBuf>,
    /// As JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What ends a backtest with exit code 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// Any other verdict.
    Any,
    /// A verdict that lets more through, or shows more.
    Looser,
    /// A verdict that lets less through, or shows less.
    Stricter,
}

#[derive(Debug, Args)]
pub(crate) struct BacktestArgs {
    /// The folder of .cedar files to try; the one that weir.toml names unless given.
    #[arg(long)]
    pub(crate) dir: Option<PathBuf>,
    /// From when on: 7d, 24h, 2026-06-01.
    #[arg(long, default_value = "7d")]
    pub(crate) since: String,
    /// Only what this identity asked, or an agent for it.
    #[arg(long, value_name = "NAME")]
    pub(crate) identity: Option<String>,
    /// Only what was asked of this database.
    #[arg(long, value_name = "NAME")]
    pub(crate) database: Option<String>,
    /// Exit with 3 if there is such a difference, or a statement that could not be decided.
    #[arg(long, value_name = "WHAT")]
    pub(crate) fail_on: Option<FailOn>,
    /// How many statements of each kind are named by id.
    #[arg(long, default_value_t = 3, value_name = "NUMBER")]
    pub(crate) examples: usize,
    /// A ledger's folder; the one of weir.toml unless given.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) ledger: Option<PathBuf>,
    /// As JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SuggestArgs {
    /// Whose rights: its own name, for an agent that of the agent.
    #[arg(long, value_name = "NAME")]
    pub(crate) identity: String,
    /// From when on: 30d, 24h, 2026-06-01.
    #[arg(long, default_value = "30d")]
    pub(crate) since: String,
    /// Write it to this file, which must not be there yet.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// The policies that are in force; the folder that weir.toml names unless given.
    #[arg(long)]
    pub(crate) dir: Option<PathBuf>,
    /// A ledger's folder; the one of weir.toml unless given.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) ledger: Option<PathBuf>,
}
