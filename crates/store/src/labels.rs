//! Labels that a person decided, over what was proposed. Knows names, and no catalog: a table that
//! is dropped and made again keeps its labels.

use crate::{
    Store, StoreError,
    open::{micros, time},
};
use model::Label;
use sqlx::Row;
use std::time::SystemTime;

/// Which column, by names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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
    /// What it holds; `None` if a person decided that it bears no label.
    pub label: Option<Label>,
    /// Who decided.
    pub by: String,
    /// When.
    pub at: SystemTime,
}

impl Store {
    /// Every decision about one database's columns.
    pub async fn labels(&self, database: &str) -> Result<Vec<DecidedLabel>, StoreError> {
        let rows = sqlx::query(
            "SELECT database, schema, relation, column, label, actor, at FROM labels
             WHERE database = ? ORDER BY schema, relation, column",
        )
        .bind(database)
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                let label: Option<String> = row.try_get("label")?;
                Ok(DecidedLabel {
                    place: LabelPlace {
                        database: row.try_get("database")?,
                        schema: row.try_get("schema")?,
                        relation: row.try_get("relation")?,
                        column: row.try_get("column")?,
                    },
                    label: label.as_deref().map(Label::new),
                    by: row.try_get("actor")?,
                    at: time(row.try_get("at")?),
                })
            })
            .collect()
    }

    /// Keeps a decision; a later one about the same column replaces it.
    pub async fn decide_label(&self, decided: &DecidedLabel) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT OR REPLACE INTO labels (database, schema, relation, column, label, actor, at)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&decided.place.database)
        .bind(&decided.place.schema)
        .bind(&decided.place.relation)
        .bind(&decided.place.column)
        .bind(decided.label.as_ref().map(Label::as_str))
        .bind(&decided.by)
        .bind(micros(decided.at))
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Takes a decision back, so that what Weir proposes holds again. False if there was none.
    pub async fn forget_label(&self, place: &LabelPlace) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "DELETE FROM labels WHERE database = ? AND schema = ? AND relation = ? AND column = ?",
        )
        .bind(&place.database)
        .bind(&place.schema)
        .bind(&place.relation)
        .bind(&place.column)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() > 0)
    }
}

#[cfg(test)]
mod tests;
