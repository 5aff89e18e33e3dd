//! Tests of catalog.rs against real servers.

mod locks;

use super::*;
use crate::upstream::{Host, Secret};
use model::{
    TypeId,
    catalog::{FunctionKind, RelationKind, Trigger, TypeKind, Volatility},
    code::{Attached, Cast, Operator},
};
use std::{sync::OnceLock, time::Instant};
use testkit::{
    Postgres,
    postgres::{SUPERUSER, SUPERUSER_PASSWORD},
};

const SCHEMA: &str = r#"
create schema people; create schema "odd ""Name"; create schema hidden;
comment on schema people is 'not read';
create type people.mood as enum ('sad', 'ok', 'happy');
alter type people.mood add value 'meh' before 'ok';
create type people.address as (street text, zip text);
create domain people.email as text check (value like '%@%');
create domain people.work_email as people.email;
create type people.span as range (subtype = date);
create table people.person (
  id bigint generated always as identity primary key,
  gone int,
  mail people.work_email unique,
  "Full Name" text not null,
  home people.address,
  moods people.mood[],
  upper_name text generated always as (upper("Full Name")) stored,
  employed people.span,
  photo bytea
);
alter table people.person drop column gone;
comment on table people.person is 'Everyone; "quoted", and {braces}';
comment on column people.person.mail is 'Where to write';
create unique index on people.person (lower(mail)) where id > 5;
create unique index on people.person (id) include (home);
create table people.note (
  person bigint references people.person, line int, body text, primary key (person, line)
);
create table people.both (a bigint, b int, foreign key (a, b) references people.note);
create view people.mails as select id, mail from people.person;
create view hidden.deep as select m.mail::text as m from people.mails m;
create materialized view people.cached as select count(*) as n from people.person with no data;
create table people.log (at date not null, who text) partition by range (at);
create table people.log_1 partition of people.log for values from ('2020-01-01') to ('2021-01-01');
create table people.base (a int); create table people.derived (b int) inherits (people.base);
create function people.find(wanted text, most int default 5)
  returns table (id bigint, mail text) language sql stable security definer
  set search_path = people, "odd ""Name" as 'select id, mail from person where mail = wanted';
create function people.both_ways(inout a int, out text, variadic c int[] default '{}')
  language plpgsql as $$ begin a := a + 1; end $$;
create procedure people.tidy() language plpgsql as 'begin delete from people.note; end';
create aggregate people.total (int) (sfunc = int4pl, stype = int);
create function people.noted() returns trigger language plpgsql as 'begin return new; end';
create trigger b before insert on people.note for each row execute function people.noted();
create trigger a before update on people.note for each row execute function people.noted();
alter table people.note disable trigger a;
create rule quiet as on delete to people.base do instead nothing;
create table "odd ""Name"."odd Table" ("a""b" int);
create sequence people.counter;
create function people.pick(a text, b text default lower('X')) returns text
  language sql as 'select a';
create function people.first(a people.mood, b text) returns text language sql as 'select b';
create operator people.<-| (leftarg = people.mood, rightarg = text, function = people.first);
create type people.pair as (a int, b int);
create function people.moody(a people.pair) returns text language sql as 'select a.a::text';
create cast (people.pair as text) with function people.moody(people.pair) as assignment;
create function people.moods(a people.mood) returns people.address language sql
  as $$ select ('x', a::text)::people.address $$;
create cast (varchar as bytea) with function pg_read_binary_file(text);
create aggregate people.joined (text) (sfunc = people.pick, stype = text, finalfunc = upper);
create table people.filled (a text default people.pick('a'), b text default lower('B'), c int);
create function people.fine(a text) returns boolean language sql immutable as
  'select coalesce(length(a), 0) >= 0';
