//! `weir init`: the newcomer's first command. Writes a configuration, a policy folder and, if the
//! URL holds a password, a file for it; overwrites nothing.

use super::url::Url;
use crate::{cli::InitArgs, exit::Failure, out::Out};
use std::{
    fs::{DirBuilder, OpenOptions},
    io::{self, Write},
    net::IpAddr,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

const POLICY_FILE: &str = "own.cedar";

const POLICIES: &str = "\
// Policies of your own, over those that Weir ships (see `weir policy list`). A change applies to
// live sessions within a second; a broken file is reported and what was in force stays.
// Take the slashes away from what you want, then: weir policy check
//
// Members of the group support see email addresses as they are:
//
// @id(\"support-sees-emails\")
// @reason(\"support answers customers by email\")
// permit (
//     principal in Group::\"support\",
//     action == Action::\"disclose\",
//     resource in Label::\"email\"
// );
//
// A person's change of more than 100 rows is undone:
//
// @id(\"small-changes\")
// @reason(\"more than 100 rows at once are a migration\")
// @change_limit(\"100\")
// permit (
//     principal is Person,
//     action in Action::\"write\",
//     resource
// );
";

pub(super) fn init(file: &Path, args: &InitArgs) -> Result<(), Failure> {
    let url = Url::parse(&args.upstream).map_err(|why| Failure::Refused(why.to_owned()))?;
    let name = args.name.as_deref().unwrap_or(&url.database);
    let base = file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let secret_file = base.join("secrets").join(safe(name));
    let policy_file = base.join("policies").join(POLICY_FILE);
    let stored = url.password.is_some() && args.password_env.is_none();
    let mut planned = vec![file];
    if stored {
        planned.push(&secret_file);
    }
    if let Some(taken) = planned.iter().find(|path| path.exists()) {
        let why = format!("{} is there already and is not overwritten", taken.display());
        return Err(Failure::Refused(why));
    }
    let text = render(&url, name, args, stored);
    // What `init` writes must be what `serve` takes.
    config::parse(file, &text).map_err(crate::exit::problems)?;
    if let (true, Some(password)) = (stored, &url.password) {
        write(&secret_file, 0o600, &format!("{password}\n"))?;
    }
    if !policy_file.exists() {
        write(&policy_file, 0o644, POLICIES)?;
    }
    write(file, 0o644, &text)?;
    let password = match (&args.password_env, stored) {
        (Some(variable), _) => Password::Variable(variable),
        (None, true) => Password::File(&secret_file),
        (None, false) => Password::None,
    };
    Ok(say(file, name, &password)?)
}

/// A file name that stays in its folder.
fn safe(name: &str) -> String {
    let safe = |c: char| if c.is_alphanumeric() || "-_".contains(c) { c } else { '_' };
    name.chars().map(safe).collect()
}

fn write(path: &Path, mode: u32, text: &str) -> Result<(), Failure> {
    let dir_mode = if mode == 0o600 { 0o700 } else { 0o755 };
    if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(dir_mode).create(dir)?;
    }
    let wrote = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    wrote.map_err(|error| {
        Failure::Failed(anyhow::Error::new(error).context(path.display().to_string()))
    })
}

fn render(url: &Url, name: &str, args: &InitArgs, stored: bool) -> String {
    let (tls, why) = tls(url);
    let password = match &args.password_env {
        Some(variable) => format!("password = {{ env = {} }}", quote(variable)),
        None if stored => {
            format!("password = {{ file = {} }}", quote(&format!("secrets/{}", safe(name))))
        }
        None => format!(
            "# password = {{ env = {} }}   # or {{ file = \"/run/secrets/shop\" }}",
            quote(&variable(name))
        ),
    };
    let database = if name == url.database {
        String::new()
    } else {
        format!("database = {}\n", quote(&url.database))
    };
    format!(
        "\
# Weir's configuration. An unknown key is an error; `weir check` finds every mistake at once.
# Every key with its default: docs/reference.md

state_dir = \"state\"             # control state, ledger, development certificate: back it up
environment = {environment}     # what policies know each database as

[listen]
postgres = \"127.0.0.1:6432\"     # clients connect here
http = \"127.0.0.1:6480\"         # /healthz /readyz /metrics
# api = \"127.0.0.1:6443\"        # the API, MCP and the console: https://127.0.0.1:6443/

[tls]
# certificate = \"server.pem\"    # without them a development certificate makes itself
# key = \"server.key\"
plaintext = \"loopback\"          # without TLS from this machine only

[policies]
dir = \"policies\"                # over the policies that Weir ships

[limits]
idle_timeout = \"0\"              # \"30m\" ends sessions whose client is silent; 0 is never
statement_timeout = \"0\"         # \"60s\" cancels statements that run longer

[[database]]
name = {name}

[database.upstream]
host = {host}
port = {port}
{database}user = {user}
{password}
tls = {tls}{why}

# [console]
# approvers = [\"dba\"]           # groups whose members decide about requests in the console

[log]
level = \"info\"
format = \"text\"                 # \"json\" for machines
",
        environment = quote(&args.environment),
        name = quote(name),
        host = quote(&url.host),
        port = url.port,
        user = quote(&url.user),
        tls = quote(tls),
    )
}

/// The TLS mode for the upstream, and a remark. Weaker than verify-full only where the URL asks
/// for it, or where the packets do not leave the machine.
fn tls(url: &Url) -> (&'static str, &'static str) {
    let loopback = url.host == "localhost"
        || url.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    match url.sslmode.as_deref() {
        Some("disable") => ("disable", ""),
        Some("allow" | "prefer" | "require" | "verify-ca") => {
            ("require", "                   # better: verify-full")
        }
        None if loopback => ("disable", "                   # it is on this machine"),
        Some(_) | None => {
            ("verify-full", "               # or \"require\", \"disable\"; `ca` names an authority")
        }
    }
}

/// A TOML basic string.
fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A variable's name for a database's password.
fn variable(database: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    format!("{}_PASSWORD", database.chars().map(letter).collect::<String>())
}

/// Where the upstream's password stands.
enum Password<'a> {
    File(&'a Path),
    Variable(&'a str),
    None,
}

fn say(file: &Path, name: &str, password: &Password<'_>) -> io::Result<()> {
    let mut out = Out::new();
    let shown = file.display();
    out.line(format!("Wrote {shown} and a policy folder beside it."))?;
    match password {
        Password::File(secret) => {
            let secret = secret.display();
            out.line(format!("The password is in {secret}, which only you can read."))?;
        }
        Password::Variable(variable) => {
            out.line(format!("The password is in ${variable} when `weir serve` starts."))?;
        }
        Password::None => {
            out.text(format!(
                "The URL has no password. If the database asks for one, set `password` in \
                 [database.upstream] of {shown},\nor begin anew with --password-env {}.",
                variable(name)
            ))?;
        }
    }
    out.text("\nNext:")?;
    out.line("  weir identity add alice --kind person")?;
    out.line("  weir check")?;
    out.line("  weir serve")?;
    out.line(format!("  psql \"host=127.0.0.1 port=6432 user=alice dbname={name}\""))?;
    out.flush()
}
