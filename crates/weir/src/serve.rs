//! `weir serve`: the composition root. Builds every part, hands each what it needs, and runs until
//! told to stop. Decides nothing about statements.
//!
//! ```text
//! store ──▶ people ──▶ directory ─┐
//! policies folder ──▶ rules ──────┼─▶ engines ◀── clients
//! weir.toml ──▶ settings ─────────┤
//! ledger ─────────────┬───────────┘        http ◀── health, metrics
//!                     └──▶ exports ──▶ sinks
//! ```

mod bearers;
mod canaries;
mod engine;
mod exports;
mod grants;
mod health;
mod histories;
mod holds;
mod indexing;
mod jobs;
mod keeping;
pub(crate) mod labels;
mod listening;
pub(crate) mod outbox;
mod rules;
mod settings;
mod stop;
mod tasks;
mod written;

pub(crate) use canaries::CANARY;
pub(crate) use engine::{certificate_stands, upstream};
pub(crate) use health::Health;
use outbox::Copied;
pub(crate) use stop::{Stop, Stopping};

use crate::{
    channels,
    events::Transmitters,
    layout, logging,
    metrics::Metrics,
    people, preview,
    providers::Providers,
    shares::Shares,
    uptake,
    witness::{self, Witness},
    workloads::Workloads,
};
use anyhow::Context;
use arc_swap::ArcSwap;
use config::Config;
use gate::{history::Histories, work::Works};
use identity::{Attempts, Directory};
use jobs::Jobs;
use ledger::{Ledger, LedgerError, Options, Recovery, Time, record::Stopped};
use policy::PolicySet;
use std::{
    path::Path,
    pin::Pin,
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime},
};
use store::{SecretName, Store};
use tokio::{sync::watch, task::JoinHandle};

/// What the engines and the parts around them share.
pub(crate) struct Shared {
    /// The configuration in force. Databases and limits are read from it at each new session;
    /// addresses, `state_dir`, `[tls]` and `[log]` as they were at the start.
    pub(crate) config: ArcSwap<Config>,
    /// The policies in force.
    pub(crate) policies: Arc<ArcSwap<PolicySet>>,
    /// Everybody who may sign in, kept up to date.
    pub(crate) directory: Arc<Directory>,
    /// Who guessed too often, at whichever door.
    pub(crate) attempts: Arc<Mutex<Attempts>>,
    /// Changes with each publication of the directory, so that sessions look who they are.
    pub(crate) people: watch::Sender<u64>,
    /// Changes with each change of what is known of labels beside what is found.
    pub(crate) labels: watch::Sender<u64>,
    /// Held by whoever copies events into the ledger: what is there already.
    pub(crate) copying: tokio::sync::Mutex<Copied>,
    /// Changes with each change of what waits for approval.
    pub(crate) holds: watch::Sender<u64>,
    /// What identities did before.
    pub(crate) histories: Arc<Histories>,
    /// What agents work on.
    pub(crate) works: Arc<Works>,
    /// Places for previews: each has a connection and holds locks for a moment.
    pub(crate) previews: Arc<Shares>,
    /// Who vouches for people.
    pub(crate) providers: Providers,
    /// Who vouches for services.
    pub(crate) workloads: Workloads,
    /// Who says what happened to people.
    pub(crate) transmitters: Transmitters,
    /// Control state.
    pub(crate) store: Store,
    /// The record.
    pub(crate) ledger: Ledger,
    /// When the newest record of the run before was written.
    pub(crate) ran: Option<Time>,
    /// Cosigns other ledgers' checkpoints, if it does.
    pub(crate) witness: Option<Arc<Witness>>,
    /// From which pseudonyms are derived.
    pub(crate) pseudonym_key: mask::Key,
    /// What stands in the way of serving.
    pub(crate) health: Arc<Health>,
    /// Counts.
    pub(crate) metrics: Arc<Metrics>,
}

