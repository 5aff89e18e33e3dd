//! Counts of statements that the sums of days have: a `count(*)` over the view `statements` visits
//! every row of millions, the sums have some for each day. Knows no tables, only views.

/// Columns of `statements` whose sums `daily` keeps apart, and none smaller.
const OF_SHAPES: &[&str] = &["operation", "verdict"];
/// Columns whose sums `totals_daily` keeps apart.
const OF_WHO: &[&str] = &["identity", "kind", "acts_for", "database"];
/// The column that `days` has too. It is a number, all others are texts.
const DAY: &str = "day_number";

/// `SELECT count(*) FROM statements`, with or without conditions on what days' sums know, as a
/// question to these sums, with the same answer. `None` of any other query.
pub(crate) fn of_sums(query: &str) -> Option<String> {
    let tokens = tokens(query)?;
    let mut rest = Rest { query, tokens: &tokens };
    rest.word("select")?;
    let begin = rest.at();
    rest.all(&["count", "(", "*", ")"])?;
    let name = query.get(begin..rest.before(begin)?)?.trim_end();
    let name = match rest.word("as") {
        Some(()) => format!("\"{}\"", rest.next().filter(|token| is_name(token))?),
        None => format!("\"{name}\""),
    };
    rest.all(&["from", "statements"])?;
    let mut view = "days";
    let mut conditions = "";
    if rest.word("where").is_some() {
        let begin = rest.at();
        loop {
            view = larger(view, rest.condition()?);
            if rest.word("and").is_none() {
                break;
            }
        }
        conditions = query.get(begin..rest.at())?;
    }
    rest.word(";");
    if !rest.tokens.is_empty() {
        return None;
    }
    let conditions = conditions.trim_end().trim_end_matches(';');
    let wheres = if conditions.is_empty() { "" } else { " WHERE " };
    Some(format!("SELECT coalesce(sum(statements), 0) AS {name} FROM {view}{wheres}{conditions}"))
}

/// The one of two views that keeps more apart.
fn larger<'v>(one: &'v str, other: &'v str) -> &'v str {
    let size = |view| ["days", "totals_daily", "daily"].iter().position(|known| *known == view);
    if size(other) > size(one) { other } else { one }
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

fn is_number(token: &str) -> bool {
    // Longer ones may be no whole numbers of SQLite's.
    token.len() <= 18 && token.bytes().all(|b| b.is_ascii_digit())
}

/// The tokens of a query, each with its place; `None` if there is any that no count of sums needs,
/// or a comment.
fn tokens(query: &str) -> Option<Vec<(usize, &str)>> {
    let mut tokens = Vec::new();
    let mut rest = query.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\'' => quoted(rest)?,
            '(' | ')' | '*' | ',' | ';' | '=' => 1,
            '<' if rest.starts_with("<>") || rest.starts_with("<=") => 2,
            '>' if rest.starts_with(">=") => 2,
            '!' if rest.starts_with("!=") => 2,
            '<' | '>' => 1,
            _ => {
                let is_apart = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
                let length = rest.find(is_apart).unwrap_or(rest.len());
                (length > 0).then_some(length)?
            }
        };
        let (token, behind) = rest.split_at_checked(length)?;
        tokens.push((query.len() - rest.len(), token));
        rest = behind.trim_start();
    }
    Some(tokens)
}

/// The length of the text in quotes that stands here; a quote within is written twice.
fn quoted(text: &str) -> Option<usize> {
    let mut at = 1;
    loop {
        at += text.get(at..)?.find('\'')? + 1;
        match text.get(at..)?.strip_prefix('\'') {
            Some(_) => at += 1,
            None => return Some(at),
        }
    }
}

/// What of a query is not understood yet.
struct Rest<'q, 't> {
    query: &'q str,
    tokens: &'t [(usize, &'q str)],
}

