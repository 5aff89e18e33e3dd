//! Values enciphered whole: FF1 over their bytes (radix 256), with zeros in front that must come
//! back. Emails and tokens are two spellings of it. Knows no labels.

use crate::{ff1::Way, key::Secret};

/// Zeros in front of a value. A text that is none of Weir's passes for one with probability 2^-40.
const PROOF: [u8; 5] = [0; 5];
/// Longer values get a token that cannot be turned back: bytes. FF1 takes time by the square of
/// the length.
const MAX_BYTES: usize = 256;
/// Thirty-two letters and digits that are not mistaken for one another.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// What a token begins with.
const MARK: &str = "p_";
/// Reserved by RFC 2606: nobody's mail arrives there.
const HOST: &str = "example.com";
/// The longest piece of an address that is made up here; RFC 5321 allows 64 characters before the
/// `@`, RFC 1035 63 between dots.
const PIECE: usize = 60;

/// `p_` and the enciphered value.
pub(super) fn token(secret: &Secret, value: &str) -> String {
    format!("{MARK}{}", spell(&seal(secret, b"token", value.as_bytes())))
}

pub(super) fn open_token(secret: &Secret, token: &str) -> Option<String> {
    open(secret, b"token", &unspell(token.strip_prefix(MARK)?)?)
}

/// An address at `example.com`; what does not fit in front of the `@` goes into host names.
pub(super) fn email(secret: &Secret, value: &str) -> String {
    let body = spell(&seal(secret, b"email", value.as_bytes()));
    let (local, mut rest) = body.split_at_checked(PIECE).unwrap_or((&body, ""));
    let mut address = format!("{MARK}{local}@");
    while !rest.is_empty() {
        let (piece, more) = rest.split_at_checked(PIECE).unwrap_or((rest, ""));
        address.push_str(piece);
        address.push('.');
        rest = more;
    }
    address.push_str(HOST);
    address
}

pub(super) fn open_email(secret: &Secret, address: &str) -> Option<String> {
    let (local, host) = address.strip_prefix(MARK)?.split_once('@')?;
    let pieces = host.strip_suffix(HOST)?;
    let body = format!("{local}{}", pieces.replace('.', ""));
    open(secret, b"email", &unspell(&body)?)
}

/// Enciphers. What is too long becomes ten bytes by HMAC instead, equal for two values by chance
/// once in 2^80.
fn seal(secret: &Secret, tweak: &[u8], value: &[u8]) -> Vec<u8> {
    if value.len() > MAX_BYTES {
        return secret.prf("long", value).into_iter().take(10).collect();
    }
    permuted(secret, Way::There, tweak, PROOF.iter().chain(value))
}

/// Deciphers; `None` for what was not enciphered here.
fn open(secret: &Secret, tweak: &[u8], sealed: &[u8]) -> Option<String> {
    if sealed.len() > MAX_BYTES + PROOF.len() || sealed.len() < PROOF.len() {
        return None;
    }
    let bytes = permuted(secret, Way::Back, tweak, sealed.iter());
    String::from_utf8(bytes.strip_prefix(&PROOF)?.to_vec()).ok()
}

/// FF1 over bytes.
pub(super) fn permuted<'a>(
    secret: &Secret,
    way: Way,
    tweak: &[u8],
    bytes: impl Iterator<Item = &'a u8>,
) -> Vec<u8> {
    let mut numerals: Vec<u16> = bytes.map(|byte| u16::from(*byte)).collect();
    secret.permute(way, 256, tweak, &mut numerals);
    numerals.into_iter().map(|numeral| u8::try_from(numeral).unwrap_or_default()).collect()
}

/// Five bits a letter, the last letter filled up with zeros.
fn spell(bytes: &[u8]) -> String {
    let letter = |value: u32| {
        let place = usize::try_from(value & 31).unwrap_or_default();
        ALPHABET.get(place).copied().map_or('?', char::from)
    };
    let mut text = String::with_capacity(bytes.len().saturating_mul(8).div_ceil(5));
    let (mut held, mut bits) = (0u32, 0);
    for byte in bytes {
        // At most four bits are held from before.
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(letter(held >> bits));
        }
    }
    if bits > 0 {
        text.push(letter(held << (5 - bits)));
    }
    text
}

fn unspell(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    let (mut held, mut bits) = (0u32, 0);
    for letter in text.bytes() {
        let value = ALPHABET.iter().position(|known| *known == letter)?;
        held = held << 5 | u32::try_from(value).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits).ok()?);
            held &= (1 << bits) - 1;
        }
    }
    Some(bytes)
}
