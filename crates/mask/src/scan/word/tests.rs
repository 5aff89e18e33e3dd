//! A word is the same however it is told, and its letters are those of its characters.

use super::*;
use crate::scan::prefilter::{BLOCK, Block, Masks, Signs};
use proptest::prelude::*;

/// Text of pieces as short as words are made of.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "Anna",
        "MÜLLER",
        "é",
        "É",
        "×",
        "ß",
        "Łódź",
        "ş",
        "Ω",
        "山",
        "’",
        "'",
        "-",
        "_",
        "7",
        " ",
        ", ",
        ".",
        "@",
        "abcdefghijklmnopqrstuvwxyz",
    ]);
    proptest::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

/// What is known of the block of a value.
fn spelling(value: &[u8], base: usize) -> Spelling {
    let rest = &value[base..];
    let block = match rest.first_chunk() {
        Some(bytes) => Block::full(bytes),
        None => Block::tail(value, rest),
    };
    let planes = block.planes();
    let masks = Masks::of(&planes, block.glance());
    let signs = Signs::of(&planes, &masks);
    Spelling::of(base, base + BLOCK < value.len(), &masks, &signs)
}

fn told(word: Option<Word<'_>>) -> Option<(&[u8], usize, u8)> {
    word.map(|word| (word.text, word.start, word.seen))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_word_is_the_same_with_the_block_and_without(text in pieces(), cut in 0usize..3) {
        let value = text.as_bytes();
        let value = &value[..value.len().saturating_sub(cut)];
        for base in (0..value.len()).step_by(BLOCK) {
            let spelling = spelling(value, base);
            let (with, without) = (Text::new(value, Some(&spelling)), Text::new(value, None));
            for at in 0..=value.len() {
                prop_assert_eq!(told(Word::at(with, at)), told(Word::at(without, at)));
                prop_assert_eq!(told(Word::before(with, at)), told(Word::before(without, at)));
            }
        }
    }

    #[test]
    fn letters_are_those_of_characters(text in pieces(), cut in 0usize..3) {
        let bytes = &text.as_bytes()[..text.len().saturating_sub(cut)];
        let wordy = bytes.iter().take_while(|byte| is_wordy(byte)).count();
        let word = &bytes[..wordy];
        prop_assert_eq!(letters(word), any_letters(word).map(str::as_bytes));
    }

    #[test]
    fn small_letters_are_those_of_characters(text in pieces()) {
        for at in (0..text.len()).filter(|at| text.is_char_boundary(*at)) {
            let Some(word) = Word::at(Text::new(text.as_bytes(), None), at) else { continue };
            let whole = std::str::from_utf8(word.text).unwrap();
            let mut chars = whole.chars();
            let first = chars.next().is_some_and(char::is_uppercase);
            let capitalised = first && chars.any(char::is_lowercase);
            prop_assert_eq!(word.is_capitalised(), capitalised, "{}", whole);
            // No word that is known has a `_`.
            if !whole.contains('_') {
                prop_assert_eq!(word.small(), Key::of(whole.to_lowercase().as_bytes()));
            }
        }
    }
}
