//! Tokens as providers sign them, and as nobody may.

use super::*;
use aws_lc_rs::{
    encoding::AsDer,
    rsa::{KeyPair as RsaPair, KeySize},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::json;
use std::sync::LazyLock;

struct Keys {
    rsa: EncodingKey,
    rsa_public: Vec<u8>,
    ec: EncodingKey,
    foreign: EncodingKey,
    set: JwkSet,
}

/// Made once: RSA keys take a while.
static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let rsa = || RsaPair::generate(KeySize::Rsa2048).unwrap();
    let signer = |pair: &RsaPair| {
        let der = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(pair).unwrap();
        // What PKCS #8 has before the PKCS #1 key of this size.
        EncodingKey::from_rsa_der(&der.as_ref()[26..])
    };
    let (own, foreign) = (rsa(), rsa());
    let alg = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let ec = EcdsaKeyPair::generate(alg).unwrap();
    let document = ec.to_pkcs8v1().unwrap();
    let point = &ec.public_key().as_ref()[1..];
    let b64 = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let public = own.public_key();
    let set = json!({ "keys": [
        {
            "kty": "RSA", "kid": "r1", "alg": "RS256", "use": "sig",
            "n": b64(public.modulus().big_endian_without_leading_zero()),
            "e": b64(public.exponent().big_endian_without_leading_zero()),
        },
        { "kty": "EC", "crv": "P-256", "kid": "e1", "x": b64(&point[..32]), "y": b64(&point[32..]) },
        { "kty": "oct", "kid": "o1", "k": b64(b"a secret that somebody put here") },
    ]});
    Keys {
        rsa: signer(&own),
        rsa_public: public.as_ref().to_vec(),
        ec: EncodingKey::from_ec_der(document.as_ref()),
        foreign: signer(&foreign),
        set: serde_json::from_value(set).unwrap(),
    }
});

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn expected() -> Expected {
    Expected {
        issuer: "https://id.example".to_owned(),
        audience: "weir".to_owned(),
        client: Some("weir".to_owned()),
        algorithms: vec![Algorithm::RS256, Algorithm::ES256],
        skew: Duration::from_secs(30),
        require: Vec::new(),
    }
}

/// Good at second 1000, with these claims changed; null takes one away.
fn claims(changes: Value) -> Value {
    let mut all = json!({
        "iss": "https://id.example", "aud": "weir", "sub": "s1", "iat": 1000, "exp": 1060,
    });
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => all.as_object_mut().unwrap().remove(name),
            value => all.as_object_mut().unwrap().insert(name.clone(), value.clone()),
        };
    }
    all
}

fn header(alg: Algorithm, kid: &str) -> Header {
    Header { kid: Some(kid.to_owned()), ..Header::new(alg) }
}

fn rs256(changes: Value) -> String {
    encode(&header(Algorithm::RS256, "r1"), &claims(changes), &KEYS.rsa).unwrap()
}

fn judged(token: &str) -> Result<Claims, Wrong> {
    check(token, &KEYS.set, &expected(), at(1000))
}

#[test]
fn a_token_that_holds() {
    let held = judged(&rs256(json!({ "groups": ["a"] }))).unwrap();
    assert_eq!((held.subject.as_str(), held.expires), ("s1", at(1060)));
    assert_eq!(held.all["groups"], json!(["a"]));
    let ec = encode(&header(Algorithm::ES256, "e1"), &claims(json!({})), &KEYS.ec).unwrap();
    assert!(judged(&ec).is_ok());
}

#[test]
fn claims_that_do_not_hold() {
    let claim = |name: &str| Wrong::Claim(name.to_owned());
    let cases = [
        (json!({ "iss": "https://other.example" }), Wrong::Issuer),
        (json!({ "iss": "https://id.example/" }), Wrong::Issuer),
        (json!({ "iss": ["https://id.example"] }), claim("iss")),
        (json!({ "iss": null }), claim("iss")),
        (json!({ "aud": "other" }), Wrong::Audience),
        (json!({ "aud": [] }), Wrong::Audience),
        (json!({ "aud": null }), Wrong::Audience),
        (json!({ "aud": ["weir", "other"] }), Wrong::Audience),
        (json!({ "aud": ["weir", 5], "azp": "weir" }), Wrong::Audience),
        (json!({ "azp": "other" }), Wrong::Audience),
        (json!({ "exp": 970 }), Wrong::Expired),
        (json!({ "exp": null }), claim("exp")),
        (json!({ "exp": "1060" }), claim("exp")),
        (json!({ "exp": 1e300 }), claim("exp")),
        (json!({ "iat": 1031 }), Wrong::Early),
        (json!({ "iat": null }), claim("iat")),
        (json!({ "nbf": 1031 }), Wrong::Early),
        (json!({ "nbf": -5 }), claim("nbf")),
        (json!({ "sub": "" }), claim("sub")),
        (json!({ "sub": null }), claim("sub")),
        (json!({ "sub": 5 }), claim("sub")),
    ];
    for (changes, wrong) in cases {
        assert_eq!(judged(&rs256(changes.clone())).err(), Some(wrong), "{changes}");
    }
    for good in [
        json!({ "aud": ["weir"] }),
        json!({ "aud": ["weir", "other"], "azp": "weir" }),
        json!({ "exp": 971 }),
        json!({ "iat": 1030, "nbf": 1030 }),
        json!({ "iat": 999.5 }),
    ] {
        assert!(judged(&rs256(good.clone())).is_ok(), "{good}");
    }
}

