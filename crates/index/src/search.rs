//! Searching: conditions become a plan that visits few rows, however many statements there are.
//!
//! What a question says of shapes and of who asks is looked up in the sums of days first. They tell
//! exactly on which days such statements are, and how many, so that only those days' statements of
//! those shapes and identities are visited, the newest days first, until there are enough.

use crate::{
    answers::{Answers, Table},
    compile::{Conditions, NAMED, Sql, compile},
    error::IndexError,
    question::{Question, wrong},
    schema::{DAY, PART_BITS, State},
    sql::Limits,
    views,
};
use rusqlite::{Connection, params_from_iter};
use std::collections::HashSet;

/// How many statements a search gives unless told otherwise.
pub const DEFAULT_ROWS: usize = 100;
/// How many statements are visited at least before more days are looked at.
const CHUNK: i64 = 2_000;
/// A value that more statements name than this is common: it tells little of where to look.
const COMMON: i64 = 10_000;

/// The columns of a found statement, by their names in the view `statements` and beside it.
const FOUND: &str = "s.seq AS sequence, @time, w1.text AS identity, w2.text AS acts_for, \
    w3.text AS database, w4.text AS operation, w5.text AS verdict, \
    CASE s.state WHEN 0 THEN 'ended' WHEN 1 THEN 'refused' WHEN 2 THEN 'open' \
    WHEN 4 THEN 'undone' ELSE 'unknown' END \
    AS state, s.rows, s.affected, w6.text AS sqlstate, @raw AS raw, @masked AS masked, \
    h.policies, e.key || '.' || @number AS statement, x.text AS text";

impl Answers {
    /// The newest statements that the question asks for, newest first.
    pub fn search(&self, question: &Question, limits: &Limits) -> Result<Table, IndexError> {
        if question.lacks_key() {
            return Err(wrong("value: needs the key of the ledger".into()));
        }
        self.timed(limits.time, || {
            let sequences = find(&self.db, question, limits.rows.saturating_add(1))?;
            let more = sequences.len() > limits.rows;
            let mut table = describe(&self.db, sequences.get(..limits.rows).unwrap_or(&sequences))?;
            table.more = more;
            Ok(table)
        })
    }
}

/// A question with its words looked up.
pub(crate) struct Plan<'a> {
    question: &'a Question,
    pub(crate) conditions: Conditions,
    /// The shapes, as a JSON array of their numbers.
    shapes: Option<String>,
    /// Who, likewise.
    who: Option<String>,
    /// The places of results that `disclosure:` is about, as pairs of shape and place.
    pub(crate) places: Option<String>,
}

impl<'a> Plan<'a> {
    pub(crate) fn new(
        db: &Connection,
        question: &'a Question,
        mut conditions: Conditions,
    ) -> Result<Self, rusqlite::Error> {
        let numbers = |head: &str, conditions: &[Sql]| -> Result<Option<String>, rusqlite::Error> {
            if conditions.is_empty() {
                return Ok(None);
            }
            let mut sql = Sql::new(head);
            sql.all(conditions);
            let values = params_from_iter(&sql.values);
            db.prepare(&sql.text)?.query_row(values, |row| row.get(0)).map(Some)
        };
        let shape = "SELECT json_group_array(h.id) FROM shape h WHERE 1";
        let shapes = numbers(shape, &conditions.shape)?;
        let who = "SELECT json_group_array(w.id) FROM who w WHERE 1";
        let who = numbers(who, &conditions.who)?;
        let mut places = None;
        if let Some(left) = &mut conditions.left {
            left.resolve(db)?;
            let mut tests = vec![left.place("o.shape", "o.place")];
            if let Some(shapes) = &shapes {
                let mut test = Sql::new("o.shape IN (SELECT value FROM json_each(");
                test.value(shapes.clone()).add("))");
                tests.push(test);
            }
            let head = "SELECT json_group_array(json_array(o.shape, o.place))
                        FROM shape_output o WHERE 1";
            places = numbers(head, &tests)?;
        }
        Ok(Self { question, conditions, shapes, who, places })
    }

    /// True if something is known of shapes or identities, so that days' sums tell where to look.
    fn narrows(&self) -> bool {
        let found = [&self.shapes, &self.who, &self.places];
        found.iter().any(|known| known.is_some()) || self.conditions.sqlstate.is_some()
    }

