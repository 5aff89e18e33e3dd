//! The record says who did what and why it was allowed, and never holds a value.

use testkit::weir::{ADMIN, AGENT, PERSON};
use tests::Stage;

#[test]
fn statements_refusals_and_sessions_are_told() {
    let stage = Stage::shop().unwrap();
    stage
        .rows(PERSON, "select email from customers where email = 'secret@needle.example'")
        .unwrap();
    let _ = stage.weir.psql(PERSON, "shop", "drop table customers").unwrap();
    stage.rows(AGENT, "select count(*) from orders where order_no = 'needle-2'").unwrap();
    stage.rows(ADMIN, "select phone from customers where id = 1").unwrap();
    let _ = stage.weir.psql(PERSON, "shop", "select 'needle-3' from nowhere").unwrap();
    let record = stage.weir.record(1000).unwrap();
    let find = |words: &[&str]| {
        let found = record.iter().find(|line| words.iter().all(|word| line.contains(word)));
        found.unwrap_or_else(|| panic!("no entry with {words:?} in\n{}", record.join("\n")))
    };
    find(&["\"identity\":\"alice\"", "select email from customers", "\"type\":\"statement\""]);
    find(&[
        "\"identity\":\"alice\"",
        "drop table customers",
        "\"verdict\":\"deny\"",
        "destructive",
    ]);
    find(&["\"identity\":\"alice/copilot\"", "from orders"]);
    let raw = find(&["\"identity\":\"root\"", "select phone from customers"]);
    assert!(raw.contains("\"raw\":[\"phone\"]"), "{raw}");
    find(&["\"sqlstate\":\"42P01\"", "nowhere"]);
    find(&["\"type\":\"session_opened\"", "scram-sha-256"]);
    // Neither what is read nor what is printed holds a literal.
    for line in &record {
        assert!(!line.contains("needle"), "{line}");
    }
    let files = std::fs::read_dir(stage.weir.ledger()).unwrap();
    let mut bytes = 0;
    for file in files.flatten().filter(|entry| entry.path().is_file()) {
        let content = std::fs::read(file.path()).unwrap();
        bytes += content.len();
        assert!(!content.windows(6).any(|window| window == b"needle"), "{:?}", file.path());
    }
    assert!(bytes > 1000, "the ledger is elsewhere");
    let log = std::fs::read_to_string(stage.weir.folder().join("weir.log")).unwrap();
    assert!(!log.contains("needle"), "{log}");
}

#[test]
fn one_statement_is_shown_with_its_facts() {
    let stage = Stage::shop().unwrap();
    stage.rows(PERSON, "select email, phone from customers where id = 7").unwrap();
    let record = stage.weir.record(100).unwrap();
    let line = record.iter().find(|line| line.contains("select email, phone")).unwrap();
    let id = testkit::weir::field(line, "statement").unwrap();
    let shown = stage.weir.run(&["audit", "show", id]).unwrap().success().unwrap();
    for word in ["alice", "email", "phone", "masked", "baseline-people-read"] {
        assert!(shown.contains(word), "no {word} in\n{shown}");
    }
}

#[test]
fn a_changed_byte_is_found() {
    let mut stage = Stage::shop().unwrap();
    for id in 1..20 {
        stage.rows(PERSON, &format!("select country from customers where id = {id}")).unwrap();
    }
    stage.weir.stop().unwrap();
    let whole = stage.weir.run(&["audit", "verify"]).unwrap();
    assert_eq!(whole.code, Some(0), "{whole}");
    let mut files: Vec<_> = std::fs::read_dir(stage.weir.ledger())
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| std::fs::read(path).is_ok_and(|content| content.len() > 2000))
        .collect();
    files.sort();
    let file = files.first().expect("no ledger file");
    let mut content = std::fs::read(file).unwrap();
    let at = content.windows(5).position(|window| window == b"alice").unwrap();
    content[at] = b'b';
    std::fs::write(file, content).unwrap();
    let changed = stage.weir.run(&["audit", "verify"]).unwrap();
    assert_eq!(changed.code, Some(3), "{changed}");
}
