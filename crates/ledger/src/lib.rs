//! The log of records: what Weir did, for whom, and why.
//!
//! A record is one JSON object; the log is a chain of them in segment files. Whoever appends
//! chooses how sure it wants to be before it goes on:
//!
//! ```text
//! append ──▶ stage (memory) ──hand_over──▶ kernel ──synced──▶ stable storage
//!            encode, hash      one write(2)         one fdatasync(2)
//!            a short lock      for all staged       for all who wait
//! ```
//!
//! The crate knows bytes, time as an argument, and the disk. It does not know SQL, policy or any
//! wire protocol, needs no async runtime, and never decides what is recorded.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use ledger::{Ledger, Options, Reader, Time, record::Stopped};
//! # let dir = std::env::temp_dir().join(format!("ledger-doc-{}", std::process::id()));
//! let now = Time::from(std::time::SystemTime::now());
//! let (ledger, found) = Ledger::open(&dir, Options::new("node-1", "0.1.0", now))?;
//! assert!(found.clean);
//! let place = ledger.append(&Stopped { time: now, reason: "example".into() }.into())?;
//! ledger.hand_over(place)?;
//! ledger.synced(place).wait()?;
//! let mut types = Vec::new();
//! for entry in Reader::open(&dir)? {
//!     types.push(entry?.record()?.type_word());
//! }
//! assert_eq!(types, ["started", "stopped"]);
//! # std::fs::remove_dir_all(&dir)?;
//! # Ok(())
//! # }
//! ```

mod batch;
mod entry;
mod error;
mod fold;
mod folded;
mod frame;
mod hold;
mod ids;
mod keeper;
mod keys;
mod lead;
mod ledger;
mod piece;
mod prune;
mod pruned;
mod publish;
mod reader;
pub mod record;
mod recovery;
mod redact;
mod reserve;
mod scan;
mod seal;
mod segment;
#[cfg(test)]
mod testing;
mod text;
mod tiles;
mod time;
mod tracker;
mod tree;
mod vault;
mod verify;
mod walk;
mod withdrawn;
mod writer;

pub use crate::ledger::{BACKLOG_BYTES, Ledger, OPEN_SESSIONS_NAMED, Options, Stats};
pub use error::LedgerError;
pub use fold::Folding;
pub use frame::RECORD_BYTES;
pub use ids::{Hash, NotAnId, Sequence, SessionId, ShapeId, StatementId};
pub use keeper::{RETRY, SOON, Synced};
pub use keys::{Keys, PUBLIC_FILE, SECRET_FILES};
pub use lead::{Leader, QUICK};
pub use prune::{Rule, pruned};
pub use publish::CHECKPOINT;
pub use reader::{Damage, Flaw, Reader};
pub use record::{Entry, Record};
pub use recovery::Recovery;
pub use redact::{KEY_FILE, Redactor};
pub use reserve::RESERVE_BYTES;
pub use seal::{RATCHET_FILE, Seal};
pub use tiles::{
    CHECKPOINT_FILE, Tiles, WITNESSED_FILE, checkpoint, open_checkpoint, witnessed, write_cosigned,
    write_witnessed,
};
pub use time::{NotATime, Time};
pub use vault::{KEYS_FOLDER, Kept, Vault};
pub use verify::{DAMAGE_LISTED, Known, Verification, verify, verify_telling};
