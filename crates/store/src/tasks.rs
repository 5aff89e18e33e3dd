//! What persons gave agents to do, how much of it was used up, and who was shown text that others
//! can write. Knows no session, and nothing of how a person proves who they are.
//!
//! ```text
//! create ─▶ live ─▶ ended (by a person, or with the agent or its principal)
//!             └───▶ expired
//! ```

use crate::{
    Store, StoreError,
    open::{micros, time},
    outbox::{TaskEvent, note_task},
};
use model::{Spent, TaskDetails};
use serde::{Serialize, de::DeserializeOwned};
use sqlx::{Row, Sqlite, Transaction, sqlite::SqliteRow};
use std::time::SystemTime;

/// Tasks of one agent for one person that may be live at a time.
const MAX_LIVE: i64 = 64;

/// A task to be given.
#[derive(Clone, Debug, PartialEq)]
pub struct NewTask {
    /// Its name.
    pub task: String,
    /// Whose it is.
    pub agent: String,
    /// For whom the agent acts in it.
    pub acts_for: String,
    /// Both, as a chain of actors.
    pub chain: String,
    /// What it is.
    pub details: TaskDetails,
    /// When it is given.
    pub created: SystemTime,
    /// When it is over at the latest.
    pub until: SystemTime,
}

/// Where a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskState {
    /// It is in force.
    Live,
    /// It was ended.
    Ended,
    /// Its time was over.
    Expired,
}

impl TaskState {
    const ALL: [Self; 3] = [Self::Live, Self::Ended, Self::Expired];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Ended => "ended",
            Self::Expired => "expired",
        }
    }
}

/// A task as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptTask {
    /// What was given.
    pub given: NewTask,
    /// Where it stands.
    pub state: TaskState,
    /// What was used up, as far as is known.
    pub used: Spent,
    /// What may have been used up.
    pub kept: Spent,
    /// Since when its agent has been tainted, if it is.
    pub tainted: Option<SystemTime>,
}

/// Who was shown text that others can write, outside of any task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taint {
    /// The chain of actors.
    pub chain: String,
    /// Since when.
    pub since: SystemTime,
    /// The statement that showed it first; empty if it was none.
    pub statement: String,
}

const COLUMNS: &str = "SELECT tasks.*, taints.since AS tainted FROM tasks
    LEFT JOIN taints ON taints.task = tasks.task";

impl Store {
    /// Gives a task.
    pub async fn create_task(&self, new: &NewTask, by: &str) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let live: i64 =
            sqlx::query_scalar("SELECT count(*) FROM tasks WHERE state = 'live' AND chain = ?")
                .bind(&new.chain)
                .fetch_one(&mut *transaction)
                .await?;
        if live >= MAX_LIVE {
            return Err(StoreError::TooMany(new.chain.clone()));
        }
        sqlx::query(
            "INSERT INTO tasks (task, agent, acts_for, chain, details, created, until, state, used,
             kept) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'live', ?8, ?8)",
        )
        .bind(&new.task)
        .bind(&new.agent)
        .bind(&new.acts_for)
        .bind(&new.chain)
        .bind(json(&new.details)?)
        .bind(micros(new.created))
        .bind(micros(new.until))
        .bind(json(&Spent::default())?)
        .execute(&mut *transaction)
        .await?;
        let event = TaskEvent {
            task: new.task.clone(),
            identity: new.chain.clone(),
            what: "created".to_owned(),
            details: Some(new.details.clone()),
            until: Some(micros(new.until)),
            reason: String::new(),
        };
        note_task(&mut transaction, new.created, by, event).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// One task.
    pub async fn task(&self, task: &str) -> Result<Option<KeptTask>, StoreError> {
        let query = sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE tasks.task = ?"));
        let row = sqlx::query(query).bind(task).fetch_optional(&self.pool).await?;
        row.as_ref().map(kept).transpose()
    }

    /// Tasks, newest first; those in force, or all.
    pub async fn tasks(&self, all: bool, limit: u32) -> Result<Vec<KeptTask>, StoreError> {
        let which = if all { "" } else { "WHERE state = 'live'" };
        let query = format!("{COLUMNS} {which} ORDER BY created DESC, tasks.task LIMIT ?");
        let query = sqlx::AssertSqlSafe(query);
        let rows = sqlx::query(query).bind(limit).fetch_all(&self.pool).await?;
        rows.iter().map(kept).collect()
    }

    /// Ends a task. False if it is not in force.
    pub async fn end_task(
        &self,
        task: &str,
        (by, reason): (&str, &str),
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let ended = settle(&mut transaction, task, TaskState::Ended, (by, reason), now).await?;
        transaction.commit().await?;
        Ok(ended)
    }

    /// Ends the tasks whose time is over.
    pub async fn expire_tasks(&self, now: SystemTime) -> Result<(), StoreError> {
        let over: Vec<String> =
            sqlx::query_scalar("SELECT task FROM tasks WHERE state = 'live' AND until <= ?")
                .bind(micros(now))
                .fetch_all(&self.pool)
                .await?;
        for task in over {
            let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
            settle(&mut transaction, &task, TaskState::Expired, ("weir", ""), now).await?;
            transaction.commit().await?;
        }
        Ok(())
    }

    /// Notes that so much of a task may be used up. It never takes anything back.
    pub async fn reserve_task(&self, task: &str, upto: &Spent) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let kept: Option<String> =
            sqlx::query_scalar("SELECT kept FROM tasks WHERE task = ? AND state = 'live'")
                .bind(task)
                .fetch_optional(&mut *transaction)
                .await?;
        let Some(kept) = kept else { return Err(StoreError::NoTask(task.to_owned())) };
        let known: Spent = read(&kept)?;
        let upto = Spent {
            rows: known.rows.max(upto.rows),
            bytes: known.bytes.max(upto.bytes),
            cost: known.cost.max(upto.cost),
            statements: known.statements.max(upto.statements),
            micros: known.micros.max(upto.micros),
        };
        sqlx::query("UPDATE tasks SET kept = ? WHERE task = ?")
            .bind(json(&upto)?)
            .bind(task)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Notes what was used up of tasks. `last`: nothing comes after it, so no more can have been.
    pub async fn settle_tasks(
        &self,
        used: &[(String, Spent)],
        last: bool,
    ) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        for (task, used) in used {
            let query = match last {
                true => "UPDATE tasks SET used = ?1, kept = ?1 WHERE task = ?2",
                false => "UPDATE tasks SET used = ?1 WHERE task = ?2",
            };
            let query = sqlx::query(query).bind(json(used)?).bind(task);
            query.execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Notes that somebody was shown text that others can write: a task, or a chain of actors
    /// outside of any (`task` is empty then). It stands in the record already.
    pub async fn taint(
        &self,
        task: &str,
        chain: &str,
        statement: &str,
        now: SystemTime,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT OR IGNORE INTO taints (task, chain, since, statement) VALUES (?, ?, ?, ?)",
        )
        .bind(task)
        .bind(chain)
        .bind(micros(now))
        .bind(statement)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Who is tainted outside of any task, by chain.
    pub async fn taints(&self) -> Result<Vec<Taint>, StoreError> {
        let query = "SELECT chain, since, statement FROM taints WHERE task = '' ORDER BY chain";
        let rows = sqlx::query(query).fetch_all(&self.pool).await?;
        let taint = |row: &SqliteRow| {
            Ok(Taint {
                chain: row.try_get("chain")?,
                since: time(row.try_get("since")?),
                statement: row.try_get("statement")?,
            })
        };
        rows.iter().map(taint).collect()
    }

    /// Clears a task, or a chain outside of any. False if it is not tainted.
    pub async fn clear_taint(
        &self,
        task: &str,
        chain: &str,
        (by, reason): (&str, &str),
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let deleted = sqlx::query("DELETE FROM taints WHERE task = ? AND chain = ?")
            .bind(task)
            .bind(chain)
            .execute(&mut *transaction)
            .await?;
        let cleared = deleted.rows_affected() > 0;
        if cleared {
            let event = TaskEvent {
                task: task.to_owned(),
                identity: chain.to_owned(),
                what: "cleared".to_owned(),
                details: None,
                until: None,
                reason: reason.to_owned(),
            };
            note_task(&mut transaction, now, by, event).await?;
        }
        transaction.commit().await?;
        Ok(cleared)
    }
}

