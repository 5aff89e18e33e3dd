//! What Weir asks the upstream on the session's own connection, unseen by the client: the scope,
//! and what the session has for itself.
//!
//! SHOW takes no snapshot, so that a transaction that has only begun can still choose its isolation
//! level after it. What is temporary is asked for only after a statement that may have changed it,
//! or after a transaction.

use super::{Block, End, Expected, Relay, expected::Request, structure::Part};
use crate::catalog::{
    build::Builder,
    queries::{self, Section},
};
use wire_pg::{
    Values,
    backend::Status,
    frontend::{Kind, encode},
};

/// The name of Weir's own statements and portals; they live only between two messages.
pub(super) const OWN_NAME: &[u8] = b"weir's own; nobody else's";

/// A setting that the scope depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Setting {
    /// search_path.
    SearchPath,
    /// The role in force, for `"$user"`.
    Role,
    /// The session's user, where no role is set.
    SessionUser,
    /// standard_conforming_strings.
    Strings,
    /// client_encoding, of which the server tells only before it is ready again.
    Encoding,
}

/// Answers as they come in.
#[derive(Default)]
pub(super) struct Probe {
    search_path: Option<String>,
    role: Option<String>,
    session_user: Option<String>,
    conforming: bool,
    /// What the session has for itself, if that was asked; `None` inside if an answer was not
    /// understood.
    own: Option<Option<Builder>>,
    under_way: usize,
    /// The server is told to forget its plans along with it.
    forgets: bool,
}

/// `in_failed_sql_transaction`.
const FAILED_TRANSACTION: &str = "25P02";
const ROLE_LOST: &str = "the database does not let it work as its role any more";

const QUESTIONS: [(Setting, &[u8]); 5] = [
    (Setting::SearchPath, b"SHOW search_path"),
    (Setting::Role, b"SHOW role"),
    (Setting::SessionUser, b"SHOW session_authorization"),
    (Setting::Strings, b"SHOW standard_conforming_strings"),
    (Setting::Encoding, b"SHOW client_encoding"),
];

const FORGET: &[u8] = b"DISCARD PLANS";
const KEEP_PATH: &[u8] = b"SELECT pg_catalog.set_config('weir.search_path', \
    pg_catalog.current_setting('search_path'), true)";
const NO_PATH: &[u8] = b"SELECT pg_catalog.set_config('search_path', '', true)";
const PATH_BACK: &[u8] = b"SELECT pg_catalog.set_config('search_path', \
    pg_catalog.current_setting('weir.search_path'), true)";

impl Relay {
    /// True if the transaction is failed, which answers nothing and runs nothing but its own end,
    /// and nothing was sent since the server said so that could have been that end.
    pub(super) fn stays_failed(&self) -> bool {
        let runs_nothing = |expected: &Expected| {
            matches!(
                expected.request,
                Request::Parse { .. }
                    | Request::Bind(_)
                    | Request::DescribeStatement(..)
                    | Request::DescribePortal(_)
                    | Request::Close { .. }
                    | Request::CopyEnd
            )
        };
        self.status == Status::Failed && !self.ran && self.expected.iter().all(runs_nothing)
    }

    /// Asks for the scope; true if there is no use in asking.
    pub(super) fn ask_scope(&mut self) -> bool {
        if self.stays_failed() {
            return true;
        }
        if self.probe.under_way == 0 {
            // Behind a Query nothing of the extended protocol is open, so a Sync ends nothing; and
            // without one the server would skip all that follows a question that failed.
            let idle = !self.open
                && self.expected.back().is_none_or(|last| {
                    matches!(
                        last.request,
                        Request::Query(_) | Request::FunctionCall(_) | Request::Sync
                    )
                });
            // Whatever took the role off before, from here on it is on again.
            let role = self.session.bound_role();
            if let Some(set) = role.map(|role| format!("SET ROLE {}", crate::role::quoted(role)))
                && self.run_hidden(set.as_bytes(), |_| Request::Role).is_err()
            {
                return true;
            }
            let forgets = self.session.keeps_plans();
            if forgets && self.run_hidden(FORGET, |()| Request::Structure(Part::Settings)).is_err()
            {
                return true;
            }
            for (setting, text) in QUESTIONS {
                if self.run_hidden(text, |_| Request::Show(setting)).is_err() {
                    return true;
                }
            }
            let own = self.session.asks_temporary();
            let more = if own { queries::temporary().into() } else { Vec::new() };
            if own && self.look(&more).is_err() {
                return true;
            }
            self.probe = Probe {
                under_way: QUESTIONS.len() + more.len(),
                own: own.then(|| Some(Builder::default())),
                forgets,
                ..Probe::default()
            };
            if idle {
                encode::sync(&mut self.upstream.output);
                self.expected.push_back(Expected::hidden(Request::Sync));
            } else {
                encode::flush(&mut self.upstream.output);
            }
        }
        self.block = Some(Block::Probe);
        false
    }

