//! Neighbouring parts of a group taken as one number. Knows no forms.

use super::{Announced, Group, is_wordy};
use crate::checksum;
use std::cell::OnceCell;

/// Digits of the longest number known (19 of a card), and of the shortest (a security code).
pub(super) const MAX_DIGITS: usize = 19;
pub(super) const MIN_DIGITS: usize = 3;
/// Digits of the shortest that no word and no plus announces (a public address).
pub(super) const LEAST_UNANNOUNCED: usize = 8;

/// One number as it might be meant.
pub(super) struct Run<'a> {
    group: &'a Group<'a>,
    /// Read when a form asks for them.
    digits: OnceCell<[u8; MAX_DIGITS]>,
    pub(super) length: usize,
    layout: &'a [u8],
    pub(super) parts: usize,
    first: usize,
    end: usize,
}

impl<'a> Run<'a> {
    /// The parts `from..=last`, of so many digits, if nothing is joined on behind.
    #[inline(always)]
    pub(super) fn collect(
        group: &'a Group<'a>,
        from: usize,
        last: usize,
        length: usize,
    ) -> Option<Self> {
        let (first, _) = group.part(from)?;
        let (_, end) = group.part(last)?;
        let layout = group.lengths.get(from..=last)?;
        if !closes(group.value, end) {
            return None;
        }
        let (digits, parts) = (OnceCell::new(), layout.len());
        Some(Self { group, digits, length, layout, parts, first, end })
    }

    pub(super) fn end(&self) -> usize {
        self.end
    }

    /// The number as it stands in the text.
    pub(super) fn text(&self) -> &[u8] {
        self.group.value.get(self.first..self.end).unwrap_or_default()
    }

    /// Digits of an extension behind a telephone number: `x1234`, ` x12`.
    pub(super) fn extension(&self) -> usize {
        extension(self.group.value, self.end)
    }

    fn before(&self, distance: usize) -> Option<u8> {
        self.first.checked_sub(distance).and_then(|at| self.group.byte(at))
    }

    pub(super) fn digits(&self) -> &[u8] {
        let read = || {
            let mut digits = [0; MAX_DIGITS];
            let mut count = 0;
            for byte in self.text() {
                let digit = byte.wrapping_sub(b'0');
                if let Some(slot) = digits.get_mut(count).filter(|_| digit <= 9) {
                    *slot = digit;
                    count += 1;
                }
            }
            digits
        };
        self.digits.get_or_init(read).get(..self.length).unwrap_or_default()
    }

    /// How many digits each part has.
    pub(super) fn layout(&self) -> &[u8] {
        self.layout
    }

    pub(super) fn announced(&self) -> Announced {
        self.group.announced(self.first)
    }

    /// The separators between the parts, without digits.
    pub(super) fn separators(&self) -> impl Iterator<Item = u8> + '_ {
        let text = self.group.value.get(self.first..self.end).unwrap_or_default();
        text.iter().copied().filter(|byte| !byte.is_ascii_digit())
    }

    pub(super) fn joined_by(&self, separator: u8) -> bool {
        self.parts > 1 && self.separators().all(|byte| byte == separator)
    }

    /// Neither a word nor a plus announces it.
    pub(super) fn is_quiet(&self) -> bool {
        self.group.is_quiet(self.first)
    }

    /// True if a round bracket opens right before the first digit.
    pub(super) fn is_bracketed(&self) -> bool {
        self.before(1) == Some(b'(')
    }

    pub(super) fn is_international(&self) -> bool {
        self.group.is_international(self.first)
    }

    /// True if no digit stands in the eight bytes before: the word that announces is close.
    pub(super) fn follows_its_word(&self) -> bool {
        let from = self.first.saturating_sub(8);
        let before = self.group.value.get(from..self.first).unwrap_or_default();
        !before.iter().any(u8::is_ascii_digit)
    }

    /// Where the number begins with the sign or bracket that belongs to it.
    pub(super) fn start(&self) -> usize {
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

/// True if a number may end here: no letter, digit, percent sign or further part joined on.
fn closes(value: &[u8], end: usize) -> bool {
    let next = value.get(end + 1).copied();
    match value.get(end) {
        None => true,
        Some(b'-' | b'.' | b'/' | b':' | b',') => next.is_none_or(|byte| !is_wordy(byte)),
        Some(b'%' | b'*') => false,
        Some(b'x') => extension(value, end) > 0,
        Some(byte) => !is_wordy(*byte),
    }
}

/// Longest extension of a telephone number.
const MAX_EXTENSION: usize = 6;

/// Bytes of an extension at `at`; none is 0.
fn extension(value: &[u8], at: usize) -> usize {
    let space = usize::from(value.get(at) == Some(&b' '));
    let rest = value.get(at + space..).unwrap_or_default();
    let Some(digits) = rest.strip_prefix(b"x") else { return 0 };
    let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let ends = digits.get(count).is_none_or(|byte| !is_wordy(*byte));
    if (1..=MAX_EXTENSION).contains(&count) && ends { space + 1 + count } else { 0 }
}
