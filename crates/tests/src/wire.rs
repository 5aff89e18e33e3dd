//! Raw bytes to a server, for what no honest client would send. Knows framing and SCRAM, as a
//! hostile client does, and nothing of Weir.

use anyhow::{Context, Result, bail};
use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256};
use std::fmt;
use std::io::{BufReader, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::time::Duration;

/// How long a read may wait before it counts as silence.
const SILENCE: Duration = Duration::from_secs(20);
/// Protocol 3.0.
pub const VERSION: u32 = 196_608;

/// One connection.
#[derive(Debug)]
pub struct Raw {
    stream: BufReader<TcpStream>,
}

/// One message of the server.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// Its tag.
    pub tag: u8,
    /// What follows the length.
    pub body: Vec<u8>,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Read by people, when a test fails.
        write!(f, "{} {}", char::from(self.tag), self.body.escape_ascii())
    }
}

impl Message {
    /// A field of an ErrorResponse: `C` is the SQLSTATE, `M` the message.
    pub fn field(&self, wanted: u8) -> Option<String> {
        let fields = self.body.split(|byte| *byte == 0);
        let mut found = fields.filter_map(|field| field.split_first());
        let (_, text) = found.find(|(kind, _)| **kind == wanted)?;
        Some(String::from_utf8_lossy(text).into_owned())
    }
}

/// A frame: tag, length, body.
pub fn frame(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
    [&[tag], length.to_be_bytes().as_slice(), body].concat()
}

/// A StartupMessage with parameters.
pub fn startup(parameters: &[(&str, &str)]) -> Vec<u8> {
    let mut body = VERSION.to_be_bytes().to_vec();
    for (name, value) in parameters {
        body.extend([name.as_bytes(), b"\0", value.as_bytes(), b"\0"].concat());
    }
    body.push(0);
    let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
    [length.to_be_bytes().as_slice(), &body].concat()
}

impl Raw {
    /// Connects and says nothing.
    pub fn connect(port: u16) -> Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(SILENCE))?;
        stream.set_write_timeout(Some(SILENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Connects, signs in by SCRAM and reads up to ReadyForQuery.
    pub fn sign_in(port: u16, user: &str, password: &str, database: &str) -> Result<Self> {
        Ok(Self::sign_in_with(port, password, &[("user", user), ("database", database)])?.0)
    }

    /// The same with any start-up parameters; what came up to ReadyForQuery is returned too.
    pub fn sign_in_with(
        port: u16,
        password: &str,
        parameters: &[(&str, &str)],
    ) -> Result<(Self, Vec<Message>)> {
        let mut raw = Self::connect(port)?;
        raw.send(&startup(parameters))?;
        raw.scram(password)?;
        let greeting = raw.until(b'Z')?;
        Ok((raw, greeting))
    }

    fn scram(&mut self, password: &str) -> Result<()> {
        self.authentication(10)?;
        let mut scram = ScramSha256::new(password.as_bytes(), ChannelBinding::unsupported());
        let mut first = [SCRAM_SHA_256.as_bytes(), b"\0"].concat();
        let message = scram.message();
        first.extend(u32::try_from(message.len())?.to_be_bytes());
        first.extend(message);
        self.send(&frame(b'p', &first))?;
        scram.update(&self.authentication(11)?)?;
        self.send(&frame(b'p', scram.message()))?;
        scram.finish(&self.authentication(12)?)?;
        self.authentication(0)?;
        Ok(())
    }

    /// The next message, which must be an Authentication of this kind.
    fn authentication(&mut self, kind: u32) -> Result<Vec<u8>> {
        let message = self.read()?.context("closed while signing in")?;
        let expected = kind.to_be_bytes();
        match message.body.strip_prefix(expected.as_slice()) {
            Some(rest) if message.tag == b'R' => Ok(rest.to_vec()),
            _ => bail!("expected authentication {kind}, got {message:?}"),
        }
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.stream.get_mut().write_all(bytes)?)
    }

    /// Sends a simple query.
    pub fn query(&mut self, sql: &str) -> Result<()> {
        self.send(&frame(b'Q', &[sql.as_bytes(), b"\0"].concat()))
    }

    /// The next message; `None` when the server has closed the connection.
    pub fn read(&mut self) -> Result<Option<Message>> {
        let mut head = [0; 5];
        match self.stream.read_exact(&mut head) {
            Ok(()) => {}
            Err(error) if closed(error.kind()) => return Ok(None),
            Err(error) => return Err(error).context("the server is silent"),
        }
        let [tag, length @ ..] = head;
        let length = u32::from_be_bytes(length) as usize;
        let mut body = vec![0; length.checked_sub(4).context("a length below four")?];
        match self.stream.read_exact(&mut body) {
            Ok(()) => Ok(Some(Message { tag, body })),
            Err(error) if closed(error.kind()) => Ok(None),
            Err(error) => Err(error).context("the server is silent within a message"),
        }
    }

    /// Every message up to one with this tag.
    pub fn until(&mut self, tag: u8) -> Result<Vec<Message>> {
        let mut messages = Vec::new();
        while let Some(message) = self.read()? {
            let last = message.tag == tag;
            messages.push(message);
            if last {
                return Ok(messages);
            }
        }
        bail!("closed before {:?}, after {messages:?}", char::from(tag))
    }

    /// Every message until the server closes the connection.
    pub fn rest(&mut self) -> Result<Vec<Message>> {
        let mut messages = Vec::new();
        while let Some(message) = self.read()? {
            messages.push(message);
        }
        Ok(messages)
    }

    /// One byte that is not part of a message: the answer to SSLRequest.
    pub fn byte(&mut self) -> Result<Option<u8>> {
        let mut byte = [0];
        match self.stream.read_exact(&mut byte) {
            Ok(()) => Ok(byte.first().copied()),
            Err(error) if closed(error.kind()) => Ok(None),
            Err(error) => Err(error).context("the server is silent"),
        }
    }

    /// Stops sending; the server sees the end.
    pub fn finish(&mut self) -> Result<()> {
        Ok(self.stream.get_ref().shutdown(Shutdown::Write)?)
    }
}

fn closed(kind: ErrorKind) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(kind, UnexpectedEof | ConnectionReset | BrokenPipe | ConnectionAborted)
}
