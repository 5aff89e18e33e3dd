//! What clients send, as views that borrow from the payload. Knows nothing of what is answered.
//!
//! A view is made by `X::parse(payload)`; a payload that has a view is well formed to its last
//! byte, so the view's iterators cannot fail. Encoders are in [`encode`].

use crate::{
    error::{Fault, WireError},
    value::{Formats, Oids, Reader, Text, Values},
};

pub mod encode;

/// The messages that a client may send after its start-up packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Tag {
    /// Bind (`B`).
    Bind = b'B',
    /// Close (`C`).
    Close = b'C',
    /// CopyData (`d`).
    CopyData = b'd',
    /// CopyDone (`c`).
    CopyDone = b'c',
    /// CopyFail (`f`).
    CopyFail = b'f',
    /// Describe (`D`).
    Describe = b'D',
    /// Execute (`E`).
    Execute = b'E',
    /// Flush (`H`).
    Flush = b'H',
    /// FunctionCall (`F`).
    FunctionCall = b'F',
    /// Parse (`P`).
    Parse = b'P',
    /// PasswordMessage, SASLInitialResponse, SASLResponse, GSSResponse (`p`).
    Password = b'p',
    /// Query (`Q`).
    Query = b'Q',
    /// Sync (`S`).
    Sync = b'S',
    /// Terminate (`X`).
    Terminate = b'X',
}

impl Tag {
    /// The tag that this byte stands for; `None` if a client may not send it.
    pub const fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            b'B' => Self::Bind,
            b'C' => Self::Close,
            b'd' => Self::CopyData,
            b'c' => Self::CopyDone,
            b'f' => Self::CopyFail,
            b'D' => Self::Describe,
            b'E' => Self::Execute,
            b'H' => Self::Flush,
            b'F' => Self::FunctionCall,
            b'P' => Self::Parse,
            b'p' => Self::Password,
            b'Q' => Self::Query,
            b'S' => Self::Sync,
            b'X' => Self::Terminate,
            _ => return None,
        })
    }

    /// The byte on the wire.
    pub const fn byte(self) -> u8 {
        self as u8
    }
}

/// Names the message in the errors of a parser.
fn at(message: &'static str) -> impl Fn(Fault) -> WireError {
    move |fault| WireError::frontend(message, fault)
}

/// A simple query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query<'a> {
    /// One or more statements.
    pub text: Text<'a>,
}

impl<'a> Query<'a> {
    /// Views a payload.
    ///
    /// # Errors
    /// If the payload is not a Query's.
    pub fn parse(payload: &'a [u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(payload);
        let read = |r: &mut Reader<'a>| -> Result<_, Fault> {
            let text = r.text()?;
            r.end()?;
            Ok(Self { text })
        };
        read(&mut reader).map_err(at("Query"))
    }
}

/// Prepares a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parse<'a> {
    /// The statement's name; empty for the unnamed one.
    pub name: Text<'a>,
    /// The statement.
    pub text: Text<'a>,
    /// Types of the first parameters; 0 leaves one unspecified.
    pub type_oids: Oids<'a>,
}

#[expect(
    clippy::self_named_constructors,
    reason = "the message is called Parse; every view has parse"
)]
impl<'a> Parse<'a> {
    /// Views a payload.
    ///
    /// # Errors
    /// If the payload is not a Parse's.
    pub fn parse(payload: &'a [u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(payload);
        let read = |r: &mut Reader<'a>| -> Result<_, Fault> {
            let view = Self { name: r.text()?, text: r.text()?, type_oids: r.oids()? };
            r.end()?;
            Ok(view)
        };
        read(&mut reader).map_err(at("Parse"))
    }
}

/// Makes a portal of a prepared statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bind<'a> {
    /// The portal's name; empty for the unnamed one.
    pub portal: Text<'a>,
    /// The prepared statement's name; empty for the unnamed one.
    pub statement: Text<'a>,
    /// Formats of the parameters.
    pub formats: Formats<'a>,
    /// The parameters.
    pub parameters: Values<'a>,
    /// Formats that the result columns are wanted in.
    pub result_formats: Formats<'a>,
}

impl<'a> Bind<'a> {
    /// Views a payload.
    ///
    /// # Errors
    /// If the payload is not a Bind's.
    pub fn parse(payload: &'a [u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(payload);
        let read = |r: &mut Reader<'a>| -> Result<_, Fault> {
            let view = Self {
                portal: r.text()?,
                statement: r.text()?,
                formats: r.formats()?,
                parameters: r.values()?,
                result_formats: r.formats()?,
            };
            r.end()?;
            Ok(view)
        };
        read(&mut reader).map_err(at("Bind"))
    }
}

/// What a Describe or Close is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A prepared statement (`S`).
    Statement,
    /// A portal (`P`).
    Portal,
}

