//! Statements that wait for approval: what is asked, of whom, and what an approval is bound to.
//! Knows no storage, no clock and no protocol.
//!
//! ```text
//! plan (hold) ─▶ Session::ask ─▶ Holds::find ─ approved ─────────────▶ Approved ─▶ Session::submit
//!                                   │ nothing                              ▲
//!                                   └─▶ record ─▶ Holds::open ─▶ Holds::decided
//! ```
//!
//! An approval is bound by a keyed hash to who asked, to the exact text and bind values, to what
//! the names in it mean and do, and to the policies in force. Whatever of that changes, it is
//! another statement, and needs another approval.

mod bound;
mod refused;
mod wish;

pub use wish::{Approved, Exceeded, Wish};

use crate::{
    line::Gate,
    plan::Plan,
    record::{self, Parameters, Value},
    refusal::Refusal,
    session::{Session, runs_by_name},
};
use ledger::Record;
use model::{
    Outcome,
    verdict::{Approval, asked_words},
};
use std::{
    fmt::Write,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

/// The most bytes of one bind value that an approver is shown.
const SHOWN_BYTES: usize = 256;
/// The most bind values that an approver is shown.
const SHOWN_VALUES: usize = 64;

/// Work of whoever keeps holds.
pub type Doing<T> = Pin<Box<dyn Future<Output = Result<T, String>> + Send>>;

/// Where holds are kept and decided. An approval that one of these returns is used up: it is
/// returned to nobody else, also not after a crash.
pub trait Holds: Send + Sync {
    /// What there is already for a statement.
    fn find(&self, digest: &[u8], now: SystemTime) -> Doing<Found>;
    /// The hold that waits or is approved for a statement, whose approval stays unused, and whether
    /// it is approved.
    fn known(&self, digest: &[u8], now: SystemTime) -> Doing<Option<(String, bool)>>;
    /// Whether an identity may open a further one.
    fn room(&self, identity: &str, now: SystemTime) -> Doing<bool>;
    /// Opens a hold.
    fn open(&self, request: Request) -> Doing<()>;
    /// Resolves when a hold is decided or its time is over. What happens to it before is noted
    /// while this is polled.
    fn decided(&self, hold: &str, notes: &Notes) -> Doing<Decision>;
    /// Whoever asked does not want it any more.
    fn withdraw(&self, hold: &str, by: &str, now: SystemTime) -> Doing<()>;
}

/// What there is for a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// A hold that is not decided, and whose consent it needs.
    Open(String, Vec<Approval>),
    /// An approval, used up by this.
    Approved(Approved),
}

/// What happens to a hold while a session waits for it, in words for whoever waits.
#[derive(Clone, Debug, Default)]
pub struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    /// Says something.
    pub fn say(&self, words: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(words);
    }

    /// What was said and not taken yet, oldest first.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What became of a hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Approved, and used up by this.
    Approved(Approved),
    /// Denied: by whom, and why.
    Denied(String, String),
    /// Nobody decided in time.
    Expired,
    /// It cannot be used any more: why, in words.
    Void(String),
}

/// A statement that waits, as whoever decides must see it.
#[derive(Clone, Debug)]
pub struct Request {
    /// The hold's name: the id of the statement.
    pub hold: String,
    /// What the approval is bound to.
    pub digest: Vec<u8>,
    /// Who asks: the chain of actors.
    pub identity: String,
    /// Everybody in that chain; none of them may approve.
    pub members: Vec<String>,
    /// The database, by Weir's name.
    pub database: String,
    /// The text, with its values.
    pub text: String,
    /// Bind values as they may be shown.
    pub values: Vec<String>,
    /// What it is without its values.
    pub shape: String,
    /// Why it waits, one sentence each.
    pub reasons: Vec<String>,
    /// Whose consent it needs.
    pub needs: Vec<Approval>,
    /// When it was asked.
    pub asked: SystemTime,
    /// Until when it can be approved and used.
    pub until: SystemTime,
}

