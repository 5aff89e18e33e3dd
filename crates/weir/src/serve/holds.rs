//! Carries holds between the sessions that wait and the store that keeps them. Knows no session and
//! decides nothing: who may approve is the store's to say.

use super::Shared;
use anyhow::Context;
use gate::hold::{Approved, Decision, Doing, Found, Holds, Notes, Request};
use std::time::{Duration, Instant, SystemTime};
use store::{FoundHold, HoldState, KeptHold, NewHold, Store};
use tokio::sync::watch;

/// How often it is looked whether a hold's time is over, if nothing else happens.
const LOOK: Duration = Duration::from_secs(5);

/// Holds in the store.
pub(super) struct Kept {
    store: Store,
    changes: watch::Receiver<u64>,
}

impl Kept {
    pub(super) fn new(shared: &Shared) -> Self {
        Self { store: shared.store.clone(), changes: shared.holds.subscribe() }
    }
}

impl Holds for Kept {
    fn find(&self, digest: &[u8], now: SystemTime) -> Doing<Found> {
        let (store, digest) = (self.store.clone(), digest.to_vec());
        Box::pin(async move {
            let found = store.find_hold(&digest, now).await.map_err(|error| error.to_string())?;
            let hold = match &found {
                FoundHold::Nothing => return Ok(Found::Nothing),
                FoundHold::Open(hold) | FoundHold::Used(hold, _) => hold,
            };
            let kept = store.hold(hold).await.map_err(|error| error.to_string())?;
            // What it needs is never less than it was: without it, nothing is covered.
            let needs = kept.map(|kept| kept.asked.needs).unwrap_or_default();
            Ok(match found {
                FoundHold::Nothing => Found::Nothing,
                FoundHold::Open(hold) => Found::Open(hold, needs),
                FoundHold::Used(hold, by) => Found::Approved(Approved { hold, by, needs }),
            })
        })
    }

    fn known(&self, digest: &[u8], now: SystemTime) -> Doing<Option<(String, bool)>> {
        let (store, digest) = (self.store.clone(), digest.to_vec());
        Box::pin(async move {
            let kept = store.hold_of(&digest).await.map_err(|error| error.to_string())?;
            let kept = kept.filter(|kept| now < kept.asked.until);
            Ok(kept.map(|kept| (kept.asked.hold, kept.state == HoldState::Approved)))
        })
    }

    fn room(&self, identity: &str, now: SystemTime) -> Doing<bool> {
        let (store, identity) = (self.store.clone(), identity.to_owned());
        Box::pin(async move {
            store.may_open_hold(&identity, now).await.map_err(|error| error.to_string())
        })
    }

    fn open(&self, request: Request) -> Doing<()> {
        let store = self.store.clone();
        Box::pin(
            async move { store.open_hold(&new(request)).await.map_err(|error| error.to_string()) },
        )
    }

    fn decided(&self, hold: &str, notes: &Notes) -> Doing<Decision> {
        let (store, changes) = (self.store.clone(), self.changes.clone());
        let (hold, notes) = (hold.to_owned(), notes.clone());
        Box::pin(async move {
            decided(&store, changes, &hold, &notes).await.map_err(|error| format!("{error:#}"))
        })
    }

    fn withdraw(&self, hold: &str, by: &str, now: SystemTime) -> Doing<()> {
        let (store, hold, by) = (self.store.clone(), hold.to_owned(), by.to_owned());
        Box::pin(async move {
            store.withdraw_hold(&hold, &by, now).await.map_err(|error| error.to_string())
        })
    }
}

fn new(request: Request) -> NewHold {
    NewHold {
        hold: request.hold,
        digest: request.digest,
        asked: request.asked,
        until: request.until,
        identity: request.identity,
        members: request.members,
        database: request.database,
        statement: request.text,
        given: request.values,
        shape: request.shape,
        reasons: request.reasons,
        needs: request.needs,
    }
}

/// Waits until a hold is decided; uses an approval up.
async fn decided(
    store: &Store,
    mut changes: watch::Receiver<u64>,
    hold: &str,
    notes: &Notes,
) -> anyhow::Result<Decision> {
    let mut began: Option<(Instant, Duration)> = None;
    let mut asks: Option<String> = None;
    loop {
        changes.mark_unchanged();
        let now = SystemTime::now();
        let Some(kept) = store.hold(hold).await? else {
            return Ok(Decision::Void("the request is gone".to_owned()));
        };
        // However the clock jumps, nobody waits or approves longer than was said at first.
        let (since, lifetime) = *began.get_or_insert_with(|| {
            (Instant::now(), kept.asked.until.duration_since(now).unwrap_or_default())
        });
        if since.elapsed() >= lifetime && kept.state == HoldState::Open {
            // This one alone: by a clock that was set back, others have all their time left.
            if store.expire_hold(hold, SystemTime::now()).await? {
                return Ok(Decision::Expired);
            }
            continue;
        }
        let needs: Vec<String> = kept.asked.needs.iter().map(ToString::to_string).collect();
        let needs = needs.join(", and ");
        if asks.replace(needs.clone()).is_some_and(|before| before != needs) {
            notes.say(format!("nobody decided yet, so that others may too: it needs {needs}"));
        }
        match kept.state {
            HoldState::Open => {}
            HoldState::Approved => {
                return Ok(match store.use_hold(hold, SystemTime::now()).await? {
                    Ok(by) => {
                        let (hold, needs) = (hold.to_owned(), kept.asked.needs);
                        Decision::Approved(Approved { hold, by, needs })
                    }
                    Err(why) => Decision::Void(why),
                });
            }
            HoldState::Denied => return Ok(denied(&kept)),
            HoldState::Expired => return Ok(Decision::Expired),
            HoldState::Withdrawn => {
                return Ok(Decision::Void("the request was withdrawn".to_owned()));
            }
            HoldState::Used => {
                return Ok(Decision::Void("its approval was used elsewhere".to_owned()));
            }
        }
        let left = lifetime.saturating_sub(since.elapsed()).min(LOOK);
        tokio::select! {
            changed = changes.changed() => changed.context("Weir is shutting down")?,
            () = tokio::time::sleep(left) => {}
        }
    }
}

fn denied(kept: &KeptHold) -> Decision {
    let against = kept.voices.iter().find(|voice| !voice.consents);
    let (by, why) =
        against.map_or_else(Default::default, |voice| (voice.who(), voice.reason.clone()));
    Decision::Denied(by, why)
}
