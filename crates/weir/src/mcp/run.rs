//! Tools that send a statement: query, write, why, preview, follow_pseudonym. Each runs or prepares
//! it in a governed session. Knows the session's answers, not their words.

use super::{
    Mcp,
    arguments::{Caps, Follow, Statement, quoted, table, values},
    bearer::Proven,
    say::{self, Reply},
    sessions::Held,
    verdict,
};
use crate::preview::{self, Wanted};
use engine_pg::inside::{Answer, Ask, Ended, Note, Status, Upto};
use gate::{Preview, Via};
use model::DatabaseName;
use policy::{Context, Risk, Work};
use serde_json::{Value, json};
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

/// How long a statement may take; a shorter limit of the configuration holds too.
const STATEMENT: Duration = Duration::from_secs(60);
/// How long the end of a transaction that was left open may take.
const END: Duration = Duration::from_secs(10);

/// One call of a tool.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) mcp: &'a Mcp,
    pub(super) proven: &'a Proven,
}

/// A statement as it goes to a session.
pub(super) struct Sent<'a> {
    pub(super) text: &'a str,
    pub(super) values: &'a [Option<String>],
    pub(super) upto: Upto,
    pub(super) reads: bool,
    pub(super) caps: Caps,
    pub(super) rows: u32,
}

