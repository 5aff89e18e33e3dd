//! What a database contains, as its system catalogs say. Knows nothing of how it was read.

use crate::code::{Attached, Code};
use crate::ids::{ColumnId, FunctionId, RelationId, TypeId};
use std::{collections::HashMap, sync::Arc};

/// A snapshot of one upstream database's catalogs, system schemas included. Immutable; shared by
/// `Arc`, and so is each part that the next snapshot has too. Views' and functions' texts come from
/// a session whose `search_path` is empty, so that every name in them that is not in `pg_catalog`
/// is qualified (SQL and PL/pgSQL bodies excepted: those stand as their author wrote them and
/// resolve by the path of the caller or their own `SET search_path`).
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// Grows by one with each reading.
    pub version: u64,
    /// `server_version_num`, such as 150018.
    pub server_version: u32,
    /// The upstream role that Weir signs in as.
    pub role: String,
    /// `current_database()` of the upstream.
    pub database: String,
    /// The `search_path` a new session of that role starts with, as `current_schemas(true)` gives
    /// it (`pg_catalog` included, `pg_temp_*` not).
    pub search_path: Vec<String>,
    /// The schemas that this role may use, temporary ones left out, those without anything in them
    /// included. Sorted.
    pub schemas: Vec<String>,
    /// Operators, casts, aggregates and defaults that are not PostgreSQL's own.
    pub code: Arc<Code>,
    relations: Arc<HashMap<RelationId, Arc<Relation>>>,
    relations_by_name: Arc<Names<RelationId>>,
    children: Arc<HashMap<RelationId, Vec<RelationId>>>,
    functions: Arc<HashMap<FunctionId, Arc<Function>>>,
    functions_by_name: Arc<HashMap<String, Vec<FunctionId>>>,
    types: Arc<HashMap<TypeId, Arc<Type>>>,
    types_by_name: Arc<Names<TypeId>>,
    below: Option<Arc<Catalog>>,
}

/// Ids by schema and name.
type Names<Id> = HashMap<String, HashMap<String, Id>>;

/// `pg_class.relkind`, folded to what matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelationKind {
    /// Ordinary table (`r`), also TOAST (`t`).
    Table,
    /// Partitioned table (`p`).
    Partitioned,
    /// View (`v`).
    View,
    /// Materialized view (`m`).
    Materialized,
    /// Foreign table (`f`).
    Foreign,
    /// Sequence (`S`).
    Sequence,
    /// Stand-alone composite type (`c`).
    Composite,
}

/// A relation with its columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Relation {
    /// `pg_class.oid`.
    pub id: RelationId,
    /// Schema name.
    pub schema: String,
    /// Relation name.
    pub name: String,
    /// What it is.
    pub kind: RelationKind,
    /// Live columns by ascending `number`; dropped ones are absent.
    pub columns: Vec<Column>,
    /// For views and materialized views: `pg_get_viewdef`, a SELECT without a trailing semicolon.
    pub definition: Option<String>,
    /// Direct parents by inheritance or partitioning (`pg_inherits`).
    pub parents: Vec<RelationId>,
    /// True if a rule other than a view's own `_RETURN` hangs on it: its effects are not its text.
    pub has_rules: bool,
    /// `pg_class.relrowsecurity`: policies for rows are in force.
    pub row_security: bool,
    /// The triggers on it (enabled, not internal).
    pub triggers: Vec<Trigger>,
    /// In its checks, indexes, partition key, statistics and conditions of triggers.
    pub attached: Attached,
    /// Relations that foreign keys of it refer to, of however many columns.
    pub refers: Vec<RelationId>,
    /// Those among them from which a change of a row is carried on to rows here (`CASCADE`, `SET
    /// NULL`, `SET DEFAULT`), so that triggers here run.
    pub carried_from: Vec<RelationId>,
    /// The table's row type (`pg_type.oid` of `reltype`).
    pub row_type: TypeId,
    /// `obj_description`, if any.
    pub comment: Option<String>,
    /// `pg_class.reltuples`; -1 when never analysed.
    pub estimated_rows: f32,
}

