//! Reports about one identity, one column or label, one model or job, one data subject. Knows the
//! views; states the names that it took the given one for, so that every query can be read.

use crate::{
    ReportError,
    gather::{Asker, Frame},
    measure::{Ask, Sample, Source},
    period::{list, literal},
};
use index::Direction;

mod application;
mod consent;
mod named;

pub(crate) use named::subject;

/// How many columns of a report are traced.
const TRACED: usize = 10;

const NO_VALUES: &str = "The record holds no value: of a statement its text without literals, of \
    values keyed hashes. So it cannot say whose row was read, but which columns' values were \
    given to whom, how many, and raw or masked.";
const NO_PURPOSE: &str = "Purposes, legal grounds, and what a client did with what it was given \
    are in no record.";
const PAST_WEIR: &str = "What reached a database past Weir is in no record.";
const UNCHANGED: &str = "`unchanged` counts values that were looked into and held nothing to hide.";

/// What an identity did, and what is recorded of it.
pub(crate) fn person(asker: &Asker<'_>, name: &str) -> Result<Frame, ReportError> {
    let all = identities(asker, name)?;
    let changed =
        asker.texts(&format!("SELECT count(*) FROM events WHERE identity = {}", literal(name)))?;
    if all.is_empty() && changed.first().is_none_or(|row| row.first().is_none_or(|n| n == "0")) {
        return Err(ReportError::Asked(format!("the record knows no identity {name}")));
    }
    let (own, who) = (literal(name), format!("identity IN {}", list(&all)));
    let search = format!("identity:\"{}\"", name.replace('"', ""));
    let mut asks = account(asker, &own, &who);
    asks.extend(consent::asks(asker, &own, &who));
    asks.extend(work(asker, &who, &search));
    asks.push(sql(
        asker,
        "refused",
        "Statements that were refused",
        "The newest statements of this identity that were not run, without literals, and why.",
        &format!(
            "SELECT sequence, time, identity, operation, policies, coalesce(nullif(reason, ''),
             reasons) AS why, text FROM statements WHERE {who} AND state = 'refused' AND {{time}}
             ORDER BY sequence DESC LIMIT 50"
        ),
    ));
    Ok(Frame {
        kind: "person".into(),
        title: format!("What the record says of {name}"),
        about: vec![
            format!(
                "This report has what Weir recorded of the identity {name}, of agents that acted \
                 for it, and of what they did: sign-ins with addresses, statements, data that \
                 they were given. It serves a request for access under Art. 15 GDPR by somebody \
                 who works with the databases, and reviews of what one identity did."
            ),
            format!("Taken together are: {}.", joined(&all)),
        ],
        limits: [NO_VALUES, NO_PURPOSE, PAST_WEIR].map(str::to_owned).to_vec(),
        asks,
        framework: None,
    })
}

/// Who was given values of a column or of a label.
pub(crate) fn access(asker: &Asker<'_>, target: &str) -> Result<Frame, ReportError> {
    let text = literal(target);
    let meant = asker.texts(&format!(
        "SELECT DISTINCT column FROM columns_used WHERE label = {text} OR column = {text}
         OR substr(column, -length({text}) - 1) = '.' || {text}
         OR database || '.' || column = {text} ORDER BY 1"
    ))?;
    let columns: Vec<String> = meant.into_iter().flatten().collect();
    if columns.is_empty() {
        let why = format!("no statement in the record touches a column or label {target}");
        return Err(ReportError::Asked(why));
    }
    let listed = list(&columns);
    let label = asker.texts(&format!("SELECT 1 FROM columns_used WHERE label = {text} LIMIT 1"))?;
    let word = if label.is_empty() { "column" } else { "label" };
    let mut asks = of_columns(asker, &listed);
    if let Some(Ask { sample, .. }) = asks.iter_mut().find(|ask| ask.id == "given") {
        let question = format!("{word}:\"{}\" disclosure:raw,masked", target.replace('"', ""));
        *sample = Sample::Search { question: asker.period.ask(&question), outcome: true };
    }
    asks.extend(traces(&columns, Direction::Forward));
    Ok(Frame {
        kind: "access".into(),
        title: format!("Who was given values of {target}"),
        about: vec![
            format!(
                "This report says to whom values of {target} left, how many, and raw or masked; \
                 who asked about them without being given them; and where they were copied to."
            ),
            format!("Columns meant: {}.", joined(&columns)),
        ],
        limits: [NO_VALUES, NO_PURPOSE, PAST_WEIR].map(str::to_owned).to_vec(),
        asks,
        framework: None,
    })
}

