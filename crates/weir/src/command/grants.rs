//! `weir grants …`: asking for the rights of a group for a while, and deciding about it. Knows no
//! session: a running `weir serve` sees what is decided in the store.

use super::approvals::proven;
use crate::{
    actor::actor,
    approvals::words,
    cli::{GrantRequest, GrantVoice, GrantsCommand, ReviewVerdict},
    exit::{Failure, problems},
    grants::{Wanted, object, outcome, request},
    out::Out,
    say::{Word, say as say_word},
    signing,
    uptake::taken_up,
    visible::visible,
};
use config::Config;
use gate::hold::later_too;
use ledger::Time;
use policy::PolicySet;
use std::time::{Duration, Instant, SystemTime};
use store::{GrantState, KeptGrant, Listing, Review, Signing, Store};

/// The most grants that `list` shows.
const LISTED: u32 = 1_000;
/// Characters of a purpose in a list.
const SHORT: usize = 40;
/// How long to wait for a running Weir to begin what may begin at once.
const BEGINS: Duration = Duration::from_secs(5);

pub(super) async fn run(config: &Config, command: GrantsCommand) -> Result<(), Failure> {
    match command {
        GrantsCommand::List { all, json } => list(config, all, json).await,
        GrantsCommand::Show { grant, json } => show(config, &grant, json).await,
        GrantsCommand::Request(args) => ask(config, args).await,
        GrantsCommand::Approve(voice) => say(config, voice, Word::Approve).await,
        GrantsCommand::Deny(voice) => say(config, voice, Word::Deny).await,
        GrantsCommand::Revoke(voice) => say(config, voice, Word::Revoke).await,
        GrantsCommand::Review { voice, verdict } => {
            let fine = verdict == ReviewVerdict::Fine;
            say(config, voice, if fine { Word::Fine } else { Word::NotFine }).await
        }
    }
}

async fn opened(config: &Config) -> Result<Store, Failure> {
    let store = Store::open_existing(&config.state_dir).await?;
    store.ok_or_else(|| Failure::Refused("there are no grants: Weir has never run here".into()))
}

async fn list(config: &Config, whole: bool, json: bool) -> Result<(), Failure> {
    let now = SystemTime::now();
    let listing = if whole { Listing::All } else { Listing::Live };
    let grants = match Store::open_existing(&config.state_dir).await? {
        Some(store) => {
            store.due_grants(now).await?;
            store.grants(listing, LISTED).await?
        }
        None => Vec::new(),
    };
    let mut out = Out::new();
    if json {
        out.json(&grants.iter().map(|grant| object(grant, now)).collect::<Vec<_>>())?;
    } else if grants.is_empty() {
        out.line("No grant waits, is in force or is to be reviewed.")?;
    } else {
        let rows: Vec<Vec<String>> = grants.iter().map(|grant| row(grant, now)).collect();
        let heads =
            ["GRANT", "STATE", "ENDS", "IDENTITY", "GROUP", "DATABASES", "REVIEW", "PURPOSE"];
        out.table(&heads, &rows)?;
    }
    Ok(out.flush()?)
}

fn row(grant: &KeptGrant, now: SystemTime) -> Vec<String> {
    let asked = &grant.asked;
    let ends = Time::from(grant.ends.unwrap_or(asked.until)).to_string();
    let mut purpose = visible(&asked.purpose);
    if let Some((end, _)) = purpose.char_indices().nth(SHORT) {
        purpose.truncate(end);
        purpose.push('…');
    }
    let review = match (grant.is_overdue(now), grant.review) {
        (true, _) => "overdue",
        (false, Review::None) => "-",
        (false, review) => review.as_str(),
    };
    let how = if asked.emergency { "break-glass: " } else { "" };
    vec![
        asked.grant.clone(),
        grant.state.as_str().to_owned(),
        ends.get(..16).unwrap_or(&ends).replace('T', " "),
        asked.chain.clone(),
        asked.group.clone(),
        asked.databases.join(","),
        review.to_owned(),
        format!("{how}{purpose}"),
    ]
}

