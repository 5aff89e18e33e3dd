//! How a server is asked for the versions of a catalog's parts. Knows the system catalogs, and
//! nothing of answers.

use super::{FIRST_NORMAL_OID, SERVERS_OWN};
use crate::catalog::queries;

/// A system catalog whose rows belong to parts of a kind.
struct Source {
    /// The kind of part.
    kind: char,
    /// Tells the sources of a kind apart.
    number: u32,
    /// Where the rows come from, as `k`.
    from: &'static str,
    /// The part's oid.
    part: &'static str,
    /// What tells a part's rows in this catalog apart.
    key: &'static str,
    /// Which rows count.
    filter: &'static str,
}

const fn source(
    (kind, number): (char, u32),
    from: &'static str,
    part: &'static str,
    key: &'static str,
    filter: &'static str,
) -> Source {
    Source { kind, number, from, part, key, filter }
}

/// What is no part of anything: all of it together counts as one.
const WHOLE: &str = "'16384'::pg_catalog.oid";

const SOURCES: [Source; 19] = [
    source(('r', 0), "relation", "k.oid", "0", ""),
    source(('r', 1), "pg_catalog.pg_attribute", "k.attrelid", "k.attnum", "k.attnum > 0"),
    source(('r', 2), "pg_catalog.pg_attrdef", "k.adrelid", "k.oid::bigint", ""),
    source(
        ('r', 3),
        "pg_catalog.pg_index",
        "k.indrelid",
        "k.indexrelid::bigint",
        "(k.indisunique OR k.indexprs IS NOT NULL OR k.indpred IS NOT NULL)",
    ),
    source(('r', 4), "pg_catalog.pg_inherits", "k.inhrelid", "k.inhseqno", ""),
    source(
        ('r', 5),
        "pg_catalog.pg_constraint",
        "k.conrelid",
        "k.oid::bigint",
        "k.contype IN ('c', 'f', 'x') AND k.conrelid <> 0",
    ),
    source(('r', 6), "pg_catalog.pg_trigger", "k.tgrelid", "k.oid::bigint", ""),
    source(('r', 7), "pg_catalog.pg_rewrite", "k.ev_class", "k.oid::bigint", ""),
    source(
        ('r', 8),
        "pg_catalog.pg_description",
        "k.objoid",
        "k.objsubid",
        "k.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass",
    ),
    source(('r', 9), "pg_catalog.pg_statistic_ext", "k.stxrelid", "k.oid::bigint", ""),
    source(('f', 0), "function", "k.oid", "0", ""),
    source(('f', 1), "pg_catalog.pg_aggregate", "k.aggfnoid::pg_catalog.oid", "0", ""),
    source(('t', 0), "type", "k.oid", "0", ""),
    source(('t', 1), "pg_catalog.pg_enum", "k.enumtypid", "k.oid::bigint", ""),
    source(('t', 2), "pg_catalog.pg_range", "k.rngtypid", "0", ""),
    source(('t', 3), "pg_catalog.pg_constraint", "k.contypid", "k.oid::bigint", "k.contypid <> 0"),
    source(('o', 0), "pg_catalog.pg_operator", WHOLE, "k.oid::bigint", ""),
    source(('c', 0), "pg_catalog.pg_cast", WHOLE, "k.oid::bigint", ""),
    source(('x', 0), SURROUNDINGS, WHOLE, "k.key", ""),
];

const SURROUNDINGS: &str = "(SELECT l.xmin, l.oid::bigint AS key FROM pg_catalog.pg_collation l \
     UNION ALL SELECT l.xmin, (1::bigint << 36) + l.oid::bigint FROM pg_catalog.pg_ts_config l \
     UNION ALL SELECT l.xmin, (2::bigint << 36) + l.oid::bigint FROM pg_catalog.pg_ts_dict l)";

impl Source {
    /// Whose rows count: those of sessions' temporary objects do not.
    fn conditions(&self) -> Vec<String> {
        let set = match self.kind {
            'r' => "relation",
            'f' => "function",
            't' => "type",
            _ => self.from,
        };
        let mut conditions = Vec::new();
        if self.from != set && self.part != WHOLE {
            conditions.push(format!("{} IN (SELECT oid FROM {set})", self.part));
        }
        if !self.filter.is_empty() {
            conditions.push(self.filter.to_owned());
        }
        conditions
    }

    fn rest(&self, more: Option<String>) -> String {
        let conditions: Vec<String> = self.conditions().into_iter().chain(more).collect();
        let all = if conditions.is_empty() { "true".to_owned() } else { conditions.join(" AND ") };
        format!("FROM {} k WHERE {all}", self.from)
    }

    /// The rows of parts, of all or of those that are listed in `novel`.
    fn rows(&self, only: bool) -> String {
        let Self { kind, number, part, key, .. } = self;
        let only = only.then(|| format!("{part} = ANY (ARRAY(SELECT s.part FROM novel s))"));
        format!(
            "SELECT '{kind}', {part}, k.xmin, ({number}::bigint << 40) + {key} {}",
            self.rest(only)
        )
    }

    /// How many rows there are, and of which parts some may be new since the transaction `$1`.
    fn fresh(&self) -> String {
        let Self { kind, part, .. } = self;
        format!(
            "SELECT '{kind}', pg_catalog.count(*), pg_catalog.array_agg({part}) \
             FILTER (WHERE pg_catalog.age(k.xmin) <= pg_catalog.age($1)) {}",
            self.rest(None)
        )
    }
}

