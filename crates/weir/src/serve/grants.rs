//! Brings grants from the store into force and out of it again, and into the ledger. Decides
//! nothing: policies and those who are asked do. Knows no session.
//!
//! Two tasks: one follows the store; the other does nothing but end what is over, so that no store
//! and no disk that hang can lengthen a grant.

use super::Shared;
use crate::grants::{resolve, terms};
use anyhow::Context;
use identity::Grant;
use ledger::{Ledger, Time, record::GrantChanged};
use model::Granted;
use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};
use store::{GrantEvent, KeptGrant, Listing, Store};

/// Steps copied into the ledger at once.
const BATCH: u32 = 256;
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
pub(super) async fn follow(shared: Arc<Shared>, mut running: Running) {
    loop {
        if let Err(error) = follow_once(&shared, &mut running).await {
            tracing::error!("grants are not up to date: {error:#}");
            tokio::time::sleep(RETRY).await;
        }
    }
}

async fn follow_once(shared: &Shared, running: &mut Running) -> anyhow::Result<()> {
    // The feed is opened before the first look, so that no change falls between the two.
    let mut feed = shared.store.changes().await?;
    loop {
        bring_up_to_date(shared, running).await?;
        let next = running.deadlines.values().min().copied();
        let left = next.map_or(LOOK, |next| next.saturating_duration_since(Instant::now()));
        tokio::select! {
            changed = feed.changed() => changed?,
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
    store.expire_grants(now).await?;
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
    copy_events(store, &shared.ledger).await?;
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
            if terms.needs == asked.needs
                && terms.reviewers == asked.reviewers
                && terms.longest_seconds >= asked.seconds =>
        {
            Ok(())
        }
        Ok(_) => Err("the policies changed since it was asked for".to_owned()),
        Err(why) => Err(why),
    })
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
                identity: grant.asked.identity.clone(),
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

/// Copies what happened to grants into the ledger, also while Weir was not running. It counts as
/// copied once its record is on stable storage: a crash in between repeats a record and loses none.
pub(super) async fn copy_events(store: &Store, ledger: &Ledger) -> anyhow::Result<()> {
    loop {
        let events = store.grant_events(BATCH).await.context("steps of grants cannot be read")?;
        let Some(newest) = events.last().map(|event| event.id) else { return Ok(()) };
        let mut last = None;
        for event in &events {
            announce(event);
            last = Some(ledger.append(&changed(event).into())?);
        }
        if let Some(last) = last {
            ledger.hand_over(last)?;
            ledger.synced(last).await?;
        }
        let recorded = store.grant_events_recorded(newest).await;
        recorded.context("steps of grants cannot be marked")?;
    }
}

/// What breaks the glass is said aloud at once.
fn announce(event: &GrantEvent) {
    let asked = &event.asked;
    if !asked.emergency || !matches!(event.what.as_str(), "requested" | "begun") {
        return;
    }
    let (grant, identity, group) = (&asked.grant, &asked.chain, &asked.group);
    let (what, databases, purpose) = (&event.what, asked.databases.join(","), &asked.purpose);
    tracing::warn!(%grant, %identity, %group, %databases, ?purpose, "break-glass grant {what}");
}

fn changed(event: &GrantEvent) -> GrantChanged<'_> {
    let asked = &event.asked;
    let (requested, begun) = (event.what == "requested", event.what == "begun");
    let persons = |needs: &[model::verdict::Approval]| -> Vec<Cow<'static, str>> {
        let shown = needs.iter().filter(|_| requested);
        shown.map(|need| Cow::Owned(need.to_string())).collect()
    };
    GrantChanged {
        time: event.at.into(),
        grant: Cow::Borrowed(&asked.grant),
        group: Cow::Borrowed(&asked.group),
        databases: Cow::Borrowed(&asked.databases),
        identity: Cow::Borrowed(&asked.chain),
        by: Cow::Borrowed(&event.by),
        what: Cow::Borrowed(&event.what),
        emergency: asked.emergency,
        seconds: if requested { asked.seconds } else { 0 },
        until: event.ends.filter(|_| begun).map(Time::from),
        needs: persons(&asked.needs).into(),
        reviewers: persons(&asked.reviewers).into(),
        reason: Cow::Borrowed(&event.reason),
    }
}

#[cfg(test)]
mod tests;
