//! Persons' names in running text: by the words before them (titles, greetings, "my name is") and
//! by given names that many bear. Knows capitalised scripts only.
//!
//! A harmless word that is hidden is a defect too, so a capitalised word by itself is no name: it
//! needs a title, an introduction, or a given name in front that means nothing else.

use super::{
    Hit, Hits, Kind, prefilter,
    prefilter::{Glance, Masks, Signs},
    table::Key,
    word::{Spelling, Text, Word, is_wordy},
};
use std::cell::OnceCell;

mod words;

use words::{Before, Known};

/// Words of one name.
const MAX_WORDS: usize = 6;

/// The capitals of a block with which names may begin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names {
    pub(super) places: u64,
    /// Of these, the beginnings of words that go on in other than capitals.
    pub(super) sure: u64,
}

/// Of the beginnings of words those behind which no code stands before another thing does.
/// `plain`: what words of ASCII are made of, but codes.
#[inline(always)]
fn uncoded(starts: u64, plain: u64, codes: u64) -> u64 {
    // The sum carries from the beginning of a word to what stands behind it.
    let coded = plain.wrapping_add(starts & plain) & !plain & codes;
    if coded == 0 {
        return starts;
    }
    prefilter::places(coded).fold(starts, |starts, end| {
        let begins = starts & prefilter::below(end);
        starts & !(1 << prefilter::highest(begins))
    })
}

impl Names {
    #[inline(always)]
    pub(super) fn all(glance: Glance) -> Self {
        // Behind another capital none begins a word.
        Self { places: glance.capitals & !(glance.capitals << 1), sure: 0 }
    }

    /// `inside`: a word begins before the block.
    #[inline(always)]
    pub(super) fn of(masks: &Masks, signs: &Signs, inside: bool) -> Self {
        let loud = masks.upper | masks.digits;
        let quiet =
            masks.letters & !loud | masks.high | signs.dash | signs.apostrophe | signs.under;
        let words = loud | quiet;
        let free = masks.capitals & !(words << 1 | u64::from(inside));
        // No name has a digit or `_` in it.
        let codes = masks.digits | signs.under;
        let plain = words & !codes & !masks.high;
        let free = uncoded(free, plain, codes);
        let sure = free & quiet >> 1;
        // How a word goes on in the next block is not known here.
        Self { places: sure | free & (loud >> 1 | 1 << 63), sure }
    }
}

/// The search for names.
#[derive(Default)]
pub(super) struct People {
    /// Where the last name ended.
    done: usize,
}

impl People {
    /// Finds the names that begin with one of the capitals of a block. `spelling`: what is known of
    /// its words.
    #[inline(never)]
    pub(super) fn block(
        &mut self,
        value: &[u8],
        base: usize,
        names: Names,
        spelling: Option<&Spelling>,
        hits: &mut Hits,
    ) {
        let room = OnceCell::new();
        for place in prefilter::places(names.places) {
            let at = base + place;
            let sure = names.sure >> place & 1 != 0;
            if at < self.done || !(sure || opens(value, at)) {
                continue;
            }
            let announced = gap(value, at).filter(|end| words::may_announce(value, *end));
            if announced.is_none() && !words::may_be_given(value, at) {
                continue;
            }
            let near = Text::new(value, spelling.or(room.get()));
            let Some(first) = Word::at(near, at).and_then(|word| First::of(word, announced)) else {
                continue;
            };
            let unseen = || Spelling::unseen(value, base);
            let known = spelling.unwrap_or_else(|| room.get_or_init(unseen));
            let text = Text::new(value, Some(known));
            if let Some(end) = name(text, &first, announced) {
                hits.push(Hit { start: at, end, kind: Kind::PersonName });
                self.done = end;
            }
        }
    }
}

/// True if a capital stands at the beginning of a word that goes on in other than capitals.
#[inline(always)]
fn opens(value: &[u8], at: usize) -> bool {
    let inside = at.checked_sub(1).and_then(|at| value.get(at)).is_some_and(is_wordy);
    // `INFO`: nothing but capitals and digits.
    let loud = |byte: &&u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    let goes_on = || {
        let mut rest = value.get(at + 1..).unwrap_or_default().iter().skip_while(loud);
        rest.next().is_some_and(is_wordy)
    };
    !inside && goes_on()
}

/// A word with which a name may begin, and what is known of it.
struct First<'a> {
    word: Word<'a>,
    small: Key,
    kinds: Known,
}

impl<'a> First<'a> {
    /// `before`: where the word before it ends that may announce a name.
    #[inline(always)]
    fn of(word: Word<'a>, before: Option<usize>) -> Option<Self> {
        if !word.is_capitalised() || !word.stands_free(word.value) {
            return None;
        }
        let small = word.small()?;
        let kinds = words::known(&small);
        let none = kinds.harmless || kinds.says == Before::Title;
        let sure = none || kinds.ordinary && before.is_none();
        (!sure).then_some(Self { word, small, kinds })
    }
}

