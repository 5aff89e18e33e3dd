//! Thousands of idle sessions before a server with few places: what each takes once it has given
//! its upstream connection up, what others notice, and whether all of them are served when they
//! come back. Knows pgbench and /proc.

use super::{
    measure,
    place::{DATABASE, metric},
};
use anyhow::{Context, Result, bail};
use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};
use testkit::{Postgres, TestDir, Weir, tool, weir};

/// Connections that the server takes.
const PLACES: &str = "120";
/// How long a session stands idle until it rests.
const IDLE: &str = "\"2s\"";
/// Sessions that come back in a second.
const RETURNS: u32 = 50;
/// How long they may take to come, and to rest.
const PATIENCE: Duration = Duration::from_secs(900);
/// Statements that somebody else runs meanwhile, on one connection.
const MEANWHILE: &str = "2000";

/// Fills a Weir with so many sessions and prints what it saw; fails if one is not served.
pub(super) fn run(program: &Path, clients: u32) -> Result<()> {
    let upstream = Postgres::options().setting("max_connections", PLACES).start()?;
    upstream.create_database(DATABASE)?;
    let arguments = ["-i", "-q", "-s", "10", &upstream.url(DATABASE)];
    tool::finish(Command::new("pgbench").args(arguments))?.success()?;
    let most = (clients + 100).to_string();
    for (way, mode) in [("plain", "disable"), ("TLS", "require")] {
        let weir = Weir::options(&upstream)
            .program(program)
            .upstream_key("release_idle", IDLE)
            .limit("max_connections", &most)
            .limit("max_connections_per_identity", &most)
            .start()?;
        let url = format!("{}?sslmode={mode}", weir.url(weir::PERSON, DATABASE));
        println!("{way}:");
        fill(&weir, &url, clients)?;
    }
    Ok(())
}

fn fill(weir: &Weir, url: &str, clients: u32) -> Result<()> {
    let pid = weir.pid()?;
    let alone = meanwhile(url)?;
    let before = measure::resident(pid)?;
    let begun = Instant::now();
    let mut crowd = Crowd::come(url, clients)?;
    crowd.until(|| Ok(resting(weir)? >= f64::from(clients)))?;
    let took = begun.elapsed().as_secs_f64();
    let each = (measure::resident(pid)? - before) / f64::from(clients);
    println!("  {clients} sessions came and rest after {took:.0} s: {each:.1} KiB each");
    let files = measure::files(pid)?;
    println!(
        "  {files} files open; another client: {alone:.0} us alone, {:.0} us",
        meanwhile(url)?
    );
    let begun = Instant::now();
    let served = crowd.comes_back()?;
    let took = begun.elapsed().as_secs_f64();
    println!("  {served} of {clients} came back within {took:.0} s and got their answer");
    if served != clients {
        bail!("{} sessions were not served", clients - served);
    }
    Ok(())
}

/// Sessions without an upstream connection.
fn resting(weir: &Weir) -> Result<f64> {
    metric(weir, "weir_sessions_resting{database=\"*\"}")
}

/// What one client's statement takes meanwhile, on the average: microseconds.
fn meanwhile(url: &str) -> Result<f64> {
    let arguments = ["-n", "-S", "-M", "prepared", "-t", MEANWHILE, url];
    let output = tool::finish(Command::new("pgbench").args(arguments))?.success()?;
    Ok(measure::number_after(&output, "latency average = ").context("no latency")? * 1000.0)
}

/// The clients: all in one pgbench, which waits until all are there.
struct Crowd {
    folder: TestDir,
    pgbench: Child,
}

impl Crowd {
    fn come(url: &str, clients: u32) -> Result<Self> {
        let folder = TestDir::new("crowd")?;
        let (script, gate) = (folder.join("crowd.sql"), folder.join("gate"));
        // Each stands still until the gate is there, and for a moment of its own behind that.
        let stand = format!("while ! test -e {}; do sleep 1; done; echo 0", gate.display());
        let text = format!(
            "\\setshell open {stand}\n\\set pause random(1, {})\n\\sleep :pause s\n\
             \\set aid random(1, 1000000)\n\
             SELECT abalance FROM pgbench_accounts WHERE aid = :aid;\n",
            clients.div_ceil(RETURNS)
        );
        fs::write(&script, text)?;
        let said = fs::File::create(folder.join("said"))?;
        let pgbench = measure::crowded()
            .args(["-n", "-t", "1", "-c", &clients.to_string()])
            .arg("-f")
            .arg(&script)
            .arg(url)
            .stdout(said.try_clone()?)
            .stderr(said)
            .stdin(Stdio::null())
            .spawn()
            .context("cannot run pgbench")?;
        Ok(Self { folder, pgbench })
    }

    /// Waits for something while all of them stay.
    fn until(&mut self, done: impl Fn() -> Result<bool>) -> Result<()> {
        let end = Instant::now() + PATIENCE;
        while !done()? {
            if let Some(status) = self.pgbench.try_wait()? {
                bail!("the clients ended with {status}: {}", self.said()?);
            }
            if Instant::now() >= end {
                bail!("not after {PATIENCE:?}: {}", self.said()?);
            }
            thread::sleep(Duration::from_millis(500));
        }
        Ok(())
    }

    /// Each comes back once; how many got their answer.
    fn comes_back(&mut self) -> Result<u32> {
        fs::write(self.folder.join("gate"), "")?;
        self.pgbench.wait()?;
        let said = self.said()?;
        let served = measure::number_after(&said, "actually processed: ");
        // Who gets an error takes no part any more; the first says why.
        said.lines()
            .filter(|line| line.contains("error"))
            .take(3)
            .for_each(|line| println!("{line}"));
        Ok(served.with_context(|| said.clone())? as u32)
    }

    fn said(&self) -> Result<String> {
        Ok(fs::read_to_string(self.folder.join("said"))?)
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        let _ = self.pgbench.kill();
        let _ = self.pgbench.wait();
    }
}
