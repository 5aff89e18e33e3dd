//! What servers send, as views that borrow from the payload. Knows nothing of what was asked.
//!
//! A view is made by `X::parse(payload)`; a payload that has a view is well formed to its last
//! byte, so the view's iterators cannot fail. Encoders are in [`encode`].

use crate::{
    error::{Fault, WireError},
    value::{Format, Formats, Oids, Reader, Text, Values},
};

mod auth;
pub mod encode;
mod report;
mod rewrite;

pub use auth::{Authentication, Mechanisms};
pub use report::{Report, field};
pub use rewrite::{Instead, RowRewriter};

/// The most bytes that a BackendKeyData's key may have (PostgreSQL manual, protocol 3.2).
pub const MAX_CANCEL_KEY_BYTES: usize = 256;

/// The messages that a server may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Tag {
    /// Authentication* (`R`).
    Authentication = b'R',
    /// BackendKeyData (`K`).
    BackendKeyData = b'K',
    /// BindComplete (`2`).
    BindComplete = b'2',
    /// CloseComplete (`3`).
    CloseComplete = b'3',
    /// CommandComplete (`C`).
    CommandComplete = b'C',
    /// CopyBothResponse (`W`).
    CopyBothResponse = b'W',
    /// CopyData (`d`).
    CopyData = b'd',
    /// CopyDone (`c`).
    CopyDone = b'c',
    /// CopyInResponse (`G`).
    CopyInResponse = b'G',
    /// CopyOutResponse (`H`).
    CopyOutResponse = b'H',
    /// DataRow (`D`).
    DataRow = b'D',
    /// EmptyQueryResponse (`I`).
    EmptyQueryResponse = b'I',
    /// ErrorResponse (`E`).
    ErrorResponse = b'E',
    /// FunctionCallResponse (`V`).
    FunctionCallResponse = b'V',
    /// NegotiateProtocolVersion (`v`).
    NegotiateProtocolVersion = b'v',
    /// NoData (`n`).
    NoData = b'n',
    /// NoticeResponse (`N`).
    NoticeResponse = b'N',
    /// NotificationResponse (`A`).
    NotificationResponse = b'A',
    /// ParameterDescription (`t`).
    ParameterDescription = b't',
    /// ParameterStatus (`S`).
    ParameterStatus = b'S',
    /// ParseComplete (`1`).
    ParseComplete = b'1',
    /// PortalSuspended (`s`).
    PortalSuspended = b's',
    /// ReadyForQuery (`Z`).
    ReadyForQuery = b'Z',
    /// RowDescription (`T`).
    RowDescription = b'T',
}

impl Tag {
    /// The tag that this byte stands for; `None` if a server may not send it.
    pub const fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            b'R' => Self::Authentication,
            b'K' => Self::BackendKeyData,
            b'2' => Self::BindComplete,
            b'3' => Self::CloseComplete,
            b'C' => Self::CommandComplete,
            b'W' => Self::CopyBothResponse,
            b'd' => Self::CopyData,
            b'c' => Self::CopyDone,
            b'G' => Self::CopyInResponse,
            b'H' => Self::CopyOutResponse,
            b'D' => Self::DataRow,
            b'I' => Self::EmptyQueryResponse,
            b'E' => Self::ErrorResponse,
            b'V' => Self::FunctionCallResponse,
            b'v' => Self::NegotiateProtocolVersion,
            b'n' => Self::NoData,
            b'N' => Self::NoticeResponse,
            b'A' => Self::NotificationResponse,
            b't' => Self::ParameterDescription,
            b'S' => Self::ParameterStatus,
            b'1' => Self::ParseComplete,
            b's' => Self::PortalSuspended,
            b'Z' => Self::ReadyForQuery,
            b'T' => Self::RowDescription,
            _ => return None,
        })
    }

    /// The byte on the wire.
    pub const fn byte(self) -> u8 {
        self as u8
    }
}

/// Runs a parser over a whole payload and names the message in its errors.
fn whole<'a, T>(
    message: &'static str,
    payload: &'a [u8],
    read: impl FnOnce(&mut Reader<'a>) -> Result<T, Fault>,
) -> Result<T, WireError> {
    let mut reader = Reader::new(payload);
    let view = read(&mut reader).map_err(|fault| WireError::backend(message, fault))?;
    reader.end().map_err(|fault| WireError::backend(message, fault))?;
    Ok(view)
}

