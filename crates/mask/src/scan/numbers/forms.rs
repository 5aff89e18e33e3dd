//! What a run of digits is, by its form, its check digits and the words before it. Knows no text
//! beyond that.

use super::Run;
use crate::{checksum, scan::Kind};

/// What a run is, if it is anything.
pub(super) fn kind(run: &Run<'_>) -> Option<Kind> {
    if is_card(run) {
        return Some(Kind::PaymentCard);
    }
    if run.is_international() && is_phone(run) {
        return Some(Kind::Phone);
    }
    if is_national_by_form(run) {
        return Some(Kind::NationalId);
    }
    if run.is_quiet() {
        let address = is_public_address(run).then_some(Kind::NetworkAddress);
        let phone = || is_north_american(run) || is_bracketed(run);
        return address.or_else(|| phone().then_some(Kind::Phone));
    }
    if is_national_by_word(run) {
        return Some(Kind::NationalId);
    }
    if is_birth_date(run) {
        return Some(Kind::BirthDate);
    }
    if is_security_code(run) {
        return Some(Kind::CardSecurity);
    }
    if is_public_address(run) {
        return Some(Kind::NetworkAddress);
    }
    is_phone(run).then_some(Kind::Phone)
}

/// Fewer digits between three dots are as likely a version, unless a word says otherwise.
const LEAST_ADDRESS_DIGITS: usize = 8;

/// An IPv4 address that belongs to somebody: not one of a private network, nor of the machine.
fn is_public_address(run: &Run<'_>) -> bool {
    let [_, _, _, _] = run.layout() else { return false };
    let long = || run.length >= LEAST_ADDRESS_DIGITS || run.announced().address;
    if !run.joined_by(b'.') || !long() {
        return false;
    }
    let text = std::str::from_utf8(run.text()).unwrap_or_default();
    let public = text.parse::<std::net::Ipv4Addr>().is_ok_and(|address| {
        let [first, second, ..] = address.octets();
        let shared = first == 100 && (64..128).contains(&second);
        !(address.is_private()
            || address.is_loopback()
            || address.is_link_local()
            || address.is_multicast()
            || address.is_documentation()
            || matches!(first, 0 | 240..)
            || shared)
    });
    public && (run.is_quiet() || !run.announced().version || run.announced().address)
}

/// Luhn and an issuer's range, written in one piece or in the groups printed on cards.
fn is_card(run: &Run<'_>) -> bool {
    let printed = match run.layout() {
        [_] => true,
        [4, 4, 4, 1..=4] | [4, 4, 4, 4, 1..=3] | [4, 6, 4..=5] | [4, 4, 5] => {
            run.joined_by(b' ') || run.joined_by(b'-') || run.joined_by(b'.')
        }
        _ => false,
    };
    printed
        && (13..=19).contains(&run.length)
        && run.is_card()
        && !is_time_in_millis(run)
        && !is_article(run)
        && !is_long_phone(run)
}

/// Thirteen digits in one piece with the check digit of articles (EAN-13, GTIN-13). A tenth of all
/// article numbers that begin with 4 passes for one of the old cards of thirteen digits; printed
/// in groups, such a card is still taken for one.
fn is_article(run: &Run<'_>) -> bool {
    matches!(run.layout(), [13]) && checksum::ean(run.digits())
}

/// Thirteen digits from 2001 to 2033 in milliseconds, sixteen in microseconds: cards of thirteen
/// digits begin with 4 or 5, so only the second could be taken for one, and none begins with 1.
fn is_time_in_millis(run: &Run<'_>) -> bool {
    run.digits().first() == Some(&1)
}

