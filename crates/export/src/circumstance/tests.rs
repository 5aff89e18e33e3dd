//! Every format says how risky a statement was and what it was part of.

use crate::{
    join::{Join, Joined},
    lineage, ocsf,
    settings::About,
    spans,
};
use ledger::{Entry, Sequence};
use serde_json::{Value, json};

/// OCSF's records: the session was opened for something, its first statement was risky and part of
/// a task, the one that was refused was part of it too, and the last of nothing.
fn joined() -> Vec<Joined> {
    let mut records = ocsf::tests::records();
    records[1]["work"] = json!({"task": "t-1", "purpose": "refunds"});
    records[2]["risk"] = json!([{"part": "raw", "points": 30}]);
    let past = json!([{"part": "new table", "points": 35}, {"part": "pace", "points": 50}]);
    records[3]["risk"] = past;
    records[3]["work"] = json!({
        "task": "t-1", "purpose": "refunds", "tainted": true, "preview": "carol",
        "preview_of": "h-1",
    });
    records[5]["work"] = json!({"task": "t-1"});
    let mut join = Join::new("/nowhere".as_ref(), false);
    let mut all = Vec::new();
    for (sequence, record) in (0..).zip(records) {
        let entry = Entry { sequence: Sequence(sequence), payload: record.to_string().into() };
        all.extend(join.feed(&entry));
    }
    all
}

fn about() -> About {
    About { node: "gw".into(), version: "0.1.0".into() }
}

const KEY: &str = "gw/weir+0a0b0c0d+AAAA";

/// What was said, without what is not asked for.
fn only(found: &Value, names: &[&str]) -> Value {
    let all = found.as_object().unwrap();
    let some = all.iter().filter(|(name, _)| names.contains(&name.as_str()));
    Value::Object(some.map(|(name, value)| (name.clone(), value.clone())).collect())
}

#[test]
fn an_event_says_it() {
    let maker = ocsf::Maker::new(&about(), KEY);
    let names = ["risk", "risk_parts", "task", "purpose", "tainted", "preview", "preview_of"];
    let said = |sequence: u64| {
        let mut events = joined().into_iter().filter_map(|joined| maker.event(&joined));
        only(&events.find(|event| event.sequence.0 == sequence).unwrap().body["unmapped"], &names)
    };
    assert_eq!(said(1), json!({"task": "t-1", "purpose": "refunds"}), "the session");
    let expected = json!({
        "risk": 100,
        "risk_parts": [{"part": "raw", "points": 30}, {"part": "new table", "points": 35},
                       {"part": "pace", "points": 50}],
        "task": "t-1", "purpose": "refunds", "tainted": true, "preview": "carol",
        "preview_of": "h-1",
    });
    assert_eq!(said(4), expected);
    assert_eq!(said(5), json!({"task": "t-1"}), "refused before anybody looked at it");
    assert_eq!(said(6), json!({"risk": 30, "risk_parts": [{"part": "raw", "points": 30}]}));
}

#[test]
fn a_span_says_it() {
    let maker = spans::Maker::new(KEY);
    let spans: Vec<_> = joined().iter().filter_map(|joined| maker.event(joined)).collect();
    let said = |sequence: u64, key: &str| {
        let span = spans.iter().find(|span| span.sequence.0 == sequence).unwrap();
        let all = span.body["attributes"].as_array().unwrap();
        all.iter().find(|one| one["key"] == key).map(|one| one["value"].clone())
    };
    let text = |text: &str| json!({"stringValue": text});
    assert_eq!(said(4, "weir.risk"), Some(json!({"intValue": "100"})));
    let parts = [text("raw 30"), text("new table 35"), text("pace 50")];
    assert_eq!(said(4, "weir.risk.parts"), Some(json!({"arrayValue": {"values": parts}})));
    assert_eq!(said(4, "weir.task"), Some(text("t-1")));
    assert_eq!(said(4, "weir.purpose"), Some(text("refunds")));
    assert_eq!(said(4, "weir.preview"), Some(text("carol")));
    assert_eq!(said(4, "weir.preview_of"), Some(text("h-1")));
    assert_eq!(said(4, "weir.tainted"), Some(json!({"boolValue": true})));
    assert_eq!(said(5, "weir.task"), Some(text("t-1")));
    assert_eq!((said(5, "weir.risk"), said(6, "weir.tainted")), (None, None));
}

#[test]
fn a_run_says_it() {
    let mut records = joined();
    // One that only reads has no run; this one writes as far as OpenLineage is concerned.
    for joined in &mut records {
        if let Joined::Statement(statement) = joined
            && let Some(shape) = &mut statement.shape
        {
            let mut writes = (**shape).clone();
            writes.operation = model::Operation::Insert;
            writes.effects.to_mut()[0].operation = model::Operation::Insert;
            *shape = std::sync::Arc::new(writes);
        }
    }
    let mut maker = lineage::Maker::new(&about(), KEY, None);
    let events: Vec<_> = records.iter().flat_map(|joined| maker.feed(joined)).collect();
    let facet = |name: &str| {
        let mut facets = events.iter().map(|event| &event.body["run"]["facets"][name]);
        facets.find(|facet| !facet.is_null()).unwrap()
    };
    let names = ["risk", "riskParts", "task", "purpose", "tainted", "preview", "previewOf"];
    let expected = json!({"task": "t-1", "purpose": "refunds"});
    assert_eq!(only(facet("weir_session"), &names), expected);
    let expected = json!({
        "risk": 100,
        "riskParts": [{"part": "raw", "points": 30}, {"part": "new table", "points": 35},
                      {"part": "pace", "points": 50}],
        "task": "t-1", "purpose": "refunds", "tainted": true, "preview": "carol",
        "previewOf": "h-1",
    });
    assert_eq!(only(facet("weir_decision"), &names), expected);
}
