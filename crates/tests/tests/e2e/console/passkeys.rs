//! Consents that are signed by a key of whoever gives them: a real browser with an authenticator of
//! its own. Whoever has a key consents with it alone, for one decision, and the record proves it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use identity::passkey::{Assertion, Decision, PublicKey, Site, verify};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use testkit::weir::PERSON;
use tests::{
    Stage,
    api::Api,
    browser::{Browser, VIEWS},
    console::{APPROVER, Visitor, shots, sign_in_at, stage, stage_with},
    hold::{ended, jobs, next_request, psql, request, say, until},
};

const GRANTS: &str = r#"
@id("stewards-on-demand")
@approval("dba")
permit (principal is Person, action == Action::"assume", resource == Group::"stewards");
"#;

/// Keys know names alone.
fn named(stage: &Stage) -> String {
    stage.weir.api().unwrap().0.replace("127.0.0.1", "localhost")
}

/// Adds the first key of whoever decides.
fn adds_key(browser: &Browser, base: &str) {
    browser.has_authenticator().unwrap();
    sign_in_at(browser, base, APPROVER).unwrap();
    browser.press("a.name").unwrap();
    browser.sees("None yet");
    browser.write("#name", "desk").unwrap();
    browser.press("#make button").unwrap();
    browser.sees("desk is among your passkeys now");
}

/// The parts of what a key signed, as a record has them.
fn assertion<'r>(record: &'r Value) -> (PublicKey, Vec<u8>, Assertion<'r>) {
    let text = |name: &str| record["signed"][name].as_str().unwrap_or_else(|| panic!("{record}"));
    let digest = (0..text("digest").len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text("digest")[at..at + 2], 16).unwrap())
        .collect();
    let assertion = Assertion {
        id: text("id"),
        client: text("client"),
        authenticator: text("authenticator"),
        signature: text("signature"),
    };
    (PublicKey::parse(text("public")).unwrap(), digest, assertion)
}

/// The record of a step of a hold, or of a grant.
fn step(stage: &Stage, about: &str, what: &str) -> Value {
    until("the record", || {
        let lines = stage.weir.record(300).unwrap();
        let records = lines.iter().filter_map(|line| {
            let record: Value = serde_json::from_str(line).ok()?;
            Some(record.get("record").cloned().unwrap_or(record))
        });
        let is =
            |one: &Value| (one["hold"] == about || one["grant"] == about) && one["what"] == what;
        records.into_iter().find(is)
    })
}

#[test]
fn whoever_has_a_key_consents_with_it_and_the_record_proves_it() {
    let stage = stage();
    let (base, api) = (named(&stage), Api::of(&stage.weir));
    let browser = Browser::start().unwrap();
    adds_key(&browser, &base);
    for view in VIEWS {
        browser.look(view).unwrap();
        browser.shoot(&shots().join(format!("passkeys-{}.png", view.name))).unwrap();
        assert_eq!(browser.axe().unwrap(), Vec::<String>::new(), "{}", view.name);
        assert!(browser.fits().unwrap(), "{} is too wide", view.name);
    }

    // Her password alone approves nothing now, by whichever way.
    let child = psql(&stage, PERSON, "delete from jobs where id = 7");
    let hold = request(&stage);
    let (taken, said) = say(&stage, "approve", &hold, APPROVER);
    assert!(!taken && said.contains("with a signature of a passkey alone"), "{said}");
    let (carol, path) = (api.sign_in(APPROVER), format!("/api/v1/approvals/{hold}"));
    let said = api.call("POST", &format!("{path}/approve"), &carol, Some(json!({})));
    assert_eq!((said.status, said.problem()), (403, "key-needed"), "{said:?}");
    let visitor = Visitor::signed_in(&stage.weir, APPROVER);
    let form = [("word", "approve"), ("reason", "")];
    let said = visitor.press(&format!("/console/approvals/{hold}"), &form);
    assert!(said.text.contains("Not taken: carol consents with a signature"), "{said:?}");
    assert_eq!(jobs(&stage), 50);
    // The key signs in the browser.
    browser.go(&format!("{base}/console/approvals/{hold}")).unwrap();
    browser.sees("asks for your passkey");
    browser.write("#reason", "ticket 7").unwrap();
    browser.press("button[value=approve]").unwrap();
    browser.sees("Taken: approved");
    assert_eq!(ended(child).0, "DELETE 1\n");
    assert_eq!(browser.complaints().unwrap(), Vec::<String>::new());

    // Whoever has the record alone can check it.
    let record = step(&stage, &hold, "approved");
    let (signed, person) = (&record["signed"], record["by"].as_str().unwrap());
    let text = |name: &str| signed[name].as_str().unwrap_or_else(|| panic!("{record}"));
    assert_eq!((text("name"), person), ("desk", APPROVER));
    let ((key, digest, assertion), site) = (assertion(&record), Site::of(&base).unwrap());
    let decision = Decision { request: &hold, digest: &digest, consents: true, person };
    verify(&key, &site, &decision.challenge(), &assertion).unwrap();
    let denied = Decision { consents: false, ..decision };
    verify(&key, &site, &denied.challenge(), &assertion).unwrap_err();
    stage.weir.run(&["audit", "verify"]).unwrap().success().unwrap();

    // It is for that decision alone: not for another statement, another word, another person.
    let child = psql(&stage, PERSON, "delete from jobs where id = 8");
    let other = next_request(&stage, &hold);
    let again = json!({ "assertion": {
        "id": text("id"), "client": text("client"),
        "authenticator": text("authenticator"), "signature": text("signature"),
    } });
    let dave = api.sign_in("dave");
    for (word, token, why) in [
        ("approve", &carol, "the key signed another decision"),
        ("deny", &carol, "the key signed another decision"),
        ("approve", &dave, "it is no key of yours"),
    ] {
        let path = format!("/api/v1/approvals/{other}/{word}");
        let header = format!("Host: {}", base.trim_start_matches("https://"));
        let (bearer, body) = (format!("Authorization: Bearer {token}"), again.to_string());
        let headers = ["Content-Type: application/json", &bearer, &header];
        let said = api.raw("POST", &path, &headers, Some(&body));
        assert_eq!((said.status, said.problem()), (403, "key-needed"), "{said:?}");
        assert!(said.body["detail"].as_str().unwrap().contains(why), "{said:?}");
    }
    // The API tells a tool what there is to sign.
    let shown = api.call("GET", &format!("/api/v1/approvals/{other}"), &carol, None).body;
    let challenge = |word: &str| {
        let text = shown["sign"][word].as_str().unwrap_or_else(|| panic!("{shown}"));
        URL_SAFE_NO_PAD.decode(text).unwrap()
    };
    assert_eq!(challenge("approve").len(), 32);
    assert_ne!(challenge("approve"), challenge("deny"));
    assert_eq!(shown["sign"]["keys"], json!([text("id")]));
    // Against it she may speak with her password alone, and others need no key of hers.
    let (taken, said) = say(&stage, "deny", &other, APPROVER);
    assert!(taken, "{said}");
    assert!(ended(child).1.contains("carol denied it"));
    assert_eq!(jobs(&stage), 49);
}

