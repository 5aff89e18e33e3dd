//! A security key in software, for tests without a browser: one that, as synced ones do, does not
//! count how often it signs. Knows no page.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// Somebody was there.
const PRESENT: u8 = 0x01;
/// A key follows.
const ATTESTED: u8 = 0x40;

/// The key.
pub struct Authenticator {
    pair: Ed25519KeyPair,
}

/// Fields of a form, by name.
pub type Fields = Vec<(&'static str, String)>;

impl Authenticator {
    /// A new one.
    pub fn new() -> Self {
        Self { pair: Ed25519KeyPair::generate().unwrap() }
    }

    /// The fields by which a page at this origin hands over a new key.
    pub fn makes(&self, origin: &str, challenge: &str) -> Fields {
        let client = client("webauthn.create", origin, challenge);
        let id = self.id();
        let length = u16::try_from(id.len()).unwrap().to_be_bytes();
        let head = [0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21, 0x58, 32];
        let public = self.pair.public_key().as_ref();
        let said = said(origin, PRESENT | ATTESTED);
        let said = [&said[..], &[0; 16], &length, id, &head, public].concat();
        vec![("made_client", text(client.as_bytes())), ("made_authenticator", text(&said))]
    }

    /// The fields by which a page at this origin hands over a signature.
    pub fn signs(&self, origin: &str, challenge: &str) -> Fields {
        let client = client("webauthn.get", origin, challenge);
        let said = said(origin, PRESENT);
        let message = [&said[..], &Sha256::digest(client.as_bytes())].concat();
        vec![
            ("id", text(self.id())),
            ("client", text(client.as_bytes())),
            ("authenticator", text(&said)),
            ("signature", text(self.pair.sign(&message).as_ref())),
        ]
    }

    fn id(&self) -> &[u8] {
        &self.pair.public_key().as_ref()[..16]
    }
}

impl Default for Authenticator {
    fn default() -> Self {
        Self::new()
    }
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What a browser says that it asked for.
fn client(kind: &str, origin: &str, challenge: &str) -> String {
    format!(
        r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{origin}","crossOrigin":false}}"#
    )
}

/// What a key says that does not count.
fn said(origin: &str, flags: u8) -> Vec<u8> {
    let host = origin.trim_start_matches("https://");
    let name = host.split_once(':').map_or(host, |(name, _)| name);
    [Sha256::digest(name.as_bytes()).as_slice(), &[flags], &[0; 4]].concat()
}
