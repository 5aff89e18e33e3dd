//! What a durable record adds to a statement, beside what one fdatasync of the same disk takes in
//! the same run. Knows nothing of how records become durable.

use super::{
    measure::{self, Load, Protocol},
    place::Places,
    report::{Report, Unit, median},
};
use anyhow::{Context, Result};
use std::{
    fs::{self, File},
    io::Write,
    path::Path,
    time::{Duration, Instant},
};

/// A change that commits by itself: its record is durable before it is sent. The upstream itself
/// does not sync (the test servers run without), so all that is added is added in between.
const UPDATE: &str = "\\set id random(1, 1000000)
update pgbench_accounts set abalance = abalance + 1 where aid = :id
";
/// About what two records take.
const BYTES: usize = 700;

/// Adds a round: single statements of one client over every way, and the disk before and after.
pub(super) fn add(places: &Places, seconds: u32, report: &mut Report) -> Result<()> {
    let ledger = places.weir().ledger();
    let folder = ledger.parent().context("the ledger lies in no folder")?;
    let time = Duration::from_secs(u64::from(seconds));
    let mut disk = fdatasyncs(folder, time)?;
    let mut direct = None;
    let mut added = Vec::new();
    for place in places.rested() {
        let place = place?;
        let select = Load::select(Protocol::Simple, 1, seconds);
        let select = median(&measure::latencies(place, &select)?);
        report.add("SELECT by one client, p50", Unit::Microseconds, place.name, select);
        let update = measure::latencies(place, &Load::script(UPDATE, 1, seconds))?;
        let update = median(&update);
        report.add("UPDATE by one client, p50", Unit::Microseconds, place.name, update);
        added.push((place.name, update - *direct.get_or_insert(update)));
    }
    disk.extend(fdatasyncs(folder, time)?);
    let disk = median(&disk);
    for (place, more) in added.into_iter().skip(1) {
        report.add("added to an UPDATE, p50", Unit::Microseconds, place, more);
        report.add("fdatasync beside the ledger, p50", Unit::Microseconds, place, disk);
        report.add("added to an UPDATE, in fdatasyncs", Unit::Ones, place, more / disk);
    }
    Ok(())
}

/// What appended writes with their fdatasync(2) take, each, in microseconds.
fn fdatasyncs(folder: &Path, time: Duration) -> Result<Vec<f64>> {
    let path = folder.join("fdatasync");
    let mut file = File::create(&path)?;
    let (begun, mut all) = (Instant::now(), Vec::new());
    while begun.elapsed() < time {
        let one = Instant::now();
        file.write_all(&[7; BYTES])?;
        file.sync_data()?;
        all.push(one.elapsed().as_secs_f64() * 1e6);
    }
    fs::remove_file(path)?;
    Ok(all)
}
