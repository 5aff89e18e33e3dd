//! What policies in shadow mode would have changed. Knows verdicts alone.

use crate::ask::Book;
use model::{PolicyId, Verdict, verdict::Shadow};
use std::collections::HashSet;

/// What a verdict demands beside its outcome, its masks and its limit of rows, in words: two
/// verdicts with the same words demand the same.
pub fn obligations(verdict: &Verdict) -> Vec<String> {
    let mut words: Vec<String> = verdict.needs.iter().map(ToString::to_string).collect();
    words.extend(verdict.min_group.map(|least| format!("groups of {least} or more")));
    words.extend(verdict.change_limits.iter().map(|limit| match &limit.beyond {
        None => format!("{} rows changed at most", limit.rows),
        Some(beyond) => format!("{} rows changed, more by {beyond}", limit.rows),
    }));
    words.extend(verdict.cost_limits.iter().map(|limit| match &limit.beyond {
        None => format!("{} expected at most", limit.words()),
        Some(beyond) => format!("{} expected, more by {beyond}", limit.words()),
    }));
    let refused = verdict.turn_back.iter().filter(|one| one.refused.is_some());
    words.extend(refused.map(|one| format!("pseudonyms of {} are not turned back", one.label)));
    let kept = verdict.kept_from_masks.iter();
    words.extend(kept.map(|one| format!("masks of {} are not written back", one.label)));
    words.extend(verdict.look_ups.iter().map(|look_up| {
        format!("{} looked-up values of {} an hour", look_up.per_hour, look_up.label)
    }));
    words.extend(verdict.keep_text.then(|| "the text is kept".to_owned()));
    words
}

/// The set as it would be without `@shadow`; there only if a policy has it.
#[derive(Debug)]
pub(crate) struct Shadowed {
    pub(crate) book: Book,
    pub(crate) ids: HashSet<PolicyId>,
}

impl Shadowed {
    /// What would have been other, if anything.
    pub(crate) fn difference(&self, is: &Verdict, would: Verdict) -> Option<Box<Shadow>> {
        let same = is.outcome == would.outcome
            && is.disclosures == would.disclosures
            && is.fallback == would.fallback
            && is.read_only == would.read_only
            && is.row_limit == would.row_limit
            && is.change_limits == would.change_limits
            && is.min_group == would.min_group
            && is.look_ups == would.look_ups
            && is.needs == would.needs
            && obligations(is) == obligations(&would);
        if same {
            return None;
        }
        let mut policies = would.policies;
        policies.retain(|id| self.ids.contains(id));
        // A policy can show by what another one no longer decides; then any of them may have been.
        if policies.is_empty() {
            policies.extend(self.ids.iter().cloned());
            policies.sort();
        }
        let mut reasons = would.reasons;
        reasons.retain(|reason| !is.reasons.contains(reason));
        Some(Box::new(Shadow {
            policies,
            outcome: would.outcome,
            disclosures: would.disclosures,
            row_limit: would.row_limit,
            needs: would.needs,
            reasons,
        }))
    }
}
