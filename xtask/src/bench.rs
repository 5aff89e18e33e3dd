//! The same work over a direct connection, through PgBouncer and through Weir, interleaved in one
//! run, so that whatever else the machine does hits all of them alike.
//!
//! Trust the ratios and the CPU figures, not the absolutes. Knows nothing of how any of them works.

pub(crate) mod console;
mod crowd;
mod durable;
mod lag;
mod measure;
mod place;
mod report;
mod soak;

use crate::install;
use crate::step::{Build, build_weir, cargo, show, step};
use anyhow::Result;
use measure::{Load, Protocol};
use place::{Place, Places};
use report::{Report, Unit};
use std::path::PathBuf;

/// How long the whole takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    /// About two minutes: one round of short runs. Shows what is grossly wrong.
    Quick,
    /// About half an hour. Shows what may be told to others.
    Full,
}

impl Length {
    const fn rounds(self) -> usize {
        match self {
            Self::Quick => 1,
            Self::Full => 5,
        }
    }

    const fn seconds(self) -> u32 {
        match self {
            Self::Quick => 1,
            Self::Full => 4,
        }
    }
}

/// Clients at once in the throughput runs.
const CLIENTS: [u32; 3] = [1, 8, 32];
/// Idle connections in the memory runs.
const IDLE: [u32; 3] = [1, 100, 1000];

/// Runs all of it, prints the table, writes the JSON beside the build.
pub(crate) fn run(length: Length) -> Result<()> {
    let program = built(None)?;
    let places = step("servers and data", || Places::start(&program))?;
    let mut report = Report::default();
    for round in 1..=length.rounds() {
        step(&format!("round {round} of {}", length.rounds()), || {
            throughput(&places, length, &mut report)?;
            durable::add(&places, length.seconds(), &mut report)?;
            transfers(&places, &mut report)
        })?;
    }
    step("memory", || memory(&places, &mut report))?;
    step("the index behind the ledger", || lag::print(&places, length.seconds() * 5))?;
    print!("{}", report.table(&places.names()));
    let file = report.write()?;
    println!("\n{} holds every single figure.", file.display());
    step("the ledger", || example("ledger", "rate", &[]))?;
    match length {
        Length::Quick => questions("200000"),
        Length::Full => questions("10000000"),
    }
}

/// The Weir to be measured: one that is built already, or this source's.
fn built(program: Option<&str>) -> Result<PathBuf> {
    install::servers_and_pooler()?;
    match program {
        Some(program) => Ok(program.into()),
        None => step("building weir (dist)", || build_weir(Build::Dist)),
    }
}

/// What the record answers and how fast, over so many records, and what they take up.
pub(crate) fn questions(records: &str) -> Result<()> {
    step("questions to the record", || example("index", "questions", &[records]))
}

/// Runs an optimised example and shows what it prints.
fn example(package: &str, name: &str, arguments: &[&str]) -> Result<()> {
    let mut example = cargo();
    example.args(["run", "--quiet", "--release", "--package", package, "--example", name, "--"]);
    show(example.args(arguments))
}

/// The index's lag alone; `program` is a Weir that is built already.
pub(crate) fn lag(program: Option<&str>) -> Result<()> {
    let program = built(program)?;
    let places = step("servers and data", || Places::start(&program))?;
    step("the index behind the ledger", || lag::print(&places, Length::Full.seconds() * 5))
}

/// What a durable record adds, alone; `program` is a Weir that is built already.
pub(crate) fn durable(program: Option<&str>) -> Result<()> {
    let seconds = Length::Full.seconds();
    alone(program, |places, report| durable::add(places, seconds, report))
}

/// Rows and COPY alone; `program` is a Weir that is built already.
pub(crate) fn rows(program: Option<&str>) -> Result<()> {
    alone(program, transfers)
}

/// One kind of work in all rounds of a full run, and its table.
fn alone(program: Option<&str>, work: impl Fn(&Places, &mut Report) -> Result<()>) -> Result<()> {
    let program = built(program)?;
    let places = step("servers and data", || Places::start(&program))?;
    let mut report = Report::default();
    for round in 1..=Length::Full.rounds() {
        step(&format!("round {round}"), || work(&places, &mut report))?;
    }
    print!("{}", report.table(&places.names()));
    Ok(())
}

