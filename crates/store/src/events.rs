//! What a provider says has happened to somebody: their sessions are over, or they are. An event is
//! heard once. Knows no token and no route.

use crate::{
    Store, StoreError, credentials, identities,
    open::{micros, time},
    outbox::note,
};
use sqlx::Row;
use std::{collections::HashMap, time::SystemTime};

/// What an event comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// All sessions of somebody are over, and their tokens.
    Sessions,
    /// They may sign in no more.
    Disabled,
    /// Nothing: it is in the record.
    Nothing,
}

/// An event.
#[derive(Clone, Debug)]
pub struct Heard<'e> {
    /// Whom it is about; empty if nobody is known by that name.
    pub identity: &'e str,
    /// What it comes to.
    pub told: Told,
    /// In words, for the record.
    pub what: &'e str,
    /// Who says so, for the record.
    pub by: &'e str,
    /// By what it is known again, and until when that is kept.
    pub id: ([u8; 32], SystemTime),
}

impl Store {
    /// Does what an event says, once: false if it was heard before.
    pub async fn hear(&self, heard: &Heard<'_>, now: SystemTime) -> Result<bool, StoreError> {
        let Heard { identity, told, what, by, id: (hash, until) } = heard;
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let fresh = sqlx::query("INSERT OR IGNORE INTO spent (hash, until) VALUES (?, ?)")
            .bind(hash.as_slice())
            .bind(micros(*until))
            .execute(&mut *transaction)
            .await?;
        if fresh.rows_affected() == 0 {
            return Ok(false);
        }
        match told {
            Told::Nothing => {}
            Told::Sessions => {
                identities::touch(&mut transaction, identity, now).await?;
                sqlx::query("UPDATE identities SET ended = ? WHERE name = ?")
                    .bind(micros(now))
                    .bind(identity)
                    .execute(&mut *transaction)
                    .await?;
                credentials::revoke_tokens(&mut transaction, identity, now).await?;
            }
            Told::Disabled => {
                identities::touch(&mut transaction, identity, now).await?;
                sqlx::query("UPDATE identities SET enabled = 0 WHERE name = ?")
                    .bind(identity)
                    .execute(&mut *transaction)
                    .await?;
                // Whom provisioning had switched off is so by this word from then on.
                sqlx::query("UPDATE provisioned SET off = 0 WHERE identity = ? AND off = 1")
                    .bind(identity)
                    .execute(&mut *transaction)
                    .await?;
                identities::end_all(&mut transaction, identity, by, now).await?;
            }
        }
        note(&mut transaction, now, by, identity, what).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Since when the sessions of each identity are over that were open before, where an event
    /// ended them.
    pub async fn ended(&self) -> Result<HashMap<String, SystemTime>, StoreError> {
        let rows = sqlx::query("SELECT name, ended FROM identities WHERE ended IS NOT NULL")
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(|row| Ok((row.try_get("name")?, time(row.try_get("ended")?)))).collect()
    }

    /// Who somebody is here whom a provider knows by this subject.
    pub async fn of_subject(
        &self,
        provider: &str,
        subject: &str,
    ) -> Result<Option<String>, StoreError> {
        let query = "SELECT identity FROM provisioned WHERE provider = ? AND subject = ?";
        let found = sqlx::query_scalar(query).bind(provider).bind(subject);
        Ok(found.fetch_optional(&self.pool).await?)
    }

    /// Whether an identity comes by a provider.
    pub async fn comes_by(&self, provider: &str, identity: &str) -> Result<bool, StoreError> {
        let query = "SELECT count(*) FROM provisioned WHERE provider = ? AND identity = ?";
        let found = sqlx::query_scalar(query).bind(provider).bind(identity);
        Ok(found.fetch_one(&self.pool).await.map(|count: i64| count > 0)?)
    }
}
