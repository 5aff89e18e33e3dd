//! The words before a number. Knows which kinds of numbers they announce.

use std::{collections::HashMap, sync::LazyLock};

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
    fn add(&mut self, other: Self) {
        self.phone |= other.phone;
        self.national |= other.national;
        self.birth |= other.birth;
        self.security |= other.security;
        self.version |= other.version;
    }
}

static WORDS: LazyLock<HashMap<&'static [u8], Announced>> = LazyLock::new(|| {
    let mut map: HashMap<&'static [u8], Announced> = HashMap::new();
    let none = Announced::default();
    let kinds = [
        (PHONE, Announced { phone: true, ..none }),
        (NATIONAL, Announced { national: true, ..none }),
        (BIRTH, Announced { birth: true, ..none }),
        (SECURITY, Announced { security: true, ..none }),
        (VERSION, Announced { version: true, ..none }),
    ];
    for (words, kind) in kinds {
        for word in words {
            map.entry(word.as_bytes()).or_default().add(kind);
        }
    }
    map
});

/// What the words and pairs of words shortly before `at` announce.
pub(super) fn before(value: &[u8], at: usize) -> Announced {
    let mut window = [0u8; REACH];
    let text = value.get(at.saturating_sub(REACH)..at).unwrap_or_default();
    for (slot, byte) in window.iter_mut().zip(text) {
        *slot = byte.to_ascii_lowercase();
    }
    let window = window.get(..text.len()).unwrap_or_default();
    let mut announced = Announced { phone: ends_in_phone(window), ..Announced::default() };
    let mut previous = None;
    let mut from = 0;
    for to in 0..=window.len() {
        if window.get(to).is_some_and(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80) {
            continue;
        }
        if to > from {
            let known = |from: usize| window.get(from..to).and_then(|text| WORDS.get(text));
            announced.add(known(from).copied().unwrap_or_default());
            announced.add(previous.and_then(known).copied().unwrap_or_default());
            previous = Some(from);
        }
        // The first date behind its word is the one of birth; further ones are about other things.
        announced.birth &= !window.get(to).is_some_and(u8::is_ascii_digit);
        from = to + 1;
    }
    announced
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
