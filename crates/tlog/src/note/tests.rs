//! Notes and keys, against an example of another implementation and against forgeries.

use super::*;
use crate::{Checkpoint, CosignatureKey, CosignatureVerifier};

/// The example of Go's package golang.org/x/mod/sumdb/note.
const EXAMPLE_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const EXAMPLE_NOTE: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n\n\
    \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdng\
    otpRZb6KE6RyyBwJnAM=\n";

#[test]
fn a_note_opens_with_its_key_alone() {
    let key = SigningKey::from_seed("example.com/log", &[1; 32]).unwrap();
    let other = SigningKey::from_seed("example.com/log", &[2; 32]).unwrap();
    let note = key.sign("one\ntwo\n");
    assert_eq!(key.verifier().open(&note), Ok("one\ntwo\n"));
    assert!(other.verifier().open(&note).is_err());
    assert!(key.verifier().open(&note.replace("two", "too")).is_err());
    assert!(key.verifier().open(note.trim_end()).is_err());
    assert!(key.verifier().open("one\ntwo\n").is_err());
}

#[test]
fn verifier_keys_are_read_as_they_are_written() {
    let key = SigningKey::from_seed("example.com/log", &[1; 32]).unwrap().verifier();
    assert_eq!(VerifierKey::parse(&key.to_string()), Ok(key.clone()));
    assert!(VerifierKey::parse(&key.to_string().replace("log+", "lag+")).is_err());
    assert!(CosignatureVerifier::parse(&key.to_string()).is_err());
    assert!(SigningKey::from_seed("a b", &[1; 32]).is_err());
    assert!(SigningKey::from_seed("a+b", &[1; 32]).is_err());
    let example = VerifierKey::parse(EXAMPLE_KEY).unwrap();
    assert_eq!(example.to_string(), EXAMPLE_KEY);
    assert!(example.open(EXAMPLE_NOTE).is_ok());
}

#[test]
fn a_cosignature_says_when() {
    let key = SigningKey::from_seed("example.com/log", &[1; 32]).unwrap();
    let witness = CosignatureKey::from_seed("witness.example", &[3; 32]).unwrap();
    let head = Checkpoint { origin: "example.com/log".into(), size: 7, root: [9; 32] };
    let note = key.sign(&head.text());
    assert!(witness.verifier().time_of(&note).is_err());
    let note = format!("{note}{}", witness.cosign(&head.text(), 1_679_315_147));
    assert_eq!(witness.verifier().time_of(&note), Ok(1_679_315_147));
    assert_eq!(key.verifier().open(&note).and_then(Checkpoint::parse), Ok(head));
    let verifier = CosignatureVerifier::parse(&witness.verifier().to_string()).unwrap();
    assert_eq!(verifier, witness.verifier());
}

#[test]
fn checkpoints_are_read_strictly() {
    let root = encode(&[9; 32]);
    for text in ["", "a\n", "a\n1\n", &format!("a\n01\n{root}\n"), &format!("a\n+1\n{root}\n")] {
        assert!(Checkpoint::parse(text).is_err(), "{text:?}");
    }
    assert!(Checkpoint::parse(&format!("a\n1\n{root}\n\nx\n")).is_err());
    assert!(Checkpoint::parse(&format!("a\n0\n{root}\nextension\n")).is_ok());
}
