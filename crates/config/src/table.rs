//! One section of the file, read key by key. Every read names its key, kind, default and a sentence
//! about it; what is left over when the section is finished is unknown. Knows no particular key.

use crate::{
    kind::{Fault, Kind, Place},
    problem::nearest,
};
use std::{cell::RefCell, ops::Range, path::Path};
use toml::{
    Spanned,
    de::{DeString, DeTable, DeValue},
};

/// A key as it is defined where it is read, and as the reference page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The key's name within its section.
    pub name: &'static str,
    /// What values it takes, in words.
    pub kind: String,
    /// What holds when the key is absent.
    pub absent: Absent,
    /// One or two sentences.
    pub about: &'static str,
}

/// What holds when a key is absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// The file is refused.
    Required,
    /// This value, as TOML text.
    Default(&'static str),
    /// Nothing; the sentence about the key says what that means.
    Nothing,
}

/// What the sections of one file share: its folder, and everything found so far.
pub(crate) struct Reader {
    pub(crate) place: Place,
    found: RefCell<Found>,
}

/// Sections in the order in which they were read, and what was wrong in them.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) sections: Vec<Section>,
    pub(crate) problems: Vec<(Range<usize>, Fault)>,
    pub(crate) unknown: Vec<UnknownKey>,
}

/// A section as it was read: its heading (`[limits]`, empty for the top), and its keys.
pub(crate) struct Section {
    pub(crate) heading: &'static str,
    pub(crate) about: &'static str,
    pub(crate) keys: Vec<Key>,
}

/// A key that no read asked for.
pub(crate) struct UnknownKey {
    pub(crate) heading: &'static str,
    pub(crate) name: String,
    pub(crate) span: Range<usize>,
    /// It holds a table (or tables), so it was meant as a section.
    pub(crate) is_table: bool,
}

impl Reader {
    pub(crate) fn new(file: &Path) -> Self {
        let base = file.parent().unwrap_or(Path::new("")).to_owned();
        Self { place: Place { base }, found: RefCell::default() }
    }

    /// Adds a problem at a span of the text.
    pub(crate) fn fault(&self, span: Range<usize>, fault: Fault) {
        self.found.borrow_mut().problems.push((span, fault));
    }

    /// How many problems were found so far.
    pub(crate) fn problems(&self) -> usize {
        self.found.borrow().problems.len()
    }

    pub(crate) fn into_found(self) -> Found {
        self.found.into_inner()
    }
}

/// A section that is being read.
pub(crate) struct Table<'r> {
    reader: &'r Reader,
    heading: &'static str,
    about: &'static str,
    span: Range<usize>,
    entries: Vec<(Spanned<DeString<'r>>, Spanned<DeValue<'r>>)>,
    keys: Vec<Key>,
}

impl<'r> Table<'r> {
    /// Starts to read a section.
    pub(crate) fn new(
        reader: &'r Reader,
        heading: &'static str,
        about: &'static str,
        table: Spanned<DeTable<'r>>,
    ) -> Self {
        let span = table.span();
        let entries = table.into_inner().into_iter().collect();
        Self { reader, heading, about, span, entries, keys: Vec::new() }
    }

