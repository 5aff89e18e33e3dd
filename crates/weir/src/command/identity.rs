//! `weir identity …`: changes to who may sign in. Each leaves an event in the store, which the
//! process that holds the ledger copies into it. Knows no session.

use super::totp;
use crate::{
    actor::actor,
    cli::{GroupCommand, IdentityAdd, IdentityCommand, IdentityPassword},
    exit::Failure,
    out::Out,
    uptake::{Uptake, taken_up},
};
use config::Config;
use identity::{ScramVerifier, Secret, secret::AGENT_KEY_PREFIX, secret::SERVICE_KEY_PREFIX};
use ledger::Time;
use model::{IdentityKind, IdentityName};
use std::{
    io::{ErrorKind, Read},
    time::SystemTime,
};
use store::{Account, NewIdentity, Passkey, Store, Verifier};

/// Longest name of a provider for somebody: bytes, as OpenID Connect has it.
const MAX_SUBJECT: usize = 255;
/// Longest password that is taken from standard input.
const MAX_PASSWORD_BYTES: u64 = 1024;

pub(super) async fn run(config: &Config, command: IdentityCommand) -> Result<(), Failure> {
    let (by, now) = (actor(), SystemTime::now());
    if let IdentityCommand::List { json } = command {
        return list(config, json).await;
    }
    if let IdentityCommand::Totp(command) = command {
        return totp::run(config, command).await;
    }
    let asks = matches!(command, IdentityCommand::Passkeys { remove: None, .. });
    let store = Store::open(&config.state_dir).await?;
    let said = match command {
        IdentityCommand::Add(args) => add(&store, config, args, &by, now).await?,
        IdentityCommand::Password(args) => password(&store, args, &by, now).await?,
        IdentityCommand::List { .. } | IdentityCommand::Totp(_) => String::new(),
        IdentityCommand::Disable { name } => {
            match store.set_enabled(&name, false, &by, now).await? {
                true => format!("{name} may no longer sign in."),
                false => format!("{name} was disabled already."),
            }
        }
        IdentityCommand::Enable { name } => match store.set_enabled(&name, true, &by, now).await? {
            true => format!("{name} may sign in again."),
            false => format!("{name} was enabled already."),
        },
        IdentityCommand::Link { name, provider, subject } => {
            let subject = subject.as_deref();
            if subject.is_some_and(|subject| subject.is_empty() || subject.len() > MAX_SUBJECT) {
                let why = format!("a subject has 1 to {MAX_SUBJECT} bytes");
                return Err(Failure::Refused(why));
            }
            if !config.providers.iter().any(|one| one.name == provider) {
                let why = format!("there is no provider \"{provider}\" in weir.toml");
                return Err(Failure::Refused(why));
            }
            match (store.link(&name, (&provider, subject), &by, now).await?, subject) {
                (true, _) => format!("{name} comes by {provider} from now on."),
                (false, None) => format!("{name} comes by a provider already."),
                (false, Some(subject)) => {
                    let why = format!("{name} is bound already, or {subject:?} is somebody else");
                    return Err(Failure::Refused(why));
                }
            }
        }
        IdentityCommand::Group(GroupCommand::Add { name, group }) => {
            match store.add_group(&name, &group, &by, now).await? {
                true => format!("{name} is in {group} now."),
                false => format!("{name} was in {group} already."),
            }
        }
        IdentityCommand::Group(GroupCommand::Remove { name, group }) => {
            match store.remove_group(&name, &group, &by, now).await? {
                true => format!("{name} is no longer in {group}."),
                false => format!("{name} was not in {group}."),
            }
        }
        IdentityCommand::Passkeys { name, remove } => {
            passkeys(&store, &name, remove.as_deref(), &by, now).await?
        }
    };
    store.close().await;
    let uptake = match asks {
        true => Uptake::Done,
        false => taken_up(&config.state_dir).await,
    };
    let mut out = Out::new();
    out.text(said)?;
    out.flush()?;
    uptake.told()
}

