//! A label follows a value into whatever column it is written to: for the writer and for everybody
//! else, from the first moment, in the record, and over a restart.

use std::time::{Duration, Instant};
use testkit::weir::{ADMIN, PASSWORD, PERSON, SERVICE};
use testkit::{Postgres, Weir};
use tests::Stage;
use tests::wire::{Message, Raw};

/// A person in group `developers`.
const DEVELOPER: &str = "dora";

/// A table whose columns' names and values tell nothing, so that only what is carried there masks
/// what stands in it.
const TABLES: &str = "create table box (k int primary key, a text, b text, c text, n numeric); \
     create table shelf (k int primary key, a text, b text); \
     insert into box select g from generate_series(1, 20) g";

fn stage() -> Stage {
    let stage = Stage::shop().unwrap();
    stage.truth(TABLES).unwrap();
    stage.weir.add(DEVELOPER, "person", &["--group", "developers"]).unwrap();
    // Weir has read the tables once it answers for them.
    let end = Instant::now() + Duration::from_secs(20);
    while stage.rows(PERSON, "select k from box where k = 1").ok().as_deref() != Some("1\n") {
        assert!(Instant::now() < end, "the tables are not seen");
        std::thread::sleep(Duration::from_millis(100));
    }
    stage
}

fn secrets(stage: &Stage) -> Vec<String> {
    let sql = "select last_name, first_name from customers where id <= 20";
    let text = stage.truth(sql).unwrap();
    let all = text.lines().flat_map(|line| line.split('|'));
    all.filter(|value| value.len() > 5).map(str::to_uppercase).collect()
}

fn session(stage: &Stage, identity: &str) -> Raw {
    Raw::sign_in(stage.weir.port(), identity, PASSWORD, "shop").unwrap()
}

fn run(raw: &mut Raw, sql: &str) -> Vec<Message> {
    raw.query(sql).unwrap();
    raw.until(b'Z').unwrap()
}

fn text(messages: &[Message]) -> String {
    messages.iter().map(|message| String::from_utf8_lossy(&message.body).to_uppercase()).collect()
}

fn error(messages: &[Message]) -> Option<String> {
    messages.iter().find(|message| message.tag == b'E').and_then(|message| message.field(b'M'))
}

/// Whoever writes, what they write, and where it can be read then.
const WRITES: &[(&str, &str, &str)] = &[
    (
        PERSON,
        "update box set a = c.last_name from customers c where c.id = box.k",
        "select a, upper(a) from box",
    ),
    (
        SERVICE,
        "update box set a = (select upper(last_name) from customers c where c.id = box.k) where k < 20",
        "select a from box",
    ),
    (
        PERSON,
        "insert into shelf select id, last_name, country from customers where id <= 20",
        "select reverse(reverse(a)) from shelf",
    ),
    (
        PERSON,
        "insert into shelf (k, b) select id, first_name from customers where id <= 20 on conflict (k) do update set a = excluded.b",
        "select a, b from shelf",
    ),
    (
        PERSON,
        "merge into shelf using customers c on c.id = shelf.k when matched then update set a = c.last_name when not matched and c.id <= 20 then insert (k, a) values (c.id, c.last_name)",
        "select a || '' from shelf",
    ),
    (
        PERSON,
        "with w as (insert into shelf select id, last_name from customers where id <= 20 returning a) select upper(a) from w",
        "select upper(a) from shelf",
    ),
    (
        PERSON,
        "with w as (update box set a = c.last_name from customers c where c.id = box.k returning k) select count(*) from w",
        "select max(a), min(a) from box",
    ),
    (
        ADMIN,
        "update box set c = c.last_name from customers c where c.id = box.k",
        "select c, c || '' from box",
    ),
    (
        ADMIN,
        "create table fresh as select id, last_name as x from customers where id <= 20",
        "select x, upper(x) from fresh",
    ),
    (
        ADMIN,
        "select id, last_name as x into fresh from customers where id <= 20",
        "select upper(x) from fresh",
    ),
    (
        ADMIN,
        "create materialized view fresh as select id, upper(last_name) as x from customers where id <= 20",
        "select x || '' from fresh",
    ),
    (
        ADMIN,
        "create table step as select id, last_name as x from customers where id <= 20; alter table step rename to fresh; alter table fresh rename column x to y",
        "select upper(y) from fresh",
    ),
    (
        ADMIN,
        "begin; create table step as select id, last_name as x from customers where id <= 20; alter table step rename to fresh; commit",
        "select upper(x) from fresh",
    ),
    (
        ADMIN,
        "alter table customers add column plain text; update customers set plain = last_name",
        "select upper(plain) from customers where id <= 20",
    ),
    (
        ADMIN,
        "alter table customers add column spare int; alter table customers alter column spare type text using last_name",
        "select upper(spare) from customers where id <= 20",
    ),
    (
        DEVELOPER,
        "create table fresh as select id, last_name as x from customers where id <= 20",
        "select upper(x) from fresh",
    ),
    (DEVELOPER, "create table fresh (id int, x text)", "select x from fresh"),
    (
        ADMIN,
        "create temp table own as select id, last_name as x from customers where id <= 20; insert into shelf select id, x from own",
        "select upper(a) from shelf",
    ),
    (
        PERSON,
        "create temp table own as select id, last_name as x from customers where id <= 20; insert into shelf select id, x from own",
        "select upper(a) from shelf",
    ),
    (
        PERSON,
        "update box set a = first_name from customers c where c.id = box.k; update box set b = a where k < 30; update box set c = b where k < 30",
        "select upper(c) from box",
    ),
];

