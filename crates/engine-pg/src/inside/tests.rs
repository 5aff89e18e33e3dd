//! Statements from inside against a real server: the same verdicts, masks and records as on a wire,
//! and beside them what no wire tells.

use super::*;
use crate::{
    DatabaseConfig, Host, Limits, Settings, UpstreamConfig, login::Door, session::Place,
    upstream::Secret,
};
use arc_swap::ArcSwap;
use gate::Gate;
use identity::{Directory, Entry, ScramVerifier};
use ledger::{Ledger, Options, Reader, Time};
use model::IdentityKind;
use policy::PolicySet;
use std::{path::PathBuf, time::Duration, time::SystemTime};
use testkit::{
    Postgres, TestDir,
    postgres::{SUPERUSER, SUPERUSER_PASSWORD},
};
use tokio::sync::watch;
use wire_pg::backend::Status;

const TABLES: &str = "create table people (id int primary key, email text, note text);
    insert into people select n, 'person' || n || '@example.org', 'note ' || n
    from generate_series(1, 30) n;";

const HOLD: &str = r#"
@id("deleting-needs-approval")
@approval("dba")
@reason("rows are deleted by two people")
forbid (principal, action == Action::"delete", resource);
"#;

struct Stage {
    engine: Arc<Engine>,
    directory: Arc<Directory>,
    identities: watch::Sender<u64>,
    _draining: watch::Sender<bool>,
    ledger: PathBuf,
    postgres: Postgres,
    _folder: TestDir,
}

fn identity(name: &str, groups: &[&str]) -> Identity {
    let groups = groups.iter().map(|group| (*group).to_owned()).collect();
    Identity { name: name.into(), kind: IdentityKind::Person, groups, acts_for: None }
}

fn publish(directory: &Directory, people: &[Identity]) {
    let verifier = ScramVerifier::for_password(&identity::Secret::from("x".to_owned())).unwrap();
    let entry = |identity: &Identity| Entry {
        identity: identity.clone(),
        verifier: verifier.clone(),
        passwords: 0,
        enabled: true,
        second_factor: false,
        credentials: Vec::new(),
    };
    directory.publish(people.iter().map(entry).collect());
}

async fn stage() -> Stage {
    let postgres = Postgres::options().start().unwrap();
    postgres.create_database("shop").unwrap();
    postgres.psql("shop", TABLES).unwrap();
    let folder = TestDir::new("inside").unwrap();
    let policies = folder.path().join("policies");
    std::fs::create_dir(&policies).unwrap();
    std::fs::write(policies.join("hold.cedar"), HOLD).unwrap();
    let ledger = folder.path().join("ledger");
    let options = Options::new("test", "0", Time::from(SystemTime::now()));
    let (opened, _) = Ledger::open(&ledger, options).unwrap();
    let policies = Arc::new(ArcSwap::from_pointee(PolicySet::load(Some(&policies)).unwrap()));
    let gate = Arc::new(Gate::new(policies, opened, mask::Key::new([1; 32])));
    let directory = Arc::new(Directory::new([7; 32]));
    publish(&directory, &[identity("alice", &[]), identity("root", &["admins"])]);
    let host = Host::Tcp("127.0.0.1".to_owned());
    let mut upstream = UpstreamConfig::new(host, postgres.port(), SUPERUSER, "shop");
    upstream.password = Some(Secret::from(SUPERUSER_PASSWORD.to_owned()));
    let settings = Settings {
        databases: vec![DatabaseConfig {
            name: "shop".to_owned(),
            environment: "staging".to_owned(),
            roles: Default::default(),
            upstream,
        }],
        limits: Limits {
            statement_bytes: 1 << 20,
            message_bytes: 16 << 20,
            idle: None,
            statement: None,
            catalog_wait: Duration::from_secs(10),
        },
        max_sessions: 10,
        max_sessions_per_identity: 5,
    };
    let (drain, draining) = watch::channel(false);
    let (identities, changes) = watch::channel(0);
    let door = Door::new(None, Arc::clone(&directory));
    let engine = Engine::new(gate, door, settings, draining, changes, None);
    let (_draining, _folder) = (drain, folder);
    Stage { engine, directory, identities, _draining, ledger, postgres, _folder }
}

impl Stage {
    fn caller(&self, name: &str) -> Caller {
        Caller {
            identity: self.directory.resolve(name).unwrap(),
            credential: None,
            peer: "192.0.2.7:4711".parse().unwrap(),
            tls: true,
            method: "token",
            via: Via::Mcp,
            application: "assistant".to_owned(),
            database: "shop".to_owned(),
            waits: false,
            preview: None,
            task: None,
        }
    }

