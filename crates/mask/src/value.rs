//! One value through one action: leaves are masked or scanned here, nested values are taken
//! apart by [`crate::nested`] and come back leaf by leaf. Knows no columns.

use crate::{
    bytea,
    column::{Action, Applied, Format, Rule},
    cursor::Cursor,
    ff1::Way,
    json, nested, number, pseudonym, scan,
    shape::Shape,
    shown, text, time,
};
use model::{Label, MaskMethod};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Applies an action to a value. May leave bytes in `out` when the answer is not `Masked`; the
/// caller cuts them off.
pub(crate) fn apply(
    action: &Action,
    shape: &Shape,
    format: Format,
    value: &[u8],
    out: &mut Vec<u8>,
) -> Applied {
    match action {
        Action::Pass => return Applied::Raw,
        Action::Null => return Applied::Null,
        Action::Scan | Action::Mask(_) | Action::Back(_) | Action::Tell(_) => {}
    }
    match shape {
        Shape::Array { element, delimiter } => match format {
            Format::Text => nested::array_text(action, element, *delimiter, value, out),
            Format::Binary => nested::array_binary(action, element, value, out),
        },
        Shape::Composite(fields) => match format {
            Format::Text => nested::composite_text(action, Some(fields), value, out),
            Format::Binary => nested::composite_binary(action, fields, value, out),
        },
        Shape::Record => match format {
            Format::Text => nested::composite_text(action, None, value, out),
            Format::Binary => nested::composite_binary(action, &[], value, out),
        },
        Shape::Text
        | Shape::Identifier
        | Shape::Char
        | Shape::Json { .. }
        | Shape::Bytes
        | Shape::Bool
        | Shape::Number(_)
        | Shape::Time(_)
        | Shape::Uuid
        | Shape::Network
        | Shape::Mac
        | Shape::Point
        | Shape::Bits
        | Shape::Lexemes
        | Shape::Vector
        | Shape::Constant { .. }
        | Shape::Closed
        | Shape::Range(_)
        | Shape::Multirange(_)
        | Shape::Opaque => match action {
            Action::Pass => Applied::Raw,
            Action::Scan => scan_leaf(shape, format, value, out),
            Action::Mask(rule) => mask_leaf(rule, shape, format, value, out),
            Action::Back(returning) => returning.leaf(shape, format, value, out),
            Action::Tell(label) => shown::leaf(label, shape, format, value),
            Action::Null => Applied::Null,
        },
    }
}

fn scan_leaf(shape: &Shape, format: Format, value: &[u8], out: &mut Vec<u8>) -> Applied {
    match shape {
        Shape::Text => json::scan_text(value, out),
        Shape::Json { versioned } => json_body(*versioned, format, value, out, json::scan),
        Shape::Bytes => bytea::scan(format, value, out),
        Shape::Opaque if format == Format::Text => json::scan_text(value, out),
        Shape::Lexemes if format == Format::Text => scan::text(value, out),
        // The pieces of these are counted or ordered, so they cannot be changed in place.
        Shape::Lexemes => whole_if_found(value, out, |out| constant(shape, format, out)),
        Shape::Range(_) | Shape::Multirange(_) | Shape::Constant { words: true, .. } => {
            whole_if_found(value, out, |out| constant(shape, format, out))
        }
        Shape::Opaque => whole_if_found(value, out, |_| Applied::Null),
        Shape::Array { .. }
        | Shape::Composite(_)
        | Shape::Record
        | Shape::Identifier
        | Shape::Char
        | Shape::Bool
        | Shape::Number(_)
        | Shape::Time(_)
        | Shape::Uuid
        | Shape::Network
        | Shape::Mac
        | Shape::Point
        | Shape::Bits
        | Shape::Vector
        | Shape::Constant { words: false, .. }
        | Shape::Closed => Applied::Raw,
    }
}

fn whole_if_found(
    value: &[u8],
    out: &mut Vec<u8>,
    instead: impl FnOnce(&mut Vec<u8>) -> Applied,
) -> Applied {
    let start = out.len();
    let applied = scan::text(value, out);
    out.truncate(start);
    if applied == Applied::Raw { Applied::Raw } else { instead(out) }
}

