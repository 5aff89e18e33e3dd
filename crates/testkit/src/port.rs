//! Free ports. Knows nothing of who listens on them.

use anyhow::{Context, Result};
use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Below where Linux begins to take ports for connections that somebody opens (32,768): one of
/// those could have the port by the time a server binds it.
const FIRST: u16 = 10_000;
const PORTS: u64 = 22_000;
/// Tries before giving up.
const MAX_TRIES: u64 = 1_000;
/// Whoever was given a port binds it here too, for datagrams, for as long as the process lives: the
/// others look at it.
const GIVEN: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// A loopback port on which nobody listens, and that no process of ours was given that still runs.
pub fn free_port() -> Result<u16> {
    static MINE: Mutex<Vec<UdpSocket>> = Mutex::new(Vec::new());
    let somewhere = RandomState::new();
    for attempt in 0..MAX_TRIES {
        let port = FIRST + u16::try_from(somewhere.hash_one(attempt) % PORTS)?;
        let Ok(given) = UdpSocket::bind((GIVEN, port)) else { continue };
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            MINE.lock().unwrap_or_else(PoisonError::into_inner).push(given);
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
