//! Limits on how many rows a statement changes: what can be counted, and what is said where more
//! was changed than policy permits. Counts nothing itself; whoever runs the statement does.
//!
//! What a statement will change is known only once it did, so a limited statement runs where it can
//! be undone. The rows that it inserted, updated and deleted are counted, those of its triggers and
//! of cascading keys among them, and all of it stays or nothing. What it will cost is estimated by
//! the server's planner before it runs.

use crate::{clearance::Statement, plan::Plan, refusal::Refusal};
use model::{
    Blame, Operation, RelationId,
    catalog::{Catalog, RelationKind},
    facts::SessionChange,
    verdict::{Approval, ChangeLimit, CostLimit, Estimate},
};

/// How deep partitions are looked through for foreign ones.
const MOST_LEVELS: usize = 16;
/// How deep plans are looked through; what nests deeper counts as changing everything.
const MOST_LEVELS_OF_PLAN: usize = 256;

/// What the server's planner expects of a statement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expects {
    /// What it costs, in the planner's own unit.
    pub cost: f64,
    /// How many rows it returns or changes, whichever are more.
    pub rows: f64,
}

impl Expects {
    /// From the planner's answer to `EXPLAIN (FORMAT JSON)`; `None` if it is none.
    pub fn read(answer: &[u8]) -> Option<Self> {
        let answer: serde_json::Value = serde_json::from_slice(answer).ok()?;
        let plan = answer.pointer("/0/Plan")?;
        let cost = plan.get("Total Cost")?.as_f64()?;
        let rows = expected_rows(plan)?.max(changed_rows(plan, MOST_LEVELS_OF_PLAN));
        Some(Self { cost, rows })
    }

    /// How much of it.
    fn of(&self, what: Estimate) -> f64 {
        match what {
            Estimate::Cost => self.cost,
            Estimate::Rows => self.rows,
        }
    }
}

fn expected_rows(node: &serde_json::Value) -> Option<f64> {
    node.get("Plan Rows")?.as_f64()
}

/// The rows that reach what changes tables, wherever in a plan it stands. A node that changes says
/// itself how many it returns.
fn changed_rows(node: &serde_json::Value, levels: usize) -> f64 {
    let below = || node.get("Plans").and_then(serde_json::Value::as_array).into_iter().flatten();
    let Some(levels) = levels.checked_sub(1) else { return f64::INFINITY };
    let deeper: f64 = below().map(|node| changed_rows(node, levels)).sum();
    let changes = node.get("Node Type").and_then(serde_json::Value::as_str) == Some("ModifyTable");
    // Plans of subqueries and of WITH hang below it beside the rows it changes.
    let source = |node: &&serde_json::Value| {
        let how = node.get("Parent Relationship").and_then(serde_json::Value::as_str);
        !matches!(how, Some("InitPlan" | "SubPlan"))
    };
    let own = below().filter(source).filter_map(expected_rows).sum::<f64>();
    deeper + if changes { own } else { 0.0 }
}

/// Where a limited statement runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a transaction that its client opened.
    Block,
    /// In a transaction of Weir's own.
    Own,
    /// In the implicit transaction of messages up to the next Sync, where code may commit.
    Implicit,
}

impl Plan {
    /// True if policy limits how many rows it changes.
    pub fn limits_changes(&self) -> bool {
        self.parts.iter().any(|part| !part.verdict.change_limits.is_empty())
    }

    /// True if it may exceed its limits by somebody's consent.
    pub fn may_exceed(&self) -> bool {
        self.beyond().next().is_some()
    }

    /// The consents by which it may exceed its limits.
    pub(crate) fn beyond(&self) -> impl Iterator<Item = &Approval> {
        let changes = self.change_limits().filter_map(|limit| limit.beyond.as_ref());
        changes.chain(self.cost_limits().filter_map(|limit| limit.beyond.as_ref()))
    }

    /// The limits on what it may cost, of all of its parts.
    pub fn cost_limits(&self) -> impl Iterator<Item = &CostLimit> {
        self.parts.iter().flat_map(|part| &part.verdict.cost_limits)
    }

