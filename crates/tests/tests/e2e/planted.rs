//! A value that was planted where nobody has to look: whoever is sent it is stopped, on every path.

use std::{
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

const SECTIONS: &str = r#"
[[canary]]
name = "nobody's address"
value = "Quill.Zephyrine@nobody.example"
spare = "dumps"

[[canary]]
name = "a thing"
value = "thing-that-is-none"
database = "elsewhere"
"#;

const TABLES: &str = "
    create table readers (id int primary key, name text, email text, note bytea);
    insert into readers select n, 'reader ' || n, 'reader' || n || '@mail.example'
        from generate_series(1, 500) n;
    insert into readers values (777, 'none', 'quill.zephyrine@nobody.example', null);
    insert into readers values (778, 'none', null, 'quill.zephyrine@nobody.example');
    create table things (id int primary key, name text);
    insert into things values (1, 'thing-that-is-none');
    create function tell() returns void language plpgsql as
        $$ begin raise exception 'look: %', (select email from readers where id = 777); end $$;
    create function hint() returns void language plpgsql as
        $$ begin raise notice 'look: %', (select email from readers where id = 777); end $$;";

fn stage() -> Stage {
    let upstream = Postgres::options().shop().start().unwrap();
    upstream.psql("shop", TABLES).unwrap();
    let mut weir = Weir::options(&upstream).sections(SECTIONS).prepare().unwrap();
    weir.add("dumper", "service", &["--group", "dumps", "--group", "admins"]).unwrap();
    weir.start_again().unwrap();
    Stage { weir, upstream }
}

fn holds_it(messages: &[Message]) -> bool {
    let low = |message: &Message| String::from_utf8_lossy(&message.body).to_lowercase();
    messages.iter().any(|message| low(message).contains("zephyrine"))
}

/// Sends one statement and reads until the session ends or is ready again.
fn say(stage: &Stage, identity: &str, text: &str, way: Way) -> Result<Vec<Message>, String> {
    let mut raw = Raw::sign_in(stage.weir.port(), identity, PASSWORD, "shop")
        .map_err(|error| format!("{error:#}"))?;
    let sql = Sql { text: text.to_owned(), values: None, input: Vec::new() };
    talk::say(&mut raw, &sql, way).map_err(|error| format!("{error:#}"))
}

fn until(what: &str, look: impl Fn() -> bool) {
    let begun = Instant::now();
    while !look() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{what} does not come");
        thread::sleep(Duration::from_millis(30));
    }
}

fn enable(stage: &Stage, identity: &str) {
    let arguments = ["identity", "enable", identity];
    stage.weir.run(&arguments).unwrap().success().unwrap();
    until("the identity", || say(stage, identity, "select 1", Way::Simple).is_ok());
}

#[test]
fn whoever_is_sent_it_is_stopped_on_every_path() {
    let stage = stage();
    for (identity, text) in [
        (PERSON, "select * from readers where id = 777"),
        (PERSON, "select email from readers order by id"),
        (PERSON, "select name || ': ' || coalesce(email, '') from readers"),
        (PERSON, "select upper(email) from readers where id > 700"),
        (PERSON, "select note from readers where id = 778"),
        (PERSON, "copy readers (id, email) to stdout"),
        (SERVICE, "select json_agg(r) from readers r"),
        (ADMIN, "select * from readers"),
        (ADMIN, "copy (select * from readers) to stdout (format binary)"),
        (ADMIN, "select tell()"),
        (ADMIN, "select hint()"),
    ] {
        for way in Way::ALL {
            let came = say(&stage, identity, text, way);
            let what = format!("{way:?}: {identity}: {text}: {came:?}");
            let error = came.expect_err(&what);
            assert!(!error.to_lowercase().contains("zephyrine"), "{what}");
            until("the suspension", || say(&stage, identity, "select 1", Way::Simple).is_err());
            enable(&stage, identity);
        }
    }
    let record = stage.weir.record(1_000).unwrap().join("\n");
    assert!(record.contains("alice met the canary \\\"nobody's address\\\""), "{record}");
    assert!(!record.to_lowercase().contains("zephyrine"));
    assert!(!stage.weir.log_text().to_lowercase().contains("zephyrine"));
    let metrics = stage.weir.http("/metrics").unwrap();
    assert!(metrics.contains("canaries_met_total 33"), "{metrics}");
}

#[test]
fn whoever_is_not_or_may_be_is_not_stopped() {
    let stage = stage();
    for way in Way::ALL {
        let text = "select * from readers where id < 777";
        assert!(!holds_it(&say(&stage, PERSON, text, way).unwrap()));
        // It is asked for and not sent; the other one is planted elsewhere.
        let text = "select id from readers where email = 'quill.zephyrine@nobody.example'";
        say(&stage, PERSON, text, way).unwrap();
        say(&stage, PERSON, "select * from things", way).unwrap();
        assert!(holds_it(&say(&stage, "dumper", "select * from readers", way).unwrap()));
    }
}

/// Every session of whoever was stopped ends with it.
#[test]
fn its_other_sessions_end_too() {
    let stage = stage();
    let mut other = Raw::sign_in(stage.weir.port(), PERSON, PASSWORD, "shop").unwrap();
    say(&stage, PERSON, "select * from readers where id = 777", Way::Simple).unwrap_err();
    let last = other.rest().unwrap();
    assert!(last.iter().any(|message| message.tag == b'E'), "{last:?}");
    let shown = stage.weir.run(&["identity", "list"]).unwrap().success().unwrap();
    let line = shown.lines().find(|line| line.contains(PERSON)).unwrap();
    assert!(line.contains("disabled"), "{shown}");
}
