//! What is stored instead of a password. Knows no exchange.

use super::{KEY_BYTES, hash, hmac, keyed, xor};
use crate::{IdentityError, Secret, secret::random_bytes};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use hmac::Mac;
use std::{fmt, num::NonZeroU32};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Iterations for new passwords: RFC 7677's least, and PostgreSQL's default.
pub const DEFAULT_ITERATIONS: NonZeroU32 = match NonZeroU32::new(4096) {
    Some(iterations) => iterations,
    None => NonZeroU32::MIN,
};
/// More iterations than this in a stored verifier are taken for damage: a client would compute
/// for minutes.
const MAX_ITERATIONS: u32 = 10_000_000;
/// Salt bytes for new passwords, as in PostgreSQL.
pub(crate) const SALT_BYTES: usize = 16;
/// The longest salt that a stored verifier may have.
const MAX_SALT_BYTES: usize = 256;

/// Salt, iterations and the two keys of RFC 5802 section 3. Whoever has one cannot sign in with
/// it, but can try passwords against it: it prints as `***` and leaves by
/// [`ScramVerifier::to_text`] only.
#[derive(Clone)]
pub struct ScramVerifier {
    pub(super) iterations: NonZeroU32,
    pub(super) salt: Vec<u8>,
    pub(super) stored_key: [u8; KEY_BYTES],
    pub(super) server_key: [u8; KEY_BYTES],
}

impl ScramVerifier {
    /// The verifier of a password with this salt. The password is normalised by SASLprep
    /// (RFC 4013) where that is possible, and taken as it is where it is not, as PostgreSQL does.
    pub fn from_password(password: &Secret, salt: &[u8], iterations: NonZeroU32) -> Self {
        let salted = salted_password(password, salt, iterations);
        let client_key = hmac(&*salted, &[b"Client Key"]);
        Self {
            iterations,
            salt: salt.to_vec(),
            stored_key: hash(&client_key),
            server_key: server_key(&salted),
        }
    }

    /// The same with a new random salt and the default iterations.
    pub fn for_password(password: &Secret) -> Result<Self, IdentityError> {
        let mut salt = [0_u8; SALT_BYTES];
        random_bytes(&mut salt)?;
        Ok(Self::from_password(password, &salt, DEFAULT_ITERATIONS))
    }

    /// Reads PostgreSQL's `rolpassword` form:
    /// `SCRAM-SHA-256$<iterations>:<salt>$<stored>:<server>`.
    pub fn parse(text: &str) -> Result<Self, IdentityError> {
        Self::parse_parts(text).ok_or(IdentityError::NotAVerifier)
    }

    fn parse_parts(text: &str) -> Option<Self> {
        let (head, keys) = text.strip_prefix("SCRAM-SHA-256$")?.split_once('$')?;
        let (iterations, salt) = head.split_once(':')?;
        let (stored, server) = keys.split_once(':')?;
        let iterations: NonZeroU32 = iterations.parse().ok()?;
        let salt = BASE64.decode(salt).ok()?;
        if iterations.get() > MAX_ITERATIONS || salt.is_empty() || salt.len() > MAX_SALT_BYTES {
            return None;
        }
        let stored_key = BASE64.decode(stored).ok()?.try_into().ok()?;
        let server_key = BASE64.decode(server).ok()?.try_into().ok()?;
        Some(Self { iterations, salt, stored_key, server_key })
    }

    /// The verifier of another secret with this one's salt and iterations: whoever is asked for
    /// either is asked the same.
    pub fn beside(&self, secret: &Secret) -> Self {
        Self::from_password(secret, &self.salt, self.iterations)
    }

    /// True if a client that holds either secret is asked the same.
    pub(crate) fn asks_as(&self, other: &Self) -> bool {
        self.salt == other.salt && self.iterations == other.iterations
    }

    /// True if it is of the same secret, with the same salt.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.asks_as(other) & bool::from(self.stored_key.ct_eq(&other.stored_key))
    }

    /// True if this is the password. Takes the same time whatever is wrong with it.
    pub fn matches(&self, password: &Secret) -> bool {
        let given = Self::from_password(password, &self.salt, self.iterations);
        bool::from(given.stored_key.ct_eq(&self.stored_key))
    }

    /// The form that [`ScramVerifier::parse`] reads. To be stored, never shown.
    pub fn to_text(&self) -> String {
        format!(
            "SCRAM-SHA-256${}:{}${}:{}",
            self.iterations,
            BASE64.encode(&self.salt),
            BASE64.encode(self.stored_key),
            BASE64.encode(self.server_key)
        )
    }

    /// For a name that does not exist: salt and keys follow from the installation's secret and
    /// the name alone, so that whoever asks twice is told the same twice, as for a real name.
    pub(crate) fn mock(secret: &[u8; KEY_BYTES], name: &str) -> Self {
        let salt = hmac(secret, &[b"salt\0", name.as_bytes()]);
        Self {
            iterations: DEFAULT_ITERATIONS,
            salt: salt.iter().copied().take(SALT_BYTES).collect(),
            stored_key: hmac(secret, &[b"stored\0", name.as_bytes()]),
            server_key: hmac(secret, &[b"server\0", name.as_bytes()]),
        }
    }
}

impl fmt::Debug for ScramVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScramVerifier({} iterations, ***)", self.iterations)
    }
}

/// `SaltedPassword` of RFC 5802 section 3.
pub(super) fn salted_password(
    password: &Secret,
    salt: &[u8],
    iterations: NonZeroU32,
) -> Zeroizing<[u8; KEY_BYTES]> {
    let text = password.expose();
    Zeroizing::new(match stringprep::saslprep(text) {
        Ok(prepared) => {
            let prepared = Zeroizing::new(prepared.into_owned());
            salted(prepared.as_bytes(), salt, iterations)
        }
        Err(_) => salted(text.as_bytes(), salt, iterations),
    })
}

/// `ServerKey` of RFC 5802 section 3.
pub(super) fn server_key(salted: &[u8; KEY_BYTES]) -> [u8; KEY_BYTES] {
    hmac(salted, &[b"Server Key"])
}

/// `Hi` of RFC 5802 section 2.2: PBKDF2 with HMAC-SHA-256 and one block.
fn salted(password: &[u8], salt: &[u8], iterations: NonZeroU32) -> [u8; KEY_BYTES] {
    let keyed = keyed(password);
    let step = |parts: &[&[u8]]| -> [u8; KEY_BYTES] {
        let mut mac = keyed.clone();
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().into()
    };
    let mut last = step(&[salt, &1_u32.to_be_bytes()]);
    let mut sum = last;
    for _ in 1..iterations.get() {
        last = step(&[&last]);
        sum = xor(&sum, &last);
    }
    sum
}
