//! Setup: how everything is, lines to paste that work, and a database that is added step by step:
//! tried before anything is written, and never with a secret of this machine.

use serde_json::{Value, json};
use testkit::{
    postgres::{SUPERUSER, SUPERUSER_PASSWORD},
    weir::{ADMIN, PASSWORD, PERSON},
};
use tests::{
    api::Api,
    browser::Browser,
    console::{APPROVER, AUDITOR, VIEWER, Visitor, sign_in, stage},
    hold::until,
};

#[test]
fn a_database_is_added_step_by_step() {
    let stage = stage();
    stage.rows(PERSON, "select 1").unwrap();
    let browser = Browser::start().unwrap();
    let (base, _) = stage.weir.api().unwrap();
    sign_in(&browser, &stage.weir, ADMIN).unwrap();
    until("what is known", || {
        browser.go(&format!("{base}/console/setup")).unwrap();
        let row = browser.text("[aria-labelledby=databases] tbody").unwrap();
        (row.contains("answers") && row.contains("columns labelled")).then_some(())
    });
    let ledger = browser.text("[aria-labelledby=ledger]").unwrap();
    for word in ["records are written", "Checkpoint", "Witnesses", "none: nobody else vouches"] {
        assert!(ledger.contains(word), "{word} in {ledger}");
    }
    browser.press("[aria-labelledby=databases] form button").unwrap();
    browser.sees("shop answers:");
    // The first line is one that works, but for the password.
    browser.go(&format!("{base}/console/setup?identity={PERSON}&database=shop")).unwrap();
    let line = browser.text("[aria-labelledby=clients] details[open] code").unwrap();
    let url = line.strip_prefix("psql '").unwrap().strip_suffix('\'').unwrap();
    let mut psql = std::process::Command::new("psql");
    let said = psql.args([url, "-XAtc", "select 7"]).env("PGPASSWORD", PASSWORD).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&said.stdout), "7\n", "{said:?}");
    // A database that is to be added: not to be reached, and then to be.
    browser.press("#add").unwrap();
    browser.sees("1. Where it is");
    let (host, port) = ("127.0.0.1", stage.upstream.port());
    let write = |field: &str, text: &str| {
        browser.script(&format!("document.getElementById('{field}').value = ''")).unwrap();
        browser.write(&format!("#{field}"), text).unwrap();
    };
    for (field, text) in [("name", "again"), ("host", host), ("port", "1"), ("user", "nobody")] {
        write(field, text);
    }
    write("variable", "AGAIN_PASSWORD");
    browser.script("document.getElementById('tls').value = 'disable'").unwrap();
    browser.press("#test").unwrap();
    browser.sees("It was not reached");
    let section = browser.text("#section").unwrap();
    assert!(section.contains("[[database]]\nname = \"again\""), "{section}");
    assert!(section.contains("password = { env = \"AGAIN_PASSWORD\" }"), "{section}");
    let (role, secret) = (SUPERUSER, SUPERUSER_PASSWORD);
    write("port", &port.to_string());
    write("user", role);
    write("database", "shop");
    write("secret", secret);
    browser.press("#test").unwrap();
    browser.sees("It answers.");
    let told = browser.text(".notice").unwrap();
    assert!(told.contains("email × ") && told.contains("tables"), "{told}");
    let page = browser.script("return document.documentElement.outerHTML").unwrap();
    assert!(!page.as_str().unwrap().contains(secret), "a password is kept");
    assert_eq!(browser.complaints().unwrap(), Vec::<String>::new());
    // Nothing of it was written.
    let file = std::fs::read_to_string(stage.weir.folder().join("weir.toml")).unwrap();
    assert!(!file.contains("again"), "{file}");
    until("the record", || {
        let record = stage.weir.record(300).unwrap().join("\n");
        let all = record.contains("tried the connection to the database shop by the console")
            && record.contains(&format!("tried to reach {host}:{port} as {role} by the console"));
        all.then_some(())
    });
    let record = stage.weir.record(400).unwrap().join("\n");
    assert!(!record.contains(secret));
}

#[test]
fn setup_is_for_admins_and_a_section_is_no_way_into_another() {
    let stage = stage();
    let api = Api::of(&stage.weir);
    for who in [VIEWER, APPROVER, AUDITOR] {
        let (visitor, token) = (Visitor::signed_in(&stage.weir, who), api.sign_in(who));
        for path in ["/console/setup", "/console/setup/new"] {
            assert_eq!(visitor.get(path).status, 403, "{who} {path}");
        }
        assert_eq!(api.call("GET", "/api/v1/status", &token, None).problem(), "no-right");
        let test = api.call("POST", "/api/v1/databases/shop/test", &token, None);
        assert_eq!(test.problem(), "no-right", "{who}");
    }
    let carol = Visitor::signed_in(&stage.weir, APPROVER);
    for path in ["/console/setup/test", "/console/setup/new"] {
        assert_eq!(carol.press(path, &[("database", "shop")]).status, 403, "{path}");
    }
    let root = Visitor::signed_in(&stage.weir, ADMIN);
    let own = format!("Origin: {}", root.url());
    for path in ["/console/setup/test", "/console/setup/new"] {
        assert_eq!(root.post(path, &[("database", "shop")], &[&own]).status, 403, "{path}");
    }
    let nowhere = root.press("/console/setup/test", &[("database", "nowhere")]);
    assert!(nowhere.text.contains("nowhere was not reached"), "{nowhere:?}");
    let draft = |name: &str, more: &[(&str, &str)]| {
        let form = [("name", name), ("host", "127.0.0.1"), ("port", "1"), ("tls", "disable")];
        let form = [&form[..], &[("user", "x"), ("word", "draft")], more].concat();
        root.press("/console/setup/new", &form).text
    };
    assert!(draft("more", &[]).contains("id=\"section\""));
    for bad in ["*", "", "x\"\n[listen]\npostgres = \"0.0.0.0:1\"\n#"] {
        let page = draft(bad, &[]);
        assert!(page.contains("role=\"alert\"") && !page.contains("id=\"section\""), "{page}");
    }
    let token = api.sign_in(ADMIN);
    stage.rows(PERSON, "select 1").unwrap();
    let status = until("a database", || {
        let status = api.call("GET", "/api/v1/status", &token, None).body;
        let mut databases = status["databases"].as_array()?.iter();
        databases.any(|one| one["database"] == "shop").then(|| status.clone())
    });
    assert_eq!(status["obstacles"], json!([]));
    let reached = api.call("POST", "/api/v1/databases/shop/test", &token, None).body;
    assert_eq!((&reached["reached"], &reached["why"]), (&json!(true), &Value::Null), "{reached}");
    assert!(reached["labels"].as_array().unwrap().iter().any(|one| one["label"] == "email"));
    let none = api.call("POST", "/api/v1/databases/nowhere/test", &token, None).body;
    assert_eq!(none["reached"], false, "{none}");
    assert!(none["why"].as_str().unwrap().contains("does not exist"), "{none}");
}
