//! Answers that are handed on in parts of a few rows, so that no more than one part is in memory,
//! however many rows there are and however long their texts.

use crate::{
    answers::{Answers, Table},
    count::By,
    error::IndexError,
    question::Question,
    search::{describe, find},
    sql::Limits,
};
use std::{ops::ControlFlow, time::Instant};

/// How many rows are handed on at once.
const PART: usize = 16;

/// What takes a part; it may break off. It gets at least one, which tells the columns.
pub type Take<'t> = dyn FnMut(&Table) -> ControlFlow<()> + 't;

impl Answers {
    /// As [`Answers::search`] finds them.
    pub fn search_in_parts(
        &self,
        question: &Question,
        limits: &Limits,
        take: &mut Take<'_>,
    ) -> Result<(), IndexError> {
        let end = Instant::now() + limits.time;
        let mut sequences = self.timed(limits.time, || find(&self.db, question, limits.rows))?;
        sequences.truncate(limits.rows);
        let mut parts = sequences.chunks(PART);
        let mut part = parts.next().unwrap_or_default();
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let table = self.timed(left, || describe(&self.db, part));
            // It is the whole of it that took too long.
            let table = table.map_err(|error| match error {
                IndexError::Slow(_) => IndexError::Slow(limits.time),
                error => error,
            })?;
            match (take(&table), parts.next()) {
                (ControlFlow::Continue(()), Some(next)) => part = next,
                _ => return Ok(()),
            }
        }
    }

    /// As [`Answers::count`] counts them.
    pub fn count_in_parts(
        &self,
        question: &Question,
        by: By,
        limits: &Limits,
        take: &mut Take<'_>,
    ) -> Result<(), IndexError> {
        self.counted(question, by, limits, |columns, rows| {
            let mut table = Table { columns, ..Table::default() };
            let (mut left, mut handed) = (limits.rows, false);
            while left > 0
                && let Some(row) = rows.next()?
            {
                table.push(row)?;
                left -= 1;
                if table.rows.len() == PART {
                    handed = true;
                    if take(&table).is_break() {
                        return Ok(());
                    }
                    table.rows.clear();
                }
            }
            if !handed || !table.rows.is_empty() {
                // There is nothing behind it to be broken off.
                let _ = take(&table);
            }
            Ok(())
        })
    }
}
