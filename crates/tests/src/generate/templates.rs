//! What the grammar has for values of each type: the data in `templates.txt`, taken apart once.
//! Knows nothing of schemas.

use super::Type;
use std::collections::HashMap;
use std::sync::OnceLock;

/// The templates of a section; a section that is not there is empty.
pub(super) fn section(name: &str) -> &'static [&'static str] {
    static SECTIONS: OnceLock<HashMap<&str, Vec<&str>>> = OnceLock::new();
    let sections = SECTIONS.get_or_init(|| {
        let mut sections: HashMap<&str, Vec<&str>> = HashMap::new();
        let mut current = "";
        for line in include_str!("templates.txt").lines() {
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                current = name;
            } else if !line.is_empty() && !line.starts_with('#') {
                sections.entry(current).or_default().push(line);
            }
        }
        sections
    });
    sections.get(name).map(Vec::as_slice).unwrap_or_default()
}

impl Type {
    /// The types and their letters in templates.
    pub(super) const ALL: [(char, Self); 11] = [
        ('t', Self::Text),
        ('n', Self::Numeric),
        ('d', Self::Date),
        ('i', Self::Int),
        ('b', Self::Bool),
        ('s', Self::Time),
        ('j', Self::Json),
        ('a', Self::Array),
        ('y', Self::Bytes),
        ('x', Self::Xml),
        ('o', Self::Other),
    ];

    pub(super) fn by_letter(letter: char) -> Option<Self> {
        Self::ALL.iter().find(|(own, _)| *own == letter).map(|(_, ty)| *ty)
    }

    pub(super) fn letter(self) -> char {
        Self::ALL.iter().find(|(_, ty)| *ty == self).map_or('o', |(letter, _)| *letter)
    }

    /// The name that a cast takes.
    pub(super) fn cast(self) -> &'static str {
        match self {
            Self::Int => "int",
            Self::Numeric => "numeric",
            Self::Bool => "bool",
            Self::Date => "date",
            Self::Time => "timestamp",
            Self::Json => "jsonb",
            Self::Array => "text[]",
            Self::Bytes => "bytea",
            Self::Xml => "xml",
            Self::Text | Self::Other => "text",
        }
    }
}
