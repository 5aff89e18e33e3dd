//! Random keys of this installation, made at first use. Those of pseudonyms have numbers and follow
//! one another; others never change. Knows not what they are for beyond their names.

use crate::{Store, StoreError, outbox};
use sqlx::{Row, Sqlite, Transaction};
use std::{fmt, time::SystemTime};

/// Which key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretName {
    /// From which the answers to sign-ins of unknown names are derived, so that they stay the same.
    MockSignIn,
    /// The key with which this Weir cosigns other ledgers' checkpoints.
    Witness,
}

/// 32 random bytes. Prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct InstallationSecret([u8; 32]);

impl SecretName {
    const fn as_str(self) -> &'static str {
        match self {
            Self::MockSignIn => "mock_sign_in",
            Self::Witness => "witness",
        }
    }
}

impl InstallationSecret {
    /// The bytes.
    pub fn expose(&self) -> [u8; 32] {
        self.0
    }
}

impl fmt::Debug for InstallationSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Store {
    /// The key of this name, made now if it is not there. Two processes that ask at once get the
    /// same.
    pub async fn secret(&self, name: SecretName) -> Result<InstallationSecret, StoreError> {
        let mut fresh = [0_u8; 32];
        getrandom::fill(&mut fresh).map_err(|_| StoreError::Random)?;
        sqlx::query("INSERT OR IGNORE INTO secrets (name, value) VALUES (?, ?)")
            .bind(name.as_str())
            .bind(fresh.as_slice())
            .execute(&self.pool)
            .await?;
        let value: Vec<u8> = sqlx::query_scalar("SELECT value FROM secrets WHERE name = ?")
            .bind(name.as_str())
            .fetch_one(&self.pool)
            .await?;
        let damaged = |_| StoreError::Damaged(format!("key \"{}\" is not 32 bytes", name.as_str()));
        value.try_into().map(InstallationSecret).map_err(damaged)
    }
}

/// What the keys of pseudonyms are called; the first has no number behind it.
const PSEUDONYM: &str = "pseudonym";

impl Store {
    /// The keys of pseudonyms with their numbers, the one in force last; the first is made now if
    /// there is none.
    pub async fn pseudonym_keys(&self) -> Result<Vec<(u32, InstallationSecret)>, StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let mut keys = numbered(&mut transaction).await?;
        if keys.is_empty() {
            keys.push((1, add(&mut transaction, 1).await?));
        }
        transaction.commit().await?;
        Ok(keys)
    }

    /// Makes a key of pseudonyms that follows the others, and forgets all but the newest `keep`.
    /// Gives its number.
    pub async fn rotate_pseudonyms(
        &self,
        keep: usize,
        by: &str,
        now: SystemTime,
    ) -> Result<u32, StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let mut keys = numbered(&mut transaction).await?;
        let number = keys.last().map_or(1, |(number, _)| number.saturating_add(1));
        keys.push((number, add(&mut transaction, number).await?));
        let what = format!("key {number} of pseudonyms made");
        outbox::note(&mut transaction, now, by, "", &what).await?;
        forget(&mut transaction, &keys, keep, by, now).await?;
        transaction.commit().await?;
        Ok(number)
    }

    /// Forgets every key of pseudonyms but the newest: what older ones made can never be turned
    /// back again. Gives how many that were.
    pub async fn forget_pseudonyms(&self, by: &str, now: SystemTime) -> Result<usize, StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let keys = numbered(&mut transaction).await?;
        let gone = forget(&mut transaction, &keys, 1, by, now).await?;
        transaction.commit().await?;
        Ok(gone)
    }
}

async fn numbered(
    transaction: &mut Transaction<'_, Sqlite>,
) -> Result<Vec<(u32, InstallationSecret)>, StoreError> {
    let rows = sqlx::query("SELECT name, value FROM secrets").fetch_all(&mut **transaction).await?;
    let mut keys = Vec::new();
    for row in rows {
        let (name, value): (String, Vec<u8>) = (row.try_get("name")?, row.try_get("value")?);
        let number = match name.strip_prefix(PSEUDONYM) {
            Some("") => Some(1),
            Some(rest) => rest.strip_prefix('.').and_then(|number| number.parse().ok()),
            None => continue,
        };
        let damaged = || StoreError::Damaged(format!("key \"{name}\" is none of pseudonyms"));
        let key = <[u8; 32]>::try_from(value).map_err(|_| damaged())?;
        keys.push((number.ok_or_else(damaged)?, InstallationSecret(key)));
    }
    keys.sort_by_key(|(number, _)| *number);
    Ok(keys)
}

fn name(number: u32) -> String {
    if number == 1 { PSEUDONYM.to_owned() } else { format!("{PSEUDONYM}.{number}") }
}

async fn add(
    transaction: &mut Transaction<'_, Sqlite>,
    number: u32,
) -> Result<InstallationSecret, StoreError> {
    let mut fresh = [0_u8; 32];
    getrandom::fill(&mut fresh).map_err(|_| StoreError::Random)?;
    sqlx::query("INSERT INTO secrets (name, value) VALUES (?, ?)")
        .bind(name(number))
        .bind(fresh.as_slice())
        .execute(&mut **transaction)
        .await?;
    Ok(InstallationSecret(fresh))
}

/// Forgets all of these but the last `keep`.
async fn forget(
    transaction: &mut Transaction<'_, Sqlite>,
    keys: &[(u32, InstallationSecret)],
    keep: usize,
    by: &str,
    now: SystemTime,
) -> Result<usize, StoreError> {
    let gone = keys.len().saturating_sub(keep.max(1));
    for (number, _) in keys.iter().take(gone) {
        sqlx::query("DELETE FROM secrets WHERE name = ?")
            .bind(name(*number))
            .execute(&mut **transaction)
            .await?;
        let what = format!("key {number} of pseudonyms forgotten");
        outbox::note(transaction, now, by, "", &what).await?;
    }
    Ok(gone)
}

#[cfg(test)]
mod tests;
