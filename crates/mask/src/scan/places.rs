//! Postal addresses in running text: the number of a house beside a word for a street, and the
//! postcode and town behind. Knows scripts with capitals only.
//!
//! A number stands in most texts, and a word for a way means other things in all languages, so
//! nothing is an address by either alone: both have to stand as close and in the order in which
//! their language writes them, around words with capitals. Words that mean much else (`Point`,
//! `Platz`, `via`) need a postcode behind or a word of place before them.

use super::{
    Hit, Hits, Kind, Look,
    prefilter::{self, BLOCK, Signs},
    word::{Text, Word, is_wordy},
};
use crate::lexicon::{self, Fame};

mod house;
mod tail;
mod words;

use house::House;
use tail::{Flat, Tail};
use words::Sort;

/// Words of the line of a street.
const MAX_WORDS: usize = 6;

/// The search for addresses.
#[derive(Default)]
pub(super) struct Places {
    /// Where the last address ended.
    done: usize,
}

impl Places {
    /// Finds the addresses whose house number begins in a block.
    #[inline(always)]
    pub(super) fn block(&mut self, look: Look<'_>, signs: &Signs, text: Text<'_>, hits: &mut Hits) {
        let value = look.value;
        let houses = Houses::of(look, signs);
        for place in prefilter::places(houses.places) {
            let at = look.base + place;
            let has = |places: u64| places >> place & 1 != 0;
            let sides = Sides {
                behind: has(houses.led) || has(houses.behind) && words::may_end(value, at - 1),
                ahead: has(houses.ahead),
            };
            if at >= self.done
                && (sides.behind || sides.ahead || tail::may_be_military(value, at))
                && let Some(house) = House::read(value, at)
                && let Some((start, end)) = address(text, house, sides)
            {
                hits.push(Hit { start, end, kind: Kind::PostalAddress });
                self.done = end;
            }
        }
    }
}

/// On which sides of a number its street may stand.
#[derive(Clone, Copy, Debug)]
struct Sides {
    behind: bool,
    ahead: bool,
}

/// The address that a number belongs to.
#[inline(never)]
fn address(value: Text<'_>, house: House, sides: Sides) -> Option<(usize, usize)> {
    let behind = if sides.behind { behind(value, house) } else { None };
    let ahead = || if sides.ahead { ahead(value, house) } else { None };
    behind.or_else(ahead).or_else(|| tail::military(value, house))
}

/// The first digits of a block that may be the numbers of houses: behind what may stand in front
/// of one, and with a word with a capital or one for a street beside.
#[derive(Clone, Copy, Debug, Default)]
struct Houses {
    places: u64,
    /// Of these, those behind a word with a capital; and of these, those before whose word another
    /// stands.
    behind: u64,
    led: u64,
    /// Those in front of what may be the name of a street, or of another number.
    ahead: u64,
}

impl Houses {
    #[inline(always)]
    fn of(look: Look<'_>, signs: &Signs) -> Self {
        let masks = look.masks;
        let digits = masks.digits;
        // More digits than a house has.
        let mut many = digits & digits >> 1;
        many &= many >> 2 & digits >> 4 & digits >> 5;
        let starts = digits & !look.behind(|masks| masks.digits | masks.letters) & !many;
        let spaced = starts & !look.behind(|masks| masks.solid);
        // Other signs in front are rare.
        let odd = starts & !spaced & !((signs.dash | signs.points | signs.colon) << 1);
        let starts = spaced | odd & fronts(look, signs, odd);
        if starts == 0 {
            return Self::default();
        }
        let (behind, led) = behind_capitals(look, signs, starts);
        let ahead = starts & ahead_of_words(look, signs, starts, behind);
        Self { places: behind | led | ahead, behind, led, ahead }
    }
}

