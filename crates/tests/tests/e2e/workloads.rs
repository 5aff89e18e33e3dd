//! Services that an issuer vouches for: its signed tokens are exchanged, or shown as they are; each
//! is one rule's and nobody else's, and what does not hold is refused.

use serde_json::{Value, json};
use std::{
    path::Path,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use testkit::{
    Postgres, Weir, postgres, tool,
    weir::{PERSON, SERVICE},
};
use tests::{Stage, api::Api, client, hold::until, provider::Provider, wire::Raw};

const RULES: &str = r#"
[[workload.rule]]
identity = "reports"
claims = ["repository=acme/shop", "environment=production", "sub=repo:acme/shop:*:*"]
databases = ["shop"]
[[workload.rule]]
identity = "reports"
claims = ["sub=system:serviceaccount:shop:*"]
[[workload.rule]]
identity = "alice"
claims = ["repository=acme/persons"]
[[workload.rule]]
identity = "reports"
claims = ["repository=acme/shop", "twice=yes"]
"#;

/// An issuer, and a Weir that believes it by `more` keys of `[[workload]]`.
fn stage(more: &str) -> (Stage, Provider) {
    let provider = Provider::start().unwrap();
    let upstream = Postgres::options().shop().start().unwrap();
    let section = format!(
        "[[workload]]\nname = \"ci\"\nissuer = \"{}\"\naudience = \"weir-shop\"\n{more}\n{RULES}",
        provider.issuer()
    );
    let weir = Weir::options(&upstream).api().sections(&section).start().unwrap();
    (Stage { weir, upstream }, provider)
}

/// A token of a job, with these claims changed.
fn job(provider: &Provider, how: Value) -> String {
    let mut how = how;
    let mut claims = json!({
        "aud": "weir-shop", "sub": "repo:acme/shop:environment:production",
        "repository": "acme/shop", "environment": "production",
    });
    if let Some(more) = how["claims"].as_object() {
        claims.as_object_mut().unwrap().extend(more.clone());
    }
    how["claims"] = claims;
    provider.sign(how).unwrap()
}

fn exchange(api: &Api, token: &str, more: &str) -> (u16, Value) {
    let form = format!(
        "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token={token}\
         &subject_token_type=urn:ietf:params:oauth:token-type:jwt{more}"
    );
    let headers = ["Content-Type: application/x-www-form-urlencoded"];
    let answer = api.raw("POST", "/oauth2/token", &headers, Some(&form));
    (answer.status, answer.body)
}

fn psql(stage: &Stage, secret: &str, database: &str) -> tool::Outcome {
    let url = postgres::url(SERVICE, secret, stage.weir.port(), database);
    postgres::psql(&url, "select 'in'").unwrap()
}

/// What libpq 18 says as the service with a token.
fn libpq(stage: &Stage, token: &str) -> String {
    let conninfo = format!(
        "host=127.0.0.1 port={} dbname=shop user={SERVICE} oauth_client_id=weir \
         oauth_issuer=https://id.example/.well-known/openid-configuration sslmode=require \
         require_auth=oauth options='-c weir.sign_in=oauthbearer'",
        stage.weir.port()
    );
    let arguments = [Path::new(&conninfo), Path::new(token), Path::new("select 'in'")];
    client::python("oauth_client.py", &arguments).unwrap()
}

fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

#[test]
fn a_job_exchanges_its_token_and_signs_in_by_native_clients() {
    let (stage, provider) = stage("lifetime = \"6s\"");
    let api = Api::of(&stage.weir);
    let (status, body) = exchange(&api, &job(&provider, json!({})), "");
    assert_eq!((status, &body["identity"]), (200, &json!(SERVICE)), "{body}");
    let token = body["access_token"].as_str().unwrap();
    assert!(body["expires_in"].as_u64().unwrap() <= 6, "{body}");
    let mut live = Raw::sign_in(stage.weir.port(), SERVICE, token, "shop").unwrap();
    let begun = Instant::now();
    assert_eq!(psql(&stage, token, "shop").success().unwrap().trim(), "in");
    // The rule is for one database, whatever is asked for.
    let said = psql(&stage, token, "postgres");
    assert!(said.stderr.contains("not for database \"postgres\""), "{said}");
    let (status, body) = exchange(&api, &job(&provider, json!({})), "&scope=database:postgres");
    assert_eq!((status, &body["error"]), (400, &json!("invalid_scope")), "{body}");
    live.query("select pg_sleep(60)").unwrap();
    let rest = live.rest().unwrap();
    let words = rest.iter().find(|one| one.tag == b'E').unwrap().field(b'M').unwrap();
    assert!(words.contains("has expired"), "{words}");
    assert!(begun.elapsed() < Duration::from_secs(9), "{:?}", begun.elapsed());
    let record = stage.weir.record(100).unwrap().join("\n");
    assert!(record.contains("ci (repo:acme/shop:environment:production)"), "{record}");
    stage.weir.run(&["identity", "disable", SERVICE]).unwrap().success().unwrap();
    let (status, body) = exchange(&api, &job(&provider, json!({})), "");
    assert_eq!((status, &body["error"]), (400, &json!("unauthorized_client")), "{body}");
}

#[test]
fn a_token_is_shown_on_the_wire_as_it_is() {
    let (stage, provider) = stage("");
    let token = job(&provider, json!({ "claims": { "exp": seconds() + 20 } }));
    for _ in 0..2 {
        let said = libpq(&stage, &token);
        assert!(said.ends_with("\nin\n"), "{said}");
    }
    // Known by then, it is a password too.
    assert_eq!(psql(&stage, &token, "shop").success().unwrap().trim(), "in");
    for (how, name) in [
        (json!({ "claims": { "environment": "staging" } }), "another rule"),
        (json!({ "claims": { "aud": "weir" } }), "another audience"),
        (json!({ "by": "foreign" }), "another signature"),
    ] {
        let said = libpq(&stage, &job(&provider, how));
        assert!(said.contains("refused:"), "{name}: {said}");
    }
    stage.weir.run(&["key", "revoke", &credential(&stage)]).unwrap().success().unwrap();
    until("what was revoked lets nobody in", || {
        libpq(&stage, &token).contains("refused:").then_some(())
    });
}

/// The credential that the last session signed in with.
fn credential(stage: &Stage) -> String {
    let record = stage.weir.record(100).unwrap();
    let opened = record.iter().rev().find(|line| line.contains("\"credential\":\"t-")).unwrap();
    testkit::weir::field(opened, "credential").unwrap().to_owned()
}

#[test]
fn what_does_not_hold_is_refused() {
    let (stage, provider) = stage("clock_skew = \"5s\"");
    let api = Api::of(&stage.weir);
    let now = seconds();
    let refused = |how: Value, why: &str| {
        let (status, body) = exchange(&api, &job(&provider, how.clone()), "");
        assert_eq!(status, 400, "{how}: {body}");
        let words = body["error_description"].as_str().unwrap();
        assert!(words.contains(why), "{how}: {words}");
    };
    refused(json!({ "claims": { "iss": "https://ci.example" } }), "another issuer");
    refused(json!({ "claims": { "aud": "weir" } }), "another audience");
    refused(json!({ "claims": { "aud": ["weir-shop", "vault"] } }), "another audience");
    refused(json!({ "claims": { "exp": now - 60 } }), "expired");
    refused(json!({ "claims": { "iat": now + 60 } }), "from the future");
    refused(json!({ "claims": { "nbf": now + 60 } }), "from the future");
    refused(json!({ "without": ["exp"] }), "'exp'");
    refused(json!({ "without": ["iat"] }), "'iat'");
    refused(json!({ "by": "none" }), "algorithm");
    refused(json!({ "by": "public", "alg": "HS256" }), "algorithm");
    refused(json!({ "by": "foreign" }), "signature is wrong");
    refused(json!({ "header": { "kid": "nobodys" } }), "key that the provider has not");
    refused(json!({ "header": { "typ": "at+jwt" } }), "another type");
    refused(json!({ "without": ["environment"] }), "no [[workload.rule]]");
    refused(json!({ "claims": { "environment": "Production" } }), "no [[workload.rule]]");
    let other = "repo:acme/shop:pull_request";
    refused(json!({ "claims": { "sub": other } }), "no [[workload.rule]]");
    refused(json!({ "claims": { "twice": "yes" } }), "more than one");
    let person = json!({ "repository": "acme/persons", "sub": "x" });
    refused(json!({ "claims": person }), "no service and no agent");
    // It is about services alone, and says nothing where people are asked for.
    let form = |kind: &str, token: &str| {
        let form = format!(
            "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token={token}\
             &subject_token_type=urn:ietf:params:oauth:token-type:{kind}"
        );
        let headers = ["Content-Type: application/x-www-form-urlencoded"];
        api.raw("POST", "/oauth2/token", &headers, Some(&form)).status
    };
    assert_eq!(form("id_token", &job(&provider, json!({}))), 400);
    assert_eq!(form("jwt", &job(&provider, json!({}))), 200);
    assert_ne!(psql(&stage, &job(&provider, json!({})), "shop").code, Some(0));
    let said = stage.weir.psql(PERSON, "shop", "select 'in'").unwrap();
    assert_eq!(said.success().unwrap().trim(), "in", "nobody else notices");
    let record = stage.weir.record(100).unwrap().join("\n");
    assert!(record.contains("the token endpoint: more than one"), "{record}");
}

#[test]
fn a_token_counts_once_however_its_signature_is_written() {
    let (stage, provider) = stage("");
    let api = Api::of(&stage.weir);
    let token = job(&provider, json!({ "alg": "ES256" }));
    assert_eq!(exchange(&api, &token, "").0, 200);
    assert_eq!(exchange(&api, &token, "").0, 400);
    let (status, body) = exchange(&api, &tests::provider::rewritten(&token), "");
    assert_eq!(status, 400, "{body}");
    assert!(body["error_description"].as_str().unwrap().contains("before"), "{body}");
    // Nor if it was signed anew: it is the same statement by its name.
    let named = || job(&provider, json!({ "claims": { "jti": "the-one", "exp": seconds() + 50 } }));
    assert_eq!(exchange(&api, &named(), "").0, 200);
    assert_eq!(exchange(&api, &named(), "").0, 400);
    // Without a name it is the statement itself.
    let unnamed = job(&provider, json!({ "alg": "ES256", "without": ["jti"] }));
    assert_eq!(exchange(&api, &unnamed, "").0, 200);
    let (status, body) = exchange(&api, &tests::provider::rewritten(&unnamed), "");
    assert_eq!(status, 400, "{body}");
}

#[test]
fn keys_from_a_file_are_read_again() {
    let provider = Provider::start().unwrap();
    let upstream = Postgres::options().shop().start().unwrap();
    let section = format!(
        "[[workload]]\nname = \"ci\"\nissuer = \"{}\"\naudience = \"weir-shop\"\n\
         keys_file = \"keys.json\"\nreplay = \"allow\"\n{RULES}",
        provider.issuer()
    );
    let mut weir = Weir::options(&upstream).api().sections(&section).prepare().unwrap();
    let keys = weir.folder().join("keys.json");
    let fetch = || {
        let mut curl = std::process::Command::new("curl");
        curl.args(["-sSf", "-o"]).arg(&keys).arg(format!("{}/jwks", provider.issuer()));
        tool::finish(&mut curl).unwrap().success().unwrap();
    };
    fetch();
    weir.start_again().unwrap();
    let api = Api::of(&weir);
    let token = job(&provider, json!({}));
    assert_eq!((exchange(&api, &token, "").0, exchange(&api, &token, "").0), (200, 200));
    provider.rotate().unwrap();
    let fresh = job(&provider, json!({}));
    assert_eq!(exchange(&api, &fresh, "").0, 400, "the file does not have it");
    fetch();
    until("the new key is known", || (exchange(&api, &fresh, "").0 == 200).then_some(()));
    let (status, body) = exchange(&api, &job(&provider, json!({ "by": "retired" })), "");
    assert_eq!(status, 400, "{body}");
}

#[test]
fn a_token_that_is_shown_as_it_is_ends_when_it_says() {
    let (stage, provider) = stage("lifetime = \"1h\"\nclock_skew = \"0s\"");
    let token = job(&provider, json!({ "claims": { "exp": seconds() + 8 } }));
    assert!(libpq(&stage, &token).ends_with("\nin\n"));
    let mut live = Raw::sign_in(stage.weir.port(), SERVICE, &token, "shop").unwrap();
    live.query("select pg_sleep(60)").unwrap();
    let rest = live.rest().unwrap();
    let words = rest.iter().find(|one| one.tag == b'E').unwrap().field(b'M').unwrap();
    assert!(words.contains("has expired"), "{words}");
    assert!(Raw::sign_in(stage.weir.port(), SERVICE, &token, "shop").is_err());
    let said = libpq(&stage, &token);
    assert!(said.contains("refused:"), "{said}");
}

#[test]
fn a_token_that_may_be_shown_again_is_kept_out_with_its_identity_alone() {
    let (stage, provider) = stage("replay = \"allow\"");
    let api = Api::of(&stage.weir);
    let token = job(&provider, json!({ "claims": { "exp": seconds() + 600 } }));
    let shown = || {
        let (status, body) = exchange(&api, &token, "");
        (status, body["access_token"].as_str().unwrap_or_default().to_owned())
    };
    let (first, second) = (shown(), shown());
    assert_eq!((first.0, second.0), (200, 200));
    let mut live = Raw::sign_in(stage.weir.port(), SERVICE, &first.1, "shop").unwrap();
    stage.weir.run(&["key", "revoke", &credential(&stage)]).unwrap().success().unwrap();
    let rest = live.rest().unwrap();
    let words = rest.iter().find(|one| one.tag == b'E').unwrap().field(b'M').unwrap();
    assert!(words.contains("revoked"), "{words}");
    assert!(Raw::sign_in(stage.weir.port(), SERVICE, &first.1, "shop").is_err(), "it is over");
    // What else was had for the same token goes on, and it can be shown again: it is a word of the
    // issuer's, which revoking one of ours does not take back.
    assert_eq!(psql(&stage, &second.1, "shop").success().unwrap().trim(), "in");
    assert_eq!(shown().0, 200);
    stage.weir.run(&["identity", "disable", SERVICE]).unwrap().success().unwrap();
    let (status, body) = exchange(&api, &token, "");
    assert_eq!((status, &body["error"]), (400, &json!("unauthorized_client")), "{body}");
    assert_ne!(psql(&stage, &second.1, "shop").code, Some(0));
}
