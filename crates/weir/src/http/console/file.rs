//! A file that leaves while it is made, so that it is never in memory as a whole. What fails before
//! its first bytes is a page that says so; what fails later cuts the connection off, so that nobody
//! takes a part for the whole. Knows not what is in it.

use super::answer::No;
use axum::{
    body::{Body, Bytes},
    http::header,
    response::{IntoResponse, Response},
};
use futures_core::Stream;
use index::IndexError;
use std::{
    io,
    ops::ControlFlow,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// How much is sent at once: bytes.
const PIECE: usize = 64 << 10;
/// How many pieces wait for whoever reads.
const WAITING: usize = 4;

type Piece = Result<Bytes, IndexError>;

/// Where a file is written.
pub(super) struct Lines {
    piece: Vec<u8>,
    sender: Sender<Piece>,
}

impl Lines {
    /// One more line; breaks off if nobody reads any more.
    pub(super) fn line(&mut self, line: &str) -> ControlFlow<()> {
        self.piece.extend_from_slice(line.as_bytes());
        self.piece.push(b'\n');
        match self.piece.len() < PIECE {
            true => ControlFlow::Continue(()),
            false => self.send(),
        }
    }

    fn send(&mut self) -> ControlFlow<()> {
        let piece = std::mem::take(&mut self.piece);
        match self.sender.blocking_send(Ok(Bytes::from(piece))) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }
}

/// A file of this type and name, which `make` writes beside everything else.
pub(super) async fn file(
    (kind, name): (&'static str, &str),
    make: impl FnOnce(&mut Lines) -> Result<(), IndexError> + Send + 'static,
) -> Result<Response, No> {
    let (sender, mut receiver) = channel(WAITING);
    let mut lines = Lines { piece: Vec::new(), sender };
    tokio::task::spawn_blocking(move || match make(&mut lines) {
        Ok(()) => drop(lines.send()),
        Err(error) => drop(lines.sender.blocking_send(Err(error))),
    });
    let first = match receiver.recv().await {
        Some(piece) => piece?,
        // It fell over; the log says why.
        None => return Err(No::Unavailable("the record")),
    };
    let named = format!("attachment; filename=\"{name}\"");
    let headers = [(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, &named)];
    let rest = Rest { first: Some(first), receiver };
    Ok((headers, Body::from_stream(rest)).into_response())
}

struct Rest {
    first: Option<Bytes>,
    receiver: Receiver<Piece>,
}

impl Stream for Rest {
    type Item = io::Result<Bytes>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Bytes>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(first)));
        }
        self.receiver.poll_recv(cx).map(|piece| {
            piece.map(|piece| {
                piece.map_err(|error| {
                    tracing::warn!("a file could not be made to its end: {error}");
                    io::Error::other(error)
                })
            })
        })
    }
}

#[cfg(test)]
mod tests;
