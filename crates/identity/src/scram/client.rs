//! The client's side (RFC 5802 section 3): how Weir signs in where it is a client. No I/O. What
//! takes thousands of rounds is a step of its own, so that its result can be remembered.

use super::{
    KEY_BYTES, hash, hmac, parse,
    verifier::{salted_password, server_key},
    xor,
};
use crate::{IdentityError, Secret, secret::random_bytes};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use std::{
    collections::VecDeque,
    fmt,
    num::NonZeroU32,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Random bytes of the client's nonce, before base 64; as in PostgreSQL.
const NONCE_BYTES: usize = 18;
/// More iterations than this are not computed: whoever stands in for a server could keep a core
/// busy with them before it has shown that it knows anything. PostgreSQL asks for 4,096.
const MAX_ITERATIONS: u32 = 100_000;
/// How many keys are remembered; the oldest goes first.
const REMEMBERED: usize = 16;

/// Why a server is not believed: it speaks SCRAM wrongly, or did not prove what it must.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerFault(pub(super) &'static str);

impl fmt::Display for ServerFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for ServerFault {}

/// What the client says about channel binding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Binding {
    /// `n`: it cannot.
    Cannot,
    /// `y`: it can, and the server did not offer it.
    NotOffered,
    /// `p`: bound to the server's certificate, of which this is the `tls-server-end-point` hash.
    EndPoint(Vec<u8>),
}

impl Binding {
    fn header(&self) -> &'static str {
        match self {
            Self::Cannot => "n,,",
            Self::NotOffered => "y,,",
            Self::EndPoint(_) => "p=tls-server-end-point,,",
        }
    }

    /// What `c=` holds.
    fn input(&self) -> String {
        let mut input = self.header().as_bytes().to_vec();
        if let Self::EndPoint(hash) = self {
            input.extend_from_slice(hash);
        }
        BASE64.encode(input)
    }
}

/// What a password is worth under one salt and so many iterations: whoever has it can sign in as
/// if they had the password. Wiped when dropped.
pub struct ClientKeys {
    client: Zeroizing<[u8; KEY_BYTES]>,
    server: Zeroizing<[u8; KEY_BYTES]>,
}

impl fmt::Debug for ClientKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientKeys(***)")
    }
}

impl ClientKeys {
    /// All the rounds: some milliseconds of work.
    fn made(password: &Secret, salt: &[u8], iterations: NonZeroU32) -> Self {
        let salted = salted_password(password, salt, iterations);
        Self {
            client: Zeroizing::new(hmac(&*salted, &[b"Client Key"])),
            server: Zeroizing::new(server_key(&salted)),
        }
    }
}

/// An exchange before the server's first message.
#[derive(Debug)]
pub struct ScramClient {
    binding: Binding,
    nonce: String,
}

/// An exchange after the server's first message: it says with what the password is to be salted.
#[derive(Debug)]
pub struct Salting {
    salt: Vec<u8>,
    iterations: NonZeroU32,
    without_proof: String,
    /// What both sides sign.
    signed: String,
}

/// An exchange that waits for the server's proof.
#[derive(Debug)]
pub struct Proven {
    /// `client-final-message`, to be sent.
    pub message: String,
    signature: [u8; KEY_BYTES],
}

impl ScramClient {
    /// Begins with a nonce that nobody can know.
    pub fn new(binding: Binding) -> Result<Self, IdentityError> {
        let mut random = [0_u8; NONCE_BYTES];
        random_bytes(&mut random)?;
        Ok(Self::with_nonce(binding, BASE64.encode(random)))
    }

    /// The same with a nonce from outside, for the tests.
    pub(super) fn with_nonce(binding: Binding, nonce: String) -> Self {
        Self { binding, nonce }
    }

    /// `client-first-message`, to be sent. It holds no name: PostgreSQL knows it already.
    pub fn message(&self) -> String {
        format!("{}n=,r={}", self.binding.header(), self.nonce)
    }

