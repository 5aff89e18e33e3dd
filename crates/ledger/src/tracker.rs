//! Follows which statements and sessions are under way. Knows records, not files.

use crate::{
    ids::{SessionId, StatementId},
    record::Record,
};
use std::collections::BTreeSet;

/// The state after the records observed so far.
#[derive(Debug, Default)]
pub(crate) struct Tracker {
    intents: BTreeSet<StatementId>,
    sessions: BTreeSet<SessionId>,
    stopped: bool,
    any: bool,
}

/// True if a payload is a record of this type. Records are written with the type first.
pub(crate) fn is_type(payload: &[u8], word: &str) -> bool {
    payload
        .strip_prefix(b"{\"type\":\"")
        .and_then(|rest| rest.strip_prefix(word.as_bytes()))
        .is_some_and(|rest| rest.starts_with(b"\""))
}

/// True of records whose time is that of what they tell of, which may be long before they were
/// written: events of control state, also from when Weir did not run.
pub(crate) fn tells_of_before(payload: &[u8]) -> bool {
    let late = [
        "administered",
        "grant_changed",
        "hold_changed",
        "identity_changed",
        "label_changed",
        "pruned",
        "task_changed",
    ];
    late.iter().any(|word| is_type(payload, word))
}

impl Tracker {
    /// Takes note of a record. A new run begins with `started`: what was under way then is
    /// returned, and stays unknown.
    pub(crate) fn observe(&mut self, payload: &[u8]) -> Vec<StatementId> {
        self.any = true;
        self.stopped = false;
        let relevant = ["intent", "outcome", "session_opened", "session_closed", "started"];
        if !relevant.iter().any(|word| is_type(payload, word)) {
            self.stopped = is_type(payload, "stopped");
            return Vec::new();
        }
        match Record::decode(payload) {
            Ok(Record::Intent(intent)) => _ = self.intents.insert(intent.statement),
            Ok(Record::Outcome(outcome)) => _ = self.intents.remove(&outcome.statement),
            Ok(Record::SessionOpened(opened)) => _ = self.sessions.insert(opened.session),
            Ok(Record::SessionClosed(closed)) => _ = self.sessions.remove(&closed.session),
            Ok(Record::Started(_)) => {
                self.sessions.clear();
                return std::mem::take(&mut self.intents).into_iter().collect();
            }
            // A field that this version does not know: the type alone says too little.
            _ => {}
        }
        Vec::new()
    }

    /// Statements with an intent and no outcome, and sessions that were not closed.
    pub(crate) fn under_way(self) -> (Vec<StatementId>, Vec<SessionId>) {
        (self.intents.into_iter().collect(), self.sessions.into_iter().collect())
    }

    /// True if nothing was observed or the last record was `stopped`.
    pub(crate) fn is_clean(&self) -> bool {
        self.stopped || !self.any
    }
}