    /// Refuses what the server's planner is not asked about.
    pub fn estimable(&self) -> Result<(), Refusal> {
        let planned = |part: &crate::Part| {
            crate::clearance::is_planned(part) && part.syntax_error.is_none() && part.copy.is_none()
        };
        if let [part] = self.parts.as_slice()
            && planned(part)
            && !self.replication
        {
            return Ok(());
        }
        let policy = self.cost_limits().next().map(|limit| limit.policy.to_string());
        let what = format!(
            "policy \"{}\" limits what it may cost, and the server does not estimate that",
            policy.unwrap_or_default()
        );
        let hint = "Send one SELECT, INSERT, UPDATE, DELETE or MERGE at a time.";
        Err(Refusal::unenforceable(&what, hint))
    }

    /// The limits on what it changes, of all of its parts.
    pub fn change_limits(&self) -> impl Iterator<Item = &ChangeLimit> {
        self.parts.iter().flat_map(|part| &part.verdict.change_limits)
    }

    /// Refuses what could not be counted, or not undone.
    pub fn countable(&self, place: Place) -> Result<(), Refusal> {
        let effects = || self.parts.iter().flat_map(|part| &part.facts.effects);
        // No rollback takes back what is prepared; what is held runs when it is committed.
        let stays = |change: &SessionChange| match change {
            SessionChange::Prepare(..) | SessionChange::Deallocate(_) | SessionChange::Hold(_) => {
                true
            }
            SessionChange::Declare(..)
            | SessionChange::Fetch(_)
            | SessionChange::CloseCursor(_)
            | SessionChange::Scope => false,
        };
        let what = if self.replication {
            Some("it is a replication command")
        } else if self.parts.iter().any(|part| part.facts.session.iter().any(stays)) {
            Some("it prepares, deallocates or holds something, which no rollback undoes")
        } else if self.parts.iter().any(|part| part.facts.dynamic) {
            Some("what it does cannot be known from its text")
        } else if let Some(effect) = effects().find(|effect| !is_counted(effect.operation)) {
            let operation = effect.operation.as_str();
            return Err(uncounted(self, &format!("{operation} cannot be counted or undone")));
        } else if place == Place::Implicit && effects().any(|effect| is_code(effect.operation)) {
            Some("its code may commit by itself; run it between BEGIN and COMMIT")
        } else {
            let relations = effects().filter_map(|effect| effect.relation.as_ref()?.id);
            let catalog = &self.knowledge.catalog;
            let foreign = |relation| is_foreign(catalog, relation, MOST_LEVELS);
            relations.into_iter().any(foreign).then_some("it changes a foreign table")
        };
        what.map_or(Ok(()), |what| Err(uncounted(self, what)))
    }
}

impl Statement {
    /// The limits that this run is under; what its approval lifts is not among them. What is
    /// undone anyhow has none.
    pub fn change_limits(&self) -> impl Iterator<Item = &ChangeLimit> {
        let (lifted, preview) = (self.lifted, self.preview);
        let limits = self.plan.change_limits().filter(move |_| !preview);
        limits.filter(move |limit| !lifted || limit.beyond.is_none())
    }

    /// The limits on what this run may cost; what its approval lifts is not among them.
    pub fn cost_limits(&self) -> impl Iterator<Item = &CostLimit> {
        let lifted = self.lifted;
        self.plan.cost_limits().filter(move |limit| !lifted || limit.beyond.is_none())
    }

    /// The first limit that a run exceeds of which the planner expects this, those without consent
    /// first.
    pub fn costs_more(&self, expected: &Expects) -> Option<&CostLimit> {
        // Costs and counts are far below what an f64 holds exactly.
        let exceeded =
            || self.cost_limits().filter(|limit| expected.of(limit.of) > limit.most as f64);
        exceeded().find(|limit| limit.beyond.is_none()).or_else(|| exceeded().next())
    }

    /// True if what it changes must be counted.
    pub fn is_counted(&self) -> bool {
        // What runs read-only changes nothing.
        self.change_limits().next().is_some()
            && !self.plan.parts.iter().any(|part| part.verdict.read_only)
    }

    /// The first limit that a run with so many changes exceeds, those without consent first.
    pub fn exceeds(&self, changed: u64) -> Option<&ChangeLimit> {
        let exceeded = || self.change_limits().filter(|limit| changed > limit.rows);
        exceeded().find(|limit| limit.beyond.is_none()).or_else(|| exceeded().next())
    }
}

