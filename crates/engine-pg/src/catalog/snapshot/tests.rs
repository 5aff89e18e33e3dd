//! A catalog that is kept from reading to reading is the one that a reading from nothing gives,
//! whatever happened in between.

mod random;

use super::*;
use crate::{
    catalog::CatalogReader,
    upstream::{Host, Secret, UpstreamConfig},
};
use random::Random;
use std::collections::BTreeMap;
use std::fmt::Debug;
use testkit::{
    Postgres,
    postgres::{SUPERUSER, SUPERUSER_PASSWORD},
};
use wire_pg::backend::Status;

/// Steps of one series; after each the two catalogs are compared.
const STEPS: u32 = 120;
/// The most statements of a step.
const STATEMENTS: u32 = 4;

async fn reader(postgres: &Postgres, database: &str) -> CatalogReader {
    let host = Host::Tcp("127.0.0.1".into());
    let mut config = UpstreamConfig::new(host, postgres.port(), SUPERUSER, database);
    config.password = Some(Secret::from(SUPERUSER_PASSWORD.to_owned()));
    CatalogReader::connect(&config).await.unwrap()
}

/// Somebody who changes the database, in transactions that stay open.
struct Somebody {
    connection: CatalogReader,
    status: Status,
}

impl Somebody {
    async fn new(postgres: &Postgres, database: &str) -> Self {
        let connection = reader(postgres, database).await;
        let mut somebody = Self { connection, status: Status::Idle };
        assert!(somebody.runs("set lock_timeout = '40ms'; set client_min_messages = error").await);
        somebody
    }

    /// Does what it can: within a transaction a failure undoes itself alone, mostly.
    async fn does(&mut self, sql: &str, random: &mut Random) -> bool {
        let guarded = self.status == Status::Transaction && !random.one_in(8);
        if guarded {
            self.runs("savepoint before").await;
        }
        if self.runs(sql).await {
            return true;
        }
        if guarded {
            self.runs("rollback to before").await;
        } else if random.one_in(2) {
            self.runs("rollback").await;
        }
        false
    }

    /// True if the server did what it was told.
    async fn runs(&mut self, sql: &str) -> bool {
        let (status, outcome) = self.connection.exchange(sql, |_, _| Ok(())).await.unwrap();
        self.status = status;
        outcome.is_ok()
    }
}

/// Everything that can be asked of a catalog, in an order of its own. How many rows a table has is
/// an estimate that no row version tells of.
fn told(catalog: &Catalog) -> BTreeMap<String, String> {
    fn sorted(all: impl IntoIterator<Item = impl Debug>) -> String {
        let mut all: Vec<String> = all.into_iter().map(|one| format!("{one:?}")).collect();
        all.sort();
        format!("{all:?}")
    }
    let mut told = BTreeMap::new();
    for relation in catalog.own_relations() {
        let id = relation.id;
        let plain = Relation { estimated_rows: 0.0, ..Relation::clone(relation) };
        told.insert(format!("relation {}", id.0), format!("{plain:?}"));
        told.insert(format!("children {}", id.0), sorted(catalog.children(id)));
        let named = catalog.relation_named(&relation.schema, &relation.name);
        assert_eq!(named.map(|named| named.id), Some(id), "{}", relation.name);
        assert!(catalog.has_schema(&relation.schema));
    }
    for function in catalog.own_functions() {
        told.insert(format!("function {}", function.id.0), format!("{function:?}"));
        let named = catalog.functions_named(&function.name);
        assert_eq!(named.filter(|named| named.id == function.id).count(), 1, "{}", function.name);
    }
    for ty in catalog.own_types() {
        told.insert(format!("type {}", ty.id.0), format!("{ty:?}"));
        let named = catalog.type_named(&ty.schema, &ty.name);
        assert_eq!(named.map(|named| named.id), Some(ty.id), "{}", ty.name);
    }
    let code = &catalog.code;
    for (name, operators) in &code.operators {
        told.insert(format!("operators {name}"), sorted(operators));
    }
    told.insert("builtin".to_owned(), sorted(&code.builtin_operators));
    told.insert("casts".to_owned(), sorted(&code.casts));
    told.insert("aggregates".to_owned(), sorted(&code.aggregates));
    told.insert("argument defaults".to_owned(), sorted(&code.argument_defaults));
    told.insert("column defaults".to_owned(), sorted(&code.column_defaults));
    let (role, database, path) = (&catalog.role, &catalog.database, &catalog.search_path);
    told.insert("session".to_owned(), format!("{role} {database} {path:?}"));
    told
}

