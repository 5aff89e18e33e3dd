//! Weir itself, as a user would start it. Knows its command line and its config file, and nothing
//! that a user could not know.

use crate::postgres::{SUPERUSER, SUPERUSER_PASSWORD, psql, url};
use crate::process::{Server, Start};
use crate::tool::{self, Outcome};
use crate::{Postgres, TestDir, port};
use anyhow::{Context, Result, bail};
use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{env, fs};

/// How long Weir may take to be ready: it reads the upstream's catalog and samples values.
const START_PATIENCE: Duration = Duration::from_secs(60);

/// Everybody's password, and the identities that every Weir of a test knows.
pub const PASSWORD: &str = "pass word:of/everybody";
/// A person in group `admins`.
pub const ADMIN: &str = "root";
/// A person without groups.
pub const PERSON: &str = "alice";
/// A service without groups.
pub const SERVICE: &str = "reports";
/// An agent that acts for [`PERSON`].
pub const AGENT: &str = "copilot";

/// A running Weir, stopped and removed when dropped.
#[derive(Debug)]
pub struct Weir {
    // Dropped in this order: the server stops before its folder goes.
    server: Option<Server>,
    folder: TestDir,
    program: PathBuf,
    port: u16,
    http: u16,
    api: Option<u16>,
    variables: Vec<(OsString, OsString)>,
}

/// What Weir should be like.
#[derive(Clone, Debug)]
pub struct Options {
    upstream: String,
    environment: String,
    limits: Vec<(String, String)>,
    policies: Vec<(String, String)>,
    sections: String,
    variables: Vec<(OsString, OsString)>,
    api: bool,
    program: Option<PathBuf>,
}

/// The `weir` program: `$WEIR_BIN`, else the one that was built beside the program that runs now.
pub fn program() -> Result<PathBuf> {
    if let Some(program) = env::var_os("WEIR_BIN") {
        return Ok(program.into());
    }
    let own = env::current_exe().context("who are we?")?;
    let beside = own.ancestors().skip(1).take(3).map(|folder| folder.join("weir"));
    beside
        .into_iter()
        .find(|file| file.is_file())
        .context("the weir program is not built: run `cargo build --package weir`, or set WEIR_BIN")
}

impl Options {
    /// Replaces the whole `[database.upstream]` section's keys.
    pub fn upstream(mut self, keys: &str) -> Self {
        self.upstream = keys.to_owned();
        self
    }

    /// One more key of `[database.upstream]`, its value as it stands in the file.
    pub fn upstream_key(mut self, key: &str, value: &str) -> Self {
        self.upstream.push_str(&format!("\n{key} = {value}"));
        self
    }

    /// What policies know the databases as; `staging` unless said otherwise.
    pub fn environment(mut self, environment: &str) -> Self {
        self.environment = environment.to_owned();
        self
    }

    /// A key of `[limits]`, its value as it stands in the file.
    pub fn limit(mut self, key: &str, value: &str) -> Self {
        self.limits.push((key.to_owned(), value.to_owned()));
        self
    }

    /// Further sections of the file, as they stand there: `[[export]]`.
    pub fn sections(mut self, text: &str) -> Self {
        self.sections.push_str(text);
        self
    }

