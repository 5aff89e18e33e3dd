//! `bytea` that is text: found, scanned and masked as text. Other bytes are data. Knows no labels.

use crate::{
    column::{Applied, Format, Rule},
    scan,
    value::mask_text,
};

/// Scans bytes that are printable text; relays all others.
pub(crate) fn scan(format: Format, value: &[u8], out: &mut Vec<u8>) -> Applied {
    match format {
        Format::Binary if is_text(value) => scan::text(value, out),
        Format::Binary => Applied::Raw,
        Format::Text => {
            let Some(bytes) = decode(value) else {
                return Applied::Null;
            };
            let mut plain = Vec::new();
            if !is_text(&bytes) || scan::text(&bytes, &mut plain) == Applied::Raw {
                return Applied::Raw;
            }
            hex(&plain, out);
            Applied::Masked
        }
    }
}

/// Masks bytes that are text as text, others by the constant.
pub(crate) fn mask(rule: &Rule, format: Format, value: &[u8], out: &mut Vec<u8>) -> Applied {
    let decoded = match format {
        Format::Text => decode(value),
        Format::Binary => Some(value.to_vec()),
    };
    let plain = decoded.filter(|bytes| is_text(bytes)).unwrap_or_else(|| b"\xFF".to_vec());
    match format {
        Format::Binary => mask_text(rule, &plain, out),
        Format::Text => {
            let mut masked = Vec::new();
            let applied = mask_text(rule, &plain, &mut masked);
            hex(&masked, out);
            applied
        }
    }
}

/// UTF-8 without control characters other than tabs and line ends.
fn is_text(bytes: &[u8]) -> bool {
    let control = |byte: &u8| *byte < 32 && !matches!(*byte, b'\t' | b'\n' | b'\r');
    // The first bytes of pictures, archives and ciphertext decide at once.
    !bytes.iter().take(64).any(control)
        && std::str::from_utf8(bytes).is_ok()
        && !bytes.iter().any(control)
}

/// The bytes of `bytea` in text: `\x…`, or the escape form.
pub(crate) fn decode(value: &[u8]) -> Option<Vec<u8>> {
    if let Some(digits) = value.strip_prefix(b"\\x") {
        return unhex(digits);
    }
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((byte, tail)) = rest.split_first() {
        if *byte != b'\\' {
            out.push(*byte);
            rest = tail;
        } else if let Some(tail) = tail.strip_prefix(b"\\") {
            out.push(b'\\');
            rest = tail;
        } else {
            let (octal, tail) = tail.split_first_chunk::<3>()?;
            let [a, b, c] = octal.map(|digit| digit.wrapping_sub(b'0'));
            if a > 3 || b > 7 || c > 7 {
                return None;
            }
            out.push(a << 6 | b << 3 | c);
            rest = tail;
        }
    }
    Some(out)
}

/// Bytes of hexadecimal digits in either case.
pub(crate) fn unhex(digits: &[u8]) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

/// Appends the hexadecimal text of `bytea`.
pub(crate) fn hex(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.extend_from_slice(b"\\x");
    out.extend(bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|half| {
        // A half byte is always below sixteen.
        DIGITS.get(usize::from(half)).copied().unwrap_or(b'0')
    }));
}
