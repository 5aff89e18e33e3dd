//! What a statement does, stated without judgement: the output of analysis, the input of policy.
//!
//! Facts are conservative. A read that is missing here is a leak, so whatever is not understood is
//! listed in `unknowns`, and an output whose origin is not known says so. Unknown is never empty.
//! Knows no people, no policy and no wire format.

use crate::ids::{ColumnId, FunctionId, RelationId, TypeId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

macro_rules! operations {
    ($($(#[$doc:meta])* $variant:ident = $text:literal;)*) => {
        /// The closed vocabulary of effects.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Operation { $($(#[$doc])* $variant,)* }

        impl Operation {
            /// Every operation.
            pub const ALL: &'static [Operation] = &[$(Operation::$variant),*];

            /// The word used in policies (`Action::"drop_table"`), records and messages.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

operations! {
    /// Nothing: an empty statement.
    Empty = "empty";
    /// SELECT, TABLE, VALUES, FETCH and every other read.
    Select = "select";
    /// INSERT.
    Insert = "insert";
    /// UPDATE, also through ON CONFLICT and row locks' siblings.
    Update = "update";
    /// DELETE.
    Delete = "delete";
    /// MERGE; its branches also appear as insert, update, delete.
    Merge = "merge";
    /// TRUNCATE.
    Truncate = "truncate";
    /// COPY … FROM STDIN.
    CopyIn = "copy_in";
    /// COPY … TO STDOUT.
    CopyOut = "copy_out";
    /// COPY to or from a server file, `pg_read_file`, `lo_import`, …
    ServerFile = "server_file";
    /// COPY to or from a program.
    ServerProgram = "server_program";
    /// CREATE of anything but roles and extensions (tables, views, indexes, functions, types …).
    Create = "create";
    /// CREATE TEMP TABLE / SELECT INTO TEMP: lives and dies with the session.
    CreateTemp = "create_temp";
    /// ALTER of anything but roles, ownership and security switches.
    Alter = "alter";
    /// DROP of anything but roles; also DETACH/DROP COLUMN/DROP PARTITION inside ALTER.
    Drop = "drop";
    /// DROP of one of the session's own temporary tables.
    DropTemp = "drop_temp";
    /// RENAME and SET SCHEMA.
    Rename = "rename";
    /// COMMENT ON.
    Comment = "comment";
    /// GRANT, REVOKE, ALTER DEFAULT PRIVILEGES, REASSIGN OWNED, OWNER TO.
    Grant = "grant";
    /// CREATE/ALTER/DROP ROLE, GRANT role, membership.
    Role = "role";
    /// Disabling triggers, row security, logging, replication role: what weakens protection.
    Security = "security";
    /// CREATE/ALTER/DROP EXTENSION.
    Extension = "extension";
    /// Foreign servers, user mappings, foreign tables, dblink: data that leaves or enters.
    Foreign = "foreign";
    /// ALTER SYSTEM, CREATE/DROP DATABASE or TABLESPACE, pg_reload_conf, pg_terminate_backend.
    Server = "server";
    /// CALL of a procedure.
    Call = "call";
    /// DO block.
    Do = "do";
    /// EXPLAIN without ANALYZE. With ANALYZE the inner statement's operation appears too.
    Explain = "explain";
    /// SET, RESET of an ordinary parameter; SHOW is `Show`.
    Set = "set";
    /// SHOW.
    Show = "show";
    /// SET ROLE, SET SESSION AUTHORIZATION, RESET of these: who the session is to the database.
    SetRole = "set_role";
    /// BEGIN, SAVEPOINT, ROLLBACK, SET TRANSACTION, …
    Transaction = "transaction";
    /// COMMIT, COMMIT PREPARED, END, PREPARE TRANSACTION: what makes earlier work permanent.
    Commit = "commit";
    /// LISTEN.
    Listen = "listen";
    /// NOTIFY, pg_notify.
    Notify = "notify";
    /// LOCK TABLE, SELECT … FOR UPDATE/SHARE, taking advisory locks.
    Lock = "lock";
    /// PREPARE, DEALLOCATE, DECLARE, CLOSE, MOVE, DISCARD, UNLISTEN, giving advisory locks back.
    Session = "session";
    /// VACUUM, ANALYZE, CLUSTER, REINDEX, CHECKPOINT, REFRESH MATERIALIZED VIEW.
    Maintenance = "maintenance";
    /// Replication commands and functions, publications, subscriptions.
    Replication = "replication";
    /// Large objects (`lo_*`).
    LargeObject = "large_object";
    /// LOAD, CREATE LANGUAGE, untrusted languages: code into the server.
    Code = "code";
    /// Something analysis has no word for, or could not parse.
    Unknown = "unknown";
}

impl Operation {
    /// True if the effect may change the database's content, structure or settings beyond the
    /// session; such a statement's intent is synced before it takes effect.
    pub const fn is_write(self) -> bool {
        match self {
            Self::Empty
            | Self::Select
            | Self::CopyOut
            | Self::CreateTemp
            | Self::DropTemp
            | Self::Explain
            | Self::Set
            | Self::Show
            | Self::SetRole
            | Self::Transaction
            | Self::Listen
            | Self::Lock
            | Self::Session => false,
            Self::Insert
            | Self::Update
            | Self::Delete
            | Self::Merge
            | Self::Truncate
            | Self::CopyIn
            | Self::ServerFile
            | Self::ServerProgram
            | Self::Create
            | Self::Alter
            | Self::Drop
            | Self::Rename
            | Self::Comment
            | Self::Grant
            | Self::Role
            | Self::Security
            | Self::Extension
            | Self::Foreign
            | Self::Server
            | Self::Call
            | Self::Do
            | Self::Commit
            | Self::Notify
            | Self::Maintenance
            | Self::Replication
            | Self::LargeObject
            | Self::Code
            | Self::Unknown => true,
        }
    }

    /// True if the effect changes what `Catalog` holds, so that the next analysis needs a new one.
    pub const fn changes_catalog(self) -> bool {
        matches!(
            self,
            Self::Create
                | Self::CreateTemp
                | Self::Alter
                | Self::Drop
                | Self::DropTemp
                | Self::Rename
                | Self::Comment
                | Self::Grant
                | Self::Extension
                | Self::Foreign
                | Self::Security
                | Self::Call
                | Self::Do
                | Self::Code
                | Self::Unknown
        )
    }
}

/// How a column was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Use {
    /// Its value reaches the client, through any expression.
    Returned,
    /// Compared for equality with other columns, or with itself: join, IN (SELECT …), GROUP BY,
    /// DISTINCT, IS NULL, set operations.
    Tested,
    /// Compared for equality with values that the client gave: a question whose answer tells
    /// whether somebody has that value. [`Facts::look_ups`] counts them.
    LookedUp,
    /// Enters an aggregate over rows that can be guarded by the size of its group: see
    /// [`Output::statistics`].
    Aggregated,
    /// Every other predicate, ordering, range, LIKE, aggregate; whatever error or timing shows.
    Inferred,
    /// Assigned.
    Written,
    /// Leaves by a way that is not the result: server file, program, dblink, NOTIFY, large object.
    Exported,
    /// Put into another column of the same database, where its label follows: see [`Move`].
    Copied,
}

/// How an output column comes from its origins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Derivation {
    /// The column itself, unchanged.
    Identity,
    /// The column through casts only.
    Cast,
    /// Through an expression.
    Expression,
    /// Through an aggregate or window function.
    Aggregate,
}

/// One effect of a statement on one object. `SELECT f()` where `f` deletes from `t` has a `select`
/// effect and a `delete` effect on `t`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Effect {
    /// What is done.
    pub operation: Operation,
    /// To what; `None` where the effect has no object (BEGIN) or it is not a relation.
    pub relation: Option<RelationRef>,
    /// The object in words where it is not a relation: `role bob`, `function f(integer)`.
    pub object: Option<String>,
    /// Nothing narrows it: no WHERE, or one that holds for every row or all but a few; a lock on
    /// all of a table. Meaningful for update, delete and lock.
    pub unbounded: bool,
}

/// A relation as a statement reached it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RelationRef {
    /// Its oid, if the catalog knows it.
    pub id: Option<RelationId>,
    /// Schema; empty if unknown.
    pub schema: Arc<str>,
    /// Name.
    pub name: Arc<str>,
}

/// A column and how it was used. Base columns: views and functions are expanded, though the view's
/// own column appears too (it may bear a label of its own).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ColumnUse {
    /// Which column.
    pub column: ColumnId,
    /// How.
    pub usage: Use,
}

/// Where a statement puts a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Destination {
    /// A column that the catalog knows.
    Column(ColumnId),
    /// A column of a relation that the same text makes.
    Named {
        /// The relation.
        relation: RelationRef,
        /// The column's name.
        column: String,
    },
    /// Every column of a relation that the same text makes.
    All(RelationRef),
}