/// Bind values of a statement that is held: exact for the approval, readable for the approver.
#[derive(Clone, Debug, Default)]
pub struct Given {
    exact: Vec<u8>,
    shown: Vec<String>,
}

impl Given {
    /// How much room they take: bytes.
    pub fn bytes(&self) -> usize {
        self.exact.len() + self.shown.iter().map(String::len).sum::<usize>()
    }

    /// Takes bind values. One in binary format whose type is known is the same as its text.
    pub fn new<'a>(values: impl Iterator<Item = Value<'a>>) -> Self {
        let mut given = Self::default();
        for value in values {
            let plain = value.plain();
            let binary = value.binary.is_some() && value.bytes.is_some() && plain.is_none();
            let value = plain.as_deref().map(str::as_bytes).or(value.bytes);
            given.exact.push(u8::from(binary));
            let bytes = value.unwrap_or_default();
            let length = if value.is_some() { bytes.len() as u64 } else { u64::MAX };
            given.exact.extend_from_slice(&length.to_le_bytes());
            given.exact.extend_from_slice(bytes);
            match given.shown.len() {
                known if known < SHOWN_VALUES => given.shown.push(shown(binary, value)),
                SHOWN_VALUES => given.shown.push("and further values, not shown …".to_owned()),
                _ => {}
            }
        }
        given
    }

    /// The types that were declared for them: `'1' = '1.0'` is another question about numbers.
    #[must_use]
    pub fn of_types(mut self, types: &[u32]) -> Self {
        for (index, declared) in types.iter().enumerate().filter(|(_, declared)| **declared != 0) {
            self.exact.push(2);
            self.exact.extend_from_slice(&(index as u64).to_le_bytes());
            self.exact.extend_from_slice(&declared.to_le_bytes());
            if let Some(shown) = self.shown.get_mut(index).filter(|_| index < SHOWN_VALUES) {
                // Writing to a text does not fail.
                let _ = write!(shown, "::{declared}");
            }
        }
        self
    }
}

fn shown(binary: bool, value: Option<&[u8]>) -> String {
    let Some(value) = value else { return "NULL".to_owned() };
    let head = value.get(..SHOWN_BYTES).unwrap_or(value);
    let more = if head.len() < value.len() { "…" } else { "" };
    match std::str::from_utf8(head) {
        Ok(text) if !binary => format!("'{text}'{more}"),
        Ok(_) | Err(_) => {
            let mut hex = String::with_capacity(2 * head.len() + 2);
            for byte in head {
                let _ = write!(hex, "{byte:02x}");
            }
            format!("\\x{hex}{more}")
        }
    }
}

/// What a session does with a held statement.
#[derive(Debug)]
pub enum Asked {
    /// It may run now, this once.
    Approved(Approved),
    /// It waits.
    Waiting(Waiting),
    /// It is approved, and its approval is there for when it is sent again.
    Ready(String),
    /// It cannot be asked for: as many requests of this identity wait already as may.
    Full(String),
}

/// A hold that a session waits for.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The hold.
    pub hold: String,
    /// The session waits for the decision; else the client is told to come back.
    pub stays: bool,
    /// Why, in one line.
    pub reason: String,
    /// Whose consent is needed.
    pub needs: String,
    /// Who else may give it, if nobody does for a while.
    pub later: String,
    /// How long there is.
    pub lifetime: Duration,
}

/// What a session asks for: bound to one statement.
pub struct Asking {
    /// What the approval is bound to.
    pub digest: Vec<u8>,
    /// Resolves to what is done with it.
    pub asked: Doing<Asked>,
}

impl Session {
    /// Looks for an approval to change more rows than a plan's limits say; `None` if nothing here
    /// keeps approvals.
    pub fn look_for(&self, digest: &[u8], now: SystemTime) -> Option<Doing<Found>> {
        self.gate().holds.get().map(|holds| holds.find(digest, now))
    }

