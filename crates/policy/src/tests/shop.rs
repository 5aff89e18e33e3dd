//! A small shop to decide about, and facts in a compact notation.
//!
//! A request is lines of `key: value`; lists are separated by `;`.
//!
//! ```text
//! who: Agent copilot for Person alice in admins, stewards
//! environment: staging                     (production unless said)
//! effects: select customers; unbounded delete orders; role "role bob"; begin
//! columns: tested customers.email; written customers.name
//! outputs: customers.email; expression customers.email customers.note; constant; unknown
//! unknown: what | why                      (may repeat)
//! flags: dynamic, outputs_unknown, outputs_none
//! time: 1795317310
//! risk: 40
//! task: public.orders read write; public.customers read; cost 100; rows 10
//! left: 40                                 (percent of the task's scarcest budget)
//! purpose: refunds
//! tainted: yes
//! share: 25
//! ```

use crate::{Context, Explained, PolicySet, Request, Risk, Work};
use model::catalog::{Column, Relation, RelationKind};
use model::facts::{ColumnUse, Derivation, Effect, LookUp, Output, RelationRef, Unknown};
use model::{
    Access, Budget, Catalog, ColumnId, Facts, Identity, IdentityKind, Label, LabelMap, Labelling,
    Operation, RelationId, Task, TaskDetails, TaskTable, TaskType, TypeId, Use, Verdict,
};
use std::time::{Duration, UNIX_EPOCH};

/// Relation, kind, and its columns with their labels.
type Table = (&'static str, &'static str, RelationKind, &'static [(&'static str, &'static str)]);

const TABLES: [Table; 10] = [
    (
        "public",
        "customers",
        RelationKind::Table,
        &[
            ("id", ""),
            ("email", "email"),
            ("name", "person_name"),
            ("phone", "phone"),
            ("born", "birth_date"),
            ("note", ""),
        ],
    ),
    ("public", "orders", RelationKind::Table, &[("id", ""), ("customer", ""), ("total", "")]),
    ("public", "payments", RelationKind::Table, &[("id", ""), ("card", "payment_card")]),
    ("public", "keys", RelationKind::Table, &[("id", ""), ("token", "credential")]),
    ("public", "contacts", RelationKind::View, &[("id", ""), ("address", "")]),
    ("public", "odd", RelationKind::Table, &[("id", ""), ("badge", "staff_badge")]),
    ("pg_catalog", "pg_authid", RelationKind::Table, &[("rolname", ""), ("rolpassword", "")]),
    (
        "pg_catalog",
        "pg_stats",
        RelationKind::View,
        &[("null_frac", ""), ("most_common_vals", "unknown")],
    ),
    ("pg_catalog", "pg_stat_activity", RelationKind::View, &[("pid", ""), ("query", "")]),
    ("pg_temp_3", "scratch", RelationKind::Table, &[("id", ""), ("x", "")]),
];

/// A catalog with labels.
pub(super) struct Shop {
    pub(super) catalog: Catalog,
    pub(super) labels: LabelMap,
}

/// A request that owns its parts.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) identity: Identity,
    pub(super) environment: String,
    pub(super) facts: Facts,
    pub(super) time: u64,
    pub(super) risk: Risk,
    pub(super) task: Option<Task>,
    pub(super) left: u32,
    pub(super) purpose: String,
    pub(super) tainted: bool,
}

impl Shop {
    pub(super) fn new() -> Self {
        let mut catalog = Catalog::default();
        let mut labels = LabelMap::default();
        for (index, (schema, name, kind, columns)) in TABLES.iter().enumerate() {
            let id = RelationId(100 + u32::try_from(index).unwrap());
            let number = |at: usize| i16::try_from(at).unwrap() + 1;
            for (at, (_, label)) in columns.iter().enumerate().filter(|(_, one)| !one.1.is_empty())
            {
                let column = ColumnId { relation: id, number: number(at) };
                let label = Label::new(label);
                labels
                    .columns
                    .insert(column, Labelling { label, confidence: 1.0, evidence: vec![] });
            }
            let column = |(at, (name, _)): (usize, &(&str, &str))| Column {
                number: number(at),
                name: (*name).to_owned(),
                type_id: TypeId(25),
                not_null: false,
                generated: None,
                unique: false,
                choosy: false,
                references: None,
                comment: None,
            };
            catalog.add_relation(Relation {
                id,
                schema: (*schema).to_owned(),
                name: (*name).to_owned(),
                kind: *kind,
                columns: columns.iter().enumerate().map(column).collect(),
                definition: None,
                parents: vec![],
                has_rules: false,
                row_security: false,
                triggers: vec![],
                attached: model::code::Attached::default(),
                refers: Vec::new(),
                carried_from: Vec::new(),
                row_type: TypeId(0),
                comment: None,
                estimated_rows: -1.0,
            });
        }
        Self { catalog, labels }
    }

