//! Statements that were sent and are not over, of all sessions of a database. They were decided by
//! what was known when they were sent, and may read what others write meanwhile: whoever gives a
//! column its first label waits for those that would put its values elsewhere, or tell something of
//! them, by what was decided before. And while somebody changes the catalog, what others know of it
//! may be old before anybody hears so. Knows no text and no protocol.

use crate::{database::Database, plan::Plan};
use model::{ColumnId, FunctionId, RelationId, Use};
use std::{
    collections::{BTreeSet, HashMap},
    future::{Future, poll_fn},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    task::{Poll, Waker},
};

/// How many sessions there must be before those that are gone are looked for.
const FEW: usize = 64;
/// Of how many things it is remembered when they were changed.
const MANY: usize = 4096;

/// Of all sessions of a database.
#[derive(Debug, Default)]
pub(crate) struct Flights {
    sessions: Mutex<Sessions>,
    waiting: Mutex<Vec<Waker>>,
    /// How many wait, without a lock.
    waiters: AtomicUsize,
    /// All that is under way was decided by these labels or later ones ([`Database::carried`]).
    settled: AtomicU64,
    /// How many sessions may be changing the catalog now.
    moving: AtomicUsize,
    /// How many began to.
    moves: AtomicU64,
    /// Looks at the catalog that began.
    looks: AtomicU64,
    /// Up to which of them one came to its end.
    looked: AtomicU64,
    /// Up to which of them somebody waits for one.
    needed: AtomicU64,
    touches: Mutex<Touches>,
}

/// What a look at the catalog found to have been changed since the one before, though it may be the
/// same again.
#[derive(Clone, Debug, Default)]
pub struct Touched {
    /// Relations.
    pub relations: BTreeSet<RelationId>,
    /// Functions.
    pub functions: BTreeSet<FunctionId>,
}

/// Which look found that something was changed.
#[derive(Debug, Default)]
struct Touches {
    relations: HashMap<RelationId, u64>,
    functions: HashMap<FunctionId, u64>,
    /// Anything may have been, by this one.
    all: u64,
}

#[derive(Debug, Default)]
struct Sessions {
    all: Vec<Weak<Flight>>,
    /// When they are so many, those that are gone are forgotten.
    full: usize,
}

/// Of one session: what is under way, and the labels that it was decided by.
#[derive(Debug, Default)]
pub(crate) struct Flight(Mutex<Vec<(Arc<Plan>, u64)>>);

/// A statement that is under way until this is dropped.
#[derive(Debug)]
pub(crate) struct UnderWay {
    plan: Arc<Plan>,
    flight: Arc<Flight>,
    database: Arc<Database>,
}

/// A session that may be changing the catalog until this is dropped.
#[derive(Debug)]
pub(crate) struct Moving(Arc<Database>);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Flight {
    /// A statement is about to be sent.
    pub(crate) fn enter(self: &Arc<Self>, plan: &Arc<Plan>, database: &Arc<Database>) -> UnderWay {
        lock(&self.0).push((Arc::clone(plan), plan.knowledge.carried));
        UnderWay {
            plan: Arc::clone(plan),
            flight: Arc::clone(self),
            database: Arc::clone(database),
        }
    }
}

impl UnderWay {
    /// True if it is a run of this plan.
    pub(crate) fn is_of(&self, plan: &Arc<Plan>) -> bool {
        Arc::ptr_eq(&self.plan, plan)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut under_way = lock(&self.flight.0);
        if let Some(at) = under_way.iter().position(|(plan, _)| Arc::ptr_eq(plan, &self.plan)) {
            under_way.swap_remove(at);
        }
        drop(under_way);
        let flights = &self.database.flights;
        if flights.waiters.load(Ordering::SeqCst) > 0 {
            lock(&flights.waiting).drain(..).for_each(Waker::wake);
        }
    }
}

