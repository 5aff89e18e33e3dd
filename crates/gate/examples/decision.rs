//! What a policy decision costs: made anew under more and more policies, and remembered.
//!
//! `cargo run --release -p gate --example decision`

use arc_swap::ArcSwap;
use gate::{Client, Database, Gate, Session};
use ledger::{Ledger, Options, Time};
use model::{
    Catalog, ColumnId, Identity, IdentityKind, Label, LabelMap, Labelling, RelationId, TypeId,
    catalog::{Column, Relation, RelationKind, Type, TypeKind},
};
use policy::{Context, PolicySet, Request, Risk};
use std::{
    fmt::Write,
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

type Any = Box<dyn std::error::Error>;

/// How often each is measured; the median of so many runs is printed.
const RUNS: usize = 21;
/// Decisions of a run.
const ROUNDS: u32 = 200;

/// Tables with their columns and what these hold.
const TABLES: &[(&str, &[(&str, &str)])] = &[
    (
        "customers",
        &[
            ("id", ""),
            ("email", "email"),
            ("name", "person_name"),
            ("phone", "phone"),
            ("note", ""),
        ],
    ),
    ("orders", &[("id", ""), ("customer", ""), ("total", "")]),
    ("payments", &[("id", ""), ("order_id", ""), ("card", "payment_card")]),
];

const STATEMENTS: &[(&str, &str)] = &[
    ("BEGIN", "BEGIN"),
    ("four columns of a table", "SELECT id, email, name, note FROM customers WHERE id = 7"),
    (
        "a join of three",
        "SELECT c.name, c.email, p.card, sum(o.total) FROM customers c JOIN orders o ON o.customer \
         = c.id JOIN payments p ON p.order_id = o.id GROUP BY 1, 2, 3",
    ),
    ("an update", "UPDATE customers SET email = 'x' WHERE id = 7"),
    ("a refusal", "DROP TABLE customers"),
];

fn main() -> Result<(), Any> {
    let database = Arc::new(Database::new("shop".into(), "production".to_owned()));
    let (catalog, labels) = knowledge();
    database.learn(Arc::new(catalog), Some(labels), database.wanted());
    println!("| made anew, µs | person | agent |");
    println!("|---|---|---|");
    for count in [0, 10, 100, 1_000] {
        let policies =
            PolicySet::baseline().and_then(|set| set.with(&[("more.cedar", &more(count))]));
        let policies = policies.map_err(|problems| format!("{problems:?}"))?;
        for (name, text) in STATEMENTS {
            let person = anew(&policies, &database, &person(), text);
            let agent = anew(&policies, &database, &agent(), text);
            let (person, agent) = (micros(person), micros(agent));
            println!("| {name}, {count} policies of one's own | {person} | {agent} |");
        }
    }
    first(&database)?;
    remembered(&database)
}

/// The same where nobody asked anything before: each with policies loaded and warmed anew, as they
/// are when they come into force.
fn first(database: &Database) -> Result<(), Any> {
    println!(
        "\n| for the first time, µs, 100 policies of one's own | person | agent |\n|---|---|---|"
    );
    for (name, text) in STATEMENTS {
        let mut row = Vec::new();
        for identity in [person(), agent()] {
            let mut times = Vec::new();
            for _ in 0..RUNS {
                let policies =
                    PolicySet::baseline().and_then(|s| s.with(&[("m.cedar", &more(100))]));
                let policies = policies.map_err(|problems| format!("{problems:?}"))?;
                policies.warm(chain(&identity), std::slice::from_ref(&database.name));
                times.push(decided(&policies, database, &identity, text, 1));
            }
            times.sort();
            row.push(micros(times.get(RUNS / 2).copied().unwrap_or_default()));
        }
        println!("| {name} | {} |", row.join(" | "));
    }
    Ok(())
}

/// An identity and whom it acts for.
fn chain(identity: &Identity) -> impl Iterator<Item = &Identity> {
    std::iter::successors(Some(identity), |one| one.acts_for.as_deref())
}

fn micros(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1e6)
}

fn median(mut run: impl FnMut() -> Duration) -> Duration {
    let mut times: Vec<Duration> = (0..RUNS).map(|_| run()).collect();
    times.sort();
    times.get(RUNS / 2).copied().unwrap_or_default()
}

fn anew(policies: &PolicySet, database: &Database, identity: &Identity, text: &str) -> Duration {
    median(|| decided(policies, database, identity, text, ROUNDS))
}

/// What one of so many decisions takes.
fn decided(
    policies: &PolicySet,
    database: &Database,
    identity: &Identity,
    text: &str,
    rounds: u32,
) -> Duration {
    let knowledge = database.knowledge();
    let analysed = sql::analyse(text, &knowledge.catalog, &sql::Scope::default());
    let Some(statement) = analysed.first() else { return Duration::ZERO };
    let context = Context {
        now: SystemTime::now(),
        address: Some([10, 0, 0, 7].into()),
        tls: true,
        application: "psql",
        risk: Risk::default(),
        work: policy::Work::default(),
    };
    let request = Request {
        identity,
        database: &database.name,
        environment: "production",
        facts: &statement.facts,
        catalog: &knowledge.catalog,
        labels: &knowledge.labels,
        context: &context,
    };
    let begin = Instant::now();
    for _ in 0..rounds {
        black_box(policies.decide(black_box(&request)));
    }
    begin.elapsed() / rounds
}

