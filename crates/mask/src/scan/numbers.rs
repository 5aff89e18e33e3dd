//! Numbers in text: groups of digits with single separators, tried against what is known.
//! Knows the forms that numbers are written in; [`crate::checksum`] knows which are sound.

use super::{
    Hit, Hits, Kind, Look,
    context::{self, Announced, Words},
    prefilter::{self, Masks, Signs},
};

mod forms;
mod letters;
mod run;
mod sketch;

use run::{MAX_DIGITS, Run};
use sketch::Sketch;

/// Digit runs of one group that are looked at together.
const MAX_PARTS: usize = 16;

/// More digits than any number has.
const LONG: u8 = 255;

/// Runs of digits with one or two separators between them, as they stand in the text.
pub(super) struct Group<'a> {
    value: &'a [u8],
    /// Where each part starts and ends, counted from the first.
    parts: [(u32, u32); MAX_PARTS],
    /// How many digits each part has; [`LONG`] for more.
    lengths: [u8; MAX_PARTS],
    first: usize,
    count: usize,
    /// True if there were more parts than room.
    cut: bool,
    /// The words before the group.
    words: &'a Words<'a>,
}

/// The search for numbers.
#[derive(Default)]
pub(super) struct Numbers {
    /// Where the last group ended that was looked at.
    done: usize,
}

impl Numbers {
    /// Finds the numbers of the groups that begin in a block.
    #[inline(always)]
    pub(super) fn block(&mut self, look: Look<'_>, signs: &Signs, hits: &mut Hits) {
        let sketch = Sketch::of(look, signs);
        for place in prefilter::places(sketch.places) {
            if look.base + place < self.done {
                continue;
            }
            let first = sketch.first(place);
            let at = look.base + first;
            // What stands at the beginning of a block may belong to a group of the one before.
            let cut = first <= MAX_GAP && look.base > 0;
            let begin = if cut { beginning(look.value, self.done, at) } else { at };
            if begin < self.done {
                continue;
            }
            let mut words = Words::new(look.value, begin);
            if begin < at || sketch.may_hold(look, first, &words) {
                words.tell(if begin < at { None } else { look.near(first) });
                self.done = search(&words, hits);
            }
        }
    }
}

/// True if a value of this one block is a few digits with nothing that could make them anything:
/// `42`, `1234.50`, as numbers in COPY are.
#[inline(always)]
pub(super) fn is_mere(masks: &Masks) -> bool {
    masks.letters | masks.high | masks.marks == 0
        && prefilter::count(masks.digits) < run::LEAST_UNANNOUNCED
}

/// Separators between two parts of a group.
const MAX_GAP: usize = 2;

/// The first digit of the group that a digit belongs to, not before `from`.
fn beginning(value: &[u8], from: usize, digit: usize) -> usize {
    let is_digit = |at: usize| value.get(at).is_some_and(u8::is_ascii_digit);
    let parts = |at: usize| value.get(at).is_some_and(|byte| is_separator(*byte));
    let mut first = digit;
    loop {
        while first > from && is_digit(first - 1) {
            first -= 1;
        }
        let gap = (1..=MAX_GAP).take_while(|back| first > from + back && parts(first - back));
        match gap.last() {
            Some(gap) if is_digit(first - gap - 1) => first -= gap + 1,
            _ => return first,
        }
    }
}

/// Finds the numbers of the group behind these words; answers where it ends.
#[inline(always)]
fn search(words: &Words<'_>, hits: &mut Hits) -> usize {
    match search_one(words, hits) {
        (next, false) => next,
        (next, true) => search_rest(words.value(), next, hits),
    }
}

/// As [`search`], of as many parts as there is room for; answers whether there are more.
#[inline(never)]
fn search_one(words: &Words<'_>, hits: &mut Hits) -> (usize, bool) {
    let group = Group::read(words);
    (group.search(hits).max(group.first + 1), group.cut)
}

/// The rest of a group that was cut, read anew from what was not decided.
#[inline(never)]
fn search_rest(value: &[u8], from: usize, hits: &mut Hits) -> usize {
    let (mut next, mut cut) = (from, true);
    while cut
        && let Some(digit) =
            value.get(next..).and_then(|rest| rest.iter().position(u8::is_ascii_digit))
    {
        (next, cut) = search_one(&Words::new(value, next + digit), hits);
    }
    next
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'-' | b'.' | b'/' | b'(' | b')')
}

impl<'a> Group<'a> {
    /// Reads from the first digit on, as many parts as there is room for.
    fn read(words: &'a Words<'a>) -> Self {
        let (value, first) = (words.value(), words.end());
        let mut group = Self {
            value,
            parts: [(0, 0); MAX_PARTS],
            lengths: [0; MAX_PARTS],
            first,
            count: 0,
            cut: false,
            words,
        };
        let mut at = first;
        loop {
            let end = at + prefilter::digit_run(value, at);
            let near = |at: usize| u32::try_from(at - first);
            // Farther than any value of a database reaches, the next group begins.
            let (Ok(start), Ok(stop)) = (near(at), near(end)) else { return group };
            if let (Some(part), Some(length)) =
                (group.parts.get_mut(group.count), group.lengths.get_mut(group.count))
            {
                (*part, *length) = ((start, stop), u8::try_from(end - at).unwrap_or(LONG));
                group.count += 1;
            }
            let rest = value.get(end..).unwrap_or_default();
            let gap = match rest {
                [one, digit, ..] if is_separator(*one) && digit.is_ascii_digit() => 1,
                [one, two, digit, ..]
                    if is_separator(*one) && is_separator(*two) && digit.is_ascii_digit() =>
                {
                    2
                }
                _ => return group,
            };
            if group.count == MAX_PARTS {
                group.cut = true;
                return group;
            }
            at = end + gap;
        }
    }

