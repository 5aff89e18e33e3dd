//! Keys, tokens, private keys and passwords by the marks their makers put on them. Knows no other
//! kinds.
//!
//! Most marks hold a character that is rare in running text (`_`, `-`, `$`, `=`, `:`); only what
//! stands around such a character is compared with the list. The few marks of letters alone are
//! looked for where sixteen bytes stand together without a space.

use super::{
    Hit, Hits, Kind, Look,
    prefilter::{self, Lane, Signs, one_of},
    runs,
    sieve::Ends,
};
use std::sync::LazyLock;

mod assigned;
mod marks;
mod said;

use marks::{Follow, PLAIN, WITH_RARE};
pub(super) use said::Said;

/// Marks with a space behind them, which begins what follows.
const SCHEMES: [&[u8; 7]; 2] = [b"Bearer ", b"bearer "];

/// The same of a name and password in base64.
const BASIC: [&[u8; 6]; 2] = [b"Basic ", b"basic "];

/// The shortest secret behind a plain mark, or with it: fewer bytes without a space are none.
const LEAST_PLAIN: usize = 16;

/// A mark of [`WITH_RARE`] made ready for comparison around its first rare character.
struct Mark {
    text: &'static [u8],
    offset: usize,
    follow: Follow,
}

/// The marks by the byte in front of their rare character; those that begin with it are under 0.
static BY_PREVIOUS: LazyLock<Vec<Vec<Mark>>> = LazyLock::new(|| {
    let mut table: Vec<Vec<Mark>> = (0..256).map(|_| Vec::new()).collect();
    for (mark, follow) in WITH_RARE {
        let text = mark.as_bytes();
        let offset = text.iter().position(|byte| b"_-$".contains(byte)).unwrap_or(0);
        let previous = offset.checked_sub(1).and_then(|at| text.get(at)).copied().unwrap_or(0);
        if let Some(slot) = table.get_mut(usize::from(previous)) {
            slot.push(Mark { text, offset, follow: *follow });
        }
    }
    table
});

/// What stands in the marks before their first rare character.
static BEFORE_RARE: LazyLock<Ends> = LazyLock::new(|| {
    let first = |mark: &'static str| mark.find(['_', '-', '$']);
    Ends::of(WITH_RARE.iter().filter_map(|(mark, _)| mark.get(..first(mark)?)))
});

/// The search for marks of letters alone.
#[derive(Default)]
pub(super) struct Plain {
    /// Where the last run of bytes without a space ended.
    done: usize,
    /// Where the last secret ended.
    found: usize,
    /// Where the last id of a key of Amazon's ended, 0 for none.
    id: usize,
}

/// The marks of ids of keys of Amazon's, how far behind one the secret begins, and its length.
const IDS: [&str; 2] = ["AKIA", "ASIA"];
const BESIDE_ID: usize = 64;
const ID_SECRET: usize = 40;

impl Plain {
    /// Looks at the runs of sixteen bytes without a space and more in which a mark may begin.
    /// `long`: where such runs stand.
    pub(super) fn block(&mut self, look: Look<'_>, long: u64, hits: &mut Hits) {
        let value = look.value;
        let starts = long & !look.behind(|masks| masks.solid);
        let announced = prefilter::places(starts)
            .filter(|place| scheme(value, look.base + place).is_some())
            .fold(0, |all, place| all | 1 << place);
        // What began in the block before was not known to be long there.
        let crossing = long & look.goes_through();
        let crossing = if crossing != 0 && self.crosses(value, look.base) { crossing } else { 0 };
        let marks = plain_marks(look, long);
        let beside = if marks != 0 || self.id != 0 { starts } else { 0 };
        for place in prefilter::places(crossing | announced | marks | beside) {
            let at = look.base + place;
            let named = || self.is_beside(at) || value.get(at..).is_some_and(begins_mark);
            if at < self.done || (crossing | announced) >> place & 1 == 0 && !named() {
                continue;
            }
            let before = value.get(self.done..at).unwrap_or_default();
            let start = at - runs::at_end(before, runs::solid);
            self.done = at + runs::length(value, at, runs::solid);
            if self.done - start >= LEAST_PLAIN {
                self.run(value, start, self.done, hits);
            }
        }
    }

