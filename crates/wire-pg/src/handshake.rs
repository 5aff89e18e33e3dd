//! The first packet of a connection, which has no tag. Knows nothing of sign-in or TLS itself.
//!
//! A client may send several: an encryption request, then (over TLS or not) its start-up packet.
//! What follows an SSLRequest in the same read must be refused by the caller: those bytes were
//! sent before TLS was up (CVE-2021-23214).

use crate::{
    error::{Fault, WireError},
    frame,
    value::{Reader, Text},
};

/// Protocol 3.0.
pub const VERSION_3_0: u32 = 3 << 16;
/// Protocol 3.2: cancel keys of any length. (There is no 3.1.)
pub const VERSION_3_2: u32 = 3 << 16 | 2;
/// The code of an SSLRequest.
pub const SSL_REQUEST: u32 = 1234 << 16 | 5679;
/// The code of a GSSENCRequest.
pub const GSSENC_REQUEST: u32 = 1234 << 16 | 5680;
/// The code of a CancelRequest.
pub const CANCEL_REQUEST: u32 = 1234 << 16 | 5678;
/// The most bytes of a start-up packet after its length (`MAX_STARTUP_PACKET_LENGTH`).
pub const MAX_STARTUP_BYTES: usize = 10_000;
/// The first byte of a TLS record that carries a handshake: direct TLS, without an SSLRequest.
pub const TLS_HANDSHAKE: u8 = 0x16;

/// Bytes of the length field.
const LENGTH_BYTES: usize = 4;

/// The first packet of a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum First<'a> {
    /// A TLS ClientHello: the client starts TLS directly. Nothing is consumed.
    DirectTls,
    /// The client asks for TLS.
    SslRequest,
    /// The client asks for GSSAPI encryption.
    GssEncRequest,
    /// The client asks for the cancellation of another session's statement.
    Cancel {
        /// The session's process id.
        process_id: u32,
        /// The session's secret.
        key: &'a [u8],
    },
    /// The client wants a session.
    Startup(Startup<'a>),
    /// A start-up packet of a protocol version other than 3.x.
    Unsupported {
        /// Major version.
        major: u16,
        /// Minor version.
        minor: u16,
    },
}

impl std::fmt::Debug for First<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::DirectTls => f.write_str("DirectTls"),
            Self::SslRequest => f.write_str("SslRequest"),
            Self::GssEncRequest => f.write_str("GssEncRequest"),
            Self::Cancel { process_id, .. } => write!(f, "Cancel {{ {process_id}, key: *** }}"),
            Self::Startup(startup) => write!(f, "Startup({startup:?})"),
            Self::Unsupported { major, minor } => write!(f, "Unsupported {{ {major}.{minor} }}"),
        }
    }
}

/// A client's wish for a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Startup<'a> {
    /// Minor version of protocol 3.
    pub minor: u16,
    parameters: Reader<'a>,
}

impl<'a> Startup<'a> {
    /// The parameters in the order sent: name and value. Names may repeat; PostgreSQL lets the
    /// last one win.
    pub fn parameters(self) -> impl Iterator<Item = (Text<'a>, Text<'a>)> + use<'a> {
        let mut reader = self.parameters;
        std::iter::from_fn(move || read_parameter(&mut reader).ok().flatten())
    }

    /// The value of a parameter; the last one if it was sent more than once.
    pub fn parameter(self, name: &str) -> Option<Text<'a>> {
        let named = self.parameters().filter(|(present, _)| present.bytes() == name.as_bytes());
        named.last().map(|(_, value)| value)
    }
}

/// Reads the first packet at the start of `buf`, and how many bytes it took. `Ok(None)` means:
/// not complete yet (never for more than [`MAX_STARTUP_BYTES`] + 4 bytes).
///
/// # Errors
/// `BadLength` and `TooLong` as soon as the length field is there; `Malformed` for the rest.
pub fn parse(buf: &[u8]) -> Result<Option<(First<'_>, usize)>, WireError> {
    if buf.first() == Some(&TLS_HANDSHAKE) {
        return Ok(Some((First::DirectTls, 0)));
    }
    let Some(length) = buf.first_chunk::<LENGTH_BYTES>() else { return Ok(None) };
    let length = i32::from_be_bytes(*length);
    // Eight bytes are the least that holds the length and a version.
    let (Ok(len), true) = (usize::try_from(length), length >= 8) else {
        return Err(WireError::BadLength { tag: 0, length });
    };
    let limit = MAX_STARTUP_BYTES + LENGTH_BYTES;
    if len > limit {
        return Err(WireError::TooLong { tag: 0, len, limit });
    }
    let Some(packet) = buf.get(LENGTH_BYTES..len) else { return Ok(None) };
    let first = read(packet).map_err(|fault| WireError::frontend("start-up packet", fault))?;
    Ok(Some((first, len)))
}

fn read(packet: &[u8]) -> Result<First<'_>, Fault> {
    let mut reader = Reader::new(packet);
    let code = reader.u32()?;
    match code {
        SSL_REQUEST => reader.end().map(|()| First::SslRequest),
        GSSENC_REQUEST => reader.end().map(|()| First::GssEncRequest),
        CANCEL_REQUEST => {
            let process_id = reader.u32()?;
            match reader.left() {
                0 => Err(Fault::Short),
                1..=crate::backend::MAX_CANCEL_KEY_BYTES => {
                    Ok(First::Cancel { process_id, key: reader.rest() })
                }
                _ => Err(Fault::Length),
            }
        }
        _ => {
            let [a, b, c, d] = code.to_be_bytes();
            let (major, minor) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
            if major != 3 {
                return Ok(First::Unsupported { major, minor });
            }
            let parameters = reader;
            while read_parameter(&mut reader)?.is_some() {}
            reader.end()?;
            Ok(First::Startup(Startup { minor, parameters }))
        }
    }
}

fn read_parameter<'a>(reader: &mut Reader<'a>) -> Result<Option<(Text<'a>, Text<'a>)>, Fault> {
    let name = reader.text()?;
    if name.is_empty() { Ok(None) } else { Ok(Some((name, reader.text()?))) }
}

/// The header of the message that follows sign-in's requests: as [`frame::peek`], under the limit
/// that PostgreSQL itself has for what an unauthenticated client may send
/// (`PG_MAX_AUTH_TOKEN_LENGTH`).
///
/// # Errors
/// As [`frame::peek`].
pub fn peek_auth(buf: &[u8]) -> Result<Option<frame::Frame>, WireError> {
    frame::peek(buf, MAX_AUTH_BYTES)
}

/// The most bytes of a message by which a client signs in.
pub const MAX_AUTH_BYTES: usize = 65_535;

#[cfg(test)]
mod tests;
