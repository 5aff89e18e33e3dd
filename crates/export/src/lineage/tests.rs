//! Runs say what records say. The end-to-end tests hold them against the published schema.

use super::Maker;
use crate::{event::Event, join::Join, ocsf, settings::About};
use ledger::{Entry, Sequence};
use serde_json::{Value, json};

const KEY: &str = "gw/weir+0a0b0c0d+AAAA";

/// The records of OCSF's tests, and behind them a session that copies, fails and is cut off.
pub(crate) fn records() -> Vec<Value> {
    let mut records = ocsf::tests::records();
    let time = |second: u32| format!("2026-11-22T03:16:{second:02}.000123Z");
    let (session, shape) = ("0d4q2mr8k3v0h-3f7b", "00000000000000000000000000000002");
    let statement = |number: u32| format!("{session}.{number:07}");
    let hash = "000000000000000000000000000000aa";
    let intent = |number: u32, second: u32| {
        json!({"type": "intent", "statement": statement(number), "time": time(second),
               "shape": shape, "text": hash, "via": "simple"})
    };
    records.extend([
        json!({"type": "session_opened", "session": session, "time": time(1), "identity": "etl",
               "kind": "service", "method": "scram-sha-256", "database": "shop",
               "environment": "production"}),
        json!({"type": "shape", "shape": shape, "time": time(2), "database": "shop",
               "text": "insert into mails (address) select email from customers where id > $1",
               "operation": "insert",
               "effects": [{"operation": "insert", "object": "public.mails"}],
               "columns": [
                   {"column": "public.customers.email", "uses": ["copied"], "label": "email"},
                   {"column": "public.customers.id", "uses": ["inferred"]},
                   {"column": "pg_catalog.pg_class.oid", "uses": ["tested"]},
                   {"column": "public.mails.address", "uses": ["written"]}],
               "verdict": "allow", "policies": ["baseline-services-write"],
               "fallback": "scan", "durability": "before_effect", "policy_version": 1,
               "catalog_version": 2, "label_version": 3}),
        intent(1, 3),
        json!({"type": "outcome", "statement": statement(1), "time": time(4),
               "duration_us": 2500, "tag": "INSERT", "affected": 3}),
        intent(2, 5),
        json!({"type": "outcome", "statement": statement(2), "time": time(6),
               "duration_us": 2500, "sqlstate": "23505"}),
        intent(3, 7),
        json!({"type": "started", "time": time(8), "node": "gw", "version": "0.1.0",
               "process": 3, "records": 20, "clean": false, "unknown_outcomes": 1}),
    ]);
    records
}

fn made(records: &[Value]) -> Vec<Event> {
    let about = About { node: "gw".into(), version: "0.1.0".into() };
    let mut maker = Maker::new(&about, KEY, Some("postgres://db.internal:5432"));
    let mut join = Join::new("/nowhere".as_ref(), true);
    let mut events = Vec::new();
    for (sequence, record) in (0..).zip(records) {
        let entry = Entry { sequence: Sequence(sequence), payload: record.to_string().into() };
        for joined in join.feed(&entry) {
            events.extend(maker.feed(&joined));
        }
    }
    events
}

/// Type, job and record of each.
fn told(events: &[Event]) -> Vec<(String, String, u64)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let one = |event: &Event| {
        let body = &event.body;
        (text(&body["eventType"]), text(&body["job"]["name"]), event.sequence.0)
    };
    events.iter().map(one).collect()
}

#[test]
fn sessions_and_statements_that_write_are_runs_and_nothing_else_is() {
    let events = made(&records());
    let insert = "etl.shop.insert.a78a1c71";
    let found = told(&events);
    let job = &found[4].1;
    assert!(job.starts_with("etl.shop.insert.") && job.len() == insert.len(), "{job}");
    let event = |kind: &str, job: &str, record| (kind.to_owned(), job.to_owned(), record);
    assert_eq!(
        found,
        [
            event("START", "alice/copilot", 1),
            event("ABORT", "alice/copilot", 10),
            event("START", "etl", 11),
            event("START", job, 13),
            event("COMPLETE", job, 14),
            event("START", job, 15),
            event("FAIL", job, 16),
            event("START", job, 17),
            event("ABORT", job, 17),
            event("ABORT", "etl", 18),
        ]
    );
    let mut ids: Vec<_> = events.iter().map(|event| event.id.clone()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), events.len(), "two events have one id");
    // Made again, they are the same.
    let bodies = |events: &[Event]| events.iter().map(Event::line).collect::<Vec<_>>();
    assert_eq!(bodies(&events), bodies(&made(&records())));
}

#[test]
fn a_written_column_comes_from_what_is_copied() {
    let events = made(&records());
    let complete = &events[4].body;
    let input = |field: &str, how: Value| {
        json!({"namespace": "postgres://db.internal:5432", "name": "shop.public.customers",
               "field": field, "transformations": [how]})
    };
    let copied = json!({"type": "DIRECT", "masking": false,
                        "description": "copied; which column goes into which is not recorded"});
    let lineage = &complete["outputs"][0]["facets"]["columnLineage"];
    assert_eq!(lineage["fields"], json!({"address": {"inputFields": [input("email", copied)]}}));
    assert_eq!(lineage["dataset"], json!([input("id", json!({"type": "INDIRECT"}))]));
    assert_eq!(complete["outputs"][0]["name"], "shop.public.mails");
    assert_eq!(complete["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"], 3);
    // The catalog's own tables are nobody's data.
    let inputs: Vec<_> =
        complete["inputs"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(inputs, ["shop.public.customers"]);
    let tags = &complete["inputs"][0]["facets"]["tags"]["tags"];
    assert_eq!((&tags[0]["field"], &tags[0]["value"]), (&json!("email"), &json!("email")));
    let decision = &complete["run"]["facets"]["weir_decision"];
    assert_eq!(decision["policies"], json!(["baseline-services-write"]));
    let failed = &events[6].body["run"]["facets"]["errorMessage"]["message"];
    assert_eq!(failed, "23505");
    assert!(events[6].body["outputs"][0]["outputFacets"].is_null(), "nothing was written");
}

#[test]
fn a_session_tells_what_it_was_given() {
    let events = made(&records());
    let abort = &events[1].body;
    let given = &abort["inputs"][0]["inputFacets"]["weir_given"]["columns"];
    let email = json!({"label": "email", "raw": 0, "masked": 3, "unchanged": 0, "nulls": 0});
    let name = json!({"label": null, "raw": 2, "masked": 0, "unchanged": 0, "nulls": 1});
    assert_eq!(given, &json!({"email": email, "name": name}));
    // It ran to no end that anybody knows of.
    assert!(abort["run"]["facets"]["errorMessage"]["message"].is_string());
}

#[test]
fn a_run_has_the_same_uuid_in_all_of_its_events() {
    let events = made(&records());
    let id = |at: usize| events[at].body["run"]["runId"].as_str().unwrap().to_owned();
    assert_eq!((id(3), id(5)), (id(4), id(6)));
    assert_ne!(id(3), id(5));
    let parent = &events[3].body["run"]["facets"]["parent"]["run"]["runId"];
    assert_eq!(parent, &json!(id(2)));
    // Version 7: 2026-11-22T03:16:03.000Z in milliseconds, then a hash.
    let millis = 1_795_317_363_000_u64;
    assert_eq!(id(3).replace('-', "")[..12], format!("{millis:012x}"));
    assert_eq!(&id(3)[14..15], "7");
    assert!("89ab".contains(&id(3)[19..20]), "{}", id(3));
}
