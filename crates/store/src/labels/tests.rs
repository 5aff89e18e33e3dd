//! Decisions about columns, and what is noted of them.

use super::{DecidedLabel, LabelPlace};
use crate::{FoundLabel, Happened, Store};
use model::{ColumnId, Label, RelationId};
use std::time::UNIX_EPOCH;

fn place(column: &str) -> LabelPlace {
    LabelPlace {
        database: "shop".into(),
        schema: "public".into(),
        relation: "customers".into(),
        column: column.into(),
    }
}

fn decided(column: &str, label: Option<Label>) -> DecidedLabel {
    DecidedLabel {
        place: place(column),
        id: Some(ColumnId { relation: RelationId(7), number: 2 }),
        label,
        by: "alice".into(),
        reason: "asked the owner".into(),
        at: UNIX_EPOCH,
    }
}

#[tokio::test]
async fn the_last_decision_holds_and_each_is_noted() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    let found = FoundLabel {
        place: place("ref"),
        id: ColumnId { relation: RelationId(7), number: 2 },
        type_name: "text".into(),
        label: Some(Label::PHONE),
        confidence: 0.5,
        by_rule: false,
        by_samples: true,
        evidence: vec!["90 of 100 samples are phone".into()],
        against: vec![],
    };
    store.keep_found("shop", &[found], UNIX_EPOCH).await.unwrap();
    let email = decided("ref", Some(Label::EMAIL));
    store.decide_label(&email).await.unwrap();
    assert_eq!(store.labels("shop").await.unwrap(), [email]);
    let none = decided("ref", None);
    store.decide_label(&none).await.unwrap();
    assert_eq!(store.labels("shop").await.unwrap(), [none]);
    assert!(store.labels("other").await.unwrap().is_empty());
    assert!(store.forget_label(&place("ref"), ("bob", "asked finance"), UNIX_EPOCH).await.unwrap());
    assert!(
        !store.forget_label(&place("ref"), ("bob", "asked finance"), UNIX_EPOCH).await.unwrap()
    );
    assert!(store.labels("shop").await.unwrap().is_empty());
    let events: Vec<_> = store
        .events("ledger", 100)
        .await
        .unwrap()
        .into_iter()
        .filter_map(|event| match event.what {
            Happened::Label(label) => Some((event.by, label)),
            _ => None,
        })
        .collect();
    let told: Vec<_> = events.iter().map(|(by, e)| (by.as_str(), &e.before, &e.after)).collect();
    let (phone, email) = (Some(Label::PHONE), Some(Label::EMAIL));
    let expected = [
        ("weir", &None, &phone),
        ("alice", &phone, &email),
        ("alice", &email, &None),
        ("bob", &None, &phone),
    ];
    assert_eq!(told, expected);
    assert_eq!(events[1].1.evidence, ["a person decided", "reason: asked the owner"]);
}