fn mask_leaf(
    rule: &Rule,
    shape: &Shape,
    format: Format,
    value: &[u8],
    out: &mut Vec<u8>,
) -> Applied {
    match shape {
        Shape::Text | Shape::Identifier => return mask_text(rule, value, out),
        Shape::Json { versioned } => {
            return json_body(*versioned, format, value, out, |text, out| {
                json::mask(rule, text, out)
            });
        }
        Shape::Bytes => return bytea::mask(rule, format, value, out),
        Shape::Number(kind) => number::mask(*kind, rule, format, value, out),
        Shape::Time(kind) => time::mask(*kind, rule, format, value, out),
        Shape::Uuid => uuid(rule, format, value, out),
        Shape::Network => network(rule, format, value, out),
        Shape::Mac => mac(rule, format, value, out),
        Shape::Point => point(rule, format, value, out),
        Shape::Bits => match format {
            Format::Text => out.resize(out.len() + value.len(), b'0'),
            Format::Binary => {
                out.extend_from_slice(value.get(..4).unwrap_or(&[0; 4]));
                out.resize(out.len() + value.len().saturating_sub(4), 0);
            }
        },
        Shape::Vector => return vector(format, value, out),
        Shape::Char
        | Shape::Bool
        | Shape::Lexemes
        | Shape::Constant { .. }
        | Shape::Closed
        | Shape::Array { .. }
        | Shape::Composite(_)
        | Shape::Record
        | Shape::Range(_)
        | Shape::Multirange(_)
        | Shape::Opaque => return constant(shape, format, out),
    }
    Applied::Masked
}

/// The constant of forms that have one whatever the label; NULL for the rest.
fn constant(shape: &Shape, format: Format, out: &mut Vec<u8>) -> Applied {
    let (text, binary): (&[u8], &[u8]) = match shape {
        Shape::Char => (b"*", b"*"),
        Shape::Bool => (b"f", &[0]),
        Shape::Lexemes => (b"'***'", b"\0\0\0\x01***\0\0\0"),
        Shape::Constant { text, binary, .. } => (text.as_bytes(), binary),
        // The flag byte 1 says "empty"; a multirange is a count of ranges.
        Shape::Range(_) => (b"empty", &[1]),
        Shape::Multirange(_) => (b"{}", &[0; 4]),
        Shape::Text
        | Shape::Identifier
        | Shape::Json { .. }
        | Shape::Bytes
        | Shape::Number(_)
        | Shape::Time(_)
        | Shape::Uuid
        | Shape::Network
        | Shape::Mac
        | Shape::Point
        | Shape::Bits
        | Shape::Vector
        | Shape::Closed
        | Shape::Array { .. }
        | Shape::Composite(_)
        | Shape::Record
        | Shape::Opaque => return Applied::Null,
    };
    out.extend_from_slice(match format {
        Format::Text => text,
        Format::Binary => binary,
    });
    Applied::Masked
}

/// Text under a rule; text that is not UTF-8 cannot be cut safely and becomes the constant.
pub(crate) fn mask_text(rule: &Rule, value: &[u8], out: &mut Vec<u8>) -> Applied {
    match std::str::from_utf8(value) {
        Ok(value) => {
            let kept = text::mask(&rule.label, rule.method, &rule.secret, value, out);
            if kept { Applied::Masked } else { Applied::Null }
        }
        Err(_) => {
            out.extend_from_slice(text::CONSTANT.as_bytes());
            Applied::Masked
        }
    }
}

fn json_body(
    versioned: bool,
    format: Format,
    value: &[u8],
    out: &mut Vec<u8>,
    body: impl FnOnce(&[u8], &mut Vec<u8>) -> Applied,
) -> Applied {
    if !(versioned && format == Format::Binary) {
        return body(value, out);
    }
    // Version 1 is the only one there is; another would hold what nobody here can read.
    let Some((1, text)) = value.split_first().map(|(version, text)| (*version, text)) else {
        return Applied::Null;
    };
    out.push(1);
    body(text, out)
}