/// Which data fed a model or a job, and on whose authority.
pub(crate) fn job(asker: &Asker<'_>, name: &str, application: bool) -> Result<Frame, ReportError> {
    let all = if application { Vec::new() } else { identities(asker, name)? };
    let claimed = asker.texts(&format!(
        "SELECT DISTINCT identity FROM sessions WHERE application = {} ORDER BY 1",
        literal(name)
    ))?;
    let claimed: Vec<String> = claimed.into_iter().flatten().collect();
    if all.is_empty() && claimed.is_empty() {
        let what = if application { "application" } else { "identity or application" };
        return Err(ReportError::Asked(format!("the record knows no {what} {name}")));
    }
    let by_name = !all.is_empty();
    let (mut asks, meant) = if by_name {
        let who = format!("identity IN {}", list(&all));
        let search = format!("identity:\"{}\"", name.replace('"', ""));
        let mut asks = vec![sessions(asker, &who)];
        asks.extend(work(asker, &who, &search));
        (asks, format!("Meant by {name} are the identities: {}.", joined(&all)))
    } else {
        let meant = format!(
            "Meant by {name} are sessions whose client called itself so: a claim of the client, \
             which nobody verified. They were sessions of: {}. What bears one of these names and \
             another application is not in it.",
            joined(&claimed)
        );
        (application::asks(asker, name, &claimed)?, meant)
    };
    asks.push(policy_changes(asker));
    asks.extend(traces(&fed_by(asker, &asks)?, Direction::Back));
    Ok(Frame {
        kind: "job".into(),
        title: format!("Which data fed {name}"),
        about: vec![
            format!(
                "This report says which columns' values were given to {name}, with which labels, \
                 raw or masked; what it changed; and which policies let it. Below are the \
                 statements through which the data came into those columns, as far as records \
                 tell."
            ),
            meant,
        ],
        limits: [NO_VALUES, NO_PURPOSE, PAST_WEIR].map(str::to_owned).to_vec(),
        asks,
        framework: None,
    })
}

/// The chains of actors that a name stands in.
fn identities(asker: &Asker<'_>, name: &str) -> Result<Vec<String>, ReportError> {
    let found = asker.texts(&format!(
        "SELECT DISTINCT identity FROM sessions
         WHERE instr('/' || identity || '/', '/' || {} || '/') > 0 ORDER BY 1",
        literal(name)
    ))?;
    Ok(found.into_iter().flatten().collect())
}

/// What is recorded of an identity itself.
fn account(asker: &Asker<'_>, own: &str, who: &str) -> Vec<Ask> {
    vec![
        sql(
            asker,
            "account",
            "The identity",
            "When it was added and changed, and by whom.",
            &format!(
                "SELECT sequence, time, by, json_extract(detail, '$.what') AS what FROM events
                 WHERE type = 'identity_changed' AND identity = {own} AND {{time}}
                 ORDER BY sequence"
            ),
        ),
        sessions(asker, who),
        sql(
            asker,
            "places",
            "Where it signed in from",
            "Addresses, and what clients called themselves, which is only claimed.",
            &format!(
                "SELECT address, application, tls, count(*) AS sessions, min(opened) AS first,
                 max(opened) AS last FROM sessions WHERE {who} AND {{opened}} GROUP BY 1, 2, 3
                 ORDER BY 4 DESC, 1, 2"
            ),
        ),
        sql(
            asker,
            "refused_sign_ins",
            "Refused sign-ins under its name",
            "Somebody claimed the name and was not let in: not necessarily this identity.",
            &format!(
                "SELECT sequence, time, object AS address, json_extract(detail, '$.reason') AS why
                 FROM events WHERE type = 'session_refused' AND identity = {own} AND {{time}}
                 ORDER BY sequence DESC LIMIT 50"
            ),
        ),
        sql(
            asker,
            "decisions",
            "Changes that it made to Weir",
            "Labels, policies and identities that it changed.",
            &format!(
                "SELECT sequence, time, type, database, object FROM events WHERE by = {own}
                 AND type NOT IN ('hold_changed', 'grant_changed') AND {{time}}
                 ORDER BY sequence DESC LIMIT 50"
            ),
        ),
    ]
}

