//! Random clients coming and going for as long as one likes: what a Weir holds in the quiet between
//! must not grow. Knows pgbench and /proc, and nothing of what Weir holds.

use super::{
    measure,
    place::{Place, Places},
};
use anyhow::{Context, Result, bail};
use std::{
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Clients that come at once, at most.
const CROWD: u64 = 6;
/// How long all of them come and go before it is looked what is left.
const ROUND: Duration = Duration::from_secs(20);
/// How long descriptors may take to be given back.
const PATIENCE: Duration = Duration::from_secs(15);
/// Memory that may have come by the end beyond what was there after a quarter of the time: what
/// allocators keep, and what is remembered of statements.
const GROWTH: f64 = 1.25;

/// What was there in a quiet moment.
#[derive(Clone, Copy, Debug)]
struct Quiet {
    kib: f64,
    files: usize,
}

/// A seed and what follows from it.
struct Dice(u64);

impl Dice {
    /// A number below this one (xorshift64*, which is even enough here).
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % end
    }
}

/// Runs for so many minutes and says what was there each time; fails if something grew.
pub(super) fn run(places: &Places, minutes: u64) -> Result<()> {
    let ways: Vec<&Place> = places.list().iter().filter(|place| place.is_weir()).collect();
    let pid = ways.first().and_then(|place| place.pid).context("no way through Weir")?;
    let end = Instant::now() + Duration::from_secs(minutes * 60);
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut seen = Vec::new();
    let (mut came, mut torn) = (0, 0);
    while Instant::now() < end || seen.len() < 4 {
        let round = Instant::now() + ROUND;
        while Instant::now() < round {
            let crowd = 1 + dice.below(CROWD);
            let mut clients = Vec::new();
            for _ in 0..crowd {
                let way = ways.get(dice.below(ways.len() as u64) as usize).context("no way")?;
                clients.push(client(way, &mut dice)?);
            }
            came += clients.len();
            // Some leave without a word, in the middle of a statement.
            for one in &mut clients {
                if dice.below(4) == 0 {
                    thread::sleep(Duration::from_millis(dice.below(800)));
                    one.kill()?;
                    torn += 1;
                }
            }
            for mut one in clients {
                one.wait()?;
            }
        }
        let quiet = quiet(pid, seen.first())?;
        seen.push(quiet);
        println!(
            "{:4} rounds, {came} clients, {torn} cut off: {:.0} KiB, {} files",
            seen.len(),
            quiet.kib,
            quiet.files
        );
    }
    judge(&seen)
}

/// One program with several connections, at a moderate rate, so that the record stays small.
fn client(way: &Place, dice: &mut Dice) -> Result<Child> {
    let protocol = ["simple", "extended", "prepared"];
    let protocol = protocol.get(dice.below(3) as usize).copied().unwrap_or("simple");
    let connections = 1 + dice.below(12);
    let seconds = 1 + dice.below(3);
    let mut command = Command::new("pgbench");
    match dice.below(8) {
        0 => {
            command = Command::new("psql");
            let copy = "copy (select * from people limit 20000) to stdout";
            command.args(["-X", "-q", "-d", &way.url, "-c", copy]);
        }
        1 => {
            command.args(["-n", "-S", "-C", "-R", "40", "-T", "1", "-c", "4", &way.url]);
        }
        2 => {
            command.args(["-n", "-M", protocol, "-R", "40", "-T"]);
            command.args([&seconds.to_string(), "-c", &connections.to_string(), &way.url]);
        }
        _ => {
            command.args(["-n", "-S", "-M", protocol, "-R", "100", "-T"]);
            command.args([&seconds.to_string(), "-c", &connections.to_string(), &way.url]);
        }
    }
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().context("cannot run a client")
}

/// What is there once no more descriptors are open than in the first quiet moment, or for long.
fn quiet(pid: u32, first: Option<&Quiet>) -> Result<Quiet> {
    let end = Instant::now() + PATIENCE;
    loop {
        thread::sleep(Duration::from_millis(1_000));
        let (kib, files) = (measure::resident(pid)?, measure::files(pid)?);
        if first.is_none_or(|first| files <= first.files) || Instant::now() >= end {
            return Ok(Quiet { kib, files });
        }
    }
}

fn judge(seen: &[Quiet]) -> Result<()> {
    let median = |part: &[Quiet]| {
        let mut kib: Vec<f64> = part.iter().map(|quiet| quiet.kib).collect();
        kib.sort_by(f64::total_cmp);
        kib.get(kib.len() / 2).copied().unwrap_or(0.0)
    };
    let quarter = seen.len() / 4;
    let (second, last) = (seen.get(quarter..2 * quarter), seen.get(seen.len() - quarter..));
    let (early, late) = (median(second.unwrap_or_default()), median(last.unwrap_or_default()));
    println!("memory: {early:.0} KiB in the second quarter, {late:.0} KiB in the last");
    if late > early * GROWTH {
        bail!("memory grew by more than {GROWTH}");
    }
    let files = |part: &[Quiet]| part.iter().map(|quiet| quiet.files).min().unwrap_or(0);
    let (before, after) =
        (files(seen.get(..2 * quarter).unwrap_or_default()), files(last.unwrap_or_default()));
    println!("open files: {before} in the first half, {after} in the last quarter");
    if after > before {
        bail!("descriptors are not given back");
    }
    Ok(())
}
