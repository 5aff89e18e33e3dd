//! Numbers in text: groups of digits with single separators, tried against what is known.
//! Knows the forms that numbers are written in; [`crate::checksum`] knows which are sound.

use super::{Find, prefilter};
use crate::checksum;

mod forms;
mod letters;

/// Digit runs of one group that are looked at together.
const MAX_PARTS: usize = 16;
/// Digits of the longest number known, with room for one that is too long.
const MAX_DIGITS: usize = 24;

/// Runs of digits with one or two separators between them, as they stand in the text.
pub(super) struct Group<'a> {
    value: &'a [u8],
    parts: [(usize, usize); MAX_PARTS],
    count: usize,
    /// True if there were more parts than room.
    cut: bool,
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
    rest.iter().position(u8::is_ascii_digit).map(|found| from + found)
}

fn is_separator(byte: u8) -> bool {
    b" -./()".contains(&byte)
}

impl<'a> Group<'a> {
    /// Reads from the first digit on, as many parts as there is room for.
    fn read(value: &'a [u8], first: usize) -> Self {
        let mut group = Self { value, parts: [(0, 0); MAX_PARTS], count: 0, cut: false };
        let mut at = first;
        loop {
            let run = value.get(at..).unwrap_or_default();
            let end = at + run.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if let Some(slot) = group.parts.get_mut(group.count) {
                *slot = (at, end);
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
                    from = next;
                }
                None => from += 1,
            }
        }
        match self.part(from) {
            Some((start, _)) => start,
            None => self.part(self.count - 1).map_or(0, |(_, end)| end),
        }
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
        (from..self.count).rev().find_map(|last| {
            let run = Run::collect(self, from, last)?;
            let label = forms::label(&run)?;
            let start = run.start();
            Some((Find { start, end: run.end, label }, last + 1))
        })
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
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Neighbouring parts taken as one number.
pub(super) struct Run<'a> {
    pub(super) value: &'a [u8],
    pub(super) digits: [u8; MAX_DIGITS],
    pub(super) length: usize,
    /// How many digits each part has.
    pub(super) layout: [usize; MAX_PARTS],
    pub(super) parts: usize,
    first: usize,
    end: usize,
}

impl<'a> Run<'a> {
    fn collect(group: &Group<'a>, from: usize, last: usize) -> Option<Self> {
        let (first, _) = group.part(from)?;
        let (_, end) = group.part(last)?;
        let mut run = Self {
            value: group.value,
            digits: [0; MAX_DIGITS],
            length: 0,
            layout: [0; MAX_PARTS],
            parts: 0,
            first,
            end,
        };
        for at in from..=last {
            let (start, end) = group.part(at)?;
            for byte in group.value.get(start..end)? {
                *run.digits.get_mut(run.length)? = byte - b'0';
                run.length += 1;
            }
            *run.layout.get_mut(run.parts)? = end - start;
            run.parts += 1;
        }
        run.closes().then_some(run)
    }

    /// True if the number may end here: no letter, digit, percent sign or further part joined on.
    fn closes(&self) -> bool {
        match self.after(0) {
            None => true,
            Some(b'-' | b'.' | b'/' | b':' | b',') => self.after(1).is_none_or(|byte| {
                !is_wordy(byte) || (byte >= 0x80 && self.after(0) != Some(b'-'))
            }),
            Some(b'%' | b'*') => false,
            Some(byte) => !is_wordy(byte) || byte >= 0x80,
        }
    }

    pub(super) fn after(&self, distance: usize) -> Option<u8> {
        self.value.get(self.end + distance).copied()
    }

    pub(super) fn before(&self, distance: usize) -> Option<u8> {
        self.first.checked_sub(distance).and_then(|at| self.value.get(at)).copied()
    }

    pub(super) fn digits(&self) -> &[u8] {
        self.digits.get(..self.length).unwrap_or_default()
    }

    pub(super) fn layout(&self) -> &[usize] {
        self.layout.get(..self.parts).unwrap_or_default()
    }

    pub(super) fn first(&self) -> usize {
        self.first
    }

    /// The separators between the parts, without digits.
    pub(super) fn separators(&self) -> impl Iterator<Item = u8> + '_ {
        let text = self.value.get(self.first..self.end).unwrap_or_default();
        text.iter().copied().filter(|byte| !byte.is_ascii_digit())
    }

    pub(super) fn joined_by(&self, separator: u8) -> bool {
        self.parts > 1 && self.separators().all(|byte| byte == separator)
    }

    pub(super) fn is_international(&self) -> bool {
        self.before(1) == Some(b'+')
            || (self.before(1) == Some(b'(') && self.before(2) == Some(b'+'))
    }

    /// Where the number begins with the sign or bracket that belongs to it.
    fn start(&self) -> usize {
        match (self.before(2), self.before(1)) {
            (Some(b'+'), Some(b'(')) => self.first - 2,
            (_, Some(b'+' | b'(')) => self.first - 1,
            _ => self.first,
        }
    }

    pub(super) fn is_card(&self) -> bool {
        checksum::card(self.digits())
    }
}
