//! The words before a number. Knows which kinds of numbers they announce.

use super::{
    prefilter::{self, BLOCK, Block, Lane, pick, range},
    sieve::Tails,
    table::{Key, Table},
};
use std::{cell::Cell, sync::LazyLock};

/// How far before a number its announcement may begin.
pub(super) const REACH: usize = 40;

/// Which kinds of numbers the words before a place announce.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Announced {
    pub(super) phone: bool,
    pub(super) national: bool,
    pub(super) birth: bool,
    pub(super) security: bool,
    pub(super) version: bool,
    pub(super) address: bool,
}

impl Announced {
    /// True if anything is announced.
    pub(super) fn any(self) -> bool {
        self != Self::default()
    }

    fn of(kinds: u8) -> Self {
        let has = |kind: u8| kinds & kind != 0;
        Self {
            phone: has(IS_PHONE),
            national: has(IS_NATIONAL),
            birth: has(IS_BIRTH),
            security: has(IS_SECURITY),
            version: has(IS_VERSION),
            address: has(IS_ADDRESS),
        }
    }
}

const IS_PHONE: u8 = 1;
const IS_NATIONAL: u8 = 2;
const IS_BIRTH: u8 = 4;
const IS_SECURITY: u8 = 8;
const IS_VERSION: u8 = 16;
const IS_ADDRESS: u8 = 32;
/// The second word of a pair.
const ENDS_PAIR: u8 = 64;

/// The words with their kinds; the second words of pairs.
fn words() -> impl Iterator<Item = (&'static str, u8)> {
    let kinds = [
        (PHONE, IS_PHONE),
        (NATIONAL, IS_NATIONAL),
        (BIRTH, IS_BIRTH),
        (SECURITY, IS_SECURITY),
        (VERSION, IS_VERSION),
        (ADDRESS, IS_ADDRESS),
    ];
    kinds.into_iter().flat_map(|(words, kind)| words.iter().map(move |word| (*word, kind)))
}

fn seconds() -> impl Iterator<Item = &'static str> {
    let between = |c: char| c.is_ascii() && !c.is_ascii_alphabetic();
    words().filter_map(move |(word, _)| word.rsplit_once(between).map(|(_, last)| last))
}

static WORDS: LazyLock<Table<u8>> = LazyLock::new(|| {
    Table::new(words().chain(seconds().map(|word| (word, ENDS_PAIR))), 0, |a, b| a | b)
});

/// What these end in, and the second ones of pairs.
static TAILS: LazyLock<Tails> = LazyLock::new(|| {
    let parted = |word: &str| word.contains(|c: char| c.is_ascii() && !c.is_ascii_alphabetic());
    Tails::of(words().map(|(word, _)| word).filter(|word| !parted(word)).chain(seconds()))
});

/// The classes of the bytes before a place, the last of them highest; none before the value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Near {
    /// Letters of ASCII.
    pub(super) letters: u64,
    pub(super) digits: u64,
    /// Bytes outside ASCII.
    pub(super) high: u64,
}

impl Near {
    /// The classes before `at`, told from the bytes there.
    fn read(value: &[u8], at: usize) -> Self {
        let (block, length) = block_before(value, at);
        let letters = block.pick(|lane| range(lane | Lane::splat(0x20), b'a', 26));
        let digits = block.pick(|lane| range(lane, b'0', 10));
        let high = block.pick(|lane| lane);
        let near = |bits| prefilter::lifted(bits, length);
        Self { letters: near(letters), digits: near(digits), high: near(high) }
    }
}

/// A block that ends at a place, or begins with the value, and how much of it is before the place.
#[inline(always)]
fn block_before(value: &[u8], at: usize) -> (Block, usize) {
    let base = at.saturating_sub(BLOCK);
    let block = match value.get(base..).and_then(|rest| rest.first_chunk()) {
        Some(block) => Block::full(block),
        None => Block::tail(value, value.get(base..).unwrap_or_default()),
    };
    (block, at - base)
}

/// Bytes before a number in which a word for the code of a card may stand, in whole vectors.
const BEFORE_CODE: usize = REACH.next_multiple_of(16);
/// By how much the bits of the last of these are moved down from the top.
const CUT: u32 = 16;

/// Where letters stand that are in the words for the code of a card: of `cvv` and `cvc`, `pin`,
/// `code`. `is`: where a small letter stands.
#[inline(always)]
fn sketched(is: impl Fn(u8) -> u64) -> u64 {
    is(b'v') | is(b'p') & is(b'i') >> 1 | is(b'o') & is(b'd') >> 1
}