/// A trigger of a relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// The function that it runs.
    pub function: FunctionId,
    /// The names by which that function reads the rows that were changed: before every relation of
    /// such a name (`pg_trigger.tgoldtable` and `tgnewtable`).
    pub tables: Vec<String>,
}

impl From<FunctionId> for Trigger {
    fn from(function: FunctionId) -> Self {
        Self { function, tables: Vec::new() }
    }
}

/// A column of a relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// `pg_attribute.attnum`.
    pub number: i16,
    /// Column name.
    pub name: String,
    /// `pg_attribute.atttypid` (a domain stays a domain).
    pub type_id: TypeId,
    /// `pg_attribute.attnotnull`.
    pub not_null: bool,
    /// For generated columns: the expression's text.
    pub generated: Option<String>,
    /// True if no two rows of this relation have the same value here: alone it is the primary key
    /// or a unique index.
    pub unique: bool,
    /// True if the server may refuse a value here for what it is: a length is given, or the column
    /// is part of a unique index, a foreign key, a check or an exclusion.
    pub choosy: bool,
    /// The column that a one-column foreign key points to.
    pub references: Option<ColumnId>,
    /// `col_description`, if any.
    pub comment: Option<String>,
}

/// `pg_proc.provolatile`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Volatility {
    /// Depends on its arguments alone.
    Immutable,
    /// Does not change the database; may read it.
    Stable,
    /// May do anything.
    Volatile,
}

/// `pg_proc.prokind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FunctionKind {
    /// Ordinary function.
    Function,
    /// Procedure (`CALL`).
    Procedure,
    /// Aggregate.
    Aggregate,
    /// Window function.
    Window,
}

/// A function or procedure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// `pg_proc.oid`.
    pub id: FunctionId,
    /// Schema name.
    pub schema: String,
    /// Function name.
    pub name: String,
    /// What it is.
    pub kind: FunctionKind,
    /// `internal`, `c`, `sql`, `plpgsql`, …
    pub language: String,
    /// `pg_proc.prosrc` unless it is `internal`; for SQL-standard bodies `pg_get_function_sqlbody`.
    pub body: Option<String>,
    /// Names of all arguments that have one, by position (input arguments only), else empty text.
    pub argument_names: Vec<String>,
    /// Types of input arguments.
    pub argument_types: Vec<TypeId>,
    /// Number of input arguments with a default.
    pub defaults: u16,
    /// True if the last input argument is VARIADIC.
    pub variadic: bool,
    /// `prorettype`.
    pub return_type: TypeId,
    /// `proretset`.
    pub returns_set: bool,
    /// OUT and TABLE columns in order: name and type. Empty when it returns a plain type.
    pub output_columns: Vec<(String, TypeId)>,
    /// Volatility as declared (an author can lie; a built-in does not).
    pub volatility: Volatility,
    /// `prosecdef`.
    pub security_definer: bool,
    /// `proconfig` entries (`search_path=…`).
    pub settings: Vec<String>,
}

/// `pg_type.typtype` with what a mask needs to stay type-true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypeKind {
    /// Base type.
    Base,
    /// Array, with its element type.
    Array(TypeId),
    /// Composite, with the relation that describes its fields.
    Composite(RelationId),
    /// Domain over another type.
    Domain(TypeId),
    /// Enum, with its labels in order.
    Enum(Vec<String>),
    /// Range, with its subtype.
    Range(TypeId),
    /// Multirange, with its range type.
    Multirange(TypeId),
    /// Pseudo-type (`record`, `void`, `anyelement`, …).
    Pseudo,
}

/// A data type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Type {
    /// `pg_type.oid`.
    pub id: TypeId,
    /// Schema name.
    pub schema: String,
    /// Type name (`int4`, `_text`).
    pub name: String,
    /// What it is.
    pub kind: TypeKind,
    /// `typcategory`: `S` string, `N` numeric, `D` date/time, `A` array, … (PostgreSQL 15 manual,
    /// table 53.65).
    pub category: char,
    /// In a domain's checks and its default.
    pub attached: Attached,
}

