//! Idle sessions that give their upstream connection up: the client does not notice, whatever the
//! session could miss keeps it, and many sessions share a server with few places.

use crate::{
    names::{bind, execute, parse, query, sync},
    spares::{Session, cancel, come, come_as, connections, count, first, keys_of},
};
use std::{
    process::Command,
    thread,
    time::{Duration, Instant},
};
use testkit::{
    Postgres, Weir, postgres,
    weir::{ADMIN, AGENT, PASSWORD, PERSON},
};
use tests::{
    Stage,
    hold::until,
    wire::{Message, Raw, frame},
};

/// Longer than a session that may rest waits for it.
const LONG: Duration = Duration::from_millis(2_500);

fn keys(upstream: &Postgres, more: &str) -> String {
    let keep = if more.contains("keep = ") { "" } else { "keep = 0\n" };
    let after = if more.contains("release_idle") { "" } else { "release_idle = \"700ms\"\n" };
    keys_of(upstream, &format!("{after}{keep}{more}"))
}

fn stage_of(more: &str, options: postgres::Options) -> Stage {
    let upstream = options.shop().start().unwrap();
    let weir = Weir::options(&upstream).upstream(&keys(&upstream, more)).start().unwrap();
    if more.contains("keep = 8") {
        first(&weir, &upstream, "shop");
    }
    Stage { weir, upstream }
}

fn stage() -> Stage {
    stage_of("", Postgres::options())
}

fn resting(weir: &Weir) -> usize {
    count(weir, "weir_sessions_resting{").round() as usize
}

/// Waits until so many rest.
fn rest(weir: &Weir, number: usize) {
    until("rest", || (resting(weir) == number).then_some(()));
}

/// The server process behind a session now.
fn process(session: &mut Session) -> u32 {
    let said = session.says("select 'p' || pg_backend_pid()");
    said[0].rsplit('p').next().unwrap().parse().unwrap()
}

fn tags(messages: &[Message]) -> String {
    messages.iter().map(|message| char::from(message.tag)).collect()
}

fn code(messages: &[Message]) -> Option<String> {
    messages.iter().find_map(|message| message.field(b'C'))
}

#[test]
fn an_idle_session_gives_its_connection_up_and_nobody_notices() {
    for keep in ["keep = 0\n", "keep = 8\n"] {
        let stage = stage_of(keep, Postgres::options());
        let weir = &stage.weir;
        let mut session = come(weir, ADMIN);
        assert_eq!(session.says("select 1").len(), 1);
        rest(weir, 1);
        assert_eq!(connections(&stage), usize::from(keep.contains('8')));
        assert_eq!(session.says("select 2").len(), 1);
        assert_eq!(resting(weir), 0);
        rest(weir, 1);
        let all = [parse("", "select 3"), bind("", ""), execute(""), sync()].concat();
        session.raw.send(&all).unwrap();
        assert_eq!(tags(&session.raw.until(b'Z').unwrap()), "12DCZ");
        rest(weir, 1);
        // Nothing but a Sync, nothing at all, and a transaction.
        session.raw.send(&sync()).unwrap();
        assert_eq!(tags(&session.raw.until(b'Z').unwrap()), "Z");
        rest(weir, 1);
        session.raw.query("").unwrap();
        assert_eq!(tags(&session.raw.until(b'Z').unwrap()), "IZ");
        rest(weir, 1);
        assert_eq!(session.says("begin"), [""; 0]);
        thread::sleep(LONG);
        assert_eq!(resting(weir), 0);
        assert_eq!(session.says("select 4").len(), 1);
        assert_eq!(session.says("commit"), [""; 0]);
        rest(weir, 1);
        // Half a message, and the rest of it later.
        let whole = query("select 5");
        session.raw.send(&whole[..3]).unwrap();
        thread::sleep(Duration::from_millis(200));
        session.raw.send(&whole[3..]).unwrap();
        assert_eq!(tags(&session.raw.until(b'Z').unwrap()), "TDCZ");
        rest(weir, 1);
        session.raw.send(&frame(b'X', b"")).unwrap();
        until("the end", || (count(weir, "weir_sessions{") < 0.5).then_some(()));
        assert_eq!(resting(weir), 0);
        let record = weir.record(200).unwrap().join("\n");
        assert!(record.contains("client left"), "{record}");
    }
}

