//! How risky a statement is: points for what it does, for what it shows, and for how unlike its
//! identity's past it is. Scores, and decides nothing. Each part has a name, so that a score can be
//! read.

use crate::{
    history::History,
    plan::{Part, Plan},
    session::Client,
};
use ledger::record::RiskPart;
use model::{
    Class, Disclosure, Facts, Identity, IdentityKind, Label, LabelMap, Operation, Use, Verdict,
    catalog::Catalog,
};
use policy::Risk;
use std::{borrow::Cow, time::SystemTime};

/// The most that a score can be.
const MOST: u32 = 100;
/// Tables of fewer rows are read whole all day and mean nothing: rows.
const SMALL_TABLE: u64 = 100;

/// Points, by what earns them. Chosen so that one ordinary thing stays below 30, a dangerous one
/// reaches 50, and two dangerous ones together 80.
mod points {
    pub(super) const ADMINISTRATION: u32 = 40;
    pub(super) const DESTRUCTION: u32 = 30;
    pub(super) const DEFINITION: u32 = 20;
    pub(super) const DELETE: u32 = 15;
    pub(super) const UPDATE: u32 = 10;
    pub(super) const INSERT: u32 = 5;
    pub(super) const UNBOUNDED: u32 = 25;
    pub(super) const DYNAMIC: u32 = 20;
    pub(super) const NOT_UNDERSTOOD: u32 = 20;
    pub(super) const EXPORTED: u32 = 20;
    pub(super) const LABELS: u32 = 5;
    pub(super) const RAW_SECRET: u32 = 30;
    pub(super) const RAW_PCI: u32 = 25;
    pub(super) const RAW_PHI: u32 = 20;
    pub(super) const RAW_PII: u32 = 10;
    pub(super) const RAW_MORE: u32 = 5;
    pub(super) const RAW_MORE_MOST: u32 = 15;
    pub(super) const PRODUCTION: u32 = 10;
    pub(super) const AGENT: u32 = 10;
    pub(super) const TAINTED: u32 = 15;
    /// From so many rows on, so many points.
    pub(super) const ESTIMATED: [(u64, u32); 3] =
        [(100_000_000, 20), (1_000_000, 10), (100_000, 5)];
}

/// A table with labels that a statement reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    /// `database/schema.table`.
    pub name: Box<str>,
    /// How many rows it has, as the server believes; small tables count as a hundred.
    pub rows: u64,
}

/// What a statement earns by itself: operation, reach, what it shows to whom.
pub(crate) fn of_statement(
    facts: &Facts,
    (catalog, labels): (&Catalog, &LabelMap),
    verdict: &Verdict,
    (identity, environment): (&Identity, &str),
) -> Vec<RiskPart<'static>> {
    let mut parts = Vec::new();
    let mut earn = |part: &'static str, points: u32| {
        if points > 0 {
            parts.push(RiskPart { part: Cow::Borrowed(part), points });
        }
    };
    let effects = || facts.effects.iter();
    let operation = effects().map(|effect| operation(effect.operation)).max().unwrap_or(0);
    earn("operation", operation.max(self::operation(facts.operation)));
    let unbounded = effects().any(|effect| effect.unbounded && effect.operation.is_write());
    earn("unbounded", if unbounded { points::UNBOUNDED } else { 0 });
    let estimated = estimated_rows(facts, catalog);
    let volume = points::ESTIMATED.iter().find(|(least, _)| estimated >= *least);
    earn("estimated volume", volume.map_or(0, |(_, points)| *points));
    earn("dynamic", if facts.dynamic { points::DYNAMIC } else { 0 });
    let understood = facts.unknowns.is_empty() && !facts.outputs_unknown;
    earn("not understood", if understood { 0 } else { points::NOT_UNDERSTOOD });
    let raw = raw(verdict, labels);
    earn("raw", raw);
    let touches = facts.columns.iter().any(|used| labels.label(used.column).is_some());
    earn("labels", if touches && raw == 0 { points::LABELS } else { 0 });
    let exported = |used: &model::facts::ColumnUse| {
        used.usage == Use::Exported && labels.label(used.column).is_some()
    };
    earn("exported", if facts.columns.iter().any(exported) { points::EXPORTED } else { 0 });
    let matters = operation > 0 || raw > 0;
    let production = environment == "production" && matters;
    earn("production", if production { points::PRODUCTION } else { 0 });
    let agent = identity.kind == IdentityKind::Agent;
    earn("agent", if agent { points::AGENT } else { 0 });
    parts
}

/// What an agent earns that was shown what others wrote.
pub(crate) fn tainted(is: bool) -> Option<RiskPart<'static>> {
    is.then_some(RiskPart { part: Cow::Borrowed("tainted"), points: points::TAINTED })
}

/// How many rows the largest table has of those that a statement goes through as a whole: it reads
/// it and compares none of its columns, or changes it and nothing narrows that.
fn estimated_rows(facts: &Facts, catalog: &Catalog) -> u64 {
    let whole = |effect: &&model::facts::Effect| {
        let Some(id) = effect.relation.as_ref().and_then(|relation| relation.id) else {
            return false;
        };
        let compared = |used: &model::facts::ColumnUse| {
            used.column.relation == id
                && matches!(used.usage, Use::Tested | Use::LookedUp | Use::Inferred)
        };
        if matches!(effect.operation, Operation::Select | Operation::CopyOut) {
            return !facts.columns.iter().any(compared);
        }
        effect.operation == Operation::Truncate || effect.operation.is_write() && effect.unbounded
    };
    let tables = facts.effects.iter().filter(whole);
    let rows = |effect: &model::facts::Effect| {
        let relation = catalog.relation(effect.relation.as_ref()?.id?)?;
        Some(self::whole(relation.estimated_rows))
    };
    tables.filter_map(rows).max().unwrap_or(0)
}

