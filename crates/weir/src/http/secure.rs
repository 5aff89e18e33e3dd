//! A connection whose TLS handshake runs when it is first read, so that a client that is slow to
//! shake hands delays nobody else. Knows no HTTP and has no deadline of its own.

use net::{
    Stream,
    tls::{ServerTls, accept},
};
use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

type Handshake = Pin<Box<dyn Future<Output = io::Result<Stream>> + Send>>;

/// A connection, encrypted or not as the address demands.
pub(super) enum Secure {
    Shaking(Handshake),
    Open(Stream),
}

impl Secure {
    pub(super) fn new(tcp: TcpStream, tls: Option<&ServerTls>) -> Self {
        match tls.cloned() {
            None => Self::Open(Stream::Tcp(tcp)),
            Some(tls) => Self::Shaking(Box::pin(async move {
                let accepted = accept(tcp, &tls).await;
                accepted.map(|(stream, _)| stream).map_err(io::Error::other)
            })),
        }
    }

    /// The stream, once there is one.
    fn open(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Pin<&mut Stream>>> {
        if let Self::Shaking(handshake) = self {
            *self = Self::Open(ready!(handshake.as_mut().poll(cx))?);
        }
        match self {
            Self::Open(stream) => Poll::Ready(Ok(Pin::new(stream))),
            // Not after the line above; a broken connection is the safe answer.
            Self::Shaking(_) => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }
}

impl AsyncRead for Secure {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.open(cx))?.poll_read(cx, buf)
    }
}

impl AsyncWrite for Secure {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.open(cx))?.poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.open(cx))?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            // Nobody was told anything yet, so nobody has to be told of the end.
            Self::Shaking(_) => Poll::Ready(Ok(())),
            Self::Open(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
