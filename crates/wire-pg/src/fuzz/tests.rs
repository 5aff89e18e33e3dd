//! The fuzz bodies over seeded random bytes: bounded, and the same every time.

use super::*;

/// Rounds per body; about a second in a debug build.
const ROUNDS: u64 = 60_000;

/// SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators").
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    /// Bytes that lean towards what the protocol is made of: small numbers, NULs, text, -1.
    fn bytes(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        for _ in 0..self.below(12) {
            match self.below(6) {
                0 => out.push(0),
                1 => out.extend(u16::try_from(self.below(4)).unwrap().to_be_bytes()),
                2 => out.extend(u32::try_from(self.below(6)).unwrap().to_be_bytes()),
                3 => out.extend([0xff; 4]),
                4 => out.extend([b'S', b'x', b'P'].iter().take(self.below(4))),
                _ => out.push(u8::try_from(self.below(256)).unwrap()),
            }
        }
        out
    }
}

fn rounds(seed: u64, tags: &[u8], body: impl Fn(&[u8])) {
    let mut random = Random(seed);
    for _ in 0..ROUNDS {
        let mut data = random.bytes();
        if !tags.is_empty() {
            data.insert(0, tags[random.below(tags.len())]);
        }
        body(&data);
    }
}

#[test]
fn random_frontend_messages() {
    let tags: Vec<u8> =
        (0..=255).filter(|tag| crate::frontend::Tag::from_byte(*tag).is_some()).collect();
    rounds(1, &tags, frontend);
}

#[test]
fn random_backend_messages() {
    let tags: Vec<u8> =
        (0..=255).filter(|tag| crate::backend::Tag::from_byte(*tag).is_some()).collect();
    rounds(2, &tags, backend);
}

#[test]
fn random_frames() {
    rounds(3, &[], frames);
    rounds(4, b"QDT", frames);
}

#[test]
fn random_first_packets() {
    rounds(5, &[], handshake);
    // The same with a length that fits and a code that means something, so that the inside is met.
    rounds(6, &[], |data| {
        for code in [
            crate::handshake::VERSION_3_0,
            crate::handshake::VERSION_3_2,
            crate::handshake::SSL_REQUEST,
            crate::handshake::CANCEL_REQUEST,
        ] {
            let mut packet = u32::try_from(data.len() + 8).unwrap().to_be_bytes().to_vec();
            packet.extend(code.to_be_bytes());
            packet.extend(data);
            handshake(&packet);
        }
    });
}

/// A test that cannot fail would be worth nothing: random messages do reach the insides.
#[test]
fn random_messages_are_sometimes_well_formed() {
    let mut random = Random(7);
    let mut binds = 0;
    let mut rows = 0;
    for _ in 0..ROUNDS {
        let data = random.bytes();
        binds += u32::from(crate::frontend::Bind::parse(&data).is_ok());
        rows += u32::from(
            crate::backend::DataRow::parse(&data).is_ok_and(|row| !row.values.is_empty()),
        );
    }
    assert!(binds > 50 && rows > 50, "{binds} binds, {rows} rows");
}
