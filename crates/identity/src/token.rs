//! Tokens that stand for a sign-in: random, shown once, kept as a hash. Knows no store.

use crate::{IdentityError, Secret, scram::hash};

/// What a token begins with, so that scanners for leaked secrets can find it.
pub const TOKEN_PREFIX: &str = "weir_tk_";

/// A new token, as strong as 32 random bytes.
pub fn token() -> Result<Secret, IdentityError> {
    Secret::generate(TOKEN_PREFIX)
}

/// What is kept instead of a token: its SHA-256. A token is as random as its hash is long, so it
/// needs no salt; and how long a look-up by the hash takes tells nothing of a token.
pub fn token_hash(token: &Secret) -> [u8; 32] {
    hash(token.expose().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_tokens_are_alike_and_hashes_are_stable() {
        let (one, two) = (token().unwrap(), token().unwrap());
        assert!(one.expose().starts_with(TOKEN_PREFIX) && one.expose().len() > 50);
        assert_ne!(token_hash(&one), token_hash(&two));
        assert_eq!(token_hash(&one), token_hash(&one.clone()));
        assert_eq!(token_hash(&Secret::from("abc".to_owned()))[..4], [0xba, 0x78, 0x16, 0xbf]);
    }
}