    /// True if a mark may stand in the run of bytes without a space that reaches to the end of a
    /// block, so far as it was too short to be looked at there.
    fn crosses(&self, value: &[u8], base: usize) -> bool {
        let from = self.done.max(base.saturating_sub(LEAST_PLAIN));
        let before = value.get(from..base).unwrap_or_default();
        let back = before.iter().rev().take_while(|byte| **byte > b' ').count();
        let start = base - back;
        let free = |at: &usize| {
            let before = at.checked_sub(1).and_then(|at| value.get(at));
            !before.is_some_and(u8::is_ascii_alphanumeric)
        };
        let mut marks = (start..base).filter(|at| value.get(*at..).is_some_and(begins_mark));
        back > 0 && (self.id != 0 || scheme(value, start).is_some() || marks.any(|at| free(&at)))
    }

    /// True shortly behind the id of a key.
    fn is_beside(&self, at: usize) -> bool {
        self.id != 0 && at <= self.id + BESIDE_ID
    }

    /// Finds secrets behind marks of letters alone in a run of bytes without a space.
    fn run(&mut self, value: &[u8], start: usize, end: usize, hits: &mut Hits) {
        let mut at = start;
        if start >= self.found + SCHEMES[0].len()
            && let Some(follow) = scheme(value, start)
            && let Some((first, last)) = span(value, start, start, follow)
        {
            hits.push(Hit { start: first, end: last, kind: Kind::Credential });
            (at, self.found) = (last, last);
        }
        while at < end {
            let rest = value.get(at..end).unwrap_or_default();
            let begins = |(mark, _): &&(&str, Follow)| rest.starts_with(mark.as_bytes());
            let mark = if begins_mark(rest) { PLAIN.iter().find(begins) } else { None };
            let found = mark.and_then(|(mark, follow)| span(value, at, at + mark.len(), *follow));
            let secret = || id_secret(value, at).filter(|_| self.is_beside(at));
            if let Some((first, last)) = found.or_else(secret) {
                hits.push(Hit { start: first, end: last, kind: Kind::Credential });
                (at, self.found) = (last, last);
                let id = found.and(mark).is_some_and(|(mark, _)| IDS.contains(mark));
                self.id = if id { last } else { 0 };
                continue;
            }
            // A mark stands at the beginning or behind what is no letter or digit.
            at += runs::length(rest, 0, runs::alphanumeric).max(1);
            while at < end && value.get(at).is_some_and(|byte| !byte.is_ascii_alphanumeric()) {
                at += 1;
            }
        }
    }
}

/// The secret of a key whose id stands before: forty signs of base64, mixed.
fn id_secret(value: &[u8], at: usize) -> Option<(usize, usize)> {
    let sign = |byte: &&u8| byte.is_ascii_alphanumeric() || b"+/".contains(byte);
    let text = value.get(at..)?;
    let length = text.iter().take(ID_SECRET + 1).take_while(sign).count();
    let text = text.get(..length)?;
    let has = |is: fn(&u8) -> bool| text.iter().any(is);
    let mixed =
        has(u8::is_ascii_digit) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
    (length == ID_SECRET && mixed).then_some((at, at + length))
}

/// What follows the scheme of an authorisation that stands right before.
fn scheme(value: &[u8], start: usize) -> Option<Follow> {
    let before = value.get(..start)?;
    if before.last_chunk().is_some_and(|before| SCHEMES.contains(&before)) {
        return Some(Follow::Bearer);
    }
    before.last_chunk().is_some_and(|before| BASIC.contains(&before)).then_some(Follow::Basic)
}

/// Where a mark of letters alone may begin in the runs of a block: with its first letters, behind
/// what is no letter or digit.
fn plain_marks(look: Look<'_>, long: u64) -> u64 {
    // All sixteen places of each run.
    let mut runs = long | long << 1;
    runs |= runs << 2;
    runs |= runs << 4;
    runs |= runs << 8;
    let free = runs & !look.behind(|masks| masks.letters | masks.digits) & look.masks.letters;
    let begins = |place: &usize| look.value.get(look.base + place..).is_some_and(begins_mark);
    prefilter::places(free).filter(begins).fold(0, |marks, place| marks | 1 << place)
}

/// True if one of the pairs begins here that marks of letters begin with.
fn begins_mark(text: &[u8]) -> bool {
    let Some([first, second, ..]) = text.first_chunk::<2>() else { return false };
    match first {
        b'A' => b"KSITQBC".contains(second),
        b'S' => b"GK".contains(second),
        b'E' => b"AZ".contains(second),
        b'd' | b'y' => *second == b'a',
        b'e' => *second == b'y',
        b'h' => *second == b'v',
        b'L' => *second == b'T',
        _ => false,
    }
}

