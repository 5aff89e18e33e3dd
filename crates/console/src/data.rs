//! What is where: databases, their tables and columns, with labels, how sure they are, and how much
//! was read of each.

mod column;
mod table;

pub use column::{Change, ColumnPage, Decided, Evidence, Read, column};
pub use table::{Doer, TablePage, table};

use crate::{
    Icon, Shown, icon,
    layout::{Page, Place, Viewer, state},
    parts::{escaped, grouped},
};
use maud::{Markup, html};

/// How much something was used in the last days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heat {
    /// Statements that touched it.
    pub statements: u64,
    /// Values of it that bear a label and left as they are.
    pub raw: u64,
    /// Values of it that left masked.
    pub masked: u64,
    /// Values of it that bear no label and left.
    pub plain: u64,
}

impl Heat {
    /// Both together; sums that long stay where they are.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            statements: self.statements.saturating_add(other.statements),
            raw: self.raw.saturating_add(other.raw),
            masked: self.masked.saturating_add(other.masked),
            plain: self.plain.saturating_add(other.plain),
        }
    }

    /// Values that left.
    pub const fn values(self) -> u64 {
        self.raw.saturating_add(self.masked).saturating_add(self.plain)
    }

    /// The same of what bears no label.
    #[must_use]
    pub const fn unlabelled(self) -> Self {
        Self { raw: 0, plain: self.plain.saturating_add(self.raw), ..self }
    }
}

/// A column, as lists have it.
#[derive(Clone, Debug, Default)]
pub struct Column {
    /// Its place: database, schema, table, column.
    pub place: [String; 4],
    /// Its type.
    pub type_name: String,
    /// The label that holds, with its class.
    pub label: Option<(String, &'static str)>,
    /// How sure that is, in hundredths.
    pub confidence: u32,
    /// Who gave the label: `machine`, `rule`, `carried`, `person`.
    pub by: &'static str,
    /// How much it was used.
    pub heat: Heat,
}

/// A table, as the list has it.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Its place: database, schema, table.
    pub place: [String; 3],
    /// How many columns it has.
    pub columns: usize,
    /// Labels of its columns with how many columns bear them.
    pub labels: Vec<(String, &'static str, usize)>,
    /// How much it was used.
    pub heat: Heat,
}

/// What is looked for.
#[derive(Clone, Debug, Default)]
pub struct Sought {
    /// A part of a table's or a column's name.
    pub text: String,
    /// A database; all if empty.
    pub database: String,
    /// A label; all if empty, `none` for tables without one.
    pub label: String,
    /// Those first that were read most, and not by name.
    pub hottest: bool,
}

/// The page.
#[derive(Clone, Debug, Default)]
pub struct Map {
    /// Databases with how many tables, columns and labelled columns are known of each.
    pub databases: Vec<(String, usize, usize, usize)>,
    /// Labels that columns bear.
    pub labels: Vec<String>,
    /// Tables that are what is looked for.
    pub tables: Vec<Table>,
    /// How many there are beside those.
    pub more: usize,
    /// What is looked for.
    pub sought: Sought,
    /// How many days were added up; nothing if that is not known now.
    pub days: Option<u64>,
}

/// Where a table is.
pub fn table_link([database, schema, table]: [&str; 3]) -> String {
    let (path, [database, schema, table]) =
        (Place::DataMap.path(), [database, schema, table].map(escaped));
    format!("{path}/table?database={database}&schema={schema}&table={table}")
}

/// Where a column is.
pub fn column_link([database, schema, table, column]: [&str; 4]) -> String {
    let (path, column) = (Place::DataMap.path(), escaped(column));
    let [database, schema, table] = [database, schema, table].map(escaped);
    format!("{path}/column?database={database}&schema={schema}&table={table}&column={column}")
}

/// The page.
pub fn map(map: &Map, viewer: &Viewer) -> String {
    let content = html! {
        div .head { h1 { "Data map" } }
        @if map.databases.is_empty() {
            section .card {
                (state(Icon::Map, "No column is known yet", &html! {
                    "Weir reads the catalogs of its databases when it starts. "
                    code { "weir labels scan" } " reads them now, and says what stands in the way."
                }))
            }
        } @else {
            (databases(map))
            section .card aria-labelledby="tables" {
                header { h2 #tables .sr { "Tables" } (search(map)) }
                (tables(map))
            }
        }
    };
    Page::of(Place::DataMap, viewer).whole(&content)
}

fn databases(map: &Map) -> Markup {
    html! {
        section aria-label="Databases" {
            div .tiles {
                @for (name, tables, columns, labelled) in &map.databases {
                    a .tile href=(format!("{}?database={}", Place::DataMap.path(), escaped(name))) {
                        div .what { (Shown(name)) }
                        div .value {
                            (grouped(*labelled as u64)) " "
                            span .unit { "of " (grouped(*columns as u64)) " columns labelled" }
                        }
                        div .soft.small { (grouped(*tables as u64)) " tables" }
                    }
                }
            }
        }
    }
}

fn search(map: &Map) -> Markup {
    let sought = &map.sought;
    html! {
        form .filter.whole method="get" action=(Place::DataMap.path()) role="search" {
            div .field.wide {
                label for="q" { "Table or column" }
                input #q name="q" type="search" value=(Shown(&sought.text)) maxlength="200";
            }
            div .field {
                label for="database" { "Database" }
                select #database name="database" {
                    option value="" { "all" }
                    @for (name, ..) in &map.databases {
                        option value=(Shown(name)) selected[sought.database == *name] {
                            (Shown(name))
                        }
                    }
                }
            }
            div .field {
                label for="label" { "Label" }
                select #label name="label" {
                    option value="" { "all" }
                    option value="none" selected[sought.label == "none"] { "none at all" }
                    @for label in &map.labels {
                        option value=(Shown(label)) selected[sought.label == *label] {
                            (Shown(label))
                        }
                    }
                }
            }
            div .field {
                label for="order" { "Order" }
                select #order name="order" {
                    option value="" { "by name" }
                    option value="heat" selected[sought.hottest] { "most read first" }
                }
            }
            button type="submit" { "Filter" }
        }
    }
}

