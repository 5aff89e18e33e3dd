//! The words before a number. Knows which kinds of numbers they announce.

use super::{
    prefilter::{self, BLOCK},
    table::{Key, MAX_WORD, Table},
};
use std::sync::LazyLock;

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
}

impl Announced {
    fn of(kinds: u8) -> Self {
        let has = |kind: u8| kinds & kind != 0;
        Self {
            phone: has(IS_PHONE),
            national: has(IS_NATIONAL),
            birth: has(IS_BIRTH),
            security: has(IS_SECURITY),
            version: has(IS_VERSION),
        }
    }
}

const IS_PHONE: u8 = 1;
const IS_NATIONAL: u8 = 2;
const IS_BIRTH: u8 = 4;
const IS_SECURITY: u8 = 8;
const IS_VERSION: u8 = 16;
/// The second word of a pair.
const ENDS_PAIR: u8 = 32;

static WORDS: LazyLock<Table<u8>> = LazyLock::new(|| {
    let kinds = [
        (PHONE, IS_PHONE),
        (NATIONAL, IS_NATIONAL),
        (BIRTH, IS_BIRTH),
        (SECURITY, IS_SECURITY),
        (VERSION, IS_VERSION),
    ];
    let all = || kinds.iter().flat_map(|(words, kind)| words.iter().map(|word| (*word, *kind)));
    let between = |c: char| c.is_ascii() && !c.is_ascii_alphabetic();
    let second = |(word, _): (&'static str, u8)| word.rsplit_once(between).map(|(_, last)| last);
    let seconds = all().filter_map(second).map(|word| (word, ENDS_PAIR));
    Table::new(all().chain(seconds), |a, b| a | b)
});

/// What the words and pairs of words shortly before `at` announce.
pub(super) fn before(value: &[u8], at: usize) -> Announced {
    let text = value.get(at.saturating_sub(REACH)..at).unwrap_or_default();
    // Room behind the text, so that every word can be read with all that a key has room for.
    let mut window = [0u8; REACH + MAX_WORD];
    match (text.first_chunk::<REACH>(), window.first_chunk_mut::<REACH>()) {
        (Some(all), Some(room)) => *room = *all,
        _ => {
            for (slot, byte) in window.iter_mut().zip(text) {
                *slot = *byte;
            }
        }
    }
    window.make_ascii_lowercase();
    let Some(block) = window.first_chunk::<BLOCK>() else { return Announced::default() };
    let letters = prefilter::bits(block, |byte| byte.wrapping_sub(b'a') < 26 || byte >= 0x80);
    let digits = prefilter::bits(block, |byte| byte.wrapping_sub(b'0') < 10);
    let last_digit = BLOCK - usize::try_from(digits.leading_zeros()).unwrap_or_default();
    let table = &*WORDS;
    let known = |from: usize, to: usize| {
        let kinds = Key::within(&window, from, to).and_then(|key| table.get(&key));
        kinds.unwrap_or_default()
    };
    let (mut announced, mut previous) = (0, None);
    for from in prefilter::places(letters & !(letters << 1)) {
        let length = (!(letters >> from)).trailing_zeros();
        let to = from + usize::try_from(length).unwrap_or_default();
        let mut kinds = known(from, to);
        if let Some(previous) = previous.filter(|_| kinds & ENDS_PAIR != 0) {
            kinds |= known(previous, to);
        }
        previous = Some(from);
        // The first date behind its word is the one of birth; further ones are about other things.
        announced |= if to < last_digit { kinds & !IS_BIRTH } else { kinds };
    }
    let window = window.get(..text.len()).unwrap_or_default();
    if !window.is_ascii() && ends_in_phone(window) {
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

/// The ends of announcements of telephone numbers in scripts without spaces between words.
const PHONE_ENDS: &[&str] =
    &["电话", "手机", "手机号", "電話", "電話番号", "番号は", "전화", "연락처"];

/// Announcements of payment cards and their codes.
const SECURITY: &[&str] = &["cvv", "cvc", "security code", "card code", "pin", "pin code"];
