//! A word in a text: where it stands and what it is made of. Knows no meanings.

use super::{
    prefilter::{self, Lane, one_of, range},
    table::{Key, MAX_WORD},
};

mod spelling;

pub(super) use spelling::{Spelling, Text};

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

const LOWER: u8 = 2;
const UPPER: u8 = 4;
/// A digit or `_`, which no name has.
const CODE: u8 = 8;
/// A byte outside ASCII.
const HIGH: u8 = 16;

/// True for a letter, digit, apostrophe, hyphen, `_` or byte outside ASCII.
#[inline(always)]
pub(super) fn is_wordy(byte: &u8) -> bool {
    WORDY.get(usize::from(*byte)).copied().unwrap_or_default()
}

static WORDY: [bool; 256] = {
    let mut wordy = [false; 256];
    let (mut rest, mut byte) = (wordy.as_mut_slice(), 0u8);
    while let Some((is, more)) = rest.split_first_mut() {
        *is = byte.is_ascii_alphanumeric() || byte >= 0x80 || matches!(byte, b'\'' | b'-' | b'_');
        rest = more;
        byte = byte.wrapping_add(1);
    }
    wordy
};

/// True for a digit or `_`, which no name has.
fn is_code(byte: &u8) -> bool {
    byte.is_ascii_digit() || *byte == b'_'
}

/// Bytes around a word that are looked at together.
const WINDOW: usize = MAX_WORD;

/// Bytes that most words fit in, looked at first.
const NEAR: usize = 16;

/// A bit for each of them.
const NEARBY: u32 = (1 << NEAR) - 1;

/// What each of thirty-two bytes is, the first lowest.
struct Classes {
    wordy: u32,
    lower: u32,
    upper: u32,
    code: u32,
    high: u32,
    /// Apostrophes and hyphens.
    joins: u32,
}

impl Classes {
    #[inline(always)]
    fn of(bytes: &[u8; WINDOW]) -> Self {
        let mut all = [0u32; 5];
        let (chunks, _) = bytes.as_chunks();
        for (chunk, place) in chunks.iter().zip([0, NEAR]) {
            for (bits, class) in all.iter_mut().zip(Self::told(chunk)) {
                *bits |= class << place;
            }
        }
        Self::from(all)
    }

    /// The classes of sixteen bytes.
    #[inline(always)]
    fn told(bytes: &[u8; NEAR]) -> [u32; 5] {
        let lane = Lane::new(*bytes);
        let classes = [
            range(lane, b'a', 26),
            range(lane, b'A', 26),
            range(lane, b'0', 10) | one_of(lane, *b"_"),
            lane,
            one_of(lane, *b"'-"),
        ];
        classes.map(|class| class.to_bitmask())
    }

    /// As [`Self::ahead`], of a word of fewer than sixteen bytes.
    #[inline(always)]
    fn near_ahead(value: &[u8], start: usize) -> Option<Self> {
        let rest = value.get(start..)?;
        let classes = match rest.first_chunk() {
            Some(bytes) => Self::from(Self::told(bytes)),
            None => {
                let bytes = value.last_chunk()?;
                Self::from(Self::told(bytes)).each(|bits| shifted(bits, NEAR - rest.len()))
            }
        };
        (classes.wordy & NEARBY != NEARBY).then_some(classes)
    }

    /// As [`Self::behind`], of a word of fewer than sixteen bytes.
    #[inline(always)]
    fn near_behind(value: &[u8], end: usize) -> Option<Self> {
        let bytes = value.get(..end)?.last_chunk()?;
        let classes = Self::from(Self::told(bytes)).each(|bits| bits << NEAR);
        (classes.wordy >> NEAR != NEARBY).then_some(classes)
    }

    #[inline(always)]
    fn from([lower, upper, code, high, joins]: [u32; 5]) -> Self {
        let wordy = lower | upper | code | high | joins;
        Self { wordy, lower, upper, code, high, joins }
    }