/// Runs `weir serve` on a runtime of its own until it is told to stop.
pub(crate) fn start(config: Config) -> anyhow::Result<()> {
    logging::start(config.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime cannot start")?;
    let ended = runtime.block_on(run(config));
    // Whatever waits for a disk or a peer that does not answer keeps nobody from ending Weir.
    runtime.shutdown_timeout(LAST_WORDS);
    ended
}

/// Builds everything, serves, and closes the ledger in good order.
pub(crate) async fn run(config: Config) -> anyhow::Result<()> {
    for warning in &config.warnings {
        tracing::warn!(help = warning.help.as_deref().unwrap_or_default(), "{warning}");
    }
    let shared = Arc::new(build(config).await?);
    let stop = stop::listen()?;
    let mut jobs = Jobs::default();
    let [people, given, had] = take_up(&shared, &mut jobs);
    let exports = exports::start(&shared)?;
    // Before anybody signs in: what was granted goes on after a start, and for no longer.
    let mut running = grants::Running::default();
    grants::bring_up_to_date(&shared, &mut running).await?;
    jobs.spawn("grants", grants::follow(Arc::clone(&shared), running, had));
    jobs.spawn("the end of grants", grants::tick(Arc::clone(&shared)));
    let deadlines = tasks::Deadlines::default();
    let _first = shared.works.keeper.set(Arc::new(tasks::Kept(shared.store.clone())));
    tasks::bring_up_to_date(&shared, &deadlines).await?;
    jobs.spawn("tasks", tasks::follow(Arc::clone(&shared), Arc::clone(&deadlines), given));
    jobs.spawn("the end of tasks", tasks::tick(Arc::clone(&shared), deadlines));
    jobs.spawn("identities", outbox::follow(Arc::clone(&shared), people));
    jobs.spawn("policies", rules::follow(Arc::clone(&shared), stop.reloads()));
    jobs.spawn("settings", settings::follow(Arc::clone(&shared), stop.reloads()));
    let kept = |begin: fn(Arc<Shared>) -> Job| {
        let shared = Arc::clone(&shared);
        move || begin(Arc::clone(&shared))
    };
    jobs.keep("what tasks used up", kept(|shared| Box::pin(tasks::settle(shared))));
    jobs.keep("witnesses", kept(|shared| Box::pin(witness::follow(shared))));
    jobs.keep("anchors", kept(|shared| Box::pin(crate::anchors::follow(shared))));
    jobs.keep("keeping", kept(|shared| Box::pin(keeping::follow(shared))));
    jobs.keep("the ledger", kept(|shared| Box::pin(written::follow(shared))));
    let indexing = indexing::start(&shared)?;
    // On a task of its own from now on: it accepts sessions while this one waits for a signal.
    let mut engine = tokio::spawn(engine::start(&shared, stop.stopping(), &mut jobs).await?);
    let channels = channels::read(&shared.config.load())?;
    for channel in &channels {
        let (shared, channel) = (Arc::clone(&shared), Arc::clone(channel));
        jobs.keep("a channel", move || channels::follow(Arc::clone(&shared), Arc::clone(&channel)));
    }
    // Last, so that whoever finds Weir ready finds it listening too.
    listening::start(&shared, channels, &stop, &mut jobs).await?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "serving");

    let told = stop.stopping();
    let defect = tokio::select! {
        // The engine ends by the same word: that it did is no defect then.
        biased;
        () = told.wait(Stop::Drain) => None,
        // What is not kept up to date any more must not be taken for what is in force.
        ended = jobs.ended() => Some(ended),
        _ = &mut engine => Some("the engine ended".to_owned()),
    };
    if let Some(defect) = &defect {
        tracing::error!("{defect}: Weir ends");
        stop.end();
    }
    drain(&shared, &stop, &mut engine).await;
    jobs.shutdown().await;
    exports::stop(exports).await;
    indexing.stop();
    crate::vault::close().await;
    close(&shared, if defect.is_some() { "defect" } else { "signal" }).await?;
    defect.map_or(Ok(()), |defect| Err(anyhow::anyhow!("{defect}")))
}

