//! How far the ledger's index stays behind while pgbench works through Weir, sampled from Weir's
//! own metrics. Knows nothing of how the index follows.

use super::{
    measure::{self, Load},
    place::{Place, Places},
};
use anyhow::{Context, Result};
use std::{
    thread,
    time::{Duration, Instant},
};
use testkit::Weir;

/// How often it is looked.
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);
/// How long the index may take to catch up once pgbench has ended.
const PATIENCE: Duration = Duration::from_secs(300);

/// What was seen: the median, the 99th percentile, the most.
#[derive(Clone, Debug)]
pub(super) struct Lag {
    /// Durable records that the index did not have.
    pub(super) records: [f64; 3],
    /// How long ago the ledger had no more than the index has now.
    pub(super) ms: [f64; 3],
    /// Records that became durable in a second.
    pub(super) rate: f64,
    /// Until nothing was missing any more, after the end.
    pub(super) after_ms: f64,
    looks: usize,
}

/// One look at the metrics.
#[derive(Clone, Copy, Debug)]
struct Look {
    at: Instant,
    synced: f64,
    behind: f64,
}

/// Runs every load as a person and prints what was seen.
pub(super) fn print(places: &Places, seconds: u32) -> Result<()> {
    let place = places.list().iter().find(|place| place.name == "weir/person");
    let place = place.context("no way through Weir")?;
    let loads = [
        ("select, 1 client", Load::select(measure::Protocol::Prepared, 1, seconds)),
        ("select, 8 clients", Load::select(measure::Protocol::Prepared, 8, seconds)),
        ("pgbench default, 8 clients", Load::default_mix(8, seconds)),
    ];
    println!("the index behind the ledger: p50 / p99 / max");
    for (name, load) in loads {
        let lag = under(places.weir(), place, &load)?;
        let three = |of: [f64; 3]| of.map(|one| format!("{one:.0}")).join(" / ");
        println!(
            "{name:28} {} records, {} ms at {:.0} records/s; {:.0} ms after its end; {} looks",
            three(lag.records),
            three(lag.ms),
            lag.rate,
            lag.after_ms,
            lag.looks
        );
    }
    Ok(())
}

/// Looks while pgbench runs, and until the index has everything.
fn under(weir: &Weir, place: &Place, load: &Load) -> Result<Lag> {
    let begin = look(weir)?;
    let mut looks = vec![begin];
    let ended = thread::scope(|scope| -> Result<Instant> {
        let working = scope.spawn(|| measure::pgbench(place, load));
        while !working.is_finished() {
            looks.push(look(weir)?);
            thread::sleep(BETWEEN_LOOKS);
        }
        working.join().map_err(|_| anyhow::anyhow!("pgbench's thread failed"))??;
        Ok(Instant::now())
    })?;
    let during = looks.len();
    while looks.last().is_some_and(|look| look.behind > 0.0) {
        anyhow::ensure!(ended.elapsed() < PATIENCE, "the index does not catch up");
        thread::sleep(BETWEEN_LOOKS);
        looks.push(look(weir)?);
    }
    let during = looks.get(..during).unwrap_or_default();
    let last = during.last().copied().unwrap_or(begin);
    let seconds = last.at.duration_since(begin.at).as_secs_f64();
    Ok(Lag {
        records: percentiles(during.iter().map(|look| look.behind).collect()),
        ms: percentiles((0..during.len()).map(|at| age(during, at)).collect()),
        rate: (last.synced - begin.synced) / seconds,
        after_ms: ended.elapsed().as_secs_f64() * 1e3,
        looks: during.len(),
    })
}

/// How long before a look the ledger had no more than the index has at it.
fn age(looks: &[Look], at: usize) -> f64 {
    let Some((now, before)) = looks.get(..=at).and_then(<[Look]>::split_last) else { return 0.0 };
    let has = now.synced - now.behind;
    if now.behind <= 0.0 {
        return 0.0;
    }
    let then = before.iter().rev().find(|look| look.synced <= has).or(looks.first());
    then.map_or(0.0, |then| now.at.duration_since(then.at).as_secs_f64() * 1e3)
}

fn percentiles(mut of: Vec<f64>) -> [f64; 3] {
    of.sort_by(f64::total_cmp);
    let at = |part: usize| of.get((of.len().saturating_sub(1)) * part / 100).copied();
    [50, 99, 100].map(|part| at(part).unwrap_or(0.0))
}

fn look(weir: &Weir) -> Result<Look> {
    let page = weir.http("/metrics")?;
    let value = |name: &str| -> Result<f64> {
        let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        Ok(line.with_context(|| format!("no {name}"))?.trim().parse()?)
    };
    let (synced, behind) = (value("weir_ledger_synced")?, value("weir_index_lag")?);
    Ok(Look { at: Instant::now(), synced, behind })
}
