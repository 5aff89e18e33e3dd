//! What a part of the program is told of a statement beside the stream. Knows no program.

use super::expected::Run;
use crate::inside::{Done, Note, Side};
use gate::{Counts, Plan, Refusal};
use model::Operation;
use std::sync::Arc;

/// What reads and nothing else, and what nobody understood: policy and the server see to that.
const READS: &[Operation] =
    &[Operation::Empty, Operation::Select, Operation::Show, Operation::Explain, Operation::Unknown];

impl Side {
    /// Notes what was decided on a statement that is about to be prepared; `Err` if it does what
    /// may not be done this way.
    pub(super) fn admits(&self, plan: &Arc<Plan>) -> Result<(), Refusal> {
        self.note(|| Note::Planned(Arc::clone(plan)));
        if self.is_inside() && plan.parts.iter().any(|part| part.copy.is_some()) {
            let what = "a stream of COPY has no place in an answer";
            return Err(Refusal::unenforceable(what, "Select the rows instead."));
        }
        let mut effects = plan.parts.iter().flat_map(|part| &part.facts.effects);
        let writes = effects.find(|effect| !READS.contains(&effect.operation));
        match writes.filter(|_| self.reads()) {
            None => Ok(()),
            Some(effect) => Err(Refusal::unenforceable(
                &format!("it does more than read ({})", effect.operation.as_str()),
                "Send it in the way that is meant for writing.",
            )),
        }
    }

    /// `Err` if what may run now was sent only to ask for approval.
    pub(super) fn may_run(&self) -> Result<(), Refusal> {
        if !self.asks() {
            return Ok(());
        }
        Err(Refusal::unenforceable("it needs no approval any more", "Call query or write."))
    }

    /// One statement of a text ended.
    pub(super) fn done(&self, run: &Run, part: usize, counts: &Counts) {
        self.note(|| {
            Note::Done(Done {
                plan: Arc::clone(&run.statement.plan),
                part,
                counts: counts.clone(),
                decided: run.masks.as_ref().map(|masks| masks.decided.clone()),
                limited: run.limited,
            })
        });
    }
}