async fn show(config: &Config, grant: &str, json: bool) -> Result<(), Failure> {
    let (store, now) = (opened(config).await?, SystemTime::now());
    let Some(grant) = store.grant(grant).await? else {
        return Err(Failure::Refused("there is no such grant: weir grants list --all".into()));
    };
    let read = format!("read the grant {}", grant.asked.grant);
    store.administered(now, &actor(), &read).await?;
    let mut out = Out::new();
    if json {
        out.json(&object(&grant, now))?;
        return Ok(out.flush()?);
    }
    let asked = &grant.asked;
    let how = if asked.emergency { "break-glass, " } else { "" };
    out.line(format!("Grant      {}, {how}{}", asked.grant, outcome(&grant)))?;
    out.line(format!("For        {} on {}", asked.chain, asked.databases.join(", ")))?;
    out.line(format!("Group      {}", asked.group))?;
    out.line(format!("Purpose    {}", visible(&asked.purpose)))?;
    out.line(format!("Asked      {}, until {}", Time::from(asked.asked), Time::from(asked.until)))?;
    out.line(format!("Lasts      {} seconds", asked.seconds))?;
    if let (Some(begins), Some(ends)) = (grant.begins, grant.ends) {
        out.line(format!("In force   {} to {}", Time::from(begins), Time::from(ends)))?;
    }
    for need in &asked.needs {
        out.line(format!("Needs      {need}, by policy \"{}\"", need.policy))?;
        if let Some(later) = later_too(need) {
            out.line(format!("Later      {later}"))?;
        }
    }
    for need in &asked.reviewers {
        out.line(format!("Review     {need}, by policy \"{}\"", need.policy))?;
    }
    if let (Review::Open, Some(due)) = (grant.review, grant.due) {
        let late = if grant.is_overdue(now) { ": overdue" } else { "" };
        out.line(format!("Review due {}{late}", Time::from(due)))?;
    }
    let voices = grant.voices.iter().map(|voice| (voice, "consented", "denied"));
    let reviews = grant.reviews.iter().map(|voice| (voice, "found it fine", "found it not fine"));
    for (voice, yes, no) in voices.chain(reviews) {
        let (said, at) = (if voice.consents { yes } else { no }, Time::from(voice.at));
        out.line(format!("{:<10} {said} at {at}  {}", voice.who(), visible(&voice.reason)))?;
    }
    Ok(out.flush()?)
}

async fn ask(config: &Config, args: GrantRequest) -> Result<(), Failure> {
    let store = opened(config).await?;
    let policies = PolicySet::load(config.policies.dir.as_deref()).map_err(problems)?;
    let who = proven(&store, &args.identity, args.password_stdin).await?;
    let wanted = Wanted {
        group: args.group,
        databases: args.databases,
        seconds: args.seconds,
        purpose: args.purpose,
        emergency: args.break_glass,
    };
    let mut grant = request(&store, config, &policies, who, wanted).await?;
    let begun = Instant::now();
    while grant.state == GrantState::Granted && begun.elapsed() < BEGINS {
        tokio::time::sleep(Duration::from_millis(50)).await;
        grant = found(&store, &grant.asked.grant).await?;
    }
    let needs: Vec<String> = grant.asked.needs.iter().map(ToString::to_string).collect();
    let mut out = Out::new();
    if args.json {
        out.json(&object(&grant, SystemTime::now()))?;
    } else {
        out.line(format!("{}: {}.", grant.asked.grant, outcome(&grant)))?;
        if grant.state == GrantState::Open {
            out.line(format!("It needs {}.", needs.join(" and ")))?;
            out.line(format!("They run: weir grants approve {} --as NAME", grant.asked.grant))?;
        }
    }
    store.close().await;
    let uptake = taken_up(&config.state_dir).await;
    out.flush()?;
    uptake.told()
}

async fn found(store: &Store, grant: &str) -> Result<KeptGrant, Failure> {
    let found = store.grant(grant).await?;
    found.ok_or_else(|| Failure::Refused(format!("there is no grant {grant} any more")))
}

async fn say(config: &Config, voice: GrantVoice, word: Word) -> Result<(), Failure> {
    let store = opened(config).await?;
    let person = proven(&store, &voice.person, voice.password_stdin).await?;
    let (grant, reason) = (voice.grant.as_str(), voice.reason.as_str());
    let signing = Signing { unsigned: signing::unsigned(config), by: None };
    let said = say_word(&store, grant, &person, word, reason, &signing).await?;
    let state = said.map_err(|why| Failure::Refused(words(&why, &voice.person)))?;
    let said = match (word, state) {
        (Word::Approve, "granted") => "granted; it begins as soon as Weir runs",
        (Word::Deny, _) => "denied",
        (Word::Approve, _) => "consented; more consents are needed",
        (Word::Revoke, _) => "revoked; sessions that had it end",
        (Word::Fine | Word::NotFine, "fine") => "reviewed: fine",
        (Word::Fine | Word::NotFine, "not_fine") => "reviewed: not fine",
        (Word::Fine | Word::NotFine, _) => "reviewed; others must review it too",
    };
    let uptake = taken_up(&config.state_dir).await;
    let mut out = Out::new();
    if voice.json {
        out.json(&object(&found(&store, grant).await?, SystemTime::now()))?;
    } else {
        out.line(format!("{grant}: {said}."))?;
    }
    store.close().await;
    out.flush()?;
    uptake.told()
}
