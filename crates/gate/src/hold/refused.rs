//! What a client is told of a statement that waits for approval, or does not run for want of it.

use super::{Decision, Waiting};
use crate::refusal::Refusal;
use model::Blame;

impl Refusal {
    /// A held statement that does not run now: why, in words, and what to do.
    fn of_hold(sqlstate: &'static str, what: &str, hold: &str, hint: String) -> Self {
        Self {
            sqlstate,
            message: format!("Weir did not run this statement: {what}"),
            detail: None,
            hint: Some(hint),
            position: None,
            blame: Blame::Policy,
            puzzling: false,
            record: Some(hold.to_owned()),
        }
    }

    /// It waits, and the client is not to wait with it.
    pub fn awaits(waiting: &Waiting) -> Self {
        let Waiting { hold, reason, needs, lifetime, .. } = waiting;
        let minutes = lifetime.as_secs().div_ceil(60);
        let hint = format!(
            "It needs {needs}: weir approvals approve {hold}\nOnce it is approved, send exactly \
             the same statement again within {minutes} minutes; it runs once."
        );
        let mut refusal = Self::of_hold("42501", "it needs approval", hold, hint);
        refusal.detail = Some(reason.clone());
        refusal
    }

    /// It was approved while it ran, where what it did could not stay.
    pub fn approved_meanwhile(hold: &str) -> Self {
        let hint = "Its approval was not used: send it again, and it runs once.".to_owned();
        let what = "it was tried and undone, and was approved meanwhile";
        Self::of_hold("42501", what, hold, hint)
    }

    /// As many requests of an identity wait as may.
    pub fn too_many_holds(identity: &str) -> Self {
        let what = format!(
            "it needs approval, and as many requests of {identity} wait or are not used yet as may"
        );
        let hint = "See them: weir approvals list\nTake one back: weir approvals withdraw REQUEST \
                    --as NAME\nOr use those that are approved, or wait until some are over.";
        Self {
            sqlstate: "53400",
            message: format!("Weir did not run this statement: {what}"),
            detail: None,
            hint: Some(hint.to_owned()),
            position: None,
            blame: Blame::Client,
            puzzling: false,
            record: None,
        }
    }

    /// It was decided against, or nobody decided.
    pub fn decided(hold: &str, decision: &Decision) -> Self {
        let again = "Ask whoever decides, and send it again for another decision.".to_owned();
        match decision {
            Decision::Denied(by, why) if why.is_empty() => {
                Self::of_hold("42501", &format!("{by} denied it"), hold, again)
            }
            Decision::Denied(by, why) => {
                Self::of_hold("42501", &format!("{by} denied it: {why}"), hold, again)
            }
            Decision::Void(why) => Self::of_hold("42501", why, hold, again),
            Decision::Expired | Decision::Approved(_) => {
                let what = "nobody approved it in time";
                Self::of_hold("42501", what, hold, again)
            }
        }
    }

    /// The client cancelled the wait.
    pub fn withdrawn(hold: &str) -> Self {
        let hint = "Nothing was executed, and the request for approval is withdrawn.".to_owned();
        Self::of_hold("57014", "it was cancelled while it waited for approval", hold, hint)
    }

    /// Holds cannot be kept or read.
    pub fn unapprovable(why: &str) -> Self {
        Self {
            sqlstate: "58030",
            message: "Weir did not run this statement: it needs approval, and approvals cannot be \
                      kept now"
                .to_owned(),
            detail: Some(why.to_owned()),
            hint: Some("Nothing was executed. Try again; if it persists, tell an operator.".into()),
            position: None,
            blame: Blame::Internal,
            puzzling: false,
            record: None,
        }
    }
}
