//! Limits on what a statement may cost, as the server's planner expects it, before it runs.

use std::{
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};
use testkit::{
    Postgres, Weir,
    weir::{ADMIN, PASSWORD, PERSON, SERVICE},
};
use tests::{
    Stage,
    corpus::Sql,
    talk::{self, Way},
    wire::{Message, Raw},
};

const POLICY: &str = r#"
@id("cheap")
@cost_limit("1000")
@reason("people do not search whole tables")
permit (principal is Person, action in [Action::"select", Action::"update"], resource)
unless { principal in Group::"admins" };

@id("few")
@change_limit("5")
permit (principal is Person, action == Action::"update", resource)
unless { principal in Group::"admins" };

@id("little")
@estimate_limit("2000")
permit (principal is Person, action in [Action::"insert", Action::"delete"], resource)
unless { principal in Group::"admins" };

@id("cheap-without-consent")
@cost_limit("1000")
@approval("dba")
permit (principal is Service, action == Action::"select", resource);
"#;

const TABLES: &str = "
    create table wide (id int primary key, bucket int, note text);
    insert into wide select n, n % 100, repeat('x', 40) from generate_series(1, 100000) n;
    analyze wide;";

fn stage() -> Stage {
    let upstream = Postgres::options().shop().start().unwrap();
    upstream.psql("shop", TABLES).unwrap();
    let mut weir = Weir::options(&upstream).policy("90-costs.cedar", POLICY).prepare().unwrap();
    weir.add("carol", "person", &["--group", "dba"]).unwrap();
    weir.start_again().unwrap();
    Stage { weir, upstream }
}

fn say(raw: &mut Raw, text: &str, values: &[&str], way: Way) -> (char, Option<(String, String)>) {
    let values = values.iter().map(|value| Some((*value).to_owned())).collect();
    let sql = Sql { text: text.to_owned(), values: Some(values), input: Vec::new() };
    let messages = talk::say(raw, &sql, way).unwrap();
    let ready = messages.last().unwrap();
    let field = |error: &Message, wanted| error.field(wanted).unwrap_or_default();
    let error = messages.iter().find(|message| message.tag == b'E');
    (char::from(ready.body[0]), error.map(|error| (field(error, b'C'), field(error, b'M'))))
}

#[test]
fn what_is_too_costly_does_not_run_and_what_is_cheap_does() {
    let stage = stage();
    let mut raw = Raw::sign_in(stage.weir.port(), PERSON, PASSWORD, "shop").unwrap();
    let too_costly = |came: (char, Option<(String, String)>), status: char, what: &str| {
        let (seen, error) = came;
        let (code, message) = error.unwrap_or_else(|| panic!("{what}: it ran"));
        assert_eq!((code.as_str(), seen), ("42501", status), "{what}: {message}");
        assert!(message.contains("policy \"cheap\" permits 1000"), "{what}: {message}");
    };
    for way in Way::ALL {
        for (cheap, costly) in [
            ("select * from wide where id = 7", "select * from wide where bucket = 7"),
            ("select count(*) from wide where id < 50", "select count(*) from wide"),
            ("select 1", "select 1 from wide a join wide b using (bucket) -- all of it"),
            (
                "update wide set note = 'y' where id = 3",
                "update wide set note = 'y' where bucket = 3",
            ),
        ] {
            let what = format!("{way:?}: {costly}");
            assert_eq!(say(&mut raw, cheap, &[], way), ('I', None), "{way:?}: {cheap}");
            too_costly(say(&mut raw, costly, &[], way), 'I', &what);
            assert_eq!(say(&mut raw, "begin", &[], Way::Simple), ('T', None));
            assert_eq!(say(&mut raw, cheap, &[], way), ('T', None), "{way:?}: {cheap}");
            too_costly(say(&mut raw, costly, &[], way), 'E', &what);
            assert_eq!(say(&mut raw, "rollback", &[], Way::Simple), ('I', None));
        }
        // Both limits hold: it is cheap, and changes too much.
        let (_, error) = say(&mut raw, "update wide set note = 'z' where id < 20", &[], way);
        assert!(error.is_some_and(|error| error.1.contains("permits 5")), "{way:?}");
        // What the planner cannot be asked about says so, and the session goes on.
        let (status, error) = say(&mut raw, "select * from wide where id = 1 / 0", &[], way);
        assert!(error.is_some(), "{way:?}");
        assert_eq!(status, 'I');
        assert_eq!(say(&mut raw, "select 1", &[], way), ('I', None));
    }
    // Of how many rows the planner expects it to return or to change, whatever stands above them.
    let few = "delete from wide where id = -7";
    for way in Way::ALL {
        assert_eq!(say(&mut raw, few, &[], way), ('I', None), "{way:?}: {few}");
        for many in [
            "delete from wide where id > 7",
            "with gone as (delete from wide where id > 7 returning 1) select count(*) from gone",
            "insert into wide (id) select a from generate_series(200000, 900000) a limit 50000",
        ] {
            let (_, error) = say(&mut raw, many, &[], way);
            let (code, message) = error.unwrap_or_else(|| panic!("{way:?}: {many}: it ran"));
            assert_eq!(code, "42501", "{way:?}: {many}: {message}");
            assert!(message.contains("rows, and policy \"little\" permits 2000"), "{message}");
        }
    }
    let texts = "select 1; select count(*) from wide";
    let (_, error) = say(&mut raw, texts, &[], Way::Simple);
    assert!(error.is_some_and(|error| error.1.contains("does not estimate")));
    // With values it is their plan that counts.
    for way in [Way::Portions, Way::Binary] {
        let sql = "select * from wide where id < $1::text::int";
        assert_eq!(say(&mut raw, sql, &["50"], way), ('I', None), "{way:?}");
        too_costly(say(&mut raw, sql, &["90000"], way), 'I', &format!("{way:?}: with a value"));
    }
    assert_eq!(stage.rows(ADMIN, "select count(*) from wide").unwrap(), "100000\n");
    assert_eq!(stage.truth("select count(*) from wide where note = 'z'").unwrap(), "0\n");
}

