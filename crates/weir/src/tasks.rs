//! Giving agents tasks, ending them, and clearing agents of what they were shown: who may, and what
//! is understood. The same for every channel. Knows no channel and no session.

use crate::{approvals::Proven, exit::Failure, grants::resolve};
use ledger::{SessionId, Time};
use model::{Identity, IdentityKind, TaskDetails};
use serde_json::{Value, json};
use std::{
    hash::{BuildHasher, RandomState},
    time::{Duration, SystemTime},
};
use store::{KeptTask, NewTask, Store, TaskState};

/// Longest purpose or reason that is kept: characters.
const MAX_WORDS: usize = 500;
/// The most databases, and the most tables, that one task names.
const MAX_NAMED: usize = 64;
/// How long a task may last: seconds.
const LONGEST: u64 = 7 * 24 * 3_600;
/// Whose members look after other people's agents too.
const ADMINS: &str = "admins";

/// What somebody wants an agent to do.
pub(crate) struct Wanted {
    pub(crate) agent: String,
    pub(crate) details: TaskDetails,
    pub(crate) seconds: u64,
}

/// `authorization_details` of RFC 9396: one object of type `weir_task`, or a list of one. A field
/// that is not known is an error, as the RFC demands.
pub(crate) fn details(text: &str) -> Result<TaskDetails, Failure> {
    let wrong = |why: String| Failure::Refused(format!("authorization_details: {why}"));
    let value: Value = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
    let one = match value {
        Value::Array(mut list) if list.len() == 1 => list.pop().unwrap_or_default(),
        Value::Array(list) => {
            return Err(wrong(format!("a task is one object, not {}", list.len())));
        }
        one => one,
    };
    serde_json::from_value(one).map_err(|error| wrong(error.to_string()))
}

/// Gives an agent a task, by a person for whom it acts.
pub(crate) async fn create(
    store: &Store,
    who: &Proven,
    wanted: Wanted,
) -> Result<KeptTask, Failure> {
    let details = sound(wanted.details)?;
    if wanted.seconds == 0 || wanted.seconds > LONGEST {
        return Err(Failure::Refused("a task lasts for seven days at most".into()));
    }
    let agent = agent_of(store, &wanted.agent, who).await?;
    let now = SystemTime::now();
    let acts_for = agent.acts_for.as_ref().map_or(String::new(), |one| one.name.to_string());
    let new = NewTask {
        task: name(now),
        agent: agent.name.to_string(),
        acts_for,
        chain: agent.chain(),
        details,
        created: now,
        until: now + Duration::from_secs(wanted.seconds),
    };
    store.create_task(&new, who.name()).await?;
    found(store, &new.task).await
}

/// Gives an agent a task by which it acts for a person whose token it has shown.
pub(crate) async fn delegated(
    store: &Store,
    (agent, person): (&str, &str),
    details: TaskDetails,
    (now, until): (SystemTime, SystemTime),
) -> Result<String, Failure> {
    let new = NewTask {
        task: name(now),
        agent: agent.to_owned(),
        acts_for: person.to_owned(),
        chain: format!("{person}/{agent}"),
        details: sound(details)?,
        created: now,
        until,
    };
    store.create_task(&new, person).await?;
    Ok(new.task)
}

/// Ends a task: by whom its agent acts for, or by an administrator.
pub(crate) async fn end(
    store: &Store,
    who: &Proven,
    task: &str,
    reason: &str,
) -> Result<KeptTask, Failure> {
    let kept = found(store, task).await?;
    may_look_after(store, &kept.given.chain, who).await?;
    let said = (who.name(), &*words(reason));
    if !store.end_task(task, said, SystemTime::now()).await? {
        return Err(Failure::Refused(format!("task {task} is {} already", kept.state.as_str())));
    }
    found(store, task).await
}

/// Clears a task, or an agent outside of any (`alice/copilot`), of what it was shown.
pub(crate) async fn clear(
    store: &Store,
    who: &Proven,
    whose: &str,
    reason: &str,
) -> Result<(), Failure> {
    let (task, chain) = match store.task(whose).await? {
        Some(kept) => (kept.given.task, kept.given.chain),
        None if whose.contains('/') => (String::new(), whose.to_owned()),
        None => return Err(nobody(whose)),
    };
    may_look_after(store, &chain, who).await?;
    let said = (who.name(), &*words(reason));
    match store.clear_taint(&task, &chain, said, SystemTime::now()).await? {
        true => Ok(()),
        false => Err(Failure::Refused(format!("{whose} is not tainted"))),
    }
}

/// One task.
pub(crate) async fn found(store: &Store, task: &str) -> Result<KeptTask, Failure> {
    store.task(task).await?.ok_or_else(|| nobody(task))
}

fn nobody(task: &str) -> Failure {
    Failure::Refused(format!("there is no task \"{task}\": weir task list --all"))
}

