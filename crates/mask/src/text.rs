//! How text under each label is masked. Knows no types and no formats: text in, text out.
//!
//! Every mask is total: what does not look like its label becomes [`CONSTANT`]. The characters a
//! mask adds are `*` and ASCII letters, digits and `@._-`, none of which needs quoting in any of
//! PostgreSQL's forms.

use crate::{key::Secret, number, pseudonym, scan, time};
use model::{Label, MaskMethod};
use unicode_segmentation::UnicodeSegmentation;

/// What stands for text of which nothing may be seen.
pub(crate) const CONSTANT: &str = "***";

/// Appends the masked form of `value`; false if the mask is NULL and nothing was appended.
pub(crate) fn mask(
    label: &Label,
    method: MaskMethod,
    secret: &Secret,
    value: &str,
    out: &mut Vec<u8>,
) -> bool {
    match method {
        MaskMethod::Generalise => out.extend_from_slice(generalise(label, value).as_bytes()),
        MaskMethod::Partial => out.extend_from_slice(partial(label, value).as_bytes()),
        MaskMethod::Pseudonym => {
            out.extend_from_slice(pseudonym::text(label, secret, value).as_bytes());
        }
        MaskMethod::Full => out.extend_from_slice(CONSTANT.as_bytes()),
        MaskMethod::Null => return false,
    }
    true
}

/// Some characters kept, by label.
pub(crate) fn partial(label: &Label, value: &str) -> String {
    let masked = match label {
        _ if *label == Label::EMAIL => email(value),
        _ if *label == Label::PERSON_NAME => Some(name(value)),
        _ if *label == Label::PHONE => Some(tail(value, 2, 5)),
        _ if *label == Label::PAYMENT_CARD => Some(tail(value, 4, 12)),
        _ if *label == Label::BANK_ACCOUNT => Some(account(value)),
        _ if keeps_two(label) => Some(tail(value, 2, 6)),
        _ if *label == Label::POSTAL_ADDRESS => address(value),
        _ if *label == Label::BIRTH_DATE => year(value),
        _ if *label == Label::NETWORK_ADDRESS => network(value),
        _ if *label == Label::LOCATION => location(value, 0),
        _ if *label == Label::FREE_TEXT => scan::free_text(value),
        _ => None,
    };
    masked.unwrap_or_else(|| CONSTANT.to_owned())
}

fn keeps_two(label: &Label) -> bool {
    [Label::NATIONAL_ID, Label::PASSPORT, Label::DRIVING_LICENCE].contains(label)
}

/// A coarser truth, by label; where there is none that hides a person, [`CONSTANT`].
fn generalise(label: &Label, value: &str) -> String {
    let masked = match label {
        _ if *label == Label::EMAIL => value
            .rsplit_once('@')
            .filter(|(_, host)| is_host(host))
            .map(|(_, h)| format!("***@{h}")),
        _ if *label == Label::PHONE => Some(head(value, 3, 7)),
        _ if *label == Label::PAYMENT_CARD => Some(head(value, 6, 12)),
        _ if *label == Label::BANK_ACCOUNT => Some(head(value, 4, 12)),
        _ if *label == Label::INCOME => number::round_text(value),
        _ if *label == Label::LOCATION => location(value, 1),
        _ if *label == Label::PERSON_NAME => Some(name(value)),
        _ if *label == Label::POSTAL_ADDRESS => address(value),
        _ if *label == Label::BIRTH_DATE => year(value),
        _ if *label == Label::NETWORK_ADDRESS => network(value),
        _ if *label == Label::FREE_TEXT => scan::free_text(value),
        _ => None,
    };
    masked.unwrap_or_else(|| CONSTANT.to_owned())
}

/// `alice.smith@example.org` → `a***@***.org`. The local part's first grapheme stays unless it is
/// all there is.
fn email(value: &str) -> Option<String> {
    let (local, host) = value.trim().rsplit_once('@')?;
    let top = host.rsplit_once('.').map(|(_, top)| top).filter(|top| is_host(top))?;
    let mut graphemes = local.graphemes(true);
    let first = graphemes.next().filter(|_| graphemes.next().is_some()).unwrap_or_default();
    let first = if first.chars().all(char::is_alphanumeric) { first } else { "" };
    Some(format!("{first}***@***.{top}"))
}

fn is_host(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 255
        && text.chars().all(|c| c.is_alphanumeric() || c == '.' || c == '-')
}

/// `Alice Smith` → `A*** S***`. The count of stars says nothing of the length; a word of one
/// grapheme shows nothing.
fn name(value: &str) -> String {
    let mut out = String::with_capacity(value.len().min(64));
    for word in value.split_whitespace().take(MAX_NAME_WORDS) {
        if !out.is_empty() {
            out.push(' ');
        }
        let mut graphemes = word.graphemes(true);
        if let (Some(first), Some(_)) = (graphemes.next(), graphemes.next())
            && first.chars().any(char::is_alphabetic)
        {
            out.push_str(first);
        }
        out.push_str(CONSTANT);
    }
    if out.is_empty() { CONSTANT.to_owned() } else { out }
}

