//! The PostgreSQL engine: sessions, relay, upstreams.
//!
//! A client signs in at the [`login::Door`], asks for a database, and gets a connection of its own
//! to the upstream behind it: a new one, or one that a session of its identity had before. From
//! then on `relay` carries messages both ways, and everything that runs passes the gate.
//!
//! ```text
//!  accept ─▶ login ─▶ session ─▶ upstream        one task per session, on one thread
//!                        └─▶ relay ◀─▶ gate      the loop
//!  knowledge ─▶ catalog ─▶ labels                one task per database
//! ```
//!
//! What is absent: no SQL is understood here, no policy decided, no value masked. The engine knows
//! the protocol and carries out verdicts.

pub mod cancel;
pub mod catalog;
mod diagnostics;
pub mod inside;
pub mod knowledge;
mod labels;
pub mod login;
mod open;
mod relay;
mod role;
mod session;
mod targets;
pub mod upstream;

use arc_swap::ArcSwap;
use gate::Gate;
use identity::Directory;
use knowledge::Keeper;
use login::{Door, Entrance};
use session::Idlers;
use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Instant, SystemTime},
};
use targets::{Target, Targets};
use tokio::sync::{Notify, RwLock, watch};
use upstream::spares::Spares;

pub use knowledge::{Doing, KeepFound, Kept, Load, Reached, Shelf};
pub use labels::{FoundColumn, Labeller};
pub use open::Opened;
pub use relay::{Answer, Asserted, Asserts, Limits};
pub use role::{RoleOf, RoleRule, Roles};
pub use upstream::{Host, UpstreamConfig};

/// Counts of the engine since it started, for metrics.
#[derive(Debug, Default)]
pub struct Counters {
    /// Sessions that are open now.
    pub open: AtomicUsize,
    /// Sign-ins that were accepted.
    pub signed_in: AtomicU64,
    /// Sign-ins that were refused.
    pub refused: AtomicU64,
    /// Sessions that were refused because there were too many.
    pub crowded: AtomicU64,
    /// Those that have not signed in, once somebody listens.
    pub crowd: OnceLock<net::listen::Crowd>,
    /// When it was said last that there are too many sessions.
    pub(crate) told: net::listen::Seldom,
}

/// A database as it is configured.
#[derive(Clone, Debug)]
pub struct DatabaseConfig {
    /// The name clients ask for; `*` stands for every other name, with the upstream database of
    /// the same name.
    pub name: String,
    /// `production`, `staging`, …
    pub environment: String,
    /// As which roles of it sessions work.
    pub roles: Roles,
    /// Where it is.
    pub upstream: UpstreamConfig,
}

/// What can be changed while sessions run: it holds for those that come.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The databases.
    pub databases: Vec<DatabaseConfig>,
    /// Limits of each session.
    pub limits: Limits,
    /// Sessions at a time.
    pub max_sessions: usize,
    /// Sessions at a time of one identity.
    pub max_sessions_per_identity: usize,
}

/// What it takes to end a session's statement.
#[derive(Clone, Debug)]
pub(crate) struct CancelTarget {
    pub(crate) upstream: Arc<UpstreamConfig>,
    pub(crate) address: Option<std::net::SocketAddr>,
    pub(crate) process_id: u32,
    pub(crate) secret_key: Arc<[u8]>,
    /// Told of each cancel request: what waits in the session is not at the upstream.
    pub(crate) told: Arc<Notify>,
    /// A cancel request went upstream, or is about to.
    pub(crate) sent: Arc<AtomicBool>,
}

/// How long a statement waits at most for what is Weir's own to get out of its way.
const MAKING_WAY: std::time::Duration = std::time::Duration::from_secs(3);

/// What policies know the whole server as, and what tools before version 17 ask for when they mean
/// it.
const CLUSTER: &str = "replication";

/// The engine: everything that sessions of this protocol share.
pub struct Engine {
    gate: Arc<Gate>,
    door: Door,
    directory: Arc<Directory>,
    settings: ArcSwap<Settings>,
    targets: std::sync::Mutex<Targets>,
    cancels: cancel::Registry<CancelTarget>,
    /// By the name in the configuration: what clients choose under `*` is counted together.
    counted: std::sync::Mutex<BTreeMap<String, Arc<gate::Counters>>>,
    per_identity: std::sync::Mutex<HashMap<String, usize>>,
    open: Arc<open::Open>,
    spares: Arc<Spares>,
    idlers: Arc<Idlers>,
    draining: watch::Receiver<bool>,
    identities: watch::Receiver<u64>,
    shelf: Option<Shelf>,
    /// Held for reading by each session from inside, and for writing once none may come any more.
    inside: Arc<RwLock<()>>,
    /// Where what outlives sessions runs: they have threads of their own.
    background: tokio::runtime::Handle,
    /// Counts for metrics.
    pub counters: Arc<Counters>,
}

