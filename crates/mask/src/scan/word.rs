//! A word in a text: where it stands and what it is made of. Knows no meanings.

use super::table::{Key, MAX_WORD};

/// A run of letters, apostrophes and hyphens inside a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word<'a> {
    pub(super) value: &'a [u8],
    pub(super) text: &'a [u8],
    pub(super) start: usize,
    pub(super) end: usize,
    /// The classes of its bytes.
    seen: u8,
}

/// A letter, digit, apostrophe, hyphen, `_` or byte outside ASCII.
const WORDY: u8 = 1;
const LOWER: u8 = 2;
const UPPER: u8 = 4;
/// A digit or `_`, which no name has.
const CODE: u8 = 8;
/// A byte outside ASCII.
const HIGH: u8 = 16;

static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let (mut rest, mut byte) = (classes.as_mut_slice(), 0u8);
    while let Some((class, more)) = rest.split_first_mut() {
        *class = match byte {
            b'a'..=b'z' => WORDY | LOWER,
            b'A'..=b'Z' => WORDY | UPPER,
            b'0'..=b'9' | b'_' => WORDY | CODE,
            b'\'' | b'-' => WORDY,
            0x80.. => WORDY | HIGH,
            _ => 0,
        };
        rest = more;
        byte = byte.wrapping_add(1);
    }
    classes
};

#[inline(always)]
fn class(byte: u8) -> u8 {
    CLASSES.get(usize::from(byte)).copied().unwrap_or_default()
}

pub(super) fn is_wordy(byte: &u8) -> bool {
    class(*byte) & WORDY != 0
}

impl<'a> Word<'a> {
    /// The word that begins here, without what is no letter at its end.
    #[inline]
    pub(super) fn at(value: &'a [u8], start: usize) -> Option<Self> {
        let rest = value.get(start..)?;
        let (mut seen, mut length) = (0, 0);
        for byte in rest.iter().take(MAX_WORD * 2) {
            let class = class(*byte);
            if class == 0 {
                break;
            }
            seen |= class;
            length += 1;
        }
        let text = rest.get(..length)?;
        let text = if seen & HIGH == 0 {
            let ends = text.iter().rev().take_while(|byte| b"'-".contains(byte)).count();
            text.get(..length - ends)?
        } else {
            letters(text)?.as_bytes()
        };
        let end = start + text.len();
        (!text.is_empty()).then_some(Self { value, text, start, end, seen })
    }

    /// The word that ends here.
    #[inline]
    pub(super) fn before(value: &'a [u8], end: usize) -> Option<Self> {
        let before = value.get(..end)?;
        let (mut seen, mut length) = (0, 0);
        for byte in before.iter().rev().take(MAX_WORD) {
            let class = class(*byte);
            if class == 0 {
                break;
            }
            seen |= class;
            length += 1;
        }
        let start = end - length;
        let text = before.get(start..)?;
        if text.is_empty() || seen & HIGH != 0 && std::str::from_utf8(text).is_err() {
            return None;
        }
        Some(Self { value, text, start, end, seen })
    }

    /// The word in small letters; `None` for what is too long to be known.
    #[inline]
    pub(super) fn small(&self) -> Option<Key> {
        if self.seen & HIGH == 0 {
            return Key::within(self.value, self.start, self.end).map(Key::lowered);
        }
        self.as_str().and_then(lowered)
    }

    fn as_str(&self) -> Option<&'a str> {
        std::str::from_utf8(self.text).ok()
    }

    /// `Anna`, `O'Neil`, `Anna-Lena`: a capital, and small letters behind it.
    #[inline]
    pub(super) fn is_capitalised(&self) -> bool {
        if self.seen & HIGH == 0 {
            return self.seen & LOWER != 0 && self.text.first().is_some_and(u8::is_ascii_uppercase);
        }
        let mut chars = self.as_str().unwrap_or_default().chars();
        chars.next().is_some_and(char::is_uppercase) && chars.any(char::is_lowercase)
    }

    /// `J` of `J. Smith`.
    pub(super) fn is_initial(&self) -> bool {
        if self.seen & HIGH == 0 {
            return self.text.len() == 1 && self.seen & UPPER != 0;
        }
        let mut chars = self.as_str().unwrap_or_default().chars();
        chars.next().is_some_and(char::is_uppercase) && chars.next().is_none()
    }

    /// True if it begins with a small letter.
    pub(super) fn is_small(&self) -> bool {
        let first = self.as_str().and_then(|text| text.chars().next());
        first.is_some_and(char::is_lowercase)
    }

    /// True if the word is no piece of a path, an address, a number or code.
    #[inline]
    pub(super) fn stands_free(&self, value: &[u8]) -> bool {
        let before = self.start.checked_sub(1).and_then(|at| value.get(at));
        let joined = |byte: Option<&u8>| {
            let joins = |byte: &u8| {
                matches!(
                    byte,
                    b'/' | b'@'
                        | b'\\'
                        | b'#'
                        | b'$'
                        | b'='
                        | b'.'
                        | b'_'
                        | b'-'
                        | b'+'
                        | b'&'
                        | b'%'
                )
            };
            byte.is_some_and(joins)
        };
        let goes_on = || value.get(self.end + 1).is_some_and(u8::is_ascii_alphanumeric);
        let ends = match value.get(self.end) {
            Some(b'.' | b':' | b'-') => !goes_on(),
            Some(b'/' | b'@' | b'=' | b'(' | b'\\' | b'_') => false,
            Some(_) | None => true,
        };
        // What was cut off behind a word outside ASCII may have been a code.
        let plain = self.seen & CODE == 0 || self.text.iter().all(|byte| class(*byte) & CODE == 0);
        ends && plain && !joined(before)
    }
}

/// A word in small letters. `None` for what is too long to be known.
fn lowered(word: &str) -> Option<Key> {
    let mut lowered = Key::EMPTY;
    // Letters of Western Europe have the small one in the same place of the next half.
    let mut lead = 0;
    for byte in word.bytes() {
        let small = match byte {
            0x80..=0xBF if lead == 0xC3 && byte < 0x9F && byte != 0x97 => byte | 0x20,
            0x80..=0xBF if lead == 0xC3 => byte,
            0xC3 => byte,
            0x80.. => return any_lowered(word),
            _ => byte.to_ascii_lowercase(),
        };
        lead = byte;
        lowered.push(&[small])?;
    }
    Some(lowered)
}

/// The same of any letters.
fn any_lowered(word: &str) -> Option<Key> {
    let mut lowered = Key::EMPTY;
    for c in word.chars().flat_map(char::to_lowercase) {
        lowered.push(c.encode_utf8(&mut [0; 4]).as_bytes())?;
    }
    Some(lowered)
}

/// The letters at the start of bytes of which some are outside ASCII.
fn letters(bytes: &[u8]) -> Option<&str> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(bytes.get(..error.valid_up_to())?).ok()?,
    };
    let letter = |c: char| c.is_alphanumeric() || matches!(c, '\'' | '’' | '-' | '_');
    let length = text.find(|c| !letter(c)).unwrap_or(text.len());
    Some(text.get(..length)?.trim_end_matches(['\'', '’', '-']))
}
