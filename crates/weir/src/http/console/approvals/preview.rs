//! What a trial said, for the page. What it may say was decided where it was tried.

use console::approvals::preview::{Changed, Changes, Column, Preview, Rows, Sample, Step};
use serde_json::Value;

/// All of it.
pub(super) fn told(said: &Value) -> Preview {
    let fails = said.get("fails").map(|fails| {
        (text(fails, "message").unwrap_or_default(), text(fails, "sqlstate").unwrap_or_default())
    });
    Preview {
        why: text(said, "why"),
        next: text(said, "next"),
        fails,
        changes: said.get("changes").map(changes),
        plan: said.get("plan").map(step),
        sample: said.get("sample").map(sample),
        receipt: text(said, "receipt"),
    }
}

fn text(value: &Value, name: &str) -> Option<String> {
    value.get(name)?.as_str().map(str::to_owned)
}

fn list<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn changes(said: &Value) -> Changes {
    let number = |value: &Value, name: &str| value.get(name).and_then(Value::as_u64).unwrap_or(0);
    let one = |one: &Value| Changed {
        table: text(one, "table").unwrap_or_default(),
        inserted: number(one, "inserted"),
        updated: number(one, "updated"),
        deleted: number(one, "deleted"),
    };
    Changes {
        rows: number(said, "rows"),
        tables: list(said, "tables").map(one).collect(),
        // Unless it is said that there is no more, there may be.
        elsewhere: said.get("elsewhere").and_then(Value::as_bool) != Some(false),
    }
}

/// How deep it goes was limited where it was read.
fn step(node: &Value) -> Step {
    Step {
        node: text(node, "operation").or_else(|| text(node, "node")).unwrap_or_default(),
        relation: text(node, "relation"),
        index: text(node, "index"),
        cost: node.get("cost").and_then(Value::as_f64).unwrap_or_default(),
        rows: node.get("rows").and_then(Value::as_u64).unwrap_or_default(),
        from: list(node, "plans").map(step).collect(),
    }
}

fn sample(said: &Value) -> Sample {
    let column = |column: &Value| Column {
        name: text(column, "name").unwrap_or_default(),
        // What is not said to be shown is not.
        shown: text(column, "shown").unwrap_or_else(|| "withheld".to_owned()),
        label: text(column, "label"),
    };
    let value = |value: &Value| value.as_str().map(str::to_owned);
    let row = |row: &Value| row.as_array().into_iter().flatten().map(value).collect();
    let rows = |name: &str, why: &str| match said.get(name).and_then(Value::as_array) {
        Some(rows) => Rows::Seen(rows.iter().map(row).collect()),
        None => Rows::Not(text(said, why).unwrap_or_default()),
    };
    Sample {
        table: text(said, "table").unwrap_or_default(),
        columns: list(said, "columns").map(column).collect(),
        before: rows("before", "why_no_before"),
        after: rows("after", "why_no_after"),
    }
}
