//! The questions behind a verdict, with their answers, for people who ask why. Decides nothing: it
//! notes what the judgement asks.

use crate::ask::Answer;
use crate::entity::Object;
use model::{Label, PolicyId, Verdict};
use std::cell::RefCell;

/// One question that policy was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Whose right was asked for: a member of the chain of actors.
    pub identity: String,
    /// The action.
    pub action: String,
    /// On what, as policies write it.
    pub resource: String,
    /// The label of the column, if it is one and bears one.
    pub label: Option<Label>,
    /// Asked with `context.unbounded`.
    pub unbounded: bool,
    /// Permitted.
    pub allowed: bool,
    /// The policies that decided; empty if none did.
    pub policies: Vec<PolicyId>,
    /// Policies that failed while they were evaluated.
    pub failed: Vec<PolicyId>,
}

/// A verdict with everything that was asked on the way.
#[derive(Clone, Debug)]
pub struct Explained {
    /// The verdict, the same as [`crate::PolicySet::decide`] gives.
    pub verdict: Verdict,
    /// In the order of asking.
    pub questions: Vec<Question>,
}

/// Where questions are noted.
#[derive(Debug)]
pub(crate) struct Trace {
    who: RefCell<String>,
    questions: RefCell<Vec<Question>>,
}

impl Trace {
    pub(crate) fn new(who: &str) -> Self {
        Self { who: RefCell::new(who.to_owned()), questions: RefCell::default() }
    }

    /// Whose right is asked for from now on.
    pub(crate) fn of(&self, who: &str) {
        self.who.replace(who.to_owned());
    }

    pub(crate) fn note(&self, question: impl FnOnce(&str) -> Question) {
        let question = question(&self.who.borrow());
        let mut questions = self.questions.borrow_mut();
        if !questions.contains(&question) {
            questions.push(question);
        }
    }

    pub(crate) fn questions(self) -> Vec<Question> {
        self.questions.into_inner()
    }
}

impl Question {
    pub(crate) fn new(
        who: &str,
        action: &str,
        resource: String,
        object: Object<'_>,
        unbounded: bool,
        answer: &Answer<'_>,
    ) -> Self {
        let label = match object {
            Object::Column { label, .. } => label.map(|(label, _)| label.clone()),
            Object::Database | Object::Table { .. } => None,
        };
        Self {
            identity: who.to_owned(),
            action: action.to_owned(),
            resource,
            label,
            unbounded,
            allowed: answer.allowed,
            policies: answer.rules.iter().map(|rule| rule.id.clone()).collect(),
            failed: answer.failed.iter().map(|rule| rule.id.clone()).collect(),
        }
    }
}
