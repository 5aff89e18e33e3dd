//! A session against a real ledger on disk and the shipped policies: what is refused, what is
//! recorded before it may run, and what masks come of a verdict.

use crate::{
    Client, Counts, Database, Field, Gate, Parameters, Readiness, Session, Value, Via, hold::Given,
};
use arc_swap::ArcSwap;
use ledger::{Ledger, Options, Reader, Time};
use model::{
    Catalog, ColumnId, FunctionId, Identity, IdentityKind, Label, LabelMap, Labelling, RelationId,
    TypeId,
    catalog::{Column, Function, FunctionKind, Relation, RelationKind, Type, TypeKind, Volatility},
};
use policy::PolicySet;
use std::{path::PathBuf, sync::Arc, time::SystemTime};

mod alike;
mod cost;
mod ends;

/// A ledger's folder that goes away.
struct Dir(PathBuf);

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn dir(name: &str) -> Dir {
    Dir(std::env::temp_dir().join(format!("weir-gate-{}-{name}", std::process::id())))
}

fn column(number: i16, name: &str) -> Column {
    Column {
        number,
        name: name.to_owned(),
        type_id: TypeId(25),
        not_null: false,
        generated: None,
        unique: false,
        choosy: false,
        references: None,
        comment: None,
    }
}

/// One table, `public.people (id, email)`, with a label on the second column.
fn database() -> Arc<Database> {
    database_of("shop", "production")
}

fn database_of(name: &str, environment: &str) -> Arc<Database> {
    let mut catalog = Catalog::default();
    catalog.version = 1;
    catalog.search_path = vec!["pg_catalog".to_owned(), "public".to_owned()];
    catalog.add_type(Type {
        id: TypeId(25),
        schema: "pg_catalog".to_owned(),
        name: "text".to_owned(),
        kind: TypeKind::Base,
        category: 'S',
        attached: model::code::Attached::default(),
    });
    catalog.add_relation(Relation {
        id: RelationId(100),
        schema: "public".to_owned(),
        name: "people".to_owned(),
        kind: RelationKind::Table,
        columns: vec![column(1, "id"), column(2, "email")],
        definition: None,
        parents: Vec::new(),
        has_rules: false,
        row_security: false,
        triggers: Vec::new(),
        attached: model::code::Attached::default(),
        refers: Vec::new(),
        carried_from: Vec::new(),
        row_type: TypeId(101),
        comment: None,
        estimated_rows: 10.0,
    });
    let labelling = Labelling { label: Label::EMAIL, confidence: 1.0, evidence: Vec::new() };
    let email = ColumnId { relation: RelationId(100), number: 2 };
    let labels = LabelMap { columns: [(email, labelling)].into(), ..LabelMap::default() };
    let database = Arc::new(Database::new(name.into(), environment.to_owned()));
    database.learn(Arc::new(catalog), Some(labels), database.wanted());
    database
}

fn gate(dir: &Dir) -> Arc<Gate> {
    let options = Options::new("test", "0", Time::from(SystemTime::now()));
    let (ledger, _) = Ledger::open(&dir.0, options).unwrap();
    let policies = Arc::new(ArcSwap::from_pointee(PolicySet::baseline().unwrap()));
    Arc::new(Gate::new(policies, ledger, mask::Key::new([1; 32])))
}

fn open(gate: &Arc<Gate>, database: &Arc<Database>, groups: &[&str]) -> Session {
    let identity = Arc::new(Identity {
        name: "alice".into(),
        kind: IdentityKind::Person,
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        acts_for: None,
    });
    let client = Client {
        address: None,
        port: None,
        method: "scram-sha-256",
        via: None,
        credential: "password".to_owned(),
        tls: true,
        application: "test".to_owned(),
        grants: Vec::new(),
        work: Default::default(),
        preview: None,
        role: Default::default(),
    };
    Session::open(gate, database, &identity, client, SystemTime::now()).unwrap()
}

fn types(dir: &Dir) -> Vec<String> {
    let entries = Reader::open(&dir.0).unwrap();
    entries.map(|entry| entry.unwrap().record().unwrap().type_word().to_owned()).collect()
}

