//! Following references.

use super::{SecretError, SecretSource};
use std::fs;

#[test]
fn a_file_gives_its_text_without_one_line_end() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("shop");
    fs::write(&path, "s3cret \r\n").unwrap();
    let secret = SecretSource::File(path).read().unwrap();
    assert_eq!(secret.expose(), "s3cret ");
    assert_eq!(format!("{secret:?}"), "***");
}

#[test]
fn nothing_is_not_a_secret() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("shop");
    fs::write(&path, "\n").unwrap();
    assert_eq!(SecretSource::File(path.clone()).read(), Err(SecretError::Empty(path)));
    let unset = SecretSource::Env("WEIR_TEST_NEVER_SET".into());
    assert_eq!(unset.read(), Err(SecretError::Unset("WEIR_TEST_NEVER_SET".into())));
    let missing = dir.path().join("missing");
    assert!(matches!(
        SecretSource::File(missing).read(),
        Err(SecretError::Unreadable(_, why)) if why == "entity not found"
    ));
}
