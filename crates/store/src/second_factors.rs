//! The second factors of people: sealed secrets, and which codes were used. Knows no code and no
//! key: a code is a step of time here, or a hash.

use crate::{
    Store, StoreError, credentials,
    identities::touch,
    open::{micros, time},
    outbox::note,
};
use sqlx::{Row, Sqlite, Transaction};
use std::{collections::HashSet, time::SystemTime};

/// Somebody's second factor.
#[derive(Clone, PartialEq, Eq)]
pub struct SecondFactor {
    /// The shared secret, sealed.
    pub sealed: Vec<u8>,
    /// Since when they have it.
    pub since: SystemTime,
    /// How many of the codes are left that they have for when the device is gone.
    pub recovery_codes: u32,
}

impl std::fmt::Debug for SecondFactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl Store {
    /// Gives a person a second factor, in the place of any before. What they signed in with before
    /// is over: each sign-in has been by less.
    pub async fn set_second_factor(
        &self,
        name: &str,
        (sealed, recovery): (&[u8], &[[u8; 32]]),
        by: &str,
        now: SystemTime,
    ) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        touch(&mut transaction, name, now).await?;
        credentials::revoke_tokens(&mut transaction, name, now).await?;
        sqlx::query(
            "INSERT INTO second_factors (identity, sealed, step, since) VALUES (?1, ?2, 0, ?3)
             ON CONFLICT (identity) DO UPDATE SET sealed = ?2, step = 0, since = ?3",
        )
        .bind(name)
        .bind(sealed)
        .bind(micros(now))
        .execute(&mut *transaction)
        .await?;
        replace_recovery(&mut transaction, name, recovery).await?;
        note(&mut transaction, now, by, name, "second factor: enrolled").await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Gives them other codes for when the device is gone. False if they have no second factor.
    pub async fn set_recovery_codes(
        &self,
        name: &str,
        recovery: &[[u8; 32]],
        by: &str,
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let query = "SELECT 1 FROM second_factors WHERE identity = ?";
        if sqlx::query(query).bind(name).fetch_optional(&mut *transaction).await?.is_none() {
            return Ok(false);
        }
        replace_recovery(&mut transaction, name, recovery).await?;
        note(&mut transaction, now, by, name, "second factor: other recovery codes").await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Takes it away: the password is enough then. False if there was none.
    pub async fn remove_second_factor(
        &self,
        name: &str,
        by: &str,
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        touch(&mut transaction, name, now).await?;
        let done = sqlx::query("DELETE FROM second_factors WHERE identity = ?")
            .bind(name)
            .execute(&mut *transaction)
            .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        replace_recovery(&mut transaction, name, &[]).await?;
        note(&mut transaction, now, by, name, "second factor: removed").await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Somebody's second factor.
    pub async fn second_factor(&self, name: &str) -> Result<Option<SecondFactor>, StoreError> {
        let row = sqlx::query(
            "SELECT sealed, since,
             (SELECT count(*) FROM recovery_codes WHERE identity = ?1) AS codes
             FROM second_factors WHERE identity = ?1",
        )
        .bind(name)
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let codes: i64 = row.try_get("codes")?;
        Ok(Some(SecondFactor {
            sealed: row.try_get("sealed")?,
            since: time(row.try_get("since")?),
            recovery_codes: u32::try_from(codes).unwrap_or_default(),
        }))
    }

    /// Who has one.
    pub async fn second_factors(&self) -> Result<HashSet<String>, StoreError> {
        let query = "SELECT identity FROM second_factors";
        let names: Vec<String> = sqlx::query_scalar(query).fetch_all(&self.pool).await?;
        Ok(names.into_iter().collect())
    }

    /// Takes the code of a step of time. False if that one, or one of a later step, was taken: then
    /// it is not worth anything.
    pub async fn take_step(&self, name: &str, step: u64) -> Result<bool, StoreError> {
        let step = i64::try_from(step).unwrap_or(i64::MAX);
        let done =
            sqlx::query("UPDATE second_factors SET step = ?2 WHERE identity = ?1 AND step < ?2")
                .bind(name)
                .bind(step)
                .execute(&self.pool)
                .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Takes a code for when the device is gone. False if there is none such (any more).
    pub async fn take_recovery_code(
        &self,
        name: &str,
        hash: &[u8; 32],
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let done = sqlx::query("DELETE FROM recovery_codes WHERE identity = ? AND hash = ?")
            .bind(name)
            .bind(hash.as_slice())
            .execute(&mut *transaction)
            .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        note(&mut transaction, now, name, name, "second factor: a recovery code was used").await?;
        transaction.commit().await?;
        Ok(true)
    }
}

async fn replace_recovery(
    transaction: &mut Transaction<'_, Sqlite>,
    name: &str,
    hashes: &[[u8; 32]],
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM recovery_codes WHERE identity = ?")
        .bind(name)
        .execute(&mut **transaction)
        .await?;
    for hash in hashes {
        sqlx::query("INSERT INTO recovery_codes (identity, hash) VALUES (?, ?)")
            .bind(name)
            .bind(hash.as_slice())
            .execute(&mut **transaction)
            .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
