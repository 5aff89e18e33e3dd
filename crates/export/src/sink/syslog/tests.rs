//! Messages have the form of RFC 5424 and no more than the bytes that a receiver takes.

use super::{Peer, Syslog, shorten};
use crate::ocsf::tests::{events, long};

#[test]
fn a_message_has_a_header_and_the_event() {
    let peer = Peer { host: "localhost".into(), port: 514, tls: None };
    let syslog = Syslog::new(peer, "gate way-1", 8192);
    for event in events() {
        let message = syslog.message(&event);
        let (head, line) = message.split_once(" - {").unwrap();
        assert_eq!(format!("{{{line}"), event.line());
        let fields: Vec<&str> = head.split(' ').collect();
        let priority: u8 =
            fields[0].strip_prefix('<').unwrap().strip_suffix(">1").unwrap().parse().unwrap();
        assert!((104..=111).contains(&priority), "{head}");
        assert_eq!(fields[1], event.time.to_string());
        assert_eq!(&fields[2..5], ["gateway-1", "weir", "-"], "{head}");
        assert_eq!(fields[5], event.kind);
    }
}

#[test]
fn a_long_text_is_cut_and_says_so() {
    let event = long(20_000);
    let line = shorten(&event, 8192);
    assert!(line.len() <= 8192, "{}", line.len());
    let body: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(body["unmapped"]["shortened"], true);
    assert_eq!(body["metadata"]["uid"], event.body["metadata"]["uid"]);
    let text = body["query_info"]["query_string"].as_str().unwrap();
    assert!(text.len() > 5000 && text.ends_with('…'), "{text}");
    assert!(body["unmapped"]["columns"].is_array());
    // What fits is left as it is.
    assert_eq!(shorten(&event, 100_000), event.line());
}
