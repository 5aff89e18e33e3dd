//! Records reach other systems: every one, as the published schema has it, without a value, through
//! restarts of either side, and nobody waits for it.

use ledger::{Ledger, Options, Record, Time};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use testkit::nats::{PASSWORD, USER};
use testkit::weir::PERSON;
use testkit::{Nats, Syslog, TestDir, Weir, tool};
use tests::{client, export};

/// A statement that is still running when Weir is killed.
fn leave_one_open(stage: &mut tests::Stage) {
    let url = stage.weir.url(PERSON, "shop");
    let mut child = std::process::Command::new(tool::find("psql").unwrap())
        .args(["-X", "-c", "select pg_sleep(600)", &url])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let end = std::time::Instant::now() + Duration::from_secs(30);
    let running = "select count(*) from pg_stat_activity where query like '%pg_sleep(600)%' \
                   and pid <> pg_backend_pid()";
    while stage.truth(running).unwrap().trim() == "0" {
        assert!(std::time::Instant::now() < end, "it does not run");
        std::thread::sleep(Duration::from_millis(20));
    }
    stage.weir.kill().unwrap();
    child.wait().unwrap();
}

/// Records of every kind that Weir can write, with every field and every word that a step has.
const EVERY_KIND: &str = include_str!("../../cases/records.jsonl");

/// Puts them into the ledger of a Weir that does not run.
fn leave_every_kind(weir: &Weir) {
    let now = Time::from(std::time::SystemTime::now());
    let options = Options::new("tests", "0.0.0", now);
    let (ledger, _) = Ledger::open(&weir.ledger(), options).unwrap();
    let mut kinds = BTreeSet::new();
    for line in EVERY_KIND.lines() {
        let record = Record::decode(line.as_bytes()).unwrap();
        let (told, again): (Value, Value) =
            (serde_json::from_str(line).unwrap(), serde_json::to_value(&record).unwrap());
        assert_eq!(told, again, "a field that no record has");
        kinds.insert(record.type_word());
        ledger.append(&record).unwrap();
    }
    let all: BTreeSet<&str> = Record::TYPES.iter().copied().collect();
    assert_eq!(kinds, all, "each kind of record has a sample in cases/records.jsonl");
}

#[test]
fn events_are_those_of_the_published_schema_and_hold_no_value() {
    let folder = TestDir::new("export").unwrap();
    let path = folder.join("events.jsonl");
    let section = format!("[[export]]\nname = \"lines\"\nkind = \"file\"\npath = {path:?}\n");
    let mut stage = export::stage(&section).unwrap();
    export::work(&stage).unwrap();
    export::administer(&stage).unwrap();
    stage.weir.record(10).unwrap();
    let policy = "@id(\"own\")\nforbid (principal == Person::\"nobody\", action, resource);\n";
    fs::write(stage.weir.policies().join("own.cedar"), policy).unwrap();
    leave_one_open(&mut stage);
    stage.weir.start_again().unwrap();
    fs::write(stage.weir.policies().join("broken.cedar"), "permit (").unwrap();
    stage.weir.stop().unwrap();
    fs::remove_file(stage.weir.policies().join("broken.cedar")).unwrap();
    leave_every_kind(&stage.weir);
    stage.weir.start_again().unwrap();
    let lines = || Ok(fs::read_to_string(&path).unwrap_or_default());
    let counts = export::wait_for_all(&stage.weir, lines).unwrap();
    assert!(counts.len() > 60, "{}", counts.len());
    let text = fs::read_to_string(&path).unwrap();
    assert!(!text.contains("needle"), "a value left with the events");
    let said = client::python("ocsf.py", &[&path]).unwrap();
    assert!(said.ends_with("done\n"), "{said}");
    for kind in [
        "6005 Query:",
        "6005 Write:",
        "6005 Update:",
        "6005 Delete:",
        "6005 Create:",
        "6005 Read:",
        "3002 Logon:",
        "3002 Logoff:",
        "3001 Create:",
        "3001 Disable:",
        "3004 Create:",
        "3004 Update:",
        "6002 Start:",
        "6002 Stop:",
        "6003 Read:",
        "6003 Delete:",
        "6008 General Error:",
        "3005 Assign Privileges:",
        "3005 Revoke Privileges:",
    ] {
        assert!(said.contains(kind), "no {kind}\n{said}");
    }
    // A shape is part of its statements' events; all else has one of its own.
    let codes = text.lines().map(|line| {
        let event: Value = serde_json::from_str(line).unwrap();
        event["metadata"]["event_code"].as_str().unwrap().to_owned()
    });
    let codes: BTreeSet<String> = codes.collect();
    let kinds = Record::TYPES.iter().filter(|kind| **kind != "shape");
    assert_eq!(codes, kinds.map(|kind| (*kind).to_owned()).collect());
    // Of the killed run's statement nobody knows whether it ran.
    let unknown = text.lines().filter(|line| line.contains("Weir ended before the statement did"));
    let unknown: Vec<_> = unknown.collect();
    assert!(unknown.len() == 1 && unknown[0].contains("pg_sleep"), "{unknown:?}");
}

