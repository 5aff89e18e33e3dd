//! Authentication requests: every `R` message. Knows no secret and no mechanism's inside.

use super::whole;
use crate::{
    error::{Fault, WireError},
    value::{Reader, Text},
};

/// What the server wants for sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication<'a> {
    /// Signed in.
    Ok,
    /// The password in clear.
    Cleartext,
    /// The password as an MD5 answer with this salt.
    Md5 {
        /// The salt.
        salt: [u8; 4],
    },
    /// One of these SASL mechanisms.
    Sasl(Mechanisms<'a>),
    /// A SASL challenge.
    SaslContinue(&'a [u8]),
    /// The end of a SASL exchange.
    SaslFinal(&'a [u8]),
    /// Something that Weir does not speak (Kerberos, GSSAPI, SSPI, …), with its number.
    Unsupported(u32),
}

/// A list of SASL mechanisms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mechanisms<'a>(Reader<'a>);

impl<'a> Mechanisms<'a> {
    /// The mechanisms, the server's favourite first.
    pub fn iter(self) -> impl Iterator<Item = Text<'a>> + use<'a> {
        let mut reader = self.0;
        std::iter::from_fn(move || reader.text().ok().filter(|name| !name.is_empty()))
    }
}

impl<'a> Authentication<'a> {
    /// Views a payload.
    ///
    /// # Errors
    /// If the payload is not an authentication request's.
    pub fn parse(payload: &'a [u8]) -> Result<Self, WireError> {
        whole("Authentication", payload, |reader| {
            Ok(match reader.u32()? {
                0 => Self::Ok,
                3 => Self::Cleartext,
                5 => {
                    let salt = reader.take(4)?;
                    Self::Md5 { salt: salt.try_into().map_err(|_| Fault::Short)? }
                }
                10 => {
                    let mechanisms = *reader;
                    while !reader.text()?.is_empty() {}
                    Self::Sasl(Mechanisms(mechanisms))
                }
                11 => Self::SaslContinue(reader.rest()),
                12 => Self::SaslFinal(reader.rest()),
                other => {
                    reader.rest();
                    Self::Unsupported(other)
                }
            })
        })
    }
}
