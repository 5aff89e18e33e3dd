//! Carries labels between the store and where they are in force: what values brought along, and
//! what people decided. Knows no session and no catalog.

use engine_pg::{Kept, Shelf};
use gate::{CarriedLabel, DecidedLabel, Keep, Place};
use std::sync::Arc;
use store::{KeptLabel, LabelPlace, Store};

/// Keeps the labels of a database in the store.
pub(super) fn keep(store: &Store) -> Keep {
    let store = store.clone();
    Arc::new(move |database: &str, labels: Vec<CarriedLabel>| {
        let store = store.clone();
        let kept: Vec<KeptLabel> =
            labels.into_iter().map(|label| stored(database, label)).collect();
        Box::pin(async move { store.keep_carried(&kept).await.map_err(|error| error.to_string()) })
    })
}

/// Reads what the store has of a database's labels.
pub(super) fn shelf(store: &Store) -> Shelf {
    let store = store.clone();
    let load = move |database: &str| {
        let (store, database) = (store.clone(), database.to_owned());
        Box::pin(async move { read(&store, &database).await.map_err(|error| error.to_string()) })
            as std::pin::Pin<Box<dyn Future<Output = Result<Kept, String>> + Send>>
    };
    Shelf { load: Arc::new(load) }
}

async fn read(store: &Store, database: &str) -> Result<Kept, store::StoreError> {
    let carried = store.carried_labels(database).await?;
    let decided = store.labels(database).await?;
    let decided = decided
        .into_iter()
        .map(|decided| DecidedLabel { place: place(decided.place), label: decided.label });
    Ok((carried.into_iter().map(restored).collect(), decided.collect()))
}

fn place(place: LabelPlace) -> Place {
    Place { schema: place.schema, relation: place.relation, column: place.column }
}

fn restored(kept: KeptLabel) -> CarriedLabel {
    CarriedLabel {
        place: place(kept.place),
        id: kept.id,
        label: kept.label,
        derived: kept.derived,
        evidence: kept.evidence,
    }
}

fn stored(database: &str, label: CarriedLabel) -> KeptLabel {
    let Place { schema, relation, column } = label.place;
    KeptLabel {
        place: LabelPlace { database: database.to_owned(), schema, relation, column },
        id: label.id,
        label: label.label,
        derived: label.derived,
        evidence: label.evidence,
    }
}
