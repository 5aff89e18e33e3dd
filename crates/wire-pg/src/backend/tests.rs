//! Tests of backend.rs and its encoders: `parse(encode(x)) == x`, and what is refused.

use super::{
    encode::{Diagnostic, Severity},
    *,
};
use crate::frame;
use proptest::{collection::vec, option, prelude::*};
use std::borrow::Cow;

fn payload_of(out: &[u8], tag: Tag) -> Vec<u8> {
    let (message, rest) = frame::split(out, usize::MAX).unwrap().unwrap();
    assert!(rest.is_empty(), "one message exactly");
    assert_eq!(Tag::from_byte(message.tag), Some(tag));
    message.payload.to_vec()
}

fn name() -> impl Strategy<Value = Vec<u8>> {
    vec(1..=255u8, 0..12)
}

proptest! {
    #[test]
    fn row_description_round_trips(
        fields in vec((name(), any::<u32>(), any::<i16>(), any::<u32>(), any::<i32>()), 0..6)
    ) {
        let fields: Vec<Field<'_>> = fields
            .iter()
            .map(|(name, table_oid, attnum, type_oid, typmod)| Field {
                name: Text::new(name),
                table_oid: *table_oid,
                attnum: *attnum,
                type_oid: *type_oid,
                typlen: -1,
                typmod: *typmod,
                format: Format::BINARY,
            })
            .collect();
        let mut out = Vec::new();
        encode::row_description(&mut out, fields.iter().copied()).unwrap();
        let payload = payload_of(&out, Tag::RowDescription);
        let view = RowDescription::parse(&payload).unwrap();
        prop_assert_eq!(view.len(), fields.len());
        prop_assert_eq!(view.iter().collect::<Vec<_>>(), fields);
        prop_assert!(RowDescription::parse(&payload[..payload.len() - 1]).is_err());
    }

    #[test]
    fn data_row_round_trips(values in vec(option::of(vec(any::<u8>(), 0..20)), 0..9)) {
        let mut out = bytes::BytesMut::from(&b"x"[..]);
        let mut row = encode::begin_row(&mut out, u16::try_from(values.len()).unwrap());
        for (index, value) in values.iter().enumerate() {
            match value {
                None => row.null(),
                Some(value) if index % 2 == 0 => row.value(value),
                Some(value) => row.value_with(|out| out.extend_from_slice(value)),
            }
        }
        row.end().unwrap();
        let payload = payload_of(&out[1..], Tag::DataRow);
        let row = DataRow::parse(&payload).unwrap();
        prop_assert_eq!(
            row.values.iter().collect::<Vec<_>>(),
            values.iter().map(Option::as_deref).collect::<Vec<_>>()
        );
        prop_assert!(DataRow::parse(&payload[..payload.len() - 1]).is_err());
    }

    #[test]
    fn report_survives_an_empty_edit(message in "\\PC{0,20}", detail in "\\PC{0,20}") {
        let mut out = Vec::new();
        Diagnostic::error("42501", &message).detail(&detail).hint("h").position(7).encode(&mut out);
        let payload = payload_of(&out, Tag::ErrorResponse);
        let view = Report::parse(&payload).unwrap();
        prop_assert_eq!(view.message().utf8(), Some(message.as_str()));
        prop_assert_eq!(view.field(field::DETAIL).and_then(Text::utf8), Some(detail.as_str()));
        prop_assert_eq!(view.field(field::POSITION).and_then(Text::utf8), Some("7"));
        let mut again = Vec::new();
        encode::report(&mut again, Tag::ErrorResponse, view, |_, text| {
            Some(Cow::Borrowed(text.bytes()))
        })
        .unwrap();
        prop_assert_eq!(out, again);
    }

    #[test]
    fn small_messages_round_trip(
        a in name(), b in name(), pid in any::<u32>(), key in vec(any::<u8>(), 1..=256)
    ) {
        let mut out = Vec::new();
        encode::parameter_status(&mut out, &a, &b).unwrap();
        let payload = payload_of(&out, Tag::ParameterStatus);
        prop_assert_eq!(
            ParameterStatus::parse(&payload),
            Ok(ParameterStatus { name: Text::new(&a), value: Text::new(&b) })
        );
        out.clear();
        encode::backend_key_data(&mut out, pid, &key).unwrap();
        let payload = payload_of(&out, Tag::BackendKeyData);
        prop_assert_eq!(
            BackendKeyData::parse(&payload),
            Ok(BackendKeyData { process_id: pid, key: &key })
        );
        out.clear();
        encode::notification_response(&mut out, pid, &a, &b).unwrap();
        let payload = payload_of(&out, Tag::NotificationResponse);
        prop_assert_eq!(
            NotificationResponse::parse(&payload),
            Ok(NotificationResponse {
                process_id: pid, channel: Text::new(&a), payload: Text::new(&b)
            })
        );
        out.clear();
        let version = crate::handshake::VERSION_3_2;
        encode::negotiate_protocol_version(&mut out, version, &[&a, &b]).unwrap();
        let payload = payload_of(&out, Tag::NegotiateProtocolVersion);
        let view = NegotiateProtocolVersion::parse(&payload).unwrap();
        prop_assert_eq!(view.version, 196_610);
        prop_assert_eq!(view.options().map(Text::bytes).collect::<Vec<_>>(), vec![&a[..], &b[..]]);
    }
}

