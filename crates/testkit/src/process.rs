//! Server processes that never outlive the process that wanted them.
//!
//! A server runs below a small shell. The shell holds the reading end of a pipe, we hold the
//! writing end. Whatever ends us, a return, a panic or `kill -9`, closes our end; the shell then
//! stops the server. Knows nothing of what the servers are.

use crate::tool;
use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How long a server may take to stop before it is killed.
const STOP_PATIENCE: Duration = Duration::from_secs(10);

/// Lines of a server's log that a failure report carries.
const LOG_LINES: usize = 30;

/// `$1` pid file, `$2` signal that stops the server, the rest its command line.
///
/// `read` waits for our end of the pipe to close; we never write. The server must not hold the
/// pipe itself, hence `3<&-`. Servers get as many file descriptors as a service manager would give
/// them. The shell ends with the server's exit code.
const WATCHDOG: &str = r#"
pid_file=$1; signal=$2; shift 2
ulimit -n "$(ulimit -H -n)"
exec 3<&0 </dev/null
"$@" 3<&- &
server=$!
echo "$server" > "$pid_file"
( read -r _ <&3; kill -s "$signal" "$server" ) 2>/dev/null &
watch=$!
exec 3<&-
wait "$server"; code=$?
kill "$watch" 2>/dev/null
exit "$code"
"#;

/// A running server process.
#[derive(Debug)]
pub struct Server {
    name: String,
    watchdog: Child,
    pid: u32,
    log: PathBuf,
}

/// What to start, and how it is stopped.
#[derive(Debug)]
pub struct Start<'a> {
    /// For messages: `postgres`, `weir`.
    pub name: &'a str,
    /// Program and arguments.
    pub command: Vec<OsString>,
    /// Variables added to the environment.
    pub environment: Vec<(OsString, OsString)>,
    /// Where output goes and the pid is noted.
    pub folder: &'a Path,
    /// Name of the signal that ends the server, without `SIG`.
    pub signal: &'a str,
}

impl Server {
    /// Starts the program; returns as soon as it runs, which is before it is ready.
    pub fn start(start: Start<'_>) -> Result<Self> {
        let log = start.folder.join(format!("{}.log", start.name));
        let pid_file = start.folder.join(format!("{}.pid", start.name));
        let _ = fs::remove_file(&pid_file);
        let output = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .with_context(|| format!("cannot write {}", log.display()))?;
        let watchdog = Command::new("/bin/sh")
            .args(["-c", WATCHDOG, "watchdog"])
            .arg(&pid_file)
            .arg(start.signal)
            .args(&start.command)
            .envs(start.environment)
            .stdin(Stdio::piped())
            .stdout(output.try_clone().context("cannot share the log")?)
            .stderr(output)
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {}", start.name))?;
        let mut server = Self { name: start.name.to_owned(), watchdog, pid: 0, log };
        server.pid = server.wait_for_pid(&pid_file)?;
        Ok(server)
    }

    fn wait_for_pid(&mut self, file: &Path) -> Result<u32> {
        let end = Instant::now() + STOP_PATIENCE;
        loop {
            let text = fs::read_to_string(file).unwrap_or_default();
            if let Some(Ok(pid)) = text.strip_suffix('\n').map(str::parse) {
                return Ok(pid);
            }
            if Instant::now() >= end {
                bail!("{} did not start: {}", self.name, self.log_tail());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The server's own process id (not the watchdog's).
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Where its output goes.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// All of its output so far.
    pub fn log_text(&self) -> String {
        let text = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&text).into_owned()
    }

    /// The last lines of its output.
    pub fn log_tail(&self) -> String {
        let text = self.log_text();
        let lines: Vec<&str> = text.lines().collect();
        let from = lines.len().saturating_sub(LOG_LINES);
        lines.get(from..).unwrap_or_default().join("\n")
    }

    /// Its exit status, if it has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.watchdog.try_wait().ok().flatten()
    }

    /// Calls `ready` until it says yes; fails at once when the server ends.
    pub fn wait_until(
        &mut self,
        patience: Duration,
        mut ready: impl FnMut() -> bool,
    ) -> Result<()> {
        let end = Instant::now() + patience;
        while !ready() {
            if let Some(status) = self.ended() {
                bail!("{} ended with {status}:\n{}", self.name, self.log_tail());
            }
            if Instant::now() >= end {
                bail!("{} not ready after {patience:?}:\n{}", self.name, self.log_tail());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Sends a signal (`TERM`, `KILL`, `HUP` …) to the server.
    pub fn signal(&self, signal: &str) -> Result<()> {
        tool::run("kill", ["-s", signal, &self.pid.to_string()])?.success()?;
        Ok(())
    }

    /// Waits for the end; `None` when it still runs after `patience`.
    pub fn wait(&mut self, patience: Duration) -> Option<ExitStatus> {
        let end = Instant::now() + patience;
        loop {
            if let Some(status) = self.ended() {
                return Some(status);
            }
            if Instant::now() >= end {
                return None;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Closing the pipe is the stop request; the group kill is for what does not listen.
        drop(self.watchdog.stdin.take());
        if self.wait(STOP_PATIENCE).is_none() {
            let group = format!("-{}", self.watchdog.id());
            let _ = tool::run("kill", ["-s", "KILL", "--", &group]);
            let _ = self.watchdog.wait();
        }
    }
}
