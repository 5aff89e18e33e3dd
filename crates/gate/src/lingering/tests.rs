//! Texts that leave something in the server's process, and those that leave nothing.

use super::{asks_back, is_taken_back, is_told, lingers};
use model::{
    Catalog, FunctionId, TypeId,
    catalog::{Function, FunctionKind, Type, TypeKind, Volatility},
};
use sql::Scope;

fn catalog() -> Catalog {
    let mut catalog = Catalog::default();
    catalog.search_path = vec!["pg_catalog".to_owned(), "public".to_owned()];
    catalog.add_type(Type {
        id: TypeId(25),
        schema: "pg_catalog".to_owned(),
        name: "text".to_owned(),
        kind: TypeKind::Base,
        category: 'S',
        attached: model::code::Attached::default(),
    });
    for (id, name, language, body) in [
        (70_001, "kept", "plperl", "$_SHARED{x}"),
        (70_002, "linked", "c", "somewhere"),
        (70_003, "told", "sql", "select 'x'::text"),
        (70_004, "asked", "sql", "select kept()"),
    ] {
        catalog.add_function(Function {
            id: FunctionId(id),
            schema: "public".to_owned(),
            name: name.to_owned(),
            kind: FunctionKind::Function,
            language: language.to_owned(),
            body: Some(body.to_owned()),
            argument_names: Vec::new(),
            argument_types: Vec::new(),
            defaults: 0,
            variadic: false,
            return_type: TypeId(25),
            returns_set: false,
            output_columns: Vec::new(),
            volatility: Volatility::Volatile,
            security_definer: false,
            settings: Vec::new(),
        });
    }
    catalog
}

#[test]
fn what_a_reset_takes_back_lingers_not() {
    let catalog = catalog();
    let scope = Scope { search_path: catalog.search_path.clone(), ..Scope::default() };
    let any = |text: &str| {
        let analysed = sql::analyse(text, &catalog, &scope);
        analysed.iter().any(|statement| lingers(&statement.facts, &catalog, is_taken_back))
    };
    for text in [
        "select 1",
        "begin; select 'x'; commit",
        "set statement_timeout = 1",
        "set session characteristics as transaction read only",
        "reset all",
        "set role somebody",
        "listen something",
        "prepare one as select 1",
        "execute one",
        "select told()",
        "create table new (n int)",
        "create role somebody",
        "",
    ] {
        // What is not known by its name yet is not understood.
        assert_eq!(any(text), text == "execute one", "{text}");
    }
    for text in [
        "select kept()",
        "select linked()",
        "select asked()",
        "prepare one as select kept()",
        "declare one cursor for select linked()",
        "set my.own = 1",
        "set local my.own = 1",
        "set seed = 0.5",
        "select set_config('statement_timeout', '1', false)",
        "select setseed(0.5)",
        "load 'auto_explain'",
        "create temp table own (n int)",
        "do 'begin end'",
        "select nobody_knows_this()",
        "select !",
        "create extension dblink",
    ] {
        assert!(any(text), "{text}");
    }
}

#[test]
fn who_asks_what_a_sequence_said_stays_where_it_was() {
    let catalog = catalog();
    let scope = Scope { search_path: catalog.search_path.clone(), ..Scope::default() };
    let any = |text: &str| {
        let analysed = sql::analyse(text, &catalog, &scope);
        analysed.iter().any(|statement| asks_back(&statement.facts))
    };
    for text in ["select 1", "select nextval('some')", "select 'lastval()'"] {
        assert!(!any(text), "{text}");
    }
    for text in [
        "select lastval()",
        "select pg_catalog.currval('some')",
        "select 1 where currval('other') > 0",
        "prepare one as select lastval()",
        "select 1; select lastval()",
    ] {
        assert!(any(text), "{text}");
    }
}

#[test]
fn what_the_server_tells_is_no_secret() {
    let catalog = catalog();
    let scope = Scope { search_path: catalog.search_path.clone(), ..Scope::default() };
    let any = |text: &str| {
        let analysed = sql::analyse(text, &catalog, &scope);
        analysed.iter().any(|statement| lingers(&statement.facts, &catalog, is_told))
    };
    for text in ["discard all", "create temp table own (n int)", "reset all", "listen one"] {
        assert!(!any(text), "{text}");
    }
    for text in ["set my.own = 1", "set seed = 0.5", "load 'one'", "do 'begin end'"] {
        assert!(any(text), "{text}");
    }
}
