//! After DDL in an open transaction the next statement is understood as that transaction sees the
//! database: what writes runs, what bears no label leaves as it is, and what was masked stays so,
//! whatever name or place it got.

use std::time::{Duration, Instant};
use testkit::weir::PASSWORD;
use testkit::{Postgres, Weir};
use tests::Stage;
use tests::wire::{Message, Raw, frame};

/// A person in group `developers`.
const DEVELOPER: &str = "dora";

/// Names and values of `box` tell nothing.
const TABLES: &str = "create table box (k int primary key, a text, b text, n numeric); \
     insert into box select g, 'plain ' || g from generate_series(1, 20) g; \
     create view names as select id, last_name as x from customers";

fn stage() -> Stage {
    on(Postgres::options().shop().start().unwrap())
}

fn on(upstream: Postgres) -> Stage {
    upstream.psql("shop", TABLES).unwrap();
    let weir = Weir::start(&upstream).unwrap();
    let stage = Stage { weir, upstream };
    stage.weir.add(DEVELOPER, "person", &["--group", "developers"]).unwrap();
    let end = Instant::now() + Duration::from_secs(20);
    while stage.rows(DEVELOPER, "select k from box where k = 1").ok().as_deref() != Some("1\n") {
        assert!(Instant::now() < end, "the tables are not seen");
        std::thread::sleep(Duration::from_millis(100));
    }
    stage
}

