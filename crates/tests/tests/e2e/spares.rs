//! Upstream connections that are kept when their session ends: the next session of the same
//! identity gets one, as it would find a new one, and nobody else does.

use crate::names::{bind, execute, parse, query, sync};
use std::process::Command;
use testkit::{
    Postgres, Weir, postgres,
    weir::{ADMIN, AGENT, PASSWORD, PERSON, SERVICE},
};
use tests::{
    Stage,
    hold::until,
    wire::{Message, Raw, frame},
};

/// A session, the server process behind it, and what it was greeted with.
pub(crate) struct Session {
    pub(crate) raw: Raw,
    pub(crate) process: u32,
    pub(crate) key: Vec<u8>,
    pub(crate) settings: Vec<Vec<u8>>,
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_be_bytes(bytes[..4].try_into().unwrap())
}

fn greeted((raw, greeting): (Raw, Vec<Message>)) -> Session {
    let key = greeting.iter().find(|message| message.tag == b'K').unwrap();
    let (process, key) = (number(&key.body), key.body[4..].to_vec());
    let settings = greeting.iter().filter(|message| message.tag == b'S');
    let settings = settings.map(|message| message.body.clone()).collect();
    Session { raw, process, key, settings }
}

pub(crate) fn come_as(weir: &Weir, who: &str, more: &[(&str, &str)]) -> Session {
    let parameters = [&[("user", who), ("database", "shop")], more].concat();
    greeted(Raw::sign_in_with(weir.port(), PASSWORD, &parameters).unwrap())
}

pub(crate) fn come(weir: &Weir, who: &str) -> Session {
    come_as(weir, who, &[])
}

impl Session {
    /// All that a text is answered, in words: rows with their values, and errors by their codes.
    pub(crate) fn says(&mut self, sql: &str) -> Vec<String> {
        self.raw.query(sql).unwrap();
        let said = self.raw.until(b'Z').unwrap();
        said.iter()
            .filter_map(|message| match message.tag {
                b'D' => Some(message.body[2..].escape_ascii().to_string()),
                b'E' => message.field(b'C'),
                _ => None,
            })
            .collect()
    }

    /// Says goodbye, and waits for what becomes of the connection.
    fn leaves(mut self, weir: &Weir, upstream: &Postgres) -> u32 {
        let process = self.process;
        let before = kept(weir);
        self.raw.send(&frame(b'X', b"")).unwrap();
        drop(self.raw);
        let there = format!("select count(*) from pg_stat_activity where pid = {process}");
        until("the end of a session", || {
            let gone = upstream.psql("postgres", &there).unwrap().trim() == "0";
            (gone || kept(weir) > before).then_some(())
        });
        process
    }
}

pub(crate) fn count(weir: &Weir, series: &str) -> f64 {
    let page = weir.http("/metrics").unwrap();
    let values = page.lines().filter_map(|line| line.strip_prefix(series)?.rsplit(' ').next());
    values.map(|value| value.parse::<f64>().unwrap()).sum()
}

/// How many are kept.
fn kept(weir: &Weir) -> f64 {
    count(weir, "weir_upstream_spares{")
}

/// Weir that keeps them for as long as a test takes.
fn stage_of(keys: &str, options: postgres::Options) -> Stage {
    let upstream = options.shop().start().unwrap();
    let weir = Weir::options(&upstream).upstream(&keys_of(&upstream, keys)).start().unwrap();
    first(&weir, &upstream, "shop");
    Stage { weir, upstream }
}

/// The first session of a database, whose connection is not kept: what the server set for it when
/// it came was not looked at before.
pub(crate) fn first(weir: &Weir, upstream: &Postgres, database: &str) {
    let parameters = [("user", SERVICE), ("database", database)];
    greeted(Raw::sign_in_with(weir.port(), PASSWORD, &parameters).unwrap()).leaves(weir, upstream);
}

pub(crate) fn keys_of(upstream: &Postgres, more: &str) -> String {
    let most = if more.contains("keep = ") { "" } else { "keep = 8\n" };
    let age = if more.contains("keep_age") { "" } else { "keep_age = \"1h\"\n" };
    format!(
        "host = \"127.0.0.1\"\nport = {}\nuser = \"{}\"\ntls = \"disable\"\n\
         password = {{ file = \"upstream.secret\" }}\nkeep_idle = \"60s\"\n{most}{age}{more}",
        upstream.port(),
        postgres::SUPERUSER
    )
}