/// The agent, if this person is among those for whom it acts.
async fn agent_of(store: &Store, name: &str, who: &Proven) -> Result<Identity, Failure> {
    let agent = resolve(store, name).await?;
    let agent = agent.filter(|agent| agent.kind == IdentityKind::Agent);
    let Some(agent) = agent else {
        return Err(Failure::Refused(format!("\"{name}\" is no agent that may be used now")));
    };
    let mut member = agent.acts_for.as_deref();
    while let Some(one) = member {
        if one.name.as_str() == who.name() && one.kind == IdentityKind::Person {
            return Ok((*agent).clone());
        }
        member = one.acts_for.as_deref();
    }
    let why = format!("{name} does not act for {}: only whom it acts for tells it", who.name());
    Err(Failure::Refused(why))
}

/// Whether a person may end tasks of a chain of actors and clear it.
async fn may_look_after(store: &Store, chain: &str, who: &Proven) -> Result<(), Failure> {
    let person = resolve(store, who.name()).await?;
    let Some(person) = person.filter(|person| person.kind == IdentityKind::Person) else {
        return Err(Failure::Refused(format!("{} is no person", who.name())));
    };
    let mut members: Vec<&str> = chain.split('/').collect();
    members.pop();
    let acts_for_them = members.contains(&who.name());
    if acts_for_them || person.groups.iter().any(|group| group == ADMINS) {
        return Ok(());
    }
    let why =
        format!("{} is not among those whom {chain} acts for, nor in group {ADMINS}", who.name());
    Err(Failure::Refused(why))
}

/// Details in which everything is understood.
fn sound(mut details: TaskDetails) -> Result<TaskDetails, Failure> {
    let wrong = |why: String| Err(Failure::Refused(why));
    details.purpose = words(&details.purpose);
    if details.purpose.is_empty() {
        return wrong("a task needs a purpose: what for".to_owned());
    }
    details.databases.sort();
    details.databases.dedup();
    let count = details.databases.len();
    if count == 0 || count > MAX_NAMED || details.databases.iter().any(String::is_empty) {
        return wrong(format!("a task is for one to {MAX_NAMED} databases"));
    }
    if details.tables.len() > MAX_NAMED {
        return wrong(format!("a task names {MAX_NAMED} tables at most"));
    }
    for table in &mut details.tables {
        let named = match table.table.split_once('.') {
            Some((schema, name)) => {
                let plain = |name: &str| !name.is_empty() && !name.contains(['.', '"']);
                plain(schema)
                    && !schema.contains('*')
                    && (name == "*" || plain(name))
                    && (name == "*" || !name.contains('*'))
            }
            None => table.table == "*",
        };
        if !named {
            let name = &table.table;
            return wrong(format!(
                "\"{name}\" is no table: write schema.table, schema.* for all of a schema, or *"
            ));
        }
        table.actions.sort();
        table.actions.dedup();
        if table.actions.is_empty() {
            return wrong(format!("{}: say read, write, or both", table.table));
        }
    }
    Ok(details)
}

fn words(text: &str) -> String {
    let shown: String = text.chars().filter(|c| !c.is_control()).take(MAX_WORDS).collect();
    shown.trim().to_owned()
}

/// A name like those of sessions: it sorts by time.
fn name(now: SystemTime) -> String {
    let salt = u32::try_from(RandomState::new().hash_one(now) & 0xf_ffff).unwrap_or(0);
    format!("t-{}", SessionId::new(Time::from(now), salt))
}

/// A task as an object. What is left is of what is known: it may be less by what runs now.
pub(crate) fn object(task: &KeptTask) -> Value {
    let given = &task.given;
    let over = task.state != TaskState::Live;
    json!({
        "task": given.task, "state": task.state.as_str(), "agent": given.agent,
        "identity": given.chain, "authorization_details": given.details,
        "created": Time::from(given.created), "until": Time::from(given.until),
        "used": task.used, "left": given.details.budget.left(&task.used),
        "percent_left": if over { 0 } else { given.details.budget.percent_left(&task.used) },
        "tainted": task.tainted.map(Time::from),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_understood_whole_or_not_at_all() {
        let good = r#"[{"type": "weir_task", "purpose": "refunds", "databases": ["shop"],
            "tables": [{"table": "public.orders", "actions": ["write", "read"]}],
            "budget": {"rows": 100}}]"#;
        let read = sound(details(good).unwrap()).unwrap();
        assert_eq!(read.budget.rows, Some(100));
        for (bad, why) in [
            (good.replace("weir_task", "payment"), "unknown variant"),
            (good.replace("\"rows\"", "\"row\""), "unknown field"),
            (good.replace("\"budget\"", "\"budgets\""), "unknown field"),
            (good.replace("100", "-1"), "invalid value"),
            ("[]".to_owned(), "one object"),
        ] {
            let Err(Failure::Refused(said)) = details(&bad) else { panic!("{bad} is taken") };
            assert!(said.contains(why), "{said}");
        }
        for (from, to) in [
            ("public.orders", "orders"),
            ("public.orders", "*.orders"),
            ("public.orders", "a.b.c"),
            ("public.orders", "public.o*"),
            ("\"write\", \"read\"", ""),
            ("refunds", " "),
            ("\"shop\"", ""),
        ] {
            let bad = details(&good.replace(from, to)).unwrap();
            assert!(sound(bad).is_err(), "{from} as {to}");
        }
    }
}
