//! Statement text and a catalog to facts.
//!
//! This crate answers one question about a PostgreSQL statement: what does it do, to which columns,
//! and where do the values of its result come from. It knows the language and a snapshot of the
//! catalogs. It knows nothing about people, policy, labels or the wire, does no I/O and reads no
//! clock.
//!
//! ```text
//! text ─▶ lex (guards) ─▶ parse ─▶ statement ─┬─▶ query ─▶ flows ─┬─▶ Facts
//!                                             ├─▶ change, ddl     │
//!                                             └─▶ function, view ─┘
//! ```
//!
//! Everything travels as a *flow*: which columns can be part of a value, how it derives from them,
//! and whether something in it was not understood. A flow that ends in the result is *returned*, in
//! a predicate *tested* or *inferred*, in a table *exported*. What is not understood is never
//! dropped: it makes the flow unknown, and the statement says which part it was.
//!
//! ```
//! use model::{Catalog, facts::Operation};
//! let (catalog, scope) = (Catalog::default(), sql::Scope::default());
//! let analysed = sql::analyse("SELECT 1 AS one; COMMIT", &catalog, &scope);
//! assert_eq!(analysed.len(), 2);
//! assert_eq!(analysed[0].facts.outputs.as_ref().unwrap()[0].name, "one");
//! assert_eq!(analysed[1].facts.operation, Operation::Commit);
//! ```

mod analyse;
mod attached;
mod before;
mod builtin;
mod change;
mod collect;
mod copy;
mod ddl;
mod document;
mod encoding;
mod end_user;
mod extent;
mod flow;
mod frame;
mod free;
mod function;
mod given;
mod guard;
mod lex;
mod literals;
mod made;
mod making;
mod names;
mod normalise;
mod parse;
mod plpgsql;
mod prepared;
mod query;
mod relate;
mod relation;
mod replication;
mod scope;
mod session;
mod statement;
mod traced;
mod types;
mod unasked;

pub use analyse::analyse;
pub use before::{before, is_followed};
pub use end_user::{END_USER, END_USER_SAID, EndUser, end_user};
pub use free::{fits, moved, outline};
pub use given::{Assigned, Given, GivenValue, keeps_values, parameters};
pub use guard::{Guard, rewritten};
pub use literals::{literal, literals};
pub use names::listed;
pub use normalise::normalise;
pub use query::place::elements;
pub use replication::{ReplicationCommand, replication_command};
pub use traced::traceparent;
pub use unasked::Unasked;

use model::{ColumnId, Facts, facts::Derivation};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    ops::Range,
    sync::Arc,
};

/// The longest text that is analysed. Longer ones are unknown. Large multi-row INSERTs fit.
pub const MAX_STATEMENT_BYTES: usize = 16 << 20;

/// The deepest nesting of parentheses, operators and subqueries that is analysed. PostgreSQL's own
/// `max_stack_depth` gives up in the same region.
pub const MAX_NESTING: usize = 2_000;

/// The deepest chain of views and functions that is expanded.
pub const MAX_EXPANSION: usize = 32;

/// What name resolution depends on, as it is in force in the session at this moment.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The role in force, where it is another than the catalog was read as.
    pub role: Option<String>,
    /// As `current_schemas(true)` gives it: `pg_temp_N` first if it exists, `pg_catalog` included.
    pub search_path: Vec<String>,
    /// The session's temporary schema, `pg_temp_3`; names written `pg_temp.x` resolve there.
    pub temp_schema: Option<String>,
    /// The parameter of that name; its default is true.
    pub standard_conforming_strings: bool,
    /// `client_encoding`.
    pub client_encoding: String,
    /// The session had an encoding before in which text cannot be taken apart by its bytes: the end
    /// of a transaction may bring it back.
    pub was_blurred: bool,
    /// Prepared statements by name. Those of SQL and of the protocol share one name space.
    pub prepared: HashMap<String, Arc<Facts>>,
    /// Cursors by name. DECLAREd cursors and named portals share one name space.
    pub cursors: HashMap<String, Arc<Facts>>,
    /// What was put into the columns of the session's own tables and views, which stand in the
    /// catalog in the temporary schema. A column that is absent holds nothing from elsewhere.
    pub carried: Arc<HashMap<ColumnId, Carried>>,
    /// Tables that the open transaction made, by name, which the catalog does not show yet.
    pub made: Arc<BTreeMap<String, MadeBefore>>,
    /// Columns that the open transaction added: nothing that others see stands in them.
    pub added: Arc<HashSet<ColumnId>>,
    /// The statement runs whether it is understood or not: where names may have changed, what they
    /// meant before is better than nothing.
    pub lenient: bool,
    /// The open transaction changed what names mean; the catalog does not show it yet.
    pub altered: bool,
    /// What the path is could not be told: names without a schema mean nothing for certain.
    pub path_lost: bool,
}