fn stage() -> Stage {
    stage_of("", Postgres::options())
}

/// The connections of sessions at the server.
pub(crate) fn connections(stage: &Stage) -> usize {
    let sql = "select count(*) from pg_stat_activity where application_name like '%[weir:%'";
    stage.upstream.psql("postgres", sql).unwrap().trim().parse().unwrap()
}

#[test]
fn the_next_session_of_the_same_identity_gets_it_and_nobody_else() {
    let stage = stage();
    let Stage { weir, upstream } = &stage;
    let first = come(weir, PERSON);
    let greeting = first.settings.clone();
    let process = first.leaves(weir, upstream);
    assert!(kept(weir) > 0.5);
    for other in [ADMIN, AGENT, SERVICE] {
        let other_process = come(weir, other).leaves(weir, upstream);
        assert_ne!(other_process, process, "{other}");
    }
    // What was said at the start is the connection's, too.
    let named = come_as(weir, PERSON, &[("application_name", "another")]);
    assert_ne!(named.process, process);
    let same = come(weir, PERSON);
    assert_eq!((same.process, &same.settings), (process, &greeting));
    // It is had by one at a time.
    let beside = come(weir, PERSON);
    assert_ne!(beside.process, process);
    assert!(count(weir, "weir_upstream_reused_total{") > 0.5);
    let (named, same) = (named.leaves(weir, upstream), same.leaves(weir, upstream));
    assert_eq!(come_as(weir, PERSON, &[("application_name", "another")]).process, named);
    assert_eq!(come(weir, PERSON).process, same);
    drop(beside);
    // In the record each is a session of its own.
    let record = weir.record(200).unwrap();
    let of = |kind: &str| {
        let kind = format!("\"type\":\"{kind}\"");
        let mine = record.iter().filter(|line| line.contains(&kind) && line.contains(PERSON));
        mine.filter_map(|line| testkit::weir::field(line, "session")).collect::<Vec<_>>()
    };
    let opened = of("session_opened");
    let different: std::collections::BTreeSet<_> = opened.iter().collect();
    assert!(opened.len() >= 6, "{opened:?}");
    assert_eq!(different.len(), opened.len(), "{opened:?}");
}

/// What a session leaves, and how the next one looks for it; and whether it may be the same
/// process that the next one gets.
const LEFT: &[(&str, &str, bool)] = &[
    ("select 1", "select 1", true),
    ("set statement_timeout = 12345", "show statement_timeout", true),
    ("set application_name = 'left'", "show application_name", true),
    ("set timezone = 'Asia/Tokyo'", "show timezone", true),
    ("set client_encoding = 'LATIN1'", "show client_encoding", true),
    ("set search_path = pg_catalog", "show search_path", true),
    ("set datestyle = 'German, DMY'", "select date '2001-02-03'", true),
    ("set role pg_monitor", "select current_user", true),
    ("set session authorization pg_monitor", "select session_user, current_user", true),
    (
        "set session characteristics as transaction read only",
        "show default_transaction_read_only",
        true,
    ),
    ("set default_transaction_isolation = serializable", "show transaction_isolation", true),
    ("prepare left_one as select 1", "select count(*) from pg_prepared_statements", true),
    (
        "begin; declare left_one cursor with hold for select 1; commit",
        "select count(*) from pg_cursors",
        true,
    ),
    ("listen left_one", "select count(*) from pg_listening_channels()", true),
    (
        "select pg_advisory_lock(7)",
        "select count(*) from pg_locks where locktype = 'advisory'",
        true,
    ),
    ("select nextval('left_numbers')", "select currval('left_numbers')", true),
    ("select nextval('left_numbers')", "select lastval()", true),
    ("select 1/0", "select 1", true),
    ("create temp table left_table (n int)", "select to_regclass('pg_temp.left_table')", false),
    ("set my.left = 'x'", "select current_setting('my.left', true) is null", false),
    (
        "select set_config('my.left', 'x', false)",
        "select current_setting('my.left', true) is null",
        false,
    ),
    (
        "do $$ begin perform set_config('my.left', 'x', false); end $$",
        "select current_setting('my.left', true) is null",
        false,
    ),
    ("select setseed(0.5)", "select 1", false),
    ("load 'plpgsql'", "select 1", false),
    ("begin; insert into left_rows values (1)", "select count(*) from left_rows", false),
    ("begin; select 1/0", "show transaction_isolation", false),
];

