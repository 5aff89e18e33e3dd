//! Questions to the record that somebody asks again. Knows texts, and not what they ask.

use crate::{Store, StoreError, open::micros};
use sqlx::Row;
use std::time::SystemTime;

/// How many one person may keep.
pub const MOST_QUESTIONS: usize = 50;

/// A question with the name that somebody gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedQuestion {
    /// Its name.
    pub name: String,
    /// The question.
    pub text: String,
}

impl Store {
    /// What somebody saved, by name.
    pub async fn questions(&self, person: &str) -> Result<Vec<SavedQuestion>, StoreError> {
        let rows = sqlx::query("SELECT name, text FROM questions WHERE person = ? ORDER BY name")
            .bind(person)
            .fetch_all(&self.pool)
            .await?;
        let one = |row: &sqlx::sqlite::SqliteRow| {
            Ok(SavedQuestion { name: row.try_get(0)?, text: row.try_get(1)? })
        };
        rows.iter().map(one).collect()
    }

    /// Saves a question in the place of one of that name; false if there are too many.
    pub async fn save_question(
        &self,
        person: &str,
        question: &SavedQuestion,
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        let most = i64::try_from(MOST_QUESTIONS).unwrap_or(i64::MAX);
        let done = sqlx::query(
            "INSERT INTO questions (person, name, text, at)
             SELECT ?1, ?2, ?3, ?4 WHERE (SELECT count(*) FROM questions
                 WHERE person = ?1 AND name <> ?2) < ?5
             ON CONFLICT (person, name) DO UPDATE SET text = excluded.text, at = excluded.at",
        )
        .bind(person)
        .bind(&question.name)
        .bind(&question.text)
        .bind(micros(now))
        .bind(most)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Forgets somebody's question; false if there is none.
    pub async fn forget_question(&self, person: &str, name: &str) -> Result<bool, StoreError> {
        let done = sqlx::query("DELETE FROM questions WHERE person = ? AND name = ?")
            .bind(person)
            .bind(name)
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() > 0)
    }
}

#[cfg(test)]
mod tests;
