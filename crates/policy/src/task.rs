//! The bounds of a task: of what everybody in the chain may do, only what the task names. Knows the
//! task and the facts; asks no policy, and so can permit nothing.

use crate::{
    ProtocolFeature, Request, path,
    wording::{self, MAX_REFUSALS, subject},
};
use model::{
    Access, Facts, Operation, Outcome, PolicyId, Task, Verdict,
    facts::{Effect, RelationRef},
    verdict::{CostLimit, Estimate},
};
use std::collections::BTreeSet;

/// The part of a verdict that lies within the task at hand; all of it without one.
pub(crate) fn within(mut verdict: Verdict, request: &Request<'_>) -> Verdict {
    let Some(task) = request.context.work.task else { return verdict };
    if verdict.outcome == Outcome::Deny {
        return verdict;
    }
    let database = request.database.as_str();
    if let Err(refused) = names_database(task, database) {
        return refused;
    }
    let outside = outside(task, request);
    if !outside.is_empty() {
        let hidden = outside.len().saturating_sub(MAX_REFUSALS);
        let mut refused = refuse(task, String::new(), database);
        refused.disclosures = verdict.disclosures.iter().map(|_| wording::veiled()).collect();
        refused.refused = Some(request.facts.operation);
        refused.reasons = outside.into_iter().take(MAX_REFUSALS).collect();
        if hidden > 0 {
            refused.reasons.push(format!("and {hidden} more refusals"));
        }
        return refused;
    }
    if let Some(cost) = task.details.budget.cost
        && has_cost(request.facts)
    {
        let (of, policy) = (Estimate::Cost, policy(task));
        let limit = CostLimit { of, most: cost, beyond: None, policy };
        verdict.reasons.push(format!("task {} may cost {cost} in all", task.name));
        verdict.cost_limits.push(limit);
        verdict.outcome = verdict.outcome.max(Outcome::Modify);
    }
    verdict
}

/// Whether a task is for a database; the error is the refusal.
pub(crate) fn names_database(task: &Task, database: &str) -> Result<(), Verdict> {
    if task.details.databases.iter().any(|named| named == database) {
        return Ok(());
    }
    let sentence = format!("database {database} is none of task {}", task.name);
    Err(refuse(task, sentence, database))
}

/// What goes past statements is in no task.
pub(crate) fn has_feature(task: &Task, feature: ProtocolFeature<'_>) -> Result<(), Verdict> {
    let what = match feature {
        // Policies speak of each of them.
        ProtocolFeature::StartupOption(_) => return Ok(()),
        ProtocolFeature::FunctionCall => "the FunctionCall message",
        ProtocolFeature::Replication => "a replication connection",
    };
    let sentence = format!("{what} is not part of task {}", task.name);
    Err(wording::refuse(sentence))
}

/// What a statement does that the task does not name, one sentence each.
fn outside(task: &Task, request: &Request<'_>) -> Vec<String> {
    let facts = request.facts;
    let mut found = BTreeSet::new();
    let name = &task.name;
    let understood = facts.unknowns.is_empty() && !facts.dynamic && !facts.outputs_unknown;
    if !understood {
        let words = wording::not_understood(&facts.unknowns);
        found.extend(
            words
                .into_iter()
                .map(|why| format!("{why}; what is not understood is not what task {name} names")),
        );
    }
    let own = Effect { operation: facts.operation, relation: None, object: None, unbounded: false };
    let lone = std::iter::once(&own).filter(|_| facts.effects.is_empty());
    for effect in facts.effects.iter().chain(lone).filter(|effect| !allowed(task, effect)) {
        found.insert(format!("{} is not part of task {name}", subject(effect)));
    }
    // A column that is read without an effect of its own is reached through something else.
    for used in &facts.columns {
        let relation = request.catalog.relation(used.column.relation);
        let known = relation.map(|known| (known.schema.as_str(), known.name.as_str()));
        let written = used.usage == model::Use::Written;
        let access = if written { Access::Write } else { Access::Read };
        match known {
            Some((schema, table)) if reaches(task, schema, table, access) => {}
            Some((schema, table)) => {
                let how = if written { "writing" } else { "reading" };
                let table = path(&[schema, table]);
                found.insert(format!("{how} {table} is not part of task {name}"));
            }
            None => {
                found.insert(format!("a table that it uses is not known, nor in task {name}"));
            }
        }
    }
    found.into_iter().collect()
}

