//! From rows to a [`Catalog`]. Knows the columns of each query in `queries`, and no connection.

mod code;

use super::{CatalogError, queries::Section, row::Row};
use model::{
    Catalog, ColumnId, FunctionId, RelationId, TypeId,
    catalog::{
        Column, Function, FunctionKind, Relation, RelationKind, Trigger, Type, TypeKind, Volatility,
    },
    code::Attached,
};
use std::{collections::HashMap, sync::Arc};
use wire_pg::Values;

/// Takes rows section by section, in the order of `queries::sections`.
#[derive(Default)]
pub struct Builder {
    catalog: Catalog,
    /// What was read before; what is the same as there is shared.
    before: Option<Arc<Catalog>>,
    relations: HashMap<RelationId, Relation>,
    types: Vec<RawType>,
    enums: HashMap<TypeId, Vec<String>>,
    ranges: HashMap<TypeId, TypeId>,
    multiranges: HashMap<TypeId, TypeId>,
    attached: HashMap<TypeId, Attached>,
}

/// A type whose kind may need what a later section says.
struct RawType {
    ty: Type,
    /// `typtype`.
    letter: char,
    element: TypeId,
    relation: RelationId,
    base: TypeId,
    /// `typlen`.
    length: i16,
}

impl Builder {
    /// Rows that come on top of a catalog. What is the same as in `before` is shared with it.
    pub(super) fn upon(catalog: Catalog, before: Option<Arc<Catalog>>) -> Self {
        Self { catalog, before, ..Self::default() }
    }

    /// Takes one row.
    ///
    /// # Errors
    /// If it is not what the section's query asked for.
    pub fn row(&mut self, section: Section, values: Values<'_>) -> Result<(), CatalogError> {
        match section {
            Section::Server => self.server(Row::new(values, "server")),
            Section::Path => self.path(Row::new(values, "search path")),
            Section::Relations => self.relation(Row::new(values, "relations")),
            Section::Columns => self.column(Row::new(values, "columns")),
            Section::Rules => self.rule(Row::new(values, "rules")),
            Section::Inheritance => self.inheritance(Row::new(values, "inheritance")),
            Section::Triggers => self.trigger(Row::new(values, "triggers")),
            Section::AttachedToRelations => {
                self.attached_to_relation(Row::new(values, "code of relations"))
            }
            Section::AttachedToTypes => self.attached_to_type(Row::new(values, "code of types")),
            Section::Indexes => self.index(Row::new(values, "indexes")),
            Section::Constraints => self.constraint(Row::new(values, "constraints")),
            Section::References => self.reference(Row::new(values, "foreign keys")),
            Section::Comments => self.comment(Row::new(values, "comments")),
            Section::Functions => {
                let function = function(Row::new(values, "functions"))?;
                let known = self.before.as_ref().and_then(|before| before.function(function.id));
                self.catalog.add_function(shared(known, function));
                Ok(())
            }
            Section::Types => self.raw_type(Row::new(values, "types")),
            Section::Enums => self.enum_label(Row::new(values, "enums")),
            Section::Ranges => self.range(Row::new(values, "ranges")),
            _ => code::row(Arc::make_mut(&mut self.catalog.code), section, values),
        }
    }

    /// The catalog of all rows taken.
    pub fn finish(mut self, version: u64) -> Catalog {
        self.catalog.version = version;
        let before = self.before.as_deref();
        for relation in self.relations.into_values() {
            let known = before.and_then(|before| before.relation(relation.id));
            self.catalog.add_relation(shared(known, relation));
        }
        for raw in self.types {
            let kind = match raw.letter {
                'c' => TypeKind::Composite(raw.relation),
                'd' => TypeKind::Domain(raw.base),
                'e' => TypeKind::Enum(self.enums.remove(&raw.ty.id).unwrap_or_default()),
                'r' => {
                    self.ranges.get(&raw.ty.id).map_or(TypeKind::Pseudo, |s| TypeKind::Range(*s))
                }
                'm' => {
                    let range = self.multiranges.get(&raw.ty.id);
                    range.map_or(TypeKind::Pseudo, |range| TypeKind::Multirange(*range))
                }
                // A type of fixed length with elements (`point`, `name`) is not an array.
                'b' if raw.element.0 != 0 && raw.length == -1 && raw.ty.category == 'A' => {
                    TypeKind::Array(raw.element)
                }
                'b' => TypeKind::Base,
                // Pseudo-types, and whatever a later PostgreSQL may add: of unknown inside.
                _ => TypeKind::Pseudo,
            };
            let known = before.and_then(|before| before.type_by_id(raw.ty.id));
            let attached = self.attached.remove(&raw.ty.id).unwrap_or_default();
            self.catalog.add_type(shared(known, Type { kind, attached, ..raw.ty }));
        }
        self.catalog
    }