    /// The bytes from a place on; zeros behind the end.
    #[inline(always)]
    fn ahead(value: &[u8], start: usize) -> Option<Self> {
        let rest = value.get(start..)?;
        if let Some(bytes) = rest.first_chunk() {
            return Some(Self::of(bytes));
        }
        // What stands before the place is shifted out.
        Some(match value.last_chunk() {
            Some(bytes) => Self::of(bytes).each(|bits| shifted(bits, WINDOW - rest.len())),
            None => Self::of(&short(value)).each(|bits| shifted(bits, start)),
        })
    }

    /// The bytes before a place; zeros before the beginning.
    #[inline(always)]
    fn behind(value: &[u8], end: usize) -> Option<Self> {
        let before = value.get(..end)?;
        if let Some(bytes) = before.last_chunk() {
            return Some(Self::of(bytes));
        }
        let lifted = |bits: u32| {
            let free = u32::try_from(WINDOW - end).unwrap_or_default();
            bits.checked_shl(free).unwrap_or_default()
        };
        Some(match value.first_chunk() {
            Some(bytes) => Self::of(bytes).each(lifted),
            None => Self::of(&short(value)).each(lifted),
        })
    }

    #[inline(always)]
    fn each(self, of: impl Fn(u32) -> u32) -> Self {
        Self::from([of(self.lower), of(self.upper), of(self.code), of(self.high), of(self.joins)])
    }

    /// The classes that the bytes of a mask have.
    #[inline(always)]
    fn seen(&self, mask: u32) -> u8 {
        let class = |bits: u32, class: u8| u8::from(bits & mask != 0) * class;
        class(self.lower, LOWER)
            | class(self.upper, UPPER)
            | class(self.code, CODE)
            | class(self.high, HIGH)
    }
}

/// Moved down by less than all bits.
#[inline(always)]
fn shifted(bits: u32, by: usize) -> u32 {
    u32::try_from(by).ok().and_then(|by| bits.checked_shr(by)).unwrap_or_default()
}

/// A value of fewer bytes than are looked at together, and zeros behind it.
fn short(value: &[u8]) -> [u8; WINDOW] {
    let mut room = [0; WINDOW];
    for (slot, byte) in room.iter_mut().zip(value) {
        *slot = *byte;
    }
    room
}

/// So many of the lowest bits, fewer than all.
#[inline(always)]
fn lowest(count: usize) -> u32 {
    u32::try_from(count)
        .ok()
        .and_then(|count| 1u32.checked_shl(count))
        .map_or(u32::MAX, |bit| bit - 1)
}

impl<'a> Word<'a> {
    /// The word that begins here, without what is no letter at its end.
    #[inline(always)]
    pub(super) fn at(text: Text<'a>, start: usize) -> Option<Self> {
        let value = text.value;
        let told = text.spelling.and_then(|spelling| Some((spelling, spelling.ahead(start)?)));
        let (length, seen) = match told {
            Some((spelling, (length, mask))) if length < WINDOW => {
                let joins = spelling.joins_from(start);
                begun(value, start, length, spelling.seen(mask), joins)
            }
            Some(_) => long(value, start),
            None => read(value, start),
        };
        Self::of(value, start, start + length, seen)
    }

    /// The word that ends here.
    #[inline(always)]
    pub(super) fn before(text: Text<'a>, end: usize) -> Option<Self> {
        let value = text.value;
        let told = text.spelling.and_then(|spelling| Some((spelling, spelling.behind(end)?)));
        let (length, seen) = match told {
            Some((spelling, (length, mask))) => ended(value, end, length, spelling.seen(mask)),
            None => read_before(value, end),
        };
        Self::of(value, end - length, end, seen)
    }

