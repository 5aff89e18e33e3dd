//! What was delivered is not delivered again because a place cannot be kept.

use super::*;
use crate::settings::To;
use ledger::{Options, Time, record::Administered};
use std::{collections::BTreeSet, fs};

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !done() {
        assert!(Instant::now() < end, "never: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_batch_is_delivered_once_however_often_its_place_cannot_be_kept() {
    let folder = tempfile::tempdir().unwrap();
    let time = Time::from_micros(0);
    let options = Options::new("node", "0", time);
    let (ledger, _) = Ledger::open(&folder.path().join("ledger"), options).unwrap();
    for what in ["one", "two", "three"] {
        let record = Administered { time, by: "os:eve".into(), what: what.into() };
        let place = ledger.append(&record.into()).unwrap();
        ledger.synced(place).wait().unwrap();
    }
    let (cursors, path) = (folder.path().join("export"), folder.path().join("events.jsonl"));
    let begin = Cursor { log: key(&ledger), next: 0, run: 0 };
    CursorFile::new(&cursors, "siem").unwrap().save(&begin).unwrap();
    // In the place of the cursor's draft.
    let obstacle = cursors.join("siem.cursor.draft");
    fs::create_dir(&obstacle).unwrap();
    let settings = Settings {
        name: "siem".into(),
        to: To::File { path: path.clone(), rotate_bytes: 1 << 30, keep: 1 },
        format: Format::Ocsf,
        begin: Begin::Start,
    };
    let about = About { node: "node".into(), version: "0".into() };
    let exports = Exports::start(&ledger, &about, &cursors, [settings]).unwrap();
    until("three attempts", || exports.lag()[0].failures >= 3);
    assert!(exports.lag()[0].records > 0, "nothing is delivered that is not noted");
    fs::remove_dir(&obstacle).unwrap();
    until("delivered", || exports.lag()[0].records == 0);
    exports.stop();
    let text = fs::read_to_string(&path).unwrap();
    let lines: BTreeSet<&str> = text.lines().collect();
    assert!(lines.len() >= 3, "{text}");
    assert_eq!(lines.len(), text.lines().count(), "{text}");
}
