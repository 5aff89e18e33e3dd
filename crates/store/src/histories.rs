//! What identities did before, so that a restart does not forget it. Knows texts, and not what is
//! in them.

use crate::{Store, StoreError};
use sqlx::Row;

impl Store {
    /// What is kept: chains of actors and their pasts.
    pub async fn histories(&self) -> Result<Vec<(String, String)>, StoreError> {
        let rows = sqlx::query("SELECT identity, past FROM histories ORDER BY identity")
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }

    /// Keeps what changed, in the place of what was there.
    pub async fn keep_histories(&self, changed: &[(String, String)]) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        for (identity, past) in changed {
            sqlx::query("INSERT OR REPLACE INTO histories (identity, past) VALUES (?, ?)")
                .bind(identity)
                .bind(past)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}
