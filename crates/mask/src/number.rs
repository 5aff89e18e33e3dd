//! Masks of numbers: integers, floats, numerics, money. Knows no label's text form.
//!
//! All of them are masked as decimal text and put back into their form, so that a phone number
//! in a `bigint` and one in a `numeric` are treated alike.

use crate::{
    column::{Format, Rule},
    cursor::Cursor,
    ff1::Way,
    key::Secret,
    pseudonym,
};
use model::{Label, MaskMethod};

mod numeric;

/// The numeric types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    Numeric,
    Money,
}

/// Appends the masked value. Total: what cannot be read becomes 0.
pub(crate) fn mask(kind: Kind, rule: &Rule, format: Format, value: &[u8], out: &mut Vec<u8>) {
    if kind == Kind::Money {
        return money(format, value, out);
    }
    let text = match format {
        Format::Text => std::str::from_utf8(value).ok().map(str::to_owned),
        Format::Binary => decode(kind, value),
    };
    let masked = text.and_then(|text| decimal(kind, rule, &text)).unwrap_or_else(|| "0".to_owned());
    match format {
        Format::Text => out.extend_from_slice(masked.as_bytes()),
        Format::Binary => encode(kind, &masked, out),
    }
}

/// Money is zero by every method: its text depends on the locale, so only a constant is the same
/// amount in both formats.
fn money(format: Format, value: &[u8], out: &mut Vec<u8>) {
    if format == Format::Binary {
        out.extend_from_slice(&[0; 8]);
        return;
    }
    let symbol = value.first().filter(|byte| **byte == b'$');
    out.extend(symbol);
    out.extend_from_slice(b"0.00");
}

/// Decimal text of a number in binary form.
pub(crate) fn decode(kind: Kind, value: &[u8]) -> Option<String> {
    let mut cursor = Cursor::new(value);
    Some(match kind {
        Kind::Int2 => cursor.int16()?.to_string(),
        Kind::Int4 => cursor.int32()?.to_string(),
        Kind::Int8 | Kind::Money => i64::from_be_bytes(cursor.array()?).to_string(),
        Kind::Float4 => f32::from_be_bytes(cursor.array()?).to_string(),
        Kind::Float8 => f64::from_be_bytes(cursor.array()?).to_string(),
        Kind::Numeric => numeric::decode(value)?,
    })
}

fn encode(kind: Kind, text: &str, out: &mut Vec<u8>) {
    match kind {
        Kind::Int2 => out.extend_from_slice(&text.parse::<i16>().unwrap_or(0).to_be_bytes()),
        Kind::Int4 => out.extend_from_slice(&text.parse::<i32>().unwrap_or(0).to_be_bytes()),
        Kind::Int8 | Kind::Money => {
            out.extend_from_slice(&text.parse::<i64>().unwrap_or(0).to_be_bytes());
        }
        Kind::Float4 => out.extend_from_slice(&text.parse::<f32>().unwrap_or(0.0).to_be_bytes()),
        Kind::Float8 => out.extend_from_slice(&text.parse::<f64>().unwrap_or(0.0).to_be_bytes()),
        Kind::Numeric => numeric::encode(text, out),
    }
}

/// The mask of one number in decimal text.
fn decimal(kind: Kind, rule: &Rule, text: &str) -> Option<String> {
    match kind {
        Kind::Float4 | Kind::Float8 => {
            let number: f64 = text.parse().ok()?;
            float(rule, number).map(|masked| match kind {
                Kind::Float4 => (masked as f32).to_string(),
                Kind::Float8
                | Kind::Int2
                | Kind::Int4
                | Kind::Int8
                | Kind::Numeric
                | Kind::Money => masked.to_string(),
            })
        }
        Kind::Int2 => exact(rule, text, Some(i64::from(i16::MAX))),
        Kind::Int4 => exact(rule, text, Some(i64::from(i32::MAX))),
        Kind::Int8 | Kind::Money => exact(rule, text, Some(i64::MAX)),
        Kind::Numeric => exact(rule, text, None),
    }
}

fn exact(rule: &Rule, text: &str, max: Option<i64>) -> Option<String> {
    let parts = Decimal::parse(text)?;
    match rule.method {
        MaskMethod::Generalise => Some(generalise(rule, &parts)),
        MaskMethod::Partial => partial(rule, &parts),
        MaskMethod::Pseudonym => pseudonym(rule, &parts, max),
        MaskMethod::Full | MaskMethod::Null => None,
    }
}

/// A sign, digits before the point, digits after it.
struct Decimal<'a> {
    negative: bool,
    whole: &'a str,
    fraction: Option<&'a str>,
}

