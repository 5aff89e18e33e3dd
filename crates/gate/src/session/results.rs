//! Masks for what comes back, by what the server says of it. Knows no row.

use super::{Session, TEXT};
use crate::{
    plan::{Part, Plan},
    refusal::Refusal,
    result::{self, Field, Masks},
};
use ledger::record::Via;
use mask::{Applied, ColumnMask, CopyMask, Format};
use model::{Disclosure, Operation};
use std::{sync::Arc, time::SystemTime};

impl Session {
    /// Masks for the result of one statement of a plan, as the server describes it. Where the
    /// server disagrees with what was foreseen, what is known of the database is stale.
    pub fn masks(&mut self, plan: &Plan, part: usize, fields: &[Field]) -> Arc<Masks> {
        let masks = match plan.parts.get(part) {
            Some(part) => part.masks(plan, fields, &self.gate.mask_key),
            // A result that belongs to no statement of the text: nothing of it may leave.
            None => Arc::new(Masks::unforeseen(plan, fields, &self.gate.mask_key)),
        };
        if masks.disagreed {
            self.database.doubt();
            self.temporary.asked_for |= self.temporary.any();
        }
        masks
    }

    /// The mask of a COPY TO STDOUT stream; `None` if it may be relayed as it is.
    pub fn copy_mask(
        &self,
        plan: &Plan,
        part: usize,
        columns: usize,
        binary: bool,
    ) -> Result<Option<CopyMask>, &'static str> {
        result::copy_mask(plan, part, columns, binary, &self.gate.mask_key)
    }

    /// The refusal of a COPY whose columns could not be told apart, recorded.
    pub(super) fn finds_columns(
        &mut self,
        plan: &Plan,
        via: Via,
        now: SystemTime,
    ) -> Result<(), Refusal> {
        let blurred = plan.parts.iter().filter(|part| is_split(part));
        match blurred.filter_map(|part| part.blurred.as_deref()).next() {
            Some(encoding) if !self.unrestricted => {
                let refusal = Refusal::unenforceable(
                    &format!(
                        "columns of COPY cannot be told apart in its encoding ({encoding}), whose \
                         characters may end in a delimiter"
                    ),
                    "Add ENCODING 'UTF8' to its options.",
                );
                Err(self.told(plan, refusal, via, now))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Scans a notification's payload, which any session may have sent, for whoever may not see
    /// everything. True if `out` holds what is to be sent instead.
    pub fn mask_notification(&self, payload: &[u8], out: &mut Vec<u8>) -> bool {
        if self.unrestricted {
            return false;
        }
        let knowledge = self.database.knowledge();
        let (text, key) = (model::TypeId(TEXT), &self.gate.mask_key);
        let mask =
            ColumnMask::compile(&Disclosure::Scan, text, &knowledge.catalog, Format::Text, key);
        match mask.apply(payload, out) {
            Applied::Raw => false,
            Applied::Masked | Applied::Null => true,
        }
    }
}

/// True for a COPY to the client that is taken apart by its bytes to be masked.
fn is_split(part: &Part) -> bool {
    let by_bytes = part.copy.as_ref().is_some_and(|copy| copy.format != sql::CopyFormat::Binary);
    let raw = |shown: &Disclosure| matches!(shown, Disclosure::Raw { .. });
    let masked = part.facts.outputs_unknown || !part.verdict.disclosures.iter().all(raw);
    by_bytes && part.facts.operation == Operation::CopyOut && masked
}
