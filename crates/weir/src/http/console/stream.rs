//! A stream of events (HTML Living Standard, 9.2) from a channel. Knows not what they say.

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures_core::Stream;
use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::sync::mpsc::{Receiver, Sender};

/// Where events are put.
pub(super) struct Events(Sender<Bytes>);

struct Coming(Receiver<Bytes>);

impl Stream for Coming {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        self.0.poll_recv(cx).map(|bytes| bytes.map(Ok))
    }
}

/// An answer that goes on, and where its events are put. It ends when that is dropped.
pub(super) fn stream() -> (Events, Response) {
    let (sender, receiver) = tokio::sync::mpsc::channel(64);
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"))];
    (Events(sender), (kind, Body::from_stream(Coming(receiver))).into_response())
}

impl Events {
    /// One event; false if nobody is there any more.
    pub(super) async fn say(&self, name: &str, data: &str) -> bool {
        let mut event = format!("event: {name}\n");
        for line in data.split(['\n', '\r']) {
            event.push_str("data: ");
            event.push_str(line);
            event.push('\n');
        }
        event.push('\n');
        self.0.send(Bytes::from(event)).await.is_ok()
    }

    /// A sign of life.
    pub(super) async fn beat(&self) -> bool {
        self.0.send(Bytes::from_static(b":\n\n")).await.is_ok()
    }

    /// Resolves when nobody is there any more.
    pub(super) async fn gone(&self) {
        self.0.closed().await;
    }
}