/// What a session does that keeps its connection, and how it sees that it is still there.
const STAYS: &[(&str, &str)] = &[
    ("prepare one as select 1", "execute one"),
    ("begin; declare one cursor with hold for select 1; commit", "fetch one"),
    ("listen one", "select count(*) from pg_listening_channels()"),
    ("create temp table own (n int)", "select count(*) from own"),
    ("select 1 as n into temp own", "select n from own"),
    (
        "create function pg_temp.own() returns int language sql as 'select 1'",
        "select pg_temp.own()",
    ),
    (
        "select pg_advisory_lock(7)",
        "select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()",
    ),
    ("set my.own = 'x'", "select current_setting('my.own', true)"),
    ("select set_config('my.own', 'x', false)", "select current_setting('my.own', true)"),
    ("select set_config('work_mem', '2MB', false)", "show work_mem"),
    ("load 'plpgsql'", "select 1"),
    ("select setseed(0.5)", "select 1"),
    ("set seed = 0.5", "select 1"),
    ("set role pg_monitor", "select current_user"),
    ("set session authorization pg_monitor", "select session_user"),
    ("select nextval('numbers'), currval('numbers')", "select currval('numbers')"),
    ("insert into numbered values (default); select lastval()", "select lastval() > 0"),
    ("do $$ begin perform 1; end $$", "select 1"),
    ("call something()", "select 1"),
    ("select linked()", "select 1"),
    ("begin", "select 1"),
    ("begin; select 1/0", "rollback"),
    ("begin; declare one cursor for select 1", "fetch one"),
    ("set search_path = 'größe'", "show search_path"),
];

/// What a session does and then misses nothing of on another connection: what it set is set again.
const RESTS: &[(&str, &str)] = &[
    ("select 1", "select 1"),
    ("set timezone = 'Asia/Tokyo'", "show timezone"),
    ("set statement_timeout = 12345", "show statement_timeout"),
    ("set work_mem = '3MB'", "show work_mem"),
    ("set application_name = 'it''s \\ mine'", "show application_name"),
    ("set datestyle = 'German, DMY'", "select date '2001-02-03'"),
    ("set client_encoding = 'LATIN1'", "show client_encoding"),
    ("set search_path = pg_catalog, \"Some\"", "show search_path"),
    ("set search_path = '\\x'", "show search_path"),
    ("set standard_conforming_strings = off; set search_path = 'x'", "show search_path"),
    (
        "set session characteristics as transaction isolation level serializable",
        "show transaction_isolation",
    ),
    ("set default_transaction_read_only = on", "show transaction_read_only"),
    ("begin isolation level serializable; set local work_mem = '2MB'; commit", "show work_mem"),
    ("insert into numbered values (default)", "select count(*) > 0 from numbered"),
    ("select nextval('numbers')", "select 1"),
    ("select pg_advisory_lock(8); select pg_advisory_unlock(8)", "select 1"),
    ("begin; select pg_advisory_xact_lock(8); commit", "select 1"),
    ("begin; lock table numbered; commit", "select 1"),
    ("prepare one as select 1; deallocate one", "select 1"),
    ("listen one; unlisten *", "select 1"),
    ("begin; declare one cursor for select 1; fetch one; commit", "select 1"),
    ("set timezone = 'Asia/Tokyo'; reset all", "show timezone"),
    ("discard all", "select 1"),
    ("create table made_here (n int); drop table made_here", "select 1"),
    ("copy numbered to stdout", "select 1"),
    ("select 1/0", "select 1"),
    ("notify one", "select 1"),
    ("select told()", "select told()"),
];

fn with_things(stage: &Stage) {
    let things = "create sequence numbers; create table numbered (n serial); \
        create procedure something() language sql as 'select 1'; \
        create function told() returns text language plpgsql as 'begin return 1; end'; \
        create function linked() returns int language internal as 'pg_backend_pid'";
    stage.truth(things).unwrap();
    until("the table", || stage.rows(PERSON, "select n from numbered").ok());
}

