//! `weir labels …`: what columns hold, why, and what people decide about it. Each change leaves an
//! event in the store, which the process that holds the ledger copies into it. Knows no session.

mod export;
mod scan;

use crate::{
    actor::actor,
    cli::{LabelsCommand, LabelsList, LabelsSet},
    exit::Failure,
    labels::{HEADER, View, Word, decide, find, known, no_columns},
    out::Out,
};
use config::Config;
use model::Label;
use std::time::SystemTime;
use store::{ColumnLabel, Store};

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
        out.table(HEADER, &rows)?;
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
    let word = match args.clear {
        true => Word::TakeBack,
        false => Word::Is(view.label(args.label.as_deref().unwrap_or_default())?),
    };
    if let Some(why) = word.needs_reason().filter(|_| args.reason.trim().is_empty()) {
        return Err(Failure::Usage(format!("{why}: say why, with --reason TEXT")));
    }
    let changed = decide(&store, &found, &word, &by, (args.reason, now)).await?;
    let said = match (&word, changed) {
        (Word::TakeBack, true) => format!("{path} has the label again that Weir finds"),
        (Word::TakeBack, false) => format!("nobody had decided about {path}"),
        (Word::Is(Some(label)), _) => format!("{path} is {label} now"),
        (Word::Is(None), _) => format!("{path} bears no label now and leaves unmasked"),
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

/// Every known column, of one database or of all.
async fn columns(config: &Config, database: Option<&str>) -> Result<Vec<ColumnLabel>, Failure> {
    match Store::open_existing(&config.state_dir).await? {
        Some(store) => known(&store, database).await,
        None => Ok(Vec::new()),
    }
}
