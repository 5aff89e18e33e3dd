//! Identities that come from a provider: made at their first sign-in, in the groups that the
//! provider says. Knows no token.

use crate::{
    Account, Store, StoreError, Verifier, check_foreign_name, check_name, delegations,
    identities::{account_of, insert_group, touch},
    open::micros,
    outbox::note,
};
use model::IdentityKind;
use sqlx::{Row, Sqlite, Transaction};
use std::time::SystemTime;

/// Somebody whom a provider vouches for.
#[derive(Clone, Debug)]
pub struct Arrival<'a> {
    /// The provider, by Weir's name for it.
    pub provider: &'a str,
    /// The provider's own name for them, which never changes.
    pub subject: &'a str,
    /// What they are called if they are new.
    pub name: &'a str,
    /// What they are if they are new.
    pub kind: IdentityKind,
    /// The groups they are in now, each beginning with the prefix; nothing if the provider says
    /// that in another way.
    pub groups: Option<&'a [String]>,
    /// When the provider said so: what is older than what counts already changes no groups.
    pub issued: SystemTime,
    /// Nobody new comes in this way: the provider adds people in another one.
    pub known_only: bool,
    /// How the groups begin that the provider decides about; all of them if empty.
    pub prefix: &'a str,
    /// A verifier that no password fits, if they are new.
    pub verifier: &'a Verifier,
}

/// Why somebody whom a provider vouches for is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoArrival {
    /// Somebody else has the name: an identity that does not come from there.
    Taken,
    /// They are disabled here.
    Disabled,
    /// The provider has not added them.
    Unknown,
    /// What they show was issued before their provider ended what was open.
    Ended,
}

impl Store {
    /// Lets somebody in whom a provider vouches for; makes them if they are new, and puts them
    /// into their groups. Whoever is known keeps name and kind.
    pub async fn arrive(
        &self,
        arrival: &Arrival<'_>,
        now: SystemTime,
    ) -> Result<Result<Account, NoArrival>, StoreError> {
        let groups = arrival.groups.unwrap_or_default();
        groups.iter().try_for_each(|group| check_name(group))?;
        let by = format!("provider:{}", arrival.provider);
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let name = match known(&mut transaction, arrival, &by, now).await? {
            Some(name) => name,
            None if arrival.known_only => return Ok(Err(NoArrival::Unknown)),
            None => match made(&mut transaction, arrival, &by, now).await? {
                Ok(name) => name,
                Err(why) => return Ok(Err(why)),
            },
        };
        if !enabled(&mut transaction, &name).await? {
            return Ok(Err(NoArrival::Disabled));
        }
        if ended_since(&mut transaction, &name, arrival.issued).await? {
            return Ok(Err(NoArrival::Ended));
        }
        if arrival.groups.is_some() && newest(&mut transaction, arrival, &name).await? {
            regroup(&mut transaction, &name, (groups, arrival.prefix), &by, now).await?;
        }
        let account = account_of(&mut transaction, &name).await?;
        transaction.commit().await?;
        Ok(Ok(account))
    }

