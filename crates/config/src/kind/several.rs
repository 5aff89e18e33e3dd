//! Lists of texts, and values under names of one's own. Knows no keys.

use super::{Fault, Kind, Place, Text};
use crate::table::a;
use std::collections::BTreeMap;
use toml::de::DeValue;

/// The most entries of a list or a table.
const MOST: usize = 10_000;

/// A list of texts that differ.
pub(crate) struct Texts {
    /// What each is, in words.
    pub(crate) what: &'static str,
}

impl Kind for Texts {
    type Value = Vec<String>;

    fn accept(&self, value: &DeValue<'_>, place: &Place) -> Result<Vec<String>, Fault> {
        let DeValue::Array(items) = value else {
            return Err(Fault::new(format!("expected {}, found {}", self.describe(), a(value))));
        };
        let text = Text { what: self.what };
        let mut texts: Vec<String> = Vec::new();
        for item in items {
            let item = text.accept(item.get_ref(), place)?;
            if texts.contains(&item) || texts.len() >= MOST {
                return Err(Fault::new(format!("\"{item}\" is too many")));
            }
            texts.push(item);
        }
        Ok(texts)
    }

    fn blank(&self) -> Vec<String> {
        Vec::new()
    }

    fn describe(&self) -> String {
        format!("a list of strings, each {}", self.what)
    }
}

/// A table of names that the file chooses, each with a value of one kind.
pub(crate) struct Named<K>(pub(crate) K);

impl<K: Kind> Kind for Named<K> {
    type Value = BTreeMap<String, K::Value>;

    fn accept(&self, value: &DeValue<'_>, place: &Place) -> Result<Self::Value, Fault> {
        let DeValue::Table(entries) = value else {
            return Err(Fault::new(format!("expected {}, found {}", self.describe(), a(value))));
        };
        if entries.len() > MOST {
            return Err(Fault::new(format!("these are more than {MOST}")));
        }
        let named = entries.iter().map(|(name, value)| {
            Ok((name.get_ref().to_string(), self.0.accept(value.get_ref(), place)?))
        });
        named.collect()
    }

    fn blank(&self) -> Self::Value {
        BTreeMap::new()
    }

    fn describe(&self) -> String {
        format!("a table {{ name = value, … }}, each value {}", self.0.describe())
    }
}
