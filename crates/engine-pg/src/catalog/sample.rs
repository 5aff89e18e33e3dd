//! The SQL by which a relation's values are sampled: little of them, for little time, and cut
//! before they leave the server. Knows no connection.

use model::{
    TypeId,
    catalog::{Column, Relation, RelationKind},
};

/// How many characters of a value are enough to tell what it is.
pub const MAX_VALUE_CHARACTERS: u32 = 200;

/// The most rows of one sample.
pub const MAX_ROWS: u32 = 10_000;

/// From so many rows on a table is sampled by random blocks, not from its beginning.
const LARGE: f32 = 20_000.0;

/// `bytea`, which is cut before it is written out in hexadecimal.
const BYTEA: TypeId = TypeId(17);

/// The statements to try, one after the other, until one brings values: random blocks may miss.
/// Empty for what is not sampled.
pub(super) fn statements(relation: &Relation, columns: &[i16], rows: u32) -> Vec<String> {
    let sampled = match relation.kind {
        RelationKind::Table | RelationKind::Partitioned | RelationKind::Materialized => true,
        RelationKind::Foreign => false,
        RelationKind::View | RelationKind::Sequence | RelationKind::Composite => return Vec::new(),
    };
    if columns.is_empty() || rows == 0 {
        return Vec::new();
    }
    let rows = rows.min(MAX_ROWS);
    let list: Vec<String> = columns.iter().map(|number| expression(relation, *number)).collect();
    let list = list.join(", ");
    let from = format!("{}.{}", quoted(&relation.schema), quoted(&relation.name));
    let mut statements = Vec::new();
    if sampled && relation.estimated_rows >= LARGE {
        // Twice the share, because blocks are not equally full.
        let percent = (f64::from(rows) * 200.0 / f64::from(relation.estimated_rows)).min(100.0);
        statements.push(bounded(&format!(
            "SELECT {list} FROM {from} TABLESAMPLE SYSTEM ({percent:.6}) LIMIT {rows}"
        )));
    }
    statements.push(bounded(&format!("SELECT {list} FROM {from} LIMIT {rows}")));
    statements
}

/// Asks how many bytes a table has that may well be empty: there is nothing to sample in it then,
/// and its lock would be in the way of whoever fills it or has just made it. `None` for others.
pub(super) fn size(relation: &Relation) -> Option<String> {
    let stored = matches!(relation.kind, RelationKind::Table | RelationKind::Materialized);
    // A parent is read with what inherits from it.
    let size = format!(
        "SELECT pg_catalog.pg_relation_size({id}::pg_catalog.oid) WHERE NOT EXISTS (SELECT \
         FROM pg_catalog.pg_inherits i WHERE i.inhparent = {id}::pg_catalog.oid)",
        id = relation.id.0
    );
    (stored && relation.estimated_rows < 1.0).then(|| bounded(&size))
}

/// A column as the beginning of its text; NULL for one that the relation does not have.
fn expression(relation: &Relation, number: i16) -> String {
    let column = relation.columns.iter().find(|column| column.number == number);
    let Some(Column { name, type_id, .. }) = column else { return "NULL".to_owned() };
    let name = quoted(name);
    let value = if *type_id == BYTEA {
        format!("pg_catalog.substring({name}, 1, {})", MAX_VALUE_CHARACTERS / 2)
    } else {
        name
    };
    format!("pg_catalog.left({value}::pg_catalog.text, {MAX_VALUE_CHARACTERS})")
}

/// A read-only transaction with limits on time and on waiting for locks.
fn bounded(select: &str) -> String {
    format!(
        "BEGIN READ ONLY; SET LOCAL search_path = ''; SET LOCAL statement_timeout = '5s'; \
         SET LOCAL lock_timeout = '100ms'; SET LOCAL jit = off; {select}; COMMIT"
    )
}

/// An identifier in quotes.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests;