impl Refusal {
    /// It changed more than policy permits, and is undone.
    pub fn exceeded(limit: &ChangeLimit, changed: u64, record: Option<String>) -> Self {
        Self {
            sqlstate: "42501",
            message: format!("Weir undid this statement: {}", exceeds(limit, changed)),
            detail: Some(
                "Rows that its triggers and cascading keys changed are counted too.".to_owned(),
            ),
            hint: Some(format!(
                "Nothing of it is left but the numbers that sequences gave out. Change at most \
                 {} rows at a time, or ask an administrator for a policy that permits more.",
                limit.rows
            )),
            position: None,
            blame: Blame::Policy,
            puzzling: false,
            record,
        }
    }

    /// The server expects it to cost more than policy permits.
    pub fn too_costly(words: &str, limit: &CostLimit, record: Option<String>) -> Self {
        Self {
            sqlstate: "42501",
            message: format!("Weir refused this statement: {words}"),
            detail: Some(match limit.of {
                Estimate::Cost => "The cost is what the server's planner expects, in its own unit \
                                   (see EXPLAIN)."
                    .to_owned(),
                Estimate::Rows => "The rows are what the server's planner expects it to return or \
                                   to change (see EXPLAIN)."
                    .to_owned(),
            }),
            hint: Some(format!(
                "Narrow it, use an index, or add a LIMIT, until EXPLAIN says at most {}; or ask \
                 an administrator for a policy that permits more.",
                limit.words()
            )),
            position: None,
            blame: Blame::Policy,
            puzzling: false,
            record,
        }
    }

    /// What it changed could not be counted, and is undone.
    pub fn uncounted(why: &str) -> Self {
        Self {
            sqlstate: "42501",
            message: format!(
                "Weir undid this statement: policy limits how many rows it changes, and they \
                 could not be counted: {why}"
            ),
            detail: None,
            hint: Some("Try again; if it persists, tell an operator.".to_owned()),
            position: None,
            blame: Blame::Internal,
            puzzling: false,
            record: None,
        }
    }
}

/// `the server expects a cost of 91000, and policy "cheap" permits 1000`.
pub fn costs(limit: &CostLimit, expected: &Expects) -> String {
    let CostLimit { of, most, policy, .. } = limit;
    let words = of.words(format_args!("{:.0}", expected.of(*of)));
    format!("the server expects {words}, and policy \"{policy}\" permits {most}")
}

/// `it changed 5213 rows, and policy "few" permits 100`.
pub fn exceeds(limit: &ChangeLimit, changed: u64) -> String {
    let ChangeLimit { rows, policy, .. } = limit;
    format!("it changed {changed} rows, and policy \"{policy}\" permits {rows}")
}

fn uncounted(plan: &Plan, what: &str) -> Refusal {
    let policy = plan.change_limits().next().map(|limit| &limit.policy);
    let policy = policy.map(|id| format!("policy \"{id}\"")).unwrap_or_default();
    let what = format!("{policy} limits how many rows it changes, and {what}");
    Refusal::unenforceable(
        &what,
        "Change rows by INSERT, UPDATE, DELETE, MERGE or COPY, in a text of its own.",
    )
}

const fn is_code(operation: Operation) -> bool {
    matches!(operation, Operation::Call | Operation::Do)
}

/// What is undone by a rollback and whose rows the server counts, or what changes no rows at all.
const fn is_counted(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::Empty
            | Operation::Select
            | Operation::Insert
            | Operation::Update
            | Operation::Delete
            | Operation::Merge
            | Operation::CopyIn
            | Operation::CopyOut
            | Operation::CreateTemp
            | Operation::Call
            | Operation::Do
            | Operation::Explain
            | Operation::Set
            | Operation::Show
            | Operation::Lock
            | Operation::Notify
            | Operation::Session
    )
}

pub(crate) fn is_foreign(catalog: &Catalog, id: RelationId, levels: usize) -> bool {
    let kind = catalog.relation(id).map(|relation| relation.kind);
    // What is nested deeper than anybody nests counts as foreign: it is refused.
    kind == Some(RelationKind::Foreign)
        || levels == 0
        || catalog.children(id).iter().any(|child| is_foreign(catalog, *child, levels - 1))
}
