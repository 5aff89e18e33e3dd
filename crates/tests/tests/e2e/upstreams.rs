//! PostgreSQL 13 to 18, and upstreams that are down, slow or full.

use crate::names::query;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};
use testkit::weir::{ADMIN, PASSWORD, PERSON};
use testkit::{Postgres, Weir, free_port};
use tests::Stage;
use tests::client::{self, Target, difference};
use tests::hold::until;
use tests::wire::Raw;

fn version(major: u32) {
    let upstream = Postgres::options().version(major).unwrap().shop().start().unwrap();
    let weir = Weir::start(&upstream).unwrap();
    let said = upstream.psql("shop", "show server_version").unwrap();
    assert!(said.starts_with(&major.to_string()), "{said}");
    let direct = Target {
        user: testkit::postgres::SUPERUSER,
        password: testkit::postgres::SUPERUSER_PASSWORD,
        port: upstream.port(),
        database: "shop",
    };
    let through = Target { user: ADMIN, password: PASSWORD, port: weir.port(), ..direct };
    for client in [client::PSYCOPG, client::ASYNCPG] {
        let (expected, seen) = (client.run(direct).unwrap(), client.run(through).unwrap());
        assert_eq!(difference(&expected, &seen), None, "{client:?}");
    }
    let emails = "select email from customers order by id limit 5";
    let seen = weir.psql(PERSON, "shop", emails).unwrap().success().unwrap();
    let truth = upstream.psql("shop", emails).unwrap();
    assert_eq!(seen.lines().count(), 5);
    assert!(truth.lines().all(|email| !seen.contains(email)), "{seen}");
    let drop = weir.psql(PERSON, "shop", "drop table customers").unwrap();
    assert_eq!(drop.code, Some(1), "{drop}");
}

#[test]
fn postgresql_13() {
    version(13);
}

#[test]
fn postgresql_14() {
    version(14);
}

#[test]
fn postgresql_16() {
    version(16);
}

#[test]
fn postgresql_17() {
    version(17);
}

#[test]
fn postgresql_18() {
    version(18);
}

fn at(port: u16) -> String {
    format!(
        "host = \"127.0.0.1\"\nport = {port}\nuser = \"postgres\"\ntls = \"disable\"\n\
         password = {{ file = \"upstream.secret\" }}\nconnect_timeout = \"2s\""
    )
}

/// Weir before an upstream that may not be there: ready all the same, since it has told so.
fn before(port: u16) -> Weir {
    let upstream = Postgres::options().start().unwrap();
    Weir::options(&upstream).upstream(&at(port)).start().unwrap()
}

#[test]
fn an_upstream_that_is_down_is_told_and_comes_back() {
    let mut upstream = Postgres::options().shop().start().unwrap();
    let weir = Weir::start(&upstream).unwrap();
    upstream.stop_now("INT").unwrap();
    let outcome = weir.psql(PERSON, "shop", "select 1").unwrap();
    assert_eq!(outcome.code, Some(2), "{outcome}");
    assert!(outcome.stderr.contains("the database behind Weir is not reachable"), "{outcome}");
    assert!(!outcome.stderr.contains("s3cret"), "{outcome}");
    upstream.start_again().unwrap();
    weir.psql(PERSON, "shop", "select 1").unwrap().success().unwrap();
}

#[test]
fn an_upstream_that_dies_ends_the_session_with_a_reason() {
    let mut upstream = Postgres::options().shop().start().unwrap();
    let weir = Weir::start(&upstream).unwrap();
    let url = weir.url(ADMIN, "shop");
    let client = std::thread::spawn(move || testkit::postgres::psql(&url, "select pg_sleep(60)"));
    std::thread::sleep(Duration::from_secs(1));
    upstream.stop_now("QUIT").unwrap();
    let outcome = client.join().unwrap().unwrap();
    assert_ne!(outcome.code, Some(0), "{outcome}");
    upstream.start_again().unwrap();
    weir.psql(PERSON, "shop", "select 1").unwrap().success().unwrap();
}

