//! Nobody anonymous: who may sign in, how, and what those are told who may not.

use testkit::{Postgres, Weir, postgres, tool, weir};
use tests::Stage;
use tests::wire::{Raw, startup};

fn psql(url: &str) -> tool::Outcome {
    postgres::psql(url, "select 1").unwrap()
}

fn url(stage: &Stage, identity: &str, options: &str) -> String {
    format!("{}?{options}", stage.weir.url(identity, "shop"))
}

#[test]
fn an_unknown_name_and_a_wrong_password_hear_the_same() {
    let stage = Stage::shop().unwrap();
    let answer = |name: &str| {
        let outcome = psql(&postgres::url(name, "wrong", stage.weir.port(), "shop"));
        assert_ne!(outcome.code, Some(0), "{outcome}");
        outcome.stderr.replace(name, "NAME")
    };
    let (known, unknown) = (answer(weir::PERSON), answer("mallory"));
    assert_eq!(known, unknown);
    assert!(known.contains("authentication failed"), "{known}");
}

#[test]
fn what_the_exchange_shows_is_the_same_for_both() {
    // The first answer of SCRAM carries salt and iterations: stable for a name, known or not.
    let stage = Stage::shop().unwrap();
    let shape = |name: &str| {
        let mut raw = Raw::connect(stage.weir.port()).unwrap();
        raw.send(&startup(&[("user", name), ("database", "shop")])).unwrap();
        let offered = raw.read().unwrap().unwrap();
        let first = b"SCRAM-SHA-256\0\0\0\0\x20n,,n=,r=rOprNGfwEbeRWgbNEkqO0000";
        raw.send(&tests::wire::frame(b'p', first)).unwrap();
        let challenge = raw.read().unwrap().unwrap();
        let text = String::from_utf8_lossy(&challenge.body[4..]).into_owned();
        let salt = text.split(',').find(|part| part.starts_with("s=")).unwrap().to_owned();
        let iterations = text.split(',').find(|part| part.starts_with("i=")).unwrap().to_owned();
        (offered, salt, iterations)
    };
    for name in [weir::PERSON, "mallory"] {
        assert_eq!(shape(name), shape(name), "{name}");
    }
    let ((offered, salt, turns), (offered2, salt2, turns2)) =
        (shape(weir::PERSON), shape("mallory"));
    assert_eq!((offered, salt.len(), turns), (offered2, salt2.len(), turns2));
}

#[test]
fn guessing_is_slowed_down() {
    let stage = Stage::shop().unwrap();
    let mut last = String::new();
    for _ in 0..60 {
        last = psql(&postgres::url("reports", "wrong", stage.weir.port(), "shop")).stderr;
        if last.contains("too many") {
            break;
        }
    }
    assert!(last.contains("too many"), "{last}");
    // Nobody else is hurt for longer than it takes to notice.
    let metrics = stage.weir.http("/readyz").unwrap();
    assert!(metrics.starts_with("HTTP/1.1 200"), "{metrics}");
}

#[test]
fn tls_with_channel_binding() {
    let stage = Stage::shop().unwrap();
    for options in ["sslmode=disable", "sslmode=require", "sslmode=require&channel_binding=require"]
    {
        let outcome = psql(&url(&stage, weir::PERSON, options));
        assert_eq!(outcome.code, Some(0), "{options}: {outcome}");
    }
    let outcome = psql(&url(&stage, weir::PERSON, "sslmode=disable&channel_binding=require"));
    assert_ne!(outcome.code, Some(0), "{outcome}");
}

#[test]
fn gss_encryption_is_declined_and_the_session_goes_on() {
    let stage = Stage::shop().unwrap();
    let mut raw = Raw::connect(stage.weir.port()).unwrap();
    raw.send(&[0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x30]).unwrap();
    assert_eq!(raw.byte().unwrap(), Some(b'N'));
    raw.send(&startup(&[("user", weir::PERSON), ("database", "shop")])).unwrap();
    assert_eq!(raw.read().unwrap().unwrap().tag, b'R');
}

#[test]
fn an_unknown_database_is_refused_by_the_upstream_and_a_disabled_identity_by_weir() {
    let stage = Stage::shop().unwrap();
    let outcome = psql(&stage.weir.url(weir::PERSON, "nowhere"));
    assert!(outcome.stderr.contains("nowhere"), "{outcome}");
    stage.weir.run(&["identity", "disable", weir::PERSON]).unwrap().success().unwrap();
    let end = std::time::Instant::now() + std::time::Duration::from_secs(10);
    loop {
        let outcome = psql(&stage.weir.url(weir::PERSON, "shop"));
        // One that is let in just before is ended; the next is not let in.
        let ended = outcome.stderr.contains("the identity was disabled or changed");
        if outcome.code != Some(0) && !ended {
            assert!(outcome.stderr.contains("this identity is disabled"), "{outcome}");
            break;
        }
        assert!(std::time::Instant::now() < end, "a disabled identity is still let in");
    }
    // Only who proves to be it hears so.
    let guessed = psql(&postgres::url(weir::PERSON, "wrong", stage.weir.port(), "shop"));
    assert!(guessed.stderr.contains("authentication failed"), "{guessed}");
    assert!(!guessed.stderr.contains("disabled"), "{guessed}");
    let agent = psql(&stage.weir.url(weir::AGENT, "shop"));
    assert_ne!(agent.code, Some(0), "the agent outlives whom it acts for: {agent}");
}

