//! Writing what a client sends: Weir is one towards upstreams. Knows nothing of what is answered.
//!
//! Every function appends one message. One that cannot be said (a NUL inside a string, more than
//! 65,535 parameters) is an error and leaves the buffer as it was.

use super::{Kind, Tag};
use crate::{
    error::WireError,
    handshake::{CANCEL_REQUEST, GSSENC_REQUEST, SSL_REQUEST},
    put::{Buffer, Put},
    value::Format,
};

/// A StartupMessage: the protocol version and parameters in order.
///
/// # Errors
/// If a name or value holds a NUL, or a name is empty.
pub fn startup<'p>(
    out: &mut impl Buffer,
    version: u32,
    parameters: impl IntoIterator<Item = (&'p [u8], &'p [u8])>,
) -> Result<(), WireError> {
    let mut put = Put::untagged(out);
    put.u32(version);
    let mut nameless = false;
    for (name, value) in parameters {
        nameless |= name.is_empty();
        put.text(name);
        put.text(value);
    }
    put.u8(0);
    if nameless {
        put.fault(crate::Fault::Length);
    }
    put.end("StartupMessage")
}

/// Asks for TLS.
pub fn ssl_request(out: &mut impl Buffer) {
    let mut put = Put::untagged(out);
    put.u32(SSL_REQUEST);
    put.close();
}

/// Asks for GSSAPI encryption.
pub fn gssenc_request(out: &mut impl Buffer) {
    let mut put = Put::untagged(out);
    put.u32(GSSENC_REQUEST);
    put.close();
}

/// Asks for the cancellation of what another session runs.
///
/// # Errors
/// If the key is impossibly long.
pub fn cancel_request(out: &mut impl Buffer, process_id: u32, key: &[u8]) -> Result<(), WireError> {
    let mut put = Put::untagged(out);
    put.u32(CANCEL_REQUEST);
    put.u32(process_id);
    put.bytes(key);
    put.end("CancelRequest")
}

/// A simple query.
///
/// # Errors
/// If the text holds a NUL.
pub fn query(out: &mut impl Buffer, text: &[u8]) -> Result<(), WireError> {
    let mut put = Put::tagged(out, Tag::Query.byte());
    put.text(text);
    put.end("Query")
}

/// Prepares a statement.
///
/// # Errors
/// If a text holds a NUL, or there are too many types.
pub fn parse(
    out: &mut impl Buffer,
    name: &[u8],
    text: &[u8],
    type_oids: impl IntoIterator<Item = u32>,
) -> Result<(), WireError> {
    let mut put = Put::tagged(out, Tag::Parse.byte());
    put.text(name);
    put.text(text);
    put.counted(type_oids, |put, oid| put.u32(oid));
    put.end("Parse")
}

/// Makes a portal of a prepared statement.
///
/// # Errors
/// If a name holds a NUL, or there are too many parameters.
pub fn bind<'v>(
    out: &mut impl Buffer,
    portal: &[u8],
    statement: &[u8],
    formats: &[Format],
    parameters: impl IntoIterator<Item = Option<&'v [u8]>>,
    result_formats: &[Format],
) -> Result<(), WireError> {
    let mut put = Put::tagged(out, Tag::Bind.byte());
    put.text(portal);
    put.text(statement);
    put.formats(formats);
    put.values(parameters);
    put.formats(result_formats);
    put.end("Bind")
}

/// Asks for the description of a statement or portal.
///
/// # Errors
/// If the name holds a NUL.
pub fn describe(out: &mut impl Buffer, kind: Kind, name: &[u8]) -> Result<(), WireError> {
    named(out, Tag::Describe, kind, name, "Describe")
}

/// Closes a statement or portal.
///
/// # Errors
/// If the name holds a NUL.
pub fn close(out: &mut impl Buffer, kind: Kind, name: &[u8]) -> Result<(), WireError> {
    named(out, Tag::Close, kind, name, "Close")
}

fn named(
    out: &mut impl Buffer,
    tag: Tag,
    kind: Kind,
    name: &[u8],
    message: &'static str,
) -> Result<(), WireError> {
    let mut put = Put::tagged(out, tag.byte());
    put.u8(kind.byte());
    put.text(name);
    put.end(message)
}

/// Runs a portal, for at most `max_rows` rows (0: all).
///
/// # Errors
/// If the name holds a NUL.
pub fn execute(out: &mut impl Buffer, portal: &[u8], max_rows: i32) -> Result<(), WireError> {
    let mut put = Put::tagged(out, Tag::Execute.byte());
    put.text(portal);
    put.i32(max_rows);
    put.end("Execute")
}

/// Calls a function by oid.
///
/// # Errors
/// If there are too many arguments.
pub fn function_call<'v>(
    out: &mut impl Buffer,
    function: u32,
    formats: &[Format],
    arguments: impl IntoIterator<Item = Option<&'v [u8]>>,
    result_format: Format,
) -> Result<(), WireError> {
    let mut put = Put::tagged(out, Tag::FunctionCall.byte());
    put.u32(function);
    put.formats(formats);
    put.values(arguments);
    put.i16(result_format.0);
    put.end("FunctionCall")
}

/// Ends an extended-protocol batch.
pub fn sync(out: &mut impl Buffer) {
    Put::tagged(out, Tag::Sync.byte()).close();
}

/// Asks for what is pending.
pub fn flush(out: &mut impl Buffer) {
    Put::tagged(out, Tag::Flush.byte()).close();
}

/// Ends the connection.
pub fn terminate(out: &mut impl Buffer) {
    Put::tagged(out, Tag::Terminate.byte()).close();
}

/// Ends a COPY.
pub fn copy_done(out: &mut impl Buffer) {
    Put::tagged(out, Tag::CopyDone.byte()).close();
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

/// Ends a COPY with an error.
pub fn copy_fail(out: &mut impl Buffer, reason: &str) {
    let mut put = Put::tagged(out, Tag::CopyFail.byte());
    put.prose(reason);
    put.close();
}

/// A password, in clear or as an MD5 answer.
///
/// # Errors
/// If it holds a NUL.
pub fn password(out: &mut impl Buffer, password: &[u8]) -> Result<(), WireError> {
    let mut put = Put::tagged(out, Tag::Password.byte());
    put.text(password);
    put.end("PasswordMessage")
}

/// The first message of a SASL exchange.
///
/// # Errors
/// If the mechanism's name holds a NUL.
pub fn sasl_initial_response(
    out: &mut impl Buffer,
    mechanism: &[u8],
    data: Option<&[u8]>,
) -> Result<(), WireError> {
    let mut put = Put::tagged(out, Tag::Password.byte());
    put.text(mechanism);
    put.value(data);
    put.end("SASLInitialResponse")
}

/// A further message of a SASL exchange.
///
/// # Errors
/// If it exceeds 2 GiB.
pub fn sasl_response(out: &mut impl Buffer, data: &[u8]) -> Result<(), WireError> {
    let mut put = Put::tagged(out, Tag::Password.byte());
    put.bytes(data);
    put.end("SASLResponse")
}
