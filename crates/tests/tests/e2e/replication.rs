//! Replication connections: PostgreSQL's own tools take backups and follow the log through Weir as
//! an admin; nobody else does, unless a policy says so.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use testkit::weir::{ADMIN, AGENT, PASSWORD, PERSON};
use testkit::{Postgres, TestDir, Weir, tool};
use tests::Stage;
use tests::wire::{Message, Raw, frame};

/// How long anything here may take on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);

fn cluster(timeout: &str) -> Postgres {
    Postgres::options()
        .shop()
        .setting("wal_level", "logical")
        .setting("max_wal_senders", "10")
        .setting("max_replication_slots", "10")
        .setting("wal_keep_size", "1GB")
        // A walsender looks whether its stream has ended twice in this time.
        .setting("wal_sender_timeout", timeout)
        .start()
        .unwrap()
}

fn stage() -> Stage {
    stage_with("4s")
}

fn stage_with(timeout: &str) -> Stage {
    let upstream = cluster(timeout);
    let weir = Weir::start(&upstream).unwrap();
    Stage { weir, upstream }
}

fn url(stage: &Stage, identity: &str, mode: &str) -> String {
    format!("{}?replication={mode}", stage.weir.url(identity, "shop"))
}

/// Rows without headers, the statements in one session.
fn psql(url: &str, statements: &[&str]) -> tool::Outcome {
    let mut arguments = vec!["-X", "-A", "-t", "-d", url];
    for statement in statements {
        arguments.extend(["-c", statement]);
    }
    tool::run("psql", arguments).unwrap()
}

fn program(stage: &Stage, name: &str) -> Command {
    Command::new(stage.upstream.bin().join(name))
}

/// What the record holds of replication commands: for each its shape's text and its outcome.
fn commands(stage: &Stage) -> Vec<String> {
    let lines = stage.weir.record(1000).unwrap();
    lines.into_iter().filter(|line| line.contains("\"operation\":\"replication\"")).collect()
}

