//! What channels have to remember: which message tells of what, and which signed requests
//! were taken. Knows no channel.

use crate::{Store, StoreError, open::micros};
use std::time::SystemTime;

impl Store {
    /// What a channel calls its message about a hold or a grant.
    pub async fn message(&self, channel: &str, about: &str) -> Result<Option<String>, StoreError> {
        let reference =
            sqlx::query_scalar("SELECT reference FROM messages WHERE channel = ? AND about = ?")
                .bind(channel)
                .bind(about)
                .fetch_optional(&self.pool)
                .await?;
        Ok(reference)
    }

    /// Keeps what a channel calls its message about a hold or a grant; a later one replaces it.
    pub async fn keep_message(
        &self,
        channel: &str,
        about: &str,
        reference: &str,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO messages (channel, about, reference) VALUES (?, ?, ?)
             ON CONFLICT (channel, about) DO UPDATE SET reference = excluded.reference",
        )
        .bind(channel)
        .bind(about)
        .bind(reference)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Forgets a hash: what was taken could not be carried out.
    pub async fn forget_taken(&self, hash: &[u8; 32]) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM taken WHERE hash = ?")
            .bind(hash.as_slice())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// True the first time that it is asked for this hash. It is remembered until `until`.
    pub async fn take_once(
        &self,
        hash: &[u8; 32],
        now: SystemTime,
        until: SystemTime,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query("DELETE FROM taken WHERE until <= ?")
            .bind(micros(now))
            .execute(&mut *transaction)
            .await?;
        let new = sqlx::query("INSERT OR IGNORE INTO taken (hash, until) VALUES (?, ?)")
            .bind(hash.as_slice())
            .bind(micros(until))
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(new.rows_affected() > 0)
    }
}
