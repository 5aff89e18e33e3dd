//! One type for every byte stream of the program, encrypted or not. Knows nothing of its bytes.

use crate::tls::{begins, common_name, ends};
use std::{
    fmt,
    io::{self, IoSlice},
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, SystemTime},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf},
    net::{TcpStream, UnixStream},
};
use tokio_rustls::{client, server};

/// How long a TCP connection may be silent before the kernel asks whether the peer still lives.
pub const KEEPALIVE_IDLE: Duration = Duration::from_secs(60);
/// How long the kernel waits between two such questions.
pub const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
/// How many unanswered questions end the connection.
pub const KEEPALIVE_PROBES: u32 = 6;

/// A byte stream to a client or to an upstream.
pub enum Stream {
    /// Plain TCP.
    Tcp(TcpStream),
    /// A Unix socket; only ever on the same machine.
    Unix(UnixStream),
    /// Within the program: the other end is a part of it.
    Inside(DuplexStream),
    /// TLS with the other side as the client.
    TlsServer(Box<server::TlsStream<TcpStream>>),
    /// TLS with the other side as the server.
    TlsClient(Box<client::TlsStream<TcpStream>>),
}

/// A certificate that a client showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The names in it: URIs as they stand, host names as `dns:NAME`, the common name as `cn:NAME`.
    pub names: Vec<String>,
    /// From when on it is good.
    pub begins: SystemTime,
    /// When it, or one that it came with, is good no longer.
    pub ends: SystemTime,
}

/// Sets what every TCP connection of the program has: no delay of small writes (the relay batches
/// by itself) and keepalive, so that a peer that vanished does not hold its session for ever.
pub fn tune(tcp: &TcpStream) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    let keepalive = socket2::TcpKeepalive::new()
        .with_time(KEEPALIVE_IDLE)
        .with_interval(KEEPALIVE_INTERVAL)
        .with_retries(KEEPALIVE_PROBES);
    socket2::SockRef::from(tcp).set_tcp_keepalive(&keepalive)
}

/// Lets the kernel end a connection whose peer has acknowledged nothing of what was sent for so
/// long: keepalive asks only where nothing is on its way, and without this the kernel sends again
/// for a quarter of an hour. A peer that lives and reads nothing for so long is given up too.
///
/// # Errors
///
/// Where the system knows no such limit (it is Linux's), or refuses this one.
pub fn give_up_after(tcp: &TcpStream, limit: Duration) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    return socket2::SockRef::from(tcp).set_tcp_user_timeout(Some(limit));
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (tcp, limit);
        Err(io::Error::new(io::ErrorKind::Unsupported, "tcp_user_timeout needs Linux"))
    }
}

/// By another descriptor of the same socket: what waits for the old one goes with that.
fn settle(tcp: &mut TcpStream) -> io::Result<()> {
    let same = socket2::SockRef::from(&*tcp).try_clone()?;
    *tcp = TcpStream::from_std(same.into())?;
    Ok(())
}

