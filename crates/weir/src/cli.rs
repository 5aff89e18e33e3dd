//! The command line: commands, options and the help that teaches them. Knows not what they do.

mod answers;
mod approvals;
mod ca;
mod grants;
mod keys;
mod labels;
mod people;
mod policy;
mod preview;
mod report;
mod second;
mod tasks;

pub(crate) use answers::{By, Form, IndexArgs, Place, SearchArgs, SqlArgs, TraceArgs};
pub(crate) use approvals::{ApprovalsCommand, Delegate, Show, Undelegate, Voice};
pub(crate) use ca::{CaCommand, CaIssue};
pub(crate) use grants::{GrantRequest, GrantVoice, GrantsCommand, ReviewVerdict};
pub(crate) use keys::{KeyCommand, KeyCreate, KeyRotate};
pub(crate) use labels::{ExportFormat, LabelsCommand, LabelsList, LabelsSet};
pub(crate) use people::{ConnectArgs, LoginArgs, PgpassArgs, TokenArgs};
pub(crate) use policy::{BacktestArgs, ExplainArgs, FailOn, PolicyCommand, SuggestArgs, TestArgs};
pub(crate) use preview::{McpArgs, PreviewArgs};
pub(crate) use report::{ReportArgs, ReportCommand, ReportFormat};
pub(crate) use second::TotpCommand;
pub(crate) use tasks::{TaskCommand, TaskCreate, TaskVoice};

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

const ABOUT: &str = "An identity-aware proxy in front of databases: nobody anonymous, nothing \
unseen, nothing raw by accident, nothing rewritten.";

const EXAMPLES: &str = "\
First steps:
  weir init postgres://app@db.internal/shop     write weir.toml and a policy folder
  weir identity add alice --kind person         add somebody; prints a password once
  weir check                                    look for mistakes without starting
  weir serve                                    stand in front of the database
  psql -h 127.0.0.1 -p 6432 -U alice shop       use it as if it were the database
  weir audit tail -f                            watch what happens, and why it may

Exit codes:
  0  done
  1  something failed on the way: disk, network, another process in the way
  2  the command line, weir.toml or a policy file is wrong
  3  asked well, and the answer is no: no such identity, a name taken, a damaged ledger";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(name = "weir", version, about = ABOUT, after_help = EXAMPLES, max_term_width = 100)]
#[command(propagate_version = false, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// The configuration file.
    #[arg(
        long,
        global = true,
        env = "WEIR_CONFIG",
        default_value = "weir.toml",
        value_name = "FILE"
    )]
    pub(crate) config: PathBuf,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Stand in front of the databases until told to stop.
    #[command(after_help = "\
SIGTERM or Ctrl-C lets open sessions finish (limits.drain_timeout); a second one ends them.
SIGHUP reads weir.toml and the policies again; a changed file is noticed by itself. A broken file
is reported and what was in force stays. What holds from the next start on only, and is named in
the log when it changes: state_dir, [listen], [tls], [log], [witness], [[export]], [[channel]],
[[provider]], [[workload]], [[transmitter]], ledger.name, limits.sign_in_timeout and
limits.max_signing_in.")]
    Serve,
    /// Look for mistakes in weir.toml and the policies, all at once.
    #[command(after_help = "\
Prints file:line:column for each mistake and exits with 2 if there is one. Warnings alone exit
with 0. Nothing is started, nothing is connected to: fit for CI.")]
    Check(CheckArgs),
    /// Write a commented weir.toml and a policy folder for one database.
    #[command(after_help = "\
Examples:
  weir init postgres://app@db.internal/shop
  weir init 'postgres://app:secret@127.0.0.1:5432/shop?sslmode=disable'
  weir init postgres://app@db.internal/shop --password-env SHOP_PASSWORD