    pub(super) fn column(&self, text: &str) -> ColumnId {
        let (table, name) = text.split_once('.').unwrap_or_else(|| panic!("{text}: no column"));
        let relation = self.relation(table).unwrap_or_else(|| panic!("{table}: no table"));
        let number = match name {
            "gone" => 77,
            name => relation.column(name).unwrap_or_else(|| panic!("{name}: no column")).number,
        };
        ColumnId { relation: relation.id, number }
    }

    pub(super) fn relation(&self, name: &str) -> Option<&Relation> {
        self.catalog.relations().find(|relation| relation.name == name).map(|found| &**found)
    }

    pub(super) fn decide(&self, policies: &PolicySet, ask: &Ask) -> Verdict {
        self.asked(ask, |request| policies.decide(request))
    }

    pub(super) fn explain(&self, policies: &PolicySet, ask: &Ask) -> Explained {
        self.asked(ask, |request| policies.explain(request))
    }

    pub(super) fn asked<T>(&self, ask: &Ask, done: impl Fn(&Request<'_>) -> T) -> T {
        done(&Request {
            identity: &ask.identity,
            database: &"shop".into(),
            environment: &ask.environment,
            facts: &ask.facts,
            catalog: &self.catalog,
            labels: &self.labels,
            context: &Context {
                now: UNIX_EPOCH + Duration::from_secs(ask.time),
                address: Some([192, 0, 2, 7].into()),
                tls: true,
                application: "psql",
                risk: ask.risk,
                work: Work {
                    task: ask.task.as_ref(),
                    left: ask.left,
                    purpose: &ask.purpose,
                    tainted: ask.tainted,
                },
            },
        })
    }

    /// Reads a request.
    pub(super) fn ask(&self, text: &str) -> Ask {
        let mut ask = Ask {
            identity: identity("Person alice"),
            environment: "production".to_owned(),
            facts: Facts {
                operation: Operation::Empty,
                effects: vec![],
                functions: vec![],
                code: vec![],
                columns: vec![],
                look_ups: vec![],
                outputs: None,
                outputs_unknown: false,
                dynamic: false,
                unknowns: vec![],
                session: vec![],
                ties: vec![],
                moves: vec![],
                made: vec![],
                renamed: vec![],
                keeps_names: false,
            },
            time: 1_795_317_310,
            risk: Risk::default(),
            task: None,
            left: 100,
            purpose: String::new(),
            tainted: false,
        };
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let (key, value) = line.split_once(':').unwrap_or_else(|| panic!("{line}: no key"));
            let items = value.split(';').map(str::trim).filter(|item| !item.is_empty());
            let facts = &mut ask.facts;
            match key.trim() {
                "who" => ask.identity = identity(value.trim()),
                "environment" => ask.environment = value.trim().to_owned(),
                "risk" => ask.risk.score = value.trim().parse().unwrap(),
                "task" => {
                    let task = task(value.trim());
                    ask.purpose.clone_from(&task.details.purpose);
                    ask.task = Some(task);
                }
                "left" => ask.left = value.trim().parse().unwrap(),
                "purpose" => ask.purpose = value.trim().to_owned(),
                "tainted" => ask.tainted = value.trim() == "yes",
                "share" => ask.risk.share = value.trim().parse().unwrap(),
                "time" => ask.time = value.trim().parse().unwrap(),
                "effects" => facts.effects.extend(items.map(|item| self.effect(item))),
                "look_ups" => {
                    let look_up = |item: &str| {
                        let (values, column) = item.split_once(' ').unwrap();
                        let values = values.parse().unwrap();
                        LookUp { column: self.column(column), values }
                    };
                    facts.look_ups.extend(items.map(look_up));
                }
                "columns" => facts.columns.extend(items.map(|item| self.used(item))),
                "outputs" => {
                    let outputs = items.map(|item| self.output(item)).collect();
                    facts.outputs = Some(outputs);
                }
                "unknown" => {
                    let (what, why) = value.split_once('|').unwrap();
                    let (what, why) = (what.trim().to_owned(), why.trim().to_owned());
                    facts.unknowns.push(Unknown { what, why });
                }
                "flags" => {
                    facts.dynamic = value.contains("dynamic");
                    facts.outputs_unknown = value.contains("outputs_unknown");
                }
                key => panic!("{key}: no such key"),
            }
        }
        if let Some(effect) = ask.facts.effects.first() {
            ask.facts.operation = effect.operation;
        }
        let mut returned: Vec<ColumnUse> = Vec::new();
        for output in ask.facts.outputs.iter().flatten() {
            let columns = output.sources.iter();
            returned.extend(columns.map(|&column| ColumnUse { column, usage: Use::Returned }));
            let columns = output.statistics.iter();
            returned.extend(columns.map(|&column| ColumnUse { column, usage: Use::Aggregated }));
        }
        ask.facts.columns.extend(returned);
        ask.facts.columns.sort();
        ask.facts.columns.dedup();
        ask
    }

