//! Searching: conditions become a plan that visits few rows, however many statements there are.
//!
//! What a question says of shapes and of who asks is looked up in the sums of days first. They tell
//! exactly on which days such statements are, and how many, so that only those days' statements of
//! those shapes and identities are visited, the newest days first, until there are enough.

use crate::{
    answers::{Answers, Table},
    compile::{Conditions, Sql, compile},
    error::IndexError,
    question::{Question, wrong},
    schema::DAY,
    sql::Limits,
    views,
};
use rusqlite::{Connection, params_from_iter};

/// How many statements a search gives unless told otherwise.
pub const DEFAULT_ROWS: usize = 100;
/// How many statements are visited at least before more days are looked at.
const CHUNK: i64 = 2_000;

/// By what statements can be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct By {
    /// The word.
    pub name: &'static str,
    expression: &'static str,
}

/// Everything by what statements can be counted.
pub const BY: &[By] = &[
    By { name: "identity", expression: "(SELECT v.text FROM word v WHERE v.id = w.identity)" },
    By { name: "acts_for", expression: "(SELECT v.text FROM word v WHERE v.id = w.acts_for)" },
    By { name: "kind", expression: "(SELECT v.text FROM word v WHERE v.id = w.kind)" },
    By { name: "database", expression: "(SELECT v.text FROM word v WHERE v.id = w.database)" },
    By { name: "day", expression: "date(d.day * 86400, 'unixepoch')" },
    By { name: "operation", expression: "(SELECT v.text FROM word v WHERE v.id = h.operation)" },
    By { name: "verdict", expression: "(SELECT v.text FROM word v WHERE v.id = h.verdict)" },
    By { name: "text", expression: "(SELECT x.text FROM text x WHERE x.id = h.text)" },
];

/// The columns of a found statement, by their names in the view `statements` and beside it.
const FOUND: &str = "s.seq AS sequence, @time, w1.text AS identity, w2.text AS acts_for, \
    w3.text AS database, w4.text AS operation, w5.text AS verdict, \
    CASE s.state WHEN 0 THEN 'ended' WHEN 1 THEN 'refused' WHEN 2 THEN 'open' ELSE 'unknown' END \
    AS state, s.rows, s.affected, w6.text AS sqlstate, @raw AS raw, @masked AS masked, \
    h.policies, e.key || '.' || @number AS statement, x.text AS text";

impl Answers {
    /// The newest statements that the question asks for, newest first.
    pub fn search(&self, question: &Question, limits: &Limits) -> Result<Table, IndexError> {
        self.timed(limits.time, || {
            let sequences = find(&self.db, question, limits.rows.saturating_add(1))?;
            let more = sequences.len() > limits.rows;
            let mut table = describe(&self.db, sequences.get(..limits.rows).unwrap_or(&sequences))?;
            table.more = more;
            Ok(table)
        })
    }

    /// How many statements, rows, bytes and values there are of what the question asks for, by
    /// something. Whole days only, and nothing that a day's sums do not have.
    pub fn count(&self, question: &Question, by: By, limits: &Limits) -> Result<Table, IndexError> {
        let conditions = compile(question);
        if !question.whole_days() {
            return Err(wrong("counts are of whole days: write since:2026-06-01".into()));
        }
        if !conditions.statement.is_empty() || conditions.sqlstate.is_some() {
            return Err(wrong(
                "counts are by day, identity and text: ask for state, sqlstate, session or \
                 address without --by, or with `weir audit sql`"
                    .into(),
            ));
        }
        let sql = counting(question, &conditions, by);
        self.timed(limits.time, || {
            let mut statement = self.db.prepare(&sql.text)?;
            let columns = statement.column_names().into_iter().map(str::to_owned).collect();
            let mut rows = statement.query(params_from_iter(&sql.values))?;
            Table::read(columns, &mut rows, limits.rows)
        })
    }
}