/// Names that are not there are not found either.
fn names(told: &BTreeMap<String, String>, catalog: &Catalog, random: &Random) -> Vec<String> {
    let mut found = Vec::new();
    for (schema, name) in random.pairs() {
        let relation = catalog.relation_named(&schema, &name).map(|relation| relation.id.0);
        let ty = catalog.type_named(&schema, &name).map(|ty| ty.id.0);
        assert!(relation.is_none_or(|id| told.contains_key(&format!("relation {id}"))));
        found.push(format!("{schema}.{name} {relation:?} {ty:?} {}", catalog.has_schema(&schema)));
    }
    for name in random.names() {
        let mut ids: Vec<u32> = catalog.functions_named(&name).map(|one| one.id.0).collect();
        ids.sort_unstable();
        found.push(format!("{name} {ids:?}"));
    }
    found
}

/// Compares, and tells what was done before in the words of SQL.
fn compare(kept: &Catalog, whole: &Catalog, random: &Random, done: &[String], seed: u64) {
    let (before, now) = (told(kept), told(whole));
    let keys: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    let differing: Vec<String> = keys
        .into_iter()
        .filter(|key| before.get(*key) != now.get(*key))
        .map(|key| format!("{key}:\n kept  {:?}\n whole {:?}", before.get(key), now.get(key)))
        .collect();
    assert!(
        differing.is_empty(),
        "seed {seed}\n{}\nafter\n{}",
        differing.join("\n"),
        done.join("\n")
    );
    assert_eq!(names(&before, kept, random), names(&now, whole, random), "seed {seed}");
}

/// One series of random changes by two who do not know of each other.
async fn series(postgres: &Postgres, seed: u64, steps: u32) -> (u32, u32) {
    let database = format!("random_{seed}");
    postgres.create_database(&database).unwrap();
    let mut random = Random::new(seed);
    let mut people =
        [Somebody::new(postgres, &database).await, Somebody::new(postgres, &database).await];
    let (mut keeper, mut other) =
        (reader(postgres, &database).await, reader(postgres, &database).await);
    let mut kept = keeper.renew(None, 1).await.unwrap();
    let mut done = Vec::new();
    for sql in random::FIRST {
        assert!(people[0].runs(sql).await, "{sql}");
    }
    let (mut ran, mut compared) = (0, 0);
    for step in 2..steps + 2 {
        random.look(&kept.catalog);
        for _ in 0..=random.below(STATEMENTS) {
            let who = usize::from(random.one_in(4));
            let sql = random.statement();
            let ok = people[who].does(&sql, &mut random).await;
            ran += u32::from(ok);
            done.push(format!("{who}: {sql}; -- {ok}"));
        }
        let before = Arc::clone(&kept.catalog);
        let (was, complete) = (kept.fingerprint(), kept.is_complete());
        kept = keeper.renew(Some(&kept), step.into()).await.unwrap();
        if !Arc::ptr_eq(&before, &kept.catalog) {
            assert!(kept.fingerprint() != was || !complete, "seed {seed}: {done:?}");
            assert_eq!(kept.catalog.version, u64::from(step));
        }
        assert_eq!(keeper.fingerprint().await.unwrap(), kept.fingerprint(), "seed {seed}");
        // A lock that somebody holds keeps texts from a reading, of which the other may have some.
        if people.iter().all(|one| one.status == Status::Idle) && kept.is_complete() {
            let whole = other.read(1).await.unwrap();
            compare(&kept.catalog, &whole, &random, &done, seed);
            compared += 1;
            done.clear();
        }
    }
    for one in &mut people {
        one.runs("commit").await;
    }
    kept = keeper.renew(Some(&kept), 0).await.unwrap();
    assert!(kept.is_complete());
    compare(&kept.catalog, &other.read(1).await.unwrap(), &random, &done, seed);
    (ran, compared)
}

#[tokio::test]
async fn a_kept_catalog_is_the_one_that_a_reading_from_nothing_gives() {
    let postgres = Postgres::options().start().unwrap();
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let chance = number("WEIR_SEED").unwrap_or(u64::from(now.subsec_micros()));
    let steps = number("WEIR_STEPS").map_or(STEPS, |steps| u32::try_from(steps).unwrap());
    println!("seeds 1 and {chance}; WEIR_SEED and WEIR_STEPS choose others");
    for seed in BTreeSet::from([1, chance]) {
        let (ran, compared) = series(&postgres, seed, steps).await;
        println!("seed {seed}: {ran} statements ran, {compared} comparisons");
        assert!(ran > steps / 2 && compared > steps / 4, "{ran} {compared}");
    }
}