    /// Asks for the approval that a plan needs: finds one that was given, or opens a hold.
    pub fn ask(
        &mut self,
        plan: &Plan,
        given: &Given,
        parameters: &Parameters,
        wish: Wish,
        now: SystemTime,
    ) -> Result<Asking, Refusal> {
        may_be_shown(plan)?;
        if self.previews() {
            let what = "it is only tried, and asks nobody";
            return Err(Refusal::unenforceable(what, "Send it to run."));
        }
        let exceeded = match &wish {
            Wish::Beyond(exceeded) => Some(exceeded.clone()),
            Wish::Run | Wish::Unmeasured => None,
        };
        if exceeded.is_none() {
            self.has_look_ups(plan, parameters.elements, now)?;
        }
        let held = |part: &&crate::Part| part.verdict.outcome == Outcome::Hold;
        let counters = &self.database().counters;
        plan.parts.iter().filter(held).for_each(|part| counters.decided(&part.verdict));
        let Some(holds) = self.gate().holds.get().map(Arc::clone) else {
            return Err(Refusal::unenforceable(
                "it waits for approval, and nothing here keeps approvals",
                "Ask an operator for a policy that permits it.",
            ));
        };
        let digest = self.digest(plan, given);
        let lifts = !matches!(wish, Wish::Run);
        let mut request = self.request(plan, given, digest.clone(), lifts, now);
        let stays = exceeded.as_ref().is_none_or(|exceeded| exceeded.stays);
        let uses = exceeded.as_ref().is_none_or(|exceeded| !exceeded.undone);
        request.reasons.splice(0..0, exceeded.map(|exceeded| exceeded.words));
        let record = record::held(self, plan, &request, parameters, now);
        let waiting = waiting(&request, stays, now);
        let gate = Arc::clone(self.gate());
        let asked: Doing<Asked> = if uses {
            Box::pin(find_or_open(holds, gate, request, record, waiting))
        } else {
            Box::pin(look_or_open(holds, gate, request, record, waiting))
        };
        Ok(Asking { digest, asked })
    }

    fn request(
        &mut self,
        plan: &Plan,
        given: &Given,
        digest: Vec<u8>,
        lifts: bool,
        now: SystemTime,
    ) -> Request {
        let held = || plan.parts.iter().map(|part| &part.verdict);
        let mut needs: Vec<Approval> = Vec::new();
        let beyond = plan.beyond().filter(|_| lifts);
        for approval in held().flat_map(|verdict| &verdict.needs).chain(beyond) {
            if !needs.contains(approval) {
                needs.push(approval.clone());
            }
        }
        let seconds = needs.iter().map(|approval| approval.seconds).min().unwrap_or_default();
        let waits = held().filter(|verdict| verdict.outcome == Outcome::Hold);
        let mut reasons: Vec<String> = Vec::new();
        for reason in waits.flat_map(|verdict| &verdict.reasons) {
            if !reasons.contains(reason) {
                reasons.push(reason.clone());
            }
        }
        let unlike = self.unlike_now(plan, now);
        let risk = plan.parts.iter().flat_map(|part| part.risk.iter()).chain(&unlike);
        reasons.push(format!("risk {}", crate::risk::words(risk)));
        let mut members = Vec::new();
        let mut member = Some(self.identity());
        while let Some(identity) = member {
            members.push(identity.name.to_string());
            member = identity.acts_for.as_deref();
        }
        let (identity, database) = (self.identity().chain(), self.database().name.to_string());
        Request {
            hold: self.next_statement_id().to_string(),
            digest,
            identity,
            members,
            database,
            text: plan.text.to_string(),
            values: given.shown.clone(),
            shape: plan.parts.iter().map(|part| &*part.normalised).collect::<Vec<_>>().join(";\n"),
            reasons,
            needs,
            asked: now,
            until: now.checked_add(Duration::from_secs(seconds)).unwrap_or(now),
        }
    }

