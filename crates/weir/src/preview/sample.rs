//! A few of the rows that a statement would change, before and after. Each look is a statement of
//! its own in the same session: decided on with the rights of whoever asked for it, masked more
//! strictly than for them, and not shown where whoever looks may not see it.

use super::{Look, Trial, planned, refusal, runs};
use crate::mcp::verdict;
use engine_pg::inside::{Answer, Done, Note, Upto};
use gate::{Plan, reads_alone};
use model::{
    ColumnId, Disclosure, Facts, MaskMethod, Operation,
    catalog::{Column, Relation},
    facts::{Derivation, Destination, Move, Output},
};
use serde_json::{Value, json};
use std::sync::Arc;

/// Rows of a sample.
const ROWS: usize = 5;
/// Bytes of a sample's values that are kept.
const BYTES: usize = 64 << 10;
/// What is shown of one value: characters.
const SHOWN: usize = 200;

/// Rows that were looked at, or why there are none.
pub(super) type Rows = Result<Answer, String>;

impl Trial<'_> {
    /// The rows that an UPDATE or a DELETE is about to change.
    pub(super) async fn before(&mut self, plan: &Plan) -> Rows {
        let Some(text) = plan.before() else {
            return Err("rows before are shown of one UPDATE or DELETE".to_owned());
        };
        let text = format!("{text} LIMIT {ROWS}");
        let (values, types) = (self.wanted.values, self.types.clone());
        self.look(&text, values, &types).await
    }

    /// Reads, if policy lets whoever asked: nothing that does more, and nothing that waits.
    async fn look(&mut self, text: &str, values: &[Option<String>], types: &[u32]) -> Rows {
        let gone = || "the session ended".to_owned();
        let (upto, bytes) = (Upto::Parse, 0);
        let answer = self.ask(Look { text, values: &[], types, upto, bytes }).await;
        let answer = answer.ok_or_else(gone)?;
        let plan = planned(&answer);
        let reads = plan.is_some_and(|plan| {
            let decided = plan.parts.iter().all(|part| runs(part.verdict.outcome));
            !plan.changes() && decided && plan.parts.len() == 1
        });
        if !reads || answer.error.is_some() {
            let why = refusal(&answer).map(|refusal| refusal.message.clone());
            return Err(why.unwrap_or_else(|| "they cannot be read by a query alone".to_owned()));
        }
        let upto = Upto::Execute;
        let answer = self.ask(Look { text, values, types, upto, bytes: BYTES }).await;
        let answer = answer.ok_or_else(gone)?;
        match (&answer.error, refusal(&answer)) {
            (_, Some(refusal)) => Err(refusal.message.clone()),
            (Some(error), None) => Err(format!("they cannot be read ({})", error.sqlstate())),
            (None, None) => Ok(answer),
        }
    }

    /// Both, as they may be shown.
    pub(super) async fn sample(&mut self, plan: &Plan, before: Rows, carries: bool) -> Value {
        let Some((relation, operation)) = target(plan) else {
            let why = "rows are shown of one INSERT, UPDATE or DELETE";
            return json!({ "before": null, "after": null, "why_no_before": why });
        };
        let after = match operation {
            _ if carries => {
                let why = "it puts labelled values where no label tells of them yet";
                Err(why.to_owned())
            }
            Operation::Delete => Err("they would be gone".to_owned()),
            Operation::Insert => {
                let text = format!(
                    "SELECT * FROM {} WHERE xmin = pg_catalog.pg_current_xact_id()\
                     ::pg_catalog.xid LIMIT {ROWS}",
                    quoted(&relation)
                );
                self.look(&text, &[], &[]).await
            }
            _ => self.again(plan, &relation, &before).await,
        };
        let (before, after) = match self.may_see_origins(plan) {
            true => (before, after),
            false => {
                let why = "they tell of tables that you may not read";
                (Err(why.to_owned()), Err(why.to_owned()))
            }
        };
        let known = before.as_ref().ok().or(after.as_ref().ok());
        let Some(known) = known else {
            let (before, after) = (before.err(), after.err());
            let table = format!("{}.{}", relation.schema, relation.name);
            return json!({
                "table": table, "before": null, "after": null,
                "why_no_before": before, "why_no_after": after,
            });
        };
        let done = done(known);
        let mut columns = verdict::columns(&known.columns, done);
        let hidden = self.hidden(known);
        let made = self.hidden_origins(plan, &relation, known);
        let hidden: Vec<bool> =
            hidden.iter().zip(&made).map(|(one, other)| *one || *other).collect();
        for (column, hides) in columns.iter_mut().zip(&hidden) {
            if let (true, Some(fields)) = (*hides, column.as_object_mut()) {
                fields.insert("shown".to_owned(), json!("withheld"));
            }
        }
        let rows = |rows: &Rows| match rows {
            Ok(answer) => (Some(shown(answer, &hidden)), None),
            Err(why) => (None, Some(why.clone())),
        };
        let ((before, no_before), (after, no_after)) = (rows(&before), rows(&after));
        json!({
            "table": format!("{}.{}", relation.schema, relation.name), "columns": columns,
            "before": before, "after": after,
            "why_no_before": no_before, "why_no_after": no_after,
        })
    }

    /// The same rows once more, found by a key whose values may be seen.
    async fn again(&mut self, plan: &Plan, relation: &Relation, before: &Rows) -> Rows {
        let Ok(seen) = before else { return Err("it is not known which to look at".to_owned()) };
        if seen.rows.is_empty() {
            return Ok(seen.without_rows());
        }
        let plain = |column: &&Column| {
            let label = plan.knowledge.labels.label(relation.column_id(column.number));
            column.unique && column.not_null && label.is_none()
        };
        let key = relation.columns.iter().find(plain);
        let at = key.and_then(|key| seen.columns.iter().position(|one| one.name == key.name));
        let (Some(key), Some(at)) = (key, at) else {
            return Err("the table has no key that may be seen".to_owned());
        };
        let value = |row: &Vec<Option<String>>| row.get(at).cloned().flatten();
        let keys: Vec<Option<String>> = seen.rows.iter().map(value).collect();
        let places: Vec<String> = (1..=keys.len()).map(|number| format!("${number}")).collect();
        let name = format!("\"{}\"", key.name.replace('"', "\"\""));
        let (from, places) = (quoted(relation), places.join(", "));
        let text = format!("SELECT * FROM {from} WHERE {name} IN ({places})");
        let types = vec![key.type_id.0; keys.len()];
        let mut after = self.look(&text, &keys, &types).await?;
        // In the order of those before.
        let place = |row: &Vec<Option<String>>| keys.iter().position(|key| *key == value(row));
        after.rows.sort_by_key(place);
        Ok(after)
    }

    /// True if whoever looks may read all that the statement reads: which rows it changes, and what
    /// they hold then, tells of that.
    fn may_see_origins(&self, plan: &Plan) -> bool {
        let Some(viewer) = &self.wanted.viewer else { return true };
        plan.parts.iter().all(|part| {
            let facts = reads_alone(&part.facts);
            let verdict = self.decided(viewer, plan, &facts);
            verdict.is_some_and(|verdict| runs(verdict.outcome))
        })
    }

    /// Which columns are made of what whoever looks would be shown less of.
    fn hidden_origins(&self, plan: &Plan, relation: &Relation, answer: &Answer) -> Vec<bool> {
        let width = answer.columns.len();
        let Some(viewer) = &self.wanted.viewer else { return vec![false; width] };
        let Some(part) = plan.parts.first() else { return vec![true; width] };
        let made = |column: &engine_pg::inside::Column| {
            let known = relation.columns.iter().find(|one| one.name == column.name);
            let id = known.map(|known| relation.column_id(known.number));
            made_of(&part.facts, id, &column.name)
        };
        let outputs = answer.columns.iter().map(made).collect();
        let facts = Facts { outputs: Some(outputs), ..reads_alone(&part.facts) };
        let Some(verdict) = self.decided(viewer, plan, &facts) else { return vec![true; width] };
        let decided = done(answer).and_then(|done| done.decided.as_deref()).unwrap_or_default();
        let hides = |index: usize| {
            let theirs = verdict.disclosures.get(index).unwrap_or(&verdict.fallback);
            strength(theirs) > decided.get(index).and_then(strength)
        };
        (0..width).map(hides).collect()
    }

    /// Which columns whoever looks may not see so: all where they may not read it at all, and those
    /// that policy masks more strictly for them.
    fn hidden(&self, answer: &Answer) -> Vec<bool> {
        let width = answer.columns.len();
        let Some(viewer) = &self.wanted.viewer else { return vec![false; width] };
        let known = done(answer).and_then(|done| Some((done, done.plan.parts.get(done.part)?)));
        let Some((done, part)) = known else { return vec![true; width] };
        let facts: &Facts = &part.facts;
        let verdict = self.decided(viewer, &done.plan, facts);
        let Some(verdict) = verdict.filter(|verdict| runs(verdict.outcome)) else {
            return vec![true; width];
        };
        let decided = done.decided.as_deref().unwrap_or_default();
        let hides = |index: usize| {
            let own = decided.get(index).unwrap_or(&part.verdict.fallback);
            let theirs = verdict.disclosures.get(index).unwrap_or(&verdict.fallback);
            strength(theirs) > strength(own)
        };
        (0..width).map(hides).collect()
    }
}