#[test]
fn a_grant_is_signed_as_what_it_is_and_the_signature_is_for_no_other() {
    let stage = stage_with(|options| options.policy("91-grants.cedar", GRANTS));
    let (base, api) = (named(&stage), Api::of(&stage.weir));
    let browser = Browser::start().unwrap();
    adds_key(&browser, &base);
    let asks = |who: &str, seconds: u64| {
        let wanted = json!({ "group": "stewards", "databases": ["shop"], "seconds": seconds,
            "purpose": "ticket 7" });
        let said = api.call("POST", "/api/v1/grants", &api.sign_in(who), Some(wanted));
        assert_eq!(said.status, 201, "{said:?}");
        said.body["grant"].as_str().unwrap().to_owned()
    };
    let (grant, other) = (asks(PERSON, 600), asks("mallory", 1_200));

    // Her password alone begins nothing.
    let carol = api.sign_in(APPROVER);
    let path = format!("/api/v1/grants/{grant}");
    let said = api.call("POST", &format!("{path}/approve"), &carol, Some(json!({})));
    assert_eq!((said.status, said.problem()), (403, "key-needed"), "{said:?}");
    let all = ["grants", "approve", &grant, "--as", APPROVER, "--password-stdin"];
    let said = stage.weir.run_as_somebody(&all).unwrap().all();
    assert!(said.contains("with a signature of a passkey alone"), "{said}");
    let visitor = Visitor::signed_in(&stage.weir, APPROVER);
    let page = format!("/console/grants/{grant}");
    let said = visitor.press(&page, &[("word", "approve"), ("reason", "")]);
    assert!(said.text.contains("Not taken: carol consents with a signature"), "{said:?}");
    // Whoever asked decides nothing, and nobody else is told of it.
    let said = Visitor::signed_in(&stage.weir, PERSON).get(&page).text;
    assert!(said.contains("others must decide") && !said.contains("value=\"approve\""), "{said}");
    assert_eq!(Visitor::signed_in(&stage.weir, "erin").get(&page).status, 404);
    assert_eq!(api.call("GET", &path, &carol, None).body["state"], "open");

    // The key signs in the browser, and it begins.
    browser.go(&format!("{base}/console/approvals")).unwrap();
    browser.press(&format!("a[href='{page}']")).unwrap();
    browser.sees("asks for your passkey");
    for view in VIEWS {
        browser.look(view).unwrap();
        browser.shoot(&shots().join(format!("grant-{}.png", view.name))).unwrap();
        assert_eq!(browser.axe().unwrap(), Vec::<String>::new(), "{}", view.name);
        assert!(browser.fits().unwrap(), "{} is too wide", view.name);
    }
    browser.press("button[value=approve]").unwrap();
    browser.sees("Taken: ");
    assert_eq!(browser.complaints().unwrap(), Vec::<String>::new());
    until("the grant", || {
        (api.call("GET", &path, &carol, None).body["state"] == "begun").then_some(())
    });

    // Whoever has the record alone can check that she agreed to this, and to nothing else.
    let (record, asked) = (step(&stage, &grant, "granted"), step(&stage, &grant, "requested"));
    let (key, digest, assertion) = assertion(&record);
    let what = format!(
        r#"{{"databases":["shop"],"emergency":false,"grant":"{grant}","group":{},"identity":{},"purpose":{},"seconds":{}}}"#,
        asked["group"], asked["identity"], asked["reason"], asked["seconds"],
    );
    assert_eq!(digest, Sha256::digest(&what).to_vec(), "{what}");
    let decision = Decision { request: &grant, digest: &digest, consents: true, person: APPROVER };
    verify(&key, &Site::of(&base).unwrap(), &decision.challenge(), &assertion).unwrap();
    // The same word is none about somebody else's, which would last longer.
    let again = json!({ "assertion": {
        "id": assertion.id, "client": assertion.client,
        "authenticator": assertion.authenticator, "signature": assertion.signature,
    } });
    let (bearer, body) = (format!("Authorization: Bearer {carol}"), again.to_string());
    let host = format!("Host: {}", base.trim_start_matches("https://"));
    let headers = ["Content-Type: application/json", &bearer, &host];
    let said = api.raw("POST", &format!("/api/v1/grants/{other}/approve"), &headers, Some(&body));
    assert_eq!((said.status, said.problem()), (403, "key-needed"), "{said:?}");
    let why = said.body["detail"].as_str().unwrap();
    assert!(why.contains("the key signed another decision"), "{said:?}");
    let shown = api.call("GET", &format!("/api/v1/grants/{other}"), &carol, None).body;
    assert_eq!((&shown["state"], &shown["sign"]["keys"]), (&json!("open"), &json!([assertion.id])));
}

