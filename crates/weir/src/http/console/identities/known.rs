//! All that is known of one identity, for its page.

use super::{super::now::session, Console, No, is_of, listed};
use crate::http::cells::{number, text};
use console::identities::{Budget, Credential, Grant, One, Reached, Reaching, Task};
use index::{Answers, Cell, IndexError, Limits};
use ledger::Time;
use std::time::{Duration, SystemTime};
use store::{Account, KeptCredential, KeptGrant, KeptTask, Listing};

/// The most grants and tasks that are looked through, and that are shown of each.
const LOOKED: u32 = 1_000;
const SHOWN: usize = 20;
/// The longest chain of actors.
const ACTORS: usize = 16;
/// What summing up what somebody reached may take.
const REACHED: Limits = Limits { time: Duration::from_secs(3), rows: 100 };

impl Console {
    /// All that is known of an identity.
    pub(super) async fn all_of(&self, account: &Account, all: &[Account]) -> Result<One, No> {
        let (store, now, name) = (&self.shared.store, SystemTime::now(), account.name.as_str());
        let grants = store.grants(Listing::All, LOOKED).await?;
        let grants = grants.iter().filter(|grant| grant.asked.identity == name);
        store.expire_tasks(now).await?;
        let tasks = store.tasks(true, LOOKED).await?;
        let tasks = tasks.iter().filter(|task| task.given.chain.split('/').any(|one| one == name));
        let credentials = store.credentials(Some(name)).await?;
        let open = self.opened();
        let asked = name.to_owned();
        let reached = self.ask(move |answers| reached(answers, &asked)).await?;
        let agents = all.iter().filter(|one| one.acts_for.as_ref() == Some(&account.name));
        Ok(One {
            listed: listed(account, &open),
            chain: chain(account, all),
            agents: agents.map(|one| one.name.to_string()).collect(),
            created: Time::from(account.created).to_string(),
            credentials: credentials.iter().map(|one| credential(one, now)).collect(),
            grants: grants.take(SHOWN).map(grant).collect(),
            tasks: tasks.take(SHOWN).map(task).collect(),
            sessions: open.iter().filter(|one| is_of(one, name)).map(|one| session(one)).collect(),
            reached,
            done: None,
        })
    }
}

/// Whom somebody acts for, up to the one who acts for nobody.
fn chain(account: &Account, all: &[Account]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut next = account.acts_for.as_ref();
    while let Some(name) = next {
        if found.len() >= ACTORS {
            break;
        }
        found.push(name.to_string());
        let one = all.iter().find(|one| one.name == *name);
        next = one.and_then(|one| one.acts_for.as_ref());
    }
    found
}

fn moment(time: SystemTime) -> String {
    Time::from(time).to_string()
}

fn credential(kept: &KeptCredential, now: SystemTime) -> Credential {
    Credential {
        id: kept.new.id.clone(),
        kind: kept.new.kind.as_str(),
        source: kept.new.source.clone(),
        databases: kept.new.databases.clone(),
        created: moment(kept.created),
        used: kept.used.map(moment),
        expires: kept.new.expires.map(moment),
        live: kept.is_live(now),
    }
}

fn grant(kept: &KeptGrant) -> Grant {
    let asked = &kept.asked;
    Grant {
        id: asked.grant.clone(),
        group: asked.group.clone(),
        databases: asked.databases.clone(),
        state: kept.state.as_str(),
        purpose: asked.purpose.clone(),
        ends: kept.ends.map(moment),
        emergency: asked.emergency,
    }
}

fn task(kept: &KeptTask) -> Task {
    let (given, budget) = (&kept.given, &kept.given.details.budget);
    let left = budget.left(&kept.used);
    let budgets = [
        ("rows", budget.rows, left.rows),
        ("bytes", budget.bytes, left.bytes),
        ("cost", budget.cost, left.cost),
        ("statements", budget.statements, left.statements),
        ("seconds", budget.seconds, left.seconds),
    ];
    let one = |(what, limit, left): (&'static str, Option<u64>, Option<u64>)| {
        Some(Budget { what, limit: limit?, left: left? })
    };
    Task {
        id: given.task.clone(),
        state: kept.state.as_str(),
        chain: given.chain.clone(),
        purpose: given.details.purpose.clone(),
        until: moment(given.until),
        budgets: budgets.into_iter().filter_map(one).collect(),
        tainted: kept.tainted.is_some(),
    }
}

/// Of which columns values left to somebody as the outermost actor.
fn reached(answers: &Answers, name: &str) -> Result<Reaching, IndexError> {
    let table = match answers.reached(name, &REACHED) {
        Err(IndexError::Slow(_)) => return Ok(Reaching::TooMuch),
        table => table?,
    };
    let one = |row: &Vec<Cell>| Reached {
        database: text(row, 0),
        column: text(row, 1),
        labels: text(row, 2),
        raw: number(row, 3),
        masked: number(row, 4),
        last: text(row, 5),
    };
    Ok(Reaching::Known(table.rows.iter().map(one).collect()))
}
