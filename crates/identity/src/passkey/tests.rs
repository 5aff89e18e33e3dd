//! Keys that are made here sign as a browser has them sign; whatever is changed of that does not
//! hold.

use super::*;
use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair as RsaKeyPair, KeySize},
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    },
};

const HERE: &str = "https://weir.example:6443";

fn site() -> Site {
    Site::of(HERE).unwrap()
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn client(kind: &str, challenge: &[u8], origin: &str) -> Vec<u8> {
    format!(
        r#"{{"type":"{kind}","challenge":"{}","origin":"{origin}","crossOrigin":false}}"#,
        text(challenge)
    )
    .into_bytes()
}

fn said(name: &str, flags: u8, count: u32) -> Vec<u8> {
    let of = Sha256::digest(name.as_bytes());
    [of.as_slice(), &[flags], &count.to_be_bytes()].concat()
}

fn made(flags: u8, id: &[u8], cose: &[u8]) -> Vec<u8> {
    let length = u16::try_from(id.len()).unwrap().to_be_bytes();
    [&said("weir.example", flags, 3)[..], &[0; 16], &length, id, cose].concat()
}

fn es256() -> (EcdsaKeyPair, Vec<u8>) {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    let point = pair.public_key().as_ref().to_vec();
    let head = [0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32];
    let cose = [&head[..], &point[1..33], &[0x22, 0x58, 32], &point[33..]].concat();
    (pair, cose)
}

fn decision() -> Decision<'static> {
    Decision { request: "01k0-3f7a.0000001", digest: b"digest", consents: true, person: "carol" }
}

#[test]
fn each_kind_of_key_is_taken_and_checked() {
    let (ecdsa, cose) = es256();
    let ed = Ed25519KeyPair::generate().unwrap();
    let ed_cose =
        [&[0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21, 0x58, 32][..], ed.public_key().as_ref()].concat();
    let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let modulus = rsa.public_key().modulus().big_endian_without_leading_zero().to_vec();
    let head = [0xa4, 1, 3, 3, 0x39, 1, 0, 0x20, 0x59, 1, 0];
    let rsa_cose = [&head[..], &modulus, &[0x21, 0x43, 1, 0, 1]].concat();
    let random = SystemRandom::new();
    let signs = |kind: usize, message: &[u8]| match kind {
        0 => ecdsa.sign(&random, message).unwrap().as_ref().to_vec(),
        1 => ed.sign(message).as_ref().to_vec(),
        _ => {
            let mut signature = vec![0; rsa.public_modulus_len()];
            rsa.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap();
            signature
        }
    };
    for (kind, cose) in [cose, ed_cose, rsa_cose].iter().enumerate() {
        let create = text(&client("webauthn.create", b"challenge", HERE));
        let taken = register(&site(), b"challenge", &create, &text(&made(0x45, b"id", cose)));
        let taken = taken.unwrap();
        assert_eq!((taken.id.as_str(), taken.count), (text(b"id").as_str(), 3));
        let key = PublicKey::parse(&taken.key.text()).unwrap();
        assert_eq!(key, taken.key);
        let asked = client("webauthn.get", &decision().challenge(), HERE);
        let says = said("weir.example", 0x05, 9);
        let signature = signs(kind, &[&says[..], &Sha256::digest(&asked)].concat());
        let (asked, says, signature) = (text(&asked), text(&says), text(&signature));
        let assertion = Assertion {
            id: &taken.id,
            client: &asked,
            authenticator: &says,
            signature: &signature,
        };
        let holds = verify(&key, &site(), &decision().challenge(), &assertion);
        assert_eq!(holds, Ok((9, true)));
        // Each part of a decision is part of what is signed.
        for other in [
            Decision { request: "01k0-3f7a.0000002", ..decision() },
            Decision { digest: b"another", ..decision() },
            Decision { consents: false, ..decision() },
            Decision { person: "dave", ..decision() },
        ] {
            let why = verify(&key, &site(), &other.challenge(), &assertion).unwrap_err();
            assert_eq!(why.to_string(), "the key signed another decision");
        }
    }
}

