//! How often a password may be tried where no process lives long enough to count. Knows no
//! password, and not whether a name exists.

use crate::{
    Store, StoreError,
    open::{micros, time},
};
use sqlx::Row;
use std::time::{Duration, SystemTime};

/// Names that are remembered; beyond them the oldest are forgotten.
const REMEMBERED: u32 = 10_000;

/// When trying begins to cost time, and how much.
pub struct TryLimits<D> {
    /// How far back tries count.
    pub window: Duration,
    /// The longest wait.
    pub longest: Duration,
    /// The wait after so many tries, if there is one.
    pub delay: D,
}

impl Store {
    /// Counts a try before it is looked at, so that no two run before the first is counted. The
    /// error is how long to wait: then nothing was counted, for it was no guess.
    pub async fn count_try(
        &self,
        name: &str,
        now: SystemTime,
        limits: &TryLimits<impl Fn(u32) -> Option<Duration>>,
    ) -> Result<Result<(), Duration>, StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let oldest = now.checked_sub(limits.window).map_or(0, micros);
        // A wait can be longer than the window, and a clock that went back brings no longer one.
        sqlx::query("DELETE FROM attempts WHERE since <= ? AND until <= ?")
            .bind(oldest)
            .bind(micros(now))
            .execute(&mut *transaction)
            .await?;
        let known = sqlx::query("SELECT tries, until FROM attempts WHERE name = ?")
            .bind(name)
            .fetch_optional(&mut *transaction)
            .await?;
        let (mut tries, mut until) = (0, now);
        if let Some(known) = known {
            tries = u32::try_from(known.try_get::<i64, _>("tries")?).unwrap_or(u32::MAX);
            until = time(known.try_get("until")?).min(now + limits.longest);
        }
        let left = until.duration_since(now).unwrap_or_default();
        if left.is_zero() {
            tries = tries.saturating_add(1);
            until = now + (limits.delay)(tries).unwrap_or_default().min(limits.longest);
        }
        sqlx::query(
            "INSERT INTO attempts (name, tries, since, until) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (name) DO UPDATE SET tries = excluded.tries, until = excluded.until,
             since = CASE WHEN tries < excluded.tries THEN excluded.since ELSE since END",
        )
        .bind(name)
        .bind(tries)
        .bind(micros(now))
        .bind(micros(until))
        .execute(&mut *transaction)
        .await?;
        sqlx::query(
            "DELETE FROM attempts WHERE name NOT IN
             (SELECT name FROM attempts ORDER BY since DESC LIMIT ?)",
        )
        .bind(REMEMBERED)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(if left.is_zero() { Ok(()) } else { Err(left) })
    }

    /// The password was right: the name's count starts again.
    pub async fn forget_tries(&self, name: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM attempts WHERE name = ?").bind(name).execute(&self.pool).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