/// Where the name that begins with `first` ends, if it is one. `before`: where the word before it
/// ends that may announce it.
#[inline(always)]
fn name(value: Text<'_>, first: &First<'_>, before: Option<usize>) -> Option<usize> {
    let First { word: first, small, kinds } = *first;
    let announced = before.map_or(Before::Nothing, |end| announced(value, first.start, end));
    if kinds.ordinary && !may_be_ordinary(kinds, announced) {
        return None;
    }
    let given = || words::is_given(&small, kinds);
    let possible = match announced {
        Before::Title | Before::Introduction | Before::Role | Before::Greeting => true,
        Before::Place => false,
        Before::Nothing => !kinds.place && given(),
    };
    if !possible {
        return None;
    }
    let (end, count) = extend(value, first);
    let is_name = match announced {
        // `Customer Grant Mason`, not `Customer Grant approved`.
        Before::Introduction | Before::Role | Before::Greeting if kinds.ordinary => count >= 2,
        Before::Title | Before::Introduction => true,
        Before::Role => count >= 2 || given(),
        Before::Greeting => count >= 2 || given() || value.get(first.end) == Some(&b','),
        Before::Place => false,
        Before::Nothing => count >= 2 || in_prose(value, first.start, end),
    };
    is_name.then_some(end)
}

/// True if an ordinary word may be a name behind what stands before it.
fn may_be_ordinary(kinds: Known, announced: Before) -> bool {
    match announced {
        Before::Title => true,
        Before::Introduction | Before::Role | Before::Greeting => kinds.called,
        Before::Place | Before::Nothing => false,
    }
}

/// True if an ordinary word in small letters stands beside, or an address behind: `ask Anna` and
/// `Anna <`, not `Santa Catarina`.
fn in_prose(value: Text<'_>, start: usize, end: usize) -> bool {
    let particle = |word: &Word<'_>| {
        let small = if word.text.len() <= words::LONGEST_PARTICLE { word.small() } else { None };
        small.is_some_and(|small| words::known(&small).particle)
    };
    let small = |word: Word<'_>| word.is_small() && word.text.len() >= 3 && !particle(&word);
    let space = |at: Option<usize>| at.filter(|at| value.get(*at) == Some(&b' '));
    let before = space(start.checked_sub(1)).and_then(|at| Word::before(value, at));
    let behind = space(Some(end)).and_then(|at| Word::at(value, at + 1));
    let address = value.get(end..).is_some_and(|rest| rest.starts_with(b" <"));
    address || before.is_some_and(small) || behind.is_some_and(small)
}

/// Where the word before ends, if nothing but spaces, a colon or a title's full stop stands
/// between.
#[inline(always)]
fn gap(value: &[u8], at: usize) -> Option<usize> {
    let is = |byte: u8| matches!(byte, b' ' | b':' | b'.' | b',' | b'\n');
    // Most have a space and a word before them.
    let length = match value.get(..at).and_then(|before| before.last_chunk::<4>()) {
        Some([_, _, word, space]) if is(*space) && !is(*word) => 1,
        Some([_, word, one, two]) if is(*one) && is(*two) && !is(*word) => 2,
        Some([word, one, two, three]) if is(*one) && is(*two) && is(*three) && !is(*word) => 3,
        Some(_) => return None,
        None => {
            let before = value.get(..at).unwrap_or_default();
            before.iter().rev().take_while(|byte| is(**byte)).count()
        }
    };
    (1..=3).contains(&length).then(|| at - length)
}

/// What the words before `at` say, the last of which ends at `end`.
fn announced(value: Text<'_>, at: usize, end: usize) -> Before {
    let Some(last) = Word::before(value, end) else { return Before::Nothing };
    let Some(small) = last.small() else { return Before::Nothing };
    let known = words::known(&small);
    let pair = paired(value, &last, &small, known);
    let said = if pair == Before::Nothing { known.says } else { pair };
    let gap = value.get(end..at).unwrap_or_default();
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

/// What a word says together with the one before it.
fn paired(value: Text<'_>, last: &Word<'_>, small: &Key, known: Known) -> Before {
    if !known.pairs {
        return Before::Nothing;
    }
    let space = last.start.checked_sub(1).filter(|at| value.get(*at) == Some(&b' '));
    let earlier = space.and_then(|at| Word::before(value, at)).and_then(|word| word.small());
    earlier.map_or(Before::Nothing, |earlier| words::pair(&earlier, small))
}

/// Takes in the capitalised words, initials and particles that follow; answers the end and how
/// many capitalised words there are.
fn extend(value: Text<'_>, first: Word<'_>) -> (usize, usize) {
    let (mut end, mut count, mut last) = (first.end, 1, first);
    for _ in 1..MAX_WORDS {
        let gap = match value.get(last.end..) {
            Some([b' ', ..]) => 1,
            Some([b'.', b' ', ..]) if last.is_initial() => 2,
            Some(_) | None => break,
        };
        let Some(word) = Word::at(value, last.end + gap) else { break };
        let big = word.is_capitalised() && word.stands_free(&value);
        if !big && word.text.len() > words::LONGEST_PARTICLE {
            break;
        }
        let Some(small) = word.small() else { break };
        let kinds = words::known(&small);
        if big && (kinds.called || !kinds.ordinary) {
            (end, count) = (word.end, count + 1);
        } else if !(word.is_initial() || kinds.particle) {
            // An initial or a particle needs a capitalised word behind it.
            break;
        }
        last = word;
    }
    (end, count)
}
