//! What happened to control state, in order, for whoever follows it: the ledger and each channel.
//! One table and one way for all of it. Knows no record format and no channel.
//!
//! ```text
//! change + event (one transaction) ─▶ outbox ─▶ follower reads behind its cursor ─▶ followed(upto)
//! ```
//!
//! A follower's cursor moves once the other side has what it was sent: a crash in between repeats
//! an event and loses none.

use crate::{
    LabelChange, Signature, Store, StoreError,
    grants::KeptGrant,
    holds::NewHold,
    open::{micros, time},
    voices::Said,
};
use model::{Label, TaskDetails, verdict::Approval};
use serde::{Deserialize, Serialize};
use sqlx::{Row, SqliteConnection};
use std::time::SystemTime;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Ascending, in the order of commits; never used twice.
    pub id: i64,
    /// When.
    pub at: SystemTime,
    /// By whom: an identity, the operating system's user for the command line, or `weir`.
    pub by: String,
    /// What.
    pub what: Happened,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Happened {
    /// Something was done to Weir itself, or its record was read.
    Administered {
        /// What, in words.
        what: String,
    },
    /// To an identity.
    Identity {
        /// Whose.
        identity: String,
        /// What, in words: `added: person in support`, `disabled`, `password changed`.
        what: String,
    },
    /// To the label of a column.
    Label(LabelEvent),
    /// To a hold.
    Hold(HoldEvent),
    /// To a grant.
    Grant(Box<GrantEvent>),
    /// To a task, or to what an agent was shown.
    Task(TaskEvent),
}

/// One step of one task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskEvent {
    /// The task; empty for what an agent was shown outside of any.
    pub task: String,
    /// Whose: the chain of actors.
    pub identity: String,
    /// `created`, `ended`, `expired`, `cleared`.
    pub what: String,
    /// On `created`: what it is.
    pub details: Option<TaskDetails>,
    /// On `created`: until when: microseconds since 1970.
    pub until: Option<i64>,
    /// Why, in the words of whoever did it.
    pub reason: String,
}

/// A change of the label that is in force for a column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelEvent {
    /// The database, by Weir's name.
    pub database: String,
    /// `schema.relation.column`.
    pub column: String,
    /// The label before.
    pub before: Option<Label>,
    /// The label now.
    pub after: Option<Label>,
    /// Why, in sentences that hold no value.
    pub evidence: Vec<String>,
}

/// One step of one hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldEvent {
    /// The hold.
    pub hold: String,
    /// The database, by Weir's name.
    pub database: String,
    /// Who asked: the chain of actors.
    pub identity: String,
    /// `held`, `escalated`, `consented`, `approved`, `denied`, `expired`, `withdrawn`, `used`.
    pub what: String,
    /// Why, in the words of whoever did it.
    pub reason: String,
    /// By which way: `command line`, `api`, a channel's name; empty if it was nobody's word.
    pub via: String,
    /// Whose voice it was, where it was not their own.
    #[serde(default)]
    pub on_behalf: Vec<String>,
    /// How it was signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
}

/// One step of one grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantEvent {
    /// The grant.
    pub grant: String,
    /// The group whose rights it gives.
    pub group: String,
    /// On which databases, by Weir's names.
    pub databases: Vec<String>,
    /// To whom: the chain of actors.
    pub identity: String,
    /// `requested`, `escalated`, `consented`, `granted`, `begun`, `ended`, `revoked`, `denied`,
    /// `expired`, `void`, `reviewed`, `review: fine`, `review: not_fine`.
    pub what: String,
    /// What for, or why, in the words of whoever did it.
    pub reason: String,
    /// By which way: `command line`, `api`, a channel's name; empty if it was nobody's word.
    pub via: String,
    /// Whose voice it was, where it was not their own.
    #[serde(default)]
    pub on_behalf: Vec<String>,
    /// It is a break-glass grant.
    pub emergency: bool,
    /// On `requested`: for how long, in seconds.
    pub seconds: u64,
    /// On `begun`: when it ends, in microseconds since 1970.
    ends: Option<i64>,
    /// On `requested`: whose consent it needs.
    pub needs: Vec<Approval>,
    /// On `requested`: who must review it.
    pub reviewers: Vec<Approval>,
    /// How it was signed by a key of whoever said it.
    #[serde(default)]
    pub signature: Option<Signature>,
}

impl GrantEvent {
    /// On `begun`: when it ends.
    pub fn ends(&self) -> Option<SystemTime> {
        self.ends.map(time)
    }
}

impl Happened {
    const TOPICS: [&str; 5] = ["administered", "identity", "label", "hold", "grant"];

    fn topic(&self) -> &'static str {
        let [administered, identity, label, hold, grant] = Self::TOPICS;
        match self {
            Self::Administered { .. } => administered,
            Self::Identity { .. } => identity,
            Self::Label(_) => label,
            Self::Hold(_) => hold,
            Self::Grant(_) => grant,
            // Giving a task is something that is done to Weir itself.
            Self::Task(_) => administered,
        }
    }
}

