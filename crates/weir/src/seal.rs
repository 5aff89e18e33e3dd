//! The key under which control state is kept that must not be of use to whoever copies the database
//! alone: a file of its own in the state folder. Knows not what is sealed.

use anyhow::{Context, bail};
use std::{
    fs::{File, OpenOptions},
    io::{ErrorKind, Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

/// Its name.
const FILE: &str = "seal.key";

/// The key; made if it is not there and `make` says so.
pub(crate) fn key(state_dir: &Path, make: bool) -> anyhow::Result<[u8; 32]> {
    let path = state_dir.join(FILE);
    let of = || path.display().to_string();
    match read(&path) {
        Err(error) if make && error.kind() == ErrorKind::NotFound => {}
        read => return read.with_context(of).and_then(|bytes| fit(&path, bytes)),
    }
    let fresh = identity::secret::random_key()?;
    // Whole or not at all, and of two processes that make one at once the first one's.
    let draft = state_dir.join(format!("{FILE}.{}", std::process::id()));
    let _ = std::fs::remove_file(&draft);
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft);
    let written = opened.and_then(|mut file| file.write_all(&fresh).and_then(|()| file.sync_all()));
    let linked = written.and_then(|()| std::fs::hard_link(&draft, &path));
    let _ = std::fs::remove_file(&draft);
    match linked {
        Ok(()) => File::open(state_dir)?.sync_all().with_context(of)?,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error).with_context(of),
    }
    read(&path).with_context(of).and_then(|bytes| fit(&path, bytes))
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(33).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn fit(path: &Path, bytes: Vec<u8>) -> anyhow::Result<[u8; 32]> {
    if std::fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
        bail!("{} can be read by others: chmod 600 it", path.display());
    }
    bytes.try_into().map_err(|_| anyhow::anyhow!("{} is not 32 bytes", path.display()))
}
