//! What is turned back by whom, and what never shows.

use super::*;
use mask::{Applied, ColumnMask};
use model::{Catalog, ColumnId, Disclosure, LabelMap, MaskMethod, RelationId, verdict::TurnBack};
use std::sync::Arc;

const EMAIL: ColumnId = ColumnId { relation: RelationId(7), number: 1 };
const PHONE: ColumnId = ColumnId { relation: RelationId(7), number: 2 };
const TEXT: TypeId = TypeId(25);

fn key() -> Key {
    Key::new([5; 32])
}

fn knowledge() -> Knowledge {
    let labelling = |label: &Label| model::label::Labelling {
        label: label.clone(),
        confidence: 1.0,
        evidence: Vec::new(),
    };
    let mut labels = LabelMap::default();
    labels.columns.insert(EMAIL, labelling(&Label::EMAIL));
    labels.columns.insert(PHONE, labelling(&Label::PHONE));
    Knowledge { labels: Arc::new(labels), ..Knowledge::default() }
}

fn pseudonym(label: &Label, value: &str) -> String {
    let (label, method) = (label.clone(), MaskMethod::Pseudonym);
    let disclosure = Disclosure::Masked { label, method };
    let catalog = Catalog::default();
    let mask = ColumnMask::compile(&disclosure, TEXT, &catalog, Format::Text, &key());
    let mut out = Vec::new();
    assert_eq!(mask.apply(value.as_bytes(), &mut out), Applied::Masked);
    String::from_utf8(out).unwrap()
}

fn parameter(number: u16, label: Label, right: Right, alone: bool) -> Parameter {
    Parameter { number, label, ty: TEXT, column_ty: TEXT, right, alone }
}

fn bind(parameters: Vec<Parameter>, values: &[&str]) -> Result<Vec<Vec<u8>>, Refusal> {
    let turned = Turned { parameters, ..Turned::default() };
    let sent: Vec<Option<&[u8]>> = values.iter().map(|value| Some(value.as_bytes())).collect();
    let values = Values { values: &sent, binary: &[], types: &[] };
    let bound = turned.bind(values, true, &knowledge(), &key())?;
    Ok(bound.replaced.into_values().map(|real| real.expose().to_vec()).collect())
}

#[test]
fn nothing_of_a_value_prints() {
    let bound = Bound { replaced: [(0, Real((*b"alice").into()))].into(), labels: Vec::new() };
    let turned = Turned { literals: vec![Real((*b"alice").into())], ..Turned::default() };
    assert!(!format!("{bound:?} {turned:?}").contains("alice"));
}

#[test]
fn a_parameter_that_is_seen_elsewhere_is_refused() {
    let shown = pseudonym(&Label::EMAIL, "a@b.org");
    let one = |alone| vec![parameter(1, Label::EMAIL, Right::Turn, alone)];
    assert_eq!(bind(one(true), &[&shown]).unwrap(), [b"a@b.org"]);
    let refusal = bind(one(false), &[&shown]).unwrap_err();
    assert!(refusal.message.contains("$1 stands elsewhere too"), "{}", refusal.message);
    assert!(!format!("{refusal:?}").contains("a@b.org"));
    // A value that is none goes as it came.
    assert!(bind(one(false), &["a@b.org"]).unwrap().is_empty());
}

#[test]
fn a_parameter_for_two_labels_is_refused_if_it_stands_for_two_values() {
    let both = vec![
        parameter(1, Label::PHONE, Right::Turn, true),
        parameter(1, Label::NATIONAL_ID, Right::Turn, true),
    ];
    let refusal = bind(both, &["123-456-7890"]).unwrap_err();
    assert!(refusal.message.contains("several labels"), "{}", refusal.message);
}

#[test]
fn who_may_not_is_told_why_and_plain_values_go_as_they_came() {
    let why = || Right::Refuse("no policy permits it".to_owned(), None);
    let shown = pseudonym(&Label::EMAIL, "a@b.org");
    let refusal = bind(vec![parameter(1, Label::EMAIL, why(), true)], &[&shown]).unwrap_err();
    assert!(refusal.message.ends_with("no policy permits it"), "{}", refusal.message);
    let phone = parameter(1, Label::PHONE, why(), true);
    assert!(bind(vec![phone], &["123-456-7890"]).unwrap().is_empty());
    let raw = parameter(1, Label::EMAIL, Right::Leave, true);
    assert!(bind(vec![raw], &[&shown]).unwrap().is_empty());
}

#[test]
fn a_value_that_the_encoding_does_not_hold_is_refused() {
    let shown = pseudonym(&Label::EMAIL, "ü@b.org");
    let parameters = vec![parameter(1, Label::EMAIL, Right::Turn, true)];
    let turned = Turned { parameters, ..Turned::default() };
    let values = [Some(shown.as_bytes())];
    let values = Values { values: &values, binary: &[], types: &[] };
    assert!(turned.bind(values, true, &knowledge(), &key()).is_ok());
    assert!(turned.bind(values, false, &knowledge(), &key()).is_err());
}

#[test]
fn a_parameter_of_a_type_that_may_cut_is_refused() {
    let shown = pseudonym(&Label::EMAIL, "a@b.org");
    let parameters = vec![parameter(1, Label::EMAIL, Right::Turn, true)];
    let turned = Turned { parameters, ..Turned::default() };
    let sent = [Some(shown.as_bytes())];
    // None, unknown, text, varchar; then name.
    for (ty, whole) in [(0, true), (705, true), (25, true), (1043, true), (19, false)] {
        let values = Values { values: &sent, binary: &[], types: &[ty] };
        assert_eq!(turned.bind(values, true, &knowledge(), &key()).is_ok(), whole, "{ty}");
    }
}

#[test]
fn one_label_alone_and_only_what_is_shown_as_a_pseudonym() {
    let given = |columns: &[ColumnId]| Given {
        columns: columns.to_vec(),
        at: 0..1,
        what: GivenValue::Literal(String::new()),
        ty: TEXT,
        column_ty: TEXT,
        replaceable: true,
    };
    let entry = |column, label: Label, method| TurnBack { column, label, method, refused: None };
    let mut verdict = crate::tests::verdict();
    let seen = Some(MaskMethod::Pseudonym);
    verdict.turn_back =
        vec![entry(EMAIL, Label::EMAIL, seen), entry(PHONE, Label::PHONE, Some(MaskMethod::Full))];
    let knowledge = knowledge();
    let of = |columns: &[ColumnId]| right(&given(columns), &verdict, &knowledge);
    assert_eq!(of(&[EMAIL]), Some((Label::EMAIL, Right::Turn)));
    assert_eq!(of(&[EMAIL, PHONE]), None);
    assert!(matches!(of(&[PHONE]), Some((_, Right::Refuse(..)))));
    assert_eq!(of(&[]), None);
    let mut derived = LabelMap::clone(&knowledge.labels);
    derived.derived.insert(EMAIL);
    let derived = Knowledge { labels: Arc::new(derived), ..Knowledge::default() };
    let refused = right(&given(&[EMAIL]), &verdict, &derived);
    assert!(matches!(refused, Some((_, Right::Refuse(..)))));
}
