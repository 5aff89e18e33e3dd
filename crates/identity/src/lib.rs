//! Who is at the door: credentials, SCRAM, attempt limits.
//!
//! Everything here is without I/O and without a clock: bytes, names and instants come in as
//! arguments. It knows no database protocol (the engines carry the SCRAM messages) and no store
//! (the composition root publishes entries into the [`Directory`]).
//!
//! ```text
//! Directory ── claim(name) ─▶ ScramServer ── first ─▶ Challenge ── last ─▶ Signed ─▶ Identity
//!                                                Attempts guards both ends
//! ```
//!
//! ```
//! use identity::{Directory, Entry, ScramVerifier, Secret};
//! use model::{Identity, IdentityKind, IdentityName};
//!
//! let directory = Directory::new([7; 32]);
//! let alice = Identity {
//!     name: IdentityName::new("alice"),
//!     kind: IdentityKind::Person,
//!     groups: vec!["support".to_owned()],
//!     acts_for: None,
//! };
//! let verifier = ScramVerifier::for_password(&Secret::from("wonder".to_owned())).unwrap();
//! let credentials = Vec::new();
//! directory.publish(vec![Entry::new(alice, verifier, credentials)]);
//! assert!(directory.resolve("alice").is_some());
//! assert!(directory.resolve("mallory").is_none());
//! ```

pub mod attempts;
pub mod credential;
pub mod directory;
pub mod error;
pub mod passkey;
pub mod scram;
pub mod secret;
pub mod token;
pub mod totp;

pub use attempts::{Attempts, Thresholds, Wait, network};
pub use credential::{Admitted, Claim, Credential, Standing};
pub use directory::{Bar, Directory, Entry, Grant};
pub use error::IdentityError;
pub use scram::{Challenge, Mechanism, ScramClient, ScramServer, ScramVerifier, Signed};
pub use secret::Secret;
pub use token::{token, token_hash};
pub use totp::{Totp, recovery_codes, recovery_hash};
