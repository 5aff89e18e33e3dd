//! OAUTHBEARER on the wire: by libpq 18, and byte by byte. Nobody is who they are not, and whoever
//! signs in otherwise notices nothing.

use serde_json::json;
use std::path::Path;
use testkit::{Postgres, Weir, weir::PERSON};
use tests::{
    Stage,
    api::Api,
    client,
    hold::until,
    provider::{Person, Provider},
    wire::{Raw, frame, startup},
};

fn stage() -> (Stage, Provider) {
    let provider = Provider::start().unwrap();
    let upstream = Postgres::options().shop().start().unwrap();
    let section = provider.section("lifetime = \"5m\"");
    let weir = Weir::options(&upstream).api().sections(&section).start().unwrap();
    (Stage { weir, upstream }, provider)
}

/// What libpq 18 says as somebody with a token.
fn libpq(stage: &Stage, name: &str, token: &str, more: &str) -> String {
    let conninfo = format!(
        "host=127.0.0.1 port={} dbname=shop user={name} oauth_client_id=weir \
         oauth_issuer=https://id.example/.well-known/openid-configuration {more}",
        stage.weir.port()
    );
    let arguments = [Path::new(&conninfo), Path::new(token), Path::new("select 'in'")];
    client::python("oauth_client.py", &arguments).unwrap()
}

const ASKS: &str = "require_auth=oauth options='-c weir.sign_in=oauthbearer'";

