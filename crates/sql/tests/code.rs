//! Bodies that carry a value by a way which their names hide. Each must be seen to put it where it
//! goes, or be said not to be understood.

#![expect(clippy::unwrap_used, reason = "a test: what is missing must fail at once")]

#[allow(dead_code, reason = "shared with other tests, which print facts")]
mod support;

use model::{
    Catalog, ColumnId, FunctionId, TypeId,
    catalog::{Function, Relation, Trigger},
};
use sql::Scope;
use std::{fs, path::PathBuf, sync::Arc};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("cases")
}

fn catalog() -> Catalog {
    support::catalog(&fs::read_to_string(folder().join("catalog.tsv")).unwrap())
}

fn ssn(catalog: &Catalog) -> ColumnId {
    let users = catalog.relation_named("public", "users").unwrap();
    users.column_id(users.column("ssn").unwrap().number)
}

/// True if the statements are seen to put users.ssn somewhere.
fn seen(catalog: &Catalog, text: &str) -> bool {
    let ssn = ssn(catalog);
    let analysed = sql::analyse(text, catalog, &Scope::default());
    analysed.iter().any(|one| {
        one.facts.dynamic || one.facts.moves.iter().any(|it| it.unknown || it.from.contains(&ssn))
    })
}

#[test]
fn blocks_hide_no_value_behind_names() {
    let catalog = catalog();
    let blocks = fs::read_to_string(folder().join("blocks.txt")).unwrap();
    let blocks = blocks.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let (mut lost, mut count) = (Vec::new(), 0);
    for block in blocks {
        count += 1;
        let block = block.replace("{ssn}", "(select ssn from users limit 1)");
        let block = block.replace("{keep} (", "insert into items (sku) values (");
        let block = block.replace("{keep}", "insert into items (sku)");
        if !seen(&catalog, &format!("do $$ {block} $$")) {
            lost.push(block);
        }
    }
    assert!(count > 30 && lost.is_empty(), "not followed:\n{}", lost.join("\n"));
}

/// Blocks that put what is no users.ssn into items though they hold it: ordinary ones.
const ORDINARY: &[&str] = &[
    "declare a text; b text; begin select ssn, 'k' into a, b from users; {keep} (b); end",
    "declare u users; begin select * into u from users; {keep} (u.name); end",
    "declare u users%rowtype; begin select * into u from users where id = 1; {keep} (u.name); end",
    "declare r record; begin for r in select name, ssn from users loop {keep} (r.name); end loop; end",
    "declare c refcursor; x text; begin open c for select name from users; fetch c into x; close c; \
     open c for select 'k'; fetch c into x; {keep} (x); end",
    "declare c cursor for select name, ssn from users; x text; y text; begin open c; loop \
     fetch c into x, y; exit when not found; {keep} (x); end loop; close c; end",
    "declare r record; begin for r in select name, ssn from users loop null; end loop; \
     for r in select id, sku from items join orders on true loop {keep} (r.sku); end loop; end",
    "declare x text; begin <<b>> declare y text; begin select name, ssn into b.y, x from users; \
     {keep} (b.y); end; end",
    "begin for i in 1..3 loop for i in 1..3 loop {keep} ('k' || i); end loop; end loop; end",
];

#[test]
fn ordinary_blocks_are_told_apart() {
    let catalog = catalog();
    for block in ORDINARY {
        let block = block.replace("{keep} (", "insert into items (sku) values (");
        let text = format!("do $$ {block} $$");
        assert!(!seen(&catalog, &text), "{text}");
        let analysed = sql::analyse(&text, &catalog, &Scope::default());
        assert!(analysed[0].facts.unknowns.is_empty(), "{text}");
    }
}

/// Queries of users.ssn by another name that an alias gives to another column.
const RENAMED: &[&str] = &[
    "select (q.u).ssn from (select u from users u (ssn)) q",
    "select (q.u).ssn from (select u from users u (id, name, ssn, email)) q",
    "select (q.t).ssn from (select t from everyone() t (id, ssn)) q",
    "create temp table z as select 'k' as a, ssn as b from users; \
     select (q.z).b from (select z from z (b, a)) q",
];