#[test]
fn the_intent_is_in_the_file_when_a_statement_is_cleared() {
    let dir = dir("intent");
    let (gate, database) = (gate(&dir), database());
    let mut session = open(&gate, &database, &[]);
    let now = SystemTime::now();
    assert_eq!(session.readiness(now), Readiness::Ready);
    let plan = session.plan("select id from people", now);
    let cleared = session.submit(&plan, Via::Simple, &Parameters::default(), None, now).unwrap();
    assert_eq!(types(&dir), ["started", "session_opened", "shape", "intent"]);
    session.finish(cleared.get(), 0, &Counts::default(), now);
    // The same statement again: its shape is known.
    let again = session.plan("select id from people", now);
    assert!(Arc::ptr_eq(&plan, &again), "the same text in the same scope is not analysed twice");
    session.submit(&again, Via::Simple, &Parameters::default(), None, now).unwrap();
    assert_eq!(types(&dir), ["started", "session_opened", "shape", "intent", "outcome", "intent"]);
}

#[test]
fn what_is_refused_has_a_record_and_no_clearance() {
    let dir = dir("refused");
    let (gate, database) = (gate(&dir), database());
    let mut session = open(&gate, &database, &[]);
    let now = SystemTime::now();
    let plan = session.plan("select 1; drop table people", now);
    let refusal =
        session.submit(&plan, Via::Simple, &Parameters::default(), None, now).unwrap_err();
    assert_eq!(refusal.sqlstate, "42501");
    assert!(refusal.message.contains("drop on public.people"), "{}", refusal.message);
    assert!(refusal.hint.is_some(), "a refusal says what to do next");
    session.close("test", now);
    gate.ledger.hand_over(gate.ledger.append(&stopped(now)).unwrap()).unwrap();
    let types = types(&dir);
    assert!(types.contains(&"refused".to_owned()), "{types:?}");
    assert!(!types.contains(&"intent".to_owned()), "nothing of the text may run: {types:?}");
}

#[test]
fn what_is_decided_for_a_clone_is_not_decided_for_the_other() {
    let dir = dir("clones");
    let gate = gate(&dir);
    let now = SystemTime::now();
    let truncates = |database: &Arc<Database>| {
        let mut session = open(&gate, database, &["developers"]);
        let plan = session.plan("truncate people", now);
        session.submit(&plan, Via::Simple, &Parameters::default(), None, now).is_ok()
    };
    // The same oids, the same text, the same person.
    assert!(truncates(&database_of("stage", "staging")));
    assert!(!truncates(&database_of("shop", "production")));
}

fn stopped(now: SystemTime) -> ledger::Record<'static> {
    ledger::record::Stopped { time: Time::from(now), reason: "test".into() }.into()
}

#[test]
fn masks_follow_the_verdict_and_the_servers_word() {
    let dir = dir("masks");
    let (gate, database) = (gate(&dir), database());
    let mut session = open(&gate, &database, &[]);
    let now = SystemTime::now();
    let plan = session.plan("select id, email from people", now);
    let mut out = Vec::new();
    let foreseen = [Field::new(100, 1, 25, false), Field::new(100, 2, 25, false)];
    let masks = session.masks(&plan, 0, &foreseen);
    assert!(!masks.disagreed);
    assert_eq!(masks.columns[1].apply(b"alice@example.org", &mut out), crate::Applied::Masked);
    assert!(database.is_fresh());
    // The server says that the first column is the address: the facts were wrong, all is masked.
    let other = [Field::new(100, 2, 25, false), Field::new(100, 2, 25, false)];
    let masks = session.masks(&plan, 0, &other);
    assert!(masks.disagreed);
    out.clear();
    assert_ne!(masks.columns[0].apply(b"alice@example.org", &mut out), crate::Applied::Raw);
    assert!(!database.is_fresh(), "what is known must be read again");
    assert!(database.take_doubt() && !database.take_doubt(), "all of it, once");
}

