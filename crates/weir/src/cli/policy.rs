//! `weir policy …`: its commands, options and help.

use clap::{Args, Subcommand};
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

To see which policies decided a statement, look at its record: weir audit show STATEMENT.")]
pub(crate) enum PolicyCommand {
    /// Whether the policies are sound. Exits with 2 and every problem if they are not.
    Check {
        /// A folder of .cedar files; the one that weir.toml names unless given.
        dir: Option<PathBuf>,
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
