//! Tools that tell what there is: databases, tables, columns, with labels and how they would be
//! shown. What is there is asked of the server through the gate; labels are what Weir knows.

use super::{
    arguments::{Caps, Statement, Table, Tables, table},
    run::{Call, Sent},
    say::{self, Reply},
    verdict,
};
use engine_pg::inside::{Answer, Upto};
use gate::Plan;
use model::{
    Outcome,
    catalog::{Column, Relation, RelationKind},
};
use policy::{Context, Request, Work};
use serde_json::{Value, json};
use std::sync::Arc;

/// Tables of which a list is made.
const MAX_TABLES: u32 = 500;
/// Bytes of a list.
const LIST_BYTES: usize = 256 << 10;
/// The tables that somebody may know of who may read them at all.
const TABLES: &str = "SELECT c.oid::pg_catalog.text, n.nspname, c.relname, c.relkind, \
     c.reltuples::pg_catalog.int8::pg_catalog.text \
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' \
     AND n.nspname <> 'information_schema' AND ($1::pg_catalog.text IS NULL OR n.nspname = $1) \
     ORDER BY 2, 3";

impl Call<'_> {
    /// `list_databases`.
    pub(super) fn list_databases(&self) -> Reply {
        let config = self.mcp.shared.config.load();
        let named = |name: &String| config.databases.iter().any(|one| one.name == *name);
        let scope = self.proven.credential().map_or(&[][..], |one| &one.databases);
        let mut databases: Vec<Value> = Vec::new();
        for database in &config.databases {
            let environment = &database.environment;
            let one = |name: &str| json!({ "name": name, "environment": environment });
            match database.name.as_str() {
                "*" if scope.is_empty() => databases.push(json!({
                    "name": null, "environment": environment,
                    "say": "Every other database of this server, by its own name.",
                })),
                "*" => {
                    let others = scope.iter().filter(|name| !named(name) && self.may_connect(name));
                    databases.extend(others.map(|name| one(name)));
                }
                name if self.may_connect(name) => databases.push(one(name)),
                _ => {}
            }
        }
        Reply::good(json!({ "databases": databases, "you": self.proven.identity.chain() }))
    }

    /// `list_tables`.
    pub(super) async fn list_tables(&self, wanted: Tables) -> Result<Reply, Reply> {
        let database = self.database(wanted.database.as_deref())?;
        let values = [wanted.schema];
        let caps = Caps { rows: MAX_TABLES, bytes: LIST_BYTES };
        let (upto, rows) = (Upto::Execute, MAX_TABLES);
        let sent = Sent { text: TABLES, values: &values, upto, reads: true, caps, rows };
        let answer = self.send(&database, &sent).await?;
        if let Some(reply) = say::stopped(&answer) {
            return Err(reply);
        }
        let plan = verdict::plan(&answer.notes);
        let tables: Vec<Value> =
            answer.rows.iter().map(|row| self.listed(&database, row, plan)).collect();
        let cut = answer.cut.map(|_| "There are more; ask for one schema.");
        Ok(Reply::good(json!({
            "database": database, "tables": tables, "cut": cut, "receipt": say::receipt(&answer),
        })))
    }

    /// `describe`: the columns of a table, and how they would be shown to the caller.
    pub(super) async fn describe(&self, wanted: Table) -> Result<Reply, Reply> {
        let database = self.database(wanted.database.as_deref())?;
        let statement = Statement {
            database: None,
            sql: format!("SELECT * FROM {}", table(&wanted.table)),
            parameters: Vec::new(),
            max_rows: None,
            max_tokens: None,
        };
        let answer = self.prepared(&database, &statement, Upto::Parse).await?;
        // Whoever may not read it learns nothing of it.
        if let Some(reply) = say::stopped(&answer) {
            return Err(reply);
        }
        let relation = verdict::plan(&answer.notes).and_then(|plan| Some((plan, read(plan)?)));
        let Some((plan, relation)) = relation else {
            return Err(Reply::mistake("no such table"));
        };
        Ok(Reply::good(described(&database, plan, &relation, &answer)))
    }

    /// Whether policy lets the caller read a table as a whole. What is not known to be readable is
    /// not: a view shows what is below it, which only a statement's analysis tells.
    fn may_read(&self, database: &str, relation: &Relation, plan: &Plan) -> bool {
        let plain = !matches!(relation.kind, RelationKind::View) && !relation.has_rules;
        let config = self.mcp.shared.config.load();
        let named = config.databases.iter().find(|known| known.name == database);
        let found = named.or_else(|| config.databases.iter().find(|known| known.name == "*"));
        let Some(found) = found.filter(|_| plain) else { return false };
        let identity = &*self.proven.identity;
        let acts_for = identity.acts_for.as_ref().map_or("", |principal| principal.name.as_str());
        let tasks = self.mcp.shared.works.of(identity.name.as_str(), acts_for);
        let bound = self.proven.credential().and_then(|one| one.task.as_deref());
        let task = match bound.or(self.proven.task.as_deref()) {
            Some(name) => match tasks.iter().find(|running| running.task.name == name) {
                Some(running) => Some(&running.task),
                None => return false,
            },
            None => tasks.first().map(|running| &running.task),
        };
        let work = Work { task, ..Work::default() };
        let name = model::DatabaseName::from(database);
        let request = Request {
            identity,
            database: &name,
            environment: &found.environment,
            facts: &gate::reads_whole(relation),
            catalog: &plan.knowledge.catalog,
            labels: &plan.knowledge.labels,
            context: &Context { work, ..self.context() },
        };
        let verdict = self.mcp.shared.policies.load().decide(&request);
        verdict.outcome != Outcome::Deny
    }

    /// A table of the list, with its labels if the caller may read it.
    fn listed(&self, database: &str, row: &[Option<String>], plan: Option<&Plan>) -> Value {
        let text = |index: usize| row.get(index).and_then(Option::as_deref).unwrap_or_default();
        let id = text(0).parse().ok().map(model::RelationId);
        let relation = id.and_then(|id| plan?.knowledge.catalog.relation(id));
        let readable = relation
            .zip(plan)
            .filter(|(relation, plan)| self.may_read(database, relation, plan))
            .map(|(relation, plan)| labels(relation, plan));
        let kind = match text(3) {
            "v" => "view",
            "m" => "materialized view",
            "f" => "foreign table",
            _ => "table",
        };
        let rows = text(4).parse::<i64>().ok().filter(|rows| *rows >= 0);
        json!({
            "schema": text(1), "table": text(2), "kind": kind, "about_rows": rows,
            "labels": readable,
        })
    }
}