/// The search for marks with a rare character, assignments and passwords in URLs.
#[derive(Default)]
pub(super) struct Marked {
    /// Where the last secret ended.
    done: usize,
}

impl Marked {
    /// Looks around the marks of a block that have before or behind them what a secret has.
    #[inline(always)]
    pub(super) fn block(&mut self, look: Look<'_>, signs: &Signs, hits: &mut Hits) {
        let value = look.value;
        for place in prefilter::places(makers(look, signs) | assignments(look, signs)) {
            let at = look.base + place;
            if at < self.done {
                continue;
            }
            let found = match value.get(at) {
                Some(b'=' | b':') => assigned::find(value, at),
                _ => maker(value, at),
            };
            if let Some((start, end)) = found {
                hits.push(Hit { start, end, kind: Kind::Credential });
                self.done = end;
            }
        }
    }
}

/// Rare characters that a maker's mark may have first: behind a letter or digit, or at its
/// beginning.
#[inline(always)]
fn makers(look: Look<'_>, signs: &Signs) -> u64 {
    let letter = look.behind(|masks| masks.letters);
    let digit = look.behind(|masks| masks.digits);
    let more = signs.dash >> 1 | u64::from(look.more) << 63;
    signs.dollar | signs.dash & (letter | more) | signs.under & (letter | digit)
}

/// Equals signs and colons behind a name, up to three spaces or quotes between, and those of URLs.
#[inline(always)]
fn assignments(look: Look<'_>, signs: &Signs) -> u64 {
    let letters = look.masks.letters | look.masks.high;
    let found = signs.colon | signs.equals;
    if found == 0 {
        return 0;
    }
    let quotes = look.masks.spaces | signs.quote | signs.apostrophe;
    let (one, two) = (quotes << 1, quotes << 1 & quotes << 2);
    let named = letters << 1 | one & letters << 2 | two & letters << 3;
    let named = named | two & quotes << 3 & letters << 4;
    let url = signs.slash >> 1 | u64::from(look.more) << 63;
    // The number of a bot and its token.
    let bot = look.masks.digits << 1 & look.masks.letters >> 1;
    found & (named | url | bot | look.unknown(4))
}

/// The secret behind a maker's mark whose first rare character is at `at`.
fn maker(value: &[u8], at: usize) -> Option<(usize, usize)> {
    // Of the marks that begin with a rare character, armour has a second one.
    let armour = value.get(at) == Some(&b'$') || value.get(at + 1) == Some(&b'-');
    if !armour && !BEFORE_RARE.may_end(value, at) {
        return None;
    }
    let marks = &*BY_PREVIOUS;
    let list = |byte: u8| marks.get(usize::from(byte)).map(Vec::as_slice).unwrap_or_default();
    let previous = at.checked_sub(1).and_then(|at| value.get(at)).copied();
    let around = previous.filter(|byte| *byte != 0).map(list).unwrap_or_default();
    let bare = if armour { list(0) } else { &[] };
    around.iter().chain(bare).find_map(|mark| marked(value, at, mark))
}

/// The secret of a mark whose first rare character is at `at`.
fn marked(value: &[u8], at: usize, mark: &Mark) -> Option<(usize, usize)> {
    let start = at.checked_sub(mark.offset)?;
    let end = start + mark.text.len();
    let matches = value.get(start..end) == Some(mark.text);
    if matches { span(value, start, end, mark.follow) } else { None }
}

/// Letters, digits, `_` and `-`.
#[inline(always)]
fn key(lane: Lane) -> Lane {
    runs::alphanumeric(lane) | one_of(lane, *b"_-")
}

/// Dots too.
#[inline(always)]
fn dotted(lane: Lane) -> Lane {
    key(lane) | one_of(lane, *b".")
}

/// What stands in hashes.
#[inline(always)]
fn crypt(lane: Lane) -> Lane {
    dotted(lane) | one_of(lane, *b"/=+$,:")
}

/// What stands in tokens.
#[inline(always)]
fn bearer(lane: Lane) -> Lane {
    dotted(lane) | one_of(lane, *b"/=+~")
}

