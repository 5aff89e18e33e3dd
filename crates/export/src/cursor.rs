//! Where a sink stands in the log, kept in a file. Knows no sink.

use crate::error::ExportError;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

/// A place in a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cursor {
    /// The log's name with its key.
    pub(crate) log: String,
    /// Everything before this record was acknowledged.
    pub(crate) next: u64,
    /// From this record on lies what later ones refer to: where the run began.
    pub(crate) run: u64,
}

/// The file.
#[derive(Clone, Debug)]
pub(crate) struct CursorFile {
    path: PathBuf,
}

impl CursorFile {
    /// In this folder, which is made if it is missing.
    pub(crate) fn new(folder: &Path, sink: &str) -> Result<Self, ExportError> {
        fs::create_dir_all(folder)
            .map_err(|error| ExportError::File { path: folder.to_owned(), error })?;
        Ok(Self { path: folder.join(format!("{sink}.cursor")) })
    }

    /// What it holds; `None` if there is no such file. A file that holds something else is an
    /// error: to begin anew is for a person to decide.
    pub(crate) fn load(&self) -> Result<Option<Cursor>, ExportError> {
        match fs::read(&self.path) {
            Ok(bytes) => match serde_json::from_slice(&bytes) {
                Ok(cursor) => Ok(Some(cursor)),
                Err(_) => Err(ExportError::Cursor(self.path.clone())),
            },
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Replaces what it holds, whole or not at all, and on stable storage.
    pub(crate) fn save(&self, cursor: &Cursor) -> Result<(), ExportError> {
        let draft = self.path.with_extension("cursor.draft");
        let text = serde_json::to_vec(cursor).map_err(|_| ExportError::Cursor(draft.clone()))?;
        let write = || {
            let mut file = File::create(&draft)?;
            file.write_all(&text)?;
            file.sync_all()?;
            fs::rename(&draft, &self.path)?;
            match self.path.parent() {
                Some(folder) => File::open(folder)?.sync_all(),
                None => Ok(()),
            }
        };
        write().map_err(|error| self.failed(error))
    }

    fn failed(&self, error: std::io::Error) -> ExportError {
        ExportError::File { path: self.path.clone(), error }
    }
}

#[cfg(test)]
mod tests;
