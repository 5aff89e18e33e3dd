//! How text under each label is masked. Knows no types and no formats: text in, text out.
//!
//! Every mask is total: what does not look like its label becomes [`CONSTANT`]. The characters a
//! mask adds are `*` and ASCII letters, digits and `@._-`, none of which needs quoting in any of
//! PostgreSQL's forms.

use crate::{key::Secret, number, pseudonym, scan, time};
use model::{Label, MaskMethod};
use unicode_segmentation::UnicodeSegmentation;

mod ascii;
mod told;

pub(crate) use told::is_masked;

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
        MaskMethod::Generalise => generalise(label, value, out),
        MaskMethod::Partial => partial_into(label, value, out),
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
    let mut out = Vec::with_capacity(value.len());
    partial_into(label, value, &mut out);
    String::from_utf8(out).unwrap_or_else(|_| CONSTANT.to_owned())
}

/// Appends a value of which some characters are kept, by label.
pub(crate) fn partial_into(label: &Label, value: &str, out: &mut Vec<u8>) {
    let form = Form::of(label);
    if form == Form::Other {
        let masked = rare_partial(label, value);
        out.extend_from_slice(masked.as_deref().unwrap_or(CONSTANT).as_bytes());
    } else {
        formed(form, value, out);
    }
}

/// How a value of which some characters are kept is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Email,
    Name,
    /// The last letters and digits, if there are at least so many.
    Tail {
        keep: usize,
        least: usize,
    },
    Account,
    /// A postal address; not found in text by this form.
    Address,
    /// As [`rare_partial`] says.
    Other,
}

impl Form {
    pub(crate) fn of(label: &Label) -> Self {
        match label {
            _ if *label == Label::EMAIL => Self::Email,
            _ if *label == Label::PERSON_NAME => Self::Name,
            _ if *label == Label::PHONE => Self::PHONE,
            _ if *label == Label::PAYMENT_CARD => Self::CARD,
            _ if *label == Label::BANK_ACCOUNT => Self::Account,
            _ if keeps_two(label) => Self::TWO,
            _ => Self::Other,
        }
    }

    pub(crate) const PHONE: Self = Self::Tail { keep: 2, least: 5 };
    pub(crate) const CARD: Self = Self::Tail { keep: 4, least: 12 };
    pub(crate) const TWO: Self = Self::Tail { keep: 2, least: 6 };
}

/// The form by which [`quick_into`] does as [`mask`] does; `None` where there is none.
pub(crate) fn quick(label: &Label, method: MaskMethod) -> Option<Form> {
    let showing = matches!(method, MaskMethod::Partial | MaskMethod::Generalise);
    match label {
        _ if *label == Label::POSTAL_ADDRESS && showing => Some(Form::Address),
        _ if *label == Label::PERSON_NAME && showing => Some(Form::Name),
        _ if method == MaskMethod::Partial => Some(Form::of(label)).filter(|f| *f != Form::Other),
        _ => None,
    }
}

/// Appends the masked form of ASCII; false, and nothing appended, for other text.
pub(crate) fn quick_into(form: Form, value: &[u8], out: &mut Vec<u8>) -> bool {
    value.is_ascii() && ascii::partial_into(form, value, out)
}

/// Appends what was found in a text, some of its characters kept. `form` is that of the label.
pub(crate) fn found_into(form: Form, label: &Label, found: &[u8], out: &mut Vec<u8>) {
    if found.is_ascii() && ascii::partial_into(form, found, out) {
        return;
    }
    match std::str::from_utf8(found) {
        Ok(found) => partial_into(label, found, out),
        Err(_) => out.extend_from_slice(CONSTANT.as_bytes()),
    }
}

/// Appends a value by a form that is not another.
fn formed(form: Form, value: &str, out: &mut Vec<u8>) {
    let start = out.len();
    let masked = match form {
        Form::Email => email(value, out),
        Form::Name => name(value, out),
        Form::Tail { keep, least } => tail(value, keep, least, out),
        Form::Account => account(value, out),
        Form::Address => address(value).map(|masked| out.extend_from_slice(masked.as_bytes())),
        Form::Other => None,
    };
    if masked.is_none() {
        out.truncate(start);
        out.extend_from_slice(CONSTANT.as_bytes());
    }
}

/// As [`partial_into`], of labels that the content scan seldom finds.
fn rare_partial(label: &Label, value: &str) -> Option<String> {
    match label {
        _ if *label == Label::POSTAL_ADDRESS => address(value),
        _ if *label == Label::BIRTH_DATE => year(value),
        _ if *label == Label::NETWORK_ADDRESS => network(value),
        _ if *label == Label::LOCATION => location(value, 0),
        _ if *label == Label::FREE_TEXT => scan::free_text(value),
        _ => None,
    }
}

fn keeps_two(label: &Label) -> bool {
    [Label::NATIONAL_ID, Label::PASSPORT, Label::DRIVING_LICENCE].contains(label)
}

/// Appends a coarser truth, by label; where there is none that hides a person, [`CONSTANT`].
fn generalise(label: &Label, value: &str, out: &mut Vec<u8>) {
    let masked = match label {
        _ if *label == Label::EMAIL => value
            .rsplit_once('@')
            .filter(|(_, host)| is_host(host))
            .map(|(_, h)| format!("***@{h}")),
        _ if *label == Label::INCOME => number::round_text(value),
        _ if *label == Label::LOCATION => location(value, 1),
        _ if *label == Label::PHONE => return head(value, 3, 7, out),
        _ if *label == Label::PAYMENT_CARD => return head(value, 6, 12, out),
        _ if *label == Label::BANK_ACCOUNT => return head(value, 4, 12, out),
        _ if *label == Label::PERSON_NAME => return partial_into(label, value, out),
        _ => rare_partial(label, value),
    };
    out.extend_from_slice(masked.as_deref().unwrap_or(CONSTANT).as_bytes());
}