impl Engine {
    /// An engine that serves what `settings` name. `draining` turns true when the program ends;
    /// `identities` changes with each publication of the directory; `shelf` has the labels of
    /// earlier runs.
    pub fn new(
        gate: Arc<Gate>,
        door: Door,
        settings: Settings,
        draining: watch::Receiver<bool>,
        identities: watch::Receiver<u64>,
        shelf: Option<Shelf>,
    ) -> Arc<Self> {
        let directory = Arc::clone(&door.directory);
        let background = tokio::runtime::Handle::current();
        let spares = Arc::new(Spares::new(background.clone()));
        let known = Arc::clone(&directory);
        let stands = move |identity: &model::Identity| known.stands(identity);
        let watched = Arc::clone(&spares).watch(draining.clone(), identities.clone(), stands);
        background.spawn(watched);
        let engine = Self {
            gate,
            door,
            directory,
            settings: ArcSwap::from_pointee(settings),
            targets: Default::default(),
            cancels: cancel::Registry::new(),
            counted: Default::default(),
            per_identity: Default::default(),
            open: Arc::default(),
            spares,
            idlers: Arc::default(),
            draining,
            identities,
            shelf,
            inside: Arc::default(),
            background,
            counters: Arc::default(),
        };
        engine.open_targets();
        Arc::new(engine)
    }

    /// Puts new settings in force for sessions that come; those that run keep theirs. What is known
    /// of a database that is where it was stays, shared by both.
    pub fn reload(&self, settings: Settings) {
        self.settings.store(Arc::new(settings));
        self.lock_targets().let_go();
        self.spares.keep_only(|_| false);
        self.open_targets();
    }

    /// Each open database, and how it was when its upstream was last asked.
    pub fn reachable(&self) -> Vec<(String, Reached)> {
        let targets = self.lock_targets();
        let reachable = |target: &Arc<Target>| target.keeper.reached();
        targets
            .open()
            .filter_map(|(name, target)| Some((name.clone(), reachable(target)?)))
            .collect()
    }

    /// What is counted, by the name of the database in the configuration.
    pub fn counted(&self) -> Vec<(String, Arc<gate::Counters>)> {
        let counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        counted.iter().map(|(name, counters)| (name.clone(), Arc::clone(counters))).collect()
    }

    /// The sessions that are open now, newest first.
    pub fn opened(&self) -> Vec<Arc<Opened>> {
        self.open.all()
    }

    /// Ends the session of this id, if it is open; what it runs is cancelled.
    pub fn end(&self, session: &str) -> bool {
        self.open.end(session)
    }

    /// How many columns bear a label, by the name of the database in the configuration.
    pub fn labels(&self) -> BTreeMap<String, usize> {
        let settings = self.settings.load();
        let mut labels = BTreeMap::new();
        for (name, target) in self.lock_targets().open() {
            let name = find(&settings, name).map_or(name, |found| &found.name).clone();
            *labels.entry(name).or_default() += target.database.knowledge().labels.columns.len();
        }
        labels
    }

    fn counters_of(&self, configured: &str) -> Arc<gate::Counters> {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(counted.entry(configured.to_owned()).or_default())
    }

    /// Signs one connection in and serves it to its end. `pending` is given up when sign-in is
    /// over.
    pub async fn serve(self: Arc<Self>, accepted: net::listen::Accepted) {
        let peer = accepted.peer;
        // In a box of its own, so that a session does not carry the room for its sign-in along.
        let signs_in = login::sign_in(accepted.stream, peer, &self.door, Instant::now());
        let entrance = Box::pin(signs_in).await;
        drop(accepted.pending);
        match entrance {
            Ok(Entrance::Client(client)) => session::serve(self, client).await,
            Ok(Entrance::Cancel { process_id, key, connection }) => {
                Box::pin(self.cancel(process_id, &key)).await;
                drop(connection);
            }
            Err(refused) => self.note_refused(&refused),
        }
    }

    /// Cancels what the session with this key runs or waits for.
    async fn cancel(&self, process_id: u32, key: &[u8]) {
        if let Some(target) = self.cancels.find(process_id, key) {
            target.told.notify_one();
            cancel_upstream(&target).await;
        }
    }

    fn note_refused(&self, refused: &login::Refused) {
        if !refused.reason.is_refusal() {
            let reason = &refused.reason;
            tracing::debug!(peer = %refused.peer, %reason, "connection came to nothing");
            return;
        }
        self.counters.refused.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(peer = %refused.peer, reason = %refused.reason, "sign-in refused");
        self.gate.note_sign_in_refused(
            Some(refused.peer.ip()),
            refused.name.as_deref().unwrap_or(""),
            refused.database.as_deref().unwrap_or(""),
            &refused.reason.to_string(),
            SystemTime::now(),
        );
    }

    /// The database of this name; opened now if only `*` covers it.
    pub(crate) fn target(&self, name: &str) -> Option<Arc<Target>> {
        if let Some(target) = self.lock_targets().get(name) {
            return Some(target);
        }
        let settings = self.settings.load();
        let config = find(&settings, name)?;
        let mut config = config.clone();
        if config.name == "*" {
            name.clone_into(&mut config.upstream.database);
        }
        Some(self.open_target(name, config))
    }

