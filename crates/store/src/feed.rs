//! Tells that something changed, not what: `PRAGMA data_version` on a connection of its own, which
//! differs whenever any other connection of any process has committed. One read of shared memory.

use crate::StoreError;
use sqlx::{ConnectOptions, SqliteConnection, sqlite::SqliteConnectOptions};
use std::time::Duration;

/// A feed of changes.
#[derive(Debug)]
pub struct ChangeFeed {
    connection: SqliteConnection,
    seen: i64,
}

impl ChangeFeed {
    /// How often `changed` asks.
    pub const INTERVAL: Duration = Duration::from_millis(200);

    pub(crate) async fn open(options: &SqliteConnectOptions) -> Result<Self, StoreError> {
        let mut connection = options.connect().await?;
        let seen = version(&mut connection).await?;
        Ok(Self { connection, seen })
    }

    /// Returns after the next commit since the last return (or since the feed was opened). Read
    /// what you follow after opening the feed and after each return, and nothing is missed.
    pub async fn changed(&mut self) -> Result<(), StoreError> {
        loop {
            let now = version(&mut self.connection).await?;
            if now != self.seen {
                self.seen = now;
                return Ok(());
            }
            tokio::time::sleep(Self::INTERVAL).await;
        }
    }
}

async fn version(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar("PRAGMA data_version").fetch_one(connection).await?)
}
