//! PgBouncer in front of a cluster, the pooler that Weir is compared with. Knows nothing of Weir.

use crate::postgres::{SUPERUSER, SUPERUSER_PASSWORD, url};
use crate::process::{Server, Start};
use crate::{Postgres, TestDir, port, tool};
use anyhow::{Context, Result};
use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

/// How long PgBouncer may take to listen.
const START_PATIENCE: Duration = Duration::from_secs(10);

/// When PgBouncer gives an upstream connection back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolMode {
    /// When the client leaves.
    Session,
    /// When the transaction ends.
    Transaction,
}

impl PoolMode {
    /// The word of `pool_mode`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Transaction => "transaction",
        }
    }
}

/// A running PgBouncer, stopped when dropped.
#[derive(Debug)]
pub struct Bouncer {
    server: Server,
    _folder: TestDir,
    port: u16,
}

impl Bouncer {
    /// Starts PgBouncer before `upstream`, with the superuser's name on both sides.
    pub fn start(upstream: &Postgres, mode: PoolMode) -> Result<Self> {
        let folder = TestDir::new("bouncer")?;
        let port = port::free_port()?;
        let users = folder.join("users.txt");
        fs::write(&users, format!("\"{SUPERUSER}\" \"{SUPERUSER_PASSWORD}\"\n"))?;
        let config = folder.join("pgbouncer.ini");
        fs::write(
            &config,
            format!(
                "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\n\
                 listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
                 auth_type = scram-sha-256\nauth_file = {}\npool_mode = {}\n\
                 max_client_conn = 2000\ndefault_pool_size = 1100\n\
                 ignore_startup_parameters = extra_float_digits,options\n\
                 log_connections = 0\nlog_disconnections = 0\n",
                upstream.port(),
                users.display(),
                mode.as_str()
            ),
        )?;
        tool::give_to_server_account(folder.path())?;
        let program = tool::find("pgbouncer").context("pgbouncer is not installed")?;
        let mut command = tool::as_server_account(&program);
        command.push(config.into());
        let start = Start {
            name: "pgbouncer",
            command,
            environment: Vec::new(),
            folder: folder.path(),
            signal: "TERM",
        };
        let mut server = Server::start(start)?;
        server.wait_until(START_PATIENCE, || {
            TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
        })?;
        Ok(Self { server, _folder: folder, port })
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// PgBouncer's process id.
    pub fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// A connection URL of the superuser.
    pub fn url(&self, database: &str) -> String {
        url(SUPERUSER, SUPERUSER_PASSWORD, self.port, database)
    }
}