/// Of the places where numbers begin those with a word behind that may be the name of a street.
/// `flats`: those whose number may be that of a flat, with the one of the house behind.
#[inline(always)]
fn ahead_of_words(look: Look<'_>, signs: &Signs, starts: u64, flats: u64) -> u64 {
    let masks = look.masks;
    let digits = masks.digits;
    // Behind the digits a gap and a word or what belongs to them.
    let gap = !masks.solid;
    let comma = signs.comma & gap >> 1;
    let word = masks.letters | masks.high;
    let next = (gap & word >> 1 | comma & word >> 2 | signs.dash | signs.points | masks.letters)
        | look.edge(3);
    let ends = digits.wrapping_add(starts) & !digits;
    let mut ahead = 0;
    let joints = signs.dash | signs.points | signs.colon | signs.comma;
    // `2024-03-12` goes on behind its second part.
    let goes_on = |end: usize| {
        let second = prefilter::run_end(digits, end + 1);
        second + 1 < BLOCK && (joints & digits >> 1) >> second & 1 != 0
    };
    let begin = |end: usize| {
        let run = digits & prefilter::below(end);
        let ones = (run << (63 - end) << 1).leading_ones();
        end - usize::try_from(ones).unwrap_or_default()
    };
    for end in prefilter::places(ends & next) {
        if end + 1 < BLOCK && signs.dash >> end & 1 != 0 && goes_on(end) {
            continue;
        }
        if may_go_on(look.value, look.base + end) {
            ahead |= 1 << begin(end);
        }
    }
    if flats != 0 {
        let numbers = gap & digits >> 1 | comma & digits >> 2 | look.edge(3);
        let ends = digits.wrapping_add(flats) & !digits & numbers;
        ahead |= prefilter::places(ends).fold(0, |all, end| all | 1 << begin(end));
    }
    // A run of digits that goes on in the next block.
    let open = match digits.leading_ones() {
        length @ 1.. if look.more => 1 << (64 - length),
        _ => 0,
    };
    ahead | open
}

/// Of the places those behind what may stand in front of a house, beside spaces.
fn fronts(look: Look<'_>, signs: &Signs, places: u64) -> u64 {
    if places == 0 {
        return 0;
    }
    let others = signs.quote | signs.apostrophe | signs.fronts;
    (others | signs.comma | signs.brackets) << 1 | look.unknown(1)
}

/// Of the places where numbers begin those right behind a word with a capital and a space or a
/// comma and one, and of these those before whose word another stands.
#[inline(always)]
fn behind_capitals(look: Look<'_>, signs: &Signs, numbers: u64) -> (u64, u64) {
    let masks = look.masks;
    let words =
        masks.letters | masks.digits | masks.high | signs.dash | signs.apostrophe | signs.under;
    let starts = words & !(words << 1);
    // What began in the block before may have begun with a capital.
    let cut = look.base.checked_sub(1).and_then(|last| look.value.get(last)).is_some_and(is_wordy);
    let big = starts & (masks.capitals | masks.high | u64::from(cut));
    // The sum carries from the beginning of a word to what stands behind it.
    let behind = |begin: u64| {
        let ends = words.wrapping_add(begin) & !words;
        numbers & (ends << 1 | ends << 2 | look.unknown(3))
    };
    match behind(big) {
        0 => (0, 0),
        some => {
            let before = masks.spaces << 1 & (words | signs.points) << 2;
            (some, behind(big & (before | look.unknown(2))))
        }
    }
}

/// True if a word with a capital may stand behind the digits of a house, or one for a street.
#[inline(always)]
fn may_go_on(value: &[u8], end: usize) -> bool {
    let at = match value.get(end..) {
        Some([b',', b' ' | b'\n', ..]) => end + 2,
        Some([b' ' | b'\n', ..]) => end + 1,
        // `12a`, `12-14`, and what goes on in the next block.
        Some([byte, ..]) => return matches!(byte, b'-' | b'/') || byte.is_ascii_alphanumeric(),
        _ => return false,
    };
    match value.get(at) {
        Some(b'A'..=b'Z' | 0x80..) => true,
        Some(b'a'..=b'z') => words::may_precede(value, at),
        _ => false,
    }
}