/// Words of a name that are shown by their initials; no name is longer, text that is not a name
/// may be.
const MAX_NAME_WORDS: usize = 12;

/// Stars for letters and digits but the last `keep`, if there are at least `least` of them;
/// separators stay where they are, other characters become stars.
fn tail(value: &str, keep: usize, least: usize) -> String {
    let total = value.chars().filter(|c| c.is_alphanumeric()).count();
    let from = if total >= least { total - keep } else { total };
    let mut seen = 0;
    starred(value, |_| {
        seen += 1;
        seen > from
    })
}

/// Stars for letters and digits but the first `keep`, if there are at least `least` of them.
fn head(value: &str, keep: usize, least: usize) -> String {
    let total = value.chars().filter(|c| c.is_alphanumeric()).count();
    let until = if total >= least { keep } else { 0 };
    let mut seen = 0;
    starred(value, |_| {
        seen += 1;
        seen <= until
    })
}

fn starred(value: &str, mut keeps: impl FnMut(char) -> bool) -> String {
    let mut star = |first: char| {
        if first.is_alphanumeric() {
            if keeps(first) && first.is_ascii() { first } else { '*' }
        } else if matches!(first, ' ' | '-' | '.' | '/' | '(' | ')' | '+' | ',') {
            first
        } else {
            '*'
        }
    };
    if value.is_ascii() {
        return value.chars().map(star).collect();
    }
    value.graphemes(true).map(|grapheme| star(grapheme.chars().next().unwrap_or('*'))).collect()
}

/// `DE89 3704 0044 0532 0130 00` → `DE** **** **** **** **30 00`; other accounts show their last
/// four if they have eight or more.
fn account(value: &str) -> String {
    let tail = tail(value, 4, 8);
    let country: String = value.chars().take(2).collect();
    let is_iban = country.len() == 2
        && country.chars().all(|c| c.is_ascii_uppercase())
        && value.chars().nth(2).is_some_and(|c| c.is_ascii_digit())
        && value.len() >= 15;
    match tail.get(2..) {
        Some(rest) if is_iban => country + rest,
        _ => tail,
    }
}

/// `12 Main St, Springfield, IL 62704` → `***, IL *****`: the last part is the widest place.
fn address(value: &str) -> Option<String> {
    let (_, last) = value.trim().rsplit_once([',', '\n'])?;
    let last = last.trim();
    let narrow = last.is_empty() || last.chars().count() > 40 || last.split(' ').count() > 4;
    if narrow {
        return None;
    }
    let coarse: String = last
        .graphemes(true)
        .map(|g| if g.chars().any(char::is_numeric) { "*" } else { g })
        .collect();
    Some(format!("***, {coarse}"))
}

/// `1984-03-12` → `1984-**-**`.
fn year(value: &str) -> Option<String> {
    let date = time::parse_date(value.trim().get(..10)?)?;
    let (year, _, _) = time::civil(date);
    (1..=9999).contains(&year).then(|| format!("{year:04}-**-**"))
}

/// `192.168.7.9` → `192.168.*.*`, the first half of a MAC address, the first two groups of an
/// IPv6 address.
fn network(value: &str) -> Option<String> {
    let bare = value.trim().split('/').next()?;
    if let Ok(address) = bare.parse::<std::net::IpAddr>() {
        return Some(match address {
            std::net::IpAddr::V4(v4) => {
                let [a, b, _, _] = v4.octets();
                format!("{a}.{b}.*.*")
            }
            std::net::IpAddr::V6(v6) => {
                let [a, b, ..] = v6.segments();
                format!("{a:x}:{b:x}:****")
            }
        });
    }
    let hex = bare.len() == 17 && bare.bytes().all(|b| b.is_ascii_hexdigit() || b":-".contains(&b));
    let maker = bare.get(..8).filter(|_| hex)?;
    Some(format!("{maker}:**:**:**"))
}

/// Numbers of a coordinate cut to this many decimals; `None` for what is not degrees.
fn location(value: &str, decimals: usize) -> Option<String> {
    let mut out = String::with_capacity(value.len());
    let (mut after_point, mut digits, mut whole) = (None::<usize>, 0usize, 0usize);
    for c in value.chars() {
        match c {
            '0'..='9' => {
                digits += 1;
                after_point = after_point.map(|n| n + 1);
                whole = if after_point.is_none() { whole + 1 } else { 0 };
                if whole > 3 {
                    return None;
                }
                out.push(if after_point.unwrap_or(0) > decimals { '0' } else { c });
            }
            '.' => {
                after_point = Some(0);
                out.push(c);
            }
            '-' | '+' | ',' | ' ' | '(' | ')' | ';' => {
                (after_point, whole) = (None, 0);
                out.push(c);
            }
            _ => return None,
        }
    }
    (digits > 0).then_some(out)
}
