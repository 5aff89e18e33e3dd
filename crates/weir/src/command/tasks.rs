//! `weir task …`: giving agents tasks, and looking after them. Knows no session: a running
//! `weir serve` sees what is decided in the store.

use super::identity::password_of;
use crate::{
    actor::actor,
    approvals::Proven,
    cli::{TaskCommand, TaskCreate, TaskVoice},
    exit::Failure,
    out::Out,
    tasks::{self, Wanted, object},
    uptake::{Uptake, taken_up},
    visible::visible,
};
use config::Config;
use ledger::Time;
use model::{Access, Budget, TaskDetails, TaskType};
use std::time::SystemTime;
use store::{KeptTask, Store, Taint};

/// The most tasks that `list` shows.
const LISTED: u32 = 1_000;
/// Characters of a purpose in a list.
const SHORT: usize = 40;

pub(super) async fn run(config: &Config, command: TaskCommand) -> Result<(), Failure> {
    match command {
        TaskCommand::Create(args) => create(config, args).await,
        TaskCommand::List { all, json } => list(config, all, json).await,
        TaskCommand::Show { task, json } => show(config, &task, json).await,
        TaskCommand::End(voice) => {
            let (store, who) = proven(config, &voice.person, voice.password_stdin).await?;
            tasks::end(&store, &who, &voice.task, &voice.reason).await?;
            said(config, store, &voice, "ended; its sessions end").await
        }
        TaskCommand::Clear(voice) => {
            let (store, who) = proven(config, &voice.person, voice.password_stdin).await?;
            tasks::clear(&store, &who, &voice.task, &voice.reason).await?;
            said(config, store, &voice, "cleared").await
        }
    }
}

async fn said(config: &Config, store: Store, voice: &TaskVoice, what: &str) -> Result<(), Failure> {
    store.close().await;
    let uptake = taken_up(&config.state_dir).await;
    let mut out = Out::new();
    out.line(format!("{}: {what}.", voice.task))?;
    out.flush()?;
    uptake.told()
}

async fn opened(config: &Config) -> Result<Store, Failure> {
    let store = Store::open_existing(&config.state_dir).await?;
    store.ok_or_else(|| Failure::Refused("there are no tasks: Weir has never run here".into()))
}

async fn proven(config: &Config, name: &str, from_stdin: bool) -> Result<(Store, Proven), Failure> {
    let store = opened(config).await?;
    let password = password_of(name, from_stdin)?;
    let who = Proven::by_password(&store, name, &password).await?;
    Ok((store, who))
}

async fn create(config: &Config, args: TaskCreate) -> Result<(), Failure> {
    let details = match &args.details {
        Some(file) => tasks::details(&std::fs::read_to_string(file)?)?,
        None => TaskDetails {
            r#type: TaskType::WeirTask,
            purpose: args.purpose,
            databases: args.databases,
            tables: args.tables,
            budget: Budget {
                rows: args.rows,
                bytes: args.bytes,
                cost: args.cost,
                statements: args.statements,
                seconds: args.time,
            },
        },
    };
    let (store, who) = proven(config, &args.person, args.password_stdin).await?;
    let wanted = Wanted { agent: args.agent, details, seconds: args.seconds };
    let task = tasks::create(&store, &who, wanted).await?;
    store.close().await;
    let uptake = taken_up(&config.state_dir).await;
    let mut out = Out::new();
    if args.json {
        out.json(&object(&task))?;
    } else {
        let (name, until) = (&task.given.task, Time::from(task.given.until));
        let chain = &task.given.chain;
        out.line(match uptake {
            Uptake::Done => format!("{name}: in force for {chain} until {until}."),
            _ => format!("{name}: for {chain} until {until}."),
        })?;
        out.line(format!("Its client says: options='-c weir.task={name}'"))?;
    }
    out.flush()?;
    uptake.told()
}

