//! Reports about what a client called itself. Knows the views.

use super::{UNCHANGED, sessions, sql, work};
use crate::{
    ReportError,
    gather::Asker,
    measure::{Ask, Sample},
    period::{list, literal},
};

/// What sessions did that called themselves so: by days' sums, if these keep the name apart for all
/// of them.
pub(super) fn asks(
    asker: &Asker<'_>,
    name: &str,
    claimed: &[String],
) -> Result<Vec<Ask>, ReportError> {
    let who = format!("application = {}", literal(name));
    let apart = format!("SELECT 1 FROM sessions WHERE {who} AND summed = 0 LIMIT 1");
    if !asker.texts(&apart)?.is_empty() {
        return Ok(by_statements(asker, name, claimed));
    }
    let mut asks = vec![sessions(asker, &who)];
    asks.extend(work(asker, &who, &format!("application:\"{name}\"")));
    if name.contains('"') {
        // No question can say such a name.
        asks.iter_mut().skip(1).for_each(|ask| ask.sample = Sample::None);
    }
    Ok(asks)
}

/// What sessions did that called themselves so, statement by statement.
fn by_statements(asker: &Asker<'_>, name: &str, claimed: &[String]) -> Vec<Ask> {
    let sessions_so = format!("application = {}", literal(name));
    let theirs = format!(
        "session IN (SELECT session FROM sessions WHERE {sessions_so} AND {{opened}})
         AND identity IN {}",
        list(claimed)
    );
    let chosen = format!("sequence IN (SELECT sequence FROM statements WHERE {theirs})");
    let mut given = sql(
        asker,
        "given",
        "Data that it was given",
        &format!(
            "For each column the values that left to it, by how: raw or masked. {UNCHANGED} A \
             value that comes from several columns counts for each."
        ),
        &format!(
            "SELECT d.identity, d.database, o.origin, d.labels, coalesce(o.method, d.shows)
             AS shown, sum(CASE WHEN d.shows = 'raw' THEN d.raw ELSE 0 END) AS raw,
             sum(d.masked) AS masked,
             sum(CASE WHEN d.shows = 'raw' THEN 0 ELSE d.raw END) AS unchanged,
             sum(d.nulls) AS nulls, count(DISTINCT d.sequence) AS statements
             FROM disclosed d LEFT JOIN outputs o ON o.shape = d.shape AND o.place = d.place
             WHERE d.{chosen} GROUP BY 1, 2, 3, 4, 5 ORDER BY d.labels = '', 6 DESC, 3, 1"
        ),
    );
    let newest = format!(
        "SELECT outcome_sequence AS sequence FROM statements WHERE {theirs}
         AND outcome_sequence IS NOT NULL AND rows > 0 ORDER BY sequence DESC"
    );
    given.sample = Sample::Sql(asker.period.fill(&newest));
    vec![
        sessions(asker, &sessions_so),
        given,
        sql(
            asker,
            "changed",
            "What it changed",
            "Objects that statements wrote, made or dropped, by effect.",
            &format!(
                "SELECT e.database, e.object, e.operation, count(*) AS statements,
                 sum(s.state = 'refused') AS refused FROM statements s
                 JOIN effects e ON e.shape = s.shape WHERE s.{theirs} AND e.operation
                 NOT IN ('select', 'show', 'set', 'transaction', 'commit', 'session', 'empty')
                 GROUP BY 1, 2, 3 ORDER BY 4 DESC, 2, 3"
            ),
        ),
        sql(
            asker,
            "authority",
            "On whose authority",
            "Statements by the policies that decided, with the words of their authors.",
            &format!(
                "SELECT identity, policies, verdict, reasons, count(*) AS statements,
                 sum(state = 'refused') AS refused FROM statements WHERE {theirs}
                 GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC, 1, 2"
            ),
        ),
    ]
}