#[test]
fn full_rights_wait_for_what_was_done_before_and_others_for_all() {
    let dir = dir("awaited");
    let (gate, database) = (gate(&dir), database());
    let now = SystemTime::now();
    for (groups, waits_for_later) in [(&["admins"][..], false), (&[][..], true)] {
        let mut session = open(&gate, &database, groups);
        let plan = session.plan("insert into people select email, id from people", now);
        session.set_scope_settings("public", "app", true);
        let before = database.changed();
        assert_eq!(session.certainty(), Readiness::CatalogStale);
        assert!(session.may_carry_unseen(&plan));
        database.changed();
        database.confirm(before - 1);
        assert_eq!(session.certainty(), Readiness::CatalogStale, "that came before the change");
        database.confirm(before);
        let expected = if waits_for_later { Readiness::CatalogStale } else { Readiness::Ready };
        assert_eq!(session.certainty(), expected);
        // The next message comes behind the second change.
        session.dealt();
        assert_eq!(session.certainty(), Readiness::CatalogStale);
        database.confirm(database.wanted());
        assert_eq!(session.certainty(), Readiness::Ready);
        session.dealt();
    }
}

#[test]
fn a_reading_that_brings_nothing_leaves_plans_in_force() {
    let dir = dir("confirmed");
    let (gate, database) = (gate(&dir), database());
    let mut session = open(&gate, &database, &[]);
    let now = SystemTime::now();
    let plan = session.plan("select id from people", now);
    let known = database.knowledge();
    database.confirm(database.changed());
    assert!(database.is_fresh() && session.stands(&plan, now));
    database.learn(Arc::clone(&known.catalog), None, database.changed());
    assert!(database.is_fresh() && !session.stands(&plan, now));
    let email = ColumnId { relation: RelationId(100), number: 2 };
    assert!(database.knowledge().labels.label(email).is_some(), "labels are as they were");
}

#[test]
fn what_was_prepared_is_forgotten_where_names_may_mean_something_else() {
    let dir = dir("prepared");
    let (gate, database) = (gate(&dir), database());
    let mut session = open(&gate, &database, &[]);
    let now = SystemTime::now();
    let known = |session: &mut Session| {
        let plan = session.plan("execute p", now);
        plan.parts[0].facts.unknowns.is_empty()
    };
    let prepare = |session: &mut Session| {
        let plan = session.plan("prepare p as select email from people", now);
        let cleared =
            session.submit(&plan, Via::Simple, &Parameters::default(), None, now).unwrap();
        let counts = Counts { tag: Some("PREPARE".to_owned()), ..Counts::default() };
        session.finish(cleared.get(), 0, &counts, now);
    };
    prepare(&mut session);
    session.set_scope_settings("public", "app", true);
    assert!(known(&mut session), "nothing has changed");
    session.set_scope_settings("other", "app", true);
    assert!(!known(&mut session), "the server may read another table of that name");
    session.set_scope_settings("public", "app", true);
    prepare(&mut session);
    assert!(known(&mut session));
    let plan = session.plan("set search_path = other; execute p", now);
    assert!(!plan.parts[1].facts.unknowns.is_empty(), "within one text too");
    let mut catalog = Catalog::default();
    catalog.version = 2;
    let labels = LabelMap { version: 2, ..LabelMap::default() };
    database.learn(Arc::new(catalog), Some(labels), database.wanted());
    assert!(!known(&mut session), "a view in it may be another by now");
}

#[test]
fn full_rights_see_everything_as_it_is() {
    let dir = dir("raw");
    let (gate, database) = (gate(&dir), database());
    let mut session = open(&gate, &database, &["admins"]);
    let now = SystemTime::now();
    assert!(session.unrestricted());
    let plan = session.plan("select nonsense from nowhere", now);
    assert!(plan.unrestricted);
    assert!(session.masks(&plan, 0, &[Field::new(0, 0, 25, false)]).pass);
    assert!(session.submit(&plan, Via::Simple, &Parameters::default(), None, now).is_ok());
}

