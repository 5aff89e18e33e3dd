//! Persons' names in running text: by the words before them (titles, greetings, "my name is") and
//! by given names that many bear. Knows capitalised scripts only.
//!
//! A harmless word that is hidden is a defect too, so a capitalised word by itself is no name: it
//! needs a title, an introduction, or a given name in front that means nothing else.

use super::Find;
use model::Label;

mod words;

use words::{Before, Lowered, MAX_WORD};

/// Words of one name.
const MAX_WORDS: usize = 6;

/// Bytes looked at together for capitals.
const BLOCK: usize = 32;

/// A run of letters, apostrophes and hyphens inside a text.
#[derive(Clone, Copy, Debug)]
struct Word<'a> {
    text: &'a str,
    start: usize,
    end: usize,
}

impl Word<'_> {
    /// `Anna`, `O'Neil`, `Anna-Lena`: a capital, and small letters behind it.
    fn is_capitalised(&self) -> bool {
        let mut chars = self.text.chars();
        chars.next().is_some_and(char::is_uppercase) && chars.any(char::is_lowercase)
    }

    /// `J` of `J. Smith`.
    fn is_initial(&self) -> bool {
        let mut chars = self.text.chars();
        chars.next().is_some_and(char::is_uppercase) && chars.next().is_none()
    }
}

/// Finds names; `value` holds at least one capital letter.
pub(super) fn find(value: &[u8], finds: &mut Vec<Find>) {
    let mut done = 0;
    for (place, block) in value.chunks(BLOCK).enumerate() {
        if !block.iter().fold(false, |any, byte| any | is_capital(*byte)) {
            continue;
        }
        for (offset, _) in block.iter().enumerate().filter(|(_, byte)| is_capital(**byte)) {
            let at = place * BLOCK + offset;
            let inside =
                at.checked_sub(1).and_then(|at| value.get(at)).is_some_and(|b| is_wordy(*b));
            if at < done || inside {
                continue;
            }
            if let Some(word) = word_at(value, at).filter(Word::is_capitalised)
                && stands_free(value, &word)
                && let Some(end) = name(value, word)
            {
                finds.push(Find { start: at, end, label: Label::PERSON_NAME });
                done = end;
            }
        }
    }
}

/// A capital of ASCII, or the first byte of a letter from À to ӿ.
#[inline(always)]
fn is_capital(byte: u8) -> bool {
    byte.wrapping_sub(b'A') < 26 || byte.wrapping_sub(0xC3) < 17
}

fn is_wordy(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80 || b"'-_".contains(&byte)
}

/// The word that begins here, without what is no letter at its end.
fn word_at(value: &[u8], start: usize) -> Option<Word<'_>> {
    let rest = value.get(start..)?;
    let length = rest.iter().take(MAX_WORD * 2).take_while(|byte| is_wordy(**byte)).count();
    let text = match std::str::from_utf8(rest.get(..length)?) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(rest.get(..error.valid_up_to())?).ok()?,
    };
    let letter = |c: char| c.is_alphanumeric() || matches!(c, '\'' | '’' | '-' | '_');
    let length = text.find(|c| !letter(c)).unwrap_or(text.len());
    let text = text.get(..length)?.trim_end_matches(['\'', '’', '-']);
    (!text.is_empty()).then_some(Word { text, start, end: start + text.len() })
}

/// The word that ends here.
fn word_before(value: &[u8], end: usize) -> Option<Word<'_>> {
    let before = value.get(..end)?;
    let length = before.iter().rev().take(MAX_WORD).take_while(|byte| is_wordy(**byte)).count();
    let start = end - length;
    let text = std::str::from_utf8(before.get(start..)?).ok()?;
    (!text.is_empty()).then_some(Word { text, start, end })
}

/// True if the word is no piece of a path, an address, a number or code.
fn stands_free(value: &[u8], word: &Word<'_>) -> bool {
    let before = word.start.checked_sub(1).and_then(|at| value.get(at));
    let joined = |byte: Option<&u8>| byte.is_some_and(|byte| b"/@\\#$=._-+&%".contains(byte));
    let goes_on = value.get(word.end + 1).is_some_and(u8::is_ascii_alphanumeric);
    let ends = match value.get(word.end) {
        Some(b'.' | b':' | b'-') => !goes_on,
        Some(b'/' | b'@' | b'=' | b'(' | b'\\' | b'_') => false,
        Some(_) | None => true,
    };
    let plain = word.text.bytes().all(|byte| byte != b'_' && !byte.is_ascii_digit());
    !joined(before) && ends && plain
}

