//! Code that a statement runs without naming it: operators, casts, aggregates and defaults that
//! somebody added to the database. Data only.

use crate::ids::{ColumnId, FunctionId, TypeId};
use std::collections::{HashMap, HashSet};

/// What runs behind a name that is no function's. PostgreSQL's own operators and casts compute from
/// their operands and are not listed, but for their operators' names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Code {
    /// Operators outside `pg_catalog`, by name.
    pub operators: HashMap<String, Vec<Operator>>,
    /// Names of operators in `pg_catalog`; empty if they were not read.
    pub builtin_operators: HashSet<String>,
    /// Casts that somebody made, and those of extensions by functions in SQL and the like.
    pub casts: Vec<Cast>,
    /// Aggregates outside `pg_catalog`, with the functions that they are made of.
    pub aggregates: HashMap<FunctionId, Vec<FunctionId>>,
    /// The defaults of arguments, as a list of expressions: those of the last arguments. Functions
    /// outside `pg_catalog` only.
    pub argument_defaults: HashMap<FunctionId, String>,
    /// The defaults of columns that call a function that is not PostgreSQL's own, or acts.
    pub column_defaults: HashMap<ColumnId, String>,
}

/// Code on a relation or a type that runs unnamed and is not PostgreSQL's own, or acts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attached {
    /// Functions, those of operators included. Ascending.
    pub functions: Vec<FunctionId>,
    /// Types that its expressions name, which may have code of their own. Ascending.
    pub types: Vec<TypeId>,
}

/// An operator (`pg_operator`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// Schema name.
    pub schema: String,
    /// Type of the left operand; `None` of a prefix operator.
    pub left: Option<TypeId>,
    /// Type of the right operand.
    pub right: TypeId,
    /// The function that computes it.
    pub function: FunctionId,
}

/// A cast with a function (`pg_cast`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cast {
    /// From this type.
    pub source: TypeId,
    /// To this type.
    pub target: TypeId,
    /// The function that does it.
    pub function: FunctionId,
    /// True if it is applied without being written, at least where a value is assigned.
    pub silent: bool,
}