/// Forms that are telling by themselves.
fn is_national_by_form(run: &Run<'_>) -> bool {
    let digits = || run.digits();
    let seps = |text: &[u8]| run.separators().eq(text.iter().copied());
    match run.layout() {
        [3, 2, 4] => run.joined_by(b'-') && checksum::ssn(digits()),
        [3, 3, 3, 2] => seps(b"..-") && checksum::cpf(digits()),
        [2, 3, 3, 4, 2] => seps(b"../-") && checksum::cnpj(digits()),
        [4, 4, 4] => run.joined_by(b' ') && checksum::aadhaar(digits()),
        [1, 2, 2, 2, 3, 3, 2] => run.joined_by(b' ') && checksum::nir(digits()),
        [15] => checksum::nir(digits()),
        [6, 4] => run.joined_by(b'-') && checksum::personnummer(digits()),
        [8, 4] => {
            run.joined_by(b'-') && checksum::personnummer(digits().get(2..).unwrap_or_default())
        }
        [6, 7] => run.joined_by(b'-') && checksum::rrn(digits()),
        [18] => match digits().split_last() {
            Some((check, body)) => checksum::resident(body, check + b'0'),
            None => false,
        },
        _ => false,
    }
}

/// Numbers that need to be announced, because their form alone is anybody's.
fn is_national_by_word(run: &Run<'_>) -> bool {
    if !matches!(run.length, 7..=14) || run.parts > 5 || !run.announced().national {
        return false;
    }
    let digits = run.digits();
    match run.length {
        9 => checksum::ssn(digits) || checksum::bsn(digits) || checksum::sin(digits),
        11 => checksum::cpf(digits) || checksum::steuer_id(digits) || checksum::pesel(digits),
        14 => checksum::cnpj(digits),
        _ => true,
    }
}

fn is_birth_date(run: &Run<'_>) -> bool {
    matches!(run.layout(), [4, 1..=2, 1..=2] | [1..=2, 1..=2, 2 | 4]) && run.announced().birth
}

/// A code stands right behind its word; `pin` further away is about something else.
fn is_security_code(run: &Run<'_>) -> bool {
    matches!(run.layout(), [3..=6]) && run.announced().security && run.follows_its_word()
}

/// Thirteen digits in one piece behind a plus, as mobile phones of Brazil, China and Germany have
/// them, and up to the fifteen of ITU-T E.164. Behind +1 there are ten: with more it is a time.
fn is_long_phone(run: &Run<'_>) -> bool {
    matches!(run.layout(), [13..=15]) && run.is_international() && run.digits().first() != Some(&1)
}

fn is_phone(run: &Run<'_>) -> bool {
    if run.is_international() {
        let parts = || run.layout().iter().all(|part| *part <= 12);
        return (8..=15).contains(&run.length)
            && run.digits().first() != Some(&0)
            && (parts() || is_long_phone(run));
    }
    is_north_american(run) || is_bracketed(run) || {
        let plausible = (7..=15).contains(&run.length) && run.parts <= 7 && !is_date(run);
        plausible && run.announced().phone
    }
}

/// `(212) 555-0187`, `212-555-0187`, `212.555.0187`, `1-212-555-0187`, `001-212-555-0187`: area and
/// exchange begin with 2 to 9.
fn is_north_american(run: &Run<'_>) -> bool {
    let digits = match run.layout() {
        [3, 3, 4] => run.digits(),
        [1, 3, 3, 4] => run.digits().strip_prefix(&[1]).unwrap_or(&[]),
        [3, 3, 3, 4] => run.digits().strip_prefix(&[0, 0, 1]).unwrap_or(&[]),
        _ => return false,
    };
    let opens = |place: usize| digits.get(place).is_some_and(|digit| *digit >= 2);
    let bracketed = run.separators().any(|byte| byte == b')');
    let joined = run.joined_by(b'-') || run.joined_by(b'.');
    opens(0) && opens(3) && (bracketed || joined)
}

/// `(0131) 496 0627`, `(02).7250.4102`: an area code with the nought that is dialled within a
/// country, in brackets, and the number behind it. Nothing else is written so.
fn is_bracketed(run: &Run<'_>) -> bool {
    let [2..=5, rest @ ..] = run.layout() else { return false };
    let in_brackets = run.is_bracketed() && run.separators().next() == Some(b')');
    let plain = || run.separators().skip(1).all(|byte| matches!(byte, b' ' | b'-' | b'.'));
    in_brackets
        && run.digits().first() == Some(&0)
        && (9..=11).contains(&run.length)
        && (1..=3).contains(&rest.len())
        && plain()
}

fn is_date(run: &Run<'_>) -> bool {
    matches!(run.layout(), [4, 2, 2, ..] | [1..=2, 1..=2, 4, ..])
}
