//! Scores of facts as they come, by what earns them.

use super::*;
use model::{
    Disclosure, RelationId,
    catalog::{Relation, RelationKind},
    facts::{ColumnUse, Effect, Unknown},
};

fn verdict(disclosures: Vec<Disclosure>) -> Verdict {
    let fallback = Disclosure::Scan;
    Verdict { disclosures, fallback, ..crate::tests::verdict() }
}

fn facts(operation: Operation, unbounded: bool) -> Facts {
    let effect = Effect { operation, relation: None, object: None, unbounded };
    let unknown = Facts::unknown("x", "y");
    Facts {
        operation,
        effects: vec![effect],
        unknowns: vec![],
        outputs_unknown: false,
        dynamic: false,
        ..unknown
    }
}

fn named(kind: IdentityKind) -> Identity {
    Identity { name: "x".into(), kind, groups: vec![], acts_for: None }
}

fn points(facts: &Facts, verdict: &Verdict, kind: IdentityKind, environment: &str) -> String {
    let parts = of_statement(
        facts,
        (&Catalog::default(), &LabelMap::default()),
        verdict,
        (&named(kind), environment),
    );
    words(parts.iter())
}

#[test]
fn what_is_ordinary_is_not_risky() {
    let read = facts(Operation::Select, false);
    let nothing = verdict(Vec::new());
    assert_eq!(points(&read, &nothing, IdentityKind::Person, "production"), "0 ()");
    let write = facts(Operation::Insert, false);
    let words = points(&write, &nothing, IdentityKind::Service, "production");
    assert_eq!(words, "15 (operation 5, production 10)");
}

#[test]
fn parts_add_up_and_end_at_a_hundred() {
    let raw = |labels: Vec<Label>| verdict(vec![Disclosure::Raw { labels }]);
    let read = facts(Operation::Select, false);
    let one = points(&read, &raw(vec![Label::EMAIL]), IdentityKind::Person, "staging");
    assert_eq!(one, "10 (raw 10)");
    let many = raw(vec![Label::EMAIL, Label::PAYMENT_CARD, Label::PHONE]);
    let many = points(&read, &many, IdentityKind::Agent, "production");
    assert_eq!(many, "55 (raw 35, production 10, agent 10)");
    let mut worst = facts(Operation::Role, true);
    worst.dynamic = true;
    worst.unknowns = vec![Unknown { what: "x".into(), why: "y".into() }];
    let secret = raw(vec![Label::CREDENTIAL]);
    let worst = points(&worst, &secret, IdentityKind::Agent, "production");
    assert!(worst.starts_with("100 ("), "{worst}");
}

#[test]
fn going_through_a_large_table_is_a_part_and_looking_something_up_in_it_is_none() {
    let mut catalog = Catalog::default();
    let (id, rows) = (RelationId(7), 2_500_000.0);
    catalog.add_relation(Relation {
        id,
        schema: "public".into(),
        name: "events".into(),
        kind: RelationKind::Table,
        columns: Vec::new(),
        definition: None,
        parents: Vec::new(),
        has_rules: false,
        row_security: false,
        triggers: Vec::new(),
        attached: model::code::Attached::default(),
        refers: Vec::new(),
        carried_from: Vec::new(),
        row_type: model::TypeId(8),
        comment: None,
        estimated_rows: rows,
    });
    let of = |operation, unbounded, used: &[Use]| {
        let mut facts = facts(operation, unbounded);
        let relation = model::facts::RelationRef {
            id: Some(id),
            schema: "public".into(),
            name: "events".into(),
        };
        facts.effects[0].relation = Some(relation);
        let column = model::ColumnId { relation: id, number: 1 };
        facts.columns = used.iter().map(|usage| ColumnUse { column, usage: *usage }).collect();
        let nobody = (&named(IdentityKind::Person), "staging");
        let labels = LabelMap::default();
        words(of_statement(&facts, (&catalog, &labels), &verdict(Vec::new()), nobody).iter())
    };
    assert_eq!(of(Operation::Select, false, &[]), "10 (estimated volume 10)");
    assert_eq!(of(Operation::Select, false, &[Use::Returned]), "10 (estimated volume 10)");
    for narrows in [Use::Tested, Use::LookedUp, Use::Inferred] {
        assert_eq!(of(Operation::Select, false, &[narrows]), "0 ()");
    }
    let all = of(Operation::Delete, true, &[]);
    assert_eq!(all, "50 (operation 15, unbounded 25, estimated volume 10)");
    assert_eq!(of(Operation::Delete, false, &[Use::LookedUp]), "15 (operation 15)");
    assert_eq!(words(tainted(true).iter()), "15 (tainted 15)");
    assert_eq!(tainted(false), None);
}
