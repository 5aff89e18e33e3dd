//! A column with its label, as people and scripts read it. Knows the words, not where they go.

use crate::exit::Failure;
use config::Config;
use ledger::Time;
use model::{Class, Label};
use serde_json::{Value, json};
use std::time::SystemTime;
use store::{ColumnLabel, LabelledBy};

/// What `row` gives.
pub(crate) const HEADER: &[&str] =
    &["DATABASE", "COLUMN", "TYPE", "LABEL", "CLASS", "CONFIDENCE", "BY"];

/// Columns seen under a configuration, which has the classes of labels of its own.
pub(crate) struct View<'c> {
    pub(crate) config: &'c Config,
}

impl View<'_> {
    /// A label that there is, or `none`.
    pub(crate) fn label(&self, word: &str) -> Result<Option<Label>, Failure> {
        if word == "none" {
            return Ok(None);
        }
        let words = self.words();
        if words.contains(&word) {
            return Ok(Some(Label::new(word)));
        }
        let why = format!(
            "there is no label \"{word}\"; labels are {} and none. A label of your own needs a \
             [[labels.rule]] in weir.toml, which gives it a class",
            words.join(", ")
        );
        Err(Failure::Refused(why))
    }

    /// Every label that there is.
    pub(crate) fn words(&self) -> Vec<&str> {
        let own = self.config.labels.rules.iter().map(|rule| rule.label.as_str());
        let mut words: Vec<&str> = Label::ALL.iter().map(Label::as_str).chain(own).collect();
        words.dedup();
        words
    }

    pub(crate) fn class(&self, label: &Label) -> Class {
        let rules = &self.config.labels.rules;
        let own = rules.iter().find(|rule| rule.label == label.as_str());
        own.map_or_else(|| label.class(), |rule| rule.class)
    }

    pub(crate) fn row(&self, column: &ColumnLabel) -> Vec<String> {
        let place = &column.found.place;
        let label = column.label();
        let class = label.map(|label| self.class(label).as_str());
        let confidence = match (label, column.by()) {
            (None, LabelledBy::Machine) => "-".to_owned(),
            _ => format!("{:.2}", column.confidence()),
        };
        vec![
            place.database.clone(),
            place.path(),
            column.found.type_name.clone(),
            label.map_or("-", Label::as_str).to_owned(),
            class.unwrap_or("-").to_owned(),
            confidence,
            column.by().as_str().to_owned(),
        ]
    }

    pub(crate) fn object(&self, column: &ColumnLabel) -> Value {
        let place = &column.found.place;
        json!({
            "database": place.database,
            "schema": place.schema,
            "table": place.relation,
            "column": place.column,
            "type": column.found.type_name,
            "label": column.label(),
            "class": column.label().map(|label| self.class(label)),
            "confidence": rounded(column.confidence()),
            "by": column.by().as_str(),
            "found": Time::from(column.found_at),
        })
    }

    /// Everything that is known of it.
    pub(crate) fn explained(&self, column: &ColumnLabel) -> Value {
        let mut object = self.object(column);
        let found = json!({
            "label": column.found.label,
            "confidence": rounded(column.found.confidence),
            "by_rule": column.found.by_rule,
            "evidence": column.found.evidence,
            "weighed": column.found.against,
        });
        let carried = column.carried.as_ref().map(|carried| {
            let (label, evidence) = (&carried.label, &carried.evidence);
            json!({ "label": label, "derived": carried.derived, "evidence": evidence })
        });
        let decided = column.decided.as_ref().map(|decided| {
            json!({
                "label": decided.label,
                "by": decided.by,
                "reason": decided.reason,
                "at": Time::from(decided.at),
            })
        });
        if let Some(fields) = object.as_object_mut() {
            fields.insert("machine".into(), found);
            fields.insert("carried".into(), carried.into());
            fields.insert("person".into(), decided.into());
        }
        object
    }

    /// The same for people.
    pub(crate) fn explanation(&self, column: &ColumnLabel) -> Vec<String> {
        let found = &column.found;
        let named = |label: Option<&Label>| match label {
            Some(label) => format!("{label} ({})", self.class(label).as_str()),
            None => "no label".to_owned(),
        };
        let head =
            format!("{} in {}, {}", found.place.path(), found.place.database, found.type_name);
        let mut lines = vec![head];
        let mut say = |key: &str, text: String| lines.push(format!("  {key:<10}{text}"));
        let by = match column.by() {
            LabelledBy::Machine => "what was found",
            LabelledBy::Rule => "a rule in weir.toml",
            LabelledBy::Carried => "values that were written here",
            LabelledBy::Person => "a person's decision",
        };
        say("in force", format!("{}, by {by}", named(column.label())));
        if let Some(decided) = &column.decided {
            let reason =
                if decided.reason.is_empty() { "no reason given" } else { &decided.reason };
            let (label, at) = (named(decided.label.as_ref()), moment(decided.at));
            say("person", format!("{label}, by {} on {at}: {reason}", decided.by));
            if decided.place != found.place {
                say("", format!("decided when it was {}", decided.place.path()));
            }
        }
        if let Some(carried) = &column.carried {
            say("carried", format!("{}: {}", named(Some(&carried.label)), carried.evidence));
            if carried.derived {
                say("", "pieces of values, or values of several labels: masked in full".to_owned());
            }
        }
        let who = if found.by_rule { "rule" } else { "machine" };
        match &found.label {
            Some(label) => {
                let confidence = format!("{:.2}", found.confidence);
                say(who, format!("{}, confidence {confidence}", named(Some(label))));
            }
            None => {
                say(who, "no label: neither name, type, comment nor values speak for one".into())
            }
        }
        for (at, line) in found.evidence.iter().enumerate() {
            say(if at == 0 { "for" } else { "" }, line.clone());
        }
        for (at, line) in found.against.iter().enumerate() {
            say(if at == 0 { "weighed" } else { "" }, line.clone());
        }
        say("found", moment(column.found_at));
        lines
    }
}

/// Confidence to two digits, so that a float shows no noise.
fn rounded(confidence: f32) -> f64 {
    (f64::from(confidence) * 100.0).round() / 100.0
}

/// `2026-01-31 12:00` in UTC.
fn moment(time: SystemTime) -> String {
    let text = Time::from(time).to_string();
    text.get(..16).unwrap_or(&text).replace('T', " ")
}