/// One column of a RowDescription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Field<'a> {
    /// Output column name.
    pub name: Text<'a>,
    /// `pg_class.oid` of the table the column is, unchanged, a column of; 0 otherwise.
    pub table_oid: u32,
    /// `pg_attribute.attnum` there; 0 otherwise.
    pub attnum: i16,
    /// `pg_type.oid`; the base type for domains.
    pub type_oid: u32,
    /// `pg_type.typlen`.
    pub typlen: i16,
    /// `pg_attribute.atttypmod`.
    pub typmod: i32,
    /// The format its values come in (text in the answer to Describe of a statement).
    pub format: Format,
}

/// What the columns of the rows to come are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowDescription<'a> {
    count: u16,
    fields: Reader<'a>,
}

impl<'a> RowDescription<'a> {
    /// Views a payload.
    ///
    /// # Errors
    /// If the payload is not a RowDescription's.
    pub fn parse(payload: &'a [u8]) -> Result<Self, WireError> {
        whole("RowDescription", payload, |reader| {
            let count = reader.u16()?;
            let fields = *reader;
            for _ in 0..count {
                read_field(reader)?;
            }
            Ok(Self { count, fields })
        })
    }

    /// How many columns there are.
    pub const fn len(self) -> usize {
        self.count as usize
    }

    /// True for rows without columns.
    pub const fn is_empty(self) -> bool {
        self.count == 0
    }

    /// The columns in order.
    pub fn iter(self) -> impl Iterator<Item = Field<'a>> + use<'a> {
        let mut reader = self.fields;
        (0..self.count).map_while(move |_| read_field(&mut reader).ok())
    }
}

fn read_field<'a>(reader: &mut Reader<'a>) -> Result<Field<'a>, Fault> {
    Ok(Field {
        name: reader.text()?,
        table_oid: reader.u32()?,
        attnum: reader.i16()?,
        type_oid: reader.u32()?,
        typlen: reader.i16()?,
        typmod: reader.i32()?,
        format: Format(reader.i16()?),
    })
}

/// One row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataRow<'a> {
    /// Its values, in the formats that the RowDescription or the Bind said.
    pub values: Values<'a>,
}

impl<'a> DataRow<'a> {
    /// Views a payload.
    ///
    /// # Errors
    /// If the payload is not a DataRow's.
    #[inline]
    pub fn parse(payload: &'a [u8]) -> Result<Self, WireError> {
        whole("DataRow", payload, |reader| Ok(Self { values: reader.values()? }))
    }
}

/// The tag of a CommandComplete, such as `INSERT 0 5`.
///
/// # Errors
/// If the payload is not a CommandComplete's.
pub fn command_complete(payload: &[u8]) -> Result<Text<'_>, WireError> {
    whole("CommandComplete", payload, Reader::text)
}

/// Where a session stands between statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Not in a transaction block (`I`).
    Idle,
    /// In a transaction block (`T`).
    Transaction,
    /// In a failed transaction block (`E`).
    Failed,
}

impl Status {
    /// The byte on the wire.
    pub const fn byte(self) -> u8 {
        match self {
            Self::Idle => b'I',
            Self::Transaction => b'T',
            Self::Failed => b'E',
        }
    }
}

/// The status in a ReadyForQuery.
///
/// # Errors
/// If the payload is not a ReadyForQuery's.
pub fn ready_for_query(payload: &[u8]) -> Result<Status, WireError> {
    whole("ReadyForQuery", payload, |reader| match reader.u8()? {
        b'I' => Ok(Status::Idle),
        b'T' => Ok(Status::Transaction),
        b'E' => Ok(Status::Failed),
        _ => Err(Fault::Unknown),
    })
}

/// A setting that the server reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParameterStatus<'a> {
    /// The setting's name.
    pub name: Text<'a>,
    /// Its value.
    pub value: Text<'a>,
}

