//! Email addresses and their places around `@`. Knows no other kinds.

use super::{Hit, Kind};

const MAX_LOCAL: usize = 64;
const MAX_HOST: usize = 253;

/// The address around an `@`.
pub(super) fn find(value: &[u8], at: usize) -> Option<Hit> {
    around(value, at).map(|(start, end)| Hit { start, end, kind: Kind::Email })
}

fn around(value: &[u8], at: usize) -> Option<(usize, usize)> {
    let (before, after) = value.split_at_checked(at)?;
    let after = after.get(1..)?;
    let start = at - local_length(before);
    // A dot or quote in front belongs to the sentence, not to the address.
    let skipped = before.get(start..)?.iter().take_while(|byte| b".'-%".contains(byte)).count();
    let start = start + skipped;
    if start == at || value.get(at - 1) == Some(&b'.') {
        return None;
    }
    let host = after.get(..host_length(after))?;
    let trailing = host.iter().rev().take_while(|byte| b".-".contains(byte)).count();
    let host = host.get(..host.len() - trailing)?;
    let dot = memchr::memrchr(b'.', host)?;
    let (name, top) = (host.get(..dot)?, host.get(dot + 1..)?);
    let letters = top.iter().all(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80);
    let sound = !name.is_empty() && top.len() >= 2 && letters && !is_file(name, top);
    // `git@host:path` names a machine's account, never a person's.
    let is_git = before.get(start..) == Some(b"git");
    (sound && !is_git).then_some((start, at + 1 + host.len()))
}

/// Bytes of a local part at the end of `before`. Letters outside ASCII count if they take two
/// bytes (Latin, Greek, Cyrillic, …): in scripts that write without spaces the words in front
/// would run into the address.
fn local_length(before: &[u8]) -> usize {
    let mut length = 0;
    let mut bytes = before.iter().rev();
    while let Some(byte) = bytes.next().filter(|_| length < MAX_LOCAL) {
        if has(*byte, LOCAL) {
            length += 1;
        } else if bytes.next().is_some_and(|lead| is_letter(*lead, *byte)) {
            length += 2;
        } else {
            break;
        }
    }
    length
}

/// Bytes of a host name at the start of `after`.
fn host_length(after: &[u8]) -> usize {
    let mut length = 0;
    let mut bytes = after.iter();
    while let Some(byte) = bytes.next().filter(|_| length < MAX_HOST) {
        if has(*byte, HOST) {
            length += 1;
        } else if bytes.next().is_some_and(|tail| is_letter(*byte, *tail)) {
            length += 2;
        } else {
            break;
        }
    }
    length
}

/// May stand in a local part.
const LOCAL: u8 = 1;
/// May stand in the name of a host.
const HOST: u8 = 2;

static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let (mut rest, mut byte) = (classes.as_mut_slice(), 0u8);
    while let Some((class, more)) = rest.split_first_mut() {
        *class = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' => LOCAL | HOST,
            b'_' | b'%' | b'+' | b'\'' => LOCAL,
            _ => 0,
        };
        rest = more;
        byte = byte.wrapping_add(1);
    }
    classes
};

#[inline(always)]
fn has(byte: u8, class: u8) -> bool {
    CLASSES.get(usize::from(byte)).is_some_and(|classes| classes & class != 0)
}

/// True for the two bytes of a UTF-8 character from U+00C0 to U+07FF.
fn is_letter(lead: u8, tail: u8) -> bool {
    (0xC3..=0xDF).contains(&lead) && (0x80..=0xBF).contains(&tail)
}

/// `logo@2x.png` is a picture for screens of twice the density.
fn is_file(name: &[u8], top: &[u8]) -> bool {
    let scale = matches!(name, [b'1'..=b'9', b'x']);
    scale && [b"png".as_slice(), b"jpg", b"jpeg", b"gif", b"webp", b"svg"].contains(&top)
}
