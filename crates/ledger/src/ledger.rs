//! The handle that the rest of the program holds: staging and handing over. Knows no disk; the
//! writer does, and the keeper knows when.

use crate::{
    batch::Batch,
    error::LedgerError,
    fold::Keeping,
    frame::{self, RECORD_BYTES},
    hold::Hold,
    ids::{Sequence, SessionId},
    keeper::{self, Keeper, Synced},
    keys::{self, Keys},
    lead::{Leader, Pace},
    publish::{self, Published, Publisher},
    record::{Fate, Record, Started},
    recovery::{self, Recovery},
    redact::Redactor,
    seal::Ratchet,
    time::Time,
    vault::Vault,
    withdrawn::Ranges,
    writer::Writer,
};
use std::{
    borrow::Cow,
    cell::RefCell,
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering},
    },
    thread::JoinHandle,
};

/// How many bytes may be staged or unsynced together. Beyond it statements are refused: the disk
/// does not keep up, and memory is not a place for evidence.
pub const BACKLOG_BYTES: usize = 64 << 20;
/// How many sessions a `started` record names as left open.
pub const OPEN_SESSIONS_NAMED: usize = 1_000;
const LOCK_FILE: &str = "lock";

/// What `open` needs to know.
#[derive(Clone, Debug)]
pub struct Options {
    /// The node's name, for the `started` record.
    pub node: String,
    /// The log's name in its checkpoints, if it begins now: a URL without its scheme.
    pub origin: String,
    /// Weir's version, for the `started` record.
    pub version: String,
    /// The time, for the `started` record.
    pub now: Time,
    /// A segment that is at least this long is closed and another begun.
    pub segment_bytes: u64,
}

impl Options {
    /// With segments of 64 MiB.
    pub fn new(node: &str, version: &str, now: Time) -> Self {
        let plain = |c: char| if c.is_alphanumeric() || "-._".contains(c) { c } else { '-' };
        let host: String = node.chars().map(plain).collect();
        Self {
            node: node.into(),
            origin: format!("{host}/weir"),
            version: version.into(),
            now,
            segment_bytes: 64 << 20,
        }
    }
}

/// Counts since the log was opened, for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Records in the log, staged ones included.
    pub records: u64,
    /// Records that are in the kernel.
    pub written: u64,
    /// Records on stable storage.
    pub synced: u64,
    /// write(2) calls that carried records.
    pub writes: u64,
    /// Bytes that they carried.
    pub bytes: u64,
    /// fdatasync(2) rounds.
    pub syncs: u64,
    /// Rounds and writes that failed.
    pub failures: u64,
    /// Records withdrawn because they could not be written.
    pub withdrawn: u64,
    /// Bytes that wait in memory for a write or a sync.
    pub backlog_bytes: u64,
    /// Records under a durable seal.
    pub sealed: u64,
    /// Records under the newest checkpoint.
    pub checkpointed: u64,
    /// Attempts to make a checkpoint that failed.
    pub checkpoint_failures: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) writes: AtomicU64,
    pub(crate) bytes: AtomicU64,
    pub(crate) syncs: AtomicU64,
    pub(crate) failures: AtomicU64,
    pub(crate) withdrawn: AtomicU64,
}

