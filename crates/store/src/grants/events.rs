//! What happened to grants, waiting for the ledger. Knows no record format.

use super::{NewGrant, asked};
use crate::{
    Store, StoreError,
    open::{micros, time},
};
use sqlx::{Row, Sqlite, Transaction};
use std::time::SystemTime;

/// One step of one grant.
#[derive(Clone, Debug, PartialEq)]
pub struct GrantEvent {
    /// Ascending, never used twice.
    pub id: i64,
    /// When.
    pub at: SystemTime,
    /// Who did it: an identity, or `weir`.
    pub by: String,
    /// `requested`, `consented`, `granted`, `begun`, `ended`, `revoked`, `denied`, `expired`,
    /// `void`, `reviewed`, `review: fine`, `review: not_fine`.
    pub what: String,
    /// Why, in the words of whoever did it.
    pub reason: String,
    /// The grant, as it was asked for.
    pub asked: NewGrant,
    /// When it ends, once it has begun.
    pub ends: Option<SystemTime>,
}

impl Store {
    /// The oldest steps that the ledger does not hold yet, oldest first.
    pub async fn grant_events(&self, limit: u32) -> Result<Vec<GrantEvent>, StoreError> {
        let rows = sqlx::query(
            "SELECT e.id, e.at, e.actor, e.what, e.reason, g.* FROM grant_events e
             JOIN grants g ON g.grant_id = e.grant_id WHERE e.recorded = 0 ORDER BY e.id LIMIT ?",
        )
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                let ends: Option<i64> = row.try_get("ends")?;
                Ok(GrantEvent {
                    id: row.try_get("id")?,
                    at: time(row.try_get("at")?),
                    by: row.try_get("actor")?,
                    what: row.try_get("what")?,
                    reason: row.try_get("reason")?,
                    asked: asked(row)?,
                    ends: ends.map(time),
                })
            })
            .collect()
    }

    /// Notes that the ledger holds every step up to and including this one, on stable storage.
    pub async fn grant_events_recorded(&self, upto: i64) -> Result<(), StoreError> {
        sqlx::query("UPDATE grant_events SET recorded = 1 WHERE recorded = 0 AND id <= ?")
            .bind(upto)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

/// Adds a step to the transaction of the change that it tells of.
pub(super) async fn note(
    transaction: &mut Transaction<'_, Sqlite>,
    grant: &str,
    what: &str,
    (by, reason): (&str, &str),
    now: SystemTime,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO grant_events (at, actor, grant_id, what, reason) VALUES (?, ?, ?, ?, ?)",
    )
    .bind(micros(now))
    .bind(by)
    .bind(grant)
    .bind(what)
    .bind(reason)
    .execute(&mut **transaction)
    .await?;
    Ok(())
}
