//! Parquet files have every record, complete or not at all, through crashes, full disks and folders
//! that cannot be written; DuckDB reads them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use testkit::TestDir;
use testkit::weir::{ADMIN, PERSON};
use tests::disk::SmallDisk;
use tests::{Stage, client, export};

/// How long something may take that has to come.
const PATIENCE: Duration = Duration::from_secs(60);

fn stage(path: &Path, every: &str) -> Stage {
    let section = format!(
        "[[export]]\nname = \"lake\"\nkind = \"parquet\"\npath = {path:?}\nevery = \"{every}\"\n"
    );
    export::stage(&section).unwrap()
}

/// The files of all days that end so.
fn files(path: &Path, end: &str) -> Vec<PathBuf> {
    let days = fs::read_dir(path).into_iter().flatten().flatten();
    let files = days.flat_map(|day| fs::read_dir(day.path()).into_iter().flatten().flatten());
    let files = files.map(|file| file.path());
    files.filter(|file| file.extension().is_some_and(|found| found == end)).collect()
}

fn wait_for(what: &str, mut there: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !there() {
        assert!(Instant::now() < end, "{what} does not come");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// What DuckDB answers to a query over `events`, a row of JSON a line.
fn ask(path: &Path, query: &str) -> Vec<String> {
    let said = client::python("parquet.py", &[path, Path::new(query)]).unwrap();
    said.lines().map(str::to_owned).collect()
}

/// True if the metric of the export has this value.
fn metric(stage: &Stage, name: &str, value: u64) -> bool {
    let page = stage.weir.http("/metrics").unwrap();
    page.contains(&format!("weir_{name}{{export=\"lake\"}} {value}\n"))
}

#[test]
fn a_crash_in_the_middle_of_a_file_loses_nothing_and_repeats_nothing() {
    let folder = TestDir::new("parquet").unwrap();
    let path = folder.join("events");
    // No file becomes old enough by itself.
    let mut stage = stage(&path, "1h");
    // Who gets copies stands in the record itself.
    let record = stage.weir.record(100).unwrap().join("\n");
    assert!(record.contains("records are exported to lake, Parquet files"), "{record}");
    export::work(&stage).unwrap();
    wait_for("a draft", || !files(&path, "draft").is_empty());
    stage.weir.kill().unwrap();
    assert!(files(&path, "parquet").is_empty(), "a file that no one finished");
    assert_eq!(files(&path, "draft").len(), 1);
    stage.weir.start_again().unwrap();
    export::work(&stage).unwrap();
    export::administer(&stage).unwrap();
    let expected = export::expected(&stage.weir).unwrap();
    // An end in good order finishes what there is.
    stage.weir.stop().unwrap();
    assert!(files(&path, "draft").is_empty(), "{:?}", files(&path, "draft"));
    // DuckDB holds each column against its event, and prints the events.
    let text = client::python("parquet.py", &[&path]).unwrap();
    assert!(!text.contains("needle"), "a value left with the events");
    let counts = export::count(&text).unwrap();
    let missing: Vec<_> = expected.iter().filter(|one| !counts.contains_key(one)).collect();
    assert!(missing.is_empty() && counts.len() > 60, "{missing:?} of {}", counts.len());
    assert!(counts.values().all(|times| *times == 1), "{counts:?}");
    // Files are named by the first event and the id of the log's key.
    let key = stage.weir.run(&["audit", "key"]).unwrap().success().unwrap();
    let id = key.split('+').nth(1).unwrap();
    let named =
        |file: &PathBuf| file.file_stem().unwrap().to_string_lossy().ends_with(&format!("-{id}"));
    let all = files(&path, "parquet");
    assert!(all.iter().all(named), "{all:?}");
    // A question that a warehouse is asked. Each work reads four addresses raw.
    let who = "SELECT identity, sum(d.raw)::BIGINT FROM (SELECT identity, unnest(disclosed) AS d \
               FROM events) WHERE list_contains(d.origins, 'public.customers.email') \
               AND d.raw > 0 GROUP BY 1";
    assert_eq!(ask(&path, who), [format!("[\"{ADMIN}\", 8]")]);
    let masked = "SELECT count(*) > 0 FROM events WHERE labelled_masked > 0 AND labelled_raw = 0 \
                  AND list_contains(policies, 'nobody-wrote-this') = false";
    assert_eq!(ask(&path, masked), ["[true]"]);
}

#[test]
fn files_come_by_age_and_go_on_after_a_crash() {
    let folder = TestDir::new("parquet").unwrap();
    let path = folder.join("events");
    let mut stage = stage(&path, "1s");
    export::work(&stage).unwrap();
    wait_for("a file", || !files(&path, "parquet").is_empty());
    export::work(&stage).unwrap();
    stage.weir.kill().unwrap();
    stage.weir.start_again().unwrap();
    export::work(&stage).unwrap();
    let lines = || client::python("parquet.py", &[&path]);
    export::wait_for_all(&stage.weir, lines).unwrap();
}

#[test]
fn a_full_disk_stops_files_and_no_statement() {
    let folder = TestDir::new("parquet").unwrap();
    let path = folder.join("events");
    let disk = SmallDisk::mount(&path).unwrap();
    let stage = stage(&path, "1s");
    export::work(&stage).unwrap();
    wait_for("a file", || !files(&path, "parquet").is_empty());
    disk.fill().unwrap();
    let full = Instant::now() + PATIENCE;
    while !metric(&stage, "export_failing", 1) {
        assert!(Instant::now() < full, "nobody says that the disk is full");
        export::work(&stage).unwrap();
    }
    // What a failed attempt left is no file, and the records wait.
    assert!(!metric(&stage, "export_lag", 0));
    assert!(stage.weir.log_text().contains("No space left"), "{}", stage.weir.log_text());
    stage.rows(PERSON, "select 1").unwrap();
    disk.clear().unwrap();
    let lines = || client::python("parquet.py", &[&path]);
    export::wait_for_all(&stage.weir, lines).unwrap();
    wait_for("an end of the trouble", || metric(&stage, "export_failing", 0));
}

#[test]
fn a_folder_that_cannot_be_written_is_waited_for() {
    let folder = TestDir::new("parquet").unwrap();
    let path = folder.join("events");
    // Root may write into any folder; nobody can into a file.
    fs::write(&path, "").unwrap();
    let mut stage = stage(&path, "1s");
    export::work(&stage).unwrap();
    wait_for("a word of it", || metric(&stage, "export_failing", 1));
    stage.weir.kill().unwrap();
    stage.weir.start_again().unwrap();
    fs::remove_file(&path).unwrap();
    let lines = || client::python("parquet.py", &[&path]);
    export::wait_for_all(&stage.weir, lines).unwrap();
}
