//! Codes that a device makes of a shared secret and the time (RFC 6238, with the numbers that every
//! authenticator knows: SHA-1, six digits, thirty seconds). Knows no store: which code was used
//! before is the caller's to remember.

use crate::{IdentityError, Secret, secret::random_bytes};
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
};
use std::{
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// How long a code is good: seconds.
const STEP: u64 = 30;
/// How many steps before and behind the present one count, for clocks that differ.
const AROUND: u64 = 1;
/// Codes have six digits.
const CODES: u32 = 1_000_000;
/// Bytes of a secret: as many as SHA-1 makes (RFC 4226 section 4).
const BYTES: usize = 20;
/// Codes for when the device is gone.
const RECOVERY_CODES: usize = 10;
/// Letters and digits of one of those: 80 bits.
const RECOVERY_DIGITS: usize = 16;
const RECOVERY_GROUP: usize = 4;
/// Base 32 (RFC 4648).
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What a device and Weir share.
pub struct Totp(Zeroizing<[u8; BYTES]>);

impl fmt::Debug for Totp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Totp {
    /// A new one.
    pub fn generate() -> Result<Self, IdentityError> {
        let mut bytes = Zeroizing::new([0; BYTES]);
        random_bytes(bytes.as_mut_slice())?;
        Ok(Self(bytes))
    }

    /// As it is kept: encrypted (AES-256-GCM), and bound to whose it is.
    pub fn seal(&self, key: &[u8; 32], whose: &str) -> Result<Vec<u8>, IdentityError> {
        let mut nonce = [0; NONCE_LEN];
        random_bytes(&mut nonce)?;
        let mut bytes = self.0.to_vec();
        let sealed = cipher(key)?.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(whose),
            &mut bytes,
        );
        sealed.map_err(|_| IdentityError::NotASecret)?;
        Ok([nonce.as_slice(), &bytes].concat())
    }

    /// The same back; an error if it was changed, or is somebody else's.
    pub fn open(sealed: &[u8], key: &[u8; 32], whose: &str) -> Result<Self, IdentityError> {
        let wrong = IdentityError::NotASecret;
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(wrong)?;
        let mut bytes = Zeroizing::new(sealed.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = cipher(key)?.open_in_place(nonce, Aad::from(whose), &mut bytes);
        let opened = opened.map_err(|_| wrong)?;
        Ok(Self(Zeroizing::new((&*opened).try_into().map_err(|_| wrong)?)))
    }

    /// As authenticators take it, by a picture or a link.
    pub fn uri(&self, account: &str) -> Secret {
        // Names have letters of any script; a URI has ASCII.
        let account: String = account
            .bytes()
            .map(|byte| match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
                    char::from(byte).to_string()
                }
                _ => format!("%{byte:02X}"),
            })
            .collect();
        let secret = self.digits();
        let uri = format!("otpauth://totp/Weir:{account}?secret={}&issuer=Weir", secret.expose());
        Secret::from(uri)
    }

    /// The secret in base 32, to be typed in.
    pub fn digits(&self) -> Secret {
        Secret::from(base32(self.0.as_slice()))
    }

    /// The step of time of which this is the code; nothing if it is none of about now. Each counts
    /// once: the caller takes it if it is later than the last.
    pub fn step(&self, code: &str, now: SystemTime) -> Option<u64> {
        let present = now.duration_since(UNIX_EPOCH).ok()?.as_secs() / STEP;
        let given: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        let mut found = None;
        for step in present.saturating_sub(AROUND)..=present + AROUND {
            let right = self.code(step);
            if bool::from(right.as_bytes().ct_eq(given.as_bytes())) {
                found = Some(step);
            }
        }
        found
    }

    /// The code of a step of time (RFC 4226 section 5.3).
    fn code(&self, step: u64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, self.0.as_slice());
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let bytes = tag.as_ref();
        let offset = usize::from(bytes.last().copied().unwrap_or_default() & 0xf);
        let word = bytes.get(offset..offset + 4).and_then(|four| four.try_into().ok());
        let number = u32::from_be_bytes(word.unwrap_or_default()) & 0x7fff_ffff;
        format!("{:06}", number % CODES)
    }
}