/// Changes of every kind, one after the other: each must succeed, and is looked at by itself. The
/// last ones change what the server brought, and go past all commands.
const SINGLE: &[&str] = &[
    "create schema s",
    "create table s.t (a int, b text, c date)",
    "create table s.u (x int primary key, y text)",
    "alter table s.t add primary key (a)",
    "create unique index i on s.t (b)",
    "alter index s.i rename to i2",
    "drop index s.i2",
    "create unique index concurrently i on s.t (b)",
    "alter table s.t add constraint k unique (c)",
    "alter table s.t drop constraint k",
    "alter table s.t add constraint r foreign key (a) references s.u",
    "alter table s.t drop constraint r",
    "alter table s.t alter column b set default lower('X')",
    "create function s.f(p text) returns text language sql as 'select p'",
    "alter table s.t alter column b set default s.f('x')",
    "alter function s.f(text) rename to g",
    "alter table s.t alter column b drop default",
    "alter table s.t add column d int generated always as (a + 1) stored",
    "alter table s.t rename column a to a2",
    "alter table s.t alter column d drop expression",
    "alter table s.t drop column d",
    "alter table s.t alter column c type text using c::text",
    "alter table s.t alter column c set not null",
    "alter table s.t alter column c drop not null",
    "comment on table s.t is 'things'",
    "comment on column s.t.b is 'email'",
    "comment on column s.t.b is 'phone'",
    "comment on column s.t.b is null",
    "comment on table s.t is null",
    "create function s.fire() returns trigger language plpgsql as 'begin return new; end'",
    "create trigger h before insert on s.t for each row execute function s.fire()",
    "alter table s.t disable trigger h",
    "alter table s.t enable trigger h",
    "create trigger h2 before insert on s.t for each row execute function s.fire()",
    "alter trigger h on s.t rename to h3",
    "drop trigger h3 on s.t",
    "create rule w as on delete to s.u do instead nothing",
    "drop rule w on s.u",
    "create table s.child (z int) inherits (s.t)",
    "alter table s.child no inherit s.t",
    "alter table s.child inherit s.t",
    "create table s.parted (n int, m text) partition by range (n)",
    "create table s.part partition of s.parted for values from (1) to (2)",
    "alter table s.parted detach partition s.part",
    "alter table s.parted attach partition s.part for values from (1) to (2)",
    "create view s.v as select b, c from s.t",
    "create or replace view s.v as select b, c, 1 as one from s.t",
    "alter view s.v rename column one to two",
    "alter table s.t rename to t2",
    "alter table s.t2 set schema s2",
    "alter table s2.t2 set schema s; alter table s.t2 rename to t",
    "create materialized view s.m as select x from s.u",
    "refresh materialized view s.m",
    "alter table s.u rename column x to x2",
    "create or replace function s.g(p text) returns text language sql as 'select p || p'",
    "create function s.body(p int) returns text language sql return (select max(y) from s.u)",
    "alter table s.u rename column y to y2",
    "create function s.more(p text, q text default s.g('q')) returns text language sql as 'select q'",
    "alter function s.g(text) set schema s2",
    "alter function s.more(text, text) security definer",
    "alter function s.more(text, text) set search_path = s",
    "create procedure s.proc() language sql as 'select 1'",
    "create aggregate s.agg (text) (sfunc = s2.g2, stype = text)",
    "create or replace aggregate s.agg (text) (sfunc = s2.g3, stype = text)",
    "create type s.e as enum ('x', 'y')",
    "alter type s.e add value 'w' before 'x'",
    "create view s.constant as select 'x'::s.e as e",
    "alter type s.e rename value 'x' to 'xx'",
    "create type s.pair as (l int, r text)",
    "alter type s.pair add attribute o int",
    "alter type s.pair rename attribute o to oo",
    "create type s.span as range (subtype = date, multirange_type_name = s.many)",
    "alter type s.many rename to more",
    "alter type s.span rename to span2",
    "create domain s.mail as text check (value <> '')",
    "alter domain s.mail rename to mail2",
    "create function s.cmp(s.e, text) returns boolean language sql as 'select true'",
    "create operator s.<-| (leftarg = s.e, rightarg = text, function = s.cmp)",
    "create view s.compared as select e.e operator(s.<-|) 'x' as c from s.constant e",
    "alter operator s.<-| (s.e, text) set schema s2",
    "drop view s.compared; drop operator s2.<-| (s.e, text)",
    "create function s.conv(s.pair) returns int language sql as 'select 1'",
    "create cast (s.pair as int) with function s.conv(s.pair) as assignment",
    "drop cast (s.pair as int)",
    "create collation s.l from \"C\"; create view s.collated as select 'a' collate s.l as a",
    "alter collation s.l rename to l2",
    "create sequence s.q; create table s.filled (n text default s2.g2('a', 's.q'::regclass::text))",
    "drop table s.filled",
    "drop function s.more",
    "drop table s.child",
    "drop type s.span2",
    "create table t (a int); create view v as select a from t",
    "alter language plpgsql rename to other",
    "alter language other rename to plpgsql",
    "comment on table pg_catalog.pg_class is 'all'",
    "alter function pg_catalog.lower(text) cost 7",
    "alter function pg_catalog.lower(text) rename to lowest",
    "alter function pg_catalog.lowest(text) rename to lower",
    "create function pg_catalog.ours(int) returns int language sql as 'select 1'",
    "create schema postgres",
    "alter schema postgres rename to elsewhere",
    "alter schema public rename to private",
    "alter schema private rename to public",
    "update pg_catalog.pg_attribute set attname = 'b' where attrelid = 't'::regclass and attnum = 1",
    "update pg_catalog.pg_class set relname = 'u' where oid = 't'::regclass",
    "delete from pg_catalog.pg_description where objoid = 'pg_class'::regclass",
    "vacuum full pg_catalog.pg_class",
    "vacuum full pg_catalog.pg_attribute",
    "vacuum freeze",
    "reindex schema public",
    "drop table u cascade",
    "drop schema public cascade",
];

