//! What a session works on: its task's budgets are reserved before and settled after each
//! statement, and whoever was shown what others can write is marked. Knows no storage.

use super::Session;
use crate::{
    hold::Doing,
    plan::{Part, Plan},
    record,
    refusal::Refusal,
    words::TextIn,
    work::{Mark, Room, Running, Scarce},
};
use ledger::{StatementId, record::Via};
use model::{Budget, IdentityKind, Operation, Spent};
use policy::{PolicySet, Work};
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

/// What a client came to work on.
#[derive(Clone, Debug, Default)]
pub struct Working {
    /// The task of an agent.
    pub task: Option<Arc<Running>>,
    /// What for, as the client says.
    pub purpose: String,
}

/// Whether a row may leave by the budgets of the task at hand.
pub enum RowRoom {
    /// It may.
    Enough,
    /// Once this is done.
    After(Doing<()>),
    /// Nothing is left.
    Nothing,
}

impl Session {
    /// The task at hand.
    pub(crate) fn task(&self) -> Option<&Arc<Running>> {
        self.client.work.task.as_ref()
    }

    /// The same, where what is used up is the agent's doing.
    fn charged(&self) -> Option<&Arc<Running>> {
        self.task().filter(|_| self.is_its_own())
    }

    /// The mark of an agent; nobody else has one.
    pub(super) fn mark_of(&self) -> Option<Arc<Mark>> {
        if self.identity.kind != IdentityKind::Agent {
            return None;
        }
        Some(match self.task() {
            Some(running) => Arc::clone(running.mark()),
            None => self.gate.works.mark(&self.identity.chain()),
        })
    }

    /// True if its agent was shown text that others can write, and nobody has cleared it since.
    pub fn is_tainted(&self) -> bool {
        self.mark.as_ref().is_some_and(|mark| mark.is_set())
    }

    /// What it is for.
    pub(crate) fn purpose(&self) -> &str {
        match self.task() {
            Some(running) => &running.task.details.purpose,
            None => &self.client.work.purpose,
        }
    }

    /// The same as policies are told.
    pub(super) fn work(&self) -> Work<'_> {
        let task = self.task();
        Work {
            task: task.map(|running| &running.task),
            left: task.map_or(0, |running| running.percent_left()),
            purpose: self.purpose(),
            tainted: self.is_tainted(),
        }
    }

    /// What of it can change while the session lasts, as a number: part of every cache key.
    pub(super) fn standing(&self, policies: &PolicySet) -> u64 {
        let looked_at = self.task().filter(|_| policies.looks().left);
        let left = looked_at.map_or(0, |running| u64::from(running.percent_left()) + 1);
        left << 1 | u64::from(self.is_tainted())
    }

    /// Reserves what a plan needs at least; the work that comes back has to be done before, and
    /// then it is asked again. The error is that nothing is left.
    pub fn provide(
        &mut self,
        plan: &Plan,
        via: Via,
        now: SystemTime,
    ) -> Result<Option<Doing<()>>, Refusal> {
        let Some(running) = self.charged().cloned() else { return Ok(None) };
        let Some(need) = need(plan).filter(|_| self.may_run(plan)) else { return Ok(None) };
        if running.is_over() {
            return Err(self.refuse_work(plan, via, over(&running), now));
        }
        match running.room(&need) {
            Room::Enough => Ok(None),
            Room::NotYet(upto) => Ok(Some(self.gate.works.reserve(&running, upto))),
            Room::Nothing(scarce) => {
                Err(self.refuse_work(plan, via, nothing_left(&running, scarce), now))
            }
        }
    }

    /// Counts a plan that is about to be cleared.
    pub(super) fn begin_work(
        &mut self,
        plan: &Plan,
        via: Via,
        now: SystemTime,
    ) -> Result<(), Refusal> {
        let Some(running) = self.charged().cloned() else { return Ok(()) };
        let Some(need) = need(plan) else { return Ok(()) };
        if running.is_over() {
            return Err(self.refuse_work(plan, via, over(&running), now));
        }
        let first = match running.room(&need) {
            Room::Enough => {
                running.take(&Spent { statements: need.statements, ..Spent::default() })
            }
            Room::Nothing(scarce) => Err(scarce),
            Room::NotYet(_) => {
                let what = "its budget could not be reserved";
                let refusal = Refusal::unenforceable(what, "Send it again.");
                return Err(self.refuse_work(plan, via, refusal, now));
            }
        };
        first.map_err(|scarce| self.refuse_work(plan, via, nothing_left(&running, scarce), now))
    }

    fn refuse_work(
        &mut self,
        plan: &Plan,
        via: Via,
        mut refusal: Refusal,
        now: SystemTime,
    ) -> Refusal {
        let id = self.next_statement_id();
        refusal.record = Some(id.to_string());
        if let Some(part) = plan.parts.first() {
            record::refused(self, plan, part, id, via, &refusal, now);
        }
        refusal
    }

    /// What the planner expects a statement to cost, taken from the task's budget; the error is
    /// that less is left.
    pub fn pay(&mut self, cost: f64) -> Result<(), Refusal> {
        let Some(running) = self.charged() else { return Ok(()) };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
        let cost = cost.ceil().clamp(0.0, 1e18) as u64;
        let paid = running.take(&Spent { cost, ..Spent::default() });
        paid.map_err(|scarce| nothing_left(running, scarce))
    }

    /// True if rows are counted against a budget.
    pub fn is_metered(&self) -> bool {
        let limited = |budget: &Budget| budget.rows.is_some() || budget.bytes.is_some();
        self.charged().is_some_and(|running| limited(&running.task.details.budget))
    }

    /// Whether a row of so many bytes may leave.
    pub fn room_for_row(&self, bytes: u64) -> RowRoom {
        let Some(running) = self.charged() else { return RowRoom::Enough };
        match running.room(&Spent { rows: 1, bytes, ..Spent::default() }) {
            Room::Enough => RowRoom::Enough,
            Room::NotYet(upto) => RowRoom::After(self.gate.works.reserve(running, upto)),
            Room::Nothing(_) => RowRoom::Nothing,
        }
    }

    /// Counts a row that leaves; false if it may not.
    pub fn leave_row(&self, bytes: u64) -> bool {
        let spent = Spent { rows: 1, bytes, ..Spent::default() };
        self.charged().is_none_or(|running| running.take(&spent).is_ok())
    }

    /// How long the server may still work for the task at hand.
    pub fn time_left(&self) -> Option<Duration> {
        let running = self.charged()?;
        let limit = running.task.details.budget.seconds.map(|_| running.task.details.budget.most());
        let left = limit?.micros.saturating_sub(running.used().micros);
        Some(Duration::from_micros(left))
    }

    /// Counts how long the server worked.
    pub(super) fn end_work(&self, part: &Part, duration_us: u64) {
        if let Some(running) = self.charged()
            && counts(part)
        {
            running.spend(&Spent { micros: duration_us, ..Spent::default() });
        }
    }

    /// True if what this agent is shown has to be looked at, because it was shown nothing yet that
    /// others can write.
    pub fn watches_text(&self) -> bool {
        self.is_its_own() && self.mark.as_ref().is_some_and(|mark| !mark.is_set())
    }

    /// True if a value that leaves as it is may hold an instruction.
    pub fn may_instruct(&self, text: TextIn, value: &[u8]) -> bool {
        text.may_instruct(value)
    }

    /// The agent is about to be shown what others can write: it is marked, and the record says so.
    /// What comes back has to be done before it is shown.
    pub fn shows(
        &mut self,
        by: Option<&StatementId>,
        reason: &str,
        now: SystemTime,
    ) -> Option<Doing<()>> {
        let mark = self.mark.clone().filter(|_| self.is_its_own())?;
        if mark.is_set() {
            return None;
        }
        record::tainted(self, &mark.whose, by, reason, now);
        self.gate.works.shown(&mark, by, now)
    }
}

