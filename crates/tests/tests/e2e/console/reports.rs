//! Reports: asked for in the browser, made in the background, taken away in each form; and evidence
//! that is dropped on the page holds, or does not once a byte of it was changed.

use serde_json::{Value, json};
use std::path::PathBuf;
use testkit::weir::{ADMIN, PERSON};
use tests::{
    api::Api,
    browser::Browser,
    console::{APPROVER, AUDITOR, VIEWER, Visitor, sign_in, stage},
    hold::until,
};

#[test]
fn a_report_is_made_in_the_background_and_its_proofs_hold() {
    let stage = stage();
    for _ in 0..3 {
        stage.rows(PERSON, "select first_name, email from customers limit 3").unwrap();
    }
    let browser = Browser::start().unwrap();
    let (base, _) = stage.weir.api().unwrap();
    sign_in(&browser, &stage.weir, AUDITOR).unwrap();
    browser.go(&format!("{base}/console/reports")).unwrap();
    browser.sees("None yet");
    // What needs a name says so, and what was written is still there.
    browser.script("document.getElementById('kind').value = 'person'").unwrap();
    browser.press("form.stack button").unwrap();
    browser.sees("It needs a name");
    browser.write("#name", PERSON).unwrap();
    browser.press("form.stack button").unwrap();
    browser.sees("It is made now");
    // Nobody loads the page again.
    browser.finds("#list a[href$='/html']");
    assert!(browser.text("#list").unwrap().contains("report person alice"));
    assert_eq!(browser.complaints().unwrap(), Vec::<String>::new());
    let link = "return document.querySelector(\"#list a[href$='/json']\").pathname";
    let link = browser.script(link).unwrap().as_str().unwrap().to_owned();
    let api = Api::of(&stage.weir);
    let token = api.sign_in(AUDITOR);
    let id = link.split('/').nth(3).unwrap().to_owned();
    let told = api.call("GET", &format!("/api/v1/reports/{id}"), &token, None).body;
    assert_eq!((&told["state"], &told["why"]), (&json!("done"), &Value::Null), "{told}");
    // Each form is a file: the page of it is no page of the console's.
    let olga = Olga { browser: &browser, base: &base };
    for (form, begins) in [("html", "<!DOCTYPE html>"), ("pdf", "%PDF-"), ("json", "{")] {
        let (disposition, text) = olga.fetch(&link.replace("/json", &format!("/{form}")));
        assert!(text.starts_with(begins), "{form}: {text:.80}");
        assert_eq!(disposition, format!("attachment; filename=\"weir-report-{id}.{form}\""));
    }
    let (_, text) = olga.fetch(&link);
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["basis"]["verified"]["sound"], true, "{}", report["basis"]);
    assert_eq!(report["made"]["by"], AUDITOR);
    // Dropped on the page it holds; with one letter of one entry changed it does not.
    let files = stage.weir.folder().join("files");
    std::fs::create_dir_all(&files).unwrap();
    let put = |name: &str, text: &str| -> PathBuf {
        let file = files.join(name);
        std::fs::write(&file, text).unwrap();
        file
    };
    browser.go(&format!("{base}/console/reports")).unwrap();
    assert_eq!(olga.check(&[put("report.json", &text)]), "good", "{}", olga.steps());
    let mut changed = report.clone();
    let entry = changed["records"][0]["entry"].as_str().unwrap().replacen('e', "E", 1);
    changed["records"][0]["entry"] = json!(entry);
    assert_eq!(olga.check(&[put("changed.json", &changed.to_string())]), "bad");
    // A proof with its entry; a checkpoint, in the browser and against the ledger as it is now.
    let record = &report["records"][0];
    let proof = put("a.tlog-proof", record["proof"].as_str().unwrap());
    let entry = put("a.json", record["entry"].as_str().unwrap());
    assert_eq!(olga.check(&[proof.clone(), entry.clone()]), "good", "{}", olga.steps());
    assert_eq!(olga.check(&[proof]), "bad", "without its entry");
    let note = report["basis"]["checkpoint"].as_str().unwrap();
    stage.rows(PERSON, "select count(*) from orders").unwrap();
    let checkpoint = put("checkpoint", note);
    assert_eq!(olga.check(std::slice::from_ref(&checkpoint)), "good", "{}", olga.steps());
    assert!(olga.steps().contains("grew from it"), "{}", olga.steps());
    let size = note.lines().nth(1).unwrap();
    let other = note.replacen(size, &(size.parse::<u64>().unwrap() - 1).to_string(), 1);
    assert_eq!(olga.check(&[put("other", &other)]), "bad");
    // By a key that is not the ledger's nothing holds.
    browser.script("document.getElementById('key').value = 'x+00000000+AQ=='").unwrap();
    assert_eq!(olga.check(&[checkpoint]), "bad");
    let holds = |note: &str| {
        let body = json!({ "checkpoint": note });
        let answer = api.call("POST", "/api/v1/checkpoints/check", &token, Some(body));
        answer.body["holds"].as_bool().unwrap()
    };
    assert!(holds(note) && !holds(&other) && !holds("nothing"));
    browser.go(&format!("{base}/console/reports")).unwrap();
    browser.press("form[action$=forget] button").unwrap();
    browser.sees("is forgotten");
    until("the record", || {
        let record = stage.weir.record(300).unwrap().join("\n");
        let all = record.contains("read the record: report person alice by the console")
            && record.contains("report person alice as json by the console");
        all.then_some(())
    });
}