/// False if none of the words for the code of a card stands before `at`.
#[inline(never)]
fn may_secure(value: &[u8], at: usize) -> bool {
    let parts = match value.get(..at).and_then(|before| before.last_chunk::<BEFORE_CODE>()) {
        Some(before) => {
            let (chunks, _) = before.as_chunks();
            let mut lanes = [Lane::ZERO; BEFORE_CODE / 16];
            for (lane, chunk) in lanes.iter_mut().zip(chunks) {
                *lane = Lane::new(*chunk) | Lane::splat(0x20);
            }
            let is = |byte: u8| pick(&lanes, CUT, |lane| lane.simd_eq(Lane::splat(byte)));
            prefilter::lifted(sketched(is), BEFORE_CODE)
        }
        None => {
            let (block, length) = block_before(value, at);
            let small = |lane: Lane| lane | Lane::splat(0x20);
            let is = |byte: u8| block.pick(|lane| small(lane).simd_eq(Lane::splat(byte)));
            prefilter::lifted(sketched(is), length)
        }
    };
    parts & !(u64::MAX >> REACH) != 0
}

/// The words before a number, read when somebody asks for them.
pub(super) struct Words<'a> {
    value: &'a [u8],
    end: usize,
    /// What is known of the bytes before the number.
    near: Option<Near>,
    said: Cell<Option<Announced>>,
}

impl<'a> Words<'a> {
    pub(super) fn new(value: &'a [u8], end: usize) -> Self {
        Self { value, end, near: None, said: Cell::new(None) }
    }

    /// Takes in what is known of the bytes before the number.
    #[inline(always)]
    pub(super) fn tell(&mut self, near: Option<Near>) {
        self.near = near;
    }

    pub(super) fn value(&self) -> &'a [u8] {
        self.value
    }

    /// Where the number begins.
    pub(super) fn end(&self) -> usize {
        self.end
    }

    /// False if they do not announce the code of a card.
    pub(super) fn may_secure(&self) -> bool {
        may_secure(self.value, self.end)
    }

    /// What they announce. `near`: what is known of the bytes before the number.
    #[inline(always)]
    pub(super) fn announced(&self, near: Option<Near>) -> Announced {
        let near = || near.or(self.near);
        let said = self.said.get().unwrap_or_else(|| before(self.value, self.end, near()));
        self.said.set(Some(said));
        said
    }
}

/// What the words and pairs of words shortly before `at` announce. `near`: what is known of the
/// bytes there.
#[inline(never)]
fn before(value: &[u8], at: usize, near: Option<Near>) -> Announced {
    let Near { letters, digits, high } = near.unwrap_or_else(|| Near::read(value, at));
    let reach = at.min(REACH);
    let window = !(u64::MAX >> reach);
    let (letters, digits, high) = (letters & window, digits & window, high & window);
    let letters = letters | high;
    // Where in the value a place of the window is.
    let place = |bit: usize| at.wrapping_add(bit).wrapping_sub(BLOCK);
    let cut = if reach < at { BLOCK - reach } else { BLOCK };
    let last_digit = BLOCK - usize::try_from(digits.leading_zeros()).unwrap_or_default();
    let (table, tails) = (&*WORDS, &*TAILS);
    let known = |from: usize, to: usize| {
        let (from, to) = (place(from), place(to));
        let key = if high == 0 {
            Key::plain(value, from, to)
        } else {
            Key::within(value, from, to).map(Key::lowered)
        };
        key.map(|key| table.get(&key)).unwrap_or_default()
    };
    let starts = letters & !(letters << 1);
    // Of a word that reaches out of the window the rest alone is looked at.
    let known_ends = prefilter::places(starts).fold(0, |all, from| {
        let to = prefilter::run_end(letters, from);
        let may = tails.may_be(value, place(from), place(to)) | (from == cut);
        all | u64::from(may) << from
    });
    let mut announced = 0;
    for from in prefilter::places(known_ends) {
        let to = prefilter::run_end(letters, from);
        let mut kinds = known(from, to);
        let before = starts & prefilter::below(from);
        if kinds & ENDS_PAIR != 0 && before != 0 {
            kinds |= known(prefilter::highest(before), to);
        }
        // The first date behind its word is the one of birth; further ones are about other things.
        announced |= if to < last_digit { kinds & !IS_BIRTH } else { kinds };
    }
    let text = || value.get(at - reach..at).unwrap_or_default();
    if high != 0 && ends_in_phone(text()) {
        announced |= IS_PHONE;
    }
    Announced::of(announced)
}

