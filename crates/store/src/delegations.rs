//! Voices that are handed on for a time. Knows persons and groups; nothing of what is decided.
//!
//! What is handed on are the groups that somebody speaks for, and nothing else: no right, and not
//! what others handed on to them. It ends by its time, by either of the two, when either is
//! disabled, and for a group when either leaves it; nothing brings it back.

use crate::{
    Store, StoreError,
    json::{json, read},
    open::{micros, time},
    outbox::note,
    voices::{groups_of, one_with},
};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};
use std::time::{Duration, SystemTime};

/// The longest that a voice can be handed on for.
pub const LONGEST_DELEGATION: Duration = Duration::from_secs(31 * 24 * 3_600);

/// A voice that somebody hands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDelegation {
    /// Whose.
    pub delegator: String,
    /// To whom.
    pub delegate: String,
    /// In which groups; all of theirs if none is named.
    pub groups: Vec<String>,
    /// From when on.
    pub since: SystemTime,
    /// Until when.
    pub until: SystemTime,
    /// Why, in their words.
    pub reason: String,
}

/// A voice that was handed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delegation {
    /// Its number; never used twice.
    pub id: i64,
    /// Whose.
    pub delegator: String,
    /// To whom.
    pub delegate: String,
    /// In which groups.
    pub groups: Vec<String>,
    /// From when on.
    pub since: SystemTime,
    /// Until when, if nothing ends it before.
    pub until: SystemTime,
    /// Why, in their words.
    pub reason: String,
    /// When it ended, if it did.
    pub ended: Option<SystemTime>,
}

/// Why a voice cannot be handed on, or taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoDelegation {
    /// This one is no enabled person.
    NoPerson(String),
    /// To oneself.
    Oneself,
    /// They are not in this group; or in none, if it is empty.
    NotIn(String),
    /// It is with this one already.
    Already(String),
    /// This one has somebody's voice, or has handed on their own: there are no chains.
    Chain(String),
    /// Not for so long, or not at all.
    Time,
    /// There is no such thing in force, or it is somebody else's.
    Nothing,
}

impl Store {
    /// True if somebody is one person with any of these, by a voice that was handed on.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn is_one_with(
        &self,
        person: &str,
        others: &[String],
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        let mut connection = self.pool.acquire().await?;
        let tied = ties(&mut connection, now).await?;
        let one = one_with(person, &tied);
        Ok(others.iter().any(|other| one.contains(other.as_str())))
    }

    /// Hands a voice on. The caller has made sure who the delegator is. `until` in words is for the
    /// record.
    pub async fn delegate(
        &self,
        new: &NewDelegation,
        until: &str,
    ) -> Result<Result<Delegation, NoDelegation>, StoreError> {
        let NewDelegation { delegator, delegate, since, .. } = new;
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        end_due(&mut transaction, *since).await?;
        let groups = match may_delegate(&mut transaction, new).await? {
            Ok(groups) => groups,
            Err(why) => return Ok(Err(why)),
        };
        let id = sqlx::query(
            "INSERT INTO delegations (delegator, delegate, in_groups, since, until, reason)
             VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(delegator)
        .bind(delegate)
        .bind(json(&groups)?)
        .bind(micros(*since))
        .bind(micros(new.until))
        .bind(&new.reason)
        .execute(&mut *transaction)
        .await?
        .last_insert_rowid();
        let what = format!(
            "voice in {} handed on to {delegate} until {until}: {}",
            groups.join(", "),
            new.reason
        );
        note(&mut transaction, *since, delegator, delegator, &what).await?;
        transaction.commit().await?;
        Ok(Ok(Delegation {
            id,
            delegator: delegator.clone(),
            delegate: delegate.clone(),
            groups,
            since: *since,
            until: new.until,
            reason: new.reason.clone(),
            ended: None,
        }))
    }

    /// Ends what somebody handed on, or was handed. The caller has made sure who it is.
    pub async fn end_delegation(
        &self,
        id: i64,
        by: &str,
        now: SystemTime,
    ) -> Result<Result<(), NoDelegation>, StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        end_due(&mut transaction, now).await?;
        let all = open(&mut transaction).await?;
        let theirs =
            |one: &&Delegation| one.id == id && (one.delegator == by || one.delegate == by);
        let Some(one) = all.iter().find(theirs) else {
            return Ok(Err(NoDelegation::Nothing));
        };
        end(&mut transaction, one, by, "taken back", now).await?;
        transaction.commit().await?;
        Ok(Ok(()))
    }

    /// Delegations, newest first; those that are over too, if all are wanted.
    pub async fn delegations(
        &self,
        all: bool,
        now: SystemTime,
        limit: u32,
    ) -> Result<Vec<Delegation>, StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        end_due(&mut transaction, now).await?;
        let rows = sqlx::query(
            "SELECT * FROM delegations WHERE ?1 OR ended IS NULL ORDER BY id DESC LIMIT ?2",
        )
        .bind(all)
        .bind(limit)
        .fetch_all(&mut *transaction)
        .await?;
        transaction.commit().await?;
        rows.iter().map(of).collect()
    }
}