    /// Says that an identity comes from a provider from now on: whoever has this subject there, or,
    /// if none is given, whoever next signs in there by its name. False if somebody there is it
    /// already, or the subject is somebody else here.
    pub async fn link(
        &self,
        name: &str,
        (provider, subject): (&str, Option<&str>),
        by: &str,
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        touch(&mut transaction, name, now).await?;
        let new = sqlx::query(
            "INSERT OR IGNORE INTO provisioned (identity, provider, subject) VALUES (?, ?, ?)",
        )
        .bind(name)
        .bind(provider)
        .bind(subject)
        .execute(&mut *transaction)
        .await?;
        // Whom the provider added, or who was linked before, may wait for their first sign-in.
        let waiting = sqlx::query(
            "UPDATE OR IGNORE provisioned SET subject = ?3
             WHERE identity = ?1 AND provider = ?2 AND subject IS NULL AND ?3 IS NOT NULL",
        )
        .bind(name)
        .bind(provider)
        .bind(subject)
        .execute(&mut *transaction)
        .await?;
        if new.rows_affected() + waiting.rows_affected() == 0 {
            return Ok(false);
        }
        let as_whom = subject.map(|subject| format!(" as {}", said(subject))).unwrap_or_default();
        note(&mut transaction, now, by, name, &format!("comes from {provider}{as_whom}")).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Notes that a provider's token was exchanged. False if it was before.
    pub async fn spend(
        &self,
        hash: &[u8; 32],
        until: SystemTime,
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query("DELETE FROM spent WHERE until <= ?")
            .bind(micros(now))
            .execute(&mut *transaction)
            .await?;
        let done = sqlx::query("INSERT OR IGNORE INTO spent (hash, until) VALUES (?, ?)")
            .bind(hash.as_slice())
            .bind(micros(until))
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(done.rows_affected() > 0)
    }
}

/// Who the provider's subject is here, if they came before or were expected by their name.
async fn known(
    transaction: &mut Transaction<'_, Sqlite>,
    arrival: &Arrival<'_>,
    by: &str,
    now: SystemTime,
) -> Result<Option<String>, StoreError> {
    let query = "SELECT identity FROM provisioned WHERE provider = ? AND subject = ?";
    let row = sqlx::query(query)
        .bind(arrival.provider)
        .bind(arrival.subject)
        .fetch_optional(&mut **transaction)
        .await?;
    if let Some(row) = row {
        return Ok(Some(row.try_get("identity")?));
    }
    let expected = sqlx::query(
        "UPDATE provisioned SET subject = ?
         WHERE provider = ? AND identity = ? AND subject IS NULL AND gone = 0",
    )
    .bind(arrival.subject)
    .bind(arrival.provider)
    .bind(arrival.name)
    .execute(&mut **transaction)
    .await?;
    if expected.rows_affected() == 0 {
        return Ok(None);
    }
    let what = format!("is {} of {} from now on", said(arrival.subject), arrival.provider);
    note(transaction, now, by, arrival.name, &what).await?;
    Ok(Some(arrival.name.to_owned()))
}

/// A subject as the record shows it: the provider's own text.
fn said(subject: &str) -> String {
    format!("{subject:?}")
}

/// True if a provider ended what was open after this was issued. Tokens say whole seconds.
async fn ended_since(
    transaction: &mut Transaction<'_, Sqlite>,
    name: &str,
    issued: SystemTime,
) -> Result<bool, StoreError> {
    let query = "SELECT count(*) FROM identities WHERE name = ? AND ended / 1000000 > ?";
    let query = sqlx::query_scalar(query).bind(name).bind(micros(issued) / 1_000_000);
    let count: i64 = query.fetch_one(&mut **transaction).await?;
    Ok(count > 0)
}

/// True if no later answer of the provider changed somebody's groups; this one is the latest then.
async fn newest(
    transaction: &mut Transaction<'_, Sqlite>,
    arrival: &Arrival<'_>,
    name: &str,
) -> Result<bool, StoreError> {
    let query = "UPDATE provisioned SET answered = ?2 WHERE identity = ?1 AND answered <= ?2";
    let query = sqlx::query(query).bind(name).bind(micros(arrival.issued));
    Ok(query.execute(&mut **transaction).await?.rows_affected() > 0)
}

/// Makes an identity for somebody new. A name that another has is never given to them: whoever may
/// choose names at the provider would else choose who they are here.
async fn made(
    transaction: &mut Transaction<'_, Sqlite>,
    arrival: &Arrival<'_>,
    by: &str,
    now: SystemTime,
) -> Result<Result<String, NoArrival>, StoreError> {
    check_foreign_name(arrival.name)?;
    let done = sqlx::query(
        "INSERT OR IGNORE INTO identities (name, kind, verifier, enabled, created, changed)
         VALUES (?1, ?2, ?3, 1, ?4, ?4)",
    )
    .bind(arrival.name)
    .bind(arrival.kind.as_str())
    .bind(arrival.verifier.expose())
    .bind(micros(now))
    .execute(&mut **transaction)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(Err(NoArrival::Taken));
    }
    sqlx::query("INSERT INTO provisioned (identity, provider, subject) VALUES (?, ?, ?)")
        .bind(arrival.name)
        .bind(arrival.provider)
        .bind(arrival.subject)
        .execute(&mut **transaction)
        .await?;
    let (kind, subject) = (arrival.kind.as_str(), said(arrival.subject));
    let what = format!("added: {kind} from {} as {subject}", arrival.provider);
    note(transaction, now, by, arrival.name, &what).await?;
    Ok(Ok(arrival.name.to_owned()))
}

async fn enabled(
    transaction: &mut Transaction<'_, Sqlite>,
    name: &str,
) -> Result<bool, StoreError> {
    let query = "SELECT count(*) FROM identities WHERE name = ? AND enabled = 1";
    let count: i64 = sqlx::query_scalar(query).bind(name).fetch_one(&mut **transaction).await?;
    Ok(count > 0)
}

/// Puts an identity into exactly these groups, of those that begin with a prefix. If nothing
/// changes, nothing is noted and nobody signs in anew.
pub(crate) async fn regroup(
    transaction: &mut Transaction<'_, Sqlite>,
    name: &str,
    (groups, prefix): (&[String], &str),
    by: &str,
    now: SystemTime,
) -> Result<(), StoreError> {
    let query = "SELECT name FROM identity_groups WHERE identity = ? ORDER BY name";
    let before: Vec<String> =
        sqlx::query_scalar(query).bind(name).fetch_all(&mut **transaction).await?;
    let mut what = Vec::new();
    for gone in before.iter().filter(|one| one.starts_with(prefix) && !groups.contains(one)) {
        sqlx::query("DELETE FROM identity_groups WHERE identity = ? AND name = ?")
            .bind(name)
            .bind(gone)
            .execute(&mut **transaction)
            .await?;
        delegations::end_of(transaction, name, Some(gone), by, now).await?;
        what.push(format!("-{gone}"));
    }
    for new in groups.iter().filter(|one| !before.contains(one)) {
        if insert_group(transaction, name, new).await? {
            what.push(format!("+{new}"));
        }
    }
    if what.is_empty() {
        return Ok(());
    }
    touch(transaction, name, now).await?;
    note(transaction, now, by, name, &format!("groups: {}", what.join(" "))).await
}

#[cfg(test)]
mod tests;
