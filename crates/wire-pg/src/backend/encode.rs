//! Writing what a server sends: Weir is one towards clients. Knows nothing of what was asked.
//!
//! Every function appends one message. Those that can be asked for something the protocol cannot
//! say return an error and leave the buffer as it was.

use super::{Field, Report, Status, Tag, field};
use crate::{
    error::{Fault, WireError},
    put::{Buffer, Put, patch},
    value::{Format, Text},
};

/// How bad a report is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// Ends the session.
    Fatal,
    /// Ends the statement.
    Error,
    /// A warning.
    Warning,
    /// A notice.
    Notice,
    /// Information that the client asked for.
    Info,
}

impl Severity {
    const fn name(self) -> &'static str {
        match self {
            Self::Fatal => "FATAL",
            Self::Error => "ERROR",
            Self::Warning => "WARNING",
            Self::Notice => "NOTICE",
            Self::Info => "INFO",
        }
    }

    const fn tag(self) -> Tag {
        match self {
            Self::Fatal | Self::Error => Tag::ErrorResponse,
            Self::Warning | Self::Notice | Self::Info => Tag::NoticeResponse,
        }
    }
}

/// An ErrorResponse or NoticeResponse (by its severity) of Weir's own.
#[derive(Clone, Copy, Debug)]
pub struct Diagnostic<'a> {
    /// How bad it is; also decides between error and notice.
    pub severity: Severity,
    /// SQLSTATE.
    pub code: &'a str,
    /// The primary message.
    pub message: &'a str,
    /// What led to it.
    pub detail: Option<&'a str>,
    /// What to do.
    pub hint: Option<&'a str>,
    /// Where in the statement, in characters from 1.
    pub position: Option<usize>,
}

impl<'a> Diagnostic<'a> {
    /// A diagnostic with a message alone.
    pub const fn new(severity: Severity, code: &'a str, message: &'a str) -> Self {
        Self { severity, code, message, detail: None, hint: None, position: None }
    }

    /// An error that ends the statement.
    pub const fn error(code: &'a str, message: &'a str) -> Self {
        Self::new(Severity::Error, code, message)
    }

    /// An error that ends the session.
    pub const fn fatal(code: &'a str, message: &'a str) -> Self {
        Self::new(Severity::Fatal, code, message)
    }

    /// Adds a detail.
    #[must_use]
    pub const fn detail(mut self, detail: &'a str) -> Self {
        self.detail = Some(detail);
        self
    }

    /// Adds a hint.
    #[must_use]
    pub const fn hint(mut self, hint: &'a str) -> Self {
        self.hint = Some(hint);
        self
    }

    /// Adds a position, in characters from 1.
    #[must_use]
    pub const fn position(mut self, position: usize) -> Self {
        self.position = Some(position);
        self
    }

    /// Appends the message. NULs in texts are dropped.
    pub fn encode(&self, out: &mut impl Buffer) {
        let mut put = Put::tagged(out, self.severity.tag().byte());
        let position = self.position.map(|position| position.to_string());
        let fields = [
            (field::SEVERITY, Some(self.severity.name())),
            (field::SEVERITY_PLAIN, Some(self.severity.name())),
            (field::CODE, Some(self.code)),
            (field::MESSAGE, Some(self.message)),
            (field::DETAIL, self.detail),
            (field::HINT, self.hint),
            (field::POSITION, position.as_deref()),
        ];
        for (code, text) in fields {
            let Some(text) = text else { continue };
            put.u8(code);
            put.prose(text);
        }
        put.u8(0);
        put.close();
    }
}

/// Re-encodes a report, with each field kept, replaced or dropped by `edit`.
///
/// # Errors
/// If a replacement holds a NUL, or `tag` is neither an error's nor a notice's.
pub fn report<'a>(
    out: &mut impl Buffer,
    tag: Tag,
    report: Report<'a>,
    mut edit: impl FnMut(u8, Text<'a>) -> Option<std::borrow::Cow<'a, [u8]>>,
) -> Result<(), WireError> {
    let mut put = Put::tagged(out, tag.byte());
    if !matches!(tag, Tag::ErrorResponse | Tag::NoticeResponse) {
        put.fault(Fault::Unknown);
    }
    for (code, text) in report.fields() {
        if let Some(text) = edit(code, text) {
            put.u8(code);
            put.text(&text);
        }
    }
    put.u8(0);
    put.end("ErrorResponse or NoticeResponse")
}

