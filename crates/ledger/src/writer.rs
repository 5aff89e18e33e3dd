//! Who writes: one thread at a time, everything that is staged, with one write(2). Knows files and
//! what to do when they fail; not why anybody waits.

use crate::{
    batch::Batch,
    error::LedgerError,
    frame::{self, Digest32},
    ledger::{Inner, lock},
    recovery::Tail,
    reserve::Reserve,
    seal::Ratchet,
    segment::{self, Header},
};
use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
};

/// How many emptied buffers are kept for the next batches: as many as are written between two
/// syncs, which give them back. How large each may be, and all of them: bytes.
const SPARES: usize = 256;
const SPARE_BYTES: usize = 1 << 20;
const ALL_SPARE_BYTES: usize = 4 << 20;

/// Where a segment is written that replaces a failed one, until it is complete.
const DRAFT_FILE: &str = "rewrite";

/// The end of the log on disk.
#[derive(Debug)]
pub(crate) struct Writer {
    file: Arc<File>,
    path: PathBuf,
    /// Where the next frame goes; everything before it is whole.
    size: u64,
    /// The chain after the last frame.
    chain: Digest32,
    /// What was taken from the stage and not written: nothing, unless a write failed.
    pending: Batch,
    /// The file cannot be trusted: a sync failed, or a partial frame could not be cut off. A new
    /// segment must take over.
    broken: bool,
    spares: Vec<Batch>,
    spare_bytes: usize,
    reserve: Reserve,
    /// How many records the last seal covers.
    sealed: u64,
    pub(crate) ratchet: Ratchet,
}

impl Writer {
    /// Goes on where recovery found the end.
    pub(crate) fn open(
        dir: &Path,
        tail: Tail,
        ratchet: Ratchet,
    ) -> Result<(Self, Arc<File>), LedgerError> {
        let (file, path) = match tail.segment {
            Some(first) => {
                let path = segment::path(dir, first);
                let opened = File::options().read(true).write(true).open(&path);
                (opened.map_err(|error| LedgerError::io("open", &path, error))?, path)
            }
            None => {
                let path = segment::path(dir, tail.header.first);
                (segment::create(&path, &tail.header)?, path)
            }
        };
        let file = Arc::new(file);
        let size = if tail.segment.is_some() { tail.size } else { segment::HEADER as u64 };
        let mut reserve = Reserve::new(dir);
        reserve.restore()?;
        segment::sync_dir(dir)?;
        let pending = Batch::new(tail.header.first);
        let writer = Self {
            file: file.clone(),
            path,
            size,
            chain: tail.header.before,
            pending,
            sealed: u64::MAX,
            ratchet,
            broken: false,
            spares: Vec::new(),
            spare_bytes: 0,
            reserve,
        };
        Ok((writer, file))
    }

    /// Writes what is staged. On failure nothing of it is in the log: what can be withdrawn is,
    /// the rest waits in `pending`.
    pub(crate) fn flush(&mut self, inner: &Inner) -> Result<(), LedgerError> {
        let fresh = self.take_stage(inner);
        if inner.failing.load(Ordering::Acquire) {
            // Statements are being refused: what was staged before that was known is withdrawn.
            self.absorb(inner, &fresh, "ledger failing")?;
            self.recycle(fresh);
            return if self.broken { Err(inner.unhealthy()) } else { self.write_pending(inner) };
        }
        let spare = std::mem::replace(&mut self.pending, fresh);
        self.recycle(spare);
        self.write_pending(inner).inspect_err(|error| self.cope(inner, error))
    }

    /// After the first failure: withdraws, and uses the reserve for what must not be lost.
    fn cope(&mut self, inner: &Inner, error: &LedgerError) {
        inner.fail(error);
        let failed = std::mem::take(&mut self.pending);
        self.pending.clear(failed.first);
        if self.absorb(inner, &failed, reason(error)).is_err() {
            return;
        }
        if error.is_no_space() && !self.broken && self.reserve.release() {
            // Should this fail too, the records wait in memory.
            let _ = self.write_pending(inner);
        }
    }

    fn take_stage(&mut self, inner: &Inner) -> Batch {
        let mut fresh = self.spares.pop().unwrap_or_default();
        self.spare_bytes -= fresh.bytes.capacity();
        let mut stage = lock(&inner.stage);
        fresh.clear(stage.end());
        std::mem::swap(&mut *stage, &mut fresh);
        // Counted before the stage is unlocked, so that the limit sees these bytes throughout.
        inner.backlog.fetch_add(fresh.bytes.len(), Ordering::Relaxed);
        fresh
    }

    fn absorb(&mut self, inner: &Inner, batch: &Batch, reason: &str) -> Result<(), LedgerError> {
        let before = self.pending.bytes.len();
        let result = self.pending.absorb(batch, reason, |range| {
            inner.counters.withdrawn.fetch_add(range.end - range.start, Ordering::Relaxed);
            inner.withdrawn.add(range);
        });
        inner.backlog.fetch_add(self.pending.bytes.len() - before, Ordering::Relaxed);
        inner.backlog.fetch_sub(batch.bytes.len(), Ordering::Relaxed);
        result
    }

    fn recycle(&mut self, mut batch: Batch) {
        let capacity = batch.bytes.capacity();
        let all = self.spare_bytes + capacity;
        let room = self.spares.len() < SPARES && all <= ALL_SPARE_BYTES;
        if room && capacity > 0 && capacity <= SPARE_BYTES {
            batch.clear(0);
            self.spare_bytes = all;
            self.spares.push(batch);
        }
    }

