//! A PostgreSQL cluster of its own. Knows nothing of what is stored in it.

use crate::process::{Server, Start};
use crate::tls::Authority;
use crate::tool::{self, Outcome};
use crate::{TestDir, cache, port, shop};
use anyhow::{Context, Result};
use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// How long a cluster may take to accept connections.
const START_PATIENCE: Duration = Duration::from_secs(60);

/// Name and password of the cluster's superuser.
pub const SUPERUSER: &str = "postgres";
/// See [`SUPERUSER`]. It holds characters that a URL must escape on purpose.
pub const SUPERUSER_PASSWORD: &str = "up:stream/s3cret";

/// A running cluster, stopped and removed when dropped.
#[derive(Debug)]
pub struct Postgres {
    // Dropped in this order: the server stops before its folder goes.
    server: Server,
    folder: TestDir,
    bin: PathBuf,
    port: u16,
    options: Options,
}

/// What the cluster should be like.
#[derive(Clone, Debug)]
pub struct Options {
    bin: Option<PathBuf>,
    fsync: bool,
    tls: bool,
    method: &'static str,
    shop: bool,
    settings: Vec<(String, String)>,
}

impl Options {
    /// The folder of the server's programs; Debian's PostgreSQL 15 unless said otherwise.
    pub fn bin(mut self, folder: impl Into<PathBuf>) -> Self {
        self.bin = Some(folder.into());
        self
    }

    /// A major version, 13 to 18; fetched at first use.
    pub fn version(self, major: u32) -> Result<Self> {
        Ok(self.bin(cache::postgres_bin(major)?))
    }

    /// Whether commits wait for the disk. Off unless a test is about crashes of the server.
    pub fn fsync(mut self, on: bool) -> Self {
        self.fsync = on;
        self
    }

    /// Whether the server offers TLS, with a certificate of [`Postgres::authority`].
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// The method of `pg_hba.conf` for connections over TCP; `scram-sha-256` unless said otherwise.
    pub fn method(mut self, method: &'static str) -> Self {
        self.method = method;
        self
    }

    /// With the sample shop in database [`shop::DATABASE`]. Its generation is kept in the cache, so
    /// only the first such cluster of a version takes its seconds.
    pub fn shop(mut self) -> Self {
        self.shop = true;
        self
    }

    /// A line of `postgresql.conf`.
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Makes the cluster and starts it.
    pub fn start(self) -> Result<Postgres> {
        let bin = self.bin.clone().unwrap_or_else(|| PathBuf::from(cache::DEBIAN_POSTGRES));
        let folder = TestDir::new("pg")?;
        let port = port::free_port()?;
        if self.shop {
            let kept = kept_shop(&self, &bin)?;
            copy(&kept, &folder.join("data"))?;
        } else {
            fs::write(folder.join("password"), SUPERUSER_PASSWORD)?;
            tool::give_to_server_account(folder.path())?;
            initdb(&bin, &folder, self.method)?;
        }
        if self.tls {
            Authority::new(&folder.join("tls"))?.sign("upstream")?;
        }
        write_config(&folder, port, &self)?;
        tool::give_to_server_account(folder.path())?;
        let server = spawn(&bin, &folder)?;
        let mut postgres = Postgres { server, folder, bin, port, options: self };
        postgres.wait_until_ready()?;
        Ok(postgres)
    }
}

fn initdb(bin: &Path, folder: &TestDir, method: &str) -> Result<()> {
    // Only passwords that `md5` stores can be checked by `md5`.
    let stored = if method == "md5" { "md5" } else { "scram-sha-256" };
    let command = tool::as_server_account(&bin.join("initdb"));
    let (program, arguments) = command.split_first().context("no program")?;
    let mut initdb = Command::new(program);
    initdb
        .args(arguments)
        .arg("--pgdata")
        .arg(folder.join("data"))
        .args(["--username", SUPERUSER, "--encoding", "UTF8", "--locale", "C", "--no-sync"])
        .args(["--auth-local", "trust", "--auth-host", stored])
        .arg("--pwfile")
        .arg(folder.join("password"))
        .current_dir(folder.path());
    tool::finish(&mut initdb)?.success()?;
    Ok(())
}

/// A stopped cluster with the shop in it, made at first use and again when the shop or the server's
/// version changes.
fn kept_shop(options: &Options, bin: &Path) -> Result<PathBuf> {
    let version = tool::run(bin.join("postgres"), ["--version"])?.success()?;
    let key = shop::fingerprint(&[&version, options.method])?;
    let kept = cache::folder()?.join(format!("shop-{key:016x}"));
    if kept.is_dir() {
        return Ok(kept);
    }
    let mut maker = Postgres::options().bin(bin).method(options.method).start()?;
    shop::load(&maker, shop::DATABASE)?;
    maker.stop_now("INT")?;
    let draft = kept.with_extension(format!("draft{}", std::process::id()));
    copy(&maker.folder.join("data"), &draft)?;
    if fs::rename(&draft, &kept).is_err() {
        // Another process was faster; what it made is the same.
        fs::remove_dir_all(&draft)?;
    }
    Ok(kept)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let arguments = [Path::new("-a"), Path::new("--reflink=auto"), from, to];
    tool::run("cp", arguments.map(Path::as_os_str))?.success()?;
    Ok(())
}