#[test]
fn a_label_follows_its_value_for_everybody() {
    let mut upstream = stage();
    for (writer, write, read) in WRITES {
        let stage = &upstream;
        let secrets = secrets(stage);
        let mut reader = session(stage, PERSON);
        // The reader has a plan for it already, where there is anything to read.
        let before = run(&mut reader, read);
        let mut by = session(stage, writer);
        let answers = run(&mut by, write);
        let refused = error(&answers);
        assert_eq!(refused, None, "{writer}: {write}");
        let own = text(&answers);
        for secret in secrets.iter().filter(|_| *writer != ADMIN) {
            assert!(!own.contains(secret.as_str()), "{write} shows {secret}");
        }
        let truth = stage.truth(read).unwrap().to_uppercase();
        let there = secrets.iter().any(|secret| truth.contains(secret.as_str()));
        assert!(there || write.contains("(id int"), "{write} brings nothing to {read}:\n{truth}");
        for identity in [PERSON, SERVICE, DEVELOPER] {
            let mut other = session(stage, identity);
            for raw in [&mut reader, &mut other] {
                let seen = text(&run(raw, read));
                for secret in &secrets {
                    assert!(!seen.contains(secret.as_str()), "{write}; {read} shows {secret}");
                }
            }
        }
        drop(before);
        let reset = "drop table if exists fresh; drop table box, shelf";
        let reset = if write.contains("materialized") {
            "drop materialized view fresh; drop table box, shelf"
        } else {
            reset
        };
        stage.truth(reset).unwrap();
        if write.contains("alter table customers") {
            drop(reader);
            drop(by);
            upstream = self::stage();
        } else {
            stage.truth(TABLES).unwrap();
        }
    }
}

#[test]
fn a_restart_and_the_record_keep_it() {
    let mut stage = stage();
    let secrets = secrets(&stage);
    stage
        .rows(PERSON, "update box set a = c.last_name from customers c where c.id = box.k")
        .unwrap();
    stage
        .rows(
            ADMIN,
            "create table kept as select id, last_name as x from customers where id < 9; \
         alter table kept rename to moved",
        )
        .unwrap();
    let shows = |stage: &Stage| {
        for sql in ["select upper(a) from box", "select a from box", "select upper(x) from moved"] {
            let seen = stage.rows(PERSON, sql).unwrap().to_uppercase();
            for secret in &secrets {
                assert!(!seen.contains(secret.as_str()), "{sql} shows {secret}");
            }
        }
    };
    shows(&stage);
    stage.weir.kill().unwrap();
    // What is renamed while nobody looks is known by its number.
    stage.truth("alter table box rename to crate; alter table crate rename a to z").unwrap();
    stage.weir.start_again().unwrap();
    let seen = stage.rows(PERSON, "select upper(z) from crate").unwrap().to_uppercase();
    assert!(secrets.iter().all(|secret| !seen.contains(secret.as_str())), "{seen}");
    stage.truth("alter table crate rename to box; alter table box rename z to a").unwrap();
    let end = Instant::now() + Duration::from_secs(20);
    while stage.rows(PERSON, "select a from box").is_err() {
        assert!(Instant::now() < end, "the names are not seen");
    }
    shows(&stage);
    let record = stage.weir.record(1000).unwrap();
    let told = record.iter().any(|line| {
        line.contains("label_changed")
            && line.contains("public.box.a")
            && line.contains("person_name")
            && line.contains("values of public.customers.last_name were written here")
    });
    assert!(told, "{}", record.join("\n"));
}

