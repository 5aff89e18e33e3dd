//! What could come next in a question: words of the language, and values that the record knows.

use crate::{
    answers::Answers,
    error::IndexError,
    question::{WORDS, few},
    sql::Limits,
};

/// A question that goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggested {
    /// The whole of it.
    pub question: String,
    /// What was added means; empty for a value.
    pub meaning: &'static str,
}

impl Answers {
    /// How the last term of a question could go on. Values are those of statements in the index.
    pub fn suggest(&self, text: &str, limits: &Limits) -> Result<Vec<Suggested>, IndexError> {
        // Inside quotes anything may come.
        if text.matches('"').count() % 2 == 1 {
            return Ok(Vec::new());
        }
        let at = text.rfind(char::is_whitespace).map_or(0, |at| at + 1);
        let (before, last) = text.split_at_checked(at).unwrap_or((text, ""));
        let (sign, last) = match last.strip_prefix('-') {
            Some(last) => ("-", last),
            None => ("", last),
        };
        let Some((word, values)) = last.split_once(':') else {
            let words = WORDS.iter().filter(|(word, _)| word.starts_with(last));
            let whole = |word: &str| format!("{before}{sign}{word}:");
            let words =
                words.map(|(word, means)| Suggested { question: whole(word), meaning: means });
            return Ok(words.take(limits.rows).collect());
        };
        let begun = values.rsplit(',').next().unwrap_or_default();
        let head = text.strip_suffix(begun).unwrap_or(text);
        let known = self.known(word, begun, limits)?;
        let whole = |value: &String| Suggested {
            question: format!("{head}{}", quoted(value)),
            meaning: "",
        };
        Ok(known.iter().map(whole).collect())
    }

    /// Values of a word that have this in them.
    fn known(&self, word: &str, part: &str, limits: &Limits) -> Result<Vec<String>, IndexError> {
        if let Some(few) = few(word) {
            let fit = few.iter().filter(|value| value.starts_with(part));
            return Ok(fit.map(|value| (*value).to_owned()).collect());
        }
        let numbers = match word {
            "identity" | "acts_for" | "agent" | "group" | "grant" => {
                "SELECT n.name FROM who_name n WHERE n.role = ?3"
            }
            "database" => "SELECT w.database FROM who w",
            "relation" | "changes" => "SELECT c.relation FROM shape_column c",
            "column" => "SELECT c.column FROM shape_column c",
            "label" => "SELECT c.label FROM shape_column c",
            "operation" => "SELECT c.operation FROM shape_effect c",
            "policy" => "SELECT c.policy FROM shape_policy c",
            "shadow" => "SELECT c.policy FROM shape_shadow c",
            "task" => "SELECT c.task FROM circumstance c",
            "purpose" => "SELECT c.purpose FROM circumstance c",
            "hold" => "SELECT a.hold FROM approval a",
            "approved_by" => "SELECT a.by FROM approval a",
            "sqlstate" => "SELECT f.sqlstate FROM daily_failure f",
            _ => return Ok(Vec::new()),
        };
        let query = format!(
            "SELECT v.text FROM word v WHERE v.id IN ({numbers}) AND v.text <> ''
             AND instr(lower(v.text), lower(?1)) > 0 AND ?3 <> ''
             ORDER BY instr(lower(v.text), lower(?1)) > 1, v.text LIMIT ?2"
        );
        let most = i64::try_from(limits.rows).unwrap_or(i64::MAX);
        self.timed(limits.time, || {
            let mut statement = self.db.prepare(&query)?;
            let found = statement.query_map((part, most, word), |row| row.get(0))?;
            found.collect()
        })
    }
}

/// A value as it stands in a question.
fn quoted(value: &str) -> String {
    let plain = |c: char| !c.is_whitespace() && !matches!(c, ',' | ':' | '"');
    match value.chars().all(plain) {
        true => value.to_owned(),
        // Nothing stands for a quotation mark within quotes: what is around it is found.
        false => format!("\"{}\"", value.split('"').next().unwrap_or_default()),
    }
}
