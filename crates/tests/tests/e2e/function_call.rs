//! The FunctionCall message: a function by its number, past SQL. For those whom policy lets, and
//! then as the SELECT that calls the same function.

use testkit::weir::{ADMIN, AGENT, PASSWORD, PERSON, SERVICE};
use testkit::{Postgres, Weir};
use tests::Stage;
use tests::wire::{Message, Raw, frame};

fn sign_in(stage: &Stage, identity: &str) -> Raw {
    Raw::sign_in(stage.weir.port(), identity, PASSWORD, "shop").unwrap()
}

/// A FunctionCall with arguments in text; the result in text.
fn call(oid: u32, arguments: &[&str]) -> Vec<u8> {
    let mut body = oid.to_be_bytes().to_vec();
    body.extend([0, 0]);
    body.extend(u16::try_from(arguments.len()).unwrap().to_be_bytes());
    for argument in arguments {
        body.extend(u32::try_from(argument.len()).unwrap().to_be_bytes());
        body.extend(argument.as_bytes());
    }
    body.extend([0, 0]);
    frame(b'F', &body)
}

fn answer(raw: &mut Raw, oid: u32, arguments: &[&str]) -> Vec<Message> {
    raw.send(&call(oid, arguments)).unwrap();
    raw.until(b'Z').unwrap()
}

/// The value of the answer; the error's SQLSTATE if it is one.
fn value(raw: &mut Raw, oid: u32, arguments: &[&str]) -> Result<Option<String>, String> {
    let answer = answer(raw, oid, arguments);
    if let Some(error) = answer.iter().find(|message| message.tag == b'E') {
        return Err(format!("{} {}", error.field(b'C').unwrap(), error.field(b'M').unwrap()));
    }
    let result = answer.iter().find(|message| message.tag == b'V').unwrap();
    let (length, bytes) = result.body.split_first_chunk::<4>().unwrap();
    let text = || String::from_utf8(bytes.to_vec()).unwrap();
    Ok((i32::from_be_bytes(*length) >= 0).then(text))
}

fn oid(stage: &Stage, signature: &str) -> u32 {
    let sql = format!("select '{signature}'::regprocedure::oid");
    stage.truth(&sql).unwrap().trim().parse().unwrap()
}

fn recorded(stage: &Stage, text: &str) -> Vec<String> {
    let lines = stage.weir.record(500).unwrap();
    lines.into_iter().filter(|line| line.contains(text)).collect()
}

#[test]
fn admins_call_and_are_recorded() {
    let stage = Stage::shop().unwrap();
    let (reverse, divide) = (oid(&stage, "reverse(text)"), oid(&stage, "int4div(integer,integer)"));
    // Who has full rights waits for no catalog; who has not does. Before it is read a call is
    // recorded by its number, as that of an unknown function is.
    stage.rows(PERSON, "select 1").unwrap();
    let mut raw = sign_in(&stage, ADMIN);
    assert_eq!(value(&mut raw, reverse, &["a secret"]), Ok(Some("terces a".to_owned())));
    assert_eq!(value(&mut raw, divide, &["7", "2"]), Ok(Some("3".to_owned())));
    let failed = value(&mut raw, divide, &["7", "0"]).unwrap_err();
    assert!(failed.starts_with("22012"), "{failed}");
    let unknown = value(&mut raw, 4_000_000_000, &[]).unwrap_err();
    assert!(unknown.starts_with("42883"), "{unknown}");
    // Inside a transaction, and several on their way at once.
    raw.query("begin").unwrap();
    raw.until(b'Z').unwrap();
    let many: Vec<u8> = (0..10).flat_map(|n| call(reverse, &[&format!("n{n}")])).collect();
    raw.send(&many).unwrap();
    for n in 0..10 {
        let answer = raw.until(b'Z').unwrap();
        assert_eq!(answer[0].body.get(4..), Some(format!("{n}n").as_bytes()), "{answer:?}");
    }
    raw.query("commit").unwrap();
    raw.until(b'Z').unwrap();
    let seen = recorded(&stage, "FunctionCall: SELECT \\\"pg_catalog\\\".\\\"reverse\\\"($1");
    assert_eq!(seen.len(), 11, "{seen:?}\nof {:?}", recorded(&stage, "FunctionCall"));
    assert!(!seen.iter().any(|line| line.contains("secret")), "{seen:?}");
    assert_eq!(recorded(&stage, "\\\"int4div\\\"").len(), 2);
    assert_eq!(recorded(&stage, "oid_4000000000").len(), 1);
}

