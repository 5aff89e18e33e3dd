//! Tests of sample.rs: the texts; that they run is shown in catalog's tests.

use super::*;
use model::RelationId;

fn relation(kind: RelationKind, rows: f32) -> Relation {
    let column = |number, name: &str, type_id| Column {
        number,
        name: name.to_owned(),
        type_id: TypeId(type_id),
        not_null: false,
        generated: None,
        unique: false,
        choosy: false,
        references: None,
        comment: None,
    };
    Relation {
        id: RelationId(1),
        schema: "s".to_owned(),
        name: "a\"b".to_owned(),
        kind,
        columns: vec![column(1, "x\"; drop table t; --", 25), column(2, "raw", 17)],
        definition: None,
        parents: Vec::new(),
        has_rules: false,
        row_security: false,
        triggers: Vec::new(),
        attached: model::code::Attached::default(),
        refers: Vec::new(),
        carried_from: Vec::new(),
        row_type: TypeId(0),
        comment: None,
        estimated_rows: rows,
    }
}

#[test]
fn names_are_quoted_and_values_cut_on_the_server() {
    let statements = statements(&relation(RelationKind::Table, -1.0), &[1, 2, 3], 10);
    let [sql] = &statements[..] else { panic!("one statement") };
    assert!(sql.contains(
        "SELECT pg_catalog.left(\"x\"\"; drop table t; --\"::pg_catalog.text, 200), \
         pg_catalog.left(pg_catalog.substring(\"raw\", 1, 100)::pg_catalog.text, 200), \
         NULL FROM \"s\".\"a\"\"b\" LIMIT 10"
    ));
    assert!(sql.starts_with("BEGIN READ ONLY;") && sql.contains("statement_timeout"));
}

#[test]
fn large_tables_are_sampled_by_blocks_first() {
    let two = statements(&relation(RelationKind::Table, 1e6), &[1], 100);
    assert_eq!(two.len(), 2);
    assert!(two[0].contains("TABLESAMPLE SYSTEM (0.020000) LIMIT 100"), "{}", two[0]);
    let huge = statements(&relation(RelationKind::Partitioned, 1e10), &[1], 100_000);
    assert!(huge[0].contains("(0.000200) LIMIT 10000"), "{}", huge[0]);
    let foreign = statements(&relation(RelationKind::Foreign, 1e6), &[1], 100);
    assert_eq!(foreign.len(), 1, "foreign tables know no TABLESAMPLE");
}

#[test]
fn what_holds_no_rows_of_its_own_is_not_sampled() {
    for kind in [RelationKind::View, RelationKind::Sequence, RelationKind::Composite] {
        assert!(statements(&relation(kind, 1.0), &[1], 1).is_empty());
    }
    assert!(statements(&relation(RelationKind::Table, 1.0), &[], 1).is_empty());
    assert!(statements(&relation(RelationKind::Table, 1.0), &[1], 0).is_empty());
}
