//! Brings grants from the store into force and out of it again. Decides
//! nothing: policies and those who are asked do. Knows no session.
//!
//! Two tasks: one follows the store; the other does nothing but end what is over, so that no store
//! and no disk that hang can lengthen a grant.

use super::{Shared, outbox};
use crate::{
    grants::{resolve, terms},
    uptake::Asked,
};
use identity::Grant;
use model::{Granted, verdict::Approval};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};
use store::{KeptGrant, Listing};

/// The most grants that are in force, or to be reviewed, at a time.
const MOST: u32 = 10_000;
/// How long a follower waits after the store failed before it tries again.
const RETRY: Duration = Duration::from_secs(1);
/// How often it is looked what is over or overdue, if nothing else happens.
const LOOK: Duration = Duration::from_secs(5);
/// How often the clocks are looked at for what is over.
const TICK: Duration = Duration::from_millis(100);
/// How often it is written down how much of a grant has passed.
const MARK: Duration = Duration::from_secs(10);

/// What is known of the grants of this run.
#[derive(Default)]
pub(super) struct Running {
    /// When each is over by a clock that nobody sets. It only ever comes nearer.
    deadlines: HashMap<String, Instant>,
    marked: Option<Instant>,
    /// Reviews that were called overdue.
    told: HashSet<String>,
}

/// Ends grants at their end, for ever; looks at the clocks and at nothing else.
pub(super) async fn tick(shared: Arc<Shared>) {
    loop {
        tokio::time::sleep(TICK).await;
        let (now, clock) = (Instant::now(), SystemTime::now());
        let counts = |grant: &Grant| grant.deadline > now && grant.until > clock;
        if shared.directory.withdraw_grants(counts) {
            shared.people.send_modify(|count| *count += 1);
        }
    }
}

/// Follows the store for ever.
pub(super) async fn follow(shared: Arc<Shared>, mut running: Running, mut asked: Asked) {
    loop {
        if let Err(error) = follow_once(&shared, &mut running, &mut asked).await {
            tracing::error!("grants are not up to date: {error:#}");
            tokio::time::sleep(RETRY).await;
        }
    }
}

async fn follow_once(
    shared: &Shared,
    running: &mut Running,
    asked: &mut Asked,
) -> anyhow::Result<()> {
    // The feed is opened before the first look, so that no change falls between the two.
    let mut feed = shared.store.changes().await?;
    loop {
        bring_up_to_date(shared, running).await?;
        asked.done();
        let next = running.deadlines.values().min().copied();
        let left = next.map_or(LOOK, |next| next.saturating_duration_since(Instant::now()));
        tokio::select! {
            changed = feed.changed() => changed?,
            () = asked.next() => {}
            () = tokio::time::sleep(left.clamp(TICK, LOOK)) => {}
        }
    }
}

/// Ends what is over, begins what may begin, and puts in force what has begun: what is taken away
/// is so at once, what is given is in the record before.
pub(super) async fn bring_up_to_date(shared: &Shared, running: &mut Running) -> anyhow::Result<()> {
    let (store, now) = (&shared.store, SystemTime::now());
    // First, and by reading alone: what was revoked is over, whatever else cannot be done.
    let begun = store.grants(Listing::InForce, MOST).await?;
    withdraw(shared, &running.measure(&begun, Instant::now(), SystemTime::now()));
    store.due_grants(now).await?;
    let passed = |at: &Instant| *at <= Instant::now();
    let over = running.deadlines.iter().filter(|(_, at)| passed(at));
    let over: Vec<String> = over.map(|(grant, _)| grant.clone()).collect();
    if !over.is_empty() {
        store.end_grants(&over, now).await?;
    }
    for grant in store.granted().await? {
        let allowed = may_begin(shared, &grant, now).await?;
        store.begin_grant(&grant.asked.grant, allowed, SystemTime::now()).await?;
    }
    let begun = store.grants(Listing::InForce, MOST).await?;
    let in_force = running.measure(&begun, Instant::now(), SystemTime::now());
    withdraw(shared, &in_force);
    outbox::catch_up(shared).await?;
    let count = i64::try_from(in_force.len()).unwrap_or(i64::MAX);
    shared.metrics.grants.in_force.set(count);
    if shared.directory.publish_grants(in_force) {
        shared.people.send_modify(|count| *count += 1);
    }
    let seen = running.passed(&begun, Instant::now());
    if !seen.is_empty() {
        store.mark_grants(&seen).await?;
    }
    reviews(shared, running).await
}

