//! `COPY … TO STDOUT` streams: rows taken out of payloads, fields masked, everything else relayed
//! byte for byte. Knows no protocol around the payloads.
//!
//! A payload may hold several rows or a piece of one. Masks see the *decoded* field; the result
//! is encoded again as PostgreSQL does (src/backend/commands/copyto.c).

use crate::{
    column::{Applied, ColumnMask},
    recent::Recent,
};
use model::Blame;
use std::fmt;

mod binary;
mod csv;
mod text;

/// A row that is longer than this is not a row: PostgreSQL's own limit of a field is 1 GiB.
pub const MAX_ROW_BYTES: usize = 1 << 30;

/// The format of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CopyFormat {
    /// Lines, fields between delimiters, backslash escapes.
    Text,
    /// Comma-separated values.
    Csv,
    /// PostgreSQL's binary file format.
    Binary,
}

/// How a stream is written: the options of the statement, defaults filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyStream {
    /// The format.
    pub format: CopyFormat,
    /// Between fields (text, CSV).
    pub delimiter: u8,
    /// What stands for NULL (text, CSV).
    pub null: Vec<u8>,
    /// Around fields (CSV).
    pub quote: u8,
    /// Before a quote within a quoted field (CSV).
    pub escape: u8,
    /// True if the first line holds column names (text, CSV).
    pub header: bool,
    /// Which columns are always quoted (CSV); false for those that are missing.
    pub force_quote: Vec<bool>,
}

impl CopyStream {
    /// A format with PostgreSQL's defaults.
    pub fn new(format: CopyFormat) -> Self {
        let csv = format == CopyFormat::Csv;
        Self {
            format,
            delimiter: if csv { b',' } else { b'\t' },
            null: if csv { Vec::new() } else { b"\\N".to_vec() },
            quote: b'"',
            escape: b'"',
            header: false,
            force_quote: Vec::new(),
        }
    }
}

/// Why a stream was given up. Nothing of the row at fault was relayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyError {
    /// A row has another number of fields than there are masks.
    Columns {
        /// Fields of the row.
        found: usize,
        /// Masks.
        expected: usize,
    },
    /// The bytes are not of the announced format.
    Malformed,
    /// A row is longer than [`MAX_ROW_BYTES`].
    TooLong,
    /// The stream ended inside a row or without its trailer.
    Truncated,
}

impl CopyError {
    /// Whose doing it is.
    pub fn blame(&self) -> Blame {
        match self {
            Self::Malformed | Self::TooLong | Self::Truncated => Blame::Upstream,
            // The statement's analysis foresaw other columns than the upstream sends.
            Self::Columns { .. } => Blame::Internal,
        }
    }

    /// What a client may be told.
    pub fn client_message(&self) -> &'static str {
        match self {
            Self::Columns { .. } => {
                "the COPY stream has other columns than its statement was analysed to have"
            }
            Self::Malformed | Self::TooLong | Self::Truncated => {
                "the COPY stream of the database could not be read"
            }
        }
    }
}

impl fmt::Display for CopyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Columns { found, expected } => {
                write!(f, "a COPY row has {found} fields where {expected} were expected")
            }
            Self::Malformed => f.write_str("the COPY stream is malformed"),
            Self::TooLong => write!(f, "a COPY row is longer than {MAX_ROW_BYTES} bytes"),
            Self::Truncated => f.write_str("the COPY stream ended inside a row"),
        }
    }
}

impl std::error::Error for CopyError {}

/// How many values of one column of a stream were relayed in which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// As they came.
    pub raw: u64,
    /// Changed, or made NULL.
    pub masked: u64,
    /// As NULL, because they were.
    pub null: u64,
}

impl Tally {
    /// Counts one value; `None` is NULL as it came.
    fn note(&mut self, applied: Option<Applied>) {
        let count = match applied {
            None => &mut self.null,
            Some(Applied::Raw) => &mut self.raw,
            Some(Applied::Masked | Applied::Null) => &mut self.masked,
        };
        *count += 1;
    }
}

/// Masks a stream as it passes.
#[derive(Debug)]
pub struct CopyMask {
    stream: CopyStream,
    columns: Vec<ColumnMask>,
    /// What stands for NULL stands for nothing else (text).
    null_is_sure: bool,
    /// The beginning of a row whose end has not come yet.
    pending: Vec<u8>,
    rows: u64,
    /// One per column: what was relayed.
    tallies: Vec<Tally>,
    state: State,
    scratch: Scratch,
}

/// What is kept from field to field.
#[derive(Debug, Default)]
struct Scratch {
    plain: Vec<u8>,
    masked: Vec<u8>,
    /// One per column.
    recent: Vec<Recent>,
    /// One per column: what was relayed, and what is about to be.
    tallies: Vec<Tally>,
}

#[derive(Debug)]
enum State {
    /// Before the first line or the binary header.
    Start,
    /// Between rows or inside one.
    Rows,
    /// After the binary trailer.
    End,
    /// Given up.
    Failed(CopyError),
}

/// How far a search for the end of a row came.
enum Row {
    /// The row is this long, its end included.
    Whole(usize),
    /// More bytes are needed.
    Partial,
}

