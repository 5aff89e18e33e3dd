//! Events say what records say, and lack nothing that the schema requires. The end-to-end tests
//! hold them against the published schema.

use super::Maker;
use crate::{event::Event, join::Join, settings::About};
use ledger::{Entry, Record, Sequence};
use serde_json::{Value, json};

/// A run of records: a session that reads, is refused, and leaves something open.
pub(crate) fn records() -> Vec<Value> {
    let time = |second: u32| format!("2026-11-22T03:15:{second:02}.000123Z");
    let session = "0d4q2mr8k3v0h-3f7a";
    let statement = |number: u32| format!("{session}.{number:07}");
    let shape = "00000000000000000000000000000001";
    let hash = "000000000000000000000000000000aa";
    vec![
        json!({"type": "started", "time": time(0), "node": "gw", "version": "0.1.0",
               "process": 1, "records": 0, "clean": true}),
        json!({"type": "session_opened", "session": session, "time": time(1),
               "identity": "alice/copilot", "kind": "agent", "groups": ["support"],
               "acts_for": "alice", "method": "scram-sha-256", "address": "10.0.0.7",
               "port": 5555, "database": "shop", "environment": "production"}),
        json!({"type": "shape", "shape": shape, "time": time(2), "database": "shop",
               "text": "select email, name from customers where id = $1",
               "operation": "select",
               "effects": [{"operation": "select", "object": "public.customers"}],
               "columns": [{"column": "public.customers.email", "uses": ["returned"],
                            "label": "email"}],
               "outputs": [{"name": "email", "sources": ["public.customers.email"]},
                           {"name": "name", "sources": ["public.customers.name"]}],
               "verdict": "modify", "policies": ["baseline-people-read"],
               "reasons": ["people read masked"],
               "disclosures": [{"masked": {"label": "email", "method": "partial"}},
                               {"raw": {"labels": ["person_name"]}}],
               "fallback": "scan", "durability": "before_row", "policy_version": 1,
               "catalog_version": 2, "label_version": 3}),
        json!({"type": "intent", "statement": statement(1), "time": time(3), "shape": shape,
               "text": hash, "via": "extended", "parameter_count": 1}),
        json!({"type": "outcome", "statement": statement(1), "time": time(4),
               "duration_us": 2500, "tag": "SELECT", "rows": 3, "bytes": 99,
               "disclosed": [{"masked": 3}, {"raw": 2, "null": 1}]}),
        json!({"type": "refused", "statement": statement(2), "time": time(5), "text": hash,
               "via": "simple", "sqlstate": "42501", "reason": "not understood"}),
        json!({"type": "intent", "statement": statement(3), "time": time(6), "shape": shape,
               "text": hash, "via": "simple"}),
        json!({"type": "label_changed", "time": time(7), "by": "root", "database": "shop",
               "column": "public.customers.ref", "after": "national_id", "version": 4}),
        json!({"type": "identity_changed", "time": time(8), "by": "root", "identity": "bob",
               "what": "groups: +analysts"}),
        json!({"type": "of_tomorrow", "time": time(9)}),
        json!({"type": "started", "time": time(10), "node": "gw", "version": "0.1.0",
               "process": 2, "records": 10, "clean": false, "unknown_outcomes": 1}),
    ]
}

fn made(records: &[Value]) -> Vec<Event> {
    let about = About { node: "gw".into(), version: "0.1.0".into() };
    let maker = Maker::new(&about, "gw/weir+0a0b0c0d+AAAA");
    let mut join = Join::new("/nowhere".as_ref(), false);
    let mut events = Vec::new();
    for (sequence, record) in (0..).zip(records) {
        let known = Record::decode(record.to_string().as_bytes());
        assert!(known.is_ok() || record["type"] == "of_tomorrow", "{record}: {known:?}");
        let entry = Entry { sequence: Sequence(sequence), payload: record.to_string().into() };
        events.extend(join.feed(&entry).iter().filter_map(|joined| maker.event(joined)));
    }
    events
}

/// Events of every kind, for other tests.
pub(crate) fn events() -> Vec<Event> {
    made(&records())
}

/// An event whose statement's text is so long.
pub(crate) fn long(bytes: usize) -> Event {
    let mut records = records();
    records[2]["text"] = format!("select '{}'", "ö".repeat(bytes / 2)).into();
    made(&records).into_iter().find(|event| event.sequence.0 == 4).unwrap()
}

