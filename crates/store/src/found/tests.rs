//! What was found is kept, compared and joined with what else is known.

use super::*;
use crate::Store;
use std::time::UNIX_EPOCH;

fn column(name: &str, number: i16, label: Option<Label>) -> FoundLabel {
    FoundLabel {
        place: LabelPlace {
            database: "shop".into(),
            schema: "public".into(),
            relation: "customers".into(),
            column: name.into(),
        },
        id: ColumnId { relation: RelationId(7), number },
        type_name: "text".into(),
        label,
        confidence: 0.75,
        by_rule: false,
        by_samples: true,
        evidence: vec!["column name".into(), "97 of 100 samples".into()],
        against: vec!["phone: no digits".into()],
    }
}

async fn by_name(store: &Store, name: &str) -> ColumnLabel {
    let all = store.columns("shop").await.unwrap();
    all.into_iter().find(|one| one.found.place.column == name).unwrap()
}

#[tokio::test]
async fn what_changes_is_told_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    let first = [column("a", 1, Some(Label::EMAIL)), column("b", 2, None)];
    let changes = store.keep_found("shop", &first, UNIX_EPOCH).await.unwrap();
    assert_eq!(changes.len(), 1);
    assert!(store.keep_found("shop", &first, UNIX_EPOCH).await.unwrap().is_empty());
    assert_eq!(by_name(&store, "a").await.found, first[0]);
    let second = [column("b", 2, Some(Label::PHONE))];
    let changes = store.keep_found("shop", &second, UNIX_EPOCH).await.unwrap();
    let told: Vec<_> = changes.iter().map(|one| (&one.before, &one.after)).collect();
    assert_eq!(told, [(&Some(Label::EMAIL), &None), (&None, &Some(Label::PHONE))]);
    let events = store.events("ledger", 100).await.unwrap();
    let labels = events.iter().filter(|event| matches!(event.what, crate::Happened::Label(_)));
    assert_eq!(labels.count(), 3);
    assert_eq!(store.labelled_databases().await.unwrap(), ["shop"]);
}

#[tokio::test]
async fn a_decision_stands_over_what_is_found_and_carried() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    store.keep_found("shop", &[column("a", 1, Some(Label::EMAIL))], UNIX_EPOCH).await.unwrap();
    assert_eq!(by_name(&store, "a").await.by(), LabelledBy::Machine);
    let carried = KeptLabel {
        place: column("a", 1, None).place,
        id: None,
        label: Label::CREDENTIAL,
        derived: false,
        evidence: "values were written here".into(),
    };
    store.keep_carried(&[carried]).await.unwrap();
    let joined = by_name(&store, "a").await;
    assert_eq!((joined.by(), joined.label()), (LabelledBy::Carried, Some(&Label::CREDENTIAL)));
    let decided = |label| DecidedLabel {
        place: column("a", 1, None).place,
        id: Some(ColumnId { relation: RelationId(7), number: 1 }),
        label,
        by: "alice".into(),
        reason: String::new(),
        at: UNIX_EPOCH,
    };
    store.decide_label(&decided(None)).await.unwrap();
    let harmless = by_name(&store, "a").await;
    assert_eq!((harmless.by(), harmless.label()), (LabelledBy::Person, None));
    // Renamed: that nothing is to be hidden does not go along, a label does.
    let renamed = [column("z", 1, Some(Label::EMAIL))];
    store.keep_found("shop", &renamed, UNIX_EPOCH).await.unwrap();
    assert_eq!(by_name(&store, "z").await.label(), Some(&Label::EMAIL));
    store.decide_label(&decided(Some(Label::PHONE))).await.unwrap();
    assert_eq!(by_name(&store, "z").await.label(), Some(&Label::PHONE));
}

#[tokio::test]
async fn a_wish_to_weigh_anew_is_seen() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    let before = store.labels_version().await.unwrap();
    store.ask_scan("shop", UNIX_EPOCH + std::time::Duration::from_secs(1)).await.unwrap();
    assert_ne!(store.labels_version().await.unwrap(), before);
    assert!(store.scan_asked("shop").await.unwrap() > 0);
    assert_eq!(store.scan_asked("other").await.unwrap(), 0);
}
