//! Sign-ins to the API, by the hash of their token. Knows no token and no password.
//!
//! A sign-in is over when its time is, when it is ended, and with each change of its identity:
//! whoever is disabled, gets another password or other groups signs in anew.

use crate::{
    Store, StoreError,
    open::{micros, time},
    voices::{groups_of, lent_to},
};
use sqlx::{Row, Sqlite, Transaction};
use std::{fmt::Write, time::SystemTime};

/// Sign-ins of one identity at once; one more ends the oldest.
const MAX_TOKENS: u32 = 16;
/// What names of sign-ins begin with, where something follows from one.
pub(crate) const SIGN_IN: &str = "sign-in-";

/// Somebody whose token is good now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// The person.
    pub name: String,
    /// Their groups, as they are now.
    pub groups: Vec<String>,
    /// Groups in which they have somebody else's voice now.
    pub lent: Vec<String>,
    /// When the sign-in is over.
    pub until: SystemTime,
}

impl SignedIn {
    /// True if they are asked where this group is: it is theirs, or they have somebody's voice in
    /// it, or it is they who are named.
    pub fn speaks_in(&self, group: &String) -> bool {
        self.groups.contains(group)
            || self.lent.contains(group)
            || *group == model::verdict::person(&self.name)
    }
}

impl Store {
    /// Keeps a sign-in of an enabled person, who has proven to be it; `None` if there is no such
    /// person any more. `by` and `what` go into the record.
    pub async fn add_token(
        &self,
        hash: &[u8; 32],
        name: &str,
        (now, until): (SystemTime, SystemTime),
        what: &str,
    ) -> Result<Option<SignedIn>, StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let Some(groups) = groups_of(&mut transaction, name).await? else { return Ok(None) };
        sqlx::query("DELETE FROM tokens WHERE until <= ?")
            .bind(micros(now))
            .execute(&mut *transaction)
            .await?;
        sqlx::query("INSERT INTO tokens (hash, identity, since, until) VALUES (?, ?, ?, ?)")
            .bind(hash.as_slice())
            .bind(name)
            .bind(micros(now))
            .bind(micros(until))
            .execute(&mut *transaction)
            .await?;
        let oldest = sqlx::query_scalar(
            "DELETE FROM tokens WHERE identity = ?1 AND hash NOT IN
             (SELECT hash FROM tokens WHERE identity = ?1 ORDER BY since DESC LIMIT ?2)
             RETURNING hash",
        )
        .bind(name)
        .bind(MAX_TOKENS)
        .fetch_all(&mut *transaction)
        .await?;
        end_following(&mut transaction, oldest, name, now).await?;
        crate::outbox::note(&mut transaction, now, name, "", what).await?;
        let lent = lent_to(&mut transaction, name, now).await?;
        transaction.commit().await?;
        Ok(Some(SignedIn { name: name.to_owned(), groups, lent, until }))
    }

    /// Whose token this is, if it is good now: its person enabled, and its time not over. A clock
    /// that went back makes no token good before it was given.
    pub async fn token(
        &self,
        hash: &[u8; 32],
        now: SystemTime,
    ) -> Result<Option<SignedIn>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let row = sqlx::query(
            "SELECT identity, until FROM tokens WHERE hash = ?1 AND since <= ?2 AND until > ?2",
        )
        .bind(hash.as_slice())
        .bind(micros(now))
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let name: String = row.try_get("identity")?;
        let Some(groups) = groups_of(&mut transaction, &name).await? else { return Ok(None) };
        let lent = lent_to(&mut transaction, &name, now).await?;
        Ok(Some(SignedIn { name, groups, lent, until: time(row.try_get("until")?) }))
    }

    /// An enabled person who has proven to be it by other means, until then; with the groups and
    /// voices of now.
    pub async fn signed_in(
        &self,
        name: &str,
        until: SystemTime,
        now: SystemTime,
    ) -> Result<Option<SignedIn>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let Some(groups) = groups_of(&mut transaction, name).await? else { return Ok(None) };
        let lent = lent_to(&mut transaction, name, now).await?;
        Ok(Some(SignedIn { name: name.to_owned(), groups, lent, until }))
    }

    /// Ends a sign-in. Not an error if it is over already.
    pub async fn end_token(
        &self,
        hash: &[u8; 32],
        (now, by): (SystemTime, &str),
        what: &str,
    ) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let ended = sqlx::query("DELETE FROM tokens WHERE hash = ?")
            .bind(hash.as_slice())
            .execute(&mut *transaction)
            .await?;
        if ended.rows_affected() > 0 {
            crate::outbox::note(&mut transaction, now, by, "", what).await?;
            let id = sign_in_id(hash);
            crate::credentials::revoke_following(&mut transaction, &id, by, now).await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}

/// By what agents' tokens name the sign-in that they follow from.
pub fn sign_in_id(hash: &[u8; 32]) -> String {
    let mut id = SIGN_IN.to_owned();
    for byte in hash {
        // Writing to a text does not fail.
        let _ = write!(id, "{byte:02X}");
    }
    id
}

/// Ends every sign-in of an identity, in the transaction that changes it.
pub(crate) async fn end_all(
    transaction: &mut Transaction<'_, Sqlite>,
    name: &str,
    now: SystemTime,
) -> Result<(), StoreError> {
    let query = "DELETE FROM tokens WHERE identity = ? RETURNING hash";
    let ended = sqlx::query_scalar(query).bind(name).fetch_all(&mut **transaction).await?;
    end_following(transaction, ended, name, now).await
}

/// Ends what follows from sign-ins that are over.
async fn end_following(
    transaction: &mut Transaction<'_, Sqlite>,
    ended: Vec<Vec<u8>>,
    by: &str,
    now: SystemTime,
) -> Result<(), StoreError> {
    for hash in ended {
        let damaged = |_| StoreError::Damaged("a sign-in has no hash".to_owned());
        let hash: [u8; 32] = hash.try_into().map_err(damaged)?;
        let id = sign_in_id(&hash);
        crate::credentials::revoke_following(transaction, &id, by, now).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
