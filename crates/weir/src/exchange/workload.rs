//! The same for services: an issuer's token for one of Weir's own, or as it is. A service is never
//! made: the rule names one that an operator has added.

use super::{Given, Made, NoExchange, Wanted, keep, others};
use crate::{serve::Shared, workloads::Vouched};
use identity::{Secret, secret::DATABASE_TOKEN_PREFIX};
use model::IdentityKind;
use std::time::{Duration, Instant, SystemTime};
use store::Account;

/// How long an issuer's own token is good here at most, whatever it says.
const LONGEST: Duration = Duration::from_secs(24 * 3_600);

/// Exchanges an issuer's token.
pub(super) async fn exchange(
    shared: &Shared,
    wanted: &Wanted,
    now: SystemTime,
) -> Result<Given, NoExchange> {
    if wanted.renews.is_some() {
        let why = "a service's token is not prolonged: exchange another one";
        return Err(NoExchange::Rule(why.to_owned()));
    }
    let vouched = shared.workloads.vouched(&wanted.subject, now, Instant::now()).await;
    let vouched = vouched.map_err(NoExchange::Workload)?;
    let databases = narrowed(&vouched.rule.databases, &wanted.databases)?;
    spend(shared, &vouched, now).await?;
    let account = service(shared, &vouched).await?;
    let secret = Secret::generate(DATABASE_TOKEN_PREFIX)?;
    let until = now + vouched.settings.lifetime;
    let made = Made {
        account: &account,
        secret: secret.clone(),
        databases: databases.clone(),
        source: vouched.source,
        times: (now, until),
        follows: None,
        delegated: None,
    };
    keep(shared, made).await?;
    Ok(Given { secret, identity: account.name.to_string(), until, databases, actor: None })
}

/// Makes a credential of an issuer's token, good as long as the token itself.
pub(super) async fn adopt(
    shared: &Shared,
    secret: &Secret,
    now: SystemTime,
) -> Result<(), NoExchange> {
    let vouched = shared.workloads.vouched(secret, now, Instant::now()).await;
    let vouched = vouched.map_err(NoExchange::Workload)?;
    match spend(shared, &vouched, now).await {
        Err(NoExchange::Spent) => return others(shared, secret).await,
        other => other?,
    }
    let account = service(shared, &vouched).await?;
    let made = Made {
        account: &account,
        secret: secret.clone(),
        databases: vouched.rule.databases.clone(),
        source: vouched.source.clone(),
        times: (now, vouched.until.min(now + LONGEST)),
        follows: None,
        delegated: None,
    };
    match keep(shared, made).await {
        Err(NoExchange::Spent) => others(shared, secret).await,
        other => other,
    }
}

pub(super) async fn spend(
    shared: &Shared,
    vouched: &Vouched<'_>,
    now: SystemTime,
) -> Result<(), NoExchange> {
    let fresh = !vouched.settings.once
        || shared.store.spend(&vouched.statement, vouched.until, now).await?;
    if fresh { Ok(()) } else { Err(NoExchange::Spent) }
}

/// The identity that a rule names.
async fn service(shared: &Shared, vouched: &Vouched<'_>) -> Result<Account, NoExchange> {
    let name = &vouched.rule.identity;
    let account = shared.store.identity(name).await?;
    let Some(account) = account.filter(|one| one.kind != IdentityKind::Person) else {
        let why = format!("the rule's identity \"{name}\" is no service and no agent");
        return Err(NoExchange::Rule(why));
    };
    if account.enabled { Ok(account) } else { Err(NoExchange::Disabled) }
}

/// What is asked for, if it is within what may be had.
pub(super) fn narrowed(may: &[String], wanted: &[String]) -> Result<Vec<String>, NoExchange> {
    if wanted.is_empty() {
        return Ok(may.to_vec());
    }
    match wanted.iter().find(|one| !may.is_empty() && !may.contains(one)) {
        Some(one) => Err(NoExchange::Rule(format!("it is not for database {one}"))),
        None => Ok(wanted.to_vec()),
    }
}