    /// `None` for one without letters.
    #[inline(always)]
    fn of(value: &'a [u8], start: usize, end: usize, seen: u8) -> Option<Self> {
        let text = value.get(start..end)?;
        (!text.is_empty()).then_some(Self { value, text, start, end, seen })
    }

    /// The word in small letters; `None` for what is too long to be known.
    #[inline(always)]
    pub(super) fn small(&self) -> Option<Key> {
        if self.seen & HIGH == 0 {
            return Key::plain(self.value, self.start, self.end);
        }
        let (halves, length) = small_elsewhere(self.value, self.start, self.end)?;
        Some(Key::new(halves, length))
    }

    fn as_str(&self) -> Option<&'a str> {
        std::str::from_utf8(self.text).ok()
    }

    /// `Anna`, `O'Neil`, `Anna-Lena`: a capital, and small letters behind it.
    #[inline(always)]
    pub(super) fn is_capitalised(&self) -> bool {
        if self.seen & HIGH == 0 {
            return self.seen & LOWER != 0 && self.text.first().is_some_and(u8::is_ascii_uppercase);
        }
        self.is_capitalised_elsewhere()
    }

    /// The same of a word with letters outside ASCII.
    fn is_capitalised_elsewhere(&self) -> bool {
        let first = match *self.text {
            [byte, ..] if byte.is_ascii() => Some(byte.is_ascii_uppercase()),
            [0xC3, byte, ..] => Some(byte < 0x9F && byte != 0x97),
            _ => None,
        };
        match first {
            Some(false) => return false,
            Some(true) if self.text.iter().skip(1).any(u8::is_ascii_lowercase) => return true,
            Some(true) | None => {}
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
        match self.text.first() {
            Some(first) if first.is_ascii() => first.is_ascii_lowercase(),
            _ => self.as_str().and_then(|text| text.chars().next()).is_some_and(char::is_lowercase),
        }
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
        let plain = self.seen & CODE == 0 || !self.text.iter().any(is_code);
        ends && plain && !joined(before)
    }
}

/// How many bytes a word has, 0 for none, and their classes. Small enough for two registers.
type Told = (usize, u8);

/// The word that begins at a place of which nothing is known.
#[inline(never)]
fn read(value: &[u8], start: usize) -> Told {
    let classes = Classes::near_ahead(value, start).or_else(|| Classes::ahead(value, start));
    let Some(classes) = classes else { return (0, 0) };
    let length = usize::try_from(classes.wordy.trailing_ones()).unwrap_or_default();
    if length == WINDOW {
        return long(value, start);
    }
    begun(value, start, length, classes.seen(lowest(length)), u64::from(classes.joins))
}

/// The word that begins at a place, of so many bytes that a word is made of. `joins`: where
/// apostrophes and hyphens stand from its beginning on.
#[inline(always)]
fn begun(value: &[u8], start: usize, length: usize, seen: u8, joins: u64) -> Told {
    if seen & HIGH != 0 {
        return begun_elsewhere(value, start, length, seen);
    }
    // Without the joints at its end.
    let inner = prefilter::below(length) & !joins;
    (usize::try_from(u64::BITS - inner.leading_zeros()).unwrap_or_default(), seen)
}

/// The same with letters outside ASCII.
#[inline(never)]
fn begun_elsewhere(value: &[u8], start: usize, length: usize, seen: u8) -> Told {
    let text = value.get(start..start + length).and_then(letters);
    (text.map_or(0, <[u8]>::len), seen)
}

/// The word that begins at a place, of more bytes than any that is known.
#[inline(never)]
fn long(value: &[u8], start: usize) -> Told {
    let rest = value.get(start..).unwrap_or_default();
    let length = rest.iter().take(MAX_WORD * 2).take_while(|byte| is_wordy(byte)).count();
    let text = rest.get(..length).unwrap_or_default();
    let any = |is: fn(&u8) -> bool, class: u8| u8::from(text.iter().any(is)) * class;
    let seen = any(u8::is_ascii_lowercase, LOWER)
        | any(u8::is_ascii_uppercase, UPPER)
        | any(is_code, CODE)
        | any(|byte| *byte >= 0x80, HIGH);
    if seen & HIGH != 0 {
        return (letters(text).map_or(0, <[u8]>::len), seen);
    }
    let joints = text.iter().rev().take_while(|byte| b"'-".contains(byte)).count();
    (length - joints, seen)
}