fn span(value: &[u8], start: usize, end: usize, follow: Follow) -> Option<(usize, usize)> {
    let before = start.checked_sub(1).and_then(|at| value.get(at));
    let inside = before.is_some_and(|byte| byte.is_ascii_alphanumeric());
    if inside && !matches!(follow, Follow::Pem | Follow::Bearer | Follow::Basic) {
        return None;
    }
    match follow {
        Follow::Key(least) | Follow::Id(least) => {
            let text = begin(value, end, key);
            let sign = |byte: &u8| matches!(byte, b'A'..=b'Z' | b'2'..=b'7');
            let is_id = || text.len() == least && text.iter().all(sign);
            let looks = is_random(text) || matches!(follow, Follow::Id(_)) && is_id();
            let length = if looks { runs::length(value, end, key) } else { 0 };
            (length >= least).then_some((start, end + length))
        }
        Follow::Hex(count) => {
            let hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
            let text = begin(value, end, key);
            (text.len() == count && text.iter().all(hex)).then_some((start, end + count))
        }
        Follow::Dotted(least) => {
            let length = runs::length(value, end, dotted);
            (length >= least).then_some((start, end + length))
        }
        Follow::Jwt => {
            let token = begin(value, start, dotted);
            let parts = token.split(|byte| *byte == b'.').filter(|part| part.len() >= 10).count();
            (parts >= 2).then(|| (start, start + runs::length(value, start, dotted)))
        }
        Follow::Pem => pem(value, start, end),
        Follow::Crypt => {
            let length = runs::length(value, start, crypt);
            (length >= 20).then_some((start, start + length))
        }
        Follow::Bearer => {
            let length = runs::length(value, end, bearer);
            (length >= 16).then_some((end, end + length))
        }
        Follow::Basic => {
            let text = begin(value, end, bearer);
            is_login(text).then(|| (end, end + runs::length(value, end, bearer)))
        }
    }
}

/// How much of what may be a secret decides whether it is one. In a text made of marks every one
/// looks as far as this, and no farther.
const DECIDING: usize = 512;

/// The beginning of a run of bytes of a class.
#[inline(always)]
fn begin(value: &[u8], at: usize, is: impl Fn(Lane) -> Lane) -> &[u8] {
    let rest = value.get(at..).unwrap_or_default();
    let rest = rest.get(..DECIDING).unwrap_or(rest);
    rest.get(..runs::length(rest, 0, is)).unwrap_or_default()
}

/// A key mixes digits with capitals, or is one unbroken run with several digits;
/// `sk-learn-version-2024-01-02` is neither.
fn is_random(text: &[u8]) -> bool {
    let digits = text.iter().filter(|byte| byte.is_ascii_digit()).count();
    let capitals = || text.iter().filter(|byte| byte.is_ascii_uppercase()).count();
    if digits == 0 {
        // Letters alone: more capitals than words begin with, some beside each other.
        let beside = |pair: &[u8]| pair.iter().all(u8::is_ascii_uppercase);
        let capitals = capitals();
        return text.iter().all(u8::is_ascii_alphabetic)
            && capitals * 4 >= text.len()
            && capitals < text.len()
            && text.windows(2).any(beside);
    }
    let unbroken = |part: &[u8]| {
        let digits = part.iter().filter(|byte| byte.is_ascii_digit()).count();
        part.len() >= LEAST_PLAIN && digits >= 4 && digits < part.len()
    };
    let whole = digits >= 4 && digits < text.len() && !text.contains(&b'-');
    capitals() > 0 || whole || text.split(|byte| *byte == b'-').any(unbroken)
}

/// True for base64 of printable text with a colon in it.
fn is_login(text: &[u8]) -> bool {
    let (mut bits, mut held, mut colon) = (0u32, 0, false);
    for byte in text.iter().take_while(|byte| **byte != b'=') {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return false,
        };
        (bits, held) = (bits << 6 & 0xFFFF | u32::from(six), held + 6);
        if held >= 8 {
            held -= 8;
            let decoded = bits >> held & 0xFF;
            if decoded < 0x20 || decoded == 0x7F {
                return false;
            }
            colon |= decoded == u32::from(b':');
        }
    }
    colon && text.len() >= LEAST_PLAIN
}

fn pem(value: &[u8], start: usize, end: usize) -> Option<(usize, usize)> {
    let rest = value.get(end..)?;
    let kind = rest.get(..rest.len().min(40))?;
    memchr::memmem::find(kind, b"PRIVATE KEY")?;
    // Up to the end of the armour, or of the value where it was cut.
    let stop = memchr::memmem::find(rest, b"-----END").map_or(value.len(), |found| {
        let tail = rest.get(found + 8..).unwrap_or_default();
        let close = memchr::memmem::find(tail, b"-----").map_or(tail.len(), |at| at + 5);
        end + found + 8 + close
    });
    Some((start, stop))
}

#[cfg(test)]
mod tests;
