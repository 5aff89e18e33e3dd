//! Segment files: names, headers, creation. Knows frames only by their place.
//!
//! A directory holds `00000000000000000000.segment`, named by its first sequence, and so on. A
//! segment begins with a header and ends where its successor begins: bytes behind that point are
//! what a failed disk left, and are not part of the log.

use crate::{
    error::LedgerError,
    frame::{Digest32, GENESIS},
};
use std::{
    ffi::OsStr,
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// `magic ‖ first sequence u64 LE ‖ chain before ‖ CRC-32C of these u32 LE`.
pub(crate) const HEADER: usize = 52;
/// The last byte is the version of the format.
const MAGIC: &[u8; 8] = b"weirlog\x01";
const EXTENSION: &str = "segment";
/// Of segments that were folded and had something behind their end.
pub(crate) const RUINS: &str = "ruins";

/// What a header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// The sequence of the segment's first record.
    pub(crate) first: u64,
    /// The chain before it.
    pub(crate) before: Digest32,
}

impl Header {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&self.first.to_le_bytes());
        out.extend_from_slice(&self.before);
        let crc = crc32c::crc32c(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out
    }

    /// `None` if these are not a header's bytes.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (body, crc) = bytes.split_at_checked(HEADER - 4)?;
        let crc = crc.first_chunk::<4>()?;
        if crc32c::crc32c(body) != u32::from_le_bytes(*crc) {
            return None;
        }
        let rest = body.strip_prefix(MAGIC)?;
        let (first, before) = rest.split_first_chunk::<8>()?;
        Some(Self { first: u64::from_le_bytes(*first), before: *before.first_chunk()? })
    }
}

/// The header of an empty log's first segment.
pub(crate) const FIRST: Header = Header { first: 0, before: GENESIS };

/// The path of the segment that begins at this sequence.
pub(crate) fn path(dir: &Path, first: u64) -> PathBuf {
    dir.join(format!("{first:020}.{EXTENSION}"))
}

/// The path of a segment that was folded, with what stands behind its end, which was before this
/// sequence.
pub(crate) fn ruins(dir: &Path, end: u64) -> PathBuf {
    dir.join(format!("{end:020}.{RUINS}"))
}

/// The first sequences of all segments, ascending, by their names.
pub(crate) fn list(dir: &Path) -> Result<Vec<u64>, LedgerError> {
    named(dir, EXTENSION)
}

/// The first sequences of the files with this extension.
pub(crate) fn named(dir: &Path, extension: &str) -> Result<Vec<u64>, LedgerError> {
    let failed = |error| LedgerError::io("list", dir, error);
    let mut firsts = Vec::new();
    for entry in fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension() == Some(OsStr::new(extension)) {
            let stem = path.file_stem().and_then(OsStr::to_str).unwrap_or_default();
            if stem.len() == 20 {
                firsts.extend(stem.parse::<u64>());
            }
        }
    }
    firsts.sort_unstable();
    Ok(firsts)
}

/// Makes a file with a header under this path, which must not exist yet. On failure nothing stays.
pub(crate) fn create(path: &Path, header: &Header) -> Result<File, LedgerError> {
    let mut options = OpenOptions::new();
    let opened = options.read(true).write(true).create_new(true).mode(0o600).open(path);
    let file = opened.map_err(|error| LedgerError::io("create", path, error))?;
    file.write_all_at(&header.encode(), 0).map_err(|error| {
        // The log is as it was without the file; if even its removal fails, recovery finds a
        // segment without records and takes it over.
        let _ = fs::remove_file(path);
        LedgerError::io("write", path, error)
    })?;
    Ok(file)
}

/// Makes names in the directory durable.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), LedgerError> {
    let synced: io::Result<()> = File::open(dir).and_then(|file| file.sync_all());
    synced.map_err(|error| LedgerError::io("sync", dir, error))
}