#[test]
fn rows_that_do_not_add_up_are_taken_back() {
    let mut out = b"kept".to_vec();
    let mut row = encode::begin_row(&mut out, 2);
    row.value(b"one");
    assert!(row.end().is_err(), "one value is missing");
    assert_eq!(out, b"kept");
    let mut row = encode::begin_row(&mut out, 1);
    row.null();
    row.null();
    assert!(row.end().is_err(), "one value is too many");
    assert_eq!(out, b"kept");
    let mut row = encode::begin_row(&mut out, 1);
    row.value_with(Vec::clear);
    assert!(row.end().is_err(), "a writer that takes bytes away is caught");
}

#[test]
fn statuses_round_trip_and_others_are_refused() {
    for status in [Status::Idle, Status::Transaction, Status::Failed] {
        let mut out = Vec::new();
        encode::ready_for_query(&mut out, status);
        assert_eq!(ready_for_query(&payload_of(&out, Tag::ReadyForQuery)), Ok(status));
    }
    assert!(ready_for_query(b"X").is_err());
    assert!(ready_for_query(b"").is_err());
    assert!(ready_for_query(b"II").is_err());
}

#[test]
fn authentication_requests_round_trip() {
    let mut out = Vec::new();
    encode::authentication_sasl(&mut out, &["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"]).unwrap();
    let payload = payload_of(&out, Tag::Authentication);
    let Ok(Authentication::Sasl(mechanisms)) = Authentication::parse(&payload) else {
        panic!("SASL")
    };
    let names: Vec<_> = mechanisms.iter().filter_map(Text::utf8).collect();
    assert_eq!(names, ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"]);

    type Case<'a> = (fn(&mut Vec<u8>), Authentication<'a>);
    let cases: [Case<'_>; 5] = [
        (|out| encode::authentication_ok(out), Authentication::Ok),
        (|out| encode::authentication_cleartext(out), Authentication::Cleartext),
        (|out| encode::authentication_md5(out, *b"salt"), Authentication::Md5 { salt: *b"salt" }),
        (
            |out| encode::authentication_sasl_continue(out, b"r=x"),
            Authentication::SaslContinue(b"r=x"),
        ),
        (|out| encode::authentication_sasl_final(out, b"v=x"), Authentication::SaslFinal(b"v=x")),
    ];
    for (write, expected) in cases {
        let mut out = Vec::new();
        write(&mut out);
        assert_eq!(Authentication::parse(&payload_of(&out, Tag::Authentication)), Ok(expected));
    }
    assert_eq!(Authentication::parse(&[0, 0, 0, 7, 1]), Ok(Authentication::Unsupported(7)));
    assert!(Authentication::parse(&[0, 0, 0, 0, 1]).is_err(), "Ok carries nothing");
    assert!(Authentication::parse(&[0, 0, 0, 10, b'x', 0]).is_err(), "the list has an end");
    assert!(encode::authentication_sasl(&mut out, &[""]).is_err());
}

