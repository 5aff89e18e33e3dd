//! Records go when their time is over, and never under a legal hold; what is left verifies.

use ledger::{
    Ledger, Options, Time,
    record::{Record, Stopped},
};
use serde_json::Value;
use std::{
    path::Path,
    time::{Duration, Instant, SystemTime},
};
use testkit::{Postgres, Weir, weir::ADMIN};

/// Long enough for a machine under load; no test waits so long if all is well.
const PATIENCE: Duration = Duration::from_secs(30);
const OLD: u64 = 1_000;

/// A ledger of a run two months ago, and one of a run yesterday.
fn old_ledger(dir: &Path) {
    [60, 1].into_iter().for_each(|days| run_of(dir, days));
}

fn run_of(dir: &Path, days: u32) {
    let day = Duration::from_secs(24 * 60 * 60);
    let time = Time::from(SystemTime::now() - day * days);
    let options = Options { segment_bytes: 20_000, ..Options::new("node", "0.0.0", time) };
    let (ledger, _) = Ledger::open(dir, options).unwrap();
    for n in 0..OLD {
        let reason = format!("{days} days ago, {n}").into();
        let place = ledger.append(&Record::from(Stopped { time, reason })).unwrap();
        ledger.hand_over(place).unwrap();
    }
}

fn started(sections: &str) -> (Postgres, Weir) {
    let upstream = Postgres::options().start().unwrap();
    upstream.create_database("kept").unwrap();
    let mut weir = Weir::options(&upstream).sections(sections).prepare().unwrap();
    old_ledger(&weir.ledger());
    weir.start_again().unwrap();
    (upstream, weir)
}

