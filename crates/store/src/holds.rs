//! Statements that wait for approval: who asked, who consented, what became of them. Knows nothing
//! of statements, and nothing of how a person proves who they are.
//!
//! ```text
//! open ─▶ approved ─▶ used
//!   ├───▶ denied   └▶ expired
//!   ├───▶ withdrawn
//!   └───▶ expired
//! ```
//!
//! Every step is one transaction with the event that tells of it, so that no two processes can use
//! one approval, and no step is unrecorded.

mod say;

use crate::{
    Store, StoreError, Voice,
    json::{json, read},
    open::{CLOCK_SLACK, micros, time},
    outbox::note_hold,
    voices::{Hearing, Said, escalate, next_escalation},
};
use model::verdict::Approval;
use say::voices;
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};
use std::time::SystemTime;

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct NewHold {
    /// Its name: the id of the statement.
    pub hold: String,
    /// What an approval is bound to.
    pub digest: Vec<u8>,
    /// When it was asked for.
    pub asked: SystemTime,
    /// Until when it can be approved and used.
    pub until: SystemTime,
    /// Who asked: the chain of actors.
    pub identity: String,
    /// Everybody in that chain: none of them has a voice.
    pub members: Vec<String>,
    /// The database, by Weir's name.
    pub database: String,
    /// The text, with its values.
    pub statement: String,
    /// Bind values, readable.
    pub given: Vec<String>,
    /// What it is without values.
    pub shape: String,
    /// Why it waits.
    pub reasons: Vec<String>,
    /// Whose consent it needs.
    pub needs: Vec<Approval>,
}

/// Where a hold stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldState {
    /// Nobody decided yet.
    Open,
    /// It may be used, once.
    Approved,
    /// Somebody denied it.
    Denied,
    /// Its time is over.
    Expired,
    /// Whoever asked took it back.
    Withdrawn,
    /// The statement ran by it.
    Used,
}

impl HoldState {
    /// All there are.
    pub const ALL: [Self; 6] =
        [Self::Open, Self::Approved, Self::Denied, Self::Expired, Self::Withdrawn, Self::Used];
    /// Those in which a statement may still run.
    pub const WAITING: [Self; 2] = [Self::Open, Self::Approved];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
            Self::Used => "used",
        }
    }
}

/// A hold as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptHold {
    /// What was asked for. Text and values are empty once nobody has to see them any more.
    pub asked: NewHold,
    /// Where it stands.
    pub state: HoldState,
    /// Who consented or denied, in order.
    pub voices: Vec<Voice>,
}

/// What there is for a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FoundHold {
    /// Nothing.
    Nothing,
    /// A hold that waits.
    Open(String),
    /// An approval that this used up: the hold, and who consented.
    Used(String, Vec<String>),
}

/// Requests of one identity that wait or were not used yet, beyond which it opens no more.
const MOST_WAITING: i64 = 50;

