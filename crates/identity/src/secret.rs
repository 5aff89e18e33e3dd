//! Secrets in memory: they print `***` and are wiped when dropped. Knows not what they open.

use crate::IdentityError;
use std::fmt;
use zeroize::Zeroizing;

/// What a service's key begins with, so that scanners for leaked secrets can find it.
pub const SERVICE_KEY_PREFIX: &str = "weir_sk_";
/// What an agent's key begins with.
pub const AGENT_KEY_PREFIX: &str = "weir_ak_";

/// What a token for databases begins with.
pub const DATABASE_TOKEN_PREFIX: &str = "weir_t1_";
/// What a key beside a password begins with.
pub const KEY_PREFIX: &str = "weir_k1_";

/// Base-62 digits that hold as much as 32 random bytes (62^43 > 2^256).
const KEY_DIGITS: usize = 43;
/// Digits of a credential's name.
const NAME_DIGITS: usize = 12;
/// Digits of a generated password: 119 bits.
const PASSWORD_DIGITS: usize = 20;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A password or a key. There is one way to its text, and it is easy to search for.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// A new random key: the prefix and 43 letters and digits, as strong as 32 random bytes.
    pub fn generate(prefix: &str) -> Result<Self, IdentityError> {
        Self::random(prefix, KEY_DIGITS)
    }

    /// A new random password for a person: 20 letters and digits.
    pub fn password() -> Result<Self, IdentityError> {
        Self::random("", PASSWORD_DIGITS)
    }

    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }

    fn random(prefix: &str, digits: usize) -> Result<Self, IdentityError> {
        let length = prefix.len() + digits;
        // All the room at once: a string that grows leaves copies of itself behind.
        let mut text = Zeroizing::new(String::with_capacity(length));
        text.push_str(prefix);
        let mut bytes = Zeroizing::new([0_u8; 64]);
        while text.len() < length {
            random_bytes(bytes.as_mut_slice())?;
            for byte in bytes.iter() {
                // Six bits choose a digit; the two values past the alphabet are thrown away, so
                // that every digit is equally likely.
                let digit = ALPHABET.get(usize::from(byte & 0x3f));
                if let Some(digit) = digit
                    && text.len() < length
                {
                    text.push(char::from(*digit));
                }
            }
        }
        Ok(Self(text))
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A name for a credential, which is no secret and belongs to nothing else: the prefix and twelve
/// letters and digits.
pub fn name(prefix: &str) -> Result<String, IdentityError> {
    Ok(Secret::random(prefix, NAME_DIGITS)?.expose().to_owned())
}

/// A new key: 32 random bytes.
pub fn random_key() -> Result<[u8; 32], IdentityError> {
    let mut key = [0; 32];
    random_bytes(&mut key)?;
    Ok(key)
}

/// Fills the buffer from the system's generator.
pub(crate) fn random_bytes(buffer: &mut [u8]) -> Result<(), IdentityError> {
    getrandom::fill(buffer).map_err(|_| IdentityError::Random)
}

#[cfg(test)]
mod tests;