    /// True if a day's sum of an identity has nothing that the question is not about.
    pub(crate) fn is_of_all_shapes(&self) -> bool {
        let Conditions { kept, refused, sqlstate, .. } = &self.conditions;
        self.shapes.is_none() && self.places.is_none() && sqlstate.is_none() && !kept && !refused
    }

    /// Which sums of days the question is about: `FROM … WHERE …`, with `d` for the sum.
    pub(crate) fn sums(&self) -> Sql {
        let mut sql = Sql::new(" FROM ");
        match (&self.places, &self.conditions.left) {
            (Some(places), Some(left)) => {
                let counts: Vec<String> =
                    left.counts.iter().map(|(name, _)| format!("l.{name} > 0")).collect();
                sql.add("(SELECT l.shape, l.who, l.day, sum(l.raw) AS raw, ");
                sql.add("sum(l.masked) AS masked FROM json_each(").value(places.clone());
                sql.add(") p CROSS JOIN daily_left l ON l.shape = json_extract(p.value, '$[0]')");
                sql.add(" AND l.place = json_extract(p.value, '$[1]')");
                sql.add(&format!(" WHERE ({})", counts.join(" OR ")));
                self.of_sum(&mut sql, "l");
                sql.add(" GROUP BY 1, 2, 3) m CROSS JOIN daily_sum d ON d.shape = m.shape ");
                sql.add("AND d.who = m.who AND d.day = m.day WHERE 1");
            }
            _ => {
                // Errors are few: their sums are the shorter way.
                if let Some(sqlstate) = &self.conditions.sqlstate {
                    sql.add("daily_failure d WHERE d.sqlstate IN ").piece(sqlstate);
                } else {
                    sql.add("daily_sum d WHERE 1");
                }
                if self.conditions.refused && self.conditions.sqlstate.is_none() {
                    sql.add(" AND d.refused > 0");
                }
                if self.conditions.kept && self.conditions.sqlstate.is_none() {
                    sql.add(" AND d.statements > d.undone");
                }
                self.of_sum(&mut sql, "d");
                return sql;
            }
        }
        if let Some(sqlstate) = &self.conditions.sqlstate {
            sql.add(" AND EXISTS (SELECT 1 FROM daily_failure f WHERE f.sqlstate IN ");
            sql.piece(sqlstate).add(" AND f.shape = d.shape AND f.who = d.who AND f.day = d.day)");
        }
        sql
    }

    fn of_sum(&self, sql: &mut Sql, table: &str) {
        if let Some(shapes) = &self.shapes {
            sql.add(&format!(" AND {table}.shape IN (SELECT value FROM json_each("));
            sql.value(shapes.clone()).add("))");
        }
        if let Some(who) = &self.who {
            sql.add(&format!(" AND {table}.who IN (SELECT value FROM json_each("));
            sql.value(who.clone()).add("))");
        }
        if let Some(since) = self.question.since {
            sql.add(&format!(" AND {table}.day >= ")).value(since.div_euclid(DAY));
        }
        if let Some(until) = self.question.until {
            sql.add(&format!(" AND {table}.day <= ")).value((until - 1).div_euclid(DAY));
        }
    }
}

/// The sequences of the newest statements that match, newest first.
pub(crate) fn find(
    db: &Connection,
    question: &Question,
    limit: usize,
) -> Result<Vec<i64>, rusqlite::Error> {
    find_by(db, question, limit, COMMON)
}

