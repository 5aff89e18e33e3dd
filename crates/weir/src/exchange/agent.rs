//! A person's token and an agent's own for one by which the agent acts for the person (RFC 8693
//! with an actor): its right is what both may, in the databases of both, and what its task names.
//!
//! ```text
//! subject_token ─▶ the person ─┐
//!                              ├─▶ PERSON/AGENT ─▶ (task) ─▶ a token that ends with either
//! actor_token ──▶ the agent ───┘
//! ```

use super::{Actor, Given, KNOWN_WITHIN, Made, NoExchange, Shown, Wanted, arrive, keep, workload};
use crate::{exit::Failure, serve::Shared, tasks};
use identity::{Secret, secret::DATABASE_TOKEN_PREFIX, token_hash};
use model::IdentityKind;
use std::time::{Instant, SystemTime};
use store::{Account, Delegated};

/// Where the token comes from, for the record.
const SOURCE: &str = "exchange";

/// Somebody whose token was shown.
struct Party {
    account: Account,
    /// The credential that was shown, if it is one of Weir's own.
    credential: Option<String>,
    /// The databases that it is for; all if empty.
    databases: Vec<String>,
    /// Until when it is good.
    until: Option<SystemTime>,
}

/// Exchanges both tokens for one.
pub(super) async fn exchange(
    shared: &Shared,
    wanted: &Wanted,
    actor: &Actor,
    now: SystemTime,
) -> Result<Given, NoExchange> {
    if wanted.renews.is_some() {
        let why = "an agent's token is not prolonged: exchange another one";
        return Err(NoExchange::Rule(why.to_owned()));
    }
    let person = person(shared, wanted, now).await?;
    let agent = agent(shared, actor, now).await?;
    let databases = common(&person.databases, &agent.databases)?;
    let databases = workload::narrowed(&databases, &wanted.databases)?;
    let longest = now + shared.config.load().keys.delegated;
    let ends = [person.until, agent.until].into_iter().flatten();
    let until = ends.fold(longest, SystemTime::min);
    let (by, of) = (&person.account.name, &agent.account.name);
    let task = match &wanted.details {
        Some(details) => {
            let pair = (of.as_str(), by.as_str());
            Some(given(shared, pair, details.clone(), (now, until)).await?)
        }
        None => None,
    };
    let secret = Secret::generate(DATABASE_TOKEN_PREFIX)?;
    let made = Made {
        account: &agent.account,
        secret: secret.clone(),
        databases: databases.clone(),
        source: SOURCE.to_owned(),
        times: (now, until),
        follows: None,
        delegated: Some(Delegated {
            acts_for: by.clone(),
            task: task.clone(),
            subject: person.credential,
            actor: agent.credential,
        }),
    };
    if let Err(why) = keep(shared, made).await {
        if let Some(task) = &task {
            let why = ("weir", "its token could not be made");
            shared.store.end_task(task, why, SystemTime::now()).await?;
        }
        return Err(why);
    }
    let identity = format!("{by}/{of}");
    Ok(Given { secret, identity, until, databases, actor: Some((of.to_string(), task)) })
}

/// The person whose token is shown: a provider's, or one of Weir's own.
async fn person(shared: &Shared, wanted: &Wanted, now: SystemTime) -> Result<Party, NoExchange> {
    let nobody =
        || NoExchange::Rule("the subject_token is no person's that is good now".to_owned());
    let (name, party) = match wanted.shown {
        Shown::Jwt => return Err(nobody()),
        Shown::IdToken => {
            let person = shared.providers.person(&wanted.subject, now, Instant::now()).await;
            let person = person.map_err(NoExchange::Person)?;
            let (hash, end) = person.token;
            if !shared.store.spend(&hash, end, now).await? {
                return Err(NoExchange::Spent);
            }
            let account = arrive(shared, &person, now).await?;
            let until = Some(end.min(now + person.provider.settings.lifetime));
            return Ok(Party { account, credential: None, databases: Vec::new(), until });
        }
        Shown::Own => match shared.directory.bearer(&wanted.subject, now) {
            Ok(found) if found.identity.kind == IdentityKind::Person => {
                let credential = found.credential;
                let (id, databases) = (credential.id.clone(), credential.databases.clone());
                (found.identity.name.to_string(), (Some(id), databases, credential.expires))
            }
            Ok(_) => return Err(nobody()),
            // A sign-in to the API is one by password.
            Err(_) => {
                let hash = token_hash(&wanted.subject);
                let who = shared.store.token(&hash, now).await?.ok_or_else(nobody)?;
                (who.name, (Some(store::sign_in_id(&hash)), Vec::new(), Some(who.until)))
            }
        },
    };
    let account = shared.store.identity(&name).await?;
    let account = account.filter(|one| one.enabled && one.kind == IdentityKind::Person);
    let (credential, databases, until) = party;
    Ok(Party { account: account.ok_or_else(nobody)?, credential, databases, until })
}

