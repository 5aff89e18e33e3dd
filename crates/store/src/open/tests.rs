//! The file: permissions, schema, two processes.

use super::{FILE_NAME, MIGRATIONS, Store};
use crate::StoreError;
use std::{fs, os::unix::fs::PermissionsExt};

#[tokio::test]
async fn nobody_else_can_read_it() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("deep/state");
    let store = Store::open(&state).await.unwrap();
    store.secret(crate::SecretName::MockSignIn).await.unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&state), 0o700);
    for entry in fs::read_dir(&state).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[tokio::test]
async fn a_file_that_others_can_read_is_closed_to_them() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(FILE_NAME);
    fs::write(&file, "").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    Store::open(dir.path()).await.unwrap();
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_later_schema_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    sqlx::raw_sql("PRAGMA user_version = 99").execute(&store.pool).await.unwrap();
    store.close().await;
    let error = Store::open(dir.path()).await.unwrap_err();
    let latest = i64::try_from(MIGRATIONS.len()).unwrap();
    assert!(matches!(error, StoreError::Newer(99, known) if known == latest), "{error}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(FILE_NAME), "not a database".repeat(100)).unwrap();
    let error = Store::open(dir.path()).await.unwrap_err();
    assert!(matches!(error, StoreError::Unopened(..)), "{error:?}");
    let said = error.to_string();
    assert!(said.contains(FILE_NAME) && said.contains("not a database"), "{said}");
    // Whoever prints an error and what caused it says it once.
    assert!(std::error::Error::source(&error).is_none());
}

#[tokio::test]
async fn reading_commands_make_nothing() {
    let dir = tempfile::tempdir().unwrap();
    assert!(Store::open_existing(dir.path()).await.unwrap().is_none());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn the_feed_sees_another_process_commit() {
    let dir = tempfile::tempdir().unwrap();
    let serve = Store::open(dir.path()).await.unwrap();
    let mut feed = serve.changes().await.unwrap();
    let quiet = tokio::time::timeout(std::time::Duration::from_millis(450), feed.changed()).await;
    assert!(quiet.is_err(), "nothing has changed yet");
    // A second Store shares nothing with the first but the file.
    let command = Store::open(dir.path()).await.unwrap();
    command.secret(crate::SecretName::MockSignIn).await.unwrap();
    let wait = std::time::Duration::from_secs(10);
    tokio::time::timeout(wait, feed.changed()).await.unwrap().unwrap();
}
