//! The content scan: finds what is sensitive in any text and masks it in place.
//!
//! One pass over blocks of bytes: a prefilter decides in a few bytes per cycle that a block holds
//! nothing; only candidates (an `@`, a place dense with digits, a rare character of a maker's key,
//! a capital) reach the checks. Nothing is allocated until something is found. Total over
//! arbitrary bytes. Knows no SQL types.

use crate::{column::Applied, text};
use context::Near;
use hit::{Hit, Hits, Kind};
use model::Label;
use people::{Names, People};
use prefilter::{BLOCK, Block, Glance, Masks, Past, Planes, Signs};
use word::{Spelling, Text};

mod context;
mod email;
mod hit;
mod numbers;
mod people;
mod places;
mod prefilter;
mod prose;
mod runs;
mod secrets;
mod sieve;
mod table;
mod word;

pub(crate) use prose::{free_text, holds_names, is_hidden};

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
    with_hits(value, |hits| {
        if hits.is_empty() {
            return Applied::Raw;
        }
        out.reserve(value.len());
        replace(value, hits, out);
        Applied::Masked
    })
}

/// Everything that the content scan finds in `value`, in order, without overlaps.
pub fn find(value: &[u8]) -> Vec<Find> {
    let find = |hit: &Hit| Find { start: hit.start, end: hit.end, label: hit.kind.label().clone() };
    with_hits(value, |hits| hits.iter().map(find).collect())
}

/// What is made of all that is found in a value.
fn with_hits<T>(value: &[u8], make: impl FnOnce(&[Hit]) -> T) -> T {
    let mut hits = Hits::default();
    find_into(value, &mut hits);
    hits.settle(value.len());
    let made = make(hits.all());
    hits.give_back();
    made
}

/// As [`find`], into what is empty.
fn find_into(value: &[u8], hits: &mut Hits) {
    let (blocks, tail) = value.as_chunks::<BLOCK>();
    if blocks.is_empty() {
        alone(value, hits);
    } else {
        let mut pass = Pass { value, ..Pass::default() };
        for block in blocks {
            pass.block(Block::full(block), hits);
            pass.base += BLOCK;
        }
        if !tail.is_empty() {
            pass.block(Block::tail(value, tail), hits);
        }
    }
    if hits.all().len() > 1 {
        settle(value, hits.all_mut());
    }
}

/// The pass over a value that is one block and not a whole one, as most are: nothing stands around
/// it.
#[inline(always)]
fn alone(value: &[u8], hits: &mut Hits) {
    if value.is_empty() {
        return;
    }
    let block = Block::tail(value, value);
    let glance = block.glance();
    let long = glance.long(0);
    if glance.others | long != 0 {
        look_alone(value, block, glance, long, hits);
    } else {
        let names = Names::all(glance);
        if names.places != 0 {
            People::default().block(value, 0, names, None, hits);
        }
    }
}

/// A look at such a value in which something stands.
#[inline(never)]
fn look_alone(value: &[u8], block: Block, glance: Glance, long: u64, hits: &mut Hits) {
    let planes = &block.planes();
    let masks = &Masks::of(planes, glance);
    if numbers::is_mere(masks) {
        return;
    }
    let (before, first, whole, more) = (Past::NOTHING, true, true, false);
    let look = Look { value, base: 0, planes, masks, before, first, whole, more };
    Searches::default().look(look, glance, long, hits);
}

/// The pass over the blocks of one value.
#[derive(Default)]
struct Pass<'v> {
    value: &'v [u8],
    /// Where the block begins.
    base: usize,
    /// What is solid of the block before.
    solid: u64,
    /// More of it, if it got a look of its own.
    before: Past,
    looked: bool,
    searches: Searches,
}

/// All searches. The places where each kind ended are remembered, so that nothing is looked at
/// twice.
#[derive(Default)]
struct Searches {
    people: People,
    marked: secrets::Marked,
    plain: secrets::Plain,
    said: secrets::Said,
    numbers: numbers::Numbers,
    places: places::Places,
}

/// A block in its value, for those who look for one kind of finds.
#[derive(Clone, Copy)]
struct Look<'a> {
    value: &'a [u8],
    /// Where the block begins.
    base: usize,
    planes: &'a Planes,
    masks: &'a Masks,
    /// Of the block before; of its last byte alone if nothing stood in it.
    before: &'a Past,
    /// True if there is none.
    first: bool,
    /// True if all of the block before is known.
    whole: bool,
    /// True if the value goes on behind the block.
    more: bool,
}

impl Look<'_> {
    /// The lowest bits, of which it is not known what stands before them. None in the first block.
    #[inline(always)]
    fn unknown(&self, count: usize) -> u64 {
        if self.first { 0 } else { prefilter::below(count) }
    }

    /// The highest bits, of which it is not known what stands behind them. None in the last block.
    #[inline(always)]
    fn edge(&self, count: usize) -> u64 {
        if self.more { !(u64::MAX >> count) } else { 0 }
    }

    /// What stands before a place of the block, if that is known.
    #[inline(always)]
    fn near(&self, place: usize) -> Option<Near> {
        let past = self.masks.past();
        let near = |of: fn(&Past) -> u64| {
            let before = of(self.before).checked_shr(u32::try_from(place).unwrap_or(u32::MAX));
            prefilter::lifted(of(&past), place) | before.unwrap_or_default()
        };
        (self.whole || place >= context::REACH).then(|| Near {
            letters: near(|masks| masks.letters),
            digits: near(|masks| masks.digits),
            high: near(|masks| masks.high),
        })
    }

    /// Moved up by one, with what the block before has at its end.
    #[inline(always)]
    fn behind(&self, of: impl Fn(&Past) -> u64) -> u64 {
        of(&self.masks.past()) << 1 | of(self.before) >> 63
    }

    /// One if what is solid at the beginning of the block may have begun before it.
    #[inline(always)]
    fn goes_through(&self) -> u64 {
        self.before.solid >> 63
    }
}

