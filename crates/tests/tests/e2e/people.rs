//! People who sign in by a provider: a certified one, with a browser and with a device; their
//! groups are what policies see, and their sessions end with what they were let in by.

use serde_json::{Value, json};
use std::{
    process::Command,
    time::{Duration, Instant},
};
use testkit::{
    Postgres, postgres, tool,
    weir::{ADMIN, PASSWORD, Weir},
};
use tests::{
    Stage,
    api::Api,
    client,
    hold::until,
    provider::{Person, Provider},
    wire::Raw,
    written::assert_nowhere,
};

/// A value that only admins see raw.
const MAIL: &str = "select email from customers where id = 1";

fn stage_with(more: &str) -> (Stage, Provider) {
    let provider = Provider::start().unwrap();
    let upstream = Postgres::options().shop().start().unwrap();
    let section = provider.section(more);
    let weir = Weir::options(&upstream).api().sections(&section).start().unwrap();
    (Stage { weir, upstream }, provider)
}

fn signed_in(stage: &Stage, name: &str) -> Person {
    let person = Person::new(name).unwrap();
    let said = person.login(&stage.weir).unwrap().success().unwrap();
    assert!(said.contains(&format!("Signed in as {name}.")), "{said}");
    person
}

fn psql(stage: &Stage, name: &str, secret: &str, sql: &str) -> tool::Outcome {
    postgres::psql(&postgres::url(name, secret, stage.weir.port(), "shop"), sql).unwrap()
}

/// A live session.
fn session(stage: &Stage, name: &str, secret: &str) -> Raw {
    Raw::sign_in(stage.weir.port(), name, secret, "shop").unwrap()
}

/// The last words of a session that Weir ends.
fn last_words(mut raw: Raw) -> String {
    let rest = raw.rest().unwrap();
    let error = rest.iter().find(|message| message.tag == b'E').unwrap();
    error.field(b'M').unwrap()
}

/// The first column of a simple query's first row.
fn value(raw: &mut Raw, sql: &str) -> String {
    raw.query(sql).unwrap();
    let said = raw.until(b'Z').unwrap();
    let row = said.iter().find(|message| message.tag == b'D').unwrap();
    String::from_utf8(row.body[6..].to_vec()).unwrap()
}

fn exchange(api: &Api, token: &str, more: &str) -> (u16, Value) {
    let form = format!(
        "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token={token}\
         &subject_token_type=urn:ietf:params:oauth:token-type:id_token{more}"
    );
    let headers = ["Content-Type: application/x-www-form-urlencoded"];
    let answer = api.raw("POST", "/oauth2/token", &headers, Some(&form));
    (answer.status, answer.body)
}

