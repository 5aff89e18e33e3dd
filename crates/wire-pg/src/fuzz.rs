//! The bodies of the fuzz targets: given any bytes, these hold. Knows no fuzzer; the targets in
//! `fuzz/` call these, and so does an ordinary test with seeded random bytes.
//!
//! The strongest of them: whatever a view accepts, its encoder writes back byte for byte. So
//! there is one way only to say a message, and what we judged is what the other side will read.

use crate::{backend, frame, frontend, handshake, put::Buffer};

/// Where no limit is wanted.
const UNLIMITED: usize = usize::MAX;

/// A stream of frames: what is consumed was given, and the pieces are the whole.
pub fn frames(data: &[u8]) {
    let mut rest = data;
    while let Ok(Some(header)) = frame::peek(rest, UNLIMITED) {
        assert!(header.len >= frame::HEADER_LEN);
        assert_eq!(frame::complete(rest, header), frame::payload(rest, header).is_some());
        let Ok(Some((message, after))) = frame::split(rest, UNLIMITED) else { break };
        assert_eq!(message.whole.len(), header.len);
        assert_eq!(message.payload.len(), header.payload_len());
        assert_eq!(message.whole.len() + after.len(), rest.len());
        rest = after;
    }
    for limit in [0, 5, 100] {
        if let Ok(Some(header)) = frame::peek(data, limit) {
            assert!(header.len <= limit);
        }
    }
}

/// A first packet: consumed ≤ given, and a start-up is written back byte for byte.
pub fn handshake(data: &[u8]) {
    let Ok(Some((first, used))) = handshake::parse(data) else { return };
    assert!(used <= data.len() && used <= handshake::MAX_STARTUP_BYTES + 4);
    let mut out = Vec::new();
    match first {
        handshake::First::DirectTls => assert_eq!(used, 0),
        handshake::First::Unsupported { major, .. } => assert_ne!(major, 3),
        handshake::First::SslRequest => frontend::encode::ssl_request(&mut out),
        handshake::First::GssEncRequest => frontend::encode::gssenc_request(&mut out),
        handshake::First::Cancel { process_id, key } => {
            assert!(frontend::encode::cancel_request(&mut out, process_id, key).is_ok());
        }
        handshake::First::Startup(startup) => {
            let version = handshake::VERSION_3_0 | u32::from(startup.minor);
            let pairs = startup.parameters().map(|(name, value)| (name.bytes(), value.bytes()));
            assert!(frontend::encode::startup(&mut out, version, pairs).is_ok());
        }
    }
    if !out.is_empty() {
        assert_eq!(Some(&*out), data.get(..used));
    }
}

/// The first byte chooses a client's message, the rest is its payload.
pub fn frontend(data: &[u8]) {
    use frontend::{Tag, encode};
    let Some((tag, payload)) = data.split_first() else { return };
    let Some(tag) = Tag::from_byte(*tag) else { return };
    let mut out = Vec::new();
    match tag {
        Tag::Query => {
            let Ok(view) = frontend::Query::parse(payload) else { return };
            assert!(encode::query(&mut out, view.text.bytes()).is_ok());
        }
        Tag::Parse => {
            let Ok(view) = frontend::Parse::parse(payload) else { return };
            let (name, text) = (view.name.bytes(), view.text.bytes());
            assert!(encode::parse(&mut out, name, text, view.type_oids.iter()).is_ok());
        }
        Tag::Bind => return bind(payload),
        Tag::Describe | Tag::Close => {
            let Ok(view) = frontend::Named::parse(payload) else { return };
            let write = if tag == Tag::Close { encode::close } else { encode::describe };
            assert!(write(&mut out, view.kind, view.name.bytes()).is_ok());
        }
        Tag::Execute => {
            let Ok(view) = frontend::Execute::parse(payload) else { return };
            assert!(encode::execute(&mut out, view.portal.bytes(), view.max_rows).is_ok());
        }
        Tag::FunctionCall => return function_call(payload),
        Tag::CopyFail => {
            let Ok(view) = frontend::CopyFail::parse(payload) else { return };
            assert!(encode::query(&mut out, view.reason.bytes()).is_ok());
        }
        Tag::Password => return password(payload),
        Tag::CopyDone | Tag::Flush | Tag::Sync | Tag::Terminate => {
            assert_eq!(frontend::empty(payload).is_ok(), payload.is_empty());
            return;
        }
        Tag::CopyData => assert!(encode::copy_data(&mut out, payload).is_ok()),
    }
    written_back(&out, payload);
}

fn bind(payload: &[u8]) {
    let Ok(view) = frontend::Bind::parse(payload) else { return };
    assert_eq!(view.parameters.iter().count(), view.parameters.len());
    let formats: Vec<_> = view.formats.iter().collect();
    let results: Vec<_> = view.result_formats.iter().collect();
    let mut out = bytes::BytesMut::new();
    let (portal, statement) = (view.portal.bytes(), view.statement.bytes());
    let parameters = view.parameters;
    let bound = frontend::encode::bind(&mut out, portal, statement, &formats, parameters, &results);
    assert!(bound.is_ok());
    written_back(&out, payload);
}

fn function_call(payload: &[u8]) {
    let Ok(view) = frontend::FunctionCall::parse(payload) else { return };
    let formats: Vec<_> = view.formats.iter().collect();
    let mut out = Vec::new();
    let (function, format) = (view.function, view.result_format);
    let call =
        frontend::encode::function_call(&mut out, function, &formats, view.arguments, format);
    assert!(call.is_ok());
    written_back(&out, payload);
}