fn session(stage: &Stage) -> Raw {
    Raw::sign_in(stage.weir.port(), DEVELOPER, PASSWORD, "shop").unwrap()
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

/// Runs it and wants no error; the values of the first column.
fn good(raw: &mut Raw, sql: &str) -> Vec<String> {
    let messages = run(raw, sql);
    assert_eq!(error(&messages), None, "{sql}");
    assert_eq!(messages.last().unwrap().body, b"T", "{sql}");
    let rows = messages.iter().filter(|message| message.tag == b'D');
    rows.map(|row| String::from_utf8_lossy(&row.body[6..]).into_owned()).collect()
}

fn secrets(stage: &Stage) -> Vec<String> {
    let sql = "select last_name, email from customers where id <= 20";
    let text = stage.truth(sql).unwrap();
    let all = text.lines().flat_map(|line| line.split('|'));
    all.filter(|value| value.len() > 5).map(str::to_uppercase).collect()
}

/// What is done in a transaction to get at names or addresses; the last statements of each read.
/// `true`: all of it runs, and the read is answered.
const WAYS: &[(bool, &[&str])] = &[
    // What a body made, or not.
    (
        false,
        &[
            "create schema s",
            "set local search_path to s, public",
            "do $$ begin if false then create table s.customers (last_name text); end if; end $$",
            "select upper(last_name) from customers",
        ],
    ),
    (
        false,
        &[
            "set local search_path to s, public",
            "do $$ begin if false then create table customers (last_name text); end if; end $$; \
             select upper(last_name) from customers",
        ],
    ),
    (true, &["alter table customers rename last_name to x", "select x from customers"]),
    (true, &["alter table customers rename last_name to x", "select upper(x), id from customers"]),
    (true, &["alter table customers rename to k", "select last_name, email from k"]),
    (
        true,
        &[
            "alter table customers rename last_name to y",
            "alter table customers rename country to last_name",
            "alter table customers rename y to country",
            "select country from customers",
        ],
    ),
    (
        true,
        &[
            "alter table box add column z text",
            "create table copy as select id, last_name as x from customers",
            "select x from copy",
            "alter table copy rename x to w",
            "select reverse(reverse(w)) from copy",
        ],
    ),
    (
        true,
        &[
            "alter table customers add column x text generated always as (upper(last_name)) stored",
            "select x from customers",
        ],
    ),
    (
        true,
        &[
            "alter table box add column z text",
            "create view v as select last_name as x from customers",
            "select x from v",
            "create or replace view v as select email::text as x from customers",
            "select x from v",
        ],
    ),
    (true, &["alter view names rename column x to y", "select y from names"]),
    // Weir's own questions on this connection mean what they say.
    (
        false,
        &[
            "create temp table oid (v int)",
            "create function pg_temp.f(int) returns pg_temp.oid volatile language sql as \
             'select row(1)::pg_temp.oid'",
            "create cast (int4 as pg_temp.oid) with function pg_temp.f(int)",
            "alter table customers rename last_name to x",
            "create table parent (x text)",
            "alter table customers inherit parent",
            "select upper(x) from parent",
        ],
    ),
    (
        true,
        &[
            "create schema s",
            "create table s.copy as select id, last_name as x from customers",
            "alter schema s rename to s2",
            "select upper(x) from s2.copy",
        ],
    ),
    (
        true,
        &[
            "create type t as (x text)",
            "create table typed of t",
            "insert into typed select last_name from customers",
            "alter type t rename attribute x to y cascade",
            "select upper(y) from typed",
        ],
    ),
    (
        true,
        &[
            "create table parent (x text)",
            "create table child () inherits (parent)",
            "insert into child select last_name from customers",
            "alter table parent rename x to y",
            "alter table child no inherit parent",
            "select upper(y) from child",
        ],
    ),
    (
        true,
        &[
            "alter table box rename a to y",
            "update box set y = c.last_name from customers c where c.id = box.k",
            "select y from box",
            "alter table box rename y to w",
            "select upper(w) from box",
        ],
    ),
    (
        true,
        &[
            "alter table box add column z text",
            "update box set z = c.email from customers c where c.id = box.k",
            "select z from box",
            "alter table box rename z to w",
            "select reverse(w) from box",
        ],
    ),
    (
        true,
        &[
            "alter table customers add column x text",
            "update customers set x = last_name where id between 1 and 20",
            "select x from customers",
        ],
    ),
    (
        true,
        &[
            "create function f() returns setof text language sql as 'select last_name from customers'",
            "select f()",
        ],
    ),
    (
        true,
        &[
            "alter table box alter column a type text using b",
            "savepoint s",
            "alter table customers rename last_name to x",
            "select x from customers",
            "rollback to s",
            "select last_name from customers",
            "alter table customers rename email to x",
            "select x from customers",
        ],
    ),
    (
        true,
        &[
            "alter table customers rename to old",
            "create table customers as select id, last_name, last_name as x, country from old",
            "select x from customers",
            "select last_name from customers",
            "select last_name from old",
        ],
    ),
    (
        false,
        &[
            "do $$ begin execute 'create table copy as select id, last_name as x from customers'; end $$",
            "select x from copy",
            "select upper(x) from copy",
        ],
    ),
    (
        false,
        &[
            "do $$ begin execute 'alter table customers rename last_name to x'; end $$",
            "select x from customers",
            "select x || '' from customers",
        ],
    ),
    (
        true,
        &[
            "alter table box add column z text",
            "create table other (id int, x text)",
            "insert into other select id, last_name from customers where id <= 20",
            "select x from other",
            "alter table other rename to another",
            "select upper(x) from another",
        ],
    ),
    (
        true,
        &[
            "create table part (id int, x text)",
            "alter table part add column y text",
            "insert into part select id, 'x', last_name from customers where id <= 20",
            "select y from part",
        ],
    ),
];

#[test]
fn nothing_is_shown_that_is_masked_once_it_is_committed() {
    let stage = stage();
    let secrets = secrets(&stage);
    assert!(secrets.len() >= 20, "{secrets:?}");
    let mut failures = Vec::new();
    for (runs, way) in WAYS {
        let mut raw = session(&stage);
        run(&mut raw, "begin");
        for sql in *way {
            let messages = run(&mut raw, sql);
            let seen = text(&messages);
            failures.extend(
                secrets.iter().filter(|one| seen.contains(*one)).map(|it| format!("{sql}: {it}")),
            );
            if let Some(error) = error(&messages).filter(|_| *runs) {
                failures.push(format!("{way:?}: {sql}: {error}"));
            }
        }
        run(&mut raw, "rollback");
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// What is asked in a transaction that changed the structure, and what the first column holds.
fn understood(stage: &Stage) {
    let mut raw = session(stage);
    run(&mut raw, "begin");
    good(&mut raw, "set local statement_timeout = 3000");
    good(&mut raw, "set local search_path = pg_temp, public");
    good(&mut raw, "alter table box rename a to y");
    assert_eq!(good(&mut raw, "select y from box where k = 2"), ["plain 2"]);
    good(&mut raw, "insert into box (k, y) values (101, 'new')");
    good(&mut raw, "savepoint s");
    good(&mut raw, "alter table box rename y to w");
    assert_eq!(good(&mut raw, "update box set w = 'other' where k = 101 returning w"), ["other"]);
    good(&mut raw, "rollback to s");
    assert_eq!(good(&mut raw, "select y from box where k = 101"), ["new"]);
    // Nothing of what Weir asks for itself is left.
    assert_eq!(good(&mut raw, "show statement_timeout"), ["3s"]);
    assert_eq!(good(&mut raw, "show search_path"), ["pg_temp, public"]);
    good(&mut raw, "release s");
    // A failure is the client's own, and its savepoint takes it back.
    good(&mut raw, "savepoint t");
    let failed = run(&mut raw, "insert into box (k, y) values (101, 'twice')");
    assert!(error(&failed).unwrap().contains("duplicate key"), "{failed:?}");
    assert_eq!(failed.last().unwrap().body, b"E");
    good(&mut raw, "rollback to t");
    good(&mut raw, "alter table box add column z int");
    // What fills a new column changes nothing that was there.
    good(&mut raw, "update box set z = 1");
    let all = error(&run(&mut raw, "update box set z = 1, y = 'all'")).unwrap();
    assert!(all.contains("unbounded"), "{all}");
    good(&mut raw, "rollback to t");
    good(&mut raw, "alter table box add column z int");
    // By the extended protocol too, and by a statement that was prepared before.
    raw.send(&frame(b'P', b"p\0select y from box where k = 3\0\0\0")).unwrap();
    raw.send(&frame(b'S', b"")).unwrap();
    let prepared = raw.until(b'Z').unwrap();
    assert_eq!(error(&prepared), None);
    good(&mut raw, "alter table box add column v int default 5");
    raw.send(&frame(b'B', b"\0p\0\0\0\0\0\0\0")).unwrap();
    raw.send(&frame(b'E', b"\0\0\0\0\0")).unwrap();
    raw.send(&frame(b'S', b"")).unwrap();
    let bound = raw.until(b'Z').unwrap();
    assert!(text(&bound).contains("PLAIN 3"), "{bound:?}");
    assert!(bound.iter().all(|message| message.tag != b'S'), "{bound:?}");
    assert_eq!(good(&mut raw, "update box set z = v where k = 3 returning z"), ["5"]);
    run(&mut raw, "rollback");
    let after = run(&mut raw, "select a from box where k = 4");
    assert!(text(&after).contains("PLAIN 4"), "{after:?}");
    isolated(stage);
}

/// Where the server sees another catalog than a query does, what names mean stays unknown.
fn isolated(stage: &Stage) {
    let mut raw = session(stage);
    run(&mut raw, "begin isolation level repeatable read");
    good(&mut raw, "alter table box rename a to y");
    let refused = error(&run(&mut raw, "insert into box (k, y) values (102, 'x')")).unwrap();
    assert!(refused.contains("not understood"), "{refused}");
    let failed = run(&mut raw, "rollback");
    assert_eq!(failed.last().unwrap().body, b"I");
}

/// The latest server: it reports the path, which Weir changes for the moment.
#[test]
fn what_follows_ddl_is_understood() {
    understood(&on(Postgres::options().version(18).unwrap().shop().start().unwrap()));
}