/// From a text to a plan, where the same text was decided before.
fn remembered(database: &Arc<Database>) -> Result<(), Any> {
    let folder = std::env::temp_dir().join(format!("weir-decision-{}", std::process::id()));
    let now = SystemTime::now();
    let (ledger, _) = Ledger::open(&folder, Options::new("decision", "0", Time::from(now)))?;
    let policies = PolicySet::baseline().and_then(|set| set.with(&[("more.cedar", &more(100))]));
    let policies = policies.map_err(|problems| format!("{problems:?}"))?;
    let policies = Arc::new(ArcSwap::from_pointee(policies));
    let gate = Arc::new(Gate::new(policies, ledger, mask::Key::new([1; 32])));
    let client = Client {
        address: Some([10, 0, 0, 7].into()),
        port: None,
        tls: true,
        application: "psql".to_owned(),
        method: "scram-sha-256",
        via: None,
        credential: "password".to_owned(),
        grants: Vec::new(),
        work: Default::default(),
        preview: None,
        role: Default::default(),
    };
    let opened = Session::open(&gate, database, &Arc::new(person()), client, now);
    let mut session = opened.map_err(|refusal| refusal.message)?;
    println!("\n| remembered, µs | with 100 policies of one's own |\n|---|---|");
    for (name, text) in STATEMENTS {
        black_box(session.plan(text, now));
        let took = median(|| {
            let begin = Instant::now();
            for _ in 0..ROUNDS {
                black_box(session.plan(black_box(text), now));
            }
            begin.elapsed() / ROUNDS
        });
        println!("| {name} | {} |", micros(took));
    }
    drop((session, gate));
    std::fs::remove_dir_all(folder)?;
    Ok(())
}

fn person() -> Identity {
    let groups = vec!["support".to_owned(), "team-7".to_owned()];
    Identity { name: "alice".into(), kind: IdentityKind::Person, groups, acts_for: None }
}

fn agent() -> Identity {
    let acts_for = Some(Box::new(person()));
    Identity { name: "copilot".into(), kind: IdentityKind::Agent, groups: vec![], acts_for }
}

/// Policies as teams write them: who sees what, who writes where, what is forbidden when.
fn more(count: usize) -> String {
    let mut text = String::new();
    for number in 0..count {
        let (team, table) = (number % 50, TABLES.get(number % 3).map_or("", |table| table.0));
        let _ = write!(text, "@id(\"more-{number}\")\n@reason(\"as team {team} asked\")\n");
        let _ = match number % 5 {
            0 => writeln!(
                text,
                "permit (principal in Group::\"team-{team}\", action == Action::\"disclose\", \
                 resource in Label::\"email\") when {{ context.environment == \"staging\" }};"
            ),
            1 => writeln!(
                text,
                "forbid (principal in Group::\"team-{team}\", action in [Action::\"update\", \
                 Action::\"delete\"], resource == Table::\"shop.public.{table}{number}\");"
            ),
            2 => writeln!(
                text,
                "@row_limit(\"500\") permit (principal in Group::\"team-{team}\", action == \
                 Action::\"select\", resource == Table::\"shop.public.{table}{number}\");"
            ),
            3 => writeln!(
                text,
                "forbid (principal is Agent, action == Action::\"select\", resource in \
                 Schema::\"shop.team_{team}_{number}\");"
            ),
            _ => writeln!(
                text,
                "forbid (principal is Person, action == Action::\"infer\", resource in \
                 Label::\"income\") unless {{ principal in Group::\"team-{team}\" }};"
            ),
        };
    }
    text
}

fn knowledge() -> (Catalog, LabelMap) {
    let (mut catalog, mut labels) = (Catalog::default(), LabelMap::default());
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
    for ((name, columns), id) in TABLES.iter().zip((100..).step_by(2)) {
        let id = RelationId(id);
        let columns = columns.iter().zip(1i16..).map(|((name, label), number)| {
            if !label.is_empty() {
                let label = Label::new(label);
                let labelling = Labelling { label, confidence: 1.0, evidence: Vec::new() };
                labels.columns.insert(ColumnId { relation: id, number }, labelling);
            }
            Column {
                number,
                name: (*name).to_owned(),
                type_id: TypeId(25),
                not_null: false,
                generated: None,
                unique: *name == "id",
                choosy: false,
                references: None,
                comment: None,
            }
        });
        catalog.add_relation(Relation {
            id,
            schema: "public".to_owned(),
            name: (*name).to_owned(),
            kind: RelationKind::Table,
            columns: columns.collect(),
            definition: None,
            parents: Vec::new(),
            has_rules: false,
            row_security: false,
            triggers: Vec::new(),
            attached: model::code::Attached::default(),
            refers: Vec::new(),
            carried_from: Vec::new(),
            row_type: TypeId(id.0 + 1),
            comment: None,
            estimated_rows: 10.0,
        });
    }
    (catalog, labels)
}
