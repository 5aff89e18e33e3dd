//! Makes an upstream connection as new as a statement can make it when its session has ended, and
//! asks whether it still is when another comes. Knows the server's settings and no client.
//!
//! Whatever is not answered as foreseen ends the connection: it is closed, and a new one opened.

use super::{Upstream, UpstreamError, lossy, read, spares::say_goodbye};
use bytes::{BufMut, Bytes, BytesMut};
use std::time::Duration;
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
/// The longest message that is part of an answer: bytes.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// Messages in one answer. Notifications that a session did not wait for come before it.
const MAX_MESSAGES: usize = 10_000;

/// What a message's length counts of itself: bytes.
const LENGTH: usize = frame::HEADER_LEN - 1;

const DISCARD: &str = "DISCARD ALL";
/// Temporary schemas are emptied and stay; a session that had one leaves no trace in another.
const NOTHING_OWN: &str = "SELECT pg_catalog.pg_my_temp_schema()";
/// A row, if whoever is signed in could sign in now, and nothing runs when somebody does: what it
/// set was taken back. Operators are looked up by the path like all
/// else, so they are named with their schema.
const COULD_SIGN_IN: &str = "\
    SELECT FROM pg_catalog.pg_roles AS r, pg_catalog.pg_database AS d \
    WHERE r.rolname OPERATOR(pg_catalog.=) session_user AND r.rolcanlogin \
    AND (r.rolvaliduntil IS NULL OR r.rolvaliduntil OPERATOR(pg_catalog.>) pg_catalog.now()) \
    AND d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database() AND d.datallowconn \
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

/// Resets a connection that stands idle outside of a transaction, with everything answered.
/// `changed` are the settings that the server reported since sign-in. `None` if it cannot be told
/// that the next session would find what a new connection has; it is closed then.
pub(crate) async fn reset(
    mut left: Upstream,
    changed: Vec<(String, String)>,
    role: Option<&str>,
) -> Option<Upstream> {
    let own = with_role(role, NOTHING_OWN);
    let asked = timeout(RESET, ask(&mut left, &[DISCARD, &own])).await;
    if let Ok(Ok(answers)) = asked
        && !answers.failed
        && has_nothing(&answers.rows)
        && is_as_before(&left, changed.into_iter().chain(answers.settings))
    {
        return Some(left);
    }
    say_goodbye(left).await;
    None
}

/// True if the session never had a temporary schema.
fn has_nothing(rows: &[Bytes]) -> bool {
    let [row] = rows else { return false };
    let Ok(row) = DataRow::parse(row) else { return false };
    row.values.iter().eq([Some(&b"0"[..])])
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

/// The same connection if the server says that it is as it was and that its role might sign in now.
pub(crate) async fn still_good(mut spare: Upstream, role: Option<&str>) -> Option<Upstream> {
    let question = with_role(role, COULD_SIGN_IN);
    let Ok(Ok(answers)) = timeout(ASKED, ask(&mut spare, &[&question])).await else { return None };
    let Answers { rows, settings, unasked, failed } = answers;
    // Before 14 a server reports settings that are put to what they were.
    let good = rows.len() == 1
        && unasked.is_empty()
        && !failed
        && is_as_before(&spare, settings.into_iter());
    good.then_some(spare)
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
