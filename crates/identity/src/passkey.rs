//! Passkeys and security keys (WebAuthn): what a browser hands over is taken apart and checked
//! here, bytes in, yes or no out. Knows no browser, no store and no clock.
//!
//! A key that is registered is kept as its public half. What it signs later is an [`Assertion`]: it
//! holds for one [`Decision`] alone, since the challenge that the key signed is made of it, and
//! anybody who has the public half can check it again years later.
//!
//! No attestation is asked for: which make a key is of is nothing that decides. So there is no
//! CBOR but the public key's, and of that CTAP2 prescribes each byte.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use std::fmt::{self, Write};
use subtle::ConstantTimeEq;

/// The longest part of what a browser hands over: bytes.
const MAX_PART: usize = 4096;
/// The longest id of a key: bytes (WebAuthn, 4).
const MAX_ID: usize = 1023;
/// Hash of the site, flags, counter.
const HEAD: usize = 37;
/// The person was there.
const PRESENT: u8 = 0x01;
/// And showed who they are, to the key.
const VERIFIED: u8 = 0x04;
/// A key follows.
const ATTESTED: u8 = 0x40;
/// Something else follows.
const EXTENDED: u8 = 0x80;
/// Exponent of every RSA key that is taken.
const EXPONENT: [u8; 3] = [1, 0, 1];

/// Why what a key said holds for nothing, in words for whoever used it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotSigned(&'static str);

impl fmt::Display for NotSigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for NotSigned {}

/// The public half of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKey {
    /// ECDSA on P-256 with SHA-256 (`-7`): the uncompressed point.
    Es256([u8; 65]),
    /// Ed25519 (`-8`).
    EdDsa([u8; 32]),
    /// RSA with PKCS #1 and SHA-256 (`-257`), exponent 65537: the modulus of 2048 bits.
    Rs256([u8; 256]),
}

/// A key that somebody registers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// Its id, as the browser names it: base64url.
    pub id: String,
    /// What checks its signatures.
    pub key: PublicKey,
    /// How often it signed, if it counts.
    pub count: u32,
}

/// What a key signed, as the browser hands it over: all of it base64url.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assertion<'a> {
    /// The key's id.
    pub id: &'a str,
    /// What the browser says it asked for.
    pub client: &'a str,
    /// What the key says.
    pub authenticator: &'a str,
    /// The signature over both.
    pub signature: &'a str,
}

/// What a decision is about: all of it is in what the key signs.
#[derive(Clone, Copy, Debug)]
pub struct Decision<'a> {
    /// The request.
    pub request: &'a str,
    /// What its approval is bound to.
    pub digest: &'a [u8],
    /// Yes or no.
    pub consents: bool,
    /// Who says so.
    pub person: &'a str,
}

/// Where keys are used: the site of the console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// `https://weir.example:6443`.
    origin: String,
    /// `weir.example`.
    name: String,
}

impl Site {
    /// By its origin. Keys know names alone: an address is none.
    pub fn of(origin: &str) -> Option<Self> {
        let host = origin.strip_prefix("https://")?;
        let name = host.split_once(':').map_or(host, |(name, _)| name).to_ascii_lowercase();
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        let fits = !name.is_empty() && name.chars().all(is_name);
        let address = name.parse::<std::net::IpAddr>().is_ok();
        (fits && !address).then(|| Self { origin: origin.to_ascii_lowercase(), name })
    }

    /// The name that keys are bound to.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where pages of it come from.
    pub fn origin(&self) -> &str {
        &self.origin
    }
}

impl Decision<'_> {
    /// What a key signs for it.
    pub fn challenge(&self) -> [u8; 32] {
        let word = if self.consents { "approve" } else { "deny" };
        let mut digest = String::new();
        for byte in self.digest {
            // Writing into a string does not fail.
            let _ = write!(digest, "{byte:02x}");
        }
        let Self { request, person, .. } = self;
        let text = format!("weir decision\n{request}\n{digest}\n{word}\n{person}\n");
        Sha256::digest(text.as_bytes()).into()
    }
}

impl PublicKey {
    /// From its bytes as [`PublicKey::text`] writes them.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, bytes) = text.split_once(':')?;
        let bytes = URL_SAFE_NO_PAD.decode(bytes).ok()?;
        Some(match kind {
            "ES256" => Self::Es256(bytes.try_into().ok()?),
            "EdDSA" => Self::EdDsa(bytes.try_into().ok()?),
            "RS256" => Self::Rs256(bytes.try_into().ok()?),
            _ => return None,
        })
    }

    /// `ES256:BASE64URL`.
    pub fn text(&self) -> String {
        let (kind, bytes): (&str, &[u8]) = match self {
            Self::Es256(point) => ("ES256", point),
            Self::EdDsa(key) => ("EdDSA", key),
            Self::Rs256(modulus) => ("RS256", modulus),
        };
        format!("{kind}:{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// From COSE (RFC 9052) as CTAP2 writes it, and how long that is.
    fn of_cose(bytes: &[u8]) -> Option<(Self, usize)> {
        let fixed = |at: &mut usize, wanted: &[u8]| {
            let end = *at + wanted.len();
            let same = bytes.get(*at..end)? == wanted;
            *at = end;
            same.then_some(())
        };
        fn part<const N: usize>(bytes: &[u8], at: &mut usize) -> Option<[u8; N]> {
            let part = bytes.get(*at..*at + N)?.try_into().ok()?;
            *at += N;
            Some(part)
        }
        let mut at = 0;
        // {1: 2, 3: -7, -1: 1, -2: x, -3: y}
        if fixed(&mut at, &[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32]).is_some() {
            let x: [u8; 32] = part(bytes, &mut at)?;
            fixed(&mut at, &[0x22, 0x58, 32])?;
            let y: [u8; 32] = part(bytes, &mut at)?;
            let mut point = [4; 65];
            point.iter_mut().skip(1).zip(x.iter().chain(&y)).for_each(|(to, from)| *to = *from);
            return Some((Self::Es256(point), at));
        }
        at = 0;
        // {1: 1, 3: -8, -1: 6, -2: x}
        if fixed(&mut at, &[0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21, 0x58, 32]).is_some() {
            return Some((Self::EdDsa(part(bytes, &mut at)?), at));
        }
        at = 0;
        // {1: 3, 3: -257, -1: n, -2: e}
        fixed(&mut at, &[0xa4, 1, 3, 3, 0x39, 1, 0, 0x20, 0x59, 1, 0])?;
        let modulus = part(bytes, &mut at)?;
        fixed(&mut at, &[0x21, 0x43, 1, 0, 1])?;
        Some((Self::Rs256(modulus), at))
    }

    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Es256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point)
                .verify(message, signature)
                .is_ok(),
            Self::EdDsa(key) => {
                UnparsedPublicKey::new(&ED25519, key).verify(message, signature).is_ok()
            }
            Self::Rs256(modulus) => {
                let (n, e): (&[u8], &[u8]) = (modulus, &EXPONENT);
                let key = RsaPublicKeyComponents { n, e };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
            }
        }
    }
}