impl Store {
    /// Opens a hold.
    pub async fn open_hold(&self, new: &NewHold) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        if !has_room(&mut transaction, &new.identity).await? {
            return Err(StoreError::TooMany(new.identity.clone()));
        }
        sqlx::query(
            "INSERT INTO holds (hold, digest, asked, until, identity, members, database,
             statement, given, shape, reasons, needs, escalates, state)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open')",
        )
        .bind(&new.hold)
        .bind(&new.digest)
        .bind(micros(new.asked))
        .bind(micros(new.until))
        .bind(&new.identity)
        .bind(json(&new.members)?)
        .bind(&new.database)
        .bind(&new.statement)
        .bind(json(&new.given)?)
        .bind(&new.shape)
        .bind(json(&new.reasons)?)
        .bind(json(&new.needs)?)
        .bind(next_escalation(&new.needs, new.asked).map(micros))
        .execute(&mut *transaction)
        .await?;
        note_hold(&mut transaction, new, "held", Said::by(&new.identity, ""), new.asked).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Whether an identity may open a further hold.
    pub async fn may_open_hold(&self, identity: &str, now: SystemTime) -> Result<bool, StoreError> {
        let (mut transaction, now) = self.step(now).await?;
        due(&mut transaction, now).await?;
        let room = has_room(&mut transaction, identity).await?;
        transaction.commit().await?;
        Ok(room)
    }

    /// What there is for a statement with this digest: an approval, which is used up by this, or a
    /// hold that waits, or nothing.
    pub async fn find_hold(&self, digest: &[u8], now: SystemTime) -> Result<FoundHold, StoreError> {
        let (mut transaction, now) = self.step(now).await?;
        due(&mut transaction, now).await?;
        let rows = sqlx::query(
            "SELECT * FROM holds WHERE digest = ? AND state IN ('open', 'approved')
             ORDER BY state, asked",
        )
        .bind(digest)
        .fetch_all(&mut *transaction)
        .await?;
        let mut found = FoundHold::Nothing;
        for row in rows {
            let hold = kept(&mut transaction, &row).await?;
            if hold.state == HoldState::Open {
                found = FoundHold::Open(hold.asked.hold);
                break;
            }
            if let Ok(by) = take(&mut transaction, &hold, now).await? {
                found = FoundHold::Used(hold.asked.hold, by);
                break;
            }
        }
        transaction.commit().await?;
        Ok(found)
    }

    /// Uses an approval up, if it is one that can be used now; else gives the hold as it stands, or
    /// says why it cannot.
    pub async fn use_hold(
        &self,
        hold: &str,
        now: SystemTime,
    ) -> Result<Result<Vec<String>, String>, StoreError> {
        let (mut transaction, now) = self.step(now).await?;
        due(&mut transaction, now).await?;
        let used = match get(&mut transaction, hold).await? {
            Some(hold) => take(&mut transaction, &hold, now).await?,
            None => Err("there is no such request any more".to_owned()),
        };
        transaction.commit().await?;
        Ok(used)
    }

    /// Whoever asked takes it back.
    pub async fn withdraw_hold(
        &self,
        hold: &str,
        by: &str,
        now: SystemTime,
    ) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        if let Some(hold) = get(&mut transaction, hold).await?
            && matches!(hold.state, HoldState::Open | HoldState::Approved)
        {
            settle(&mut transaction, &hold, HoldState::Withdrawn, Said::by(by, ""), now).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Ends a hold that nobody decided in time; false if it is open no more. For whoever measured
    /// its time by another clock.
    pub async fn expire_hold(&self, hold: &str, now: SystemTime) -> Result<bool, StoreError> {
        let (mut transaction, now) = self.step(now).await?;
        let open = get(&mut transaction, hold).await?;
        let open = open.filter(|hold| hold.state == HoldState::Open);
        if let Some(hold) = &open {
            settle(&mut transaction, hold, HoldState::Expired, Said::by("weir", ""), now).await?;
        }
        transaction.commit().await?;
        Ok(open.is_some())
    }

    /// Ends what nobody decided or used in time, and lets what nobody decided for a while ask
    /// further groups.
    pub async fn due_holds(&self, now: SystemTime) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        due(&mut transaction, now).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Removes what has been settled for long, with what was said about it; gives how many there
    /// were. What may still run, or be decided, stays however old it is.
    pub async fn forget_holds(&self, before: SystemTime) -> Result<u64, StoreError> {
        const SETTLED: &str = "SELECT hold FROM holds
            WHERE state NOT IN ('open', 'approved') AND decided < ?";
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let mut gone = 0;
        for (table, column) in [("messages", "about"), ("hold_voices", "hold"), ("holds", "hold")] {
            let query = format!("DELETE FROM {table} WHERE {column} IN ({SETTLED})");
            let done = sqlx::query(sqlx::AssertSqlSafe(query))
                .bind(micros(before))
                .execute(&mut *transaction)
                .await?;
            gone = done.rows_affected();
        }
        transaction.commit().await?;
        Ok(gone)
    }

    /// One hold.
    pub async fn hold(&self, hold: &str) -> Result<Option<KeptHold>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        get(&mut transaction, hold).await
    }

    /// The hold that waits or was not used yet for a statement with this digest.
    pub async fn hold_of(&self, digest: &[u8]) -> Result<Option<KeptHold>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let row = sqlx::query(
            "SELECT * FROM holds WHERE digest = ? AND state IN ('open', 'approved')
             ORDER BY asked DESC LIMIT 1",
        )
        .bind(digest)
        .fetch_optional(&mut *transaction)
        .await?;
        match row {
            Some(row) => kept(&mut transaction, &row).await.map(Some),
            None => Ok(None),
        }
    }

    /// Holds in these states, newest first, without what was asked: statements are long.
    pub async fn holds(
        &self,
        states: &[HoldState],
        limit: u32,
    ) -> Result<Vec<KeptHold>, StoreError> {
        let states: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
        let mut transaction = self.pool.begin().await?;
        let rows = sqlx::query(
            "SELECT hold, digest, asked, until, identity, members, database, NULL AS statement,
             NULL AS given, '' AS shape, reasons, needs, state
             FROM holds WHERE state IN (SELECT value FROM json_each(?))
             ORDER BY asked DESC LIMIT ?",
        )
        .bind(json(&states)?)
        .bind(limit)
        .fetch_all(&mut *transaction)
        .await?;
        let mut holds = Vec::with_capacity(rows.len());
        for row in &rows {
            holds.push(kept(&mut transaction, row).await?);
        }
        Ok(holds)
    }
}