#[test]
fn whatever_it_could_miss_keeps_its_connection() {
    let stage = stage();
    with_things(&stage);
    let weir = &stage.weir;
    let does = STAYS.iter().map(|(does, _)| {
        let mut session = come(weir, ADMIN);
        session.says(does);
        session
    });
    let mut sessions: Vec<_> = does.collect();
    thread::sleep(LONG);
    assert_eq!(resting(weir), 0);
    let there = "select pid from pg_stat_activity where datname = 'shop'";
    let there = stage.upstream.psql("postgres", there).unwrap();
    let there: Vec<u32> = there.lines().map(|line| line.trim().parse().unwrap()).collect();
    for (session, (does, looks)) in sessions.iter_mut().zip(STAYS) {
        assert!(there.contains(&session.process), "{does}");
        let said = session.says(looks);
        assert!(*looks == "rollback" || said.len() == 1 && said[0].len() > 5, "{does}: {said:?}");
    }
}

#[test]
fn what_it_set_is_set_again() {
    for major in [13, 18] {
        let stage = stage_of("", Postgres::options().version(major).unwrap());
        with_things(&stage);
        let weir = &stage.weir;
        let mut sessions: Vec<_> = RESTS.iter().map(|_| come(weir, ADMIN)).collect();
        let mut before = Vec::new();
        for (session, (does, looks)) in sessions.iter_mut().zip(RESTS) {
            session.says(does);
            before.push(session.says(looks));
        }
        let stay = || {
            let sql = "select string_agg(query, '; ') from pg_stat_activity \
                where backend_type = 'client backend' and datname = 'shop'";
            stage.upstream.psql("postgres", sql).unwrap()
        };
        let begun = Instant::now();
        while resting(weir) < RESTS.len() {
            assert!(begun.elapsed() < 20 * LONG, "{major}: {} {}", resting(weir), stay());
            thread::sleep(Duration::from_millis(50));
        }
        for ((session, before), (does, looks)) in sessions.iter_mut().zip(before).zip(RESTS) {
            session.raw.query(looks).unwrap();
            let said = session.raw.until(b'Z').unwrap();
            // Nothing is told that the client knows already.
            assert!(!tags(&said).contains('S'), "{does}: {said:?}");
            let values = said.iter().filter(|message| message.tag == b'D');
            let values: Vec<_> =
                values.map(|message| message.body[2..].escape_ascii().to_string()).collect();
            assert_eq!(values, before, "{major}: {does}");
        }
    }
}

#[test]
fn many_sessions_share_few_places() {
    let small = Postgres::options()
        .setting("max_connections", "15")
        .setting("superuser_reserved_connections", "0")
        .setting("max_wal_senders", "0");
    // None would rest by itself.
    let stage = stage_of("release_idle = \"1h\"\n", small);
    let weir = &stage.weir;
    let mut sessions: Vec<_> =
        (0..60).map(|at| come(weir, [ADMIN, PERSON, AGENT][at % 3])).collect();
    assert!(resting(weir) >= 45, "{}", resting(weir));
    for round in 0..3 {
        for (at, session) in sessions.iter_mut().enumerate() {
            let said = session.says(&format!("select {round}"));
            assert_eq!(said.len(), 1, "{at}");
            assert!(said[0].ends_with(&round.to_string()), "{at}: {said:?}");
        }
    }
    // Many at once.
    for session in sessions.iter_mut().take(30) {
        session.raw.query("select pg_sleep(0.02)").unwrap();
    }
    for session in sessions.iter_mut().take(30) {
        let said = session.raw.until(b'Z').unwrap();
        assert_eq!(tags(&said), "TDCZ", "{said:?}");
    }
    assert!(count(weir, "weir_upstream_released_total{") > 100.0);
    // Where all are busy, whoever comes back is told, and in time.
    let (mut begun, mut refused, mut taken) = (Instant::now(), None, 0);
    for session in &mut sessions {
        begun = Instant::now();
        session.raw.query("begin").unwrap();
        let said = session.raw.read().unwrap().unwrap();
        if said.tag == b'E' {
            refused = Some(said);
            break;
        }
        session.raw.until(b'Z').unwrap();
        taken += 1;
    }
    assert!((10..=15).contains(&taken), "{taken}");
    let refused = refused.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(15));
    assert_eq!(refused.field(b'C').as_deref(), Some("53300"), "{refused:?}");
    assert!(refused.field(b'H').unwrap().contains("Try again"), "{refused:?}");
}

