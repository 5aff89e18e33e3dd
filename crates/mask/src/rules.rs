//! Labels that an admin gives by rule: names by pattern, types, values by expression. Knows columns
//! by their evidence alone.

use crate::ColumnEvidence;
use model::{Class, Label, Labelling, Weighing};
use regex::Regex;
use std::{collections::HashMap, fmt, sync::Arc};

/// The share of values that an expression must match.
const LEAST_SHARE: f32 = 0.6;
/// Fewer values than this say nothing.
const LEAST_VALUES: usize = 3;
/// Compiled expressions larger than this are refused: bytes.
const MAX_COMPILED: usize = 1 << 20;

/// What a column must be to get a label. What is absent does not matter; what is there must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleText {
    /// The schema's name: a pattern in which `*` stands for any run of characters and `?` for one;
    /// letters match in any case.
    pub schema: Option<String>,
    /// The relation's name, as a pattern.
    pub relation: Option<String>,
    /// The column's name, as a pattern.
    pub column: Option<String>,
    /// Names of its type, or of its elements' type: PostgreSQL's own (`int4`) or SQL's (`integer`).
    pub types: Vec<String>,
    /// What most of its values are, as an expression that matches a whole value.
    pub value: Option<String>,
}

/// A label with the rule that gives it.
#[derive(Clone, Debug)]
pub struct LabelRule {
    label: Label,
    class: Class,
    text: RuleText,
    value: Option<Regex>,
}

/// Rules in order: the first that holds gives the label.
#[derive(Clone, Default)]
pub struct LabelRules {
    rules: Vec<LabelRule>,
    classes: Arc<HashMap<Label, Class>>,
}

impl LabelRule {
    /// A rule; an error, in words, if its expression is none.
    pub fn new(label: Label, class: Class, text: RuleText) -> Result<Self, String> {
        let compile = |value: &String| {
            let whole = format!(r"\A(?:{value})\z");
            let built = regex::RegexBuilder::new(&whole).size_limit(MAX_COMPILED).build();
            built.map_err(|error| error.to_string())
        };
        let value = text.value.as_ref().map(compile).transpose()?;
        Ok(Self { label, class, text, value })
    }

    /// Why the rule holds for a column, or `None` if it does not.
    fn holds(&self, evidence: &ColumnEvidence<'_>) -> Option<String> {
        let named = |pattern: &Option<String>, name: &str| {
            pattern.as_ref().is_none_or(|pattern| is_like(name, pattern))
        };
        let names = named(&self.text.schema, evidence.schema)
            && named(&self.text.relation, evidence.relation)
            && named(&self.text.column, &evidence.column.name);
        let types = &self.text.types;
        let of_type = types.is_empty()
            || [Some(evidence.type_name), evidence.element_type_name]
                .into_iter()
                .flatten()
                .any(|name| types.iter().any(|wanted| own_name(wanted) == name));
        if !names || !of_type {
            return None;
        }
        let Some(value) = &self.value else { return Some("its names and type fit".to_owned()) };
        let total = evidence.samples.len();
        if total < LEAST_VALUES {
            // Nothing is known of the values: where the column's own name fits, it is believed.
            let believed = self.text.column.is_some();
            return believed.then(|| "its name fits, and there are no values yet".to_owned());
        }
        let count = evidence.samples.iter().filter(|sample| value.is_match(sample.trim())).count();
        let enough = count as f32 >= LEAST_SHARE * total as f32;
        enough.then(|| format!("{count} of {total} samples match"))
    }
}

impl PartialEq for LabelRule {
    fn eq(&self, other: &Self) -> bool {
        self.label == other.label && self.class == other.class && self.text == other.text
    }
}

impl LabelRules {
    /// Rules in the order in which they are asked.
    pub fn new(rules: Vec<LabelRule>) -> Self {
        let classes = rules.iter().map(|rule| (rule.label.clone(), rule.class)).collect();
        Self { rules, classes: Arc::new(classes) }
    }

    /// The class of each label that the rules name.
    pub fn classes(&self) -> &Arc<HashMap<Label, Class>> {
        &self.classes
    }

    /// What the first rule that holds says of a column.
    pub(crate) fn weigh(&self, evidence: &ColumnEvidence<'_>) -> Option<Weighing> {
        self.rules.iter().find_map(|rule| {
            let why = rule.holds(evidence)?;
            let evidence = vec![format!("a rule in weir.toml gives it: {why}")];
            let labelling = Labelling { label: rule.label.clone(), confidence: 1.0, evidence };
            let labelling = Some(labelling);
            Some(Weighing { labelling, by_rule: true, ..Weighing::default() })
        })
    }
}

impl PartialEq for LabelRules {
    fn eq(&self, other: &Self) -> bool {
        self.rules == other.rules
    }
}

impl fmt::Debug for LabelRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.rules.iter().map(|rule| &rule.label)).finish()
    }
}

/// True if the name is like the pattern, in any case. Takes time that grows with both lengths
/// multiplied at most.
fn is_like(name: &str, pattern: &str) -> bool {
    let lower = |text: &str| text.chars().flat_map(char::to_lowercase).collect::<Vec<_>>();
    let (name, pattern) = (lower(name), lower(pattern));
    let (mut at, mut want) = (0, 0);
    // Where the last `*` stands, and how far the name has been taken for it.
    let mut star: Option<(usize, usize)> = None;
    while let Some(c) = name.get(at) {
        match pattern.get(want) {
            Some('*') => {
                star = Some((want, at));
                want += 1;
            }
            Some(p) if p == c || *p == '?' => (at, want) = (at + 1, want + 1),
            _ => {
                let Some((place, taken)) = &mut star else { return false };
                *taken += 1;
                (at, want) = (*taken, *place + 1);
            }
        }
    }
    pattern.get(want..).is_some_and(|rest| rest.iter().all(|c| *c == '*'))
}

/// PostgreSQL's own name for a type that SQL calls otherwise.
fn own_name(name: &str) -> &str {
    match name {
        "smallint" => "int2",
        "integer" | "int" => "int4",
        "bigint" => "int8",
        "real" => "float4",
        "double precision" => "float8",
        "decimal" => "numeric",
        "boolean" => "bool",
        "character varying" => "varchar",
        "character" | "char" => "bpchar",
        "timestamp without time zone" => "timestamp",
        "timestamp with time zone" => "timestamptz",
        other => other,
    }
}

#[cfg(test)]
mod tests;
