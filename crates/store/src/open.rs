//! Opening the file: its permissions, its mode and its schema. Knows no table.

use crate::{StoreError, feed::ChangeFeed};
use sqlx::{
    Sqlite, SqlitePool, Transaction,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{
    fs::{DirBuilder, OpenOptions, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// The file's name in the state folder.
pub const FILE_NAME: &str = "weir.db";

/// Connections at once; each is a thread of its own.
const MAX_CONNECTIONS: u32 = 2;

/// How long a change waits for one that another process is making.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The steps from an empty file to today's schema, in order. A step never changes once released.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/001_start.sql"),
    include_str!("migrations/002_carried.sql"),
    include_str!("migrations/003_found.sql"),
    include_str!("migrations/004_holds.sql"),
    include_str!("migrations/005_tokens.sql"),
    include_str!("migrations/007_histories.sql"),
    include_str!("migrations/008_grants.sql"),
    include_str!("migrations/009_outbox.sql"),
    include_str!("migrations/010_delivery.sql"),
    include_str!("migrations/011_credentials.sql"),
    include_str!("migrations/012_provisioned.sql"),
    include_str!("migrations/013_scim.sql"),
    include_str!("migrations/014_decisions.sql"),
    include_str!("migrations/015_tasks.sql"),
    include_str!("migrations/016_answers.sql"),
    include_str!("migrations/017_keys.sql"),
    include_str!("migrations/018_delegated.sql"),
    include_str!("migrations/019_ended.sql"),
    include_str!("migrations/020_questions.sql"),
    include_str!("migrations/021_passkeys.sql"),
    include_str!("migrations/022_second.sql"),
    include_str!("migrations/023_certificates.sql"),
    include_str!("migrations/024_passwords.sql"),
];

/// Control state. Cheap to clone; usable from several processes at once.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) pool: SqlitePool,
    options: SqliteConnectOptions,
}

/// How far a clock may seem to have gone back before that is taken for true: less than it takes to
/// see that a step had to wait.
pub(crate) const CLOCK_SLACK: Duration = Duration::from_millis(500);

/// What a step waited is seen in pieces of this length.
const WAITED: u64 = 250;

impl Store {
    /// Begins a step that was said to happen at a time; gives the time by now. Where it waited for
    /// others' steps, theirs may have been told of with later times.
    pub(crate) async fn step(
        &self,
        said: SystemTime,
    ) -> Result<(Transaction<'static, Sqlite>, SystemTime), StoreError> {
        let began = Instant::now();
        let transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let waited = u64::try_from(began.elapsed().as_millis()).unwrap_or(0);
        Ok((transaction, said + Duration::from_millis(waited - waited % WAITED)))
    }

    /// Opens the control state in a folder, made with mode 0700 if it is not there. The file has
    /// mode 0600: it holds verifiers and keys.
    pub async fn open(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join(FILE_NAME);
        protect(dir, &path).map_err(|error| StoreError::Unusable(path.clone(), error))?;
        Self::connect(&path).await.map_err(|error| unopened(dir, path, error))
    }

    /// Opens the control state if it is there; `None` if the folder or file is not.
    pub async fn open_existing(dir: &Path) -> Result<Option<Self>, StoreError> {
        let path = dir.join(FILE_NAME);
        match path.try_exists() {
            Ok(true) => match Self::connect(&path).await {
                Ok(store) => Ok(Some(store)),
                Err(error) => Err(unopened(dir, path, error)),
            },
            Ok(false) => Ok(None),
            Err(error) => Err(StoreError::Unusable(path, error)),
        }
    }

    async fn connect(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            // An identity that was disabled stays disabled after a power cut.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        let pool = SqlitePoolOptions::new()
            .max_connections(MAX_CONNECTIONS)
            .connect_with(options.clone())
            .await?;
        migrate(&pool).await?;
        Ok(Self { pool, options })
    }

    /// A feed that tells when anything in the control state has changed, by whichever process.
    pub async fn changes(&self) -> Result<ChangeFeed, StoreError> {
        ChangeFeed::open(&self.options).await
    }

    /// Closes every connection; afterwards each request fails.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// Why the file cannot be opened. SQLite says "disk I/O error" where there is no room for the files
/// beside it: the system says which it is.
fn unopened(dir: &Path, path: PathBuf, error: StoreError) -> StoreError {
    const ROOM: usize = 64 * 1024;
    let StoreError::Database(error) = error else { return error };
    let probe = dir.join(".room");
    let room = std::fs::write(&probe, vec![0; ROOM]);
    let _ = std::fs::remove_file(&probe);
    match room {
        Err(why) => StoreError::Unusable(path, why),
        Ok(()) => StoreError::Unopened(path, error),
    }
}

/// Makes the folder and the file before SQLite does, so that they are never readable by others;
/// SQLite gives its side files the permissions of the main one.
fn protect(dir: &Path, file: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    OpenOptions::new().create(true).append(true).mode(0o600).open(file)?;
    let mode = file.metadata()?.permissions().mode();
    if mode & 0o077 != 0 {
        std::fs::set_permissions(file, Permissions::from_mode(0o600))?;
    }
    Ok(())
}

/// Brings the schema up to date, in one transaction. Two processes that start at once wait for
/// each other.
async fn migrate(pool: &SqlitePool) -> Result<(), StoreError> {
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    let version: i64 =
        sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *transaction).await?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if version > known || version < 0 {
        return Err(StoreError::Newer(version, known));
    }
    let done = usize::try_from(version).unwrap_or_default();
    if done < MIGRATIONS.len() {
        for step in MIGRATIONS.iter().skip(done) {
            sqlx::raw_sql(*step).execute(&mut *transaction).await?;
        }
        let set = sqlx::AssertSqlSafe(format!("PRAGMA user_version = {known}"));
        sqlx::raw_sql(set).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// A time as it is stored: microseconds since 1970. Times before that become 1970.
pub(crate) fn micros(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// The time back.
pub(crate) fn time(micros: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(u64::try_from(micros).unwrap_or_default())
}

#[cfg(test)]
mod tests;