    fn server(&mut self, mut row: Row<'_>) -> Result<(), CatalogError> {
        self.catalog.server_version = row.number()?;
        self.catalog.role = row.text()?;
        self.catalog.database = row.text()?;
        self.catalog.schemas = row.array()?;
        Ok(())
    }

    fn path(&mut self, mut row: Row<'_>) -> Result<(), CatalogError> {
        let schema = row.text()?;
        if !schema.starts_with("pg_temp_") {
            self.catalog.search_path.push(schema);
        }
        Ok(())
    }

    fn relation(&mut self, mut row: Row<'_>) -> Result<(), CatalogError> {
        let id = RelationId(row.number()?);
        let relation = Relation {
            id,
            schema: row.text()?,
            name: row.text()?,
            kind: match row.letter()? {
                'r' | 't' => RelationKind::Table,
                'p' => RelationKind::Partitioned,
                'v' => RelationKind::View,
                'm' => RelationKind::Materialized,
                'f' => RelationKind::Foreign,
                'S' => RelationKind::Sequence,
                'c' => RelationKind::Composite,
                _ => return Err(CatalogError::Row("relations")),
            },
            columns: Vec::new(),
            row_type: TypeId(row.number()?),
            estimated_rows: row.number()?,
            row_security: row.boolean()?,
            definition: row.optional()?.map(without_semicolon),
            parents: Vec::new(),
            has_rules: false,
            triggers: Vec::new(),
            attached: Attached::default(),
            refers: Vec::new(),
            carried_from: Vec::new(),
            comment: None,
        };
        self.relations.insert(id, relation);
        Ok(())
    }

    fn column(&mut self, mut row: Row<'_>) -> Result<(), CatalogError> {
        let relation = RelationId(row.number()?);
        let column = Column {
            number: row.number()?,
            name: row.text()?,
            type_id: TypeId(row.number()?),
            not_null: row.boolean()?,
            choosy: row.boolean()?,
            generated: row.optional()?,
            unique: false,
            references: None,
            comment: None,
        };
        let Some(relation) = self.relations.get_mut(&relation) else {
            return Err(CatalogError::Row("columns"));
        };
        relation.columns.push(column);
        Ok(())
    }

    /// A column of a relation that is part of the reading (an index's or another session's is not).
    fn column_of(&mut self, relation: RelationId, number: i16) -> Option<&mut Column> {
        let columns = &mut self.relations.get_mut(&relation)?.columns;
        let place = columns.binary_search_by_key(&number, |column| column.number).ok()?;
        columns.get_mut(place)
    }

    fn rule(&mut self, mut row: Row<'_>) -> Result<(), CatalogError> {
        let relation = RelationId(row.number()?);
        if let Some(relation) = self.relations.get_mut(&relation) {
            relation.has_rules = true;
        }
        Ok(())
    }

    fn inheritance(&mut self, mut row: Row<'_>) -> Result<(), CatalogError> {
        let (child, parent) = (RelationId(row.number()?), RelationId(row.number()?));
        if let Some(child) = self.relations.get_mut(&child) {
            child.parents.push(parent);
        }
        Ok(())
    }

    fn trigger(&mut self, mut row: Row<'_>) -> Result<(), CatalogError> {
        let (relation, function) = (RelationId(row.number()?), FunctionId(row.number()?));
        let tables = [row.optional()?, row.optional()?].into_iter().flatten().collect();
        if let Some(relation) = self.relations.get_mut(&relation) {
            relation.triggers.push(Trigger { function, tables });
        }
        Ok(())
    }

