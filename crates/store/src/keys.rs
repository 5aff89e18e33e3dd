//! A key that takes the place of another: both are good for a while, so that whoever uses the one
//! has time to be given the other. Knows no secret.

use crate::{
    KeptCredential, NewCredential, Store, StoreError, credentials, open::micros, outbox::note,
};
use std::time::SystemTime;

/// What nobody can rotate.
const NO_KEY: StoreError = StoreError::Credential("there is no key of this name in force");

impl Store {
    /// The credential of this name.
    pub async fn credential(&self, id: &str) -> Result<Option<KeptCredential>, StoreError> {
        let row = sqlx::query("SELECT * FROM credentials WHERE id = ?")
            .bind(id)
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(credentials::kept).transpose()
    }

    /// Adds a key in the place of `new.replaces`, a key of the same identity that is in force. The
    /// old one is good until `until`, or its own end if that is before; until when is given back.
    pub async fn rotate_key(
        &self,
        new: &NewCredential,
        until: SystemTime,
        by: &str,
        now: SystemTime,
    ) -> Result<SystemTime, StoreError> {
        let old = new.replaces.as_deref().ok_or(NO_KEY)?;
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let row = sqlx::query(
            "UPDATE credentials SET expires = min(coalesce(expires, ?3), ?3)
             WHERE id = ?1 AND identity = ?2 AND kind = 'key' AND revoked IS NULL
             AND (expires IS NULL OR expires > ?4) RETURNING *",
        )
        .bind(old)
        .bind(new.identity.as_str())
        .bind(micros(until))
        .bind(micros(now))
        .fetch_optional(&mut *transaction)
        .await?;
        let kept = credentials::kept(row.as_ref().ok_or(NO_KEY)?)?;
        // What follows from the old one ends with it.
        sqlx::query(
            "UPDATE credentials SET expires = min(coalesce(expires, ?2), ?2)
             WHERE (subject = ?1 OR actor = ?1) AND revoked IS NULL",
        )
        .bind(old)
        .bind(kept.new.expires.map_or(i64::MAX, micros))
        .execute(&mut *transaction)
        .await?;
        credentials::add(&mut transaction, new, by, now).await?;
        let ends = kept.new.expires.unwrap_or(until);
        let seconds = micros(ends).saturating_sub(micros(now)) / 1_000_000;
        let what = format!("key {old} replaced by {}; it is good for {seconds} s more", new.id);
        note(&mut transaction, now, by, new.identity.as_str(), &what).await?;
        transaction.commit().await?;
        Ok(ends)
    }
}

#[cfg(test)]
mod tests;
