//! What happened to holds, waiting for the ledger. Knows no record format.

use super::NewHold;
use crate::{
    Store, StoreError,
    open::{micros, time},
};
use sqlx::{Row, SqliteConnection};
use std::time::SystemTime;

/// One step of one hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldEvent {
    /// Ascending, never used twice.
    pub id: i64,
    /// When.
    pub at: SystemTime,
    /// Who did it: a person, whoever asked, or `weir`.
    pub by: String,
    /// The hold.
    pub hold: String,
    /// The database, by Weir's name.
    pub database: String,
    /// Who asked: the chain of actors.
    pub identity: String,
    /// `consented`, `approved`, `denied`, `expired`, `withdrawn`, `used`.
    pub what: String,
    /// Why, in the words of whoever did it.
    pub reason: String,
    /// By which way: `command line`, `api`, a channel's name; empty if it was nobody's word.
    pub via: String,
}

/// Who did a step, why, and by which way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said<'a> {
    pub(super) by: &'a str,
    pub(super) reason: &'a str,
    pub(super) via: &'a str,
}

impl<'a> Said<'a> {
    /// A step that takes no words.
    pub(super) fn by(by: &'a str) -> Self {
        Self { by, reason: "", via: "" }
    }
}

impl Store {
    /// The oldest steps that the ledger does not hold yet, oldest first.
    pub async fn hold_events(&self, limit: u32) -> Result<Vec<HoldEvent>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, at, actor, hold, database, identity, what, reason, via
             FROM hold_events
             WHERE recorded = 0 ORDER BY id LIMIT ?",
        )
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(HoldEvent {
                    id: row.try_get("id")?,
                    at: time(row.try_get("at")?),
                    by: row.try_get("actor")?,
                    hold: row.try_get("hold")?,
                    database: row.try_get("database")?,
                    identity: row.try_get("identity")?,
                    what: row.try_get("what")?,
                    reason: row.try_get("reason")?,
                    via: row.try_get("via")?,
                })
            })
            .collect()
    }

    /// Notes that the ledger holds every step up to and including this one, on stable storage.
    pub async fn hold_events_recorded(&self, upto: i64) -> Result<(), StoreError> {
        sqlx::query("UPDATE hold_events SET recorded = 1 WHERE recorded = 0 AND id <= ?")
            .bind(upto)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

/// Adds a step to the transaction of the change that it tells of.
pub(super) async fn note(
    connection: &mut SqliteConnection,
    hold: &NewHold,
    what: &str,
    Said { by, reason, via }: Said<'_>,
    now: SystemTime,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO hold_events (at, actor, hold, database, identity, what, reason, via)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(micros(now))
    .bind(by)
    .bind(&hold.hold)
    .bind(&hold.database)
    .bind(&hold.identity)
    .bind(what)
    .bind(reason)
    .bind(via)
    .execute(connection)
    .await?;
    Ok(())
}
