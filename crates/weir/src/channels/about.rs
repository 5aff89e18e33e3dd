//! What a channel tells of: a request for approval, a grant, or an alarm. Knows no channel.

use crate::say::Word;
use model::verdict::Approval;
use std::time::SystemTime;
use store::{
    Event, GrantEvent, GrantState, Happened, HoldEvent, HoldState, KeptGrant, KeptHold, Review,
    Store, StoreError,
};

/// Something that people hear of; all but an alarm they decide, too.
pub(super) enum About {
    Hold(Box<KeptHold>),
    Grant(Box<KeptGrant>),
    Alarm(Alarm),
}

/// An identity was suspended by Weir itself.
pub(super) struct Alarm {
    /// A name of its own.
    pub(super) name: String,
    /// Whose.
    pub(super) identity: String,
    /// What did it: `canary "nobody's address"`.
    pub(super) by: String,
    /// When.
    pub(super) at: SystemTime,
}

/// One step of it, as the outbox has it.
pub(super) struct Step<'e> {
    pub(super) about: &'e str,
    pub(super) what: &'e str,
    pub(super) reason: &'e str,
    pub(super) via: &'e str,
    pub(super) on_behalf: &'e [String],
}

impl<'e> Step<'e> {
    /// The step that an event tells of, if it is one.
    pub(super) fn of(event: &'e Event) -> Option<Self> {
        match &event.what {
            Happened::Hold(HoldEvent { hold, what, reason, via, on_behalf, .. }) => {
                Some(Self { about: hold, what, reason, via, on_behalf })
            }
            Happened::Grant(step) => {
                let GrantEvent { grant, what, reason, via, on_behalf, .. } = &**step;
                Some(Self { about: grant, what, reason, via, on_behalf })
            }
            Happened::Identity { identity, .. } if is_alarm(event) => Some(Self {
                about: identity,
                what: "suspended",
                reason: "",
                via: "",
                on_behalf: &[],
            }),
            Happened::Administered { .. }
            | Happened::Identity { .. }
            | Happened::Label(_)
            | Happened::Task(_) => None,
        }
    }
}

/// Nobody else is called so: names hold no spaces.
fn is_alarm(event: &Event) -> bool {
    event.by.starts_with(crate::serve::CANARY)
}

impl About {
    /// As it stands now; nothing if it is gone.
    pub(super) async fn read(
        store: &Store,
        event: &Event,
        about: &str,
    ) -> Result<Option<Self>, StoreError> {
        if is_alarm(event) {
            let (identity, by) = (about.to_owned(), event.by.clone());
            let name = format!("alarm-{}", event.id);
            return Ok(Some(Self::Alarm(Alarm { name, identity, by, at: event.at })));
        }
        Ok(match crate::say::is_grant(about) {
            true => store.grant(about).await?.map(|grant| Self::Grant(Box::new(grant))),
            false => store.hold(about).await?.map(|hold| Self::Hold(Box::new(hold))),
        })
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Hold(hold) => &hold.asked.hold,
            Self::Grant(grant) => &grant.asked.grant,
            Self::Alarm(alarm) => &alarm.name,
        }
    }

    /// Whether one of these groups is asked. An alarm concerns everybody.
    pub(super) fn asks(&self, groups: &[String]) -> bool {
        let asks = |needs: &[Approval]| {
            needs.iter().flat_map(Approval::asks).any(|group| groups.contains(group))
        };
        match self {
            Self::Hold(hold) => asks(&hold.asked.needs),
            Self::Grant(grant) => asks(&grant.asked.needs) || asks(&grant.asked.reviewers),
            Self::Alarm(_) => true,
        }
    }

    /// True if people are to hear of it by this step who have not heard yet: their word is wanted.
    pub(super) fn is_new(&self, step: &str) -> bool {
        match self {
            Self::Hold(hold) => {
                hold.state == HoldState::Open && matches!(step, "held" | "escalated")
            }
            Self::Grant(grant) => match step {
                "requested" | "escalated" => grant.state == GrantState::Open,
                "begun" => grant.review == Review::Open,
                _ => false,
            },
            Self::Alarm(_) => true,
        }
    }

    /// What can be said to it now, with the words on buttons; empty if nothing.
    pub(super) fn words(&self) -> Vec<(Word, &'static str)> {
        let decide = [(Word::Approve, "Approve"), (Word::Deny, "Deny")];
        match self {
            Self::Hold(hold) if hold.state == HoldState::Open => decide.to_vec(),
            Self::Hold(_) | Self::Alarm(_) => Vec::new(),
            Self::Grant(grant) => {
                let mut words = Vec::new();
                if grant.state == GrantState::Open {
                    words.extend(decide);
                }
                if grant.review == Review::Open {
                    words.extend([(Word::Fine, "It was fine"), (Word::NotFine, "It was not")]);
                }
                if matches!(grant.state, GrantState::Granted | GrantState::Begun) {
                    words.push((Word::Revoke, "Take it back"));
                }
                words
            }
        }
    }
}