/// The objects that are nobody's own.
fn shared() -> String {
    let not_temporary = |column: &str| format!("{column} NOT IN (SELECT oid FROM temporary)");
    format!(
        "WITH temporary AS MATERIALIZED (SELECT s.oid FROM pg_catalog.pg_namespace s \
         WHERE {}), relation AS MATERIALIZED (SELECT c.oid, c.xmin FROM pg_catalog.pg_class c \
         WHERE {} AND {}), function AS MATERIALIZED (SELECT p.oid, p.xmin \
         FROM pg_catalog.pg_proc p WHERE {}), type AS MATERIALIZED (SELECT t.oid, t.xmin \
         FROM pg_catalog.pg_type t WHERE {})",
        queries::TEMPORARY,
        queries::KINDS,
        not_temporary("c.relnamespace"),
        not_temporary("p.pronamespace"),
        not_temporary("t.typnamespace"),
    )
}

/// Parts and their versions: the sums of hashes over their rows. A transaction's id is taken as
/// its distance from the first ordinary one, which stays the same however old it gets; what initdb
/// wrote has no age. What tells a row apart goes in as the hash's seed.
fn parts(only: bool) -> String {
    let rows: Vec<String> = SOURCES.iter().map(|source| source.rows(only)).collect();
    format!(
        "version (kind, part, id, key) AS ({}), part (kind, part, version, rows) AS (\
         SELECT v.kind, CASE WHEN v.part::bigint < {FIRST_NORMAL_OID} THEN {SERVERS_OWN} \
         ELSE v.part::bigint END, pg_catalog.sum(pg_catalog.hashint8extended(\
         CASE pg_catalog.age(v.id) WHEN 2147483647 THEN 0 ELSE \
         (pg_catalog.age('3'::pg_catalog.xid)::bigint - pg_catalog.age(v.id)) & 4294967295 END, \
         v.key)), pg_catalog.count(*) FROM version v GROUP BY 1, 2)",
        rows.join(" UNION ALL ")
    )
}

/// Schemas and languages by name.
const NAMES: &str = "SELECT 's', s.oid::bigint, \
     pg_catalog.hashtextextended(s.nspname::text COLLATE \"C\", s.oid::bigint)::numeric, 1::bigint \
     FROM pg_catalog.pg_namespace s WHERE s.oid NOT IN (SELECT oid FROM temporary) \
     UNION ALL SELECT 'l', l.oid::bigint, \
     pg_catalog.hashtextextended(l.lanname::text COLLATE \"C\", l.oid::bigint)::numeric, 1::bigint \
     FROM pg_catalog.pg_language l";

/// What makes a list of parts: `oid version rows`.
const LISTED: &str = "pg_catalog.string_agg(p.part || ' ' || p.version || ' ' || p.rows, ',')";

/// Since which transaction a row may be new to whoever looks later: all before it have ended.
const HORIZON: &str = "SELECT 'h', ((pg_catalog.pg_snapshot_xmin(\
     pg_catalog.pg_current_snapshot())::text::numeric) % 4294967296)::text";

/// Asks for the version of each part.
pub(in crate::catalog) fn all() -> String {
    format!(
        "{}, {}, named (kind, part, version, rows) AS (SELECT * FROM part UNION ALL {NAMES}) \
         SELECT p.kind, {LISTED} FROM named p GROUP BY p.kind UNION ALL {HORIZON}",
        shared(),
        parts(false)
    )
}

/// Asks for the sum of all versions of a kind.
pub(in crate::catalog) fn totals() -> String {
    format!(
        "{}, {}, named (kind, part, version, rows) AS (SELECT * FROM part UNION ALL {NAMES}) \
         SELECT p.kind, pg_catalog.sum(p.version) FROM named p GROUP BY p.kind",
        shared(),
        parts(false)
    )
}

/// Prepares what is asked each time, so that it is not planned each time.
///
/// What may be new comes in rows of two sorts: by kind how many rows there are and the least part
/// that has new ones; and by kind the versions of all parts that have.
pub(in crate::catalog) fn prepare() -> String {
    let fresh: Vec<String> = SOURCES.iter().map(Source::fresh).collect();
    format!(
        "PREPARE weir_fresh (pg_catalog.xid) AS {shared}, \
         fresh (kind, rows, parts) AS MATERIALIZED ({}), \
         novel (part) AS MATERIALIZED (SELECT DISTINCT pg_catalog.unnest(f.parts) FROM fresh f), \
         {}, named (kind, part, version, rows) AS (SELECT * FROM part UNION ALL {NAMES}) \
         SELECT 'n', f.kind, pg_catalog.sum(f.rows)::text FROM fresh f GROUP BY f.kind \
         UNION ALL SELECT 'm', 'm', pg_catalog.min(s.part)::text FROM novel s \
         UNION ALL SELECT 'v', p.kind, {LISTED} FROM named p GROUP BY p.kind \
         UNION ALL SELECT 'v', h.kind, h.id FROM ({HORIZON}) h (kind, id);\n\
         PREPARE weir_live AS {shared} \
         SELECT 'r', pg_catalog.string_agg(k.oid::text, ',') FROM relation k {users} \
         UNION ALL SELECT 'f', pg_catalog.string_agg(k.oid::text, ',') FROM function k {users} \
         UNION ALL SELECT 't', pg_catalog.string_agg(k.oid::text, ',') FROM type k {users}",
        fresh.join(" UNION ALL "),
        parts(true),
        shared = shared(),
        users = format_args!("WHERE k.oid >= {FIRST_NORMAL_OID}"),
    )
}

/// Asks what may be new since a transaction.
pub(in crate::catalog) fn fresh(horizon: u32) -> String {
    format!("EXECUTE weir_fresh('{horizon}')")
}

/// Asks which relations, functions and types there are besides the server's own.
pub(in crate::catalog) const LIVE: &str = "EXECUTE weir_live";