impl Stream {
    /// The address at the other end; `None` where there is no TCP, or when the peer is gone.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.tcp().and_then(|tcp| tcp.peer_addr().ok())
    }

    /// Whether the bytes are encrypted on their way.
    pub fn is_tls(&self) -> bool {
        matches!(self, Self::TlsServer(_) | Self::TlsClient(_))
    }

    /// Has the runtime that this is called in wait for the connection from now on, in place of the
    /// one that it came to. One within the program has none.
    ///
    /// # Errors
    /// The system refuses; all is as before then.
    pub fn settle(&mut self) -> io::Result<()> {
        match self {
            Self::Tcp(tcp) => settle(tcp),
            Self::TlsServer(tls) => settle(tls.get_mut().0),
            Self::TlsClient(tls) => settle(tls.get_mut().0),
            Self::Unix(unix) => {
                let same = socket2::SockRef::from(&*unix).try_clone()?;
                *unix = UnixStream::from_std(same.into())?;
                Ok(())
            }
            Self::Inside(_) => Ok(()),
        }
    }

    /// The protocol agreed on in the TLS handshake (ALPN), if any.
    pub fn alpn(&self) -> Option<&[u8]> {
        match self {
            Self::TlsServer(tls) => tls.get_ref().1.alpn_protocol(),
            Self::TlsClient(tls) => tls.get_ref().1.alpn_protocol(),
            Self::Tcp(_) | Self::Unix(_) | Self::Inside(_) => None,
        }
    }

    /// The certificate that the client showed and that was checked. `None` without one.
    pub fn client_certificate(&self) -> Option<ClientCertificate> {
        let Self::TlsServer(tls) = self else { return None };
        let chain = tls.get_ref().1.peer_certificates()?;
        // What is above it may end before it does. What cannot be read is over already.
        let ends = chain.iter().map(|one| ends(one).unwrap_or(SystemTime::UNIX_EPOCH)).min()?;
        // What cannot be read began before anything was revoked.
        let begins = chain.first().and_then(|leaf| begins(leaf)).unwrap_or(SystemTime::UNIX_EPOCH);
        Some(ClientCertificate { names: self.client_names()?, begins, ends })
    }

    /// The names in it: URIs as they stand, host names as `dns:NAME`, the common name as `cn:NAME`.
    fn client_names(&self) -> Option<Vec<String>> {
        let Self::TlsServer(tls) = self else { return None };
        let leaf = tls.get_ref().1.peer_certificates()?.first()?;
        let common = common_name(leaf).map(|name| format!("cn:{name}"));
        // What was checked can be read; what cannot has no names.
        let Ok(leaf) = webpki::EndEntityCert::try_from(leaf) else { return Some(Vec::new()) };
        let hosts = leaf.valid_dns_names().map(|name| format!("dns:{name}"));
        // A URI must not pass for another name.
        let other = |name: &&str| name.starts_with("dns:") || name.starts_with("cn:");
        let uris = leaf.valid_uri_names().filter(|name| !other(name));
        Some(uris.map(str::to_owned).chain(hosts).chain(common).collect())
    }

    /// The TLS version and cipher suite, as words for the record; `None` for a plain stream.
    pub fn cipher(&self) -> Option<String> {
        let (version, suite) = match self {
            Self::TlsServer(tls) => {
                let connection = tls.get_ref().1;
                (connection.protocol_version()?, connection.negotiated_cipher_suite()?)
            }
            Self::TlsClient(tls) => {
                let connection = tls.get_ref().1;
                (connection.protocol_version()?, connection.negotiated_cipher_suite()?)
            }
            Self::Tcp(_) | Self::Unix(_) | Self::Inside(_) => return None,
        };
        Some(format!("{version:?} {:?}", suite.suite()))
    }

    fn tcp(&self) -> Option<&TcpStream> {
        match self {
            Self::Tcp(tcp) => Some(tcp),
            Self::TlsServer(tls) => Some(tls.get_ref().0),
            Self::TlsClient(tls) => Some(tls.get_ref().0),
            Self::Unix(_) | Self::Inside(_) => None,
        }
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Tcp(_) => "Tcp",
            Self::Unix(_) => "Unix",
            Self::Inside(_) => "Inside",
            Self::TlsServer(_) => "TlsServer",
            Self::TlsClient(_) => "TlsClient",
        };
        f.debug_tuple(kind).field(&self.peer()).finish()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(inner) => Pin::new(inner).poll_read(cx, buf),
            Self::Unix(inner) => Pin::new(inner).poll_read(cx, buf),
            Self::Inside(inner) => Pin::new(inner).poll_read(cx, buf),
            Self::TlsServer(inner) => Pin::new(inner).poll_read(cx, buf),
            Self::TlsClient(inner) => Pin::new(inner).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(inner) => Pin::new(inner).poll_write(cx, bytes),
            Self::Unix(inner) => Pin::new(inner).poll_write(cx, bytes),
            Self::Inside(inner) => Pin::new(inner).poll_write(cx, bytes),
            Self::TlsServer(inner) => Pin::new(inner).poll_write(cx, bytes),
            Self::TlsClient(inner) => Pin::new(inner).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(inner) => Pin::new(inner).poll_write_vectored(cx, slices),
            Self::Unix(inner) => Pin::new(inner).poll_write_vectored(cx, slices),
            Self::Inside(inner) => Pin::new(inner).poll_write_vectored(cx, slices),
            Self::TlsServer(inner) => Pin::new(inner).poll_write_vectored(cx, slices),
            Self::TlsClient(inner) => Pin::new(inner).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Tcp(inner) => inner.is_write_vectored(),
            Self::Unix(inner) => inner.is_write_vectored(),
            Self::Inside(inner) => inner.is_write_vectored(),
            Self::TlsServer(inner) => inner.is_write_vectored(),
            Self::TlsClient(inner) => inner.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(inner) => Pin::new(inner).poll_flush(cx),
            Self::Unix(inner) => Pin::new(inner).poll_flush(cx),
            Self::Inside(inner) => Pin::new(inner).poll_flush(cx),
            Self::TlsServer(inner) => Pin::new(inner).poll_flush(cx),
            Self::TlsClient(inner) => Pin::new(inner).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(inner) => Pin::new(inner).poll_shutdown(cx),
            Self::Unix(inner) => Pin::new(inner).poll_shutdown(cx),
            Self::Inside(inner) => Pin::new(inner).poll_shutdown(cx),
            Self::TlsServer(inner) => Pin::new(inner).poll_shutdown(cx),
            Self::TlsClient(inner) => Pin::new(inner).poll_shutdown(cx),
        }
    }
}