/// The answer to what is sent, and to a Sync behind it.
fn answers(session: &mut Session, messages: &[Vec<u8>]) -> Vec<Message> {
    session.raw.send(&[messages.concat(), sync()].concat()).unwrap();
    session.raw.until(b'Z').unwrap()
}

fn describe(name: &str) -> Vec<u8> {
    frame(b'D', format!("S{name}\0").as_bytes())
}

#[test]
fn what_it_prepared_is_prepared_again() {
    let stage = stage();
    let weir = &stage.weir;
    stage.truth("create table things (n int, t text); insert into things values (1, 'x')").unwrap();
    stage.truth("create table others (n int)").unwrap();
    for who in [ADMIN, PERSON] {
        until("the table", || stage.rows(PERSON, "select 1 from things, others").ok());
        let mut session = come(weir, who);
        let all = [
            parse("all", "select * from things"),
            describe("all"),
            parse("one", "select n from things where n = 1"),
            parse("bad", "select n from others"),
            parse("gone", "select 1"),
            frame(b'C', b"Sgone\0"),
            parse("", "select 'unnamed'"),
        ];
        assert_eq!(tags(&answers(&mut session, &all)), "1tT11131Z", "{who}");
        rest(weir, 1);
        let used = |name: &str| [bind("", name), execute("")].concat();
        assert_eq!(tags(&answers(&mut session, &[used("")])), "2DCZ", "{who}");
        let both = [used("one"), used("all"), used("one")];
        assert_eq!(tags(&answers(&mut session, &both)), "2DC2DC2DCZ", "{who}");
        // In a transaction, and behind what fails.
        rest(weir, 1);
        session.says("begin");
        let said = answers(&mut session, &[frame(b'D', b"Pnowhere\0"), used("one")]);
        assert_eq!(tags(&said), "EZ", "{who}");
        assert_eq!(code(&answers(&mut session, &[used("one")])).as_deref(), Some("25P02"));
        session.says("rollback");
        assert_eq!(tags(&answers(&mut session, &[used("one")])), "2DCZ", "{who}");
        // A name that is taken, and one that is free again.
        rest(weir, 1);
        let said = answers(&mut session, &[parse("one", "select 2")]);
        assert_eq!(code(&said).as_deref(), Some("42P05"), "{who}: {said:?}");
        let said = answers(&mut session, &[frame(b'C', b"Sone\0"), parse("one", "select 2")]);
        assert_eq!(tags(&said), "31Z", "{who}");
        assert_eq!(tags(&answers(&mut session, &[describe("gone")])), "EZ", "{who}");
        // By SQL.
        rest(weir, 1);
        assert_eq!(session.says("deallocate one"), [""; 0], "{who}");
        assert_eq!(session.says("execute \"all\"").len(), 1, "{who}");
        rest(weir, 1);
        session.raw.query("begin; deallocate all; commit").unwrap();
        assert_eq!(tags(&session.raw.until(b'Z').unwrap()), "CCCZ", "{who}");
        assert_eq!(tags(&answers(&mut session, &[used("all")])), "EZ", "{who}");
    }
}