impl Store {
    /// The oldest events that a follower has not passed yet, oldest first.
    pub async fn events(&self, follower: &str, limit: u32) -> Result<Vec<Event>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, at, actor, what FROM outbox
             WHERE id > coalesce((SELECT upto FROM followers WHERE follower = ?), 0)
             ORDER BY id LIMIT ?",
        )
        .bind(follower)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        let event = |row: &sqlx::sqlite::SqliteRow| {
            Ok(Event {
                id: row.try_get("id")?,
                at: time(row.try_get("at")?),
                by: row.try_get("actor")?,
                what: serde_json::from_str(row.try_get("what")?)
                    .map_err(|error| StoreError::Damaged(format!("an event: {error}")))?,
            })
        };
        rows.iter().map(event).collect()
    }

    /// Notes that a follower is done with every event up to and including this one: that the
    /// ledger holds it on stable storage, that a channel has taken it. It never goes back. What the
    /// ledger and everybody else who follows is done with is forgotten, but for the newest change
    /// of a label, by which these are numbered.
    pub async fn followed(&self, follower: &str, upto: i64) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO followers (follower, upto) VALUES (?, ?)
             ON CONFLICT (follower) DO UPDATE SET upto = max(upto, excluded.upto)",
        )
        .bind(follower)
        .bind(upto)
        .execute(&self.pool)
        .await?;
        sqlx::query(
            "DELETE FROM outbox WHERE id <= (SELECT min(upto) FROM followers)
             AND EXISTS (SELECT 1 FROM followers WHERE follower = 'ledger')
             AND id IS NOT (SELECT max(id) FROM outbox WHERE topic = 'label')",
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Makes sure that a follower has a place: one that has none begins with what comes.
    pub async fn follow_from_now(&self, follower: &str) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT OR IGNORE INTO followers (follower, upto)
             SELECT ?, coalesce(max(id), 0) FROM outbox",
        )
        .bind(follower)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Notes something that was done to Weir itself, or that its record was read: for the ledger.
    pub async fn administered(
        &self,
        at: SystemTime,
        by: &str,
        what: &str,
    ) -> Result<(), StoreError> {
        let mut connection = self.pool.acquire().await?;
        note(&mut connection, at, by, "", what).await
    }

    /// A number that grows with each change of a label and with each request to weigh anew: whoever
    /// follows the labels need not read them while it stays.
    pub async fn labels_version(&self) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT (SELECT coalesce(max(id), 0) FROM outbox WHERE topic = 'label')
                  + (SELECT coalesce(sum(asked), 0) FROM label_scans)",
        )
        .fetch_one(&self.pool)
        .await?)
    }
}

/// Adds an event to the transaction of the change that it tells of.
async fn put(
    connection: &mut SqliteConnection,
    at: SystemTime,
    by: &str,
    what: &Happened,
) -> Result<(), StoreError> {
    let text = serde_json::to_string(what).map_err(|e| StoreError::Damaged(e.to_string()))?;
    sqlx::query("INSERT INTO outbox (at, actor, topic, what) VALUES (?, ?, ?, ?)")
        .bind(micros(at))
        .bind(by)
        .bind(what.topic())
        .bind(text)
        .execute(connection)
        .await?;
    Ok(())
}

/// Something that was done to an identity; to Weir itself if none is named.
pub(crate) async fn note(
    connection: &mut SqliteConnection,
    at: SystemTime,
    by: &str,
    identity: &str,
    what: &str,
) -> Result<(), StoreError> {
    let what = what.to_owned();
    let what = match identity {
        "" => Happened::Administered { what },
        identity => Happened::Identity { identity: identity.to_owned(), what },
    };
    put(connection, at, by, &what).await
}

/// A change of a label.
pub(crate) async fn note_label(
    connection: &mut SqliteConnection,
    at: SystemTime,
    by: &str,
    change: &LabelChange,
) -> Result<(), StoreError> {
    let what = Happened::Label(LabelEvent {
        database: change.place.database.clone(),
        column: change.place.path(),
        before: change.before.clone(),
        after: change.after.clone(),
        evidence: change.evidence.clone(),
    });
    put(connection, at, by, &what).await
}

/// A step of a task.
pub(crate) async fn note_task(
    connection: &mut SqliteConnection,
    at: SystemTime,
    by: &str,
    event: TaskEvent,
) -> Result<(), StoreError> {
    put(connection, at, by, &Happened::Task(event)).await
}

/// A step of a hold.
pub(crate) async fn note_hold(
    connection: &mut SqliteConnection,
    hold: &NewHold,
    what: &str,
    said: Said<'_>,
    now: SystemTime,
) -> Result<(), StoreError> {
    let event = Happened::Hold(HoldEvent {
        hold: hold.hold.clone(),
        database: hold.database.clone(),
        identity: hold.identity.clone(),
        what: what.to_owned(),
        reason: said.reason.to_owned(),
        via: said.via.to_owned(),
        on_behalf: said.on_behalf.to_vec(),
        signature: said.signature.cloned(),
    });
    put(connection, now, said.by, &event).await
}

/// A step of a grant.
pub(crate) async fn note_grant(
    connection: &mut SqliteConnection,
    grant: &KeptGrant,
    what: &str,
    said: Said<'_>,
    now: SystemTime,
) -> Result<(), StoreError> {
    let asked = &grant.asked;
    let requested = what == "requested";
    let persons = |needs: &[Approval]| if requested { needs.to_vec() } else { Vec::new() };
    let event = Happened::Grant(Box::new(GrantEvent {
        grant: asked.grant.clone(),
        group: asked.group.clone(),
        databases: asked.databases.clone(),
        identity: asked.chain.clone(),
        what: what.to_owned(),
        reason: said.reason.to_owned(),
        via: said.via.to_owned(),
        on_behalf: said.on_behalf.to_vec(),
        emergency: asked.emergency,
        seconds: if requested { asked.seconds } else { 0 },
        ends: grant.ends.filter(|_| what == "begun").map(micros),
        needs: persons(&asked.needs),
        reviewers: persons(&asked.reviewers),
        signature: said.signature.cloned(),
    }));
    put(connection, now, said.by, &event).await
}

#[cfg(test)]
mod tests;
