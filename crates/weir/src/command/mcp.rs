//! `weir mcp`: finds the Weir that is meant and who calls it. Knows no tool.

use crate::{
    cli::McpArgs,
    exit::Failure,
    mcp::{Remote, bridge},
};
use config::Config;
use identity::Secret;
use std::{env, path::PathBuf};

pub(super) async fn mcp(
    load: impl FnOnce() -> Result<Config, Failure>,
    args: McpArgs,
) -> Result<(), Failure> {
    Ok(bridge(remote(load, args)?).await?)
}

/// The Weir that is meant, and who calls it by the environment.
pub(super) fn remote(
    load: impl FnOnce() -> Result<Config, Failure>,
    args: McpArgs,
) -> Result<Remote, Failure> {
    let (url, ca) = reached(load, args.url, args.ca)?;
    let secret = |name: &str| env::var(name).ok().filter(|text| !text.is_empty()).map(Secret::from);
    let name = env::var("WEIR_USER").ok().filter(|name| !name.is_empty());
    let (token, password) = (secret("WEIR_TOKEN"), name.zip(secret("WEIR_PASSWORD")));
    if token.is_none() && password.is_none() {
        let what = "nobody is known to call: set WEIR_TOKEN, or WEIR_USER and WEIR_PASSWORD";
        return Err(Failure::Refused(what.to_owned()));
    }
    Ok(Remote { url, ca, token, password, task: args.task.filter(|task| !task.is_empty()) })
}

/// Where it is, and whom to believe.
pub(super) fn reached(
    load: impl FnOnce() -> Result<Config, Failure>,
    url: Option<String>,
    ca: Option<PathBuf>,
) -> Result<(String, Option<PathBuf>), Failure> {
    let (url, ca) = match (url, ca) {
        (Some(url), ca) => (url, ca),
        (None, ca) => {
            let config = load()?;
            let certificate = config.tls.certificate.as_ref().map(|(certificate, _)| certificate);
            let own = certificate.cloned().unwrap_or(config.state_dir.join("dev-cert.pem"));
            (own_url(&config)?, ca.or(Some(own)))
        }
    };
    match url.starts_with("https://") {
        true => Ok((url.trim_end_matches('/').to_owned(), ca)),
        false => Err(Failure::Refused("the URL of a Weir begins with https://".to_owned())),
    }
}

/// Where the Weir of a weir.toml has its API.
fn own_url(config: &Config) -> Result<String, Failure> {
    if let Some(url) = &config.api.url {
        return Ok(url.clone());
    }
    let address = config.listen.api.ok_or_else(|| {
        Failure::Refused("weir.toml has no API: give `api` in [listen] an address".to_owned())
    })?;
    match address.ip().is_unspecified() {
        true => Ok(format!("https://localhost:{}", address.port())),
        false => Ok(format!("https://{address}")),
    }
}