#[tokio::test]
async fn changes_of_the_servers_own_and_past_all_commands_are_noticed() {
    let postgres = Postgres::options().start().unwrap();
    postgres.create_database("single").unwrap();
    let (mut keeper, mut other) =
        (reader(&postgres, "single").await, reader(&postgres, "single").await);
    let mut kept = keeper.renew(None, 1).await.unwrap();
    let random = Random::new(0);
    let helpers = "create schema s2; \
        create function s2.g2(a text, b text) returns text language sql as 'select a'; \
        create function s2.g3(a text, b text) returns text language sql as 'select b'";
    for sql in [helpers].iter().chain(SINGLE) {
        let outcome = other.rows(sql).await;
        assert!(outcome.is_ok(), "{sql}: {outcome:?}");
        kept = keeper.renew(Some(&kept), 2).await.unwrap();
        let whole = other.read(1).await.unwrap();
        compare(&kept.catalog, &whole, &random, &[(*sql).to_owned()], 0);
    }
}

#[tokio::test]
async fn what_is_the_same_is_shared_and_nothing_new_is_nothing_new() {
    let postgres = Postgres::options().start().unwrap();
    postgres.create_database("shared").unwrap();
    let (mut keeper, mut other) =
        (reader(&postgres, "shared").await, reader(&postgres, "shared").await);
    other.rows("create table a (x int); create table b (x int)").await.unwrap();
    other.rows("create view w as select x as y from a").await.unwrap();
    let mut first = keeper.renew(None, 1).await.unwrap();
    let named = |snapshot: &Snapshot, name: &str| {
        Arc::clone(snapshot.catalog.relation_named("public", name).unwrap())
    };
    for nothing in [
        "select 1",
        "grant select on a to public",
        "insert into a select generate_series(1, 100); analyze a",
        "begin; create table c (x int); rollback",
        "create temporary table a (z text); create temporary view w as select 1 as one",
        "create index on public.a (x)",
    ] {
        other.rows(nothing).await.unwrap();
        let next = keeper.renew(Some(&first), 2).await.unwrap();
        assert!(Arc::ptr_eq(&first.catalog, &next.catalog), "{nothing}");
        first = next;
    }
    other.rows("alter table public.a rename x to z").await.unwrap();
    let next = keeper.renew(Some(&first), 2).await.unwrap();
    assert!(Arc::ptr_eq(&named(&first, "b"), &named(&next, "b")));
    assert!(!Arc::ptr_eq(&named(&first, "a"), &named(&next, "a")));
    let text = named(&next, "w").definition.clone().unwrap();
    assert!(text.contains("a.z"), "the view's own rows are as they were: {text}");
}

#[tokio::test]
async fn what_a_lock_withheld_is_read_when_it_is_gone() {
    let postgres = Postgres::options().start().unwrap();
    postgres.create_database("locked").unwrap();
    let mut somebody = Somebody::new(&postgres, "locked").await;
    let mut keeper = reader(&postgres, "locked").await;
    assert!(somebody.runs("create table a (x int, y int generated always as (x) stored)").await);
    let empty = keeper.renew(None, 1).await.unwrap();
    assert!(somebody.runs("create view w as select x from a").await);
    assert!(somebody.runs("begin; lock table a").await);
    let locked = keeper.renew(Some(&empty), 2).await.unwrap();
    let definition = |snapshot: &Snapshot| {
        snapshot.catalog.relation_named("public", "w").unwrap().definition.clone()
    };
    assert_eq!(definition(&locked), None);
    assert!(!locked.is_complete());
    let still = keeper.renew(Some(&locked), 3).await.unwrap();
    assert!(!still.is_complete() && Arc::ptr_eq(&locked.catalog, &still.catalog));
    assert!(somebody.runs("rollback").await);
    let free = keeper.renew(Some(&still), 4).await.unwrap();
    assert!(free.is_complete() && definition(&free).is_some());
    assert_eq!(free.fingerprint(), locked.fingerprint());
}