#[test]
fn what_it_prepared_is_another_thing_by_now() {
    let stage = stage();
    let weir = &stage.weir;
    stage.truth("create table things (n int); create table others (n int)").unwrap();
    stage.truth("insert into things values (1)").unwrap();
    for who in [ADMIN, PERSON] {
        until("the table", || stage.rows(PERSON, "select 1 from things, others").ok());
        let mut session = come(weir, who);
        let used = |name: &str| [bind("", name), execute("")].concat();
        let portal = frame(b'D', b"P\0");
        let all = [
            parse("all", "select * from things"),
            describe("all"),
            parse("shown", "select * from things"),
            bind("", "shown"),
            portal,
            parse("gone", "select n from others"),
        ];
        assert_eq!(tags(&answers(&mut session, &all)), "1tT12T1Z", "{who}");
        rest(weir, 1);
        let before = "alter table things alter n type text; drop table others";
        stage.truth(before).unwrap();
        for name in ["all", "shown"] {
            let said = answers(&mut session, &[used(name)]);
            assert_eq!(code(&said).as_deref(), Some("0A000"), "{who}: {said:?}");
            assert_eq!(tags(&said), "EZ");
        }
        let said = answers(&mut session, &[used("gone")]);
        assert_eq!(tags(&said), "EZ", "{who}: {said:?}");
        assert!(who != ADMIN || code(&said).as_deref() == Some("42P01"), "{said:?}");
        // Prepared anew it is what it is now.
        let anew = [frame(b'C', b"Sall\0"), parse("all", "select * from things"), used("all")];
        assert_eq!(tags(&answers(&mut session, &anew)), "312DCZ", "{who}");
        stage
            .truth("alter table things alter n type int using 1; create table others (n int)")
            .unwrap();
    }
}

#[test]
fn its_cancel_key_goes_on() {
    let stage = stage_of("keep = 8\n", Postgres::options());
    let Stage { weir, upstream } = &stage;
    let mut session = come(weir, ADMIN);
    let (first, key) = (session.process, session.key.clone());
    rest(weir, 1);
    // While it rests its connection is another's, who is not met.
    let mut other = come(weir, ADMIN);
    assert_eq!(other.process, first);
    let runs = |sql: &str, number: &str| {
        let busy = format!("select count(*) from pg_stat_activity where query = '{sql}'");
        until(sql, || (upstream.psql("postgres", &busy).unwrap().trim() == number).then_some(()));
    };
    other.raw.query("select pg_sleep(1.5)").unwrap();
    runs("select pg_sleep(1.5)", "1");
    for _ in 0..3 {
        cancel(weir, first, &key);
    }
    assert_eq!(tags(&other.raw.until(b'Z').unwrap()), "TDCZ");
    other.raw.query("select pg_sleep(2.5)").unwrap();
    session.raw.query("select pg_sleep(60)").unwrap();
    runs("select pg_sleep(60)", "1");
    cancel(weir, first, &key);
    let said = session.raw.until(b'Z').unwrap();
    assert_eq!(code(&said).as_deref(), Some("57014"), "{said:?}");
    assert_eq!(tags(&other.raw.until(b'Z').unwrap()), "TDCZ");
}

#[test]
fn its_own_notifications_bear_the_number_that_it_knows() {
    let stage = stage();
    let mut session = come(&stage.weir, ADMIN);
    let told = session.process;
    rest(&stage.weir, 1);
    session.raw.query("listen one; notify one; select pg_backend_pid()").unwrap();
    let said = session.raw.until(b'Z').unwrap();
    let notified = said.iter().find(|it| it.tag == b'A');
    let notified = match notified {
        Some(notified) => notified.body.clone(),
        None => session.raw.read().unwrap().unwrap().body,
    };
    assert_eq!(notified[..4], told.to_be_bytes());
    assert_ne!(process(&mut session), told);
}

#[test]
fn whoever_may_end_it_ends_it_at_rest() {
    let options = Postgres::options().shop().start().unwrap();
    let limited = Weir::options(&options).upstream(&keys(&options, ""));
    let weir = limited.limit("idle_timeout", "\"4s\"").start().unwrap();
    let stage = Stage { weir, upstream: options };
    let weir = &stage.weir;
    let (mut one, mut other) = (come(weir, PERSON), come(weir, ADMIN));
    rest(weir, 2);
    weir.run(&["identity", "disable", PERSON]).unwrap().success().unwrap();
    let said = one.raw.rest().unwrap();
    assert_eq!(code(&said).as_deref(), Some("57P01"), "{said:?}");
    let said = other.raw.rest().unwrap();
    assert_eq!(code(&said).as_deref(), Some("57P05"), "{said:?}");
    let mut last = come(weir, ADMIN);
    rest(weir, 1);
    let record = weir.record(200).unwrap().join("\n");
    assert!(record.contains("idle for too long"), "{record}");
    let pid = weir.pid().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let said = last.raw.rest().unwrap();
    assert_eq!(code(&said).as_deref(), Some("57P01"), "{said:?}");
}

