//! From a question to conditions in SQL, with every value a parameter. Knows the tables, and
//! neither how conditions are planned nor what answers look like.

use crate::question::{Question, Term};
use model::Operation;
use rusqlite::{Connection, params_from_iter, types::Value};

/// Values with the statements that name them, looked for in one part after the other.
pub(crate) const NAMED: &str = "value_part p CROSS JOIN value k ON k.part = p.part";

/// SQL with its parameters, in the order in which they stand in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sql {
    pub(crate) text: String,
    pub(crate) values: Vec<Value>,
}

impl Sql {
    pub(crate) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), values: Vec::new() }
    }

    /// Adds text.
    pub(crate) fn add(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a parameter.
    pub(crate) fn value(&mut self, value: impl Into<Value>) -> &mut Self {
        self.text.push('?');
        self.values.push(value.into());
        self
    }

    /// Adds another piece.
    pub(crate) fn piece(&mut self, piece: &Sql) -> &mut Self {
        self.text.push_str(&piece.text);
        self.values.extend(piece.values.iter().cloned());
        self
    }

    /// Adds conditions, each behind an AND.
    pub(crate) fn all(&mut self, conditions: &[Sql]) -> &mut Self {
        for condition in conditions {
            self.add(" AND ").piece(condition);
        }
        self
    }
}

/// A question as conditions on the tables that they can be tested in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conditions {
    /// On `h`, a shape.
    pub(crate) shape: Vec<Sql>,
    /// On `w`, who.
    pub(crate) who: Vec<Sql>,
    /// On `s`, a statement.
    pub(crate) statement: Vec<Sql>,
    /// Only statements whose doings were not rolled back.
    pub(crate) kept: bool,
    /// Only statements that were refused.
    pub(crate) refused: bool,
    /// Only statements that ended with one of these.
    pub(crate) sqlstate: Option<Sql>,
    /// Only statements that name one of these values: a list of hashes.
    pub(crate) values: Option<Sql>,
    /// Only statements of which values left, or were masked.
    pub(crate) left: Option<Left>,
}

/// A condition on a place of a shape's result, and on which count it must have.
#[derive(Clone, Debug)]
pub(crate) struct Left {
    /// The counts that may not all be zero: (name in `daily_left`, index in `counts`).
    pub(crate) counts: Vec<(&'static str, usize)>,
    /// Which columns it comes from.
    columns: Vec<Sql>,
    /// Which labels it bears.
    labels: Vec<Sql>,
}

impl Left {
    /// Looks the words up, so that each test afterwards is one of numbers.
    pub(crate) fn resolve(&mut self, db: &Connection) -> Result<(), rusqlite::Error> {
        for words in self.columns.iter_mut().chain(&mut self.labels) {
            let numbers: Vec<String> = db
                .prepare(&format!("SELECT id FROM word WHERE id IN {}", words.text))?
                .query_map(params_from_iter(&words.values), |row| row.get::<_, i64>(0))?
                .map(|number| number.map(|number| number.to_string()))
                .collect::<Result<_, _>>()?;
            *words = Sql::new(&format!("({})", numbers.join(", ")));
        }
        Ok(())
    }