/// Which sums of days the question is about: `FROM … WHERE …`, with `d` for the sum.
fn candidates(question: &Question, conditions: &Conditions) -> Sql {
    let mut sql = Sql::new(" FROM ");
    sql.add(if conditions.sqlstate.is_some() { "daily_failure d" } else { "daily_sum d" });
    sql.add(" JOIN shape h ON h.id = d.shape JOIN who w ON w.id = d.who WHERE 1");
    if let Some(sqlstate) = &conditions.sqlstate {
        sql.add(" AND d.sqlstate IN ").piece(sqlstate);
    }
    // Sets, not joins: the planner then looks each up once and probes with it.
    if !conditions.shape.is_empty() {
        sql.add(" AND d.shape IN (SELECT h.id FROM shape h WHERE 1");
        sql.all(&conditions.shape).add(")");
    }
    if !conditions.who.is_empty() {
        sql.add(" AND d.who IN (SELECT w.id FROM who w WHERE 1").all(&conditions.who).add(")");
    }
    if let Some(since) = question.since {
        sql.add(" AND d.day >= ").value(since.div_euclid(DAY));
    }
    if let Some(until) = question.until {
        sql.add(" AND d.day <= ").value((until - 1).div_euclid(DAY));
    }
    if let Some(left) = &conditions.left {
        let counts: Vec<String> =
            left.counts.iter().map(|(name, _)| format!("l.{name} > 0")).collect();
        sql.add(&format!(
            " AND EXISTS (SELECT 1 FROM daily_left l WHERE l.shape = d.shape AND \
             l.who = d.who AND l.day = d.day AND ({}) AND ",
            counts.join(" OR ")
        ));
        sql.piece(&left.place("l.shape", "l.place")).add(")");
    }
    sql
}

/// Counts by something.
fn counting(question: &Question, conditions: &Conditions, by: By) -> Sql {
    let mut sql = Sql::new(&format!(
        "SELECT {} AS {}, sum(d.statements) AS statements, sum(d.refused) AS refused, \
         sum(d.rows) AS rows, sum(d.affected) AS affected, sum(d.bytes) AS bytes",
        by.expression, by.name
    ));
    for count in ["raw", "masked"] {
        sql.add(&format!(
            ", sum((SELECT sum(l.{count}) FROM daily_left l WHERE l.shape = d.shape AND \
             l.who = d.who AND l.day = d.day AND "
        ));
        match &conditions.left {
            Some(left) => sql.piece(&left.place("l.shape", "l.place")),
            None => sql.piece(&crate::compile::labelled("l.shape", "l.place")),
        };
        sql.add(&format!(")) AS {count}"));
    }
    sql.add(", date(min(d.day) * 86400, 'unixepoch') AS first, ");
    sql.add("date(max(d.day) * 86400, 'unixepoch') AS last");
    sql.piece(&candidates(question, conditions));
    sql.add(" GROUP BY 1 ORDER BY 2 DESC, 1");
    sql
}