/// The labels of a table's columns.
fn labels(relation: &Relation, plan: &Plan) -> Value {
    let labelled = |column: &Column| {
        let label = plan.knowledge.labels.label(relation.column_id(column.number))?;
        Some((column.name.clone(), json!(label)))
    };
    Value::Object(relation.columns.iter().filter_map(labelled).collect())
}

/// The relation that a plan of `SELECT * FROM name` names.
fn read(plan: &Plan) -> Option<Arc<Relation>> {
    let effects = plan.parts.first()?.facts.effects.iter();
    let id = effects.filter_map(|effect| effect.relation.as_ref()?.id).next()?;
    plan.knowledge.catalog.relation(id).map(Arc::clone)
}

fn described(database: &str, plan: &Plan, relation: &Relation, answer: &Answer) -> Value {
    let mut value = verdict::decided(plan, &answer.columns);
    let mut columns = Vec::new();
    let shown = value.get("columns").and_then(Value::as_array).cloned().unwrap_or_default();
    for column in &relation.columns {
        let labels = &plan.knowledge.labels;
        let labelling = labels.columns.get(&relation.column_id(column.number));
        let mut one = json!({
            "name": column.name, "type": verdict::type_name(plan, column.type_id.0),
            "not_null": column.not_null, "unique": column.unique,
            "label": labelling.map(|labelling| &labelling.label),
            "because": labelling.map(|labelling| &labelling.evidence),
        });
        let by_name = shown
            .iter()
            .find(|shown| shown.get("name").and_then(Value::as_str) == Some(column.name.as_str()));
        let how = by_name.and_then(Value::as_object).into_iter().flatten();
        if let Some(fields) = one.as_object_mut() {
            fields.extend(
                how.filter(|(name, _)| *name == "shown" || *name == "method")
                    .map(|(name, value)| (name.clone(), value.clone())),
            );
        }
        columns.push(one);
    }
    if let Some(fields) = value.as_object_mut() {
        fields.insert("database".to_owned(), json!(database));
        fields.insert("schema".to_owned(), json!(relation.schema));
        fields.insert("table".to_owned(), json!(relation.name));
        fields.insert("columns".to_owned(), json!(columns));
    }
    value
}
