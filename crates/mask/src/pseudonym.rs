//! Keyed stand-ins of the same shape, and the way back. The one place that decides what a
//! pseudonym of a text looks like; knows no types and no formats.
//!
//! Everything that can be turned back is a permutation by FF1, so that distinct values have
//! distinct pseudonyms. There are three kinds:
//!
//! - *sealed* ([`sealed`], [`name`]): the value itself, enciphered together with zeros that prove
//!   on the way back that it was Weir who did it. Longer than the value.
//! - *marked* ([`card`], [`shaped::iban`]): of a form that no real value can have.
//! - *plain* ([`shaped`]): of the same form as the value, and so not told from a real one.

use crate::{ff1::Way, key::Secret, time};
use model::Label;
use std::net::{Ipv4Addr, Ipv6Addr};

mod card;
mod name;
mod sealed;
mod shaped;

pub(crate) use card::number as card_number;
pub(crate) use shaped::walk_digits;

/// What a text was turned back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Back {
    /// The value.
    pub(crate) value: String,
    /// Its form alone says that the text was a pseudonym.
    pub(crate) certain: bool,
}

/// A stand-in for text under this label. Spaces at the end do not count: PostgreSQL fills
/// `character(n)` up with them.
pub(crate) fn text(label: &Label, secret: &Secret, value: &str) -> String {
    let value = value.trim_end_matches(' ');
    if *label == Label::NETWORK_ADDRESS {
        match value.parse::<std::net::IpAddr>() {
            Ok(std::net::IpAddr::V4(_)) => return v4(secret, value.as_bytes()).to_string(),
            Ok(std::net::IpAddr::V6(_)) => return v6(secret, value.as_bytes()).to_string(),
            Err(_) => {}
        }
    }
    let form = match label {
        _ if *label == Label::EMAIL => Some(sealed::email(secret, value)),
        _ if *label == Label::PERSON_NAME => name::there(secret, value),
        _ if *label == Label::PAYMENT_CARD => card::there(secret, value),
        _ if *label == Label::BIRTH_DATE => date(secret, Way::There, value),
        _ if *label == Label::BANK_ACCOUNT => shaped::iban(secret, Way::There, value)
            .or_else(|| shaped::text(secret, Way::There, value)),
        _ if *label == Label::PHONE => shaped::phone(secret, Way::There, value),
        _ if keeps_shape(label) => shaped::text(secret, Way::There, value),
        _ => None,
    };
    form.unwrap_or_else(|| sealed::token(secret, value))
}

/// What this text stands for under this label, if it is a pseudonym of this very key. Whatever is
/// found is made into a pseudonym again and must be the same text, so that nothing is turned back
/// that was not, letter by letter, what Weir itself would have shown.
pub(crate) fn back(label: &Label, secret: &Secret, pseudonym: &str) -> Option<Back> {
    let certain: [Option<String>; 5] = [
        sealed::open_token(secret, pseudonym),
        sealed::open_email(secret, pseudonym).filter(|_| *label == Label::EMAIL),
        name::back(secret, pseudonym).filter(|_| *label == Label::PERSON_NAME),
        card::back(secret, pseudonym).filter(|_| *label == Label::PAYMENT_CARD),
        shaped::iban(secret, Way::Back, pseudonym).filter(|_| *label == Label::BANK_ACCOUNT),
    ];
    let plain = match label {
        _ if *label == Label::BIRTH_DATE => date(secret, Way::Back, pseudonym),
        _ if *label == Label::PHONE => shaped::phone(secret, Way::Back, pseudonym),
        _ if keeps_shape(label) => shaped::text(secret, Way::Back, pseudonym),
        _ => None,
    };
    let certain = certain.into_iter().flatten().map(|value| Back { value, certain: true });
    let all = certain.chain(plain.map(|value| Back { value, certain: false }));
    all.into_iter().find(|found| text(label, secret, &found.value) == pseudonym)
}

fn keeps_shape(label: &Label) -> bool {
    [
        Label::BANK_ACCOUNT,
        Label::NATIONAL_ID,
        Label::PASSPORT,
        Label::DRIVING_LICENCE,
        Label::INCOME,
        Label::LOCATION,
        Label::BIRTH_DATE,
    ]
    .contains(label)
}

fn date(secret: &Secret, way: Way, value: &str) -> Option<String> {
    let Some(days) = time::parse_date(value) else { return shaped::text(secret, way, value) };
    time::permute_day(secret, way, days).map(time::format_date)
}

/// An address in 10.0.0.0/8. Not turned back: no reserved range is as large as all addresses.
pub(crate) fn v4(secret: &Secret, value: &[u8]) -> Ipv4Addr {
    let [a, b, c, ..] = secret.prf("ipv4", value);
    Ipv4Addr::new(10, a, b, c)
}

/// An address in fd00::/8. Not turned back.
pub(crate) fn v6(secret: &Secret, value: &[u8]) -> Ipv6Addr {
    let bytes = secret.prf("ipv6", value);
    let mut octets = bytes.first_chunk::<16>().copied().unwrap_or_default();
    octets[0] = 0xFD;
    Ipv6Addr::from(octets)
}

/// A UUID of the same version and variant: the other 122 bits are permuted.
pub(crate) fn uuid(secret: &Secret, way: Way, value: [u8; 16]) -> [u8; 16] {
    const KEPT: [(usize, u8); 2] = [(6, 0xF0), (8, 0xC0)];
    let kept = |place: usize| KEPT.iter().find(|(at, _)| *at == place).map_or(0, |(_, mask)| *mask);
    let free = |place: usize, bit: u8| kept(place) & (0x80 >> bit) == 0;
    let places = || (0..16usize).flat_map(|place| (0..8u8).map(move |bit| (place, bit)));
    let tweak: Vec<u8> = value.iter().enumerate().map(|(place, byte)| byte & kept(place)).collect();
    let at = |bytes: &[u8; 16], place: usize| bytes.get(place).copied().unwrap_or_default();
    let mut bits: Vec<u16> = places()
        .filter(|(place, bit)| free(*place, *bit))
        .map(|(place, bit)| u16::from(at(&value, place) & (0x80 >> bit) != 0))
        .collect();
    secret.permute(way, 2, &tweak, &mut bits);
    let mut out: [u8; 16] = tweak.try_into().unwrap_or_default();
    for ((place, bit), new) in places().filter(|(place, bit)| free(*place, *bit)).zip(bits) {
        if let Some(byte) = out.get_mut(place).filter(|_| new != 0) {
            *byte |= 0x80 >> bit;
        }
    }
    out
}

#[cfg(test)]
mod tests;
