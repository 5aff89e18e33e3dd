//! Bounds what strangers can hold on an HTTP address: so many connections, for so long, the TLS
//! handshake included. Whoever proves who they are may stay longer, in a place among others who
//! did. Knows no HTTP.

use super::secure::Secure;
use crate::shares::{Share, Shares};
use axum::serve::Listener;
use identity::network;
use net::tls::ServerTls;
use std::{
    fmt,
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpListener,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, Sleep},
};

/// Connections at once; further ones wait in the kernel's queue.
pub(super) const MAX_CONNECTIONS: usize = 64;

/// How long a connection may stay open. A scraper that keeps its connection opens another then.
pub(super) const MAX_LIFETIME: Duration = Duration::from_secs(30);

/// Connections at once of those who have proven who they are.
const MAX_PROVEN: usize = 512;
/// Those of one identity.
const MAX_OF_ONE: usize = MAX_PROVEN / 4;

/// A listener whose connections are counted and end by themselves.
pub(super) struct Guarded {
    listener: TcpListener,
    tls: Option<ServerTls>,
    places: Arc<Semaphore>,
    near: Arc<Shares>,
    proven: Arc<Shares>,
    lifetime: Duration,
}

impl Guarded {
    pub(super) fn new(listener: TcpListener, connections: usize, lifetime: Duration) -> Self {
        let places = Arc::new(Semaphore::new(connections));
        let proven = Shares::new(MAX_PROVEN, MAX_OF_ONE);
        // Nobody has all of them from one address.
        let near = Shares::new(connections, (connections - connections / 4).max(1));
        Self { listener, tls: None, places, near, proven, lifetime }
    }

    /// The same behind TLS, and nothing without.
    pub(super) fn with_tls(mut self, tls: ServerTls) -> Self {
        self.tls = Some(tls);
        self
    }
}

impl Listener for Guarded {
    type Io = Brief;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Brief, SocketAddr) {
        // The semaphore is never closed; were it, waiting for ever would be the safe answer.
        let Ok(place) = Arc::clone(&self.places).acquire_owned().await else {
            return std::future::pending().await;
        };
        let (stream, address, share) = loop {
            let (stream, address) = Listener::accept(&mut self.listener).await;
            if let Some(share) = self.near.take(&network(address.ip()).to_string()) {
                break (stream, address, share);
            }
        };
        let until = Instant::now() + self.lifetime;
        let end = Box::pin(tokio::time::sleep_until(until));
        let stream = Secure::new(stream, self.tls.as_ref());
        let lease = Lease::new(until, (place, share), Arc::clone(&self.proven));
        (Brief { stream, end, lease }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that fails once its time is over.
pub(super) struct Brief {
    stream: Secure,
    end: Pin<Box<Sleep>>,
    lease: Lease,
}

impl Brief {
    /// How long it may stay open, for whoever may say so.
    pub(super) fn lease(&self) -> Lease {
        self.lease.clone()
    }

    /// An error once the time is over; wakes the task at that moment if it is not.
    fn check(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        while self.end.as_mut().poll(cx).is_ready() {
            let until = self.lease.until();
            if until <= Instant::now() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            self.end.as_mut().reset(until);
        }
        Ok(())
    }
}

/// How long a connection may stay open, and its place among others.
#[derive(Clone)]
pub(crate) struct Lease {
    held: Arc<Mutex<Leased>>,
    proven: Arc<Shares>,
}

struct Leased {
    until: Instant,
    /// Given up with the connection.
    place: Place,
}

/// Among whom a connection has its place.
enum Place {
    Strangers { _place: (OwnedSemaphorePermit, Share) },
    Proven(Share),
}

impl Place {
    fn is_of(&self, name: &str) -> bool {
        matches!(self, Self::Proven(share) if share.name() == name)
    }
}

impl Lease {
    fn new(until: Instant, place: (OwnedSemaphorePermit, Share), proven: Arc<Shares>) -> Self {
        let leased = Leased { until, place: Place::Strangers { _place: place } };
        Self { held: Arc::new(Mutex::new(leased)), proven }
    }

    /// Whoever is at the other end has proven that they are this one: they may stay so long from
    /// now. False if there is no place left for them among those who did.
    pub(crate) fn extend(&self, name: &str, time: Duration) -> bool {
        let mut leased = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if !leased.place.is_of(name) {
            let Some(share) = self.proven.take(name) else { return false };
            leased.place = Place::Proven(share);
        }
        leased.until = Instant::now() + time;
        true
    }

    fn until(&self) -> Instant {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).until
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lease")
    }
}

impl AsyncRead for Brief {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(cx)?;
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Brief {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check(cx)?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests;