    /// The reader that the section belongs to, for problems found after the section is finished.
    pub(crate) fn reader(&self) -> &'r Reader {
        self.reader
    }

    /// Where the section stands.
    pub(crate) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Where a key's value stands, if the key is there; to be asked before it is read.
    pub(crate) fn span_of(&self, name: &str) -> Option<Range<usize>> {
        let entry = self.entries.iter().find(|(key, _)| key.get_ref() == name);
        entry.map(|(_, value)| value.span())
    }

    /// Reads a key that has a default.
    pub(crate) fn or<K: Kind>(
        &mut self,
        name: &'static str,
        kind: &K,
        default: &'static str,
        about: &'static str,
    ) -> K::Value {
        self.describe(name, kind, Absent::Default(default), about);
        if let Some(value) = self.take(name) {
            return self.accept(kind, &value).unwrap_or_else(|| kind.blank());
        }
        let parsed = DeValue::parse(default)
            .map_err(|error| Fault::new(error.message()))
            .and_then(|value| kind.accept(value.get_ref(), &self.reader.place));
        parsed.unwrap_or_else(|fault| {
            let message = format!("the default of `{name}` is not valid: {}", fault.message);
            self.reader.fault(self.span(), Fault { message, help: fault.help });
            kind.blank()
        })
    }

    /// Reads a key without which the file is refused.
    pub(crate) fn required<K: Kind>(
        &mut self,
        name: &'static str,
        kind: &K,
        about: &'static str,
    ) -> K::Value {
        self.describe(name, kind, Absent::Required, about);
        let Some(value) = self.take(name) else {
            let message = format!("{} needs `{name}` ({})", self.title(), kind.describe());
            self.reader.fault(self.span(), Fault::new(message));
            return kind.blank();
        };
        self.accept(kind, &value).unwrap_or_else(|| kind.blank())
    }

    /// Reads a key that may be absent.
    pub(crate) fn optional<K: Kind>(
        &mut self,
        name: &'static str,
        kind: &K,
        about: &'static str,
    ) -> Option<K::Value> {
        self.describe(name, kind, Absent::Nothing, about);
        let value = self.take(name)?;
        self.accept(kind, &value)
    }

    /// A section inside this one; absent is the same as empty.
    pub(crate) fn table(
        &mut self,
        name: &str,
        heading: &'static str,
        about: &'static str,
    ) -> Table<'r> {
        let empty =
            |span| Table::new(self.reader, heading, about, Spanned::new(span, DeTable::new()));
        let Some(value) = self.take(name) else {
            return empty(self.span());
        };
        let span = value.span();
        match value.into_inner() {
            DeValue::Table(table) => {
                Table::new(self.reader, heading, about, Spanned::new(span, table))
            }
            other => {
                let message = format!("`{name}` is a section, not {}", a(&other));
                self.reader.fault(span.clone(), Fault::help(message, format!("write {heading}")));
                empty(span)
            }
        }
    }

    /// Sections that may stand any number of times inside this one.
    pub(crate) fn tables(
        &mut self,
        name: &str,
        heading: &'static str,
        about: &'static str,
    ) -> Vec<Table<'r>> {
        let Some(value) = self.take(name) else {
            return Vec::new();
        };
        let span = value.span();
        let DeValue::Array(array) = value.into_inner() else {
            let message = format!("there can be several `{name}` sections");
            self.reader.fault(span, Fault::help(message, format!("write {heading}")));
            return Vec::new();
        };
        let mut tables = Vec::new();
        for value in array {
            let span = value.span();
            match value.into_inner() {
                DeValue::Table(table) => {
                    let table = Spanned::new(span, table);
                    tables.push(Table::new(self.reader, heading, about, table));
                }
                other => {
                    let message = format!("`{name}` holds sections, not {}", a(&other));
                    self.reader.fault(span, Fault::help(message, format!("write {heading}")));
                }
            }
        }
        tables
    }

    /// Adds a problem at a span that the caller got from here.
    pub(crate) fn fault(&self, span: Range<usize>, fault: Fault) {
        self.reader.fault(span, fault);
    }

    /// Ends the reading: what nobody asked for is unknown.
    pub(crate) fn finish(self) {
        let mut found = self.reader.found.borrow_mut();
        for (key, value) in &self.entries {
            let is_table = match value.get_ref() {
                DeValue::Table(_) => true,
                DeValue::Array(items) => {
                    items.iter().any(|item| matches!(item.get_ref(), DeValue::Table(_)))
                }
                _ => false,
            };
            let (name, span) = (key.get_ref().to_string(), key.span());
            found.unknown.push(UnknownKey { heading: self.heading, name, span, is_table });
        }
        let (heading, about, keys) = (self.heading, self.about, self.keys);
        found.sections.push(Section { heading, about, keys });
    }

    fn title(&self) -> &'static str {
        if self.heading.is_empty() { "the file" } else { self.heading }
    }

    fn describe<K: Kind>(
        &mut self,
        name: &'static str,
        kind: &K,
        absent: Absent,
        about: &'static str,
    ) {
        self.keys.push(Key { name, kind: kind.describe(), absent, about });
    }

    fn take(&mut self, name: &str) -> Option<Spanned<DeValue<'r>>> {
        let index = self.entries.iter().position(|(key, _)| key.get_ref() == name)?;
        Some(self.entries.swap_remove(index).1)
    }

    fn accept<K: Kind>(&self, kind: &K, value: &Spanned<DeValue<'r>>) -> Option<K::Value> {
        match kind.accept(value.get_ref(), &self.reader.place) {
            Ok(accepted) => Some(accepted),
            Err(fault) => {
                self.reader.fault(value.span(), fault);
                None
            }
        }
    }
}

/// A TOML value's type with its article, for messages.
pub(crate) fn a(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a fractional number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// What to say about a key that nobody asked for, given every section that exists.
pub(crate) fn unknown_fault(unknown: &UnknownKey, sections: &[Section]) -> Fault {
    let UnknownKey { heading, name, is_table, .. } = unknown;
    if *is_table {
        let parent = heading.trim_matches(['[', ']']);
        let meant = if parent.is_empty() { name.clone() } else { format!("{parent}.{name}") };
        let known = sections.iter().map(|section| section.heading).filter(|one| !one.is_empty());
        let bare: Vec<&str> = known.clone().map(|one| one.trim_matches(['[', ']'])).collect();
        let message = format!("[{meant}] is not a section");
        let near = nearest(&meant, bare.iter().copied());
        let near =
            near.and_then(|near| known.clone().find(|one| one.trim_matches(['[', ']']) == near));
        return match near {
            Some(near) => Fault::help(message, format!("did you mean {near}?")),
            None => Fault::help(
                message,
                format!("sections are {}", known.collect::<Vec<_>>().join(", ")),
            ),
        };
    }
    let place = if heading.is_empty() { "the top of the file" } else { heading };
    let message = format!("`{name}` is not a key of {place}");
    let elsewhere = sections.iter().find(|section| {
        section.heading != *heading && section.keys.iter().any(|key| key.name == name)
    });
    let own = sections.iter().find(|section| section.heading == *heading);
    let own: Vec<&str> =
        own.map(|s| s.keys.iter().map(|key| key.name).collect()).unwrap_or_default();
    match (nearest(name, own.iter().copied()), elsewhere) {
        (Some(near), _) => Fault::help(message, format!("did you mean `{near}`?")),
        (None, Some(other)) if other.heading.is_empty() => Fault::help(
            message,
            format!("`{name}` stands at the top of the file, before any section"),
        ),
        (None, Some(other)) => {
            Fault::help(message, format!("`{name}` belongs to {}", other.heading))
        }
        (None, None) if own.is_empty() => Fault::new(message),
        (None, None) => Fault::help(message, format!("keys here are {}", own.join(", "))),
    }
}