/// A column of a table as what the statement puts into it is made of; of one that is not known,
/// everything may be.
fn made_of(facts: &Facts, column: Option<ColumnId>, name: &str) -> Output {
    let into = |moved: &&Move| match (&moved.to, column) {
        (Destination::Column(to), Some(column)) => *to == column,
        (Destination::Column(_), None) => true,
        // Of what the statement itself makes there are no rows to look at.
        (Destination::Named { .. } | Destination::All(_), _) => false,
    };
    let moves: Vec<&Move> = facts.moves.iter().filter(into).collect();
    let mut sources: Vec<ColumnId> = moves.iter().flat_map(|it| it.from.iter().copied()).collect();
    sources.extend(column);
    sources.sort_unstable();
    sources.dedup();
    Output {
        name: name.to_owned(),
        sources,
        // Whether each of them could be seen as it stands.
        derivation: Derivation::Identity,
        statistics: Vec::new(),
        keyed: false,
        inner: Vec::new(),
        origin: None,
        type_id: None,
        keys: Vec::new(),
        unknown: column.is_none() || moves.iter().any(|it| it.unknown),
    }
}

/// How little is left of a value; what bears no label is scanned for everybody.
fn strength(disclosure: &Disclosure) -> Option<MaskMethod> {
    match disclosure {
        Disclosure::Raw { .. } | Disclosure::Scan => None,
        Disclosure::Masked { method, .. } => Some(*method),
    }
}

