//! Texts that policy keeps, encrypted, and the keys that can be destroyed: then the record stays
//! what it was, byte for byte, and what was kept is gone. Knows no statement.
//!
//! A key is one identity's for one month, a file of its own below `keys/`: destroying those of a
//! month ends what was kept in it, destroying those of an identity ends what was kept of it.

use crate::{error::LedgerError, segment, time::Time};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use std::{
    borrow::Cow,
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// The folder of the keys, in the ledger's.
pub const KEYS_FOLDER: &str = "keys";

/// What a key's file ends with while it is being destroyed.
const GONE: &str = ".gone";

/// A text under encryption, in a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept<'a> {
    /// Which key: `2026-11/alice`.
    pub key: Cow<'a, str>,
    /// AES-256-GCM: nonce, ciphertext and tag, in base64. The statement's id is authenticated.
    pub text: Cow<'a, str>,
}

/// The keys of one ledger.
#[derive(Clone, Debug)]
pub struct Vault {
    dir: PathBuf,
}

impl Vault {
    /// The keys beside the ledger in this folder.
    pub fn new(ledger: &Path) -> Self {
        Self { dir: ledger.join(KEYS_FOLDER) }
    }

    /// Encrypts a text of this identity; makes the month's key if there is none. `bound` is what
    /// the text belongs to: it opens there alone.
    pub fn keep(
        &self,
        identity: &str,
        now: Time,
        bound: &str,
        text: &str,
    ) -> Result<Kept<'static>, LedgerError> {
        let month: String = now.to_string().chars().take(7).collect();
        let name = format!("{month}/{}", file_name(identity));
        let path = self.dir.join(&name);
        let key = match read(&path)? {
            Some(key) => key,
            None => make(&path)?,
        };
        let mut nonce = [0; NONCE_LEN];
        random(&mut nonce)?;
        let mut bytes = text.as_bytes().to_vec();
        let sealed = cipher(&key)?.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(bound),
            &mut bytes,
        );
        sealed.map_err(|_| LedgerError::Keys("a text cannot be encrypted".into()))?;
        let text = STANDARD.encode([nonce.as_slice(), &bytes].concat());
        Ok(Kept { key: name.into(), text: text.into() })
    }

    /// The text again; `None` if its key was destroyed. An error if it was changed.
    pub fn open(&self, kept: &Kept<'_>, bound: &str) -> Result<Option<String>, LedgerError> {
        const CHANGED: &str = "a kept text is not what was encrypted";
        let changed = || LedgerError::Keys(CHANGED.into());
        // Only names that `keep` makes: never a path out of the folder.
        let (month, name) = kept.key.split_once('/').ok_or_else(changed)?;
        let plain =
            |part: &str| part.chars().all(|c| c.is_ascii_alphanumeric() || "-_%".contains(c));
        if !plain(month) || !plain(name) {
            return Err(changed());
        }
        let Some(key) = read(&self.dir.join(&*kept.key))? else { return Ok(None) };
        let bytes = STANDARD.decode(&*kept.text).map_err(|_| changed())?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_LEN>().ok_or_else(changed)?;
        let mut sealed = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let text = cipher(&key)?
            .open_in_place(nonce, Aad::from(bound), &mut sealed)
            .map_err(|_| changed())?;
        String::from_utf8(text.to_vec()).map(Some).map_err(|_| changed())
    }

    /// The keys there are, by name.
    pub fn keys(&self) -> Result<Vec<String>, LedgerError> {
        let mut all = self.files()?;
        all.retain(|name| !name.contains('.'));
        Ok(all)
    }

    fn files(&self) -> Result<Vec<String>, LedgerError> {
        let mut all = Vec::new();
        for month in list(&self.dir)? {
            for name in list(&self.dir.join(&month))? {
                all.push(format!("{month}/{name}"));
            }
        }
        all.sort_unstable();
        Ok(all)
    }

    /// Destroys the keys of this identity, or of all, of months before this one (`2026-11`), or of
    /// all. Gives their names. What a disk or a backup keeps of them is beyond this.
    pub fn destroy(
        &self,
        identity: Option<&str>,
        before: Option<&str>,
    ) -> Result<Vec<String>, LedgerError> {
        let owner = identity.map(file_name);
        let mut destroyed = Vec::new();
        let mut files = self.files()?;
        // First what somebody left who died while they did this.
        files.sort_by_key(|file| !file.ends_with(GONE));
        for file in files {
            let Some((month, name)) = file.split_once('/') else { continue };
            let left = name.strip_suffix(GONE);
            // No key's name has a point: any other with one is a draft that is no key yet, or
            // another name of the key's file.
            let Some(whose) = left.or_else(|| Some(name).filter(|name| !name.contains('.'))) else {
                continue;
            };
            let theirs = owner.as_ref().is_none_or(|owner| owner == whose);
            if !theirs || before.is_some_and(|before| month >= before) {
                continue;
            }
            let folder = self.dir.join(month);
            let gone = folder.join(format!("{whose}{GONE}"));
            if left.is_none() {
                // Out of the way: nobody may find it while it is being overwritten.
                let path = folder.join(whose);
                fs::rename(&path, &gone)
                    .map_err(|error| LedgerError::io("destroy", &path, error))?;
                segment::sync_dir(&folder)?;
            }
            let erased = OpenOptions::new().write(true).open(&gone).and_then(|mut file| {
                file.write_all(&[0; 32])?;
                file.sync_all()?;
                fs::remove_file(&gone)
            });
            erased.map_err(|error| LedgerError::io("destroy", &gone, error))?;
            segment::sync_dir(&folder)?;
            if left.is_none() {
                destroyed.push(file);
            }
        }
        Ok(destroyed)
    }
}

