//! Labels that values brought along when they were written to another column. Knows names and
//! numbers, and no catalog.

use crate::{FoundLabel, LabelPlace, Store, StoreError, labels};
use model::{ColumnId, Label};
use sqlx::{Row, Sqlite, Transaction};

/// A label that values brought to a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptLabel {
    /// Which column; an empty schema stands for any, an empty column for every one.
    pub place: LabelPlace,
    /// The column's own number, once it is known.
    pub id: Option<ColumnId>,
    /// What was brought.
    pub label: Label,
    /// Pieces of values, or values of several labels.
    pub derived: bool,
    /// Why, in words.
    pub evidence: String,
}

impl Store {
    /// Every label that values brought to one database's columns.
    pub async fn carried_labels(&self, database: &str) -> Result<Vec<KeptLabel>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        all(&mut transaction, database).await
    }

    /// Keeps labels, all or none; what was kept about the same columns is replaced. They are on
    /// stable storage when this returns.
    pub async fn keep_carried(&self, labels: &[KeptLabel]) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        for label in labels {
            sqlx::query(
                "INSERT OR REPLACE INTO carried_labels
                 (database, schema, relation, column, label, derived, evidence, relation_id, number)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )
            .bind(&label.place.database)
            .bind(&label.place.schema)
            .bind(&label.place.relation)
            .bind(&label.place.column)
            .bind(label.label.as_str())
            .bind(label.derived)
            .bind(&label.evidence)
            .bind(label.id.map(|id| i64::from(id.relation.0)))
            .bind(label.id.map(|id| i64::from(id.number)))
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}

impl KeptLabel {
    /// True if it lies on this column, by name or by number.
    pub(crate) fn is_about(&self, found: &FoundLabel) -> bool {
        let (place, column) = (&self.place, &found.place);
        let named = place.relation == column.relation
            && (place.schema.is_empty() || place.schema == column.schema)
            && (place.column.is_empty() || place.column == column.column);
        named || self.id == Some(found.id)
    }
}

/// Every label that values brought to one database's columns, as of a transaction.
pub(crate) async fn all(
    transaction: &mut Transaction<'_, Sqlite>,
    database: &str,
) -> Result<Vec<KeptLabel>, StoreError> {
    let rows = sqlx::query(
        "SELECT database, schema, relation, column, label, derived, evidence, relation_id, number
         FROM carried_labels WHERE database = ? ORDER BY schema, relation, column",
    )
    .bind(database)
    .fetch_all(&mut **transaction)
    .await?;
    rows.iter()
        .map(|row| {
            let label: String = row.try_get("label")?;
            Ok(KeptLabel {
                place: labels::place(row)?,
                id: labels::id(row)?,
                label: Label::new(&label),
                derived: row.try_get("derived")?,
                evidence: row.try_get("evidence")?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests;
