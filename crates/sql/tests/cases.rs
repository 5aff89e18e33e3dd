//! The cases under `cases/*.md`: statements with the facts they must have.
//!
//! `BLESS=1 cargo test -p sql --test cases` writes what the analyser says into the files; the
//! difference is then for a person to judge.

#[cfg(test)]
mod free;
mod support;

use model::{
    Catalog, FunctionId, TypeId, Use,
    catalog::Function,
    code::{Cast, Operator},
    facts::ColumnUse,
};
use sql::{GivenValue, Scope};
use std::sync::Arc;
use std::{env, fs, path::PathBuf};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("cases")
}

/// What the analyser says about a text, in the form of the case files.
fn said(catalog: &Catalog, text: &str) -> String {
    let mut scope = Scope::default();
    if let Some(rest) = text.strip_prefix("-- path: ") {
        let path = rest.lines().next().unwrap_or_default();
        scope.search_path = path.split(", ").map(str::to_owned).collect();
    }
    let analysed = sql::analyse(text, catalog, &scope);
    let parts: Vec<String> = analysed
        .iter()
        .map(|analysed| {
            let mut part = support::lines(catalog, &analysed.facts);
            if let Some(error) = &analysed.syntax_error {
                part.push_str(&format!("error at {}: {}\n", error.position, error.message));
            }
            if let Some(copy) = &analysed.copy {
                part.push_str(&format!("copy: {copy:?}\n"));
            }
            let returns = analysed.facts.outputs.is_some();
            if let Some(encoding) = analysed.blurred.as_ref().filter(|_| returns) {
                part.push_str(&format!("cannot be taken apart in {encoding}\n"));
            }
            part
        })
        .collect();
    parts.join("--\n")
}