#[test]
fn where_the_server_is_gone_it_hears_so() {
    let mut stage = stage();
    let mut session = come(&stage.weir, ADMIN);
    rest(&stage.weir, 1);
    stage.upstream.crash_and_restart().unwrap();
    assert_eq!(session.says("select 1").len(), 1);
    rest(&stage.weir, 1);
    stage.upstream.stop_now("INT").unwrap();
    session.raw.query("select 2").unwrap();
    let said = session.raw.rest().unwrap();
    assert_eq!(code(&said).as_deref(), Some("08001"), "{said:?}");
    assert!(said[0].field(b'H').unwrap().contains("Connect again"), "{said:?}");
    let record = stage.weir.record(50).unwrap().join("\n");
    assert!(record.contains("upstream not reached"), "{record}");
    assert!(!record.contains("select 2"), "{record}");
}

#[test]
fn what_the_server_says_otherwise_it_is_told_first() {
    let stage = stage();
    let Stage { weir, upstream } = &stage;
    let mut session = come(weir, ADMIN);
    let mut own = come(weir, ADMIN);
    own.says("set datestyle = 'SQL, DMY'");
    rest(weir, 2);
    upstream.psql("shop", "alter database shop set datestyle = 'German, DMY'").unwrap();
    session.raw.query("select date '2001-02-03'").unwrap();
    let said = session.raw.until(b'Z').unwrap();
    assert_eq!(tags(&said), "STDCZ");
    assert_eq!(said[0].body, b"DateStyle\0German, DMY\0");
    // What it chose itself it has.
    own.raw.query("select date '2001-02-03'").unwrap();
    let said = own.raw.until(b'Z').unwrap();
    assert_eq!(tags(&said), "TDCZ");
    assert!(said[1].body.ends_with(b"03/02/2001"), "{said:?}");
}

#[test]
fn what_is_masked_is_masked_when_it_comes_back() {
    let stage = stage();
    let Stage { weir, upstream } = &stage;
    let asks = "select email from customers order by id limit 3";
    let truth = stage.truth(asks).unwrap();
    let mut session = come(weir, PERSON);
    let before = session.says(asks);
    assert_eq!(before.len(), 3);
    let hidden = |said: &[Message]| {
        let bytes: Vec<u8> = said.iter().flat_map(|message| message.body.clone()).collect();
        let text = String::from_utf8_lossy(&bytes);
        truth.lines().all(|line| !text.contains(line))
    };
    let made = [parse("a", asks), parse("b", "select c from customers c order by c.id limit 3")];
    assert_eq!(tags(&answers(&mut session, &made)), "11Z");
    rest(weir, 1);
    assert_eq!(session.says(asks), before);
    rest(weir, 1);
    for name in ["a", "b"] {
        let said = answers(&mut session, &[bind("", name), execute("")]);
        assert_eq!(tags(&said), "2DDDCZ", "{said:?}");
        assert!(hidden(&said), "{said:?}");
    }
    // Another table stands where the path leads now: what it has is known for what it is.
    let other = "create schema other; create table other.customers as \
        select id, email as last_name, last_name as email from customers";
    upstream.psql("shop", other).unwrap();
    let elsewhere = "select last_name from other.customers";
    until("the other table", || stage.rows(PERSON, elsewhere).ok());
    session.says("set search_path = other");
    rest(weir, 1);
    upstream.psql("shop", "alter role all set search_path = other").unwrap();
    let asks =
        ["select last_name from customers order by id limit 3", "select * from customers limit 9"];
    for ask in asks {
        session.raw.query(ask).unwrap();
        let said = session.raw.until(b'Z').unwrap();
        assert!(hidden(&said), "{ask}: {said:?}");
        rest(weir, 1);
    }
    // And where the server leads it elsewhere while it rests.
    upstream.psql("shop", "alter role all reset search_path").unwrap();
    let mut plain = come(weir, PERSON);
    plain.says("select last_name from customers limit 1");
    let made = [parse("a", "select last_name from customers order by id limit 3")];
    assert_eq!(tags(&answers(&mut plain, &made)), "1Z");
    rest(weir, 2);
    upstream.psql("shop", "alter role all set search_path = other").unwrap();
    for _ in 0..2 {
        let said = answers(&mut plain, &[bind("", "a"), execute("")]);
        assert!(tags(&said).contains('D'), "{said:?}");
        assert!(hidden(&said), "{said:?}");
        rest(weir, 2);
    }
    plain.raw.query("select last_name from customers order by id limit 3").unwrap();
    assert!(hidden(&plain.raw.until(b'Z').unwrap()));
}