fn cipher(key: &[u8; 32]) -> Result<LessSafeKey, LedgerError> {
    let key = UnboundKey::new(&AES_256_GCM, key);
    key.map(LessSafeKey::new).map_err(|_| LedgerError::Keys("a key is of no use".into()))
}

fn random(out: &mut [u8]) -> Result<(), LedgerError> {
    getrandom::fill(out).map_err(|error| {
        LedgerError::io("read", "/dev/urandom", io::Error::other(error.to_string()))
    })
}

/// A name that is a file's in every folder, and another for every identity.
pub(crate) fn file_name(identity: &str) -> String {
    let mut name = String::new();
    for byte in identity.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => name.push(char::from(byte)),
            other => name.push_str(&format!("%{other:02x}")),
        }
    }
    name
}

fn list(dir: &Path) -> Result<Vec<String>, LedgerError> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(LedgerError::io("list", dir, error)),
    };
    Ok(entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect())
}

fn read(path: &Path) -> Result<Option<[u8; 32]>, LedgerError> {
    match fs::read(path) {
        Ok(bytes) => {
            let key: Result<[u8; 32], _> = bytes.try_into();
            let key = key.map_err(|_| LedgerError::Keys(format!("{} is damaged", path.display())));
            // What was overwritten and not removed is no key: everybody has it.
            key.map(|key| Some(key).filter(|key| *key != [0; 32]))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(LedgerError::io("read", path, error)),
    }
}

/// Makes a key. Two who make the same at once get the same.
fn make(path: &Path) -> Result<[u8; 32], LedgerError> {
    let mut key = [0; 32];
    random(&mut key)?;
    let mut mark = [0; 8];
    random(&mut mark)?;
    let draft = path.with_extension(format!("new{:016x}", u64::from_le_bytes(mark)));
    let written = || -> io::Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(&key)?;
        file.sync_all()?;
        if fs::read(path).is_ok_and(|bytes| bytes == [0; 32]) {
            fs::remove_file(path)?;
        }
        // Unlike a rename, a link never replaces a key that somebody else made meanwhile.
        match fs::hard_link(&draft, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            other => other?,
        }
        fs::remove_file(&draft)
    };
    written().map_err(|error| LedgerError::io("make", path, error))?;
    // The month's folder may be new, and so may that of all keys.
    for folder in path.ancestors().skip(1).take(3) {
        segment::sync_dir(folder)?;
    }
    read(path)?.ok_or_else(|| LedgerError::Keys(format!("{} is gone", path.display())))
}

#[cfg(test)]
mod tests;
