//! `weir labels export`: JSON for scripts, CSV for spreadsheets, Markdown for a review.

use crate::{audit::no_formula, cli::ExportFormat, exit::Failure, labels::View, out::Out};
use model::Label;
use std::collections::BTreeMap;
use store::ColumnLabel;

/// The columns of the CSV form.
const HEADER: &[&str] = &[
    "database",
    "schema",
    "table",
    "column",
    "type",
    "label",
    "class",
    "confidence",
    "by",
    "evidence",
];

pub(super) fn export(
    view: &View<'_>,
    format: ExportFormat,
    columns: &[ColumnLabel],
) -> Result<(), Failure> {
    let mut out = Out::new();
    match format {
        ExportFormat::Json => {
            out.json(&columns.iter().map(|column| view.explained(column)).collect::<Vec<_>>())?;
        }
        ExportFormat::Csv => {
            out.data(HEADER.join(","))?;
            for column in columns {
                let cells = cells(view, column);
                out.data(cells.iter().map(|cell| csv(cell)).collect::<Vec<_>>().join(","))?;
            }
        }
        ExportFormat::Markdown => markdown(view, columns, &mut out)?,
    }
    Ok(out.flush()?)
}

fn cells(view: &View<'_>, column: &ColumnLabel) -> Vec<String> {
    let place = &column.found.place;
    let label = column.label();
    vec![
        place.database.clone(),
        place.schema.clone(),
        place.relation.clone(),
        place.column.clone(),
        column.found.type_name.clone(),
        label.map_or("", Label::as_str).to_owned(),
        label.map_or("", |label| view.class(label).as_str()).to_owned(),
        format!("{:.2}", column.confidence()),
        column.by().as_str().to_owned(),
        evidence(column),
    ]
}

/// What speaks for the label that is in force, in one line.
fn evidence(column: &ColumnLabel) -> String {
    if let Some(decided) = &column.decided {
        let because = if decided.reason.is_empty() { "" } else { ": " };
        return format!("decided by {}{because}{}", decided.by, decided.reason);
    }
    let carried = column.carried.as_ref().map(|carried| carried.evidence.clone());
    let all: Vec<String> = carried.into_iter().chain(column.found.evidence.clone()).collect();
    all.join("; ")
}

/// RFC 4180; what a spreadsheet would take for a formula gets an apostrophe.
fn csv(cell: &str) -> String {
    let cell = no_formula(cell);
    if cell.contains(['"', ',', '\n', '\r']) {
        return format!("\"{}\"", cell.replace('"', "\"\""));
    }
    cell
}

fn markdown(view: &View<'_>, columns: &[ColumnLabel], out: &mut Out) -> Result<(), Failure> {
    let mut tables: BTreeMap<(&str, &str, &str), Vec<&ColumnLabel>> = BTreeMap::new();
    for column in columns {
        let place = &column.found.place;
        let key = (place.database.as_str(), place.schema.as_str(), place.relation.as_str());
        tables.entry(key).or_default().push(column);
    }
    let labelled = columns.iter().filter(|column| column.label().is_some()).count();
    out.text(format!("# Labels\n\n{labelled} labelled columns in {} tables.", tables.len()))?;
    for ((database, schema, table), columns) in tables {
        out.text(format!("\n## {database}: {}\n", cell(&format!("{schema}.{table}"))))?;
        out.line("| Column | Type | Label | Class | Confidence | By | Why |")?;
        out.line("|---|---|---|---|---|---|---|")?;
        for column in columns {
            let cells: Vec<String> =
                cells(view, column).iter().skip(3).map(|text| cell(text)).collect();
            out.line(format!("| {} |", cells.join(" | ")))?;
        }
    }
    Ok(())
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