impl Drop for Moving {
    fn drop(&mut self) {
        self.0.flights.moving.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Flights {
    /// A session begins.
    pub(crate) fn open(&self) -> Arc<Flight> {
        let flight = Arc::<Flight>::default();
        let mut sessions = lock(&self.sessions);
        if sessions.all.len() >= sessions.full {
            sessions.all.retain(|one| one.strong_count() > 0);
            sessions.full = FEW.max(2 * sessions.all.len());
        }
        sessions.all.push(Arc::downgrade(&flight));
        flight
    }

    /// True if something of another session is under way that was decided before the labels that
    /// are in force, and rests on one of these columns.
    fn others_rest_on(&self, own: &Arc<Flight>, columns: &BTreeSet<ColumnId>, now: u64) -> bool {
        let (mut old, mut rests) = (false, false);
        for one in lock(&self.sessions).all.iter().filter_map(Weak::upgrade) {
            for (plan, since) in lock(&one.0).iter().filter(|(_, since)| *since < now) {
                old |= *since < now;
                rests |= !Arc::ptr_eq(own, &one) && rests_on(plan, columns);
            }
        }
        if !old {
            self.settled.fetch_max(now, Ordering::SeqCst);
        }
        rests
    }
}

impl Database {
    /// Until nothing of other sessions is under way that was decided before the labels that are in
    /// force and rests on these columns; `None` if there is nothing.
    pub(crate) fn others_rest_on(
        self: &Arc<Self>,
        own: &Arc<Flight>,
        columns: BTreeSet<ColumnId>,
    ) -> Option<impl Future<Output = ()> + Send + use<>> {
        let now = self.carried();
        if !self.flights.others_rest_on(own, &columns, now) {
            return None;
        }
        let (database, own) = (Arc::clone(self), Arc::clone(own));
        let waiter = Waiter::among(&database);
        Some(async move {
            poll_fn(|cx| {
                lock(&database.flights.waiting).push(cx.waker().clone());
                match database.flights.others_rest_on(&own, &columns, now) {
                    true => Poll::Pending,
                    false => Poll::Ready(()),
                }
            })
            .await;
            drop(waiter);
        })
    }

    /// True if all that is under way was decided by the labels that are in force.
    pub(crate) fn is_settled(&self) -> bool {
        self.flights.settled.load(Ordering::SeqCst) >= self.carried()
    }

    /// A session may change the catalog from now on.
    pub(crate) fn moves(self: &Arc<Self>) -> Moving {
        self.flights.moving.fetch_add(1, Ordering::SeqCst);
        self.flights.moves.fetch_add(1, Ordering::SeqCst);
        Moving(Arc::clone(self))
    }

    /// How many sessions may be changing the catalog now.
    pub(crate) fn moving(&self) -> usize {
        self.flights.moving.load(Ordering::SeqCst)
    }

    /// How often a session began to change the catalog, maybe.
    pub fn moved(&self) -> u64 {
        self.flights.moves.load(Ordering::SeqCst)
    }

    /// The number of a look at the catalog that begins after this; see [`Self::has_looked`].
    pub fn needs_look(&self) -> u64 {
        let next = self.flights.looks.load(Ordering::SeqCst) + 1;
        self.flights.needed.fetch_max(next, Ordering::SeqCst);
        next
    }

    /// True if somebody waits for a look that has not begun.
    pub fn is_look_needed(&self) -> bool {
        self.flights.needed.load(Ordering::SeqCst) > self.flights.looks.load(Ordering::SeqCst)
    }

    /// A look at the catalog begins: its number.
    pub fn begins_look(&self) -> u64 {
        self.flights.looks.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// A look came to its end, and what it saw is known.
    pub fn ends_look(&self, number: u64) {
        self.flights.looked.fetch_max(number, Ordering::SeqCst);
    }

    /// What a look found to have been changed; `None` stands for anything. Before it ends.
    pub fn note_touched(&self, number: u64, touched: Option<&Touched>) {
        let mut touches = lock(&self.flights.touches);
        let many = touches.relations.len() + touches.functions.len() > MANY;
        match touched {
            Some(touched) if !many => {
                touches.relations.extend(touched.relations.iter().map(|id| (*id, number)));
                touches.functions.extend(touched.functions.iter().map(|id| (*id, number)));
            }
            _ => *touches = Touches { all: number, ..Touches::default() },
        }
    }

    /// True if one of these was changed after a look, as far as is known.
    pub(crate) fn was_touched(
        &self,
        look: u64,
        mut relations: impl Iterator<Item = RelationId>,
        mut functions: impl Iterator<Item = FunctionId>,
    ) -> bool {
        let touches = lock(&self.flights.touches);
        let after = |number: Option<&u64>| number.is_some_and(|number| *number > look);
        after(Some(&touches.all))
            || relations.any(|id| after(touches.relations.get(&id)))
            || functions.any(|id| after(touches.functions.get(&id)))
    }

    /// The last look that came to its end.
    pub fn looked(&self) -> u64 {
        self.flights.looked.load(Ordering::SeqCst)
    }

    /// True if a look of this number, or a later one, came to its end.
    pub fn has_looked(&self, number: u64) -> bool {
        self.flights.looked.load(Ordering::SeqCst) >= number
    }
}

/// Somebody who waits, until this is dropped.
struct Waiter(Arc<Database>);

impl Waiter {
    fn among(database: &Arc<Database>) -> Self {
        database.flights.waiters.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(database))
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.0.flights.waiters.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Plan {
    /// True if others may have to wait until a run of it is over. What it shows is decided again as
    /// its rows come back; what it puts elsewhere, or tells otherwise, is not.
    pub(crate) fn is_waited_for(&self) -> bool {
        self.parts.iter().any(|part| {
            !part.facts.moves.is_empty()
                || !self.unrestricted && part.facts.columns.iter().any(|one| tells(one.usage))
        })
    }
}

/// True if a plan puts values of one of these columns elsewhere, or tells something of them beside
/// its rows. Whoever has full rights may be told.
fn rests_on(plan: &Plan, columns: &BTreeSet<ColumnId>) -> bool {
    plan.parts.iter().any(|part| {
        let moves = part.facts.moves.iter().flat_map(|moved| &moved.from);
        let told = part.facts.columns.iter().filter(|one| !plan.unrestricted && tells(one.usage));
        moves.chain(told.map(|one| &one.column)).any(|column| columns.contains(column))
    })
}

const fn tells(usage: Use) -> bool {
    !matches!(usage, Use::Returned | Use::Written)
}
