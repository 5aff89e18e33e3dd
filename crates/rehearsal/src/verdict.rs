//! A verdict in the words of a case, key by key.

use model::{
    Disclosure, Label, MaskMethod, Outcome, Verdict,
    verdict::{Estimate, LookUps},
};

/// `raw`, `raw email`, `scan`, `email partial`.
pub fn disclosure(disclosure: &Disclosure) -> String {
    match disclosure {
        Disclosure::Raw { labels } if labels.is_empty() => "raw".to_owned(),
        Disclosure::Raw { labels } => {
            let labels: Vec<&str> = labels.iter().map(Label::as_str).collect();
            format!("raw {}", labels.join(" "))
        }
        Disclosure::Scan => "scan".to_owned(),
        Disclosure::Masked { label, method } => format!("{label} {}", word(*method)),
    }
}

fn word(method: MaskMethod) -> &'static str {
    match method {
        MaskMethod::Generalise => "generalise",
        MaskMethod::Partial => "partial",
        MaskMethod::Pseudonym => "pseudonym",
        MaskMethod::Full => "full",
        MaskMethod::Null => "null",
    }
}

/// The consents that it waits for, `none` if it does not.
pub fn approvals(verdict: &Verdict) -> String {
    let needs: Vec<String> = verdict.needs.iter().map(ToString::to_string).collect();
    if needs.is_empty() { "none".to_owned() } else { needs.join("; ") }
}

fn number(number: Option<u64>) -> String {
    number.map_or("none".to_owned(), |number| number.to_string())
}

/// Keys that a case may name, each with what it means.
const KEYS: &str = "outcome, outputs, fallback, redact, read_only, rows, changes, \
                    cost, estimate, min_group, look_ups, \
                    approval, durability, keep_text, refused, policies, policy, no policy, reason, \
                    no reason, advice";

/// What the verdict has for a key, if that is not what is expected. Keys with several values
/// (`policy`, `reason`, `advice`) must hold the value, the others must be it.
pub(crate) fn differs(
    verdict: &Verdict,
    key: &str,
    expected: &str,
) -> Result<Option<String>, String> {
    let ids: Vec<&str> = verdict.policies.iter().map(model::PolicyId::as_str).collect();
    let reasons = || verdict.reasons.join("; ");
    let holds = |text: &str| verdict.reasons.iter().any(|reason| reason.contains(text));
    let actual = match key {
        "outcome" => verdict.outcome.as_str().to_owned(),
        "outputs" => {
            let words: Vec<String> = verdict.disclosures.iter().map(disclosure).collect();
            words.join("; ")
        }
        "fallback" => disclosure(&verdict.fallback),
        "redact" => verdict.redact_diagnostics.to_string(),
        "read_only" => verdict.read_only.to_string(),
        "keep_text" => verdict.keep_text.to_string(),
        "rows" => number(verdict.row_limit),
        "changes" => {
            let limits = verdict.change_limits.iter().map(|limit| match &limit.beyond {
                None => limit.rows.to_string(),
                Some(beyond) => format!("{} or {beyond}", limit.rows),
            });
            limits.collect::<Vec<_>>().join("; ")
        }
        "cost" => expected_at_most(verdict, Estimate::Cost),
        "estimate" => expected_at_most(verdict, Estimate::Rows),
        "min_group" => number(verdict.min_group),
        "look_ups" => {
            let counted = verdict.look_ups.iter();
            let words = counted.map(|LookUps { identity: _, label, values, per_hour, policy }| {
                format!("{label} {values} of {per_hour} by {policy}")
            });
            words.collect::<Vec<_>>().join("; ")
        }
        "approval" => approvals(verdict),
        "durability" => durability(verdict).to_owned(),
        "refused" => verdict.refused.map_or("none", |operation| operation.as_str()).to_owned(),
        "policies" => ids.join(", "),
        "policy" => return Ok((!ids.contains(&expected)).then(|| ids.join(", "))),
        "no policy" => return Ok(ids.contains(&expected).then(|| ids.join(", "))),
        "reason" => return Ok((!holds(expected)).then(reasons)),
        "no reason" => return Ok(holds(expected).then(reasons)),
        "advice" => {
            let advice = verdict.advice.clone().unwrap_or_default();
            return Ok((!advice.contains(expected)).then_some(advice));
        }
        key => return Err(format!("`{key}` is not one of {KEYS}")),
    };
    Ok((actual != expected).then_some(actual))
}

/// `1000`, `1000 or one person in group dba`; `none` without a limit.
fn expected_at_most(verdict: &Verdict, of: Estimate) -> String {
    let limits = verdict.cost_limits.iter().filter(|limit| limit.of == of);
    let words = limits.map(|limit| match &limit.beyond {
        None => limit.most.to_string(),
        Some(beyond) => format!("{} or {beyond}", limit.most),
    });
    let words = words.collect::<Vec<_>>();
    if words.is_empty() { "none".to_owned() } else { words.join("; ") }
}

fn durability(verdict: &Verdict) -> &'static str {
    use model::Durability::{BeforeEffect, BeforeForward, BeforeRow, Soon};
    match verdict.durability {
        Soon => "soon",
        BeforeRow => "before_row",
        BeforeEffect => "before_effect",
        BeforeForward => "before_forward",
    }
}

/// The verdict of a connection that policy lets in.
pub(crate) const fn outcome_of(allowed: bool) -> Outcome {
    if allowed { Outcome::Allow } else { Outcome::Deny }
}