    fn effect(&self, text: &str) -> Effect {
        let (unbounded, text) = match text.strip_prefix("unbounded ") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (word, object) = text.split_once(' ').unwrap_or((text, ""));
        let word = if word == "begin" { "transaction" } else { word };
        let found = Operation::ALL.iter().find(|operation| operation.as_str() == word);
        let operation = *found.unwrap_or_else(|| panic!("{word}: no operation"));
        let quoted = object.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let relation = (!object.is_empty() && quoted.is_none()).then(|| {
            let (schema, name) = object.split_once('.').unwrap_or(("public", object));
            let known = self.relation(name);
            RelationRef {
                id: known.map(|relation| relation.id),
                schema: known.map_or(schema, |relation| &relation.schema).into(),
                name: name.into(),
            }
        });
        Effect { operation, relation, object: quoted.map(str::to_owned), unbounded }
    }

    fn used(&self, text: &str) -> ColumnUse {
        let (word, column) = text.split_once(' ').unwrap();
        let usage = match word {
            "returned" => Use::Returned,
            "tested" => Use::Tested,
            "looked_up" => Use::LookedUp,
            "aggregated" => Use::Aggregated,
            "inferred" => Use::Inferred,
            "written" => Use::Written,
            "exported" => Use::Exported,
            "copied" => Use::Copied,
            word => panic!("{word}: no use"),
        };
        ColumnUse { column: self.column(column), usage }
    }

    fn output(&self, text: &str) -> Output {
        let mut words: Vec<&str> = text.split_whitespace().collect();
        let derivation = match words.first().copied() {
            Some("expression" | "constant" | "unknown" | "keyed") => Derivation::Expression,
            Some("cast") => Derivation::Cast,
            Some("aggregate" | "statistic") => Derivation::Aggregate,
            _ => Derivation::Identity,
        };
        let unknown = words.contains(&"unknown");
        let keyed = words.contains(&"keyed");
        let statistic = words.first() == Some(&"statistic");
        words.retain(|word| word.contains('.'));
        let mut sources: Vec<ColumnId> = words.iter().map(|word| self.column(word)).collect();
        sources.sort();
        let (sources, statistics) = if statistic { (vec![], sources) } else { (sources, vec![]) };
        let (name, origin) = ("column".to_owned(), None);
        let (inner, type_id, keys) = (Vec::new(), None, Vec::new());
        Output {
            name,
            sources,
            statistics,
            derivation,
            keyed,
            inner,
            origin,
            unknown,
            type_id,
            keys,
        }
    }
}

/// `Agent copilot in x, y for Person alice in admins`.
pub(super) fn identity(text: &str) -> Identity {
    let (own, acts_for) = match text.split_once(" for ") {
        Some((own, principal)) => (own, Some(Box::new(identity(principal)))),
        None => (text, None),
    };
    let (name, groups) = own.split_once(" in ").unwrap_or((own, ""));
    let (kind, name) = name.trim().split_once(' ').unwrap_or_else(|| panic!("{text}: no kind"));
    let kind = match kind {
        "Person" => IdentityKind::Person,
        "Service" => IdentityKind::Service,
        "Agent" => IdentityKind::Agent,
        kind => panic!("{kind}: no kind"),
    };
    let groups = groups.split(',').map(|group| group.trim().to_owned());
    let groups = groups.filter(|group| !group.is_empty()).collect();
    Identity { name: name.trim().into(), kind, groups, acts_for }
}

/// `public.orders read write; cost 100; on shop`: a task of copilot's, given by alice.
pub(super) fn task(text: &str) -> Task {
    let mut details = TaskDetails {
        r#type: TaskType::WeirTask,
        purpose: "refunds".to_owned(),
        databases: vec!["shop".to_owned()],
        tables: vec![],
        budget: Budget::default(),
    };
    for item in text.split(';').map(str::trim).filter(|item| !item.is_empty()) {
        let mut words = item.split_whitespace();
        let first = words.next().unwrap();
        let rest: Vec<&str> = words.collect();
        let number = || rest[0].parse().ok();
        match first {
            "on" => details.databases = rest.iter().map(|&name| name.to_owned()).collect(),
            "cost" => details.budget.cost = number(),
            "rows" => details.budget.rows = number(),
            table => details.tables.push(TaskTable {
                table: table.to_owned(),
                actions: rest
                    .iter()
                    .map(|word| if *word == "write" { Access::Write } else { Access::Read })
                    .collect(),
            }),
        }
    }
    let name = "t-1".to_owned();
    Task { name, agent: "copilot".into(), acts_for: "alice".into(), details }
}

/// The baseline with a file of one's own.
pub(super) fn with(text: &str) -> PolicySet {
    let mut sources = crate::load::sources(None).unwrap();
    let text = text.to_owned();
    sources.push(crate::load::Source { file: "mine.cedar".into(), text });
    PolicySet::of(&sources).unwrap_or_else(|problems| panic!("{problems:#?}"))
}
