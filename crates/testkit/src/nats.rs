//! A NATS server with JetStream, TLS and a password on a free port. Knows nothing of what is
//! published.

use crate::process::{Server, Start};
use crate::tls::{Authority, Pair};
use crate::{TestDir, port, tool};
use anyhow::{Context, Result};
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

/// The one who may use it.
pub const USER: &str = "weir";
/// That user's password.
pub const PASSWORD: &str = "pass-of-nats";
/// How long it may take to listen, and to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// A NATS server that keeps its streams in a folder, stopped when dropped.
#[derive(Debug)]
pub struct Nats {
    server: Option<Server>,
    folder: TestDir,
    authority: Authority,
    pair: Pair,
    port: u16,
}

impl Nats {
    /// Starts it.
    pub fn start() -> Result<Self> {
        let folder = TestDir::new("nats")?;
        let authority = Authority::new(&folder.join("tls"))?;
        let pair = authority.sign("localhost")?;
        let mut nats = Self { server: None, folder, authority, pair, port: port::free_port()? };
        nats.start_again()?;
        Ok(nats)
    }

    /// Starts it (again) with the streams that it had.
    pub fn start_again(&mut self) -> Result<()> {
        let program = tool::find("nats-server").context("nats-server is not installed")?;
        let (port, store) = (self.port.to_string(), self.folder.join("store"));
        let mut command = vec![program.into_os_string()];
        command.extend(["-a", "127.0.0.1", "-p", &port, "-js", "-sd"].map(Into::into));
        command.push(store.into_os_string());
        command.extend(["--user", USER, "--pass", PASSWORD, "--tls", "--tlscert"].map(Into::into));
        command.push(self.pair.certificate.clone().into_os_string());
        command.push("--tlskey".into());
        command.push(self.pair.key.clone().into_os_string());
        let folder = self.folder.path();
        let start =
            Start { name: "nats", command, environment: Vec::new(), folder, signal: "TERM" };
        let mut server = Server::start(start)?;
        let port = self.port;
        server.wait_until(PATIENCE, || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok())?;
        self.server = Some(server);
        Ok(())
    }

    /// Ends it by a signal and waits.
    pub fn end(&mut self, signal: &str) -> Result<()> {
        let mut server = self.server.take().context("nats-server is not running")?;
        server.signal(signal)?;
        server.wait(PATIENCE).context("nats-server does not end")?;
        Ok(())
    }

    /// Where clients connect.
    pub fn url(&self) -> String {
        format!("tls://localhost:{}", self.port)
    }

    /// Who signed its certificate.
    pub fn ca(&self) -> PathBuf {
        self.authority.certificate()
    }
}
