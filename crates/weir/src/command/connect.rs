//! `weir connect`: a client with a fresh token in its environment, which is prolonged as long as
//! the client runs; and `weir pgpass`, which writes one down for clients that read files. Needs no
//! weir.toml.

mod forward;

use crate::{
    cli::{ConnectArgs, PgpassArgs},
    exit::Failure,
    login::{self, Login, Token, Want},
    out::Out,
};
use anyhow::{Context, bail};
use std::{
    fs::OpenOptions,
    io::{ErrorKind, Write},
    os::unix::{fs::OpenOptionsExt, process::ExitStatusExt},
    path::{Path, PathBuf},
    process::ExitStatus,
    time::{Duration, SystemTime},
};
use tokio::process::{Child, Command};

/// The shortest time between two tokens.
const APART: Duration = Duration::from_millis(500);
/// How soon it is tried again if a token cannot be prolonged.
const AGAIN: Duration = Duration::from_secs(15);

pub(super) async fn connect(args: ConnectArgs) -> Result<(), Failure> {
    if let Some(address) = &args.forward {
        return forward::forward(&args.database, address).await;
    }
    let file = login::file()?;
    // Never one that is about to end: what cannot be prolonged any more is replaced.
    let (login, token) = login::token(&file, &[], Want::Fresh).await?;
    let mut words = args.client.into_iter();
    let program = words.next().unwrap_or_else(|| "psql".into());
    let mut command = Command::new(&program);
    command.args(words).envs(environment(&login, &args.database, &token));
    let child = command.spawn();
    let child = child.with_context(|| format!("cannot run {}", program.to_string_lossy()))?;
    let status = accompany(child, &file, token.until).await?;
    match code(status) {
        0 => Ok(()),
        code => Err(Failure::Ended(code)),
    }
}

/// What every client over libpq, and most others, take from their environment.
fn environment(login: &Login, database: &str, token: &Token) -> Vec<(&'static str, String)> {
    let mut all = vec![
        ("PGHOST", login.host.clone()),
        ("PGPORT", login.port.to_string()),
        ("PGUSER", login.identity.clone()),
        ("PGDATABASE", database.to_owned()),
        ("PGPASSWORD", token.secret.expose().to_owned()),
    ];
    all.extend(trust(login));
    all
}

/// How a client makes sure that this is Weir: by its certificate, and by SCRAM's channel binding,
/// which nobody in between survives.
fn trust(login: &Login) -> Vec<(&'static str, String)> {
    let mut all = vec![("PGCHANNELBINDING", "require".to_owned())];
    match &login.ca {
        Some(ca) => {
            all.push(("PGSSLMODE", "verify-full".to_owned()));
            all.push(("PGSSLROOTCERT", ca.display().to_string()));
        }
        // Clients before version 16 do not know the system's certificates.
        None => all.push(("PGSSLMODE", "require".to_owned())),
    }
    all
}

/// Waits for the client to end, and prolongs its token meanwhile.
async fn accompany(
    mut child: Child,
    file: &Path,
    mut until: SystemTime,
) -> anyhow::Result<ExitStatus> {
    let mut wait = half(until);
    loop {
        tokio::select! {
            status = child.wait() => return Ok(status?),
            // It is for the client, which hears it too.
            interrupted = tokio::signal::ctrl_c() => interrupted?,
            () = tokio::time::sleep(wait) => match login::token(file, &[], Want::Longer).await {
                Ok((_, token)) => {
                    until = token.until;
                    wait = half(until);
                }
                Err(error) if until > SystemTime::now() => {
                    eprintln!("weir: the token was not prolonged: {error:#}");
                    wait = half(until).min(AGAIN);
                }
                // It is over, and the session with it; the client may have ways to go on.
                Err(_) => wait = AGAIN,
            },
        }
    }
}

/// Half the time that is left.
fn half(until: SystemTime) -> Duration {
    let left = until.duration_since(SystemTime::now()).unwrap_or_default();
    (left / 2).max(APART)
}

/// The code that a shell would give.
fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

pub(super) async fn pgpass(args: PgpassArgs) -> Result<(), Failure> {
    let (login, token) = login::token(&login::file()?, &[], Want::Fresh).await?;
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let place = |variable: &str, name: &str| {
        let set = std::env::var_os(variable).filter(|value| !value.is_empty());
        let own = set.map(PathBuf::from).or_else(|| home.as_ref().map(|home| home.join(name)));
        own.with_context(|| format!("neither {variable} nor HOME is set"))
    };
    let mut out = Out::new();
    let passwords = place("PGPASSFILE", ".pgpass")?;
    let key = [&login.host, &login.port.to_string(), "*", &login.identity].map(escaped).join(":");
    let line = format!("{key}:{}", escaped(token.secret.expose()));
    replace(&passwords, |text| with_line(text, &format!("{key}:"), &line))?;
    out.line(format!("{} has a token until {}.", passwords.display(), at(token.until)))?;
    if let Some(service) = args.service {
        let database = args.database.unwrap_or_else(|| service.clone());
        let services = place("PGSERVICEFILE", ".pg_service.conf")?;
        if !service.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)) {
            let why = "a service's name has letters, digits and . _ -".to_owned();
            return Err(Failure::Refused(why));
        }
        let section = section(&login, &service, &database);
        replace(&services, |text| with_section(text, &service, &section))?;
        out.line(format!("{} has the service {service}.", services.display()))?;
    }
    Ok(out.flush()?)
}

fn at(time: SystemTime) -> String {
    ledger::Time::from(time).to_string()
}

/// A field of `.pgpass`.
fn escaped(field: impl AsRef<str>) -> String {
    field.as_ref().replace('\\', "\\\\").replace(':', "\\:")
}

/// The text with this line in the place of those that begin so; others stay as they are.
fn with_line(text: &str, begins: &str, line: &str) -> String {
    // The first that fits is the one that libpq takes.
    let mut new = format!("{line}\n");
    for other in text.lines().filter(|other| !other.starts_with(begins)) {
        new += other;
        new.push('\n');
    }
    new
}

fn section(login: &Login, service: &str, database: &str) -> String {
    let mut text = format!(
        "[{service}]\nhost={}\nport={}\nuser={}\ndbname={database}\n",
        login.host, login.port, login.identity
    );
    for (name, value) in trust(login) {
        let name = match name {
            "PGCHANNELBINDING" => "channel_binding",
            "PGSSLMODE" => "sslmode",
            _ => "sslrootcert",
        };
        text += &format!("{name}={value}\n");
    }
    text
}

/// The text with this section in the place of the one of that name.
fn with_section(text: &str, service: &str, section: &str) -> String {
    let mut new = String::new();
    let mut inside = false;
    for line in text.lines() {
        if line.trim_start().starts_with('[') {
            inside = line.trim() == format!("[{service}]");
        }
        if !inside {
            new += line;
            new.push('\n');
        }
    }
    new + section
}

/// Replaces a file as a whole, readable by its owner only. What it is not understood as stays.
fn replace(file: &Path, change: impl FnOnce(&str) -> String) -> anyhow::Result<()> {
    let text = match std::fs::read_to_string(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        text => text.with_context(|| file.display().to_string())?,
    };
    let Some(name) = file.file_name() else { bail!("{} is no file", file.display()) };
    let mut draft = name.to_owned();
    draft.push(".draft");
    let draft = file.with_file_name(draft);
    let _ = std::fs::remove_file(&draft);
    let mut out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    out.write_all(change(&text).as_bytes())?;
    out.sync_all()?;
    std::fs::rename(&draft, file).with_context(|| file.display().to_string())
}

#[cfg(test)]
mod tests;