/// The sort of a word, and how sure a street's word makes.
fn sort(word: &Word<'_>) -> Sort {
    if !words::may_be_known(word.value, word.end) {
        return Sort::default();
    }
    word.small().map(|small| words::sort(&small)).unwrap_or_default()
}

/// A number behind its street: `Hauptstraße 7`, `ul. Długa 5`, `Calle de la Luna, 12`.
fn behind(value: Text<'_>, house: House) -> Option<(usize, usize)> {
    let gap = house.start.checked_sub(1).filter(|at| value.get(*at) == Some(&b' '))?;
    let comma = gap.checked_sub(1).filter(|at| value.get(*at) == Some(&b','));
    let last = Word::before(value, comma.unwrap_or(gap)).filter(begins)?;
    if !last.is_capitalised() {
        return None;
    }
    let compound = if comma.is_none() { compound(value, last) } else { None };
    let (start, sure) = compound.or_else(|| opened(value, last))?;
    let line = tail::unit(value, house.end).unwrap_or(house.end);
    let tail = Tail::read(value, line);
    let announced = || comma.is_some() && starts_big(value, start) || stands_at_place(value, start);
    (sure || tail.is_some() || announced()).then(|| (start, tail.map_or(line, |tail| tail.end)))
}

/// True if the word is not cut.
fn begins(word: &Word<'_>) -> bool {
    word.text.len() < super::table::MAX_WORD
}

fn starts_big(value: Text<'_>, at: usize) -> bool {
    Word::at(value, at).is_some_and(|word| word.is_capitalised())
}

/// A word that ends in one for a street (`Kerkstraat`), or is one behind another (`Lange Straße`):
/// where it starts, and whether nothing else ends so.
fn compound<'v>(value: Text<'v>, last: Word<'v>) -> Option<(usize, bool)> {
    if !words::may_end(&value, last.end) {
        return None;
    }
    let ending = words::ending(&last.small()?)?;
    if !ending.whole {
        return Some((last.start, ending.sure));
    }
    let space = last.start.checked_sub(1).filter(|at| value.get(*at) == Some(&b' '))?;
    let first = Word::before(value, space).filter(begins).filter(Word::is_capitalised)?;
    Some((first.start, ending.sure && sort(&first) == Sort::default()))
}

/// Words before a number, the first of which is one for a street: `Calle de la Luna`.
fn opened<'v>(value: Text<'v>, last: Word<'v>) -> Option<(usize, bool)> {
    let mut word = last;
    for _ in 0..MAX_WORDS {
        let before = word.start.checked_sub(1).filter(|at| value.get(*at) == Some(&b' '))?;
        let dot = before.checked_sub(1).filter(|at| value.get(*at) == Some(&b'.'));
        word = Word::before(value, dot.unwrap_or(before)).filter(begins)?;
        let sort = sort(&word);
        if sort.opens || sort.may_open {
            return Some((word.start, sort.opens));
        }
        if dot.is_some() || !(word.is_capitalised() || sort.particle) {
            return None;
        }
    }
    None
}

/// True if a word stands before that says that a place follows: `at`, `wohnt in der`.
fn stands_at_place(value: Text<'_>, start: usize) -> bool {
    let space = start.checked_sub(1).filter(|at| value.get(*at) == Some(&b' '));
    let word = space.and_then(|at| Word::before(value, at));
    word.is_some_and(|word| sort(&word).at_place)
}