    /// Writes `pending` behind the log's end, in a new segment if this one is full.
    fn write_pending(&mut self, inner: &Inner) -> Result<(), LedgerError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        if self.size >= inner.segment_bytes && self.size > segment::HEADER as u64 {
            self.rotate(inner)?;
        }
        let chain = self.pending.close(self.chain);
        if let Err(error) = self.file.write_all_at(&self.pending.bytes, self.size) {
            // Part of it may be there: the log must end with a whole frame before anything else
            // is written.
            self.broken = self.file.set_len(self.size).is_err();
            self.pending.reopen();
            return Err(LedgerError::io("write", &self.path, error));
        }
        let length = self.pending.bytes.len() as u64;
        self.size += length;
        self.chain = chain;
        inner.counters.writes.fetch_add(1, Ordering::Relaxed);
        inner.counters.bytes.fetch_add(length, Ordering::Relaxed);
        let next = Batch::new(self.pending.end());
        let batch = std::mem::replace(&mut self.pending, next);
        let mut state = inner.keeper.state();
        inner.written.store(batch.end(), Ordering::Release);
        state.unsynced.push_back(batch);
        let mut emptied = std::mem::take(&mut state.emptied);
        drop(state);
        for batch in emptied.drain(..) {
            self.recycle(batch);
        }
        inner.arm();
        Ok(())
    }

    /// Seals what was written since the last seal, behind it. Says how many records are sealed
    /// then.
    pub(crate) fn seal(&mut self, inner: &Inner) -> Result<u64, LedgerError> {
        let records = self.pending.first;
        if self.broken || !self.pending.is_empty() || records == self.sealed {
            return Ok(self.sealed);
        }
        let seal = self.ratchet.seal(records, self.chain)?;
        let batch = Batch::seal(records, self.chain, frame::sealed(&seal));
        if let Err(error) = self.file.write_all_at(&batch.bytes, self.size) {
            self.broken = self.file.set_len(self.size).is_err();
            return Err(LedgerError::io("write", &self.path, error));
        }
        self.ratchet.turn();
        self.size += batch.bytes.len() as u64;
        self.sealed = records;
        inner.backlog.fetch_add(batch.bytes.len(), Ordering::Relaxed);
        inner.counters.bytes.fetch_add(batch.bytes.len() as u64, Ordering::Relaxed);
        inner.keeper.state().unsynced.push_back(batch);
        Ok(records)
    }

    /// The seals that were made are durable: their secrets go from the disk too.
    pub(crate) fn save_ratchet(&self) -> Result<(), LedgerError> {
        self.ratchet.save()
    }

    /// Ends the segment that is being written, if it has records, so that it can be folded.
    pub(crate) fn roll(&mut self, inner: &Inner) -> Result<bool, LedgerError> {
        let empty = self.path == segment::path(&inner.dir, self.pending.first);
        if empty || self.broken || !self.pending.is_empty() {
            return Ok(false);
        }
        self.rotate(inner).map(|()| true)
    }

    fn rotate(&mut self, inner: &Inner) -> Result<(), LedgerError> {
        let header = Header { first: self.pending.first, before: self.chain };
        let path = segment::path(&inner.dir, header.first);
        let file = Arc::new(segment::create(&path, &header)?);
        self.path = path;
        self.size = segment::HEADER as u64;
        self.file = file.clone();
        // The old file may still hold unsynced records: the keeper syncs both, and the directory.
        inner.keeper.state().files.push(file);
        Ok(())
    }

    /// Marks the file as not to be trusted any more: the kernel may have dropped what a failed
    /// sync did not write, and a second sync would not say so.
    pub(crate) fn distrust(&mut self) {
        self.broken = true;
    }

    /// Tries to make up for a failure. When it succeeds statements are accepted again.
    pub(crate) fn revive(&mut self, inner: &Inner) -> Result<(), LedgerError> {
        let fresh = self.take_stage(inner);
        self.absorb(inner, &fresh, "ledger failing")?;
        self.recycle(fresh);
        if self.broken {
            self.begin_anew(inner)?;
        }
        self.reserve.restore()?;
        self.write_pending(inner)?;
        inner.failing.store(false, Ordering::Release);
        Ok(())
    }

    /// Writes everything that is not on stable storage into a new segment, from memory, and syncs
    /// it. It begins at the first such record and so ends whatever came before it.
    fn begin_anew(&mut self, inner: &Inner) -> Result<(), LedgerError> {
        let mut state = inner.keeper.state();
        let header = match state.unsynced.front() {
            Some(oldest) => Header { first: oldest.first, before: oldest.before },
            None => Header { first: self.pending.first, before: self.chain },
        };
        let draft = inner.dir.join(DRAFT_FILE);
        // A draft of an earlier attempt is worthless: nothing refers to it.
        let _ = fs::remove_file(&draft);
        let file = segment::create(&draft, &header)?;
        let mut size = segment::HEADER as u64;
        for batch in &state.unsynced {
            let wrote = file.write_all_at(&batch.bytes, size);
            wrote.map_err(|error| LedgerError::io("write", &draft, error))?;
            size += batch.bytes.len() as u64;
        }
        file.sync_all().map_err(|error| LedgerError::io("sync", &draft, error))?;
        let path = segment::path(&inner.dir, header.first);
        fs::rename(&draft, &path).map_err(|error| LedgerError::io("rename", &path, error))?;
        for later in segment::list(&inner.dir)?.into_iter().filter(|first| *first > header.first) {
            let path = segment::path(&inner.dir, later);
            fs::remove_file(&path).map_err(|error| LedgerError::io("remove", &path, error))?;
        }
        segment::sync_dir(&inner.dir)?;
        self.file = Arc::new(file);
        self.path = path;
        self.size = size;
        self.broken = false;
        state.rewritten(inner, self.file.clone());
        Ok(())
    }
}

fn reason(error: &LedgerError) -> &'static str {
    if error.is_no_space() { "no space" } else { "write failed" }
}
