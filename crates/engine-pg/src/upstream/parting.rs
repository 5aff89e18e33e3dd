//! Makes an upstream connection as new as a statement can make it when its session has ended, and
//! asks whether it still is when another comes. Knows the server's settings and no client.
//!
//! Whatever is not answered as foreseen ends the connection: it is closed, and a new one opened.

use super::{Upstream, UpstreamError, lossy, read};
use bytes::{BufMut, Bytes, BytesMut};
use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::{io::AsyncWriteExt, time::timeout};
use wire_pg::{
    backend::{self, DataRow, Status, Tag},
    frame,
    frontend::encode,
};

/// How long a server may take to reset a connection, for which nobody waits.
const RESET: Duration = Duration::from_secs(5);
/// How long it may take to say that one is still good, for which a client waits.
const ASKED: Duration = Duration::from_secs(1);
/// What may lie between a server's reading of its files and a connection that has read the same.
const FILES: Duration = Duration::from_millis(100);
/// The longest message that is part of an answer: bytes.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// Messages in one answer. Notifications that a session did not wait for come before it.
const MAX_MESSAGES: usize = 10_000;

/// What a message's length counts of itself: bytes.
const LENGTH: usize = frame::HEADER_LEN - 1;

const DISCARD: &str = "DISCARD ALL";
/// Temporary schemas are emptied and stay; a session that had one leaves no trace in another.
/// Behind that, [`AS_SET`].
const NOTHING_OWN: &str = "SELECT pg_catalog.pg_my_temp_schema(), ";
/// What the server sets for whoever signs in, by row versions: for roles, databases and all. Those
/// of others are as cheap to tell as one's own to find.
const AS_SET: &str = "ARRAY(SELECT s.xmin FROM pg_catalog.pg_db_role_setting AS s)";
/// Behind [`AS_SET`]: a row, if whoever is signed in could sign in now, and nothing runs when
/// somebody does: what it set was taken back. Operators are looked up by the path like all else, so
/// they are named with their schema.
const COULD_SIGN_IN: &str = "\
    FROM pg_catalog.pg_roles AS r, pg_catalog.pg_database AS d \
    WHERE r.rolname OPERATOR(pg_catalog.=) session_user AND r.rolcanlogin \
    AND (r.rolvaliduntil IS NULL OR r.rolvaliduntil OPERATOR(pg_catalog.>) pg_catalog.now()) \
    AND d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database() \
    AND d.datallowconn \
    AND pg_catalog.has_database_privilege(session_user, d.oid, 'CONNECT') \
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_event_trigger AS t \
        WHERE t.evtevent OPERATOR(pg_catalog.=) 'login' \
        AND t.evtenabled OPERATOR(pg_catalog.<>) 'D')";

/// What the server said.
#[derive(Default)]
pub(super) struct Answers {
    pub(super) rows: Vec<Bytes>,
    /// Settings that changed.
    pub(super) settings: Vec<(String, String)>,
    /// What came that no question was for, as it came.
    pub(super) unasked: BytesMut,
    /// A question was answered by an error.
    pub(super) failed: bool,
}

/// What a server gives whoever signs in to a database, and since when it is known to.
#[derive(Debug, Default)]
pub(crate) struct AsSet(Mutex<Option<(Vec<Bytes>, Instant)>>);

impl AsSet {
    /// True if a connection that was begun `since` then began with what is set `now`. Versions of
    /// rows do not come again: what is as it was has not been otherwise meanwhile.
    fn held(&self, now: Vec<Bytes>, since: Instant) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*known {
            Some((before, seen)) if *before == now => *seen <= since,
            _ => {
                *known = Some((now, Instant::now()));
                false
            }
        }
    }
}

/// Resets a connection that stands idle outside of a transaction, with everything answered.
/// `changed` are the settings that the server reported since sign-in. `Err` if it cannot be told
/// that the next session would find what a new connection has.
pub(crate) async fn reset(
    mut left: Upstream,
    changed: Vec<(String, String)>,
    role: Option<&str>,
    set: &AsSet,
) -> Result<Upstream, Upstream> {
    let own = with_role(role, &format!("{NOTHING_OWN}{AS_SET}"));
    let asked = timeout(RESET, ask(&mut left, &[DISCARD, &own])).await;
    if let Ok(Ok(answers)) = asked
        && !answers.failed
        && let Some((own, now)) = the_row(&answers.rows, true)
        && own.as_deref() == Some(b"0")
        && set.held(now, left.since)
        && is_as_before(&left, changed.into_iter().chain(answers.settings))
    {
        return Ok(left);
    }
    Err(left)
}

