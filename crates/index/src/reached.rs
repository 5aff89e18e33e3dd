//! What one identity was given: of which columns how many values. Knows no page.

use crate::{
    answers::{Answers, Table},
    error::IndexError,
    sql::Limits,
};

/// From who it is over what they did to what left: each step by an index, so that it takes as long
/// as there are sums of this one, and not as there are of all.
const QUERY: &str = "
WITH whose AS (
    SELECT w.id, w.database FROM who w JOIN word v ON v.id = w.identity
    WHERE v.text = ?1 OR substr(v.text, -length(?1) - 1) = '/' || ?1
), given AS (
    SELECT w.database, l.shape, l.place, sum(l.raw) AS raw, sum(l.masked) AS masked,
        max(l.day) AS day
    FROM whose w CROSS JOIN daily_sum d ON d.who = w.id
    CROSS JOIN daily_left l ON l.shape = d.shape AND l.day = d.day AND l.who = d.who
    GROUP BY 1, 2, 3
)
SELECT (SELECT v.text FROM word v WHERE v.id = g.database) AS database,
    (SELECT v.text FROM word v WHERE v.id = s.column) AS origin, o.labels,
    sum(g.raw) AS raw, sum(g.masked) AS masked, date(max(g.day) * 86400, 'unixepoch') AS last
FROM given g JOIN shape_source s ON s.shape = g.shape AND s.place = g.place
LEFT JOIN shape_output o ON o.shape = g.shape AND o.place = g.place
GROUP BY g.database, s.column, o.labels
ORDER BY o.labels IS NULL OR o.labels = '', 4 DESC, 5 DESC, 2";

impl Answers {
    /// Of which columns values left to an identity as the outermost actor: `database`, `origin`,
    /// `labels`, how many `raw` and `masked`, and the `last` day; what bears labels first.
    pub fn reached(&self, identity: &str, limits: &Limits) -> Result<Table, IndexError> {
        self.timed(limits.time, || {
            let mut statement = self.db.prepare(QUERY)?;
            let columns = statement.column_names().into_iter().map(str::to_owned).collect();
            Table::read(columns, &mut statement.query([identity])?, limits.rows)
        })
    }
}