#[test]
fn a_ledger_that_cannot_write_stops_statements() {
    let dir = dir("closed");
    let (gate, database) = (gate(&dir), database());
    let mut session = open(&gate, &database, &[]);
    let now = SystemTime::now();
    let text = format!("select {} from people", "id, ".repeat(400_000) + "id");
    let plan = session.plan(&text, now);
    // Its record would be longer than any record may be, or the text is refused before that.
    let outcome = session.submit(&plan, Via::Simple, &Parameters::default(), None, now);
    let intents = types(&dir).iter().filter(|kind| *kind == "intent").count();
    assert_eq!(outcome.is_ok(), intents == 1, "cleared if and only if it is recorded");
}

/// A verdict that masks nothing that it foresees.
pub(crate) fn verdict() -> model::Verdict {
    model::Verdict {
        outcome: model::Outcome::Modify,
        policies: Vec::new(),
        reasons: Vec::new(),
        advice: None,
        disclosures: Vec::new(),
        open: Box::default(),
        fallback: model::Disclosure::Scan,
        redact_diagnostics: true,
        redact_errors: true,
        read_only: false,
        row_limit: None,
        change_limits: Vec::new(),
        cost_limits: Vec::new(),
        min_group: None,
        needs: Vec::new(),
        keep_text: false,
        look_ups: Vec::new(),
        turn_back: Vec::new(),
        kept_from_masks: Vec::new(),
        durability: model::Durability::Soon,
        refused: None,
        shadow: None,
    }
}

/// What one repeated statement asks of the allocator while it is decided and recorded.
const ALLOCATIONS: u64 = 12;

#[test]
fn a_repeated_statement_asks_the_allocator_for_little() {
    const ROUNDS: u64 = 200;
    let dir = dir("thrift");
    let (gate, database) = (gate(&dir), database());
    for groups in [&["admins"][..], &[]] {
        let mut session = open(&gate, &database, groups);
        let mut once = || {
            let now = SystemTime::now();
            let parameters =
                session.parameters([Value { bytes: Some(b"7"), binary: None }].into_iter());
            let plan = session.plan("select id from people where id = $1", now);
            let cleared = session.submit(&plan, Via::Extended, &parameters, None, now).unwrap();
            let counts = Counts { rows: 1, bytes: 20, ..Counts::default() };
            session.finish(cleared.get(), 0, &counts, now);
        };
        // What is met first is remembered.
        (0..ROUNDS).for_each(|_| once());
        let asked = allocation_counter::measure(|| (0..ROUNDS).for_each(|_| once()));
        let each = asked.count_total.div_ceil(ROUNDS);
        assert!(each <= ALLOCATIONS, "{each} allocations for {groups:?}");
        assert!(asked.bytes_total / ROUNDS < 2_048, "{} bytes", asked.bytes_total / ROUNDS);
    }
}

/// What was found to be unlike an identity's past is remembered for the tables it was found for.
#[test]
fn a_table_is_new_each_time_and_nothing_else_is() {
    let dir = dir("unlike");
    let (gate, database) = (gate(&dir), database());
    let mut session = open(&gate, &database, &[]);
    let now = SystemTime::now();
    let mut run = |text: &str| {
        let plan = session.plan(text, now);
        session.submit(&plan, Via::Simple, &Parameters::default(), None, now).unwrap();
    };
    // Until then everything is new, and nothing is told.
    (0..160).for_each(|_| run("select 1"));
    let people = "select id from people";
    [people, "select 1", people, people, "select 1", "select 1"].into_iter().for_each(run);
    let risk = |entry: Result<ledger::Entry, _>| {
        let entry = entry.unwrap();
        let ledger::Record::Intent(intent) = entry.record().unwrap() else { return None };
        Some(intent.risk.iter().map(|part| part.part.to_string()).collect::<Vec<_>>())
    };
    let risks: Vec<_> = Reader::open(&dir.0).unwrap().filter_map(risk).collect();
    let (new, old) = (vec!["new table".to_owned()], Vec::new());
    assert_eq!(risks[160..], [&new, &old, &new, &new, &old, &old].map(Clone::clone));
}

/// A function of that number whose body is SQL.
fn function(id: u32, name: &str, body: &str) -> Function {
    Function {
        id: FunctionId(id),
        schema: "public".to_owned(),
        name: name.to_owned(),
        kind: FunctionKind::Function,
        language: "sql".to_owned(),
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
    }
}

