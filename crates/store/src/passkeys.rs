//! Keys of persons by which they sign what they decide: public halves, and when a signature is
//! needed. Checks no signature; whoever calls has.

use crate::{
    NoVoice, Store, StoreError, Voice,
    open::{micros, time},
    outbox::note,
};
use serde::{Deserialize, Serialize};
use sqlx::{Row, Sqlite, SqliteConnection, Transaction};
use std::time::SystemTime;

/// How many one person may have.
pub const MOST_PASSKEYS: i64 = 10;

/// A key of somebody's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    /// As browsers name it.
    pub id: String,
    /// Whose.
    pub person: String,
    /// What they call it.
    pub name: String,
    /// What checks its signatures: `ES256:…`.
    pub public: String,
    /// The site that it is for.
    pub site: String,
    /// How often it signed when it was seen last, if it counts.
    pub count: u32,
    /// Since when it is known.
    pub added: SystemTime,
    /// When it signed last.
    pub used: Option<SystemTime>,
}

/// A signature that was checked, with all that it takes to check it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// What they call the key.
    pub name: String,
    /// The key's id.
    pub id: String,
    /// The key's public half.
    pub public: String,
    /// What the approval is bound to: hexadecimal.
    pub digest: String,
    /// What the browser asked the key for: base64url, as all that follows.
    pub client: String,
    /// What the key said.
    pub authenticator: String,
    /// The signature over both.
    pub signature: String,
    /// How often the key has signed, if it counts.
    pub count: u32,
}

/// A signature that counts once: until its key signs for the next time.
#[derive(Clone, Copy, Debug)]
pub struct Once<'a> {
    /// The signature.
    pub by: &'a Signature,
    /// When its key had signed last as the signature was checked.
    pub after: Option<SystemTime>,
}

/// Whose consent counts without a signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unsigned {
    /// That of persons who have no key.
    #[default]
    Keyless,
    /// Everybody's.
    All,
    /// Nobody's.
    None,
}

/// How a word is signed, and whether it has to be.
#[derive(Clone, Copy, Debug, Default)]
pub struct Signing<'a> {
    /// Whose consent counts without.
    pub unsigned: Unsigned,
    /// The signature.
    pub by: Option<&'a Signature>,
}

/// Why a key was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPasskey {
    /// They have one of this name.
    Name,
    /// It is known already.
    Known,
    /// They have as many as they may.
    TooMany,
    /// None of those that they have signed it, or one did once before.
    Unsigned,
}

impl Store {
    /// Somebody's keys, by name.
    pub async fn passkeys(&self, person: &str) -> Result<Vec<Passkey>, StoreError> {
        let rows = sqlx::query("SELECT * FROM passkeys WHERE person = ? ORDER BY name")
            .bind(person)
            .fetch_all(&self.pool)
            .await?;
        let one = |row: &sqlx::sqlite::SqliteRow| {
            Ok(Passkey {
                id: row.try_get("id")?,
                person: row.try_get("person")?,
                name: row.try_get("name")?,
                public: row.try_get("public")?,
                site: row.try_get("site")?,
                count: row.try_get("count")?,
                added: time(row.try_get("added")?),
                used: row.try_get::<Option<i64>, _>("used")?.map(time),
            })
        };
        rows.iter().map(one).collect()
    }

    /// Takes a key of somebody's. If they have some already, one of those must have signed that,
    /// which is `by`: a password alone adds no key to others.
    pub async fn add_passkey(
        &self,
        key: &Passkey,
        by: Option<Once<'_>>,
    ) -> Result<Result<(), NoPasskey>, StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let has = count(&mut transaction, &key.person).await?;
        if has >= MOST_PASSKEYS {
            return Ok(Err(NoPasskey::TooMany));
        }
        if has > 0 && !signed_once(&mut transaction, &key.person, by, key.added).await? {
            return Ok(Err(NoPasskey::Unsigned));
        }
        for (column, value, why) in
            [("id", &key.id, NoPasskey::Known), ("name", &key.name, NoPasskey::Name)]
        {
            let query = format!(
                "SELECT count(*) FROM passkeys WHERE {column} = ?1 AND (person = ?2 OR ?3)"
            );
            let there: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(query))
                .bind(value)
                .bind(&key.person)
                .bind(column == "id")
                .fetch_one(&mut *transaction)
                .await?;
            if there > 0 {
                return Ok(Err(why));
            }
        }
        sqlx::query(
            "INSERT INTO passkeys (id, person, name, public, site, count, added)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&key.id)
        .bind(&key.person)
        .bind(&key.name)
        .bind(&key.public)
        .bind(&key.site)
        .bind(key.count)
        .bind(micros(key.added))
        .execute(&mut *transaction)
        .await?;
        let what = format!("passkey added: {} ({})", key.name, key.public);
        note(&mut transaction, key.added, &key.person, &key.person, &what).await?;
        transaction.commit().await?;
        Ok(Ok(()))
    }

    /// Notes that a key of somebody's has signed; false if the signature does not count.
    pub async fn use_passkey(
        &self,
        person: &str,
        by: Once<'_>,
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let counts = signed_once(&mut transaction, person, Some(by), now).await?;
        transaction.commit().await?;
        Ok(counts)
    }

    /// Takes a key of somebody's away, by an operator; false if there is none of that name.
    pub async fn remove_passkey(
        &self,
        person: &str,
        name: &str,
        by: &str,
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        let transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        remove(transaction, person, name, (by, now)).await
    }

    /// The same by themselves, which a key of theirs has signed.
    pub async fn give_up_passkey(
        &self,
        person: &str,
        name: &str,
        by: Once<'_>,
        now: SystemTime,
    ) -> Result<Result<bool, NoPasskey>, StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        if !signed_once(&mut transaction, person, Some(by), now).await? {
            return Ok(Err(NoPasskey::Unsigned));
        }
        remove(transaction, person, name, (person, now)).await.map(Ok)
    }
}

