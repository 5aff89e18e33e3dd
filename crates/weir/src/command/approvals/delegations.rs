//! `weir approvals delegate` and what belongs to it. Knows no request.

use super::{opened, proven};
use crate::{
    cli::{Delegate, Undelegate},
    delegations::{delegate, object, words},
    exit::Failure,
    out::Out,
    visible::visible,
};
use config::Config;
use ledger::Time;
use std::time::SystemTime;
use store::{Delegation, NoDelegation, Store};

/// The most that are listed.
const LISTED: u32 = 1_000;

pub(super) async fn list(config: &Config, all: bool, json: bool) -> Result<(), Failure> {
    let given = match Store::open_existing(&config.state_dir).await? {
        Some(store) => store.delegations(all, SystemTime::now(), LISTED).await?,
        None => Vec::new(),
    };
    let mut out = Out::new();
    if json {
        out.json(&given.iter().map(object).collect::<Vec<_>>())?;
    } else if given.is_empty() {
        out.line("Everybody has their own voice.")?;
    } else {
        let row = |one: &Delegation| {
            let state = one.ended.map_or("in force", |_| "ended");
            vec![
                one.delegator.clone(),
                one.delegate.clone(),
                one.groups.join(","),
                state.to_owned(),
                Time::from(one.until).to_string().chars().take(16).collect(),
                visible(&one.reason),
            ]
        };
        let rows: Vec<_> = given.iter().map(row).collect();
        out.table(&["VOICE OF", "WITH", "GROUPS", "STATE", "UNTIL", "WHY"], &rows)?;
    }
    Ok(out.flush()?)
}

pub(super) async fn hand_on(config: &Config, args: Delegate) -> Result<(), Failure> {
    let store = opened(config).await?;
    let who = proven(&store, &args.person, args.password_stdin).await?;
    let Delegate { to, groups, seconds, reason, json, .. } = args;
    let given = delegate(&store, &who, &to, groups, seconds, &reason).await?;
    let given = given.map_err(|why| Failure::Refused(words(&why)))?;
    let mut out = Out::new();
    if json {
        out.json(&object(&given))?;
    } else {
        let (groups, until) = (given.groups.join(", "), Time::from(given.until));
        out.line(format!("{to} has the voice of {} in {groups} until {until}.", who.name()))?;
    }
    store.close().await;
    Ok(out.flush()?)
}

pub(super) async fn take_back(config: &Config, args: Undelegate) -> Result<(), Failure> {
    let store = opened(config).await?;
    let who = proven(&store, &args.person, args.password_stdin).await?;
    let now = SystemTime::now();
    let given = store.delegations(false, now, LISTED).await?;
    let theirs: Vec<&Delegation> = given
        .iter()
        .filter(|one| one.delegator == who.name() || one.delegate == who.name())
        .collect();
    if theirs.is_empty() {
        return Err(Failure::Refused(words(&NoDelegation::Nothing)));
    }
    let mut out = Out::new();
    for one in theirs {
        let ended = store.end_delegation(one.id, who.name(), now).await?;
        ended.map_err(|why| Failure::Refused(words(&why)))?;
        out.line(format!("The voice of {} is back from {}.", one.delegator, one.delegate))?;
    }
    store.close().await;
    Ok(out.flush()?)
}
