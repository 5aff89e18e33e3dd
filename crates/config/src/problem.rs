//! What is wrong with a file, and where. Knows nothing of what the file means.

use std::{fmt, path::PathBuf};

/// One thing that is wrong, at one place of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, as it was named by whoever asked for it.
    pub file: PathBuf,
    /// Line, from 1; 0 if the problem has no place (the file cannot be read).
    pub line: usize,
    /// Column in characters, from 1; 0 if the problem has no place.
    pub column: usize,
    /// What is wrong, in one sentence without a full stop. Never holds a secret.
    pub message: String,
    /// What would work.
    pub help: Option<String>,
}

impl fmt::Display for Problem {
    /// `file:line:column: message`, the form that editors make clickable; without the help.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        write!(f, ": {}", self.message)
    }
}

/// Line and column, both from 1, of a byte offset; the column counts characters. An offset past the
/// end means the end.
pub(crate) fn place(text: &str, offset: usize) -> (usize, usize) {
    let mut end = offset.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let before = text.get(..end).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
    (line, column)
}

/// The word of `known` that is nearest to `word`, if it is near enough to be a slip: at most one
/// edit in three characters.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let mut best = None;
    for candidate in known {
        let edits = distance(word, candidate);
        let allowed = word.chars().count().max(candidate.chars().count()).div_ceil(3);
        if edits <= allowed && best.is_none_or(|(least, _)| edits < least) {
            best = Some((edits, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Optimal string alignment distance: insertion, deletion, substitution and the swap of two
/// neighbours count one each (`hots` is one edit from `host`).
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    let at = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX / 2);
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in right.iter().enumerate() {
            let substituted = at(&above, j) + usize::from(a != b);
            let mut least = substituted.min(at(&above, j + 1) + 1).min(at(&row, j) + 1);
            let crossed =
                i > 0 && j > 0 && left.get(i - 1) == Some(b) && right.get(j - 1) == Some(a);
            if crossed {
                least = least.min(at(&before, j - 1) + 1);
            }
            row.push(least);
        }
        before = above;
        above = row;
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests;
