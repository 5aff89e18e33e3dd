//! Reports about one data subject: statements that named a value. Knows values by their keyed
//! hashes alone.

use super::{NO_PURPOSE, PAST_WEIR, UNCHANGED, sql};
use crate::{
    ReportError,
    gather::{Asker, Frame},
    measure::{Ask, Sample},
};

const ROWS_UNNAMED: &str = "A statement that did not name the value may have read or changed the \
    same rows: by another key, by a pattern, or as part of a whole table. `weir report access` \
    says who was given a column's values, whoever's they were.";
const ROWS_OTHERS: &str = "Rows and values are those of the whole statement: a statement that \
    names the value may have been given other people's rows too, or none of this person's.";
const FIRST_VALUES: &str = "Of each statement the first 32 literals and the first 32 bound values \
    can be found, letter by letter as they were sent; what stands in COPY's data, in a pattern or \
    in a text that was put together is another value.";
const CHANCE: &str = "A value is asked for by half of its keyed hash, which two values share by \
    chance once in many billions.";

/// Which statements named one of these values, and what came of them: who was given rows, what was
/// changed, what was erased.
pub(crate) fn subject(asker: &Asker<'_>, values: &[i64]) -> Result<Frame, ReportError> {
    if values.is_empty() {
        return Err(ReportError::Asked("no value was given".into()));
    }
    let numbers = values.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
    let named = format!(
        "sequence IN (SELECT sequence FROM values_named WHERE value IN ({numbers})) AND {{time}}"
    );
    let count = match values {
        [_] => "one value".to_owned(),
        several => format!("{} values", several.len()),
    };
    Ok(Frame {
        kind: "subject".into(),
        title: "What was done about one data subject".into(),
        about: vec![
            format!(
                "This report has the statements that named {count}, such as an address or a \
                 customer's number, as a literal or bound to it: who was given rows by them, what \
                 they changed, and what they erased. It serves a request for access under Art. 15 \
                 GDPR by somebody whose data lie in the databases, and shows that an erasure \
                 (Art. 17) was carried out."
            ),
            format!(
                "Values do not stand here, nor in the record: in queries stands the half of the \
                 keyed hash ({numbers}), which whoever has the ledger's redaction.key makes of a \
                 value."
            ),
        ],
        limits: [ROWS_UNNAMED, ROWS_OTHERS, FIRST_VALUES, CHANCE, NO_PURPOSE, PAST_WEIR]
            .map(str::to_owned)
            .to_vec(),
        asks: asks(asker, &named),
        framework: None,
    })
}

fn asks(asker: &Asker<'_>, named: &str) -> Vec<Ask> {
    let mut all = vec![who(asker, named), given(asker, named), changed(asker, named)];
    all.extend([erased(asker, named), refused(asker, named), statements(asker, named)]);
    all
}

fn who(asker: &Asker<'_>, named: &str) -> Ask {
    let ask = sql(
        asker,
        "who",
        "Who named it",
        "Statements by identity and operation, the rows that they gave and changed, and the \
         policies that decided.",
        &format!(
            "SELECT identity, acts_for, database, operation, policies, count(*) AS statements,
             sum(state = 'refused') AS refused, sum(rows) AS rows, sum(affected) AS affected,
             min(time) AS first, max(time) AS last FROM statements WHERE {named}
             GROUP BY 1, 2, 3, 4, 5 ORDER BY 6 DESC, 1, 4"
        ),
    );
    behind(asker, ask, &format!("SELECT sequence FROM statements WHERE {named}"))
}

fn given(asker: &Asker<'_>, named: &str) -> Ask {
    let ask = sql(
        asker,
        "given",
        "Who was given rows by it",
        &format!(
            "For each column the values that left by these statements: raw, or by which mask. \
             {UNCHANGED} A value that comes from several columns counts for each."
        ),
        &format!(
            "SELECT d.identity, d.acts_for, d.database, o.origin, d.labels,
             coalesce(o.method, d.shows) AS shown,
             sum(CASE WHEN d.shows = 'raw' THEN d.raw ELSE 0 END) AS raw,
             sum(d.masked) AS masked,
             sum(CASE WHEN d.shows = 'raw' THEN 0 ELSE d.raw END) AS unchanged,
             sum(d.nulls) AS nulls, count(DISTINCT d.sequence) AS statements
             FROM disclosed d LEFT JOIN outputs o ON o.shape = d.shape AND o.place = d.place
             WHERE d.{named} GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY d.labels = '', 7 DESC, 4, 1"
        ),
    );
    let query = format!(
        "SELECT outcome_sequence AS sequence FROM statements WHERE {named} AND rows > 0
         AND outcome_sequence IS NOT NULL"
    );
    behind(asker, ask, &query)
}

