//! The kit's own promise: servers start, answer, and end with whoever started them.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use testkit::{Bouncer, PoolMode, Postgres};

#[test]
fn a_cluster_answers_and_ends_with_its_value() {
    let upstream = Postgres::options().start().unwrap();
    assert_eq!(upstream.psql("postgres", "select 40 + 2").unwrap().trim(), "42");
    let folder = upstream.socket_folder().to_owned();
    let pid = upstream.pid();
    drop(upstream);
    assert!(!folder.exists());
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
}

#[test]
fn the_shop_is_the_same_wherever_it_is_made() {
    let upstream = Postgres::options().shop().start().unwrap();
    let sum =
        "set timezone = 'UTC'; select md5(string_agg(c::text, '' order by id)) from customers as c";
    assert_eq!(upstream.psql("shop", sum).unwrap().trim(), "045f7e7cd2b753b491c385bdba82a4ad");
    let cards = "select count(card_number) from payments";
    assert_eq!(upstream.psql("shop", cards).unwrap().trim(), "9273");
}

#[test]
fn passwords_are_asked_for() {
    let upstream = Postgres::options().start().unwrap();
    let wrong = upstream.url_as("postgres", "wrong", "postgres");
    let outcome = testkit::postgres::psql(&wrong, "select 1").unwrap();
    assert!(outcome.stderr.contains("password authentication failed"), "{outcome}");
}

#[test]
fn tls_verifies_against_the_authority() {
    let upstream = Postgres::options().tls().start().unwrap();
    let url = format!(
        "{}?sslmode=verify-full&sslrootcert={}",
        upstream.url("postgres"),
        upstream.authority().display()
    );
    let outcome =
        testkit::postgres::psql(&url, "select ssl from pg_stat_ssl where pid = pg_backend_pid()");
    assert_eq!(outcome.unwrap().success().unwrap().trim(), "t");
}

#[test]
fn the_pooler_answers() {
    let upstream = Postgres::options().start().unwrap();
    for mode in [PoolMode::Session, PoolMode::Transaction] {
        let bouncer = Bouncer::start(&upstream, mode).unwrap();
        let outcome = testkit::postgres::psql(&bouncer.url("postgres"), "select 1").unwrap();
        assert_eq!(outcome.success().unwrap().trim(), "1");
    }
}

/// Set for the copy of this test program that is to be killed.
const OWNER: &str = "WEIR_TESTKIT_OWNER";

#[test]
fn a_killed_owner_takes_its_server_along() {
    if std::env::var_os(OWNER).is_some() {
        let upstream = Postgres::options().start().unwrap();
        println!("server {} {}", upstream.pid(), upstream.socket_folder().display());
        std::thread::sleep(Duration::from_secs(60));
        return;
    }
    let mut owner = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_killed_owner_takes_its_server_along", "--nocapture"])
        .env(OWNER, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(owner.stdout.take().unwrap()).lines().map_while(Result::ok);
    let line = lines.into_iter().find(|line| line.contains("server ")).unwrap();
    let (_, line) = line.split_once("server ").unwrap();
    let (pid, folder) = line.split_once(' ').unwrap();
    let running = || Path::new(&format!("/proc/{pid}")).exists();
    assert!(running());
    owner.kill().unwrap();
    owner.wait().unwrap();
    let end = Instant::now() + Duration::from_secs(10);
    while running() {
        assert!(Instant::now() < end, "server {pid} outlives its owner");
        std::thread::sleep(Duration::from_millis(20));
    }
    // The next folder made sweeps away what the dead owner left.
    testkit::TestDir::new("sweep").unwrap();
    assert!(!Path::new(folder).exists());
}
