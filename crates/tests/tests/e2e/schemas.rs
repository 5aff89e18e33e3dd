//! Schemas that nobody described to Weir: with no configuration every column that holds something
//! about somebody is found and leaves masked, and every other leaves as it is.

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use testkit::weir::PERSON;
use testkit::{Postgres, Weir, shop};

/// Long enough for a machine under load.
const PATIENCE: Duration = Duration::from_secs(30);

fn load(server: &Postgres, name: &str) {
    server.create_database(name).unwrap();
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    let files = [
        shop::folder().join("generator.sql"),
        shop::folder().join("identifiers.sql"),
        shop::folder().join("lists.sql"),
        own.join("people.sql"),
        own.join(format!("{name}.sql")),
    ];
    let mut psql = Command::new("psql");
    psql.args(["-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-d", &server.url(name)]);
    psql.args(["-c", "set jit = off"]);
    for file in files {
        psql.arg("-f").arg(file);
    }
    psql.args(["-c", "drop schema gen cascade"]);
    let output = psql.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    server.psql(name, "analyze").unwrap();
}

/// `table.column` and its label, as the page says.
fn expected(page: &str) -> BTreeMap<String, String> {
    let rows = page.lines().filter(|line| line.starts_with("| "));
    let cells = rows.map(|line| line.trim_matches('|').split_once('|').unwrap());
    let pairs = cells.map(|(column, label)| (column.trim().to_owned(), label.trim().to_owned()));
    pairs.filter(|(column, _)| column != "column").collect()
}

/// Reads columns one by one; gives the rows of each.
fn read<'c>(
    columns: &[&'c str],
    table: &str,
    run: impl Fn(&str) -> anyhow::Result<String>,
) -> anyhow::Result<BTreeMap<&'c str, Vec<String>>> {
    let one = |(at, name): (usize, &&str)| {
        format!("select '## {at}'; select \"{name}\" from \"{table}\";")
    };
    let text = run(&columns.iter().enumerate().map(one).collect::<String>())?;
    let mut rows: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut current = "";
    for line in text.lines() {
        match line.strip_prefix("## ") {
            Some(at) => current = columns[at.parse::<usize>()?],
            None => rows.entry(current).or_default().push(line.to_owned()),
        }
    }
    Ok(rows)
}

fn check(name: &str, page: &str) {
    let server = Postgres::options().start().unwrap();
    load(&server, name);
    let weir = Weir::start(&server).unwrap();
    weir.psql(PERSON, name, "select 1").unwrap().success().unwrap();
    let arguments = ["labels", "list", "--all", "--json", "--database", name];
    let end = Instant::now() + PATIENCE;
    let listed = loop {
        let outcome = weir.run(&arguments).unwrap();
        if let (Some(0), false) = (outcome.code, outcome.stdout.trim() == "[]") {
            break serde_json::from_str::<Value>(&outcome.stdout).unwrap();
        }
        assert!(Instant::now() < end, "no labels: {outcome}");
        std::thread::sleep(Duration::from_millis(50));
    };
    let expected = expected(page);
    let mut failures = Vec::new();
    let mut seen = 0;
    let mut tables: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for column in listed.as_array().unwrap() {
        tables.entry(column["table"].as_str().unwrap()).or_default().push(column);
    }
    assert!(tables.len() >= 12, "{tables:?}");
    for (table, columns) in tables {
        let names: Vec<&str> = columns.iter().map(|one| one["column"].as_str().unwrap()).collect();
        let truth = read(&names, table, |sql| server.psql(name, sql)).unwrap();
        let shown = read(&names, table, |sql| weir.psql(PERSON, name, sql)?.success()).unwrap();
        for column in columns {
            let own = column["column"].as_str().unwrap();
            let place = format!("{table}.{own}");
            let wanted = expected.get(&place).map(String::as_str);
            seen += usize::from(wanted.is_some());
            let found = column["label"].as_str();
            if found != wanted.filter(|label| *label != "inside") {
                failures.push(format!("{place} is {found:?}, not {wanted:?}"));
            }
            let (truth, shown) = (&truth[own], &shown[own]);
            assert_eq!(truth.len(), shown.len(), "{place}");
            // The first of January is what any other day of that year is masked to.
            let hidden = |t: &str| wanted == Some("birth_date") && t.ends_with("-01-01");
            let same = |(t, s): &(&String, &String)| !t.is_empty() && t == s;
            let raw = truth.iter().zip(shown).filter(same);
            let raw = raw.filter(|(t, _)| !hidden(t)).count();
            let full = truth.iter().filter(|cell| !cell.is_empty()).count();
            match wanted {
                Some(_) if raw > 0 => failures.push(format!("{place}: {raw} of {full} cells raw")),
                None if raw < full => {
                    failures.push(format!("{place}: {} of {full} cells masked", full - raw));
                }
                _ => {}
            }
        }
    }
    assert_eq!(seen, expected.len(), "a column that the page names is not there");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_rental_shop() {
    check("rental", include_str!("../../cases/schemas/rental.md"));
}

#[test]
fn a_clinic() {
    check("clinic", include_str!("../../cases/schemas/clinic.md"));
}

#[test]
fn a_bank() {
    check("bank", include_str!("../../cases/schemas/bank.md"));
}
