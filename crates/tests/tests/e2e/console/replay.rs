//! Replay: a session as its client saw it, statement by statement, with the shape of what came back
//! and none of its values; for auditors alone.

use testkit::weir::{ADMIN, PASSWORD, PERSON};
use tests::{
    Stage,
    api::Api,
    browser::Browser,
    console::{APPROVER, AUDITOR, VIEWER, Visitor, sign_in, stage},
    hold::until,
    wire::Raw,
};

/// A session with a masked result, a failure, a refusal and a change.
fn ran(stage: &Stage) {
    let mut session = Raw::sign_in(stage.weir.port(), PERSON, PASSWORD, "shop").unwrap();
    for sql in [
        "select first_name, email from customers order by id limit 3",
        "select 1 / (id - id) from orders limit 1",
        "drop table customers",
        "select count(*) from orders where status = 'new'",
    ] {
        session.query(sql).unwrap();
        session.until(b'Z').unwrap();
    }
}

/// The path of the newest session of alice, once all of it is in the index.
fn session(olga: &Visitor) -> String {
    until("the session", || {
        let page = olga.get(&format!("/console/sessions?q={}", PERSON.to_uppercase())).text;
        let (_, rows) = page.split_once("id=\"rows\"")?;
        let path = rows.split('"').find(|part| part.starts_with("/console/sessions/"))?.to_owned();
        let whole = olga.get(&path).text;
        (whole.contains("#4") && !whole.contains("running")).then_some(path)
    })
}

#[test]
fn a_session_is_seen_again_step_by_step() {
    let stage = stage();
    ran(&stage);
    let olga = Visitor::signed_in(&stage.weir, AUDITOR);
    let path = session(&olga);
    let browser = Browser::start().unwrap();
    let (base, _) = stage.weir.api().unwrap();
    sign_in(&browser, &stage.weir, AUDITOR).unwrap();
    browser.go(&format!("{base}/console/sessions?q=ALICE")).unwrap();
    browser.press("#rows a").unwrap();
    browser.sees("As the client saw it");
    browser.go(&format!("{base}{path}")).unwrap();
    browser.sees("4 of 4");
    let step = |number: usize| browser.text(&format!("#replay > li:nth-child({number})")).unwrap();
    for (number, words) in [
        (1, ["modified", "3 masked", "SELECT 3"]),
        (2, ["failed", "22012", "0 rows left"]),
        (3, ["denied", "refused", "drop table customers"]),
        (4, ["allowed", "SELECT 1", "1 rows left"]),
    ] {
        let text = step(number);
        for word in words {
            assert!(text.contains(word), "{number}: {word} in {text}");
        }
    }
    // What left is told as a shape: none of the values stands there.
    let page = olga.get(&path).text;
    let truth = stage.truth("select first_name || '|' || email from customers order by id limit 3");
    for value in truth.unwrap().lines().flat_map(|line| line.split('|')) {
        assert!(!page.contains(value), "{value}");
    }
    assert!(!page.contains("'new'"), "nor a literal");
    // By hand, and by itself.
    let shown = || {
        let script = "return [...document.querySelectorAll('#replay > li')]
            .filter((step) => !step.hidden).length";
        browser.script(script).unwrap()
    };
    browser.press("#back").unwrap();
    browser.press("#back").unwrap();
    assert_eq!(shown(), 2);
    browser.press("#forth").unwrap();
    assert_eq!(shown(), 3);
    browser.press("#play").unwrap();
    browser.sees("4 of 4");
    until("its end", || (browser.text("#play").unwrap() == "Play").then_some(()));
    browser.press("#play").unwrap();
    browser.sees("1 of 4");
    browser.press("#all").unwrap();
    assert_eq!(shown(), 4);
    assert_eq!(browser.complaints().unwrap(), Vec::<String>::new());
    let id = path.rsplit('/').next().unwrap().to_owned();
    until("the record", || {
        let record = stage.weir.record(300).unwrap().join("\n");
        record.contains(&format!("read the record: session {id} by the console")).then_some(())
    });
    // The API says the same.
    let api = Api::of(&stage.weir);
    let token = api.sign_in(AUDITOR);
    let told = api.call("GET", &format!("/api/v1/sessions/{id}"), &token, None).body;
    let states: Vec<&str> = told["statements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["done", "failed", "refused", "done"]);
    assert_eq!(told["statements"][0]["columns"][1]["masked"], 3, "{told}");
    let rest = api.call("GET", &format!("/api/v1/sessions/{id}?after=3"), &token, None).body;
    assert_eq!(rest["statements"].as_array().unwrap().len(), 1, "{rest}");
    let listed = api.call("GET", "/api/v1/sessions?q=alice", &token, None).body;
    assert!(listed["sessions"].as_array().unwrap().iter().any(|one| one["session"] == id.as_str()));
    // Who looks at lists is in the record, without what they look for.
    olga.get("/console/sessions?q=alice-of-nowhere&before=99");
    api.call("GET", "/api/v1/sessions", &token, None);
    olga.get("/console/now");
    let record = until("the record of lists", || {
        let record = stage.weir.record(400).unwrap().join("\n");
        let all = [
            "read the record: sessions text:… by the console",
            "read the record: sessions text:… before record 99 by the console",
            "read the record: sessions text:… by the API",
            "read the record: sessions by the API",
            "read the record: what happens now by the console",
        ];
        all.into_iter().all(|words| record.contains(words)).then_some(record)
    });
    assert!(!record.contains("alice-of-nowhere"));
}

#[test]
fn only_an_auditor_sees_a_session_again() {
    let stage = stage();
    ran(&stage);
    let root = Visitor::signed_in(&stage.weir, ADMIN);
    let path = session(&root);
    let api = Api::of(&stage.weir);
    let id = path.rsplit('/').next().unwrap();
    for who in [VIEWER, APPROVER] {
        let visitor = Visitor::signed_in(&stage.weir, who);
        let token = api.sign_in(who);
        for path in ["/console/sessions", &path] {
            assert_eq!(visitor.get(path).status, 403, "{who} {path}");
        }
        for path in ["/api/v1/sessions".to_owned(), format!("/api/v1/sessions/{id}")] {
            assert_eq!(api.call("GET", &path, &token, None).problem(), "no-right", "{who} {path}");
        }
    }
    for bad in ["x", "0dq7z3v1q2m5k-a1b2", "%27%20or%201=1", "%00"] {
        assert_eq!(root.get(&format!("/console/sessions/{bad}")).status, 404, "{bad}");
    }
    for odd in ["?before=x", "?before=99999999999999999999", "?q=%00%27", "?q=%25"] {
        assert_eq!(root.get(&format!("/console/sessions{odd}")).status, 200, "{odd}");
    }
    for odd in ["?after=x", "?after=18446744073709551615"] {
        assert_eq!(root.get(&format!("{path}{odd}")).status, 200, "{odd}");
    }
    let token = api.sign_in(AUDITOR);
    for (path, problem) in [
        ("/api/v1/sessions?before=x", "malformed"),
        ("/api/v1/sessions?x=y", "malformed"),
        ("/api/v1/sessions/x", "nothing"),
    ] {
        assert_eq!(api.call("GET", path, &token, None).problem(), problem, "{path}");
    }
}