impl Default for Scope {
    fn default() -> Self {
        Self {
            role: None,
            search_path: vec!["pg_catalog".to_owned(), "public".to_owned()],
            temp_schema: None,
            standard_conforming_strings: true,
            client_encoding: "UTF8".to_owned(),
            was_blurred: false,
            prepared: HashMap::new(),
            cursors: HashMap::new(),
            carried: Arc::default(),
            made: Arc::default(),
            added: Arc::default(),
            lenient: false,
            altered: false,
            path_lost: false,
        }
    }
}

/// A table that the open transaction made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct MadeBefore {
    /// The schema that was named, if one was.
    pub schema: Option<String>,
    /// Its columns in order with what was put into each; `None` if they are not known.
    pub columns: Option<Vec<(String, Carried)>>,
}

/// The number under which stands, beside the columns of a view of the session's own, what the view
/// asks about: whoever reads the view asks it again.
pub const ASKED: i16 = i16::MIN;

/// The same for what it looks up.
pub const LOOKED_UP: i16 = i16::MIN + 1;

/// What was put into a column.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Carried {
    /// Every column whose value can be part of what it holds.
    pub sources: BTreeSet<ColumnId>,
    /// How that derives from them.
    pub derivation: Derivation,
    /// True if something in it was not understood.
    pub unknown: bool,
}

impl Scope {
    /// True if text in the client's encoding can be taken apart by its bytes.
    pub fn tells_bytes(&self) -> bool {
        encoding::is_told_by_bytes(&self.client_encoding)
    }
}

/// True for the schemas in which sessions' temporary objects live. No ordinary schema can have
/// such a name: PostgreSQL reserves the prefix `pg_`.
pub fn is_temporary(schema: &str) -> bool {
    schema == "pg_temp" || schema.starts_with("pg_temp_")
}

/// One statement of a text, analysed.
#[derive(Clone, Debug)]
pub struct Analysed {
    /// What it does.
    pub facts: Arc<Facts>,
    /// Where it stands in the text, in bytes.
    pub span: Range<usize>,
    /// Set if the grammar rejects the text. The facts are unknown then: the server's grammar may
    /// be another version.
    pub syntax_error: Option<SyntaxError>,
    /// The stream's format, for COPY … TO STDOUT and COPY … FROM STDIN.
    pub copy: Option<CopyShape>,
    /// The encoding of what it returns, as it is called, if text in it cannot be taken apart by its
    /// bytes, or if it is not known whether it can.
    pub blurred: Option<Box<str>>,
    /// Aggregates in the statement that can be guarded by the size of their group.
    pub guards: Vec<Guard>,
    /// Values that the client gives for columns, where they can be replaced by others.
    pub given: Vec<Given>,
    /// Values that the client gives for columns which the statement writes.
    pub assigned: Vec<Assigned>,
    /// Where literals stand in the text, in bytes, whose value none of this depends on but what is
    /// given and assigned.
    pub free: Vec<Range<usize>>,
    /// True if there is nothing between the semicolons: the server answers EmptyQueryResponse.
    pub empty: bool,
}

impl Analysed {
    /// A statement of which nothing but its facts is known.
    pub(crate) fn of(facts: Arc<Facts>, span: Range<usize>) -> Self {
        let (guards, given, assigned, free) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (syntax_error, copy, blurred) = (None, None, None);
        let empty = false;
        Self { facts, span, syntax_error, copy, blurred, guards, given, assigned, free, empty }
    }
}

/// Why the grammar rejects a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// As PostgreSQL words it. May hold a piece of the statement.
    pub message: String,
    /// 1-based, in characters, as the `P` field of an error gives it; 0 if it is not known.
    pub position: usize,
}

/// The format of a COPY stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyFormat {
    /// `FORMAT text`.
    Text,
    /// `FORMAT csv`.
    Csv,
    /// `FORMAT binary`.
    Binary,
}

/// Which columns `FORCE_QUOTE` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ForceQuote {
    /// None.
    None,
    /// `*`.
    All,
    /// Those named.
    Columns(Vec<String>),
}

/// How a COPY stream is laid out, so that it can be masked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyShape {
    /// Text, CSV or binary.
    pub format: CopyFormat,
    /// Between columns; tab in text, comma in CSV unless given.
    pub delimiter: u8,
    /// What stands for NULL; `\N` in text, nothing in CSV unless given.
    pub null: String,
    /// CSV's quote.
    pub quote: u8,
    /// CSV's escape.
    pub escape: u8,
    /// True if the first line holds names.
    pub header: bool,
    /// CSV's columns that are always quoted.
    pub force_quote: ForceQuote,
    /// The encoding that is named, if one is.
    pub encoding: Option<String>,
}
