//! Labels that a person decided, over what was proposed. Knows names and numbers, and no catalog: a
//! table that is dropped and made again keeps its labels.

use crate::{
    FoundLabel, Store, StoreError,
    label_change::LabelChange,
    open::{micros, time},
    outbox::note_label,
};
use model::{ColumnId, Label, RelationId};
use sqlx::{Row, Sqlite, Transaction, sqlite::SqliteRow};
use std::time::SystemTime;

/// Which column, by names.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LabelPlace {
    /// The database, by Weir's name.
    pub database: String,
    /// Schema.
    pub schema: String,
    /// Relation.
    pub relation: String,
    /// Column.
    pub column: String,
}

/// A decision about one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecidedLabel {
    /// Which column.
    pub place: LabelPlace,
    /// The column's own number when it was decided, so that a label follows it to another name.
    pub id: Option<ColumnId>,
    /// What it holds; `None` if a person decided that it bears no label.
    pub label: Option<Label>,
    /// Who decided.
    pub by: String,
    /// Why, in their words.
    pub reason: String,
    /// When.
    pub at: SystemTime,
}

impl LabelPlace {
    /// `schema.relation.column`.
    pub fn path(&self) -> String {
        format!("{}.{}.{}", self.schema, self.relation, self.column)
    }
}

impl Store {
    /// Every decision about one database's columns.
    pub async fn labels(&self, database: &str) -> Result<Vec<DecidedLabel>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        decisions(&mut transaction, database).await
    }

    /// Keeps a decision; a later one about the same column replaces it. What it changes is noted in
    /// the same transaction.
    pub async fn decide_label(&self, decided: &DecidedLabel) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let before = in_force(&mut transaction, &decided.place).await?;
        let DecidedLabel { place, id, label, by, reason, at } = decided;
        sqlx::query(
            "INSERT OR REPLACE INTO labels
             (database, schema, relation, column, label, actor, at, reason, relation_id, number)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&place.database)
        .bind(&place.schema)
        .bind(&place.relation)
        .bind(&place.column)
        .bind(label.as_ref().map(Label::as_str))
        .bind(by)
        .bind(micros(*at))
        .bind(reason)
        .bind(id.map(|id| i64::from(id.relation.0)))
        .bind(id.map(|id| i64::from(id.number)))
        .execute(&mut *transaction)
        .await?;
        let evidence = evidence("a person decided", reason);
        let change = LabelChange { place: place.clone(), before, after: label.clone(), evidence };
        note_label(&mut transaction, *at, by, &change).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Takes a decision back, so that what Weir proposes holds again; the reason stands in the
    /// record. False if there was none; nothing is noted then.
    pub async fn forget_label(
        &self,
        place: &LabelPlace,
        (by, reason): (&str, &str),
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let before = in_force(&mut transaction, place).await?;
        let done = sqlx::query(
            "DELETE FROM labels WHERE database = ? AND schema = ? AND relation = ? AND column = ?",
        )
        .bind(&place.database)
        .bind(&place.schema)
        .bind(&place.relation)
        .bind(&place.column)
        .execute(&mut *transaction)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        let after = in_force(&mut transaction, place).await?;
        let evidence = evidence("a person's decision was taken back", reason);
        let change = LabelChange { place: place.clone(), before, after, evidence };
        note_label(&mut transaction, now, by, &change).await?;
        transaction.commit().await?;
        Ok(true)
    }
}

/// What was done, and why.
fn evidence(what: &str, reason: &str) -> Vec<String> {
    let mut evidence = vec![what.to_owned()];
    if !reason.is_empty() {
        evidence.push(format!("reason: {reason}"));
    }
    evidence
}

async fn in_force(
    transaction: &mut Transaction<'_, Sqlite>,
    place: &LabelPlace,
) -> Result<Option<Label>, StoreError> {
    let all = crate::found::columns(transaction, &place.database).await?;
    let column = all.into_iter().find(|column| column.found.place == *place);
    Ok(column.and_then(|column| column.label().cloned()))
}

/// Every decision about one database's columns, as of a transaction.
pub(crate) async fn decisions(
    transaction: &mut Transaction<'_, Sqlite>,
    database: &str,
) -> Result<Vec<DecidedLabel>, StoreError> {
    let rows = sqlx::query(
        "SELECT database, schema, relation, column, label, actor, at, reason, relation_id, number
         FROM labels WHERE database = ? ORDER BY schema, relation, column",
    )
    .bind(database)
    .fetch_all(&mut **transaction)
    .await?;
    rows.iter()
        .map(|row| {
            let label: Option<String> = row.try_get("label")?;
            Ok(DecidedLabel {
                place: place(row)?,
                id: id(row)?,
                label: label.as_deref().map(Label::new),
                by: row.try_get("actor")?,
                reason: row.try_get("reason")?,
                at: time(row.try_get("at")?),
            })
        })
        .collect()
}

/// The names in a row.
pub(crate) fn place(row: &SqliteRow) -> Result<LabelPlace, StoreError> {
    Ok(LabelPlace {
        database: row.try_get("database")?,
        schema: row.try_get("schema")?,
        relation: row.try_get("relation")?,
        column: row.try_get("column")?,
    })
}

/// The numbers in a row, if it has them.
pub(crate) fn id(row: &SqliteRow) -> Result<Option<ColumnId>, StoreError> {
    let relation: Option<i64> = row.try_get("relation_id")?;
    let number: Option<i64> = row.try_get("number")?;
    Ok(relation.zip(number).and_then(|(relation, number)| {
        let relation = RelationId(u32::try_from(relation).ok()?);
        Some(ColumnId { relation, number: i16::try_from(number).ok()? })
    }))
}

impl DecidedLabel {
    /// True if it is about this column. Where nothing shall be hidden, the name alone counts: a
    /// number may mean another column after a restore. A label follows the number too.
    pub(crate) fn is_about(&self, found: &FoundLabel) -> bool {
        self.place == found.place || self.label.is_some() && self.id == Some(found.id)
    }
}

#[cfg(test)]
mod tests;
