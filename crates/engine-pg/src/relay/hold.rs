//! Statements that wait for approval inside a session: the client is told, and its statement runs
//! once it is approved. Knows no storage of approvals.

use super::{Block, Relay, expected::settled};
use gate::{
    Parameters, Plan, Refusal, Via,
    change::Place,
    hold::{self, Approved, Asked, Decision, Doing, Found, Given, Notes, Waiting},
};
use std::{
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, SystemTime},
};
use tokio::time::{Sleep, sleep};
use wire_pg::backend::{
    Status,
    encode::{Diagnostic, Severity},
};

/// How often the client hears that it still waits, so that nothing between takes the connection
/// for dead.
const REMINDER: Duration = Duration::from_secs(50);

/// What a session knows of its holds.
#[derive(Debug, Default)]
pub(super) struct Hold {
    /// What the approval that is asked for is bound to.
    digest: Vec<u8>,
    /// What is waited for.
    waiting: Option<Waiting>,
    /// What no approval was found for, so that it is looked for once.
    nothing: Option<Vec<u8>>,
    /// The client cancelled while it was looked for.
    cancelled: bool,
    /// An approval that is used up by the message at the front, and what it is bound to.
    approved: Option<(Vec<u8>, Approved)>,
}

/// What a held message waits for.
pub(super) enum Wait {
    /// Whether it may change more than its limits say.
    Looking(Doing<Found>),
    /// Whether it is approved already.
    Asking(Doing<Asked>),
    /// The decision, with what the client hears meanwhile.
    Deciding(Doing<Decision>, Pin<Box<Sleep>>, Notes),
}

/// Whether a plan may be submitted.
pub(super) enum Held {
    /// Yes, if it is held by this approval.
    Free(Option<Approved>),
    /// Not yet.
    Waits,
}

/// What came of a wait.
enum Came {
    Looked(Result<Found, String>),
    Asked(Result<Asked, String>),
    Decided(Result<Decision, String>),
    Noted(Vec<String>),
    Reminder,
}

impl Wait {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Came> {
        match self {
            Self::Looking(found) => found.as_mut().poll(cx).map(Came::Looked),
            Self::Asking(asked) => asked.as_mut().poll(cx).map(Came::Asked),
            Self::Deciding(decided, reminder, notes) => {
                if let Poll::Ready(decision) = decided.as_mut().poll(cx) {
                    return Poll::Ready(Came::Decided(decision));
                }
                let noted = notes.take();
                if !noted.is_empty() {
                    return Poll::Ready(Came::Noted(noted));
                }
                reminder.as_mut().poll(cx).map(|()| Came::Reminder)
            }
        }
    }
}

impl Relay {
    /// Whether a plan may be submitted: at once, by an approval, or not before one comes.
    pub(super) fn held(
        &mut self,
        plan: &Plan,
        given: Option<&Given>,
        parameters: &Parameters,
        via: Via,
    ) -> Result<Held, Refusal> {
        if self.session.previews() || !plan.asks() || !self.session.may_run(plan) {
            return Ok(Held::Free(None));
        }
        // Behind something that fails it does not run: nobody is asked for it, and no approval is
        // used up, before all that was sent is known to have gone well.
        if !settled(&self.expected) {
            self.settle();
            return Ok(Held::Waits);
        }
        if plan.is_held() {
            hold::may_be_shown(plan)?;
        }
        if self.stays_failed() && !plan.parts.first().is_some_and(gate::may_leave) {
            return Err(Refusal::in_failed_transaction());
        }
        let place = match (self.status, via) {
            (Status::Idle, Via::Extended) => Place::Implicit,
            (Status::Idle, _) => Place::Own,
            (Status::Transaction | Status::Failed, _) => Place::Block,
        };
        plan.runs_if_approved(place)?;
        if !plan.is_held() {
            return Ok(given.map_or(Held::Free(None), |given| self.looks(plan, given)));
        }
        let Some(given) = given else {
            return Err(Refusal::unenforceable(
                "it waits for approval, and its bind values were not kept to be approved",
                "Bind it again, with values that are shorter than a megabyte.",
            ));
        };
        let digest = self.session.digest(plan, given);
        if let Some((bound, approved)) = &self.hold.approved
            && *bound == digest
        {
            return Ok(Held::Free(Some(approved.clone())));
        }
        let asking =
            self.session.ask(plan, given, parameters, plan.wish(place), SystemTime::now())?;
        self.wait_for(asking.digest, Wait::Asking(asking.asked));
        Ok(Held::Waits)
    }

    /// Whether somebody consented to what is beyond a plan's limits on changes.
    fn looks(&mut self, plan: &Plan, given: &Given) -> Held {
        let digest = self.session.digest(plan, given);
        if let Some((bound, approved)) = &self.hold.approved
            && *bound == digest
        {
            return Held::Free(Some(approved.clone()));
        }
        if self.hold.nothing.as_ref() == Some(&digest) {
            return Held::Free(None);
        }
        let Some(found) = self.session.look_for(&digest, SystemTime::now()) else {
            return Held::Free(None);
        };
        self.wait_for(digest, Wait::Looking(found));
        Held::Waits
    }

    /// Lets the client wait for what an approval is looked for or asked for.
    pub(super) fn wait_for(&mut self, digest: Vec<u8>, wait: Wait) {
        self.hold.digest = digest;
        self.block = Some(Block::Hold(wait));
    }