/// `alice.smith@example.org` → `a***@***.org`. The local part's first grapheme stays unless it is
/// all there is.
fn email(value: &str, out: &mut Vec<u8>) -> Option<()> {
    let (local, host) = value.trim().rsplit_once('@')?;
    let top = host.rsplit_once('.').map(|(_, top)| top).filter(|top| is_host(top))?;
    let first = initial(local).filter(|first| first.chars().all(char::is_alphanumeric));
    out.extend_from_slice(first.unwrap_or_default().as_bytes());
    out.extend_from_slice(b"***@***.");
    out.extend_from_slice(top.as_bytes());
    Some(())
}

/// The first grapheme, if it is not all there is.
fn initial(word: &str) -> Option<&str> {
    // Two characters of ASCII in a row are two graphemes but for the end of a line.
    if let [first, second, ..] = word.as_bytes()
        && first.is_ascii_graphic()
        && second.is_ascii_graphic()
    {
        return word.get(..1);
    }
    let mut graphemes = word.graphemes(true);
    graphemes.next().filter(|_| graphemes.next().is_some())
}

/// Bytes of the longest name of a host.
const MAX_HOST: usize = 255;

fn is_host(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MAX_HOST
        && text.chars().all(|c| c.is_alphanumeric() || c == '.' || c == '-')
}

/// `Alice Smith` → `A*** S***`. The count of stars says nothing of the length; a word of one
/// grapheme shows nothing.
fn name(value: &str, out: &mut Vec<u8>) -> Option<()> {
    let start = out.len();
    for word in value.split_whitespace().take(MAX_NAME_WORDS) {
        if out.len() > start {
            out.push(b' ');
        }
        let first = initial(word).filter(|first| first.chars().any(char::is_alphabetic));
        out.extend_from_slice(first.unwrap_or_default().as_bytes());
        out.extend_from_slice(CONSTANT.as_bytes());
    }
    (out.len() > start).then_some(())
}

/// Words of a name that are shown by their initials; no name is longer, text that is not a name
/// may be.
const MAX_NAME_WORDS: usize = 12;

/// Stars for letters and digits but the last `keep`, if there are at least `least` of them;
/// separators stay where they are, other characters become stars.
fn tail(value: &str, keep: usize, least: usize, out: &mut Vec<u8>) -> Option<()> {
    let total = letters(value);
    let from = if total >= least { total - keep } else { total };
    starred(value, |place| place >= from, out);
    Some(())
}

/// Stars for letters and digits but the first `keep`, if there are at least `least` of them.
fn head(value: &str, keep: usize, least: usize, out: &mut Vec<u8>) {
    let total = letters(value);
    let until = if total >= least { keep } else { 0 };
    starred(value, |place| place < until, out);
}

/// Stars for letters and digits but those whose place among them is to be kept.
fn starred(value: &str, keeps: impl Fn(usize) -> bool, out: &mut Vec<u8>) {
    let mut seen = 0;
    let mut star = |first: char| {
        if first.is_alphanumeric() {
            seen += 1;
            if keeps(seen - 1) && first.is_ascii() { first } else { '*' }
        } else if matches!(first, ' ' | '-' | '.' | '/' | '(' | ')' | '+' | ',') {
            first
        } else {
            '*'
        }
    };
    // Nothing else than ASCII is kept.
    let mut byte = |first: char| u8::try_from(star(first)).unwrap_or(b'*');
    if value.is_ascii() {
        out.extend(value.bytes().map(|one| byte(char::from(one))));
    } else {
        out.extend(value.graphemes(true).map(|one| byte(one.chars().next().unwrap_or('*'))));
    }
}

/// Letters and digits.
fn letters(value: &str) -> usize {
    if value.is_ascii() {
        return value.bytes().filter(u8::is_ascii_alphanumeric).count();
    }
    value.chars().filter(|c| c.is_alphanumeric()).count()
}

/// `DE89 3704 0044 0532 0130 00` → `DE** **** **** **** **30 00`; other accounts show their last
/// four if they have eight or more.
fn account(value: &str, out: &mut Vec<u8>) -> Option<()> {
    let start = out.len();
    tail(value, 4, 8, out)?;
    let is_iban = matches!(value.as_bytes(), [b'A'..=b'Z', b'A'..=b'Z', b'0'..=b'9', ..]);
    if let Some((country, room)) = value.get(..2).zip(out.get_mut(start..start + 2))
        && is_iban
        && value.len() >= 15
    {
        room.copy_from_slice(country.as_bytes());
    }
    Some(())
}

/// `12 Main St, Springfield, IL 62704` → `***, IL *****`: the last part is the widest place.
fn address(value: &str) -> Option<String> {
    let (_, last) = value.trim().rsplit_once([',', '\n'])?;
    let last = last.trim();
    let narrow = last.is_empty() || last.chars().count() > 40 || last.split(' ').count() > 4;
    if narrow {
        return None;
    }
    let coarse: String = if last.is_ascii() {
        last.chars().map(|c| if c.is_ascii_digit() { '*' } else { c }).collect()
    } else {
        let graphemes = last.graphemes(true);
        graphemes.map(|g| if g.chars().any(char::is_numeric) { "*" } else { g }).collect()
    };
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
