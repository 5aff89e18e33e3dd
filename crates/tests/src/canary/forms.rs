//! The forms that SQL can give a value, as patterns for each reading of the bytes. Knows encodings,
//! and nothing of where they are looked for.

use super::time;
use super::{letters, stripped};
use std::ops::RangeInclusive;

/// How the bytes are read that a pattern is looked for in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// As they are.
    Raw,
    /// Letters, digits and bytes beyond ASCII only, in lower case.
    Stripped,
    /// The same without digits.
    Letters,
    /// As zeros and ones.
    Bits,
    /// As it is or stripped, and the whole value must be equal.
    Whole,
}

/// Characters of a piece that has letters; few enough to find what `substr` takes out.
const PIECE: usize = 8;
/// Of a piece in which digits prevail: these occur by chance, among a hundred thousand results full
/// of pseudonyms once with ten digits. What is shorter counts as a whole, from nine digits on.
const DIGITS: RangeInclusive<usize> = 9..=10;
/// The same where the digits are changed too: there are several such forms of each.
const CHANGED_DIGITS: RangeInclusive<usize> = 9..=12;
/// Letters without which a piece counts as digits.
const SOME_LETTERS: usize = 3;
/// Bytes of a piece in base64: a multiple of three.
const BASE64_PIECE: usize = 9;
/// Digits that fit int8 for certain.
const LONGEST_INTEGER: usize = 18;
/// A number below this occurs by chance.
const RARE: u64 = 1_000_000;
/// The form of a date whose year comes last. A masked date keeps its year and is the first of
/// January: behind a number such as 1026, `1913-01-01` reads like the 26th of October 1913.
pub(super) const YEAR_LAST: &str = "date, year last";
/// What follows the year of a masked date.
pub(super) const FIRST_OF_JANUARY: &[u8] = b"0101";
/// Characters of a piece that is written as codes or bits.
const CODES: usize = 6;

/// Patterns by reading, each with the secret it belongs to and the form's name.
#[derive(Debug, Default)]
pub(super) struct Patterns {
    secret: usize,
    all: Vec<(Reading, Vec<u8>, usize, &'static str)>,
}

impl Patterns {
    /// What follows belongs to this secret.
    pub(super) fn of(&mut self, secret: usize) {
        self.secret = secret;
    }

    /// The patterns of one reading.
    pub(super) fn take(&mut self, reading: Reading) -> Vec<(Vec<u8>, usize, &'static str)> {
        let mine = self.all.extract_if(.., |(of, ..)| *of == reading);
        mine.map(|(_, pattern, secret, form)| (pattern, secret, form)).collect()
    }

    pub(super) fn add(&mut self, reading: Reading, form: &'static str, pattern: Vec<u8>) {
        self.all.push((reading, pattern, self.secret, form));
    }

    /// Every form of a text.
    pub(super) fn text(&mut self, text: &str) {
        let reversed: String = text.chars().rev().collect();
        let cases = [text.to_owned(), text.to_lowercase(), text.to_uppercase(), reversed.clone()];
        if text.chars().any(char::is_alphabetic) {
            let turned: String = text.chars().map(rot13).collect();
            self.pieces("rot13", &turned);
        }
        for (form, text) in [
            ("plain", text),
            ("plain", &cases[1]),
            ("plain", &cases[2]),
            ("reversed", &reversed),
            ("shifted", &shifted(text, 1)),
            ("shifted", &shifted(text, -1)),
            ("shifted", &shifted(&reversed, 1)),
        ] {
            self.pieces(form, text);
        }
        for text in &cases {
            self.encoded(text);
        }
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        if text.chars().all(|char| !char.is_alphabetic()) {
            let as_letters: String = text.chars().map(digit_as_letter).collect();
            self.pieces("digits as letters", &as_letters);
            if digits.len() <= LONGEST_INTEGER {
                self.binary(&digits);
            }
        }
    }

