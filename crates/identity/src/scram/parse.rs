//! The grammar of the messages of both sides (RFC 5802 section 7). Judges no credential.

use super::ServerFault;
use crate::IdentityError;
use std::num::NonZeroU32;

/// The longest message that is read. The longest one that makes sense, with a 64-byte channel
/// binding and generous nonces, has about 400 bytes.
const MAX_MESSAGE_BYTES: usize = 2048;
/// The longest nonce that a client may choose.
const MAX_NONCE_BYTES: usize = 256;

/// What the client says about channel binding (the GS2 header's flag).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flag {
    /// `n`: the client cannot.
    Cannot,
    /// `y`: the client can and believes that the server cannot.
    ServerCannot,
    /// `p=tls-server-end-point`: bound.
    Bound,
}

/// `client-first-message`.
pub(super) struct First<'a> {
    pub(super) flag: Flag,
    /// Everything after the GS2 header; part of what is signed.
    pub(super) bare: &'a str,
    pub(super) nonce: &'a str,
}

/// `client-final-message`.
pub(super) struct Final<'a> {
    pub(super) binding: &'a str,
    pub(super) nonce: &'a str,
    pub(super) proof: &'a str,
    /// Everything before the proof; part of what is signed.
    pub(super) without_proof: &'a str,
}

/// `server-first-message`.
pub(super) struct ServerFirst<'a> {
    /// All of it; part of what is signed.
    pub(super) text: &'a str,
    pub(super) nonce: &'a str,
    pub(super) salt: &'a str,
    pub(super) iterations: NonZeroU32,
}

pub(super) fn first(message: &[u8]) -> Result<First<'_>, IdentityError> {
    let text = text(message)?;
    let (flag, rest) = cut(text)?;
    let flag = match flag {
        "n" => Flag::Cannot,
        "y" => Flag::ServerCannot,
        "p=tls-server-end-point" => Flag::Bound,
        other if other.starts_with("p=") => {
            return Err(IdentityError::Unsupported("unknown SCRAM channel binding type"));
        }
        _ => return Err(IdentityError::Malformed("bad SCRAM channel binding flag")),
    };
    let (authorization, bare) = cut(rest)?;
    if !authorization.is_empty() {
        return Err(IdentityError::Unsupported(
            "the client asks to act for another name, which is not supported",
        ));
    }
    if bare.starts_with("m=") {
        return Err(IdentityError::Unsupported("the client demands a SCRAM extension"));
    }
    let (name, rest) = cut(bare)?;
    // The name itself was given when the session began and is not read again: clients leave it
    // empty here, as libpq does.
    if !name.starts_with("n=") {
        return Err(IdentityError::Malformed("the SCRAM message has no name"));
    }
    let nonce = rest.split(',').next().and_then(|part| part.strip_prefix("r="));
    let Some(nonce) = nonce else {
        return Err(IdentityError::Malformed("the SCRAM message has no nonce"));
    };
    if nonce.is_empty() || nonce.len() > MAX_NONCE_BYTES || !nonce.bytes().all(is_printable) {
        return Err(IdentityError::Malformed("the SCRAM nonce is empty, too long or unprintable"));
    }
    Ok(First { flag, bare, nonce })
}

pub(super) fn last(message: &[u8]) -> Result<Final<'_>, IdentityError> {
    let text = text(message)?;
    let Some((without_proof, proof)) = text.rsplit_once(",p=") else {
        return Err(IdentityError::Malformed("the SCRAM message has no proof"));
    };
    let (binding, rest) = cut(without_proof)
        .map_err(|_| IdentityError::Malformed("the SCRAM message has no nonce"))?;
    let Some(binding) = binding.strip_prefix("c=") else {
        return Err(IdentityError::Malformed("the SCRAM message has no channel binding"));
    };
    let nonce = rest.split(',').next().and_then(|part| part.strip_prefix("r="));
    let Some(nonce) = nonce else {
        return Err(IdentityError::Malformed("the SCRAM message has no nonce"));
    };
    Ok(Final { binding, nonce, proof, without_proof })
}

/// Extensions are refused, as PostgreSQL sends none.
pub(super) fn server_first(message: &[u8]) -> Result<ServerFirst<'_>, ServerFault> {
    let text = server_text(message)?;
    let mut parts = text.split(',');
    let mut part = |name: &str| parts.next().and_then(|part| part.strip_prefix(name));
    let (nonce, salt, iterations) = (part("r="), part("s="), part("i="));
    if let (Some(nonce), Some(salt), Some(iterations), None) =
        (nonce, salt, iterations, parts.next())
        && let (true, Ok(iterations)) = (nonce.bytes().all(is_printable), iterations.parse())
    {
        return Ok(ServerFirst { text, nonce, salt, iterations });
    }
    Err(ServerFault("its first message is not `r=…,s=…,i=…`"))
}

/// The server's signature in base 64.
pub(super) fn server_final(message: &[u8]) -> Result<&str, ServerFault> {
    let signature = server_text(message)?.strip_prefix("v=");
    signature.ok_or(ServerFault("its last message is not a signature"))
}

fn server_text(message: &[u8]) -> Result<&str, ServerFault> {
    if message.len() > MAX_MESSAGE_BYTES {
        return Err(ServerFault("a message is too long"));
    }
    std::str::from_utf8(message).map_err(|_| ServerFault("a message is not UTF-8"))
}

fn text(message: &[u8]) -> Result<&str, IdentityError> {
    if message.len() > MAX_MESSAGE_BYTES {
        return Err(IdentityError::Malformed("the SCRAM message is too long"));
    }
    std::str::from_utf8(message)
        .map_err(|_| IdentityError::Malformed("the SCRAM message is not UTF-8"))
}

fn cut(text: &str) -> Result<(&str, &str), IdentityError> {
    text.split_once(',').ok_or(IdentityError::Malformed("the SCRAM message is cut short"))
}

/// `printable` of the RFC: visible ASCII without the comma.
fn is_printable(byte: u8) -> bool {
    byte.is_ascii_graphic() && byte != b','
}
