//! For whom a pooled application says that it acts: `SET LOCAL weir.end_user = 'TOKEN'`, from then
//! until the end of the transaction. The token is checked elsewhere and goes nowhere.
//!
//! ```text
//! SET LOCAL … ─▶ all before it answered ─▶ token checked ─▶ service for person ─▶ … ─▶ idle
//!                                               └─ wrong ─▶ nothing but ROLLBACK ─▶ … ─▶ idle
//! ```
//!
//! Whoever a transaction is for, it is for them to its end: neither ROLLBACK TO a savepoint nor a
//! RESET makes the service be itself before the server says that no transaction is open. The same
//! goes for one that is for nobody who is known.

use super::{
    Block, Relay,
    expected::{Expected, Request, settled},
};
use bytes::BytesMut;
use gate::{END_USER_SAID, EndUser, Plan, Refusal};
use identity::Secret;
use model::{Blame, Identity};
use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::SystemTime,
};
use wire_pg::{Text, WireError, backend::Status, frontend::encode};

/// What goes to the server.
pub(super) const SAID: &[u8] = END_USER_SAID.as_bytes();

/// Who an end user is.
#[derive(Clone, Debug)]
pub struct Asserted {
    /// The person.
    pub person: Arc<Identity>,
    /// Until when the token holds that says so.
    pub until: SystemTime,
}

/// Who an end user is, or why a token names nobody.
pub type Answer = Pin<Box<dyn Future<Output = Result<Asserted, String>> + Send>>;

/// Answers who is meant: the service's name, and the token that it shows.
type Check = dyn Fn(&str, Secret) -> Answer + Send + Sync;

/// Knows who is meant by a token that a service shows.
#[derive(Clone)]
pub struct Asserts(Arc<Check>);

impl Asserts {
    /// `check` is given the service's name and the token.
    pub fn new(check: impl Fn(&str, Secret) -> Answer + Send + Sync + 'static) -> Self {
        Self(Arc::new(check))
    }
}

impl fmt::Debug for Asserts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Asserts")
    }
}

/// For whom the session acts, and since when, for those who watch over it.
pub(crate) type ForWhom = Arc<Mutex<Option<(Arc<Identity>, SystemTime)>>>;

/// For whom a session acts.
#[derive(Default)]
pub(crate) struct Acting {
    asserts: Option<Asserts>,
    person: ForWhom,
    /// By which token, and until when it holds.
    by: Option<(Secret, SystemTime)>,
    answer: Option<Result<Asserted, String>>,
    /// Something was sent behind which the transaction may be another one.
    left: bool,
    /// What was said of the end user did not hold: nothing runs in this transaction any more.
    spoiled: bool,
}

/// What a text says of the end user.
pub(super) enum Said {
    /// Nothing.
    Nothing,
    /// This.
    Token(Secret),
    /// It has to be looked at again when all before it is answered.
    Waits,
}

impl Acting {
    /// By whom tokens are checked, and who else is told.
    pub(crate) fn new(asserts: Option<Asserts>, person: ForWhom) -> Self {
        Self { asserts, person, ..Self::default() }
    }

    fn is_on(&self) -> bool {
        self.by.is_some()
    }

    fn set(&self, person: Option<(Arc<Identity>, SystemTime)>) {
        *self.person.lock().unwrap_or_else(PoisonError::into_inner) = person;
    }

    /// Notes what goes to the server.
    pub(super) fn sent(&mut self, plan: &Plan) {
        self.left |= self.is_on() && plan.parts.iter().any(gate::may_leave);
    }

    /// What goes to the server ends whatever transaction is implicit: its answer tells.
    pub(super) fn whole_sent(&mut self) {
        self.left |= self.is_on();
    }
}

impl Relay {
    /// Says by whom tokens of end users are checked.
    pub(crate) fn acts(&mut self, acting: Acting) {
        self.acting = acting;
    }

    /// What a text says of the end user; the error is that it says it in another way than the one
    /// that counts.
    pub(super) fn said_of_end_user(&mut self, text: Text<'_>) -> Result<Said, Refusal> {
        let Some(said) = gate::end_user(&text.lossy()) else {
            return Ok(Said::Nothing);
        };
        // Which transaction it is for is known only then.
        if !settled(&self.expected) {
            self.settle();
            return Ok(Said::Waits);
        }
        match said {
            EndUser::Said(token) => Ok(Said::Token(Secret::from(token))),
            EndUser::Misplaced => {
                let what = "it names weir.end_user in a way that says nothing";
                let hint = "Say it by itself, in a transaction: SET LOCAL weir.end_user = 'TOKEN'.";
                Err(self.spoil(refused(what, hint)))
            }
        }
    }