fn uuid(rule: &Rule, format: Format, value: &[u8], out: &mut Vec<u8>) {
    let bytes = match format {
        Format::Text => parse_uuid(value),
        Format::Binary => value.try_into().ok(),
    };
    let masked = match (rule.method, bytes) {
        (MaskMethod::Pseudonym, Some(bytes)) => {
            let bytes: [u8; 16] = bytes;
            pseudonym::uuid(&rule.secret, Way::There, bytes)
        }
        _ => [0; 16],
    };
    write_uuid(format, &masked, out);
}

pub(crate) fn write_uuid(format: Format, uuid: &[u8; 16], out: &mut Vec<u8>) {
    match format {
        Format::Binary => out.extend_from_slice(uuid),
        Format::Text => {
            for (place, byte) in uuid.iter().enumerate() {
                if matches!(place, 4 | 6 | 8 | 10) {
                    out.push(b'-');
                }
                let hex = |half: u8| if half < 10 { b'0' + half } else { b'a' + (half - 10) };
                out.extend_from_slice(&[hex(byte >> 4), hex(byte & 15)]);
            }
        }
    }
}

fn parse_uuid(value: &[u8]) -> Option<[u8; 16]> {
    let digits: Vec<u8> = value.iter().filter(|byte| **byte != b'-').copied().collect();
    bytea::unhex(&digits)?.try_into().ok()
}

/// The first half of an IPv4 address or the first two groups of an IPv6 one are kept by
/// `generalise` and `partial` of network addresses; the host part is zero.
fn network(rule: &Rule, format: Format, value: &[u8], out: &mut Vec<u8>) {
    let (address, is_net) = match format {
        Format::Text => {
            let text = std::str::from_utf8(value).unwrap_or_default();
            let (host, net) = text.split_once('/').map_or((text, false), |(host, _)| (host, true));
            (host.parse::<IpAddr>().ok(), net)
        }
        Format::Binary => binary_address(value).map_or((None, false), |(a, net)| (Some(a), net)),
    };
    let showing = matches!(rule.method, MaskMethod::Generalise | MaskMethod::Partial)
        && rule.label == Label::NETWORK_ADDRESS;
    let (masked, bits) = match (address, rule.method) {
        (Some(IpAddr::V4(v4)), _) if showing => {
            let [a, b, _, _] = v4.octets();
            (IpAddr::V4(Ipv4Addr::new(a, b, 0, 0)), 16)
        }
        (Some(IpAddr::V6(v6)), _) if showing => {
            let [a, b, ..] = v6.segments();
            (IpAddr::V6(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0)), 32)
        }
        (Some(IpAddr::V4(v4)), MaskMethod::Pseudonym) => {
            (IpAddr::V4(pseudonym::v4(&rule.secret, v4.to_string().as_bytes())), 32)
        }
        (Some(IpAddr::V6(v6)), MaskMethod::Pseudonym) => {
            (IpAddr::V6(pseudonym::v6(&rule.secret, v6.to_string().as_bytes())), 128)
        }
        _ => (IpAddr::V4(Ipv4Addr::UNSPECIFIED), 32),
    };
    match format {
        Format::Text if is_net => out.extend_from_slice(format!("{masked}/{bits}").as_bytes()),
        Format::Text => out.extend_from_slice(masked.to_string().as_bytes()),
        Format::Binary => {
            let is_cidr = value.get(2).is_some_and(|flag| *flag != 0);
            write_address(masked, is_net.then_some(bits), is_cidr, out);
        }
    }
}

const AF_INET: u8 = 2;
const AF_INET6: u8 = 3;

/// `inet_send`: family, bits, is-cidr, length, address. Answers whether it is a network, written
/// with a slash in text.
fn binary_address(value: &[u8]) -> Option<(IpAddr, bool)> {
    let mut cursor = Cursor::new(value);
    let [family, bits, is_cidr, _length] = cursor.array()?;
    let address = match family {
        AF_INET => IpAddr::from(cursor.array::<4>()?),
        AF_INET6 => IpAddr::from(cursor.array::<16>()?),
        _ => return None,
    };
    let whole = if address.is_ipv4() { 32 } else { 128 };
    Some((address, is_cidr != 0 || bits < whole))
}

