//! The keys of a log: one that signs checkpoints, and the public half of its first seal's.

use crate::{
    error::LedgerError,
    piece,
    seal::{self, RATCHET_FILE},
    segment,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::{
    fmt::{self, Write as _},
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    str::FromStr,
};
use tlog::{SigningKey, VerifierKey};

/// The file with what auditors need: give it to them.
pub const PUBLIC_FILE: &str = "ledger.pub";
/// The file with the key that signs checkpoints, as Go's note package writes them.
pub(crate) const KEY_FILE: &str = "ledger.key";
const SEAL_PREFIX: &str = "weir-seal+";
const PRIVATE_PREFIX: &str = "PRIVATE+KEY+";
/// The type of an Ed25519 key that signs notes: signed-note, "Signature types".
const ED25519: u8 = 0x01;

/// What an auditor holds of a log, as it was when the log began: with it alone a copy is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// Signs the checkpoints.
    pub log: VerifierKey,
    /// Signed the first seal.
    pub seal: [u8; 32],
}

impl Keys {
    /// As `ledger.pub` in this directory has them. Who wants to know whether somebody changed the
    /// directory has a copy of the file from elsewhere.
    pub fn read(dir: &Path) -> Result<Self, LedgerError> {
        let path = dir.join(PUBLIC_FILE);
        let text = fs::read_to_string(&path);
        text.map_err(|error| LedgerError::io("read", &path, error))?.parse()
    }
}

impl fmt::Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.log)?;
        writeln!(f, "{SEAL_PREFIX}{}", STANDARD.encode(self.seal))
    }
}

impl FromStr for Keys {
    type Err = LedgerError;

    fn from_str(text: &str) -> Result<Self, LedgerError> {
        let what = |what: &str| LedgerError::Keys(format!("not a ledger's public keys: {what}"));
        let mut lines = text.lines();
        let log = VerifierKey::parse(lines.next().unwrap_or_default().trim());
        let log = log.map_err(|error| what(error.0))?;
        let seal = lines.next().and_then(|line| line.trim().strip_prefix(SEAL_PREFIX));
        let seal = seal.and_then(|seal| STANDARD.decode(seal).ok()?.try_into().ok());
        Ok(Self { log, seal: seal.ok_or_else(|| what("no line with the first seal's key"))? })
    }
}

/// The signing key of the log in this directory, and what auditors hold. A log that begins gets
/// new ones; its name becomes part of them.
pub(crate) fn open(dir: &Path, origin: &str) -> Result<(SigningKey, Keys), LedgerError> {
    let there =
        |path: &Path| path.try_exists().map_err(|error| LedgerError::io("examine", path, error));
    let public = dir.join(PUBLIC_FILE);
    if !there(&public)? {
        // A log that has begun keeps its keys: new ones would not continue its seals, and the
        // secrets of those that auditors hold would be gone.
        let begun = !piece::list(dir)?.is_empty();
        if begun && (there(&dir.join(KEY_FILE))? || there(&dir.join(RATCHET_FILE))?) {
            return Err(missing(&public));
        }
        return create(dir, origin);
    }
    let keys = Keys::read(dir)?;
    let path = dir.join(KEY_FILE);
    let text = fs::read_to_string(&path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => missing(&path),
        _ => LedgerError::io("read", &path, error),
    })?;
    let key = signing(text.trim()).ok_or_else(|| {
        LedgerError::Keys(format!("{} is not a key that signs notes", path.display()))
    })?;
    if key.verifier() != keys.log {
        let why = format!("{} and {} are of different logs", path.display(), PUBLIC_FILE);
        return Err(LedgerError::Keys(why));
    }
    Ok((key, keys))
}

/// A key without which the log cannot go on; says what to do.
pub(crate) fn missing(path: &Path) -> LedgerError {
    LedgerError::Keys(format!(
        "{} is missing, so nothing can be added to this ledger: restore it from a backup{}, or \
         move the ledger's folder away, keep it, and begin another",
        path.display(),
        if path.ends_with(PUBLIC_FILE) { " or from what `weir audit key` once gave" } else { "" }
    ))
}

fn create(dir: &Path, origin: &str) -> Result<(SigningKey, Keys), LedgerError> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| {
        LedgerError::io("read", "/dev/urandom", io::Error::other(error.to_string()))
    })?;
    let key = SigningKey::from_seed(origin, &seed)
        .map_err(|error| LedgerError::Keys(format!("the log's name {origin:?}: {error}")))?;
    let public = key.verifier().to_string();
    let id = public.strip_prefix(origin).and_then(|rest| rest.get(..10)).unwrap_or_default();
    let mut bytes = vec![ED25519];
    bytes.extend_from_slice(&seed);
    let text = format!("{PRIVATE_PREFIX}{origin}{id}{}\n", STANDARD.encode(bytes));
    write(dir, KEY_FILE, &text, 0o600)?;
    let keys = Keys { log: key.verifier(), seal: seal::begin(dir)? };
    let mut text = String::new();
    let _ = write!(text, "{keys}");
    // Last: as long as it is missing, no log has begun.
    write(dir, PUBLIC_FILE, &text, 0o644)?;
    segment::sync_dir(dir)?;
    Ok((key, keys))
}

/// A signing key as Go's note package writes it: `PRIVATE+KEY+name+id+base64(type ‖ seed)`.
fn signing(text: &str) -> Option<SigningKey> {
    let (name, rest) = text.strip_prefix(PRIVATE_PREFIX)?.split_once('+')?;
    let bytes = STANDARD.decode(rest.split_once('+')?.1).ok()?;
    let (kind, seed) = bytes.split_first()?;
    SigningKey::from_seed(name, seed.try_into().ok()?).ok().filter(|_| *kind == ED25519)
}

/// Writes a file whole: another name first, so that a crash never leaves half of it.
pub(crate) fn write(dir: &Path, name: &str, text: &str, mode: u32) -> Result<(), LedgerError> {
    write_bytes(dir, name, text.as_bytes(), mode)
}

/// The same, of any bytes.
pub(crate) fn write_bytes(
    dir: &Path,
    name: &str,
    bytes: &[u8],
    mode: u32,
) -> Result<(), LedgerError> {
    let path = dir.join(name);
    let draft = dir.join(format!("{name}.new"));
    let written = || -> io::Result<()> {
        let mut options = OpenOptions::new();
        let options = options.write(true).create(true).truncate(true).mode(mode);
        let mut file = options.open(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, &path)
    };
    written().map_err(|error| LedgerError::io("write", &path, error))
}

/// The files of this directory that nobody but Weir may read.
pub const SECRET_FILES: &[&str] = &[KEY_FILE, RATCHET_FILE, crate::redact::KEY_FILE];
