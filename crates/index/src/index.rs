//! The writing side: opens the index's file, and brings it up to the end of a ledger.

use crate::{error::IndexError, fill::Filler, schema, sums::int, views};
use ledger::{Entry, LedgerError, Reader, Record, Sequence};
use rusqlite::{Connection, ErrorCode, OpenFlags, config::DbConfig, params};
use sha2::{Digest, Sha256};
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// How many records one transaction takes in at most: many, because each touches pages all over the
/// index.
const BATCH: u64 = 200_000;
/// How long it takes records in at most, so that little is left to write where others leave it no
/// time.
const BATCH_TIME: Duration = Duration::from_secs(2);
/// After how many records it is asked whether to end: few, as others may leave it no time.
const BETWEEN_LOOKS: u64 = 16;
/// After how many steps of SQLite's programs it is asked whether to stop: some milliseconds.
const BETWEEN_STEPS: i32 = 20_000;
/// Pages of the index that are kept in memory, in KiB, while little is to be done.
const CACHE_KIB: i64 = 16 * 1024;
/// The same, while there is more to take in than one transaction can.
const CACHE_FULL_KIB: i64 = 512 * 1024;

/// An index, open for writing by this process alone.
#[derive(Debug)]
pub struct Index {
    file: PathBuf,
    db: Connection,
    filler: Filler,
    next: u64,
    last: String,
    damage: u64,
    /// The ledger's first record when the index was begun: what was removed since is still here.
    begun: u64,
    /// Up to where records that were taken in say that records were removed.
    removed: u64,
    reader: Option<(PathBuf, Reader)>,
    /// There is more to take in than one transaction can.
    full: bool,
    /// Once this is true nothing more is taken in.
    stop: Arc<AtomicBool>,
    /// A transaction did not come to its end: what is in memory is not what is stored.
    given_up: bool,
    /// What was there was thrown away when this was opened, and nobody was told yet.
    anew: bool,
    /// Held for as long as anything may be written.
    _lock: Option<File>,
}

/// What a run of [`Index::catch_up`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Caught {
    /// Records taken in.
    pub records: u64,
    /// The index did not fit the ledger, which was cut or replaced, or was none of this version: it
    /// was made anew.
    pub anew: bool,
    /// The first record that is not in the index.
    pub next: u64,
}

impl Index {
    /// Opens or makes the index. One that another version made, or that is no database any more, is
    /// thrown away: it is derived. [`IndexError::Busy`] if another process writes it.
    pub fn open(file: &Path) -> Result<Self, IndexError> {
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true).mode(0o600);
        let lock = options.open(beside(file, ".lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(IndexError::Busy),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        match Self::ready(file) {
            Ok(index) => Ok(Self { _lock: Some(lock), ..index }),
            // Wherever in it the damage is.
            Err(error) if is_no_index(&error) => {
                remove(file)?;
                Ok(Self { anew: true, _lock: Some(lock), ..Self::ready(file)? })
            }
            // A full disk, say: the index is as good as it was.
            Err(error) => Err(error),
        }
    }

    /// One that is opened and knows how far it is.
    fn ready(file: &Path) -> Result<Self, IndexError> {
        let db = connect(file)?;
        let filler = Filler::resume(&db)?;
        let mut index = Self {
            file: file.to_owned(),
            db,
            filler,
            next: 0,
            last: String::new(),
            damage: 0,
            begun: 0,
            removed: 0,
            reader: None,
            full: false,
            stop: Arc::default(),
            given_up: false,
            anew: false,
            _lock: None,
        };
        index.read_place()?;
        Ok(index)
    }

    /// The first record that is not in the index.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Takes nothing more in once this is true: what is under way is given up within milliseconds
    /// of work, and taken in anew when it is asked again.
    pub fn stop_when(&mut self, stop: Arc<AtomicBool>) -> Result<(), IndexError> {
        self.stop = stop;
        self.listen()
    }

    /// Lets SQLite look whether to stop.
    fn listen(&self) -> Result<(), IndexError> {
        let stop = Arc::clone(&self.stop);
        let look = move || stop.load(Ordering::Relaxed);
        Ok(self.db.progress_handler(BETWEEN_STEPS, Some(look))?)
    }

    fn stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Throws everything away.
    pub fn clear(&mut self) -> Result<(), IndexError> {
        self.reader = None;
        // The file is removed and not emptied: whoever reads it goes on reading what it was.
        self.db = Connection::open_in_memory()?;
        remove(&self.file)?;
        self.db = connect(&self.file)?;
        self.listen()?;
        self.filler = Filler::default();
        self.read_place()
    }