    /// The condition on a place: both are SQL expressions.
    pub(crate) fn place(&self, shape: &str, place: &str) -> Sql {
        let mut sql = Sql::new("(1");
        for columns in &self.columns {
            sql.add(&format!(
                " AND EXISTS (SELECT 1 FROM shape_source x WHERE x.shape = {shape} AND \
                 x.place = {place} AND x.column IN "
            ));
            sql.piece(columns).add(")");
        }
        for labels in &self.labels {
            sql.add(&format!(
                " AND EXISTS (SELECT 1 FROM shape_label x WHERE x.shape = {shape} AND \
                 x.place = {place} AND x.label IN "
            ));
            sql.piece(labels).add(")");
        }
        if self.columns.is_empty() && self.labels.is_empty() {
            sql.add(" AND ").piece(&labelled(shape, place));
        }
        sql.add(")");
        sql
    }
}

/// That a place of a shape's result bears any label.
pub(crate) fn labelled(shape: &str, place: &str) -> Sql {
    Sql::new(&format!(
        "EXISTS (SELECT 1 FROM shape_label x WHERE x.shape = {shape} AND x.place = {place})"
    ))
}

/// Turns a question into conditions.
pub(crate) fn compile(question: &Question) -> Conditions {
    let mut found = Conditions::default();
    for term in &question.terms {
        match term.word {
            "identity" | "acts_for" | "agent" | "group" | "grant" => found.who.push(named(term)),
            "kind" => found.who.push(test("w.kind", term, exactly)),
            "database" => found.who.push(test("w.database", term, exactly)),
            "verdict" => found.shape.push(test("h.verdict", term, exactly)),
            "policy" => found.shape.push(shapes_in(term, "shape_policy", "policy", exactly)),
            "shadow" if term.values == ["any"] => {
                let head = format!("h.id {}IN (SELECT k.shape FROM shape_shadow k)", not(term));
                found.shape.push(Sql::new(&head));
            }
            "shadow" => found.shape.push(shapes_in(term, "shape_shadow", "policy", exactly)),
            "changes" => {
                let undone = |one: &Term| {
                    one.word == "state" && !one.not && one.values.contains(&"undone".into())
                };
                found.kept |= !term.not && !question.terms.iter().any(undone);
                found.shape.push(changes(term));
            }
            "text" => found.shape.push(text(term)),
            "state" => {
                found.refused |= !term.not && term.values == ["refused"];
                found.statement.push(state(term));
            }
            "sqlstate" if term.not => {
                let mut sql = Sql::new("coalesce(s.sqlstate, 0) NOT IN ");
                sql.piece(&exactly(&term.values));
                found.statement.push(sql);
            }
            "sqlstate" => found.sqlstate = Some(exactly(&term.values)),
            "value" if !term.not && found.values.is_none() => found.values = Some(hashes(term)),
            "value" => {
                let not = not(term);
                let mut sql = Sql::new(&format!("s.seq {not}IN (SELECT k.seq FROM {NAMED}"));
                sql.add(" WHERE k.hash IN ").piece(&hashes(term)).add(")");
                found.statement.push(sql);
            }
            "task" | "purpose" | "tainted" => found.statement.push(circumstance(term)),
            "risk" => found.statement.push(risky(term)),
            "hold" | "approved_by" => found.statement.push(approved(term)),
            "session" | "address" | "application" => of_sessions(term, &mut found),
            "disclosure" => found.left = Some(left(term, question)),
            "column" | "label" | "use" | "relation" | "operation" if term.not => {
                found.shape.extend(without(term));
            }
            // Those that are not excluded belong together: see below.
            _ => {}
        }
    }
    found.shape.extend(columns_together(question));
    found.shape.extend(effects_together(question));
    found
}

/// The numbers of words that are exactly these.
fn exactly(values: &[String]) -> Sql {
    let mut sql = Sql::new("(SELECT v.id FROM word v WHERE v.text IN (");
    for (at, value) in values.iter().enumerate() {
        sql.add(if at == 0 { "" } else { ", " }).value(value.clone());
    }
    sql.add("))");
    sql
}

/// The numbers of words that are these, or end with them behind a dot.
pub(crate) fn ending(values: &[String]) -> Sql {
    let mut sql = Sql::new("(SELECT v.id FROM word v WHERE 0");
    for value in values {
        sql.add(" OR v.text = ").value(value.clone());
        let dotted = format!(".{value}");
        let length = i64::try_from(dotted.chars().count()).unwrap_or(i64::MAX);
        sql.add(" OR substr(v.text, ").value(-length).add(") = ").value(dotted);
    }
    sql.add(")");
    sql
}

fn not(term: &Term) -> &'static str {
    if term.not { "NOT " } else { "" }
}

fn test(expression: &str, term: &Term, words: fn(&[String]) -> Sql) -> Sql {
    let mut sql = Sql::new(&format!("{expression} {}IN ", not(term)));
    sql.piece(&words(&term.values));
    sql
}

fn named(term: &Term) -> Sql {
    let mut sql = Sql::new(&format!("w.id {}IN (SELECT n.who FROM who_name n", not(term)));
    sql.add(" WHERE n.role = ").value(term.word.to_owned()).add(" AND n.name IN ");
    sql.piece(&exactly(&term.values)).add(")");
    sql
}

fn shapes_in(term: &Term, table: &str, column: &str, words: fn(&[String]) -> Sql) -> Sql {
    let head = format!("h.id {}IN (SELECT k.shape FROM {table} k WHERE k.{column} IN ", not(term));
    let mut sql = Sql::new(&head);
    sql.piece(&words(&term.values)).add(")");
    sql
}

