//! Lists of short words made ready to be looked up: one multiplication, and one comparison of
//! sixteen bits for nearly all that is not in the list. Knows no words.
//!
//! The words of a table are fixed, so nobody can crowd a place in it; what is looked up is compared
//! whole.

/// Bytes of a word that is looked up; longer ones are in no list.
pub(super) const MAX_WORD: usize = 32;

/// Words of a table that takes up little of the nearest cache whatever its room.
const SMALL: usize = 500;

/// Bytes that are compared as one number.
const HALF: usize = 16;

/// A short word as two numbers: its bytes, the first lowest, and zeros behind them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    low: u128,
    high: u128,
    length: usize,
}

impl Key {
    pub(super) const EMPTY: Self = Self { low: 0, high: 0, length: 0 };

    /// `None` for what is too long to be known.
    pub(super) fn of(word: &[u8]) -> Option<Self> {
        let mut key = Self::EMPTY;
        key.push(word)?;
        Some(key)
    }

    /// The word `start..end` of a text. As [`Key::of`], but of what stands around it in the text
    /// as much is read as makes no loop.
    #[inline(always)]
    pub(super) fn within(text: &[u8], start: usize, end: usize) -> Option<Self> {
        let length = end.checked_sub(start)?;
        if (1..=HALF).contains(&length) {
            let ahead = text.get(start..).and_then(|rest| rest.first_chunk::<HALF>());
            let low = match ahead {
                Some(ahead) => Some(u128::from_le_bytes(*ahead)),
                // Near the end of the text: what stands before the word is shifted out.
                None => {
                    let behind = text.len().checked_sub(start).filter(|behind| *behind <= HALF);
                    let last = text.last_chunk::<HALF>().zip(behind);
                    last.map(|(last, behind)| u128::from_le_bytes(*last) >> (8 * (HALF - behind)))
                }
            };
            if let Some(low) = low {
                let first = FIRST.get(length).copied().unwrap_or_default();
                return Some(Self { low: low & first, high: 0, length });
            }
        }
        Self::of(text.get(start..end)?)
    }

    /// A word of ASCII in small letters: made of letters, digits, apostrophes and hyphens; what
    /// has a `_` is none that is known.
    #[inline(always)]
    pub(super) fn plain(text: &[u8], start: usize, end: usize) -> Option<Self> {
        let small = |bytes: u128| bytes | (bytes & (EACH * 0x40)) >> 1;
        let key = Self::within(text, start, end)?;
        let high = if key.high == 0 { 0 } else { small(key.high) };
        Some(Self { low: small(key.low), high, length: key.length })
    }

    /// The same in small letters, as far as they are ASCII or letters of Western Europe; `None` if
    /// there are others, or too many.
    #[inline(always)]
    pub(super) fn western(self) -> Option<Self> {
        let is = |bytes: u128, byte: u8| {
            let other = bytes ^ (EACH * u128::from(byte));
            // The highest bit of each byte that is nothing now.
            let carried = (other & (EACH * 0x7F)) + EACH * 0x7F;
            !(carried | other) & (EACH * 0x80)
        };
        let leads = self.low & self.low << 1 & (EACH * 0x80);
        let western = is(self.low, 0xC3);
        if self.high != 0 || leads != western {
            return None;
        }
        // The small one has the same place in the next half, but for a sign and `ß`.
        let no_letter = is(self.low, 0x97) | is(self.low, 0x9F);
        let small = (western << 8 & !no_letter) >> 2;
        Some(Self { low: lowered(self.low) | small, high: 0, length: self.length })
    }

    /// The same in small letters, as far as they are ASCII.
    #[inline(always)]
    pub(super) fn lowered(self) -> Self {
        let high = if self.high == 0 { 0 } else { lowered(self.high) };
        Self { low: lowered(self.low), high, length: self.length }
    }

    pub(super) fn push(&mut self, more: &[u8]) -> Option<()> {
        for byte in more {
            let (half, place) = match self.length {
                place @ ..HALF => (&mut self.low, place),
                place @ HALF..MAX_WORD => (&mut self.high, place - HALF),
                MAX_WORD.. => return None,
            };
            *half |= u128::from(*byte) << (8 * place);
            self.length += 1;
        }
        Some(())
    }

