//! `weir.toml`: read strictly, all problems at once, each with its place and what would help.
//!
//! Knows the shape of the file and nothing of what the settings are used for. It opens no socket,
//! no database and no secret: a password stands in the file by reference only, and the reference is
//! followed by whoever needs the secret, at the moment of need.
//!
//! ```text
//! text ─▶ spanned TOML tree ─▶ table (one read per key) ─▶ Config
//!              │                   │
//!              └── Problem ◀───────┘   (line, column, message, help)
//! ```
//!
//! A key is defined in one place, the statement that reads it: its name, kind, default and one
//! sentence of documentation stand together there. Suggestions for misspelt keys and the reference
//! page ([`reference`]) come from the same statements, so they cannot fall behind.
//!
//! ```
//! let text = "[log]\nlevle = \"info\"\n\
//!     [[database]]\nname = \"shop\"\n[database.upstream]\nhost = \"db\"\nuser = \"weir\"\n";
//! let problems = config::parse("weir.toml".as_ref(), text).unwrap_err();
//! assert_eq!(problems[0].to_string(), "weir.toml:2:1: `levle` is not a key of [log]");
//! assert_eq!(problems[0].help.as_deref(), Some("did you mean `level`?"));
//! ```

mod kind;
mod load;
mod problem;
mod reference;
mod secret;
mod settings;
mod table;

pub use load::{MAX_FILE_BYTES, load, parse};
pub use problem::Problem;
pub use reference::{SectionDoc, reference, sections};
pub use secret::{Secret, SecretError, SecretSource};
pub use settings::{
    Api, Application, Authority, Aws, Azure, Bucket, Canary, Channel, ChannelTo, ClientName,
    Clouds, Config, Consent, Console, Database, DecisionHook, Email, EmailTls, EndUsers, Export,
    ExportFormat, ExportTo, Gcp, Iam, Keys, LabelRule, Labels, Ledger, Limits, Listen, Log,
    LogFormat, LogLevel, Plaintext, Policies, Proof, Provider, Repository, RoleOf, RoleRule, Shows,
    Slack, Tls, Transmitter, Upstream, UpstreamTls, Vault, VaultAuth, WithoutRole, Witness,
    Witnessing, Workload, WorkloadKeys, WorkloadRule,
};
pub use table::{Absent, Key};
