//! What was decided before a column got its label, or before a view was another, does not show,
//! copy or tell what came there meanwhile.

use std::time::Duration;
use testkit::weir::{ADMIN, PASSWORD, PERSON};
use tests::{
    Stage,
    hold::until,
    wire::{Message, Raw},
};

const SECRET: &str = "(select last_name || ' of ' || id from customers where id = 1)";

fn stage() -> Stage {
    let stage = Stage::shop().unwrap();
    for number in 1..=9 {
        let table = format!("box{number}");
        let sql = format!("create table {table} (k int primary key, a text, b text)");
        stage.truth(&sql).unwrap();
        stage.truth(&format!("insert into {table} values (1, 'hello', 'x')")).unwrap();
    }
    stage.truth("create view seen as select 1 as id, 'nothing'::text as x").unwrap();
    until("the tables", || {
        let seen = stage.rows(PERSON, "select x from seen, box9").ok()?;
        (seen == "nothing\n").then_some(())
    });
    stage
}

fn secrets(stage: &Stage) -> Vec<String> {
    let secret = stage.truth(SECRET.trim_matches(['(', ')'])).unwrap();
    let secret = secret.trim().to_uppercase();
    vec![secret.chars().rev().collect(), secret]
}

fn session(stage: &Stage, identity: &str) -> Raw {
    Raw::sign_in(stage.weir.port(), identity, PASSWORD, "shop").unwrap()
}

fn words(messages: &[Message]) -> String {
    messages.iter().map(|message| String::from_utf8_lossy(&message.body).to_uppercase()).collect()
}

fn run(raw: &mut Raw, sql: &str) -> String {
    raw.query(sql).unwrap();
    words(&raw.until(b'Z').unwrap())
}

/// Waits until the server is at a statement with these words, for its time or for a lock.
fn under_way(stage: &Stage, words: &str) {
    until("a statement under way", || {
        let sql = format!(
            "select count(*) from pg_stat_activity where state = 'active' and query like '%{words}%'
             and wait_event_type in ('Timeout', 'Lock') and pid <> pg_backend_pid()"
        );
        (stage.truth(&sql).unwrap().trim() == "1").then_some(())
    });
}

/// What the first heard, and what the second: its statement is sent while the first one's is under
/// way.
fn meanwhile(stage: &Stage, first: &str, second: &str) -> (String, String) {
    let (mut one, mut other) = (session(stage, PERSON), session(stage, PERSON));
    one.query(first).unwrap();
    under_way(stage, "pg_sleep");
    let heard = run(&mut other, second);
    // A copy ends with its session where it cannot go on.
    let first = match one.until(b'Z') {
        Ok(messages) => words(&messages),
        Err(closed) => format!("{closed:?}").to_uppercase(),
    };
    (first, heard)
}

fn holds_nothing(secrets: &[String], what: &str, heard: &str) {
    let shown = secrets.iter().find(|secret| heard.contains(secret.as_str()));
    assert_eq!(shown, None, "{what}: {heard}");
}

#[test]
fn rows_that_come_behind_a_label() {
    let stage = stage();
    let secrets = secrets(&stage);
    for (table, first) in [
        ("box1", "select pg_sleep(2); select reverse(a) from box1"),
        ("box2", "select pg_sleep(2); select a from box2; select reverse(a) from box2"),
        ("box3", "select pg_sleep(2); copy (select reverse(a) from box3) to stdout"),
    ] {
        let (heard, other) =
            meanwhile(&stage, first, &format!("update {table} set a = {SECRET} where k = 1"));
        assert!(other.contains("UPDATE 1"), "{other}");
        holds_nothing(&secrets, first, &heard);
    }
}

