//! Commands of the replication grammar (`repl_gram.y`), which is not SQL: what a walsender is
//! asked for. Knows their words, not what they return.
//!
//! A server decides by the first token alone, in upper case and before any comment, whether a text
//! is such a command. What begins so is never SQL to it, so that a text cannot be one thing here
//! and another there. `SHOW` is the exception: it is SQL too, so the caller says whether the
//! connection has any SQL.

use model::{
    Facts, Operation,
    facts::{Effect, Unknown},
};

/// The words that begin a command, of PostgreSQL 13 to 18. None begins a statement of SQL.
const COMMANDS: &[&str] = &[
    "IDENTIFY_SYSTEM",
    "TIMELINE_HISTORY",
    "CREATE_REPLICATION_SLOT",
    "ALTER_REPLICATION_SLOT",
    "READ_REPLICATION_SLOT",
    "DROP_REPLICATION_SLOT",
    "START_REPLICATION",
    "BASE_BACKUP",
    "UPLOAD_MANIFEST",
];
/// Where a base backup may go without being written by the server.
const HARMLESS_TARGETS: &[&str] = &["'client'", "'blackhole'"];

/// A command, understood as far as a record and a policy need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicationCommand {
    /// What it does.
    pub facts: Facts,
    /// Its text without values: literals, numbers and log positions are `?`.
    pub normalised: String,
}

/// Reads a text as a command of the replication grammar; `None` if the server takes it for SQL.
/// `sql`: the connection has SQL beside the commands, so that SHOW is SQL.
pub fn replication_command(text: &str, sql: bool) -> Option<ReplicationCommand> {
    let tokens = tokens(text);
    let first = tokens.first().filter(|token| token.kind == Kind::Word)?.text;
    let known = COMMANDS.contains(&first) || first == "SHOW" && !sql;
    if !known {
        return None;
    }
    let slot = tokens.iter().skip(1).find(|token| {
        matches!(token.kind, Kind::Word | Kind::Quoted) && !matches!(token.text, "SLOT")
    });
    let object = match (first.ends_with("_REPLICATION_SLOT"), slot) {
        (true, Some(slot)) => format!("{first} of slot {}", slot.text),
        (false, Some(slot)) if first == "START_REPLICATION" => {
            format!("{first} from slot {}", slot.text)
        }
        _ => first.to_owned(),
    };
    let effect = |operation, object: String| Effect {
        operation,
        relation: None,
        object: Some(object),
        unbounded: false,
    };
    let mut effects = vec![effect(Operation::Replication, object)];
    if writes_server_files(&tokens) {
        effects.push(effect(Operation::ServerFile, "a base backup on the server".to_owned()));
    }
    let facts = Facts {
        operation: Operation::Replication,
        effects,
        functions: Vec::new(),
        code: Vec::new(),
        columns: Vec::new(),
        look_ups: Vec::new(),
        outputs: None,
        outputs_unknown: false,
        dynamic: false,
        unknowns: Vec::<Unknown>::new(),
        session: Vec::new(),
        ties: Vec::new(),
        moves: Vec::new(),
        made: Vec::new(),
        renamed: Vec::new(),
        keeps_names: true,
    };
    Some(ReplicationCommand { facts, normalised: normalise(&tokens) })
}

/// True if a base backup's target may be a place of the server's own.
fn writes_server_files(tokens: &[Token<'_>]) -> bool {
    let mut after = tokens.iter().skip_while(|token| token.text != "BASE_BACKUP").skip(1);
    while let Some(token) = after.next() {
        let name = token.text.trim_matches('"');
        if name.eq_ignore_ascii_case("target")
            && after.next().is_none_or(|value| !HARMLESS_TARGETS.contains(&value.text))
        {
            return true;
        }
    }
    false
}

fn normalise(tokens: &[Token<'_>]) -> String {
    let mut out = String::new();
    for token in tokens {
        let tight = matches!(token.text, ")" | "," | ";") || out.ends_with('(') || out.is_empty();
        if !tight {
            out.push(' ');
        }
        match token.kind {
            Kind::Value => out.push('?'),
            Kind::Word | Kind::Quoted | Kind::Mark => out.push_str(token.text),
        }
    }
    out
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Keyword or identifier.
    Word,
    /// `"…"`.
    Quoted,
    /// A string, a number or a log position.
    Value,
    /// Any other character.
    Mark,
}

#[derive(Clone, Copy, Debug)]
struct Token<'a> {
    kind: Kind,
    text: &'a str,
}

/// Splits a command as `repl_scanner.l` does; never fails. What is not closed runs to the end.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut rest = text.trim_start_matches(is_space);
    while let Some(first) = rest.chars().next() {
        let (kind, length) = match first {
            '\'' => (Kind::Value, quoted(rest, '\'')),
            '"' => (Kind::Quoted, quoted(rest, '"')),
            first if is_word(first) || first == '/' => {
                let length = rest.find(|c| !is_word(c) && c != '/').unwrap_or(rest.len());
                let word = rest.get(..length).unwrap_or_default();
                let value = first.is_ascii_digit() || word.contains('/');
                (if value { Kind::Value } else { Kind::Word }, length)
            }
            other => (Kind::Mark, other.len_utf8()),
        };
        let (token, others) = rest.split_at_checked(length).unwrap_or((rest, ""));
        found.push(Token { kind, text: token });
        rest = others.trim_start_matches(is_space);
    }
    found
}

/// The length of what is quoted at the front, its quotes included; a doubled quote is one inside.
fn quoted(text: &str, quote: char) -> usize {
    let mut from = 1;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find(quote)) {
        from += at + 1;
        if !text.get(from..).is_some_and(|rest| rest.starts_with(quote)) {
            return from;
        }
        from += 1;
    }
    text.len()
}

const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0c' | '\x0b')
}

const fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii()
}

#[cfg(test)]
mod tests;
