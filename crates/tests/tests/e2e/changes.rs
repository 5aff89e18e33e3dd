//! Limits on how many rows a statement changes hold exactly, whatever the statement looks like,
//! however it is sent and whatever others do meanwhile. What is undone is undone in the data.

use std::sync::Arc;
use testkit::{
    Postgres, Weir,
    weir::{ADMIN, PASSWORD, PERSON},
};
use tests::{
    Stage,
    client::{self, Client},
    corpus::Sql,
    hold::{approve, request, state, until},
    talk::{self, Way},
    wire::{Message, Raw, frame},
};
use tokio_postgres::NoTls;

const POLICY: &str = r#"
@id("few-rows")
@change_limit("10")
@reason("people change few rows at a time")
permit (
  principal is Person,
  action in [
    Action::"insert", Action::"update", Action::"delete", Action::"merge", Action::"copy_in",
    Action::"call", Action::"do"
  ],
  resource
)
unless { principal in Group::"admins" };

@id("few-jobs-without-consent")
@change_limit("3")
@approval("dba")
permit (principal is Service, action == Action::"delete", resource == Table::"shop.public.jobs");
"#;

/// Each table holds fifty rows; a parent has twenty children, and the log has a row for each.
const TABLES: &str = "
    create table jobs (id int primary key, note text, kind int not null default 0);
    insert into jobs select n, 'job ' || n, n % 5 from generate_series(1, 50) n;
    create table parents (id int primary key);
    insert into parents select generate_series(1, 50);
    create table children (id int primary key, parent int references parents on delete cascade);
    insert into children select n, 1 + n / 20 from generate_series(1, 50) n;
    create table audited (id int primary key);
    insert into audited select generate_series(1, 50);
    create table log (entry text);
    create function note() returns trigger language plpgsql as
        $$ begin insert into log values (tg_op); return null; end $$;
    create trigger note after delete on audited for each row execute function note();
    create function prune(last int) returns void language plpgsql as
        $$ begin delete from jobs where id <= last; end $$;
    create function prune_quietly(last int) returns void language plpgsql as
        $$ begin
            begin delete from jobs where id <= last; raise exception 'no'; exception
                when others then null; end;
        end $$;
    create procedure prune_all(last int) language plpgsql as
        $$ begin delete from jobs where id <= last; end $$;
    create view some_jobs as select * from jobs where id < 40;
    create table once (id int primary key deferrable initially deferred);
    insert into once select generate_series(1, 50);";

fn stage_with(policy: &str) -> Stage {
    let upstream = Postgres::options().shop().start().unwrap();
    upstream.psql("shop", TABLES).unwrap();
    let mut weir = Weir::options(&upstream).policy("90-changes.cedar", policy).prepare().unwrap();
    weir.add("carol", "person", &["--group", "dba"]).unwrap();
    weir.add("cleaner", "service", &[]).unwrap();
    weir.start_again().unwrap();
    Stage { weir, upstream }
}

/// What is there, as the server itself sees it.
fn there(stage: &Stage) -> String {
    let count = |table: &str| {
        format!(
            "(select count(*) || md5(string_agg(t::text, ',' order by t::text)) from {table} t)"
        )
    };
    let tables = ["jobs", "parents", "children", "audited", "log", "once"];
    let sql = format!("select {}", tables.map(count).join(", "));
    stage.truth(&sql).unwrap()
}

