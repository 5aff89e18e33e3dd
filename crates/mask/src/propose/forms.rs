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
    if is_account(value) {
        return Some(Label::BANK_ACCOUNT);
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

/// An IBAN by its check digits, of whatever length: countries have changed theirs.
fn is_account(value: &str) -> bool {
    let bytes: Vec<u8> = value.bytes().filter(|b| *b != b' ').collect();
    let head = bytes.get(..2).is_some_and(|land| land.iter().all(u8::is_ascii_uppercase))
        && bytes.get(2..4).is_some_and(|check| check.iter().all(u8::is_ascii_digit));
    let rest = bytes.iter().cycle().skip(4).take(bytes.len()).try_fold(0_u32, |rest, b| match b {
        b'0'..=b'9' => Some((rest * 10 + u32::from(b - b'0')) % 97),
        b'A'..=b'Z' => Some((rest * 100 + u32::from(b - b'A') + 10) % 97),
        _ => None,
    });
    (15..=34).contains(&bytes.len()) && head && rest == Some(1)
}

/// Digits of an account of a ledger: hardly a bank has accounts of so few.
const LEDGER_DIGITS: std::ops::RangeInclusive<usize> = 2..=6;

/// `400001`, `4000-10`: an account of a ledger.
pub(super) fn is_ledger_account(value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    LEDGER_DIGITS.contains(&digits)
        && value.len() <= LEDGER_DIGITS.end() + 1
        && value.bytes().all(|b| b.is_ascii_digit() || b"-.".contains(&b))
}

/// `SHA256:…`, `MD5:…`, sixteen or more bytes with colons between them: the fingerprint of a key.
pub(super) fn is_digest(value: &str) -> bool {
    let kinds = ["SHA256:", "SHA1:", "SHA512:", "MD5:"];
    let pair = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_hexdigit());
    kinds.iter().any(|kind| value.get(..kind.len()).is_some_and(|it| it.eq_ignore_ascii_case(kind)))
        || value.split(':').count() >= 16 && value.split(':').all(pair)
}

/// Eleven digits as mobile telephones in China have them.
pub(super) fn is_chinese_mobile(value: &str) -> bool {
    let bytes = value.as_bytes();
    bytes.len() == 11
        && bytes.iter().all(u8::is_ascii_digit)
        && bytes.starts_with(b"1")
        && bytes.get(1).is_some_and(|second| (b'3'..=b'9').contains(second))
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
    let eastern = value.chars().filter(|c| lexicon::EASTERN_PLACES.contains(*c)).count();
    let numbered = value.chars().any(|c| c.is_ascii_digit() || "座棟".contains(c));
    eastern >= 2 && numbered
        || is_housed(value)
            // A saint comes first, a street does not.
            && (value.split([' ', ',', '/', '\n']).enumerate().any(|(at, word)| {
                lexicon::is_street_word(word) && (at > 0 || !word.to_lowercase().starts_with("st."))
            }) || has_postcode(value) || ends_in_way(value))
        || ends_in_state(value)
}

/// `78 Helen Junctions`, `626 Dana Mission Suite 879`: a number, and a way behind a name.
fn ends_in_way(value: &str) -> bool {
    value.split([',', '\n']).any(|line| {
        let numbered = line.trim().bytes().next().is_some_and(|first| first.is_ascii_digit());
        let words = || line.split(' ').filter(|word| word.starts_with(char::is_uppercase));
        let last = words().rfind(|word| word.chars().count() > 2);
        (numbered || value.contains('\n'))
            && words().count() >= 2
            && last.is_some_and(lexicon::is_way)
    })
}

/// `…, IL 87243`: a state and a postcode of the United States.
fn ends_in_state(value: &str) -> bool {
    let mut words = value.rsplit(' ');
    let (Some(code), Some(state)) = (words.next(), words.next()) else { return false };
    let code = code.split_once('-').map_or(code, |(code, _)| code);
    value.contains(',')
        && code.len() == 5
        && code.bytes().all(|b| b.is_ascii_digit())
        && state.len() == 2
        && state.bytes().all(|b| b.is_ascii_uppercase())
}

/// A house number before a comma, and behind it a part of four to six digits and a town.
fn has_postcode(value: &str) -> bool {
    let Some((line, rest)) = value.split_once(',') else { return false };
    let post = rest
        .split([' ', ',', '-'])
        .any(|word| (4..=6).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_digit()));
    // `CW6 4NU`: the two words end such a line.
    let (behind, before) = rest.rsplit_once(' ').map_or(("", ""), |(b, last)| (last, b));
    let outward = before.rsplit(' ').next().unwrap_or_default();
    let british = behind.len() == 3
        && behind.bytes().zip(*b"9AA").all(|(b, form)| {
            if form == b'9' { b.is_ascii_digit() } else { b.is_ascii_uppercase() }
        })
        && (2..=4).contains(&outward.len())
        && outward.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    (post || british)
        && line.bytes().any(|b| b.is_ascii_digit())
        && rest.chars().any(char::is_uppercase)
}

/// Shaped like a line of an address: words and a number of a house, before or behind them.
pub(super) fn is_housed(value: &str) -> bool {
    let number = |word: &str| {
        let digits = word.bytes().take_while(u8::is_ascii_digit).count();
        (1..=5).contains(&digits) && word.len() <= digits + 6 && !word.contains([':', '.'])
    };
    let letters = value.chars().filter(|c| c.is_alphabetic()).count();
    let words = value.split([' ', ',', '\n']).filter(|word| !word.is_empty());
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
const COMPANIES: &str = " inc ltd llc plc corp gmbh ag kg kgaa ohg ug gbr sarl sas sa srl spa snc \
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

/// A name in a script without capitals: a family name that many bear, and one to three signs more.
pub(super) fn is_eastern_name(value: &str) -> bool {
    let signs: Vec<char> = value.chars().filter(|c| !" ,　".contains(*c)).collect();
    let eastern = |c: &char| ('\u{4e00}'..='\u{9fff}').contains(c) || ('가'..='힣').contains(c);
    (2..=5).contains(&signs.len()) && signs.iter().all(eastern) && {
        let compact: String = signs.iter().collect();
        let first = signs.first().is_some_and(|first| {
            lexicon::EASTERN_FAMILIES.contains(*first) || lexicon::RARER_FAMILIES.contains(*first)
        });
        let japanese = value.contains([' ', '　'])
            && lexicon::JAPANESE_FAMILIES.split(' ').any(|family| compact.starts_with(family));
        japanese || first && signs.len() <= 4
    }
}

/// True for what Slavic names of persons end in.
pub(super) fn has_slavic_name(value: &str) -> bool {
    let ends =
        ["вич", "вна", "ична", "ова", "ева", "ина", "ов", "ев", "ин", "ский", "ская", "енко"];
    value.split_whitespace().filter(|word| ends.iter().any(|end| word.ends_with(end))).count() >= 2
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
    given_names(value).next().is_some()
}

/// The same, of a word that does not open a sentence: there every word has a capital.
pub(super) fn has_given_name_inside(value: &str) -> bool {
    value.split(['.', '!', '?', '\n']).any(|sentence| {
        let first = sentence.unicode_words().next();
        given_names(sentence).any(|name| first.is_none_or(|first| !std::ptr::eq(first, name)))
    })
}

fn given_names(value: &str) -> impl Iterator<Item = &str> {
    value
        .unicode_words()
        .filter(|word| word.chars().next().is_some_and(char::is_uppercase))
        .filter(|word| lexicon::is_given_name(word))
}