#[test]
fn nothing_of_a_session_is_in_the_next() {
    let stage = stage();
    let Stage { weir, upstream } = &stage;
    stage.truth("create table left_rows (n int); create sequence left_numbers").unwrap();
    // Weir has to know of them.
    until("the table", || stage.rows(PERSON, "select n from left_rows").ok());
    let mut clean = come_as(weir, ADMIN, &[("application_name", "clean")]);
    for (leaves, looks, reused) in LEFT {
        let expected = clean.says(looks);
        let mut session = come(weir, ADMIN);
        let greeting = session.settings.clone();
        session.says(leaves);
        let process = session.leaves(weir, upstream);
        let mut next = come(weir, ADMIN);
        assert_eq!(next.settings, greeting, "{leaves}");
        assert_eq!(next.process == process, *reused, "{leaves}");
        let seen = next.says(looks);
        match *looks {
            // It has the client's own name.
            "show application_name" => assert!(!seen[0].contains("left"), "{seen:?}"),
            _ => assert_eq!(seen, expected, "{leaves}"),
        }
        next.leaves(weir, upstream);
    }
    assert_eq!(stage.truth("select count(*) from left_rows").unwrap().trim(), "0");
}

#[test]
fn what_was_left_halfway_is_not_kept() {
    let stage = stage();
    let Stage { weir, upstream } = &stage;
    stage.truth("create table left_rows (n int)").unwrap();
    until("the table", || stage.rows(PERSON, "select n from left_rows").ok());
    let half = query("select 1").split_last().unwrap().1.to_vec();
    let insert = "insert into left_rows values (1)";
    let ways: [(&str, Vec<u8>, u8); 5] = [
        ("a statement that runs", query("select pg_sleep(2)"), 0),
        ("half a message", half, 0),
        ("what waits for its Sync", [parse("", insert), frame(b'H', b"")].concat(), b'1'),
        (
            "what ran without its Sync",
            [parse("", insert), bind("", ""), execute(""), frame(b'H', b"")].concat(),
            b'C',
        ),
        ("a COPY", query("copy left_rows from stdin"), b'G'),
    ];
    for (what, bytes, answer) in ways {
        let named = [("application_name", what)];
        let mut session = come_as(weir, ADMIN, &named);
        session.raw.send(&bytes).unwrap();
        if answer != 0 {
            session.raw.until(answer).unwrap();
        }
        let process = session.process;
        drop(session);
        let there = format!("select count(*) from pg_stat_activity where pid = {process}");
        until(what, || (upstream.psql("postgres", &there).unwrap().trim() == "0").then_some(()));
        assert_ne!(come_as(weir, ADMIN, &named).leaves(weir, upstream), process, "{what}");
    }
    assert_eq!(stage.truth("select count(*) from left_rows").unwrap().trim(), "0");
    // Whoever has said all and closes without a word has left nothing.
    let mut session = come(weir, ADMIN);
    session.raw.send(&[parse("", "select 1"), bind("", ""), execute(""), sync()].concat()).unwrap();
    session.raw.until(b'Z').unwrap();
    let process = session.process;
    let before = kept(weir);
    drop(session);
    until("the connection", || (kept(weir) > before).then_some(()));
    assert_eq!(come(weir, ADMIN).process, process);
}

/// The code of a CancelRequest.
const CANCEL: u32 = 80_877_102;

/// Asks that whatever has this key is cancelled, and waits until that was done.
pub(crate) fn cancel(weir: &Weir, process: u32, key: &[u8]) {
    let mut raw = Raw::connect(weir.port()).unwrap();
    let mut body = CANCEL.to_be_bytes().to_vec();
    body.extend(process.to_be_bytes());
    body.extend(key);
    let length = u32::try_from(body.len() + 4).unwrap();
    raw.send(&[length.to_be_bytes().as_slice(), &body].concat()).unwrap();
    raw.rest().unwrap();
}