/// Statements that change ten rows, and what they become where they change eleven.
const PAIRS: [(&str, &str); 13] = [
    ("delete from jobs where id <= 10", "delete from jobs where id <= 11"),
    ("update jobs set note = 'x' where id <= 10", "update jobs set note = 'x' where id <= 11"),
    (
        "insert into jobs select n from generate_series(100, 109) n",
        "insert into jobs select n from generate_series(100, 110) n",
    ),
    (
        "with gone as (delete from jobs where id <= 10 returning id) select count(*) from gone",
        "with gone as (delete from jobs where id <= 11 returning id) select count(*) from gone",
    ),
    (
        "with a as (delete from jobs where id <= 5), b as (update parents set id = id where id < 4) \
         insert into log values ('a'), ('b')",
        "with a as (delete from jobs where id <= 5), b as (update parents set id = id where id < 5) \
         insert into log values ('a'), ('b')",
    ),
    (
        "merge into jobs using (select generate_series(41, 50) as n) s on id = n \
         when matched then delete",
        "merge into jobs using (select generate_series(40, 50) as n) s on id = n \
         when matched then delete",
    ),
    (
        "insert into jobs select n from generate_series(46, 55) n \
         on conflict (id) do update set note = 'again'",
        "insert into jobs select n from generate_series(46, 56) n \
         on conflict (id) do update set note = 'again'",
    ),
    // A child's row goes with its parent's, and the log's comes with what it is about.
    ("delete from parents where id = 50", "delete from parents where id = 2"),
    ("delete from audited where id <= 5", "delete from audited where id <= 6"),
    ("select prune(10)", "select prune(11)"),
    ("delete from some_jobs where id <= 10", "delete from some_jobs where id <= 11"),
    (
        "delete from jobs where id <= 10 returning id, note",
        "delete from jobs where id <= 11 returning id, note",
    ),
    // What fails within is undone by itself, and yet it was attempted.
    ("select prune_quietly(10)", "select prune_quietly(11)"),
];

fn sql(text: &str) -> Sql {
    Sql { text: text.to_owned(), values: None, input: Vec::new() }
}

fn connect(stage: &Stage, identity: &str) -> Raw {
    Raw::sign_in(stage.weir.port(), identity, PASSWORD, "shop").unwrap()
}

/// The status of the last ReadyForQuery, and the error's SQLSTATE and message if there is one.
fn came_to(messages: &[Message]) -> (char, Option<(String, String)>) {
    let ready = messages.iter().rev().find(|message| message.tag == b'Z').unwrap();
    let error = messages.iter().find(|message| message.tag == b'E');
    let field = |error: &Message, wanted| error.field(wanted).unwrap_or_default();
    (char::from(ready.body[0]), error.map(|error| (field(error, b'C'), field(error, b'M'))))
}

fn assert_undone(messages: &[Message], status: char, what: &str) {
    let (seen, error) = came_to(messages);
    let (code, message) = error.unwrap_or_else(|| panic!("{what}: no error in {messages:?}"));
    assert_eq!(code, "42501", "{what}: {message}");
    assert!(message.contains("policy \"few-rows\" permits 10"), "{what}: {message}");
    assert_eq!(seen, status, "{what}");
    assert!(!messages.iter().any(|message| message.tag == b'C'), "{what}: said that it is done");
}

#[test]
fn ten_rows_stay_and_eleven_are_undone_by_every_way() {
    let stage = stage_with(POLICY);
    let mut raw = connect(&stage, PERSON);
    for way in Way::ALL {
        for (few, many) in PAIRS {
            let what = format!("{way:?}: {many}");
            let before = there(&stage);
            let messages = talk::say(&mut raw, &sql(many), way).unwrap();
            assert_undone(&messages, 'I', &what);
            assert_eq!(there(&stage), before, "{what}");
            // In a block it fails like any statement, and takes the block along.
            raw.query("begin").unwrap();
            raw.until(b'Z').unwrap();
            raw.query("insert into log values ('within')").unwrap();
            raw.until(b'Z').unwrap();
            let messages = talk::say(&mut raw, &sql(many), way).unwrap();
            assert_undone(&messages, 'E', &what);
            raw.query("commit").unwrap();
            raw.until(b'Z').unwrap();
            assert_eq!(there(&stage), before, "{what}, in a block");
            // What is under the limit is there for all to see.
            raw.query("begin").unwrap();
            raw.until(b'Z').unwrap();
            let messages = talk::say(&mut raw, &sql(few), way).unwrap();
            assert_eq!(came_to(&messages), ('T', None), "{way:?}: {few}");
            raw.query("rollback").unwrap();
            raw.until(b'Z').unwrap();
            let messages = talk::say(&mut raw, &sql(few), way).unwrap();
            assert_eq!(came_to(&messages), ('I', None), "{way:?}: {few}");
            if !few.contains("quietly") && !few.contains("set id = id") {
                assert_ne!(there(&stage), before, "{way:?}: {few}");
            }
            restore(&stage);
        }
    }
}

