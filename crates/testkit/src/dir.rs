//! Folders that remove themselves. Knows nothing of what is put into them.

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, process};

/// A new, empty folder below the system's temporary folder, removed when the value is dropped.
#[derive(Debug)]
pub struct TestDir {
    path: PathBuf,
}

/// Removes the folders of processes that were killed before they could.
fn sweep() {
    let Ok(entries) = fs::read_dir(env::temp_dir()) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let mut parts = name.rsplit('-');
        let owner = parts.nth(1).filter(|pid| pid.parse::<u32>().is_ok());
        let Some(pid) = owner.filter(|_| name.starts_with("weir-")) else { continue };
        if !Path::new("/proc").join(pid).exists() && env::var_os("WEIR_KEEP").is_none() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

impl TestDir {
    /// Makes the folder. `purpose` becomes part of its name, for the reader of `ls /tmp`.
    ///
    /// Socket paths may not exceed 107 bytes, so the name is kept short.
    pub fn new(purpose: &str) -> Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        sweep();
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("weir-{purpose}-{}-{number}", process::id()));
        // A folder of that name can only be the leftover of a killed process with our id.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self { path })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A path below it.
    pub fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

impl Drop for TestDir {
    fn drop(&mut self) {
        // `WEIR_KEEP` leaves servers' logs for whoever hunts a failure.
        if env::var_os("WEIR_KEEP").is_none() {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}
