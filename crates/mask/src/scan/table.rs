//! Lists of short words made ready to be looked up: two multiplications and one comparison. Knows
//! no words.
//!
//! The words of a table are fixed, so each gets a place of its own when it is made; what is looked
//! up is compared whole. No word has a zero in it.

/// Bytes of a word that is looked up; longer ones are in no list.
pub(super) const MAX_WORD: usize = 32;

/// Places of a table for each bucket of its words.
const BUCKET: usize = 4;

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
    #[inline(always)]
    pub(super) fn of(word: &[u8]) -> Option<Self> {
        // What is answered through memory is read again piece by piece, at once.
        let [low, high] = read(word)?;
        Some(Self { low, high, length: word.len() })
    }

    pub(super) fn new([low, high]: [u128; 2], length: usize) -> Self {
        Self { low, high, length }
    }

    /// The bytes as two numbers.
    pub(super) fn halves(&self) -> [u128; 2] {
        [self.low, self.high]
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

    /// Of a word of no more than sixteen bytes.
    #[inline(always)]
    fn hash(&self) -> u64 {
        let [low, high] = halves(self.low);
        let mixed = u128::from(low ^ high.rotate_left(23)) * 0x9E37_79B9_7F4A_7C15;
        let [low, high] = halves(mixed);
        low ^ high
    }
}

/// The halves of a word.
#[inline(never)]
fn read(word: &[u8]) -> Option<[u128; 2]> {
    let mut key = Key::EMPTY;
    key.push(word)?;
    Some([key.low, key.high])
}

/// The lower and the upper half of a number.
#[inline(always)]
fn halves(number: u128) -> [u64; 2] {
    [number & u128::from(u64::MAX), number >> 64].map(|half| half.try_into().unwrap_or_default())
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

/// What is known of each word of a list. Every word has a place of its own, so that a look at one
/// is a single comparison, which is not guessed.
pub(super) struct Table<V> {
    /// By how many steps the words of a bucket stand behind the places that their bits say.
    moves: Vec<u16>,
    /// The word at each place, 0 for none.
    words: Vec<u128>,
    values: Vec<V>,
    /// The few words of more than sixteen bytes.
    long: Vec<(Key, V)>,
    /// What is known of all other words.
    none: V,
}

/// Places of the largest table.
const MOST: usize = 1 << 20;

impl<V: Copy> Table<V> {
    /// Notes all words; what is noted of one word several times is joined. `none`: what is known
    /// of all others.
    pub(super) fn new<'a>(
        words: impl IntoIterator<Item = (&'a str, V)>,
        none: V,
        join: impl Fn(V, V) -> V,
    ) -> Self {
        let keyed = |(word, value): (&str, V)| Some((Key::of(word.as_bytes())?, value));
        let mut words: Vec<(Key, V)> = words.into_iter().filter_map(keyed).collect();
        words.sort_by_key(|(key, _)| (key.low, key.high));
        words.dedup_by(|(later, more), (key, known)| {
            let same = later == key;
            if same {
                *known = join(*known, *more);
            }
            same
        });
        let (long, short): (Vec<_>, Vec<_>) = words.into_iter().partition(|(key, _)| key.high != 0);
        let mut size = short.len().next_power_of_two().max(64);
        loop {
            let mut table = Self {
                moves: vec![0; size / BUCKET],
                words: vec![0; size],
                values: vec![none; size],
                long: Vec::new(),
                none,
            };
            if table.place_all(&short) || size >= MOST {
                table.long = long;
                return table;
            }
            size *= 2;
        }
    }

    /// Puts every word in a place of its own; false if there is none for some of them.
    fn place_all(&mut self, words: &[(Key, V)]) -> bool {
        let mut buckets = vec![Vec::new(); self.moves.len()];
        for (key, value) in words {
            if let Some(bucket) = buckets.get_mut(self.bucket(key.hash())) {
                bucket.push((*key, *value));
            }
        }
        let mut order: Vec<usize> = (0..buckets.len()).collect();
        let size = |bucket: &usize| buckets.get(*bucket).map_or(0, Vec::len);
        order.sort_by_key(|bucket| std::cmp::Reverse(size(bucket)));
        order.into_iter().all(|bucket| {
            let words = buckets.get(bucket).map(Vec::as_slice).unwrap_or_default();
            (0..=u16::MAX).any(|steps| self.place_bucket(bucket, steps, words))
        })
    }

    /// Puts the words of a bucket so many steps behind, if all places there are free.
    fn place_bucket(&mut self, bucket: usize, steps: u16, words: &[(Key, V)]) -> bool {
        for (count, (key, value)) in words.iter().enumerate() {
            let place = self.place(key.hash(), steps);
            match self.words.get_mut(place).zip(self.values.get_mut(place)) {
                Some((word, known)) if *word == 0 => (*word, *known) = (key.low, *value),
                _ => {
                    for (key, _) in words.iter().take(count) {
                        let place = self.place(key.hash(), steps);
                        if let Some((word, known)) =
                            self.words.get_mut(place).zip(self.values.get_mut(place))
                        {
                            (*word, *known) = (0, self.none);
                        }
                    }
                    return false;
                }
            }
        }
        if let Some(moved) = self.moves.get_mut(bucket) {
            *moved = steps;
        }
        true
    }

    /// What is known of the word.
    #[inline(always)]
    pub(super) fn get(&self, key: &Key) -> V {
        if key.high != 0 {
            return self.get_long(key);
        }
        let hash = key.hash();
        let steps = self.moves.get(self.bucket(hash)).copied().unwrap_or_default();
        let place = self.place(hash, steps);
        match (self.words.get(place), self.values.get(place)) {
            (Some(word), Some(known)) if *word == key.low => *known,
            _ => self.none,
        }
    }

    #[inline(never)]
    fn get_long(&self, key: &Key) -> V {
        let found = self.long.iter().find(|(known, _)| known == key);
        found.map_or(self.none, |(_, value)| *value)
    }

    #[inline(always)]
    fn bucket(&self, hash: u64) -> usize {
        usize::try_from(hash >> 48).unwrap_or_default() & (self.moves.len() - 1)
    }

    /// Where a word stands that is so many steps behind. How long a step is depends on the word.
    #[inline(always)]
    fn place(&self, hash: u64, steps: u16) -> usize {
        let moved = (hash >> 8 | 1).wrapping_mul(u64::from(steps)).wrapping_add(hash >> 24);
        usize::try_from(moved & u64::from(u32::MAX)).unwrap_or_default() & (self.words.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    //! What is put in is found, and nothing else.

    use super::*;

    #[test]
    fn words_are_found_whole_and_joined() {
        let long = |n: u32| if n.is_multiple_of(50) { "which is a long one" } else { "w" };
        let word = |n: u32| (format!("{}{}", long(n), n * 7), Some(n));
        let words: Vec<_> = (0..5000).map(word).collect();
        let twice = words.iter().chain(&words).map(|(word, n)| (word.as_str(), *n));
        let table = Table::new(twice, None, |a, b| Some(a? + b?));
        for (word, n) in &words {
            assert_eq!(table.get(&Key::of(word.as_bytes()).unwrap()), n.map(|n| n * 2), "{word}");
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