#[test]
fn a_password_that_is_set_again_ends_what_it_let_in() {
    let stage = Stage::shop().unwrap();
    let sign_in = || Raw::sign_in(stage.weir.port(), weir::PERSON, weir::PASSWORD, "shop").unwrap();
    let mut open = sign_in();
    let set = ["identity", "password", weir::PERSON, "--password-stdin"];
    stage.weir.run_as_somebody(&set).unwrap().success().unwrap();
    let last = open.rest().unwrap();
    let said =
        |words: &[u8]| last.iter().any(|it| it.body.windows(words.len()).any(|w| w == words));
    assert!(said(b"was revoked"), "{last:?}");
    sign_in().query("select 1").unwrap();
}

#[test]
fn startup_options_are_judged() {
    let stage = Stage::shop().unwrap();
    let admin = url(&stage, weir::ADMIN, "options=-c%20work_mem%3D8MB");
    assert_eq!(psql(&admin).code, Some(0));
    let person = url(&stage, weir::PERSON, "options=-c%20session_replication_role%3Dreplica");
    let outcome = psql(&person);
    assert_ne!(outcome.code, Some(0), "{outcome}");
    assert!(outcome.stderr.contains("session_replication_role"), "{outcome}");
    // What is no setting is refused before policy is asked, to whoever may send any option.
    for nested in ["options%3D-crole%3Dx", "user%3Dbob", "replication%3Dtrue", "_pq_.x%3D1"] {
        let outcome = psql(&url(&stage, weir::ADMIN, &format!("options=-c%20{nested}")));
        assert_ne!(outcome.code, Some(0), "{outcome}");
        assert!(outcome.stderr.contains("is no setting"), "{outcome}");
    }
    let replication = url(&stage, weir::PERSON, "replication=database");
    assert_ne!(psql(&replication).code, Some(0));
}

#[test]
fn the_upstream_sees_who_it_is() {
    let stage = Stage::shop().unwrap();
    let sql = "select current_setting('application_name')";
    let seen = stage.rows(weir::ADMIN, sql).unwrap();
    let truth = "select application_name from pg_stat_activity where pid = pg_backend_pid()";
    let name = stage.rows(weir::ADMIN, truth).unwrap();
    assert!(name.contains(weir::ADMIN) || seen.contains(weir::ADMIN), "{name} {seen}");
    // The client hears the name that it gave itself, also where RESET goes back to it.
    let mut raw = Raw::sign_in(stage.weir.port(), weir::ADMIN, weir::PASSWORD, "shop").unwrap();
    for sql in ["set application_name = 'other'", "reset all", "discard all"] {
        raw.query(sql).unwrap();
        let reported = raw.until(b'Z').unwrap();
        let reported = reported.iter().filter(|message| message.tag == b'S');
        let named: Vec<_> =
            reported.filter(|it| it.body.starts_with(b"application_name")).collect();
        assert_eq!(named.len(), usize::from(sql != "discard all"), "{sql}: {named:?}");
        assert!(
            named.iter().all(|it| !it.body.windows(5).any(|part| part == b"weir:")),
            "{named:?}"
        );
    }
}

#[test]
fn upstreams_of_every_sort_are_signed_in_to() {
    for method in ["scram-sha-256", "md5", "password", "trust"] {
        let upstream = Postgres::options().method(method).start().unwrap();
        let weir = Weir::start(&upstream).unwrap();
        let outcome = weir.psql(weir::ADMIN, "postgres", "select 1").unwrap();
        assert_eq!(outcome.code, Some(0), "{method}: {outcome}");
    }
}

#[test]
fn tls_to_the_upstream_is_verified() {
    let upstream = Postgres::options().tls().start().unwrap();
    let keys = |host: &str, tls: &str, ca: bool| {
        let mut keys = format!(
            "host = \"{host}\"\nport = {}\nuser = \"{}\"\ntls = \"{tls}\"\n\
             password = {{ file = \"upstream.secret\" }}",
            upstream.port(),
            postgres::SUPERUSER
        );
        if ca {
            keys += &format!("\nca = \"{}\"", upstream.authority().display());
        }
        keys
    };
    let sql = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";
    for (host, tls, ca) in [("localhost", "verify-full", true), ("127.0.0.1", "require", false)] {
        let weir = Weir::options(&upstream).upstream(&keys(host, tls, ca)).start().unwrap();
        let outcome = weir.psql(weir::ADMIN, "postgres", sql).unwrap();
        assert_eq!(outcome.stdout.trim(), "t", "{host} {tls}: {outcome}");
    }
    // Nobody vouches for the certificate: no session, and the client is told why.
    let weir = Weir::options(&upstream).upstream(&keys("localhost", "verify-full", false)).start();
    let outcome = weir.unwrap().psql(weir::ADMIN, "postgres", sql).unwrap();
    assert_ne!(outcome.code, Some(0), "{outcome}");
}
