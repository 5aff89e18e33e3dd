//! Who there is: found, looked at, shut out and let in again, by those who may and after being
//! asked.

use testkit::weir::{ADMIN, AGENT, PASSWORD, PERSON};
use tests::{
    browser::Browser,
    console::{APPROVER, AUDITOR, VIEWER, Visitor, sign_in, stage},
    hold::until,
    wire::Raw,
};

#[test]
fn an_identity_is_looked_at_shut_out_and_let_in_again() {
    let stage = stage();
    stage.rows(PERSON, "select first_name, email from customers limit 3").unwrap();
    let mut raw = Raw::sign_in(stage.weir.port(), PERSON, PASSWORD, "shop").unwrap();
    let browser = Browser::start().unwrap();
    let (base, _) = stage.weir.api().unwrap();
    sign_in(&browser, &stage.weir, ADMIN).unwrap();
    browser.go(&format!("{base}/console/identities?kind=person&q=ALI")).unwrap();
    let rows = browser.text("tbody").unwrap();
    assert!(rows.contains(PERSON) && rows.contains("dba") && !rows.contains(AGENT), "{rows}");
    browser.press("tbody a").unwrap();
    browser.sees("What it reached");
    until("what it reached", || {
        browser.go(&format!("{base}/console/identities/{PERSON}")).unwrap();
        let page = browser.text("main").unwrap();
        (page.contains("public.customers.email") && page.contains("email")).then_some(())
    });
    let row = browser.script(
        "const row = [...document.querySelectorAll('[aria-labelledby=reached] tbody tr')]
           .find((row) => row.innerText.includes('email'));
         return [...row.cells].slice(3).map((cell) => cell.innerText)",
    );
    assert_eq!(row.unwrap(), serde_json::json!(["0", "3"]), "raw and masked");
    assert!(browser.text("[aria-labelledby=about]").unwrap().contains(AGENT));
    assert!(browser.text("[aria-labelledby=sessions]").unwrap().contains("1 open"));
    // Nothing happens before whoever wants it was asked.
    browser.press("#disable").unwrap();
    browser.sees("It may no longer sign in");
    stage.rows(PERSON, "select 1").unwrap();
    browser.press("#yes").unwrap();
    browser.sees("alice may no longer sign in.");
    let rest = raw.rest().unwrap();
    assert!(rest.iter().any(|message| message.tag == b'E'), "the open session ended");
    assert!(stage.rows(PERSON, "select 1").is_err());
    browser.press("#enable").unwrap();
    browser.press("#yes").unwrap();
    browser.sees("alice may sign in again.");
    until("in again", || stage.rows(PERSON, "select 1").ok());
    // Sessions end without anybody being shut out.
    let mut raw = Raw::sign_in(stage.weir.port(), PERSON, PASSWORD, "shop").unwrap();
    browser.go(&format!("{base}/console/identities/{PERSON}")).unwrap();
    browser.press("#end").unwrap();
    browser.press("#yes").unwrap();
    browser.sees("Its sessions were told to end");
    assert!(raw.rest().unwrap().iter().any(|message| message.tag == b'E'));
    stage.rows(PERSON, "select 1").unwrap();
    assert_eq!(browser.complaints().unwrap(), Vec::<String>::new());
    until("the record", || {
        let record = stage.weir.record(300).unwrap().join("\n");
        let all = record.contains("read the identity alice by the console")
            && record.contains("disabled")
            && record.contains("ended session ")
            && record.contains(r#""by":"root""#);
        all.then_some(())
    });
}

#[test]
fn what_is_known_of_an_identity_is_for_auditors_and_changes_are_for_admins() {
    let stage = stage();
    let path = format!("/console/identities/{PERSON}");
    for who in [VIEWER, APPROVER] {
        let visitor = Visitor::signed_in(&stage.weir, who);
        for path in ["/console/identities", &path, &format!("{path}/disable")] {
            assert_eq!(visitor.get(path).status, 403, "{who} {path}");
        }
    }
    let olga = Visitor::signed_in(&stage.weir, AUDITOR);
    // The index follows what there is.
    let page = until("the index", || {
        let answer = olga.get(&path);
        (answer.status == 200).then_some(answer.text)
    });
    assert!(page.contains("What it reached") && !page.contains("id=\"disable\""), "{page}");
    // Nothing of a secret stands there.
    assert!(!page.contains("SCRAM") && !page.contains("$4096"), "{page}");
    let csrf = page.split_once("name=\"csrf\" value=\"").unwrap().1.split('"').next().unwrap();
    let own = format!("Origin: {}", olga.url());
    for what in ["disable", "enable", "end"] {
        assert_eq!(olga.get(&format!("{path}/{what}")).status, 403);
        let said = olga.post(&format!("{path}/{what}"), &[("csrf", csrf)], &[&own]);
        assert_eq!(said.status, 403, "{what}");
    }
    let root = Visitor::signed_in(&stage.weir, ADMIN);
    assert_eq!(root.get("/console/identities/nobody").status, 404);
    assert_eq!(root.get("/console/identities/%27%20or%201=1").status, 404);
    assert_eq!(root.get(&format!("{path}/elevate")).status, 404);
    let without = root.post(&format!("{path}/disable"), &[("csrf", csrf)], &[&own]);
    assert_eq!(without.status, 403, "with another's word");
    let said = root.press(&format!("/console/identities/{ADMIN}/disable"), &[]);
    assert_eq!(said.header("location"), format!("/console/identities/{ADMIN}?done=self"));
    assert_eq!(root.get("/console/identities").status, 200, "nobody shuts themselves out");
    assert_eq!(root.press("/console/identities/nobody/disable", &[]).status, 404);
}
