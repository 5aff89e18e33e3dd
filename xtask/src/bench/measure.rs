//! Single measurements. Knows pgbench, psql, `perf` and /proc, and nothing of reports.

use super::place::Place;
use anyhow::{Context, Result, bail};
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use testkit::{TestDir, tool};

/// /proc counts CPU time in hundredths of a second on every Linux that matters.
const TICK_MS: f64 = 10.0;
/// How long idle connections may take to be there.
const IDLE_PATIENCE: Duration = Duration::from_secs(120);

/// How pgbench sends its statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// Query.
    Simple,
    /// Parse, Bind, Execute each time.
    Extended,
    /// Bind, Execute.
    Prepared,
}

impl Protocol {
    /// The word of `pgbench -M`.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Extended => "extended",
            Self::Prepared => "prepared",
        }
    }
}

/// One run of pgbench.
#[derive(Clone, Debug)]
pub(super) struct Load {
    pub(super) protocol: Protocol,
    pub(super) clients: u32,
    seconds: u32,
    more: &'static [&'static str],
    /// A script in place of pgbench's own.
    script: Option<&'static str>,
}

impl Load {
    /// One-row selects.
    pub(super) const fn select(protocol: Protocol, clients: u32, seconds: u32) -> Self {
        Self { protocol, clients, seconds, more: &["-S"], script: None }
    }

    /// pgbench's default transaction: three updates, a select, an insert.
    pub(super) const fn default_mix(clients: u32, seconds: u32) -> Self {
        Self { protocol: Protocol::Prepared, clients, seconds, more: &[], script: None }
    }

    /// This script, each line of it a statement of its own.
    pub(super) const fn script(script: &'static str, clients: u32, seconds: u32) -> Self {
        Self { protocol: Protocol::Simple, clients, seconds, more: &[], script: Some(script) }
    }

    /// A connection for each select.
    pub(super) const fn connect(clients: u32, seconds: u32) -> Self {
        Self { protocol: Protocol::Simple, clients, seconds, more: &["-S", "-C"], script: None }
    }
}

impl Load {
    /// The words that tell pgbench of it.
    fn say(&self, command: &mut Command, place: &Place, folder: &Path) -> Result<()> {
        let threads = self.clients.min(2).to_string();
        command
            .args(["-n", "-M", self.protocol.as_str(), "-c", &self.clients.to_string()])
            .args(["-j", &threads, "-T", &self.seconds.to_string()])
            .args(self.more);
        if let Some(script) = self.script {
            let file = folder.join("script.sql");
            fs::write(&file, script)?;
            command.arg("-f").arg(file);
        }
        command.arg(&place.url);
        Ok(())
    }
}

/// What a run of pgbench showed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Throughput {
    pub(super) tps: f64,
    pub(super) latency_us: f64,
    /// Transactions done.
    pub(super) done: f64,
    /// CPU time of the process in between.
    pub(super) cpu_ms: Option<f64>,
    /// Instructions of the process in between, in user mode and in the kernel; where `perf` works.
    pub(super) user: Option<f64>,
    pub(super) kernel: Option<f64>,
}

/// Runs pgbench.
pub(super) fn pgbench(place: &Place, load: &Load) -> Result<Throughput> {
    let folder = TestDir::new("bench")?;
    let counters = folder.join("perf");
    let mut command = watched(place, "pgbench", &counters);
    load.say(&mut command, place, folder.path())?;
    let before = place.pid.map(cpu_ms).transpose()?;
    let text = tool::finish(&mut command)?.success()?;
    let after = place.pid.map(cpu_ms).transpose()?;
    let instructions = fs::read_to_string(&counters).unwrap_or_default();
    Ok(Throughput {
        tps: number_after(&text, "tps = ").context("no tps")?,
        latency_us: number_after(&text, "latency average = ").context("no latency")? * 1000.0,
        done: number_after(&text, "actually processed: ").context("no count")?,
        cpu_ms: before.zip(after).map(|(before, after)| after - before),
        user: counter(&instructions, "instructions:u"),
        kernel: counter(&instructions, "instructions:k"),
    })
}

/// What each transaction took, in microseconds.
pub(super) fn latencies(place: &Place, load: &Load) -> Result<Vec<f64>> {
    let folder = TestDir::new("bench")?;
    let mut command = Command::new("pgbench");
    command.arg("-l").arg("--log-prefix").arg(folder.join("each"));
    load.say(&mut command, place, folder.path())?;
    tool::finish(&mut command)?.success()?;
    let mut all = Vec::new();
    for entry in fs::read_dir(folder.path())? {
        let path = entry?.path();
        if path.file_stem().is_some_and(|name| name == "each") {
            // The third of each line's numbers.
            let text = fs::read_to_string(path)?;
            let times = text.lines().filter_map(|line| line.split(' ').nth(2)?.parse::<f64>().ok());
            all.extend(times);
        }
    }
    if all.is_empty() {
        bail!("pgbench logged no transaction over {}", place.name);
    }
    Ok(all)
}

/// The number that stands behind these words.
pub(super) fn number_after(text: &str, word: &str) -> Option<f64> {
    let (_, rest) = text.split_once(word)?;
    rest.split(|c: char| !c.is_ascii_digit() && c != '.').next()?.parse().ok()
}

/// The counter's line begins with its value.
fn counter(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find(|line| line.contains(name))?;
    line.split(',').next()?.parse().ok()
}

