//! What was found about columns, and what holds for each in the end: found, carried and decided
//! together. Knows names and numbers, and no catalog.
//!
//! A person's decision stands over a machine's; between found and carried the stronger holds.

use crate::{
    DecidedLabel, KeptLabel, LabelPlace, Store, StoreError, carried,
    label_change::{LabelChange, lines, sentences},
    labels,
    open::{micros, time},
    outbox::note_label,
};
use model::{ColumnId, Label, RelationId, stronger};
use sqlx::{Row, Sqlite, Transaction, sqlite::SqliteRow};
use std::{
    collections::{HashMap, HashSet},
    time::SystemTime,
};

/// Who found what no person decided.
const WEIR: &str = "weir";

/// A column with what its own evidence speaks for.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundLabel {
    /// Which column.
    pub place: LabelPlace,
    /// Its own number.
    pub id: ColumnId,
    /// Its type's name.
    pub type_name: String,
    /// What it holds, if it needs a label.
    pub label: Option<Label>,
    /// 0.0 ..= 1.0.
    pub confidence: f32,
    /// A rule of the configuration gave the label.
    pub by_rule: bool,
    /// The label rests on sampled values alone.
    pub by_samples: bool,
    /// What spoke for it, in sentences that hold no value.
    pub evidence: Vec<String>,
    /// What was considered and did not hold.
    pub against: Vec<String>,
}

/// Who gave a column the label that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelledBy {
    /// What was found.
    Machine,
    /// A rule of the configuration.
    Rule,
    /// Values that were written there.
    Carried,
    /// A person.
    Person,
}

/// A column with everything that is known of its label.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnLabel {
    /// What was found.
    pub found: FoundLabel,
    /// When that was found.
    pub found_at: SystemTime,
    /// What values brought along.
    pub carried: Option<KeptLabel>,
    /// What a person decided.
    pub decided: Option<DecidedLabel>,
}

impl LabelledBy {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Machine => "machine",
            Self::Rule => "rule",
            Self::Carried => "carried",
            Self::Person => "person",
        }
    }
}

impl ColumnLabel {
    /// The label that holds.
    pub fn label(&self) -> Option<&Label> {
        if let Some(decided) = &self.decided {
            return decided.label.as_ref();
        }
        match (&self.found.label, &self.carried) {
            (Some(found), Some(carried)) => Some(stronger(found, &carried.label)),
            (found, carried) => found.as_ref().or(carried.as_ref().map(|c| &c.label)),
        }
    }

    /// Who gave it.
    pub fn by(&self) -> LabelledBy {
        match self.decided {
            Some(_) => LabelledBy::Person,
            None if self.found.label.as_ref() != self.label() => LabelledBy::Carried,
            None if self.found.by_rule => LabelledBy::Rule,
            None => LabelledBy::Machine,
        }
    }

    /// 0.0 ..= 1.0; what a person decided or a value brought is certain.
    pub fn confidence(&self) -> f32 {
        match self.by() {
            LabelledBy::Machine => self.found.confidence,
            LabelledBy::Rule | LabelledBy::Carried | LabelledBy::Person => 1.0,
        }
    }
}

impl Store {
    /// Every column of a database that is known, with its label if it bears one, by name.
    pub async fn columns(&self, database: &str) -> Result<Vec<ColumnLabel>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        columns(&mut transaction, database).await
    }

    /// The databases of which columns are known.
    pub async fn labelled_databases(&self) -> Result<Vec<String>, StoreError> {
        Ok(sqlx::query_scalar("SELECT DISTINCT database FROM found_labels ORDER BY database")
            .fetch_all(&self.pool)
            .await?)
    }

    /// Keeps what was found about all columns of a database; what is not among it is gone. Gives
    /// the columns whose label that is in force changed by it, which is noted in the same
    /// transaction.
    pub async fn keep_found(
        &self,
        database: &str,
        found: &[FoundLabel],
        now: SystemTime,
    ) -> Result<Vec<LabelChange>, StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let before: HashMap<LabelPlace, ColumnLabel> = columns(&mut transaction, database)
            .await?
            .into_iter()
            .map(|column| (column.found.place.clone(), column))
            .collect();
        let places: HashSet<&LabelPlace> = found.iter().map(|found| &found.place).collect();
        for gone in before.keys().filter(|place| !places.contains(place)) {
            remove(&mut transaction, gone).await?;
        }
        for one in found {
            if before.get(&one.place).is_none_or(|known| known.found != *one) {
                put(&mut transaction, one, now).await?;
            }
        }
        let mut changes = Vec::new();
        for column in columns(&mut transaction, database).await? {
            let known = before.get(&column.found.place);
            let known = known.and_then(ColumnLabel::label);
            if known != column.label() {
                let carried = column.carried.iter().filter(|_| column.by() == LabelledBy::Carried);
                let carried = carried.map(|carried| carried.evidence.clone());
                let evidence = carried.chain(column.found.evidence.iter().cloned()).collect();
                let label = column.label().cloned();
                changes.push(change(&column.found.place, known, label, evidence));
            }
        }
        for (place, column) in before {
            if let (false, Some(label)) = (places.contains(&place), column.label()) {
                let evidence = vec!["there is no such column any more".to_owned()];
                changes.push(change(&place, Some(label), None, evidence));
            }
        }
        changes.sort_by(|left, right| left.place.cmp(&right.place));
        for change in &changes {
            note_label(&mut transaction, now, WEIR, change).await?;
        }
        transaction.commit().await?;
        Ok(changes)
    }

    /// Asks whoever serves a database to weigh its columns anew.
    pub async fn ask_scan(&self, database: &str, now: SystemTime) -> Result<(), StoreError> {
        sqlx::query("INSERT OR REPLACE INTO label_scans (database, asked) VALUES (?, ?)")
            .bind(database)
            .bind(micros(now))
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// When that was asked last, if ever: a number that grows.
    pub async fn scan_asked(&self, database: &str) -> Result<i64, StoreError> {
        let asked = sqlx::query_scalar("SELECT asked FROM label_scans WHERE database = ?")
            .bind(database)
            .fetch_optional(&self.pool)
            .await?;
        Ok(asked.unwrap_or(0))
    }
}