    /// Pieces of a text as it stands.
    fn pieces(&mut self, form: &'static str, text: &str) {
        let chars: Vec<char> =
            text.chars().filter(|c| c.is_ascii_alphanumeric() || !c.is_ascii()).collect();
        let lower = |piece: &[char]| stripped(piece.iter().collect::<String>().as_bytes());
        for piece in chars.windows(PIECE) {
            if piece.iter().filter(|char| !char.is_ascii_digit()).count() >= SOME_LETTERS {
                self.add(Reading::Stripped, form, lower(piece));
            }
        }
        let digits = if form == "shifted" { CHANGED_DIGITS } else { DIGITS };
        for piece in chars.windows(chars.len().clamp(*digits.start(), *digits.end())) {
            if piece.iter().filter(|char| !char.is_ascii_digit()).count() < SOME_LETTERS {
                self.add(Reading::Stripped, form, lower(piece));
            }
        }
        let words: Vec<char> = chars.into_iter().filter(|char| !char.is_ascii_digit()).collect();
        for piece in words.windows(PIECE) {
            let piece = letters(piece.iter().collect::<String>().as_bytes());
            self.add(Reading::Letters, "letters", piece);
        }
    }

    /// The bytes of a text in other alphabets.
    fn encoded(&mut self, text: &str) {
        let bytes = text.as_bytes();
        for piece in bytes.windows(PIECE.min(bytes.len())) {
            self.add(Reading::Stripped, "hex", hex(piece));
        }
        let size = BASE64_PIECE.min(bytes.len());
        for piece in bytes.windows(size) {
            for before in 0..3 {
                self.add(Reading::Raw, "base64", base64_inside(piece, before));
            }
        }
        let chars: Vec<char> = text.chars().collect();
        for piece in chars.windows(CODES) {
            let codes = |write: &dyn Fn(u32) -> String| -> Vec<u8> {
                piece.iter().map(|char| write(u32::from(*char))).collect::<String>().into_bytes()
            };
            self.add(Reading::Stripped, "codes", codes(&|code| code.to_string()));
            self.add(Reading::Stripped, "octal", codes(&|code| format!("{code:03o}")));
            self.add(Reading::Stripped, "escaped", codes(&|code| format!("u{code:04x}")));
            self.add(Reading::Stripped, "escaped", codes(&|code| format!("x{code:x}")));
            self.add(Reading::Stripped, "escaped", codes(&|code| format!("x{code:04x}")));
            self.add(Reading::Bits, "bits", codes(&|code| format!("{code:08b}")));
            self.add(Reading::Bits, "bits", codes(&|code| format!("{code:07b}")));
            let back = |code: &str| code.chars().rev().collect::<String>();
            self.add(Reading::Bits, "bits", codes(&|code| back(&format!("{code:08b}"))));
            self.add(Reading::Bits, "bits", codes(&|code| back(&format!("{code:07b}"))));
        }
    }

    /// A decimal number: its digits, its whole part, its hundredths, and binary types.
    pub(super) fn number(&mut self, digits: &str) {
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all = [whole, fraction].concat();
        for text in [all.as_str(), whole] {
            if text.len() >= PIECE {
                self.add(Reading::Stripped, "digits", text.as_bytes().to_vec());
                let reversed: String = text.chars().rev().collect();
                self.add(Reading::Stripped, "reversed", reversed.into_bytes());
            }
        }
        for value in [&all, whole].into_iter().filter_map(|text| text.parse::<u64>().ok()) {
            if value >= RARE {
                self.add(Reading::Whole, "hex", format!("{value:x}").into_bytes());
            }
        }
        if let Ok(value) = digits.parse::<f32>() {
            let short = stripped(format!("{value:.6e}").as_bytes());
            let short: Vec<u8> = short.into_iter().take_while(u8::is_ascii_digit).collect();
            let exponent = format!("e{:02}", whole.len() - 1).into_bytes();
            self.add(Reading::Stripped, "float4", [short, exponent].concat());
        }
        self.binary(digits);
        if !fraction.is_empty() {
            self.binary(whole);
            self.binary(&all);
        }
    }

    /// Big-endian int4, int8, float4, float8 and numeric, as far as the value fits them.
    fn binary(&mut self, digits: &str) {
        if let Ok(value) = digits.parse::<i64>()
            && value.unsigned_abs() >= RARE
        {
            match i32::try_from(value) {
                // Eight bytes end with these four.
                Ok(value) => self.add(Reading::Raw, "int4", value.to_be_bytes().to_vec()),
                Err(_) => self.add(Reading::Raw, "int8", value.to_be_bytes().to_vec()),
            }
        }
        if let Ok(value) = digits.parse::<f64>() {
            self.add(Reading::Raw, "float8", value.to_be_bytes().to_vec());
        }
        if let Ok(value) = digits.parse::<f32>() {
            self.add(Reading::Raw, "float4", value.to_be_bytes().to_vec());
        }
        let groups = numeric(digits);
        if groups.len() >= 4 {
            self.add(Reading::Raw, "numeric", groups);
        }
    }

