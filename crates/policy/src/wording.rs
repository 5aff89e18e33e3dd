//! What people read: refusals and reasons in sentences. Knows names, never values; decides nothing.

use crate::Scene;
use crate::ask::Answer;
use crate::entity::{Object, path};
use crate::rule::Rule;
use model::facts::{Effect, Unknown};
use model::{
    Disclosure, Durability, Identity, IdentityKind, Label, MaskMethod, Operation, Outcome,
    PolicyId, Verdict,
};

/// Why a statement does not run.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) sentence: String,
    pub(crate) advice: Option<String>,
    pub(crate) policies: Vec<PolicyId>,
    pub(crate) operation: Option<Operation>,
}

/// The most refusals that one message names.
pub(crate) const MAX_REFUSALS: usize = 8;

/// What a policy would have to permit, in Cedar's words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish<'a> {
    pub(crate) identity: &'a Identity,
    pub(crate) database: &'a str,
    pub(crate) action: &'a str,
    pub(crate) object: Object<'a>,
}

impl Refusal {
    /// From a denying answer about `subject` (`drop on public.customers`).
    pub(crate) fn new(
        subject: &str,
        answer: &Answer<'_>,
        wish: Wish<'_>,
        operation: Option<Operation>,
    ) -> Self {
        let policies = answer.rules.iter().chain(&answer.failed).map(|rule| rule.id.clone());
        let policies: Vec<PolicyId> = policies.collect();
        if let Some(failed) = answer.failed.first() {
            return Self {
                sentence: format!(
                    "{subject} is refused: policy \"{}\" failed while it was evaluated, and what \
                     cannot be evaluated is not permitted",
                    failed.id
                ),
                advice: Some("Tell whoever keeps the policies.".to_owned()),
                policies,
                operation,
            };
        }
        let Some(rule) = answer.rules.first() else {
            let (action, object) = (wish.action, cedar(wish.database, wish.object));
            let who = principal(wish.identity);
            return Self {
                sentence: format!(
                    "{subject} is refused: no policy permits it to the {} {}",
                    wish.identity.kind.as_str(),
                    wish.identity.name
                ),
                advice: Some(format!(
                    "A policy would have to permit Action::\"{action}\" on {object} to {who}."
                )),
                policies,
                operation,
            };
        };
        let because = rule.reason.as_ref().map_or(String::new(), |reason| format!(": {reason}"));
        Self {
            sentence: format!("{subject} is refused by policy \"{}\"{because}", rule.id),
            advice: answer.rules.iter().find_map(|rule| rule.advice.clone()),
            policies,
            operation,
        }
    }
}

/// `drop on public.customers`, `role on role bob`, `grant`.
pub(crate) fn subject(effect: &Effect) -> String {
    let word = effect.operation.as_str();
    let how = if effect.unbounded && bounded_matters(effect.operation) { "unbounded " } else { "" };
    match (&effect.relation, &effect.object) {
        (Some(relation), _) if relation.schema.is_empty() => {
            format!("{how}{word} on {}", path(&[&relation.name]))
        }
        (Some(relation), _) => {
            format!("{how}{word} on {}", path(&[&relation.schema, &relation.name]))
        }
        (None, Some(object)) => format!("{how}{word} on {object}"),
        (None, None) => format!("{how}{word}"),
    }
}

fn bounded_matters(operation: Operation) -> bool {
    matches!(operation, Operation::Update | Operation::Delete | Operation::Merge | Operation::Lock)
}

pub(crate) fn principal(identity: &Identity) -> String {
    let kind = match identity.kind {
        IdentityKind::Person => "Person",
        IdentityKind::Service => "Service",
        IdentityKind::Agent => "Agent",
    };
    format!("{kind}::{:?}", identity.name.as_str())
}

pub(crate) fn cedar(database: &str, object: Object<'_>) -> String {
    match object {
        Object::Database => format!("Database::{:?}", path(&[database])),
        Object::Group { name } => format!("Group::{name:?}"),
        Object::Table { schema, name } => format!("Table::{:?}", path(&[database, schema, name])),
        Object::Column { schema, table, name, label: _ } => {
            format!("Column::{:?}", path(&[database, schema, table, name]))
        }
    }
}

