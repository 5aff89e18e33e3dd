//! `weir connect DB --forward`: a listener on this machine for programs that know neither tokens
//! nor Weir. Each connection is signed in afresh with the person's token, and needs no password:
//! the kernel says whose process is at its other end, and only this person's are let through.

use crate::{
    exit::Failure,
    login::{self, Login, Token, Want},
    out::Out,
};
use anyhow::{Context, bail};
use engine_pg::{Host, UpstreamConfig, login::forward};
use net::tls::{ClientTls, Mode};
use std::{
    fs,
    net::{IpAddr, SocketAddr},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};
use tokio::net::{TcpListener, TcpStream};

/// How long it waits where a connection cannot be taken.
const AGAIN: Duration = Duration::from_millis(200);
/// Connections at a time.
const MAX_CONNECTIONS: usize = 200;
/// Connections of others at a time that are told why they are not let through.
const MAX_REFUSALS: usize = 8;
/// A connection that both ends have: what a process has closed is called root's.
const ESTABLISHED: &str = "01";
/// Where the kernel lists who has which connection, by the family of the socket.
const TABLES: [&str; 2] = ["/proc/net/tcp", "/proc/net/tcp6"];

pub(super) async fn forward(database: &str, address: &str) -> Result<(), Failure> {
    let address: SocketAddr = address
        .parse()
        .map_err(|_| Failure::Refused(format!("{address} is no address and port")))?;
    if !address.ip().is_loopback() {
        let why = format!("{address} is not on this machine alone: 127.0.0.1 or [::1]");
        return Err(Failure::Refused(why));
    }
    let file = login::file()?;
    let (login, token) = login::token(&file, &[], Want::Fresh).await?;
    let listener = TcpListener::bind(address).await.with_context(|| address.to_string())?;
    let address = listener.local_addr()?;
    // Where the kernel does not say, nobody is let through; better to say so at once.
    own_user()?;
    let [first, _] = TABLES;
    fs::metadata(first).context("this system does not say whose a connection is")?;
    let mut out = Out::new();
    out.line(format!(
        "{database} is at {address} for {}: no password, your own processes \
                      alone.",
        login.identity
    ))?;
    out.flush()?;
    serve(&listener, database, &file, token.until).await
}

async fn serve(
    listener: &TcpListener,
    database: &str,
    file: &Path,
    mut until: SystemTime,
) -> Result<(), Failure> {
    let open = Arc::new(AtomicUsize::new(0));
    // Others take none of the places.
    let others = Arc::new(AtomicUsize::new(0));
    let mut wait = super::half(until);
    let mut terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    loop {
        tokio::select! {
            _ = terminated.recv() => return Ok(()),
            interrupted = tokio::signal::ctrl_c() => return Ok(interrupted?),
            accepted = listener.accept() => {
                let (tcp, peer) = match accepted {
                    Ok(both) => both,
                    Err(error) => {
                        eprintln!("weir: a connection was not taken: {error}");
                        tokio::time::sleep(AGAIN).await;
                        continue;
                    }
                };
                // Before a byte of it is read: the other end cannot have gone without its being
                // noticed here.
                let own = is_own(&tcp, peer);
                let (places, most) = match own {
                    true => (&open, MAX_CONNECTIONS),
                    false => (&others, MAX_REFUSALS),
                };
                let place = Place(Arc::clone(places));
                if place.0.fetch_add(1, Ordering::Relaxed) >= most {
                    continue;
                }
                let (database, file) = (database.to_owned(), file.to_owned());
                tokio::spawn(async move {
                    if let Err(error) = one(tcp, own, &database, file).await {
                        eprintln!("weir: {error:#}");
                    }
                    drop(place);
                });
            }
            () = tokio::time::sleep(wait) => {
                // Sessions go on only with a token that does.
                if open.load(Ordering::Relaxed) > 0 {
                    match login::token(file, &[], Want::Longer).await {
                        Ok((_, token)) => until = token.until,
                        Err(error) => eprintln!("weir: the token was not prolonged: {error:#}"),
                    }
                }
                wait = super::half(until).max(super::APART).min(super::AGAIN);
            }
        }
    }
}

