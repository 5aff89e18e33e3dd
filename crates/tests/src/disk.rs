//! Disks that become full. Knows no server.

use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use testkit::tool;

/// A small file system at a folder, unmounted when dropped.
#[derive(Debug)]
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts one, which only root may.
    pub fn mount(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let arguments = ["-t", "tmpfs", "-o", "size=2m", "tmpfs", &folder.to_string_lossy()];
        tool::run("mount", arguments)?.success().context("mounting needs root")?;
        Ok(Self(folder.to_owned()))
    }

    /// Fills it.
    pub fn fill(&self) -> Result<()> {
        // The kernel says "no space" in the end; that is the purpose.
        let target = format!("of={}", self.ballast().display());
        tool::run("dd", ["if=/dev/zero", &target, "bs=4k", "count=10000"])?;
        Ok(())
    }

    /// Gives the room back.
    pub fn clear(&self) -> Result<()> {
        fs::remove_file(self.ballast()).context("it was not filled")
    }

    fn ballast(&self) -> PathBuf {
        self.0.join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = tool::run("umount", ["-l", &self.0.to_string_lossy()]);
    }
}