/// The agent whose token is shown: a key of its own, or an issuer's token that a rule says is its.
async fn agent(shared: &Shared, actor: &Actor, now: SystemTime) -> Result<Party, NoExchange> {
    let nobody = || NoExchange::Actor("the actor_token is no agent's that is good now".to_owned());
    let (name, credential, databases, until) = match actor.shown {
        Shown::IdToken => return Err(nobody()),
        Shown::Own => {
            let found = shared.directory.holder(&actor.token, now);
            let (name, credential) = found.ok_or_else(nobody)?;
            shared.directory.used(&credential, None, now);
            let databases = credential.databases.clone();
            (name, Some(credential.id.clone()), databases, credential.expires)
        }
        Shown::Jwt => {
            let vouched = shared.workloads.vouched(&actor.token, now, Instant::now()).await;
            let vouched = vouched.map_err(NoExchange::Workload)?;
            workload::spend(shared, &vouched, now).await?;
            let databases = vouched.rule.databases.clone();
            let until = vouched.until.min(now + vouched.settings.lifetime);
            (vouched.rule.identity.clone(), None, databases, Some(until))
        }
    };
    let account = shared.store.identity(&name).await?;
    let account = account.filter(|one| one.kind == IdentityKind::Agent).ok_or_else(nobody)?;
    if !account.enabled {
        return Err(NoExchange::Disabled);
    }
    Ok(Party { account, credential, databases, until })
}

/// The databases that both are for; empty is all.
fn common(one: &[String], other: &[String]) -> Result<Vec<String>, NoExchange> {
    if one.is_empty() || other.is_empty() {
        return Ok(if one.is_empty() { other.to_vec() } else { one.to_vec() });
    }
    let both: Vec<String> = one.iter().filter(|name| other.contains(name)).cloned().collect();
    match both.is_empty() {
        true => Err(NoExchange::Rule("the two tokens have no database in common".to_owned())),
        false => Ok(both),
    }
}

/// Gives the agent its task, and waits until it is in force.
async fn given(
    shared: &Shared,
    (agent, person): (&str, &str),
    details: model::TaskDetails,
    times: (SystemTime, SystemTime),
) -> Result<String, NoExchange> {
    let task = tasks::delegated(&shared.store, (agent, person), details, times).await;
    let task = task.map_err(|failure| match failure {
        Failure::Refused(why) => NoExchange::Details(why),
        Failure::Failed(error) => NoExchange::Failed(error),
        Failure::Problems(_) | Failure::Usage(_) | Failure::Ended(_) => {
            NoExchange::Details(String::new())
        }
    })?;
    let mut people = shared.people.subscribe();
    let in_force = async {
        loop {
            people.mark_unchanged();
            let tasks = shared.works.of(agent, person);
            if tasks.iter().any(|running| running.task.name == task) {
                return Ok(());
            }
            people.changed().await.map_err(anyhow::Error::from)?;
        }
    };
    match tokio::time::timeout(KNOWN_WITHIN, in_force).await {
        Ok(known) => known.map(|()| task),
        Err(_) => {
            let why = ("weir", "it was not in force in time");
            shared.store.end_task(&task, why, SystemTime::now()).await?;
            Err(NoExchange::Failed(anyhow::anyhow!("a new task is not in force in time")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_are_those_of_both() {
        let list = |names: &[&str]| names.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        for (one, other, both) in [
            (&[][..], &[][..], &[][..]),
            (&["a"], &[], &["a"]),
            (&[], &["b"], &["b"]),
            (&["a", "b"], &["b", "c"], &["b"]),
        ] {
            assert_eq!(common(&list(one), &list(other)).unwrap(), list(both));
        }
        assert!(common(&list(&["a"]), &list(&["b"])).is_err(), "not all, but none");
    }
}