fn restore(stage: &Stage) {
    stage
        .truth(
            "truncate jobs, parents, children, audited, log;
             insert into jobs select n, 'job ' || n, n % 5 from generate_series(1, 50) n;
             insert into parents select generate_series(1, 50);
             insert into children select n, 1 + n / 20 from generate_series(1, 50) n;
             insert into audited select generate_series(1, 50);",
        )
        .unwrap();
}

#[test]
fn copy_texts_blocks_and_procedures_are_counted_too() {
    let stage = stage_with(POLICY);
    let before = there(&stage);
    let mut raw = connect(&stage, PERSON);
    let lines = |count: usize| (0..count).map(|n| format!("{}", 200 + n)).collect::<Vec<_>>();
    for way in Way::ALL {
        let copy = |count| Sql { input: lines(count), ..sql("copy jobs (id) from stdin") };
        let messages = talk::say(&mut raw, &copy(11), way).unwrap();
        assert_undone(&messages, 'I', &format!("{way:?}: COPY"));
        assert_eq!(there(&stage), before);
        let messages = talk::say(&mut raw, &copy(10), way).unwrap();
        assert_eq!(came_to(&messages), ('I', None), "{way:?}: COPY");
        stage.truth("delete from jobs where id >= 200").unwrap();
        // Data that the server does not take is the server's own error.
        let wrong = Sql { input: vec!["x".to_owned()], ..sql("copy jobs (id) from stdin") };
        let (status, error) = came_to(&talk::say(&mut raw, &wrong, way).unwrap());
        assert_eq!((status, error.unwrap().0.as_str()), ('I', "22P02"), "{way:?}");
        let alive = talk::say(&mut raw, &sql("select 1"), way).unwrap();
        assert_eq!(came_to(&alive), ('I', None));
    }
    // All statements of a text are one.
    for text in [
        "delete from jobs where id <= 6; delete from jobs where id between 7 and 11",
        "do $$ begin delete from jobs where id <= 11; end $$",
        "call prune_all(11)",
    ] {
        let messages = talk::say(&mut raw, &sql(text), Way::Simple).unwrap();
        let (status, error) = came_to(&messages);
        assert!(error.is_some_and(|error| error.1.contains("permits 10")), "{text}: {messages:?}");
        assert_eq!((status, there(&stage)), ('I', before.clone()), "{text}");
    }
    // Code may commit where nobody began a transaction, so it is not run there.
    let messages = talk::say(&mut raw, &sql("call prune_all(9)"), Way::Binary).unwrap();
    let (_, error) = came_to(&messages);
    assert!(error.unwrap().1.contains("run it between BEGIN and COMMIT"));
    for text in ["delete from jobs where id <= 11; commit", "begin; delete from jobs where id = 1"]
    {
        let (_, error) = came_to(&talk::say(&mut raw, &sql(text), Way::Simple).unwrap());
        assert!(error.unwrap().1.contains("cannot be counted or undone"), "{text}");
    }
    assert_eq!(there(&stage), before);
    // A constraint that speaks at the end speaks as it would without a limit.
    let late = sql("insert into once values (3)");
    let messages = talk::say(&mut raw, &late, Way::Simple).unwrap();
    let (status, error) = came_to(&messages);
    assert_eq!((status, error.unwrap().0.as_str()), ('I', "23505"));
    let alive = talk::say(&mut raw, &sql("delete from jobs where id = 50"), Way::Simple).unwrap();
    assert_eq!(came_to(&alive), ('I', None));
}

