//! What was delivered is not delivered again because a place cannot be kept.

use super::*;
use crate::settings::To;
use ledger::{Options, Record, Time, record::Administered};
use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    sync::mpsc,
};

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !done() {
        assert!(Instant::now() < end, "never: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

const NOW: Time = Time::from_micros(0);

fn log() -> (tempfile::TempDir, Ledger) {
    let folder = tempfile::tempdir().unwrap();
    let options = Options::new("node", "0", NOW);
    let (ledger, _) = Ledger::open(&folder.path().join("ledger"), options).unwrap();
    (folder, ledger)
}

#[test]
fn a_batch_is_delivered_once_however_often_its_place_cannot_be_kept() {
    let (folder, ledger) = log();
    for what in ["one", "two", "three"] {
        let record = Administered { time: NOW, by: "os:eve".into(), what: what.into() };
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

#[test]
fn a_batch_of_long_texts_ends_early() {
    let (_folder, ledger) = log();
    for _ in 0..20 {
        let what = "a".repeat(1 << 20);
        let record = Administered { time: NOW, by: "os:eve".into(), what: what.into() };
        let place = ledger.append(&record.into()).unwrap();
        ledger.synced(place).wait().unwrap();
    }
    let about = About { node: "node".into(), version: "0".into() };
    let maker = Maker::new(&Format::Ocsf, &about, &key(&ledger));
    let begin = Cursor { log: key(&ledger), next: 0, run: 0 };
    let mut source = Source::new(&ledger, maker, &begin);
    let mut batches = Vec::new();
    while source.behind() > 0 {
        batches.push(source.read(BATCH_EVENTS).unwrap().len());
    }
    assert!(batches.len() > 2 && batches.iter().all(|events| *events <= 9), "{batches:?}");
    assert!(batches.iter().sum::<usize>() >= 20, "{batches:?}");
}

/// The longest body that the other side takes.
const TAKES: usize = 64 << 10;

/// Answers a post; gives the body if it is not too long.
fn answer(mut stream: std::net::TcpStream) -> Option<String> {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(text) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = text.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let status = if length > TAKES { "413 Content Too Large" } else { "200 OK" };
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    (length <= TAKES).then(|| String::from_utf8(body).unwrap())
}

/// Exports to a server that takes no more than that at a time; what it took.
fn exported(folder: &Path, ledger: &Ledger, format: Format) -> Vec<String> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (send, taken) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            if answer(stream.unwrap()).is_some_and(|body| send.send(body).is_err()) {
                return;
            }
        }
    });
    let secret = crate::settings::Key::new("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz");
    let url = format!("http://127.0.0.1:{port}/");
    let settings = Settings {
        name: "hook".into(),
        to: To::Webhook { url, ca: None, secret },
        format,
        begin: Begin::Start,
    };
    let about = About { node: "node".into(), version: "0".into() };
    let exports = Exports::start(ledger, &about, &folder.join("export"), [settings]).unwrap();
    until("delivered", || exports.lag()[0].records == 0);
    assert_eq!(exports.lag()[0].failures, 0);
    exports.stop();
    taken.try_iter().collect()
}

#[test]
fn what_is_too_long_for_the_other_side_is_given_in_parts_and_shortened() {
    let (folder, ledger) = log();
    let mut place = None;
    for number in 0..100 {
        let what = if number == 50 { "a".repeat(200 << 10) } else { "b".repeat(2 << 10) };
        let record = Administered { time: NOW, by: "os:eve".into(), what: what.into() };
        place = Some(ledger.append(&record.into()).unwrap());
    }
    ledger.synced(place.unwrap()).wait().unwrap();
    let bodies = exported(folder.path(), &ledger, Format::Ocsf);
    let lines: Vec<&str> = bodies.iter().flat_map(|body| body.lines()).collect();
    let of = |letter: &str| lines.iter().filter(|line| line.contains(letter)).count();
    assert_eq!(of("bbbbbbbb"), 99);
    assert_eq!((of("aaaaaaaa"), of("\"shortened\":true")), (1, 1));
}

#[test]
fn what_was_taken_one_by_one_before_a_long_one_is_not_given_again() {
    let (folder, ledger) = log();
    let mut place = None;
    for mut record in crate::lineage::tests::records() {
        if let Some(text) = record.get_mut("text").filter(|text| text.to_string().len() > 40) {
            *text = format!("insert into {}", "a".repeat(200 << 10)).into();
        }
        // One is of a kind that no version writes yet.
        let Ok(record) = Record::decode(record.to_string().as_bytes()) else { continue };
        place = Some(ledger.append(&record).unwrap());
    }
    ledger.synced(place.unwrap()).wait().unwrap();
    let bodies = exported(folder.path(), &ledger, Format::OpenLineage { namespace: None });
    let run = |body: &String| {
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        (body["run"]["runId"].to_string(), body["eventType"].to_string())
    };
    let runs: BTreeSet<_> = bodies.iter().map(run).collect();
    assert_eq!(runs.len(), bodies.len(), "each once");
    assert!(bodies.iter().filter(|body| body.contains("aaa…")).count() >= 5, "{}", bodies.len());
}
