//! What agents work on: the budgets of their tasks, counted over all sessions, and who was shown
//! text that others can write. Knows no statement, no clock and no storage.
//!
//! ```text
//! reserve (on stable storage) ─▶ kept ─▶ rows leave ─▶ used ─▶ settle
//! ```
//!
//! What may be used up is written down before it is: `used <= kept <= limit`, so that a crash can
//! cost a task a part of its budget and never gives it more. It is written down in portions, so
//! that not every statement waits for it.

use crate::hold::Doing;
use ledger::StatementId;
use model::{Budget, Identity, IdentityKind, Spent, Task};
use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::SystemTime,
};

/// A portion that is reserved is this part of the budget.
const PORTION: u64 = 32;
/// And at least this much.
const LEAST: Spent =
    Spent { rows: 64, bytes: 1 << 16, cost: 1_000, statements: 8, micros: 1_000_000 };

/// Where budgets and marks are kept, so that they outlive this process.
pub trait Keeper: Send + Sync {
    /// Writes down that a task may have used up so much. Resolves when that is on stable storage.
    fn reserve(&self, task: &str, upto: Spent) -> Doing<()>;
    /// Writes down that somebody was shown text that others can write. Resolves likewise.
    fn shown(&self, whose: &Whose, by: Option<&StatementId>, now: SystemTime) -> Doing<()>;
}

/// Whose mark it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whose {
    /// The task; `None` for what happens outside of any.
    pub task: Option<String>,
    /// The chain of actors.
    pub chain: String,
}

/// Whether an agent was shown text that others can write, in a task or outside of any.
#[derive(Debug)]
pub struct Mark {
    /// Whose it is.
    pub whose: Whose,
    set: AtomicBool,
    /// It was set here, and storage does not have it yet.
    pending: AtomicBool,
    /// Storage has had it since this moment, as [`Works::moment`] counts them.
    since: AtomicU64,
}

impl Mark {
    fn new(whose: Whose, set: bool) -> Arc<Self> {
        Arc::new(Self { whose, set: set.into(), pending: false.into(), since: 0.into() })
    }

    /// True if nobody has cleared it since it was shown something.
    pub fn is_set(&self) -> bool {
        self.set.load(Ordering::Acquire)
    }

    /// Follows storage as it was at a moment: what was set here since stays.
    fn follow(&self, kept: bool, moment: u64) {
        let later =
            self.pending.load(Ordering::Acquire) || self.since.load(Ordering::Acquire) > moment;
        if kept || !later {
            self.set.store(kept, Ordering::Release);
        }
    }
}

/// A task in force, with what was used up of it.
#[derive(Debug)]
pub struct Running {
    /// What it is.
    pub task: Task,
    mark: Arc<Mark>,
    meter: Mutex<Meter>,
    over: AtomicBool,
}

#[derive(Debug)]
struct Meter {
    used: Spent,
    kept: Spent,
    /// What storage was told last.
    settled: Spent,
}

/// Whether there is room for what is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// Yes.
    Enough,
    /// Once so much is written down.
    NotYet(Spent),
    /// No: of this nothing is left.
    Nothing(Scarce),
}

/// What a task has nothing left of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scarce {
    /// `rows`, `bytes`, …
    pub(crate) what: &'static str,
    /// How many there were in all.
    pub(crate) limit: u64,
    /// How many are left.
    pub(crate) left: u64,
}

impl Running {
    /// A task of which so much may have been used up before.
    pub fn new(task: Task, mark: Arc<Mark>, kept: Spent) -> Arc<Self> {
        let meter = Mutex::new(Meter { used: kept, kept, settled: kept });
        Arc::new(Self { task, mark, meter, over: AtomicBool::new(false) })
    }

    fn meter(&self) -> MutexGuard<'_, Meter> {
        self.meter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// True if it was ended or its time is over.
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// What was used up by now.
    pub fn used(&self) -> Spent {
        self.meter().used
    }

    /// What is left of each budget.
    pub fn left(&self) -> Budget {
        self.task.details.budget.left(&self.used())
    }

    /// How much is left of the scarcest: percent.
    pub fn percent_left(&self) -> u32 {
        self.task.details.budget.percent_left(&self.used())
    }

    /// Its mark.
    pub fn mark(&self) -> &Arc<Mark> {
        &self.mark
    }

    /// Whether so much can be used up now.
    pub(crate) fn room(&self, need: &Spent) -> Room {
        let meter = self.meter();
        let most = self.task.details.budget.most();
        let wanted = meter.used.and(need);
        if let Some(scarce) = scarce(&most, &wanted, &meter.used) {
            return Room::Nothing(scarce);
        }
        if fits(&wanted, &meter, &most) {
            return Room::Enough;
        }
        Room::NotYet(portion(&wanted, &meter.kept, &most))
    }

