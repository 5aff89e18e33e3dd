//! What no honest client sends: Weir stays up, other sessions are served, memory stays bounded.

use crate::names::{bind, execute, parse, query, sync};
use std::time::{Duration, Instant};
use testkit::weir::{ADMIN, PASSWORD, PERSON};
use tests::Stage;
use tests::wire::{Raw, frame, startup};

/// Resident memory of Weir in KiB.
fn memory(stage: &Stage) -> u64 {
    told(stage, "VmRSS:")
}

/// What the kernel tells of Weir under a name, in KiB.
fn told(stage: &Stage, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", stage.weir.pid().unwrap()));
    let status = status.expect("weir is gone");
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Another session is served, and soon.
fn still_serves(stage: &Stage) {
    let begin = Instant::now();
    assert_eq!(stage.rows(PERSON, "select 40 + 2").unwrap().trim(), "42");
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
}

fn signed_in(stage: &Stage) -> Raw {
    Raw::sign_in(stage.weir.port(), PERSON, PASSWORD, "shop").unwrap()
}

#[test]
fn nonsense_before_sign_in_is_turned_away() {
    let stage = Stage::shop().unwrap();
    let long = [&0x0010_0000_u32.to_be_bytes()[..], &[0; 64]].concat();
    let negative = [0xff, 0xff, 0xff, 0xff, 0, 3, 0, 0];
    let unterminated = [0, 0, 0, 13, 0, 3, 0, 0, b'u', b's', b'e', b'r', b'x'];
    let version_9 = [0, 0, 0, 9, 0, 9, 0, 0, 0];
    let cases: [&[u8]; 9] = [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        &[0; 64],
        &long,
        &negative,
        &unterminated,
        &version_9,
        b"Q\0\0\0\x0dselect 1\0",
        &[0, 0, 0, 4],
    ];
    for case in cases {
        let mut raw = Raw::connect(stage.weir.port()).unwrap();
        let _ = raw.send(case);
        let _ = raw.finish();
        // An error or nothing, and then the end; never silence.
        let begin = Instant::now();
        while !matches!(raw.byte(), Ok(None)) {
            assert!(begin.elapsed() < Duration::from_secs(20), "{case:?} keeps the connection");
        }
    }
    let mut raw = Raw::connect(stage.weir.port()).unwrap();
    raw.send(&startup(&[("user", PERSON), ("database", "shop")])).unwrap();
    raw.read().unwrap().unwrap();
    raw.query("select 1").unwrap();
    let messages = raw.rest().unwrap();
    assert!(messages.iter().all(|message| message.tag == b'E'), "{messages:?}");
    still_serves(&stage);
}

#[test]
fn broken_messages_end_their_session_alone() {
    let stage = Stage::shop().unwrap();
    let cases: Vec<Vec<u8>> = vec![
        vec![b'Q', 0, 0, 0, 3],
        vec![b'Q', 0, 0, 0, 0],
        vec![b'Q', 0x7f, 0xff, 0xff, 0xff, b'x'],
        vec![b'Q', 0xff, 0xff, 0xff, 0xff],
        frame(b'Q', b"no terminator"),
        frame(b'\x01', b"what?"),
        frame(b'P', b"name"),
        frame(b'B', &[0, 0, 0xff, 0xff]),
        frame(b'B', &[0, 0, 0, 0, 0, 1, 0x7f, 0xff, 0xff, 0xff]),
        frame(b'E', b"portal\0\xff"),
        frame(b'D', b"X\0"),
        frame(b'C', b""),
        frame(b'p', b"password again\0"),
        frame(b'F', &[0; 3]),
        frame(b'd', b"copy data out of nowhere"),
    ];
    for case in cases {
        let mut raw = signed_in(&stage);
        let mut other = signed_in(&stage);
        let _ = raw.send(&case);
        let _ = raw.send(&frame(b'S', b""));
        let _ = raw.finish();
        let messages = raw.rest().unwrap_or_default();
        assert!(
            messages.iter().all(|message| message.tag != b'D'),
            "rows for {case:?}: {messages:?}"
        );
        other.query("select 1").unwrap();
        other.until(b'Z').unwrap();
    }
    still_serves(&stage);
}

#[test]
fn a_length_that_is_only_announced_takes_no_room() {
    let stage = Stage::shop().unwrap();
    let begin = told(&stage, "VmSize:");
    let announced = |tag: u8, length: u32| {
        let mut raw = signed_in(&stage);
        raw.send(&[&[tag][..], &length.to_be_bytes(), &[b'x'; 200]].concat()).unwrap();
        raw
    };
    // As long as may be, but nothing of it has come.
    let waiting: Vec<Raw> = (0..12).map(|_| announced(b'F', 200 << 20)).collect();
    // Longer than may be: refused at the beginning.
    for tag in [b'F', b'c', b'f', b'p'] {
        let error = announced(tag, 0x3fff_ffff).until(b'E').unwrap();
        let code = error.last().unwrap().field(b'C').unwrap_or_default().to_owned();
        assert!(["54000", "08P01"].contains(&code.as_str()), "{}: {code}", char::from(tag));
    }
    // The names of what is bound do not end.
    let mut endless = announced(b'B', 0x3fff_ffff);
    endless.send(&[b'x'; 100 * 1024]).unwrap();
    let error = endless.until(b'E').unwrap();
    assert_eq!(error.last().unwrap().field(b'C').as_deref(), Some("08P01"));
    let grown = told(&stage, "VmSize:").saturating_sub(begin);
    assert!(grown < 1 << 20, "{grown} KiB for {} sessions", waiting.len());
    drop(waiting);
    still_serves(&stage);
}

#[test]
fn messages_out_of_order_are_answered_as_the_upstream_would() {
    let stage = Stage::shop().unwrap();
    let talk = |raw: &mut Raw| -> Vec<u8> {
        let mut tags = Vec::new();
        for message in [
            frame(b'E', b"nowhere\0\0\0\0\0"),
            frame(b'S', b""),
            frame(b'D', b"Sghost\0"),
            frame(b'S', b""),
            frame(b'B', b"\0ghost\0\0\0\0\0\0\0"),
            frame(b'E', b"\0\0\0\0\0"),
            frame(b'S', b""),
            frame(b'C', b"Sghost\0"),
            frame(b'H', b""),
            frame(b'S', b""),
            frame(b'f', b"no copy here\0"),
            frame(b'c', b""),
            frame(b'Q', b"select 1\0"),
        ] {
            raw.send(&message).unwrap();
        }
        for _ in 0..5 {
            tags.extend(raw.until(b'Z').unwrap().iter().map(|message| message.tag));
        }
        tags
    };
    let user = testkit::postgres::SUPERUSER;
    let password = testkit::postgres::SUPERUSER_PASSWORD;
    let mut direct = Raw::sign_in(stage.upstream.port(), user, password, "shop").unwrap();
    let mut through = Raw::sign_in(stage.weir.port(), ADMIN, PASSWORD, "shop").unwrap();
    assert_eq!(talk(&mut direct), talk(&mut through));
    let mut governed = signed_in(&stage);
    assert_eq!(talk(&mut governed).iter().filter(|tag| **tag == b'Z').count(), 5);
    copies_that_fail_at_once(&stage, &mut direct, &mut through);
}

/// A COPY that the server lets begin and fails before it reads anything: a Sync behind it is not
/// ignored then.
fn copies_that_fail_at_once(stage: &Stage, direct: &mut Raw, through: &mut Raw) {
    let sql = "create view seen as select 1 as n; create table raising (n int);
        create function raise() returns trigger language plpgsql as
        $$ begin perform pg_sleep(0.2); raise exception 'not today'; end $$;
        create trigger raising before insert on raising execute function raise()";
    stage.truth(sql).unwrap();
    let done = || [frame(b'd', b"1\n"), frame(b'c', b""), sync()].concat();
    let talk = |raw: &mut Raw| -> Vec<u8> {
        let mut tags = Vec::new();
        for table in ["seen", "raising"] {
            let copy = format!("copy {table} from stdin");
            let extended = [parse("", &copy), bind("", ""), execute(""), sync()].concat();
            let simple = [query(&copy), sync()].concat();
            for (messages, readies) in [
                (extended.clone(), 1),
                ([extended, done()].concat(), 2),
                (simple.clone(), 2),
                ([simple, done()].concat(), 3),
                (query("select 1"), 1),
            ] {
                raw.send(&messages).unwrap();
                for _ in 0..readies {
                    tags.extend(raw.until(b'Z').unwrap().iter().map(|message| message.tag));
                }
            }
            // The Sync is sent when the COPY has begun and has not failed yet.
            let begun = [parse("", &copy), bind("", ""), execute(""), frame(b'H', b"")].concat();
            raw.send(&begun).unwrap();
            tags.extend(raw.until(b'G').unwrap().iter().map(|message| message.tag));
            raw.send(&[sync(), done()].concat()).unwrap();
            for _ in 0..2 {
                tags.extend(raw.until(b'Z').unwrap().iter().map(|message| message.tag));
            }
        }
        tags
    };
    assert_eq!(talk(direct), talk(through));
}

#[test]
fn thousands_of_half_open_connections_hurt_nobody() {
    let stage = Stage::shop().unwrap();
    let before = memory(&stage);
    let mut held = Vec::new();
    for number in 0..3000 {
        // Our own descriptors, and Weir's limit on those that sign in, may end it earlier.
        let Ok(mut raw) = Raw::connect(stage.weir.port()) else { break };
        if number % 3 == 1 && raw.send(&[0, 0, 0, 200, 0, 3]).is_err() {
            continue;
        }
        held.push(raw);
        if held.len() >= 900 {
            held.drain(..300);
        }
    }
    let grown = memory(&stage).saturating_sub(before);
    assert!(grown < 150 * 1024, "{grown} KiB for half-open connections");
    drop(held);
    let end = Instant::now() + Duration::from_secs(40);
    while stage.weir.psql(PERSON, "shop", "select 1").unwrap().code != Some(0) {
        assert!(Instant::now() < end, "nobody is let in any more: {}", stage.weir.log_tail());
    }
    still_serves(&stage);
}

#[test]
fn a_client_that_never_reads_is_held_back() {
    let stage = Stage::shop().unwrap();
    let before = memory(&stage);
    let mut lazy: Vec<Raw> = (0..4).map(|_| signed_in(&stage)).collect();
    for raw in &mut lazy {
        raw.query("select repeat('x', 1000) from generate_series(1, 1000000)").unwrap();
    }
    std::thread::sleep(Duration::from_secs(4));
    let grown = memory(&stage).saturating_sub(before);
    assert!(grown < 64 * 1024, "{grown} KiB for clients that do not read");
    still_serves(&stage);
    drop(lazy);
    still_serves(&stage);
}

#[test]
fn one_huge_row_and_one_huge_statement() {
    let stage = Stage::shop().unwrap();
    for identity in [ADMIN, PERSON] {
        let rows = stage.rows(identity, "select length(repeat('x', 100000000))").unwrap();
        assert_eq!(rows.trim(), "100000000");
    }
    let before = memory(&stage);
    let mut raw = Raw::sign_in(stage.weir.port(), ADMIN, PASSWORD, "shop").unwrap();
    raw.query("select repeat('x', 100000000)").unwrap();
    let rows = raw.until(b'Z').unwrap();
    let row = rows.iter().find(|message| message.tag == b'D').unwrap();
    assert_eq!(row.body.len(), 100_000_006);
    let grown = memory(&stage).saturating_sub(before);
    assert!(grown < 64 * 1024, "{grown} KiB for a row that need not be kept");
    let mut person = signed_in(&stage);
    let long = format!("select 1 /* {} */", "x".repeat(20 << 20));
    person.query(&long).unwrap();
    person.until(b'Z').unwrap();
    let deep = format!("select {}1{}", "(".repeat(20_000), ")".repeat(20_000));
    let mut person = signed_in(&stage);
    person.query(&deep).unwrap();
    person.until(b'Z').unwrap();
    let wide = format!("select 1{}", " + 1".repeat(100_000));
    let mut person = signed_in(&stage);
    person.query(&wide).unwrap();
    person.until(b'Z').unwrap();
    still_serves(&stage);
    what_a_session_prepares_is_bounded(&stage);
}

/// Few names, all of them long.
fn what_a_session_prepares_is_bounded(stage: &Stage) {
    let long = format!("select '{}'", "x".repeat(1 << 20));
    let before = memory(stage);
    let mut raw = signed_in(stage);
    let mut made = 0;
    let refused = loop {
        raw.send(&[parse(&format!("s{made}"), &long), sync()].concat()).unwrap();
        let answers = raw.until(b'Z').unwrap();
        if let Some(error) = answers.iter().find(|message| message.tag == b'E') {
            break error.field(b'M').unwrap();
        }
        made += 1;
        assert!(made < 100, "{made} texts of 1 MiB are kept");
    };
    assert!(refused.contains("64 MiB"), "{refused}");
    assert!(made > 20, "only {made} texts of 1 MiB are kept");
    let grown = memory(stage).saturating_sub(before);
    assert!(grown < 300 * 1024, "{grown} KiB for {made} texts of 1 MiB");
    raw.query("deallocate all").unwrap();
    raw.until(b'Z').unwrap();
    // The same name again and again, in one go, takes no room for long.
    raw.send(&[parse("", &long).repeat(made * 2), sync()].concat()).unwrap();
    let answers = raw.until(b'Z').unwrap();
    let complete = answers.iter().filter(|message| message.tag == b'1').count();
    assert_eq!(complete, made * 2);
}