impl Searches {
    /// Looks for all of it in a block. `long`: where sixteen bytes and more stand without a space.
    #[inline(always)]
    fn look(&mut self, look: Look<'_>, glance: Glance, long: u64, hits: &mut Hits) {
        let Look { value, base, planes, masks, .. } = look;
        if masks.marks | masks.digits == 0 {
            if long != 0 {
                self.plain.block(look, long, hits);
            }
            let names = Names::all(glance);
            if names.places != 0 {
                self.people.block(value, base, names, None, hits);
            }
            return;
        }
        let signs = &Signs::of(planes, masks);
        let spelling = &Spelling::of(base, look.more, masks, signs);
        let text = Text::new(value, Some(spelling));
        if masks.marks != 0 {
            self.marked.block(look, signs, hits);
            for at in prefilter::places(signs.at) {
                if let Some(hit) = email::find(value, base + at) {
                    hits.push(hit);
                }
            }
        }
        if masks.digits != 0 {
            self.places.block(look, signs, text, hits);
            self.numbers.block(look, signs, hits);
            self.said.block(look, signs, text, hits);
        }
        if long != 0 {
            self.plain.block(look, long, hits);
        }
        let last = base.checked_sub(1).and_then(|last| value.get(last));
        let names = Names::of(masks, signs, last.is_some_and(word::is_wordy));
        if names.places != 0 {
            self.people.block(value, base, names, Some(spelling), hits);
        }
    }
}

impl Pass<'_> {
    /// Looks at every byte of a block; only what stands in it gets a look of its own.
    #[inline(always)]
    fn block(&mut self, block: Block, hits: &mut Hits) {
        let glance = block.glance();
        let long = glance.long(self.solid);
        if glance.others | long != 0 {
            self.look(block, glance, long, hits);
        } else {
            self.looked = false;
            let names = Names::all(glance);
            if names.places != 0 {
                self.searches.people.block(self.value, self.base, names, None, hits);
            }
        }
        self.solid = glance.solid;
    }

    /// A look at a block in which something stands.
    #[inline(never)]
    fn look(&mut self, block: Block, glance: Glance, long: u64, hits: &mut Hits) {
        let planes = &block.planes();
        let masks = &Masks::of(planes, glance);
        let (value, base) = (self.value, self.base);
        let whole = base == 0 || self.looked;
        if !whole {
            let last = base.checked_sub(1).and_then(|last| value.get(last));
            self.before = last.map_or(Past::default(), |last| Past::last(*last));
        }
        self.before.solid = self.solid;
        let (before, first, more) = (&self.before, base == 0, base + BLOCK < value.len());
        let look = Look { value, base, planes, masks, before, first, whole, more };
        self.searches.look(look, glance, long, hits);
        (self.before, self.looked) = (masks.past(), true);
    }
}

/// Puts finds in order and resolves overlaps: the stronger label stays and covers what both
/// covered.
fn settle(value: &[u8], hits: &mut Vec<Hit>) {
    if hits.is_sorted_by(|one, next| one.end <= next.start) {
        return;
    }
    hits.sort_by_key(|hit| {
        let reach = std::cmp::Reverse(hit.end);
        (hit.start, hit.kind == Kind::Email, reach, hit.kind.rank())
    });
    hits.dedup_by(|later, earlier| {
        if later.start >= earlier.end {
            return false;
        }
        if earlier.kind == Kind::Credential && later.kind == Kind::Email {
            // `password@host` looks like an address from the password on, and a key may touch
            // a real one: what is left of the address is looked at without the secret.
            later.start = earlier.end;
            return later.start >= later.end || value.get(later.start) == Some(&b'@');
        }
        let inside = later.end <= earlier.end;
        earlier.end = earlier.end.max(later.end);
        if inside && earlier.kind == Kind::PostalAddress && later.kind == Kind::Phone {
            // Digits of a postcode and a house.
            return true;
        }
        if inside && earlier.kind == Kind::BankAccount && later.kind == Kind::PaymentCard {
            // One in ten of the digits in an account's number passes for a card's by chance; those
            // of the account have two check digits of their own.
            return true;
        }
        if later.kind.strength() > earlier.kind.strength() {
            earlier.kind = later.kind;
        }
        true
    });
}

/// What the whole value is, if it is one thing and nothing else but a few characters around it.
pub(crate) fn whole(value: &str) -> Option<Label> {
    let value = value.trim();
    with_hits(value.as_bytes(), |hits| match hits {
        [only] if (only.end - only.start) * 10 >= value.len() * 9 => {
            Some(only.kind.label().clone())
        }
        _ => None,
    })
}

fn replace(value: &[u8], hits: &[Hit], out: &mut Vec<u8>) {
    let mut done = 0;
    for hit in hits {
        out.extend_from_slice(value.get(done..hit.start).unwrap_or_default());
        let found = value.get(hit.start..hit.end).unwrap_or_default();
        text::found_into(hit.kind.form(), hit.kind.label(), found, out);
        done = hit.end;
    }
    out.extend_from_slice(value.get(done..).unwrap_or_default());
}

#[cfg(test)]
mod tests;