    /// What a physical replication connection reaches: the whole server behind the database of this
    /// name, so that is what policies know it as, whatever it asked for. It has no SQL, so nothing
    /// has to be known of a database. Tools before version 17 always ask for `replication`, which
    /// means the one server that all configured databases are on.
    pub(crate) fn cluster(&self, name: &str) -> Option<Arc<Target>> {
        let settings = self.settings.load();
        let config = match find(&settings, name) {
            Some(config) => config,
            None if name == CLUSTER => the_only_server(&settings.databases)?,
            None => return None,
        };
        let counters = self.counters_of(&config.name);
        let environment = config.environment.clone();
        let database = Arc::new(gate::Database::counted(CLUSTER.into(), environment, counters));
        let (roles, upstream) = (config.roles.clone(), config.upstream.clone());
        let keeper = Arc::new(Keeper::idle(&database, upstream.clone()));
        let (turn, retired, as_set) = Default::default();
        Some(Arc::new(Target { database, roles, upstream, keeper, turn, retired, as_set }))
    }

    /// Forgets a database that only `*` covers and that could not be connected to, so that names
    /// nobody serves do not pile up. Sessions that are open to it keep it known.
    pub(crate) fn forget_target(&self, name: &str) {
        let named = self.settings.load().databases.iter().any(|config| config.name == name);
        if !named {
            self.lock_targets().forget(name);
        }
    }

    /// The same for one that nobody was let into, unless it is known to be there.
    pub(crate) fn forget_unreached(&self, name: &str, target: &Target) {
        if target.keeper.is_reachable() != Some(true) {
            self.forget_target(name);
        }
    }

    /// Takes what is Weir's own out of the way of a plan that must find nobody else at this server.
    pub(crate) fn make_way(&self, at: &UpstreamConfig, plan: &gate::Plan) -> relay::Making {
        let here = |target: &Target| {
            let own = &target.upstream;
            own.host == at.host && own.port == at.port && plan.needs_alone(&own.database)
        };
        let targets = self.lock_targets();
        let here = targets.open().filter(|(_, target)| here(target));
        let readers: Vec<_> = here.map(|(_, target)| target.keeper.leave()).collect();
        drop(targets);
        let (spares, at) = (Arc::clone(&self.spares), at.clone());
        Box::pin(async move {
            let all = async {
                spares.leave(&at).await;
                for reader in readers {
                    reader.await;
                }
            };
            let _ = tokio::time::timeout(MAKING_WAY, all).await;
        })
    }

    fn open_targets(&self) {
        let settings = self.settings.load_full();
        for config in settings.databases.iter().filter(|config| config.name != "*") {
            if self.lock_targets().get(&config.name).is_none() {
                self.open_target(&config.name, config.clone());
            }
        }
        self.lock_targets().settle();
    }

    fn open_target(&self, name: &str, config: DatabaseConfig) -> Arc<Target> {
        let counters = self.counters_of(&config.name);
        let DatabaseConfig { name: _, environment, roles, upstream } = config;
        let mut targets = self.lock_targets();
        // Somebody else may have come first.
        if let Some(target) = targets.get(name) {
            return target;
        }
        let known = targets.known(name, &upstream, &environment, &counters);
        let keeper = known.unwrap_or_else(|| {
            let database = Arc::new(gate::Database::counted(name.into(), environment, counters));
            let _entered = self.background.enter();
            let (upstream, shelf) = (upstream.clone(), self.shelf.clone());
            Arc::new(Keeper::start(&self.gate, &database, upstream, shelf))
        });
        let database = Arc::clone(keeper.database());
        let (turn, retired, as_set) = Default::default();
        let target = Target { database, roles, upstream, keeper, turn, retired, as_set };
        targets.add(name, Arc::new(target))
    }

    fn lock_targets(&self) -> std::sync::MutexGuard<'_, Targets> {
        self.targets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The first of several databases on one server in one environment; `None` if there are more.
fn the_only_server(databases: &[DatabaseConfig]) -> Option<&DatabaseConfig> {
    let first = databases.first()?;
    let same = |other: &DatabaseConfig| {
        let (one, other_one) = (&first.upstream, &other.upstream);
        (&one.host, one.port, &one.user) == (&other_one.host, other_one.port, &other_one.user)
            && first.environment == other.environment
    };
    databases.iter().all(same).then_some(first)
}

fn find<'a>(settings: &'a Settings, name: &str) -> Option<&'a DatabaseConfig> {
    let named = settings.databases.iter().find(|config| config.name == name);
    named.or_else(|| settings.databases.iter().find(|config| config.name == "*"))
}

pub(crate) async fn cancel_upstream(target: &CancelTarget) {
    let CancelTarget { upstream, address, process_id, secret_key, told: _, sent } = target;
    sent.store(true, Ordering::Relaxed);
    if let Err(error) = upstream::cancel(upstream, *address, *process_id, secret_key).await {
        tracing::warn!(%error, "a cancel request could not be passed on");
    }
}

#[cfg(test)]
mod tests;