    /// Uses so much up, if there is as much.
    pub(crate) fn take(&self, need: &Spent) -> Result<(), Scarce> {
        let mut meter = self.meter();
        let wanted = meter.used.and(need);
        let most = self.task.details.budget.most();
        if self.is_over() {
            return Err(Scarce { what: "statements", limit: 0, left: 0 });
        }
        match scarce(&most, &wanted, &meter.used) {
            Some(scarce) => Err(scarce),
            None => {
                meter.used = wanted;
                Ok(())
            }
        }
    }

    /// Notes what was used up already, whatever was left.
    pub(crate) fn spend(&self, spent: &Spent) {
        let mut meter = self.meter();
        meter.used = meter.used.and(spent);
    }

    /// So much is written down.
    pub(crate) fn kept(&self, upto: &Spent) {
        let mut meter = self.meter();
        let Spent { rows, bytes, cost, statements, micros } = &mut meter.kept;
        *rows = (*rows).max(upto.rows);
        *bytes = (*bytes).max(upto.bytes);
        *cost = (*cost).max(upto.cost);
        *statements = (*statements).max(upto.statements);
        *micros = (*micros).max(upto.micros);
    }
}

/// What is wanted and not there, if anything.
fn scarce(most: &Spent, wanted: &Spent, used: &Spent) -> Option<Scarce> {
    let each = [
        ("rows", most.rows, wanted.rows, used.rows),
        ("bytes", most.bytes, wanted.bytes, used.bytes),
        ("units of cost", most.cost, wanted.cost, used.cost),
        ("statements", most.statements, wanted.statements, used.statements),
        ("microseconds", most.micros, wanted.micros, used.micros),
    ];
    // What was overdrawn already stands in the way of nothing that needs none of it.
    let missing = |&&(_, most, wanted, used): &&(_, u64, u64, u64)| wanted > most && wanted > used;
    each.iter().find(missing).map(|&(what, limit, _, used)| Scarce {
        what,
        limit,
        left: limit.saturating_sub(used),
    })
}

/// True if all that is wanted is written down, as far as it is limited and not used up already.
fn fits(wanted: &Spent, meter: &Meter, most: &Spent) -> bool {
    let Meter { used, kept, .. } = meter;
    let within = |wanted: u64, used: u64, kept: u64, most: u64| {
        most == u64::MAX || wanted <= kept || wanted == used
    };
    within(wanted.rows, used.rows, kept.rows, most.rows)
        && within(wanted.bytes, used.bytes, kept.bytes, most.bytes)
        && within(wanted.cost, used.cost, kept.cost, most.cost)
        && within(wanted.statements, used.statements, kept.statements, most.statements)
        && within(wanted.micros, used.micros, kept.micros, most.micros)
}

/// What to write down, so that what is wanted and some more is.
fn portion(wanted: &Spent, kept: &Spent, most: &Spent) -> Spent {
    let upto = |wanted: u64, kept: u64, most: u64, least: u64| {
        if most == u64::MAX {
            return 0;
        }
        let portion = (most / PORTION).max(least);
        let upto = if wanted <= kept { kept } else { wanted.saturating_add(portion) };
        upto.min(most)
    };
    Spent {
        rows: upto(wanted.rows, kept.rows, most.rows, LEAST.rows),
        bytes: upto(wanted.bytes, kept.bytes, most.bytes, LEAST.bytes),
        cost: upto(wanted.cost, kept.cost, most.cost, LEAST.cost),
        statements: upto(wanted.statements, kept.statements, most.statements, LEAST.statements),
        micros: upto(wanted.micros, kept.micros, most.micros, LEAST.micros),
    }
}

/// A task as storage has it.
#[derive(Clone, Debug)]
pub struct InForce {
    /// What it is.
    pub task: Task,
    /// The chain of actors.
    pub chain: String,
    /// How much may have been used up.
    pub kept: Spent,
    /// Its agent was shown text that others can write, and nobody cleared it.
    pub tainted: bool,
}

/// Everything that agents work on.
#[derive(Default)]
pub struct Works {
    tasks: Mutex<HashMap<String, Arc<Running>>>,
    marks: Mutex<HashMap<String, Arc<Mark>>>,
    /// Where it is kept; set once.
    pub keeper: OnceLock<Arc<dyn Keeper>>,
    moment: Arc<AtomicU64>,
}

impl fmt::Debug for Works {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Works").finish_non_exhaustive()
    }
}

impl Works {
    fn tasks(&self) -> MutexGuard<'_, HashMap<String, Arc<Running>>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn marks(&self) -> MutexGuard<'_, HashMap<String, Arc<Mark>>> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Grows with each mark that storage got from here. Whoever reads storage takes it before.
    pub fn moment(&self) -> u64 {
        self.moment.load(Ordering::Acquire)
    }