/// A job that can be begun again.
type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Lets no session begin, and waits for the open ones, as long as it may.
async fn drain(shared: &Shared, stop: &stop::Signals, engine: &mut JoinHandle<()>) {
    shared.health.drain();
    if engine.is_finished() {
        return;
    }
    tracing::info!("no new sessions; waiting for the open ones to end");
    let limit = shared.config.load().limits.drain_timeout;
    let now = stop.stopping();
    let why = tokio::select! {
        ended = &mut *engine => match ended {
            Ok(()) => return,
            Err(_) => "the engine failed: sessions are ended",
        },
        () = tokio::time::sleep(limit) => "sessions that were open are ended",
        () = now.wait(Stop::Now) => "sessions are ended at once",
    };
    tracing::warn!("{why}");
    cut(shared, engine).await;
}

/// How long sessions that are cut have to cancel what runs, say goodbye and write what came of it.
const LAST_WORDS: Duration = Duration::from_secs(4);

/// Ends the sessions that are open still.
async fn cut(shared: &Shared, engine: &mut JoinHandle<()>) {
    if let Some(serving) = shared.metrics.engine.get() {
        for session in serving.opened() {
            serving.end(&session.id);
        }
    }
    if engine.is_finished() {
        return;
    }
    if tokio::time::timeout(LAST_WORDS, &mut *engine).await.is_err() {
        engine.abort();
    }
}

/// Lets commands learn when those who follow identities, tasks and grants have read them again.
fn take_up(shared: &Shared, jobs: &mut Jobs) -> [uptake::Asked; 3] {
    let [(one, people), (two, given), (three, had)] = std::array::from_fn(|_| uptake::pair());
    let config = shared.config.load();
    let state_dir = &config.state_dir;
    match uptake::listen(state_dir) {
        Ok(listener) => {
            jobs.spawn("answers to commands", uptake::answer(listener, [one, two, three]));
        }
        Err(error) => {
            let dir = state_dir.display();
            tracing::warn!(%dir, "commands cannot wait until a change is taken up: {error:#}");
        }
    }
    [people, given, had]
}

/// Opens state and record, and reads what is to be in force.
async fn build(config: Config) -> anyhow::Result<Shared> {
    let store = Store::open(&config.state_dir).await?;
    let dir = layout::ledger(&config);
    let now = Time::from(SystemTime::now());
    let node = node();
    let mut options = Options::new(&node, env!("CARGO_PKG_VERSION"), now);
    let witness_name = format!("{}-witness", options.origin);
    options.origin = config.ledger.name.clone().unwrap_or(options.origin);
    let (ledger, found) = open(&dir, &options)
        .await
        .with_context(|| format!("the ledger in {} cannot be opened", dir.display()))?;
    tell(&found, &dir);
    ledger.hold(config.ledger.hold.is_some());
    let policies = PolicySet::load(config.policies.dir.as_deref()).map_err(|problems| {
        let problems = problems.into_iter().map(crate::exit::Problem::from).collect::<Vec<_>>();
        anyhow::anyhow!("the policies are not sound:\n{}", crate::exit::render(&problems))
    })?;
    rules::record_start(&ledger, &policies)?;
    let directory = Directory::new(store.secret(SecretName::MockSignIn).await?.expose());
    people::publish(&store, &directory).await?;
    rules::warm(&config, &store, &policies).await;
    let mut copied = Copied::default();
    outbox::copy(&store, &ledger, &mut copied).await?;
    let witness = match config.witness.logs.as_slice() {
        [] => None,
        logs => {
            let name = config.witness.name.clone().unwrap_or(witness_name);
            let seed = store.secret(SecretName::Witness).await?.expose();
            Some(Arc::new(Witness::new(&name, &seed, logs, &config.state_dir)?))
        }
    };
    Ok(Shared {
        ran: found.newest,
        witness,
        providers: Providers::read(&config)?,
        workloads: Workloads::read(&config)?,
        transmitters: Transmitters::read(&config)?,
        pseudonym_key: pseudonym_key(&store).await?,
        health: Arc::new(Health::new(ledger.clone())),
        metrics: Arc::new(Metrics::new(ledger.clone())),
        config: ArcSwap::from_pointee(config),
        policies: Arc::new(ArcSwap::from_pointee(policies)),
        directory: Arc::new(directory),
        attempts: Arc::default(),
        people: watch::Sender::new(0),
        labels: watch::Sender::new(0),
        holds: watch::Sender::new(0),
        copying: tokio::sync::Mutex::new(copied),
        histories: Arc::new(histories::restore(&store).await?),
        works: Arc::default(),
        previews: preview::places(),
        store,
        ledger,
    })
}

