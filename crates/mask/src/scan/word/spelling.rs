//! The classes of the bytes of a block by which words are told, made once for all searches. Knows
//! no words.

use super::{CODE, HIGH, LOWER, UPPER, WINDOW};
use crate::scan::prefilter::{self, BLOCK, Block, Masks, Signs, one_of, range};
use std::ops::Deref;

/// A value, and what is known of the words of one of its blocks.
#[derive(Clone, Copy)]
pub(in crate::scan) struct Text<'a> {
    pub(super) value: &'a [u8],
    pub(super) spelling: Option<&'a Spelling>,
}

impl<'a> Text<'a> {
    pub(in crate::scan) fn new(value: &'a [u8], spelling: Option<&'a Spelling>) -> Self {
        Self { value, spelling }
    }
}

impl Deref for Text<'_> {
    type Target = [u8];

    #[inline(always)]
    fn deref(&self) -> &[u8] {
        self.value
    }
}

/// The classes of the bytes of a block by which words are told, one bit for each byte.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::scan) struct Spelling {
    /// Where the block begins, and whether the value goes on behind it.
    base: usize,
    more: bool,
    wordy: u64,
    lower: u64,
    upper: u64,
    code: u64,
    high: u64,
    /// Apostrophes and hyphens.
    joins: u64,
}

impl Spelling {
    #[inline(always)]
    pub(in crate::scan) fn of(base: usize, more: bool, masks: &Masks, signs: &Signs) -> Self {
        let (upper, high) = (masks.upper, masks.high);
        let code = masks.digits | signs.under;
        let joins = signs.apostrophe | signs.dash;
        let wordy = masks.letters | code | high | joins;
        Self { base, more, wordy, lower: masks.letters & !upper, upper, code, high, joins }
    }

    /// Of the block without marks and digits that begins at `base`.
    #[inline(never)]
    pub(in crate::scan) fn unseen(value: &[u8], base: usize) -> Self {
        let rest = value.get(base..).unwrap_or_default();
        let block = match rest.first_chunk() {
            Some(bytes) => Block::full(bytes),
            None => Block::tail(value, rest),
        };
        let lower = block.pick(|lane| range(lane, b'a', 26));
        let upper = block.pick(|lane| range(lane, b'A', 26));
        let joins = block.pick(|lane| one_of(lane, *b"'"));
        let high = block.pick(|lane| lane);
        let wordy = lower | upper | high | joins;
        Self { base, more: rest.len() > BLOCK, wordy, lower, upper, code: 0, high, joins }
    }

    /// The classes of the word that begins here and its length, if all of it stands in the block.
    #[inline(always)]
    pub(super) fn ahead(&self, start: usize) -> Option<(usize, u64)> {
        let place = start.checked_sub(self.base).filter(|place| *place < BLOCK)?;
        let end = prefilter::run_end(self.wordy, place);
        if end == BLOCK && self.more {
            return None;
        }
        Some((end - place, prefilter::upto(end) & !prefilter::below(place)))
    }

    /// The same of the word that ends here.
    #[inline(always)]
    pub(super) fn behind(&self, end: usize) -> Option<(usize, u64)> {
        let place = end.checked_sub(self.base).filter(|place| (1..=BLOCK).contains(place))?;
        let lifted = prefilter::lifted(self.wordy, place);
        let length = usize::try_from(lifted.leading_ones()).unwrap_or_default().min(WINDOW);
        if length == place && self.base > 0 {
            return None;
        }
        Some((length, prefilter::upto(place) & !prefilter::below(place - length)))
    }

    /// Where apostrophes and hyphens stand from a place of the block on.
    #[inline(always)]
    pub(super) fn joins_from(&self, start: usize) -> u64 {
        self.joins >> ((start - self.base) & (BLOCK - 1))
    }

    /// The classes that the bytes of a mask have.
    #[inline(always)]
    pub(super) fn seen(&self, mask: u64) -> u8 {
        let class = |bits: u64, class: u8| u8::from(bits & mask != 0) * class;
        class(self.lower, LOWER)
            | class(self.upper, UPPER)
            | class(self.code, CODE)
            | class(self.high, HIGH)
    }
}
