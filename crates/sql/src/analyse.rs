//! The way of a text: guards, grammar, then one statement after the other. Knows no statement.

use crate::{Analysed, MAX_NESTING, MAX_STATEMENT_BYTES, Scope, SyntaxError, lex, parse};
use model::{Catalog, Facts};
use std::sync::Arc;

/// States what each statement of a text does. Total: what is too long, too deep or not PostgreSQL
/// is one statement with unknown facts. An empty text has no statements.
pub fn analyse(text: &str, _catalog: &Catalog, _scope: &Scope) -> Vec<Analysed> {
    if text.len() > MAX_STATEMENT_BYTES {
        let why = format!("it is longer than {MAX_STATEMENT_BYTES} bytes; split it");
        return unknown(text, "the whole text", why, None);
    }
    if text.contains('\0') {
        return unknown(text, "the whole text", "it holds a NUL byte".to_owned(), None);
    }
    if lex::nesting(text) > MAX_NESTING {
        let why = format!("it nests deeper than {MAX_NESTING} levels; flatten it");
        return unknown(text, "the whole text", why, None);
    }
    match parse::parse(text) {
        Ok(_) => unknown(text, "the statement", "analysis is not built yet".to_owned(), None),
        Err(message) => {
            let error = parse::locate(text, message);
            let why = "the grammar of PostgreSQL 18 rejects it".to_owned();
            unknown(text, "the whole text", why, Some(error))
        }
    }
}

fn unknown(
    text: &str,
    what: &str,
    why: String,
    syntax_error: Option<SyntaxError>,
) -> Vec<Analysed> {
    let facts = Arc::new(Facts::unknown(what, why));
    vec![Analysed { facts, span: 0..text.len(), syntax_error, copy: None, empty: false }]
}
