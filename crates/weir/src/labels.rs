//! What columns hold, and what people decide about it: the same for the command line, the API and
//! the console. Knows no session, and not where what it says goes.

mod view;

pub(crate) use view::{HEADER, View};

use crate::exit::Failure;
use model::Label;
use std::time::SystemTime;
use store::{ColumnLabel, DecidedLabel, Store, StoreError};

/// What somebody says about a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// It bears this label, or none.
    Is(Option<Label>),
    /// What was decided holds no longer: what Weir finds does.
    TakeBack,
}

impl Word {
    /// Why it cannot be said without a reason; nothing if it can.
    pub(crate) const fn needs_reason(&self) -> Option<&'static str> {
        match self {
            Self::Is(Some(_)) => None,
            Self::Is(None) => Some("without a label its values leave unmasked"),
            Self::TakeBack => Some("what a person decided holds no longer"),
        }
    }
}

/// Puts a decision into force, with who, why and when. False if there was none to be taken back.
pub(crate) async fn decide(
    store: &Store,
    column: &ColumnLabel,
    word: &Word,
    by: &str,
    (reason, at): (String, SystemTime),
) -> Result<bool, StoreError> {
    let place = &column.found.place;
    match word {
        Word::TakeBack => {
            // A label that follows a column's number was decided under another name.
            let decided = column.decided.as_ref().map_or(place, |decided| &decided.place);
            store.forget_label(decided, (by, &reason), at).await
        }
        Word::Is(label) => {
            let (place, id, label) = (place.clone(), Some(column.found.id), label.clone());
            let decided = DecidedLabel { place, id, label, by: by.to_owned(), reason, at };
            store.decide_label(&decided).await.map(|()| true)
        }
    }
}

/// Why nothing can be said.
pub(crate) fn no_columns() -> String {
    "nothing is known of any column yet: labels are found when `weir serve` starts, and by \
     `weir labels scan`"
        .to_owned()
}

/// Every known column, of one database or of all.
pub(crate) async fn known(
    store: &Store,
    database: Option<&str>,
) -> Result<Vec<ColumnLabel>, Failure> {
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
pub(crate) async fn find(
    store: &Store,
    database: Option<&str>,
    column: &str,
) -> Result<ColumnLabel, Failure> {
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