/// Where a failed block is left and a limited statement follows in one breath, it is counted too.
#[test]
fn no_order_of_messages_gets_around_the_count() {
    let stage = stage_with(POLICY);
    let before = there(&stage);
    let parse = |text: &str| frame(b'P', &[b"\0", text.as_bytes(), b"\0\0\0"].concat());
    let run = |text: &str| {
        let bind = frame(b'B', b"\0\0\0\0\0\0\0\0");
        [parse(text), bind, frame(b'E', b"\0\0\0\0\0")].concat()
    };
    let (many, sync) = ("delete from jobs where id <= 11", frame(b'S', b""));
    let fail = |raw: &mut Raw| {
        for text in ["begin", "select 1/0"] {
            raw.query(text).unwrap();
            raw.until(b'Z').unwrap();
        }
    };
    let mut raw = connect(&stage, PERSON);
    fail(&mut raw);
    raw.send(&[run("rollback"), run(many), sync.clone()].concat()).unwrap();
    let (status, error) = came_to(&raw.until(b'Z').unwrap());
    assert!(error.is_some_and(|error| error.1.contains("permits 10")));
    assert_eq!((status, there(&stage)), ('I', before.clone()));
    // The same with a Query behind what is not yet settled.
    let mut raw = connect(&stage, PERSON);
    fail(&mut raw);
    let query = frame(b'Q', &[many.as_bytes(), b"\0"].concat());
    raw.send(&[run("rollback"), query].concat()).unwrap();
    let (_, error) = came_to(&raw.until(b'Z').unwrap());
    assert!(error.is_some_and(|error| error.1.contains("wait for a Sync")));
    // Two Queries at once, and a portal that is fetched in portions after others ran.
    let mut raw = connect(&stage, PERSON);
    let query = |text: &str| frame(b'Q', &[text.as_bytes(), b"\0"].concat());
    raw.send(&[query("select 1"), query(many), query("select 2")].concat()).unwrap();
    let mut errors = Vec::new();
    for _ in 0..3 {
        errors.extend(came_to(&raw.until(b'Z').unwrap()).1);
    }
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(there(&stage), before);
    let returning = "delete from jobs where id <= 11 returning id";
    let portion = frame(b'E', b"\0\0\0\0\x03");
    raw.send(&query("begin")).unwrap();
    raw.until(b'Z').unwrap();
    let bind = frame(b'B', b"\0\0\0\0\0\0\0\0");
    raw.send(&[parse(returning), bind, portion.clone(), portion, sync].concat()).unwrap();
    let (status, error) = came_to(&raw.until(b'Z').unwrap());
    assert!(error.is_some_and(|error| error.1.contains("permits 10")));
    assert_eq!(status, 'E');
    raw.query("commit").unwrap();
    raw.until(b'Z').unwrap();
    assert_eq!(there(&stage), before);
}

