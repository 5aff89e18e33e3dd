//! Which row versions a catalog was made of, so that the next reading brings only what differs.
//! Knows the system catalogs' rows, not what they mean.
//!
//! A catalog is told apart into parts that are read as one: a relation with all that hangs on it
//! (columns, defaults, unique indexes, foreign keys, rules, triggers, comments), a function, a
//! type. Of each the server says one number: the sum of hashes over its rows' keys and the ids of
//! the transactions that wrote them (`xmin`). A row that is added, replaced or deleted, by
//! whomever, makes it another; what was rolled back was never there. PostgreSQL's own objects are
//! one part together.

use super::{CatalogError, queries, row::Row};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use wire_pg::Values;

/// Objects below this oid came with the server (`FirstNormalObjectId`).
pub(super) const FIRST_NORMAL_OID: u32 = 16_384;

/// The part of PostgreSQL's own objects.
const SERVERS_OWN: u32 = 0;

/// Kinds of parts, as the server names them in [`statement`]'s rows.
const RELATION: char = 'r';
const FUNCTION: char = 'f';
const TYPE: char = 't';
const OPERATORS: char = 'o';
const CASTS: char = 'c';
/// Schemas and languages, by name: what stands in them is not told apart from them.
const SCHEMA: char = 's';
const LANGUAGE: char = 'l';
/// What expressions name besides (collations, text search): of no meaning but for their texts.
const SURROUNDINGS: char = 'x';

/// One number per part.
#[derive(Debug, Default)]
pub(super) struct Versions(BTreeMap<char, HashMap<u32, i128>>);

/// One number per kind of part: enough to tell that something changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Fingerprint(BTreeMap<char, i128>);

/// What has to be read again.
#[derive(Debug, Default)]
pub(super) struct Delta {
    /// Relations that are new or other than before.
    pub(super) relations: BTreeSet<u32>,
    /// Functions that are.
    pub(super) functions: BTreeSet<u32>,
    /// Types that are.
    pub(super) types: BTreeSet<u32>,
    /// Relations, functions and types that are gone.
    pub(super) gone: [BTreeSet<u32>; 3],
    /// The operators.
    pub(super) operators: bool,
    /// The casts.
    pub(super) casts: bool,
    /// All that the server writes out: something is named in it that has another name now.
    pub(super) texts: bool,
}

impl Versions {
    /// Takes one row of [`statement`].
    pub(super) fn row(&mut self, values: Values<'_>) -> Result<(), CatalogError> {
        let wrong = || CatalogError::Row("versions");
        let mut row = Row::new(values, "versions");
        let kind = row.letter()?;
        let list = row.text()?;
        let parts = self.0.entry(kind).or_default();
        for part in list.split(',') {
            let (id, version) = part.split_once(' ').ok_or_else(wrong)?;
            let id = id.parse().map_err(|_| wrong())?;
            parts.insert(id, version.parse().map_err(|_| wrong())?);
        }
        Ok(())
    }

    /// What the server says of the whole when it is asked for [`totals`].
    pub(super) fn fingerprint(&self) -> Fingerprint {
        let total = |parts: &HashMap<u32, i128>| parts.values().sum();
        Fingerprint(self.0.iter().map(|(kind, parts)| (*kind, total(parts))).collect())
    }

    /// What differs from a reading before; `None` if all has to be read.
    pub(super) fn since(&self, before: &Self) -> Option<Delta> {
        let own = |versions: &Self, kind| versions.part(kind, SERVERS_OWN);
        let same = |kind| own(self, kind) == own(before, kind);
        if ![RELATION, FUNCTION, TYPE].into_iter().all(same) {
            return None;
        }
        for kind in [SCHEMA, LANGUAGE] {
            let (changed, gone) = self.differing(before, kind);
            // One that is new changes nothing about what is known.
            if !gone.is_empty() || changed.iter().any(|id| before.part(kind, *id).is_some()) {
                return None;
            }
        }
        let differs = |kind| {
            let (changed, gone) = self.differing(before, kind);
            !changed.is_empty() || !gone.is_empty()
        };
        let (relations, relations_gone) = self.differing(before, RELATION);
        let (functions, functions_gone) = self.differing(before, FUNCTION);
        let (types, types_gone) = self.differing(before, TYPE);
        // Which casts count depends on their functions' language.
        let casts = differs(CASTS) || !functions.is_empty() || !functions_gone.is_empty();
        Some(Delta {
            relations,
            functions,
            types,
            gone: [relations_gone, functions_gone, types_gone],
            operators: differs(OPERATORS),
            casts,
            texts: differs(SURROUNDINGS),
        })
    }

    fn part(&self, kind: char, id: u32) -> Option<i128> {
        self.0.get(&kind)?.get(&id).copied()
    }

    /// Parts that are new or other than before, and parts that are gone.
    fn differing(&self, before: &Self, kind: char) -> (BTreeSet<u32>, BTreeSet<u32>) {
        let parts = |versions: &Self| versions.0.get(&kind).cloned().unwrap_or_default();
        let (now, before) = (parts(self), parts(before));
        let other = now.iter().filter(|(id, version)| before.get(*id) != Some(*version));
        let gone = before.keys().filter(|id| !now.contains_key(*id)).copied().collect();
        (other.map(|(id, _)| *id).collect(), gone)
    }
}

impl Fingerprint {
    /// Takes one row of [`totals`].
    pub(super) fn row(&mut self, values: Values<'_>) -> Result<(), CatalogError> {
        let mut row = Row::new(values, "fingerprint");
        let kind = row.letter()?;
        self.0.insert(kind, row.number()?);
        Ok(())
    }