    /// A variable of its environment.
    pub fn variable(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// With the API, on a port of its own.
    pub fn api(mut self) -> Self {
        self.api = true;
        self
    }

    /// A policy file over the baseline.
    pub fn policy(mut self, file: &str, text: &str) -> Self {
        self.policies.push((file.to_owned(), text.to_owned()));
        self
    }

    /// Another program than the one built beside us: a release build, for the benchmark.
    pub fn program(mut self, program: &Path) -> Self {
        self.program = Some(program.to_owned());
        self
    }

    /// Writes config and identities, starts Weir and waits until it is ready.
    pub fn start(self) -> Result<Weir> {
        let mut weir = self.prepare()?;
        weir.start_again()?;
        Ok(weir)
    }

    /// Writes config and identities; [`Weir::start_again`] starts it.
    pub fn prepare(self) -> Result<Weir> {
        let folder = TestDir::new("weir")?;
        let program = self.program.clone().map_or_else(program, Ok)?;
        let (port, http) = (port::free_port()?, port::free_port()?);
        let api = self.api.then(port::free_port).transpose()?;
        let variables = self.variables.clone();
        let weir = Weir { server: None, folder, program, port, http, api, variables };
        fs::write(weir.folder.join("upstream.secret"), SUPERUSER_PASSWORD)?;
        fs::create_dir_all(weir.policies())?;
        for (file, text) in &self.policies {
            fs::write(weir.policies().join(file), text)?;
        }
        fs::write(weir.config(), self.text(&weir)?)?;
        weir.add(ADMIN, "person", &["--group", "admins"])?;
        weir.add(PERSON, "person", &[])?;
        weir.add(SERVICE, "service", &[])?;
        weir.add(AGENT, "agent", &["--acts-for", PERSON])?;
        Ok(weir)
    }

    fn text(&self, weir: &Weir) -> Result<String> {
        let Weir { port, http, api, .. } = weir;
        let api = api.map_or_else(String::new, |api| format!("api = \"127.0.0.1:{api}\"\n"));
        let mut text = format!(
            "state_dir = \"state\"\n[listen]\npostgres = \"127.0.0.1:{port}\"\n\
             http = \"127.0.0.1:{http}\"\n{api}[policies]\ndir = \"policies\"\n\
             [[database]]\nname = \"*\"\nenvironment = \"{}\"\n[database.upstream]\n{}\n[limits]\n",
            self.environment, self.upstream
        );
        for (key, value) in &self.limits {
            writeln!(text, "{key} = {value}")?;
        }
        text.push_str(&self.sections);
        Ok(text)
    }
}

impl Weir {
    /// Weir before every database of `upstream`, to be described further.
    pub fn options(upstream: &Postgres) -> Options {
        Options {
            upstream: format!(
                "host = \"127.0.0.1\"\nport = {}\nuser = \"{SUPERUSER}\"\n\
                 password = {{ file = \"upstream.secret\" }}\ntls = \"disable\"",
                upstream.port()
            ),
            environment: "staging".to_owned(),
            limits: Vec::new(),
            policies: Vec::new(),
            sections: String::new(),
            variables: Vec::new(),
            api: false,
            program: None,
        }
    }

    /// Starts it before every database of `upstream`.
    pub fn start(upstream: &Postgres) -> Result<Self> {
        Self::options(upstream).start()
    }

    /// Starts it (again) on its folder and waits until it is ready.
    pub fn start_again(&mut self) -> Result<()> {
        let command = vec![
            self.program.clone().into_os_string(),
            OsString::from("--config"),
            self.config().into_os_string(),
            OsString::from("serve"),
        ];
        let start = Start {
            name: "weir",
            command,
            environment: self.variables.clone(),
            folder: self.folder.path(),
            signal: "TERM",
        };
        let mut server = Server::start(start)?;
        let http = self.http;
        server.wait_until(START_PATIENCE, || {
            get(http, "/readyz").is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
        })?;
        self.server = Some(server);
        Ok(())
    }

    fn config(&self) -> PathBuf {
        self.folder.join("weir.toml")
    }

    /// The folder of the config file and the state.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The folder of policy files.
    pub fn policies(&self) -> PathBuf {
        self.folder.join("policies")
    }

    /// The ledger's folder.
    pub fn ledger(&self) -> PathBuf {
        self.folder.join("state/ledger")
    }

    /// The port for PostgreSQL clients on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL of the API, if it has one, and the certificate that it shows.
    pub fn api(&self) -> Result<(String, PathBuf)> {
        let port = self.api.context("it has no API")?;
        let certificate = self.folder.join("state/dev-cert.pem");
        Ok((format!("https://127.0.0.1:{port}"), certificate))
    }

    /// The process, if it was started.
    pub fn server(&mut self) -> Result<&mut Server> {
        self.server.as_mut().context("weir is not running")
    }