/// Where the name that begins with `first` ends, if it is one.
fn name(value: &[u8], first: Word<'_>) -> Option<usize> {
    let small = Lowered::of(first.text)?;
    let kinds = words::known(&small);
    if kinds.harmless || kinds.says == Before::Title {
        return None;
    }
    let announced = announced(value, first.start);
    if kinds.ordinary && announced != Before::Title {
        return None;
    }
    let is_name = match announced {
        Before::Title | Before::Introduction => true,
        Before::Role => words::is_given(&small) || extend(value, first).1 >= 2,
        Before::Greeting => {
            let closed = value.get(first.end) == Some(&b',');
            closed || words::is_given(&small) || extend(value, first).1 >= 2
        }
        Before::Place => false,
        Before::Nothing => {
            let (end, count) = extend(value, first);
            let alone = count < 2 && !in_prose(value, first.start, end);
            !kinds.place && !alone && words::is_given(&small)
        }
    };
    is_name.then(|| extend(value, first).0)
}

/// True if an ordinary word in small letters stands beside, or an address behind: `ask Anna` and
/// `Anna <`, not `Santa Catarina`.
fn in_prose(value: &[u8], start: usize, end: usize) -> bool {
    let small = |word: Word<'_>| {
        let lower = word.text.chars().next().is_some_and(char::is_lowercase);
        let known = Lowered::of(word.text).map(|small| words::known(&small));
        lower && word.text.len() >= 3 && !known.is_some_and(|known| known.particle)
    };
    let space = |at: Option<usize>| at.filter(|at| value.get(*at) == Some(&b' '));
    let before = space(start.checked_sub(1)).and_then(|at| word_before(value, at));
    let behind = space(Some(end)).and_then(|at| word_at(value, at + 1));
    let address = value.get(end..).is_some_and(|rest| rest.starts_with(b" <"));
    address || before.is_some_and(small) || behind.is_some_and(small)
}

/// What the words before say, if nothing but spaces, a colon or a title's full stop stands between.
fn announced(value: &[u8], at: usize) -> Before {
    let before = value.get(..at).unwrap_or_default();
    let between = |byte: &&u8| b" :.,\n".contains(*byte);
    let length = before.iter().rev().take(4).take_while(between).count();
    let gap = before.get(at - length..).unwrap_or_default();
    let Some(last) = word_before(value, at - length) else { return Before::Nothing };
    let Some(small) = Lowered::of(last.text).filter(|_| (1..=3).contains(&length)) else {
        return Before::Nothing;
    };
    let known = words::known(&small);
    let earlier =
        last.start.checked_sub(1).filter(|at| known.pairs && value.get(*at) == Some(&b' '));
    let earlier = earlier.and_then(|at| word_before(value, at));
    let pair = earlier.and_then(|word| Lowered::of(word.text)).map(|e| words::pair(&e, &small));
    let said = match pair {
        Some(Before::Nothing) | None => known.says,
        Some(said) => said,
    };
    let has = |byte: u8| gap.contains(&byte);
    match said {
        Before::Title if has(b',') || has(b':') => Before::Nothing,
        Before::Introduction | Before::Role if has(b'.') || has(b',') => Before::Nothing,
        Before::Title
        | Before::Introduction
        | Before::Role
        | Before::Greeting
        | Before::Place
        | Before::Nothing => said,
    }
}

/// Takes in the capitalised words, initials and particles that follow; answers the end and how
/// many capitalised words there are.
fn extend(value: &[u8], first: Word<'_>) -> (usize, usize) {
    let (mut end, mut count, mut last) = (first.end, 1, first);
    for _ in 1..MAX_WORDS {
        let gap = match value.get(last.end..) {
            Some([b' ', ..]) => 1,
            Some([b'.', b' ', ..]) if last.is_initial() => 2,
            Some(_) | None => break,
        };
        let Some(word) = word_at(value, last.end + gap) else { break };
        let Some(small) = Lowered::of(word.text) else { break };
        let kinds = words::known(&small);
        if word.is_capitalised() && stands_free(value, &word) && !kinds.ordinary {
            (end, count) = (word.end, count + 1);
        } else if !(word.is_initial() || kinds.particle) {
            // An initial or a particle needs a capitalised word behind it.
            break;
        }
        last = word;
    }
    (end, count)
}