    fn part(&self, at: usize) -> Option<(usize, usize)> {
        let (start, end) = self.parts.get(..self.count)?.get(at)?;
        let far = |near: u32| usize::try_from(near).ok().map(|near| self.first + near);
        Some((far(*start)?, far(*end)?))
    }

    /// What is announced to the part that starts at `start`: the same for the whole group, as long
    /// as the words are near.
    fn announced(&self, start: usize) -> Announced {
        if start - self.first > context::REACH {
            return Announced::default();
        }
        self.words.announced(None)
    }

    /// True if neither a plus nor a word announces the part that starts at `start`.
    fn is_quiet(&self, start: usize) -> bool {
        !self.is_international(start) && !self.announced(start).any()
    }

    /// True if a plus stands before the number.
    fn is_international(&self, start: usize) -> bool {
        let before = |back: usize| start.checked_sub(back).and_then(|at| self.byte(at));
        before(1) == Some(b'+') || before(1) == Some(b'(') && before(2) == Some(b'+')
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.value.get(at).copied()
    }

    /// Finds all numbers; answers where the next group is to be read. Of a group that was cut
    /// only the first half is decided, so that no number is torn by the cut.
    fn search(&self, hits: &mut Hits) -> usize {
        let decided = if self.cut { MAX_PARTS / 2 } else { self.count };
        let mut from = 0;
        while from < decided {
            match self.at(from) {
                Some((hit, next)) => {
                    hits.push(hit);
                    from = self.overlapping(from, next, hits);
                }
                None => from += 1,
            }
        }
        match self.part(from) {
            Some((start, _)) => start,
            None => self.part(self.count - 1).map_or(0, |(_, end)| end),
        }
    }

    /// Numbers that begin inside one that was found and reach beyond it: what the mask of the
    /// first shows may be part of them. Answers the part after the last.
    fn overlapping(&self, found: usize, next: usize, hits: &mut Hits) -> usize {
        let mut until = next;
        let mut from = found + 1;
        // None reaches beyond the last part.
        while from < until && until < self.count {
            if let Some((hit, end)) = self.at(from).filter(|(_, end)| *end > until) {
                hits.push(hit);
                until = end;
            }
            from += 1;
        }
        until
    }

    /// The number that starts with this part, and the part after it.
    fn at(&self, from: usize) -> Option<(Hit, usize)> {
        let (start, first_end) = self.part(from)?;
        if letters::may_stand(self.value, start, first_end)
            && let Some((hit_start, end, kind)) = letters::around(self.value, start, first_end)
        {
            let next = (from..self.count).find(|at| self.part(*at).is_none_or(|p| p.0 >= end));
            let hit = Hit { start: hit_start, end, kind };
            return Some((hit, next.unwrap_or(self.count)));
        }
        if !self.opens(from) {
            return None;
        }
        let (reach, most) = self.reach(from);
        if most < run::MIN_DIGITS {
            return None;
        }
        // The words before are asked last, since most numbers do not need them.
        let quiet = || self.is_quiet(start);
        // The longest sound number wins: a card's first groups may look like something else.
        let mut length = most;
        for last in (from..reach).rev() {
            let short = length < run::LEAST_UNANNOUNCED;
            if length < run::MIN_DIGITS || short && quiet() {
                return None;
            }
            if let Some(run) = Run::collect(self, from, last, length)
                && let Some(kind) = forms::kind(&run)
            {
                let more = if kind == Kind::Phone { run.extension() } else { 0 };
                let end = run.end() + more;
                let behind = |at: &usize| self.part(*at).is_some_and(|part| part.0 >= end);
                let next = || (last + 1..self.count).find(behind).unwrap_or(self.count);
                let next = if more == 0 { last + 1 } else { next() };
                return Some((Hit { start: run.start(), end, kind }, next));
            }
            length -= self.lengths.get(last).map_or(0, |part| usize::from(*part));
        }
        None
    }

    /// The part behind the last that one number can reach which begins with part `from`, and how
    /// many digits it then has.
    fn reach(&self, from: usize) -> (usize, usize) {
        let (mut reach, mut most) = (from, 0);
        for length in self.lengths.get(from..self.count).unwrap_or_default() {
            let more = most + usize::from(*length);
            if more > MAX_DIGITS {
                break;
            }
            (reach, most) = (reach + 1, more);
        }
        (reach, most)
    }

    /// True if a number may begin with this part: not inside a word, a code or a price.
    fn opens(&self, from: usize) -> bool {
        let Some((start, _)) = self.part(from) else { return false };
        let before = |back: usize| start.checked_sub(back).and_then(|at| self.byte(at));
        match before(1) {
            None => true,
            Some(b'-' | b'.' | b'/') if from > 0 => false,
            // `BUILD-555-1234`, `v1.2`, `/2024/`: joined to what stands in front.
            Some(b'-' | b'.' | b'/') => before(2).is_none_or(|byte| !is_wordy(byte)),
            Some(b'$' | b'#' | b'%' | b'*') => false,
            // The last byte of £, ¥ (0xA3, 0xA5 after 0xC2) and € (0xAC after 0xE2 0x82).
            Some(0xA3 | 0xA5) if before(2) == Some(0xC2) => false,
            Some(0xAC) if before(2) == Some(0x82) => false,
            Some(byte) => !is_wordy(byte),
        }
    }
}

fn is_wordy(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}