#[test]
fn severity_decides_between_error_and_notice() {
    let mut out = Vec::new();
    Diagnostic::new(Severity::Warning, "01000", "a\0b").encode(&mut out);
    let payload = payload_of(&out, Tag::NoticeResponse);
    assert_eq!(payload, b"SWARNING\0VWARNING\0C01000\0Mab\0\0");
    out.clear();
    Diagnostic::fatal("08P01", "x").encode(&mut out);
    assert_eq!(payload_of(&out, Tag::ErrorResponse), b"SFATAL\0VFATAL\0C08P01\0Mx\0\0");
}

#[test]
fn reports_can_lose_and_change_fields() {
    let mut out = Vec::new();
    Diagnostic::error("23505", "dup").detail("Key (email)=(a@b.c)").encode(&mut out);
    let payload = payload_of(&out, Tag::ErrorResponse);
    let mut edited = Vec::new();
    encode::report(
        &mut edited,
        Tag::ErrorResponse,
        Report::parse(&payload).unwrap(),
        |code, text| match code {
            field::DETAIL => None,
            field::MESSAGE => Some(Cow::Borrowed(&b"masked"[..])),
            _ => Some(Cow::Borrowed(text.bytes())),
        },
    )
    .unwrap();
    assert_eq!(payload_of(&edited, Tag::ErrorResponse), b"SERROR\0VERROR\0C23505\0Mmasked\0\0");
    assert!(Report::parse(b"SERROR\0").is_err(), "a report has an end");
    assert!(Report::parse(b"\0x").is_err(), "and nothing after it");
}

#[test]
fn keys_print_as_stars_and_have_a_limit() {
    let data = BackendKeyData { process_id: 7, key: b"geheim" };
    assert_eq!(format!("{data:?}"), "BackendKeyData { process_id: 7, key: *** }");
    let mut long = vec![0, 0, 0, 7];
    long.extend([1; 257]);
    assert!(BackendKeyData::parse(&long).is_err());
    assert!(BackendKeyData::parse(&long[..260]).is_ok());
    assert!(BackendKeyData::parse(&long[..4]).is_err());
    assert!(encode::backend_key_data(&mut long, 7, &[]).is_err());
}

#[test]
fn other_responses() {
    let mut out = Vec::new();
    encode::copy_response(&mut out, Tag::CopyOutResponse, 1, &[Format::BINARY; 3]).unwrap();
    let payload = payload_of(&out, Tag::CopyOutResponse);
    let view = CopyResponse::parse(&payload).unwrap();
    assert_eq!((view.format, view.columns.len()), (1, 3));
    out.clear();
    encode::parameter_description(&mut out, [23, 25]).unwrap();
    let payload = payload_of(&out, Tag::ParameterDescription);
    assert_eq!(parameter_description(&payload).unwrap().iter().collect::<Vec<_>>(), [23, 25]);
    out.clear();
    encode::command_complete(&mut out, b"SELECT 3").unwrap();
    let payload = payload_of(&out, Tag::CommandComplete);
    assert_eq!(command_complete(&payload).unwrap().utf8(), Some("SELECT 3"));
    assert_eq!(function_call_response(&[0xff, 0xff, 0xff, 0xff]), Ok(None));
    assert_eq!(function_call_response(&[0, 0, 0, 1, 9]), Ok(Some(&[9u8][..])));
    for value in [None, Some(&[9u8][..]), Some(&[][..])] {
        out.clear();
        encode::function_call_response(&mut out, value).unwrap();
        let payload = payload_of(&out, Tag::FunctionCallResponse);
        assert_eq!(function_call_response(&payload), Ok(value));
    }
    let negative_count = [0, 3, 0, 0, 0xff, 0xff, 0xff, 0xff];
    assert!(NegotiateProtocolVersion::parse(&negative_count).is_err());
}

#[test]
fn tags_are_their_bytes() {
    let known: Vec<u8> = (0..=255).filter(|byte| Tag::from_byte(*byte).is_some()).collect();
    assert_eq!(known.len(), 24);
    for byte in known {
        assert_eq!(Tag::from_byte(byte).unwrap().byte(), byte);
    }
}