/// True if it is more than the session's own bookkeeping: a task that is used up must still be able
/// to commit, or not to.
fn counts(part: &Part) -> bool {
    let own = |operation: Operation| {
        matches!(
            operation,
            Operation::Empty
                | Operation::Set
                | Operation::Show
                | Operation::Transaction
                | Operation::Commit
                | Operation::Session
        )
    };
    let facts = &part.facts;
    match facts.effects.is_empty() {
        true => !part.empty && !own(facts.operation),
        false => facts.effects.iter().any(|effect| !own(effect.operation)),
    }
}

/// What a plan uses up at least; nothing if it is bookkeeping alone.
fn need(plan: &Plan) -> Option<Spent> {
    let counted = || plan.parts.iter().filter(|part| counts(part));
    let statements = u64::try_from(counted().count()).unwrap_or(u64::MAX);
    let returns = counted().any(|part| {
        part.facts.outputs.as_ref().is_some_and(|outputs| !outputs.is_empty())
            || part.facts.outputs_unknown
    });
    let least = u64::from(returns);
    let need = Spent { rows: least, bytes: least, cost: 1, statements, micros: 1 };
    (statements > 0).then_some(need)
}

fn nothing_left(running: &Running, scarce: Scarce) -> Refusal {
    let Scarce { what, limit, left } = scarce;
    let name = &running.task.name;
    let (limit, left, what) = match what {
        "microseconds" => (limit / 1_000_000, left / 1_000_000, "seconds of the server's time"),
        what => (limit, left, what),
    };
    let left = match left {
        0 => "none of them is left".to_owned(),
        left => format!("{left} are left, which is too few for it"),
    };
    let (agent, person) = (&running.task.agent, &running.task.acts_for);
    Refusal {
        sqlstate: "53400",
        message: format!(
            "Weir refused this statement: task {name} may use {limit} {what} in all, and {left}"
        ),
        detail: None,
        hint: Some(format!(
            "Work with what is there already, and say what is missing. No statement gets around \
             this. {person} can give {agent} another task: weir task create --agent {agent} --as \
             {person} …"
        )),
        position: None,
        blame: model::Blame::Policy,
        puzzling: false,
        record: None,
    }
}

fn over(running: &Running) -> Refusal {
    let what = format!("task {} is over", running.task.name);
    let person = &running.task.acts_for;
    Refusal::unenforceable(&what, &format!("Ask {person} for another task."))
}