A password in the URL goes into a file that only you can read; weir.toml refers to it. Nothing that
exists is overwritten.")]
    Init(InitArgs),
    /// Persons, services and agents that may sign in.
    #[command(subcommand)]
    Identity(IdentityCommand),
    /// Keys with which services and agents sign in.
    #[command(subcommand)]
    Key(KeyCommand),
    /// An authority of your own: certificates by which clients sign in, for a short while each.
    #[command(subcommand)]
    Ca(CaCommand),
    /// What policies there are and whether they are sound.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// What columns hold: what was found by itself, why, and what people decided.
    #[command(subcommand)]
    Labels(LabelsCommand),
    /// Keys of pseudonyms: which there are, a new one, an end to old ones.
    #[command(subcommand)]
    Pseudonyms(PseudonymsCommand),
    /// Statements that wait for approval: what they are, and deciding about them.
    #[command(subcommand)]
    Approvals(ApprovalsCommand),
    /// How far each channel has come, and which messages it refused for good.
    Channels {
        /// As JSON: an array of objects.
        #[arg(long)]
        json: bool,
    },
    /// Tools for models, over standard input and output: for MCP clients that start their servers.
    #[command(after_help = "\
Calls a running Weir at its /mcp. Who calls is said by the environment: WEIR_TOKEN, which for an
agent or a service is a key of `weir key create`, and for a person what `weir token` prints. A
person may give WEIR_USER and WEIR_PASSWORD instead. docs/mcp.md has lines to paste for common
clients.

Examples:
  WEIR_TOKEN=weir_k1_… weir mcp                      an agent, by its key
  WEIR_TOKEN=… weir mcp
  WEIR_TOKEN=… weir mcp --url https://weir.internal:6443")]
    Mcp(McpArgs),
    /// What a statement would change: tried in a transaction that is always rolled back.
    Preview(PreviewArgs),
    /// The rights of a group for a while: asking, deciding, taking back, reviewing.
    #[command(subcommand)]
    Grants(GrantsCommand),
    /// What agents were told to do: purpose, tables, budgets; and clearing them.
    #[command(subcommand)]
    Task(TaskCommand),
    /// Read the record: who did what, when, and why it was allowed.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Reports for auditors and reviews: controls with their evidence, one identity, one job.
    #[command(subcommand)]
    Report(ReportCommand),
    /// Sign in by a provider, as a person who uses Weir. Needs no weir.toml.
    #[command(after_help = "\
Examples:
  weir login https://weir.internal:6443
  weir login https://weir.internal:6443 --device

Opens a browser, or shows a code to be entered on another device. What is kept stands in
$XDG_CONFIG_HOME/weir or ~/.config/weir, readable by you alone.")]
    Login(LoginArgs),
    /// End the sign-in: here, at Weir and at the provider.
    Logout,
    /// Print a fresh token, which is a password for databases.
    #[command(after_help = "\
Example:
  PGPASSWORD=$(weir token) psql -h weir.internal -p 6432 -U alice shop")]
    Token(TokenArgs),
    /// Run a client with a token that is kept fresh as long as it runs.
    #[command(after_help = "\
Examples:
  weir connect shop
  weir connect shop -- psql -c 'select 1'
  weir connect shop -- pg_dump -t orders
  weir connect shop --forward 127.0.0.1:5433    for DBeaver and others, without a password

The client finds host, port, user, database and password in its environment (PGHOST, …).")]
    Connect(ConnectArgs),
    /// Write a fresh token into ~/.pgpass, for clients that read it there.
    Pgpass(PgpassArgs),
    /// Print a completion script for a shell.
    #[command(after_help = "\
Examples:
  weir completions bash > /etc/bash_completion.d/weir
  weir completions zsh  > \"${fpath[1]}/_weir\"
  weir completions fish > ~/.config/fish/completions/weir.fish")]
    Completions {
        /// Which shell.
        shell: Shell,
    },
    /// Print the version.
    Version {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print the reference of weir.toml, the commands and the exit codes, in Markdown.
    #[command(hide = true)]
    Reference,
}

/// Shells that there are completions for.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Problems and warnings as JSON on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The real database: postgres://ROLE[:PASSWORD]@HOST[:PORT]/DATABASE[?sslmode=…]
    #[arg(value_name = "URL")]
    pub(crate) upstream: String,
    /// The name clients will ask for; the upstream's own unless given.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// The environment variable that holds the role's password.
    #[arg(long, value_name = "VARIABLE")]
    pub(crate) password_env: Option<String>,
    /// What policies know the database as.
    #[arg(long, default_value = "production")]
    pub(crate) environment: String,
}

/// `weir identity …`
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  weir identity add alice --kind person --group support
  weir identity add svc-reports --kind service --group reporting
  weir identity add copilot --kind agent --acts-for alice
  echo \"$PASSWORD\" | weir identity add bob --kind person --password-stdin
  weir identity disable bob

