//! What a client is told when a statement does not run. Knows no wire format.

use crate::look_ups::Reached;
use model::{Blame, Verdict, verdict::LookUps};

/// A statement that does not run, in words a person and a model can act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// SQLSTATE (PostgreSQL manual, appendix A); other engines map it.
    pub sqlstate: &'static str,
    /// What was refused and by which policy; one line.
    pub message: String,
    /// Why, one reason a line.
    pub detail: Option<String>,
    /// What to do next.
    pub hint: Option<String>,
    /// For syntax errors: 1-based character position in the statement.
    pub position: Option<usize>,
    /// Whose doing it is.
    pub blame: Blame,
    /// A part of it was not understood: it may name what does not exist, and the database can say.
    pub puzzling: bool,
    /// The record's id, for the person who asks an operator about it.
    pub record: Option<String>,
}

impl Refusal {
    /// A policy's deny or hold.
    pub fn by_policy(verdict: &Verdict, record: Option<String>) -> Self {
        let first = verdict.reasons.first().map_or("no policy permits it", String::as_str);
        let rest = verdict.reasons.iter().skip(1).cloned().collect::<Vec<_>>().join("\n");
        Self {
            sqlstate: "42501",
            message: format!("Weir refused this statement: {first}"),
            detail: (!rest.is_empty()).then_some(rest),
            hint: verdict.advice.clone(),
            position: None,
            blame: Blame::Policy,
            puzzling: false,
            record,
        }
    }

    /// The record could not be written, so the statement must not run.
    pub fn unrecordable() -> Self {
        Self {
            sqlstate: "58030",
            message: "Weir refused this statement: it could not be recorded, and nothing runs \
                      unrecorded"
                .to_owned(),
            detail: Some("The ledger's disk is full or failing.".to_owned()),
            hint: Some(
                "Nothing was executed. Try again; if it persists, an operator must look at the \
                 ledger's disk (see /readyz and the log)."
                    .to_owned(),
            ),
            position: None,
            blame: Blame::Internal,
            puzzling: false,
            record: None,
        }
    }

    /// The record could not be written, so no session may begin.
    pub(crate) fn session_unrecordable() -> Self {
        Self {
            message: "Weir refused this session: it could not be recorded, and nothing runs \
                      unrecorded"
                .to_owned(),
            hint: Some(
                "Try again; if it persists, an operator must look at the ledger's disk (see \
                 /readyz and the log)."
                    .to_owned(),
            ),
            ..Self::unrecordable()
        }
    }

    /// The text does not parse: said as the database itself would say it.
    pub fn syntax(message: &str, position: usize) -> Self {
        Self {
            sqlstate: "42601",
            message: message.to_owned(),
            detail: None,
            hint: None,
            position: Some(position),
            blame: Blame::Client,
            puzzling: false,
            record: None,
        }
    }

    /// An identity asks for too many values in an hour.
    pub(crate) fn look_ups(reached: &Reached, record: Option<String>) -> Self {
        let Reached { limit, left, minutes } = reached;
        let LookUps { identity, label, values: _, per_hour, policy } = limit;
        Self {
            sqlstate: "42501",
            message: format!(
                "Weir refused this statement: {identity} may look up {per_hour} values of {label} \
                 an hour by policy \"{policy}\", and {left} are left"
            ),
            detail: None,
            hint: Some(format!(
                "Look up fewer values at once, join with a table that holds them, or go on in \
                 {minutes} minutes."
            )),
            position: None,
            blame: Blame::Policy,
            puzzling: false,
            record,
        }
    }

    /// Something that the session cannot carry out as the verdict demands.
    pub fn unenforceable(what: &str, hint: &str) -> Self {
        Self {
            sqlstate: "42501",
            message: format!("Weir refused this statement: {what}"),
            detail: None,
            hint: Some(hint.to_owned()),
            position: None,
            blame: Blame::Policy,
            puzzling: false,
            record: None,
        }
    }

    /// Its text is in an encoding that is not read.
    pub fn not_utf8() -> Self {
        let hint = "Set client_encoding to UTF8 and send it again.";
        Self::unenforceable("its text is not UTF-8, so it cannot be understood", hint)
    }

    /// It would wait for approval in a transaction that has failed, where nothing runs.
    pub fn in_failed_transaction() -> Self {
        let what = "its transaction has failed, so that nothing runs in it until it ends";
        let hint = "Roll the transaction back and send it again; it needs approval then.";
        Self { sqlstate: "25P02", blame: Blame::Client, ..Self::unenforceable(what, hint) }
    }

    /// A limit of this installation was exceeded.
    pub fn limit(what: String, hint: &str) -> Self {
        Self {
            sqlstate: "54000",
            message: format!("Weir refused this statement: {what}"),
            detail: None,
            hint: Some(hint.to_owned()),
            position: None,
            blame: Blame::Client,
            puzzling: false,
            record: None,
        }
    }
}