    /// True if nothing was told.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Asks for the version of each part: kind, and a list of `oid version`.
pub(super) fn statement() -> String {
    format!(
        "{} SELECT p.kind, pg_catalog.string_agg(p.part || ' ' || p.version, ',') \
         FROM part p GROUP BY p.kind",
        parts()
    )
}

/// Asks for the sum of all versions of a kind.
pub(super) fn totals() -> String {
    format!("{} SELECT p.kind, pg_catalog.sum(p.version) FROM part p GROUP BY p.kind", parts())
}

/// The parts and their versions. A transaction's id is taken as its distance from the first
/// ordinary one, which stays the same however old it gets; what initdb wrote has no age. A row's
/// key goes in as the hash's seed, above it a number for the catalog it stands in.
fn parts() -> String {
    let temporary = |column: &str| format!("{column} NOT IN (SELECT oid FROM temporary)");
    let of_relation = |catalog: &str, number: u32, relation: &str, key: &str| {
        format!(
            "UNION ALL SELECT 'r', k.{relation}, k.xmin, ({number}::bigint << 40) + k.{key} \
             FROM pg_catalog.{catalog} k JOIN relation r ON r.oid = k.{relation} "
        )
    };
    let whole = |kind: char, catalog: &str, number: u32| {
        format!(
            "UNION ALL SELECT '{kind}', '{FIRST_NORMAL_OID}'::oid, k.xmin, \
             ({number}::bigint << 40) + k.oid::bigint FROM pg_catalog.{catalog} k "
        )
    };
    [
        "WITH temporary AS MATERIALIZED (SELECT s.oid FROM pg_catalog.pg_namespace s WHERE ",
        queries::TEMPORARY,
        "), relation AS MATERIALIZED (SELECT c.oid, c.xmin FROM pg_catalog.pg_class c WHERE ",
        queries::KINDS,
        " AND ",
        &temporary("c.relnamespace"),
        "), function AS MATERIALIZED (SELECT p.oid, p.xmin FROM pg_catalog.pg_proc p WHERE ",
        &temporary("p.pronamespace"),
        "), type AS MATERIALIZED (SELECT t.oid, t.xmin FROM pg_catalog.pg_type t WHERE ",
        &temporary("t.typnamespace"),
        "), version (kind, part, id, key) AS (SELECT 'r', oid, xmin, 0::bigint FROM relation ",
        &of_relation("pg_attribute", 1, "attrelid", "attnum"),
        "WHERE k.attnum > 0 ",
        &of_relation("pg_attrdef", 2, "adrelid", "oid::bigint"),
        &of_relation("pg_index", 3, "indrelid", "indexrelid::bigint"),
        "WHERE k.indisunique ",
        &of_relation("pg_inherits", 4, "inhrelid", "inhseqno"),
        &of_relation("pg_constraint", 5, "conrelid", "oid::bigint"),
        "WHERE k.contype = 'f' ",
        &of_relation("pg_trigger", 6, "tgrelid", "oid::bigint"),
        &of_relation("pg_rewrite", 7, "ev_class", "oid::bigint"),
        &of_relation("pg_description", 8, "objoid", "objsubid"),
        "WHERE k.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass ",
        "UNION ALL SELECT 'f', oid, xmin, 0 FROM function ",
        "UNION ALL SELECT 'f', f.oid, k.xmin, 1 FROM pg_catalog.pg_aggregate k ",
        "JOIN function f ON f.oid = k.aggfnoid ",
        "UNION ALL SELECT 't', oid, xmin, 0 FROM type ",
        "UNION ALL SELECT 't', k.enumtypid, k.xmin, (1::bigint << 40) + k.oid::bigint ",
        "FROM pg_catalog.pg_enum k JOIN type t ON t.oid = k.enumtypid ",
        "UNION ALL SELECT 't', k.rngtypid, k.xmin, 2::bigint << 40 ",
        "FROM pg_catalog.pg_range k JOIN type t ON t.oid = k.rngtypid ",
        &whole('o', "pg_operator", 0),
        &whole('c', "pg_cast", 0),
        &whole('x', "pg_collation", 0),
        &whole('x', "pg_ts_config", 1),
        &whole('x', "pg_ts_dict", 2),
        "), part (kind, part, version) AS (SELECT v.kind, ",
        &format!("CASE WHEN v.part::bigint < {FIRST_NORMAL_OID} THEN {SERVERS_OWN} "),
        "ELSE v.part::bigint END, pg_catalog.sum(pg_catalog.hashint8extended(",
        "CASE pg_catalog.age(v.id) WHEN 2147483647 THEN 0 ELSE ",
        "(pg_catalog.age('3'::pg_catalog.xid)::bigint - pg_catalog.age(v.id)) & 4294967295 END",
        ", v.key)) FROM version v GROUP BY 1, 2 ",
        "UNION ALL SELECT 's', s.oid::bigint, ",
        "pg_catalog.hashtextextended(s.nspname::text COLLATE \"C\", s.oid::bigint) ",
        "FROM pg_catalog.pg_namespace s WHERE ",
        &temporary("s.oid"),
        " UNION ALL SELECT 'l', l.oid::bigint, ",
        "pg_catalog.hashtextextended(l.lanname::text COLLATE \"C\", l.oid::bigint) ",
        "FROM pg_catalog.pg_language l)",
    ]
    .concat()
}
