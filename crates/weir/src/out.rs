//! Standard output: lines, tables and JSON. Knows not what they say, and so writes out whatever in
//! them a terminal would obey. A reader that goes away is an error that [`is_broken_pipe`]
//! recognises, never a panic.

use crate::visible::{in_line, visible};
use serde::Serialize;
use std::{
    fmt::Display,
    io::{self, BufWriter, StdoutLock, Write},
};

/// Standard output, buffered.
pub(crate) struct Out<W: Write = BufWriter<StdoutLock<'static>>>(W);

impl Out {
    pub(crate) fn new() -> Self {
        Self(BufWriter::new(io::stdout().lock()))
    }
}

impl<W: Write> Out<W> {
    /// One line, whatever stands in it.
    pub(crate) fn line(&mut self, line: impl Display) -> io::Result<()> {
        writeln!(self.0, "{}", in_line(&line.to_string()))
    }

    /// A text whose lines are the program's own: what others chose went through [`in_line`] before
    /// it came into it.
    pub(crate) fn text(&mut self, text: impl Display) -> io::Result<()> {
        writeln!(self.0, "{}", visible(&text.to_string()))
    }

    /// What a program reads, to the byte: comma-separated values, a proof, a script.
    pub(crate) fn data(&mut self, data: impl Display) -> io::Result<()> {
        writeln!(self.0, "{data}")
    }

    /// One value as JSON on one line.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> anyhow::Result<()> {
        serde_json::to_writer(&mut self.0, value)?;
        writeln!(self.0)?;
        Ok(())
    }

    /// Rows in columns as wide as their widest cell; the last is not padded.
    pub(crate) fn table(&mut self, header: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
        let header: Vec<String> = header.iter().map(|cell| in_line(cell)).collect();
        let shown = rows.iter().map(|row| row.iter().map(|cell| in_line(cell)).collect());
        let shown: Vec<Vec<String>> = shown.collect();
        let mut widths: Vec<usize> = header.iter().map(|cell| cell.chars().count()).collect();
        for row in &shown {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        for row in std::iter::once(&header).chain(&shown) {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            let line = cells.collect::<Vec<_>>().join("  ");
            writeln!(self.0, "{}", line.trim_end())?;
        }
        Ok(())
    }

    /// What was written reaches the reader now.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// True if the error is that nobody reads any more.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        let json = cause.downcast_ref::<serde_json::Error>().and_then(|e| e.io_error_kind());
        io.or(json) == Some(io::ErrorKind::BrokenPipe)
    })
}

#[cfg(test)]
mod tests {
    use super::Out;

    fn written(write: impl FnOnce(&mut Out<Vec<u8>>)) -> String {
        let mut out = Out(Vec::new());
        write(&mut out);
        String::from_utf8(out.0).unwrap()
    }

    #[test]
    fn what_a_terminal_would_obey_is_written_out() {
        let line = written(|out| out.line("zed\n2026 root\u{1b}[31m").unwrap());
        assert_eq!(line, "zed\\n2026 root\\u{1b}[31m\n");
        let text = written(|out| out.text("one\n  two\u{9b}2J").unwrap());
        assert_eq!(text, "one\n  two\\u{9b}2J\n");
        let rows = [vec!["a\nb\tc".to_owned(), "\u{202e}x".to_owned()]];
        let table = written(|out| out.table(&["ONE", "TWO"], &rows).unwrap());
        assert_eq!(table, "ONE      TWO\na\\nb\\tc  \\u{202e}x\n");
    }

    #[test]
    fn data_stays_as_it_is() {
        let data = written(|out| out.data("a,\"b\nc\u{1b}\"").unwrap());
        assert_eq!(data, "a,\"b\nc\u{1b}\"\n");
    }
}