/// What failed in front, what stays behind a rollback, and what runs later does not get around it.
#[test]
fn neither_failures_nor_names_nor_cursors_get_around_the_count() {
    let stage = stage_with(POLICY);
    let before = there(&stage);
    let run = |text: &str| {
        let parse = frame(b'P', &[b"\0", text.as_bytes(), b"\0\0\0"].concat());
        [parse, frame(b'B', b"\0\0\0\0\0\0\0\0"), frame(b'E', b"\0\0\0\0\0")].concat()
    };
    let (many, sync) = ("delete from jobs where id <= 11", frame(b'S', b""));
    // A segment that fails before the one that is counted.
    let mut raw = connect(&stage, PERSON);
    let both = [run("select 1/0"), sync.clone(), run(many), sync.clone()].concat();
    raw.send(&both).unwrap();
    assert_eq!(came_to(&raw.until(b'Z').unwrap()).1.unwrap().0, "22012");
    let (status, error) = came_to(&raw.until(b'Z').unwrap());
    assert!(error.is_some_and(|error| error.1.contains("permits 10")));
    assert_eq!((status, there(&stage)), ('I', before.clone()));
    // A stray end of COPY data before it.
    let query = |text: &str| frame(b'Q', &[text.as_bytes(), b"\0"].concat());
    raw.send(&[query("select 1"), frame(b'c', b"")].concat()).unwrap();
    raw.until(b'Z').unwrap();
    let (_, error) = came_to(&talk::say(&mut raw, &sql(many), Way::Simple).unwrap());
    assert!(error.is_some_and(|error| error.1.contains("permits 10")));
    assert_eq!(there(&stage), before);
    // What is prepared stays behind a rollback, so it does not stand beside what may be undone.
    for (text, why) in [
        ("prepare x as select 1", None),
        (
            "deallocate x; prepare x as delete from jobs; delete from jobs where id <= 11",
            Some("which no rollback undoes"),
        ),
        ("execute x", None),
        ("declare c cursor with hold for select prune(50)", Some("which no rollback undoes")),
        ("begin", None),
        ("declare c cursor for select prune(50)", None),
        ("move all from c", Some("permits 10")),
        ("rollback", None),
        ("begin", None),
        ("declare c cursor for select prune(50)", None),
        ("fetch all from c", Some("permits 10")),
        ("commit", None),
    ] {
        let (_, error) = came_to(&talk::say(&mut raw, &sql(text), Way::Simple).unwrap());
        match why {
            None => assert_eq!(error, None, "{text}"),
            Some(why) => assert!(error.as_ref().is_some_and(|e| e.1.contains(why)), "{error:?}"),
        }
    }
    assert_eq!(there(&stage), before);
    // Portions of one portal count together, and what is dropped between them takes nothing off.
    let bind = |name: &[u8]| frame(b'B', &[name, b"\0\0\0\0\0\0\0\0"].concat());
    let text = "select prune(n) from generate_series(1, 30) n";
    let parse = frame(b'P', &[b"\0", text.as_bytes(), b"\0\0\0"].concat());
    let portion = |rows: u8| frame(b'E', &[b"p\0\0\0\0".as_slice(), &[rows]].concat());
    for between in ["select 1", "drop table x"] {
        let mut raw = connect(&stage, PERSON);
        for text in ["begin", "create temp table x as select generate_series(1, 1000)"] {
            assert_eq!(came_to(&talk::say(&mut raw, &sql(text), Way::Simple).unwrap()).1, None);
        }
        raw.send(&[parse.clone(), bind(b"p"), portion(5), sync.clone()].concat()).unwrap();
        assert_eq!(came_to(&raw.until(b'Z').unwrap()), ('T', None));
        raw.send(&[run(between), sync.clone()].concat()).unwrap();
        assert_eq!(came_to(&raw.until(b'Z').unwrap()), ('T', None), "{between}");
        raw.send(&[portion(20), sync.clone()].concat()).unwrap();
        let (status, error) = came_to(&raw.until(b'Z').unwrap());
        let (code, message) = error.unwrap();
        // Where names changed, the portal does not go on at all.
        assert_eq!((status, code.as_str()), ('E', "42501"), "{between}: {message}");
        assert!(between != "select 1" || message.contains("permits 10"), "{message}");
        drop(raw);
        assert_eq!(there(&stage), before, "{between}");
    }
}