/// Values that a statement puts into a column, where others will read them: what the column holds
/// from then on is what its sources hold. A value that comes from no column is not listed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Move {
    /// Where to.
    pub to: Destination,
    /// Every column whose value can be part of it. Sorted, no duplicates.
    pub from: Vec<ColumnId>,
    /// How it derives from them.
    pub derivation: Derivation,
    /// True if something in it was not understood: its sources may be incomplete.
    pub unknown: bool,
}

/// Two values that a predicate compares.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Tie {
    /// Every column that can be part of the one. Sorted, not empty.
    pub left: Vec<ColumnId>,
    /// Every column that can be part of the other. Sorted, not empty.
    pub right: Vec<ColumnId>,
    /// For equality, with the whole value: which row it is follows from it.
    pub equal: bool,
    /// The statement says so itself, and not the author of a view or a function that it uses.
    #[serde(default)]
    pub asked: bool,
}

/// A relation that a statement makes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Made {
    /// By the name it is given; the schema is empty where the path decides it.
    pub relation: RelationRef,
    /// Its columns in order, where they are known.
    pub columns: Option<Vec<String>>,
    /// It is made of a query, whose columns these are. Else it is declared, and empty so far.
    pub query: bool,
    /// It is a view: what it shows changes with the tables below it.
    pub view: bool,
}

