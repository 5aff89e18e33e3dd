//! SQL over the documented views: one SELECT, read only, within limits.

use crate::{
    answers::{Answers, Table},
    counted::of_sums,
    error::IndexError,
    views::{TEXT_SEARCH, VIEWS},
};
use rusqlite::{
    ErrorCode,
    hooks::{AuthAction, AuthContext, Authorization},
    limits::Limit,
};
use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

/// How much an answer may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long.
    pub time: Duration,
    /// How many rows.
    pub rows: usize,
}

/// The longest text or blob that a query may make, in bytes.
const VALUE_BYTES: i32 = 16 << 20;
/// The memory that SQLite may take in a process that answers a stranger's SQL, in bytes.
const HEAP_BYTES: i64 = 1 << 30;
/// How many steps of SQLite's machine pass between two looks at the clock.
const STEPS: i32 = 10_000;

impl Default for Limits {
    fn default() -> Self {
        Self { time: Duration::from_secs(30), rows: 10_000 }
    }
}

impl Answers {
    /// Bounds the memory of SQLite to 1 GiB, for good and in the whole process: whatever else is
    /// in a database there is under the same limit. For a process that does nothing but answer.
    pub fn bound_memory(&self) -> Result<(), IndexError> {
        let bound = format!("PRAGMA hard_heap_limit = {HEAP_BYTES}");
        Ok(self.db.query_row(&bound, [], |_| Ok(()))?)
    }

    /// Runs one SELECT over the documented views. What it sorts or gathers beyond some 64 MiB goes
    /// to a file in the folder for temporary files.
    pub fn sql(&self, query: &str, limits: &Limits) -> Result<Table, IndexError> {
        self.db.set_limit(Limit::SQLITE_LIMIT_LENGTH, VALUE_BYTES)?;
        self.db.authorizer(Some(|context: AuthContext<'_>| permit(&context)))?;
        let sums = of_sums(query);
        let answer = self.timed(limits.time, || {
            let mut statement = self.db.prepare(sums.as_deref().unwrap_or(query))?;
            let columns = statement.column_names().into_iter().map(str::to_owned).collect();
            Table::read(columns, &mut statement.query([])?, limits.rows)
        });
        self.db.authorizer(None::<fn(AuthContext<'_>) -> Authorization>)?;
        answer
    }

    /// Runs a query that ends after this time, done or not.
    pub(crate) fn timed<T>(
        &self,
        limit: Duration,
        run: impl FnOnce() -> Result<T, rusqlite::Error>,
    ) -> Result<T, IndexError> {
        let end = Instant::now() + limit;
        let is_stopped = || self.stop.load(Ordering::Relaxed);
        if is_stopped() {
            return Err(IndexError::Stopped);
        }
        let stop = Arc::clone(&self.stop);
        let ends = move || stop.load(Ordering::Relaxed) || Instant::now() >= end;
        self.db.progress_handler(STEPS, Some(ends))?;
        let answer = run();
        self.db.progress_handler(0, None::<fn() -> bool>)?;
        answer.map_err(|error| match explain(error, limit) {
            IndexError::Slow(_) if is_stopped() => IndexError::Stopped,
            error => error,
        })
    }
}

/// What a query may do: read views, and what views read. A name in a WITH stands where a view's
/// would, so under a view's name nothing but what that view reads is read.
fn permit(context: &AuthContext<'_>) -> Authorization {
    let view = |name: &str| VIEWS.iter().find(|view| view.name == name);
    let allowed = match context.action {
        AuthAction::Select | AuthAction::Recursive => true,
        AuthAction::Function { function_name } => function_name != "load_extension",
        // No column: how many rows a view's tables have, as count(*) asks.
        AuthAction::Read { column_name: "", .. } => true,
        AuthAction::Read { table_name, .. } => {
            view(table_name).is_some()
                || context.accessor.and_then(view).is_some_and(|view| view.reads(table_name))
                || table_name.starts_with(TEXT_SEARCH)
                || table_name == "text"
                || matches!(table_name, "json_each" | "json_tree")
        }
        // The full-text index asks this of itself.
        AuthAction::Pragma { pragma_name, .. } => pragma_name == "data_version",
        _ => false,
    };
    if allowed { Authorization::Allow } else { Authorization::Deny }
}

fn explain(error: rusqlite::Error, limit: Duration) -> IndexError {
    let names = || VIEWS.iter().map(|view| view.name).collect::<Vec<_>>().join(", ");
    match &error {
        rusqlite::Error::SqliteFailure(failure, _)
            if failure.code == ErrorCode::OperationInterrupted =>
        {
            IndexError::Slow(limit)
        }
        rusqlite::Error::SqliteFailure(failure, _)
            if failure.code == ErrorCode::AuthorizationForStatementDenied =>
        {
            let what = "only one SELECT over the documented views is answered";
            IndexError::Question(format!("{what}: {}, {TEXT_SEARCH}", names()))
        }
        rusqlite::Error::SqlInputError { msg, .. } if msg.contains("prohibited") => {
            IndexError::Question(format!("{msg}; the views are {}, {TEXT_SEARCH}", names()))
        }
        rusqlite::Error::SqlInputError { msg, .. } if msg.contains("no such table") => {
            IndexError::Question(format!("{msg}; the views are {}, {TEXT_SEARCH}", names()))
        }
        rusqlite::Error::SqlInputError { msg, .. } => IndexError::Question(msg.clone()),
        rusqlite::Error::MultipleStatement => {
            IndexError::Question("one statement at a time is answered".to_owned())
        }
        rusqlite::Error::SqliteFailure(failure, message)
            if failure.code == ErrorCode::Unknown || failure.code == ErrorCode::OutOfMemory =>
        {
            IndexError::Question(message.clone().unwrap_or_else(|| failure.to_string()))
        }
        _ => IndexError::Storage(error),
    }
}
