//! What the tests of exports share: something to record, and which events it has to give. Knows no
//! sink.

use crate::Stage;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::time::{Duration, Instant};
use testkit::weir::{ADMIN, AGENT, PERSON};
use testkit::{Postgres, Weir};

/// How long a sink may take to have everything.
const PATIENCE: Duration = Duration::from_secs(60);

/// The shop with these exports.
pub fn stage(sections: &str) -> Result<Stage> {
    let upstream = Postgres::options().shop().start()?;
    let weir = Weir::options(&upstream).sections(sections).start()?;
    Ok(Stage { weir, upstream })
}

/// Does something of everything that is recorded, with `needle` in every value.
pub fn work(stage: &Stage) -> Result<()> {
    let weir = &stage.weir;
    stage.rows(PERSON, "select email from customers where email = 'needle@one.example'")?;
    stage.rows(PERSON, "select phone, country from customers where id < 20")?;
    stage.rows(ADMIN, "select email from customers where id < 5")?;
    stage.rows(AGENT, "select count(*) from orders where order_no = 'needle-2'")?;
    for refused in ["drop table customers", "select 'needle' from nowhere"] {
        if weir.psql(PERSON, "shop", refused)?.code == Some(0) {
            bail!("`{refused}` is not refused");
        }
    }
    for change in [
        "create table notes (id int, note text, email text)",
        "insert into notes values (1, 'needle', 'needle@two.example')",
        "update notes set note = 'needle-3' where id = 1",
        "select note from notes; begin; delete from notes where id = 1; commit",
        "copy (select country from customers where id < 4) to stdout",
        "set application_name = 'tests'; show application_name",
        "prepare one as select 1; execute one",
        "drop table notes",
    ] {
        stage.rows(ADMIN, change)?;
    }
    let wrong = testkit::postgres::url(PERSON, "needle-4", weir.port(), "shop");
    testkit::postgres::psql(&wrong, "select 1")?;
    Ok(())
}

/// Changes that other commands make beside a running Weir.
pub fn administer(stage: &Stage) -> Result<()> {
    let weir = &stage.weir;
    weir.add("bob", "person", &[])?;
    for command in [
        ["identity", "disable", "bob"].as_slice(),
        &["identity", "enable", "bob"],
        &["identity", "group", "add", "bob", "support"],
        &["labels", "set", "public.customers.country", "national_id", "--database", "shop"],
        &[
            "labels",
            "set",
            "public.customers.country",
            "--clear",
            "--reason",
            "a test",
            "--database",
            "shop",
        ],
    ] {
        weir.run(command)?.success()?;
    }
    Ok(())
}

/// The records that have to be events by now: all but those of statements that still run.
pub fn expected(weir: &Weir) -> Result<BTreeSet<u64>> {
    let mut sequences = BTreeSet::new();
    for line in weir.record(1_000_000)? {
        let entry: Value = serde_json::from_str(&line)?;
        sequences.insert(entry["sequence"].as_u64().context("no sequence")?);
    }
    Ok(sequences)
}

/// Events by their records, from lines of JSON; how many there are of each.
pub fn count(lines: &str) -> Result<BTreeMap<u64, usize>> {
    let mut counts = BTreeMap::new();
    for line in lines.lines() {
        let event: Value = serde_json::from_str(line).with_context(|| line.to_owned())?;
        let uid = event["metadata"]["uid"].as_str().context("no uid")?.parse()?;
        *counts.entry(uid).or_default() += 1;
    }
    Ok(counts)
}

/// Waits until a sink has an event for every record that has to be one now, and has no other among
/// them: later ones come on, since reading the record is recorded too. What it has is asked for
/// again and again. Answers how often each came.
pub fn wait_for_all(
    weir: &Weir,
    mut has: impl FnMut() -> Result<String>,
) -> Result<BTreeMap<u64, usize>> {
    let end = Instant::now() + PATIENCE;
    let expected = expected(weir)?;
    let last = expected.last().context("there is no record")?;
    loop {
        let found = count(&has()?)?;
        let missing: Vec<_> = expected.iter().filter(|one| !found.contains_key(one)).collect();
        let surplus: Vec<_> =
            found.keys().filter(|one| *one <= last && !expected.contains(one)).collect();
        if missing.is_empty() && surplus.is_empty() {
            return Ok(found);
        }
        if Instant::now() > end {
            let mut report = String::new();
            for entry in weir.record(1_000_000)? {
                writeln!(report, "{entry}")?;
            }
            let log = weir.log_tail();
            bail!("missing {missing:?}, not expected {surplus:?}\n{log}\n{report}");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}
