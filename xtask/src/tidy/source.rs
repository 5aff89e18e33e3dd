//! Rules on one source file: header, length, width, functions, banners, notes. Knows Rust's
//! lexical form only as far as telling code from comments and strings.

use super::Complaint;

/// Lines of a file outside tests.
const MAX_FILE_LINES: usize = 500;
/// Lines of a function outside tests, signature and closing brace included.
const MAX_FUNCTION_LINES: usize = 70;
/// Characters of a line.
const MAX_COLUMNS: usize = 100;
/// So many equal signs in a row in a comment are a banner.
const BANNER_RUN: usize = 4;

/// Whether size does not matter: tests are read one case at a time.
pub(super) fn is_test(file: &str) -> bool {
    file.contains("/tests/") || file.ends_with("/tests.rs") || file.contains("/benches/")
}

/// Everything that is wrong with the file.
pub(super) fn check(file: &str, text: &str) -> Vec<Complaint> {
    let mut found: Vec<(usize, &'static str, String)> = Vec::new();
    if !text.starts_with("//!") {
        let message = "begins without //!: say what it is and what it must not know";
        found.push((1, "header", message.to_owned()));
    }
    let lines = text.lines().count();
    if lines > MAX_FILE_LINES && !is_test(file) {
        let message = format!("{lines} lines, {MAX_FILE_LINES} at most");
        found.push((0, "file-length", message));
    }
    for (index, line) in text.lines().enumerate() {
        // Cases in tests are data: a long literal there is no long line of thought.
        let literal = is_test(file) && line.contains('"');
        check_line(index + 1, line, literal, &mut found);
    }
    if !is_test(file) {
        check_functions(text, &mut found);
    }
    found
        .into_iter()
        .map(|(line, rule, message)| Complaint { file: file.to_owned(), line, rule, message })
        .collect()
}

fn check_line(
    number: usize,
    line: &str,
    literal: bool,
    found: &mut Vec<(usize, &'static str, String)>,
) {
    let columns = line.chars().count();
    if columns > MAX_COLUMNS && !literal && !line.contains("https://") {
        found.push((number, "columns", format!("{columns} columns, {MAX_COLUMNS} at most")));
    }
    let Some(comment) = line.trim_start().strip_prefix("//") else { return };
    for word in [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")] {
        let noted = comment.split(|c: char| !c.is_alphanumeric()).any(|one| one == word);
        if noted && !has_issue(comment) {
            found.push((number, "note", format!("{word} without an issue number (#12)")));
        }
    }
    if is_banner(comment) {
        found.push((number, "banner", "a banner: make a module or a sentence of it".to_owned()));
    }
    let plain = !comment.starts_with('/') && !comment.starts_with('!');
    if plain && is_code(comment.trim()) {
        found.push((number, "dead-code", "commented-out code: git remembers it".to_owned()));
    }
}

fn has_issue(comment: &str) -> bool {
    comment.split('#').skip(1).any(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// `----`, `====`, `////` and the like in a comment. Tables and code in docs use pipes and ticks.
fn is_banner(comment: &str) -> bool {
    if comment.contains('|') || comment.contains('`') {
        return false;
    }
    ["-", "=", "*", "#", "/", "~"].iter().any(|sign| comment.contains(&sign.repeat(BANNER_RUN)))
}

fn is_code(comment: &str) -> bool {
    let begins = ["let ", "use ", "fn ", "pub ", "if ", "for ", "return ", "match ", "self."];
    let ends = [";", "{", ");", "},"];
    begins.iter().any(|word| comment.starts_with(word))
        && ends.iter().any(|word| comment.ends_with(word))
}

fn check_functions(text: &str, found: &mut Vec<(usize, &'static str, String)>) {
    let code = blank(text);
    for (line, length, name) in functions(&code) {
        if length > MAX_FUNCTION_LINES {
            let message = format!("`{name}` has {length} lines, {MAX_FUNCTION_LINES} at most");
            found.push((line, "function-length", message));
        }
    }
}

/// Where each function begins, how many lines it has, what it is called.
fn functions(code: &str) -> Vec<(usize, usize, String)> {
    let mut list = Vec::new();
    let mut from = 0;
    while let Some(at) = code.get(from..).and_then(|rest| rest.find("fn ")).map(|at| at + from) {
        from = at + 3;
        let before = code.get(..at).and_then(|text| text.chars().next_back());
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let Some(rest) = code.get(from..) else { break };
        let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        if let Some(end) = body_end(rest).filter(|_| !name.is_empty()) {
            let line = code.get(..at).map_or(0, |text| text.matches('\n').count()) + 1;
            let length = rest.get(..end).map_or(0, |text| text.matches('\n').count()) + 1;
            list.push((line, length, name));
        }
    }
    list
}

/// The offset behind the closing brace of the body; `None` for a declaration without one.
fn body_end(rest: &str) -> Option<usize> {
    let (mut depth, mut brackets) = (0_usize, 0_usize);
    for (offset, c) in rest.char_indices() {
        match c {
            '(' | '[' => brackets += 1,
            ')' | ']' => brackets = brackets.saturating_sub(1),
            // A semicolon inside brackets belongs to an array type.
            ';' if depth == 0 && brackets == 0 => return None,
            '{' => depth += 1,
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(offset + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// The text with comments, strings and characters blanked out; line ends stay.
fn blank(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = opaque(rest, out.chars().next_back());
        let (hidden, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        if length == 0 {
            out.push(c);
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        } else {
            out.extend(hidden.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            rest = after;
        }
    }
    out
}

/// Bytes of the comment, string or character that `rest` begins with; 0 if it begins with none.
fn opaque(rest: &str, before: Option<char>) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return rest.find("*/").map_or(rest.len(), |at| at + 2);
    }
    let in_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let raw = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r'));
    if let (Some(after), false) = (raw, in_word) {
        let hashes = after.chars().take_while(|c| *c == '#').count();
        if after.get(hashes..).is_some_and(|text| text.starts_with('"')) {
            let end = format!("\"{}", "#".repeat(hashes));
            let begin = rest.len() - after.len() + hashes + 1;
            let found = rest.get(begin..).and_then(|text| text.find(&end));
            return found.map_or(rest.len(), |at| begin + at + end.len());
        }
    }
    if rest.starts_with('"') {
        return quoted(rest, '"');
    }
    if rest.starts_with('\'') { character(rest) } else { 0 }
}

/// Bytes of a quoted piece with backslash escapes.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (offset, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return offset + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Bytes of a character literal; 0 for a lifetime.
fn character(rest: &str) -> usize {
    let mut inside = rest.chars().skip(1);
    match (inside.next(), inside.next()) {
        (Some('\\'), _) => quoted(rest, '\''),
        (Some(c), Some('\'')) => c.len_utf8() + 2,
        _ => 0,
    }
}

#[cfg(test)]
mod tests;