/// A RowDescription.
///
/// # Errors
/// If there are too many fields.
pub fn row_description<'a>(
    out: &mut impl Buffer,
    fields: impl IntoIterator<Item = Field<'a>>,
) -> Result<(), WireError> {
    let mut put = Put::tagged(out, Tag::RowDescription.byte());
    put.counted(fields, |put, field| {
        put.text(field.name.bytes());
        put.u32(field.table_oid);
        put.i16(field.attnum);
        put.u32(field.type_oid);
        put.i16(field.typlen);
        put.i32(field.typmod);
        put.i16(field.format.0);
    });
    put.end("RowDescription")
}

/// A DataRow being written, value by value, straight into the buffer.
///
/// Nothing of a row that is dropped before [`RowWriter::end`] may be sent: call `end` always; it
/// takes the row back if it cannot be said.
pub struct RowWriter<'a, B: Buffer> {
    put: Put<'a, B>,
    /// Values that are still to come. Invariant: zero when the row ends.
    left: u16,
}

/// Begins a row of `count` values.
pub fn begin_row<B: Buffer>(out: &mut B, count: u16) -> RowWriter<'_, B> {
    let mut put = Put::tagged(out, Tag::DataRow.byte());
    put.count(usize::from(count));
    RowWriter { put, left: count }
}

impl<B: Buffer> RowWriter<'_, B> {
    /// Appends a value.
    #[inline]
    pub fn value(&mut self, value: &[u8]) {
        self.step();
        self.put.value(Some(value));
    }

    /// Appends NULL.
    #[inline]
    pub fn null(&mut self) {
        self.step();
        self.put.value(None);
    }

    /// Appends a value that `write` produces in place. `write` may only append.
    pub fn value_with(&mut self, write: impl FnOnce(&mut B)) {
        self.step();
        let at = self.put.len();
        self.put.i32(0);
        write(self.put.buffer());
        let length = self.put.len().checked_sub(at.saturating_add(4));
        match length.and_then(|length| i32::try_from(length).ok()) {
            Some(length) => patch(self.put.buffer(), at, &length.to_be_bytes()),
            None => self.put.fault(Fault::Overflow),
        }
    }

    fn step(&mut self) {
        match self.left.checked_sub(1) {
            Some(left) => self.left = left,
            None => self.put.fault(Fault::Overflow),
        }
    }

    /// Ends the row.
    ///
    /// # Errors
    /// If fewer or more values came than were announced, or one was too long; the row is taken
    /// back then.
    pub fn end(mut self) -> Result<(), WireError> {
        if self.left != 0 {
            self.put.fault(Fault::Short);
        }
        self.put.end("DataRow")
    }
}

/// A CommandComplete.
///
/// # Errors
/// If the tag holds a NUL.
pub fn command_complete(out: &mut impl Buffer, tag: &[u8]) -> Result<(), WireError> {
    let mut put = Put::tagged(out, Tag::CommandComplete.byte());
    put.text(tag);
    put.end("CommandComplete")
}

/// A message that has no fields: ParseComplete, BindComplete, CloseComplete, NoData,
/// EmptyQueryResponse, PortalSuspended, CopyDone.
pub fn bare(out: &mut impl Buffer, tag: Tag) {
    Put::tagged(out, tag.byte()).close();
}

/// A ReadyForQuery.
pub fn ready_for_query(out: &mut impl Buffer, status: Status) {
    let mut put = Put::tagged(out, Tag::ReadyForQuery.byte());
    put.u8(status.byte());
    put.close();
}

/// A ParameterStatus.
///
/// # Errors
/// If a text holds a NUL.
pub fn parameter_status(out: &mut impl Buffer, name: &[u8], value: &[u8]) -> Result<(), WireError> {
    let mut put = Put::tagged(out, Tag::ParameterStatus.byte());
    put.text(name);
    put.text(value);
    put.end("ParameterStatus")
}

/// A ParameterDescription.
///
/// # Errors
/// If there are too many types.
pub fn parameter_description(
    out: &mut impl Buffer,
    type_oids: impl IntoIterator<Item = u32>,
) -> Result<(), WireError> {
    let mut put = Put::tagged(out, Tag::ParameterDescription.byte());
    put.counted(type_oids, |put, oid| put.u32(oid));
    put.end("ParameterDescription")
}

/// A BackendKeyData.
///
/// # Errors
/// If the key is empty or longer than [`super::MAX_CANCEL_KEY_BYTES`].
pub fn backend_key_data(
    out: &mut impl Buffer,
    process_id: u32,
    key: &[u8],
) -> Result<(), WireError> {
    let mut put = Put::tagged(out, Tag::BackendKeyData.byte());
    put.u32(process_id);
    put.bytes(key);
    if key.is_empty() || key.len() > super::MAX_CANCEL_KEY_BYTES {
        put.fault(Fault::Length);
    }
    put.end("BackendKeyData")
}

