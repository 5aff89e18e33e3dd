//! Free ports. Knows nothing of who listens on them.

use anyhow::{Context, Result};
use std::collections::HashSet;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Tries before giving up; each failure means that the kernel handed out a port twice.
const MAX_TRIES: u32 = 100;

/// A loopback port on which nobody listens, and that this process was not given before.
///
/// Another process may still take it before the caller binds it; servers that lose that race fail
/// to start, and the caller sees why.
pub fn free_port() -> Result<u16> {
    static GIVEN: OnceLock<Mutex<HashSet<u16>>> = OnceLock::new();
    let given = GIVEN.get_or_init(|| Mutex::new(HashSet::new()));
    for _ in 0..MAX_TRIES {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
        let port = listener.local_addr().context("no local address")?.port();
        if given.lock().unwrap_or_else(PoisonError::into_inner).insert(port) {
            return Ok(port);
        }
    }
    anyhow::bail!("no free port in {MAX_TRIES} tries")
}

/// Waits until somebody accepts connections on the loopback port.
pub fn wait_for_listener(port: u16, patience: Duration) -> Result<()> {
    let end = Instant::now() + patience;
    loop {
        match TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
            Ok(_) => return Ok(()),
            Err(error) if Instant::now() >= end => {
                return Err(error).with_context(|| format!("nobody listens on port {port}"));
            }
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}
