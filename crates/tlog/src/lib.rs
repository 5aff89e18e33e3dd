//! The public formats of transparency logs: trees (RFC 6962), tiles, entry bundles, checkpoints,
//! signed notes, cosignatures, the messages of witnesses, and proofs, as the C2SP specifications
//! have them, so that anybody's tools verify what Weir writes.
//!
//! The crate knows bytes alone: no files, no network, no records.
//!
//! ```
//! use tlog::{Checkpoint, Frontier, SigningKey, leaf};
//! # fn main() -> Result<(), tlog::Malformed> {
//! let key = SigningKey::from_seed("weir.example/node-1", &[7; 32])?;
//! let mut tree = Frontier::default();
//! tree.push(leaf(b"first entry"));
//! tree.push(leaf(b"second entry"));
//! let head = Checkpoint { origin: key.name().into(), size: tree.size(), root: tree.root() };
//! let note = key.sign(&head.text());
//! assert_eq!(key.verifier().open(&note)?, head.text());
//! # Ok(())
//! # }
//! ```

mod bundle;
mod checkpoint;
mod cosignature;
mod hash;
mod malformed;
mod note;
mod proof;
mod tile;
mod witness;

pub use bundle::{ENTRY_BYTES, put_entry, split_entries};
pub use checkpoint::Checkpoint;
pub use cosignature::{CosignatureKey, CosignatureVerifier};
pub use hash::{EMPTY_ROOT, Frontier, Hash, leaf, node};
pub use malformed::Malformed;
pub use note::{SigningKey, VerifierKey, verify_ed25519};
pub use proof::{
    Nodes, Proof, consistency, inclusion, root_of, verify_consistency, verify_inclusion,
};
pub use tile::{TILE_WIDTH, Tile};
pub use witness::{AddCheckpoint, PROOF_LINES};