impl<'a> Decimal<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = match digits.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (digits, None),
        };
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let sound = !whole.is_empty() && plain(whole) && fraction.is_none_or(plain);
        sound.then_some(Self { negative, whole, fraction })
    }

    fn write(&self, whole: &str, fraction: Option<&str>) -> String {
        let mut out = String::new();
        if self.negative {
            out.push('-');
        }
        out.push_str(if whole.is_empty() { "0" } else { whole });
        if let Some(fraction) = fraction {
            out.push('.');
            out.push_str(fraction);
        }
        out
    }

    fn zeros(&self) -> Option<String> {
        self.fraction.map(|fraction| "0".repeat(fraction.len()))
    }
}

/// True for numbers whose digits name somebody; rounding them would keep the telling part.
fn is_identifier(label: &Label) -> bool {
    ![Label::INCOME, Label::LOCATION, Label::HEALTH, Label::EMBEDDING].contains(label)
}

fn generalise(rule: &Rule, parts: &Decimal<'_>) -> String {
    if is_identifier(&rule.label) {
        return "0".to_owned();
    }
    if rule.label == Label::LOCATION {
        return degrees(parts, 1);
    }
    let keep = if parts.whole.len() > 2 { 2 } else { parts.whole.len().saturating_sub(1) };
    let mut whole: String = parts.whole.chars().take(keep).collect();
    whole.extend(std::iter::repeat_n('0', parts.whole.len() - keep));
    parts.write(&whole, parts.zeros().as_deref())
}

fn degrees(parts: &Decimal<'_>, decimals: usize) -> String {
    if parts.whole.len() > 3 {
        return "0".to_owned();
    }
    let fraction: Option<String> = parts.fraction.map(|fraction| {
        fraction.chars().enumerate().map(|(i, c)| if i < decimals { c } else { '0' }).collect()
    });
    parts.write(parts.whole, fraction.as_deref().filter(|fraction| !fraction.is_empty()))
}

/// The last digits of what has enough of them, as the text mask keeps them; whole degrees of a
/// location; otherwise nothing.
fn partial(rule: &Rule, parts: &Decimal<'_>) -> Option<String> {
    let label = &rule.label;
    if *label == Label::LOCATION {
        return Some(degrees(parts, 0));
    }
    let (keep, least) = match label {
        _ if *label == Label::PAYMENT_CARD => (4, 12),
        _ if *label == Label::BANK_ACCOUNT => (4, 8),
        _ if *label == Label::PHONE => (2, 5),
        _ if *label == Label::NATIONAL_ID || *label == Label::PASSPORT => (2, 6),
        _ => return None,
    };
    let from = parts.whole.len().checked_sub(keep).filter(|_| parts.whole.len() >= least)?;
    let tail = parts.whole.get(from..)?.trim_start_matches('0');
    Some(parts.write(tail, parts.zeros().as_deref()))
}

fn pseudonym(rule: &Rule, parts: &Decimal<'_>, max: Option<i64>) -> Option<String> {
    permuted(&rule.label, &rule.secret, Way::There, parts, max)
}

/// The greatest number of a type; inner `None` if there is none. `None` for types whose pseudonyms
/// are rounded or constant, so that there is no way back.
fn greatest(kind: Kind) -> Option<Option<i64>> {
    match kind {
        Kind::Int2 => Some(Some(i64::from(i16::MAX))),
        Kind::Int4 => Some(Some(i64::from(i32::MAX))),
        Kind::Int8 => Some(Some(i64::MAX)),
        Kind::Numeric => Some(None),
        Kind::Float4 | Kind::Float8 | Kind::Money => None,
    }
}

/// What a number of this type stands for in a column of another, if it can be a pseudonym. The flag
/// says that its form alone tells that it is one.
pub(crate) fn back(
    kind: Kind,
    column: Kind,
    label: &Label,
    secret: &Secret,
    format: Format,
    value: &[u8],
) -> Option<(Vec<u8>, bool)> {
    let (own, max) = (greatest(kind)?, greatest(column)?);
    let text = match format {
        Format::Text => std::str::from_utf8(value).ok()?.trim().to_owned(),
        Format::Binary => decode(kind, value)?,
    };
    let real = permuted(label, secret, Way::Back, &Decimal::parse(&text)?, max)?;
    let again = permuted(label, secret, Way::There, &Decimal::parse(&real)?, max)?;
    // What a driver sends as a small integer may stand for one that is larger than those.
    let whole = real.split_once('.').map_or(real.as_str(), |(whole, _)| whole);
    let fits = own.is_none_or(|own| whole.parse::<i64>().is_ok_and(|number| number.abs() <= own));
    if again != text || !fits {
        return None;
    }
    let mut out = Vec::new();
    match format {
        Format::Text => out.extend_from_slice(real.as_bytes()),
        Format::Binary => encode(kind, &real, &mut out),
    }
    Some((out, *label == Label::PAYMENT_CARD))
}