/// The same, with values for common that more statements name than this.
pub(crate) fn find_by(
    db: &Connection,
    question: &Question,
    limit: usize,
    common: i64,
) -> Result<Vec<i64>, rusqlite::Error> {
    let mut plan = Plan::new(db, question, compile(question))?;
    if let Some(values) = plan.conditions.values.take() {
        if !plan.narrows() || !is_common(db, &values, common)? {
            return by_value(db, &plan, &values, limit);
        }
        let mut named =
            Sql::new(&format!("EXISTS (SELECT 1 FROM value k WHERE k.part = s.seq >> {PART_BITS}"));
        named.add(" AND k.seq = s.seq AND k.hash IN ").piece(&values).add(")");
        plan.conditions.statement.push(named);
    }
    if !plan.narrows() {
        return walk(db, &plan, limit);
    }
    let mut sql = Sql::new("SELECT d.day, sum(d.statements)");
    sql.piece(&plan.sums()).add(" GROUP BY d.day ORDER BY d.day DESC");
    let days: Vec<(i64, i64)> = db
        .prepare(&sql.text)?
        .query_map(params_from_iter(&sql.values), |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let mut found = Vec::new();
    let mut days = days.into_iter();
    let mut below = plan.question.before.unwrap_or(i64::MAX);
    let mut chunk = CHUNK.max(i64::try_from(limit).unwrap_or(i64::MAX));
    while let Some((newest, mut count)) = days.next() {
        let mut oldest = newest;
        while count < chunk
            && let Some((day, more)) = days.next()
        {
            (oldest, count) = (day, count + more);
        }
        let bounds = "SELECT coalesce(min(first_seq), 0) FROM day WHERE day BETWEEN ?1 AND ?2";
        let first: i64 = db.query_row(bounds, [oldest, newest], |row| row.get(0))?;
        if first >= below {
            continue;
        }
        found.extend(of_range(db, &plan, (first, below - 1), limit - found.len())?);
        if found.len() >= limit {
            break;
        }
        below = first;
        chunk = chunk.saturating_mul(4);
    }
    Ok(found)
}

/// The newest matches between two sequences, by the pairs of shape and identity that days have
/// with statements there: clocks go back at times, so it may be one more than was thought of.
fn of_range(
    db: &Connection,
    plan: &Plan<'_>,
    (first, last): (i64, i64),
    limit: usize,
) -> Result<Vec<i64>, rusqlite::Error> {
    let mut sql = Sql::new("SELECT DISTINCT d.shape, d.who");
    sql.piece(&plan.sums()).add(" AND d.day IN (SELECT y.day FROM day y WHERE y.last_seq >= ");
    sql.value(first).add(" AND y.first_seq <= ").value(last).add(")");
    let pairs: Vec<(i64, i64)> = db
        .prepare(&sql.text)?
        .query_map(params_from_iter(&sql.values), |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let mut tests = Sql::new(" WHERE s.seq BETWEEN ");
    tests.value(first).add(" AND ").value(last);
    of_statement(&mut tests, plan);
    // A look-up of a pair takes as long as a hundred steps over statements that lie side by side.
    let steps = usize::try_from(last - first).unwrap_or(usize::MAX);
    match pairs.len().saturating_mul(100) < steps {
        true => by_pairs(db, &tests, pairs, limit),
        false => by_steps(db, &tests, pairs, limit),
    }
}

/// Looks each pair's statements up.
fn by_pairs(
    db: &Connection,
    tests: &Sql,
    pairs: Vec<(i64, i64)>,
    limit: usize,
) -> Result<Vec<i64>, rusqlite::Error> {
    let mut sql = Sql::new("SELECT s.seq FROM statement s INDEXED BY statement_shape");
    sql.piece(tests);
    let (shape, who) = (sql.values.len(), sql.values.len() + 1);
    sql.add(" AND s.shape = ").value(0).add(" AND s.who = ").value(0);
    sql.add(" ORDER BY s.seq DESC LIMIT ").value(i64::try_from(limit).unwrap_or(i64::MAX));
    let mut query = db.prepare(&sql.text)?;
    let mut found: Vec<i64> = Vec::new();
    for pair in pairs {
        for (at, number) in [(shape, pair.0), (who, pair.1)] {
            if let Some(value) = sql.values.get_mut(at) {
                *value = number.into();
            }
        }
        let part = query.query_map(params_from_iter(&sql.values), |row| row.get(0))?;
        for sequence in part {
            found.push(sequence?);
        }
    }
    found.sort_unstable_by_key(|sequence| std::cmp::Reverse(*sequence));
    found.truncate(limit);
    Ok(found)
}

/// Walks over the statements of the days, the newest first, until there are enough. Whether one is
/// of a pair is asked before anything that takes longer.
fn by_steps(
    db: &Connection,
    tests: &Sql,
    pairs: Vec<(i64, i64)>,
    limit: usize,
) -> Result<Vec<i64>, rusqlite::Error> {
    let pairs: HashSet<(i64, i64)> = pairs.into_iter().collect();
    let mut one = Sql::new("SELECT EXISTS (SELECT 1 FROM statement s");
    one.piece(tests).add(" AND s.seq = ");
    let at = one.values.len();
    one.value(0).add(")");
    let mut test = db.prepare(&one.text)?;
    let mut steps = db.prepare(
        "SELECT seq, shape, who FROM statement WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq DESC",
    )?;
    let mut rows = steps.query(params_from_iter(tests.values.iter().take(2)))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        if !pairs.contains(&(row.get(1)?, row.get(2)?)) {
            continue;
        }
        let sequence: i64 = row.get(0)?;
        if let Some(value) = one.values.get_mut(at) {
            *value = sequence.into();
        }
        if test.query_row(params_from_iter(&one.values), |row| row.get(0))? {
            found.push(sequence);
            if found.len() >= limit {
                break;
            }
        }
    }
    Ok(found)
}

/// The matches of a question that says nothing of shapes or identities.
fn walk(db: &Connection, plan: &Plan<'_>, limit: usize) -> Result<Vec<i64>, rusqlite::Error> {
    let mut sql = Sql::new("SELECT s.seq FROM statement s WHERE 1");
    let mut bound = |test: &str, column: &str, day: i64| {
        sql.add(&format!(" AND s.seq {test} coalesce((SELECT {column} FROM day WHERE day {test} "));
        sql.value(day);
        let other = if test == ">=" { "9223372036854775807" } else { "-1" };
        sql.add(&format!("), {other})"));
    };
    if let Some(since) = plan.question.since {
        bound(">=", "min(first_seq)", since.div_euclid(DAY));
    }
    if let Some(until) = plan.question.until {
        bound("<=", "max(last_seq)", until.div_euclid(DAY));
    }
    if let Some(before) = plan.question.before {
        sql.add(" AND s.seq < ").value(before);
    }
    of_statement(&mut sql, plan);
    sequences(db, "s.seq", sql, limit)
}

/// True if more statements name one of these values than so many.
fn is_common(db: &Connection, values: &Sql, common: i64) -> Result<bool, rusqlite::Error> {
    let mut sql = Sql::new("SELECT count(*) > ");
    sql.value(common).add(&format!(" FROM (SELECT 1 FROM {NAMED} WHERE k.hash IN "));
    sql.piece(values);
    sql.add(" LIMIT ").value(common.saturating_add(1)).add(")");
    db.prepare(&sql.text)?.query_row(params_from_iter(&sql.values), |row| row.get(0))
}

/// The matches of a question for values: those that name one are looked at one by one, the newest
/// first.
fn by_value(
    db: &Connection,
    plan: &Plan<'_>,
    values: &Sql,
    limit: usize,
) -> Result<Vec<i64>, rusqlite::Error> {
    // One value's statements are in order already.
    let distinct = if values.values.len() > 1 { "DISTINCT " } else { "" };
    let from = format!("SELECT {distinct}k.seq FROM {NAMED} CROSS JOIN statement s");
    let mut sql = Sql::new(&from);
    sql.add(" ON s.seq = k.seq WHERE k.hash IN ").piece(values);
    for (known, column) in [(&plan.shapes, "shape"), (&plan.who, "who")] {
        if let Some(numbers) = known {
            sql.add(&format!(" AND s.{column} IN (SELECT value FROM json_each("));
            sql.value(numbers.clone()).add("))");
        }
    }
    if let Some(before) = plan.question.before {
        sql.add(" AND k.seq < ").value(before);
    }
    if let Some(since) = plan.question.since {
        sql.add(" AND k.seq >= coalesce((SELECT min(first_seq) FROM day WHERE day >= ");
        sql.value(since.div_euclid(DAY)).add("), 9223372036854775807)");
    }
    of_statement(&mut sql, plan);
    // Parts follow each other as their statements do.
    sequences(db, "p.part DESC, k.seq", sql, limit)
}

/// What has to be tested in the statement itself.
fn of_statement(sql: &mut Sql, plan: &Plan<'_>) {
    let (question, conditions) = (plan.question, &plan.conditions);
    if let Some(since) = question.since {
        sql.add(" AND s.time >= ").value(since);
    }
    if let Some(until) = question.until {
        sql.add(" AND s.time < ").value(until);
    }
    if conditions.kept {
        sql.add(&format!(" AND s.state <> {}", State::Undone as i64));
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

/// The newest sequences, which stand in this column.
fn sequences(
    db: &Connection,
    column: &str,
    mut sql: Sql,
    limit: usize,
) -> Result<Vec<i64>, rusqlite::Error> {
    sql.add(&format!(" ORDER BY {column} DESC LIMIT "))
        .value(i64::try_from(limit).unwrap_or(i64::MAX));
    db.prepare(&sql.text)?.query_map(params_from_iter(&sql.values), |row| row.get(0))?.collect()
}

/// Statements in words.
pub(crate) fn describe(db: &Connection, sequences: &[i64]) -> Result<Table, rusqlite::Error> {
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