impl CopyMask {
    /// A mask for a stream with one mask per column, in order; their format is binary for a
    /// binary stream and text for the others.
    pub fn new(stream: CopyStream, columns: Vec<ColumnMask>) -> Self {
        let recent = ColumnMask::recents(&columns);
        let tallies = vec![Tally::default(); columns.len()];
        let scratch = Scratch { recent, tallies: tallies.clone(), ..Scratch::default() };
        let null_is_sure = text::is_no_value(&stream.null, stream.delimiter);
        let (pending, state) = (Vec::new(), State::Start);
        Self { stream, columns, null_is_sure, pending, rows: 0, tallies, state, scratch }
    }

    /// Takes one payload and appends what may be relayed: whole rows only, possibly none.
    pub fn push(&mut self, payload: &[u8], out: &mut Vec<u8>) -> Result<(), CopyError> {
        if let State::Failed(error) = self.state {
            return Err(error);
        }
        let start = out.len();
        let done = if self.pending.is_empty() {
            self.take_rows(payload, out).map(|used| {
                self.pending.extend_from_slice(payload.get(used..).unwrap_or_default());
            })
        } else {
            let mut joined = std::mem::take(&mut self.pending);
            joined.extend_from_slice(payload);
            self.take_rows(&joined, out).map(|used| {
                joined.drain(..used);
                self.pending = joined;
            })
        };
        let done = match done {
            Ok(()) if self.pending.len() > MAX_ROW_BYTES => Err(CopyError::TooLong),
            other => other,
        };
        match done {
            Ok(()) => self.tallies.copy_from_slice(&self.scratch.tallies),
            Err(error) => {
                out.truncate(start);
                self.state = State::Failed(error);
            }
        }
        done
    }

    /// Says that the stream has ended.
    pub fn finish(&mut self, _out: &mut Vec<u8>) -> Result<(), CopyError> {
        match (&self.state, self.stream.format) {
            (State::Failed(error), _) => Err(*error),
            _ if !self.pending.is_empty() => Err(CopyError::Truncated),
            (State::End, CopyFormat::Binary) => Ok(()),
            (State::Start | State::Rows, CopyFormat::Binary) => Err(CopyError::Truncated),
            (State::Start | State::Rows | State::End, CopyFormat::Text | CopyFormat::Csv) => Ok(()),
        }
    }

    /// Rows that were relayed; header and trailer do not count.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// What was relayed of each column, in order.
    pub fn tallies(&self) -> &[Tally] {
        &self.tallies
    }

    /// Relays every whole row of `input`; answers how many bytes that were.
    fn take_rows(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<usize, CopyError> {
        let mut used = 0;
        while let Some(rest) = input.get(used..).filter(|rest| !rest.is_empty()) {
            match self.take_row(rest, out)? {
                Row::Whole(length) => used += length,
                Row::Partial => break,
            }
        }
        Ok(used)
    }

    fn take_row(&mut self, rest: &[u8], out: &mut Vec<u8>) -> Result<Row, CopyError> {
        let length = match self.stream.format {
            CopyFormat::Binary => return self.take_binary(rest, out),
            CopyFormat::Text => text::row_length(rest),
            CopyFormat::Csv => csv::row_length(rest, &self.stream),
        };
        let Some(length) = length else { return Ok(Row::Partial) };
        let row = rest.get(..length).unwrap_or_default();
        let header = matches!(self.state, State::Start) && self.stream.header;
        self.state = State::Rows;
        if header {
            // The names of columns are no values.
            out.extend_from_slice(row);
            return Ok(Row::Whole(length));
        }
        let line = row.strip_suffix(b"\n").unwrap_or(row);
        match self.stream.format {
            CopyFormat::Csv => {
                csv::mask_row(line, &self.stream, &self.columns, &mut self.scratch, out)?;
            }
            CopyFormat::Text | CopyFormat::Binary => {
                let null = self.null_is_sure.then_some(self.stream.null.as_slice());
                let stream = (&self.stream, null);
                text::mask_row(line, stream, &self.columns, &mut self.scratch, out)?;
            }
        }
        out.push(b'\n');
        self.rows += 1;
        Ok(Row::Whole(length))
    }

    fn take_binary(&mut self, rest: &[u8], out: &mut Vec<u8>) -> Result<Row, CopyError> {
        match self.state {
            State::End => return Err(CopyError::Malformed),
            State::Start => {
                let Some(length) = binary::header_length(rest)? else { return Ok(Row::Partial) };
                out.extend_from_slice(rest.get(..length).unwrap_or_default());
                self.state = State::Rows;
                return Ok(Row::Whole(length));
            }
            State::Rows | State::Failed(_) => {}
        }
        let Some((length, trailer)) = binary::row_length(rest, self.columns.len())? else {
            return Ok(Row::Partial);
        };
        let row = rest.get(..length).unwrap_or_default();
        if trailer {
            out.extend_from_slice(row);
            self.state = State::End;
        } else {
            binary::mask_row(row, &self.columns, &mut self.scratch, out)?;
            self.rows += 1;
        }
        Ok(Row::Whole(length))
    }
}

#[cfg(test)]
mod tests;