#[test]
fn an_upstream_that_never_answers_is_given_up() {
    let silent = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let weir = before(silent.local_addr().unwrap().port());
    let begin = Instant::now();
    let outcome = weir.psql(PERSON, "shop", "select 1").unwrap();
    assert_ne!(outcome.code, Some(0), "{outcome}");
    assert!(begin.elapsed() < Duration::from_secs(9), "{:?}", begin.elapsed());
    let nobody = before(free_port().unwrap());
    let outcome = nobody.psql(PERSON, "shop", "select 1").unwrap();
    assert!(outcome.stderr.contains("the database behind Weir is not reachable"), "{outcome}");
}

/// Relays connections to a server; a cancel request arrives there later.
fn with_late_cancels(server: u16, late: Duration) -> u16 {
    const CANCEL: [u8; 4] = 80_877_102_u32.to_be_bytes();
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut head = [0; 8];
                client.read_exact(&mut head).unwrap();
                if head.ends_with(&CANCEL) {
                    std::thread::sleep(late);
                }
                let mut server = TcpStream::connect(("127.0.0.1", server)).unwrap();
                server.write_all(&head).unwrap();
                let (mut back, mut answers) =
                    (client.try_clone().unwrap(), server.try_clone().unwrap());
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut answers, &mut back);
                    let _ = back.shutdown(Shutdown::Both);
                });
                let _ = std::io::copy(&mut client, &mut server);
                let _ = server.shutdown(Shutdown::Both);
            });
        }
    });
    port
}

#[test]
fn a_cancel_request_that_comes_late_meets_no_other_statement() {
    let upstream = Postgres::options().shop().start().unwrap();
    // Sooner than Weir gives a connection up.
    let port = with_late_cancels(upstream.port(), Duration::from_millis(1300));
    let limited = Weir::options(&upstream).limit("statement_timeout", "\"1s\"");
    let weir = limited.upstream(&at(port)).start().unwrap();
    let mut raw = Raw::sign_in(weir.port(), ADMIN, PASSWORD, "shop").unwrap();
    let mut rows = |sql: &str| {
        raw.send(&query(sql)).unwrap();
        let answers = raw.until(b'Z').unwrap();
        let error = answers.iter().find_map(|message| message.field(b'M'));
        assert_eq!(error, None, "{sql}");
        answers.iter().filter(|message| message.tag == b'D').count()
    };
    // Its time is over, and it is done before it can be cancelled.
    let begun = Instant::now();
    assert_eq!(rows("select pg_sleep(1.3)"), 1);
    assert!(begun.elapsed() < Duration::from_millis(2200), "{:?}", begun.elapsed());
    // The request is at the server a second from now.
    for _ in 0..6 {
        assert_eq!(rows("select pg_sleep(0.6)"), 1);
    }
    assert!(begun.elapsed() > Duration::from_millis(2200 + 6 * 600), "{:?}", begun.elapsed());
}

