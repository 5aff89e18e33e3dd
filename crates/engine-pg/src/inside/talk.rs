//! The client's half of a session from inside: one statement at a time, by the extended protocol,
//! values as text. Knows no policy.

use super::{
    Answer, Ask, Cut, Note, Notes, Said, Upto,
    answer::{Column, lossy},
};
use crate::Engine;
use bytes::{Buf, BytesMut};
use gate::Refusal;
use model::Blame;
use std::{
    fmt, io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt, DuplexStream, ReadBuf},
    time::timeout,
};
use wire_pg::{
    WireError,
    backend::{self, DataRow, Report, RowDescription, Status, Tag},
    frame,
    frontend::{Kind, encode},
};

/// How long opening may take: as long as reaching the upstream may, and some.
const OPENING: Duration = Duration::from_secs(60);
/// When what was left behind is cancelled: after so many seconds each. What waited inside Weir
/// reaches the server only later.
const CANCELS: [u64; 5] = [0, 1, 4, 15, 60];
/// How long a cancelled statement may take to end.
const GRACE: Duration = Duration::from_secs(10);
/// The largest message that is held; larger rows are dropped as they come.
const HELD_BYTES: usize = 4 << 20;
/// The largest message there is: bytes.
const MESSAGE_BYTES: usize = 0x3fff_ffff + 5;
/// Notices that are kept of one exchange.
const MAX_NOTICES: usize = 32;

/// A session, held by a part of the program. What it runs is cancelled when it is dropped.
pub struct Inside {
    engine: Arc<Engine>,
    stream: DuplexStream,
    input: BytesMut,
    /// Bytes of a message that are dropped as they come.
    drops: usize,
    notes: Notes,
    key: Option<(u32, Vec<u8>)>,
    status: Status,
    /// The text of the statement that runs now stands.
    parsed: bool,
    busy: bool,
}

/// The session ended.
#[derive(Debug)]
pub struct Ended {
    /// Its last words.
    pub said: Option<Said>,
    why: String,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.said.as_ref().map_or(self.why.as_str(), Said::message))
    }
}

impl std::error::Error for Ended {}

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        Self { said: None, why: format!("the session ended: {error}") }
    }
}

impl From<WireError> for Ended {
    fn from(error: WireError) -> Self {
        Self { said: None, why: format!("the session's answer is not understood: {error}") }
    }
}

/// A message, or that one was dropped.
enum Next {
    Message(Tag, BytesMut),
    Dropped,
}

impl Inside {
    pub(super) fn new(engine: Arc<Engine>, stream: DuplexStream, notes: Notes) -> Self {
        Self {
            engine,
            stream,
            input: BytesMut::new(),
            drops: 0,
            notes,
            key: None,
            status: Status::Idle,
            parsed: false,
            busy: false,
        }
    }

    /// Waits until the session is open.
    pub(super) async fn greeted(&mut self) -> Result<(), Ended> {
        let mut answer = Answer::default();
        let greeting = async {
            while !self.take(&mut answer, 0).await? {}
            Ok(())
        };
        let done = timeout(OPENING, greeting).await.unwrap_or_else(|_| Err(slow()));
        done.map_err(|ended: Ended| Ended { said: ended.said.or(answer.error), ..ended })
    }

    /// Why it did not open, as it was refused.
    pub(super) fn why_not(&self, ended: &Ended) -> Refusal {
        let refused = |note| match note {
            Note::Refused(refusal) => Some(refusal),
            _ => None,
        };
        let refusal = self.notes.take().into_iter().find_map(refused);
        refusal.unwrap_or_else(|| Refusal {
            sqlstate: "08006",
            message: ended.to_string(),
            detail: None,
            hint: Some("Try again in a moment.".to_owned()),
            position: None,
            blame: Blame::Internal,
            puzzling: false,
            record: None,
        })
    }

    /// Where it stands between transactions.
    pub fn status(&self) -> Status {
        self.status
    }