#[test]
fn every_record_that_stands_for_something_is_one_event() {
    let events = events();
    let told: Vec<(u64, u64, u64)> = events
        .iter()
        .map(|event| {
            let number = |name: &str| event.body[name].as_u64().unwrap();
            assert_eq!(number("type_uid"), number("class_uid") * 100 + number("activity_id"));
            assert_eq!(event.body["metadata"]["uid"], event.sequence.0.to_string());
            (event.sequence.0, number("class_uid"), number("activity_id"))
        })
        .collect();
    let expected = [
        (0, 6002, 3),
        (1, 3002, 1),
        (4, 6005, 4),
        (5, 6005, 99),
        (7, 3004, 1),
        (8, 3001, 99),
        (9, 0, 99),
        // The run ended without its outcome: told when the next one begins.
        (6, 6005, 4),
        (10, 6002, 3),
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_statement_says_who_what_why_and_what_left() {
    let events = events();
    let body = &events[2].body;
    for (pointer, expected) in [
        ("/actor/user/name", json!("alice/copilot")),
        ("/actor/user/type", json!("Agent")),
        ("/actor/user/groups", json!([{"name": "support"}])),
        ("/actor/invoked_by", json!("alice")),
        ("/src_endpoint", json!({"ip": "10.0.0.7", "port": 5555})),
        ("/database/name", json!("shop")),
        ("/table/name", json!("public.customers")),
        ("/query_info/query_string", json!("select email, name from customers where id = $1")),
        ("/action", json!("Modified")),
        ("/status", json!("Success")),
        ("/duration", json!(2)),
        ("/time", json!(1_795_317_304_000_u64)),
        ("/unmapped/verdict", json!("modify")),
        ("/unmapped/policies", json!(["baseline-people-read"])),
        ("/unmapped/rows", json!(3)),
        (
            "/unmapped/labels",
            json!({"email": {"raw": 0, "masked": 3}, "person_name": {"raw": 2, "masked": 0}}),
        ),
        (
            "/unmapped/disclosed",
            json!([
                {"name": "email", "origins": ["public.customers.email"], "labels": ["email"],
                 "raw": 0, "masked": 3, "unchanged": 0, "nulls": 0},
                {"name": "name", "origins": ["public.customers.name"], "labels": ["person_name"],
                 "raw": 2, "masked": 0, "unchanged": 0, "nulls": 1},
            ]),
        ),
    ] {
        assert_eq!(body.pointer(pointer), Some(&expected), "{pointer}\n{body:#}");
    }
    assert_eq!(body["severity"], "Low", "a label left raw");
}

#[test]
fn what_was_refused_and_what_is_unknown_are_told_apart() {
    let events = events();
    let refused = &events[3].body;
    assert_eq!((&refused["action"], &refused["status"]), (&json!("Denied"), &json!("Failure")));
    assert_eq!(refused["status_code"], "42501");
    assert_eq!(refused["status_detail"], "not understood");
    let unknown = &events[7].body;
    assert_eq!(unknown["status"], "Unknown");
    assert_eq!(unknown["actor"]["user"]["name"], "alice/copilot");
}

#[test]
fn what_breaks_the_glass_stands_out() {
    let step = |what: &str, emergency: bool| {
        let mut record = json!({
            "type": "grant_changed", "time": "2026-11-22T03:15:09.000123Z", "grant": "g-1",
            "group": "stewards", "databases": ["shop"], "identity": "bob", "by": "weir",
            "what": what, "until": "2026-11-22T03:25:09.000123Z",
        });
        if emergency {
            record["emergency"] = true.into();
        }
        made(&[record]).remove(0).body
    };
    let begun = step("begun", true);
    assert_eq!((&begun["severity"], &begun["class_uid"]), (&json!("High"), &json!(3005)));
    assert_eq!(begun["activity_name"], "Assign Privileges");
    assert_eq!(begun["user"]["name"], "bob");
    assert_eq!(begun["privileges"], json!(["group stewards"]));
    assert_eq!(begun["unmapped"]["grant"], "g-1");
    assert_eq!(step("begun", false)["severity"], "Informational");
    assert_eq!(step("ended", false)["activity_name"], "Revoke Privileges");
    assert_eq!(step("requested", true)["severity"], "Medium");
    assert_eq!(step("review: not_fine", false)["severity"], "High");
}
