//! Files that the same crate reads again; another reader reads them in the end-to-end tests.

use super::*;
use crate::event::Severity;
use ledger::{Sequence, Time};
use parquet::{
    file::reader::{FileReader, SerializedFileReader},
    record::{Field, Row, RowAccessor},
};
use serde_json::{Value, json};

/// 2026-06-02T00:00:00Z.
const NOON: i64 = 1_780_358_400_000_000;
const DAY: i64 = 86_400_000_000;

fn event(sequence: u64, time: i64) -> Event {
    Event {
        sequence: Sequence(sequence),
        id: format!("gw/weir+0a0b0c0d/{sequence}"),
        time: Time::from_micros(NOON + time),
        body: json!({
            "class_uid": 6005,
            "actor": { "user": { "name": "alice" } },
            "unmapped": {
                "rows": sequence,
                "policies": ["one", "two"],
                "disclosed": [
                    { "name": "e", "origins": ["public.c.email", "public.d.email"],
                      "labels": ["email"], "raw": 2, "masked": 0, "unchanged": 0, "nulls": 0 },
                    { "name": "n", "origins": [], "labels": [], "raw": 9, "masked": 0,
                      "unchanged": 0, "nulls": 1 },
                    { "name": null, "origins": ["public.c.iban"], "labels": ["iban", "found"],
                      "raw": 1, "masked": 4, "unchanged": 0, "nulls": 0 },
                ],
                "columns": [],
            },
        }),
        severity: Severity::Low,
        kind: "outcome".to_owned(),
    }
}

fn files(dir: &Path) -> Vec<String> {
    let days = fs::read_dir(dir).unwrap().map(|day| day.unwrap().path());
    let mut all: Vec<String> = days
        .flat_map(|day| fs::read_dir(day).unwrap())
        .map(|file| file.unwrap().path().strip_prefix(dir).unwrap().display().to_string())
        .collect();
    all.sort();
    all
}

fn object(row: &Row) -> Value {
    row.get_column_iter().map(|(name, field)| (name.clone(), value(field))).collect()
}

fn value(field: &Field) -> Value {
    match field {
        Field::Null => Value::Null,
        Field::Long(number) | Field::TimestampMicros(number) => json!(number),
        Field::Str(text) => json!(text),
        Field::ListInternal(list) => list.elements().iter().map(value).collect(),
        Field::Group(row) => object(row),
        other => panic!("{other:?}"),
    }
}

fn read(path: &Path) -> Vec<(i64, Value, i64, i64)> {
    let reader = SerializedFileReader::new(fs::File::open(path).unwrap()).unwrap();
    let rows = reader.get_row_iter(None).unwrap().map(Result::unwrap);
    let place =
        |name: &str| rows::schema().unwrap().get_fields().iter().position(|f| f.name() == name);
    let [policies, raw, time] =
        ["policies", "labelled_raw", "time"].map(|name| place(name).unwrap());
    rows.map(|row| {
        let policies = row.get_list(policies).unwrap();
        let policies = value(&Field::ListInternal(policies.clone()));
        let time = row.get_timestamp_micros(time).unwrap();
        (row.get_long(0).unwrap(), policies, row.get_long(raw).unwrap(), time)
    })
    .collect()
}

#[test]
fn a_file_is_there_when_it_is_complete() {
    let dir = tempfile::tempdir().unwrap();
    let mut sink = Parquet::new(dir.path(), 1 << 30, Duration::from_secs(3_600));
    sink.deliver(&[event(5, 0), event(6, 1), event(7, DAY)]).unwrap();
    assert!(!sink.is_settled());
    assert_eq!(
        files(dir.path()),
        [
            "day=2026-06-02/.00000000000000000005-0a0b0c0d.draft",
            "day=2026-06-03/.00000000000000000007-0a0b0c0d.draft"
        ]
    );
    // Whoever dies here leaves drafts; the next takes them away and writes the same again.
    drop(sink);
    let mut sink = Parquet::new(dir.path(), 1, Duration::from_secs(3_600));
    sink.deliver(&[event(5, 0), event(6, 1), event(7, DAY)]).unwrap();
    assert!(sink.is_settled());
    let (one, two) = (
        "day=2026-06-02/00000000000000000005-0a0b0c0d.parquet",
        "day=2026-06-03/00000000000000000007-0a0b0c0d.parquet",
    );
    assert_eq!(files(dir.path()), [one, two]);
    let told = |sequence, time| (sequence, json!(["one", "two"]), 3, NOON + time);
    assert_eq!(read(&dir.path().join(one)), [told(5, 0), told(6, 1)]);
    assert_eq!(read(&dir.path().join(two)), [told(7, DAY)]);
    // What was finished and not acknowledged takes its own place when it comes again.
    let mut sink = Parquet::new(dir.path(), 1, Duration::from_secs(3_600));
    sink.deliver(&[event(5, 0)]).unwrap();
    sink.deliver(&[event(6, 1), event(7, DAY)]).unwrap();
    assert_eq!(files(dir.path()).len(), 3);
    assert_eq!(read(&dir.path().join(one)), [told(5, 0)]);
}

