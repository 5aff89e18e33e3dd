//! Seals: signatures over the chain by keys of which each signs once and names the next.
//!
//! A seal stands between the records that it covers and those that follow, in the same segment,
//! and is made durable with them. Its key is made from a secret that is hashed onward at once, so
//! that whoever takes the machine finds only the secret of the seal that comes next: what is
//! sealed already they cannot rewrite, nor continue differently. The first key is part of what an
//! auditor holds ([`crate::Keys`]).
//!
//! ```text
//! secret 0 ──SHA-256──▶ secret 1 ──SHA-256──▶ secret 2 …       the file `ratchet.key`, one only
//!    │                     │
//! key pair 0 ──signs──▶ records, chain, public key 1            a seal
//! ```

use crate::{error::LedgerError, frame::Digest32, keys};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use sha2::{Digest, Sha256};
use std::{
    fs::{self, File},
    io,
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// The file with the secret of the next seal: `number u64 LE ‖ secret ‖ CRC-32C u32 LE`.
pub const RATCHET_FILE: &str = "ratchet.key";
const RATCHET_BYTES: usize = 44;
/// How many secrets are passed over at most to catch up with the log: seals of one session of
/// writes that the disk kept while it lost the file's newest state.
const CATCH_UP: u64 = 1 << 20;

/// `number u64 LE ‖ next public key ‖ signature`.
pub(crate) const SEAL_BYTES: usize = 104;

/// One seal, as it stands in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seal {
    /// Its number, from zero.
    pub number: u64,
    /// How many records it covers: all that come before it.
    pub records: u64,
    /// The chain after the last of them.
    pub chain: Digest32,
    /// The public key that signs the next seal.
    pub next: [u8; 32],
    /// By the key that the seal before names, over everything above.
    pub signature: [u8; 64],
}

impl Seal {
    /// What stands in the frame. Which records come before, and their chain, the place says.
    pub(crate) fn payload(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(SEAL_BYTES);
        out.extend_from_slice(&self.number.to_le_bytes());
        out.extend_from_slice(&self.next);
        out.extend_from_slice(&self.signature);
        out
    }

    pub(crate) fn parse(payload: &[u8], records: u64, chain: Digest32) -> Option<Self> {
        let (number, rest) = payload.split_first_chunk::<8>()?;
        let (next, rest) = rest.split_first_chunk::<32>()?;
        let signature = *rest.first_chunk::<64>()?;
        let number = u64::from_le_bytes(*number);
        (rest.len() == 64).then_some(Self { number, records, chain, next: *next, signature })
    }

    /// True if the key with this public half has made it.
    pub fn is_by(&self, key: &[u8; 32]) -> bool {
        let message = message(self.number, self.records, &self.chain, &self.next);
        tlog::verify_ed25519(key, &message, &self.signature)
    }
}

fn message(number: u64, records: u64, chain: &Digest32, next: &[u8; 32]) -> Vec<u8> {
    let numbers = [number.to_le_bytes(), records.to_le_bytes()].concat();
    [b"weir seal v1\n".as_slice(), &numbers, chain, next].concat()
}

/// The secret of the next seal, and the file that has it.
#[derive(Debug)]
pub(crate) struct Ratchet {
    path: PathBuf,
    file: File,
    secret: Secret,
    /// The key pairs of this secret and the next, made when they were needed first: making one
    /// costs as much as signing.
    pair: Option<Ed25519KeyPair>,
    next: Option<Ed25519KeyPair>,
}

/// What one key pair is made from.
pub(crate) struct Secret {
    number: u64,
    seed: [u8; 32],
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secret({}, ***)", self.number)
    }
}

impl Secret {
    fn next(&self) -> Self {
        Self { number: self.number + 1, seed: derive(b"weir ratchet v1", &self.seed) }
    }

    pub(crate) fn pair(&self) -> Result<Ed25519KeyPair, LedgerError> {
        Ed25519KeyPair::from_seed_unchecked(&derive(b"weir seal key v1", &self.seed))
            .map_err(|_| LedgerError::Keys("a seal's key cannot be made".into()))
    }

