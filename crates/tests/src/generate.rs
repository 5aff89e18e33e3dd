//! Random schemas full of canaries, and random statements over them, from a seed that reproduces
//! both. Knows PostgreSQL's grammar, and nothing of Weir but what kind of values it must label.
//!
//! Statements are directed by types, so that most of them succeed on a bare database: a statement
//! that fails finds nothing. What may stand where is data, in `templates`.

mod choices;
mod expression;
mod query;
mod schema;
mod script;
mod templates;
mod values;

pub use choices::{Choices, mix, shrink};
pub use schema::Schema;
pub use script::{Script, script};

/// A type that the generator knows how to make values of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// `text` and what casts to it without a word.
    Text,
    /// `int4`.
    Int,
    /// `numeric`.
    Numeric,
    /// `bool`.
    Bool,
    /// `date`.
    Date,
    /// `timestamp`.
    Time,
    /// `jsonb`.
    Json,
    /// `text[]`.
    Array,
    /// `bytea`.
    Bytes,
    /// `xml`.
    Xml,
    /// A row or another value that only goes out.
    Other,
}

/// A column as the generator sees it.
#[derive(Clone, Debug)]
pub struct Column {
    name: String,
    ty: Type,
    /// Holds canaries, or is made of them.
    secret: bool,
    /// Of a kind that people may not search by ranges and patterns.
    strict: bool,
}

impl Column {
    fn new(name: &str, ty: Type) -> Self {
        Self { name: name.to_owned(), ty, secret: false, strict: false }
    }
}

/// A relation that can stand in FROM.
#[derive(Clone, Debug)]
struct Relation {
    name: String,
    columns: Vec<Column>,
    /// Takes part in INSERT, UPDATE and DELETE.
    written: bool,
}

/// A function of the schema.
#[derive(Clone, Debug)]
struct Function {
    name: String,
    /// How it is called, holes and all.
    call: String,
    gives: Gives,
    /// The relation whose rows it takes.
    over: Option<String>,
}

#[derive(Clone, Debug)]
enum Gives {
    One(Column),
    Rows(Vec<Column>),
}
