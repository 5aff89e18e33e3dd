//! Every row of cases/labels.md, and what samples decide.

use super::*;
use crate::testing;
use model::TypeId;

fn column(name: &str) -> Column {
    Column {
        number: 1,
        name: name.to_owned(),
        type_id: TypeId(25),
        not_null: false,
        generated: None,
        unique: false,
        references: None,
        comment: None,
    }
}

fn category(type_name: &str) -> char {
    match type_name {
        "text" | "varchar" | "bpchar" | "name" => 'S',
        "bool" => 'B',
        "date" | "timestamp" | "timestamptz" => 'D',
        "inet" => 'I',
        "point" => 'G',
        name if name.starts_with('_') => 'A',
        "uuid" | "json" | "jsonb" | "bytea" | "vector" => 'U',
        _ => 'N',
    }
}

fn propose_for(relation: &str, column: &Column, ty: &str, samples: &[String]) -> Option<Labelling> {
    // `relation (this, that)` names columns beside it.
    let (relation, beside) = relation.split_once(" (").unwrap_or((relation, ""));
    let beside = beside.trim_end_matches(')').split(", ").filter(|name| !name.is_empty());
    let siblings: Vec<Column> =
        beside.zip(2..).map(|(name, number)| Column { number, ..self::column(name) }).collect();
    let evidence = ColumnEvidence {
        schema: "public",
        relation,
        relation_comment: None,
        stored: true,
        siblings: &siblings,
        column,
        type_name: ty,
        type_category: category(ty),
        element_type_name: ty.strip_prefix('_'),
        samples,
    };
    weigh(&evidence, &LabelRules::default()).labelling
}

#[test]
fn names_are_labelled_as_the_cases_say() {
    let mut failures = Vec::new();
    for row in testing::rows(include_str!("../../cases/labels.md")) {
        let [relation, name, ty, expected] = row.as_slice() else { panic!("{row:?}") };
        let found = propose_for(relation, &column(name), ty, &[]);
        let got = found.as_ref().map_or("-", |labelling| labelling.label.as_str());
        if got != expected {
            failures.push(format!("{relation}.{name} {ty}: {got}, not {expected}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn samples_are_labelled_as_the_cases_say() {
    let mut failures = Vec::new();
    for row in testing::rows(include_str!("../../cases/samples.md")) {
        let [expected, ty, values] = row.as_slice() else { panic!("{row:?}") };
        let samples: Vec<String> = values.split("; ").map(str::to_owned).collect();
        let found = propose_for("t1", &column("c1"), ty, &samples);
        let got = found.as_ref().map_or("-", |labelling| labelling.label.as_str());
        if got != expected {
            failures.push(format!("{}, …: {got}, not {expected}", samples[0]));
        }
        for (value, line) in samples.iter().zip(found.iter().flat_map(|l| &l.evidence)) {
            assert!(!line.contains(value.as_str()), "the evidence holds a value: {line}");
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
