//! Listening: an accept loop that never dies, and limits on those who have not signed in. Reads
//! no byte of a connection.

mod pending;
mod seldom;
mod threads;

pub use pending::{Crowd, Crowded, Limits, Pending};
pub use seldom::Seldom;
pub use threads::{Elsewhere, Seat, Threads};

use crate::stream::tune;
use std::{future::Future, io, net::SocketAddr, time::Duration};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};

/// Connections that the kernel may keep ready before they are accepted.
pub const BACKLOG: u32 = 1024;
/// The first pause after accept failed (out of file descriptors or memory).
const BACKOFF_FIRST: Duration = Duration::from_millis(5);
/// The longest such pause.
const BACKOFF_LONGEST: Duration = Duration::from_secs(1);

/// A bound TCP listener with its limits.
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    address: SocketAddr,
    crowd: Crowd,
    crowded: Seldom,
}

/// A connection that was let in.
#[derive(Debug)]
pub struct Accepted {
    /// The connection, with no delay and keepalive set.
    pub stream: TcpStream,
    /// Who is at the other end.
    pub peer: SocketAddr,
    /// Its place among those who have not signed in: drop it when sign-in is over, either way. An
    /// async block takes only the fields that it names, so one that does not name this gives the
    /// place up at once.
    pub pending: Pending,
}

impl Listener {
    /// Binds. Port 0 takes a free one: see [`Listener::address`].
    pub async fn bind(address: SocketAddr, limits: Limits) -> io::Result<Self> {
        Self::bind_with(address, Crowd::new(limits)).await
    }

    /// Binds a further address that shares its limits with others.
    pub async fn bind_with(address: SocketAddr, crowd: Crowd) -> io::Result<Self> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        let tcp = socket.listen(BACKLOG)?;
        let address = tcp.local_addr()?;
        Ok(Self { tcp, address, crowd, crowded: Seldom::default() })
    }

    /// The address in use.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The count of those who have not signed in, shared by all listeners made with it.
    pub fn crowd(&self) -> &Crowd {
        &self.crowd
    }

    /// The next connection that the limits let in. Never fails: when the system cannot accept
    /// (no file descriptor is left, say), it waits and tries again, and a connection over the
    /// limits is closed without a word. A word would cost what the limit is there to save.
    pub async fn accept(&self) -> Accepted {
        let mut backoff = BACKOFF_FIRST;
        loop {
            let (stream, peer) = match self.tcp.accept().await {
                Ok(connection) => connection,
                Err(error) if is_of_one_connection(&error) => continue,
                Err(error) => {
                    tracing::warn!(%error, address = %self.address, "cannot accept; waiting");
                    sleep(backoff).await;
                    backoff = (backoff * 2).min(BACKOFF_LONGEST);
                    continue;
                }
            };
            backoff = BACKOFF_FIRST;
            match self.crowd.admit(peer.ip()) {
                Ok(pending) => {
                    // A connection that is gone already cannot be tuned; its first read says so.
                    let _gone = tune(&stream);
                    return Accepted { stream, peer, pending };
                }
                // Once for a burst: thousands may come in a moment.
                Err(reason) if self.crowded.now() => tracing::warn!(
                    %peer, of = ?reason, "too many that have not signed in: connections are closed"
                ),
                Err(reason) => tracing::debug!(%peer, ?reason, "too many not signed in; closed"),
            }
        }
    }

    /// Runs `handle` in a task of its own for each connection until `stop` resolves. Then closes
    /// the listener, waits at most `grace` for the tasks, and ends those that are left. Returns how
    /// many were ended. Telling the sessions to finish is the caller's: whoever resolves `stop`
    /// can tell them by the same means.
    pub async fn serve<F, T>(
        self,
        stop: impl Future<Output = ()>,
        grace: Duration,
        handle: F,
    ) -> usize
    where
        F: Fn(Accepted) -> T,
        T: Future<Output = ()> + Send + 'static,
    {
        let mut tasks = JoinSet::new();
        tokio::pin!(stop);
        loop {
            tokio::select! {
                biased;
                () = &mut stop => break,
                Some(ended) = tasks.join_next(), if !tasks.is_empty() => report(ended),
                accepted = self.accept() => {
                    tasks.spawn(handle(accepted));
                }
            }
        }
        drop(self);
        let drained = timeout(grace, async {
            while let Some(ended) = tasks.join_next().await {
                report(ended);
            }
        });
        if drained.await.is_ok() {
            return 0;
        }
        let left = tasks.len();
        tasks.shutdown().await;
        left
    }
}

/// Errors that belong to the connection that was about to be accepted, not to the listener
/// (accept(2) passes pending network errors of the new socket on).
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{
        ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable, Interrupted,
        NetworkDown, NetworkUnreachable,
    };
    matches!(
        error.kind(),
        ConnectionAborted
            | ConnectionRefused
            | ConnectionReset
            | HostUnreachable
            | Interrupted
            | NetworkDown
            | NetworkUnreachable
    )
}

/// One session's defect must not be silent, and must not end the listener.
fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a connection's task ended abnormally");
    }
}

#[cfg(test)]
mod tests;
