//! If the record cannot be written, the statement does not run: a full disk, and room again.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    time::{Duration, Instant},
};
use testkit::weir::{self, ADMIN, PERSON};
use testkit::{Postgres, TestDir, Weir, tool};
use tests::disk::SmallDisk;

#[test]
fn a_full_disk_refuses_and_room_resumes() {
    assert!(tool::is_root(), "mounting a small file system needs root");
    let upstream = Postgres::options().start().unwrap();
    upstream.create_database("faults").unwrap();
    upstream.psql("faults", "create table marks (mark int)").unwrap();
    let mut weir = Weir::options(&upstream).prepare().unwrap();
    let folder = weir.ledger();
    let disk = SmallDisk::mount(&folder).unwrap();
    // A predecessor that the system still ends is waited for.
    let lock = fs::File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    let ending = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(1));
        drop(lock);
    });
    weir.start_again().unwrap();
    ending.join().unwrap();
    let log = weir.log_text();
    assert!(log.contains("in use by another process: waiting up to"), "{log}");
    // Whatever is counted is in the manual.
    let manual = include_str!("../../../../docs/operations.md");
    let counts = weir.http("/metrics").unwrap();
    let names = counts.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    for name in names {
        assert!(manual.contains(&format!("`{name}")), "{name} is not in operations.md");
    }
    let write = |mark: u32| {
        let sql = format!("insert into marks as m_{mark} values ({mark})");
        weir.psql(if mark.is_multiple_of(2) { ADMIN } else { PERSON }, "faults", &sql).unwrap()
    };
    assert_eq!(write(0).code, Some(0));
    disk.fill().unwrap();
    let mut mark = 1;
    let mut refusal = None;
    while mark < 500 && refusal.is_none() {
        let outcome = write(mark);
        refusal = (outcome.code != Some(0)).then_some(outcome);
        mark += 1;
    }
    let refusal = refusal.expect("statements run although the disk is full");
    let said = refusal.stderr.to_lowercase();
    assert!(said.contains("record") || said.contains("ledger"), "{refusal}");
    // Reads too: nothing unseen.
    let read = weir.psql(ADMIN, "faults", "select count(*) from marks").unwrap();
    assert_ne!(read.code, Some(0), "{read}");
    let ready = weir.http("/readyz").unwrap();
    assert!(ready.starts_with("HTTP/1.1 503"), "{ready}");
    // Nobody may sign in either, and is not told of a statement that was not sent.
    let end = Instant::now() + Duration::from_secs(20);
    while !weir.psql(ADMIN, "faults", "select 1").unwrap().stderr.contains("this session: it could")
    {
        assert!(Instant::now() < end, "sessions begin that are not recorded: {}", weir.log_tail());
    }
    logged(&weir, "ERROR statements are refused: the ledger is not writable: ");
    logged(&weir, &folder.display().to_string());
    logged(&weir, "No space left on device");
    disk.clear().unwrap();
    let end = Instant::now() + Duration::from_secs(20);
    while write(1_000).code != Some(0) {
        assert!(Instant::now() < end, "no service although there is room: {}", weir.log_tail());
        std::thread::sleep(Duration::from_millis(200));
    }
    logged(&weir, "the ledger is written again");
    let done = upstream.psql("faults", "select mark from marks").unwrap();
    let record = weir.record(100_000).unwrap().join("\n");
    for mark in done.lines() {
        assert!(record.contains(&format!("insert into marks as m_{mark} ")), "{mark} is unseen");
    }
    let verified = weir.run(&["audit", "verify"]).unwrap();
    assert_eq!(verified.code, Some(0), "{verified}");
}

fn logged(weir: &Weir, words: &str) {
    let end = Instant::now() + Duration::from_secs(20);
    while !weir.log_text().contains(words) {
        assert!(Instant::now() < end, "{words:?} is not in {}", weir.log_text());
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_log_that_nobody_can_write_ends_nothing() {
    let upstream = Postgres::options().start().unwrap();
    upstream.create_database("mute").unwrap();
    let folder = TestDir::new("mute").unwrap();
    // Weir as it is, but whatever it says on standard error meets a full disk.
    let program = folder.join("weir");
    let weir = weir::program().unwrap();
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *serve) exec {0} \"$@\" 2>/dev/full;; esac\nexec {0} \"$@\"\n",
        weir.display()
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let weir = Weir::options(&upstream).program(&program).start().unwrap();
    let ask = || weir.psql(PERSON, "mute", "select 1").unwrap();
    assert_eq!(ask().code, Some(0));
    // A policy file with a problem is said by who follows the folder, who goes on all the same.
    fs::write(weir.policies().join("broken.cedar"), "permit (").unwrap();
    let end = Instant::now() + Duration::from_secs(30);
    while !weir.http("/readyz").unwrap().contains("policy files have problems") {
        assert!(Instant::now() < end, "nobody follows the policies");
        std::thread::sleep(Duration::from_millis(100));
    }
    weir.run(&["identity", "disable", PERSON]).unwrap().success().unwrap();
    let end = Instant::now() + Duration::from_secs(30);
    while ask().code == Some(0) {
        assert!(Instant::now() < end, "nobody follows who is disabled");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(weir.psql(ADMIN, "mute", "select 1").unwrap().code, Some(0));
}
