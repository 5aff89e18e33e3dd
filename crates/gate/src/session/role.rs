//! A session that works as a role of the database that it did not choose, and cannot leave. Knows
//! what a statement would do to that, not how it is undone.
//!
//! PostgreSQL lets whoever has a connection go back to the role that it signed in as, by several
//! ways that need no right: SET ROLE NONE, SET SESSION AUTHORIZATION DEFAULT, RESET of either,
//! DISCARD ALL. Clients that give connections back to a pool send those, so they may run where
//! nothing else runs with them: the engine puts the role back before anything else does. Whatever
//! takes another role, or could without its text telling so, is refused.

use super::Session;
use crate::{
    plan::{Part, Plan},
    refusal::Refusal,
};
use ledger::record::Via;
use model::{
    Facts, Operation,
    facts::{Effect, SessionChange},
};
use std::time::SystemTime;

/// As which role of the database a session works.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct WorksAs {
    /// Its name, for the record.
    pub role: String,
    /// It works as this one and as no other.
    pub bound: bool,
}

/// What a statement would do to the role that it runs as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaves {
    /// Nothing.
    Not,
    /// It goes back to the role that signed in, and does nothing else.
    Back,
    /// It goes back, and does more.
    BackAndOn,
    /// It takes another role.
    To,
    /// Nobody can tell.
    Perhaps,
    /// Nothing by its text, but more stands behind it in the same message.
    Behind,
}

impl Session {
    /// The role that the session may not leave; `None` if it may, as policies say.
    pub fn bound_role(&self) -> Option<&str> {
        let role = &self.client.role;
        role.bound.then_some(role.role.as_str())
    }

    /// Something ran. Code that stands in the database (a default, a check, a trigger that fires at
    /// the end) can take a role off without the text telling so: it is put back before more runs.
    pub fn ran(&mut self) {
        self.scope_known &= !self.client.role.bound;
    }

    /// Refuses, and records, what would make it another to the database than it is bound to be.
    pub(super) fn keeps_role(
        &mut self,
        plan: &Plan,
        via: Via,
        now: SystemTime,
    ) -> Result<(), Refusal> {
        let Some(role) = self.bound_role() else { return Ok(()) };
        let last = plan.parts.len().saturating_sub(1);
        let leaves = |(at, part): (usize, &Part)| match leaves(&part.facts) {
            // What stands behind it in the same message would run as the other role.
            Leaves::Back if at != last => Leaves::BackAndOn,
            Leaves::Not if at != last && !runs_nothing(&part.facts) => Leaves::Behind,
            leaves @ (Leaves::Not
            | Leaves::Back
            | Leaves::BackAndOn
            | Leaves::To
            | Leaves::Perhaps
            | Leaves::Behind) => leaves,
        };
        let mut all = plan.parts.iter().enumerate().map(leaves);
        let worst = all.find(|leaves| !matches!(leaves, Leaves::Not | Leaves::Back));
        let (what, hint) = match worst {
            None | Some(Leaves::Not | Leaves::Back) => return Ok(()),
            Some(Leaves::To) => ("takes another", "Leave SET ROLE and its like out."),
            Some(Leaves::BackAndOn) => ("leaves it", "Send what resets the session by itself."),
            Some(Leaves::Behind) => (
                "has several statements in one message, between which nothing makes sure of it",
                "Send its statements one by one.",
            ),
            Some(Leaves::Perhaps) => (
                "could leave it: what it runs cannot be followed",
                "Send its statements instead, one by one.",
            ),
        };
        let what =
            format!("this session works as the role \"{role}\" and as no other, and it {what}");
        let refusal = Refusal::unenforceable(&what, hint);
        Err(self.told(plan, refusal, via, now))
    }
}

fn leaves(facts: &Facts) -> Leaves {
    let any = |wanted: fn(&Effect) -> bool| facts.effects.iter().any(wanted);
    if any(|effect| effect.operation == Operation::SetRole) {
        return Leaves::To;
    }
    if facts.dynamic || !facts.unknowns.is_empty() || any(unknown) {
        return Leaves::Perhaps;
    }
    let discards = facts.session.contains(&SessionChange::Deallocate(None))
        && facts.session.contains(&SessionChange::CloseCursor(None));
    if !discards && !any(goes_back) {
        return Leaves::Not;
    }
    let only_that = facts.functions.is_empty()
        && facts.effects.iter().all(|effect| {
            goes_back(effect)
                || discards && matches!(effect.operation, Operation::Session | Operation::DropTemp)
        });
    if only_that { Leaves::Back } else { Leaves::BackAndOn }
}

/// True if no code that stands in the database runs with it.
fn runs_nothing(facts: &Facts) -> bool {
    facts.functions.is_empty()
        && facts.effects.iter().all(|effect| {
            let harmless =
                matches!(effect.operation, Operation::Empty | Operation::Show | Operation::Set);
            // SET CONSTRAINTS runs triggers that waited.
            let ends = effect.operation == Operation::Transaction && effect.object.is_none();
            harmless || ends
        })
}

fn unknown(effect: &Effect) -> bool {
    effect.operation == Operation::Unknown
}

/// SET ROLE NONE, RESET ROLE and the same of the session's authorization.
fn goes_back(effect: &Effect) -> bool {
    let about = effect.object.as_deref();
    effect.operation == Operation::Set && matches!(about, Some("role" | "session_authorization"))
}