fn change(
    place: &LabelPlace,
    before: Option<&Label>,
    after: Option<Label>,
    evidence: Vec<String>,
) -> LabelChange {
    LabelChange { place: place.clone(), before: before.cloned(), after, evidence }
}

/// Every known column of a database, as of a transaction.
pub(crate) async fn columns(
    transaction: &mut Transaction<'_, Sqlite>,
    database: &str,
) -> Result<Vec<ColumnLabel>, StoreError> {
    let rows = sqlx::query(
        "SELECT database, schema, relation, column, relation_id, number, type, label, confidence,
                by_rule, by_samples, evidence, against, at
         FROM found_labels WHERE database = ? ORDER BY schema, relation, column",
    )
    .bind(database)
    .fetch_all(&mut **transaction)
    .await?;
    let carried = carried::all(transaction, database).await?;
    let decided = labels::decisions(transaction, database).await?;
    rows.iter()
        .map(|row| {
            let found = found(row)?;
            let brought = carried.iter().filter(|one| one.is_about(&found));
            let brought = brought.max_by_key(|one| one.label.strength()).cloned();
            // A decision under the column's name stands over one that follows its number.
            let own = decided.iter().find(|one| one.place == found.place);
            let decided = own.or_else(|| decided.iter().find(|one| one.is_about(&found)));
            let decided = decided.cloned();
            let found_at = time(row.try_get("at")?);
            Ok(ColumnLabel { found, found_at, carried: brought, decided })
        })
        .collect()
}

fn found(row: &SqliteRow) -> Result<FoundLabel, StoreError> {
    let label: Option<String> = row.try_get("label")?;
    let confidence: f64 = row.try_get("confidence")?;
    let id = labels::id(row)?;
    Ok(FoundLabel {
        place: labels::place(row)?,
        id: id.unwrap_or(ColumnId { relation: RelationId(0), number: 0 }),
        type_name: row.try_get("type")?,
        label: label.as_deref().map(Label::new),
        confidence: confidence as f32,
        by_rule: row.try_get("by_rule")?,
        by_samples: row.try_get("by_samples")?,
        evidence: sentences(row.try_get("evidence")?),
        against: sentences(row.try_get("against")?),
    })
}

async fn put(
    transaction: &mut Transaction<'_, Sqlite>,
    found: &FoundLabel,
    now: SystemTime,
) -> Result<(), StoreError> {
    let FoundLabel { place, id, .. } = found;
    sqlx::query(
        "INSERT OR REPLACE INTO found_labels
         (database, schema, relation, column, relation_id, number, type, label, confidence,
          by_rule, by_samples, evidence, against, at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&place.database)
    .bind(&place.schema)
    .bind(&place.relation)
    .bind(&place.column)
    .bind(i64::from(id.relation.0))
    .bind(i64::from(id.number))
    .bind(&found.type_name)
    .bind(found.label.as_ref().map(Label::as_str))
    .bind(f64::from(found.confidence))
    .bind(found.by_rule)
    .bind(found.by_samples)
    .bind(lines(&found.evidence))
    .bind(lines(&found.against))
    .bind(micros(now))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

async fn remove(
    transaction: &mut Transaction<'_, Sqlite>,
    place: &LabelPlace,
) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM found_labels
         WHERE database = ? AND schema = ? AND relation = ? AND column = ?",
    )
    .bind(&place.database)
    .bind(&place.schema)
    .bind(&place.relation)
    .bind(&place.column)
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
