//! Nothing unseen: Weir is killed at random moments under load, and everything that the database
//! did stands in the ledger, which reads cleanly after each death.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;
use testkit::weir::{ADMIN, PERSON};
use testkit::{Postgres, Weir};

/// How often Weir dies.
const DEATHS: u32 = 50;
/// Clients that write meanwhile.
const CLIENTS: u32 = 4;
/// How long the first statement of a round may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// More entries than the load can make.
const ENTRIES: usize = 10_000_000;

/// Each statement carries its number in an alias, which the record keeps, and in a value, which the
/// database keeps. A session that Weir's death ends is opened again. A line of output says that the
/// first statement of a session is done. The loop ends with the test that began it, however that
/// ended.
const WRITER: &str = r#"
client=$1; url=$2; round=$3
n=0
parent=$PPID
while kill -0 "$parent" 2>/dev/null; do
  i=0
  while [ $i -lt 200 ]; do
    echo "insert into marks as m_${client}_${round}_${n} values ('m_${client}_${round}_${n}');"
    if [ $i = 0 ]; then echo '\! echo under load'; fi
    n=$((n + 1)); i=$((i + 1))
  done | psql -X -q -d "$url" 2>/dev/null
done
"#;

fn writers(weir: &Weir, round: u32) -> Vec<Child> {
    (0..CLIENTS)
        .map(|client| {
            let identity = if client % 2 == 0 { ADMIN } else { PERSON };
            Command::new("sh")
                .args(["-c", WRITER, "writer", &client.to_string()])
                .args([&weir.url(identity, "faults"), &round.to_string()])
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect()
}

/// Waits until one of the writers has a statement done: from then on Weir is under load, however
/// slow the machine is.
fn wait_for_load(writers: &mut [Child]) {
    let (tell, told) = mpsc::channel();
    for output in writers.iter_mut().filter_map(|writer| writer.stdout.take()) {
        let tell = tell.clone();
        std::thread::spawn(move || {
            // A writer that died says nothing; the others do, or the wait ends in vain.
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let _ = tell.send(line);
            }
        });
    }
    let line = told.recv_timeout(PATIENCE).expect("nobody could write");
    assert_eq!(line, "under load");
}

/// The next of a fixed series, so that a failure comes again: a linear congruential generator with
/// the constants of Knuth's MMIX.
fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}

#[test]
fn what_the_upstream_did_is_in_the_ledger() {
    let upstream = Postgres::options().start().unwrap();
    upstream.create_database("faults").unwrap();
    upstream.psql("faults", "create table marks (mark text)").unwrap();
    let mut weir = Weir::start(&upstream).unwrap();
    let mut seed = 20_240_229;
    for round in 0..DEATHS {
        let mut writers = writers(&weir, round);
        // Every fifth death comes while sessions are being opened.
        if !round.is_multiple_of(5) {
            wait_for_load(&mut writers);
        }
        std::thread::sleep(Duration::from_millis(next(&mut seed) % 500));
        weir.kill().unwrap();
        for writer in &mut writers {
            writer.kill().unwrap();
            writer.wait().unwrap();
        }
        weir.start_again().unwrap();
    }
    let done = upstream.psql("faults", "select mark from marks").unwrap();
    let done: BTreeSet<&str> = done.lines().collect();
    assert!(done.len() > DEATHS as usize * 10, "hardly any load: {} marks", done.len());
    let record = weir.record(ENTRIES).unwrap();
    let recorded: BTreeSet<&str> = record
        .iter()
        .filter_map(|line| line.split_once("insert into marks as "))
        .filter_map(|(_, rest)| rest.split(' ').next())
        .collect();
    let unseen: Vec<_> = done.difference(&recorded).take(10).collect();
    assert!(
        unseen.is_empty(),
        "{} done, {} recorded, unseen: {unseen:?}",
        done.len(),
        recorded.len()
    );
    let verified = weir.run(&["audit", "verify"]).unwrap();
    assert_eq!(verified.code, Some(0), "{verified}");
}
