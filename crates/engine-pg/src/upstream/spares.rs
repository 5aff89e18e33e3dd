//! Upstream connections whose session has ended, kept for the next sessions of the same identity.
//! Knows which session may have which, and for how long; not how one is reset.
//!
//! ```text
//! session ends ─▶ reset ─▶ put ─▶ … ─▶ take ─▶ still good? ─▶ next session of the same kind
//!                                  └─▶ too old, too many, in the way of others ─▶ closed
//! ```
//!
//! What a library or a procedural language holds in the server's process no statement takes back,
//! so a process that served one identity serves no other: not its agents, and not whom it acts for.

use super::{
    Upstream, UpstreamConfig,
    going::{Goes, Going, Place, place},
};
use crate::targets::Target;
use bytes::BytesMut;
use model::Identity;
use net::Stream;
use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{self, ThreadId},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    runtime::Handle,
    sync::{Notify, watch},
    time::timeout,
};
use wire_pg::frontend::encode;

/// How often it is looked whether some are too old, while there are any.
const LOOK: Duration = Duration::from_millis(250);
/// How long a server is given to end a process that nobody wants any more.
const GOODBYE: Duration = Duration::from_secs(2);
/// How long none is kept at a server where something needs that nobody else is connected: longer
/// than a server itself waits for others to end (5 s).
const ALONE: Duration = Duration::from_secs(6);

/// What of a database's connections is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// How many for one identity; with 0, none is.
    pub most: usize,
    /// How long one waits for a session.
    pub idle: Duration,
    /// How long ago it may have been opened.
    pub age: Duration,
    /// After how long an idle session gives its own up; `None` lets it keep it.
    pub release: Option<Duration>,
}

/// What two sessions must have in common for the one to get the other's connection.
#[derive(Clone, Debug)]
pub(crate) struct Kind {
    /// The database, and all by which it is reached: read anew, it is another one.
    pub(crate) target: Weak<Target>,
    /// Who signed in.
    pub(crate) identity: Arc<Identity>,
    /// The same with all that grants add.
    pub(crate) granted: Identity,
    /// The task that it works on.
    pub(crate) task: Option<String>,
    /// What it works for, in its own words.
    pub(crate) purpose: String,
    /// The role that it is bound to.
    pub(crate) role: Option<String>,
    /// All that the start-up packet said behind user and database.
    pub(crate) parameters: Vec<(String, String)>,
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        Weak::ptr_eq(&self.target, &other.target)
            && self.identity == other.identity
            && self.granted == other.granted
            && self.task == other.task
            && self.purpose == other.purpose
            && self.role == other.role
            && self.parameters == other.parameters
    }
}

/// One that is kept.
struct Spare {
    kind: Kind,
    upstream: Upstream,
    keep: Keep,
    since: Instant,
    /// Where its socket is waited for.
    thread: ThreadId,
    at: Place,
    counted: Counted,
}

impl Spare {
    /// It is kept no longer, and on its way out.
    fn goes(self, going: &Arc<Going>) -> (Upstream, Goes) {
        let Self { upstream, at, counted, .. } = self;
        (upstream, going.one(at, &counted.0))
    }

    fn is_good(&self) -> bool {
        self.since.elapsed() < self.keep.idle && is_young(&self.upstream, self.keep)
    }
}

/// True if a connection is not too old to be kept.
pub(crate) fn is_young(upstream: &Upstream, keep: Keep) -> bool {
    let over = upstream.lease.as_ref().is_some_and(|lease| lease.is_over());
    upstream.since.elapsed() < keep.age && !over
}

/// All of them. Whoever takes one has it alone.
pub(crate) struct Spares {
    kept: Mutex<Kept>,
    count: AtomicUsize,
    stirred: Notify,
    /// Those that are not kept, yet or any more, and not gone.
    pub(crate) going: Arc<Going>,
    /// Where those are closed that nobody wants.
    runtime: Handle,
}

#[derive(Default)]
struct Kept {
    /// By the name of the identity; the newest last.
    by_name: HashMap<String, Vec<Spare>>,
    /// Where none is kept, until when.
    barred: HashMap<Place, Instant>,
    /// None is kept any more.
    closed: bool,
}

