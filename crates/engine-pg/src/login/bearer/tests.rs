//! Messages as RFC 7628 has them, and as it has not.

use super::*;

fn token(text: &str) -> Result<Option<String>, &'static str> {
    let token = parse(text.as_bytes(), "alice")?;
    Ok(token.map(|token| token.expose().to_owned()))
}

#[test]
fn a_token_or_the_question_for_one() {
    let good = Ok(Some("abc.d-e_f~+/==".to_owned()));
    assert_eq!(token("n,,\x01auth=Bearer abc.d-e_f~+/==\x01\x01"), good);
    assert_eq!(token("n,a=alice,\x01auth=bearer  abc.d-e_f~+/==\x01\x01"), good);
    let more = "y,,\x01host=db\x01port=5432\x01auth=Bearer abc.d-e_f~+/==\x01\x01";
    assert_eq!(token(more), good);
    assert_eq!(token("n,,\x01auth=\x01\x01"), Ok(None));
}

#[test]
fn everything_else_is_refused() {
    for bad in [
        "",
        "n,,",
        "n,,\x01",
        "\x01",
        "n,,\x01auth=Bearer abc\x01",
        "n,,\x01\x01",
        "n,,\x01host=db\x01\x01",
        "p=tls-server-end-point,,\x01auth=Bearer abc\x01\x01",
        "p,,\x01auth=Bearer abc\x01\x01",
        "n,a=bob,\x01auth=Bearer abc\x01\x01",
        "n,alice,\x01auth=Bearer abc\x01\x01",
        "n,,\x01auth=Bearer \x01\x01",
        "n,,\x01auth=Bearer\x01\x01",
        "n,,\x01auth=Basic abc\x01\x01",
        "n,,\x01auth=Bearer a b\x01\x01",
        "n,,\x01auth=Bearer a\x00b\x01\x01",
        "n,,\x01auth=Bearer a\x01auth=Bearer b\x01\x01",
        "n,,\x01=x\x01auth=Bearer abc\x01\x01",
        "n,,\x01auth\x01\x01",
    ] {
        assert!(token(bad).is_err(), "{bad:?}");
    }
    assert!(parse(b"n,,\x01auth=Bearer \xff\x01\x01", "alice").is_err());
}

#[test]
fn the_refusal_says_where_a_token_is_to_be_had() {
    let bearers = |discovery: Option<&str>| {
        let nobody = |_| -> Answer { Box::pin(async { Err(IdentityError::WrongProof) }) };
        Bearers::new(nobody, discovery.map(str::to_owned)).refusal()
    };
    assert_eq!(bearers(None), r#"{"status":"invalid_token"}"#);
    let where_to = bearers(Some("https://id.example/.well-known/openid-configuration\"\\"));
    let expected = r#"{"status":"invalid_token","scope":"openid","openid-configuration":"https://id.example/.well-known/openid-configuration"}"#;
    assert_eq!(where_to, expected);
}
