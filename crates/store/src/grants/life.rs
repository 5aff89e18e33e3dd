//! How a grant is opened, begins and ends. Time is an argument, and a clock that goes back is not
//! trusted.

use super::{GrantState, KeptGrant, NewGrant, REVIEW_WITHIN, all, get, say::is_enough, settle};
use crate::{
    Store, StoreError,
    json::json,
    open::{CLOCK_SLACK, micros},
    outbox::note_grant,
    voices::{Said, escalate, next_escalation},
};
use sqlx::SqliteConnection;
use std::time::{Duration, SystemTime};

impl Store {
    /// Opens a request. The error is the name of a grant of the same group to the same identity on
    /// one of its databases that is live: nobody adds time to a grant by asking again.
    pub async fn open_grant(
        &self,
        new: &NewGrant,
        via: &str,
    ) -> Result<Result<GrantState, String>, StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        due(&mut transaction, new.asked).await?;
        for live in live(&mut transaction).await? {
            let other = &live.asked;
            let same = other.identity == new.identity && other.group == new.group;
            if same && other.databases.iter().any(|name| new.databases.contains(name)) {
                transaction.commit().await?;
                return Ok(Err(other.grant.clone()));
            }
        }
        let state = if new.needs.is_empty() { GrantState::Granted } else { GrantState::Open };
        insert(&mut transaction, new, state).await?;
        let Some(grant) = get(&mut transaction, &new.grant).await? else {
            return Err(StoreError::Damaged(format!("{} is not there", new.grant)));
        };
        let said = Said { via, ..Said::by(&new.identity, &new.purpose) };
        note_grant(&mut transaction, &grant, "requested", said, new.asked).await?;
        if state == GrantState::Granted {
            let said = Said::by("weir", "");
            note_grant(&mut transaction, &grant, "granted", said, new.asked).await?;
        }
        transaction.commit().await?;
        Ok(Ok(state))
    }

    /// Ends what is over and what nobody decided in time, and lets what nobody decided for a while
    /// ask further groups.
    pub async fn due_grants(&self, now: SystemTime) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        due(&mut transaction, now).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Grants that may begin.
    pub async fn granted(&self) -> Result<Vec<KeptGrant>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let rows = sqlx::query("SELECT * FROM grants WHERE state = 'granted' ORDER BY asked")
            .fetch_all(&mut *transaction)
            .await?;
        all(&mut transaction, &rows).await
    }

    /// Begins a grant, if whoever consented to it still may; else it is void, as it is if `allowed`
    /// says why policies do not let it begin.
    pub async fn begin_grant(
        &self,
        grant: &str,
        allowed: Result<(), String>,
        now: SystemTime,
    ) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        due(&mut transaction, now).await?;
        if let Some(grant) = get(&mut transaction, grant).await?
            && grant.state == GrantState::Granted
        {
            let stands = match allowed.and_then(|()| in_time(&grant, now)) {
                Ok(()) if is_enough(&mut transaction, &grant, now).await? => Ok(()),
                Ok(()) => Err("whoever consented may not consent any more".to_owned()),
                Err(why) => Err(why),
            };
            match stands {
                Ok(()) => begin(&mut transaction, &grant, now).await?,
                Err(why) => {
                    let said = Said::by("weir", &why);
                    settle(&mut transaction, &grant, GrantState::Void, said, now).await?;
                }
            }
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Notes how much of a grant has passed, as a moment between its beginning and its end. It
    /// never takes anything back.
    pub async fn mark_grants(&self, seen: &[(String, SystemTime)]) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        for (grant, seen) in seen {
            sqlx::query(
                "UPDATE grants SET seen = max(coalesce(seen, 0), ?)
                 WHERE grant_id = ? AND state = 'begun'",
            )
            .bind(micros(*seen))
            .bind(grant)
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Ends grants whose time has passed by another measure than the clock.
    pub async fn end_grants(&self, over: &[String], now: SystemTime) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        for grant in over {
            if let Some(grant) = get(&mut transaction, grant).await?
                && grant.state == GrantState::Begun
            {
                let said = Said::by("weir", "");
                settle(&mut transaction, &grant, GrantState::Ended, said, now).await?;
            }
        }
        transaction.commit().await?;
        Ok(())
    }
}