/// A number before its street: `12 Main Street`, `8, rue de la Paix`, `Flat 3, Foster Inlet`.
fn ahead(value: Text<'_>, house: House) -> Option<(usize, usize)> {
    let mut flat = tail::flat(value, house.start);
    let start = flat.map_or(house.start, |flat| flat.start);
    let (mut at, mut comma) = tail::gap(&value, house.end)?;
    let mut number = house;
    if flat.is_some()
        && let Some(second) = House::read(&value, at)
    {
        number = second;
        flat = flat.map(|flat| Flat { sure: true, ..flat });
        (at, comma) = tail::gap(&value, second.end)?;
    }
    let first = Word::at(value, at)?;
    let known = sort(&first);
    if known.precedes || known.may_precede {
        let end = named(value, first)?;
        let tail = Tail::read(value, end);
        let sure = known.precedes || comma;
        return (sure || tail.is_some()).then(|| (start, tail.map_or(end, |tail| tail.end)));
    }
    if !first.is_capitalised() {
        return None;
    }
    let line = Line::read(value, first);
    let sure = flat.is_some_and(|flat| flat.sure);
    // `in 1999, Wall Street …` and `© 2021 Iain Lane` have years.
    let year = comma || number.is_year() && !stands_at_place(value, start);
    let loose = year && flat.is_none() && !number.is_short();
    line.end(value, start, sure, loose).map(|end| (start, end))
}

/// Where the name of a street ends whose word stands before it: `rue de la Paix`.
fn named<'v>(value: Text<'v>, first: Word<'v>) -> Option<usize> {
    let (mut end, mut last) = (None, first);
    for _ in 0..MAX_WORDS {
        if value.get(last.end) != Some(&b' ') {
            break;
        }
        let Some(word) = Word::at(value, last.end + 1) else { break };
        // `d'Alsace`, `l'Église`
        let elided = matches!(word.text, [b'd' | b'l', b'\'', _, ..]);
        if word.is_capitalised() || elided {
            end = Some(word.end);
        } else if !sort(&word).particle {
            break;
        }
        last = word;
    }
    end
}

/// Capitalised words behind the number of a house.
struct Line<'v> {
    first: Word<'v>,
    /// How many words there are, and where the last ends.
    count: usize,
    end: usize,
    /// Where the last word ends that nothing but ways are called, if another stands before it.
    street: Option<usize>,
    /// The last word is one that ways are called too.
    is_way: bool,
}

impl<'v> Line<'v> {
    fn read(value: Text<'v>, first: Word<'v>) -> Self {
        let mut line = Self { first, count: 1, end: first.end, street: None, is_way: false };
        let mut last = first;
        while line.count < MAX_WORDS && value.get(last.end) == Some(&b' ') {
            let Some(word) = Word::at(value, last.end + 1) else { break };
            let sort = sort(&word);
            if !(word.is_capitalised() || word.is_initial()) || sort.unit {
                break;
            }
            if sort.follows {
                line.street = Some(word.end);
            }
            line.is_way = sort.follows || sort.may_follow;
            (line.count, line.end, last) = (line.count + 1, word.end, word);
        }
        line
    }

    /// Where the address ends, if it is one. `sure`: a flat stands before. `loose`: what stands
    /// before the line may be a year.
    fn end(&self, value: Text<'_>, start: usize, sure: bool, loose: bool) -> Option<usize> {
        let short = |end: usize| {
            let dot = usize::from(value.get(end) == Some(&b'.') && !is_last(&value, end));
            let unit = tail::unit(value, end + dot);
            let line = unit.unwrap_or(end);
            (line, unit.is_some(), Tail::read(value, unit.unwrap_or(end + dot)))
        };
        if let Some(street) = self.street {
            let (line, _, tail) = short(street);
            match tail {
                Some(tail) => return Some(tail.end),
                None if street == self.end && !loose => return Some(line),
                None => {}
            }
        }
        let (line, unit, tail) = short(self.end);
        if let Some(tail) = tail {
            let called = self.is_way || sure;
            return (tail.sure && self.count >= 2 || called).then_some(tail.end);
        }
        let named = || {
            let word = std::str::from_utf8(self.first.text).unwrap_or_default();
            self.count == 2
                && (Fame::of(word).is_name() || lexicon::ends_like_family(word))
                && stands_at_place(value, start)
        };
        let way = self.is_way && self.count >= 2 && !loose;
        (way && (unit || sure || named())).then_some(line)
    }
}

/// True if a full stop ends the text or a sentence rather than a short word.
fn is_last(value: &[u8], dot: usize) -> bool {
    value.get(dot + 1).is_none_or(|byte| *byte != b' ' && *byte != b',')
}