#[test]
fn a_browser_signs_in_and_groups_are_what_policies_see() {
    let (stage, provider) = stage_with("");
    let ann = signed_in(&stage, "ann");
    let through = |person: &Person, sql: &str| {
        let shown = ["connect", "shop", "--", "psql", "-XAtc", sql];
        person.run(&shown).unwrap().success().unwrap()
    };
    let masked = through(&ann, MAIL);
    let raw = stage.truth(MAIL).unwrap();
    assert_ne!(masked, raw);
    provider.groups("ann", &["admins"]).unwrap();
    ann.ask_again().unwrap().success().unwrap();
    assert_eq!(through(&ann, MAIL), raw, "an admin there is one here");
    let whole = stage.weir.record(200).unwrap().join("\n");
    assert!(whole.contains(r#""credential":"t-"#), "the session says what it signed in with");
    let added = whole.lines().find(|line| line.contains("added: person from corp")).unwrap();
    assert!(added.contains("provider:corp"), "{added}");
}

#[test]
fn a_token_is_the_password_of_native_clients() {
    let (stage, provider) = stage_with("");
    provider.groups("ann", &["admins"]).unwrap();
    let ann = signed_in(&stage, "ann");
    let token = ann.token().unwrap();
    assert!(token.starts_with("weir_t1_"), "{token}");
    assert_eq!(ann.token().unwrap(), token, "good for a while");
    for client in [client::PSYCOPG, client::NODE, client::JDBC] {
        let port = stage.weir.port();
        let target = client::Target { user: "ann", password: &token, port, database: "shop" };
        client.run(target).unwrap();
    }
    let outcome = psql(&stage, "bob", &token, "select 1");
    assert_ne!(outcome.code, Some(0), "it is nobody else's");
    let bound = format!(
        "{}?sslmode=require&channel_binding=require",
        postgres::url("ann", &token, stage.weir.port(), "shop")
    );
    postgres::psql(&bound, "select 1").unwrap().success().unwrap();
}

#[test]
fn a_device_signs_in_too() {
    let (stage, _provider) = stage_with("");
    let bob = Person::new("bob").unwrap();
    let said = bob.login_by_device(&stage.weir).unwrap().success().unwrap();
    assert!(said.contains("enter ") && said.contains("Signed in as bob."), "{said}");
    psql(&stage, "bob", &bob.token().unwrap(), "select 1").success().unwrap();
}

#[test]
fn a_session_ends_with_its_token_and_goes_on_with_a_prolonged_one() {
    let (stage, _provider) = stage_with("lifetime = \"4s\"");
    let ann = signed_in(&stage, "ann");
    let token = ann.token().unwrap();
    let mut live = session(&stage, "ann", &token);
    assert_eq!(value(&mut live, "select 1"), "1");
    // A statement that is under way ends with it.
    live.query("select pg_sleep(60)").unwrap();
    let begun = Instant::now();
    let words = last_words(live);
    assert!(words.contains("has expired"), "{words}");
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    assert_ne!(psql(&stage, "ann", &token, "select 1").code, Some(0), "and is good no longer");
    let asleep = "select count(*) from pg_stat_activity where query like '%pg_sleep(60)%' \
                  and state = 'active' and pid <> pg_backend_pid()";
    until("the upstream's statement is cancelled", || {
        (stage.truth(asleep).unwrap().trim() == "0").then_some(())
    });
    // The same, by a client that Weir accompanies.
    let long = "select pg_sleep(9), 'through'";
    let said = ann.run(&["connect", "shop", "--", "psql", "-XAtc", long]).unwrap();
    assert_eq!(said.clone().success().unwrap().trim(), "|through", "{said}");
}

#[test]
fn who_leaves_a_group_loses_its_sessions_within_a_second() {
    let (stage, provider) = stage_with("");
    provider.groups("ann", &["admins"]).unwrap();
    let ann = signed_in(&stage, "ann");
    let token = ann.token().unwrap();
    let raw = stage.truth(MAIL).unwrap();
    let mut live = session(&stage, "ann", &token);
    assert_eq!(value(&mut live, MAIL), raw.trim());
    provider.groups("ann", &["support"]).unwrap();
    ann.ask_again().unwrap().success().unwrap();
    let known = Instant::now();
    let words = last_words(live);
    assert!(known.elapsed() < Duration::from_secs(1), "{:?}", known.elapsed());
    assert!(words.contains("disabled or changed"), "{words}");
    let mut again = session(&stage, "ann", &token);
    assert_ne!(value(&mut again, MAIL), raw.trim(), "the token goes on, the rights do not");
    // An answer from before gives nothing back.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let old = provider.sign(json!({ "claims": { "iat": now - 60, "groups": ["admins"] } }));
    let (status, body) = exchange(&Api::of(&stage.weir), &old.unwrap(), "");
    assert_eq!(status, 200, "{body}");
    let mut with_old = session(&stage, "ann", body["access_token"].as_str().unwrap());
    assert_ne!(value(&mut with_old, MAIL), raw.trim(), "what was taken away stays away");
    // The provider knows nothing of somebody: nothing new, and what there is ends soon.
    provider.remove("ann").unwrap();
    assert_ne!(ann.ask_again().unwrap().code, Some(0));
}

#[test]
fn signing_out_and_being_disabled_end_what_is_live() {
    let (stage, _provider) = stage_with("");
    let ann = signed_in(&stage, "ann");
    let token = ann.token().unwrap();
    let mut live = session(&stage, "ann", &token);
    assert_eq!(value(&mut live, "select 1"), "1");
    ann.run(&["logout"]).unwrap().success().unwrap();
    let words = last_words(live);
    assert!(words.contains("was revoked"), "{words}");
    assert_ne!(psql(&stage, "ann", &token, "select 1").code, Some(0));
    assert!(ann.kept().is_err(), "nothing is kept");
    let bob = signed_in(&stage, "bob");
    let token = bob.token().unwrap();
    let live = session(&stage, "bob", &token);
    stage.weir.run(&["identity", "disable", "bob"]).unwrap().success().unwrap();
    let ended = Instant::now();
    last_words(live);
    assert!(ended.elapsed() < Duration::from_secs(1), "{:?}", ended.elapsed());
    assert!(bob.login(&stage.weir).unwrap().stderr.contains("disabled"));
    stage.weir.run(&["identity", "enable", "bob"]).unwrap().success().unwrap();
    assert_ne!(psql(&stage, "bob", &token, "select 1").code, Some(0), "it does not come back");
}

#[test]
fn tokens_that_do_not_hold_are_refused() {
    let (stage, provider) = stage_with("clock_skew = \"5s\"");
    let api = Api::of(&stage.weir);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let refused = |how: Value, why: &str| {
        let token = provider.sign(how.clone()).unwrap();
        let (status, body) = exchange(&api, &token, "");
        assert_eq!((status, &body["error"]), (400, &json!("invalid_request")), "{how}: {body}");
        let words = body["error_description"].as_str().unwrap();
        assert!(words.contains(why), "{how}: {words}");
    };
    refused(json!({ "claims": { "iss": "https://id.example" } }), "another issuer");
    refused(json!({ "claims": { "aud": "other" } }), "another audience");
    refused(json!({ "claims": { "aud": ["weir", "other"] } }), "another audience");
    refused(json!({ "claims": { "azp": "other" } }), "another audience");
    refused(json!({ "claims": { "exp": now - 60 } }), "expired");
    refused(json!({ "claims": { "iat": now + 60 } }), "from the future");
    refused(json!({ "claims": { "nbf": now + 60 } }), "from the future");
    refused(json!({ "without": ["exp"] }), "'exp'");
    refused(json!({ "without": ["sub"] }), "'sub'");
    refused(json!({ "by": "none" }), "algorithm");
    refused(json!({ "by": "public", "alg": "HS256" }), "algorithm");
    refused(json!({ "by": "foreign" }), "signature is wrong");
    refused(json!({ "header": { "kid": "nobodys" } }), "key that the provider has not");
    refused(json!({ "header": { "typ": "at+jwt" } }), "another type");
    refused(json!({ "claims": { "preferred_username": "a/b" } }), "cannot be a name");
    refused(json!({ "without": ["preferred_username"] }), "no claim");
    refused(json!({ "without": ["groups"] }), "does not say the groups");
    refused(json!({ "claims": { "groups": null } }), "does not say the groups");
    let operator = json!({ "sub": "m3", "preferred_username": "os:root" });
    refused(json!({ "claims": operator }), "from a provider");
    refused(json!({ "claims": { "_claim_names": { "groups": "x" } } }), "too many");
    let good = provider.sign(json!({})).unwrap();
    let (status, body) = exchange(&api, &good, "&scope=database:shop");
    assert_eq!((status, &body["identity"]), (200, &json!("ann")), "{body}");
    let token = body["access_token"].as_str().unwrap();
    psql(&stage, "ann", token, "select 1").success().unwrap();
    let elsewhere = postgres::url("ann", token, stage.weir.port(), "postgres");
    let outcome = postgres::psql(&elsewhere, "select 1").unwrap();
    assert!(outcome.stderr.contains("not for database \"postgres\""), "{outcome}");
    let (status, body) = exchange(&api, &good, "");
    assert_eq!(status, 400, "{body}");
    assert!(body["error_description"].as_str().unwrap().contains("before"), "{body}");
    // Whoever may choose names there does not choose who they are here.
    let root = provider.sign(json!({ "claims": { "sub": "m1", "preferred_username": ADMIN } }));
    let (status, body) = exchange(&api, &root.unwrap(), "");
    assert_eq!((status, &body["error"]), (400, &json!("unauthorized_client")), "{body}");
    let other = provider.sign(json!({ "claims": { "sub": "m2" } })).unwrap();
    assert_eq!(exchange(&api, &other, "").0, 400, "ann is another subject's");
    let (status, body) = exchange(&api, "no.token.atall", "");
    assert_eq!((status, &body["error"]), (400, &json!("invalid_request")), "{body}");
    let record = stage.weir.record(100).unwrap().join("\n");
    assert!(record.contains("the token endpoint: the token has expired"), "{record}");
}

#[test]
fn keys_that_change_are_read_again_and_old_ones_are_none() {
    let (stage, provider) = stage_with("");
    let api = Api::of(&stage.weir);
    assert_eq!(exchange(&api, &provider.sign(json!({})).unwrap(), "").0, 200);
    provider.rotate().unwrap();
    let fresh = provider.sign(json!({})).unwrap();
    let old = provider.sign(json!({ "by": "retired" })).unwrap();
    // Not more often than every few seconds: then the new key is known and the old one is not.
    until("the new key is known", || (exchange(&api, &fresh, "").0 == 200).then_some(()));
    let (status, body) = exchange(&api, &old, "");
    assert_eq!(status, 400, "{body}");
    assert!(body["error_description"].as_str().unwrap().contains("key"), "{body}");
    // Both kinds of keys that it has.
    let other = provider.sign(json!({ "alg": "ES256", "claims": { "sub": "ann" } })).unwrap();
    assert_eq!(exchange(&api, &other, "").0, 200);
}

#[test]
fn an_answer_that_is_not_ours_is_none() {
    let (stage, provider) = stage_with("");
    let ann = Person::new("ann").unwrap();
    let (url, ca) = stage.weir.api().unwrap();
    let ca = ca.display().to_string();
    let mut command = ann.command(&["login", &url, "--ca", &ca]).unwrap();
    let outcome = tool::finish(command.env("STATE", "another")).unwrap();
    assert!(outcome.stderr.contains("another state"), "{outcome}");
    let mut command = ann.command(&["login", &url, "--ca", &ca]).unwrap();
    let outcome = tool::finish(command.env("ISS", "https://id.example")).unwrap();
    assert!(outcome.stderr.contains("another provider"), "{outcome}");
    provider.tamper(json!({ "nonce": "anothers" })).unwrap();
    let outcome = ann.login(&stage.weir).unwrap();
    assert!(outcome.stderr.contains("another nonce"), "{outcome}");
    assert!(ann.kept().is_err());
    provider.tamper(json!({})).unwrap();
    ann.login(&stage.weir).unwrap().success().unwrap();
}

#[test]
fn who_cannot_sign_in_by_a_provider_is_told_why() {
    let stage = tests::hold::stage_with(|options| options.api());
    let ann = Person::new("ann").unwrap();
    let (url, ca) = stage.weir.api().unwrap();
    let outcome = tool::finish(&mut ann.command(&["login", &url]).unwrap()).unwrap();
    let why = format!("the certificate of {url} is not trusted here");
    assert!(outcome.stderr.contains(&why) && outcome.stderr.contains("--ca FILE"), "{outcome}");
    let ca = ca.display().to_string();
    let outcome = tool::finish(&mut ann.command(&["login", &url, "--ca", &ca]).unwrap()).unwrap();
    let port = stage.weir.port();
    let why = format!(
        "this Weir has no [[provider]]: sign in with your password: psql -h 127.0.0.1 -p {port} -U \
         NAME DATABASE"
    );
    assert!(outcome.code == Some(3) && outcome.stderr.contains(&why), "{outcome}");
}

#[test]
fn files_for_clients_that_read_them() {
    let (stage, _provider) = stage_with("");
    let ann = signed_in(&stage, "ann");
    let others = "other:5432:*:me:pw\n";
    std::fs::write(ann.folder().join(".pgpass"), others).unwrap();
    ann.run(&["pgpass", "--service", "shop"]).unwrap().success().unwrap();
    let text = std::fs::read_to_string(ann.folder().join(".pgpass")).unwrap();
    assert!(text.ends_with(others) && text.starts_with("127.0.0.1:"), "{text}");
    let mut psql = Command::new("psql");
    let psql = psql.args(["-XAtc", "select 'by service'", "service=shop"]);
    let psql = psql.env("HOME", ann.folder()).env_remove("PGPASSWORD");
    let said = tool::finish(psql).unwrap().success().unwrap();
    assert_eq!(said.trim(), "by service");
}

#[test]
fn no_credential_is_in_anything_that_weir_wrote() {
    let (mut stage, provider) = stage_with("lifetime = \"4s\"");
    let api = Api::of(&stage.weir);
    let ann = signed_in(&stage, "ann");
    let mut secrets = vec![PASSWORD.to_owned(), api.sign_in(ADMIN)];
    let mut keep = |ann: &Person| {
        secrets.push(ann.token().unwrap());
        secrets.push(ann.kept().unwrap()["refresh"].as_str().unwrap().to_owned());
    };
    keep(&ann);
    let long = ["connect", "shop", "--", "psql", "-XAtc", "select pg_sleep(6)"];
    ann.run(&long).unwrap().success().unwrap();
    keep(&ann);
    for how in [json!({}), json!({ "by": "foreign" }), json!({ "claims": { "aud": "x" } })] {
        let token = provider.sign(how).unwrap();
        exchange(&api, &token, "");
        exchange(&api, &format!("{token}x"), "");
        // What a signature is over shows nothing that the record has not; the signature does.
        secrets.push(token.rsplit('.').next().unwrap().to_owned());
        psql(&stage, "ann", &token, "select 1");
    }
    psql(&stage, "ann", "weir_t1_wrong0000000000000000000000000", "select 1");
    secrets.push("weir_t1_wrong".to_owned());
    let token = ann.token().unwrap();
    let port = stage.weir.port();
    // Whoever failed so often waits for a moment.
    let mut live = until("ann is let in", || Raw::sign_in(port, "ann", &token, "shop").ok());
    value(&mut live, MAIL);
    secrets.push(token);
    stage.weir.stop().unwrap();
    assert_nowhere(stage.weir.folder(), &secrets);
}
