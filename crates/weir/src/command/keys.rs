//! `weir key …`: keys of services and agents. A secret is shown once and kept nowhere. Knows no
//! session: a running `weir serve` sees in the store what is good.

use crate::{
    actor::actor,
    cli::{KeyCommand, KeyCreate, KeyRotate},
    exit::Failure,
    out::Out,
    uptake::taken_up,
};
use config::Config;
use identity::{ScramVerifier, Secret, secret::KEY_PREFIX, token_hash};
use ledger::Time;
use model::{CredentialKind, IdentityKind};
use std::time::{Duration, SystemTime};
use store::{Account, KeptCredential, NewCredential, Store};

/// What the record says who made a key.
const SOURCE: &str = "command line";
/// The most databases of one key.
const MAX_DATABASES: usize = 64;

pub(super) async fn run(config: &Config, command: KeyCommand) -> Result<(), Failure> {
    match command {
        KeyCommand::Create(args) => create(config, args).await,
        KeyCommand::List { identity, all, json } => {
            list(config, identity.as_deref(), all, json).await
        }
        KeyCommand::Rotate(args) => rotate(config, args).await,
        KeyCommand::Revoke { key } => revoke(config, &key).await,
    }
}

async fn create(config: &Config, args: KeyCreate) -> Result<(), Failure> {
    for database in &args.databases {
        if config.database(database).is_none() {
            let why = format!("there is no database \"{database}\" in weir.toml");
            return Err(Failure::Refused(why));
        }
    }
    if args.databases.len() > MAX_DATABASES {
        let why = format!("a key is for {MAX_DATABASES} databases at most, or for all");
        return Err(Failure::Refused(why));
    }
    let store = Store::open(&config.state_dir).await?;
    let now = SystemTime::now();
    let (new, secret) =
        made(&store, config, &args.identity, (args.databases, None), args.seconds, now).await?;
    store.add_credential(&new, &actor(), now).await?;
    store.close().await;
    let uptake = taken_up(&config.state_dir).await;
    show(&new, &secret, None, args.json)?;
    uptake.told()
}

async fn rotate(config: &Config, args: KeyRotate) -> Result<(), Failure> {
    let store = Store::open(&config.state_dir).await?;
    let now = SystemTime::now();
    let Some(old) = store.credential(&args.key).await? else {
        return Err(Failure::Refused(format!("there is no key \"{}\"", args.key)));
    };
    let scope = (old.new.databases, Some(args.key));
    let whose = old.new.identity.as_str();
    let (new, secret) = made(&store, config, whose, scope, args.seconds, now).await?;
    let until = now + Duration::from_secs(args.overlap).min(config.keys.longest);
    let until = store.rotate_key(&new, until, &actor(), now).await?;
    store.close().await;
    let uptake = taken_up(&config.state_dir).await;
    show(&new, &secret, Some(until), args.json)?;
    uptake.told()
}

/// A key for somebody, and its secret.
async fn made(
    store: &Store,
    config: &Config,
    name: &str,
    (databases, replaces): (Vec<String>, Option<String>),
    seconds: Option<u64>,
    now: SystemTime,
) -> Result<(NewCredential, Secret), Failure> {
    let refused = |why: String| Err(Failure::Refused(why));
    let Some(Account { name, kind, verifier, .. }) = store.identity(name).await? else {
        return refused(format!("there is no identity \"{name}\""));
    };
    if kind == IdentityKind::Person {
        let ways = "keys are for services and agents; a person signs in by a provider, a \
                    certificate or a password";
        return refused(format!("{name} is a person: {ways}"));
    }
    let lasts = seconds.map_or(config.keys.lifetime, Duration::from_secs);
    if lasts > config.keys.longest {
        let days = config.keys.longest.as_secs() / (24 * 3_600);
        let why = format!("a key is good for {days} days at most (`longest` in [keys])");
        return refused(why);
    }
    let secret = Secret::generate(KEY_PREFIX)?;
    let new = NewCredential {
        id: identity::secret::name("k-")?,
        identity: name,
        kind: CredentialKind::Key,
        verifier: ScramVerifier::parse(verifier.expose())?.beside(&secret).to_text().into(),
        hash: token_hash(&secret),
        databases,
        source: SOURCE.to_owned(),
        not_before: now,
        expires: Some(now + lasts),
        replaces,
        follows: None,
        delegated: None,
    };
    Ok((new, secret))
}