#[test]
fn files_are_finished_by_age_where_nothing_comes() {
    let dir = tempfile::tempdir().unwrap();
    let mut sink = Parquet::new(dir.path(), 1 << 30, Duration::ZERO);
    sink.settle().unwrap();
    assert!(sink.is_settled());
    sink.deliver(&[event(1, 0)]).unwrap();
    assert!(sink.is_settled() && files(dir.path()).len() == 1);
    // A folder that cannot be written is an error, and nothing is held to be taken.
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let mut sink = Parquet::new(&file, 1, Duration::ZERO);
    assert!(sink.deliver(&[event(1, 0)]).is_err());
    assert!(sink.is_settled());
}

#[test]
fn nested_values_come_back_as_they_were() {
    let dir = tempfile::tempdir().unwrap();
    let mut sink = Parquet::new(dir.path(), 1, Duration::ZERO);
    let mut bare = event(6, 1);
    bare.body = json!({ "class_uid": 6002 });
    let mut other = event(7, 2);
    other.body["unmapped"]["policies"] = json!([]);
    other.body["unmapped"]["disclosed"] = json!([{ "origins": ["a.b.c"], "raw": u64::MAX }]);
    let events = [event(5, 0), bare, other];
    sink.deliver(&events).unwrap();
    let path = dir.path().join(&files(dir.path())[0]);
    let reader = SerializedFileReader::new(fs::File::open(path).unwrap()).unwrap();
    let rows: Vec<Value> =
        reader.get_row_iter(None).unwrap().map(|row| object(&row.unwrap())).collect();
    assert_eq!(rows.len(), 3);
    for name in ["disclosed", "policies", "columns"] {
        assert_eq!(rows[0][name], events[0].body["unmapped"][name], "{name}");
        assert_eq!(rows[1][name], Value::Null, "{name}");
    }
    assert_eq!((&rows[0]["labelled_raw"], &rows[0]["labelled_masked"]), (&json!(3), &json!(4)));
    assert_eq!(rows[1]["labelled_raw"], Value::Null);
    assert_eq!(rows[2]["policies"], json!([]));
    let disclosed = json!([{ "name": null, "origins": ["a.b.c"], "labels": null, "raw": i64::MAX,
                             "masked": null, "unchanged": null, "nulls": null }]);
    assert_eq!(rows[2]["disclosed"], disclosed);
    for (row, event) in rows.iter().zip(&events) {
        assert_eq!(row["event"], event.line());
        assert_eq!(row["id"], event.id);
    }
}

#[test]
fn a_year_at_once_keeps_few_files_open() {
    let dir = tempfile::tempdir().unwrap();
    let mut sink = Parquet::new(dir.path(), 1 << 30, Duration::from_secs(3_600));
    let events: Vec<Event> = (0..30).map(|n: u8| event(n.into(), i64::from(n) * DAY)).collect();
    sink.deliver(&events).unwrap();
    assert!(sink.open.len() <= OPEN_FILES && !sink.is_settled());
    sink.complete().unwrap();
    let all = files(dir.path());
    assert!(all.len() == 30 && all.iter().all(|file| file.ends_with(".parquet")), "{all:?}");
    let found: Vec<i64> =
        all.iter().flat_map(|file| read(&dir.path().join(file))).map(|r| r.0).collect();
    assert_eq!(found, (0..30).collect::<Vec<i64>>());
}

#[test]
fn another_log_takes_no_place() {
    let dir = tempfile::tempdir().unwrap();
    for log in ["0a0b0c0d", "01020304"] {
        let mut sink = Parquet::new(dir.path(), 1, Duration::ZERO);
        let mut event = event(1, 0);
        event.id = format!("gw/weir+{log}/1");
        sink.deliver(&[event]).unwrap();
    }
    assert_eq!(files(dir.path()).len(), 2);
}