#[test]
fn a_cancel_request_does_not_meet_the_next_session() {
    let stage = stage();
    let Stage { weir, upstream } = &stage;
    let session = come(weir, ADMIN);
    let key = session.key.clone();
    let process = session.leaves(weir, upstream);
    let mut next = come(weir, ADMIN);
    assert_eq!(next.process, process);
    next.raw.query("select pg_sleep(1.5)").unwrap();
    let busy = "select count(*) from pg_stat_activity where query like '%pg_sleep(1.5)'";
    until("the statement", || {
        (upstream.psql("postgres", busy).unwrap().trim() == "1").then_some(())
    });
    for _ in 0..5 {
        cancel(weir, process, &key);
    }
    let said = next.raw.until(b'Z').unwrap();
    assert!(said.iter().all(|message| message.tag != b'E'), "{said:?}");
    // Its own key ends it, and then it serves nobody else.
    next.raw.query("select pg_sleep(60)").unwrap();
    let busy = "select count(*) from pg_stat_activity where query like '%pg_sleep(60)'";
    until("the statement", || {
        (upstream.psql("postgres", busy).unwrap().trim() == "1").then_some(())
    });
    cancel(weir, process, &next.key);
    let said = next.raw.until(b'Z').unwrap();
    assert!(said.iter().any(|message| message.field(b'C').as_deref() == Some("57014")), "{said:?}");
    next.leaves(weir, upstream);
    assert_ne!(come(weir, ADMIN).process, process);
}

#[test]
fn one_that_died_is_not_noticed() {
    let mut stage = stage();
    let mut end = |how: &mut dyn FnMut(&mut Postgres, u32)| {
        let process = come(&stage.weir, PERSON).leaves(&stage.weir, &stage.upstream);
        how(&mut stage.upstream, process);
        let mut next = come(&stage.weir, PERSON);
        assert_ne!(next.process, process);
        assert_eq!(next.says("select 1").len(), 1);
        next.leaves(&stage.weir, &stage.upstream);
    };
    end(&mut |upstream, process| {
        upstream.psql("postgres", &format!("select pg_terminate_backend({process})")).unwrap();
    });
    end(&mut |upstream, _| upstream.crash_and_restart().unwrap());
    // One that says nothing any more.
    let signal = |name: &str, process: u32| {
        let process = process.to_string();
        assert!(Command::new("kill").args([name, &process]).status().unwrap().success());
    };
    let mut stopped = 0;
    end(&mut |_, process| {
        signal("-STOP", process);
        stopped = process;
    });
    signal("-CONT", stopped);
}

#[test]
fn none_is_kept_where_that_is_switched_off() {
    let upstream = Postgres::options().shop().start().unwrap();
    let stage = Stage { weir: Weir::start(&upstream).unwrap(), upstream };
    first(&stage.weir, &stage.upstream, "shop");
    let process = come(&stage.weir, PERSON).leaves(&stage.weir, &stage.upstream);
    assert_eq!(come(&stage.weir, PERSON).process, process);
    let stage = stage_of("keep = 0\n", Postgres::options());
    let process = come(&stage.weir, PERSON).leaves(&stage.weir, &stage.upstream);
    assert!(kept(&stage.weir) < 0.5);
    assert_ne!(come(&stage.weir, PERSON).process, process);
}

/// Puts the configuration in force that a change of its text makes.
fn reload(weir: &Weir, change: impl Fn(String) -> String) {
    let file = weir.folder().join("weir.toml");
    std::fs::write(&file, change(std::fs::read_to_string(&file).unwrap())).unwrap();
    let pid = weir.pid().unwrap().to_string();
    assert!(Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
}

#[test]
fn who_came_before_it_was_switched_off_leaves_none() {
    let stage = stage();
    let Stage { weir, upstream } = &stage;
    come(weir, PERSON).leaves(weir, upstream);
    let mut before = come(weir, ADMIN);
    before.says("select 1");
    reload(weir, |text| text.replace("keep = 8", "keep = 0"));
    until("the end of those that are kept", || (kept(weir) < 0.5).then_some(()));
    let process = before.process;
    before.raw.send(&frame(b'X', b"")).unwrap();
    drop(before.raw);
    let there = format!("select count(*) from pg_stat_activity where pid = {process}");
    until("the end of its process", || {
        assert!(kept(weir) < 0.5);
        (upstream.psql("postgres", &there).unwrap().trim() == "0").then_some(())
    });
}

#[test]
fn one_that_is_being_reset_counts() {
    let small = Postgres::options()
        .setting("max_connections", "9")
        .setting("superuser_reserved_connections", "0")
        .setting("max_wal_senders", "0");
    let stage = stage_of("", small);
    let weir = &stage.weir;
    let parting = || count(weir, "weir_upstream_parting{");
    let signal = |name: &str, process: u32| {
        let process = process.to_string();
        assert!(Command::new("kill").args([name, &process]).status().unwrap().success());
    };
    let session = come(weir, ADMIN);
    let process = session.process;
    signal("-STOP", process);
    drop(session.raw);
    until("the reset", || (parting() > 0.5).then_some(()));
    assert!(kept(weir) < 0.5);
    // The server has no more places: whoever comes gets that one when it has been reset.
    let others: Vec<_> = (0..7).map(|_| come(weir, PERSON)).collect();
    let goes_on = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(500));
        signal("-CONT", process);
    });
    come(weir, PERSON);
    goes_on.join().unwrap();
    drop(others);
    until("no more", || (parting() < 0.5).then_some(()));
}

