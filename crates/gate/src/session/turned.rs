//! Pseudonyms that the client sends back, on their way to the server. Knows when one is refused,
//! not why.

use super::Session;
use crate::{
    plan::Plan,
    record::{self, Parameters},
    refusal::Refusal,
    turning::{Bound, Values},
};
use ledger::record::Via;
use std::time::SystemTime;

impl Session {
    /// The refusal of a plan for a pseudonym in its text that is not turned back, or for a mask
    /// that it would write, recorded.
    pub(super) fn examine_turned(
        &mut self,
        plan: &Plan,
        via: Via,
        now: SystemTime,
    ) -> Result<(), Refusal> {
        match &plan.turned.refused {
            Some(refusal) if !self.unrestricted => Err(self.told(plan, refusal.clone(), via, now)),
            Some(_) | None => Ok(()),
        }
    }

    /// Turns back what is bound to a plan, and notes in `parameters` that it was; refuses a mask
    /// that would be written. `utf8`: the client's encoding is UTF-8.
    pub fn turn_back(
        &mut self,
        plan: &Plan,
        bound: Values<'_>,
        utf8: bool,
        parameters: &mut Parameters,
        now: SystemTime,
    ) -> Result<Bound, Refusal> {
        let key = &self.gate.mask_key;
        let turned = plan.turned.bind(bound, utf8, &plan.knowledge, key);
        let turned = turned.and_then(|bound| plan.turned.check_literals(utf8).map(|()| bound));
        match turned {
            Ok(bound) => {
                parameters.turned_back.clone_from(&bound.labels);
                Ok(bound)
            }
            Err(refusal) => Err(self.told(plan, refusal, Via::Extended, now)),
        }
    }

    /// Refuses a text whose pseudonyms stand for what the client's encoding cannot hold.
    pub fn check_encoding(
        &mut self,
        plan: &Plan,
        utf8: bool,
        now: SystemTime,
    ) -> Result<(), Refusal> {
        let checked = plan.turned.check_literals(utf8);
        checked.map_err(|refusal| self.told(plan, refusal, Via::Simple, now))
    }

    /// A refusal with its record.
    pub(super) fn told(
        &mut self,
        plan: &Plan,
        refusal: Refusal,
        via: Via,
        now: SystemTime,
    ) -> Refusal {
        let id = self.next_statement_id();
        let refusal = Refusal { record: Some(id.to_string()), ..refusal };
        if let Some(part) = plan.parts.first() {
            record::refused(self, plan, part, id, via, &refusal, now);
        }
        refusal
    }
}