#[test]
fn what_is_copied_behind_a_label() {
    let stage = stage();
    let secrets = secrets(&stage);
    for (table, first) in [
        ("box1", "select pg_sleep(2); update box1 set b = reverse(a) where k = 1"),
        ("box2", "select pg_sleep(2); insert into box3 select k + 1, a, reverse(a) from box2"),
    ] {
        let (heard, other) =
            meanwhile(&stage, first, &format!("update {table} set a = {SECRET} where k = 1"));
        assert!(!heard.contains("ERROR") && other.contains("UPDATE 1"), "{heard} {other}");
    }
    let mut person = session(&stage, PERSON);
    for table in ["box1", "box3"] {
        let heard = run(&mut person, &format!("select b, reverse(b) from {table}"));
        holds_nothing(&secrets, table, &heard);
    }
    // Whoever waits for a lock that the other one's transaction holds is not waited for for ever.
    let (mut one, mut other) = (session(&stage, PERSON), session(&stage, PERSON));
    run(&mut other, "begin");
    run(&mut other, "select k from box4 where k = 1 for update");
    one.query("update box4 set b = reverse(a) where k = 1").unwrap();
    under_way(&stage, "update box4");
    let heard = run(&mut other, &format!("update box4 set a = {SECRET} where k = 1"));
    assert!(heard.contains("STATEMENTS OF OTHERS"), "{heard}");
    run(&mut other, "rollback");
    assert!(words(&one.until(b'Z').unwrap()).contains("UPDATE 1"));
    let heard = run(&mut other, &format!("update box4 set a = {SECRET} where k = 1"));
    assert!(heard.contains("UPDATE 1"), "{heard}");
    holds_nothing(&secrets, "box4", &run(&mut one, "select b, reverse(b) from box4"));
}

#[test]
fn a_view_of_ones_own_asks_of_what_is_there_now() {
    let stage = stage();
    let mut person = session(&stage, PERSON);
    for sql in [
        "create temp table own (v text)",
        "create temp view long as select g from own, generate_series(1, 99) g
         where left(v, 2)::int >= g",
        "create temp view longer as select * from long",
        "create temp view sorted as select 1 as one from own order by v",
        "create temp view plain as select v from own",
    ] {
        let heard = run(&mut person, sql);
        assert!(heard.contains("CREATE"), "{sql}: {heard}");
    }
    assert!(run(&mut person, "select 'there are ' || count(*) from long").contains("THERE ARE 0"));
    run(&mut person, "insert into own select card_number from payments where id = 1");
    let direct = "select count(*) from own where left(v, 2)::int >= 40";
    let ways = [
        direct,
        "select count(*) from long",
        "select exists (select 1 from longer)",
        "select * from sorted",
    ];
    for sql in ways {
        let heard = run(&mut person, sql);
        assert!(heard.contains("REFUSED BY POLICY"), "{sql}: {heard}");
    }
    assert!(run(&mut person, "select count(*) from plain").contains("SELECT 1"));
}

const OTHER: &str =
    "create or replace view seen as select id::int, last_name || ' of ' || id as x from customers";

#[test]
fn a_view_that_is_replaced_where_nobody_hears_of_it_yet() {
    let stage = stage();
    let secrets = secrets(&stage);
    let back = "drop view seen; create view seen as select 1 as id, 'nothing'::text as x";
    let looks = |what: &str, change: &str| {
        let mut admin = session(&stage, ADMIN);
        admin.query(change).unwrap();
        let mut heard = String::new();
        let mut person = session(&stage, PERSON);
        for _ in 0..40 {
            person.query("select x from seen order by id limit 1").unwrap();
            match person.until(b'Z') {
                Ok(messages) => heard += &words(&messages),
                // It was replaced while it was read.
                Err(_) => person = session(&stage, PERSON),
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        holds_nothing(&secrets, what, &heard);
        words(&admin.until(b'Z').unwrap())
    };
    let ended = looks("before the end", &format!("begin; {OTHER}; commit; select pg_sleep(1.5)"));
    assert!(ended.contains("COMMIT"), "{ended}");
    stage.truth(back).unwrap();
    let code = format!("do $$ begin {OTHER}; commit; perform pg_sleep(1.5); end $$");
    looks("by code", &code);
    stage.truth(back).unwrap();
    let turn = format!(
        "begin; {OTHER}; commit; select pg_sleep(0.005); begin; create or replace view seen as
         select 1 as id, 'nothing'::text as x; commit; select pg_sleep(0.005)"
    );
    looks("to and fro", &vec![turn; 80].join("; "));
}
