//! A provider's token for one of Weir's own: RFC 8693, without its HTTP. Whoever the provider
//! vouches for is let in, made if they are new, and given a credential that ends soon.
//!
//! A provider's token is exchanged once. Asked again with a fresh one, a credential is prolonged
//! instead of replaced, so that sessions that signed in with it go on; but not for ever.

mod agent;
mod sign_in;
mod workload;

use crate::{
    providers::{NoPerson, Person, Provider},
    serve::Shared,
    workloads::NoWorkload,
};
use anyhow::Context;
use identity::{
    Admitted, IdentityError, ScramVerifier, Secret, secret::DATABASE_TOKEN_PREFIX, token_hash,
};
use model::{CredentialKind, TaskDetails};
use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};
use store::{Account, Arrival, Delegated, NewCredential, NoArrival, StoreError};

/// How long a new credential may take to be known to all who check it.
const KNOWN_WITHIN: Duration = Duration::from_secs(5);
/// How long a connection waits for what another one makes of the same provider's token.
const MADE_WITHIN: Duration = Duration::from_secs(1);

/// What kind of token is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// A provider's, about a person.
    IdToken,
    /// An issuer's, about a service.
    Jwt,
    /// Weir's own: a token or a key.
    Own,
}

/// The agent that is to act for whoever is shown.
pub(crate) struct Actor {
    pub(crate) token: Secret,
    pub(crate) shown: Shown,
}

/// What somebody wants.
pub(crate) struct Wanted {
    /// The token of whoever it is for.
    pub(crate) subject: Secret,
    /// What kind that is.
    pub(crate) shown: Shown,
    /// The databases that the credential is for; all if empty.
    pub(crate) databases: Vec<String>,
    /// A credential to prolong instead of making one.
    pub(crate) renews: Option<Secret>,
    /// Who is to act with it, if not whoever it is about.
    pub(crate) actor: Option<Actor>,
    /// The task that the actor is given.
    pub(crate) details: Option<TaskDetails>,
}

/// What they are given.
pub(crate) struct Given {
    pub(crate) secret: Secret,
    /// Under which name it signs in: the chain of actors, for an agent's.
    pub(crate) identity: String,
    pub(crate) until: SystemTime,
    /// The databases that it is for; all if empty.
    pub(crate) databases: Vec<String>,
    /// The agent that acts with it, and its task.
    pub(crate) actor: Option<(String, Option<String>)>,
}

/// Why they are given nothing.
#[derive(Debug)]
pub(crate) enum NoExchange {
    /// The provider's token says nothing here.
    Person(NoPerson),
    /// An issuer's token is no service's.
    Workload(NoWorkload),
    /// The rule is not for what is asked for: this database, or no service.
    Rule(String),
    /// It was exchanged before.
    Spent,
    /// The name is somebody else's: whose.
    Taken(String),
    /// The actor's token is no agent's, or says nothing here.
    Actor(String),
    /// The task is not understood, or cannot be given.
    Details(String),
    /// They are disabled here.
    Disabled,
    /// The provider vouches for them and has not added them.
    Unknown,
    /// What is to be prolonged is not theirs, or over.
    NotTheirs,
    /// Control state fails.
    Failed(anyhow::Error),
}

impl fmt::Display for NoExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(why) => write!(f, "{why}"),
            Self::Workload(why) => write!(f, "{why}"),
            Self::Rule(why) | Self::Actor(why) | Self::Details(why) => f.write_str(why),
            Self::Spent => f.write_str("this token was exchanged before"),
            Self::Taken(name) => {
                write!(f, "the name {name} is another identity's, which is not from there")
            }
            Self::Disabled => f.write_str("this identity is disabled"),
            Self::Unknown => f.write_str("the provider has not provisioned this person"),
            Self::NotTheirs => f.write_str("there is no such credential of theirs to prolong"),
            Self::Failed(_) => f.write_str("control state is not available"),
        }
    }
}

