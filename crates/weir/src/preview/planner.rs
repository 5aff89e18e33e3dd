//! What the server's planner says it would do, without anything that could be a value: kinds of
//! nodes, names of relations and indexes, costs and rows.

use engine_pg::inside::Answer;
use serde_json::{Map, Value, json};

/// The longest plan that is read: bytes.
pub(super) const BYTES: usize = 256 << 10;
/// How deep a plan is shown.
const MAX_DEPTH: usize = 24;
/// What is shown of a node, by the server's word and by ours.
const SHOWN: [(&str, &str); 7] = [
    ("Node Type", "node"),
    ("Operation", "operation"),
    ("Relation Name", "relation"),
    ("Index Name", "index"),
    ("Join Type", "join"),
    ("Total Cost", "cost"),
    ("Plan Rows", "rows"),
];

/// The plan; nothing if it may not be seen.
pub(super) fn plan(answer: &Answer) -> Value {
    let text = answer.rows.first().and_then(|row| row.first()).and_then(Option::as_deref);
    text.filter(|_| answer.error.is_none()).map_or(Value::Null, read)
}

fn read(text: &str) -> Value {
    let plan = serde_json::from_str::<Value>(text).unwrap_or_default();
    plan.pointer("/0/Plan").map_or(Value::Null, |node| shown(node, MAX_DEPTH))
}

fn shown(node: &Value, depth: usize) -> Value {
    let mut fields = Map::new();
    for (theirs, ours) in SHOWN {
        if let Some(value) = node.get(theirs).filter(|value| value.is_string() || value.is_number())
        {
            fields.insert(ours.to_owned(), value.clone());
        }
    }
    let below = node.get("Plans").and_then(Value::as_array).filter(|_| depth > 0);
    if let Some(below) = below {
        fields.insert("plans".to_owned(), below.iter().map(|it| shown(it, depth - 1)).collect());
    }
    json!(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_shows_no_value() {
        let text = r#"[{"Plan":{"Node Type":"ModifyTable","Operation":"Delete","Total Cost":8.1,
            "Plan Rows":0,"Relation Name":"people","Plans":[{"Node Type":"Index Scan",
            "Index Cond":"(email = 'a@example.org')","Filter":"(x = 'secret')","Plan Rows":1}]}}]"#;
        let plan = read(text);
        assert_eq!(plan["plans"][0]["node"], "Index Scan");
        assert_eq!((&plan["operation"], &plan["cost"]), (&json!("Delete"), &json!(8.1)));
        let text = plan.to_string();
        assert!(!text.contains("secret") && !text.contains("example"), "{text}");
        assert_eq!((super::plan(&Answer::default()), read("***")), (Value::Null, Value::Null));
    }
}