create domain people.fined as text default people.pick('x') check (people.fine(value));
create table people.coded (
  a text check (length(a) > 1), b text check (people.fine(b)), m people.mood,
  n text check (pg_notify('n', n) is null), l text default pg_read_file('l'),
  check (b::people.fined is not null), check (m operator(people.<-|) b is not null)
);
create table people.indexed (a text);
create index on people.indexed (people.fine(a)); create index on people.indexed (lower(a));
create table people.keyed (a text) partition by list (people.fine(a));
create statistics people.stats on a, b from people.coded;
create trigger fine before insert on people.filled for each row when (people.fine(new.a))
  execute function people.noted();
"#;

const SQL_BODY: &str = "create function people.modern() returns bigint
  return (select count(*) from people.person);";

struct Cluster(Postgres);

impl Cluster {
    fn config(&self) -> UpstreamConfig {
        let host = Host::Tcp("127.0.0.1".into());
        let mut config = UpstreamConfig::new(host, self.0.port(), SUPERUSER, "shop");
        config.password = Some(Secret::from(SUPERUSER_PASSWORD.to_owned()));
        config
    }

    fn start(options: testkit::postgres::Options, major: u32) -> Self {
        let postgres = options.start().unwrap();
        postgres.create_database("shop").unwrap();
        postgres.psql("shop", SCHEMA).unwrap();
        if major >= 14 {
            postgres.psql("shop", SQL_BODY).unwrap();
        }
        Self(postgres)
    }

    async fn reader(&self) -> CatalogReader {
        CatalogReader::connect(&self.config()).await.unwrap()
    }

    fn sql(&self, text: &str) {
        self.0.psql("shop", text).unwrap();
    }
}

/// A cluster that no test changes.
fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::start(Postgres::options(), 15))
}

fn named<'a>(catalog: &'a Catalog, schema: &str, name: &str) -> &'a Relation {
    catalog.relation_named(schema, name).unwrap_or_else(|| panic!("{schema}.{name}"))
}

/// What holds for every version.
fn check(catalog: &Catalog, major: u32) {
    assert_eq!(catalog.server_version / 10_000, major);
    assert_eq!((catalog.role.as_str(), catalog.database.as_str()), (SUPERUSER, "shop"));
    assert_eq!(catalog.search_path, ["pg_catalog", "public"]);
    assert!(catalog.schemas.is_sorted() && catalog.schemas.contains(&"public".to_owned()));
    check_columns(catalog);
    check_relations(catalog);
    check_types(catalog, major);
    check_functions(catalog, major);
    check_code(catalog);
    check_attached(catalog);
}

fn check_columns(catalog: &Catalog) {
    let person = named(catalog, "people", "person");
    let names: Vec<_> = person.columns.iter().map(|c| (c.number, c.name.as_str())).collect();
    assert_eq!(
        names,
        [
            (1, "id"),
            (3, "mail"),
            (4, "Full Name"),
            (5, "home"),
            (6, "moods"),
            (7, "upper_name"),
            (8, "employed"),
            (9, "photo")
        ]
    );
    assert_eq!(person.comment.as_deref(), Some("Everyone; \"quoted\", and {braces}"));
    let mail = person.column("mail").unwrap();
    assert_eq!(mail.comment.as_deref(), Some("Where to write"));
    assert!(mail.unique && !mail.not_null && mail.references.is_none());
    let id = person.column("id").unwrap();
    assert!(id.unique && id.not_null);
    let name = person.column("Full Name").unwrap();
    assert!(name.not_null && !name.unique);
    assert!(!person.column("home").unwrap().unique, "only carried along");
    let generated = person.column("upper_name").unwrap().generated.as_deref();
    assert_eq!(generated, Some("upper(\"Full Name\")"));
    let note = named(catalog, "people", "note");
    assert_eq!(note.column("person").unwrap().references, Some(person.column_id(1)));
    assert!(!note.column("line").unwrap().unique, "only takes part in the primary key");
    let both = named(catalog, "people", "both");
    assert!(both.columns.iter().all(|column| column.references.is_none()));
    assert_eq!((&both.refers, &note.refers), (&vec![note.id], &vec![person.id]));
    assert!(named(catalog, "odd \"Name", "odd Table").column("a\"b").is_some());
}