#[test]
fn what_was_signed_otherwise_does_not_hold() {
    let (pair, cose) = es256();
    let (key, _) = PublicKey::of_cose(&cose).unwrap();
    let (other, _) = es256();
    let challenge = decision().challenge();
    let good = client("webauthn.get", &challenge, HERE);
    let framed = String::from_utf8(good.clone()).unwrap().replace("false", "true").into_bytes();
    let get = |origin| client("webauthn.get", &challenge, origin);
    let cases = [
        ("good", good.clone(), said("weir.example", 0x01, 0), &pair, true),
        ("another key", good.clone(), said("weir.example", 0x01, 0), &other, false),
        ("nobody there", good.clone(), said("weir.example", 0x04, 0), &pair, false),
        ("another site", good.clone(), said("evil.example", 0x01, 0), &pair, false),
        ("its page", get("https://evil.example"), said("weir.example", 0x01, 0), &pair, false),
        ("its port", get("https://weir.example"), said("weir.example", 0x01, 0), &pair, false),
        ("no TLS", get("http://weir.example:6443"), said("weir.example", 0x01, 0), &pair, false),
        ("framed", framed, said("weir.example", 0x01, 0), &pair, false),
        (
            "made, not used",
            client("webauthn.create", &challenge, HERE),
            said("weir.example", 0x01, 0),
            &pair,
            false,
        ),
        ("no JSON", b"{".to_vec(), said("weir.example", 0x01, 0), &pair, false),
        ("short", good, vec![1; 36], &pair, false),
    ];
    for (what, client, says, signs, holds) in cases {
        let message = [&says[..], &Sha256::digest(&client)].concat();
        let signature = signs.sign(&SystemRandom::new(), &message).unwrap();
        let signature = text(signature.as_ref());
        let (client, says) = (text(&client), text(&says));
        let assertion =
            Assertion { id: "", client: &client, authenticator: &says, signature: &signature };
        assert_eq!(verify(&key, &site(), &challenge, &assertion).is_ok(), holds, "{what}");
    }
}

#[test]
fn only_a_whole_key_is_taken() {
    let (_, cose) = es256();
    let create = text(&client("webauthn.create", b"challenge", HERE));
    let takes =
        |challenge: &[u8], said: &[u8]| register(&site(), challenge, &create, &text(said)).is_ok();
    assert!(takes(b"challenge", &made(0x41, b"id", &cose)));
    assert!(!takes(b"another", &made(0x41, b"id", &cose)), "another challenge");
    assert!(!takes(b"challenge", &made(0x01, b"id", &cose)), "no key");
    assert!(!takes(b"challenge", &made(0x40, b"id", &cose)), "nobody there");
    assert!(!takes(b"challenge", &made(0x41, b"", &cose)), "no id");
    assert!(!takes(b"challenge", &made(0x41, &[7; 1024], &cose)), "a long id");
    let longer = [&cose[..], &[0xa0]].concat();
    assert!(!takes(b"challenge", &made(0x41, b"id", &longer)), "something behind it");
    assert!(takes(b"challenge", &made(0xc1, b"id", &longer)), "and that is said");
    for length in 0..cose.len() {
        assert!(!takes(b"challenge", &made(0x41, b"id", &cose[..length])), "{length}");
    }
    let get = text(&client("webauthn.get", b"challenge", HERE));
    let said = text(&made(0x41, b"id", &cose));
    assert!(register(&site(), b"challenge", &get, &said).is_err(), "a use is no registration");
}

#[test]
fn keys_are_for_sites_with_a_name() {
    assert_eq!(site().name(), "weir.example");
    assert_eq!(Site::of("https://Localhost:8443").unwrap().name(), "localhost");
    for no in
        ["http://weir.example", "https://127.0.0.1:6443", "https://[::1]:6443", "https://", ""]
    {
        assert_eq!(Site::of(no), None, "{no}");
    }
}