/// What needs that nobody is connected to the database "away".
const ALONE: &[&str] = &[
    "create database copied template away",
    "alter database away rename to gone",
    "alter database gone rename to away",
    "drop database away",
];

#[test]
fn what_needs_to_be_alone_is() {
    let stage = stage();
    let Stage { weir, upstream } = &stage;
    upstream.create_database("away").unwrap();
    first(weir, upstream, "away");
    let mut other = come(weir, ADMIN);
    for text in ALONE {
        let name = if text.contains("database gone") { "gone" } else { "away" };
        let parameters = [("user", ADMIN), ("database", name)];
        let sessions: Vec<_> = (0..3)
            .map(|_| greeted(Raw::sign_in_with(weir.port(), PASSWORD, &parameters).unwrap()))
            .collect();
        // Weir reads what there is, and some may be on their way.
        for mut session in sessions {
            assert_eq!(session.says("select 1").len(), 1);
            session.raw.send(&frame(b'X', b"")).unwrap();
        }
        let begun = std::time::Instant::now();
        other.raw.send(&[parse("", text), bind("", ""), execute(""), sync()].concat()).unwrap();
        let said = other.raw.until(b'Z').unwrap();
        let codes: Vec<_> = said.iter().filter_map(|message| message.field(b'C')).collect();
        assert!(said.iter().all(|message| message.tag != b'E'), "{text}: {codes:?}");
        assert!(begun.elapsed() < std::time::Duration::from_secs(4), "{text}");
    }
    assert!(Raw::sign_in(weir.port(), ADMIN, PASSWORD, "away").is_err());
    // After a moment some are kept again.
    until("the next", || {
        let process = come(weir, PERSON).leaves(weir, upstream);
        (come(weir, PERSON).process == process).then_some(())
    });
}

#[test]
fn what_the_server_sets_now_is_what_the_next_session_finds() {
    let stage = stage();
    let Stage { weir, upstream } = &stage;
    let direct = |text: &str| upstream.psql("postgres", text).unwrap();
    let user = postgres::SUPERUSER;
    for (text, shows, value) in [
        ("alter database shop set work_mem = '7MB'", "show work_mem", "7MB"),
        (&format!("alter role {user} set work_mem = '9MB'"), "show work_mem", "9MB"),
        (
            &format!("alter role {user} in database shop set work_mem = '11MB'"),
            "show work_mem",
            "11MB",
        ),
        (&format!("alter role {user} in database shop reset work_mem"), "show work_mem", "9MB"),
        ("alter role all set lock_timeout = '17s'", "show lock_timeout", "17s"),
        (
            "alter system set log_disconnections = on; select pg_reload_conf()",
            "show log_disconnections",
            "on",
        ),
        (
            "alter system set timezone = 'Asia/Tokyo'; select pg_reload_conf()",
            "show timezone",
            "Tokyo",
        ),
    ] {
        until("one that is kept", || {
            let process = come(weir, ADMIN).leaves(weir, upstream);
            (come(weir, ADMIN).leaves(weir, upstream) == process).then_some(())
        });
        assert!(kept(weir) > 0.5, "{text}");
        for text in text.split("; ") {
            direct(text);
        }
        until(text, || {
            let mut next = come(weir, ADMIN);
            let seen = next.says(shows);
            let greeted = next
                .settings
                .iter()
                .any(|setting| setting.starts_with(b"TimeZone") && setting.ends_with(b"Tokyo\0"));
            next.leaves(weir, upstream);
            let found = seen[0].contains(value) && (greeted || !shows.contains("timezone"));
            // Of a file that is read again a server's processes hear a moment later, some of them
            // between the greeting and the answer.
            assert!(found || text.contains("reload"), "{text}: {seen:?}, greeted: {greeted}");
            found.then_some(())
        });
    }
}