    /// Reads `server-first-message`.
    pub fn salting(self, server_first: &[u8]) -> Result<Salting, ServerFault> {
        let first = parse::server_first(server_first)?;
        // A server that adds nothing to the nonce could replay an earlier exchange.
        let own = first.nonce.strip_prefix(&self.nonce).is_some_and(|theirs| !theirs.is_empty());
        if !own {
            return Err(ServerFault("the nonce is not of this exchange"));
        }
        if first.iterations.get() > MAX_ITERATIONS {
            return Err(ServerFault("it asks for more iterations than are computed"));
        }
        let salt = BASE64.decode(first.salt);
        let salt = salt.map_err(|_| ServerFault("the salt is not in base 64"))?;
        let without_proof = format!("c={},r={}", self.binding.input(), first.nonce);
        let signed = format!("n=,r={},{},{without_proof}", self.nonce, first.text);
        Ok(Salting { salt, iterations: first.iterations, without_proof, signed })
    }
}

impl Salting {
    /// The keys for this password, if they are remembered.
    pub fn remembered(&self, password: &Secret, keys: &RememberedKeys) -> Option<Arc<ClientKeys>> {
        keys.find(password, self)
    }

    /// The keys for this password, with all the work that it takes, and remembered from now on.
    pub fn work_out(&self, password: &Secret, keys: &RememberedKeys) -> Arc<ClientKeys> {
        let made = Arc::new(ClientKeys::made(password, &self.salt, self.iterations));
        keys.keep(password, self, &made);
        made
    }

    /// Proves that the password is known.
    pub fn prove(self, keys: &ClientKeys) -> Proven {
        let signed: [&[u8]; 1] = [self.signed.as_bytes()];
        let by_client = hmac(&hash(&*keys.client), &signed);
        let proof = BASE64.encode(xor(&keys.client, &by_client));
        Proven {
            message: format!("{},p={proof}", self.without_proof),
            signature: hmac(&*keys.server, &signed),
        }
    }
}

impl Proven {
    /// Reads `server-final-message`. The exchange is over only if this is `Ok`: then the server
    /// knows the password too, or what it keeps in its stead.
    pub fn check(self, server_final: &[u8]) -> Result<(), ServerFault> {
        let theirs = BASE64.decode(parse::server_final(server_final)?);
        let theirs = theirs.map_err(|_| ServerFault("the signature is not in base 64"))?;
        match bool::from(theirs.as_slice().ct_eq(&self.signature)) {
            true => Ok(()),
            false => Err(ServerFault("it did not prove that it knows the password")),
        }
    }
}

/// Keys that were made before, for whoever signs in at the same servers again and again. Holds no
/// password: what keys are of is told by a MAC under a key of its own, which never leaves.
#[derive(Default)]
pub struct RememberedKeys {
    kept: Mutex<Kept>,
    made: AtomicU64,
}

#[derive(Default)]
struct Kept {
    key: Option<Zeroizing<[u8; KEY_BYTES]>>,
    all: VecDeque<([u8; KEY_BYTES], Arc<ClientKeys>)>,
}

impl fmt::Debug for RememberedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RememberedKeys(***)")
    }
}

impl RememberedKeys {
    /// How often keys were made and not found.
    pub fn made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }

    fn find(&self, password: &Secret, salting: &Salting) -> Option<Arc<ClientKeys>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let name = name(kept.key.as_deref()?, password, salting);
        kept.all.iter().find(|(known, _)| *known == name).map(|(_, keys)| Arc::clone(keys))
    }

    fn keep(&self, password: &Secret, salting: &Salting, keys: &Arc<ClientKeys>) {
        self.made.fetch_add(1, Ordering::Relaxed);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.key.is_none() {
            let mut key = Zeroizing::new([0; KEY_BYTES]);
            // Without random bytes nothing is remembered: the work is done again.
            if random_bytes(key.as_mut_slice()).is_err() {
                return;
            }
            kept.key = Some(key);
        }
        let Some(key) = kept.key.as_deref() else { return };
        let name = name(key, password, salting);
        kept.all.retain(|(known, _)| *known != name);
        kept.all.truncate(REMEMBERED - 1);
        kept.all.push_front((name, Arc::clone(keys)));
    }
}

/// What keys are of: the lengths keep apart what stands beside each other.
fn name(key: &[u8; KEY_BYTES], password: &Secret, salting: &Salting) -> [u8; KEY_BYTES] {
    let password = password.expose().as_bytes();
    hmac(
        key,
        &[
            &(password.len() as u64).to_le_bytes(),
            password,
            &(salting.salt.len() as u64).to_le_bytes(),
            &salting.salt,
            &salting.iterations.get().to_le_bytes(),
        ],
    )
}

#[cfg(test)]
mod tests;
