//! Counting: how many statements, rows and values there are, by something, from the sums of days.

use crate::{
    answers::{Answers, Table},
    compile::{Conditions, Sql, compile},
    error::IndexError,
    question::{Question, wrong},
    search::Plan,
    sql::Limits,
};
use rusqlite::{Rows, params_from_iter};

/// By what statements can be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct By {
    /// The word.
    pub name: &'static str,
    /// What is grouped by.
    key: &'static str,
    /// The same in words, with `k` for it.
    text: &'static str,
}

const WORD: &str = "(SELECT v.text FROM word v WHERE v.id = k)";

/// Everything by what statements can be counted.
pub const BY: &[By] = &[
    By { name: "identity", key: "w.identity", text: WORD },
    By { name: "acts_for", key: "w.acts_for", text: WORD },
    By { name: "kind", key: "w.kind", text: WORD },
    By { name: "database", key: "w.database", text: WORD },
    By { name: "day", key: "d.day", text: "date(k * 86400, 'unixepoch')" },
    By { name: "operation", key: "h.operation", text: WORD },
    By { name: "verdict", key: "h.verdict", text: WORD },
    By { name: "text", key: "h.text", text: "(SELECT x.text FROM text x WHERE x.id = k)" },
];

impl Answers {
    /// How many statements, rows, bytes and values there are of what the question asks for, by
    /// something. Whole days only, and nothing that a day's sums do not have.
    pub fn count(&self, question: &Question, by: By, limits: &Limits) -> Result<Table, IndexError> {
        self.counted(question, by, limits, |columns, rows| Table::read(columns, rows, limits.rows))
    }

    /// Counts, and has whoever asked read the rows.
    pub(crate) fn counted<T>(
        &self,
        question: &Question,
        by: By,
        limits: &Limits,
        read: impl FnOnce(Vec<String>, &mut Rows<'_>) -> Result<T, rusqlite::Error>,
    ) -> Result<T, IndexError> {
        let conditions = compile(question);
        if !question.whole_days() {
            return Err(wrong("counts are of whole days: write since:2026-06-01".into()));
        }
        let Conditions { statement, sqlstate, values, .. } = &conditions;
        if !statement.is_empty() || sqlstate.is_some() || values.is_some() {
            return Err(wrong(
                "counts are by day, identity and text: ask for state, sqlstate, value, task, \
                 purpose, tainted, risk, session, address, application, hold or approved_by \
                 without --by, or with `weir audit sql`"
                    .into(),
            ));
        }
        self.timed(limits.time, || {
            let plan = Plan::new(&self.db, question, conditions)?;
            let sql = counting(&plan, by);
            let mut statement = self.db.prepare(&sql.text)?;
            let columns = statement.column_names().into_iter().map(str::to_owned).collect();
            read(columns, &mut statement.query(params_from_iter(&sql.values))?)
        })
    }
}

/// Counts by something. Sums are added up by what they know themselves (who, shape, day) first;
/// then what is grouped by is looked up, once for each of those.
fn counting(plan: &Plan<'_>, by: By) -> Sql {
    let (names, sums, all) = match plan.places {
        Some(_) => (
            ", raw, masked",
            ", sum(m.raw) AS raw, sum(m.masked) AS masked",
            ", sum(t.raw) AS raw, sum(t.masked) AS masked",
        ),
        None => ("", "", ""),
    };
    let statements = match plan.conditions.kept {
        true => "sum(d.statements - d.undone)",
        false => "sum(d.statements)",
    };
    let (own, join) = match by.key.split_once('.') {
        Some(("w", _)) => ("d.who", " CROSS JOIN who w ON w.id = t.own"),
        Some(("h", _)) => ("d.shape", " CROSS JOIN shape h ON h.id = t.own"),
        _ => ("d.day", ""),
    };
    let key = if join.is_empty() { "t.own" } else { by.key };
    let mut sql = Sql::new(&format!(
        "SELECT {} AS {}, statements, refused, rows, affected, bytes{names}, \
         date(first * 86400, 'unixepoch') AS first, date(last * 86400, 'unixepoch') AS last \
         FROM (SELECT {key} AS k, sum(t.statements) AS statements, sum(t.refused) AS refused, \
         sum(t.rows) AS rows, sum(t.affected) AS affected, sum(t.bytes) AS bytes{all}, \
         min(t.first) AS first, max(t.last) AS last \
         FROM (SELECT {own} AS own, {statements} AS statements, sum(d.refused) AS refused, \
         sum(d.rows) AS rows, sum(d.affected) AS affected, sum(d.bytes) AS bytes{sums}, \
         min(d.day) AS first, max(d.day) AS last",
        by.text, by.name
    ));
    let mut found = plan.sums();
    if own != "d.shape" && plan.is_of_all_shapes() {
        found.text = found.text.replacen(" FROM daily_sum d ", " FROM daily_total d ", 1);
    }
    sql.piece(&found);
    sql.add(&format!(" GROUP BY 1) t{join} GROUP BY 1) ORDER BY 2 DESC, 1"));
    sql
}
