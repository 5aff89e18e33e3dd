//! The record says who did what and why it was allowed, and never holds a value.

use std::path::Path;
use testkit::Postgres;
use testkit::weir::{ADMIN, AGENT, PERSON, Weir};
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
    // What came of the last statement is written a moment after its client was answered.
    let mut record = stage.weir.record(1000).unwrap();
    for _ in 0..100 {
        if record.iter().any(|line| line.contains("42P01")) {
            break;
        }
        record = stage.weir.record(1000).unwrap();
    }
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
fn of_a_refusal_the_short_of_it_comes_first() {
    let stage = Stage::shop().unwrap();
    let _ = stage.weir.psql(PERSON, "shop", "drop table customers").unwrap();
    let record = stage.weir.record(100).unwrap();
    let line = record.iter().find(|line| line.contains("drop table")).unwrap();
    let id = testkit::weir::field(line, "statement").unwrap();
    let shown = stage.weir.run(&["audit", "show", id]).unwrap().success().unwrap();
    let lines: Vec<&str> = shown.lines().map(str::trim).collect();
    let begins = [
        "refused ",
        "time: ",
        "who: person alice on shop",
        "text: drop table customers",
        "verdict: deny",
        "reason: drop on public.customers",
    ];
    for (line, begin) in lines.iter().zip(begins) {
        assert!(line.starts_with(begin), "{begin:?} in\n{shown}");
    }
    assert!(lines.len() < 12 && !shown.contains("basis"), "{shown}");
    let full = stage.weir.run(&["audit", "show", id, "--full"]).unwrap().success().unwrap();
    assert!(full.starts_with(lines[0]) && full.contains("basis"), "{full}");
    // Whoever proves it is told what else it takes.
    let proof = tests::hold::until("the checkpoint", || {
        let proof = stage.weir.run(&["audit", "proof", id]).unwrap();
        (proof.code == Some(0)).then_some(proof)
    });
    assert!(proof.stdout.contains("tlog-proof") && proof.stderr.contains("--entry FILE"));
    let entry = stage.weir.folder().join("entry.json");
    let proof = ["audit", "proof", id, "--entry", entry.to_str().unwrap()];
    assert_eq!(stage.weir.run(&proof).unwrap().stderr, "");
}

#[test]
fn a_kept_text_is_read_until_its_key_is_destroyed() {
    let upstream = Postgres::options().shop().start().unwrap();
    let keep = "@id(\"keep-people\") @keep(\"text\")\n\
         permit (principal is Person, action in Action::\"read\", resource);";
    let weir = Weir::options(&upstream).policy("60-keep.cedar", keep).start().unwrap();
    let stage = Stage { weir, upstream };
    let sql = "select country from customers where country = 'needle-4'";
    stage.rows(PERSON, sql).unwrap();
    let record = stage.weir.record(1000).unwrap();
    let line = record.iter().rev().find(|line| line.contains("country = ")).unwrap();
    let id = testkit::weir::field(line, "statement").unwrap().to_owned();
    let shown = stage.weir.run(&["audit", "show", &id, "--text"]).unwrap().success().unwrap();
    assert!(shown.contains(&format!("as it came: {sql}")), "{shown}");
    let plain = stage.weir.run(&["audit", "show", &id]).unwrap().success().unwrap();
    assert!(plain.contains("kept:") && !plain.contains("needle"), "{plain}");
    for file in std::fs::read_dir(stage.weir.ledger()).unwrap().flatten() {
        let content = std::fs::read(file.path()).unwrap_or_default();
        assert!(!content.windows(6).any(|window| window == b"needle"), "{:?}", file.path());
    }
    let forget = ["audit", "forget", "--identity", "alice"];
    let forgotten = stage.weir.run(&forget).unwrap().success().unwrap();
    assert!(forgotten.contains("1 keys destroyed"), "{forgotten}");
    let shown = stage.weir.run(&["audit", "show", &id, "--text"]).unwrap().success().unwrap();
    assert!(shown.contains("its key was destroyed") && !shown.contains("needle"), "{shown}");
    let verified = stage.weir.run(&["audit", "verify"]).unwrap().success().unwrap();
    assert!(verified.contains("Nothing is damaged"), "{verified}");
    let (ledger, key) = (stage.weir.ledger(), stage.weir.ledger().join("ledger.pub"));
    let arguments = [&*ledger, Path::new("--key"), &key];
    let verified = tests::client::python("../../../docs/verify_ledger.py", &arguments).unwrap();
    assert!(verified.contains("Nothing is damaged"), "{verified}");
    // Both the reading and the forgetting are records.
    let record = (0..200).find_map(|_| {
        let record = stage.weir.record(1000).unwrap().join("\n");
        record.contains("kept texts of alice are forgotten").then_some(record)
    });
    let record = record.expect("forgetting is not in the record");
    assert!(record.contains(&format!("read the record: show {id} with its text")), "{record}");
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
