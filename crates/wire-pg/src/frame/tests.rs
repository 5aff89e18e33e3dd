//! Tests of frame.rs.

use super::*;

const MIB: usize = 1 << 20;

fn header(tag: u8, length: i32) -> Vec<u8> {
    let mut bytes = vec![tag];
    bytes.extend(length.to_be_bytes());
    bytes
}

#[test]
fn header_is_read_before_the_message_is_complete() {
    let buf = header(b'D', 1000);
    assert_eq!(peek(&buf[..4], MIB), Ok(None));
    let frame = peek(&buf, MIB).unwrap().unwrap();
    assert_eq!(frame, Frame { tag: b'D', len: 1001 });
    assert!(!complete(&buf, frame));
    assert_eq!(payload(&buf, frame), None);
    assert_eq!(split(&buf, MIB), Ok(None));
}

#[test]
fn lengths_that_cannot_be_are_refused() {
    for length in [i32::MIN, -1, 0, 3] {
        assert_eq!(
            peek(&header(b'Q', length), MIB),
            Err(WireError::BadLength { tag: b'Q', length })
        );
    }
    assert_eq!(peek(&header(b'S', 4), MIB), Ok(Some(Frame { tag: b'S', len: 5 })));
}

#[test]
fn limit_counts_the_whole_message() {
    assert!(peek(&header(b'Q', 99), 100).is_ok());
    assert_eq!(
        peek(&header(b'Q', 100), 100),
        Err(WireError::TooLong { tag: b'Q', len: 101, limit: 100 })
    );
    assert!(peek(&header(b'D', i32::MAX), usize::MAX).unwrap().is_some());
}

#[test]
fn split_takes_one_message_and_leaves_the_rest() {
    let mut buf = header(b'Q', 6);
    buf.extend(b"x\0next");
    let (message, rest) = split(&buf, MIB).unwrap().unwrap();
    assert_eq!(message.tag, b'Q');
    assert_eq!(message.payload, b"x\0");
    assert_eq!(message.whole, &buf[..7]);
    assert_eq!(rest, b"next");
}