/// Says how the ledger was found.
fn tell(found: &Recovery, dir: &Path) {
    tracing::info!(records = found.records, clean = found.clean, "ledger open");
    if let Some(damage) = found.damage() {
        tracing::error!("the ledger is damaged: {damage}; see `weir audit verify`");
    }
    if found.new_hashes {
        tracing::warn!(
            "{} was not there and is made anew: values of the records so far are found by no \
             search and in no report about a subject, unless it is put back",
            dir.join(ledger::KEY_FILE).display()
        );
    }
}

/// Opens the ledger. A process that was killed a moment ago has it for as long as the system takes
/// to end it.
async fn open(dir: &Path, options: &Options) -> Result<(Ledger, Recovery), LedgerError> {
    const PATIENCE: Duration = Duration::from_secs(10);
    const AGAIN: Duration = Duration::from_millis(100);
    let begun = Instant::now();
    let mut said = false;
    loop {
        let opened = Ledger::open(dir, options.clone());
        if !matches!(opened, Err(LedgerError::Locked(_))) || begun.elapsed() >= PATIENCE {
            return opened;
        }
        if !std::mem::replace(&mut said, true) {
            let (dir, seconds) = (dir.display(), PATIENCE.as_secs());
            tracing::warn!(
                "{dir} is in use by another process: waiting up to {seconds} s until it has ended"
            );
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// From which pseudonyms are derived, and by which they are turned back.
async fn pseudonym_key(store: &Store) -> anyhow::Result<mask::Key> {
    let keys = store.pseudonym_keys().await?;
    let key = mask::Key::kept(keys.iter().map(|(number, key)| (*number, key.expose())));
    let key = key.context("there is no key of pseudonyms")?;
    tracing::info!(key = key.number(), older = keys.len() - 1, "pseudonyms");
    Ok(key)
}

/// Writes `stopped` and waits until all of it is on stable storage.
async fn close(shared: &Shared, reason: &'static str) -> anyhow::Result<()> {
    /// A disk that is broken may never answer, and the process has to end.
    const LAST_SYNC: Duration = Duration::from_secs(10);
    // `stopped` is to be the last: nothing is removed behind it.
    let ledger = shared.ledger.clone();
    let kept = tokio::task::spawn_blocking(move || ledger.end_keeping());
    if tokio::time::timeout(LAST_SYNC, kept).await.is_err() {
        tracing::error!("the ledger is still being folded");
    }
    let time = Time::from(SystemTime::now());
    let place = shared.ledger.append(&Stopped { time, reason: reason.into() }.into())?;
    shared.ledger.hand_over(place)?;
    tokio::time::timeout(LAST_SYNC, shared.ledger.synced(place))
        .await
        .context("the ledger was not synced in time")??;
    histories::keep(shared).await;
    tasks::settle_all(shared).await;
    shared.store.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// The node's name: the host's.
fn node() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "unnamed".to_owned() } else { name.to_owned() }
}