/// Ends every task of an identity and of whoever acts for it in one: it was disabled.
pub(crate) async fn end_of(
    transaction: &mut Transaction<'_, Sqlite>,
    name: &str,
    by: &str,
    now: SystemTime,
) -> Result<(), StoreError> {
    let live = "SELECT task FROM tasks WHERE state = 'live' AND (agent = ?1 OR acts_for = ?1)";
    let live: Vec<String> =
        sqlx::query_scalar(live).bind(name).fetch_all(&mut **transaction).await?;
    for task in live {
        let why = format!("{name} was disabled");
        settle(transaction, &task, TaskState::Ended, (by, &why), now).await?;
    }
    Ok(())
}

async fn settle(
    transaction: &mut Transaction<'_, Sqlite>,
    task: &str,
    state: TaskState,
    (by, reason): (&str, &str),
    now: SystemTime,
) -> Result<bool, StoreError> {
    let chain: Option<String> =
        sqlx::query_scalar("SELECT chain FROM tasks WHERE task = ? AND state = 'live'")
            .bind(task)
            .fetch_optional(&mut **transaction)
            .await?;
    let Some(chain) = chain else { return Ok(false) };
    sqlx::query("UPDATE tasks SET state = ?, settled = ? WHERE task = ?")
        .bind(state.as_str())
        .bind(micros(now))
        .bind(task)
        .execute(&mut **transaction)
        .await?;
    // The task is over, and nobody has looked at what its agent was shown.
    sqlx::query(
        "INSERT OR IGNORE INTO taints (task, chain, since, statement)
         SELECT '', chain, since, statement FROM taints WHERE task = ?",
    )
    .bind(task)
    .execute(&mut **transaction)
    .await?;
    let event = TaskEvent {
        task: task.to_owned(),
        identity: chain,
        what: state.as_str().to_owned(),
        details: None,
        until: None,
        reason: reason.to_owned(),
    };
    note_task(transaction, now, by, event).await?;
    Ok(true)
}

fn kept(row: &SqliteRow) -> Result<KeptTask, StoreError> {
    let word: String = row.try_get("state")?;
    let state = TaskState::ALL.into_iter().find(|state| state.as_str() == word);
    let tainted: Option<i64> = row.try_get("tainted")?;
    Ok(KeptTask {
        given: NewTask {
            task: row.try_get("task")?,
            agent: row.try_get("agent")?,
            acts_for: row.try_get("acts_for")?,
            chain: row.try_get("chain")?,
            details: read(row.try_get("details")?)?,
            created: time(row.try_get("created")?),
            until: time(row.try_get("until")?),
        },
        state: state.ok_or_else(|| StoreError::Damaged(format!("a task is \"{word}\"")))?,
        used: read(row.try_get("used")?)?,
        kept: read(row.try_get("kept")?)?,
        tainted: tainted.map(time),
    })
}

fn json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Damaged(error.to_string()))
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Damaged(error.to_string()))
}

#[cfg(test)]
mod tests;