#[test]
fn rows_on_their_way_are_looked_at_again() {
    let stage = stage();
    let secrets = secrets(&stage);
    let (mut writer, mut reader) = (session(&stage, PERSON), session(&stage, SERVICE));
    run(&mut writer, "begin");
    run(&mut writer, "select k from box where k <= 20 for update");
    // Decided while the column bears no label; it waits for the writer's locks.
    reader.query("select upper(a) from box order by k for update").unwrap();
    let waits = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'";
    let end = Instant::now() + Duration::from_secs(20);
    while stage.truth(waits).unwrap() == "0\n" {
        assert!(Instant::now() < end, "nobody waits");
    }
    let wrote =
        run(&mut writer, "update box set a = c.last_name from customers c where c.id = box.k");
    assert_eq!(error(&wrote), None);
    run(&mut writer, "commit");
    let seen = text(&reader.until(b'Z').unwrap());
    assert!(seen.contains("SELECT 20"), "{seen}");
    for secret in &secrets {
        assert!(!seen.contains(secret.as_str()), "a row shows {secret}");
    }
    // The bare database lets the value through.
    let truth = stage.truth("select upper(a) from box").unwrap();
    assert!(secrets.iter().any(|secret| truth.contains(secret.as_str())));
}

#[test]
fn a_copy_to_where_no_label_can_follow_is_refused() {
    let stage = stage();
    for sql in [
        "select pg_notify('c', last_name) from customers where id = 1",
        "select set_config('my.stash', last_name, false) from customers where id = 1",
        "select lo_from_bytea(0, convert_to(last_name, 'utf8')) from customers where id = 1",
        "copy customers to '/tmp/weir-should-not-exist'",
        "do $$ begin execute 'insert into shelf select id, last_name from customers'; end $$",
    ] {
        let outcome = stage.weir.psql(PERSON, "shop", sql).unwrap();
        assert_eq!(outcome.code, Some(1), "{sql}: {outcome}");
        assert!(outcome.stderr.contains("Weir refused"), "{sql}: {outcome}");
    }
}

#[test]
fn what_bears_no_label_is_copied_as_it_is() {
    let upstream = Postgres::options().shop().start().unwrap();
    upstream.psql("shop", TABLES).unwrap();
    let weir = Weir::start(&upstream).unwrap();
    let rows = |sql: &str| weir.psql(PERSON, "shop", sql).unwrap().success().unwrap();
    rows("insert into shelf select id, order_no, status from orders where id <= 20");
    rows("update box set a = 'text', n = k * 2 where k <= 20");
    for sql in ["select * from shelf order by k", "select * from box order by k"] {
        assert_eq!(rows(sql), upstream.psql("shop", sql).unwrap(), "{sql}");
    }
    // Statements by which a value stays where it is change no label.
    rows("update customers set email = lower(email) where id = 1");
    assert_eq!(
        rows("select country from customers where id = 1"),
        upstream.psql("shop", "select country from customers where id = 1").unwrap()
    );
}

/// Sessions from before a change of the settings and those after it know one another's labels.
fn both_ways(stage: &Stage, before: &mut Raw, after: &mut Raw) {
    let secrets = secrets(stage);
    // Each has decided it once while nothing was there.
    for raw in [&mut *before, &mut *after] {
        run(raw, "select upper(a), upper(b) from box");
    }
    let (one, other) = (
        "update box set a = c.last_name from customers c where c.id = box.k",
        "update box set b = c.first_name from customers c where c.id = box.k",
    );
    assert_eq!(error(&run(before, one)), None);
    assert_eq!(error(&run(after, other)), None);
    for raw in [before, after] {
        let answers = run(raw, "select upper(a), upper(b) from box");
        assert_eq!(error(&answers), None);
        let seen = text(&answers);
        for secret in &secrets {
            assert!(!seen.contains(secret.as_str()), "a row shows {secret}");
        }
    }
    let truth = stage.truth("select upper(a), upper(b) from box").unwrap();
    assert!(secrets.iter().any(|secret| truth.contains(secret.as_str())));
}

#[test]
fn a_label_reaches_sessions_from_before_and_after_other_settings() {
    let mut stage = stage();
    let mut before = session(&stage, PERSON);
    run(&mut before, "select 1");
    let loads = |stage: &Stage| stage.weir.http("/metrics").unwrap();
    let taken = "weir_config_loads_total{result=\"taken\"} 1";
    stage.weir.server().unwrap().signal("HUP").unwrap();
    let end = Instant::now() + Duration::from_secs(20);
    while !loads(&stage).contains(taken) {
        assert!(Instant::now() < end, "not taken up:\n{}", loads(&stage));
        std::thread::sleep(Duration::from_millis(50));
    }
    // The engine takes it up by itself, a moment later.
    std::thread::sleep(Duration::from_millis(600));
    let mut after = session(&stage, PERSON);
    both_ways(&stage, &mut before, &mut after);
}

#[test]
fn a_label_reaches_sessions_around_one_that_could_not_be_opened() {
    let stage = stage();
    let mut before = session(&stage, PERSON);
    run(&mut before, "select 1");
    // The database refuses such a session when Weir opens it there.
    let nonsense = [("user", PERSON), ("database", "shop"), ("TimeZone", "nonsense")];
    let refused = Raw::sign_in_with(stage.weir.port(), PASSWORD, &nonsense);
    assert!(refused.is_err());
    let mut after = session(&stage, PERSON);
    both_ways(&stage, &mut before, &mut after);
}
