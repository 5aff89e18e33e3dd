//! Which columns of a result show text that others may have written: from what the facts say of
//! where it comes from. Knows no value.

use super::Field;
use crate::{
    plan::{Part, Plan},
    words::{Form, Held, TextIn},
};
use mask::{ColumnMask, Format};
use model::{
    Catalog, ColumnId, Facts, Label, Operation, TypeId,
    catalog::{Column, Relation, TypeKind, Volatility},
    facts::Output,
};

/// Functions of the server's own that are not immutable, and still tell nothing that others wrote:
/// they make something of their arguments, or tell of the server and the session.
const QUIET: &[&str] = &[
    "age",
    "array_to_json",
    "array_to_string",
    "concat",
    "concat_ws",
    "current_catalog",
    "current_database",
    "current_schema",
    "current_schemas",
    "current_setting",
    "current_user",
    "format",
    "format_type",
    "json_agg",
    "json_build_array",
    "json_build_object",
    "json_object_agg",
    "jsonb_agg",
    "jsonb_build_array",
    "jsonb_build_object",
    "jsonb_object_agg",
    "pg_client_encoding",
    "pg_encoding_to_char",
    "pg_get_userbyid",
    "row_to_json",
    "session_user",
    "timeofday",
    "to_char",
    "to_json",
    "to_jsonb",
    "user",
    "version",
];

/// A part of a plan whose result is looked at.
pub(super) struct Seen<'a> {
    pub(super) plan: &'a Plan,
    pub(super) part: &'a Part,
    /// The server's description is what the facts foresaw.
    pub(super) agreed: bool,
    /// Nothing in it tells what is not among its sources.
    pub(super) quiet: bool,
}

/// True if all of a statement was understood, and it calls nothing that tells of what the catalog
/// holds beside names: comments, definitions, bodies.
pub(super) fn is_quiet(plan: &Plan, facts: &Facts) -> bool {
    let catalog = &plan.knowledge.catalog;
    let quiet = |name: &str| {
        let Some(name) = name.strip_prefix("pg_catalog.") else { return false };
        let mut known = catalog.functions_named(name).filter(|it| it.schema == "pg_catalog");
        QUIET.contains(&name)
            || catalog.functions_named(name).next().is_some()
                && known.all(|function| {
                    function.volatility == Volatility::Immutable
                        || is_code(function.return_type, catalog)
                })
    };
    matches!(facts.operation, Operation::Select | Operation::Show)
        && facts.unknowns.is_empty()
        && !facts.dynamic
        && facts.functions.iter().all(|function| quiet(&function.name))
}

impl Seen<'_> {
    /// What may be in the values of a column, as they leave. A mask leaves nothing of what somebody
    /// wrote but single characters.
    pub(super) fn text_in(&self, mask: &ColumnMask, field: &Field, index: usize) -> TextIn {
        let catalog = &self.plan.knowledge.catalog;
        if !mask.keeps() || is_code(field.type_id, catalog) {
            return TextIn::Nothing;
        }
        // A plan is the server's words, and names that only whoever changes the schema can choose.
        if self.part.facts.operation == Operation::Explain {
            return TextIn::Nothing;
        }
        let output = self.part.facts.outputs.as_deref().and_then(|all| all.get(index));
        let sources = output.map_or(&[][..], |output| output.sources.as_slice());
        let held = self.held(field, output);
        let form = form(field, held, catalog);
        if field.origin.is_some_and(|origin| self.is_name(origin)) {
            return TextIn::Names(form);
        }
        let labels = &self.plan.knowledge.labels;
        let free = |column: &ColumnId| labels.label(*column) == Some(&Label::FREE_TEXT);
        if sources.iter().chain(field.origin.as_ref()).any(free) {
            return TextIn::Always;
        }
        match output.filter(|output| self.quiet && self.agreed && !output.unknown) {
            Some(output) if self.all(field, output, |column| self.is_code(column)) => {
                TextIn::Given(form)
            }
            Some(output) if self.all(field, output, |it| self.is_code(it) || self.is_name(it)) => {
                TextIn::Names(form)
            }
            Some(_) | None => TextIn::Sentences(form),
        }
    }

    /// True if all that can be part of an output is so.
    fn all(&self, field: &Field, output: &Output, is: impl Fn(ColumnId) -> bool) -> bool {
        let columns = output.sources.iter().chain(&output.statistics).chain(field.origin.as_ref());
        columns.copied().all(is)
    }

    /// Whose texts stand in a document or an array.
    fn held(&self, field: &Field, output: Option<&Output>) -> Held {
        let catalog = &self.plan.knowledge.catalog;
        let single = |column: ColumnId| {
            let ty = self.column(column).map(|(_, column)| column.type_id);
            ty.is_some_and(|ty| is_single(ty, catalog))
        };
        match output.filter(|output| self.quiet && self.agreed && !output.unknown) {
            Some(output) if self.all(field, output, single) => match output.keyed {
                true => Held::ApartWithKeys,
                false => Held::Apart,
            },
            Some(_) | None => Held::Together,
        }
    }

    fn column(&self, column: ColumnId) -> Option<(&Relation, &Column)> {
        let relation = self.plan.knowledge.catalog.relation(column.relation)?;
        let known = relation.columns.iter().find(|known| known.number == column.number)?;
        Some((relation, known))
    }

    fn is_code(&self, column: ColumnId) -> bool {
        let ty = self.column(column).map(|(_, column)| column.type_id);
        ty.is_some_and(|ty| is_code(ty, &self.plan.knowledge.catalog))
    }

    /// True of a column of the server's catalog that tells what something is called, types
    /// included.
    fn is_name(&self, column: ColumnId) -> bool {
        let catalog = &self.plan.knowledge.catalog;
        let named = |column: &Column| base(column.type_id, catalog) == NAME;
        self.column(column).is_some_and(|(relation, column)| {
            relation.id.0 < FIRST_MADE
                && match relation.schema.as_str() {
                    "information_schema" => named(column) || column.name == "data_type",
                    "pg_catalog" => named(column),
                    _ => false,
                }
        })
    }
}