/// The word that ends at a place of which nothing is known.
#[inline(never)]
fn read_before(value: &[u8], end: usize) -> Told {
    let classes = Classes::near_behind(value, end).or_else(|| Classes::behind(value, end));
    let Some(classes) = classes else { return (0, 0) };
    let length = usize::try_from(classes.wordy.leading_ones()).unwrap_or_default();
    ended(value, end, length, classes.seen(!lowest(WINDOW - length)))
}

/// The word that ends at a place, of so many bytes that a word is made of.
#[inline(always)]
fn ended(value: &[u8], end: usize, length: usize, seen: u8) -> Told {
    if seen & HIGH == 0 { (length, seen) } else { ended_elsewhere(value, end, length, seen) }
}

/// The same with letters outside ASCII.
#[inline(never)]
fn ended_elsewhere(value: &[u8], end: usize, length: usize, seen: u8) -> Told {
    let text = value.get(end - length..end).unwrap_or_default();
    let whole = is_latin(text) || std::str::from_utf8(text).is_ok();
    (if whole { length } else { 0 }, seen)
}

/// The halves and the length in small letters of a word with letters outside ASCII.
#[inline(never)]
fn small_elsewhere(value: &[u8], start: usize, end: usize) -> Option<([u128; 2], usize)> {
    let other = || value.get(start..end).and_then(|text| std::str::from_utf8(text).ok());
    let key = Key::within(value, start, end).and_then(Key::western);
    let key = key.or_else(|| other().and_then(lowered))?;
    Some((key.halves(), key.length()))
}

/// A word in small letters. `None` for what is too long to be known.
fn lowered(word: &str) -> Option<Key> {
    let mut lowered = Key::EMPTY;
    for c in word.chars().flat_map(char::to_lowercase) {
        lowered.push(c.encode_utf8(&mut [0; 4]).as_bytes())?;
    }
    Some(lowered)
}

/// The letters at the start of bytes of which some are outside ASCII.
fn letters(bytes: &[u8]) -> Option<&[u8]> {
    if is_latin(bytes) {
        let joins = bytes.iter().rev().take_while(|byte| b"'-".contains(byte)).count();
        return bytes.get(..bytes.len() - joins);
    }
    any_letters(bytes).map(str::as_bytes)
}

/// True if all that is outside ASCII are letters of Latin scripts, from À to ſ.
fn is_latin(bytes: &[u8]) -> bool {
    let mut rest = bytes.iter();
    while let Some(byte) = rest.next() {
        let sound = match byte {
            ..0x80 => true,
            0xC3 => rest.next().is_some_and(|byte| is_tail(*byte) && !matches!(byte, 0x97 | 0xB7)),
            0xC4 | 0xC5 => rest.next().is_some_and(|byte| is_tail(*byte)),
            _ => false,
        };
        if !sound {
            return false;
        }
    }
    true
}

fn is_tail(byte: u8) -> bool {
    matches!(byte, 0x80..=0xBF)
}

/// As [`letters`], of any scripts.
fn any_letters(bytes: &[u8]) -> Option<&str> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(bytes.get(..error.valid_up_to())?).ok()?,
    };
    let letter = |c: char| c.is_alphanumeric() || matches!(c, '\'' | '’' | '-' | '_');
    let length = text.find(|c| !letter(c)).unwrap_or(text.len());
    Some(text.get(..length)?.trim_end_matches(['\'', '’', '-']))
}

#[cfg(test)]
mod tests;