/// What writes a relation, or runs what can do anything, unless it ran read-only.
fn changes(term: &Term) -> Sql {
    let writes: Vec<String> = Operation::ALL
        .iter()
        .filter(|operation| operation.is_write())
        .map(|operation| operation.as_str().to_owned())
        .collect();
    let mut sql = Sql::new(&format!("{}(h.id IN (SELECT k.shape FROM shape_effect k", not(term)));
    sql.add(" WHERE k.operation IN ").piece(&exactly(&writes));
    sql.add(" AND k.object IN ").piece(&ending(&term.values));
    sql.add(") OR h.id IN (SELECT k.shape FROM shape_column k WHERE k.use IN ");
    sql.piece(&exactly(&["written".to_owned()])).add(" AND k.relation IN ");
    sql.piece(&ending(&term.values));
    sql.add(") OR h.id IN (SELECT k.shape FROM shape_effect k WHERE k.operation IN ");
    sql.piece(&exactly(&["unknown".to_owned()])).add(") OR ");
    sql.add("coalesce(h.dynamic AND NOT h.read_only, 0))");
    sql
}

/// Phrases of the full-text index; quoted, so that nothing in them is an operator.
fn text(term: &Term) -> Sql {
    let phrases: Vec<String> = term
        .values
        .iter()
        .map(|value| {
            let (words, star) = match value.strip_suffix('*') {
                Some(beginning) => (beginning, " *"),
                None => (value.as_str(), ""),
            };
            format!("\"{}\"{star}", words.replace('"', "\"\""))
        })
        .collect();
    let mut sql = Sql::new(&format!("coalesce(h.text, 0) {}IN (SELECT f.rowid FROM ", not(term)));
    sql.add("text_search f WHERE f.text_search MATCH ").value(phrases.join(" OR ")).add(")");
    sql
}

fn state(term: &Term) -> Sql {
    let mut sql = Sql::new(&format!("s.state {}IN (", not(term)));
    for (at, value) in term.values.iter().enumerate() {
        let number = match value.as_str() {
            "ended" => 0,
            "refused" => 1,
            "open" => 2,
            "undone" => 4,
            _ => 3,
        };
        sql.add(if at == 0 { "" } else { ", " }).value(number);
    }
    sql.add(")");
    sql
}

/// The hashes of values: see [`Question::keyed`].
fn hashes(term: &Term) -> Sql {
    let mut sql = Sql::new("(");
    for (at, value) in term.values.iter().enumerate() {
        sql.add(if at == 0 { "" } else { ", " }).value(value.parse::<i64>().unwrap_or_default());
    }
    sql.add(")");
    sql
}

/// What a statement was part of.
fn circumstance(term: &Term) -> Sql {
    // `tainted:no` is all that is not tainted, most of which has no row here.
    let no = term.word == "tainted" && term.values.iter().all(|value| value == "no");
    let not = if term.not != no { "NOT " } else { "" };
    let mut sql = Sql::new(&format!("s.seq {not}IN (SELECT c.seq FROM circumstance c WHERE "));
    match (term.word, term.values.as_slice()) {
        ("task", [any]) if any == "any" => sql.add("c.task <> 0)"),
        ("tainted", _) => sql.add("c.tainted)"),
        (word, values) => sql.add(&format!("c.{word} IN ")).piece(&exactly(values)).add(")"),
    };
    sql
}

/// At least so much risk: its shape's and what was unlike its identity's past.
fn risky(term: &Term) -> Sql {
    let least = term.values.first().and_then(|least| least.parse().ok()).unwrap_or(0i64);
    let mut sql = Sql::new(&format!(
        "{}((SELECT coalesce(k.risk, 0) FROM shape k WHERE k.id = s.shape) + \
         coalesce((SELECT c.risk FROM circumstance c WHERE c.seq = s.seq), 0) >= ",
        not(term)
    ));
    sql.value(least).add(")");
    sql
}

/// By which request's consent, or by whose, it ran.
fn approved(term: &Term) -> Sql {
    let mut sql = Sql::new(&format!("s.seq {}IN (SELECT a.seq FROM approval a", not(term)));
    if term.word == "hold" && term.values == ["any"] {
        sql.add(")");
        return sql;
    }
    let column = if term.word == "hold" { "hold" } else { "by" };
    sql.add(&format!(" WHERE a.{column} IN ")).piece(&exactly(&term.values)).add(")");
    sql
}

