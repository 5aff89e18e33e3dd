//! One end of a session: a stream with what was read and not yet understood, and what is still to
//! be written. Knows no messages.

use bytes::{Buf, BytesMut};
use net::Stream;
use std::{
    cell::RefCell,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes asked for in one read at first, into a buffer that the sessions of a thread share.
const READ: usize = 16 * 1024;
/// Bytes asked for in one read while a stream flows.
const READ_FLOWING: usize = 64 * 1024;
/// Input that is kept where nothing is dealt with, so that its end is seen: bytes.
const READ_WATCHED: usize = 1024 * 1024;
/// Output beyond which nothing more is produced for this end until it was written: bytes.
const HIGH_WATER: usize = 128 * 1024;
/// Buffers larger than this are given back when they run empty: bytes.
const KEEP: usize = 2 * 1024;

thread_local! {
    /// What is read lies here until a session takes it: while it waits it needs no room for it.
    static ARRIVED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// One end of a session.
#[derive(Debug)]
pub(super) struct Pipe {
    stream: Stream,
    /// Read and not yet consumed.
    pub(super) input: BytesMut,
    /// To be written.
    pub(super) output: BytesMut,
    /// Bytes of the message at the front of `input` that must be there before it can be judged.
    pub(super) wanted: usize,
    /// Nothing was read the last time, since there was as much as was wanted then.
    sated: bool,
    flowing: bool,
    unflushed: bool,
    /// The other side closed its half.
    pub(super) ended: bool,
}

impl Pipe {
    /// A pipe over a stream of which some bytes were read already.
    pub(super) fn new(stream: Stream, input: BytesMut) -> Self {
        Self {
            stream,
            input,
            output: BytesMut::new(),
            wanted: 0,
            sated: false,
            flowing: false,
            unflushed: false,
            ended: false,
        }
    }

    /// The stream, once nothing that it brought is left to be dealt with.
    pub(super) fn into_stream(self) -> Stream {
        self.stream
    }

    /// Has the runtime that this is called in wait for the stream.
    pub(super) fn settle(&mut self) -> io::Result<()> {
        self.stream.settle()
    }

    /// True if nothing is on its way in either direction, as far as can be told.
    pub(super) fn is_quiet(&self) -> bool {
        self.input.is_empty() && self.output.is_empty() && !self.unflushed && !self.ended
    }

    /// True if more output should wait.
    pub(super) fn is_full(&self) -> bool {
        self.output.len() >= HIGH_WATER
    }

    /// Bytes of output that there is room for.
    pub(super) fn room(&self) -> usize {
        HIGH_WATER.saturating_sub(self.output.len())
    }

    /// Reads once, if there is need; `Ok(true)` if something came. `watched`: its end must be seen
    /// behind more than is dealt with now. `dry`: there was nothing to read before in this turn of
    /// the task, which is woken if something comes.
    pub(super) fn read(
        &mut self,
        cx: &mut Context<'_>,
        watched: bool,
        dry: &mut bool,
    ) -> io::Result<bool> {
        let most = if watched { READ_WATCHED } else { READ_FLOWING };
        self.sated = self.input.len() >= self.wanted.max(most);
        if self.ended || self.sated || *dry {
            return Ok(false);
        }
        let read = match self.flowing || self.wanted > self.input.len() + READ {
            true => self.read_much(cx),
            false => self.read_little(cx),
        };
        match read {
            Poll::Pending => {
                *dry = true;
                self.rest();
                Ok(false)
            }
            Poll::Ready(Ok(0)) => {
                self.ended = true;
                Ok(true)
            }
            Poll::Ready(Ok(_)) => Ok(true),
            Poll::Ready(Err(error)) => Err(error),
        }
    }

    /// A stream flows, or a long message does: what comes is not copied again.
    fn read_much(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        // A length that is only announced reserves no more than has come already.
        let missing = self.wanted.saturating_sub(self.input.len());
        self.input.reserve(missing.min(self.input.len()).max(READ_FLOWING));
        let room = self.input.capacity() - self.input.len();
        let read = tokio_util::io::poll_read_buf(Pin::new(&mut self.stream), cx, &mut self.input);
        self.flowing = matches!(read, Poll::Ready(Ok(read)) if read == room);
        read
    }

    fn read_little(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        ARRIVED.with_borrow_mut(|arrived| {
            arrived.resize(READ, 0);
            let mut room = ReadBuf::new(arrived);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut room))?;
            self.input.extend_from_slice(room.filled());
            self.flowing = room.remaining() == 0;
            Poll::Ready(Ok(room.filled().len()))
        })
    }

    /// True, once, if more is wanted by now than when nothing was read: no wake-up would come.
    pub(super) fn hungers(&mut self) -> bool {
        std::mem::take(&mut self.sated) && !self.ended && self.input.len() < self.wanted
    }

    /// Writes what can be written now; `Ok(true)` if something went.
    pub(super) fn write(&mut self, cx: &mut Context<'_>) -> io::Result<bool> {
        let mut progress = false;
        while !self.output.is_empty() {
            match Pin::new(&mut self.stream).poll_write(cx, &self.output) {
                Poll::Pending => return Ok(progress),
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(written)) => {
                    self.output.advance(written);
                    self.unflushed = true;
                    progress = true;
                }
                Poll::Ready(Err(error)) => return Err(error),
            }
        }
        if self.unflushed {
            match Pin::new(&mut self.stream).poll_flush(cx) {
                Poll::Pending => {}
                Poll::Ready(result) => {
                    result?;
                    self.unflushed = false;
                }
            }
        }
        Ok(progress)
    }

    /// Gives large empty buffers back: an idle session should cost little.
    fn rest(&mut self) {
        for buffer in [&mut self.input, &mut self.output] {
            // What was consumed counts too: it is there until the buffer is used again.
            if buffer.is_empty() && buffer.try_reclaim(KEEP + 1) {
                *buffer = BytesMut::new();
            }
        }
    }

    /// Writes all that is left and waits until the other side closes, giving up at the deadline of
    /// the caller. A receiver that reads a stream in large pieces (libpq) meets the end of TLS in
    /// the same piece as the last words and drops them, so the end has to come later.
    pub(super) async fn linger(&mut self) -> io::Result<()> {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        self.stream.write_all(&self.output).await?;
        self.output.clear();
        self.stream.flush().await?;
        loop {
            self.input.clear();
            self.input.reserve(READ);
            if self.stream.read_buf(&mut self.input).await? == 0 {
                return Ok(());
            }
        }
    }

    /// Writes all that is left and closes, giving up at the deadline of the caller.
    pub(super) async fn finish(&mut self) -> io::Result<()> {
        use tokio::io::AsyncWriteExt;
        self.stream.write_all(&self.output).await?;
        self.output.clear();
        self.stream.shutdown().await
    }
}