/// What handles and the keeper's thread share. Locks are taken in the order turn, writer, keeper,
/// stage.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) dir: PathBuf,
    pub(crate) segment_bytes: u64,
    pub(crate) stage: Mutex<Batch>,
    pub(crate) writer: Mutex<Writer>,
    pub(crate) keeper: Keeper,
    /// Held by whoever syncs.
    pub(crate) turn: Mutex<Turn>,
    pub(crate) pace: Pace,
    /// Records below this sequence are in the kernel.
    pub(crate) written: AtomicU64,
    /// Records below this sequence are on stable storage.
    pub(crate) synced: AtomicU64,
    /// Records below this sequence are under a durable seal.
    pub(crate) sealed: AtomicU64,
    pub(crate) published: Published,
    /// Bytes that are written and not synced, or that failed to be written.
    pub(crate) backlog: AtomicUsize,
    /// Set from a failure until everything is written and, after a failed sync, synced again.
    pub(crate) failing: AtomicBool,
    cause: Mutex<Arc<LedgerError>>,
    pub(crate) withdrawn: Ranges,
    pub(crate) counters: Counters,
    /// What folds and prunes, one at a time.
    pub(crate) keeping: Mutex<Keeping>,
    /// Whether a legal hold forbids that anything is removed.
    pub(crate) hold: Hold,
    redactor: Redactor,
    vault: Vault,
    salt: AtomicU32,
    /// Held for as long as anything may write.
    pub(crate) lock: File,
}

/// The right to sync: only one thread at a time knows which files there are.
#[derive(Debug, Default)]
pub(crate) struct Turn;

/// Locks without a thought for poisoning: no code that holds one of these locks can panic halfway
/// through a change, because nothing here panics.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inner {
    /// Notes a failure. Statements are refused from here on.
    pub(crate) fn fail(&self, error: &LedgerError) {
        *lock(&self.cause) = Arc::new(error.clone());
        self.failing.store(true, Ordering::Release);
        self.counters.failures.fetch_add(1, Ordering::Relaxed);
        self.arm();
    }

    pub(crate) fn unhealthy(&self) -> LedgerError {
        LedgerError::Unhealthy(lock(&self.cause).clone())
    }

    /// How many records are durable and sealed.
    pub(crate) fn sealed(&self) -> u64 {
        self.sealed.load(Ordering::Acquire)
    }

    fn append(&self, record: &Record<'_>) -> Result<Sequence, LedgerError> {
        thread_local! {
            static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
        }
        let fate = record.fate();
        if fate == Fate::Withdraw && self.failing.load(Ordering::Acquire) {
            return Err(self.unhealthy());
        }
        SCRATCH.with_borrow_mut(|payload| {
            payload.clear();
            record.encode(payload)?;
            if payload.len() > RECORD_BYTES {
                return Err(LedgerError::TooLong(payload.len()));
            }
            let leaf = frame::leaf(payload);
            let mut stage = lock(&self.stage);
            let waiting = stage.bytes.len() + self.backlog.load(Ordering::Relaxed);
            if waiting + payload.len() > BACKLOG_BYTES {
                return Err(LedgerError::Backlog);
            }
            let sequence = Sequence(stage.end());
            stage.push(payload, &leaf, fate);
            drop(stage);
            // Whoever appends an intent hands it over; what tells of the past may be left to the
            // keeper.
            if fate == Fate::Keep {
                self.arm();
            }
            Ok(sequence)
        })
    }

    pub(crate) fn hand_over(&self, upto: Sequence) -> Result<(), LedgerError> {
        if self.written.load(Ordering::Acquire) <= upto.0 {
            let mut writer = lock(&self.writer);
            // While this thread waited for the lock, its holder may have written its record too.
            if self.written.load(Ordering::Acquire) <= upto.0 {
                // What it means for this record is read from the state below: a failure may have
                // hit others' records and spared this one.
                let _ = writer.flush(self);
            }
        }
        if self.withdrawn.contains(upto) {
            return Err(LedgerError::Withdrawn(upto));
        }
        if self.written.load(Ordering::Acquire) <= upto.0 {
            return Err(self.unhealthy());
        }
        Ok(())
    }
}