/// A command during which `perf`, where it works, counts what the process in between does.
fn watched(place: &Place, program: &str, counters: &Path) -> Command {
    let Some(pid) = place.pid.filter(|_| perf_works()) else { return Command::new(program) };
    let mut perf = Command::new("perf");
    perf.args(["stat", "-x,", "-e", "instructions:u,instructions:k", "-p"]);
    perf.arg(pid.to_string()).arg("-o").arg(counters).args(["--", program]);
    perf
}

fn perf_works() -> bool {
    let arguments = ["stat", "-x,", "-e", "instructions:u", "true"];
    tool::run("perf", arguments)
        .is_ok_and(|outcome| counter(&outcome.stderr, "instructions:u").is_some())
}

/// CPU time that a process has used: fields 14 and 15 of /proc/PID/stat, counted behind the name.
fn cpu_ms(pid: u32) -> Result<f64> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).context("the proxy is gone")?;
    let (_, rest) = text.rsplit_once(')').context("no process name")?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|text| text.parse::<f64>().ok());
    let (user, kernel) = ticks(11).zip(ticks(12)).context("no CPU time")?;
    Ok((user + kernel) * TICK_MS)
}

/// What a transfer showed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Transfer {
    pub(super) seconds: f64,
    pub(super) megabytes: f64,
    pub(super) cpu_ms: Option<f64>,
    /// Instructions of the process in between, as of [`Throughput`].
    pub(super) user: Option<f64>,
    pub(super) kernel: Option<f64>,
}

/// Runs a statement through psql and throws its rows away.
pub(super) fn transfer(place: &Place, statement: &str) -> Result<Transfer> {
    let folder = TestDir::new("transfer")?;
    let counters = folder.join("perf");
    let before = place.pid.map(cpu_ms).transpose()?;
    let begin = Instant::now();
    let mut psql = watched(place, "psql", &counters)
        .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", &place.url, "-c", statement])
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run psql")?;
    let mut bytes = 0;
    if let Some(output) = psql.stdout.as_mut() {
        let mut buffer = vec![0; 1 << 20];
        loop {
            match output.read(&mut buffer)? {
                0 => break,
                length => bytes += length,
            }
        }
    }
    let status = psql.wait()?;
    let seconds = begin.elapsed().as_secs_f64();
    if !status.success() || bytes == 0 {
        bail!("`{statement}` over {} ended with {status}", place.name);
    }
    let after = place.pid.map(cpu_ms).transpose()?;
    let instructions = fs::read_to_string(&counters).unwrap_or_default();
    Ok(Transfer {
        seconds,
        megabytes: bytes as f64 / 1e6,
        cpu_ms: before.zip(after).map(|(before, after)| after - before),
        user: counter(&instructions, "instructions:u"),
        kernel: counter(&instructions, "instructions:k"),
    })
}

/// Resident memory of the process in between while so many connections are idle.
pub(super) fn memory(place: &Place, clients: u32) -> Result<f64> {
    let pid = place.pid.context("nobody in between")?;
    let folder = TestDir::new("idle")?;
    let script = folder.join("idle.sql");
    fs::write(&script, "\\sleep 600 s\n")?;
    let before = sockets(pid)?;
    let mut idle = crowded()
        .args(["-n", "-t", "1", "-j", "2", "-c", &clients.to_string()])
        .arg("-f")
        .arg(&script)
        .arg(&place.url)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("cannot run pgbench")?;
    let settled = settle(pid, before + clients as usize, &mut idle);
    let memory = fs::read_to_string(format!("/proc/{pid}/status"));
    let _ = idle.kill();
    let _ = idle.wait();
    settled?;
    // The next measurement begins when these connections are gone.
    wait(|| Ok(sockets(pid)? <= before))?;
    rss(&memory?)
}

/// A pgbench of many clients: it wants a file descriptor for each, and the usual limit is 1,024.
pub(super) fn crowded() -> Command {
    let mut pgbench = Command::new("sh");
    pgbench.args(["-c", r#"ulimit -n "$(ulimit -H -n)"; exec pgbench "$@""#, "pgbench"]);
    pgbench
}

/// Resident memory of a process: KiB.
pub(super) fn resident(pid: u32) -> Result<f64> {
    rss(&fs::read_to_string(format!("/proc/{pid}/status")).context("the proxy is gone")?)
}

fn rss(status: &str) -> Result<f64> {
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
    let number = line.split_whitespace().nth(1).context("no number")?;
    Ok(number.parse()?)
}

/// Waits until the connections are there and nothing happens any more.
fn settle(pid: u32, sockets_at_least: usize, idle: &mut std::process::Child) -> Result<()> {
    wait(|| {
        if let Some(status) = idle.try_wait()? {
            bail!("the idle clients ended with {status}");
        }
        Ok(sockets(pid)? >= sockets_at_least)
    })?;
    let mut before = cpu_ms(pid)?;
    wait(|| {
        std::thread::sleep(Duration::from_millis(500));
        let now = cpu_ms(pid)?;
        let quiet = now - before <= TICK_MS;
        before = now;
        Ok(quiet)
    })
}

fn wait(mut done: impl FnMut() -> Result<bool>) -> Result<()> {
    let end = Instant::now() + IDLE_PATIENCE;
    while !done()? {
        if Instant::now() >= end {
            bail!("not after {IDLE_PATIENCE:?}");
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// Descriptors that a process has open.
pub(super) fn files(pid: u32) -> Result<usize> {
    Ok(fs::read_dir(format!("/proc/{pid}/fd")).context("the proxy is gone")?.count())
}

/// Sockets that a process has open.
fn sockets(pid: u32) -> Result<usize> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).context("the proxy is gone")?;
    let links = entries.flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
    Ok(links.filter(|link| link.to_string_lossy().starts_with("socket:")).count())
}