    /// The client does not want to wait for a hold any more.
    pub fn withdraw(&self, hold: &str, now: SystemTime) -> Option<Doing<()>> {
        let by = self.identity().chain();
        self.gate().holds.get().map(|holds| holds.withdraw(hold, &by, now))
    }
}

/// Refuses what nobody can be shown, with full rights too.
pub fn may_be_shown(plan: &Plan) -> Result<(), Refusal> {
    match runs_by_name(&plan.text) {
        false => Ok(()),
        true => Err(Refusal::unenforceable(
            "it waits for approval, and what it runs by a name cannot be shown to whoever approves",
            "Send the statement itself in its place.",
        )),
    }
}

/// Resolves when a hold is decided.
pub fn decided(gate: &Gate, hold: &str, notes: &Notes) -> Doing<Decision> {
    match gate.holds.get() {
        Some(holds) => holds.decided(hold, notes),
        None => Box::pin(async { Err("nothing here keeps approvals".to_owned()) }),
    }
}

/// Who is asked later, in words: `after 5 minutes those in group security may, too`.
pub fn later_too(need: &Approval) -> Option<String> {
    let later = need.escalation.as_ref().filter(|later| !later.reached)?;
    let time = match later.seconds {
        seconds if seconds % 60 == 0 => format!("{} minutes", seconds / 60),
        seconds => format!("{seconds} seconds"),
    };
    Some(format!("after {time} those in {} may, too", asked_words(&later.groups)))
}

fn words(needs: &[Approval]) -> String {
    needs.iter().map(ToString::to_string).collect::<Vec<_>>().join(", and ")
}

fn waiting(request: &Request, stays: bool, now: SystemTime) -> Waiting {
    let later: Vec<String> = request.needs.iter().filter_map(later_too).collect();
    Waiting {
        hold: request.hold.clone(),
        later: later.join(", and "),
        stays: stays && request.needs.iter().all(|approval| approval.waits),
        reason: request.reasons.first().cloned().unwrap_or_default(),
        needs: words(&request.needs),
        lifetime: request.until.duration_since(now).unwrap_or_default(),
    }
}

async fn find_or_open(
    holds: Arc<dyn Holds>,
    gate: Arc<Gate>,
    request: Request,
    record: Record<'static>,
    mut waiting: Waiting,
) -> Result<Asked, String> {
    match holds.find(&request.digest, request.asked).await? {
        Found::Approved(approved) if approved.covers(&request.needs) => {
            return Ok(Asked::Approved(approved));
        }
        Found::Open(hold, needs) => {
            waiting.hold = hold;
            waiting.needs = words(&needs);
            return Ok(Asked::Waiting(waiting));
        }
        // That it may run does not let it go beyond a limit.
        Found::Approved(_) | Found::Nothing => {}
    }
    open(holds, gate, request, record, waiting).await
}

/// The same, but that an approval is not used.
async fn look_or_open(
    holds: Arc<dyn Holds>,
    gate: Arc<Gate>,
    request: Request,
    record: Record<'static>,
    mut waiting: Waiting,
) -> Result<Asked, String> {
    match holds.known(&request.digest, request.asked).await? {
        Some((hold, true)) => Ok(Asked::Ready(hold)),
        Some((hold, false)) => {
            waiting.hold = hold;
            Ok(Asked::Waiting(waiting))
        }
        None => open(holds, gate, request, record, waiting).await,
    }
}

async fn open(
    holds: Arc<dyn Holds>,
    gate: Arc<Gate>,
    request: Request,
    record: Record<'static>,
    waiting: Waiting,
) -> Result<Asked, String> {
    // What cannot be opened must not stand in the record as if it waited.
    if !holds.room(&request.identity, request.asked).await? {
        return Ok(Asked::Full(request.identity));
    }
    // Whoever is asked finds in the record what they are asked for.
    let recorded = gate.ledger.append(&record).and_then(|at| gate.ledger.hand_over(at));
    recorded.map_err(|error| error.to_string())?;
    holds.open(request).await?;
    Ok(Asked::Waiting(waiting))
}

#[cfg(test)]
mod tests;