/// What an auditor does in a browser.
struct Olga<'b> {
    browser: &'b Browser,
    base: &'b str,
}

impl Olga<'_> {
    /// A file, with what it is to be called.
    fn fetch(&self, path: &str) -> (String, String) {
        let script = format!(
            "const done = arguments[arguments.length - 1];
             fetch('{}{path}').then(async (answer) => done([
               answer.headers.get('content-disposition'), await answer.text()]));",
            self.base
        );
        let found = self.browser.later(&script).unwrap();
        let text = |at: usize| found[at].as_str().unwrap_or_default().to_owned();
        (text(0), text(1))
    }

    /// Drops files, and tells what came of it.
    fn check(&self, files: &[PathBuf]) -> String {
        let script = "const drop = document.getElementById('drop');
            delete drop.dataset.state; document.getElementById('files').value = '';";
        self.browser.script(script).unwrap();
        let names: Vec<&str> = files.iter().map(|file| file.to_str().unwrap()).collect();
        self.browser.write("#files", &names.join("\n")).unwrap();
        until("the end of the check", || {
            let script = "return document.getElementById('drop').dataset.state ?? ''";
            let state = self.browser.script(script).unwrap().as_str().unwrap().to_owned();
            (state == "good" || state == "bad").then_some(state)
        })
    }

    fn steps(&self) -> String {
        self.browser.text("#steps").unwrap_or_default()
    }
}

#[test]
fn reports_are_for_auditors_and_each_is_its_owners_alone() {
    let stage = stage();
    stage.rows(PERSON, "select 1").unwrap();
    let api = Api::of(&stage.weir);
    let ask = |token: &str, body: Value| api.call("POST", "/api/v1/reports", token, Some(body));
    for who in [VIEWER, APPROVER] {
        let (visitor, token) = (Visitor::signed_in(&stage.weir, who), api.sign_in(who));
        for path in ["/console/reports", "/console/reports/list", "/console/reports/1/html"] {
            assert_eq!(visitor.get(path).status, 403, "{who} {path}");
        }
        assert_eq!(ask(&token, json!({ "kind": "soc2" })).problem(), "no-right", "{who}");
        for path in ["/api/v1/reports", "/api/v1/reports/1", "/api/v1/reports/1/html"] {
            let answer = api.raw("GET", path, &[&format!("Authorization: Bearer {token}")], None);
            assert_eq!(answer.problem(), "no-right", "{who} {path}");
        }
        let body = json!({ "checkpoint": "" });
        let answer = api.call("POST", "/api/v1/checkpoints/check", &token, Some(body));
        assert_eq!(answer.problem(), "no-right", "{who}");
    }
    let (olga, root) = (api.sign_in(AUDITOR), api.sign_in(ADMIN));
    let begun = ask(&olga, json!({ "kind": "pci", "verify": false }));
    assert_eq!(begun.status, 202, "{begun:?}");
    let path = format!("/api/v1/reports/{}", begun.body["report"].as_str().unwrap());
    let state = |token: &str| api.call("GET", &path, token, None);
    until("the report", || (state(&olga).body["state"] == "done").then_some(()));
    // To another auditor, and to an admin, there is no such report.
    assert_eq!(state(&root).problem(), "nothing");
    assert_eq!(api.call("DELETE", &path, &root, None).problem(), "nothing");
    let page = path.replace("/api/v1", "/console");
    let roots = Visitor::signed_in(&stage.weir, ADMIN);
    assert_eq!(roots.get(&format!("{page}/html")).status, 404);
    assert_eq!(roots.press(&format!("{page}/forget"), &[]).status, 404);
    let olgas = Visitor::signed_in(&stage.weir, AUDITOR);
    assert_eq!(olgas.get(&format!("{page}/html")).status, 200);
    assert_eq!(olgas.get(&format!("{page}/exe")).status, 404);
    let own = format!("Origin: {}", olgas.url());
    assert_eq!(olgas.post(&format!("{page}/forget"), &[], &[&own]).status, 403, "without the word");
    for (body, status) in [
        (json!({ "kind": "nothing" }), 400),
        (json!({ "kind": "person" }), 400),
        (json!({ "kind": "soc2", "colour": "red" }), 400),
        (json!({ "kind": "person", "name": "x".repeat(301) }), 400),
        (json!({ "kind": "person", "name": "'; drop table x" }), 202),
        (json!({ "kind": "soc2", "since": "yesterday", "verify": false }), 400),
        (json!({ "kind": "soc2", "since": "2026-13-77", "verify": false }), 202),
    ] {
        assert_eq!(ask(&olga, body.clone()).status, status, "{body}");
    }
    // A day that there is not is told where the report would be, and the last five are kept.
    let listed = || api.call("GET", "/api/v1/reports", &olga, None).body["reports"].clone();
    let all = until("the end of all", || {
        let all = listed();
        let over = |one: &Value| one["state"] == "done" || one["state"] == "failed";
        all.as_array().unwrap().iter().all(over).then_some(all)
    });
    assert_eq!((&all[0]["state"], all.as_array().unwrap().len()), (&json!("failed"), 3), "{all}");
    for _ in 0..4 {
        let begun = until("room", || {
            let begun = ask(&olga, json!({ "kind": "gdpr", "verify": false }));
            (begun.status == 202).then_some(begun)
        });
        assert_eq!(begun.status, 202);
    }
    assert_eq!(listed().as_array().unwrap().len(), 5);
}

