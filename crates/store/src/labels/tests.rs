//! Decisions about columns.

use super::{DecidedLabel, LabelPlace};
use crate::Store;
use model::Label;
use std::time::UNIX_EPOCH;

#[tokio::test]
async fn the_last_decision_holds() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    let place = LabelPlace {
        database: "shop".into(),
        schema: "public".into(),
        relation: "customers".into(),
        column: "ref".into(),
    };
    let decide =
        |label| DecidedLabel { place: place.clone(), label, by: "alice".into(), at: UNIX_EPOCH };
    let email = decide(Some(Label::EMAIL));
    store.decide_label(&email).await.unwrap();
    assert_eq!(store.labels("shop").await.unwrap(), [email]);
    let none = decide(None);
    store.decide_label(&none).await.unwrap();
    assert_eq!(store.labels("shop").await.unwrap(), [none]);
    assert!(store.labels("other").await.unwrap().is_empty());
    assert!(store.forget_label(&place).await.unwrap());
    assert!(!store.forget_label(&place).await.unwrap());
    assert!(store.labels("shop").await.unwrap().is_empty());
}