    /// Asks for what the session has for itself. Operators are looked up by the path like all else,
    /// so for as long as it takes there is none; the server remembers which one there was.
    fn look(&mut self, questions: &[(Section, String)]) -> Result<(), End> {
        for text in [KEEP_PATH, NO_PATH] {
            self.run_hidden(text, |()| Request::Structure(Part::Settings))?;
        }
        for (section, text) in questions {
            self.run_hidden(text.as_bytes(), |()| Request::Look(*section))?;
        }
        self.run_hidden(PATH_BACK, |()| Request::Structure(Part::Settings))
    }

    /// Runs a statement of Weir's own, unseen: prepared, bound, run and closed.
    pub(super) fn run_hidden(
        &mut self,
        text: &[u8],
        request: impl FnOnce(()) -> Request,
    ) -> Result<(), End> {
        let out = &mut self.upstream.output;
        if self.replication.is_some() {
            // A replication connection knows simple queries alone.
            encode::query(out, text)?;
            self.expected.push_back(Expected::hidden(request(())));
            self.expected.push_back(Expected::hidden(Request::Sync));
            return Ok(());
        }
        encode::parse(out, OWN_NAME, text, [])?;
        encode::bind(out, OWN_NAME, OWN_NAME, &[], [], &[])?;
        encode::execute(out, OWN_NAME, 0)?;
        encode::close(out, Kind::Portal, OWN_NAME)?;
        encode::close(out, Kind::Statement, OWN_NAME)?;
        let parse = Request::Parse { name: OWN_NAME.into(), before: None, made: None };
        let close = || Request::Close { name: None, before: None };
        for request in [parse, Request::Bind(None), request(()), close(), close()] {
            self.expected.push_back(Expected::hidden(request));
        }
        Ok(())
    }

    /// The role could not be set again. In a failed transaction nothing runs but its end, which
    /// takes back what was done to the role, and after which it is set again.
    pub(super) fn role_failed(&mut self, code: Option<&str>) {
        if code.is_some_and(|code| code != FAILED_TRANSACTION) {
            self.must_end = Some(End::Ordered(ROLE_LOST));
        }
    }

    /// One answer.
    pub(super) fn answered(&mut self, setting: Setting, value: Option<&str>) {
        let value = value.map(str::to_owned);
        match setting {
            Setting::SearchPath => self.probe.search_path = value,
            Setting::Role => self.probe.role = value.filter(|role| role != "none"),
            Setting::SessionUser => self.probe.session_user = value,
            Setting::Strings => self.probe.conforming = value.as_deref() == Some("on"),
            Setting::Encoding => self.note_encoding(value.as_deref().unwrap_or_default()),
        }
    }

    /// One row of what the session has for itself.
    pub(super) fn told(&mut self, section: Section, values: Values<'_>) {
        if let Some(own) = &mut self.probe.own
            && own.as_mut().is_some_and(|builder| builder.row(section, values).is_err())
        {
            *own = None;
        }
    }

    /// One question is done with, answered or not; after the last the client goes on.
    pub(super) fn probe_done(&mut self, answered: bool) {
        self.probe.under_way = self.probe.under_way.saturating_sub(1);
        if self.probe.under_way > 0 && answered {
            return;
        }
        let mut probe = std::mem::take(&mut self.probe);
        if answered && self.session.bound_role().is_some_and(|b| probe.role.as_deref() != Some(b)) {
            self.must_end = Some(End::Ordered(ROLE_LOST));
        }
        if answered && probe.forgets {
            self.session.plans_forgotten();
        }
        match probe.own.take() {
            Some(Some(builder)) if answered => self.session.set_temporary(builder.finish(0)),
            Some(_) => self.session.temporary_lost(),
            None => {}
        }
        if let (Some(path), true) = (&probe.search_path, answered) {
            let user = probe.role.or(probe.session_user).unwrap_or_default();
            self.session.set_scope_settings(path, &user, probe.conforming);
        }
        if matches!(self.block, Some(Block::Probe)) {
            self.block = None;
        }
    }
}
