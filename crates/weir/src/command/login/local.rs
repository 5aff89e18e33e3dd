//! `weir login --local`: a sign-in by password, and a code where there is a second factor, for
//! people whom Weir itself knows. Neither is kept; what is, is Weir's token for the sign-in.

use super::{super::identity::asked, offer};
use crate::{
    cli::LoginArgs,
    exit::Failure,
    login::{Login, Vouching},
};
use anyhow::{Context, bail};
use identity::Secret;
use serde_json::{Value, json};
use sso::Web;
use std::{
    io::{BufRead, Read},
    path::{Path, PathBuf},
};

/// The longest password and code that are read: bytes.
const MAX_BYTES: u64 = 2_048;

/// Where people sign in who are Weir's own.
pub(super) struct Place<'p> {
    pub(super) weir: String,
    pub(super) host: String,
    pub(super) ca: Option<PathBuf>,
    pub(super) file: &'p Path,
}

pub(super) async fn login(args: LoginArgs, place: Place<'_>) -> Result<Login, Failure> {
    let Place { weir, host, ca, file } = place;
    let port = match args.port {
        Some(port) => port,
        None => offer(&weir, ca.as_deref()).await?.postgres_port,
    };
    let name = args.user.or_else(|| std::env::var("USER").ok()).filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| Failure::Refused("say who you are: --user NAME".to_owned()))?;
    let (password, code) = match args.password_stdin {
        true => from_stdin()?,
        false => at_terminal(&name)?,
    };
    let sign_in = sign_in(&weir, ca.as_deref(), (&name, &password, &code)).await?;
    let own = Vouching {
        name: "weir".to_owned(),
        issuer: String::new(),
        client_id: String::new(),
        scopes: Vec::new(),
        ca: None,
    };
    let login = Login {
        weir,
        ca,
        host: args.host.unwrap_or(host),
        port,
        provider: own,
        refresh: None,
        sign_in: Some(sign_in),
        identity: String::new(),
        token: None,
    };
    Ok(login.begin_local(file).await?)
}

/// The token of a sign-in to the API.
async fn sign_in(
    weir: &str,
    ca: Option<&Path>,
    (name, password, code): (&str, &Secret, &Secret),
) -> anyhow::Result<String> {
    let mut shown = json!({ "name": name, "password": password.expose() });
    if let (false, Some(fields)) = (code.expose().is_empty(), shown.as_object_mut()) {
        fields.insert("code".to_owned(), code.expose().into());
    }
    let answer = Web::new(ca)?.post_json(&format!("{weir}/api/v1/session"), &shown).await;
    let answer = answer.with_context(|| format!("Weir at {weir} cannot be asked"))?;
    let text = |name: &str| answer.body.get(name).and_then(Value::as_str);
    if !answer.good {
        let words = text("detail").or(text("title")).unwrap_or("no reason given");
        let words: String = words.chars().filter(|c| !c.is_control()).take(300).collect();
        bail!("Weir refuses: {words}");
    }
    Ok(text("token").context("Weir's answer is not understood")?.to_owned())
}

fn at_terminal(name: &str) -> Result<(Secret, Secret), Failure> {
    let otherwise = || {
        format!(
            "there is no terminal to ask for {name}'s password and code at: give them with \
             --password-stdin, the password in the first line and the code, if there is a second \
             factor, in the second"
        )
    };
    let password = asked(&format!("Password of {name}: "), otherwise)?;
    let code = asked("Code (empty if you have no second factor): ", otherwise)?;
    Ok((password, Secret::from(code.expose().trim().to_owned())))
}

/// Two lines: the password, and the code if there is one.
fn from_stdin() -> anyhow::Result<(Secret, Secret)> {
    let mut lines = std::io::BufReader::new(std::io::stdin().take(MAX_BYTES)).lines();
    let password = lines.next().transpose()?.unwrap_or_default();
    let code = lines.next().transpose()?.unwrap_or_default();
    Ok((Secret::from(password), Secret::from(code.trim().to_owned())))
}
