//! What PostgreSQL's plan reads: relations that it scans, and columns that its expressions name.
//! Knows EXPLAIN's JSON and no facts.
//!
//! A scan may hand up whole rows although one column is wanted, so that a plain column in the
//! output of an inner node proves nothing. What counts: conditions and keys of every node, every
//! output that computes something, and all outputs of a node whose outputs are a query's own (the
//! top, subqueries, members of set operations, what is written).

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A column that an expression names, and the expression.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Read {
    /// Schema and name of its relation.
    pub(crate) relation: (String, String),
    /// The column; `*` for the whole row.
    pub(crate) column: String,
    /// Where it was found: the kind of expression and its text.
    pub(crate) place: String,
}

/// What a statement's plans say.
#[derive(Debug, Default)]
pub(crate) struct Reads {
    /// Every relation that is scanned or written, by schema and name.
    pub(crate) relations: BTreeSet<(String, String)>,
    /// Every column named.
    pub(crate) columns: BTreeSet<Read>,
    /// Plain columns of WITH queries, and rows, of which it is not known what uses them.
    pub(crate) undecided: usize,
}

/// Keys of a node that hold no expression. Everything else does: a key that a later version adds
/// counts, rather than being passed over.
const WORDS: [&str; 37] = [
    "Node Type",
    "Parent Relationship",
    "Strategy",
    "Partial Mode",
    "Join Type",
    "Scan Direction",
    "Index Name",
    "Schema",
    "Relation Name",
    "Alias",
    "Output",
    "Plans",
    "Parallel Aware",
    "Async Capable",
    "Inner Unique",
    "Operation",
    "Command",
    "CTE Name",
    "Subplan Name",
    "Function Name",
    "Table Function Name",
    "Tuplestore Name",
    "Single Copy",
    "Workers Planned",
    "Workers Launched",
    "Planned Partitions",
    "Cache Mode",
    "Subplans Removed",
    "Target Tables",
    "Conflict Resolution",
    "Conflict Arbiter Indexes",
    "Custom Plan Provider",
    "Foreign Relations",
    "Remote SQL",
    "Params Evaluated",
    "Sampling Method",
    "Disabled",
];

/// Nodes whose inputs' outputs are their own, column by column.
const COLUMN_BY_COLUMN: [&str; 6] =
    ["Append", "Merge Append", "Recursive Union", "SetOp", "Subquery Scan", "ModifyTable"];

/// Reads the answer to `EXPLAIN (VERBOSE, FORMAT JSON)`; several plans if rules made several.
/// `temporary` is the name of the schema that plans call `pg_temp`.
pub(crate) fn reads(answer: &Value, temporary: Option<&str>) -> Reads {
    let mut reads = Reads::default();
    for plan in answer.as_array().into_iter().flatten() {
        let Some(plan) = plan.get("Plan") else { continue };
        let mut names = Names::default();
        names.collect(plan, true);
        for (schema, _) in names.relations.values_mut().filter(|(schema, _)| schema == "pg_temp") {
            temporary.unwrap_or("pg_temp").clone_into(schema);
        }
        reads.relations.extend(names.relations.values().cloned());
        names.node(plan, true, true, None, &mut reads);
    }
    reads
}

#[derive(Default)]
struct Names {
    /// Schema and name by alias.
    relations: BTreeMap<String, (String, String)>,
    /// Columns named of each alias that is no relation, for WITH queries.
    asked: BTreeMap<String, BTreeSet<String>>,
    /// Fields that are taken out of rows anywhere, as they are written.
    picked: BTreeSet<String>,
    /// Aliases of the scans of each WITH query.
    scans: BTreeMap<String, BTreeSet<String>>,
}

fn word<'v>(node: &'v Value, key: &str) -> &'v str {
    node.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn children(node: &Value) -> impl Iterator<Item = &Value> {
    node.get("Plans").and_then(Value::as_array).into_iter().flatten()
}

fn outputs(node: &Value) -> impl Iterator<Item = &str> {
    let list = node.get("Output").and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str)
}

/// True if the outputs of a node's input are a query's own. Those of a DELETE's are not: nothing of
/// them is written, rows are handed up to be looked at again should they change meanwhile, and what
/// RETURNING shows stands in the DELETE's own.
fn owns(node: &Value, child: &Value) -> bool {
    matches!(word(child, "Parent Relationship"), "InitPlan" | "SubPlan" | "Subquery")
        || COLUMN_BY_COLUMN.contains(&word(node, "Node Type"))
            && word(node, "Operation") != "Delete"
}

