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
        choosy: false,
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

/// Columns of one table in rows that follow one another.
#[test]
fn tables_are_labelled_as_the_cases_say() {
    let rows = testing::rows(include_str!("../../cases/tables.md"));
    let mut failures = Vec::new();
    for table in rows.chunk_by(|one, next| one[0] == next[0]) {
        let columns: Vec<Column> = table
            .iter()
            .zip(1..)
            .map(|(row, number)| Column { number, ..column(&row[1]) })
            .collect();
        let samples: Vec<Vec<String>> =
            table.iter().map(|row| row[4].split("; ").map(str::to_owned).collect()).collect();
        let evidence: Vec<ColumnEvidence<'_>> = columns
            .iter()
            .zip(&samples)
            .zip(table)
            .map(|((column, samples), row)| ColumnEvidence {
                schema: "public",
                relation: "t1",
                relation_comment: None,
                stored: true,
                siblings: &columns,
                column,
                type_name: &row[3],
                type_category: category(&row[3]),
                element_type_name: None,
                samples,
            })
            .collect();
        for (found, row) in weigh_together(&evidence, &[], &LabelRules::default()).iter().zip(table)
        {
            let got = found.labelling.as_ref().map_or("-", |labelling| labelling.label.as_str());
            if got != row[2] {
                failures.push(format!("{}.{}: {got}, not {}", row[0], row[1], row[2]));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