impl<E: Into<anyhow::Error>> From<E> for NoExchange {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Exchanges a token.
pub(crate) async fn exchange(shared: &Shared, wanted: Wanted) -> Result<Given, NoExchange> {
    let now = SystemTime::now();
    if let Some(actor) = &wanted.actor {
        return agent::exchange(shared, &wanted, actor, now).await;
    }
    match wanted.shown {
        Shown::Jwt => return workload::exchange(shared, &wanted, now).await,
        Shown::Own => return sign_in::exchange(shared, &wanted, now).await,
        Shown::IdToken => {}
    }
    let person = shared.providers.person(&wanted.subject, now, Instant::now()).await;
    let person = person.map_err(NoExchange::Person)?;
    let (hash, until) = person.token;
    if !shared.store.spend(&hash, until, now).await? {
        return Err(NoExchange::Spent);
    }
    let account = arrive(shared, &person, now).await?;
    if let Some(secret) = wanted.renews {
        return prolong(shared, person.provider, &account, secret, now).await;
    }
    let secret = Secret::generate(DATABASE_TOKEN_PREFIX)?;
    let until = now + person.provider.settings.lifetime;
    let made = Made {
        account: &account,
        secret: secret.clone(),
        databases: wanted.databases.clone(),
        source: person.provider.settings.name.clone(),
        times: (now, until),
        follows: None,
        delegated: None,
    };
    keep(shared, made).await?;
    let (identity, databases) = (account.name.to_string(), wanted.databases);
    Ok(Given { secret, identity, until, databases, actor: None })
}

/// Whoever bears a secret: one of Weir's tokens or keys, or a provider's token. That one is a
/// credential from then on, until it or the lifetime of tokens ends.
pub(crate) async fn bear(shared: &Shared, secret: Secret) -> Result<Admitted, IdentityError> {
    let now = SystemTime::now();
    let known = shared.directory.bearer(&secret, now);
    let signed = secret.expose().matches('.').count() == 2;
    let service = signed && shared.workloads.issued(&secret);
    if known.is_ok() || !(service || signed && shared.providers.any()) {
        return known;
    }
    let adopted = match service {
        true => workload::adopt(shared, &secret, now).await,
        false => adopt(shared, &secret, now).await,
    };
    adopted.map_err(|why| match why {
        NoExchange::Disabled => IdentityError::Barred(identity::Bar::Disabled),
        NoExchange::Failed(error) => {
            tracing::error!("a provider's token cannot be taken: {error:#}");
            IdentityError::Unavailable
        }
        NoExchange::Person(NoPerson::Unavailable(error))
        | NoExchange::Workload(NoWorkload::Unavailable(error)) => {
            tracing::warn!("a provider's keys cannot be read: {error}");
            IdentityError::Unavailable
        }
        other => {
            tracing::info!("a provider's token is refused: {other}");
            IdentityError::WrongProof
        }
    })?;
    shared.directory.bearer(&secret, now)
}

/// Makes a credential of a provider's token. It is spent before anything that it says counts: of
/// one that was shown before, only the credential that it became is good, as long as that lasts.
async fn adopt(shared: &Shared, secret: &Secret, now: SystemTime) -> Result<(), NoExchange> {
    let person = shared.providers.person(secret, now, Instant::now()).await;
    let person = person.map_err(NoExchange::Person)?;
    let (hash, end) = person.token;
    if !shared.store.spend(&hash, end, now).await? {
        return others(shared, secret).await;
    }
    let account = arrive(shared, &person, now).await?;
    let until = (now + person.provider.settings.lifetime).min(end);
    let made = Made {
        account: &account,
        secret: secret.clone(),
        databases: Vec::new(),
        source: person.provider.settings.name.clone(),
        times: (now, until),
        follows: None,
        delegated: None,
    };
    keep(shared, made).await
}

/// Waits for what another connection makes of the same token: clients open several at once.
async fn others(shared: &Shared, secret: &Secret) -> Result<(), NoExchange> {
    let made = tokio::time::timeout(MADE_WITHIN, known(shared, secret, |_| true)).await;
    made.map_err(|_| NoExchange::Spent)?.map_err(NoExchange::Failed)
}

/// Lets somebody in whom a provider vouches for.
pub(crate) async fn arrive(
    shared: &Shared,
    person: &Person<'_>,
    now: SystemTime,
) -> Result<Account, NoExchange> {
    let settings = &person.provider.settings;
    // Nobody knows the password that this is of: they sign in by the provider only.
    let nobodys = Secret::generate("")?;
    let verifier = made(move || ScramVerifier::for_password(&nobodys)).await??;
    let arrival = Arrival {
        provider: &settings.name,
        subject: &person.subject,
        name: &person.name,
        kind: settings.kind,
        groups: person.groups.as_deref(),
        issued: person.issued,
        known_only: person.provider.scim.is_some(),
        prefix: &settings.groups_prefix,
        verifier: &verifier.to_text().into(),
    };
    shared.store.arrive(&arrival, now).await?.map_err(|why| match why {
        NoArrival::Taken => NoExchange::Taken(person.name.clone()),
        NoArrival::Disabled => NoExchange::Disabled,
        NoArrival::Unknown => NoExchange::Unknown,
        NoArrival::Ended => NoExchange::Person(NoPerson::Token(sso::Wrong::Expired)),
    })
}

/// A token to be kept.
struct Made<'m> {
    account: &'m Account,
    secret: Secret,
    databases: Vec<String>,
    source: String,
    /// From when on, and until when.
    times: (SystemTime, SystemTime),
    /// What it follows from, where it is its own identity's.
    follows: Option<String>,
    /// For whom an agent acts with it.
    delegated: Option<Delegated>,
}