/// Every text in a value that is not just a word.
fn texts<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(list) => list.iter().for_each(|one| texts(one, found)),
        Value::Object(map) => map.values().for_each(|one| texts(one, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

impl Names {
    /// `own`: see [`Self::node`]. What an inner node hands up is not asked for by that.
    fn collect(&mut self, node: &Value, own: bool) {
        let (relation, alias) = (word(node, "Relation Name"), word(node, "Alias"));
        let target = node.get("Target Tables").and_then(Value::as_array).into_iter().flatten();
        for one in target.filter(|one| !word(one, "Relation Name").is_empty()) {
            let named = (word(one, "Schema").to_owned(), word(one, "Relation Name").to_owned());
            self.relations.entry(word(one, "Alias").to_owned()).or_insert(named);
        }
        if !relation.is_empty() {
            let named = (word(node, "Schema").to_owned(), relation.to_owned());
            self.relations.insert(alias.to_owned(), named);
        }
        let cte = word(node, "CTE Name");
        if !cte.is_empty() {
            self.scans.entry(cte.to_owned()).or_default().insert(alias.to_owned());
        }
        for (_, text) in expressions(node) {
            self.ask(text);
        }
        for text in outputs(node).filter(|text| own || plain(text).is_none()) {
            self.ask(text);
        }
        children(node).for_each(|child| self.collect(child, owns(node, child)));
    }

    fn ask(&mut self, text: &str) {
        for (place, _) in text.match_indices(").") {
            let mut rest = &text[place + 2..];
            let written = rest;
            if identifier(&mut rest).is_some() {
                self.picked.insert(written[..written.len() - rest.len()].to_owned());
            }
        }
        for (alias, column) in qualified(text) {
            self.asked.entry(alias).or_default().insert(column);
        }
    }

    /// `top`: the outputs are the statement's. `own`: they are those of a query. `around` is the
    /// WITH query around it, if parts of that are not asked for.
    fn node(&self, node: &Value, top: bool, own: bool, around: Option<&str>, reads: &mut Reads) {
        for (key, text) in expressions(node) {
            self.note(key, text, reads);
        }
        let with = word(node, "Subplan Name").strip_prefix("CTE ");
        let count = outputs(node).count();
        let around = match with {
            Some(with) if self.asked_of(with).len() < count => Some(with),
            Some(_) => None,
            None => around,
        };
        for text in outputs(node) {
            match plain(text) {
                Some(_) if !own => {}
                Some((_, column)) if around.is_some_and(|with| !self.uses(with, &column)) => {
                    reads.undecided += 1;
                }
                // A row on its way to where fields of it are taken.
                Some((alias, column)) if !top && column == "*" && !self.picked.is_empty() => {
                    for field in &self.picked {
                        self.note("Output", &format!("{alias}.{field}"), reads);
                    }
                    reads.undecided += 1;
                }
                _ => self.note("Output", text, reads),
            }
        }
        for child in children(node) {
            // A subquery of which nothing is asked hands up what is thrown away.
            let subquery = word(child, "Parent Relationship") == "Subquery";
            let asked = !subquery || self.asked.contains_key(word(node, "Alias"));
            let own = owns(node, child) && asked;
            self.node(child, false, own, around, reads);
        }
    }

    /// The columns of a WITH query that anything names.
    fn asked_of(&self, with: &str) -> BTreeSet<&str> {
        let aliases = self.scans.get(with).into_iter().flatten();
        let asked = aliases.filter_map(|alias| self.asked.get(alias));
        asked.flatten().map(String::as_str).collect()
    }

    fn uses(&self, with: &str, column: &str) -> bool {
        let asked = self.asked_of(with);
        asked.contains(column) || asked.contains("*")
    }

    fn note(&self, key: &str, text: &str, reads: &mut Reads) {
        for (alias, column) in qualified(text) {
            // Where the row is, not what is in it.
            if matches!(column.as_str(), "ctid" | "tableoid") {
                continue;
            }
            let Some(relation) = self.relations.get(&alias) else { continue };
            let place = format!("{key}: {text}");
            reads.columns.insert(Read { relation: relation.clone(), column, place });
        }
    }
}

fn expressions(node: &Value) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    for (key, value) in node.as_object().into_iter().flatten() {
        if WORDS.contains(&key.as_str()) {
            continue;
        }
        let mut list = Vec::new();
        texts(value, &mut list);
        found.extend(list.into_iter().map(|text| (key.as_str(), text)));
    }
    found
}

/// A text that is `alias.column` and nothing else; in parentheses it is another query's, handed
/// down and up again.
fn plain(text: &str) -> Option<(String, String)> {
    let handed = text.strip_prefix('(').and_then(|text| text.strip_suffix(')'));
    let mut rest = handed.unwrap_or(text);
    let alias = identifier(&mut rest)?;
    rest = rest.strip_prefix('.')?;
    let column = column(&mut rest)?;
    rest.is_empty().then_some((alias, column))
}

fn column(rest: &mut &str) -> Option<String> {
    if let Some(after) = rest.strip_prefix('*') {
        *rest = after;
        return Some("*".to_owned());
    }
    identifier(rest)
}

/// A name at the beginning of a text, quotes taken off.
fn identifier(rest: &mut &str) -> Option<String> {
    if let Some(mut quoted) = rest.strip_prefix('"') {
        let mut name = String::new();
        loop {
            let (before, after) = quoted.split_once('"')?;
            name.push_str(before);
            match after.strip_prefix('"') {
                Some(after) => {
                    name.push('"');
                    quoted = after;
                }
                None => {
                    *rest = after;
                    return Some(name);
                }
            }
        }
    }
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'));
    let (name, after) = rest.split_at(end.unwrap_or(rest.len()));
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit() || c == '$') {
        return None;
    }
    *rest = after;
    Some(name.to_owned())
}