fn tables(map: &Map) -> Markup {
    let most = map.tables.iter().map(|one| one.heat.values()).max().unwrap_or(0);
    html! {
        @if map.tables.is_empty() {
            (state(Icon::Empty, "No table", &html! { "No table is what you look for." }))
        } @else {
            div .scroll {
                table .cards role="table" aria-labelledby="tables" {
                    thead role="rowgroup" {
                        tr role="row" {
                            @for name in ["Table", "Labels", "What left"] {
                                th role="columnheader" scope="col" { (name) }
                            }
                            @for name in ["Columns", "Statements"] {
                                th .num role="columnheader" scope="col" { (name) }
                            }
                        }
                    }
                    tbody role="rowgroup" { @for one in &map.tables { (row(one, most)) } }
                }
            }
            p .body.soft.small {
                @if map.more > 0 { "and " (grouped(map.more as u64)) " more: look for a name. " }
                (counted(map.days))
            }
        }
    }
}

/// What the figures are about.
pub(super) fn counted(days: Option<u64>) -> Markup {
    html! {
        @match days {
            Some(days) => { "What left, and statements: in the last " (days) " days." }
            None => { "How much was read is not known now: the index of the record is behind." }
        }
    }
}

fn row(one: &Table, most: u64) -> Markup {
    let [database, schema, table] = &one.place;
    html! {
        tr role="row" {
            td role="cell" data-label="Table" {
                div {
                    a .mono href=(table_link([database, schema, table])) {
                        (Shown(schema)) "." (Shown(table))
                    }
                    span .for { (Shown(database)) }
                }
            }
            td role="cell" data-label="Labels" {
                span .badges {
                    @for (label, class, count) in &one.labels {
                        span .badge.mask title=(class) {
                            (Shown(label)) @if *count > 1 { " × " (count) }
                        }
                    }
                }
            }
            td role="cell" data-label="What left" { (warmth(one.heat, most)) }
            td .num role="cell" data-label="Columns" { (one.columns) }
            td .num role="cell" data-label="Statements" { (grouped(one.heat.statements)) }
        }
    }
}

/// How much left as it is and how much masked, beside the most that left of anything here.
pub(crate) fn warmth(heat: Heat, most: u64) -> Markup {
    let part = |count: u64| match count {
        0 => 0,
        count => (count.saturating_mul(1_000) / most.max(1)).clamp(8, 1_000),
    };
    let (masked, raw, plain) = (part(heat.masked), part(heat.raw), part(heat.plain));
    let said = [(heat.raw, "raw"), (heat.masked, "masked"), (heat.plain, "unlabelled")];
    let said = said.into_iter().filter(|(count, _)| *count > 0);
    let said = said.map(|(count, how)| format!("{} {how}", grouped(count)));
    let said = said.collect::<Vec<_>>().join(", ");
    html! {
        @if heat.values() > 0 {
            div .heat {
                svg .bar viewBox="0 0 1000 8" preserveAspectRatio="none" aria-hidden="true" {
                    rect .bad width=(raw) height="8" {}
                    rect .mask x=(raw) width=(masked) height="8" {}
                    rect .plain x=(raw + masked) width=(plain) height="8" {}
                }
                span .small.soft { (said) }
            }
        }
    }
}

/// A label with its class, or that there is none.
pub(super) fn labelled(label: Option<&(String, &'static str)>) -> Markup {
    html! {
        @match label {
            Some((label, class)) => {
                span .badge.mask { (icon(Icon::Mask)) (Shown(label)) }
                " " span .small.soft { (class) }
            }
            None => { span .soft { "none" } }
        }
    }
}

/// Who gave a label, in words.
pub(super) fn giver(by: &str) -> &'static str {
    match by {
        "rule" => "a rule in weir.toml",
        "carried" => "values that were written here",
        "person" => "a person",
        _ => "found",
    }
}