    /// An approval serves one run, and the message that it was looked for.
    pub(super) fn approval_used(&mut self) {
        (self.hold.approved, self.hold.nothing) = (None, None);
        self.hold.cancelled = false;
    }

    /// True if the client waits for a decision.
    pub(super) fn waits_for_approval(&self) -> bool {
        matches!(self.block, Some(Block::Hold(_)))
    }

    /// Looks whether what is waited for has come; true if something moved.
    pub(super) fn poll_hold(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(Block::Hold(wait)) = &mut self.block else { return false };
        let Poll::Ready(came) = wait.poll(cx) else { return false };
        match &came {
            Came::Reminder => {
                if let Wait::Deciding(_, reminder, _) = wait {
                    *reminder = Box::pin(sleep(REMINDER));
                }
                self.tell_waiting(true);
                return true;
            }
            Came::Noted(words) => {
                self.tell_notes(words);
                return true;
            }
            Came::Looked(_) | Came::Asked(_) | Came::Decided(_) => {}
        }
        self.block = None;
        match came {
            Came::Asked(Ok(Asked::Approved(approved)))
            | Came::Decided(Ok(Decision::Approved(approved))) => {
                self.hold.waiting = None;
                self.hold.approved = Some((std::mem::take(&mut self.hold.digest), approved));
            }
            Came::Asked(Ok(Asked::Waiting(waiting))) if waiting.stays && self.side.waits() => {
                let notes = Notes::default();
                let decided = hold::decided(self.session.gate(), &waiting.hold, &notes);
                let reminder = Box::pin(sleep(REMINDER));
                self.block = Some(Block::Hold(Wait::Deciding(decided, reminder, notes)));
                self.hold.waiting = Some(waiting);
                if std::mem::take(&mut self.hold.cancelled) {
                    self.cancel_hold();
                } else {
                    self.tell_waiting(false);
                }
            }
            Came::Asked(Ok(Asked::Waiting(waiting))) => {
                self.side.asked(&waiting);
                self.refuse_next = Some(Refusal::awaits(&waiting));
            }
            // Where an approval may be used it is.
            Came::Asked(Ok(Asked::Ready(hold))) => {
                self.refuse_next = Some(Refusal::approved_meanwhile(&hold));
            }
            Came::Asked(Ok(Asked::Full(identity))) => {
                self.refuse_next = Some(Refusal::too_many_holds(&identity));
            }
            Came::Looked(Ok(Found::Approved(approved))) => {
                self.hold.approved = Some((std::mem::take(&mut self.hold.digest), approved));
            }
            Came::Looked(Ok(Found::Nothing | Found::Open(..))) => {
                self.hold.nothing = Some(std::mem::take(&mut self.hold.digest));
            }
            Came::Decided(Ok(decision)) => {
                let hold = self.hold.waiting.take().map(|waiting| waiting.hold).unwrap_or_default();
                self.refuse_next = Some(Refusal::decided(&hold, &decision));
            }
            Came::Looked(Err(why)) | Came::Asked(Err(why)) | Came::Decided(Err(why)) => {
                tracing::error!(%why, "approvals cannot be kept");
                self.hold.waiting = None;
                self.refuse_next = Some(Refusal::unapprovable(&why));
            }
            Came::Noted(_) | Came::Reminder => {}
        }
        true
    }

    /// The client hears what happened to what it waits for.
    fn tell_notes(&mut self, words: &[String]) {
        let Some(Waiting { hold, .. }) = &self.hold.waiting else { return };
        for words in words {
            let message = format!("approval of {hold}: {words}");
            let notice = Diagnostic::new(Severity::Notice, "00000", &message);
            notice.encode(&mut self.client.output);
        }
    }

    /// The client asked to cancel what it runs: what waits is withdrawn.
    pub(super) fn cancel_hold(&mut self) {
        let Some(waiting) = self.hold.waiting.take() else {
            // It is not asked for yet, and will be withdrawn as soon as it is.
            self.hold.cancelled =
                matches!(self.block, Some(Block::Hold(_) | Block::Budget(_) | Block::Labels(_)));
            return;
        };
        if !self.waits_for_approval() {
            return;
        }
        self.block = None;
        self.refuse_next = Some(Refusal::withdrawn(&waiting.hold));
        if let Some(withdrawal) = self.session.withdraw(&waiting.hold, SystemTime::now()) {
            tokio::spawn(async move {
                if let Err(why) = withdrawal.await {
                    tracing::error!(%why, hold = waiting.hold, "a hold could not be withdrawn");
                }
            });
        }
    }

    fn tell_waiting(&mut self, again: bool) {
        let Some(Waiting { hold, reason, needs, later, lifetime, .. }) = &self.hold.waiting else {
            return;
        };
        let minutes = lifetime.as_secs().div_ceil(60);
        let (message, detail, hint);
        if again {
            message = format!("still waiting for approval of {hold}");
            (detail, hint) = (None, None);
        } else {
            message = format!("Weir holds this statement until it is approved: {reason}");
            let later = if later.is_empty() { String::new() } else { format!("; {later}") };
            let words = format!("Request {hold} needs {needs}, within {minutes} minutes{later}.");
            detail = Some(words);
            hint = Some(format!(
                "They run: weir approvals approve {hold}\nTo withdraw it, cancel (Ctrl-C in psql)."
            ));
        }
        let mut notice = Diagnostic::new(Severity::Notice, "00000", &message);
        notice.detail = detail.as_deref();
        notice.hint = hint.as_deref();
        notice.encode(&mut self.client.output);
    }
}
