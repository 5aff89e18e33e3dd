//! Guess lists, look-up tables and ordinary joins.

use super::{chosen_by, told};
use model::{ColumnId, Facts, Label, LabelMap, Labelling, RelationId, facts::Tie};

const GUESS_ID: ColumnId = column(1, 1);
const GUESS: ColumnId = column(1, 2);
const SSN: ColumnId = column(2, 1);
const CUSTOMER: ColumnId = column(2, 2);
const CUSTOMER_EMAIL: ColumnId = column(2, 3);
const ORDER_CUSTOMER: ColumnId = column(3, 1);
const ORDER_TOTAL: ColumnId = column(3, 2);
const PAYER_EMAIL: ColumnId = column(4, 1);
const PAID: ColumnId = column(4, 2);

const fn column(relation: u32, number: i16) -> ColumnId {
    ColumnId { relation: RelationId(relation), number }
}

fn labels() -> LabelMap {
    let labelled =
        [(SSN, Label::NATIONAL_ID), (CUSTOMER_EMAIL, Label::EMAIL), (PAYER_EMAIL, Label::EMAIL)];
    let mut map = LabelMap::default();
    for (column, label) in labelled {
        map.columns.insert(column, Labelling { label, confidence: 1.0, evidence: vec![] });
    }
    map
}

fn facts(ties: &[(ColumnId, ColumnId, bool)]) -> Facts {
    let ties = ties.iter().map(|(left, right, equal)| Tie {
        left: vec![*left],
        right: vec![*right],
        equal: *equal,
        asked: true,
    });
    Facts { ties: ties.collect(), ..Facts::unknown("", "") }
}

#[test]
fn a_guess_and_its_whole_row_tell_what_it_hit() {
    let facts = facts(&[(GUESS, SSN, true)]);
    assert_eq!(told(&facts, &[GUESS], &labels()), [SSN]);
    assert_eq!(told(&facts, &[GUESS_ID], &labels()), [SSN]);
    // The row that was hit keeps its own columns' rights.
    assert_eq!(told(&facts, &[CUSTOMER], &labels()), []);
    assert_eq!(chosen_by(&facts, GUESS.relation, &labels()), [SSN]);
    assert_eq!(chosen_by(&facts, SSN.relation, &labels()), []);
}

#[test]
fn it_follows_keys_to_further_tables() {
    let facts = facts(&[(GUESS, SSN, true), (ORDER_CUSTOMER, GUESS_ID, true)]);
    assert_eq!(told(&facts, &[ORDER_CUSTOMER], &labels()), [SSN]);
    assert_eq!(told(&facts, &[ORDER_TOTAL], &labels()), [SSN]);
}

#[test]
fn joining_by_keys_and_by_columns_of_one_label_is_ordinary() {
    let facts = facts(&[(ORDER_CUSTOMER, CUSTOMER, true), (CUSTOMER_EMAIL, PAYER_EMAIL, true)]);
    for column in [ORDER_CUSTOMER, ORDER_TOTAL, CUSTOMER, PAID, PAYER_EMAIL, CUSTOMER_EMAIL] {
        assert_eq!(told(&facts, &[column], &labels()), [], "{column:?}");
    }
}

#[test]
fn columns_of_different_labels_tell_each_other() {
    let facts = facts(&[(PAYER_EMAIL, SSN, true)]);
    assert_eq!(told(&facts, &[PAYER_EMAIL], &labels()), [SSN]);
    assert_eq!(told(&facts, &[PAID], &labels()), []);
}

#[test]
fn ranges_and_columns_of_the_same_table_tell_of_values_alone() {
    let range = facts(&[(GUESS, SSN, false)]);
    assert_eq!(told(&range, &[GUESS], &labels()), [SSN]);
    assert_eq!(told(&range, &[GUESS_ID], &labels()), []);
    let same = facts(&[(CUSTOMER, SSN, true)]);
    assert_eq!(told(&same, &[CUSTOMER], &labels()), [SSN]);
    assert_eq!(told(&same, &[column(2, 9)], &labels()), []);
}

#[test]
fn a_view_s_column_is_as_labelled_as_what_is_below_it() {
    let view = column(9, 1);
    let tie = Tie {
        left: vec![CUSTOMER_EMAIL, view],
        right: vec![PAYER_EMAIL],
        equal: true,
        asked: true,
    };
    let facts = Facts { ties: vec![tie], ..Facts::unknown("", "") };
    assert_eq!(told(&facts, &[column(9, 2)], &labels()), []);
}