fn write_address(address: IpAddr, bits: Option<u8>, is_cidr: bool, out: &mut Vec<u8>) {
    match address {
        IpAddr::V4(v4) => {
            out.extend_from_slice(&[AF_INET, bits.unwrap_or(32), u8::from(is_cidr), 4]);
            out.extend_from_slice(&v4.octets());
        }
        IpAddr::V6(v6) => {
            out.extend_from_slice(&[AF_INET6, bits.unwrap_or(128), u8::from(is_cidr), 16]);
            out.extend_from_slice(&v6.octets());
        }
    }
}

/// The maker's three bytes are kept by `generalise` and `partial`; a pseudonym is a locally
/// administered address.
fn mac(rule: &Rule, format: Format, value: &[u8], out: &mut Vec<u8>) {
    let digits: Vec<u8> = value.iter().copied().filter(u8::is_ascii_hexdigit).collect();
    let mut bytes = match format {
        Format::Text => bytea::unhex(&digits).unwrap_or_default(),
        Format::Binary => value.to_vec(),
    };
    if bytes.len() != 8 {
        bytes.resize(6, 0);
    }
    let keep = match rule.method {
        MaskMethod::Generalise | MaskMethod::Partial if rule.label == Label::NETWORK_ADDRESS => 3,
        MaskMethod::Generalise
        | MaskMethod::Partial
        | MaskMethod::Pseudonym
        | MaskMethod::Full
        | MaskMethod::Null => 0,
    };
    let stream = match rule.method {
        MaskMethod::Pseudonym => rule.secret.prf("mac", &bytes),
        MaskMethod::Generalise | MaskMethod::Partial | MaskMethod::Full | MaskMethod::Null => {
            [0; 32]
        }
    };
    for (place, (byte, new)) in bytes.iter_mut().zip(stream).enumerate() {
        if place >= keep {
            *byte = new;
        }
        if place == 0 && rule.method == MaskMethod::Pseudonym {
            *byte = *byte & 0xFC | 0x02;
        }
    }
    match format {
        Format::Binary => out.extend_from_slice(&bytes),
        Format::Text => {
            let groups: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            out.extend_from_slice(groups.join(":").as_bytes());
        }
    }
}

/// Both coordinates as numbers, if the label is a location; else the origin.
fn point(rule: &Rule, format: Format, value: &[u8], out: &mut Vec<u8>) {
    let mut parts = [[0u8; 8]; 2];
    let known = rule.label == Label::LOCATION;
    let coordinates = match format {
        Format::Binary => value.split_first_chunk::<8>().and_then(|(x, rest)| {
            Some([f64::from_be_bytes(*x), f64::from_be_bytes(rest.try_into().ok()?)])
        }),
        Format::Text => std::str::from_utf8(value).ok().and_then(|text| {
            let (x, y) = text.strip_prefix('(')?.strip_suffix(')')?.split_once(',')?;
            Some([x.parse().ok()?, y.parse().ok()?])
        }),
    };
    if let Some(coordinates) = coordinates.filter(|_| known) {
        for (part, number) in parts.iter_mut().zip(coordinates) {
            let mut bytes = Vec::with_capacity(8);
            let raw = number.to_be_bytes();
            number::mask(number::Kind::Float8, rule, Format::Binary, &raw, &mut bytes);
            *part = bytes.try_into().unwrap_or_default();
        }
    }
    match format {
        Format::Binary => out.extend(parts.iter().flatten()),
        Format::Text => {
            let [x, y] = parts.map(f64::from_be_bytes);
            out.extend_from_slice(format!("({x},{y})").as_bytes());
        }
    }
}

/// As many zeros as there were numbers, so that the column keeps its dimension.
fn vector(format: Format, value: &[u8], out: &mut Vec<u8>) -> Applied {
    match format {
        Format::Text => {
            let count = value.split(|byte| *byte == b',').count();
            out.push(b'[');
            for place in 0..count {
                out.extend_from_slice(if place == 0 { b"0" } else { b",0" });
            }
            out.push(b']');
        }
        Format::Binary => {
            let Some((head, numbers)) = value.split_at_checked(4) else {
                return Applied::Null;
            };
            out.extend_from_slice(head);
            out.resize(out.len() + numbers.len(), 0);
        }
    }
    Applied::Masked
}