/// The groups that are handed on, if they can be.
async fn may_delegate(
    connection: &mut SqliteConnection,
    new: &NewDelegation,
) -> Result<Result<Vec<String>, NoDelegation>, StoreError> {
    let NewDelegation { delegator, delegate, groups, since, until, .. } = new;
    if delegator == delegate {
        return Ok(Err(NoDelegation::Oneself));
    }
    if until <= since || *until > *since + LONGEST_DELEGATION {
        return Ok(Err(NoDelegation::Time));
    }
    let Some(own) = groups_of(connection, delegator).await? else {
        return Ok(Err(NoDelegation::NoPerson(delegator.clone())));
    };
    if groups_of(connection, delegate).await?.is_none() {
        return Ok(Err(NoDelegation::NoPerson(delegate.clone())));
    }
    if let Some(strange) = groups.iter().find(|group| !own.contains(group)) {
        return Ok(Err(NoDelegation::NotIn(strange.clone())));
    }
    let mut groups = if groups.is_empty() { own } else { groups.clone() };
    groups.sort();
    groups.dedup();
    if groups.is_empty() {
        return Ok(Err(NoDelegation::NotIn(String::new())));
    }
    for other in open(connection).await? {
        if other.delegator == *delegator {
            return Ok(Err(NoDelegation::Already(other.delegate)));
        }
        if other.delegate == *delegator {
            return Ok(Err(NoDelegation::Chain(delegator.clone())));
        }
        if other.delegator == *delegate {
            return Ok(Err(NoDelegation::Chain(delegate.clone())));
        }
    }
    Ok(Ok(groups))
}

/// Delegations that count now. A clock that went back makes none count before it was given.
pub(crate) async fn in_force(
    connection: &mut SqliteConnection,
    now: SystemTime,
) -> Result<Vec<Delegation>, StoreError> {
    let mut all = open(connection).await?;
    all.retain(|one| one.since <= now && now < one.until);
    Ok(all)
}

/// Delegations that make one person of two: also those given after a clock that went back.
pub(crate) async fn ties(
    connection: &mut SqliteConnection,
    now: SystemTime,
) -> Result<Vec<Delegation>, StoreError> {
    let mut all = open(connection).await?;
    all.retain(|one| now < one.until);
    Ok(all)
}

/// Ends those whose time is over.
pub(crate) async fn end_due(
    connection: &mut SqliteConnection,
    now: SystemTime,
) -> Result<(), StoreError> {
    for one in open(connection).await?.iter().filter(|one| one.until <= now) {
        end(connection, one, "weir", "its time is over", now).await?;
    }
    Ok(())
}

/// Ends what somebody handed on or was handed: they were disabled, or left this group.
pub(crate) async fn end_of(
    connection: &mut SqliteConnection,
    name: &str,
    group: Option<&str>,
    by: &str,
    now: SystemTime,
) -> Result<(), StoreError> {
    for one in open(connection).await? {
        if one.delegator != name && one.delegate != name {
            continue;
        }
        match group {
            None => end(connection, &one, by, &format!("{name} was disabled"), now).await?,
            Some(group) if one.groups.iter().any(|own| own == group) => {
                let left: Vec<&String> = one.groups.iter().filter(|own| *own != group).collect();
                if left.is_empty() {
                    end(connection, &one, by, &format!("{name} left {group}"), now).await?;
                    continue;
                }
                sqlx::query("UPDATE delegations SET in_groups = ? WHERE id = ?")
                    .bind(json(&left)?)
                    .bind(one.id)
                    .execute(&mut *connection)
                    .await?;
                let Delegation { delegator, delegate, .. } = &one;
                let what = format!("voice in {group} is back from {delegate}: {name} left it");
                note(connection, now, by, delegator, &what).await?;
            }
            Some(_) => {}
        }
    }
    Ok(())
}

async fn end(
    connection: &mut SqliteConnection,
    one: &Delegation,
    by: &str,
    why: &str,
    now: SystemTime,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE delegations SET ended = ? WHERE id = ?")
        .bind(micros(now))
        .bind(one.id)
        .execute(&mut *connection)
        .await?;
    let what = format!("voice is back from {}: {why}", one.delegate);
    note(connection, now, by, &one.delegator, &what).await
}

/// Those that nothing has ended.
async fn open(connection: &mut SqliteConnection) -> Result<Vec<Delegation>, StoreError> {
    let rows = sqlx::query("SELECT * FROM delegations WHERE ended IS NULL ORDER BY id")
        .fetch_all(&mut *connection)
        .await?;
    rows.iter().map(of).collect()
}

fn of(row: &SqliteRow) -> Result<Delegation, StoreError> {
    let ended: Option<i64> = row.try_get("ended")?;
    Ok(Delegation {
        id: row.try_get("id")?,
        delegator: row.try_get("delegator")?,
        delegate: row.try_get("delegate")?,
        groups: read(row.try_get("in_groups")?)?,
        since: time(row.try_get("since")?),
        until: time(row.try_get("until")?),
        reason: row.try_get("reason")?,
        ended: ended.map(time),
    })
}

#[cfg(test)]
mod tests;
