//! Keyed hashes that stand for values in records. Knows no records and keeps no value.

use crate::{error::LedgerError, ids::Hash};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::{
    fmt,
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

/// The file beside the segments that holds the key: 32 bytes, readable by its owner alone.
/// Destroying it makes every hash in the log meaningless, and nothing else.
pub const KEY_FILE: &str = "redaction.key";

/// Turns values into hashes that are equal for equal values and say nothing without the key:
/// HMAC-SHA-256 (RFC 2104), cut to 128 bits.
#[derive(Clone)]
pub struct Redactor {
    keyed: Hmac<Sha256>,
}

impl Redactor {
    /// With this key.
    pub fn new(key: &[u8; 32]) -> Self {
        // HMAC pads a key with zeros to the hash's block of 64 bytes (RFC 2104, 2).
        let mut block = [0; 64];
        block.iter_mut().zip(key).for_each(|(slot, byte)| *slot = *byte);
        Self { keyed: <Hmac<Sha256> as KeyInit>::new(&block.into()) }
    }

    /// The hash that stands for this value.
    pub fn hash(&self, value: &[u8]) -> Hash {
        let mut mac = self.keyed.clone();
        mac.update(value);
        Hash::truncate(&mac.finalize().into_bytes().into())
    }

    /// The hash of a value that a statement names: the same however it was written. A number counts
    /// without its sign, which is an operator in a text, and without noughts that mean nothing; a
    /// UUID in small letters; everything else as it is.
    pub fn value(&self, value: &[u8]) -> Hash {
        match canonical(value) {
            Some(canonical) => self.hash(&canonical),
            None => self.hash(value),
        }
    }

    /// The redactor of a ledger in this directory, if its key is there.
    pub fn of(dir: &Path) -> Result<Option<Self>, LedgerError> {
        match dir.join(KEY_FILE).exists() {
            true => Self::open(dir).map(Some),
            false => Ok(None),
        }
    }

    /// Reads the key of a ledger's directory, or makes one.
    pub(crate) fn open(dir: &Path) -> Result<Self, LedgerError> {
        let path = dir.join(KEY_FILE);
        let key = match File::open(&path) {
            Ok(file) => {
                let mut bytes = Vec::new();
                let read = file.take(33).read_to_end(&mut bytes);
                read.map_err(|error| LedgerError::io("read", &path, error))?;
                <[u8; 32]>::try_from(bytes.as_slice())
                    .map_err(|_| LedgerError::NotALedger(path.clone()))?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                create(dir, &path).map_err(|error| LedgerError::io("create", &path, error))?
            }
            Err(error) => return Err(LedgerError::io("open", &path, error)),
        };
        Ok(Self::new(&key))
    }
}

/// Another spelling of a value that has several; `None` where it stands for itself.
fn canonical(value: &[u8]) -> Option<Vec<u8>> {
    let is_digit = |byte: &u8| byte.is_ascii_digit();
    if value.first().is_some_and(|first| *first != b'0') && value.iter().all(is_digit) {
        return None;
    }
    let number = value.strip_prefix(b"-").or(value.strip_prefix(b"+")).unwrap_or(value);
    let digits = number.iter().filter(|byte| is_digit(byte)).count();
    let points = number.iter().filter(|byte| **byte == b'.').count();
    if digits > 0 && points <= 1 && digits + points == number.len() {
        let mut parts = number.splitn(2, |byte| *byte == b'.');
        let (whole, places) = (parts.next()?, parts.next().unwrap_or_default());
        let begin = whole.iter().position(|digit| *digit != b'0').unwrap_or(whole.len());
        let end = places.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 1);
        let mut plain = whole.get(begin..)?.to_vec();
        if plain.is_empty() {
            plain.push(b'0');
        }
        if end > 0 {
            plain.push(b'.');
            plain.extend_from_slice(places.get(..end)?);
        }
        return (plain != value).then_some(plain);
    }
    let hyphens = |place: usize| matches!(place, 8 | 13 | 18 | 23);
    let is_uuid = value.len() == 36
        && value.iter().enumerate().all(|(place, byte)| match hyphens(place) {
            true => *byte == b'-',
            false => byte.is_ascii_hexdigit(),
        });
    (is_uuid && value.iter().any(u8::is_ascii_uppercase)).then(|| value.to_ascii_lowercase())
}

/// Written whole under another name first: a crash never leaves half a key.
fn create(dir: &Path, path: &Path) -> io::Result<[u8; 32]> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|error| io::Error::other(error.to_string()))?;
    let draft = path.with_extension("key.new");
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(&key)?;
    file.sync_all()?;
    std::fs::rename(&draft, path)?;
    File::open(dir)?.sync_all()?;
    Ok(key)
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor(***)")
    }
}

#[cfg(test)]
mod tests;
