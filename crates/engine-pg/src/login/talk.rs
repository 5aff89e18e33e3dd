//! Messages to and from one client during sign-in, over any stream. Knows no order of messages.

use super::Reason;
use bytes::{Buf, BytesMut};
use net::Stream;
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wire_pg::{
    frame,
    frontend::Tag,
    handshake::{MAX_AUTH_BYTES, peek_auth},
};

/// One client during sign-in.
pub(super) struct Talk {
    stream: Stream,
    /// Read and not yet used. Invariant: no longer than one message and one read.
    input: BytesMut,
}

impl Talk {
    pub(super) fn new(stream: Stream) -> Self {
        Self { stream, input: BytesMut::new() }
    }

    /// Sends messages, whole.
    pub(super) async fn send(&mut self, messages: &[u8]) -> Result<(), Reason> {
        self.stream.write_all(messages).await.map_err(broken)?;
        self.stream.flush().await.map_err(broken)
    }

    /// The payload of the next sign-in message (`p`); no other kind may come now.
    pub(super) async fn response(&mut self) -> Result<BytesMut, Reason> {
        loop {
            let frame =
                peek_auth(&self.input).map_err(|error| Reason::Protocol(error.client_message()))?;
            if let Some(frame) = frame {
                match Tag::from_byte(frame.tag) {
                    Some(Tag::Password) => {}
                    Some(Tag::Terminate) => return Err(Reason::Gone),
                    _ => {
                        let tag = frame.tag.escape_ascii();
                        return Err(Reason::Protocol(format!(
                            "expected SASL response, got message type \"{tag}\""
                        )));
                    }
                }
                if frame::complete(&self.input, frame) {
                    let mut message = self.input.split_to(frame.len);
                    message.advance(frame::HEADER_LEN);
                    return Ok(message);
                }
            }
            if self.input.len() > MAX_AUTH_BYTES {
                return Err(Reason::Protocol("the sign-in message is too long".to_owned()));
            }
            if self.stream.read_buf(&mut self.input).await.map_err(broken)? == 0 {
                return Err(Reason::Gone);
            }
        }
    }

    /// Tells the client why, if it can be told, and ends the connection. Gives the reason back.
    pub(super) async fn refuse(mut self, reason: Reason) -> Reason {
        if let Some(words) = reason.for_client() {
            let mut out = BytesMut::new();
            words.encode(&mut out);
            // A client that is gone already cannot be told; the reason stays the first one.
            let _told = self.send(&out).await;
        }
        let _closed = self.stream.shutdown().await;
        reason
    }

    /// The connection, and what was read and not used.
    pub(super) fn into_parts(self) -> (Stream, BytesMut) {
        (self.stream, self.input)
    }
}

/// A broken connection; one that simply ended is not a fault of anybody's.
pub(super) fn broken(error: io::Error) -> Reason {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    match error.kind() {
        BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof => Reason::Gone,
        _ => Reason::Io(error),
    }
}