A running `weir serve` acts by a change before the command ends; disabling ends nobody's memory of
the past: names stay, because records refer to them.")]
pub(crate) enum IdentityCommand {
    /// Add somebody. Without --password-stdin a password is made and printed once.
    Add(IdentityAdd),
    /// Everybody who was ever added.
    List {
        /// As JSON: an array of objects.
        #[arg(long)]
        json: bool,
    },
    /// Keep somebody from signing in.
    Disable { name: String },
    /// Let somebody sign in again.
    Enable { name: String },
    /// Give somebody another password.
    Password(IdentityPassword),
    /// Let somebody come by a provider from now on: whoever has this subject there, or else whoever
    /// first signs in there by this name.
    Link {
        name: String,
        provider: String,
        /// The provider's own name for them, its `sub`: nobody else can be meant then.
        #[arg(long, value_name = "SUB")]
        subject: Option<String>,
    },
    /// Groups, which policies refer to.
    #[command(subcommand)]
    Group(GroupCommand),
    /// The passkeys of a person, by which they sign what they approve.
    Passkeys {
        name: String,
        /// Take this one away: it is lost.
        #[arg(long, value_name = "PASSKEY")]
        remove: Option<String>,
    },
    /// The second factor of people who sign in by a password.
    #[command(subcommand)]
    Totp(TotpCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum PseudonymsCommand {
    /// The keys by their numbers.
    Keys {
        /// As JSON: the number in force, and all that are kept.
        #[arg(long)]
        json: bool,
    },
    /// Make a new key. It makes pseudonyms from the next start on; the two before it still turn
    /// theirs back.
    Rotate,
    /// Forget all keys but the newest: what older ones made can never be turned back again.
    Forget,
}

#[derive(Debug, Args)]
pub(crate) struct IdentityAdd {
    /// A name that no identity has had: letters, digits and . _ - @ + :
    pub(crate) name: String,
    /// A person, a service that acts for itself, or an agent that acts for somebody.
    #[arg(long)]
    pub(crate) kind: Kind,
    /// A group; may be given several times.
    #[arg(long = "group", value_name = "GROUP")]
    pub(crate) groups: Vec<String>,
    /// For an agent: whom it acts for. It may never do more than they may. Without, it acts for
    /// whoever's token it exchanges, and does nothing by itself.
    #[arg(long, value_name = "NAME")]
    pub(crate) acts_for: Option<String>,
    /// Read the password from standard input (one line).
    #[arg(long)]
    pub(crate) password_stdin: bool,
    /// The result as JSON, a made password included.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct IdentityPassword {
    /// Whose.
    pub(crate) name: String,
    /// Read the password from standard input (one line).
    #[arg(long)]
    pub(crate) password_stdin: bool,
    /// The result as JSON, a made password included.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Kind {
    Person,
    Service,
    Agent,
}

#[derive(Debug, Subcommand)]
pub(crate) enum GroupCommand {
    /// Put somebody into a group.
    Add { name: String, group: String },
    /// Take somebody out of a group.
    Remove { name: String, group: String },
}

/// `weir audit …`
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  weir audit tail                                    the last 20 entries
  weir audit tail -f --identity alice --database shop
  weir audit tail -n 1000 --json | jq 'select(.verdict == \"deny\")'
  weir audit show 0d4q2mr8k3v0h-3f7a                  a session with all its statements
  weir audit show 0d4q2mr8k3v0h-3f7a.0000012          one statement: facts, reasons, outcome
  weir audit search 'column:customers.email disclosure:raw since:2026-06-01' --by identity
  weir audit verify                                  is anything damaged, missing or changed?
  weir audit proof 4711 --entry record.json          a proof of one record for a third party

All of these read the ledger beside a running `weir serve`, and need none.")]
pub(crate) enum AuditCommand {
    /// The latest entries, one line each: time, who, database, verdict, operation, rows, text.
    Tail(TailArgs),
    /// Everything about one statement or one session.
    Show {
        /// A statement's or a session's id, as `tail --json` prints it.
        id: String,
        /// The records as they stand in the ledger, one JSON object a line.
        #[arg(long)]
        json: bool,
        /// The statements' texts as they came too, with all values, where a policy kept them.
        /// Reading them stands in the record.
        #[arg(long)]
        text: bool,
        /// Of a refusal every record and what the verdict rests on, too, and not the short of it.
        #[arg(long)]
        full: bool,
    },
    /// Destroy the keys of kept texts: nobody can read them again, and the record stays whole.
    #[command(after_help = "\
Examples:
  weir audit forget --identity alice                 everything that was kept of alice
  weir audit forget --before 2026-06                 everything from before June

Backups of the ledger's folder have the keys too: leave `keys/` out of those that outlive the
texts.")]
    Forget {
        /// Whose: the chain of actors, as records have it; everybody's unless given.
        #[arg(long, value_name = "NAME")]
        identity: Option<String>,
        /// Of months before this one (YYYY-MM); of all unless given.
        #[arg(long, value_name = "MONTH")]
        before: Option<String>,
    },
    /// Find or count statements: by who, what, which columns, what left, when, …
    Search(SearchArgs),
    /// The words that `search` knows.
    Words,
    /// Ask in SQL, over documented views.
    Sql(SqlArgs),
    /// Where a column's values may have gone, statement by statement, as far as records tell.
    Trace(TraceArgs),
    /// Bring the index behind search, sql and trace up to date, which `weir serve` does by itself.
    Index(IndexArgs),
    /// Read the whole ledger and recompute everything: checksums, chain, seals, tiles, tree.
    /// Exits with 3 if it is not sound, and names the first bad record first.
    #[command(after_help = "\
Examples:
  weir audit verify                                  the ledger here, by the keys that lie in it
  weir audit verify --dir copy --key ledger.pub      a copy, by keys that were kept elsewhere
  weir audit verify --checkpoint june.checkpoint     it must have grown from what it was in June

Whoever took the machine can cut the end off the ledger and sign what is left. A checkpoint that
was kept elsewhere, or a witness, shows that.")]
    Verify(VerifyArgs),
    /// A proof that a record is in the ledger, which others can check without Weir (tlog-proof).
    #[command(after_help = "\
Examples:
  weir audit proof 0d4q2mr8k3v0h-3f7a.0000012 --entry intent.json > intent.tlog-proof
  weir audit proof 4711 --entry record.json > record.tlog-proof
  weir audit check-proof record.tlog-proof record.json --key ledger.pub")]
    Proof {
        /// A record's number (`sequence` in `show --json`) or a statement's id.
        #[arg(value_name = "RECORD")]
        id: String,
        /// Of a statement, what came of it, and not what was about to run.
        #[arg(long)]
        outcome: bool,
        /// Write the entry that is proven to this file: its exact bytes are needed to check it.
        #[arg(long, value_name = "FILE")]
        entry: Option<PathBuf>,
    },
    /// Check a proof. Needs no ledger.
    CheckProof {
        /// What `proof` printed.
        proof: PathBuf,
        /// The entry that is proven.
        entry: PathBuf,
        /// The public keys of the ledger, as `key` prints them.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
    /// The public keys of this ledger: keep them where nobody who can write the ledger can.
    Key,
    /// The newest checkpoint: note it elsewhere, and nothing before it can be changed unseen.
    Checkpoint,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// A copy of a ledger's folder; the one that weir.toml names unless given.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) dir: Option<PathBuf>,
    /// The public keys of the ledger, kept elsewhere; those that lie in it unless given.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// A checkpoint that was kept elsewhere; may be given again.
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Vec<PathBuf>,
    /// A witness's key (name+id+key) that must have cosigned the newest checkpoint; may be given
    /// again.
    #[arg(long, value_name = "KEY")]
    pub(crate) witness: Vec<String>,
    /// The result as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TailArgs {
    /// Go on with what comes.
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// How many entries to begin with.
    #[arg(short = 'n', long, default_value_t = 20, value_name = "NUMBER")]
    pub(crate) lines: usize,
    /// One JSON object a line.
    #[arg(long)]
    pub(crate) json: bool,
    /// Only what this identity did, or an agent for it.
    #[arg(long, value_name = "NAME")]
    pub(crate) identity: Option<String>,
    /// Only what was done on this database.
    #[arg(long, value_name = "NAME")]
    pub(crate) database: Option<String>,
}

impl From<Kind> for model::IdentityKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Person => Self::Person,
            Kind::Service => Self::Service,
            Kind::Agent => Self::Agent,
        }
    }
}