/// The one relation that a statement writes by itself.
fn target(plan: &Plan) -> Option<(Arc<Relation>, Operation)> {
    let [part] = plan.parts.as_slice() else { return None };
    let operation = part.facts.operation;
    if !matches!(operation, Operation::Insert | Operation::Update | Operation::Delete) {
        return None;
    }
    let writes = part.facts.effects.iter().find(|effect| effect.operation == operation);
    let id = writes?.relation.as_ref()?.id?;
    plan.knowledge.catalog.relation(id).map(|relation| (Arc::clone(relation), operation))
}

fn quoted(relation: &Relation) -> String {
    let name = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    format!("{}.{}", name(&relation.schema), name(&relation.name))
}

fn done(answer: &Answer) -> Option<&Done> {
    answer.notes.iter().rev().find_map(|note| match note {
        Note::Done(done) => Some(done),
        _ => None,
    })
}

fn shown(answer: &Answer, hidden: &[bool]) -> Value {
    let value = |(value, hides): (&Option<String>, &bool)| match value.as_deref() {
        Some(text) if !hides => {
            let mut seen: String = text.chars().take(SHOWN).collect();
            if seen.len() < text.len() {
                seen.push('…');
            }
            json!(seen)
        }
        _ => Value::Null,
    };
    let row = |row: &Vec<Option<String>>| row.iter().zip(hidden).map(value).collect::<Value>();
    answer.rows.iter().take(ROWS).map(row).collect()
}
