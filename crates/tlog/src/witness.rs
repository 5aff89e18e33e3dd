//! What a log asks of a witness: tlog-witness, `add-checkpoint`. Knows no HTTP.

use crate::{Hash, Malformed, checkpoint::decimal, note};

/// How many hashes a consistency proof may have.
pub const PROOF_LINES: usize = 63;

/// A request to cosign a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size of the checkpoint that the witness cosigned last, as far as the log knows.
    pub old: u64,
    /// The consistency proof from there.
    pub proof: Vec<Hash>,
    /// The checkpoint's note.
    pub checkpoint: String,
}

impl AddCheckpoint {
    /// The body of the request.
    pub fn text(&self) -> String {
        let mut text = format!("old {}\n", self.old);
        for hash in &self.proof {
            text.push_str(&note::encode(hash));
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&self.checkpoint);
        text
    }

    /// Reads the body of a request.
    pub fn parse(body: &str) -> Result<Self, Malformed> {
        let (head, checkpoint) =
            body.split_once("\n\n").ok_or(Malformed("the request has no checkpoint"))?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old "));
        let old = decimal(old.ok_or(Malformed("the request has no old size"))?)?;
        let proof = lines.map(note::hash).collect::<Option<Vec<_>>>();
        let proof = proof.ok_or(Malformed("a line of the proof is not a hash"))?;
        if proof.len() > PROOF_LINES {
            return Err(Malformed("the proof has more than 63 lines"));
        }
        Ok(Self { old, proof, checkpoint: checkpoint.to_owned() })
    }
}