#[test]
fn they_are_few_and_go_when_they_are_old() {
    let stage = stage_of("keep = 2\nkeep_age = \"3s\"\n", Postgres::options());
    let Stage { weir, upstream } = &stage;
    let sessions: Vec<_> = (0..4).map(|_| come(weir, PERSON)).collect();
    drop(sessions);
    until("two of them", || (connections(&stage) == 2).then_some(()));
    assert!(kept(weir) > 1.5 && kept(weir) < 2.5);
    until("none", || (connections(&stage) == 0).then_some(()));
    assert!(kept(weir) < 0.5);
    let session = come(weir, PERSON);
    std::thread::sleep(std::time::Duration::from_secs(3));
    let process = session.leaves(weir, upstream);
    assert_ne!(come(weir, PERSON).process, process);
}

#[test]
fn they_give_way() {
    let small = Postgres::options()
        .setting("max_connections", "12")
        .setting("superuser_reserved_connections", "0")
        .setting("max_wal_senders", "0");
    let stage = stage_of("", small);
    let Stage { weir, .. } = &stage;
    let fill = |count: usize| {
        let sessions: Vec<_> = (0..count).map(|_| come(weir, ADMIN)).collect();
        let before = kept(weir);
        drop(sessions);
        until("all of them", || (kept(weir) - before > count as f64 - 0.5).then_some(()));
    };
    fill(8);
    // There is room for fewer without them.
    let others: Vec<_> = (0..7).map(|_| come(weir, PERSON)).collect();
    assert!(kept(weir) < 7.5, "{}", kept(weir));
    drop(others);
    // What Weir itself allows counts them too.
    let upstream = Postgres::options().shop().start().unwrap();
    let keys = keys_of(&upstream, "");
    let limited = Weir::options(&upstream).upstream(&keys).limit("max_connections", "4");
    let stage = Stage { weir: limited.start().unwrap(), upstream };
    first(&stage.weir, &stage.upstream, "shop");
    let sessions: Vec<_> = (0..4).map(|_| come(&stage.weir, ADMIN)).collect();
    drop(sessions);
    until("all of them", || (kept(&stage.weir) > 3.5).then_some(()));
    let others: Vec<_> = (0..4).map(|_| come(&stage.weir, PERSON)).collect();
    until("room", || (connections(&stage) <= 4).then_some(()));
    drop(others);
}

#[test]
fn who_may_not_come_again_leaves_none() {
    let stage = stage();
    let Stage { weir, upstream } = &stage;
    let process = come(weir, PERSON).leaves(weir, upstream);
    assert!(kept(weir) > 0.5);
    weir.run(&["identity", "disable", PERSON]).unwrap().success().unwrap();
    until("the end of its connection", || (kept(weir) < 0.5).then_some(()));
    until("its process' end", || (connections(&stage) == 0).then_some(()));
    weir.run(&["identity", "enable", PERSON]).unwrap().success().unwrap();
    until("the identity", || Raw::sign_in(weir.port(), PERSON, PASSWORD, "shop").ok());
    assert_ne!(come(weir, PERSON).process, process);
    // At the end of the program all go.
    come(weir, ADMIN).leaves(weir, upstream);
    assert!(connections(&stage) > 0);
    let pid = stage.weir.pid().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    until("the end of all", || (connections(&stage) == 0).then_some(()));
}