/// A name that a statement gives to what had another.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Renamed {
    /// The relation by its name before; without a name if it is all of a schema.
    pub relation: RelationRef,
    /// The column, by its names before and after, if it is one that is renamed.
    pub column: Option<(String, String)>,
    /// The relation by its name after.
    pub to: RelationRef,
}

/// A function that a statement calls, other than operators and casts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FunctionRef {
    /// Its oid, if resolution was certain.
    pub id: Option<FunctionId>,
    /// `schema.name`, schema empty if unknown.
    pub name: String,
}

/// One column of a statement's result.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Output {
    /// The column's name as the server will give it; for messages only.
    pub name: String,
    /// Every base and view column whose value can be part of this one, directly or through any
    /// expression. Sorted, no duplicates.
    pub sources: Vec<ColumnId>,
    /// How it derives from them.
    pub derivation: Derivation,
    /// Columns of which only a statistic over a group of rows is part of this output (`avg(salary)`
    /// and whatever is computed from it). Sorted, no duplicates. They are not among `sources`.
    pub statistics: Vec<ColumnId>,
    /// True if it is a document in which a value of its sources can be a key: masking its values is
    /// not enough then.
    pub keyed: bool,
    /// Of a document whose keys and places are certain: each value in it. All of `sources` are
    /// among theirs. Empty for everything else.
    pub inner: Vec<Inner>,
    /// The relation column that `RowDescription` must name for this output (a plain column
    /// reference to a relation or view at the top), or `None` for everything else.
    pub origin: Option<ColumnId>,
    /// True if something in it was not understood: its sources may be incomplete.
    pub unknown: bool,
    /// Its type, where the statement tells it.
    #[serde(default)]
    pub type_id: Option<TypeId>,
    /// The constant keys by which it was taken out of documents, from the outermost on.
    #[serde(default)]
    pub keys: Vec<String>,
}

/// A step into a document.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Step {
    /// The value of this key.
    Key(String),
    /// The element at this place of an array, from 0.
    At(usize),
    /// Every element of an array.
    Each,
}

/// A value within a document that is put together from columns.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Inner {
    /// Where it stands.
    pub path: Vec<Step>,
    /// What it carries, without a name.
    pub value: Output,
}

