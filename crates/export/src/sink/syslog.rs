//! Syslog: RFC 5424 messages in RFC 6587's octet counting over TCP, or over TLS as RFC 5425 says.
//!
//! Syslog has no acknowledgement, and what a dying connection swallowed nobody tells. So each batch
//! has a connection that is closed at its end on our side; a receiver that has read everything
//! closes its own, and the kernel of one that went away before it had read everything resets the
//! connection. Only the first counts.

use crate::connect::Peer;
use crate::{
    error::ExportError,
    event::{Event, Severity},
    shorten::shorten,
};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

/// Log audit.
const FACILITY: u8 = 13;
/// How long a receiver may take to read what it was sent and close its side.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(20);
/// How much a receiver may say, which is nothing.
const ANSWER_BYTES: u64 = 1024;

/// A syslog server.
#[derive(Debug)]
pub(crate) struct Syslog {
    peer: Peer,
    node: String,
    message_bytes: usize,
}

impl Syslog {
    pub(super) fn new(peer: Peer, node: &str, message_bytes: usize) -> Self {
        // HOSTNAME holds printable ASCII, at most 255.
        let node: String = node.chars().filter(char::is_ascii_graphic).take(255).collect();
        let node = if node.is_empty() { "-".to_owned() } else { node };
        Self { peer, node, message_bytes }
    }

    /// Sends a batch; returns when the receiver has read all of it.
    pub(super) async fn deliver(&mut self, events: &[Event]) -> Result<(), ExportError> {
        let mut stream = self.peer.connect().await?;
        let mut frames = Vec::new();
        for event in events {
            let message = self.message(event);
            frames.extend_from_slice(format!("{} ", message.len()).as_bytes());
            frames.extend_from_slice(message.as_bytes());
        }
        let failed = |error: std::io::Error| ExportError::broken("send", error);
        stream.write_all(&frames).await.map_err(failed)?;
        stream.shutdown().await.map_err(failed)?;
        let mut rest = Vec::new();
        let mut answer = stream.take(ANSWER_BYTES);
        let closed = answer.read_to_end(&mut rest);
        match timeout(CLOSE_TIMEOUT, closed).await {
            Ok(Ok(_)) => Ok(()),
            // It closed the connection without TLS's own word for it, which is as good here:
            // nothing that comes from there is used.
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(()),
            Ok(Err(error)) => Err(ExportError::broken("wait for the receiver", error)),
            Err(_) => Err(ExportError::Slow),
        }
    }

    /// `<PRI>1 TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA MSG`.
    fn message(&self, event: &Event) -> String {
        let severity = match event.severity {
            Severity::Informational => 6,
            Severity::Low => 5,
            Severity::Medium => 4,
            Severity::High => 3,
        };
        let priority = FACILITY * 8 + severity;
        // MSGID holds printable ASCII, at most 32.
        let kind: String = event.kind.chars().filter(char::is_ascii_graphic).take(32).collect();
        let kind = if kind.is_empty() { "-" } else { kind.as_str() };
        let head = format!("<{priority}>1 {} {} weir - {kind} - ", event.time, self.node);
        let line = shorten(event, self.message_bytes.saturating_sub(head.len()));
        format!("{head}{line}")
    }
}

#[cfg(test)]
mod tests;
