//! Which functions and types hang on relations and on types: the code that runs there unnamed.

/// What of a relation runs code: its checks and exclusions, its indexes and its partition key, its
/// statistics, the conditions of its triggers.
pub(super) const RELATIONS_CODE: &str = "SELECT k.conrelid, \
     'pg_catalog.pg_constraint'::pg_catalog.regclass, k.oid \
     FROM pg_catalog.pg_constraint k WHERE k.conrelid <> 0 AND k.contype IN ('c', 'x') \
     UNION ALL SELECT i.indrelid, 'pg_catalog.pg_class'::pg_catalog.regclass, i.indexrelid \
     FROM pg_catalog.pg_index i WHERE i.indexprs IS NOT NULL OR i.indpred IS NOT NULL \
     UNION ALL SELECT t.partrelid, 'pg_catalog.pg_class'::pg_catalog.regclass, t.partrelid \
     FROM pg_catalog.pg_partitioned_table t WHERE t.partexprs IS NOT NULL \
     UNION ALL SELECT s.stxrelid, 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, s.oid \
     FROM pg_catalog.pg_statistic_ext s \
     UNION ALL SELECT t.tgrelid, 'pg_catalog.pg_trigger'::pg_catalog.regclass, t.oid \
     FROM pg_catalog.pg_trigger t WHERE t.tgqual IS NOT NULL AND NOT t.tgisinternal";

/// What of a type runs code: a domain's checks and its default.
pub(super) const TYPES_CODE: &str = "SELECT k.contypid, \
     'pg_catalog.pg_constraint'::pg_catalog.regclass, k.oid \
     FROM pg_catalog.pg_constraint k WHERE k.contypid <> 0 \
     UNION ALL SELECT t.oid, 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid \
     FROM pg_catalog.pg_type t WHERE t.typtype = 'd'";

/// The expressions there that may be of any volatility.
pub(super) const RELATIONS_TREES: &str = "SELECT k.conrelid, k.conbin::pg_catalog.text \
     FROM pg_catalog.pg_constraint k WHERE k.conrelid <> 0 AND k.contype = 'c' \
     UNION ALL SELECT s.stxrelid, pg_catalog.to_jsonb(s) ->> 'stxexprs' \
     FROM pg_catalog.pg_statistic_ext s \
     UNION ALL SELECT t.tgrelid, t.tgqual::pg_catalog.text \
     FROM pg_catalog.pg_trigger t WHERE t.tgqual IS NOT NULL AND NOT t.tgisinternal";

/// The same of types.
pub(super) const TYPES_TREES: &str = "SELECT k.contypid, k.conbin::pg_catalog.text \
     FROM pg_catalog.pg_constraint k WHERE k.contypid <> 0 \
     UNION ALL SELECT t.oid, t.typdefaultbin::pg_catalog.text \
     FROM pg_catalog.pg_type t WHERE t.typtype = 'd'";

/// True of functions (alias `p`) of PostgreSQL's own that may do more than compute.
const ACTS: &str = "p.oid < 16384 AND (p.provolatile = 'v' \
     OR pg_catalog.strpos(p.proname::pg_catalog.text, '_to_xml') > 0)";

/// The functions of PostgreSQL's own in an expression that may do more than compute, as a join that
/// makes `p` of a tree. `pg_depend` has no line for them: they are pinned.
fn acting(tree: &str) -> String {
    format!(
        "CROSS JOIN LATERAL pg_catalog.regexp_matches({tree}, ':funcid ([0-9]+)', 'g') m (found) \
         JOIN pg_catalog.pg_proc p ON p.oid = (m.found)[1]::pg_catalog.oid AND {ACTS}"
    )
}

/// True of a default whose tree has such a function, but for those that make keys and tell of
/// chance and time.
pub(super) fn default_acts(tree: &str) -> String {
    format!(
        "EXISTS (SELECT FROM (SELECT) one {} AND p.proname <> ALL ('{{nextval,random,\
         gen_random_uuid,uuidv4,uuidv7,clock_timestamp,timeofday}}'::pg_catalog.name[]))",
        acting(tree)
    )
}

/// Which functions and types that are not PostgreSQL's own are named there: `pg_depend` has a line
/// for each. An operator stands for its function; of types those count that may have code of their
/// own. What triggers run they tell themselves. Of PostgreSQL's own those count that may do more
/// than compute. `only` says of which owners (`o.owner`).
pub(super) fn attached(of: &str, trees: &str, only: &str) -> String {
    let acting = acting("o.tree");
    format!(
        "SELECT o.owner, p.oid, 0::pg_catalog.oid FROM ({trees}) o (owner, tree) \
         {acting} WHERE {only} UNION ALL SELECT o.owner, coalesce(p.oid, 0::pg_catalog.oid), \
         coalesce(t.oid, 0::pg_catalog.oid) FROM ({of}) o (owner, class, id) \
         JOIN pg_catalog.pg_depend d ON d.classid = o.class AND d.objid = o.id \
         AND d.refobjid >= 16384 \
         LEFT JOIN pg_catalog.pg_operator r ON r.oid = d.refobjid \
         AND d.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass \
         LEFT JOIN pg_catalog.pg_proc p ON p.prorettype <> 2279 AND p.oid = \
         CASE d.refclassid WHEN 'pg_catalog.pg_proc'::pg_catalog.regclass THEN d.refobjid \
         ELSE r.oprcode::pg_catalog.oid END \
         LEFT JOIN pg_catalog.pg_type t ON t.oid = d.refobjid \
         AND d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass \
         AND t.oid <> o.owner AND (t.typtype IN ('d', 'c', 'r', 'm') OR t.typelem <> 0) \
         WHERE (p.oid IS NOT NULL OR t.oid IS NOT NULL) AND {only}"
    )
}
