//! Who types a command, for the record: the operating system's user, as the kernel knows it. The
//! environment (`USER`) is a claim and is not asked.

use std::{fs, os::unix::fs::MetadataExt};

/// `os:alice`, or `os:1000` for a user without a name.
pub(crate) fn actor() -> String {
    // The owner of a process's folder is its effective user.
    let Ok(own) = fs::metadata("/proc/self") else {
        return "os:unknown".to_owned();
    };
    let uid = own.uid().to_string();
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid).then_some(name)
    });
    format!("os:{}", name.unwrap_or(&uid))
}