fn check_relations(catalog: &Catalog) {
    let kind = |name: &str| named(catalog, "people", name).kind;
    assert_eq!(kind("person"), RelationKind::Table);
    assert_eq!(kind("log"), RelationKind::Partitioned);
    assert_eq!(kind("mails"), RelationKind::View);
    assert_eq!(kind("cached"), RelationKind::Materialized);
    assert_eq!(kind("counter"), RelationKind::Sequence);
    assert_eq!(kind("address"), RelationKind::Composite);
    let mails = named(catalog, "people", "mails").definition.as_deref().unwrap();
    assert!(mails.contains("FROM people.person") && !mails.ends_with(';'), "{mails}");
    let deep = named(catalog, "hidden", "deep").definition.as_deref().unwrap();
    assert!(deep.contains("FROM people.mails m"), "{deep}");
    assert!(named(catalog, "people", "cached").definition.is_some());
    assert!(named(catalog, "people", "person").definition.is_none());
    let (log, part) = (named(catalog, "people", "log"), named(catalog, "people", "log_1"));
    assert_eq!(part.parents, [log.id]);
    assert_eq!(catalog.children(log.id), [part.id]);
    let base = named(catalog, "people", "base");
    assert_eq!(named(catalog, "people", "derived").parents, [base.id]);
    assert!(base.has_rules && !named(catalog, "people", "mails").has_rules);
    let noted = catalog.functions_named("noted").next().unwrap().id;
    assert_eq!(
        named(catalog, "people", "note").triggers,
        [Trigger::from(noted)],
        "the disabled one is out"
    );
    let class = named(catalog, "pg_catalog", "pg_class");
    assert_eq!(class.column("relname").unwrap().type_id, TypeId(19));
    let columns = named(catalog, "information_schema", "columns");
    assert!(columns.definition.as_deref().is_some_and(|text| text.contains("pg_attribute")));
}

fn check_types(catalog: &Catalog, major: u32) {
    let kind = |schema: &str, name: &str| catalog.type_named(schema, name).unwrap().kind.clone();
    let id = |schema: &str, name: &str| catalog.type_named(schema, name).unwrap().id;
    assert_eq!(
        kind("people", "mood"),
        TypeKind::Enum(["sad", "meh", "ok", "happy"].map(str::to_owned).to_vec())
    );
    assert_eq!(kind("people", "_mood"), TypeKind::Array(id("people", "mood")));
    assert_eq!(kind("people", "work_email"), TypeKind::Domain(id("people", "email")));
    assert_eq!(kind("people", "email"), TypeKind::Domain(TypeId(25)));
    let person = named(catalog, "people", "person");
    assert_eq!(kind("people", "person"), TypeKind::Composite(person.id));
    assert_eq!(person.row_type, id("people", "person"));
    assert_eq!(kind("people", "span"), TypeKind::Range(TypeId(1082)));
    if major >= 14 {
        let multirange = TypeKind::Multirange(id("people", "span"));
        assert_eq!(kind("people", "span_multirange"), multirange);
    }
    assert_eq!(kind("pg_catalog", "int4"), TypeKind::Base);
    assert_eq!(kind("pg_catalog", "name"), TypeKind::Base);
    assert_eq!(kind("pg_catalog", "point"), TypeKind::Base);
    assert_eq!(kind("pg_catalog", "_text"), TypeKind::Array(TypeId(25)));
    assert_eq!(kind("pg_catalog", "record"), TypeKind::Pseudo);
    assert_eq!(catalog.type_by_id(TypeId(25)).unwrap().category, 'S');
}

