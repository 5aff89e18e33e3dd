//! One statement over one of the protocol's ways, and everything that the server says to it. Knows
//! the order of messages, and nothing of what they mean.

use crate::corpus::Sql;
use crate::wire::{Message, Raw, frame};
use anyhow::{Context, Result, bail};

/// A way to send a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// One Query message.
    Simple,
    /// Parse, Bind and Execute, text, rows fetched in portions, as drivers with a fetch size do.
    Portions,
    /// Parse, Bind and Execute, every column in binary.
    Binary,
}

impl Way {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Simple, Self::Portions, Self::Binary];
}

/// Rows in a portion.
const PORTION: i32 = 40;

/// Sends the statement and reads up to ReadyForQuery.
pub fn say(raw: &mut Raw, sql: &Sql, way: Way) -> Result<Vec<Message>> {
    if way == Way::Simple {
        raw.query(&sql.text)?;
        return until_ready(raw, sql, None);
    }
    let portion = if way == Way::Portions { PORTION } else { 0 };
    let format: i16 = if way == Way::Binary { 1 } else { 0 };
    let parse = frame(b'P', &[b"\0", sql.text.as_bytes(), b"\0\0\0"].concat());
    let bind = frame(b'B', &bind(sql.values.as_deref().unwrap_or_default(), format)?);
    let messages =
        [parse, frame(b'D', b"S\0"), bind, frame(b'D', b"P\0"), execute(portion), frame(b'H', b"")];
    raw.send(&messages.concat())?;
    until_ready(raw, sql, Some(portion))
}

fn bind(values: &[Option<String>], format: i16) -> Result<Vec<u8>> {
    let mut body = vec![0, 0, 0, 0];
    body.extend(u16::try_from(values.len())?.to_be_bytes());
    for value in values {
        match value {
            Some(value) => {
                body.extend(i32::try_from(value.len())?.to_be_bytes());
                body.extend(value.as_bytes());
            }
            None => body.extend((-1_i32).to_be_bytes()),
        }
    }
    body.extend(1_u16.to_be_bytes());
    body.extend(format.to_be_bytes());
    Ok(body)
}

fn execute(portion: i32) -> Vec<u8> {
    frame(b'E', &[b"\0", portion.to_be_bytes().as_slice()].concat())
}

/// Reads up to ReadyForQuery, and says what is needed to get there: what COPY reads, the next
/// portion, and the Sync of the extended protocol.
fn until_ready(raw: &mut Raw, sql: &Sql, portion: Option<i32>) -> Result<Vec<Message>> {
    let mut messages = Vec::new();
    loop {
        let message = raw.read()?.context("the server closed the connection")?;
        let tag = message.tag;
        messages.push(message);
        match (tag, portion) {
            (b'Z', _) => return Ok(messages),
            (b'G', _) => {
                let lines = sql.input.iter();
                let data = lines.map(|line| frame(b'd', format!("{line}\n").as_bytes()));
                raw.send(&data.collect::<Vec<_>>().concat())?;
                // The answer to CopyDone does not wait for a Sync, but for being sent.
                raw.send(&[frame(b'c', b""), flush(portion)].concat())?;
            }
            (b's', Some(portion)) => raw.send(&[execute(portion), frame(b'H', b"")].concat())?,
            (b'C' | b'E' | b'I', Some(_)) => raw.send(&frame(b'S', b""))?,
            (b'W', _) => bail!("COPY in both directions"),
            _ => {}
        }
    }
}

fn flush(portion: Option<i32>) -> Vec<u8> {
    if portion.is_some() { frame(b'H', b"") } else { Vec::new() }
}

/// The bytes of a RowDescription, tables younger than the shop all alike: what a session makes for
/// itself has another number in another server.
pub fn described(description: &Message, newest: u32) -> Vec<u8> {
    let mut body = description.body.clone();
    let mut at = 2;
    while let Some(end) = body[at..].iter().position(|byte| *byte == 0) {
        let table = at + end + 1..at + end + 5;
        let number = body[table.clone()].iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte));
        if number > newest {
            body[table].fill(0xff);
        }
        at += end + 19;
    }
    body
}
