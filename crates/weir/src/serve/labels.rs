//! Carries labels between the store, the configuration and where they are in force: what was found,
//! what values brought along, what people decided, rules. Knows no session and no catalog.

use super::Shared;
use config::Config;
use engine_pg::{Doing, FoundColumn, Kept, Shelf};
use gate::{CarriedLabel, DecidedLabel, Keep, LabelRule, LabelRules, Place, RuleText};
use model::{Label, Labelling, Weighing};
use std::{sync::Arc, time::SystemTime};
use store::{FoundLabel, KeptLabel, LabelPlace, Store, StoreError};

/// Keeps the labels that values carried to columns of a database in the store.
pub(super) fn keep(shared: &Shared) -> Keep {
    let (store, changes) = (shared.store.clone(), shared.labels.clone());
    Arc::new(move |database: &str, labels: Vec<CarriedLabel>| {
        let (store, changes) = (store.clone(), changes.clone());
        let database = database.to_owned();
        Box::pin(async move {
            keep_all(&store, &database, labels).await.map_err(|error| error.to_string())?;
            // Sessions from before the settings changed may know the database apart from others.
            changes.send_modify(|count| *count += 1);
            Ok(())
        })
    })
}

/// Keeps labels that columns of a database bear by their values.
pub(crate) async fn keep_all(
    store: &Store,
    database: &str,
    labels: Vec<CarriedLabel>,
) -> Result<(), StoreError> {
    let kept: Vec<KeptLabel> = labels.into_iter().map(|label| stored(database, label)).collect();
    store.keep_carried(&kept).await
}

/// What the store has of a database's labels.
pub(crate) struct Known {
    /// Labels that values carried.
    pub(crate) carried: Vec<CarriedLabel>,
    /// What people decided.
    pub(crate) decided: Vec<DecidedLabel>,
    /// What was found last.
    pub(crate) found: Vec<FoundColumn>,
}

impl Known {
    /// Reads it.
    pub(crate) async fn read(store: &Store, database: &str) -> Result<Self, StoreError> {
        let decided = store.labels(database).await?.into_iter().map(|decided| DecidedLabel {
            place: place(decided.place),
            id: decided.id,
            label: decided.label,
        });
        let carried = store.carried_labels(database).await?;
        let found = store.columns(database).await?.into_iter().map(|column| found(column.found));
        Ok(Self {
            carried: carried.into_iter().map(restored).collect(),
            decided: decided.collect(),
            found: found.collect(),
        })
    }
}

/// Where the engine finds what is known of a database's labels, and where it keeps what it finds.
pub(super) fn shelf(shared: &Arc<Shared>) -> Shelf {
    let (reads, writes) = (Arc::clone(shared), shared.store.clone());
    let load = move |database: &str| {
        let (shared, database) = (Arc::clone(&reads), database.to_owned());
        let kept = async move { read(&shared, &database).await.map_err(|e| format!("{e:#}")) };
        Box::pin(kept) as Doing<Kept>
    };
    let found = move |database: &str, found: Vec<FoundColumn>| {
        let (store, database) = (writes.clone(), database.to_owned());
        let keep = async move {
            let found = rows(&database, found);
            let kept = store.keep_found(&database, &found, SystemTime::now()).await;
            kept.map(|_| ()).map_err(|error| error.to_string())
        };
        Box::pin(keep) as Doing<()>
    };
    let changes = shared.labels.subscribe();
    Shelf { load: Arc::new(load), found: Arc::new(found), changes }
}

async fn read(shared: &Shared, database: &str) -> anyhow::Result<Kept> {
    let (store, config) = (&shared.store, shared.config.load_full());
    let Known { carried, decided, found } = Known::read(store, database).await?;
    Ok(Kept {
        carried,
        decided,
        found,
        rules: Arc::new(rules(&config, database)?),
        interval: config.labels.refresh,
        asked: store.scan_asked(database).await?,
    })
}

/// The rules of the configuration that concern a database.
pub(crate) fn rules(config: &Config, database: &str) -> anyhow::Result<LabelRules> {
    let concerns =
        |rule: &&config::LabelRule| rule.database.as_deref().is_none_or(|named| named == database);
    let rules = config.labels.rules.iter().filter(concerns).map(|rule| {
        let text = RuleText {
            schema: rule.schema.clone(),
            relation: rule.table.clone(),
            column: rule.column.clone(),
            types: rule.types.clone(),
            value: rule.value.clone(),
        };
        LabelRule::new(Label::new(&rule.label), rule.class, text)
            .map_err(|why| anyhow::anyhow!("the rule for label \"{}\": {why}", rule.label))
    });
    Ok(LabelRules::new(rules.collect::<anyhow::Result<_>>()?))
}

/// What was found, as the store keeps it.
pub(crate) fn rows(database: &str, found: Vec<FoundColumn>) -> Vec<FoundLabel> {
    let row = |column: FoundColumn| {
        let Weighing { labelling, against, by_rule, by_samples } = column.weighing;
        let (label, confidence, evidence) = match labelling {
            Some(Labelling { label, confidence, evidence }) => (Some(label), confidence, evidence),
            None => (None, 0.0, Vec::new()),
        };
        let Place { schema, relation, column: name } = column.place;
        let place = LabelPlace { database: database.to_owned(), schema, relation, column: name };
        let (id, type_name) = (column.id, column.type_name);
        FoundLabel {
            place,
            id,
            type_name,
            label,
            confidence,
            by_rule,
            by_samples,
            evidence,
            against,
        }
    };
    found.into_iter().map(row).collect()
}

fn found(row: FoundLabel) -> FoundColumn {
    let FoundLabel { confidence, evidence, against, by_rule, by_samples, .. } = row;
    let labelling = row.label.map(|label| Labelling { label, confidence, evidence });
    FoundColumn {
        place: place(row.place),
        id: row.id,
        type_name: row.type_name,
        weighing: Weighing { labelling, against, by_rule, by_samples },
    }
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
