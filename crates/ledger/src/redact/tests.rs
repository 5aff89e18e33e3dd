//! Keyed hashes against a published vector, and the key's file.

use super::*;
use std::os::unix::fs::PermissionsExt;

#[test]
fn agrees_with_a_published_vector() {
    // RFC 4231, test case 1: a key of 20 bytes, which HMAC pads with zeros to its block, so that
    // the same key padded to 32 bytes gives the same result.
    let mut key = [0; 32];
    key.iter_mut().take(20).for_each(|byte| *byte = 0x0b);
    let hash = Redactor::new(&key).hash(b"Hi There");
    assert_eq!(hash.to_string(), "b0344c61d8db38535ca8afceaf0bf12b");
}

#[test]
fn a_value_has_one_hash_however_it_is_written() {
    let redactor = Redactor::new(&[7; 32]);
    for (one, other) in [
        ("7", "007"),
        ("7", "-7"),
        ("7", "+7.00"),
        ("0", "000"),
        ("0.5", ".50"),
        ("10", "10."),
        ("1200", "01200.0"),
        ("11111111-1111-1111-1111-ABCDEFabcdef", "11111111-1111-1111-1111-abcdefabcdef"),
    ] {
        assert_eq!(redactor.value(one.as_bytes()), redactor.value(other.as_bytes()), "{one}");
    }
    for (one, other) in [
        ("7", "70"),
        ("0.5", "5"),
        ("", "0"),
        (".", ""),
        ("1.2.3", "1.2.30"),
        ("a", "A"),
        ("1e3", "1000"),
        ("7 ", "7"),
        ("--7", "7"),
    ] {
        assert_ne!(redactor.value(one.as_bytes()), redactor.value(other.as_bytes()), "{one}");
    }
    assert_eq!(redactor.value(b"a@x.org"), redactor.hash(b"a@x.org"));
}

#[test]
fn the_key_is_made_once_and_is_private() {
    let dir = crate::testing::Folder::new("key");
    let first = Redactor::open(dir.path()).unwrap();
    let second = Redactor::open(dir.path()).unwrap();
    assert_eq!(first.hash(b"ada@example.org"), second.hash(b"ada@example.org"));
    assert_ne!(first.hash(b"ada@example.org"), first.hash(b"bob@example.org"));
    let mode = std::fs::metadata(dir.path().join(KEY_FILE)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(format!("{first:?}"), "Redactor(***)");
    std::fs::write(dir.path().join(KEY_FILE), b"short").unwrap();
    assert!(matches!(Redactor::open(dir.path()), Err(LedgerError::NotALedger(_))));
}