/// Tells of a person's passkeys, or takes one of them away.
async fn passkeys(
    store: &Store,
    name: &str,
    remove: Option<&str>,
    by: &str,
    now: SystemTime,
) -> Result<String, Failure> {
    if let Some(passkey) = remove {
        return match store.remove_passkey(name, passkey, by, now).await? {
            true => Ok(format!("{passkey} is removed: {name} signs nothing with it any more.")),
            false => Err(Failure::Refused(format!("{name} has no passkey \"{passkey}\""))),
        };
    }
    let line = |key: store::Passkey| {
        let used = key.used.map_or("never".to_owned(), |at| Time::from(at).to_string());
        let Passkey { name, site, added, .. } = key;
        format!("{name}, for {site}, since {}, signed last: {used}", Time::from(added))
    };
    let lines: Vec<String> = store.passkeys(name).await?.into_iter().map(line).collect();
    Ok(match lines.is_empty() {
        true => format!("{name} has no passkey."),
        false => lines.join("\n"),
    })
}

async fn add(
    store: &Store,
    config: &Config,
    args: IdentityAdd,
    by: &str,
    now: SystemTime,
) -> Result<String, Failure> {
    let kind = IdentityKind::from(args.kind);
    let (secret, made) = secret(args.password_stdin, kind)?;
    let admin = args.groups.iter().any(|group| group == "admins");
    let new = NewIdentity {
        name: IdentityName::new(args.name.as_str()),
        kind,
        groups: args.groups,
        acts_for: args.acts_for.map(IdentityName::new),
        verifier: verifier(&secret)?,
    };
    store.add_identity(new, by, now).await?;
    let shown = made.then(|| secret.expose());
    if args.json {
        let mut report = serde_json::json!({ "name": args.name, "kind": kind.as_str() });
        if let (Some(password), Some(fields)) = (shown, report.as_object_mut()) {
            fields.insert("password".into(), password.into());
        }
        return Ok(report.to_string());
    }
    let mut said = format!("Added {} {}.", kind.as_str(), args.name);
    if let Some(password) = shown {
        said += &format!("\nPassword, shown this once: {password}");
    }
    let address = config.listen.postgres;
    let database = config.databases.first().map_or("DATABASE", |one| one.name.as_str());
    let database = if database == "*" { "DATABASE" } else { database };
    said += &format!(
        "\nTry: psql \"host={} port={} user={} dbname={database}\"",
        address.ip(),
        address.port(),
        args.name
    );
    if kind == IdentityKind::Service && !admin {
        said += "\nIt reads masked. If it is the backend of an application, which needs its own \
                 data as it is: weir policy add application";
    }
    Ok(said)
}

async fn password(
    store: &Store,
    args: IdentityPassword,
    by: &str,
    now: SystemTime,
) -> Result<String, Failure> {
    let Some(account) = store.identity(&args.name).await? else {
        return Err(Failure::Refused(format!("there is no identity \"{}\"", args.name)));
    };
    let (secret, made) = secret(args.password_stdin, account.kind)?;
    // With the salt of the one before, or no key of this identity could be told by it any more.
    let verifier = match ScramVerifier::parse(account.verifier.expose()) {
        Ok(before) => before.beside(&secret).to_text().into(),
        Err(_) => verifier(&secret)?,
    };
    store.set_verifier(&args.name, &verifier, by, now).await?;
    let shown = made.then(|| secret.expose());
    if args.json {
        let mut report = serde_json::json!({ "name": args.name });
        if let (Some(password), Some(fields)) = (shown, report.as_object_mut()) {
            fields.insert("password".into(), password.into());
        }
        return Ok(report.to_string());
    }
    Ok(match shown {
        Some(password) => {
            format!("{} has a new password, shown this once: {password}", args.name)
        }
        None => format!("{} has a new password.", args.name),
    })
}

