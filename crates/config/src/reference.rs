//! The reference page of `weir.toml`, made from the definitions that also read it.

use crate::{
    load::documented,
    table::{Absent, Key},
};
use std::fmt::Write;

/// A section with its keys, for whoever prints them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectionDoc {
    /// `[limits]`, `[[database]]`; empty for the top of the file.
    pub heading: &'static str,
    /// What the section is for.
    pub about: &'static str,
    /// Its keys in order.
    pub keys: Vec<Key>,
}

/// Every section, in the order of the file.
pub fn sections() -> Vec<SectionDoc> {
    let doc = |section: crate::table::Section| SectionDoc {
        heading: section.heading,
        about: section.about,
        keys: section.keys,
    };
    documented().into_iter().map(doc).collect()
}

/// The reference in Markdown, from the second heading level on.
pub fn reference() -> String {
    let mut page = String::new();
    for section in sections() {
        let title = if section.heading.is_empty() { "Top of the file" } else { section.heading };
        let title =
            if section.heading.is_empty() { title.to_owned() } else { format!("`{title}`") };
        // Writing to a String cannot fail.
        let _ = writeln!(page, "## {title}\n\n{}\n", section.about);
        let _ = writeln!(page, "| Key | Value | Default | What it does |\n|---|---|---|---|");
        for key in &section.keys {
            let default = match key.absent {
                Absent::Required => "required".to_owned(),
                Absent::Default(text) => format!("`{text}`"),
                Absent::Nothing => "none".to_owned(),
            };
            let kind = key.kind.replace('|', "\\|");
            let _ = writeln!(page, "| `{}` | {kind} | {default} | {} |", key.name, key.about);
        }
        page.push('\n');
    }
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}

#[cfg(test)]
mod tests;
