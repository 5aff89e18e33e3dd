//! Asking the record: a question is completed, answered, drawn, exported, kept; and is a record
//! itself, which only those see who may read it.

use testkit::weir::{ADMIN, AGENT, PERSON};
use tests::{
    browser::Browser,
    console::{APPROVER, AUDITOR, VIEWER, Visitor, sign_in, stage},
    hold::until,
};

/// The path of a question.
fn path(question: &str, more: &str) -> String {
    let escaped: String = question.bytes().map(|byte| format!("%{byte:02X}")).collect();
    format!("/console/ask?q={escaped}{more}")
}

#[test]
fn a_record_is_found_by_asking() {
    let stage = stage();
    stage.rows(PERSON, "select first_name, email from customers limit 3").unwrap();
    stage.rows(ADMIN, "select email from customers limit 2").unwrap();
    drop(stage.weir.psql(PERSON, "shop", "drop table customers").unwrap());
    drop(stage.weir.psql(AGENT, "shop", "select count(*) from orders").unwrap());
    let browser = Browser::start().unwrap();
    sign_in(&browser, &stage.weir, AUDITOR).unwrap();
    let (base, _) = stage.weir.api().unwrap();
    until("the index", || {
        browser.go(&format!("{base}{}", path("kind:agent", ""))).unwrap();
        browser.text("main").unwrap().contains("count(*)").then_some(())
    });
    // The box completes what is written: words with what they mean, and values of the record.
    browser.go(&format!("{base}/console/ask")).unwrap();
    let offers = "return [...document.querySelectorAll('#goes-on option')].map((o) => o.value)";
    let offered = |wanted: &str| {
        until(wanted, || {
            let offers = browser.script(offers).unwrap();
            offers.as_array()?.iter().any(|one| one == wanted).then_some(())
        });
    };
    browser.write("#q", "disc").unwrap();
    offered("disclosure:");
    browser.write("#q", "losure:raw label:em").unwrap();
    offered("disclosure:raw label:email");
    browser.write("#q", "ail").unwrap();
    browser.press("#ask button").unwrap();
    browser.sees("One statement");
    let row = browser.text("#rows tr").unwrap();
    assert!(row.contains(ADMIN) && row.contains("email") && !row.contains(PERSON), "{row}");
    assert!(browser.has(".bars svg[aria-label^='Statements by day']"));
    // It is opened, and kept under a name.
    browser.write("#name", "raw mails").unwrap();
    browser.press("form[action$=save] button").unwrap();
    browser.sees("among yours now");
    browser.press("section[aria-labelledby=saved] li a").unwrap();
    browser.sees("One statement");
    browser.press("#rows tr a").unwrap();
    browser.sees("What was asked");
    // What is refused is found too, and what is no question is told.
    browser.go(&format!("{base}{}", path("state:refused", ""))).unwrap();
    browser.sees("drop table customers");
    browser.go(&format!("{base}{}", path("who:alice", ""))).unwrap();
    browser.sees("there is no word \"who\"");
    browser.go(&format!("{base}{}", path("relation:customers", "&by=identity"))).unwrap();
    browser.sees("Counts by identity");
    assert!(browser.text("tbody").unwrap().contains(PERSON));
    assert_eq!(browser.complaints().unwrap(), Vec::<String>::new());
    until("the record of the asking", || {
        let record = stage.weir.record(200).unwrap().join("\n");
        record.contains("search disclosure:raw label:email by the console").then_some(())
    });
}

