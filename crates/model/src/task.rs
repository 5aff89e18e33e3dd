//! What an agent was told to do: for what purpose, with which tables, and how much of everything it
//! may use up. Data only; knows neither who may give a task nor how what is used up is counted.

use crate::ids::IdentityName;
use serde::{Deserialize, Serialize};

/// What may be done with a table in a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// Its rows may be read.
    Read,
    /// Rows may be inserted, updated and deleted.
    Write,
}

/// Tables of a task, and what may be done with them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskTable {
    /// `schema.table`, `schema.*` for all of a schema, `*` for all there are.
    pub table: String,
    /// What may be done.
    pub actions: Vec<Access>,
}

impl TaskTable {
    /// True if it stands for this table.
    pub fn covers(&self, schema: &str, name: &str) -> bool {
        match self.table.split_once('.') {
            Some((own, "*")) => own == schema,
            Some((own, table)) => own == schema && table == name,
            None => self.table == "*",
        }
    }
}

/// How much may be used up; what is not named is not limited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Rows that reach the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Bytes of these rows, as the server sends them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// What the server's planner expects of all statements together, in its own unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<u64>,
    /// Statements that are sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statements: Option<u64>,
    /// Seconds that the server works on statements.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
}

/// How much was used up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Spent {
    /// Rows.
    #[serde(default)]
    pub rows: u64,
    /// Bytes.
    #[serde(default)]
    pub bytes: u64,
    /// What the planner expected.
    #[serde(default)]
    pub cost: u64,
    /// Statements.
    #[serde(default)]
    pub statements: u64,
    /// Microseconds.
    #[serde(default)]
    pub micros: u64,
}

/// Microseconds in a second.
const MICROS: u64 = 1_000_000;

impl Budget {
    /// The limits in the units in which what is used up is counted; what is not limited is as much
    /// as can be counted.
    pub fn most(&self) -> Spent {
        let all = u64::MAX;
        Spent {
            rows: self.rows.unwrap_or(all),
            bytes: self.bytes.unwrap_or(all),
            cost: self.cost.unwrap_or(all),
            statements: self.statements.unwrap_or(all),
            micros: self.seconds.map_or(all, |seconds| seconds.saturating_mul(MICROS)),
        }
    }

    /// What is left of each limit.
    pub fn left(&self, spent: &Spent) -> Budget {
        let most = self.most();
        let left =
            |limit: Option<u64>, most: u64, spent: u64| limit.map(|_| most.saturating_sub(spent));
        Budget {
            rows: left(self.rows, most.rows, spent.rows),
            bytes: left(self.bytes, most.bytes, spent.bytes),
            cost: left(self.cost, most.cost, spent.cost),
            statements: left(self.statements, most.statements, spent.statements),
            seconds: left(self.seconds, most.micros, spent.micros).map(|micros| micros / MICROS),
        }
    }

    /// What is left of the limit of which least is left: percent, rounded down.
    pub fn percent_left(&self, spent: &Spent) -> u32 {
        let most = self.most();
        let share = |limit: Option<u64>, most: u64, spent: u64| -> u32 {
            let Some(_) = limit else { return 100 };
            let left = u128::from(most.saturating_sub(spent));
            let percent = (left * 100).checked_div(u128::from(most)).unwrap_or(0);
            u32::try_from(percent).unwrap_or(100)
        };
        let shares = [
            share(self.rows, most.rows, spent.rows),
            share(self.bytes, most.bytes, spent.bytes),
            share(self.cost, most.cost, spent.cost),
            share(self.statements, most.statements, spent.statements),
            share(self.seconds, most.micros, spent.micros),
        ];
        shares.into_iter().min().unwrap_or(100)
    }
}

impl Spent {
    /// Both together.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self {
            rows: self.rows.saturating_add(other.rows),
            bytes: self.bytes.saturating_add(other.bytes),
            cost: self.cost.saturating_add(other.cost),
            statements: self.statements.saturating_add(other.statements),
            micros: self.micros.saturating_add(other.micros),
        }
    }
}

/// What an agent is to do, and with what (`authorization_details` of RFC 9396, `weir_task`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskDetails {
    /// Always `weir_task`.
    pub r#type: TaskType,
    /// What for, in words.
    pub purpose: String,
    /// On which databases, by Weir's names.
    pub databases: Vec<String>,
    /// With which tables.
    #[serde(default)]
    pub tables: Vec<TaskTable>,
    /// How much may be used up.
    #[serde(default)]
    pub budget: Budget,
}

/// The one type of details that there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskType {
    /// A task.
    #[default]
    WeirTask,
}

/// A task in force.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Task {
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub agent: IdentityName,
    /// For whom that agent acts in it.
    pub acts_for: IdentityName,
    /// What it is.
    pub details: TaskDetails,
}

impl Task {
    /// True if it names a table for this.
    pub fn allows(&self, schema: &str, name: &str, access: Access) -> bool {
        let tables = self.details.tables.iter();
        let mut own = tables.filter(|table| table.covers(schema, name));
        own.any(|table| table.actions.contains(&access))
    }
}

#[cfg(test)]
mod tests;
