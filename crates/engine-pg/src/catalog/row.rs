//! Taking values off a catalog row in text format, in the order of the query's columns. Knows no
//! query.

use super::CatalogError;
use std::str::FromStr;
use wire_pg::{Values, value::ValuesIter};

/// A row that is read from left to right.
pub(super) struct Row<'a> {
    values: ValuesIter<'a>,
    /// What the row is of, for errors.
    part: &'static str,
}

impl<'a> Row<'a> {
    pub(super) fn new(values: Values<'a>, part: &'static str) -> Self {
        Self { values: values.iter(), part }
    }

    fn wrong(&self) -> CatalogError {
        CatalogError::Row(self.part)
    }

    /// The next value; `None` is NULL.
    fn next(&mut self) -> Result<Option<&'a [u8]>, CatalogError> {
        self.values.next().ok_or_else(|| self.wrong())
    }

    /// Text. What is not UTF-8 (a SQL_ASCII database) keeps no name that a statement could match,
    /// and so counts as unknown.
    pub(super) fn text(&mut self) -> Result<String, CatalogError> {
        self.optional()?.ok_or_else(|| self.wrong())
    }

    pub(super) fn optional(&mut self) -> Result<Option<String>, CatalogError> {
        Ok(self.next()?.map(|value| String::from_utf8_lossy(value).into_owned()))
    }

    /// A number.
    pub(super) fn number<T: FromStr>(&mut self) -> Result<T, CatalogError> {
        let text = self.next()?.and_then(|value| std::str::from_utf8(value).ok());
        text.and_then(|text| text.parse().ok()).ok_or_else(|| self.wrong())
    }

    /// A boolean, `t` or `f`.
    pub(super) fn boolean(&mut self) -> Result<bool, CatalogError> {
        match self.next()? {
            Some(b"t") => Ok(true),
            Some(b"f") => Ok(false),
            _ => Err(self.wrong()),
        }
    }

    /// A value of type `"char"`.
    pub(super) fn letter(&mut self) -> Result<char, CatalogError> {
        match self.next()? {
            Some([letter]) => Ok(char::from(*letter)),
            _ => Err(self.wrong()),
        }
    }

    /// An `int2vector` or `oidvector`: numbers with blanks between them.
    pub(super) fn vector<T: FromStr>(&mut self) -> Result<Vec<T>, CatalogError> {
        let text = self.text()?;
        let numbers = text.split_ascii_whitespace().map(str::parse);
        numbers.collect::<Result<_, _>>().map_err(|_| self.wrong())
    }

    /// An array of one dimension; NULL is empty, a NULL element is refused.
    pub(super) fn array(&mut self) -> Result<Vec<String>, CatalogError> {
        let Some(text) = self.optional()? else { return Ok(Vec::new()) };
        array(&text).ok_or_else(|| self.wrong())
    }

    /// An array of numbers.
    pub(super) fn numbers<T: FromStr>(&mut self) -> Result<Vec<T>, CatalogError> {
        let elements = self.array()?;
        let numbers = elements.iter().map(|element| element.parse());
        numbers.collect::<Result<_, _>>().map_err(|_| self.wrong())
    }
}

/// The elements of an array literal as PostgreSQL writes it (manual, "Array Input and Output
/// Syntax"): one dimension, comma between, quotes and backslashes where needed.
fn array(text: &str) -> Option<Vec<String>> {
    // A lower bound other than one is written in front: `[0:2]={…}`.
    let braces = match text.strip_prefix('[') {
        Some(bounds) => bounds.split_once('=')?.1,
        None => text,
    };
    let inside = braces.strip_prefix('{')?.strip_suffix('}')?;
    let mut elements = Vec::new();
    let mut characters = inside.chars().peekable();
    while characters.peek().is_some() {
        let mut element = String::new();
        let quoted = characters.next_if_eq(&'"').is_some();
        let ended = loop {
            match characters.next() {
                Some('\\') => element.push(characters.next()?),
                Some('"') if quoted => match characters.next() {
                    None => break false,
                    Some(',') => break true,
                    Some(_) => return None,
                },
                Some(',') if !quoted => break true,
                Some('{' | '}' | '"') if !quoted => return None,
                Some(other) => element.push(other),
                None if quoted => return None,
                None => break false,
            }
        };
        if !quoted && (element.is_empty() || element == "NULL") {
            return None;
        }
        elements.push(element);
        // A comma promises another element.
        if ended && characters.peek().is_none() {
            return None;
        }
    }
    Some(elements)
}

#[cfg(test)]
mod tests;
