//! Columns and figures as the pages of the data map show them.

use super::super::{Console, answer::No};
use crate::{
    http::map::{self, Sums, moment},
    labels::View,
};
use console::{
    data::{Column, ColumnPage, Decided, Evidence, Heat, Sought, Table, TablePage, table_link},
    flow::Node,
    identities,
    layout::Tone,
};
use model::Label;
use std::collections::{BTreeMap, BTreeSet};
use store::ColumnLabel;

/// A label with its class, as pages have it.
fn named(view: &View<'_>, label: &Label) -> (String, &'static str) {
    (label.to_string(), view.class(label).as_str())
}

/// In hundredths.
fn hundredths(confidence: f32) -> u32 {
    (f64::from(confidence) * 100.0).round().clamp(0.0, 100.0) as u32
}

/// How much a column was used; what left of it counts as raw only if it bears a label.
fn heat(sums: Option<&Sums>, column: &ColumnLabel) -> Heat {
    let place = &column.found.place;
    let key = (place.database.clone(), place.path());
    let heat = sums.and_then(|sums| sums.get(&key)).copied().unwrap_or_default();
    if column.label().is_some() { heat } else { heat.unlabelled() }
}

/// A database with how many tables, columns and labelled columns it has.
pub(super) fn counted(name: &str, columns: &[ColumnLabel]) -> (String, usize, usize, usize) {
    let tables: BTreeSet<(&str, &str)> = columns.iter().map(table_of).collect();
    let labelled = columns.iter().filter(|one| one.label().is_some()).count();
    (name.to_owned(), tables.len(), columns.len(), labelled)
}

fn table_of(column: &ColumnLabel) -> (&str, &str) {
    let place = &column.found.place;
    (place.schema.as_str(), place.relation.as_str())
}

/// Labels that columns bear.
pub(super) fn labels(columns: &[ColumnLabel]) -> Vec<String> {
    let labels: BTreeSet<&str> =
        columns.iter().filter_map(|one| one.label().map(Label::as_str)).collect();
    labels.into_iter().map(str::to_owned).collect()
}

/// The tables that are looked for.
pub(super) fn tables(
    view: &View<'_>,
    columns: &[ColumnLabel],
    sums: Option<&Sums>,
    sought: &Sought,
) -> Vec<Table> {
    let mut found: BTreeMap<(&str, &str, &str), Vec<&ColumnLabel>> = BTreeMap::new();
    for one in columns {
        let place = &one.found.place;
        let key = (place.database.as_str(), place.schema.as_str(), place.relation.as_str());
        found.entry(key).or_default().push(one);
    }
    let text = sought.text.to_lowercase();
    let fits = |columns: &[&ColumnLabel]| {
        let named = columns.iter().any(|one| one.found.place.path().to_lowercase().contains(&text));
        let mut labels = columns.iter().filter_map(|one| one.label());
        let labelled = match sought.label.as_str() {
            "" => true,
            "none" => labels.next().is_none(),
            wanted => labels.any(|label| label.as_str() == wanted),
        };
        named && labelled
    };
    let one = |((database, schema, table), columns): ((&str, &str, &str), Vec<&ColumnLabel>)| {
        let mut labels: BTreeMap<&Label, usize> = BTreeMap::new();
        for label in columns.iter().filter_map(|one| one.label()) {
            *labels.entry(label).or_default() += 1;
        }
        let labels = labels.into_iter().map(|(label, count)| {
            let (label, class) = named(view, label);
            (label, class, count)
        });
        let heats = columns.iter().map(|one| heat(sums, one));
        Table {
            place: [database, schema, table].map(str::to_owned),
            columns: columns.len(),
            labels: labels.collect(),
            // A statement touches several columns of a table: the most touched one tells.
            heat: heats.fold(Heat::default(), |sum, one| Heat {
                statements: sum.statements.max(one.statements),
                ..sum.and(one)
            }),
        }
    };
    let mut tables: Vec<Table> =
        found.into_iter().filter(|(_, columns)| fits(columns)).map(one).collect();
    if sought.hottest {
        tables.sort_by_key(|one| std::cmp::Reverse((one.heat.values(), one.heat.statements)));
    }
    tables
}

