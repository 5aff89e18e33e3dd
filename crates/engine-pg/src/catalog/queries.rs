//! The SQL by which a catalog is read, PostgreSQL 13 to 18. Knows no connection and no `Catalog`:
//! what the columns mean, `build` knows.
//!
//! Few, plain queries without joins across the large catalogs: the builder joins by oid, which
//! costs less than sending a schema's name with every column.

mod attached;

use self::attached::{
    RELATIONS_CODE, RELATIONS_TREES, TYPES_CODE, TYPES_TREES, attached, default_acts,
};
use std::collections::BTreeSet;

/// The oldest major version whose catalogs have what is asked for.
pub const OLDEST_MAJOR: u32 = 13;

/// What a query's rows describe; the columns stand in `build`, in the same order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Section {
    /// Version, role, database: one row.
    Server,
    /// Schemas on the path, in order.
    Path,
    /// Relations.
    Relations,
    /// Columns, by relation and number.
    Columns,
    /// Relations with rules other than a view's own.
    Rules,
    /// Children and parents.
    Inheritance,
    /// Relations and the functions that triggers run.
    Triggers,
    /// Relations, and functions and types in their checks, indexes and the like.
    AttachedToRelations,
    /// Unique indexes.
    Indexes,
    /// Constraints that decide about values, and their columns.
    Constraints,
    /// One-column foreign keys.
    References,
    /// Comments on relations and columns.
    Comments,
    /// Functions.
    Functions,
    /// Types.
    Types,
    /// Labels of enums, in order.
    Enums,
    /// Ranges, their subtypes and multiranges.
    Ranges,
    /// Domains, and functions and types in their checks and defaults.
    AttachedToTypes,
    /// Operators; of PostgreSQL's own only the names.
    Operators,
    /// Casts that somebody made, and those of extensions by functions in SQL and the like: others
    /// compute.
    Casts,
    /// Aggregates and their functions.
    Aggregates,
    /// Defaults of arguments.
    ArgumentDefaults,
    /// Defaults of columns that call a function that is not PostgreSQL's own or may do more than
    /// compute.
    ColumnDefaults,
}

/// For whom the catalog is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// For all sessions: without any session's temporary objects, which come and go and belong to
    /// nobody else.
    Shared,
    /// For the session on whose connection it runs: with its own temporary objects and with what
    /// it has not committed yet.
    Session,
}

/// Kinds of relations that hold or define columns: all but indexes.
pub(super) const KINDS: &str = "c.relkind IN ('r', 't', 'p', 'v', 'm', 'f', 'S', 'c')";

/// The path has to be read before [`in_one_snapshot`] empties it.
const BEFORE_PATH_IS_EMPTY: usize = 2;

/// All queries, in the order in which the builder wants their rows. The first two describe the
/// session as it is; the others want an empty `search_path`, so that what PostgreSQL writes out
/// (views, expressions) is qualified.
pub fn sections(major: u32, reading: Reading) -> Vec<(Section, String)> {
    let schema = |alias: &str| foreign_temporary(reading, alias, "relnamespace");
    let by_class = |column: &str| {
        format!("JOIN pg_catalog.pg_class c ON c.oid = {column} AND {KINDS} AND {}", schema("c"))
    };
    vec![
        (Section::Server, SERVER.to_owned()),
        (Section::Path, PATH.to_owned()),
        (Section::Relations, format!("{} WHERE {KINDS} AND {}", relations(), schema("c"))),
        (Section::Columns, format!("{} {} {COLUMNS_END}", columns(), by_class("a.attrelid"))),
        (Section::Rules, RULES.to_owned()),
        (Section::Inheritance, INHERITANCE.to_owned()),
        (Section::Triggers, TRIGGERS.to_owned()),
        (Section::AttachedToRelations, attached(RELATIONS_CODE, RELATIONS_TREES, "true")),
        (Section::Indexes, INDEXES.to_owned()),
        (Section::Constraints, CONSTRAINTS.to_owned()),
        (Section::References, REFERENCES.to_owned()),
        (Section::Comments, COMMENTS.to_owned()),
        (
            Section::Functions,
            format!(
                "{} WHERE {}",
                functions(major),
                foreign_temporary(reading, "p", "pronamespace")
            ),
        ),
        (
            Section::Types,
            format!("{TYPES} WHERE {}", foreign_temporary(reading, "t", "typnamespace")),
        ),
        (Section::Enums, ENUMS.to_owned()),
        (Section::Ranges, ranges(major)),
        (Section::AttachedToTypes, attached(TYPES_CODE, TYPES_TREES, "true")),
        (Section::Operators, OPERATORS.to_owned()),
        (Section::Casts, CASTS.to_owned()),
        (Section::Aggregates, AGGREGATES.to_owned()),
        (Section::ArgumentDefaults, ARGUMENT_DEFAULTS.to_owned()),
        (Section::ColumnDefaults, column_defaults()),
    ]
}

