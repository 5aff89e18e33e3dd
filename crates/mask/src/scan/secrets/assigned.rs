//! Passwords in URLs and values behind `password=`, `"secret": …`, `API_KEY: …`. Knows no makers'
//! marks.

use crate::scan::sieve::Ends;
use std::sync::LazyLock;

/// Words that say that a secret follows, as the end of the name before `=` or `:`, in lower case
/// without separators.
const NAMES: &[&str] = &[
    "password",
    "passwd",
    "passwort",
    "passphrase",
    "pwd",
    "secret",
    "apikey",
    "secretkey",
    "accesskey",
    "accountkey",
    "privatekey",
    "authkey",
    "signingkey",
    "encryptionkey",
    "accesstoken",
    "authtoken",
    "apitoken",
    "refreshtoken",
    "bottoken",
    "sessiontoken",
    "contrasena",
    "motdepasse",
    "senha",
    "haslo",
    "wachtwoord",
    "kennwort",
];

/// The last letters of the words, backwards.
const ENDINGS: [[u8; 3]; 12] = [
    *b"dro", *b"dws", *b"tro", *b"esa", *b"dwp", *b"ter", *b"yek", *b"nek", *b"ane", *b"ess",
    *b"ahn", *b"ols",
];

/// What the words end in.
static ENDS: LazyLock<Ends> = LazyLock::new(|| Ends::of(NAMES.iter().copied()));

/// Characters of a name that are looked at.
const MAX_NAME: usize = 32;

/// Looks around a `=` or `:`.
pub(super) fn find(value: &[u8], at: usize) -> Option<(usize, usize)> {
    if value.get(at..at + 3) == Some(b"://") {
        return url_password(value, at + 3);
    }
    let before = value.get(..at)?;
    let quotes = |byte: &&u8| matches!(byte, b'"' | b'\'' | b' ');
    let gap = before.iter().rev().take(3).take_while(quotes).count();
    let before = before.get(..before.len() - gap)?;
    if !may_be_name(before) || !is_name(before) {
        return None;
    }
    let rest = value.get(at + 1..)?;
    let lead = rest.iter().take(4).take_while(|byte| b"=> \"'".contains(byte)).count();
    let body = rest.get(lead..)?;
    let ends = |byte: &u8| byte.is_ascii_whitespace() || b"\"'<>,;&)}]".contains(byte);
    // In a text made of names and asterisks every name looks as far as this, and no farther.
    let near = body.get(..super::DECIDING).unwrap_or(body);
    let near = near.iter().position(ends).and_then(|end| near.get(..end)).unwrap_or(near);
    if near.len() < 4 || near.contains(&b'*') || is_plain(near) {
        return None;
    }
    let length = body.iter().position(ends).unwrap_or(body.len());
    let start = at + 1 + lead;
    Some((start, start + length))
}

/// False if the text ends in three letters that no name of a secret ends in.
fn may_be_name(before: &[u8]) -> bool {
    let parted = |last: &[u8; 3]| last.iter().any(|byte| matches!(byte, b'_' | b'-'));
    let parted = before.last_chunk().is_some_and(parted);
    let lettered = before.last().is_some_and(u8::is_ascii_alphabetic);
    lettered && (parted || ENDS.may_end(before, before.len()))
}

/// True if the text ends in a name of a secret.
fn is_name(before: &[u8]) -> bool {
    let mut name = [0; MAX_NAME];
    let mut count = 0;
    for byte in before.iter().rev() {
        match byte {
            b'_' | b'-' => {}
            byte if byte.is_ascii_alphanumeric() => match name.get_mut(count) {
                Some(slot) => {
                    *slot = byte.to_ascii_lowercase();
                    count += 1;
                }
                None => break,
            },
            _ => break,
        }
    }
    let name = name.get(..count).unwrap_or_default();
    // The name stands backwards.
    if !name.first_chunk().is_some_and(|ending| ENDINGS.contains(ending)) {
        return false;
    }
    NAMES.iter().any(|known| {
        known.len() <= name.len() && known.bytes().rev().zip(name).all(|(a, b)| a == *b)
    })
}

/// Words that stand where a password would: `password: required`.
fn is_plain(secret: &[u8]) -> bool {
    let words: [&[u8]; 10] = [
        b"null",
        b"none",
        b"true",
        b"false",
        b"required",
        b"optional",
        b"string",
        b"changed",
        b"reset",
        b"expired",
    ];
    words.iter().any(|word| secret.eq_ignore_ascii_case(word))
}

/// Bytes of a URL in which user and password are looked for.
const MAX_AUTHORITY: usize = 300;

/// The password in `scheme://user:password@host`.
fn url_password(value: &[u8], from: usize) -> Option<(usize, usize)> {
    let rest = value.get(from..)?;
    let rest = rest.get(..rest.len().min(MAX_AUTHORITY))?;
    let ends = |byte: &u8| byte.is_ascii_whitespace() || b"/?#\"'<>".contains(byte);
    let authority = rest.get(..rest.iter().position(ends).unwrap_or(rest.len()))?;
    let at = memchr::memrchr(b'@', authority)?;
    let colon = memchr::memchr(b':', authority.get(..at)?)?;
    let password = authority.get(colon + 1..at)?;
    let hidden = password.is_empty() || password.iter().all(|byte| *byte == b'*');
    (!hidden).then_some((from + colon + 1, from + at))
}

#[cfg(test)]
mod tests {
    //! The quick looks pass every word.

    use super::*;

    #[test]
    fn every_name_ends_as_the_endings_say() {
        for name in NAMES {
            let backwards: Vec<u8> = name.bytes().rev().collect();
            assert!(ENDINGS.contains(backwards.first_chunk().unwrap()), "{name}");
            assert!(may_be_name(name.as_bytes()), "{name}");
            assert!(is_name(name.as_bytes()), "{name}");
        }
    }
}
