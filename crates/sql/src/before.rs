//! The rows that an UPDATE or a DELETE is about to change, as a query of its own; and whether a
//! function's text is one that is followed. Works on tokens: what comes of it is a text like any
//! other, to be analysed and decided on before anybody runs it.

use crate::{
    lex::{Kind, Lexer},
    parse, plpgsql,
};
use model::catalog::Function;
use std::ops::Range;

/// A query for the rows that a statement would change or delete, with the same parameters. `None`
/// for every other statement, and for what is not certain to be one of these.
///
/// ```
/// let before = sql::before("UPDATE t AS a SET n = $1 FROM u WHERE u.id = a.id RETURNING a.n");
/// assert_eq!(
///     before.as_deref(),
///     Some("SELECT * FROM t AS a WHERE EXISTS (SELECT FROM u WHERE u.id = a.id)")
/// );
/// assert_eq!(sql::before("DELETE FROM t").as_deref(), Some("SELECT * FROM t"));
/// assert_eq!(sql::before("INSERT INTO t VALUES (1)"), None);
/// ```
pub fn before(text: &str) -> Option<String> {
    let words = Words::of(text)?;
    let verb = words.first(0, &["update", "delete", "insert", "merge", "select"])?;
    if verb > 0 && !words.is(0, "with") {
        return None;
    }
    let update = words.is(verb, "update");
    let target = match update {
        true => verb + 1,
        false if words.is(verb, "delete") && words.is(verb + 1, "from") => verb + 2,
        false => return None,
    };
    let end = words.list.len();
    let returning = words.first(target, &["returning"]).unwrap_or(end);
    let condition = words.first(target, &["where"]).unwrap_or(returning);
    let assigned = if update { words.first(target, &["set"])? } else { target };
    let others = match update {
        true => words.clause_from(assigned, condition),
        false => words.first(target, &["using"]).filter(|at| *at < condition),
    }
    .unwrap_or(condition);
    let named = if update { assigned } else { others };
    if named <= target || words.is(condition + 1, "current") && words.is(condition + 2, "of") {
        return None;
    }
    let piece = |from: usize, to: usize| words.piece(text, from, to);
    let with = if verb > 0 { format!("{} ", piece(0, verb)?) } else { String::new() };
    let relation = piece(target, named)?;
    let narrowed = if condition < returning { piece(condition, returning)? } else { "" };
    let rows = if others < condition {
        let others = piece(others + 1, condition)?;
        let narrowed = if narrowed.is_empty() { "" } else { &format!(" {narrowed}") };
        format!("{with}SELECT * FROM {relation} WHERE EXISTS (SELECT FROM {others}{narrowed})")
    } else {
        format!("{with}SELECT * FROM {relation} {narrowed}")
    };
    Some(rows.trim_end().to_owned())
}

/// True if a function's body can be read as what it does.
pub fn is_followed(function: &Function) -> bool {
    let Some(body) = function.body.as_deref() else { return false };
    match function.language.as_str() {
        "sql" => parse::parse(&crate::function::statements_of(body)).is_ok(),
        "plpgsql" => plpgsql::steps(body).is_some(),
        _ => false,
    }
}

/// The tokens outside of all brackets; what stands within is one with what is before it.
struct Words<'a> {
    text: &'a str,
    list: Vec<(Kind, Range<usize>)>,
}

impl<'a> Words<'a> {
    /// Of one statement whose tokens are certain.
    fn of(text: &'a str) -> Option<Self> {
        let mut list: Vec<(Kind, Range<usize>)> = Vec::new();
        let mut depth = 0_usize;
        let mut ended = false;
        for token in Lexer::new(text) {
            match token.kind {
                Kind::Space | Kind::Comment => continue,
                _ if token.doubtful || ended && token.kind != Kind::Mark(b';') => return None,
                Kind::Mark(b';') if depth == 0 => {
                    ended = true;
                    continue;
                }
                _ => {}
            }
            let closes = matches!(token.kind, Kind::Mark(b')' | b']'));
            match list.last_mut().filter(|_| depth > 0 || closes) {
                Some((_, span)) => span.end = token.span.end,
                None => list.push((token.kind, token.span)),
            }
            match token.kind {
                Kind::Mark(b'(' | b'[') => depth += 1,
                Kind::Mark(b')' | b']') => depth = depth.checked_sub(1)?,
                _ => {}
            }
        }
        (depth == 0).then_some(Self { text, list })
    }

    fn is(&self, at: usize, word: &str) -> bool {
        let token = self.list.get(at).filter(|(kind, _)| *kind == Kind::Word);
        let text = token.and_then(|(_, span)| self.text.get(span.clone()));
        text.is_some_and(|text| text.eq_ignore_ascii_case(word))
    }

    /// The first of these words from a place on.
    fn first(&self, from: usize, words: &[&str]) -> Option<usize> {
        (from..self.list.len()).find(|at| words.iter().any(|word| self.is(*at, word)))
    }

    /// The FROM of an UPDATE: not that of `IS DISTINCT FROM`.
    fn clause_from(&self, from: usize, to: usize) -> Option<usize> {
        (from..to).find(|at| self.is(*at, "from") && !self.is(at.wrapping_sub(1), "distinct"))
    }

    fn piece(&self, text: &'a str, from: usize, to: usize) -> Option<&'a str> {
        let start = self.list.get(from)?.1.start;
        let end = self.list.get(to.checked_sub(1)?)?.1.end;
        text.get(start..end)
    }
}

#[cfg(test)]
mod tests {
    use super::before;

    #[test]
    fn the_rows_are_those_that_would_change() {
        for (statement, rows) in [
            ("update t set a = 1 where id = 5;", "SELECT * FROM t where id = 5"),
            ("update only s.t * set a = b is distinct from c", "SELECT * FROM only s.t *"),
            (
                "UPDATE \"from\" SET a = (select 1 from x where y) -- where",
                "SELECT * FROM \"from\"",
            ),
            (
                "delete from t as x where x.id in (1, 2) returning *",
                "SELECT * FROM t as x where x.id in (1, 2)",
            ),
            (
                "delete from t using u, v where u.id = t.id",
                "SELECT * FROM t WHERE EXISTS (SELECT FROM u, v where u.id = t.id)",
            ),
            (
                "with u as (select * from v) update t set a = 'where' from u",
                "with u as (select * from v) SELECT * FROM t WHERE EXISTS (SELECT FROM u)",
            ),
            (
                "/* a */ update t set (a, b) = (1, extract(day from now())) where t.b = $2",
                "SELECT * FROM t where t.b = $2",
            ),
        ] {
            assert_eq!(before(statement).as_deref(), Some(rows), "{statement}");
        }
    }

    #[test]
    fn what_is_not_certain_is_none() {
        for statement in [
            "insert into t select * from u",
            "update t set a = 1 where current of c",
            "delete from t; delete from u",
            "update t set a = 'it''s",
            "merge into t using u on true when matched then delete",
            "select 1",
            "update set set a = 1",
            "delete t",
            "drop table t",
            "explain delete from t",
            "prepare p as delete from t",
            ")",
            "",
        ] {
            assert_eq!(before(statement), None, "{statement}");
        }
    }
}
