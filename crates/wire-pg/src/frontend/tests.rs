//! Tests of frontend.rs and its encoders: `parse(encode(x)) == x`, and what is refused.

use super::*;
use crate::{Format, frame};
use proptest::{collection::vec, option, prelude::*};

/// The payload of the only message that `write` writes.
fn written(write: impl FnOnce(&mut Vec<u8>) -> Result<(), WireError>) -> (Tag, Vec<u8>) {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    let (message, rest) = frame::split(&out, usize::MAX).unwrap().unwrap();
    assert!(rest.is_empty(), "one message exactly");
    (Tag::from_byte(message.tag).unwrap(), message.payload.to_vec())
}

fn name() -> impl Strategy<Value = Vec<u8>> {
    vec(1..=255u8, 0..12)
}

fn values() -> impl Strategy<Value = Vec<Option<Vec<u8>>>> {
    vec(option::of(vec(any::<u8>(), 0..20)), 0..9)
}

fn formats() -> impl Strategy<Value = Vec<Format>> {
    vec(any::<i16>().prop_map(Format), 0..5)
}

fn borrowed(values: &[Option<Vec<u8>>]) -> Vec<Option<&[u8]>> {
    values.iter().map(Option::as_deref).collect()
}

proptest! {
    #[test]
    fn query_round_trips(text in name()) {
        let (tag, payload) = written(|out| encode::query(out, &text));
        prop_assert_eq!(tag, Tag::Query);
        prop_assert_eq!(Query::parse(&payload).unwrap().text.bytes(), &text);
    }

    #[test]
    fn parse_round_trips(n in name(), text in name(), oids in vec(any::<u32>(), 0..5)) {
        let (tag, payload) = written(|out| encode::parse(out, &n, &text, oids.iter().copied()));
        prop_assert_eq!(tag, Tag::Parse);
        let view = Parse::parse(&payload).unwrap();
        prop_assert_eq!(view.name.bytes(), &n);
        prop_assert_eq!(view.text.bytes(), &text);
        prop_assert_eq!(view.type_oids.iter().collect::<Vec<_>>(), oids);
    }

    #[test]
    fn bind_round_trips(
        portal in name(), statement in name(), f in formats(), v in values(), r in formats()
    ) {
        let (tag, payload) =
            written(|out| encode::bind(out, &portal, &statement, &f, borrowed(&v), &r));
        prop_assert_eq!(tag, Tag::Bind);
        let view = Bind::parse(&payload).unwrap();
        prop_assert_eq!(view.portal.bytes(), &portal);
        prop_assert_eq!(view.statement.bytes(), &statement);
        prop_assert_eq!(view.formats.iter().collect::<Vec<_>>(), f);
        prop_assert_eq!(view.parameters.len(), v.len());
        prop_assert_eq!(view.parameters.iter().collect::<Vec<_>>(), borrowed(&v));
        prop_assert_eq!(view.result_formats.iter().collect::<Vec<_>>(), r);
    }

    #[test]
    fn describe_close_execute_round_trip(
        n in name(), rows in any::<i32>(), portal in any::<bool>()
    ) {
        let kind = if portal { Kind::Portal } else { Kind::Statement };
        let (tag, payload) = written(|out| encode::describe(out, kind, &n));
        prop_assert_eq!(tag, Tag::Describe);
        prop_assert_eq!(Named::parse(&payload), Ok(Named { kind, name: Text::new(&n) }));
        let (tag, payload) = written(|out| encode::close(out, kind, &n));
        prop_assert_eq!(tag, Tag::Close);
        prop_assert_eq!(Named::parse(&payload), Ok(Named { kind, name: Text::new(&n) }));
        let (_, payload) = written(|out| encode::execute(out, &n, rows));
        prop_assert_eq!(
            Execute::parse(&payload),
            Ok(Execute { portal: Text::new(&n), max_rows: rows })
        );
    }

    #[test]
    fn function_call_round_trips(oid in any::<u32>(), f in formats(), v in values()) {
        let (_, payload) = written(|out| {
            encode::function_call(out, oid, &f, borrowed(&v), Format::BINARY)
        });
        let view = FunctionCall::parse(&payload).unwrap();
        prop_assert_eq!((view.function, view.result_format), (oid, Format::BINARY));
        prop_assert_eq!(view.formats.iter().collect::<Vec<_>>(), f);
        prop_assert_eq!(view.arguments.iter().collect::<Vec<_>>(), borrowed(&v));
    }

    #[test]
    fn sasl_round_trips(mechanism in name(), data in option::of(vec(any::<u8>(), 0..30))) {
        let (_, payload) =
            written(|out| encode::sasl_initial_response(out, &mechanism, data.as_deref()));
        let view = SaslInitialResponse::parse(&payload).unwrap();
        prop_assert_eq!(view.mechanism.bytes(), &mechanism);
        prop_assert_eq!(view.data, data.as_deref());
    }

    /// Cutting a message short, or adding to it, never yields a view of something else.
    #[test]
    fn bind_of_the_wrong_length_is_refused(v in values(), cut in any::<prop::sample::Index>()) {
        let (_, mut payload) = written(|out| encode::bind(out, b"p", b"s", &[], borrowed(&v), &[]));
        prop_assert!(Bind::parse(&payload[..cut.index(payload.len())]).is_err());
        payload.push(0);
        prop_assert_eq!(Bind::parse(&payload), Err(WireError::frontend("Bind", Fault::Trailing)));
    }
}

#[test]
fn text_after_the_terminator_is_refused() {
    // PostgreSQL runs what stands before the NUL; bytes behind it must not hide from the record.
    assert_eq!(
        Query::parse(b"SELECT 1\0DROP TABLE t\0"),
        Err(WireError::frontend("Query", Fault::Trailing))
    );
    assert_eq!(Query::parse(b"SELECT 1"), Err(WireError::frontend("Query", Fault::Unterminated)));
    assert_eq!(Query::parse(b""), Err(WireError::frontend("Query", Fault::Unterminated)));
}

#[test]
fn nul_in_text_leaves_the_buffer_as_it_was() {
    let mut out = b"before".to_vec();
    let error = encode::query(&mut out, b"a\0b").unwrap_err();
    assert!(error.is_ours());
    assert_eq!(out, b"before");
    assert!(encode::bind(&mut out, b"", b"a\0", &[], [], &[]).is_err());
    assert_eq!(out, b"before");
}

#[test]
fn too_many_parameters_are_refused() {
    let mut out = Vec::new();
    let values = vec![None; 65_536];
    assert!(encode::bind(&mut out, b"", b"", &[], values.iter().copied(), &[]).is_err());
    assert!(out.is_empty());
    encode::bind(&mut out, b"", b"", &[], values.iter().copied().skip(1), &[]).unwrap();
    assert_eq!(Bind::parse(&out[5..]).unwrap().parameters.iter().count(), 65_535);
}

#[test]
fn unknown_kind_and_stuffed_empty_messages_are_refused() {
    assert_eq!(
        Named::parse(b"Xname\0"),
        Err(WireError::frontend("Describe or Close", Fault::Unknown))
    );
    assert!(empty(b"").is_ok());
    assert!(empty(b"\0").is_err());
}

#[test]
fn tags_are_their_bytes() {
    let known: Vec<u8> = (0..=255).filter(|byte| Tag::from_byte(*byte).is_some()).collect();
    assert_eq!(known.len(), 14);
    for byte in known {
        assert_eq!(Tag::from_byte(byte).unwrap().byte(), byte);
    }
}