/// What a session has for itself: the relations and types of its temporary schema, in the order in
/// which the builder wants their rows. Asked on the session's own connection, one at a time and
/// with an empty `search_path`: whose operators are meant must not be the client's to say.
pub fn temporary() -> [(Section, String); 10] {
    const OWN: &str = "pg_catalog.pg_my_temp_schema()";
    let types = "o.owner IN (SELECT t.oid FROM pg_catalog.pg_type t WHERE t.typnamespace =";
    let types = format!("{types} {OWN})");
    let of = |column: &str| {
        format!(
            "{column} IN (SELECT c.oid FROM pg_catalog.pg_class c \
             WHERE {KINDS} AND c.relnamespace = {OWN})"
        )
    };
    [
        (
            Section::Relations,
            format!(
                "SELECT c.oid, n.nspname, c.relname, c.relkind, c.reltype, c.reltuples, \
                 c.relrowsecurity, NULL::pg_catalog.text FROM pg_catalog.pg_class c \
                 JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                 WHERE {KINDS} AND c.relnamespace = {OWN}"
            ),
        ),
        (
            Section::Columns,
            format!(
                "SELECT a.attrelid, a.attnum, a.attname, a.atttypid, a.attnotnull, \
                 a.atttypmod >= 0, CASE WHEN a.attgenerated = '' THEN NULL \
                 ELSE coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid), '') END \
                 FROM pg_catalog.pg_attribute a \
                 LEFT JOIN pg_catalog.pg_attrdef d \
                 ON d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.attgenerated <> '' \
                 WHERE a.attnum > 0 AND NOT a.attisdropped AND {} \
                 ORDER BY a.attrelid, a.attnum",
                of("a.attrelid")
            ),
        ),
        (
            Section::Rules,
            format!(
                "SELECT DISTINCT r.ev_class FROM pg_catalog.pg_rewrite r \
                 WHERE (r.rulename <> '_RETURN' OR r.ev_type <> '1') AND {}",
                of("r.ev_class")
            ),
        ),
        (
            Section::Inheritance,
            format!(
                "SELECT i.inhrelid, i.inhparent FROM pg_catalog.pg_inherits i WHERE {} \
                 ORDER BY i.inhrelid, i.inhseqno",
                of("i.inhrelid")
            ),
        ),
        (
            Section::Triggers,
            format!(
                "SELECT t.tgrelid, t.tgfoid, t.tgoldtable, t.tgnewtable \
                 FROM pg_catalog.pg_trigger t \
                 WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND {} \
                 ORDER BY t.tgrelid, t.tgname",
                of("t.tgrelid")
            ),
        ),
        (Section::AttachedToRelations, attached(RELATIONS_CODE, RELATIONS_TREES, &of("o.owner"))),
        (Section::Indexes, format!("{INDEXES} AND {}", of("i.indrelid"))),
        (Section::Constraints, constraints_of_own(of)),
        (Section::Types, format!("{TYPES} WHERE t.typnamespace = {OWN}")),
        (Section::AttachedToTypes, attached(TYPES_CODE, TYPES_TREES, &types)),
    ]
}

/// Constraints of the session's own tables, and their indexes: these put the rows in order, and
/// somebody's own rows among them.
fn constraints_of_own(of: impl Fn(&str) -> String) -> String {
    format!(
        "{CONSTRAINTS} AND {} UNION ALL \
         SELECT i.indrelid, ARRAY(SELECT k.it FROM pg_catalog.unnest(i.indkey) AS k(it)) \
         FROM pg_catalog.pg_index i WHERE NOT i.indisunique AND {}",
        of("k.conrelid"),
        of("i.indrelid")
    )
}

/// All texts as one simple query in a read-only transaction of one snapshot.
pub fn in_one_snapshot(sections: &[&str]) -> String {
    let (before, after) =
        sections.split_at_checked(BEFORE_PATH_IS_EMPTY).unwrap_or((sections, &[]));
    begin(before) + &unlocked(after) + ";\nCOMMIT"
}

