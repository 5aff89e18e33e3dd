//! Events for receivers that take none so long. Knows where the longest texts stand.

use crate::event::Event;
use serde_json::Value;

/// What takes the place of a text that is cut off.
const CUT: &str = "…";
/// How many texts of an event are cut.
const TEXTS: usize = 16;
/// A text no longer than this is not cut: it may be an id.
const TEXT_KEPT: usize = 256;
/// What is no longer than this is not halved: who does not take it takes nothing.
const SHORT: usize = 4 << 10;

/// Makes an event half as long, and says whether that could be done.
pub(crate) fn halve(event: &mut Event) -> bool {
    let before = event.line().len();
    if before <= SHORT {
        return false;
    }
    let line = shorten(event, before / 2);
    let shorter = line.len() < before;
    if shorter && let Ok(body) = serde_json::from_str(&line) {
        event.body = body;
    }
    shorter
}

/// The event's JSON in so many bytes: of a longer one the statement's text is cut, then what the
/// schema has no attribute for is left out, and it says so. Of what is no OCSF the longest texts
/// are cut. The whole is in the ledger.
pub(crate) fn shorten(event: &Event, most: usize) -> String {
    let line = event.line();
    if line.len() <= most {
        return line;
    }
    let mut body = event.body.clone();
    if body.get("class_uid").is_none() {
        return shorten_any(body, most);
    }
    if let Some(own) = body.get_mut("unmapped").and_then(Value::as_object_mut) {
        own.insert("shortened".into(), true.into());
    }
    let excess = body.to_string().len().saturating_sub(most);
    if cut(body.pointer_mut("/query_info/query_string"), excess) && body.to_string().len() <= most {
        return body.to_string();
    }
    if let Some(own) = body.get_mut("unmapped").and_then(Value::as_object_mut) {
        own.retain(|_, value| !value.is_array());
    }
    let excess = body.to_string().len().saturating_sub(most);
    for text in ["/comment", "/status_detail", "/message"] {
        if excess > 0 {
            cut(body.pointer_mut(text), excess);
        }
    }
    if body.to_string().len() > most {
        // The schema asks for no more than this.
        if let Some(fields) = body.as_object_mut() {
            fields.insert("unmapped".into(), serde_json::json!({ "shortened": true }));
            for name in ["comment", "status_detail", "table"] {
                fields.remove(name);
            }
        }
    }
    shorten_any(body, most)
}

/// Takes so many bytes off a text's end, and says whether it was long enough.
fn cut(text: Option<&mut Value>, bytes: usize) -> bool {
    let Some(Value::String(text)) = text else { return false };
    let wanted = bytes + CUT.len();
    let enough = text.len() >= wanted;
    let mut end = text.len().saturating_sub(wanted);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text.push_str(CUT);
    enough
}

/// Cuts the longest texts. Where that is not enough, facets of lineage and attributes of spans go:
/// both formats ask for none.
fn shorten_any(mut body: Value, most: usize) -> String {
    let mut line = body.to_string();
    for _ in 0..TEXTS {
        let excess = line.len().saturating_sub(most);
        let text = longest(&mut body).filter(|text| length(text) > TEXT_KEPT);
        if excess == 0 || text.is_none() {
            break;
        }
        cut(text, excess);
        line = body.to_string();
    }
    if line.len() > most {
        for field in ["facets", "attributes"] {
            remove(&mut body, field);
        }
        line = body.to_string();
    }
    line
}

fn length(text: &Value) -> usize {
    text.as_str().map_or(0, str::len)
}

/// The longest text.
fn longest(value: &mut Value) -> Option<&mut Value> {
    let by = |text: &&mut Value| length(text);
    match value {
        Value::String(_) => Some(value),
        Value::Array(values) => values.iter_mut().filter_map(longest).max_by_key(by),
        Value::Object(fields) => fields.values_mut().filter_map(longest).max_by_key(by),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// Takes fields of this name away, however deep they are.
fn remove(value: &mut Value, field: &str) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| remove(value, field)),
        Value::Object(fields) => {
            fields.remove(field);
            fields.values_mut().for_each(|value| remove(value, field));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::{halve, shorten};
    use crate::ocsf::tests::long;
    use serde_json::json;

    #[test]
    fn what_is_no_ocsf_is_cut_where_it_is_longest() {
        let mut event = long(100);
        event.body = json!({ "name": "a", "attributes": [{ "value": "b".repeat(9_000) }] });
        let line = shorten(&event, 1_000);
        assert!(line.len() <= 1_000 && line.contains("bbb…"), "{}", line.len());
        assert!(halve(&mut event), "once");
        assert!(event.line().len() < 5_000);
        assert!(halve(&mut event) && !halve(&mut event), "what is short is left");
    }

    #[test]
    fn what_has_many_short_texts_keeps_its_ids() {
        let mut event = long(100);
        let many: Vec<_> = (0..900).map(|_| json!({ "field": "column" })).collect();
        let facets = json!({ "columnLineage": { "inputs": many } });
        event.body = json!({ "outputs": [{ "name": "a", "facets": facets }], "runId": "1-2-3" });
        assert!(halve(&mut event));
        assert_eq!(event.body, json!({ "outputs": [{ "name": "a" }], "runId": "1-2-3" }));
    }
}
