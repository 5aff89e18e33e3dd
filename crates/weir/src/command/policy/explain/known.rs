//! What an explanation starts from: the database, its catalog and labels, who asks.

use crate::{
    cli::ExplainArgs,
    command::load,
    exit::Failure,
    serve::{labels, upstream},
};
use anyhow::Context;
use config::Config;
use engine_pg::{Labeller, catalog::CatalogReader};
use model::{Catalog, Identity, LabelMap, Labelling};
use rehearsal::Schema;
use std::{path::Path, sync::Arc};
use store::{Account, Store};

/// How many identities may act for one another.
const MAX_CHAIN: usize = policy::MAX_CHAIN;

/// A database by Weir's name, and its environment.
pub(super) struct Place {
    pub(super) database: String,
    pub(super) environment: String,
}

pub(super) fn place(file: &Path, args: &ExplainArgs) -> Result<Place, Failure> {
    if let (Some(database), Some(environment)) = (&args.database, &args.environment) {
        let (database, environment) = (database.clone(), environment.clone());
        return Ok(Place { database, environment });
    }
    if args.schema.is_some() && !file.exists() {
        let database = args.database.clone().unwrap_or_else(|| "shop".to_owned());
        let environment = args.environment.clone().unwrap_or_else(|| "production".to_owned());
        return Ok(Place { database, environment });
    }
    let config = load(file)?;
    let database = match (&args.database, config.databases.as_slice()) {
        (Some(name), _) => name.clone(),
        (None, [only]) if only.name != "*" => only.name.clone(),
        (None, _) => return Err(Failure::Refused("which database? --database NAME".to_owned())),
    };
    let Some((found, _)) = config.database(&database) else {
        return Err(Failure::Refused(format!("weir.toml names no database \"{database}\"")));
    };
    let environment = args.environment.clone().unwrap_or_else(|| found.environment.clone());
    Ok(Place { database, environment })
}

/// The catalog with its labels: from a file, else from the database and what is known of it.
pub(super) async fn schema(
    file: &Path,
    args: &ExplainArgs,
    database: &str,
) -> Result<Schema, Failure> {
    let Some(from) = &args.schema else { return read(&load(file)?, database).await };
    let text = std::fs::read_to_string(from)
        .map_err(|error| anyhow::anyhow!("{} cannot be read: {error}", from.display()))?;
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    Schema::read(lines).map_err(|(line, message)| {
        let file = from.display().to_string();
        let problem = crate::exit::Problem { file, line, column: 1, message, help: None };
        Failure::Problems(vec![problem])
    })
}

pub(super) async fn read(config: &Config, name: &str) -> Result<Schema, Failure> {
    let Some((database, inner)) = config.database(name) else {
        return Err(Failure::Refused(format!("weir.toml names no database \"{name}\"")));
    };
    let of = || format!("database \"{name}\"");
    let mut reached = upstream(config, database)?;
    inner.clone_into(&mut reached.database);
    let mut reader = CatalogReader::connect(&reached).await.with_context(of)?;
    let catalog = reader.read(1).await.with_context(of)?;
    let rules = labels::rules(config, name)?;
    let known = match Store::open_existing(&config.state_dir).await? {
        Some(store) => store.columns(name).await?,
        None => Vec::new(),
    };
    let mut labeller = Labeller::new(Arc::new(rules));
    let found = labeller.label(&mut reader, &catalog, true).await.with_context(of)?;
    let labels = found.map(|(labels, _)| labels).unwrap_or_default();
    Ok(Schema { labels: decided(labels, &catalog, &known), catalog })
}

/// What was found now, with what values carried and people decided laid over it.
fn decided(mut labels: LabelMap, catalog: &Catalog, known: &[store::ColumnLabel]) -> LabelMap {
    for column in known {
        let place = &column.found.place;
        let Some(relation) = catalog.relation_named(&place.schema, &place.relation) else {
            continue;
        };
        let Some(found) = relation.column(&place.column) else { continue };
        let id = relation.column_id(found.number);
        match column.label() {
            Some(label) => {
                let (label, evidence) = (label.clone(), Vec::new());
                labels.columns.insert(id, Labelling { label, confidence: 1.0, evidence });
            }
            None if column.decided.is_some() => {
                labels.columns.remove(&id);
            }
            None => {}
        }
        if column.carried.as_ref().is_some_and(|carried| carried.derived) {
            labels.derived.insert(id);
        }
    }
    labels
}

/// Who asks: the one that is meant, or everybody.
pub(super) async fn whom(file: &Path, args: &ExplainArgs) -> Result<Vec<Identity>, Failure> {
    let Some(named) = &args.identity else {
        let accounts = accounts(file).await?;
        let enabled = accounts.iter().filter(|account| account.enabled);
        return Ok(enabled.map(|account| identity(&accounts, account, MAX_CHAIN)).collect());
    };
    let mut found = match named.contains(' ') {
        true => rehearsal::identity(named).map_err(Failure::Refused)?,
        false => {
            let accounts = accounts(file).await?;
            let Some(account) = accounts.iter().find(|one| one.name.as_str() == named) else {
                let why =
                    format!("there is no identity \"{named}\"; --as 'person {named}' tries one");
                return Err(Failure::Refused(why));
            };
            identity(&accounts, account, MAX_CHAIN)
        }
    };
    found.groups.extend(args.groups.iter().cloned());
    found.groups.sort();
    found.groups.dedup();
    Ok(vec![found])
}

async fn accounts(file: &Path) -> Result<Vec<Account>, Failure> {
    let config = load(file)?;
    match Store::open_existing(&config.state_dir).await? {
        Some(store) => Ok(store.identities().await?),
        None => Ok(Vec::new()),
    }
}

/// One of these accounts as policy sees it.
pub(crate) fn of(all: &[Account], name: &str) -> Option<Identity> {
    let account = all.iter().find(|account| account.name.as_str() == name)?;
    Some(identity(all, account, MAX_CHAIN))
}

/// An account as policy sees it, with those that it acts for.
fn identity(all: &[Account], account: &Account, left: usize) -> Identity {
    let acts_for = account.acts_for.as_ref().filter(|_| left > 0).and_then(|name| {
        let principal = all.iter().find(|one| one.name == *name)?;
        Some(Box::new(identity(all, principal, left - 1)))
    });
    Identity {
        name: account.name.clone(),
        kind: account.kind,
        groups: account.groups.clone(),
        acts_for,
    }
}