/// Takes away what is not in force. By the grant alone: an end that comes nearer by the grain of
/// two clocks takes nothing away.
fn withdraw(shared: &Shared, in_force: &[Grant]) {
    let kept = |grant: &Grant| in_force.iter().any(|one| one.granted == grant.granted);
    if shared.directory.withdraw_grants(kept) {
        shared.people.send_modify(|count| *count += 1);
    }
}

/// Whether policies still let a grant begin, on the terms that it was consented to.
async fn may_begin(
    shared: &Shared,
    grant: &KeptGrant,
    now: SystemTime,
) -> anyhow::Result<Result<(), String>> {
    let asked = &grant.asked;
    let identity = resolve(&shared.store, &asked.identity).await?;
    let Some(identity) = identity.filter(|identity| identity.chain() == asked.chain) else {
        return Ok(Err(format!("{} may not be used any more", asked.identity)));
    };
    let (policies, config) = (shared.policies.load(), shared.config.load());
    let (group, databases) = (&asked.group, &asked.databases);
    let found = terms(&policies, &config, &identity, group, databases, asked.emergency, now);
    Ok(match found {
        Ok(terms)
            if same_terms(&terms.needs, &asked.needs)
                && same_terms(&terms.reviewers, &asked.reviewers)
                && terms.longest_seconds >= asked.seconds =>
        {
            Ok(())
        }
        Ok(_) => Err("the policies changed since it was asked for".to_owned()),
        Err(why) => Err(why),
    })
}

/// Whether both say the same, whatever further groups are asked by now.
fn same_terms(now: &[Approval], then: &[Approval]) -> bool {
    let as_asked = |needs: &[Approval]| -> Vec<Approval> {
        let mut needs = needs.to_vec();
        let later = needs.iter_mut().filter_map(|need| need.escalation.as_mut());
        later.for_each(|later| later.reached = false);
        needs
    };
    as_asked(now) == as_asked(then)
}

impl Running {
    /// Grants as the directory takes them, each with its end by a clock that nobody sets. A grant
    /// lasts as long as was said when it began, however the time of day is set, and whether Weir
    /// was started again since: what was seen to pass has passed.
    fn measure(&mut self, begun: &[KeptGrant], now: Instant, clock: SystemTime) -> Vec<Grant> {
        self.deadlines.retain(|name, _| begun.iter().any(|grant| grant.asked.grant == *name));
        let mut in_force = Vec::with_capacity(begun.len());
        for grant in begun {
            let (Some(ends), Some(seen)) = (grant.ends, grant.seen) else { continue };
            let left = ends.duration_since(clock.max(seen)).unwrap_or_default();
            let deadline = self.deadlines.entry(grant.asked.grant.clone()).or_insert(now + left);
            *deadline = (*deadline).min(now + left);
            if *deadline <= now {
                continue;
            }
            in_force.push(Grant {
                granted: Granted {
                    grant: grant.asked.grant.clone(),
                    group: grant.asked.group.clone(),
                },
                identity: grant.asked.chain.clone(),
                databases: grant.asked.databases.clone(),
                deadline: *deadline,
                until: ends,
            });
        }
        in_force
    }

    /// How much of each has passed, as a moment before its end, when that is to be written down.
    fn passed(&mut self, begun: &[KeptGrant], now: Instant) -> Vec<(String, SystemTime)> {
        if self.marked.is_some_and(|marked| now < marked + MARK) {
            return Vec::new();
        }
        self.marked = Some(now);
        let seen = begun.iter().filter_map(|grant| {
            let deadline = self.deadlines.get(&grant.asked.grant)?;
            let left = deadline.saturating_duration_since(now);
            Some((grant.asked.grant.clone(), grant.ends?.checked_sub(left)?))
        });
        seen.collect()
    }
}

/// Counts what is to be reviewed, and says what nobody reviewed in time.
async fn reviews(shared: &Shared, running: &mut Running) -> anyhow::Result<()> {
    let open = shared.store.grants(Listing::ToReview, MOST).await?;
    let now = SystemTime::now();
    let overdue: Vec<&KeptGrant> = open.iter().filter(|grant| grant.is_overdue(now)).collect();
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    shared.metrics.grants.to_review.set(count(open.len()));
    shared.metrics.grants.overdue.set(count(overdue.len()));
    for grant in overdue {
        let asked = &grant.asked;
        if running.told.insert(asked.grant.clone()) {
            let (grant, identity, group) = (&asked.grant, &asked.chain, &asked.group);
            tracing::error!(%grant, %identity, %group, "nobody reviewed a grant in time");
        }
    }
    running.told.retain(|told| open.iter().any(|grant| grant.asked.grant == *told));
    Ok(())
}

#[cfg(test)]
mod tests;
