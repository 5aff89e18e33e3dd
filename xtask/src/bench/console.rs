//! What the console's pages and the API behind them take over a long record, with many sessions
//! open: each is asked for as a browser would, over TLS, by a connection of its own. Knows where
//! pages are, and nothing of how they are made.

mod crowd;
mod pages;
mod visit;

use super::place::{caught_up, metric};
use crate::step::{Build, build_weir, cargo, show, step};
use anyhow::{Result, bail};
use crowd::Crowd;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use testkit::{Postgres, Weir, tool};
use visit::Visitor;

/// What no page may take: the median of its rounds.
const LIMIT_MS: f64 = 300.0;
/// How often each is asked for.
const ROUNDS: usize = 5;
/// By how many records the index may be behind the ledger, which goes on growing.
const NEARLY: f64 = 2_000.0;

/// What is measured.
#[derive(Clone, Debug)]
pub(crate) struct Scale {
    records: String,
    sessions: usize,
    /// A folder with a record that an earlier run wrote, which is copied.
    kept: Option<PathBuf>,
    /// A Weir that is built already.
    program: Option<PathBuf>,
}

impl Scale {
    /// Ten million records and a thousand sessions unless told otherwise.
    pub(crate) fn of(words: &[&str]) -> Result<Self> {
        let mut scale =
            Self { records: "10000000".to_owned(), sessions: 1_000, kept: None, program: None };
        for pair in words.chunks(2) {
            match pair {
                ["--records", records] => scale.records = (*records).to_owned(),
                ["--sessions", sessions] => scale.sessions = sessions.parse()?,
                ["--kept", folder] => scale.kept = Some(folder.into()),
                ["--weir", program] => scale.program = Some(program.into()),
                _ => bail!("bench --console takes --records, --sessions, --kept and --weir"),
            }
        }
        Ok(scale)
    }
}

/// What one page took.
struct Taken {
    what: String,
    ms: Vec<f64>,
    bytes: usize,
}

/// Starts everything, asks, prints; fails if a page takes too long.
pub(crate) fn run(scale: &Scale) -> Result<()> {
    crate::install::servers_and_pooler()?;
    let program = match &scale.program {
        Some(program) => program.clone(),
        None => step("building weir (dist)", || build_weir(Build::Dist))?,
    };
    let upstream = step("a database", || crowd::upstream(scale.sessions))?;
    let mut weir = step("identities", || crowd::weir(&upstream, &program))?;
    let state = weir.folder().join("state");
    step("a record", || record(scale, &state))?;
    step("weir starts", || weir.start_again())?;
    let crowd = step("sessions", || Crowd::come(&weir, &upstream, scale.sessions))?;
    step("the index has everything", || caught_up(&weir, NEARLY))?;
    let open = crowd::open(&upstream)?;
    let visitor = Visitor::sign_in(&weir)?;
    let pages = step("pages", || pages::all(&visitor))?;
    let mut taken: Vec<Taken> =
        pages.iter().map(|page| Taken { what: page.words(), ms: Vec::new(), bytes: 0 }).collect();
    for round in 1..=ROUNDS {
        step(&format!("round {round} of {ROUNDS}"), || {
            for (page, taken) in pages.iter().zip(&mut taken) {
                let seen = visitor.ask(page)?;
                if seen.status != 200 {
                    bail!("{} answers {}", page.words(), seen.status);
                }
                taken.ms.push(seen.ms);
                taken.bytes = seen.bytes;
            }
            Ok(())
        })?;
    }
    drop(crowd);
    let load = fs::read_to_string("/proc/loadavg")?;
    let load = load.split(' ').next().unwrap_or_default();
    println!("{} records, {open} sessions, {ROUNDS} rounds, load {load}\n", records(&weir)?);
    print(&taken)
}

/// Prints them, the slowest first; fails if one takes too long.
fn print(taken: &[Taken]) -> Result<()> {
    let mut rows: Vec<(&Taken, f64, f64)> = taken
        .iter()
        .map(|one| {
            let mut ms = one.ms.clone();
            ms.sort_by(f64::total_cmp);
            let middle = ms.get(ms.len() / 2).copied().unwrap_or(0.0);
            (one, middle, ms.last().copied().unwrap_or(0.0))
        })
        .collect();
    rows.sort_by(|left, right| right.1.total_cmp(&left.1));
    println!("| page | median ms | worst ms | KB |\n|---|---|---|---|");
    for (one, middle, worst) in &rows {
        let kilobytes = one.bytes.div_ceil(1_000);
        println!("| `{}` | {middle:.0} | {worst:.0} | {kilobytes} |", one.what);
    }
    let late = rows.iter().filter(|(_, middle, _)| *middle > LIMIT_MS).count();
    match late {
        0 => Ok(()),
        late => bail!("{late} take longer than {LIMIT_MS} ms"),
    }
}

/// Writes a record and its index to where Weir looks for them, or copies one.
fn record(scale: &Scale, state: &Path) -> Result<()> {
    if let Some(kept) = &scale.kept {
        let mut copy = Command::new("cp");
        copy.arg("-a").arg(kept.join(".")).arg(state);
        tool::finish(&mut copy)?.success()?;
        return Ok(());
    }
    let mut example = cargo();
    example.args(["run", "--quiet", "--release", "--package", "index", "--example", "questions"]);
    show(example.args(["--", &scale.records]).arg(state).arg("now"))
}

fn records(weir: &Weir) -> Result<u64> {
    Ok(metric(weir, "weir_ledger_synced_total")? as u64)
}

/// A database that takes so many sessions.
fn roomy(sessions: usize) -> Result<Postgres> {
    Postgres::options().setting("max_connections", &(sessions + 100).to_string()).start()
}
