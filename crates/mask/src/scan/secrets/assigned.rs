//! Passwords in URLs and values behind `password=`, `"secret": …`, `API_KEY: …`. Knows no makers'
//! marks.

use crate::scan::{
    prefilter::{Lane, one_of},
    runs,
    sieve::Ends,
};
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
    "passcode",
    "contraseña",
    "hasło",
    "lösenord",
    "heslo",
    "jelszó",
    "salasana",
    "adgangskode",
    "passord",
    "parola",
    "şifre",
    "пароль",
    "密码",
    "密碼",
    "口令",
    "パスワード",
    "비밀번호",
];

/// Words that are said of much else: only what is random through and through is a secret behind
/// them.
const FAINT: &[&str] = &["token", "key", "clave", "jeton", "nyckel", "sleutel", "klucz", "chiave"];

/// What the words end in.
static ENDS: LazyLock<Ends> = LazyLock::new(|| Ends::of(NAMES.iter().chain(FAINT).copied()));

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
    if before.last().is_some_and(u8::is_ascii_digit) {
        return bot_token(value, at);
    }
    if !may_be_name(before) {
        return None;
    }
    let faint = match name(before)? {
        Said::Surely => false,
        Said::Perhaps => true,
    };
    let rest = value.get(at + 1..)?;
    let lead = rest.iter().take(4).take_while(|byte| b"=> \"'".contains(byte)).count();
    let body = rest.get(lead..)?;
    let goes_on = |lane: Lane| !one_of(lane, *b"\t\n\x0C\r \"'<>,;&)}]");
    // In a text made of names and asterisks every name looks as far as this, and no farther.
    let near = body.get(..super::DECIDING).unwrap_or(body);
    let near = near.get(..runs::length(near, 0, goes_on)).unwrap_or_default();
    if near.len() < 4 || near.contains(&b'*') || is_plain(near) {
        return None;
    }
    if faint && !super::said::is_key(near) {
        return None;
    }
    let start = at + 1 + lead;
    Some((start, start + runs::length(body, 0, goes_on)))
}

/// Digits of the number of a bot, and bytes of its token behind the colon.
const BOT: std::ops::RangeInclusive<usize> = 8..=10;
const BOT_TOKEN: usize = 35;

/// A bot's token of Telegram: its number, a colon and letters and digits.
fn bot_token(value: &[u8], at: usize) -> Option<(usize, usize)> {
    let body = super::begin(value, at + 1, super::key);
    if body.len() != BOT_TOKEN || !body.starts_with(b"AA") || !super::is_random(body) {
        return None;
    }
    let before = value.get(..at)?;
    let digits = before.iter().rev().take(11).take_while(|byte| byte.is_ascii_digit()).count();
    let start = at - digits;
    let joined = start.checked_sub(1).and_then(|at| value.get(at));
    let free = joined.is_none_or(|byte| !byte.is_ascii_alphanumeric());
    (BOT.contains(&digits) && free).then_some((start, at + 1 + BOT_TOKEN))
}

/// False if the text ends in three letters that no name of a secret ends in.
fn may_be_name(before: &[u8]) -> bool {
    let parted = |last: &[u8; 3]| last.iter().any(|byte| matches!(byte, b'_' | b'-'));
    let parted = before.last_chunk().is_some_and(parted);
    let lettered = before.last().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80);
    lettered && (parted || ENDS.may_end(before, before.len()))
}

/// Whether a name says that a secret follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Said {
    Surely,
    Perhaps,
}

/// What the name says that the text ends in.
fn name(before: &[u8]) -> Option<Said> {
    let mut name = [0; MAX_NAME];
    let mut count = 0;
    for byte in before.iter().rev() {
        match byte {
            b'_' | b'-' => {}
            byte if byte.is_ascii_alphanumeric() || *byte >= 0x80 => match name.get_mut(count) {
                Some(slot) => {
                    *slot = byte.to_ascii_lowercase();
                    count += 1;
                }
                None => break,
            },
            _ => break,
        }
    }
    // The name stands backwards.
    let name = name.get(..count).unwrap_or_default();
    let ends_in = |known: &&str| {
        known.len() <= name.len() && known.bytes().rev().zip(name).all(|(a, b)| a == *b)
    };
    if NAMES.iter().any(ends_in) {
        return Some(Said::Surely);
    }
    FAINT.iter().any(ends_in).then_some(Said::Perhaps)
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
    fn every_name_says_that_a_secret_follows() {
        for (names, said) in [(NAMES, Said::Surely), (FAINT, Said::Perhaps)] {
            for known in names {
                assert!(may_be_name(known.as_bytes()), "{known}");
                assert_eq!(name(known.as_bytes()), Some(said), "{known}");
            }
        }
    }
}