impl Kind {
    /// The byte on the wire.
    pub const fn byte(self) -> u8 {
        match self {
            Self::Statement => b'S',
            Self::Portal => b'P',
        }
    }
}

/// Describe and Close, whose payloads are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named<'a> {
    /// Statement or portal.
    pub kind: Kind,
    /// Its name; empty for the unnamed one.
    pub name: Text<'a>,
}

/// Asks for the description of a statement or portal.
pub type Describe<'a> = Named<'a>;
/// Closes a statement or portal.
pub type Close<'a> = Named<'a>;

impl<'a> Named<'a> {
    /// Views the payload of a Describe or a Close.
    ///
    /// # Errors
    /// If the payload is not theirs.
    pub fn parse(payload: &'a [u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(payload);
        let read = |r: &mut Reader<'a>| -> Result<_, Fault> {
            let kind = match r.u8()? {
                b'S' => Kind::Statement,
                b'P' => Kind::Portal,
                _ => return Err(Fault::Unknown),
            };
            let name = r.text()?;
            r.end()?;
            Ok(Self { kind, name })
        };
        read(&mut reader).map_err(at("Describe or Close"))
    }
}

/// Runs a portal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Execute<'a> {
    /// The portal's name; empty for the unnamed one.
    pub portal: Text<'a>,
    /// The most rows to return; zero and below mean all (as PostgreSQL treats it).
    pub max_rows: i32,
}

impl<'a> Execute<'a> {
    /// Views a payload.
    ///
    /// # Errors
    /// If the payload is not an Execute's.
    pub fn parse(payload: &'a [u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(payload);
        let read = |r: &mut Reader<'a>| -> Result<_, Fault> {
            let view = Self { portal: r.text()?, max_rows: r.i32()? };
            r.end()?;
            Ok(view)
        };
        read(&mut reader).map_err(at("Execute"))
    }
}

/// Calls a function by oid, past SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FunctionCall<'a> {
    /// `pg_proc.oid`.
    pub function: u32,
    /// Formats of the arguments.
    pub formats: Formats<'a>,
    /// The arguments.
    pub arguments: Values<'a>,
    /// The format that the result is wanted in.
    pub result_format: crate::Format,
}

impl<'a> FunctionCall<'a> {
    /// Views a payload.
    ///
    /// # Errors
    /// If the payload is not a FunctionCall's.
    pub fn parse(payload: &'a [u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(payload);
        let read = |r: &mut Reader<'a>| -> Result<_, Fault> {
            let view = Self {
                function: r.u32()?,
                formats: r.formats()?,
                arguments: r.values()?,
                result_format: crate::Format(r.i16()?),
            };
            r.end()?;
            Ok(view)
        };
        read(&mut reader).map_err(at("FunctionCall"))
    }
}

/// Ends a COPY with an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyFail<'a> {
    /// The client's reason.
    pub reason: Text<'a>,
}

impl<'a> CopyFail<'a> {
    /// Views a payload.
    ///
    /// # Errors
    /// If the payload is not a CopyFail's.
    pub fn parse(payload: &'a [u8]) -> Result<Self, WireError> {
        Query::parse(payload)
            .map(|query| Self { reason: query.text })
            .map_err(|_| WireError::frontend("CopyFail", Fault::Unterminated))
    }
}

/// Checks that a message which carries nothing (Sync, Flush, Terminate, CopyDone) carries nothing.
///
/// # Errors
/// If it does.
pub const fn empty(payload: &[u8]) -> Result<(), WireError> {
    match payload {
        [] => Ok(()),
        _ => Err(WireError::frontend("message without fields", Fault::Trailing)),
    }
}

/// The text of a PasswordMessage.
///
/// # Errors
/// If the payload is not a PasswordMessage's.
pub fn password(payload: &[u8]) -> Result<Text<'_>, WireError> {
    Query::parse(payload)
        .map(|query| query.text)
        .map_err(|_| WireError::frontend("PasswordMessage", Fault::Unterminated))
}

/// The client's first SASL message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SaslInitialResponse<'a> {
    /// The mechanism that the client chose.
    pub mechanism: Text<'a>,
    /// The mechanism's data, if the client sent any.
    pub data: Option<&'a [u8]>,
}

impl<'a> SaslInitialResponse<'a> {
    /// Views a payload.
    ///
    /// # Errors
    /// If the payload is not a SASLInitialResponse's.
    pub fn parse(payload: &'a [u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(payload);
        let read = |r: &mut Reader<'a>| -> Result<_, Fault> {
            let view = Self { mechanism: r.text()?, data: r.value()? };
            r.end()?;
            Ok(view)
        };
        read(&mut reader).map_err(at("SASLInitialResponse"))
    }
}

#[cfg(test)]
mod tests;