/// Every `alias.column` in an expression as PostgreSQL writes it out. What is followed by a
/// parenthesis is a function, what follows `::` a type.
fn qualified(text: &str) -> Vec<(String, String)> {
    let (mut found, mut rest) = (Vec::new(), text);
    while let Some(first) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix('\'') {
            rest = after.split_once('\'').map_or("", |(_, after)| after);
            continue;
        }
        if let Some(after) = rest.strip_prefix("::") {
            rest = after;
            while identifier(&mut rest).is_some() {
                rest = rest.strip_prefix('.').unwrap_or(rest);
            }
            continue;
        }
        let Some(alias) = identifier(&mut rest) else {
            rest = &rest[first.len_utf8()..];
            // The digits of a number are no name.
            if first.is_ascii_digit() || first == '$' {
                rest = rest.trim_start_matches(|c: char| c.is_alphanumeric());
            }
            continue;
        };
        let Some(after) = rest.strip_prefix('.') else { continue };
        rest = after;
        let Some(mut column) = column(&mut rest) else { continue };
        if column == "*" {
            column = field_of_row(rest).unwrap_or(column);
        }
        if !rest.starts_with('(') {
            found.push((alias, column));
        }
    }
    found
}

/// Behind a whole row: `).name` or, where it is seen as a parent's row, `)::type).name`. That is
/// one column alone.
fn field_of_row(rest: &str) -> Option<String> {
    let mut rest = rest.strip_prefix(')')?;
    if let Some(after) = rest.strip_prefix("::") {
        rest = after;
        while identifier(&mut rest).is_some() {
            rest = rest.strip_prefix('.').unwrap_or(rest);
        }
        rest = rest.strip_prefix(')')?;
    }
    identifier(&mut rest.strip_prefix('.')?)
}

#[test]
fn columns_are_found_in_expressions() {
    let text = r#"((t.a)::public.kind = 'x.y'::text) AND "T 1"."b""c" > f.g(t_1.*) + $1.x + (t.*).d + ((t.*)::p.k).e"#;
    let names = |(alias, column): (String, String)| format!("{alias}|{column}");
    let found: Vec<String> = qualified(text).into_iter().map(names).collect();
    assert_eq!(found, ["t|a", "T 1|b\"c", "t_1|*", "t|d", "t|e"]);
    assert!(plain("(t.a + 1)").is_none() && plain("f(t.a)").is_none());
    assert!(plain("t.a").is_some() && plain("(t.a)").is_some() && plain("t.*").is_some());
}