    /// Both words with a byte between them.
    pub(super) fn joined(&self, between: u8, second: &Self) -> Option<Self> {
        let length = self.length + 1 + second.length;
        if length <= HALF {
            let low = u128::from(between) | second.low << 8;
            return Some(Self { low: self.low | low << (8 * self.length), high: 0, length });
        }
        let mut both = *self;
        both.push(&[between])?;
        let (bytes, length) = second.bytes();
        both.push(bytes.get(..length)?)?;
        Some(both)
    }

    /// The bytes of the word and how many there are.
    pub(super) fn bytes(&self) -> ([u8; MAX_WORD], usize) {
        let mut bytes = [0; MAX_WORD];
        let (low, high) = (self.low.to_le_bytes(), self.high.to_le_bytes());
        for (slot, byte) in bytes.iter_mut().zip(low.iter().chain(&high)) {
            *slot = *byte;
        }
        (bytes, self.length)
    }

    /// How many bytes the word has.
    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// True if one of the bytes is this one of ASCII.
    #[inline(always)]
    pub(super) fn holds(&self, byte: u8) -> bool {
        let zero = |bytes: u128| {
            let other = bytes ^ (EACH * u128::from(byte));
            // The highest bit of each byte that is nothing now.
            let carried = (other & (EACH * 0x7F)) + EACH * 0x7F;
            !(carried | other) & (EACH * 0x80) != 0
        };
        zero(self.low) || self.high != 0 && zero(self.high)
    }

    #[inline(always)]
    fn hash(&self) -> u64 {
        let mixed = halves(self.low);
        let mixed = if self.high == 0 { mixed } else { mixed ^ halves(self.high).rotate_left(29) };
        mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }
}

/// The two halves of a number in one.
#[inline(always)]
fn halves(number: u128) -> u64 {
    let [low, high] = [number & u128::from(u64::MAX), number >> 64];
    let short = |half: u128| u64::try_from(half).unwrap_or_default();
    short(low) ^ short(high).rotate_left(23)
}

/// One in each byte.
const EACH: u128 = u128::MAX / 0xFF;

/// All bits of so many of the first bytes: cheaper to look up than to shift.
static FIRST: [u128; HALF + 1] = {
    let mut masks = [0; HALF + 1];
    let (mut rest, mut all) = (masks.as_mut_slice(), 0u128);
    while let Some((mask, more)) = rest.split_first_mut() {
        *mask = all;
        rest = more;
        all = all << 8 | 0xFF;
    }
    masks
};

/// Capitals of ASCII among sixteen bytes made small.
#[inline(always)]
fn lowered(bytes: u128) -> u128 {
    let seven = bytes & (EACH * 0x7F);
    // The highest bit of each byte: from `A` on, and behind `Z`.
    let (from, behind) = (seven + EACH * 0x3F, seven + EACH * 0x25);
    let capital = (from ^ behind) & !bytes & (EACH * 0x80);
    bytes | capital >> 2
}

/// What is known of each word of a list.
pub(super) struct Table<V> {
    /// Sixteen bits of each word that is there, and its number among the entries; 0 for a free
    /// place. Small, so that it stays in the nearest cache.
    slots: Vec<(u16, u16)>,
    entries: Vec<(Key, V)>,
}