/// The texts, one after the other, each of which lets go of its locks when its rows are there: what
/// PostgreSQL writes out it locks (a view's tables too) until a transaction ends or is taken back,
/// and somebody's `LOCK … NOWAIT` would fail for as long as the whole reading takes.
pub(super) fn unlocked(texts: &[&str]) -> String {
    let mut sql = "SAVEPOINT unlocked".to_owned();
    for text in texts {
        sql.push_str(";\n");
        sql.push_str(text);
        sql.push_str(";\nROLLBACK TO SAVEPOINT unlocked");
    }
    sql
}

/// The head of a reading: a read-only transaction of one snapshot, in which `before` are asked
/// first. The settings decide how PostgreSQL writes expressions, and end with the transaction. A
/// lock that somebody holds on a table (views are written out under a lock, and locks stay until
/// the end) must not hold up the reading for long, and never until PostgreSQL looks for a
/// deadlock, after a second: it would be the other's statement that ends.
fn begin(before: &[&str]) -> String {
    let mut sql = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\n\
                   SET LOCAL statement_timeout = '30s'; SET LOCAL lock_timeout = '800ms';\n"
        .to_owned();
    for text in before {
        sql.push_str(text);
        sql.push_str(";\n");
    }
    sql.push_str(
        "SET LOCAL search_path = ''; SET LOCAL quote_all_identifiers = off;\n\
         SET LOCAL DateStyle = 'ISO, MDY'; SET LOCAL IntervalStyle = 'postgres';\n\
         SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex';\n\
         SET LOCAL jit = off; SET LOCAL plan_cache_mode = force_generic_plan;\n",
    );
    sql
}

/// Opens a reading: server and path, then another question.
pub(super) fn opening(question: &str) -> String {
    begin(&[SERVER, PATH]) + question
}

/// What a section's rows are about: the object in their first column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// The session.
    Session,
    /// A relation.
    Relation,
    /// A function.
    Function,
    /// A type.
    Type,
    /// Operators.
    Operators,
    /// Casts.
    Casts,
}

impl Section {
    pub(super) const fn about(self) -> About {
        match self {
            Self::Server | Self::Path => About::Session,
            Self::Relations
            | Self::Columns
            | Self::Rules
            | Self::Inheritance
            | Self::Triggers
            | Self::AttachedToRelations
            | Self::Indexes
            | Self::Constraints
            | Self::References
            | Self::Comments
            | Self::ColumnDefaults => About::Relation,
            Self::Functions | Self::Aggregates | Self::ArgumentDefaults => About::Function,
            Self::Types | Self::Enums | Self::Ranges | Self::AttachedToTypes => About::Type,
            Self::Operators => About::Operators,
            Self::Casts => About::Casts,
        }
    }
}

/// Prepares the sections that can be asked for single objects ([`only`]), so that they are not
/// planned each time.
pub(super) fn prepare(major: u32) -> String {
    let mut sql = String::new();
    for (section, text) in sections(major, Reading::Shared) {
        if matches!(section.about(), About::Relation | About::Function | About::Type) {
            let only = format!("SELECT * FROM ({text}) q (key) WHERE q.key = ANY ($1)");
            sql += &format!("PREPARE weir_{section:?} (pg_catalog.oid[]) AS {only};\n");
        }
    }
    sql
}

/// A section's rows about these objects alone.
pub(super) fn only(section: Section, ids: &BTreeSet<u32>) -> String {
    format!("EXECUTE weir_{section:?}('{}')", array(ids))
}

/// An array as SQL writes it.
pub(super) fn array(ids: &BTreeSet<u32>) -> String {
    let ids: Vec<String> = ids.iter().map(u32::to_string).collect();
    format!("{{{}}}", ids.join(","))
}

/// The condition that leaves out temporary schemas; a session keeps its own.
fn foreign_temporary(reading: Reading, alias: &str, column: &str) -> String {
    let own = match reading {
        Reading::Shared => "",
        Reading::Session => " AND s.oid <> pg_catalog.pg_my_temp_schema()",
    };
    format!(
        "{alias}.{column} <> ALL (ARRAY( \
         SELECT s.oid FROM pg_catalog.pg_namespace s WHERE {TEMPORARY}{own}))"
    )
}

/// True of schemas (alias `s`) that hold sessions' temporary objects.
pub(super) const TEMPORARY: &str =
    r"(s.nspname LIKE 'pg\_temp\_%' OR s.nspname LIKE 'pg\_toast\_temp\_%')";

