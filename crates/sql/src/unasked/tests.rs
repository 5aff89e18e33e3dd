//! Who is suspected, and where.

use super::Unasked;
use model::{
    Catalog, Facts, FunctionId, Operation, RelationId, TypeId,
    catalog::{Function, FunctionKind, Relation, RelationKind, Volatility},
    code::Attached,
    facts::{Effect, RelationRef},
};

const PLAIN: u32 = 16;

fn function(id: u32, name: &str, language: &str, body: Option<&str>, returns: u32) -> Function {
    Function {
        id: FunctionId(id),
        schema: "public".to_owned(),
        name: name.to_owned(),
        kind: FunctionKind::Function,
        language: language.to_owned(),
        body: body.map(str::to_owned),
        argument_names: Vec::new(),
        argument_types: Vec::new(),
        defaults: 0,
        variadic: false,
        return_type: TypeId(returns),
        returns_set: false,
        output_columns: Vec::new(),
        volatility: Volatility::Volatile,
        security_definer: false,
        settings: Vec::new(),
    }
}

fn relation(id: u32, name: &str) -> Relation {
    Relation {
        id: RelationId(id),
        schema: "public".to_owned(),
        name: name.to_owned(),
        kind: RelationKind::Table,
        columns: Vec::new(),
        definition: None,
        parents: Vec::new(),
        has_rules: false,
        row_security: false,
        triggers: Vec::new(),
        attached: Attached::default(),
        refers: Vec::new(),
        carried_from: Vec::new(),
        row_type: TypeId(0),
        comment: None,
        estimated_rows: 0.0,
    }
}

fn facts(operation: Operation, id: u32, name: &str) -> Facts {
    let (schema, name) = ("public".into(), name.into());
    let relation = Some(RelationRef { id: Some(RelationId(id)), schema, name });
    let effects = vec![Effect { operation, relation, object: None, unbounded: false }];
    Facts { effects, ..Facts::unknown("a test", "it tells of one effect") }
}

/// A table `changed` with this trigger function, and a table `other`.
fn hung(trigger: Function, more: Vec<Function>) -> Catalog {
    let mut catalog = Catalog::default();
    let mut changed = relation(100, "changed");
    changed.triggers.push(trigger.id.into());
    catalog.add_relation(changed);
    catalog.add_relation(relation(101, "other"));
    more.into_iter().chain([trigger]).for_each(|function| catalog.add_function(function));
    catalog
}

/// Whether a change, and a look, may move names there.
fn moves(catalog: &Catalog) -> (bool, bool) {
    let unasked = Unasked::of(catalog);
    let runs = |operation| unasked.runs(&facts(operation, 101, "other"), catalog);
    (runs(Operation::Delete), runs(Operation::Select))
}

fn trigger(body: &str) -> Function {
    function(20_000, "t", "plpgsql", Some(body), super::TRIGGER)
}

#[test]
fn what_a_trigger_says_decides() {
    for (body, suspected) in [
        ("begin insert into log values (new.id); return new; end", false),
        ("begin perform set_config('app.user', new.by, true); return new; end", false),
        ("begin perform set_config ( 'App.User' , new.by, true); return new; end", false),
        ("begin new.execute_at := now(); return new; end", false),
        ("begin perform set_config('search_path', 'x', false); return new; end", true),
        ("begin perform SET_CONFIG('Search' || '_path', 'x', false); return new; end", true),
        ("begin perform set_config('a''b', 'x', false); return new; end", true),
        ("begin perform set_config(E'search\\x5fpath', 'x', false); return new; end", true),
        ("begin perform pg_catalog.\"set_config\"('app.x', 'x', false); return new; end", true),
        ("begin perform U&\"set\\005fconfig\"('search_path', 'x', false); return new; end", true),
        ("begin set local search_path = x; return new; end", true),
        ("begin set schema 'x'; return new; end", true),
        ("begin execute new.what; return new; end", true),
        ("begin Reset all; return new; end", true),
        ("begin set role x; return new; end", true),
        ("begin perform query_to_xml(new.what, true, true, ''); return new; end", true),
        ("begin update pg_settings set setting = new.what; return new; end", true),
    ] {
        assert_eq!(moves(&hung(trigger(body), Vec::new())), (suspected, false), "{body}");
    }
}

#[test]
fn what_it_calls_counts_as_its_own() {
    let body = Some("select set_config('search_path', 'x', false)");
    let mover = || function(20_001, "Mover", "sql", body, 25);
    let calls = |name: &str| trigger(&format!("begin perform {name}; return new; end"));
    let between = || function(20_002, "between", "sql", Some("select \"Mover\"()"), 25);
    assert_eq!(moves(&hung(calls("nothing()"), vec![mover()])), (false, false));
    assert_eq!(moves(&hung(calls("\"Mover\"()"), vec![mover()])), (true, false));
    assert_eq!(moves(&hung(calls("between()"), vec![mover(), between()])), (true, false));
    let mut viewed = hung(calls("n from shown"), vec![mover()]);
    assert_eq!(moves(&viewed), (false, false));
    let definition = Some("SELECT public.\"Mover\"() AS n".to_owned());
    let kind = RelationKind::View;
    viewed.add_relation(Relation { kind, definition, ..relation(102, "shown") });
    assert_eq!(moves(&viewed), (true, false));
}

#[test]
fn languages_that_nobody_reads_are_suspected() {
    for (language, body, suspected) in [
        ("c", Some("library"), false),
        ("plpython3u", Some("return None"), true),
        ("internal", None, true),
        ("sql", None, true),
    ] {
        let trigger = function(20_000, "t", language, body, super::TRIGGER);
        assert_eq!(moves(&hung(trigger, Vec::new())), (suspected, false), "{language}");
    }
}

#[test]
fn each_place_where_code_hangs_counts() {
    let body = Some("select set_config('search_path', 'x', false)");
    let with = |returns: u32, hang: &dyn Fn(&mut Catalog)| {
        let mut catalog = hung(trigger("begin return new; end"), Vec::new());
        catalog.add_function(function(20_001, "mover", "sql", body, returns));
        hang(&mut catalog);
        moves(&catalog)
    };
    assert_eq!(with(PLAIN, &|_| {}), (false, false), "nothing calls it");
    assert_eq!(with(super::EVENT_TRIGGER, &|_| {}), (true, false), "an event trigger");
    let indexed = |id, name| {
        let attached = Attached { functions: vec![FunctionId(20_001)], ..Attached::default() };
        Relation { attached, ..relation(id, name) }
    };
    let there = with(PLAIN, &|catalog| catalog.add_relation(indexed(101, "other")));
    assert_eq!(there, (true, true), "an index of what is read");
    let elsewhere = with(PLAIN, &|catalog| catalog.add_relation(indexed(100, "changed")));
    assert_eq!(elsewhere, (true, false), "an index of something else");
    let secure = |catalog: &mut Catalog| {
        catalog.add_relation(Relation { row_security: true, ..relation(101, "other") });
    };
    assert_eq!(with(PLAIN, &secure), (true, true), "a row policy may call it");
    assert_eq!(with(super::TRIGGER, &secure), (false, false), "none may call a trigger");
}
