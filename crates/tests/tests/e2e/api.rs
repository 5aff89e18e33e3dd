//! Deciding over the API: with a real client that waits, and by whom not. Every answer is held
//! against the description that is served.

use serde_json::{Value, json};
use std::process::{Command, Stdio};
use testkit::weir::{ADMIN, AGENT, PASSWORD, PERSON, SERVICE};
use tests::{
    Stage,
    api::Api,
    hold::{ended, jobs, psql, request, stage_with, state, until},
};

fn stage() -> (Stage, Api) {
    let stage = stage_with(|options| options.api());
    let api = Api::of(&stage.weir);
    (stage, api)
}

fn say(api: &Api, word: &str, request: &str, token: &str, reason: &str) -> (u16, String) {
    let path = format!("/api/v1/approvals/{request}/{word}");
    let answer = api.call("POST", &path, token, Some(json!({ "reason": reason })));
    let state = answer.body["state"].as_str().map(str::to_owned);
    (answer.status, state.unwrap_or_else(|| answer.problem().to_owned()))
}

fn listed(api: &Api, token: &str, state: &str) -> Vec<Value> {
    let answer = api.call("GET", &format!("/api/v1/approvals{state}"), token, None);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body["approvals"].as_array().unwrap().clone()
}

#[test]
fn psql_waits_and_goes_on_when_it_is_approved_over_the_api() {
    let (stage, api) = stage();
    let child = psql(&stage, PERSON, "delete from jobs where id = 1");
    let hold = request(&stage);
    let (carol, alice) = (api.sign_in("carol"), api.sign_in(PERSON));
    let (mallory, erin) = (api.sign_in("mallory"), api.sign_in("erin"));
    // Whoever asked sees it, whoever is asked sees it, and for others it is not there.
    assert_eq!(listed(&api, &carol, "")[0]["request"], hold.as_str());
    assert_eq!(listed(&api, &alice, "?state=open").len(), 1);
    assert!(listed(&api, &mallory, "?state=all").is_empty());
    let path = format!("/api/v1/approvals/{hold}");
    for token in [&mallory, &erin] {
        assert_eq!(api.call("GET", &path, token, None).problem(), "no-request");
        assert_eq!(say(&api, "approve", &hold, token, ""), (404, "no-request".into()));
        assert_eq!(say(&api, "deny", &hold, token, ""), (404, "no-request".into()));
    }
    assert_eq!(say(&api, "approve", &hold, &alice, ""), (403, "own-request".into()));
    assert_eq!(jobs(&stage), 50);
    let shown = api.call("GET", &path, &carol, None);
    assert_eq!(shown.body["statement"], "delete from jobs where id = 1");
    assert_eq!(say(&api, "approve", &hold, &carol, "OPS-17"), (200, "approved".into()));
    let (out, err) = ended(child);
    assert_eq!(out, "DELETE 1\n", "{err}");
    assert_eq!((jobs(&stage), state(&stage, &hold).as_str()), (49, "used"));
    assert_eq!(say(&api, "approve", &hold, &carol, ""), (409, "settled".into()));
    // The text is there for approvers alone, and only as long as they need it.
    assert_eq!(api.call("GET", &path, &carol, None).body["statement"], "");
    assert_eq!(listed(&api, &carol, "?state=used").len(), 1);
    // Signing in, looking and deciding stand in the record; the token and the password do not.
    let read = format!("read the request for approval {hold}");
    until("the record", || {
        let record = stage.weir.record(400).unwrap().join("\n");
        let all = record.contains(&read)
            && record.contains("signed in to the API from 127.0.0.1")
            && record.contains(r#""via":"api""#)
            && record.contains(r#""what":"used""#);
        all.then_some(())
    });
    let record = stage.weir.record(400).unwrap().join("\n");
    let log = std::fs::read_to_string(stage.weir.folder().join("weir.log")).unwrap();
    for secret in [carol.as_str(), PASSWORD] {
        assert!(!record.contains(secret) && !log.contains(secret));
    }
    let state = stage.weir.folder().join("state");
    let kept = std::fs::read(state.join("weir.db")).unwrap();
    let waiting = std::fs::read(state.join("weir.db-wal")).unwrap_or_default();
    for bytes in [kept, waiting] {
        assert!(!bytes.windows(carol.len()).any(|window| window == carol.as_bytes()));
    }
}

#[test]
fn psql_is_told_why_it_was_denied_over_the_api() {
    let (stage, api) = stage();
    let child = psql(&stage, AGENT, "delete from jobs where id = 2");
    let hold = request(&stage);
    // Nobody decides about what an agent asks for on their behalf, in whichever group they are.
    let alice = api.sign_in(PERSON);
    assert_eq!(say(&api, "deny", &hold, &alice, "no"), (403, "own-request".into()));
    let carol = api.sign_in("carol");
    let why = "use the\u{1b}[2J export job";
    assert_eq!(say(&api, "deny", &hold, &carol, why), (200, "denied".into()));
    let (out, err) = ended(child);
    assert!(out.is_empty() && err.contains("carol denied it: use the[2J export job"), "{out}{err}");
    assert_eq!(jobs(&stage), 50);
}

#[test]
fn two_persons_and_one_of_them_twice() {
    let (stage, api) = stage();
    let sql = "update jobs set note = 'x' where id = 3";
    assert!(ended(psql(&stage, PERSON, sql)).1.contains("needs approval"));
    let hold = request(&stage);
    let (dave, erin) = (api.sign_in("dave"), api.sign_in("erin"));
    assert_eq!(say(&api, "approve", &hold, &dave, ""), (200, "open".into()));
    assert_eq!(say(&api, "approve", &hold, &dave, ""), (409, "said-already".into()));
    assert_eq!(say(&api, "approve", &hold, &erin, ""), (200, "approved".into()));
    assert_eq!(ended(psql(&stage, PERSON, sql)).0, "UPDATE 1\n");
    assert!(ended(psql(&stage, PERSON, sql)).1.contains("needs approval"), "one approval, one run");
}

#[test]
fn a_token_ends_with_its_session_and_with_every_change_of_its_identity() {
    let (stage, api) = stage();
    let session = |token: &str| api.call("GET", "/api/v1/session", token, None);
    let weir = |arguments: &[&str]| stage.weir.run(arguments).unwrap().success().unwrap();
    let one = api.sign_in("carol");
    let answer = session(&one);
    assert_eq!((&answer.body["name"], &answer.body["groups"]), (&json!("carol"), &json!(["dba"])));
    assert_eq!(api.call("DELETE", "/api/v1/session", &one, None).status, 204);
    assert_eq!(session(&one).problem(), "not-signed-in");
    let two = api.sign_in("carol");
    weir(&["identity", "group", "add", "carol", "support"]);
    assert_eq!(session(&two).problem(), "not-signed-in");
    let three = api.sign_in("carol");
    weir(&["identity", "disable", "carol"]);
    assert_eq!(session(&three).problem(), "not-signed-in");
    weir(&["identity", "enable", "carol"]);
    assert_eq!(session(&three).problem(), "not-signed-in", "what has ended does not come back");
    assert_eq!(session("").problem(), "not-signed-in");
    assert_eq!(session("weir_tk_0000000000000000000000000000000000000000000").status, 401);
    let basic = api.raw("GET", "/api/v1/session", &[&format!("Authorization: Basic {two}")], None);
    assert_eq!((basic.status, basic.header("www-authenticate")), (401, "Bearer"));
}

#[test]
fn passwords_are_counted_with_those_of_the_database() {
    let (stage, api) = stage();
    let sign_in = |name: &str, password: &str| {
        let body = json!({ "name": name, "password": password });
        api.call("POST", "/api/v1/session", "", Some(body))
    };
    for (name, password, problem) in [
        ("carol", "wrong", "wrong-password"),
        ("nobody", PASSWORD, "wrong-password"),
        (SERVICE, PASSWORD, "may-not"),
        (AGENT, PASSWORD, "may-not"),
    ] {
        assert_eq!(sign_in(name, password).problem(), problem, "{name}");
    }
    // Guesses at the database's door count at this one.
    let url = stage.weir.url("dave", "shop").replace("pass", "wrong");
    for _ in 0..4 {
        let mut psql = Command::new("psql");
        psql.args([url.as_str(), "-c", "select 1"]).env("PGSSLMODE", "require");
        let said = psql.stdin(Stdio::null()).output();
        assert!(!said.unwrap().status.success());
    }
    // Five are free; the sixth is the last for a while.
    for _ in 0..2 {
        assert_eq!(sign_in("dave", "wrong").problem(), "wrong-password");
    }
    let answer = sign_in("dave", PASSWORD);
    assert_eq!((answer.status, answer.problem()), (429, "too-many"));
    assert!(answer.header("retry-after").parse::<u32>().unwrap() >= 1);
    assert_eq!(sign_in("carol", PASSWORD).status, 201, "others are not kept out");
    let record = stage.weir.record(400).unwrap().join("\n");
    assert!(record.contains("the API: wrong name or password"), "{record}");
    assert!(record.contains("the API: too many wrong passwords"), "{record}");
}

#[test]
fn what_is_not_understood_is_refused_without_being_repeated() {
    let (stage, api) = stage();
    let carol = api.sign_in("carol");
    let path = "/api/v1/session";
    let json = "Content-Type: application/json";
    for (headers, body, problem) in [
        (json, r#"{"name":"carol","password":{"word":"hunter2"}}"#, "malformed"),
        (json, r#"{"name":"carol","password":"hunter2","admin":true}"#, "malformed"),
        (json, r#"{"name":"carol","password":"hunter2""#, "malformed"),
        ("Content-Type: text/plain", r#"{"name":"carol","password":"hunter2"}"#, "not-json"),
        ("X: y", r#"{"name":"carol","password":"hunter2"}"#, "not-json"),
        (
            json,
            &format!(r#"{{"name":"carol","password":"hunter2{}"}}"#, "x".repeat(80_000)),
            "too-long",
        ),
        (
            json,
            &format!(r#"{{"name":"{}","password":"hunter2"}}"#, "x".repeat(64)),
            "wrong-password",
        ),
    ] {
        let answer = api.raw("POST", path, &[headers], Some(body));
        assert_eq!(answer.problem(), problem, "{answer:?}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert!(!answer.body.to_string().contains("hunter2"), "{answer:?}");
    }
    for (method, path, problem) in [
        ("GET", "/api/v1/approvals?state=secret", "malformed"),
        ("GET", "/api/v1/approvals?limit=1", "malformed"),
        ("GET", "/api/v1/approvals/none", "no-request"),
        ("GET", "/api/v1/approvals/%2e%2e%2fsession", "no-request"),
        ("GET", "/api/v1/approvals/%ff%00", "no-request"),
        ("GET", "/api/v1/approvals?state=%ff", "malformed"),
        ("GET", "/metrics", "no-path"),
        ("GET", "/nothing", "no-path"),
        ("PUT", "/api/v1/session", "no-method"),
        ("OPTIONS", "/api/v1/session", "no-method"),
    ] {
        let headers = [&format!("Authorization: Bearer {carol}"), "Origin: https://evil.example"];
        let answer = api.raw(method, path, &headers, None);
        assert_eq!(answer.problem(), problem, "{method} {path}: {answer:?}");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("access-control-allow-origin"), "");
    }
    // The other address has none of it, and this one speaks TLS alone.
    assert!(stage.weir.http("/api/v1/session").unwrap().starts_with("HTTP/1.1 404"));
    let plain = api.url().replace("https:", "http:");
    let said = Command::new("curl").args(["-s", &format!("{plain}/api/v1/session")]).output();
    assert!(!said.unwrap().status.success());
    assert_eq!(stage.rows(ADMIN, "select 1").unwrap(), "1\n");
}
