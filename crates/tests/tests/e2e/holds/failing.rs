//! Held statements behind something that fails: nobody is asked for what cannot run, no approval is
//! used up by it, and the client hears of the failure at once.

use testkit::weir::{PASSWORD, PERSON};
use tests::{
    Stage,
    hold::{approve, request, requests, stage, stage_with, state},
    wire::{Message, Raw, frame},
};

fn raw(stage: &Stage) -> Raw {
    Raw::sign_in(stage.weir.port(), PERSON, PASSWORD, "shop").unwrap()
}

/// Parse, Bind with these values as text, Execute: of the unnamed statement and portal.
fn run(text: &str, values: &[&str]) -> Vec<u8> {
    let parse = frame(b'P', &[b"\0", text.as_bytes(), b"\0\0\0"].concat());
    let mut bind = b"\0\0\0\0".to_vec();
    bind.extend(u16::try_from(values.len()).unwrap().to_be_bytes());
    for value in values {
        bind.extend(u32::try_from(value.len()).unwrap().to_be_bytes());
        bind.extend(value.as_bytes());
    }
    bind.extend(b"\0\0");
    [parse, frame(b'B', &bind), frame(b'E', &[0; 5])].concat()
}

/// What came up to ReadyForQuery: the tags, and the SQLSTATE of an error among it.
fn heard(raw: &mut Raw) -> (String, String) {
    let said = raw.until(b'Z').unwrap();
    let error = said.iter().find(|message| message.tag == b'E');
    let code = error.and_then(|error: &Message| error.field(b'C')).unwrap_or_default();
    (said.iter().map(|message| char::from(message.tag)).collect(), code)
}

/// A driver that sends all of it in one packet hears of the error, and nobody is asked.
#[test]
fn what_stands_behind_a_failure_asks_nobody() {
    let stage = stage();
    let mut raw = raw(&stage);
    let sync = frame(b'S', b"");
    let delete = "delete from jobs where id = $1";
    let both = |first: &str| [run(first, &[]), run(delete, &["1"]), sync.clone()].concat();
    for (sent, code) in [
        ([run(delete, &["abc"]), sync.clone()].concat(), "22P02"),
        ([run("delete from jobs where id = 'a'", &[]), sync.clone()].concat(), "22P02"),
        (both("select 1/0"), "22012"),
        (both("select 1/(id - 1) from jobs"), "22012"),
    ] {
        raw.send(&sent).unwrap();
        let (tags, got) = heard(&mut raw);
        assert!(!tags.contains('N') && tags.ends_with("EZ"), "{tags}");
        assert_eq!(got, code);
    }
    assert!(requests(&stage, true).is_empty());
    // What goes well before it does not keep it from being asked for.
    raw.send(&both("select 1")).unwrap();
    let hold = request(&stage);
    approve(&stage, &hold, "carol");
    let (tags, _) = heard(&mut raw);
    assert!(tags.contains('N') && tags.ends_with("CZ"), "{tags}");
    assert_eq!(state(&stage, &hold), "used");
}

/// In a transaction that failed the server runs nothing but its end.
#[test]
fn in_a_failed_transaction_nothing_is_asked_for() {
    let stage = stage();
    let mut raw = raw(&stage);
    for (sql, code) in [
        ("begin", ""),
        ("select 1/0", "22012"),
        ("delete from jobs where id = 1", "25P02"),
        ("update jobs set note = 'x' where id = 7", "25P02"),
    ] {
        raw.query(sql).unwrap();
        assert_eq!(heard(&mut raw).1, code, "{sql}");
    }
    assert!(requests(&stage, true).is_empty());
    // Behind the transaction's end it runs, so it waits.
    raw.query("rollback").unwrap();
    assert_eq!(heard(&mut raw).1, "");
    raw.query("begin; delete from jobs where id = 1").unwrap();
    let hold = request(&stage);
    approve(&stage, &hold, "carol");
    assert_eq!(heard(&mut raw), ("NCCZ".to_owned(), String::new()));
    assert_eq!(state(&stage, &hold), "used");
}

/// An approval outlives the failure of what stands before its statement, and serves one run behind.
#[test]
fn what_does_not_run_uses_up_no_approval() {
    let stage = stage();
    let sql = "update jobs set note = 'x' where id = 7";
    let mut raw = raw(&stage);
    let sync = frame(b'S', b"");
    let alone = [run(sql, &[]), sync.clone()].concat();
    raw.send(&alone).unwrap();
    assert_eq!(heard(&mut raw).1, "42501");
    let hold = request(&stage);
    approve(&stage, &hold, "dave");
    approve(&stage, &hold, "erin");
    for _ in 0..3 {
        raw.send(&[run("select 1/0", &[]), run(sql, &[]), sync.clone()].concat()).unwrap();
        assert_eq!(heard(&mut raw).1, "22012");
        raw.query("begin; select 1/0").unwrap();
        assert_eq!(heard(&mut raw).1, "22012");
        raw.query(sql).unwrap();
        assert_eq!(heard(&mut raw).1, "25P02");
        raw.query("rollback").unwrap();
        heard(&mut raw);
        assert_eq!(state(&stage, &hold), "approved");
    }
    raw.send(&alone).unwrap();
    assert_eq!(heard(&mut raw), ("12CZ".to_owned(), String::new()));
    assert_eq!(state(&stage, &hold), "used");
    raw.send(&alone).unwrap();
    assert_eq!(heard(&mut raw).1, "42501", "one approval, one run");
}

/// What no approval would let run is refused before anybody is asked.
#[test]
fn what_is_refused_anyhow_asks_nobody() {
    let limits = "@id(\"few\")\n@change_limit(\"10\")\n\
                  permit (principal is Person, action == Action::\"delete\", resource);\n\
                  @id(\"cheap\")\n@cost_limit(\"100000\")\n\
                  permit (principal is Person, action == Action::\"update\", resource);\n\
                  @id(\"seldom\")\n@look_ups(\"1\")\n\
                  permit (principal is Person, action == Action::\"look_up\", resource);\n";
    let stage = stage_with(|options| options.policy("91-limits.cedar", limits));
    let mut raw = raw(&stage);
    for (sql, why) in [
        ("delete from jobs where id = 1; prepare later as select 1", "which no rollback undoes"),
        ("update jobs set note = 'x' where id = 7; select 1", "does not estimate that"),
        ("delete from customers where email in ('a@b.example', 'c@d.example')", "may look up 1"),
    ] {
        raw.query(sql).unwrap();
        let said = raw.until(b'Z').unwrap();
        let error = said.iter().find(|message| message.tag == b'E').unwrap();
        assert!(error.field(b'M').unwrap().contains(why), "{error:?}");
    }
    assert!(requests(&stage, true).is_empty());
}
