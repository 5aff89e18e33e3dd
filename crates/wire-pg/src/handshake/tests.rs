//! Tests of handshake.rs.

use super::*;
use crate::frontend::encode;
use proptest::{collection::vec, prelude::*};

fn startup(parameters: &[(&str, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    let pairs = parameters.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    encode::startup(&mut out, VERSION_3_0, pairs).unwrap();
    out
}

#[test]
fn requests_are_told_apart() {
    let mut out = Vec::new();
    encode::ssl_request(&mut out);
    assert_eq!(out, [0, 0, 0, 8, 4, 210, 22, 47], "as in PostgreSQL's manual: 80877103");
    assert_eq!(parse(&out), Ok(Some((First::SslRequest, 8))));
    out.clear();
    encode::gssenc_request(&mut out);
    assert_eq!(parse(&out), Ok(Some((First::GssEncRequest, 8))));
    assert_eq!(parse(&[0x16, 3, 1]), Ok(Some((First::DirectTls, 0))));
    for key in [&b"1234"[..], &[7; 256]] {
        out.clear();
        encode::cancel_request(&mut out, 99, key).unwrap();
        assert_eq!(parse(&out), Ok(Some((First::Cancel { process_id: 99, key }, out.len()))));
    }
    out.clear();
    encode::cancel_request(&mut out, 99, &[7; 257]).unwrap();
    assert!(parse(&out).is_err());
}

#[test]
fn startup_keeps_order_and_the_last_one_wins() {
    let packet = startup(&[("user", "a"), ("database", "d"), ("user", "b"), ("options", "")]);
    let Ok(Some((First::Startup(view), used))) = parse(&packet) else { panic!("start-up") };
    assert_eq!(used, packet.len());
    assert_eq!(view.minor, 0);
    let names: Vec<_> = view.parameters().filter_map(|(name, _)| name.utf8()).collect();
    assert_eq!(names, ["user", "database", "user", "options"]);
    assert_eq!(view.parameter("user").and_then(Text::utf8), Some("b"));
    assert_eq!(view.parameter("options").map(Text::is_empty), Some(true));
    assert_eq!(view.parameter("nothing"), None);
}

#[test]
fn incomplete_packets_wait_and_bytes_behind_them_stay() {
    let mut packet = startup(&[("user", "a")]);
    for end in 0..packet.len() {
        assert_eq!(parse(&packet[..end]), Ok(None), "{end} bytes");
    }
    let len = packet.len();
    packet.extend(b"more");
    assert_eq!(parse(&packet).unwrap().unwrap().1, len);
}

#[test]
fn limits_are_postgresqls() {
    let header = |length: i32| length.to_be_bytes();
    assert_eq!(parse(&header(7)), Err(WireError::BadLength { tag: 0, length: 7 }));
    assert_eq!(parse(&header(-1)), Err(WireError::BadLength { tag: 0, length: -1 }));
    assert_eq!(parse(&header(10_004)), Ok(None));
    assert_eq!(
        parse(&header(10_005)),
        Err(WireError::TooLong { tag: 0, len: 10_005, limit: 10_004 })
    );
    // An HTTP request has an absurd length, and is refused at its first four bytes.
    assert!(matches!(parse(b"GET "), Err(WireError::TooLong { .. })));
}

#[test]
fn malformed_startups_are_refused() {
    let packet = |body: &[u8]| {
        let mut out = i32::try_from(body.len() + 4).unwrap().to_be_bytes().to_vec();
        out.extend(body);
        out
    };
    let version = b"\0\x03\0\0";
    let cases: [(&[u8], Fault); 4] = [
        (b"user\0a\0", Fault::Unterminated),
        (b"user\0a", Fault::Unterminated),
        (b"user\0a\0\0x", Fault::Trailing),
        (b"", Fault::Unterminated),
    ];
    for (rest, fault) in cases {
        assert_eq!(
            parse(&packet(&[version, rest].concat())),
            Err(WireError::frontend("start-up packet", fault)),
            "{rest:?}"
        );
    }
    assert_eq!(
        parse(&packet(b"\0\x02\0\0whatever")),
        Ok(Some((First::Unsupported { major: 2, minor: 0 }, 16)))
    );
    let stuffed = packet(&[&SSL_REQUEST.to_be_bytes()[..], b"x"].concat());
    assert!(parse(&stuffed).is_err());
    let mut out = Vec::new();
    assert!(encode::startup(&mut out, VERSION_3_0, [(&b""[..], &b"x"[..])]).is_err());
    assert!(encode::startup(&mut out, VERSION_3_0, [(&b"a\0"[..], &b"x"[..])]).is_err());
}

#[test]
fn cancel_keys_do_not_print() {
    let first = First::Cancel { process_id: 1, key: b"geheim" };
    assert_eq!(format!("{first:?}"), "Cancel { 1, key: *** }");
}

proptest! {
    #[test]
    fn startup_round_trips(
        pairs in vec((vec(1..=255u8, 1..9), vec(1..=255u8, 0..9)), 0..8), minor in any::<u16>()
    ) {
        let mut out = Vec::new();
        let version = VERSION_3_0 | u32::from(minor);
        let borrowed = pairs.iter().map(|(name, value)| (&name[..], &value[..]));
        encode::startup(&mut out, version, borrowed).unwrap();
        let Ok(Some((First::Startup(view), used))) = parse(&out) else { panic!("start-up") };
        prop_assert_eq!((view.minor, used), (minor, out.len()));
        let read: Vec<_> = view
            .parameters()
            .map(|(name, value)| (name.bytes().to_vec(), value.bytes().to_vec()))
            .collect();
        prop_assert_eq!(read, pairs);
    }
}
