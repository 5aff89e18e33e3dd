//! Statements that may only read: the server sees to it, in a transaction that only reads. Knows no
//! statement's meaning.

use super::{End, Relay, expected::Request};
use gate::{Plan, Refusal, Statement};
use wire_pg::backend::Status;

/// Makes the transaction under way one that only reads.
const READ_ONLY: &[u8] = b"SET transaction_read_only TO on";

impl Relay {
    /// What may only read does so from its preparation on: the server's planner runs functions as
    /// it binds.
    pub(super) fn read_early(&mut self, plan: Option<&Plan>) -> Result<(), End> {
        let read_only = |plan: &Plan| plan.parts.iter().any(|part| part.verdict.read_only);
        let reads = self.side.reads() || plan.is_some_and(read_only);
        if reads && self.status == Status::Idle && self.replication.is_none() {
            self.run_hidden(READ_ONLY, |_| Request::Execute(None))?;
        }
        Ok(())
    }

    /// If the verdict wants a read-only transaction, makes it one; `Err` if that cannot be done
    /// here. A setting at the head of the same implicit transaction ends with it.
    pub(super) fn prepare_read_only(
        &mut self,
        statement: &Statement,
        simple: bool,
    ) -> Result<Result<(), Refusal>, End> {
        let reads = self.side.reads();
        let read_only = |part: &&gate::Part| reads || part.verdict.read_only;
        let Some(part) = statement.plan.parts.iter().find(read_only) else {
            return Ok(Ok(()));
        };
        let what = if self.replication.is_some() {
            "parts of it were not understood, and a replication connection cannot run it in a \
             read-only transaction"
        } else if self.status != Status::Idle || !self.expected.is_empty() && simple {
            "parts of it were not understood, so it may only run in a read-only transaction of \
             its own"
        } else if statement.plan.parts.len() > 1 {
            "parts of it were not understood, so it may not run together with others"
        } else {
            self.run_hidden(READ_ONLY, |_| Request::Execute(None))?;
            return Ok(Ok(()));
        };
        let hint = "Run it by itself, outside of a transaction block; or ask an administrator for \
                    a policy that permits it.";
        let reasons = part.verdict.reasons.join("\n");
        let detail = (!reasons.is_empty()).then_some(reasons);
        let puzzling = statement.plan.parts.len() == 1;
        Ok(Err(Refusal { detail, puzzling, ..Refusal::unenforceable(what, hint) }))
    }
}
