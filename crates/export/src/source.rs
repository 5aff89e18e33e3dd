//! Events from the log, in order, and only of what is durable. Knows no sink.

use crate::{cursor::Cursor, error::ExportError, event::Event, format::Maker, join::Join};
use ledger::{Ledger, LedgerError, Reader, Sequence};

/// How many records are read at a time at most, so that whoever asks can stop in between.
const RECORDS_AT_ONCE: usize = 10_000;
/// After how many bytes of events a batch ends, however few they are: texts of statements may be
/// long.
const BATCH_BYTES: usize = 8 << 20;

/// A position in the log with what is remembered of the run before it.
#[derive(Debug)]
pub(crate) struct Source {
    ledger: Ledger,
    maker: Maker,
    log: String,
    join: Join,
    reader: Option<Reader>,
    /// The next record to be read.
    next: u64,
    /// What precedes this record is read for what later ones refer to, and gives no events.
    wanted: u64,
    /// Where the run began that `next` belongs to.
    run: u64,
    /// Failed writes of the ledger when the reader was opened.
    failures: u64,
}

impl Source {
    /// Goes on at a cursor.
    pub(crate) fn new(ledger: &Ledger, maker: Maker, cursor: &Cursor) -> Self {
        Self {
            ledger: ledger.clone(),
            log: cursor.log.clone(),
            join: Join::new(ledger.dir(), maker.wants_beginnings()),
            maker,
            reader: None,
            next: cursor.run.min(cursor.next),
            wanted: cursor.next,
            run: cursor.run,
            failures: 0,
        }
    }

    /// The place behind everything that was given out.
    pub(crate) fn cursor(&self) -> Cursor {
        Cursor { log: self.log.clone(), next: self.next.max(self.wanted), run: self.run }
    }

    /// The next record to be read.
    pub(crate) fn place(&self) -> u64 {
        self.next
    }

    /// Records that are durable and not given out yet.
    pub(crate) fn behind(&self) -> u64 {
        self.ledger.stats().synced.saturating_sub(self.next.max(self.wanted))
    }

    /// The next events, at most so many, or few more; none where nothing durable is left, or
    /// nothing that makes an event: [`Source::behind`] tells.
    pub(crate) fn read(&mut self, limit: usize) -> Result<Vec<Event>, ExportError> {
        let stats = self.ledger.stats();
        // After a failed write the file may have other bytes than a reader has in its buffer.
        if self.reader.is_none() || self.failures != stats.failures {
            self.reader = Some(Reader::open_at(self.ledger.dir(), Sequence(self.next))?);
            self.failures = stats.failures;
        }
        let (mut events, mut bytes) = (Vec::new(), 0);
        for _ in 0..RECORDS_AT_ONCE {
            if self.next >= stats.synced || events.len() >= limit || bytes >= BATCH_BYTES {
                break;
            }
            let Some(entry) = self.reader.as_mut().and_then(Iterator::next) else { break };
            match entry {
                Ok(entry) => {
                    let before = events.len();
                    self.take(&entry, &mut events);
                    bytes += events.iter().skip(before).map(Event::weight).sum::<usize>();
                }
                Err(LedgerError::Damaged(damage)) if damage.sequence.0 < self.next => {
                    tracing::warn!(
                        "exported from a bundle, because the ledger is damaged: {damage}"
                    );
                }
                Err(LedgerError::Damaged(damage)) => {
                    tracing::error!("not exported, because the ledger is damaged: {damage}");
                    self.next = self.next.max(damage.sequence.0 + 1);
                }
                Err(error) => {
                    self.reader = None;
                    return Err(error.into());
                }
            }
        }
        Ok(events)
    }

    fn take(&mut self, entry: &ledger::Entry, events: &mut Vec<Event>) {
        let sequence = entry.sequence.0;
        let joined = self.join.feed(entry);
        self.next = sequence + 1;
        if self.join.began() == Some(entry.sequence) {
            self.run = sequence;
        }
        let wanted = sequence >= self.wanted;
        joined.iter().for_each(|one| self.maker.events(one, wanted, events));
    }
}