    fn public(&self) -> Result<[u8; 32], LedgerError> {
        public(&self.pair()?)
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = [self.number.to_le_bytes().as_slice(), &self.seed].concat();
        let crc = crc32c::crc32c(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (body, crc) = bytes.split_at_checked(RATCHET_BYTES - 4)?;
        let sound = crc == crc32c::crc32c(body).to_le_bytes();
        let (number, seed) = body.split_first_chunk::<8>()?;
        let seed = seed.try_into().ok()?;
        sound.then_some(Self { number: u64::from_le_bytes(*number), seed })
    }
}

fn public(pair: &Ed25519KeyPair) -> Result<[u8; 32], LedgerError> {
    let key = pair.public_key().as_ref().try_into();
    key.map_err(|_| LedgerError::Keys("a seal's key is not of 32 bytes".into()))
}

fn derive(what: &[u8], seed: &[u8; 32]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(what);
    hasher.update(seed);
    hasher.finalize().into()
}

/// A new secret, for a log that begins, and the public key of its first seal.
pub(crate) fn begin(dir: &Path) -> Result<[u8; 32], LedgerError> {
    let path = dir.join(RATCHET_FILE);
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| {
        LedgerError::io("read", "/dev/urandom", io::Error::other(error.to_string()))
    })?;
    let secret = Secret { number: 0, seed };
    let public = secret.public()?;
    let mut options = File::options();
    let opened = options.write(true).create(true).truncate(true).mode(0o600).open(&path);
    let written = opened.and_then(|file| {
        file.write_all_at(&secret.encode(), 0)?;
        file.sync_all()
    });
    written.map_err(|error| LedgerError::io("write", &path, error))?;
    Ok(public)
}

impl Ratchet {
    /// Goes on where the log's last seal is. Says in words what does not fit.
    pub(crate) fn open(
        dir: &Path,
        last: Option<&Seal>,
    ) -> Result<(Self, Option<String>), LedgerError> {
        let path = dir.join(RATCHET_FILE);
        let failed = |error| LedgerError::io("read", &path, error);
        let opened = File::options().read(true).write(true).open(&path);
        let file = opened.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => keys::missing(&path),
            _ => failed(error),
        })?;
        let bytes = fs::read(&path).map_err(failed)?;
        let mut secret = Secret::decode(&bytes).ok_or_else(|| {
            LedgerError::Keys(format!("{} is damaged: seals cannot go on", path.display()))
        })?;
        let mut trouble = None;
        if let Some(last) = last {
            // The file is written after the seals: it may be behind the log, never before it.
            let behind = (last.number + 1).saturating_sub(secret.number);
            for _ in 0..behind.min(CATCH_UP) {
                secret = secret.next();
            }
            if secret.number > last.number + 1 {
                let missing = secret.number - last.number - 1;
                trouble = Some(format!(
                    "{missing} seals that were made are not in the log: its end was cut off or \
                     an old copy was put in its place"
                ));
            } else if secret.public()? != last.next {
                trouble = Some("the ratchet's key does not continue the log's seals".into());
            }
        } else if secret.number > 0 {
            trouble = Some(format!("{} seals that were made are not in the log", secret.number));
        }
        Ok((Self { path, file, secret, pair: None, next: None }, trouble))
    }

    /// The secret behind this one, if its key pair is not made yet: that takes as long as signing,
    /// and can be done while others write.
    pub(crate) fn coming(&self) -> Option<Secret> {
        self.next.is_none().then(|| self.secret.next())
    }

    /// Takes the key pair of the secret behind this one, if it still is.
    pub(crate) fn expect(&mut self, coming: &Secret, pair: Ed25519KeyPair) {
        if coming.number == self.secret.number + 1 {
            self.next.get_or_insert(pair);
        }
    }

    /// The seal over what the log holds now.
    pub(crate) fn seal(&mut self, records: u64, chain: Digest32) -> Result<Seal, LedgerError> {
        let following = match self.next.take() {
            Some(pair) => pair,
            None => self.secret.next().pair()?,
        };
        let next = public(&following)?;
        self.next = Some(following);
        let pair = match self.pair.take() {
            Some(pair) => pair,
            None => self.secret.pair()?,
        };
        let message = message(self.secret.number, records, &chain, &next);
        let signature = pair.sign(&message);
        self.pair = Some(pair);
        let signature = signature.as_ref().try_into();
        let signature =
            signature.map_err(|_| LedgerError::Keys("a signature is not of 64 bytes".into()))?;
        Ok(Seal { number: self.secret.number, records, chain, next, signature })
    }

    /// Forgets the secret of the seal that was just written.
    pub(crate) fn turn(&mut self) {
        self.secret = self.secret.next();
        self.pair = self.next.take();
    }

    /// Overwrites the secrets on disk that were used. Called when the seals are durable.
    pub(crate) fn save(&self) -> Result<(), LedgerError> {
        let written = self.file.write_all_at(&self.secret.encode(), 0);
        written.map_err(|error| LedgerError::io("write", &self.path, error))
    }
}