/// The sequences of the newest statements that match, newest first.
fn find(db: &Connection, question: &Question, limit: usize) -> Result<Vec<i64>, rusqlite::Error> {
    let conditions = compile(question);
    let planned = !conditions.shape.is_empty()
        || !conditions.who.is_empty()
        || conditions.left.is_some()
        || conditions.sqlstate.is_some();
    if !planned {
        return walk(db, question, &conditions, limit);
    }
    let mut sql = Sql::new("SELECT d.day, sum(d.statements)");
    let from = candidates(question, &conditions);
    sql.piece(&from).add(" GROUP BY d.day ORDER BY d.day DESC");
    let days: Vec<(i64, i64)> = db
        .prepare(&sql.text)?
        .query_map(params_from_iter(&sql.values), |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let mut found = Vec::new();
    let mut days = days.into_iter().peekable();
    let mut chunk = CHUNK.max(i64::try_from(limit).unwrap_or(i64::MAX));
    while let Some((newest, mut count)) = days.next() {
        let mut oldest = newest;
        while count < chunk
            && let Some((day, more)) = days.next()
        {
            (oldest, count) = (day, count + more);
        }
        let part =
            chunk_of(db, question, &conditions, &from, oldest..=newest, limit - found.len())?;
        found.extend(part);
        if found.len() >= limit {
            break;
        }
        chunk = chunk.saturating_mul(4);
    }
    Ok(found)
}

/// The matches of some days, by the pairs of shape and identity that these days have.
fn chunk_of(
    db: &Connection,
    question: &Question,
    conditions: &Conditions,
    from: &Sql,
    days: std::ops::RangeInclusive<i64>,
    limit: usize,
) -> Result<Vec<i64>, rusqlite::Error> {
    let (oldest, newest) = (*days.start(), *days.end());
    let bounds = "SELECT coalesce(min(first_seq), 0), coalesce(max(last_seq), 0) FROM day
                  WHERE day BETWEEN ?1 AND ?2";
    let (first, last): (i64, i64) =
        db.query_row(bounds, [oldest, newest], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut sql = Sql::new("SELECT s.seq FROM (SELECT DISTINCT d.shape, d.who");
    sql.piece(from).add(" AND d.day BETWEEN ").value(oldest).add(" AND ").value(newest);
    sql.add(") p CROSS JOIN statement s INDEXED BY statement_shape ON s.shape = p.shape");
    sql.add(" AND s.who = p.who AND s.seq BETWEEN ").value(first).add(" AND ").value(last);
    // Clocks go back at times: a day's sequences can hold statements of another day.
    sql.add(" WHERE s.time >= ").value(oldest.saturating_mul(DAY));
    sql.add(" AND s.time < ").value((newest + 1).saturating_mul(DAY));
    of_statement(&mut sql, question, conditions);
    sequences(db, sql, limit)
}

/// The matches of a question that says nothing of shapes or identities.
fn walk(
    db: &Connection,
    question: &Question,
    conditions: &Conditions,
    limit: usize,
) -> Result<Vec<i64>, rusqlite::Error> {
    let mut sql = Sql::new("SELECT s.seq FROM statement s WHERE 1");
    let mut bound = |test: &str, column: &str, day: i64| {
        sql.add(&format!(" AND s.seq {test} coalesce((SELECT {column} FROM day WHERE day {test} "));
        sql.value(day);
        let other = if test == ">=" { "9223372036854775807" } else { "-1" };
        sql.add(&format!("), {other})"));
    };
    if let Some(since) = question.since {
        bound(">=", "min(first_seq)", since.div_euclid(DAY));
    }
    if let Some(until) = question.until {
        bound("<=", "max(last_seq)", until.div_euclid(DAY));
    }
    of_statement(&mut sql, question, conditions);
    sequences(db, sql, limit)
}

/// What has to be tested in the statement itself.
fn of_statement(sql: &mut Sql, question: &Question, conditions: &Conditions) {
    if let Some(since) = question.since {
        sql.add(" AND s.time >= ").value(since);
    }
    if let Some(until) = question.until {
        sql.add(" AND s.time < ").value(until);
    }
    sql.all(&conditions.statement);
    if let Some(sqlstate) = &conditions.sqlstate {
        sql.add(" AND s.sqlstate IN ").piece(sqlstate);
    }
    if let Some(left) = &conditions.left {
        let counts: Vec<String> = left
            .counts
            .iter()
            .map(|(_, index)| format!("json_extract(j.value, '$[{index}]') > 0"))
            .collect();
        sql.add(&format!(
            " AND EXISTS (SELECT 1 FROM counts c, json_each(c.text) j WHERE c.id = s.counts AND \
             ({}) AND ",
            counts.join(" OR ")
        ));
        sql.piece(&left.place("s.shape", PLACE)).add(")");
    }
}

/// The place of a count: that of its output, or the one for all that were not foreseen.
const PLACE: &str = "(CASE WHEN EXISTS (SELECT 1 FROM shape_output y WHERE y.shape = s.shape AND \
                     y.place = j.key) THEN j.key ELSE -1 END)";

fn sequences(db: &Connection, mut sql: Sql, limit: usize) -> Result<Vec<i64>, rusqlite::Error> {
    sql.add(" ORDER BY s.seq DESC LIMIT ").value(i64::try_from(limit).unwrap_or(i64::MAX));
    db.prepare(&sql.text)?.query_map(params_from_iter(&sql.values), |row| row.get(0))?.collect()
}

/// Statements in words.
fn describe(db: &Connection, sequences: &[i64]) -> Result<Table, rusqlite::Error> {
    let labels = |count: usize| {
        format!(
            "(SELECT group_concat(DISTINCT v.text) FROM counts c, json_each(c.text) j, \
             shape_label k, word v WHERE c.id = s.counts AND \
             json_extract(j.value, '$[{count}]') > 0 AND k.shape = s.shape AND k.place = {PLACE} \
             AND v.id = k.label)"
        )
    };
    let columns = FOUND
        .replace("@time", &format!("{} AS time", views::moment("s.time")))
        .replace("@number", &format!("({})", views::number("s.number")))
        .replace("@raw", &labels(0))
        .replace("@masked", &labels(1));
    let mut statement = db.prepare(&format!(
        "SELECT {columns} FROM statement s JOIN who w ON w.id = s.who
         JOIN shape h ON h.id = s.shape JOIN session e ON e.id = s.session
         LEFT JOIN text x ON x.id = h.text LEFT JOIN word w1 ON w1.id = w.identity
         LEFT JOIN word w2 ON w2.id = w.acts_for LEFT JOIN word w3 ON w3.id = w.database
         LEFT JOIN word w4 ON w4.id = h.operation LEFT JOIN word w5 ON w5.id = h.verdict
         LEFT JOIN word w6 ON w6.id = s.sqlstate WHERE s.seq = ?1"
    ))?;
    let columns: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
    let mut table = Table { columns: columns.clone(), ..Table::default() };
    for sequence in sequences {
        let mut rows = statement.query([sequence])?;
        table.rows.extend(Table::read(columns.clone(), &mut rows, 1)?.rows);
    }
    Ok(table)
}
