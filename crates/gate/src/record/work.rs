//! What a session works on, and what its agent was shown, for the record. Knows no statement.

use crate::{session::Session, work::Whose};
use ledger::{
    Record, StatementId, Time,
    record::{TaskChanged, Work},
};
use std::{borrow::Cow, time::SystemTime};

/// What a session works on; its purpose is said once.
pub(super) fn work(session: &Session, opens: bool) -> Option<Box<Work<'_>>> {
    let task = session.task();
    let preview = session.client().preview.as_ref();
    let work = Work {
        task: task.map_or(Cow::Borrowed(""), |running| Cow::Borrowed(&running.task.name)),
        left: task.map(|running| running.left()).unwrap_or_default(),
        purpose: Cow::Borrowed(if opens { session.purpose() } else { "" }),
        tainted: session.is_tainted(),
        preview: Cow::Borrowed(preview.map_or("", |preview| preview.by.as_str())),
        preview_of: Cow::Borrowed(preview.and_then(|it| it.hold.as_deref()).unwrap_or_default()),
    };
    (!work.is_empty()).then(|| Box::new(work))
}

/// An agent is about to be shown text that others can write.
pub(crate) fn tainted(
    session: &Session,
    whose: &Whose,
    by: Option<&StatementId>,
    reason: &str,
    now: SystemTime,
) {
    let record = Record::from(TaskChanged {
        time: Time::from(now),
        task: Cow::Borrowed(whose.task.as_deref().unwrap_or_default()),
        identity: Cow::Borrowed(&whose.chain),
        by: Cow::Owned(session.identity().chain()),
        what: Cow::Borrowed("tainted"),
        details: None,
        until: None,
        statement: by.copied(),
        reason: Cow::Borrowed(reason),
    });
    session.gate().keep(&record);
}
