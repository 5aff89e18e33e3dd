//! A sign-in to the API for a token for databases: how people come to one whose password is not
//! enough, where nobody else vouches for them. It is good as long as the sign-in, and ends with it.

use super::{Given, Made, NoExchange, Wanted, keep};
use crate::serve::Shared;
use identity::{Secret, secret::DATABASE_TOKEN_PREFIX, token_hash};
use model::IdentityKind;
use std::time::SystemTime;

/// Where the token comes from, for the record.
const SOURCE: &str = "a sign-in to the API";

pub(super) async fn exchange(
    shared: &Shared,
    wanted: &Wanted,
    now: SystemTime,
) -> Result<Given, NoExchange> {
    if wanted.renews.is_some() {
        let why = "a token that follows from a sign-in ends with it: sign in again";
        return Err(NoExchange::Rule(why.to_owned()));
    }
    let nobody = || {
        let why = "the subject_token is no sign-in to the API that is good now; another token of \
                   Weir's own is exchanged for an agent's only: say the actor_token";
        NoExchange::Rule(why.to_owned())
    };
    let hash = token_hash(&wanted.subject);
    let who = shared.store.token(&hash, now).await?.ok_or_else(nobody)?;
    let account = shared.store.identity(&who.name).await?;
    let account = account.filter(|one| one.enabled && one.kind == IdentityKind::Person);
    let account = account.ok_or_else(nobody)?;
    let secret = Secret::generate(DATABASE_TOKEN_PREFIX)?;
    let (until, databases) = (who.until, wanted.databases.clone());
    let made = Made {
        account: &account,
        secret: secret.clone(),
        databases: databases.clone(),
        source: SOURCE.to_owned(),
        times: (now, until),
        follows: Some(store::sign_in_id(&hash)),
        delegated: None,
    };
    keep(shared, made).await?;
    Ok(Given { secret, identity: who.name, until, databases, actor: None })
}
