//! Room kept for bad times: a file that is given up when the disk is full, so that outcomes of
//! statements that ran can still be written. Knows no records.

use crate::error::LedgerError;
use rustix::{
    fs::{FallocateFlags, fallocate},
    io::Errno,
};
use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// How much room is kept.
pub const RESERVE_BYTES: u64 = 1 << 20;
const FILE: &str = "reserve";

/// The reserve of one directory.
#[derive(Debug)]
pub(crate) struct Reserve {
    path: PathBuf,
    held: bool,
}

impl Reserve {
    pub(crate) fn new(dir: &Path) -> Self {
        Self { path: dir.join(FILE), held: false }
    }

    /// Takes the room if it is not held. Fails if there is none.
    pub(crate) fn restore(&mut self) -> Result<(), LedgerError> {
        if !self.held {
            occupy(&self.path).map_err(|error| {
                // A part of the reserve only narrows the room that is left.
                let _ = fs::remove_file(&self.path);
                LedgerError::io("reserve room in", &self.path, error)
            })?;
            self.held = true;
        }
        Ok(())
    }

    /// Gives the room up; false if it was given up before.
    pub(crate) fn release(&mut self) -> bool {
        let was_held = std::mem::take(&mut self.held);
        was_held && fs::remove_file(&self.path).is_ok()
    }
}

fn occupy(path: &Path) -> io::Result<()> {
    let mut file = File::options().write(true).create(true).truncate(true).open(path)?;
    match fallocate(&file, FallocateFlags::empty(), 0, RESERVE_BYTES) {
        Ok(()) => Ok(()),
        // Not every filesystem can; writing takes the room everywhere.
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => {
            io::copy(&mut io::Read::take(io::repeat(0), RESERVE_BYTES), &mut file)?;
            file.flush()
        }
        Err(error) => Err(error.into()),
    }
}