/// Takes back every live grant of an identity and of whoever acts for it: it was disabled.
pub(crate) async fn revoke_of(
    transaction: &mut SqliteConnection,
    name: &str,
    by: &str,
    now: SystemTime,
) -> Result<(), StoreError> {
    for grant in live(transaction).await? {
        if grant.asked.members.iter().any(|member| member == name) {
            let why = format!("{name} was disabled");
            settle(transaction, &grant, GrantState::Revoked, Said::by(by, &why), now).await?;
        }
    }
    Ok(())
}

async fn live(transaction: &mut SqliteConnection) -> Result<Vec<KeptGrant>, StoreError> {
    let rows = sqlx::query("SELECT * FROM grants WHERE state IN ('open', 'granted', 'begun')")
        .fetch_all(&mut *transaction)
        .await?;
    all(transaction, &rows).await
}

async fn insert(
    transaction: &mut SqliteConnection,
    new: &NewGrant,
    state: GrantState,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO grants (grant_id, in_group, identity, chain, members, databases, emergency,
         purpose, asked, until, seconds, needs, reviewers, escalates, state)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&new.grant)
    .bind(&new.group)
    .bind(&new.identity)
    .bind(&new.chain)
    .bind(json(&new.members)?)
    .bind(json(&new.databases)?)
    .bind(new.emergency)
    .bind(&new.purpose)
    .bind(micros(new.asked))
    .bind(micros(new.until))
    .bind(i64::try_from(new.seconds).unwrap_or(i64::MAX))
    .bind(json(&new.needs)?)
    .bind(json(&new.reviewers)?)
    .bind(next_escalation(&new.needs, new.asked).map(micros))
    .bind(state.as_str())
    .execute(&mut *transaction)
    .await?;
    Ok(())
}

async fn begin(
    transaction: &mut SqliteConnection,
    grant: &KeptGrant,
    now: SystemTime,
) -> Result<(), StoreError> {
    let ends = now + Duration::from_secs(grant.asked.seconds);
    let reviewed = !grant.asked.reviewers.is_empty();
    sqlx::query(
        "UPDATE grants SET begins = ?1, ends = ?2, seen = ?1,
         review = CASE WHEN ?3 THEN 'open' END, due = CASE WHEN ?3 THEN ?4 END WHERE grant_id = ?5",
    )
    .bind(micros(now))
    .bind(micros(ends))
    .bind(reviewed)
    .bind(micros(ends + REVIEW_WITHIN))
    .bind(&grant.asked.grant)
    .execute(&mut *transaction)
    .await?;
    let begun = KeptGrant { ends: Some(ends), ..grant.clone() };
    settle(transaction, &begun, GrantState::Begun, Said::by("weir", ""), now).await
}

/// Whether a request's time is now. A clock that went back makes no request younger.
pub(super) fn in_time(grant: &KeptGrant, now: SystemTime) -> Result<(), String> {
    let asked = grant.asked.asked;
    let latest = grant.voices.iter().map(|voice| voice.at).max().unwrap_or(asked);
    if now + CLOCK_SLACK < asked.max(latest) {
        return Err("the clock went back since it was asked for".to_owned());
    }
    if now >= grant.asked.until { Err("its time is over".to_owned()) } else { Ok(()) }
}

/// Does what is due now.
pub(super) async fn due(
    connection: &mut SqliteConnection,
    now: SystemTime,
) -> Result<(), StoreError> {
    expire(connection, now).await?;
    let rows = sqlx::query("SELECT * FROM grants WHERE state = 'open' AND escalates <= ?")
        .bind(micros(now))
        .fetch_all(&mut *connection)
        .await?;
    for mut grant in all(connection, &rows).await? {
        let asked = &mut grant.asked;
        let words = escalate(&mut asked.needs, asked.asked, now).join("; ");
        sqlx::query("UPDATE grants SET needs = ?, escalates = ? WHERE grant_id = ?")
            .bind(json(&asked.needs)?)
            .bind(next_escalation(&asked.needs, asked.asked).map(micros))
            .bind(&asked.grant)
            .execute(&mut *connection)
            .await?;
        note_grant(connection, &grant, "escalated", Said::by("weir", &words), now).await?;
    }
    Ok(())
}

async fn expire(transaction: &mut SqliteConnection, now: SystemTime) -> Result<(), StoreError> {
    for grant in live(transaction).await? {
        let state = match grant.state {
            GrantState::Begun if grant.ends.is_none_or(|ends| ends <= now) => GrantState::Ended,
            GrantState::Open | GrantState::Granted if grant.asked.until <= now => {
                GrantState::Expired
            }
            _ => continue,
        };
        settle(transaction, &grant, state, Said::by("weir", ""), now).await?;
    }
    Ok(())
}
