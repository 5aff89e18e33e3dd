//! Policies: seen, a change of them tried and held against the record, a decision explained; and
//! nothing of it changes what is in force.

use serde_json::{Value, json};
use testkit::weir::{ADMIN, PERSON};
use tests::{
    api::Api,
    browser::Browser,
    console::{APPROVER, AUDITOR, VIEWER, Visitor, sign_in, stage},
    hold::until,
};

const STRICTER: &str = "@id(\"no-orders\")\n@reason(\"orders are closed\")\nforbid (principal, \
                        action == Action::\"select\", resource == \
                        Table::\"shop.public.orders\");\n";

#[test]
fn a_change_is_checked_while_it_is_written_and_held_against_the_record() {
    let stage = stage();
    for _ in 0..3 {
        stage.rows(PERSON, "select count(*) from orders").unwrap();
    }
    stage.rows(PERSON, "select count(*) from customers").unwrap();
    let browser = Browser::start().unwrap();
    let (base, _) = stage.weir.api().unwrap();
    sign_in(&browser, &stage.weir, AUDITOR).unwrap();
    browser.go(&format!("{base}/console/policies")).unwrap();
    browser.sees("deleting-needs-approval");
    until("what was before", || {
        browser.go(&format!("{base}/console/policies")).unwrap();
        browser.text("[aria-labelledby=versions]").unwrap().contains("by start").then_some(())
    });
    let versions = "return [...document.querySelectorAll('.badge.mono')].map((o) => o.innerText)";
    let versions = browser.script(versions).unwrap();
    assert_eq!(versions[0], versions[1], "what is in force is what was taken up at the start");
    browser.go(&format!("{base}/console/policies/one?id=deleting-needs-approval")).unwrap();
    let page = browser.text("main").unwrap();
    for word in ["90-holds.cedar:", "rows of production are deleted by two people", "@approval"] {
        assert!(page.contains(word), "{word} in {page}");
    }
    browser.press("a.button.slim").unwrap();
    browser.sees("Try a change");
    let text = "return document.getElementById('text').value";
    assert!(browser.script(text).unwrap().as_str().unwrap().contains("merging-is-short"));
    // A new file: what is wrong is told while it is written.
    browser.go(&format!("{base}/console/policies/try")).unwrap();
    browser.write("#file", "95-new.cedar").unwrap();
    browser.write("#text", "forbid (principal, action == Action::\"selekt\", resource);").unwrap();
    until("what is wrong", || {
        let told = browser.text("#sound").unwrap();
        (told.contains("wrong") && told.contains("95-new.cedar:1:")).then_some(())
    });
    browser.script("document.getElementById('text').value = ''").unwrap();
    browser.write("#text", STRICTER).unwrap();
    until("that it is sound", || browser.text("#sound").unwrap().contains("sound").then_some(()));
    browser.press("#backtest").unwrap();
    // Nobody loads the page again, and what was written is still there.
    browser.finds("#backtested");
    assert_eq!(browser.script(text).unwrap(), STRICTER);
    let found = browser.text("#backtested").unwrap();
    for word in ["3 of ", "stricter", "3 × alice", "count(*) from orders", "orders are closed"] {
        assert!(found.contains(word), "{word} in {found}");
    }
    assert!(!found.contains("from customers"), "{found}");
    // Nothing of it is in force.
    stage.rows(PERSON, "select count(*) from orders").unwrap();
    assert_eq!(browser.complaints().unwrap(), Vec::<String>::new());
    until("the record", || {
        let record = stage.weir.record(300).unwrap().join("\n");
        record.contains("policy backtest of 7d by the console").then_some(())
    });
}

