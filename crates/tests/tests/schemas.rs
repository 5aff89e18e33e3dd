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

/// The rows of one column, as a client sees them.
fn cells(text: &str) -> Vec<&str> {
    text.lines().collect()
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
    let tables: std::collections::BTreeSet<&str> =
        listed.as_array().unwrap().iter().map(|one| one["table"].as_str().unwrap()).collect();
    assert!(tables.len() >= 12, "{tables:?}");
    for column in listed.as_array().unwrap() {
        let (table, own) = (column["table"].as_str().unwrap(), column["column"].as_str().unwrap());
        let place = format!("{table}.{own}");
        let wanted = expected.get(&place).map(String::as_str);
        seen += usize::from(wanted.is_some());
        let found = column["label"].as_str();
        if found != wanted.filter(|label| *label != "inside") {
            failures.push(format!("{place} is {found:?}, not {wanted:?}"));
        }
        let sql = format!("select \"{own}\" from \"{table}\"");
        let truth = server.psql(name, &sql).unwrap();
        let shown = match weir.psql(PERSON, name, &sql).unwrap().success() {
            Ok(shown) => shown,
            Err(error) => {
                failures.push(format!("{place} cannot be read: {error}"));
                continue;
            }
        };
        let (truth, shown) = (cells(&truth), cells(&shown));
        assert_eq!(truth.len(), shown.len(), "{place}");
        // The first of January is what any other day of that year is masked to.
        let same = |(t, s): &(&&str, &&str)| !t.is_empty() && t == s;
        let hidden = |t: &str| wanted == Some("birth_date") && t.ends_with("-01-01");
        let raw = truth.iter().zip(&shown).filter(same).filter(|(t, _)| !hidden(t)).count();
        let full = truth.iter().filter(|cell| !cell.is_empty()).count();
        match wanted {
            Some(_) if raw > 0 => failures.push(format!("{place}: {raw} of {full} cells raw")),
            None if raw < full => {
                failures.push(format!("{place}: {} of {full} harmless cells masked", full - raw));
            }
            _ => {}
        }
    }
    assert_eq!(seen, expected.len(), "a column that the page names is not there");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_rental_shop() {
    check("rental", include_str!("../cases/schemas/rental.md"));
}

#[test]
fn a_clinic() {
    check("clinic", include_str!("../cases/schemas/clinic.md"));
}

#[test]
fn a_bank() {
    check("bank", include_str!("../cases/schemas/bank.md"));
}