/// Keeps a credential, and waits until it is known.
async fn keep(shared: &Shared, token: Made<'_>) -> Result<(), NoExchange> {
    let Made { account, secret, databases, source, times: (now, until), follows, delegated } =
        token;
    let lead = ScramVerifier::parse(account.verifier.expose())?;
    let chain = delegated.as_ref().map(|one| format!("{}/{}", one.acts_for, account.name));
    let (own, directory) = (secret.clone(), Arc::clone(&shared.directory));
    let verifier = made(move || match chain {
        Some(chain) => directory.verifier_for(&chain, &own),
        None => lead.beside(&own),
    });
    let verifier = verifier.await?;
    let new = NewCredential {
        id: identity::secret::name("t-")?,
        identity: account.name.clone(),
        kind: CredentialKind::Token,
        verifier: verifier.to_text().into(),
        hash: token_hash(&secret),
        databases,
        source,
        not_before: now,
        expires: Some(until),
        replaces: None,
        follows,
        delegated,
    };
    match shared.store.add_credential(&new, &new.chain(), now).await {
        Ok(()) => {}
        Err(StoreError::NoIdentity(_)) => return Err(NoExchange::Disabled),
        // Given another password since, or the token was one before and is over.
        Err(StoreError::Credential(_)) => return Err(NoExchange::Spent),
        Err(error) => return Err(error.into()),
    }
    Ok(known(shared, &secret, |_| true).await?)
}

/// Lets a credential be good for longer.
async fn prolong(
    shared: &Shared,
    provider: &Provider,
    account: &Account,
    secret: Secret,
    now: SystemTime,
) -> Result<Given, NoExchange> {
    let admitted = shared.directory.bearer(&secret, now).map_err(|_| NoExchange::NotTheirs)?;
    let Admitted { identity, credential } = admitted;
    let theirs = identity.name == account.name
        && credential.kind == CredentialKind::Token
        && credential.source == provider.settings.name;
    let last = credential.not_before + provider.settings.longest;
    let until = (now + provider.settings.lifetime).min(last);
    if !theirs
        || until <= now
        || !shared.store.prolong_credential(&credential.id, until, now).await?
    {
        return Err(NoExchange::NotTheirs);
    }
    // The store has microseconds.
    let longer = until - Duration::from_millis(1);
    known(shared, &secret, |found| found.credential.expires.is_none_or(|end| end >= longer))
        .await?;
    let (identity, databases) = (account.name.to_string(), credential.databases.clone());
    Ok(Given { secret, identity, until, databases, actor: None })
}

/// Waits until a credential is known to whoever checks it: what is given works at once.
async fn known(
    shared: &Shared,
    secret: &Secret,
    enough: impl Fn(&Admitted) -> bool,
) -> anyhow::Result<()> {
    let mut people = shared.people.subscribe();
    let waiting = async {
        loop {
            people.mark_unchanged();
            let found = shared.directory.bearer(secret, SystemTime::now());
            if found.is_ok_and(|found| enough(&found)) {
                return Ok(());
            }
            people.changed().await.context("weir is shutting down")?;
        }
    };
    let known = tokio::time::timeout(KNOWN_WITHIN, waiting).await;
    known.context("a new credential is not known in time")?
}

/// A few milliseconds of hashing are not for a thread that serves sessions.
async fn made<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, NoExchange> {
    Ok(tokio::task::spawn_blocking(work).await?)
}