#[test]
fn large_objects_work_as_drivers_use_them() {
    let stage = Stage::shop().unwrap();
    let mut raw = sign_in(&stage, ADMIN);
    raw.query("begin").unwrap();
    raw.until(b'Z').unwrap();
    let created = value(&mut raw, oid(&stage, "lo_creat(integer)"), &["-1"]).unwrap().unwrap();
    let open = oid(&stage, "lo_open(oid,integer)");
    let handle = value(&mut raw, open, &[&created, "393216"]).unwrap().unwrap();
    let write = oid(&stage, "lowrite(integer,bytea)");
    assert_eq!(value(&mut raw, write, &[&handle, "hello"]), Ok(Some("5".to_owned())));
    raw.query("commit").unwrap();
    raw.until(b'Z').unwrap();
    let kept = format!("select convert_from(lo_get({created}), 'UTF8')");
    assert_eq!(stage.truth(&kept).unwrap().trim(), "hello");
}

#[test]
fn nobody_else_calls() {
    let stage = Stage::shop().unwrap();
    let reverse = oid(&stage, "reverse(text)");
    for identity in [PERSON, SERVICE, AGENT] {
        let mut raw = sign_in(&stage, identity);
        let refused = answer(&mut raw, reverse, &["a"]);
        let error = refused.iter().find(|message| message.tag == b'E').unwrap();
        assert_eq!(error.field(b'C').as_deref(), Some("42501"), "{refused:?}");
        assert!(error.field(b'M').unwrap().contains("FunctionCall"), "{refused:?}");
        assert!(error.field(b'H').unwrap().contains("SELECT"), "{refused:?}");
        assert!(!refused.iter().any(|message| message.tag == b'V'), "{refused:?}");
        // The session goes on.
        raw.query("select 1").unwrap();
        assert!(raw.until(b'Z').unwrap().iter().any(|message| message.tag == b'D'));
    }
    let refused = recorded(&stage, "FunctionCall: SELECT");
    assert_eq!(refused.len(), 3, "{refused:?}");
    assert!(refused.iter().all(|line| line.contains("\"deny\"")), "{refused:?}");
}

#[test]
fn whom_policy_lets_call_gets_what_a_select_would_give() {
    let upstream = Postgres::options().shop().start().unwrap();
    let baseline = concat!(env!("CARGO_MANIFEST_DIR"), "/../policy/baseline/10-connect.cedar");
    let text = std::fs::read_to_string(baseline).unwrap();
    let admins = "principal in Group::\"admins\"";
    let wider = format!("{admins} || principal == Person::\"{PERSON}\"");
    let permit = format!(
        "@id(\"alice-calls\")\npermit (principal == Person::\"{PERSON}\", action == \
         Action::\"function_call\", resource);\n"
    );
    let weir = Weir::options(&upstream)
        .policy("10-connect.cedar", &text.replacen(admins, &wider, 1))
        .policy("90-calls.cedar", &permit)
        .start()
        .unwrap();
    let stage = Stage { weir, upstream };
    let mut raw = sign_in(&stage, PERSON);
    let reverse = oid(&stage, "reverse(text)");
    assert_eq!(value(&mut raw, reverse, &["ab"]), Ok(Some("ba".to_owned())));
    let email = stage.truth("select customer_email(1)").unwrap();
    let function = stage.truth("select oid from pg_proc where proname = 'customer_email'").unwrap();
    let function = function.trim().parse().unwrap();
    let select = stage.rows(PERSON, "select customer_email(1)").unwrap();
    let seen = value(&mut raw, function, &["1"]).unwrap().unwrap();
    assert_ne!(email.trim(), seen, "an email leaves raw");
    assert_eq!(select.trim(), seen, "not masked as by SELECT");
    let file = oid(&stage, "pg_read_file(text)");
    let refused = value(&mut raw, file, &["PG_VERSION"]).unwrap_err();
    assert!(refused.starts_with("42501"), "{refused}");
    let unknown = value(&mut raw, 4_000_000_000, &[]).unwrap_err();
    assert!(unknown.contains("does not know the function"), "{unknown}");
}