impl Catalog {
    /// Adds a relation; a second one with the same id replaces the first.
    pub fn add_relation(&mut self, relation: impl Into<Arc<Relation>>) {
        let relation = relation.into();
        let by_name = Arc::make_mut(&mut self.relations_by_name);
        let by_name = by_name.entry(relation.schema.clone()).or_default();
        by_name.insert(relation.name.clone(), relation.id);
        for parent in &relation.parents {
            let children = Arc::make_mut(&mut self.children).entry(*parent).or_default();
            if !children.contains(&relation.id) {
                children.push(relation.id);
            }
        }
        Arc::make_mut(&mut self.relations).insert(relation.id, relation);
    }

    /// Takes a relation out.
    pub fn remove_relation(&mut self, id: RelationId) {
        let Some(relation) = Arc::make_mut(&mut self.relations).remove(&id) else { return };
        unname(&mut self.relations_by_name, &relation.schema, &relation.name, id);
        for parent in &relation.parents {
            let all = Arc::make_mut(&mut self.children);
            let Some(children) = all.get_mut(parent) else { continue };
            children.retain(|child| *child != id);
            if children.is_empty() {
                all.remove(parent);
            }
        }
    }

    /// Adds a function.
    pub fn add_function(&mut self, function: impl Into<Arc<Function>>) {
        let function = function.into();
        let by_name = Arc::make_mut(&mut self.functions_by_name);
        by_name.entry(function.name.clone()).or_default().push(function.id);
        Arc::make_mut(&mut self.functions).insert(function.id, function);
    }

    /// Takes a function out.
    pub fn remove_function(&mut self, id: FunctionId) {
        let Some(function) = Arc::make_mut(&mut self.functions).remove(&id) else { return };
        let by_name = Arc::make_mut(&mut self.functions_by_name);
        let Some(named) = by_name.get_mut(&function.name) else { return };
        named.retain(|one| *one != id);
        if named.is_empty() {
            by_name.remove(&function.name);
        }
    }

    /// Adds a type.
    pub fn add_type(&mut self, ty: impl Into<Arc<Type>>) {
        let ty = ty.into();
        let by_name = Arc::make_mut(&mut self.types_by_name);
        by_name.entry(ty.schema.clone()).or_default().insert(ty.name.clone(), ty.id);
        Arc::make_mut(&mut self.types).insert(ty.id, ty);
    }

    /// Takes a type out.
    pub fn remove_type(&mut self, id: TypeId) {
        let Some(ty) = Arc::make_mut(&mut self.types).remove(&id) else { return };
        unname(&mut self.types_by_name, &ty.schema, &ty.name, id);
    }

    /// Adds everything of another snapshot, whose ids are others: what a session has besides what
    /// all see, or what users made besides what came with the server.
    pub fn lay(&mut self, other: &Self) {
        other.relations.values().for_each(|relation| self.add_relation(Arc::clone(relation)));
        other.functions.values().for_each(|function| self.add_function(Arc::clone(function)));
        other.types.values().for_each(|ty| self.add_type(Arc::clone(ty)));
        let code = Code::clone(&other.code);
        let own = Arc::make_mut(&mut self.code);
        for (name, operators) in code.operators {
            own.operators.entry(name).or_default().extend(operators);
        }
        own.builtin_operators.extend(code.builtin_operators);
        own.casts.extend(code.casts);
        own.aggregates.extend(code.aggregates);
        own.argument_defaults.extend(code.argument_defaults);
        own.column_defaults.extend(code.column_defaults);
    }

    /// This catalog laid over another: what a session has for itself over what all share. What
    /// stands in both is taken from here; version, role, database and path are those below.
    pub fn over(mut self, below: Arc<Catalog>) -> Self {
        self.version = below.version;
        self.server_version = below.server_version;
        self.role.clone_from(&below.role);
        self.database.clone_from(&below.database);
        self.search_path.clone_from(&below.search_path);
        // What a session makes of this kind it makes for all.
        self.code.clone_from(&below.code);
        for (parent, children) in Arc::make_mut(&mut self.children) {
            let others = below.children(*parent).iter().copied();
            children.splice(0..0, others);
        }
        self.below = Some(below);
        self
    }