/// A place among the connections.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One connection, from its first byte to its end.
async fn one(tcp: TcpStream, own: bool, database: &str, file: PathBuf) -> anyhow::Result<()> {
    let asked = forward::asked(tcp).await.map_err(|reason| anyhow::anyhow!("{reason}"))?;
    if !own {
        let hint = "Run `weir connect --forward` yourself.";
        asked.refuse("28000", "this way to Weir is another user's", hint).await;
        bail!("a connection of another user's was refused");
    }
    if let Some(other) = asked.database().filter(|asked| *asked != database) {
        let message = format!("this way to Weir is for database \"{database}\", not \"{other}\"");
        let hint = format!("Run `weir connect {other} --forward`.");
        asked.refuse("3D000", &message, &hint).await;
        return Ok(());
    }
    let (login, token) = match login::token(&file, &[], Want::Fresh).await {
        Ok(both) => both,
        Err(error) => {
            asked.refuse("28000", &format!("{error:#}"), "Run `weir login`.").await;
            return Err(error);
        }
    };
    Ok(asked.let_through(&reached(&login, token, database)?).await?)
}

/// Weir, as it is signed in to for the person.
fn reached(login: &Login, token: Token, database: &str) -> anyhow::Result<UpstreamConfig> {
    let host = Host::Tcp(login.host.clone());
    let mut reached = UpstreamConfig::new(host, login.port, &login.identity, database);
    reached.password = Some(token.secret);
    reached.tls = Some(ClientTls::new(Mode::VerifyFull, login.ca.as_deref(), None)?);
    Ok(reached)
}

/// True if a process of this user has the other end.
fn is_own(tcp: &TcpStream, peer: SocketAddr) -> bool {
    let owner = tcp.local_addr().ok().and_then(|own| owner(peer, own));
    owner.is_some() && owner == own_user().ok()
}

/// The user that this process is of.
fn own_user() -> anyhow::Result<u32> {
    Ok(fs::metadata("/proc/self").context("this system does not say who runs this")?.uid())
}

/// Whose process has the other end of a connection within this machine; nothing if the kernel does
/// not say.
fn owner(peer: SocketAddr, own: SocketAddr) -> Option<u32> {
    let ends: Vec<(String, String)> = spelled(peer).into_iter().zip(spelled(own)).collect();
    let tables = TABLES.iter().filter_map(|table| fs::read_to_string(table).ok());
    tables.into_iter().find_map(|table| in_table(&table, &ends))
}

/// The user of the line whose ends are one of these pairs.
fn in_table(table: &str, ends: &[(String, String)]) -> Option<u32> {
    table.lines().skip(1).find_map(|line| {
        let mut words = line.split_ascii_whitespace().skip(1);
        let (local, remote, state) = (words.next()?, words.next()?, words.next()?);
        let known = ends.iter().any(|(peer, own)| local == peer && remote == own);
        // Before it: the queues, the timer, retransmissions.
        (known && state == ESTABLISHED).then(|| words.nth(3)?.parse().ok()).flatten()
    })
}

/// An address as the kernel's tables write it: as it is, and as one of IPv6 that stands for it.
fn spelled(address: SocketAddr) -> Vec<String> {
    let port = address.port();
    let words = |octets: &[u8]| -> String {
        let word = |four: &[u8]| {
            let four = <[u8; 4]>::try_from(four).unwrap_or_default();
            format!("{:08X}", u32::from_ne_bytes(four))
        };
        octets.chunks(4).map(word).collect()
    };
    let spelled = |octets: &[u8]| format!("{}:{port:04X}", words(octets));
    match address.ip().to_canonical() {
        IpAddr::V4(four) => {
            vec![spelled(&four.octets()), spelled(&four.to_ipv6_mapped().octets())]
        }
        IpAddr::V6(six) => vec![spelled(&six.octets())],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_says_whose_a_connection_is() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (peer, own) = (client.local_addr().unwrap(), client.peer_addr().unwrap());
        assert_eq!(owner(peer, own), Some(own_user().unwrap()));
        let nobody = SocketAddr::new(peer.ip(), 1);
        assert_eq!(owner(nobody, own), None);
        assert_eq!(owner(own, nobody), None);
    }

    #[test]
    fn a_line_is_found_by_both_ends() {
        let head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when\n";
        let line = "   3: 0100007F:D431 0100007F:1538 01 00000000:00000000 00:00000000 00000000  \
                    1000        0 28761 1 0000000000000000 20 4 30 10 -1\n";
        let ends = |peer: &str, own: &str| vec![(peer.to_owned(), own.to_owned())];
        let table = format!("{head}{line}");
        assert_eq!(in_table(&table, &ends("0100007F:D431", "0100007F:1538")), Some(1000));
        assert_eq!(in_table(&table, &ends("0100007F:1538", "0100007F:D431")), None);
    }
}