#[test]
fn nobody_gets_what_another_had() {
    let stage = stage_of("keep = 8\n", Postgres::options());
    let weir = &stage.weir;
    let mut admin = come(weir, ADMIN);
    admin.says("set timezone = 'Asia/Tokyo'");
    let first = admin.process;
    rest(weir, 1);
    let mut person = come(weir, PERSON);
    assert_ne!(person.process, first);
    assert!(!person.says("show timezone")[0].contains("Tokyo"));
    let mut same = come(weir, ADMIN);
    assert_eq!(same.process, first);
    assert!(!same.says("show timezone")[0].contains("Tokyo"));
    same.says("set timezone = 'Europe/Paris'");
    assert_ne!(process(&mut admin), first);
    assert!(admin.says("show timezone")[0].contains("Tokyo"));
}

#[test]
fn whoever_works_as_a_role_comes_back_as_it() {
    let upstream = Postgres::options().shop().start().unwrap();
    upstream.psql("shop", "create role clerk; grant pg_read_all_data to clerk").unwrap();
    let sections = format!(
        "[[database]]\nname = \"shop\"\nwithout_role = \"refuse\"\n\
         [[database.role]]\ngroup = \"admins\"\nrole = \"clerk\"\n[database.upstream]\n{}",
        keys(&upstream, "")
    );
    let weir = Weir::options(&upstream).sections(&sections).start().unwrap();
    let mut session = come(&weir, ADMIN);
    let mut reset = come(&weir, ADMIN);
    assert!(session.says("select current_user")[0].contains("clerk"));
    reset.says("reset role");
    rest(&weir, 2);
    for session in [&mut session, &mut reset] {
        assert!(session.says("select current_user")[0].contains("clerk"));
        assert_eq!(session.says("drop table customers"), ["42501"]);
    }
    rest(&weir, 2);
    upstream.psql("shop", "drop owned by clerk; revoke pg_read_all_data from clerk").unwrap();
    upstream.psql("shop", "drop role clerk").unwrap();
    session.raw.query("select 1").unwrap();
    let said = session.raw.rest().unwrap();
    assert_eq!(tags(&said), "E", "{said:?}");
}

#[test]
fn by_tls_on_both_sides() {
    let upstream = Postgres::options().tls().shop().start().unwrap();
    let keys = keys(&upstream, "keep = 4\n").replace("\"disable\"", "\"require\"");
    let weir = Weir::options(&upstream).upstream(&keys).start().unwrap();
    let url = format!("{}?sslmode=require", weir.url(ADMIN, "shop"));
    let mut psql = Command::new("psql");
    psql.args(["-X", "-q", "-A", "-t", "-d", &url]);
    for _ in 0..3 {
        psql.args(["-c", "select 'here'", "-c", "\\! sleep 2.5"]);
    }
    let said = psql.output().unwrap();
    assert_eq!(String::from_utf8_lossy(&said.stdout), "here\nhere\nhere\n", "{said:?}");
    assert!(count(&weir, "weir_upstream_released_total{") > 1.5);
}

#[test]
fn a_session_that_never_rests_is_as_it_was() {
    let upstream = Postgres::options().shop().start().unwrap();
    let stage = Stage { weir: Weir::start(&upstream).unwrap(), upstream };
    let mut session = come_as(&stage.weir, ADMIN, &[]);
    thread::sleep(LONG);
    assert_eq!(resting(&stage.weir), 0);
    assert_eq!(process(&mut session), session.process);
    let _ = Raw::sign_in(stage.weir.port(), ADMIN, PASSWORD, "shop").unwrap();
}
