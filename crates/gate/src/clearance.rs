//! The witness that a statement was decided and recorded. Knows nothing of how.

use crate::{flight::UnderWay, plan::Plan};
use ledger::{Sequence, StatementId};
use model::{
    Durability, Operation,
    facts::{Effect, SessionChange},
};
use std::sync::Arc;

/// A value that passed the gate: decided, allowed, and its intent in the kernel's hands.
///
/// The field is private and there is no constructor outside this crate, so an engine whose
/// upstream takes `Cleared<_>` cannot forward what was not recorded. It is neither `Clone` nor
/// `Copy`: one clearance, one run.
#[derive(Debug)]
pub struct Cleared<T>(T);

impl<T> Cleared<T> {
    pub(crate) fn mint(inner: T) -> Self {
        Self(inner)
    }

    /// What was cleared.
    pub fn get(&self) -> &T {
        &self.0
    }

    /// Ends the witness and gives what was cleared, for bookkeeping after the send.
    pub fn into_inner(self) -> T {
        self.0
    }
}

/// One run of a plan: the unit that is recorded. A text with several statements is one run with
/// several parts, each with an intent of its own.
#[derive(Debug)]
pub struct Statement {
    /// The plan that runs.
    pub plan: Arc<Plan>,
    /// One per part of the plan, in order.
    pub parts: Vec<StatementPart>,
    /// The last intent of the run; synced up to here means that all of it is on stable storage.
    pub intent: Sequence,
    /// It runs by an approval that lifts the limits that say so.
    pub lifted: bool,
    /// It is tried, and undone whatever it does.
    pub preview: bool,
    /// The strictest demand of its parts.
    pub durability: Durability,
    /// Others may have to wait for it.
    pub(crate) _under_way: Option<UnderWay>,
}

/// One statement of the run.
#[derive(Debug)]
pub struct StatementPart {
    /// The statement's id in the record.
    pub id: StatementId,
}

impl Statement {
    /// True if all that it does is undone by a rollback, so that its effect becomes permanent only
    /// at the end of the transaction.
    pub fn rolls_back(&self) -> bool {
        self.plan.parts.iter().all(|part| {
            !part.facts.dynamic && part.facts.effects.iter().all(|e| undone(e.operation))
        })
    }

    /// False if it is sure that no row comes back.
    pub fn may_return_rows(&self) -> bool {
        self.plan.parts.iter().any(|part| {
            let facts = &part.facts;
            facts.dynamic || facts.outputs_unknown || facts.outputs.is_some()
        })
    }

    /// True if names may mean something else once it ran.
    pub fn changes_names(&self) -> bool {
        let changes = |part: &crate::Part| {
            crate::session::changes_names(part) || self.plan.knowledge.moves_unasked(&part.facts)
        };
        self.plan.parts.iter().any(changes)
    }

    /// True if a transaction may end by it. Code that was followed to its end says so by an effect
    /// of its own where it commits or rolls back.
    pub fn ends_transaction(&self) -> bool {
        self.plan.parts.iter().any(|part| {
            let facts = &part.facts;
            let followed = !facts.dynamic && facts.unknowns.is_empty();
            !followed || facts.effects.iter().any(|effect| may_end(effect.operation))
        })
    }
}

/// True if a transaction may be over, or elsewhere, behind a part: what was said for it may not
/// hold any more.
pub fn may_leave(part: &crate::Part) -> bool {
    let facts = &part.facts;
    let moves = facts.session.contains(&SessionChange::Scope);
    let leaves = |operation: Operation| {
        may_end(operation) && operation != Operation::Transaction || operation == Operation::Do
    };
    let ends = |effect: &Effect| {
        leaves(effect.operation) || moves && crate::session::ends_transaction(effect)
    };
    leaves(facts.operation) || facts.effects.iter().any(ends)
}

/// True for a part that the server plans before it runs: what is constant in it runs by then.
pub(crate) fn is_planned(part: &crate::Part) -> bool {
    matches!(
        part.facts.operation,
        Operation::Select
            | Operation::Insert
            | Operation::Update
            | Operation::Delete
            | Operation::Merge
    )
}

impl crate::Plan {
    /// True if the same text reaches the same relations and functions under another plan.
    pub fn reaches_the_same(&self, other: &Self) -> bool {
        let parts = self.parts.iter().zip(&other.parts);
        self.parts.len() == other.parts.len()
            && parts.into_iter().all(|(one, other)| {
                let (one, other) = (&one.facts, &other.facts);
                one.effects == other.effects
                    && one.functions == other.functions
                    && one.code == other.code
            })
    }

    /// True if what names mean may be different once the server has planned it.
    pub fn moves_names(&self) -> bool {
        self.parts.iter().any(|part| {
            let facts = &part.facts;
            let unknown = facts.dynamic || !facts.unknowns.is_empty();
            let utility = |e: &Effect| matches!(e.operation, Operation::Call | Operation::Do);
            let planned = is_planned(part)
                || !facts.functions.is_empty() && !facts.effects.iter().any(utility);
            planned
                && (unknown
                    || facts.session.contains(&SessionChange::Scope)
                    || self.knowledge.plans_unasked(facts))
        })
    }
}

/// True if a part does no more than begin and end transactions.
pub fn only_transaction(part: &crate::Part) -> bool {
    let facts = &part.facts;
    let only = |effect: &Effect| {
        matches!(effect.operation, Operation::Commit | Operation::Transaction)
            // SET CONSTRAINTS runs triggers that waited.
            && effect.object.is_none()
    };
    !facts.dynamic
        && facts.unknowns.is_empty()
        && facts.functions.is_empty()
        && !facts.effects.is_empty()
        && facts.effects.iter().all(only)
}

const fn may_end(operation: Operation) -> bool {
    // A DO block's own COMMIT is an effect beside it; a procedure may be written in C.
    matches!(
        operation,
        Operation::Commit | Operation::Transaction | Operation::Call | Operation::Unknown
    )
}

/// What a rollback undoes. What leaves the server, what the server does at once, and code whose
/// text does not tell what it does, are not among it.
const fn undone(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::Empty
            | Operation::Select
            | Operation::CopyOut
            | Operation::Insert
            | Operation::Update
            | Operation::Delete
            | Operation::Merge
            | Operation::Truncate
            | Operation::CopyIn
            | Operation::Create
            | Operation::CreateTemp
            | Operation::Alter
            | Operation::Drop
            | Operation::DropTemp
            | Operation::Rename
            | Operation::Comment
            | Operation::Grant
            | Operation::Lock
            | Operation::Notify
            | Operation::Explain
            | Operation::Set
            | Operation::Show
            | Operation::Session
            | Operation::LargeObject
    )
}
