//! Facts held against PostgreSQL's own answer, over its own regression suite and our own cases:
//! what its plans read and what RowDescription names must stand in the facts, or the facts say
//! that they are not complete.
//!
//! A part of the suite runs with the other tests; `WEIR_DIFFERENTIAL=all` runs all of it, and a
//! list of names those files.

mod check;
mod client;
mod live;
mod plan;
mod replay;
mod script;

use replay::Replay;
use std::{env, fs, path::Path, time::Instant};
use testkit::regress::Suite;
use testkit::{Postgres, TestDir, postgres, tool};

/// Names the files to run instead of [`SAMPLE`]; `all` is the whole suite.
const CHOICE: &str = "WEIR_DIFFERENTIAL";

/// What runs with the other tests: what these need, and the files that are mostly queries.
const SAMPLE: &[&str] = &[
    "test_setup",
    "create_index",
    "create_view",
    "select",
    "subselect",
    "union",
    "case",
    "join",
    "aggregates",
    "insert_conflict",
    "updatable_views",
    "merge",
    "returning",
    "with",
    "window",
    "groupingsets",
    "rangefuncs",
    "rowtypes",
];

fn chosen(suite: &Suite) -> Vec<String> {
    let schedule = fs::read_to_string(suite.folder().join("parallel_schedule")).unwrap();
    let lines = schedule.lines().filter_map(|line| line.strip_prefix("test:"));
    let all = lines.flat_map(str::split_whitespace).map(str::to_owned);
    match env::var(CHOICE) {
        Ok(choice) if choice == "all" => all.collect(),
        Ok(choice) => choice.split(',').map(str::to_owned).collect(),
        Err(_) => all.filter(|name| SAMPLE.contains(&name.as_str())).collect(),
    }
}

#[test]
fn facts_name_whatever_postgresql_reads_in_its_own_suite() {
    let suite = Suite::get().unwrap();
    let server = Postgres::options().bin(suite.bin()).method("trust").start().unwrap();
    let made = "create database regression template template0 lc_collate 'C' lc_ctype 'C'";
    server.psql("postgres", made).unwrap();
    let results = TestDir::new("differential").unwrap();
    fs::create_dir(results.join("results")).unwrap();
    tool::give_to_server_account(results.path()).unwrap();
    let text = |path: &Path| path.display().to_string();
    let env = [
        ("PG_ABS_SRCDIR", text(&suite.folder())),
        ("PG_ABS_BUILDDIR", text(results.path())),
        ("PG_LIBDIR", text(&suite.folder())),
        ("PG_DLSUFFIX", ".so".to_owned()),
    ];
    let mut replay = Replay::new(server.port(), postgres::SUPERUSER, "regression").unwrap();
    let begin = Instant::now();
    for name in chosen(&suite) {
        let start = Instant::now();
        let bytes = fs::read(suite.folder().join("sql").join(format!("{name}.sql"))).unwrap();
        // Some files hold other encodings than UTF-8 on purpose.
        let script = String::from_utf8_lossy(&bytes);
        let readings = replay.live.readings;
        let seen = replay.count.seen;
        replay.script(&name, &script, &env).unwrap();
        eprintln!(
            "{name}: {:.1} s, {} texts, {} readings",
            start.elapsed().as_secs_f32(),
            replay.count.seen - seen,
            replay.live.readings - readings
        );
    }
    tell(&replay, begin);
    assert_eq!(replay.live.failed, [""; 0], "the catalog could not be read");
    assert!(replay.count.checked > 1000, "nothing was checked");
    assert_eq!(replay.count.gaps, 0, "PostgreSQL read what the facts do not name");
}

/// Every statement in the `sql` blocks of a folder's pages, each block in a transaction that is
/// rolled back.
fn pages(replay: &mut Replay, folder: &Path) {
    let mut found: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    found.sort();
    for path in found {
        if path.is_dir() {
            pages(replay, &path);
            continue;
        }
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.ends_with(".md") {
            continue;
        }
        let page = fs::read_to_string(&path).unwrap();
        for block in page.split("```sql\n").skip(1) {
            let block = block.split("\n```").next().unwrap();
            replay.script(&name, &format!("begin;\n{block};\nrollback;\n"), &[]).unwrap();
        }
    }
}

fn tell(replay: &Replay, begin: Instant) {
    eprintln!("{}", replay.count);
    eprintln!(
        "{:.1} s, of which {:.1} in {} readings of the catalog, {:.1} in the analyser; failed: {:?}",
        begin.elapsed().as_secs_f32(),
        replay.live.spent.as_secs_f32(),
        replay.live.readings,
        replay.count.analysis.as_secs_f32(),
        replay.live.failed
    );
}

#[test]
fn facts_name_whatever_postgresql_reads_in_our_own_cases() {
    let server = Postgres::options().shop().method("trust").start().unwrap();
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let analyser = crates.join("sql/cases");
    server.create_database("cases").unwrap();
    let schema = fs::read_to_string(analyser.join("schema.sql")).unwrap();
    server.psql("cases", &schema).unwrap();
    let mut places = vec![("cases", analyser)];
    // The statements of the end-to-end tests are over the shop.
    places.extend(Some(("shop", crates.join("tests/cases"))).filter(|(_, path)| path.is_dir()));
    for (database, folder) in places {
        let begin = Instant::now();
        let mut replay = Replay::new(server.port(), postgres::SUPERUSER, database).unwrap();
        pages(&mut replay, &folder);
        tell(&replay, begin);
        assert!(replay.count.checked > 100, "nothing was checked in {}", folder.display());
        assert_eq!(replay.count.gaps, 0, "PostgreSQL read what the facts do not name");
    }
}