fn check_functions(catalog: &Catalog, major: u32) {
    let function = |name: &str| catalog.functions_named(name).next().unwrap();
    let find = function("find");
    assert_eq!(find.argument_names, ["wanted", "most"]);
    assert_eq!(find.argument_types, [TypeId(25), TypeId(23)]);
    assert_eq!((find.defaults, find.variadic, find.returns_set), (1, false, true));
    let outputs = [("id".to_owned(), TypeId(20)), ("mail".to_owned(), TypeId(25))];
    assert_eq!(find.output_columns, outputs);
    assert_eq!((find.volatility, find.security_definer), (Volatility::Stable, true));
    assert_eq!(find.settings, [r#"search_path=people, "odd ""Name""#]);
    let body = "select id, mail from person where mail = wanted";
    assert_eq!((find.language.as_str(), find.body.as_deref()), ("sql", Some(body)));
    let both = function("both_ways");
    assert_eq!(both.argument_names, ["a", "c"]);
    assert_eq!(
        both.output_columns,
        [("a".to_owned(), TypeId(23)), ("column2".to_owned(), TypeId(25))]
    );
    assert!(both.variadic && both.body.as_deref().is_some_and(|body| body.contains("a + 1")));
    assert_eq!(function("tidy").kind, FunctionKind::Procedure);
    assert_eq!(function("total").kind, FunctionKind::Aggregate);
    let lower = catalog.functions_named("lower").find(|f| f.argument_types == [TypeId(25)]);
    let lower = lower.unwrap();
    assert_eq!((lower.language.as_str(), lower.body.as_deref()), ("internal", None));
    assert_eq!(lower.argument_names, [""]);
    if major >= 14 {
        let modern = function("modern").body.as_deref().unwrap();
        assert!(modern.contains("people.person"), "{modern}");
    }
}

fn check_code(catalog: &Catalog) {
    let code = &catalog.code;
    let function = |name: &str| catalog.functions_named(name).next().unwrap().id;
    let ty = |name: &str| catalog.type_named("people", name).unwrap().id;
    let operator = Operator {
        schema: "people".to_owned(),
        left: Some(ty("mood")),
        right: TypeId(25),
        function: function("first"),
    };
    assert_eq!(code.operators["<-|"], [operator]);
    assert_eq!(code.operators.len(), 1);
    assert!(code.builtin_operators.contains("~") && !code.builtin_operators.contains("<-|"));
    let cast =
        Cast { source: ty("pair"), target: TypeId(25), function: function("moody"), silent: true };
    let file = catalog.functions_named("pg_read_binary_file");
    let file = file.into_iter().find(|f| f.argument_types == [TypeId(25)]).unwrap().id;
    let own = Cast { source: TypeId(1043), target: TypeId(17), function: file, silent: false };
    assert!(code.casts.len() == 2 && code.casts.contains(&cast) && code.casts.contains(&own));
    let joined = &code.aggregates[&function("joined")];
    assert!(joined.contains(&function("pick")) && joined.len() == 2, "{joined:?}");
    assert_eq!(code.argument_defaults[&function("pick")], "lower('X'::text)");
    assert_eq!(code.argument_defaults[&function("find")], "5");
    let filled = named(catalog, "people", "filled");
    let acting = named(catalog, "people", "coded").column("l").unwrap().number;
    let acting = &code.column_defaults[&named(catalog, "people", "coded").column_id(acting)];
    assert!(acting.contains("pg_read_file("), "{acting}");
    assert_eq!(code.column_defaults.len(), 2, "PostgreSQL's own functions compute, but for acts");
    let default = &code.column_defaults[&filled.column_id(1)];
    assert!(default.starts_with("people.pick('a'::text"), "{default}");
}

fn check_attached(catalog: &Catalog) {
    let function = |name: &str| catalog.functions_named(name).next().unwrap().id;
    let attached = |name: &str| named(catalog, "people", name).attached.clone();
    let ty = |name: &str| catalog.type_named("people", name).unwrap();
    let sorted = |names: &[&str]| {
        let mut ids: Vec<_> = names.iter().map(|name| function(name)).collect();
        ids.sort_unstable();
        ids
    };
    let coded = attached("coded");
    assert_eq!(
        (coded.functions, coded.types),
        (sorted(&["first", "fine", "pg_notify"]), vec![ty("fined").id])
    );
    for name in ["indexed", "keyed", "filled"] {
        assert_eq!(attached(name).functions, sorted(&["fine"]), "{name}");
    }
    assert!(attached("person").functions.is_empty(), "PostgreSQL's own functions compute");
    assert_eq!(ty("fined").attached.functions, sorted(&["fine", "pick"]));
    assert_eq!(ty("email").attached, Attached::default());
}

#[tokio::test]
async fn reads_everything() {
    let mut reader = cluster().reader().await;
    let catalog = reader.read(7).await.unwrap();
    assert_eq!(catalog.version, 7);
    check(&catalog, 15);
    // The transaction is over, and its settings with it.
    let path = reader.rows("show search_path").await.unwrap();
    assert_eq!(path, [[Some("\"$user\", public".to_owned())]]);
}

#[tokio::test]
async fn reads_every_version() {
    for major in [13, 14, 16, 17, 18] {
        let cluster = Cluster::start(Postgres::options().version(major).unwrap(), major);
        let mut reader = cluster.reader().await;
        check(&reader.read(1).await.unwrap(), major);
        let before = reader.fingerprint().await.unwrap();
        cluster.sql("create table public.t (a int)");
        assert_ne!(before, reader.fingerprint().await.unwrap(), "version {major}");
    }
}

#[tokio::test]
async fn reads_a_fresh_database_fast() {
    let mut reader = cluster().reader().await;
    let mut best = (Duration::MAX, Duration::MAX);
    for _ in 0..5 {
        let start = Instant::now();
        reader.read(1).await.unwrap();
        best.0 = best.0.min(start.elapsed());
        let start = Instant::now();
        reader.fingerprint().await.unwrap();
        best.1 = best.1.min(start.elapsed());
    }
    let mut renewed = Duration::MAX;
    let cluster = Cluster::start(Postgres::options(), 15);
    let mut reader = cluster.reader().await;
    let mut last = reader.renew(None, 1).await.unwrap();
    for number in 0..20 {
        cluster.sql(&format!("create table public.t{number} (a int primary key, b text)"));
        let start = Instant::now();
        last = reader.renew(Some(&last), 2).await.unwrap();
        renewed = renewed.min(start.elapsed());
    }
    println!("read {:?}, fingerprint {:?}, renewed {renewed:?}", best.0, best.1);
    assert!(renewed < best.0, "{renewed:?}");
    // The aim is 150 ms in a release build on an idle machine; this is neither.
    assert!(best.0 < Duration::from_millis(1500), "{best:?}");
}

#[tokio::test]
async fn fingerprint_changes_with_ddl_and_with_nothing_else() {
    let cluster = Cluster::start(Postgres::options(), 15);
    let mut reader = cluster.reader().await;
    let mut last = reader.fingerprint().await.unwrap();
    for ddl in [
        "create table people.fresh (a int)",
        "alter table people.fresh rename column a to b",
        "alter table people.fresh alter column b type text",
        "alter table people.fresh add column c int generated always as (1) stored",
        "comment on column people.fresh.b is 'x'",
        "create or replace view people.mails as select id, mail, 1 as one from people.person",
        "create or replace function people.tidy2() returns int language sql as 'select 1'",
        "create or replace function people.tidy2() returns int language sql as 'select 2'",
        "alter function people.tidy2() security definer",
        "alter type people.mood add value 'bad'",
        "alter table people.log detach partition people.log_1",
        "create trigger t before insert on people.fresh execute function people.noted()",
        "alter table people.fresh disable trigger t",
        "alter table people.fresh add check (people.fine(b))",
        "create index on people.fresh (people.fine(b))",
        "create statistics people.fresher on b, c from people.fresh",
        "alter domain people.email add check (people.fine(value))",
        "create operator people.|-> (rightarg = people.mood, function = people.moods)",
        "create cast (people.mood as people.address) with function people.moods(people.mood)",
        "drop cast (people.mood as people.address)",
        "alter schema hidden rename to found",
        "alter table people.fresh set schema found",
        "drop table found.fresh",
    ] {
        cluster.sql(ddl);
        let now = reader.fingerprint().await.unwrap();
        assert_ne!(now, last, "{ddl}");
        last = now;
    }
    for other in [
        "insert into people.note select 1, 1, 'x' where false; select 1",
        "insert into people.person (\"Full Name\") select 'x' from generate_series(1, 2000)",
        "analyze people.person; vacuum people.person",
        "begin; create table public.never (a int); rollback",
        "create temporary table mine (a int, b text, primary key (a)); create index on mine (b)",
    ] {
        for statement in other.split("; ") {
            if other.starts_with("begin") || other.starts_with("create temp") {
                cluster.sql(other);
            } else {
                cluster.sql(statement);
            }
        }
        assert_eq!(reader.fingerprint().await.unwrap(), last, "{other}");
    }
}

#[tokio::test]
async fn temporary_objects_belong_to_their_session() {
    let mut session = cluster().reader().await;
    session.rows("create temporary table mine (a int)").await.unwrap();
    let schema = session.rows("select nspname from pg_namespace where oid = pg_my_temp_schema()");
    let schema = schema.await.unwrap().remove(0).remove(0).unwrap();
    let shared = session.read(1).await.unwrap();
    assert!(shared.relation_named(&schema, "mine").is_none());
    assert_eq!(shared.search_path, ["pg_catalog", "public"]);
    for (mut reader, expected) in [(session, true), (cluster().reader().await, false)] {
        let sections = queries::sections(15, queries::Reading::Session);
        let texts: Vec<&str> = sections.iter().map(|(_, text)| text.as_str()).collect();
        let mut builder = build::Builder::default();
        let sql = queries::in_one_snapshot(&texts);
        reader.run(&sql, |at, row| builder.row(sections[at].0, row)).await.unwrap();
        let catalog = builder.finish(1);
        assert_eq!(catalog.relation_named(&schema, "mine").is_some(), expected);
        check(&catalog, 15);
    }
}

#[tokio::test]
async fn nothing_is_written_and_no_transaction_stays_open() {
    let mut reader = cluster().reader().await;
    let error = reader.rows("begin; select 1/0; commit").await.unwrap_err();
    assert!(matches!(&error, CatalogError::Server(e) if e.sqlstate == "22012"), "{error}");
    let before = reader.rows("select now()").await.unwrap();
    let after = reader.rows("select now()").await.unwrap();
    assert_ne!(before, after, "each in a transaction of its own");
    let error = reader.rows("begin").await.map(|_| ());
    assert!(error.is_ok());
    assert!(matches!(reader.rows("copy pg_class to stdout").await, Err(CatalogError::Copy)));
    assert!(matches!(reader.rows("select 1").await, Err(CatalogError::Abandoned)));
}

#[tokio::test]
async fn a_dropped_call_spoils_the_reader_and_says_so() {
    let mut reader = cluster().reader().await;
    let sleep = reader.rows("select pg_sleep(20)");
    assert!(time::timeout(Duration::from_millis(50), sleep).await.is_err());
    let error = reader.rows("select 1").await.unwrap_err();
    assert!(matches!(error, CatalogError::Abandoned) && error.is_final());
}

#[tokio::test]
async fn objects_may_vanish_during_a_reading() {
    let cluster = Cluster::start(Postgres::options(), 15);
    let url = cluster.0.url("shop");
    let churn = tokio::task::spawn_blocking(move || {
        for round in 0..60 {
            let sql = format!(
                "create table public.c{round} (a int); create view public.v{round} as \
                 select * from public.c{round}; drop table public.c{round} cascade"
            );
            testkit::postgres::psql(&url, &sql).unwrap().success().unwrap();
        }
    });
    let mut reader = cluster.reader().await;
    let mut readings = 0;
    while !churn.is_finished() {
        check(&reader.read(1).await.unwrap(), 15);
        readings += 1;
    }
    churn.await.unwrap();
    assert!(readings > 2);
}
