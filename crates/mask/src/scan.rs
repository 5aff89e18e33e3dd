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
use prefilter::{BLOCK, Block, Glance, Masks, Signs};

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
    find_into(value, &mut finds);
    finds
}

/// As [`find`], into what is empty.
fn find_into(value: &[u8], finds: &mut Vec<Find>) {
    let mut pass = Pass { value, ..Pass::default() };
    let (blocks, tail) = value.as_chunks::<BLOCK>();
    for block in blocks {
        pass.block(&Block::full(block), finds);
        pass.base += BLOCK;
    }
    if !tail.is_empty() {
        pass.block(&Block::tail(value, tail), finds);
    }
    if finds.len() > 1 {
        settle(value, finds);
    }
}

/// The pass over the blocks of one value. The places where each kind ended are remembered, so that
/// nothing is looked at twice.
#[derive(Default)]
struct Pass<'v> {
    value: &'v [u8],
    /// Where the block begins.
    base: usize,
    /// What is solid of the block before.
    solid: u64,
    marked: secrets::Marked,
    plain: secrets::Plain,
    numbers: numbers::Numbers,
    people: people::People,
    places: places::Places,
}

/// A block in its value, for those who look for one kind of finds.
#[derive(Clone, Copy)]
struct Look<'a> {
    value: &'a [u8],
    /// Where the block begins.
    base: usize,
    block: &'a Block,
    masks: &'a Masks,
    /// Of the block before.
    before: &'a Masks,
}

impl Look<'_> {
    /// True if the value goes on behind the block.
    fn goes_on(&self) -> bool {
        self.base + BLOCK < self.value.len()
    }

    /// The lowest bits, of which it is not known what stands before them. None in the first block.
    fn unknown(&self, count: usize) -> u64 {
        if self.base == 0 { 0 } else { prefilter::below(count) }
    }

    /// The highest bits, of which it is not known what stands behind them. None in the last block.
    fn edge(&self, count: usize) -> u64 {
        if self.goes_on() { !(u64::MAX >> count) } else { 0 }
    }

    /// Moved up by one, with what the block before has at its end.
    #[inline(always)]
    fn behind(&self, of: impl Fn(&Masks) -> u64) -> u64 {
        of(self.masks) << 1 | of(self.before) >> 63
    }
}

impl Pass<'_> {
    /// Looks at every byte of a block; only what stands in it gets a look of its own.
    #[inline(always)]
    fn block(&mut self, block: &Block, finds: &mut Vec<Find>) {
        let glance = block.glance();
        let long = glance.long(self.solid);
        if glance.others | long != 0 {
            self.look(block, glance, long, finds);
        }
        if glance.capitals != 0 {
            self.people.block(self.value, self.base, glance.capitals, finds);
        }
        self.solid = glance.solid;
    }

    /// `long`: where sixteen bytes and more stand without a space.
    #[inline(never)]
    fn look(&mut self, block: &Block, glance: Glance, long: u64, finds: &mut Vec<Find>) {
        let masks = &block.masks(glance);
        let last = self.base.checked_sub(1).and_then(|last| self.value.get(last));
        let before = last.map_or(Masks::default(), |last| Masks::last(*last));
        let before = &Masks { solid: self.solid, ..before };
        let look = Look { value: self.value, base: self.base, block, masks, before };
        if masks.marks | masks.digits != 0 {
            let signs = &Signs::of(block);
            if masks.marks != 0 {
                self.marked.block(look, signs, finds);
                let at = block.pick(|lane| prefilter::one_of(lane, *b"@"));
                let places = prefilter::places(at);
                finds.extend(places.filter_map(|at| email::find(self.value, self.base + at)));
            }
            if masks.digits != 0 {
                self.places.block(look, signs, finds);
                self.numbers.block(look, signs, finds);
            }
        }
        if long != 0 {
            self.plain.block(look, long, finds);
        }
    }
}

/// Of finds of one place that are as strong, which label counts.
fn rank(label: &Label) -> u8 {
    match label {
        _ if *label == Label::CREDENTIAL => 0,
        _ if *label == Label::POSTAL_ADDRESS => 1,
        _ if *label == Label::PERSON_NAME => 2,
        _ => 3,
    }
}

/// Puts finds in order and resolves overlaps: the stronger label stays and covers what both
/// covered.
fn settle(value: &[u8], finds: &mut Vec<Find>) {
    finds.sort_by_key(|find| {
        let reach = std::cmp::Reverse(find.end);
        (find.start, find.label == Label::EMAIL, reach, rank(&find.label))
    });
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
