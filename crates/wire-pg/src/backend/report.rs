//! ErrorResponse and NoticeResponse, whose payloads are alike. Knows nothing of redaction.

use super::whole;
use crate::{
    error::{Fault, WireError},
    value::{Reader, Text},
};

/// Field codes (PostgreSQL manual, "Error and Notice Message Fields").
pub mod field {
    /// Severity, which may be localised.
    pub const SEVERITY: u8 = b'S';
    /// Severity, never localised.
    pub const SEVERITY_PLAIN: u8 = b'V';
    /// SQLSTATE.
    pub const CODE: u8 = b'C';
    /// The primary message.
    pub const MESSAGE: u8 = b'M';
    /// Detail.
    pub const DETAIL: u8 = b'D';
    /// Hint.
    pub const HINT: u8 = b'H';
    /// Cursor position in the statement, in characters, from 1.
    pub const POSITION: u8 = b'P';
    /// Cursor position in an internal statement.
    pub const INTERNAL_POSITION: u8 = b'p';
    /// The internal statement.
    pub const INTERNAL_QUERY: u8 = b'q';
    /// Context: a call stack.
    pub const WHERE: u8 = b'W';
    /// Schema name.
    pub const SCHEMA: u8 = b's';
    /// Table name.
    pub const TABLE: u8 = b't';
    /// Column name.
    pub const COLUMN: u8 = b'c';
    /// Data type name.
    pub const DATATYPE: u8 = b'd';
    /// Constraint name.
    pub const CONSTRAINT: u8 = b'n';
    /// Source file.
    pub const FILE: u8 = b'F';
    /// Source line.
    pub const LINE: u8 = b'L';
    /// Source routine.
    pub const ROUTINE: u8 = b'R';
}

/// An ErrorResponse or a NoticeResponse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report<'a> {
    fields: Reader<'a>,
}

impl<'a> Report<'a> {
    /// Views a payload.
    ///
    /// # Errors
    /// If the payload is not theirs.
    pub fn parse(payload: &'a [u8]) -> Result<Self, WireError> {
        whole("ErrorResponse or NoticeResponse", payload, |reader| {
            let fields = *reader;
            while read(reader)?.is_some() {}
            Ok(Self { fields })
        })
    }

    /// The fields in order: code and text.
    pub fn fields(self) -> impl Iterator<Item = (u8, Text<'a>)> + use<'a> {
        let mut reader = self.fields;
        std::iter::from_fn(move || read(&mut reader).ok().flatten())
    }

    /// The first field with this code.
    pub fn field(self, code: u8) -> Option<Text<'a>> {
        self.fields().find(|(present, _)| *present == code).map(|(_, text)| text)
    }

    /// SQLSTATE; empty if the server sent none.
    pub fn code(self) -> Text<'a> {
        self.field(field::CODE).unwrap_or_default()
    }

    /// The primary message; empty if the server sent none.
    pub fn message(self) -> Text<'a> {
        self.field(field::MESSAGE).unwrap_or_default()
    }
}

fn read<'a>(reader: &mut Reader<'a>) -> Result<Option<(u8, Text<'a>)>, Fault> {
    match reader.u8()? {
        0 => Ok(None),
        code => Ok(Some((code, reader.text()?))),
    }
}
