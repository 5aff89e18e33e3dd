//! Messages that a channel refused for good, and how far each channel has come. Knows no channel.

use crate::{
    Store, StoreError,
    open::{micros, time},
    outbox::note,
};
use sqlx::Row;
use std::time::SystemTime;

/// How many are kept for each channel; older ones are in the ledger alone.
const KEPT: u32 = 100;

/// A message that was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    /// When.
    pub at: SystemTime,
    /// Who follows: `channel ops`.
    pub follower: String,
    /// What it told of: a hold, a grant.
    pub about: String,
    /// What the other side said.
    pub why: String,
}

/// How far somebody who follows has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Following {
    /// Who: `ledger`, `channel ops`.
    pub follower: String,
    /// Events that are still before it.
    pub behind: i64,
}

impl Store {
    /// Notes that a message is given up, for whoever looks and for the ledger.
    pub async fn give_up(&self, one: &Undelivered) -> Result<(), StoreError> {
        let Undelivered { at, follower, about, why } = one;
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query("INSERT INTO undelivered (at, follower, about, why) VALUES (?, ?, ?, ?)")
            .bind(micros(*at))
            .bind(follower)
            .bind(about)
            .bind(why)
            .execute(&mut *transaction)
            .await?;
        sqlx::query(
            "DELETE FROM undelivered WHERE follower = ?1 AND id NOT IN
             (SELECT id FROM undelivered WHERE follower = ?1 ORDER BY id DESC LIMIT ?2)",
        )
        .bind(follower)
        .bind(KEPT)
        .execute(&mut *transaction)
        .await?;
        let what = format!("{follower} gave up telling of {about}: {why}");
        note(&mut transaction, *at, "weir", "", &what).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// What was given up, newest first.
    pub async fn undelivered(&self, limit: u32) -> Result<Vec<Undelivered>, StoreError> {
        let rows = sqlx::query(
            "SELECT at, follower, about, why FROM undelivered ORDER BY id DESC LIMIT ?",
        )
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        let one = |row: &sqlx::sqlite::SqliteRow| {
            Ok(Undelivered {
                at: time(row.try_get("at")?),
                follower: row.try_get("follower")?,
                about: row.try_get("about")?,
                why: row.try_get("why")?,
            })
        };
        rows.iter().map(one).collect()
    }

    /// Everybody who follows, by name.
    pub async fn following(&self) -> Result<Vec<Following>, StoreError> {
        let rows = sqlx::query(
            "SELECT follower, (SELECT count(*) FROM outbox WHERE id > upto) AS behind
             FROM followers ORDER BY follower",
        )
        .fetch_all(&self.pool)
        .await?;
        let one = |row: &sqlx::sqlite::SqliteRow| {
            Ok(Following { follower: row.try_get("follower")?, behind: row.try_get("behind")? })
        };
        rows.iter().map(one).collect()
    }
}
