//! Kinds of values that rules for labels take: words, patterns of names, expressions, types. Each
//! refuses what no column can ever be. Knows no keys.

use super::{Fault, Kind, Place, text};
use crate::table::a;
use toml::de::DeValue;

/// PostgreSQL cuts names at so many bytes.
const MAX_NAME_BYTES: usize = 63;
/// Sampled values are cut to so many characters, and an expression matches a whole value.
const MAX_SAMPLE_CHARACTERS: usize = 200;
/// Schemas whose columns are not weighed.
const SYSTEM: &[&str] = &["pg_catalog", "information_schema", "pg_toast"];

/// The word for a label.
pub(crate) struct LabelWord;

impl Kind for LabelWord {
    type Value = String;

    fn accept(&self, value: &DeValue<'_>, _: &Place) -> Result<String, Fault> {
        let text = text(value, &self.describe())?;
        let starts = text.starts_with(|c: char| c.is_ascii_lowercase());
        let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !starts || !text.chars().all(word) || text.len() > MAX_NAME_BYTES {
            let help = "write small letters, digits and _, like \"member_badge\"";
            return Err(Fault::help(
                format!("\"{}\" cannot be a label", text.escape_debug()),
                help,
            ));
        }
        if ["none", "unknown"].contains(&text) {
            let help = "for one column, `weir labels set` takes \"none\"";
            return Err(Fault::help(format!("a rule cannot give the label \"{text}\""), help));
        }
        Ok(text.to_owned())
    }

    fn blank(&self) -> String {
        String::new()
    }

    fn describe(&self) -> String {
        "a label's word, as a string".into()
    }
}

/// A pattern of names, of schemas if that is said.
pub(crate) struct Pattern {
    pub(crate) of_schemas: bool,
}

impl Kind for Pattern {
    type Value = String;

    fn accept(&self, value: &DeValue<'_>, _: &Place) -> Result<String, Fault> {
        let text = text(value, &self.describe())?;
        if text.is_empty() {
            let help = "leave it out, or write \"*\"";
            return Err(Fault::help("an empty pattern matches no name", help));
        }
        let least: usize = text.chars().filter(|c| *c != '*').map(char::len_utf8).sum();
        if least > MAX_NAME_BYTES {
            let why = format!("no name is longer than {MAX_NAME_BYTES} bytes, so none can match");
            return Err(Fault::new(why));
        }
        if text.contains('.') && !self.of_schemas {
            let help = "write schema, table and column as keys of their own";
            return Err(Fault::help("a pattern is of one name, without its schema or table", help));
        }
        if self.of_schemas && (SYSTEM.contains(&text) || text.starts_with("pg_")) {
            return Err(Fault::new(format!("columns of \"{text}\" are never weighed")));
        }
        Ok(text.to_owned())
    }

    fn blank(&self) -> String {
        "*".into()
    }

    fn describe(&self) -> String {
        "a pattern of names, as a string: * stands for any run of characters, ? for one; letters \
         match in any case"
            .into()
    }
}

/// An expression that matches whole values.
pub(crate) struct Expression;

impl Kind for Expression {
    type Value = String;

    fn accept(&self, value: &DeValue<'_>, _: &Place) -> Result<String, Fault> {
        let text = text(value, &self.describe())?;
        let help = "the syntax is that of docs.rs/regex, without look-around and back-references";
        let parsed = regex_syntax::parse(text);
        let parsed = parsed.map_err(|error| {
            let first = error.to_string();
            let why = first.lines().last().unwrap_or_default().trim().to_owned();
            let why = why.strip_prefix("error: ").unwrap_or(&why).to_owned();
            Fault::help(format!("this is no regular expression: {why}"), help)
        })?;
        let Some(least) = parsed.properties().minimum_len() else {
            return Err(Fault::new("no value can match this expression"));
        };
        if least > MAX_SAMPLE_CHARACTERS * 4 {
            let why = format!(
                "values are sampled to {MAX_SAMPLE_CHARACTERS} characters, so none can match"
            );
            return Err(Fault::new(why));
        }
        if parsed.properties().maximum_len() == Some(0) {
            return Err(Fault::new("only an empty value matches this expression"));
        }
        Ok(text.to_owned())
    }

    fn blank(&self) -> String {
        String::new()
    }

    fn describe(&self) -> String {
        "a regular expression that matches a whole value, as a string".into()
    }
}

/// Types: one as a string, or several as a list.
pub(crate) struct Types;

impl Kind for Types {
    type Value = Vec<String>;

    fn accept(&self, value: &DeValue<'_>, _: &Place) -> Result<Vec<String>, Fault> {
        let one = |value: &DeValue<'_>| {
            let name = text(value, &self.describe())?.trim().to_lowercase();
            if name.is_empty() {
                return Err(Fault::new("a type's name cannot be empty"));
            }
            if name.contains(['(', '[']) {
                let help = "an array is meant by its elements' type";
                return Err(Fault::help("write the type's name alone, without ( or [", help));
            }
            if let Some(known) = ["serial", "bigserial", "smallserial"].iter().find(|k| **k == name)
            {
                let help = "write \"int4\", \"int8\" or \"int2\"";
                return Err(Fault::help(format!("no column is of type {known}"), help));
            }
            Ok(name)
        };
        match value {
            DeValue::Array(items) if items.is_empty() => {
                Err(Fault::new("an empty list matches no type"))
            }
            DeValue::Array(items) => items.iter().map(|item| one(item.get_ref())).collect(),
            DeValue::String(_) => Ok(vec![one(value)?]),
            other => Err(Fault::new(format!("expected {}, found {}", self.describe(), a(other)))),
        }
    }

    fn blank(&self) -> Vec<String> {
        Vec::new()
    }

    fn describe(&self) -> String {
        "a type's name, as a string, or a list of them (\"text\", \"int8\", \"integer\")".into()
    }
}
