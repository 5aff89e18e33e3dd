//! The exchange itself. Compares in constant time; tells nobody why a proof is wrong.

use super::{
    KEY_BYTES, ScramVerifier, hash, hmac,
    parse::{self, Flag},
    xor,
};
use crate::{
    Admitted, Claim, Credential, IdentityError, credential::MAX_CREDENTIALS, secret::random_bytes,
};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use std::{sync::Arc, time::SystemTime};
use subtle::ConstantTimeEq;

/// Random bytes of the server's nonce, before base 64; as in PostgreSQL.
const NONCE_BYTES: usize = 18;

/// The SASL mechanism that the client chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// `SCRAM-SHA-256`.
    Scram,
    /// `SCRAM-SHA-256-PLUS`: bound to the TLS channel.
    ScramPlus,
}

impl Mechanism {
    /// What to offer, best first: with channel binding when the TLS end point can be named.
    pub fn offered(end_point: Option<&[u8]>) -> &'static [&'static str] {
        match end_point {
            Some(_) => &["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"],
            None => &["SCRAM-SHA-256"],
        }
    }

    /// The mechanism of that name, if it was offered.
    pub fn chosen(name: &str, end_point: Option<&[u8]>) -> Option<Self> {
        match name {
            "SCRAM-SHA-256" => Some(Self::Scram),
            "SCRAM-SHA-256-PLUS" if end_point.is_some() => Some(Self::ScramPlus),
            _ => None,
        }
    }
}

/// An exchange before the client's first message.
#[derive(Debug)]
pub struct ScramServer {
    mechanism: Mechanism,
    end_point: Option<Vec<u8>>,
    claim: Claim,
}

/// An exchange after the client's first message.
#[derive(Debug)]
pub struct Challenge {
    /// `server-first-message`, to be sent.
    pub message: Vec<u8>,
    client_first_bare: String,
    nonce: String,
    /// What the client's `c=` must be, in base 64.
    binding: String,
    claim: Claim,
}

/// The exchange is over, and the client is who it says.
#[derive(Debug)]
pub struct Signed {
    /// `server-final-message`, to be sent: proves to the client that this is the right server.
    pub message: Vec<u8>,
    /// Who signed in, and with what.
    pub admitted: Admitted,
}

impl ScramServer {
    /// `end_point` is the `tls-server-end-point` hash of the certificate that this client was
    /// shown: `Some` means that the PLUS mechanism was offered.
    pub fn new(mechanism: Mechanism, end_point: Option<Vec<u8>>, claim: Claim) -> Self {
        Self { mechanism, end_point, claim }
    }

    /// Reads `client-first-message`.
    pub fn first(self, client_first: &[u8]) -> Result<Challenge, IdentityError> {
        let mut random = [0_u8; NONCE_BYTES];
        random_bytes(&mut random)?;
        self.first_with(client_first, &BASE64.encode(random))
    }

    /// The same with a nonce from outside, for the RFC's examples.
    pub(super) fn first_with(
        self,
        client_first: &[u8],
        server_nonce: &str,
    ) -> Result<Challenge, IdentityError> {
        let first = parse::first(client_first)?;
        let binding = match (first.flag, self.mechanism, &self.end_point) {
            (Flag::Bound, Mechanism::ScramPlus, Some(hash)) => {
                let mut data = b"p=tls-server-end-point,,".to_vec();
                data.extend_from_slice(hash);
                BASE64.encode(data)
            }
            (Flag::Bound, _, _) => {
                return Err(IdentityError::Malformed(
                    "channel binding data in a mechanism without channel binding",
                ));
            }
            (_, Mechanism::ScramPlus, _) => {
                return Err(IdentityError::Malformed(
                    "a mechanism with channel binding, and no channel binding data",
                ));
            }
            // RFC 5802 section 6: the offer was made over TLS, so it was taken away on its way.
            (Flag::ServerCannot, Mechanism::Scram, Some(_)) => {
                return Err(IdentityError::BindingDowngrade);
            }
            (Flag::ServerCannot, Mechanism::Scram, None) => BASE64.encode("y,,"),
            (Flag::Cannot, Mechanism::Scram, _) => BASE64.encode("n,,"),
        };
        let nonce = format!("{}{server_nonce}", first.nonce);
        let verifier = &self.claim.lead.verifier;
        let message =
            format!("r={nonce},s={},i={}", BASE64.encode(&verifier.salt), verifier.iterations);
        Ok(Challenge {
            message: message.into_bytes(),
            client_first_bare: first.bare.to_owned(),
            nonce,
            binding,
            claim: self.claim,
        })
    }
}

impl Challenge {
    /// Reads `client-final-message`. The client does not say which of an identity's credentials it
    /// holds: each is tried, and the server's signature is made with the one that fits.
    pub fn last(self, client_final: &[u8], now: SystemTime) -> Result<Signed, IdentityError> {
        let last = parse::last(client_final)?;
        if last.binding != self.binding {
            return Err(IdentityError::BindingMismatch);
        }
        if last.nonce != self.nonce {
            return Err(IdentityError::Malformed(
                "the SCRAM nonce is not the one of this exchange",
            ));
        }
        let proof: [u8; KEY_BYTES] = BASE64
            .decode(last.proof)
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(IdentityError::Malformed("the SCRAM proof is not 32 bytes in base 64"))?;
        let parts: [&[u8]; 5] = [
            self.client_first_bare.as_bytes(),
            b",",
            &self.message,
            b",",
            last.without_proof.as_bytes(),
        ];
        let (proven, signature) = self.proven(&parts, &proof, now);
        let credential = proven.map_or_else(|| Arc::clone(&self.claim.lead), Arc::clone);
        // An unknown name has no right answer, not even the one of its made-up verifier.
        let identity = self.claim.standing.clone().admit(proven.is_some())?;
        // A code cannot be shown here: whoever has one has a token by it.
        if credential.half {
            return Err(IdentityError::SecondFactor);
        }
        let message = format!("v={}", BASE64.encode(signature));
        Ok(Signed { message: message.into_bytes(), admitted: Admitted { identity, credential } })
    }

    /// The credential that this proof is of, if it is good now, and the server's signature. Every
    /// name has the same work, whoever it is and however many credentials it has.
    fn proven(
        &self,
        signed: &[&[u8]],
        proof: &[u8; KEY_BYTES],
        now: SystemTime,
    ) -> (Option<&Arc<Credential>>, [u8; KEY_BYTES]) {
        let mut found = None;
        let mut signature = [0; KEY_BYTES];
        for place in 0..MAX_CREDENTIALS {
            let (credential, real) = self.claim.at(place);
            let fits = proves(&credential.verifier, signed, proof);
            let by_it = hmac(&credential.verifier.server_key, signed);
            if fits & real & credential.is_good(now) {
                (found, signature) = (Some(credential), by_it);
            }
        }
        (found, signature)
    }
}

/// RFC 5802 section 3: the client's key, taken out of its proof, must hash to the stored key.
fn proves(verifier: &ScramVerifier, signed: &[&[u8]], proof: &[u8; KEY_BYTES]) -> bool {
    let signature = hmac(&verifier.stored_key, signed);
    let client_key = xor(proof, &signature);
    hash(&client_key).ct_eq(&verifier.stored_key).into()
}