    async fn open(&self, name: &str) -> Inside {
        self.engine.open_inside(self.caller(name)).await.unwrap()
    }

    fn record(&self) -> Vec<String> {
        let entries = Reader::open(&self.ledger).unwrap();
        let json = |entry: ledger::Record<'_>| serde_json::to_string(&entry).unwrap();
        entries.map(|entry| json(entry.unwrap().record().unwrap())).collect()
    }
}

fn ask<'a>(text: &'a str, values: &'a [Option<String>]) -> Ask<'a> {
    let time = Duration::from_secs(30);
    Ask {
        text,
        values,
        types: &[],
        upto: Upto::Execute,
        reads: false,
        rows: 0,
        bytes: 1 << 20,
        time,
    }
}

fn done(answer: &Answer) -> &Done {
    let done = |note: &'_ Note| matches!(note, Note::Done(_));
    match answer.notes.iter().find(|note| done(note)) {
        Some(Note::Done(done)) => done,
        _ => panic!("{:?}", answer.notes),
    }
}

fn refused(answer: &Answer) -> &Refusal {
    let found = answer.notes.iter().find_map(|note| match note {
        Note::Refused(refusal) => Some(refusal),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("{:?}", answer.notes))
}

fn text(value: &str) -> Option<String> {
    Some(value.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_masked_as_on_a_wire_and_the_record_has_how_they_came() {
    let stage = stage().await;
    let mut inside = stage.open("alice").await;
    let values = [text("2"), None];
    let sql = "select id, email, $2::text from people where id <= $1 order by id";
    let answer = inside.run(ask(sql, &values)).await.unwrap();
    assert_eq!(answer.error, None);
    let names: Vec<&str> = answer.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["id", "email", "text"]);
    let expected = |id| vec![text(id), text("p***@***.org"), None];
    assert_eq!(answer.rows, [expected("1"), expected("2")]);
    assert_eq!(answer.tag.as_deref(), Some("SELECT 2"));
    let done = done(&answer);
    let decided = done.decided.as_deref().unwrap();
    assert!(!matches!(&decided[0], Disclosure::Masked { .. }), "{decided:?}");
    let Disclosure::Masked { label, .. } = &decided[1] else { panic!("{decided:?}") };
    assert_eq!(label.as_str(), "email");
    assert_eq!((done.counts.rows, done.counts.disclosed[1].masked), (2, 2));
    let ids = answer.notes.iter().find_map(|note| match note {
        Note::Cleared(_, ids) => Some(ids.clone()),
        _ => None,
    });
    let id = ids.unwrap().remove(0);
    let record = stage.record();
    let opened = record.iter().find(|line| line.contains("session_opened")).unwrap();
    for part in [r#""method":"token""#, r#""address":"192.0.2.7""#, r#""application":"assistant""#]
    {
        assert!(opened.contains(part), "{opened}");
    }
    let intent = record.iter().find(|line| line.contains("intent") && line.contains(&id)).unwrap();
    assert!(intent.contains(r#""via":"mcp""#), "{intent}");
    // A place under the limits comes back however its session ends.
    let open = || stage.engine.counters.open.load(std::sync::atomic::Ordering::Relaxed);
    let (before, engine) = (open(), Arc::clone(&stage.engine));
    let ends = tokio::spawn(async move {
        let _place = Place::take(&engine, "bob").unwrap();
        assert_eq!(engine.counters.open.load(std::sync::atomic::Ordering::Relaxed), before);
    });
    assert!(ends.await.is_err(), "it was one more, and panicked");
    assert_eq!(open(), before);
    // With full rights the same rows leave as they are.
    let all = stage.open("root").await.run(ask(sql, &values)).await.unwrap();
    assert_eq!(all.rows[0][1], text("person1@example.org"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_or_held_says_so_in_fields_and_does_not_run() {
    let stage = stage().await;
    let mut inside = stage.open("alice").await;
    let answer = inside.run(ask("drop table people", &[])).await.unwrap();
    let refusal = refused(&answer);
    assert_eq!((refusal.sqlstate, answer.error.as_ref().unwrap().sqlstate()), ("42501", "42501"));
    assert!(refusal.record.is_some(), "{refusal:?}");
    // Whoever keeps no approvals says so.
    let mut root = stage.open("root").await;
    let answer = root.run(ask("delete from people where id = $1", &[text("1")])).await.unwrap();
    assert!(refused(&answer).message.contains("approval"), "{answer:?}");
    // What is only looked at is decided on, and nothing of it runs.
    for upto in [Upto::Parse, Upto::Bind] {
        let asked = Ask { upto, ..ask("insert into people values (99, $1)", &[]) };
        let values = [text("x@example.org")];
        let asked = Ask { values: &values, ..asked };
        let answer = root.run(asked).await.unwrap();
        assert_eq!((answer.error, answer.tag), (None, None));
        assert!(matches!(&answer.notes[0], Note::Planned(_)), "{:?}", answer.notes);
    }
    assert_eq!(stage.postgres.psql("shop", "select count(*) from people").unwrap(), "30\n");
    // Errors of the server come with their fields, and the session goes on.
    let answer = inside.run(ask("select nothing from people", &[])).await.unwrap();
    assert_eq!(answer.error.unwrap().sqlstate(), "42703");
    for sql in ["copy people from stdin", "copy people to stdout"] {
        let answer = root.run(ask(sql, &[])).await.unwrap();
        assert!(answer.error.is_some() && answer.tag.is_none(), "{sql}: {answer:?}");
        assert_eq!(root.status(), Status::Idle);
    }
    assert_eq!(inside.status(), Status::Idle);
    // Behind what was refused, nothing of what stood before it is recorded or run.
    let before = stage.record().len();
    inside.run(ask("drop table people", &[])).await.unwrap();
    let since = stage.record().split_off(before);
    assert!(!since.iter().any(|line| line.contains("intent")), "{since:?}");
    let two = inside.run(ask("select 1; select 2", &[])).await.unwrap();
    assert!(two.error.is_some() && two.rows.is_empty());
    assert_eq!(inside.run(ask("select 1", &[])).await.unwrap().rows, [[text("1")]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_only_read_writes_nothing_however_it_tries() {
    let stage = stage().await;
    let mut root = stage.open("root").await;
    let hidden = "create function sneak() returns int language plpgsql as
        $$ begin execute 'upd' || 'ate people set id = 0'; return 1; end $$";
    stage.postgres.psql("shop", hidden).unwrap();
    for sql in [
        "update people set note = 'x'",
        "with w as (insert into people values (99) returning id) select id from w",
        "select sneak()",
        "create table more (id int)",
        "set default_transaction_read_only = off",
        "do $$ begin update people set note = 'x'; end $$",
    ] {
        let answer = root.run(Ask { reads: true, ..ask(sql, &[]) }).await.unwrap();
        assert!(answer.error.is_some(), "{sql}: {answer:?}");
    }
    let asked = Ask { reads: true, ..ask("select count(*) from people where note = 'x'", &[]) };
    assert_eq!(root.run(asked).await.unwrap().rows, [[text("0")]]);
    // It is of one statement, not of the session.
    let answer = root.run(ask("update people set note = 'y' where id = 1", &[])).await.unwrap();
    assert_eq!(answer.tag.as_deref(), Some("UPDATE 1"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_bytes_and_time_have_ends() {
    let stage = stage().await;
    let mut inside = stage.open("alice").await;
    let answer = inside.run(Ask { rows: 3, ..ask("select id from people", &[]) }).await.unwrap();
    assert_eq!((answer.rows.len(), answer.cut), (3, Some(Cut::Rows)));
    let answer = inside.run(Ask { bytes: 5, ..ask("select 'ab' from people", &[]) }).await.unwrap();
    assert_eq!((answer.rows.len(), answer.cut), (2, Some(Cut::Bytes)));
    let large = "select repeat('x', 6000000)";
    let answer = stage.open("root").await.run(ask(large, &[])).await.unwrap();
    assert_eq!((answer.rows.len(), answer.cut), (0, Some(Cut::Bytes)));
    let short = Duration::from_millis(200);
    let answer = inside.run(Ask { time: short, ..ask("select pg_sleep(60)", &[]) }).await.unwrap();
    assert!(answer.timed_out);
    assert_eq!(answer.error.unwrap().sqlstate(), "57014");
    assert!(!inside.is_over());
    assert_eq!(inside.run(ask("select 1", &[])).await.unwrap().rows.len(), 1);
    // Whoever goes away takes along what they ran.
    {
        let left = inside.run(ask("select pg_sleep(60)", &[]));
        assert!(tokio::time::timeout(short, left).await.is_err());
        assert!(inside.is_over());
        drop(inside);
    }
    let ended = tokio::time::timeout(Duration::from_secs(20), stage.engine.inside_ended());
    let kept = ended.await.unwrap();
    let refusal = stage.engine.open_inside(stage.caller("alice")).await.unwrap_err();
    assert_eq!(refusal.sqlstate, "57P03");
    drop(kept);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_identity_ends_its_sessions_and_nobody_opens_what_is_not_there() {
    let stage = stage().await;
    let mut inside = stage.open("alice").await;
    assert!(!inside.is_over());
    publish(&stage.directory, &[identity("root", &["admins"])]);
    stage.identities.send_modify(|count| *count += 1);
    let ended = inside.run(ask("select 1", &[])).await;
    // Either the statement came before the word, or the session was over already.
    if ended.is_ok() {
        tokio::time::timeout(Duration::from_secs(20), async {
            while inside.run(ask("select 1", &[])).await.is_ok() {}
        })
        .await
        .unwrap();
    }
    let caller = Caller { database: "nothing".to_owned(), ..stage.caller("root") };
    let refusal = stage.engine.open_inside(caller).await.unwrap_err();
    assert_eq!(refusal.sqlstate, "3D000");
    let mut some = Vec::new();
    let refusal = loop {
        match stage.engine.open_inside(stage.caller("root")).await {
            Ok(one) => some.push(one),
            Err(refusal) => break refusal,
        }
    };
    assert_eq!((some.len(), refusal.sqlstate), (5, "53300"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_asks_for_approval_does_not_run_if_it_needs_none() {
    let stage = stage().await;
    let mut root = stage.open("root").await;
    let asked = Ask { upto: Upto::Ask, ..ask("insert into people values (99)", &[]) };
    let answer = root.run(asked).await.unwrap();
    assert!(refused(&answer).message.contains("needs no approval any more"), "{answer:?}");
    assert_eq!(answer.tag, None);
    assert_eq!(stage.postgres.psql("shop", "select count(*) from people").unwrap(), "30\n");
    // It is of one exchange.
    let answer = root.run(ask("insert into people values (99)", &[])).await.unwrap();
    assert_eq!(answer.tag.as_deref(), Some("INSERT 0 1"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_planner_runs_writes_nothing_where_it_may_only_read() {
    let stage = stage().await;
    let hidden = "create function writes() returns int language plpgsql volatile as
        $$ begin execute 'upd' || 'ate people set note = ''w'''; return 1; end $$;
        create function folded() returns int language plpgsql immutable as
        $$ begin return writes(); end $$";
    stage.postgres.psql("shop", hidden).unwrap();
    let mut root = stage.open("root").await;
    let sql = "select id from people where id = folded()";
    let answer = root.run(Ask { reads: true, ..ask(sql, &[]) }).await.unwrap();
    assert_eq!(answer.error.as_ref().map(Said::sqlstate), Some("25006"), "{answer:?}");
    let written = "select count(*) from people where note = 'w'";
    assert_eq!(stage.postgres.psql("shop", written).unwrap(), "0\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_says_at_length_is_cut() {
    let stage = stage().await;
    let mut root = stage.open("root").await;
    let sql = "do $$ begin raise notice '%', repeat('n', 100000);
        raise exception '%', repeat('e', 100000); end $$";
    let answer = root.run(ask(sql, &[])).await.unwrap();
    for said in [answer.error.as_ref().unwrap(), &answer.notices[0]] {
        assert!(said.message().len() < 5_000, "{}", said.message().len());
        assert!(said.message().ends_with("(cut: it has 100000 bytes)"), "{}", said.message());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_nobody_is_let_into_are_forgotten() {
    let stage = stage().await;
    let mut settings = (**stage.engine.settings.load()).clone();
    let mut every = settings.databases[0].clone();
    every.name = "*".to_owned();
    settings.databases.push(every);
    stage.engine.settings.store(Arc::new(settings));
    let secret = identity::Secret::from("x".to_owned());
    let mut credential =
        identity::Credential::password(ScramVerifier::for_password(&secret).unwrap());
    credential.databases = vec!["shop".to_owned()];
    let credential = Some(Arc::new(credential));
    for name in ["one", "two"] {
        let (database, credential) = (name.to_owned(), credential.clone());
        let caller = Caller { database, credential, ..stage.caller("root") };
        let refusal = stage.engine.open_inside(caller).await.unwrap_err();
        assert_eq!(refusal.sqlstate, "28000");
    }
    let known: Vec<String> =
        stage.engine.targets.lock().unwrap().open().map(|(name, _)| name.clone()).collect();
    assert_eq!(known, ["shop"]);
}
