//! If the record cannot be written, the statement does not run: a full disk, and room again.

use std::time::{Duration, Instant};
use testkit::weir::{ADMIN, PERSON};
use testkit::{Postgres, Weir, tool};
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
    weir.start_again().unwrap();
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
    disk.clear().unwrap();
    let end = Instant::now() + Duration::from_secs(20);
    while write(1_000).code != Some(0) {
        assert!(Instant::now() < end, "no service although there is room: {}", weir.log_tail());
        std::thread::sleep(Duration::from_millis(200));
    }
    let done = upstream.psql("faults", "select mark from marks").unwrap();
    let record = weir.record(100_000).unwrap().join("\n");
    for mark in done.lines() {
        assert!(record.contains(&format!("insert into marks as m_{mark} ")), "{mark} is unseen");
    }
    let verified = weir.run(&["audit", "verify"]).unwrap();
    assert_eq!(verified.code, Some(0), "{verified}");
}
