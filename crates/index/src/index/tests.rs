//! A transaction that is told to stop leaves nothing, wherever it is.

use super::*;
use ledger::{
    Hash, Ledger, Options, SessionId, ShapeId, Time,
    record::{Administered, Intent, Via},
};
use tempfile::TempDir;

const TIME: Time = Time::from_micros(1_780_358_400_000_000);

fn ledger(folder: &TempDir) -> (PathBuf, Ledger) {
    let dir = folder.path().join("ledger");
    let (ledger, _) = Ledger::open(&dir, Options::new("node-1", "0.1.0", TIME)).unwrap();
    (dir, ledger)
}

/// An index that was never told to stop and one that is told to in its first transaction.
fn told(folder: &TempDir, dir: &Path) -> (Index, Index) {
    let mut whole = Index::open(&folder.path().join("whole.sqlite")).unwrap();
    whole.catch_up(dir, u64::MAX).unwrap();
    let mut told = Index::open(&folder.path().join("told.sqlite")).unwrap();
    told.reader = Some((dir.to_owned(), Reader::open(dir).unwrap()));
    told.stop_when(Arc::new(AtomicBool::new(true))).unwrap();
    assert!(told.batch(u64::MAX).is_err(), "it went on");
    (whole, told)
}

/// Nothing of it is there; asked again it takes in all.
fn goes_on(whole: &Index, mut told: Index, dir: &Path) {
    let rows = |index: &Index, table: &str| -> i64 {
        let count = format!("SELECT count(*) FROM {table}");
        index.db.query_row(&count, [], |row| row.get(0)).unwrap()
    };
    let tables = ["statement", "value", "event", "day"];
    assert_eq!(told.catch_up(dir, u64::MAX).unwrap(), Caught::default());
    told.stop_when(Arc::default()).unwrap();
    assert_eq!(tables.map(|table| rows(&told, table)), [0; 4]);
    assert_eq!(told.catch_up(dir, u64::MAX).unwrap().next, whole.next());
    for table in tables {
        assert_eq!(rows(&told, table), rows(whole, table), "{table}");
    }
}

#[test]
fn between_records() {
    let folder = tempfile::tempdir().unwrap();
    let (dir, ledger) = ledger(&folder);
    for n in 0..2 * BETWEEN_LOOKS {
        let record = Administered { time: TIME, by: "os:eve".into(), what: n.to_string().into() };
        let place = ledger.append(&record.into()).unwrap();
        ledger.hand_over(place).unwrap();
    }
    drop(ledger);
    let (whole, told) = told(&folder, &dir);
    goes_on(&whole, told, &dir);
}

#[test]
fn where_what_few_records_name_is_written() {
    const VALUES: u64 = 6_000;
    let folder = tempfile::tempdir().unwrap();
    let (dir, ledger) = ledger(&folder);
    let session = SessionId::new(TIME, 1);
    for n in 0..10 {
        let hash = |value| {
            let number =
                u128::from(n * VALUES + value).wrapping_mul(0x9e37_79b9_7f4a_7c15 << 64 | 1);
            format!("{number:032x}").parse::<Hash>().unwrap()
        };
        let intent = Intent {
            statement: session.statement(n),
            time: TIME,
            shape: ShapeId::of(&[b"select ?"]),
            text: hash(0),
            via: Via::Simple,
            parameters: Vec::new().into(),
            parameter_count: 0,
            literals: (0..VALUES).map(hash).collect::<Vec<_>>().into(),
            literal_count: VALUES,
            turned_back: Vec::new().into(),
            kept: None,
            risk: [].as_slice().into(),
            trace: None,
            approval: None,
            work: None,
        };
        let place = ledger.append(&intent.into()).unwrap();
        ledger.hand_over(place).unwrap();
    }
    drop(ledger);
    let (whole, told) = told(&folder, &dir);
    goes_on(&whole, told, &dir);
}
