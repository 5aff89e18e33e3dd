//! The ways to say a statement to a PostgreSQL server, and all that comes back. Knows the protocol,
//! and nothing of what is said.

use crate::bypass::statements;
use crate::wire::{Message, Raw, frame};
use anyhow::Result;
use std::fmt;

/// How a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// One Query message a text.
    Simple,
    /// Parse to Execute, results in text, each statement with its Sync.
    Text,
    /// Parse to Execute, results in binary, first one row and then the rest.
    Binary,
    /// All statements of all texts before one Sync, results in text.
    Pipeline,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Simple => "simple",
            Self::Text => "extended, text",
            Self::Binary => "extended, binary",
            Self::Pipeline => "pipelined",
        })
    }
}

/// Every way.
pub const WAYS: [Way; 4] = [Way::Simple, Way::Text, Way::Binary, Way::Pipeline];

impl Way {
    /// Says the texts over a connection that waits for a query; every message that came back.
    pub fn say(self, raw: &mut Raw, texts: &[String]) -> Result<Vec<Message>> {
        let mut all = Vec::new();
        match self {
            Self::Simple => {
                for text in texts {
                    raw.query(text)?;
                    until_ready(raw, &mut all, b"")?;
                }
            }
            Self::Text | Self::Binary => {
                for statement in texts.iter().flat_map(|text| statements(text)) {
                    let mut bytes = extended(statement, self == Self::Binary);
                    bytes.extend(frame(b'S', b""));
                    raw.send(&bytes)?;
                    until_ready(raw, &mut all, &frame(b'S', b""))?;
                }
            }
            Self::Pipeline => {
                let every = texts.iter().flat_map(|text| statements(text));
                let mut bytes: Vec<u8> = every.flat_map(|one| extended(one, false)).collect();
                bytes.extend(frame(b'S', b""));
                raw.send(&bytes)?;
                until_ready(raw, &mut all, &frame(b'S', b""))?;
            }
        }
        Ok(all)
    }
}

/// Parse, Bind, Describe and Execute; in binary a query's portal is left after its first row once.
/// Of other statements a portal runs to its end, and not again.
fn extended(statement: &str, binary: bool) -> Vec<u8> {
    let mut bytes = frame(b'P', &[b"\0", statement.as_bytes(), b"\0\0\0"].concat());
    let formats: &[u8] = if binary { &[0, 1, 0, 1] } else { &[0, 0] };
    bytes.extend(frame(b'B', &[b"\0\0\0\0\0\0", formats].concat()));
    bytes.extend(frame(b'D', b"P\0"));
    let word = statement.split(|char: char| !char.is_alphabetic()).next().unwrap_or_default();
    let queries = ["select", "with", "values", "table"];
    let makes_table = statement.contains(" into ");
    if binary && queries.contains(&word.to_lowercase().as_str()) && !makes_table {
        bytes.extend(frame(b'E', b"\0\0\0\0\x01"));
    }
    bytes.extend(frame(b'E', b"\0\0\0\0\0"));
    bytes
}

/// Reads up to ReadyForQuery or the connection's end. To COPY FROM STDIN there is nothing to send
/// but its end, and once more the Sync that the server skipped.
fn until_ready(raw: &mut Raw, all: &mut Vec<Message>, sync: &[u8]) -> Result<()> {
    while let Some(message) = raw.read()? {
        let tag = message.tag;
        all.push(message);
        match tag {
            b'Z' => return Ok(()),
            b'G' => raw.send(&[frame(b'c', b"").as_slice(), sync].concat())?,
            _ => {}
        }
    }
    Ok(())
}