fn password(payload: &[u8]) {
    if let Ok(text) = frontend::password(payload) {
        let mut out = Vec::new();
        assert!(frontend::encode::password(&mut out, text.bytes()).is_ok());
        written_back(&out, payload);
    }
    if let Ok(view) = frontend::SaslInitialResponse::parse(payload) {
        let mut out = Vec::new();
        let name = view.mechanism.bytes();
        assert!(frontend::encode::sasl_initial_response(&mut out, name, view.data).is_ok());
        written_back(&out, payload);
    }
}

/// The first byte chooses a server's message, the rest is its payload.
pub fn backend(data: &[u8]) {
    use backend::{Tag, encode};
    let Some((tag, payload)) = data.split_first() else { return };
    let Some(tag) = Tag::from_byte(*tag) else { return };
    let mut out = Vec::new();
    match tag {
        Tag::RowDescription => {
            let Ok(view) = backend::RowDescription::parse(payload) else { return };
            assert_eq!(view.iter().count(), view.len());
            assert!(encode::row_description(&mut out, view.iter()).is_ok());
        }
        Tag::DataRow => return data_row(payload),
        Tag::ErrorResponse | Tag::NoticeResponse => {
            let Ok(view) = backend::Report::parse(payload) else { return };
            let keep = |_, text: crate::Text<'_>| Some(text.bytes().to_vec().into());
            assert!(encode::report(&mut out, tag, view, keep).is_ok());
        }
        Tag::ReadyForQuery => {
            let Ok(status) = backend::ready_for_query(payload) else { return };
            encode::ready_for_query(&mut out, status);
        }
        Tag::Authentication => return authentication(payload),
        Tag::CopyInResponse | Tag::CopyOutResponse | Tag::CopyBothResponse => {
            let Ok(view) = backend::CopyResponse::parse(payload) else { return };
            let columns: Vec<_> = view.columns.iter().collect();
            assert!(encode::copy_response(&mut out, tag, view.format, &columns).is_ok());
        }
        Tag::NegotiateProtocolVersion => {
            let Ok(view) = backend::NegotiateProtocolVersion::parse(payload) else { return };
            let options: Vec<_> = view.options().map(crate::Text::bytes).collect();
            assert!(encode::negotiate_protocol_version(&mut out, view.version, &options).is_ok());
        }
        _ => return short_ones(tag, payload),
    }
    written_back(&out, payload);
}

fn data_row(payload: &[u8]) {
    let Ok(view) = backend::DataRow::parse(payload) else { return };
    assert_eq!(view.values.iter().count(), view.values.len());
    let mut out = bytes::BytesMut::new();
    let mut row = backend::encode::begin_row(&mut out, view.values.len() as u16);
    for value in view.values {
        match value {
            Some(value) => row.value(value),
            None => row.null(),
        }
    }
    assert!(row.end().is_ok());
    written_back(&out, payload);
}

fn short_ones(tag: backend::Tag, payload: &[u8]) {
    use backend::{Tag, encode};
    let mut out = Vec::new();
    let encoded = match tag {
        Tag::ParameterStatus => {
            let Ok(view) = backend::ParameterStatus::parse(payload) else { return };
            encode::parameter_status(&mut out, view.name.bytes(), view.value.bytes())
        }
        Tag::ParameterDescription => {
            let Ok(oids) = backend::parameter_description(payload) else { return };
            encode::parameter_description(&mut out, oids.iter())
        }
        Tag::BackendKeyData => {
            let Ok(view) = backend::BackendKeyData::parse(payload) else { return };
            encode::backend_key_data(&mut out, view.process_id, view.key)
        }
        Tag::NotificationResponse => {
            let Ok(view) = backend::NotificationResponse::parse(payload) else { return };
            let (channel, text) = (view.channel.bytes(), view.payload.bytes());
            encode::notification_response(&mut out, view.process_id, channel, text)
        }
        Tag::CommandComplete => {
            let Ok(text) = backend::command_complete(payload) else { return };
            encode::command_complete(&mut out, text.bytes())
        }
        _ => return,
    };
    assert!(encoded.is_ok());
    written_back(&out, payload);
}

fn authentication(payload: &[u8]) {
    use backend::{Authentication, encode};
    let Ok(view) = Authentication::parse(payload) else { return };
    let mut out = Vec::new();
    match view {
        Authentication::Ok => encode::authentication_ok(&mut out),
        Authentication::Cleartext => encode::authentication_cleartext(&mut out),
        Authentication::Md5 { salt } => encode::authentication_md5(&mut out, salt),
        Authentication::SaslContinue(data) => encode::authentication_sasl_continue(&mut out, data),
        Authentication::SaslFinal(data) => encode::authentication_sasl_final(&mut out, data),
        Authentication::Sasl(mechanisms) => {
            let names: Option<Vec<_>> = mechanisms.iter().map(crate::Text::utf8).collect();
            let Some(names) = names else { return };
            assert!(encode::authentication_sasl(&mut out, &names).is_ok());
        }
        Authentication::Unsupported(_) => return,
    }
    written_back(&out, payload);
}

/// The one message in `out` has exactly this payload.
fn written_back(out: &impl Buffer, payload: &[u8]) {
    let split = frame::split(out.as_ref(), UNLIMITED);
    assert!(matches!(split, Ok(Some((_, [])))), "one whole message");
    if let Ok(Some((message, _))) = split {
        assert_eq!(message.payload, payload);
    }
}

#[cfg(test)]
mod tests;