fn verified(weir: &Weir) -> Value {
    let verified = weir.run(&["audit", "verify", "--json"]).unwrap();
    serde_json::from_str(&verified.success().unwrap()).unwrap()
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// How many records of the run so many days ago the index finds; `None` in the moment in which it
/// is made anew.
fn found(weir: &Weir, days: u64) -> Option<u64> {
    let question =
        format!("SELECT count(*) AS n FROM events WHERE detail LIKE '%{days} days ago%'");
    let answer = weir.run(&["audit", "sql", &question, "--json"]).unwrap();
    let row: Value = serde_json::from_str(answer.stdout.lines().next()?).unwrap();
    row["n"].as_u64()
}

#[test]
fn nothing_goes_at_once_when_the_clock_may_be_ahead() {
    let upstream = Postgres::options().start().unwrap();
    upstream.create_database("kept").unwrap();
    let mut weir =
        Weir::options(&upstream).sections("[ledger]\nretention = \"30d\"\n").prepare().unwrap();
    // The run before ended two months ago, or so it seems.
    run_of(&weir.ledger(), 60);
    weir.start_again().unwrap();
    until("it is not said", || weir.log_text().contains("should the clock be ahead"));
    weir.stop().unwrap();
    assert_eq!(verified(&weir)["pruned"], 0);
}

#[test]
fn records_go_when_their_time_is_over() {
    let (upstream, mut weir) = started("[ledger]\nretention = \"30d\"\n");
    let pruned = |weir: &Weir| verified(weir)["pruned"].as_u64().unwrap();
    until("nothing was removed", || pruned(&weir) > 0);
    let report = verified(&weir);
    assert_eq!((&report["pruned"], &report["ok"]), (&768.into(), &true.into()));
    // Statements are served meanwhile, and the record says what was removed, by which rule.
    assert_eq!(weir.psql(ADMIN, "kept", "select 1").unwrap().success().unwrap().trim(), "1");
    let record = weir.record(1_000).unwrap();
    let told = record.iter().find(|line| line.contains("\"type\":\"pruned\"")).unwrap();
    let told: Value = serde_json::from_str(told).unwrap();
    assert_eq!(told["before"], 768);
    assert_eq!(told["rule"], "ledger.retention = \"30d\"");
    // Of the first bundles nothing is left, and of all later records everything.
    until("the index has what was removed", || {
        (found(&weir, 60), found(&weir, 1)) == (Some(OLD + 1 - 768), Some(OLD))
    });
    // Reports say what they lack, which record says so, and prove that one.
    let report = weir.run(&["report", "soc2", "--since", "2000-01-01", "--format", "json"]);
    let report: Value = serde_json::from_str(&report.unwrap().success().unwrap()).unwrap();
    let removed = &report["basis"]["removed"][0];
    assert_eq!((&removed["first"], &removed["last"]), (&0.into(), &767.into()), "{removed}");
    assert_eq!(removed["rule"], "ledger.retention = \"30d\"");
    assert!(removed["oldest"].as_str() <= removed["newest"].as_str());
    let missing = report["missing"][0].as_str().unwrap();
    assert!(missing.starts_with("Records 0 to 767, written from 20"), "{missing}");
    let proven = report["records"].as_array().unwrap().iter();
    let mut proven = proven.filter(|one| one["sequence"] == removed["record"]);
    assert!(proven.next().unwrap()["proof"].as_str().unwrap().contains("tlog-proof"));
    let today = report["period"]["until"].as_str().unwrap();
    let later = weir.run(&["report", "soc2", "--since", today, "--format", "json"]).unwrap();
    let later = later.success().unwrap();
    let later: Value = serde_json::from_str(&later).unwrap();
    assert_eq!(
        (&later["missing"], &later["basis"]["removed"][0]["last"]),
        (&Value::Null, &767.into())
    );
    let asked = weir.run(&["audit", "sql", "SELECT 1"]).unwrap();
    assert!(asked.stderr.contains("before 768 most were removed"), "{asked}");
    let said = weir.run(&["audit", "verify"]).unwrap().success().unwrap();
    assert!(said.contains("pruned up to 768: 767 records were removed"), "{said}");
    let gone = weir.run(&["audit", "proof", "5", "--entry", "entry.json"]).unwrap();
    assert!(gone.stderr.contains("record 5 was removed when its time was over"), "{gone}");
    assert!(weir.run(&["audit", "proof", "5"]).unwrap().success().unwrap().contains("tlog-proof"));
    // After kill -9 and another start as before.
    weir.kill().unwrap();
    weir.start_again().unwrap();
    assert_eq!(verified(&weir)["pruned"], 768);
    weir.stop().unwrap();
    // And to a program that shares no code with Weir.
    let (ledger, key) = (weir.ledger(), weir.ledger().join("ledger.pub"));
    let arguments = [&*ledger, Path::new("--json"), Path::new("--key"), &key];
    let said = tests::client::python("../../../docs/verify_ledger.py", &arguments).unwrap();
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&said["pruned"], &said["ok"]), (&768.into(), &true.into()), "{said}");
    assert_eq!(said["records"], verified(&weir)["records"]);
    drop(weir);
    drop(upstream);
}

#[test]
fn a_legal_hold_keeps_records() {
    let sections = "[ledger]\nretention = \"30d\"\nhold = \"case 17\"\n";
    let (_upstream, mut weir) = started(sections);
    // Folding loses nothing, so it goes on; what removes comes right behind it.
    let first = weir.ledger().join(format!("{:020}.segment", 0));
    until("nothing was folded", || !first.exists());
    weir.stop().unwrap();
    let report = verified(&weir);
    assert_eq!((&report["pruned"], &report["ok"]), (&0.into(), &true.into()));
    assert_eq!(found(&weir, 60), Some(OLD));
    // When it is lifted, they go.
    let config = weir.folder().join("weir.toml");
    let text = std::fs::read_to_string(&config).unwrap().replace("hold = \"case 17\"", "");
    std::fs::write(&config, text).unwrap();
    weir.start_again().unwrap();
    until("nothing was removed", || verified(&weir)["pruned"] == 768);
    assert_eq!(verified(&weir)["ok"], true);
}
