//! Runs programs to their end and keeps what they said. Knows nothing of what they do.

use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a program that ended said.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The command line, for messages.
    pub command: String,
    /// Exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Outcome {
    /// Standard output, if the program ended well; else an error with all that it said.
    pub fn success(self) -> Result<String> {
        if self.code == Some(0) { Ok(self.stdout) } else { bail!("{self}") }
    }

    /// Standard output and error in one text.
    pub fn all(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { command, code, stdout, stderr } = self;
        write!(f, "`{command}` ended with {code:?}\n{stdout}{stderr}")
    }
}

/// Runs a command and waits for its end.
pub fn finish(command: &mut Command) -> Result<Outcome> {
    finish_with(command, "")
}

/// The same with this on its standard input.
pub fn finish_with(command: &mut Command, input: &str) -> Result<Outcome> {
    let line = format!("{command:?}");
    let mut child = command
        .stdin(if input.is_empty() { Stdio::null() } else { Stdio::piped() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {line}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes())?;
    }
    let output = child.wait_with_output()?;
    Ok(Outcome {
        command: line,
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// Runs a program with arguments and waits for its end.
pub fn run<S: AsRef<OsStr>>(
    program: impl AsRef<OsStr>,
    arguments: impl IntoIterator<Item = S>,
) -> Result<Outcome> {
    finish(Command::new(program).args(arguments))
}

/// Where a program is, if it is on the PATH or in one of Debian's folders that often are not.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin", "/usr/bin"].map(PathBuf::from))
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// Whether we are root; servers that refuse to be are then started as somebody else.
pub fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// The account that servers run under when we are root: `postgres` if Debian's package made it.
pub fn server_account() -> &'static str {
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    if accounts.lines().any(|line| line.starts_with("postgres:")) { "postgres" } else { "nobody" }
}

/// `program` as the server account when we are root, else as we are. `setpriv` replaces itself by
/// the program, so the process id is the program's.
pub fn as_server_account(program: &Path) -> Vec<std::ffi::OsString> {
    let mut command: Vec<std::ffi::OsString> = Vec::new();
    if is_root() {
        let account = server_account();
        command.push("setpriv".into());
        command.push(format!("--reuid={account}").into());
        command.push(format!("--regid={}", group_of(account)).into());
        command.push("--clear-groups".into());
    }
    command.push(program.into());
    command
}

/// The number of the account's group.
fn group_of(account: &str) -> String {
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let line = accounts.lines().find(|line| line.split(':').next() == Some(account));
    line.and_then(|line| line.split(':').nth(3)).unwrap_or("nogroup").to_owned()
}

/// Gives a folder and all in it to the server account when we are root.
pub fn give_to_server_account(folder: &Path) -> Result<()> {
    if is_root() {
        let owner = format!("{0}:{1}", server_account(), group_of(server_account()));
        run("chown", [OsStr::new("-R"), OsStr::new(&owner), folder.as_os_str()])?.success()?;
    }
    Ok(())
}