#[test]
fn what_is_under_way_is_stopped_by_whoever_asked_for_it() {
    let stage = stage();
    stage.rows(PERSON, "select 1").unwrap();
    let api = Api::of(&stage.weir);
    let token = api.sign_in(AUDITOR);
    let olga = Visitor::signed_in(&stage.weir, AUDITOR);
    let root = Visitor::signed_in(&stage.weir, ADMIN);
    let begin = || {
        let begun = api.call("POST", "/api/v1/reports", &token, Some(json!({ "kind": "soc2" })));
        begun.body["report"].as_str().unwrap().to_owned()
    };
    let state = |id: &str| {
        let told = api.call("GET", &format!("/api/v1/reports/{id}"), &token, None).body;
        told["state"].as_str().unwrap().to_owned()
    };
    let own = format!("Origin: {}", olga.url());
    let mine = format!("/console/reports/{}/stop", begin());
    assert_eq!(olga.post(&mine, &[], &[&own]).status, 403, "without the word");
    until("the first", || (state(&mine[17..mine.len() - 5]) == "done").then_some(()));
    // A machine with nothing else to do may have made them all before the last is stopped.
    let (all, stop) = until("one that is stopped", || {
        let all: Vec<String> = (0..5).map(|_| begin()).collect();
        let stop = format!("/console/reports/{}/stop", all.last()?);
        assert_eq!(root.press(&stop, &[]).status, 404, "it is not root's");
        let list = olga.get("/console/reports/list");
        let waits = list.header("weir-busy") == "yes" && list.text.contains(&stop);
        let stopped = waits && olga.press(&stop, &[]).status != 404;
        stopped.then_some((all, stop))
    });
    let last = all.last().unwrap();
    assert_eq!(state(last), "stopped");
    assert_eq!(olga.press(&stop, &[]).status, 404, "there is nothing to be stopped any more");
    until("the others", || all[..4].iter().all(|id| state(id) == "done").then_some(()));
    assert_eq!(state(last), "stopped", "it was made all the same");
    let list = olga.get("/console/reports/list");
    assert_eq!(list.header("weir-busy"), "no");
    assert!(list.text.contains(&format!("/console/reports/{last}/forget")), "{}", list.text);
    assert_eq!(olga.get(&format!("/console/reports/{last}/html")).status, 404);
    // Over the API what is under way is stopped by forgetting it.
    let one = format!("/api/v1/reports/{}", begin());
    assert_eq!(api.call("DELETE", &one, &token, None).status, 204);
    assert_eq!(api.call("GET", &one, &token, None).problem(), "nothing");
}