#[test]
fn a_backtest_is_its_owners_alone_and_stopped_when_they_say_so() {
    let stage = stage();
    stage.rows(PERSON, "select count(*) from orders").unwrap();
    let api = Api::of(&stage.weir);
    let (olga, root) = (api.sign_in(AUDITOR), api.sign_in(ADMIN));
    let ask = |token: &str, body: Value| api.call("POST", "/api/v1/backtests", token, Some(body));
    let stricter = json!({ "file": "95-new.cedar", "text": STRICTER });
    assert_eq!(ask(&api.sign_in(APPROVER), stricter.clone()).problem(), "no-right");
    for wrong in [
        json!({ "file": "95-new.cedar", "text": "forbid (principal, action, resourc);" }),
        json!({ "file": "../95-new.cedar", "text": STRICTER }),
        json!({ "file": "95-new.cedar", "text": STRICTER, "days": 0 }),
        json!({ "file": "95-new.cedar", "text": STRICTER, "days": 91 }),
        json!({ "file": "95-new.cedar" }),
    ] {
        assert_eq!(ask(&olga, wrong.clone()).problem(), "malformed", "{wrong}");
    }
    let begun = ask(&olga, stricter.clone());
    assert_eq!(begun.status, 202, "{begun:?}");
    let id = begun.body["backtest"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/backtests/{id}");
    let done = until("the backtest", || {
        let told = api.call("GET", &path, &olga, None).body;
        (told["state"] == "done").then_some(told)
    });
    let change = &done["found"]["changes"][0];
    assert_eq!((&change["direction"], &change["identity"]), (&json!("stricter"), &json!(PERSON)));
    let why = "select on public.orders is refused by policy \"no-orders\": orders are closed";
    assert_eq!(change["reasons"], json!([why]), "{done}");
    // To others there is none.
    assert_eq!(api.call("GET", &path, &root, None).problem(), "nothing");
    assert_eq!(api.call("DELETE", &path, &root, None).problem(), "nothing");
    assert_eq!(api.call("GET", "/api/v1/backtests", &root, None).body["backtests"], json!([]));
    let visitor = Visitor::signed_in(&stage.weir, ADMIN);
    for page in ["", "/how"] {
        assert_eq!(visitor.get(&format!("/console/policies/try/{id}{page}")).status, 404);
    }
    assert_eq!(visitor.press(&format!("/console/policies/try/{id}/stop"), &[]).status, 404);
    // What was begun is forgotten, done or not; and then nobody is told of it.
    let next = ask(&olga, stricter).body["backtest"].as_str().unwrap().to_owned();
    for id in [id, next] {
        let path = format!("/api/v1/backtests/{id}");
        assert_eq!(api.call("DELETE", &path, &olga, None).status, 204);
        assert_eq!(api.call("GET", &path, &olga, None).problem(), "nothing");
    }
    assert_eq!(api.call("GET", "/api/v1/backtests", &olga, None).body["backtests"], json!([]));
}

#[test]
fn a_decision_is_explained_by_what_decides() {
    let stage = stage();
    let olga = Visitor::signed_in(&stage.weir, AUDITOR);
    let page = olga.get("/console/policies/explain").text;
    let csrf = page.split_once("name=\"csrf\" value=\"").unwrap().1.split('"').next().unwrap();
    let own = format!("Origin: {}", olga.url());
    let ask = |who: &str, database: &str, sql: &str| {
        let form = [("csrf", csrf), ("identity", who), ("database", database), ("sql", sql)];
        let reply = olga.post("/console/policies/explain", &form, &[&own]);
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.text
    };
    let told = ask(PERSON, "shop", "select email from customers; drop table customers");
    for word in ["modified", "denied", "email: email partial", "person alice in dba"] {
        assert!(told.contains(word), "{word} in {told}");
    }
    let told = ask(PERSON, "shop", "delete from jobs where id = 1");
    assert!(told.contains("held") && told.contains("deleting-needs-approval"), "{told}");
    assert!(ask("nobody", "shop", "select 1").contains("There is no identity"));
    assert!(ask(PERSON, "nowhere", "select 1").contains("cannot be told now"));
    drop(ask(PERSON, "shop", "selec 1 '"));
    drop(ask(PERSON, "shop", ""));
    let record = until("the record", || {
        let record = stage.weir.record(300).unwrap().join("\n");
        record.contains("explained a decision for alice by the console").then_some(record)
    });
    assert!(!record.contains("delete from jobs"), "the statement is not in it");
}

#[test]
fn policies_are_for_auditors_and_forms_for_their_own() {
    let stage = stage();
    let pages = ["", "/one?id=deleting-needs-approval", "/try", "/explain"];
    for who in [VIEWER, APPROVER] {
        let visitor = Visitor::signed_in(&stage.weir, who);
        for page in pages {
            assert_eq!(
                visitor.get(&format!("/console/policies{page}")).status,
                403,
                "{who} {page}"
            );
        }
    }
    let carol = Visitor::signed_in(&stage.weir, APPROVER);
    for page in ["check", "try", "explain"] {
        let reply = carol.press(&format!("/console/policies/{page}"), &[("file", "a.cedar")]);
        assert_eq!(reply.status, 403, "{page}");
    }
    let root = Visitor::signed_in(&stage.weir, ADMIN);
    assert_eq!(root.get("/console/policies/one?id=none").status, 404);
    let own = format!("Origin: {}", root.url());
    for page in ["check", "try", "explain"] {
        let reply = root.post(&format!("/console/policies/{page}"), &[("file", "a")], &[&own]);
        assert_eq!(reply.status, 403, "{page} without the word");
    }
    // A name is no path, and no file elsewhere is read.
    for file in ["../../weir.toml", "/etc/passwd", "x.toml"] {
        let shown = root.get(&format!("/console/policies/try?file={file}")).text;
        assert!(!shown.contains("root:x:") && !shown.contains("[listen]"), "{shown}");
        let said = root.press("/console/policies/check", &[("file", file), ("text", "")]);
        assert!(said.text.contains("the name of the file"), "{said:?}");
    }
}
