//! Records of what agents work on: tasks that persons gave them, and what they were shown that
//! others can write. Knows no statement's text.

use super::{Text, is_false};
use crate::{ids::StatementId, time::Time};
use model::{Budget, TaskDetails};
use serde::{Deserialize, Serialize};

/// What a session or a statement was part of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Work<'a> {
    /// The task.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub task: Text<'a>,
    /// What was left of its budgets before.
    #[serde(default, skip_serializing_if = "is_unlimited")]
    pub left: Budget,
    /// What for: the task's purpose, or what the client said.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub purpose: Text<'a>,
    /// The agent had been shown text that others can write.
    #[serde(default, skip_serializing_if = "is_false")]
    pub tainted: bool,
    /// It is tried and undone: for whom.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub preview: Text<'a>,
    /// The hold of which this is a preview.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub preview_of: Text<'a>,
}

fn is_unlimited(left: &Budget) -> bool {
    *left == Budget::default()
}

impl Work<'_> {
    /// True if there is nothing to say.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A task was given or is over, or an agent was shown what others can write, or was cleared of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskChanged<'a> {
    /// When.
    pub time: Time,
    /// The task; empty for what an agent was shown outside of any.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub task: Text<'a>,
    /// Whose: the chain of actors.
    pub identity: Text<'a>,
    /// Who did this: a person, the same chain, or `weir`.
    pub by: Text<'a>,
    /// `created`, `ended`, `expired`, `tainted`, `cleared`.
    pub what: Text<'a>,
    /// On `created`: what it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<TaskDetails>>,
    /// On `created`: until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
    /// On `tainted`: the statement that showed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<StatementId>,
    /// Why, in words that hold no value.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub reason: Text<'a>,
}
