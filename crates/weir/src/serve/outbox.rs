//! Carries what happened to control state into the ledger, and tells those it concerns: the
//! directory of identities, labels, whoever waits for a hold. One follower for all of it, so that
//! the record has the order of commits. Decides nothing.

use super::Shared;
use crate::{people, uptake::Asked};
use anyhow::Context;
use ledger::{
    Ledger, Record, Sequence, Time,
    record::{
        Administered, GrantChanged, HoldChanged, IdentityChanged, LabelChanged, Signed, TaskChanged,
    },
};
use model::verdict::Approval;
use std::{
    borrow::Cow,
    sync::Arc,
    time::{Duration, SystemTime},
};
use store::{Event, GrantEvent, Happened, HoldEvent, LabelEvent, Store, TaskEvent};

/// The ledger among those who follow.
const LEDGER: &str = "ledger";
/// Events copied at once: between two batches the store learns that the ledger holds them.
const BATCH: u32 = 256;
/// How long it waits after the store failed before it tries again.
const RETRY: Duration = Duration::from_secs(1);
/// How often it is looked whether something is due for a hold: its end, or others to be asked.
const LOOK: Duration = Duration::from_secs(2);

/// Follows the store for ever.
pub(super) async fn follow(shared: Arc<Shared>, mut asked: Asked) {
    loop {
        if let Err(error) = follow_once(&shared, &mut asked).await {
            shared.health.store(false);
            tracing::error!("control state is not up to date: {error:#}");
            tokio::time::sleep(RETRY).await;
        }
    }
}

async fn follow_once(shared: &Shared, asked: &mut Asked) -> anyhow::Result<()> {
    // The feed is opened before the first look, so that no change falls between the two.
    let mut feed = shared.store.changes().await?;
    let mut labels = None;
    let mut look = tokio::time::Instant::now();
    loop {
        // Whoever is disabled is out before the record says so; all else is in the record first.
        let count = people::publish(&shared.store, &shared.directory).await?;
        shared.health.store(true);
        shared.metrics.identities.set(i64::try_from(count).unwrap_or(i64::MAX));
        shared.people.send_modify(|count| *count += 1);
        catch_up(shared).await?;
        let uses = shared.directory.take_uses();
        if let Err(error) = shared.store.credentials_used(&uses).await {
            shared.directory.put_back_uses(uses);
            return Err(error.into());
        }
        let version = shared.store.labels_version().await?;
        if labels.replace(version) != Some(version) {
            shared.labels.send_modify(|count| *count += 1);
        }
        shared.holds.send_modify(|count| *count += 1);
        asked.done();
        tokio::select! {
            changed = feed.changed() => changed?,
            () = asked.next() => {}
            () = tokio::time::sleep_until(look) => {
                look = tokio::time::Instant::now() + LOOK;
                shared.store.due_holds(SystemTime::now()).await?;
            }
        }
    }
}

/// Copies events into the ledger for whoever needs them to be there before they go on.
pub(super) async fn catch_up(shared: &Shared) -> anyhow::Result<u64> {
    // Two that copy at once would record everything twice.
    let mut copied = shared.copying.lock().await;
    copy(&shared.store, &shared.ledger, &mut copied).await
}

/// What was appended last: until the store knows of it, it is not to be appended again.
#[derive(Debug, Default)]
pub(crate) struct Copied {
    event: Option<i64>,
    place: Option<Sequence>,
}

/// Copies events into the ledger, also those of when Weir was not running; gives how many there
/// were. One counts as copied once its record is on stable storage: a crash in between repeats a
/// record and loses none. A failure repeats none: `done` is to be given again.
pub(crate) async fn copy(store: &Store, ledger: &Ledger, done: &mut Copied) -> anyhow::Result<u64> {
    let mut copied = 0;
    loop {
        let events = store.events(LEDGER, BATCH).await.context("events cannot be read")?;
        let Some(newest) = events.last().map(|event| event.id) else { return Ok(copied) };
        // What an attempt before this one appended waits in the ledger for the disk.
        let left = |event: &&Event| done.event.is_none_or(|copied| event.id > copied);
        for event in events.iter().filter(left).collect::<Vec<_>>() {
            if let Some(cause) = ledger.cause() {
                return Err(cause.into());
            }
            // A hold is in the record before it is in the store.
            if let Some(record) = record(event) {
                done.place = Some(ledger.append(&record)?);
                copied += 1;
            }
            done.event = Some(event.id);
            announce(event);
        }
        if let Some(last) = done.place {
            ledger.hand_over(last)?;
            ledger.synced(last).await?;
        }
        store.followed(LEDGER, newest).await.context("events cannot be marked")?;
    }
}