fn cipher(key: &[u8; 32]) -> Result<LessSafeKey, IdentityError> {
    let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| IdentityError::NotASecret)?;
    Ok(LessSafeKey::new(key))
}

fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let (mut held, mut bits) = (0_u32, 0);
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            let digit = ALPHABET.get((held >> bits & 0x1f) as usize);
            text.extend(digit.map(|digit| char::from(*digit)));
        }
    }
    text
}

/// New codes for when the device is gone, each good once.
pub fn recovery_codes() -> Result<Vec<Secret>, IdentityError> {
    let one = || {
        let mut bytes = Zeroizing::new([0; RECOVERY_DIGITS * 5 / 8]);
        random_bytes(bytes.as_mut_slice())?;
        let digits = base32(bytes.as_slice()).to_ascii_lowercase();
        let mut text = String::with_capacity(RECOVERY_DIGITS * 2);
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && place % RECOVERY_GROUP == 0 {
                text.push('-');
            }
            text.push(digit);
        }
        Ok(Secret::from(text))
    };
    (0..RECOVERY_CODES).map(|_| one()).collect()
}

/// What of a recovery code is kept and compared, however it is written; nothing if it is none.
pub fn recovery_hash(code: &str) -> Option<[u8; 32]> {
    let digits: String =
        code.chars().filter(|c| *c != '-' && !c.is_whitespace()).collect::<String>().to_lowercase();
    (digits.len() == RECOVERY_DIGITS).then(|| crate::token_hash(&Secret::from(digits)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    /// RFC 6238 appendix B, of which six digits are the last of eight.
    #[test]
    fn codes_are_those_of_the_rfc() {
        let totp = Totp(Zeroizing::new(*b"12345678901234567890"));
        for (time, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(totp.step(code, at(time)), Some(time / STEP), "{time}");
            assert_eq!(totp.step(code, at(time + 30)), Some(time / STEP), "a slow hand");
            assert_eq!(totp.step(code, at(time + 90)), None, "too late");
            if let Some(early) = time.checked_sub(90) {
                assert_eq!(totp.step(code, at(early)), None, "too early");
            }
        }
        for code in ["", "28708", "2870822", "287083", "２８７０８２"] {
            assert_eq!(totp.step(code, at(59)), None, "{code}");
        }
        assert_eq!(totp.step("287 082 ", at(59)), Some(1));
    }

    #[test]
    fn a_sealed_secret_opens_for_whom_it_was_made() {
        let (totp, key) = (Totp::generate().unwrap(), [7; 32]);
        let sealed = totp.seal(&key, "alice").unwrap();
        assert!(!sealed.windows(BYTES).any(|part| part == totp.0.as_slice()));
        let opened = Totp::open(&sealed, &key, "alice").unwrap();
        assert_eq!(*opened.0, *totp.0);
        assert!(Totp::open(&sealed, &key, "bob").is_err(), "of another row");
        assert!(Totp::open(&sealed, &[8; 32], "alice").is_err());
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(Totp::open(&changed, &key, "alice").is_err(), "{place}");
        }
        assert!(Totp::open(&sealed[..5], &key, "alice").is_err());
    }

    #[test]
    fn authenticators_read_the_link() {
        let totp = Totp(Zeroizing::new(*b"12345678901234567890"));
        let uri = "otpauth://totp/Weir:al%C3%A9%40x\
                   ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Weir";
        assert_eq!(totp.uri("alé@x").expose(), uri);
        assert_eq!(format!("{totp:?}"), "***");
    }

    #[test]
    fn recovery_codes_are_read_as_people_write_them() {
        let codes = recovery_codes().unwrap();
        assert_eq!(codes.len(), RECOVERY_CODES);
        let text = codes[0].expose();
        assert_eq!(text.len(), 19);
        let other = text.replace('-', " ").to_uppercase();
        assert_eq!(recovery_hash(text), recovery_hash(&other));
        assert_ne!(recovery_hash(text), recovery_hash(codes[1].expose()));
        assert_eq!(recovery_hash("123456"), None);
    }
}
