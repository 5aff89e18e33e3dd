//! Quick looks at words before they are looked up: by the three letters that a word ends in or the
//! four that it begins with. Each passes every word of its list and few others. Knows no words.

/// Five bits of a byte: letters by their place in the alphabet, whatever their case, 31 outside
/// ASCII, 0 for all others.
static LETTERS: [u8; 256] = {
    let mut letters = [0; 256];
    let (mut rest, mut byte) = (letters.as_mut_slice(), 0u8);
    while let Some((letter, more)) = rest.split_first_mut() {
        *letter = match byte {
            b'a'..=b'z' => byte - b'a' + 1,
            b'A'..=b'Z' => byte - b'A' + 1,
            0x80.. => OUTSIDE,
            _ => 0,
        };
        rest = more;
        byte = byte.wrapping_add(1);
    }
    letters
};

/// A byte outside ASCII.
const OUTSIDE: u8 = 31;

#[inline(always)]
fn letter(byte: u8) -> usize {
    usize::from(LETTERS.get(usize::from(byte)).copied().unwrap_or_default())
}

/// One bit for each code of fifteen bits.
struct Bits([u64; 512]);

impl Bits {
    fn set(&mut self, code: usize) {
        if let Some(word) = self.0.get_mut(code >> 6) {
            *word |= 1 << (code & 63);
        }
    }

    #[inline(always)]
    fn has(&self, code: usize) -> bool {
        self.0.get((code >> 6) & 511).is_some_and(|word| word >> (code & 63) & 1 != 0)
    }
}

/// The ends of the words of a list.
pub(super) struct Ends(Bits);

impl Ends {
    pub(super) fn of<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let mut bits = Bits([0; 512]);
        for word in words {
            match word.as_bytes() {
                [.., a, b, c] => bits.set(letter(*a) << 10 | letter(*b) << 5 | letter(*c)),
                [b, c] => bits.set(letter(*b) << 5 | letter(*c)),
                // What stands before the one letter is none, and before that anything.
                [c] => (0..32).for_each(|a| bits.set(a << 10 | letter(*c))),
                [] => {}
            }
        }
        Self(bits)
    }

    /// True if the text may end in a word of the list here. What is outside ASCII passes.
    #[inline(always)]
    pub(super) fn may_end(&self, text: &[u8], end: usize) -> bool {
        let code = |bytes: &[u8]| bytes.iter().fold(0, |code, byte| code << 5 | letter(*byte));
        match text.get(..end).and_then(|text| text.last_chunk()) {
            Some([a, b, c]) => {
                let code = letter(*a) << 10 | letter(*b) << 5 | letter(*c);
                ((a | b | c) & 0x80 != 0) | self.0.has(code)
            }
            None => {
                let few = text.get(..end).unwrap_or_default();
                !few.is_ascii() || self.0.has(code(few))
            }
        }
    }
}

/// The last four letters of the words of a list, or all of shorter ones.
pub(super) struct Tails(Bits);

impl Tails {
    pub(super) fn of<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let mut bits = Bits([0; 512]);
        for word in words {
            bits.set(Self::code(word.as_bytes(), 0, word.len()));
        }
        Self(bits)
    }

    /// True if the word that stands there may be one of the list.
    #[inline(always)]
    pub(super) fn may_be(&self, text: &[u8], start: usize, end: usize) -> bool {
        self.0.has(Self::code(text, start, end))
    }

    #[inline(always)]
    fn code(text: &[u8], start: usize, end: usize) -> usize {
        let four = text.get(..end).and_then(|text| text.last_chunk());
        let last = match four {
            Some(four) => {
                let free = 8 * 4usize.saturating_sub(end - start);
                u32::from_le_bytes(*four) >> (free & 31)
            }
            None => {
                let word = text.get(start..end).unwrap_or_default();
                word.iter().rev().fold(0, |all, byte| all << 8 | u32::from(*byte))
            }
        };
        let mixed = (last | 0x2020_2020).wrapping_mul(0x9E37_79B1) >> 17;
        usize::try_from(mixed).unwrap_or_default()
    }
}

/// The beginnings of the words of a list.
pub(super) struct Heads(Bits);

impl Heads {
    pub(super) fn of<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let mut bits = Bits([0; 512]);
        for word in words {
            let mut head = [0; 4];
            for (slot, byte) in head.iter_mut().zip(word.bytes()) {
                *slot = byte;
            }
            bits.set(Self::code(head));
        }
        Self(bits)
    }

    #[inline(always)]
    fn code([a, b, c, d]: [u8; 4]) -> usize {
        let all = letter(a) << 15 | letter(b) << 10 | letter(c) << 5 | letter(d);
        all.wrapping_mul(0x9E37_79B1) >> 17 & 0x7FFF
    }

    /// True if a word of the list may begin here. What is outside ASCII passes.
    #[inline(always)]
    pub(super) fn may_begin(&self, text: &[u8], at: usize) -> bool {
        let rest = text.get(at..).unwrap_or_default();
        let head = match rest.first_chunk() {
            Some(head) => *head,
            None => match *rest {
                [a, b, c] => [a, b, c, 0],
                [a, b] => [a, b, 0, 0],
                [a] => [a, 0, 0, 0],
                _ => [0; 4],
            },
        };
        (u32::from_le_bytes(head) & 0x8080_8080 != 0) | self.0.has(Self::code(head))
    }
}

#[cfg(test)]
mod tests {
    //! Every word of a list passes, in any case and place; most others do not.

    use super::*;

    const WORDS: [&str; 8] = ["mr", "a", "señora", "anna", "ann", "anna-lena", "o'neil", "x"];

    #[test]
    fn every_word_passes() {
        let (ends, heads, tails) = (Ends::of(WORDS), Heads::of(WORDS), Tails::of(WORDS));
        for word in WORDS {
            for before in ["", " ", ", ", "z ", "é ", "\n"] {
                for behind in ["", " ", ",", ". é"] {
                    for word in [word.to_owned(), word.to_uppercase()] {
                        let text = format!("{before}{word}{behind}");
                        let end = before.len() + word.len();
                        assert!(ends.may_end(text.as_bytes(), end), "{text}");
                        assert!(heads.may_begin(text.as_bytes(), before.len()), "{text}");
                        assert!(tails.may_be(text.as_bytes(), before.len(), end), "{text}");
                    }
                }
            }
        }
    }

    #[test]
    fn most_others_do_not() {
        let (ends, heads, tails) = (Ends::of(WORDS), Heads::of(WORDS), Tails::of(WORDS));
        for word in ["zulu", "berry", "quilt"] {
            assert!(!ends.may_end(word.as_bytes(), word.len()), "{word}");
            assert!(!heads.may_begin(word.as_bytes(), 0), "{word}");
            assert!(!tails.may_be(word.as_bytes(), 0, word.len()), "{word}");
        }
    }
}