/// What breaks the glass is said aloud at once.
fn announce(event: &Event) {
    let Happened::Grant(step) = &event.what else { return };
    if !step.emergency || !matches!(step.what.as_str(), "requested" | "begun") {
        return;
    }
    let GrantEvent { grant, group, identity, what, reason, .. } = &**step;
    let databases = step.databases.join(",");
    tracing::warn!(%grant, %identity, %group, %databases, ?reason, "break-glass grant {what}");
}

fn record(event: &Event) -> Option<Record<'_>> {
    let (time, by) = (event.at.into(), Cow::Borrowed(event.by.as_str()));
    Some(match &event.what {
        Happened::Administered { what } => {
            Administered { time, by, what: Cow::Borrowed(what) }.into()
        }
        Happened::Identity { identity, what } => {
            let (identity, what) = (Cow::Borrowed(identity.as_str()), Cow::Borrowed(what.as_str()));
            IdentityChanged { time, by, identity, what }.into()
        }
        Happened::Label(LabelEvent { database, column, before, after, evidence }) => LabelChanged {
            time,
            by,
            database: Cow::Borrowed(database),
            column: Cow::Borrowed(column),
            before: before.clone(),
            after: after.clone(),
            evidence: Cow::Borrowed(evidence),
            version: u64::try_from(event.id).unwrap_or(0),
        }
        .into(),
        Happened::Task(TaskEvent { task, identity, what, details, until, reason }) => TaskChanged {
            time,
            task: Cow::Borrowed(task),
            identity: Cow::Borrowed(identity),
            by,
            what: Cow::Borrowed(what),
            details: details.clone().map(Box::new),
            until: until.map(Time::from_micros),
            statement: None,
            reason: Cow::Borrowed(reason),
        }
        .into(),
        Happened::Hold(step) if step.what == "held" => return None,
        Happened::Hold(step) => {
            let HoldEvent { hold, database, identity, what, reason, via, on_behalf, signature } =
                step;
            HoldChanged {
                time,
                hold: Cow::Borrowed(hold),
                database: Cow::Borrowed(database),
                identity: Cow::Borrowed(identity),
                by,
                what: Cow::Borrowed(what),
                shape: None,
                text: None,
                parameters: Cow::Borrowed(&[]),
                needs: Cow::Borrowed(&[]),
                reason: Cow::Borrowed(reason),
                via: Cow::Borrowed(via),
                on_behalf: Cow::Borrowed(on_behalf),
                signed: signature.as_ref().map(|by| Box::new(signed(by))),
            }
            .into()
        }
        Happened::Grant(step) => granted(event, step).into(),
    })
}

fn signed(by: &store::Signature) -> Signed<'_> {
    Signed {
        name: Cow::Borrowed(&by.name),
        id: Cow::Borrowed(&by.id),
        public: Cow::Borrowed(&by.public),
        digest: Cow::Borrowed(&by.digest),
        client: Cow::Borrowed(&by.client),
        authenticator: Cow::Borrowed(&by.authenticator),
        signature: Cow::Borrowed(&by.signature),
    }
}

fn granted<'e>(event: &'e Event, step: &'e GrantEvent) -> GrantChanged<'e> {
    let persons = |needs: &[Approval]| -> Vec<Cow<'static, str>> {
        needs.iter().map(|need| Cow::Owned(need.to_string())).collect()
    };
    GrantChanged {
        time: event.at.into(),
        grant: Cow::Borrowed(&step.grant),
        group: Cow::Borrowed(&step.group),
        databases: Cow::Borrowed(&step.databases),
        identity: Cow::Borrowed(&step.identity),
        by: Cow::Borrowed(&event.by),
        what: Cow::Borrowed(&step.what),
        emergency: step.emergency,
        seconds: step.seconds,
        until: step.ends().map(Time::from),
        needs: persons(&step.needs).into(),
        reviewers: persons(&step.reviewers).into(),
        reason: Cow::Borrowed(&step.reason),
        via: Cow::Borrowed(&step.via),
        on_behalf: Cow::Borrowed(&step.on_behalf),
        signed: step.signature.as_ref().map(|by| Box::new(signed(by))),
    }
}