    /// Forgets what of the ledger was read ahead: a failed write may have taken it back.
    pub fn look_again(&mut self) {
        self.reader = None;
    }

    /// Takes in the ledger's records below `upto`, in transactions of a limited length. A ledger
    /// that does not have the last record that was taken in was cut or replaced, and all of it is
    /// taken in anew.
    pub fn catch_up(&mut self, dir: &Path, upto: u64) -> Result<Caught, IndexError> {
        if self.given_up {
            // What the transaction gathered is lost with it: begin again from what is stored.
            self.reader = None;
            self.filler = Filler::resume(&self.db)?;
            self.read_place()?;
            self.given_up = false;
        }
        let anew = std::mem::take(&mut self.anew);
        let mut caught = Caught { next: self.next, anew, records: 0 };
        let mut same = self.reader.as_ref().is_some_and(|(open, _)| open == dir);
        // What is gone from the ledger is not to be found here either.
        let stale = self.next > 0
            && (!same || self.removed > self.begun)
            && ledger::pruned(dir)? > self.begun;
        same &= !stale;
        if !same {
            if stale {
                self.clear()?;
            } else if !self.fits(dir)? {
                self.clear()?;
                caught.anew = true;
            }
            self.begin(dir)?;
            let reader = Reader::open_at(dir, Sequence(self.next))?;
            self.reader = Some((dir.to_owned(), reader));
        }
        while self.next < upto && !self.stopping() {
            match self.batch(upto) {
                Ok((0, _)) => break,
                Ok((taken, more)) => {
                    caught.records += taken;
                    self.breathe(more)?;
                }
                // Whatever it was: most likely that it was told to stop.
                Err(_) if self.stopping() => break,
                Err(error) => return Err(error),
            }
        }
        if self.stopping() {
            // Otherwise all that was written since long is copied once more.
            self.db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        } else {
            self.breathe(false)?;
        }
        caught.next = self.next;
        Ok(caught)
    }

    /// An empty index notes where the ledger begins.
    fn begin(&mut self, dir: &Path) -> Result<(), IndexError> {
        if self.next == 0 {
            self.begun = ledger::pruned(dir)?;
            self.db
                .execute("UPDATE meta SET value = ?1 WHERE name = 'begun'", [int(self.begun)])?;
        }
        Ok(())
    }