#[test]
fn signatures_that_nobody_may_make() {
    let none = |header: &str| {
        let body = URL_SAFE_NO_PAD.encode(claims(json!({})).to_string());
        format!("{}.{body}.", URL_SAFE_NO_PAD.encode(header))
    };
    for header in [r#"{"alg":"none"}"#, r#"{"alg":"None","kid":"r1"}"#, r#"{"alg":"","kid":"r1"}"#]
    {
        assert_eq!(judged(&none(header)).err(), Some(Wrong::Algorithm), "{header}");
    }
    assert!(judged(&none(r#"{"kid":"r1"}"#)).is_err());
    // The public key as a secret, and a secret among the keys.
    let hmac = |kid: &str, secret: &[u8]| {
        let key = EncodingKey::from_secret(secret);
        encode(&header(Algorithm::HS256, kid), &claims(json!({})), &key).unwrap()
    };
    let public = hmac("r1", &KEYS.rsa_public);
    let shared = hmac("o1", b"a secret that somebody put here");
    let mut loose = expected();
    loose.algorithms.push(Algorithm::HS256);
    for token in [public, shared] {
        assert_eq!(judged(&token).err(), Some(Wrong::Algorithm));
        let allowed = check(&token, &KEYS.set, &loose, at(1000));
        assert_eq!(allowed.err(), Some(Wrong::Algorithm), "not even where somebody allows it");
    }
    let foreign = encode(&header(Algorithm::RS256, "r1"), &claims(json!({})), &KEYS.foreign);
    assert_eq!(judged(&foreign.unwrap()).err(), Some(Wrong::Signature));
    let unknown = encode(&header(Algorithm::RS256, "r9"), &claims(json!({})), &KEYS.rsa).unwrap();
    assert_eq!(judged(&unknown).err(), Some(Wrong::Key));
    let other = encode(&header(Algorithm::RS384, "r1"), &claims(json!({})), &KEYS.rsa).unwrap();
    assert_eq!(judged(&other).err(), Some(Wrong::Algorithm));
    let crossed = encode(&header(Algorithm::RS256, "e1"), &claims(json!({})), &KEYS.rsa).unwrap();
    assert!(judged(&crossed).is_err(), "a key of another kind");
}

#[test]
fn tokens_of_another_kind_and_what_is_no_token() {
    for kind in ["at+jwt", "logout+jwt", "dpop+jwt"] {
        let typed = Header { typ: Some(kind.to_owned()), ..header(Algorithm::RS256, "r1") };
        let token = encode(&typed, &claims(json!({})), &KEYS.rsa).unwrap();
        assert_eq!(judged(&token).err(), Some(Wrong::Type(kind.to_owned())));
    }
    let critical = Header { crit: Some(vec!["exp".to_owned()]), ..header(Algorithm::RS256, "r1") };
    let token = encode(&critical, &claims(json!({})), &KEYS.rsa).unwrap();
    assert!(judged(&token).is_err());
    let good = rs256(json!({}));
    let (head, _) = good.rsplit_once('.').unwrap();
    let long = "x".repeat(MAX_TOKEN_BYTES + 1);
    for broken in ["", "a.b", "a.b.c.d", head, &format!("{good}x"), &long] {
        assert!(judged(broken).is_err(), "{broken}");
    }
    let other = rs256(json!({ "sub": "s2" }));
    let (_, signature) = other.rsplit_once('.').unwrap();
    assert_eq!(judged(&format!("{head}.{signature}")).err(), Some(Wrong::Signature));
}

#[test]
fn claims_that_a_provider_must_make() {
    let mut strict = expected();
    strict.require = vec![("acr".into(), "mfa".into()), ("groups".into(), "staff".into())];
    let judged = |changes| check(&rs256(changes), &KEYS.set, &strict, at(1000));
    assert!(judged(json!({ "acr": "mfa", "groups": ["x", "staff"] })).is_ok());
    for bad in [
        json!({ "acr": "pwd", "groups": ["staff"] }),
        json!({ "groups": ["staff"] }),
        json!({ "acr": "mfa", "groups": ["staffs"] }),
        json!({ "acr": { "mfa": true }, "groups": ["staff"] }),
    ] {
        assert!(matches!(judged(bad.clone()), Err(Wrong::Claim(_))), "{bad}");
    }
}

#[test]
fn a_token_without_a_key_id_needs_one_key_alone() {
    let token = encode(&Header::new(Algorithm::RS256), &claims(json!({})), &KEYS.rsa).unwrap();
    assert!(judged(&token).is_ok(), "one RSA key");
    let mut twice = KEYS.set.clone();
    twice.keys.extend(KEYS.set.keys.first().cloned());
    assert_eq!(check(&token, &twice, &expected(), at(1000)).err(), Some(Wrong::Key));
}