#[test]
fn rows_keep_the_names_of_their_type() {
    let catalog = catalog();
    let ssn = ssn(&catalog);
    for text in RENAMED {
        let analysed = sql::analyse(text, &catalog, &Scope::default());
        let outputs = analysed.last().unwrap().facts.outputs.as_deref().unwrap_or_default();
        let told = |output: &model::facts::Output| output.unknown || output.sources.contains(&ssn);
        assert!(!outputs.is_empty() && outputs.iter().all(told), "{text}: {outputs:?}");
    }
}

/// A function of this language, body and settings in the place of one without arguments.
fn with_function(catalog: &mut Catalog, language: &str, body: &str, settings: &[&str]) {
    let mut function = Function::clone(catalog.functions_named("touch").next().unwrap());
    function.id = FunctionId(900_000);
    function.name = "hides".to_owned();
    function.language = language.to_owned();
    function.body = Some(body.to_owned());
    function.settings = settings.iter().map(|setting| (*setting).to_owned()).collect();
    catalog.add_function(function);
}

/// A function's language, settings and body, none of which reads what it seems to read.
const SETTINGS: &[(&str, &str, &str)] = &[
    (
        "sql",
        "standard_conforming_strings=off",
        r"select 'x\'' || (select ssn from public.users) --'",
    ),
    (
        "plpgsql",
        "plpgsql.variable_conflict=use_variable",
        "declare name text; begin select ssn into name from public.users; \
         insert into public.items (sku) select name from public.users; end",
    ),
    ("sql", "search_path=\"public,hr\"", "insert into items (sku) select v from leak"),
    ("sql", "search_path=\"public", "select 1"),
    ("sql", "transform_null_equals=on", "select 1"),
    ("sql", "session_replication_role=replica", "select 1"),
];

#[test]
fn settings_of_a_function_are_read_as_the_server_does() {
    for (language, setting, body) in SETTINGS {
        let mut own = catalog();
        with_function(&mut own, language, body, &[setting]);
        let analysed = sql::analyse("select hides()", &own, &Scope::default());
        assert!(!analysed[0].facts.unknowns.is_empty(), "{setting}");
    }
    for setting in ["search_path=public, \"hr\"", "work_mem=64MB", "statement_timeout=5s"] {
        let mut own = catalog();
        with_function(&mut own, "sql", "insert into items (sku) select ssn from users", &[setting]);
        let analysed = sql::analyse("select hides()", &own, &Scope::default());
        let facts = &analysed[0].facts;
        let ssn = ssn(&own);
        assert!(facts.unknowns.is_empty() && !facts.dynamic, "{setting}: {:?}", facts.unknowns);
        assert!(facts.moves.iter().any(|moved| moved.from.contains(&ssn)), "{setting}");
    }
    // Names of a body in another language are not bound, however it begins.
    let mut own = catalog();
    let body = "begin atomic := null; insert into items (sku) select ssn from users; return 1; end";
    with_function(&mut own, "plpgsql", body, &[]);
    let analysed = sql::analyse("select hides()", &own, &Scope::default());
    let ssn = ssn(&own);
    assert!(analysed[0].facts.moves.iter().any(|moved| moved.from.contains(&ssn)));
    let mut own = catalog();
    with_function(&mut own, "sql", r"select 'x\'' || (select ssn from public.users) --'", &[]);
    let scope = Scope { standard_conforming_strings: false, ..Scope::default() };
    let analysed = sql::analyse("select hides()", &own, &scope);
    assert!(analysed[0].facts.dynamic, "literals of a body are read as the session says");
}

