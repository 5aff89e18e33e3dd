//! What was done to identities, waiting for the ledger. Knows no record format.

use crate::{
    Store, StoreError,
    open::{micros, time},
};
use sqlx::{Row, Sqlite, Transaction};
use std::time::SystemTime;

/// One change of one identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Ascending, never used twice.
    pub id: i64,
    /// When.
    pub at: SystemTime,
    /// By whom: an identity, or the operating system's user for the command line.
    pub by: String,
    /// Whose identity; empty for what was done to Weir itself.
    pub identity: String,
    /// What, in words: `added: person in support`, `disabled`, `password changed`.
    pub what: String,
}

impl Store {
    /// The oldest events that the ledger does not hold yet, oldest first.
    pub async fn events(&self, limit: u32) -> Result<Vec<Event>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, at, actor, identity, what FROM identity_events
             WHERE recorded = 0 ORDER BY id LIMIT ?",
        )
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(Event {
                    id: row.try_get("id")?,
                    at: time(row.try_get("at")?),
                    by: row.try_get("actor")?,
                    identity: row.try_get("identity")?,
                    what: row.try_get("what")?,
                })
            })
            .collect()
    }

    /// Notes something that was done to Weir itself, or that its record was read: for the ledger.
    pub async fn administered(
        &self,
        at: SystemTime,
        by: &str,
        what: &str,
    ) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        note(&mut transaction, at, by, "", what).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Notes that the ledger holds every event up to and including this one. Call it after the
    /// records are synced: a crash in between repeats an event rather than losing it.
    pub async fn recorded(&self, upto: i64) -> Result<(), StoreError> {
        sqlx::query("UPDATE identity_events SET recorded = 1 WHERE recorded = 0 AND id <= ?")
            .bind(upto)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

/// Adds an event to the transaction of the change that it tells of.
pub(crate) async fn note(
    transaction: &mut Transaction<'_, Sqlite>,
    at: SystemTime,
    by: &str,
    identity: &str,
    what: &str,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO identity_events (at, actor, identity, what) VALUES (?, ?, ?, ?)")
        .bind(micros(at))
        .bind(by)
        .bind(identity)
        .bind(what)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}