/// A column as lists have it.
fn column(view: &View<'_>, one: &ColumnLabel, sums: Option<&Sums>) -> Column {
    let place = &one.found.place;
    let names = [&place.database, &place.schema, &place.relation, &place.column];
    Column {
        place: names.map(String::clone),
        type_name: one.found.type_name.clone(),
        label: one.label().map(|label| named(view, label)),
        confidence: hundredths(one.confidence()),
        by: one.by().as_str(),
        heat: heat(sums, one),
    }
}

impl Console {
    /// A table with all that is known of it.
    pub(super) async fn table_page(
        &self,
        place: [String; 3],
        columns: &[ColumnLabel],
    ) -> Result<TablePage, No> {
        let config = self.shared.config.load_full();
        let sums = self.sums(Some(place[0].clone())).await?;
        let view = View { config: &config };
        let columns = columns.iter().map(|one| column(&view, one, sums.as_ref())).collect();
        let asked = place.clone();
        let (moves, doers) = self
            .ask_if_there(move |answers| {
                let [database, schema, table] = &asked;
                let moves = map::moves(answers, database, [schema, table])?;
                let doers = map::doers(answers, database, &format!("{schema}.{table}"))?;
                Ok(Some((moves, doers)))
            })
            .await?
            .unwrap_or_default();
        let moves = moves.unwrap_or_default();
        let used = doers.as_deref().unwrap_or_default();
        let who = |wrote: bool| {
            let all = used.iter().map(move |one| (one, if wrote { one.wrote } else { one.read }));
            all.filter(|(_, count)| *count > 0).map(|(one, count)| Node {
                name: one.identity.clone(),
                kind: one.kind,
                words: statements(count),
                link: identities::link(one.identity.rsplit('/').next().unwrap_or_default()),
            })
        };
        let tables = |all: &[(String, u64)]| -> Vec<Node> {
            all.iter().map(|(name, count)| relation(&place[0], name, *count)).collect()
        };
        let before = tables(&moves.from).into_iter().chain(who(true)).collect();
        let behind = tables(&moves.to).into_iter().chain(who(false)).collect();
        let days = sums.map(|_| map::DAYS);
        Ok(TablePage { place, columns, before, behind, doers, days })
    }

    /// A column with all that is known of it.
    pub(super) async fn column_page(
        &self,
        one: &ColumnLabel,
        said: Option<(Tone, String)>,
    ) -> Result<ColumnPage, No> {
        let config = self.shared.config.load_full();
        let (view, place) = (View { config: &config }, &one.found.place);
        let sums = self.sums(Some(place.database.clone())).await?;
        let (database, path) = (place.database.clone(), place.path());
        let (readers, changes) = self
            .ask_if_there(move |answers| {
                let readers = map::readers(answers, &database, &path)?;
                Ok(Some((readers, map::changes(answers, &database, &path)?)))
            })
            .await?
            .unwrap_or_default();
        let found = &one.found;
        let carried = one.carried.as_ref();
        Ok(ColumnPage {
            column: column(&view, one, sums.as_ref()),
            found: Evidence {
                label: found.label.as_ref().map(|label| named(&view, label)),
                confidence: hundredths(found.confidence),
                by_rule: found.by_rule,
                lines: found.evidence.clone(),
                against: found.against.clone(),
                at: moment(one.found_at),
            },
            carried: carried.map(|one| (named(&view, &one.label), one.evidence.clone())),
            decided: one.decided.as_ref().map(|one| Decided {
                label: one.label.as_ref().map(|label| named(&view, label)),
                by: one.by.clone(),
                reason: one.reason.clone(),
                at: moment(one.at),
            }),
            readers,
            changes,
            labels: view.words().into_iter().map(str::to_owned).collect(),
            said,
        })
    }
}

fn statements(count: u64) -> String {
    match count {
        1 => "1 statement".to_owned(),
        count => format!("{} statements", console::parts::grouped(count)),
    }
}

/// A relation beside another, by its name as records have it.
fn relation(database: &str, name: &str, kinds: u64) -> Node {
    let words = match kinds {
        1 => "1 kind of statement".to_owned(),
        kinds => format!("{kinds} kinds of statements"),
    };
    let (schema, table) = name.split_once('.').unwrap_or(("public", name));
    Node {
        name: name.to_owned(),
        kind: "table",
        words,
        link: table_link([database, schema, table]),
    }
}