/// Shows a new key, which nobody can do again.
fn show(
    new: &NewCredential,
    secret: &Secret,
    old: Option<SystemTime>,
    json: bool,
) -> Result<(), Failure> {
    let mut out = Out::new();
    let until = new.expires.map(Time::from);
    if json {
        out.json(&serde_json::json!({
            "key": new.id, "identity": new.identity, "secret": secret.expose(),
            "databases": new.databases, "expires": until,
            "replaces": new.replaces, "old_expires": old.map(Time::from),
        }))?;
        return Ok(out.flush()?);
    }
    let until = until.map_or_else(String::new, |until| format!(", good until {until}"));
    out.line(format!("Key {} of {}{until}.", new.id, new.identity))?;
    if let (Some(replaced), Some(old)) = (&new.replaces, old) {
        out.line(format!("{replaced} is good until {}.", Time::from(old)))?;
    }
    out.line(format!("The password of clients, shown this once: {}", secret.expose()))?;
    Ok(out.flush()?)
}

async fn revoke(config: &Config, key: &str) -> Result<(), Failure> {
    let store = Store::open(&config.state_dir).await?;
    let revoked = store.revoke_credential(key, &actor(), SystemTime::now()).await?;
    let known = revoked || store.credential(key).await?.is_some();
    store.close().await;
    if !known {
        return Err(Failure::Refused(format!("there is no key \"{key}\"")));
    }
    let uptake = taken_up(&config.state_dir).await;
    let mut out = Out::new();
    out.line(match revoked {
        true => format!("{key} is revoked; its sessions end."),
        false => format!("{key} was revoked already."),
    })?;
    out.flush()?;
    uptake.told()
}

async fn list(
    config: &Config,
    identity: Option<&str>,
    all: bool,
    json: bool,
) -> Result<(), Failure> {
    let (mut keys, now) = (Vec::new(), SystemTime::now());
    if let Some(store) = Store::open_existing(&config.state_dir).await? {
        if let Some(name) = identity
            && store.identity(name).await?.is_none()
        {
            return Err(Failure::Refused(format!("there is no identity \"{name}\"")));
        }
        keys = store.credentials(identity).await?;
        keys.retain(|one| one.new.kind == CredentialKind::Key && (all || one.is_live(now)));
    }
    let mut out = Out::new();
    if json {
        out.json(&keys.iter().map(|key| object(key, now)).collect::<Vec<_>>())?;
    } else if keys.is_empty() {
        out.line("There is no key in force: weir key create NAME")?;
    } else {
        let header = ["KEY", "IDENTITY", "STATE", "EXPIRES", "LAST USED", "FROM", "DATABASES"];
        let rows: Vec<Vec<String>> = keys.iter().map(|key| row(key, now)).collect();
        out.table(&header, &rows)?;
    }
    Ok(out.flush()?)
}

fn state(key: &KeptCredential, now: SystemTime) -> &'static str {
    match key.revoked {
        Some(_) => "revoked",
        None if key.is_live(now) => "live",
        None => "expired",
    }
}

fn object(key: &KeptCredential, now: SystemTime) -> serde_json::Value {
    let new = &key.new;
    serde_json::json!({
        "key": new.id, "identity": new.identity, "state": state(key, now),
        "databases": new.databases, "source": new.source, "replaces": new.replaces,
        "created": Time::from(key.created), "expires": new.expires.map(Time::from),
        "revoked": key.revoked.map(Time::from),
        "used": key.used.map(Time::from), "used_from": key.used_from,
    })
}

fn row(key: &KeptCredential, now: SystemTime) -> Vec<String> {
    let minute = |time: Option<SystemTime>| {
        let text = time.map_or_else(|| "-".to_owned(), |time| Time::from(time).to_string());
        text.get(..16).unwrap_or(&text).replace('T', " ")
    };
    let databases = match key.new.databases.is_empty() {
        true => "all".to_owned(),
        false => key.new.databases.join(","),
    };
    vec![
        key.new.id.clone(),
        key.new.identity.to_string(),
        state(key, now).to_owned(),
        minute(key.new.expires),
        minute(key.used),
        key.used_from.map_or_else(|| "-".to_owned(), |from| from.to_string()),
        databases,
    ]
}
