//! Brings tasks from the store into force and out of it again, and what was used up of them back.
//! Decides nothing: a person gave them, policies and budgets do the rest. Knows no session.

use super::Shared;
use crate::uptake::Asked;
use anyhow::Context;
use gate::{
    hold::Doing,
    work::{InForce, Keeper, Whose},
};
use ledger::StatementId;
use model::{Spent, Task};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};
use store::{KeptTask, Store};

/// The most tasks that are in force at a time.
const MOST: u32 = 10_000;
/// How long a follower waits after the store failed before it tries again.
const RETRY: Duration = Duration::from_secs(1);
/// How often it is looked what is over, if nothing else happens.
const LOOK: Duration = Duration::from_secs(5);
/// How often the clocks are looked at for what is over.
const TICK: Duration = Duration::from_millis(100);
/// How often it is written down what was used up.
const SETTLE: Duration = Duration::from_secs(1);

/// When each task is over by a clock that nobody sets. It only ever comes nearer.
pub(super) type Deadlines = Arc<Mutex<HashMap<String, (Instant, SystemTime)>>>;

/// Budgets and marks in the store.
pub(super) struct Kept(pub(super) Store);

impl Keeper for Kept {
    fn reserve(&self, task: &str, upto: Spent) -> Doing<()> {
        let (store, task) = (self.0.clone(), task.to_owned());
        Box::pin(async move {
            store.reserve_task(&task, &upto).await.map_err(|error| error.to_string())
        })
    }

    fn shown(&self, whose: &Whose, by: Option<&StatementId>, now: SystemTime) -> Doing<()> {
        let (store, Whose { task, chain }) = (self.0.clone(), whose.clone());
        let statement = by.map(ToString::to_string).unwrap_or_default();
        Box::pin(async move {
            let task = task.unwrap_or_default();
            let kept = store.taint(&task, &chain, &statement, now).await;
            kept.map_err(|error| error.to_string())
        })
    }
}

/// Ends tasks at their end, for ever; looks at the clocks and at nothing else.
pub(super) async fn tick(shared: Arc<Shared>, deadlines: Deadlines) {
    loop {
        tokio::time::sleep(TICK).await;
        let (now, clock) = (Instant::now(), SystemTime::now());
        let over: Vec<String> = {
            let deadlines = deadlines.lock().unwrap_or_else(PoisonError::into_inner);
            let over = deadlines.iter().filter(|(_, (at, until))| *at <= now || *until <= clock);
            over.map(|(task, _)| task.clone()).collect()
        };
        if over.iter().fold(false, |ended, task| shared.works.end(task) | ended) {
            shared.people.send_modify(|count| *count += 1);
        }
    }
}

/// Writes down what is used up, for ever.
pub(super) async fn settle(shared: Arc<Shared>) {
    loop {
        tokio::time::sleep(SETTLE).await;
        let used = shared.works.unsettled();
        if used.is_empty() {
            continue;
        }
        if let Err(error) = shared.store.settle_tasks(&used, false).await {
            tracing::error!(%error, "what tasks used up cannot be kept");
        }
    }
}

/// Writes down what was used up in the end: no session is left.
pub(super) async fn settle_all(shared: &Shared) {
    if let Err(error) = shared.store.settle_tasks(&shared.works.close(), true).await {
        tracing::error!(%error, "what tasks used up cannot be kept; what was reserved counts");
    }
}

/// Follows the store for ever.
pub(super) async fn follow(shared: Arc<Shared>, deadlines: Deadlines, mut asked: Asked) {
    loop {
        if let Err(error) = follow_once(&shared, &deadlines, &mut asked).await {
            tracing::error!("tasks are not up to date: {error:#}");
            tokio::time::sleep(RETRY).await;
        }
    }
}

async fn follow_once(
    shared: &Shared,
    deadlines: &Deadlines,
    asked: &mut Asked,
) -> anyhow::Result<()> {
    // The feed is opened before the first look, so that no change falls between the two.
    let mut feed = shared.store.changes().await?;
    loop {
        bring_up_to_date(shared, deadlines).await?;
        asked.done();
        let next = {
            let deadlines = deadlines.lock().unwrap_or_else(PoisonError::into_inner);
            deadlines.values().map(|(at, _)| *at).min()
        };
        let left = next.map_or(LOOK, |next| next.saturating_duration_since(Instant::now()));
        tokio::select! {
            changed = feed.changed() => changed?,
            () = asked.next() => {}
            () = tokio::time::sleep(left.clamp(TICK, LOOK)) => {}
        }
    }
}

/// Puts in force what is, and takes out what is over.
pub(super) async fn bring_up_to_date(shared: &Shared, deadlines: &Deadlines) -> anyhow::Result<()> {
    let store = &shared.store;
    store.expire_tasks(SystemTime::now()).await.context("tasks cannot be ended")?;
    let moment = shared.works.moment();
    let live = store.tasks(false, MOST).await.context("tasks cannot be read")?;
    let taints = store.taints().await.context("taints cannot be read")?;
    let in_force = measure(&live, &mut deadlines.lock().unwrap_or_else(PoisonError::into_inner));
    let chains: Vec<String> = taints.into_iter().map(|taint| taint.chain).collect();
    if shared.works.publish(in_force, &chains, moment) {
        shared.people.send_modify(|count| *count += 1);
    }
    Ok(())
}

/// Tasks that are in force by both clocks.
fn measure(
    live: &[KeptTask],
    deadlines: &mut HashMap<String, (Instant, SystemTime)>,
) -> Vec<InForce> {
    let (now, clock) = (Instant::now(), SystemTime::now());
    deadlines.retain(|name, _| live.iter().any(|task| task.given.task == *name));
    let mut in_force = Vec::with_capacity(live.len());
    for KeptTask { given, kept, used, tainted, .. } in live {
        let left = given.until.duration_since(clock).unwrap_or_default();
        let deadline = deadlines.entry(given.task.clone()).or_insert((now + left, given.until));
        deadline.0 = deadline.0.min(now + left);
        if deadline.0 <= now {
            continue;
        }
        in_force.push(InForce {
            task: Task {
                name: given.task.clone(),
                agent: given.agent.as_str().into(),
                acts_for: given.acts_for.as_str().into(),
                details: given.details.clone(),
            },
            chain: given.chain.clone(),
            kept: most(kept, used),
            tainted: tainted.is_some(),
        });
    }
    in_force
}

/// What was reserved, or what was used up where that is more.
fn most(kept: &Spent, used: &Spent) -> Spent {
    Spent {
        rows: kept.rows.max(used.rows),
        bytes: kept.bytes.max(used.bytes),
        cost: kept.cost.max(used.cost),
        statements: kept.statements.max(used.statements),
        micros: kept.micros.max(used.micros),
    }
}