/// `pg_type.oid` of name.
const NAME: TypeId = TypeId(19);
/// From here on objects are somebody's (`FirstNormalObjectId`).
const FIRST_MADE: u32 = 16_384;

/// The type below domains.
fn base(ty: TypeId, catalog: &Catalog) -> TypeId {
    let mut ty = ty;
    for _ in 0..16 {
        let kind = catalog.type_by_id(ty).map(|known| &known.kind);
        let Some(TypeKind::Domain(below)) = kind else { break };
        ty = *below;
    }
    ty
}

/// How values of a type hold their texts.
fn form(field: &Field, held: Held, catalog: &Catalog) -> Form {
    const JSON: u32 = 114;
    const JSONB: u32 = 3802;
    let binary = field.format == Format::Binary;
    match field.type_id.0 {
        JSON => return Form::Document { versioned: false, held },
        JSONB => return Form::Document { versioned: binary, held },
        _ => {}
    }
    match catalog.type_by_id(field.type_id).map(|known| &known.kind) {
        Some(TypeKind::Array(element)) if is_single(*element, catalog) => {
            Form::Array { binary, held }
        }
        Some(_) | None => Form::Whole,
    }
}

/// True if a value of a type is one text, and no more.
fn is_single(ty: TypeId, catalog: &Catalog) -> bool {
    /// text, varchar, bpchar, name and "char".
    const TEXTS: &[u32] = &[25, 1043, 1042, 19, 18];
    TEXTS.contains(&base(ty, catalog).0) || is_code(ty, catalog)
}

/// True if no value of a type can hold words that somebody chose: numbers, moments, addresses, what
/// only whoever changes the schema can add to (`pg_type.dat` has the numbers), and arrays, ranges
/// and domains of these.
fn is_code(ty: TypeId, catalog: &Catalog) -> bool {
    const CODES: &[u32] = &[
        16, 20, 21, 23, 26, 700, 701, 790, 829, 869, 650, 1082, 1083, 1114, 1184, 1186, 1266, 1560,
        1562, 1700, 2950, 3220, 5069, 28, 27, 29, 774,
    ];
    let mut ty = ty;
    for _ in 0..16 {
        if CODES.contains(&ty.0) {
            return true;
        }
        match catalog.type_by_id(ty).map(|known| &known.kind) {
            Some(TypeKind::Enum(_)) => return true,
            Some(
                TypeKind::Array(below)
                | TypeKind::Domain(below)
                | TypeKind::Range(below)
                | TypeKind::Multirange(below),
            ) => ty = *below,
            Some(_) | None => return false,
        }
    }
    false
}