/// Takes a key that a browser at this site made for this challenge.
pub fn register(
    site: &Site,
    challenge: &[u8],
    client: &str,
    authenticator: &str,
) -> Result<Registered, NotSigned> {
    let client = part(client)?;
    asked(&client, "webauthn.create", challenge, site)?;
    let said = part(authenticator)?;
    let (flags, count) = head(&said, site)?;
    let wrong = || NotSigned("it is of a kind that is not taken");
    if flags & ATTESTED == 0 {
        return Err(NotSigned("no key came"));
    }
    // The make of the key, and how long its id is.
    let length = said.get(HEAD + 16..HEAD + 18).ok_or_else(wrong)?;
    let length: usize = length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
    let begins = HEAD + 18;
    let id = said.get(begins..begins + length).filter(|id| !id.is_empty()).ok_or_else(wrong)?;
    if id.len() > MAX_ID {
        return Err(wrong());
    }
    let rest = said.get(begins + length..).unwrap_or_default();
    let (key, used) = PublicKey::of_cose(rest).ok_or_else(wrong)?;
    if used < rest.len() && flags & EXTENDED == 0 {
        return Err(wrong());
    }
    Ok(Registered { id: URL_SAFE_NO_PAD.encode(id), key, count })
}

/// Checks that a key signed this challenge for a page of this site; how often it has signed, if it
/// counts, and whether it made sure who its holder is.
pub fn verify(
    key: &PublicKey,
    site: &Site,
    challenge: &[u8],
    assertion: &Assertion<'_>,
) -> Result<(u32, bool), NotSigned> {
    let client = part(assertion.client)?;
    asked(&client, "webauthn.get", challenge, site)?;
    let said = part(assertion.authenticator)?;
    let (flags, count) = head(&said, site)?;
    let message = [said.as_slice(), &Sha256::digest(&client)].concat();
    match key.verifies(&message, &part(assertion.signature)?) {
        true => Ok((count, flags & VERIFIED != 0)),
        false => Err(NotSigned("it is no signature of this key")),
    }
}

fn part(text: &str) -> Result<Vec<u8>, NotSigned> {
    let wrong = NotSigned("what the browser said is not understood");
    if text.len() > MAX_PART {
        return Err(wrong);
    }
    URL_SAFE_NO_PAD.decode(text).map_err(|_| wrong)
}

/// That the browser asked the key for this, on a page of this site (WebAuthn, 5.8.1).
fn asked(client: &[u8], kind: &str, challenge: &[u8], site: &Site) -> Result<(), NotSigned> {
    let said: serde_json::Value = serde_json::from_slice(client)
        .map_err(|_| NotSigned("what the browser said is not understood"))?;
    let text = |name: &str| said.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
    if text("type") != kind {
        return Err(NotSigned("the key was asked for something else"));
    }
    let signed = URL_SAFE_NO_PAD.decode(text("challenge")).unwrap_or_default();
    if !bool::from(signed.ct_eq(challenge)) {
        return Err(NotSigned("the key signed another decision"));
    }
    let framed = said.get("crossOrigin").and_then(serde_json::Value::as_bool) == Some(true);
    match text("origin") == site.origin && !framed {
        true => Ok(()),
        false => Err(NotSigned("it was signed for another site")),
    }
}

/// That the key says it is about this site, and that somebody was there: flags, and how often it
/// signed (WebAuthn, 6.1).
fn head(said: &[u8], site: &Site) -> Result<(u8, u32), NotSigned> {
    let short = || NotSigned("what the key said is not understood");
    let of = said.get(..32).ok_or_else(short)?;
    if of != Sha256::digest(site.name.as_bytes()).as_slice() {
        return Err(NotSigned("the key is for another site"));
    }
    let flags = *said.get(32).ok_or_else(short)?;
    let count = said.get(33..HEAD).and_then(|part| part.try_into().ok()).ok_or_else(short)?;
    match flags & PRESENT != 0 {
        true => Ok((flags, u32::from_be_bytes(count))),
        false => Err(NotSigned("nobody touched the key")),
    }
}

#[cfg(test)]
mod tests;
