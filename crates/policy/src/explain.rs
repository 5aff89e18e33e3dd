//! The questions behind a verdict, with their answers, for people who ask why. Decides nothing: it
//! notes what the judgement asks.

use crate::ask::Answer;
use crate::entity::Object;
use crate::wording::{cedar, principal};
use model::{Identity, Label, PolicyId, Verdict, verdict::Approval};
use std::cell::RefCell;

/// One question that policy was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Whose right was asked for: a member of the chain of actors.
    pub identity: String,
    /// The same as policies write it.
    pub principal: String,
    /// The action.
    pub action: String,
    /// On what, as policies write it.
    pub resource: String,
    /// The table of the column, as policies write it, if it is one.
    pub table: Option<String>,
    /// The label of the column, if it is one and bears one.
    pub label: Option<Label>,
    /// Asked with `context.unbounded`.
    pub unbounded: bool,
    /// Permitted.
    pub allowed: bool,
    /// It is about whatever was not foreseen: no column of the catalog.
    pub unforeseen: bool,
    /// Whose consent it waits for although it is permitted, with the policy that says so.
    pub needs: Vec<(PolicyId, Approval)>,
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
    who: RefCell<(String, String)>,
    questions: RefCell<Vec<Question>>,
}

impl Trace {
    pub(crate) fn new(who: &Identity) -> Self {
        Self { who: RefCell::new(named(who)), questions: RefCell::default() }
    }

    /// Whose right is asked for from now on.
    pub(crate) fn of(&self, who: &Identity) {
        self.who.replace(named(who));
    }

    pub(crate) fn note(&self, question: impl FnOnce(&(String, String)) -> Question) {
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

/// Its name, and how policies write it.
fn named(who: &Identity) -> (String, String) {
    (who.name.to_string(), principal(who))
}

fn needs(answer: &Answer<'_>) -> Vec<(PolicyId, Approval)> {
    let needs = answer.rules.iter().map(|rule| (rule, rule.consent()));
    needs.filter_map(|(rule, need)| Some((rule.id.clone(), need?.clone()))).collect()
}

impl Question {
    pub(crate) fn new(
        (identity, principal): &(String, String),
        action: &str,
        database: &str,
        object: Object<'_>,
        unbounded: bool,
        answer: &Answer<'_>,
    ) -> Self {
        let (table, label) = match object {
            Object::Column { schema, table, label, .. } => {
                let table = Object::Table { schema, name: table };
                (Some(cedar(database, table)), label.map(|(label, _)| label.clone()))
            }
            Object::Database | Object::Table { .. } | Object::Group { .. } => (None, None),
        };
        Self {
            identity: identity.clone(),
            principal: principal.clone(),
            action: action.to_owned(),
            resource: cedar(database, object),
            table,
            label,
            unbounded,
            allowed: answer.allowed,
            unforeseen: matches!(object, Object::Column { schema: "", table: "", .. }),
            needs: if answer.allowed { needs(answer) } else { Vec::new() },
            policies: answer.rules.iter().map(|rule| rule.id.clone()).collect(),
            failed: answer.failed.iter().map(|rule| rule.id.clone()).collect(),
        }
    }
}
