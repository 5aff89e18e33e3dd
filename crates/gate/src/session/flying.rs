//! What a session has under way that others must know of, and what it must know of theirs.

use super::Session;
use crate::{
    database::Database,
    flight::{Flight, Moving, UnderWay},
    plan::{Part, Plan},
    refusal::Refusal,
};
use model::{RelationId, catalog::RelationKind};
use std::{future::Future, sync::Arc};

/// See the module's own page.
#[derive(Debug)]
pub(super) struct Flying {
    /// While it may be changing the catalog.
    moving: Option<Moving>,
    flight: Arc<Flight>,
    /// The look at the catalog that the message which waits must come after.
    look: Option<u64>,
    /// What sets out with the message that is looked at.
    entered: Option<UnderWay>,
}

impl Flying {
    pub(super) fn of(database: &Database) -> Self {
        Self { moving: None, flight: database.flights.open(), look: None, entered: None }
    }
}

impl Session {
    /// A plan is about to be submitted. False if a column got a label since it was planned: it has
    /// to be planned anew, since whoever gave it did not see this.
    pub fn sets_out(&mut self, plan: &Arc<Plan>) -> bool {
        self.flying.entered = None;
        if self.catalog_touched || plan.parts.iter().any(may_change_catalog) {
            self.flying.moving.get_or_insert_with(|| self.database.moves());
        }
        if !plan.is_waited_for() {
            return true;
        }
        self.flying.entered = Some(self.flying.flight.enter(plan, &self.database));
        self.database.carried() == plan.knowledge.carried
    }

    /// A plan is submitted.
    pub(super) fn under_way(&mut self, plan: &Arc<Plan>) -> Result<Option<UnderWay>, Refusal> {
        let entered = self.flying.entered.take().filter(|entered| entered.is_of(plan));
        if entered.is_some() || self.sets_out(plan) {
            return Ok(entered.or_else(|| self.flying.entered.take()));
        }
        self.flying.entered = None;
        let what = "a column got a label since it was planned";
        Err(Refusal::unenforceable(what, "Send it again."))
    }

    /// The message was dealt with, whatever became of it.
    pub(super) fn stays(&mut self) {
        (self.flying.look, self.flying.entered) = (None, None);
    }

    /// The server has done all that it was sent: what it committed is noted.
    pub fn landed(&mut self) {
        self.flying.moving = None;
    }

    /// The session ends, and the server may still be at something.
    pub(super) fn crashes(&mut self) {
        if self.flying.moving.take().is_some() {
            self.database.changed();
        }
    }

    /// True if nobody else may be changing the catalog, or if it was looked at since the message
    /// came that waits.
    pub(super) fn is_sure_of_catalog(&self) -> bool {
        match self.flying.look {
            Some(look) => self.database.has_looked(look),
            None => self.database.moving() <= usize::from(self.flying.moving.is_some()),
        }
    }

    /// The look at the catalog that what waits must come after, if it must.
    pub fn needs_look(&mut self) -> Option<u64> {
        if self.is_sure_of_catalog() {
            return None;
        }
        Some(*self.flying.look.get_or_insert_with(|| self.database.needs_look()))
    }

    /// True if a look was needed that has not come.
    pub fn lacks_look(&self) -> bool {
        self.flying.look.is_some_and(|look| !self.database.has_looked(look))
    }

    /// How often somebody had begun to change the catalog, as [`Database::moved`] counts; no such
    /// number if somebody is at it.
    pub fn moves_seen(&self) -> u64 {
        let seen = self.database.moved();
        let own = usize::from(self.flying.moving.is_some());
        if self.database.moving() > own { u64::MAX } else { seen }
    }

    /// True if what a statement of a plan reads may have been something else for a while since a
    /// look at the catalog: a view or a function was replaced, even if it is the same again. What a
    /// table's columns are the server says itself.
    pub fn was_replaced(&self, plan: &Plan, part: usize, look: u64) -> bool {
        let Some(part) = plan.parts.get(part) else { return true };
        let (facts, catalog) = (&part.facts, &plan.knowledge.catalog);
        let relations = facts.effects.iter().filter_map(|effect| effect.relation.as_ref()?.id);
        let is_view = |id: &RelationId| {
            let kind = catalog.relation(*id).map(|relation| relation.kind);
            matches!(kind, Some(RelationKind::View | RelationKind::Materialized))
        };
        let functions = facts.functions.iter().filter_map(|function| function.id);
        let functions = functions.chain(facts.code.iter().copied());
        self.database.was_touched(look, relations.filter(is_view), functions)
    }

    /// Waits until nothing of others is under way that would put on, or tell, by what was decided
    /// before, what a plan brings to columns; `None` if there is nothing.
    pub fn waits_for_others(&self, plan: &Plan) -> Option<impl Future<Output = ()> + Send + use<>> {
        if self.database.is_settled() {
            return None;
        }
        let columns = crate::carry::reached(self, plan)?;
        self.database.others_rest_on(&self.flying.flight, columns)
    }
}

/// True if others' facts may change by it. Whose transaction it is that is committed by name, and
/// what it did, nobody knows here.
fn may_change_catalog(part: &Part) -> bool {
    let effects = &part.facts.effects;
    effects.iter().any(super::follow::changes_shared_catalog)
}
