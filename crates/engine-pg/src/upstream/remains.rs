//! What a session has at the server that it could miss on another connection: asked before it gives
//! the one up, and set again on the next where that can be done. Knows no client.
//!
//! What the server cannot be asked for is tracked by what ran: see `gate::Plan::is_attached`.

use super::{
    Upstream, UpstreamError, lossy,
    parting::{Answers, ask},
};
use std::time::Duration;
use tokio::time::timeout;
use wire_pg::backend::DataRow;

/// How long the server may take to answer. A client that speaks meanwhile waits for it, as it would
/// for its own answer.
const ASKED: Duration = Duration::from_secs(60);
/// How many settings are set again.
const MAX_SETTINGS: usize = 64;

/// Temporary tables, statements that SQL prepared, cursors, channels, locks, the role and the user.
/// Names and operators are qualified: the session's search_path may begin anywhere.
const REMAINS: &str = "SELECT pg_catalog.pg_my_temp_schema(), \
    (SELECT pg_catalog.count(*) FROM pg_catalog.pg_prepared_statements WHERE from_sql), \
    (SELECT pg_catalog.count(*) FROM pg_catalog.pg_cursors), \
    (SELECT pg_catalog.count(*) FROM pg_catalog.pg_listening_channels()), \
    (SELECT pg_catalog.count(*) FROM pg_catalog.pg_locks \
        WHERE locktype OPERATOR(pg_catalog.=) 'advisory' \
        AND pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()), \
    pg_catalog.current_setting('role'), session_user";
/// What somebody set since the connection was made.
const SETTINGS: &str = "SELECT name, setting FROM pg_catalog.pg_settings \
    WHERE source OPERATOR(pg_catalog.=) 'session'";
/// Which the server chooses anew for each transaction.
const OF_TRANSACTION: [&str; 3] =
    ["transaction_isolation", "transaction_read_only", "transaction_deferrable"];
const ROLE: &str = "SELECT pg_catalog.current_setting('role')";

/// Settings, by name, as the server writes them.
pub(crate) type Settings = Vec<(String, String)>;

/// What a session that stands idle outside of a transaction has set, if that is all that it has at
/// the server. `None` if there is more, or nobody can tell. What came unasked is in front of what
/// comes next.
///
/// # Errors
/// The connection is of no use any more.
pub(crate) async fn remains(
    upstream: &mut Upstream,
    role: Option<&str>,
) -> Result<Option<Settings>, UpstreamError> {
    let first = with_role(role, REMAINS);
    let asked = timeout(ASKED, ask(upstream, &[&first, SETTINGS])).await;
    let Answers { rows, settings, unasked, failed } =
        asked.map_err(|_| UpstreamError::Slow(ASKED))??;
    let quiet = unasked.is_empty() && settings.is_empty() && upstream.buffered.is_empty();
    let mut before = unasked;
    for (name, value) in &settings {
        wire_pg::backend::encode::parameter_status(&mut before, name.as_bytes(), value.as_bytes())?;
    }
    before.extend_from_slice(&upstream.buffered);
    upstream.buffered = before;
    let Some((first, set)) = rows.split_first().filter(|_| quiet && !failed) else {
        return Ok(None);
    };
    let first = DataRow::parse(first)?;
    let nothing = first.values.iter().take(5).eq([Some(&b"0"[..]); 5]);
    let user = upstream.parameter("session_authorization").map(str::as_bytes);
    let who = [Some(role.unwrap_or("none").as_bytes()), user];
    let as_begun = user.is_some() && first.values.iter().skip(5).eq(who);
    if !nothing || !as_begun || set.len() > MAX_SETTINGS {
        return Ok(None);
    }
    let mut found = Settings::new();
    for row in set {
        let row = DataRow::parse(row)?;
        let mut values = row.values.iter();
        let (Some(Some(name)), Some(Some(value))) = (values.next(), values.next()) else {
            return Ok(None);
        };
        // The client's encoding may be any: only what is the same in all of them is repeated.
        if !name.is_ascii() || !value.is_ascii() || name.contains(&b'.') {
            return Ok(None);
        }
        found.push((lossy(wire_pg::Text::new(name)), lossy(wire_pg::Text::new(value))));
    }
    found.retain(|(name, _)| !OF_TRANSACTION.contains(&name.as_str()));
    Ok(Some(found))
}

/// Sets on a new connection what was set on the one before. What the server then reports comes
/// back; `None` if it is not as it was.
///
/// # Errors
/// The connection is of no use any more.
pub(crate) async fn restore(
    upstream: &mut Upstream,
    set: &[(String, String)],
    role: Option<&str>,
) -> Result<Option<Settings>, UpstreamError> {
    let calls = set.iter().map(|(name, value)| {
        format!("pg_catalog.set_config({}, {}, false)", literal(name), literal(value))
    });
    let calls: Vec<_> = calls.collect();
    let (sets, asks) = (format!("SELECT {}", calls.join(", ")), with_role(role, ROLE));
    let texts: &[&str] = if set.is_empty() { &[&asks] } else { &[&sets, &asks] };
    let answers = timeout(ASKED, ask(upstream, texts)).await;
    let answers = answers.map_err(|_| UpstreamError::Slow(ASKED))??;
    let Some(last) = answers.rows.last().filter(|_| !answers.failed) else { return Ok(None) };
    let role = role.unwrap_or("none").as_bytes();
    let is_bound = DataRow::parse(last)?.values.iter().eq([Some(role)]);
    let quiet = answers.unasked.is_empty() && upstream.buffered.is_empty();
    let whole = answers.rows.len() == texts.len();
    Ok((is_bound && quiet && whole).then_some(answers.settings))
}

/// A question behind the role that the session is bound to.
fn with_role(role: Option<&str>, question: &str) -> String {
    match role {
        Some(role) => format!("SET ROLE {}; {question}", crate::role::quoted(role)),
        None => question.to_owned(),
    }
}

/// A literal that means the same whether backslashes do or not.
fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}
