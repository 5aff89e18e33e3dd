//! One record in full, for people: a heading and its fields, one a line. Works on the JSON as it
//! stands in the log, so that it also shows records of later versions.

use crate::visible::in_line;
use ledger::Entry;
use serde_json::Value;
use std::fmt::Write;

/// A record in several lines, with an empty one after it.
pub(super) fn detail(entry: &Entry) -> String {
    let Ok(Value::Object(fields)) = serde_json::from_slice(&entry.payload) else {
        return format!("record {}: not JSON\n", entry.sequence);
    };
    let kind = fields.get("type").and_then(Value::as_str).unwrap_or("record");
    let mut text = format!("{} ({})\n", words(kind), entry.sequence);
    for (name, value) in fields.iter().filter(|(name, _)| *name != "type") {
        field(&mut text, 1, name, value);
    }
    text
}

fn field(text: &mut String, depth: usize, name: &str, value: &Value) {
    let indent = "  ".repeat(depth);
    let name = words(name);
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

/// A name as words.
fn words(name: &str) -> String {
    in_line(&name.replace('_', " "))
}

/// A value on one line: texts hold what clients wrote, which must not look like other fields.
fn flat(value: &Value) -> String {
    match value {
        Value::String(text) => in_line(text),
        Value::Array(items) => items.iter().map(flat).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            let pair = |(name, value): (&String, &Value)| match value {
                Value::Object(inner) if inner.is_empty() => in_line(name),
                _ => format!("{} {}", words(name), flat(value)),
            };
            fields.iter().map(pair).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::field;
    use serde_json::json;

    #[test]
    fn what_clients_wrote_is_no_field() {
        let mut text = String::new();
        field(&mut text, 1, "claimed_name", &json!("zed\n  time: never\u{1b}[8m"));
        field(&mut text, 1, "notes", &json!([{ "key\n": "a\r" }, { "b": ["c\u{9b}", "d"] }]));
        assert_eq!(
            text,
            "  claimed name: zed\\n  time: never\\u{1b}[8m\n  \
             notes:\n    - key\\n a\\u{d}\n    - b c\\u{9b}, d\n"
        );
    }
}
