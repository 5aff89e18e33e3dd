//! `[labels]` and the rules in it. Says of a rule that can never match that it cannot.

use crate::{
    kind::{
        Fault, Text, Time, TimeOrNone, Word,
        label::{Expression, LabelWord, Pattern, Types},
    },
    settings::{Database, LabelRule, Labels},
    table::Table,
};
use model::{Class, Label};
use std::{ops::Range, time::Duration};

pub(super) const LABELS: &str = "How columns are labelled. Labels find themselves; see \
`weir labels --help`.";

pub(super) const RULE: &str = "A label of your own, or one more way to a shipped one: every column \
that fits all keys of the section gets it, the first rule that fits first. A decision of a person \
about one column stands over it. A change holds at once, for sessions that are open too.";

/// Reads `[labels]`. Which databases there are stands elsewhere in the file; see [`check`].
pub(super) fn labels(mut table: Table<'_>) -> (Labels, Vec<Range<usize>>) {
    let minute = Duration::from_secs(60);
    let refresh = table.or(
        "refresh",
        &TimeOrNone(Time { range: minute..=minute * 60 * 24 * 365 }),
        "\"1d\"",
        "After how long the values of all columns are sampled anew. New and changed columns are \
         sampled at once. A label that a sample gave stays if a later one shows nothing.",
    );
    let mut rules: Vec<LabelRule> = Vec::new();
    let mut spans = Vec::new();
    for section in table.tables("rule", "[[labels.rule]]", RULE) {
        let reader = section.reader();
        spans.push(section.span_of("database").unwrap_or(section.span()));
        let span = section.span();
        let problems = reader.problems();
        let rule = rule(section);
        // Of a rule that could not be read nothing more is said.
        if reader.problems() > problems {
            rules.push(rule);
            continue;
        }
        let same = |other: &LabelRule| {
            let name = rule.label.clone();
            LabelRule { label: name, class: rule.class, ..other.clone() } == rule
        };
        if rules.iter().any(same) {
            let why = "a rule before it has the same keys, so this one never gives a label";
            reader.fault(span.clone(), Fault::new(why));
        }
        let other = rules.iter().find(|one| one.label == rule.label && one.class != rule.class);
        if let Some(other) = other {
            let (label, class) = (&rule.label, other.class.as_str());
            let why = format!("another rule gives \"{label}\" the class \"{class}\"");
            reader.fault(span, Fault::new(why));
        }
        rules.push(rule);
    }
    table.finish();
    (Labels { refresh, rules }, spans)
}

/// One rule; also read empty, for the reference page.
pub(super) fn rule(mut table: Table<'_>) -> LabelRule {
    let (label_span, class_span) = (table.span_of("label"), table.span_of("class"));
    let narrows =
        ["table", "column", "type", "value"].iter().any(|key| table.span_of(key).is_some());
    let label = table.required(
        "label",
        &LabelWord,
        "The label: one of your own, or a shipped one (`email`, `health`, …).",
    );
    let class = table.optional(
        "class",
        &Word(
            &[
                ("pii", Class::Pii),
                ("pci", Class::Pci),
                ("phi", Class::Phi),
                ("secret", Class::Secret),
            ],
            Class::Pii,
        ),
        "The class that policies group it in. Needed for a label of your own.",
    );
    let pattern = Pattern { of_schemas: false };
    let rule = LabelRule {
        class: class_of(&table, &label, class, label_span.or(class_span)),
        label,
        database: table.optional(
            "database",
            &Text { what: "a database" },
            "Only in this database, by the name clients ask for.",
        ),
        schema: table.optional("schema", &Pattern { of_schemas: true }, "The schema's name."),
        table: table.optional("table", &pattern, "The table's name."),
        column: table.optional("column", &pattern, "The column's name."),
        types: table
            .optional("type", &Types, "The column's type, or its elements' type.")
            .unwrap_or_default(),
        value: table.optional(
            "value",
            &Expression,
            "What six in ten of its values are, of three or more. A column without values is \
             believed if its name fits `column`.",
        ),
    };
    if !narrows && !rule.label.is_empty() {
        let help = "add `column`, `value`, `type` or `table`";
        table.fault(table.span(), Fault::help("the rule would label every column", help));
    }
    table.finish();
    rule
}

fn class_of(
    table: &Table<'_>,
    label: &str,
    given: Option<Class>,
    span: Option<Range<usize>>,
) -> Class {
    let span = span.unwrap_or(table.span());
    let known = Label::ALL.iter().find(|known| known.as_str() == label).map(Label::class);
    match (known, given) {
        (Some(known), Some(given)) if known != given => {
            let message = format!("\"{label}\" is of class \"{}\"", known.as_str());
            table.fault(span, Fault::help(message, "leave `class` out"));
        }
        (None, None) if !label.is_empty() => {
            let help = "write class = \"pii\", \"pci\", \"phi\" or \"secret\"";
            table.fault(span, Fault::help(format!("the label \"{label}\" needs a class"), help));
        }
        _ => {}
    }
    known.or(given).unwrap_or(Class::Pii)
}

/// Faults of rules for databases that nobody can ask for.
pub(super) fn check(labels: &Labels, databases: &[Database]) -> Vec<(usize, Fault)> {
    let any = databases.iter().any(|database| database.name == "*");
    let known = |name: &str| any || databases.iter().any(|database| database.name == name);
    let mut faults = Vec::new();
    for (at, rule) in labels.rules.iter().enumerate() {
        if let Some(name) = rule.database.as_deref().filter(|name| !known(name)) {
            let names = databases.iter().map(|database| database.name.as_str());
            let help = crate::problem::nearest(name, names);
            let message = format!("there is no database \"{name}\", so the rule never matches");
            let help = help.map(|near| format!("did you mean \"{near}\"?"));
            faults.push((at, Fault { message, help }));
        }
    }
    faults
}