fn sessions(asker: &Asker<'_>, who: &str) -> Ask {
    let mut ask = sql(
        asker,
        "sessions",
        "Sessions",
        "Sign-ins by method, with the groups that the identity had then.",
        &format!(
            "SELECT identity, kind, acts_for, groups, database, environment, method,
             count(*) AS sessions, min(opened) AS first, max(opened) AS last FROM sessions
             WHERE {who} AND {{opened}} GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 8 DESC"
        ),
    );
    let query =
        format!("SELECT sequence FROM sessions WHERE {who} AND {{opened}} ORDER BY sequence DESC");
    ask.sample = Sample::Sql(asker.period.fill(&query));
    ask
}

/// What identities did, by days' sums.
fn work(asker: &Asker<'_>, who: &str, search: &str) -> Vec<Ask> {
    let mut asks = vec![
        sql(
            asker,
            "work",
            "What was done",
            "Statements by identity, operation and verdict.",
            &format!(
                "SELECT identity, database, operation, verdict, sum(statements) AS statements,
                 sum(refused) AS refused, sum(rows) AS rows, sum(affected) AS affected,
                 min(day) AS first, max(day) AS last FROM daily WHERE {who} AND {{days}}
                 GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC, 1, 3"
            ),
        ),
        sql(
            asker,
            "given",
            "Data that it was given",
            &format!(
                "For each column the values that left to it, by how: raw, or by which mask. \
                 {UNCHANGED} A value that comes from several columns counts for each."
            ),
            &format!(
                "SELECT identity, database, origin, labels, coalesce(method, shows) AS shown,
                 sum(CASE WHEN shows = 'raw' THEN raw ELSE 0 END) AS raw, sum(masked) AS masked,
                 sum(CASE WHEN shows = 'raw' THEN 0 ELSE raw END) AS unchanged,
                 sum(nulls) AS nulls, min(day) AS first, max(day) AS last
                 FROM disclosed_daily WHERE {who} AND {{days}} GROUP BY 1, 2, 3, 4, 5
                 ORDER BY labels = '', 6 DESC, 3, 1"
            ),
        ),
        sql(
            asker,
            "asked",
            "Labelled columns that it used without being given them",
            "Comparisons, look-ups, aggregates, copies: statements by column and use.",
            &format!(
                "SELECT c.database, c.column, c.label, c.use, sum(d.statements) AS statements,
                 sum(d.refused) AS refused FROM daily d JOIN columns_used c ON c.shape = d.shape
                 WHERE d.{who} AND c.label IS NOT NULL AND c.use <> 'returned' AND {{days}}
                 GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC, 2, 4"
            ),
        ),
        sql(
            asker,
            "changed",
            "What it changed",
            "Objects that statements wrote, made or dropped, by effect.",
            &format!(
                "SELECT d.database, e.object, e.operation, sum(d.statements) AS statements,
                 sum(d.refused) AS refused, min(d.day) AS first, max(d.day) AS last
                 FROM daily d JOIN effects e ON e.shape = d.shape WHERE d.{who} AND e.operation
                 NOT IN ('select', 'show', 'set', 'transaction', 'commit', 'session', 'empty')
                 AND {{days}} GROUP BY 1, 2, 3 ORDER BY 4 DESC, 2, 3"
            ),
        ),
        authority(asker, who),
    ];
    behind(asker, &mut asks, search);
    asks
}

/// Names the statements behind what was done.
fn behind(asker: &Asker<'_>, asks: &mut [Ask], search: &str) {
    for (id, question, outcome) in [
        ("work", search.to_owned(), false),
        ("given", format!("{search} disclosure:raw,masked"), true),
        (
            "changed",
            format!("{search} operation:insert,update,delete,merge,truncate,copy_in"),
            false,
        ),
        ("authority", search.to_owned(), false),
    ] {
        if let Some(ask) = asks.iter_mut().find(|ask| ask.id == id) {
            ask.sample = Sample::Search { question: asker.period.ask(&question), outcome };
        }
    }
}

/// Which policies let them.
fn authority(asker: &Asker<'_>, who: &str) -> Ask {
    sql(
        asker,
        "authority",
        "On whose authority",
        "Statements by the policies that decided, with the words of their authors.",
        &format!(
            "SELECT d.identity, s.policies, d.verdict, s.reasons,
             sum(d.statements) AS statements, sum(d.refused) AS refused FROM daily d
             JOIN shapes s ON s.shape = d.shape WHERE d.{who} AND {{days}}
             GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC, 1, 2"
        ),
    )
}

