//! Signed notes and their Ed25519 keys: C2SP signed-note. Knows nothing of what a text says.

use crate::Malformed;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};
use std::fmt;

/// The type of keys that sign notes with Ed25519.
const ED25519_NOTE: u8 = 0x01;
/// What begins a signature line: an em dash and a space.
const DASH: &str = "\u{2014} ";

/// True if this Ed25519 (RFC 8032) signature of the message is this key's.
pub fn verify_ed25519(key: &[u8; 32], message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ED25519, key).verify(message, signature).is_ok()
}

/// An Ed25519 key pair with a name and a type: what signs notes and cosigns them.
pub(crate) struct Named {
    pub(crate) name: String,
    kind: u8,
    pair: Ed25519KeyPair,
}

impl Named {
    pub(crate) fn new(name: &str, kind: u8, seed: &[u8; 32]) -> Result<Self, Malformed> {
        check_name(name)?;
        let pair = Ed25519KeyPair::from_seed_unchecked(seed)
            .map_err(|_| Malformed("the seed makes no key"))?;
        Ok(Self { name: name.to_owned(), kind, pair })
    }

    pub(crate) fn public(&self) -> Public {
        let mut key = [0; 32];
        key.iter_mut().zip(self.pair.public_key().as_ref()).for_each(|(to, from)| *to = *from);
        Public { name: self.name.clone(), kind: self.kind, key }
    }

    pub(crate) fn raw(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }

    /// A signature line: the key's id and these bytes.
    pub(crate) fn line(&self, signature: &[u8]) -> String {
        let mut bytes = self.public().id().to_vec();
        bytes.extend_from_slice(signature);
        format!("{DASH}{} {}\n", self.name, STANDARD.encode(bytes))
    }
}

impl fmt::Debug for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (***)", self.name)
    }
}

/// The public half, with what a verifier key says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Public {
    pub(crate) name: String,
    kind: u8,
    pub(crate) key: [u8; 32],
}

impl Public {
    pub(crate) fn new(name: &str, kind: u8, key: [u8; 32]) -> Result<Self, Malformed> {
        check_name(name)?;
        Ok(Self { name: name.to_owned(), kind, key })
    }

    pub(crate) fn id(&self) -> [u8; 4] {
        let mut hasher = Sha256::new();
        hasher.update(self.name.as_bytes());
        hasher.update([b'\n', self.kind]);
        hasher.update(self.key);
        let [a, b, c, d, ..]: [u8; 32] = hasher.finalize().into();
        [a, b, c, d]
    }

    /// `name+id+key`: signed-note, "Verifier keys".
    pub(crate) fn text(&self) -> String {
        let mut bytes = vec![self.kind];
        bytes.extend_from_slice(&self.key);
        format!("{}+{:08x}+{}", self.name, u32::from_be_bytes(self.id()), STANDARD.encode(bytes))
    }

    pub(crate) fn parse(text: &str, kind: u8) -> Result<Self, Malformed> {
        const WHAT: Malformed = Malformed("not a verifier key (name+id+key)");
        let (name, rest) = text.split_once('+').ok_or(WHAT)?;
        let (id, key) = rest.split_once('+').ok_or(WHAT)?;
        let bytes = STANDARD.decode(key).map_err(|_| WHAT)?;
        let (found, key) = bytes.split_first().ok_or(WHAT)?;
        if *found != kind {
            return Err(Malformed("the verifier key is of another kind"));
        }
        let public = Self::new(name, kind, key.try_into().map_err(|_| WHAT)?)?;
        if id != format!("{:08x}", u32::from_be_bytes(public.id())) {
            return Err(Malformed("the verifier key's id is not its key's"));
        }
        Ok(public)
    }

    /// What this key's signature lines of a note carry behind the key's id.
    pub(crate) fn signatures(&self, lines: &[Line<'_>]) -> Vec<Vec<u8>> {
        let mine = |(name, bytes): &Line<'_>| {
            let (id, signature) = bytes.split_first_chunk::<4>()?;
            (*name == self.name && *id == self.id()).then(|| signature.to_vec())
        };
        lines.iter().filter_map(mine).collect()
    }
}

/// signed-note, "Signatures": a name is not empty and has no spaces and no plus sign.
fn check_name(name: &str) -> Result<(), Malformed> {
    let bad = |c: char| c.is_whitespace() || c.is_control() || c == '+';
    if name.is_empty() || name.contains(bad) {
        return Err(Malformed("a key's name is empty or has spaces or a plus sign"));
    }
    Ok(())
}

/// A key that signs notes.
#[derive(Debug)]
pub struct SigningKey(Named);

impl SigningKey {
    /// With this name and this private key (RFC 8032, 5.1.5).
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, Malformed> {
        Named::new(name, ED25519_NOTE, seed).map(Self)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// What others need to verify its signatures.
    pub fn verifier(&self) -> VerifierKey {
        VerifierKey(self.0.public())
    }

    /// The note with this text, which ends with a newline.
    pub fn sign(&self, text: &str) -> String {
        format!("{text}\n{}", self.0.line(&self.0.raw(text.as_bytes())))
    }
}

/// The public half of a [`SigningKey`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey(Public);

impl VerifierKey {
    /// Reads `name+id+key`.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        Public::parse(text, ED25519_NOTE).map(Self)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The text of this note, if this key has signed it.
    pub fn open<'n>(&self, note: &'n str) -> Result<&'n str, Malformed> {
        let (text, lines) = split(note)?;
        let found = self.0.signatures(&lines);
        if found.is_empty() {
            return Err(Malformed("the note is not signed by the log's key"));
        }
        let good = |s: &Vec<u8>| verify_ed25519(&self.0.key, text.as_bytes(), s);
        if !found.iter().all(good) {
            return Err(Malformed("the signature by the log's key is wrong"));
        }
        Ok(text)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text())
    }
}

/// A signature line: the key's name, and its id with the signature behind it.
pub(crate) type Line<'n> = (&'n str, Vec<u8>);

/// Text and signature lines of a note.
pub(crate) fn split(note: &str) -> Result<(&str, Vec<Line<'_>>), Malformed> {
    if note.chars().any(|c| c.is_control() && c != '\n') {
        return Err(Malformed("the note holds control characters"));
    }
    let at = note.rfind("\n\n").ok_or(Malformed("the note has no signatures"))?;
    let (text, lines) = note.split_at(at + 1);
    let lines = lines.strip_prefix('\n').and_then(|lines| lines.strip_suffix('\n'));
    let lines = lines.ok_or(Malformed("the note does not end with a newline"))?;
    let lines = lines.split('\n').map(signature_line).collect::<Option<_>>();
    Ok((text, lines.ok_or(Malformed("a signature line is malformed"))?))
}

fn signature_line(line: &str) -> Option<Line<'_>> {
    let (name, bytes) = line.strip_prefix(DASH)?.split_once(' ')?;
    Some((name, decode(bytes).filter(|bytes| bytes.len() > 4)?))
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// A hash in base64.
pub(crate) fn hash(text: &str) -> Option<[u8; 32]> {
    decode(text)?.try_into().ok()
}

#[cfg(test)]
mod tests;
