//! Two judgements of one statement become one that grants no more than either. Knows verdicts
//! alone.

use crate::sight::stronger;
use crate::wording::{for_principal, refuse_orphan};
use model::{
    Disclosure, Identity, IdentityKind, Outcome, Verdict, facts::Step, verdict::KeptFromMasks,
    verdict::TurnBack,
};

/// The verdict that grants what both grant. `actor` is judged in `own`, the identity it acts for in
/// `other`.
pub(crate) fn strictest(
    own: Verdict,
    other: Verdict,
    actor: &Identity,
    principal: &Identity,
) -> Verdict {
    let outcome = own.outcome.max(other.outcome);
    let mut policies = Vec::new();
    let mut reasons: Vec<String> = Vec::new();
    let mut advice = None;
    let mut refused = None;
    let mut parts = [(own.outcome, false), (other.outcome, true)];
    // The stricter half speaks first; on a refusal it speaks alone.
    parts.sort_by_key(|part| std::cmp::Reverse(part.0));
    for (part, of_principal) in parts {
        let verdict = if of_principal { &other } else { &own };
        if matches!(outcome, Outcome::Deny | Outcome::Hold) && part != outcome {
            continue;
        }
        for policy in &verdict.policies {
            if !policies.contains(policy) {
                policies.push(policy.clone());
            }
        }
        for reason in &verdict.reasons {
            let told = reasons.iter().any(|known| known == reason);
            if !told {
                let subject = if of_principal { principal } else { actor };
                reasons.push(for_principal(reason.clone(), actor, subject));
            }
        }
        advice = advice.or_else(|| verdict.advice.clone());
        refused = refused.or(verdict.refused);
    }
    let open = both_open(&own, &other);
    let count = own.disclosures.len().max(other.disclosures.len());
    let mut left = own.disclosures.into_iter();
    let mut right = other.disclosures.into_iter();
    let disclosures = (0..count).map(|_| match (left.next(), right.next()) {
        (Some(left), Some(right)) => stricter(left, right),
        (Some(_), None) | (None, Some(_)) | (None, None) => crate::wording::veiled(),
    });
    Verdict {
        outcome,
        policies,
        reasons,
        advice,
        disclosures: disclosures.collect(),
        open,
        fallback: stricter(own.fallback, other.fallback),
        redact_diagnostics: own.redact_diagnostics || other.redact_diagnostics,
        redact_errors: own.redact_errors || other.redact_errors,
        read_only: own.read_only || other.read_only,
        row_limit: match (own.row_limit, other.row_limit) {
            (Some(left), Some(right)) => Some(left.min(right)),
            (left, right) => left.or(right),
        },
        change_limits: union(own.change_limits, other.change_limits),
        cost_limits: union(own.cost_limits, other.cost_limits),
        min_group: own.min_group.max(other.min_group),
        look_ups: own.look_ups.into_iter().chain(other.look_ups).collect(),
        turn_back: turned_back(own.turn_back, other.turn_back),
        kept_from_masks: kept_from_masks(own.kept_from_masks, other.kept_from_masks),
        durability: own.durability.max(other.durability),
        needs: union(own.needs, other.needs),
        keep_text: own.keep_text || other.keep_text,
        refused,
        shadow: None,
    }
}

/// What both leave open of documents: where one masks nothing, what the other leaves open.
fn both_open(own: &Verdict, other: &Verdict) -> Box<[Vec<Vec<Step>>]> {
    let masks = |verdict: &Verdict, at: usize| {
        matches!(verdict.disclosures.get(at), Some(Disclosure::Masked { .. }))
    };
    let paths = |verdict: &Verdict, at: usize| verdict.open.get(at).cloned().unwrap_or_default();
    let both = |at: usize| match (masks(own, at), masks(other, at)) {
        (true, true) => {
            let theirs = paths(other, at);
            let mut open = paths(own, at);
            open.retain(|path| theirs.contains(path));
            open
        }
        (true, false) => paths(own, at),
        (false, true) => paths(other, at),
        (false, false) => Vec::new(),
    };
    let count = own.disclosures.len().min(other.disclosures.len());
    let open: Vec<Vec<Vec<Step>>> = (0..count).map(both).collect();
    if open.iter().all(Vec::is_empty) { Box::default() } else { open.into() }
}

/// What either demands; one policy demands the same once.
fn union<T: PartialEq>(mut own: Vec<T>, other: Vec<T>) -> Vec<T> {
    for demand in other {
        if !own.contains(&demand) {
            own.push(demand);
        }
    }
    own
}

/// What both permit. The two looked at the same columns; the stronger mask is what is seen, and a
/// mask is not stronger than none by chance: `None` is the least of methods.
fn turned_back(own: Vec<TurnBack>, other: Vec<TurnBack>) -> Vec<TurnBack> {
    let pair = |mut one: TurnBack| {
        let second = other.iter().find(|second| second.column == one.column)?;
        one.method = one.method.max(second.method);
        one.refused = one.refused.or_else(|| second.refused.clone());
        Some(one)
    };
    own.into_iter().filter_map(pair).collect()
}

/// What either keeps; of a column that both keep, the stronger mask is what is seen.
fn kept_from_masks(mut own: Vec<KeptFromMasks>, other: Vec<KeptFromMasks>) -> Vec<KeptFromMasks> {
    for entry in other {
        match own.iter_mut().find(|known| known.column == entry.column) {
            Some(known) => known.method = known.method.max(entry.method),
            None => own.push(entry),
        }
    }
    own
}

/// The end of the chain: an agent that acts for nobody has no right.
pub(crate) fn finished(verdict: Verdict, last: &Identity) -> Verdict {
    match last.kind {
        IdentityKind::Person | IdentityKind::Service => verdict,
        IdentityKind::Agent => refuse_orphan(last),
    }
}

/// Masked beats scanned beats raw; of two masks the stronger label and the stronger method.
pub(crate) fn stricter(left: Disclosure, right: Disclosure) -> Disclosure {
    match (left, right) {
        (
            Disclosure::Masked { label, method },
            Disclosure::Masked { label: other, method: strong },
        ) => Disclosure::Masked { label: stronger(label, other), method: method.max(strong) },
        (masked @ Disclosure::Masked { .. }, Disclosure::Scan | Disclosure::Raw { .. })
        | (Disclosure::Scan | Disclosure::Raw { .. }, masked @ Disclosure::Masked { .. }) => masked,
        (Disclosure::Scan, Disclosure::Scan | Disclosure::Raw { .. })
        | (Disclosure::Raw { .. }, Disclosure::Scan) => Disclosure::Scan,
        (Disclosure::Raw { mut labels }, Disclosure::Raw { labels: others }) => {
            labels.extend(others);
            labels.sort();
            labels.dedup();
            Disclosure::Raw { labels }
        }
    }
}