impl<'q> Rest<'q, '_> {
    fn next(&mut self) -> Option<&'q str> {
        let ((_, first), rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    /// Goes past a token, if it stands here.
    fn word(&mut self, word: &str) -> Option<()> {
        let ((_, first), rest) = self.tokens.split_first()?;
        first.eq_ignore_ascii_case(word).then(|| self.tokens = rest)
    }

    fn all(&mut self, words: &[&str]) -> Option<()> {
        words.iter().try_for_each(|word| self.word(word))
    }

    /// Where in the query the next token begins.
    fn at(&self) -> usize {
        self.tokens.first().map_or(self.query.len(), |(at, _)| *at)
    }

    /// The same, if it is behind this place.
    fn before(&self, begin: usize) -> Option<usize> {
        Some(self.at()).filter(|at| *at > begin)
    }

    /// Goes past one condition; the smallest view that has its column.
    fn condition(&mut self) -> Option<&'static str> {
        let column = self.next()?.to_ascii_lowercase();
        let (view, is_literal): (_, fn(&str) -> bool) = match column.as_str() {
            DAY => ("days", is_number),
            column if OF_WHO.contains(&column) => ("totals_daily", |text| text.starts_with('\'')),
            column if OF_SHAPES.contains(&column) => ("daily", |text| text.starts_with('\'')),
            _ => return None,
        };
        let operator = self.next()?;
        if operator.eq_ignore_ascii_case("in") {
            self.word("(")?;
            loop {
                self.next().filter(|token| is_literal(token))?;
                match self.next()? {
                    "," => {}
                    ")" => return Some(view),
                    _ => return None,
                }
            }
        }
        let is_known = ["=", "<>", "!=", "<", "<=", ">", ">="].contains(&operator);
        (is_known && self.next().is_some_and(is_literal)).then_some(view)
    }
}

#[cfg(test)]
mod tests {
    use super::of_sums;

    #[test]
    fn counts_that_sums_know_are_asked_of_them() {
        for (query, sums) in [
            (
                "SELECT count(*) FROM statements",
                "SELECT coalesce(sum(statements), 0) AS \"count(*)\" FROM days",
            ),
            (
                "select Count( * )\nfrom STATEMENTS ; ",
                "SELECT coalesce(sum(statements), 0) AS \"Count( * )\" FROM days",
            ),
            (
                "SELECT count(*) AS n FROM statements WHERE day_number >= 20000;",
                "SELECT coalesce(sum(statements), 0) AS \"n\" FROM days WHERE day_number >= 20000",
            ),
            (
                "SELECT count(*) FROM statements WHERE identity IN ('o''hara', 'x;y') AND \
                 day_number<2",
                "SELECT coalesce(sum(statements), 0) AS \"count(*)\" FROM totals_daily WHERE \
                 identity IN ('o''hara', 'x;y') AND day_number<2",
            ),
            (
                "SELECT count(*) FROM statements WHERE verdict = 'deny' AND identity <> 'ä'",
                "SELECT coalesce(sum(statements), 0) AS \"count(*)\" FROM daily WHERE \
                 verdict = 'deny' AND identity <> 'ä'",
            ),
        ] {
            assert_eq!(of_sums(query).as_deref(), Some(sums), "{query}");
        }
    }

    #[test]
    fn nothing_else_is() {
        for query in [
            "",
            "SELECT count(*)",
            "SELECT count(1) FROM statements",
            "SELECT count(*), 1 FROM statements",
            "SELECT count(*) FROM statements s",
            "SELECT count(*) FROM statements, days",
            "SELECT count(*) FROM statements LIMIT 0",
            "SELECT count(*) FROM statements WHERE state = 'refused'",
            "SELECT count(*) FROM statements WHERE identity = kind",
            "SELECT count(*) FROM statements WHERE identity = 'a' OR kind = 'b'",
            "SELECT count(*) FROM statements WHERE identity = 'a' COLLATE nocase",
            "SELECT count(*) FROM statements WHERE identity = 'a",
            "SELECT count(*) FROM statements WHERE identity = \"a\"",
            "SELECT count(*) FROM statements WHERE identity = 5",
            "SELECT count(*) FROM statements WHERE day_number = '5'",
            "SELECT count(*) FROM statements WHERE day_number = 5.5",
            "SELECT count(*) FROM statements WHERE day_number = 1e3",
            "SELECT count(*) FROM statements WHERE NOT identity = 'a'",
            "SELECT count(*) FROM statements WHERE",
            "SELECT count(*) FROM statements -- all",
            "SELECT count(*) FROM statements; SELECT 1",
            "SELECT count(*) AS 'n' FROM statements",
            "WITH statements AS (SELECT 1) SELECT count(*) FROM statements",
        ] {
            assert_eq!(of_sums(query), None, "{query}");
        }
    }
}