impl fmt::Debug for Spares {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Spares({})", self.len())
    }
}

impl Spares {
    /// None yet.
    pub(crate) fn new(runtime: Handle) -> Self {
        let (kept, count, stirred, going) = Default::default();
        Self { kept, count, stirred, going, runtime }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// True if one of this kind could be kept now.
    pub(crate) fn takes(&self, kind: &Kind) -> bool {
        let Some(target) = kind.target.upgrade() else { return false };
        self.lock().takes(&target)
    }

    /// Keeps one that was reset, or closes it. `room` is how many there may be in all.
    pub(crate) fn put(&self, kind: Kind, left: (Upstream, Goes), keep: Keep, room: usize) {
        let Some(target) = kind.target.upgrade() else { return self.close(vec![left]) };
        let mut kept = self.lock();
        if !kept.takes(&target) || self.len() >= room {
            drop(kept);
            return self.close(vec![left]);
        }
        let (upstream, goes) = left;
        let mine = kept.by_name.entry(kind.identity.name.to_string()).or_default();
        let same = |spare: &Spare| {
            Weak::ptr_eq(&spare.kind.target, &kind.target) && spare.kind.identity == kind.identity
        };
        let full = mine.iter().filter(|spare| same(spare)).count() >= keep.most;
        // The oldest of its own makes room.
        let gone = mine.iter().position(same).filter(|_| full).map(|at| mine.remove(at));
        let gone = gone.map(|spare| spare.goes(&self.going));
        let (since, thread) = (Instant::now(), thread::current().id());
        let counted = Counted::one(&target.database.counters);
        let at = place(&target.upstream);
        mine.push(Spare { kind, upstream, keep, since, thread, at, counted });
        self.counted(&kept);
        drop((kept, goes));
        self.stirred.notify_one();
        self.close(gone.into_iter().collect());
    }

    /// The newest of a kind, for a session of this thread.
    pub(crate) fn take(&self, kind: &Kind) -> Option<Upstream> {
        if self.len() == 0 {
            return None;
        }
        let fits = |spare: &Spare| spare.kind == *kind && spare.is_good();
        let mut kept = self.lock();
        let name = kind.identity.name.as_str();
        let mine = kept.by_name.get_mut(name)?;
        let Spare { mut upstream, thread, .. } = mine.remove(mine.iter().rposition(fits)?);
        if mine.is_empty() {
            kept.by_name.remove(name);
        }
        self.counted(&kept);
        drop(kept);
        if thread != thread::current().id() {
            upstream.stream.settle().ok()?;
        }
        Some(upstream)
    }

    /// Closes those that are not of this mind.
    pub(crate) fn keep_only(&self, stays: impl Fn(&Kind) -> bool) {
        self.retain(|spare| stays(&spare.kind));
    }

    /// Closes so many that with `others`, and those that are being reset, there are no more than
    /// `most`.
    pub(crate) fn make_room(&self, others: usize, most: usize) {
        let all = others + self.going.being_reset() + self.len();
        for _ in most.min(all)..all {
            let Some(oldest) = self.oldest(|_| true) else { return };
            self.close(vec![oldest]);
        }
    }

    /// Makes a place at a server that has none left: closes one, or waits for one that goes. False
    /// if there is none.
    pub(crate) async fn give_way(&self, at: &UpstreamConfig) -> bool {
        let at = place(at);
        if let Some((oldest, goes)) = self.oldest(|spare| spare.at == at) {
            say_goodbye(oldest).await;
            drop(goes);
            return true;
        }
        timeout(GOODBYE, self.going.fewer(&at)).await.unwrap_or(false)
    }

    /// Closes all at a server, lets none be kept there for a moment, and waits until they are gone.
    pub(crate) async fn leave(&self, at: &UpstreamConfig) {
        let (at, now) = (place(at), Instant::now());
        self.bar(at.clone(), now);
        self.retain(|spare| spare.at != at);
        let _ = timeout(GOODBYE, self.going.none(&at)).await;
    }

    fn bar(&self, at: Place, now: Instant) {
        let mut kept = self.lock();
        kept.barred.retain(|_, until| *until > now);
        kept.barred.insert(at, now + ALONE);
    }

    fn oldest(&self, of: impl Fn(&Spare) -> bool) -> Option<(Upstream, Goes)> {
        let mut kept = self.lock();
        let all = kept.by_name.iter().flat_map(|(name, mine)| {
            mine.iter().enumerate().map(move |(at, spare)| (name, at, spare))
        });
        let (name, at, _) = all.filter(|(.., spare)| of(spare)).min_by_key(|it| it.2.since)?;
        let name = name.clone();
        let gone = kept.by_name.get_mut(&name).map(|mine| mine.remove(at).goes(&self.going));
        self.counted(&kept);
        gone
    }

    fn retain(&self, stays: impl Fn(&Spare) -> bool) {
        let mut gone = Vec::new();
        let mut kept = self.lock();
        kept.by_name.retain(|_, mine| {
            let leave = mine.extract_if(.., |spare| !stays(spare));
            gone.extend(leave.map(|spare| spare.goes(&self.going)));
            !mine.is_empty()
        });
        self.counted(&kept);
        drop(kept);
        self.close(gone);
    }

    /// Closes those that time or a publication of the identities has made unwanted, until the
    /// program ends; then all.
    pub(crate) async fn watch(
        self: Arc<Self>,
        mut draining: watch::Receiver<bool>,
        mut identities: watch::Receiver<u64>,
        stands: impl Fn(&Identity) -> bool,
    ) {
        loop {
            let some = self.len() > 0;
            tokio::select! {
                changed = draining.changed() => {
                    if changed.is_err() || *draining.borrow_and_update() {
                        break;
                    }
                }
                changed = identities.changed() => {
                    if changed.is_err() {
                        break;
                    }
                    identities.mark_unchanged();
                    self.keep_only(|kind| stands(&kind.identity));
                }
                () = self.stirred.notified(), if !some => {}
                () = tokio::time::sleep(LOOK), if some => self.retain(Spare::is_good),
            }
        }
        self.lock().closed = true;
        self.retain(|_| false);
    }

    /// Closes them where nobody waits for it.
    pub(crate) fn close(&self, gone: Vec<(Upstream, Goes)>) {
        for (upstream, goes) in gone {
            let goes = goes.closes();
            self.runtime.spawn(async move {
                say_goodbye(upstream).await;
                drop(goes);
            });
        }
    }

    fn counted(&self, kept: &Kept) {
        let count = kept.by_name.values().map(Vec::len).sum();
        self.count.store(count, Ordering::Relaxed);
    }

    /// Every change is a single insertion or removal, so a poisoned lock is still good.
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// True if one may be kept now that sessions of this database had.
    fn takes(&self, target: &Target) -> bool {
        let barred = self.barred.get(&place(&target.upstream));
        let alone = barred.is_some_and(|until| Instant::now() < *until);
        !self.closed && !alone && !target.retired.load(Ordering::Acquire)
    }
}

/// Tells a server that its process is not wanted any more, and waits for its end: until then it has
/// a place among those that the server has.
pub(crate) async fn say_goodbye(Upstream { mut stream, .. }: Upstream) {
    part_from(&mut stream).await;
}

/// The same of a connection that no session had.
pub(crate) async fn part_from(stream: &mut Stream) {
    let said = async {
        let mut out = BytesMut::new();
        encode::terminate(&mut out);
        stream.write_all(&out).await?;
        stream.shutdown().await?;
        let mut rest = [0; 256];
        while stream.read(&mut rest).await? > 0 {}
        std::io::Result::Ok(())
    };
    let _ = timeout(GOODBYE, said).await;
}

/// One among those that metrics tell of.
struct Counted(Arc<gate::Counters>);

impl Counted {
    fn one(counters: &Arc<gate::Counters>) -> Self {
        counters.spares.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(counters))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.spares.fetch_sub(1, Ordering::Relaxed);
    }
}
