//! How far a long reading is, on one line of a terminal's standard error that is written over and
//! taken away at the end; nothing where standard error is no terminal. It can be stopped as any
//! program can: nothing is written but what was asked for, at its end. Knows not what is read.

use console::parts::grouped;
use std::{
    io::{IsTerminal, Stderr, Write, stderr},
    time::{Duration, Instant},
};

/// How often it is told.
const OFTEN: Duration = Duration::from_millis(200);

/// The line.
pub(crate) struct Progress<W: Write = Stderr> {
    to: Option<W>,
    told: Option<Instant>,
    begun: Instant,
}

impl Progress {
    pub(crate) fn new() -> Self {
        let to = stderr();
        Self::to(to.is_terminal().then_some(to))
    }
}

impl<W: Write> Progress<W> {
    fn to(to: Option<W>) -> Self {
        Self { to, told: None, begun: Instant::now() }
    }

    /// So much of about so much is done. Costs nothing where it was told a moment ago.
    pub(crate) fn tell(&mut self, what: &str, done: u64, all: u64) {
        let Some(to) = &mut self.to else { return };
        if self.told.is_some_and(|told| told.elapsed() < OFTEN) {
            return;
        }
        self.told = Some(Instant::now());
        let (all, seconds) = (all.max(done), self.begun.elapsed().as_secs());
        let line = format!("{} of {} {what}, {seconds} s", grouped(done), grouped(all));
        // A terminal that is gone ends the program by itself.
        let _ = write!(to, "\r\x1b[K{line}").and_then(|()| to.flush());
    }
}

impl<W: Write> Drop for Progress<W> {
    fn drop(&mut self) {
        if let (Some(to), true) = (&mut self.to, self.told.is_some()) {
            let _ = write!(to, "\r\x1b[K").and_then(|()| to.flush());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_on_one_line_and_taken_away() {
        let mut seen = Vec::new();
        let mut progress = Progress::to(Some(&mut seen));
        progress.tell("records read", 4_096, 10_000);
        progress.tell("records read", 8_192, 10_000);
        drop(progress);
        let seen = String::from_utf8(seen).unwrap();
        assert_eq!(seen, "\r\x1b[K4,096 of 10,000 records read, 0 s\r\x1b[K");
    }

    #[test]
    fn nothing_is_said_where_nobody_looks() {
        let mut progress = Progress::<Vec<u8>>::to(None);
        progress.tell("records read", 1, 2);
        assert!(progress.told.is_none());
    }
}