/// To whom values of columns went, and what else was done with them.
fn of_columns(asker: &Asker<'_>, columns: &str) -> Vec<Ask> {
    vec![
        sql(
            asker,
            "given",
            "Who was given values",
            &format!("Values by identity, and how they left. {UNCHANGED}"),
            &format!(
                "SELECT identity, kind, acts_for, database, origin, labels,
                 coalesce(method, shows) AS shown,
                 sum(CASE WHEN shows = 'raw' THEN raw ELSE 0 END) AS raw, sum(masked) AS masked,
                 sum(CASE WHEN shows = 'raw' THEN 0 ELSE raw END) AS unchanged,
                 sum(nulls) AS nulls, min(day) AS first, max(day) AS last FROM disclosed_daily
                 WHERE origin IN {columns} AND {{days}} GROUP BY 1, 2, 3, 4, 5, 6, 7
                 ORDER BY 8 DESC, 9 DESC, 1"
            ),
        ),
        sql(
            asker,
            "asked",
            "Who used them otherwise",
            "Comparisons, look-ups, aggregates, changes, copies: statements by identity and use.",
            &format!(
                "SELECT d.identity, d.kind, c.column, c.use, sum(d.statements) AS statements,
                 sum(d.refused) AS refused, min(d.day) AS first, max(d.day) AS last
                 FROM daily d JOIN columns_used c ON c.shape = d.shape
                 WHERE c.column IN {columns} AND c.use <> 'returned' AND {{days}}
                 GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC, 1, 4"
            ),
        ),
        sql(
            asker,
            "authority",
            "On whose authority",
            "Statements that return them, by the policies that decided, with the words of their \
             authors.",
            &format!(
                "SELECT s.policies, d.verdict, s.reasons, sum(d.statements) AS statements,
                 sum(d.refused) AS refused, count(DISTINCT d.identity) AS identities FROM daily d
                 JOIN shapes s ON s.shape = d.shape WHERE d.shape IN (SELECT shape
                 FROM columns_used WHERE column IN {columns} AND use = 'returned') AND {{days}}
                 GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1"
            ),
        ),
        sql(
            asker,
            "labels",
            "How the label came about",
            "Changes of these columns' labels, and who decided.",
            &format!(
                "SELECT sequence, time, by, database, object AS column,
                 json_extract(detail, '$.before') AS before,
                 json_extract(detail, '$.after') AS after FROM events
                 WHERE type = 'label_changed' AND object IN {columns} ORDER BY sequence DESC
                 LIMIT 50"
            ),
        ),
    ]
}

fn policy_changes(asker: &Asker<'_>) -> Ask {
    sql(
        asker,
        "policy_changes",
        "Changes of policies in these days",
        "Who changed what lets it do this.",
        "SELECT sequence, time, by, json_extract(detail, '$.version') AS version,
         json_extract(detail, '$.what') AS what, json_extract(detail, '$.refused') AS refused
         FROM events WHERE type = 'policy_changed' AND {time} ORDER BY sequence DESC LIMIT 50",
    )
}

/// The labelled columns that a job was given.
fn fed_by(asker: &Asker<'_>, asks: &[Ask]) -> Result<Vec<String>, ReportError> {
    let given = asks.iter().find(|ask| ask.id == "given");
    let Some(Ask { source: Source::Sql(query), .. }) = given else { return Ok(Vec::new()) };
    let found = asker.texts(&format!(
        "SELECT DISTINCT database || '.' || origin FROM ({query})
         WHERE origin IS NOT NULL AND labels <> '' ORDER BY 1"
    ))?;
    Ok(found.into_iter().flatten().collect())
}

/// Where columns' values went to, or came from.
fn traces(columns: &[String], direction: Direction) -> impl Iterator<Item = Ask> {
    let (id, title) = match direction {
        Direction::Forward => ("to", "Where values may have gone"),
        Direction::Back => ("from", "Where values may have come from"),
    };
    let all = columns.len();
    columns.iter().take(TRACED).enumerate().map(move |(at, column)| Ask {
        id: format!("{id}-{}", at + 1).into(),
        title: format!("{title}: {column}").into(),
        what: match all > TRACED {
            true => format!("Across statements; the first {TRACED} of {all} columns are traced."),
            false => "Across statements, of all time, as far as records tell.".to_owned(),
        }
        .into(),
        source: Source::Trace { column: column.clone(), direction },
        zero: &[],
        sample: Sample::None,
    })
}

fn sql(asker: &Asker<'_>, id: &'static str, title: &'static str, what: &str, query: &str) -> Ask {
    Ask {
        id: id.into(),
        title: title.into(),
        what: what.to_owned().into(),
        source: Source::Sql(asker.period.fill(query)),
        zero: &[],
        sample: Sample::None,
    }
}

fn joined(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
