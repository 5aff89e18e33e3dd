//! Forms of single values that tell something where a whole column has them, though not in running
//! text. Knows no columns.

use crate::{checksum, lexicon, time};
use model::Label;
use unicode_segmentation::UnicodeSegmentation;

/// Forms that are telling when a whole column has them, though not in running text.
pub(super) fn by_form(value: &str) -> Option<Label> {
    if value.parse::<std::net::IpAddr>().is_ok() && value.contains(['.', ':']) {
        return Some(Label::NETWORK_ADDRESS);
    }
    let hex = value.len() == 17
        && value.split([':', '-']).count() == 6
        && value
            .split([':', '-'])
            .all(|p| p.len() == 2 && p.bytes().all(|b| b.is_ascii_hexdigit()));
    if hex {
        return Some(Label::NETWORK_ADDRESS);
    }
    let digits: Vec<u8> = value.bytes().filter(u8::is_ascii_digit).map(|b| b - b'0').collect();
    if digits.len() == value.len() {
        return bare_digits(&digits);
    }
    let separated = value.bytes().all(|b| b.is_ascii_digit() || b" -()/.+".contains(&b));
    let phone = separated
        && (9..=15).contains(&digits.len())
        && (value.starts_with(['+', '0', '(']))
        && time::parse_date(value.get(..10).unwrap_or_default()).is_none();
    phone.then_some(Label::PHONE)
}

/// Digits alone need a checksum that most numbers fail.
fn bare_digits(digits: &[u8]) -> Option<Label> {
    let national = checksum::cpf(digits)
        || checksum::cnpj(digits)
        || checksum::nir(digits)
        || checksum::steuer_id(digits)
        || checksum::pesel(digits)
        || checksum::bsn(digits)
        || checksum::aadhaar(digits);
    national.then_some(Label::NATIONAL_ID)
}

/// `12 Main Street`, `Hauptstraße 7`, `4, rue de la Paix`, with a word that only addresses have.
pub(super) fn is_street(value: &str) -> bool {
    is_housed(value) && value.split([' ', ',', '/']).any(lexicon::is_street_word)
}

/// Shaped like a line of an address: words and a number of a house, before or behind them.
pub(super) fn is_housed(value: &str) -> bool {
    let number = |word: &str| {
        let digits = word.bytes().take_while(u8::is_ascii_digit).count();
        (1..=5).contains(&digits) && word.len() <= digits + 6 && !word.contains([':', '.'])
    };
    let letters = value.chars().filter(|c| c.is_alphabetic()).count();
    let words = value.split([' ', ',']).filter(|word| !word.is_empty());
    letters >= 4
        && letters * 2 >= value.chars().filter(|c| !c.is_whitespace()).count()
        && value.len() < 200
        && words.clone().count() >= 2
        && words.clone().any(number)
        && value.chars().any(char::is_uppercase)
}

/// Shaped like a telephone number: 7 to 15 digits and what people put between them, perhaps an
/// extension. Digits alone are shaped so too.
pub(super) fn is_phone_shaped(value: &str) -> bool {
    let main = value.split(['x', '#']).next().unwrap_or_default().trim_end_matches(['e', ' ']);
    let digits = main.bytes().filter(u8::is_ascii_digit).count();
    (7..=15).contains(&digits)
        && main.bytes().all(|b| b.is_ascii_digit() || b" -()/.+".contains(&b))
        && main.bytes().filter(|b| *b == b'.').count() != 1
        && time::parse_date(value.get(..10).unwrap_or_default()).is_none()
}

/// Words that companies end their names with.
const COMPANIES: &str = " inc ltd llc plc corp gmbh ag kg kgaa ohg ug gbr sarl sas sa srl spa snc sas \
    bv nv ab oy as aps co group sons partners ltda eireli cia hermanos asociados associati zoo sp \
    stiftung e.v. holding ";

/// True for the name of a company, by how it ends or what stands between its words.
pub(super) fn is_company(value: &str) -> bool {
    let last = value.split_whitespace().last().unwrap_or_default().to_lowercase();
    let last = last.replace('.', "");
    value.contains('&') || COMPANIES.contains(&format!(" {last} "))
}

/// Running text: five words or more, and nearly half of them in small letters.
pub(super) fn is_prose(value: &str) -> bool {
    let (mut words, mut small) = (0_usize, 0_usize);
    for word in value.unicode_words().filter(|word| word.chars().all(char::is_alphabetic)) {
        words += 1;
        small += usize::from(!word.chars().next().is_some_and(char::is_uppercase));
    }
    words >= 5 && small * 5 > words * 2
}

/// Two to five words of letters, capitalised where the script has capitals.
pub(super) fn is_name_shaped(value: &str) -> bool {
    let words: Vec<&str> = value.split_whitespace().collect();
    let lettered = |word: &&str| {
        word.chars().all(|c| c.is_alphabetic() || ".'’-".contains(c))
            && word.chars().next().is_some_and(|first| !first.is_lowercase())
    };
    let particles = words.iter().filter(|word| !lettered(word)).count();
    (2..=5).contains(&words.len())
        && particles + 2 <= words.len()
        && value.chars().all(|c| c.is_alphabetic() || " .'’-".contains(c))
}

/// True if one of the words is a capitalised given name that many bear.
pub(super) fn has_given_name(value: &str) -> bool {
    value
        .unicode_words()
        .filter(|word| word.chars().next().is_some_and(char::is_uppercase))
        .any(lexicon::is_given_name)
}
