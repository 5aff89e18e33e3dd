//! Labels that the sample shop gets with no configuration, against cases/shop.md: what is
//! personal is found, and nothing harmless is labelled.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use mask::{ColumnEvidence, LabelRules, weigh};
use model::{TypeId, catalog::Column};
use std::collections::BTreeMap;
use testkit::Postgres;

struct Found {
    schema: String,
    relation: String,
    column: Column,
    type_name: String,
    category: char,
    element: Option<String>,
}

fn columns(server: &Postgres) -> Vec<Found> {
    let out = server
        .psql(
            "shop",
            "select n.nspname, c.relname, a.attname, a.attnum, a.atttypid,
                    coalesce(b.typname, t.typname), coalesce(b.typcategory, t.typcategory),
                    coalesce(e.typname, ''),
                    exists (select from pg_constraint k where k.conrelid = c.oid
                            and k.contype = 'f' and k.conkey = array[a.attnum]),
                    coalesce(replace(col_description(c.oid, a.attnum), '|', ' '), '')
             from pg_attribute a join pg_class c on c.oid = a.attrelid
             join pg_namespace n on n.oid = c.relnamespace join pg_type t on t.oid = a.atttypid
             left join pg_type b on b.oid = t.typbasetype
             left join pg_type e on e.oid = t.typelem and t.typcategory = 'A'
             where c.relkind in ('r', 'm', 'v', 'p') and a.attnum > 0 and not a.attisdropped
             and n.nspname not in ('pg_catalog', 'information_schema') order by 1, 2, 4",
        )
        .unwrap();
    let rows = out.lines().filter(|line| !line.is_empty());
    rows.map(|line| line.split('|').collect::<Vec<_>>())
        .map(|row| Found {
            schema: row[0].to_owned(),
            relation: row[1].to_owned(),
            column: Column {
                number: row[3].parse().unwrap(),
                name: row[2].to_owned(),
                type_id: TypeId(row[4].parse().unwrap()),
                not_null: false,
                generated: None,
                unique: false,
                choosy: false,
                references: (row[8] == "t")
                    .then_some(model::ColumnId { relation: model::RelationId(1), number: 1 }),
                comment: Some(row[9].to_owned()).filter(|comment| !comment.is_empty()),
            },
            type_name: row[5].to_owned(),
            category: row[6].chars().next().unwrap(),
            element: Some(row[7].to_owned()).filter(|element| !element.is_empty()),
        })
        .collect()
}

fn samples(server: &Postgres, found: &Found) -> Vec<String> {
    let (schema, relation, column) = (&found.schema, &found.relation, &found.column.name);
    let sql = format!(
        "select encode(convert_to(\"{column}\"::text, 'UTF8'), 'hex') from \"{schema}\".\"{relation}\"
         where \"{column}\" is not null limit 200"
    );
    let unhex = |line: &str| {
        let byte = |at: usize| u8::from_str_radix(&line[at..at + 2], 16).unwrap();
        String::from_utf8((0..line.len()).step_by(2).map(byte).collect()).unwrap()
    };
    server.psql("shop", &sql).unwrap().lines().map(unhex).collect()
}

#[test]
fn the_shop_is_labelled_as_the_cases_say() {
    let server = Postgres::options().shop().start().unwrap();
    let expected: BTreeMap<String, String> = include_str!("../cases/shop.md")
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | "))
        .map(|(column, label)| (column.to_owned(), label.to_owned()))
        .collect();
    let mut failures = Vec::new();
    for found in columns(&server) {
        let name = format!("{}.{}.{}", found.schema, found.relation, found.column.name);
        let values = samples(&server, &found);
        let evidence = ColumnEvidence {
            schema: &found.schema,
            relation: &found.relation,
            relation_comment: None,
            stored: true,
            siblings: &[],
            column: &found.column,
            type_name: &found.type_name,
            type_category: found.category,
            element_type_name: found.element.as_deref(),
            samples: &values,
        };
        let labelling = weigh(&evidence, &LabelRules::default()).labelling;
        let wanted = expected.get(&name).map_or("-", String::as_str);
        let got = labelling.as_ref().map_or("-", |labelling| labelling.label.as_str());
        if got != wanted {
            let why = labelling.as_ref().map(|labelling| labelling.evidence.join("; "));
            failures.push(format!("{name}: {got}, not {wanted} {why:?}"));
        } else if let Some(labelling) = &labelling {
            for value in values.iter().filter(|value| value.len() >= 4) {
                let told = labelling.evidence.iter().any(|line| line.contains(value.as_str()));
                assert!(!told, "{name}: the evidence holds a value");
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
