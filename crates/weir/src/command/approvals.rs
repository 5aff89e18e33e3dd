//! `weir approvals …`: what waits for approval, and deciding about it. Knows no session: a running
//! `weir serve` sees a decision in the store.

mod delegations;

use super::preview;
use crate::{
    actor::actor,
    approvals::{Proven, decide, object, outcome, take_back, words},
    cli::{ApprovalsCommand, Show, Voice},
    exit::Failure,
    out::Out,
    signing,
    visible::visible,
};
use config::Config;
use gate::hold::later_too;
use identity::Secret;
use ledger::Time;
use std::time::SystemTime;
use store::{HoldState, KeptHold, Signing, Store};

/// The most requests that `list` shows.
const LISTED: u32 = 1_000;
/// Bytes of a statement in a list.
const SHORT: usize = 60;

pub(super) async fn run(config: &Config, command: ApprovalsCommand) -> Result<(), Failure> {
    match command {
        ApprovalsCommand::List { all, json } => list(config, all, json).await,
        ApprovalsCommand::Show(args) => show(config, &args).await,
        ApprovalsCommand::Approve(voice) => say(config, voice, Word::Approve).await,
        ApprovalsCommand::Deny(voice) => say(config, voice, Word::Deny).await,
        ApprovalsCommand::Withdraw(voice) => say(config, voice, Word::Withdraw).await,
        ApprovalsCommand::Delegate(args) => delegations::hand_on(config, args).await,
        ApprovalsCommand::Undelegate(args) => delegations::take_back(config, args).await,
        ApprovalsCommand::Delegations { all, json } => delegations::list(config, all, json).await,
    }
}

async fn opened(config: &Config) -> Result<Store, Failure> {
    let store = Store::open_existing(&config.state_dir).await?;
    store.ok_or_else(|| Failure::Refused("nothing waits: `weir serve` has never run here".into()))
}

/// Somebody who has given their password.
pub(super) async fn proven(store: &Store, name: &str, stdin: bool) -> Result<Proven, Failure> {
    Proven::by_password(store, name, &password(name, stdin)?).await
}

fn password(name: &str, stdin: bool) -> Result<Secret, Failure> {
    super::identity::password_of(name, stdin)
}

async fn list(config: &Config, all: bool, json: bool) -> Result<(), Failure> {
    let holds = match Store::open_existing(&config.state_dir).await? {
        Some(store) => {
            store.due_holds(SystemTime::now()).await?;
            store.holds(if all { &HoldState::ALL } else { &HoldState::WAITING }, LISTED).await?
        }
        None => Vec::new(),
    };
    let mut out = Out::new();
    if json {
        out.json(&holds.iter().map(|hold| object(hold, false)).collect::<Vec<_>>())?;
    } else if holds.is_empty() {
        out.line("Nothing waits for approval.")?;
    } else {
        let rows: Vec<Vec<String>> = holds.iter().map(row).collect();
        out.table(&["REQUEST", "STATE", "UNTIL", "IDENTITY", "DATABASE", "WHY"], &rows)?;
    }
    Ok(out.flush()?)
}

fn row(hold: &KeptHold) -> Vec<String> {
    let asked = &hold.asked;
    let until = Time::from(asked.until).to_string();
    let why = asked.reasons.first().map_or("", String::as_str);
    let mut why: String = visible(why).replace('\n', " ");
    if let Some((end, _)) = why.char_indices().nth(SHORT) {
        why.truncate(end);
        why.push('…');
    }
    vec![
        asked.hold.clone(),
        hold.state.as_str().to_owned(),
        until.get(11..19).unwrap_or(&until).to_owned(),
        asked.identity.clone(),
        asked.database.clone(),
        why,
    ]
}

async fn show(config: &Config, args: &Show) -> Result<(), Failure> {
    let (request, store) = (&args.request, opened(config).await?);
    let Some(hold) = store.hold(request).await? else {
        return Err(Failure::Refused("there is no such request: weir approvals list --all".into()));
    };
    let preview = match &args.person {
        Some(person) if args.preview => {
            let password = password(person, args.password_stdin)?;
            Some(preview::of_request(config, request, person, password).await?)
        }
        _ => None,
    };
    let read = format!("read the request for approval {request}");
    store.administered(SystemTime::now(), &actor(), &read).await?;
    let mut out = Out::new();
    if args.json {
        let mut object = object(&hold, true);
        if let (Some(preview), Some(fields)) = (preview, object.as_object_mut()) {
            fields.insert("preview".to_owned(), preview);
        }
        out.json(&object)?;
        return Ok(out.flush()?);
    }
    print(&mut out, &hold)?;
    if let Some(said) = &preview {
        out.line("What it would change:")?;
        preview::print(&mut out, said)?;
    }
    Ok(out.flush()?)
}

fn print(out: &mut Out, hold: &KeptHold) -> std::io::Result<()> {
    let asked = &hold.asked;
    out.line(format!("Request    {}, {}", asked.hold, hold.state.as_str()))?;
    out.line(format!("From       {} on {}", asked.identity, asked.database))?;
    out.line(format!("Asked      {}", Time::from(asked.asked)))?;
    out.line(format!("Until      {}", Time::from(asked.until)))?;
    for need in &asked.needs {
        out.line(format!("Needs      {need}, by policy \"{}\"", need.policy))?;
        if let Some(later) = later_too(need) {
            out.line(format!("Later      {later}"))?;
        }
    }
    for voice in &hold.voices {
        let said = if voice.consents { "consented" } else { "denied" };
        let (at, via, why) = (Time::from(voice.at), &voice.via, visible(&voice.reason));
        out.line(format!("{:<10} {said} at {at} ({via})  {why}", voice.who()))?;
    }
    for reason in &asked.reasons {
        out.line(format!("Why        {}", visible(reason)))?;
    }
    if asked.statement.is_empty() {
        out.line("The statement is gone: nobody has to decide about it any more.")?;
    } else {
        out.line("Statement, as it will run:")?;
        for line in visible(&asked.statement).lines() {
            out.line(format!("    {line}"))?;
        }
        for (index, value) in asked.given.iter().enumerate() {
            // A value stands on one line, or it could look like several.
            let value = visible(value).replace('\n', "\\n");
            out.line(format!("    ${} = {value}", index + 1))?;
        }
    }
    Ok(())
}

/// What is said to a request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Approve,
    Deny,
    Withdraw,
}

async fn say(config: &Config, voice: Voice, word: Word) -> Result<(), Failure> {
    let store = opened(config).await?;
    let person = proven(&store, &voice.person, voice.password_stdin).await?;
    let signing = Signing { unsigned: signing::unsigned(config), by: None };
    let (request, reason) = (&voice.request, &voice.reason);
    let said = match word {
        Word::Withdraw => take_back(&store, request, &person, reason).await?,
        Word::Approve | Word::Deny => {
            let consents = word == Word::Approve;
            decide(&store, request, &person, consents, reason, &signing).await?
        }
    };
    let state = said.map_err(|why| Failure::Refused(words(&why, &voice.person)))?;
    let mut out = Out::new();
    if voice.json {
        out.json(&serde_json::json!({ "request": voice.request, "state": state.as_str() }))?;
    } else {
        out.line(format!("{}: {}.", voice.request, outcome(state)))?;
    }
    store.close().await;
    Ok(out.flush()?)
}