/// What is undone says so in the record, with the true count; who is not limited is not counted.
#[test]
fn the_record_has_the_count_and_what_became_of_it() {
    let stage = stage_with(POLICY);
    assert!(stage.rows(PERSON, "delete from jobs where id <= 30").is_err());
    assert_eq!(stage.rows(PERSON, "delete from jobs where id <= 7 returning 1").unwrap().len(), 14);
    assert_eq!(stage.rows(ADMIN, "update jobs set kind = 9 returning 1").unwrap().len(), 86);
    let record = stage.weir.record(200).unwrap().join("\n");
    assert!(record.contains(r#""ended":"undone""#), "{record}");
    assert!(record.contains(r#""affected":30"#), "{record}");
    assert!(record.contains(r#""affected":7"#), "{record}");
}

/// Beyond the limit it runs by consent: of who sees how many rows it changed.
#[test]
fn more_is_changed_by_consent_once() {
    let stage = stage_with(POLICY);
    let many = "delete from jobs where id <= 20";
    assert_eq!(
        stage.rows("cleaner", "delete from jobs where id = 50 returning id").unwrap(),
        "50\n"
    );
    let before = there(&stage);
    for way in Way::ALL {
        let mut raw = connect(&stage, "cleaner");
        let (status, error) = came_to(&talk::say(&mut raw, &sql(many), way).unwrap());
        let (_, message) = error.unwrap();
        assert!(message.contains("needs approval"), "{way:?}: {message} {}", stage.weir.log_tail());
        assert_eq!((status, there(&stage)), ('I', before.clone()), "{way:?}");
        let listed = stage.weir.run(&["approvals", "list", "--json"]).unwrap().success().unwrap();
        let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
        let open = listed.as_array().unwrap().iter().find(|one| one["state"] == "open").unwrap();
        let hold = open["request"].as_str().unwrap();
        let shown = stage.weir.run(&["approvals", "show", hold]).unwrap().success().unwrap();
        assert!(shown.contains("it changed 20 rows"), "{shown}");
        let say = ["approvals", "approve", hold, "--as", "carol", "--password-stdin"];
        let said = stage.weir.run_as_somebody(&say).unwrap();
        assert_eq!(said.code, Some(0), "{}", said.all());
        let (status, error) = came_to(&talk::say(&mut raw, &sql(many), way).unwrap());
        assert_eq!((status, error), ('I', None), "{way:?}");
        assert_ne!(there(&stage), before, "{way:?}");
        stage
            .truth("insert into jobs select n, 'job ' || n, n % 5 from generate_series(1, 20) n")
            .unwrap();
        let (_, error) = came_to(&talk::say(&mut raw, &sql(many), way).unwrap());
        assert!(error.unwrap().1.contains("needs approval"), "{way:?}: one approval, one run");
        let withdrawn = stage.weir.run(&["approvals", "list", "--json"]).unwrap();
        let listed: serde_json::Value =
            serde_json::from_str(&withdrawn.success().unwrap()).unwrap();
        for one in listed.as_array().unwrap().iter().filter(|one| one["state"] == "open") {
            let hold = one["request"].as_str().unwrap();
            let say = ["approvals", "deny", hold, "--as", "carol", "--password-stdin"];
            stage.weir.run_as_somebody(&say).unwrap();
        }
    }
}

/// Others add and take rows all the while; each transaction of whoever is limited changed at most
/// ten, as a trigger in the database itself counted, and what was undone left nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_limit_holds_while_others_write() {
    let stage = Arc::new(stage_with(POLICY));
    stage
        .truth(
            "create table pool (id serial primary key, bucket int, x int default 0);
             insert into pool (bucket) select n % 4 from generate_series(1, 40) n;
             create table seen (xid xid8, who text);",
        )
        .unwrap();
    stage
        .truth(
            "create function seen() returns trigger language plpgsql as $$ begin
                 insert into seen values (pg_current_xact_id(), new.bucket::text); return null;
             end $$;
             create trigger seen after update on pool for each row execute function seen()",
        )
        .unwrap();
    let mut others = Vec::new();
    for n in 0..2 {
        let stage = Arc::clone(&stage);
        others.push(tokio::spawn(async move {
            let (client, connection) =
                tokio_postgres::connect(&stage.upstream.url("shop"), NoTls).await.unwrap();
            tokio::spawn(connection);
            for turn in 0..150 {
                let sql = match (turn + n) % 2 {
                    0 => "insert into pool (bucket) select n % 4 from generate_series(1, 16) n",
                    _ => "delete from pool where id in (select id from pool order by id desc limit 16)",
                };
                client.batch_execute(sql).await.unwrap();
            }
        }));
    }
    let mut limited = Vec::new();
    for bucket in 0..4 {
        let stage = Arc::clone(&stage);
        limited.push(tokio::spawn(async move {
            let url = stage.weir.url(PERSON, "shop");
            let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
            tokio::spawn(connection);
            let (mut changed, mut undone) = (0, 0);
            for turn in 0..60 {
                // A trigger's rows count, so five rows of the pool are the most. Half of them go
                // by the simple protocol.
                let sql = format!(
                    "update pool set x = x + 1 where id in \
                     (select id from pool where bucket = {bucket} limit {})",
                    3 + turn % 6
                );
                let result = match turn % 2 {
                    0 => client.execute(sql.as_str(), &[]).await,
                    _ => client.batch_execute(&sql).await.map(|()| 0),
                };
                match result {
                    Ok(_) => changed += 1,
                    Err(error) => {
                        let error = error.as_db_error().expect("a server's error");
                        let code = error.code().code();
                        assert!(matches!(code, "42501" | "40P01"), "{error}");
                        undone += u32::from(code == "42501");
                    }
                }
            }
            (changed, undone)
        }));
    }
    let mut both = (0, 0);
    for task in limited {
        let (changed, undone) = task.await.unwrap();
        both = (both.0 + changed, both.1 + undone);
    }
    for task in others {
        task.await.unwrap();
    }
    assert!(both.0 > 20 && both.1 > 20, "{both:?}");
    let most = "select coalesce(max(n), 0) from (select count(*) n from seen group by xid) s";
    let most: u32 = stage.truth(most).unwrap().trim().parse().unwrap();
    assert!((3..=5).contains(&most), "{most} rows in one transaction");
    let transactions = stage.truth("select count(distinct xid) from seen").unwrap();
    let transactions: u32 = transactions.trim().parse().unwrap();
    assert!(transactions <= both.0, "{transactions} transactions left rows, {both:?}");
}

/// A limit that nobody reaches is not seen by clients, be it on the largest of accounts.
fn same_under_a_limit(client: Client) {
    let policy = "@id(\"many\")\n@change_limit(\"1000000\")\npermit (principal, action in \
                  [Action::\"insert\", Action::\"update\", Action::\"delete\", Action::\"merge\", \
                  Action::\"copy_in\"], resource);";
    let upstream = Postgres::options().shop().start().unwrap();
    let weir = Weir::options(&upstream).policy("90-many.cedar", policy).start().unwrap();
    let stage = Stage { weir, upstream };
    client.sees_the_same(&stage.upstream, &stage.weir);
}

#[test]
fn psycopg_sees_no_limit() {
    same_under_a_limit(client::PSYCOPG);
}

#[test]
fn asyncpg_sees_no_limit() {
    same_under_a_limit(client::ASYNCPG);
}

#[test]
fn node_postgres_sees_no_limit() {
    same_under_a_limit(client::NODE);
}

#[test]
fn pgjdbc_sees_no_limit() {
    same_under_a_limit(client::JDBC);
}

/// Consent that comes while the statement runs keeps what it changed, and the record says whose.
#[test]
fn consent_that_comes_while_it_runs_is_named_in_the_record() {
    let stage = stage_with(POLICY);
    let sql = "delete from jobs where id <= 9";
    let run = || stage.weir.psql("cleaner", "shop", sql).unwrap();
    assert!(run().stderr.contains("needs approval"));
    let listed = stage.weir.run(&["approvals", "list", "--json"]).unwrap().success().unwrap();
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let hold = listed[0]["request"].as_str().unwrap().to_owned();
    // Somebody else has a row of it, so that it runs until they let go.
    let url = stage.upstream.url("shop");
    let mut other = std::process::Command::new("psql")
        .args([url.as_str(), "-XAtq"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = other.stdin.take().unwrap();
    std::io::Write::write_all(&mut stdin, b"begin;\nselect * from jobs where id = 1 for update;\n")
        .unwrap();
    let truth = |question: &str| stage.truth(question).unwrap();
    let locked = "select count(*) from pg_locks where mode = 'RowShareLock' and \
                  relation = 'jobs'::regclass";
    until("the lock", || (truth(locked) == "1\n").then_some(()));
    let outcome = std::thread::scope(|scope| {
        let running = scope.spawn(run);
        let waits = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'";
        until("the statement", || (truth(waits) == "1\n").then_some(()));
        let say = ["approvals", "approve", &hold, "--as", "carol", "--password-stdin"];
        let said = stage.weir.run_as_somebody(&say).unwrap();
        assert_eq!(said.code, Some(0), "{said}");
        drop(stdin);
        running.join().unwrap()
    });
    other.wait().unwrap();
    outcome.success().unwrap();
    assert_eq!(truth("select count(*) from jobs"), "41\n");
    let record = stage.weir.record(100).unwrap();
    let ran = record.iter().rev().find(|line| line.contains(r#""affected":9"#)).unwrap();
    assert!(ran.contains(r#""approved_by":["carol"]"#), "{ran}");
    let id = serde_json::from_str::<serde_json::Value>(ran).unwrap()["statement"].clone();
    let id = id.as_str().unwrap_or_else(|| panic!("{ran}"));
    let all = stage.weir.run(&["audit", "show", id, "--json"]).unwrap().success().unwrap();
    let named = format!(r#""approval":{{"hold":"{hold}","by":["carol"]}}"#);
    assert!(all.lines().any(|line| line.contains("outcome") && line.contains(&named)), "{all}");
}

/// Consent that comes while a statement is tried where nothing of it can stay is there for the next
/// time.
#[test]
fn consent_that_comes_while_it_is_tried_is_not_lost() {
    let stage = stage_with(POLICY);
    let slowly = "create function slowly() returns trigger language plpgsql as
        $$ begin perform pg_sleep(4); return null; end $$";
    stage.rows(ADMIN, slowly).unwrap();
    let slow = "create trigger slow after delete on jobs for each statement \
                execute function slowly()";
    stage.rows(ADMIN, slow).unwrap();
    let tried = || {
        let mut raw = Raw::sign_in(stage.weir.port(), "cleaner", PASSWORD, "shop").unwrap();
        raw.query("begin").unwrap();
        raw.until(b'Z').unwrap();
        raw.query("delete from jobs where id <= 5").unwrap();
        let said = raw.until(b'Z').unwrap();
        raw.query("commit").unwrap();
        raw.until(b'Z').unwrap();
        let error = said.iter().find(|message| message.tag == b'E');
        error.map_or_else(String::new, |error| error.field(b'M').unwrap())
    };
    assert!(tried().contains("needs approval"));
    let hold = request(&stage);
    let said = std::thread::scope(|scope| {
        let again = scope.spawn(tried);
        std::thread::sleep(std::time::Duration::from_millis(800));
        approve(&stage, &hold, "carol");
        again.join().unwrap()
    });
    assert!(said.contains("was approved meanwhile"), "{said}");
    assert_eq!(state(&stage, &hold), "approved");
    assert_eq!(stage.truth("select count(*) from jobs").unwrap().trim(), "50");
    assert_eq!(tried(), "");
    assert_eq!(stage.truth("select count(*) from jobs").unwrap().trim(), "45");
    assert_eq!(state(&stage, &hold), "used");
}