/// How many values of the client's own a statement compares a column with, for equality.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LookUp {
    /// Which column.
    pub column: ColumnId,
    /// How many values; one for each parameter, whatever it holds.
    pub values: u32,
}

/// What was not understood, for the message to the client and for policy.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Unknown {
    /// The part of the statement in words: `table "x"`, `function f(…)`, `a DO block`.
    pub what: String,
    /// Why, and what would work instead.
    pub why: String,
}

/// What the statement does to the session's own state, for the session to follow.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SessionChange {
    /// `PREPARE name AS …`: facts of the inner statement.
    Prepare(String, Arc<Facts>),
    /// `DEALLOCATE name`; `None` for ALL (also DISCARD ALL).
    Deallocate(Option<String>),
    /// `DECLARE name CURSOR FOR …`: facts of the inner statement.
    Declare(String, Arc<Facts>),
    /// The cursor of that name, just declared, is WITH HOLD: it outlives a commit.
    Hold(String),
    /// `FETCH … FROM name`: rows of a cursor's result leave.
    Fetch(String),
    /// `CLOSE name`; `None` for ALL (also DISCARD ALL).
    CloseCursor(Option<String>),
    /// search_path, role or anything else that name resolution depends on may have changed in a
    /// way that the text does not tell (SET, RESET, set_config, DISCARD, DO, CALL, ROLLBACK, a
    /// volatile user function): ask the server before the next analysis.
    Scope,
}

/// The facts about one statement.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Facts {
    /// The first effect's operation as a person would name the statement.
    pub operation: Operation,
    /// Every effect, the statement's own first. Reads appear as `select` effects, one per relation.
    pub effects: Vec<Effect>,
    /// Functions called.
    pub functions: Vec<FunctionRef>,
    /// Functions that can run, called or not, but for PostgreSQL's own. Sorted, no duplicates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub code: Vec<FunctionId>,
    /// Columns by use, sorted, no duplicates.
    pub columns: Vec<ColumnUse>,
    /// How many values each looked-up column is compared with; sorted by column.
    pub look_ups: Vec<LookUp>,
    /// The result's columns; `None` if the statement returns no rows. An empty vector is a result
    /// without columns (`SELECT FROM t`).
    pub outputs: Option<Vec<Output>>,
    /// The number and origin of outputs is not known: treat every column of the result as unknown.
    pub outputs_unknown: bool,
    /// Effect cannot be known from the text (EXECUTE in DO, a function in an unknown language).
    pub dynamic: bool,
    /// What was not understood. Empty means that the facts are complete.
    pub unknowns: Vec<Unknown>,
    /// What the session must follow, in order.
    pub session: Vec<SessionChange>,
    /// What predicates compare with each other. Sorted, no duplicates.
    pub ties: Vec<Tie>,
    /// What is put into columns, and from where.
    pub moves: Vec<Move>,
    /// Relations that come to be.
    pub made: Vec<Made>,
    /// Names that change.
    pub renamed: Vec<Renamed>,
    /// What it alters or makes leaves every name that there was with its meaning: columns, indexes
    /// and constraints that are added.
    pub keeps_names: bool,
}

impl Facts {
    /// Facts that say nothing is known: the right answer to a statement that does not parse, or
    /// that is too long or too deep.
    pub fn unknown(what: impl Into<String>, why: impl Into<String>) -> Self {
        let effect =
            Effect { operation: Operation::Unknown, relation: None, object: None, unbounded: true };
        Self {
            operation: Operation::Unknown,
            effects: vec![effect],
            functions: Vec::new(),
            code: Vec::new(),
            columns: Vec::new(),
            look_ups: Vec::new(),
            outputs: None,
            outputs_unknown: true,
            dynamic: true,
            unknowns: vec![Unknown { what: what.into(), why: why.into() }],
            session: vec![SessionChange::Scope],
            ties: Vec::new(),
            moves: Vec::new(),
            made: Vec::new(),
            renamed: Vec::new(),
            keeps_names: false,
        }
    }

    /// True if any effect is a write in the sense of [`Operation::is_write`].
    pub fn is_write(&self) -> bool {
        self.dynamic || self.effects.iter().any(|effect| effect.operation.is_write())
    }
}