impl Call<'_> {
    /// The database that is meant; the error is for the model.
    pub(super) fn database(&self, named: Option<&str>) -> Result<String, Reply> {
        if let Some(named) = named {
            return Ok(named.to_owned());
        }
        let config = self.mcp.shared.config.load();
        let mut names: Vec<&str> =
            config.databases.iter().map(|database| database.name.as_str()).collect();
        names.retain(|name| *name != "*" && self.may_connect(name));
        match names.as_slice() {
            [only] => Ok((*only).to_owned()),
            _ => Err(Reply::mistake("say which database: list_databases names them")),
        }
    }

    /// Whether what the caller signed in with is for a database.
    pub(super) fn opens(&self, name: &str) -> bool {
        self.proven.credential().is_none_or(|credential| credential.opens(name))
    }

    /// Whether the caller may connect to a database, by policy and with what they signed in with.
    pub(super) fn may_connect(&self, name: &str) -> bool {
        if !self.opens(name) {
            return false;
        }
        let config = self.mcp.shared.config.load();
        let named = config.databases.iter().find(|database| database.name == name);
        let found = named.or_else(|| config.databases.iter().find(|one| one.name == "*"));
        let Some(found) = found else { return false };
        let (name, context) = (DatabaseName::from(name), self.context());
        let policies = self.mcp.shared.policies.load();
        policies.may_connect(&self.proven.identity, &name, &found.environment, &context).is_ok()
    }

    /// Under which circumstances the caller asks, outside of a session.
    pub(super) fn context(&self) -> Context<'static> {
        Context {
            now: SystemTime::now(),
            address: Some(self.proven.peer.ip()),
            tls: true,
            application: "mcp",
            risk: Risk::default(),
            work: Work::default(),
        }
    }

    /// Sends a statement to a session of the caller's. A transaction does not outlive the call.
    pub(super) async fn send(&self, database: &str, sent: &Sent<'_>) -> Result<Answer, Reply> {
        let refused = |refusal| say::refused(&refusal, None, None);
        let mut held = self.mcp.sessions.take(self.proven, database).await.map_err(refused)?;
        let answer = held.run(ask(sent)).await.map_err(|error| ended(&error))?;
        self.settle(held).await?;
        Ok(answer)
    }

    /// Ends what was left open, and keeps the session.
    pub(super) async fn settle(&self, mut held: Held) -> Result<(), Reply> {
        if held.status() != Status::Idle {
            held.command("ROLLBACK", END).await.map_err(|error| ended(&error))?;
        }
        held.give_back();
        Ok(())
    }

    /// `query`: rows, and nothing changes.
    pub(super) async fn query(&self, statement: Statement) -> Result<Reply, Reply> {
        let (caps, database) = (statement.caps(), self.database(statement.database.as_deref())?);
        let values = values(&statement.parameters).map_err(Reply::mistake)?;
        let (text, rows) = (statement.sql.as_str(), caps.rows);
        let sent = Sent { text, values: &values, upto: Upto::Execute, reads: true, caps, rows };
        Ok(say::ran(&self.send(&database, &sent).await?, caps))
    }

    /// `write`: what policy permits, at once and for good.
    pub(super) async fn write(&self, statement: Statement) -> Result<Reply, Reply> {
        let (caps, database) = (statement.caps(), self.database(statement.database.as_deref())?);
        let values = values(&statement.parameters).map_err(Reply::mistake)?;
        let text = statement.sql.as_str();
        let sent = Sent { text, values: &values, upto: Upto::Execute, reads: false, caps, rows: 0 };
        let refused = |refusal| say::refused(&refusal, None, None);
        let mut held = self.mcp.sessions.take(self.proven, &database).await.map_err(refused)?;
        let answer = held.run(ask(&sent)).await.map_err(|error| ended(&error))?;
        let open = held.status() != Status::Idle && answer.error.is_none();
        self.settle(held).await?;
        if open {
            return Err(Reply::mistake(
                "a transaction does not outlive a call, so this one was rolled back; send the \
                 statement by itself, or put several changes into one WITH",
            ));
        }
        Ok(say::ran(&answer, caps))
    }

    /// What would be decided on a statement. Nothing runs.
    pub(super) async fn prepared(
        &self,
        database: &str,
        statement: &Statement,
        upto: Upto,
    ) -> Result<Answer, Reply> {
        let values = values(&statement.parameters).map_err(Reply::mistake)?;
        let (text, caps) = (statement.sql.as_str(), statement.caps());
        let sent = Sent { text, values: &values, upto, reads: false, caps, rows: 0 };
        self.send(database, &sent).await
    }

    /// `why`: whether it would be allowed, and what would be masked.
    pub(super) async fn why(&self, statement: Statement) -> Result<Reply, Reply> {
        let database = self.database(statement.database.as_deref())?;
        let answer = self.prepared(&database, &statement, Upto::Parse).await?;
        Ok(would(&answer))
    }

    /// `preview`: the same, what the server's planner expects of it, and what it would change:
    /// tried in a session of its own, in which everything is undone.
    pub(super) async fn preview(&self, statement: Statement) -> Result<Reply, Reply> {
        let database = self.database(statement.database.as_deref())?;
        let answer = self.prepared(&database, &statement, Upto::Parse).await?;
        let Some(plan) = verdict::plan(&answer.notes).filter(|_| answer.error.is_none()) else {
            return Ok(would(&answer));
        };
        let mut value = verdict::decided(plan, &answer.columns);
        let values = values(&statement.parameters).map_err(Reply::mistake)?;
        let by = self.proven.identity.chain();
        let wanted = Wanted {
            identity: Arc::clone(&self.proven.identity),
            credential: self.proven.credential().cloned(),
            peer: self.proven.peer,
            method: self.proven.method(),
            via: Via::Mcp,
            task: self.proven.task.clone(),
            database: &database,
            text: &statement.sql,
            values: &values,
            types: &[],
            preview: Preview { by, hold: None, own: true, decides: false },
            digest: None,
            viewer: None,
        };
        let refused = |refusal| say::refused(&refusal, None, None);
        let tried = preview::preview(&self.mcp.shared, wanted).await.map_err(refused)?;
        if let (Some(fields), Value::Object(tried)) = (value.as_object_mut(), tried) {
            fields.extend(tried);
            fields.insert("note".to_owned(), json!(say::DATA));
        }
        Ok(Reply::good(value))
    }

    /// `follow_pseudonym`: the rows whose column has the value that a pseudonym stands for.
    pub(super) async fn follow(&self, follow: Follow) -> Result<Reply, Reply> {
        let caps = Caps::new(follow.max_rows, follow.max_tokens);
        let database = self.database(follow.database.as_deref())?;
        let (from, column) = (table(&follow.table), quoted(&follow.column));
        let columns: Vec<String> = follow.columns.iter().map(|name| quoted(name)).collect();
        let columns = if columns.is_empty() { "*".to_owned() } else { columns.join(", ") };
        let text = format!("SELECT {columns} FROM {from} WHERE {column} = $1");
        let values = [Some(follow.pseudonym)];
        let (upto, rows) = (Upto::Execute, caps.rows);
        let sent = Sent { text: &text, values: &values, upto, reads: true, caps, rows };
        Ok(say::ran(&self.send(&database, &sent).await?, caps))
    }
}

pub(super) fn ask<'a>(sent: &Sent<'a>) -> Ask<'a> {
    let Sent { text, values, upto, reads, caps, rows } = *sent;
    Ask { text, values, types: &[], upto, reads, rows, bytes: caps.bytes, time: STATEMENT }
}

/// The session ended before it answered.
pub(super) fn ended(error: &Ended) -> Reply {
    Reply::mistake(format!("{error}; try again"))
}

/// The decision on a statement that was prepared. A refusal is the answer here, not a failure.
fn would(answer: &Answer) -> Reply {
    let refused = answer.notes.iter().any(|note| matches!(note, Note::Refused(_)));
    match (verdict::plan(&answer.notes), &answer.error) {
        (Some(plan), error) if refused || error.is_none() => {
            let mut value = verdict::decided(plan, &answer.columns);
            let record = answer.notes.iter().find_map(|note| match note {
                Note::Refused(refusal) => refusal.record.clone(),
                _ => None,
            });
            if let (Some(record), Some(fields)) = (record, value.as_object_mut()) {
                fields.insert("receipt".to_owned(), json!(record));
            }
            Reply::good(value)
        }
        _ => say::stopped(answer).unwrap_or_else(|| Reply::mistake("it was not decided on")),
    }
}