#[test]
fn a_password_alone_adds_no_key_and_takes_none_away() {
    let stage = stage();
    let base = named(&stage);
    let browser = Browser::start().unwrap();
    let hers = browser.has_authenticator().unwrap();
    sign_in_at(&browser, &base, APPROVER).unwrap();
    let open = || {
        browser.go(&format!("{base}/console/passkeys")).unwrap();
        browser.finds("#make");
    };
    open();
    browser.write("#name", "desk").unwrap();
    browser.press("#make button").unwrap();
    browser.sees("desk is among your passkeys now");
    // Somebody with her password, at another machine, with a key of their own.
    browser.loses_authenticator(&hers).unwrap();
    browser.has_authenticator().unwrap();
    open();
    let adds = |keys: &str| {
        let script = format!(
            "document.querySelector('#make').dataset.keys = '{keys}';
             document.querySelector('#name').value = 'theirs';
             document.querySelector('#make button').click();"
        );
        browser.script(&script).unwrap();
    };
    adds("");
    browser.sees("Not added: one of your passkeys has to sign it");
    let visitor = Visitor::signed_in(&stage.weir, APPROVER);
    let page = visitor.get("/console/passkeys").text;
    let csrf = page.split_once("name=\"csrf\" value=\"").unwrap().1.split('"').next().unwrap();
    let own = format!("Origin: {}", visitor.url());
    let form = [("csrf", csrf), ("name", "desk")];
    let said = visitor.post("/console/passkeys/remove", &form, &[&own]);
    assert!(said.text.contains("Not removed: it takes a signature"), "{said:?}");
    // At an address there are no keys.
    let form = [("csrf", csrf), ("name", "x"), ("made_client", "e30"), ("made_authenticator", "")];
    let said = visitor.post("/console/passkeys", &form, &[&own]);
    assert!(said.text.contains("open the console by its name"), "{said:?}");
    // What is lost is taken away at the command line.
    let keys = |more: &[&str]| {
        let all = [&["identity", "passkeys", APPROVER][..], more].concat();
        stage.weir.run(&all).unwrap()
    };
    let said = keys(&[]).success().unwrap();
    assert!(said.contains("desk") && said.contains("localhost"), "{said}");
    assert!(!keys(&["--remove", "theirs"]).all().contains("removed"));
    keys(&["--remove", "desk"]).success().unwrap();
    let record = until("the record", || {
        let record = stage.weir.record(200).unwrap().join("\n");
        record.contains("passkey removed: desk").then_some(record)
    });
    assert!(record.contains("passkey added: desk"), "{record}");
    open();
    browser.sees("None yet");
}