    /// True if nothing more can be asked: it has ended, or an exchange was left half-way.
    pub fn is_over(&mut self) -> bool {
        let mut byte = [0_u8; 1];
        let mut read = ReadBuf::new(&mut byte);
        let mut context = Context::from_waker(Waker::noop());
        // What comes unasked is a goodbye, or words about settings that nobody here reads.
        match Pin::new(&mut self.stream).poll_read(&mut context, &mut read) {
            Poll::Pending => self.busy,
            Poll::Ready(Ok(())) if !read.filled().is_empty() => {
                self.input.extend_from_slice(read.filled());
                self.busy || byte == [Tag::ErrorResponse.byte()]
            }
            Poll::Ready(_) => true,
        }
    }

    /// Runs one statement, or as much of it as is asked for.
    ///
    /// # Errors
    /// If the session ended. What the server or Weir says to the statement is in the answer.
    pub async fn run(&mut self, ask: Ask<'_>) -> Result<Answer, Ended> {
        self.notes.begin(ask.reads, ask.upto);
        let mut answer = Answer::default();
        let (engine, key) = (Arc::clone(&self.engine), self.key.clone());
        self.busy = true;
        let mut timed_out = false;
        let ended = {
            let mut exchange = std::pin::pin!(self.exchange(ask, &mut answer));
            match timeout(ask.time, exchange.as_mut()).await {
                Ok(ended) => ended,
                Err(_) => {
                    timed_out = true;
                    if let Some((process_id, key)) = key {
                        engine.cancel(process_id, &key).await;
                    }
                    timeout(GRACE, exchange).await.unwrap_or_else(|_| Err(slow()))
                }
            }
        };
        answer.timed_out = timed_out && answer.error.is_some();
        answer.notes = self.notes.take();
        match ended {
            Ok(()) => {
                self.busy = false;
                Ok(answer)
            }
            Err(ended) => Err(Ended { said: ended.said.or(answer.error), ..ended }),
        }
    }

