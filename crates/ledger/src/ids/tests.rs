//! Ids sort, return from their texts and refuse other texts.

use super::*;

#[test]
fn ids_return_from_their_texts() {
    let mut texts = Vec::new();
    for time in [0, 1, 31, 32, 1_795_317_311_000_123, i64::MAX] {
        for salt in [0, 1, 0xf_ffff] {
            let session = SessionId::new(Time::from_micros(time), salt);
            assert_eq!(session.to_string().parse(), Ok(session));
            for number in [0, 1, 32, 0x7_ffff_ffff] {
                let statement = session.statement(number);
                assert_eq!(statement.to_string().parse(), Ok(statement));
                assert_eq!((statement.session(), statement.number()), (session, number));
                texts.push(statement.to_string());
            }
        }
    }
    assert!(texts.is_sorted(), "{texts:?}");
}

#[test]
fn digits_are_worth_their_places() {
    for (digits, values) in [(DIGITS.as_slice(), &VALUES), (HEX.as_slice(), &HEX_VALUES)] {
        for byte in 0..=255 {
            let place = digits.iter().position(|digit| *digit == byte);
            assert_eq!(usize::from(value(values, byte)), place.unwrap_or(NO_DIGIT.into()));
        }
    }
}

#[test]
fn other_texts_are_refused() {
    for text in [
        "",
        "-",
        "0d4q2mr8k3v0h-3f7",
        "zzzzzzzzzzzzz-0000",
        "0d4q2mr8k3v0u-3f7a",
        "0d4q2mr8k3v0h.3f7a",
    ] {
        assert_eq!(text.parse::<SessionId>(), Err(NotAnId), "{text}");
    }
    for text in ["0d4q2mr8k3v0h-3f7a.12", "0d4q2mr8k3v0h-3f7a-0000012"] {
        assert_eq!(text.parse::<StatementId>(), Err(NotAnId), "{text}");
    }
    for text in ["", "+0000000000000000000000000000001", "G0000000000000000000000000000001"] {
        assert_eq!(text.parse::<Hash>(), Err(NotAnId), "{text}");
    }
    let hash = Hash([0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0, 0, 0, 0, 0, 0, 0xf0, 0x0f]);
    let text = "0123456789abcdef000000000000f00f";
    assert_eq!((text.parse(), hash.to_string().as_str()), (Ok(hash), text));
    for text in [&text[1..], &format!("{text}0"), &text.to_uppercase(), &text.replace('f', "g")] {
        assert_eq!(text.parse::<Hash>(), Err(NotAnId), "{text}");
    }
    assert!(serde_json::from_str::<Hash>("1").is_err());
    assert!(serde_json::from_str::<Hash>("null").is_err());
    let escaped = text.replacen('0', "\\u0030", 1);
    assert_eq!(serde_json::from_str::<Hash>(&format!("\"{escaped}\"")).unwrap(), hash);
}

#[test]
fn shape_ids_depend_on_where_parts_end() {
    assert_ne!(ShapeId::of(&[b"ab", b"c"]), ShapeId::of(&[b"a", b"bc"]));
    let id = ShapeId::of(&[b"select ?"]);
    assert_eq!(id.to_string().parse(), Ok(id));
}
