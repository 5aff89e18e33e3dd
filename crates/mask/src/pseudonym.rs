//! Keyed stand-ins of the same shape. The one place that decides what a pseudonym looks like;
//! knows no types and no formats.
//!
//! Digits go through FF1, so distinct numbers of one length stay distinct. Words and tokens come
//! from HMAC-SHA-256 and are distinct but for chance (60 bits for an address, 32 for a word).

use crate::{column::Rule, key::Secret, time};
use model::Label;
use std::net::{Ipv4Addr, Ipv6Addr};

/// A stand-in for text under this label.
pub(crate) fn text(label: &Label, secret: &Secret, value: &str) -> String {
    let value = value.trim();
    match label {
        _ if *label == Label::EMAIL => {
            format!("{}@example.com", token(secret, &value.to_lowercase()))
        }
        _ if *label == Label::PERSON_NAME => name(secret, value),
        _ if *label == Label::BIRTH_DATE && time::parse_date(value).is_some() => {
            let mut out = Vec::new();
            let rule = Rule::pseudonym(label, secret);
            time::mask(time::Kind::Date, &rule, crate::Format::Text, value.as_bytes(), &mut out);
            String::from_utf8_lossy(&out).into_owned()
        }
        _ if *label == Label::NETWORK_ADDRESS => match value.parse::<std::net::IpAddr>() {
            Ok(std::net::IpAddr::V4(_)) => v4(secret, value.as_bytes()).to_string(),
            Ok(std::net::IpAddr::V6(_)) => v6(secret, value.as_bytes()).to_string(),
            Err(_) => token(secret, value),
        },
        _ if keeps_shape(label) && value.bytes().filter(u8::is_ascii_digit).count() >= 4 => {
            shaped(secret, value)
        }
        _ => token(secret, value),
    }
}

fn keeps_shape(label: &Label) -> bool {
    [
        Label::PHONE,
        Label::PAYMENT_CARD,
        Label::BANK_ACCOUNT,
        Label::NATIONAL_ID,
        Label::PASSPORT,
        Label::DRIVING_LICENCE,
        Label::INCOME,
        Label::LOCATION,
        Label::BIRTH_DATE,
    ]
    .contains(label)
}

/// `p_` and twelve characters of 32 (60 bits).
fn token(secret: &Secret, value: &str) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let bytes = secret.prf("token", value.as_bytes());
    let letters = bytes.iter().take(12).filter_map(|byte| ALPHABET.get(usize::from(byte % 32)));
    let mut out = String::from("p_");
    out.extend(letters.map(|letter| char::from(*letter)));
    out
}

/// Digits by FF1, ASCII letters by a keyed choice of the same case, separators kept.
fn shaped(secret: &Secret, value: &str) -> String {
    let mut digits: Vec<u8> =
        value.bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0').collect();
    secret.permute(&mut digits);
    let mut digits = digits.into_iter();
    let letters: String = value.chars().filter(|c| !c.is_ascii_digit()).collect();
    let mut stream = secret.prf("letters", letters.as_bytes()).into_iter().cycle();
    value
        .chars()
        .map(|c| match c {
            '0'..='9' => char::from(b'0' + digits.next().unwrap_or_default()),
            'a'..='z' => char::from(b'a' + stream.next().unwrap_or_default() % 26),
            'A'..='Z' => char::from(b'A' + stream.next().unwrap_or_default() % 26),
            ' ' | '-' | '.' | '/' | '(' | ')' | '+' | ',' => c,
            _ => 'x',
        })
        .collect()
}

/// One made-up word for each word, so that equal family names stay equal.
fn name(secret: &Secret, value: &str) -> String {
    let words: Vec<String> =
        value.split_whitespace().map(|word| word_like(secret, &word.to_lowercase())).collect();
    if words.is_empty() { token(secret, value) } else { words.join(" ") }
}

/// Four syllables out of 256: 32 bits.
fn word_like(secret: &Secret, word: &str) -> String {
    const ONSETS: &[u8; 16] = b"bdfghjklmnprstvz";
    const VOWELS: [&str; 16] =
        ["a", "e", "i", "o", "u", "an", "el", "in", "or", "us", "ar", "en", "il", "on", "ul", "ai"];
    let mut out = String::new();
    for (place, byte) in secret.prf("word", word.as_bytes()).iter().take(4).enumerate() {
        let onset = ONSETS.get(usize::from(byte >> 4)).copied().unwrap_or(b'b');
        let onset = if place == 0 { onset.to_ascii_uppercase() } else { onset };
        out.push(char::from(onset));
        out.push_str(VOWELS.get(usize::from(byte & 15)).copied().unwrap_or("a"));
    }
    out
}

/// An address in 10.0.0.0/8.
pub(crate) fn v4(secret: &Secret, value: &[u8]) -> Ipv4Addr {
    let [a, b, c, ..] = secret.prf("ipv4", value);
    Ipv4Addr::new(10, a, b, c)
}

/// An address in fd00::/8.
pub(crate) fn v6(secret: &Secret, value: &[u8]) -> Ipv6Addr {
    let bytes = secret.prf("ipv6", value);
    let mut octets = bytes.first_chunk::<16>().copied().unwrap_or_default();
    octets[0] = 0xFD;
    Ipv6Addr::from(octets)
}

/// A version 4 UUID.
pub(crate) fn uuid(secret: &Secret, value: &[u8]) -> [u8; 16] {
    let bytes = secret.prf("uuid", value);
    let mut out = bytes.first_chunk::<16>().copied().unwrap_or_default();
    out[6] = out[6] & 0x0F | 0x40;
    out[8] = out[8] & 0x3F | 0x80;
    out
}
