//! Being a witness: a checkpoint is cosigned if it grew from the one that was cosigned before. What
//! was cosigned is on disk before anybody is told.

use anyhow::Context;
use std::{
    collections::HashMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};
use tlog::{AddCheckpoint, Checkpoint, CosignatureKey, VerifierKey};

/// The file with this witness's public key.
pub(crate) const KEY_FILE: &str = "witness.pub";

/// What is answered to a request: tlog-witness, "add-checkpoint".
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The cosignature's line.
    Cosigned(String),
    /// 400: the request is not one.
    Malformed(&'static str),
    /// 403: the checkpoint is not signed by its log.
    NotSigned,
    /// 404: this witness knows no such log.
    Unknown,
    /// 409: the checkpoint that was cosigned last has this size.
    Conflict(u64),
    /// 422: the checkpoint did not grow from the one before.
    Inconsistent,
    /// 500: what was cosigned could not be kept, so nothing was cosigned.
    Failed,
}

/// A witness for some logs.
#[derive(Debug)]
pub(crate) struct Witness {
    key: CosignatureKey,
    logs: HashMap<String, VerifierKey>,
    dir: PathBuf,
    /// One request at a time: comparing with what was cosigned and replacing it is one step.
    turn: Mutex<()>,
}

impl Witness {
    /// A witness with this name and seed for these logs, which keeps what it cosigned in a folder
    /// of its own. Writes its public key beside it.
    pub(crate) fn new(
        name: &str,
        seed: &[u8; 32],
        logs: &[VerifierKey],
        state: &Path,
    ) -> anyhow::Result<Self> {
        let key = CosignatureKey::from_seed(name, seed).context("[witness] name")?;
        let dir = state.join("witness");
        fs::create_dir_all(&dir).with_context(|| format!("{}", dir.display()))?;
        let file = state.join(KEY_FILE);
        fs::write(&file, format!("{}\n", key.verifier()))
            .with_context(|| format!("{}", file.display()))?;
        let logs = logs.iter().map(|log| (log.name().to_owned(), log.clone())).collect();
        Ok(Self { key, logs, dir, turn: Mutex::new(()) })
    }

    /// Answers one request, made at this time (seconds since the epoch).
    pub(crate) fn add_checkpoint(&self, body: &str, now: u64) -> Answer {
        let request = match AddCheckpoint::parse(body) {
            Ok(request) => request,
            Err(error) => return Answer::Malformed(error.0),
        };
        let origin = request.checkpoint.lines().next().unwrap_or_default();
        let Some(log) = self.logs.get(origin) else { return Answer::Unknown };
        let Ok(text) = log.open(&request.checkpoint) else { return Answer::NotSigned };
        let head = match Checkpoint::parse(text) {
            Ok(head) => head,
            Err(error) => return Answer::Malformed(error.0),
        };
        if request.old > head.size {
            return Answer::Malformed("the old size is larger than the checkpoint's");
        }
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let file = self.file(origin);
        let Ok(before) = last(&file, log) else { return Answer::Failed };
        let size = before.as_ref().map_or(0, |before| before.size);
        if request.old != size {
            return Answer::Conflict(size);
        }
        let root = before.as_ref().map_or(tlog::EMPTY_ROOT, |before| before.root);
        if size == head.size && size > 0 && root != head.root {
            return Answer::Conflict(size);
        }
        let grew = tlog::verify_consistency((size, &root), (head.size, &head.root), &request.proof);
        if !grew {
            return Answer::Inconsistent;
        }
        if keep(&file, &request.checkpoint).is_err() {
            return Answer::Failed;
        }
        Answer::Cosigned(self.key.cosign(text, now))
    }

    /// Where the checkpoint lies that was cosigned last for this log.
    fn file(&self, origin: &str) -> PathBuf {
        let name = tlog::leaf(origin.as_bytes());
        let name: String = name.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        self.dir.join(name)
    }
}

/// The checkpoint that was cosigned last. What cannot be read is an error and not a new beginning.
fn last(file: &Path, log: &VerifierKey) -> anyhow::Result<Option<Checkpoint>> {
    let note = match fs::read_to_string(file) {
        Ok(note) => note,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    Ok(Some(Checkpoint::parse(log.open(&note)?)?))
}

fn keep(file: &Path, note: &str) -> std::io::Result<()> {
    let draft = file.with_extension("new");
    let mut out = fs::File::create(&draft)?;
    out.write_all(note.as_bytes())?;
    out.sync_all()?;
    fs::rename(&draft, file)?;
    match file.parent() {
        Some(dir) => fs::File::open(dir)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