    fn attached_to_relation(&mut self, mut row: Row<'_>) -> Result<(), CatalogError> {
        let id = RelationId(row.number()?);
        match self.relations.get_mut(&id) {
            Some(relation) => attach(&mut relation.attached, row),
            None => Ok(()),
        }
    }

    fn attached_to_type(&mut self, mut row: Row<'_>) -> Result<(), CatalogError> {
        let id = TypeId(row.number()?);
        attach(self.attached.entry(id).or_default(), row)
    }

    fn index(&mut self, mut row: Row<'_>) -> Result<(), CatalogError> {
        let relation = RelationId(row.number()?);
        let keys: usize = row.number()?;
        let columns: Vec<i16> = row.vector()?;
        // Columns behind the keys are only carried along (INCLUDE); 0 is an expression.
        let all_rows: bool = row.boolean()?;
        let only = columns.first().filter(|number| keys == 1 && **number > 0 && all_rows);
        if let Some(column) = only.and_then(|number| self.column_of(relation, *number)) {
            column.unique = true;
        }
        let columns = columns.get(..keys).unwrap_or_default();
        self.choose(relation, columns);
        Ok(())
    }

    fn constraint(&mut self, mut row: Row<'_>) -> Result<(), CatalogError> {
        let relation = RelationId(row.number()?);
        let columns: Vec<i16> = row.numbers()?;
        self.choose(relation, &columns);
        Ok(())
    }

    /// Columns about whose values something decides; 0 is an expression, over any of them.
    fn choose(&mut self, relation: RelationId, columns: &[i16]) {
        let Some(relation) = self.relations.get_mut(&relation) else { return };
        let any = columns.contains(&0);
        for column in &mut relation.columns {
            column.choosy |= any || columns.contains(&column.number);
        }
    }

    fn reference(&mut self, mut row: Row<'_>) -> Result<(), CatalogError> {
        let (id, number) = (RelationId(row.number()?), row.number()?);
        let target = ColumnId { relation: RelationId(row.number()?), number: row.number()? };
        let width: usize = row.number()?;
        let carries = row.boolean()?;
        if let Some(relation) = self.relations.get_mut(&id) {
            let note = |list: &mut Vec<RelationId>| {
                if !list.contains(&target.relation) {
                    list.push(target.relation);
                }
            };
            note(&mut relation.refers);
            if carries {
                note(&mut relation.carried_from);
            }
        }
        if let Some(column) = self.column_of(id, number).filter(|_| width == 1) {
            // The first constraint wins if there are several.
            column.references.get_or_insert(target);
        }
        Ok(())
    }

    fn comment(&mut self, mut row: Row<'_>) -> Result<(), CatalogError> {
        let relation = RelationId(row.number()?);
        let number: i32 = row.number()?;
        let text = row.text()?;
        if number == 0 {
            if let Some(relation) = self.relations.get_mut(&relation) {
                relation.comment = Some(text);
            }
        } else if let Ok(number) = i16::try_from(number)
            && let Some(column) = self.column_of(relation, number)
        {
            column.comment = Some(text);
        }
        Ok(())
    }

    fn raw_type(&mut self, mut row: Row<'_>) -> Result<(), CatalogError> {
        let id = TypeId(row.number()?);
        let (schema, name) = (row.text()?, row.text()?);
        let (letter, category) = (row.letter()?, row.letter()?);
        self.types.push(RawType {
            ty: Type {
                id,
                schema,
                name,
                kind: TypeKind::Pseudo,
                category,
                attached: Attached::default(),
            },
            letter,
            length: row.number()?,
            element: TypeId(row.number()?),
            relation: RelationId(row.number()?),
            base: TypeId(row.number()?),
        });
        Ok(())
    }

    fn enum_label(&mut self, mut row: Row<'_>) -> Result<(), CatalogError> {
        let id = TypeId(row.number()?);
        self.enums.entry(id).or_default().push(row.text()?);
        Ok(())
    }

    fn range(&mut self, mut row: Row<'_>) -> Result<(), CatalogError> {
        let range = TypeId(row.number()?);
        self.ranges.insert(range, TypeId(row.number()?));
        let multirange = TypeId(row.number()?);
        if multirange.0 != 0 {
            self.multiranges.insert(multirange, range);
        }
        Ok(())
    }
}