/// The catalog with a trigger on public.leak (k integer, v text) that has this body.
fn triggered(body: &str, tables: &[&str]) -> Catalog {
    let mut own = catalog();
    with_function(&mut own, "plpgsql", body, &[]);
    let mut leak = Relation::clone(own.relation_named("public", "leak").unwrap());
    let tables = tables.iter().map(|name| (*name).to_owned()).collect();
    leak.triggers = vec![Trigger { function: FunctionId(900_000), tables }];
    own.add_relation(Arc::new(leak));
    own
}

/// What a trigger does with users.ssn, which is put into leak or read by the trigger itself.
const TRIGGERS: &[&str] = &[
    "declare r record; begin select 1 as v, ssn as k into r from users; return r; end",
    "declare r record; begin r := new; r.v := (select ssn from users); return r; end",
    "begin return (select row(1, ssn)::leak from users); end",
    "declare n alias for new; begin n.v := (select ssn from users); return new; end",
    "begin select 1 as v, ssn as k into new from users; return new; end",
    "begin #not understood end",
];

#[test]
fn what_a_trigger_puts_into_the_row_is_followed() {
    let insert = "insert into leak values (1, 'x')";
    for body in TRIGGERS {
        assert!(seen(&triggered(body, &[]), insert), "{body}");
    }
    // What ordinary ones return is the row itself.
    for body in [
        "begin return new; end",
        "begin return old; end",
        "begin return null; end",
        "begin return coalesce(new, old); end",
        "begin if tg_op = 'DELETE' then return old; end if; return new; end",
        "begin if new.k is null then return null; end if; new.v := lower(new.v); return new; end",
        "declare r leak; begin r := new; return r; end",
        "begin insert into items (sku) values (to_jsonb(new)::text); return new; end",
    ] {
        let own = triggered(body, &[]);
        let leak = own.relation_named("public", "leak").unwrap();
        let analysed = sql::analyse(insert, &own, &Scope::default());
        let facts = &analysed[0].facts;
        let moved = facts.moves.iter().any(|moved| {
            matches!(moved.to, model::facts::Destination::Column(to) if to.relation == leak.id)
        });
        assert!(!moved && facts.unknowns.is_empty(), "{body}: {:?}", facts.moves);
    }
}

#[test]
fn changed_rows_come_before_every_relation_of_their_name() {
    let body = "begin insert into items (sku) select email from copy_of_users; return null; end";
    let body = body.replace("email", "v");
    let own = triggered(&body, &["copy_of_users"]);
    let leak = own.relation_named("public", "leak").unwrap();
    let v = leak.column_id(leak.column("v").unwrap().number);
    let analysed = sql::analyse("insert into leak values (1, 'x')", &own, &Scope::default());
    let facts = &analysed[0].facts;
    assert!(facts.moves.iter().any(|moved| moved.from == [v]), "{:?}", facts.moves);
    assert!(facts.unknowns.is_empty(), "{:?}", facts.unknowns);
}

#[test]
fn an_output_with_a_name_keeps_it_whatever_the_alias() {
    let mut own = catalog();
    let mut function = Function::clone(own.functions_named("touch").next().unwrap());
    function.id = FunctionId(900_000);
    function.name = "one".to_owned();
    function.language = "sql".to_owned();
    function.body = Some("select 'k'::text".to_owned());
    function.return_type = TypeId(25);
    function.output_columns = vec![("zz".to_owned(), TypeId(25))];
    own.add_function(function);
    let ssn = ssn(&own);
    for text in [
        "select (select cc from one() cc) from (select ssn as cc from users) z",
        "select (select one from one()) from (select ssn as one from users) z",
    ] {
        let analysed = sql::analyse(text, &own, &Scope::default());
        let outputs = analysed[0].facts.outputs.as_ref().unwrap();
        assert!(outputs[0].unknown || outputs[0].sources.contains(&ssn), "{text}");
    }
    let analysed = sql::analyse("select zz from one() cc", &own, &Scope::default());
    assert!(analysed[0].facts.unknowns.is_empty());
}
