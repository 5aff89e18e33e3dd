//! What happened to labels, waiting for the ledger. Knows no record format.

use crate::{
    LabelPlace, Store, StoreError,
    open::{micros, time},
};
use model::Label;
use sqlx::{Row, Sqlite, Transaction};
use std::time::SystemTime;

/// One change of the label that is in force for a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelChange {
    /// Which column.
    pub place: LabelPlace,
    /// Before.
    pub before: Option<Label>,
    /// Now.
    pub after: Option<Label>,
    /// Why, in sentences that hold no value.
    pub evidence: Vec<String>,
}

/// A change that the ledger shall tell of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelEvent {
    /// Ascending, never used twice.
    pub id: i64,
    /// When.
    pub at: SystemTime,
    /// By whom: an identity, the operating system's user for the command line, or `weir`.
    pub by: String,
    /// The database, by Weir's name.
    pub database: String,
    /// `schema.relation.column`.
    pub column: String,
    /// The label before.
    pub before: Option<Label>,
    /// The label now.
    pub after: Option<Label>,
    /// Why.
    pub evidence: Vec<String>,
}

impl Store {
    /// The oldest changes of labels that the ledger does not hold yet, oldest first.
    pub async fn label_events(&self, limit: u32) -> Result<Vec<LabelEvent>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, at, actor, database, column, before, after, evidence FROM label_events
             WHERE recorded = 0 ORDER BY id LIMIT ?",
        )
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        let label = |text: Option<String>| text.as_deref().map(Label::new);
        rows.iter()
            .map(|row| {
                Ok(LabelEvent {
                    id: row.try_get("id")?,
                    at: time(row.try_get("at")?),
                    by: row.try_get("actor")?,
                    database: row.try_get("database")?,
                    column: row.try_get("column")?,
                    before: label(row.try_get("before")?),
                    after: label(row.try_get("after")?),
                    evidence: sentences(row.try_get("evidence")?),
                })
            })
            .collect()
    }

    /// Notes that the ledger holds every change of a label up to and including this one. Call it
    /// after the records are synced: a crash in between repeats one rather than losing it.
    pub async fn label_events_recorded(&self, upto: i64) -> Result<(), StoreError> {
        sqlx::query("UPDATE label_events SET recorded = 1 WHERE recorded = 0 AND id <= ?")
            .bind(upto)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// A number that grows with each change of a label and with each request to weigh anew: whoever
    /// follows the labels need not read them while it stays.
    pub async fn labels_version(&self) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT (SELECT coalesce(max(id), 0) FROM label_events)
                  + (SELECT coalesce(sum(asked), 0) FROM label_scans)",
        )
        .fetch_one(&self.pool)
        .await?)
    }
}

/// Adds an event to the transaction of the change that it tells of.
pub(crate) async fn note(
    transaction: &mut Transaction<'_, Sqlite>,
    at: SystemTime,
    by: &str,
    change: &LabelChange,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO label_events (at, actor, database, column, before, after, evidence)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(micros(at))
    .bind(by)
    .bind(&change.place.database)
    .bind(change.place.path())
    .bind(change.before.as_ref().map(Label::as_str))
    .bind(change.after.as_ref().map(Label::as_str))
    .bind(lines(&change.evidence))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// Sentences as one text, a line each.
pub(crate) fn lines(sentences: &[String]) -> String {
    let one_line = |sentence: &String| sentence.replace(['\n', '\r'], " ");
    sentences.iter().map(one_line).collect::<Vec<_>>().join("\n")
}

/// The sentences back.
pub(crate) fn sentences(lines: String) -> Vec<String> {
    lines.lines().map(str::to_owned).collect()
}