const SERVER: &str = "SELECT pg_catalog.current_setting('server_version_num'), \
     current_user, pg_catalog.current_database(), ARRAY(SELECT s.nspname \
     FROM pg_catalog.pg_namespace s WHERE pg_catalog.has_schema_privilege(s.oid, 'USAGE') \
     AND s.nspname OPERATOR(pg_catalog.!~) '^pg_(toast_)?temp_' ORDER BY s.nspname)";

const PATH: &str = "SELECT s.name FROM \
     pg_catalog.unnest(pg_catalog.current_schemas(true)) WITH ORDINALITY AS s (name, place) \
     ORDER BY s.place";

/// Relations that somebody else holds or awaits an exclusive lock on. What PostgreSQL writes out
/// under a lock of its own (views, generated columns, SQL-standard bodies) would have to wait, for
/// as long as an `ALTER TABLE` takes. It stays without its text instead: of such an object nothing
/// can be proven, and it is judged as unknown.
const LOCKED: &str = "SELECT k.relation FROM pg_catalog.pg_locks k \
     WHERE k.mode = 'AccessExclusiveLock' AND k.pid <> pg_catalog.pg_backend_pid() \
     AND k.database = (SELECT b.oid FROM pg_catalog.pg_database b \
     WHERE b.datname = pg_catalog.current_database())";

fn relations() -> String {
    format!(
        "SELECT c.oid, n.nspname, c.relname, c.relkind, c.reltype, c.reltuples, \
         c.relrowsecurity, CASE WHEN c.relkind IN ('v', 'm') AND c.oid <> ALL (ARRAY( \
         SELECT r.ev_class FROM pg_catalog.pg_rewrite r \
         JOIN pg_catalog.pg_depend d ON d.objid = r.oid \
         AND d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass \
         WHERE d.refobjid IN ({LOCKED}))) THEN pg_catalog.pg_get_viewdef(c.oid) END \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    )
}

/// A generated column whose expression cannot be had is not one that is not generated: its text is
/// empty, which no analysis understands.
fn columns() -> String {
    format!(
        "SELECT a.attrelid, a.attnum, a.attname, a.atttypid, a.attnotnull, a.atttypmod >= 0, \
         CASE WHEN a.attgenerated = '' THEN NULL \
         WHEN a.attrelid = ANY (ARRAY({LOCKED})) THEN '' \
         ELSE coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid), '') END \
         FROM pg_catalog.pg_attribute a"
    )
}

const COLUMNS_END: &str = "LEFT JOIN pg_catalog.pg_attrdef d \
     ON d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.attgenerated <> '' \
     WHERE a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum";

const RULES: &str = "SELECT DISTINCT r.ev_class FROM pg_catalog.pg_rewrite r \
     WHERE r.rulename <> '_RETURN' OR r.ev_type <> '1'";

const INHERITANCE: &str = "SELECT i.inhrelid, i.inhparent FROM pg_catalog.pg_inherits i \
     ORDER BY i.inhrelid, i.inhseqno";

const TRIGGERS: &str = "SELECT t.tgrelid, t.tgfoid, t.tgoldtable, t.tgnewtable \
     FROM pg_catalog.pg_trigger t \
     WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' ORDER BY t.tgrelid, t.tgname";

const INDEXES: &str = "SELECT i.indrelid, i.indnkeyatts, i.indkey, \
     i.indisvalid AND i.indpred IS NULL FROM pg_catalog.pg_index i WHERE i.indisunique";

const CONSTRAINTS: &str = "SELECT k.conrelid, k.conkey FROM pg_catalog.pg_constraint k \
     WHERE k.contype IN ('c', 'f', 'x') AND k.conrelid <> 0 AND k.conkey IS NOT NULL";

const REFERENCES: &str = "SELECT k.conrelid, k.conkey[1], k.confrelid, k.confkey[1], \
     pg_catalog.cardinality(k.conkey), \
     k.confdeltype NOT IN ('a', 'r') OR k.confupdtype NOT IN ('a', 'r') \
     FROM pg_catalog.pg_constraint k WHERE k.contype = 'f' ORDER BY k.oid";

const COMMENTS: &str = "SELECT d.objoid, d.objsubid, d.description \
     FROM pg_catalog.pg_description d \
     WHERE d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass";

const TYPES: &str = "SELECT t.oid, n.nspname, t.typname, t.typtype, t.typcategory, t.typlen, \
     t.typelem, t.typrelid, t.typbasetype \
     FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace";

const ENUMS: &str = "SELECT e.enumtypid, e.enumlabel FROM pg_catalog.pg_enum e \
     ORDER BY e.enumtypid, e.enumsortorder";

const OPERATORS: &str = "SELECT DISTINCT \
     CASE WHEN n.nspname = 'pg_catalog' AND o.oid < 16384 THEN NULL ELSE n.nspname END, o.oprname, \
     CASE WHEN n.nspname = 'pg_catalog' AND o.oid < 16384 THEN 0 ELSE o.oprleft END, \
     CASE WHEN n.nspname = 'pg_catalog' AND o.oid < 16384 THEN 0 ELSE o.oprright END, \
     CASE WHEN n.nspname = 'pg_catalog' AND o.oid < 16384 THEN 0 \
     ELSE o.oprcode::pg_catalog.oid END \
     FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace";

const CASTS: &str = "SELECT c.castsource, c.casttarget, c.castfunc, c.castcontext <> 'e' \
     FROM pg_catalog.pg_cast c JOIN pg_catalog.pg_proc p ON p.oid = c.castfunc \
     JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
     JOIN pg_catalog.pg_language l ON l.oid = p.prolang \
     WHERE n.nspname <> 'pg_catalog' AND l.lanname NOT IN ('internal', 'c') \
     OR c.oid >= 16384 AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d \
     WHERE d.classid = 'pg_catalog.pg_cast'::pg_catalog.regclass AND d.objid = c.oid \
     AND d.deptype IN ('e', 'i'))";