#[test]
fn a_lost_secret_costs_its_own_database_alone() {
    let upstream = Postgres::options().shop().start().unwrap();
    let named = |name: &str, secret: &str| {
        let upstream = at(upstream.port()).replace("upstream.secret", secret);
        format!("[[database]]\nname = \"{name}\"\n[database.upstream]\n{upstream}\n")
    };
    let lost = named("lost", "lost.secret") + "database = \"shop\"\n";
    let sections = named("shop", "upstream.secret") + &lost;
    let weir = Weir::options(&upstream).sections(&sections).start().unwrap();
    weir.psql(PERSON, "shop", "select 1").unwrap().success().unwrap();
    let refused = weir.psql(PERSON, "lost", "select 1").unwrap();
    assert!(refused.stderr.contains("Weir could not sign in to the database"), "{refused}");
    // Looked at from time to time.
    until("a note", || {
        let ready = weir.http("/readyz").unwrap();
        ready.contains("what to sign in with cannot be had").then_some(())
    });
    assert!(weir.log_text().contains("lost.secret cannot be read"), "{}", weir.log_tail());
    let checked = weir.run(&["check"]).unwrap();
    assert_eq!(checked.code, Some(0), "{checked}");
    assert!(checked.stderr.contains("sessions fail until"), "{checked}");
    // What keeps Weir from starting is a problem.
    let file = weir.folder().join("other.toml");
    let junk = weir.folder().join("junk.pem");
    std::fs::write(&junk, "no certificate").unwrap();
    let tls = format!("[tls]\ncertificate = {junk:?}\nkey = {junk:?}\n");
    for (head, tail, said) in [
        ("", tls.as_str(), "junk.pem: no certificate in this file"),
        ("state_dir = \"/proc/weir/state\"\n", "", "state_dir: /proc cannot be written to"),
    ] {
        let base = "[listen]\npostgres = \"127.0.0.1:0\"\n";
        std::fs::write(&file, format!("{head}{base}{tail}{lost}")).unwrap();
        let mut check = Command::new(&weir.words(&[])[0]);
        let checked = check.arg("--config").arg(&file).arg("check").output().unwrap();
        let words = String::from_utf8_lossy(&checked.stderr);
        assert_eq!(checked.status.code(), Some(2), "{words}");
        assert!(words.contains(said), "{words}");
    }
    std::fs::write(weir.folder().join("lost.secret"), testkit::postgres::SUPERUSER_PASSWORD)
        .unwrap();
    weir.psql(PERSON, "lost", "select 1").unwrap().success().unwrap();
}

#[test]
fn a_full_upstream_says_so_through_weir() {
    let upstream = Postgres::options()
        .setting("max_connections", "12")
        .setting("superuser_reserved_connections", "3")
        .shop()
        .start()
        .unwrap();
    let weir = Weir::start(&upstream).unwrap();
    let mut held = Vec::new();
    let refusal = loop {
        match tests::wire::Raw::sign_in(weir.port(), ADMIN, PASSWORD, "shop") {
            Ok(raw) => held.push(raw),
            Err(error) => break format!("{error:#}"),
        }
        assert!(held.len() < 20, "more sessions than the upstream has room for");
    };
    assert!(refusal.contains("53300") && refusal.contains("too many clients"), "{refusal}");
    drop(held);
    let end = Instant::now() + Duration::from_secs(10);
    while weir.psql(PERSON, "shop", "select 1").unwrap().code != Some(0) {
        assert!(Instant::now() < end, "no session after the others left");
    }
}

#[test]
fn what_cannot_be_asked_for_long_is_not_relied_on() {
    let stage = Stage::shop().unwrap();
    let mut session = Raw::sign_in(stage.weir.port(), PERSON, PASSWORD, "shop").unwrap();
    let mut refused = || {
        session.query("select sku from products order by sku limit 1").unwrap();
        let messages = session.until(b'Z').unwrap();
        let error = messages.iter().find(|message| message.tag == b'E')?;
        Some(error.field(b'M').unwrap_or_default())
    };
    assert_eq!(refused(), None);
    // Sessions that are there stay; the catalog's reader does not come back.
    let allow = |allowed: bool| {
        let text = format!("alter database shop with allow_connections {allowed}");
        stage.upstream.psql("postgres", &text).unwrap();
    };
    allow(false);
    let end = "select pg_terminate_backend(pid) from pg_stat_activity
               where application_name like 'weir catalog%'";
    stage.upstream.psql("postgres", end).unwrap();
    let begin = Instant::now();
    let why = loop {
        if let Some(why) = refused() {
            break why;
        }
        assert!(begin.elapsed() < Duration::from_secs(60), "it goes on without knowing");
        std::thread::sleep(Duration::from_millis(200));
    };
    assert!(why.contains("out of date"), "{why}");
    allow(true);
    while refused().is_some() {
        assert!(begin.elapsed() < Duration::from_secs(120), "it does not come back");
        std::thread::sleep(Duration::from_millis(200));
    }
}