#[test]
fn an_answer_is_paged_and_exported_whole() {
    let stage = stage();
    let many: String = (0..60).map(|at| format!("select {at} + id from orders limit 1;")).collect();
    stage.weir.psql(PERSON, "shop", &many).unwrap();
    let olga = Visitor::signed_in(&stage.weir, AUDITOR);
    let question = "relation:orders";
    let rows = |page: &str| page.matches("<tr id=\"s-").count();
    let first = until("all in the index", || {
        let page = olga.get(&path(question, "")).text;
        (rows(&page) == 50).then_some(page)
    });
    let (_, rest) = first.split_once("&amp;before=").unwrap();
    let before = rest.split('"').next().unwrap();
    let file = until("all of them", || {
        let file = olga.get(&path(question, "&form=csv").replace("/ask?", "/ask/export?"));
        (file.text.lines().count() == 61).then_some(file)
    });
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"weir-answer.csv\"");
    assert!(file.text.starts_with("sequence,time,identity,"));
    assert_eq!(file.header("content-length"), "", "it leaves while it is made");
    let second = olga.get(&path(question, &format!("&before={before}"))).text;
    let ids = |page: &str| -> Vec<String> {
        let all = page.split("<tr id=\"s-").skip(1);
        all.map(|part| part.split('"').next().unwrap().to_owned()).collect()
    };
    let both = [ids(&first), ids(&second)].concat();
    assert_eq!(both.len(), 60);
    for id in &both {
        assert_eq!(both.iter().filter(|one| *one == id).count(), 1);
        assert!(file.text.contains(id.as_str()), "{id}");
    }
    let lines = olga.get(&path(question, "&form=json").replace("/ask?", "/ask/export?"));
    assert!(lines.text.lines().all(|line| line.starts_with('{')), "{lines:?}");
    until("the record of the export", || {
        let record = stage.weir.record(300).unwrap().join("\n");
        record.contains("search relation:orders as csv by the console").then_some(())
    });
}

#[test]
fn only_who_may_read_the_record_asks_it_and_questions_are_ones_own() {
    let stage = stage();
    let files = ["/console/ask", "/console/ask?q=", "/console/ask/suggest?q=identity:"];
    for who in [VIEWER, APPROVER] {
        let visitor = Visitor::signed_in(&stage.weir, who);
        for path in files.into_iter().chain(["/console/ask/export?q=&form=csv"]) {
            assert_eq!(visitor.get(path).status, 403, "{who} {path}");
        }
    }
    let form = [("q", "kind:agent"), ("name", "agents")];
    let carol = Visitor::signed_in(&stage.weir, APPROVER);
    assert_eq!(carol.press("/console/ask/save", &form).status, 403);
    let (olga, root) =
        (Visitor::signed_in(&stage.weir, AUDITOR), Visitor::signed_in(&stage.weir, ADMIN));
    let csrf = root.csrf();
    let own = format!("Origin: {}", root.url());
    assert_eq!(root.post("/console/ask/save", &form, &[&own]).status, 403, "without the word");
    let whole = [form.as_slice(), &[("csrf", csrf.as_str())]].concat();
    let said = root.post("/console/ask/save", &whole, &[&own]);
    assert_eq!(said.header("location"), "/console/ask?said=saved");
    assert!(root.get("/console/ask").text.contains(">agents</a>"));
    let page = olga.get("/console/ask").text;
    assert!(!page.contains(">agents</a>"), "{page}");
    // Nobody forgets another's question, and nothing that is no question is kept.
    let olgas = page.split_once("name=\"csrf\" value=\"").unwrap().1.split('"').next().unwrap();
    let forget = [("name", "agents"), ("csrf", olgas)];
    assert_eq!(olga.post("/console/ask/forget", &forget, &[&own]).status, 404);
    let wrong = [("name", "x"), ("q", "who:x"), ("csrf", olgas)];
    let said = olga.post("/console/ask/save", &wrong, &[&own]);
    assert_eq!(said.header("location"), "/console/ask?said=wrong");
    let forget = [("name", "agents"), ("csrf", csrf.as_str())];
    let said = root.post("/console/ask/forget", &forget, &[&own]);
    assert_eq!(said.header("location"), "/console/ask?said=forgotten");
    // What does not fit together is no error of the server's.
    for path in [
        path("identity:a", "&before=x"),
        path("", "&by=nothing"),
        path("since:9999999d", ""),
        path("session:x state:open", "&by=day"),
        path(&"x".repeat(2_001), ""),
        path("text:\"*\" \"", ""),
        path("text:*", ""),
        path("-", ""),
    ] {
        let answer = root.get(&path);
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
    }
}