const AGGREGATES: &str = "SELECT a.aggfnoid::pg_catalog.oid, ARRAY[a.aggtransfn::pg_catalog.oid, \
     a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn, a.aggmtransfn, \
     a.aggminvtransfn, a.aggmfinalfn] \
     FROM pg_catalog.pg_aggregate a JOIN pg_catalog.pg_proc p ON p.oid = a.aggfnoid \
     JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
     WHERE n.nspname <> 'pg_catalog' OR p.oid >= 16384";

const ARGUMENT_DEFAULTS: &str = "SELECT p.oid, pg_catalog.pg_get_expr(p.proargdefaults, 0) \
     FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
     WHERE p.pronargdefaults > 0 AND n.nspname <> 'pg_catalog'";

/// What depends on a function or an operator that is not PostgreSQL's own has a line in
/// `pg_depend`; PostgreSQL's own are pinned and have none.
fn column_defaults() -> String {
    let acts = default_acts("d.adbin::pg_catalog.text");
    format!(
        "SELECT d.adrelid, d.adnum, CASE WHEN d.adrelid = ANY (ARRAY({LOCKED})) THEN NULL \
         ELSE pg_catalog.pg_get_expr(d.adbin, d.adrelid) END FROM pg_catalog.pg_attrdef d \
         JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum \
         WHERE a.attgenerated = '' AND ({acts} OR EXISTS (SELECT FROM pg_catalog.pg_depend x \
         WHERE x.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND x.objid = d.oid \
         AND x.refclassid IN ('pg_catalog.pg_proc'::pg_catalog.regclass, \
         'pg_catalog.pg_operator'::pg_catalog.regclass)))"
    )
}

/// Functions with SQL-standard bodies exist since version 14; their text is a decompiled tree.
fn functions(major: u32) -> String {
    let body = if major >= 14 {
        format!(
            "CASE WHEN p.prosqlbody IS NULL \
             THEN CASE WHEN l.lanname <> 'internal' THEN p.prosrc END \
             WHEN p.oid <> ALL (ARRAY(SELECT d.objid FROM pg_catalog.pg_depend d \
             WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass \
             AND d.refobjid IN ({LOCKED}))) THEN pg_catalog.pg_get_function_sqlbody(p.oid) END"
        )
    } else {
        "CASE WHEN l.lanname <> 'internal' THEN p.prosrc END".to_owned()
    };
    format!(
        "SELECT p.oid, n.nspname, p.proname, p.prokind, l.lanname, {body}, p.proargtypes, \
         p.proallargtypes, p.proargmodes, p.proargnames, p.pronargdefaults, p.provariadic <> 0, \
         p.prorettype, p.proretset, p.provolatile, p.prosecdef, p.proconfig \
         FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
         JOIN pg_catalog.pg_language l ON l.oid = p.prolang"
    )
}

/// Multiranges exist since version 14.
fn ranges(major: u32) -> String {
    let multirange = if major >= 14 { "r.rngmultitypid" } else { "0" };
    format!("SELECT r.rngtypid, r.rngsubtype, {multirange} FROM pg_catalog.pg_range r")
}

#[cfg(test)]
mod tests;
