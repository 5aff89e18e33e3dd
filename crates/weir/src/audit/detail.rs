//! One record in full, for people: a heading and its fields, one a line. Works on the JSON as it
//! stands in the log, so that it also shows records of later versions.

use ledger::Entry;
use serde_json::Value;
use std::fmt::Write;

/// A record in several lines, with an empty one after it.
pub(super) fn detail(entry: &Entry) -> String {
    let Ok(Value::Object(fields)) = serde_json::from_slice(&entry.payload) else {
        return format!("record {}: not JSON\n", entry.sequence);
    };
    let kind = fields.get("type").and_then(Value::as_str).unwrap_or("record");
    let mut text = format!("{} ({})\n", kind.replace('_', " "), entry.sequence);
    for (name, value) in fields.iter().filter(|(name, _)| *name != "type") {
        field(&mut text, 1, name, value);
    }
    text
}

fn field(text: &mut String, depth: usize, name: &str, value: &Value) {
    let indent = "  ".repeat(depth);
    let name = name.replace('_', " ");
    // Writing to a String cannot fail.
    let _ = match value {
        Value::Array(items) if items.iter().any(Value::is_object) => {
            let _ = writeln!(text, "{indent}{name}:");
            for item in items {
                let _ = writeln!(text, "{indent}  - {}", flat(item));
            }
            Ok(())
        }
        Value::Array(items) if items.iter().any(|item| flat(item).len() > 40) => {
            let _ = writeln!(text, "{indent}{name}:");
            for item in items {
                let _ = writeln!(text, "{indent}  - {}", flat(item));
            }
            Ok(())
        }
        Value::Object(fields) => {
            let _ = writeln!(text, "{indent}{name}:");
            fields.iter().for_each(|(name, value)| field(text, depth + 1, name, value));
            Ok(())
        }
        other => writeln!(text, "{indent}{name}: {}", flat(other)),
    };
}

/// A value on one line.
fn flat(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(flat).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            let pair = |(name, value): (&String, &Value)| match value {
                Value::Object(inner) if inner.is_empty() => name.clone(),
                _ => format!("{} {}", name.replace('_', " "), flat(value)),
            };
            fields.iter().map(pair).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}
