//! Carried labels outlast the store's own life and replace what was kept before.

use super::*;
use model::RelationId;

#[tokio::test]
async fn carried_labels_are_kept_and_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let place = LabelPlace {
        database: "shop".to_owned(),
        schema: "public".to_owned(),
        relation: "archive".to_owned(),
        column: "contact".to_owned(),
    };
    let first = KeptLabel {
        place,
        id: None,
        label: Label::EMAIL,
        derived: false,
        evidence: "values of public.customers.email were written here".to_owned(),
    };
    let store = Store::open(dir.path()).await.unwrap();
    store.keep_carried(std::slice::from_ref(&first)).await.unwrap();
    let id = Some(ColumnId { relation: RelationId(16_384), number: 3 });
    let second = KeptLabel { id, label: Label::NATIONAL_ID, derived: true, ..first };
    store.keep_carried(std::slice::from_ref(&second)).await.unwrap();
    store.close().await;
    let store = Store::open(dir.path()).await.unwrap();
    assert_eq!(store.carried_labels("shop").await.unwrap(), [second]);
    assert!(store.carried_labels("other").await.unwrap().is_empty());
}