    fn own_or_below<'c, T: ?Sized>(
        &'c self,
        find: impl Fn(&'c Catalog) -> Option<&'c T>,
    ) -> Option<&'c T> {
        find(self).or_else(|| find(self.below.as_deref()?))
    }

    /// The relation with this oid.
    pub fn relation(&self, id: RelationId) -> Option<&Arc<Relation>> {
        self.own_or_below(|catalog| catalog.relations.get(&id))
    }

    /// The relation of this name in this schema.
    pub fn relation_named(&self, schema: &str, name: &str) -> Option<&Arc<Relation>> {
        self.own_or_below(|catalog| {
            catalog.relations.get(catalog.relations_by_name.get(schema)?.get(name)?)
        })
    }

    /// All relations, in no order.
    pub fn relations(&self) -> impl Iterator<Item = &Arc<Relation>> {
        self.relations.values().chain(self.below.iter().flat_map(|below| below.relations.values()))
    }

    /// The relations of this catalog without what is below it, in no order.
    pub fn own_relations(&self) -> impl Iterator<Item = &Arc<Relation>> {
        self.relations.values()
    }

    /// Direct children of a relation by inheritance or partitioning.
    pub fn children(&self, id: RelationId) -> &[RelationId] {
        self.own_or_below(|catalog| catalog.children.get(&id))
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// The function with this oid.
    pub fn function(&self, id: FunctionId) -> Option<&Arc<Function>> {
        self.own_or_below(|catalog| catalog.functions.get(&id))
    }

    /// All functions, in no order.
    pub fn functions(&self) -> impl Iterator<Item = &Arc<Function>> {
        self.functions.values().chain(self.below.iter().flat_map(|below| below.functions.values()))
    }

    /// The functions of this catalog without what is below it, in no order.
    pub fn own_functions(&self) -> impl Iterator<Item = &Arc<Function>> {
        self.functions.values()
    }

    /// All functions of this name, in all schemas.
    pub fn functions_named(&self, name: &str) -> impl Iterator<Item = &Arc<Function>> {
        let own = self.functions_by_name.get(name);
        let below = self.below.as_deref().and_then(|below| below.functions_by_name.get(name));
        own.into_iter().chain(below).flatten().filter_map(|id| self.function(*id))
    }

    /// The type with this oid.
    pub fn type_by_id(&self, id: TypeId) -> Option<&Arc<Type>> {
        self.own_or_below(|catalog| catalog.types.get(&id))
    }

    /// All types, in no order.
    pub fn types(&self) -> impl Iterator<Item = &Arc<Type>> {
        self.types.values().chain(self.below.iter().flat_map(|below| below.types.values()))
    }

    /// The types of this catalog without what is below it, in no order.
    pub fn own_types(&self) -> impl Iterator<Item = &Arc<Type>> {
        self.types.values()
    }

    /// The type of this name in this schema.
    pub fn type_named(&self, schema: &str, name: &str) -> Option<&Arc<Type>> {
        self.own_or_below(|catalog| {
            catalog.types.get(catalog.types_by_name.get(schema)?.get(name)?)
        })
    }

    /// True if the schema holds at least one relation or type of this snapshot.
    pub fn has_schema(&self, schema: &str) -> bool {
        self.relations_by_name.contains_key(schema)
            || self.types_by_name.contains_key(schema)
            || self.below.as_ref().is_some_and(|below| below.has_schema(schema))
    }
}

/// Takes a name away that an id has, unless another has it by now.
fn unname<Id: Copy + PartialEq>(all: &mut Arc<Names<Id>>, schema: &str, name: &str, id: Id) {
    let all = Arc::make_mut(all);
    let Some(names) = all.get_mut(schema).filter(|names| names.get(name) == Some(&id)) else {
        return;
    };
    names.remove(name);
    if names.is_empty() {
        all.remove(schema);
    }
}

impl Relation {
    /// The column with this name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The id of one of this relation's columns.
    pub fn column_id(&self, number: i16) -> ColumnId {
        ColumnId { relation: self.id, number }
    }
}