async fn has_room(transaction: &mut SqliteConnection, identity: &str) -> Result<bool, StoreError> {
    let waiting: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM holds WHERE identity = ? AND state IN ('open', 'approved')",
    )
    .bind(identity)
    .fetch_one(&mut *transaction)
    .await?;
    Ok(waiting < MOST_WAITING)
}

/// Uses an approval up, or says why it cannot be used. Who consented must still be who they were:
/// enabled, and in the groups that were needed.
async fn take(
    transaction: &mut SqliteConnection,
    hold: &KeptHold,
    now: SystemTime,
) -> Result<Result<Vec<String>, String>, StoreError> {
    if hold.state != HoldState::Approved {
        return Ok(Err(format!("the request is {}", hold.state.as_str())));
    }
    if let Err(why) = in_time(hold, now) {
        return Ok(Err(why));
    }
    if !hearing(hold).is_enough(transaction, now).await? {
        return Ok(Err("whoever approved it may not approve it any more".to_owned()));
    }
    settle(transaction, hold, HoldState::Used, Said::by(&hold.asked.identity, ""), now).await?;
    let consents = hold.voices.iter().filter(|voice| voice.consents);
    Ok(Ok(consents.map(Voice::who).collect()))
}

/// Whether a hold's time is now. A clock that went back makes an old approval no younger: before it
/// was asked for, or before the last voice, it is not valid either. What two processes do at once
/// is no clock that went back.
fn in_time(hold: &KeptHold, now: SystemTime) -> Result<(), String> {
    let latest = hold.voices.iter().map(|voice| voice.at).max();
    if now + CLOCK_SLACK < hold.asked.asked.max(latest.unwrap_or(hold.asked.asked)) {
        return Err("the clock went back since it was asked for".to_owned());
    }
    if now >= hold.asked.until { Err("its time is over".to_owned()) } else { Ok(()) }
}

fn hearing(hold: &KeptHold) -> Hearing<'_> {
    let (asked, voices) = (&hold.asked, &hold.voices);
    Hearing { members: &asked.members, needs: &asked.needs, voices }
}