/// The sum, at most 100.
pub fn score(parts: &[RiskPart<'_>]) -> u32 {
    parts.iter().fold(0, |sum: u32, part| sum.saturating_add(part.points)).min(MOST)
}

/// `45 (operation 15, unbounded 25, new table 5)`.
pub(crate) fn words<'a>(parts: impl Iterator<Item = &'a RiskPart<'a>>) -> String {
    let parts: Vec<RiskPart<'_>> = parts.cloned().collect();
    let each: Vec<String> =
        parts.iter().map(|part| format!("{} {}", part.part, part.points)).collect();
    format!("{} ({})", score(&parts), each.join(", "))
}

/// The tables with labels that a statement reads.
pub(crate) fn watched(
    facts: &Facts,
    catalog: &Catalog,
    labels: &LabelMap,
    database: &str,
) -> Box<[Watched]> {
    let reads = |operation| {
        matches!(
            operation,
            Operation::Select
                | Operation::CopyOut
                | Operation::Update
                | Operation::Delete
                | Operation::Insert
                | Operation::Merge
        )
    };
    let read = facts.effects.iter().filter(|effect| reads(effect.operation));
    let mut tables: Vec<Watched> = Vec::new();
    for id in read.filter_map(|effect| effect.relation.as_ref()?.id) {
        let Some(relation) = catalog.relation(id) else { continue };
        let labelled = |column: &model::catalog::Column| {
            labels.label(relation.column_id(column.number)).is_some()
        };
        if !relation.columns.iter().any(labelled) {
            continue;
        }
        let name = format!("{database}/{}.{}", relation.schema, relation.name);
        if tables.iter().all(|known| *known.name != *name) {
            let rows = whole(relation.estimated_rows).max(SMALL_TABLE);
            tables.push(Watched { name: name.into(), rows });
        }
    }
    tables.into()
}

impl Part {
    /// True if rows of it that leave are to be told by `Session::saw`.
    pub fn is_watched(&self) -> bool {
        !self.watched.is_empty()
    }
}

impl Plan {
    /// The tables with labels that its statements read.
    pub(crate) fn watched(&self) -> impl Iterator<Item = &Watched> {
        self.parts.iter().flat_map(|part| &part.watched)
    }
}

/// The risk of a statement beside its identity's past.
pub(crate) fn beside(
    parts: &[RiskPart<'_>],
    watched: &[Watched],
    history: &History,
    (client, is_tainted): (&Client, bool),
    now: SystemTime,
) -> Risk {
    let past = history.parts(watched, client, now);
    let shown = tainted(is_tainted);
    let all: Vec<RiskPart<'_>> = parts.iter().chain(&past).chain(&shown).cloned().collect();
    Risk { score: score(&all), share: history.share(watched, now) }
}

fn operation(operation: Operation) -> u32 {
    match operation {
        Operation::Insert | Operation::CopyIn | Operation::Notify => points::INSERT,
        Operation::Update | Operation::Merge | Operation::Call | Operation::Do => points::UPDATE,
        Operation::Delete => points::DELETE,
        Operation::Truncate | Operation::Drop | Operation::Alter => points::DESTRUCTION,
        Operation::Create
        | Operation::Rename
        | Operation::Comment
        | Operation::Maintenance
        | Operation::LargeObject => points::DEFINITION,
        Operation::Grant
        | Operation::Role
        | Operation::Security
        | Operation::Extension
        | Operation::Foreign
        | Operation::Server
        | Operation::ServerFile
        | Operation::ServerProgram
        | Operation::SetRole
        | Operation::Replication
        | Operation::Code
        | Operation::Unknown => points::ADMINISTRATION,
        Operation::Empty
        | Operation::Select
        | Operation::CopyOut
        | Operation::CreateTemp
        | Operation::DropTemp
        | Operation::Explain
        | Operation::Set
        | Operation::Show
        | Operation::Transaction
        | Operation::Commit
        | Operation::Listen
        | Operation::Lock
        | Operation::Session => 0,
    }
}

/// The worst label that leaves raw, and something for each further one.
fn raw(verdict: &Verdict, labels: &LabelMap) -> u32 {
    let mut leaves: Vec<&Label> = Vec::new();
    for disclosure in &verdict.disclosures {
        let raw = match disclosure {
            Disclosure::Raw { labels } => labels.as_slice(),
            Disclosure::Scan | Disclosure::Masked { .. } => &[],
        };
        leaves.extend(raw);
    }
    leaves.sort();
    leaves.dedup();
    let worst = leaves.iter().map(|label| match labels.class(label) {
        Class::Secret | Class::Unknown => points::RAW_SECRET,
        Class::Pci => points::RAW_PCI,
        Class::Phi => points::RAW_PHI,
        Class::Pii => points::RAW_PII,
    });
    let Some(worst) = worst.max() else { return 0 };
    let more = u32::try_from(leaves.len() - 1).unwrap_or(u32::MAX);
    worst + more.saturating_mul(points::RAW_MORE).min(points::RAW_MORE_MOST)
}

/// A count that the server estimates; it says -1 where it does not know.
fn whole(estimate: f32) -> u64 {
    // Counts of rows are far below what a u64 holds, and a cast of what is negative gives 0.
    estimate as u64
}

#[cfg(test)]
mod tests;