/// The password to use, and whether it was made here and must be shown.
fn secret(from_stdin: bool, kind: IdentityKind) -> Result<(Secret, bool), Failure> {
    if !from_stdin {
        let made = match kind {
            IdentityKind::Person => Secret::password()?,
            IdentityKind::Service => Secret::generate(SERVICE_KEY_PREFIX)?,
            IdentityKind::Agent => Secret::generate(AGENT_KEY_PREFIX)?,
        };
        return Ok((made, true));
    }
    Ok((password_from_stdin()?, false))
}

/// Somebody's password: from standard input, or asked for at the terminal.
pub(super) fn password_of(name: &str, from_stdin: bool) -> Result<Secret, Failure> {
    if from_stdin {
        return password_from_stdin();
    }
    asked(&format!("Password of {name}: "), || {
        format!(
            "there is no terminal to ask for {name}'s password at: give it with --password-stdin"
        )
    })
}

/// What somebody types at the terminal without its being shown; where there is none, `otherwise`
/// says what to do.
pub(super) fn asked(prompt: &str, otherwise: impl Fn() -> String) -> Result<Secret, Failure> {
    match rpassword::prompt_password(prompt) {
        Ok(typed) => Ok(Secret::from(typed)),
        // ENXIO: the process has no terminal (`man 4 tty`); or there is no such device at all.
        Err(error) if error.raw_os_error() == Some(6) || error.kind() == ErrorKind::NotFound => {
            Err(Failure::Usage(otherwise()))
        }
        Err(error) => Err(error.into()),
    }
}

/// One line of standard input.
fn password_from_stdin() -> Result<Secret, Failure> {
    let mut text = String::new();
    std::io::stdin().take(MAX_PASSWORD_BYTES + 2).read_to_string(&mut text)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() {
        return Err(Failure::Refused("standard input holds no password".into()));
    }
    if line.contains('\n') || line.len() as u64 > MAX_PASSWORD_BYTES {
        let why = format!("a password is one line of at most {MAX_PASSWORD_BYTES} bytes");
        return Err(Failure::Refused(why));
    }
    Ok(Secret::from(line.to_owned()))
}

fn verifier(secret: &Secret) -> Result<Verifier, Failure> {
    Ok(ScramVerifier::for_password(secret)?.to_text().into())
}

async fn list(config: &Config, json: bool) -> Result<(), Failure> {
    let accounts = match Store::open_existing(&config.state_dir).await? {
        Some(store) => store.identities().await?,
        None => Vec::new(),
    };
    let mut out = Out::new();
    if json {
        out.json(&accounts.iter().map(object).collect::<Vec<_>>())?;
    } else if accounts.is_empty() {
        out.line("There is nobody yet: weir identity add NAME --kind person")?;
    } else {
        let rows: Vec<Vec<String>> = accounts.iter().map(row).collect();
        out.table(&["NAME", "KIND", "STATE", "ACTS FOR", "CHANGED", "GROUPS"], &rows)?;
    }
    Ok(out.flush()?)
}

fn object(account: &Account) -> serde_json::Value {
    serde_json::json!({
        "name": account.name,
        "kind": account.kind,
        "enabled": account.enabled,
        "acts_for": account.acts_for,
        "groups": account.groups,
        "created": ledger::Time::from(account.created),
        "changed": ledger::Time::from(account.changed),
    })
}

fn row(account: &Account) -> Vec<String> {
    let changed = ledger::Time::from(account.changed).to_string();
    vec![
        account.name.to_string(),
        account.kind.as_str().to_owned(),
        if account.enabled { "enabled" } else { "disabled" }.to_owned(),
        account.acts_for.as_ref().map_or("-", IdentityName::as_str).to_owned(),
        changed.get(..16).unwrap_or(&changed).replace('T', " "),
        account.groups.join(","),
    ]
}
