//! The forms that the masks of texts make, told from other texts. One function a mask, in the order
//! of [`super`]; what a mask makes is told here, but for what looks like any other value.

use super::{CONSTANT, Form, MAX_NAME_WORDS, is_host};
use crate::scan;
use model::Label;
use unicode_segmentation::UnicodeSegmentation;

/// True if a text is of a form that a mask of this label makes.
pub(crate) fn is_masked(label: &Label, value: &str) -> bool {
    let value = value.trim_end_matches(' ');
    if value == CONSTANT {
        return true;
    }
    match Form::of(label) {
        Form::Email => email(value),
        Form::Name => name(value),
        // What is kept in front is what `generalise` keeps.
        Form::Tail { keep, least } if *label == Label::PHONE => {
            starred(value, keep, least) || headed(value, 3, 7)
        }
        Form::Tail { keep, least } if *label == Label::PAYMENT_CARD => {
            starred(value, keep, least) || headed(value, 6, 12)
        }
        Form::Tail { keep, least } => starred(value, keep, least),
        Form::Account => account(value) || headed(value, 4, 12),
        Form::Address | Form::Other => rare(label, value),
    }
}

fn rare(label: &Label, value: &str) -> bool {
    match label {
        _ if *label == Label::POSTAL_ADDRESS => address(value),
        _ if *label == Label::BIRTH_DATE => {
            value.strip_suffix("-**-**").is_some_and(|year| year.len() == 4 && digits(year))
        }
        _ if *label == Label::NETWORK_ADDRESS => network(value),
        _ if *label == Label::FREE_TEXT => value.contains(CONSTANT) && scan::is_hidden(value),
        _ => false,
    }
}

fn digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_one(text: &str, kind: fn(char) -> bool) -> bool {
    text.is_empty() || text.graphemes(true).count() == 1 && text.chars().any(kind)
}

/// `a***@***.org`, `***@example.org`.
fn email(value: &str) -> bool {
    let Some((local, host)) = value.rsplit_once('@') else { return false };
    let Some(first) = local.strip_suffix(CONSTANT) else { return false };
    let shown = host.strip_prefix("***.").is_some_and(is_host);
    shown && is_one(first, char::is_alphanumeric) || first.is_empty() && is_host(host)
}

/// `A*** S***`.
fn name(value: &str) -> bool {
    let mut words = value.split_whitespace();
    let initial = |word: &str| {
        word.strip_suffix(CONSTANT).is_some_and(|first| is_one(first, char::is_alphabetic))
    };
    value.split_whitespace().count() <= MAX_NAME_WORDS && words.all(initial)
}

/// The characters that stand around what is starred.
const SEPARATORS: &str = " -./()+,";

/// True if there is a star, and else nothing but separators and at most `keep` letters and digits.
fn is_starred(value: &str, keep: usize) -> bool {
    let kept = value.bytes().filter(u8::is_ascii_alphanumeric).count();
    let known = |c: char| c == '*' || c.is_ascii_alphanumeric() || SEPARATORS.contains(c);
    kept <= keep && value.contains('*') && value.chars().all(known)
}

fn stars(part: &str) -> usize {
    part.bytes().filter(|byte| *byte == b'*').count()
}

/// `***-**-**07`: what is kept stands behind all that `least` says is hidden.
fn starred(value: &str, keep: usize, least: usize) -> bool {
    let before = value.split(|c: char| c.is_ascii_alphanumeric()).next().unwrap_or_default();
    let whole = before.len() == value.len();
    is_starred(value, keep) && (whole || stars(before) >= least - keep)
}

/// `+49 1** ****`: what is kept stands in front of all that `least` says is hidden.
fn headed(value: &str, keep: usize, least: usize) -> bool {
    let behind = value.rsplit(|c: char| c.is_ascii_alphanumeric()).next().unwrap_or_default();
    is_starred(value, keep) && stars(behind) >= least - keep
}

/// `DE** **** **** **** **30 00`, `****1234`.
fn account(value: &str) -> bool {
    let country = value.bytes().take(2).filter(u8::is_ascii_uppercase).count() == 2;
    starred(value, 4, 8) || country && value.get(2..).is_some_and(|rest| starred(rest, 4, 6))
}

/// `***, IL *****`.
fn address(value: &str) -> bool {
    let last = value.strip_prefix("***, ").unwrap_or_default();
    let short = last.chars().count() <= 40 && last.split(' ').count() <= 4;
    !last.is_empty() && short && !last.contains(|c: char| c.is_numeric() || c == ',')
}

/// `192.168.*.*`, `2001:db8:****`, `00:1b:44:**:**:**`.
fn network(value: &str) -> bool {
    let hex = |part: &str, separators: &[u8]| {
        part.bytes().all(|byte| byte.is_ascii_hexdigit() || separators.contains(&byte))
    };
    let v4 = |halves: &str| {
        halves.split('.').count() == 2 && halves.split('.').all(|it| it.parse::<u8>().is_ok())
    };
    let v6 = |groups: &str| groups.split(':').count() == 2 && hex(groups, b":");
    value.strip_suffix(".*.*").is_some_and(v4)
        || value.strip_suffix(":****").is_some_and(v6)
        || value.strip_suffix(":**:**:**").is_some_and(|it| it.len() == 8 && hex(it, b":-"))
}