#[test]
fn libpq_signs_in_with_a_token_of_ours_and_with_the_providers() {
    let (stage, provider) = stage();
    let ann = Person::new("ann").unwrap();
    ann.login(&stage.weir).unwrap().success().unwrap();
    let ours = ann.token().unwrap();
    let theirs = provider.sign(json!({})).unwrap();
    for (token, mode) in [(&ours, "disable"), (&ours, "require"), (&theirs, "require")] {
        let said = libpq(&stage, "ann", token, &format!("{ASKS} sslmode={mode}"));
        assert!(said.starts_with("libpq 18") && said.ends_with("\nin\n"), "{said}");
    }
    // Again with the same: a provider's token is no one-way ticket for a pool.
    let said = libpq(&stage, "ann", &theirs, ASKS);
    assert!(said.ends_with("\nin\n"), "{said}");
    let record = stage.weir.record(100).unwrap().join("\n");
    assert!(record.contains(r#""method":"oauthbearer""#), "{record}");
    let stranger = json!({ "claims": { "sub": "eve", "preferred_username": "eve" } });
    let stranger = provider.sign(stranger).unwrap();
    for (name, token) in [
        ("bob", ours.as_str()),
        (PERSON, &provider.sign(json!({ "by": "foreign" })).unwrap()),
        ("ann", &provider.sign(json!({ "claims": { "aud": "other" } })).unwrap()),
        ("ann", &provider.sign(json!({ "claims": { "exp": 5 } })).unwrap()),
        ("ann", &provider.sign(json!({ "by": "none" })).unwrap()),
        ("ann", &stranger),
        ("ann", "weir_t1_guessed"),
    ] {
        // libpq looks at where the server says that tokens are to be had before it says more.
        let said = libpq(&stage, name, token, ASKS);
        assert!(said.contains("refused:") && !said.contains("too many"), "{name}: {said}");
    }
    let record = stage.weir.record(100).unwrap().join("\n");
    assert_eq!(record.matches("the token is nobody's of this name").count(), 7, "{record}");
}

#[test]
fn a_providers_token_is_good_for_one_credential() {
    let (stage, provider) = stage();
    let api = Api::of(&stage.weir);
    let post = |path: &str, form: &str| {
        let headers = ["Content-Type: application/x-www-form-urlencoded"];
        api.raw("POST", path, &headers, Some(form)).status
    };
    let token = provider.sign(json!({})).unwrap();
    let said = libpq(&stage, "ann", &token, ASKS);
    assert!(said.ends_with("\nin\n"), "{said}");
    assert_eq!(post("/oauth2/revoke", &format!("token={token}")), 200);
    until("what was revoked lets nobody in", || {
        libpq(&stage, "ann", &token, ASKS).contains("refused:").then_some(())
    });
    let said = libpq(&stage, "ann", &token, ASKS);
    assert!(said.contains("refused:"), "{said}");
    // Nor is one good here that was exchanged elsewhere.
    let token = provider.sign(json!({ "claims": { "jti": "another" } })).unwrap();
    let form = format!(
        "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token={token}\
         &subject_token_type=urn:ietf:params:oauth:token-type:id_token"
    );
    assert_eq!(post("/oauth2/token", &form), 200);
    let said = libpq(&stage, "ann", &token, ASKS);
    assert!(said.contains("refused:"), "{said}");
}

/// An exchange up to the server's answer to this first message.
fn said(stage: &Stage, options: &str, first: &[u8]) -> (Raw, Vec<u8>, tests::wire::Message) {
    let mut raw = Raw::connect(stage.weir.port()).unwrap();
    let mut parameters = vec![("user", "ann"), ("database", "shop")];
    if !options.is_empty() {
        parameters.push(("options", options));
    }
    raw.send(&startup(&parameters)).unwrap();
    let offered = raw.read().unwrap().unwrap().body;
    let length = u32::try_from(first.len()).unwrap().to_be_bytes();
    raw.send(&frame(b'p', &[b"OAUTHBEARER\0", length.as_slice(), first].concat())).unwrap();
    let answer = raw.read().unwrap().unwrap();
    (raw, offered, answer)
}

#[test]
fn the_exchange_is_the_one_of_rfc_7628() {
    let (stage, provider) = stage();
    let ask = b"n,,\x01auth=\x01\x01";
    let (mut raw, offered, answer) = said(&stage, "", ask);
    let offered = String::from_utf8_lossy(&offered).into_owned();
    assert!(offered.contains("SCRAM-SHA-256\0OAUTHBEARER\0"), "after SCRAM: {offered:?}");
    let text = String::from_utf8_lossy(&answer.body[4..]).into_owned();
    let discovery = format!("{}/.well-known/openid-configuration", provider.issuer());
    let expected =
        json!({ "status": "invalid_token", "scope": "openid", "openid-configuration": discovery });
    assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), expected);
    raw.send(&frame(b'p', b"\x01")).unwrap();
    let error = raw.read().unwrap().unwrap();
    assert_eq!((error.tag, error.field(b'C').as_deref()), (b'E', Some("28000")));
    let only = "-c weir.sign_in=oauthbearer";
    let (_, offered, _) = said(&stage, only, ask);
    assert_eq!(&offered[4..], b"OAUTHBEARER\0\0");
    for bad in [b"n,,\x01auth=Bearer x".as_slice(), b"p=tls-unique,,\x01auth=Bearer x\x01\x01", b""]
    {
        let (_, _, answer) = said(&stage, "", bad);
        assert_eq!((answer.tag, answer.field(b'C').as_deref()), (b'E', Some("08P01")), "{bad:?}");
    }
    // The setting is Weir's own: the database never hears of it.
    let mut raw = Raw::connect(stage.weir.port()).unwrap();
    let options = [("user", "ann"), ("database", "shop"), ("options", "-c weir.sign_in=none")];
    raw.send(&startup(&options)).unwrap();
    assert_eq!(raw.read().unwrap().unwrap().field(b'C').as_deref(), Some("22023"));
}

#[test]
fn guesses_are_counted_whatever_they_are_made_with() {
    let (stage, _provider) = stage();
    let mut last = String::new();
    for _ in 0..60 {
        last = guess(&stage);
        if last.contains("too many") {
            break;
        }
    }
    assert!(last.contains("too many"), "{last}");
}

/// One guess; what was said.
fn guess(stage: &Stage) -> String {
    let mut raw = Raw::connect(stage.weir.port()).unwrap();
    raw.send(&startup(&[("user", "ann"), ("database", "shop")])).unwrap();
    let offered = raw.read().unwrap().unwrap();
    if offered.tag == b'E' {
        return offered.field(b'M').unwrap();
    }
    let first = b"n,,\x01auth=Bearer weir_t1_guessed\x01\x01";
    let length = u32::try_from(first.len()).unwrap().to_be_bytes();
    raw.send(&frame(b'p', &[b"OAUTHBEARER\0", length.as_slice(), first].concat())).unwrap();
    raw.read().unwrap();
    raw.send(&frame(b'p', b"\x01")).unwrap();
    raw.read().unwrap().unwrap().field(b'M').unwrap()
}