    /// Its process id.
    pub fn pid(&self) -> Result<u32> {
        Ok(self.server.as_ref().context("weir is not running")?.pid())
    }

    /// Ends it as a power cut of the process would, and waits.
    pub fn kill(&mut self) -> Result<()> {
        let mut server = self.server.take().context("weir is not running")?;
        server.signal("KILL")?;
        server.wait(START_PATIENCE).context("weir survives SIGKILL")?;
        Ok(())
    }

    /// Ends it in good order and waits.
    pub fn stop(&mut self) -> Result<()> {
        let mut server = self.server.take().context("weir is not running")?;
        server.signal("TERM")?;
        server.wait(START_PATIENCE).context("weir does not stop")?;
        Ok(())
    }

    /// Adds an identity with everybody's password.
    pub fn add(&self, name: &str, kind: &str, more: &[&str]) -> Result<()> {
        let fixed = ["identity", "add", name, "--kind", kind, "--password-stdin"];
        let arguments: Vec<&str> = fixed.iter().chain(more).copied().collect();
        let outcome = self.run_as_somebody(&arguments)?;
        if outcome.code != Some(0) {
            bail!("cannot add {name}: {}", outcome.stderr);
        }
        Ok(())
    }

    fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--config").arg(self.config()).args(arguments);
        command
    }

    /// Runs another of its commands: `["audit", "tail"]`.
    pub fn run(&self, arguments: &[&str]) -> Result<Outcome> {
        tool::finish(&mut self.command(arguments))
    }

    /// The same for a command that reads a password: everybody's.
    pub fn run_as_somebody(&self, arguments: &[&str]) -> Result<Outcome> {
        tool::finish_with(&mut self.command(arguments), &format!("{PASSWORD}\n"))
    }

    /// The same for one that reads something else.
    pub fn run_with(&self, arguments: &[&str], input: &str) -> Result<Outcome> {
        tool::finish_with(&mut self.command(arguments), input)
    }

    /// The words of another of its commands, for whoever starts it.
    pub fn words(&self, arguments: &[&str]) -> Vec<OsString> {
        let mut words = vec![self.program.clone().into_os_string(), OsString::from("--config")];
        words.push(self.config().into_os_string());
        words.extend(arguments.iter().map(OsString::from));
        words
    }

    /// The command line of another of its commands, for people to paste.
    pub fn line(&self, arguments: &str) -> String {
        format!("{} --config {} {arguments}", self.program.display(), self.config().display())
    }

    /// A connection URL of an identity with everybody's password.
    pub fn url(&self, identity: &str, database: &str) -> String {
        url(identity, PASSWORD, self.port, database)
    }

    /// Runs SQL through psql as an identity; unaligned rows without headers come back.
    pub fn psql(&self, identity: &str, database: &str, sql: &str) -> Result<Outcome> {
        psql(&self.url(identity, database), sql)
    }

    /// The last entries of the record: one JSON object a line, as `weir audit tail --json` gives.
    pub fn record(&self, entries: usize) -> Result<Vec<String>> {
        let text = self.run(&["audit", "tail", "--json", "-n", &entries.to_string()])?.success()?;
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// What an HTTP GET of a path answers, head and body.
    pub fn http(&self, path: &str) -> Result<String> {
        get(self.http, path)
    }

    /// Everything that it wrote to its log since it was started last.
    pub fn log_text(&self) -> String {
        self.server.as_ref().map(Server::log_text).unwrap_or_default()
    }

    /// The last lines of its log.
    pub fn log_tail(&self) -> String {
        self.server.as_ref().map(Server::log_tail).unwrap_or_default()
    }
}

/// A GET without a client library: one request, one answer, connection closed.
fn get(port: u16, path: &str) -> Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// The value of a text field in a one-line JSON object; enough for the record's flat fields.
pub fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(&format!("\"{name}\":\""))?;
    // A quote inside a value is escaped; the values asked for here hold none.
    rest.split('"').next()
}