    /// Runs a command of the program's own that no caller wrote: BEGIN, COMMIT, ROLLBACK.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub async fn command(&mut self, text: &str, time: Duration) -> Result<Answer, Ended> {
        let (values, types, upto, reads) = (&[], &[], Upto::Execute, false);
        self.run(Ask { text, values, types, upto, reads, rows: 0, bytes: 0, time }).await
    }

    async fn exchange(&mut self, ask: Ask<'_>, answer: &mut Answer) -> Result<(), Ended> {
        // Nothing goes behind a text before it is known to stand: behind one that was refused, the
        // same messages would mean the statement before it.
        let mut out = BytesMut::new();
        encode::parse(&mut out, b"", ask.text.as_bytes(), ask.types.iter().copied())?;
        encode::flush(&mut out);
        self.stream.write_all(&out).await?;
        self.parsed = false;
        while !self.parsed && answer.error.is_none() {
            self.take(answer, ask.bytes).await?;
        }
        out.clear();
        if self.parsed {
            Self::rest(&mut out, ask)?;
        }
        encode::sync(&mut out);
        self.stream.write_all(&out).await?;
        while !self.take(answer, ask.bytes).await? {}
        Ok(())
    }

    /// What follows a text.
    fn rest(out: &mut BytesMut, ask: Ask<'_>) -> Result<(), WireError> {
        if ask.upto == Upto::Parse {
            encode::describe(out, Kind::Statement, b"")?;
        } else {
            let values = ask.values.iter().map(|value| value.as_deref().map(str::as_bytes));
            encode::bind(out, b"", b"", &[], values, &[])?;
            encode::describe(out, Kind::Portal, b"")?;
        }
        if matches!(ask.upto, Upto::Ask | Upto::Execute | Upto::Try) {
            encode::execute(out, b"", i32::try_from(ask.rows).unwrap_or(i32::MAX))?;
        }
        Ok(())
    }

    /// Takes the next message into the answer; true if it was the last.
    async fn take(&mut self, answer: &mut Answer, bytes: usize) -> Result<bool, Ended> {
        let (tag, payload) = match self.next().await? {
            Next::Message(tag, payload) => (tag, payload),
            Next::Dropped => {
                answer.cut = Some(Cut::Bytes);
                return Ok(false);
            }
        };
        match tag {
            Tag::ReadyForQuery => {
                self.status = backend::ready_for_query(&payload)?;
                return Ok(true);
            }
            Tag::DataRow => answer.row(DataRow::parse(&payload)?, bytes),
            Tag::RowDescription => {
                answer.columns =
                    RowDescription::parse(&payload)?.iter().map(Column::from).collect();
            }
            Tag::ParameterDescription => {
                answer.parameters = backend::parameter_description(&payload)?.iter().collect();
            }
            Tag::CommandComplete => {
                answer.tag = Some(lossy(backend::command_complete(&payload)?.bytes()));
            }
            Tag::ParseComplete => self.parsed = true,
            Tag::PortalSuspended => answer.cut = answer.cut.or(Some(Cut::Rows)),
            Tag::ErrorResponse => {
                let said = Said::of(Report::parse(&payload)?);
                answer.error.get_or_insert(said);
            }
            Tag::NoticeResponse if answer.notices.len() < MAX_NOTICES => {
                answer.notices.push(Said::of(Report::parse(&payload)?));
            }
            Tag::BackendKeyData => {
                let data = backend::BackendKeyData::parse(&payload)?;
                self.key = Some((data.process_id, data.key.to_vec()));
            }
            Tag::CopyInResponse | Tag::CopyBothResponse => self.no_copy().await?,
            // Nothing of a stream is kept: it is no result.
            Tag::CopyData | Tag::CopyOutResponse => answer.cut = Some(Cut::Bytes),
            Tag::Authentication
            | Tag::BindComplete
            | Tag::CloseComplete
            | Tag::CopyDone
            | Tag::EmptyQueryResponse
            | Tag::FunctionCallResponse
            | Tag::NegotiateProtocolVersion
            | Tag::NoData
            | Tag::NoticeResponse
            | Tag::NotificationResponse
            | Tag::ParameterStatus => {}
        }
        Ok(false)
    }

    /// There is no data for a COPY; the Sync that went along was taken for part of it.
    async fn no_copy(&mut self) -> Result<(), Ended> {
        let mut out = BytesMut::new();
        encode::copy_fail(&mut out, "no data can be sent this way; use INSERT");
        encode::sync(&mut out);
        Ok(self.stream.write_all(&out).await?)
    }

    async fn next(&mut self) -> Result<Next, Ended> {
        loop {
            if self.drops > 0 {
                let gone = self.drops.min(self.input.len());
                self.input.advance(gone);
                self.drops -= gone;
                if self.drops == 0 {
                    return Ok(Next::Dropped);
                }
            } else if let Some(frame) = frame::peek(&self.input, MESSAGE_BYTES)? {
                let tag = Tag::from_byte(frame.tag).ok_or_else(unknown)?;
                if frame.len > HELD_BYTES && matches!(tag, Tag::DataRow | Tag::CopyData) {
                    self.drops = frame.len;
                    continue;
                }
                if frame::complete(&self.input, frame) {
                    let mut message = self.input.split_to(frame.len);
                    message.advance(frame::HEADER_LEN);
                    return Ok(Next::Message(tag, message));
                }
            }
            if self.stream.read_buf(&mut self.input).await? == 0 {
                return Err(Ended { said: None, why: "the session ended".to_owned() });
            }
        }
    }
}

impl Answer {
    /// Keeps a row, if there is room.
    fn row(&mut self, row: DataRow<'_>, bytes: usize) {
        let length: usize = row.values.iter().flatten().map(<[u8]>::len).sum();
        if self.cut == Some(Cut::Bytes) || self.bytes.saturating_add(length) > bytes {
            self.cut = Some(Cut::Bytes);
            return;
        }
        self.bytes += length;
        self.rows.push(row.values.iter().map(|value| value.map(lossy)).collect());
    }
}

fn slow() -> Ended {
    Ended { said: None, why: "the session does not answer".to_owned() }
}

fn unknown() -> Ended {
    Ended { said: None, why: "the session sent what no server sends".to_owned() }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let Some((process_id, key)) = self.key.take().filter(|_| self.busy) else { return };
        let engine = Arc::clone(&self.engine);
        tokio::spawn(async move {
            for seconds in CANCELS {
                tokio::time::sleep(Duration::from_secs(seconds)).await;
                // The key goes with the session.
                if engine.cancels.find(process_id, &key).is_none() {
                    return;
                }
                engine.cancel(process_id, &key).await;
            }
        });
    }
}

impl fmt::Debug for Inside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inside").field("busy", &self.busy).finish_non_exhaustive()
    }
}