/// The values of the one row there is, with the first one apart if asked.
fn the_row(rows: &[Bytes], first: bool) -> Option<(Option<Bytes>, Vec<Bytes>)> {
    let [row] = rows else { return None };
    let row = DataRow::parse(row).ok()?;
    let mut values = row.values.iter();
    let own = if first { values.next()? } else { None };
    let told = |value: Option<&[u8]>| Bytes::copy_from_slice(value.unwrap_or_default());
    Some((own.map(Bytes::copy_from_slice), values.map(told).collect()))
}

/// True if after all these changes the settings are what they were at sign-in, and nothing came
/// behind them.
fn is_as_before(left: &Upstream, changes: impl Iterator<Item = (String, String)>) -> bool {
    let now = after(left.parameter_statuses.clone(), changes);
    now == left.parameter_statuses && left.buffered.is_empty()
}

/// The settings after these changes.
pub(crate) fn after(
    mut now: Vec<(String, String)>,
    changes: impl IntoIterator<Item = (String, String)>,
) -> Vec<(String, String)> {
    for (name, value) in changes {
        match now.iter_mut().find(|(known, _)| *known == name) {
            Some((_, before)) => *before = value,
            None => now.push((name, value)),
        }
    }
    now
}

/// The same connection if the server says that it is as it was, that its role might sign in now,
/// and that it would find the same.
pub(crate) async fn still_good(
    mut spare: Upstream,
    role: Option<&str>,
    set: &AsSet,
) -> Result<Upstream, Upstream> {
    // What the server reads when it is told to read its files again (who may come from where, and
    // what a process has from its start) is read by whoever signs in.
    let age = (spare.since.elapsed() + FILES).as_secs_f64();
    let files = format!(
        " AND pg_catalog.pg_conf_load_time() OPERATOR(pg_catalog.<) (pg_catalog.clock_timestamp() \
         OPERATOR(pg_catalog.-) pg_catalog.make_interval(secs => {age:.3}))"
    );
    let question = with_role(role, &format!("SELECT {AS_SET} {COULD_SIGN_IN}{files}"));
    if let Ok(Ok(answers)) = timeout(ASKED, ask(&mut spare, &[&question])).await
        && let Some((_, now)) = the_row(&answers.rows, false)
        && set.held(now, spare.since)
        && answers.unasked.is_empty()
        && !answers.failed
        // Before 14 a server reports settings that are put to what they were.
        && is_as_before(&spare, answers.settings.into_iter())
    {
        return Ok(spare);
    }
    Err(spare)
}

/// A question behind the role that the session works as.
fn with_role(role: Option<&str>, question: &str) -> String {
    match role {
        Some(role) => format!("SET ROLE {}; {question}", crate::role::quoted(role)),
        // As it was when the connection was opened: some servers take off what the database gives
        // a user, and do not put it back.
        None => format!("RESET ROLE; {question}"),
    }
}

/// Asks by simple queries, all at once.
pub(super) async fn ask(upstream: &mut Upstream, texts: &[&str]) -> Result<Answers, UpstreamError> {
    let mut out = BytesMut::new();
    for text in texts {
        encode::query(&mut out, text.as_bytes())?;
    }
    upstream.stream.write_all(&out).await?;
    upstream.stream.flush().await?;
    let mut answers = Answers::default();
    let mut ready = 0;
    for _ in 0..MAX_MESSAGES {
        let (tag, payload) =
            read(&mut upstream.stream, &mut upstream.buffered, MAX_ANSWER_BYTES).await?;
        match tag {
            Tag::DataRow => answers.rows.push(payload),
            Tag::ParameterStatus => {
                let status = backend::ParameterStatus::parse(&payload)?;
                answers.settings.push((lossy(status.name), lossy(status.value)));
            }
            Tag::NoticeResponse | Tag::NotificationResponse => {
                let len = u32::try_from(payload.len() + LENGTH).unwrap_or(u32::MAX);
                answers.unasked.put_u8(tag.byte());
                answers.unasked.put_u32(len);
                answers.unasked.put_slice(&payload);
            }
            Tag::ErrorResponse => answers.failed = true,
            Tag::RowDescription | Tag::CommandComplete => {}
            Tag::ReadyForQuery => {
                if backend::ready_for_query(&payload)? != Status::Idle {
                    return Err(UpstreamError::Unexpected(tag));
                }
                ready += 1;
                if ready == texts.len() {
                    return Ok(answers);
                }
            }
            other => return Err(UpstreamError::Unexpected(other)),
        }
    }
    Err(UpstreamError::Unexpected(Tag::NotificationResponse))
}