#[test]
fn cases() {
    let folder = folder();
    let dump = fs::read_to_string(folder.join("catalog.tsv")).unwrap();
    let plain = support::catalog(&dump);
    let behind =
        support::catalog(&(dump + &fs::read_to_string(folder.join("behind.tsv")).unwrap()));
    let bless = env::var_os("BLESS").is_some();
    let (mut count, mut wrong) = (0, Vec::new());
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    for path in files.iter().filter(|path| path.extension().is_some_and(|e| e == "md")) {
        let old = fs::read_to_string(path).unwrap();
        let mut new = String::new();
        let mut rest = old.as_str();
        let catalog = if path.ends_with("behind.md") { &behind } else { &plain };
        while let Some((before, after)) = rest.split_once("```sql\n") {
            let (text, after) = after.split_once("\n```\n").unwrap();
            let (expected, after) = match after.strip_prefix("```facts\n") {
                Some(after) => after.split_once("```\n").unwrap(),
                None => ("", after),
            };
            let actual = said(catalog, text);
            count += 1;
            if actual != expected {
                wrong.push(format!(
                    "{}\n{text}\n-- expected\n{expected}-- said\n{actual}",
                    path.display()
                ));
            }
            new.push_str(&format!("{before}```sql\n{text}\n```\n```facts\n{actual}```\n"));
            rest = after;
        }
        new.push_str(rest);
        if bless && new != old {
            fs::write(path, new).unwrap();
        }
    }
    assert!(count > 0, "no cases in {}", folder.display());
    assert!(bless || wrong.is_empty(), "{} of {count} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// A text and what it gives: `column=literal`, `column=$n`, `!` behind a parameter that stands
/// elsewhere too, `*` behind what cannot be replaced.
const GIVEN: &[(&str, &[&str])] = &[
    ("select id from users where email = 'a@b'", &["email=a@b"]),
    ("select id from users where 'a''b' = name", &["name=a'b"]),
    ("select id from users u where u.email = 'a'::text", &["email=a"]),
    ("select id from users where email = cast('a' as text)", &[]),
    ("select id from users where born = date '2020-01-01'", &[]),
    ("select id from users where born = '2020-01-01'::date", &["born=2020-01-01"]),
    ("select id from users where email in ('a', $1, 'b')", &["email=a", "email=$1", "email=b"]),
    ("select id from users where email = 'a'::varchar(1)", &[]),
    ("select id from users where email = 'a'::char", &[]),
    ("select id from users where email = 'a'::\"char\"", &[]),
    ("select id from users where email = 'a'::name", &[]),
    ("select id from users where name = 'a'::mail", &[]),
    ("select id from users where email = 'a'::mail", &["email=a"]),
    ("select id from users where email = $1::varchar(3)", &[]),
    ("select id from users where email = any ('{a}'::varchar(1)[])", &[]),
    ("select id from users where email = any (array['a']::varchar(1)[])", &[]),
    ("select id from users where email = any ('{a,b}')", &["email={a,b}"]),
    ("select id from users where email = any (array['a', $2])", &["email=a", "email=$2"]),
    ("select id from users where email = any (array['a']::text[])", &["email=a"]),
    ("select id from users where 'a' = any (tags)", &["tags=a"]),
    ("select id from users where email <> all ($1)", &["email=$1"]),
    ("select id from users where id = 7 and ssn = 7", &["id=7"]),
    ("select id from users where email is distinct from 'a'", &["email=a"]),
    ("select id from (select * from users) u where email = 'a'", &["email=a"]),
    ("with u as (select * from users) select id from u where email = 'a'", &["email=a"]),
    ("select id from plain_users where email = 'a'", &["email=a"]),
    ("update users set name = 'x' where email = $1", &["email=$1"]),
    ("update users set name = $1 where email = $1", &["email=$1!"]),
    ("delete from users where email = 'a'", &["email=a"]),
    ("insert into orders select 1 from users where email = 'a'", &["email=a"]),
    ("declare c cursor for select id from users where email = 'a'", &["email=a"]),
    ("copy (select id from users where email = 'a') to stdout", &["email=a*"]),
    ("create table t as select id from users where email = 'a'", &["email=a*"]),
    ("prepare p as select id from users where email = 'a'", &["email=a*"]),
    ("explain select id from users where email = 'a'", &[]),
    ("select $1 from users where email = $1 and ssn = $2", &["email=$1!", "ssn=$2"]),
    ("select 1 from users where email = $1 limit $1", &["email=$1!"]),
    ("select case when email = 'a' then 1 end from users", &["email=a"]),
    // Not the column as it stands, or not a value as it stands.
    ("select id from users where lower(email) = 'a'", &[]),
    ("select id from users where email::text = 'a'", &[]),
    ("select id from users where email = lower('a')", &[]),
    ("select id from users where email = 'a' || 'b'", &[]),
    ("select id from users where email = E'a'", &[]),
    ("select id from users where email = $q$a$q$", &[]),
    ("select id from users where email like 'a'", &[]),
    ("select id from users where email > 'a'", &[]),
    ("select id from users where email operator(public.=) 'a'", &[]),
    ("select id from users where (email, ssn) = ('a', 'b')", &[]),
    ("select m from (select email m from users union select 'g') x where m = 'a'", &[]),
    ("select m from (select max(email) m from users) x where m = 'a'", &[]),
    ("select m from (select coalesce(email, 'g') m from users) x where m = 'a'", &[]),
    ("select v from (values ('g')) v (v) where v = 'a'", &[]),
    ("create temp table t as select email from users; select 1 from t where email = 'a'", &[]),
    ("select mail_of(1) = 'a'", &[]),
];

#[test]
fn what_is_given_is_told() {
    let catalog = support::catalog(&fs::read_to_string(folder().join("catalog.tsv")).unwrap());
    for (text, expected) in GIVEN {
        let analysed = sql::analyse(text, &catalog, &Scope::default());
        let mut told = Vec::new();
        for given in analysed.iter().flat_map(|statement| &statement.given) {
            let column = given.columns.iter().find_map(|column| {
                let relation = catalog.relation(column.relation)?;
                relation.columns.iter().find(|known| known.number == column.number)
            });
            let mut word = format!("{}=", column.unwrap().name);
            match &given.what {
                GivenValue::Literal(value) => word.push_str(value),
                GivenValue::Parameter(number, alone) => {
                    word.push_str(&format!("${number}{}", if *alone { "" } else { "!" }));
                }
            }
            word.push_str(if given.replaceable { "" } else { "*" });
            // What stands there is what is told.
            assert!(text.is_char_boundary(given.at.start) && given.at.end <= text.len());
            told.push(word);
        }
        assert_eq!(told, *expected, "{text}");
    }
}

/// A text and what it puts into columns: `column=literal`, `column=$n`, in order of the columns.
const ASSIGNED: &[(&str, &[&str])] = &[
    ("update users set email = 'a', name = $1 where id = 7", &["email=a", "name=$1"]),
    ("update users set email = E'a\\'b', name = $q$c$q$", &["email=a'b", "name=c"]),
    ("update users set (email, name) = ('a', $2)", &["email=a", "name=$2"]),
    (
        "update users set email = $1::text, born = date '2020-01-01'",
        &["email=$1", "born=2020-01-01"],
    ),
    (
        "update users set email = case when id = 1 then $1 when id = 2 then 'b' else email end",
        &["email=$1", "email=b"],
    ),
    ("update users set email = coalesce($1, email)", &["email=$1"]),
    ("update users set tags = array['a', $1]", &["tags=a", "tags=$1"]),
    ("update users set tags = '{a,b}'", &["tags={a,b}"]),
    (
        "update users u set email = v.e from (values (1, 'a'), (2, $1)) v (i, e) where u.id = v.i",
        &["email=a", "email=$1"],
    ),
    ("update users set email = e from (select 'a' as e, $1 as f) x", &["email=a"]),
    ("update users set email = column1 from (values ('a')) v", &["email=a"]),
    (
        "insert into users (id, email) values (1, 'a'), (2, $1) returning id",
        &["email=a", "email=$1"],
    ),
    (
        "insert into users (id, email) values (1, $1)
         on conflict (id) do update set email = excluded.email, name = 'b'",
        &["email=$1", "name=b"],
    ),
    ("insert into users (email, name) select 'a', $1", &["email=a", "name=$1"]),
    ("insert into users (email) select 'a' union all select $1", &["email=$1", "email=a"]),
    ("insert into users (id, email) select v.* from (values (1, 'a')) v", &[]),
    ("insert into users (email) select e from (values ('a')) v (e)", &["email=a"]),
    (
        "merge into users u using (values (1, $1, 'n')) s (i, e, n) on u.id = s.i
         when matched then update set email = s.e
         when not matched then insert (id, email, name) values (s.i, s.e, s.n)",
        &["email=$1", "email=$1", "name=n"],
    ),
    ("with x as (update users set email = 'a' returning id) select * from x", &["email=a"]),
    ("explain analyze update users set email = 'a'", &["email=a"]),
    // What is computed is not a value as it stands.
    ("update users set email = lower('a'), name = 'a' || $1", &[]),
    ("update users set email = name where email = 'a'", &[]),
    ("select 'a', $1 from users", &[]),
    ("delete from users where email = 'a'", &[]),
];

#[test]
fn what_is_put_into_columns_is_told() {
    let catalog = support::catalog(&fs::read_to_string(folder().join("catalog.tsv")).unwrap());
    for (text, expected) in ASSIGNED {
        let analysed = sql::analyse(text, &catalog, &Scope::default());
        let mut told = Vec::new();
        for assigned in analysed.iter().flat_map(|statement| &statement.assigned) {
            let column = assigned.columns.iter().find_map(|column| {
                let relation = catalog.relation(column.relation)?;
                relation.columns.iter().find(|known| known.number == column.number)
            });
            let column = column.unwrap();
            assert_eq!(column.type_id, assigned.column_ty, "{text}");
            told.extend(assigned.values.iter().map(|(value, _)| match value {
                GivenValue::Literal(value) => format!("{}={value}", column.name),
                GivenValue::Parameter(number, _) => format!("{}=${number}", column.name),
            }));
        }
        assert_eq!(told, *expected, "{text}");
    }
}

#[test]
fn the_highest_parameter_is_found_outside_of_literals() {
    assert_eq!(sql::parameters("select $2, '$9', $$ $8 $$, \"$7\" -- $6"), 2);
    assert_eq!(sql::parameters("select 1"), 0);
}

/// Where operators and casts run that no statement writes out. The leak keeps what each is given.
const UNWRITTEN: &[(&str, bool)] = &[
    // Somebody's own operator: `=`, `>=`, `<`.
    ("select id from users where ssn in (select 'y'::text)", false),
    ("select ssn in (select 'y'::text) from users", false),
    ("select id from users where (id, ssn) in (select 1, 'y'::text)", false),
    ("select id from users where ssn >= all (select 'y'::text)", false),
    ("select id from users where ssn = any (array['y'])", false),
    ("select id from users where 'y'::text = any (array[ssn])", false),
    ("select id from users where row(ssn) = row('y'::text)", false),
    ("select id from users where row(ssn) in (row('y'::text), row('z'::text))", false),
    ("select id from users where (id, ssn) = (select 1, 'y'::text)", false),
    ("select id from users where ssn between 'a'::text and 'b'::text", false),
    ("select id from users where ssn not between 'a'::text and 'b'::text", false),
    ("select case ssn when 'y'::text then 1 end from users", false),
    ("select id from users where case ssn when 'y'::text then true end", false),
    ("select 1 from users u join users v using (ssn)", false),
    ("select 1 from users u natural join (select ssn from users) v", false),
    // Somebody's own cast of text to a truth.
    ("select id from users where ssn", true),
    ("select id from users where not ssn or ssn", true),
    ("select id from users where ssn is true", true),
    ("select ssn is not unknown from users", true),
    ("select ssn and true from users", true),
    ("select case when ssn then 1 end from users", true),
    ("select count(*) filter (where ssn) from users", true),
    ("select 1 from users u join users v on u.ssn", true),
    ("select 1 from users group by ssn having ssn", true),
    ("update users set name = 'x' where ssn", true),
    ("delete from users where ssn", true),
    ("select id from users where true in (select ssn from users)", true),
    ("select id from users where true = any (array[ssn])", true),
    ("select case true when ssn then 1 end from users", true),
    ("select 1 from users u join (select true as ssn) v using (ssn)", true),
];

/// The catalog with operators or a cast of somebody's own, whose function keeps what it is given.
fn with_own(catalog: &Catalog, cast: bool) -> Catalog {
    let mut own = catalog.clone();
    let (text, truth) = (TypeId(25), TypeId(16));
    let Some(logs) = own.functions_named("logs").next() else { return own };
    if cast {
        let function = logs.id;
        Arc::make_mut(&mut own.code).casts.push(Cast {
            source: text,
            target: truth,
            function,
            silent: true,
        });
        return own;
    }
    let mut keeps = Function::clone(logs);
    keeps.id = FunctionId(900_000);
    keeps.name = "keeps".to_owned();
    keeps.argument_names = vec!["a".to_owned(), "b".to_owned()];
    keeps.argument_types = vec![text, text];
    keeps.body = Some(
        "BEGIN INSERT INTO public.leak VALUES (1, a || '/' || b); RETURN true; END".to_owned(),
    );
    let function = keeps.id;
    own.add_function(keeps);
    for name in ["=", ">=", "<"] {
        let schema = "public".to_owned();
        let operator = Operator { schema, left: Some(text), right: text, function };
        Arc::make_mut(&mut own.code).operators.insert(name.to_owned(), vec![operator]);
    }
    own
}

#[test]
fn operators_and_casts_that_nobody_wrote_are_followed() {
    let catalog = support::catalog(&fs::read_to_string(folder().join("catalog.tsv")).unwrap());
    let users = catalog.relation_named("public", "users").unwrap();
    let ssn = users.column_id(users.column("ssn").unwrap().number);
    let mut lost = Vec::new();
    for (text, cast) in UNWRITTEN {
        let own = with_own(&catalog, *cast);
        let keeps = |catalog: &Catalog| {
            let analysed = sql::analyse(text, catalog, &Scope::default());
            analysed.iter().any(|one| one.facts.moves.iter().any(|it| it.from.contains(&ssn)))
        };
        assert!(!keeps(&catalog), "without them nothing is kept: {text}");
        if !keeps(&own) {
            lost.push(*text);
        }
    }
    assert!(lost.is_empty(), "not followed:\n{}", lost.join("\n"));
}

/// What infers something of a column of `users`, though it looks like a look-up or like nothing.
const INFERS: &[(&str, &str)] = &[
    // An element of a list that is made of the column itself.
    ("select id from users where ssn in ('4' || substr(ssn, 2))", "ssn"),
    ("select id from users where ssn not in (overlay(ssn placing '4' from 1 for 1))", "ssn"),
    ("select id from users where salary in (least(salary, 17))", "salary"),
    ("select id from users where salary in (1, 2, salary % 10)", "salary"),
    ("select id from users where (salary, 1) in ((greatest(salary, 17), 1))", "salary"),
    // Another guess in each row.
    (
        "select array(select nullif(u.salary, row_number() over ()) from orders) from users u",
        "salary",
    ),
    ("select id, nullif(salary, generate_series(1, 60)) from users", "salary"),
    ("select nullif(ssn, unnest('{a,b}'::text[])) from users", "ssn"),
    ("select nullif(ssn, regexp_split_to_table('a b', ' ')) from users", "ssn"),
    ("select id from users where salary = random()", "salary"),
    ("select id from users group by id, salary having salary = count(*)", "salary"),
    (
        "select nullif(u.salary, (select count(*) from orders o where o.id < x.id)) \
      from users u, orders x",
        "salary",
    ),
    (
        "select u.salary = any (array(select 1 from orders o where o.id < x.id)) \
      from users u, orders x",
        "salary",
    ),
    ("select distinct coalesce(ssn, (10 + row_number() over ())::text) from users", "ssn"),
    (
        "select u.id from users u, orders o where u.salary = (case when o.total > 5 then 3 end)",
        "salary",
    ),
    ("select u.id from users u, orders o where u.salary = (o.note is null)::int", "salary"),
    ("select u.id from users u, orders o where u.salary = num_nulls(o.note, o.total)", "salary"),
    (
        "select u.id from users u, orders o where u.salary = (o.id in (1, 2) and true)::int",
        "salary",
    ),
    (
        "select u.id, o.id from users u, orders o \
      where u.salary = exists(select 1 from items i where i.order_id = o.id)::int",
        "salary",
    ),
    (
        "select u.id, o.id from users u, orders o where u.salary = \
      (select count(*) from orders x where x.id <= o.id) * 1000",
        "salary",
    ),
    // Named in GROUP BY: what is given out, not a column of the query around.
    (
        "select o.note, (select count(*) from (select coalesce(substr(p.ssn, 1, 1), '4') as note \
      from (select ssn from users union all select null) p group by note) q) from orders o",
        "ssn",
    ),
    (
        "select o.note, (select count(*) from (select distinct on (note) substr(ssn, 1, 1) as note \
      from users) q) from orders o",
        "ssn",
    ),
    // Arrays of which nobody can say how long they are.
    ("select id from users where salary = any ('16 17 18'::int2vector)", "salary"),
    (
        "select id from users where salary = \
      any (array_positions(array_fill(1, array[20], array[10]), 1))",
        "salary",
    ),
    ("select id from users where ssn = any (array[repeat('{1,2', 9)::text[]])", "ssn"),
    ("select id from users where ssn = any (string_to_array(repeat('1,2', 9), ','))", "ssn"),
    // One row or none, by what stands around.
    (
        "select u.id from users u, orders o \
      where u.salary = coalesce((select 1 where o.id = 1), (select 2 where o.id = 2))",
        "salary",
    ),
    (
        "select u.id from users u, orders o \
      where u.salary = (values (1), (2) limit 1 offset o.id)",
        "salary",
    ),
    (
        "select u.id from users u, orders o where u.salary = exists(select where o.id = 1)::int",
        "salary",
    ),
    (
        "select u.id from users u, orders o \
      where u.salary = length(json_array(select 1 from orders x where x.id <= o.id)::text)",
        "salary",
    ),
    (
        "select u.id from users u, orders o group by u.id, u.salary \
      having u.salary = length(json_arrayagg(1)::text)",
        "salary",
    ),
    // A part of it, for its type is short.
    ("select id from users where ssn::\"char\" = '4'", "ssn"),
    ("select id from users where salary::\"bit\" = B'1'", "salary"),
    ("select id from users where salary::numeric(64) = 4", "salary"),
    // A number that is made as large as a text says, and does not fit.
    ("select length(replace(ssn, '4', repeat('x', 4000)))::int2 from users", "ssn"),
    ("select length(replace(ssn, '4', repeat('x', 200)))::\"char\" from users", "ssn"),
    ("select to_jsonb(length(ssn))::int2 from users", "ssn"),
    // What a number takes out of a list or a document by its place.
    ("select '[[],[1],[1,1]]'::jsonb - salary::int from users", "salary"),
    // What fails, or makes the server say something, for some values.
    ("select length(left(replace(ssn, '4', 'é'), 1)::bytea, 'UTF8') from users", "ssn"),
    ("select to_tsvector('simple', lpad(replace(ssn, '4', ' '), 2047, 'x')) from users", "ssn"),
    ("select format_type(1186, (salary * 65536)::int) from users", "salary"),
    ("select pg_get_expr(d.adbin, length(ssn)::oid) from users, pg_attrdef d", "ssn"),
    ("select date_trunc('day', now(), translate(ssn, '4', 'x')) from users", "ssn"),
    ("copy (select translate(ssn, '4', 'ł') from users) to stdout (encoding 'LATIN1')", "ssn"),
    (
        "set client_encoding = 'LATIN1'; select translate(ssn, '4', chr(322)) from public.users",
        "ssn",
    ),
    ("select to_tsvector('simple', format('%-2047s', ssn)) from users", "ssn"),
    // What the client put somewhere before is as long as it likes.
    (
        "create temp table t (a text); \
      select replace(replace(ssn, '4', t.a), '5', t.a) from users, t",
        "ssn",
    ),
    (
        "create temp table t as select 'x'::text as a; \
      select (select length(replace(replace(ssn, '4', a), '5', a)) from t) from users",
        "ssn",
    ),
    ("create temp table t (a text); select string_agg(ssn || a, '') from users, t", "ssn"),
    ("create temp table t (a text); select regexp_replace(ssn || a, '4', $1) from users, t", "ssn"),
    (
        "select replace(replace(ssn, '4', current_setting('my.own')), '5', \
      current_setting('my.own')) from users",
        "ssn",
    ),
    ("select replace(replace(ssn, '4', current_query()), '5', current_query()) from users", "ssn"),
    (
        "select replace(replace(ssn, '4', statement), '5', statement) \
      from users, pg_prepared_statements",
        "ssn",
    ),
];

/// What infers nothing of a column, though a value of the client's own stands beside it or it was
/// copied to where the client writes.
const INFERS_NOTHING: &[&str] = &[
    "create temp table t as select ssn, name from users; \
     select ssn, replace(name, ' ', '_'), upper(ssn), name || ssn, left(ssn, 3) from t",
    "create temp table t as select ssn from users; select lpad(ssn, 12) from t",
    "create temp table t as select ssn from users; select string_agg(ssn, ',') from t",
    "create temp table t (a text); select replace(ssn, '-', a) from users, t",
    "create temp table t (a text); select replace(ssn, '-', '') || a from users, t",
    "create temp table t as select ssn from users; select to_tsvector('simple', ssn) from t",
];

#[test]
fn what_is_beside_values_of_ones_own_infers_nothing() {
    let catalog = support::catalog(&fs::read_to_string(folder().join("catalog.tsv")).unwrap());
    let users = catalog.relation_named("public", "users").unwrap();
    let ssn = users.column_id(users.column("ssn").unwrap().number);
    for text in INFERS_NOTHING {
        let asked = sql::analyse(text, &catalog, &Scope::default());
        let infers = |it: &ColumnUse| it.column == ssn && it.usage == Use::Inferred;
        assert!(!asked.iter().any(|one| one.facts.columns.iter().any(infers)), "{text}");
    }
}

#[test]
fn what_infers_is_no_look_up() {
    let catalog = support::catalog(&fs::read_to_string(folder().join("catalog.tsv")).unwrap());
    let users = catalog.relation_named("public", "users").unwrap();
    let mut lost = Vec::new();
    for (text, column) in INFERS {
        let column = users.column_id(users.column(column).unwrap().number);
        let asked = sql::analyse(text, &catalog, &Scope::default()).into_iter().any(|one| {
            let infers = |it: &ColumnUse| it.column == column && it.usage == Use::Inferred;
            one.facts.columns.iter().any(infers)
        });
        if !asked {
            lost.push(*text);
        }
    }
    assert!(lost.is_empty(), "not asked:\n{}", lost.join("\n"));
}

#[test]
fn what_nests_is_walked_once() {
    let catalog = support::catalog(&fs::read_to_string(folder().join("catalog.tsv")).unwrap());
    let own = with_own(&catalog, false);
    let nested = |first: &str, next: &str| {
        let closed = format!("{next})").repeat(40);
        format!("select {}{first}{closed}", "(".repeat(40))
    };
    for text in [
        nested("'a'::tsquery", " && 'b'::tsquery"),
        nested("active", " = true"),
        nested("'a'", " >= 'b'"),
        nested("salary", " between 1 and 2"),
        nested("'{}'::jsonb", " || 'x'::text::jsonb"),
    ] {
        let text = format!("{text} from users");
        let analysed = sql::analyse(&text, &own, &Scope::default());
        let given_up = |one: &sql::Analysed| {
            one.facts.unknowns.iter().any(|unknown| unknown.why.contains("too much"))
        };
        assert!(!analysed.iter().any(given_up), "{text}");
    }
}

/// What a list of rows asks of `users.email`: how many values are looked up, or that it is more
/// than that.
const LISTED: &[(&str, Option<u32>)] = &[
    (
        "select count(*) from (select distinct coalesce(u.email, 'a') from orders o \
      left join users u on u.id = 2) q",
        Some(1),
    ),
    ("select count(distinct coalesce(email, 'a', 'b')) from users", Some(2)),
    ("select 1 from users u, copy_of_users c where u.email = coalesce(c.email, 'a')", Some(1)),
    ("select coalesce(email, 'none') from users", None),
    ("select v.n from users u join (values ('a', 1), ('b', 2)) v (e, n) on u.email = v.e", Some(2)),
    (
        "update users u set name = v.n from (values ('a', 'x'), ('b', 'y')) v (e, n) \
      where u.email = v.e",
        Some(2),
    ),
    (
        "insert into copy_of_users (email) select v.e from (values ('a')) v (e) \
      where not exists (select 1 from users u where u.email = v.e)",
        Some(1),
    ),
    (
        "merge into users u using (values ('a', 'x')) v (e, n) on u.email = v.e \
      when matched then update set name = v.n",
        Some(1),
    ),
    ("select id from users where email in (select v.e from (values ('a'), ('b')) v (e))", Some(2)),
    ("with v (e) as (values ('a'), ('b')) select id from users u, v where u.email = v.e", Some(2)),
    (
        "select id from users u, (values ('a'), ('b')) v (e) where lower(u.email) = lower(v.e)",
        Some(2),
    ),
    ("select id from users u, (values ('a'), ('b')) v (e) where u.email = upper(v.e) || 'x'", None),
    (
        "with v (e) as (values ('a'), ('b')) select id from users u, v, v w \
      where u.email = v.e || w.e",
        None,
    ),
    (
        "select id from users u, (values ('a'), ('b')) v (e), generate_series(1, 9) g \
      where u.email = v.e || g::text",
        None,
    ),
    ("select id from users u, (values (array['a', 'b'])) v (e) where u.email = any (v.e)", None),
    ("select id from users u, (values (random()::text)) v (e) where u.email = v.e", None),
    ("select id from users u, (values ('a')) v (e) where u.email > v.e", None),
    ("select id from users where email in (values ('a'), ('b'))", Some(2)),
    ("select id from users where email in (values ('a'), ('b') union all select 'c')", None),
    // More rows than VALUES list.
    (
        "select u.id, q.n from users u, (select e, 'x' as n from (values ('a')) v (e) \
      union all select 'b', 'y') q where u.email = q.e",
        None,
    ),
    ("select id from users where email = any ('{a,b,c}')", Some(3)),
    ("select id from users where email = any ($1::text[])", Some(1)),
    ("select id from users where email = any (array['a', 'b'] || 'c')", Some(3)),
    ("select id from users where email = any (array['{a,b}', '{c,d}']::text[][])", Some(4)),
    ("select id from users where email = any (array['{a,b}'::text[], array['c', 'd']])", Some(4)),
    ("select id from users where email = any (string_to_array('a b', ' '))", Some(4)),
    ("prepare q as select id from users where email = any ($1); execute q('{a,b,c}')", Some(3)),
    ("prepare q as select id from users where email = any ($1); execute q(' {a,b}')", Some(2)),
    ("prepare q as select id from users where email = $1; execute q('a, b')", Some(1)),
];

#[test]
fn rows_that_are_listed_are_counted() {
    let catalog = support::catalog(&fs::read_to_string(folder().join("catalog.tsv")).unwrap());
    let users = catalog.relation_named("public", "users").unwrap();
    let email = users.column_id(users.column("email").unwrap().number);
    for (text, expected) in LISTED {
        let analysed = sql::analyse(text, &catalog, &Scope::default());
        let facts = &analysed.last().unwrap().facts;
        let infers = |it: &ColumnUse| it.column == email && it.usage == Use::Inferred;
        let looked_up = facts.look_ups.iter().find(|it| it.column == email).map(|it| it.values);
        let asked = if facts.columns.iter().any(infers) { None } else { looked_up };
        assert_eq!(asked, *expected, "{text}");
        // What was listed beside it is the client's own wherever it is put.
        let moved = |it: &model::facts::Move| it.from.contains(&email);
        assert!(expected.is_none() || !facts.moves.iter().any(moved), "{text}");
    }
}

/// Migrations that tools send as one text.
const MIGRATIONS: &[&str] = &[
    "alter table users add column slug text; \
     update users set slug = lower(name) where slug is null; \
     alter table users alter column slug set not null; create unique index on users (slug)",
    "begin; alter table orders add column state text not null default 'new', add column due date; \
     update orders set due = placed::date; \
     insert into orders (id, total, state) values (9, 1, 'x'); commit",
    "alter table orders add column if not exists note text; \
     update orders set note = 'x' where id = 1",
];

#[test]
fn a_column_that_the_text_adds_is_known() {
    let catalog = support::catalog(&fs::read_to_string(folder().join("catalog.tsv")).unwrap());
    for text in MIGRATIONS {
        for one in sql::analyse(text, &catalog, &Scope::default()) {
            assert!(one.facts.unknowns.is_empty(), "{text}: {:?}", one.facts.unknowns);
        }
    }
    // What was put there is there.
    let text = "alter table orders add column mail text; \
                update orders o set mail = u.email from users u where u.id = o.user_id; \
                select mail from orders";
    let analysed = sql::analyse(text, &catalog, &Scope::default());
    let users = catalog.relation_named("public", "users").unwrap();
    let email = users.column_id(users.column("email").unwrap().number);
    let holds = |analysed: &[sql::Analysed]| {
        let outputs = analysed.last().unwrap().facts.outputs.as_ref().unwrap();
        outputs[0].unknown || outputs[0].sources.contains(&email)
    };
    assert!(holds(&analysed));
    for text in [
        "alter table orders add column mail text; \
         insert into orders (id, mail) select id, email from users returning mail",
        "alter table orders add column mail text; update orders o set mail = u.email \
         from users u where u.id = o.user_id returning o.mail",
    ] {
        assert!(holds(&sql::analyse(text, &catalog, &Scope::default())), "{text}");
    }
    // A default that runs code, a type of one's own and a column that others inherit are read anew.
    for text in [
        "alter table users add column a text default mail_of(1); select a from users",
        "alter table animal add column a text; select a from animal",
    ] {
        let analysed = sql::analyse(text, &catalog, &Scope::default());
        assert!(!analysed.last().unwrap().facts.unknowns.is_empty(), "{text}");
    }
}

/// Something that hides a table by its name may not be there: in what comes behind it, the name is
/// not understood. The last statement of each text.
const DOUBTFUL: &[&str] = &[
    "do $$ begin if now() < '2000-01-01' then create temp table users (ssn text); end if; \
     perform ssn from users; end $$",
    "do $$ begin for i in 1..0 loop create temp table users (ssn text); end loop; \
     delete from users; end $$",
    "do $$ begin begin create temp table users (ssn text); raise exception 'a'; \
     exception when others then null; end; perform ssn from users; end $$",
    "do $$ begin create temp table users (ssn text); exception when others then \
     perform ssn from users; end $$",
    "do $$ begin if now() < '2000-01-01' then return; end if; create temp table users (ssn text); \
     end $$; select ssn from users",
    "do $$ begin if false then create temp view users as select 'k'::text as ssn; end if; \
     drop table users; end $$",
    "explain create temp table users as select 'a'::text as ssn; select ssn from users",
    "begin; create temp table users (ssn text); rollback; select ssn from users",
    "savepoint a; create temp table users (ssn text); rollback to a; select ssn from users",
    "create temp table users (ssn text); discard temp; select ssn from users",
    "create temp table users (ssn text); drop table users; select ssn from users",
    "create temp table users (ssn text); alter table users rename to others; \
     select ssn from users",
    "create temp table users (ssn text); set search_path = public, pg_temp; \
     do $$ begin if false then set search_path = pg_temp, public; end if; \
     perform ssn from users; end $$",
];

#[test]
fn what_may_not_have_happened_hides_nothing() {
    let catalog = support::catalog(&fs::read_to_string(folder().join("catalog.tsv")).unwrap());
    let users = catalog.relation_named("public", "users").unwrap();
    for text in DOUBTFUL {
        let analysed = sql::analyse(text, &catalog, &Scope::default());
        let facts = &analysed.last().unwrap().facts;
        let named = facts.effects.iter().filter_map(|effect| effect.relation.as_ref());
        let real = named.into_iter().any(|relation| relation.id == Some(users.id));
        assert!(real || !facts.unknowns.is_empty(), "{text}: {:?}", facts.effects);
    }
    // In the block that made it, it is there.
    let text = "do $$ begin if now() > '2000-01-01' then create temp table users (ssn text); \
                insert into users values ('a'); end if; end $$";
    let analysed = sql::analyse(text, &catalog, &Scope::default());
    assert!(analysed.last().unwrap().facts.unknowns.is_empty());
}

/// Names that the server gives by its own rules, and what stands further out under such a name. The
/// output of each holds users.ssn.
const NAMELESS: &[&str] = &[
    "select (select text from (select (select 'a')::text) q) from (select ssn as text from users) z",
    "select (select \"case\" from (select case when true then 'b' else (select 'a') end) q) \
     from (select ssn as \"case\" from users) z",
    "select (select a from (select (select * from (select ssn as a from users) w)) q) \
     from (select 'k' as a) z",
    "select (select sku from greatest(p) x) from (select p, 'k'::text as sku from users p) z",
    "select (select lower.lower from rows from (upper('a'), lower('b'))) \
     from (select ssn as lower from users) lower",
    "select (select ssn from greatest(p) x) from (select p, 'k'::text as ssn from users p) z",
];

#[test]
fn names_that_nobody_wrote_hide_no_column() {
    let catalog = support::catalog(&fs::read_to_string(folder().join("catalog.tsv")).unwrap());
    let users = catalog.relation_named("public", "users").unwrap();
    let ssn = users.column_id(users.column("ssn").unwrap().number);
    let casts = "::text".repeat(70);
    let deep = format!(
        "select (select reverse from (select reverse(ssn){casts} from users) q) \
         from (select 'k' as reverse) z"
    );
    for text in NAMELESS.iter().copied().chain([deep.as_str()]) {
        let analysed = sql::analyse(text, &catalog, &Scope::default());
        let facts = &analysed[0].facts;
        let holds = |output: &model::facts::Output| output.unknown || output.sources.contains(&ssn);
        let seen = facts.outputs.as_ref().is_some_and(|outputs| outputs.iter().any(holds));
        assert!(seen || facts.outputs_unknown, "{text}");
    }
    // Named already, a scalar subquery gets no other name by a cast or a branch around it.
    for text in ["select (select 1)::text", "select case when true then 2 else (select 1) end"] {
        let analysed = sql::analyse(text, &catalog, &Scope::default());
        assert_eq!(analysed[0].facts.outputs.as_ref().unwrap()[0].name, "?column?", "{text}");
    }
    // A table that is made of such a column has it under a name that is not known.
    let text = "create table k as select (select * from (select ssn from users limit 1) w)";
    let analysed = sql::analyse(text, &catalog, &Scope::default());
    let all = |moved: &model::facts::Move| matches!(moved.to, model::facts::Destination::All(_));
    assert!(analysed[0].facts.moves.iter().any(|it| all(it) && it.unknown));
    // TABLESAMPLE sees the query around and nothing to its left.
    let text = "select (select count(*) from (select 50::real as x) q, \
                orders tablesample bernoulli (x) repeatable (1)) \
                from (select salary::real as x from users) z";
    let analysed = sql::analyse(text, &catalog, &Scope::default());
    let salary = users.column_id(users.column("salary").unwrap().number);
    let told = |it: &ColumnUse| it.column == salary && it.usage == Use::Exported;
    assert!(analysed[0].facts.columns.iter().any(told));
}

/// Texts that grow as they are walked: what each level doubles.
#[test]
fn what_doubles_is_given_up() {
    let catalog = support::catalog(&fs::read_to_string(folder().join("catalog.tsv")).unwrap());
    let text = |first: &str, next: &dyn Fn(usize) -> String, last: &str| {
        let levels: Vec<String> =
            (1..40).map(|level| format!("c{level} as ({})", next(level))).collect();
        format!("with c0 as ({first}), {} {last}", levels.join(", "))
    };
    let stars = |level: usize| format!("select * from c{0} a, c{0} b", level - 1);
    let rows = |level: usize| format!("select row(x, x) as x from c{}", level - 1);
    let records =
        |level: usize| format!("select row(a.*, b.*) as x from c{0} a, c{0} b", level - 1);
    let documents = |level: usize| {
        format!("select jsonb_build_object('a', x, 'b', x) as x from c{}", level - 1)
    };
    let unions =
        |level: usize| format!("select * from c{0} union all select * from c{0}", level - 1);
    for text in [
        text("select 1 one", &stars, "select count(*) from c39"),
        text("select ssn as x from users", &rows, "select x from c39"),
        text("select ssn as x from users", &records, "select x from c39"),
        text("select ssn as x from users", &documents, "select x from c39"),
        text("select ssn as x from users", &unions, "select x from c39"),
    ] {
        let begun = std::time::Instant::now();
        let analysed = sql::analyse(&text, &catalog, &Scope::default());
        let facts = &analysed[0].facts;
        let output = facts.outputs.as_ref().and_then(|outputs| outputs.first());
        let safe = output
            .is_none_or(|it| it.unknown || !it.sources.is_empty() || it.statistics.is_empty());
        assert!(safe && facts.columns.len() < 1_000, "{text}");
        eprintln!("{:?} {}", begun.elapsed(), &text[..60]);
    }
}

#[test]
fn a_text_that_is_spelt_like_a_column_is_a_text() {
    let catalog = support::catalog(&fs::read_to_string(folder().join("catalog.tsv")).unwrap());
    let unbounded = |condition: &str| {
        let text = format!("delete from users where {condition}");
        sql::analyse(&text, &catalog, &Scope::default())[0].facts.effects[0].unbounded
    };
    for column in ["column name of 0", "column name of 1", "column name of 2", "variable name", "x"]
    {
        assert!(!unbounded(&format!("name = '{column}'")), "{column}");
        let same = format!("name || '{column}'");
        assert!(unbounded(&format!("{same} = {same} or {same} is null")), "{column}");
    }
}