/// True if the task names what an effect is about.
fn allowed(task: &Task, effect: &Effect) -> bool {
    let access = match effect.operation {
        Operation::Empty
        | Operation::Set
        | Operation::Show
        | Operation::Transaction
        | Operation::Commit
        | Operation::Session => return effect.relation.is_none(),
        Operation::CreateTemp | Operation::DropTemp => return true,
        // What a COPY brings is not counted.
        Operation::CopyOut
            if task.details.budget.rows.is_some() || task.details.budget.bytes.is_some() =>
        {
            return false;
        }
        Operation::Select | Operation::Explain | Operation::CopyOut => Access::Read,
        Operation::Insert
        | Operation::Update
        | Operation::Delete
        | Operation::Merge
        | Operation::CopyIn
        | Operation::Lock => Access::Write,
        Operation::Truncate
        | Operation::ServerFile
        | Operation::ServerProgram
        | Operation::Create
        | Operation::Alter
        | Operation::Drop
        | Operation::Rename
        | Operation::Comment
        | Operation::Grant
        | Operation::Role
        | Operation::Security
        | Operation::Extension
        | Operation::Foreign
        | Operation::Server
        | Operation::Call
        | Operation::Do
        | Operation::SetRole
        | Operation::Listen
        | Operation::Notify
        | Operation::Maintenance
        | Operation::Replication
        | Operation::LargeObject
        | Operation::Code
        | Operation::Unknown => return false,
    };
    match &effect.relation {
        Some(RelationRef { schema, name, .. }) => reaches(task, schema, name, access),
        None => access == Access::Read,
    }
}

/// True if the task names a table, or if it is one that no task has to name: those that the server
/// describes itself in, to be read, and the session's own. Of these policies speak as ever.
fn reaches(task: &Task, schema: &str, name: &str, access: Access) -> bool {
    let described = matches!(schema, "pg_catalog" | "information_schema");
    let own = schema == "pg_temp" || schema.starts_with("pg_temp_");
    own || described && access == Access::Read || task.allows(schema, name, access)
}

/// True if the server's planner can be asked what it will cost, or must be.
fn has_cost(facts: &Facts) -> bool {
    let free = |operation: Operation| {
        matches!(
            operation,
            Operation::Empty
                | Operation::Explain
                | Operation::Set
                | Operation::Show
                | Operation::Transaction
                | Operation::Commit
                | Operation::Session
                | Operation::CreateTemp
                | Operation::DropTemp
        )
    };
    match facts.effects.is_empty() {
        true => !free(facts.operation),
        false => facts.effects.iter().any(|effect| !free(effect.operation)),
    }
}

fn policy(task: &Task) -> PolicyId {
    PolicyId::from(format!("task {}", task.name).as_str())
}

fn refuse(task: &Task, sentence: String, database: &str) -> Verdict {
    let mut verdict = wording::refuse(sentence);
    let tables = task.details.tables.iter().map(|table| {
        let word = |access: &Access| match access {
            Access::Read => "read",
            Access::Write => "write",
        };
        let words: Vec<&str> = table.actions.iter().map(word).collect();
        format!("{} ({})", table.table, words.join(", "))
    });
    let tables: Vec<String> = tables.collect();
    let tables = if tables.is_empty() { "no table".to_owned() } else { tables.join(", ") };
    verdict.advice = Some(format!(
        "The task is for {tables} on {}. If {} wants more done, a person gives another task: weir \
         task create --agent {} --as {} --database {database} …",
        task.details.databases.join(", "),
        task.acts_for,
        task.agent,
        task.acts_for,
    ));
    verdict
}