    /// True if the ledger has the record that was taken in last, where it was.
    fn fits(&self, dir: &Path) -> Result<bool, IndexError> {
        let Some(before) = self.next.checked_sub(1) else { return Ok(true) };
        for entry in Reader::open_at(dir, Sequence(before))? {
            match entry {
                Ok(entry) => {
                    return Ok(entry.sequence.0 == before && digest(&entry) == self.last);
                }
                Err(LedgerError::Damaged(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(false)
    }

    /// Takes memory while there is much to do, and gives it back.
    fn breathe(&mut self, full: bool) -> Result<(), IndexError> {
        if full == std::mem::replace(&mut self.full, full) {
            return Ok(());
        }
        let cache = if full { CACHE_FULL_KIB } else { CACHE_KIB };
        self.db.pragma_update(None, "cache_size", -cache)?;
        if !full {
            self.db.execute_batch("PRAGMA shrink_memory")?;
        }
        Ok(())
    }

    /// One transaction: how many records it took in, and whether there are more.
    fn batch(&mut self, upto: u64) -> Result<(u64, bool), IndexError> {
        let Some((_, reader)) = self.reader.as_mut() else { return Ok((0, false)) };
        let begun = Instant::now();
        self.given_up = true;
        let transaction = self.db.unchecked_transaction()?;
        let (mut taken, mut next, mut damage) = (0, self.next, self.damage);
        let (mut last, mut more) = (None, true);
        while taken < BATCH && next < upto {
            if taken % BETWEEN_LOOKS == BETWEEN_LOOKS - 1 {
                if self.stop.load(Ordering::Relaxed) {
                    return Err(IndexError::Stopped);
                }
                if begun.elapsed() >= BATCH_TIME {
                    break;
                }
            }
            match reader.next() {
                Some(Ok(entry)) => {
                    self.removed = self.removed.max(removed(&entry));
                    self.filler.take(&self.db, &entry)?;
                    next = entry.sequence.0 + 1;
                    taken += 1;
                    last = Some(entry);
                }
                Some(Err(LedgerError::Damaged(_))) => damage += 1,
                Some(Err(error)) => return Err(error.into()),
                None => {
                    more = false;
                    break;
                }
            }
        }
        if taken == 0 && damage == self.damage {
            self.given_up = false;
            return Ok((0, false));
        }
        self.filler.settle(&self.db)?;
        let last = last.map_or_else(|| self.last.clone(), |entry| digest(&entry));
        let mut note = self.db.prepare_cached("INSERT OR REPLACE INTO meta VALUES (?1, ?2)")?;
        note.execute(params!["next", int(next)])?;
        note.execute(params!["last", last])?;
        note.execute(params!["damage", int(damage)])?;
        drop(note);
        transaction.commit()?;
        (self.next, self.damage, self.last) = (next, damage, last);
        self.given_up = false;
        Ok((taken, more && next < upto))
    }

    fn read_place(&mut self) -> Result<(), IndexError> {
        let value = |name: &str| -> Result<i64, rusqlite::Error> {
            self.db.query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| row.get(0))
        };
        let (next, damage, begun) = (value("next")?, value("damage")?, value("begun")?);
        self.last = self
            .db
            .query_row("SELECT value FROM meta WHERE name = 'last'", [], |row| row.get(0))?;
        self.next = u64::try_from(next).unwrap_or(0);
        self.damage = u64::try_from(damage).unwrap_or(0);
        self.begun = u64::try_from(begun).unwrap_or(0);
        self.removed = 0;
        Ok(())
    }
}

/// Gives every other thread of the machine precedence over this one.
pub fn step_back() -> io::Result<()> {
    /// The lowest priority that there is.
    const LAST: i32 = 19;
    // On Linux priorities are those of threads, and a thread's id stands in a process id's place.
    rustix::process::setpriority_process(Some(rustix::thread::gettid()), LAST)?;
    Ok(())
}

/// Up to where this record says that records were removed; 0 of any other.
fn removed(entry: &Entry) -> u64 {
    if !entry.payload.starts_with(br#"{"type":"pruned""#) {
        return 0;
    }
    match entry.record() {
        Ok(Record::Pruned(pruned)) => pruned.before,
        _ => 0,
    }
}

/// True if the file is not, or no longer, an index of this version, so that only a new one helps.
fn is_no_index(error: &IndexError) -> bool {
    match error {
        IndexError::Version => true,
        IndexError::Storage(error) => matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt)
        ),
        _ => false,
    }
}

fn digest(entry: &Entry) -> String {
    Sha256::digest(&entry.payload).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A file's name with something behind it.
pub(crate) fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn remove(file: &Path) -> Result<(), IndexError> {
    // The file last: what is left beside a new one would be taken for its own.
    for suffix in ["-wal", "-shm", "-journal", ""] {
        match fs::remove_file(beside(file, suffix)) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Makes an empty index under another name first: nobody ever opens half of one.
fn make(file: &Path) -> Result<(), IndexError> {
    let draft = beside(file, ".new");
    remove(&draft)?;
    // SQLite gives the files beside it the mode of this one.
    OpenOptions::new().create_new(true).write(true).mode(0o600).open(&draft)?;
    let db = Connection::open_with_flags(&draft, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    db.pragma_update(None, "journal_mode", "wal")?;
    db.execute_batch(&format!(
        "BEGIN;\n{}{}PRAGMA user_version = {};\nCOMMIT;",
        schema::TABLES,
        views::create(),
        schema::VERSION
    ))?;
    db.close().map_err(|(_, error)| error)?;
    remove(file)?;
    Ok(fs::rename(&draft, file)?)
}

fn connect(file: &Path) -> Result<Connection, IndexError> {
    if !file.exists() {
        make(file)?;
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(file, flags)?;
    db.set_prepared_statement_cache_capacity(64);
    db.pragma_update(None, "journal_mode", "wal")?;
    // Without a sync of its own for each transaction: what a loss of power takes is read again.
    db.pragma_update(None, "synchronous", "normal")?;
    db.pragma_update(None, "cache_size", -CACHE_KIB)?;
    db.pragma_update(None, "wal_autocheckpoint", 8_000)?;
    let version: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    match version {
        schema::VERSION => Ok(db),
        _ => Err(IndexError::Version),
    }
}

#[cfg(test)]
mod tests;
