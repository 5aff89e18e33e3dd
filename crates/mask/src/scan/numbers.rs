//! Numbers in text: groups of digits with single separators, tried against what is known.
//! Knows the forms that numbers are written in; [`crate::checksum`] knows which are sound.

use super::{
    Find,
    context::{self, Announced},
    prefilter,
};
use model::Label;
use std::cell::Cell;

mod forms;
mod letters;
mod run;

use run::{MAX_DIGITS, Run};

/// Digit runs of one group that are looked at together.
const MAX_PARTS: usize = 16;

/// Runs of digits with one or two separators between them, as they stand in the text.
pub(super) struct Group<'a> {
    value: &'a [u8],
    parts: [(usize, usize); MAX_PARTS],
    /// How many digits each part has.
    lengths: [usize; MAX_PARTS],
    count: usize,
    /// True if there were more parts than room.
    cut: bool,
    /// What the words before the group announce; looked up when a form asks for it.
    announced: Cell<Option<Announced>>,
}

/// Finds numbers in the dense places of `value`.
pub(super) fn find(value: &[u8], finds: &mut Vec<Find>) {
    let mut from = 0;
    while let Some(place) = prefilter::dense(value, from) {
        // A number may have begun in front of the place where digits stand densely.
        let mut at = place.max(from);
        while at > from && value.get(at - 1).is_some_and(u8::is_ascii_digit) {
            at -= 1;
        }
        let Some(first) = next_digit(value, at) else { return };
        from = Group::read(value, first).search(finds).max(first + 1);
    }
}

fn next_digit(value: &[u8], from: usize) -> Option<usize> {
    let rest = value.get(from..)?;
    let (eights, tail) = rest.as_chunks::<8>();
    let solid = eights.iter().take_while(|eight| !eight.iter().any(u8::is_ascii_digit)).count();
    let tail = eights.get(solid).map_or(tail, |eight| eight);
    tail.iter().position(u8::is_ascii_digit).map(|found| from + solid * 8 + found)
}

fn is_separator(byte: u8) -> bool {
    b" -./()".contains(&byte)
}

impl<'a> Group<'a> {
    /// Reads from the first digit on, as many parts as there is room for.
    fn read(value: &'a [u8], first: usize) -> Self {
        let mut group = Self {
            value,
            parts: [(0, 0); MAX_PARTS],
            lengths: [0; MAX_PARTS],
            count: 0,
            cut: false,
            announced: Cell::new(None),
        };
        let mut at = first;
        loop {
            let run = value.get(at..).unwrap_or_default();
            let end = at + run.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if let (Some(part), Some(length)) =
                (group.parts.get_mut(group.count), group.lengths.get_mut(group.count))
            {
                (*part, *length) = ((at, end), end - at);
                group.count += 1;
            }
            let rest = value.get(end..).unwrap_or_default();
            let gap = rest.iter().take(3).take_while(|byte| is_separator(**byte)).count();
            let again = value.get(end + gap).is_some_and(u8::is_ascii_digit);
            if !(1..=2).contains(&gap) || !again {
                return group;
            }
            if group.count == MAX_PARTS {
                group.cut = true;
                return group;
            }
            at = end + gap;
        }
    }

    fn part(&self, at: usize) -> Option<(usize, usize)> {
        self.parts.get(..self.count)?.get(at).copied()
    }

    /// What is announced to the part that starts at `start`: the same for the whole group, as long
    /// as the words are near.
    fn announced(&self, start: usize) -> Announced {
        let (first, _) = self.part(0).unwrap_or_default();
        if start - first > context::REACH {
            return Announced::default();
        }
        let announced = self.announced.get().unwrap_or_else(|| context::before(self.value, first));
        self.announced.set(Some(announced));
        announced
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.value.get(at).copied()
    }

    /// Finds all numbers; answers where the next group is to be read. Of a group that was cut
    /// only the first half is decided, so that no number is torn by the cut.
    fn search(&self, finds: &mut Vec<Find>) -> usize {
        let decided = if self.cut { MAX_PARTS / 2 } else { self.count };
        let mut from = 0;
        while from < decided {
            match self.at(from) {
                Some((find, next)) => {
                    finds.push(find);
                    from = self.overlapping(from, next, finds);
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
    fn overlapping(&self, found: usize, next: usize, finds: &mut Vec<Find>) -> usize {
        let mut until = next;
        let mut from = found + 1;
        // None reaches beyond the last part.
        while from < until && until < self.count {
            if let Some((find, end)) = self.at(from).filter(|(_, end)| *end > until) {
                finds.push(find);
                until = end;
            }
            from += 1;
        }
        until
    }

    /// The number that starts with this part, and the part after it.
    fn at(&self, from: usize) -> Option<(Find, usize)> {
        let (start, first_end) = self.part(from)?;
        if let Some((find_start, end, label)) = letters::around(self.value, start, first_end) {
            let next = (from..self.count).find(|at| self.part(*at).is_none_or(|p| p.0 >= end));
            let find = Find { start: find_start, end, label };
            return Some((find, next.unwrap_or(self.count)));
        }
        if !self.opens(from) {
            return None;
        }
        // The longest sound number wins: a card's first groups may look like something else.
        (from..self.reach(from)).rev().find_map(|last| {
            let run = Run::collect(self, from, last)?;
            let label = forms::label(&run)?;
            let more = if label == Label::PHONE { run.extension() } else { 0 };
            let end = run.end() + more;
            let next = (last + 1..self.count).find(|at| self.part(*at).is_some_and(|p| p.0 >= end));
            let next = if more == 0 { last + 1 } else { next.unwrap_or(self.count) };
            Some((Find { start: run.start(), end, label }, next))
        })
    }

    /// The part behind the last that one number can reach which begins with part `from`.
    fn reach(&self, from: usize) -> usize {
        let mut length = 0;
        let lengths = self.lengths.get(from..self.count).unwrap_or_default();
        let fits = |part: &&usize| {
            length += **part;
            length <= MAX_DIGITS
        };
        from + lengths.iter().take_while(fits).count()
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
