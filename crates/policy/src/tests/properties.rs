//! What holds for every request.

use super::shop::{Ask, Shop, with};
use crate::{PolicySet, Risk};
use model::facts::{ColumnUse, Derivation, Effect, Output, RelationRef, Unknown};
use model::{
    ColumnId, Disclosure, Facts, Identity, IdentityKind, Operation, Outcome, RelationId, Use,
    Verdict,
};
use proptest::prelude::*;
use std::sync::OnceLock;

/// The baseline, and one that gives agents more than people and masks differently.
fn sets() -> &'static [PolicySet; 2] {
    static SETS: OnceLock<[PolicySet; 2]> = OnceLock::new();
    SETS.get_or_init(|| {
        let generous = with(
            "permit (principal is Agent, action, resource);
             @mask(\"null\") forbid (principal is Person, action == Action::\"disclose\", \
             resource in Label::\"email\");
             @approval(\"owners\") @row_limit(\"7\")
             permit (principal is Person, action == Action::\"insert\", resource);",
        );
        [PolicySet::baseline().unwrap(), generous]
    })
}

fn groups() -> impl Strategy<Value = Vec<String>> {
    let known = ["admins", "developers", "stewards"].map(str::to_owned);
    proptest::sample::subsequence(known.to_vec(), 0..=3)
}

fn operations() -> impl Strategy<Value = Operation> {
    let common = [Operation::Select, Operation::Update, Operation::Insert, Operation::Commit];
    prop_oneof![
        proptest::sample::select(common.to_vec()),
        proptest::sample::select(Operation::ALL.to_vec()),
    ]
}

fn columns() -> impl Strategy<Value = ColumnId> {
    let relation = (100_u32..111).prop_map(RelationId);
    (relation, -1_i16..8).prop_map(|(relation, number)| ColumnId { relation, number })
}

fn effects() -> impl Strategy<Value = Effect> {
    let relation = proptest::option::of(100_u32..111);
    (operations(), relation, any::<bool>()).prop_map(|(operation, id, unbounded)| {
        let shop = Shop::new();
        let known = id.and_then(|id| shop.catalog.relation(RelationId(id)).cloned());
        let relation = known.map(|relation| RelationRef {
            id: Some(relation.id),
            schema: relation.schema.as_str().into(),
            name: relation.name.as_str().into(),
        });
        Effect { operation, relation, object: None, unbounded }
    })
}

fn outputs() -> impl Strategy<Value = Output> {
    let derivations =
        [Derivation::Identity, Derivation::Cast, Derivation::Expression, Derivation::Aggregate];
    let sources = proptest::collection::btree_set(columns(), 0..4);
    let rarely = || proptest::bool::weighted(0.2);
    (sources, proptest::sample::select(derivations.to_vec()), rarely(), rarely()).prop_map(
        |(sources, derivation, statistics, unknown)| Output {
            name: "column".to_owned(),
            sources: sources.iter().copied().skip(usize::from(statistics)).collect(),
            statistics: sources.iter().copied().take(usize::from(statistics)).collect(),
            derivation,
            keyed: false,
            inner: Vec::new(),
            origin: None,
            unknown,
            type_id: None,
            keys: Vec::new(),
        },
    )
}

pub(super) fn facts() -> impl Strategy<Value = Facts> {
    let uses = [
        Use::Returned,
        Use::Tested,
        Use::LookedUp,
        Use::Aggregated,
        Use::Inferred,
        Use::Written,
        Use::Exported,
        Use::Copied,
    ];
    let used = (columns(), proptest::sample::select(uses.to_vec()))
        .prop_map(|(column, usage)| ColumnUse { column, usage });
    let columns = proptest::collection::btree_set(used, 0..4);
    let outputs = proptest::option::of(proptest::collection::vec(outputs(), 0..4));
    let effects = proptest::collection::vec(effects(), 0..3);
    let rarely = || proptest::bool::weighted(0.15);
    (effects, columns, outputs, rarely(), rarely(), rarely()).prop_map(
        |(effects, columns, outputs, outputs_unknown, dynamic, unknown)| {
            let what = Unknown { what: "a part".to_owned(), why: "it is odd".to_owned() };
            Facts {
                operation: effects.first().map_or(Operation::Select, |first| first.operation),
                effects,
                functions: vec![],
                code: vec![],
                columns: columns.into_iter().collect(),
                look_ups: vec![],
                outputs,
                outputs_unknown,
                dynamic,
                unknowns: if unknown { vec![what] } else { vec![] },
                session: vec![],
                ties: vec![],
                moves: vec![],
                made: vec![],
                renamed: vec![],
                keeps_names: false,
            }
        },
    )
}

pub(super) fn principals() -> impl Strategy<Value = Identity> {
    (groups(), any::<bool>()).prop_map(|(groups, person)| Identity {
        name: "alice".into(),
        kind: if person { IdentityKind::Person } else { IdentityKind::Service },
        groups,
        acts_for: None,
    })
}

fn rank(disclosure: &Disclosure) -> (u8, Option<model::MaskMethod>) {
    match disclosure {
        Disclosure::Raw { .. } => (0, None),
        Disclosure::Scan => (1, None),
        Disclosure::Masked { method, .. } => (2, Some(*method)),
    }
}

/// True if `left` grants nothing that `right` does not.
pub(super) fn within(left: &Verdict, right: &Verdict) -> bool {
    let rows = |verdict: &Verdict| verdict.row_limit.unwrap_or(u64::MAX);
    let tighter = left
        .disclosures
        .iter()
        .zip(&right.disclosures)
        .all(|(left, right)| rank(left) >= rank(right));
    if left.outcome == Outcome::Deny {
        return true;
    }
    left.outcome >= right.outcome
        && left.disclosures.len() == right.disclosures.len()
        && tighter
        && rank(&left.fallback) >= rank(&right.fallback)
        && left.redact_diagnostics >= right.redact_diagnostics
        && left.redact_errors >= right.redact_errors
        && left.read_only >= right.read_only
        && rows(left) <= rows(right)
        && left.durability >= right.durability
        && all_of(&right.change_limits, &left.change_limits)
        && all_of(&right.cost_limits, &left.cost_limits)
        && all_of(&right.needs, &left.needs)
        && all_of(&right.look_ups, &left.look_ups)
        && left.min_group >= right.min_group
        && left.keep_text >= right.keep_text
        && right
            .kept_from_masks
            .iter()
            .all(|one| left.kept_from_masks.iter().any(|other| other.column == one.column))
        && left.turn_back.iter().filter(|one| one.permitted()).all(|one| {
            // Whoever sees the column as it is has no pseudonym that could be turned back.
            let other = right.turn_back.iter().find(|other| other.column == one.column);
            other.is_some_and(|other| other.permitted() || other.method.is_none())
        })
}

fn all_of<T: PartialEq>(some: &[T], all: &[T]) -> bool {
    some.iter().all(|one| all.contains(one))
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 256,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn an_agent_never_has_more_than_its_principal(
        facts in facts(), principal in principals(), own in groups(), set in 0_usize..2,
    ) {
        let shop = Shop::new();
        let agent = Identity {
            name: "copilot".into(),
            kind: IdentityKind::Agent,
            groups: own,
            acts_for: Some(Box::new(principal.clone())),
        };
        let ask = |identity| Ask {
            identity,
            environment: "production".to_owned(),
            facts: facts.clone(),
            time: 0,
            risk: Risk::default(),
            ..Shop::new().ask("")
        };
        let policies = &sets()[set];
        let theirs = shop.decide(policies, &ask(principal));
        let its = shop.decide(policies, &ask(agent));
        prop_assert!(within(&its, &theirs), "agent {its:#?}\nprincipal {theirs:#?}");
    }

    #[test]
    fn a_verdict_fits_its_facts(facts in facts(), principal in principals()) {
        let shop = Shop::new();
        let admin = principal.groups.iter().any(|group| group == "admins");
        let ask = Ask {
            identity: principal,
            environment: "production".to_owned(),
            facts,
            time: 0,
            risk: Risk::default(),
            ..Shop::new().ask("")
        };
        let verdict = shop.decide(&sets()[0], &ask);
        let facts = &ask.facts;
        let outputs = facts.outputs.as_deref().unwrap_or_default();
        prop_assert_eq!(verdict.disclosures.len(), outputs.len());
        prop_assert_eq!(&verdict, &shop.decide(&sets()[0], &ask), "the same request, another verdict");
        if admin {
            prop_assert_eq!(verdict.outcome, Outcome::Allow);
            prop_assert!(!verdict.redact_diagnostics && !verdict.redact_errors);
            for disclosure in &verdict.disclosures {
                prop_assert!(rank(disclosure).0 == 0, "{disclosure:?}");
            }
            return Ok(());
        }
        prop_assert!(rank(&verdict.fallback).0 == 2);
        if verdict.outcome == Outcome::Deny {
            prop_assert!(!verdict.reasons.is_empty());
            return Ok(());
        }
        // What runs although it was not understood changes nothing and is masked.
        let incomplete = !facts.unknowns.is_empty() || facts.dynamic || facts.outputs_unknown;
        prop_assert!(!incomplete || verdict.read_only && verdict.row_limit.is_some());
        for (output, disclosure) in outputs.iter().zip(&verdict.disclosures) {
            let hidden = |column: &ColumnId| {
                shop.labels.label(*column).is_some_and(|label| {
                    !(label.class() == model::Class::Pii
                        && ask.identity.groups.iter().any(|group| group == "stewards")
                        && ask.identity.kind == IdentityKind::Person)
                })
            };
            let masked = matches!(disclosure, Disclosure::Masked { .. });
            prop_assert!(masked || !output.unknown && !output.sources.iter().any(hidden));
            let bare = matches!(disclosure, Disclosure::Raw { labels } if labels.is_empty());
            // A guarded statistic alone is nobody's value.
            let statistic = output.sources.is_empty() && !output.statistics.is_empty();
            prop_assert!(!bare || statistic);
        }
        if facts.is_write() {
            prop_assert!(verdict.durability >= model::Durability::BeforeEffect);
        }
    }
}
