//! What a session asks about values that it may not see, counted. Knows the limits that a verdict
//! names, not why.

use super::Session;
use crate::{plan::Plan, record, refusal::Refusal};
use ledger::record::Via;
use std::time::SystemTime;

impl Session {
    /// Counts what a run looks up; refuses it where a limit is reached. What is refused does not
    /// count.
    pub(super) fn count_look_ups(
        &mut self,
        plan: &Plan,
        via: Via,
        elements: u64,
        now: SystemTime,
    ) -> Result<(), Refusal> {
        // Only whoever decides asks nothing by it; a principal asks by what their agent sent.
        let decides = self.client.preview.as_ref().is_some_and(|preview| preview.decides);
        let asks = |part: &&crate::Part| !decides && !part.verdict.look_ups.is_empty();
        for part in plan.parts.iter().filter(asks) {
            let (counters, database) = (&self.gate.look_ups, &self.database.name);
            let charged = counters.charge(database, &part.verdict.look_ups, elements, now);
            if let Err(reached) = charged {
                let id = self.next_statement_id();
                let refusal = Refusal::look_ups(&reached, Some(id.to_string()));
                record::refused(self, plan, part, id, via, &refusal, now);
                return Err(refusal);
            }
        }
        Ok(())
    }

    /// Refuses what would be refused after somebody consented to it, because a limit on look-ups is
    /// reached. Counts nothing.
    pub(crate) fn has_look_ups(
        &self,
        plan: &Plan,
        elements: u64,
        now: SystemTime,
    ) -> Result<(), Refusal> {
        let (counters, database) = (&self.gate.look_ups, &self.database.name);
        let each = plan.parts.iter().map(|part| &part.verdict.look_ups);
        for look_ups in each.filter(|look_ups| !look_ups.is_empty()) {
            let room = counters.room(database, look_ups, elements, now);
            room.map_err(|reached| Refusal::look_ups(&reached, None))?;
        }
        Ok(())
    }
}