/// A NegotiateProtocolVersion: the newest version spoken (`3 << 16 | minor`, as PostgreSQL sends
/// it) and the `_pq_.` options not recognised.
///
/// # Errors
/// If an option's name holds a NUL.
pub fn negotiate_protocol_version(
    out: &mut impl Buffer,
    version: u32,
    options: &[&[u8]],
) -> Result<(), WireError> {
    let mut put = Put::tagged(out, Tag::NegotiateProtocolVersion.byte());
    put.u32(version);
    match u32::try_from(options.len()) {
        Ok(count) => put.u32(count),
        Err(_) => put.fault(Fault::Overflow),
    }
    for option in options {
        put.text(option);
    }
    put.end("NegotiateProtocolVersion")
}

/// A NotificationResponse.
///
/// # Errors
/// If a text holds a NUL.
pub fn notification_response(
    out: &mut impl Buffer,
    process_id: u32,
    channel: &[u8],
    payload: &[u8],
) -> Result<(), WireError> {
    let mut put = Put::tagged(out, Tag::NotificationResponse.byte());
    put.u32(process_id);
    put.text(channel);
    put.text(payload);
    put.end("NotificationResponse")
}

/// A CopyInResponse, CopyOutResponse or CopyBothResponse, by `tag`.
///
/// # Errors
/// If there are too many columns.
pub fn copy_response(
    out: &mut impl Buffer,
    tag: Tag,
    format: u8,
    columns: &[Format],
) -> Result<(), WireError> {
    let mut put = Put::tagged(out, tag.byte());
    put.u8(format);
    put.formats(columns);
    put.end("CopyResponse")
}

/// A FunctionCallResponse; `None` is NULL.
///
/// # Errors
/// If the value exceeds 2 GiB.
pub fn function_call_response(
    out: &mut impl Buffer,
    value: Option<&[u8]>,
) -> Result<(), WireError> {
    let mut put = Put::tagged(out, Tag::FunctionCallResponse.byte());
    put.value(value);
    put.end("FunctionCallResponse")
}

/// A piece of a COPY stream.
///
/// # Errors
/// If the piece exceeds 2 GiB.
pub fn copy_data(out: &mut impl Buffer, data: &[u8]) -> Result<(), WireError> {
    let mut put = Put::tagged(out, Tag::CopyData.byte());
    put.bytes(data);
    put.end("CopyData")
}

/// A piece of a COPY stream that `write` appends in place; no message if it appends nothing.
/// `write` may only append. Answers how many bytes the piece has.
///
/// # Errors
/// If the piece exceeds 2 GiB.
pub fn copy_data_with<B: Buffer>(
    out: &mut B,
    write: impl FnOnce(&mut B),
) -> Result<usize, WireError> {
    let mut put = Put::tagged(out, Tag::CopyData.byte());
    let before = put.len();
    write(put.buffer());
    match put.len().saturating_sub(before) {
        0 => {
            put.take_back();
            Ok(0)
        }
        length => put.end("CopyData").map(|()| length),
    }
}

/// AuthenticationOk.
pub fn authentication_ok(out: &mut impl Buffer) {
    authentication(out, 0, &[]);
}

/// AuthenticationCleartextPassword.
pub fn authentication_cleartext(out: &mut impl Buffer) {
    authentication(out, 3, &[]);
}

/// AuthenticationMD5Password.
pub fn authentication_md5(out: &mut impl Buffer, salt: [u8; 4]) {
    authentication(out, 5, &salt);
}

/// AuthenticationSASL: the mechanisms, favourite first.
///
/// # Errors
/// If a name is empty or holds a NUL.
pub fn authentication_sasl(out: &mut impl Buffer, mechanisms: &[&str]) -> Result<(), WireError> {
    let mut put = Put::tagged(out, Tag::Authentication.byte());
    put.u32(10);
    for mechanism in mechanisms {
        if mechanism.is_empty() {
            put.fault(Fault::Length);
        }
        put.text(mechanism.as_bytes());
    }
    put.u8(0);
    put.end("AuthenticationSASL")
}

/// AuthenticationSASLContinue.
pub fn authentication_sasl_continue(out: &mut impl Buffer, data: &[u8]) {
    authentication(out, 11, data);
}

/// AuthenticationSASLFinal.
pub fn authentication_sasl_final(out: &mut impl Buffer, data: &[u8]) {
    authentication(out, 12, data);
}

fn authentication(out: &mut impl Buffer, kind: u32, data: &[u8]) {
    let mut put = Put::tagged(out, Tag::Authentication.byte());
    put.u32(kind);
    put.bytes(data);
    put.close();
}
