//! What stands in the tree for a record: the record itself, or, as entries of a log of tiles are
//! short, its hash. Knows no files.

use sha2::{Digest, Sha256};
use std::borrow::Cow;

/// The entry for a record's JSON. One that is longer than an entry can be is stood for by
/// `{"type":…,"sha256":…,"bytes":…}`, and lies beside the tiles under its hash.
pub(crate) fn of(payload: &[u8]) -> Cow<'_, [u8]> {
    if payload.len() <= tlog::ENTRY_BYTES {
        return Cow::Borrowed(payload);
    }
    let (word, bytes, sha256) = (type_word(payload), payload.len(), name(payload));
    let stub = format!(r#"{{"type":"{word}","sha256":"{sha256}","bytes":{bytes}}}"#);
    Cow::Owned(stub.into_bytes())
}

/// The hash under which the record lies that this entry stands for; `None` if the entry is the
/// record itself.
pub(crate) fn long(entry: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(entry).ok()?;
    let (word, rest) = text.strip_prefix("{\"type\":\"")?.split_once("\",\"sha256\":\"")?;
    let (name, bytes) = rest.strip_suffix('}')?.split_once("\",\"bytes\":")?;
    let digits =
        |text: &str| text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let plain = word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    (plain && name.len() == 64 && digits(name) && bytes.parse::<u64>().is_ok()).then_some(name)
}

/// The hash under which a long record lies, in hexadecimal.
pub(crate) fn name(payload: &[u8]) -> String {
    let hash: [u8; 32] = Sha256::digest(payload).into();
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The entry for a record that could not be read any more when the tree was made.
pub(crate) fn unreadable(sequence: u64) -> Vec<u8> {
    format!(r#"{{"type":"unreadable","record":{sequence}}}"#).into_bytes()
}

/// The type of a record: its JSON begins with it.
fn type_word(payload: &[u8]) -> &str {
    let rest = payload.strip_prefix(b"{\"type\":\"").unwrap_or_default();
    let end = rest.iter().position(|byte| *byte == b'"').unwrap_or(0);
    rest.get(..end).and_then(|word| std::str::from_utf8(word).ok()).unwrap_or_default()
}