/// What stands for effects that change data.
const CHANGES: &str = "('insert', 'update', 'delete', 'merge', 'truncate', 'copy_in')";

fn changed(asker: &Asker<'_>, named: &str) -> Ask {
    let some = format!(
        "shape IN (SELECT shape FROM effects WHERE operation IN {CHANGES})
         AND state NOT IN ('refused', 'undone')"
    );
    let ask = sql(
        asker,
        "changed",
        "What was changed",
        "Statements that wrote, by what they did to which object. `affected` counts the rows of \
         the whole statement.",
        &format!(
            "SELECT s.identity, s.acts_for, s.database, e.object, e.operation, s.state,
             count(*) AS statements, sum(s.affected) AS affected, min(s.time) AS first,
             max(s.time) AS last FROM (SELECT * FROM statements WHERE {named} AND {some}) s
             JOIN effects e ON e.shape = s.shape WHERE e.operation IN {CHANGES}
             GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 10 DESC, 1, 4"
        ),
    );
    let query = format!(
        "SELECT coalesce(outcome_sequence, sequence) AS sequence FROM statements
         WHERE {named} AND {some}"
    );
    behind(asker, ask, &query)
}

fn erased(asker: &Asker<'_>, named: &str) -> Ask {
    let some = format!(
        "{named} AND shape IN (SELECT shape FROM effects WHERE operation = 'delete')
         AND state NOT IN ('refused', 'undone')"
    );
    let ask = sql(
        asker,
        "erased",
        "What was erased",
        "The newest statements that deleted rows by it. One that is `ended` without an SQLSTATE \
         did what it says, unless its transaction was rolled back.",
        &format!(
            "SELECT sequence, outcome_sequence, time, identity, acts_for, database, state, sqlstate,
             affected, hold, approved_by, text FROM statements WHERE {some}
             ORDER BY sequence DESC LIMIT 50"
        ),
    );
    let query = format!(
        "SELECT coalesce(outcome_sequence, sequence) AS sequence FROM statements WHERE {some}"
    );
    behind(asker, ask, &query)
}

fn refused(asker: &Asker<'_>, named: &str) -> Ask {
    let some = format!("{named} AND state = 'refused'");
    let ask = sql(
        asker,
        "refused",
        "What was refused",
        "The newest statements that were not run, without literals, and why.",
        &format!(
            "SELECT sequence, time, identity, acts_for, database, operation, policies,
             coalesce(nullif(reason, ''), reasons) AS why, text FROM statements WHERE {some}
             ORDER BY sequence DESC LIMIT 50"
        ),
    );
    behind(asker, ask, &format!("SELECT sequence FROM statements WHERE {some}"))
}

fn statements(asker: &Asker<'_>, named: &str) -> Ask {
    let ask = sql(
        asker,
        "statements",
        "The statements",
        "The newest, without literals; the record of each is its `sequence`, that of what came of \
         it `outcome_sequence`.",
        &format!(
            "SELECT sequence, outcome_sequence, time, identity, acts_for, database, operation,
             verdict, state, purpose, rows, affected, text FROM statements WHERE {named}
             ORDER BY sequence DESC LIMIT 200"
        ),
    );
    behind(asker, ask, &format!("SELECT sequence FROM statements WHERE {named}"))
}

/// Names the newest records that a query finds as those behind a figure.
fn behind(asker: &Asker<'_>, ask: Ask, query: &str) -> Ask {
    let query = asker.period.fill(&format!("{query} ORDER BY 1 DESC"));
    Ask { sample: Sample::Sql(query), ..ask }
}
