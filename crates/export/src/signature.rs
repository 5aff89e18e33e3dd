//! Signatures of HTTP messages by a shared key: Standard Webhooks, in both directions, and Slack's
//! requests. Compares in constant time. Knows nothing of what the messages say.

use crate::{ExportError, Key};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What Standard Webhooks' tools put before a secret in base64.
const ENCODED: &str = "whsec_";

/// The most signatures of one header that are looked at: whoever changes a key sends two.
const SIGNATURES: usize = 8;

/// How far a signed message's time may be from ours, in seconds: what Slack and Standard Webhooks
/// advise.
pub const TOLERANCE_SECONDS: u64 = 300;

/// Signs and checks as Standard Webhooks (standardwebhooks.com) describes: an HMAC-SHA-256 of id,
/// time and body.
#[derive(Clone)]
pub struct SigningKey(Hmac<Sha256>);

impl SigningKey {
    /// The text as it stands, or base64 behind `whsec_`.
    pub fn new(secret: &Key) -> Result<Self, ExportError> {
        let bytes = match secret.expose().strip_prefix(ENCODED) {
            Some(text) => STANDARD.decode(text).map_err(|_| {
                ExportError::Setting(format!("the secret after {ENCODED} is not base64"))
            })?,
            None => secret.expose().as_bytes().to_vec(),
        };
        Ok(Self(hmac(&bytes)?))
    }

    /// The header `webhook-signature`.
    pub fn sign(&self, id: &str, time: u64, body: &[u8]) -> String {
        let mac = self.mac(id, time, body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }

    /// Whether one of the signatures in the header is that of this message. The caller judges the
    /// time, and whether it has seen the id.
    pub fn verify(&self, id: &str, time: u64, body: &[u8], header: &str) -> bool {
        // Once for all of them: whoever sends many has proven nothing yet.
        let mac = self.mac(id, time, body);
        let signatures = header.split(' ').take(SIGNATURES);
        signatures.filter_map(|one| one.strip_prefix("v1,")).any(|signature| {
            let signature = STANDARD.decode(signature).unwrap_or_default();
            mac.clone().verify_slice(&signature).is_ok()
        })
    }

    fn mac(&self, id: &str, time: u64, body: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(format!("{id}.{time}.").as_bytes());
        mac.update(body);
        mac
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// Checks requests of Slack's ("Verifying requests from Slack"): `v0=` and the hexadecimal
/// HMAC-SHA-256 of `v0:time:body`.
#[derive(Clone)]
pub struct SlackSecret(Hmac<Sha256>);

impl SlackSecret {
    /// The app's signing secret.
    pub fn new(secret: &Key) -> Result<Self, ExportError> {
        Ok(Self(hmac(secret.expose().as_bytes())?))
    }

    /// Whether Slack signed this body at this time. The caller judges the time, and whether it has
    /// seen the signature.
    pub fn verify(&self, time: &str, body: &[u8], signature: &str) -> bool {
        let Some(signature) = signature.strip_prefix("v0=").and_then(unhex) else { return false };
        let mut mac = self.0.clone();
        mac.update(format!("v0:{time}:").as_bytes());
        mac.update(body);
        mac.verify_slice(&signature).is_ok()
    }
}

impl std::fmt::Debug for SlackSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

fn hmac(key: &[u8]) -> Result<Hmac<Sha256>, ExportError> {
    // Whoever knows that a key is empty can sign with it.
    if key.is_empty() {
        return Err(ExportError::Setting("the secret is empty".to_owned()));
    }
    Hmac::new_from_slice(key).map_err(|error| ExportError::Setting(format!("the secret: {error}")))
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|one| u8::try_from(one).ok());
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some((digit(high)? << 4) | digit(low)?),
        _ => None,
    };
    text.as_bytes().chunks(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_standard_webhooks() {
        // The specification's own example (standard-webhooks, "Signature scheme").
        let key = SigningKey::new(&Key::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")).unwrap();
        let (id, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", b"{\"test\": 2432232314}");
        let signature = key.sign(id, 1_614_265_330, body);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert!(key.verify(id, 1_614_265_330, body, &signature));
        assert!(key.verify(id, 1_614_265_330, body, &format!("v1a,x v1,AAAA {signature}")));
        assert!(!key.verify(id, 1_614_265_331, body, &signature));
        assert!(!key.verify("msg_x", 1_614_265_330, body, &signature));
        assert!(!key.verify(id, 1_614_265_330, b"{}", &signature));
        assert!(!key.verify(id, 1_614_265_330, body, ""));
        assert!(
            SigningKey::new(&Key::new("whsec_")).is_err()
                && SigningKey::new(&Key::new("")).is_err()
        );
    }

    #[test]
    fn requests_are_signed_as_slack_documents() {
        // The example of "Verifying requests from Slack".
        let secret = SlackSecret::new(&Key::new("8f742231b10e8888abcd99yyyzzz85a5")).unwrap();
        let body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow\
            &channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner\
            &command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands\
            %2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629\
            121.803a0bc887a14d10d2c447fce8b6703c";
        let signature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
        assert!(secret.verify("1531420618", body.as_bytes(), signature));
        assert!(!secret.verify("1531420619", body.as_bytes(), signature));
        assert!(!secret.verify("1531420618", &body.as_bytes()[1..], signature));
        for bad in ["", "v0=", "v0=a2", "v1=a2114d57", &signature[..65], &signature[1..]] {
            assert!(!secret.verify("1531420618", body.as_bytes(), bad), "{bad}");
        }
    }
}