/// Whatever code a statement reaches, and however far down, an approval is for what it does now.
#[test]
fn an_approval_is_bound_to_the_code_that_its_statement_reaches() {
    let dir = dir("meaning");
    let (gate, database) = (gate(&dir), database());
    let now = SystemTime::now();
    let plain = Arc::clone(&database.knowledge().catalog);
    let with = |change: &dyn Fn(&mut Catalog)| {
        let mut catalog = Catalog::clone(&plain);
        catalog.version += 1;
        let view = Relation {
            id: RelationId(200),
            name: "seen".to_owned(),
            kind: RelationKind::View,
            definition: Some("SELECT id, email FROM public.people".to_owned()),
            ..Relation::clone(catalog.relation(RelationId(100)).unwrap())
        };
        catalog.add_relation(view);
        catalog.add_function(function(300, "outer_one", "select public.inner_one()"));
        catalog.add_function(function(301, "inner_one", "select id from public.people"));
        catalog.add_function(function(302, "on_change", "select 'a'"));
        catalog.add_function(function(303, "other", "select 'a'"));
        change(&mut catalog);
        database.learn(Arc::new(catalog), None, database.wanted());
        let mut session = open(&gate, &database, &[]);
        let mut digest = |sql: &str| {
            let plan = session.plan(sql, now);
            session.digest(&plan, &Given::default())
        };
        ["select outer_one()", "delete from people", "select id from seen"].map(&mut digest)
    };
    let replace = |catalog: &mut Catalog, new: Function| {
        catalog.remove_function(new.id);
        catalog.add_function(new);
    };
    let triggered = |catalog: &mut Catalog, definition: &str| {
        let mut people = Relation::clone(catalog.relation(RelationId(100)).unwrap());
        people.triggers = vec![FunctionId(302).into()];
        catalog.add_relation(people);
        replace(catalog, function(302, "on_change", definition));
    };
    let before = with(&|_| {});
    let same = |other: [Vec<u8>; 3]| -> Vec<bool> {
        before.iter().zip(other).map(|(one, other)| *one == other).collect()
    };
    assert_eq!(same(with(&|_| {})), [true, true, true]);
    // What it does not reach is nothing to it, nor is how much there is.
    assert_eq!(same(with(&|it| replace(it, function(303, "other", "select 'b'")))), [true; 3]);
    let analysed = |catalog: &mut Catalog| {
        let mut people = Relation::clone(catalog.relation(RelationId(100)).unwrap());
        people.estimated_rows = 12_345.0;
        catalog.add_relation(people);
    };
    assert_eq!(same(with(&analysed)), [true; 3]);
    let inner = "select email from public.people where id = '2'";
    let inner = |it: &mut Catalog| replace(it, function(301, "inner_one", inner));
    assert_eq!(same(with(&inner)), [false, true, true]);
    let sets = |it: &mut Catalog| {
        let inner = function(301, "inner_one", "select id from public.people");
        let settings = vec!["search_path=elsewhere".to_owned()];
        replace(it, Function { settings, ..inner });
    };
    assert_eq!(same(with(&sets)), [false, true, true]);
    let people = |it: &mut Catalog, change: &dyn Fn(&mut Relation)| {
        let mut people = Relation::clone(it.relation(RelationId(100)).unwrap());
        change(&mut people);
        it.add_relation(people);
    };
    let keyed = |people: &mut Relation| people.carried_from.push(RelationId(200));
    assert_eq!(same(with(&|it| people(it, &keyed))), [false; 3]);
    assert_eq!(same(with(&|it| people(it, &|people| people.row_security = true))), [false; 3]);
    let view = |it: &mut Catalog| {
        let mut view = Relation::clone(it.relation(RelationId(200)).unwrap());
        view.definition = Some("SELECT id, email FROM public.people WHERE (id = '2')".to_owned());
        it.add_relation(view);
    };
    assert_eq!(same(with(&view)), [true, true, false]);
    let once = with(&|it| triggered(it, "select 'a'"));
    let again = with(&|it| triggered(it, "select 'b'"));
    assert_ne!(once[1], before[1]);
    assert_ne!(once[1], again[1]);
}
