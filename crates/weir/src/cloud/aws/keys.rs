//! The keys that AWS gave this machine, found where AWS's own SDKs find them, in their order:
//! environment, web identity, shared file, container, instance (IMDSv2, never the version without a
//! token).

use super::{
    super::ask::{Answer, Web, send},
    role,
};
use anyhow::{Context, bail};
use identity::Secret;
use ledger::Time;
use reqwest::RequestBuilder;
use serde_json::Value;
use std::{
    env, fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Where a container of ECS asks.
const CONTAINER: &str = "http://169.254.170.2";
/// The hosts that a container may be sent to without TLS, beside this machine: ECS's and EKS's.
const CONTAINERS: [&str; 5] =
    ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]", "localhost", "127.0.0.1"];
/// How long the token of a question to the instance is good for: seconds.
const ASKED_FOR: &str = "300";
/// The longest shared file that is read: bytes.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Keys of AWS.
pub(super) struct Keys {
    pub(super) id: String,
    pub(super) secret: Secret,
    /// Goes with keys that are good for a while.
    pub(super) token: Option<Secret>,
    pub(super) until: Option<SystemTime>,
}

/// The first keys that there are.
pub(super) async fn found(web: &Web, settings: &config::Aws, region: &str) -> anyhow::Result<Keys> {
    if let Some(keys) = of_environment()? {
        return Ok(keys);
    }
    if let Some(keys) = role::assumed(web, region).await? {
        return Ok(keys);
    }
    let named = settings.profile.clone().or_else(|| variable("AWS_PROFILE"));
    let of_file = tokio::task::spawn_blocking(move || of_file(named.as_deref())).await?;
    if let Some(keys) = of_file? {
        return Ok(keys);
    }
    match of_container(web).await? {
        Some(keys) => Ok(keys),
        None => of_instance(web, &settings.metadata).await,
    }
}

pub(super) fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|text| !text.is_empty())
}

fn of_environment() -> anyhow::Result<Option<Keys>> {
    let (id, secret) = (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"));
    match (id, secret) {
        (None, None) => Ok(None),
        (Some(id), Some(secret)) => {
            let token = variable("AWS_SESSION_TOKEN").map(Secret::from);
            Ok(Some(Keys { id, secret: Secret::from(secret), token, until: None }))
        }
        _ => bail!("of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY only one is set"),
    }
}

/// Those of a profile; a profile that is named has to be there.
fn of_file(named: Option<&str>) -> anyhow::Result<Option<Keys>> {
    let own = || Some(PathBuf::from(env::var_os("HOME")?).join(".aws/credentials"));
    let path = variable("AWS_SHARED_CREDENTIALS_FILE").map(PathBuf::from).or_else(own);
    let text = match path.as_deref().map(read) {
        Some(text) => text?,
        None => None,
    };
    let keys = text.as_deref().and_then(|text| of_profile(text, named.unwrap_or("default")));
    match (keys, named) {
        (None, Some(named)) => bail!("the shared file has no keys of a profile {named:?}"),
        (keys, _) => Ok(keys),
    }
}

/// A file's text; nothing if it is not there.
pub(super) fn read(path: &Path) -> anyhow::Result<Option<String>> {
    let told = || format!("the file {}", path.display());
    match fs::metadata(path) {
        Ok(data) if data.len() > MAX_FILE_BYTES => bail!("{} is too long", told()),
        Ok(_) => fs::read_to_string(path).map(Some).with_context(told),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(told),
    }
}

/// The keys of `[name]` in an INI file; nothing if either half is missing.
pub(super) fn of_profile(text: &str, name: &str) -> Option<Keys> {
    let (mut inside, mut id, mut secret, mut token) = (false, None, None, None);
    for line in text.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[').and_then(|line| line.split(']').next()) {
            inside = section.trim() == name;
        }
        let Some((key, value)) = line.split_once('=').filter(|_| inside) else { continue };
        let value = Some(value.trim().to_owned()).filter(|value| !value.is_empty());
        match key.trim().to_ascii_lowercase().as_str() {
            "aws_access_key_id" => id = value,
            "aws_secret_access_key" => secret = value.map(Secret::from),
            "aws_session_token" => token = value.map(Secret::from),
            _ => {}
        }
    }
    Some(Keys { id: id?, secret: secret?, token, until: None })
}