#[test]
fn a_syslog_server_has_every_record_through_restarts_of_either_side() {
    let mut syslog = Syslog::start().unwrap();
    let section = format!(
        "[[export]]\nname = \"siem\"\nkind = \"syslog\"\nhost = \"localhost\"\nport = {}\n\
         ca = {:?}\nmessage = \"64KiB\"\n",
        syslog.port(),
        syslog.ca()
    );
    let mut stage = export::stage(&section).unwrap();
    export::work(&stage).unwrap();
    syslog.stop().unwrap();
    export::work(&stage).unwrap();
    stage.weir.kill().unwrap();
    stage.weir.start_again().unwrap();
    syslog.start_again().unwrap();
    export::work(&stage).unwrap();
    syslog.stop().unwrap();
    syslog.start_again().unwrap();
    export::work(&stage).unwrap();
    let lines = || {
        let mut events = String::new();
        for line in syslog.lines()?.lines() {
            let (head, event) = line.split_once('{').unwrap();
            assert!(head.starts_with("audit ") || head.starts_with("security "), "{head}");
            assert!(head.contains(" weir "), "{head}");
            events += &format!("{{{event}\n");
        }
        Ok(events)
    };
    export::wait_for_all(&stage.weir, lines).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_has_every_record_once_through_restarts_of_either_side() {
    let mut nats = Nats::start().unwrap();
    let context = stream(&nats.url(), nats.ca()).await;
    let config = async_nats::jetstream::stream::Config {
        name: "WEIR".into(),
        subjects: vec!["weir.>".into()],
        max_message_size: 64 << 10,
        ..Default::default()
    };
    context.create_stream(config).await.unwrap();
    let folder = TestDir::new("nats-secret").unwrap();
    let secret = folder.join("secret");
    fs::write(&secret, PASSWORD).unwrap();
    let section = format!(
        "[[export]]\nname = \"queue\"\nkind = \"nats\"\nurl = \"{}\"\nca = {:?}\n\
         user = \"{USER}\"\npassword = {{ file = {secret:?} }}\n",
        nats.url(),
        nats.ca()
    );
    let mut stage = export::stage(&section).unwrap();
    state_at_length(&stage.weir).await;
    export::work(&stage).unwrap();
    nats.end("TERM").unwrap();
    export::work(&stage).unwrap();
    stage.weir.kill().unwrap();
    stage.weir.start_again().unwrap();
    nats.start_again().unwrap();
    export::work(&stage).unwrap();
    nats.end("KILL").unwrap();
    nats.start_again().unwrap();
    export::work(&stage).unwrap();
    let (url, ca) = (nats.url(), nats.ca());
    let handle = tokio::runtime::Handle::current();
    let counts = tokio::task::spawn_blocking(move || {
        let mut last = String::new();
        let has = || {
            last = handle.block_on(consume(&url, &ca));
            Ok(last.clone())
        };
        (export::wait_for_all(&stage.weir, has).unwrap(), last)
    });
    let (counts, lines) = counts.await.unwrap();
    // The stream knows by its id what came before.
    for (record, times) in counts {
        assert_eq!(times, 1, "record {record}");
    }
    let shortened: Vec<_> = lines.lines().filter(|line| line.contains("\"shortened\"")).collect();
    assert!(shortened.len() == 1 && shortened[0].contains("aaa…"), "{}", shortened.len());
}

/// A statement with a longer name than the server takes in a message, and the stream by far.
async fn state_at_length(weir: &Weir) {
    let url = weir.url(PERSON, "shop");
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.simple_query(&format!("select 1 as {}", "a".repeat(1_200_000))).await.unwrap();
}

async fn stream(url: &str, ca: PathBuf) -> async_nats::jetstream::Context {
    let options = async_nats::ConnectOptions::new()
        .add_root_certificates(ca)
        .user_and_password(USER.to_owned(), PASSWORD.to_owned());
    async_nats::jetstream::new(options.connect(url).await.unwrap())
}

/// What a consumer of the stream gets from its start.
async fn consume(url: &str, ca: &Path) -> String {
    use async_nats::jetstream::consumer::{AckPolicy, pull};
    use futures_util::StreamExt;
    let stream = stream(url, ca.to_owned()).await.get_stream("WEIR").await.unwrap();
    let config = pull::Config { ack_policy: AckPolicy::None, ..Default::default() };
    let consumer = stream.create_consumer(config).await.unwrap();
    let mut batch = consumer.fetch().max_messages(100_000).messages().await.unwrap();
    let mut lines = String::new();
    while let Some(message) = batch.next().await {
        lines += std::str::from_utf8(&message.unwrap().payload).unwrap();
        lines.push('\n');
    }
    lines
}
