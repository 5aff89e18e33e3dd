//! Handing a voice on: for how long, and what is said of it. The same for every channel. Who may is
//! the store's to say.

use crate::approvals::Proven;
use ledger::Time;
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};
use store::{Delegation, LONGEST_DELEGATION, NewDelegation, NoDelegation, Store, StoreError};

/// Longest reason that is kept: characters.
const MAX_REASON: usize = 500;

/// Hands a voice on, for somebody who has proven who they are.
pub(crate) async fn delegate(
    store: &Store,
    who: &Proven,
    to: &str,
    groups: Vec<String>,
    seconds: u64,
    reason: &str,
) -> Result<Result<Delegation, NoDelegation>, StoreError> {
    let since = SystemTime::now();
    let Some(until) = since.checked_add(Duration::from_secs(seconds)) else {
        return Ok(Err(NoDelegation::Time));
    };
    let new = NewDelegation {
        delegator: who.name().to_owned(),
        delegate: to.to_owned(),
        groups,
        since,
        until,
        reason: reason.chars().filter(|c| !c.is_control()).take(MAX_REASON).collect(),
    };
    store.delegate(&new, &Time::from(until).to_string()).await
}

/// Why not, in words.
pub(crate) fn words(why: &NoDelegation) -> String {
    match why {
        NoDelegation::NoPerson(name) => format!("{name} is no person, or is disabled"),
        NoDelegation::Oneself => "nobody hands their voice on to themselves".to_owned(),
        NoDelegation::NotIn(group) if group.is_empty() => {
            "who is in no group has no voice to hand on".to_owned()
        }
        NoDelegation::NotIn(group) => {
            format!("nobody hands on a voice in {group} without having it")
        }
        NoDelegation::Already(name) => {
            format!("{name} has this voice already: weir approvals undelegate")
        }
        NoDelegation::Chain(name) => {
            format!("{name} has somebody's voice, or has handed on their own: there are no chains")
        }
        NoDelegation::Time => {
            let days = LONGEST_DELEGATION.as_secs() / 86_400;
            format!("a voice is handed on for {days} days at most")
        }
        NoDelegation::Nothing => "nothing of that kind is in force".to_owned(),
    }
}

/// As an object.
pub(crate) fn object(one: &Delegation) -> Value {
    let mut object = json!({
        "id": one.id, "delegator": one.delegator, "delegate": one.delegate, "groups": one.groups,
        "since": Time::from(one.since), "until": Time::from(one.until), "reason": one.reason,
    });
    if let (Some(ended), Some(fields)) = (one.ended, object.as_object_mut()) {
        fields.insert("ended".into(), json!(Time::from(ended)));
    }
    object
}
