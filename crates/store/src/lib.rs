//! Control state in one SQLite file: identities, keys of this installation, labels of columns.
//!
//! Knows tables and transactions; nothing of how a password is checked (a verifier is a text), what
//! a label means, or who may change what. Every change that the ledger must tell of leaves an event
//! in the same transaction, to be copied by the process that holds the ledger.
//!
//! ```text
//! weir identity … ─▶ change + event (one transaction) ─▶ weir.db ─▶ ChangeFeed ─▶ weir serve
//!                                          └─▶ events(follower) ─▶ ledger, channels ─▶ followed()
//! ```
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! use store::{NewIdentity, Store};
//! let dir = tempfile::tempdir().unwrap();
//! let store = Store::open(dir.path()).await.unwrap();
//! let now = std::time::SystemTime::now();
//! let alice = NewIdentity {
//!     name: "alice".into(),
//!     kind: model::IdentityKind::Person,
//!     groups: vec!["support".into()],
//!     acts_for: None,
//!     verifier: "SCRAM-SHA-256$4096:c2FsdA==$a2V5:a2V5".to_owned().into(),
//! };
//! store.add_identity(alice, "root", now).await.unwrap();
//! assert_eq!(store.identities().await.unwrap().len(), 1);
//! let (identity, what) = ("alice".to_owned(), "added: person in support".to_owned());
//! let first = store.events("ledger", 10).await.unwrap().remove(0);
//! assert_eq!(first.what, store::Happened::Identity { identity, what });
//! # });
//! ```

mod attempts;
mod carried;
mod certificates;
mod credentials;
mod delegations;
mod error;
mod events;
mod feed;
mod found;
mod grants;
mod histories;
mod holds;
mod identities;
mod json;
mod keys;
mod label_change;
mod labels;
mod messages;
mod open;
mod outbox;
mod passkeys;
mod provisioned;
mod questions;
mod scim;
mod second_factors;
mod secrets;
mod tasks;
mod tokens;
mod undelivered;
mod voices;

pub use attempts::TryLimits;
pub use carried::KeptLabel;
pub use credentials::{CredentialUse, Delegated, KeptCredential, NewCredential};
pub use delegations::{Delegation, LONGEST_DELEGATION, NewDelegation, NoDelegation};
pub use error::StoreError;
pub use events::{Heard, Told};
pub use feed::ChangeFeed;
pub use found::{ColumnLabel, FoundLabel, LabelledBy};
pub use grants::{GrantState, KeptGrant, Listing, NewGrant, REVIEW_WITHIN, Review};
pub use holds::{FoundHold, HoldState, KeptHold, NewHold};
pub use identities::{
    Account, MAX_NAME_BYTES, NewIdentity, Verifier, check_foreign_name, check_name,
};
pub use label_change::LabelChange;
pub use labels::{DecidedLabel, LabelPlace};
pub use open::{FILE_NAME, Store};
pub use outbox::{Event, GrantEvent, Happened, HoldEvent, LabelEvent, TaskEvent};
pub use passkeys::{MOST_PASSKEYS, NoPasskey, Once, Passkey, Signature, Signing, Unsigned};
pub use provisioned::{Arrival, NoArrival};
pub use questions::{MOST_QUESTIONS, SavedQuestion};
pub use scim::{Members, ProvisionedGroup, ProvisionedPerson};
pub use second_factors::SecondFactor;
pub use secrets::{InstallationSecret, SecretName};
pub use tasks::{KeptTask, NewTask, Taint, TaskState};
pub use tokens::{SignedIn, sign_in_id};
pub use undelivered::{Following, Undelivered};
pub use voices::{NoVoice, Voice};
