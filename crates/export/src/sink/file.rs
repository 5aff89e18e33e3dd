//! JSON lines in a file that is set aside when it is long. Knows nothing of what the lines say.

use crate::{error::ExportError, event::Event};
use std::{
    ffi::OsString,
    fs, io,
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// How far back the end of a line is looked for that was cut off.
const TAIL_BYTES: u64 = 16 << 20;

/// The file.
#[derive(Debug)]
pub(crate) struct File {
    path: PathBuf,
    rotate_bytes: u64,
    keep: u64,
    open: Option<fs::File>,
}

impl File {
    pub(super) fn new(path: &Path, rotate_bytes: u64, keep: u64) -> Self {
        Self { path: path.to_owned(), rotate_bytes, keep, open: None }
    }

    /// Writes and syncs the lines.
    pub(super) fn deliver(&mut self, events: &[Event]) -> Result<(), ExportError> {
        let result = self.write(events);
        if result.is_err() {
            // What was written of a batch is cut back to whole lines when it is opened again.
            self.open = None;
        }
        result.map_err(|error| ExportError::File { path: self.path.clone(), error })
    }

    fn write(&mut self, events: &[Event]) -> io::Result<()> {
        let mut file = match self.open.take().filter(|file| self.is_in_place(file)) {
            Some(file) => file,
            None => self.open()?,
        };
        let mut text = Vec::new();
        for event in events {
            text.extend_from_slice(event.line().as_bytes());
            text.push(b'\n');
        }
        file.write_all(&text)?;
        file.sync_data()?;
        if file.metadata()?.len() >= self.rotate_bytes {
            drop(file);
            // What was written is delivered, whatever becomes of the file's name.
            if let Err(error) = self.rotate() {
                tracing::warn!(path = %self.path.display(), %error, "not rotated");
            }
            return Ok(());
        }
        self.open = Some(file);
        Ok(())
    }

    /// False if somebody moved the file away, as a log shipper may.
    fn is_in_place(&self, file: &fs::File) -> bool {
        use std::os::unix::fs::MetadataExt;
        let (Ok(open), Ok(there)) = (file.metadata(), fs::metadata(&self.path)) else {
            return false;
        };
        (open.dev(), open.ino()) == (there.dev(), there.ino())
    }

    /// Opens it behind the last whole line: half a line is what a crash left.
    fn open(&self) -> io::Result<fs::File> {
        let mut options = fs::OpenOptions::new();
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let is_new = !self.path.exists();
        let mut file = options.create(true).read(true).append(true).open(&self.path)?;
        if is_new {
            // A loss of power is to take no name of what counts as delivered.
            self.sync_folder()?;
        }
        let length = file.metadata()?.len();
        let from = length.saturating_sub(TAIL_BYTES);
        let mut tail = Vec::new();
        file.seek(SeekFrom::Start(from))?;
        file.read_to_end(&mut tail)?;
        if tail.last().is_some_and(|byte| *byte != b'\n') {
            let whole = tail.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            file.set_len(from + whole as u64)?;
        }
        Ok(file)
    }

    /// `events.jsonl` becomes `events.jsonl.1`, that one `.2`, and so on.
    fn rotate(&self) -> io::Result<()> {
        for number in (1..self.keep).rev() {
            match fs::rename(self.aside(number), self.aside(number + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        fs::rename(&self.path, self.aside(1))?;
        self.sync_folder()
    }

    fn sync_folder(&self) -> io::Result<()> {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }

    fn aside(&self, number: u64) -> PathBuf {
        let mut name = OsString::from(self.path.as_os_str());
        name.push(format!(".{number}"));
        name.into()
    }
}

#[cfg(test)]
mod tests;