/// Random clients for so many minutes; `program` is a Weir that is built already.
pub(crate) fn soak(minutes: &str, program: Option<&str>) -> Result<()> {
    let minutes = minutes.parse()?;
    let program = built(program)?;
    let places = step("servers and data", || Places::start(&program))?;
    step("clients come and go", || soak::run(&places, minutes))
}

/// So many idle sessions before a server with few places; `program` is a Weir that is built.
pub(crate) fn crowd(clients: &str, program: Option<&str>) -> Result<()> {
    let clients = clients.parse()?;
    let program = built(program)?;
    step("idle sessions rest", || crowd::run(&program, clients))
}

fn throughput(places: &Places, length: Length, report: &mut Report) -> Result<()> {
    for protocol in [Protocol::Simple, Protocol::Extended, Protocol::Prepared] {
        for clients in CLIENTS {
            for place in places.rested() {
                let place = place?;
                let load = Load::select(protocol, clients, length.seconds());
                select(place, &load, report)?;
            }
        }
    }
    for place in places.rested() {
        let (place, seconds) = (place?, length.seconds());
        let loads = [
            ("pgbench default, 8 clients", Load::default_mix(8, seconds)),
            ("connections, 4 clients", Load::connect(4, seconds)),
        ];
        for (name, load) in loads.iter().filter(|(_, load)| possible(place, load)) {
            let result = measure::pgbench(place, load)?;
            report.add(name, Unit::PerSecond, place.name, result.tps);
        }
    }
    Ok(())
}

/// Whether the way to the data can carry the load.
fn possible(place: &Place, load: &Load) -> bool {
    !place.loses_prepared || load.protocol != measure::Protocol::Prepared
}

fn select(place: &Place, load: &Load, report: &mut Report) -> Result<()> {
    if !possible(place, load) {
        return Ok(());
    }
    let result = measure::pgbench(place, load)?;
    let word = load.protocol.as_str();
    let name = format!("select {word}, {} clients", load.clients);
    report.add(&name, Unit::PerSecond, place.name, result.tps);
    if load.clients == 1 {
        let name = format!("latency {word}, 1 client");
        report.add(&name, Unit::Microseconds, place.name, result.latency_us);
    }
    if load.clients == 8 {
        if let Some(cpu_ms) = result.cpu_ms {
            let name = format!("proxy CPU per 1,000 {word}");
            report.add(&name, Unit::Milliseconds, place.name, cpu_ms * 1000.0 / result.done);
        }
        for (mode, instructions) in [("user", result.user), ("kernel", result.kernel)] {
            if let Some(instructions) = instructions {
                let name = format!("proxy instructions per {word}, {mode}");
                report.add(&name, Unit::Thousands, place.name, instructions / result.done / 1e3);
            }
        }
    }
    Ok(())
}

/// Rows of each table that is transferred.
const ROWS: f64 = 200_000.0;

fn transfers(places: &Places, report: &mut Report) -> Result<()> {
    let work = [
        ("wide SELECT, 200,000 rows", "select * from people"),
        ("COPY, 200,000 rows", "copy people to stdout"),
        ("SELECT, no note twice", "select * from writers"),
        ("COPY, no note twice", "copy writers to stdout"),
    ];
    for (name, statement) in work {
        for place in places.rested() {
            let place = place?;
            let result = measure::transfer(place, statement)?;
            report.add(name, Unit::Seconds, place.name, result.seconds);
            if let Some(cpu_ms) = result.cpu_ms {
                let name = format!("proxy CPU per MB, {name}");
                report.add(&name, Unit::Milliseconds, place.name, cpu_ms / result.megabytes);
            }
            for (mode, instructions) in [("user", result.user), ("kernel", result.kernel)] {
                let Some(instructions) = instructions else { continue };
                let line = format!("{mode} per MB, {name}");
                let figure = instructions / result.megabytes / 1e6;
                report.add(&line, Unit::Millions, place.name, figure);
                let line = format!("{mode} per row, {name}");
                report.add(&line, Unit::Ones, place.name, instructions / ROWS);
            }
        }
    }
    Ok(())
}

/// Once is enough: memory does not vary as time does. Most connections last, since allocators keep
/// what they have.
fn memory(places: &Places, report: &mut Report) -> Result<()> {
    for clients in IDLE {
        for place in places.list().iter().filter(|place| place.pid.is_some()) {
            let kib = measure::memory(place, clients)?;
            let name = format!("memory, {clients} idle");
            report.add(&name, Unit::Kibibytes, place.name, kib);
        }
    }
    Ok(())
}