async fn list(config: &Config, all: bool, json: bool) -> Result<(), Failure> {
    let (tasks, taints) = match Store::open_existing(&config.state_dir).await? {
        Some(store) => {
            store.expire_tasks(SystemTime::now()).await?;
            (store.tasks(all, LISTED).await?, store.taints().await?)
        }
        None => Default::default(),
    };
    let mut out = Out::new();
    if json {
        let taint = |one: &Taint| {
            let (chain, since) = (&one.chain, Time::from(one.since));
            serde_json::json!({ "identity": chain, "since": since, "statement": one.statement })
        };
        let taints: Vec<_> = taints.iter().map(taint).collect();
        let tasks: Vec<_> = tasks.iter().map(object).collect();
        out.json(&serde_json::json!({ "tasks": tasks, "tainted": taints }))?;
        return Ok(out.flush()?);
    }
    if tasks.is_empty() {
        out.line("No task is in force.")?;
    } else {
        let rows: Vec<Vec<String>> = tasks.iter().map(row).collect();
        out.table(&["TASK", "STATE", "UNTIL", "IDENTITY", "LEFT", "TAINTED", "PURPOSE"], &rows)?;
    }
    for Taint { chain, since, statement } in &taints {
        let since = Time::from(*since);
        out.line(format!("{chain} is tainted outside of any task since {since} ({statement})."))?;
    }
    Ok(out.flush()?)
}

fn row(task: &KeptTask) -> Vec<String> {
    let given = &task.given;
    let until = Time::from(given.until).to_string();
    let mut purpose = visible(&given.details.purpose);
    if let Some((end, _)) = purpose.char_indices().nth(SHORT) {
        purpose.truncate(end);
        purpose.push('…');
    }
    let left = given.details.budget.percent_left(&task.used);
    vec![
        given.task.clone(),
        task.state.as_str().to_owned(),
        until.get(..16).unwrap_or(&until).replace('T', " "),
        given.chain.clone(),
        format!("{left}%"),
        if task.tainted.is_some() { "yes" } else { "-" }.to_owned(),
        purpose,
    ]
}

async fn show(config: &Config, task: &str, json: bool) -> Result<(), Failure> {
    let (store, now) = (opened(config).await?, SystemTime::now());
    let task = tasks::found(&store, task).await?;
    store.administered(now, &actor(), &format!("read the task {}", task.given.task)).await?;
    let mut out = Out::new();
    if json {
        out.json(&object(&task))?;
        return Ok(out.flush()?);
    }
    let (given, details) = (&task.given, &task.given.details);
    out.line(format!("Task       {}, {}", given.task, task.state.as_str()))?;
    out.line(format!("For        {} on {}", given.chain, details.databases.join(", ")))?;
    out.line(format!("Purpose    {}", visible(&details.purpose)))?;
    let (created, until) = (Time::from(given.created), Time::from(given.until));
    out.line(format!("In force   {created} to {until}"))?;
    for table in &details.tables {
        let word = |access: &Access| match access {
            Access::Read => "read",
            Access::Write => "write",
        };
        let words: Vec<&str> = table.actions.iter().map(word).collect();
        out.line(format!("Table      {}: {}", visible(&table.table), words.join(", ")))?;
    }
    let left = details.budget.left(&task.used);
    let budgets = [
        ("rows", details.budget.rows, left.rows),
        ("bytes", details.budget.bytes, left.bytes),
        ("cost", details.budget.cost, left.cost),
        ("statements", details.budget.statements, left.statements),
        ("seconds", details.budget.seconds, left.seconds),
    ];
    for (what, limit, left) in budgets {
        if let (Some(limit), Some(left)) = (limit, left) {
            out.line(format!("Budget     {left} of {limit} {what} left"))?;
        }
    }
    if let Some(since) = task.tainted {
        out.line(format!("Tainted    since {}", Time::from(since)))?;
    }
    Ok(out.flush()?)
}