/// One function or type of the code that hangs on something.
fn attach(to: &mut Attached, mut row: Row<'_>) -> Result<(), CatalogError> {
    let (function, ty) = (FunctionId(row.number()?), TypeId(row.number()?));
    if function.0 != 0
        && let Err(place) = to.functions.binary_search(&function)
    {
        to.functions.insert(place, function);
    }
    if ty.0 != 0
        && let Err(place) = to.types.binary_search(&ty)
    {
        to.types.insert(place, ty);
    }
    Ok(())
}

/// What is known already in the place of what is the same.
fn shared<T: PartialEq>(known: Option<&Arc<T>>, new: T) -> Arc<T> {
    match known {
        Some(known) if **known == new => Arc::clone(known),
        _ => Arc::new(new),
    }
}

/// `pg_get_viewdef` ends its text with a semicolon.
fn without_semicolon(text: String) -> String {
    text.trim().trim_end_matches(';').to_owned()
}

/// The first oid that is given to what is made after initdb (`FirstNormalObjectId` in
/// access/transam.h).
const FIRST_MADE: u32 = 16_384;

/// The schema in which a function is looked up. One with a body that was made or moved into a
/// schema of the server's own is none of the server's functions: no name reaches it, so that a call
/// of it is not understood. What stands there in C came with an extension.
fn own_schema(function: &Function) -> String {
    let systems = matches!(function.schema.as_str(), "pg_catalog" | "information_schema");
    let bodied = !matches!(function.language.as_str(), "internal" | "c");
    match systems && bodied && function.id.0 >= FIRST_MADE {
        true => format!("made in {}", function.schema),
        false => function.schema.clone(),
    }
}

/// One row of the functions.
fn function(mut row: Row<'_>) -> Result<Function, CatalogError> {
    let mut function = Function {
        id: FunctionId(row.number()?),
        schema: row.text()?,
        name: row.text()?,
        kind: match row.letter()? {
            'f' => FunctionKind::Function,
            'p' => FunctionKind::Procedure,
            'a' => FunctionKind::Aggregate,
            'w' => FunctionKind::Window,
            _ => return Err(CatalogError::Row("functions")),
        },
        language: row.text()?,
        body: row.optional()?,
        argument_types: row.vector::<u32>()?.into_iter().map(TypeId).collect(),
        argument_names: Vec::new(),
        output_columns: Vec::new(),
        defaults: 0,
        variadic: false,
        return_type: TypeId(0),
        returns_set: false,
        volatility: Volatility::Volatile,
        security_definer: false,
        settings: Vec::new(),
    };
    function.schema = own_schema(&function);
    let all_types: Vec<u32> = row.numbers()?;
    let modes = row.array()?;
    let names = row.array()?;
    arguments(&mut function, &all_types, &modes, &names);
    function.defaults = row.number()?;
    function.variadic = row.boolean()?;
    function.return_type = TypeId(row.number()?);
    function.returns_set = row.boolean()?;
    function.volatility = match row.letter()? {
        'i' => Volatility::Immutable,
        's' => Volatility::Stable,
        // `v`, and whatever else: nothing may be assumed.
        _ => Volatility::Volatile,
    };
    function.security_definer = row.boolean()?;
    function.settings = row.array()?;
    Ok(function)
}

/// Sorts arguments into input and output by their modes (`pg_proc.proargmodes`); without modes all
/// are input.
fn arguments(function: &mut Function, types: &[u32], modes: &[String], names: &[String]) {
    let name = |at: usize| names.get(at).cloned().unwrap_or_default();
    if modes.is_empty() {
        function.argument_names = (0..function.argument_types.len()).map(name).collect();
        return;
    }
    for (at, (mode, ty)) in modes.iter().zip(types).enumerate() {
        if matches!(mode.as_str(), "i" | "b" | "v") {
            function.argument_names.push(name(at));
        }
        if matches!(mode.as_str(), "o" | "b" | "t") {
            let place = function.output_columns.len().saturating_add(1);
            // As PostgreSQL names a result column whose argument has no name.
            let name = Some(name(at)).filter(|name| !name.is_empty());
            let name = name.unwrap_or_else(|| format!("column{place}"));
            function.output_columns.push((name, TypeId(*ty)));
        }
    }
}