    /// Acts for whom a token names. False if that has to wait.
    pub(super) fn end_user(&mut self, token: &Secret) -> Result<bool, Refusal> {
        self.is_sure()?;
        if self.acting.by.as_ref().is_some_and(|(by, _)| by.expose() == token.expose()) {
            return Ok(true);
        }
        if !settled(&self.expected) {
            self.settle();
            return Ok(false);
        }
        let Some(answer) = self.acting.answer.take() else {
            let by_wire = !self.side.is_inside() && self.replication.is_none();
            let Some(Asserts(check)) = self.acting.asserts.as_ref().filter(|_| by_wire) else {
                return Err(self.nobody("nobody may say here for whom they act"));
            };
            let service = self.session.itself().name.to_string();
            self.block = Some(Block::EndUser(check(&service, token.clone())));
            return Ok(false);
        };
        let Asserted { person, until } = answer.map_err(|why| self.nobody(&why))?;
        let now = SystemTime::now();
        if let Err(refusal) = self.session.act_for(&person, now) {
            return Err(self.spoil(refusal));
        }
        self.acting.set(Some((person, now)));
        // What it does now is not done for whom the next session is.
        self.keep_nothing();
        self.acting.by = Some((token.clone(), until));
        Ok(true)
    }

    /// True if it is known by now whom a token names.
    pub(super) fn poll_end_user(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(Block::EndUser(checking)) = &mut self.block else { return false };
        let Poll::Ready(answer) = checking.as_mut().poll(cx) else { return false };
        self.acting.answer = Some(answer);
        true
    }

    /// False if the transaction of an end user may be over: what comes next waits until the server
    /// has said.
    pub(super) fn knows_for_whom(&mut self) -> bool {
        if self.acting.left && !settled(&self.expected) {
            self.settle();
            return false;
        }
        true
    }

    /// Whether it is known for whom a plan would run; one that does no more than end transactions
    /// needs nobody.
    pub(super) fn acts_as_said(&self, plan: Option<&Plan>) -> Result<(), Refusal> {
        if !self.acting.spoiled && !self.acting.is_on() {
            return Ok(());
        }
        let ends = plan.is_some_and(|plan| plan.parts.iter().all(gate::only_transaction));
        if !(ends && self.acting.spoiled) {
            self.is_sure()?;
        }
        match &self.acting.by {
            _ if ends => Ok(()),
            Some((_, until)) if *until <= SystemTime::now() => Err(refused(
                "the token of its end user has expired",
                "Roll the transaction back, and begin another one with a new token.",
            )),
            Some(_) | None => Ok(()),
        }
    }

    /// The error is that it cannot be told for whom the transaction is.
    fn is_sure(&self) -> Result<(), Refusal> {
        if self.acting.spoiled {
            return Err(refused(
                "what was said of its end user did not hold, so it is for nobody",
                "Roll the transaction back, and begin another one with a token that holds.",
            ));
        }
        match self.acting.left && self.acting.is_on() {
            false => Ok(()),
            true => Err(refused(
                "it comes behind what may have ended its end user's transaction, before a Sync",
                "Send a Sync behind COMMIT and ROLLBACK.",
            )),
        }
    }

    /// The same for what one text does behind another part of it.
    pub(super) fn stays_in_transaction(&self, plan: &Plan) -> Result<(), Refusal> {
        let before_last = plan.parts.len().saturating_sub(1);
        let on = self.acting.is_on() || self.acting.spoiled;
        match on && plan.parts.iter().take(before_last).any(gate::may_leave) {
            false => Ok(()),
            true => Err(refused(
                "a part of it may end its end user's transaction, and others follow",
                "Send them one by one.",
            )),
        }
    }

    /// The server said whether a transaction is open.
    pub(super) fn settled_for_whom(&mut self, hidden: bool) {
        if self.status == Status::Idle && !hidden {
            self.acting.spoiled = false;
            if self.acting.by.take().is_some() {
                self.session.act_for_nobody(SystemTime::now());
                self.acting.set(None);
                self.acting.left = false;
            }
        } else if !self.expected.iter().any(ends) {
            self.acting.left = false;
        }
    }

    fn nobody(&mut self, why: &str) -> Refusal {
        let hint = "Show a token of the end user that is signed for this service and good now.";
        let what = format!("its end user is not known: {why}");
        self.spoil(Refusal { sqlstate: "28000", ..refused(&what, hint) })
    }

    /// Whose the transaction was to be is not known, so it is nobody's: not the service's either.
    fn spoil(&mut self, refusal: Refusal) -> Refusal {
        self.acting.spoiled = true;
        self.session.end_user_refused(&refusal, SystemTime::now());
        refusal
    }
}

/// True for what can end a transaction.
fn ends(expected: &Expected) -> bool {
    matches!(
        expected.request,
        Request::Sync | Request::Query(_) | Request::FunctionCall(_) | Request::Execute(_)
    )
}

/// The Query that goes to the server.
pub(super) fn query() -> Result<BytesMut, WireError> {
    let mut out = BytesMut::new();
    encode::query(&mut out, SAID)?;
    Ok(out)
}

fn refused(what: &str, hint: &str) -> Refusal {
    Refusal { blame: Blame::Client, ..Refusal::unenforceable(what, hint) }
}
