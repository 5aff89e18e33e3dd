//! What Weir wrote: every file of its folder, looked through for what must not be there.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// Every file below a folder.
fn files(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, all),
            // A socket holds nothing.
            false if !path.is_file() => {}
            false => all.push(path),
        }
    }
}

/// No file below the folder holds any of these texts.
///
/// # Panics
/// Where one does, or where there is too little to look at.
pub fn assert_nowhere(folder: &Path, secrets: &[String]) {
    let mut written = Vec::new();
    files(folder, &mut written);
    assert!(written.len() > 5, "{written:?}");
    for file in &written {
        let bytes = match std::fs::read(file) {
            // A running Weir has files that come and go.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            bytes => bytes.unwrap(),
        };
        for secret in secrets {
            let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!found, "{} holds {secret}", file.display());
        }
    }
}