/// Beyond the limit it waits for consent, and then it runs.
#[test]
fn what_costs_more_waits_for_consent() {
    let stage = stage();
    let child = Command::new("psql")
        .args([stage.weir.url(SERVICE, "shop").as_str(), "-XAtc", "select count(*) from wide"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    let hold = loop {
        let listed = stage.weir.run(&["approvals", "list", "--json"]).unwrap().success().unwrap();
        let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
        if let Some(one) = listed.as_array().unwrap().first() {
            break one["request"].as_str().unwrap().to_owned();
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "nothing waits");
        thread::sleep(Duration::from_millis(30));
    };
    let shown = stage.weir.run(&["approvals", "show", &hold]).unwrap().success().unwrap();
    assert!(shown.contains("the server expects a cost of"), "{shown}");
    let say = ["approvals", "approve", &hold, "--as", "carol", "--password-stdin"];
    let said = stage.weir.run_as_somebody(&say).unwrap();
    assert_eq!(said.code, Some(0), "{}", said.all());
    let said = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&said.stdout), "100000\n");
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(said.contains("Weir holds this statement until it is approved"), "{said}");
}

/// Where the server runs what is constant in a statement to say what it costs, the statement does
/// not run by names that mean something else since.
#[test]
fn what_asking_for_a_cost_moves_is_noticed() {
    let stage = stage();
    let secrets = stage.truth("select last_name from customers order by id limit 50").unwrap();
    for text in [
        "create schema mine",
        "create table mine.customers (id int, note text)",
        "insert into mine.customers values (1, 'mine')",
        "create function mine.f() returns text immutable language sql as \
         $$ select set_config('search_path', 'public', false) $$",
    ] {
        stage.rows(ADMIN, text).unwrap();
    }
    let says = |text: &str, way: Way| {
        let mut raw = Raw::sign_in(stage.weir.port(), PERSON, PASSWORD, "shop").unwrap();
        let mut said = String::new();
        for text in ["set search_path = mine", text, text] {
            let sql = Sql { text: text.to_owned(), values: None, input: Vec::new() };
            for message in talk::say(&mut raw, &sql, way).unwrap() {
                said.push_str(&String::from_utf8_lossy(&message.body));
                said.push('\n');
            }
        }
        for secret in secrets.lines() {
            let shown = said.contains(&format!(",{secret},"));
            assert!(!shown, "{way:?}: {text} shows {secret}: {said}");
        }
        said
    };
    for text in [
        "select c::text from customers c where mine.f() = 'public'",
        "delete from customers c where id = 1 and mine.f() = 'public' returning c::text",
    ] {
        let said = says(text, Way::Simple);
        assert!(said.contains("its names mean something else"), "{text}: {said}");
        for way in [Way::Portions, Way::Binary] {
            let said = says(text, way);
            assert!(said.contains("changed since it was bound"), "{way:?}: {text}: {said}");
        }
    }
}
