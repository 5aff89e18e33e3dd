//! Parquet files in folders of days, for whoever has a warehouse. Knows what rows look like
//! ([`rows`]), and nothing of what events say.
//!
//! ```text
//! DIR/day=2026-11-26/00000000000000001234-0a0b0c0d.parquet   complete
//! DIR/day=2026-11-26/.00000000000000005678-0a0b0c0d.draft    being written; nobody's yet
//! ```
//!
//! A file is complete or not there: it is written under another name, synced, and renamed. All open
//! files are finished together, when they are large or old enough, and only then is anything of
//! them acknowledged. What a crash left is removed and written again from the ledger; since a file
//! is named by its first event and the id of the log's key, what is written again takes the place
//! of what there was, and never that of another log.

mod rows;

use crate::{error::ExportError, event::Event};
use parquet::{
    basic::Compression,
    errors::ParquetError,
    file::{properties::WriterProperties, writer::SerializedFileWriter},
};
use rows::Rows;
use std::{
    collections::BTreeMap,
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

/// How many rows are held in memory for an open file before they are written as a group.
const GROUP_ROWS: usize = 10_000;
/// How many bytes of text are held in memory, of all files.
const HELD_BYTES: usize = 16 << 20;
/// How many files are open: of so many days at most events are written at the same time.
const OPEN_FILES: usize = 8;
/// What a file is called that is not complete.
const DRAFT: &str = "draft";

/// The folder.
#[derive(Debug)]
pub(crate) struct Parquet {
    dir: PathBuf,
    rotate_bytes: u64,
    every: Duration,
    /// By day.
    open: BTreeMap<String, Open>,
    since: Option<Instant>,
    swept: bool,
}

/// A file that is being written.
struct Open {
    draft: PathBuf,
    path: PathBuf,
    writer: SerializedFileWriter<fs::File>,
    rows: Rows,
}

impl fmt::Debug for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Open").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Parquet {
    pub(super) fn new(dir: &Path, rotate_bytes: u64, every: Duration) -> Self {
        let (open, since) = (BTreeMap::new(), None);
        Self { dir: dir.to_owned(), rotate_bytes, every, open, since, swept: false }
    }

    /// True if everything that was taken is complete and durable.
    pub(super) fn is_settled(&self) -> bool {
        self.open.is_empty()
    }

    /// Takes a batch, and finishes files that are large or old enough. After an error all that was
    /// taken and not finished is forgotten.
    pub(super) fn deliver(&mut self, events: &[Event]) -> Result<(), ExportError> {
        self.attempt(|this| {
            this.sweep()?;
            events.iter().try_for_each(|event| this.take(event))?;
            let bytes = this.open.values().map(Open::bytes).sum::<u64>();
            if bytes >= this.rotate_bytes { this.finish() } else { this.finish_old() }
        })
    }

    /// Finishes all files.
    pub(super) fn complete(&mut self) -> Result<(), ExportError> {
        self.attempt(Self::finish)
    }

    /// Finishes files that are old enough, where nothing new comes.
    pub(super) fn settle(&mut self) -> Result<(), ExportError> {
        self.attempt(Self::finish_old)
    }

    fn attempt(
        &mut self,
        work: impl FnOnce(&mut Self) -> io::Result<()>,
    ) -> Result<(), ExportError> {
        let result = work(self);
        if result.is_err() {
            self.open.clear();
            self.since = None;
            self.swept = false;
        }
        result.map_err(|error| ExportError::File { path: self.dir.clone(), error })
    }

    /// Removes drafts that a crash or a failure left.
    fn sweep(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.swept, true) {
            return Ok(());
        }
        fs::create_dir_all(&self.dir)?;
        for day in fs::read_dir(&self.dir)? {
            let day = day?;
            if !day.file_name().to_string_lossy().starts_with("day=") {
                continue;
            }
            for file in fs::read_dir(day.path())? {
                let path = file?.path();
                if path.extension().is_some_and(|extension| extension == DRAFT) {
                    fs::remove_file(path)?;
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, event: &Event) -> io::Result<()> {
        let day: String = event.time.to_string().chars().take(10).collect();
        if self.open.len() >= OPEN_FILES && !self.open.contains_key(&day) {
            self.finish()?;
        }
        self.since.get_or_insert_with(Instant::now);
        let open = match self.open.entry(day) {
            std::collections::btree_map::Entry::Occupied(there) => there.into_mut(),
            std::collections::btree_map::Entry::Vacant(free) => {
                let folder = self.dir.join(format!("day={}", free.key()));
                free.insert(Open::create(&folder, &name(event))?)
            }
        };
        open.rows.push(event);
        if open.rows.count() >= GROUP_ROWS {
            open.flush()?;
        }
        if self.open.values().map(|open| open.rows.bytes()).sum::<usize>() >= HELD_BYTES {
            self.open.values_mut().try_for_each(Open::flush)?;
        }
        Ok(())
    }

    fn finish_old(&mut self) -> io::Result<()> {
        if self.since.is_none_or(|since| since.elapsed() < self.every) {
            return Ok(());
        }
        self.finish()
    }

    fn finish(&mut self) -> io::Result<()> {
        for open in std::mem::take(&mut self.open).into_values() {
            open.finish()?;
        }
        self.since = None;
        fs::File::open(&self.dir)?.sync_all()
    }
}

impl Open {
    fn create(folder: &Path, name: &str) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let draft = folder.join(format!(".{name}.{DRAFT}"));
        let mut options = fs::OpenOptions::new();
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.create(true).truncate(true).write(true).open(&draft)?;
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY);
        let schema = rows::schema().map_err(failed)?;
        let writer = SerializedFileWriter::new(file, schema, Arc::new(properties.build()));
        let path = folder.join(format!("{name}.parquet"));
        Ok(Self { draft, path, writer: writer.map_err(failed)?, rows: Rows::default() })
    }

    fn bytes(&self) -> u64 {
        (self.writer.bytes_written() + self.rows.bytes()) as u64
    }

    fn flush(&mut self) -> io::Result<()> {
        let rows = std::mem::take(&mut self.rows);
        if rows.count() == 0 {
            return Ok(());
        }
        rows.write(&mut self.writer).map_err(failed)
    }

    fn finish(mut self) -> io::Result<()> {
        self.flush()?;
        let file = self.writer.into_inner().map_err(failed)?;
        file.sync_all()?;
        fs::rename(&self.draft, &self.path)?;
        match self.path.parent() {
            Some(folder) => fs::File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    }
}

/// What a file is called that begins with this event: its place, and the id of the log's key.
fn name(event: &Event) -> String {
    let log = event.id.rsplit_once('/').map_or("", |(log, _)| log);
    let key = log.rsplit_once('+').map_or("", |(_, key)| key);
    let key: String = key.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{:020}-{key}", event.sequence.0)
}

fn failed(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(error) => io::Error::other(error),
        other => io::Error::other(other),
    }
}

#[cfg(test)]
mod tests;
