//! What is known of a capitalised word, in any language and script: whether persons, places or
//! things are called so. For columns, where many words together decide; running text has a stricter
//! list of its own.

use super::{callings, elsewhere, families, given};
use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

/// A given name.
const GIVEN: u8 = 1;
/// A family name.
const FAMILY: u8 = 2;
/// A country, a language, a town.
const PLACE: u8 = 4;
/// Something else.
const THING: u8 = 8;

static WORDS: LazyLock<HashMap<Cow<'static, str>, u8>> = LazyLock::new(|| {
    let lists = [
        (given::GIVEN, GIVEN),
        (callings::CALLINGS, GIVEN),
        (families::FAMILIES, FAMILY),
        (elsewhere::PLACES, PLACE),
        (elsewhere::THINGS, THING),
        (elsewhere::BRANDS, THING),
    ];
    let mut words = HashMap::new();
    for (list, what) in lists {
        for word in list.split_ascii_whitespace() {
            let word = if word.is_ascii() { Cow::Borrowed(word) } else { Cow::Owned(fold(word)) };
            *words.entry(word).or_default() |= what;
        }
    }
    words
});

static WAYS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| elsewhere::WAYS.split_ascii_whitespace().collect());

static MARKS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| elsewhere::MARKS.split_ascii_whitespace().collect());

/// Ends of family names in languages that have such.
const FAMILY_ENDS: &[&str] = &[
    "ov", "ova", "ev", "eva", "ski", "ska", "sky", "cki", "cka", "zki", "wicz", "vich", "czyk",
    "czak", "szak", "niak", "iak", "enko", "chuk", "escu", "eanu", "oglu", "dze", "yan", "opoulos",
    "akis", "idis", "sson", "ssen", "sen", "son", "mann", "maier", "meier", "meyer", "mayer",
    "bauer", "huber", "mueller", "muller", "schmidt", "strom", "qvist", "quist", "gren", "lund",
    "nen", "ez", "ini", "etti", "elli", "ucci", "acci", "oni", "aldi", "stra", "sma", "inga",
    "kar", "walla", "swamy", "nathan", "ko", "ak", "ek", "czuk", "ow", "erts", "huis", "kamp",
    "ling", "inger", "berger", "usz", "asz", "ni", "ti", "si", "ri", "zi", "di", "li", "chi",
    "ghi", "ci", "icz", "ycz", "uk", "yk", "ik", "eder", "hofer", "acher", "aert", "ier", "eau",
    "ard", "ault", "oux",
];

/// Letters of a word below which its end says nothing.
const LEAST: usize = 5;

/// What a word is known for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fame(u8);

impl Fame {
    /// Of a word in any case and with any accents.
    pub(crate) fn of(word: &str) -> Self {
        Self(WORDS.get(fold(word).as_str()).copied().unwrap_or(0))
    }

    pub(crate) fn is_given(self) -> bool {
        self.0 & GIVEN != 0
    }

    pub(crate) fn is_family(self) -> bool {
        self.0 & FAMILY != 0
    }

    /// Persons are called so.
    pub(crate) fn is_name(self) -> bool {
        self.0 & (GIVEN | FAMILY) != 0
    }

    /// Places or things are called so.
    pub(crate) fn is_otherwise(self) -> bool {
        self.0 & (PLACE | THING) != 0
    }
}

/// True if the word ends as family names do.
pub(crate) fn ends_like_family(word: &str) -> bool {
    let word = fold(word);
    let cyrillic = ["ов", "ев", "ин", "ова", "ева", "ина", "ский", "ская", "енко", "чук", "юк"];
    word.chars().count() >= LEAST
        && FAMILY_ENDS.iter().chain(&cyrillic).any(|end| word.ends_with(end))
}

/// True if a town or a district is called so: by a word before (`Bad`, `North`) or by its end.
pub(crate) fn is_town(value: &str) -> bool {
    let folded = fold(value);
    let words: Vec<&str> = folded.split([' ', '-', '.']).filter(|word| !word.is_empty()).collect();
    let marked = words.len() > 1 && words.iter().any(|word| MARKS.contains(word));
    marked
        || words.last().is_some_and(|last| {
            last.len() > 6
                && !Fame::of(last).is_name()
                && elsewhere::TOWN_ENDS.iter().any(|end| last.ends_with(end))
        })
}

/// True for a word that stands last in the line of a street.
pub(crate) fn is_way(word: &str) -> bool {
    WAYS.contains(word.to_lowercase().as_str())
}

/// True if one of the words of a column's name says that no person stands in it.
pub(crate) fn is_named_otherwise(word: &[u8]) -> bool {
    holds(elsewhere::NAMED_OTHERWISE, word)
        || word.strip_suffix(b"s").is_some_and(|one| holds(elsewhere::NAMED_OTHERWISE, one))
}

/// True if a word of a column's name says nothing.
pub(crate) fn says_nothing(word: &[u8]) -> bool {
    word.iter().all(u8::is_ascii_digit) || holds(elsewhere::SAY_NOTHING, word)
}

/// True for a word of a column's name that is short and says something.
pub(crate) fn is_short_word(word: &[u8]) -> bool {
    holds(elsewhere::SHORT, word)
}

fn holds(list: &str, word: &[u8]) -> bool {
    list.split_ascii_whitespace().any(|known| known.as_bytes() == word)
}

/// Small letters without accents, hyphens kept, apostrophes left out.
pub(crate) fn fold(word: &str) -> String {
    let mut folded = String::with_capacity(word.len());
    for c in word.chars().flat_map(char::to_lowercase) {
        match c {
            'a'..='z' | '0'..='9' => folded.push(c),
            'à'..='å' | 'ā' | 'ă' | 'ą' => folded.push('a'),
            'æ' => folded.push_str("ae"),
            'ç' | 'ć' | 'č' | 'ĉ' | 'ċ' => folded.push('c'),
            'ď' | 'đ' | 'ð' => folded.push('d'),
            'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => folded.push('e'),
            'ĝ' | 'ğ' | 'ġ' | 'ģ' => folded.push('g'),
            'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => folded.push('i'),
            'ķ' => folded.push('k'),
            'ĺ' | 'ļ' | 'ľ' | 'ł' => folded.push('l'),
            'ñ' | 'ń' | 'ņ' | 'ň' => folded.push('n'),
            'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' => folded.push('o'),
            'œ' => folded.push_str("oe"),
            'ŕ' | 'ř' => folded.push('r'),
            'ś' | 'ş' | 'š' | 'ș' => folded.push('s'),
            'ß' => folded.push_str("ss"),
            'ţ' | 'ť' | 'ț' => folded.push('t'),
            'þ' => folded.push_str("th"),
            'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => folded.push('u'),
            'ý' | 'ÿ' => folded.push('y'),
            'ź' | 'ż' | 'ž' => folded.push('z'),
            '\'' | '’' | '\u{307}' => {}
            other => folded.push(other),
        }
    }
    folded
}