async fn remove(
    mut transaction: Transaction<'_, Sqlite>,
    person: &str,
    name: &str,
    (by, now): (&str, SystemTime),
) -> Result<bool, StoreError> {
    let done = sqlx::query("DELETE FROM passkeys WHERE person = ? AND name = ?")
        .bind(person)
        .bind(name)
        .execute(&mut *transaction)
        .await?;
    if done.rows_affected() > 0 {
        let what = format!("passkey removed: {name}");
        note(&mut transaction, now, by, person, &what).await?;
    }
    transaction.commit().await?;
    Ok(done.rows_affected() > 0)
}

pub(crate) async fn count(
    connection: &mut SqliteConnection,
    person: &str,
) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar("SELECT count(*) FROM passkeys WHERE person = ?")
        .bind(person)
        .fetch_one(&mut *connection)
        .await?)
}

/// Why somebody's word does not count as it is signed, or is not; whose voices they speak with is
/// said by `lenders`. Against it everybody may speak as they can: that lets nothing run.
pub(crate) async fn withheld(
    connection: &mut SqliteConnection,
    voice: &Voice,
    lenders: &[String],
    signing: &Signing<'_>,
) -> Result<Option<NoVoice>, StoreError> {
    // Nobody hands on what takes a key of theirs: a password alone hands a voice on.
    if voice.consents && signing.unsigned != Unsigned::All {
        for lender in lenders {
            if count(connection, lender).await? > 0 {
                return Ok(Some(NoVoice::Unsigned(false)));
            }
        }
    }
    let needed = voice.consents || signing.by.is_some();
    if needed && !suffices(connection, &voice.person, signing, voice.at).await? {
        return Ok(Some(NoVoice::Unsigned(signing.by.is_some())));
    }
    Ok(None)
}

/// True if somebody's consent counts as it is signed, or is not.
async fn suffices(
    connection: &mut SqliteConnection,
    person: &str,
    signing: &Signing<'_>,
    now: SystemTime,
) -> Result<bool, StoreError> {
    if signing.by.is_some() {
        return signed(connection, person, signing.by, now).await;
    }
    Ok(match signing.unsigned {
        Unsigned::All => true,
        Unsigned::None => false,
        Unsigned::Keyless => count(connection, person).await? == 0,
    })
}

/// The same for a signature that counts once: its key has signed nothing since it was checked.
async fn signed_once(
    connection: &mut SqliteConnection,
    person: &str,
    by: Option<Once<'_>>,
    now: SystemTime,
) -> Result<bool, StoreError> {
    let Some(Once { by, after }) = by else { return Ok(false) };
    let used: Option<Option<i64>> = sqlx::query_scalar("SELECT used FROM passkeys WHERE id = ?")
        .bind(&by.id)
        .fetch_optional(&mut *connection)
        .await?;
    Ok(used == Some(after.map(micros)) && signed(connection, person, Some(by), now).await?)
}

/// True if the key is still this person's, and has not signed as often before: a copy of a key
/// shows by its count. It counts from then on.
async fn signed(
    connection: &mut SqliteConnection,
    person: &str,
    by: Option<&Signature>,
    now: SystemTime,
) -> Result<bool, StoreError> {
    let Some(by) = by else { return Ok(false) };
    let done = sqlx::query(
        "UPDATE passkeys SET count = ?1, used = ?2
         WHERE id = ?3 AND person = ?4 AND public = ?5 AND (count < ?1 OR count = 0 AND ?1 = 0)",
    )
    .bind(by.count)
    .bind(micros(now))
    .bind(&by.id)
    .bind(person)
    .bind(&by.public)
    .execute(&mut *connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

#[cfg(test)]
mod tests;