fn write_config(folder: &TestDir, port: u16, options: &Options) -> Result<()> {
    let data = folder.join("data");
    let fsync = if options.fsync { "on" } else { "off" };
    let mut config = format!(
        "listen_addresses = '127.0.0.1'\nport = {port}\n\
         unix_socket_directories = '{}'\nmax_connections = 1200\nshared_buffers = '128MB'\n\
         fsync = {fsync}\nlogging_collector = off\nlog_line_prefix = '%m [%p] %u@%d '\n",
        folder.path().display()
    );
    if options.method == "md5" {
        config.push_str("password_encryption = 'md5'\n");
    }
    if options.tls {
        let tls = folder.join("tls");
        write!(
            config,
            "ssl = on\nssl_cert_file = '{0}/upstream.crt'\nssl_key_file = '{0}/upstream.key'\n\
             ssl_ca_file = '{0}/ca.crt'\n",
            tls.display()
        )?;
    }
    for (name, value) in &options.settings {
        writeln!(config, "{name} = '{}'", value.replace('\'', "''"))?;
    }
    let path = data.join("postgresql.auto.conf");
    fs::write(&path, config).with_context(|| format!("cannot write {}", path.display()))?;
    let method = options.method;
    fs::write(
        data.join("pg_hba.conf"),
        format!(
            "local all all trust\nhost all all 127.0.0.1/32 {method}\n\
             host replication all 127.0.0.1/32 {method}\n"
        ),
    )?;
    Ok(())
}

fn spawn(bin: &Path, folder: &TestDir) -> Result<Server> {
    let mut command = tool::as_server_account(&bin.join("postgres"));
    command.push("-D".into());
    command.push(folder.join("data").into());
    // Immediate shutdown: nothing of a cluster in a temporary folder is worth a checkpoint.
    let start = Start {
        name: "postgres",
        command,
        environment: Vec::new(),
        folder: folder.path(),
        signal: "QUIT",
    };
    Server::start(start)
}

impl Postgres {
    /// A cluster to be described further; [`Options::start`] starts it.
    pub fn options() -> Options {
        Options {
            bin: None,
            fsync: false,
            tls: false,
            method: "scram-sha-256",
            shop: false,
            settings: Vec::new(),
        }
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let port = self.port;
        let url = self.url("postgres");
        self.server.wait_until(START_PATIENCE, || {
            TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
                && tool::run("psql", ["-X", "-d", &url, "-c", "select 1"])
                    .is_ok_and(|outcome| outcome.code == Some(0))
        })
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The postmaster's process id.
    pub fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// The folder of the server's programs.
    pub fn bin(&self) -> &Path {
        &self.bin
    }

    /// The folder of its Unix socket, which trusts everybody.
    pub fn socket_folder(&self) -> &Path {
        self.folder.path()
    }

    /// The authority that signed the server's certificate ([`Options::tls`]).
    pub fn authority(&self) -> PathBuf {
        self.folder.join("tls/ca.crt")
    }

    /// A connection URL of the superuser.
    pub fn url(&self, database: &str) -> String {
        self.url_as(SUPERUSER, SUPERUSER_PASSWORD, database)
    }

    /// A connection URL of anybody.
    pub fn url_as(&self, user: &str, password: &str, database: &str) -> String {
        url(user, password, self.port, database)
    }

    /// Runs SQL as the superuser; unaligned rows without headers come back.
    pub fn psql(&self, database: &str, sql: &str) -> Result<String> {
        psql(&self.url(database), sql)?.success()
    }

    /// Makes a database.
    pub fn create_database(&self, name: &str) -> Result<()> {
        self.psql("postgres", &format!("create database \"{name}\""))?;
        Ok(())
    }

    /// Kills the server as a power cut would, and starts it on what it left behind.
    pub fn crash_and_restart(&mut self) -> Result<()> {
        self.stop_now("QUIT")?;
        self.server = spawn(&self.bin, &self.folder)?;
        self.wait_until_ready()
    }

    /// Stops the server by a signal (`QUIT`, `INT`, `TERM`) and waits; the data stays.
    pub fn stop_now(&mut self, signal: &str) -> Result<()> {
        self.server.signal(signal)?;
        self.server.wait(START_PATIENCE).context("postgres does not stop")?;
        Ok(())
    }

    /// Starts the server again after [`Postgres::stop_now`].
    pub fn start_again(&mut self) -> Result<()> {
        self.server = spawn(&self.bin, &self.folder)?;
        self.wait_until_ready()
    }

    /// The last lines of the server's log.
    pub fn log_tail(&self) -> String {
        self.server.log_tail()
    }

    /// The server's log file.
    pub fn log(&self) -> &Path {
        self.server.log()
    }

    /// Whether the server offers TLS.
    pub fn has_tls(&self) -> bool {
        self.options.tls
    }
}

/// A connection URL on the loopback address, with what URLs want escaped.
pub fn url(user: &str, password: &str, port: u16, database: &str) -> String {
    let (user, password) = (escape(user), escape(password));
    format!("postgresql://{user}:{password}@127.0.0.1:{port}/{}", escape(database))
}

fn escape(text: &str) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
        escaped
    })
}

/// Runs SQL through psql: unaligned, without headers, stopping at the first error.
pub fn psql(url: &str, sql: &str) -> Result<Outcome> {
    tool::finish(
        Command::new("psql")
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", sql])
            .env("PGCONNECT_TIMEOUT", "10"),
    )
}
