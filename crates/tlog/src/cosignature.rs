//! What witnesses add to a checkpoint: tlog-cosignature, the Ed25519 kind.

use crate::{
    Malformed,
    note::{self, Named, Public, verify_ed25519},
};
use std::fmt;

const ED25519_COSIGNATURE: u8 = 0x04;

/// A witness's key.
#[derive(Debug)]
pub struct CosignatureKey(Named);

impl CosignatureKey {
    /// With this name and this private key (RFC 8032, 5.1.5).
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, Malformed> {
        Named::new(name, ED25519_COSIGNATURE, seed).map(Self)
    }

    /// What others need to verify its cosignatures.
    pub fn verifier(&self) -> CosignatureVerifier {
        CosignatureVerifier(self.0.public())
    }

    /// The signature line for a checkpoint's text, made at this time (seconds since the epoch).
    pub fn cosign(&self, text: &str, time: u64) -> String {
        let mut signature = time.to_be_bytes().to_vec();
        signature.extend_from_slice(&self.0.raw(message(text, time).as_bytes()));
        self.0.line(&signature)
    }
}

/// The public half of a [`CosignatureKey`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CosignatureVerifier(Public);

impl CosignatureVerifier {
    /// Reads `name+id+key`.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        Public::parse(text, ED25519_COSIGNATURE).map(Self)
    }

    /// The witness's name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// When (seconds since the epoch) this witness cosigned this note; an error if it did not.
    pub fn time_of(&self, note: &str) -> Result<u64, Malformed> {
        let (text, lines) = note::split(note)?;
        let mut newest = None;
        for signature in self.0.signatures(&lines) {
            let wrong = Malformed("the witness's cosignature is wrong");
            let (time, signature) = signature.split_first_chunk::<8>().ok_or(wrong)?;
            let time = u64::from_be_bytes(*time);
            if !verify_ed25519(&self.0.key, message(text, time).as_bytes(), signature) {
                return Err(wrong);
            }
            newest = newest.max(Some(time));
        }
        newest.ok_or(Malformed("the note is not cosigned by the witness"))
    }
}

impl fmt::Display for CosignatureVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text())
    }
}

fn message(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}
