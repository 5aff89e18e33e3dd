//! The content scan: finds what is sensitive in any text and masks it in place.
//!
//! One pass over blocks of bytes: a prefilter decides in a few bytes per cycle that a block holds
//! nothing; only candidates (an `@`, a place dense with digits, a rare character of a maker's key,
//! a capital) reach the checks. Nothing is allocated until something is found. Total over
//! arbitrary bytes. Knows no SQL types.

use crate::{
    column::Applied,
    text::{self, CONSTANT},
};
use model::Label;
use prefilter::{BLOCK, Block};

mod context;
mod email;
mod numbers;
mod people;
mod places;
mod prefilter;
mod prose;
mod secrets;
mod sieve;
mod table;
mod word;

pub(crate) use prose::{free_text, holds_names};

/// Something found in text: where it stands, in bytes, and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Find {
    /// The first byte; never inside a character of UTF-8.
    pub start: usize,
    /// The byte behind the last.
    pub end: usize,
    /// What it is.
    pub label: Label,
}

/// Masks what is found in `value`, keeping the rest. Appends only when something was found.
pub(crate) fn text(value: &[u8], out: &mut Vec<u8>) -> Applied {
    let finds = find(value);
    if finds.is_empty() {
        return Applied::Raw;
    }
    out.reserve(value.len());
    replace(value, &finds, out);
    Applied::Masked
}

/// Everything that the content scan finds in `value`, in order, without overlaps.
pub fn find(value: &[u8]) -> Vec<Find> {
    let mut finds = Vec::new();
    let mut pass = Pass::default();
    let (blocks, tail) = value.as_chunks::<BLOCK>();
    let mut base = 0;
    for block in blocks {
        pass.block(value, base, block, &mut finds);
        base += BLOCK;
    }
    if !tail.is_empty() {
        let mut last = [0; BLOCK];
        for (slot, byte) in last.iter_mut().zip(tail) {
            *slot = *byte;
        }
        pass.block(value, base, &last, &mut finds);
    }
    if pass.at {
        email::find(value, &mut finds);
    }
    if pass.digits >= prefilter::LEAST_DIGITS {
        numbers::find(value, pass.digits, &mut finds);
    }
    if finds.len() > 1 {
        settle(value, &mut finds);
    }
    finds
}

/// The pass over the blocks of one value. The places where each kind begins are remembered, so
/// that nothing is looked at twice.
#[derive(Default)]
struct Pass {
    /// True if there was an `@`.
    at: bool,
    digits: usize,
    marked: secrets::Marked,
    plain: secrets::Plain,
    people: people::People,
    places: places::Places,
}

impl Pass {
    /// Looks at every byte of a block; only what stands in it gets a look of its own.
    #[inline(always)]
    fn block(&mut self, value: &[u8], base: usize, block: &Block, finds: &mut Vec<Find>) {
        let (digits, seen) = prefilter::census(block);
        self.digits += digits;
        self.at |= seen & prefilter::AT != 0;
        if seen & prefilter::RARE != 0 {
            self.marked.block(value, base, block, finds);
        }
        if seen & prefilter::SOLID != 0 {
            self.plain.block(value, base, block, finds);
        }
        if digits != 0 {
            self.places.block(value, base, block, finds);
        }
        if seen & prefilter::CAPITAL != 0 {
            self.people.block(value, base, block, finds);
        }
    }
}

/// Puts finds in order and resolves overlaps: the stronger label stays and covers what both
/// covered.
fn settle(value: &[u8], finds: &mut Vec<Find>) {
    finds.sort_by_key(|find| (find.start, find.label == Label::EMAIL, std::cmp::Reverse(find.end)));
    finds.dedup_by(|later, earlier| {
        if later.start >= earlier.end {
            return false;
        }
        if earlier.label == Label::CREDENTIAL && later.label == Label::EMAIL {
            // `password@host` looks like an address from the password on, and a key may touch
            // a real one: what is left of the address is looked at without the secret.
            later.start = earlier.end;
            return later.start >= later.end || value.get(later.start) == Some(&b'@');
        }
        let inside = later.end <= earlier.end;
        earlier.end = earlier.end.max(later.end);
        if inside && earlier.label == Label::POSTAL_ADDRESS && later.label == Label::PHONE {
            // Digits of a postcode and a house.
            return true;
        }
        if later.label.strength() > earlier.label.strength() {
            earlier.label = later.label.clone();
        }
        true
    });
}

/// What the whole value is, if it is one thing and nothing else but a few characters around it.
pub(crate) fn whole(value: &str) -> Option<Label> {
    let value = value.trim();
    match find(value.as_bytes()).as_slice() {
        [only] if (only.end - only.start) * 10 >= value.len() * 9 => Some(only.label.clone()),
        _ => None,
    }
}

fn replace(value: &[u8], finds: &[Find], out: &mut Vec<u8>) {
    let mut done = 0;
    for find in finds {
        out.extend_from_slice(value.get(done..find.start).unwrap_or_default());
        let found = value.get(find.start..find.end).unwrap_or_default();
        match std::str::from_utf8(found) {
            Ok(found) => text::partial_into(&find.label, found, out),
            Err(_) => out.extend_from_slice(CONSTANT.as_bytes()),
        }
        done = find.end;
    }
    out.extend_from_slice(value.get(done..).unwrap_or_default());
}

#[cfg(test)]
mod tests;
