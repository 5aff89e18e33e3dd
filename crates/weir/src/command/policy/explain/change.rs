//! What would let a refused statement run: a group, or a policy. Each is tried before it is named.

use super::Case;
use model::Outcome;
use policy::{PolicySet, Question};
use rehearsal::{Circumstances, Explained};
use std::{collections::BTreeSet, fmt::Write};

/// Changes that would let it run, in words; none if it runs.
pub(super) fn changes(case: &Case<'_>, who: &Circumstances, one: &Explained) -> Vec<String> {
    if one.verdict.outcome != Outcome::Deny {
        return Vec::new();
    }
    let mut found = Vec::new();
    for group in groups(case.policies) {
        let mut member = who.clone();
        if member.identity.groups.contains(&group) {
            continue;
        }
        member.identity.groups.push(group.clone());
        member.identity.groups.sort();
        if let Some(outcome) = runs(case, case.policies, &member, one) {
            found.push(format!("  membership in group {group} ({outcome})"));
        }
    }
    let text = permits(one);
    if !text.is_empty()
        && let Ok(more) = case.policies.with(&[("change.cedar", &text)])
        && let Some(outcome) = runs(case, &more, who, one)
    {
        let text = text.trim_end().replace('\n', "\n    ");
        found.push(format!("  this policy ({outcome}):\n    {text}"));
    }
    found
}

fn runs(
    case: &Case<'_>,
    policies: &PolicySet,
    who: &Circumstances,
    one: &Explained,
) -> Option<&'static str> {
    let decided = case.explain(policies, who);
    let same = decided.iter().find(|other| other.span == one.span)?;
    (same.verdict.outcome != Outcome::Deny).then(|| same.verdict.outcome.as_str())
}

/// Every group that a policy names.
fn groups(policies: &PolicySet) -> BTreeSet<String> {
    let texts = policies.policies().iter().map(|policy| policy.text.as_str());
    let named = texts.flat_map(|text| text.split("Group::\"").skip(1));
    named.filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

/// Permits for whatever no policy answered.
fn permits(one: &Explained) -> String {
    let mut text = String::new();
    let silent = |question: &&Question| {
        let quiet = question.policies.is_empty() && question.failed.is_empty();
        let answered = matches!(
            question.action.as_str(),
            "disclose" | "aggregate" | "turn_back" | "write_mask" | "unproven" | "unproven_limited"
        );
        !question.allowed && quiet && !answered
    };
    for question in one.questions.iter().filter(silent) {
        let Question { principal, action, resource, .. } = question;
        let _ = writeln!(
            text,
            "permit (principal == {principal}, action == Action::{action:?}, \
             resource == {resource});"
        );
    }
    text
}