impl<V: Copy> Table<V> {
    /// Notes all words; what is noted of one word several times is joined. There is room for
    /// 65,536 words.
    pub(super) fn new<'a>(
        words: impl IntoIterator<Item = (&'a str, V)>,
        join: impl Fn(V, V) -> V,
    ) -> Self {
        let keyed = |(word, value): (&str, V)| Some((Key::of(word.as_bytes())?, value));
        let words: Vec<(Key, V)> = words.into_iter().filter_map(keyed).collect();
        // At least half of the places stay free, of small tables most: a word that is not there
        // seldom meets another in its place.
        let room = if words.len() <= SMALL { 8 } else { 2 };
        let size = (words.len() * room).next_power_of_two().max(64);
        let mut table = Self { slots: vec![(0, 0); size], entries: Vec::new() };
        for (key, value) in words {
            match table.find(&key) {
                Found::Entry(entry) => {
                    if let Some((_, known)) = table.entries.get_mut(entry) {
                        *known = join(*known, value);
                    }
                }
                Found::Free(place, print) => {
                    let Ok(number) = u16::try_from(table.entries.len()) else { continue };
                    let Some(slot) = table.slots.get_mut(place) else { continue };
                    *slot = (print, number);
                    table.entries.push((key, value));
                }
            }
        }
        table
    }

    /// What is known of the word.
    #[inline(always)]
    pub(super) fn get(&self, key: &Key) -> Option<V> {
        match self.find(key) {
            Found::Entry(entry) => self.entries.get(entry).map(|(_, value)| *value),
            Found::Free(..) => None,
        }
    }

    /// The entry of the word, or the free place that it would take, and its sixteen bits.
    #[inline(always)]
    fn find(&self, key: &Key) -> Found {
        let hash = key.hash();
        let mask = self.slots.len() - 1;
        let print = u16::try_from(hash >> 48).unwrap_or_default().max(1);
        let mut place = usize::try_from(hash >> 20).unwrap_or_default() & mask;
        loop {
            let (taken, number) = self.slots.get(place).copied().unwrap_or_default();
            if taken == 0 {
                return Found::Free(place, print);
            }
            let entry = usize::from(number);
            if taken == print && self.entries.get(entry).is_some_and(|(known, _)| known == key) {
                return Found::Entry(entry);
            }
            place = (place + 1) & mask;
        }
    }
}

/// Where a word stands in a table.
enum Found {
    Entry(usize),
    /// The place that it would take.
    Free(usize, u16),
}

#[cfg(test)]
mod tests {
    //! What is put in is found, and nothing else.

    use super::*;

    #[test]
    fn words_are_found_whole_and_joined() {
        let words = (0..500u32).map(|n| (format!("w{}", n * 7), n)).collect::<Vec<_>>();
        let twice = words.iter().chain(&words).map(|(word, n)| (word.as_str(), *n));
        let table = Table::new(twice, |a, b| a + b);
        for (word, n) in &words {
            assert_eq!(table.get(&Key::of(word.as_bytes()).unwrap()), Some(n * 2), "{word}");
            let longer = format!("{word}x");
            assert_eq!(table.get(&Key::of(longer.as_bytes()).unwrap()), None);
        }
        assert_eq!(table.get(&Key::EMPTY), None);
    }

    #[test]
    fn two_words_joined_are_one() {
        for first in 0..=MAX_WORD {
            for second in 0..=MAX_WORD {
                let (one, two) = ("a".repeat(first), "b".repeat(second));
                let [left, right] = [&one, &two].map(|word| Key::of(word.as_bytes()).unwrap());
                let whole = Key::of(format!("{one}_{two}").as_bytes());
                assert_eq!(left.joined(b'_', &right), whole, "{first} {second}");
            }
        }
    }

    #[test]
    fn bytes_of_words_are_seen_wherever_they_stand() {
        for length in 1..=MAX_WORD {
            for place in 0..length {
                let mut word = vec![b','; length];
                assert!(!Key::of(&word).unwrap().holds(b'-'));
                word[place] = b'-';
                assert!(Key::of(&word).unwrap().holds(b'-'), "{place} of {length}");
                word[place] = 0xAD;
                assert!(!Key::of(&word).unwrap().holds(b'-'), "{place} of {length}");
            }
        }
    }

    #[test]
    fn a_word_within_a_text_is_the_word_alone() {
        let text = "abcdefghij".repeat(10);
        for start in 0..100 {
            for end in start..100 {
                let alone = Key::of(&text.as_bytes()[start..end]);
                assert_eq!(Key::within(text.as_bytes(), start, end), alone, "{start}..{end}");
            }
        }
    }
}