impl<'a> ParameterStatus<'a> {
    /// Views a payload.
    ///
    /// # Errors
    /// If the payload is not a ParameterStatus's.
    pub fn parse(payload: &'a [u8]) -> Result<Self, WireError> {
        whole("ParameterStatus", payload, |reader| {
            Ok(Self { name: reader.text()?, value: reader.text()? })
        })
    }
}

/// The parameter types in a ParameterDescription.
///
/// # Errors
/// If the payload is not a ParameterDescription's.
pub fn parameter_description(payload: &[u8]) -> Result<Oids<'_>, WireError> {
    whole("ParameterDescription", payload, Reader::oids)
}

/// What a client needs to ask for cancellation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BackendKeyData<'a> {
    /// The server process.
    pub process_id: u32,
    /// The secret: 4 bytes in protocol 3.0, up to [`MAX_CANCEL_KEY_BYTES`] in 3.2.
    pub key: &'a [u8],
}

impl std::fmt::Debug for BackendKeyData<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BackendKeyData {{ process_id: {}, key: *** }}", self.process_id)
    }
}

impl<'a> BackendKeyData<'a> {
    /// Views a payload.
    ///
    /// # Errors
    /// If the payload is not a BackendKeyData's.
    pub fn parse(payload: &'a [u8]) -> Result<Self, WireError> {
        whole("BackendKeyData", payload, |reader| {
            let process_id = reader.u32()?;
            match reader.left() {
                0 => Err(Fault::Short),
                1..=MAX_CANCEL_KEY_BYTES => Ok(Self { process_id, key: reader.rest() }),
                _ => Err(Fault::Length),
            }
        })
    }
}

/// A NOTIFY of some session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotificationResponse<'a> {
    /// The process that notified.
    pub process_id: u32,
    /// The channel.
    pub channel: Text<'a>,
    /// The payload.
    pub payload: Text<'a>,
}

impl<'a> NotificationResponse<'a> {
    /// Views a payload.
    ///
    /// # Errors
    /// If the payload is not a NotificationResponse's.
    pub fn parse(payload: &'a [u8]) -> Result<Self, WireError> {
        whole("NotificationResponse", payload, |reader| {
            Ok(Self { process_id: reader.u32()?, channel: reader.text()?, payload: reader.text()? })
        })
    }
}

/// CopyInResponse, CopyOutResponse and CopyBothResponse, whose payloads are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyResponse<'a> {
    /// The format of the whole stream (0 text, 1 binary).
    pub format: u8,
    /// The formats of the columns.
    pub columns: Formats<'a>,
}

impl<'a> CopyResponse<'a> {
    /// Views a payload.
    ///
    /// # Errors
    /// If the payload is not theirs.
    pub fn parse(payload: &'a [u8]) -> Result<Self, WireError> {
        whole("CopyResponse", payload, |reader| {
            Ok(Self { format: reader.u8()?, columns: reader.formats()? })
        })
    }
}

/// The server speaks less than the client asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NegotiateProtocolVersion<'a> {
    /// The newest version that the server speaks, major and minor (`3 << 16 | 2`).
    pub version: u32,
    options: Reader<'a>,
}

impl<'a> NegotiateProtocolVersion<'a> {
    /// Views a payload.
    ///
    /// # Errors
    /// If the payload is not a NegotiateProtocolVersion's.
    pub fn parse(payload: &'a [u8]) -> Result<Self, WireError> {
        whole("NegotiateProtocolVersion", payload, |reader| {
            let version = reader.u32()?;
            let count = u32::try_from(reader.i32()?).map_err(|_| Fault::Length)?;
            let options = *reader;
            for _ in 0..count {
                reader.text()?;
            }
            Ok(Self { version, options })
        })
    }

    /// The `_pq_.` options that the server did not recognise.
    pub fn options(self) -> impl Iterator<Item = Text<'a>> + use<'a> {
        let mut reader = self.options;
        std::iter::from_fn(move || reader.text().ok())
    }
}

/// The result in a FunctionCallResponse; `None` is NULL.
///
/// # Errors
/// If the payload is not a FunctionCallResponse's.
pub fn function_call_response(payload: &[u8]) -> Result<Option<&[u8]>, WireError> {
    whole("FunctionCallResponse", payload, Reader::value)
}

#[cfg(test)]
mod tests;