/// One sentence per part that was not understood.
pub(crate) fn not_understood(unknowns: &[Unknown]) -> Vec<String> {
    let sentence =
        |unknown: &Unknown| format!("{} was not understood: {}", unknown.what, unknown.why);
    if unknowns.is_empty() {
        return vec!["what this statement does cannot be known from its text".to_owned()];
    }
    let mut sentences: Vec<String> = unknowns.iter().take(MAX_REFUSALS).map(sentence).collect();
    if unknowns.len() > MAX_REFUSALS {
        sentences.push(format!("and {} more parts", unknowns.len() - MAX_REFUSALS));
    }
    sentences
}

/// The word for a method, as policies write it.
pub(crate) fn method(method: MaskMethod) -> &'static str {
    match method {
        MaskMethod::Generalise => "generalise",
        MaskMethod::Partial => "partial",
        MaskMethod::Pseudonym => "pseudonym",
        MaskMethod::Full => "full",
        MaskMethod::Null => "null",
    }
}

/// `email leaves masked (partial)`, with the policy that says so if one does.
pub(crate) fn masked(label: &Label, how: MaskMethod, rule: Option<&Rule>) -> String {
    let by = rule.map_or(String::new(), |rule| format!(" by policy \"{}\"", rule.id));
    format!("{label} leaves masked ({}){by}", method(how))
}

/// The disclosure of what nobody vouches for.
pub(crate) fn veiled() -> Disclosure {
    Disclosure::Masked { label: Label::UNKNOWN, method: MaskMethod::Full }
}

/// A deny for a reason outside policies.
pub(crate) fn refuse(reason: String) -> Verdict {
    Verdict {
        outcome: Outcome::Deny,
        policies: Vec::new(),
        reasons: vec![reason],
        advice: None,
        disclosures: Vec::new(),
        open: Box::default(),
        fallback: veiled(),
        redact_diagnostics: true,
        redact_errors: true,
        read_only: false,
        row_limit: None,
        change_limits: Vec::new(),
        cost_limits: Vec::new(),
        min_group: None,
        turn_back: Vec::new(),
        kept_from_masks: Vec::new(),
        look_ups: Vec::new(),
        durability: Durability::Soon,
        needs: Vec::new(),
        keep_text: false,
        refused: None,
        shadow: None,
    }
}

/// The deny of an agent that acts for nobody.
pub(crate) fn refuse_orphan(agent: &Identity) -> Verdict {
    refuse(format!("agent {} acts for nobody, so it has no right", agent.name))
}

/// The deny of a feature or of the connection itself.
pub(crate) fn refuse_feature(
    answer: &Answer<'_>,
    action: &str,
    option: Option<&str>,
    scene: Scene<'_>,
    member: &Identity,
) -> Verdict {
    let database = scene.database.as_str();
    let subject = match (action, option) {
        ("startup_option", Some(option)) => format!("start-up parameter \"{option}\""),
        ("connect", _) => format!("connecting to database {database}"),
        ("function_call", _) => "the FunctionCall message".to_owned(),
        ("replicate", _) => "a replication connection".to_owned(),
        (action, _) => action.to_owned(),
    };
    let wish = Wish { identity: member, database, action, object: Object::Database };
    let refusal = Refusal::new(&subject, answer, wish, None);
    let mut verdict = refuse(for_principal(refusal.sentence, scene.identity, member));
    verdict.policies = refusal.policies;
    verdict.advice = refusal.advice;
    verdict
}

/// Says whose right is meant, where it is that of somebody for whom another acts.
pub(crate) fn for_principal(sentence: String, actor: &Identity, member: &Identity) -> String {
    if actor.name == member.name {
        sentence
    } else {
        format!("{sentence} (the right of {}, for whom {} acts)", member.name, actor.name)
    }
}