#[test]
fn what_the_database_says_now_counts() {
    let upstream = Postgres::options().shop().start().unwrap();
    upstream.psql("postgres", "create role gate login superuser password 'first'").unwrap();
    let user = format!("user = \"{}\"", postgres::SUPERUSER);
    let keys = keys_of(&upstream, "").replace(&user, "user = \"gate\"");
    let keys = keys.replace("upstream.secret", "gate.secret");
    let mut weir = Weir::options(&upstream).upstream(&keys).prepare().unwrap();
    std::fs::write(weir.folder().join("gate.secret"), "first").unwrap();
    weir.start_again().unwrap();
    first(&weir, &upstream, "shop");
    let process = come(&weir, PERSON).leaves(&weir, &upstream);
    assert_eq!(come(&weir, PERSON).leaves(&weir, &upstream), process);
    // Whoever may not sign in does not go on with what signed in before.
    let refused = || {
        let came = Raw::sign_in(weir.port(), PERSON, PASSWORD, "shop");
        assert!(came.is_err(), "it came in");
    };
    let alter = |what: &str| upstream.psql("postgres", &format!("alter role gate {what}")).unwrap();
    alter("nologin");
    refused();
    alter("login");
    let process = come(&weir, PERSON).leaves(&weir, &upstream);
    alter("valid until '2001-01-01'");
    refused();
    alter("valid until 'infinity'");
    assert_ne!(come(&weir, PERSON).leaves(&weir, &upstream), process);
    upstream.psql("postgres", "alter database shop with allow_connections false").unwrap();
    refused();
    upstream.psql("postgres", "alter database shop with allow_connections true").unwrap();
    // Other credentials are other connections. What could not be reached is known anew.
    first(&weir, &upstream, "shop");
    let process = come(&weir, PERSON).leaves(&weir, &upstream);
    assert!(kept(&weir) > 0.5);
    alter("password 'second'");
    std::fs::write(weir.folder().join("gate.secret"), "second").unwrap();
    let pid = weir.pid().unwrap().to_string();
    assert!(Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
    until("the end of what signed in before", || (kept(&weir) < 0.5).then_some(()));
    assert_ne!(come(&weir, PERSON).process, process);
}

#[test]
fn whoever_works_as_a_role_works_as_it_again() {
    let upstream = Postgres::options().shop().start().unwrap();
    upstream.psql("shop", "create role clerk; grant pg_read_all_data to clerk").unwrap();
    let sections = format!(
        "[[database]]\nname = \"shop\"\nwithout_role = \"refuse\"\n\
         [[database.role]]\ngroup = \"admins\"\nrole = \"clerk\"\n[database.upstream]\n{}",
        keys_of(&upstream, "")
    );
    let weir = Weir::options(&upstream).sections(&sections).start().unwrap();
    come(&weir, ADMIN).leaves(&weir, &upstream);
    let mut first = come(&weir, ADMIN);
    let greeting = first.settings.clone();
    assert!(first.says("select session_user, current_user")[0].contains("clerk"));
    first.says("set search_path = pg_catalog");
    let process = first.leaves(&weir, &upstream);
    let mut next = come(&weir, ADMIN);
    assert_eq!((next.process, &next.settings), (process, &greeting));
    assert!(next.says("select session_user, current_user")[0].contains("clerk"));
    assert_eq!(next.says("drop table customers"), ["42501"]);
    next.leaves(&weir, &upstream);
    // A role that is gone is no role of a session that comes.
    upstream.psql("shop", "drop owned by clerk; revoke pg_read_all_data from clerk").unwrap();
    upstream.psql("shop", "drop role clerk").unwrap();
    assert!(Raw::sign_in(weir.port(), ADMIN, PASSWORD, "shop").is_err());
}

#[test]
fn by_tls_it_is_the_same() {
    let upstream = Postgres::options().tls().shop().start().unwrap();
    let keys = keys_of(&upstream, "").replace("\"disable\"", "\"require\"");
    let weir = Weir::options(&upstream).upstream(&keys).start().unwrap();
    let mut processes = std::collections::BTreeSet::new();
    for _ in 0..12 {
        let mut session = come(&weir, PERSON);
        assert_eq!(session.says("select 1").len(), 1);
        processes.insert(session.leaves(&weir, &upstream));
    }
    // Each thread of Weir has its own.
    assert!(processes.len() < 12, "{processes:?}");
}

#[test]
fn every_version_resets_them() {
    for major in [13, 14, 16, 17, 18] {
        let stage = stage_of("", Postgres::options().version(major).unwrap());
        let Stage { weir, upstream } = &stage;
        let mut first = come(weir, ADMIN);
        let greeting = first.settings.clone();
        for text in
            ["set timezone = 'Asia/Tokyo'", "set role pg_monitor", "prepare one as select 1"]
        {
            assert_eq!(first.says(text), [""; 0], "{major}: {text}");
        }
        let process = first.leaves(weir, upstream);
        let mut next = come(weir, ADMIN);
        assert_eq!((next.process, &next.settings), (process, &greeting), "{major}");
        assert_eq!(next.says("execute one"), ["26000"], "{major}");
    }
}