/// Those that a container is told where to ask for.
async fn of_container(web: &Web) -> anyhow::Result<Option<Keys>> {
    let relative = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    let full = variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    let url = match (relative, full) {
        (Some(path), _) => format!("{CONTAINER}{path}"),
        (None, Some(url)) => url,
        (None, None) => return Ok(None),
    };
    if !is_of_container(&url) {
        bail!("AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor a container's own");
    }
    let word = match variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
        Some(file) => read(Path::new(&file))?.map(|word| word.trim().to_owned()),
        None => variable("AWS_CONTAINER_AUTHORIZATION_TOKEN"),
    };
    let mut request = web.get(&url);
    if let Some(word) = word {
        request = request.header("authorization", word);
    }
    answered(request, "the container's endpoint").await.map(Some)
}

/// True if keys may be asked for there.
pub(super) fn is_of_container(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return url.starts_with("https://") };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let bare = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|c| c.is_ascii_digit()));
    CONTAINERS.contains(&bare.map_or(host, |(host, _)| host))
}

/// Those of the role of an instance.
async fn of_instance(web: &Web, metadata: &str) -> anyhow::Result<Keys> {
    if variable("AWS_EC2_METADATA_DISABLED").is_some_and(|said| said.eq_ignore_ascii_case("true")) {
        bail!("there are no keys in the environment or a file, and the instance is not asked");
    }
    let whom = "the instance's metadata service";
    let asked = web.put(&format!("{metadata}/latest/api/token"));
    let asked = asked.header("x-aws-ec2-metadata-token-ttl-seconds", ASKED_FOR);
    let word = send(asked, whom).await?;
    let word = word.text()?.trim();
    let path = format!("{metadata}/latest/meta-data/iam/security-credentials/");
    let get = |path: &str| web.get(path).header("x-aws-ec2-metadata-token", word);
    let roles = send(get(&path), whom).await.context("has the instance a role?")?;
    let role = roles.text()?.lines().next().map(str::trim).filter(|role| !role.is_empty());
    let role = role.context("the instance has no role")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
    if !role.chars().all(plain) {
        bail!("the name of the instance's role is none");
    }
    answered(get(&format!("{path}{role}")), whom).await
}

async fn answered(request: RequestBuilder, whom: &str) -> anyhow::Result<Keys> {
    of_answer(&send(request, whom).await?).with_context(|| format!("{whom} gives no keys"))
}

fn of_answer(answer: &Answer) -> anyhow::Result<Keys> {
    let said = answer.json()?;
    let text = |name: &str| {
        let text = said.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        text.map(str::to_owned)
    };
    let missing = |name: &'static str| move || format!("the answer has no {name}");
    let until = text("Expiration").with_context(missing("Expiration"))?;
    Ok(Keys {
        id: text("AccessKeyId").with_context(missing("AccessKeyId"))?,
        secret: text("SecretAccessKey").with_context(missing("SecretAccessKey"))?.into(),
        token: Some(text("Token").with_context(missing("Token"))?.into()),
        until: Some(moment(&until).context("the end of the keys is no time")?),
    })
}

/// `2026-11-26T21:00:00Z`, with parts of a second or without.
pub(super) fn moment(text: &str) -> Option<SystemTime> {
    let whole = text.strip_suffix('Z')?.get(..19)?;
    let time: Time = format!("{whole}.000000Z").parse().ok()?;
    Some(UNIX_EPOCH + Duration::from_micros(u64::try_from(time.micros()).ok()?))
}
