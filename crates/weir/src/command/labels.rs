//! `weir labels …`: what columns hold, why, and what people decide about it. Each change leaves an
//! event in the store, which the process that holds the ledger copies into it. Knows no session.

mod export;
mod scan;
mod view;

use crate::{
    actor::actor,
    cli::{LabelsCommand, LabelsList, LabelsSet},
    exit::Failure,
    out::Out,
};
use config::Config;
use model::Label;
use std::time::SystemTime;
use store::{ColumnLabel, DecidedLabel, Store};
use view::View;

pub(super) async fn run(config: &Config, command: LabelsCommand) -> Result<(), Failure> {
    let view = View { config };
    match command {
        LabelsCommand::Scan { databases, json } => scan::scan(&view, databases, json).await,
        LabelsCommand::List(args) => list(&view, args).await,
        LabelsCommand::Explain { column, database, json } => {
            let store = opened(config).await?;
            let found = find(&store, database.as_deref(), &column).await?;
            let mut out = Out::new();
            if json {
                out.json(&view.explained(&found))?;
            } else {
                view.explanation(&found).into_iter().try_for_each(|line| out.line(line))?;
            }
            Ok(out.flush()?)
        }
        LabelsCommand::Set(args) => set(&view, args).await,
        LabelsCommand::Export { format, database, all } => {
            let columns = columns(config, database.as_deref()).await?;
            let columns: Vec<ColumnLabel> =
                columns.into_iter().filter(|one| all || one.label().is_some()).collect();
            export::export(&view, format, &columns)
        }
    }
}

async fn list(view: &View<'_>, args: LabelsList) -> Result<(), Failure> {
    let columns = columns(view.config, args.database.as_deref()).await?;
    let shown = |column: &ColumnLabel| match (column.label(), &args.label) {
        (Some(label), Some(wanted)) => label.as_str() == wanted,
        (label, None) => args.all || label.is_some(),
        (None, Some(_)) => false,
    };
    let known = !columns.is_empty();
    let columns: Vec<ColumnLabel> = columns.into_iter().filter(shown).collect();
    let mut out = Out::new();
    if args.json {
        out.json(&columns.iter().map(|column| view.object(column)).collect::<Vec<_>>())?;
    } else if columns.is_empty() {
        let hint = "labels are found when `weir serve` starts; `weir labels scan` finds them now";
        let said = if known { "No column bears such a label.".to_owned() } else { nothing(hint) };
        out.line(said)?;
    } else {
        let rows: Vec<Vec<String>> = columns.iter().map(|column| view.row(column)).collect();
        out.table(view::HEADER, &rows)?;
    }
    Ok(out.flush()?)
}

fn nothing(hint: &str) -> String {
    format!("Nothing is known of any column yet: {hint}.")
}

async fn set(view: &View<'_>, args: LabelsSet) -> Result<(), Failure> {
    let store = opened(view.config).await?;
    let found = find(&store, args.database.as_deref(), &args.column).await?;
    let (place, by, now) = (found.found.place.clone(), actor(), SystemTime::now());
    let path = place.path();
    let said = if args.clear {
        // A label that follows a column's number was decided under another name.
        let decided = found.decided.as_ref().map_or(&place, |decided| &decided.place);
        match store.forget_label(decided, &by, now).await? {
            true => format!("{path} has the label again that Weir finds"),
            false => format!("nobody had decided about {path}"),
        }
    } else {
        let label = view.label(args.label.as_deref().unwrap_or_default())?;
        let said = match &label {
            Some(label) => format!("{path} is {label} now"),
            None => format!("{path} bears no label now and leaves unmasked"),
        };
        let (id, reason) = (Some(found.found.id), args.reason);
        let decided = DecidedLabel { place: place.clone(), id, label, by, reason, at: now };
        store.decide_label(&decided).await?;
        said
    };
    let after = find(&store, Some(&place.database), &path).await?;
    store.close().await;
    let mut out = Out::new();
    if args.json {
        out.json(&view.object(&after))?;
    } else {
        let label = after.label().map_or("none", Label::as_str);
        let tail = if args.clear {
            format!(": {label}, by {}", after.by().as_str())
        } else {
            String::new()
        };
        out.line(format!("{said}{tail}."))?;
    }
    Ok(out.flush()?)
}

async fn opened(config: &Config) -> Result<Store, Failure> {
    let store = Store::open_existing(&config.state_dir).await?;
    store.ok_or_else(|| Failure::Refused(no_columns()))
}

fn no_columns() -> String {
    "nothing is known of any column yet: labels are found when `weir serve` starts, and by \
     `weir labels scan`"
        .to_owned()
}

/// Every known column, of one database or of all.
async fn columns(config: &Config, database: Option<&str>) -> Result<Vec<ColumnLabel>, Failure> {
    match Store::open_existing(&config.state_dir).await? {
        Some(store) => known(&store, database).await,
        None => Ok(Vec::new()),
    }
}

async fn known(store: &Store, database: Option<&str>) -> Result<Vec<ColumnLabel>, Failure> {
    let all = store.labelled_databases().await?;
    let mut columns = Vec::new();
    if let Some(wanted) = database.filter(|name| !all.iter().any(|known| known == name)) {
        let why =
            format!("no column of a database \"{wanted}\" is known: weir labels scan {wanted}");
        return Err(Failure::Refused(why));
    }
    for name in all.iter().filter(|name| database.is_none_or(|wanted| wanted == *name)) {
        columns.extend(store.columns(name).await?);
    }
    Ok(columns)
}

/// The one column that is meant.
async fn find(store: &Store, database: Option<&str>, column: &str) -> Result<ColumnLabel, Failure> {
    let all = known(store, database).await?;
    if all.is_empty() {
        return Err(Failure::Refused(no_columns()));
    }
    let is_meant = |one: &ColumnLabel| {
        let place = &one.found.place;
        place.path() == column || format!("{}.{}", place.relation, place.column) == column
    };
    let mut meant: Vec<ColumnLabel> = all.into_iter().filter(is_meant).collect();
    // A full path is exact where `a.b.c` may also be read as a relation with a dot in its name.
    if meant.iter().any(|one| one.found.place.path() == column) {
        meant.retain(|one| one.found.place.path() == column);
    }
    match (meant.pop(), meant.as_slice()) {
        (Some(one), []) => Ok(one),
        (Some(one), others) => {
            let named = others.iter().chain([&one]).map(|one| {
                let place = &one.found.place;
                format!("{} in {}", place.path(), place.database)
            });
            let named = named.collect::<Vec<_>>().join(", ");
            Err(Failure::Refused(format!("several columns are meant by \"{column}\": {named}")))
        }
        (None, _) => Err(Failure::Refused(format!(
            "no column \"{column}\" is known: `weir labels list --all` shows those that are, \
             `weir labels scan` reads the catalog anew"
        ))),
    }
}