fn recorded(stage: &Stage, text: &str) -> String {
    let end = Instant::now() + PATIENCE;
    loop {
        let all = commands(stage);
        let found = all.iter().find(|line| line.contains(text) && line.contains("\"duration_us\""));
        if let Some(found) = found {
            return found.clone();
        }
        assert!(Instant::now() < end, "{text} is not in the record:\n{}", all.join("\n"));
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn commands_are_answered_as_by_the_server_and_recorded() {
    let stage = stage();
    let direct = |mode: &str| format!("{}?replication={mode}", stage.upstream.url("shop"));
    for (mode, statements) in [
        ("database", &["SHOW wal_level", "select 1", "select 1/0", "", "nonsense"][..]),
        ("database", &["identify_system", "TIMELINE_HISTORY 7", "READ_REPLICATION_SLOT nobody"]),
        ("database", &["begin", "create temp table t as select 1 as a", "table t", "rollback"]),
        (
            "database",
            &[
                "CREATE_REPLICATION_SLOT s TEMPORARY LOGICAL nobody",
                "START_REPLICATION SLOT nobody LOGICAL 0/0",
                "DROP_REPLICATION_SLOT nobody",
                "copy (select 'x', 1) to stdout",
            ],
        ),
        ("true", &["SHOW data_directory_mode", "select 1", "nonsense", "", "BASE_BACKUP x"]),
        ("on", &["CREATE_REPLICATION_SLOT s TEMPORARY PHYSICAL", "READ_REPLICATION_SLOT s"]),
    ] {
        let (expected, seen) =
            (psql(&direct(mode), statements), psql(&url(&stage, ADMIN, mode), statements));
        let bare = |outcome: &tool::Outcome| outcome.all();
        assert_eq!(bare(&expected), bare(&seen), "{mode} {statements:?}");
        assert_eq!(expected.code, seen.code, "{mode} {statements:?}");
    }
    let system = |url: &str| {
        let outcome = psql(url, &["IDENTIFY_SYSTEM"]);
        assert_eq!(outcome.code, Some(0), "{outcome}");
        let fields: Vec<String> = outcome.stdout.trim().split('|').map(str::to_owned).collect();
        (fields[0].clone(), fields[1].clone(), fields[3].clone())
    };
    for mode in ["database", "true"] {
        assert_eq!(system(&direct(mode)), system(&url(&stage, ADMIN, mode)), "{mode}");
    }
    let line = recorded(&stage, "IDENTIFY_SYSTEM");
    assert!(line.contains("\"operation\":\"replication\""), "{line}");
    let line = recorded(&stage, "READ_REPLICATION_SLOT nobody");
    assert!(line.contains("READ_REPLICATION_SLOT"), "{line}");
    let failed = recorded(&stage, "TIMELINE_HISTORY ?");
    assert!(failed.contains("sqlstate"), "{failed}");
    assert!(!commands(&stage).iter().any(|line| line.contains("HISTORY 7")), "a value is recorded");
}

#[test]
fn base_backups_in_every_form() {
    let stage = stage();
    let folder = TestDir::new("backup").unwrap();
    for (format, wal) in
        [("plain", "fetch"), ("plain", "stream"), ("tar", "fetch"), ("tar", "stream")]
    {
        let to = folder.path().join(format!("{format}-{wal}"));
        let mut backup = program(&stage, "pg_basebackup");
        backup.args(["-d", &stage.weir.url(ADMIN, "shop"), "--checkpoint=fast", "--no-sync"]);
        backup.args(["--format", format, "--wal-method", wal, "--label", "a secret label"]);
        let outcome = tool::finish(backup.arg("-D").arg(&to)).unwrap();
        assert_eq!(outcome.code, Some(0), "{format} {wal}: {outcome}");
        let whole = folder.path().join(format!("{format}-{wal}-whole"));
        let whole = match format {
            "plain" => to.clone(),
            _ => {
                std::fs::create_dir_all(whole.join("pg_wal")).unwrap();
                std::fs::copy(to.join("backup_manifest"), whole.join("backup_manifest")).unwrap();
                for (file, into) in [("base.tar", &whole), ("pg_wal.tar", &whole.join("pg_wal"))] {
                    if to.join(file).exists() {
                        let tar = Command::new("tar")
                            .arg("-xf")
                            .arg(to.join(file))
                            .arg("-C")
                            .arg(into)
                            .status()
                            .unwrap();
                        assert!(tar.success(), "{file}");
                    }
                }
                whole
            }
        };
        let verified = tool::finish(program(&stage, "pg_verifybackup").arg(&whole)).unwrap();
        assert_eq!(verified.code, Some(0), "{format} {wal}: {verified}");
    }
    let line = recorded(&stage, "BASE_BACKUP");
    assert!(line.contains("\"operation\":\"replication\"") && line.contains("bytes"), "{line}");
    assert!(!line.contains("secret label"), "{line}");
    let bytes = number(&line, "bytes");
    assert!(bytes > 20_000_000, "{bytes} bytes of a base backup are recorded: {line}");
}

/// A number in a one-line JSON object.
fn number(line: &str, name: &str) -> u64 {
    let (_, rest) = line.split_once(&format!("\"{name}\":")).unwrap_or_else(|| panic!("{line}"));
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or_else(|_| panic!("{line}"))
}

#[test]
fn the_log_is_received_byte_by_byte() {
    let stage = stage();
    let folder = TestDir::new("wal").unwrap();
    let slot = ["--slot", "follower"];
    let receive = |arguments: &[&str]| {
        let mut receive = program(&stage, "pg_receivewal");
        receive.args(["-d", &stage.weir.url(ADMIN, "shop"), "--no-sync"]).args(arguments);
        receive.arg("-D").arg(folder.path());
        let outcome = tool::finish(&mut receive).unwrap();
        assert_eq!(outcome.code, Some(0), "{outcome}");
    };
    receive(&["--create-slot", "--slot", "another"]);
    stage.truth("select pg_create_physical_replication_slot('follower', true)").unwrap();
    stage.truth("select pg_switch_wal()").unwrap();
    let segment = stage.truth("select pg_walfile_name(pg_current_wal_insert_lsn() + 1)").unwrap();
    stage.truth("create table filler as select repeat(md5(g::text), 30) from generate_series(1, 9000) g").unwrap();
    stage.truth("select pg_switch_wal()").unwrap();
    stage.truth("create table after_it (a int)").unwrap();
    let end = stage.truth("select pg_current_wal_flush_lsn()").unwrap();
    receive(&[slot[0], slot[1], "--no-loop", "--endpos", end.trim()]);
    let segment = segment.trim();
    let sum = format!("select md5(pg_read_binary_file('pg_wal/{segment}'))");
    let truth = stage.truth(&sum).unwrap();
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    let seen = tool::run("md5sum", [folder.path().join(segment)]).unwrap();
    let seen = seen.success().unwrap_or_else(|error| panic!("{error:#}\nof {files:?}"));
    assert_eq!(truth.trim(), seen.split(' ').next().unwrap());
    receive(&["--drop-slot", slot[0], slot[1]]);
    let line = recorded(&stage, "START_REPLICATION SLOT");
    assert!(number(&line, "bytes") > 9_000_000, "{line}");
    recorded(&stage, "CREATE_REPLICATION_SLOT");
    recorded(&stage, "DROP_REPLICATION_SLOT");
}

#[test]
fn logical_changes_are_received() {
    let stage = stage();
    let seen = logical_changes(&stage, ADMIN);
    assert!(seen.contains("table public.follow_me: INSERT: id[integer]:1"), "{seen}");
    let line = recorded(&stage, "START_REPLICATION SLOT \\\"followed\\\" LOGICAL ?");
    assert!(line.contains("\"operation\":\"replication\""), "{line}");
}

/// What pg_recvlogical prints as an identity, which must be all that the server itself would give.
fn logical_changes(stage: &Stage, identity: &str) -> String {
    let receive = |arguments: &[&str]| {
        let mut receive = program(stage, "pg_recvlogical");
        receive.args(["-d", &stage.weir.url(identity, "shop"), "--slot", "followed"]);
        let outcome = tool::finish(receive.args(arguments)).unwrap();
        assert_eq!(outcome.code, Some(0), "{outcome}\n{}", stage.weir.log_tail());
        outcome.stdout
    };
    receive(&["--create-slot", "--plugin", "test_decoding"]);
    stage.truth("create table follow_me (id int primary key, what text)").unwrap();
    let insert =
        "insert into follow_me select g, repeat('x', 200) from generate_series(1, 20000) g";
    stage.truth(insert).unwrap();
    stage.truth("update follow_me set what = 'y' where id <= 10").unwrap();
    let end = stage.truth("select pg_current_wal_flush_lsn()").unwrap();
    let peek = "select data from pg_logical_slot_peek_changes('followed', null, null)";
    let truth = stage.truth(peek).unwrap();
    let seen = receive(&["--start", "--no-loop", "--endpos", end.trim(), "-f", "-"]);
    assert_eq!(truth.trim_end(), seen.trim_end());
    receive(&["--drop-slot"]);
    seen
}

#[test]
fn nobody_else_replicates() {
    let stage = stage();
    let folder = TestDir::new("backup").unwrap();
    for identity in [PERSON, AGENT] {
        for mode in ["database", "true"] {
            let outcome = psql(&url(&stage, identity, mode), &["IDENTIFY_SYSTEM"]);
            assert_eq!(outcome.code, Some(2), "{outcome}");
            assert!(outcome.stderr.contains("a replication connection"), "{outcome}");
            assert!(outcome.stderr.contains("HINT"), "no way out is named: {outcome}");
        }
        let mut backup = program(&stage, "pg_basebackup");
        backup.args(["-d", &stage.weir.url(identity, "shop"), "-D"]);
        let outcome = tool::finish(backup.arg(folder.path().join("none"))).unwrap();
        assert_ne!(outcome.code, Some(0), "{outcome}");
        assert!(outcome.stderr.contains("a replication connection"), "{outcome}");
    }
    assert!(commands(&stage).is_empty());
    let record = stage.weir.record(200).unwrap().join("\n");
    assert!(record.contains("refused at start"), "{record}");
}

/// The baseline with the right to replicate for one person who has no others.
fn replicator(resource: &str) -> [(&'static str, String); 3] {
    let baseline = concat!(env!("CARGO_MANIFEST_DIR"), "/../policy/baseline/");
    let widened = |file: &str, after: &str| {
        let text = std::fs::read_to_string(format!("{baseline}{file}")).unwrap();
        let (before, rest) = text.split_once(after).unwrap();
        let admins = "principal in Group::\"admins\"";
        let wider = format!("{admins} || principal == Person::\"{PERSON}\"");
        format!("{before}{after}{}", rest.replacen(admins, &wider, 1))
    };
    let permit = format!(
        "@id(\"alice-replicates\")\npermit (principal == Person::\"{PERSON}\", action in \
         [Action::\"replicate\", Action::\"replication\"], {resource});\n"
    );
    [
        ("10-connect.cedar", widened("10-connect.cedar", "@id(\"baseline-replicate\")")),
        ("50-guardrails.cedar", widened("50-guardrails.cedar", "@id(\"baseline-administration\")")),
        ("90-replicator.cedar", permit),
    ]
}

#[test]
fn whom_policy_lets_replicate_still_reads_masked() {
    let stage = replicators("resource");
    let seen = logical_changes(&stage, PERSON);
    assert!(seen.contains("INSERT"), "{seen}");
    let email = stage.truth("select email from customers where id = 1").unwrap();
    let select = "select email from customers where id = 1";
    let outcome = psql(
        &url(&stage, PERSON, "database"),
        &["IDENTIFY_SYSTEM", select, "set search_path = public", select, "select current_schema"],
    );
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert!(!outcome.stdout.contains(email.trim()), "{outcome}");
    assert_eq!(outcome.stdout.lines().count(), 5, "{outcome}");
    // What is not understood has no read-only transaction to run in.
    let sql = "select query_to_xml('select email from customers', true, true, '')";
    let outcome = psql(&url(&stage, PERSON, "database"), &[sql, "select 1"]);
    assert!(outcome.stderr.contains("Weir refused"), "{outcome}");
    // A physical connection has no SQL, and says so before anything has to be known.
    let outcome = psql(&url(&stage, PERSON, "true"), &[select, "IDENTIFY_SYSTEM"]);
    assert!(outcome.stderr.contains("has no SQL"), "{outcome}");
    assert_eq!(outcome.stdout.lines().count(), 1, "{outcome}");
    // The right is asked for with each command.
    let mut raw = sign_in(&stage, PERSON, "true").0;
    raw.query("IDENTIFY_SYSTEM").unwrap();
    assert!(raw.until(b'Z').unwrap().iter().any(|message| message.tag == b'D'));
    std::fs::remove_file(stage.weir.policies().join("90-replicator.cedar")).unwrap();
    let end = Instant::now() + PATIENCE;
    loop {
        raw.query("IDENTIFY_SYSTEM").unwrap();
        let answer = raw.until(b'Z').unwrap();
        if let Some(error) = answer.iter().find(|message| message.tag == b'E') {
            assert_eq!(error.field(b'C').as_deref(), Some("42501"));
            break;
        }
        assert!(Instant::now() < end, "a right that was taken away is still used");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn replicators(resource: &str) -> Stage {
    let upstream = cluster("4s");
    let mut options = Weir::options(&upstream);
    for (file, text) in &replicator(resource) {
        options = options.policy(file, text);
    }
    Stage { weir: options.start().unwrap(), upstream }
}

#[test]
fn one_database_is_not_the_whole_server() {
    let stage = replicators("resource == Database::\"shop\"");
    let outcome = psql(&url(&stage, PERSON, "database"), &["IDENTIFY_SYSTEM"]);
    assert_eq!(outcome.code, Some(0), "{outcome}");
    let outcome = psql(&url(&stage, PERSON, "true"), &["IDENTIFY_SYSTEM"]);
    assert!(outcome.stderr.contains("a replication connection"), "{outcome}");
    let elsewhere = format!("{}?replication=database", stage.weir.url(PERSON, "postgres"));
    let outcome = psql(&elsewhere, &["IDENTIFY_SYSTEM"]);
    assert!(outcome.stderr.contains("a replication connection"), "{outcome}");
    let stage = replicators("resource == Database::\"replication\"");
    let outcome = psql(&url(&stage, PERSON, "true"), &["IDENTIFY_SYSTEM"]);
    assert_eq!(outcome.code, Some(0), "{outcome}");
}

fn sign_in(stage: &Stage, identity: &str, mode: &str) -> (Raw, Vec<Message>) {
    let parameters = [("user", identity), ("database", "shop"), ("replication", mode)];
    Raw::sign_in_with(stage.weir.port(), PASSWORD, &parameters).unwrap()
}

/// Where the log ends now.
fn position(stage: &Stage) -> String {
    stage.truth("select pg_current_wal_flush_lsn()").unwrap().trim().to_owned()
}

fn start_streaming(stage: &Stage, raw: &mut Raw) {
    raw.query(&format!("START_REPLICATION PHYSICAL {}", position(stage))).unwrap();
    raw.until(b'W').unwrap();
}

#[test]
fn a_stream_ends_and_the_session_goes_on() {
    let stage = stage();
    let (mut raw, _) = sign_in(&stage, ADMIN, "true");
    for _ in 0..2 {
        start_streaming(&stage, &mut raw);
        stage.truth("select pg_switch_wal()").unwrap();
        raw.until(b'd').unwrap();
        raw.send(&frame(b'c', b"")).unwrap();
        let end = raw.until(b'Z').unwrap();
        assert!(end.iter().any(|message| message.tag == b'c'), "{end:?}");
        assert!(end.iter().any(|message| message.tag == b'C'), "{end:?}");
        raw.query("IDENTIFY_SYSTEM").unwrap();
        assert!(raw.until(b'Z').unwrap().iter().any(|message| message.tag == b'D'));
    }
    // Nothing but the stream's own messages may come within a stream.
    start_streaming(&stage, &mut raw);
    raw.query("IDENTIFY_SYSTEM").unwrap();
    let end = raw.rest().unwrap();
    let error = end.iter().find(|message| message.tag == b'E').unwrap();
    assert_eq!(error.field(b'C').as_deref(), Some("08P01"), "{end:?}");
    // The extended protocol and FunctionCall are refused by the server, and the session goes on.
    let (mut raw, _) = sign_in(&stage, ADMIN, "database");
    raw.send(&frame(b'P', b"\0select 1\0\0\0")).unwrap();
    raw.send(&frame(b'S', b"")).unwrap();
    let refused = raw.until(b'Z').unwrap();
    assert_eq!(refused[0].field(b'C').as_deref(), Some("08P01"), "{refused:?}");
    raw.query("select 1").unwrap();
    assert!(raw.until(b'Z').unwrap().iter().any(|message| message.tag == b'D'));
}

#[test]
fn a_stream_can_be_cancelled() {
    let stage = stage();
    let (mut raw, greeting) = sign_in(&stage, ADMIN, "true");
    start_streaming(&stage, &mut raw);
    let key = greeting.iter().find(|message| message.tag == b'K').unwrap();
    let mut request = (u32::try_from(key.body.len()).unwrap() + 8).to_be_bytes().to_vec();
    request.extend(80_877_102_u32.to_be_bytes());
    request.extend(&key.body);
    let mut other = Raw::connect(stage.weir.port()).unwrap();
    other.send(&request).unwrap();
    other.rest().unwrap();
    let end = raw.until(b'Z').unwrap();
    let error = end.iter().find(|message| message.tag == b'E').unwrap();
    assert_eq!(error.field(b'C').as_deref(), Some("57014"), "{end:?}");
    raw.query("IDENTIFY_SYSTEM").unwrap();
    assert!(raw.until(b'Z').unwrap().iter().any(|message| message.tag == b'D'));
    assert!(recorded(&stage, "START_REPLICATION").contains("57014"));
}

fn follow(stage: &Stage, folder: &TestDir) -> Child {
    let mut receive = program(stage, "pg_receivewal");
    receive.args(["-d", &stage.weir.url(ADMIN, "shop"), "--no-sync", "--no-loop", "-D"]);
    let child = receive.arg(folder.path()).stderr(Stdio::piped()).spawn().unwrap();
    let streaming = "select count(*) from pg_stat_replication where state = 'streaming'";
    let end = Instant::now() + PATIENCE;
    while stage.truth(streaming).unwrap().trim() != "1" {
        assert!(Instant::now() < end, "nothing is streamed\n{}", stage.weir.log_tail());
        std::thread::sleep(Duration::from_millis(50));
    }
    child
}

#[test]
fn a_drain_does_not_wait_for_a_stream() {
    let mut stage = stage();
    let folder = TestDir::new("wal").unwrap();
    let child = follow(&stage, &folder);
    let begin = Instant::now();
    stage.weir.stop().unwrap();
    assert!(begin.elapsed() < Duration::from_secs(10), "a stream delays the end");
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("weir is shutting down"), "{said}\n{}", commands(&stage).join("\n"));
    let line = recorded(&stage, "START_REPLICATION");
    assert!(line.contains("session ended by weir"), "{line}");
}

#[test]
fn a_follower_that_never_reads_costs_no_memory() {
    let stage = stage_with("5min");
    let begin = position(&stage);
    let fill =
        "create table bulk as select repeat(md5(g::text), 100) from generate_series(1, 60000) g";
    // Incompressible enough to be a hundred megabytes of log.
    let plain = "create table raw (c text); alter table raw alter c set storage external";
    stage.truth(plain).unwrap();
    stage.truth(&fill.replace("create table bulk as", "insert into raw")).unwrap();
    let pid = stage.weir.pid().unwrap();
    let resident = || {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
    };
    let before = resident();
    let (mut raw, _) = sign_in(&stage, ADMIN, "true");
    raw.query(&format!("START_REPLICATION PHYSICAL {begin}")).unwrap();
    raw.until(b'W').unwrap();
    // The server stands still once every buffer between it and us is full.
    let sent = "select sent_lsn from pg_stat_replication";
    let end = Instant::now() + PATIENCE;
    let mut last = String::new();
    loop {
        std::thread::sleep(Duration::from_millis(500));
        let now = stage.truth(sent).unwrap();
        if now == last && !now.trim().is_empty() {
            break;
        }
        last = now;
        assert!(Instant::now() < end, "the server never stops sending");
    }
    let behind = format!("select pg_current_wal_flush_lsn() - '{}'", last.trim());
    let behind: f64 = stage.truth(&behind).unwrap().trim().parse().unwrap();
    assert!(behind > 50e6, "only {behind} bytes wait on the server");
    let grown = resident().saturating_sub(before);
    assert!(grown < 16 * 1024, "{grown} KiB for a follower that does not read");
    // All of it comes once it is read.
    let (mut bytes, wanted) = (0, 100_000_000);
    while bytes < wanted {
        bytes += raw.until(b'd').unwrap().iter().map(|message| message.body.len()).sum::<usize>();
    }
}
