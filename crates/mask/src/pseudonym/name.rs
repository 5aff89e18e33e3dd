//! Names of persons: each word enciphered for itself, so that a family name is the same in a
//! column of its own and behind a first name, and spelt in syllables. Knows no labels.

use super::sealed::permuted;
use crate::{ff1::Way, key::Secret};

/// Zeros in front of a word, and what follows: letters as a number, or bytes as they are. A word
/// that is none of Weir's passes for one with probability 2^-23.
const LETTERS: [u8; 3] = [0, 0, 0];
const BYTES: [u8; 3] = [0, 0, 1];
/// Letters of a word that is packed as a number; 26^12 times three cases fits 64 bits.
const MAX_LETTERS: usize = 12;
/// The longest word, and the most words; what exceeds either is not a name: bytes.
const MAX_WORD: usize = 48;
const MAX_WORDS: usize = 12;
/// What stands between words and stays.
const BETWEEN: [char; 5] = [' ', '-', '\'', '.', ','];
const TWEAK: &[u8] = b"name";

const ONSETS: &[u8; 16] = b"bdfghjklmnprstvz";
/// No vowel follows a consonant that ends a syllable, so a text has one reading.
const RIMES: [&str; 16] =
    ["a", "e", "i", "o", "u", "an", "el", "in", "or", "us", "ar", "en", "il", "on", "ul", "ai"];

pub(super) fn there(secret: &Secret, value: &str) -> Option<String> {
    each(value, |word| {
        let plain = packed(word)?;
        Some(syllables(&permuted(secret, Way::There, TWEAK, plain.iter())))
    })
}

pub(super) fn back(secret: &Secret, value: &str) -> Option<String> {
    each(value, |word| {
        let sealed = read(word)?;
        unpacked(&permuted(secret, Way::Back, TWEAK, sealed.iter()))
    })
}

/// Each word replaced; `None` if one cannot be, or if there is none.
fn each(value: &str, mut word: impl FnMut(&str) -> Option<String>) -> Option<String> {
    let mut out = String::with_capacity(value.len() * 3);
    let mut words = 0;
    for piece in value.split_inclusive(BETWEEN) {
        let bare = piece.trim_end_matches(BETWEEN);
        if !bare.is_empty() {
            words += 1;
            out.push_str(&word(bare)?);
        }
        out.push_str(piece.get(bare.len()..)?);
    }
    (1..=MAX_WORDS).contains(&words).then_some(out)
}

/// A word of ASCII letters in one of three cases as a number (bijective base 26, times three);
/// any other as its bytes.
fn packed(word: &str) -> Option<Vec<u8>> {
    if word.len() > MAX_WORD {
        return None;
    }
    let letters = word.len() <= MAX_LETTERS && word.bytes().all(|byte| byte.is_ascii_alphabetic());
    if let (true, Some(case)) = (letters, case_of(word)) {
        let letter = |byte: u8| u64::from(byte.to_ascii_lowercase() - b'a') + 1;
        let number = word.bytes().fold(0u64, |sum, byte| sum * 26 + letter(byte)) * 3 + case;
        let bytes = number.to_be_bytes();
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        return Some([&LETTERS, bytes.get(zeros..)?].concat());
    }
    Some([&BYTES, word.as_bytes()].concat())
}

fn unpacked(plain: &[u8]) -> Option<String> {
    if let Some(bytes) = plain.strip_prefix(&BYTES) {
        return String::from_utf8(bytes.to_vec()).ok();
    }
    let bytes = plain.strip_prefix(&LETTERS).filter(|bytes| bytes.len() <= 8)?;
    let number = bytes.iter().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
    let (mut rest, case) = (number / 3, number % 3);
    let mut letters = Vec::new();
    while rest > 0 {
        rest -= 1;
        letters.push(b'a' + u8::try_from(rest % 26).ok()?);
        rest /= 26;
    }
    letters.reverse();
    let word = String::from_utf8(letters).ok()?;
    Some(match case {
        0 => word,
        1 => capital(&word),
        _ => word.to_uppercase(),
    })
}

/// 0 for small letters, 1 for a capital in front, 2 for capitals alone.
fn case_of(word: &str) -> Option<u64> {
    let (lower, upper) = (word.to_ascii_lowercase(), word.to_ascii_uppercase());
    match word {
        _ if word == lower => Some(0),
        _ if word == capital(&lower) => Some(1),
        _ if word == upper => Some(2),
        _ => None,
    }
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect()
}

/// One syllable a byte, the first letter large.
fn syllables(bytes: &[u8]) -> String {
    let mut out = String::new();
    for byte in bytes {
        out.push(ONSETS.get(usize::from(byte >> 4)).copied().map_or('?', char::from));
        out.push_str(RIMES.get(usize::from(byte & 15)).copied().unwrap_or("?"));
    }
    capital(&out)
}

/// The bytes that a word of syllables spells. A consonant before a vowel begins a syllable.
fn read(word: &str) -> Option<Vec<u8>> {
    let lower = word.to_ascii_lowercase();
    let letters = lower.as_bytes();
    let is_vowel = |at: usize| letters.get(at).is_some_and(|letter| b"aeiou".contains(letter));
    let mut bytes = Vec::new();
    let mut at = 0;
    while let Some(onset) = letters.get(at) {
        let onset = ONSETS.iter().position(|known| known == onset)?;
        let long = letters.get(at + 2).is_some_and(|end| match end {
            b'a' | b'e' | b'i' | b'o' | b'u' => true,
            _ => !is_vowel(at + 3),
        });
        let end = at + if long { 3 } else { 2 };
        let rime = lower.get(at + 1..end)?;
        let rime = RIMES.iter().position(|known| *known == rime)?;
        bytes.push(u8::try_from(onset << 4 | rime).ok()?);
        at = end;
    }
    Some(bytes).filter(|bytes| bytes.len() > LETTERS.len())
}