fn of_sessions(term: &Term, found: &mut Conditions) {
    let column = if term.word == "session" { "key" } else { term.word };
    let select = |what: &str| {
        let mut sql = Sql::new(&format!("(SELECT {what} FROM session e WHERE e.{column} IN ("));
        for (at, value) in term.values.iter().enumerate() {
            sql.add(if at == 0 { "" } else { ", " }).value(value.clone());
        }
        sql.add("))");
        sql
    };
    let mut sql = Sql::new(&format!("s.session {}IN ", not(term)));
    sql.piece(&select("e.id"));
    found.statement.push(sql);
    if !term.not {
        let mut sql = Sql::new("w.id IN ");
        sql.piece(&select("e.who"));
        found.who.push(sql);
        let mut sql = Sql::new("s.seq >= coalesce(");
        sql.piece(&select("min(e.opened_seq)")).add(", 0)");
        found.statement.push(sql);
    }
}

/// What excluded columns and effects exclude.
fn without(term: &Term) -> Vec<Sql> {
    let of = |table, column, words| shapes_in(term, table, column, words);
    match term.word {
        "column" => vec![of("shape_column", "column", ending)],
        "label" => vec![of("shape_column", "label", exactly)],
        "use" => vec![of("shape_column", "use", exactly)],
        "operation" => vec![of("shape_effect", "operation", exactly)],
        _ => {
            let effects = of("shape_effect", "object", ending);
            vec![effects, of("shape_column", "relation", ending)]
        }
    }
}

/// One column that all of `column:`, `label:`, `use:` and `relation:` are true of.
fn columns_together(question: &Question) -> Option<Sql> {
    let disclosure = question.terms.iter().any(|term| term.word == "disclosure");
    let used = question.terms.iter().any(|term| term.word == "use" && !term.not);
    let mut sql = Sql::new("h.id IN (SELECT k.shape FROM shape_column k WHERE 1");
    let mut any = false;
    for term in question.terms.iter().filter(|term| !term.not) {
        let words = match term.word {
            // Of what left, columns and labels are tested where it left.
            "column" | "label" if disclosure && !used => continue,
            "column" => ending(&term.values),
            "label" | "use" => exactly(&term.values),
            // Without a use, a relation that has no column in the facts counts too.
            "relation" if used => ending(&term.values),
            _ => continue,
        };
        any = true;
        sql.add(&format!(" AND k.{} IN ", term.word)).piece(&words);
    }
    sql.add(")");
    any.then_some(sql)
}

/// One effect that `relation:` and `operation:` are true of.
fn effects_together(question: &Question) -> Option<Sql> {
    let used = question.terms.iter().any(|term| term.word == "use" && !term.not);
    let of = |word: &str| {
        question.terms.iter().filter(|term| !term.not && term.word == word).collect::<Vec<_>>()
    };
    let (relations, operations) = (of("relation"), of("operation"));
    let mut sql = Sql::new("h.id IN (SELECT k.shape FROM shape_effect k WHERE 1");
    let relations: &[&Term] = if used { &[] } else { &relations };
    if relations.is_empty() && operations.is_empty() {
        return None;
    }
    for term in relations {
        sql.add(" AND k.object IN ").piece(&ending(&term.values));
    }
    for term in &operations {
        sql.add(" AND k.operation IN ").piece(&exactly(&term.values));
    }
    if operations.is_empty() {
        sql.add(" UNION SELECT k.shape FROM shape_column k WHERE 1");
        for term in relations {
            sql.add(" AND k.relation IN ").piece(&ending(&term.values));
        }
    }
    sql.add(")");
    Some(sql)
}

fn left(term: &Term, question: &Question) -> Left {
    let counts = term
        .values
        .iter()
        .map(|value| if value == "raw" { ("raw", 0) } else { ("masked", 1) })
        .collect();
    let of = |word: &'static str| question.terms.iter().filter(move |t| t.word == word && !t.not);
    Left {
        counts,
        columns: of("column").map(|term| ending(&term.values)).collect(),
        labels: of("label").map(|term| exactly(&term.values)).collect(),
    }
}
