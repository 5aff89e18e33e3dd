//! What stands around the line of a street: flats, postcodes, towns, states. Knows no streets.

use super::{House, sort, words};
use crate::{
    postcodes,
    scan::word::{Text, Word, is_wordy},
};

/// Parts between commas behind a street, and words of one.
const MAX_PARTS: usize = 4;
const MAX_WORDS: usize = 5;
/// Bytes of a postcode.
const MAX_CODE: usize = 10;

/// A postcode behind a street and what belongs to it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tail {
    pub(super) end: usize,
    /// Its form is that of a postcode alone.
    pub(super) sure: bool,
}

impl Tail {
    /// What follows a line that ends here, as far as the postcode and its town.
    pub(super) fn read(value: Text<'_>, from: usize) -> Option<Self> {
        let mut at = from;
        for number in 0..MAX_PARTS {
            let (start, comma) = gap(&value, at)?;
            let part = Part::read(value, start)?;
            let Some(sure) = part.code else {
                // Without a comma only the town itself stands behind a line.
                if part.count == 0 || !comma && number > 0 {
                    return None;
                }
                at = part.end;
                continue;
            };
            // A postcode alone between commas has its town behind it.
            let town = || {
                let (start, comma) = gap(&value, part.end)?;
                let town = Part::read(value, start).filter(|town| town.code.is_none())?;
                (comma && town.count > 0).then_some(town.end)
            };
            let end = if part.count == 0 { town() } else { None }.unwrap_or(part.end);
            return Some(Self { end: state(&value, end), sure });
        }
        None
    }
}

/// What stands between two commas: words with capitals, and perhaps a postcode.
struct Part {
    /// Words beside the postcode.
    count: usize,
    end: usize,
    /// Whether the postcode is sure to be one.
    code: Option<bool>,
}

impl Part {
    fn read(value: Text<'_>, start: usize) -> Option<Self> {
        let mut part = Self { count: 0, end: start, code: None };
        let (mut at, mut state, mut particles) = (start, None, 0);
        while part.count + particles <= MAX_WORDS {
            let Some(first) = value.get(at) else { return part.closed() };
            if part.code.is_none()
                && let Some((end, sure)) = code(&value, at, state)
            {
                (part.code, part.end) = (Some(sure), end);
                if !sure && part.count > 0 && state.is_none() && !hyphened(&value, at) {
                    // `Size 12345`: digits alone stand before their town or by themselves.
                    return None;
                }
            } else {
                if first.is_ascii_digit() {
                    return part.closed();
                }
                let Some(word) = Word::at(value, at) else { return part.closed() };
                let upper = word.text.iter().all(u8::is_ascii_uppercase);
                let sort = sort(&word);
                if sort.particle && !word.is_capitalised() && value.get(word.end) == Some(&b' ') {
                    // It belongs to a word with a capital behind it.
                    (particles, at) = (particles + 1, word.end + 1);
                    continue;
                }
                if sort.ordinary || !(word.is_capitalised() || upper) {
                    return part.closed();
                }
                if let Some(end) = with_code(&word) {
                    return Some(Self { count: part.count + 1, end, code: Some(false) });
                }
                let leads = part.count == 0 && upper && (2..=3).contains(&word.text.len());
                state = leads.then_some(word.text);
                (part.count, part.end) = (part.count + 1, word.end);
                if let (Some(state), Some(b',')) = (state, value.get(word.end))
                    && let Some((end, sure)) = code(&value, word.end + 2, Some(state))
                    && sure
                {
                    return Some(Self { end, code: Some(true), ..part });
                }
            }
            match value.get(part.end) {
                Some(b' ') => at = part.end + 1,
                _ => break,
            }
        }
        Some(part)
    }

    /// What was read, if that is anything.
    fn closed(self) -> Option<Self> {
        (self.count > 0 || self.code.is_some()).then_some(self)
    }
}

/// A postcode at this place: its end, and whether nothing else has its form. `state`: the short
/// name of one stands before.
fn code(value: &[u8], at: usize, state: Option<&[u8]>) -> Option<(usize, bool)> {
    let first = value.get(at).filter(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())?;
    let piece = |from: usize| {
        let rest = value.get(from..).unwrap_or_default();
        let size = rest
            .iter()
            .take(MAX_CODE + 1)
            .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'-')
            .count();
        from + size
    };
    let end = piece(at);
    let numbered = |from: usize, to: usize| {
        value.get(from..to).unwrap_or_default().iter().any(u8::is_ascii_digit)
    };
    if !numbered(at, end) {
        // `AB 12345` alone has letters before its space.
        let short =
            value.get(at..end).is_some_and(|text| text.len() == 2) || value.get(end) != Some(&b' ');
        if !short || !numbered(end, piece(end + 1)) {
            return None;
        }
    }
    let next = if value.get(end) == Some(&b' ') { piece(end + 1) } else { end };
    let is_code = |end: usize| {
        let ends = !value.get(end).is_some_and(is_wordy);
        ends && value.get(at..end).is_some_and(postcodes::is_postcode)
    };
    // Two letters of a country may be a code of anything.
    let lettered = value.get(at + 1).is_some_and(u8::is_ascii_uppercase)
        && !value.get(at + 2).is_some_and(u8::is_ascii_alphanumeric);
    if let Some(end) = [next, end].into_iter().find(|end| *end > at && is_code(*end)) {
        return Some((end, !lettered));
    }
    let digits = end - at;
    let plain = first.is_ascii_digit()
        && value.get(at..end).is_some_and(|text| text.iter().all(u8::is_ascii_digit));
    let ends = !value.get(end).is_some_and(is_wordy);
    if !plain || !ends || !matches!(digits, 4..=6 | 8) {
        return None;
    }
    let known = state.is_some_and(|state| words::is_state(state, digits));
    Some((end, known))
}

