//! The sections that tell of code behind operators, casts, aggregates and defaults. Knows the
//! columns of their queries.

use crate::catalog::{CatalogError, queries::Section, row::Row};
use model::{
    ColumnId, FunctionId, RelationId, TypeId,
    code::{Cast, Code, Operator},
};
use wire_pg::Values;

/// Takes one row of such a section.
pub(super) fn row(
    code: &mut Code,
    section: Section,
    values: Values<'_>,
) -> Result<(), CatalogError> {
    match section {
        Section::Operators => operator(code, Row::new(values, "operators")),
        Section::Casts => cast(code, Row::new(values, "casts")),
        Section::Aggregates => aggregate(code, Row::new(values, "aggregates")),
        Section::ArgumentDefaults => argument(code, Row::new(values, "argument defaults")),
        Section::ColumnDefaults => column(code, Row::new(values, "column defaults")),
        _ => Err(CatalogError::Row("a section of another kind")),
    }
}

fn operator(code: &mut Code, mut row: Row<'_>) -> Result<(), CatalogError> {
    let (schema, name) = (row.optional()?, row.text()?);
    let Some(schema) = schema else {
        code.builtin_operators.insert(name);
        return Ok(());
    };
    let left = Some(TypeId(row.number()?)).filter(|ty| ty.0 != 0);
    let right = TypeId(row.number()?);
    let function = FunctionId(row.number()?);
    code.operators.entry(name).or_default().push(Operator { schema, left, right, function });
    Ok(())
}

fn cast(code: &mut Code, mut row: Row<'_>) -> Result<(), CatalogError> {
    code.casts.push(Cast {
        source: TypeId(row.number()?),
        target: TypeId(row.number()?),
        function: FunctionId(row.number()?),
        silent: row.boolean()?,
    });
    Ok(())
}

fn aggregate(code: &mut Code, mut row: Row<'_>) -> Result<(), CatalogError> {
    let id = FunctionId(row.number()?);
    let parts: Vec<u32> = row.numbers()?;
    let parts = parts.into_iter().filter(|part| *part != 0).map(FunctionId);
    code.aggregates.insert(id, parts.collect());
    Ok(())
}

fn argument(code: &mut Code, mut row: Row<'_>) -> Result<(), CatalogError> {
    let id = FunctionId(row.number()?);
    // One that cannot be had is not one that is not there: no analysis understands its text.
    code.argument_defaults.insert(id, row.optional()?.unwrap_or_default());
    Ok(())
}

fn column(code: &mut Code, mut row: Row<'_>) -> Result<(), CatalogError> {
    let id = ColumnId { relation: RelationId(row.number()?), number: row.number()? };
    code.column_defaults.insert(id, row.optional()?.unwrap_or_default());
    Ok(())
}