    /// A date, in the orders people write it, as a number of days or seconds, and binary.
    pub(super) fn date(&mut self, year: i32, month: u32, day: u32) {
        let name = time::MONTHS[month as usize - 1];
        let short = &name[..3];
        let iso = format!("{year:04}{month:02}{day:02}");
        let reversed: String = iso.chars().rev().collect();
        let since_2000 = time::days(year, month, day);
        let since_1970 = since_2000 + time::DAYS_1970_TO_2000;
        let seconds = i64::from(since_1970) * 86_400;
        for text in [
            iso,
            reversed,
            format!("{day:02}{name}{year}"),
            format!("{day}{name}{year}"),
            format!("{day:02}{short}{year}"),
            format!("{name}{day:02}{year}"),
            format!("{short}{day:02}{year}"),
            format!("{}", seconds.abs()),
        ] {
            self.add(Reading::Stripped, "date", text.into_bytes());
        }
        for text in [format!("{day:02}{month:02}{year:04}"), format!("{month:02}{day:02}{year:04}")]
        {
            self.add(Reading::Stripped, YEAR_LAST, text.into_bytes());
        }
        for number in [since_2000, since_1970, since_2000 + time::JULIAN_2000] {
            self.add(Reading::Whole, "days", number.to_string().into_bytes());
        }
        for text in [format!("{year}{month}{day}"), format!("{day}{month}{year}")] {
            self.add(Reading::Whole, "date", text.into_bytes());
        }
        let micros = i64::from(since_2000) * 86_400_000_000;
        self.add(Reading::Raw, "date", since_2000.to_be_bytes().to_vec());
        self.add(Reading::Raw, "timestamp", micros.to_be_bytes().to_vec());
        self.add(Reading::Raw, "int8", seconds.to_be_bytes().to_vec());
        self.add(Reading::Raw, "float8", (seconds as f64).to_be_bytes().to_vec());
        self.add(Reading::Raw, "numeric", numeric(&seconds.abs().to_string()));
    }
}

/// Every letter and digit moved by one in its code, as `chr(ascii(c) + 1)` does.
fn shifted(text: &str, by: i32) -> String {
    let moved = text.chars().map(|char| {
        let code = u32::from(char).checked_add_signed(by);
        code.and_then(char::from_u32).unwrap_or(char)
    });
    moved.collect()
}

fn rot13(char: char) -> char {
    let turn = |first: u8| char::from(first + (char as u8 - first + 13) % 26);
    match char {
        'a'..='z' => turn(b'a'),
        'A'..='Z' => turn(b'A'),
        other => other,
    }
}

fn digit_as_letter(char: char) -> char {
    char.to_digit(10).map_or(char, |digit| char::from(b'a' + digit as u8))
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into_bytes()
}

/// The characters of base64 that depend on these bytes only, when `before` bytes of a group of
/// three stand in front of them.
fn base64_inside(bytes: &[u8], before: usize) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bit = |at: usize| -> usize {
        let byte = at / 8;
        if byte < before { 0 } else { usize::from(bytes[byte - before] >> (7 - at % 8) & 1) }
    };
    let first = (before * 8).div_ceil(6);
    let last = (before + bytes.len()) * 8 / 6;
    let sextet = |at: usize| (at * 6..at * 6 + 6).fold(0, |value, at| value << 1 | bit(at));
    (first..last).map(|at| ALPHABET[sextet(at)]).collect()
}

/// The groups of four digits of a binary numeric, without its header and trailing zeros.
fn numeric(digits: &str) -> Vec<u8> {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole = format!("{}{whole}", "0".repeat((4 - whole.len() % 4) % 4));
    let fraction = format!("{fraction}{}", "0".repeat((4 - fraction.len() % 4) % 4));
    let all = [whole, fraction].concat();
    let mut groups: Vec<u16> = all
        .as_bytes()
        .chunks(4)
        .map(|chunk| chunk.iter().fold(0, |value, digit| value * 10 + u16::from(digit - b'0')))
        .collect();
    while groups.last() == Some(&0) {
        groups.pop();
    }
    groups.into_iter().skip_while(|group| *group == 0).flat_map(u16::to_be_bytes).collect()
}