/// The log, open for writing. Cheap to clone. When the last clone goes, what is staged is written
/// and synced and the lock is released.
///
/// - `append` assigns a place and keeps the record in memory.
/// - `hand_over` returns when it is in the kernel: a crash of Weir no longer loses it.
/// - `synced` resolves when it is on stable storage.
///
/// When the disk refuses, records that announce something (`intent`, `session_opened`) are
/// withdrawn: their `hand_over` fails, their statements must not run, and a `withdrawn` record
/// takes their place. All other records tell of what has happened and are kept until there is
/// room.
#[derive(Clone, Debug)]
pub struct Ledger {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    inner: Arc<Inner>,
    keys: Keys,
    /// The keeper's and the publisher's, in the order in which they end.
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Ledger {
    /// Opens the log in this directory, which is made if it is missing, for writing by this
    /// process alone. Finds out what an earlier run left, repairs a torn tail, and writes a
    /// `started` record that says so.
    pub fn open(dir: &Path, options: Options) -> Result<(Self, Recovery), LedgerError> {
        fs::create_dir_all(dir).map_err(|error| LedgerError::io("create", dir, error))?;
        let lock_file = acquire(dir)?;
        let keyless = !dir.join(crate::redact::KEY_FILE).exists();
        let redactor = Redactor::open(dir)?;
        let (key, keys) = keys::open(dir, &options.origin)?;
        let (mut recovery, mut tail) = recovery::recover(dir)?;
        recovery.new_hashes = keyless && recovery.records > 0;
        if let Ok(Some(head)) = publish::newest(dir, &keys.log) {
            recovery.skip_to(head.size, &mut tail);
        }
        let (ratchet, trouble) = Ratchet::open(dir, recovery.last_seal.as_ref())?;
        recovery.trouble.extend(trouble);
        let mut salt = [0; 4];
        getrandom::fill(&mut salt).map_err(|error| {
            LedgerError::io("read", "/dev/urandom", std::io::Error::other(error.to_string()))
        })?;
        let next = recovery.records;
        let stage = Batch::new(next);
        let (writer, file) = Writer::open(dir, tail, ratchet)?;
        let (publisher, trouble) = Publisher::open(dir, key)?;
        recovery.trouble.extend(trouble);
        let inner = Arc::new(Inner {
            dir: dir.to_owned(),
            segment_bytes: options.segment_bytes,
            stage: Mutex::new(stage),
            writer: Mutex::new(writer),
            keeper: Keeper::new(file),
            turn: Mutex::default(),
            pace: Pace::default(),
            written: AtomicU64::new(next),
            synced: AtomicU64::new(next),
            sealed: AtomicU64::new(0),
            published: Published::new(publisher.size()),
            backlog: AtomicUsize::new(0),
            failing: AtomicBool::new(false),
            cause: Mutex::new(Arc::new(LedgerError::Closed)),
            withdrawn: Ranges::default(),
            counters: Counters::default(),
            keeping: Mutex::default(),
            hold: Hold::default(),
            redactor,
            vault: Vault::new(dir),
            salt: AtomicU32::new(u32::from_le_bytes(salt)),
            lock: lock_file,
        });
        let threads =
            vec![keeper::start(inner.clone())?, publish::start(inner.clone(), publisher)?];
        let threads = Mutex::new(threads);
        let ledger = Self { shared: Arc::new(Shared { inner, keys, threads }) };
        let started = ledger.append(&started(&options, &recovery).into())?;
        ledger.hand_over(started)?;
        ledger.synced(started).wait()?;
        Ok((ledger, recovery))
    }

    /// Encodes a record and stages it in memory. An error means that it will not be written.
    pub fn append(&self, record: &Record<'_>) -> Result<Sequence, LedgerError> {
        self.shared.inner.append(record)
    }

    /// Returns when the record and all before it are in the kernel. One thread writes for all that
    /// wait; nothing is done if it is there already. On an error the record is withdrawn or, if it
    /// tells of what has happened, still in memory.
    pub fn hand_over(&self, upto: Sequence) -> Result<(), LedgerError> {
        self.shared.inner.hand_over(upto)
    }

    /// Resolves when the record and all before it are on stable storage. Needs no runtime.
    pub fn synced(&self, upto: Sequence) -> Synced {
        Synced::new(self.shared.inner.clone(), upto)
    }

    /// For threads that say when they are about to rest. Holds nothing open.
    pub fn leader(&self) -> Leader {
        Leader::new(&self.shared.inner)
    }

    /// To be called by a thread that lets others go on before it goes on itself, without a rest:
    /// whoever waits on it for the disk is served by others then.
    pub fn before_more(&self) {
        self.shared.inner.hand_on();
    }

    /// True if the record is on stable storage.
    pub fn is_synced(&self, upto: Sequence) -> bool {
        self.shared.inner.synced.load(Ordering::Acquire) > upto.0
            && !self.shared.inner.withdrawn.contains(upto)
    }

    /// True unless a write or a sync failed and has not been made up for.
    pub fn healthy(&self) -> bool {
        !self.shared.inner.failing.load(Ordering::Acquire)
    }

    /// Why the log is not healthy.
    pub fn cause(&self) -> Option<LedgerError> {
        (!self.healthy()).then(|| self.shared.inner.unhealthy())
    }

    /// Why the last attempt to make a checkpoint failed, if it did.
    pub fn checkpoint_cause(&self) -> Option<LedgerError> {
        lock(&self.shared.inner.published.cause).clone()
    }

    /// Counts since the log was opened.
    pub fn stats(&self) -> Stats {
        let inner = &self.shared.inner;
        let staged = lock(&inner.stage);
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            records: staged.end(),
            written: load(&inner.written),
            synced: load(&inner.synced),
            writes: load(&inner.counters.writes),
            bytes: load(&inner.counters.bytes),
            syncs: load(&inner.counters.syncs),
            failures: load(&inner.counters.failures),
            withdrawn: load(&inner.counters.withdrawn),
            backlog_bytes: (staged.bytes.len() + inner.backlog.load(Ordering::Relaxed)) as u64,
            sealed: load(&inner.sealed),
            checkpointed: load(&inner.published.size),
            checkpoint_failures: load(&inner.published.failures),
        }
    }