/// Does what is due now.
async fn due(connection: &mut SqliteConnection, now: SystemTime) -> Result<(), StoreError> {
    expire(connection, now).await?;
    let rows = sqlx::query("SELECT * FROM holds WHERE state = 'open' AND escalates <= ?")
        .bind(micros(now))
        .fetch_all(&mut *connection)
        .await?;
    for row in &rows {
        let mut hold = kept(connection, row).await?.asked;
        let words = escalate(&mut hold.needs, hold.asked, now);
        sqlx::query("UPDATE holds SET needs = ?, escalates = ? WHERE hold = ?")
            .bind(json(&hold.needs)?)
            .bind(next_escalation(&hold.needs, hold.asked).map(micros))
            .bind(&hold.hold)
            .execute(&mut *connection)
            .await?;
        let words = words.join("; ");
        let said = Said::by("weir", &words);
        note_hold(connection, &hold, "escalated", said, now).await?;
    }
    Ok(())
}

async fn expire(transaction: &mut SqliteConnection, now: SystemTime) -> Result<(), StoreError> {
    let rows = sqlx::query(
        "SELECT hold, digest, asked, until, identity, members, database, NULL AS statement,
         NULL AS given, '' AS shape, reasons, needs, state
         FROM holds WHERE state IN ('open', 'approved') AND until <= ?",
    )
    .bind(micros(now))
    .fetch_all(&mut *transaction)
    .await?;
    for row in &rows {
        let hold = kept(transaction, row).await?;
        settle(transaction, &hold, HoldState::Expired, Said::by("weir", ""), now).await?;
    }
    Ok(())
}

/// Puts a hold into another state, with the event that tells of it. What only an approver needed to
/// see goes once nobody will look any more.
async fn settle(
    connection: &mut SqliteConnection,
    hold: &KeptHold,
    state: HoldState,
    said: Said<'_>,
    now: SystemTime,
) -> Result<(), StoreError> {
    let visible = matches!(state, HoldState::Open | HoldState::Approved);
    sqlx::query(
        "UPDATE holds SET state = ?1, decided = ?2,
         statement = CASE WHEN ?3 THEN statement END, given = CASE WHEN ?3 THEN given END
         WHERE hold = ?4",
    )
    .bind(state.as_str())
    .bind(micros(now))
    .bind(visible)
    .bind(&hold.asked.hold)
    .execute(&mut *connection)
    .await?;
    note_hold(connection, &hold.asked, state.as_str(), said, now).await
}

async fn get(
    transaction: &mut SqliteConnection,
    hold: &str,
) -> Result<Option<KeptHold>, StoreError> {
    let row = sqlx::query("SELECT * FROM holds WHERE hold = ?")
        .bind(hold)
        .fetch_optional(&mut *transaction)
        .await?;
    match row {
        Some(row) => kept(transaction, &row).await.map(Some),
        None => Ok(None),
    }
}

async fn kept(transaction: &mut SqliteConnection, row: &SqliteRow) -> Result<KeptHold, StoreError> {
    let hold: String = row.try_get("hold")?;
    let word: String = row.try_get("state")?;
    let state = HoldState::ALL.into_iter().find(|state| state.as_str() == word);
    let given: Option<String> = row.try_get("given")?;
    let statement: Option<String> = row.try_get("statement")?;
    Ok(KeptHold {
        voices: voices(transaction, &hold).await?,
        state: state.ok_or_else(|| StoreError::Damaged(format!("a hold is \"{word}\"")))?,
        asked: NewHold {
            hold,
            digest: row.try_get("digest")?,
            asked: time(row.try_get("asked")?),
            until: time(row.try_get("until")?),
            identity: row.try_get("identity")?,
            members: read(row.try_get("members")?)?,
            database: row.try_get("database")?,
            statement: statement.unwrap_or_default(),
            given: given.as_deref().map_or(Ok(Vec::new()), read)?,
            shape: row.try_get("shape")?,
            reasons: read(row.try_get("reasons")?)?,
            needs: read(row.try_get("needs")?)?,
        },
    })
}

#[cfg(test)]
mod tests;