/// True if the text ends in an announcement of a script without spaces, and little behind it.
fn ends_in_phone(window: &[u8]) -> bool {
    let known = |text: &[u8]| PHONE_ENDS.iter().any(|word| text.ends_with(word.as_bytes()));
    // A colon, a space, or a colon of full width and a particle stand between.
    (0..=6).filter_map(|cut| window.get(..window.len().checked_sub(cut)?)).any(known)
}

/// Announcements of telephone numbers.
const PHONE: &[&str] = &[
    "phone",
    "phones",
    "tel",
    "telephone",
    "mobile",
    "cell",
    "call",
    "called",
    "calling",
    "sms",
    "text me",
    "whatsapp",
    "fax",
    "reach me",
    "reach him",
    "reach her",
    "dial",
    "ring",
    "ph",
    "number is",
    "contact",
    "callback",
    "voicemail",
    "answerphone",
    "hotline",
    "anrufbeantworter",
    "répondeur",
    "contestador",
    "segreteria telefonica",
    "telefon",
    "rufen",
    "téléphone",
    "rappeler",
    "teléfono",
    "móvil",
    "rückruf",
    "telefonnummer",
    "handynummer",
    "telephone number",
    "handy",
    "mobil",
    "rufnummer",
    "anrufen",
    "portable",
    "appeler",
    "telefono",
    "movil",
    "llamar",
    "cellulare",
    "chiamare",
    "telefone",
    "celular",
    "ligar",
    "telefoon",
    "bellen",
    "telefonu",
    "komorka",
];

/// Announcements of national ids.
const NATIONAL: &[&str] = &[
    "ssn",
    "social security",
    "social",
    "sin",
    "itin",
    "tin",
    "tax id",
    "tax number",
    "taxid",
    "national id",
    "id number",
    "identity",
    "nino",
    "insurance number",
    "steuer-id",
    "steuerid",
    "steuernummer",
    "idnr",
    "nir",
    "insee",
    "dni",
    "nif",
    "cpf",
    "cnpj",
    "pesel",
    "bsn",
    "burgerservicenummer",
    "personnummer",
    "aadhaar",
    "my number",
    "rrn",
    "tfn",
    "medicare",
    "passport",
    "passport no",
    "passport number",
    "reisepass",
    "passeport",
    "pasaporte",
    "licence",
    "license",
];

/// Announcements of dates of birth.
const BIRTH: &[&str] = &[
    "born",
    "né le",
    "née le",
    "nací el",
    "nacido",
    "nacida",
    "född",
    "dob",
    "d.o.b",
    "birth",
    "birthday",
    "birthdate",
    "geboren",
    "geburtsdatum",
    "geburtstag",
    "naissance",
    "nacimiento",
    "nascita",
    "nato il",
    "nata il",
    "nascimento",
    "geboortedatum",
    "urodzenia",
];

/// What says that four numbers with dots are no address of a machine.
const VERSION: &[&str] = &["version", "release", "build", "firmware", "update", "driver", "v"];

/// What says that four short numbers with dots are an address of a machine.
const ADDRESS: &[&str] = &["ip", "ipv", "ips", "addr", "ipaddr", "remote", "peer"];

/// The ends of announcements of telephone numbers in scripts without spaces between words.
const PHONE_ENDS: &[&str] =
    &["电话", "手机", "手机号", "電話", "電話番号", "番号は", "전화", "연락처"];

/// Announcements of payment cards and their codes.
const SECURITY: &[&str] = &["cvv", "cvc", "security code", "card code", "pin", "pin code"];

#[cfg(test)]
mod tests {
    //! The quick look passes every word.

    use super::*;

    #[test]
    fn every_word_for_a_code_is_seen_wherever_it_stands() {
        for word in SECURITY {
            for before in 0..100 {
                for behind in 1..=REACH - word.len() {
                    let text = format!("{}{word}{}123", ".".repeat(before), " ".repeat(behind));
                    let (small, at) = (text.as_bytes(), text.len() - 3);
                    assert!(may_secure(small, at), "{text}");
                    assert!(may_secure(text.to_uppercase().as_bytes(), at), "{text}");
                }
            }
        }
        assert!(!may_secure(b"status 200, 17 rows, 300", 7));
    }
}