/// A short name of a state in brackets or behind a slash: `(MI)`, ` / SP`.
fn state(value: &[u8], end: usize) -> usize {
    match value.get(end..) {
        Some([b' ', b'(', one, two, b')', ..])
            if one.is_ascii_uppercase() && two.is_ascii_uppercase() =>
        {
            end + 5
        }
        Some([b' ', b'/', b' ', one, two, ..])
            if one.is_ascii_uppercase() && two.is_ascii_uppercase() =>
        {
            end + 5
        }
        _ => end,
    }
}

/// `Shivpuri-578206`: a town and its code.
fn with_code(word: &Word<'_>) -> Option<usize> {
    let hyphen = word.text.iter().rposition(|byte| *byte == b'-')?;
    let code = word.text.get(hyphen + 1..)?;
    (code.len() == 6 && code.iter().all(u8::is_ascii_digit)).then_some(word.end)
}

/// True if six digits stand here: Indian towns have theirs behind them.
fn hyphened(value: &[u8], at: usize) -> bool {
    let rest = value.get(at..).unwrap_or_default();
    rest.iter().take_while(|byte| byte.is_ascii_digit()).count() == 6
}

/// Behind the comma, space or end of a line that stands here, and whether one was a comma or an
/// end.
pub(super) fn gap(value: &[u8], at: usize) -> Option<(usize, bool)> {
    match value.get(at..)? {
        [b',', b' ' | b'\n', ..] => Some((at + 2, true)),
        [b'\n', ..] => Some((at + 1, true)),
        [b' ', ..] => Some((at + 1, false)),
        _ => None,
    }
}

/// Behind the flat, floor or suite that follows a line: ` Apt. 12`, `, Piso 3`.
pub(super) fn unit(value: Text<'_>, from: usize) -> Option<usize> {
    let (at, _) = gap(&value, from)?;
    let word = Word::at(value, at).filter(|word| sort(word).unit)?;
    let dot = usize::from(value.get(word.end) == Some(&b'.'));
    let (number, _) = gap(&value, word.end + dot).filter(|(_, comma)| !comma)?;
    House::read(&value, number).map(|house| house.end)
}

/// A word for a flat before a number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flat {
    pub(super) start: usize,
    /// It means nothing else.
    pub(super) sure: bool,
}

/// The flat whose number begins at `number`: `Flat 3`, `H.No. 12`.
pub(super) fn flat(value: Text<'_>, number: usize) -> Option<Flat> {
    let before = value.get(..number)?;
    if before.ends_with(b"H.No. ") {
        return Some(Flat { start: number - 6, sure: true });
    }
    let space = number.checked_sub(1).filter(|at| value.get(*at) == Some(&b' '))?;
    let word = Word::before(value, space).filter(Word::is_capitalised)?;
    let sort = sort(&word);
    sort.unit.then_some(Flat { start: word.start, sure: sort.flat })
}

/// Words that stand before the post of soldiers.
const MAX_BEFORE: usize = 6;

/// False if the number that begins here is no code of the post of soldiers.
#[inline(always)]
pub(super) fn may_be_military(value: &[u8], at: usize) -> bool {
    let before = value.get(..at).and_then(|before| before.last_chunk());
    matches!(before, Some([b'A', b'A' | b'E' | b'P', b' ']))
}

/// `PSC 5713, Box 3589, APO AE 84234`: the post of soldiers of the United States.
pub(super) fn military(value: Text<'_>, code: House) -> Option<(usize, usize)> {
    let mark = code.start.checked_sub(7)?;
    let sound = matches!(
        value.get(mark..code.start)?,
        [b'A' | b'F' | b'D', b'P', b'O', b' ', b'A', b'A' | b'E' | b'P', b' ']
    );
    let free = !mark.checked_sub(1).and_then(|at| value.get(at)).is_some_and(is_wordy);
    if !sound || !free || code.end - code.start != 5 {
        return None;
    }
    let (mut start, mut at) = (mark, mark);
    for _ in 0..MAX_BEFORE {
        let Some(space) = at.checked_sub(1).filter(|at| value.get(*at) == Some(&b' ')) else {
            break;
        };
        let comma = space.checked_sub(1).filter(|at| value.get(*at) == Some(&b','));
        let Some(word) = Word::before(value, comma.unwrap_or(space)) else { break };
        if !word.text.first().is_some_and(|b| b.is_ascii_uppercase() || b.is_ascii_digit()) {
            break;
        }
        at = word.start;
        if sort(&word).soldiers {
            start = at;
        }
    }
    Some((start, code.end))
}
