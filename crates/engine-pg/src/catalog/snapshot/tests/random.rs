//! Random DDL over few names, so that statements meet: many succeed, some fail.

use super::is_users;
use model::{
    Catalog,
    catalog::{RelationKind, TypeKind},
};

/// Numbers that repeat by their seed (xorshift64*), and what there is to be changed.
#[derive(Default)]
pub(super) struct Random {
    state: u64,
    /// Tables and views with their columns, functions and types, as SQL names them.
    tables: Vec<(String, Vec<String>)>,
    views: Vec<(String, Vec<String>)>,
    functions: Vec<(String, Vec<String>)>,
    types: Vec<(String, Vec<String>)>,
    /// The columns of what was named last.
    columns: Vec<String>,
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

const SCHEMAS: &[&str] = &["public", "a", "b", "\"C c\"", "postgres"];
const TABLES: &[&str] = &["t0", "t1", "t2", "t3", "\"T 4\""];
const VIEWS: &[&str] = &["v0", "v1", "v2", "m0", "m1"];
const FUNCTIONS: &[&str] = &["f0", "f1", "f2", "lower"];
const TYPES: &[&str] = &["y0", "y1", "y2", "\"Y 3\""];
const COLUMNS: &[&str] = &["c0", "c1", "c2", "c3", "\"C 4\""];

/// What there is at first.
pub(super) const FIRST: &[&str] = &[
    "create schema a; create schema b",
    "create table public.t0 (c0 int primary key, c1 text, c2 int)",
    "create table public.t1 (c0 int references public.t0, c1 text, c2 date)",
    "create table a.t0 (c0 int, c1 int) partition by range (c0)",
    "create function public.f0(p text) returns text language sql as 'select p'",
    "create type public.y0 as enum ('x', 'y'); create type public.y1 as (c0 int, c1 text)",
    "create view public.v0 as select c0, c1 as \"other name\" from public.t0",
];

/// What is done. `S` stands for a schema, `T` for a table with its schema, `V` for a view or a
/// materialized one, `F` for a function, `Y` for a type, `C` for a column, `D` for a column's type
/// and `X` for an expression over columns; a number behind one makes it another of its kind in the
/// same statement. Lower case and quotes stand as they are.
const CHANGES: &[&str] = &[
    "CREATE SCHEMA IF NOT EXISTS {S}",
    "CREATE SCHEMA IF NOT EXISTS {S}",
    "CREATE SCHEMA IF NOT EXISTS {S}",
    "ALTER SCHEMA {S} RENAME TO {S2}; CREATE SCHEMA {S}",
    "ALTER SCHEMA {S} RENAME TO moved; ALTER SCHEMA {S2} RENAME TO {S}; \
     ALTER SCHEMA moved RENAME TO {S2}",
    "GRANT USAGE ON SCHEMA {S} TO PUBLIC",
    "CREATE TABLE {T} ({C} {D}, {C2} {D2}, {C3} {D3})",
    "CREATE TABLE {T} ({C} {D}, {C2} {D2}, {C3} {D3})",
    "CREATE TABLE {T} ({C} {D}, {C2} {D2}, {C3} {D3})",
    "CREATE TABLE {T} ({C} int PRIMARY KEY, {C2} {D} UNIQUE, {C3} {D3} NOT NULL)",
    "CREATE TABLE {T} ({C} int GENERATED ALWAYS AS IDENTITY, {C2} serial, {C3} bigserial UNIQUE)",
    "CREATE TABLE {T} ({C} int, {C2} int GENERATED ALWAYS AS ({C} + 1) STORED)",
    "CREATE TABLE {T} ({C} text DEFAULT {F}('x'::text), {C2} int DEFAULT 1)",
    "CREATE TABLE {T} (LIKE {T2} INCLUDING ALL)",
    "CREATE TABLE {T} ({C} {D}) INHERITS ({T2})",
    "CREATE TABLE {T} ({C} int, {C2} {D}) PARTITION BY RANGE ({C})",
    "CREATE TABLE {T} PARTITION OF {T2} FOR VALUES FROM (0) TO (10)",
    "CREATE TABLE {T} PARTITION OF {T2} DEFAULT",
    "CREATE TABLE {T} AS SELECT * FROM {T2}",
    "CREATE UNLOGGED TABLE {T} AS SELECT * FROM {V}",
    "CREATE TABLE {T} OF {Y}",
    "CREATE TEMPORARY TABLE {TN} ({C} {D}, {C2} serial PRIMARY KEY)",
    "CREATE TEMPORARY VIEW {VN} AS SELECT * FROM {T}",
    "DROP TABLE IF EXISTS pg_temp.{TN} CASCADE",
    "DROP TABLE {T}",
    "DROP TABLE {T} CASCADE",
    "ALTER TABLE {T} RENAME TO {TN2}",
    "ALTER TABLE {T} SET SCHEMA {S}",
    "ALTER TABLE {T} RENAME COLUMN {C} TO {C2}",
    "ALTER TABLE {T} RENAME COLUMN {C} TO {C2}",
    "ALTER TABLE {T} ADD COLUMN {C} {D}",
    "ALTER TABLE {T} ADD COLUMN {C} {D}",
    "ALTER TABLE {T} ADD COLUMN {C} text DEFAULT {F}('a'::text)",
    "ALTER TABLE {T} ADD COLUMN {C} int GENERATED ALWAYS AS ({C2} * 2) STORED",
    "ALTER TABLE {T} ALTER COLUMN {C} DROP EXPRESSION",
    "ALTER TABLE {T} DROP COLUMN {C}",
    "ALTER TABLE {T} DROP COLUMN {C} CASCADE",
    "ALTER TABLE {T} ALTER COLUMN {C} TYPE {D} USING NULL",
    "ALTER TABLE {T} ALTER COLUMN {C} SET DEFAULT {F}('b'::text)",
    "ALTER TABLE {T} ALTER COLUMN {C} DROP DEFAULT",
    "ALTER TABLE {T} ALTER COLUMN {C} SET NOT NULL",
    "ALTER TABLE {T} ALTER COLUMN {C} DROP NOT NULL",
    "ALTER TABLE {T} ADD PRIMARY KEY ({C})",
    "ALTER TABLE {T} ADD CONSTRAINT k UNIQUE ({C})",
    "ALTER TABLE {T} ADD CONSTRAINT k UNIQUE ({C}, {C2})",
    "ALTER TABLE {T} ADD CONSTRAINT r FOREIGN KEY ({C}) REFERENCES {T2}",
    "ALTER TABLE {T} ADD CONSTRAINT r FOREIGN KEY ({C}) REFERENCES {T2} ({C2})",
    "ALTER TABLE {T} ADD CONSTRAINT z CHECK ({C} IS NOT NULL) NOT VALID",
    "ALTER TABLE {T} DROP CONSTRAINT k",
    "ALTER TABLE {T} DROP CONSTRAINT r",
    "ALTER TABLE {T} RENAME CONSTRAINT r TO r2",
    "ALTER TABLE {T} INHERIT {T2}",
    "ALTER TABLE {T} NO INHERIT {T2}",
    "ALTER TABLE {T} ATTACH PARTITION {T2} FOR VALUES FROM (20) TO (30)",
    "ALTER TABLE {T} DETACH PARTITION {T2}",
    "ALTER TABLE {T} DETACH PARTITION {T2} CONCURRENTLY",
    "ALTER TABLE {T} SET UNLOGGED",
    "ALTER TABLE {T} SET LOGGED",
    "ALTER TABLE {T} SET (fillfactor = 70)",
    "ALTER TABLE {T} ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE {T} OF {Y}",
    "ALTER TABLE {T} NOT OF",
    "TRUNCATE {T} CASCADE",
    "INSERT INTO {T} DEFAULT VALUES",
    "ANALYZE {T}",
    "VACUUM {T}",
    "VACUUM FULL {T}",
    "VACUUM pg_catalog.pg_attribute",
    "GRANT SELECT ({C}) ON {T} TO PUBLIC",
    "COMMENT ON TABLE {T} IS 'x'",
    "COMMENT ON TABLE {T} IS NULL",
    "COMMENT ON COLUMN {T}.{C} IS 'email'",
    "COMMENT ON COLUMN {T}.{C} IS NULL",
    "CREATE UNIQUE INDEX i0 ON {T} ({C})",
    "CREATE UNIQUE INDEX i1 ON {T} ({C}) WHERE {C} IS NULL",
    "CREATE INDEX i2 ON {T} ({C})",
    "CREATE UNIQUE INDEX CONCURRENTLY i3 ON {T} ({C})",
    "DROP INDEX {S}.i0",
    "DROP INDEX {S}.i1",
    "ALTER INDEX {S}.i0 RENAME TO i1",
    "REINDEX TABLE {T}",
    "CREATE VIEW {V} AS SELECT {C}, {C2} AS \"other name\" FROM {T}",
    "CREATE VIEW {V} AS SELECT {C}, {C2} AS \"other name\" FROM {T}",
    "CREATE VIEW {V} AS SELECT * FROM {T} x JOIN {T2} y USING ({C})",
    "CREATE VIEW {V} AS SELECT {F}({C}::text) AS {C} FROM {T}",
    "CREATE VIEW {V} AS SELECT * FROM {V2}",
    "CREATE VIEW {V} AS SELECT 'x'::{S}.{YN} AS {C}, NULL::{Y2} AS {C2}",
    "CREATE VIEW {V} AS SELECT 'abc' COLLATE {S}.l AS {C}",
    "CREATE VIEW {V} AS SELECT x FROM {T} x",
    "CREATE OR REPLACE VIEW {V} AS SELECT {C} FROM {T}",
    "CREATE OR REPLACE VIEW {V} AS SELECT {C}, 1 AS one FROM {T}",
    "ALTER VIEW {V} RENAME COLUMN {C} TO {C2}",
    "ALTER VIEW {V} RENAME TO {VN2}",
    "ALTER VIEW {V} SET SCHEMA {S}",
    "ALTER VIEW {V} SET (security_barrier = true)",
    "DROP VIEW {V} CASCADE",
    "CREATE MATERIALIZED VIEW {V} AS SELECT {C}, {C2} FROM {T}",
    "CREATE MATERIALIZED VIEW {V} AS SELECT * FROM {V2} WITH NO DATA",
    "REFRESH MATERIALIZED VIEW {V}",
    "ALTER MATERIALIZED VIEW {V} RENAME TO {VN2}",
    "DROP MATERIALIZED VIEW {V} CASCADE",
    "CREATE RULE g AS ON DELETE TO {T} DO INSTEAD NOTHING",
    "CREATE RULE g AS ON UPDATE TO {T} DO ALSO DELETE FROM {T2}",
    "DROP RULE g ON {T}",
    "ALTER RULE g ON {T} RENAME TO g2",
    "CREATE FUNCTION {S}.fire() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "CREATE FUNCTION {S}.fire() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "CREATE TRIGGER h BEFORE INSERT ON {T} FOR EACH ROW EXECUTE FUNCTION {S}.fire()",
    "CREATE TRIGGER h2 AFTER INSERT ON {T} EXECUTE FUNCTION {S}.fire()",
    "ALTER TABLE {T} DISABLE TRIGGER h",
    "ALTER TABLE {T} ENABLE ALWAYS TRIGGER h",
    "ALTER TRIGGER h ON {T} RENAME TO h3",
    "DROP TRIGGER h ON {T}",
    "CREATE OR REPLACE FUNCTION {F}(p text) RETURNS text LANGUAGE sql AS 'SELECT $1'",
    "CREATE OR REPLACE FUNCTION {F}(p text) RETURNS text LANGUAGE sql AS 'SELECT $1 || $1'",
    "CREATE OR REPLACE FUNCTION {F}(p text, q int DEFAULT 1) RETURNS text IMMUTABLE \
     LANGUAGE plpgsql AS 'BEGIN RETURN p; END'",
    "CREATE OR REPLACE FUNCTION {F}(p {Y}, q text DEFAULT {F2}('z'::text)) RETURNS text \
     LANGUAGE sql AS 'SELECT q'",
    "CREATE FUNCTION {F}(VARIADIC p int[]) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION {F}() RETURNS SETOF {T} LANGUAGE sql RETURN (SELECT x FROM {T} x LIMIT 1)",
    "CREATE FUNCTION {F}(p int) RETURNS text LANGUAGE sql RETURN (SELECT max({C}::text) FROM {T})",
    "CREATE FUNCTION {F}(p int) RETURNS text LANGUAGE sql RETURN {F2}(p::text)",
    "CREATE FUNCTION {F}(OUT {C} int, OUT {C2} text) LANGUAGE sql AS 'SELECT 1, ''x'''",
    "CREATE VIEW {V} AS SELECT * FROM {F}()",
    "CREATE PROCEDURE {F}(p int) LANGUAGE sql AS 'SELECT 1'",
    "CREATE AGGREGATE {F}(int) (sfunc = int4pl, stype = int)",
    "CREATE OR REPLACE AGGREGATE {F}(int) (sfunc = int4mul, stype = int)",
    "ALTER ROUTINE {F}(text) RENAME TO {FN2}",
    "ALTER FUNCTION {F}(text) SET SCHEMA {S}",
    "ALTER FUNCTION {F}(text) SECURITY DEFINER",
    "ALTER FUNCTION {F}(text) SET search_path = {S}, pg_temp",
    "ALTER FUNCTION {F}(text) STABLE",
    "DROP FUNCTION {F}(text)",
    "DROP FUNCTION {F}(text) CASCADE",
    "DROP ROUTINE {F}(int) CASCADE",
    "CREATE TYPE {Y} AS ENUM ('x', 'y')",
    "CREATE TYPE {Y} AS ENUM ('x', 'y')",
    "CREATE TYPE {Y} AS ({C} int, {C2} text)",
    "CREATE TYPE {Y} AS RANGE (subtype = date)",
    "CREATE TYPE {Y} AS RANGE (subtype = int, multirange_type_name = \"many\")",
    "CREATE DOMAIN {Y} AS text CHECK (VALUE <> '')",
    "CREATE DOMAIN {Y} AS {Y2}",
    "CREATE TYPE {Y}",
    "ALTER TYPE {Y} ADD VALUE 'w' BEFORE 'x'",
    "ALTER TYPE {Y} RENAME VALUE 'x' TO 'z'",
    "ALTER TYPE {Y} RENAME VALUE 'z' TO 'x'",
    "ALTER TYPE {Y} RENAME TO {YN2}",
    "ALTER TYPE {Y} SET SCHEMA {S}",
    "ALTER TYPE {S}.\"many\" RENAME TO \"more\"",
    "ALTER TYPE {Y} ADD ATTRIBUTE {C} int CASCADE",
    "ALTER TYPE {Y} RENAME ATTRIBUTE {C} TO {C2} CASCADE",
    "ALTER TYPE {Y} DROP ATTRIBUTE {C} CASCADE",
    "ALTER DOMAIN {Y} SET NOT NULL",
    "ALTER DOMAIN {Y} RENAME TO {YN2}",
    "DROP TYPE {Y}",
    "DROP TYPE {Y} CASCADE",
    "CREATE OPERATOR {S}.<-| (leftarg = int, rightarg = text, function = {S2}.op)",
    "CREATE FUNCTION {S}.op(int, text) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
    "CREATE FUNCTION {S}.op(int, text) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
    "CREATE VIEW {V} AS SELECT {C} OPERATOR({S}.<-|) 'x' AS {C2} FROM {T}",
    "ALTER OPERATOR {S}.<-| (int, text) SET SCHEMA {S2}",
    "DROP OPERATOR {S}.<-| (int, text) CASCADE",
    "CREATE CAST ({Y} AS int) WITH FUNCTION {S}.cast_({Y}) AS ASSIGNMENT",
    "CREATE FUNCTION {S}.cast_({Y}) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "DROP CAST ({Y} AS int)",
    "CREATE SEQUENCE {S}.q",
    "CREATE TABLE {T} ({C} bigint DEFAULT nextval('{S}.q'), {C2} text DEFAULT {F}('{S}.q'::text))",
    "ALTER SEQUENCE {S}.q RENAME TO q2",
    "DROP SEQUENCE {S}.q CASCADE",
    "CREATE COLLATION {S}.l FROM \"C\"",
    "ALTER COLLATION {S}.l RENAME TO l2",
    "ALTER COLLATION {S}.l2 RENAME TO l",
    "DO $$ BEGIN BEGIN CREATE TABLE {T} ({C} int); RAISE EXCEPTION 'x'; \
     EXCEPTION WHEN raise_exception THEN CREATE TABLE {T} ({C2} text); END; END $$",
    "DO $$ BEGIN EXECUTE 'ALTER TABLE {T} RENAME {C} TO {C2}'; END $$",
    "UPDATE pg_catalog.pg_proc SET provolatile = 'v' WHERE proname = '{FN}' AND oid >= 16384",
    "UPDATE pg_catalog.pg_attribute SET attnotnull = NOT attnotnull WHERE attname = 'c1'",
    "DELETE FROM pg_catalog.pg_description WHERE objoid >= 16384 AND description = 'x'",
    "DROP SCHEMA {S} CASCADE; CREATE SCHEMA {S}",
    "BEGIN",
    "BEGIN",
    "BEGIN",
    "SAVEPOINT s",
    "SAVEPOINT s",
    "ROLLBACK TO s",
    "RELEASE s",
    "COMMIT",
    "COMMIT",
    "COMMIT",
    "COMMIT",
    "ROLLBACK",
    "ROLLBACK",
];

const COLUMN_TYPES: &[&str] =
    &["int", "text", "date", "numeric(8,2)", "text[]", "varchar(9)", "jsonb", "{Y}", "{T}"];

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, ..Self::default() }
    }

    /// Takes in what there is.
    pub(super) fn look(&mut self, catalog: &Catalog) {
        let name = |schema: &str, name: &str| format!("{}.{}", quoted(schema), quoted(name));
        let (mut tables, mut views) = (Vec::new(), Vec::new());
        for relation in catalog.own_relations().filter(|relation| is_users(relation.id.0)) {
            let list = match relation.kind {
                RelationKind::Table | RelationKind::Partitioned => &mut tables,
                RelationKind::View | RelationKind::Materialized => &mut views,
                _ => continue,
            };
            let columns = relation.columns.iter().map(|column| quoted(&column.name));
            if relation.schema != "pg_toast" {
                list.push((name(&relation.schema, &relation.name), columns.collect()));
            }
        }
        let functions = catalog.own_functions().filter(|function| is_users(function.id.0));
        let functions = functions.map(|function| name(&function.schema, &function.name));
        let types = catalog.own_types().filter(|ty| is_users(ty.id.0));
        let types = types.filter(|ty| !matches!(ty.kind, TypeKind::Array(_)));
        let types = types.map(|ty| name(&ty.schema, &ty.name));
        self.functions = functions.map(|name| (name, Vec::new())).collect();
        self.types = types.map(|name| (name, Vec::new())).collect();
        (self.tables, self.views) = (tables, views);
        for list in [&mut self.tables, &mut self.views, &mut self.functions, &mut self.types] {
            // A seed must give the same statements each time.
            list.sort();
        }
    }

    pub(super) fn below(&mut self, limit: u32) -> u32 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        let number = self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        u32::try_from(number).unwrap() % limit
    }

    pub(super) fn one_in(&mut self, chances: u32) -> bool {
        self.below(chances) == 0
    }

    fn of(&mut self, all: &[&'static str]) -> &'static str {
        // The first ones more often, so that statements meet.
        let count = u32::try_from(all.len()).unwrap();
        let most = 1 + self.below(count).min(self.below(count));
        all[self.below(most) as usize]
    }

    /// The next statement.
    pub(super) fn statement(&mut self) -> String {
        let change = CHANGES[self.below(u32::try_from(CHANGES.len()).unwrap()) as usize];
        self.filled(change)
    }

    fn filled(&mut self, text: &str) -> String {
        let mut out = String::new();
        let mut known: Vec<(String, String)> = Vec::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('{') {
            out.push_str(before);
            let (word, after) = behind.split_once('}').unwrap();
            rest = after;
            let value = known.iter().find(|(name, _)| name == word).map(|(_, value)| value.clone());
            let fresh = out.starts_with("CREATE") && !out.contains('.');
            let value = value.unwrap_or_else(|| self.word(word, fresh));
            known.push((word.to_owned(), value.clone()));
            out.push_str(&value);
        }
        out + rest
    }

    /// A name for a place in a statement; of what there is, unless it is to be made.
    fn word(&mut self, word: &str, fresh: bool) -> String {
        let bare = word.as_bytes().get(1) == Some(&b'N');
        let (there, all) = match word.as_bytes()[0] {
            b'S' => return self.of(SCHEMAS).to_owned(),
            b'C' => {
                let column = (!fresh && !self.one_in(4)).then(|| self.columns.clone());
                let column = column.filter(|columns| !columns.is_empty());
                return match column {
                    Some(all) => {
                        all[self.below(u32::try_from(all.len()).unwrap()) as usize].clone()
                    }
                    None => self.of(COLUMNS).to_owned(),
                };
            }
            b'D' => {
                let ty = self.of(COLUMN_TYPES);
                return self.filled(ty);
            }
            b'T' => (self.tables.clone(), TABLES),
            b'V' => (self.views.clone(), VIEWS),
            b'F' => (self.functions.clone(), FUNCTIONS),
            b'Y' => (self.types.clone(), TYPES),
            other => panic!("{other}"),
        };
        if !fresh && !bare && !there.is_empty() && !self.one_in(4) {
            let (name, columns) = &there[self.below(u32::try_from(there.len()).unwrap()) as usize];
            if !columns.is_empty() {
                self.columns.clone_from(columns);
            }
            return name.clone();
        }
        let name = self.of(all);
        if bare { name.to_owned() } else { format!("{}.{name}", self.of(SCHEMAS)) }
    }

    /// Every schema with every name that the statements give to a relation or a type.
    pub(super) fn pairs(&self) -> Vec<(String, String)> {
        let names = || [TABLES, VIEWS, TYPES, &["q", "q2", "many", "more", "s"]].concat();
        let pair = |schema: &&str| {
            let schema = schema.replace('"', "");
            names().into_iter().map(move |name| (schema.clone(), name.replace('"', "")))
        };
        SCHEMAS.iter().flat_map(pair).collect()
    }

    /// Every name of a function.
    pub(super) fn names(&self) -> Vec<String> {
        let own = FUNCTIONS.iter().chain(&["fire", "op", "cast_"]);
        own.map(|name| (*name).to_owned()).collect()
    }
}
