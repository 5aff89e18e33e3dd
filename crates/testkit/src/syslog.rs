//! rsyslog as a plain process that listens for TLS on a free port and writes to a file. Knows
//! nothing of what messages say.

use crate::process::{Server, Start};
use crate::tls::Authority;
use crate::{TestDir, port, tool};
use anyhow::{Context, Result};
use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

/// How long it may take to listen, and to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// A syslog server, stopped when dropped.
#[derive(Debug)]
pub struct Syslog {
    server: Option<Server>,
    folder: TestDir,
    authority: Authority,
    port: u16,
}

impl Syslog {
    /// Starts it with a certificate for `localhost`.
    pub fn start() -> Result<Self> {
        let folder = TestDir::new("syslog")?;
        let authority = Authority::new(&folder.join("tls"))?;
        let pair = authority.sign("localhost")?;
        let port = port::free_port()?;
        let text = format!(
            "global(workDirectory=\"{work}\" maxMessageSize=\"64k\"\n\
             defaultNetstreamDriver=\"ossl\" defaultNetstreamDriverCAFile=\"{ca}\"\n\
             defaultNetstreamDriverCertFile=\"{certificate}\"\n\
             defaultNetstreamDriverKeyFile=\"{key}\")\n\
             module(load=\"imtcp\" streamDriver.name=\"ossl\" streamDriver.mode=\"1\"\n\
             streamDriver.authMode=\"anon\")\n\
             input(type=\"imtcp\" port=\"{port}\" address=\"127.0.0.1\")\n\
             template(name=\"line\" type=\"string\"\n\
             string=\"%syslogfacility-text% %syslogseverity-text% %app-name% %msgid% %msg%\\n\")\n\
             action(type=\"omfile\" file=\"{lines}\" template=\"line\")\n",
            work = folder.path().display(),
            ca = authority.certificate().display(),
            certificate = pair.certificate.display(),
            key = pair.key.display(),
            lines = folder.join("lines").display(),
        );
        fs::write(folder.join("rsyslog.conf"), text)?;
        let mut syslog = Self { server: None, folder, authority, port };
        syslog.start_again()?;
        Ok(syslog)
    }

    /// Starts it (again); what it wrote before stays.
    pub fn start_again(&mut self) -> Result<()> {
        let program = tool::find("rsyslogd").context("rsyslog is not installed")?;
        let mut command = vec![program.into_os_string(), "-n".into(), "-f".into()];
        command.push(self.folder.join("rsyslog.conf").into_os_string());
        command.push("-i".into());
        command.push(self.folder.join("rsyslog.own.pid").into_os_string());
        let folder = self.folder.path();
        let start =
            Start { name: "rsyslog", command, environment: Vec::new(), folder, signal: "TERM" };
        let mut server = Server::start(start)?;
        let port = self.port;
        server.wait_until(PATIENCE, || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok())?;
        self.server = Some(server);
        Ok(())
    }

    /// Ends it in good order and waits.
    pub fn stop(&mut self) -> Result<()> {
        let mut server = self.server.take().context("rsyslog is not running")?;
        server.signal("TERM")?;
        server.wait(PATIENCE).context("rsyslog does not end")?;
        Ok(())
    }

    /// What it wrote: facility, severity, program, kind and message of each line.
    pub fn lines(&self) -> Result<String> {
        match fs::read_to_string(self.folder.join("lines")) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
            other => other.context("cannot read what rsyslog wrote"),
        }
    }

    /// The port on `localhost`.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Who signed its certificate.
    pub fn ca(&self) -> PathBuf {
        self.authority.certificate()
    }
}
