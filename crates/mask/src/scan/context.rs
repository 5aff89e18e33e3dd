//! The words before a number. Knows which kinds of numbers they announce.

/// How far before a number its announcement may begin.
const REACH: usize = 40;

/// True if one of these words (lower case) stands shortly before `at`, as a word of its own.
pub(super) fn announces(value: &[u8], at: usize, words: &[&str]) -> bool {
    let mut window = [0u8; REACH];
    let from = at.saturating_sub(REACH);
    let before = value.get(from..at).unwrap_or_default();
    for (slot, byte) in window.iter_mut().zip(before) {
        *slot = byte.to_ascii_lowercase();
    }
    let window = window.get(..before.len()).unwrap_or_default();
    words.iter().any(|word| {
        memchr::memmem::find_iter(window, word.as_bytes()).any(|found| {
            let starts = found.checked_sub(1).and_then(|before| window.get(before));
            let ends = window.get(found + word.len());
            let inside = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphabetic);
            !inside(starts) && !inside(ends)
        })
    })
}

/// Announcements of telephone numbers.
pub(super) const PHONE: &[&str] = &[
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
pub(super) const NATIONAL: &[&str] = &[
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
    "driver's license",
];

/// Announcements of dates of birth.
pub(super) const BIRTH: &[&str] = &[
    "born",
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

/// Announcements of payment cards and their codes.
pub(super) const SECURITY: &[&str] =
    &["cvv", "cvc", "cvv2", "cvc2", "security code", "card code", "pin", "pin code"];