    /// Hashes values for records, with this log's key.
    pub fn redactor(&self) -> &Redactor {
        &self.shared.inner.redactor
    }

    /// Encrypts texts that policy keeps.
    pub fn vault(&self) -> &Vault {
        &self.shared.inner.vault
    }

    /// What auditors need to verify this log.
    pub fn keys(&self) -> &Keys {
        &self.shared.keys
    }

    /// An id for a session that opens now; no other of this log has it.
    pub fn session(&self, now: Time) -> SessionId {
        SessionId::new(now, self.shared.inner.salt.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.shared.inner
    }

    /// Where it lies.
    pub fn dir(&self) -> &Path {
        &self.shared.inner.dir
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.inner.keeper.stop();
        for thread in lock(&self.threads).drain(..) {
            // A panicked thread has nothing left to be waited for.
            let _ = thread.join();
            // The last checkpoint covers what the keeper synced last.
            self.inner.published.stop();
        }
    }
}

fn acquire(dir: &Path) -> Result<File, LedgerError> {
    let path = dir.join(LOCK_FILE);
    let opened = File::options().read(true).write(true).create(true).truncate(false).open(&path);
    let file = opened.map_err(|error| LedgerError::io("open", &path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LedgerError::Locked(dir.to_owned())),
        Err(TryLockError::Error(error)) => Err(LedgerError::io("lock", &path, error)),
    }
}

fn started<'a>(options: &'a Options, recovery: &'a Recovery) -> Started<'a> {
    let sessions = recovery.open_sessions.iter().take(OPEN_SESSIONS_NAMED).copied().collect();
    Started {
        time: options.now,
        node: Cow::Borrowed(&options.node),
        version: Cow::Borrowed(&options.version),
        process: std::process::id(),
        records: recovery.records,
        clean: recovery.clean,
        torn_bytes: recovery.torn_bytes,
        damage: recovery.damage().map(Cow::Owned),
        open_sessions: Cow::Owned(sessions),
        unknown_outcomes: recovery.unknown.len() as u64,
    }
}

#[cfg(test)]
mod tests;