/// A number of as many digits, within the type's range; a card has three more. A leading zero
/// stays one (it is only there in `0.05`), and no other digit becomes one, so distinct numbers stay
/// distinct. `None` for what has no pseudonym: fewer than six digits, or no card.
fn permuted(
    label: &Label,
    secret: &Secret,
    way: Way,
    parts: &Decimal<'_>,
    max: Option<i64>,
) -> Option<String> {
    let all = parts.whole.bytes().chain(parts.fraction.unwrap_or_default().bytes());
    let mut digits: Vec<u16> = all.map(|byte| u16::from(byte - b'0')).collect();
    let count = parts.whole.len();
    let spelt = |digits: &[u16]| -> String {
        digits.iter().filter_map(|digit| char::from_digit(u32::from(*digit), 10)).collect()
    };
    let within =
        |whole: &str| max.is_none_or(|max| whole.parse::<i64>().is_ok_and(|number| number <= max));
    if *label == Label::PAYMENT_CARD {
        let plain = parts.fraction.is_none() && !parts.negative;
        let card = spelt(&pseudonym::card_number(secret, way, &digits).filter(|_| plain)?);
        return within(&card).then_some(card);
    }
    let fits = |digits: &[u16]| digits.get(..count).is_none_or(|whole| within(&spelt(whole)));
    // Behind a zero in front nothing can be too large.
    let zero = digits.first() == Some(&0);
    pseudonym::walk_digits(secret, way, b"", &mut digits, |digits| zero || fits(digits))
        .then_some(())?;
    let text = spelt(&digits);
    let (whole, fraction) = text.split_at_checked(count)?;
    Some(parts.write(whole, parts.fraction.map(|_| fraction)))
}

fn float(rule: &Rule, number: f64) -> Option<f64> {
    if !number.is_finite() {
        return None;
    }
    match rule.method {
        MaskMethod::Generalise if rule.label == Label::LOCATION => {
            in_degrees(number, (number * 10.0).trunc() / 10.0)
        }
        MaskMethod::Generalise if !is_identifier(&rule.label) && rule.label != Label::EMBEDDING => {
            let scale = 10f64.powi((number.abs().log10().floor() as i32 - 1).clamp(-300, 300));
            Some(if number == 0.0 { 0.0 } else { (number / scale).trunc() * scale })
        }
        MaskMethod::Partial if rule.label == Label::LOCATION => in_degrees(number, number.trunc()),
        MaskMethod::Pseudonym if rule.label == Label::LOCATION => {
            let drawn = rule.secret.below("degrees", &number.to_be_bytes(), 1_600_000);
            Some(drawn as f64 / 10_000.0 - 80.0)
        }
        MaskMethod::Pseudonym => float_pseudonym(rule, number),
        MaskMethod::Generalise | MaskMethod::Partial | MaskMethod::Full | MaskMethod::Null => None,
    }
}

fn in_degrees(number: f64, masked: f64) -> Option<f64> {
    (number.abs() <= 360.0).then_some(masked)
}

/// The significant digits are permuted, the magnitude stays.
fn float_pseudonym(rule: &Rule, number: f64) -> Option<f64> {
    let text = format!("{number:e}");
    let (mantissa, exponent) = text.split_once('e')?;
    let masked = pseudonym(rule, &Decimal::parse(mantissa)?, None)?;
    format!("{masked}e{exponent}").parse().ok().filter(|masked: &f64| masked.is_finite())
}

/// A number in text rounded to two significant digits, its separators kept: `54,321.00` →
/// `54,000.00`.
pub(crate) fn round_text(value: &str) -> Option<String> {
    let allowed = |c: char| c.is_ascii_digit() || " .,'-+$€£¥".contains(c);
    let value = value.trim();
    let digits = value.chars().filter(char::is_ascii_digit).count();
    if digits == 0 || !value.chars().all(allowed) {
        return None;
    }
    let keep = if digits > 2 { 2 } else { digits - 1 };
    let mut seen = 0;
    let rounded = value.chars().map(|c| {
        seen += usize::from(c.is_ascii_digit());
        if c.is_ascii_digit() && seen > keep { '0' } else { c }
    });
    Some(rounded.collect())
}
