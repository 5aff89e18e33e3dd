//! Notices that files changed, by looking twice a second. Looking beats being told: it sees the
//! symlink swaps of Kubernetes, network mounts and editors that write a new file, and it cannot
//! lose an event. Knows not what the files hold.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::Duration,
};

/// How often to look.
pub(crate) const INTERVAL: Duration = Duration::from_millis(500);

/// What is watched.
#[derive(Clone, Debug)]
pub(crate) enum Watched {
    /// One file.
    File(PathBuf),
    /// The files of a folder that have this extension; not its subfolders.
    Folder(PathBuf, &'static str),
}

/// A state of what is watched. Two that are equal mean that nothing changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Print(Vec<(PathBuf, Mark)>);

/// Device, inode, length and times of a file after all symlinks, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Mark {
    There([i128; 5]),
    Not(io::ErrorKind),
}

impl Watched {
    /// Looks now.
    pub(crate) fn print(&self) -> Print {
        match self {
            Self::File(file) => Print(vec![(file.clone(), mark(file))]),
            Self::Folder(dir, extension) => match files(dir, extension) {
                Ok(files) => {
                    Print(files.into_iter().map(|file| (file.clone(), mark(&file))).collect())
                }
                Err(error) => Print(vec![(dir.clone(), Mark::Not(error.kind()))]),
            },
        }
    }
}

fn files(dir: &Path, extension: &str) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        let file = entry?.path();
        if file.extension().is_some_and(|found| found == extension) {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

fn mark(file: &Path) -> Mark {
    match fs::metadata(file) {
        Ok(data) => Mark::There([
            i128::from(data.dev()),
            i128::from(data.ino()),
            i128::from(data.len()),
            i128::from(data.mtime()) * 1_000_000_000 + i128::from(data.mtime_nsec()),
            i128::from(data.ctime()) * 1_000_000_000 + i128::from(data.ctime_nsec()),
        ]),
        Err(error) => Mark::Not(error.kind()),
    }
}

/// Remembers what was seen, and says when something else has settled: a file that is being written
/// looks different twice, and is left alone until it looks the same twice.
#[derive(Debug)]
pub(crate) struct Watch {
    watched: Watched,
    acted_on: Print,
    last: Print,
}

impl Watch {
    /// What is there now counts as known.
    pub(crate) fn new(watched: Watched) -> Self {
        let now = watched.print();
        Self { watched, acted_on: now.clone(), last: now }
    }

    /// Looks once; true if what is there has settled and differs from what was last acted on.
    pub(crate) fn settled(&mut self) -> bool {
        let now = self.watched.print();
        let settled = now == self.last && now != self.acted_on;
        if settled {
            self.acted_on = now.clone();
        }
        self.last = now;
        settled
    }
}

#[cfg(test)]
mod tests;