    /// Puts tasks and marks in force, as storage had them at a moment; what was used up here counts
    /// on. True if sessions have to look whether theirs is over.
    pub fn publish(&self, in_force: Vec<InForce>, tainted: &[String], moment: u64) -> bool {
        let mut tasks = self.tasks();
        let mut ended = false;
        tasks.retain(|name, running| {
            let stays = in_force.iter().any(|one| one.task.name == *name);
            if !stays {
                running.over.store(true, Ordering::Release);
                ended = true;
            }
            stays
        });
        for InForce { task, chain, kept, tainted } in in_force {
            match tasks.get(&task.name) {
                Some(running) => running.mark.follow(tainted, moment),
                None => {
                    let whose = Whose { task: Some(task.name.clone()), chain };
                    let mark = Mark::new(whose, tainted);
                    tasks.insert(task.name.clone(), Running::new(task, mark, kept));
                    // Sessions that its agent opened without it have to end.
                    ended = true;
                }
            }
        }
        drop(tasks);
        let mut marks = self.marks();
        for chain in tainted {
            mark_of(&mut marks, chain).follow(true, moment);
        }
        let cleared = marks.iter().filter(|(chain, _)| !tainted.contains(chain));
        cleared.for_each(|(_, mark)| mark.follow(false, moment));
        ended
    }

    /// Ends a task at once.
    pub fn end(&self, name: &str) -> bool {
        let ended = self.tasks().remove(name);
        ended.iter().for_each(|running| running.over.store(true, Ordering::Release));
        ended.is_some()
    }

    /// The tasks in force of an agent that acts for somebody.
    pub fn of(&self, agent: &str, acts_for: &str) -> Vec<Arc<Running>> {
        let tasks = self.tasks();
        let theirs = tasks.values().filter(|running| {
            running.task.agent.as_str() == agent && running.task.acts_for.as_str() == acts_for
        });
        theirs.cloned().collect()
    }

    /// True if there is a task for this agent, which it cannot leave out.
    pub fn await_agent(&self, identity: &Identity) -> bool {
        let delegator = identity.acts_for.as_ref().map(|one| one.name.as_str());
        identity.kind == IdentityKind::Agent
            && !self.of(identity.name.as_str(), delegator.unwrap_or_default()).is_empty()
    }

    /// The mark of a chain of actors outside of any task.
    pub fn mark(&self, chain: &str) -> Arc<Mark> {
        mark_of(&mut self.marks(), chain)
    }

    /// Tasks of which more was used up than storage was told, and how much.
    pub fn unsettled(&self) -> Vec<(String, Spent)> {
        let mut found = Vec::new();
        for (name, running) in self.tasks().iter() {
            let mut meter = running.meter();
            if meter.used != meter.settled {
                meter.settled = meter.used;
                found.push((name.clone(), meter.used));
            }
        }
        found
    }

    /// Ends everything, since this process does; gives what was used up in the end.
    pub fn close(&self) -> Vec<(String, Spent)> {
        let tasks = std::mem::take(&mut *self.tasks());
        let ended = tasks.into_iter().map(|(name, running)| {
            running.over.store(true, Ordering::Release);
            // Whoever takes looks whether it is over while it holds the meter.
            let used = running.used();
            (name, used)
        });
        ended.collect()
    }

    /// Marks that an agent was shown something; resolves when that outlives this process.
    pub(crate) fn shown(
        &self,
        mark: &Arc<Mark>,
        by: Option<&StatementId>,
        now: SystemTime,
    ) -> Option<Doing<()>> {
        if mark.pending.swap(true, Ordering::AcqRel) {
            return None;
        }
        mark.set.store(true, Ordering::Release);
        let written = self.keeper.get()?.shown(&mark.whose, by, now);
        let (mark, moment) = (Arc::clone(mark), Arc::clone(&self.moment));
        Some(Box::pin(async move {
            written.await?;
            mark.since.store(moment.fetch_add(1, Ordering::AcqRel) + 1, Ordering::Release);
            mark.pending.store(false, Ordering::Release);
            Ok(())
        }))
    }

    /// Writes down that a task may have used up so much.
    pub(crate) fn reserve(&self, running: &Arc<Running>, upto: Spent) -> Doing<()> {
        let Some(keeper) = self.keeper.get() else {
            return Box::pin(async { Err("nothing here keeps budgets".to_owned()) });
        };
        let written = keeper.reserve(&running.task.name, upto);
        let running = Arc::clone(running);
        Box::pin(async move {
            written.await?;
            running.kept(&upto);
            Ok(())
        })
    }
}

fn mark_of(marks: &mut HashMap<String, Arc<Mark>>, chain: &str) -> Arc<Mark> {
    if let Some(mark) = marks.get(chain) {
        return Arc::clone(mark);
    }
    let mark = Mark::new(Whose { task: None, chain: chain.to_owned() }, false);
    marks.insert(chain.to_owned(), Arc::clone(&mark));
    mark
}

#[cfg(test)]
mod tests;
